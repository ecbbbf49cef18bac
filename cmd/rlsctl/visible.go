package main

import (
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
)

func newVisibleCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "visible NAME",
		Short: "List whom a principal sees, and through what",
		Long: `Lists the principal's visible users, each with the relations that reach it. NAME is a user's login, user:LOGIN, or
anonymous, who sees nobody. In JSON a user is named by its login: [{"user": …, "through": […]}].` + exitCodes(exitUsage),
		Example: `  rlsctl visible anna
  rlsctl visible anna -o json`,
		Args:              exactArgs("NAME"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	format := formatFlag(cmd, "table", "json", "csv")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		return a.withConn(ctx, func(conn *pgx.Conn) error {
			return a.as(ctx, conn, args[0], "", false, func(tx pgx.Tx) error {
				defer a.progress("asking")()
				rows, err := tx.Query(ctx, `SELECT v.user_id::text, coalesce(v.login, v.user_id::text) AS login, v.through
					FROM rls.visible_users AS v ORDER BY v.user_id`)
				if err != nil {
					return err
				}
				list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[seen])
				if err != nil {
					return err
				}
				return a.printSeen(format.value, list)
			})
		})
	}
	return cmd
}

// seen is one visible user.
type seen struct {
	Key     string   `json:"-"`
	Login   string   `json:"user"`
	Through []string `json:"through"`
}

func (a *app) printSeen(format string, list []seen) error {
	if format == "json" {
		if list == nil {
			list = []seen{}
		}
		return a.json(list)
	}
	p := newPrinter(a.Out, format, nil)
	p.header([]column{{name: "key"}, {name: "user"}, {name: "through"}})
	for _, s := range list {
		if err := p.row([][]byte{[]byte(s.Key), []byte(s.Login), []byte(strings.Join(s.Through, ", "))}); err != nil {
			return err
		}
	}
	return p.end()
}
