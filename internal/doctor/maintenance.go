package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rlsctl/rlsctl/internal/maintenance"
	"github.com/rlsctl/rlsctl/policies"
)

// Codes of maintenance.
const (
	CodeUnrestored       policies.Code = "RL643" // a maintenance ended and left a table without FORCE ROW LEVEL SECURITY
	CodeBindsMaintenance policies.Code = "RL644" // a restrictive policy made by hand binds a maintenance role
	CodeLifted           policies.Code = "RL645" // a maintenance runs
	CodeLockHolder       policies.Code = "RL673" // a database role may use the schema of lock objects
)

// lockHolders looks for database roles that could hold what the toolkit locks: PREPARE alone locks a table whose schema
// may be used.
func (e *examination) lockHolders(ctx context.Context) error {
	list, err := rows[struct{ Role string }](ctx, e, `
		SELECT DISTINCT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END
		FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS x
		WHERE n.nspname = 'rls_lock' AND x.grantee <> n.nspowner ORDER BY 1`)
	if err != nil {
		return err
	}
	for _, l := range list {
		e.find(CodeLockHolder, policies.Error, "Run REVOKE ALL ON SCHEMA rls_lock FROM "+l.Role+".",
			"%s may use schema rls_lock, and so hold locks that keep everybody from storing sets and changing the hierarchy", l.Role)
	}
	return nil
}

// lifted looks for tables that a maintenance has taken FORCE ROW LEVEL SECURITY off, and whether it is still at it.
func (e *examination) lifted(ctx context.Context) error {
	list, err := maintenance.PendingInTx(ctx, e.tx)
	if err != nil {
		return err
	}
	for _, l := range list {
		since := l.Since.UTC().Format(time.RFC3339)
		switch {
		case l.Forced:
		case l.Alive:
			e.find(CodeLifted, policies.Warning, "Wait until it is done.",
				"the owner of %s passes its policies: a maintenance of %q runs since %s", l, l.Login, since)
		default:
			e.find(CodeUnrestored, policies.Error, "Run rlsctl maintenance --restore.",
				"the maintenance of %q from %s has ended and left %s without FORCE ROW LEVEL SECURITY", l.Login, since, l)
		}
	}
	return nil
}

// upkeep looks for what would keep rows from maintenance roles: restrictive policies made by hand that bind them.
func (e *examination) upkeep(ctx context.Context) error {
	type policy struct {
		Table, Name string
		Roles       []string
	}
	list, err := rows[policy](ctx, e, `
		SELECT format('%I.%I', n.nspname, c.relname), p.polname::text, array_agg(d.name ORDER BY d.position)
		FROM rls.resource AS r
		JOIN pg_namespace AS n ON n.nspname = r.table_schema
		JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = r.table_name
		JOIN pg_policy AS p ON p.polrelid = c.oid AND NOT p.polpermissive
		JOIN rls.database_role AS d ON d.kind = 'maintenance'
		JOIN pg_roles AS m ON m.rolname = d.name AND NOT m.rolsuper AND NOT m.rolbypassrls
		WHERE EXISTS (SELECT FROM unnest(p.polroles) AS o(oid) WHERE o.oid = 0 OR pg_has_role(m.oid, o.oid, 'USAGE'))
		  AND NOT EXISTS (SELECT FROM rls.compiled AS i WHERE i.kind = 'policy' AND i.name = '"' || replace(n.nspname, '"', '""') || '"."'
		      || replace(c.relname, '"', '""') || '"."' || replace(p.polname, '"', '""') || '"')
		GROUP BY n.nspname, c.relname, p.polname ORDER BY 1, 2`)
	if err != nil {
		return err
	}
	for _, p := range list {
		e.find(CodeBindsMaintenance, policies.Warning, fmt.Sprintf("Run ALTER POLICY %s ON %s TO the client roles.", policies.Ident(p.Name), p.Table),
			"restrictive policy %s on %s also hides rows from maintenance: %s", policies.Ident(p.Name), p.Table, strings.Join(p.Roles, ", "))
	}
	return nil
}
