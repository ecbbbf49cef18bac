package compile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

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
		g.member("rls_client", r.Value)
		if g.model.Database.Plans == policies.PlansOne {
			g.member(anyForm.role(), r.Value)
			g.schemaUsage("rls", r.Value) // it has no plan roles to show other databases that it is in use here
		}
		register(r.Value, "client")
	}
	for _, r := range g.model.Database.ClientRoles {
		g.planRoles(r.Value)
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
		g.administers(r.Value)
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

// member makes a database role a member of one of the kernel's. Database roles are shared by the databases of a cluster:
// another one may rely on the membership.
func (g *compiler) member(of, role string) {
	name := policies.Ident(role)
	g.add(policies.Object{
		Kind: policies.KindMembership, Name: policies.Identity(of, role),
		Title:  fmt.Sprintf("membership of %s in %s", name, of),
		Create: fmt.Sprintf("GRANT %s TO %s;", of, name),
		// A client role may use schema rls in its own name, or its plan roles do. What pg_shdepend knows of another database
		// is which of its schemas rls_owner owns, and who may use that one.
		Drop: do(fmt.Sprintf("BEGIN\n    IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS o\n"+
			"        JOIN pg_catalog.pg_database AS b ON b.oid = o.dbid AND b.datname <> current_database()\n"+
			"        JOIN pg_catalog.pg_shdepend AS d ON d.dbid = o.dbid AND d.classid = o.classid AND d.objid = o.objid\n"+
			"        WHERE o.classid = 'pg_catalog.pg_namespace'::regclass AND o.deptype = 'o' AND o.refobjid = to_regrole('rls_owner')\n"+
			"          AND d.refobjid IN (to_regrole(%s), to_regrole(%s))) THEN\n"+
			"        REVOKE %s FROM %s;\n    END IF;\nEND", policies.Literal(name), policies.Literal(policies.Ident(planRole(anyForm, role))), of, name)),
	})
}

// do is a block; a database role may be called anything.
func do(body string) string {
	quote := "$$"
	for i := 1; strings.Contains(body, quote); i++ {
		quote = fmt.Sprintf("$rls%d$", i)
	}
	return fmt.Sprintf("DO %s\n%s\n%s;", quote, body, quote)
}

// planRoles compiles one database role for each form of a client role: a member of that client role alone, so that
// entering never adds a table privilege, and of the kernel's role that the policies of the form are TO. Then the
// gateways of the client role may take it.
func (g *compiler) planRoles(client string) {
	if g.model.Database.Plans == policies.PlansOne {
		return
	}
	for _, f := range forms {
		role := planRole(f, client)
		name := policies.Ident(role)
		lit := policies.Literal(name)
		others := fmt.Sprintf("FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid\n"+
			"        WHERE m.member = to_regrole(%s) AND r.rolname NOT IN (%s, '%s')", lit, policies.Literal(client), f.role())
		grant := fmt.Sprintf("ALTER ROLE %s INHERIT;\nGRANT %s, %s TO %s;", name, policies.Ident(client), f.role(), name)
		g.add(policies.Object{
			Kind: policies.KindRole, Name: policies.Identity(role), Title: "database role " + name,
			// A role of that name may be another database's plan role for the same client role, and must be nothing else:
			// whoever enters has its powers.
			Create: do(fmt.Sprintf("BEGIN\n    IF to_regrole(%[1]s) IS NULL THEN\n        CREATE ROLE %[2]s NOLOGIN;\n"+
				"    ELSIF (SELECT r.rolcanlogin OR r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication\n"+
				"        FROM pg_catalog.pg_roles AS r WHERE r.oid = to_regrole(%[1]s)) OR EXISTS (SELECT %[3]s) THEN\n"+
				"        RAISE EXCEPTION 'database role %% exists, and is no plan role', %[1]s\n"+
				"            USING ERRCODE = 'RL412', HINT = 'Rename it, or take LOGIN, its other powers and its memberships from it.';\n"+
				"    END IF;\nEND", lit, name, others)) + "\n" + grant,
			// What somebody has added goes; some of it a database superuser alone can take.
			Replace: do(fmt.Sprintf("DECLARE\n    other text;\nBEGIN\n    IF to_regrole(%[1]s) IS NULL THEN\n        CREATE ROLE %[2]s NOLOGIN;\n    END IF;\n"+
				"    ALTER ROLE %[2]s NOLOGIN;\n"+
				"    IF (SELECT r.rolsuper OR r.rolbypassrls OR r.rolreplication OR r.rolcreaterole OR r.rolcreatedb\n"+
				"        FROM pg_catalog.pg_roles AS r WHERE r.oid = to_regrole(%[1]s)) THEN\n"+
				"        ALTER ROLE %[2]s NOSUPERUSER NOBYPASSRLS NOREPLICATION NOCREATEROLE NOCREATEDB;\n    END IF;\n"+
				"    FOR other IN SELECT r.rolname %[3]s LOOP\n        EXECUTE format('REVOKE %%I FROM %%I', other, %[4]s);\n    END LOOP;\nEND",
				lit, name, others, policies.Literal(role))) + "\n" + grant,
			Drop: dropPlanRole(role, client),
		})
		g.schemaUsage("rls", role)
		insert := fmt.Sprintf("INSERT INTO rls.plan_role (client_role, form, role) VALUES (%s, %s, %s)\n"+
			"ON CONFLICT (client_role, form) DO UPDATE SET role = EXCLUDED.role;", policies.Literal(client), policies.Literal(string(f)), policies.Literal(role))
		g.add(policies.Object{
			Kind: policies.KindRegistry, Name: policies.Identity("plan", client, string(f)), Title: fmt.Sprintf("plan role %s of %s", name, policies.Ident(client)),
			Create: insert, Replace: insert, AsOwner: true,
			Drop: fmt.Sprintf("DELETE FROM rls.plan_role WHERE client_role = %s AND form = %s;", policies.Literal(client), policies.Literal(string(f))),
		})
		for _, gw := range g.catalog.Gateways {
			if gw.ClientRole == client {
				g.add(MayTake(role, gw.Login, g.catalog.ServerVersion))
			}
		}
	}
}

// dropPlanRole gives what a plan role owns in this database to its client role, and drops it unless another database of
// the cluster uses it: whoever does holds a privilege through it, there. What is created after entering is the plan role's.
func dropPlanRole(role, client string) string {
	name, lit := policies.Ident(role), policies.Literal(policies.Ident(role))
	const here = "d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database())"
	return do(fmt.Sprintf("DECLARE\n    other text;\n    lent boolean := false;\nBEGIN\n"+
		"    IF EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d WHERE d.refobjid = to_regrole(%[2]s) AND d.deptype = 'o'\n"+
		"        AND d.classid <> 'pg_catalog.pg_default_acl'::regclass AND %[5]s) THEN\n"+
		"        BEGIN\n"+
		"            IF NOT pg_has_role(to_regrole(%[2]s), 'USAGE') THEN\n"+
		"                GRANT %[1]s TO CURRENT_USER;\n                lent := true;\n            END IF;\n"+
		"            REASSIGN OWNED BY %[1]s TO %[3]s;\n"+
		"            IF lent THEN\n                REVOKE %[1]s FROM CURRENT_USER;\n            END IF;\n"+
		"        EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation THEN\n"+
		"            RAISE EXCEPTION 'plan role %% owns objects that %% cannot give away: %%', %[2]s, quote_ident(current_user), SQLERRM\n"+
		"                USING ERRCODE = 'RL660', HINT = %[4]s;\n"+
		"        END;\n    END IF;\n"+
		"    SELECT pg_describe_object(d.classid, d.objid, d.objsubid) INTO other FROM pg_catalog.pg_shdepend AS d\n"+
		"        WHERE d.refobjid = to_regrole(%[2]s) AND %[5]s ORDER BY 1 LIMIT 1;\n"+
		"    IF other IS NOT NULL THEN\n"+
		"        RAISE EXCEPTION 'plan role %% cannot go: %% names it', %[2]s, other\n"+
		"            USING ERRCODE = 'RL660', HINT = %[6]s;\n    END IF;\n"+
		"    IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d\n        WHERE d.refobjid = to_regrole(%[2]s)) THEN\n"+
		"        DROP ROLE IF EXISTS %[1]s;\n    END IF;\nEND",
		name, lit, policies.Ident(client),
		policies.Literal(fmt.Sprintf("As a database superuser, run REASSIGN OWNED BY %s TO another owner.", name)), here,
		policies.Literal(fmt.Sprintf("Give it to %s instead of %s: its privileges, default privileges or policy.", policies.Ident(client), name))))
}

// planRole names the database role of a form of a client role, in the 63 bytes that a name has.
func planRole(f form, client string) string {
	name := f.role() + "_" + client
	if len(name) > 63 {
		sum := sha256.Sum256([]byte(client))
		cut := 63 - len(f.role()) - 10
		for !utf8.RuneStart(client[cut]) {
			cut--
		}
		name = f.role() + "_" + client[:cut] + "_" + hex.EncodeToString(sum[:4])
	}
	return name
}

// MayTake is the object that lets a gateway take a plan role on entering, without having its privileges before.
func MayTake(role, gateway string, version int) policies.Object {
	with := ""
	if version >= 160000 {
		with = " WITH INHERIT FALSE, SET TRUE"
	}
	return policies.Object{
		Kind: policies.KindMembership, Name: policies.Identity(role, gateway),
		Title:  fmt.Sprintf("membership of %s in %s", policies.Ident(gateway), policies.Ident(role)),
		Create: fmt.Sprintf("GRANT %s TO %s%s;", policies.Ident(role), policies.Ident(gateway), with),
		// The gateway may serve another database of the cluster, for the same client role.
		Drop: do(fmt.Sprintf("BEGIN\n    IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d JOIN pg_catalog.pg_database AS b ON b.oid = d.dbid\n"+
			"        WHERE d.refobjid = to_regrole(%s) AND b.datname <> current_database()) THEN\n"+
			"        REVOKE %s FROM %s;\n    END IF;\nEND", policies.Literal(policies.Ident(gateway)), policies.Ident(role), policies.Ident(gateway))),
	}
}

// schemas returns the schemas of the resources, sorted.
func (g *compiler) schemas() []string {
	var out []string
	for _, r := range g.resources {
		out = append(out, r.table.Schema)
		for _, p := range r.parts {
			out = append(out, p.Schema)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// schemaUsage lets a database role name what is in a schema. What it holds before is not taken back.
func (g *compiler) schemaUsage(schema, role string) {
	o := SchemaUsage(schema, role)
	if s := g.catalog.Schema(schema); s != nil && schema != "rls" && slices.Contains(s.Usage, role) {
		o.Drop = ""
	}
	g.add(o)
}

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
	for _, s := range g.second {
		read(u.Table, s.column)
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

// graphPrivileges lets rls_owner read the columns of the graph, and lock rows where a guard does, and no more.
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
		title := fmt.Sprintf("SELECT on %s of %s for rls_owner", list, table)
		grant := fmt.Sprintf("GRANT SELECT (%s) ON %s TO rls_owner;", list, table)
		if c := g.catalog.Table(t.schema, t.name); c != nil && g.locks(c) {
			key := policies.Ident(g.conflicts(c)[0][0])
			title = fmt.Sprintf("SELECT on %s of %s, and UPDATE on %s to lock rows, for rls_owner", list, table, key)
			grant = fmt.Sprintf("GRANT SELECT (%s), UPDATE (%s) ON %s TO rls_owner;", list, key, table)
		}
		g.add(policies.Object{
			Kind: policies.KindPrivilege, Name: policies.Identity("rls_owner", t.schema, t.name), Table: table,
			Title:   title,
			Create:  grant,
			Replace: unread(table) + "\n" + grant,
			Drop:    unread(table),
		})
	}
}

// unread takes what rls_owner holds on the columns of a table, column by column: a REVOKE from the table would write its
// privileges out where they are the default ones.
func unread(table string) string {
	return do(fmt.Sprintf("DECLARE\n    name text;\nBEGIN\n    FOR name IN SELECT a.attname FROM pg_catalog.pg_attribute AS a\n"+
		"        WHERE a.attrelid = to_regclass(%s) AND NOT a.attisdropped\n"+
		"          AND EXISTS (SELECT FROM aclexplode(a.attacl) AS x WHERE x.grantee = to_regrole('rls_owner')) LOOP\n"+
		"        EXECUTE format('REVOKE ALL (%%I) ON %%s FROM rls_owner', name, %s);\n    END LOOP;\nEND", policies.Literal(table), policies.Literal(table)))
}
