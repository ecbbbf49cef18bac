package logins

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
)

//go:embed dangers.sql
var dangersSQL string

// Dangers says why database roles must not serve as logins of principals, a clause each, by role: "is a database
// superuser", "is a member of x, which owns the protected table public.note". It must run as rls_owner.
func Dangers(ctx context.Context, tx pgx.Tx, roles []string) (map[string][]string, error) {
	rows, err := tx.Query(ctx, dangersSQL, roles)
	if err != nil {
		return nil, fmt.Errorf("look for dangerous roles: %w", err)
	}
	out := map[string][]string{}
	var login, role, problem string
	_, err = pgx.ForEachRow(rows, []any{&login, &role, &problem}, func() error {
		if role != login {
			problem = fmt.Sprintf("is a member of %s, which %s", policies.Ident(role), problem)
		}
		out[login] = append(out[login], problem)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for dangerous roles: %w", err)
	}
	return out, nil
}

// safe refuses a database role that must not serve as a principal's login. As rls_owner.
func (c *change) safe(ctx context.Context, name string) error {
	dangers, err := Dangers(ctx, c.tx, []string{name})
	if err != nil {
		return err
	}
	if list := dangers[name]; len(list) > 0 {
		return refuse("Use a database role without these, or take them from it.",
			"database role %q cannot be a login of the toolkit: it %s", name, strings.Join(list, "; it "))
	}
	return nil
}

// role is a database role as far as adding cares.
type role struct {
	login, inherit bool
}

// role looks a database role up; nil where there is none.
func (c *change) role(ctx context.Context, name string) (*role, error) {
	r := &role{}
	err := c.tx.QueryRow(ctx, "SELECT r.rolcanlogin, r.rolinherit FROM pg_roles AS r WHERE r.rolname = $1", name).Scan(&r.login, &r.inherit)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return r, err
}

// create makes a database role without any power.
func (c *change) create(ctx context.Context, name, options, password string) error {
	sql := fmt.Sprintf("CREATE ROLE %s %s NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB NOREPLICATION%s", policies.Ident(name), options, passwordClause(password))
	return c.exec(ctx, fmt.Sprintf("create database role %q", name), sql)
}

// ready makes sure that the database role of a login is there and has the options LOGIN and inherit as wanted.
func (c *change) ready(ctx context.Context, name string, inherit bool, password string) (created bool, err error) {
	have, err := c.role(ctx, name)
	if err != nil {
		return false, err
	}
	option := "NOINHERIT"
	if inherit {
		option = "INHERIT"
	}
	switch {
	case have == nil:
		return true, c.create(ctx, name, "LOGIN "+option, password)
	case !have.login:
		return false, refuse(fmt.Sprintf("Run ALTER ROLE %s LOGIN, or take another name.", policies.Ident(name)), "database role %q cannot log in", name)
	case have.inherit != inherit:
		return false, refuse(fmt.Sprintf("Run ALTER ROLE %s %s, or take another name.", policies.Ident(name), option), "database role %q is not %s", name, option)
	}
	if password != "" {
		return false, c.exec(ctx, fmt.Sprintf("set the password of %q", name), "ALTER ROLE "+policies.Ident(name)+passwordClause(password))
	}
	return false, nil
}

// join makes member a member of role, and reports what it gave. A membership that is there already has to be of use:
// one that inherits where inherit is wanted, and none that does where it is not.
func (c *change) join(ctx context.Context, member, role string, inherit bool) ([]membership, error) {
	var have, inherits bool
	err := c.tx.QueryRow(ctx, `SELECT count(*) > 0, coalesce(bool_or((to_jsonb(m) ->> 'inherit_option')::boolean), $3)
		FROM pg_auth_members AS m
		WHERE m.roleid = (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = $2)
		  AND m.member = (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = $1)
		  AND coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)`, member, role, inherit).Scan(&have, &inherits)
	if err != nil {
		return nil, err
	}
	if have {
		if inherits != inherit {
			return nil, refuse(fmt.Sprintf("Run REVOKE %s FROM %s, then try again.", policies.Ident(role), policies.Ident(member)),
				"%q is a member of %q already, on other terms of inheritance", member, role)
		}
		return nil, nil
	}
	sql := fmt.Sprintf("GRANT %s TO %s", policies.Ident(role), policies.Ident(member))
	if c.version >= 160000 {
		sql += fmt.Sprintf(" WITH INHERIT %t, SET TRUE", inherit)
	}
	if err := c.exec(ctx, fmt.Sprintf("make %q a member of %q", member, role), sql); err != nil {
		return nil, err
	}
	return []membership{{member, role}}, nil
}

// leave takes a membership back.
func (c *change) leave(ctx context.Context, m membership) error {
	var have bool
	const isMember = `SELECT EXISTS (SELECT FROM pg_auth_members AS m
		JOIN pg_roles AS r ON r.oid = m.roleid AND r.rolname = $2
		JOIN pg_roles AS u ON u.oid = m.member AND u.rolname = $1
		WHERE coalesce((to_jsonb(m) ->> 'set_option')::boolean OR (to_jsonb(m) ->> 'inherit_option')::boolean, true))`
	if err := c.tx.QueryRow(ctx, isMember, m.Member, m.Of).Scan(&have); err != nil || !have {
		return err
	}
	sql := fmt.Sprintf("REVOKE %s FROM %s", policies.Ident(m.Of), policies.Ident(m.Member))
	if err := c.exec(ctx, fmt.Sprintf("take the membership in %q from %q", m.Of, m.Member), sql); err != nil {
		return err
	}
	if err := c.tx.QueryRow(ctx, isMember, m.Member, m.Of).Scan(&have); err != nil {
		return err
	}
	if have {
		return refuse(fmt.Sprintf("Let who granted it run %s, or a database superuser.", sql), "%q stays a member of %q: another role granted that", m.Member, m.Of)
	}
	return nil
}

// clientRolesOf returns the client roles that a database role can reach. As rls_owner.
func (c *change) clientRolesOf(ctx context.Context, name string) ([]string, error) {
	rows, _ := c.tx.Query(ctx, `
		WITH RECURSIVE reach (role) AS (
			SELECT r.oid FROM pg_roles AS r WHERE r.rolname = $1
			UNION
			SELECT m.roleid FROM reach AS x JOIN pg_auth_members AS m ON m.member = x.role
			WHERE coalesce((to_jsonb(m) ->> 'set_option')::boolean OR (to_jsonb(m) ->> 'inherit_option')::boolean, true)
		)
		SELECT d.name FROM reach AS x
		JOIN pg_roles AS r ON r.oid = x.role
		JOIN rls.database_role AS d ON d.name = r.rolname AND d.kind = 'client'
		ORDER BY d.position`, name)
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// onlyClient refuses a database role that reaches a client role other than the given one. As rls_owner.
func (c *change) onlyClient(ctx context.Context, name, client string) error {
	have, err := c.clientRolesOf(ctx, name)
	if err != nil {
		return err
	}
	have = slices.DeleteFunc(have, func(r string) bool { return r == client })
	if len(have) > 0 {
		return refuse(fmt.Sprintf("Run REVOKE %s FROM %s, or take another name.", policies.Ident(have[0]), policies.Ident(name)),
			"database role %q belongs to client role %q, and a login has one client role only", name, have[0])
	}
	return nil
}

// unshared refuses a database role that another login of the map can become, unless it is listed there. As rls_owner.
func (c *change) unshared(ctx context.Context, name string) error {
	var other string
	err := c.tx.QueryRow(ctx, `
		WITH RECURSIVE held (role) AS (
			SELECT r.oid FROM pg_roles AS r WHERE r.rolname = $1
			UNION
			SELECT m.member FROM held AS x JOIN pg_auth_members AS m ON m.roleid = x.role
			WHERE coalesce((to_jsonb(m) ->> 'set_option')::boolean OR (to_jsonb(m) ->> 'inherit_option')::boolean, true)
		)
		SELECT l.name FROM held AS x
		JOIN pg_roles AS r ON r.oid = x.role AND r.rolname <> $1
		JOIN rls.login AS l ON l.name = r.rolname
		WHERE NOT EXISTS (SELECT FROM rls.impersonation AS i WHERE i.login = l.name AND i.role = $1)
		ORDER BY l.name LIMIT 1`, name).Scan(&other)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return refuse(fmt.Sprintf("Run REVOKE %s FROM %s first.", policies.Ident(name), policies.Ident(other)),
		"login %q is a member of %q, and would be that principal as well", other, name)
}
