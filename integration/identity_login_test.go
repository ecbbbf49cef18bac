package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// spoofs are the settings that somebody may try, as every client can set them.
func spoofs(context string) []string {
	var out []string
	for _, local := range []string{"false", "true"} {
		for _, name := range []string{"rls.context", "rls.user_id", "rls.user", "rls.principal", "rls.principal_kind", "rls.key", "rls.kind",
			"rls.channel", "rls.tenant", "rls.token", "rls.superuser", "rls.client_role", "rls.second_factor", "rls.groups", "app.user_id",
			"app.current_user_id", "request.jwt.claims", "application_name"} {
			for _, value := range []string{"root", "boss", "user:root", "1", "t", context, "user|726f6f74|login|||1||99999999999|" + strings.Repeat("0", 64), `{"sub":"root"}`} {
				out = append(out, fmt.Sprintf("SELECT set_config('%s', '%s', %s)", name, value, local))
			}
		}
	}
	return append(out, "SET search_path = pg_temp, app", "SET TIME ZONE 'UTC'")
}

// foreignContext is a valid context of another transaction.
func foreignContext(t testing.TB, w *world, principal string) string {
	t.Helper()
	g := w.gateway(t)
	tx, _ := entered(t, g.conn(t), g.token("user", principal))
	return one(t, tx, "SELECT current_setting('rls.context')")
}

func TestPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)

	t.Run("session_user is the principal", func(t *testing.T) {
		for who, want := range map[string]string{"boss": bossNotes, "sub": subNotes, "other": otherNotes, "off": filtered, "root": allNotes} {
			conn := w.person(t, who)
			if got := w.outcome(t, conn, notes); got != want {
				t.Errorf("%s: got %s, want %s", who, got, want)
			}
			// Also in autocommit, also with the real program.
			equal(t, w.rows(t, conn, notes), strings.Fields(strings.TrimPrefix(want, filtered)), "%s in autocommit", who)
		}
		login := w.personLogin(t, "boss", "app")
		equal(t, w.psql(t, login, notes), strings.Fields(bossNotes), "psql")
		equal(t, w.psql(t, login, "SET rls.context = 'x'; SET rls.user_id = 'root'; "+notes), strings.Fields(bossNotes), "psql with settings")
	})
	t.Run("tokens and settings are ignored there", func(t *testing.T) {
		conn := w.person(t, "sub")
		for _, s := range spoofs(foreignContext(t, w, "root")) {
			tx := begin(t, conn)
			must(t, tx, s)
			if got := w.outcome(t, tx, notes); got != subNotes {
				t.Errorf("%s: got %s", s, got)
			}
			if got := w.outcome(t, tx, "INSERT INTO app.note VALUES ('n', 'boss')"); got != rejected {
				t.Errorf("%s: insert: %s", s, got)
			}
			must(t, tx, "ROLLBACK")
		}
		for _, s := range spoofs("x") { // and those that stay in the session
			must(t, conn, s)
		}
		if got := w.outcome(t, conn, notes); got != subNotes {
			t.Errorf("all of them at once: %s", got)
		}
	})
	t.Run("no role leads further", func(t *testing.T) {
		conn := w.person(t, "sub")
		for _, role := range w.rows(t, w.root, "SELECT quote_ident(rolname) FROM pg_roles") {
			tx := begin(t, conn)
			if got := w.outcome(t, tx, "SET LOCAL ROLE "+role); got != rejected {
				if rows := w.outcome(t, tx, notes); rows != subNotes && rows != rejected && rows != filtered {
					t.Errorf("as %s: %s", role, rows)
				}
			}
			must(t, tx, "ROLLBACK")
		}
		if got := w.outcome(t, conn, "SET SESSION AUTHORIZATION postgres"); got != rejected {
			t.Errorf("SET SESSION AUTHORIZATION: %s", got)
		}
	})
	t.Run("a login without a kind is nobody", func(t *testing.T) {
		for _, options := range []string{"LOGIN IN ROLE rls_any, " + w.role("app"), "LOGIN IN ROLE rls_any, " + w.role("app_ro")} {
			conn := w.db.Conn(t, w.db.Role(t, "unmapped", options))
			for _, s := range append(spoofs(foreignContext(t, w, "root")), "SELECT 1") {
				must(t, conn, s)
			}
			if got := w.outcome(t, conn, notes); got != filtered {
				t.Errorf("%s: %s", options, got)
			}
			if got := w.outcome(t, conn, "SELECT rls.principal(), rls.can('read', 'note')"); got != "NULL|f" {
				t.Errorf("%s: %s", options, got)
			}
		}
		conn := w.db.Conn(t, w.db.Role(t, "unmapped", "LOGIN IN ROLE "+w.role("app")+", rls_any"))
		for sql, want := range map[string]string{
			"INSERT INTO app.note VALUES ('n', 'boss')": rejected, "INSERT INTO app.note VALUES ('n', NULL)": rejected,
			"UPDATE app.note SET body = 'x'": filtered, "DELETE FROM app.note": filtered,
		} {
			if got := w.outcome(t, conn, sql); got != want {
				t.Errorf("%s: %s, want %s", sql, got, want)
			}
		}
		plain := w.db.Conn(t, w.db.Role(t, "unmapped", "LOGIN"))
		if got := w.outcome(t, plain, notes); got != rejected {
			t.Errorf("a login without any role: %s", got)
		}
	})
	t.Run("a login that is taken away is nobody at the next statement", func(t *testing.T) {
		login := w.personLogin(t, "boss", "app")
		tx := begin(t, w.db.Conn(t, login))
		if got := w.outcome(t, tx, notes); got != bossNotes {
			t.Fatal(got)
		}
		w.sql(t, "DELETE FROM rls.login WHERE name = $1", login)
		if got := w.outcome(t, tx, notes); got != filtered {
			t.Error(got)
		}
	})
	t.Run("a second client role holds its own privileges", func(t *testing.T) {
		conn := w.db.Conn(t, w.personLogin(t, "boss", "app_ro"))
		if got := w.outcome(t, conn, notes); got != bossNotes {
			t.Error(got)
		}
		if got := w.outcome(t, conn, "UPDATE app.note SET body = 'x'"); got != rejected {
			t.Error(got)
		}
	})
}

func TestImpersonating(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	login, roles := w.bi(t, "sub", "other", "root", "off")
	want := map[string]string{"sub": subNotes, "other": otherNotes, "root": filtered, "off": filtered}

	t.Run("the role setting is the principal", func(t *testing.T) {
		conn := w.db.Conn(t, login)
		for range 2 {
			for who, rows := range want {
				must(t, conn, "SET ROLE "+roles[who])
				if got := w.outcome(t, conn, notes); got != rows {
					t.Errorf("%s: got %s, want %s", who, got, rows)
				}
			}
		}
	})
	t.Run("nobody before SET ROLE", func(t *testing.T) {
		conn := w.db.Conn(t, login)
		if got := w.outcome(t, conn, notes); got != rejected {
			t.Errorf("NOINHERIT: %s", got)
		}
		must(t, conn, "SET ROLE "+roles["sub"])
		must(t, conn, "RESET ROLE")
		if got := w.outcome(t, conn, notes); got != rejected {
			t.Errorf("RESET ROLE: %s", got)
		}
		w.sql(t, "GRANT {{app}} TO "+login)
		must(t, conn, "SET ROLE "+w.role("app"))
		if got := w.outcome(t, conn, notes); got != filtered {
			t.Errorf("a role that stands for nobody: %s", got)
		}
		inherit := w.db.Role(t, "bi", "LOGIN INHERIT IN ROLE "+w.role("app")+", rls_any")
		w.sql(t, "INSERT INTO rls.login (name, kind, client_role) VALUES ($1, 'impersonating', $2)", inherit, w.role("app"))
		conn = w.db.Conn(t, inherit)
		if got := w.outcome(t, conn, notes); got != filtered {
			t.Errorf("INHERIT: %s", got)
		}
		if got := w.outcome(t, conn, "INSERT INTO app.note VALUES ('n', NULL)"); got != rejected {
			t.Errorf("INHERIT: insert: %s", got)
		}
	})
	t.Run("never more than the union of those principals, never a superuser principal", func(t *testing.T) {
		conn := w.db.Conn(t, login)
		union := strings.Fields(subNotes + " " + otherNotes)
		became := 0
		for _, role := range w.rows(t, w.root, "SELECT quote_ident(rolname) FROM pg_roles") {
			tx := begin(t, conn)
			if w.outcome(t, tx, "SET LOCAL ROLE "+role) == filtered {
				became++
				for _, id := range strings.Fields(w.outcome(t, tx, notes)) {
					if id != filtered && id != rejected && !slices.Contains(union, id) {
						t.Errorf("as %s: row %s", role, id)
					}
				}
			}
			must(t, tx, "ROLLBACK")
		}
		if became < len(roles) {
			t.Errorf("it could become %d roles: nothing is proved", became)
		}
		must(t, conn, "SET ROLE "+roles["root"])
		for sql, want := range map[string]string{
			notes: filtered, "INSERT INTO app.note VALUES ('n', 'root')": rejected, "DELETE FROM app.note": filtered,
			"SELECT rls.can('read', 'note')": "f", "SELECT count(*) FROM rls.visible_users": "0",
		} {
			if got := w.outcome(t, conn, sql); got != want {
				t.Errorf("superuser principal: %s: %s, want %s", sql, got, want)
			}
		}
	})
	t.Run("settings do not count", func(t *testing.T) {
		conn := w.db.Conn(t, login)
		must(t, conn, "SET ROLE "+roles["sub"])
		for _, s := range spoofs(foreignContext(t, w, "root")) {
			tx := begin(t, conn)
			must(t, tx, s)
			if got := w.outcome(t, tx, notes); got != subNotes {
				t.Errorf("%s: %s", s, got)
			}
			must(t, tx, "ROLLBACK")
		}
		for _, role := range []string{w.role("owner"), w.role("migrator"), "rls_owner", "postgres", "pg_read_all_data"} {
			if got := w.outcome(t, conn, "SELECT set_config('role', $1, false)", role); got != rejected {
				t.Errorf("set_config('role', '%s'): %s", role, got)
			}
		}
	})
	t.Run("a role stands for somebody on its own login alone", func(t *testing.T) {
		second, others := w.bi(t, "boss")
		w.sql(t, "GRANT "+roles["sub"]+" TO "+second)
		conn := w.db.Conn(t, second)
		must(t, conn, "SET ROLE "+roles["sub"])
		if got := w.outcome(t, conn, notes); got != filtered {
			t.Errorf("a role of another login: %s", got)
		}
		must(t, conn, "SET ROLE "+others["boss"])
		if got := w.outcome(t, conn, notes); got != bossNotes {
			t.Errorf("its own: %s", got)
		}
	})
	t.Run("a role that is taken away is nobody at the next statement", func(t *testing.T) {
		second, others := w.bi(t, "boss")
		tx := begin(t, w.db.Conn(t, second))
		must(t, tx, "SET ROLE "+others["boss"])
		if got := w.outcome(t, tx, notes); got != bossNotes {
			t.Fatal(got)
		}
		w.sql(t, "DELETE FROM rls.impersonation WHERE login = $1", second)
		if got := w.outcome(t, tx, notes); got != filtered {
			t.Error(got)
		}
	})
	t.Run("the role of the connection's start counts as SET ROLE", func(t *testing.T) {
		cfg, err := pgx.ParseConfig(w.db.URL(login))
		if err != nil {
			t.Fatal(err)
		}
		cfg.RuntimeParams["role"] = roles["sub"]
		conn, err := pgx.ConnectConfig(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context()) //nolint:errcheck // read only
		if got := w.outcome(t, conn, notes); got != subNotes {
			t.Error(got)
		}
	})
}

// TestMaintenanceImpersonation is rls.impersonate: for maintenance roles and database superusers alone.
func TestMaintenanceImpersonation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	conn := w.db.Conn(t, w.db.Role(t, "maint", "LOGIN IN ROLE "+w.role("migrator")+", rls_any_"+w.role("app")))
	for who, want := range map[string]string{"boss": bossNotes, "user:sub": subNotes, "root": allNotes, "off": filtered, "anonymous": filtered,
		"key:boss": bossNotes, "key:nobody at all": filtered, "subject:idp|sub": subNotes} {
		tx := begin(t, conn)
		if got := w.outcome(t, tx, "SELECT rls.impersonate($1)", who); !strings.HasPrefix(got, "user:") && got != "anonymous" {
			t.Fatal(got)
		}
		if got := w.outcome(t, tx, notes); got != want {
			t.Errorf("%s: got %s, want %s", who, got, want)
		}
		if got := w.outcome(t, tx, "SELECT rls.impersonate('other')"); got != rejected && got != "RL004" {
			t.Errorf("%s: a second one: %s", who, got)
		}
		must(t, tx, "ROLLBACK")
	}
	if got := w.outcome(t, conn, "SELECT rls.impersonate('nobody of that name')"); got != "RL006" {
		t.Errorf("an unknown user: %s", got)
	}
	if got := w.outcome(t, conn, "SELECT rls.impersonate('subject:of nobody')"); got != "RL005" {
		t.Errorf("an unknown subject: %s", got)
	}
	if got := w.outcome(t, conn, "SELECT rls.impersonate('key:')"); got != "RL006" {
		t.Errorf("an empty key: %s", got)
	}
	if got := w.outcome(t, conn, "SELECT rls.impersonate('boss', 'rls_owner')"); got != "RL006" {
		t.Errorf("a role that is no client role: %s", got)
	}
	// The context is sealed over session_user: it is worth nothing to anybody else, and ends with the transaction.
	tx := begin(t, conn)
	one(t, tx, "SELECT rls.impersonate('root')")
	stolen := one(t, tx, "SELECT current_setting('rls.context')")
	g := w.gateway(t)
	other := begin(t, g.conn(t))
	must(t, other, "SET LOCAL ROLE "+g.client)
	must(t, other, "SET LOCAL rls.context = '"+stolen+"'")
	if got := w.outcome(t, other, notes); got != "RL003" {
		t.Errorf("on a gateway: %s", got)
	}
	person := begin(t, w.person(t, "sub"))
	must(t, person, "SET LOCAL rls.context = '"+stolen+"'")
	if got := w.outcome(t, person, notes); got != subNotes {
		t.Errorf("on a person's login: %s", got)
	}
}
