package integration

import (
	"testing"
)

// TestMemoUntold: nothing is remembered where changes are not told any more, and nothing for long.
func TestMemoUntold(t *testing.T) {
	t.Parallel()
	const remembered = "SELECT p.brief IS NOT NULL FROM rls.prepare('user', $1) AS p"
	for _, c := range []struct{ name, sql string }{
		{"users with a parent", "CREATE TABLE party (id bigint NOT NULL); ALTER TABLE person INHERIT party"},
		{"members with a parent", "CREATE TABLE party (member bigint); ALTER TABLE team_member INHERIT party"},
		{"members with a child", "CREATE TABLE party () INHERITS (team_member)"},
		{"a trigger of rows that is off", "ALTER TABLE person DISABLE TRIGGER rls_state_update"},
		{"all triggers off and on again", "ALTER TABLE team DISABLE TRIGGER USER; ALTER TABLE team ENABLE TRIGGER USER"},
		{"a trigger that is gone", "DROP TRIGGER rls_state_rows ON team_member"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w, _ := newMemoWorld(t, memoModel)
			w.known(t, "5", "90")
			w.sql(t, c.sql)
			w.sql(t, "SELECT rls.raise_watermark('state')") // or the row would count until its time has come
			for _, who := range []string{"5", "90"} {
				if got := one(t, w.root, remembered, who); got != "f" {
					t.Errorf("%s is remembered", who)
				}
			}
		})
	}
	t.Run("for five minutes", func(t *testing.T) {
		t.Parallel()
		w, g := newMemoWorld(t, memoModel)
		w.known(t, "1")
		if got := one(t, w.root, "SELECT bool_and(s.until BETWEEN now() AND now() + interval '5 minutes') FROM rls.visible_set AS s WHERE s.decided IS NOT NULL"); got != "t" {
			t.Error("something is remembered for longer")
		}
		w.sql(t, "UPDATE rls.visible_set SET until = now()")
		tx, _ := entered(t, g.conn(t), g.token("user", "1"))
		if !agree(t, w, tx, memoNotes, "1 2 3 4", "after that") {
			t.Error("it was not renewed")
		}
		must(t, tx, "COMMIT")
		must(t, w.root, "UPDATE rls.visible_set SET until = clock_timestamp() + interval '0.5 s'")
		tx, _ = entered(t, g.conn(t), g.token("user", "1"))
		until(t, func() bool {
			return one(t, tx, "SELECT clock_timestamp() > transaction_timestamp() + interval '0.5 s'") == "t"
		})
		if agree(t, w, tx, memoNotes, "1 2 3 4", "when its time has come") {
			t.Error("it counts for ever")
		}
		_ = tx.Rollback(t.Context())
	})
	// An apply worker fires triggers of rows alone, and those that fire for a replica.
	t.Run("what replication brings", func(t *testing.T) {
		t.Parallel()
		w, g := newMemoWorld(t, memoModel)
		for name, change := range map[string]string{
			"grant":    `UPDATE rls."grant" SET valid_from = '2000-01-01', valid_until = '2001-01-01'`,
			"resource": "UPDATE rls.resource SET title = 'x' WHERE name = 'task'",
			"login":    "UPDATE rls.login SET given = given WHERE name = '" + g.login + "'",
			"compiled": "UPDATE rls.compiled SET title = title WHERE kind = 'view'",
		} {
			alter := `ALTER TABLE rls."` + name + `" DISABLE TRIGGER `
			for _, told := range []bool{true, false} {
				off := alter + "state_" + name
				if !told { // the control
					off += "; " + alter + "state_replica_" + name
				}
				before := one(t, w.root, "SELECT last_value FROM rls.watermark")
				w.sql(t, off+"; SET session_replication_role = replica; "+change+"; SET session_replication_role = origin")
				if after := one(t, w.root, "SELECT last_value FROM rls.watermark"); (after != before) != told {
					t.Errorf("%s: the mark goes from %s to %s", name, before, after)
				}
			}
		}
	})
}
