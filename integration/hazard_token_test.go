package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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
		if got := w.message(t, conn, probes["the memo of the second"]); got != "{boss,sub}" {
			t.Errorf("%s: the probe proves nothing", got)
		}
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
