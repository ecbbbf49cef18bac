package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// roles registers the client and maintenance roles and gives each what it needs of the kernel.
func (g *compiler) roles() {
	position := 0
	register := func(name, kind string) {
		position++
		insert := fmt.Sprintf("INSERT INTO rls.database_role (name, kind, position) VALUES (%s, %s, %d)\n"+
			"ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind, position = EXCLUDED.position;",
			policies.Literal(name), policies.Literal(kind), position)
		g.add(policies.Object{
			Kind: policies.KindRegistry, Name: policies.Identity("role", name), Title: kind + " role " + policies.Ident(name),
			Create: insert, Replace: insert, AsOwner: true,
			Drop: fmt.Sprintf("DELETE FROM rls.database_role WHERE name = %s;", policies.Literal(name)),
		})
	}
	for _, r := range g.model.Database.ClientRoles {
		name := policies.Ident(r.Value)
		g.add(policies.Object{
			Kind: policies.KindMembership, Name: policies.Identity("rls_client", r.Value),
			Title:  fmt.Sprintf("membership of %s in rls_client", name),
			Create: fmt.Sprintf("GRANT rls_client TO %s;", name),
			// Database roles are shared by the databases of a cluster: another one may rely on the membership.
			Drop: fmt.Sprintf("DO $$\nBEGIN\n    IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d JOIN pg_catalog.pg_database AS b ON b.oid = d.dbid\n"+
				"        WHERE d.refobjid = to_regrole('rls_client') AND b.datname <> current_database()) THEN\n"+
				"        REVOKE rls_client FROM %s;\n    END IF;\nEND\n$$;", name),
		})
		register(r.Value, "client")
	}
	for _, r := range g.model.Database.MaintenanceRoles {
		name := policies.Ident(r.Value)
		register(r.Value, "maintenance")
		g.schemaUsage("rls", r.Value)
		const functions = "FUNCTION rls.impersonate(text, text), rls.open_impersonation(text, text)"
		g.add(policies.Object{
			Kind: policies.KindPrivilege, Name: policies.Identity("impersonate", r.Value),
			Title:   fmt.Sprintf("EXECUTE on rls.impersonate for %s", name),
			Create:  fmt.Sprintf("GRANT EXECUTE ON %s TO %s;", functions, name),
			Drop:    fmt.Sprintf("REVOKE EXECUTE ON %s FROM %s;", functions, name),
			AsOwner: true,
		})
	}
	// A gateway parses statements before it enters, and for that needs the schemas and nothing else.
	for _, gw := range g.catalog.Gateways {
		for _, s := range g.schemas() {
			if s != "rls" {
				g.schemaUsage(s, gw.Login)
			}
		}
	}
}

// schemas returns the schemas of the resources, sorted.
func (g *compiler) schemas() []string {
	var out []string
	for _, r := range g.resources {
		out = append(out, r.table.Schema)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (g *compiler) schemaUsage(schema, role string) { g.add(SchemaUsage(schema, role)) }

// SchemaUsage is the object that lets a database role name what is in a schema. A gateway that is registered after the
// model was applied gets it from whoever registers it, in the same words.
func SchemaUsage(schema, role string) policies.Object {
	return policies.Object{
		Kind: policies.KindPrivilege, Name: policies.Identity(role, schema),
		Title:   fmt.Sprintf("USAGE on schema %s for %s", policies.Ident(schema), policies.Ident(role)),
		Create:  fmt.Sprintf("GRANT USAGE ON SCHEMA %s TO %s;", policies.Ident(schema), policies.Ident(role)),
		Drop:    fmt.Sprintf("REVOKE USAGE ON SCHEMA %s FROM %s;", policies.Ident(schema), policies.Ident(role)),
		AsOwner: schema == "rls",
	}
}

// graphTables returns the tables that the graph is read from, with the columns that it reads, in a fixed order.
// The kernel's own tables belong to rls_owner and are left out.
func (g *compiler) graphTables() []graphTable {
	var out []graphTable
	read := func(t policies.TableName, columns ...string) {
		if t.IsZero() || t.Schema == "rls" {
			return
		}
		i := slices.IndexFunc(out, func(o graphTable) bool { return o.schema == t.Schema && o.name == t.Name })
		if i < 0 {
			out = append(out, graphTable{schema: t.Schema, name: t.Name})
			i = len(out) - 1
		}
		for _, c := range columns {
			if c != "" && !slices.Contains(out[i].columns, c) {
				out[i].columns = append(out[i].columns, c)
			}
		}
	}
	u := g.model.Users
	read(u.Table, u.Key.Value, u.Login.Value, u.Subject.Value)
	for _, e := range []policies.Expression{u.Active, u.Superuser, u.Staff} {
		read(u.Table, e.Columns...)
	}
	for _, e := range u.Sees {
		if e.Table.IsZero() {
			read(u.Table, e.Column.Value)
		} else {
			read(e.Table, e.Viewer.Value, e.Seen.Value)
		}
	}
	if g.hasGroups() {
		s := g.model.Groups
		read(s.Table, s.Key.Value, s.Name.Value, s.Creator.Value)
		read(s.Table, s.ShareMembersVisibility.Columns...)
		read(s.Table, s.ShareCreatorVisibility.Columns...)
		read(s.Members.Table, s.Members.Group.Value, s.Members.User.Value, s.Members.From.Value, s.Members.Until.Value)
	}
	for i := range out {
		slices.Sort(out[i].columns)
	}
	return out
}

type graphTable struct {
	schema, name string
	columns      []string
}

// graphPrivileges lets rls_owner read the columns of the graph, and no more.
func (g *compiler) graphPrivileges() {
	seen := map[string]bool{}
	for _, t := range g.graphTables() {
		if !seen[t.schema] {
			seen[t.schema] = true
			g.schemaUsage(t.schema, "rls_owner")
		}
		quoted := make([]string, len(t.columns))
		for i, c := range t.columns {
			quoted[i] = policies.Ident(c)
		}
		list, table := strings.Join(quoted, ", "), tableSQL(t.schema, t.name)
		g.add(policies.Object{
			Kind: policies.KindPrivilege, Name: policies.Identity("rls_owner", t.schema, t.name), Table: table,
			Title:   fmt.Sprintf("SELECT on %s of %s for rls_owner", list, table),
			Create:  fmt.Sprintf("GRANT SELECT (%s) ON %s TO rls_owner;", list, table),
			Replace: fmt.Sprintf("REVOKE ALL ON %s FROM rls_owner;\nGRANT SELECT (%s) ON %s TO rls_owner;", table, list, table),
			Drop:    fmt.Sprintf("REVOKE ALL ON %s FROM rls_owner;", table),
		})
	}
}
