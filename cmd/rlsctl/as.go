package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// as calls fn in a transaction that acts for the principal name, with the rights of a client role, by default the
// first of the model. Nothing is kept but what fn does with keep set.
func (a *app) as(ctx context.Context, conn *pgx.Conn, name, clientRole string, keep bool, fn func(pgx.Tx) error) error {
	mode := pgx.ReadOnly
	if keep {
		mode = pgx.ReadWrite
	}
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: mode})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // committed, or to be forgotten
	var role any
	if clientRole != "" {
		role = clientRole
	}
	if _, err := tx.Exec(ctx, "SELECT rls.impersonate($1, $2)", name, role); err != nil {
		return impersonation(name, err)
	}
	if err := fn(tx); err != nil {
		return err
	}
	if !keep {
		return nil
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// impersonation tells apart a name that is wrong on the command line from what the database lacks.
func impersonation(name string, err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code {
		case "3F000", "42883": // no schema rls, or no such function in it
			return noKernel(pipeline.ErrNoKernel)
		case "RL006":
			return &exitError{code: exitUsage, err: err}
		case "42501":
			if role, ok := strings.CutPrefix(pg.Message, "permission denied to set role "); ok {
				return (&exitError{code: exitUnexpected, err: fmt.Errorf("act for %q: %w", name, err)}).
					hint("Connect as a database superuser, or with a login that is a member of %s too.", role)
			}
			if pg.Hint == "" { // no EXECUTE, or no USAGE on the schema
				return (&exitError{code: exitUnexpected, err: fmt.Errorf("act for %q: %w", name, err)}).
					hint("Connect as a database superuser, or as a member of one of the model's maintenance roles.")
			}
		}
	}
	return fmt.Errorf("act for %q: %w", name, err)
}

// roleFlag adds --role: the client role that a question is asked with.
func roleFlag(cmd *cobra.Command) *string {
	return cmd.Flags().String("role", "", "the `CLIENT_ROLE` whose table privileges apply; by default the first of the model")
}
