package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/pgsession"
)

// transactions compares one whole transaction through the Go session with plain pgx that says BEGIN, the query, COMMIT.
func transactions(ctx context.Context, w *world, e effort, r *results) error {
	v, err := w.viewer("11")
	if err != nil {
		return err
	}
	ref, err := newReferee(ctx, w)
	if err != nil {
		return err
	}
	defer ref.close()
	id, err := ref.row(ctx, v)
	if err != nil {
		return err
	}
	ourPool, err := w.pool(ctx, w.role("gateway"), 1)
	if err != nil {
		return err
	}
	defer ourPool.Close()
	plainPool, err := w.pool(ctx, w.role("reader"), 1)
	if err != nil {
		return err
	}
	defer plainPool.Close()
	s, err := pgsession.Open(ctx, ourPool, w.keySource, pgsession.AllowOldServer())
	if err != nil {
		return err
	}
	who := w.principal(v)
	const ourSQL, plainSQL = "SELECT n.title FROM app.note AS n WHERE n.id = $1", "SELECT n.title FROM app.plain_note AS n WHERE n.id = $1"
	var title string
	plain := timed(func(ctx context.Context) error {
		return pgx.BeginFunc(ctx, plainPool, func(tx pgx.Tx) error { return tx.QueryRow(ctx, plainSQL, id).Scan(&title) })
	})
	for _, c := range []struct {
		name string
		once func(context.Context) error
	}{
		{"Run", func(ctx context.Context) error {
			return s.Run(ctx, who, func(tx pgx.Tx) error { return tx.QueryRow(ctx, ourSQL, id).Scan(&title) })
		}},
		{"QueryRow", func(ctx context.Context) error { return s.QueryRow(ctx, who, ourSQL, id).Scan(&title) }},
	} {
		l, err := pair(ctx, e, "transaction", fmt.Sprintf("%s, point, %s keys", c.name, w.key.name), timed(c.once), plain)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		r.Lines = append(r.Lines, l)
	}
	return nil
}

// rollingBack times fn in a savepoint that is rolled back, so that both sides change a table that stays as it is.
func rollingBack(tx pgx.Tx, fn func(ctx context.Context, tx pgx.Tx) error) func(context.Context) (time.Duration, error) {
	return func(ctx context.Context) (time.Duration, error) {
		inner, err := tx.Begin(ctx)
		if err != nil {
			return 0, err
		}
		began := time.Now()
		err = fn(ctx, inner)
		took := time.Since(began)
		if err != nil {
			return took, err
		}
		return took, inner.Rollback(ctx)
	}
}
