// Package logins keeps the login map: which database login is a person, an impersonating login or a gateway, what each
// may do, and the keys of gateways. Every function works in one transaction on a maintenance connection; when it returns
// an error nothing is left half done.
package logins

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/internal/ownership"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
)

// The kinds of logins.
const (
	KindPerson        = "person"
	KindImpersonating = "impersonating"
	KindGateway       = "gateway"
)

// Refusal is a reason not to do what was asked; nothing has been changed.
type Refusal struct {
	Message string // one clause that quotes the culprit
	Hint    string // an order
}

func (r *Refusal) Error() string { return r.Message }

func refuse(hint, format string, args ...any) error {
	return &Refusal{Message: fmt.Sprintf(format, args...), Hint: hint}
}

// change is one transaction on the login map. Statements run as the connected login; owner runs them as rls_owner.
type change struct {
	tx      pgx.Tx
	version int // server_version_num
	model   bool
}

// DB is a connection, or a transaction on one, of which a change is then a part.
type DB interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// inTx calls fn in a transaction that is committed if fn returns nil.
func inTx(ctx context.Context, db DB, fn func(*change) error) (err error) {
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			rollback, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_ = tx.Rollback(rollback)
		}
	}()
	c := &change{tx: tx}
	var kernel bool
	if _, err := tx.Exec(ctx, "SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL lock_timeout = '10s'"); err != nil {
		return err
	}
	// Not to_regclass: it raises where the login has no USAGE on the schema.
	err = tx.QueryRow(ctx, `SELECT current_setting('server_version_num')::integer,
		EXISTS (SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'rls' AND c.relname = 'login'),
		EXISTS (SELECT FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname = 'rls' AND p.proname = 'find_user')`).Scan(&c.version, &kernel, &c.model)
	if err != nil {
		return err
	}
	if !kernel {
		return refuse("Run rlsctl migrate up.", "the kernel is not installed in this database")
	}
	release, err := ownership.Borrow(ctx, tx)
	if err != nil {
		return mayNot(err)
	}
	// One change at a time: what was checked must still hold at the end.
	if err := apply.Lock(ctx, tx, apply.LockLogins); err != nil {
		return fmt.Errorf("lock the login map: %w", err)
	}
	if err := fn(c); err != nil {
		return mayNot(err)
	}
	if err := release(); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// mayNot gives the errors of a login that may not do this a hint.
func mayNot(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == codeAdoption {
		return &Refusal{Message: pg.Message, Hint: pg.Hint}
	}
	if errors.As(err, &pg) && pg.Code == "42501" {
		return &Refusal{Message: err.Error(), Hint: "Connect with a maintenance login: one that may create roles, and grant the client role, its plan roles and the kernel's."}
	}
	return err
}

// owner calls fn as rls_owner.
func (c *change) owner(ctx context.Context, fn func() error) error {
	return ownership.As(ctx, c.tx, fn)
}

// exec runs one statement, whose errors get the operation in front.
func (c *change) exec(ctx context.Context, op, sql string, args ...any) error {
	if _, err := c.tx.Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return nil
}

// given is what an add gave beyond the rows of the login map, so that a remove takes exactly that.
type given struct {
	Memberships []membership `json:"memberships,omitempty"`
	Created     bool         `json:"created,omitempty"`   // the login itself
	Roles       []string     `json:"roles,omitempty"`     // created, without the login itself
	Schemas     []string     `json:"schemas,omitempty"`   // USAGE
	Structure   bool         `json:"structure,omitempty"` // an impersonating login sees tables before SET ROLE
	Tables      []string     `json:"tables,omitempty"`    // SELECT, for that

	// Of a gateway, whose clients can change both for its next connections: see rls.gateway_excess and doctor.
	Limits   *[]string `json:"limits,omitempty"`   // that it starts with; nil: nobody has written them down
	Password string    `json:"password,omitempty"` // a hash of its verifier; empty: unknown, or none
	Hidden   bool      `json:"hidden,omitempty"`   // its statements, by track_activities
}

type membership struct {
	Member string `json:"member"`
	Of     string `json:"of"`
}

// register writes the login's row. As rls_owner.
func (c *change) register(ctx context.Context, name, kind string, principal *string, secondFactor bool, clientRole string, g given) error {
	doc, err := json.Marshal(g)
	if err != nil {
		return err
	}
	return c.exec(ctx, "register the login", `INSERT INTO rls.login (name, kind, principal, second_factor, client_role, given)
		VALUES ($1, $2, $3, $4, $5, $6::text::jsonb)`, name, kind, principal, secondFactor, clientRole, string(doc))
}

// use shows that this database relies on a database role: other databases of the cluster can see who may use its schema
// rls, and leave such a role its memberships. As rls_owner.
func (c *change) use(ctx context.Context, role string) error {
	return c.exec(ctx, "grant the kernel", fmt.Sprintf("GRANT USAGE ON SCHEMA rls TO %s", policies.Ident(role)))
}

// free refuses a name that is in the login map already. As rls_owner.
func (c *change) free(ctx context.Context, name string) error {
	if name == "" || len(name) > policies.MaxIdent {
		return refuse(fmt.Sprintf("Choose a name of 1 to %d bytes.", policies.MaxIdent), "%q cannot be the name of a login", name)
	}
	kind, err := c.kind(ctx, name)
	if err != nil || kind == "" {
		return err
	}
	return refuse(fmt.Sprintf("Run rlsctl %s remove %s first.", commandOf(kind), name), "login %q is registered already, as %s", name, article(kind))
}

// kind returns the kind of a login, or "" where it has none. As rls_owner.
func (c *change) kind(ctx context.Context, name string) (kind string, err error) {
	err = c.tx.QueryRow(ctx, "SELECT l.kind FROM rls.login AS l WHERE l.name = $1", name).Scan(&kind)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	return kind, err
}

func article(kind string) string {
	if kind == KindImpersonating {
		return "an impersonating login"
	}
	return "a " + kind
}

// clientRole returns the client role to use: the one asked for, or the only one of the model. As rls_owner.
func (c *change) clientRole(ctx context.Context, asked string) (string, error) {
	rows, _ := c.tx.Query(ctx, "SELECT d.name FROM rls.database_role AS d WHERE d.kind = 'client' ORDER BY d.position")
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	switch {
	case len(known) == 0:
		return "", refuse("Run rlsctl apply first.", "no model is applied to this database, so it has no client role")
	case asked == "" && len(known) == 1:
		return known[0], nil
	case asked == "":
		return "", refuse("Name one of them with --client-role.", "the model has several client roles: %s", strings.Join(known, ", "))
	case !slices.Contains(known, asked):
		hint := "Name one of: " + strings.Join(known, ", ") + "."
		if near := policies.Suggest(asked, known); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return "", refuse(hint, "%q is no client role of the model", asked)
	}
	return asked, nil
}

// user returns the key of the user with that login, and whether it is a superuser. As rls_owner.
func (c *change) user(ctx context.Context, login string) (key string, superuser bool, err error) {
	if !c.model {
		return "", false, refuse("Run rlsctl apply first.", "no model is applied to this database, so nobody can be looked up")
	}
	var found *string
	if err := c.tx.QueryRow(ctx, "SELECT rls.find_user('login', $1)", login).Scan(&found); err != nil {
		return "", false, fmt.Errorf("look up user %q: %w", login, err)
	}
	if found == nil {
		const enough = 20000 // beyond that no suggestion is worth the reading
		rows, _ := c.tx.Query(ctx, "SELECT u.login FROM rls.user_row AS u WHERE u.login IS NOT NULL LIMIT $1", enough)
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return "", false, err
		}
		hint := "Name a user by the login column of the model."
		if near := policies.Suggest(login, all); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return "", false, refuse(hint, "no user has the login %q", login)
	}
	err = c.tx.QueryRow(ctx, "SELECT coalesce(bool_or(u.is_superuser), false) FROM rls.user_state($1) AS u", *found).Scan(&superuser)
	return *found, superuser, err
}
