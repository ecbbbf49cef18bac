package integration

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestSetOfAStar has a user whose key is the sign that stands for everybody where changes are told.
func TestSetOfAStar(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphModel, graphSchema("text", ""))
	g := w.gateway(t)
	conn := g.conn(t)
	const rows = `
		INSERT INTO person (id, boss) VALUES ('*', NULL), ('**', NULL), ('a', NULL), ('b', NULL), ('c', NULL), ('d', 'b');
		INSERT INTO deputy VALUES ('a', 'd');
		INSERT INTO note VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd'), (5, '*');`
	sees := func(t *testing.T, mode pgx.TxAccessMode, who, want string) {
		t.Helper()
		tx, err := conn.BeginTx(t.Context(), pgx.TxOptions{AccessMode: mode})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), "SELECT rls.enter($1)", g.token("user", who)); err != nil {
			t.Fatal(explain(err))
		}
		if got := w.outcome(t, tx, memoNotes); got != want {
			t.Errorf("%s: %s sees %s, and not %s", mode, who, got, want)
		}
		must(t, tx, "COMMIT")
	}
	all := []string{"a", "b", "c", "d", "**", "*"} // who is meant comes last: entering forgets what they know
	for name, c := range map[string]struct {
		change string
		want   map[string]string
	}{
		"somebody comes below": {"UPDATE person SET boss = '*' WHERE id = 'c'",
			map[string]string{"*": "3 5", "**": "NULL", "a": "1 4", "b": "2 4", "c": "3", "d": "4"}},
		"somebody leaves": {"UPDATE person SET boss = '*' WHERE id = 'd'; UPDATE person SET boss = 'b' WHERE id = 'd'",
			map[string]string{"*": "5", "a": "1 4", "b": "2 4", "d": "4"}},
		"many come below": {"INSERT INTO person (id, boss) SELECT 'x' || i, '*' FROM generate_series(1, 100) AS i; UPDATE person SET boss = '*' WHERE id = 'b'",
			map[string]string{"*": "2 4 5", "a": "1 4", "b": "2 4", "c": "3"}},
		"and everybody anew": {"BEGIN; UPDATE person SET boss = '*' WHERE id = 'c'; TRUNCATE deputy; COMMIT",
			map[string]string{"*": "3 5", "a": "1", "b": "2 4", "c": "3"}},
		"and everybody anew, before": {"BEGIN; TRUNCATE deputy; UPDATE person SET boss = '*' WHERE id = 'c'; COMMIT",
			map[string]string{"*": "3 5", "a": "1", "c": "3"}},
		"and what all have to know stays": {"BEGIN; TRUNCATE deputy; COMMIT; BEGIN; SELECT rls.prepare('user', '*'); COMMIT; SELECT rls.prune_changes()",
			map[string]string{"*": "5", "a": "1", "c": "3"}},
	} {
		t.Run(name, func(t *testing.T) {
			w.reset(t, rows)
			w.prepare(t, all...)
			w.sql(t, c.change)
			for _, mode := range []pgx.TxAccessMode{pgx.ReadOnly, pgx.ReadWrite} { // the first stores nothing
				for _, who := range all {
					if want := c.want[who]; want != "" {
						sees(t, mode, who, want)
					}
				}
			}
		})
	}
}
