package pgsession_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/pgsession"
)

// BenchmarkTransaction compares one point query: plain pgx and no policy, and a principal through the session. One of
// each takes its turn, so that whatever else the machine does falls on all of them; the medians and their ratios to
// plain pgx are reported.
func BenchmarkTransaction(b *testing.B) {
	db, login := gateway(b)
	db.Exec(b, "CREATE TABLE app.plain AS SELECT * FROM app.note; ALTER TABLE app.plain ADD PRIMARY KEY (id);"+
		" GRANT SELECT ON app.plain TO "+login)
	s, pool := session(b, db, login, 1, nil)
	ctx := context.Background()
	point := func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, "SELECT title FROM app.note WHERE id = $1", 1).Scan(new(string))
	}
	turns := []struct {
		name string
		fn   func() error
		took []time.Duration
	}{
		{name: "plain", fn: func() error { // BEGIN, query, COMMIT
			return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
				return tx.QueryRow(ctx, "SELECT title FROM app.plain WHERE id = $1", 1).Scan(new(string))
			})
		}},
		{name: "Run", fn: func() error { return s.Run(ctx, anna, point) }},
		{name: "QueryRow", fn: func() error {
			return s.QueryRow(ctx, anna, "SELECT title FROM app.note WHERE id = $1", 1).Scan(new(string))
		}},
	}
	turn := func() {
		for i := range turns {
			start := time.Now()
			if err := turns[i].fn(); err != nil {
				b.Fatal(pgsession.Explain(err))
			}
			turns[i].took = append(turns[i].took, time.Since(start))
		}
	}
	for range 50 { // statements get described, and the server settles on plans
		turn()
	}
	for i := range turns {
		turns[i].took = nil
	}
	for b.Loop() {
		turn()
	}
	plain := median(turns[0].took)
	for _, t := range turns {
		b.ReportMetric(float64(median(t.took).Nanoseconds())/1e3, t.name+"-us")
		if t.name != "plain" {
			b.ReportMetric(float64(median(t.took))/float64(plain), t.name+"/plain")
		}
	}
}

func median(d []time.Duration) time.Duration { return slices.Sorted(slices.Values(d))[len(d)/2] }

// BenchmarkResidue is what putting back, or else the checks, add to a flush that is BEGIN and COMMIT.
func BenchmarkResidue(b *testing.B) {
	db, login := gateway(b)
	pool := newPool(b, db, login, 1, func(c *pgxpool.Config) { c.ConnConfig.Tracer = nil })
	ctx := context.Background()
	for _, c := range []struct {
		name string
		sqls []string
	}{
		{"BEGIN, COMMIT", []string{"begin", "commit"}},
		{"and DISCARD SEQUENCES", []string{"begin", "commit", "discard sequences"}},
		{"and all that is put back", []string{
			"begin", "commit", "discard sequences", "close all", "unlisten *", "reset all", pgsession.RestSQL,
		}},
		{"and the fingerprint", []string{"begin", "commit", "discard sequences", pgsession.FingerprintSQL}},
		{"and the thorough check", []string{"begin", "commit", "discard sequences", pgsession.FingerprintSQL, pgsession.ThoroughSQL}},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				batch := &pgx.Batch{}
				for _, sql := range c.sqls {
					batch.Queue(sql)
				}
				if err := pool.SendBatch(ctx, batch).Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMint(b *testing.B) {
	key := keyOf(b, "k1", 'k')
	for b.Loop() {
		if _, err := pgsession.Mint(key, pgsession.Claims{Principal: anna, Expires: vectorTime}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLook(b *testing.B) {
	const sql = "SELECT n.id, n.title, n.owner, n.created_at FROM app.note AS n JOIN app.folder AS f ON f.id = n.folder_id" +
		" WHERE n.owner = $1 AND f.name = $2 AND n.created_at > $3 ORDER BY n.created_at DESC LIMIT 50"
	for b.Loop() {
		if pgsession.Look(sql) != 0 {
			b.Fatal("not light")
		}
	}
}
