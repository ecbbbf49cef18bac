package logins

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// build plans the steps, in an order in which each is allowed when it runs. Undone in the opposite order they are allowed too.
func (c *change) build(ctx context.Context, p *adopter) error {
	p.add("what the login may do now", "", rightsSQL(p.login))
	p.add("how the privileges are written", "rls_owner", p.keepSQL())
	p.makeRoles()
	p.joinGroups()
	moved := p.sort()
	p.give(moved.owner, "give "+p.owner+" what the login holds on the objects of others")
	p.give(moved.again, "give again in the name of "+p.owner+" what the login gave")
	p.take(moved.gone, "and no longer in the name of the login")
	p.moveObjects()
	if n := len(moved.client.list); n > 0 && p.s.Roles[p.client] != nil {
		var members []string
		rows, _ := c.tx.Query(ctx, `SELECT u.rolname::text FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.roleid AND r.rolname = $1
			JOIN pg_roles AS u ON u.oid = m.member AND u.rolname <> current_user ORDER BY 1`, p.client)
		members, err := collect[string](rows)
		if err != nil {
			return err
		}
		if len(members) > 0 {
			return refuse("Name another role with --client-role: several client roles may have the same privileges.",
				"client role %q would get privileges that it does not have, and %s with it: %s", p.client, some(members), moved.client.list[0].what())
		}
	}
	p.give(moved.client, "give "+p.client+" the privileges of the login")
	p.take(moved.public, "take from PUBLIC what the client role has now")
	p.take(moved.login, "take its own privileges from the login")
	p.keepUsage()
	p.defaults()
	p.policies()
	p.leaveGroups()
	if err := c.enroll(ctx, p); err != nil {
		return err
	}
	p.add("nothing may have come or gone", "", sameRightsSQL(p.client))
	p.add("the login is bare", "", bareSQL(p.login))
	if err := c.borrow(ctx, p); err != nil {
		return err
	}
	p.remarks()
	return nil
}

// keepSQL remembers how the privileges of what is touched are written, so that releasing writes them so again.
func (p *adopter) keepSQL() string {
	var names []string
	for _, n := range p.s.Touched {
		names = append(names, policies.Literal("."+n))
	}
	return "SELECT rls.keep_acls(ARRAY[" + strings.Join(names, ", ") + "]::text[])"
}

func (p *adopter) add(title, as, sql string, undo ...undo) {
	p.steps = append(p.steps, step{title: title, as: as, sql: sql, undo: undo})
}

// need notes that a role has to be acted as, and returns it.
func (p *adopter) need(role string) string {
	if role == "pg_database_owner" { // whose only member is the owner of the database
		role = p.successor(p.s.Database.Owner)
	}
	p.needs[role] = true
	return role
}

// inName is the role to grant and revoke as, so that it counts as the owner's doing. A database superuser's does; for
// anybody else PostgreSQL takes the first role found that could have done it.
func (p *adopter) inName(owner string) string {
	role := p.need(p.successor(owner))
	if p.s.Me.Superuser {
		return ""
	}
	return role
}

// successor is who does from now on what a role did.
func (p *adopter) successor(role string) string {
	if role == p.login {
		return p.owner
	}
	return role
}

func (p *adopter) makeRoles() {
	inherit := map[bool]string{true: "INHERIT", false: "NOINHERIT"}[p.s.Version >= 160000 || p.s.Login.Inherit]
	make := func(name, option string) {
		if name == "" || p.s.Roles[name] != nil {
			return
		}
		p.made = append(p.made, name)
		p.add("database roles", "", fmt.Sprintf("CREATE ROLE %s NOLOGIN %s NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION", policies.Ident(name), option))
	}
	make(p.client, inherit)
	make(p.owner, "INHERIT")
	p.need(p.login)
	if p.owner == "" {
		return
	}
	// Whoever applies the model has to be able to change the tables.
	if p.s.Roles[p.owner] == nil && !p.s.Me.Superuser {
		p.add("database roles", "", "GRANT "+policies.Ident(p.owner)+" TO CURRENT_USER"+p.with(true, true, false))
	}
	if p.s.Roles[p.owner] != nil {
		p.need(p.owner)
	}
}

// with is the end of a GRANT of a membership; up to PostgreSQL 15 it cannot say more than ADMIN OPTION.
func (p *adopter) with(inherit, set, admin bool) string {
	switch {
	case p.s.Version >= 160000:
		return fmt.Sprintf(" WITH ADMIN %t, INHERIT %t, SET %t", admin, inherit, set)
	case admin:
		return " WITH ADMIN OPTION"
	}
	return ""
}

// joinGroups makes the client role, and the owner, members of what the login is a member of.
func (p *adopter) joinGroups() {
	done := map[string]bool{}
	for _, m := range p.s.Memberships {
		if m.Leaves || done[m.Of] {
			continue
		}
		done[m.Of] = true
		role := policies.Ident(m.Of)
		join := func(member, skip string, inherit, set bool) {
			p.add("memberships of the login", "", fmt.Sprintf("GRANT %s TO %s%s", role, policies.Ident(member), p.with(inherit, set, false)),
				undo{"", fmt.Sprintf("REVOKE %s FROM %s", role, policies.Ident(member))})
		}
		if !slices.Contains(p.s.ClientReaches, m.Of) {
			join(p.client, "", m.Inherit, m.Set)
		}
		if p.owner != "" && !slices.Contains(p.s.OwnerReaches, m.Of) {
			join(p.owner, "", true, true)
		}
	}
}

// moved are the privileges that change hands.
type moved struct {
	owner, again, client acls // given
	gone, public, login  acls // taken
}

// sort says of each privilege that the login has who gets it, and from whom it is taken.
func (p *adopter) sort() *moved {
	s, out := p.s, &moved{}
	type place struct{ kind, identity, part, privilege, to string }
	have := map[place]bool{}  // of the client role and the owner, with or without grant option
	grant := map[place]bool{} // with
	plain := map[place]bool{} // without, from the same grantor
	for _, e := range s.Entries {
		if !e.Public && (e.Grantee == p.client || e.Grantee == p.owner) {
			at := place{e.Kind, e.Identity, e.Part, e.Privilege, e.Grantee}
			have[at] = true
			grant[at] = grant[at] || e.Grantable
			plain[place{e.Kind, e.Identity, e.Part, e.Privilege, e.Grantee + "/" + e.Grantor}] = !e.Grantable
		}
	}
	give := func(l *acls, as string, e surveyEntry, to string, option bool) {
		at := place{e.Kind, e.Identity, e.Part, e.Privilege, to}
		if to == "" || have[at] && (grant[at] || !option) {
			return
		}
		have[at], grant[at] = true, grant[at] || option
		l.add(as, e.Kind, e.Identity, e.Part, e.Privilege, to, option, plain[place{e.Kind, e.Identity, e.Part, e.Privilege, to + "/" + e.Grantor}])
	}
	for _, e := range s.Entries {
		mine := e.Owner == p.login // until the objects are moved
		lost := e.Grantee == p.login || !e.Public && slices.Contains(s.Lost, e.Grantee)
		revoked := e.everybodys() && p.Public == PublicRevoke
		again := e.Grantor == p.login && !mine && e.Grantee != p.owner && !revoked
		merges := mine && !e.Public && e.Grantee == p.owner
		if !lost && !revoked && !again && !merges {
			continue
		}
		as := p.inName(e.Owner)
		if e.Grantor != e.Owner {
			as = p.need(p.successor(e.Grantor))
		}
		if lost || revoked {
			give(&out.client, as, e, p.client, false)
			byOwning := e.Grantee == p.owner || e.Grantee == "pg_database_owner" && s.Database.Owner == p.login
			if !mine && !byOwning {
				give(&out.owner, as, e, p.owner, e.Grantable && e.Grantee == p.login)
			}
		}
		switch {
		case revoked && !mine && e.Grantor == p.login: // it is the login's until its grant option goes
			out.public.add(p.login, e.Kind, e.Identity, e.Part, e.Privilege, "", false, false)
		case revoked:
			out.public.add(as, e.Kind, e.Identity, e.Part, e.Privilege, "", false, false)
		case merges: // it would become one with what an owner has
			mine := ""
			if !s.Me.Superuser {
				mine = p.login
			}
			p.add("what the owner held of the login", mine, fmt.Sprintf("REVOKE %s FROM %s", what(e), policies.Ident(p.owner)), undo{mine, grantSQL(e, p.owner)})
		case e.Grantee == p.login && !mine && !p.keeps(e):
			out.login.add(as, e.Kind, e.Identity, e.Part, e.Privilege, p.login, e.Grantable, false)
		case e.Grantee == p.login && !mine && e.Grantable:
			p.add("grant options of the login", as, fmt.Sprintf("REVOKE GRANT OPTION FOR %s FROM %s CASCADE", what(e), policies.Ident(p.login)), undo{as, grantSQL(e, p.login)})
		}
		if again {
			out.again.add(p.owner, e.Kind, e.Identity, e.Part, e.Privilege, e.Grantee, e.Grantable, false)
			// CASCADE would leave it, where the login has the grant option through another role too.
			out.gone.add(p.login, e.Kind, e.Identity, e.Part, e.Privilege, e.Grantee, e.Grantable, false)
		}
	}
	return out
}

// what is one entry as GRANT and REVOKE name it.
func what(e surveyEntry) string {
	a := acl{kind: e.Kind, identity: e.Identity}
	a.add(e.Part, e.Privilege)
	return a.what()
}

func grantSQL(e surveyEntry, to string) string {
	a := acl{kind: e.Kind, identity: e.Identity, to: to, option: e.Grantable}
	a.add(e.Part, e.Privilege)
	return a.grant()
}

// keeps reports whether the login keeps a privilege: it has to connect, and to parse statements before it enters.
func (p *adopter) keeps(e surveyEntry) bool {
	return e.Kind == "SCHEMA" && e.Privilege == "USAGE" || e.Kind == "DATABASE" && e.Privilege == "CONNECT"
}

func (p *adopter) give(l acls, title string) {
	for _, a := range l.list {
		back := []undo{{a.as, a.revoke()}}
		// REVOKE takes the privileges on columns with those on the table.
		var columns acls
		for _, e := range p.s.Entries {
			if e.Part != "" && e.Kind == a.kind && e.Identity == a.identity && e.Grantee == a.to && !e.Public && !a.had && (a.to == p.client || a.to == p.owner) {
				columns.add(a.as, e.Kind, e.Identity, e.Part, e.Privilege, a.to, e.Grantable, false)
			}
		}
		for _, c := range columns.list {
			back = append(back, undo{c.as, c.grant()})
		}
		p.add(title, a.as, a.grant(), back...)
	}
}

func (p *adopter) take(l acls, title string) {
	for _, a := range l.list {
		p.add(title, a.as, a.revoke(), undo{a.as, a.grant()})
	}
}

// statement words for what pg_identify_object calls otherwise.
var ownedWord = map[string]string{
	"FUNCTION": "ROUTINE", "PROCEDURE": "ROUTINE", "AGGREGATE": "ROUTINE", "STATISTICS OBJECT": "STATISTICS", "FOREIGN-DATA WRAPPER": "FOREIGN DATA WRAPPER",
}

// moveObjects gives the owner what the login owns. To own something in a schema one has to be able to create in it, unless a
// database superuser gives it: so databases and schemas go first, both ways.
func (p *adopter) moveObjects() {
	if p.owner == "" {
		return
	}
	const title = "owners"
	alter := func(o surveyOwned, to string) string {
		word := ownedWord[o.Type]
		if word == "" {
			word = o.Type
		}
		return fmt.Sprintf("ALTER %s %s OWNER TO %s", word, o.Identity, policies.Ident(to))
	}
	var containers, inside []surveyOwned
	schemas := map[string]bool{} // that are not moved, and have something in them that is
	extension := false
	for _, o := range p.s.Owned {
		switch {
		case !o.Here || o.Linked:
		case o.Type == "EXTENSION":
			extension = true
		case o.Type == "DATABASE" || o.Type == "SCHEMA":
			containers = append(containers, o)
		default:
			inside = append(inside, o)
			schemas[o.Schema] = true
		}
	}
	for _, o := range containers {
		p.add(title, "", alter(o, p.owner))
		delete(schemas, strings.ReplaceAll(strings.Trim(o.Identity, `"`), `""`, `"`))
	}
	var lent []string
	for schema := range schemas {
		if schema != "" && !p.s.Me.Superuser && !p.s.Creates[schema] {
			lent = append(lent, schema)
		}
	}
	slices.Sort(lent)
	lend := func(schema, word, to string) string {
		return fmt.Sprintf("%s CREATE ON SCHEMA %s %s %s", word, policies.Ident(schema), map[string]string{"GRANT": "TO", "REVOKE": "FROM"}[word], policies.Ident(to))
	}
	for _, schema := range lent {
		p.add(title, "", lend(schema, "GRANT", p.owner), undo{"", lend(schema, "REVOKE", p.login)})
	}
	for _, o := range inside {
		p.add(title, "", alter(o, p.owner), undo{"", alter(o, p.login)})
	}
	for _, schema := range lent {
		p.add(title, "", lend(schema, "REVOKE", p.owner), undo{"", lend(schema, "GRANT", p.login)})
	}
	if extension { // there is no ALTER EXTENSION OWNER
		p.add(title, "", fmt.Sprintf("REASSIGN OWNED BY %s TO %s", policies.Ident(p.login), policies.Ident(p.owner)))
		if p.s.Roles[p.owner] != nil {
			p.notes = append(p.notes, fmt.Sprintf("extensions of %q stay with %q when it is released: PostgreSQL cannot give a single one to another owner", p.login, p.owner))
		}
	}
	var back []undo
	for _, o := range containers {
		back = append(back, undo{"", alter(o, p.login)})
	}
	p.steps = append(p.steps, step{undo: back})
}

// keepUsage lets the login go on naming what is in the schemas, and connecting.
func (p *adopter) keepUsage() {
	const title = "what the login keeps"
	name := policies.Ident(p.login)
	for _, s := range p.s.Schemas {
		if s.Public || s.Direct && s.Owner != p.login {
			continue
		}
		as := p.inName(s.Owner)
		p.add(title, as, fmt.Sprintf("GRANT USAGE ON SCHEMA %s TO %s", policies.Ident(s.Name), name),
			undo{as, fmt.Sprintf("REVOKE USAGE ON SCHEMA %s FROM %s", policies.Ident(s.Name), name)})
	}
	if !p.s.Connects {
		as := p.inName(p.s.Database.Owner)
		p.add(title, as, fmt.Sprintf("GRANT CONNECT ON DATABASE %s TO %s", policies.Ident(p.s.Database.Name), name),
			undo{as, fmt.Sprintf("REVOKE CONNECT ON DATABASE %s FROM %s", policies.Ident(p.s.Database.Name), name)})
	}
}
