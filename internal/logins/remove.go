package logins

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/policies"
)

// Removed says what a remove did.
type Removed struct {
	Login   string
	Kind    string
	Dropped []string // database roles
	Hidden  bool     // the statements of a gateway stay hidden: taking that back was not allowed
}

// Remove takes a login out of the map, and back exactly what adding it gave. With drop the database roles go too: that
// of the login, and those that were made for it. kinds are the kinds that are meant; any other is refused.
func Remove(ctx context.Context, db DB, name string, drop bool, kinds ...string) (Removed, error) {
	r := Removed{Login: name}
	err := inTx(ctx, db, func(c *change) error {
		var g given
		var stands []string
		err := c.owner(ctx, func() (err error) {
			if g, err = c.removable(ctx, &r, kinds); err != nil {
				return err
			}
			if g, err = c.handOn(ctx, name, g); err != nil {
				return err
			}
			rows, _ := c.tx.Query(ctx, "SELECT i.role FROM rls.impersonation AS i WHERE i.login = $1 ORDER BY 1", name)
			if stands, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
				return err
			}
			if err := c.exec(ctx, "take the login out of the map", "DELETE FROM rls.login AS l WHERE l.name = $1", name); err != nil {
				return err
			}
			if r.Kind == KindGateway {
				return nil
			}
			return c.unuse(ctx, append(stands, name))
		})
		if err != nil {
			return err
		}
		exists, err := c.role(ctx, name)
		if err != nil {
			return err
		}
		if r.Kind == KindGateway {
			if err := c.forget(ctx, name, exists != nil, g); err != nil {
				return err
			}
		} else if exists != nil {
			if err := c.hideAll(ctx, name, g); err != nil {
				return err
			}
		}
		// Database roles are the cluster's: one may serve another database too.
		for _, m := range g.Memberships {
			if busy, err := c.elsewhere(ctx, m.Member); err != nil {
				return err
			} else if busy {
				continue
			}
			if err := c.leave(ctx, m); err != nil {
				return err
			}
		}
		if !drop {
			if g.Hidden && exists != nil {
				r.Hidden, err = c.showActivity(ctx, name)
			}
			return err
		}
		for _, role := range append([]string{name}, g.Roles...) {
			have, err := c.role(ctx, role)
			if err != nil {
				return err
			}
			if have == nil {
				continue
			}
			if err := c.drop(ctx, role); err != nil {
				return err
			}
			r.Dropped = append(r.Dropped, role)
		}
		return nil
	})
	return r, err
}

// showActivity takes back what hideActivity did, unless another database needs it; it reports whether that is not allowed.
func (c *change) showActivity(ctx context.Context, name string) (hidden bool, err error) {
	if busy, err := c.elsewhere(ctx, name); err != nil || busy {
		return false, err
	}
	may, err := c.track(ctx, name, "RESET track_activities")
	return !may && err == nil, err
}

// removable looks the login up and refuses what cannot be removed. As rls_owner.
func (c *change) removable(ctx context.Context, r *Removed, kinds []string) (given, error) {
	g, err := c.registered(ctx, r, kinds...)
	if err != nil {
		return g, err
	}
	var adopted bool
	if err := c.tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM rls.adoption AS a WHERE a.login = $1)", r.Login).Scan(&adopted); err != nil {
		return g, err
	}
	if adopted {
		return g, refuse("Run rlsctl gateway release "+r.Login+", which gives it back what it had.", "%q was adopted", r.Login)
	}
	rows, _ := c.tx.Query(ctx, "SELECT i.login FROM rls.impersonation AS i WHERE i.role = $1 ORDER BY 1", r.Login)
	users, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return g, err
	}
	if len(users) > 0 {
		return g, refuse("Run rlsctl login remove "+users[0]+" first.", "impersonating login %q lists %q", users[0], r.Login)
	}
	return g, nil
}

// registered looks up a login of one of the kinds, and what it was given. As rls_owner.
func (c *change) registered(ctx context.Context, r *Removed, kinds ...string) (given, error) {
	var g given
	var doc []byte
	err := c.tx.QueryRow(ctx, "SELECT l.kind, l.given::text FROM rls.login AS l WHERE l.name = $1", r.Login).Scan(&r.Kind, &doc)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return g, c.unknown(ctx, r.Login, kinds...)
	case err == nil && !slices.Contains(kinds, r.Kind):
		return g, refuse("Run rlsctl "+commandOf(r.Kind)+" remove "+r.Login+".", "%q is %s", r.Login, article(r.Kind))
	}
	if err != nil {
		return g, err
	}
	if err := json.Unmarshal(doc, &g); err != nil {
		return g, fmt.Errorf("read what login %q was given: %w", r.Login, err)
	}
	return g, nil
}

// note writes down what a login was given. As rls_owner.
func (c *change) note(ctx context.Context, op, login string, g given) error {
	doc, err := json.Marshal(g)
	if err != nil {
		return err
	}
	return c.exec(ctx, op, "UPDATE rls.login AS l SET given = $2::text::jsonb WHERE l.name = $1", login, string(doc))
}

// elsewhereSQL asks whether the toolkit relies on database role %s in another database of the cluster. What pg_shdepend
// knows of other databases is which of their schemas rls_owner owns, and who may use that one.
const elsewhereSQL = `EXISTS (
	SELECT FROM pg_shdepend AS o
	JOIN pg_database AS b ON b.oid = o.dbid AND b.datname <> current_database()
	JOIN pg_shdepend AS d ON d.dbid = o.dbid AND d.classid = o.classid AND d.objid = o.objid AND d.refclassid = 'pg_authid'::regclass
	JOIN pg_roles AS r ON r.oid = d.refobjid AND r.rolname = %s
	WHERE o.classid = 'pg_namespace'::regclass AND o.deptype = 'o' AND o.refobjid = to_regrole('rls_owner'))`

// elsewhere reports whether the toolkit relies on a database role in another database of the cluster.
func (c *change) elsewhere(ctx context.Context, name string) (has bool, err error) {
	err = c.tx.QueryRow(ctx, "SELECT "+fmt.Sprintf(elsewhereSQL, "$1"), name).Scan(&has)
	return has, err
}

// unuse takes back what use gave, from those roles that are neither registered nor listed any more. As rls_owner.
func (c *change) unuse(ctx context.Context, roles []string) error {
	rows, _ := c.tx.Query(ctx, `SELECT r.rolname FROM pg_roles AS r WHERE r.rolname = ANY ($1)
		AND NOT EXISTS (SELECT FROM rls.login AS l WHERE l.name = r.rolname)
		AND NOT EXISTS (SELECT FROM rls.impersonation AS i WHERE i.role = r.rolname) ORDER BY 1`, roles)
	free, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, role := range free {
		if err := c.exec(ctx, "take the kernel back", fmt.Sprintf("REVOKE USAGE ON SCHEMA rls FROM %s", policies.Ident(role))); err != nil {
			return err
		}
	}
	return nil
}

// unknown refuses a name that is no login of those kinds. As rls_owner.
func (c *change) unknown(ctx context.Context, name string, kinds ...string) error {
	rows, _ := c.tx.Query(ctx, "SELECT l.name FROM rls.login AS l WHERE l.kind = ANY ($1) ORDER BY 1", kinds)
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	what, hint := "login", "See rlsctl login list."
	if slices.Contains(kinds, KindGateway) {
		what, hint = "gateway", "See rlsctl gateway list."
	}
	if near := policies.Suggest(name, known); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return refuse(hint, "%s %q is not registered", what, name)
}

func commandOf(kind string) string {
	if kind == KindGateway {
		return "gateway"
	}
	return "login"
}

// handOn passes what was made for the roles of an impersonating login to another login that still lists them, and
// returns the rest. As rls_owner.
func (c *change) handOn(ctx context.Context, name string, g given) (given, error) {
	rest := given{Schemas: g.Schemas, Tables: g.Tables, Hidden: g.Hidden}
	heirs := map[string]*given{}
	heir := func(role string) (*given, error) {
		var other string
		err := c.tx.QueryRow(ctx, "SELECT i.login FROM rls.impersonation AS i WHERE i.role = $1 AND i.login <> $2 ORDER BY 1 LIMIT 1", role, name).Scan(&other)
		if errors.Is(err, pgx.ErrNoRows) {
			return &rest, nil
		}
		if err == nil && heirs[other] == nil {
			heirs[other] = &given{}
		}
		return heirs[other], err
	}
	for _, role := range g.Roles {
		to, err := heir(role)
		if err != nil {
			return rest, err
		}
		to.Roles = append(to.Roles, role)
	}
	for _, m := range g.Memberships {
		to, err := heir(m.Member)
		if err != nil {
			return rest, err
		}
		to.Memberships = append(to.Memberships, m)
	}
	for other, more := range heirs {
		var doc []byte
		if err := c.tx.QueryRow(ctx, "SELECT l.given::text FROM rls.login AS l WHERE l.name = $1", other).Scan(&doc); err != nil {
			return rest, err
		}
		var have given
		if err := json.Unmarshal(doc, &have); err != nil {
			return rest, err
		}
		have.Roles, have.Memberships = append(have.Roles, more.Roles...), append(have.Memberships, more.Memberships...)
		if err := c.note(ctx, "hand on", other, have); err != nil {
			return rest, err
		}
	}
	return rest, nil
}

// drop drops a database role, and says what it owns or holds where that stops it.
func (c *change) drop(ctx context.Context, name string) error {
	_, err := c.tx.Exec(ctx, "DROP ROLE "+policies.Ident(name))
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "2BP01" {
		things := strings.ReplaceAll(strings.TrimSpace(pg.Detail), "\n", "; ")
		return refuse("Give these to another role, or leave out --drop.", "database role %q still owns or holds things: %s", name, things)
	}
	if err != nil {
		return fmt.Errorf("drop database role %q: %w", name, err)
	}
	return nil
}
