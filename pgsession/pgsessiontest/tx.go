package pgsessiontest

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/pgsession"
)

// Tx acts for one principal in the transaction of a test. It is a pgx.Tx, for code that takes one: Commit checks deferred
// constraints and ends it, and keeps nothing beyond the test; Rollback goes back to where it began, for all principals.
// As in any transaction, nothing works after a statement that failed, until Rollback. The assertions (Sees, Writes,
// Filtered, Rejected) have savepoints of their own, and go on.
type Tx struct {
	db        *DB
	inner     pgx.Tx          // its savepoint
	part      *pgsession.Part // one for each start, shared by the savepoints in it
	ofSession bool
	nested    bool // a savepoint of the code under test
	done      bool
}

var _ pgx.Tx = (*Tx)(nil)

// DB is the transaction that x is part of.
func (x *Tx) DB() *DB { return x.db }

// Principal is whom x acts for.
func (x *Tx) Principal() pgsession.Principal { return x.part.Claims.Principal }

// use makes x's principal the current one.
func (x *Tx) use(ctx context.Context) error {
	if x.done {
		return pgx.ErrTxClosed
	}
	if err := x.db.alive(); err != nil {
		return err
	}
	return x.db.enter(ctx, x.part)
}

// Begin implements pgx.Tx: a savepoint.
func (x *Tx) Begin(ctx context.Context) (pgx.Tx, error) {
	if err := x.use(ctx); err != nil {
		return nil, err
	}
	inner, err := x.inner.Begin(ctx)
	if err != nil {
		return nil, err
	}
	return &Tx{db: x.db, inner: inner, part: x.part, nested: true}, nil
}

// Commit implements pgx.Tx. Deferred constraints are checked, and nothing is kept beyond the test.
func (x *Tx) Commit(ctx context.Context) error {
	if x.done {
		return pgx.ErrTxClosed
	}
	x.done = true
	defer x.end()
	if err := x.db.alive(); err != nil {
		return err
	}
	if x.nested {
		return x.inner.Commit(ctx)
	}
	err := ctx.Err()
	if err == nil && x.db.conn.PgConn().TxStatus() == 'E' {
		err = pgx.ErrTxCommitRollback
	}
	if err == nil {
		err = x.checkDeferred(ctx)
	}
	if err != nil {
		_ = x.back(context.WithoutCancel(ctx)) // there is an error to return
		return err
	}
	if x.ofSession {
		return x.inner.Commit(ctx)
	}
	return nil // released, it would take the savepoints of other principals along
}

// Rollback implements pgx.Tx.
func (x *Tx) Rollback(ctx context.Context) error {
	if x.done {
		return pgx.ErrTxClosed
	}
	x.done = true
	defer x.end()
	if err := x.db.alive(); err != nil {
		return err
	}
	return x.back(ctx)
}

// back goes back to the savepoint. Who had entered by then is not known.
func (x *Tx) back(ctx context.Context) error {
	x.db.forget()
	ctx, cancel := context.WithTimeout(ctx, finishTimeout)
	defer cancel()
	return x.inner.Rollback(ctx)
}

// end gives the turn of the session back.
func (x *Tx) end() {
	if x.ofSession {
		<-x.db.turn
	}
}

// checkDeferred does what COMMIT does to deferred constraints and triggers, and makes them wait again.
func (x *Tx) checkDeferred(ctx context.Context) error {
	if err := x.db.script(ctx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
		return err
	}
	// SET CONSTRAINTS refuses a name that one constraint of the schema has that cannot be deferred.
	var deferred string
	if err := x.db.conn.QueryRow(ctx, `SELECT coalesce(string_agg(DISTINCT format('%I.%I', n.nspname, c.conname), ', '), '')
		FROM pg_catalog.pg_constraint AS c
		JOIN pg_catalog.pg_namespace AS n ON n.oid = c.connamespace
		WHERE c.condeferred AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint AS o
			WHERE o.connamespace = c.connamespace AND o.conname = c.conname AND NOT o.condeferrable)`, pgx.QueryExecModeExec).Scan(&deferred); err != nil {
		return err
	}
	if deferred == "" {
		return nil
	}
	return x.db.script(ctx, "SET CONSTRAINTS "+deferred+" DEFERRED")
}

// Exec implements pgx.Tx.
func (x *Tx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if err := x.use(ctx); err != nil {
		return pgconn.CommandTag{}, err
	}
	return x.inner.Exec(ctx, sql, args...)
}

// Query implements pgx.Tx.
func (x *Tx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if err := x.use(ctx); err != nil {
		rows, _ := pgx.FailedBatchResults(&pgx.Batch{}, err).Query()
		return rows, err
	}
	return x.inner.Query(ctx, sql, args...)
}

// QueryRow implements pgx.Tx.
func (x *Tx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if err := x.use(ctx); err != nil {
		return pgx.FailedBatchResults(&pgx.Batch{}, err).QueryRow()
	}
	return x.inner.QueryRow(ctx, sql, args...)
}

// SendBatch implements pgx.Tx.
func (x *Tx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	if err := x.use(ctx); err != nil {
		return pgx.FailedBatchResults(b, err)
	}
	return x.inner.SendBatch(ctx, b)
}

// Prepare implements pgx.Tx.
func (x *Tx) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	if err := x.use(ctx); err != nil {
		return nil, err
	}
	return x.inner.Prepare(ctx, name, sql)
}

// CopyFrom implements pgx.Tx. PostgreSQL refuses COPY into a table with row-level security.
func (x *Tx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error) {
	if err := x.use(ctx); err != nil {
		return 0, err
	}
	return x.inner.CopyFrom(ctx, table, columns, src)
}

// LargeObjects implements pgx.Tx.
func (x *Tx) LargeObjects() pgx.LargeObjects {
	_ = x.use(x.db.t.Context()) // its methods meet the same error
	return x.inner.LargeObjects()
}

// Conn implements pgx.Tx: the connection, with x's principal on it until another one takes its turn.
func (x *Tx) Conn() *pgx.Conn {
	_ = x.use(x.db.t.Context()) // statements meet the same error
	return x.db.conn
}
