package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// undone calls fn in a transaction of the database superuser that is rolled back.
func undone(t *testing.T, w *world, fn func(tx pgx.Tx)) {
	t.Helper()
	tx, err := w.root.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background()) //nolint:errcheck // nothing is kept
	fn(tx)
}

// become makes the rest of the transaction act for a user, with the client role.
func (w *world) become(t testing.TB, tx pgx.Tx, user string) {
	t.Helper()
	must(t, tx, w.text("SELECT rls.impersonate('"+user+"', '{{app}}')"))
}

// Hazard 1: the table's owner.
func TestHazardTableOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docModel, docSchema)
	probe := func(tx pgx.Tx) string {
		must(t, tx, w.text("SET LOCAL ROLE {{owner}}"))
		return w.outcome(t, tx, "SELECT count(*) FROM app.doc")
	}
	undone(t, w, func(tx pgx.Tx) {
		if got := probe(tx); got != "0" {
			t.Errorf("under FORCE: %s rows", got)
		}
	})
	if p := w.plan(t, docModel); !p.Plan.Empty() {
		t.Fatalf("the plan is not empty: %v", p.Plan.Changes)
	}
	for name, c := range map[string]struct {
		sql  string
		kind policies.Kind
	}{
		"FORCE dropped":             {"ALTER TABLE app.doc NO FORCE ROW LEVEL SECURITY", policies.KindRowSecurity},
		"row security switched off": {"ALTER TABLE app.doc DISABLE ROW LEVEL SECURITY", policies.KindRowSecurity},
		"a policy dropped":          {"DROP POLICY doc_read ON app.doc", policies.KindPolicy},
		"a policy opened":           {"ALTER POLICY doc_read ON app.doc USING (true)", policies.KindPolicy},
		"a policy for PUBLIC":       {"ALTER POLICY doc_read ON app.doc TO PUBLIC", policies.KindPolicy},
		"TRUNCATE granted":          {"GRANT TRUNCATE ON app.doc TO {{app}}", policies.KindPrivilege},
		"a function changed":        {"CREATE OR REPLACE FUNCTION rls.user_groups(key text) RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT '{x}'::text[] $$", policies.KindFunction},
		"a function for PUBLIC":     {"GRANT EXECUTE ON FUNCTION rls.seen_by(text) TO PUBLIC", policies.KindFunction},
		"a function LEAKPROOF":      {"ALTER FUNCTION rls.admitted_owners(text, text, text, boolean) LEAKPROOF", policies.KindFunction},
		"a form dropped":            {"DROP POLICY doc_read_narrow ON app.doc", policies.KindPolicy},
		"a form opened":             {"ALTER POLICY doc_read_middle ON app.doc USING (true)", policies.KindPolicy},
		"a form TO another":         {"ALTER POLICY doc_read_wide ON app.doc TO rls_narrow", policies.KindPolicy},
		"a form for clients":        {"ALTER POLICY doc_read ON app.doc TO rls_client", policies.KindPolicy},
		"a plan role that logs in":  {"ALTER ROLE rls_wide_{{app}} LOGIN", policies.KindRole},
		"a plan role with more":     {"GRANT {{owner}} TO rls_wide_{{app}}", policies.KindRole},
		"a plan role that bypasses": {"ALTER ROLE rls_wide_{{app}} BYPASSRLS", policies.KindRole},
		"a plan role's CREATEROLE":  {"ALTER ROLE rls_wide_{{app}} CREATEROLE CREATEDB", policies.KindRole},
		"a plan role, NOINHERIT":    {"ALTER ROLE rls_wide_{{app}} NOINHERIT", policies.KindRole},
		"a plan role of two forms":  {"GRANT rls_any TO rls_wide_{{app}}", policies.KindRole},
		"a plan role dropped":       {"DROP OWNED BY rls_wide_{{app}}; DROP ROLE rls_wide_{{app}}", policies.KindRole},
		"a plan role forgotten":     {"DELETE FROM rls.plan_role WHERE form = 'middle'", policies.KindRegistry},
	} {
		t.Run("plan reports and apply mends/"+name, func(t *testing.T) {
			w.sql(t, c.sql)
			r := w.plan(t, docModel)
			if !slices.ContainsFunc(r.Plan.Changes, func(x policies.Change) bool { return x.Object.Kind == c.kind }) {
				t.Errorf("no change of kind %s: %v", c.kind, r.Plan.Changes)
			}
			w.apply(t, docModel)
			if r := w.plan(t, docModel); !r.Plan.Empty() {
				t.Errorf("after apply: %v", r.Plan.Changes)
			}
			equal(t, append(badPolicies(t, w, w.root), badPlanRoles(t, w, w.root)...), nil, "after apply")
			undone(t, w, func(tx pgx.Tx) {
				if got := probe(tx); got != "0" {
					t.Errorf("after apply the owner sees %s rows", got)
				}
			})
			if got := w.try(t, "me", "SELECT count(*) FROM app.doc"); got != "20" {
				t.Errorf("after apply me sees %s rows", got)
			}
		})
	}
	t.Run("control/without FORCE the owner sees all", func(t *testing.T) {
		undone(t, w, func(tx pgx.Tx) {
			must(t, tx, "ALTER TABLE app.doc NO FORCE ROW LEVEL SECURITY")
			if got := probe(tx); got != "30" {
				t.Errorf("%s rows: the probe proves nothing", got)
			}
		})
	})
}

// Hazard 31: any extra permissive policy widens.
func TestHazardForeignPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docModel, docSchema)
	w.sql(t, "CREATE POLICY by_hand ON app.doc AS RESTRICTIVE FOR SELECT TO {{app}} USING (id <> 3)")
	if r := w.plan(t, docModel); r.Plan.Notes.HasErrors() {
		t.Errorf("a restrictive policy only narrows: %v", r.Plan.Notes)
	}
	w.sql(t, "DROP POLICY by_hand ON app.doc; CREATE POLICY by_hand ON app.doc FOR SELECT TO {{app}} USING (true)")
	if got := w.try(t, "me", "SELECT count(*) FROM app.doc"); got != "30" {
		t.Fatalf("%s rows: the extra policy widens nothing, and nothing is proved", got)
	}
	m := w.parse(t, docModel)
	conn := w.admin(t)
	r, err := pipeline.Plan(t.Context(), conn, m)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Plan.Notes.HasErrors() && !r.Diagnostics.HasErrors() {
		t.Errorf("it passes: %v %v", r.Plan.Notes, r.Diagnostics)
	}
	if err := pipeline.Apply(t.Context(), conn, m, r.Plan, apply.Options{Allow: apply.Hazards(r.Plan)}); err == nil {
		t.Error("apply does not refuse")
	}
	kept := strings.Replace(docModel, "doc: {table: app.doc, owner: owner}", "doc: {table: app.doc, owner: owner, keep_policies: [by_hand]}", 1)
	w.apply(t, kept) // named in the model it may stay
}

// Hazards 5 and 6: an unset identity, and ” after COMMIT.
func TestHazardUnsetIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docModel, docSchema+"INSERT INTO app.doc VALUES (1000, NULL), (1001, '');")
	g := w.gateway(t)
	w.sql(t, "UPDATE rls.gateway SET on_nobody = 'empty' WHERE login = $1", g.login)
	conn := g.conn(t)
	must(t, conn, "SET ROLE "+g.client)
	probes := map[string]string{
		"SELECT id FROM app.doc": filtered, "SELECT id FROM app.blind": filtered, "SELECT id FROM app.dark": filtered,
		"SELECT count(*) FROM rls.visible_users": "0", "UPDATE app.doc SET body = 'x'": filtered, "DELETE FROM app.doc": filtered,
		"INSERT INTO app.doc VALUES (2000, NULL)": rejected, "INSERT INTO app.doc VALUES (2000, '')": rejected, "INSERT INTO app.dark VALUES (2000, 'me')": rejected,
	}
	check := func(when string) {
		for sql, want := range probes {
			if got := w.outcome(t, conn, sql); got != want {
				t.Errorf("%s: %s: %s, want %s", when, sql, got, want)
			}
		}
	}
	check("a fresh connection")
	if got := one(t, conn, "SELECT current_setting('rls.context', true) IS NULL"); got != "t" {
		t.Errorf("the setting of a fresh connection is not NULL")
	}
	must(t, conn, "RESET ROLE")
	tx, who := entered(t, conn, g.token("user", "me"))
	if who != "user:me" {
		t.Fatal(who)
	}
	if got := w.outcome(t, tx, "SELECT count(*) FROM app.doc"); got != "20" {
		t.Fatal(got)
	}
	must(t, tx, "COMMIT")
	if got := one(t, conn, "SELECT current_setting('rls.context', true)"); got != "" {
		t.Errorf("after COMMIT the setting is %q", got)
	}
	must(t, conn, "SET ROLE "+g.client)
	check("after COMMIT, when the setting is ''")
	must(t, conn, "SET rls.context = ''")
	check("set to '' by hand")

	// The same for a user whose key is the empty text: an identity that is not set is nobody, not them.
	w.sql(t, "INSERT INTO app.person VALUES ('', NULL)")
	check("a user of the key ''")
}

// Hazard 3 for every login of a world: whatever it can become, it never sees more than its principals do.
func TestHazardSetRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	bi, _ := w.bi(t, "sub", "other")
	gate := w.gateway(t)
	for login, may := range map[string]string{
		w.personLogin(t, "boss", "app"): bossNotes, w.personLogin(t, "sub", "app_ro"): subNotes, bi: subNotes + " " + otherNotes, gate.login: "",
		w.db.Role(t, "unmapped", "LOGIN IN ROLE "+w.role("app")+", rls_any"): "",
	} {
		conn := w.db.Conn(t, login)
		reached := map[string]bool{}
		for _, role := range append(w.rows(t, w.root, "SELECT quote_ident(rolname) FROM pg_roles"), "none") {
			for _, how := range []string{"SET ROLE " + role, "SELECT set_config('role', '" + strings.Trim(role, `"`) + "', false)", "SET SESSION AUTHORIZATION " + role} {
				if role == "none" && strings.HasPrefix(how, "SET SESSION") {
					continue
				}
				if w.outcome(t, conn, how) == rejected {
					continue
				}
				for _, id := range strings.Fields(w.outcome(t, conn, notes)) {
					switch {
					case id == filtered || id == rejected || id == "RL001":
					case !slices.Contains(strings.Fields(may), id):
						t.Errorf("%s after %s: row %s", login, how, id)
					default:
						reached[id] = true
					}
				}
				must(t, conn, "RESET ROLE")
			}
		}
		if len(reached) != len(strings.Fields(may)) {
			t.Errorf("%s reached %v of %q", login, reached, may)
		}
	}
}

// Hazards 13 to 15 and 54: views, definer functions and materialized views of the application.
func TestHazardViews(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docModel, docSchema+`
		CREATE FUNCTION app.count_on_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			NEW.body := (SELECT count(*) FROM app.doc)::text; RETURN NEW; END $$;
		CREATE TRIGGER count_on_write BEFORE INSERT ON app.blind FOR EACH ROW EXECUTE FUNCTION app.count_on_write();`)
	trials(t, w, []trial{
		{"a view of the table's owner is filtered as its owner, who sees nothing", "me", "SELECT count(*) FROM app.owner_view", "0"},
		{"an invoker view", "me", "SELECT count(*) FROM app.invoker_view", "20"},
		{"an invoker view", "sub", "SELECT count(*) FROM app.invoker_view", "10"},
		{"a definer function of the table's owner", "me", "SELECT app.definer_count()", "0"},
		{"an invoker function", "me", "SELECT app.invoker_count()", "20"},
		{"the view of the kernel is filtered", "sub", "SELECT user_id FROM rls.visible_users", "sub"},
	})
	t.Run("a trigger function runs as the invoker", func(t *testing.T) {
		undone(t, w, func(tx pgx.Tx) {
			w.become(t, tx, "me")
			must(t, tx, "INSERT INTO app.blind VALUES (500, 'me')")
			must(t, tx, "RESET ROLE")
			if got := one(t, tx, "SELECT body FROM app.blind WHERE id = 500"); got != "20" {
				t.Errorf("it counted %s rows", got)
			}
		})
	})
	t.Run("control/a view of a database superuser is not filtered", func(t *testing.T) {
		undone(t, w, func(tx pgx.Tx) {
			must(t, tx, w.text("ALTER VIEW app.owner_view OWNER TO CURRENT_USER; GRANT SELECT ON app.owner_view TO {{app}}"))
			w.become(t, tx, "me")
			if got := one(t, tx, "SELECT count(*) FROM app.owner_view"); got != "30" {
				t.Errorf("%s rows: the trials above prove nothing", got)
			}
		})
	})
	t.Run("residual/a materialized view keeps what it was filled with", func(t *testing.T) {
		if got := w.try(t, "sub", "SELECT n FROM app.summary"); got != "30" {
			t.Errorf("%s", got)
		}
	})
}

// Hazard 12: the users table itself protected, FORCE on, and the visible set still right.
func TestHazardUsersProtected(t *testing.T) {
	t.Parallel()
	model := strings.Replace(identityModel, "resources:\n", `resources:
  person: {table: app.person, owner: id}
  team: {table: app.team, owner: {group: id}}
  member: {table: app.team_member, owner: [person, {group: team}], key: [team, person]}
`, 1)
	model = strings.Replace(model, `{note: "*"}`, `{note: "*", person: [read, update], team: [read], member: [read]}`, 1)
	w := newWorld(t, model, identitySchema+`
		ALTER TABLE app.team_member ADD PRIMARY KEY (team, person);
		GRANT SELECT, UPDATE ON app.person, app.team, app.team_member TO {{app}};`)
	trials(t, w, []trial{
		{"the users table itself protected", "boss", "SELECT id FROM app.person ORDER BY id", "boss sub"},
		{"the users table itself protected", "sub", "SELECT id FROM app.person", "sub"},
		{"the users table itself protected", "root", "SELECT count(*) FROM app.person", "6"},
		{"the users table itself protected", "off", "SELECT count(*) FROM app.person", "0"},
		{"and the notes still right", "boss", notes, bossNotes},
		{"and the notes still right", "root", notes, allNotes},
		{"groups and members too", "boss", "SELECT id FROM app.team", "t"},
		{"groups and members too", "sub", "SELECT id FROM app.team", filtered},
		{"groups and members too", "boss", "SELECT person FROM app.team_member", "boss"},
		{"groups and members too", "other", "SELECT person FROM app.team_member", filtered},
	})
	equal(t, w.rows(t, w.person(t, "boss"), notes), strings.Fields(bossNotes), "a person's login")
	undone(t, w, func(tx pgx.Tx) {
		must(t, tx, w.text("SET LOCAL ROLE {{owner}}"))
		if got := w.outcome(t, tx, "SELECT count(*) FROM app.person"); got != "0" {
			t.Errorf("FORCE is not on: the owner sees %s users", got)
		}
	})
	t.Run("control/without the policy of rls_owner the graph is empty", func(t *testing.T) {
		undone(t, w, func(tx pgx.Tx) {
			must(t, tx, "DROP POLICY person_read_graph ON app.person")
			if got := w.outcome(t, tx, w.text("SELECT rls.impersonate('boss', '{{app}}')")); got != "RL006" {
				t.Errorf("%s: the functions still find users, and the trials above prove nothing", got)
			}
		})
	})
	t.Run("the kernel's own users", func(t *testing.T) {
		w := newWorld(t, `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"]}
resources:
  account: {table: rls.user, owner: id}
grants:
  - {to: authenticated, allow: {account: [read]}}
`, "CREATE SCHEMA app;")
		w.sql(t, `GRANT SELECT ON rls."user" TO {{app}};
			INSERT INTO rls."user" (login) VALUES ('a'), ('b'); INSERT INTO rls."user" (login, supervisor_id) SELECT 'c', id FROM rls."user" WHERE login = 'a'`)
		for who, want := range map[string]string{"a": "a c", "b": "b", "c": "c"} {
			if got := w.try(t, who, `SELECT login FROM rls."user" ORDER BY login`); got != want {
				t.Errorf("%s: %s, want %s", who, got, want)
			}
		}
	})
}

// Hazards 20, 25, 26 and 39: what row security does not filter, or filters in another way.
func TestHazardCommands(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docModel, docSchema+`
		GRANT ALL ON app.doc, app.blind TO {{app}} WITH GRANT OPTION; GRANT ALL ON app.dark TO PUBLIC;
		ALTER TABLE app.dark DROP CONSTRAINT IF EXISTS dark_parent_fkey;`)
	w.sql(t, "GRANT CREATE ON SCHEMA app TO {{app}}; GRANT CREATE ON SCHEMA public TO {{app}}; ANALYZE app.doc; ANALYZE app.item")
	trials(t, w, []trial{
		{"TRUNCATE -> permission denied", "me", "TRUNCATE app.blind", rejected},
		{"TRUNCATE -> permission denied", "me", "TRUNCATE app.doc CASCADE", rejected},
		{"TRUNCATE -> permission denied", "me", "TRUNCATE app.dark", rejected},
		{"TRUNCATE -> permission denied", "root", "TRUNCATE app.dark", rejected},
		{"REFERENCES", "me", "CREATE TABLE public.oracle (doc integer REFERENCES app.doc)", rejected},
		{"TRIGGER", "me", "CREATE TRIGGER t BEFORE INSERT ON app.doc FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()", rejected},
		{"LOCK is no way to rows", "me", "ALTER TABLE app.doc DISABLE ROW LEVEL SECURITY", rejected},
		{"policies belong to the table's owner", "me", "CREATE POLICY mine ON app.doc USING (true)", rejected},
		{"policies belong to the table's owner", "me", "DROP POLICY doc_read ON app.doc", rejected},
		{"CREATE RULE belongs to the table's owner", "me", "CREATE RULE r AS ON SELECT TO app.doc DO INSTEAD SELECT 1", rejected},

		{"FOR UPDATE shows what may be updated", "me", "SELECT count(*) FROM (SELECT id FROM app.doc FOR UPDATE) AS x", "20"},
		{"FOR UPDATE without the grant: silently 0 rows", "me", "SELECT count(*) FROM (SELECT id FROM app.dark FOR SHARE) AS x", "20"},
		{"FOR UPDATE without the grant: silently 0 rows", "me", "SELECT id FROM app.blind FOR UPDATE", filtered},

		{"ON CONFLICT DO NOTHING is an existence oracle", "me", "INSERT INTO app.doc VALUES (2, 'me') ON CONFLICT DO NOTHING", filtered},
		{"ON CONFLICT DO NOTHING of a free key", "me", "INSERT INTO app.doc VALUES (200, 'me') ON CONFLICT DO NOTHING", "touched 1"},
		{"ON CONFLICT DO UPDATE on a hidden row errors", "me", "INSERT INTO app.doc VALUES (2, 'me') ON CONFLICT (id) DO UPDATE SET body = 'x'", rejected},
		{"ON CONFLICT DO UPDATE on a visible row", "me", "INSERT INTO app.doc VALUES (3, 'me') ON CONFLICT (id) DO UPDATE SET body = 'x'", "touched 1"},
		{"ON CONFLICT DO UPDATE that hands over", "me", "INSERT INTO app.doc VALUES (3, 'me') ON CONFLICT (id) DO UPDATE SET owner = 'other'", rejected},
		{"ON CONFLICT DO UPDATE without read", "me", "INSERT INTO app.blind VALUES (3, 'me') ON CONFLICT (id) DO UPDATE SET body = 'x'", rejected},
		{"MERGE", "me", "MERGE INTO app.doc AS d USING app.item AS i ON i.doc = d.id WHEN MATCHED THEN UPDATE SET body = 'x'", "touched 20"},
		{"MERGE", "me", "MERGE INTO app.doc AS d USING app.item AS i ON i.doc = d.id WHEN MATCHED THEN DELETE", "touched 20"},
		{"MERGE", "me", "MERGE INTO app.doc AS d USING (SELECT 500 AS id) AS i ON i.id = d.id WHEN NOT MATCHED THEN INSERT VALUES (500, 'other')", rejected},

		{"statistics of a filtered table are hidden", "me", "SELECT count(*) FROM pg_stats WHERE tablename = 'doc'", "0"},
		{"statistics of an open table are not", "me", "SELECT count(*) > 0 FROM pg_stats WHERE tablename = 'item'", "t"},
		{"row_security=off errors", "me", "SELECT set_config('row_security', 'off', true)", "off"},
		{"a whole row is filtered as its columns are", "me", "SELECT count(*) FROM (SELECT d FROM app.doc AS d) AS x", "20"},
		{"TABLESAMPLE", "me", "SELECT count(*) FROM app.doc TABLESAMPLE SYSTEM (100)", "20"},
		{"ONLY", "me", "SELECT count(*) FROM ONLY app.doc", "20"},
		{"a join with itself", "me", "SELECT count(*) FROM app.doc AS a JOIN app.doc AS b USING (id)", "20"},
		{"ctid", "me", "SELECT count(*) FROM app.doc WHERE ctid >= '(0,0)'", "20"},
		{"an aggregate of the index alone", "me", "SELECT min(id), max(id) FROM app.doc", "1|30"},
		{"UPDATE ... FROM", "me", "UPDATE app.doc AS d SET body = 'x' FROM app.doc AS o WHERE o.id = d.id", "touched 20"},
		{"CREATE TABLE AS copies what is visible", "me", "CREATE TEMP TABLE copy AS SELECT * FROM app.doc; ", "touched 20"},
	})
	t.Run("row_security=off errors", func(t *testing.T) {
		w.as(t, "me", func(tx pgx.Tx) {
			must(t, tx, "SET LOCAL row_security = off")
			for _, sql := range []string{"SELECT count(*) FROM app.doc", "UPDATE app.doc SET body = 'x'", "DELETE FROM app.doc", "INSERT INTO app.doc VALUES (200, 'me')"} {
				if got := w.outcome(t, tx, sql); got != rejected {
					t.Errorf("%s: %s, want 42501", sql, got)
				}
			}
		})
	})
	copyTo := func(t *testing.T, tx pgx.Tx, sql string) (string, error) {
		var b strings.Builder
		_, err := tx.Conn().PgConn().CopyTo(t.Context(), &b, sql)
		return b.String(), err
	}
	t.Run("COPY TO is filtered", func(t *testing.T) {
		for _, sql := range []string{"COPY app.doc TO STDOUT", "COPY app.doc (id) TO STDOUT", "COPY (SELECT * FROM app.doc) TO STDOUT"} {
			w.as(t, "me", func(tx pgx.Tx) {
				out, err := copyTo(t, tx, sql)
				if n := strings.Count(out, "\n"); err != nil || n != 20 {
					t.Errorf("%s: %d rows, %v", sql, n, err)
				}
			})
		}
		w.as(t, "me", func(tx pgx.Tx) {
			if _, err := copyTo(t, tx, "COPY app.doc TO PROGRAM 'cat'"); sqlstate(err) != "42501" {
				t.Errorf("COPY TO PROGRAM: %v", err)
			}
		})
	})
	t.Run("COPY FROM is refused", func(t *testing.T) {
		w.as(t, "me", func(tx pgx.Tx) {
			_, err := tx.Conn().PgConn().CopyFrom(t.Context(), strings.NewReader("900\tme\t\t\t\n"), "COPY app.doc FROM STDIN")
			if sqlstate(err) != "0A000" {
				t.Errorf("%v, want 0A000", err)
			}
		})
	})
	t.Run("control/with the privilege TRUNCATE works", func(t *testing.T) {
		undone(t, w, func(tx pgx.Tx) {
			must(t, tx, w.text("GRANT TRUNCATE ON app.blind TO {{app}}"))
			w.become(t, tx, "sub")
			if got := w.outcome(t, tx, "TRUNCATE app.blind"); got != filtered {
				t.Errorf("%s: the trials above prove nothing", got)
			}
			must(t, tx, "RESET ROLE")
			if got := one(t, tx, "SELECT count(*) FROM app.blind"); got != "0" {
				t.Errorf("%s rows are left", got)
			}
		})
	})
}

// Hazards 21, 22 and 24: keys see all rows. Asserted residuals.
func TestHazardKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docModel, docSchema+`
		ALTER TABLE app.linked ADD COLUMN gone integer REFERENCES app.doc ON DELETE CASCADE;
		INSERT INTO app.dark SELECT 2000 + n, 'other' FROM generate_series(1, 3) AS n;
		ALTER TABLE app.dark ADD COLUMN doc integer REFERENCES app.doc ON DELETE CASCADE;
		UPDATE app.dark SET doc = 3 WHERE id = 2001;`)
	t.Run("residual/ON DELETE CASCADE reaches hidden children", func(t *testing.T) {
		undone(t, w, func(tx pgx.Tx) {
			w.become(t, tx, "me")
			if got := w.outcome(t, tx, "SELECT id FROM app.dark WHERE doc = 3"); got != filtered {
				t.Fatalf("the child is visible: %s", got)
			}
			if got := w.outcome(t, tx, "DELETE FROM app.doc WHERE id = 3"); got != "touched 1" {
				t.Fatal(got)
			}
			must(t, tx, "RESET ROLE")
			if got := one(t, tx, "SELECT count(*) FROM app.dark WHERE id = 2001"); got != "0" {
				t.Errorf("the hidden child survives; PostgreSQL has changed, say so in the docs")
			}
		})
	})
	t.Run("the error of a duplicate key does not quote a hidden row", func(t *testing.T) {
		w.as(t, "me", func(tx pgx.Tx) {
			_, err := tx.Exec(t.Context(), "INSERT INTO app.doc VALUES (2, 'me')")
			pg, ok := err.(*pgconn.PgError)
			if !ok || pg.Code != "23505" || strings.Contains(pg.Detail, "other") {
				t.Errorf("%v", explain(err))
			}
		})
	})
}

// Hazard 36: DML that reads no column touches a subset of what is visible, whatever the grants and scopes.
func TestHazardBlindWrites(t *testing.T) {
	t.Parallel()
	w := newWorld(t, writeModel(), writeSchema())
	visible := func(tx pgx.Tx, table string) []string { return w.rows(t, tx, "SELECT id FROM "+table) }
	for _, action := range []string{"UPDATE %s SET body = 'touched'", "DELETE FROM %s"} {
		for _, ws := range scopes {
			for _, kind := range []string{"one", "many"} {
				table := "app." + kind + "_" + ws + "_visible"
				for _, who := range []string{"me", "sub", "mate", "boss", "stranger", "key:ghost", "anonymous"} {
					undone(t, w, func(tx pgx.Tx) {
						before := w.rows(t, tx, "SELECT id FROM "+table)
						user := who
						if who == "key:ghost" {
							user = "anonymous"
						}
						w.become(t, tx, user)
						sees := visible(tx, table)
						got := w.outcome(t, tx, fmt.Sprintf(action, table))
						must(t, tx, "RESET ROLE")
						var hit []string
						if strings.HasPrefix(action, "UPDATE") {
							hit = w.rows(t, tx, "SELECT id FROM "+table+" WHERE body = 'touched'")
						} else {
							left := w.rows(t, tx, "SELECT id FROM "+table)
							for _, id := range before {
								if !slices.Contains(left, id) {
									hit = append(hit, id)
								}
							}
						}
						for _, id := range hit {
							if !slices.Contains(sees, id) {
								t.Errorf("%s as %s (%s) touched the hidden row %s", action, who, got, id)
							}
						}
					})
				}
			}
		}
	}
	t.Run("control/a policy that does not imply read", func(t *testing.T) {
		undone(t, w, func(tx pgx.Tx) {
			for _, form := range []string{"", "_narrow", "_middle", "_wide"} {
				must(t, tx, "ALTER POLICY one_visible_visible_update"+form+" ON app.one_visible_visible USING (true) WITH CHECK (true)")
			}
			w.become(t, tx, "sub")
			sees := visible(tx, "app.one_visible_visible")
			if got := w.outcome(t, tx, "UPDATE app.one_visible_visible SET body = 'touched'"); got == fmt.Sprintf("touched %d", len(sees)) || got == filtered {
				t.Errorf("%s of %d visible rows: the assertions above prove nothing", got, len(sees))
			}
		})
	})
}
