package compile

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// directory writes down where users and groups are, so that who administers them needs no model file.
func (g *compiler) directory() {
	u := g.model.Users
	d := policies.Directory{Timezone: or(g.model.Database.Timezone.Value, "UTC"), Users: policies.DirectoryUsers{
		Schema: u.Table.Schema, Table: u.Table.Name, Kernel: u.Kernel, Key: u.Key.Value, KeyType: g.userKey.sql,
		Login: u.Login.Value, Subject: u.Subject.Value, Active: flag(u.Active), Superuser: flag(u.Superuser), Staff: flag(u.Staff),
	}}
	for _, e := range u.Sees {
		d.Users.Edges = append(d.Users.Edges, policies.DirectoryEdge{Kind: e.Kind.Value, Column: e.Column.Value,
			Schema: e.Table.Schema, Table: e.Table.Name, Viewer: e.Viewer.Value, Seen: e.Seen.Value})
	}
	if g.hasGroups() {
		s := g.model.Groups
		d.Groups = &policies.DirectoryGroups{
			Schema: s.Table.Schema, Table: s.Table.Name, Key: s.Key.Value, KeyType: g.groupKey.sql, Name: s.Name.Value, Creator: s.Creator.Value,
			ShareMembers: flag(s.ShareMembersVisibility), ShareCreator: flag(s.ShareCreatorVisibility),
			MembersSchema: s.Members.Table.Schema, MembersTable: s.Members.Table.Name,
			MemberGroup: s.Members.Group.Value, MemberUser: s.Members.User.Value, MemberFrom: s.Members.From.Value, MemberUntil: s.Members.Until.Value,
		}
	}
	doc, err := json.Marshal(d)
	if err != nil {
		panic(err) // plain data
	}
	insert := fmt.Sprintf("INSERT INTO rls.directory (mapping) VALUES (%s)\nON CONFLICT (singleton) DO UPDATE SET mapping = EXCLUDED.mapping;", policies.Literal(string(doc)))
	g.add(policies.Object{
		Kind: policies.KindRegistry, Name: policies.Identity("directory"), Title: "where users and groups are",
		Create: insert, Replace: insert, Drop: "DELETE FROM rls.directory;", AsOwner: true,
	})
}

// administration is what maintenance roles may call to administer grants.
const administration = "FUNCTION rls.directory_mapping(), rls.resource_actions(text[], text), rls.list_grants(), " +
	"rls.put_grant(text, text, text, text, timestamptz, timestamptz), rls.take_grant(text, text, text, text), rls.take_grant_by_id(bigint)"

// administers lets a maintenance role administer: grants by functions, and the kernel's own users and groups, where the
// model has them, as it does the tables of the application.
func (g *compiler) administers(role string) {
	name := policies.Ident(role)
	o := policies.Object{
		Kind: policies.KindPrivilege, Name: policies.Identity("administer", role), Title: "administration for " + name,
		Create:  fmt.Sprintf("GRANT EXECUTE ON %s TO %s;", administration, name),
		Drop:    fmt.Sprintf("REVOKE EXECUTE ON %s FROM %s;", administration, name),
		AsOwner: true,
	}
	var tables []string
	if g.model.Users.Kernel {
		tables = append(tables, `rls."user"`)
	}
	if g.model.Groups.Kind == policies.GroupsKernel {
		tables = append(tables, `rls."group"`, "rls.group_member")
	}
	if len(tables) > 0 {
		list := strings.Join(tables, ", ")
		o.Create += fmt.Sprintf("\nGRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %s;", list, name)
		o.Drop += fmt.Sprintf("\nREVOKE SELECT, INSERT, UPDATE, DELETE ON %s FROM %s;", list, name)
	}
	g.add(o)
}

// flag tells a plain column, which can be set, from an expression.
func flag(e policies.Expression) policies.DirectoryFlag {
	f := policies.DirectoryFlag{SQL: e.SQL, Compiled: e.Compiled}
	if len(e.Columns) == 1 && e.Compiled == "t."+policies.Ident(e.Columns[0]) {
		f.Column = e.Columns[0]
	}
	return f
}
