package main

import (
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

func newCheckCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check rls.yaml",
		Short: "Say what is wrong with a model",
		Long: `Reports every mistake of a model at once, each with file, line, column, code and hint. With a database the names in the
model are looked up there, and its expressions are tried; nothing is changed. With --catalog the names are looked up in
what rlsctl inspect has written. Without either, or with --offline, only the file itself is judged. "-" reads the model
from the standard input.` + exitCodes(exitUsage, exitModel),
		Example: `  rlsctl check rls.yaml
  rlsctl check rls.yaml --offline
  rlsctl inspect > catalog.json && rlsctl check rls.yaml --catalog catalog.json
  rlsctl check rls.yaml -o json`,
		Args:              exactArgs("rls.yaml"),
		ValidArgsFunction: modelArg,
	}
	format := formatFlag(cmd, "text", "json", "sarif", "junit")
	offline := cmd.Flags().Bool("offline", false, "do not look at a database")
	file := cmd.Flags().String("catalog", "", "look names up in this `FILE`, which rlsctl inspect has written")
	cmd.MarkFlagsMutuallyExclusive("offline", "catalog")
	_ = cmd.MarkFlagFilename("catalog", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		m, diags, err := a.parse(args[0])
		if err != nil {
			return err
		}
		more, by := policies.Diagnostics(nil), "the file alone"
		switch {
		case *offline:
			more = pipeline.CheckOffline(m, nil)
		case *file != "":
			by = "the catalog in " + *file
			c, err := a.catalog(*file)
			if err != nil {
				return err
			}
			more = pipeline.CheckOffline(m, c)
			if pipeline.HasExpressions(m) {
				a.note("expressions of the model are not tried: only a server knows what it makes of them")
			}
		case !a.configured():
			a.note("no database is configured: names and expressions are not looked up")
			more = pipeline.CheckOffline(m, nil)
		default:
			by = "this database"
			err := a.withConn(cmd.Context(), func(conn *pgx.Conn) (err error) {
				defer a.progress("looking at the database")()
				more, err = pipeline.Check(cmd.Context(), conn, m)
				return err
			})
			if err != nil {
				return err
			}
		}
		diags = append(diags, independent(more, diags)...)
		diags = diags.Sort()
		if err := a.printDiagnostics(format.value, diags); err != nil {
			return err
		}
		if diags.HasErrors() {
			return exit(exitModel)
		}
		if format.value == "text" {
			fmt.Fprintf(a.Out, "%s is valid: %s, judged by %s\n", m.File, count(len(m.Resources), "resource"), by)
		}
		return nil
	}
	return cmd
}

// printDiagnostics prints what is wrong with a model in a format; as text, on the standard error.
func (a *app) printDiagnostics(format string, diags policies.Diagnostics) error {
	list := make([]remark, len(diags))
	for i, d := range diags {
		list[i] = remark{d.Code, d.Severity, d.Message, d.Hint, d.File, d.Pos}
	}
	switch format {
	case "json":
		if diags == nil {
			diags = policies.Diagnostics{}
		}
		return a.json(diags)
	case "sarif":
		return a.sarif(list)
	case "junit":
		return a.junit("check", list)
	}
	a.diagnose(diags)
	return nil
}

// catalog reads a file of rlsctl inspect.
func (a *app) catalog(file string) (*policies.Catalog, error) {
	data, err := a.readFile(file)
	if err != nil {
		return nil, err
	}
	c, err := pipeline.ReadCatalog(data)
	if err != nil {
		return nil, usagef("read %q: %w", file, err).hint("Write it anew: rlsctl inspect > catalog.json")
	}
	return c, nil
}

// independent drops from more what may merely follow from mistakes of the file itself: with such mistakes the model is
// only what could be understood, so remarks do not count, nor what stands on a line that is wrong already, or nowhere.
func independent(more, mistakes policies.Diagnostics) policies.Diagnostics {
	if !mistakes.HasErrors() {
		return more
	}
	wrong := map[int]bool{0: true}
	for _, d := range mistakes {
		wrong[d.Pos.Line] = true
	}
	return slices.DeleteFunc(more, func(d policies.Diagnostic) bool {
		return d.Severity != policies.Error || wrong[d.Pos.Line]
	})
}
