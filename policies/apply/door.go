package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/ownership"
	"github.com/rlsctl/rlsctl/policies"
)

// Door is a statement that compiled objects stand in the way of, as policies do of ALTER COLUMN TYPE.
type Door struct {
	Tables    []string // quoted schema.table: those that it changes
	Statement string   // one or several, none of which ends a transaction
	// Down returns what depends on columns of the tables, in the order of creation.
	Down func(ctx context.Context, tx pgx.Tx) ([]policies.Installed, error)
	// Replan plans once the statement has run: what was taken down, and what has to change with it.
	Replan func(ctx context.Context, tx pgx.Tx) (policies.Plan, error)
}

// Through takes down what stands in the way of d, runs its statement, and carries out the plan that follows, all in one
// transaction that holds ACCESS EXCLUSIVE on the tables: nobody else ever sees them without their policies. Row security
// stays on and forced all the while. It returns the plan. An object that comes back as it was is no hazard.
func Through(ctx context.Context, conn *pgx.Conn, d Door, o Options) (p policies.Plan, err error) {
	if o.LockTimeout <= 0 {
		o.LockTimeout = 2 * time.Second
	}
	for attempt := 1; ; attempt++ {
		p, err = through(ctx, conn, d, o)
		if err == nil || ctx.Err() != nil || !passing(err) {
			return p, err
		}
		told := blocked(ctx, conn, err)
		if attempt > o.LockRetries || conn.IsClosed() || errors.As(err, new(*BlockedError)) {
			return p, told
		}
		if o.Waiting != nil {
			o.Waiting(attempt, told)
		}
		if err := pause(ctx, attempt); err != nil {
			return p, err
		}
	}
}

func through(ctx context.Context, conn *pgx.Conn, d Door, o Options) (p policies.Plan, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return p, fmt.Errorf("alter: %w", err)
	}
	defer func() {
		if err != nil {
			rollback, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_ = tx.Rollback(rollback)
		}
	}()
	if err := timeout(ctx, tx, o.LockTimeout); err != nil {
		return p, err
	}
	release, err := ownership.Borrow(ctx, tx)
	if err != nil {
		return p, fmt.Errorf("alter: %w", err)
	}
	if err := lockApply(ctx, tx); err != nil {
		return p, err
	}
	if err := release(); err != nil {
		return p, fmt.Errorf("alter: %w", err)
	}
	if _, err := tx.Exec(ctx, "SET LOCAL search_path = pg_catalog, pg_temp"); err != nil {
		return p, fmt.Errorf("alter: %w", err)
	}
	for _, t := range slices.Sorted(slices.Values(d.Tables)) {
		lock := "LOCK TABLE " + t + " IN ACCESS EXCLUSIVE MODE"
		if _, err := tx.Exec(ctx, lock); err != nil {
			return p, &lockError{lock: wanted{what: t, sql: lock}, err: err}
		}
	}
	down, err := d.Down(ctx, tx)
	if err != nil {
		return p, err
	}
	if err := takeDown(ctx, tx, down); err != nil {
		return p, err
	}
	// By EXECUTE, which knows no COMMIT: it would leave the tables without their policies.
	statement := "SET LOCAL search_path TO DEFAULT; DO " + policies.Literal("BEGIN EXECUTE "+policies.Literal(d.Statement)+"; END") +
		"; SET LOCAL search_path = pg_catalog, pg_temp"
	if _, err := tx.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol); err != nil {
		return p, fmt.Errorf("alter: %w", err)
	}
	if p, err = d.Replan(ctx, tx); err != nil {
		return p, err
	}
	for i, c := range p.Changes {
		if c.Op == policies.OpDrop {
			continue
		}
		was := slices.IndexFunc(down, func(w policies.Installed) bool {
			return w.Kind == c.Object.Kind && w.Name == c.Object.Name && w.Hash == c.Object.Hash()
		})
		if was >= 0 {
			p.Changes[i].Hazards, p.Changes[i].Reason = nil, "as it was"
		}
	}
	o.Before, o.Locked = nil, nil // nobody else can have changed anything since
	if err := Plan(ctx, tx, p, o); err != nil {
		return p, err
	}
	if err := tx.Commit(ctx); err != nil {
		return p, fmt.Errorf("alter: commit: %w", err)
	}
	return p, nil
}

// takeDown drops what the toolkit made, the last first.
func takeDown(ctx context.Context, tx pgx.Tx, down []policies.Installed) error {
	release, err := ownership.Borrow(ctx, tx)
	if err != nil {
		return fmt.Errorf("alter: %w", err)
	}
	var p policies.Plan
	for _, i := range slices.Backward(down) {
		p.Changes = append(p.Changes, policies.Change{Op: policies.OpDrop, SQL: i.Undo,
			Object: policies.Object{Kind: i.Kind, Name: i.Name, Title: i.Title, Table: i.Table, AsOwner: i.AsOwner}})
	}
	if err := run(ctx, tx, p, nil); err != nil {
		return err
	}
	if err := release(); err != nil {
		return fmt.Errorf("alter: %w", err)
	}
	return nil
}
