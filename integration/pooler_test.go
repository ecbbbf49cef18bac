package integration

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/pgsession"
)

// bouncer is PgBouncer in front of a world, for one gateway.
type bouncer struct {
	*pgtest.Pooler
	w *world
	g *gateway
}

// bouncer starts PgBouncer with so many connections to the server.
func (w *world) bouncer(t testing.TB, mode string, servers int) *bouncer {
	t.Helper()
	g := w.gateway(t, "mailer")
	settings := map[string]string{"pool_mode": mode, "default_pool_size": fmt.Sprint(servers), "max_prepared_statements": "200"}
	return &bouncer{w.db.Pooler(t, settings, g.login), w, g}
}

// modes are pgx's ways to send statements that work through this pooler.
func (b *bouncer) modes() []pgx.QueryExecMode {
	modes := []pgx.QueryExecMode{
		pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	}
	if b.Prepares() {
		modes = append(modes, pgx.QueryExecModeCacheStatement)
	}
	return modes
}

// pool is a pool of clients of the pooler.
func (b *bouncer) pool(t testing.TB, mode pgx.QueryExecMode, size int32, tune func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(b.URL(b.g.login))
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = size
	config.ConnConfig.DefaultQueryExecMode = mode
	if tune != nil {
		tune(config)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func (b *bouncer) session(t testing.TB, pool *pgxpool.Pool) *pgsession.Session {
	t.Helper()
	s, err := pgsession.Open(t.Context(), pool, b.g.source(), pgsession.AllowOldServer())
	if err != nil {
		t.Fatal(pgsession.Explain(err))
	}
	return s
}

// stranger is a client that comes through the pooler with the gateway's login and without any session.
func (b *bouncer) stranger(t testing.TB) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(b.URL(b.g.login))
	if err != nil {
		t.Fatal(err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(explain(err))
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// trace is what a connection shows that somebody has used, and untouched what a new one does.
const (
	trace = `SELECT concat_ws(' ', current_setting('role'), current_setting('search_path'), current_setting('work_mem'),
		nullif(current_setting('rls.context', true), ''), nullif(current_setting('app.x', true), ''), to_regclass('pg_temp.note'),
		(SELECT count(*) FROM pg_cursors WHERE is_holdable), (SELECT count(*) FROM pg_listening_channels()),
		(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()),
		(SELECT count(*) FROM pg_prepared_statements WHERE from_sql))`
	untouched = `none "$user", public 4MB 0 0 0 0`
)

// readers are principals of the identity model with the notes that each reads.
var readers = []struct {
	p    pgsession.Principal
	want string
}{
	{pgsession.User("boss"), bossNotes}, {pgsession.User("sub"), subNotes}, {pgsession.User("root"), allNotes},
	{pgsession.User("other"), otherNotes}, {pgsession.User("off"), ""}, {pgsession.User("ghost"), ""},
	{pgsession.Subject("idp|boss"), bossNotes}, {pgsession.Service("mailer"), ""}, {pgsession.Anonymous(), ""},
}

// read is the notes that a transaction sees.
func read(ctx context.Context, tx pgx.Tx) (string, error) {
	rows, _ := tx.Query(ctx, notes)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return strings.Join(list, " "), err
}

var errStop = errors.New("stop")

// ways are how a transaction can end, once its principal has read. Each returns whether its error is expected.
var ways = map[string]func(context.Context, *pgsession.Session, pgsession.Principal, func(context.Context, pgx.Tx) error) error{
	"commit": func(ctx context.Context, s *pgsession.Session, p pgsession.Principal, fn func(context.Context, pgx.Tx) error) error {
		return s.Run(ctx, p, func(tx pgx.Tx) error { return fn(ctx, tx) })
	},
	"rollback": func(ctx context.Context, s *pgsession.Session, p pgsession.Principal, fn func(context.Context, pgx.Tx) error) error {
		err := s.Run(ctx, p, func(tx pgx.Tx) error { return errors.Join(fn(ctx, tx), errStop) })
		return expected(err, errStop)
	},
	"error": func(ctx context.Context, s *pgsession.Session, p pgsession.Principal, fn func(context.Context, pgx.Tx) error) error {
		err := s.Run(ctx, p, func(tx pgx.Tx) error {
			err := fn(ctx, tx)
			_, _ = tx.Exec(ctx, "SELECT 1/0")
			return err
		})
		return expected(err, pgx.ErrTxCommitRollback)
	},
	"panic": func(ctx context.Context, s *pgsession.Session, p pgsession.Principal, fn func(context.Context, pgx.Tx) error) (err error) {
		defer func() {
			if got := recover(); got != errStop {
				err = fmt.Errorf("the panic is %v", got)
			}
		}()
		var failed error
		_ = s.Run(ctx, p, func(tx pgx.Tx) error {
			if failed = fn(ctx, tx); failed != nil {
				panic(failed)
			}
			panic(errStop)
		})
		return failed
	},
	"cancelled": func(ctx context.Context, s *pgsession.Session, p pgsession.Principal, fn func(context.Context, pgx.Tx) error) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		err := s.Run(ctx, p, func(tx pgx.Tx) error {
			if err := fn(ctx, tx); err != nil {
				return err
			}
			time.AfterFunc(time.Millisecond, cancel)
			_, err := tx.Exec(ctx, "SELECT pg_sleep(60)")
			return errors.Join(err, ctx.Err())
		})
		return expected(err, context.Canceled)
	},
	"client killed": func(ctx context.Context, s *pgsession.Session, p pgsession.Principal, fn func(context.Context, pgx.Tx) error) error {
		err := s.Run(ctx, p, func(tx pgx.Tx) error {
			err := fn(ctx, tx)
			_ = tx.Conn().PgConn().Conn().Close()
			return errors.Join(err, errStop)
		})
		return expected(err, errStop)
	},
}

// expected is nil if err says want and nothing else has failed.
func expected(err, want error) error {
	var wrong *wrongRows
	if errors.Is(err, want) && !errors.As(err, &wrong) {
		return nil
	}
	return fmt.Errorf("got %w, want %w", err, want)
}

// wrongRows is a leak, or a loss.
type wrongRows struct{ who, got, want string }

func (e *wrongRows) Error() string { return fmt.Sprintf("%s reads %q, want %q", e.who, e.got, e.want) }

// TestPoolerPrincipals: many clients share two connections of the server, and nobody ever reads as somebody else.
func TestPoolerPrincipals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	names := make([]string, 0, len(ways))
	for name := range ways {
		names = append(names, name)
	}
	for _, c := range []struct {
		mode    string
		servers int
	}{{"transaction", 2}, {"session", 16}} { // a session keeps its server, so that there have to be enough
		b := w.bouncer(t, c.mode, c.servers)
		for _, m := range b.modes() {
			t.Run(c.mode+"/"+m.String(), func(t *testing.T) {
				t.Parallel()
				b := b
				if c.mode == "session" {
					b = w.bouncer(t, c.mode, c.servers)
				}
				var all sync.WaitGroup
				var pools []*pgxpool.Pool
				for range 3 {
					pool := b.pool(t, m, 4, nil)
					pools = append(pools, pool)
					s := b.session(t, pool)
					for range 4 {
						all.Go(func() {
							for range 12 {
								r := readers[rand.N(len(readers))]
								check := func(got string, err error) error {
									if err == nil && got != r.want {
										err = &wrongRows{r.p.String(), got, r.want}
									}
									return err
								}
								way := names[rand.N(len(names))]
								if err := ways[way](t.Context(), s, r.p, func(ctx context.Context, tx pgx.Tx) error {
									return check(read(ctx, tx))
								}); err != nil {
									t.Errorf("%s, %s: %s", r.p, way, pgsession.Explain(err))
								}
								rows, _ := s.Query(t.Context(), r.p, notes)
								list, err := pgx.CollectRows(rows, pgx.RowTo[string])
								if err := check(strings.Join(list, " "), err); err != nil {
									t.Errorf("%s, in one statement: %s", r.p, pgsession.Explain(err))
								}
							}
						})
					}
				}
				all.Wait()
				for _, pool := range pools {
					pool.Close() // in session mode they keep their servers
				}
				b.nobody(t, 2)
			})
		}
	}
}

// nobody checks that the next clients are nobody, on every connection of the server at once.
func (b *bouncer) nobody(t testing.TB, servers int) {
	t.Helper()
	for range servers {
		conn := b.stranger(t)
		must(t, conn, "BEGIN") // it keeps the server's connection, so that the next one gets another
		if got := one(t, conn, trace); got != untouched {
			t.Errorf("the next client starts with %q", got)
		}
		if _, err := conn.Exec(t.Context(), notes); sqlstate(err) != "42501" {
			t.Errorf("the next client reads: %v", err)
		}
		must(t, conn, "ROLLBACK")
	}
}

// spoils leave something on the server's connection that the next client must not meet.
var spoils = map[string][]string{
	"set":                   {"SET search_path = app"},
	"set custom":            {"SET app.x = 'y'"},
	"set_config":            {"SELECT set_config('work_mem', '1MB', false)"},
	"temporary table":       {"CREATE TEMP TABLE note (id int)"},
	"cursor with hold":      {"DECLARE c CURSOR WITH HOLD FOR SELECT * FROM app.note"},
	"listen":                {"LISTEN gossip"},
	"advisory lock":         {"SELECT pg_advisory_lock(1)"},
	"prepare":               {"PREPARE p AS SELECT 1"},
	"role":                  {"RESET ROLE", "SET SESSION ROLE {{app}}"},
	"setting in a function": {"SELECT app.careless()"},
	"unlocked":              {"SELECT pg_advisory_lock(1)", "SELECT pg_advisory_unlock(1)"},
	"nothing":               {"SELECT 1"},
}

// TestPoolerResidue: what a careless transaction of a session leaves behind ends in the flush that ends the transaction:
// a client that waits for the one connection of the server never sees it.
func TestPoolerResidue(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema+`
		CREATE FUNCTION app.careless() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN set_config('search_path', 'app', false); END $$;
		GRANT EXECUTE ON FUNCTION app.careless() TO {{app}};`)
	w.sql(t, "GRANT TEMPORARY ON DATABASE "+w.db.Name()+" TO {{app}}")
	for _, m := range w.bouncer(t, "transaction", 1).modes() {
		t.Run(m.String(), func(t *testing.T) {
			t.Parallel()
			b := w.bouncer(t, "transaction", 1)
			for name, spoil := range spoils {
				t.Run(name, func(t *testing.T) { b.spoil(t, m, spoil, name == "nothing" || name == "unlocked") }) // one at a time
			}
		})
	}
}

// spoil runs careless transactions on the one connection of the server, while other clients look at it.
func (b *bouncer) spoil(t *testing.T, m pgx.QueryExecMode, spoil []string, keeps bool) {
	s := b.session(t, b.pool(t, m, 1, nil))
	ctx, cancel := context.WithCancel(t.Context())
	var others sync.WaitGroup
	for range 2 {
		conn := b.stranger(t)
		others.Go(func() {
			for ctx.Err() == nil {
				var got string
				if err := conn.QueryRow(t.Context(), trace).Scan(&got); err != nil || got != untouched {
					t.Errorf("another client sees %q: %v", got, err)
					return
				}
			}
		})
	}
	before := one(t, b.stranger(t), "SELECT pg_backend_pid()")
	for range 2 { // the first time a connection is new to the session
		for _, end := range []error{nil, errStop} {
			err := s.Run(t.Context(), pgsession.User("boss"), func(tx pgx.Tx) error {
				for _, sql := range spoil {
					if _, err := tx.Exec(t.Context(), b.w.text(sql)); err != nil {
						return fmt.Errorf("%s: %w", sql, err)
					}
				}
				return end
			})
			if !errors.Is(err, end) {
				t.Error(pgsession.Explain(err))
			}
		}
		if _, err := s.Exec(t.Context(), pgsession.User("boss"), b.w.text(spoil[len(spoil)-1])); err != nil {
			t.Error(pgsession.Explain(err))
		}
	}
	cancel()
	others.Wait()
	if after := one(t, b.stranger(t), "SELECT pg_backend_pid()"); keeps != (before == after) {
		t.Errorf("backend before %s, after %s", before, after)
	}
	b.nobody(t, 1)
}

// TestPoolerStrangers: what a client leaves behind that is no session is not a session's to prevent. A session ends such
// a connection with the first transaction that meets it.
func TestPoolerStrangers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	b := w.bouncer(t, "transaction", 1)
	for _, m := range b.modes() {
		for _, met := range []string{"before", "after"} {
			t.Run(m.String()+"/"+met, func(t *testing.T) { // not parallel: there is one connection
				s := b.session(t, b.pool(t, m, 1, nil))
				run := func() {
					t.Helper()
					if err := s.Run(t.Context(), pgsession.User("boss"), func(tx pgx.Tx) error {
						got, err := read(t.Context(), tx)
						if err == nil && got != bossNotes {
							err = &wrongRows{"boss", got, bossNotes}
						}
						return err
					}); err != nil {
						t.Error(pgsession.Explain(err))
					}
				}
				if met == "after" {
					run()
				}
				stranger := b.stranger(t)
				must(t, stranger, "SET work_mem = '1MB'; SET search_path = app; SELECT pg_advisory_lock(7)")
				run()
				b.nobody(t, 1)
				pid := one(t, stranger, "SELECT pg_backend_pid()")
				for range 3 {
					run()
				}
				if got := one(t, stranger, "SELECT pg_backend_pid()"); got != pid {
					t.Error("a session ends connections that nobody has spoiled")
				}
			})
		}
	}
}

// TestPoolerFlushes: saying who asks costs no round trip behind a pooler either.
func TestPoolerFlushes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	for _, mode := range []string{"transaction", "session"} {
		b := w.bouncer(t, mode, 2)
		for _, m := range b.modes() {
			if m == pgx.QueryExecModeSimpleProtocol || m == pgx.QueryExecModeDescribeExec {
				continue // they take more flushes, as they do without a pooler
			}
			t.Run(mode+"/"+m.String(), func(t *testing.T) {
				var writes atomic.Int64
				pool := b.pool(t, m, 1, func(c *pgxpool.Config) {
					dial := c.ConnConfig.DialFunc
					c.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
						conn, err := dial(ctx, network, addr)
						return countedConn{conn, &writes}, err
					}
				})
				defer pool.Close() // in session mode it keeps the server
				s := b.session(t, pool)
				single := func() error {
					return s.QueryRow(t.Context(), pgsession.User("sub"), notes).Scan(new(string))
				}
				run := func() error {
					return s.Run(t.Context(), pgsession.User("sub"), func(tx pgx.Tx) error { _, err := read(t.Context(), tx); return err })
				}
				for name, c := range map[string]struct {
					fn   func() error
					want int64
				}{"one statement": {single, 1}, "Run": {run, 2}} {
					for range 2 {
						if err := c.fn(); err != nil {
							t.Fatal(pgsession.Explain(err))
						}
					}
					before := writes.Load()
					if err := c.fn(); err != nil {
						t.Fatal(pgsession.Explain(err))
					}
					if got := writes.Load() - before; got != c.want {
						t.Errorf("%s: %d writes, want %d", name, got, c.want)
					}
				}
			})
		}
	}
}

type countedConn struct {
	net.Conn
	writes *atomic.Int64
}

func (c countedConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

// TestPoolerForgetsStatements: a pooler that does not track prepared statements makes pgx's default mode fail, and the
// error says what to do.
func TestPoolerForgetsStatements(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	g := w.gateway(t)
	b := &bouncer{w.db.Pooler(t, map[string]string{"pool_mode": "transaction", "default_pool_size": "2"}, g.login), w, g}
	s := b.session(t, b.pool(t, pgx.QueryExecModeCacheStatement, 1, nil))
	run := func() error {
		return s.Run(t.Context(), pgsession.User("boss"), func(tx pgx.Tx) error { _, err := read(t.Context(), tx); return err })
	}
	err := run()
	conn := b.stranger(t)
	for range 2 { // whatever server's connection the session had, it gets the other
		if err == nil {
			must(t, conn, "BEGIN")
			_ = one(t, conn, "SELECT 1")
			err = run()
			must(t, conn, "COMMIT")
			conn = b.stranger(t)
		}
	}
	if b.Prepares() && err == nil {
		return // newer versions track 200 statements unless told otherwise
	}
	if code := sqlstate(err); code != "26000" && code != "42P05" || !strings.Contains(pgsession.Explain(err), "docs/pooler.md") {
		t.Error(pgsession.Explain(err))
	}
}
