package pgsession

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const enterSQL = "SELECT rls.enter($1)"

// acquire takes a connection for the transaction, once.
func (t *tx) acquire(ctx context.Context) error {
	if t.pc != nil {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	pc, err := t.c.pool.Acquire(ctx)
	if err != nil {
		return fmt.Errorf("acquire connection: %w", err)
	}
	t.pc, t.conn, t.st = pc, pc.Conn(), stateOf(pc.Conn())
	t.st.hooked = t.st.hooked || t.c.hooked
	return nil
}

// start sends BEGIN, the token and what queue adds, in one flush, and reads the results of the first two. Without queue
// the results are read to their end and nil is returned. If the server refuses the token and names a newer key, the
// source is asked once and all is sent again: nothing behind the token was executed.
func (t *tx) start(ctx context.Context, queue func(*pgx.Batch)) (pgx.BatchResults, error) {
	br, err := t.tryStart(ctx, queue)
	if err != nil {
		t.state, t.err = broken, err
		return nil, err
	}
	t.state = open
	return br, nil
}

func (t *tx) tryStart(ctx context.Context, queue func(*pgx.Batch)) (pgx.BatchResults, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	begin, err := t.opts.beginSQL()
	if err != nil {
		return nil, err
	}
	if err := t.acquire(ctx); err != nil {
		return nil, err
	}
	if t.st.custody == unseen && t.c.shared.Load() {
		if err := t.lookShared(ctx); err != nil {
			return nil, enterError("enter "+t.opts.claims.Principal.String(), err)
		}
	}
	key, claims := *t.c.key.Load(), t.opts.claims
	if t.st.custody == restored || t.st.custody == compared { // no pooler is between: a first look has compared
		claims.Backend = t.conn.PgConn().PID()
	}
	for again := false; ; again = true {
		token, err := t.c.mint(key, claims)
		if err != nil {
			return nil, err
		}
		br, err := t.flush(ctx, begin, token, queue)
		if err == nil {
			return br, nil
		}
		if id := newer(err); again || id == "" || id == key.id || t.conn.IsClosed() {
			return nil, err
		}
		fresh, askErr := t.c.newestKey(ctx, key.id)
		if askErr != nil {
			return nil, errors.Join(err, askErr)
		}
		if fresh.id == key.id {
			return nil, err
		}
		if c := end(ctx, t.conn, "rollback", light); c.err != nil || !c.checked {
			return nil, err
		}
		key = fresh
	}
}

func (t *tx) flush(ctx context.Context, begin, token string, queue func(*pgx.Batch)) (pgx.BatchResults, error) {
	if t.st.mode == pgx.QueryExecModeSimpleProtocol {
		return nil, t.flushApart(ctx, begin, token)
	}
	b := &pgx.Batch{}
	b.Queue(begin)
	if t.st.custody == unseen {
		for _, sql := range firstLook {
			b.Queue(sql)
		}
	}
	b.Queue(t.opts.enterSQL(), hide(token))
	if queue != nil {
		queue(b)
	}
	br := t.conn.SendBatch(ctx, b)
	if err := t.readStart(br); err != nil {
		_ = br.Close()
		var pre pgx.ErrPreprocessingBatch
		if errors.As(err, &pre) && pre.SQL() != t.opts.enterSQL() && pre.SQL() != begin {
			return nil, known(pre.Unwrap()) // of what queue has added, before BEGIN was sent
		}
		return nil, enterError("enter "+t.opts.claims.Principal.String(), unbatched(err))
	}
	if queue != nil {
		return br, nil
	}
	return nil, br.Close()
}

// readStart reads the results of all that flush puts before the caller's statements.
func (t *tx) readStart(br pgx.BatchResults) error {
	if _, err := br.Exec(); err != nil {
		return err
	}
	if t.st.custody == unseen {
		var first, second [len(firstLook)]string
		for i := range firstLook {
			if err := br.QueryRow().Scan(&first[i], &second[i]); err != nil {
				return err
			}
		}
		t.looked(first, second)
	}
	_, err := br.Exec()
	return err
}

// flushApart is flush by the extended protocol, on a connection where pgx would use the simple one.
func (t *tx) flushApart(ctx context.Context, begin, token string) error {
	op := "enter " + t.opts.claims.Principal.String()
	p := t.conn.PgConn().StartPipeline(ctx)
	p.SendQueryParams(begin, nil, nil, nil, nil)
	if t.st.custody == unseen {
		for _, sql := range firstLook {
			p.SendQueryParams(sql, nil, nil, nil, nil)
		}
	}
	p.SendQueryParams(t.opts.enterSQL(), [][]byte{[]byte(token)}, nil, nil, nil)
	err := p.Sync()
	if err == nil {
		err = t.readApart(p)
	}
	if closeErr := p.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return enterError(op, err)
	}
	return nil
}

func (t *tx) readApart(p *pgconn.Pipeline) error {
	if _, err := drain(p); err != nil {
		return err
	}
	if t.st.custody == unseen {
		var first, second [len(firstLook)]string
		for i := range firstLook {
			var err error
			if first[i], second[i], err = answer(p); err != nil {
				return err
			}
		}
		t.looked(first, second)
	}
	_, err := drain(p)
	return err
}

// firstLook is asked of a connection that no session has used.
var firstLook = [...]string{fingerprintSQL, alteredSQL, thoroughSQL, restSQL}

// looked takes down the answers of firstLook.
func (t *tx) looked(first, second [len(firstLook)]string) {
	if first[0] != ownPID(t.conn.PgConn()) { // a pooler, though Open met none: the next connection is looked at as shared
		t.c.shared.Store(true)
		t.st.custody = soiled
		return
	}
	t.st.seen(second[0], first[1], second[2], second[3])
}

// lookShared is firstLook behind a pooler: in a flush of its own, because it says how the transaction is to end.
func (t *tx) lookShared(ctx context.Context) error {
	p := t.conn.PgConn().StartPipeline(ctx)
	p.SendQueryParams(whose+fingerprintByContent, nil, nil, nil, nil)
	p.SendQueryParams(alteredSQL, nil, nil, nil, nil)
	err := p.Sync()
	var finger, altered, thorough string
	if err == nil {
		_, finger, err = answer(p)
	}
	if err == nil {
		altered, thorough, err = answer(p)
	}
	if closeErr := p.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		t.st.seenShared(t.conn.PgConn(), finger, altered, thorough)
	}
	return err
}

// ownPID is the backend as the connection was told when it was made. A pooler tells its own.
func ownPID(conn *pgconn.PgConn) string { return strconv.FormatUint(uint64(conn.PID()), 10) }
