package integration

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/pgsession"
)

// errBack makes a session roll back.
var errBack = errors.New("roll back")

// session calls fn in a transaction of the Go session for a user, and rolls it back.
func (w *world) session(t testing.TB, key any, fn func(tx pgx.Tx)) {
	t.Helper()
	g := w.shared(t, "app")
	s, err := pgsession.Open(t.Context(), g.pool, g.source(), pgsession.AllowOldServer())
	if err != nil {
		t.Fatal(pgsession.Explain(err))
	}
	var who pgsession.Principal
	switch k := key.(type) {
	case int16:
		who = pgsession.User(k)
	case string:
		who = pgsession.User(k)
	default:
		t.Fatalf("key of type %T", key)
	}
	err = s.Run(t.Context(), who, func(tx pgx.Tx) error {
		fn(tx)
		return errBack
	})
	if !errors.Is(err, errBack) {
		t.Fatal(pgsession.Explain(err))
	}
}

// source gives the gateway's key to a Go session.
func (g *gateway) source() pgsession.KeySource {
	return pgsession.KeyFunc(func(context.Context) (pgsession.Key, error) { return pgsession.NewKey(g.keyID, g.key) })
}

// TestSessionProblems is what a Go session asks before it serves anybody.
func TestSessionProblems(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	g := w.gateway(t)
	other := "rls_any_" + w.role("app_ro")
	problems := func(t *testing.T, sql string) []string {
		var out []string
		undone(t, w, func(tx pgx.Tx) {
			must(t, tx, w.text(sql))
			must(t, tx, "SET LOCAL SESSION AUTHORIZATION "+g.login)
			out = w.rows(t, tx, "SELECT p FROM rls.session_problems() AS p WHERE p NOT LIKE 'old server:%'")
		})
		return out
	}
	if got := problems(t, "SELECT 1"); len(got) > 0 {
		t.Fatalf("a gateway as it should be: %q", got)
	}
	login := "login " + g.login + " is a member of "
	for sql, want := range map[string]string{
		"ALTER ROLE " + g.login + " BYPASSRLS":                      "login " + g.login + " is " + g.login + ", which has BYPASSRLS",
		"GRANT {{migrator}} TO " + g.login:                          login + w.role("migrator") + ", which is a maintenance role",
		"GRANT {{owner}} TO " + g.login:                             login + w.role("owner") + ", which owns the protected table app.note",
		"GRANT {{migrator}} TO rls_wide_{{app}}":                    login + w.role("migrator") + ", which is a maintenance role",
		"GRANT rls_owner TO " + g.login:                             login + "rls_owner, which owns the toolkit's functions",
		"GRANT " + other + " TO " + g.login:                         login + other + ", which is a plan role of client role " + w.role("app_ro"),
		"GRANT " + other + " TO rls_narrow_{{app}}":                 login + other + ", which is a plan role of client role " + w.role("app_ro"),
		"ALTER ROLE " + g.login + " SET search_path = evil":         "login " + g.login + " starts with its own setting of search_path: ALTER ROLE " + g.login + " RESET search_path",
		"DELETE FROM rls.gateway_key":                               "gateway " + g.login + " has no key",
		"UPDATE rls.gateway SET signed = false":                     "unsigned gateway: whoever connects as " + g.login + " can claim to be anybody",
		"DELETE FROM rls.gateway WHERE login = '" + g.login + "'":   "login " + g.login + " is not registered as a gateway",
		"ALTER ROLE " + g.login + " SET statement_timeout = '1min'": "",
		"ALTER ROLE " + g.login + " SET track_activities = off":     "",
		"UPDATE rls.login SET given = '{\"limits\": []}'; ALTER ROLE " + g.login + " SET statement_timeout = 1":                                                                                      "login " + g.login + " starts with its own setting of statement_timeout",
		"UPDATE rls.login SET given = '{\"limits\": [\"statement_timeout=1min\"]}'; ALTER ROLE " + g.login + " SET statement_timeout = '1min'":                                                       "",
		"CREATE ROLE {{app}}_more; GRANT {{app}}_more TO " + g.login:                                                                                                                                 "",
		"CREATE ROLE {{app}}_more; GRANT {{app}}_more TO {{app}}; GRANT SELECT ON app.note TO {{app}}_more":                                                                                          "",
		"CREATE ROLE {{app}}_more; GRANT {{app}}_more TO " + g.login + "; GRANT SELECT ON app.note TO {{app}}_more":                                                                                  login + w.role("app") + "_more, which its client role is not",
		"CREATE ROLE {{app}}_more; GRANT {{app}}_more TO " + g.login + "; GRANT SELECT (id) ON app.person TO {{app}}_more":                                                                           login + w.role("app") + "_more, which its client role is not",
		"CREATE ROLE {{app}}_more; CREATE ROLE {{app}}_far; GRANT {{app}}_far TO {{app}}_more; GRANT {{app}}_more TO " + g.login + "; CREATE TABLE app.x (); ALTER TABLE app.x OWNER TO {{app}}_far": login + w.role("app") + "_far, which its client role is not",
		"GRANT {{app_ro}} TO " + g.login:                                                           login + w.role("app_ro") + ", which its client role is not",
		"GRANT pg_monitor TO " + g.login:                                                           login + "pg_monitor, which its client role is not",
		"GRANT SELECT ON app.person TO " + g.login:                                                 "login " + g.login + " owns or holds privileges on table app.person of its own",
		"GRANT UPDATE (body) ON app.note TO " + g.login:                                            "login " + g.login + " owns or holds privileges on ",
		"CREATE SEQUENCE app.s; GRANT USAGE ON SEQUENCE app.s TO " + g.login:                       "login " + g.login + " owns or holds privileges on sequence app.s of its own",
		"CREATE FUNCTION app.f() RETURNS int RETURN 1; ALTER FUNCTION app.f() OWNER TO " + g.login: "login " + g.login + " owns or holds privileges on function app.f() of its own",
		"SELECT lo_create(4711); GRANT SELECT ON LARGE OBJECT 4711 TO " + g.login:                  "login " + g.login + " owns or holds privileges on large object 4711 of its own",
		"SET LOCAL SESSION AUTHORIZATION " + g.login + "; CREATE TEMP TABLE t (id serial); CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; SELECT lo_create(0); RESET SESSION AUTHORIZATION": "",
		"GRANT USAGE ON SCHEMA app TO " + g.login:                       "",
		"CREATE SCHEMA s; ALTER SCHEMA s OWNER TO " + g.login:           "login " + g.login + " owns or holds privileges on schema s of its own",
		"GRANT TEMPORARY ON DATABASE " + w.db.Name() + " TO " + g.login: "",
	} {
		// What is dangerous by its own name can be too much as well.
		if got := strings.Join(problems(t, sql), "; "); !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s:\n got  %q\n want %q", sql, got, want)
		}
	}
	w.sql(t, "GRANT "+other+" TO "+g.login)
	_, err := pgsession.Open(t.Context(), w.db.Pool(t, g.login), g.source(), pgsession.AllowOldServer())
	if !errors.Is(err, pgsession.ErrUnsafeLogin) || !strings.Contains(pgsession.Explain(err), "is a plan role of client role "+w.role("app_ro")) {
		t.Errorf("a session with a plan role of another client role: %v", pgsession.Explain(err))
	}
	// It would have mattered: whoever entered for one client role reads with the privileges of another.
	tx, _ := entered(t, g.conn(t), g.token("user", "sub"))
	must(t, tx, "SET LOCAL ROLE "+other)
	if got := w.outcome(t, tx, notes); got != subNotes {
		t.Errorf("as %s: %s", other, got)
	}
}
