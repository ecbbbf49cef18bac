package pgsession

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// JoinFunc starts a part of a transaction that is somebody else's, for the principal of the claims. Commit and Rollback of
// what it returns end the part, not the transaction.
type JoinFunc func(ctx context.Context, part Part) (pgx.Tx, error)

// Part is what a session asks for where it would begin a transaction.
type Part struct {
	Claims     Claims // without Expires
	Isolation  pgx.TxIsoLevel
	ReadOnly   bool
	Deferrable bool
}

// Join returns a session without a pool, whose transactions are parts that begin starts. It is for tests of code that
// takes a *Session: see package pgsessiontest. Whether the principal has entered is up to begin, and nothing is known of
// flushes and residue. Principals, options and errors are those of any session.
func Join(begin JoinFunc) *Session { return &Session{c: &core{join: begin, ttl: DefaultTTL}} }

// NewPart is what a session asks a JoinFunc for, for p and these options. Errors are those of Run before it begins.
func NewPart(p Principal, opts ...TxOption) (Part, error) {
	if err := p.check(); err != nil {
		return Part{}, err
	}
	o := (&Session{}).options(p, opts)
	if _, err := o.beginSQL(); err != nil {
		return Part{}, err
	}
	return Part{Claims: o.claims, Isolation: o.isolation, ReadOnly: o.readOnly, Deferrable: o.deferred}, nil
}

// EnterError gives an error that rls.enter or rls.impersonate met the form that Run gives it: the sentinel of its code,
// detail and hint for Explain. For those who write a JoinFunc, with any driver whose errors have the method SQLState.
func EnterError(p Principal, err error) error { return enterError("enter "+p.String(), err) }

// Wrap gives the errors of a transaction the form that those of Run have. What a JoinFunc returns gets it anyway.
func Wrap(tx pgx.Tx) pgx.Tx { return &joined{Tx: tx} }

// part starts a part as newTx makes a transaction.
func (s *Session) part(ctx context.Context, p Principal, opts []TxOption) (pgx.Tx, error) {
	part, err := NewPart(p, append(slices.Clip(s.opts), opts...)...)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	tx, err := s.c.join(ctx, part)
	if err != nil {
		return nil, err
	}
	return Wrap(tx), nil
}

func (s *Session) runJoined(ctx context.Context, p Principal, fn func(pgx.Tx) error, opts []TxOption) error {
	tx, err := s.part(ctx, p, opts)
	if err != nil {
		return err
	}
	ended := false
	defer func() {
		if !ended { // fn panicked, or ended its goroutine
			_ = tx.Rollback(context.WithoutCancel(ctx))
		}
	}()
	err = fn(tx)
	ended = true
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = tx.Rollback(context.WithoutCancel(ctx)) // there is an error to return
		return err
	}
	return tx.Commit(ctx)
}

func (s *Session) execJoined(ctx context.Context, p Principal, sql string, args []any) (tag pgconn.CommandTag, err error) {
	opts, args := splitOptions(args)
	err = s.runJoined(ctx, p, func(tx pgx.Tx) error {
		tag, err = tx.Exec(ctx, sql, args...)
		return err
	}, opts)
	return tag, err
}

func (s *Session) queryJoined(ctx context.Context, p Principal, sql string, args []any) (pgx.Rows, error) {
	opts, args := splitOptions(args)
	tx, err := s.part(ctx, p, opts)
	if err != nil {
		return failedRows(err), err
	}
	r, err := tx.Query(ctx, sql, args...)
	out := &rows{Rows: r, after: func(err error) error {
		if err != nil {
			_ = tx.Rollback(context.WithoutCancel(ctx)) // there is an error to return
			return err
		}
		return tx.Commit(ctx)
	}}
	if err != nil {
		out.Close()
	}
	return out, err
}

// joined gives the errors of a part their sentinels, as tx does.
type joined struct{ pgx.Tx }

// Begin implements pgx.Tx.
func (j *joined) Begin(ctx context.Context) (pgx.Tx, error) {
	tx, err := j.Tx.Begin(ctx)
	if err != nil {
		return nil, known(err)
	}
	return &joined{Tx: tx}, nil
}

// Commit implements pgx.Tx.
func (j *joined) Commit(ctx context.Context) error { return known(j.Tx.Commit(ctx)) }

// Exec implements pgx.Tx.
func (j *joined) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	tag, err := j.Tx.Exec(ctx, sql, args...)
	return tag, known(err)
}

// Query implements pgx.Tx.
func (j *joined) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	r, err := j.Tx.Query(ctx, sql, args...)
	return &rows{Rows: r}, known(err)
}

// QueryRow implements pgx.Tx.
func (j *joined) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	r, _ := j.Query(ctx, sql, args...)
	return row{r}
}

// SendBatch implements pgx.Tx.
func (j *joined) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	return batchResults{j.Tx.SendBatch(ctx, b)}
}

// Prepare implements pgx.Tx.
func (j *joined) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	sd, err := j.Tx.Prepare(ctx, name, sql)
	return sd, known(err)
}

// CopyFrom implements pgx.Tx.
func (j *joined) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error) {
	n, err := j.Tx.CopyFrom(ctx, table, columns, src)
	return n, known(err)
}
