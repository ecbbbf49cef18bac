package logins

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
)

// Released says what a release does, or has done.
type Released struct {
	Login   string
	Dropped []string // database roles that adoption had made
	Skipped int      // of what it changed, things that are gone
	Script  string   // of ReleaseScript
}

// AdoptedLogins returns the adopted logins, the last one first.
func AdoptedLogins(ctx context.Context, db DB) (names []string, err error) {
	err = inTx(ctx, db, func(c *change) error {
		return c.owner(ctx, func() error {
			rows, _ := c.tx.Query(ctx, "SELECT a.login FROM rls.adoption AS a ORDER BY a.position DESC")
			names, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	})
	return names, err
}

// Release gives an adopted login back what adoption took from it, with the ownership, and takes the gateway out of the
// map. It returns *Refusal where that must not be; then nothing has changed.
func Release(ctx context.Context, db DB, login string) (Released, error) {
	r := Released{Login: login}
	err := inTx(ctx, db, func(c *change) error {
		p, err := c.release(ctx, login)
		if err != nil {
			return err
		}
		r.Dropped = p.made
		if err := c.run(ctx, p.before); err != nil {
			return err
		}
		if r.Skipped, err = c.undo(ctx, p.back); err != nil {
			return err
		}
		return c.run(ctx, p.after)
	})
	return r, err
}

// ReleaseScript returns what Release would do as one script for psql, to be run by the same login, and changes nothing.
func ReleaseScript(ctx context.Context, db DB, login string) (Released, error) {
	r := Released{Login: login}
	err := inTx(ctx, db, func(c *change) error {
		p, err := c.release(ctx, login)
		if err != nil {
			return err
		}
		var me string
		var superuser bool
		if err := c.tx.QueryRow(ctx, "SELECT r.rolname::text, r.rolsuper FROM pg_roles AS r WHERE r.rolname = current_user").Scan(&me, &superuser); err != nil {
			return err
		}
		r.Dropped = p.made
		r.Script = script(me, superuser, slices.Concat(p.before, p.back, p.after))
		return nil
	})
	return r, err
}

type release struct {
	made                []string
	before, back, after []step
}

// release plans the way back.
func (c *change) release(ctx context.Context, login string) (*release, error) {
	var r release
	var client string
	var owner *string
	var acts []string
	type row struct{ As, SQL string }
	var rows []row
	var entries []struct{ Name, Undo string }
	err := c.owner(ctx, func() error {
		err := c.tx.QueryRow(ctx, "SELECT a.client_role, a.owner_role, a.made, a.acts_as FROM rls.adoption AS a WHERE a.login = $1", login).
			Scan(&client, &owner, &r.made, &acts)
		if errors.Is(err, pgx.ErrNoRows) {
			return c.neverAdopted(ctx, login)
		}
		if err != nil {
			return err
		}
		if err := c.releasable(ctx, login, client, owner); err != nil {
			return err
		}
		q, _ := c.tx.Query(ctx, "SELECT s.run_as, s.undo FROM rls.adoption_step AS s WHERE s.login = $1 ORDER BY s.step DESC, s.place", login)
		if rows, err = pgx.CollectRows(q, pgx.RowToStructByPos[row]); err != nil {
			return err
		}
		q, _ = c.tx.Query(ctx, "SELECT i.name, i.undo FROM rls.compiled AS i WHERE "+ofLogin, policies.Identity(login))
		entries, err = pgx.CollectRows(q, pgx.RowToStructByPos[struct{ Name, Undo string }])
		return err
	})
	if err != nil {
		return nil, err
	}
	var elsewhere bool
	if err := c.tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_shdepend AS d
		JOIN pg_roles AS r ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND r.rolname = ANY ($1)
		JOIN pg_database AS b ON b.oid = d.dbid AND b.datname <> current_database())`, r.made).Scan(&elsewhere); err != nil {
		return nil, err
	}
	if elsewhere { // it is another database's too
		r.made = nil
	}
	policed, owners, err := c.policed(ctx, r.made, login)
	if err != nil {
		return nil, err
	}
	lent, returned, err := c.lend(ctx, c.version, slices.Concat(acts, r.made, owners))
	if err != nil {
		return nil, err
	}
	r.before = append(lent, policed...)
	const title = "take the login out of the map"
	name, lit := policies.Ident(login), policies.Literal(login)
	for _, e := range entries {
		if e.Undo != "" {
			r.before = append(r.before, step{title: title, sql: strings.TrimSuffix(e.Undo, ";")})
		}
	}
	r.before = append(r.before, step{title: title, as: "rls_owner", sql: fmt.Sprintf(
		"DELETE FROM rls.compiled AS i WHERE %s;\nREVOKE EXECUTE ON %s FROM %s;\nREVOKE USAGE ON SCHEMA rls FROM %s;\nDELETE FROM rls.login AS l WHERE l.name = %s",
		strings.ReplaceAll(ofLogin, "$1", policies.Literal(policies.Identity(login))), gatewayFunctions, name, name, lit)})
	for _, u := range rows {
		r.back = append(r.back, step{title: "back as it was", as: u.As, sql: u.SQL})
	}
	// What has come since then goes with what the login owns.
	for _, role := range slices.Backward(r.made) {
		q := policies.Ident(role)
		r.after = append(r.after,
			step{title: "roles that adoption made", sql: fmt.Sprintf("REASSIGN OWNED BY %s TO %s", q, name)},
			step{title: "roles that adoption made", sql: "DROP OWNED BY " + q},
			step{title: "roles that adoption made", sql: "DROP ROLE " + q})
	}
	r.after = append(r.after, step{title: "privileges as they were written", sql: apply.PutBackSQL})
	for _, s := range returned {
		if !slices.ContainsFunc(r.made, func(role string) bool { return strings.Contains(s.sql, " "+policies.Ident(role)+" FROM CURRENT_USER") }) {
			r.after = append(r.after, s)
		}
	}
	return &r, nil
}

// policed puts the login where policies made by hand name a role that goes, whoever wrote it there since: DROP OWNED would
// drop a policy that names no other role. It returns the owners of their tables too.
func (c *change) policed(ctx context.Context, made []string, login string) (steps []step, owners []string, err error) {
	rows, _ := c.tx.Query(ctx, `SELECT p.polname::text, format('%I.%I', s.nspname, t.relname), w.rolname::text,
		    ARRAY(SELECT CASE WHEN n.rolname = ANY ($1) THEN $2 ELSE n.rolname::text END
		          FROM unnest(p.polroles) WITH ORDINALITY AS u(role, place) JOIN pg_roles AS n ON n.oid = u.role ORDER BY u.place)
		FROM pg_policy AS p JOIN pg_class AS t ON t.oid = p.polrelid JOIN pg_namespace AS s ON s.oid = t.relnamespace JOIN pg_roles AS w ON w.oid = t.relowner
		WHERE EXISTS (SELECT FROM pg_roles AS n WHERE n.oid = ANY (p.polroles) AND n.rolname = ANY ($1)) ORDER BY p.oid`, made, login)
	type policy struct {
		Name, Table, Owner string
		Roles              []string
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[policy])
	if err != nil {
		return nil, nil, fmt.Errorf("look for policies made by hand: %w", err)
	}
	for _, p := range list {
		var to []string
		for _, role := range p.Roles {
			if q := policies.Ident(role); !slices.Contains(to, q) {
				to = append(to, q)
			}
		}
		owners = append(owners, p.Owner)
		steps = append(steps, step{title: "policies made by hand", sql: fmt.Sprintf("ALTER POLICY %s ON %s TO %s", policies.Ident(p.Name), p.Table, strings.Join(to, ", "))})
	}
	return steps, owners, nil
}

// undo runs what leads back. What is gone, or has another name, is left out; it has gone to the login with the rest that
// the owner has.
func (c *change) undo(ctx context.Context, steps []step) (skipped int, err error) {
	for _, s := range steps {
		nested, err := c.tx.Begin(ctx)
		if err != nil {
			return skipped, err
		}
		inner := *c
		inner.tx = nested
		err = inner.run(ctx, []step{s})
		var pg *pgconn.PgError
		if errors.As(err, &pg) && slices.Contains([]string{"42P01", "42703", "42704", "42883", "3F000"}, pg.Code) {
			skipped++
			if err := nested.Rollback(ctx); err != nil {
				return skipped, err
			}
			continue
		}
		if err != nil {
			return skipped, err
		}
		if err := nested.Commit(ctx); err != nil {
			return skipped, err
		}
	}
	return skipped, nil
}

// releasable refuses to make a login the owner of protected tables again. As rls_owner.
func (c *change) releasable(ctx context.Context, login, client string, owner *string) error {
	var used bool
	if err := c.tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM rls.database_role AS d WHERE d.name = $1 OR d.name = $2)", client, owner).Scan(&used); err != nil {
		return err
	}
	if used {
		return refuse("Run rlsctl uninstall, which releases it. Or take the roles out of rls.yaml, and run rlsctl apply.",
			"the applied model names the roles of %q, which would own its tables again", login)
	}
	return nil
}

// neverAdopted refuses a login that was not adopted. As rls_owner.
func (c *change) neverAdopted(ctx context.Context, login string) error {
	rows, _ := c.tx.Query(ctx, "SELECT a.login FROM rls.adoption AS a ORDER BY 1")
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	hint := "See rlsctl gateway list."
	if near := policies.Suggest(login, known); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return refuse(hint, "%q was not adopted", login)
}
