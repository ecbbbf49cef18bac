package pgsessiontest

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
)

// What the code under test may meet here and not in production.
var (
	// ErrBusy is a transaction of the session while another one is open: a Run inside of a Run, or rows that were not closed.
	ErrBusy = errors.New("another transaction of this test's session is open")
	// ErrNeedsToken is a tenant or an attribute, which only a token can claim.
	ErrNeedsToken = errors.New("rls.impersonate claims neither a tenant nor attributes; give the test a gateway's pool and pgsessiontest.Keys")
)

// Timeouts of what has to end even if a test has gone wrong.
const (
	connectTimeout = 30 * time.Second
	acquireTimeout = time.Second
	busyTimeout    = 10 * time.Second
	finishTimeout  = 10 * time.Second
)

// Option changes how principals enter.
type Option func(*options)

type options struct {
	keys       pgsession.KeySource
	clientRole string
	busy       time.Duration
}

// Keys says that the pool is a gateway's, and where its key is: principals enter with tokens. Take pgsession.EnvKeys or
// pgsession.FileKeys. Seed of a DB needs a maintenance login and fails then.
func Keys(keys pgsession.KeySource) Option { return func(o *options) { o.keys = keys } }

// ClientRole names the client role whose table privileges apply; by default the first of the model. Not with Keys: there
// the gateway has its own.
func ClientRole(name string) Option { return func(o *options) { o.clientRole = name } }

// DB is one transaction on a connection of its own, in which one principal after the other acts, and which is rolled back
// at the end of the test. Its session may be used by several goroutines, which then take turns; the rest may not.
type DB struct {
	t       testing.TB
	o       options
	release func()
	conn    *pgx.Conn
	root    pgx.Tx
	session *pgsession.Session
	turn    chan struct{} // holds one while a transaction of the session is open

	mu      sync.Mutex
	current *pgsession.Part // who has entered; nil: nobody, or unknown
	over    bool
}

// As begins a transaction on pool that acts for p, and that is rolled back at the end of the test. It is New and DB.As.
func As(t testing.TB, pool *pgxpool.Pool, p pgsession.Principal, opts ...Option) *Tx {
	t.Helper()
	return New(t, pool, opts...).As(p)
}

// New begins the transaction of a test on a connection of pool, and rolls it back at the end of the test.
func New(t testing.TB, pool *pgxpool.Pool, opts ...Option) *DB {
	t.Helper()
	db := &DB{t: t, o: options{busy: busyTimeout}, turn: make(chan struct{}, 1)}
	for _, opt := range opts {
		opt(&db.o)
	}
	db.session = pgsession.Join(db.join)
	ctx, cancel := context.WithTimeout(t.Context(), connectTimeout)
	defer cancel()
	if err := db.connect(ctx, pool); err != nil {
		t.Fatalf("pgsessiontest: connect: %s", pgsession.Explain(err))
	}
	t.Cleanup(db.finish)
	if err := db.begin(ctx); err != nil {
		var pg *pgconn.PgError
		if errors.As(err, &pg) && pg.Code == "42501" && strings.Contains(pg.Message, "temporary") {
			t.Fatalf("pgsessiontest: begin: %v\n  hint: GRANT TEMPORARY ON DATABASE ... TO %s; a temporary table is what keeps this test from committing", err, db.conn.Config().User)
		}
		t.Fatalf("pgsessiontest: begin: %s", pgsession.Explain(err))
	}
	return db
}

// connect takes a connection of the pool, or makes one like it where none is free: a test may be many principals at once,
// and many tests run in parallel, but each of them holds its connection to its end.
func (db *DB) connect(ctx context.Context, pool *pgxpool.Pool) error {
	if stat := pool.Stat(); stat.AcquiredConns() < stat.MaxConns() {
		short, cancel := context.WithTimeout(ctx, acquireTimeout)
		pc, err := pool.Acquire(short)
		cancel()
		if err == nil {
			db.conn, db.release = pc.Conn(), pc.Release
			return nil
		}
		if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
			return err
		}
	}
	config := pool.Config()
	if config.BeforeConnect != nil {
		if err := config.BeforeConnect(ctx, config.ConnConfig); err != nil {
			return err
		}
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return err
	}
	if config.AfterConnect != nil {
		if err := config.AfterConnect(ctx, conn); err != nil {
			_ = conn.Close(ctx)
			return err
		}
	}
	db.conn, db.release = conn, func() { _ = conn.Close(context.Background()) }
	return nil
}

// A COMMIT fails on the server while these two tables disagree about it, whoever sends it and however.
// Source: PostgreSQL, heap_truncate_check_FKs in catalog/heap.c.
const guardSQL = `CREATE TEMPORARY TABLE rls_test_no_commit (id integer PRIMARY KEY) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE rls_test_no_commit_ref (id integer REFERENCES pg_temp.rls_test_no_commit);
SELECT CASE WHEN current_setting('lock_timeout') = '0' THEN set_config('lock_timeout', '10s', true) END;
SAVEPOINT rls_test_begin`

func (db *DB) begin(ctx context.Context) error {
	// What comes after a transaction that the code under test has ended must not write.
	if _, err := db.conn.Exec(ctx, "SET default_transaction_read_only = on"); err != nil {
		return err
	}
	var err error
	if db.root, err = db.conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadWrite}); err != nil {
		return err
	}
	return db.script(ctx, guardSQL)
}

// script runs several statements in one flush.
func (db *DB) script(ctx context.Context, sql string) error {
	return db.conn.PgConn().Exec(ctx, sql).Close()
}

// finish rolls back and gives the connection back as it was, or closes it.
func (db *DB) finish() {
	db.mu.Lock()
	db.over = true
	db.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), finishTimeout)
	defer cancel()
	clean, ended := db.reset(ctx)
	if !clean {
		_ = db.conn.Close(ctx) // the server rolls back what a closed connection leaves
	}
	db.release()
	if ended {
		db.t.Errorf("pgsessiontest: the code under test ended the transaction with a statement of its own, such as COMMIT or ROLLBACK; nothing was kept")
	}
}

// reset puts back what a transaction does not take along, and reports whether the connection is as it was, and whether the
// code under test has ended the transaction.
func (db *DB) reset(ctx context.Context) (clean, ended bool) {
	if db.conn.IsClosed() {
		return false, false
	}
	if db.root != nil {
		// It may have begun another one.
		err := db.script(ctx, "ROLLBACK TO SAVEPOINT rls_test_begin")
		var pg *pgconn.PgError
		if errors.As(err, &pg) && (pg.Code == "3B001" || pg.Code == "25P01") { // no such savepoint, no transaction
			return false, true
		}
		if err != nil || db.script(ctx, "ROLLBACK") != nil {
			return false, false
		}
	}
	var left bool
	err := db.conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_catalog.pg_prepared_statements AS s WHERE s.from_sql)
		FROM pg_catalog.pg_advisory_unlock_all()`, pgx.QueryExecModeExec).Scan(&left)
	if err != nil || left {
		return false, false
	}
	return db.script(ctx, "RESET default_transaction_read_only") == nil, false
}

// alive is nil while the transaction can be used.
func (db *DB) alive() error {
	db.mu.Lock()
	over := db.over
	db.mu.Unlock()
	switch {
	case over:
		return fmt.Errorf("the test is over: %w", pgx.ErrTxClosed)
	case !db.conn.IsClosed() && db.conn.PgConn().TxStatus() == 'I':
		return pgsession.ErrEnded
	}
	return nil
}

// Session is a session for the code under test: its transactions are savepoints of this one. Each is for its own
// principal, commits as far as the next one sees it, and ends before the next one begins. A second one waits ten seconds
// and is refused with ErrBusy.
func (db *DB) Session() *pgsession.Session { return db.session }

// As acts for p in this transaction. Several principals can take turns, statement by statement, and see what the others
// have written. Of the options ReadOnly and Isolation are for sessions alone and are ignored.
func (db *DB) As(p pgsession.Principal, opts ...pgsession.TxOption) *Tx {
	db.t.Helper()
	part, err := pgsession.NewPart(p, opts...)
	if err != nil {
		db.t.Fatalf("pgsessiontest: act for %s: %v", p, err)
	}
	part.ReadOnly = false
	x, err := db.start(db.t.Context(), part, false)
	if err != nil {
		db.t.Fatalf("pgsessiontest: %s", pgsession.Explain(err))
	}
	return x
}

// Seed writes as the maintenance login, in this transaction. Without arguments sql may hold several statements.
func (db *DB) Seed(sql string, args ...any) {
	db.t.Helper()
	err := db.asMaintenance(db.t.Context(), func(ctx context.Context) error { return exec(ctx, db.conn, sql, args) })
	if err != nil {
		db.t.Fatalf("pgsessiontest: seed: %s", pgsession.Explain(err))
	}
}

// asMaintenance calls fn as the login itself, who is nobody to the policies.
func (db *DB) asMaintenance(ctx context.Context, fn func(context.Context) error) error {
	if db.o.keys != nil {
		return errors.New("the pool is a gateway's: seed with pgsessiontest.Seed and a maintenance pool")
	}
	if err := db.alive(); err != nil {
		return err
	}
	if err := db.leave(ctx); err != nil {
		return err
	}
	return fn(ctx)
}

// leave makes nobody the principal.
func (db *DB) leave(ctx context.Context) error {
	db.mu.Lock()
	db.current = nil
	db.mu.Unlock()
	return db.script(ctx, "SET LOCAL ROLE NONE; SET LOCAL rls.context = ''")
}

// enter makes the principal of part the one of the transaction, if it is not already.
func (db *DB) enter(ctx context.Context, part *pgsession.Part) error {
	db.mu.Lock()
	same := db.current == part
	db.mu.Unlock()
	if same {
		return nil
	}
	if err := db.leave(ctx); err != nil {
		return err
	}
	if err := db.present(ctx, part.Claims); err != nil {
		return pgsession.EnterError(part.Claims.Principal, err)
	}
	db.mu.Lock()
	db.current = part
	db.mu.Unlock()
	return nil
}

// present says who asks, with a token or as a maintenance login.
func (db *DB) present(ctx context.Context, claims pgsession.Claims) error {
	if db.o.keys != nil {
		key, err := db.o.keys.Key(ctx)
		if err != nil {
			return err
		}
		claims.Expires = time.Now().Add(pgsession.DefaultTTL)
		token, err := pgsession.Mint(key, claims)
		if err != nil {
			return err
		}
		_, err = db.conn.Exec(ctx, "SELECT rls.enter($1)", pgx.QueryExecModeExec, token)
		return err
	}
	if claims.Tenant != "" || len(claims.Attributes) > 0 {
		return ErrNeedsToken
	}
	name := claims.Principal.String()
	if key, ok := strings.CutPrefix(name, "user:"); ok {
		name = "key:" + key
	}
	var role *string
	if db.o.clientRole != "" {
		role = &db.o.clientRole
	}
	_, err := db.conn.Exec(ctx, "SELECT rls.impersonate($1, $2)", pgx.QueryExecModeExec, name, role)
	return err
}

// start begins a part of the transaction for a principal. One of the session gives its turn back as it ends.
func (db *DB) start(ctx context.Context, part pgsession.Part, ofSession bool) (*Tx, error) {
	if err := db.alive(); err != nil {
		return nil, err
	}
	if db.conn.PgConn().TxStatus() == 'E' {
		return nil, errors.New("a statement has failed outside of the assertions and of the session: call Rollback of the Tx that it failed on")
	}
	inner, err := db.root.Begin(ctx)
	if err != nil {
		return nil, err
	}
	x := &Tx{db: db, inner: pgsession.Wrap(inner), part: &part, ofSession: ofSession}
	if err = db.enter(ctx, x.part); err == nil && part.ReadOnly {
		err = db.script(ctx, "SET LOCAL transaction_read_only = on")
	}
	if err != nil {
		_ = inner.Rollback(ctx)
		db.forget()
		return nil, err
	}
	return x, nil
}

// forget says that it is unknown who has entered: a savepoint was rolled back.
func (db *DB) forget() {
	db.mu.Lock()
	db.current = nil
	db.mu.Unlock()
}

// join is the session's way to begin a transaction.
func (db *DB) join(ctx context.Context, part pgsession.Part) (pgx.Tx, error) {
	wait := time.NewTimer(db.o.busy)
	defer wait.Stop()
	select {
	case db.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-wait.C:
		return nil, fmt.Errorf("%w: a Run inside of a Run, or rows that were not closed", ErrBusy)
	}
	x, err := db.start(ctx, part, true)
	if err != nil {
		<-db.turn
		return nil, err
	}
	return x, nil
}

// Seed writes as the login of pool, a maintenance login or a database superuser, and commits: for what many tests read. It
// stays in the database; statements in undo run at the end of the test. Without arguments each may hold several.
func Seed(t testing.TB, pool *pgxpool.Pool, sql string, undo ...string) {
	t.Helper()
	if err := exec(t.Context(), pool, sql, nil); err != nil {
		t.Fatalf("pgsessiontest: seed: %s", pgsession.Explain(err))
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), finishTimeout)
		defer cancel()
		for _, sql := range undo {
			if err := exec(ctx, pool, sql, nil); err != nil {
				t.Errorf("pgsessiontest: undo a seed: %s", pgsession.Explain(err))
			}
		}
	})
}

// exec runs a statement, or several where there are no arguments.
func exec(ctx context.Context, q interface {
	Exec(context.Context, string, ...any) (pgconn.CommandTag, error)
}, sql string, args []any) error {
	if len(args) == 0 {
		args = []any{pgx.QueryExecModeSimpleProtocol}
	}
	_, err := q.Exec(ctx, sql, args...)
	return err
}
