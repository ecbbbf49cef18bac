package integration

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// changeFunction replaces a part of the body of a function and fails if the part is not there.
func (w *world) changeFunction(t testing.TB, signature, old, with string) {
	t.Helper()
	def := one(t, w.root, "SELECT pg_get_functiondef($1::regprocedure)", signature)
	if strings.Count(def, old) != 1 {
		t.Fatalf("%s has %d times %q", signature, strings.Count(def, old), old)
	}
	if _, err := w.root.Exec(t.Context(), strings.Replace(def, old, with, 1), pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(explain(err))
	}
}

// TestControlIdentity takes each protection of the identity out, and shows that the same probe then tells another story.
func TestControlIdentity(t *testing.T) {
	t.Parallel()
	forgedContext := func(t *testing.T, w *world, g *gateway) string {
		tx := begin(t, g.conn(t))
		must(t, tx, "SET LOCAL ROLE "+g.client)
		must(t, tx, fmt.Sprintf("SELECT set_config('rls.context', 'user|726f6f74|token|||0||%d|' || repeat('0', 64), true)", time.Now().Add(time.Hour).Unix()))
		return w.outcome(t, tx, notes)
	}
	forgedToken := func(t *testing.T, w *world, g *gateway) string {
		forger := *g
		forger.key = []byte(strings.Repeat("?", 32))
		tx := begin(t, g.conn(t))
		if got := w.outcome(t, tx, "SELECT rls.enter($1)", forger.token("user", "root")); got != "user:root" {
			return got
		}
		return w.outcome(t, tx, notes)
	}
	longToken := func(t *testing.T, w *world, g *gateway) string {
		return w.outcome(t, begin(t, g.conn(t)), "SELECT rls.enter($1)", g.mint(claims{kind: "user", principal: "boss", ttl: time.Hour}))
	}
	oldToken := func(t *testing.T, w *world, g *gateway) string {
		return w.outcome(t, begin(t, g.conn(t)), "SELECT rls.enter($1)", g.mint(claims{kind: "user", principal: "boss", ttl: -time.Hour}))
	}
	unclaimed := func(t *testing.T, w *world, g *gateway) string {
		return w.outcome(t, begin(t, g.conn(t)), "SELECT rls.enter($1)", g.token("service", "cron"))
	}
	second := func(t *testing.T, w *world, g *gateway) string {
		tx, _ := entered(t, g.conn(t), g.token("user", "boss"))
		return w.outcome(t, tx, "SELECT rls.enter($1)", g.token("user", "other"))
	}
	copied := func(t *testing.T, w *world, g *gateway) string {
		tx, _ := entered(t, g.conn(t), g.token("user", "boss"))
		stolen := one(t, tx, "SELECT current_setting('rls.context')")
		other := begin(t, g.conn(t))
		must(t, other, "SET LOCAL ROLE "+g.client+"; SET LOCAL rls.context = '"+stolen+"'")
		return w.outcome(t, other, notes)
	}
	superuser := func(t *testing.T, w *world, _ *gateway) string {
		login, roles := w.bi(t, "root")
		tx := begin(t, w.db.Conn(t, login))
		must(t, tx, "SET ROLE "+roles["root"])
		return w.outcome(t, tx, notes)
	}
	superuserAsks := func(t *testing.T, w *world, _ *gateway) string {
		login, roles := w.bi(t, "root")
		tx := begin(t, w.db.Conn(t, login))
		must(t, tx, "SET ROLE "+roles["root"])
		return w.outcome(t, tx, "SELECT rls.can('delete', 'note')")
	}
	inactive := func(form, sql string) func(t *testing.T, w *world, _ *gateway) string {
		return func(t *testing.T, w *world, _ *gateway) string {
			login := w.personLogin(t, "off", "app")
			w.sql(t, "REVOKE rls_any FROM "+login+"; GRANT rls_"+form+" TO "+login)
			return w.outcome(t, w.db.Conn(t, login), sql)
		}
	}
	inactiveSuperuser := func(t *testing.T, w *world, _ *gateway) string {
		w.sql(t, "UPDATE app.person SET active = false WHERE id = 'root'")
		return w.outcome(t, w.person(t, "root"), notes)
	}
	// Whoever has become a superuser meanwhile is in a form that has no branch for them: an error, and not their own rows.
	promoted := func(t *testing.T, w *world, g *gateway) string {
		tx, _ := entered(t, g.conn(t), g.token("user", "boss"))
		w.sql(t, "UPDATE app.person SET super = true WHERE id = 'boss'")
		defer w.sql(t, "UPDATE app.person SET super = false WHERE id = 'boss'")
		return w.outcome(t, tx, notes)
	}
	const (
		seal     = "rls.seal_context(text)"
		identify = "rls.identify()"
		open     = "rls.open_token(text)"
		sealed   = "encode(timestamptz_send(transaction_timestamp()), 'hex')"
		admitted = "rls.ask_admitted_owners(text,text,text,boolean)"
		ranges   = "rls.ask_admitted_ranges(text,text,text,boolean)"
	)
	for name, c := range map[string]struct {
		probe              func(*testing.T, *world, *gateway) string
		want               string
		function, old, new string // of one function, or of several
		without            string
	}{
		"a forged context":             {forgedContext, "RL003", identify, "IF sealed THEN", "IF true THEN", allNotes},
		"a copied context":             {copied, "RL003", seal + " " + identify + " " + open, sealed, "''", bossNotes},
		"a forged token":               {forgedToken, "RL003", open, "IF gate.signed AND", "IF false AND", allNotes},
		"a long token":                 {longToken, "RL003", open, "interval '60 seconds'", "interval '2 days'", "user:boss"},
		"an expired token":             {oldToken, "RL002", open, "BETWEEN interval '1 microsecond'", "BETWEEN interval '-2 days'", "user:boss"},
		"a service that is not listed": {unclaimed, "RL003", open, ":= rls.may_claim(claim, gate.login, gate.services)", ":= true", "service:cron"},
		"a second principal":           {second, "RL004", open, "IF before IS NOT NULL", "IF false AND before IS NOT NULL", "user:other"},
		"a superuser on a BI login":    {superuser, filtered, "rls.ask_passes_owners(text,text,boolean)", " AND who.channel IS DISTINCT FROM 'impersonating'", "", allNotes},
		"a superuser on BI who asks":   {superuserAsks, "f", "rls.subject()", "OR (state.is_superuser AND who.channel = 'impersonating')", "", "t"},
		"an inactive user":             {inactive("any", notes), filtered, admitted, "active IS NOT true OR", "", "off"},
		"an inactive user, narrow":     {inactive("narrow", notes), filtered, admitted, "active IS NOT true OR", "", "off"},
		"an inactive user, middle":     {inactive("middle", notes), filtered, admitted + " " + ranges, "active IS NOT true OR", "", "off"},
		"an inactive user, wide":       {inactive("wide", notes), filtered, ranges, "active IS NOT true OR", "", "off"},
		"an inactive user, of all":     {inactive("all", notes), filtered, "rls.ask_passes_owners(text,text,boolean)", "$3 AND active AND", "$3 AND", "40001"},
		"an inactive user who asks":    {inactive("any", "SELECT rls.can('read', 'note')"), "f", "rls.subject()", "OR NOT state.is_active", "", "t"},
		"an inactive superuser":        {inactiveSuperuser, filtered, "rls.ask_passes_owners(text,text,boolean)", "coalesce(active AND ", "coalesce(", allNotes},
		"one who became a superuser":   {promoted, "40001", admitted + " " + ranges + " rls.graph_viewer(text,text,boolean)", "IF superuser THEN", "IF false THEN", bossNotes},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, identityModel, identitySchema)
			g := w.gateway(t)
			if got := c.probe(t, w, g); got != c.want {
				t.Errorf("with the protection: %s, want %s", got, c.want)
			}
			for f := range strings.FieldsSeq(c.function) {
				w.changeFunction(t, f, c.old, c.new)
			}
			if got := c.probe(t, w, g); got != c.without {
				t.Errorf("without it: %s, want %s: the probe proves nothing", got, c.without)
			}
		})
	}
}

// TestControlPolicies takes each protection of a table out, and shows that the same probe then tells another story.
func TestControlPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docModel, docSchema+"ALTER TABLE app.doc DROP CONSTRAINT doc_parent_fkey, DROP CONSTRAINT IF EXISTS linked_doc_fkey CASCADE;")
	// The policy of an action in every form, of which entering picks one.
	every := func(sql string) string {
		out := fmt.Sprintf(sql, "")
		for _, form := range forms[1:] {
			out += "; " + fmt.Sprintf(sql, "_"+form)
		}
		return out
	}
	for name, c := range map[string]struct{ sql, who, probe, want, without string }{
		"row security":       {"ALTER TABLE app.doc DISABLE ROW LEVEL SECURITY", "sub", "SELECT count(*) FROM app.doc", "10", "30"},
		"the read policy":    {every("ALTER POLICY doc_read%s ON app.doc USING (true)"), "sub", "SELECT count(*) FROM app.doc", "10", "30"},
		"the update policy":  {every("ALTER POLICY doc_update%s ON app.doc USING (true) WITH CHECK (true)"), "sub", "UPDATE app.doc SET body = 'x'", "touched 10", "touched 30"},
		"the update check":   {every("ALTER POLICY doc_update%s ON app.doc WITH CHECK (true)"), "sub", "UPDATE app.doc SET owner = 'other'", rejected, "touched 10"},
		"the delete policy":  {every("ALTER POLICY doc_delete%s ON app.doc USING (true)"), "sub", "DELETE FROM app.doc", "touched 10", "touched 30"},
		"the create policy":  {"ALTER POLICY doc_create_narrow ON app.doc WITH CHECK (true)", "sub", "INSERT INTO app.doc VALUES (500, 'other')", rejected, "touched 1"},
		"no policy at all":   {every("DROP POLICY doc_read%s ON app.doc"), "sub", "SELECT count(*) FROM app.doc", "10", "0"},
		"a second policy":    {"CREATE POLICY extra ON app.doc FOR SELECT TO rls_client USING (id < 4)", "sub", "SELECT count(*) FROM app.doc", "10", "12"},
		"the grant of read":  {`DELETE FROM rls."grant" WHERE resource = 'doc' AND action = 'read'`, "me", "SELECT count(*) FROM app.doc", "20", "0"},
		"the edge":           {"UPDATE app.person SET boss = NULL", "me", "SELECT count(*) FROM app.doc", "20", "10"},
		"the column dropped": {"ALTER TABLE app.doc DROP COLUMN owner CASCADE", "me", "SELECT count(*) FROM app.doc", "20", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			undone(t, w, func(tx pgx.Tx) {
				w.become(t, tx, c.who)
				must(t, tx, "SAVEPOINT before")
				if got := w.outcome(t, tx, c.probe); got != c.want {
					t.Errorf("with it: %s, want %s", got, c.want)
				}
				must(t, tx, "ROLLBACK TO SAVEPOINT before")
			})
			undone(t, w, func(tx pgx.Tx) {
				must(t, tx, c.sql)
				w.become(t, tx, c.who)
				if got := w.outcome(t, tx, c.probe); got != c.without {
					t.Errorf("without it: %s, want %s: the probe proves nothing", got, c.without)
				}
			})
		})
	}
}

// blocked waits until a backend waits for a lock.
func blocked(t *testing.T, w *world, pid uint32) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if one(t, w.root, "SELECT cardinality(pg_blocking_pids($1)) > 0", pid) == "t" {
			return
		}
		runtime.Gosched()
	}
	t.Fatal("the other session does not wait")
}

// Hazard 42: a row that changes while a statement waits for it is judged again.
func TestHazardRace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ other, sql, want string }{
		"the row goes to somebody else":       {"UPDATE app.doc SET owner = 'other' WHERE id = 4", "UPDATE app.doc SET body = 'x' WHERE id = 4", filtered},
		"the row goes to somebody else, gone": {"UPDATE app.doc SET owner = 'other' WHERE id = 4", "DELETE FROM app.doc WHERE id = 4", filtered},
		"the row goes to nobody":              {"UPDATE app.doc SET owner = NULL WHERE id = 4", "UPDATE app.doc SET body = 'x' WHERE id = 4", filtered},
		"the row stays":                       {"UPDATE app.doc SET body = 'y' WHERE id = 4", "UPDATE app.doc SET body = 'x' WHERE id = 4", "touched 1"},
		"locked":                              {"UPDATE app.doc SET owner = 'other' WHERE id = 4", "SELECT id FROM app.doc WHERE id = 4 FOR UPDATE", filtered},
		// PostgreSQL judges the row anew, but not the questions that were answered when the statement began.
		"residual/the grant is revoked meanwhile": {`UPDATE app.doc SET body = 'y' WHERE id = 4; DELETE FROM rls."grant" WHERE resource = 'doc'`, "UPDATE app.doc SET body = 'x' WHERE id = 4", "touched 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, docModel, docSchema)
			conn := w.person(t, "sub")
			other := begin(t, w.admin(t))
			must(t, other, c.other)
			done := make(chan string, 1)
			go func() { done <- w.outcome(t, conn, c.sql) }()
			blocked(t, w, conn.PgConn().PID())
			must(t, other, "COMMIT")
			if got := <-done; got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if got := w.outcome(t, conn, c.sql); (got == filtered) != (c.want == filtered || strings.HasPrefix(name, "residual")) {
				t.Errorf("the next statement: %s", got)
			}
		})
	}
}
