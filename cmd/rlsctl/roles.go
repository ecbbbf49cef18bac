package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/internal/roles"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

func newRolesCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "roles [--sql | --prune]",
		Short: "The database roles that this database needs, and those that none needs",
		Long: `Lists the database roles that this database names: those of the toolkit, registered logins, owners, and whoever holds a
privilege. Database roles belong to the whole cluster, so that pg_dump leaves them out: with --sql they are one script,
with their memberships and without passwords or powers, for another cluster before a dump is restored there.

With --prune it drops the roles of the toolkit that no database of the cluster uses any more, as when one was dropped
that the toolkit was installed in. It shows them first, and asks. Any database of the cluster will do.` +
			exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl roles
  rlsctl roles --sql > roles.sql
  rlsctl roles --prune --yes`,
		Args: exactArgs(),
	}
	format := formatFlag(cmd, "text", "json")
	sql := cmd.Flags().Bool("sql", false, "print a script that makes the roles in another cluster")
	prune := cmd.Flags().Bool("prune", false, "drop the roles of the toolkit that nothing uses")
	yes := cmd.Flags().Bool("yes", false, "with --prune: do not ask")
	cmd.MarkFlagsMutuallyExclusive("sql", "prune", "output")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if *yes && !*prune {
			return usagef("--yes needs --prune").hint("Add --prune, or leave out --yes.")
		}
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			if *prune {
				return a.prune(cmd.Context(), conn, *yes)
			}
			list, err := roles.List(cmd.Context(), conn)
			var pg *pgconn.PgError
			if errors.As(err, &pg) && (pg.Code == "42P01" || pg.Code == "3F000" || pg.Code == "22023" || pg.Code == "42704") {
				return noKernel(pipeline.ErrNoKernel)
			}
			switch {
			case err != nil:
				return err
			case *sql:
				_, err := io.WriteString(a.Out, roles.Script(list))
				return err
			case format.value == "json":
				return a.json(list)
			}
			rows := [][]string{{"database role", "kind", "logs in", "member of"}}
			for _, r := range list {
				in := "-"
				if len(r.MemberOf) > 0 {
					var of []string
					for _, m := range r.MemberOf {
						of = append(of, m.Role)
					}
					in = strings.Join(of, ", ")
				}
				rows = append(rows, []string{r.Name, r.Kind, map[bool]string{true: "yes", false: "no"}[r.Login], in})
			}
			a.columns(rows)
			return nil
		})
	}
	return cmd
}

func (a *app) prune(ctx context.Context, conn *pgx.Conn, yes bool) error {
	unused, err := roles.Unused(ctx, conn)
	if err != nil {
		return err
	}
	if len(unused) == 0 {
		fmt.Fprintln(a.Out, "nothing to do: every database role of the toolkit is used")
		return nil
	}
	for _, r := range unused {
		fmt.Fprintf(a.Out, "  %s database role %s\n", a.paint(a.Out, red, "-"), r)
	}
	if !yes {
		ok, err := a.confirm(ctx, "Drop these database roles, which no database of the cluster uses?")
		if err != nil {
			return err
		}
		if !ok {
			return failf(exitRefused, "not confirmed; nothing was changed")
		}
	}
	err = roles.Prune(ctx, conn, unused)
	if errors.Is(err, roles.ErrUsed) {
		return failf(exitRefused, "%w; nothing was changed", err).hint("Run the command again, and read the new list.")
	}
	if err == nil {
		fmt.Fprintf(a.Out, "done: %s\n", count(len(unused), "database role"))
	}
	return err
}
