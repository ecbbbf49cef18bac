package logins_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/pgsession"
)

// maintenance makes a login as managed PostgreSQL has it: no database superuser, a member of the login to be adopted and
// of those whose objects it holds privileges on.
func (w *messy) maintenance(t *testing.T) *pgx.Conn {
	t.Helper()
	w.roles["maint"] = w.Role(t, "maint", "LOGIN CREATEROLE CREATEDB")
	if w.Server().Version() < 160000 {
		w.sql(t, "GRANT {{app}}, {{stranger}} TO {{maint}}")
	} else {
		w.sql(t, `GRANT {{app}}, {{stranger}} TO {{maint}} WITH ADMIN TRUE, INHERIT TRUE, SET TRUE;
			GRANT {{writer}}, {{reader}}, {{group}}, rls_owner, rls_client TO {{maint}} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;
			REVOKE {{group}} FROM {{app}}; SET ROLE {{maint}}; GRANT {{group}} TO {{app}}; RESET ROLE`)
	}
	return w.Conn(t, w.roles["maint"])
}

func TestAdoptWithoutSuperuser(t *testing.T) {
	t.Parallel()
	w := newMessy(t)
	conn := w.maintenance(t)
	a, keys := w.adoption(t, "app")

	before := w.catalog(t)
	_, err := logins.Adopt(t.Context(), conn, a)
	wantRefusal(t, err, "may not act as", "database superuser") // who gave it a privilege on a parameter
	same(t, "after the refusal", w.catalog(t), before)
	w.sql(t, `REVOKE EXECUTE ON FUNCTION pg_catalog.pg_stat_reset() FROM {{app}}; REVOKE SET ON PARAMETER {{app}}.knob FROM {{app}}`)

	before = w.catalog(t)
	may := rights(t, w.Conn(t, w.roles["app"]))
	must[logins.Adopted](t)(logins.Adopt(t.Context(), conn, a))
	same(t, "entered", w.enteredRights(t, "app", keys), may)
	var borrowed string
	if err := w.root.QueryRow(t.Context(), w.text(`SELECT coalesce(string_agg(r.rolname, ' ' ORDER BY r.rolname), '') FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.roleid
		WHERE m.member = '{{maint}}'::regrole AND r.rolname NOT IN ('{{app}}', '{{stranger}}')
		  AND coalesce((to_jsonb(m) ->> 'set_option')::boolean OR (to_jsonb(m) ->> 'inherit_option')::boolean, true)`)).Scan(&borrowed); err != nil {
		t.Fatal(err)
	}
	if borrowed != w.roles["app"]+"_owner" {
		t.Errorf("afterwards the maintenance login is a member of: %s", borrowed)
	}
	must[logins.Released](t)(logins.Release(t.Context(), conn, w.roles["app"]))
	// Nobody but a database superuser can say who granted a membership.
	grantor := func(lines []string) (out []string) {
		for _, l := range lines {
			if strings.HasPrefix(l, "member ") {
				l, _, _ = strings.Cut(l, " by ")
			}
			out = append(out, l)
		}
		return out
	}
	same(t, "released", grantor(w.catalog(t)), grantor(before))
}

// TestAdoptScript runs what is printed, and compares it with what is done.
func TestAdoptScript(t *testing.T) {
	t.Parallel()
	w := newMessy(t)
	a, _ := w.adoption(t, "app")
	before := w.catalog(t)
	printed := must[logins.Adopted](t)(logins.AdoptScript(t.Context(), w.root, a))
	same(t, "printing", w.catalog(t), before)
	if strings.Contains(printed.Script, "hmac_pad") {
		t.Error("the script has a key")
	}
	must[logins.Adopted](t)(logins.Adopt(t.Context(), w.root, a))
	done := w.catalog(t)
	back := must[logins.Released](t)(logins.ReleaseScript(t.Context(), w.root, w.roles["app"]))
	same(t, "printing the release", w.catalog(t), done)
	if _, stderr, err := w.Psql(t, "", back.Script); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	same(t, "released by psql", w.catalog(t), before)
	if _, stderr, err := w.Psql(t, "", printed.Script); err != nil {
		t.Fatalf("%v\n%s", err, stderr)
	}
	same(t, "adopted by psql", w.catalog(t), done)
	r := must[logins.Released](t)(logins.Release(t.Context(), w.root, w.roles["app"]))
	same(t, "released", w.catalog(t), before)
	if r.Skipped > 0 {
		t.Errorf("%d steps are skipped", r.Skipped)
	}
}

// TestAdoptSeveral adopts three applications with different rights, and tries each as what the others are.
func TestAdoptSeveral(t *testing.T) {
	t.Parallel()
	w := newMessy(t)
	before := w.catalog(t)
	apps := []string{"app", "writer", "reader"}
	may, keys := map[string][]string{}, map[string]string{}
	for _, app := range apps {
		may[app] = rights(t, w.Conn(t, w.roles[app]))
	}
	// What PUBLIC had, the first one takes from the others: they are given it before, as its hint says.
	w.sql(t, "GRANT SELECT, REFERENCES ON other.open TO {{writer}}, {{reader}}")
	for _, app := range apps {
		a, path := w.adoption(t, app)
		must[logins.Adopted](t)(logins.Adopt(t.Context(), w.root, a))
		keys[app] = path
	}
	for _, app := range apps {
		t.Run(app, func(t *testing.T) {
			same(t, "entered", w.enteredRights(t, app, keys[app]), may[app])
		})
	}

	statements := map[string]string{
		"read":         "SELECT id FROM sales.orders",
		"read all":     "SELECT mail FROM sales.employees",
		"read columns": "SELECT id, login FROM sales.employees",
		"insert":       "INSERT INTO sales.orders (total) VALUES (1)",
		"update":       "UPDATE sales.orders SET total = 2 WHERE id = 1",
		"update mail":  "UPDATE sales.employees SET mail = 'a@b'",
		"delete":       "DELETE FROM sales.orders WHERE id = 1",
		"next":         "SELECT nextval('sales.counter')",
		"call":         "SELECT sales.total(1)",
		"create":       "CREATE TABLE sales.mine (id integer)",
		"alter":        "ALTER TABLE sales.orders ADD extra integer",
		"drop":         "DROP TABLE sales.numbers",
		"grant":        "GRANT SELECT ON sales.orders TO PUBLIC",
	}
	want := map[string]string{
		"app":    "call create insert next read read all read columns update update mail",
		"writer": "delete insert next read update",
		"reader": "read read columns update mail",
	}
	try := func(tx pgx.Tx, sql string) bool {
		if _, err := tx.Exec(t.Context(), "SAVEPOINT try"); err != nil {
			t.Fatal(err)
		}
		_, err := tx.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
		// A GRANT of what is not one's own is a mere warning.
		if err == nil && strings.HasPrefix(sql, "GRANT") {
			var public bool
			if err := tx.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x WHERE c.oid = 'sales.orders'::regclass AND x.grantee = 0)").Scan(&public); err != nil {
				t.Fatal(err)
			}
			if !public {
				err = fmt.Errorf("nothing was granted")
			}
		}
		if _, err := tx.Exec(t.Context(), "ROLLBACK TO try"); err != nil {
			t.Fatal(err)
		}
		return err == nil
	}
	for _, app := range apps {
		t.Run(app+"_can", func(t *testing.T) {
			s, err := pgsession.Open(t.Context(), w.Pool(t, w.roles[app]), pgsession.FileKeys(keys[app]), pgsession.AllowOldServer())
			if err != nil {
				t.Fatal(pgsession.Explain(err))
			}
			var roles []string
			rows, _ := w.root.Query(t.Context(), "SELECT r.rolname::text FROM pg_roles AS r WHERE r.rolname <> $1", w.roles[app])
			roles = must[[]string](t)(pgx.CollectRows(rows, pgx.RowTo[string]))
			err = s.Run(t.Context(), pgsession.Anonymous(), func(tx pgx.Tx) error {
				var can []string
				for name, sql := range statements {
					if try(tx, sql) {
						can = append(can, name)
					}
				}
				if got := sortedWords(can); got != want[app] {
					t.Errorf("entered it can: %s\nand should: %s", got, want[app])
				}
				return nil
			})
			if err != nil {
				t.Fatal(pgsession.Explain(err))
			}
			// Whatever it can become, before entering: no more than its client role.
			conn := w.Conn(t, w.roles[app])
			var became []string
			for _, role := range roles {
				if _, err := conn.Exec(t.Context(), "SET ROLE "+pgx.Identifier{role}.Sanitize()); err != nil {
					continue
				}
				became = append(became, role)
				same(t, "as "+role, union(rights(t, conn), may[app]), may[app])
			}
			// The group is what the application could always become.
			allowed := []string{w.roles[app] + "_client"}
			if app == "app" {
				allowed = append(allowed, w.roles["group"])
			}
			if got := sortedWords(became); got != sortedWords(allowed) {
				t.Errorf("it can become: %s", got)
			}
			if _, err := conn.Exec(t.Context(), "RESET ROLE"); err != nil {
				t.Fatal(err)
			}
			for name, sql := range statements {
				tx := must[pgx.Tx](t)(conn.Begin(t.Context()))
				if try(tx, sql) {
					t.Errorf("before entering it can %s", name)
				}
				_ = tx.Rollback(t.Context())
			}
		})
	}
	for i := range apps {
		must[logins.Released](t)(logins.Release(t.Context(), w.root, w.roles[apps[len(apps)-1-i]]))
	}
	w.sql(t, "REVOKE SELECT, REFERENCES ON other.open FROM {{writer}}, {{reader}}")
	same(t, "released", w.catalog(t), before)
}

func sortedWords(list []string) string {
	list = slices.Clone(list)
	slices.Sort(list)
	return strings.Join(list, " ")
}

// union returns the lines of either.
func union(a, b []string) []string {
	out := append(slices.Clone(a), b...)
	slices.Sort(out)
	return slices.Compact(out)
}

// TestAdoptRefusals are logins that would leave a way round, and what to do about each.
func TestAdoptRefusals(t *testing.T) {
	t.Parallel()
	w := newMessy(t)
	other := func(options, more string) func(t *testing.T) string {
		return func(t *testing.T) string {
			w.roles["bad"] = w.Role(t, "bad", options)
			w.sql(t, more)
			return "bad"
		}
	}
	cases := []struct {
		name          string
		login         func(t *testing.T) string
		message, hint string
		change        func(*logins.Adoption)
	}{
		{"superuser", other("LOGIN SUPERUSER", ""), "is a database superuser", "a login of its own", nil},
		{"bypass", other("LOGIN BYPASSRLS", ""), "has BYPASSRLS", "NOBYPASSRLS", nil},
		{"createrole", other("LOGIN CREATEROLE", ""), "has CREATEROLE", "NOCREATEROLE", nil},
		{"replication", other("LOGIN REPLICATION", ""), "has REPLICATION", "NOREPLICATION", nil},
		{"no login", other("NOLOGIN", ""), "cannot log in", "", nil},
		{"member of an owner", other("LOGIN", "GRANT {{stranger}} TO {{bad}}"), "which would be a way round: it owns other.", "--leave stranger", nil},
		{"member of the owner of the database", other("LOGIN", "CREATE ROLE {{bad}}_g NOLOGIN; GRANT {{app}} TO {{bad}}_g; GRANT {{bad}}_g TO {{bad}}"), ", which owns", "--leave", nil},
		{"member of a superuser", other("LOGIN", "CREATE ROLE {{bad}}_g NOLOGIN SUPERUSER; GRANT {{bad}}_g TO {{bad}}"), "it is a database superuser", "--leave", nil},
		{"reads everything", other("LOGIN", "GRANT pg_read_all_data TO {{bad}}"), "reads or writes every table", "--leave pg_read_all_data", nil},
		{"member of rls_owner", other("LOGIN", "GRANT rls_owner TO {{bad}}"), "owns the toolkit's functions", "--leave", nil},
		{"may give a membership away", other("LOGIN", "GRANT {{group}} TO {{bad}} WITH ADMIN OPTION"), "may give membership in", "REVOKE ADMIN OPTION FOR", nil},
		{"has members", other("LOGIN", "GRANT {{bad}} TO {{writer}}"), "is a member of", "REVOKE", nil},
		{"a role of its own choice", other("LOGIN", "ALTER ROLE {{bad}} SET role = 'none'"), "its own setting of role", "RESET role", nil},
		{"PUBLIC", other("LOGIN", ""), "PUBLIC holds privileges, which the login would have before it enters: TABLE other.open", "--public revoke", func(a *logins.Adoption) { a.Public = "" }},
		{"a client role with members", other("LOGIN", "GRANT SELECT ON other.log TO {{bad}}; CREATE ROLE {{bad}}_client NOLOGIN; GRANT {{bad}}_client TO {{writer}}"),
			"would get privileges that it does not have", "another role", func(a *logins.Adoption) { a.ClientRole = w.roles["bad"] + "_client" }},
		{"a client role that is there", other("LOGIN", "CREATE ROLE {{bad}}_client NOLOGIN"), "exists already", "--client-role", nil},
		{"a client role with more", other("LOGIN", "CREATE ROLE {{bad}}_client NOLOGIN; GRANT SELECT ON other.log TO {{bad}}_client"), "gains SELECT ON TABLE other.log", "does not exist yet",
			func(a *logins.Adoption) { a.ClientRole = w.roles["bad"] + "_client" }},
		{"leaves what it is not in", other("LOGIN", ""), "is no member of", "--leave", func(a *logins.Adoption) { a.Leave = []string{"pg_monitor"} }},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) { // one after the other: they share a name
			a, _ := w.adoption(t, tc.login(t))
			if tc.change != nil {
				tc.change(&a)
			}
			before := w.catalog(t)
			_, err := logins.Adopt(t.Context(), w.root, a)
			wantRefusal(t, err, tc.message, tc.hint)
			same(t, "after the refusal", w.catalog(t), before)
			conn := w.Conn(t, "")
			for _, suffix := range []string{"_client", "_g", ""} {
				_, _ = conn.Exec(context.Background(), "DROP OWNED BY "+w.roles["bad"]+suffix)
				if suffix != "" {
					_, _ = conn.Exec(context.Background(), "DROP ROLE IF EXISTS "+w.roles["bad"]+suffix)
				}
			}
			w.sql(t, "REVOKE {{bad}} FROM {{writer}}")
		})
	}
	t.Run("leave", func(t *testing.T) { // what is refused above, with what the hint says
		w.roles["bad"] = w.Role(t, "bad", "LOGIN")
		w.sql(t, "GRANT {{stranger}} TO {{bad}}")
		before := w.catalog(t)
		may := rights(t, w.Conn(t, w.roles["bad"]))
		a, keys := w.adoption(t, "bad")
		a.Leave = []string{w.roles["stranger"]}
		must[logins.Adopted](t)(logins.Adopt(t.Context(), w.root, a))
		same(t, "entered", w.enteredRights(t, "bad", keys), may)
		if _, err := w.Conn(t, w.roles["bad"]).Exec(t.Context(), w.text("SET ROLE {{stranger}}")); err == nil {
			t.Error("it can still become the owner")
		}
		must[logins.Released](t)(logins.Release(t.Context(), w.root, w.roles["bad"]))
		same(t, "released", w.catalog(t), before)
	})
}

// TestAdoptOwner gives what the login owned to a role that is there, and has privileges of its own.
func TestAdoptOwner(t *testing.T) {
	t.Parallel()
	w := newMessy(t)
	w.roles["migrator"] = w.Role(t, "migrator", "NOLOGIN")
	w.sql(t, `GRANT SELECT ON sales.orders TO {{migrator}}; GRANT UPDATE (total) ON sales.orders TO {{migrator}}; GRANT SELECT ON other.notes TO {{migrator}};
		GRANT SELECT (id) ON other.rates TO {{migrator}}; GRANT {{migrator}} TO {{app}}; REASSIGN OWNED BY {{app}} TO {{app}};
		GRANT USAGE ON SCHEMA sales TO {{migrator}} WITH GRANT OPTION; ALTER EXTENSION citext SET SCHEMA sales`)
	before := w.catalog(t)
	may := rights(t, w.Conn(t, w.roles["app"]))
	a, keys := w.adoption(t, "app")
	a.Owner = w.roles["migrator"]
	done := must[logins.Adopted](t)(logins.Adopt(t.Context(), w.root, a))
	if done.Owner != w.roles["migrator"] || len(done.Made) != 1 {
		t.Errorf("adopted %+v", done)
	}
	same(t, "entered", w.enteredRights(t, "app", keys), may)
	r := must[logins.Released](t)(logins.Release(t.Context(), w.root, w.roles["app"]))
	if r.Skipped > 0 {
		t.Errorf("%d steps are skipped", r.Skipped)
	}
	// PostgreSQL cannot give a single extension to another owner: it stays, and adoption has said so.
	if !strings.Contains(strings.Join(done.Notes, "\n"), "extensions of") {
		t.Error("nothing was said about the extension")
	}
	w.sql(t, "REVOKE {{migrator}} FROM {{app}}")
	stays := func(lines []string) (out []string) {
		for _, l := range lines {
			if !strings.Contains(l, "extension") && !strings.HasPrefix(l, "member ") {
				out = append(out, l)
			}
		}
		return out
	}
	same(t, "released", stays(w.catalog(t)), stays(before))
}

// TestReleaseLater releases after the world has gone on.
func TestReleaseLater(t *testing.T) {
	t.Parallel()
	w := newMessy(t)
	a, keys := w.adoption(t, "app")
	must[logins.Adopted](t)(logins.Adopt(t.Context(), w.root, a))
	w.sql(t, `SET ROLE {{app}}_owner; CREATE TABLE sales.new (id serial PRIMARY KEY); DROP TABLE public.plain; ALTER TABLE sales.archive RENAME TO old;
		ALTER TABLE sales.orders DROP COLUMN mood; CREATE SCHEMA fresh; CREATE TABLE fresh.t (id integer);
		CREATE POLICY "of Today" ON fresh.t AS RESTRICTIVE TO {{app}}_client, {{app}}_owner USING (true); RESET ROLE;
		CREATE TABLE public.foreign_land (id integer); ALTER TABLE public.foreign_land OWNER TO {{stranger}};
		CREATE POLICY abroad ON public.foreign_land TO {{app}}_client, {{bystander}} USING (true)`)
	err := w.entered(t, "app", keys, func(tx pgx.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO sales.new DEFAULT VALUES; SELECT count(*) FROM fresh.t", pgx.QueryExecModeSimpleProtocol)
		return err
	})
	if err != nil {
		t.Errorf("tables of today: %v", pgsession.Explain(err))
	}
	r := must[logins.Released](t)(logins.Release(t.Context(), w.root, w.roles["app"]))
	if r.Skipped == 0 {
		t.Error("nothing was gone")
	}
	for policy, want := range map[string][]string{"of Today": {w.roles["app"]}, "abroad": {w.roles["app"], w.roles["bystander"]}} {
		var got []string
		if err := w.root.QueryRow(t.Context(), "SELECT array_agg(r ORDER BY r) FROM pg_policies, unnest(roles::text[]) AS r WHERE policyname = $1", policy).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if slices.Sort(want); !slices.Equal(got, want) {
			t.Errorf("policy %s is to %v, want %v", policy, got, want)
		}
	}
	conn := w.Conn(t, w.roles["app"])
	for _, sql := range []string{"ALTER TABLE sales.new ADD v text", "DROP TABLE fresh.t", "ALTER TABLE sales.old ADD v text", "SELECT value FROM prefs", "SELECT count(*) FROM sales.priced"} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
}

// TestAdoptIsExact lets somebody else's trigger spoil an adoption: the comparison at its end finds it, and nothing stays.
func TestAdoptIsExact(t *testing.T) {
	t.Parallel()
	for spoil, message := range map[string]string{
		"GRANT DELETE ON public.plain TO {{app}}":           "it holds privileges on table",
		"GRANT SELECT ON other.rates TO {{app}}_client":     "gains SELECT ON TABLE other.rates",
		"REVOKE SELECT ON public.plain FROM {{app}}_client": "loses SELECT ON TABLE",
	} {
		t.Run(message, func(t *testing.T) {
			t.Parallel()
			w := newMessy(t)
			w.sql(t, `CREATE FUNCTION public.spoil() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
				IF pg_trigger_depth() = 0 AND current_setting('app.spoils', true) IS DISTINCT FROM 'on' THEN
					PERFORM set_config('app.spoils', 'on', true); `+spoil+`; PERFORM set_config('app.spoils', '', true);
				END IF; END $$;
				CREATE EVENT TRIGGER spoil_{{app}} ON ddl_command_end WHEN TAG IN ('ALTER POLICY') EXECUTE FUNCTION public.spoil()`)
			before := w.catalog(t)
			a, _ := w.adoption(t, "app")
			_, err := logins.Adopt(t.Context(), w.root, a)
			wantRefusal(t, err, message, "database superuser")
			same(t, "after the refusal", w.catalog(t), before)
		})
	}
}

// TestAdoptHostilePath adopts a login that has written SQL into its own search_path: without quotes all but commas and
// white space is a name there.
func TestAdoptHostilePath(t *testing.T) {
	t.Parallel()
	w := newMessy(t)
	w.sql(t, "CREATE SCHEMA IF NOT EXISTS {{app}} AUTHORIZATION {{app}}")
	own := w.Conn(t, w.roles["app"])
	path := w.text(`"$user","a"", b", Public;ALTER/**/ROLE/**/{{bystander}}/**/LOGIN`)
	if _, err := own.Exec(t.Context(), "SELECT set_config('search_path', $1, false)", path); err != nil {
		t.Fatal(err)
	}
	if _, err := own.Exec(t.Context(), w.text("ALTER ROLE {{app}} IN DATABASE {{db}} SET search_path FROM CURRENT")); err != nil {
		t.Fatal(err)
	}
	harmless := func(when, first string) {
		t.Helper()
		var login bool
		if err := w.root.QueryRow(t.Context(), "SELECT rolcanlogin FROM pg_roles WHERE rolname = $1", w.roles["bystander"]).Scan(&login); err != nil || login {
			t.Errorf("%s the search_path was run as SQL (%v)", when, err)
		}
		var got, want string
		want = first + w.text(`, "a"", b", "public;alter/**/role/**/{{bystander}}/**/login"`)
		if err := w.Conn(t, w.roles["app"]).QueryRow(t.Context(), "SELECT current_setting('search_path')").Scan(&got); err != nil || got != want {
			t.Errorf("%s search_path is %s (%v), want %s", when, got, err, want)
		}
	}
	a, _ := w.adoption(t, "app")
	must[logins.Adopted](t)(logins.Adopt(t.Context(), w.root, a))
	harmless("adopted", w.roles["app"])
	must[logins.Released](t)(logins.Release(t.Context(), w.root, w.roles["app"]))
	harmless("released", `"$user"`)
}
