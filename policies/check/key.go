package check

import (
	"fmt"
	"slices"

	"github.com/rlsctl/rlsctl/policies"
)

// family names the types that compare with each other and share an index; "" is a type that no key may have.
func family(typ string) string {
	switch typ {
	case "smallint", "integer", "bigint":
		return "integer"
	case "text", "character varying":
		return "text"
	case "uuid":
		return "uuid"
	}
	return ""
}

// keyed is the key of users or groups: where it stands, and of what family its type is.
type keyed struct {
	table  policies.TableName
	column string
	typ    string // "": not known, or not supported
}

func (x keyed) known() bool { return family(x.typ) != "" }

// key checks the key column of users or groups.
func (k *checker) key(t *policies.Table, name policies.TableName, c policies.Text, what string) keyed {
	x := keyed{table: name, column: c.Value}
	col := k.column(t, c)
	if col == nil {
		return x
	}
	if family(col.Type) == "" {
		k.fail(c.Pos, CodeKeyType, fmt.Sprintf("key %q of %s is of type %s, which is not supported", c.Value, what, col.Type),
			"name a key of type smallint, integer, bigint, uuid, text or character varying")
	} else {
		x.typ = col.Type
	}
	if t.Heirs && t.Kind != "p" {
		k.fail(name.Pos, CodeGraphParts, fmt.Sprintf("table %q of %s has children, and key %q may stand in several of them", name, what, c.Value),
			"name a table without children, or make it a partitioned one")
	}
	switch {
	case !unique(t, c.Value):
		k.fail(c.Pos, CodeKey, fmt.Sprintf("key %q of %s is not unique", c.Value, what),
			fmt.Sprintf("ALTER TABLE %s ADD UNIQUE (%s);", name, policies.Ident(c.Value)))
	case !notNull(t, c.Value):
		k.fail(c.Pos, CodeKey, fmt.Sprintf("key %q of %s may be null", c.Value, what),
			fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s SET NOT NULL;", name, policies.Ident(c.Value)))
	}
	return x
}

// holds checks that a column can hold a key.
func (k *checker) holds(t *policies.Table, c policies.Text, key keyed) {
	col := k.column(t, c)
	if col == nil || !key.known() {
		return
	}
	k.typeFits(c, col, key)
}

func (k *checker) typeFits(c policies.Text, col *policies.Column, key keyed) bool {
	if family(col.Type) == family(key.typ) {
		return true
	}
	k.fail(c.Pos, CodeTypeMismatch,
		fmt.Sprintf("key type mismatch: column %q is of type %s, key %q of %q of type %s", c.Value, col.Type, key.column, key.table, key.typ),
		"name a column that holds that key, or change its type")
	return false
}

// oneEach checks a column that has to name one row.
func (k *checker) oneEach(t *policies.Table, c policies.Text, what string, s policies.Severity) {
	if k.column(t, c) == nil || unique(t, c.Value) {
		return
	}
	k.report(s, c.Pos, CodeNotUnique, fmt.Sprintf("column %q may name several %s: it is not unique", c.Value, what),
		fmt.Sprintf("ALTER TABLE %s ADD UNIQUE (%s);", tableName(t), policies.Ident(c.Value)))
}

// users checks the binding of the users.
func (k *checker) users() {
	u := k.model.Users
	if u.Kernel || slices.Contains(systemSchemas, u.Table.Schema) {
		return
	}
	t := k.table(u.Table)
	key := k.key(t, u.Table, u.Key, "users")
	k.oneEach(t, u.Login, "users", policies.Error)
	k.oneEach(t, u.Subject, "users", policies.Error)
	for _, e := range []policies.Expression{u.Active, u.Superuser, u.Staff} {
		k.condition(t, e)
	}
	for _, e := range u.Sees {
		if e.Table.IsZero() {
			k.holds(t, e.Column, key)
			k.indexed(t, e.Column)
			continue
		}
		pairs := k.table(e.Table)
		k.holds(pairs, e.Viewer, key)
		k.holds(pairs, e.Seen, key)
		k.indexed(pairs, e.Viewer)
	}
}

// userKey returns what owners are compared with.
func (k *checker) userKey() keyed {
	u := k.model.Users
	if !u.Kernel && slices.Contains(systemSchemas, u.Table.Schema) {
		return keyed{} // reported
	}
	return keyed{table: u.Table, column: u.Key.Value, typ: k.typeOf(u.Table, u.Key)}
}

func (k *checker) groupKey() keyed {
	g := k.model.Groups
	if g.Kind == policies.GroupsBound && slices.Contains(systemSchemas, g.Table.Schema) {
		return keyed{} // reported
	}
	return keyed{table: g.Table, column: g.Key.Value, typ: k.typeOf(g.Table, g.Key)}
}

func (k *checker) typeOf(n policies.TableName, c policies.Text) string {
	t := k.catalog.Table(n.Schema, n.Name)
	if t == nil {
		t = kernelTable(n)
	}
	if t == nil || t.Kind != "r" && t.Kind != "p" {
		return "" // reported
	}
	if col := t.Column(c.Value); col != nil {
		return col.Type
	}
	return ""
}

// groupsFit checks what can be said of groups without a database.
func (k *checker) groupsFit() {
	if g := k.model.Groups; g.Kind == policies.GroupsKernel && !k.model.Users.Kernel {
		k.fail(g.Pos, CodeKernelGroups, "the toolkit's own groups hold the toolkit's own users alone", "bind \"groups\" to tables of your own, or write \"groups: none\"")
	}
}

var timeTypes = []string{"date", "timestamp without time zone", "timestamp with time zone"}

// groups checks the binding of the groups.
func (k *checker) groups() {
	g := k.model.Groups
	if g.Kind != policies.GroupsBound || slices.Contains(systemSchemas, g.Table.Schema) {
		return
	}
	t := k.table(g.Table)
	key := k.key(t, g.Table, g.Key, "groups")
	user := k.userKey()
	k.oneEach(t, g.Name, "groups", policies.Warning)
	k.holds(t, g.Creator, user)
	k.condition(t, g.ShareMembersVisibility)
	k.condition(t, g.ShareCreatorVisibility)
	m := k.table(g.Members.Table)
	k.holds(m, g.Members.Group, key)
	k.holds(m, g.Members.User, user)
	k.indexed(m, g.Members.Group)
	k.indexed(m, g.Members.User)
	for _, c := range []policies.Text{g.Members.From, g.Members.Until} {
		if col := k.column(m, c); col != nil && !slices.Contains(timeTypes, col.Type) {
			k.fail(c.Pos, CodeNotTime, fmt.Sprintf("column %q is of type %s, not a date or timestamp", c.Value, col.Type),
				"name a column of type date, timestamp or timestamp with time zone")
		}
	}
}
