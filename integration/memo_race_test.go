package integration

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// marks are the watermarks: of the graph, of the state, of both.
const marks = "SELECT g.last_value, d.last_value, w.last_value FROM rls.graph_watermark AS g, rls.state_watermark AS d, rls.watermark AS w"

const dropGrant = `DELETE FROM rls."grant" WHERE grantee = 'user:1'`

// TestMemoRaces lets changes and entering overtake each other.
func TestMemoRaces(t *testing.T) {
	t.Parallel()
	for _, kind := range memoKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			testMemoRaces(t, kind)
		})
	}
}

func testMemoRaces(t *testing.T, kind string) {
	w, g := newMemoWorldOf(t, kind)
	gate := g.conn(t)
	enter := func(t *testing.T, key string) pgx.Tx {
		t.Helper()
		tx, _ := entered(t, gate, g.token("user", key))
		return tx
	}
	for _, c := range []struct{ name, change, want string }{
		{"a grant", dropGrant, "NULL"},
		{"a move", "UPDATE person SET boss = 10 WHERE id = 3", "1 2"},
	} {
		t.Run("a change is in progress when somebody enters/"+c.name, func(t *testing.T) {
			w.memoReset(t, g)
			w.known(t, "1")
			a := w.actor(t)
			a.do(t, "BEGIN; "+c.change)
			tx := enter(t, "1")
			agree(t, w, tx, memoNotes, "1 2 3 4", "before its end")
			a.do(t, "COMMIT")
			agree(t, w, tx, memoNotes, c.want, "after its end")
			must(t, tx, "COMMIT")
			tx = enter(t, "1")
			agree(t, w, tx, memoNotes, c.want, "in the next transaction")
			_ = tx.Rollback(t.Context())
		})
		t.Run("an older transaction changes after a younger one/"+c.name, func(t *testing.T) {
			w.memoReset(t, g)
			w.known(t, "1", "10")
			a, b := w.actor(t), w.actor(t)
			a.do(t, "BEGIN; SELECT pg_current_xact_id()")
			b.do(t, "UPDATE person SET active = NOT active WHERE id = 6")
			above := one(t, w.root, marks)
			for range 3 { // nothing may be written down while the older one runs
				tx := enter(t, "1")
				if got := one(t, tx, memoOf); got != "" {
					t.Errorf("a memo: %s", got)
				}
				must(t, tx, "COMMIT")
			}
			tx := enter(t, "1")
			a.do(t, c.change)
			if now := one(t, w.root, marks); now < above {
				t.Errorf("the marks went from %s to %s", above, now)
			}
			agree(t, w, tx, memoNotes, "1 2 3 4", "before its end")
			a.do(t, "COMMIT")
			agree(t, w, tx, memoNotes, c.want, "after its end")
			_ = tx.Rollback(t.Context())
		})
		// Written down too early, which entering does not do; but the question asks for the horizon as well.
		t.Run("a horizon that was not asked/"+c.name, func(t *testing.T) {
			w, g := newMemoWorldOf(t, kind)
			w.known(t, "1")
			a, b := w.actor(t), w.actor(t)
			a.do(t, "BEGIN; SELECT pg_current_xact_id()")
			b.do(t, "UPDATE person SET active = NOT active WHERE id = 6")
			w.sql(t, `UPDATE rls.visible_set AS s SET decided = (SELECT d.last_value FROM rls.state_watermark AS d), marked = (SELECT w.last_value FROM rls.watermark AS w)`)
			tx, _ := entered(t, g.conn(t), g.token("user", "1"))
			if _, remembered := counted(t, w, tx, memoNotes); remembered || kindOf(t, tx) != kind {
				t.Errorf("a memo that says %q is believed: %t", kindOf(t, tx), remembered)
			}
			asked := "owners"
			if kind == "in buckets" {
				asked = "buckets"
			}
			def := one(t, w.root, "SELECT pg_get_functiondef('rls.admitted_"+asked+"(text,text,text,boolean)'::regprocedure)")
			w.sql(t, strings.Replace(def, "< pg_snapshot_xmin(pg_current_snapshot())::text::bigint", "IS NOT NULL", 1))
			must(t, tx, "SELECT FROM pg_am LIMIT 1") // locks what it has not locked, and so hears of it
			if _, remembered := counted(t, w, tx, memoNotes); !remembered {
				t.Fatal("no memo")
			}
			a.do(t, c.change)
			a.do(t, "COMMIT")
			if got := w.outcome(t, tx, memoNotes); c.name == "a grant" && got != "1 2 3 4" {
				t.Errorf("%s: nothing is proved", got)
			}
		})
		for _, level := range []pgx.TxIsoLevel{pgx.RepeatableRead, pgx.Serializable} {
			t.Run(fmt.Sprintf("one snapshot/%s/%s", c.name, level), func(t *testing.T) {
				w.memoReset(t, g)
				w.known(t, "1")
				tx := isolated(t, gate, level)
				must(t, tx, "SELECT rls.enter('"+g.token("user", "1")+"')")
				// Under SERIALIZABLE nothing is: see below.
				if remembered := agree(t, w, tx, memoNotes, "1 2 3 4", "before"); !remembered && level == pgx.RepeatableRead {
					t.Error("nothing is remembered")
				}
				w.sql(t, c.change)
				agree(t, w, tx, memoNotes, "1 2 3 4", "after")
				_ = tx.Rollback(t.Context())
				// Entering after a change that its snapshot does not see, while others write down what they see.
				w.memoReset(t, g)
				w.known(t, "1")
				tx = isolated(t, gate, level)
				must(t, tx, "SELECT 1 FROM pg_class LIMIT 1")
				w.sql(t, c.change)
				_, _ = w.root.Exec(t.Context(), "SELECT rls.prepare('user', '1')")
				must(t, tx, "SELECT rls.enter('"+g.token("user", "1")+"')")
				agree(t, w, tx, memoNotes, "1 2 3 4", "entered late")
				_ = tx.Rollback(t.Context())
			})
		}
		t.Run("a cursor is older than the change/"+c.name, func(t *testing.T) {
			w.memoReset(t, g)
			w.known(t, "1")
			tx := enter(t, "1")
			must(t, tx, "DECLARE c CURSOR FOR "+memoNotes+"; DECLARE d CURSOR FOR "+memoNotes)
			w.sql(t, c.change)
			if got := one(t, tx, "FETCH c"); got != "1 2 3 4" {
				t.Errorf("the cursor reads %s", got)
			}
			must(t, tx, "SET LOCAL rls.memo = ''")
			if got := one(t, tx, "FETCH d"); got != "1 2 3 4" {
				t.Errorf("without a memo the cursor reads %s", got)
			}
			_ = tx.Rollback(t.Context())
		})
	}
	// The cursor knows of the change, and not of what entering writes down after it.
	t.Run("a cursor is older than the memo", func(t *testing.T) {
		w.memoReset(t, g)
		w.known(t, "1")
		tx := enter(t, "1")
		w.sql(t, dropGrant)
		must(t, tx, "DECLARE c CURSOR FOR "+memoNotes+"; DECLARE d CURSOR FOR "+memoNotes)
		w.sql(t, `INSERT INTO rls."grant" (grantee, action, resource) VALUES ('user:1', 'read', 'task')`)
		until(t, func() bool {
			must(t, tx, "SELECT rls.enter('"+g.token("user", "1")+"')")
			return one(t, tx, memoOf) != ""
		})
		if got := one(t, tx, "FETCH c"); got != "NULL" {
			t.Errorf("the cursor reads %s", got)
		}
		must(t, tx, "SET LOCAL rls.memo = ''")
		if got := one(t, tx, "FETCH d"); got != "NULL" {
			t.Errorf("without a memo the cursor reads %s", got)
		}
		_ = tx.Rollback(t.Context())
	})
	t.Run("the row is gone, or another", func(t *testing.T) {
		for _, change := range []string{"DELETE FROM rls.visible_set", "DELETE FROM rls.visible_set; SELECT rls.prepare('user', '1')",
			"UPDATE rls.visible_set SET allowed = '{}'", "UPDATE rls.visible_set SET decided = decided - 1", "UPDATE rls.visible_set SET model = 'x'"} {
			w.memoReset(t, g)
			w.known(t, "1")
			tx := enter(t, "1")
			if !agree(t, w, tx, memoNotes, "1 2 3 4", "before") {
				t.Error("nothing is remembered")
			}
			w.sql(t, change)
			agree(t, w, tx, memoNotes, "1 2 3 4", "after "+change)
			_ = tx.Rollback(t.Context())
		}
	})
	t.Run("nobody waits for the end of a transaction that has changed something", func(t *testing.T) {
		w.memoReset(t, g)
		a, b, c := w.actor(t), w.actor(t), w.actor(t)
		a.do(t, "BEGIN; "+dropGrant)
		// Of this database: clones of one template number their tables alike.
		if got := one(t, w.root, "SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database AND d.datname = current_database()"+
			" WHERE l.relation = 'rls_lock.watermark_turn'::regclass"); got != "0" {
			t.Errorf("%s locks of rls_lock.watermark_turn are held", got)
		}
		b.do(t, "BEGIN")
		if b.start(t, w, "UPDATE person SET active = false WHERE id = 2") {
			t.Error("another kind of change waits")
		}
		if err := b.end(t); err != nil {
			t.Error(explain(err))
		}
		if c.start(t, w, `DELETE FROM rls."grant" WHERE grantee = 'user:10'`) {
			t.Error("the same kind of change waits")
		}
		if err := c.end(t); err != nil {
			t.Error(explain(err))
		}
		a.do(t, "ROLLBACK")
		b.do(t, "ROLLBACK")
		// The lock is what makes them go one by one.
		a.do(t, "BEGIN; LOCK TABLE rls_lock.watermark_turn IN EXCLUSIVE MODE")
		if !b.start(t, w, dropGrant) {
			t.Error("nobody takes turns")
		}
		a.do(t, "ROLLBACK")
		if err := b.end(t); err != nil {
			t.Error(explain(err))
		}
	})
	// Neither has ended, and nobody younger has: the numbers of both are above what a snapshot knows.
	t.Run("a mark does not go down below one who has changed something", func(t *testing.T) {
		w.memoReset(t, g)
		w.known(t, "1")
		a, b := w.actor(t), w.actor(t)
		a.do(t, "BEGIN; SELECT pg_current_xact_id()")
		b.do(t, "BEGIN; "+dropGrant)
		above := one(t, w.root, marks)
		a.do(t, "UPDATE person SET active = NOT active WHERE id = 6; COMMIT")
		if now := one(t, w.root, marks); now != above {
			t.Errorf("the marks went from %s to %s", above, now)
		}
		_, _ = w.root.Exec(t.Context(), "SELECT rls.prepare('user', '1')")
		tx := enter(t, "1")
		agree(t, w, tx, memoNotes, "1 2 3 4", "before its end")
		b.do(t, "COMMIT")
		agree(t, w, tx, memoNotes, "NULL", "after its end")
		_ = tx.Rollback(t.Context())
	})
	// What SERIALIZABLE promises besides: two that each miss what the other does do not both commit.
	t.Run("SERIALIZABLE", func(t *testing.T) {
		for _, memo := range []bool{true, false} {
			w.memoReset(t, g)
			w.known(t, "1")
			tx := isolated(t, gate, pgx.Serializable)
			must(t, tx, "SELECT rls.enter('"+g.token("user", "1")+"')")
			if !memo {
				must(t, tx, "SET LOCAL rls.memo = ''")
			}
			other := isolated(t, w.admin(t), pgx.Serializable)
			one(t, tx, memoNotes)
			must(t, other, "SELECT count(*) FROM task")
			must(t, other, dropGrant)
			ownChange(t, w, g, tx, memoChange{change: "INSERT INTO task VALUES (500, 1)"})
			first, second := tx.Commit(t.Context()), other.Commit(t.Context())
			if (sqlstate(first) == "40001") == (sqlstate(second) == "40001") {
				t.Errorf("memo %t: %v, %v: want one of the two refused", memo, first, second)
			}
		}
	})
}

// TestMemoMarks is about the watermarks alone.
func TestMemoMarks(t *testing.T) {
	t.Parallel()
	w, g := newMemoWorld(t, memoModel)
	t.Run("a mark from another cluster goes down", func(t *testing.T) {
		for _, level := range []string{"READ COMMITTED", "REPEATABLE READ"} {
			w.memoReset(t, g)
			w.sql(t, "SELECT setval('rls.watermark', 4611686018427389000), setval('rls.state_watermark', 4611686018427389000), setval('rls.graph_watermark', 4611686018427389000)")
			a := w.actor(t)
			a.do(t, "BEGIN ISOLATION LEVEL "+level+"; "+dropGrant+"; UPDATE person SET boss = 10 WHERE id = 3; COMMIT")
			if now := one(t, w.root, marks); strings.Contains(now, "4611686018427389000") {
				t.Errorf("%s: the marks stay at %s", level, now)
			}
			w.known(t, "10")
		}
	})
	t.Run("marks never go down", func(t *testing.T) {
		w.memoReset(t, g)
		var wait sync.WaitGroup
		for n := range 8 {
			conn := w.admin(t)
			wait.Go(func() {
				for i := range 60 {
					change := fmt.Sprintf("UPDATE person SET active = NOT active WHERE id = %d", 2+n)
					switch (n + i) % 6 {
					case 0:
						change = fmt.Sprintf("INSERT INTO ward VALUES (%d, %d)", n+1, i%5)
					case 3: // few, so that nobody waits for long
						change = fmt.Sprintf("DELETE FROM ward WHERE viewer = %d", n+1)
					}
					// An old number half of the time.
					_, err := conn.Exec(context.WithoutCancel(t.Context()), "BEGIN; SELECT pg_current_xact_id(); SELECT count(*) FROM person; "+change+"; COMMIT", pgx.QueryExecModeSimpleProtocol)
					if err != nil {
						t.Error(explain(err))
						return
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { wait.Wait(); close(done) }()
		reader := w.admin(t)
		var last [3]int64
		looks := 0
		for running := true; running; looks++ {
			select {
			case <-done:
				running = false
			default:
			}
			var now [3]int64
			if err := reader.QueryRow(t.Context(), marks).Scan(&now[0], &now[1], &now[2]); err != nil {
				t.Fatal(explain(err))
			}
			for i := range now {
				if now[i] < last[i] {
					t.Errorf("a mark went from %v to %v", last, now)
				}
			}
			last = now
		}
		if last[2] != max(last[0], last[1]) {
			t.Errorf("at the end the marks are %v", last)
		}
		t.Logf("%d looks", looks)
	})
}
