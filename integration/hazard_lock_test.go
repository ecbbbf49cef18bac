package integration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/internal/doctor"
	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/internal/maintenance"
	"github.com/rlsctl/rlsctl/pgsession"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

var lockModes = []string{"ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"}

// holdAll takes on conn, in a transaction that stays open, everything that a login can: the advisory locks of all versions of
// the toolkit, what LOCK, PREPARE, FOR UPDATE and blocks of code lock of the kernel's relations, and statements without
// rows on the tables of the hierarchy. It returns how many attempts succeeded.
func holdAll(t *testing.T, w *world, conn *pgx.Conn, viewers []string) (held int) {
	t.Helper()
	tx := begin(t, conn)
	try := func(sql string) {
		t.Helper()
		nested, err := tx.Begin(t.Context())
		if err != nil {
			t.Fatal(explain(err))
		}
		_, err = nested.Exec(t.Context(), "SET LOCAL lock_timeout = '5ms'; "+sql, pgx.QueryExecModeSimpleProtocol) // for another client
		if err != nil {
			if err := nested.Rollback(t.Context()); err != nil {
				t.Fatal(explain(err))
			}
			return
		}
		if err := nested.Commit(t.Context()); err != nil {
			t.Fatal(explain(err))
		}
		held++
	}
	keys := []string{"x'726c7363746c0061'::bigint", "x'726c7363746c006d'::bigint", "hashtextextended('rls.visible_set', 0)", "hashtextextended('rls.refuse_cycle', 0)"}
	for _, v := range viewers {
		keys = append(keys, "hashtextextended('rls.visible_set "+v+"', 0)")
	}
	for _, k := range keys {
		try("SELECT 1 / pg_try_advisory_xact_lock(" + k + ")::int")
		try("SELECT 1 / pg_try_advisory_lock(" + k + ")::int")
	}
	for i, relation := range w.rows(t, w.root, `SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE n.nspname IN ('rls', 'rls_lock') AND c.relkind IN ('r', 'v', 'S') OR c.relname = 'rls_goose_version' ORDER BY 1`) {
		for _, mode := range lockModes {
			try("LOCK TABLE " + relation + " IN " + mode + " MODE NOWAIT")
			try("DO $$ BEGIN LOCK TABLE " + relation + " IN " + mode + " MODE NOWAIT; END $$")
		}
		try(fmt.Sprintf("PREPARE hold_d%d AS DELETE FROM %s", i, relation))
		try(fmt.Sprintf("PREPARE hold_i%d AS INSERT INTO %s DEFAULT VALUES", i, relation))
		try(fmt.Sprintf("PREPARE hold_s%d AS SELECT * FROM %s FOR UPDATE", i, relation))
		try("SELECT * FROM " + relation + " FOR UPDATE")
		try("DECLARE hold_c" + fmt.Sprint(i) + " CURSOR FOR SELECT * FROM " + relation)
		try("CREATE TEMP TABLE (LIKE " + relation + ")")
		try("COMMENT ON TABLE " + relation + " IS ''")
		try("CREATE STATISTICS pg_temp.s ON tableoid, ctid FROM " + relation)
		try("CREATE RULE r AS ON UPDATE TO " + relation + " DO INSTEAD NOTHING")
		try("CREATE TRIGGER t BEFORE UPDATE ON " + relation + " FOR EACH STATEMENT EXECUTE FUNCTION suppress_redundant_updates_trigger()")
		try("CREATE TEMP TABLE refers (id text REFERENCES " + relation + ")")
	}
	for _, sql := range []string{
		"UPDATE person SET boss = 1 WHERE false", "DELETE FROM person WHERE false", "INSERT INTO person (id) SELECT 1 WHERE false",
		"PREPARE hold_a AS UPDATE person SET boss = 1, id = 1 WHERE false", "EXECUTE hold_a", "DO $$ BEGIN UPDATE person SET boss = NULL, maker = NULL WHERE false; END $$",
		"UPDATE person SET boss = boss", "UPDATE person SET id = id", "INSERT INTO person (id) SELECT id FROM person LIMIT 1 ON CONFLICT DO NOTHING",
		"WITH gone AS (DELETE FROM deputy WHERE false RETURNING 1) SELECT * FROM gone", "UPDATE ward SET seen = 1 WHERE false", "DELETE FROM ward WHERE false",
		"MERGE INTO person AS p USING (SELECT 1 WHERE false) AS s (id) ON p.id = s.id WHEN MATCHED THEN UPDATE SET boss = NULL",
	} {
		try(sql)
	}
	if got := one(t, w.root, `SELECT coalesce(string_agg(c.oid::regclass || ' ' || l.mode, ', '), '') FROM pg_locks AS l
		JOIN pg_class AS c ON c.oid = l.relation AND c.relnamespace = 'rls_lock'::regnamespace WHERE l.pid = $1`, conn.PgConn().PID()); got != "" {
		t.Errorf("a client holds %s", got)
	}
	return held
}

// TestHazardLocks lets clients hold all that they can, and meanwhile everything goes on.
func TestHazardLocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphModel, graphSchema("bigint", "")+smallOrg+"INSERT INTO note SELECT id, id FROM person;") // one step after the other
	all := []string{"1", "2", "3", "4", "10", "20"}
	stranger := w.db.Conn(t, w.db.Role(t, "hold_stranger", "LOGIN"))
	client := w.db.Conn(t, w.personLogin(t, "2", "app"))
	gate := w.gateway(t)
	bare := gate.conn(t)
	entered := gate.conn(t)
	for name, conn := range map[string]*pgx.Conn{"a stranger": stranger, "a person": client, "a gateway": bare, "a gateway as its client role": entered} {
		if conn == entered { // a plan role for as long as the connection lasts
			must(t, conn, "SET ROLE "+gate.client)
		}
		if held := holdAll(t, w, conn, all); held < 3 {
			t.Errorf("%s holds %d things: this test proves nothing", name, held)
		}
	}
	w.sql(t, "DELETE FROM rls.visible_set")

	// step runs within a time that no wait fits in, and fails where it takes longer.
	step := func(name string, fn func(t *testing.T, ctx context.Context)) {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
			defer cancel()
			fn(t, ctx)
		})
	}
	step("sets are stored", func(t *testing.T, _ context.Context) {
		w.prepare(t, all...)
		if got := one(t, w.root, "SELECT count(*) FROM rls.visible_set"); got != "6" {
			t.Errorf("%s of 6 sets", got)
		}
	})
	step("the hierarchy changes, and changes are forgotten", func(t *testing.T, ctx context.Context) {
		a := w.actor(t)
		a.do(t, "SET lock_timeout = '2s'; INSERT INTO person (id, boss) VALUES (5, 10); DELETE FROM rls.visible_set")
		if got := one(t, w.root, "SELECT count(*) > 0 FROM rls.graph_change"); got != "t" {
			t.Fatal("there is no change to forget")
		}
		a.do(t, "SELECT rls.prune_changes()")
		if got := one(t, w.root, "SELECT count(*) FROM rls.graph_change"); got != "0" {
			t.Errorf("%s changes stay", got)
		}
		w.right(t, w.root, "bigint", all, "afterwards")
	})
	step("the kernel's users are written", func(t *testing.T, _ context.Context) {
		w.actor(t).do(t, `SET lock_timeout = '2s'; INSERT INTO rls."user" (login) VALUES ('a'); UPDATE rls."user" SET supervisor_id = NULL`)
	})
	step("a model is applied", func(t *testing.T, ctx context.Context) {
		for _, c := range []struct {
			model   string
			blocked bool
		}{
			{strings.Replace(graphModel, "owner: owner}", "owner: owner, title: Notes}", 1), false},
			// Grants lock their table against who grants just now: apply gives up, and names who holds it.
			{strings.Replace(graphModel, "grants:\n", "grants:\n  - {to: everyone, allow: {note: [read]}}\n", 1), true},
		} {
			r := w.plan(t, c.model)
			if r.Plan.Empty() {
				t.Fatal("the plan is empty")
			}
			err := pipeline.Apply(ctx, w.admin(t), w.parse(t, c.model), r.Plan, apply.Options{Allow: apply.Hazards(r.Plan)})
			var blocked *apply.BlockedError
			if errors.As(err, &blocked) != c.blocked || c.blocked && len(blocked.Sessions) == 0 || err != nil && !c.blocked {
				t.Errorf("blocked %t: %v", c.blocked, explain(err))
			}
		}
	})
	step("logins are added", func(t *testing.T, ctx context.Context) {
		gateName, person := w.db.Role(t, "new_gate", "LOGIN NOINHERIT"), w.db.Role(t, "new_person", "LOGIN")
		conn := w.admin(t)
		if _, err := logins.AddGateway(ctx, conn, logins.Gateway{Login: gateName, ClientRole: w.role("app"), Users: true,
			Key: logins.KeyFile{Path: filepath.Join(t.TempDir(), "key")}}); err != nil {
			t.Error(explain(err))
		}
		if _, err := logins.AddPerson(ctx, conn, logins.Person{Login: person, User: "3", ClientRole: w.role("app")}); err != nil {
			t.Error(explain(err))
		}
		if _, err := conn.Exec(ctx, "SELECT rls.reseal()"); err != nil {
			t.Error(explain(err))
		}
	})
	step("a maintenance dies and FORCE comes back", func(t *testing.T, ctx context.Context) {
		dies := w.admin(t)
		watched, err := maintenance.Begin(ctx, dies)
		if err != nil {
			t.Fatal(explain(err))
		}
		tables, err := maintenance.Protected(ctx, dies, []string{"note"})
		if err != nil {
			t.Fatal(explain(err))
		}
		if err := maintenance.Lift(ctx, dies, tables[0], time.Second); err != nil {
			t.Fatal(explain(err))
		}
		other := w.admin(t)
		if _, err := maintenance.Begin(ctx, other); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("pid %d", watched.PID)) {
			t.Errorf("a second maintenance: %v", err)
		}
		r := w.plan(t, graphModel)
		err = pipeline.Apply(ctx, other, w.parse(t, graphModel), r.Plan, apply.Options{Allow: apply.Hazards(r.Plan)})
		if !errors.Is(err, apply.ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf("pid %d", watched.PID)) {
			t.Errorf("apply beside a maintenance: %v", err)
		}
		in, never := io.Pipe()
		defer never.Close() //nolint:errcheck // a pipe
		done := make(chan error, 1)
		go func() {
			g := maintenance.Guardian{Watched: watched, In: in, Out: io.Discard, Log: io.Discard,
				Connect: func(ctx context.Context) (*pgx.Conn, error) { return pgx.Connect(ctx, w.db.URL("")) }}
			done <- g.Watch(ctx)
		}()
		w.sql(t, "SELECT pg_terminate_backend($1, 5000)", watched.PID)
		if err := <-done; err != nil {
			t.Error(explain(err))
		}
		if got := one(t, w.root, "SELECT relforcerowsecurity FROM pg_class WHERE oid = 'note'::regclass"); got != "t" {
			t.Error("FORCE is off")
		}
		if _, err := maintenance.Begin(ctx, other); err != nil { // the row of the dead one keeps nobody out
			t.Error(explain(err))
		}
		maintenance.End(ctx, other)
	})
}

// TestHazardLockNames: what is waited for within reason names who holds it.
func TestHazardLockNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphModel, graphSchema("bigint", "")+smallOrg)
	t.Run("the hierarchy", func(t *testing.T) {
		a, b := w.actor(t), w.actor(t)
		a.do(t, "SET application_name = 'the holder'; BEGIN; UPDATE person SET boss = 10 WHERE id = 2")
		for _, c := range []struct{ timeout, stays string }{{"50ms", "50ms"}, {"0", "0"}} {
			began := time.Now()
			b.do(t, "SET lock_timeout = '"+c.timeout+"'")
			err := b.run(t.Context(), "UPDATE person SET boss = 20 WHERE id = 3")
			var pg *pgconn.PgError
			if !errors.As(err, &pg) || pg.Code != "55P03" || !strings.Contains(pg.Detail, fmt.Sprintf("pid %d of login ", a.pid)) || !strings.Contains(pg.Detail, "'the holder'") {
				t.Errorf("lock_timeout %s: %v", c.timeout, explain(err))
			}
			if d := time.Since(began); d > 28*time.Second {
				t.Errorf("lock_timeout %s: it waits for %s", c.timeout, d)
			}
			if got := one(t, b.conn, "SHOW lock_timeout"); got != c.stays {
				t.Errorf("lock_timeout is %s afterwards, want %s", got, c.stays)
			}
		}
		a.do(t, "COMMIT")
		b.do(t, "BEGIN; SET LOCAL lock_timeout = '3s'; UPDATE person SET boss = 20 WHERE id = 3")
		if got := one(t, b.conn, "SHOW lock_timeout"); got != "3s" {
			t.Errorf("lock_timeout is %s within the transaction", got)
		}
		b.do(t, "COMMIT")
		w.right(t, w.root, "bigint", []string{"1", "2", "3", "4", "10", "20"}, "afterwards")
	})
	t.Run("control: the lock before the rows", func(t *testing.T) {
		w.sql(t, `CREATE FUNCTION ahead() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN PERFORM rls.lock_graph(); RETURN NULL; END $$;
			CREATE TRIGGER ahead BEFORE UPDATE ON person FOR EACH STATEMENT EXECUTE FUNCTION ahead()`)
		conn := w.db.Conn(t, w.personLogin(t, "3", "app"))
		tx := begin(t, conn)
		must(t, tx, "UPDATE person SET boss = 1 WHERE false")
		if got := w.outcome(t, w.admin(t), "INSERT INTO person (id, boss) SELECT 6, 10 FROM set_config('lock_timeout', '50ms', true)"); got != "55P03" {
			t.Errorf("a change of the hierarchy: %s, want 55P03", got)
		}
		must(t, tx, "ROLLBACK")
		w.sql(t, "DROP FUNCTION ahead CASCADE")
	})
	t.Run("a refused statement holds nothing", func(t *testing.T) {
		a, b := w.actor(t), w.actor(t)
		a.do(t, "BEGIN; SAVEPOINT s")
		if err := a.run(t.Context(), "UPDATE person SET boss = id, rank = NULL WHERE id = 2"); err == nil {
			t.Fatal("it was admitted")
		}
		a.do(t, "ROLLBACK TO SAVEPOINT s")
		b.do(t, "SET lock_timeout = '1s'; UPDATE person SET boss = 10 WHERE id = 4")
		a.do(t, "ROLLBACK")
	})
	t.Run("two transactions close no cycle together", func(t *testing.T) {
		w.sql(t, `INSERT INTO rls."user" (login) VALUES ('a'), ('b')`)
		under := func(who, boss string) string {
			return `UPDATE rls."user" SET supervisor_id = (SELECT u.id FROM rls."user" AS u WHERE u.login = '` + boss + `') WHERE login = '` + who + `'`
		}
		a, b := w.actor(t), w.actor(t)
		a.do(t, "BEGIN; "+under("a", "b"))
		if !b.start(t, w, under("b", "a")) {
			t.Error("the second does not wait")
		}
		a.do(t, "COMMIT")
		if err := b.end(t); sqlstate(err) != "RL020" {
			t.Errorf("the second: %v", explain(err))
		}
	})
	for _, c := range []struct {
		object string
		act    func(ctx context.Context, conn *pgx.Conn) error
	}{
		{apply.LockTools, func(ctx context.Context, conn *pgx.Conn) error {
			_, err := maintenance.Begin(ctx, conn)
			return err
		}},
		{apply.LockLogins, func(ctx context.Context, conn *pgx.Conn) error {
			_, err := logins.AddPerson(ctx, conn, logins.Person{Login: "nobody_new", User: "3", ClientRole: w.role("app")})
			return err
		}},
	} {
		t.Run(c.object, func(t *testing.T) {
			t.Parallel()
			a := w.actor(t)
			a.do(t, "SET application_name = 'the holder'; BEGIN; "+apply.LockSQL(c.object))
			err := c.act(t.Context(), w.admin(t))
			if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("pid %d of ", a.pid)) || !strings.Contains(err.Error(), `application "the holder"`) {
				t.Errorf("%v", explain(err))
			}
		})
	}
	t.Run("a role that may use the schema of locks is found", func(t *testing.T) {
		undone(t, w, func(tx pgx.Tx) {
			must(t, tx, w.text("GRANT USAGE ON SCHEMA rls_lock TO {{app}}"))
			r, err := doctor.InTx(t.Context(), tx, doctor.Options{})
			if err != nil {
				t.Fatal(explain(err))
			}
			if got := fmt.Sprint(r.Findings); !strings.Contains(got, "RL673") || !strings.Contains(got, w.role("app")) {
				t.Error(got)
			}
		})
	})
}

// TestHazardReadOnly: whoever only asks gets a stored set all the same, and stays one who only asks.
func TestHazardReadOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphModel, graphSchema("bigint", "")+smallOrg+"INSERT INTO note SELECT id, id FROM person;") // its tests run one after the other
	ctx := t.Context()
	g := w.shared(t, "app")
	s, err := pgsession.Open(ctx, g.pool, g.source())
	if err != nil {
		t.Fatal(pgsession.Explain(err))
	}
	one1 := pgsession.User(int64(1))
	stored := func() string { return one(t, w.root, "SELECT count(*) FROM rls.visible_set WHERE viewer = '1'") }
	nothing := func(pgx.Tx) error { return nil }
	read := func(opts ...pgsession.TxOption) func() error {
		return func() error {
			return s.Run(ctx, one1, func(tx pgx.Tx) error {
				var n int
				if err := tx.QueryRow(ctx, "SELECT count(*) FROM note").Scan(&n); err != nil {
					return err
				}
				if n != 4 {
					return fmt.Errorf("1 sees %d notes", n)
				}
				return nothing(tx)
			}, append(opts, pgsession.ReadOnly())...)
		}
	}
	for _, c := range []struct {
		name   string
		ask    func() error
		stored string
	}{
		{"Can", func() error { _, err := s.Can(ctx, one1, "read", "note"); return err }, "1"},
		{"CanAny", func() error { _, err := s.CanAny(ctx, one1, "note", "read"); return err }, "1"},
		{"Require", func() error { return s.Require(ctx, one1, "update", "note") }, "1"},
		{"RequireObject", func() error { return s.RequireObject(ctx, one1, "update", "note", 4) }, "1"},
		{"AllowedResources", func() error { _, err := s.AllowedResources(ctx, one1, "read"); return err }, "1"},
		{"Actions", func() error { _, err := s.Actions(ctx, one1, "note", 4); return err }, "1"},
		{"Run, read only", read(), "1"},
		{"Run, read only and read committed", read(pgsession.Isolation(pgx.ReadCommitted)), "1"},
		// Nothing is stored above READ COMMITTED, as in transactions that may write.
		{"Run, read only and repeatable read", read(pgsession.Isolation(pgx.RepeatableRead)), "0"},
		{"Run, read only, serializable and deferrable", read(pgsession.Isolation(pgx.Serializable), pgsession.Deferrable()), "0"},
		{"Run, read only and deferrable", read(pgsession.Deferrable()), "0"},
	} {
		w.sql(t, "DELETE FROM rls.visible_set")
		for range 2 {
			if err := c.ask(); err != nil {
				t.Errorf("%s: %v", c.name, pgsession.Explain(err))
			}
		}
		if got := stored(); got != c.stored {
			t.Errorf("%s: %s sets are stored, want %s", c.name, got, c.stored)
		}
	}
	// The control: what every driver that says READ ONLY at BEGIN gets.
	w.sql(t, "DELETE FROM rls.visible_set")
	tx, err := g.conn(t).BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		t.Fatal(err)
	}
	must(t, tx, "SELECT rls.enter('"+g.token("user", "1")+"')")
	must(t, tx, "COMMIT")
	if got := stored(); got != "0" {
		t.Error("a transaction that is read only from its beginning stores a set: this test proves nothing")
	}
	// Not RESET transaction_read_only: PostgreSQL 15 makes every transaction that is read only writable by it.
	for _, opts := range [][]pgsession.TxOption{{pgsession.ReadOnly()}, {pgsession.ReadOnly(), pgsession.Isolation(pgx.RepeatableRead)}} {
		for _, escape := range []string{
			"SELECT 1", "SET TRANSACTION READ WRITE", "SELECT set_config('transaction_read_only', 'off', true)", "SET LOCAL transaction_read_only = off",
			"RESET ALL", "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "SAVEPOINT s", "SET default_transaction_read_only = off",
			"DO $$ BEGIN PERFORM set_config('transaction_read_only', 'off', true); EXCEPTION WHEN OTHERS THEN NULL; END $$",
		} {
			err := s.Run(ctx, one1, func(tx pgx.Tx) error {
				if _, err := tx.Exec(ctx, "SELECT 1"); err != nil {
					return err
				}
				nested, err := tx.Begin(ctx)
				if err != nil {
					return err
				}
				if _, err := nested.Exec(ctx, escape); err != nil {
					if err := nested.Rollback(ctx); err != nil {
						return err
					}
				}
				_, err = tx.Exec(ctx, "UPDATE note SET owner = owner")
				return err
			}, opts...)
			if got := sqlstate(err); got != "25006" {
				t.Errorf("%s, then a write: %v, want 25006", escape, explain(err))
			}
		}
	}
}
