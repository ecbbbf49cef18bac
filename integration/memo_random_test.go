package integration

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestMemoRandom changes at random what several have entered before.
func TestMemoRandom(t *testing.T) {
	t.Parallel()
	seed := number(t, "RLSCTL_TEST_SEED", defaultSeed)
	r := rand.New(rand.NewPCG(seed, 77))
	w, g := newMemoWorld(t, memoModel)
	keys := []string{"1", "3", "5", "6", "10", "90"}
	w.sql(t, `INSERT INTO rls."grant" (grantee, action, resource) VALUES ('user:3', 'read', 'note'), ('user:3', 'update', 'note')`)
	s := setWorld{key: "bigint", keys: setKeys(20, func(i int) string { return fmt.Sprint(i + 1) })}
	id := func() string { return pick(r, "1", "3", "5", "6", "10", "20", "90") }
	operation := func() string {
		switch r.IntN(12) {
		case 0:
			return fmt.Sprintf(`INSERT INTO rls."grant" (grantee, action, resource) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING`,
				pick(r, "'user:"+id()+"'", "'group:7'", "'group:8'", "'authenticated'"), pick(r, "'read'", "'read'", "'update'", "'create'"), pick(r, "'note'", "'task'"))
		case 1:
			return fmt.Sprintf(`DELETE FROM rls."grant" WHERE grantee = %s`, pick(r, "'user:"+id()+"'", "'group:7'", "'authenticated'"))
		case 2:
			return fmt.Sprintf(`UPDATE rls."grant" SET valid_until = %s WHERE grantee = 'user:%s'`, pick(r, "NULL", "'2001-01-01'", "clock_timestamp() + interval '50 ms'"), id())
		case 3:
			return fmt.Sprintf("UPDATE person SET active = %s WHERE id = %s", pick(r, "true", "true", "false"), id())
		case 4:
			return fmt.Sprintf("UPDATE person SET rank = %s WHERE id = %s", pick(r, "NULL", "NULL", "'root'"), id())
		case 5:
			return fmt.Sprintf("INSERT INTO team_member VALUES (%s, %s)", pick(r, "7", "7", "8", "9"), id())
		case 6:
			return fmt.Sprintf("DELETE FROM team_member WHERE member = %s", id())
		case 7:
			return fmt.Sprintf("INSERT INTO team VALUES (%s, NULL, %s) ON CONFLICT (id) DO UPDATE SET share_members = EXCLUDED.share_members", pick(r, "7", "8", "9"), pick(r, "true", "false"))
		case 8:
			return fmt.Sprintf("DELETE FROM team WHERE id = %s", pick(r, "7", "8", "9"))
		case 9:
			return fmt.Sprintf("INSERT INTO person (id, boss) VALUES (%s, %s) ON CONFLICT DO NOTHING", id(), id())
		default:
			for {
				if op := s.operation(r); !strings.Contains(op, "maker") && !strings.Contains(op, "deputy") && !strings.HasPrefix(op, "COPY") {
					return op
				}
			}
		}
	}
	writer := w.admin(t)
	gates := make([]*pgx.Conn, 6)
	for i := range gates {
		gates[i] = g.conn(t)
	}
	var log []string
	used, looks := 0, 0
	rounds := int(number(t, "RLSCTL_TEST_ROUNDS", 25))
	for round := range rounds {
		if round%4 == 0 {
			w.memoReset(t, g)
			w.sql(t, `INSERT INTO rls."grant" (grantee, action, resource) VALUES ('user:3', 'read', 'note'), ('user:3', 'update', 'note')`)
		}
		until(t, func() bool {
			return one(t, w.root, "SELECT greatest(g.last_value, d.last_value, w.last_value) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint "+marks[strings.Index(marks, "FROM"):]) == "t"
		})
		w.prepare(t, keys...)
		var open []pgx.Tx
		for _, conn := range gates {
			level := pick(r, pgx.ReadCommitted, pgx.ReadCommitted, pgx.ReadCommitted, pgx.RepeatableRead)
			tx := isolated(t, conn, level)
			key := pick(r, keys...)
			if _, err := tx.Exec(t.Context(), "SELECT rls.enter($1)", g.token("user", key)); err != nil {
				t.Fatal(explain(err))
			}
			open = append(open, tx)
			log = append(log, fmt.Sprintf("-- %d: %s enters, %s", round, key, level))
		}
		look := func(when string) {
			for i, tx := range open {
				for _, table := range []string{"note", "task"} {
					sql := strings.Replace(memoNotes, "note", table, 1)
					got, remembered := counted(t, w, tx, sql)
					live := forgetful(t, w, tx, sql)
					again := w.outcome(t, tx, sql) // time may have passed in between
					if got != live && again != live {
						t.Fatalf("%s, session %d: %s with the memo (used: %t), %s without it\nagain with RLSCTL_TEST_SEED=%d, after\n%s",
							when, i, got, remembered, live, seed, strings.Join(log[max(0, len(log)-40):], "\n"))
					}
					looks++
					if remembered {
						used++
					}
				}
			}
		}
		look("at first")
		for range 1 + r.IntN(3) {
			// Truncating waits for whoever reads.
			op := operation()
			for strings.HasPrefix(op, "TRUNCATE") {
				op = operation()
			}
			tx := begin(t, writer)
			_, err := tx.Exec(t.Context(), op, pgx.QueryExecModeSimpleProtocol)
			if code := sqlstate(err); err != nil && code == "" {
				t.Fatal(explain(err))
			}
			log = append(log, fmt.Sprintf("%s; -- %v", op, err))
			if err == nil {
				look("while it is in progress: " + op)
				if chance(r, 80) {
					err = tx.Commit(t.Context())
				}
			}
			_ = tx.Rollback(t.Context())
			look("after " + op)
		}
		for _, tx := range open {
			if err := tx.Commit(t.Context()); err != nil {
				_ = tx.Rollback(t.Context())
			}
		}
	}
	t.Logf("%d of %d answers came from the memo", used, looks)
	// Most looks are after a change, and every change counts for all.
	if used < rounds*len(gates)/2 {
		t.Errorf("in %d transactions only %d answers came from the memo", rounds*len(gates), used)
	}
}
