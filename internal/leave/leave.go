// Package leave takes the toolkit out of a database: policies, logins, the kernel and the database roles that nothing else
// of the cluster uses. It is one transaction, and the plan is shown before.
package leave

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/internal/ownership"
	"github.com/rlsctl/rlsctl/internal/roles"
	"github.com/rlsctl/rlsctl/migrations"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// Plan is what leaving does, in its order.
type Plan struct {
	Policies policies.Plan   `json:"policies"` // what apply made, and how what was there before comes back
	Logins   []logins.Leaver `json:"logins"`   // that leave the login map
	Data     []Table         `json:"data"`     // of the kernel, that goes with it
	Roles    []Role          `json:"roles"`    // of the kernel
}

// Table is a table of the kernel that holds what people have put there.
type Table struct {
	Name string `json:"table"`
	Rows int64  `json:"rows"`
}

// Role is a database role of the kernel.
type Role struct {
	Name string `json:"role"`
	Drop bool   `json:"drop"` // else another database of the cluster uses it
}

// Hazards returns the hazards of leaving, each once, sorted.
func (p Plan) Hazards() []policies.Hazard {
	out := apply.Hazards(p.Policies)
	if len(p.Logins) > 0 {
		out = append(out, policies.NarrowsAccess)
	}
	if len(p.Data) > 0 {
		out = append(out, policies.DeletesData)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// dataSQL counts what cannot be compiled or registered again from a file.
const dataSQL = `SELECT t.name, t.rows FROM (
	SELECT 'rls."grant"' AS name, (SELECT count(*) FROM rls."grant" AS g WHERE g.seed IS NULL) AS rows
	UNION ALL SELECT 'rls."user"', (SELECT count(*) FROM rls."user")
	UNION ALL SELECT 'rls."group"', (SELECT count(*) FROM rls."group")
	UNION ALL SELECT 'rls.group_member', (SELECT count(*) FROM rls.group_member)
	UNION ALL SELECT 'rls.gateway_key', (SELECT count(*) FROM rls.gateway_key)
) AS t WHERE t.rows > 0 ORDER BY 1`

// Look says what leaving would do, and changes nothing. It returns pipeline.ErrNoKernel where the kernel is missing.
func Look(ctx context.Context, conn *pgx.Conn) (Plan, error) {
	result, err := pipeline.Uninstalled(ctx, conn)
	p := Plan{Policies: result.Plan}
	if err != nil {
		return p, err
	}
	if p.Logins, err = logins.Leavers(ctx, conn); err != nil {
		return p, err
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return p, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is kept
	if err := ownership.Do(ctx, tx, func() error {
		rows, _ := tx.Query(ctx, dataSQL)
		p.Data, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Table])
		return err
	}); err != nil {
		return p, fmt.Errorf("leave: count what the kernel holds: %w", err)
	}
	rows, _ := tx.Query(ctx, `SELECT r.rolname, NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d
			JOIN pg_catalog.pg_database AS b ON b.oid = d.dbid AND b.datname <> current_database()
			WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.refobjid = r.oid)
		FROM pg_catalog.pg_roles AS r WHERE r.rolname = ANY ($1) ORDER BY array_position($1, r.rolname::text)`, kernel.Roles)
	p.Roles, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Role])
	return p, err
}

// ErrHazard is wrapped where a hazard was not allowed.
var ErrHazard = apply.ErrHazard

// Run carries p out if the database is still the one that it was made from, in one transaction, and returns the kernel's
// roles that stay.
func Run(ctx context.Context, conn *pgx.Conn, p Plan, o apply.Options) (stay []string, err error) {
	for _, h := range p.Hazards() {
		if h != policies.NarrowsAccess && !slices.Contains(o.Allow, h) {
			return nil, fmt.Errorf("%w: %s", ErrHazard, h)
		}
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("leave: %w", err)
	}
	defer func() {
		if err != nil {
			rollback, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_ = tx.Rollback(rollback)
		}
	}()
	// Even an empty plan is held against the database.
	if err := pipeline.Apply(ctx, tx, nil, p.Policies, o); err != nil {
		return nil, err
	}
	now, err := logins.Leavers(ctx, tx)
	if err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(now, p.Logins) {
		return nil, apply.ErrStateChanged
	}
	for _, l := range p.Logins {
		if l.Adopted {
			if _, err := logins.Release(ctx, tx, l.Name); err != nil {
				return nil, fmt.Errorf("leave: login %q: %w", l.Name, err)
			}
			continue
		}
		if _, err := logins.Remove(ctx, tx, l.Name, l.Drop, l.Kind); err != nil {
			return nil, fmt.Errorf("leave: login %q: %w", l.Name, err)
		}
	}
	// Logins have given back what they held of schemas.
	if _, err := tx.Exec(ctx, apply.PutBackSQL); err != nil {
		return nil, fmt.Errorf("leave: write privileges as they were: %w", err)
	}
	if _, err := kernel.Down(ctx, tx); err != nil {
		return nil, fmt.Errorf("leave: %w", err)
	}
	if _, err := tx.Exec(ctx, "DROP TABLE "+migrations.QualifiedTable); err != nil {
		return nil, fmt.Errorf("leave: forget the migrations: %w", err)
	}
	unused, err := roles.Unused(ctx, tx)
	if err != nil {
		return nil, err
	}
	if err := roles.Drop(ctx, tx, unused); err != nil {
		return nil, err
	}
	rows, _ := tx.Query(ctx, "SELECT r.rolname FROM pg_catalog.pg_roles AS r WHERE r.rolname = ANY ($1) ORDER BY 1", kernel.Roles)
	if stay, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return nil, err
	}
	if err := tx.Commit(ctx); err != nil {
		if !conn.IsClosed() || pgconn.SafeToRetry(err) {
			return nil, fmt.Errorf("leave: commit: %w", err)
		}
		return nil, fmt.Errorf("leave: %w: %w", apply.ErrUncertain, err)
	}
	return stay, nil
}
