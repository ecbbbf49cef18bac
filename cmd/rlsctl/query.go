package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"
)

func newQueryCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "query --as NAME SQL",
		Short: "Run a statement as a principal",
		Long: `Runs one statement in a transaction that acts for a principal, with the table privileges of a client role. The
transaction is read only and rolled back, unless --write is given. NAME is a user's login, user:LOGIN, or anonymous; it
needs a connection as a database superuser or a member of a maintenance role. "-" reads the statement from the standard
input.

A table shows NULL as NULL and csv as an empty field; --null chooses another word. In JSON numbers keep all their
digits, and arrays and JSON values are themselves.` + exitCodes(exitUsage) + exitLine(exitNo, "the database rejects the statement for this principal (SQLSTATE 42501)"),
		Example: `  rlsctl query --as anna 'SELECT * FROM note'
  rlsctl query --as anonymous 'SELECT count(*) FROM note' -o json
  rlsctl query --as anna --write "UPDATE note SET title = 'x' WHERE id = 1"
  rlsctl query --as anna - -o csv < report.sql`,
		Args:              exactArgs("SQL"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	format := formatFlag(cmd, "table", "json", "csv")
	role := roleFlag(cmd)
	name := cmd.Flags().String("as", "", "the `NAME` of the principal")
	write := cmd.Flags().Bool("write", false, "allow changes, and keep them")
	null := cmd.Flags().String("null", "", "what stands for NULL in a table or csv")
	_ = cmd.RegisterFlagCompletionFunc("as", cobra.NoFileCompletions)
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.NoFileCompletions)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if *name == "" {
			return usagef("--as is missing").hint("Name a principal: --as LOGIN, or --as anonymous.")
		}
		sql := args[0]
		if sql == "-" {
			data, err := a.readFile("-")
			if err != nil {
				return fmt.Errorf("read the standard input: %w", err)
			}
			sql = string(data)
		}
		if strings.TrimSpace(sql) == "" {
			return usagef("the statement is empty").hint("Write one SQL statement.")
		}
		var word *string
		if cmd.Flags().Changed("null") {
			word = null
		}
		// What is not kept must not be shown: with --write the result waits for the commit.
		held := &bytes.Buffer{}
		out := bufio.NewWriter(a.Out)
		if *write {
			out.Reset(held)
		}
		err := a.withConn(ctx, func(conn *pgx.Conn) error {
			return a.as(ctx, conn, *name, *role, *write, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, "SET LOCAL search_path TO DEFAULT"); err != nil { // names are the caller's here
					return err
				}
				defer a.progress("running the statement")()
				return statementError(a.statement(ctx, tx, sql, newPrinter(out, format.value, word)))
			})
		})
		if err != nil && a.inJSON && !a.result.begun {
			return err // rather than after half a document
		}
		if err = errors.Join(err, out.Flush()); err != nil {
			return err
		}
		_, err = io.Copy(a.Out, held)
		return err
	}
	return cmd
}

// statement runs one statement in the extended protocol, which takes no second one, and prints what comes back as the
// text that the server wrote.
func (a *app) statement(ctx context.Context, tx pgx.Tx, sql string, p *printer) error {
	types := tx.Conn().TypeMap()
	reader := tx.Conn().PgConn().ExecParams(ctx, sql, nil, nil, nil, nil)
	fields := reader.FieldDescriptions()
	if len(fields) > 0 {
		columns := make([]column, len(fields))
		for i, f := range fields {
			columns[i] = columnOf(f, types)
		}
		p.header(columns)
	}
	for reader.NextRow() {
		if err := p.row(reader.Values()); err != nil {
			reader.Close() //nolint:errcheck // the first error counts
			return err
		}
	}
	tag, err := reader.Close()
	if err != nil {
		return err
	}
	if len(fields) == 0 {
		return p.tag(tag.String(), tag.RowsAffected())
	}
	return p.end()
}

// statementError gives an error of the principal's statement its exit code.
func statementError(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	switch pg.Code {
	case "42501":
		return &exitError{code: exitNo, err: err}
	case "25006":
		return (&exitError{code: exitUsage, err: err}).hint("Add --write to change something.")
	case "42601":
		if strings.Contains(pg.Message, "multiple commands") {
			return (&exitError{code: exitUsage, err: err}).hint("Write one statement.")
		}
	}
	return err
}
