package main

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/internal/doctor"
	"github.com/rlsctl/rlsctl/policies"
)

func newDoctorCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor [MODEL]",
		Short: "Ask whether this installation is safe",
		Long: `Looks at server, kernel, applied model, logins, gateways, keys and privileges for what makes them unsafe, and says for each
finding what to do. Changes nothing. With the model file, policies that it keeps are no errors.

Connect as a maintenance login or a database superuser.` + exitCodes(exitUsage, exitModel) + `
  4  at least one finding is an error`,
		Example: `  rlsctl doctor
  rlsctl doctor rls.yaml -o json`,
		Args:              rangeArgs(0, "MODEL"),
		ValidArgsFunction: modelArg,
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var o doctor.Options
		if len(args) > 0 {
			m, err := a.model(args[0])
			if err != nil {
				return err
			}
			o.Keep = map[string][]string{}
			for _, r := range m.Resources {
				for _, k := range r.KeepPolicies {
					o.Keep[r.Table.String()] = append(o.Keep[r.Table.String()], k.Value)
				}
			}
		}
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			done := a.progress("examining the database")
			r, err := doctor.Examine(cmd.Context(), conn, o)
			done()
			if err != nil {
				return err
			}
			if format.value == "json" {
				err = a.json(r)
			} else {
				a.printReport(r)
			}
			if err == nil && r.HasErrors() {
				return exit(exitNo)
			}
			return err
		})
	}
	return cmd
}

func (a *app) printReport(r doctor.Report) {
	colours := map[policies.Severity]colour{policies.Error: red, policies.Warning: yellow, policies.Note: cyan}
	number := map[policies.Severity]int{}
	for _, f := range r.Findings {
		number[f.Level]++
		fmt.Fprintf(a.Out, "%s %s (%s)\n", a.paint(a.Out, colours[f.Level], string(f.Level)+":"), f.Message, f.Code)
		fmt.Fprintf(a.Out, "  hint: %s\n", f.Hint)
	}
	if len(r.Findings) == 0 {
		fmt.Fprintf(a.Out, "PostgreSQL %s: nothing was found\n", r.Server)
		return
	}
	fmt.Fprintf(a.Out, "\nPostgreSQL %s: %s, %s, %s\n", r.Server, count(number[policies.Error], "error"), count(number[policies.Warning], "warning"), count(number[policies.Note], "note"))
}
