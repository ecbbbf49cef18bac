package integration

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/pgserver"
)

// elsewhere is a server of its own on this machine, whose transaction numbers have just begun.
func elsewhere(t testing.TB, w *world) *pgserver.Server {
	t.Helper()
	if kind := w.db.Server().Kind(); kind != pgserver.KindLocal {
		t.Skipf("SKIPPED: copies of a cluster need server programs here, and the tests run with a server of kind %q", kind)
	}
	settings := map[string]string{"wal_level": "logical", "wal_writer_delay": "10ms", "max_wal_senders": "6", "max_replication_slots": "6"}
	o := pgserver.Options{Prefer: pgserver.KindLocal, Major: w.db.Server().Version() / 10000, Settings: settings}
	s, err := pgserver.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// restore dumps a world into the database "copy" of another server, roles first.
func (w *world) restore(t testing.TB, s *pgserver.Server) *pgx.Conn {
	t.Helper()
	tool := func(stop string, name string, args ...string) []byte {
		cmd := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(s.Psql()), name), args...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil && stop == "" {
			t.Fatalf("%s: %v: %s", name, err, stderr.String())
		}
		return out
	}
	admin := connect(t, s, "postgres")
	// Tests beside this one make and drop roles meanwhile: only those of this world are taken along.
	for _, r := range w.rows(t, w.root, `SELECT format('CREATE ROLE %I', rolname) FROM pg_roles
		WHERE rolname ~ '^rls_(owner|client|any|narrow|middle|wide|all)$' OR rolname = ANY ($1)`, w.mine(t)) {
		must(t, admin, r)
	}
	for _, r := range w.rows(t, w.root, `SELECT format('GRANT %I TO %I', g.rolname, m.rolname)
		FROM pg_auth_members AS a JOIN pg_roles AS g ON g.oid = a.roleid
		JOIN pg_roles AS m ON m.oid = a.member WHERE m.rolname = ANY ($1)`, w.mine(t)) {
		must(t, admin, r)
	}
	must(t, admin, "CREATE DATABASE copy")
	dump := filepath.Join(t.TempDir(), "dump")
	tool("", "pg_dump", "-Fc", "-f", dump, "-d", w.db.URL(""))
	tool("", "pg_restore", "--exit-on-error", "-d", s.URL("", "copy"), dump)
	return connect(t, s, "copy")
}

// mine is the database roles of this world.
func (w *world) mine(t testing.TB) []string {
	t.Helper()
	out := w.rows(t, w.root, "SELECT role FROM rls.plan_role UNION SELECT login FROM rls.gateway")
	for _, r := range w.roles {
		out = append(out, r)
	}
	return out
}

func connect(t testing.TB, s *pgserver.Server, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL("", database))
	if err != nil {
		t.Fatal(explain(err))
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// caughtUp waits until a standby has replayed what its primary has written.
func caughtUp(t testing.TB, primary, standby *pgx.Conn) {
	t.Helper()
	// Something is written, or the end could be a page that nothing has been written to.
	end := one(t, primary, "SELECT pg_logical_emit_message(true, 'caught up', '')")
	until(t, func() bool { return one(t, standby, "SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn", end) == "t" })
}

// until looks again until something is so.
func until(t testing.TB, so func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !so(); {
		if time.Now().After(end) {
			t.Fatal("this takes too long")
		}
		time.Sleep(5 * time.Millisecond) // between two looks
	}
}

// waits waits until a backend waits for a lock.
func (w *world) waits(t testing.TB, pid uint32) {
	t.Helper()
	until(t, func() bool {
		return one(t, w.root, "SELECT count(*)::text FROM pg_locks WHERE pid = $1 AND NOT granted", int64(pid)) != "0"
	})
}

// TestSetCopies takes a database to where its transaction numbers mean something else, or nothing.
func TestSetCopies(t *testing.T) {
	t.Parallel()
	all := []string{"1", "2", "3", "4", "10", "20", "5"}
	w := newWorld(t, graphModel, graphSchema("bigint", "")+smallOrg+"INSERT INTO note SELECT id, id FROM person;")
	w.shared(t, "app")
	// Numbers there begin low, and here they are higher than what is asked there.
	w.sql(t, "DO $$ BEGIN FOR i IN 1..2000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$")
	w.prepare(t, all...)
	w.sql(t, "UPDATE person SET boss = 10 WHERE id = 3")
	s := elsewhere(t, w)
	primary := w.restore(t, s)
	if one(t, primary, "SELECT count(*) FROM rls.visible_set") == "0" {
		t.Fatal("the dump holds no sets: nothing is proved")
	}

	t.Run("a dump restored into another cluster", func(t *testing.T) {
		w.right(t, primary, "bigint", all, "restored")
		must(t, primary, "UPDATE person SET boss = 20 WHERE id = 3; DELETE FROM person WHERE id = 4")
		w.right(t, primary, "bigint", all, "after changes there")
		must(t, primary, "SELECT count("+entering+") FROM (SELECT id::text FROM person) AS p(k)")
		w.right(t, primary, "bigint", all, "stored there")
		must(t, primary, "INSERT INTO ward VALUES (1, 20)")
		w.right(t, primary, "bigint", all, "changed there once more")
		must(t, primary, "SELECT rls.prune_changes()")
		must(t, primary, "SELECT rls.prune_changes()")
		w.right(t, primary, "bigint", all, "forgotten there")
		must(t, primary, "TRUNCATE deputy")
		must(t, primary, "SELECT count("+entering+") FROM (SELECT id::text FROM person) AS p(k)")
		w.right(t, primary, "bigint", all, "renewed there")
	})
	t.Run("control: sets that were not told apart", func(t *testing.T) {
		tx := begin(t, primary)
		must(t, tx, `ALTER TABLE rls.visible_set ALTER restored_on DROP EXPRESSION;
			UPDATE rls.visible_set SET restored_on = computed_on, since = (since::text::bigint + 1000000)::text::xid8, snapshot = '9999999:9999999:';
			DELETE FROM rls.graph_change; UPDATE person SET boss = 10 WHERE id = 3`)
		if w.wrong(t, tx, "bigint", all) == "" {
			t.Error("a stale set would have been right: nothing is proved")
		}
		_ = tx.Rollback(t.Context())
	})
	// What is stored from here on is of this cluster alone.
	must(t, primary, "DELETE FROM rls.visible_set; DELETE FROM rls.graph_change; SET synchronous_commit = on")
	t.Run("a hot standby", func(t *testing.T) {
		o := pgserver.Options{Settings: map[string]string{"wal_retrieve_retry_interval": "50ms"}}
		standbyServer, err := s.Standby(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		defer standbyServer.Stop(context.Background()) //nolint:errcheck // the directory goes either way
		standby := connect(t, standbyServer, "copy")
		caughtUp(t, primary, standby)
		for _, step := range []string{
			"UPDATE person SET boss = 1 WHERE id = 3", "INSERT INTO person (id, boss) VALUES (5, 3)", "DELETE FROM person WHERE id = 2",
			"TRUNCATE ward",
			"SELECT count(" + entering + ") FROM (SELECT id::text FROM person) AS p(k)", "UPDATE person SET boss = 20 WHERE id = 3",
			"DELETE FROM rls.visible_set", "INSERT INTO ward VALUES (20, 1), (1, 10)", "SELECT rls.prune_changes()",
		} {
			old := isolated(t, standby, pgx.RepeatableRead)
			before := one(t, old, "SELECT rls.visible_ids(1, true)::text")
			must(t, primary, step)
			w.right(t, primary, "bigint", all, "on the primary, after "+step)
			if strings.HasPrefix(step, "TRUNCATE") { // replaying it waits for whoever has read the table
				_ = old.Rollback(t.Context())
			}
			caughtUp(t, primary, standby)
			if !strings.HasPrefix(step, "TRUNCATE") {
				if got := one(t, old, "SELECT rls.visible_ids(1, true)::text"); got != before {
					t.Errorf("within one snapshot of the standby 1 saw %s and then %s", before, got)
				}
				_ = old.Rollback(t.Context())
			}
			w.right(t, standby, "bigint", all, "on the standby, after "+step)
			for _, v := range []string{"1", "20"} {
				if got := one(t, standby, "SELECT p.form IS NOT NULL FROM rls.prepare('user', $1) AS p", v); got != "t" {
					t.Errorf("entering says %s on the standby", got)
				}
			}
		}
		must(t, primary, "INSERT INTO note VALUES (99, NULL)")
		caughtUp(t, primary, standby)
		g := w.shared(t, "app")
		if _, err := primary.Exec(t.Context(), "SELECT rls.add_key($1, $2, $3)", g.login, g.keyID, g.key); err != nil { // no dump carries keys
			t.Fatal(explain(err))
		}
		caughtUp(t, primary, standby)
		gate, err := pgx.Connect(t.Context(), standbyServer.URL(g.login, "copy"))
		if err != nil {
			// Logins were restored without LOGIN.
			must(t, primary, "ALTER ROLE "+g.login+" LOGIN NOINHERIT")
			caughtUp(t, primary, standby)
			if gate, err = pgx.Connect(t.Context(), standbyServer.URL(g.login, "copy")); err != nil {
				t.Fatal(explain(err))
			}
		}
		defer gate.Close(context.Background()) //nolint:errcheck // the end
		tx := begin(t, gate)
		if got := one(t, tx, "SELECT rls.enter($1)", g.token("user", "1")); got != "user:1" {
			t.Errorf("entered as %s", got)
		}
		want := one(t, primary, "SELECT count(*) FROM note WHERE owner = ANY (rls.visible_ids(1, false))")
		if got := one(t, tx, "SELECT count(*) FROM note"); got != want {
			t.Errorf("1 sees %s notes on the standby, want %s", got, want)
		}
		_ = tx.Rollback(t.Context())
		// A standby draws no number that would tell the transactions of one message apart.
		if got := w.message(t, gate, "BEGIN; SELECT rls.enter('"+g.token("user", "1")+"')"); got != "RL009" {
			t.Errorf("entering in the message that begins the transaction: %s", got)
		}
		memosOnStandby(t, primary, connect(t, s, "copy"), standby, gate, func() string { return g.token("user", "1") })
	})
	// "Also where changes are replicated": an apply worker fires triggers of rows, and none of statements.
	t.Run("logical replication", func(t *testing.T) {
		admin := connect(t, s, "postgres")
		must(t, admin, "CREATE DATABASE source")
		source := connect(t, s, "source")
		must(t, source, `CREATE TABLE person (id bigint PRIMARY KEY, boss bigint, maker bigint, rank text NOT NULL DEFAULT '');
			CREATE TABLE ward (viewer bigint, seen bigint, PRIMARY KEY (viewer, seen)); CREATE PUBLICATION p FOR TABLE person, ward`)
		must(t, source, "INSERT INTO person VALUES (1, NULL), (2, 1), (3, 2), (4, 3), (10, NULL), (20, NULL)")
		must(t, source, "SELECT pg_create_logical_replication_slot('to_copy', 'pgoutput')")
		must(t, primary, "TRUNCATE person, ward, deputy")
		must(t, primary, "INSERT INTO person VALUES (1, NULL), (2, 1), (3, 2), (4, 3), (10, NULL), (20, NULL)")
		must(t, primary, "SELECT count("+entering+") FROM (SELECT id::text FROM person) AS p(k)")
		must(t, primary, "CREATE SUBSCRIPTION c CONNECTION '"+strings.ReplaceAll(s.URL("", "source"), "'", "''")+
			"' PUBLICATION p WITH (copy_data = false, create_slot = false, slot_name = 'to_copy')")
		defer must(t, primary, "ALTER SUBSCRIPTION c DISABLE; ALTER SUBSCRIPTION c SET (slot_name = NONE); DROP SUBSCRIPTION c")
		must(t, source, "UPDATE person SET boss = 10 WHERE id = 3")
		must(t, source, "INSERT INTO ward VALUES (20, 1)")
		until(t, func() bool { return one(t, primary, "SELECT count(*) FROM ward") == "1" })
		w.right(t, primary, "bigint", all, "replicated")
		must(t, source, "DELETE FROM person WHERE id = 4")
		must(t, source, "TRUNCATE ward")
		until(t, func() bool { return one(t, primary, "SELECT count(*) FROM ward") == "0" })
		w.right(t, primary, "bigint", all, "replicated further")
	})
}

// memosOnStandby enters on a standby while the primary changes what decides. The watermarks came with a dump from where
// transactions have higher numbers: they are put right, or nothing is remembered.
func memosOnStandby(t *testing.T, primary, other, standby, gate *pgx.Conn, token func() string) {
	t.Helper()
	remembered := func(tx pgx.Tx) bool { return one(t, tx, "SELECT current_setting('rls.memo') <> ''") == "t" }
	count := func(tx pgx.Tx, want, when string) {
		t.Helper()
		if got := one(t, tx, "SELECT count(*) FROM note"); got != want {
			t.Errorf("%s: %s notes on the standby, want %s", when, got, want)
		}
	}
	enter := func() pgx.Tx {
		t.Helper()
		caughtUp(t, primary, standby)
		tx := begin(t, gate)
		must(t, tx, "SELECT rls.enter('"+token()+"')")
		return tx
	}
	known := func() {
		t.Helper()
		until(t, func() bool {
			return one(t, primary, "SELECT p.brief IS NOT NULL FROM rls.prepare('user', '1') AS p") == "t"
		})
	}
	const none, some = `UPDATE rls."grant" SET valid_until = '2001-01-01', valid_from = '2000-01-01'`, `UPDATE rls."grant" SET valid_until = NULL, valid_from = NULL`
	must(t, primary, some)
	must(t, primary, "UPDATE person SET boss = 20 WHERE id = 3")
	must(t, primary, "UPDATE person SET boss = 2 WHERE id = 3")
	known()
	tx := enter()
	all := one(t, tx, "SELECT count(*) FROM note")
	if !remembered(tx) || all == "0" {
		t.Errorf("no memo on the standby, of %s notes: nothing is proved", all)
	}
	count(tx, all, "with a memo")
	must(t, primary, none)
	caughtUp(t, primary, standby)
	count(tx, "0", "after a revocation")
	must(t, tx, "ROLLBACK")
	must(t, primary, some)
	known()

	// Somebody is changing the grants while the principal enters: what the standby replays of it is the mark alone.
	writer, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Rollback(context.Background()) //nolint:errcheck // after a commit there is nothing to do
	if _, err := writer.Exec(t.Context(), none); err != nil {
		t.Fatal(explain(err))
	}
	tx = enter()
	if remembered(tx) {
		t.Error("a memo is given while somebody is changing the grants")
	}
	count(tx, all, "before the end of the change")
	if err := writer.Commit(t.Context()); err != nil {
		t.Fatal(explain(err))
	}
	caughtUp(t, primary, standby)
	count(tx, "0", "after the end of the change")
	must(t, tx, "ROLLBACK")
	must(t, primary, some)
}
