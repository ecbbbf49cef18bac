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
	"github.com/pressly/goose/v3/database"

	"github.com/rlsctl/rlsctl/migrations"
	"github.com/rlsctl/rlsctl/policies/apply"
)

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
	if err := trusted(ctx, tx); err != nil {
		return err
	}
	if err := wait(ctx, tx, keep); err != nil {
		return fmt.Errorf("wait for other migrations: %w", err)
	}
	if err := trusted(ctx, tx); err != nil { // the one that was waited for
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

// wait makes migrations of a database wait for each other: by the version table, which is made where it is missing. Clients
// can hold ROW EXCLUSIVE at most on a table that is not theirs. Who only reads waits for nobody.
func wait(ctx context.Context, tx pgx.Tx, writes bool) error {
	store, err := database.NewStore(database.DialectPostgres, migrations.QualifiedTable)
	if err != nil {
		return err
	}
	for {
		var there bool
		if err := tx.QueryRow(ctx, "SELECT pg_catalog.count(*) > 0 FROM pg_catalog.pg_class AS c WHERE c.relname = $1 AND c.relnamespace = "+
			"(SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = 'public')", migrations.Table).Scan(&there); err != nil {
			return err
		}
		if there {
			if !writes {
				return nil
			}
			return apply.LockTable(ctx, tx, migrations.QualifiedTable)
		}
		err := pgx.BeginFunc(ctx, tx, func(nested pgx.Tx) error {
			db := sql.OpenDB(connector{nested})
			return errors.Join(store.CreateVersionTable(ctx, db), store.Insert(ctx, db, database.InsertRequest{}), db.Close())
		})
		var pg *pgconn.PgError
		switch {
		case err == nil:
			return nil
		case !errors.As(err, &pg):
			return err
		case pg.Code == "3F000":
			return &pgconn.PgError{Severity: "ERROR", Code: "RL430", Message: "schema public, in which the version table lies, does not exist",
				Hint: "Run CREATE SCHEMA public; nobody but who runs migrations needs a privilege on it."}
		case pg.Code == "42501":
			return &pgconn.PgError{Severity: "ERROR", Code: "RL430", Message: "this login may not create the version table in schema public",
				Hint: "Run GRANT CREATE ON SCHEMA public TO this login, or connect as the owner of the database."}
		case pg.Code != "23505" && pg.Code != "42P07": // else another migration has made it meanwhile
			return unwrapServer(err)
		}
	}
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
