package integration

import (
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/pgsession"
)

// message sends statements as one message of the simple protocol, and says what came of the last one: its rows, filtered, or the
// SQLSTATE of the first error. The connection is as before afterwards.
func (w *world) message(t testing.TB, conn *pgx.Conn, sql string) string {
	t.Helper()
	defer conn.Exec(t.Context(), "ROLLBACK", pgx.QueryExecModeSimpleProtocol) //nolint:errcheck // outside of a transaction a warning
	results, err := conn.PgConn().Exec(t.Context(), w.text(sql)).ReadAll()
	if code := sqlstate(err); code != "" {
		return code
	}
	if err != nil {
		t.Fatal(err)
	}
	return words(results[len(results)-1])
}

func words(r *pgconn.Result) string {
	var out []string
	for _, row := range r.Rows {
		out = append(out, string(row[0]))
	}
	if len(out) == 0 {
		return filtered
	}
	return strings.Join(out, " ")
}

// TestHazardSameMessage: transactions that one message of the simple protocol begins have the same transaction_timestamp(), over
// which contexts are sealed. What the first has entered counts for nothing in the second.
func TestHazardSameMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	g := w.gateway(t, "mailer")
	conn := g.conn(t)
	for range 2 { // the second finds what the first has written down
		tx, who := entered(t, conn, g.token("user", "boss"))
		if err := tx.Commit(t.Context()); err != nil || who != "user:boss" {
			t.Fatal(who, explain(err))
		}
	}
	const (
		save = `SELECT set_config('app.context', current_setting('rls.context'), false), set_config('app.memo', current_setting('rls.memo', true), false);`
		use  = `SELECT set_config('rls.context', current_setting('app.context'), true), set_config('rls.memo', current_setting('app.memo'), true);`
	)
	role := "SET LOCAL ROLE " + g.client + ";"
	enter := func(principal string) string {
		kind, key, _ := strings.Cut(principal, ":")
		return "SELECT rls.enter('" + g.token(kind, key) + "');" + save
	}
	// Asked by each worker, not by the leader alone.
	const asked = "SELECT DISTINCT rls.principal() FROM app.note"
	probes := map[string]string{
		"itself":                     "BEGIN;" + enter("user:boss") + use + notes,
		"an implicit transaction":    enter("user:boss") + use + notes,
		"committed":                  "BEGIN;" + enter("user:boss") + "COMMIT; BEGIN;" + use + role + notes,
		"a superuser":                "BEGIN;" + enter("user:root") + "COMMIT; BEGIN;" + use + role + notes,
		"a service":                  "BEGIN;" + enter("service:mailer") + "COMMIT; BEGIN;" + use + role + notes,
		"by its subject":             "BEGIN;" + enter("subject:idp|boss") + "COMMIT; BEGIN;" + use + role + notes,
		"chained":                    "BEGIN;" + enter("user:boss") + "COMMIT AND CHAIN;" + use + role + notes,
		"after an implicit one":      enter("user:boss") + "COMMIT;" + use + role + notes,
		"implicit afterwards":        "BEGIN;" + enter("user:boss") + "COMMIT;" + use + role + notes,
		"read only":                  "BEGIN READ ONLY;" + enter("user:boss") + "COMMIT; BEGIN READ ONLY;" + use + role + notes,
		"the second has a number":    "BEGIN;" + enter("user:boss") + "COMMIT; BEGIN;" + use + "SELECT pg_current_xact_id();" + role + notes,
		"entered under a savepoint":  "BEGIN; SAVEPOINT s;" + enter("user:boss") + "COMMIT; BEGIN;" + use + role + notes,
		"serializable":               "BEGIN ISOLATION LEVEL SERIALIZABLE;" + enter("user:boss") + "COMMIT; BEGIN ISOLATION LEVEL SERIALIZABLE;" + use + role + notes,
		"the other way round":        "BEGIN; COMMIT; BEGIN;" + enter("user:boss") + use + notes,
		"written in the second":      "BEGIN;" + enter("user:boss") + "COMMIT; BEGIN;" + use + role + "INSERT INTO app.note VALUES ('x', 'boss') RETURNING id",
		"questions of the second":    "BEGIN;" + enter("user:boss") + "COMMIT; BEGIN;" + use + role + "SELECT rls.can('read', 'note')",
		"the memo of the second":     "BEGIN;" + enter("user:boss") + "COMMIT; BEGIN;" + use + role + "SELECT rls.admitted_owners('read', 'note', 'visible', true)",
		"principal of the second":    "BEGIN;" + enter("user:boss") + "COMMIT; BEGIN;" + use + role + "SELECT rls.principal()",
		"in parallel":                "BEGIN;" + enter("user:boss") + parallelSettings(t, w) + asked,
		"in parallel, in the second": "BEGIN;" + enter("user:boss") + "COMMIT; BEGIN;" + use + role + parallelSettings(t, w) + asked,
	}
	honest := map[string]bool{"itself": true, "an implicit transaction": true, "the other way round": true}
	if plan := w.message(t, conn, "BEGIN;"+enter("user:boss")+parallelSettings(t, w)+"EXPLAIN (COSTS OFF) "+asked); !strings.Contains(plan, "Gather") {
		t.Errorf("no parallel plan: %s", plan)
	}
	for name, sql := range probes {
		want := "RL003"
		switch {
		case name == "in parallel":
			want = "boss"
		case honest[name]:
			want = bossNotes
		}
		if got := w.message(t, conn, sql); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}

	t.Run("behind BEGIN of its own no number is drawn", func(t *testing.T) {
		tx, _ := entered(t, conn, g.token("user", "boss"))
		if got := w.outcome(t, tx, "SELECT pg_current_xact_id_if_assigned() IS NULL"); got != "t" {
			t.Error("a transaction that reads has a number")
		}
		if got := w.outcome(t, tx, notes); got != bossNotes {
			t.Error(got)
		}
		_ = tx.Rollback(t.Context())
	})
	t.Run("a procedure that commits", func(t *testing.T) {
		// Its transactions start at times of their own.
		got := w.message(t, conn, fmt.Sprintf(`DO $do$ BEGIN
			PERFORM rls.enter('%s'), set_config('app.context', current_setting('rls.context'), false), set_config('app.memo', current_setting('rls.memo', true), false);
			COMMIT;
			PERFORM set_config('rls.context', current_setting('app.context'), true), set_config('rls.memo', current_setting('app.memo'), true), set_config('role', '%s', true);
			PERFORM id FROM app.note;
		END $do$`, g.token("user", "boss"), g.client))
		if got != "RL003" {
			t.Error(got)
		}
		got = w.message(t, conn, fmt.Sprintf(`DO $do$ BEGIN
			COMMIT;
			PERFORM rls.enter('%s'), set_config('app.context', current_setting('rls.context'), false), set_config('app.memo', current_setting('rls.memo', true), false);
			COMMIT;
			PERFORM set_config('rls.context', current_setting('app.context'), true), set_config('rls.memo', current_setting('app.memo'), true), set_config('role', '%s', true);
			PERFORM id FROM app.note;
		END $do$`, g.token("user", "boss"), g.client))
		if got != "RL003" {
			t.Errorf("behind a COMMIT: %s", got)
		}
	})
	t.Run("impersonating", func(t *testing.T) {
		root := w.admin(t)
		become := "SELECT rls.impersonate('user:boss', '{{app}}');" + save
		use := use + "SET LOCAL ROLE " + g.client + ";"
		if got := w.message(t, root, "BEGIN;"+become+notes); got != bossNotes {
			t.Error(got)
		}
		// A database superuser is nobody there, whose policies are those of nobody.
		if got := w.message(t, root, "BEGIN;"+become+"COMMIT; BEGIN;"+use+notes); got != "RL003" {
			t.Errorf("in the second transaction: %s", got)
		}
	})

	t.Run("without asking for the number the first counts in the second", func(t *testing.T) {
		w := newWorld(t, identityModel, identitySchema)
		w.changeFunction(t, "rls.identify()", "OR field[9] <> coalesce(pg_current_xact_id_if_assigned()::text, '') ", "")
		other := w.gateway(t)
		got := w.message(t, other.conn(t), strings.NewReplacer(g.client, other.client).Replace(
			"BEGIN; SELECT rls.enter('"+other.token("user", "boss")+"');"+save+"COMMIT; BEGIN;"+use+role+notes))
		if got != bossNotes {
			t.Errorf("%s: the probe proves nothing", got)
		}
	})
	t.Run("with a memo the first counts in the second", func(t *testing.T) {
		w.changeFunction(t, "rls.open_token(text)", " AND number IS NULL", "")
		// A memo counts once every transaction of the server is over that ran as something changed.
		until(t, func() bool { return w.message(t, conn, probes["the memo of the second"]) == "{boss,sub}" })
	})
}

// parallelSettings make the planner take parallel plans wherever it may.
func parallelSettings(t testing.TB, w *world) string {
	t.Helper()
	force := "force_parallel_mode"
	if one(t, w.root, "SELECT current_setting('server_version_num')::integer >= 160000") == "t" {
		force = "debug_parallel_query"
	}
	return "SET LOCAL " + force + " = on; SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0;"
}

// TestHazardStolenToken: a driver that pastes parameters puts the token into pg_stat_activity, where every connection of the same
// login reads it behind RESET ROLE.
func TestHazardStolenToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	g := w.gateway(t)
	literal := regexp.MustCompile(`rls1\|[^']*`)
	// steal enters with the token as a literal, and returns what a thief, who has entered as somebody else, reads of it.
	steal := func(t *testing.T, victim *pgx.Conn, token string) (thief *pgx.Conn, stolen string) {
		t.Helper()
		thief = g.conn(t)
		tx := begin(t, victim)
		must(t, tx, "SELECT rls.enter('"+token+"')")
		if _, who := entered(t, thief, g.token("user", "other")); who != "user:other" {
			t.Fatal(who)
		}
		must(t, thief, "RESET ROLE")
		seen := one(t, thief, "SELECT coalesce(query, '') FROM pg_stat_activity WHERE pid = $1", victim.PgConn().PID())
		must(t, thief, "ROLLBACK")
		return thief, literal.FindString(seen)
	}
	bound := func(conn *pgx.Conn, attributes string) string {
		return g.mint(claims{kind: "user", principal: "boss", attributes: attributes + "rls_backend=" + hex.EncodeToString([]byte(fmt.Sprint(conn.PgConn().PID())))})
	}

	t.Run("one that is not bound is worth everything", func(t *testing.T) {
		thief, stolen := steal(t, g.conn(t), g.token("user", "boss"))
		if tx, who := entered(t, thief, stolen); who != "user:boss" || w.outcome(t, tx, notes) != bossNotes {
			t.Errorf("%s: the probe proves nothing", who)
		}
	})
	for name, attributes := range map[string]string{"alone": "", "with an attribute of the model": "ip_zone=6575,"} {
		t.Run("one that is bound is worth nothing, "+name, func(t *testing.T) {
			victim := g.conn(t)
			token := bound(victim, attributes)
			thief, stolen := steal(t, victim, token)
			if stolen != token {
				t.Fatalf("read %q: the probe proves nothing", stolen)
			}
			_, err := begin(t, thief).Exec(t.Context(), "SELECT rls.enter($1)", stolen)
			var pg *pgconn.PgError
			if !errors.As(err, &pg) || pg.Code != "RL003" || pg.Detail != "it is bound to another backend" {
				t.Errorf("presented by another connection: %v", explain(err))
			}
			must(t, thief, "ROLLBACK")
			// Taking the claim out breaks the signature.
			if _, who := entered(t, thief, regexp.MustCompile("rls_backend=[0-9a-f]*").ReplaceAllString(stolen, "")); who != "RL003" {
				t.Error(who)
			}
		})
	}
	t.Run("the backend is not part of the context", func(t *testing.T) {
		conn := g.conn(t)
		tx, _ := entered(t, conn, bound(conn, "ip_zone=6575,"))
		if got := w.outcome(t, tx, "SELECT split_part(current_setting('rls.context'), '|', 7), rls.attr('ip_zone')"); got != "ip_zone=6575|eu" {
			t.Error(got)
		}
		// Entered again without it, the principal is the same.
		if got := w.outcome(t, tx, "SELECT rls.enter($1)", g.mint(claims{kind: "user", principal: "boss", attributes: "ip_zone=6575"})); got != "user:boss" {
			t.Error(got)
		}
	})
	t.Run("a session binds every token but the first of a connection", func(t *testing.T) {
		pool := w.db.Pool(t, g.login)
		s, err := pgsession.Open(t.Context(), pool, g.source(), pgsession.AllowOldServer())
		if err != nil {
			t.Fatal(pgsession.Explain(err))
		}
		w.sql(t, "CREATE TABLE app.presented (token text); GRANT INSERT ON app.presented TO PUBLIC; GRANT USAGE ON SCHEMA app TO PUBLIC")
		w.changeFunction(t, "rls.enter(text)", "BEGIN\n", "BEGIN\n    INSERT INTO app.presented VALUES (token);\n")
		for range 3 {
			if err := s.Run(t.Context(), pgsession.User("boss"), func(tx pgx.Tx) error {
				_, err := tx.Exec(t.Context(), "SELECT 1")
				return err
			}); err != nil {
				t.Fatal(pgsession.Explain(err))
			}
		}
		if got := one(t, w.root, "SELECT string_agg((token ~ 'rls_backend=')::text, ' ' ORDER BY token ~ 'rls_backend=') FROM app.presented"); got != "false true true" {
			t.Error(got)
		}
	})
	t.Run("without the check it is worth everything", func(t *testing.T) {
		w.changeFunction(t, "rls.open_token(text)", "THEN p.pair <> bound", "THEN false")
		thief, stolen := steal(t, g.conn(t), bound(g.conn(t), ""))
		if _, who := entered(t, thief, stolen); who != "user:boss" {
			t.Errorf("%s: the probe proves nothing", who)
		}
	})
}

// TestHazardActivity: track_activities = off for a gateway's login hides what its connections do from each other, and no client
// can turn it on again.
func TestHazardActivity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	g := w.gateway(t)
	seen := func(t *testing.T, victim *pgx.Conn) string {
		t.Helper()
		tx := begin(t, victim)
		must(t, tx, "SELECT rls.enter('"+g.token("user", "boss")+"')")
		must(t, tx, "SELECT 'a literal of boss'")
		thief := g.conn(t)
		const found = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND query LIKE '%a literal of boss%'"
		out := one(t, thief, found, victim.PgConn().PID()) + one(t, w.root, found, victim.PgConn().PID())
		_ = tx.Rollback(t.Context())
		return out
	}
	if got := seen(t, g.conn(t)); got != "11" {
		t.Errorf("%s: the probe proves nothing", got)
	}
	w.sql(t, "ALTER ROLE "+g.login+" SET track_activities = off")
	if got := seen(t, g.conn(t)); got != "00" {
		t.Errorf("hidden, and yet %s", got)
	}
	for _, sql := range []string{
		"SET track_activities = on", "SET LOCAL track_activities = on", "SELECT set_config('track_activities', 'on', false)", "UPDATE pg_settings SET setting = 'on' WHERE name = 'track_activities'",
		"ALTER ROLE " + g.login + " SET track_activities = on", "ALTER ROLE " + g.login + " RESET track_activities", "ALTER ROLE " + g.login + " RESET ALL",
		"ALTER ROLE " + g.login + " IN DATABASE " + w.db.Name() + " SET track_activities = on", "RESET track_activities", "RESET ALL", "DISCARD ALL",
		"SET SESSION AUTHORIZATION DEFAULT", "CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql SET track_activities = on AS 'SELECT 1'; SELECT pg_temp.f()",
	} {
		conn := g.conn(t)
		_, _ = conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol) // refused, or without effect
		if got := seen(t, conn); got != "00" {
			t.Errorf("%s: %s", sql, got)
		}
		if got := seen(t, g.conn(t)); got != "00" {
			t.Errorf("%s, for the next connection: %s", sql, got)
		}
	}
	config, err := pgx.ParseConfig(w.db.URL(g.login))
	if err != nil {
		t.Fatal(err)
	}
	config.RuntimeParams["options"] = "-c track_activities=on"
	if conn, err := pgx.ConnectConfig(t.Context(), config); err == nil {
		if got := seen(t, conn); got != "00" {
			t.Errorf("by options of the connection: %s", got)
		}
		_ = conn.Close(t.Context())
	}
	if s, err := pgsession.Open(t.Context(), w.db.Pool(t, g.login), g.source(), pgsession.AllowOldServer()); err != nil || s == nil {
		t.Errorf("a session of a gateway that is hidden: %v", pgsession.Explain(err))
	}
}

// TestHazardAttributes: a token says what the model declares, in its type.
func TestHazardAttributes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	g := w.gateway(t)
	conn := g.conn(t)
	h := func(s string) string { return hex.EncodeToString([]byte(s)) }
	token := func(attributes string) string {
		return g.mint(claims{kind: "user", principal: "boss", attributes: attributes})
	}
	all := "device=" + h("123e4567-e89b-12d3-a456-426614174000") + ",flag=" + h("true") + ",ip_zone=" + h("eu") + ",level=" + h("-7")
	tx, who := entered(t, conn, token(all))
	if who != "user:boss" {
		t.Fatal(who)
	}
	const ask = "SELECT rls.attr('ip_zone'), rls.attr('level')::bigint + 1, rls.attr('flag')::boolean, rls.attr('device')::uuid, rls.attr('a')"
	if got := w.outcome(t, tx, ask); got != "eu|-6|t|123e4567-e89b-12d3-a456-426614174000|NULL" {
		t.Error(got)
	}
	if got := w.outcome(t, tx, "SELECT rls.attr('zone')"); got != "RL008" {
		t.Errorf("one that the model does not have: %s", got)
	}
	if got := w.outcome(t, tx, "SELECT set_config('rls.context', replace(current_setting('rls.context'), 'ip_zone=6575', 'ip_zone=7573'), true)"); got == rejected {
		t.Fatal(got)
	}
	if got := w.outcome(t, tx, "SELECT rls.attr('ip_zone')"); got != "RL003" {
		t.Errorf("changed by the client: %s", got)
	}
	_ = tx.Rollback(t.Context())
	for attributes, detail := range map[string]string{
		"zone=" + h("eu"):                   "zone",
		"ip_zone=6575,zone=6575":            "zone",
		"level=" + h("seven"):               "level",
		"level=" + h("9999999999999999999"): "level",
		"level=":                            "level",
		"flag=" + h("yes"):                  "flag",
		"device=" + h("x"):                  "device",
		"rls_super=" + h("true"):            "rls_super",
		"rls_backend=" + h("1"):             "",
	} {
		_, err := begin(t, conn).Exec(t.Context(), "SELECT rls.enter($1)", token(attributes))
		want := `the model has no session attribute "` + detail + `" of that type`
		if detail == "" {
			want = "it is bound to another backend"
		}
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "RL003" || pg.Detail != want {
			t.Errorf("%s: %v", attributes, explain(err))
		}
		must(t, conn, "ROLLBACK")
	}
	// On a connection of somebody else nobody says anything.
	if got := w.outcome(t, w.person(t, "boss"), "SELECT rls.attr('ip_zone') IS NULL"); got != "t" {
		t.Errorf("a person: %s", got)
	}
	w.apply(t, strings.Replace(identityModel, "ip_zone: text, ", "", 1))
	if _, who := entered(t, conn, token("ip_zone=6575")); who != "RL003" {
		t.Errorf("taken from the model: %s", who)
	}
	must(t, conn, "ROLLBACK")
	w.apply(t, identityModel)
	if p := w.plan(t, identityModel).Plan; len(p.Changes) > 0 {
		t.Errorf("the plan is not empty: %v", p.Changes)
	}
	w.changeFunction(t, "rls.open_token(text)", "IS NOT TRUE END),", "IS NULL AND false END),")
	if _, who := entered(t, conn, token("zone=6575")); who != "user:boss" {
		t.Errorf("without the check %s: the probe proves nothing", who)
	}
}

// TestHazardPrepared: a prepared transaction keeps what it wrote, and nothing of who entered: neither the login that prepared it
// nor whoever finishes it reads by that.
func TestHazardPrepared(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	if one(t, w.root, "SHOW max_prepared_transactions") == "0" {
		t.Skip("SKIPPED: this server has max_prepared_transactions 0")
	}
	g := w.gateway(t, "mailer")
	conn, other := g.conn(t), g.conn(t)
	gid := "left_" + one(t, conn, "SELECT current_database()") // of the whole server
	const (
		save = `SELECT set_config('app.context', current_setting('rls.context'), false), set_config('app.memo', current_setting('rls.memo', true), false);`
		use  = `SELECT set_config('rls.context', current_setting('app.context'), true), set_config('rls.memo', current_setting('app.memo'), true);`
	)
	role := "SET LOCAL ROLE " + g.client + ";"
	enter := "SELECT rls.enter('" + g.token("user", "boss") + "');" + save
	prepare := "PREPARE TRANSACTION '" + gid + "';"

	if got := w.message(t, conn, "BEGIN;"+enter+prepare+"BEGIN;"+use+role+notes); got != "RL003" {
		t.Errorf("the next transaction of the message: %s, want RL003", got)
	}
	must(t, w.root, "ROLLBACK PREPARED '"+gid+"'")

	must(t, conn, "BEGIN")
	must(t, conn, enter+"INSERT INTO app.note VALUES ('prepared', 'boss')")
	must(t, conn, prepare)
	if got := w.message(t, conn, "BEGIN;"+use+role+notes); got != "RL003" {
		t.Errorf("the next transaction: %s, want RL003", got)
	}
	// Whoever shares the role can finish it, and is nobody by that.
	must(t, other, "SET ROLE "+pgx.Identifier{one(t, other, "SELECT owner FROM pg_prepared_xacts WHERE gid = $1", gid)}.Sanitize())
	must(t, other, "COMMIT PREPARED '"+gid+"'")
	if got := w.message(t, other, notes); got != "RL001" {
		t.Errorf("after COMMIT PREPARED: %s, want RL001", got)
	}
}
