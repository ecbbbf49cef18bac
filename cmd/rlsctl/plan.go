package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/diff"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

func newPlanCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan rls.yaml",
		Short: "Show what apply would change",
		Long: `Shows step by step what apply would do to the database, with the hazard of each step, and changes nothing. Objects made
by hand are listed too: a permissive policy that the model does not know makes apply refuse. So is what else changes when
tables become protected: views, materialized views, triggers, functions, rules, defaults, foreign keys and publications
that will see nothing, still see every row, or show each principal their own. That never makes a plan differ from an empty one.

With -o sql the plan is one script that psql runs as apply would, in one transaction and with the manifest.` +
			exitCodes(exitUsage, exitModel, exitNotEmpty),
		Example: `  rlsctl plan rls.yaml
  rlsctl plan rls.yaml --exit-code        # in CI: fails where the database has drifted from the model
  rlsctl plan rls.yaml -o sql > change.sql`,
		Args:              exactArgs("rls.yaml"),
		ValidArgsFunction: modelArg,
	}
	format := formatFlag(cmd, "text", "json", "sql")
	perTable := cmd.Flags().Bool("per-table", false, "show the steps of apply --per-table")
	drop := dropFlag(cmd)
	code := cmd.Flags().Bool("exit-code", false, "exit with 5 where something is to be changed or stands in the way")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *perTable && format.value == "sql" {
			return usagef("--per-table has no form in SQL").hint("Leave out --per-table: the script is one transaction.")
		}
		m, err := a.model(args[0])
		if err != nil {
			return err
		}
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			if err := a.tellUnrestored(cmd.Context(), conn); err != nil {
				return err
			}
			result, err := a.plan(cmd.Context(), conn, m, *drop)
			if err != nil {
				return err
			}
			if err := a.printPlan(a.Out, format.value, stepped(&result, *perTable)); err != nil {
				return err
			}
			if *code && (!result.Plan.Empty() || result.Plan.Notes.HasErrors()) {
				return exit(exitNotEmpty)
			}
			return nil
		})
	}
	return cmd
}

// plan holds m against the database; a nil m plans the removal. Mistakes of the model are told and end the command.
func (a *app) plan(ctx context.Context, conn *pgx.Conn, m *policies.Model, drop bool) (pipeline.Result, error) {
	done := a.progress("planning")
	var result pipeline.Result
	var err error
	if m == nil {
		result, err = pipeline.Uninstalled(ctx, conn)
	} else {
		var options []diff.Option
		if drop {
			options = append(options, diff.DropPolicies())
		}
		result, err = pipeline.Plan(ctx, conn, m, options...)
	}
	done()
	if judged := a.judge(result.Diagnostics); judged != nil {
		return result, judged
	}
	if lacksRights(err) {
		return result, (&exitError{code: exitUnexpected, err: err}).hint("Connect as a database superuser, or as the login that installed the kernel.")
	}
	return result, noKernel(err)
}

// dropFlag is the flag of commands that plan a model.
func dropFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("drop-policies", false, "drop the permissive policies made by hand that keep_policies does not name; uninstall puts them back")
}

// planDocument is a plan as JSON.
type planDocument struct {
	Empty   bool              `json:"empty"`
	Refused bool              `json:"refused"` // something in the notes makes apply refuse
	Hazards []policies.Hazard `json:"hazards"`
	policies.Plan
	Steps []stepDocument `json:"steps,omitempty"` // with --per-table
}

// stepDocument is a step as JSON; its changes are among those of the plan.
type stepDocument struct {
	Title   string          `json:"title"`
	Reason  string          `json:"reason,omitempty"`
	Changes []string        `json:"changes"`
	Locks   []policies.Lock `json:"locks,omitempty"`
}

func document(p steppedPlan) planDocument {
	d := planDocument{Empty: p.Empty(), Refused: p.Notes.HasErrors(), Hazards: apply.Hazards(p.Plan), Plan: p.Plan}
	for _, s := range p.Steps {
		step := stepDocument{Title: s.Title, Reason: s.Reason, Locks: s.Locks}
		for _, c := range s.Changes {
			step.Changes = append(step.Changes, string(c.Op)+" "+c.Object.Title)
		}
		d.Steps = append(d.Steps, step)
	}
	if d.Hazards == nil {
		d.Hazards = []policies.Hazard{}
	}
	if d.Changes == nil {
		d.Changes = []policies.Change{}
	}
	if d.Notes == nil {
		d.Notes = policies.Diagnostics{}
	}
	return d
}

// steppedPlan is a plan with the steps that it is carried out in; nil: in one.
type steppedPlan struct {
	policies.Plan
	Steps []policies.Step
}

// stepped cuts the plan into steps, if that is wanted, and puts what is to be said about them among its notes.
func stepped(r *pipeline.Result, wanted bool) steppedPlan {
	if !wanted {
		return steppedPlan{Plan: r.Plan}
	}
	steps, notes := pipeline.Steps(*r)
	r.Plan.Notes = append(r.Plan.Notes, notes...)
	return steppedPlan{r.Plan, steps}
}

func (a *app) printPlan(w io.Writer, format string, p steppedPlan) error {
	switch format {
	case "json":
		return a.json(document(p))
	case "sql":
		a.diagnose(p.Notes)
		a.diagnose(effects(p.Plan))
		script := apply.Script(p.Plan)
		if terminal(w) && printableLines(script) != strings.ReplaceAll(script, "\t", `\t`) {
			return failf(exitUnexpected, "a name in this plan holds characters that a terminal would obey").hint("Write it to a file: rlsctl plan rls.yaml -o sql > change.sql")
		}
		_, err := io.WriteString(w, script)
		return err
	}
	a.planText(w, p)
	return nil
}

var signs = map[policies.Operation]struct {
	sign   string
	colour colour
}{
	policies.OpCreate:  {"+", green},
	policies.OpReplace: {"~", yellow},
	policies.OpDrop:    {"-", red},
}

// planText shows a plan for people: step by step, or by resource; then the notes, then the counts.
func (a *app) planText(w io.Writer, p steppedPlan) {
	for i, s := range p.Steps {
		heading := fmt.Sprintf("step %d of %d: %s", i+1, len(p.Steps), s.Title)
		if s.Reason != "" {
			heading += " (" + s.Reason + ")"
		}
		fmt.Fprintln(w, a.paint(w, bold, printable(heading)))
		for _, l := range s.Locks {
			fmt.Fprintf(w, "  locks %s (%s)\n", printable(l.Name), l.Mode)
		}
		a.changesText(w, s.Changes)
	}
	if p.Steps == nil {
		var groups []string
		byGroup := map[string][]policies.Change{}
		for _, c := range p.Changes {
			g := c.Object.Resource
			if _, seen := byGroup[g]; !seen {
				groups = append(groups, g)
			}
			byGroup[g] = append(byGroup[g], c)
		}
		for _, g := range groups {
			heading := "resource " + g
			if g == "" {
				heading = "people, roles and decisions"
			}
			fmt.Fprintln(w, a.paint(w, bold, printable(heading)))
			a.changesText(w, byGroup[g])
		}
	}
	for _, n := range p.Notes {
		fmt.Fprintln(w, printable(n.String()))
		if n.Hint != "" {
			fmt.Fprintf(w, "  hint: %s\n", indented(n.Hint))
		}
	}
	if len(p.Notes) > 0 {
		fmt.Fprintln(w)
	}
	for i, e := range p.Effects {
		if i == 0 {
			fmt.Fprintln(w, a.paint(w, bold, "what else changes"))
		}
		c := cyan
		if e.Diagnostic().Severity == policies.Warning {
			c = yellow
		}
		fmt.Fprintf(w, "  %s %s (%s)\n", a.paint(w, c, "!"), printable(e.Message), e.Code)
		if e.Hint != "" {
			fmt.Fprintf(w, "    hint: %s\n", indented(e.Hint))
		}
	}
	if len(p.Effects) > 0 {
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, summary(p.Plan))
}

func (a *app) changesText(w io.Writer, changes []policies.Change) {
	for _, c := range changes {
		s := signs[c.Op]
		line := fmt.Sprintf("  %s %s", a.paint(w, s.colour, s.sign), printable(c.Object.Title))
		if c.Reason != "" {
			line += " (" + printable(c.Reason) + ")"
		}
		for _, h := range c.Hazards {
			line += "  " + a.paint(w, hazardColour(h), string(h))
		}
		fmt.Fprintln(w, line)
	}
	fmt.Fprintln(w)
}

// effects are those of a plan as remarks.
func effects(p policies.Plan) policies.Diagnostics {
	var out policies.Diagnostics
	for _, e := range p.Effects {
		out = append(out, e.Diagnostic())
	}
	return out
}

func hazardColour(h policies.Hazard) colour {
	if h == policies.NarrowsAccess {
		return yellow
	}
	return red
}

// summary is the last line of a plan.
func summary(p policies.Plan) string {
	if p.Empty() {
		return "nothing to do: the database is what the model says"
	}
	ops := map[policies.Operation]int{}
	hazards := map[policies.Hazard]int{}
	for _, h := range p.Hazards {
		hazards[h]++
	}
	for _, c := range p.Changes {
		ops[c.Op]++
		for _, h := range c.Hazards {
			hazards[h]++
		}
	}
	s := fmt.Sprintf("%s: %d to create, %d to replace, %d to drop", count(len(p.Changes), "change"),
		ops[policies.OpCreate], ops[policies.OpReplace], ops[policies.OpDrop])
	var parts []string
	for h, n := range hazards {
		parts = append(parts, fmt.Sprintf("%s %d", h, n))
	}
	slices.Sort(parts)
	if len(parts) > 0 {
		s += "; " + strings.Join(parts, ", ")
	}
	return s
}
