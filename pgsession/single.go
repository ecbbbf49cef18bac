package pgsession

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Exec runs one statement in a transaction of its own that acts for p, in one flush: BEGIN, the token, the statement,
// COMMIT. Leading arguments of type TxOption apply to the transaction; pgx's own leading arguments keep working, and
// QueryExecMode and result formats cost a flush more. Errors are those of Run.
func (s *Session) Exec(ctx context.Context, p Principal, sql string, args ...any) (tag pgconn.CommandTag, err error) {
	if s.c.join != nil {
		return s.execJoined(ctx, p, sql, args)
	}
	t, args, err := s.single(ctx, p, args)
	if err != nil {
		return tag, err
	}
	together, err := t.together(ctx, sql, args)
	if err != nil {
		return tag, err
	}
	if !together {
		err = t.run(ctx, func(tx pgx.Tx) error {
			var err error
			tag, err = tx.Exec(ctx, sql, args...)
			return err
		})
		return tag, err
	}
	br, err := t.startSingle(ctx, sql, args)
	if err != nil {
		return tag, err
	}
	tag, err = br.Exec()
	return tag, t.settle(ctx, br, err)
}

// Query is Exec for a statement that returns rows. The connection is free again when they are read to the end or closed,
// so close them always. The transaction is committed even if they are closed early; Err has the error of COMMIT too.
func (s *Session) Query(ctx context.Context, p Principal, sql string, args ...any) (pgx.Rows, error) {
	if s.c.join != nil {
		return s.queryJoined(ctx, p, sql, args)
	}
	t, args, err := s.single(ctx, p, args)
	if err != nil {
		return failedRows(err), err
	}
	together, err := t.together(ctx, sql, args)
	if err != nil {
		return failedRows(err), err
	}
	if !together {
		r, err := t.Query(ctx, sql, args...)
		out := &rows{Rows: r, after: func(err error) error {
			if endErr := t.finish(ctx, err == nil); err == nil {
				err = endErr
			}
			return err
		}}
		if err != nil {
			out.Close()
		}
		return out, err
	}
	br, err := t.startSingle(ctx, sql, args)
	if err != nil {
		return failedRows(err), err
	}
	r, err := br.Query()
	out := &rows{Rows: r, after: func(err error) error { return t.settle(ctx, br, err) }}
	if err != nil {
		out.Close()
	}
	return out, known(unbatched(err))
}

// QueryRow is Query for the first row. Errors, that of COMMIT included, come from Scan, which has to be called.
func (s *Session) QueryRow(ctx context.Context, p Principal, sql string, args ...any) pgx.Row {
	r, _ := s.Query(ctx, p, sql, args...)
	return row{r}
}

// single makes the transaction of one statement, and takes its options off the arguments.
func (s *Session) single(ctx context.Context, p Principal, args []any) (*tx, []any, error) {
	opts, args := splitOptions(args)
	t, err := s.newTx(ctx, p, opts)
	return t, args, err
}

// splitOptions takes leading options of the transaction off the arguments of a statement.
func splitOptions(args []any) ([]TxOption, []any) {
	var opts []TxOption
	for len(args) > 0 {
		opt, ok := args[0].(TxOption)
		if !ok {
			break
		}
		opts, args = append(opts, opt), args[1:]
	}
	return opts, args
}

// together reports whether all of the transaction fits into one batch.
func (t *tx) together(ctx context.Context, sql string, args []any) (bool, error) {
	if err := t.acquire(ctx); err != nil {
		t.state = closed
		return false, err
	}
	t.watch = max(t.watch, t.st.judge(sql, args))
	return t.st.mode != pgx.QueryExecModeSimpleProtocol && travels(sql, args), nil
}

func (t *tx) startSingle(ctx context.Context, sql string, args []any) (pgx.BatchResults, error) {
	br, err := t.start(ctx, func(b *pgx.Batch) {
		b.Queue(sql, args...)
		t.queueEnd(b)
	})
	if err != nil {
		_ = t.finish(ctx, false)
	}
	return br, err
}
