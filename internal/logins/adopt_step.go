package logins

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
)

// step is one statement, or several, of an adoption or a release.
type step struct {
	title string // "": goes with the one before
	as    string // database role that it runs as; "": the login that is connected
	sql   string // without the last semicolon; "": nothing to do
	undo  []undo // in the order in which they run
}

type undo struct{ as, sql string }

// run carries steps out.
func (c *change) run(ctx context.Context, steps []step) error {
	as := ""
	become := func(role string) error {
		if role == as {
			return nil
		}
		as = role
		return c.exec(ctx, "change the database role", roleSQL(role))
	}
	for _, s := range steps {
		if s.sql == "" {
			continue
		}
		if err := become(s.as); err != nil {
			return err
		}
		if err := c.exec(ctx, s.title, s.sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
	}
	return become("")
}

func roleSQL(role string) string {
	if role == "" {
		return "RESET ROLE"
	}
	return "SET LOCAL ROLE " + policies.Ident(role)
}

// script is steps as text for psql.
func script(me string, superuser bool, steps []step) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("-- To be run by %s with psql, in one transaction: everything or nothing.", policies.Ident(me))
	line("\\set ON_ERROR_STOP on")
	line("BEGIN;")
	line("SET LOCAL search_path = pg_catalog, pg_temp;")
	line("SET LOCAL standard_conforming_strings = on;")
	line("SET LOCAL lock_timeout = '10s';")
	if !superuser {
		line("GRANT rls_owner TO CURRENT_USER;")
	}
	as, title := "", ""
	for _, s := range steps {
		if s.sql == "" {
			continue
		}
		if s.title != title {
			title = s.title
			line("\n-- %s", strings.ReplaceAll(title, "\n", " "))
		}
		if s.as != as {
			as = s.as
			line("%s;", roleSQL(as))
		}
		line("%s;", s.sql)
	}
	if as != "" {
		line("RESET ROLE;")
	}
	if !superuser {
		line("\nREVOKE rls_owner FROM CURRENT_USER;")
	}
	line("COMMIT;")
	return b.String()
}

// acl is privileges of one kind on one object for one role.
type acl struct {
	as, kind, identity, to string
	option                 bool
	had                    bool // the privilege, and now gets the grant option
	privileges             []string
}

// acls are grants in the order of their objects.
type acls struct {
	list []*acl
	at   map[string]*acl
}

// add adds a privilege on an object or, with a part, on one column of it. to "" is PUBLIC.
func (l *acls) add(as, kind, identity, part, privilege, to string, option, had bool) {
	key := fmt.Sprintf("%q %q %q %q %t %t", as, kind, identity, to, option, had)
	if l.at == nil {
		l.at = map[string]*acl{}
	}
	a := l.at[key]
	if a == nil {
		a = &acl{as: as, kind: kind, identity: identity, to: to, option: option, had: had}
		l.at[key] = a
		l.list = append(l.list, a)
	}
	a.add(part, privilege)
}

func (a *acl) add(part, privilege string) {
	if part != "" {
		privilege += " (" + policies.Ident(part) + ")"
	}
	if !slices.Contains(a.privileges, privilege) {
		a.privileges = append(a.privileges, privilege)
	}
}

func (a *acl) what() string {
	return strings.Join(a.privileges, ", ") + " ON " + a.kind + " " + a.identity
}

func (a *acl) role() string {
	if a.to == "" {
		return "PUBLIC"
	}
	return policies.Ident(a.to)
}

func (a *acl) grant() string {
	sql := "GRANT " + a.what() + " TO " + a.role()
	if a.option {
		sql += " WITH GRANT OPTION"
	}
	return sql
}

// revoke takes it from whoever got it through this grant too.
func (a *acl) revoke() string {
	option := ""
	if a.had {
		option = "GRANT OPTION FOR "
	}
	return "REVOKE " + option + a.what() + " FROM " + a.role() + " CASCADE"
}
