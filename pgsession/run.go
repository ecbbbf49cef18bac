package pgsession

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

// Run calls fn in a transaction that acts for p. It commits if fn returns nil and rolls back if fn returns an error or
// panics; the principal is gone in any case, and a connection that shows any trace of it is closed.
//
// BEGIN and the token leave with fn's first statement, in one flush: errors of theirs come from that call, and match
// ErrTokenRefused, ErrExpired, ErrNotReady and so on. If fn sends nothing, nothing is sent. COMMIT and the check for
// residue are one flush more. A statement that a connection has not described yet costs one flush for that, once.
//
// Errors: ErrNoPrincipal if p is nobody, ErrBadPrincipal, fn's own, and pgx.ErrTxCommitRollback if fn returns nil though
// one of its statements failed. As with pgx.BeginFunc, fn may call Commit or Rollback itself, but then Run returns
// pgx.ErrTxClosed unless fn returns an error. Run never tries again. Calling Run inside of fn takes a second connection.
// Safe for concurrent use; the pgx.Tx is not.
func (s *Session) Run(ctx context.Context, p Principal, fn func(pgx.Tx) error, opts ...TxOption) error {
	if s.c.join != nil {
		return s.runJoined(ctx, p, fn, opts)
	}
	t, err := s.newTx(ctx, p, opts)
	if err != nil {
		return err
	}
	return t.run(ctx, fn)
}

func (t *tx) run(ctx context.Context, fn func(pgx.Tx) error) error {
	defer func() {
		if t.state != closed { // fn panicked, or ended its goroutine
			_ = t.finish(ctx, false)
		}
	}()
	if err := fn(t); err != nil {
		if t.state == broken && !errors.Is(err, t.err) { // of Conn and LargeObjects, which cannot say it themselves
			err = errors.Join(t.err, err)
		}
		_ = t.Rollback(ctx) // there is an error to return
		return err
	}
	return t.Commit(ctx)
}

// First and longest pause between two attempts of RunRetry.
const (
	firstPause = 5 * time.Millisecond
	maxPause   = 500 * time.Millisecond
)

// RunRetry is Run, tried again in a new transaction after a serialization failure (40001) or a deadlock (40P01), whether
// it was met by fn or by COMMIT. It tries as often as Attempts says, with growing random pauses that end with ctx. The
// last error is returned. What fn does besides the transaction happens at every attempt.
func (s *Session) RunRetry(ctx context.Context, p Principal, fn func(pgx.Tx) error, opts ...TxOption) error {
	o := s.options(p, opts)
	pause := firstPause
	for attempt := 1; ; attempt++ {
		err := s.Run(ctx, p, fn, opts...)
		if attempt >= o.attempts || !retryable(err) {
			return err
		}
		wait := time.NewTimer(pause/2 + rand.N(pause))
		select {
		case <-wait.C:
		case <-ctx.Done():
			wait.Stop()
			return err
		}
		pause = min(2*pause, maxPause)
	}
}

func retryable(err error) bool {
	pg := serverError(err)
	return pg != nil && (pg.Code == "40001" || pg.Code == "40P01")
}
