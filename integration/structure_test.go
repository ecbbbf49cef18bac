package integration

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/doctor"
	"github.com/rlsctl/rlsctl/internal/logins"
)

const structureSchema = `
	CREATE SCHEMA app;
	CREATE SCHEMA "Sales ""x""";
	CREATE TABLE app.person (id bigint PRIMARY KEY, boss bigint REFERENCES app.person);
	INSERT INTO app.person VALUES (1, NULL), (2, 1);
	CREATE TABLE app.note (id bigint PRIMARY KEY, owner bigint NOT NULL REFERENCES app.person, body text);
	CREATE TABLE "Sales ""x"""."Or""der" (id bigint, owner bigint NOT NULL REFERENCES app.person, body text, secret text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
	CREATE TABLE app.part PARTITION OF "Sales ""x"""."Or""der" FOR VALUES FROM (0) TO (10);
	CREATE TABLE app.kept (id bigint PRIMARY KEY, owner bigint NOT NULL REFERENCES app.person);
	CREATE POLICY everybody ON app.kept FOR SELECT USING (true);
	CREATE TABLE app.unread (id bigint PRIMARY KEY, owner bigint NOT NULL REFERENCES app.person);
	CREATE TABLE app.open (id bigint PRIMARY KEY, body text);
	INSERT INTO app.note VALUES (1, 1, 'a'), (2, 2, 'b');
	INSERT INTO "Sales ""x"""."Or""der" VALUES (1, 1, 'a', 's'), (2, 2, 'b', 's');
	INSERT INTO app.kept VALUES (1, 1); INSERT INTO app.unread VALUES (1, 1); INSERT INTO app.open VALUES (1, 'open');
	CREATE VIEW app.leak AS SELECT * FROM app.note;
	GRANT SELECT, INSERT, UPDATE, DELETE ON app.note, app.open, app.kept TO {{app}};
	GRANT INSERT ON app.unread TO {{app}};
	GRANT SELECT (id, body) ON "Sales ""x"""."Or""der" TO {{app}};
	GRANT SELECT ON app.leak, app.part TO {{app}};`

const structureModel = `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"], plans: one}
users: {table: app.person, key: id, sees: {supervisor: boss}}
resources:
  note: {table: app.note, owner: owner}
  order: {table: '"Sales ""x"""."Or""der"', owner: owner}
  kept: {table: app.kept, owner: owner, keep_policies: [everybody]}
  unread: {table: app.unread, owner: owner}
grants:
  - {to: authenticated, allow: {note: [read], order: [read], kept: [read]}}
`

// syncs are what tools ask to find tables and columns. Each returns schema.table or schema.table.column.
var syncs = map[string]struct {
	sql     string
	columns bool
}{
	"information_schema.tables, as npgsql and Power BI": {sql: `SELECT table_schema || '.' || table_name FROM information_schema.tables
		WHERE table_schema NOT IN ('information_schema', 'pg_catalog') ORDER BY 1`},
	"information_schema.columns": {sql: `SELECT table_schema || '.' || table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema NOT IN ('information_schema', 'pg_catalog') ORDER BY 1`, columns: true},
	"any column privilege, as Metabase": {sql: `SELECT t.schema || '.' || t.name FROM (
			SELECT p.schemaname::text AS schema, p.tablename::text AS name FROM pg_catalog.pg_tables AS p
			UNION SELECT v.schemaname, v.viewname FROM pg_catalog.pg_views AS v
			UNION SELECT m.schemaname, m.matviewname FROM pg_catalog.pg_matviews AS m) AS t
		WHERE t.schema !~ '^pg_' AND t.schema <> 'information_schema' AND pg_catalog.has_schema_privilege(current_user, t.schema, 'usage')
		  AND pg_catalog.has_any_column_privilege(current_user, '"' || replace(t.schema, '"', '""') || '"."' || replace(t.name, '"', '""') || '"', 'select')
		ORDER BY 1`},
	"JDBC's getColumns with privileges": {sql: `SELECT n.nspname || '.' || c.relname || '.' || a.attname
		FROM pg_catalog.pg_namespace AS n JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid
		JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid
		WHERE c.relkind IN ('r', 'p', 'v', 'f', 'm') AND a.attnum > 0 AND NOT a.attisdropped
		  AND n.nspname !~ '^(pg_|information_schema$)' AND has_schema_privilege(n.oid, 'USAGE') AND has_column_privilege(c.oid, a.attnum, 'SELECT')
		ORDER BY 1`, columns: true},
	"JDBC's getTables in schemas that can be used": {sql: `SELECT n.nspname || '.' || c.relname
		FROM pg_catalog.pg_namespace AS n, pg_catalog.pg_class AS c
		LEFT JOIN pg_catalog.pg_description AS d ON c.oid = d.objoid AND d.objsubid = 0 AND d.classoid = 'pg_class'::regclass
		WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v') AND n.nspname !~ '^(pg_|information_schema$)'
		  AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE') ORDER BY 1`},
}

// TestStructure has an impersonating login see tables and columns before SET ROLE, and no row of them.
func TestStructure(t *testing.T) {
	t.Parallel()
	w := newWorld(t, structureModel, structureSchema)
	root := w.admin(t)
	bi, role := w.db.Role(t, "bi", "LOGIN NOINHERIT"), w.db.Role(t, "as_one", "NOLOGIN IN ROLE "+w.role("app"))
	add := logins.Impersonating{Login: bi, As: []logins.As{{Role: role, User: "1"}}}
	const acls = `SELECT format('%s %s', c.oid::regclass, c.relacl) FROM pg_class AS c WHERE c.relnamespace::regnamespace::text !~ '^"?(pg_|rls$|information_schema$)'
		UNION ALL SELECT format('%s.%s %s', a.attrelid::regclass, a.attname, a.attacl) FROM pg_attribute AS a WHERE a.attacl IS NOT NULL AND a.attrelid::regclass::text NOT LIKE 'pg_%'
		UNION ALL SELECT format('%s %s', n.nspname, n.nspacl) FROM pg_namespace AS n
		UNION ALL SELECT format('%s in %s', m.member, m.roleid) FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid IN (m.member, m.roleid) AND r.rolname ~ '_` // and the database
	snapshot := func() []string {
		return w.rows(t, w.root, "SELECT * FROM ("+acls+bi+"$') AS x(line) ORDER BY 1")
	}
	before := snapshot()
	list := func(conn querier, name string) string {
		var out []string
		for _, s := range w.rows(t, conn, syncs[name].sql) {
			if !strings.HasPrefix(s, "rls.") {
				out = append(out, s)
			}
		}
		return strings.Join(out, " ")
	}

	// Without the option there is nothing to be found.
	if _, err := logins.AddImpersonating(t.Context(), root, add); err != nil {
		t.Fatal(err)
	}
	conn := w.db.Conn(t, bi)
	for name := range syncs {
		if got := list(conn, name); got != "" {
			t.Errorf("without --structure, %s: %s", name, got)
		}
	}
	if _, err := logins.Remove(t.Context(), root, bi, false, logins.KindImpersonating); err != nil {
		t.Fatal(err)
	}
	equal(t, snapshot(), before, "removed without --structure")

	add.Structure = true
	added, err := logins.AddImpersonating(t.Context(), root, add)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, added.Tables, []string{`"Sales ""x"""."Or""der"`, "app.note"}, "shown")
	equal(t, added.Skipped, []string{"app.kept"}, "left out")
	tables, columns := `Sales "x".Or"der app.note`, `Sales "x".Or"der.body Sales "x".Or"der.id app.note.body app.note.id app.note.owner`
	find := func(t *testing.T) {
		t.Helper()
		for name, s := range syncs {
			want := tables
			if s.columns {
				want = columns
			}
			if got := list(conn, name); got != want {
				t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
			}
		}
	}
	find(t)

	t.Run("no row", func(t *testing.T) {
		order := `"Sales ""x"""."Or""der"`
		for sql, want := range map[string]string{
			"SELECT id FROM app.note":                                         filtered,
			"SELECT count(*) FROM app.note":                                   "0",
			"SELECT id, body FROM " + order:                                   filtered,
			"SELECT secret FROM " + order:                                     rejected,
			"SELECT id FROM app.part":                                         rejected,
			"SELECT id FROM app.kept":                                         rejected,
			"SELECT id FROM app.unread":                                       rejected,
			"SELECT body FROM app.open":                                       rejected,
			"SELECT body FROM app.leak":                                       rejected,
			"SELECT id FROM app.person":                                       rejected,
			"SELECT id FROM app.note FOR UPDATE":                              rejected,
			"SELECT n.id FROM app.note AS n TABLESAMPLE BERNOULLI (100)":      filtered,
			"TABLE app.note":                                                  filtered,
			"WITH x AS MATERIALIZED (TABLE app.note) TABLE x":                 filtered,
			"UPDATE app.note SET body = ''":                                   rejected,
			"DELETE FROM app.note":                                            rejected,
			"INSERT INTO app.note VALUES (9, 1, '')":                          rejected,
			"TRUNCATE app.note":                                               rejected,
			"SELECT most_common_vals FROM pg_stats WHERE tablename = 'note'":  filtered,
			"SELECT set_config('rls.principal', '1', true), id FROM app.note": filtered,
			"SELECT rls.enter('x')":                                           rejected,
		} {
			if got := w.outcome(t, conn, sql); got != want {
				t.Errorf("%s: got %s, want %s", sql, got, want)
			}
		}
		must(t, root, "ANALYZE app.note")
		if got := w.outcome(t, conn, "SELECT tablename FROM pg_stats WHERE tablename = 'note'"); got != filtered {
			t.Errorf("statistics: %s", got)
		}
		tx := begin(t, conn)
		must(t, tx, "SET LOCAL row_security = off")
		if got := w.outcome(t, tx, "TABLE app.note"); got != rejected {
			t.Errorf("without row security: %s", got)
		}
		must(t, tx, "ROLLBACK")
		equal(t, w.psql(t, bi, "COPY app.note TO stdout; COPY (TABLE app.note) TO stdout"), nil, "COPY")
		equal(t, w.psql(t, bi, "BEGIN; DECLARE c CURSOR FOR TABLE app.note; FETCH ALL FROM c; PREPARE p AS TABLE app.note; EXECUTE p; COMMIT"), nil, "cursor and prepared")
		// As a text, which is how Tableau sends it, and as an option of the connection, to which RESET ROLE comes back.
		equal(t, w.psql(t, bi, "SET ROLE '"+role+"'; SELECT id FROM app.note ORDER BY 1"), []string{"1", "2"}, "SET ROLE of a text")
		config := conn.Config()
		config.RuntimeParams["options"] = "-c role=" + role
		config.DefaultQueryExecMode = pgx.QueryExecModeExec // DISCARD forgets prepared statements
		direct, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer direct.Close(t.Context())
		for _, sql := range []string{"SELECT", "RESET ROLE", "RESET ALL", "DISCARD ALL"} {
			must(t, direct, sql)
			if got := w.outcome(t, direct, "SELECT id FROM app.note ORDER BY 1"); got != "1 2" {
				t.Errorf("the role as an option, after %s: %s", sql, got)
			}
		}
		equal(t, w.psql(t, bi, "SET ROLE "+role+"; SELECT id FROM app.note ORDER BY 1"), []string{"1", "2"}, "after SET ROLE")
	})

	t.Run("doctor accepts that and no more", func(t *testing.T) {
		order := `"Sales ""x"""."Or""der"`
		for sql, want := range map[string]string{
			"":                                      "",
			"REVOKE SELECT ON app.note FROM {{bi}}": "does not see the structure of app.note",
			"REVOKE SELECT (body) ON " + order + " FROM {{bi}}":          "does not see the structure of " + order,
			"GRANT SELECT (secret) ON " + order + " TO {{bi}}":           "holds SELECT on " + order,
			"GRANT SELECT ON " + order + " TO {{bi}}":                    "holds SELECT on " + order,
			"GRANT UPDATE ON app.note TO {{bi}}":                         "holds UPDATE on app.note",
			"GRANT INSERT (id) ON app.note TO {{bi}}":                    "holds INSERT on app.note",
			"GRANT REFERENCES ON app.note TO {{bi}}":                     "holds REFERENCES on app.note",
			"GRANT SELECT ON app.part TO {{bi}}":                         "holds SELECT on app.part",
			"GRANT SELECT ON app.kept TO {{bi}}":                         "holds SELECT on app.kept before SET ROLE, and sees rows of it as nobody",
			"GRANT SELECT ON app.unread TO {{bi}}":                       "holds SELECT on app.unread",
			"CREATE POLICY p ON app.note FOR SELECT USING (true)":        "sees rows of it as nobody",
			"CREATE POLICY p ON app.note FOR ALL TO {{bi}} USING (true)": "sees rows of it as nobody",
			"ALTER TABLE app.note DISABLE ROW LEVEL SECURITY":            "sees rows of it as nobody",
			"DELETE FROM rls.resource WHERE name = 'note'":               "sees rows of it as nobody",
			"GRANT {{app}} TO {{bi}}":                                    "which is not listed",
			"CREATE POLICY p ON app.note AS RESTRICTIVE USING (true)":    "",
			"CREATE POLICY p ON app.note FOR UPDATE USING (true)":        "",
		} {
			tx := begin(t, root)
			if sql != "" {
				must(t, tx, strings.ReplaceAll(w.text(sql), "{{bi}}", bi))
			}
			got := kinds(t, tx, func(f doctor.Finding) { follow(t, tx, f, bi) })
			if want != "" {
				if left := kinds(t, tx, nil); len(left) > 0 {
					t.Errorf("%q: after doing what the hints say: %q", sql, left)
				}
			}
			if want == "" && len(got) > 0 || want != "" && !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, want) }) {
				t.Errorf("%q: got %q, want %q", sql, got, want)
			}
			must(t, tx, "ROLLBACK")
		}
	})

	t.Run("the model goes on", func(t *testing.T) {
		must(t, root, "DROP POLICY everybody ON app.kept")
		must(t, root, w.text("GRANT SELECT ON app.unread TO {{app}}"))
		w.apply(t, strings.NewReplacer("  note: {table: app.note, owner: owner}\n", "", "note: [read], ", "", ", keep_policies: [everybody]", "").Replace(structureModel))
		if got := w.outcome(t, conn, "SELECT id FROM app.note"); got != "1 2" {
			t.Errorf("a table that is no resource any more: %s", got)
		}
		again, err := logins.ShowStructure(t.Context(), root, bi)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, slices.Sorted(slices.Values(again.Tables)), []string{`"Sales ""x"""."Or""der"`, "app.kept", "app.unread"}, "shown again")
		for table, want := range map[string]string{"note": rejected, "kept": filtered, "unread": filtered} {
			if got := w.outcome(t, conn, "SELECT id FROM app."+table); got != want {
				t.Errorf("%s: got %s, want %s", table, got, want)
			}
		}
	})

	conn.Close(t.Context())
	must(t, root, "CREATE POLICY everybody ON app.kept FOR SELECT USING (true)")
	must(t, root, w.text("REVOKE SELECT ON app.unread FROM {{app}}"))
	w.apply(t, structureModel)
	if _, err := logins.Remove(t.Context(), root, bi, false, logins.KindImpersonating); err != nil {
		t.Fatal(err)
	}
	equal(t, snapshot(), before, "removed")
}

// kinds are the messages of findings about what a login is, each of which is told to then.
func kinds(t *testing.T, tx pgx.Tx, then func(doctor.Finding)) (out []string) {
	t.Helper()
	r, err := doctor.InTx(t.Context(), tx, doctor.Options{})
	if err != nil {
		t.Fatal(explain(err))
	}
	for _, f := range r.Findings {
		if f.Code == doctor.CodeKind {
			out = append(out, f.Message)
			if then != nil {
				then(f)
			}
		}
	}
	return out
}

// follow does what the hint of a finding says.
func follow(t *testing.T, tx pgx.Tx, f doctor.Finding, bi string) {
	t.Helper()
	switch order, _ := strings.CutPrefix(f.Hint, "Run "); {
	case order == "rlsctl login structure "+bi+".":
		if _, err := logins.ShowStructure(t.Context(), tx, bi); err != nil {
			t.Errorf("%s: %v", f.Hint, explain(err))
		}
	case strings.HasPrefix(order, "REVOKE "):
		must(t, tx, strings.TrimSuffix(order, "."))
	default:
		t.Errorf("%s: what is %q?", f.Message, f.Hint)
	}
}
