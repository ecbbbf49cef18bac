// Package roles knows the database roles of the toolkit as the cluster sees them: which ones nothing uses any more, and
// which ones another cluster needs before a dump of this database can be restored there.
package roles

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/policies"
)

// ErrUsed means that roles have come into use, or out of it, since they were looked for. Nothing has been changed.
var ErrUsed = errors.New("which roles are used has changed meanwhile")

// Prune drops what Unused returns, in one transaction.
func Prune(ctx context.Context, conn *pgx.Conn, roles []string) error {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // after a commit it does nothing
	now, err := Unused(ctx, tx)
	if err != nil {
		return err
	}
	if !slices.Equal(now, roles) {
		return ErrUsed
	}
	if err := Drop(ctx, tx, roles); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// querier is a connection or a transaction.
type querier interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Unused returns the database roles of the toolkit that no database of the cluster uses, in an order in which they can be
// dropped: the kernel's, and plan roles. A role of such a name that can log in or has powers is somebody else's, and so is
// one that is no member of the kernel's role of its form.
func Unused(ctx context.Context, db querier) ([]string, error) {
	rows, _ := db.Query(ctx, `
		SELECT r.rolname::text
		FROM pg_catalog.pg_roles AS r
		WHERE NOT (r.rolcanlogin OR r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication)
		  AND (r.rolname = ANY ($1) OR r.rolname ~ '^rls_(any|narrow|middle|wide|all)_.' AND EXISTS (
		      SELECT FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS f ON f.oid = m.roleid
		      WHERE m.member = r.oid AND f.rolname = 'rls_' || split_part(r.rolname, '_', 2)))
		  AND NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.refobjid = r.oid)
		  -- While any database has the kernel, its roles are waiting for their next use.
		  AND (r.rolname <> ALL ($1) OR NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d
		      WHERE d.refclassid = 'pg_catalog.pg_authid'::regclass AND d.refobjid = to_regrole('rls_owner')))
		ORDER BY r.rolname = ANY ($1), r.rolname COLLATE "C"`, kernel.Roles)
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look for roles that nothing uses: %w", err)
	}
	return out, nil
}

// Drop drops database roles, and with them their memberships. It returns ErrUsed where somebody has begun to use one.
func Drop(ctx context.Context, tx pgx.Tx, roles []string) error {
	for _, r := range roles {
		if _, err := tx.Exec(ctx, "DROP ROLE "+policies.Ident(r)); err != nil {
			var pg *pgconn.PgError
			if errors.As(err, &pg) && pg.Code == "2BP01" { // somebody has begun to use it
				return ErrUsed
			}
			return fmt.Errorf("drop database role %q: %w", r, err)
		}
	}
	return nil
}
