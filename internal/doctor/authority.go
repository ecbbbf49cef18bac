package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
)

// guards asks whether what decides about access is guarded, and whether the guards fire. Those that are gone or switched
// off on their own table are among what apply has made, and found there.
func (e *examination) guards(ctx context.Context) error {
	applied := slices.ContainsFunc(e.catalog.Installed, func(i policies.Installed) bool { return i.Name == policies.Identity("rls", "user_row") })
	guarded := slices.ContainsFunc(e.catalog.Installed, func(i policies.Installed) bool {
		return i.Kind == policies.KindTrigger && strings.Contains(i.Name, `."rls_guard_`)
	})
	if applied && !guarded {
		e.find(CodeApplication, policies.Warning, `Take "authority: application" out of rls.yaml, or INSERT, UPDATE and DELETE on these tables from client roles.`,
			"who is superuser, who sees whom and who is a member is changed by whoever holds the table privileges on the users and groups")
	}
	type switched struct{ Table, Trigger string }
	off, err := rows[switched](ctx, e, `
		SELECT format('%I.%I', n.nspname, c.relname), t.tgname::text
		FROM pg_trigger AS t
		JOIN pg_trigger AS p ON p.oid = t.tgparentid AND p.tgenabled <> t.tgenabled
		JOIN pg_proc AS f ON f.oid = t.tgfoid AND f.pronamespace = 'rls'::regnamespace
		JOIN pg_class AS c ON c.oid = t.tgrelid
		JOIN pg_namespace AS n ON n.oid = c.relnamespace
		ORDER BY 1, 2`)
	if err != nil {
		return err
	}
	for _, s := range off {
		e.find(CodeSilent, policies.Error, fmt.Sprintf("Run ALTER TABLE %s ENABLE TRIGGER %s.", s.Table, policies.Ident(s.Trigger)),
			"trigger %s is switched off on the partition %s", policies.Ident(s.Trigger), s.Table)
	}
	if err := e.afterGuards(ctx); err != nil {
		return err
	}
	return e.replicationRole(ctx)
}

// afterGuards finds BEFORE triggers that fire after a guard: they can change the row that was checked. What comes of it is
// checked again after the row, but a function in the same statement has seen it by then.
func (e *examination) afterGuards(ctx context.Context) error {
	type later struct{ Table, Trigger string }
	found, err := rows[later](ctx, e, `
		SELECT DISTINCT format('%I.%I', n.nspname, c.relname), t.tgname::text
		FROM pg_trigger AS t
		JOIN pg_trigger AS g ON g.tgrelid = t.tgrelid AND g.tgname < t.tgname AND (g.tgname ^@ '~rls_guard_' OR g.tgname = '~rls_hand_over')
		JOIN pg_proc AS f ON f.oid = t.tgfoid AND f.pronamespace <> 'rls'::regnamespace
		JOIN pg_class AS c ON c.oid = t.tgrelid
		JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE t.tgtype & 3 = 3 AND t.tgtype & 20 <> 0 AND t.tgenabled <> 'D' AND t.tgparentid = 0 -- row, before; insert or update
		ORDER BY 1, 2`)
	if err != nil {
		return err
	}
	for _, l := range found {
		e.find(CodeAfterGuard, policies.Warning, fmt.Sprintf("Rename it: ALTER TRIGGER %s ON %s RENAME TO … with a name that sorts before \"~\".", policies.Ident(l.Trigger), l.Table),
			"trigger %s on %s fires after the guard and can change what it has checked: a change that it makes is refused only after the row was written", policies.Ident(l.Trigger), l.Table)
	}
	return nil
}

// replicationRole finds who runs with session_replication_role = replica, or may: then no trigger of ours fires.
func (e *examination) replicationRole(ctx context.Context) error {
	type setting struct{ Role, Database string }
	set, err := rows[setting](ctx, e, `
		SELECT coalesce(r.rolname, ''), coalesce(d.datname, '')
		FROM pg_db_role_setting AS s CROSS JOIN LATERAL unnest(s.setconfig) AS c(text)
		LEFT JOIN pg_roles AS r ON r.oid = s.setrole
		LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
		WHERE c.text ILIKE 'session_replication_role=replica' AND (s.setdatabase = 0 OR d.datname = current_database())
		ORDER BY 1, 2`)
	if err != nil {
		return err
	}
	for _, s := range set {
		who, alter := "every role", "ROLE ALL"
		if s.Role != "" {
			who, alter = fmt.Sprintf("database role %q", s.Role), "ROLE "+policies.Ident(s.Role)
		}
		if s.Database != "" {
			alter += " IN DATABASE " + policies.Ident(s.Database)
			if s.Role == "" {
				alter = "DATABASE " + policies.Ident(s.Database)
			}
		}
		e.find(CodeSilent, policies.Error, fmt.Sprintf("Run ALTER %s RESET session_replication_role.", alter),
			"%s has session_replication_role = replica: no trigger holds what it writes", who)
	}
	var everywhere bool
	if err := e.tx.QueryRow(ctx, "SELECT s.boot_val <> s.reset_val AND s.reset_val = 'replica' AND s.source NOT IN ('database', 'user', 'database user') FROM pg_settings AS s WHERE s.name = 'session_replication_role'").Scan(&everywhere); err != nil {
		return err
	}
	if everywhere {
		e.find(CodeSilent, policies.Error, "Take session_replication_role out of the server's configuration.", "the server sets session_replication_role = replica for everybody: no trigger of the toolkit fires")
	}
	r, _ := e.tx.Query(ctx, `
		SELECT DISTINCT coalesce(r.rolname, 'PUBLIC')::text
		FROM pg_parameter_acl AS p CROSS JOIN LATERAL aclexplode(p.paracl) AS x
		LEFT JOIN pg_roles AS r ON r.oid = x.grantee
		WHERE p.parname = 'session_replication_role' AND r.rolsuper IS NOT TRUE
		ORDER BY 1`)
	may, err := pgx.CollectRows(r, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, name := range may {
		role := name
		if name != "PUBLIC" {
			role = policies.Ident(name)
		}
		e.find(CodeSilent, policies.Error, fmt.Sprintf("Run REVOKE ALL ON PARAMETER session_replication_role FROM %s.", role),
			"database role %q may set session_replication_role, and so keep triggers from firing", name)
	}
	return nil
}

// schemas finds tables that nobody has decided about: in closed schemas, and copies of protected ones anywhere.
func (e *examination) schemas(ctx context.Context) error {
	type rule struct {
		Name   string
		Closed bool
		Open   []string
	}
	rules, err := rows[rule](ctx, e, "SELECT s.name, s.closed, s.open FROM rls.schema_rule AS s ORDER BY 1")
	if err != nil {
		return err
	}
	protected, err := e.protected(ctx)
	if err != nil {
		return err
	}
	reached, err := e.reachedRoles(ctx)
	if err != nil {
		return err
	}
	isProtected := func(n policies.Ref) bool {
		return slices.ContainsFunc(protected, func(t *policies.Table) bool { return t.Schema == n.Schema && t.Name == n.Name })
	}
	isOpen := func(n policies.Ref) bool {
		return slices.ContainsFunc(rules, func(r rule) bool { return r.Name == n.Schema && slices.Contains(r.Open, n.Name) })
	}
	found := map[*policies.Table]bool{}
	for _, r := range rules {
		if !r.Closed {
			continue
		}
		for _, t := range e.catalog.Undecided(r.Name, isProtected, isOpen) {
			found[t] = true
			e.find(CodeUndecided, policies.Error, fmt.Sprintf("Add a resource for it to rls.yaml, or name %s under open, and run rlsctl apply rls.yaml.", tableName(t)),
				"table %s of the closed schema %s is neither a resource nor open", tableName(t), policies.Ident(r.Name))
		}
	}
	var names []string
	for _, t := range e.catalog.Tables {
		if t.Schema != "rls" && !slices.Contains(names, t.Schema) {
			names = append(names, t.Schema)
		}
	}
	for _, name := range names {
		for _, t := range e.catalog.Undecided(name, isProtected, isOpen) {
			i := slices.IndexFunc(protected, func(p *policies.Table) bool { return copies(t, p) })
			if i < 0 || found[t] || t.RowSecurity {
				continue
			}
			level, readers := policies.Warning, "nobody else"
			if list := readersOf(t, reached); len(list) > 0 {
				level, readers = policies.Error, strings.Join(list, ", ")
			}
			e.find(CodeUndecided, level, fmt.Sprintf("Drop %s, take its privileges from clients, add a resource for it, or name it under open.", tableName(t)),
				"table %s has the columns of the protected table %s and no policies, readable by %s", tableName(t), tableName(protected[i]), readers)
		}
	}
	return nil
}

// copies reports whether a table has the columns of a protected one and no others, as CREATE TABLE AS and LIKE leave it.
// With more, half of all tables would be copies of one that has an id and an owner.
func copies(t, of *policies.Table) bool {
	return len(of.Columns) > 1 && len(t.Columns) == len(of.Columns) && !slices.ContainsFunc(of.Columns, func(c policies.Column) bool {
		have := t.Column(c.Name)
		return have == nil || have.Type != c.Type
	})
}

// readersOf returns the clients that may read a table.
func readersOf(t *policies.Table, reached []string) []string {
	var out []string
	for _, p := range t.Privileges {
		switch {
		case p.Privilege != "SELECT" || p.Grantee == t.Owner:
		case p.Grantee == "":
			out = append(out, "PUBLIC")
		case slices.Contains(reached, p.Grantee):
			out = append(out, p.Grantee)
		}
	}
	return out
}
