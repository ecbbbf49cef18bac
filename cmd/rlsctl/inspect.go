package main

import (
	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/policies/pipeline"
)

func newInspectCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect",
		Short: "Write down the database for checks without it",
		Long: `Writes what a check needs to know of the database as JSON: tables, columns, keys, policies, privileges, database roles,
and what the toolkit has installed; no row of any table. Changes nothing.` + exitCodes(exitUsage),
		Example: "  rlsctl inspect > catalog.json && rlsctl check rls.yaml --catalog catalog.json",
		Args:    exactArgs(),
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			defer a.progress("looking at the database")()
			c, err := pipeline.Inspect(cmd.Context(), conn)
			if err != nil {
				return err
			}
			return a.json(c)
		})
	}
	return cmd
}
