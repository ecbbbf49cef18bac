package check

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/rlsctl/rlsctl/policies"
)

// table finds a table that the model reads or protects. It reports what is wrong with the name and returns nil where
// there is no such table.
func (k *checker) table(n policies.TableName) *policies.Table {
	if n.IsZero() || reserved(n) {
		return nil
	}
	t := k.catalog.Table(n.Schema, n.Name)
	if t == nil {
		t = kernelTable(n)
	}
	if t == nil {
		k.noTable(n)
		return nil
	}
	if kind := map[string]string{"v": "a view", "m": "a materialized view", "f": "a foreign table"}[t.Kind]; kind != "" {
		k.fail(n.Pos, CodeNotTable, fmt.Sprintf("%q is %s, not a table", n, kind), "name the table that holds the rows")
		return nil
	}
	return t
}

func (k *checker) noTable(n policies.TableName) {
	var all []string
	schema := false
	for _, t := range k.catalog.Tables {
		all = append(all, policies.TableName{Schema: t.Schema, Name: t.Name}.String())
		schema = schema || t.Schema == n.Schema
	}
	hint := fmt.Sprintf("create the table, or correct the name in %q", k.model.File)
	if near := policies.Suggest(n.String(), all); near != "" {
		hint = fmt.Sprintf("did you mean %s?", policies.Quoted(near))
	} else if i := slices.IndexFunc(k.catalog.Tables, func(t policies.Table) bool { return t.Name == n.Name }); i >= 0 {
		hint = fmt.Sprintf("did you mean %s?", policies.Quoted(all[i]))
	}
	message := fmt.Sprintf("table %q does not exist", n)
	if !schema {
		message = fmt.Sprintf("table %q does not exist: schema %q has no tables", n, n.Schema)
	}
	k.fail(n.Pos, CodeUnknownTable, message, hint)
}

// column finds a column of a table and reports where there is none. owner says whose column it is for the message.
func (k *checker) column(t *policies.Table, c policies.Text) *policies.Column {
	return k.columnOf(t, c, "table "+fmt.Sprintf("%q", tableName(t)))
}

// columnOf does the same with another word for the table. What a virtual column says is in no row that a trigger sees, so
// none can be a key, an edge or an owner; in a condition it stands for its own expression.
func (k *checker) columnOf(t *policies.Table, c policies.Text, owner string) *policies.Column {
	col := k.there(t, c, owner)
	if col != nil && col.Virtual {
		k.fail(c.Pos, CodeVirtual, fmt.Sprintf("column %q of %s is computed when it is read, and triggers cannot see it", c.Value, owner),
			"make it GENERATED ALWAYS AS (…) STORED, or name a column that holds the value")
	}
	return col
}

func (k *checker) there(t *policies.Table, c policies.Text, owner string) *policies.Column {
	if t == nil || c.IsZero() {
		return nil
	}
	col := t.Column(c.Value)
	if col == nil {
		k.fail(c.Pos, CodeUnknownColumn, fmt.Sprintf("column %q of %s does not exist", c.Value, owner),
			suggest(c.Value, columns(t), "add the column, or name another one"))
	}
	return col
}

// condition checks the columns of an expression.
func (k *checker) condition(t *policies.Table, e policies.Expression) {
	if t == nil {
		return
	}
	for _, name := range e.Columns {
		if near := policies.Suggest(name, columns(t)); t.Column(name) == nil && near != policies.Ident(near) && near != "" {
			k.fail(e.Pos, CodeUnknownColumn, fmt.Sprintf("column %q of table %q does not exist", name, tableName(t)),
				fmt.Sprintf("did you mean %s, with its double quotes? An expression is SQL", policies.Ident(near)))
			continue
		}
		col := k.there(t, policies.Text{Value: name, Pos: e.Pos}, fmt.Sprintf("table %q", tableName(t)))
		if col != nil && e.Compiled == "t."+policies.Ident(name) && col.Type != "boolean" {
			k.fail(e.Pos, CodeNotBoolean, fmt.Sprintf("column %q is of type %s, not boolean", name, col.Type),
				"write a condition such as "+fmt.Sprintf("%q", name+" IS NOT NULL"))
		}
	}
	k.pinned(t, e)
}

var (
	relativeTime = regexp.MustCompile(`(?i)'\s*(now|today|tomorrow|yesterday|allballs)\b[^']*'`)
	zonedTime    = regexp.MustCompile(`AS pg_catalog\.(timestamptz|timetz)|pg_catalog\.to_timestamp\(`)
	timeCast     = regexp.MustCompile(`AS pg_catalog\.(date|"?time|timestamp)|clock_timestamp`)
	zoneless     = append([]string{"smallint", "integer", "bigint", "numeric", "real", "double precision", "boolean", "interval"}, timeTypes...)
)

// pinned refuses conditions that settings of a session could change although their functions have settings of their own.
func (k *checker) pinned(t *policies.Table, e policies.Expression) {
	times, texts := timeCast.MatchString(e.Compiled), ""
	for _, name := range e.Columns {
		if col := t.Column(name); col != nil {
			times = times || slices.Contains(timeTypes, col.Type)
			if !slices.Contains(zoneless, col.Type) {
				texts = name
			}
		}
	}
	if m := relativeTime.FindString(e.Compiled); m != "" && times {
		k.fail(e.Pos, CodeReadOnce, fmt.Sprintf("constant %s is read once, when the model is applied", m), "write current_date, now(), or a date")
	}
	if texts != "" && zonedTime.MatchString(e.Compiled) {
		k.fail(e.Pos, CodeTextTime, fmt.Sprintf("the condition may read column %q as a time with a zone, whose meaning a session can change", texts),
			"keep the time in a column of type timestamp with time zone")
	}
}

func columns(t *policies.Table) []string {
	var s []string
	for _, c := range t.Columns {
		s = append(s, c.Name)
	}
	return s
}

func tableName(t *policies.Table) policies.TableName {
	if t == nil {
		return policies.TableName{}
	}
	return policies.TableName{Schema: t.Schema, Name: t.Name}
}

// open checks the tables that are left alone.
func (k *checker) open() {
	for _, n := range k.model.Open {
		if k.catalog.Table(n.Schema, n.Name) == nil && kernelTable(n) == nil {
			k.noTable(n)
		}
	}
}

var systemSchemas = []string{"pg_catalog", "information_schema", "pg_toast", "rls", "rls_lock"}

// reserved reports whether a table is no model's to name. The kernel's own users and groups are, as resources.
func reserved(n policies.TableName) bool {
	return slices.Contains(systemSchemas, n.Schema) && kernelTable(n) == nil
}

// reservedTables refuses tables of the toolkit and of PostgreSQL itself, except for the kernel's own users and groups
// as resources.
func (k *checker) reservedTables() {
	refuse := func(n policies.TableName, hint string) {
		if slices.Contains(systemSchemas, n.Schema) {
			k.fail(n.Pos, CodeReserved, fmt.Sprintf("table %q belongs to schema %q", n, n.Schema), hint)
		}
	}
	if u := k.model.Users; !u.Kernel {
		refuse(u.Table, "name a table of your own, or remove \"users\" to use the toolkit's own users")
		for _, e := range u.Sees {
			refuse(e.Table, "name a table of your own")
		}
	}
	if g := k.model.Groups; g.Kind == policies.GroupsBound {
		refuse(g.Table, "name a table of your own, or write \"groups: kernel\"")
		refuse(g.Members.Table, "name a table of your own, or write \"groups: kernel\"")
	}
	for _, r := range k.model.Resources {
		if reserved(r.Table) {
			refuse(r.Table, "protect tables of your own; of the toolkit's only rls.\"user\" and rls.\"group\" can be resources")
		}
	}
	for _, s := range k.model.Database.Schemas {
		if slices.Contains(systemSchemas, s.Schema.Value) {
			k.fail(s.Schema.Pos, CodeReserved, fmt.Sprintf("schema %q is not the model's to close or open", s.Schema.Value), "remove it from \"schemas\"")
		}
	}
}

// kernelTable describes the kernel's own tables, so that a model can be checked before the kernel is installed.
func kernelTable(n policies.TableName) *policies.Table {
	if n.Schema != "rls" {
		return nil
	}
	for i := range kernel {
		if kernel[i].Name == n.Name {
			return &kernel[i]
		}
	}
	return nil
}

var kernel = []policies.Table{
	{
		Schema: "rls", Name: "user", Kind: "r", Owner: "rls_owner", PrimaryKey: []string{"id"},
		Columns: []policies.Column{
			{Name: "id", Type: "uuid", NotNull: true}, {Name: "login", Type: "text", NotNull: true}, {Name: "subject", Type: "text"},
			{Name: "name", Type: "text", NotNull: true}, {Name: "is_active", Type: "boolean", NotNull: true},
			{Name: "is_superuser", Type: "boolean", NotNull: true}, {Name: "is_staff", Type: "boolean", NotNull: true},
			{Name: "supervisor_id", Type: "uuid"}, {Name: "created_by_id", Type: "uuid"},
			{Name: "created_at", Type: "timestamp with time zone", NotNull: true},
		},
		Unique:  [][]string{{"login"}, {"subject"}},
		Indexes: [][]string{{"id"}, {"login"}, {"subject"}, {"supervisor_id"}, {"created_by_id"}},
		ForeignKeys: []policies.ForeignKey{
			{Columns: []string{"supervisor_id"}, RefSchema: "rls", RefTable: "user", RefColumns: []string{"id"}},
			{Columns: []string{"created_by_id"}, RefSchema: "rls", RefTable: "user", RefColumns: []string{"id"}},
		},
	},
	{
		Schema: "rls", Name: "group", Kind: "r", Owner: "rls_owner", PrimaryKey: []string{"id"},
		Columns: []policies.Column{
			{Name: "id", Type: "uuid", NotNull: true}, {Name: "name", Type: "text", NotNull: true}, {Name: "created_by_id", Type: "uuid"},
			{Name: "share_members_visibility", Type: "boolean", NotNull: true}, {Name: "share_creator_visibility", Type: "boolean", NotNull: true},
			{Name: "created_at", Type: "timestamp with time zone", NotNull: true},
		},
		Unique:  [][]string{{"name"}},
		Indexes: [][]string{{"id"}, {"name"}, {"created_by_id"}},
		ForeignKeys: []policies.ForeignKey{
			{Columns: []string{"created_by_id"}, RefSchema: "rls", RefTable: "user", RefColumns: []string{"id"}},
		},
	},
}
