package kernel

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// lockKey is the advisory lock that migrations of a database share: the first 8 bytes of "rlsctl\x00m".
const lockKey int64 = 0x726c7363746c006d

// inTx calls fn with a *sql.DB whose every transaction is a savepoint of one transaction. goose opens one per
// file; this makes all of them one, so that a failed file takes the ones before it back.
func inTx(ctx context.Context, on DB, keep bool, fn func(*sql.DB) error) (err error) {
	tx, err := on.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil || !keep {
			rollback, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_ = tx.Rollback(rollback)
		}
	}()
	// What ordinary users have put into public must not be found in place of PostgreSQL's own, and nobody may keep us
	// waiting for ever.
	if _, err := tx.Exec(ctx, "SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true), pg_catalog.set_config('lock_timeout', '10s', true)"); err != nil {
		return fmt.Errorf("prepare the transaction: %w", err)
	}
	if _, err := tx.Exec(ctx, "SELECT pg_catalog.pg_advisory_xact_lock($1)", lockKey); err != nil {
		return fmt.Errorf("wait for other migrations: %w", err)
	}
	if err := trusted(ctx, tx); err != nil {
		return err
	}
	db := sql.OpenDB(connector{tx})
	db.SetMaxOpenConns(1)
	if err := errors.Join(fn(db), db.Close()); err != nil {
		return err
	}
	if keep {
		return tx.Commit(ctx)
	}
	return nil
}

// trusted refuses a version table that somebody else has put there: its rows would be believed, and its triggers run.
func trusted(ctx context.Context, tx pgx.Tx) error {
	var owner string
	err := tx.QueryRow(ctx, `
		SELECT pg_get_userbyid(c.relowner) FROM pg_class AS c
		JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'public'
		JOIN pg_roles AS r ON r.oid = c.relowner
		WHERE c.relname = 'rls_goose_version' AND (
			NOT (r.rolname = current_user OR r.rolsuper OR c.relowner = (SELECT d.datdba FROM pg_database AS d WHERE d.datname = current_database()))
			OR c.relkind <> 'r' OR c.relhasrules OR c.relrowsecurity
			OR EXISTS (SELECT FROM pg_trigger AS t WHERE t.tgrelid = c.oid))`).Scan(&owner)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at the version table: %w", err)
	}
	return &pgconn.PgError{Severity: "ERROR", Code: "RL414", Message: fmt.Sprintf("table public.rls_goose_version of %q is not the kernel's version table", owner),
		Hint: "Look at it, and drop it."}
}

// unwrapServer drops goose's wrapping where the server itself has spoken: goose repeats the whole file.
func unwrapServer(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg
	}
	return err
}

type connector struct{ tx pgx.Tx }

func (c connector) Connect(context.Context) (driver.Conn, error) { return &conn{tx: c.tx}, nil }
func (c connector) Driver() driver.Driver                        { return nil }

// conn speaks just enough of database/sql/driver for goose, over the innermost open savepoint.
type conn struct{ tx pgx.Tx }

func (c *conn) Close() error { return nil }
func (c *conn) Prepare(string) (driver.Stmt, error) {
	return nil, errors.New("migrations prepare no statements")
}
func (c *conn) Begin() (driver.Tx, error) { return c.BeginTx(context.Background(), driver.TxOptions{}) }

func (c *conn) BeginTx(ctx context.Context, _ driver.TxOptions) (driver.Tx, error) {
	nested, err := c.tx.Begin(ctx)
	if err != nil {
		return nil, err
	}
	t := &savepoint{conn: c, outer: c.tx, nested: nested}
	c.tx = nested
	return t, nil
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	// Files hold several statements, which the extended protocol does not take.
	values := []any{pgx.QueryExecModeSimpleProtocol}
	if len(args) > 0 {
		values = values[:0]
	}
	for _, a := range args {
		values = append(values, a.Value)
	}
	tag, err := c.tx.Exec(ctx, query, values...)
	return driver.RowsAffected(tag.RowsAffected()), err
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	var values []any
	for _, a := range args {
		values = append(values, a.Value)
	}
	result, err := c.tx.Query(ctx, query, values...)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	out := &rows{}
	for _, f := range result.FieldDescriptions() {
		out.columns = append(out.columns, f.Name)
	}
	for result.Next() {
		v, err := result.Values()
		if err != nil {
			return nil, err
		}
		out.values = append(out.values, v)
	}
	return out, result.Err()
}

type savepoint struct {
	conn          *conn
	outer, nested pgx.Tx
}

func (s *savepoint) Commit() error {
	s.conn.tx = s.outer
	return s.nested.Commit(context.Background())
}

func (s *savepoint) Rollback() error {
	s.conn.tx = s.outer
	return s.nested.Rollback(context.Background())
}

// rows are small: versions and booleans.
type rows struct {
	columns []string
	values  [][]any
}

func (r *rows) Columns() []string { return r.columns }
func (r *rows) Close() error      { return nil }
func (r *rows) Next(dest []driver.Value) error {
	if len(r.values) == 0 {
		return io.EOF
	}
	for i, v := range r.values[0] {
		dest[i] = v
		if n, ok := v.(int32); ok {
			dest[i] = int64(n)
		}
	}
	r.values = r.values[1:]
	return nil
}
