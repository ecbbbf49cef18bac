package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// "Every column that the model reads to decide is one. A principal that is not superuser changes it only through the
// delegation functions, a declared transition, or the owner rules; by trigger, also where the table is no resource."
// Row triggers before the row is written, because what runs in the same statement (RETURNING, the SET of the next row) would
// see with the changed rights; their names begin with "~", which sorts last. And after the row, because a later BEFORE
// trigger could change what was checked. Their functions are STABLE: they judge by the graph from before the statement, so
// that nobody becomes a superuser in the statement that asks for it.

// guarded is a table that decides about access, with what is refused to whoever is no superuser.
type guarded struct {
	name   string // of the trigger function
	table  policies.TableName
	read   []string // columns that an update has to change before anything is asked
	update []string // branches of a CASE that gives the name of the column, or '' for the row itself
	insert []string
	over   []string // of an insert over a row that is there, which is an update of it or an error; none: judged as any insert
	remove []string
	reach  []string // of a delete where a foreign key cascades
}

// authority compiles the guards of the columns that decide.
func (g *compiler) authority() {
	if !g.model.Users.Guarded() {
		return
	}
	g.existence()
	var tables []*guarded
	at := func(name string, t policies.TableName) *guarded {
		for _, have := range tables {
			if have.table.Schema == t.Schema && have.table.Name == t.Name {
				return have
			}
		}
		tables = append(tables, &guarded{name: name, table: t})
		return tables[len(tables)-1]
	}
	u := g.model.Users
	g.guardUsers(at("guard_users", u.Table))
	n := 0
	for _, e := range u.Sees {
		if !e.Table.IsZero() {
			n++
			g.guardPairs(at(fmt.Sprintf("guard_pairs_%d", n), e.Table), e.Table, column{e.Viewer.Value, "user"}, column{e.Seen.Value, "user"})
		}
	}
	if g.hasGroups() {
		s := g.model.Groups
		g.guardGroups(at("guard_groups", s.Table))
		g.guardPairs(at("guard_members", s.Members.Table), s.Members.Table, column{s.Members.Group.Value, "group"}, column{s.Members.User.Value, "user"}, s.Members.From, s.Members.Until)
	}
	for _, t := range tables {
		g.guard(*t)
	}
}

// existence compiles the questions whether a user or group is still there, asked while rows are deleted.
func (g *compiler) existence() {
	ask := func(name, view, what string, k keyType) {
		g.function(function{
			name: name, comment: "Whether there is such a " + what + " at this very moment, in the middle of a statement too. Called by the guards alone.",
			args: "id " + k.sql, argTypes: k.sql, returns: "boolean", volatile: "VOLATILE", parallel: "UNSAFE",
			body: fmt.Sprintf("BEGIN\n    RETURN EXISTS (SELECT FROM rls.%s AS x WHERE x.id = $1);\nEND", view),
		}, "")
	}
	ask("user_exists", "user_row", "user", g.userKey)
	if g.hasGroups() {
		ask("group_exists", "group_row", "group", g.groupKey)
	}
}

// resourceOf returns the resource that protects a table, or nil.
func (g *compiler) resourceOf(t policies.TableName) *resource {
	for i := range g.resources {
		if r := &g.resources[i]; r.table.Schema == t.Schema && r.table.Name == t.Name {
			return r
		}
	}
	return nil
}

// ownerRules reports whether a column of t is an owner whom the resource checks: then its policies and its hand-over
// decide. An owner check of "any" checks nobody.
func (g *compiler) ownerRules(t policies.TableName, name string, group bool) bool {
	r := g.resourceOf(t)
	return r != nil && r.OwnerCheck != policies.ScopeAny && slices.ContainsFunc(r.Owners, func(o policies.Owner) bool {
		return o.Column.Value == name && o.Group == group
	})
}

func (t *guarded) branch(list *[]string, condition, name string) {
	*list = append(*list, fmt.Sprintf("WHEN %s THEN %s", condition, policies.Literal(name)))
}

// keep refuses each change of a column.
func (g *compiler) keep(t *guarded, names ...string) {
	for _, n := range names {
		if n == "" || slices.Contains(t.read, n) {
			continue
		}
		t.read = append(t.read, n)
		t.branch(&t.update, g.differs(t.table, n), n)
	}
}

// differs is true of a row whose column has another value than before: another text, where different ones can be equal,
// and another image, where values cannot be compared.
func (g *compiler) differs(t policies.TableName, name string) string {
	return g.differsFrom(t, name, "OLD")
}

func (g *compiler) differsFrom(t policies.TableName, name, row string) string {
	c := policies.Ident(name)
	column := policies.Column{Type: "text"}
	if table := g.catalog.Table(t.Schema, t.Name); table != nil && table.Column(name) != nil {
		column = *table.Column(name)
	}
	if plain(column) {
		return fmt.Sprintf("NEW.%[1]s IS DISTINCT FROM %[2]s.%[1]s", c, row)
	}
	return fmt.Sprintf("ROW(NEW.%[1]s)::record OPERATOR(pg_catalog.*<>) ROW(%[2]s.%[1]s)::record", c, row)
}

// plain reports whether values of a column are equal where they are the same, by an operator of the server.
func plain(c policies.Column) bool {
	switch c.Type {
	case "smallint", "integer", "bigint", "uuid", "boolean", "date", "text", "character varying", "timestamp without time zone", "timestamp with time zone":
		return !c.Loose
	}
	return false
}

// equals is the operator that a unique key over a column compares with; "" where it is not known.
func equals(c policies.Column) string {
	switch {
	case plain(c):
		return "="
	case isCitext(c.Type):
		return citextEquals(c.Type)
	}
	return ""
}

// keepValue refuses changes of what an expression says: of its value where that depends on one column alone, else of each
// of its columns. With several, or with the clock, a change that does not matter now may matter later.
func (g *compiler) keepValue(t *guarded, e policies.Expression) {
	if !g.comparable(t.table, e) {
		g.keep(t, e.Columns...)
		return
	}
	name := e.Columns[0]
	if slices.Contains(t.read, name) {
		return // whatever it becomes
	}
	t.read = append(t.read, name)
	t.branch(&t.update, fmt.Sprintf("%s IS DISTINCT FROM %s", valueOf(e, "NEW"), valueOf(e, "OLD")), name)
}

// comparable reports whether the value of an expression tells all: it reads one column, and depends on nothing that a
// session can set or that passes.
func (g *compiler) comparable(t policies.TableName, e policies.Expression) bool {
	if len(e.Columns) != 1 || strings.Contains(e.Compiled, "CAST(") || strings.Contains(e.Compiled, "pg_catalog.") || strings.Contains(e.Compiled, "rls.") {
		return false
	}
	c := col(e.Columns[0])
	if e.Compiled == "("+c+" IS NULL)" || e.Compiled == "("+c+" IS NOT NULL)" {
		return true
	}
	typ := g.typeOf(t, e.Columns[0], t.Schema == "rls")
	return !strings.HasPrefix(typ.Type, "time") && typ.Type != "date" && typ.Type != "interval"
}

// valueOf is the value of an expression over the row before or after.
func valueOf(e policies.Expression, row string) string {
	return fmt.Sprintf("(SELECT (%s) IS TRUE FROM (SELECT %s.*) AS t)", judged(e), row)
}

// passes reports whether the value of an expression changes by itself as time goes by.
func passes(e policies.Expression) bool {
	return strings.Contains(e.Compiled, "pg_catalog.clock_timestamp()") || strings.Contains(e.Compiled, "rls.")
}

func (g *compiler) generated(t policies.TableName, name string) bool {
	table := g.catalog.Table(t.Schema, t.Name)
	if table == nil {
		return false
	}
	c := table.Column(name)
	return c != nil && c.Generated
}

// guardUsers: a new user may have no more than the plain authority of a user, and stand below whom the principal sees.
func (g *compiler) guardUsers(t *guarded) {
	u := g.model.Users
	g.keep(t, u.Key.Value, u.Login.Value, u.Subject.Value)
	for _, k := range g.second { // by which rows are owned
		g.keep(t, k.column)
	}
	for _, e := range u.Sees {
		if !e.Table.IsZero() || g.ownerRules(u.Table, e.Column.Value, false) {
			continue
		}
		g.keep(t, e.Column.Value)
		t.branch(&t.insert, g.unseen(e.Column.Value, u.Table, u.Kernel), e.Column.Value)
		g.keepGiven(t, e.Column.Value)
	}
	for _, e := range []policies.Expression{u.Superuser, u.Staff} {
		g.keepValue(t, e)
		if len(e.Columns) == 0 {
			continue
		}
		t.branch(&t.insert, valueOf(e, "NEW"), e.Columns[0])
		t.branch(&t.over, valueOf(e, "NEW")+" AND NOT "+valueOf(e, "there"), e.Columns[0])
		if passes(e) { // not yet, but one day
			for _, c := range e.Columns {
				t.branch(&t.insert, "NEW."+policies.Ident(c)+" IS NOT NULL", c)
				g.keepGiven(t, c)
			}
		}
	}
	g.keepValue(t, u.Active)
	g.hide(t)
	key := g.userKey.as("NEW."+policies.Ident(u.Key.Value), g.typeOf(u.Table, u.Key.Value, u.Kernel))
	named := named("user", "("+key+")::text") +
		fmt.Sprintf("\n            OR EXISTS (SELECT FROM rls.login AS l WHERE l.principal = (%[1]s)::text)"+
			"\n            OR EXISTS (SELECT FROM rls.impersonation AS i WHERE i.principal = (%[1]s)::text)"+
			"\n            OR EXISTS (SELECT FROM rls.edge AS e WHERE e.viewer = %[1]s)", key)
	if g.hasGroups() {
		named += fmt.Sprintf("\n            OR EXISTS (SELECT FROM rls.membership AS m WHERE m.user_id = %s)", key)
	}
	t.branch(&t.insert, named, u.Key.Value)
	g.leave(t)
}

// named is true of a key that grants name already, of somebody who was there before.
func named(kind, key string) string {
	return fmt.Sprintf("EXISTS (\n                SELECT FROM rls.resource AS r CROSS JOIN LATERAL unnest(r.actions) AS a(action)\n"+
		"                JOIN rls.\"grant\" AS g ON g.resource = r.name AND g.action = a.action AND g.grantee = %s || %s)", policies.Literal(kind+":"), key)
}

// unseen is true of a new row that names, in a column, a user whom the principal does not see.
func (g *compiler) unseen(name string, t policies.TableName, kernel bool) string {
	c := "NEW." + policies.Ident(name)
	return fmt.Sprintf("%s IS NOT NULL AND (who.kind <> 'user' OR NOT EXISTS (SELECT FROM rls.seen_by(%s(who.key)) AS s WHERE s.id = %s))",
		c, g.userKey.from, g.userKey.as(c, g.typeOf(t, name, kernel)))
}

// guardGroups: a new group has no members yet, and the principal or somebody in sight as its creator.
func (g *compiler) guardGroups(t *guarded) {
	s := g.model.Groups
	kernel := s.Kind == policies.GroupsKernel
	g.keep(t, s.Key.Value, s.Name.Value)
	if !s.Creator.IsZero() && !g.ownerRules(s.Table, s.Creator.Value, false) {
		g.keep(t, s.Creator.Value)
		t.branch(&t.insert, g.unseen(s.Creator.Value, s.Table, kernel), s.Creator.Value)
		g.keepGiven(t, s.Creator.Value)
	}
	for _, e := range []policies.Expression{s.ShareMembersVisibility, s.ShareCreatorVisibility} {
		g.keepValue(t, e)
		if len(e.Columns) > 0 {
			t.branch(&t.over, valueOf(e, "NEW")+" AND NOT "+valueOf(e, "there"), e.Columns[0])
		}
	}
	g.hide(t)
	key := g.groupKey.as("NEW."+policies.Ident(s.Key.Value), g.typeOf(s.Table, s.Key.Value, kernel))
	t.branch(&t.insert, named("group", "("+key+")::text")+
		fmt.Sprintf("\n            OR EXISTS (SELECT FROM rls.membership AS m WHERE m.group_id = %s)", key), s.Key.Value)
	g.leave(t)
}

// keepGiven refuses an insert over a row that is there and has another value in a column, unless it gives none.
func (g *compiler) keepGiven(t *guarded, name string) {
	t.branch(&t.over, "NEW."+policies.Ident(name)+" IS NOT NULL AND "+g.differsFrom(t.table, name, "there"), name)
}

// hide holds an insert over a row of a resource to what any insert may hold as well: the row may be hidden, and whether
// another value is refused would tell what it holds.
func (g *compiler) hide(t *guarded) {
	if g.resourceOf(t.table) != nil {
		t.over = slices.Concat(t.insert, t.over)
	}
}

// leave refuses to delete users or groups: by a foreign key alone where they are a resource, whose policies a cascade
// does not ask.
func (g *compiler) leave(t *guarded) {
	if g.resourceOf(t.table) == nil {
		t.branch(&t.remove, "true", "")
	} else {
		t.branch(&t.reach, "stack IS NOT NULL", "")
	}
}

// guardPairs: a row of a table of pairs or memberships is authority as a whole, unless both of its columns are owners: then
// its window alone is, which no owner check judges. A row whose user or group is gone says nothing any more. The type of a
// column is whom it names.
func (g *compiler) guardPairs(t *guarded, table policies.TableName, a, b column, windows ...policies.Text) {
	owned := g.ownerRules(table, a.name, a.typ == "group") && g.ownerRules(table, b.name, b.typ == "group")
	if !owned {
		g.keep(t, a.name, b.name)
	}
	for _, w := range windows {
		g.keep(t, w.Value)
	}
	if owned {
		return
	}
	t.branch(&t.insert, "true", "")
	if g.resourceOf(table) == nil {
		for _, c := range t.read {
			t.branch(&t.over, g.differsFrom(table, c, "there"), c)
		}
	}
	var there []string
	for _, c := range []column{a, b} {
		k := g.userKey
		if c.typ == "group" {
			k = g.groupKey
		}
		there = append(there, fmt.Sprintf("rls.%s_exists(%s)", c.typ, k.as("OLD."+policies.Ident(c.name), g.typeOf(table, c.name, table.Schema == "rls"))))
	}
	t.branch(&t.remove, strings.Join(there, " AND "), "")
}
