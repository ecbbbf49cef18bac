package pgsession_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/tracelog"

	"github.com/rlsctl/rlsctl/pgsession"
)

// wire counts what is written to connections: each Write is a packet at best, and a round trip at worst.
type wire struct {
	writes atomic.Int64
	mu     sync.Mutex
	sent   bytes.Buffer
}

type wireConn struct {
	net.Conn
	w *wire
}

func (c wireConn) Write(b []byte) (int, error) {
	c.w.writes.Add(1)
	c.w.mu.Lock()
	c.w.sent.Write(b)
	c.w.mu.Unlock()
	return c.Conn.Write(b)
}

func (w *wire) tap(next func(*pgxpool.Config)) func(*pgxpool.Config) {
	return func(c *pgxpool.Config) {
		dial := c.ConnConfig.DialFunc
		c.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dial(ctx, network, addr)
			return wireConn{conn, w}, err
		}
		if next != nil {
			next(c)
		}
	}
}

// during counts the writes of fn.
func (w *wire) during(fn func()) int64 {
	before := w.writes.Load()
	fn()
	return w.writes.Load() - before
}

func TestFlushes(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	w := &wire{}
	s, _ := session(t, db, login, 1, w.tap(nil))
	ctx := t.Context()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	run := func(sql string) func() {
		return func() {
			t.Helper()
			check(s.Run(ctx, anna, func(tx pgx.Tx) error {
				return tx.QueryRow(ctx, sql).Scan(new(int))
			}))
		}
	}
	batch := func() {
		check(s.Run(ctx, anna, func(tx pgx.Tx) error {
			b := &pgx.Batch{}
			b.Queue("SELECT 21")
			b.Queue("SELECT 22")
			return tx.SendBatch(ctx, b).Close()
		}))
	}
	single := func() {
		var n int
		check(s.QueryRow(ctx, anna, "SELECT 31").Scan(&n))
	}
	exec := func() {
		_, err := s.Exec(ctx, anna, "UPDATE app.note SET title = $1 WHERE id = 1", "one")
		check(err)
	}
	ask := func() {
		_, err := s.Can(ctx, anna, "read", "note")
		check(err)
	}
	for _, c := range []struct {
		name string
		fn   func()
		want int64
	}{
		{"a connection and a statement it has not met: describe, first flush, commit", run("SELECT 11"), 3},
		{"a statement it knows: first flush, commit", run("SELECT 11"), 2},
		{"a statement it has not met: describe, first flush, commit", run("SELECT 12"), 3},
		{"a batch it has not met", batch, 3},
		{"a batch it knows", batch, 2},
		{"a single statement it has not met, and COMMIT in a batch", single, 2},
		{"a single statement it knows", single, 1},
		{"another one it has not met", exec, 2},
		{"another one it knows", exec, 1},
		{"a question it has not met", ask, 2},
		{"a question it knows", ask, 1},
		{"nothing", func() { check(s.Run(ctx, anna, func(pgx.Tx) error { return nil })) }, 0},
		{"nobody", func() { _ = s.Run(ctx, pgsession.Principal{}, func(pgx.Tx) error { t.Error("ran"); return nil }) }, 0},
		{"a context that has ended", func() {
			ended, cancel := context.WithCancel(ctx)
			cancel()
			if err := s.Run(ended, anna, func(pgx.Tx) error { t.Error("ran"); return nil }); err == nil {
				t.Error("no error")
			}
		}, 0},
	} {
		if got := w.during(c.fn); got != c.want {
			t.Errorf("%s: %d writes, want %d", c.name, got, c.want)
		}
	}
}

func TestTokenIsAParameter(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	for _, m := range modes {
		t.Run(m.String(), func(t *testing.T) {
			t.Parallel()
			w := &wire{}
			var mu sync.Mutex
			var logged bytes.Buffer
			s, _ := session(t, db, login, 1, w.tap(func(c *pgxpool.Config) {
				mode(m)(c)
				c.ConnConfig.Tracer = &tracelog.TraceLog{LogLevel: tracelog.LogLevelTrace, Logger: tracelog.LoggerFunc(
					func(_ context.Context, level tracelog.LogLevel, msg string, data map[string]any) {
						mu.Lock()
						defer mu.Unlock()
						fmt.Fprintf(&logged, "%v %s %+v %#v\n", level, msg, data, data)
					})}
			}))
			if err := s.Run(t.Context(), anna, func(tx pgx.Tx) error {
				var seen int
				const question = "SELECT count(*) FROM pg_stat_activity WHERE query ~ 'rls1[|]k1'"
				if err := tx.QueryRow(t.Context(), question).Scan(&seen); err != nil || seen != 0 {
					t.Errorf("%d sessions show a token: %v", seen, err)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(logged.Bytes(), []byte("rls1")) && bytes.Contains(logged.Bytes(), []byte("616e6e61")) {
				t.Errorf("a tracer saw the token:\n%s", logged.String())
			}
			if !bytes.Contains(w.sent.Bytes(), []byte("|616e6e61|")) {
				t.Error("no token was sent, so this proves nothing")
			}
		})
	}
}
