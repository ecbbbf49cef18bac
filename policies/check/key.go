package check

import (
	"fmt"
	"slices"
	"strings"

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
	if typ == "citext" || strings.HasSuffix(typ, ".citext") {
		return "citext"
	}
	return ""
}

const supported = "name a key of type smallint, integer, bigint, uuid, text, character varying or citext, or of a domain over one"

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
			supported)
	} else {
		x.typ = col.Type
		k.collation(t, c)
		k.folded(t, c)
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

// secondKey checks a unique column of the users that an owner column holds in the place of their key.
func (k *checker) secondKey(o policies.Owner, by string) keyed {
	u := k.model.Users
	pos := o.By.Pos
	if o.By.IsZero() {
		pos = o.Column.Pos
	}
	t := k.catalog.Table(u.Table.Schema, u.Table.Name)
	if t == nil {
		t = kernelTable(u.Table)
	}
	x := keyed{table: u.Table, column: by}
	if t == nil || t.Kind != "r" && t.Kind != "p" {
		return x // reported
	}
	col := k.columnOf(t, policies.Text{Value: by, Pos: pos}, "the users")
	if col == nil {
		return x
	}
	switch {
	case family(col.Type) == "":
		k.fail(pos, CodeSecondKey, fmt.Sprintf("column %q of the users, which owner %q holds, is of type %s, which is not supported", by, o.Column.Value, col.Type), supported)
	case !unique(t, by):
		k.fail(pos, CodeSecondKey, fmt.Sprintf("column %q of the users, which owner %q holds, is not unique", by, o.Column.Value),
			fmt.Sprintf("ALTER TABLE %s ADD UNIQUE (%s);", u.Table, policies.Ident(by)))
	default:
		x.typ = col.Type
		k.collation(t, policies.Text{Value: by, Pos: pos})
	}
	return x
}

// holds checks that a column can hold a key.
func (k *checker) holds(t *policies.Table, c policies.Text, key keyed) {
	col := k.column(t, c)
	if col == nil || !key.known() {
		return
	}
	if k.typeFits(c, col, key) {
		k.collation(t, c)
	}
}

// collation refuses a column that stands for a principal and takes different texts for equal: two would be one.
func (k *checker) collation(t *policies.Table, c policies.Text) {
	col := t.Column(c.Value)
	if col == nil || !col.Loose || family(col.Type) == "citext" { // which asks no collation of its column
		return
	}
	k.fail(c.Pos, CodeLooseCollation, fmt.Sprintf("column %q of %q has a collation that takes different texts for equal: two principals would be one", c.Value, tableName(t)),
		fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s TYPE text COLLATE \"C\";", tableName(t), policies.Ident(c.Value)))
}

// lookedUp warns of a column of the graph that no index helps to look up.
func (k *checker) lookedUp(t *policies.Table, c policies.Text) {
	if t == nil {
		return
	}
	if col := t.Column(c.Value); col != nil && family(col.Type) == "citext" {
		k.folded(t, c)
		return
	}
	k.indexed(t, c)
}

// folded says what the lookup of a citext key needs.
func (k *checker) folded(t *policies.Table, c policies.Text) {
	if col := t.Column(c.Value); col != nil && family(col.Type) == "citext" && !col.Folded {
		k.warn(c.Pos, CodeLeakyOperator, fmt.Sprintf("column %q of %q is of type citext and has no index of its lower case", c.Value, tableName(t)),
			fmt.Sprintf("CREATE INDEX ON %s (lower(%s::text COLLATE \"default\"));", tableName(t), policies.Ident(c.Value)))
	}
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
	if t != nil {
		k.collation(t, u.Subject)
	}
	for _, e := range []policies.Expression{u.Active, u.Superuser, u.Staff} {
		k.condition(t, e)
	}
	for _, e := range u.Sees {
		if e.Table.IsZero() {
			k.holds(t, e.Column, key)
			k.lookedUp(t, e.Column)
			continue
		}
		pairs := k.table(e.Table)
		k.holds(pairs, e.Viewer, key)
		k.holds(pairs, e.Seen, key)
		k.lookedUp(pairs, e.Viewer)
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
	k.lookedUp(m, g.Members.Group)
	k.lookedUp(m, g.Members.User)
	for _, c := range []policies.Text{g.Members.From, g.Members.Until} {
		if col := k.column(m, c); col != nil && !slices.Contains(timeTypes, col.Type) {
			k.fail(c.Pos, CodeNotTime, fmt.Sprintf("column %q is of type %s, not a date or timestamp", c.Value, col.Type),
				"name a column of type date, timestamp or timestamp with time zone")
		}
	}
}
