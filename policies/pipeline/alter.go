package pipeline

import (
	"context"
	"errors"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/inspect"
)

// ErrModel is a model that does not fit the database; the diagnostics of the result say why.
var ErrModel = errors.New("the model does not fit the database")

// Alter runs statements that change tables in ways which compiled objects stand in, as policies do where a column gets
// another type, and makes the database what m says again: in one transaction, so that no table is ever without its
// policies for anybody else. The plan of the result is what was done after the statements. Where m is what is applied
// already nothing in it is a hazard: the same model holds for the new types.
func Alter(ctx context.Context, conn *pgx.Conn, m *policies.Model, tables []policies.TableName, statements string, o apply.Options) (r Result, err error) {
	d := apply.Door{Statement: statements}
	for _, t := range tables {
		d.Tables = append(d.Tables, t.String())
	}
	applied := false
	d.Down = func(ctx context.Context, tx pgx.Tx) ([]policies.Installed, error) {
		var before Result
		err := before.read(ctx, tx, m, handMade)
		switch {
		case before.Catalog == nil:
			return nil, err
		case fits(before.Catalog) != nil:
			return nil, fits(before.Catalog)
		case err == nil && !before.Diagnostics.HasErrors(): // else the model is one for afterwards
			if err := plan(m, &before); err != nil {
				return nil, err
			}
			applied = !before.Plan.Notes.HasErrors() && !slices.ContainsFunc(before.Plan.Changes, meant)
		}
		return inspect.Dependents(ctx, tx, before.Catalog, d.Tables)
	}
	d.Replan = func(ctx context.Context, tx pgx.Tx) (policies.Plan, error) {
		if err := r.read(ctx, tx, m, handMade); err != nil {
			return policies.Plan{}, err
		}
		if r.Diagnostics.HasErrors() {
			return policies.Plan{}, ErrModel
		}
		err := plan(m, &r)
		if applied {
			r.Plan.Hazards = nil
			for i, c := range r.Plan.Changes {
				if meant(c) {
					r.Plan.Changes[i].Hazards = nil
				}
			}
		}
		return r.Plan, err
	}
	r.Plan, err = apply.Through(ctx, conn, d, o)
	return r, err
}

// meant reports whether a change is of what the model means, rather than of who may use it.
func meant(c policies.Change) bool {
	switch c.Object.Kind {
	case policies.KindPolicy, policies.KindTrigger, policies.KindView, policies.KindFunction, policies.KindRowSecurity:
		return true
	}
	return false
}
