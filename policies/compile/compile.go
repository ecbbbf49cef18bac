// Package compile turns a checked model into the objects that enforce it. It is pure and deterministic: the same
// model and catalog give the same text, byte for byte.
package compile

import (
	"fmt"
	"regexp"
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
	g.depends = g.dependsOnSettings()
	g.roles()
	g.schemaRules()
	g.graphPrivileges()
	g.graph()
	g.visible()
	g.decision()
	g.secondKeyFunctions()
	for _, r := range g.resources {
		g.registry(r)
	}
	g.services()
	g.sessionAttributes()
	g.directory()
	for _, r := range g.resources {
		g.objects(r)
		g.handOver(r)
		g.refuseCascades(r)
	}
	g.changes()
	g.stateTriggers()
	g.authority()
	g.graphPolicies()
	for _, r := range g.resources {
		g.policies(r, g.forms())
		for _, p := range r.parts {
			g.policies(r.part(p), forms[:1])
		}
	}
	for _, r := range g.resources {
		g.narrow(r.table, r.name())
		g.rowSecurity(r)
		for _, p := range r.parts {
			g.narrow(p, r.name())
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
	second    []secondKey
	stamp     string // of the graph that stored sets were computed under
	depends   bool   // what a condition or window of the model says depends on settings of a session
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
	key, err := g.column(g.model.Users.Table, g.model.Users.Key.Value, g.model.Users.Kernel)
	if err != nil {
		return err
	}
	if g.userKey, err = newKeyType(key); err != nil {
		return err
	}
	g.groupKey = g.userKey
	if g.hasGroups() {
		key, err := g.column(g.model.Groups.Table, g.model.Groups.Key.Value, g.model.Groups.Kind == policies.GroupsKernel)
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
		if err := g.secondKeys(&res); err != nil {
			return err
		}
		res.addParts(g.catalog)
		g.resources = append(g.resources, res)
	}
	return nil
}

func (g *compiler) column(t policies.TableName, name string, kernel bool) (policies.Column, error) {
	if kernel {
		return policies.Column{Name: name, Type: "uuid"}, nil
	}
	table := g.catalog.Table(t.Schema, t.Name)
	if table == nil {
		return policies.Column{}, fmt.Errorf("table %s is not in the catalog", t)
	}
	col := table.Column(name)
	if col == nil {
		return policies.Column{}, fmt.Errorf("column %q of table %s is not in the catalog", name, t)
	}
	return *col, nil
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

// judges reports whether the function evaluates conditions or windows of the model: a guard, or what reads a view with
// them. It does so under settings of its own, whatever those of the client are.
func (f function) judges() bool {
	return f.definer && f.returns == "trigger" || readsConditions.MatchString(f.body)
}

// dependsOnSettings reports whether settings of a session could change what a condition or window of the model says: any
// that computes, casts or reads a time could. A model of columns and flags has nothing to fear.
func (g *compiler) dependsOnSettings() bool {
	u, s := g.model.Users, g.model.Groups
	timed := func(t policies.TableName, names ...string) bool {
		return slices.ContainsFunc(names, func(n string) bool {
			typ := g.typeOf(t, n, t.Schema == "rls").Type
			return n != "" && (strings.HasPrefix(typ, "time") || typ == "date" || typ == "interval")
		})
	}
	says := func(t policies.TableName, list ...policies.Expression) bool {
		return slices.ContainsFunc(list, func(e policies.Expression) bool {
			return !e.IsZero() && (!e.Plain || timed(t, e.Columns...))
		})
	}
	return says(u.Table, u.Active, u.Superuser, u.Staff) || g.hasGroups() &&
		(says(s.Table, s.ShareMembersVisibility, s.ShareCreatorVisibility) || timed(s.Members.Table, s.Members.From.Value, s.Members.Until.Value))
}

// settings are what a function sets for itself, besides its search_path: whatever a client has set does not reach it.
func (g *compiler) settings(f function) (out []policies.Setting) {
	if f.judges() && g.depends {
		out = policies.Pins(g.model.Database.Timezone.Value)
	}
	if restrictsViews(g.catalog.ServerVersion) && ownViews.MatchString(f.body) {
		out = append(out, policies.Setting{Name: "restrict_nonsystem_relation_kind"})
	}
	return out
}

var readsConditions = regexp.MustCompile(`\brls\.(user_row|group_row|membership)\b`)

func (g *compiler) function(f function, resource string) {
	var b strings.Builder
	remark(&b, f.comment)
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
	for _, x := range g.settings(f) {
		fmt.Fprintf(&b, "SET %s = %s\n", x.Name, policies.Literal(x.Value))
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

// ownViews are the views that the graph is read through.
var ownViews = regexp.MustCompile(`\brls\.(user_row|edge|group_row|membership)\b`)

// restrictsViews reports whether a session can have the server refuse to read views, as pg_dump does: functions that read
// ours say that they may.
func restrictsViews(version int) bool {
	return version >= 170000 || version >= 160004 && version < 170000 || version >= 150008 && version < 160000
}

// remark writes a comment. A carriage return ends one too, and a name may hold one.
func remark(b *strings.Builder, comment string) {
	for line := range strings.SplitSeq(strings.ReplaceAll(comment, "\r", "\n"), "\n") {
		fmt.Fprintf(b, "-- %s\n", line)
	}
}

func (g *compiler) view(name, comment, options, shape, query string, client bool) {
	var b strings.Builder
	remark(&b, comment)
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
