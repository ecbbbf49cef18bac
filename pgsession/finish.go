package pgsession

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// rollbackTimeout bounds a rollback, which has to happen after the caller's context has ended as well.
const rollbackTimeout = 5 * time.Second

// finish ends the transaction, checks the connection and gives it back, or closes it if anything about it is not as it
// was. It is safe in every state of the transaction and of the connection.
func (t *tx) finish(ctx context.Context, commit bool) error {
	if t.state == closed {
		return pgx.ErrTxClosed
	}
	was := t.state
	t.state = closed
	if t.pc == nil {
		if commit {
			return t.err
		}
		return nil
	}
	defer t.release()
	sql, verdict := t.ending(ctx, was, commit)
	if t.conn.IsClosed() || (was == broken && sql == "") {
		return verdict // nothing to end, or nothing was begun
	}
	endCtx := ctx
	if sql != "commit" {
		var cancel context.CancelFunc
		endCtx, cancel = context.WithTimeout(context.WithoutCancel(ctx), rollbackTimeout)
		defer cancel()
	}
	c := end(endCtx, t.conn, sql, t.watch)
	if !c.clean(t.st, t.watch) {
		destroy(t.conn, c)
	}
	if c.err != nil && verdict == nil {
		return known(fmt.Errorf("%s: %w", sql, c.err))
	}
	return verdict
}

// ending decides what is sent to end the transaction, and what the caller is told if that works.
func (t *tx) ending(ctx context.Context, was txState, commit bool) (sql string, verdict error) {
	if commit {
		switch {
		case was == broken:
			verdict = t.err
		case t.conn.IsClosed():
			verdict = fmt.Errorf("commit: the connection is lost: %w", pgx.ErrTxCommitRollback)
		case t.conn.PgConn().TxStatus() == 'I':
			verdict = ErrEnded
		case t.conn.PgConn().TxStatus() == 'E':
			verdict = pgx.ErrTxCommitRollback
		default:
			verdict = ctx.Err()
		}
	}
	switch {
	case t.conn.IsClosed() || t.conn.PgConn().TxStatus() == 'I':
		return "", verdict
	case commit && verdict == nil:
		return "commit", nil
	}
	return "rollback", verdict
}

// release gives the connection back. The pool closes it if it is not idle and outside a transaction.
func (t *tx) release() {
	if t.large != nil {
		// pgx's own transaction must not be used on a connection that is somebody else's: with a context that has ended,
		// Commit closes it and sends nothing.
		ended, cancel := context.WithCancel(context.Background())
		cancel()
		_ = t.large.Commit(ended)
	}
	t.pc.Release()
}

// queueEnd adds to a batch what finish sends.
func (t *tx) queueEnd(b *pgx.Batch) {
	t.custody, t.todo = t.st.chores(t.watch)
	b.Queue("commit")
	for i := range t.todo {
		b.Queue(t.todo[i].sql, t.todo[i].args...)
	}
}

// settle reads what queueEnd has added, after the statement that came before it met err.
func (t *tx) settle(ctx context.Context, br pgx.BatchResults, err error) error {
	if err == nil {
		_, err = br.Exec() // COMMIT
	}
	if err != nil {
		_ = br.Close()
		_ = t.finish(ctx, false)
		return known(unbatched(err))
	}
	c := closing{custody: t.custody}
	err = t.hear(br, &c)
	if closeErr := br.Close(); err == nil {
		err = closeErr
	}
	c.checked = err == nil
	t.state = closed
	if !c.clean(t.st, t.watch) {
		destroy(t.conn, c)
	}
	t.release()
	return nil // it is committed
}

func (t *tx) hear(br pgx.BatchResults, c *closing) error {
	first := true
	for i := range t.todo {
		if !t.todo[i].answers {
			if _, err := br.Exec(); err != nil {
				return err
			}
			continue
		}
		var pid, text string
		if err := br.QueryRow().Scan(&pid, &text); err != nil {
			return err
		}
		c.hear(pid, text, first)
		first = false
	}
	return nil
}
