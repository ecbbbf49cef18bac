package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// settings lists what every client can set, each with each of its values: functions run under the settings of their
// caller, and some change what a function's text means (standard_conforming_strings).
func settings(t *testing.T, w *world) [][2]string {
	t.Helper()
	out := [][2]string{{"", ""}}
	for _, r := range w.split(t, `SELECT s.name, v.value FROM pg_settings AS s
		CROSS JOIN LATERAL unnest(CASE s.vartype WHEN 'bool' THEN ARRAY[CASE s.setting WHEN 'on' THEN 'off' ELSE 'on' END] ELSE array_remove(s.enumvals, s.setting) END) AS v(value)
		WHERE s.context = 'user' AND s.vartype IN ('bool', 'enum') AND s.name !~ '^(debug_print|exit_on_error|transaction_|log_|client_min_messages|ssl|track_|trace_)' ORDER BY 1, 2`) {
		out = append(out, [2]string{r[0], r[1]})
	}
	return append(out, [][2]string{
		{"DateStyle", "SQL, DMY"}, {"DateStyle", "German"}, {"TimeZone", "Pacific/Kiritimati"}, {"TimeZone", "-167:59"}, {"client_encoding", "LATIN1"}, {"client_encoding", "SQL_ASCII"},
		{"extra_float_digits", "-15"}, {"search_path", ""}, {"search_path", "pg_temp, app, rls"}, {"plpgsql.extra_errors", "all"}, {"plpgsql.extra_warnings", "all"},
		{"plpgsql.check_asserts", "off"}, {"work_mem", "64kB"}, {"from_collapse_limit", "1"}, {"join_collapse_limit", "1"}, {"geqo_threshold", "2"}, {"lc_monetary", "C"},
		{"default_transaction_isolation", "serializable"}, {"statement_timeout", "60s"}, {"cursor_tuple_fraction", "0"}, {"role", "none"}, {"rls.context", "x"},
	}...)
}

// TestHostileSettings: under no setting of the client does a forged token or context count, or a person see more.
func TestHostileSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	g := w.gateway(t)
	person := w.personLogin(t, "sub", "app")
	in := time.Now().Add(30 * time.Second).Unix()
	zero := strings.Repeat("0", 64)
	forgedTokens := []string{
		fmt.Sprintf("rls1|k1|%d|user|726f6f74|||0||%s", in, zero), fmt.Sprintf("rls1|k1|%d|user|726f6f74|||0|", in), fmt.Sprintf("rls1|k1|%d|user|726f6f74|||0", in),
		fmt.Sprintf("rls1|k1|%d|user|726f6f74", in), fmt.Sprintf("rls1|k1|%d|user|726f6f74|||0||", in), fmt.Sprintf("rls1|k1|%d|user|726f6f74|||0||%s|", in, zero), fmt.Sprintf("rls1|k1|%d|user|726f6f74|||0||xx", in),
		fmt.Sprintf("rls1|k9|%d|user|726f6f74|||0||%s", in, zero), fmt.Sprintf("rls1||%d|user|726f6f74|||0||%s", in, zero), "rls1", "rls1|", "|", "",
	}
	forgedContexts := []string{
		fmt.Sprintf("user|726f6f74|token|||0||%d|%s", in+3600, zero), fmt.Sprintf("user|726f6f74|token|||0||%d", in+3600), fmt.Sprintf("user|726f6f74|token|||0||%d|", in+3600), "user|726f6f74", "|" + zero, zero, "x",
	}
	list := settings(t, w)
	if len(list) < 60 {
		t.Fatalf("%d settings", len(list))
	}
	connect := func(w *world, login string, s [2]string) *pgx.Conn {
		cfg, err := pgx.ParseConfig(w.db.URL(login))
		if err != nil {
			t.Fatal(err)
		}
		if s[0] != "" {
			cfg.RuntimeParams[s[0]] = s[1]
		}
		conn, err := pgx.ConnectConfig(t.Context(), cfg)
		if err != nil {
			t.Logf("%s = %s: %v", s[0], s[1], err)
			return nil
		}
		return conn
	}
	// In the simple protocol with plain texts, as pgx itself refuses it under odd settings.
	run := func(conn *pgx.Conn, sql string) (string, string) {
		results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
		if err != nil {
			return "", sqlstate(err)
		}
		var cells []string
		for _, row := range results[len(results)-1].Rows {
			cells = append(cells, string(row[0]))
		}
		return strings.Join(cells, " "), ""
	}
	worked := 0
	for _, s := range list {
		name := s[0] + " = " + s[1]
		conn := connect(w, g.login, s)
		if conn == nil {
			continue
		}
		for _, token := range forgedTokens {
			if got, code := run(conn, "BEGIN; SELECT rls.enter('"+token+"')"); code != "RL003" {
				t.Errorf("%s: token %q: %q %s", name, token, got, code)
			}
			run(conn, "ROLLBACK")
		}
		for _, c := range forgedContexts {
			if got, code := run(conn, "BEGIN; SET LOCAL ROLE "+g.client+"; SET LOCAL rls.context = '"+c+"'; "+notes); code != "RL003" && !(s[0] == "row_security" && code != "") {
				t.Errorf("%s: context %q: %q %s", name, c, got, code)
			}
			run(conn, "ROLLBACK")
		}
		got, code := run(conn, "BEGIN; SELECT rls.enter('"+g.token("user", "boss")+"'); "+notes)
		switch {
		case code == "" && got != bossNotes:
			t.Errorf("%s: a good token: %q", name, got)
		case code == "":
			worked++
		default:
			t.Logf("%s: a good token: %s", name, code) // closed is safe
		}
		run(conn, "ROLLBACK")
		_ = conn.Close(t.Context())

		if conn = connect(w, person, s); conn == nil {
			continue
		}
		if got, code := run(conn, notes); code == "" && got != subNotes && got != "" {
			t.Errorf("%s: a person: %q", name, got)
		}
		if _, code := run(conn, "INSERT INTO app.note VALUES ('n', 'root')"); code == "" {
			t.Errorf("%s: a person inserts for root", name)
		}
		_ = conn.Close(t.Context())
	}
	if worked < len(list)*3/4 {
		t.Errorf("a good token works under %d of %d settings", worked, len(list))
	}

	t.Run("no body has a backslash in a plain literal", func(t *testing.T) {
		for _, row := range w.split(t, "SELECT p.proname, p.prosrc FROM pg_proc AS p WHERE p.pronamespace = 'rls'::regnamespace AND p.prosqlbody IS NULL") {
			if strings.Contains(row[1], `\`) {
				t.Errorf("function rls.%s: what a backslash means is up to the caller's standard_conforming_strings", row[0])
			}
		}
	})
	t.Run("control/with backslashes and a comparison that may be NULL a token without a signature counts", func(t *testing.T) {
		w := newWorld(t, identityModel, identitySchema)
		g := w.gateway(t)
		w.changeFunction(t, "rls.open_token(text)", "AND cardinality(field) = 10", "")
		w.changeFunction(t, "rls.open_token(text)", `'^rls1[|][A-Za-z0-9_-]+[|][1-9]`, `'^rls1\|[A-Za-z0-9_-]+\|[1-9]`)
		w.changeFunction(t, "rls.open_token(text)", "IF formed IS NOT TRUE THEN", "IF formed IS FALSE THEN")
		w.changeFunction(t, "rls.open_token(text)", "gate.genuine IS NOT TRUE", "gate.genuine IS FALSE")
		conn := connect(w, g.login, [2]string{"standard_conforming_strings", "off"})
		defer conn.Close(t.Context()) //nolint:errcheck // nothing is kept
		unsigned := fmt.Sprintf("rls1|k1|%d|user|726f6f74|||0|", time.Now().Add(30*time.Second).Unix())
		if got, code := run(conn, "BEGIN; SELECT rls.enter('"+unsigned+"'); "+notes); got != allNotes {
			t.Errorf("%q %s: the tokens above prove nothing", got, code)
		}
	})
}

// TestKinds: each database login has exactly one kind.
func TestKinds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	g := w.gateway(t)
	conn := g.conn(t)
	if _, who := entered(t, conn, g.token("user", "boss")); who != "user:boss" {
		t.Fatal(who)
	}
	must(t, conn, "ROLLBACK")
	// A gateway's row that was left behind when its login became a person's does not count.
	w.sql(t, "UPDATE rls.login SET kind = 'person', principal = 'sub' WHERE name = $1", g.login)
	if _, who := entered(t, conn, g.token("user", "boss")); who != "RL003" {
		t.Errorf("a person's login presents a token: %s", who)
	}
	must(t, conn, "ROLLBACK; SET ROLE "+g.client)
	if got := w.outcome(t, conn, notes); got != subNotes {
		t.Errorf("it is a person's: %s", got)
	}
	// A gateway without a row of limits is nobody, and raises.
	h := w.gateway(t)
	w.sql(t, "DELETE FROM rls.gateway WHERE login = $1", h.login)
	conn = h.conn(t)
	if _, who := entered(t, conn, h.token("user", "boss")); who != "RL003" {
		t.Errorf("without limits: %s", who)
	}
	must(t, conn, "ROLLBACK; SET ROLE "+h.client)
	if got := w.outcome(t, conn, notes); got != "RL001" {
		t.Errorf("without limits: %s", got)
	}
	// NULL in a list of claims is nobody's leave.
	n := w.gateway(t)
	w.sql(t, "UPDATE rls.gateway SET services = '{NULL}', tenants = '{acme,NULL}' WHERE login = $1", n.login)
	conn = n.conn(t)
	for _, token := range []string{n.token("service", "mailer"), n.mint(claims{kind: "user", principal: "boss", tenant: "zeta"})} {
		if _, who := entered(t, conn, token); who != "RL003" {
			t.Errorf("%s", who)
		}
		must(t, conn, "ROLLBACK")
	}
}
