package pgsession

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// savepoint is a nested transaction. Its methods return pgx.ErrTxClosed after Commit or Rollback.
type savepoint struct {
	*tx
	name string
	done bool
}

var _ pgx.Tx = (*savepoint)(nil)

// Commit releases the savepoint.
func (s *savepoint) Commit(ctx context.Context) error { return s.end(ctx, "release savepoint ") }

// Rollback goes back to the savepoint.
func (s *savepoint) Rollback(ctx context.Context) error { return s.end(ctx, "rollback to savepoint ") }

func (s *savepoint) end(ctx context.Context, sql string) error {
	if s.done {
		return pgx.ErrTxClosed
	}
	_, err := s.tx.Exec(ctx, sql+s.name)
	s.done = true
	return err
}

// Begin implements pgx.Tx.
func (s *savepoint) Begin(ctx context.Context) (pgx.Tx, error) {
	if s.done {
		return nil, pgx.ErrTxClosed
	}
	return s.tx.Begin(ctx)
}

// Exec implements pgx.Tx.
func (s *savepoint) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if s.done {
		return pgconn.CommandTag{}, pgx.ErrTxClosed
	}
	return s.tx.Exec(ctx, sql, args...)
}

// Query implements pgx.Tx.
func (s *savepoint) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if s.done {
		return failedRows(pgx.ErrTxClosed), pgx.ErrTxClosed
	}
	return s.tx.Query(ctx, sql, args...)
}

// QueryRow implements pgx.Tx.
func (s *savepoint) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	r, _ := s.Query(ctx, sql, args...)
	return row{r}
}

// SendBatch implements pgx.Tx.
func (s *savepoint) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	if s.done {
		return pgx.FailedBatchResults(b, pgx.ErrTxClosed)
	}
	return s.tx.SendBatch(ctx, b)
}

// Prepare implements pgx.Tx.
func (s *savepoint) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	if s.done {
		return nil, pgx.ErrTxClosed
	}
	return s.tx.Prepare(ctx, name, sql)
}

// CopyFrom implements pgx.Tx.
func (s *savepoint) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error) {
	if s.done {
		return 0, pgx.ErrTxClosed
	}
	return s.tx.CopyFrom(ctx, table, columns, src)
}
