package logins

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
)

func collect[T any](rows pgx.Rows) ([]T, error) { return pgx.CollectRows(rows, pgx.RowTo[T]) }

// bornWord is what ALTER DEFAULT PRIVILEGES calls the types of pg_default_acl.
var bornWord = map[string]string{"r": "TABLES", "S": "SEQUENCES", "f": "ROUTINES", "T": "TYPES", "n": "SCHEMAS", "L": "LARGE OBJECTS"}

// born plans one ALTER DEFAULT PRIVILEGES and its opposite.
func (p *adopter) born(role, schema, word, privilege, to string, option, give bool) {
	if to == "" {
		to = "PUBLIC"
	} else {
		to = policies.Ident(to)
	}
	head := "ALTER DEFAULT PRIVILEGES FOR ROLE " + policies.Ident(role)
	if schema != "" {
		head += " IN SCHEMA " + policies.Ident(schema)
	}
	grant := fmt.Sprintf("%s GRANT %s ON %s TO %s", head, privilege, word, to)
	if option {
		grant += " WITH GRANT OPTION"
	}
	revoke := fmt.Sprintf("%s REVOKE %s ON %s FROM %s", head, privilege, word, to)
	if give {
		p.add("objects of tomorrow", "", grant, undo{"", revoke})
	} else {
		p.add("objects of tomorrow", "", revoke, undo{"", grant})
	}
}

// defaults carries default privileges over: those of the login, as owner of what it made, and those for it.
func (p *adopter) defaults() {
	type place struct{ role, schema, word, privilege, to string }
	have := map[place]bool{}
	for _, d := range p.s.Defaults {
		for _, b := range d.Has {
			have[place{d.Role, d.Schema, bornWord[d.Type], b.Privilege, b.Grantee}] = true
		}
	}
	give := func(role, schema, word, privilege, to string, option bool) {
		at := place{role, schema, word, privilege, to}
		if !have[at] {
			have[at] = true
			p.born(role, schema, word, privilege, to, option, true)
		}
	}
	hidden := map[string]bool{} // kinds of objects that PUBLIC is not to use
	for _, d := range p.s.Defaults {
		word := bornWord[d.Type]
		switch {
		case word == "":
			p.notes = append(p.notes, fmt.Sprintf("default privileges of type %q are not carried over", d.Type))
		case d.Role == p.login:
			for _, b := range d.Has {
				to := p.successor(b.Grantee)
				if b.Grantee == p.login || slices.Contains(d.Base, b) {
					continue
				}
				give(p.owner, d.Schema, word, b.Privilege, to, b.Grantable)
			}
			for _, b := range d.Base {
				if !slices.Contains(d.Has, b) {
					p.born(p.owner, d.Schema, word, b.Privilege, p.successor(b.Grantee), b.Grantable, false)
					hidden[word] = hidden[word] || b.Public
				}
			}
		default:
			for _, b := range d.Has {
				if b.Grantee != p.login {
					continue
				}
				p.need(d.Role)
				give(d.Role, d.Schema, word, b.Privilege, p.client, false)
				if p.owner != "" && p.owner != d.Role {
					give(d.Role, d.Schema, word, b.Privilege, p.owner, b.Grantable)
				}
				p.born(d.Role, d.Schema, word, b.Privilege, p.login, b.Grantable, false)
			}
		}
	}
	if p.owner == "" || !slices.ContainsFunc(p.s.Owned, func(o surveyOwned) bool { return o.Here }) {
		return
	}
	// The application could use the tables that its login made. Those of tomorrow are the owner's.
	for _, privilege := range []string{"SELECT", "INSERT", "UPDATE", "DELETE"} {
		give(p.owner, "", "TABLES", privilege, p.client, false)
	}
	for _, privilege := range []string{"USAGE", "SELECT", "UPDATE"} {
		give(p.owner, "", "SEQUENCES", privilege, p.client, false)
	}
	give(p.owner, "", "SCHEMAS", "USAGE", p.client, false)
	give(p.owner, "", "SCHEMAS", "USAGE", p.login, false)
	for word, privilege := range map[string]string{"ROUTINES": "EXECUTE", "TYPES": "USAGE"} {
		if hidden[word] {
			give(p.owner, "", word, privilege, p.client, false)
		}
	}
}

// policies puts the client role where policies made by hand name the login: after it has entered, it is the client role.
func (p *adopter) policies() {
	for _, h := range p.s.Policies {
		p.need(p.successor(h.Owner))
		list := func(with func(string) string) string {
			var out []string
			for _, r := range h.Roles {
				if r = with(r); !slices.Contains(out, r) {
					out = append(out, r)
				}
			}
			return strings.Join(out, ", ")
		}
		alter := fmt.Sprintf("ALTER POLICY %s ON %s TO ", policies.Ident(h.Name), h.Table)
		p.add("policies made by hand", "", alter+list(func(r string) string {
			if r == p.login {
				r = p.client
			}
			return policies.Ident(r)
		}), undo{"", alter + list(policies.Ident)})
	}
}

// leaveGroups takes the memberships from the login, and makes it one of its client role.
func (p *adopter) leaveGroups() {
	const title = "the login"
	name := policies.Ident(p.login)
	for _, m := range p.s.Memberships {
		by := ""
		if p.s.Me.Superuser && m.Grantor != "" { // nobody else may speak in the name of others
			by = " GRANTED BY " + policies.Ident(m.Grantor)
		}
		from := ""
		if p.s.Version >= 160000 {
			from = by
		}
		p.add(title, "", fmt.Sprintf("REVOKE %s FROM %s%s", policies.Ident(m.Of), name, from),
			undo{"", fmt.Sprintf("GRANT %s TO %s%s%s", policies.Ident(m.Of), name, p.with(m.Inherit, m.Set, m.Admin), by)})
	}
	if p.s.Login.Inherit {
		p.add(title, "", "ALTER ROLE "+name+" NOINHERIT", undo{"", "ALTER ROLE " + name + " INHERIT"})
	}
	if p.s.Login.CreateDB {
		p.add(title, "", "ALTER ROLE "+name+" NOCREATEDB", undo{"", "ALTER ROLE " + name + " CREATEDB"})
		p.notes = append(p.notes, fmt.Sprintf("%q may no longer create databases", p.login))
	}
	if path := p.path(); path != "" {
		head := fmt.Sprintf("ALTER ROLE %s IN DATABASE %s ", name, policies.Ident(p.s.Database.Name))
		back := head + "RESET search_path"
		if p.s.OwnPath != nil {
			back = head + "SET search_path TO " + pathSQL(schemasOf(*p.s.OwnPath))
		}
		p.add(title, "", head+"SET search_path TO "+path, undo{"", back})
		p.notes = append(p.notes, fmt.Sprintf(`"$user" of the search_path means the role that was entered: connections of %q start with search_path = %s from now on`, p.login, path))
	}
	p.add(title, "", fmt.Sprintf("GRANT %s TO %s%s", policies.Ident(p.client), name, p.with(false, true, false)),
		undo{"", fmt.Sprintf("REVOKE %s FROM %s", policies.Ident(p.client), name)})
}

// path is a search_path that means after entering what the login's means now, or "" where that is the same one.
func (p *adopter) path() string {
	if !p.s.OwnSchema || !strings.Contains(p.s.SearchPath, "$user") {
		return ""
	}
	list := schemasOf(p.s.SearchPath)
	for i, schema := range list {
		if schema == "$user" {
			list[i] = p.login
		}
	}
	return pathSQL(list)
}

// schemasOf reads a search_path as PostgreSQL does. The login has written it, and may have put anything where a name would
// be: without quotes all but commas and white space is one.
func schemasOf(path string) []string {
	var out []string
	for rest := strings.TrimSpace(path); rest != ""; {
		var name strings.Builder
		if quoted, ok := strings.CutPrefix(rest, `"`); ok {
			for {
				part, after, closed := strings.Cut(quoted, `"`)
				name.WriteString(part)
				if rest = after; !closed || !strings.HasPrefix(after, `"`) {
					break
				}
				name.WriteByte('"')
				quoted = after[1:]
			}
		} else {
			end := strings.IndexAny(rest, ", \t\n\r\f\v")
			if end < 0 {
				end = len(rest)
			}
			name.WriteString(strings.ToLower(rest[:end]))
			rest = rest[end:]
		}
		out = append(out, name.String())
		_, rest, _ = strings.Cut(rest, ",")
		rest = strings.TrimSpace(rest)
	}
	return out
}

// pathSQL writes schemas as the value of a search_path.
func pathSQL(list []string) string {
	out := make([]string, len(list))
	for i, schema := range list {
		if out[i] = policies.Ident(schema); schema == "" {
			out[i] = "''"
		}
	}
	if len(out) == 0 {
		return "''"
	}
	return strings.Join(out, ", ")
}

// remarks says what an adoption cannot do, and what others should know.
func (p *adopter) remarks() {
	say := func(format string, args ...any) { p.notes = append(p.notes, fmt.Sprintf(format, args...)) }
	s := p.s
	if s.Sessions > 0 {
		say("%d sessions are connected as %q: they lose their privileges at once, and its settings count for new connections alone; restart the application", s.Sessions, p.login)
	}
	for _, e := range s.Elsewhere {
		what := "holds privileges"
		if e.Owns {
			what = "owns objects"
		}
		say("%q %s in database %q, which stay as they are; what it has there through other roles is gone", p.login, what, e.Database)
	}
	if len(s.Mappings) > 0 {
		say("user mappings of %q are not those of the roles that it enters as; make one FOR PUBLIC, or for each plan role of %q, on: %s", p.login, p.client, strings.Join(s.Mappings, ", "))
	}
	if p.Public == PublicRevoke {
		say("what PUBLIC held on tables and sequences every other database role has lost, unless it has it by itself")
	}
	if len(s.Definers) > 0 {
		say("functions that run as their owner and that PUBLIC may call, so that the login may before it enters: %s", some(s.Definers))
	}
	var creates, objects []string
	for _, e := range s.Entries {
		if e.Kind == "SCHEMA" && e.Privilege == "CREATE" && (slices.Contains(s.Lost, e.Grantee)) && !slices.Contains(creates, e.Identity) {
			creates = append(creates, e.Identity)
		}
	}
	for _, o := range s.Owned {
		if slices.Contains([]string{"PUBLICATION", "SUBSCRIPTION", "SERVER", "FOREIGN-DATA WRAPPER", "LARGE OBJECT"}, o.Type) {
			objects = append(objects, strings.ToLower(o.Type)+" "+o.Identity)
		}
	}
	if len(creates) > 0 {
		say("%q may create in schema %s, as the login could, and what it creates belongs to no lasting role; once %s run REVOKE CREATE ON SCHEMA %[2]s FROM %[4]s", p.client,
			strings.Join(creates, ", "), map[bool]string{true: "migrations run as " + policies.Ident(p.owner), false: "nothing needs it"}[p.owner != ""], policies.Ident(p.client))
	}
	if len(objects) > 0 {
		say("row security does not filter these, which are %s's now: %s", policies.Ident(p.owner), some(objects))
	}
	if len(s.Settings) > 0 {
		say("its own settings stay, as they are now: %s", some(names(s.Settings)))
	}
}

// names are those of settings; their values may be secret.
func names(settings []string) []string {
	var out []string
	for _, s := range settings {
		name, _, _ := strings.Cut(s, "=")
		out = append(out, name)
	}
	return out
}

// borrow lets whoever runs this act as the roles that it has to, and gives that back at the end.
func (c *change) borrow(ctx context.Context, p *adopter) error {
	var roles []string
	for r := range p.needs {
		if r != "" && !slices.Contains(p.made, r) {
			roles = append(roles, r)
		}
	}
	slices.Sort(roles)
	before, after, err := c.lend(ctx, p.s.Version, roles)
	if err != nil {
		return err
	}
	p.steps = slices.Concat(before, p.steps, after)
	return nil
}

// lend plans how the running login becomes a member of roles and stops being one. A database superuser needs none of it.
func (c *change) lend(ctx context.Context, version int, roles []string) (before, after []step, err error) {
	type member struct {
		Role    string
		Has     bool    // already all that is needed
		Options *string // of a membership that it has given to itself
		May     bool    // make itself a member
	}
	rows, _ := c.tx.Query(ctx, `SELECT r.rolname::text, (SELECT s.rolsuper FROM pg_roles AS s WHERE s.rolname = session_user)
		    OR pg_has_role(session_user, r.oid, 'USAGE') AND (NOT $2 OR EXISTS (
		        WITH RECURSIVE sets (role) AS (
		            SELECT s.oid FROM pg_roles AS s WHERE s.rolname = session_user
		            UNION SELECT m.roleid FROM sets AS x JOIN pg_auth_members AS m ON m.member = x.role
		            WHERE coalesce((to_jsonb(m) ->> 'set_option')::boolean, true))
		        SELECT FROM sets AS x WHERE x.role = r.oid)),
		    (SELECT format(' WITH ADMIN %s, INHERIT %s, SET %s', m.admin_option, to_jsonb(m) ->> 'inherit_option', to_jsonb(m) ->> 'set_option')
		     FROM pg_auth_members AS m JOIN pg_roles AS s ON s.oid = m.member AND s.rolname = session_user
		     WHERE $2 AND m.roleid = r.oid AND m.grantor = m.member),
		    NOT r.rolsuper AND (pg_has_role(session_user, r.oid, 'MEMBER WITH ADMIN OPTION')
		        OR NOT $2 AND (SELECT s.rolcreaterole FROM pg_roles AS s WHERE s.rolname = session_user))
		FROM pg_roles AS r WHERE r.rolname = ANY ($1) ORDER BY r.rolname COLLATE "C"`, roles, version >= 160000)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[member])
	if err != nil {
		return nil, nil, fmt.Errorf("look for the roles to act as: %w", err)
	}
	const title = "act as the owners for this transaction"
	for _, m := range list {
		if m.Has {
			continue
		}
		if !m.May {
			return nil, nil, refuse("Connect as a member of it, or as a database superuser.", "this login may not act as %q, who owns or gave something of this", m.Role)
		}
		role, with := policies.Ident(m.Role), ""
		if version >= 160000 {
			with = " WITH INHERIT TRUE, SET TRUE"
		}
		before = append(before, step{title: title, sql: fmt.Sprintf("GRANT %s TO CURRENT_USER%s", role, with)})
		back := fmt.Sprintf("REVOKE %s FROM CURRENT_USER", role)
		if m.Options != nil {
			back = fmt.Sprintf("GRANT %s TO CURRENT_USER%s", role, *m.Options)
		}
		after = append(after, step{title: "and no longer", sql: back})
	}
	return before, after, nil
}
