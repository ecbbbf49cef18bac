package doctor

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/diff"
)

// model asks whether a model is applied, and whether everything is still as apply left it.
func (e *examination) model(context.Context) error {
	if len(e.catalog.Installed) == 0 {
		e.find(CodeNoModel, policies.Error, "Run rlsctl apply rls.yaml.", "no model is applied to this database")
	}
	for _, i := range e.catalog.Installed {
		switch {
		case i.Actual == i.Fingerprint, e.dropped(i):
		case i.Actual == "":
			e.find(CodeDrift, policies.Error, "Run rlsctl plan rls.yaml, then rlsctl apply rls.yaml.", "%s was dropped by hand", i.Title)
		default:
			e.find(CodeDrift, policies.Error, "Run rlsctl plan rls.yaml, then rlsctl apply rls.yaml.", "%s was changed by hand", i.Title)
		}
	}
	return nil
}

// protected are the tables of the registry, which have to exist.
func (e *examination) protected(ctx context.Context) ([]*policies.Table, error) {
	type name struct{ Schema, Name string }
	list, err := rows[name](ctx, e, "SELECT r.table_schema, r.table_name FROM rls.resource AS r ORDER BY 1, 2")
	if err != nil {
		return nil, err
	}
	var out []*policies.Table
	for _, n := range list {
		if t := e.catalog.Table(n.Schema, n.Name); t != nil {
			out = append(out, t)
		}
	}
	return out, nil
}

func tableName(t *policies.Table) string {
	return policies.Ident(t.Schema) + "." + policies.Ident(t.Name)
}

// tables looks at row security, foreign policies and unfiltered privileges of protected tables.
func (e *examination) tables(ctx context.Context) error {
	type resource struct{ Name, Schema, Table string }
	resources, err := rows[resource](ctx, e, "SELECT r.name, r.table_schema, r.table_name FROM rls.resource AS r ORDER BY 1")
	if err != nil {
		return err
	}
	clients, err := e.clientRoles(ctx)
	if err != nil {
		return err
	}
	reached, err := e.reachedRoles(ctx)
	if err != nil {
		return err
	}
	open, err := e.openParts(ctx, reached)
	if err != nil {
		return err
	}
	ours := map[string]bool{}
	for _, i := range e.catalog.Installed {
		if i.Kind == policies.KindPolicy {
			ours[i.Name] = true
		}
	}
	for _, r := range resources {
		t := e.catalog.Table(r.Schema, r.Table)
		if t == nil {
			e.find(CodeNotForced, policies.Error, "Take the resource out of rls.yaml and run rlsctl apply rls.yaml.",
				"the table %s of resource %q does not exist", policies.Ident(r.Schema)+"."+policies.Ident(r.Table), r.Name)
			continue
		}
		keep := e.opt.Keep[tableName(t)]
		e.protectedTable(t, ours, keep, clients, reached)
		for _, p := range e.catalog.Parts(t) {
			if !e.unprotectedPart(r.Name, p, open) {
				e.protectedTable(p, ours, keep, clients, reached)
			}
		}
	}
	if err := e.defaults(ctx, reached); err != nil {
		return err
	}
	return e.former(ctx)
}

// protectedTable looks at one table that holds rows of a resource.
func (e *examination) protectedTable(t *policies.Table, ours map[string]bool, keep, clients, reached []string) {
	name := tableName(t)
	if !t.RowSecurity || !t.ForceRow {
		var missing []string
		if !t.RowSecurity {
			missing = append(missing, "ENABLE")
		}
		if !t.ForceRow {
			missing = append(missing, "FORCE")
		}
		var orders []string
		for _, m := range missing {
			orders = append(orders, fmt.Sprintf("ALTER TABLE %s %s ROW LEVEL SECURITY", name, m))
		}
		e.find(CodeNotForced, policies.Error, "Run "+strings.Join(orders, "; ")+".", "the protected table %s is without %s ROW LEVEL SECURITY", name, strings.Join(missing, " and "))
	}
	for _, p := range t.Policies {
		if !p.Permissive || ours[policies.Identity(t.Schema, t.Name, p.Name)] {
			continue
		}
		if slices.Contains(keep, p.Name) {
			e.find(CodeForeignPolicy, policies.Note, "Leave it, or take it out of keep_policies.",
				"policy %s on %s was made by hand, is kept by the model, and widens what it admits", policies.Ident(p.Name), name)
			continue
		}
		e.find(CodeForeignPolicy, policies.Error, fmt.Sprintf("Run DROP POLICY %s ON %s, or name it under keep_policies and give doctor the model.", policies.Ident(p.Name), name),
			"permissive policy %s on %s was made by hand, and widens what the model admits", policies.Ident(p.Name), name)
	}
	for _, p := range t.Privileges {
		if !slices.Contains([]string{"TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"}, p.Privilege) {
			continue
		}
		who, role := "PUBLIC", "PUBLIC"
		if p.Grantee != "" {
			switch {
			case slices.Contains(clients, p.Grantee):
				who = fmt.Sprintf("client role %q", p.Grantee)
			case slices.Contains(reached, p.Grantee):
				who = fmt.Sprintf("database role %q, which a client or a registered login is or can become,", p.Grantee)
			default:
				continue
			}
			role = policies.Ident(p.Grantee)
		}
		e.find(CodeUnfiltered, policies.Error, fmt.Sprintf("Run REVOKE %s ON %s FROM %s.", p.Privilege, name, role),
			"%s holds %s on the protected table %s, which row security does not filter", who, p.Privilege, name)
	}
}

// reachedRoles are those that client roles and registered logins are members of, however far, themselves included.
func (e *examination) reachedRoles(ctx context.Context) ([]string, error) {
	r, _ := e.tx.Query(ctx, `
		SELECT DISTINCT r.rolname::text FROM pg_roles AS r
		JOIN (SELECT d.name FROM rls.database_role AS d WHERE d.kind = 'client'
		      UNION SELECT p.role FROM rls.plan_role AS p
		      UNION SELECT l.name FROM rls.login AS l UNION SELECT i.role FROM rls.impersonation AS i) AS w ON true
		JOIN pg_roles AS m ON m.rolname = w.name AND NOT m.rolsuper
		WHERE pg_has_role(m.oid, r.oid, 'MEMBER')`)
	return pgx.CollectRows(r, pgx.RowTo[string])
}

func (e *examination) clientRoles(ctx context.Context) ([]string, error) {
	r, _ := e.tx.Query(ctx, "SELECT d.name FROM rls.database_role AS d WHERE d.kind = 'client' ORDER BY d.position")
	return pgx.CollectRows(r, pgx.RowTo[string])
}

// The compiled text says which columns are asked for at every statement; see package compile.
var (
	ownerColumn = regexp.MustCompile(`("(?:[^"]|"")+"|[a-z_][a-z0-9_]*)(?:\)::\w+)? = ANY \(\(\(? ?SELECT rls\.admitted_(?:owners|groups)\(`)
	// Since PostgreSQL 16 the column of an only table is not qualified.
	viewSource = regexp.MustCompile(`(?s)SELECT (.*?)\s+FROM (\S+) t\b`)
	pairColumn = regexp.MustCompile(`\bu\.id = \(*t\.("(?:[^"]|"")+"|[a-z_][a-z0-9_]*)`)
	viewColumn = regexp.MustCompile(`^\(?(?:t\.)?("(?:[^"]|"")+"|[a-z_][a-z0-9_]*)`)
)

// indexes finds columns that the graph or a policy looks rows up by and that no index leads with: then every question
// reads the whole table.
func (e *examination) indexes(ctx context.Context) error {
	protected, err := e.protected(ctx)
	if err != nil {
		return err
	}
	for _, t := range protected {
		var seen []string
		for _, p := range t.Policies {
			if p.Command != "SELECT" || !slices.Contains(p.Roles, "rls_any") {
				continue
			}
			for _, m := range ownerColumn.FindAllStringSubmatch(p.Using, -1) {
				if c := unquoted(m[1]); !slices.Contains(seen, c) {
					seen = append(seen, c)
					e.indexed(t, c, "the owner column")
				}
			}
		}
	}
	// edge: kind, viewer, seen. Rows are looked up by the viewer, and where the hierarchy changes by who is seen: the key of
	// the users, or the other column of a pair. membership: group_id, user_id, by both.
	for _, view := range []struct {
		name    string
		columns []int
		what    string
	}{{"rls.edge", []int{1}, "the edge column"}, {"rls.membership", []int{0, 1}, "the membership column"}} {
		var text *string
		if err := e.tx.QueryRow(ctx, "SELECT pg_get_viewdef(to_regclass($1))", view.name).Scan(&text); err != nil {
			return err
		}
		if text == nil {
			continue
		}
		for part := range strings.SplitSeq(*text, "UNION ALL") {
			m := viewSource.FindStringSubmatch(part)
			if m == nil {
				continue
			}
			schema, name, ok := splitName(m[2])
			if !ok || schema == "rls" {
				continue // the kernel's own tables have their indexes
			}
			t := e.catalog.Table(schema, name)
			if t == nil {
				continue
			}
			list := strings.Split(m[1], ",\n")
			for _, i := range view.columns {
				if i >= len(list) {
					continue
				}
				if c := viewColumn.FindStringSubmatch(strings.TrimSpace(list[i])); c != nil {
					e.indexed(t, unquoted(c[1]), view.what)
				}
			}
			if c := pairColumn.FindStringSubmatch(part); c != nil {
				e.indexed(t, unquoted(c[1]), view.what)
			}
		}
	}
	return nil
}

func (e *examination) indexed(t *policies.Table, column, what string) {
	if slices.ContainsFunc(t.Indexes, func(i []string) bool { return len(i) > 0 && i[0] == column }) {
		return
	}
	e.find(CodeNoIndex, policies.Warning, fmt.Sprintf("Run CREATE INDEX CONCURRENTLY ON %s (%s).", tableName(t), policies.Ident(column)),
		"%s %s of %s has no index", what, policies.Ident(column), tableName(t))
}

func unquoted(s string) string {
	if len(s) > 1 && s[0] == '"' {
		return strings.ReplaceAll(s[1:len(s)-1], `""`, `"`)
	}
	return s
}

var qualified = regexp.MustCompile(`^("(?:[^"]|"")+"|[^".]+)\.("(?:[^"]|"")+"|[^".]+)$`)

func splitName(s string) (schema, name string, ok bool) {
	m := qualified.FindStringSubmatch(strings.Trim(s, "()"))
	if m == nil {
		return "", "", false
	}
	return unquoted(m[1]), unquoted(m[2]), true
}

// readers finds what passes protected rows on beside the policies: views and functions that read them as their owner,
// directly or by way of others, materialized views, which hold what their owner saw, and publications.
func (e *examination) readers(ctx context.Context) error {
	type name struct{ Schema, Name string }
	list, err := rows[name](ctx, e, "SELECT DISTINCT p.table_schema, p.table_name FROM rls.protected_table AS p")
	if err != nil {
		return err
	}
	var names, maintenance []string
	for _, n := range list {
		names = append(names, policies.Identity(n.Schema, n.Name))
	}
	r, _ := e.tx.Query(ctx, "SELECT d.name FROM rls.database_role AS d WHERE d.kind = 'maintenance'")
	if maintenance, err = pgx.CollectRows(r, pgx.RowTo[string]); err != nil {
		return err
	}
	clients, err := e.clientRoles(ctx)
	if err != nil {
		return err
	}
	reached, err := e.reachedRoles(ctx)
	if err != nil {
		return err
	}
	r, _ = e.tx.Query(ctx, "SELECT l.name FROM rls.login AS l")
	registered, err := pgx.CollectRows(r, pgx.RowTo[string])
	if err != nil {
		return err
	}
	var told string
	for _, x := range diff.Effects(e.catalog, names, maintenance, clients) {
		if told == string(x.Kind)+x.Title { // of several outcomes the worst comes first
			continue
		}
		told = string(x.Kind) + x.Title
		level, users := policies.Warning, "nobody else"
		var list []string
		for _, u := range x.Users {
			switch {
			case u == "":
				list = append(list, "PUBLIC")
			case slices.Contains(reached, u) || slices.Contains(clients, u):
				list = append(list, policies.Ident(u))
			}
		}
		if len(list) > 0 {
			level, users = policies.Error, strings.Join(list, ", ")
		}
		switch {
		case x.Kind == policies.ReaderView && x.Reads == "as owner":
			e.find(CodeDefinerView, level, fmt.Sprintf("Run ALTER VIEW %s SET (security_invoker = true).", x.Title),
				"view %s reads protected rows as its owner %s, readable by %s", x.Title, x.Owner, users)
		case x.Kind == policies.ReaderMaterialized && len(x.Users) > 0:
			e.find(CodeMaterialized, level, fmt.Sprintf("Run REVOKE ALL ON %s FROM PUBLIC and the client roles, and give them a view with a condition over it.", x.Title),
				"materialized view %s holds protected rows that no policy filters, readable by %s", x.Title, users)
		case x.Kind == policies.ReaderFunction && x.Outcome != policies.IsFiltered:
			if x.May || x.Outcome != policies.StillSeesAll {
				level = policies.Warning // it might be something else of that name, and nobody sees too much
			}
			e.find(CodeDefinerFunction, level, x.Hint, "%s", x.Message)
		case x.Kind == policies.ReaderLogin && !slices.Contains(registered, x.Owner): // of a gateway's privileges RL614 speaks
			e.find(x.Code, policies.Warning, x.Hint, "%s", strings.Replace(x.Message, "it will see no row", "it sees no row", 1))
		case x.Kind == policies.ReaderPublication:
			e.find(x.Code, policies.Warning, x.Hint, "%s", x.Message)
		}
	}
	return nil
}
