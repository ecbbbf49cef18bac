package pipeline

import (
	"context"
	"fmt"
	"reflect"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/diff"
	"github.com/rlsctl/rlsctl/policies/inspect"
)

// Apply carries p out if the database is still the one that it was made from. m is nil for a plan of Uninstalled.
// db is a connection, or a transaction that the changes become a part of.
func Apply(ctx context.Context, db apply.DB, m *policies.Model, p policies.Plan, o apply.Options) error {
	w := &watch{model: m, locks: p.Locks, same: func(now policies.Plan, _ *policies.Catalog) bool { return now.StateHash == p.StateHash }}
	o.Before, o.Locked = w.before, w.locked
	return apply.Plan(ctx, db, p, o)
}

// watch sees whether a plan still fits the database. All of it is read before the locks, because reading takes its time
// in a large database; what the locks hold fast is read once more when they are held.
type watch struct {
	model   *policies.Model
	options []diff.Option
	locks   []policies.Lock
	same    func(now policies.Plan, c *policies.Catalog) bool
	seen    *policies.Catalog
}

func (w *watch) before(ctx context.Context, tx pgx.Tx) error {
	c, err := inspect.InTx(ctx, tx)
	if err != nil {
		return err
	}
	w.seen = c
	r := Result{Catalog: c}
	if w.model == nil {
		r.Plan = diff.Plan(nil, c, nil)
	} else if err := plan(w.model, &r, w.options...); err != nil {
		return fmt.Errorf("%w: %w", apply.ErrStateChanged, err)
	}
	if !w.same(r.Plan, c) {
		return apply.ErrStateChanged
	}
	return nil
}

func (w *watch) locked(ctx context.Context, tx pgx.Tx) error {
	names := map[string]bool{}
	for _, l := range w.locks {
		names[l.Name] = true
	}
	var then []policies.Table
	var list []string
	for _, t := range w.seen.Tables {
		if name := policies.Ident(t.Schema) + "." + policies.Ident(t.Name); names[name] {
			then = append(then, t)
			list = append(list, policies.Identity(t.Schema, t.Name))
		}
	}
	if len(list) == 0 {
		return nil
	}
	now, err := inspect.Tables(ctx, tx, list)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(then, now) {
		return apply.ErrStateChanged
	}
	return nil
}
