package integration

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestRevocation: "What a user may do is never in the token: revocation works at the next statement."
func TestRevocation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ before, revoke, after string }{
		"grant":            {bossNotes, `DELETE FROM rls."grant" WHERE action = 'read'`, filtered},
		"active":           {bossNotes, "UPDATE app.person SET active = false WHERE id = 'boss'", filtered},
		"user":             {bossNotes, "DELETE FROM app.person WHERE id = 'boss'", filtered},
		"supervisor":       {bossNotes, "UPDATE app.person SET boss = NULL WHERE id = 'sub'", "boss team"},
		"group membership": {bossNotes, "DELETE FROM app.team_member", "boss sub"},
		"registration":     {bossNotes, "DELETE FROM rls.resource WHERE name = 'note'", filtered},
		"superuser":        {allNotes, "UPDATE app.person SET super = false WHERE id = 'root'", "root"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, identityModel, identitySchema)
			who := "boss"
			if name == "superuser" {
				who = "root"
			}
			conn := w.person(t, who)
			g := w.gateway(t)
			token, _ := entered(t, g.conn(t), g.token("user", who))
			login := begin(t, conn)
			for _, tx := range []pgx.Tx{token, login} {
				must(t, tx, "SET LOCAL plan_cache_mode = force_generic_plan; PREPARE p AS "+notes)
				if got := w.outcome(t, tx, "EXECUTE p"); got != c.before {
					t.Fatalf("before: %s, want %s", got, c.before)
				}
			}
			w.sql(t, c.revoke)
			for channel, tx := range map[string]pgx.Tx{"token": token, "login": login} {
				after := c.after
				if name == "superuser" && channel == "token" {
					after = "40001" // entering took the role of superusers, whose policies are for nobody else
				}
				if got := w.outcome(t, tx, notes); got != after {
					t.Errorf("%s: %s, want %s", channel, got, after)
				}
				if got := w.outcome(t, tx, "EXECUTE p"); got != after {
					t.Errorf("%s: prepared: %s, want %s", channel, got, after)
				}
				if got := w.outcome(t, tx, "SELECT count(*) FROM rls.can_many('read', 'note', '{boss,sub,team,root,other}') WHERE allowed"); (got == "0") != (c.after == filtered) && name != "registration" {
					t.Errorf("%s: can_many: %s", channel, got)
				}
			}
			if name == "superuser" { // and entering takes the one that fits
				must(t, token, "SELECT rls.enter('"+g.token("user", who)+"')")
				if got := w.outcome(t, token, "EXECUTE p"); got != c.after {
					t.Errorf("entered once more: %s, want %s", got, c.after)
				}
			}
		})
	}
}

// A snapshot that stays shows the grants of its beginning too: asserted, and said in the docs.
func TestRevocationUnderSnapshot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	conn := w.person(t, "boss")
	must(t, conn, "BEGIN ISOLATION LEVEL REPEATABLE READ")
	if got := strings.Join(w.rows(t, conn, notes), " "); got != bossNotes {
		t.Fatal(got)
	}
	w.sql(t, "UPDATE app.person SET active = false WHERE id = 'boss'")
	if got := strings.Join(w.rows(t, conn, notes), " "); got != bossNotes {
		t.Errorf("residual: REPEATABLE READ shows %q", got)
	}
	must(t, conn, "COMMIT")
	if got := w.outcome(t, conn, notes); got != filtered {
		t.Errorf("the next transaction: %s", got)
	}
}

// TestPreparedStatements: one connection, many principals, plans that are kept.
func TestPreparedStatements(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	g := w.gateway(t)
	conn := g.conn(t)
	principals := []struct{ who, want string }{
		{"boss", bossNotes}, {"sub", subNotes}, {"root", allNotes}, {"other", otherNotes}, {"off", filtered}, {"ghost", filtered},
	}
	for _, mode := range []string{"auto", "force_generic_plan", "force_custom_plan"} {
		t.Run(mode, func(t *testing.T) {
			must(t, conn, "SET plan_cache_mode = "+mode)
			for round := range 8 { // more than the five custom plans that auto tries first
				for _, p := range principals {
					tx, who := entered(t, conn, g.token("user", p.who))
					if who != "user:"+p.who {
						t.Fatal(who)
					}
					// pgx prepares each text once for each connection and keeps it across transactions.
					if got := w.outcome(t, tx, notes); got != p.want {
						t.Errorf("round %d: %s: %s, want %s", round, p.who, got, p.want)
					}
					if got := w.outcome(t, tx, "UPDATE app.note SET body = $1 WHERE id = 'sub'", "x"); (got == "touched 1") != strings.Contains(p.want, "sub") {
						t.Errorf("round %d: %s: update: %s", round, p.who, got)
					}
					must(t, tx, "ROLLBACK")
				}
			}
		})
	}
	t.Run("prepared as nobody", func(t *testing.T) {
		c := g.conn(t)
		if _, err := c.Prepare(t.Context(), "early", notes); err != nil {
			t.Fatal(explain(err))
		}
		for _, p := range principals {
			tx, _ := entered(t, c, g.token("user", p.who))
			if got := w.outcome(t, tx, "early"); got != p.want {
				t.Errorf("%s: %s, want %s", p.who, got, p.want)
			}
			must(t, tx, "ROLLBACK")
		}
		if _, err := c.Exec(t.Context(), "early"); sqlstate(err) != "42501" {
			t.Errorf("as the bare gateway: %v", err)
		}
	})
	t.Run("an open cursor keeps the rows of its principal", func(t *testing.T) {
		c := g.conn(t)
		tx, _ := entered(t, c, g.token("user", "sub"))
		must(t, tx, "DECLARE c CURSOR FOR "+notes)
		must(t, tx, "SELECT set_config('rls.context', '', true)")
		if got := w.outcome(t, tx, "SELECT rls.enter($1)", g.token("user", "root")); got != "user:root" {
			t.Fatal(got)
		}
		// The cursor has not been fetched from yet, so its first row asks who is there now: one principal, never two. The
		// policies that it was planned with have no branch for a superuser, and say so.
		if got := w.outcome(t, tx, "FETCH ALL FROM c"); got != allNotes && got != subNotes && got != "40001" {
			t.Errorf("%s", got)
		}
		tx, _ = entered(t, g.conn(t), g.token("user", "sub"))
		must(t, tx, "DECLARE c CURSOR FOR "+notes)
		must(t, tx, "SELECT set_config('rls.context', '', true)")
		if got := w.outcome(t, tx, "SELECT rls.enter($1)", g.token("user", "boss")); got != "user:boss" {
			t.Fatal(got)
		}
		if got := w.outcome(t, tx, "FETCH ALL FROM c"); got != bossNotes && got != subNotes {
			t.Errorf("%s", got)
		}
	})
}

// TestMidStatement: one statement may not change its own identity in mid-scan and return two users' rows.
func TestMidStatement(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	g := w.gateway(t)
	conn := g.conn(t)
	tx, _ := entered(t, conn, g.token("user", "boss"))
	copied := one(t, tx, "SELECT current_setting('rls.context')")
	for sql, want := range map[string]string{
		"SELECT id FROM (SELECT id, set_config('rls.context', '', true) FROM app.note OFFSET 0) AS x ORDER BY id":                                                         bossNotes,
		"SELECT n.id FROM app.note AS n, LATERAL (SELECT set_config('rls.context', 'user|726f6f74|token|||0||99999999999|' || repeat('0', 64), true)) AS s ORDER BY n.id": bossNotes,
	} {
		must(t, tx, "SAVEPOINT s")
		if got := w.outcome(t, tx, sql); got != want && got != "RL001" && got != "RL003" {
			t.Errorf("%s: %s", sql, got)
		}
		must(t, tx, "ROLLBACK TO SAVEPOINT s")
	}
	// A second scan in the same statement, after the change: it raises, and does not read as somebody else.
	for name, value := range map[string]string{"cleared": "''", "garbage": "'x'"} {
		must(t, tx, "SAVEPOINT s")
		got := w.outcome(t, tx, `WITH a AS MATERIALIZED (SELECT id, set_config('rls.context', `+value+`, true) AS s FROM app.note)
			SELECT a.id || '-' || b.id FROM a LEFT JOIN LATERAL (SELECT id FROM app.note AS n WHERE a.s IS NOT NULL AND n.id = a.id) AS b ON true ORDER BY 1`)
		if got != "RL001" && got != "RL003" && got != "boss-boss sub-sub team-team" {
			t.Errorf("%s: %s", name, got)
		}
		must(t, tx, "ROLLBACK TO SAVEPOINT s")
	}
	if got := w.outcome(t, tx, "SELECT set_config('rls.context', $1, true) = $1", copied); got != "t" {
		t.Fatal(got)
	}
	// Two contexts in one transaction, both valid: switched for every row, the scan still has one principal.
	must(t, tx, "SELECT set_config('my.boss', current_setting('rls.context'), true), set_config('rls.context', '', true)")
	if got := w.outcome(t, tx, "SELECT rls.enter($1)", g.token("user", "other")); got != "user:other" {
		t.Fatal(got)
	}
	must(t, tx, "SELECT set_config('my.other', current_setting('rls.context'), true)")
	got := w.outcome(t, tx, `SELECT id FROM (SELECT id, set_config('rls.context', current_setting(CASE row_number() OVER () % 2 WHEN 0 THEN 'my.boss' ELSE 'my.other' END), true)
		FROM app.note OFFSET 0) AS x ORDER BY id`)
	if got != otherNotes && got != bossNotes {
		t.Errorf("two principals in one scan: %s", got)
	}
	t.Run("control/an unwrapped call is evaluated for every row", func(t *testing.T) {
		// The same attack on a policy that calls rls.principal() for each row returns the rows of two people.
		w := newWorld(t, identityModel, identitySchema)
		w.sql(t, `DROP POLICY note_read ON app.note; CREATE POLICY note_read ON app.note FOR SELECT TO rls_client USING (owner = rls.principal())`)
		w.sql(t, `INSERT INTO app.note SELECT 'z' || n || o, o FROM generate_series(1, 20) AS n, unnest('{boss,other}'::text[]) AS o`)
		g := w.gateway(t)
		tx, _ := entered(t, g.conn(t), g.token("user", "boss"))
		must(t, tx, "SELECT set_config('my.boss', current_setting('rls.context'), true), set_config('rls.context', '', true)")
		w.outcome(t, tx, "SELECT rls.enter($1)", g.token("user", "other"))
		must(t, tx, "SELECT set_config('my.other', current_setting('rls.context'), true)")
		got := w.rows(t, tx, `SELECT DISTINCT owner FROM (SELECT owner, set_config('rls.context', current_setting(CASE owner WHEN 'boss' THEN 'my.other' ELSE 'my.boss' END), true)
			FROM app.note OFFSET 0) AS x`)
		if len(got) != 2 {
			t.Errorf("owners %v: the test above proves nothing", got)
		}
	})
}

// TestParallelWorkers: the seal is verified in workers too, and they filter.
func TestParallelWorkers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema+`
		INSERT INTO app.note SELECT 'n' || n, (ARRAY['boss', 'sub', 'other'])[1 + n % 3] FROM generate_series(1, 3000) AS n;
		ANALYZE app.note;`)
	force := "SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL max_parallel_workers_per_gather = 2;" +
		"SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_indexonlyscan = off;"
	setting := "force_parallel_mode"
	if w.db.Server().Version() >= 160000 {
		setting = "debug_parallel_query"
	}
	g := w.gateway(t)
	conn := g.conn(t)
	for who, want := range map[string]string{"boss": "2003", "sub": "1001", "other": "1001", "root": "3007", "off": "0"} {
		tx, _ := entered(t, conn, g.token("user", who))
		must(t, tx, force)
		plan := strings.Join(w.rows(t, tx, "EXPLAIN (COSTS off) SELECT count(*) FROM app.note"), "\n")
		if !strings.Contains(plan, "Workers Planned") {
			t.Fatalf("the plan is not parallel:\n%s", plan)
		}
		analyzed := strings.Join(w.rows(t, tx, "EXPLAIN (ANALYZE, COSTS off, TIMING off) SELECT count(*) FROM app.note"), "\n")
		if !strings.Contains(analyzed, "Workers Launched") || strings.Contains(analyzed, "Workers Launched: 0") {
			t.Logf("no worker was free:\n%s", analyzed)
		}
		if got := one(t, tx, "SELECT count(*) FROM app.note"); got != want {
			t.Errorf("%s: %s rows, want %s", who, got, want)
		}
		// Inside of the worker itself: the whole query, with its functions, runs in one.
		must(t, tx, "SET LOCAL "+setting+" = on")
		if got := one(t, tx, "SELECT rls.principal()"); got != who {
			t.Errorf("%s: a worker acts for %s", who, got)
		}
		if got := one(t, tx, "SELECT count(*) FROM app.note WHERE rls.principal() = '"+who+"'"); got != want {
			t.Errorf("%s: asked in workers: %s rows, want %s", who, got, want)
		}
		if got := one(t, tx, "SELECT count(*) FROM app.note"); got != want {
			t.Errorf("%s: in one worker: %s rows, want %s", who, got, want)
		}
		must(t, tx, "SELECT set_config('rls.context', 'x', true)")
		if got := w.outcome(t, tx, "SELECT count(*) FROM app.note"); got != "RL003" {
			t.Errorf("%s: an invalid context: %s", who, got)
		}
		must(t, tx, "ROLLBACK")
	}
	person := begin(t, w.person(t, "sub"))
	must(t, person, force+"SET LOCAL "+setting+" = on")
	if got := one(t, person, "SELECT count(*) FROM app.note"); got != "1001" {
		t.Errorf("a person's login: %s rows", got)
	}
	login, roles := w.bi(t, "sub")
	bi := begin(t, w.db.Conn(t, login))
	must(t, bi, "SET LOCAL ROLE "+roles["sub"]+";"+force+"SET LOCAL "+setting+" = on")
	if got := one(t, bi, "SELECT count(*) FROM app.note"); got != "1001" {
		t.Errorf("an impersonating login: %s rows", got)
	}
}
