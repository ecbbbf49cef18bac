package pgsession

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"
)

type txState uint8

const (
	idle   txState = iota // nothing is sent yet
	open                  // the principal has entered
	broken                // starting has failed, with tx.err
	closed
)

// tx is a transaction that starts with its first statement.
type tx struct {
	c      *core
	opts   txOptions
	ctx    context.Context // of Run, for the methods that have none
	pc     *pgxpool.Conn
	conn   *pgx.Conn
	st     *connState
	state  txState
	err    error
	watch  scrutiny
	points int
	large  pgx.Tx

	custody custody // of queueEnd
	todo    []chore
}

var _ pgx.Tx = (*tx)(nil)

func (s *Session) options(p Principal, opts []TxOption) txOptions {
	o := txOptions{attempts: defaultAttempts}
	for _, opt := range s.opts {
		opt(&o)
	}
	for _, opt := range opts {
		opt(&o)
	}
	o.claims.Principal = p
	return o
}

func (s *Session) newTx(ctx context.Context, p Principal, opts []TxOption) (*tx, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := &tx{c: s.c, ctx: ctx, opts: s.options(p, opts)}
	if s.c.thorough {
		t.watch = deep
	}
	return t, nil
}

// first prepares for a statement, and reports whether it can leave together with BEGIN. If it cannot, the transaction is
// started here.
func (t *tx) first(ctx context.Context, sql string, args []any) (together bool, err error) {
	switch t.state {
	case closed:
		return false, pgx.ErrTxClosed
	case broken:
		return false, fmt.Errorf("the transaction is aborted: %w", t.err)
	case idle:
		if err := t.acquire(ctx); err != nil {
			t.state, t.err = broken, err
			return false, err
		}
	}
	t.watch = max(t.watch, t.st.judge(sql, args))
	if t.state == open {
		return false, nil
	}
	if t.st.mode != pgx.QueryExecModeSimpleProtocol && travels(sql, args) {
		return true, nil
	}
	_, err = t.start(ctx, nil)
	return false, err
}

// ready starts the transaction if that has not happened yet.
func (t *tx) ready(ctx context.Context) error {
	switch t.state {
	case closed:
		return pgx.ErrTxClosed
	case broken:
		return fmt.Errorf("the transaction is aborted: %w", t.err)
	case open:
		return nil
	}
	_, err := t.start(ctx, nil)
	return err
}

// Exec implements pgx.Tx.
func (t *tx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	together, err := t.first(ctx, sql, args)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	if !together {
		tag, err := t.conn.Exec(ctx, sql, args...)
		return tag, known(err)
	}
	br, err := t.start(ctx, func(b *pgx.Batch) { b.Queue(sql, args...) })
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	tag, err := br.Exec()
	if closeErr := br.Close(); err == nil {
		err = closeErr
	}
	return tag, known(unbatched(err))
}

// Query implements pgx.Tx.
func (t *tx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	together, err := t.first(ctx, sql, args)
	if err != nil {
		return failedRows(err), err
	}
	if !together {
		r, err := t.conn.Query(ctx, sql, args...)
		return &rows{Rows: r}, known(err)
	}
	br, err := t.start(ctx, func(b *pgx.Batch) { b.Queue(sql, args...) })
	if err != nil {
		return failedRows(err), err
	}
	r, err := br.Query()
	out := &rows{Rows: r, after: func(err error) error {
		if closeErr := br.Close(); err == nil {
			err = closeErr
		}
		return err
	}}
	if err != nil {
		out.Close()
	}
	return out, known(unbatched(err))
}

// QueryRow implements pgx.Tx.
func (t *tx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	r, _ := t.Query(ctx, sql, args...)
	return row{r}
}

// SendBatch implements pgx.Tx.
func (t *tx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	if pgx.FailedBatchResults(b, pgx.ErrTxClosed).Tx() != nil {
		return pgx.FailedBatchResults(b, errors.New("Batch.BeginTx cannot be used within a transaction"))
	}
	if t.state == closed {
		return pgx.FailedBatchResults(b, pgx.ErrTxClosed)
	}
	if t.state == idle {
		if err := t.acquire(ctx); err != nil {
			t.state, t.err = broken, err
			return pgx.FailedBatchResults(b, err)
		}
	}
	if t.st != nil {
		for _, q := range b.QueuedQueries {
			t.watch = max(t.watch, t.st.judge(q.SQL, q.Arguments))
		}
	}
	if t.state == idle && t.st.mode != pgx.QueryExecModeSimpleProtocol && b.Len() > 0 {
		br, err := t.start(ctx, func(all *pgx.Batch) {
			for _, q := range b.QueuedQueries { // copies, since pgx keeps notes in them and they may be sent again
				all.QueuedQueries = append(all.QueuedQueries, &pgx.QueuedQuery{SQL: q.SQL, Arguments: q.Arguments, Fn: q.Fn})
			}
		})
		if err != nil {
			return pgx.FailedBatchResults(b, err)
		}
		return batchResults{br}
	}
	if err := t.ready(ctx); err != nil {
		return pgx.FailedBatchResults(b, err)
	}
	return batchResults{t.conn.SendBatch(ctx, b)}
}

// Prepare implements pgx.Tx. The statement outlives the transaction, as it does in pgx.
func (t *tx) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	if err := t.ready(ctx); err != nil {
		return nil, err
	}
	if t.st.names == nil {
		t.st.names = map[string]scrutiny{}
	}
	t.st.names[name] = look(sql)
	sd, err := t.conn.Prepare(ctx, name, sql)
	return sd, known(err)
}

// Begin implements pgx.Tx: a savepoint.
func (t *tx) Begin(ctx context.Context) (pgx.Tx, error) {
	t.points++
	name := "rls_" + strconv.Itoa(t.points)
	if _, err := t.Exec(ctx, "savepoint "+name); err != nil {
		return nil, err
	}
	return &savepoint{tx: t, name: name}, nil
}

// Commit implements pgx.Tx.
func (t *tx) Commit(ctx context.Context) error { return t.finish(ctx, true) }

// Rollback implements pgx.Tx.
func (t *tx) Rollback(ctx context.Context) error { return t.finish(ctx, false) }

// LargeObjects implements pgx.Tx. It starts the transaction with the context of Run; if that fails, every method of the
// result returns pgx.ErrTxClosed, and Run the reason.
func (t *tx) LargeObjects() pgx.LargeObjects {
	if t.ready(t.ctx) == nil && t.large == nil {
		// pgx hands them out from a transaction of its own alone, and begins one with any statement.
		large, err := t.conn.BeginTx(t.ctx, pgx.TxOptions{BeginQuery: ";"})
		if err == nil {
			t.large = large
		}
	}
	if t.large == nil || t.state == closed {
		b := &pgx.Batch{}
		b.BeginTx(pgx.TxOptions{})
		return pgx.FailedBatchResults(b, pgx.ErrTxClosed).Tx().LargeObjects()
	}
	return t.large.LargeObjects()
}

// Conn implements pgx.Tx. It starts the transaction first, in a flush of its own and with the context of Run. If that
// fails, it returns a closed connection, whose methods say so, and Run the reason. Statements sent past the transaction are
// not seen, so the connection gets the thorough check.
func (t *tx) Conn() *pgx.Conn {
	if t.ready(t.ctx) != nil {
		return t.closedConn()
	}
	t.watch = max(t.watch, deep)
	return t.conn
}

// closedConn is a connection to nowhere: pgx makes none without a server, so it meets one that greets it and hangs up.
func (t *tx) closedConn() *pgx.Conn {
	client, server := net.Pipe()
	defer client.Close() //nolint:errcheck // it is of no use to anybody
	go func() {
		defer server.Close() //nolint:errcheck // likewise
		b := pgproto3.NewBackend(server, server)
		if _, err := b.ReceiveStartupMessage(); err == nil {
			b.Send(&pgproto3.AuthenticationOk{})
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
			_ = b.Flush()
		}
	}()
	config := t.c.pool.Config().ConnConfig
	config.Fallbacks, config.TLSConfig, config.Tracer = nil, nil, nil
	config.ValidateConnect, config.AfterConnect = nil, nil
	config.LookupFunc = func(context.Context, string) ([]string, error) { return []string{"nowhere"}, nil }
	config.DialFunc = func(context.Context, string, string) (net.Conn, error) { return client, nil }
	conn, err := pgx.ConnectConfig(context.WithoutCancel(t.ctx), config)
	if err != nil {
		panic(fmt.Errorf("make a closed connection: %w", errors.Join(t.err, err))) // nothing of it depends on a server
	}
	_ = conn.Close(context.WithoutCancel(t.ctx))
	return conn
}
