package demo

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/ownership"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/examples/acme"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// Install makes an empty database one with the kernel, the example and its model applied. The database roles that the
// example names have to be there. It returns what was applied, which an old server does not stop.
func Install(ctx context.Context, conn *pgx.Conn, e acme.Example) (policies.Plan, error) {
	if _, err := kernel.Up(ctx, conn); err != nil {
		return policies.Plan{}, fmt.Errorf("install the kernel: %w", err)
	}
	if err := load(ctx, conn, e.Schema, e.Data); err != nil {
		return policies.Plan{}, fmt.Errorf("load the example: %w", err)
	}
	m, diags := pipeline.Parse("rls.yaml", []byte(e.Model))
	if diags.HasErrors() {
		return policies.Plan{}, broken(diags)
	}
	r, err := pipeline.Plan(ctx, conn, m)
	if err != nil {
		return policies.Plan{}, fmt.Errorf("plan: %w", err)
	}
	if r.Diagnostics.HasErrors() {
		return policies.Plan{}, broken(r.Diagnostics)
	}
	return r.Plan, pipeline.Apply(ctx, conn, m, r.Plan, apply.Options{Allow: apply.Hazards(r.Plan)})
}

func broken(diags policies.Diagnostics) error {
	var list []error
	for _, d := range diags {
		list = append(list, errors.New(d.String()))
	}
	return errors.Join(list...)
}

// load runs the example's files with the rights of rls_owner beside the login's own, whose the tables become.
func load(ctx context.Context, conn *pgx.Conn, files ...string) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		release, err := ownership.Borrow(ctx, tx)
		if err != nil {
			return err
		}
		for _, f := range files {
			if _, err := tx.Exec(ctx, f, pgx.QueryExecModeSimpleProtocol); err != nil {
				return err
			}
		}
		return release()
	})
}
