package integration

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/pgsession"
)

// The application of docs/maintenance.md: the owner of the tables migrates them, refreshes what is materialized, and has
// functions that read all rows for whoever calls them.
const upkeepModel = `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: [MAINTENANCE]}
users: {table: app.person, key: id, sees: {supervisor: boss}}
resources:
  doc: {table: app.doc, owner: owner}
grants:
  - {to: authenticated, allow: {doc: "*"}}
`

const upkeepSchema = `
CREATE SCHEMA app;
CREATE TABLE app.person (id text PRIMARY KEY, boss text);
INSERT INTO app.person VALUES ('me', NULL), ('other', NULL), ('sub', 'me');
CREATE TABLE app.doc (id integer PRIMARY KEY, owner text, body text DEFAULT '');
INSERT INTO app.doc SELECT n, (ARRAY['me', 'sub', 'other'])[1 + n % 3] FROM generate_series(1, 30) AS n;
CREATE TABLE app.item (id integer PRIMARY KEY, doc integer);
INSERT INTO app.item SELECT n, n FROM generate_series(1, 30) AS n;
CREATE MATERIALIZED VIEW app.summary AS SELECT count(*) AS n FROM app.doc;
CREATE FUNCTION app.all_docs() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = app, pg_temp
    RETURN (SELECT count(*) FROM app.doc);
CREATE FUNCTION app.give_away() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = app, pg_temp
    AS $$ DECLARE n bigint; BEGIN UPDATE app.doc SET owner = 'other'; GET DIAGNOSTICS n = ROW_COUNT; RETURN n; END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON app.doc TO {{app}};
GRANT ALL ON app.doc, app.person TO {{migrator}};
GRANT SELECT ON app.summary TO {{app}};
`

// upkeep is that application, protected by a model with these maintenance roles.
func upkeep(t *testing.T, roles string) *world {
	t.Helper()
	w := emptyWorld(t, upkeepSchema)
	w.apply(t, strings.Replace(upkeepModel, "MAINTENANCE", roles, 1))
	return w
}

// asLogin runs statements, one after the other in one transaction that is rolled back, and returns the outcome of the
// last; those before it have to succeed. The role is SET first, unless it is "".
func (w *world) asLogin(t testing.TB, login, role string, statements ...string) (out string) {
	t.Helper()
	tx := begin(t, w.db.Conn(t, login))
	defer tx.Rollback(t.Context()) //nolint:errcheck // nothing is kept
	if role != "" {
		must(t, tx, "SET LOCAL ROLE "+role)
	}
	for _, s := range statements[:len(statements)-1] {
		must(t, tx, w.text(s))
	}
	return w.outcome(t, tx, statements[len(statements)-1])
}

// chores are what maintenance does, with what it comes to before anything is protected and for a table owner who is no
// maintenance role.
var chores = []struct {
	name            string
	sql             []string
	before, without string
}{
	{"data migration", []string{"UPDATE app.doc SET body = 'new'"}, "touched 30", filtered},
	{"data migration by condition", []string{"DELETE FROM app.doc WHERE owner = 'other'"}, "touched 10", filtered},
	{"data migration that says what it did", []string{"UPDATE app.doc SET body = 'new' WHERE id = 2 RETURNING id"}, "2", filtered},
	{"hand-over to anybody", []string{"UPDATE app.doc SET owner = 'gone' WHERE id = 2"}, "touched 1", filtered},
	{"load by insert", []string{"INSERT INTO app.doc SELECT n, 'gone' FROM generate_series(31, 1030) AS n"}, "touched 1000", rejected},
	{"upsert", []string{"INSERT INTO app.doc VALUES (1, 'me') ON CONFLICT (id) DO UPDATE SET body = 'again'"}, "touched 1", rejected},
	{"new foreign key to it", []string{"ALTER TABLE app.item ADD FOREIGN KEY (doc) REFERENCES app.doc"}, filtered, "23503"},
	{"new foreign key from it", []string{"UPDATE app.person SET id = id", "ALTER TABLE app.doc ADD FOREIGN KEY (owner) REFERENCES app.person"}, filtered, filtered},
	{"materialized view", []string{"REFRESH MATERIALIZED VIEW app.summary", "SELECT n FROM app.summary"}, "30", "0"},
	{"new materialized view", []string{"CREATE MATERIALIZED VIEW app.more AS SELECT id FROM app.doc", "SELECT count(*) FROM app.more"}, "30", "0"},
	{"definer function", []string{"SELECT app.all_docs()"}, "30", "0"},
	{"definer function that writes", []string{"SELECT app.give_away()"}, "30", "0"},
	{"export", []string{"SELECT count(*), count(body) FROM app.doc"}, "30|30", "0|0"},
	{"lock for the job", []string{"SELECT id FROM app.doc WHERE id = 2 FOR UPDATE"}, "2", filtered},
	{"check constraint", []string{"ALTER TABLE app.doc ADD CHECK (id < 30)"}, "23514", "23514"},
	{"not null", []string{"ALTER TABLE app.doc ALTER COLUMN body SET NOT NULL"}, filtered, filtered},
	{"unique index", []string{"CREATE UNIQUE INDEX ON app.doc (owner)"}, "23505", "23505"},
	{"emptying", []string{"TRUNCATE app.doc"}, filtered, filtered},
}

// TestMaintenance: after apply the chores of the tables' owner come to what they came to before, and without a maintenance
// role they do not.
func TestMaintenance(t *testing.T) {
	t.Parallel()
	before := emptyWorld(t, upkeepSchema)
	with, without := upkeep(t, `"{{owner}}"`), upkeep(t, `"{{migrator}}"`)
	for _, c := range chores {
		t.Run(c.name, func(t *testing.T) { // not parallel: they lock the same rows
			// An owner that is the login itself, one that the login inherits, and one that it becomes.
			for how, options := range map[string]string{"inherits": "LOGIN", "becomes": "LOGIN NOINHERIT"} {
				for _, v := range []struct {
					w    *world
					name string
					want string
				}{{before, "before apply", c.before}, {with, "with the maintenance role", c.before}, {without, "without it", c.without}} {
					login, role := v.w.db.Role(t, "deployer", options+" IN ROLE "+v.w.role("owner")), ""
					if how == "becomes" {
						role = v.w.role("owner")
					}
					if got := v.w.asLogin(t, login, role, c.sql...); got != v.want {
						t.Errorf("%s, as a login that %s the owner: %s, want %s", v.name, how, got, v.want)
					}
				}
			}
		})
	}
	// A login that does not inherit and forgets to become the owner has nothing, before and after.
	for _, w := range []*world{before, with} {
		login := w.db.Role(t, "deployer", "LOGIN NOINHERIT IN ROLE "+w.role("owner"))
		if got := w.asLogin(t, login, "", "UPDATE app.doc SET body = 'new'"); got != rejected {
			t.Errorf("without SET ROLE: %s", got)
		}
	}
	// COPY alone is PostgreSQL's to refuse, also to a maintenance role.
	for _, v := range []struct {
		w    *world
		want string
	}{{before, ""}, {with, "0A000"}, {without, "0A000"}} {
		tx := begin(t, v.w.db.Conn(t, v.w.db.Role(t, "loader", "LOGIN IN ROLE "+v.w.role("owner"))))
		_, err := tx.CopyFrom(t.Context(), pgx.Identifier{"app", "doc"}, []string{"id"}, pgx.CopyFromRows([][]any{{99}}))
		_ = tx.Rollback(t.Context())
		if got := sqlstate(err); got != v.want {
			t.Errorf("COPY: %v, want %q", err, v.want)
		}
	}
	// A constraint over rows that nobody looked at is worse than one that fails: a foreign key from a protected table.
	for _, v := range []struct {
		w    *world
		want string
	}{{before, "23503"}, {with, "23503"}, {without, filtered}} {
		tx := begin(t, v.w.admin(t))
		must(t, tx, "INSERT INTO app.doc VALUES (77, 'dangling')")
		must(t, tx, "SET LOCAL ROLE "+v.w.role("owner"))
		if got := v.w.outcome(t, tx, "ALTER TABLE app.doc ADD FOREIGN KEY (owner) REFERENCES app.person"); got != v.want {
			t.Errorf("a foreign key that is violated: %s, want %s", got, v.want)
		}
		_ = tx.Rollback(t.Context())
	}
}

// TestMaintenanceByAnotherRole: the maintenance role need not own the tables. What counts is whose rights a statement
// runs with.
func TestMaintenanceByAnotherRole(t *testing.T) {
	t.Parallel()
	w := upkeep(t, `"{{migrator}}"`)
	reports := w.db.Role(t, "reports", "NOLOGIN")
	w.sql(t, `
		GRANT SELECT ON app.doc TO `+reports+`; GRANT USAGE ON SCHEMA app TO `+reports+`;
		CREATE FUNCTION app.by_migrator() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = app, pg_temp RETURN (SELECT count(*) FROM app.doc);
		ALTER FUNCTION app.by_migrator() OWNER TO {{migrator}};
		CREATE FUNCTION app.archive() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = app, pg_temp
			AS $$ DECLARE n bigint; BEGIN UPDATE app.doc SET owner = 'nobody at all', body = 'old'; GET DIAGNOSTICS n = ROW_COUNT; RETURN n; END $$;
		ALTER FUNCTION app.archive() OWNER TO {{migrator}};
		CREATE FUNCTION app.by_reports() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = app, pg_temp RETURN (SELECT count(*) FROM app.doc);
		ALTER FUNCTION app.by_reports() OWNER TO `+reports+`;
		CREATE MATERIALIZED VIEW app.of_migrator AS SELECT count(*) AS n FROM app.doc; ALTER MATERIALIZED VIEW app.of_migrator OWNER TO {{migrator}};
		CREATE MATERIALIZED VIEW app.of_reports AS SELECT count(*) AS n FROM app.doc; ALTER MATERIALIZED VIEW app.of_reports OWNER TO `+reports+`;
		CREATE VIEW app.view_of_migrator AS SELECT id FROM app.doc; ALTER VIEW app.view_of_migrator OWNER TO {{migrator}};
		GRANT SELECT ON app.view_of_migrator TO {{app}};
		GRANT SELECT ON app.summary TO {{migrator}}`)

	t.Run("called by clients", func(t *testing.T) {
		trials(t, w, []trial{
			{"of a maintenance role", "me", "SELECT app.by_migrator()", "30"},
			{"of a maintenance role", "anonymous", "SELECT app.by_migrator()", "30"},
			{"of a maintenance role", "nobody", "SELECT app.by_migrator()", "30"}, // it asks no policy who is there
			{"of a maintenance role, which hands rows to anybody", "other", "SELECT app.archive()", "30"},
			{"of a maintenance role", "sub", "SELECT count(*) FROM app.view_of_migrator", "30"},
			{"of the table's owner, who is none", "me", "SELECT app.all_docs()", "0"},
			{"of somebody else", "me", "SELECT app.by_reports()", "0"},
			{"the client itself", "me", "SELECT count(*) FROM app.doc", "20"},
		})
		if got := w.outcome(t, w.person(t, "sub"), "SELECT app.by_migrator()"); got != "30" {
			t.Errorf("a person's own login: %s", got)
		}
	})
	t.Run("refreshed by their owners", func(t *testing.T) {
		for role, want := range map[string]string{w.role("migrator"): "30", reports: "0"} {
			name := map[string]string{"30": "app.of_migrator", "0": "app.of_reports"}[want]
			if got := w.asLogin(t, "", role, "REFRESH MATERIALIZED VIEW "+name, "SELECT n FROM "+name); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
		// Whoever asks for it, it runs as its owner.
		if got := w.asLogin(t, "", "", "REFRESH MATERIALIZED VIEW app.of_reports", "SELECT n FROM app.of_reports"); got != "0" {
			t.Errorf("refreshed by the database superuser: %s", got)
		}
		if got := w.asLogin(t, "", w.role("migrator"), "REFRESH MATERIALIZED VIEW app.summary"); got != rejected {
			t.Errorf("another's materialized view: %s", got)
		}
	})
	t.Run("members", func(t *testing.T) {
		inherits := w.db.Role(t, "etl", "LOGIN IN ROLE "+w.role("migrator"))
		becomes := w.db.Role(t, "etl", "LOGIN NOINHERIT IN ROLE "+w.role("migrator"))
		both := w.db.Role(t, "etl", "LOGIN IN ROLE "+w.role("migrator")+", "+w.role("app")+", rls_any, rls_client")
		for _, c := range []struct{ name, login, role, want string }{
			{"inherits", inherits, "", "touched 30"},
			{"becomes", becomes, w.role("migrator"), "touched 30"},
			{"neither", becomes, "", rejected},
			// The policies of clients apply to it as well, ask who is there and find nobody: a TRUE beside them wins.
			{"is a client too", both, "", "touched 30"},
		} {
			if got := w.asLogin(t, c.login, c.role, "UPDATE app.doc SET body = 'new'"); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
		}
		if got := w.asLogin(t, both, "", "UPDATE app.doc SET owner = 'nobody at all'"); got != "touched 30" {
			t.Errorf("a hand-over by one that is a client too: %s", got)
		}
		w.sql(t, "GRANT {{app}}, rls_any TO {{migrator}}")
		if got := w.asLogin(t, "", w.role("migrator"), "UPDATE app.doc SET body = 'new'"); got != "touched 30" {
			t.Errorf("a maintenance role that is a member of a client role: %s", got)
		}
		w.sql(t, "REVOKE {{app}}, rls_any FROM {{migrator}}")
	})
	t.Run("a restrictive policy by hand", func(t *testing.T) {
		const count = "SELECT count(*) FROM app.doc"
		for to, want := range map[string]string{"PUBLIC": "10", "{{app}}": "30", "{{migrator}}": "10"} {
			tx := begin(t, w.admin(t))
			must(t, tx, w.text("CREATE POLICY by_hand ON app.doc AS RESTRICTIVE TO "+to+" USING (owner = 'other')"))
			must(t, tx, "SET LOCAL ROLE "+w.role("migrator"))
			if got := one(t, tx, count); got != want {
				t.Errorf("TO %s: %s, want %s", to, got, want)
			}
			_ = tx.Rollback(t.Context())
		}
	})
	t.Run("with bypassrls", func(t *testing.T) { // where somebody hands it out, COPY works as well
		loader := w.db.Role(t, "loader", "LOGIN BYPASSRLS IN ROLE "+w.role("migrator"))
		tx := begin(t, w.db.Conn(t, loader))
		n, err := tx.CopyFrom(t.Context(), pgx.Identifier{"app", "doc"}, []string{"id", "owner"}, pgx.CopyFromRows([][]any{{99, "x"}, {100, nil}}))
		if err != nil || n != 2 {
			t.Errorf("%d rows: %v", n, err)
		}
	})
	t.Run("a gateway that could become it", func(t *testing.T) {
		g := w.gateway(t)
		w.sql(t, "GRANT {{migrator}} TO "+g.login)
		_, err := pgsession.Open(t.Context(), w.db.Pool(t, g.login), g.source(), pgsession.AllowOldServer())
		if err == nil || !strings.Contains(err.Error(), w.role("migrator")) {
			t.Errorf("a session opens: %v", err)
		}
	})
}

// TestMaintenanceIsAsked: apply warns where the owner of a protected table would see nothing.
func TestMaintenanceIsAsked(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, upkeepSchema)
	for roles, want := range map[string]bool{`"{{migrator}}"`: true, `"{{owner}}"`: false} {
		r := w.plan(t, strings.Replace(upkeepModel, "MAINTENANCE", roles, 1))
		got := false
		for _, d := range r.Diagnostics {
			got = got || d.Code == "RL217" && strings.Contains(d.Message, w.role("owner"))
		}
		if got != want {
			t.Errorf("maintenance roles %s: warned %t, want %t: %v", roles, got, want, r.Diagnostics)
		}
	}
}
