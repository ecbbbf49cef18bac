package main

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
)

func newUninstallCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "uninstall",
		Short: "Take away everything that apply made",
		Long: `Takes away every policy, function, view, trigger and privilege that apply made, and puts back what was there before:
afterwards every row is open to whoever holds table privileges. Like every plan it is shown first, and its hazards,
DISABLES_RLS among them, have to be named with --allow. The kernel and the logins stay.` + exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl uninstall --allow DISABLES_RLS,WIDENS_ACCESS
  rlsctl uninstall --yes --allow DISABLES_RLS,WIDENS_ACCESS`,
		Args: exactArgs(),
	}
	o := a.changeFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			done, err := a.change(cmd.Context(), conn, nil, o, "Take all row-level security of the toolkit away?")
			if err == nil && done {
				fmt.Fprintln(a.Err, "The kernel and the logins stay. Remove them with `rlsctl login remove NAME --drop` and `rlsctl gateway remove NAME --drop` for each, then `rlsctl migrate down`.")
			}
			return err
		})
	}
	return cmd
}
