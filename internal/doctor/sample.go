package doctor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Sampled is a principal whose plans are looked at.
type Sampled struct {
	Login     string `json:"login"`
	Place     string `json:"place"` // leaf, middle, top, superuser; named, where --as asked for it
	Superuser bool   `json:"superuser,omitempty"`
	Sees      int64  `json:"sees"`               // users, itself included
	AtLeast   bool   `json:"at_least,omitempty"` // counting stopped at Sees
	Role      string `json:"role"`               // database role that its transaction runs as

	name string // for rls.impersonate
}

const sampleTimeout = 3 * time.Second // for each question to the graph

// Walks of the graph, from its compiled views alone. Each touches a bounded number of users, however many there are;
// %s is the type of their keys. Edges lead from the viewer to the seen, who are looked up by the viewer's index.
const (
	// Whoever has nobody above among the first users and those who see them; the ones furthest up first.
	topsSQL = `WITH RECURSIVE first AS MATERIALIZED (
			SELECT u.id FROM rls.user_row AS u WHERE u.is_active LIMIT 20
		), up (id, depth) AS (
			SELECT f.id, 0 FROM first AS f
			UNION
			SELECT e.viewer, up.depth + 1 FROM up JOIN rls.edge AS e ON e.seen = up.id AND e.viewer <> e.seen WHERE up.depth < 32
		), met AS (SELECT up.id, up.depth FROM up LIMIT 1000)
		SELECT u.id::text FROM met JOIN rls.user_row AS u ON u.id = met.id AND u.is_active
		GROUP BY u.id ORDER BY max(met.depth) DESC LIMIT 3`
	countSQL = `WITH RECURSIVE down (id) AS (
			SELECT $1::text::%s
			UNION
			SELECT e.seen FROM down JOIN rls.edge AS e ON e.viewer = down.id
		)
		SELECT count(*)::text FROM (SELECT FROM down LIMIT $2) AS d`
	// From somebody down, each time to one who sees somebody too.
	chainSQL = `WITH RECURSIVE down (id, depth) AS (
			SELECT $1::text::%s, 0
			UNION ALL
			SELECT c.seen, down.depth + 1 FROM down CROSS JOIN LATERAL (
				SELECT e.seen FROM rls.edge AS e WHERE e.viewer = down.id AND e.seen <> e.viewer
				  AND EXISTS (SELECT FROM rls.edge AS x WHERE x.viewer = e.seen AND x.seen <> x.viewer AND x.seen <> e.viewer) LIMIT 1) AS c
			WHERE down.depth < 16
		)
		SELECT d.id::text FROM down AS d WHERE d.depth > 0 AND EXISTS (SELECT FROM rls.user_row AS u WHERE u.id = d.id AND u.is_active)
		ORDER BY d.depth`
	leafSQL = `SELECT u.id::text FROM rls.edge AS e JOIN rls.user_row AS u ON u.id = e.seen AND u.is_active
		WHERE e.viewer = $1::text::%s AND NOT EXISTS (SELECT FROM rls.edge AS x WHERE x.viewer = e.seen AND x.seen <> x.viewer) LIMIT 1`
	anybodySQL = `SELECT u.id::text FROM rls.user_row AS u
		WHERE u.is_active AND NOT EXISTS (SELECT FROM rls.edge AS x WHERE x.viewer = u.id) LIMIT 1`
	superuserSQL = `SELECT u.id::text FROM rls.user_row AS u WHERE u.is_active AND u.is_superuser LIMIT 1`
	userSQL      = `SELECT u.login, u.is_superuser FROM rls.user_row AS u WHERE u.id = $1::text::%s AND u.login IS NOT NULL`
)

// graph asks the compiled views, as rls_owner.
type graph struct {
	e       *examination
	keyType string
}

// column is the first column of a question's answer. A question that takes too long has no answer.
func (g graph) column(ctx context.Context, sql string, args ...any) (out []string, err error) {
	if strings.Contains(sql, "%s") {
		sql = fmt.Sprintf(sql, g.keyType)
	}
	err = g.e.inside(ctx, sampleTimeout, func(tx pgx.Tx) error {
		r, _ := tx.Query(ctx, sql, args...)
		out, err = pgx.CollectRows(r, pgx.RowTo[string])
		return err
	})
	if timedOut(err) && ctx.Err() == nil {
		return nil, nil
	}
	return out, err
}

func (g graph) first(ctx context.Context, sql string, args ...any) (string, error) {
	list, err := g.column(ctx, sql, args...)
	if len(list) == 0 {
		return "", err
	}
	return list[0], err
}

// below counts whom a user sees through edges, itself included, up to the limit.
func (g graph) below(ctx context.Context, key string) (n int64, err error) {
	limit := g.e.opt.Plans.CountLimit
	list, err := g.column(ctx, countSQL, key, limit)
	if err != nil || len(list) == 0 {
		return limit, err // too slow to count: many
	}
	return strconv.ParseInt(list[0], 10, 64)
}

// placed is a user, and whom it sees through edges.
type placed struct {
	key  string
	sees int64
}

// places finds who sees most, somebody half way down from there, and somebody at the end. The keys of those who are not
// there are empty; where nobody sees anybody there is a leaf alone.
func (g graph) places(ctx context.Context) (leaf, middle, top placed, err error) {
	tops, err := g.column(ctx, topsSQL)
	if err != nil {
		return leaf, middle, top, err
	}
	for _, key := range tops {
		n, err := g.below(ctx, key)
		if err != nil {
			return leaf, middle, top, err
		}
		if n > top.sees {
			top = placed{key, n}
		}
	}
	if top.sees <= 1 {
		return top, placed{}, placed{}, nil
	}
	chain, err := g.column(ctx, chainSQL, top.key)
	if err != nil {
		return leaf, middle, top, err
	}
	last := top.key
	for _, key := range chain {
		n, err := g.below(ctx, key)
		if err != nil {
			return leaf, middle, top, err
		}
		// Half way on a scale of powers: between 1 and 10,000 that is 100.
		far := func(sees int64) float64 { return math.Abs(math.Log(float64(sees)) - math.Log(float64(top.sees))/2) }
		if middle.key == "" || far(n) < far(middle.sees) {
			middle = placed{key, n}
		}
		last = key
	}
	leaf.sees = 1
	if leaf.key, err = g.first(ctx, leafSQL, last); err == nil && leaf.key == "" {
		leaf.key, err = g.first(ctx, anybodySQL)
	}
	return leaf, middle, top, err
}

// sample chooses principals: who sees most, somebody half way, somebody at the end, a superuser, and the named ones.
// It returns how many users there are as well, as the planner knows it.
func (e *examination) sample(ctx context.Context, named []string) (out []Sampled, users float64, err error) {
	add := func(s Sampled) {
		for i := range out {
			if out[i].name == s.name {
				return
			}
		}
		out = append(out, s)
	}
	err = e.owned(ctx, func() error {
		g := graph{e: e}
		// Null where the view is not there: no model is applied, which is a finding of its own.
		err := e.tx.QueryRow(ctx, `SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute AS a
			WHERE a.attrelid = to_regclass('rls.user_row') AND a.attname = 'id'`).Scan(&g.keyType)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		p, err := explain(ctx, e.tx, "EXPLAIN (FORMAT JSON) SELECT FROM rls.user_row")
		if err != nil {
			return err
		}
		users = p.Root.PlanRows
		user := func(key, place string, sees int64) error {
			s := Sampled{Place: place, Sees: sees, AtLeast: sees >= e.opt.Plans.CountLimit}
			err := e.tx.QueryRow(ctx, fmt.Sprintf(userSQL, g.keyType), key).Scan(&s.Login, &s.Superuser)
			if errors.Is(err, pgx.ErrNoRows) { // without login: cannot be named
				return nil
			}
			s.name = "user:" + s.Login
			if err == nil {
				add(s)
			}
			return err
		}
		leaf, middle, top, err := g.places(ctx)
		if err != nil {
			return err
		}
		for _, p := range []struct {
			place string
			placed
		}{{"leaf", leaf}, {"middle", middle}, {"top", top}} {
			if p.key != "" {
				if err := user(p.key, p.place, p.sees); err != nil {
					return err
				}
			}
		}
		super, err := g.first(ctx, superuserSQL)
		if err == nil && super != "" {
			err = user(super, "superuser", 1)
		}
		return err
	})
	for _, n := range named {
		s := Sampled{Login: n, Place: "named", name: n}
		if n != "anonymous" {
			s.Login = strings.TrimPrefix(n, "user:")
			s.name = "user:" + s.Login
		}
		add(s)
	}
	return out, users, err
}

func timedOut(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "57014"
}
