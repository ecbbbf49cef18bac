package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"
)

func newCanCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "can NAME ACTION RESOURCE [KEY]",
		Short: "Say whether a principal may do something",
		Long: `Says whether the principal may perform an action on the object with that key, or without a key: on any object of the
resource. NAME is a user's login, user:LOGIN, or anonymous. A composite key is a JSON array of texts: '["10248","11"]'.
An object that the principal cannot see is denied, whether it exists or not; a resource or action that the model does
not have is an error.` + exitCodes(exitUsage) + exitLine(exitNo, "denied"),
		Example: `  rlsctl can anna update note
  rlsctl can anna update note 42 && echo "go ahead"
  rlsctl can anonymous read note -o json`,
		Args: rangeArgs(3, "NAME", "ACTION", "RESOURCE", "KEY"),
	}
	format := formatFlag(cmd, "text", "json")
	role := roleFlag(cmd)
	cmd.ValidArgsFunction = a.completeCan
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		answer := decision{Principal: args[0], Action: args[1], Resource: args[2]}
		if len(args) == 4 {
			answer.Key = &args[3]
		}
		err := a.withConn(ctx, func(conn *pgx.Conn) error {
			return a.as(ctx, conn, answer.Principal, *role, false, func(tx pgx.Tx) error { return answer.ask(ctx, tx) })
		})
		if err != nil {
			return err
		}
		if format.value == "json" {
			err = a.json(answer)
		} else {
			_, err = fmt.Fprintln(a.Out, map[bool]string{true: "allowed", false: "denied"}[answer.Allowed])
		}
		if err != nil {
			return err
		}
		if !answer.Allowed {
			return exit(exitNo)
		}
		return nil
	}
	return cmd
}

// decision is the answer of can.
type decision struct {
	Principal string  `json:"principal"`
	Action    string  `json:"action"`
	Resource  string  `json:"resource"`
	Key       *string `json:"key,omitempty"`
	Allowed   bool    `json:"allowed"`
}

// ask fills in the answer. A resource or action that is not known is an error, so that a typo is no denial.
func (d *decision) ask(ctx context.Context, tx pgx.Tx) error {
	if d.Key != nil {
		return unknownName(tx.QueryRow(ctx, "SELECT rls.can_row($1, $2, $3)", d.Action, d.Resource, *d.Key).Scan(&d.Allowed))
	}
	if err := tx.QueryRow(ctx, "SELECT rls.can($1, $2)", d.Action, d.Resource).Scan(&d.Allowed); err != nil || d.Allowed {
		return unknownName(err)
	}
	// rls.can answers false for a name that is no resource; this raises.
	_, err := tx.Exec(ctx, "SELECT rls.object_action('read', $1)", d.Resource)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "RL012" { // a resource without a key is one
		return nil
	}
	return unknownName(err)
}

// unknownName gives errors about names of the command line their exit code.
func unknownName(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "RL010", "RL011", "RL012":
			return &exitError{code: exitUsage, err: err}
		}
	}
	return err
}

// completeCan completes the action and the resource from the database, and stays silent where there is none.
func (a *app) completeCan(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	query := map[int]string{
		1: "SELECT DISTINCT a FROM rls.resource AS r CROSS JOIN unnest(r.actions) AS a ORDER BY a",
		2: "SELECT r.name FROM rls.resource AS r WHERE rls.action_word($1) = ANY (r.actions) ORDER BY r.name",
	}[len(args)]
	if query == "" || !a.configured() {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var out []string
	_ = a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
		var values []any
		if len(args) == 2 {
			values = append(values, args[1])
		}
		rows, err := conn.Query(cmd.Context(), query, values...)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return out, cobra.ShellCompDirectiveNoFileComp
}
