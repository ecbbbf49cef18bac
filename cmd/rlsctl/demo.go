package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/internal/demo"
	"github.com/rlsctl/rlsctl/internal/pgserver"
)

func newDemoCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "demo [--keep]",
		Short: "Show everything on a throw-away server, in one command",
		Long: `Finds or starts a PostgreSQL, installs the kernel and an example company, applies its model, and asks the same SQL as several
people through several clients: they agree, and an attacker is refused. Leaves nothing behind.

With DATABASE_URL or --database-url the server is that one: a database and roles of the demo's own are made there and removed.
Otherwise server binaries of this machine are used, then a container, and on Debian as root the package.` + exitCodes(exitUsage),
		Example: `  rlsctl demo
  rlsctl demo --keep`,
		Args: exactArgs(),
	}
	keep := cmd.Flags().Bool("keep", false, "keep it running until Ctrl-C, and say how to connect")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if a.database() != "" {
			if _, err := a.config(); err != nil {
				return err
			}
		}
		err := demo.Run(cmd.Context(), demo.Options{
			URL: a.database(), Keep: *keep, Out: a.Out, Err: a.Err, Program: calledAs(),
			Paint: func(style, text string) string { return a.paint(a.Out, colour(style), text) },
		})
		var none *pgserver.NoServerError
		if errors.As(err, &none) {
			return (&exitError{code: exitUnexpected, err: err}).hint("%s", none.Hint())
		}
		return err
	}
	return cmd
}

// calledAs is how this program was called, for commands to try next.
func calledAs() string {
	if filepath.Base(os.Args[0]) == "rlsctl" {
		return os.Args[0]
	}
	return "rlsctl"
}
