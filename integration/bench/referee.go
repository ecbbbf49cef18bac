package main

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// referee knows the right answers: from whom each viewer sees by the shape of the tree, which it computes by itself, on
// the table without policies.
type referee struct {
	w    *world
	conn *pgx.Conn
}

func newReferee(ctx context.Context, w *world) (*referee, error) {
	conn, err := w.connect(ctx, "")
	return &referee{w, conn}, err
}

func (r *referee) close() { _ = r.conn.Close(context.Background()) }

// row is the id of a row that v sees.
func (r *referee) row(ctx context.Context, v viewer) (id int64, err error) {
	rows, _ := r.conn.Query(ctx, "SELECT n.id FROM app.plain_note AS n WHERE n.owner = ANY ($1) ORDER BY n.id OFFSET 2 LIMIT 1",
		r.w.keys.array(v.sees))
	if id, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int64]); err != nil {
		return 0, fmt.Errorf("find a row: %w", err)
	}
	return id, nil
}

// ids are those of up to limit rows that v sees.
func (r *referee) ids(ctx context.Context, v viewer, limit int) ([]int64, error) {
	rows, _ := r.conn.Query(ctx, "SELECT n.id FROM app.plain_note AS n WHERE n.owner = ANY ($1) ORDER BY n.id LIMIT $2",
		r.w.keys.array(v.sees), limit)
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

func (r *referee) answer(ctx context.Context, v viewer, q query, id int64) (answer, error) {
	const table = "app.plain_note"
	sql, args := q.on(table), q.args(id)
	if !v.all {
		sql, args = q.on(table, "n.owner = ANY ("+q.next()+")"), q.args(id, r.w.keys.array(v.sees))
	}
	rows, err := r.conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	var a answer
	return a, drain(rows, &a)
}
