package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// Codes of findings about copies and backups.
const (
	CodeLostKey policies.Code = "RL657" // the keys of a gateway stayed behind when the database was restored
	CodeCopy    policies.Code = "RL658" // the database is a copy that believes tokens of the original
	CodeBackup  policies.Code = "RL659" // a login that reads everything for a backup is filtered
	CodePublish policies.Code = "RL667" // a login that a subscription may connect as is filtered
)

// copies finds a database that CREATE DATABASE … TEMPLATE made: its seal and keys are those of another one.
func (e *examination) copies(ctx context.Context) error {
	var copied bool
	err := e.tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM rls.seal AS s JOIN pg_database AS d ON d.datname = current_database()
		WHERE s.drawn_in <> d.oid)`).Scan(&copied)
	if copied {
		e.find(CodeCopy, policies.Error, "Run rlsctl key reseal, then rlsctl key rotate for each gateway.",
			"this database is a copy of another one of the cluster, and believes the tokens of the original")
	}
	if err != nil {
		return err
	}
	return e.backups(ctx)
}

// backups finds logins that are meant to read every table, and that row security filters: pg_dump fails with them, and
// with --enable-row-security it writes a dump that lacks rows and says nothing.
func (e *examination) backups(ctx context.Context) error {
	list, err := rows[struct{ Name string }](ctx, e, `SELECT r.rolname::text FROM pg_roles AS r
		WHERE r.rolcanlogin AND NOT r.rolsuper AND NOT r.rolbypassrls AND pg_has_role(r.oid, 'pg_read_all_data', 'USAGE')
		  AND EXISTS (SELECT FROM rls.resource)
		ORDER BY 1`)
	for _, r := range list {
		e.find(CodeBackup, policies.Warning, fmt.Sprintf("Run ALTER ROLE %s BYPASSRLS if it makes backups; else REVOKE pg_read_all_data FROM it.", policies.Ident(r.Name)),
			"%q may read every table and is filtered by row security: its pg_dump fails, and lacks rows with --enable-row-security", r.Name)
	}
	if err != nil {
		return err
	}
	return e.subscribers(ctx)
}

// subscribers finds logins that a subscription may connect as, and that row security filters. What changes they are sent whole;
// the copy that a subscription begins with is a COPY of theirs, which brings the rows that they see, none, and reports success.
func (e *examination) subscribers(ctx context.Context) error {
	list, err := rows[struct {
		Name   string
		Tables []string
	}](ctx, e, `SELECT r.rolname::text, array_agg(DISTINCT format('%I.%I', p.schemaname, p.tablename))
		FROM pg_roles AS r
		CROSS JOIN pg_publication_tables AS p
		JOIN rls.protected_table AS t ON t.table_schema = p.schemaname AND t.table_name = p.tablename
		WHERE r.rolcanlogin AND r.rolreplication AND NOT r.rolsuper AND NOT r.rolbypassrls AND has_table_privilege(r.oid, t.oid, 'SELECT')
		  AND NOT EXISTS (SELECT FROM rls.database_role AS d JOIN pg_roles AS m ON m.rolname = d.name
			WHERE d.kind = 'maintenance' AND pg_has_role(r.oid, m.oid, 'USAGE'))
		GROUP BY r.rolname ORDER BY 1`)
	for _, r := range list {
		e.find(CodePublish, policies.Warning, fmt.Sprintf("Run ALTER ROLE %s BYPASSRLS, or GRANT it a maintenance role, before a subscription connects as it.", policies.Ident(r.Name)),
			"%q may replicate and is filtered by row security: the first copy of a subscription brings none of the hidden rows of %s, and reports that it is complete", r.Name, strings.Join(r.Tables, ", "))
	}
	return err
}
