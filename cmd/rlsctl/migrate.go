package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/migrations"
)

func newMigrateCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate up|status|down|export DIR",
		Short: "Install, report or remove the kernel: schema rls",
		Long: `The kernel is the schema rls: the tables, functions and views that compiled policies stand on. It is a set of goose
migrations with a version table of its own, ` + migrations.Table + `, so that plain goose over the exported files is enough.` +
			exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl migrate up
  rlsctl migrate status
  rlsctl migrate export db/rls`,
	}
	cmd.AddCommand(newMigrateUpCommand(a), newMigrateStatusCommand(a), newMigrateDownCommand(a), newMigrateExportCommand(a))
	return cmd
}

func newMigrateUpCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "up",
		Short:   "Install the kernel, or bring it up to date",
		Long:    "Runs all pending migrations in one transaction: everything or nothing. Running it again does nothing." + exitCodes(exitUsage),
		Example: "  rlsctl migrate up --database-url postgres://postgres@localhost/app",
		Args:    exactArgs(),
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.migrate(cmd.Context(), format, "applied", "the kernel is up to date", func(ctx context.Context, conn *pgx.Conn) ([]kernel.Step, error) {
			defer a.progress("installing the kernel")()
			return kernel.Up(ctx, conn)
		})
	}
	return cmd
}

func newMigrateDownCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Remove the kernel",
		Long: `Removes the kernel and everything in it, grants among them, in one transaction. It refuses while a model is applied or
logins are registered: run rlsctl uninstall, rlsctl login remove and rlsctl gateway remove first. What goose remembers,
the table rls_goose_version, stays.` + exitCodes(exitUsage, exitRefused),
		Example: "  rlsctl migrate down --yes",
		Args:    exactArgs(),
	}
	format := formatFlag(cmd, "text", "json")
	yes := cmd.Flags().Bool("yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if !*yes {
			ok, err := a.confirm(cmd.Context(), "Remove the kernel with all grants in it?")
			if err != nil {
				return err
			}
			if !ok {
				return failf(exitRefused, "not confirmed; nothing was changed")
			}
		}
		return a.migrate(cmd.Context(), format, "removed", "the kernel is not installed", func(ctx context.Context, conn *pgx.Conn) ([]kernel.Step, error) {
			defer a.progress("removing the kernel")()
			steps, err := kernel.Down(ctx, conn)
			return steps, refusedByKernel(err)
		})
	}
	return cmd
}

func newMigrateStatusCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "List the migrations and whether they are applied",
		Long:    "Lists every migration of the kernel and whether it is applied. Changes nothing." + exitCodes(exitUsage),
		Example: "  rlsctl migrate status -o json",
		Args:    exactArgs(),
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			steps, err := kernel.Status(cmd.Context(), conn)
			if err != nil {
				return fmt.Errorf("migrate: %w", err)
			}
			return a.printSteps(format, steps, "")
		})
	}
	return cmd
}

func newMigrateExportCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export DIR",
		Short: "Write the migrations as goose files",
		Long: `Writes the migrations as goose files into DIR, for whoever runs goose themselves, and prints the line that does.
Files of the same name are overwritten; the version table must be ` + migrations.Table + `.` + exitCodes(exitUsage),
		Example: "  rlsctl migrate export db/rls",
		Args:    exactArgs("DIR"),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		dir := a.path(args[0])
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return usagef("export: %w", err)
		}
		files, err := fs.Glob(migrations.FS, "*.sql")
		if err != nil {
			return err
		}
		for _, name := range files {
			data, err := fs.ReadFile(migrations.FS, name)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				return fmt.Errorf("export: %w", err)
			}
		}
		fmt.Fprintf(a.Err, "%d files written. Install them with:\n", len(files))
		fmt.Fprintf(a.Out, "goose -dir %s -table %s postgres \"$DATABASE_URL\" up\n", shellWord(args[0]), migrations.QualifiedTable)
		return nil
	}
	return cmd
}

func (a *app) migrate(ctx context.Context, f *format, verb, nothing string, run func(context.Context, *pgx.Conn) ([]kernel.Step, error)) error {
	return a.withConn(ctx, func(conn *pgx.Conn) error {
		steps, err := run(ctx, conn)
		if err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		if len(steps) == 0 && f.value == "text" {
			fmt.Fprintln(a.Out, nothing)
			return nil
		}
		return a.printSteps(f, steps, verb)
	})
}

// step is a migration as the program prints it.
type step struct {
	Version int64  `json:"version"`
	Name    string `json:"name"`
	Applied bool   `json:"applied"`
}

func (a *app) printSteps(f *format, steps []kernel.Step, verb string) error {
	if f.value == "json" {
		out := make([]step, 0, len(steps))
		for _, s := range steps {
			out = append(out, step(s))
		}
		return a.json(out)
	}
	for _, s := range steps {
		word := verb
		if word == "" {
			word = "pending"
			if s.Applied {
				word = "applied"
			}
		}
		fmt.Fprintf(a.Out, "%-8s %s\n", word, s.Name)
	}
	return nil
}

// refusedByKernel gives the refusals of a migration their exit code.
func refusedByKernel(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && strings.HasPrefix(pg.Code, "RL41") {
		return &exitError{code: exitRefused, err: err}
	}
	return err
}
