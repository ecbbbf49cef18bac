package maintenance

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/ownership"
)

// exposedSQL lists views and definer functions that clients may use and that run with the rights of the owner of one of
// the tables $1: while FORCE is off they see all of its rows. Those that do so with FORCE as well are left out: their
// owner is, or inherits, a maintenance role, or is bound by no row security at all. What a function reads is not in the
// catalog, so every one of them counts.
const exposedSQL = `
WITH RECURSIVE client (oid) AS (
    SELECT r.oid FROM pg_roles AS r
    WHERE r.rolname IN (SELECT d.name FROM rls.database_role AS d WHERE d.kind = 'client'
        UNION SELECT p.role FROM rls.plan_role AS p UNION SELECT l.name FROM rls.login AS l UNION SELECT i.role FROM rls.impersonation AS i)
), lifted (oid, owner) AS (
    SELECT c.oid, c.relowner FROM pg_class AS c WHERE c.oid = ANY ($1::oid[])
), freed (oid) AS (
    SELECT r.oid FROM pg_roles AS r
    WHERE NOT r.rolsuper AND NOT r.rolbypassrls
      AND EXISTS (SELECT FROM lifted AS l WHERE pg_has_role(r.oid, l.owner, 'USAGE'))
      AND NOT EXISTS (SELECT FROM rls.database_role AS d JOIN pg_roles AS m ON m.rolname = d.name
          WHERE d.kind = 'maintenance' AND pg_has_role(r.oid, m.oid, 'USAGE'))
), reads (view, on_table) AS (
    SELECT DISTINCT w.ev_class, d.refobjid FROM pg_depend AS d
    JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid <> w.ev_class
), reaching (oid, reader) AS (
    SELECT r.view, c.relowner FROM lifted AS l JOIN reads AS r ON r.on_table = l.oid JOIN pg_class AS c ON c.oid = r.view
    WHERE NOT coalesce(array_to_string(c.reloptions, ','), '') ~* 'security_invoker=(true|on|yes|1)'
    UNION
    SELECT r.view, x.reader FROM reaching AS x JOIN reads AS r ON r.on_table = x.oid
)
SELECT DISTINCT format('view %I.%I', n.nspname, c.relname)
FROM reaching AS x
JOIN freed AS f ON f.oid = x.reader
JOIN pg_class AS c ON c.oid = x.oid AND c.relkind = 'v'
JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname <> 'rls'
WHERE EXISTS (SELECT FROM client AS k WHERE has_any_column_privilege(k.oid, c.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(k.oid, c.oid, 'DELETE'))
UNION
SELECT format('function %I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
FROM pg_proc AS p
JOIN freed AS f ON f.oid = p.proowner
JOIN pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname <> 'rls'
WHERE p.prosecdef
  AND (EXISTS (SELECT FROM client AS k WHERE has_function_privilege(k.oid, p.oid, 'EXECUTE'))
       OR EXISTS (SELECT FROM pg_trigger AS g WHERE g.tgfoid = p.oid AND NOT g.tgisinternal))
ORDER BY 1`

// Exposed refuses tables whose owner reads for clients, by a view or function that would show them every row.
func Exposed(ctx context.Context, conn *pgx.Conn, tables []Table) error {
	var oids []uint32
	for _, t := range tables {
		oids = append(oids, t.OID)
	}
	var list []string
	err := inTx(ctx, conn, DefaultLockTimeout, func(tx pgx.Tx) error {
		return ownership.Do(ctx, tx, func() error {
			rows, _ := tx.Query(ctx, exposedSQL, oids)
			var err error
			list, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	})
	if err != nil || len(list) == 0 {
		return err
	}
	return refuse(CodeExposed, "Take the clients' privileges on them away meanwhile, or name other tables with --table, or add --allow WIDENS_ACCESS.",
		"clients would see all rows of the owner through %s", strings.Join(list, ", "))
}
