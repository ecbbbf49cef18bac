package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// policies compiles one permissive policy per action and form, and one for the maintenance roles. The first form serves
// everybody; where it is the only one it is TO the roles of all.
func (g *compiler) policies(r resource, shapes []form) {
	all := func(branches []string) string { return orLines(branches, "        ") }
	if roles := g.maintenance(); roles != "" {
		g.policy(r.table, r.name(), r.name()+"_all_maintenance", "ALL", roles, "true", "true")
	}
	named := func(action string, f form) string {
		if f == anyForm {
			return r.name() + "_" + action
		}
		return r.name() + "_" + action + "_" + string(f)
	}
	// New rows have no index at stake, and some forms check them alike: those share a policy.
	var checks []string
	first, to := map[string]form{}, map[string][]string{}
	for _, f := range shapes {
		check := all(g.creates(f, r))
		if _, known := first[check]; !known {
			checks, first[check] = append(checks, check), f
		}
		to[check] = append(to[check], f.role())
	}
	for _, check := range checks {
		roles := strings.Join(to[check], ", ")
		if len(shapes) == 1 {
			roles = g.everyForm()
		}
		g.policy(r.table, r.name(), named(policies.ActionCreate, first[check]), "INSERT", roles, "", check)
	}
	for _, a := range []struct{ action, command string }{
		{policies.ActionRead, "SELECT"}, {policies.ActionUpdate, "UPDATE"}, {policies.ActionDelete, "DELETE"},
	} {
		check := func(f form) string {
			if a.action != policies.ActionUpdate {
				return ""
			}
			return all(g.updates(f, r))
		}
		if len(shapes) == 1 || len(g.owners(anyForm, false, r, a.action, g.scope(r, a.action), "")) == 0 {
			g.policy(r.table, r.name(), named(a.action, anyForm), a.command, g.everyForm(), all(g.admits(anyForm, r, a.action, "")), check(anyForm))
			continue
		}
		for _, f := range shapes {
			shape := f
			if f == middleForm && a.action != policies.ActionRead {
				shape = wideForm // the policy of read stands beside it in almost every write, and brings the index
			}
			g.policy(r.table, r.name(), named(a.action, f), a.command, f.role(), all(g.admits(shape, r, a.action, "")), check(f))
		}
	}
}

// scope is how far an action on existing rows reaches.
func (g *compiler) scope(r resource, action string) policies.Scope {
	if action == policies.ActionUpdate || action == policies.ActionDelete {
		return r.WriteScope
	}
	return policies.ScopeVisible
}

// forms returns the forms that the model wants.
func (g *compiler) forms() []form {
	if g.model.Database.Plans == policies.PlansOne {
		return forms[:1]
	}
	return forms
}

// everyForm returns the roles of all forms as a list for TO.
func (g *compiler) everyForm() string {
	var out []string
	for _, f := range g.forms() {
		out = append(out, f.role())
	}
	return strings.Join(out, ", ")
}

// maintenance returns the maintenance roles as a list for TO.
func (g *compiler) maintenance() string {
	var out []string
	for _, r := range g.model.Database.MaintenanceRoles {
		out = append(out, policies.Ident(r.Value))
	}
	return strings.Join(out, ", ")
}

func (g *compiler) policy(t *policies.Table, resource, name, command, to, using, check string) {
	table := tableSQL(t.Schema, t.Name)
	shape, clauses := command, " TO "+to
	if using != "" {
		shape += " USING"
		clauses += fmt.Sprintf("\n    USING (\n        %s\n    )", using)
	}
	if check != "" {
		shape += " CHECK"
		clauses += fmt.Sprintf("\n    WITH CHECK (\n        %s\n    )", check)
	}
	g.add(policies.Object{
		Kind: policies.KindPolicy, Name: policies.Identity(t.Schema, t.Name, name), Title: fmt.Sprintf("policy %s on %s", policies.Ident(name), table),
		Resource: resource, Table: table, Shape: shape,
		Create:  fmt.Sprintf("CREATE POLICY %s ON %s AS PERMISSIVE FOR %s%s;", policies.Ident(name), table, command, clauses),
		Replace: fmt.Sprintf("ALTER POLICY %s ON %s%s;", policies.Ident(name), table, clauses),
		Drop:    fmt.Sprintf("DROP POLICY IF EXISTS %s ON %s;", policies.Ident(name), table),
		AsOwner: t.Schema == "rls",
	})
}

// graphPolicies lets rls_owner read the tables of the graph where row security filters them, and lock their rows. Without it a helper that
// reads a protected table would be filtered by the policy that calls it.
func (g *compiler) graphPolicies() {
	tables := g.graphTables()
	for _, own := range []policies.TableName{{Schema: "rls", Name: "user"}, {Schema: "rls", Name: "group"}, {Schema: "rls", Name: "group_member"}} {
		tables = append(tables, graphTable{schema: own.Schema, name: own.Name})
	}
	for _, gt := range tables {
		t := g.catalog.Table(gt.schema, gt.name)
		i := slices.IndexFunc(g.resources, func(r resource) bool { return t != nil && r.table.Schema == t.Schema && r.table.Name == t.Name })
		if t == nil || (i < 0 && !t.RowSecurity) {
			continue
		}
		name, resource := "rls_read_graph", ""
		if i >= 0 {
			resource = g.resources[i].name()
			name = resource + "_read_graph"
		}
		command, check := "SELECT", ""
		if gt.schema == "rls" { // the kernel's own tables are also written by their owner
			name, command, check = strings.Replace(name, "_read_", "_all_", 1), "ALL", "true"
		}
		g.policy(t, resource, name, command, "rls_owner", "true", check)
		if command == "SELECT" && g.locks(t) { // a row is locked where it could be updated
			g.policy(t, resource, strings.Replace(name, "_read_", "_lock_", 1), "UPDATE", "rls_owner", "true", "false")
		}
	}
}

// objects compiles the question which of some objects admit an action. It runs as the caller over the table itself
// and repeats the predicates of the policies, so that it is as strict for a caller whom no policy filters.
func (g *compiler) objects(r resource) {
	if len(r.keys) == 0 {
		return
	}
	var cases []string
	for _, a := range r.actions() {
		if a == policies.ActionCreate {
			continue
		}
		cases = append(cases, fmt.Sprintf("WHEN %s THEN (\n              %s)", policies.Literal(a),
			orLines(g.admits(anyForm, r, a, "t."), "              ")))
	}
	join := ""
	if len(r.keys) == 1 {
		join = fmt.Sprintf("JOIN %s AS t ON %s", tableSQL(r.table.Schema, r.table.Name), keyMatch(r.keys[0], "k.key"))
	} else {
		var on []string
		for i, k := range r.keys {
			on = append(on, keyMatch(k, fmt.Sprintf("p.parts[%d]", i+1)))
		}
		join = fmt.Sprintf("CROSS JOIN LATERAL rls.key_parts(k.key, %d) AS p(parts)\n        JOIN %s AS t ON %s",
			len(r.keys), tableSQL(r.table.Schema, r.table.Name), strings.Join(on, " AND "))
	}
	g.function(function{
		name: "objects_" + r.name(),
		comment: fmt.Sprintf("Which of some objects of %s admit an action, by the predicates of its policies.\n"+
			"A key that is malformed is a key that does not exist.", r.name()),
		args: "action text, keys text[]", argTypes: "text, text[]", returns: "text[]", parallel: "UNSAFE", client: true,
		body: fmt.Sprintf("BEGIN\n    RETURN ARRAY(\n        SELECT k.key FROM unnest($2) AS k(key)\n        %s\n        WHERE CASE $1\n          %s\n        END);\nEND",
			join, strings.Join(cases, "\n          ")),
	}, r.name())
}

// keyMatch compares a key column with its text. Types without a reader of their own are compared as text, which finds
// the row without an index.
func keyMatch(c column, text string) string {
	if isCitext(c.typ) {
		return fmt.Sprintf("%s %s %s::%s", col(c.name), citextEquals(c.typ), text, c.typ)
	}
	if k, err := newKeyType(policies.Column{Type: c.typ}); err == nil {
		return fmt.Sprintf("%s = %s(%s)", col(c.name), k.from, text)
	}
	return fmt.Sprintf("%s::text = %s", col(c.name), text)
}

// handOver compiles the trigger that compares the owners of a row before and after, where policies cannot.
// After the row, because a later BEFORE trigger could change what was checked, and in some tables before it as well.
func (g *compiler) handOver(r resource) {
	if !handOverNeedsTrigger(r) && !g.updatedByService(r) {
		return
	}
	// A foreign key that cascades writes as the table's owner, and from PostgreSQL 18 on its trigger runs as the owner
	// too. Not whoever has no policy of ours: a client can drop its role in the middle of a statement.
	filtered, owned := "row_security_active(TG_RELID)", "pg_has_role(current_user, (SELECT c.relowner FROM pg_class AS c WHERE c.oid = TG_RELID), 'USAGE')"
	if r.moves() { // a new partition has the trigger before it has policies
		filtered = "row_security_active(pg_partition_root(TG_RELID))"
		owned = "EXISTS (SELECT FROM pg_class AS c WHERE c.oid IN (TG_RELID, pg_partition_root(TG_RELID)) AND pg_has_role(current_user, c.relowner, 'USAGE'))"
	}
	exempt := fmt.Sprintf("NOT %s\n        OR (%s\n            AND NOT pg_has_role(current_user, 'rls_client', 'USAGE'))", filtered, owned)
	for _, m := range g.model.Database.MaintenanceRoles {
		exempt += fmt.Sprintf("\n        OR pg_has_role(current_user, %s, 'USAGE')", policies.Literal(m.Value))
	}
	name := "hand_over_" + r.name()
	g.function(function{
		name: name,
		comment: fmt.Sprintf("Refuses to hand a row of %s to an owner whom the principal may not name.\n"+
			"STABLE, so that it judges by the graph from before the statement: a row of the graph must not admit itself.\n"+
			"Whoever is not filtered by row security passes, and so do maintenance roles and the table's owner.", r.name()),
		returns: "trigger", parallel: "UNSAFE", client: true,
		body: fmt.Sprintf("BEGIN\n    IF %s THEN\n        RETURN NEW;\n    END IF;\n    IF (%s) AND NOT rls.passes_owners(NULL, %s, false) THEN\n"+
			"        RAISE EXCEPTION 'a row of resource \"%%\" would go to an owner out of reach', %s\n"+
			"            USING ERRCODE = '42501', HINT = 'Name an owner whom the owner check of the resource admits.';\n    END IF;\n    RETURN NEW;\nEND",
			exempt, strings.Join(g.outOfReach(r), "\n        OR "), policies.Literal(r.name()), policies.Literal(r.name())),
	}, r.name())
	var columns []string
	for _, o := range r.Owners {
		columns = append(columns, policies.Ident(o.Column.Value))
	}
	tables := []resource{r}
	if !r.moves() { // partitions have the triggers of their root, those of tomorrow too
		for _, p := range r.parts {
			tables = append(tables, r.part(p))
		}
	}
	for _, t := range tables {
		g.handOverTrigger(t, "rls_hand_over", "AFTER", name, columns)
		// A row that moves is deleted here and inserted there: the last of the BEFORE triggers sees what comes of it. And what a
		// row that decides would admit must not be seen in the statement that is refused.
		if r.moves() || g.isGraph(r.table) {
			g.handOverTrigger(t, "~rls_hand_over", "BEFORE", name, columns)
		}
	}
}

// outOfReach returns a condition for each owner: that an update changes it to somebody whom the principal may not name.
func (g *compiler) outOfReach(r resource) (out []string) {
	for _, o := range r.Owners {
		name := policies.Ident(o.Column.Value)
		// NULL is tested by itself: beside an empty array it would be "<> ALL".
		k, admitted := g.holder(o)
		admitted += fmt.Sprintf("(%s)", arguments(r, policies.ActionUpdate, checkScope(r), false))
		if o.Group {
			k, admitted = g.groupKey, fmt.Sprintf("rls.admitted_groups('update', %s, false)", policies.Literal(r.name()))
		}
		out = append(out, fmt.Sprintf("(%s IS DISTINCT FROM %s AND NEW.%s IS NOT NULL AND %s)", k.held("NEW."+name), k.held("OLD."+name), name, k.notAmong("NEW."+name, admitted)))
	}
	return out
}

// isGraph reports whether who sees whom or who is a member is read from a table.
func (g *compiler) isGraph(t *policies.Table) bool {
	return t.Schema == "rls" || slices.ContainsFunc(g.graphTables(), func(o graphTable) bool { return o.schema == t.Schema && o.name == t.Name })
}

func (g *compiler) handOverTrigger(r resource, name, when, function string, columns []string) {
	table := tableSQL(r.table.Schema, r.table.Name)
	g.add(policies.Object{
		Kind: policies.KindTrigger, Name: policies.Identity(r.table.Schema, r.table.Name, name),
		Title: fmt.Sprintf("trigger %s on %s", name, table), Resource: r.name(), Table: table, AsOwner: r.table.Schema == "rls",
		Create: fmt.Sprintf("CREATE TRIGGER %s\n    %s UPDATE ON %s\n    FOR EACH ROW WHEN (%s)\n    EXECUTE FUNCTION rls.%s();",
			policies.Ident(name), when, table, changed(columns), function),
		Drop: fmt.Sprintf("DROP TRIGGER IF EXISTS %s ON %s;", policies.Ident(name), table),
	})
}

// checkScope is the scope of a changed owner: never wider than visible, because a row handed out of sight is refused.
func checkScope(r resource) policies.Scope {
	if r.OwnerCheck == policies.ScopeSelf {
		return policies.ScopeSelf
	}
	return policies.ScopeVisible
}

func changed(columns []string) string {
	var out []string
	for _, c := range columns {
		out = append(out, fmt.Sprintf("NEW.%s IS DISTINCT FROM OLD.%s", c, c))
	}
	return strings.Join(out, " OR ")
}

// narrow takes from clients and PUBLIC the table privileges that row security does not filter. Where they hold none nothing
// is done: a REVOKE would write the table's privileges out where they are the default ones.
func (g *compiler) narrow(t *policies.Table, resource string) {
	unfiltered := []string{"TRUNCATE", "REFERENCES", "TRIGGER"}
	if g.catalog.ServerVersion >= 170000 {
		unfiltered = append(unfiltered, "MAINTAIN")
	}
	from, grantees := []string{"PUBLIC"}, []string{"0"}
	client := func(name string) bool {
		return slices.ContainsFunc(g.model.Database.ClientRoles, func(c policies.Text) bool { return c.Value == name })
	}
	for _, c := range g.model.Database.ClientRoles {
		from = append(from, policies.Ident(c.Value))
		grantees = append(grantees, fmt.Sprintf("to_regrole(%s)", policies.Literal(policies.Ident(c.Value))))
	}
	table := tableSQL(t.Schema, t.Name)
	var undo []string
	// Taking REFERENCES of a table takes it of each column.
	for _, p := range slices.Concat(t.Privileges, t.References) {
		if !slices.Contains(unfiltered, p.Privilege) || (p.Grantee != "" && !client(p.Grantee)) {
			continue
		}
		what, to := p.Privilege, "PUBLIC"
		if p.Column != "" {
			what += " (" + policies.Ident(p.Column) + ")"
		}
		if p.Grantee != "" {
			to = policies.Ident(p.Grantee)
		}
		if p.Grantable {
			to += " WITH GRANT OPTION"
		}
		undo = append(undo, fmt.Sprintf("GRANT %s ON %s TO %s;", what, table, to))
	}
	slices.Sort(undo) // a catalog has them in the order in which the roles were made
	list := "'" + strings.Join(unfiltered, "', '") + "'"
	g.add(policies.Object{
		Kind: policies.KindPrivilege, Name: policies.Identity("narrowed", t.Schema, t.Name), Resource: resource, Table: table,
		Title: fmt.Sprintf("no %s on %s for clients", strings.Join(unfiltered, ", "), table),
		Create: do(fmt.Sprintf("BEGIN\n    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x\n"+
			"            WHERE c.oid = to_regclass(%[1]s) AND x.grantee IN (%[2]s) AND x.privilege_type IN (%[3]s))\n"+
			"        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x\n"+
			"            WHERE a.attrelid = to_regclass(%[1]s) AND x.grantee IN (%[2]s) AND x.privilege_type = 'REFERENCES') THEN\n"+
			"        REVOKE %[4]s ON %[5]s FROM %[6]s;\n    END IF;\nEND",
			policies.Literal(table), strings.Join(grantees, ", "), list, strings.Join(unfiltered, ", "), table, strings.Join(from, ", "))),
		Drop: strings.Join(undo, "\n"), AsOwner: t.Schema == "rls",
	})
}

// rowSecurity switches filtering on, for the table's owner too. It comes after the policies, so that no moment is open.
func (g *compiler) rowSecurity(r resource) {
	table := tableSQL(r.table.Schema, r.table.Name)
	var undo []string
	if !r.table.ForceRow {
		undo = append(undo, fmt.Sprintf("ALTER TABLE %s NO FORCE ROW LEVEL SECURITY;", table))
	}
	if !r.table.RowSecurity {
		undo = append(undo, fmt.Sprintf("ALTER TABLE %s DISABLE ROW LEVEL SECURITY;", table))
	}
	g.add(policies.Object{
		Kind: policies.KindRowSecurity, Name: policies.Identity(r.table.Schema, r.table.Name), Resource: r.name(), Table: table,
		Title:  "row security on " + table,
		Create: fmt.Sprintf("ALTER TABLE %s ENABLE ROW LEVEL SECURITY;\nALTER TABLE %s FORCE ROW LEVEL SECURITY;", table, table),
		Drop:   strings.Join(undo, "\n"), AsOwner: r.table.Schema == "rls",
	})
}
