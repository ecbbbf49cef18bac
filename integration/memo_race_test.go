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
		t.Run("control: a horizon that is not asked/"+c.name, func(t *testing.T) {
			w, g := newMemoWorld(t, memoModel)
			w.known(t, "1")
			a, b := w.actor(t), w.actor(t)
			a.do(t, "BEGIN; SELECT pg_current_xact_id()")
			b.do(t, "UPDATE person SET active = NOT active WHERE id = 6")
			w.sql(t, `UPDATE rls.visible_set AS s SET decided = (SELECT d.last_value FROM rls.state_watermark AS d), marked = (SELECT w.last_value FROM rls.watermark AS w), brief = NULL`) // a memo that says it itself asks by the snapshot
			tx, _ := entered(t, g.conn(t), g.token("user", "1"))
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
		if got := one(t, w.root, "SELECT count(*) FROM pg_locks AS l WHERE l.relation = 'rls.watermark_turn'::regclass"); got != "0" {
			t.Errorf("%s locks of rls.watermark_turn are held", got)
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
		a.do(t, "BEGIN; LOCK TABLE rls.watermark_turn IN EXCLUSIVE MODE")
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
					if (n+i)%3 == 0 {
						change = fmt.Sprintf("INSERT INTO ward VALUES (%d, %d)", n+1, i%5)
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

// TestMemoForged is about a client that sets what it likes.
func TestMemoForged(t *testing.T) {
	t.Parallel()
	w, g := newMemoWorld(t, memoModel)
	h := w.gateway(t)
	w.known(t, "1", "5", "10", "90")
	const both = "SELECT current_setting('rls.context') || '@' || current_setting('rls.memo')"
	stolen := func(tx pgx.Tx) (context, memo string) {
		context, memo, _ = strings.Cut(one(t, tx, both), "@")
		return context, memo
	}
	set := func(tx pgx.Tx, name, value string) {
		t.Helper()
		if _, err := tx.Exec(t.Context(), "SELECT set_config($1, $2, true)", name, value); err != nil {
			t.Fatal(explain(err))
		}
	}
	a := g.conn(t)
	old, _ := entered(t, a, g.token("user", "90"))
	oldContext, oldMemo := stolen(old)
	must(t, old, "COMMIT")
	other, _ := entered(t, g.conn(t), g.token("user", "90"))
	otherContext, otherMemo := stolen(other)
	theirs, _ := entered(t, h.conn(t), h.token("user", "10"))
	theirContext, theirMemo := stolen(theirs)
	tx, _ := entered(t, a, g.token("user", "10"))
	context, memo := stolen(tx)
	if oldMemo == "" || otherMemo == "" || theirMemo == "" || memo == "" {
		t.Fatal("no memos: nothing is proved")
	}
	try := func(name, context, memo, want string, used bool) {
		t.Helper()
		sp, err := tx.Begin(t.Context())
		if err != nil {
			t.Fatal(explain(err))
		}
		defer sp.Rollback(t.Context()) //nolint:errcheck // nothing is kept
		set(sp, "rls.context", context)
		set(sp, "rls.memo", memo)
		got, remembered := counted(t, w, sp, memoNotes)
		if got != want || remembered != used {
			t.Errorf("%s: %s, remembered: %t; want %s", name, got, remembered, want)
		}
	}
	try("its own", context, memo, "10 20", true)
	try("another viewer's key", context, memo[:64]+"90", "10 20", false)
	try("another viewer's key, upper case", context, strings.ToUpper(memo), "10 20", false)
	try("a space behind", context, memo+" ", "10 20", false)
	try("a zero before the key", context, memo[:64]+"010", "10 20", false)
	for name, pair := range map[string][2]string{"an earlier transaction": {oldContext, oldMemo}, "another session": {otherContext, otherMemo}, "another gateway": {theirContext, theirMemo}} {
		try("memo and context of "+name, pair[0], pair[1], "RL003", false)
		try("the context of "+name, pair[0], memo, "RL003", false)
		try("the memo of "+name, context, pair[1], "10 20", false)
	}
	for name, changed := range map[string]string{
		"deadline": strings.Replace(context, "|"+strings.Split(context, "|")[7]+"|", "|99999999999|", 1), "mac": context[:len(context)-1] + "g",
		"longer": context + "0", "key": strings.Replace(context, "3130", "3930", 1), "garbage": "x", "a pipe": "|",
	} {
		try("an altered context: "+name, changed, memo, "RL003", false)
	}
	try("no context", "", memo, "RL001", false)
	for name, bad := range map[string]string{"short": "x", "63 digits": memo[:63], "64 digits": memo[:64], "quotes": `'"\'; SELECT 1 --`, "1 MB": strings.Repeat("ä", 1<<19),
		"multibyte": strings.Repeat("ß", 64) + "10", "zeros": strings.Repeat("0", 64) + "10", "percent": "%s%n", "a key that is none": memo[:64] + "no key"} {
		try("a bad memo: "+name, context, bad, "10 20", false)
	}
	// Control: whoever knew the secret could.
	sealed := one(t, w.root, `SELECT encode(sha256(convert_to($1, 'UTF8') || int8send((SELECT last_value FROM rls.watermark)) || timestamptz_send($2::text::timestamptz)
		|| convert_to($3, 'UTF8') || s.secret || int8send(s.decided)), 'hex') || '90' FROM rls.visible_set AS s WHERE s.viewer = '90'`, context, one(t, tx, "SELECT transaction_timestamp()"), g.login)
	tx2, err := tx.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	set(tx2, "rls.memo", sealed)
	must(t, tx2, "SET LOCAL ROLE rls_all_"+w.role("app"))
	if got := w.outcome(t, tx2, memoNotes); got != memoAll {
		t.Errorf("control: %s", got)
	}
	_ = tx2.Rollback(t.Context())
	t.Run("max_transaction", func(t *testing.T) {
		w.sql(t, "UPDATE rls.gateway SET max_transaction = '1 microsecond' WHERE login = $1", h.login)
		w.known(t, "1", "90")
		for _, key := range []string{"1", "90"} {
			conn := h.conn(t)
			tx, _ := entered(t, conn, h.token("user", key))
			if one(t, tx, memoOf) == "" {
				t.Error("no memo: nothing is proved")
			}
			if got := w.outcome(t, tx, memoNotes); got != "RL002" {
				t.Errorf("user %s: %s, want RL002", key, got)
			}
			_ = tx.Rollback(t.Context())
		}
	})
}
