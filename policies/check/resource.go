package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// resources checks each protected table.
func (k *checker) resources() {
	for _, r := range k.model.Resources {
		t := k.table(r.Table)
		if t == nil {
			continue
		}
		k.parts(r, t)
		k.resourceKey(r, t)
		k.owners(r, t)
		k.tableOwner(r, t)
		k.leaky(r, t)
		k.overSubSelects(r, t)
		k.byHand(r, t)
		k.cascades(r, t)
	}
}

// cascades warns of foreign keys that delete or change rows of a resource whoever causes it, until the model says what they may do.
func (k *checker) cascades(r policies.Resource, t *policies.Table) {
	if !r.Cascades.IsZero() {
		return
	}
	for _, f := range k.catalog.Cascades(t) {
		k.warn(r.Table.Pos, CodeCascade, f.String(), fmt.Sprintf("write \"cascades: refuse\" into resource %q to have such rows judged as if they were named, or \"cascades: allow\" to leave it", r.Name.Value))
	}
}

// resourceKey checks what names one object.
func (k *checker) resourceKey(r policies.Resource, t *policies.Table) {
	if len(r.Key) == 0 {
		if len(t.PrimaryKey) == 0 {
			k.warn(r.Table.Pos, CodeNoKey, fmt.Sprintf("table %q of resource %q has no primary key: questions about one object will not work", r.Table, r.Name.Value),
				"add a primary key, or name unique columns as \"key\"")
		}
		return
	}
	var names []string
	for _, c := range r.Key {
		if k.columnOf(t, c, resource(r)) == nil {
			return
		}
		names = append(names, c.Value)
	}
	if !unique(t, names...) {
		k.warn(r.Key[0].Pos, CodeLooseKey, fmt.Sprintf("key (%s) of resource %q is not unique", strings.Join(names, ", "), r.Name.Value),
			"name the columns of a primary key or of a unique constraint")
	}
	for _, c := range r.Key {
		if !notNull(t, c.Value) {
			k.warn(c.Pos, CodeLooseKey, fmt.Sprintf("key column %q of resource %q may be null", c.Value, r.Name.Value),
				fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET NOT NULL;", r.Table, policies.Ident(c.Value)))
		}
	}
}

func resource(r policies.Resource) string { return fmt.Sprintf("resource %q", r.Name.Value) }

// withoutOwner warns of resources that only superusers will see rows of.
func (k *checker) withoutOwner() {
	for _, r := range k.model.Resources {
		if len(r.Owners) == 0 && !k.served(r) {
			k.warn(r.Name.Pos, CodeNoOwner, fmt.Sprintf("resource %q has no owner: only superusers will see rows of it", r.Name.Value),
				"name the column of the user whose row it is as \"owner\"")
		}
		for _, o := range r.Owners {
			if o.Group && k.model.Groups.Kind == policies.GroupsNone {
				k.fail(o.Column.Pos, CodeNoGroups, fmt.Sprintf("owner %q is a group, but the model has no groups", o.Column.Value),
					"add \"groups\", or name the column of a user")
			}
		}
	}
}

// owners checks that owner columns hold the key of a user or group, and not of something else.
func (k *checker) owners(r policies.Resource, t *policies.Table) {
	for _, o := range r.Owners {
		col := k.columnOf(t, o.Column, resource(r))
		if col == nil {
			continue
		}
		if col.Generated && k.decides(r.Table) {
			k.fail(o.Column.Pos, CodeComputedOwner, fmt.Sprintf("owner %q of %s is computed, and its table decides about access: no trigger before the row can judge it", o.Column.Value, resource(r)),
				"name a column that is not generated")
		}
		key, who := k.userKey(), "users"
		if o.Group {
			key, who = k.groupKey(), "groups"
			if k.model.Groups.Kind == policies.GroupsNone {
				continue // reported
			}
		} else if by := o.SecondKey(k.model.Users, t); by != "" && key.table.Name != "" {
			if key = k.secondKey(o, by); !key.known() {
				continue // reported
			}
		}
		if key.known() && !k.typeFits(o.Column, col, key) {
			continue
		}
		k.collation(t, o.Column)
		if key.typ != "" {
			k.refersTo(r, t, o.Column, key, who)
		}
		k.indexed(t, o.Column)
	}
}

// decides reports whether who sees whom, or who is a member, is read from a table.
func (k *checker) decides(t policies.TableName) bool {
	m := k.model
	same := func(o policies.TableName) bool { return o.Schema == t.Schema && o.Name == t.Name }
	return same(m.Users.Table) || same(m.Groups.Table) || same(m.Groups.Members.Table) ||
		slices.ContainsFunc(m.Users.Sees, func(e policies.Edge) bool { return same(e.Table) })
}

// leaky warns of indexes that no client's condition can use: beside a policy PostgreSQL asks operators that may tell of
// hidden rows only about rows that have passed.
func (k *checker) leaky(r policies.Resource, t *policies.Table) {
	for _, c := range t.Columns {
		if !c.Leaky || !leads(t, c.Name) {
			continue
		}
		instead := "index a generated column of type text, bigint, uuid or timestamp with time zone, and compare that"
		if family(c.Type) == "citext" {
			instead = fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s text GENERATED ALWAYS AS (lower(%s::text)) STORED; index that, and compare it with lower(...)",
				tableName(t), policies.Ident(c.Name+"_lower"), policies.Ident(c.Name))
		}
		k.warn(r.Table.Pos, CodeLeakyOperator, fmt.Sprintf("clients cannot use the index on column %q of %q: type %s compares by functions that are not leakproof", c.Name, tableName(t), c.Type),
			instead)
	}
}

// overSubSelects warns of views whose condition on the table cannot use an index, since a function stands over the result
// of a sub-select: see CVE-2026-116327.
func (k *checker) overSubSelects(r policies.Resource, t *policies.Table) {
	for _, v := range k.catalog.Readers {
		if v.OverSubSelect && slices.Contains(v.Reads, policies.Identity(t.Schema, t.Name)) {
			k.warn(r.Table.Pos, CodeLeakyOperator, fmt.Sprintf("view %s compares a column with a function of a sub-select, and uses no index on %q for that", v.Title, tableName(t)),
				"move the cast or the arithmetic into the sub-select: n = (SELECT '7'::integer)")
		}
	}
}

func (k *checker) refersTo(r policies.Resource, t *policies.Table, c policies.Text, key keyed, who string) {
	if same(r.Table, key.table) && c.Value == key.column {
		return // the row of a user is that user's
	}
	if k.leadsTo(t, c.Value, key, 0) {
		return
	}
	what := "the key of " + who
	if who == "users" && key.column != k.model.Users.Key.Value {
		what = fmt.Sprintf("column %q of users", key.column)
	}
	constraint := fmt.Sprintf("ALTER TABLE %s ADD FOREIGN KEY (%s) REFERENCES %s (%s);", r.Table, policies.Ident(c.Value), key.table, policies.Ident(key.column))
	for _, f := range t.ForeignKeys {
		if len(f.Columns) == 1 && len(f.RefColumns) == 1 && f.Columns[0] == c.Value {
			k.fail(c.Pos, CodeOwner, fmt.Sprintf("owner %q of resource %q refers to column %q of %q, not to %s",
				c.Value, r.Name.Value, f.RefColumns[0], policies.TableName{Schema: f.RefSchema, Name: f.RefTable}, what),
				fmt.Sprintf("name a column that refers to %q of %q", key.column, key.table))
			return
		}
	}
	if len(t.PrimaryKey) == 1 && t.PrimaryKey[0] == c.Value {
		k.fail(c.Pos, CodeOwner, fmt.Sprintf("owner %q of resource %q is the key of the row itself, not of its owner", c.Value, r.Name.Value),
			fmt.Sprintf("name a column that refers to %q of %q", key.column, key.table))
		return
	}
	k.warn(c.Pos, CodeOwnerUnbound, fmt.Sprintf("owner %q of resource %q has no foreign key to %s", c.Value, r.Name.Value, who), constraint)
}

// leadsTo reports whether every value of a column is a key: by a foreign key to it, or by one to a column of which
// the same is true.
func (k *checker) leadsTo(t *policies.Table, column string, key keyed, depth int) bool {
	const longest = 8
	if t == nil || depth > longest {
		return false
	}
	for _, f := range t.ForeignKeys {
		i := slices.Index(f.Columns, column)
		if i < 0 || i >= len(f.RefColumns) {
			continue
		}
		ref := policies.TableName{Schema: f.RefSchema, Name: f.RefTable}
		if same(ref, key.table) && f.RefColumns[i] == key.column {
			return true
		}
		if len(f.Columns) == 1 && k.leadsTo(k.catalog.Table(f.RefSchema, f.RefTable), f.RefColumns[0], key, depth+1) {
			return true
		}
	}
	return false
}

// tableOwner warns where the owner of a protected table will see nothing of it.
func (k *checker) tableOwner(r policies.Resource, t *policies.Table) {
	client := slices.ContainsFunc(k.model.Database.ClientRoles, func(c policies.Text) bool { return c.Value == t.Owner })
	if t.Owner == "" || t.Schema == "rls" || client || k.maintains(t.Owner) {
		return // of a client role worse is reported
	}
	if owner := k.catalog.Role(t.Owner); owner != nil && (owner.Superuser || owner.BypassRLS) {
		return // no policy filters it
	}
	k.warn(r.Table.Pos, CodeTableOwner, fmt.Sprintf("database role %q owns table %q and is no maintenance role: its migrations and definer functions will see no rows", t.Owner, tableName(t)),
		fmt.Sprintf("add %q to \"maintenance_roles\", or give the table to one of them", t.Owner))
}

func (k *checker) maintains(role string) bool {
	for _, m := range k.model.Database.MaintenanceRoles {
		if k.reaches(role, m.Value) {
			return true
		}
	}
	return false
}

func installedPolicies(c *policies.Catalog) map[string]bool {
	ours := map[string]bool{}
	for _, i := range c.Installed {
		if i.Kind == policies.KindPolicy {
			ours[i.Name] = true
		}
	}
	return ours
}

// byHand checks policies that the toolkit did not make, on the table and its parts: permissive ones widen what it decides.
func (k *checker) byHand(r policies.Resource, t *policies.Table) {
	var names []string
	for _, t := range k.treeOf(t) {
		for _, p := range t.Policies {
			names = append(names, p.Name)
			k.policyByHand(r, t, p)
		}
	}
	for _, n := range r.KeepPolicies {
		if !slices.Contains(names, n.Value) {
			k.fail(n.Pos, CodeUnknownPolicy, fmt.Sprintf("table %q has no policy %q", r.Table, n.Value), suggest(n.Value, names, "remove it from \"keep_policies\""))
		}
	}
}

func (k *checker) policyByHand(r policies.Resource, t *policies.Table, p policies.Policy) {
	table := tableName(t)
	kept := slices.ContainsFunc(r.KeepPolicies, func(n policies.Text) bool { return n.Value == p.Name })
	switch {
	case kept || k.ours[policies.Identity(t.Schema, t.Name, p.Name)]:
	case p.Permissive:
		k.fail(r.Table.Pos, CodePermissive, fmt.Sprintf("permissive policy %q on %q was made by hand and lets rows through", p.Name, table),
			fmt.Sprintf("DROP POLICY %s ON %s; or add %q to \"keep_policies\"", policies.Ident(p.Name), table, p.Name))
	default:
		k.report(policies.Note, r.Table.Pos, CodeRestrictive, fmt.Sprintf("restrictive policy %q on %q was made by hand and narrows what the model admits", p.Name, table),
			fmt.Sprintf("add %q to \"keep_policies\" if it is meant to stay", p.Name))
	}
}
