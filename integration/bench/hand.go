package main

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// hand is what a good engineer writes into each query of an application, on a table without policies: it says who asks, and
// finds out from the tables whom they see. There is no best way for every viewer and query, so there are several, and the
// fastest of each cell is what the others are measured by.
type hand struct{}

func (hand) name() string { return reference }

func (hand) prepare(context.Context, *world) error { return nil }

func (hand) open(ctx context.Context, w *world, v viewer) (session, error) {
	conn, err := w.connect(ctx, w.role("reader"))
	if err != nil {
		return nil, err
	}
	return &handSession{txSession: txSession{conn: conn, limit: patience}, w: w, v: v}, nil
}

type handSession struct {
	txSession
	w *world
	v viewer
}

const closureRecursive = `WITH RECURSIVE v(id) AS (
	SELECT p.id FROM app.plain_person AS p WHERE p.id = {PARAM}
	UNION SELECT p.id FROM v JOIN app.plain_person AS p ON p.supervisor_id = v.id) `

func (s *handSession) ways(q query, id int64) []way {
	const table = "app.plain_note"
	me := q.args(id, s.w.keys.at(s.v.place))
	p := q.next()
	if s.v.all {
		return []way{
			s.way("(SELECT is_superuser)", q.on(table, "(SELECT p.is_superuser FROM app.plain_person AS p WHERE p.id = "+p+")"), me...),
			s.way("EXISTS (superuser)", q.on(table, "EXISTS (SELECT FROM app.plain_person AS p WHERE p.id = "+p+" AND p.is_superuser)"), me...),
		}
	}
	team := "(SELECT c.descendant FROM app.closure AS c WHERE c.ancestor = " + p + ")"
	list := []way{
		s.way("IN closure table", q.on(table, "n.owner IN "+team), me...),
		s.way("= ANY(ARRAY(closure table))", q.on(table, "n.owner = ANY (ARRAY"+team+")"), me...),
		s.way("recursive CTE", replace(closureRecursive, "PARAM", p)+q.on(table, "n.owner IN (SELECT v.id FROM v)"), me...),
	}
	if q.name == "page" {
		list = append(list, s.way("newest of each, LATERAL", `SELECT n.* FROM app.closure AS c CROSS JOIN LATERAL (
			SELECT m.* FROM app.plain_note AS m WHERE m.owner = c.descendant ORDER BY m.created_at DESC LIMIT 50) AS n
			WHERE c.ancestor = $1 ORDER BY n.created_at DESC LIMIT 50`, me...))
	}
	return list
}

func (s *handSession) way(form, sql string, args ...any) way {
	return way{form, func(ctx context.Context, m mode, keep *answer) error { return s.run(ctx, m, keep, sql, args...) }}
}

// given is a filter by ids that somebody has looked up before, and none for somebody who was found to be a superuser: the
// look-up is not counted, and the answer is as old as it. No filter that asks the tables can reach it everywhere; it shows how
// far off the others are.
type given struct{ hand }

func (given) name() string { return told }

func (g given) open(ctx context.Context, w *world, v viewer) (session, error) {
	s, err := g.hand.open(ctx, w, v)
	if err != nil {
		return nil, err
	}
	return &givenSession{s.(*handSession)}, nil
}

type givenSession struct{ *handSession }

func (s *givenSession) ways(q query, id int64) []way {
	const table = "app.plain_note"
	if s.v.all {
		return []way{s.way("no filter", q.on(table), q.args(id)...)}
	}
	list := []way{s.way("= ANY($1)", q.on(table, "n.owner = ANY ("+q.next()+")"), q.args(id, s.w.keys.array(s.v.sees))...)}
	if s.v.place == 1 { // sees all but the one at the last place
		list = append(list, s.way("<> $1", q.on(table, "n.owner <> "+q.next()), q.args(id, s.w.keys.at(s.w.users))...))
	}
	return list
}

// txSession runs statements in one transaction, which is entered before the clock counts.
type txSession struct {
	conn  *pgx.Conn
	enter func(ctx context.Context, tx pgx.Tx) error // nil: nothing to do
	limit timeLimit
	tx    pgx.Tx
}

func (s *txSession) run(ctx context.Context, m mode, keep *answer, sql string, args ...any) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	rows, err := s.tx.Query(ctx, sql, append([]any{m.exec}, args...)...)
	if err == nil {
		err = drain(rows, keep)
	}
	if err != nil { // the next statement needs a new transaction
		_ = s.tx.Rollback(ctx)
		s.tx = nil
	}
	return err
}

func (s *txSession) begin(ctx context.Context) (err error) {
	if s.tx != nil {
		return nil
	}
	tx, err := s.conn.Begin(ctx)
	if err != nil {
		return err
	}
	if _, err = tx.Exec(ctx, s.limit.sql()); err == nil && s.enter != nil {
		err = s.enter(ctx, tx)
	}
	if err != nil {
		_ = tx.Rollback(ctx)
		return err
	}
	s.tx = tx
	return nil
}

func (s *txSession) close() {
	if s.tx != nil {
		_ = s.tx.Rollback(context.Background())
	}
	_ = s.conn.Close(context.Background())
}
