package pgsession_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/pgsession"
)

// planRoles gives the database plan roles: rls.enter takes one of several database roles by what the principal is, and
// each has a policy of its own form. A cached plan is for one role.
func planRoles(t testing.TB, db *pgtest.Database, login string) {
	t.Helper()
	narrow, wide := db.Role(t, "narrow", "NOLOGIN IN ROLE rls_client"), db.Role(t, "wide", "NOLOGIN IN ROLE rls_client")
	db.Exec(t, `
		GRANT `+narrow+`, `+wide+` TO `+login+`;
		INSERT INTO rls.database_role VALUES ('rls_client', 'client', 1);
		INSERT INTO rls.plan_role VALUES ('rls_client', 'narrow', '`+narrow+`'), ('rls_client', 'wide', '`+wide+`');
		CREATE TABLE app.sees (viewer text, owner text, PRIMARY KEY (viewer, owner));
		INSERT INTO app.sees VALUES ('anna', 'anna'), ('bob', 'bob'), ('carl', 'carl'), ('carl', 'anna'), ('carl', 'bob');
		GRANT SELECT ON app.sees TO rls_client;
		INSERT INTO app.note VALUES (5, 'carl', 'five'), (6, 'root', 'six');
		DROP POLICY note_read_owner ON app.note;
		CREATE POLICY note_read_narrow ON app.note AS PERMISSIVE FOR SELECT TO `+narrow+`
			USING (owner = ANY (ARRAY(SELECT s.owner FROM app.sees AS s WHERE s.viewer = (SELECT rls.principal()))));
		CREATE POLICY note_read_wide ON app.note AS PERMISSIVE FOR SELECT TO `+wide+`
			USING ((SELECT rls.principal()) = 'root' OR EXISTS (
				SELECT FROM app.sees AS s WHERE s.viewer = (SELECT rls.principal()) AND s.owner = note.owner));
		CREATE OR REPLACE FUNCTION rls.enter(token text) RETURNS text LANGUAGE plpgsql VOLATILE SECURITY INVOKER
		SET search_path = pg_catalog, pg_temp AS $$
		DECLARE
			opened record;
		BEGIN
			SELECT o.* INTO opened FROM rls.open_token(token) AS o;
			PERFORM set_config('rls.context', opened.context, true), set_config('role',
				CASE WHEN opened.principal IN ('user:carl', 'user:root') THEN '`+wide+`'
				     WHEN opened.principal = 'anonymous' THEN 'rls_client' ELSE '`+narrow+`' END, true);
			RETURN opened.principal;
		END $$`)
}

// viewers are principals of every plan role, and what each reads.
var viewers = []struct {
	p    pgsession.Principal
	want string
}{
	{anna, "one two"}, {bob, "three four"}, {pgsession.User("carl"), "one two three four five"},
	{pgsession.User("root"), "one two three four five six"}, {pgsession.Subject("sub-anna"), "one two"},
	{pgsession.Service("jobs"), ""}, {pgsession.Anonymous(), ""}, {pgsession.User("ghost"), ""},
}

// uses are the ways to use one prepared statement, each with its rows, or an error that says nothing about them.
var uses = map[string]func(context.Context, *pgsession.Session, pgsession.Principal) (string, error){
	"run": func(ctx context.Context, s *pgsession.Session, p pgsession.Principal) (got string, err error) {
		err = s.Run(ctx, p, func(tx pgx.Tx) error { got, err = titles(ctx, tx); return err })
		return got, err
	},
	"single": func(ctx context.Context, s *pgsession.Session, p pgsession.Principal) (string, error) {
		return titles(ctx, queryFunc(func(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
			return s.Query(ctx, p, sql, args...)
		}))
	},
	"named": func(ctx context.Context, s *pgsession.Session, p pgsession.Principal) (got string, err error) {
		err = s.Run(ctx, p, func(tx pgx.Tx) error {
			if _, err := tx.Prepare(ctx, "mine", "SELECT title FROM app.note ORDER BY id"); err != nil {
				return err
			}
			rows, _ := tx.Query(ctx, "mine")
			list, err := pgx.CollectRows(rows, pgx.RowTo[string])
			got = strings.Join(list, " ")
			return err
		})
		return got, err
	},
	"rollback": func(ctx context.Context, s *pgsession.Session, p pgsession.Principal) (got string, err error) {
		err = s.Run(ctx, p, func(tx pgx.Tx) error { got, err = titles(ctx, tx); return errors.Join(err, errAny) })
		return got, without(err, errAny)
	},
	"error first": func(ctx context.Context, s *pgsession.Session, p pgsession.Principal) (got string, err error) {
		err = s.Run(ctx, p, func(tx pgx.Tx) error {
			err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error { _, err := tx.Exec(ctx, "SELECT 1/0"); return err })
			if err == nil {
				return errAny
			}
			got, err = titles(ctx, tx)
			return err
		})
		return got, err
	},
	"error": func(ctx context.Context, s *pgsession.Session, p pgsession.Principal) (got string, err error) {
		err = s.Run(ctx, p, func(tx pgx.Tx) error {
			got, err = titles(ctx, tx)
			_, _ = tx.Exec(ctx, "SELECT 1/0")
			return err
		})
		return got, without(err, pgx.ErrTxCommitRollback)
	},
	"panic": func(ctx context.Context, s *pgsession.Session, p pgsession.Principal) (got string, err error) {
		defer func() { _ = recover() }()
		_ = s.Run(ctx, p, func(tx pgx.Tx) error { got, err = titles(ctx, tx); panic("panic") })
		return got, err
	},
	"cancelled": func(ctx context.Context, s *pgsession.Session, p pgsession.Principal) (got string, err error) {
		ended, cancel := context.WithCancel(ctx)
		defer cancel()
		err = s.Run(ended, p, func(tx pgx.Tx) error { got, err = titles(ctx, tx); cancel(); return err })
		return got, without(err, context.Canceled)
	},
}

// without is nil if err says want, as it should.
func without(err, want error) error {
	if errors.Is(err, want) {
		return nil
	}
	return fmt.Errorf("got %v, want %w", err, want)
}

// TestPlansAndPrincipals: one connection, one text, and a role that changes with the principal.
func TestPlansAndPrincipals(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	planRoles(t, db, login)
	names := make([]string, 0, len(uses))
	for name := range uses {
		names = append(names, name)
	}
	for _, m := range modes {
		for _, first := range viewers { // who has the statement prepared
			t.Run(m.String()+"/"+first.p.String(), func(t *testing.T) {
				t.Parallel()
				s, pool := session(t, db, login, 1, mode(m))
				ask := func(name string, i int) {
					t.Helper()
					got, err := uses[name](t.Context(), s, viewers[i].p)
					if err != nil || got != viewers[i].want {
						t.Errorf("%s: %s reads %q, want %q: %v", name, viewers[i].p, got, viewers[i].want, err)
					}
				}
				for i, v := range viewers {
					if v.p == first.p {
						for range 7 { // PostgreSQL keeps a plan for all arguments after five
							ask("run", i)
						}
					}
				}
				for i := range viewers {
					for j := range viewers { // every pair in both orders
						ask("single", i)
						ask("run", j)
					}
				}
				for range 60 {
					ask(names[rand.N(len(names))], rand.N(len(viewers)))
				}
				if _, err := titles(t.Context(), pool); err == nil {
					t.Error("nobody reads")
				}
				if n := pool.Stat().NewConnsCount(); n != 1 {
					t.Errorf("%d connections were made, want 1", n)
				}
			})
		}
	}
}

// TestPlansPreparedByNobody: pgx prepares the statements of a batch before BEGIN is sent, and so as the bare gateway.
func TestPlansPreparedByNobody(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	planRoles(t, db, login)
	s, pool := session(t, db, login, 1, nil)
	if _, err := titles(t.Context(), pool); err == nil {
		t.Error("nobody reads")
	}
	for range 3 {
		for _, v := range viewers {
			if got, err := uses["single"](t.Context(), s, v.p); err != nil || got != v.want {
				t.Errorf("%s reads %q, want %q: %v", v.p, got, v.want, err)
			}
			if _, err := titles(t.Context(), pool); err == nil {
				t.Error("nobody reads")
			}
		}
	}
}

// TestFlushesAndPrincipals: a principal, or a plan role, that a connection has not met costs no flush.
func TestFlushesAndPrincipals(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	planRoles(t, db, login)
	w := &wire{}
	s, _ := session(t, db, login, 1, w.tap(nil))
	for _, name := range []string{"single", "run"} {
		if _, err := uses[name](t.Context(), s, anna); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]int64{"single": 1, "run": 2} {
		for range 3 {
			for _, v := range viewers {
				if got := w.during(func() { _, _ = uses[name](t.Context(), s, v.p) }); got != want {
					t.Errorf("%s as %s: %d writes, want %d", name, v.p, got, want)
				}
			}
		}
	}
}

// TestManyPrincipals: neither the session nor the connection keeps anything for each principal.
func TestManyPrincipals(t *testing.T) {
	db, login := gateway(t) // not parallel: it counts what the whole process allocates
	w := &wire{}
	s, pool := session(t, db, login, 1, w.tap(nil))
	db.Exec(t, "GRANT SELECT ON pg_backend_memory_contexts TO "+login+
		"; GRANT EXECUTE ON FUNCTION pg_get_backend_memory_contexts() TO "+login)
	ctx := t.Context()
	point := func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, "SELECT count(*) FROM app.note WHERE id = $1", 1).Scan(new(int))
	}
	next := 0
	pass := func(n int) (allocs float64, heap int64) {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for range n {
			next++
			p := pgsession.User(next)
			var err error
			if next%2 == 0 {
				err = s.Run(ctx, p, point)
			} else {
				err = s.QueryRow(ctx, p, "SELECT count(*) FROM app.note WHERE id = $1", 1).Scan(new(int))
			}
			if err != nil {
				t.Fatal(pgsession.Explain(err))
			}
			w.mu.Lock()
			w.sent.Reset() // this one is the test's
			w.mu.Unlock()
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		return float64(after.Mallocs-before.Mallocs) / float64(n), int64(after.HeapAlloc) - int64(before.HeapAlloc)
	}
	statements := func() (n, bytes int) {
		if err := pool.QueryRow(ctx, "SELECT (SELECT count(*) FROM pg_prepared_statements),"+
			" (SELECT sum(used_bytes) FROM pg_backend_memory_contexts)::bigint").Scan(&n, &bytes); err != nil {
			t.Fatal(err)
		}
		return n, bytes
	}
	pass(500)
	statements()
	firstStatements, firstBytes := statements()
	firstAllocs, _ := pass(500)
	writes := w.writes.Load()
	const many = 20_000
	allocs, heap := pass(many)
	if got := w.writes.Load() - writes; got != 3*many/2 {
		t.Errorf("%d writes for %d principals, want two for Run and one for QueryRow", got, many)
	}
	if allocs > firstAllocs*1.05+1 {
		t.Errorf("%.1f allocations for one principal among many, %.1f among few", allocs, firstAllocs)
	}
	if heap > 256<<10 {
		t.Errorf("the heap has grown by %d bytes over %d principals", heap, many)
	}
	n, bytes := statements()
	if n != firstStatements {
		t.Errorf("%d prepared statements after %d principals, %d before", n, many, firstStatements)
	}
	if bytes > firstBytes+firstBytes/10 {
		t.Errorf("the backend has %d bytes after %d principals, %d before", bytes, many, firstBytes)
	}
	t.Logf("%.1f allocations for each principal; heap %+d bytes; %d prepared statements", allocs, heap, n)
}

// TestOpenWarmsNothing: opening a session costs the same whoever there is.
func TestOpenWarmsNothing(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	w := &wire{}
	pool := newPool(t, db, login, 1, w.tap(nil))
	if err := pool.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.during(func() {
		if _, err := pgsession.Open(t.Context(), pool, keys(keyOf(t, "k1", 'k')), pgsession.AllowOldServer()); err != nil {
			t.Error(err)
		}
	}); got != 1 {
		t.Errorf("%d writes, want 1", got)
	}
}

// TestFunctionsAreTidiedUp: what a function does inside is in no statement's text, and does not reach the next principal.
func TestFunctionsAreTidiedUp(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	db.Exec(t, `CREATE FUNCTION app.careless(what text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE what; RETURN what; END $$`)
	db.Exec(t, "GRANT TEMPORARY ON DATABASE "+db.Name()+" TO rls_client")
	hook := func(c *pgxpool.Config) {
		c.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "SET statement_timeout = '77s'; SET app.hook = 'mine'")
			return err
		}
	}
	for what, hooked := range map[string]bool{ // and whether it is found on a connection that a hook has changed
		"SET search_path = app": true, "SET work_mem = '1MB'": false, "SET app.x = 'y'": false, "LISTEN gossip": true,
		"DECLARE c CURSOR WITH HOLD FOR SELECT * FROM app.note": true, "CREATE TEMP TABLE note (id int)": true,
		"SET statement_timeout = '5s'": true, "SET TimeZone = 'Asia/Tokyo'": true,
	} {
		for _, m := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
			t.Run(m.String()+"/"+what, func(t *testing.T) {
				t.Parallel()
				s, pool := session(t, db, login, 1, mode(m))
				for range 3 { // the first time a connection is new to the session
					err := s.Run(t.Context(), anna, func(tx pgx.Tx) error {
						_, err := tx.Exec(t.Context(), "SELECT app.careless($1)", what)
						return err
					})
					if err != nil {
						t.Fatal(pgsession.Explain(err))
					}
					fresh(t, s, pool, bob, "three four")
					if _, err := s.Exec(t.Context(), anna, "SELECT app.careless($1)", what); err != nil {
						t.Fatal(pgsession.Explain(err))
					}
					fresh(t, s, pool, bob, "three four")
				}
			})
			t.Run(m.String()+"/hook/"+what, func(t *testing.T) {
				t.Parallel()
				s, pool := session(t, db, login, 1, func(c *pgxpool.Config) { mode(m)(c); hook(c) })
				for range 3 {
					if _, err := s.Exec(t.Context(), anna, "SELECT 1"); err != nil {
						t.Fatal(err)
					}
				}
				if pool.Stat().NewConnsCount() != 1 {
					t.Error("what a hook has set costs the connection")
				}
				if _, err := s.Exec(t.Context(), anna, "SELECT app.careless($1)", what); err != nil {
					t.Fatal(pgsession.Explain(err))
				}
				var kept string
				err := pool.QueryRow(t.Context(), "SELECT current_setting('statement_timeout') || current_setting('app.hook')").Scan(&kept)
				if err != nil || kept != "77smine" {
					t.Errorf("the hook's settings are %q: %v", kept, err)
				}
				if closed := pool.Stat().NewConnsCount() == 2; closed != hooked {
					t.Errorf("connection closed: %t, want %t", closed, hooked)
				}
			})
		}
	}
}
