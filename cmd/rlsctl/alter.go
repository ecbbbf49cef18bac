package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/internal/maintenance"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

func newAlterCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "alter rls.yaml --table TABLE [--table TABLE]... STATEMENTS",
		Short: "Give a column another type that policies read",
		Long: `PostgreSQL refuses ALTER COLUMN TYPE where a policy, trigger or view reads the column. This takes down what of ours
reads columns of the named tables, runs the statements, and compiles the model again for the new types, all in one
transaction that holds ACCESS EXCLUSIVE on the tables: clients wait, and never find one without its policies. If anything
fails, all is as before. STATEMENTS of - are read from the standard input.

Where the model is the one that is applied, its meaning stays and nothing needs --allow. Where it changes in the same
call, what comes back with another text has the hazards that apply would name.` + exitCodes(exitUsage, exitModel, exitRefused),
		Example: `  rlsctl maintenance alter rls.yaml --table note 'ALTER TABLE public.note ALTER COLUMN owner_id TYPE bigint'
  rlsctl maintenance alter rls.yaml --table person --table note - < key.sql`,
		Args:              exactArgs("rls.yaml", "STATEMENTS"),
		ValidArgsFunction: modelArg,
	}
	tables := cmd.Flags().StringArray("table", nil, "a `TABLE` that the statements change; may be repeated")
	o := a.changeFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		switch {
		case len(*tables) == 0:
			return usagef("no table is named").hint("Add --table for each table that the statements change.")
		case o.lockTimeout < time.Millisecond:
			return usagef("--lock-timeout must be at least 1ms")
		case args[0] == "-" && args[1] == "-":
			return usagef("both the model and the statements are -").hint("Name a file.")
		}
		statements := args[1]
		if statements == "-" {
			text, err := a.readFile("-")
			if err != nil {
				return err
			}
			statements = string(text)
		}
		m, err := a.model(args[0])
		if err != nil {
			return err
		}
		return a.withConn(ctx, func(conn *pgx.Conn) error {
			if _, err := a.putBack(ctx, conn); err != nil {
				return err
			}
			names, err := maintenance.TableNames(ctx, conn, *tables)
			if err != nil {
				return maintained(err)
			}
			if !o.yes {
				ok, err := a.confirm(ctx, fmt.Sprintf("Lock %s, and run the statements?", tableList(names)))
				if err != nil {
					return err
				}
				if !ok {
					return failf(exitRefused, "not confirmed; nothing was changed")
				}
			}
			stop := a.progress("altering")
			result, err := pipeline.Alter(ctx, conn, m, names, statements, apply.Options{Allow: o.allow, LockTimeout: o.lockTimeout, LockRetries: o.lockRetries})
			stop()
			if judged := a.judge(result.Diagnostics); judged != nil {
				return judged
			}
			done := err == nil
			if o.format.value == "json" {
				return errors.Join(altered(err, func() error { return refusal(ctx, err, 0, 0) }), a.json(changed{Applied: done, Plan: document(steppedPlan{Plan: result.Plan})}))
			}
			a.planText(a.Out, steppedPlan{Plan: result.Plan})
			if !done {
				return altered(err, func() error { return refusal(ctx, err, 0, 0) })
			}
			fmt.Fprintf(a.Out, "done: the statements, and %s\n", count(len(result.Plan.Changes), "change"))
			return nil
		})
	}
	return cmd
}

// altered gives the errors of an alter their hints.
func altered(err error, otherwise func() error) error {
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, pipeline.ErrNoKernel), errors.Is(err, pipeline.ErrOldKernel), errors.Is(err, pipeline.ErrNewKernel):
		return noKernel(err)
	case errors.Is(err, apply.ErrHazard):
		return failf(exitRefused, "%w; nothing was changed", err).hint("Read the plan, and allow the hazards with --allow if that is what you want.")
	case errors.As(err, &pg) && (pg.Code == "0A000" || pg.Code == "2BP01") && pg.Hint == "":
		return failf(exitRefused, "%w; nothing was changed", err).hint("Add --table for the table that is named, or drop what is not the toolkit's first.")
	}
	return otherwise()
}

func tableList(names []policies.TableName) string {
	var out []string
	for _, n := range names {
		out = append(out, n.String())
	}
	return strings.Join(out, ", ")
}
