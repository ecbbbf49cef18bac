package integration

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// settle waits until every transaction is over that was open when the graph was last changed: on a server with other
// databases, nobody knows before that a change is old.
func (w *world) settle(t testing.TB) {
	t.Helper()
	until(t, func() bool {
		return one(t, w.root, "SELECT coalesce(pg_snapshot_xmin(pg_current_snapshot()) > max(c.xid), true) FROM rls.graph_change AS c") == "t"
	})
}

// actor is one connection that acts while others wait.
type actor struct {
	conn *pgx.Conn
	pid  uint32
	done chan error
}

func (w *world) actor(t testing.TB) *actor {
	t.Helper()
	conn := w.admin(t)
	return &actor{conn: conn, pid: conn.PgConn().PID()}
}

// do runs statements to their end.
func (a *actor) do(t testing.TB, sql string) {
	t.Helper()
	if err := a.run(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, explain(err))
	}
}

func (a *actor) run(ctx context.Context, sql string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	_, err := a.conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	return err
}

// start runs statements that will wait for somebody, and returns when they do, or false when they did not.
func (a *actor) start(t testing.TB, w *world, sql string) (waits bool) {
	t.Helper()
	a.done = make(chan error, 1)
	go func() { a.done <- a.run(context.WithoutCancel(t.Context()), sql) }()
	for {
		select {
		case err := <-a.done:
			a.done <- err
			return false
		case <-time.After(time.Millisecond): // between two looks
		}
		if one(t, w.root, "SELECT cardinality(pg_blocking_pids($1)) > 0", a.pid) == "t" {
			return true
		}
	}
}

// end waits for what start has begun.
func (a *actor) end(t testing.TB) error { t.Helper(); return <-a.done }

// noLock makes changes of the graph wait for nobody: the control of what waiting is for.
const noLock = `CREATE OR REPLACE FUNCTION rls.lock_graph() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
	BEGIN DELETE FROM rls.edge_gone; END $$`

// TestSetConcurrentChanges changes the graph in two transactions at once.
// Of a set kept in a cache: "it is changed or invalidated in the transaction that changes the graph".
func TestSetConcurrentChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphModel, graphSchema("bigint", "")) // its tests run one after the other
	loose := newWorld(t, graphModel, graphSchema("bigint", ""))
	loose.sql(t, noLock)
	all := []string{"1", "2", "3", "4", "5", "10", "20", "30"}
	for _, c := range []struct {
		name          string
		first, second string
		viewer        string // who sees wrongly where nobody waits
	}{
		{"two moves of one chain", "UPDATE person SET boss = 10 WHERE id = 2", "UPDATE person SET boss = 20 WHERE id = 3", "10"},
		{"a move and a child below", "UPDATE person SET boss = 10 WHERE id = 2", "INSERT INTO person (id, boss) VALUES (5, 4)", "10"},
		{"a child below and a move", "INSERT INTO person (id, boss) VALUES (5, 4)", "UPDATE person SET boss = 10 WHERE id = 2", "10"},
		{"a move and a pair below", "UPDATE person SET boss = 10 WHERE id = 2", "INSERT INTO deputy VALUES (4, 20)", "10"},
		{"a pair and its user", "INSERT INTO ward VALUES (10, 5)", "INSERT INTO person (id) VALUES (5)", "10"},
		{"two pairs in a row", "INSERT INTO ward VALUES (10, 20)", "INSERT INTO ward VALUES (20, 1)", "10"},
	} {
		for _, level := range []pgx.TxIsoLevel{pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable} {
			for _, commit := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/%s/first commits %t", c.name, level, commit), func(t *testing.T) {
					w.reset(t, smallOrg)
					w.prepare(t, all...)
					a, b := w.actor(t), w.actor(t)
					a.do(t, "BEGIN; "+c.first)
					b.do(t, "BEGIN ISOLATION LEVEL "+string(level)+"; SELECT count(*) FROM person")
					if !b.start(t, w, c.second) {
						t.Fatalf("%s did not wait for %s: %v", c.second, c.first, b.end(t))
					}
					// Nobody but a writer of the graph waits for one.
					w.right(t, w.root, "bigint", all, "while one waits for the other")
					w.prepare(t, all...)
					if commit {
						a.do(t, "COMMIT")
					} else {
						a.do(t, "ROLLBACK")
					}
					err := b.end(t)
					if refused := commit && level != pgx.ReadCommitted; refused != (sqlstate(err) == "40001") || err != nil && !refused {
						t.Fatalf("the second: %v", explain(err))
					}
					if err == nil {
						w.right(t, b.conn, "bigint", all, "within the second")
						b.do(t, "COMMIT")
					} else {
						b.do(t, "ROLLBACK")
					}
					w.right(t, w.root, "bigint", all, "after both")
					w.prepare(t, all...)
					w.right(t, w.root, "bigint", all, "renewed")
				})
			}
		}
		t.Run(c.name+"/control: nobody waits", func(t *testing.T) {
			w := loose
			w.reset(t, smallOrg)
			w.prepare(t, all...)
			a, b := w.actor(t), w.actor(t)
			a.do(t, "BEGIN; "+c.first)
			b.do(t, c.second)
			a.do(t, "COMMIT")
			if w.wrong(t, w.root, "bigint", []string{c.viewer}) == "" {
				t.Errorf("viewer %s sees rightly without the lock: this test proves nothing", c.viewer)
			}
		})
	}
}

// TestSetRefreshMeetsChange renews a set from a snapshot that is older than a change that commits first.
// "Mind the race between a refresh with an old snapshot and a concurrent change."
func TestSetRefreshMeetsChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphModel, graphSchema("bigint", "")) // its tests run one after the other
	all := []string{"1", "2", "3", "4", "10", "20"}
	for _, prune := range []bool{false, true} {
		for _, order := range []string{
			"change, refresh, commit, commit", "refresh, change, commit, commit", "change, refresh, refresh commits first",
		} {
			t.Run(fmt.Sprintf("%s/prune %t", order, prune), func(t *testing.T) {
				w.reset(t, smallOrg+"DELETE FROM rls.graph_change")
				a, b := w.actor(t), w.actor(t)
				change := "BEGIN; UPDATE person SET boss = 10 WHERE id = 3"
				refresh := "BEGIN; SELECT rls.prepare('user', id::text) FROM person"
				tidy := func() {
					if prune {
						// Whoever forgets changes is in the middle of changing the graph, and must not wait for who has entered.
						for range 2 {
							if got := w.outcome(t, w.root, "SELECT rls.prune_changes() FROM set_config('lock_timeout', '2s', true)"); got == "55P03" {
								t.Fatal("forgetting changes waits for whoever has stored a set")
							}
						}
					}
					w.right(t, w.root, "bigint", all, "for everybody else")
				}
				// One that began before both, and sees neither to its end.
				old := isolated(t, w.admin(t), pgx.RepeatableRead)
				if got := one(t, old, "SELECT cardinality(rls.visible_ids(1, true))"); got != "4" {
					t.Fatalf("1 sees %s", got)
				}
				switch order {
				case "change, refresh, commit, commit":
					a.do(t, change)
					b.do(t, refresh)
					tidy()
					a.do(t, "COMMIT")
					tidy()
					w.right(t, b.conn, "bigint", all, "for the transaction of the refresh")
					b.do(t, "COMMIT")
				case "refresh, change, commit, commit":
					b.do(t, refresh)
					a.do(t, change)
					tidy()
					a.do(t, "COMMIT")
					tidy()
					w.right(t, b.conn, "bigint", all, "for the transaction of the refresh")
					b.do(t, "COMMIT")
				default:
					a.do(t, change)
					b.do(t, refresh)
					b.do(t, "COMMIT")
					tidy()
					w.right(t, a.conn, "bigint", all, "for the transaction of the change")
					a.do(t, "COMMIT")
				}
				tidy()
				tidy()
				w.prepare(t, all...)
				tidy()
				w.right(t, old, "bigint", all, "for one that began before")
				if got := one(t, old, "SELECT cardinality(rls.visible_ids(1, true))"); got != "4" {
					t.Errorf("in its own snapshot 1 sees %s, want 4", got)
				}
			})
		}
	}
}

// TestSetSnapshotsStay reads before and after a change in transactions that keep their snapshot.
func TestSetSnapshotsStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphModel, graphSchema("bigint", "")) // its tests run one after the other
	all := []string{"1", "2", "3", "4", "10", "20"}
	for _, level := range []pgx.TxIsoLevel{pgx.RepeatableRead, pgx.Serializable} {
		t.Run(string(level), func(t *testing.T) {
			w.reset(t, smallOrg)
			w.prepare(t, all...)
			old := isolated(t, w.admin(t), level)
			w.right(t, old, "bigint", all, "before")
			before := one(t, old, "SELECT rls.visible_ids(1, true)::text")
			w.sql(t, "UPDATE person SET boss = 10 WHERE id = 3")
			w.prepare(t, all...)
			w.sql(t, "DELETE FROM person WHERE id = 4")
			w.sql(t, "SELECT rls.prune_changes()")
			w.sql(t, "INSERT INTO ward VALUES (20, 1)")
			w.prepare(t, all...)
			w.sql(t, "SELECT rls.prune_changes()")
			w.right(t, old, "bigint", all, "after")
			if got := one(t, old, "SELECT rls.visible_ids(1, true)::text"); got != before {
				t.Errorf("whom 1 sees went from %s to %s within one snapshot", before, got)
			}
			if got := one(t, old, "SELECT rls.prepare('user', '1')"); got == "" {
				t.Error("entering says no form")
			}
			// "Under REPEATABLE READ the update raises 40001 where that is too late."
			if got := w.outcome(t, old, "UPDATE person SET boss = 20 WHERE id = 2"); got != "40001" {
				t.Errorf("a change from an old snapshot: %s", got)
			}
			w.right(t, w.root, "bigint", all, "afterwards")
		})
	}
}

// TestSetNobodyWaits enters while others are at it, whose transactions do not end meanwhile. Who meets somebody that stores
// the same set gives up after a millisecond.
func TestSetNobodyWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphModel, graphSchema("bigint", "")) // its tests run one after the other
	all := []string{"1", "2", "3", "4", "10", "20"}
	for _, c := range []struct {
		name   string
		before string
		others string // in a transaction that stays open
		who    string
	}{
		{"for whoever stores the same set", "", "SELECT rls.prepare('user', '1')", "1"},
		{"for whoever renews the same set", "SELECT rls.prepare('user', '1'); TRUNCATE ward", "SELECT rls.prepare('user', '1')", "1"},
		{"for whoever changes the graph", "SELECT rls.prepare('user', '1')", "UPDATE person SET boss = 10 WHERE id = 2", "1"},
		{"for whoever changes the graph, without a set", "", "UPDATE person SET boss = 10 WHERE id = 2", "1"},
		{"for whoever forgets changes", "UPDATE person SET boss = 10 WHERE id = 3", "SELECT rls.prune_changes()", "10"},
		{"for whoever deletes what is doomed", "UPDATE person SET boss = 10 WHERE id = 3; SELECT rls.prune_changes()",
			"SELECT rls.prune_changes()", "10"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.reset(t, smallOrg)
			if c.before != "" {
				w.sql(t, c.before)
			}
			w.settle(t)
			a, b := w.actor(t), w.actor(t)
			a.do(t, "BEGIN; "+c.others)
			if err := b.run(t.Context(), "SELECT rls.prepare('user', '"+c.who+"')"); err != nil {
				t.Errorf("entering waits: %v", explain(err))
			}
			w.right(t, w.root, "bigint", all, "meanwhile")
			_ = a.run(t.Context(), "COMMIT")
			w.right(t, w.root, "bigint", all, "afterwards")
		})
	}
}

// TestSetNoDeadlock lets two transactions change the graph, of which one would have waited for nobody without the toolkit,
// or for the other alone. A statement locks its rows before the graph, or a statement without rows could stop everybody:
// so two that touch the same rows may end with 40P01 for one of them, and the sets are right.
func TestSetNoDeadlock(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphModel, graphSchema("bigint", "")) // its tests run one after the other
	for _, c := range []struct{ name, before, first, second, again string }{
		{"two rows and one of them, deadlock", "", "UPDATE person SET boss = 10 WHERE id = 2", "UPDATE person SET boss = 20 WHERE id = 3",
			"UPDATE person SET boss = 10 WHERE id = 3"},
		// Changes that nobody needs are forgotten by whoever changes the graph, now and then.
		{"one that has entered, and one that forgets changes", "UPDATE person SET boss = 10 WHERE id = 3",
			"SELECT rls.prepare('user', '10')", "UPDATE person SET boss = 20 WHERE id = 2; SELECT rls.prune_changes()",
			"UPDATE person SET boss = 20 WHERE id = 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.reset(t, smallOrg)
			if c.before != "" {
				w.sql(t, c.before)
			}
			w.settle(t)
			a, b := w.actor(t), w.actor(t)
			a.do(t, "BEGIN; "+c.first)
			b.do(t, "BEGIN")
			waits := b.start(t, w, c.second)
			if !waits { // nothing to wait for is as good
				b.done <- errors.Join(b.end(t), b.run(t.Context(), "COMMIT"))
			}
			first := a.run(t.Context(), c.again)
			_ = a.run(t.Context(), "COMMIT")
			second := b.end(t)
			_ = b.run(t.Context(), "COMMIT")
			if strings.HasSuffix(c.name, "deadlock") {
				if codes := sqlstate(first) + sqlstate(second); codes != "40P01" {
					t.Errorf("both: %v, %v; one of them is to be the victim", explain(first), explain(second))
				}
			} else if err := errors.Join(first, second); err != nil {
				t.Errorf("both (the second waited: %t): %v", waits, explain(err))
			}
			w.right(t, w.root, "bigint", []string{"1", "2", "3", "4", "10", "20"}, "afterwards")
		})
	}
}

// TestSetPreparedHolder leaves a change of the hierarchy behind as a prepared transaction, which has no backend: who waits for it
// is told its name and its login.
func TestSetPreparedHolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphModel, graphSchema("bigint", ""))
	if one(t, w.root, "SHOW max_prepared_transactions") == "0" {
		t.Skip("SKIPPED: this server has max_prepared_transactions 0")
	}
	w.reset(t, smallOrg)
	a, b := w.actor(t), w.actor(t)
	gid := "left_" + one(t, a.conn, "SELECT current_database()")
	a.do(t, "BEGIN; UPDATE person SET boss = 10 WHERE id = 2")
	a.do(t, "PREPARE TRANSACTION '"+gid+"'")
	defer a.do(t, "ROLLBACK PREPARED '"+gid+"'")
	b.do(t, "SET lock_timeout = '10ms'")
	err := b.run(t.Context(), "UPDATE person SET boss = 20 WHERE id = 3")
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "55P03" || !strings.HasPrefix(pg.Detail, "It is prepared transaction '"+gid+"' of login ") {
		t.Errorf("%v", explain(err))
	}
}
