package pgsession_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/pgsession"
)

// Each leaves something on the connection that has to cost it, or has not.
var leavings = []struct {
	name   string
	sql    []string
	closes bool
}{
	{"nothing", []string{"SELECT 1"}, false},
	{"set local", []string{"SET LOCAL search_path = app"}, false},
	{"local set_config", []string{"SELECT set_config('app.x', 'y', true)"}, false},
	{"set", []string{"SET search_path = app"}, true},
	{"set custom", []string{"SET app.x = 'y'"}, true},
	{"set behind a comment", []string{"/* a /* b */ */ -- c\n SET app.x = 'y'"}, true},
	{"set behind comments and statements", []string{"SELECT 1; /* a;b */ SET app.x = 'y'"}, true},
	{"set role", []string{"RESET ROLE", "SET SESSION ROLE rls_client"}, true},
	{"set_config", []string{"SELECT set_config('work_mem', '1MB', false)"}, true},
	{"set_config quoted", []string{`SELECT pg_catalog."set_config"('app.x', 'true )', false)`}, true},
	{"set_config in other letters", []string{`SELECT U&"set\005fconfig"('app.x', 'y', false)`}, true},
	{"set_config by xml", []string{`SELECT query_to_xml('SELECT set_con' || 'fig(''app.x'', ''y'', false)', false, false, '')`}, true},
	{"set_config in do", []string{`DO $$ BEGIN PERFORM set_config('app.x', 'y', false); END $$`}, true},
	{"dynamic do", []string{`DO $$ BEGIN EXECUTE 'S' || 'ET app.x = 1'; END $$`}, true},
	{"plain do", []string{`DO $$ BEGIN PERFORM 1; END $$`}, false},
	{"temporary table", []string{"CREATE TEMP TABLE note (id int)"}, true},
	{"temporary table by schema", []string{"CREATE TABLE pg_temp.note (id int)"}, true},
	{"temporary function", []string{"CREATE FUNCTION pg_temp.now() RETURNS text LANGUAGE sql AS 'SELECT 1::text'"}, true},
	{"temporary table on commit drop", []string{"CREATE TEMP TABLE note (id int) ON COMMIT DROP"}, true},
	{"cursor with hold", []string{"DECLARE c CURSOR WITH HOLD FOR SELECT * FROM app.note"}, true},
	{"cursor", []string{"DECLARE c CURSOR FOR SELECT * FROM app.note"}, false},
	{"listen", []string{"LISTEN gossip"}, true},
	{"advisory lock", []string{"SELECT pg_advisory_lock(1)"}, true},
	{"advisory lock unlocked", []string{"SELECT pg_advisory_lock(1)", "SELECT pg_advisory_unlock(1)"}, false},
	{"transaction advisory lock", []string{"SELECT pg_advisory_xact_lock(1)"}, false},
	{"prepare", []string{"PREPARE p AS SELECT 1"}, true},
	{"discard all", []string{"COMMIT", "DISCARD ALL"}, true},
	{"session authorization", []string{"SET SESSION AUTHORIZATION DEFAULT"}, true},
	{"update with set", []string{"UPDATE app.note SET title = title WHERE id = 1"}, false},
	{"sequence", []string{"INSERT INTO app.counter DEFAULT VALUES"}, false},
	{"commit", []string{"COMMIT", "BEGIN"}, false},
}

func TestResidue(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	db.Exec(t, "GRANT TEMPORARY ON DATABASE "+db.Name()+" TO rls_client, "+login)
	for _, m := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		for _, l := range leavings {
			t.Run(m.String()+"/"+l.name, func(t *testing.T) {
				t.Parallel()
				s, pool := session(t, db, login, 1, mode(m))
				ctx := t.Context()
				if _, err := s.Exec(ctx, bob, "SELECT 1"); err != nil {
					t.Fatal(err)
				}
				err := s.Run(ctx, anna, func(tx pgx.Tx) error {
					for _, sql := range l.sql {
						if _, err := tx.Exec(ctx, sql); err != nil {
							return fmt.Errorf("%s: %w", sql, err)
						}
					}
					return nil
				})
				if err != nil && !errors.Is(err, pgsession.ErrEnded) {
					t.Fatal(pgsession.Explain(err))
				}
				fresh(t, s, pool, bob, "three four")
				if got := pool.Stat().NewConnsCount() == 2; got != l.closes {
					t.Errorf("connection closed: %t, want %t", got, l.closes)
				}
			})
		}
	}
}

func TestResidueOfOneStatement(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	db.Exec(t, "GRANT TEMPORARY ON DATABASE "+db.Name()+" TO rls_client, "+login)
	for _, l := range leavings {
		if len(l.sql) > 1 || l.name == "commit" {
			continue
		}
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			s, pool := session(t, db, login, 1, nil)
			if _, err := s.Exec(t.Context(), anna, l.sql[0]); err != nil {
				t.Fatal(pgsession.Explain(err))
			}
			fresh(t, s, pool, bob, "three four")
			if got := pool.Stat().NewConnsCount() == 2; got != l.closes {
				t.Errorf("connection closed: %t, want %t", got, l.closes)
			}
		})
	}
}

func TestNothingOutlivesRun(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	s, pool := session(t, db, login, 1, nil)
	ctx := t.Context()
	var kept, nested pgx.Tx
	var large pgx.LargeObjects
	if err := s.Run(ctx, anna, func(tx pgx.Tx) error {
		var err error
		kept, large = tx, tx.LargeObjects()
		nested, err = tx.Begin(ctx)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	_, created := large.Create(ctx, 0)
	for name, err := range map[string]error{
		"transaction": query(kept), "savepoint": query(nested), "large object": created, "commit": kept.Commit(ctx),
		"rollback": kept.Rollback(ctx), "batch": kept.SendBatch(ctx, &pgx.Batch{}).Close(),
	} {
		if !errors.Is(err, pgx.ErrTxClosed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	fresh(t, s, pool, bob, "three four")
}

// fresh checks that the next transaction on the pool is nobody before it enters, and p after it.
func fresh(t testing.TB, s *pgsession.Session, pool *pgxpool.Pool, p pgsession.Principal, want string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var state string
	err := pool.QueryRow(ctx, `SELECT concat_ws(' ', current_setting('role'), nullif(current_setting('rls.context', true), ''),
		nullif(current_setting('app.x', true), ''), current_setting('search_path'), current_setting('work_mem'),
		to_regclass('note'), (SELECT count(*) FROM pg_cursors WHERE is_holdable), (SELECT count(*) FROM pg_listening_channels()),
		(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
		(SELECT count(*) FROM pg_prepared_statements WHERE from_sql))`).Scan(&state)
	if err != nil || state != `none "$user", public 4MB 0 0 0 0` {
		t.Errorf("the connection starts with %q: %v", state, err)
	}
	if _, err := pool.Exec(ctx, "SELECT lastval()"); err == nil {
		t.Error("the last value of a sequence is still known")
	}
	if got, err := titles(ctx, pool); err == nil {
		t.Errorf("nobody sees %q", got)
	}
	if err := s.Run(ctx, p, func(tx pgx.Tx) error {
		if got, err := titles(ctx, tx); err != nil || got != want {
			t.Errorf("%s sees %q, want %q: %v", p, got, want, err)
		}
		return nil
	}); err != nil {
		t.Error(pgsession.Explain(err))
	}
}

// accidents are ways for a transaction to end. Each gets a context of its own.
var accidents = map[string]func(t testing.TB, db *pgtest.Database, s *pgsession.Session, p pgsession.Principal){
	"commit": func(t testing.TB, _ *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		_ = s.Run(context.Background(), p, func(tx pgx.Tx) error { return query(tx) })
	},
	"error": func(t testing.TB, _ *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		_ = s.Run(context.Background(), p, func(tx pgx.Tx) error { return errors.Join(query(tx), errors.New("no")) })
	},
	"error swallowed": func(t testing.TB, _ *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		err := s.Run(context.Background(), p, func(tx pgx.Tx) error {
			_ = query(tx)
			_, _ = tx.Exec(context.Background(), "SELECT 1/0")
			return nil
		})
		if !errors.Is(err, pgx.ErrTxCommitRollback) {
			t.Errorf("got %v", err)
		}
	},
	"first statement wrong": func(t testing.TB, _ *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		err := s.Run(context.Background(), p, func(tx pgx.Tx) error {
			_, _ = tx.Exec(context.Background(), "SELECT nothing")
			return query(tx)
		})
		if err == nil {
			t.Error("no error")
		}
	},
	"first argument wrong": func(t testing.TB, _ *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		if _, err := s.Exec(context.Background(), p, "SELECT $1::int", "x"); err == nil {
			t.Error("no error")
		}
	},
	"panic": func(t testing.TB, _ *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		defer func() {
			if recover() != "panic" {
				t.Error("the panic is lost")
			}
		}()
		_ = s.Run(context.Background(), p, func(tx pgx.Tx) error { _ = query(tx); panic("panic") })
	},
	"panic in a savepoint": func(t testing.TB, _ *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		defer func() { _ = recover() }()
		_ = s.Run(context.Background(), p, func(tx pgx.Tx) error {
			return pgx.BeginFunc(context.Background(), tx, func(tx pgx.Tx) error { _ = query(tx); panic("panic") })
		})
	},
	"rows left open": func(t testing.TB, _ *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		if err := s.Run(context.Background(), p, func(tx pgx.Tx) error {
			_, err := tx.Query(context.Background(), "SELECT generate_series(1, 100000)")
			return err
		}); err == nil {
			t.Error("no error")
		}
	},
	"rows closed early": func(t testing.TB, _ *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		rows, err := s.Query(context.Background(), p, "SELECT generate_series(1, 100000)")
		if err != nil || !rows.Next() {
			t.Error(err)
		}
		rows.Close()
		if rows.Err() != nil {
			t.Error(rows.Err())
		}
	},
	"cancelled": func(t testing.TB, _ *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		if err := s.Run(ctx, p, func(tx pgx.Tx) error {
			_ = query(tx)
			_, err := tx.Exec(ctx, "SELECT pg_sleep(10)")
			return err
		}); err == nil {
			t.Error("no error")
		}
	},
	"cancelled between statements": func(t testing.TB, _ *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		ctx, cancel := context.WithCancel(context.Background())
		if err := s.Run(ctx, p, func(tx pgx.Tx) error { cancel(); _ = query(tx); return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	},
	"cancelled single": func(t testing.TB, _ *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		if _, err := s.Exec(ctx, p, "SELECT pg_sleep(10)"); err == nil {
			t.Error("no error")
		}
	},
	"connection lost": func(t testing.TB, db *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		if err := s.Run(context.Background(), p, func(tx pgx.Tx) error {
			var pid int
			if err := tx.QueryRow(context.Background(), "SELECT pg_backend_pid()").Scan(&pid); err != nil {
				return err
			}
			db.Exec(t, fmt.Sprintf("SELECT pg_terminate_backend(%d, 5000)", pid))
			return nil
		}); err == nil {
			t.Error("no error")
		}
	},
	"expired": func(t testing.TB, db *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		if err := s.With(pgsession.WithTenant("\xff")).Run(context.Background(), p, query); !errors.Is(err, pgsession.ErrBadClaim) {
			t.Errorf("got %v", err)
		}
	},
	"refused": func(t testing.TB, db *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		if err := s.Run(context.Background(), pgsession.Service("none"), query); !errors.Is(err, pgsession.ErrTokenRefused) {
			t.Errorf("got %v", err)
		}
	},
	"unknown subject": func(t testing.TB, db *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		if _, err := s.Exec(context.Background(), pgsession.Subject("none"), "SELECT 1"); !errors.Is(err, pgsession.ErrNotReady) {
			t.Errorf("got %v", err)
		}
	},
	"deferred constraint": func(t testing.TB, db *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		if err := s.Run(context.Background(), p, func(tx pgx.Tx) error {
			_, err := tx.Exec(context.Background(), "INSERT INTO app.counter (parent) VALUES (-1)")
			return err
		}); err == nil {
			t.Error("no error")
		}
		if _, err := s.Exec(context.Background(), p, "INSERT INTO app.counter (parent) VALUES (-1)"); err == nil {
			t.Error("no error")
		}
	},
	"ended by a statement": func(t testing.TB, db *pgtest.Database, s *pgsession.Session, p pgsession.Principal) {
		if err := s.Run(context.Background(), p, func(tx pgx.Tx) error {
			_ = query(tx)
			_, err := tx.Exec(context.Background(), "COMMIT")
			return err
		}); !errors.Is(err, pgsession.ErrEnded) {
			t.Errorf("got %v", err)
		}
	},
}

func query(tx pgx.Tx) error { _, err := titles(context.Background(), tx); return err }

func TestAccidents(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	for _, m := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
		for name, accident := range accidents {
			t.Run(m.String()+"/"+name, func(t *testing.T) {
				t.Parallel()
				s, pool := session(t, db, login, 1, mode(m))
				accident(t, db, s, anna)
				fresh(t, s, pool, bob, "three four")
				accident(t, db, s, bob)
				fresh(t, s, pool, anna, "one two")
			})
		}
	}
	for name, accident := range accidents {
		t.Run("cancel requests/"+name, func(t *testing.T) { // the connection outlives its context
			t.Parallel()
			s, pool := session(t, db, login, 1, func(c *pgxpool.Config) {
				c.ConnConfig.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
					return &pgconn.CancelRequestContextWatcherHandler{Conn: conn, DeadlineDelay: time.Second}
				}
			})
			accident(t, db, s, anna)
			fresh(t, s, pool, bob, "three four")
		})
	}
	t.Run("in any order", func(t *testing.T) {
		t.Parallel()
		s, pool := session(t, db, login, 1, nil)
		names := make([]string, 0, len(accidents))
		for name := range accidents {
			names = append(names, name)
		}
		for range 100 {
			accidents[names[rand.N(len(names))]](t, db, s, []pgsession.Principal{anna, bob}[rand.N(2)])
			if rand.N(2) == 0 {
				fresh(t, s, pool, bob, "three four")
			} else {
				fresh(t, s, pool, anna, "one two")
			}
		}
	})
}
