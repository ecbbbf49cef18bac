package integration

import (
	"testing"
)

// TestMemoWithinStatement looks from a trigger of the application at what the statement that fired it has just changed: the
// application's triggers may come before those that tell of the change.
func TestMemoWithinStatement(t *testing.T) {
	t.Parallel()
	w, g := newMemoWorld(t, memoModel)
	w.sql(t, `CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			PERFORM set_config('app.seen', (SELECT count(*) FROM note)::text, true);
			RETURN NULL;
		END $$;
		CREATE TRIGGER a_look AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION look()`)
	gate := g.conn(t)
	for _, c := range []struct{ name, before, want string }{
		{"protected", "", "0"},
		{"control: told after the row alone", "ALTER TABLE person DISABLE TRIGGER zz_rls_state_ahead", "20"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.before != "" {
				w.sql(t, c.before)
			}
			w.known(t, "90")
			tx, _ := entered(t, gate, g.token("user", "90"))
			if _, remembered := counted(t, w, tx, memoNotes); !remembered {
				t.Fatal("no memo")
			}
			must(t, tx, "UPDATE person SET active = false WHERE id = 90")
			if got := one(t, tx, "SELECT current_setting('app.seen')"); got != c.want {
				t.Errorf("within the statement a superuser who is none any more sees %s rows, and not %s", got, c.want)
			}
			_ = tx.Rollback(t.Context())
		})
	}
}
