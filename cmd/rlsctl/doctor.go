package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

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

With --plans it also asks the planner, for each protected table, what a page, a count and a look-up cost: as principals
from the end, the middle and the top of who sees whom, as a superuser, as those that --as names, and without a filter.
It names what is slow and the index that would help. --analyze runs these statements too, in transactions that read only
and are rolled back, and compares times. No value of a row is printed.

Connect as a maintenance login or a database superuser.` + exitCodes(exitUsage, exitModel) + `
  4  at least one finding is an error`,
		Example: `  rlsctl doctor
  rlsctl doctor rls.yaml -o json
  rlsctl doctor --plans
  rlsctl doctor --plans --analyze --as anna --timeout 30s`,
		Args:              rangeArgs(0, "MODEL"),
		ValidArgsFunction: modelArg,
	}
	format := formatFlag(cmd, "text", "json", "sarif", "junit")
	plans := cmd.Flags().Bool("plans", false, "look at the plans of protected tables too")
	var p doctor.PlanOptions
	cmd.Flags().BoolVar(&p.Analyze, "analyze", false, "with --plans: run the statements, and report times")
	cmd.Flags().StringArrayVar(&p.As, "as", nil, "with --plans: the `NAME` of a principal beside the sampled ones; may be repeated")
	cmd.Flags().StringVar(&p.ClientRole, "role", "",
		"with --plans: the `CLIENT_ROLE` whose table privileges apply; by default the first of the model")
	cmd.Flags().DurationVar(&p.Timeout, "timeout", 5*time.Second, "with --plans: the `TIME` that each statement may take")
	_ = cmd.RegisterFlagCompletionFunc("as", cobra.NoFileCompletions)
	_ = cmd.RegisterFlagCompletionFunc("role", cobra.NoFileCompletions)
	_ = cmd.RegisterFlagCompletionFunc("timeout", cobra.NoFileCompletions)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var o doctor.Options
		switch {
		case *plans && p.Timeout < time.Millisecond:
			return usagef("--timeout %s is too short", p.Timeout).hint("Write a time like 5s.")
		case *plans:
			o.Plans = &p
		default:
			for _, f := range []string{"analyze", "as", "role", "timeout"} {
				if cmd.Flags().Changed(f) {
					return usagef("--%s needs --plans", f).hint("Add --plans.")
				}
			}
		}
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
			var refused *doctor.ImpersonationError
			if errors.As(err, &refused) {
				return impersonation(refused.Name, refused.Err)
			}
			if err != nil {
				return err
			}
			list := make([]remark, len(r.Findings))
			for i, f := range r.Findings {
				list[i] = remark{code: f.Code, severity: f.Level, message: f.Message, hint: f.Hint}
			}
			switch format.value {
			case "json":
				err = a.json(r)
			case "sarif":
				err = a.sarif(list)
			case "junit":
				err = a.junit("doctor", list)
			default:
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
	if r.Plans != nil {
		a.printPlans(r.Plans)
	}
	for _, f := range r.Findings {
		number[f.Level]++
		fmt.Fprintf(a.Out, "%s %s (%s)\n", a.paint(a.Out, colours[f.Level], string(f.Level)+":"), printable(f.Message), f.Code)
		fmt.Fprintf(a.Out, "  hint: %s\n", printable(f.Hint))
	}
	if len(r.Findings) == 0 {
		fmt.Fprintf(a.Out, "PostgreSQL %s: nothing was found\n", r.Server)
		return
	}
	fmt.Fprintf(a.Out, "\nPostgreSQL %s: %s, %s, %s\n", r.Server, count(number[policies.Error], "error"), count(number[policies.Warning], "warning"), count(number[policies.Note], "note"))
}

// printPlans writes a table per protected table.
func (a *app) printPlans(p *doctor.Plans) {
	sees, role := map[string]string{}, map[string]string{}
	for _, s := range p.Principals {
		n := fmt.Sprint(s.Sees)
		if s.AtLeast {
			n += "+"
		}
		if s.Superuser {
			n = "all"
		}
		sees[s.Login], role[s.Login] = n, s.Role
	}
	for _, t := range p.Tables {
		fmt.Fprintf(a.Out, "%s (%s), about %s; without a filter as %s\n",
			a.paint(a.Out, bold, printable(t.Table)), t.Resource, count(int(t.Rows), "row"), printable(t.Baseline))
		w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "  principal\tsees\tas\tquery\tfiltered\tunfiltered\tratio\tthe filtered plan")
		for _, q := range t.Queries {
			ratio := "-"
			if q.Ratio > 0 {
				ratio = fmt.Sprintf("%.1f", q.Ratio)
			}
			cells := shown([]string{q.Principal, sees[q.Principal], role[q.Principal], q.Query,
				planCost(q.Filtered), planCost(q.Unfiltered), ratio, q.Does})
			fmt.Fprintf(w, "  %s\n", strings.Join(cells, "\t"))
		}
		_ = w.Flush() // to a terminal that may have gone away
		fmt.Fprintln(a.Out)
	}
}

// planCost is a time where the statement ran, else what the planner expects, in its own unit.
func planCost(m *doctor.Measure) string {
	switch {
	case m == nil:
		return "-"
	case m.TimedOut:
		return "timeout"
	case m.Milliseconds != nil:
		return fmt.Sprintf("%.2f ms", *m.Milliseconds)
	}
	return fmt.Sprintf("cost %.0f", m.Cost)
}
