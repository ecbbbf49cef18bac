package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

func newApplyCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "apply rls.yaml",
		Short: "Make the database what the model says",
		Long: `Shows the plan, asks, and carries it out in one transaction under an advisory lock: everything or nothing. The plan is
made again once the locks are held; where the database has changed meanwhile, nothing is done.

A plan that only narrows access needs no more than a yes. Every other hazard in it has to be named with --allow:
WIDENS_ACCESS, DISABLES_RLS, REPLACES_FUNCTION, and OLD_SERVER where the server has a known hole that lets clients past
every policy.

Tables are locked before the first change. Where a lock is not to be had in time everything is rolled back and tried
again; what gives up names the sessions that hold it. With --per-table the plan is carried out in steps, table by table,
so that no lock is held for long: each step is a transaction and safe alone. What is done stays, and the same command
goes on where it stopped.

A permissive policy made by hand would widen what the model admits, so apply refuses beside one until the model names it
under keep_policies, or --drop-policies drops it. What was dropped comes back with uninstall.` + exitCodes(exitUsage, exitModel, exitRefused),
		Example: `  rlsctl apply rls.yaml
  rlsctl apply rls.yaml --yes --allow WIDENS_ACCESS,REPLACES_FUNCTION
  rlsctl apply rls.yaml --yes --lock-timeout 1s -o json
  rlsctl apply rls.yaml --yes --per-table --lock-retries 100`,
		Args:              exactArgs("rls.yaml"),
		ValidArgsFunction: modelArg,
	}
	o := a.changeFlags(cmd)
	cmd.Flags().BoolVar(&o.perTable, "per-table", false, "in steps, one transaction for each table")
	drop := dropFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		m, err := a.model(args[0])
		if err != nil {
			return err
		}
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			o.dropPolicies = *drop
			_, err := a.change(cmd.Context(), conn, m, o, "Apply this plan?")
			return err
		})
	}
	return cmd
}

// changeOptions are the flags of commands that carry a plan out.
type changeOptions struct {
	format      *format
	yes         bool
	allow       hazards
	lockTimeout time.Duration
	lockRetries int
	perTable    bool

	dropPolicies bool // of apply alone
}

func (a *app) changeFlags(cmd *cobra.Command) *changeOptions {
	o := &changeOptions{format: formatFlag(cmd, "text", "json")}
	cmd.Flags().BoolVar(&o.yes, "yes", false, "do not ask")
	cmd.Flags().Var(&o.allow, "allow", "`hazards` that the plan may have, separated by commas")
	cmd.Flags().DurationVar(&o.lockTimeout, "lock-timeout", 2*time.Second, "how long an attempt waits for its first lock; for the others it waits a moment")
	cmd.Flags().IntVar(&o.lockRetries, "lock-retries", 30, "how often to try again where a lock is not to be had")
	_ = cmd.RegisterFlagCompletionFunc("allow", func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		before := typed[:strings.LastIndex(typed, ",")+1]
		var out []string
		for _, h := range allHazards {
			if !strings.Contains(before, string(h)) {
				out = append(out, before+string(h))
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
	return o
}

var allHazards = []policies.Hazard{policies.WidensAccess, policies.NarrowsAccess, policies.DisablesRLS, policies.ReplacesFunction, policies.DeletesData, policies.OldServer}

// hazards is the value of --allow.
type hazards []policies.Hazard

func (h *hazards) Type() string { return "hazards" }

func (h *hazards) String() string {
	var words []string
	for _, one := range *h {
		words = append(words, string(one))
	}
	return strings.Join(words, ",")
}

func (h *hazards) Set(s string) error {
	for word := range strings.SplitSeq(s, ",") {
		one := policies.Hazard(strings.ToUpper(strings.TrimSpace(word)))
		if !slices.Contains(allHazards, one) {
			return errors.New("must be a list of: WIDENS_ACCESS, NARROWS_ACCESS, DISABLES_RLS, REPLACES_FUNCTION, DELETES_DATA, OLD_SERVER")
		}
		*h = append(*h, one)
	}
	return nil
}

// changed is the result of a change as JSON.
type changed struct {
	Applied   bool         `json:"applied"`
	StepsDone int          `json:"steps_done,omitempty"` // with --per-table, also where it stopped
	Plan      planDocument `json:"plan"`
	Errors    []failure    `json:"errors,omitempty"` // why it is not applied
}

// change plans m, shows the plan, asks, and carries it out; a nil m is the removal. It reports whether it did something.
// In JSON the result is printed at the end, whatever that is.
func (a *app) change(ctx context.Context, conn *pgx.Conn, m *policies.Model, o *changeOptions, question string) (bool, error) {
	if o.lockTimeout < time.Millisecond {
		return false, usagef("--lock-timeout must be at least 1ms")
	}
	if o.lockRetries < 0 {
		return false, usagef("--lock-retries must not be negative")
	}
	// Who may not even look has no rights to apply either, and is told so by that.
	if _, err := a.putBack(ctx, conn); err != nil && !lacksRights(err) {
		return false, err
	}
	result, err := a.plan(ctx, conn, m, o.dropPolicies)
	if err != nil {
		return false, err
	}
	p := stepped(&result, o.perTable)
	done, steps, err := a.carryOut(ctx, conn, m, result, p, o, question)
	if o.format.value == "json" {
		out := changed{Applied: done, StepsDone: steps, Plan: document(p)}
		if err != nil {
			out.Errors = a.failures(err)
		}
		err = errors.Join(err, a.json(out))
	}
	return done, err
}

// carryOut reports whether the plan is done, and with steps how many of them are.
func (a *app) carryOut(ctx context.Context, conn *pgx.Conn, m *policies.Model, result pipeline.Result, p steppedPlan, o *changeOptions, question string) (bool, int, error) {
	text := o.format.value == "text"
	refused := p.Notes.HasErrors()
	switch {
	case !p.Empty() || refused:
		if text {
			a.planText(a.Out, p)
		} else if !o.yes {
			a.planText(a.Err, p)
		}
	case text:
		for _, n := range p.Notes {
			fmt.Fprintln(a.Out, printable(n.String()))
		}
		fmt.Fprintln(a.Out, "nothing to do")
	}
	if refused {
		err := failf(exitRefused, "%w; nothing was changed", apply.ErrRefused)
		for _, n := range p.Notes {
			if n.Severity == policies.Error {
				if !text {
					a.diagnose(policies.Diagnostics{n})
				}
				err.tip = n.Hint
			}
		}
		return false, 0, err
	}
	if p.Empty() {
		return false, 0, nil
	}
	if missing := forbidden(p.Plan, o.allow); len(missing) > 0 {
		return false, 0, failf(exitRefused, "%w: %s; nothing was changed", apply.ErrHazard, &missing).
			hint("Read the plan, and add --allow %s if that is what you want.", &missing)
	}
	if !o.yes {
		ok, err := a.confirm(ctx, question)
		if err != nil {
			return false, 0, err
		}
		if !ok {
			return false, 0, failf(exitRefused, "not confirmed; nothing was changed")
		}
	}
	steps, err := a.carried(ctx, conn, m, result, o)
	if err != nil {
		return false, steps, refusal(ctx, err, steps, len(p.Steps))
	}
	if text {
		fmt.Fprintf(a.Out, "done: %s\n", count(len(p.Changes), "change"))
		if m != nil {
			a.note("next: rlsctl doctor says whether the rest of the database keeps to it, views among them")
		}
	}
	return true, steps, nil
}

// carried carries the plan out, in steps if they are wanted, and returns how many of them are done.
func (a *app) carried(ctx context.Context, conn *pgx.Conn, m *policies.Model, result pipeline.Result, o *changeOptions) (int, error) {
	options := apply.Options{Allow: o.allow, LockTimeout: o.lockTimeout, LockRetries: o.lockRetries,
		Waiting: func(attempt int, err error) {
			message, _, _ := explained(err)
			fmt.Fprintf(a.Err, "%s; trying again (%d of %d)\n", indented(masked(message)), attempt, o.lockRetries)
		}}
	if !o.perTable {
		defer a.progress("applying " + count(len(result.Plan.Changes), "change"))()
		return 0, pipeline.Apply(ctx, conn, m, result.Plan, options)
	}
	return pipeline.ApplySteps(ctx, conn, m, result, options, func(done int, steps []policies.Step) {
		fmt.Fprintf(a.Err, "step %d of %d: %s, %s\n", done+1, len(steps), steps[done].Title, count(len(steps[done].Changes), "change"))
	})
}

// forbidden returns the hazards of p that have to be allowed and are not.
func forbidden(p policies.Plan, allow []policies.Hazard) hazards {
	return slices.DeleteFunc(apply.Hazards(p), func(h policies.Hazard) bool {
		return h == policies.NarrowsAccess || slices.Contains(allow, h)
	})
}

// refusal gives an error of apply its exit code and says what has been rolled back: everything, or with steps the one
// after those that are done.
func refusal(ctx context.Context, err error, done, steps int) error {
	if errors.Is(err, apply.ErrUncertain) {
		return (&exitError{code: exitUnexpected, err: err}).hint("Run `rlsctl plan` to see whether the changes are there.")
	}
	kept := "nothing was changed"
	if done > 0 {
		kept = fmt.Sprintf("%d of %d steps are done and stay (RL424)", done, steps)
	}
	if ctx.Err() != nil {
		return failf(exitRefused, "interrupted; %s", kept)
	}
	out := failf(exitRefused, "%w; %s", err, kept)
	var pg *pgconn.PgError
	var blocked *apply.BlockedError
	switch {
	case errors.Is(err, apply.ErrStateChanged):
		return out.hint("Run the command again, and read the new plan.")
	case errors.Is(err, apply.ErrLocked):
		return failf(exitRefused, "%w (RL420); %s", err, kept).hint("Wait until the other apply is done, or the maintenance, and run the command again.")
	case errors.As(err, &blocked):
		return failf(exitRefused, "%w (RL419); %s", err, kept).
			hint("Wait until those sessions have ended their transactions, or end them; then run the command again, with more --lock-retries or with --per-table if need be.")
	case errors.As(err, &pg) && pg.Code == "42501" && pg.Hint == "":
		return out.hint("Connect as a database superuser, or as the owner of the tables with CREATEROLE.")
	}
	return out
}
