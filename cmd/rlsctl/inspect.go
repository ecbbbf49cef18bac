package main

import (
	"bytes"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/policies/pipeline"
)

func newInspectCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect",
		Short: "Write down the database for checks without it",
		Long: `Writes what a check needs to know of the database as JSON: tables, columns, keys, policies, privileges, database roles,
and what the toolkit has installed; no row of any table, no password and no key. Changes nothing. The same
database gives the same bytes, so that the file can be committed beside the model.` + exitCodes(exitUsage),
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
			var b bytes.Buffer
			if err := pipeline.WriteCatalog(&b, c); err != nil {
				return err
			}
			_, err = a.Out.Write(printableJSON(b.Bytes()))
			return err
		})
	}
	return cmd
}
