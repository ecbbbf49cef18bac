package check_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/check"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

func pos(line int) policies.Pos { return policies.Pos{Line: line, Column: 5} }

func txt(line int, value string) policies.Text { return policies.Text{Value: value, Pos: pos(line)} }

func tab(line int, schema, name string) policies.TableName {
	return policies.TableName{Schema: schema, Name: name, Pos: pos(line)}
}

func column(line int, name string) policies.Expression {
	return policies.Expression{SQL: name, Compiled: "t." + policies.Ident(name), Columns: []string{name}, Pos: pos(line)}
}

// model is one without a mistake. Its lines are as the file of such a model would have them.
func model() *policies.Model {
	return &policies.Model{
		File: "rls.yaml",
		Database: policies.Database{
			Pos: pos(3), ClientRoles: []policies.Text{txt(3, "app")}, MaintenanceRoles: []policies.Text{txt(4, "migrator")},
			Schemas: []policies.SchemaRule{{Schema: txt(5, "app"), Closed: true}, {Schema: txt(6, "hr")}},
		},
		Open: []policies.TableName{tab(8, "app", "country")},
		Users: policies.Users{
			Pos: pos(10), Table: tab(10, "hr", "staff"), Key: txt(11, "id"), Login: txt(12, "email"), Subject: txt(13, "sub"),
			Active: policies.Expression{SQL: "ended_on IS NULL", Compiled: "(t.ended_on IS NULL)", Columns: []string{"ended_on"}, Pos: pos(14)},
			Staff:  column(15, "is_hr"),
			Sees: []policies.Edge{
				{Kind: txt(17, "supervisor"), Column: txt(17, "boss")},
				{Kind: txt(18, "delegate"), Table: tab(18, "hr", "deputy"), Viewer: txt(19, "deputy_id"), Seen: txt(20, "staff_id")},
			},
		},
		Groups: policies.Groups{
			Pos: pos(22), Kind: policies.GroupsBound, Table: tab(22, "hr", "team"), Key: txt(23, "id"), Name: txt(24, "name"), Creator: txt(25, "made_by"),
			ShareMembersVisibility: column(26, "share"),
			Members: policies.Members{
				Table: tab(28, "hr", "team_member"), Group: txt(29, "team_id"), User: txt(30, "staff_id"), From: txt(31, "since"), Until: txt(32, "until"),
			},
		},
		Resources: []policies.Resource{
			{
				Name: txt(40, "note"), Table: tab(41, "app", "note"), Key: []policies.Text{txt(42, "id")},
				Owners:  []policies.Owner{{Column: txt(43, "created_by")}, {Column: txt(44, "team_id"), Group: true}},
				Actions: []policies.Text{txt(45, "publish")}, WriteScope: policies.ScopeVisible, OwnerCheck: policies.ScopeVisible,
			},
			{Name: txt(50, "staff"), Table: tab(51, "hr", "staff"), Owners: []policies.Owner{{Column: txt(52, "id")}}},
		},
		Grants: []policies.Grant{
			{
				Pos: pos(60), To: policies.Grantee{Kind: policies.GranteeUser, Name: "anna", Pos: pos(60)},
				Allow: []policies.Allowance{{Resource: txt(61, "note"), Actions: []policies.Text{txt(62, "read"), txt(63, "publish")}}},
			},
			{
				Pos: pos(65), To: policies.Grantee{Kind: policies.GranteeGroup, Name: "sales", Pos: pos(65)},
				Allow: []policies.Allowance{{Resource: txt(66, "staff"), All: true}},
			},
		},
	}
}

func up(schema, table string) []policies.Ref { return []policies.Ref{{Schema: schema, Name: table}} }

func cols(spec string) []policies.Column {
	var list []policies.Column
	for s := range strings.SplitSeq(spec, ", ") {
		name, typ, _ := strings.Cut(s, " ")
		typ, notNull := strings.CutSuffix(typ, "!")
		list = append(list, policies.Column{Name: name, Type: typ, NotNull: notNull})
	}
	return list
}

func key(column, schema, table, to string) policies.ForeignKey {
	return policies.ForeignKey{Name: column, Columns: []string{column}, RefSchema: schema, RefTable: table, RefColumns: []string{to}}
}

// catalog is a database in which model has no mistake.
func catalog() *policies.Catalog {
	return &policies.Catalog{
		ServerVersion: 150018,
		Tables: []policies.Table{
			{Schema: "app", Name: "country", Kind: "r", Owner: "migrator", Columns: cols("code text!"), PrimaryKey: []string{"code"}},
			{
				Schema: "app", Name: "note", Kind: "r", Owner: "migrator", PrimaryKey: []string{"id"},
				Columns:     cols("id bigint!, created_by integer, team_id uuid, title text, code text"),
				Indexes:     [][]string{{"created_by", "id"}, {"team_id"}},
				ForeignKeys: []policies.ForeignKey{key("created_by", "hr", "staff", "id"), key("team_id", "hr", "team", "id")},
			},
			{
				Schema: "hr", Name: "deputy", Kind: "r", Owner: "migrator", PrimaryKey: []string{"deputy_id", "staff_id"},
				Columns: cols("deputy_id bigint!, staff_id smallint!, note text"),
			},
			{
				Schema: "hr", Name: "staff", Kind: "r", Owner: "migrator", PrimaryKey: []string{"id"},
				Columns: cols("id integer!, email text!, sub character varying, ended_on date, is_hr boolean!, boss integer, nick text"),
				Unique:  [][]string{{"email"}, {"sub"}}, Indexes: [][]string{{"boss"}},
			},
			{Schema: "hr", Name: "staff_view", Kind: "v", Owner: "migrator", Columns: cols("id integer")},
			{
				Schema: "hr", Name: "team", Kind: "r", Owner: "migrator", PrimaryKey: []string{"id"},
				Columns: cols("id uuid!, name text!, made_by integer, share boolean!"), Unique: [][]string{{"name"}},
			},
			{
				Schema: "hr", Name: "team_member", Kind: "r", Owner: "migrator", PrimaryKey: []string{"team_id", "staff_id"}, Indexes: [][]string{{"staff_id"}},
				Columns: cols("team_id uuid!, staff_id integer!, since date, until timestamp with time zone"),
			},
		},
		Roles: []policies.Role{
			{Name: "app"},
			{Name: "between"},
			{Name: "bypass", BypassRLS: true},
			{Name: "migrator"},
			{Name: "postgres", Superuser: true, BypassRLS: true},
			{Name: "rls_client"},
			{Name: "rls_owner"},
			{Name: "web", Login: true},
		},
	}
}

func TestModel(t *testing.T) {
	t.Parallel()
	type change = func(m *policies.Model, c *policies.Catalog)
	staff := func(c *policies.Catalog) *policies.Table { return c.Table("hr", "staff") }
	note := func(c *policies.Catalog) *policies.Table { return c.Table("app", "note") }
	member := func(c *policies.Catalog, role string, of ...string) { c.Role(role).MemberOf = of }
	for name, edit := range map[string]change{
		"clean":      func(*policies.Model, *policies.Catalog) {},
		"server_old": func(_ *policies.Model, c *policies.Catalog) { c.ServerVersion = 140009 },
		"table_misspelt": func(m *policies.Model, _ *policies.Catalog) {
			m.Resources[0].Table.Name = "notes"
			m.Open[0].Name = "contry"
		},
		"table_elsewhere":     func(m *policies.Model, _ *policies.Catalog) { m.Resources[0].Table.Schema = "publication" },
		"table_unknown":       func(m *policies.Model, _ *policies.Catalog) { m.Users.Table = tab(10, "crm", "customer_contact") },
		"table_is_view":       func(m *policies.Model, _ *policies.Catalog) { m.Users.Table.Name = "staff_view" },
		"resource_is_foreign": func(_ *policies.Model, c *policies.Catalog) { note(c).Kind = "f" },
		"resource_is_matview": func(_ *policies.Model, c *policies.Catalog) { note(c).Kind = "m" },
		"expression_case": func(m *policies.Model, c *policies.Catalog) {
			staff := c.Table("hr", "staff")
			staff.Columns = append(staff.Columns, cols("isRoot boolean!")...)
			m.Users.Active.Columns = []string{"isroot"}
		},
		"columns_misspelt": func(m *policies.Model, _ *policies.Catalog) {
			m.Users.Login.Value = "mail"
			m.Users.Subject.Value = "subj"
			m.Users.Active.Columns = []string{"endedon"}
			m.Users.Sees[0].Column.Value = "bos"
			m.Users.Sees[1].Viewer.Value = "deputy"
			m.Users.Sees[1].Seen.Value = "zzzzzzzz"
			m.Groups.Key.Value = "Id"
			m.Groups.Name.Value = "nam"
			m.Groups.Creator.Value = "madeby"
			m.Groups.ShareMembersVisibility = column(26, "shared")
			m.Groups.Members.Group.Value = "teamid"
			m.Groups.Members.User.Value = "staff"
			m.Groups.Members.From.Value = "from"
			m.Resources[0].Key[0].Value = "ID"
			m.Resources[0].Owners[0].Column.Value = `x"; DROP TABLE y; --`
		},
		"virtual_columns": func(m *policies.Model, c *policies.Catalog) {
			staff(c).Column("boss").Virtual, staff(c).Column("is_hr").Virtual = true, true // the second one is in a condition
			note(c).Column("created_by").Virtual, c.Table("hr", "team_member").Column("until").Virtual = true, true
		},
		"computed_owner": func(m *policies.Model, c *policies.Catalog) {
			m.Resources[0].Table = m.Users.Table
			m.Resources[0].Owners = []policies.Owner{{Column: txt(43, "boss")}}
			staff(c).Column("boss").Generated = true
		},
		"services": func(m *policies.Model, c *policies.Catalog) {
			allow := func(resource string, actions ...string) policies.Allowance {
				a := policies.Allowance{Resource: txt(73, resource), All: len(actions) == 0}
				for _, x := range actions {
					a.Actions = append(a.Actions, txt(74, x))
				}
				return a
			}
			m.Services = []policies.Service{
				{Name: txt(70, "auth"), Gateways: []policies.Text{txt(71, "web"), txt(72, "portal")}, Allow: []policies.Allowance{
					allow("note", "read", "publish"), allow("staf", "read"), allow("staff", "raed"),
				}},
				{Name: txt(75, "jobs"), Allow: []policies.Allowance{allow("note", "create", "update", "delete")}},
				{Name: txt(76, "mailer"), Allow: []policies.Allowance{allow("note")}},
			}
			m.Resources[0].OwnerCheck = policies.ScopeAny
			m.Resources = append(m.Resources, policies.Resource{Name: txt(54, "country"), Table: tab(55, "app", "country"), Key: []policies.Text{txt(56, "code")}})
			m.Open = nil
			m.Services[2].Allow = append(m.Services[2].Allow, allow("country", "read")) // so it needs no owner
			c.Kernel, c.Gateways = 1, []policies.Gateway{{Login: "web", ClientRole: "app"}}
			to := func(name string, a policies.Allowance) policies.Grant {
				return policies.Grant{Pos: pos(80), To: policies.Grantee{Kind: policies.GranteeService, Name: name, Pos: pos(80)}, Allow: []policies.Allowance{a}}
			}
			m.Grants = append(m.Grants, to("jobs", allow("note", "create")), to("jobs", allow("staff", "create")), to("jobs", allow("note", "create", "read")),
				to("mailer", allow("note")), to("mialer", allow("note", "read")))
		},
		"users_key_unknown":  func(m *policies.Model, _ *policies.Catalog) { m.Users.Key.Value = "idd" },
		"users_key_type":     func(_ *policies.Model, c *policies.Catalog) { staff(c).Column("id").Type = "numeric" },
		"users_key_citext":   func(_ *policies.Model, c *policies.Catalog) { staff(c).Column("id").Type = "public.citext" },
		"users_key_loose":    func(m *policies.Model, c *policies.Catalog) { m.Users.Key.Value = "boss" },
		"users_key_nullable": func(m *policies.Model, c *policies.Catalog) { m.Users.Key.Value = "sub" },
		"users_key_composite": func(_ *policies.Model, c *policies.Catalog) {
			staff(c).PrimaryKey = []string{"id", "email"}
		},
		"users_key_unique": func(_ *policies.Model, c *policies.Catalog) {
			staff(c).PrimaryKey, staff(c).Unique = nil, append(staff(c).Unique, []string{"id"})
		},
		"login_not_unique": func(m *policies.Model, _ *policies.Catalog) {
			m.Users.Login.Value, m.Users.Subject.Value = "nick", "nick"
		},
		"group_not_unique": func(_ *policies.Model, c *policies.Catalog) { c.Table("hr", "team").Unique = nil },
		"flag_not_boolean": func(m *policies.Model, _ *policies.Catalog) { m.Users.Staff = column(15, "nick") },
		"edge_types": func(_ *policies.Model, c *policies.Catalog) {
			staff(c).Column("boss").Type = "text"
			c.Table("hr", "deputy").Column("deputy_id").Type = "uuid"
			c.Table("hr", "team").Column("made_by").Type = "text"
			c.Table("hr", "team_member").Column("team_id").Type = "integer"
			c.Table("hr", "team_member").Column("staff_id").Type = "numeric"
			c.Table("hr", "team_member").Column("since").Type = "integer"
		},
		"text_family": func(_ *policies.Model, c *policies.Catalog) {
			staff(c).Column("id").Type = "character varying"
			for _, x := range []*policies.Column{
				staff(c).Column("boss"), c.Table("hr", "deputy").Column("deputy_id"), c.Table("hr", "deputy").Column("staff_id"),
				c.Table("hr", "team").Column("made_by"), c.Table("hr", "team_member").Column("staff_id"), note(c).Column("created_by"),
			} {
				x.Type = "text"
			}
		},
		"indexes_missing": func(_ *policies.Model, c *policies.Catalog) {
			staff(c).Indexes = nil
			note(c).Indexes = [][]string{{"id", "created_by"}}
			c.Table("hr", "team_member").Indexes = nil
			c.Table("hr", "deputy").PrimaryKey = []string{"staff_id", "deputy_id"}
		},
		"owner_type":       func(_ *policies.Model, c *policies.Catalog) { note(c).Column("created_by").Type = "text" },
		"owner_no_foreign": func(_ *policies.Model, c *policies.Catalog) { note(c).ForeignKeys = nil },
		"owner_other_foreign": func(_ *policies.Model, c *policies.Catalog) {
			note(c).ForeignKeys[0] = key("created_by", "hr", "deputy", "staff_id")
		},
		"owner_other_column": func(_ *policies.Model, c *policies.Catalog) { note(c).ForeignKeys[0].RefColumns = []string{"boss"} },
		"owner_by_foreign_key": func(_ *policies.Model, c *policies.Catalog) {
			note(c).Columns[1].Type = "character varying"
			note(c).ForeignKeys[0].RefColumns = []string{"email"}
		},
		"owner_by": func(m *policies.Model, c *policies.Catalog) { // no foreign key; unknown; not unique; of another type; contradicted
			note(c).Columns = append(note(c).Columns, cols("a text, b text, c text, d text")...)
			note(c).Indexes = append(note(c).Indexes, []string{"a"}, []string{"b"}, []string{"c"}, []string{"d"})
			for i, by := range []string{"email", "emial", "nick", "number"} {
				m.Resources[0].Owners = append(m.Resources[0].Owners, policies.Owner{Column: txt(45+i, string(rune('a'+i))), By: txt(45+i, by)})
			}
			m.Resources[0].Owners[0].By = txt(43, "number")
			staff := c.Table("hr", "staff")
			staff.Columns, staff.Unique = append(staff.Columns, cols("number integer!")...), append(staff.Unique, []string{"number"})
		},
		"loose_collations": func(m *policies.Model, c *policies.Catalog) {
			for _, t := range []string{"staff", "team", "deputy", "team_member"} {
				for i := range c.Table("hr", t).Columns {
					c.Table("hr", t).Columns[i].Loose = true
				}
			}
			for i := range note(c).Columns {
				note(c).Columns[i].Loose = true
			}
			m.Resources[0].Owners = append(m.Resources[0].Owners, policies.Owner{Column: txt(46, "title"), By: txt(46, "email")})
		},
		"leaky_indexes": func(_ *policies.Model, c *policies.Catalog) {
			note(c).Columns = append(note(c).Columns, policies.Column{Name: "Tag", Type: "public.citext", Leaky: true}, policies.Column{Name: "mood", Type: "app.mood", Leaky: true},
				policies.Column{Name: "free", Type: "numeric", Leaky: true})
			note(c).Indexes = append(note(c).Indexes, []string{"Tag"}, []string{"mood", "id"})
		},
		"cascades": func(_ *policies.Model, c *policies.Catalog) {
			f := &note(c).ForeignKeys[0]
			f.Name, f.OnDelete, f.OnUpdate = "made by", "SET NULL", "CASCADE"
		},
		"cascades_decided": func(m *policies.Model, c *policies.Catalog) {
			note(c).ForeignKeys[0].OnDelete = "CASCADE"
			m.Resources[0].Cascades = txt(45, policies.CascadesAllow)
		},
		"owner_own_key":     func(m *policies.Model, _ *policies.Catalog) { m.Resources[0].Owners[0].Column.Value = "id" },
		"owner_users_other": func(m *policies.Model, _ *policies.Catalog) { m.Resources[1].Owners[0].Column.Value = "boss" },
		"owner_through_table": func(_ *policies.Model, c *policies.Catalog) {
			c.Table("hr", "deputy").ForeignKeys = []policies.ForeignKey{key("staff_id", "hr", "staff", "id")}
			note(c).ForeignKeys[0] = key("created_by", "hr", "deputy", "staff_id")
		},
		"owner_foreign_circle": func(_ *policies.Model, c *policies.Catalog) {
			c.Table("hr", "deputy").ForeignKeys = []policies.ForeignKey{key("staff_id", "hr", "deputy", "staff_id")}
			note(c).ForeignKeys[0] = key("created_by", "hr", "deputy", "staff_id")
		},
		"owner_composite_foreign": func(_ *policies.Model, c *policies.Catalog) {
			note(c).ForeignKeys[0] = policies.ForeignKey{
				Columns: []string{"code", "created_by"}, RefSchema: "hr", RefTable: "staff", RefColumns: []string{"email", "id"},
			}
		},
		"owner_missing":    func(m *policies.Model, _ *policies.Catalog) { m.Resources[0].Owners = nil },
		"owner_group_none": func(m *policies.Model, _ *policies.Catalog) { m.Groups, m.Grants = policies.Groups{}, m.Grants[:1] },
		"key_default_none": func(m *policies.Model, c *policies.Catalog) { m.Resources[0].Key, note(c).PrimaryKey = nil, nil },
		"key_loose": func(m *policies.Model, _ *policies.Catalog) {
			m.Resources[0].Key = []policies.Text{txt(42, "code"), txt(42, "id")}
		},
		"key_composite": func(m *policies.Model, c *policies.Catalog) {
			m.Resources[0].Key = []policies.Text{txt(42, "code"), txt(42, "id")}
			note(c).PrimaryKey = []string{"id", "code"}
		},
		"client_none": func(m *policies.Model, _ *policies.Catalog) { m.Database.ClientRoles = nil },
		"role_unknown": func(m *policies.Model, c *policies.Catalog) {
			m.Database.ClientRoles[0].Value = "My App"
			m.Database.MaintenanceRoles = append(m.Database.MaintenanceRoles, txt(4, "migratr"), txt(4, "els_owner"))
			c.Roles = append(c.Roles, policies.Role{Name: "rls_owner"}) // not to be suggested
		},
		"role_unknown_login": func(m *policies.Model, c *policies.Catalog) {
			m.Database.ClientRoles = []policies.Text{txt(3, "wep"), txt(3, "bypas"), txt(3, "postgre"), txt(3, "betwen")}
			m.Database.MaintenanceRoles = append(m.Database.MaintenanceRoles, txt(4, "wep"))
		},
		"role_reserved": func(m *policies.Model, _ *policies.Catalog) {
			m.Database.ClientRoles = []policies.Text{txt(3, "rls_client"), txt(3, "public"), txt(3, "pg_read_all_data")}
			m.Database.MaintenanceRoles = append(m.Database.MaintenanceRoles, txt(4, "rls_owner"))
		},
		"client_superuser":  func(_ *policies.Model, c *policies.Catalog) { c.Role("app").Superuser = true },
		"client_bypass":     func(_ *policies.Model, c *policies.Catalog) { c.Role("app").BypassRLS = true },
		"client_createrole": func(_ *policies.Model, c *policies.Catalog) { c.Role("app").CreateRole = true },
		"client_createrole_16": func(_ *policies.Model, c *policies.Catalog) {
			c.Role("app").CreateRole, c.ServerVersion = true, 160001
		},
		"client_owns_table": func(m *policies.Model, c *policies.Catalog) { note(c).Owner = "app" },
		"client_maintains": func(_ *policies.Model, c *policies.Catalog) {
			member(c, "app", "between")
			member(c, "between", "migrator")
		},
		"client_is_rls_owner": func(_ *policies.Model, c *policies.Catalog) { member(c, "app", "rls_owner", "rls_client") },
		"client_is_table_owner": func(_ *policies.Model, c *policies.Catalog) {
			note(c).Owner = "between"
			member(c, "app", "between")
		},
		"client_becomes_superuser": func(_ *policies.Model, c *policies.Catalog) { member(c, "app", "postgres") },
		"client_circle":            func(_ *policies.Model, c *policies.Catalog) { member(c, "app", "between"); member(c, "between", "app") },
		"gateway_maintains": func(_ *policies.Model, c *policies.Catalog) {
			c.Gateways = []policies.Gateway{{Login: "web", ClientRole: "app"}}
			member(c, "web", "migrator")
		},
		"table_owner_not_maintenance": func(_ *policies.Model, c *policies.Catalog) {
			note(c).Owner = "shop"
			c.Roles = append(c.Roles, policies.Role{Name: "shop"})
		},
		"table_owner_superuser": func(_ *policies.Model, c *policies.Catalog) { note(c).Owner = "postgres" }, // no policy filters it
		"table_owner_member": func(_ *policies.Model, c *policies.Catalog) {
			note(c).Owner = "between"
			member(c, "between", "migrator")
		},
		"reserved_tables": func(m *policies.Model, _ *policies.Catalog) {
			m.Users.Table = tab(10, "rls", "user")
			m.Users.Sees[1].Table = tab(18, "pg_catalog", "pg_class")
			m.Groups.Table = tab(22, "rls", "group")
			m.Groups.Members.Table = tab(28, "information_schema", "tables")
			m.Resources[0].Table = tab(41, "rls", "grant")
			m.Resources[1].Table = tab(51, "pg_catalog", "pg_class")
			m.Database.Schemas[0].Schema.Value = "rls"
		},
		"partition": func(_ *policies.Model, c *policies.Catalog) {
			note(c).Parents, note(c).Partition = up("app", "country"), true
		},
		"child": func(_ *policies.Model, c *policies.Catalog) { note(c).Parents = up("hr", "deputy") },
		"parts": func(m *policies.Model, c *policies.Catalog) { // of one tree, and what stands beside it
			note(c).Heirs = true
			c.Table("hr", "team").Heirs = true
			m.Open = append(m.Open, tab(9, "app", "old_note"))
			m.Resources = append(m.Resources, policies.Resource{Name: txt(54, "shared"), Table: tab(55, "app", "shared"), Owners: m.Resources[0].Owners})
			c.Tables = append(c.Tables,
				policies.Table{Schema: "app", Name: "old_note", Kind: "r", Owner: "app", Parents: up("app", "note"), Columns: note(c).Columns},
				policies.Table{Schema: "app", Name: "shared", Kind: "r", Owner: "migrator", Parents: append(up("app", "note"), up("hr", "team")...), Columns: note(c).Columns,
					Indexes: note(c).Indexes, Policies: []policies.Policy{{Name: "by hand", Permissive: true, Command: "ALL"}}},
				policies.Table{Schema: "app", Name: "far", Kind: "f", Owner: "migrator", Parents: up("app", "note"), Columns: note(c).Columns,
					Privileges: []policies.Privilege{{Grantee: "", Privilege: "SELECT"}, {Grantee: "app", Privilege: "INSERT"}, {Grantee: "migrator", Privilege: "DELETE"}}})
		},
		"graph_parts": func(_ *policies.Model, c *policies.Catalog) {
			c.Table("hr", "team").Heirs = true
			c.Table("hr", "staff").Heirs, c.Table("hr", "staff").Kind = true, "p"
			c.Tables = append(c.Tables, policies.Table{Schema: "hr", Name: "board", Kind: "r", Owner: "migrator", Parents: up("hr", "team")})
		},
		"parts_clean": func(_ *policies.Model, c *policies.Catalog) {
			note(c).Kind, note(c).Heirs = "p", true
			c.Tables = append(c.Tables,
				policies.Table{Schema: "app", Name: "note_1", Kind: "p", Heirs: true, Owner: "migrator", Parents: up("app", "note"), Partition: true, Columns: note(c).Columns},
				policies.Table{Schema: "app", Name: "note_1_1", Kind: "r", Owner: "migrator", Parents: up("app", "note_1"), Partition: true, Columns: note(c).Columns},
				policies.Table{Schema: "app", Name: "far", Kind: "f", Owner: "migrator", Parents: up("app", "note"), Partition: true, Columns: note(c).Columns,
					Privileges: []policies.Privilege{{Grantee: "migrator", Privilege: "DELETE"}}})
		},
		"closed_kinds": func(_ *policies.Model, c *policies.Catalog) {
			c.Tables = append(c.Tables, policies.Table{Schema: "app", Name: "far", Kind: "f"}, policies.Table{Schema: "app", Name: "held", Kind: "m"}, policies.Table{Schema: "app", Name: "seen", Kind: "v"})
		},
		"closed_table": func(_ *policies.Model, c *policies.Catalog) {
			c.Tables = append(c.Tables, policies.Table{Schema: "app", Name: "Order", Kind: "r"}, policies.Table{Schema: "app", Name: "report", Kind: "v"},
				policies.Table{Schema: "app", Name: "country_at", Kind: "r", Parents: up("app", "country"), Partition: true},
				policies.Table{Schema: "app", Name: "deputy_at", Kind: "r", Parents: up("hr", "deputy"), Partition: true})
		},
		"authority_application": func(m *policies.Model, _ *policies.Catalog) {
			m.Users.Authority = txt(34, policies.AuthorityApplication)
		},
		"settings_decide": func(m *policies.Model, _ *policies.Catalog) {
			m.Users.Active = policies.Expression{SQL: "ended_on > 'today'", Compiled: "(t.ended_on > 'today')", Columns: []string{"ended_on"}, Pos: pos(14)}
			m.Users.Superuser = policies.Expression{SQL: "nick::timestamptz > now()", Compiled: "(CAST(t.nick AS pg_catalog.timestamptz) > pg_catalog.clock_timestamp())",
				Columns: []string{"nick"}, Pos: pos(15)}
			// No time is near the one, and nothing but a date becomes a time in the other.
			m.Users.Staff = policies.Expression{SQL: "nick = 'today'", Compiled: "(t.nick = 'today')", Columns: []string{"nick"}, Pos: pos(16)}
			m.Groups.ShareMembersVisibility = policies.Expression{SQL: "share", Compiled: "t.share", Columns: []string{"share"}, Pos: pos(26)}
		},
		"closed_helpers": func(m *policies.Model, _ *policies.Catalog) { m.Database.Schemas[1].Closed = true },
		"schema_unknown": func(m *policies.Model, _ *policies.Catalog) { m.Database.Schemas[1].Schema.Value = "hrr" },
		"policies_by_hand": func(m *policies.Model, c *policies.Catalog) {
			note(c).Policies = []policies.Policy{
				{Name: "everybody", Permissive: true}, {Name: "kept", Permissive: true}, {Name: "no_trolls"}, {Name: "note_read", Permissive: true},
			}
			m.Resources[0].KeepPolicies = []policies.Text{txt(46, "kept"), txt(47, "kepd"), txt(48, "zzzzzzzz")}
			c.Installed = []policies.Installed{
				{Kind: policies.KindPolicy, Name: policies.Identity("app", "note", "note_read")},
				{Kind: policies.KindView, Name: policies.Identity("app", "note", "everybody")},
			}
		},
		"grants": func(m *policies.Model, _ *policies.Catalog) {
			m.Grants[0].Allow[0].Actions = []policies.Text{txt(62, "publsh"), txt(63, "archive")}
			m.Grants[1].Allow = []policies.Allowance{{Resource: txt(66, "notes"), All: true}, {Resource: txt(67, "invoice"), All: true}}
		},
		"grant_group_none": func(m *policies.Model, _ *policies.Catalog) {
			m.Groups, m.Resources[0].Owners = policies.Groups{}, m.Resources[0].Owners[:1]
		},
		"kernel_groups": func(m *policies.Model, _ *policies.Catalog) { m.Groups.Kind = policies.GroupsKernel },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, c := model(), catalog()
			edit(m, c)
			golden(t, name, check.Model(m, c))
		})
	}
}

func golden(t *testing.T, name string, diags policies.Diagnostics) {
	t.Helper()
	var b strings.Builder
	for _, d := range diags {
		b.WriteString(d.String() + "\n  hint: " + d.Hint + "\n")
		if !strings.HasPrefix(string(d.Code), "RL2") || d.Hint == "" || d.Severity == "" {
			t.Errorf("incomplete: %+v", d)
		}
	}
	path := "testdata/" + name + ".txt"
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("(-%s +got)\n%s", path, diff)
	}
}

// kernelModel is a model that names no users and groups of its own, as parse fills it in.
func kernelModel() *policies.Model {
	word := func(s string) policies.Text { return policies.Text{Value: s} }
	return &policies.Model{
		File:     "rls.yaml",
		Database: policies.Database{Pos: pos(2), ClientRoles: []policies.Text{txt(2, "app")}, MaintenanceRoles: []policies.Text{txt(3, "migrator")}},
		Users: policies.Users{
			Kernel: true, Table: policies.TableName{Schema: "rls", Name: "user"}, Key: word("id"), Login: word("login"), Subject: word("subject"),
			Sees: []policies.Edge{{Kind: word("supervisor"), Column: word("supervisor_id")}, {Kind: word("creator"), Column: word("created_by_id")}},
		},
		Groups: policies.Groups{
			Kind: policies.GroupsKernel, Table: policies.TableName{Schema: "rls", Name: "group"}, Key: word("id"), Name: word("name"),
			Members: policies.Members{Table: policies.TableName{Schema: "rls", Name: "group_member"}, Group: word("group_id"), User: word("user_id")},
		},
		Resources: []policies.Resource{
			{Name: txt(5, "user"), Table: tab(5, "rls", "user"), Owners: []policies.Owner{{Column: txt(6, "id")}, {Column: txt(6, "created_by_id")}}},
			{Name: txt(7, "group"), Table: tab(7, "rls", "group"), Owners: []policies.Owner{{Column: txt(8, "created_by_id")}, {Column: txt(8, "id"), Group: true}}},
			{Name: txt(9, "note"), Table: tab(9, "app", "note"), Owners: []policies.Owner{{Column: txt(10, "created_by")}, {Column: txt(11, "team_id"), Group: true}}},
		},
	}
}

// Before the kernel is installed a model of the kernel's own users is as good as after.
func TestModel_kernel_not_installed(t *testing.T) {
	t.Parallel()
	c := catalog()
	n := c.Table("app", "note")
	n.Column("created_by").Type = "uuid"
	n.ForeignKeys = []policies.ForeignKey{key("team_id", "rls", "group", "id")}
	golden(t, "kernel_not_installed", check.Model(kernelModel(), c))
}

func TestModel_offline(t *testing.T) {
	t.Parallel()
	m := model()
	m.Database.ClientRoles = []policies.Text{txt(3, "none")}
	m.Resources[0].Table = tab(41, "rls", "grant")
	m.Resources[1].Owners = nil
	m.Grants[0].Allow[0].Actions[0].Value = "reed"
	m.Groups.Kind = policies.GroupsKernel
	golden(t, "offline", check.Model(m, nil))
}

func TestModel_offline_clean(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]*policies.Model{"bound": model(), "kernel": kernelModel()} {
		if diags := check.Model(m, nil); len(diags) > 0 {
			t.Errorf("%s: %v", name, diags)
		}
	}
}

// What parse leaves of a broken model must not make check panic.
func TestModel_broken(t *testing.T) {
	t.Parallel()
	for _, c := range []*policies.Catalog{nil, {}, catalog()} {
		check.Model(&policies.Model{}, c)
		check.Model(&policies.Model{
			Users:     policies.Users{Sees: []policies.Edge{{}}},
			Groups:    policies.Groups{Kind: policies.GroupsBound},
			Resources: []policies.Resource{{}, {Table: tab(1, "app", "note"), Key: []policies.Text{{}}, Owners: []policies.Owner{{}}}},
			Grants:    []policies.Grant{{Allow: []policies.Allowance{{}}}},
		}, c)
	}
}
