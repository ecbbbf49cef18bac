package pgsessiontest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/pgsession"
	"github.com/rlsctl/rlsctl/pgsession/pgsessiontest"
)

// However a test ends, and whatever the code under test tries, nothing is left in the database or on a connection.
func TestNothingStaysBehind(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	write := func(x pgx.Tx) {
		if _, err := x.Exec(context.Background(), "INSERT INTO app.note (id, owner) VALUES (99, 1)"); err != nil {
			t.Error("the test is not as meant:", err)
		}
	}
	text := func(sql string) func(*mock, *pgsessiontest.DB, *pgsessiontest.Tx) {
		return func(_ *mock, _ *pgsessiontest.DB, x *pgsessiontest.Tx) {
			_, _ = x.Exec(context.Background(), sql, pgx.QueryExecModeSimpleProtocol)
		}
	}
	for name, c := range map[string]struct {
		run  func(m *mock, db *pgsessiontest.DB, x *pgsessiontest.Tx)
		says string // why the test fails; "" if it passes
	}{
		"it ends": {func(*mock, *pgsessiontest.DB, *pgsessiontest.Tx) {}, ""},
		"seeds": {func(_ *mock, db *pgsessiontest.DB, _ *pgsessiontest.Tx) {
			db.Seed("CREATE TABLE app.extra (); INSERT INTO app.person VALUES (9, 'ivan')")
		}, ""},
		"Error":   {func(m *mock, _ *pgsessiontest.DB, _ *pgsessiontest.Tx) { m.Error("wrong") }, "wrong"},
		"FailNow": {func(m *mock, _ *pgsessiontest.DB, _ *pgsessiontest.Tx) { m.FailNow() }, ""},
		"panic":   {func(*mock, *pgsessiontest.DB, *pgsessiontest.Tx) { panic("oh") }, "panic: oh"},
		"panic in Run": {func(_ *mock, db *pgsessiontest.DB, _ *pgsessiontest.Tx) {
			_ = db.Session().Run(context.Background(), ben, func(pgx.Tx) error { panic("oh") })
		}, "panic: oh"},
		"FailNow in Run": {func(m *mock, db *pgsessiontest.DB, _ *pgsessiontest.Tx) {
			_ = db.Session().Run(context.Background(), ben, func(pgx.Tx) error { m.FailNow(); return nil })
		}, ""},
		"Commit": {func(_ *mock, _ *pgsessiontest.DB, x *pgsessiontest.Tx) {
			if err := x.Commit(context.Background()); err != nil {
				t.Error(err)
			}
		}, ""},
		"Commit of a savepoint": {func(_ *mock, _ *pgsessiontest.DB, x *pgsessiontest.Tx) {
			err := pgx.BeginFunc(context.Background(), x, func(tx pgx.Tx) error { return nil })
			if err != nil {
				t.Error(err)
			}
		}, ""},
		"a session that commits": {func(_ *mock, db *pgsessiontest.DB, _ *pgsessiontest.Tx) {
			if err := (notes{db.Session()}).add(context.Background(), ben, 98, benKey); err != nil {
				t.Error(err)
			}
		}, ""},
		"COMMIT":             {text("COMMIT"), "ended the transaction"},
		"commit, in a text":  {text("SELECT 1; /* x */ commit; INSERT INTO app.note (id, owner) VALUES (97, 1)"), "ended the transaction"},
		"END":                {text("END"), "ended the transaction"},
		"COMMIT AND CHAIN":   {text("COMMIT AND CHAIN"), "ended the transaction"},
		"PREPARE":            {text("PREPARE TRANSACTION 'x'"), "ended the transaction"},
		"CALL":               {text("DO $$ BEGIN COMMIT; END $$"), ""},
		"drops the guard":    {text("DROP TABLE IF EXISTS pg_temp.rls_test_no_commit_ref; COMMIT"), ""},
		"ROLLBACK and on":    {text("ROLLBACK; INSERT INTO app.note (id, owner) VALUES (96, 1)"), "ended the transaction"},
		"BEGIN anew":         {text("ROLLBACK; BEGIN; INSERT INTO app.note (id, owner) VALUES (96, 1); COMMIT"), "ended the transaction"},
		"an advisory lock":   {text("SELECT pg_advisory_lock(42)"), ""},
		"a setting":          {text("SET search_path = app; SET lock_timeout = 7"), ""},
		"a prepared query":   {text("PREPARE mine AS SELECT 1"), ""},
		"a cursor WITH HOLD": {text("DECLARE c CURSOR WITH HOLD FOR SELECT 1"), ""},
		"past the transaction": {func(_ *mock, _ *pgsessiontest.DB, x *pgsessiontest.Tx) {
			conn := x.Conn()
			_, _ = conn.Exec(context.Background(), "COMMIT")
			_, _ = conn.Exec(context.Background(), "INSERT INTO app.note (id, owner) VALUES (95, 1)")
			if _, err := x.Exec(context.Background(), "SELECT 1"); !errors.Is(err, pgsession.ErrEnded) {
				t.Errorf("after the end: %v", err)
			}
		}, "ended the transaction"},
		"rows that stay open": {func(_ *mock, _ *pgsessiontest.DB, x *pgsessiontest.Tx) {
			if _, err := x.Query(context.Background(), "SELECT generate_series(1, 100000)"); err != nil {
				t.Error(err)
			}
		}, ""},
		"a lost connection": {func(_ *mock, _ *pgsessiontest.DB, x *pgsessiontest.Tx) {
			_ = x.Conn().Close(context.Background())
		}, ""},
		"a failed statement": {text("SELECT 1 / 0"), ""},
	} {
		for _, pool := range []*pgxpool.Pool{p.superuser, p.gateway} {
			name, opts := name+"/superuser", []pgsessiontest.Option(nil)
			if pool == p.gateway {
				if c.says == "" && strings.HasPrefix(name, "seeds") {
					continue
				}
				name, opts = strings.Replace(name, "superuser", "gateway", 1), []pgsessiontest.Option{pgsessiontest.Keys(p.keys)}
			}
			t.Run(name, func(t *testing.T) {
				// Not parallel: the database is looked at after each.
				said, failed := inside(t, func(m *mock) {
					db := pgsessiontest.New(m, pool, opts...)
					x := db.As(anna)
					write(x)
					c.run(m, db, x)
				})
				if name, _, _ := strings.Cut(name, "/"); failed != (c.says != "" || name == "FailNow" || name == "FailNow in Run") || !strings.Contains(said, c.says) {
					t.Errorf("failed: %v, it said %q, want %q", failed, said, c.says)
				}
				p.untouched(t)
			})
		}
	}
	t.Run("used after the test", func(t *testing.T) {
		var x *pgsessiontest.Tx
		var s *pgsession.Session
		inside(t, func(m *mock) {
			db := pgsessiontest.New(m, p.superuser)
			x, s = db.As(anna), db.Session()
		})
		if _, err := x.Exec(t.Context(), "INSERT INTO app.note (id, owner) VALUES (94, 1)"); !errors.Is(err, pgx.ErrTxClosed) {
			t.Error(err)
		}
		if err := (notes{s}).add(t.Context(), anna, 94, annaKey); !errors.Is(err, pgx.ErrTxClosed) {
			t.Error(err)
		}
		p.untouched(t)
	})
}

// What the session of a test must do as the one of production does.
func TestSession(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	t.Cleanup(func() { p.untouched(t) })
	code := func(err error) string {
		var pg *pgconn.PgError
		if errors.As(err, &pg) {
			return pg.Code
		}
		return fmt.Sprint(err)
	}
	t.Run("deferred constraints are checked at commit", func(t *testing.T) {
		t.Parallel()
		s := pgsessiontest.New(t, p.superuser).Session()
		orphan := func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO app.note (id, owner, parent) VALUES (91, 1, 92)")
			return err
		}
		if err := s.Run(t.Context(), anna, orphan); code(err) != "23503" {
			t.Errorf("an orphan is committed: %v", err)
		}
		for range 2 { // and they are deferred again
			err := s.Run(t.Context(), anna, func(tx pgx.Tx) error {
				if err := orphan(tx); err != nil {
					return err
				}
				_, err := tx.Exec(t.Context(), "INSERT INTO app.note (id, owner) VALUES (92, 1)")
				return errors.Join(err, errOnce(tx, "DELETE FROM app.note WHERE id IN (91, 92)"))
			})
			if err != nil {
				t.Errorf("an orphan whose parent comes later: %v", err)
			}
		}
		x := pgsessiontest.As(t, p.superuser, anna)
		if err := errOnce(x, "INSERT INTO app.note (id, owner, parent) VALUES (89, 1, 92)"); err != nil {
			t.Fatal(err)
		}
		if err := x.Commit(t.Context()); code(err) != "23503" {
			t.Errorf("Commit of As: %v", err)
		}
	})
	t.Run("a failed transaction is gone and the next one works", func(t *testing.T) {
		t.Parallel()
		db := pgsessiontest.New(t, p.superuser)
		app := notes{db.Session()}
		err := app.s.Run(t.Context(), anna, func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), "INSERT INTO app.note (id, owner) VALUES (93, 1)"); err != nil {
				t.Error(err)
			}
			return errGiveUp
		})
		if !errors.Is(err, errGiveUp) {
			t.Error(err)
		}
		err = app.s.Run(t.Context(), anna, func(tx pgx.Tx) error {
			_, _ = tx.Exec(t.Context(), "SELECT 1 / 0")
			return nil
		})
		if !errors.Is(err, pgx.ErrTxCommitRollback) {
			t.Errorf("a failure that was swallowed: %v", err)
		}
		if got, err := app.list(t.Context(), anna); err != nil || got != "10 20" {
			t.Errorf("%q %v", got, err)
		}
	})
	t.Run("read only", func(t *testing.T) {
		t.Parallel()
		s := pgsessiontest.New(t, p.superuser).Session()
		if _, err := s.Exec(t.Context(), anna, "DELETE FROM app.note", pgsession.ReadOnly()); code(err) != "25006" {
			t.Error(err)
		}
		if _, err := s.Exec(t.Context(), anna, "DELETE FROM app.note WHERE id = 20 AND false"); err != nil {
			t.Error(err)
		}
	})
	t.Run("savepoints", func(t *testing.T) {
		t.Parallel()
		db := pgsessiontest.New(t, p.superuser)
		err := db.Session().Run(t.Context(), anna, func(tx pgx.Tx) error {
			inner, err := tx.Begin(t.Context())
			if err != nil {
				return err
			}
			if _, err := inner.Exec(t.Context(), "DELETE FROM app.note WHERE id = 10"); err != nil {
				return err
			}
			if err := inner.Rollback(t.Context()); err != nil {
				return err
			}
			if _, err := inner.Exec(t.Context(), "SELECT 1"); !errors.Is(err, pgx.ErrTxClosed) {
				t.Error("a savepoint that has ended:", err)
			}
			got, err := ids(t.Context(), tx)
			if got != "10 20" {
				t.Errorf("after going back: %q", got)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Run("errors have their sentinels", func(t *testing.T) {
		t.Parallel()
		db := pgsessiontest.New(t, p.superuser)
		if _, err := db.Session().Can(t.Context(), anna, "fly", "note"); !errors.Is(err, pgsession.ErrUnknownAction) {
			t.Error(err)
		}
		if err := db.Session().RequireObject(t.Context(), ben, "read", "note", 10); !errors.Is(err, pgsession.ErrNotFound) {
			t.Error(err)
		}
		if err := db.Session().RequireObject(t.Context(), anna, "update", "note", 10); err != nil {
			t.Error(err)
		}
		x := db.As(anna)
		if _, err := pgsession.Can(t.Context(), x, "fly", "note"); !errors.Is(err, pgsession.ErrUnknownAction) {
			t.Error("As:", err)
		}
		if err := (notes{db.Session()}).add(t.Context(), anna, 88, annaKey); err == nil || !strings.Contains(err.Error(), "call Rollback") {
			t.Error("after a failed statement:", err)
		}
		if err := x.Rollback(t.Context()); err != nil {
			t.Error(err)
		}
		if err := db.Session().Run(t.Context(), pgsession.Subject("nobody's"), func(pgx.Tx) error { return nil }); !errors.Is(err, pgsession.ErrNotReady) {
			t.Error(err)
		}
		if err := db.Session().Run(t.Context(), pgsession.Principal{}, func(pgx.Tx) error { return nil }); !errors.Is(err, pgsession.ErrNoPrincipal) {
			t.Error(err)
		}
	})
	t.Run("rows", func(t *testing.T) {
		t.Parallel()
		db := pgsessiontest.New(t, p.superuser, pgsessiontest.Busy(time.Millisecond))
		s := db.Session()
		rows, err := s.Query(t.Context(), anna, "SELECT id FROM app.note WHERE id < $1 ORDER BY id", 20)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Exec(t.Context(), ben, "SELECT 1"); !errors.Is(err, pgsessiontest.ErrBusy) {
			t.Errorf("beside open rows: %v", err)
		}
		if list, err := pgx.CollectRows(rows, pgx.RowTo[int]); err != nil || len(list) != 1 {
			t.Error(list, err)
		}
		var id int
		if err := s.QueryRow(t.Context(), ben, readIDs).Scan(&id); err != nil || id != 20 {
			t.Error(id, err)
		}
		if err := s.QueryRow(t.Context(), anna, "SELECT 1 / 0").Scan(&id); code(err) != "22012" {
			t.Error(err)
		}
		err = s.Run(t.Context(), anna, func(pgx.Tx) error { return s.Run(t.Context(), ben, func(pgx.Tx) error { return nil }) })
		if !errors.Is(err, pgsessiontest.ErrBusy) {
			t.Errorf("a Run inside of a Run: %v", err)
		}
	})
	t.Run("goroutines take turns", func(t *testing.T) {
		t.Parallel()
		app := notes{pgsessiontest.New(t, p.superuser).Session()}
		var all sync.WaitGroup
		for i := range 8 {
			who, want := anna, "10 20"
			if i%2 == 1 {
				who, want = carl, "30"
			}
			all.Go(func() {
				if got, err := app.list(t.Context(), who); err != nil || got != want {
					t.Errorf("%s: %q %v", who, got, err)
				}
			})
		}
		all.Wait()
	})
	t.Run("going back takes everybody back", func(t *testing.T) {
		t.Parallel()
		db := pgsessiontest.New(t, p.superuser)
		a := db.As(anna)
		b := db.As(ben)
		b.Writes(1, "DELETE FROM app.note WHERE id = 20")
		if err := a.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Exec(t.Context(), "SELECT 1"); !errors.Is(err, pgx.ErrTxClosed) {
			t.Error(err)
		}
		b.Sees([]any{20}, readIDs)
	})
}

func errOnce(tx pgx.Tx, sql string) error {
	_, err := tx.Exec(context.Background(), sql)
	return err
}

// A test may be more principals at once than its pool has connections.
func TestPoolTooSmall(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	config, err := pgxpool.ParseConfig(p.db.URL("") + "&pool_max_conns=1")
	if err != nil {
		t.Skip("the URL takes no parameter:", err)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	for _, who := range []pgsession.Principal{anna, ben, anna} {
		pgsessiontest.As(t, pool, who)
	}
	if got := pool.Stat().TotalConns(); got != 1 {
		t.Errorf("the pool of one connection has %d", got)
	}
}

func BenchmarkAs(b *testing.B) {
	p := newPlace(b)
	for name, c := range map[string]struct {
		pool *pgxpool.Pool
		opts []pgsessiontest.Option
	}{"maintenance": {p.maintenance, nil}, "gateway": {p.gateway, []pgsessiontest.Option{pgsessiontest.Keys(p.keys)}}} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, failed := inside(b, func(m *mock) {
					pgsessiontest.As(m, c.pool, anna, c.opts...).Sees([]any{10, 20}, readIDs)
				}); failed {
					b.Fatal("failed")
				}
			}
		})
	}
}
