package pipeline

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/diff"
)

// Steps cuts the plan of r into transactions that are safe alone, and notes what binds several tables into one.
func Steps(r Result) ([]policies.Step, policies.Diagnostics) { return diff.Steps(r.Plan, r.Catalog) }

// ApplySteps carries the plan of r out step by step, and returns how many steps are done. What is done stays: the same
// model planned and applied again goes on where this ended. Before each step it sees whether what is left of the plan is
// what is left to do; with ErrStateChanged it is not. begin is told each step before it starts; nil for nobody.
func ApplySteps(ctx context.Context, conn *pgx.Conn, m *policies.Model, r Result, o apply.Options, begin func(done int, steps []policies.Step)) (int, error) {
	if err := apply.Refused(r.Plan, o.Allow); err != nil {
		return 0, err
	}
	steps, _ := Steps(r)
	for k, step := range steps {
		if begin != nil {
			begin(k, steps)
		}
		w := &watch{model: m, options: r.options, locks: step.Locks, same: func(now policies.Plan, c *policies.Catalog) bool {
			left, _ := diff.Steps(now, c)
			return slices.EqualFunc(left, steps[k:], sameStep) && !now.Notes.HasErrors()
		}}
		o.Before, o.Locked = w.before, w.locked
		if err := apply.Plan(ctx, conn, policies.Plan{Timezone: r.Plan.Timezone, Changes: step.Changes, Locks: step.Locks}, o); err != nil {
			return k, err
		}
	}
	return len(steps), nil
}

func sameStep(a, b policies.Step) bool {
	return slices.EqualFunc(a.Changes, b.Changes, func(a, b policies.Change) bool {
		return a.Op == b.Op && a.Object.Kind == b.Object.Kind && a.Object.Name == b.Object.Name && a.SQL == b.SQL && slices.Equal(a.Hazards, b.Hazards)
	})
}
