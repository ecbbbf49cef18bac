// Package compile turns a checked model into the objects that enforce it. It is pure and deterministic: the same
// model and catalog give the same text, byte for byte.
package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// Model compiles m for the database that c describes. Objects come in the order in which they are created.
// m must have passed check against c: what is missing in the catalog is an error with no position.
func Model(m *policies.Model, c *policies.Catalog) ([]policies.Object, error) {
	g := &compiler{model: m, catalog: c}
	if err := g.resolve(); err != nil {
		return nil, fmt.Errorf("compile %s: %w", m.File, err)
	}
	g.roles()
	g.graphPrivileges()
	g.graph()
	g.visible()
	g.decision()
	for _, r := range g.resources {
		g.registry(r)
	}
	for _, r := range g.resources {
		g.objects(r)
		g.handOver(r)
	}
	g.changes()
	g.graphPolicies()
	for _, r := range g.resources {
		g.policies(r, g.forms())
		for _, p := range r.parts {
			g.policies(r.part(p), forms[:1])
		}
	}
	for _, r := range g.resources {
		g.narrow(r)
		g.rowSecurity(r)
		for _, p := range r.parts {
			g.narrow(r.part(p))
			g.rowSecurity(r.part(p))
		}
	}
	g.grants()
	return g.out, nil
}

// compiler holds what the steps share.
type compiler struct {
	model     *policies.Model
	catalog   *policies.Catalog
	userKey   keyType
	groupKey  keyType
	resources []resource
	out       []policies.Object
	stamp     string // of the graph that stored sets were computed under
}

// resource is a resource of the model with what the catalog knows of it.
type resource struct {
	policies.Resource
	table *policies.Table
	keys  []column
	parts []*policies.Table // partitions and children, however deep
}

type column struct {
	name string
	typ  string
}

func (r resource) name() string { return r.Name.Value }

// actions returns the actions in the order in which they are shown.
func (r resource) actions() []string {
	out := slices.Clone(policies.StandardActions)
	for _, a := range r.Actions {
		out = append(out, a.Value)
	}
	return out
}

func (g *compiler) add(o policies.Object) { g.out = append(g.out, o) }

func (g *compiler) hasGroups() bool { return g.model.Groups.Kind != policies.GroupsNone }

func (g *compiler) resolve() error {
	key, err := g.columnType(g.model.Users.Table, g.model.Users.Key.Value, g.model.Users.Kernel)
	if err != nil {
		return err
	}
	if g.userKey, err = newKeyType(key); err != nil {
		return err
	}
	g.groupKey = g.userKey
	if g.hasGroups() {
		key, err := g.columnType(g.model.Groups.Table, g.model.Groups.Key.Value, g.model.Groups.Kind == policies.GroupsKernel)
		if err != nil {
			return err
		}
		if g.groupKey, err = newKeyType(key); err != nil {
			return err
		}
	}
	for _, r := range g.model.Resources {
		t := g.catalog.Table(r.Table.Schema, r.Table.Name)
		if t == nil {
			return fmt.Errorf("table %s of resource %q is not in the catalog", r.Table, r.Name.Value)
		}
		names := t.PrimaryKey
		if len(r.Key) > 0 {
			names = nil
			for _, k := range r.Key {
				names = append(names, k.Value)
			}
		}
		res := resource{Resource: r, table: t}
		for _, n := range names {
			col := t.Column(n)
			if col == nil {
				return fmt.Errorf("column %q of resource %q is not in the catalog", n, r.Name.Value)
			}
			res.keys = append(res.keys, column{n, col.Type})
		}
		res.addParts(g.catalog)
		g.resources = append(g.resources, res)
	}
	return nil
}

func (g *compiler) columnType(t policies.TableName, name string, kernel bool) (string, error) {
	if kernel {
		return "uuid", nil
	}
	table := g.catalog.Table(t.Schema, t.Name)
	if table == nil {
		return "", fmt.Errorf("table %s is not in the catalog", t)
	}
	col := table.Column(name)
	if col == nil {
		return "", fmt.Errorf("column %q of table %s is not in the catalog", name, t)
	}
	return col.Type, nil
}

// keyType is how a key is typed in compiled objects.
type keyType struct {
	sql  string // the type in functions and views; varchar keys are text there
	cast string // suffix that turns a column of the table into it; "" where none is needed
	from string // function that reads it from text
}

func newKeyType(columnType string) (keyType, error) {
	switch columnType {
	case "smallint", "integer", "bigint", "uuid", "text":
		return keyType{sql: columnType, from: "rls.to_" + columnType}, nil
	case "character varying":
		return keyType{sql: "text", cast: "::text", from: "rls.to_text"}, nil
	}
	return keyType{}, fmt.Errorf("a key of type %s is not supported", columnType)
}

// as casts a column to the key type where its own is another.
func (k keyType) as(expr, columnType string) string {
	if columnType == k.sql {
		return expr
	}
	if width[columnType] > width[k.sql] {
		// A value out of range names nobody; a plain cast would fail every statement of everybody.
		low, high := bounds(k.sql)
		return fmt.Sprintf("CASE WHEN %s BETWEEN %s AND %s THEN %s::%s END", expr, low, high, expr, k.sql)
	}
	return expr + "::" + k.sql
}

// width orders the integer types.
var width = map[string]int{"smallint": 1, "integer": 2, "bigint": 3}

// bounds returns the lowest and highest value of a type as SQL; highest is "" where the type has none, and both are
// where there is no lowest either.
func bounds(columnType string) (low, high string) {
	switch columnType {
	case "smallint":
		return "(-32768)::smallint", "32767::smallint"
	case "integer":
		return "(-2147483648)::integer", "2147483647"
	case "bigint":
		return "(-9223372036854775808)::bigint", "9223372036854775807"
	case "uuid":
		return "'00000000-0000-0000-0000-000000000000'::uuid", "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid"
	case "date", "timestamp without time zone", "timestamp with time zone":
		return "'-infinity'::" + columnType, "'infinity'::" + columnType
	case "text", "character varying":
		return "''::text", ""
	}
	return "", ""
}

// function renders one function in the house order: comment, header, body, REVOKE, GRANT, COMMENT.
type function struct {
	name     string
	comment  string // why, for whoever reads the SQL; the first sentence becomes the COMMENT
	args     string // "viewer bigint"
	argTypes string // "bigint"
	returns  string
	volatile string // STABLE where empty
	parallel string // SAFE where empty
	definer  bool
	rows     int
	client   bool // rls_client may call it
	generic  bool // plans are made once: the same for every caller
	body     string
}

func (g *compiler) function(f function, resource string) {
	var b strings.Builder
	for line := range strings.SplitSeq(f.comment, "\n") {
		fmt.Fprintf(&b, "-- %s\n", line)
	}
	fmt.Fprintf(&b, "CREATE OR REPLACE FUNCTION rls.%s(%s)\nRETURNS %s\nLANGUAGE plpgsql\n", policies.Ident(f.name), f.args, f.returns)
	b.WriteString(or(f.volatile, "STABLE") + "\nPARALLEL " + or(f.parallel, "SAFE") + "\n")
	if f.definer {
		b.WriteString("SECURITY DEFINER\nSET search_path = pg_catalog, pg_temp\n")
		if f.generic {
			b.WriteString("SET plan_cache_mode = force_generic_plan\n")
		}
	} else {
		b.WriteString("SECURITY INVOKER\n")
		if f.client {
			b.WriteString("SET search_path = pg_catalog, pg_temp\n")
		}
	}
	if f.rows > 0 {
		fmt.Fprintf(&b, "ROWS %d\n", f.rows)
	}
	quote := "$rls$"
	for i := 2; strings.Contains(f.body, quote); i++ { // a column may be called anything
		quote = fmt.Sprintf("$rls%d$", i)
	}
	fmt.Fprintf(&b, "AS %s\n%s\n%s;\n", quote, strings.TrimRight(f.body, "\n"), quote)
	signature := "rls." + policies.Ident(f.name) + "(" + f.argTypes + ")"
	fmt.Fprintf(&b, "REVOKE ALL ON FUNCTION %s FROM PUBLIC;\n", signature)
	if f.client {
		fmt.Fprintf(&b, "GRANT EXECUTE ON FUNCTION %s TO rls_client;\n", signature)
	}
	first, _, _ := strings.Cut(strings.ReplaceAll(f.comment, "\n", " "), ". ")
	fmt.Fprintf(&b, "COMMENT ON FUNCTION %s IS %s;", signature, policies.Literal(strings.TrimSuffix(first, ".")+"."))
	g.add(policies.Object{
		Kind: policies.KindFunction, Name: policies.Identity("rls", f.name), Title: "function " + signature, Resource: resource,
		Create: b.String(), Replace: b.String(), Drop: "DROP FUNCTION IF EXISTS " + signature + ";",
		Shape: f.args + " -> " + f.returns, AsOwner: true,
	})
}

func (g *compiler) view(name, comment, options, shape, query string, client bool) {
	var b strings.Builder
	for line := range strings.SplitSeq(comment, "\n") {
		fmt.Fprintf(&b, "-- %s\n", line)
	}
	fmt.Fprintf(&b, "CREATE OR REPLACE VIEW rls.%s WITH (%s) AS\n%s;\n", name, options, query)
	fmt.Fprintf(&b, "REVOKE ALL ON rls.%s FROM PUBLIC;\n", name)
	if client {
		fmt.Fprintf(&b, "GRANT SELECT ON rls.%s TO rls_client;\n", name)
	}
	first, _, _ := strings.Cut(strings.ReplaceAll(comment, "\n", " "), ". ")
	fmt.Fprintf(&b, "COMMENT ON VIEW rls.%s IS %s;", name, policies.Literal(strings.TrimSuffix(first, ".")+"."))
	g.add(policies.Object{
		Kind: policies.KindView, Name: policies.Identity("rls", name), Title: "view rls." + name,
		Create: b.String(), Replace: b.String(), Drop: "DROP VIEW IF EXISTS rls." + name + ";", Shape: shape, AsOwner: true,
	})
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// tableSQL is the readable name of a table: schema.table, quoted where it must be.
func tableSQL(schema, name string) string { return policies.Ident(schema) + "." + policies.Ident(name) }
