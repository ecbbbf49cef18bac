package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// bulk is how many rows are written at once.
const bulk = 10_000

// writes compares changes of protected rows with the same changes of the table without policies.
func writes(ctx context.Context, w *world, e effort, r *results) error {
	const section = "writes"
	// Whoever has enough rows for the big ones, and no more than that: the time is to be the writing's.
	v := w.viewers[0]
	for _, wider := range w.viewers[:len(w.viewers)-2] {
		v = wider
		if len(v.sees)*w.rows/w.users >= bulk {
			break
		}
	}
	ref, err := newReferee(ctx, w)
	if err != nil {
		return err
	}
	defer ref.close()
	many, err := ref.ids(ctx, v, bulk)
	if err != nil {
		return err
	}
	ours, plain, done, err := writers(ctx, w, v)
	if err != nil {
		return err
	}
	defer done()
	owner := w.keys.at(v.place)
	for _, c := range []struct {
		name, sql string
		args      []any
		rows      int
	}{
		{"insert one", insertOne, []any{w.rows + 1, owner}, 1},
		{"update one", "UPDATE {NOTE} SET title = title || '!' WHERE id = $1", []any{many[0]}, 1},
		{"delete one", "DELETE FROM {NOTE} WHERE id = $1", []any{many[0]}, 1},
		{"insert many", insertMany, []any{w.rows + 1, len(many), owner}, len(many)},
		{"update many", "UPDATE {NOTE} SET title = title || '!' WHERE id = ANY ($1)", []any{many}, len(many)},
		{"delete many", "DELETE FROM {NOTE} WHERE id = ANY ($1)", []any{many}, len(many)},
	} {
		write := func(tx pgx.Tx, table string) func(context.Context) (time.Duration, error) {
			sql := replace(c.sql, "NOTE", table)
			return rollingBack(tx, func(ctx context.Context, tx pgx.Tx) error {
				tag, err := tx.Exec(ctx, sql, c.args...)
				if err == nil && tag.RowsAffected() != int64(c.rows) {
					err = fmt.Errorf("%w: %s of %s changes %d rows, and not %d", errUnequal, c.name, table, tag.RowsAffected(), c.rows)
				}
				return err
			})
		}
		name := fmt.Sprintf("%s, %s keys, viewer %s", c.name, w.key.name, v.name)
		if c.rows > 1 {
			name = fmt.Sprintf("%s (%s), %s keys, viewer %s", c.name, thousands(c.rows), w.key.name, v.name)
		}
		l, err := pair(ctx, e, section, name, write(ours, "app.note"), write(plain, "app.plain_note"))
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		r.Lines = append(r.Lines, l)
	}
	for _, name := range []string{"one at a time, audit on", "many at once, audit on"} {
		r.Lines = append(r.Lines, line{Section: section, Name: name + ", " + w.key.name + " keys", Note: "not built"})
	}
	return nil
}

const (
	insertOne = `INSERT INTO {NOTE} (id, owner, created_at, status, title, body)
		VALUES ($1, $2, '` + newest + `', 1, 'a title', 'a body')`
	insertMany = `INSERT INTO {NOTE} (id, owner, created_at, status, title, body)
		SELECT i, $3, '` + newest + `', 1, 'a title', 'a body' FROM generate_series($1::bigint, $1::bigint + $2::bigint - 1) AS i`
)

// writers are a transaction that acts for v and one on tables without policies, and what ends both.
func writers(ctx context.Context, w *world, v viewer) (ours, plain pgx.Tx, done func(), err error) {
	a, err := w.connect(ctx, w.role("gateway"))
	if err != nil {
		return nil, nil, nil, err
	}
	b, err := w.connect(ctx, w.role("reader"))
	if err != nil {
		return nil, nil, nil, err
	}
	done = func() {
		_ = a.Close(context.Background())
		_ = b.Close(context.Background())
	}
	if ours, err = a.Begin(ctx); err == nil {
		err = w.enter(ctx, ours, v)
	}
	if err == nil {
		plain, err = b.Begin(ctx)
	}
	if err != nil {
		done()
	}
	return ours, plain, done, err
}
