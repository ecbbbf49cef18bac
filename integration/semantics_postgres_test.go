package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// docModel: me sees sub's rows; the grants differ from resource to resource.
const docModel = `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"]}
users: {table: app.person, key: id, superuser: super, sees: {supervisor: boss}}
resources:
  doc: {table: app.doc, owner: owner}
  blind: {table: app.blind, owner: owner}
  dark: {table: app.dark, owner: owner, owner_check: any}
grants:
  - {to: authenticated, allow: {doc: "*", blind: [create, update, delete], dark: [create, read, update]}}
`

const docSchema = `
CREATE SCHEMA app;
CREATE TABLE app.person (id text PRIMARY KEY, boss text, super boolean NOT NULL DEFAULT false);
INSERT INTO app.person VALUES ('me', NULL), ('other', NULL), ('sub', 'me');
INSERT INTO app.person VALUES ('root', NULL, true);
CREATE TABLE app.doc (id integer PRIMARY KEY, owner text, body text DEFAULT '', code text UNIQUE, parent integer REFERENCES app.doc);
CREATE TABLE app.blind (LIKE app.doc INCLUDING ALL);
CREATE TABLE app.dark (LIKE app.doc INCLUDING ALL);
CREATE TABLE app.item (id integer PRIMARY KEY, doc integer);
CREATE TABLE app.linked (id integer PRIMARY KEY, doc integer REFERENCES app.doc);
INSERT INTO app.doc SELECT n, (ARRAY['me', 'sub', 'other'])[1 + n % 3], 'body ' || n, 'code ' || n FROM generate_series(1, 30) AS n;
INSERT INTO app.blind SELECT * FROM app.doc;
INSERT INTO app.dark SELECT * FROM app.doc;
INSERT INTO app.item SELECT n, n FROM generate_series(1, 30) AS n;
CREATE MATERIALIZED VIEW app.summary AS SELECT count(*) AS n FROM app.doc;
CREATE VIEW app.owner_view AS SELECT id FROM app.doc;
CREATE VIEW app.invoker_view WITH (security_invoker = true) AS SELECT id FROM app.doc;
CREATE FUNCTION app.definer_count() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = app, pg_temp RETURN (SELECT count(*) FROM app.doc);
CREATE FUNCTION app.invoker_count() RETURNS bigint LANGUAGE sql STABLE RETURN (SELECT count(*) FROM app.doc);
GRANT SELECT, INSERT, UPDATE, DELETE ON app.doc, app.blind, app.dark, app.linked TO {{app}};
GRANT SELECT ON app.item, app.summary, app.owner_view, app.invoker_view TO {{app}};
GRANT ALL ON app.doc TO {{migrator}};
`

// me sees 20 of the 30 rows: its own and sub's.
func TestWhatPostgreSQLDecides(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docModel, docSchema)
	const (
		select1    = "UPDATE or DELETE with a WHERE needs a passing SELECT policy"
		select2    = "update granted without read touches 0 rows: lint"
		returning  = "INSERT ... RETURNING needs a passing SELECT policy"
		returning2 = "plain INSERT works, RETURNING raises 42501"
		moves      = "an UPDATE *that reads a column* and moves a row outside the SELECT policy raises 42501; a blind one (no WHERE, no RETURNING) is not checked"
		carries    = "every UPDATE and DELETE policy carries the read condition too, in USING and WITH CHECK"
		unique     = "unique and foreign keys see all rows"
		tells      = "a duplicate key tells that a hidden row exists: documented, linted"
		ownerSees  = "a table's owner under FORCE sees nothing: data migrations update 0 rows, materialized views refresh to 0 rows, adding a foreign key fails falsely, definer functions return nothing"
		three      = "Three outcomes everywhere: *visible*; *filtered* (0 rows, no error); *rejected* (42501)."
	)
	trials(t, w, []trial{
		{select1, "me", "UPDATE app.blind SET body = 'x' WHERE id = 3", filtered},
		{select2, "me", "UPDATE app.blind SET body = 'x'", filtered},
		{select1, "me", "DELETE FROM app.blind WHERE id = 3", filtered},
		{select2, "me", "DELETE FROM app.blind", filtered},

		{returning2, "me", "INSERT INTO app.blind VALUES (100, 'me')", "touched 1"},
		{returning, "me", "INSERT INTO app.blind VALUES (100, 'me') RETURNING id", rejected},
		{"a RETURNING that reads no column is as good as none", "me", "INSERT INTO app.blind VALUES (100, 'me') RETURNING 1", "1"},
		{returning, "me", "INSERT INTO app.doc VALUES (100, 'me') RETURNING id", "100"},
		{returning2, "me", "INSERT INTO app.dark VALUES (100, 'other')", "touched 1"},
		{returning, "me", "INSERT INTO app.dark VALUES (100, 'other') RETURNING id", rejected},
		{returning, "me", "INSERT INTO app.dark VALUES (100, 'sub') RETURNING id", "100"},

		{moves, "me", "UPDATE app.doc SET owner = 'other' WHERE id = 3", rejected},
		{carries, "me", "UPDATE app.doc SET owner = 'other'", rejected},
		{carries, "me", "UPDATE app.dark SET owner = 'other'", rejected},
		{carries, "me", "UPDATE app.doc SET body = 'x'", "touched 20"},
		{carries, "me", "DELETE FROM app.doc", "touched 20"},
		{carries, "sub", "UPDATE app.doc SET body = 'x'", "touched 10"},
		{carries, "other", "DELETE FROM app.doc", "touched 10"},

		{unique, "me", "INSERT INTO app.doc VALUES (2, 'me')", "23505"},
		{tells, "me", "INSERT INTO app.doc VALUES (100, 'me', '', 'code 2')", "23505"},
		{tells, "me", "INSERT INTO app.doc VALUES (100, 'me', '', 'code 100')", "touched 1"},
		{unique, "me", "INSERT INTO app.linked VALUES (1, 2)", "touched 1"}, // a hidden row
		{unique, "me", "INSERT INTO app.linked VALUES (1, 200)", "23503"},
		{unique, "me", "INSERT INTO app.doc VALUES (100, 'me', '', NULL, 2)", "touched 1"},

		{three, "me", "SELECT id FROM app.doc WHERE id = 3", "3"},
		{three, "me", "SELECT id FROM app.doc WHERE id = 2", filtered},
		{three, "me", "UPDATE app.doc SET body = 'x' WHERE id = 2", filtered},
		{three, "me", "DELETE FROM app.doc WHERE id = 2", filtered},
		{three, "me", "INSERT INTO app.doc VALUES (100, 'other')", rejected},
		{three, "me", "INSERT INTO app.doc VALUES (100, NULL)", rejected},
	})

	owner := func(t *testing.T, sql, want string) {
		t.Helper()
		tx, err := w.root.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(t.Context()) //nolint:errcheck // nothing is kept
		must(t, tx, w.text("SET LOCAL ROLE {{owner}}"))
		for s := range strings.SplitSeq(sql, ";") {
			if got := w.outcome(t, tx, s); got != want && got != filtered {
				t.Errorf("%s: %s, want %s", s, got, want)
			}
		}
	}
	t.Run(ownerSees, func(t *testing.T) {
		for sql, want := range map[string]string{
			"SELECT id FROM app.doc":                                                        filtered,
			"SELECT count(*) FROM app.doc":                                                  "0",
			"UPDATE app.doc SET body = 'x'":                                                 filtered,
			"DELETE FROM app.doc":                                                           filtered,
			"INSERT INTO app.doc VALUES (100)":                                              rejected,
			"TRUNCATE app.doc CASCADE":                                                      filtered, // its own table: not a client's affair
			"SELECT app.definer_count()":                                                    "0",
			"SELECT count(*) FROM app.owner_view":                                           "0",
			"REFRESH MATERIALIZED VIEW app.summary; SELECT n FROM app.summary":              "0",
			"ALTER TABLE app.item ADD FOREIGN KEY (doc) REFERENCES app.doc":                 "23503",
			"ALTER TABLE app.doc ADD CHECK (length(body) < 1000)":                           filtered,
			"ALTER TABLE app.doc NO FORCE ROW LEVEL SECURITY; SELECT count(*) FROM app.doc": "30",
		} {
			owner(t, sql, want)
		}
	})
	t.Run("consequence: maintenance roles", func(t *testing.T) {
		tx, err := w.root.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(t.Context()) //nolint:errcheck // nothing is kept
		must(t, tx, w.text("SET LOCAL ROLE {{migrator}}"))
		for _, c := range [][2]string{
			{"SELECT count(*) FROM app.doc", "30"},
			{"UPDATE app.doc SET body = body WHERE owner = 'other'", "touched 10"},
			{"UPDATE app.doc SET owner = 'nobody at all' WHERE id = 30", "touched 1"},
			{"INSERT INTO app.doc VALUES (101) RETURNING id", "101"},
			{"DELETE FROM app.doc WHERE id = 101", "touched 1"},
		} {
			if got := w.outcome(t, tx, c[0]); got != c[1] {
				t.Errorf("%s: %s, want %s", c[0], got, c[1])
			}
		}
	})
}

// TestMixedKeyTypes: columns that name users need not have the type of the key.
func TestMixedKeyTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"]}
users: {table: app.person, key: id, sees: {supervisor: boss, deputy: {table: app.deputy, viewer: viewer, seen: seen}}}
groups: {table: app.team, key: id, creator: maker, share_members_visibility: "true", members: {table: app.team_member, group: team, user: person}}
resources:
  note: {table: app.note, owner: [author, editor, {group: team}]}
grants:
  - {to: authenticated, allow: {note: "*"}}
`, `CREATE SCHEMA app;
		CREATE TABLE app.person (id integer PRIMARY KEY, boss smallint);
		CREATE TABLE app.deputy (viewer bigint, seen smallint);
		CREATE TABLE app.team (id varchar(10) PRIMARY KEY, maker bigint);
		CREATE TABLE app.team_member (team text, person smallint);
		CREATE TABLE app.note (id integer PRIMARY KEY, author smallint, editor bigint, team text);
		INSERT INTO app.person VALUES (1, NULL), (2, 1), (3, NULL), (4, NULL);
		INSERT INTO app.deputy VALUES (2, 3);
		INSERT INTO app.team VALUES ('t', 1);
		INSERT INTO app.team_member VALUES ('t', 1), ('t', 4);
		INSERT INTO app.note VALUES (1, 1, NULL, NULL), (2, 2, NULL, NULL), (3, NULL, 3, NULL), (4, NULL, 4, NULL), (5, NULL, NULL, 't'), (6, NULL, 99999999999, NULL);
		GRANT SELECT, INSERT, UPDATE, DELETE ON app.note TO {{app}};`)
	const ids = "SELECT id FROM app.note ORDER BY id"
	trials(t, w, []trial{
		{"narrower and wider columns", "key:1", ids, "1 2 4 5"},
		{"narrower and wider columns", "key:2", ids, "2 3"},
		{"narrower and wider columns", "key:4", ids, "1 4 5"},
		{"narrower and wider columns", "key:1", "UPDATE app.note SET editor = 2 WHERE id = 1", "touched 1"},
		{"narrower and wider columns", "key:1", "UPDATE app.note SET editor = 99999999999 WHERE id = 1", rejected},
		{"narrower and wider columns", "key:1", "INSERT INTO app.note VALUES (10, 1, 2, 't')", "touched 1"},
		{"narrower and wider columns", "key:1", "INSERT INTO app.note VALUES (10, 1, 3, 't')", rejected},
	})
	t.Run("a key out of the type's range in an edge names nobody", func(t *testing.T) {
		w.sql(t, "INSERT INTO app.deputy VALUES (99999999999, 1), (2, -1)")
		for who, want := range map[string]string{"key:1": "1 2 4 5", "key:2": "2 3", "key:99999999999": filtered} {
			if got := w.try(t, who, ids); got != want {
				t.Errorf("%s: %s, want %s", who, got, want)
			}
		}
	})
}

// TestKeyTypes runs one scenario over every type that a key can have.
func TestKeyTypes(t *testing.T) {
	t.Parallel()
	uuid := func(n int) string { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }
	number := func(n int) string { return fmt.Sprint(n) }
	word := func(n int) string { return []string{"", "anna", "Ben O'Hara", "çağlar", "d|e=f,g", `e"\`, "f%_"}[n] }
	for _, c := range []struct {
		sql       string
		key       func(int) string
		malformed []string
	}{
		{"smallint", number, []string{"x", "", "1.0", "99999", "0x1", " 1 2", "1e0", "-", "٣"}},
		{"integer", number, []string{"x", "", "1.0", "9999999999", "1;", "NaN"}},
		{"bigint", number, []string{"x", "", "1.0", "99999999999999999999999", "Infinity"}},
		{"uuid", uuid, []string{"x", "", "1", "00000000-0000-4000-8000-00000000000", "zzzzzzzz-0000-4000-8000-000000000001"}},
		{"text", word, []string{"ANNA", "", "anna "}},
		{"varchar", word, []string{"ANNA", "", "anna "}},
		{"varchar(60)", word, []string{"ANNA", "", "anna "}},
	} {
		t.Run(c.sql, func(t *testing.T) {
			t.Parallel()
			q := func(n int) string { return "'" + strings.ReplaceAll(c.key(n), "'", "''") + "'" }
			// 1 > 2 > 3; 4 is a stranger; 5 a superuser; 6 a mate of 2 in team 1.
			w := newWorld(t, `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"]}
users: {table: app.person, key: id, superuser: super, sees: {supervisor: boss, deputy: {table: app.deputy, viewer: viewer, seen: seen}}}
groups: {table: app.team, key: id, creator: maker, share_members_visibility: "true", members: {table: app.team_member, group: team, user: person}}
resources:
  note: {table: app.note, owner: [owner, {group: team}]}
  person: {table: app.person, owner: id}
grants:
  - {to: authenticated, allow: {note: "*", person: [read]}}
`, fmt.Sprintf(`CREATE SCHEMA app;
				CREATE TABLE app.person (id %[1]s PRIMARY KEY, boss %[1]s, super boolean NOT NULL DEFAULT false);
				CREATE TABLE app.deputy (viewer %[1]s, seen %[1]s);
				CREATE TABLE app.team (id %[1]s PRIMARY KEY, maker %[1]s);
				CREATE TABLE app.team_member (team %[1]s, person %[1]s);
				CREATE TABLE app.note (id %[1]s PRIMARY KEY, owner %[1]s, team %[1]s, label text NOT NULL);
				INSERT INTO app.person VALUES (%[2]s, NULL), (%[3]s, %[2]s), (%[4]s, %[3]s), (%[5]s, NULL), (%[7]s, NULL);
				INSERT INTO app.person VALUES (%[6]s, NULL, true);
				INSERT INTO app.team VALUES (%[2]s, %[5]s);
				INSERT INTO app.team_member VALUES (%[2]s, %[3]s), (%[2]s, %[7]s);
				INSERT INTO app.note VALUES (%[2]s, %[2]s, NULL, 'n1'), (%[3]s, %[3]s, NULL, 'n2'), (%[4]s, %[4]s, NULL, 'n3'),
					(%[5]s, %[5]s, NULL, 'n4'), (%[6]s, NULL, %[2]s, 't1'), (%[7]s, %[7]s, NULL, 'n6');
				GRANT SELECT, INSERT, UPDATE, DELETE ON app.note, app.person TO {{app}};`,
				c.sql, q(1), q(2), q(3), q(4), q(5), q(6)))
			as := func(n int) string { return "key:" + c.key(n) }
			const labels = "SELECT label FROM app.note ORDER BY label"
			trials(t, w, []trial{
				{"S", as(1), labels, "n1 n2 n3"},
				{"S, M and a group that owns", as(2), labels, "n2 n3 n6 t1"},
				{"S", as(3), labels, "n3"},
				{"stranger", as(4), labels, "n4"},
				{"superuser", as(5), labels, "n1 n2 n3 n4 n6 t1"},
				{"M", as(6), labels, "n2 n6 t1"},
				{"the users themselves", as(1), "SELECT count(*) FROM app.person", "3"},
				{"the users themselves", as(5), "SELECT count(*) FROM app.person", "6"},
				{"update", as(1), "UPDATE app.note SET label = label", "touched 3"},
				{"update", as(1), "UPDATE app.note SET label = 'x' WHERE label = 'n4'", filtered},
				{"hand-over", as(1), "UPDATE app.note SET owner = " + q(3) + " WHERE label = 'n1'", "touched 1"},
				{"hand-over", as(1), "UPDATE app.note SET owner = " + q(4) + " WHERE label = 'n1'", rejected},
				{"delete", as(2), "DELETE FROM app.note", "touched 4"},
				{"create", as(2), "DELETE FROM app.note WHERE label = 't1'", "touched 1"},
				{"create", as(4), "INSERT INTO app.note SELECT id, " + q(1) + ", NULL, 'new' FROM app.note WHERE false", filtered},
				{"principal()", as(2), "SELECT rls.principal() = " + q(2), "t"},
				{"groups()", as(2), "SELECT rls.groups() = ARRAY[" + q(1) + "]", "t"},
				{"can_row", as(1), "SELECT rls.can_row('read', 'note', " + q(3) + "), rls.can_row('read', 'note', " + q(4) + ")", "t|f"},
			})
			conn := w.person(t, c.key(2))
			equal(t, w.rows(t, conn, "SELECT label FROM app.note"), []string{"n2", "n3", "n6", "t1"}, "a person's own login")
			for _, m := range c.malformed {
				if m != "" {
					w.as(t, "key:"+m, func(tx pgx.Tx) {
						equal(t, w.rows(t, tx, "SELECT label FROM app.note"), nil, "a principal of key %q", m)
					})
				}
				w.as(t, as(5), func(tx pgx.Tx) {
					if got := w.outcome(t, tx, "SELECT rls.can_row('read', 'note', $1)", m); got != "f" {
						t.Errorf("can_row of key %q: %s, want f", m, got)
					}
				})
			}
		})
	}
}
