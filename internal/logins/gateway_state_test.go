package logins_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/pgsession"
)

// TestGatewayState: what a client of a gateway can change about its login for good is hidden, refused or found.
func TestGatewayState(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	settings := func(login string) string {
		return c.one(t, "SELECT coalesce((SELECT array_to_string(d.setconfig, ' ') FROM pg_db_role_setting AS d JOIN pg_roles AS r ON r.oid = d.setrole WHERE r.rolname = $1), '')", login)
	}
	exec := func(conn *pgx.Conn, sql string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	web := c.Role(t, "web", "LOGIN NOINHERIT")
	exec(c.conn, "ALTER ROLE "+web+" SET statement_timeout = '1min'")
	file := filepath.Join(t.TempDir(), "k")
	added := must[logins.Added](t)(logins.AddGateway(t.Context(), c.conn, logins.Gateway{Login: web, Users: true, Key: logins.KeyFile{Path: file}}))
	if got := settings(web); got != "statement_timeout=1min track_activities=off" || added.Shown {
		t.Errorf("%s %v", got, added.Shown)
	}
	open := func() string {
		pool := c.Pool(t, web)
		defer pool.Close()
		_, err := pgsession.Open(t.Context(), pool, pgsession.FileKeys(file), pgsession.AllowOldServer())
		return pgsession.Explain(err)
	}
	if got := open(); got != "" {
		t.Error(got)
	}
	// Behind RESET ROLE a client changes what every next connection starts with: an outage for good.
	exec(c.Conn(t, web), "ALTER ROLE "+web+" SET statement_timeout = '9s'")
	if got := open(); !strings.Contains(got, "starts with its own setting of statement_timeout") {
		t.Errorf("a limit that a client has set: %q", got)
	}
	must[bool](t)(logins.Confirm(t.Context(), c.conn, web))
	if got := open(); got != "" {
		t.Errorf("after it was confirmed: %s", got)
	}
	exec(c.Conn(t, web), "ALTER ROLE "+web+" SET idle_session_timeout = '9s'")
	if got := open(); !strings.Contains(got, "idle_session_timeout") {
		t.Errorf("another limit that a client has set: %q", got)
	}
	_, err := logins.Confirm(t.Context(), c.conn, web+"x")
	wantRefusal(t, err, "is not registered", "did you mean")

	must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, web, false, logins.KindGateway))
	if got := settings(web); strings.Contains(got, "track_activities") {
		t.Errorf("remove leaves %s", got)
	}
	exec(c.conn, "ALTER ROLE "+web+" RESET ALL")
	exec(c.conn, "ALTER ROLE "+web+" SET track_activities = off")
	must[logins.Added](t)(logins.AddGateway(t.Context(), c.conn, logins.Gateway{Login: web, Users: true, Key: logins.KeyFile{Path: file + "2"}}))
	must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, web, false, logins.KindGateway))
	if got := settings(web); got != "track_activities=off" {
		t.Errorf("remove takes what was there before: %q", got)
	}
}
