package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// change is one write to the graph of people, and what undoes it.
type change struct {
	name     string
	do, undo string // {PERSON} and {MEMBER} are the tables
	args     []any
	back     []any // of undo
}

// graphWrites compares changes of users and groups with the same changes of tables that the toolkit does not know. Each is
// committed, and undone off the clock.
func graphWrites(ctx context.Context, w *world, e effort, r *results) error {
	team, err := w.viewer("11")
	if err != nil {
		return err
	}
	fresh, err := w.newKeys(ctx, 2)
	if err != nil {
		return err
	}
	const move = "UPDATE app.{PERSON} SET supervisor_id = $2 WHERE id = $1"
	boss, sibling := (team.place-2)/fanOut+1, team.place+1
	leaf, top := w.keys.at(w.users-1), w.keys.at(team.place) // the leaf is in no group
	list := []change{
		{"insert of a user", "INSERT INTO app.{PERSON} (id, supervisor_id, name) VALUES ($1, $2, 'somebody new')",
			"DELETE FROM app.{PERSON} WHERE id = $1", []any{fresh[0], leaf}, []any{fresh[0]}},
		{"move of a subtree of 11", move, move, []any{top, w.keys.at(sibling)}, []any{top, w.keys.at(boss)}},
		{"join of a group", "INSERT INTO app.{MEMBER} (team_id, person_id) VALUES (1, $1)",
			"DELETE FROM app.{MEMBER} WHERE team_id = 1 AND person_id = $1", []any{leaf}, []any{leaf}},
	}
	conn, err := w.connect(ctx, "")
	if err != nil {
		return err
	}
	defer conn.Close(context.Background()) //nolint:errcheck // nothing is pending
	for _, c := range list {
		at := func(person, member string) func(context.Context) (time.Duration, error) {
			return func(ctx context.Context) (time.Duration, error) {
				began := time.Now()
				_, err := conn.Exec(ctx, replace(c.do, "PERSON", person, "MEMBER", member), c.args...)
				took := time.Since(began)
				if err != nil {
					return took, err
				}
				_, err = conn.Exec(ctx, replace(c.undo, "PERSON", person, "MEMBER", member), c.back...)
				return took, err
			}
		}
		l, err := pair(ctx, e, "graph", fmt.Sprintf("%s, %s users, %s keys", c.name, thousands(w.users), w.key.name),
			at("person", "member"), at("plain_person", "plain_member"))
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		r.Lines = append(r.Lines, l)
	}
	for _, writers := range []int{1, 2} {
		l, err := w.rate(ctx, e, writers, fresh, leaf, list[0])
		if err != nil {
			return fmt.Errorf("rate: %w", err)
		}
		r.Lines = append(r.Lines, l)
	}
	return nil
}

// newKeys are keys that no user has.
func (w *world) newKeys(ctx context.Context, n int) ([]any, error) {
	sql := "SELECT $1::bigint + i FROM generate_series(1, $2::integer) AS i"
	if w.key.sql == "uuid" {
		sql = "SELECT md5(($1::bigint + i)::text)::uuid FROM generate_series(1, $2::integer) AS i"
	}
	rows, _ := w.admin.Query(ctx, sql, int64(2_000_000_000_000), n)
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (any, error) {
		v, err := row.Values()
		if err != nil {
			return nil, err
		}
		return v[0], nil
	})
}

// rate is how many inserts and deletes of a user go through in a second, with some connections at once. The two sides take
// turns.
func (w *world) rate(ctx context.Context, e effort, writers int, keys []any, supervisor any, c change) (line, error) {
	conns := make([]*pgx.Conn, writers)
	for i := range conns {
		conn, err := w.connect(ctx, "")
		if err != nil {
			return line{}, err
		}
		defer conn.Close(context.Background()) //nolint:errcheck // nothing is pending
		conns[i] = conn
	}
	count := map[string]int{}
	const turns = 4
	for range turns {
		for _, table := range []string{"person", "plain_person"} {
			n, err := hammer(ctx, conns, e.serious, func(ctx context.Context, i int) error {
				if _, err := conns[i].Exec(ctx, replace(c.do, "PERSON", table), keys[i], supervisor); err != nil {
					return err
				}
				_, err := conns[i].Exec(ctx, replace(c.undo, "PERSON", table), keys[i])
				return err
			})
			if err != nil {
				return line{}, err
			}
			count[table] += n
		}
	}
	seconds := turns * e.serious.Seconds() / 2 // each count is two writes
	ours, plain := float64(count["person"])/seconds, float64(count["plain_person"])/seconds
	name := fmt.Sprintf("writes of users with %d connections, %s users, %s keys", writers, thousands(w.users), w.key.name)
	return line{Section: "graph", Name: name, Ours: round(ours, 3), Plain: round(plain, 3), Unit: "1/s",
		Ratio: round(plain/ours, 3), N: count["person"]}, nil
}

// hammer runs once on every connection for a while and returns how often it was done.
func hammer(ctx context.Context, conns []*pgx.Conn, d time.Duration, once func(ctx context.Context, i int) error) (int, error) {
	end := time.Now().Add(d)
	counts, errs := make([]int, len(conns)), make([]error, len(conns))
	var group sync.WaitGroup
	for i := range conns {
		group.Go(func() {
			for time.Now().Before(end) && errs[i] == nil {
				errs[i] = once(ctx, i)
				counts[i]++
			}
		})
	}
	group.Wait()
	n := 0
	for i, err := range errs {
		if err != nil {
			return 0, err
		}
		n += counts[i]
	}
	return n, nil
}
