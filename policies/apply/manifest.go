package apply

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/ownership"
	"github.com/rlsctl/rlsctl/policies"
)

// granted returns the names of the privileges that p gives or takes.
func granted(p policies.Plan) []string {
	var out []string
	for _, c := range p.Changes {
		if c.Object.Kind == policies.KindPrivilege && c.Op != policies.OpDrop {
			out = append(out, c.Object.Name)
		}
	}
	return out
}

// keepACLs remembers how the privileges were written that p is about to change.
func keepACLs(ctx context.Context, tx pgx.Tx, p policies.Plan) error {
	names := granted(p)
	if len(names) == 0 {
		return nil
	}
	if err := ownership.Become(ctx, tx); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	if _, err := tx.Exec(ctx, "SELECT rls.keep_acls($1)", names); err != nil {
		return fmt.Errorf("apply: remember the privileges of before: %w", err)
	}
	return ownership.Leave(ctx, tx)
}

// PutBackSQL ends what takes the last object away: privileges that are again what they were before the toolkit are written
// as they were. It does nothing while objects are left, and for a login that is no database superuser.
const PutBackSQL = `DO $$
BEGIN
    IF (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        IF NOT EXISTS (SELECT FROM rls.compiled) THEN
            PERFORM rls.put_back_acls();
        END IF;
    END IF;
END
$$`

const forgetSetsSQL = "SELECT rls.forget_sets()"

// The statements that keep the manifest, with places for parameters or literals.
const (
	forgetSQL   = "DELETE FROM rls.compiled WHERE kind = %s AND name = %s"
	rememberSQL = `INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES (%s, %s, %s, %s, %s, %s, %s, '', %s, %s)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now()`
	// Everything, not the plan's objects alone: a grant to one role shows in the fingerprint of another object.
	fingerprintSQL = `UPDATE rls.compiled AS i SET fingerprint = s.fingerprint FROM rls.object_state AS s
WHERE s.kind = i.kind AND s.name = i.name AND i.fingerprint <> s.fingerprint`
	// Any member of a client role deletes them with DROP OWNED BY, and then new tables are closed to it: doctor compares.
	defaultsSQL = `INSERT INTO rls.default_privilege (maker, schema_name, object_type, grantee, privilege)
SELECT DISTINCT m.rolname, coalesce(n.nspname, ''), d.defaclobjtype, c.name, x.privilege_type
FROM pg_catalog.pg_default_acl AS d
JOIN pg_catalog.pg_roles AS m ON m.oid = d.defaclrole
LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = d.defaclnamespace
CROSS JOIN LATERAL aclexplode(d.defaclacl) AS x
JOIN rls.database_role AS c ON c.kind = 'client' AND to_regrole(quote_ident(c.name)) = x.grantee
ON CONFLICT DO NOTHING`
	forgetDefaultsSQL = `DELETE FROM rls.default_privilege AS d
WHERE NOT EXISTS (SELECT FROM rls.database_role AS c WHERE c.kind = 'client' AND c.name = d.grantee)`
	missingSQL = `SELECT coalesce(string_agg(DISTINCT i.title, ', '), '') FROM rls.compiled AS i
WHERE i.kind <> 'grant' AND NOT EXISTS (SELECT FROM rls.object_state AS s WHERE s.kind = i.kind AND s.name = i.name)
   OR i.kind = 'privilege' AND EXISTS (
       SELECT FROM pg_catalog.pg_class AS c
       JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
       CROSS JOIN LATERAL aclexplode(c.relacl) AS x
       WHERE i.name = '"narrowed"."' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"'
         AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
         AND (x.grantee = 0 OR EXISTS (
             SELECT FROM rls.database_role AS d JOIN pg_catalog.pg_roles AS r ON r.rolname = d.name
             WHERE d.kind = 'client' AND r.oid = x.grantee)))`
)

// remember brings the manifest up to date, with the fingerprints that the catalog gives now.
func remember(ctx context.Context, tx pgx.Tx, p policies.Plan) error {
	if err := ownership.Become(ctx, tx); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	b := &pgx.Batch{}
	if forgets(p) {
		b.Queue(forgetSetsSQL)
	}
	for _, c := range p.Changes {
		o := c.Object
		if c.Op == policies.OpDrop {
			b.Queue(fmt.Sprintf(forgetSQL, "$1", "$2"), string(o.Kind), o.Name)
			continue
		}
		b.Queue(fmt.Sprintf(rememberSQL, "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9"),
			string(o.Kind), o.Name, o.Resource, o.Title, o.Table, o.Shape, o.Hash(), c.Undo, o.AsOwner)
	}
	b.Queue(policies.PinSQL(policies.Pins(""))) // as inspect reads them
	b.Queue(fingerprintSQL)
	b.Queue(defaultsSQL)
	b.Queue(forgetDefaultsSQL)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("apply: update the manifest: %w", err)
	}
	// GRANT of what the login may not give away is a mere WARNING, and REVOKE takes only what the table's owner gave.
	var missing string
	if err := tx.QueryRow(ctx, missingSQL).Scan(&missing); err != nil {
		return fmt.Errorf("apply: look for what was not made: %w", err)
	}
	if missing != "" {
		return fmt.Errorf("apply: %w: %s", ErrNotMade, missing)
	}
	return ownership.Leave(ctx, tx)
}
