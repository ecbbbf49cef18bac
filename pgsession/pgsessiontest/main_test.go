package pgsessiontest_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/pgsession"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

const (
	annaKey, benKey, carlKey = 1, 2, 3
	readIDs                  = "SELECT id FROM app.note ORDER BY id"
)

var anna, ben, carl = pgsession.User(annaKey), pgsession.User(benKey), pgsession.User(carlKey)

const schema = `
CREATE SCHEMA app;
CREATE TABLE app.person (id integer PRIMARY KEY, login text UNIQUE NOT NULL, boss integer, sub text UNIQUE);
CREATE TABLE app.note (id integer PRIMARY KEY, owner integer NOT NULL REFERENCES app.person, title text NOT NULL DEFAULT '',
    parent integer CONSTRAINT note_parent REFERENCES app.note DEFERRABLE INITIALLY DEFERRED, made timestamptz DEFAULT now());
CREATE TABLE app.closed (id integer);
INSERT INTO app.person VALUES (1, 'anna', NULL, 'idp|anna'), (2, 'ben', 1, NULL), (3, 'carl', NULL, NULL);
INSERT INTO app.note (id, owner) VALUES (10, 1), (20, 2), (30, 3);
GRANT USAGE ON SCHEMA app TO {client}, {maint};
GRANT SELECT, INSERT, UPDATE, DELETE ON app.note TO {client}, {maint};
GRANT SELECT, INSERT, UPDATE, DELETE ON app.person TO {maint};
`

const model = `
version: 1
database: {client_roles: [{client}], maintenance_roles: [{maint}]}
users: {table: app.person, key: id, login: login, subject: sub, sees: {supervisor: boss}}
resources:
  note: {table: app.note, owner: owner, write_scope: self, owner_check: self}
grants:
  - {to: authenticated, allow: {note: "*"}}
`

// place is one database that all tests of a group share, as the tests of an application would.
type place struct {
	db          *pgtest.Database
	superuser   *pgxpool.Pool // a database superuser
	maintenance *pgxpool.Pool // a maintenance login, no superuser
	gateway     *pgxpool.Pool
	keys        pgsession.KeySource
	client      string
}

func newPlace(t testing.TB) place {
	t.Helper()
	db := pgtest.Shared(t).Database(t)
	p := place{db: db, client: db.Role(t, "app", "NOLOGIN")}
	maint := db.Role(t, "maint", "NOLOGIN")
	names := strings.NewReplacer("{client}", p.client, "{maint}", maint)
	conn := db.Conn(t, "")
	if _, err := kernel.Up(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	db.Exec(t, names.Replace(schema))
	m, diags := pipeline.Parse("rls.yaml", []byte(names.Replace(model)))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	r, err := pipeline.Plan(t.Context(), conn, m)
	if err != nil || r.Diagnostics.HasErrors() {
		t.Fatal(pgsession.Explain(err), r.Diagnostics)
	}
	if err := pipeline.Apply(t.Context(), conn, m, r.Plan, apply.Options{Allow: apply.Hazards(r.Plan)}); err != nil {
		t.Fatal(pgsession.Explain(err))
	}
	p.superuser = db.Pool(t, "")
	p.maintenance = db.Pool(t, db.Role(t, "tester", "LOGIN IN ROLE "+maint+", rls_any_"+p.client))
	gate := db.Role(t, "gate", "LOGIN NOINHERIT IN ROLE "+p.client)
	secret := []byte(strings.Repeat("k", 32))
	db.Exec(t, fmt.Sprintf(`
		INSERT INTO rls.login (name, kind, client_role) VALUES ('%[1]s', 'gateway', '%[2]s');
		INSERT INTO rls.gateway (login, users, anonymous) VALUES ('%[1]s', true, true);
		SELECT rls.add_key('%[1]s', 'k1', '\x%[3]s');
		GRANT USAGE ON SCHEMA rls, app TO %[1]s;
		GRANT EXECUTE ON FUNCTION rls.enter(text), rls.open_token(text), rls.session_problems() TO %[1]s;
		DO $$ DECLARE r text; BEGIN
			FOR r IN SELECT p.role FROM rls.plan_role AS p LOOP EXECUTE format('GRANT %%I TO %[1]s', r); END LOOP;
		END $$`, gate, p.client, hex.EncodeToString(secret)))
	p.gateway = db.Pool(t, gate)
	key, err := pgsession.NewKey("k1", secret)
	if err != nil {
		t.Fatal(err)
	}
	p.keys = pgsession.KeyFunc(func(context.Context) (pgsession.Key, error) { return key, nil })
	return p
}

// untouched fails the test unless the database is as the schema left it, and no connection of a pool has anything left.
func (p place) untouched(t testing.TB) {
	t.Helper()
	ctx := context.Background() // in cleanups that of the test has ended
	conn, err := pgx.Connect(ctx, p.db.URL(""))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	const want = "10:1 20:2 30:3 3 0 0 0 0"
	var state string
	// A backend whose connection was closed takes a moment to roll back.
	for deadline := time.Now().Add(10 * time.Second); state != want && time.Now().Before(deadline); {
		state = p.state(t, conn)
	}
	if state != want {
		t.Errorf("left behind: %s\nwant:        %s", state, want)
	}
	p.idle(t)
}

// state is what a test could leave in the database.
func (p place) state(t testing.TB, conn *pgx.Conn) (state string) {
	t.Helper()
	if err := conn.QueryRow(context.Background(), `SELECT concat_ws(' ',
		(SELECT string_agg(n.id || ':' || n.owner || n.title, ' ' ORDER BY n.id) FROM app.note AS n),
		(SELECT count(*) FROM app.person), (SELECT count(*) FROM app.closed), to_regclass('app.extra'),
		(SELECT count(*) FROM pg_prepared_xacts),
		(SELECT count(*) FROM pg_locks AS l WHERE l.locktype = 'advisory' AND l.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())),
		(SELECT count(*) FROM pg_class AS c WHERE c.relpersistence = 't'))`).Scan(&state); err != nil {
		t.Fatal(err)
	}
	return state
}

// idle looks at the connections of the pools.
func (p place) idle(t testing.TB) {
	t.Helper()
	ctx := context.Background()
	for _, pool := range []*pgxpool.Pool{p.superuser, p.maintenance, p.gateway} {
		for _, c := range pool.AcquireAllIdle(ctx) {
			var residue string
			err := c.QueryRow(ctx, `SELECT concat_ws(' ', current_setting('default_transaction_read_only'), current_setting('lock_timeout'),
				current_setting('role'), nullif(current_setting('rls.context', true), ''), (SELECT string_agg(s.name, ' ') FROM pg_prepared_statements AS s WHERE s.from_sql))`).Scan(&residue)
			if err != nil || residue != "off 0 none" {
				t.Errorf("left on a connection: %s %v", residue, err)
			}
			c.Release()
		}
	}
}

// mock is a test inside of a test, which may fail, panic or give up.
type mock struct {
	testing.TB
	ctx      context.Context
	said     strings.Builder
	failed   bool
	cleanups []func()
}

func (m *mock) Helper()                  {}
func (m *mock) Context() context.Context { return m.ctx }
func (m *mock) Cleanup(fn func())        { m.cleanups = append(m.cleanups, fn) }
func (m *mock) Logf(format string, args ...any) {
	fmt.Fprintf(&m.said, "log: "+format+"\n", args...)
}
func (m *mock) Error(args ...any) {
	m.failed = true
	fmt.Fprintln(&m.said, args...)
}
func (m *mock) Errorf(format string, args ...any) { m.Error(fmt.Sprintf(format, args...)) }
func (m *mock) FailNow()                          { m.failed = true; runtime.Goexit() }
func (m *mock) Fatal(args ...any)                 { m.Error(args...); runtime.Goexit() }
func (m *mock) Fatalf(format string, args ...any) { m.Fatal(fmt.Sprintf(format, args...)) }

// inside runs fn as go test would run a test, cleanups included, and returns what it said.
func inside(t testing.TB, fn func(t *mock)) (said string, failed bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	m := &mock{TB: t, ctx: ctx}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if r := recover(); r != nil {
				m.Errorf("panic: %v", r)
			}
			cancel() // as testing does: before the cleanups
			for i := len(m.cleanups) - 1; i >= 0; i-- {
				m.cleanups[i]()
			}
		}()
		fn(m)
	}()
	<-done
	return m.said.String(), m.failed
}

// ids reads the notes that a transaction sees.
func ids(ctx context.Context, tx pgx.Tx) (string, error) {
	rows, err := tx.Query(ctx, readIDs)
	if err != nil {
		return "", err
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[int])
	return strings.Trim(fmt.Sprint(list), "[]"), err
}

var errGiveUp = errors.New("give up")
