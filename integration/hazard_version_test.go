package integration

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/internal/doctor"
	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/pgsession"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// has reports whether the server still has a hole of the kernel's list.
func (w *world) has(t testing.TB, cve string) bool {
	t.Helper()
	return one(t, w.root, "SELECT count(*) FROM rls.server_leaks(current_setting('server_version_num')::integer) AS s WHERE s.cve = $1", cve) != "0"
}

// What the list says of versions; the holes themselves are tried below.
func TestServerLeaks(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, "")
	const upsert, dropOwned, subSelect, stalePlan = "CVE-2026-120154", "CVE-2026-116311", "CVE-2026-116327", "CVE-2026-14666"
	for version, want := range map[int]string{
		150017: upsert + "! " + dropOwned + "! " + subSelect + " " + stalePlan + " CVE-2026-6473",
		150018: upsert + "! " + dropOwned + "! " + subSelect + " " + stalePlan, 150019: upsert + "! " + dropOwned + "! " + subSelect, 150020: "", 150021: "",
		160014: upsert + "! " + dropOwned + "! " + subSelect + " " + stalePlan, 160015: upsert + "! " + dropOwned + "! " + subSelect, 160016: "",
		170010: upsert + "! " + dropOwned + "! " + subSelect + " " + stalePlan, 170011: upsert + "! " + dropOwned + "! " + subSelect, 170012: "",
		180004: upsert + "! " + dropOwned + "! " + subSelect + " " + stalePlan, 180006: upsert + "! " + dropOwned + "! " + subSelect, 180007: "",
		190000: "", 200003: "",
	} {
		got := w.rows(t, w.root, "SELECT s.cve || CASE WHEN s.total THEN '!' ELSE '' END FROM rls.server_leaks($1::integer) AS s", version)
		equal(t, got, strings.Fields(want), "holes of %d", version)
	}
	if got := one(t, w.root, "SELECT count(*) FROM rls.server_leaks(150002)"); got != "13" {
		t.Errorf("15.2 has %s holes", got)
	}
}

// A server with a total hole is refused by everything that would make somebody rely on it, and each time can be allowed by
// name. The list is replaced, so that this runs on every server.
func TestOldServerIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docModel, docSchema)
	g := w.gateway(t)
	pool := w.db.Pool(t, g.login)
	open := func(opts ...pgsession.Option) error {
		_, err := pgsession.Open(t.Context(), pool, g.source(), opts...)
		return err
	}
	list := func(cve string, total bool) {
		w.sql(t, fmt.Sprintf(`CREATE OR REPLACE FUNCTION rls.server_leaks(version integer)
			RETURNS TABLE (cve text, total boolean, fixed integer, what text) LANGUAGE sql STABLE PARALLEL SAFE ROWS 5
			BEGIN ATOMIC SELECT '%s'::text, %t, 150099, 'everything leaks'::text; END`, cve, total))
	}
	list("CVE-1", true)
	var login *pgsession.LoginError
	if err := open(); !errors.As(err, &login) || len(login.Problems) != 1 || login.Problems[0] != "old server: everything leaks (CVE-1): upgrade PostgreSQL to 15.99" {
		t.Errorf("open: %v", err)
	}
	if err := open(pgsession.AllowUnsigned()); !errors.As(err, &login) {
		t.Errorf("allowed by another name: %v", err)
	}
	if err := open(pgsession.AllowOldServer()); err != nil {
		t.Errorf("allowed by name: %v", err)
	}
	w.sql(t, "UPDATE rls.gateway SET signed = false")
	if err := open(pgsession.AllowOldServer()); !errors.As(err, &login) || len(login.Problems) != 1 || !strings.HasPrefix(login.Problems[0], "unsigned") {
		t.Errorf("the name allows other things: %v", err)
	}
	w.sql(t, "UPDATE rls.gateway SET signed = true")
	list("CVE-2", false)
	if err := open(); err != nil {
		t.Errorf("a hole that is not total: %v", err)
	}

	// The plan: on this server as it is.
	w.sql(t, "DROP POLICY doc_read ON app.doc")
	m := w.parse(t, docModel)
	conn := w.admin(t)
	r, err := pipeline.Plan(t.Context(), conn, m)
	if err != nil || r.Plan.Empty() {
		t.Fatal(explain(err))
	}
	old := w.db.Server().Old()
	if got := slices.Contains(apply.Hazards(r.Plan), policies.OldServer); got != old {
		t.Errorf("hazards %v, old %t", apply.Hazards(r.Plan), old)
	}
	if got := slices.ContainsFunc(r.Plan.Notes, func(d policies.Diagnostic) bool { return strings.Contains(d.Message, "CVE-2026-120154") }); got != old {
		t.Errorf("notes %v, old %t", r.Plan.Notes, old)
	}
	others := slices.DeleteFunc(apply.Hazards(r.Plan), func(h policies.Hazard) bool { return h == policies.OldServer })
	err = pipeline.Apply(t.Context(), conn, m, r.Plan, apply.Options{Allow: others})
	if refused := errors.Is(err, apply.ErrHazard); refused != old || err != nil && !refused {
		t.Errorf("apply: %v, old %t", err, old)
	}
	if u, err := pipeline.Uninstalled(t.Context(), conn); err != nil || slices.Contains(apply.Hazards(u.Plan), policies.OldServer) {
		t.Errorf("leaving: %v, %v", apply.Hazards(u.Plan), err)
	}
	report, err := doctor.Examine(t.Context(), conn, doctor.Options{})
	if err != nil {
		t.Fatal(explain(err))
	}
	if got := slices.ContainsFunc(report.Findings, func(f doctor.Finding) bool {
		return f.Code == doctor.CodeUnsafeServer && f.Level == policies.Error && strings.Contains(f.Message, "CVE-2026-116311")
	}); got != old {
		t.Errorf("doctor finds %v, old %t", report.Findings, old)
	}
}

const upsertModel = `
version: 1
database: {client_roles: ["{{app}}"]}
users: {table: app.person, key: id, login: name, superuser: super, sees: {supervisor: boss}}
resources:
  number: {table: app.number, owner: owner}
  ident: {table: app.ident, owner: owner}
  word: {table: app.word, owner: owner}
  parted: {table: app.parted, owner: owner}
  child: {table: app.parent, owner: owner}
grants:
  - {to: authenticated, allow: {number: [create, read], ident: [create], word: [create, read, update], parted: "*", child: "*"}}
`

const upsertSchema = `
CREATE SCHEMA app;
CREATE TABLE app.person (id bigint PRIMARY KEY, name text UNIQUE, boss bigint, super boolean NOT NULL DEFAULT false);
INSERT INTO app.person VALUES (1, 'boss', NULL), (2, 'me', 1), (3, 'other', NULL);
INSERT INTO app.person SELECT 100 + n, 'sub' || n, 1 FROM generate_series(1, 60) AS n;
CREATE TABLE app.number (n bigint PRIMARY KEY, owner bigint, body text DEFAULT '', CONSTRAINT other_key UNIQUE (n, owner));
CREATE TABLE app.ident (n uuid PRIMARY KEY, owner bigint, body text DEFAULT '');
CREATE TABLE app.word (n text PRIMARY KEY, owner bigint, body text DEFAULT '');
CREATE TABLE app.parted (n bigint PRIMARY KEY, owner bigint, body text DEFAULT '') PARTITION BY HASH (n);
CREATE TABLE app.parted_0 PARTITION OF app.parted FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE app.parent (n bigint PRIMARY KEY, owner bigint, body text DEFAULT '');
CREATE TABLE app.heir (PRIMARY KEY (n)) INHERITS (app.parent);
CREATE VIEW app.looked WITH (security_invoker = true) AS SELECT * FROM app.word;
INSERT INTO app.number VALUES (5, 3, 'SECRET5');
INSERT INTO app.ident VALUES ('00000000-0000-4000-8000-000000000005', 3, 'SECRET5');
INSERT INTO app.word VALUES ('five', 3, 'SECRET5');
INSERT INTO app.parted VALUES (5, 3, 'SECRET5');
INSERT INTO app.heir VALUES (5, 3, 'SECRET5');
GRANT SELECT, INSERT, UPDATE (body) ON app.number, app.ident, app.word, app.parted, app.parted_0, app.parent, app.heir, app.looked TO {{app}};
`

// Hazard 74: PostgreSQL evaluated the WHERE of ON CONFLICT DO UPDATE on the existing row before any policy saw it.
func TestHazardUpsertReadsHiddenRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, upsertModel, upsertSchema)
	leaks := w.has(t, "CVE-2026-120154")
	keys := map[string][2]string{ // of a hidden row, and of none
		"app.number": {"5", "6"}, "app.ident": {"'00000000-0000-4000-8000-000000000005'", "'00000000-0000-4000-8000-000000000006'"},
		"app.word": {"'five'", "'six'"}, "app.parted": {"5", "6"}, "app.parted_0": {"5", "6"}, "app.heir": {"5", "6"}, "app.looked": {"'five'", "'six'"},
	}
	conditions := []string{"t.body::integer = 0", "t.body LIKE 'SECRET5%'", "t.body LIKE 'wrong%'", "pg_temp.tells(t.body)", "1 / (length(t.body) - 7) = 0",
		"(SELECT t.body = 'wrong')"}
	statement := func(table, key, condition string) string {
		return fmt.Sprintf("INSERT INTO %s AS t (n, owner, body) VALUES (%s, 2, 'x') ON CONFLICT (n) DO UPDATE SET body = 'y' WHERE %s", table, key, condition)
	}
	leaked := 0
	const enter = "enter" // with a token of its own each time
	g := w.gateway(t)
	// attack runs statements in a transaction of its own and says what came of it.
	attack := func(t *testing.T, conn *pgx.Conn, take []string, sql string) string {
		tx := begin(t, conn)
		defer tx.Rollback(t.Context()) //nolint:errcheck // nothing is kept
		for _, s := range take {
			if s == enter {
				s = "SELECT rls.enter('" + g.tokenFor(t, "me") + "')"
			}
			must(t, tx, s)
		}
		must(t, tx, "CREATE FUNCTION pg_temp.tells(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE EXCEPTION 'told %', $1; END $$")
		tag, err := tx.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol)
		var pg *pgconn.PgError
		switch {
		case err == nil:
			return fmt.Sprint(tag.RowsAffected())
		case errors.As(err, &pg) && pg.Code == "42501" && !strings.Contains(fmt.Sprint(pg.Message, pg.Detail, pg.Where), "SECRET"):
			return rejected
		}
		return err.Error()
	}
	hidden := func(t *testing.T, conn *pgx.Conn, take []string, sql string) {
		t.Helper()
		got := attack(t, conn, take, sql)
		switch {
		case got == rejected:
		case leaks:
			leaked++
		default:
			t.Errorf("%v; %s: %s", take, sql, got)
		}
	}
	gate, person := g.conn(t), w.person(t, "me")
	login, roles := w.bi(t, "me")
	bi := w.db.Conn(t, login)
	channels := map[string]struct {
		conn *pgx.Conn
		take []string
	}{"person": {person, nil}, "gateway": {gate, []string{enter}}, "impersonating": {bi, []string{"SET LOCAL ROLE " + roles["me"]}}}
	for _, role := range w.rows(t, w.root, "SELECT role FROM rls.plan_role WHERE client_role = $1 AND form <> 'all'", w.role("app")) {
		channels["form "+role] = struct {
			conn *pgx.Conn
			take []string
		}{gate, []string{enter, "SET LOCAL ROLE " + role}}
	}
	for name, c := range channels {
		t.Run(name, func(t *testing.T) { // Not parallel: channels share connections and keys.
			for table, key := range keys {
				for _, condition := range conditions {
					hidden(t, c.conn, c.take, statement(table, key[0], condition))
					want := "1" // so the error above tells that the hidden key exists
					if table == "app.ident" {
						want = rejected // whoever may not read cannot upsert at all
					}
					if got := attack(t, c.conn, c.take, statement(table, key[1], condition)); got != want {
						t.Errorf("%s of a free key: %s", table, got)
					}
				}
			}
			const on = "INSERT INTO app.number AS t (n, owner) VALUES (5, 2) ON CONFLICT "
			for _, sql := range []string{
				on + "ON CONSTRAINT number_pkey DO UPDATE SET body = 'y' WHERE t.body::integer = 0",
				on + "(n) DO UPDATE SET body = (SELECT max(name) FROM app.person) WHERE t.body::integer = 0",
				on + "(n) DO UPDATE SET body = pg_temp.tells(t.body)::text",
				on + "(n) DO UPDATE SET body = 'y' WHERE t.body::integer = 0 RETURNING 1",
				"WITH w AS (" + on + "(n) DO UPDATE SET body = 'y' WHERE t.body::integer = 0 RETURNING 1) SELECT count(*) FROM w",
				"PREPARE p AS " + on + "(n) DO UPDATE SET body = 'y' WHERE t.body::integer = 0; EXECUTE p",
				"DO $$ BEGIN " + on + "(n) DO UPDATE SET body = 'y' WHERE t.body::integer = 0; END $$",
				"INSERT INTO app.number AS t (n, owner) SELECT n, 2 FROM generate_series(1, 9) AS n ON CONFLICT (n) DO UPDATE SET body = 'y' WHERE t.body::integer = 0",
			} {
				hidden(t, c.conn, append(slices.Clone(c.take), "DEALLOCATE ALL"), sql)
			}
		})
	}
	if leaks && leaked == 0 {
		t.Error("the list says that this server leaks, and nothing did")
	}
}

// What PostgreSQL 19 adds is a way to read the row of a conflict.
func TestHazardConflictSelect(t *testing.T) {
	t.Parallel()
	if v := pgtest.Shared(t).Version(); v < 190000 {
		t.Skipf("NOT TRIED: ON CONFLICT DO SELECT is of PostgreSQL 19, this is %d", v)
	}
	w := newWorld(t, upsertModel, upsertSchema)
	const on = "INSERT INTO app.word AS t (n, owner) VALUES ('five', 2) ON CONFLICT (n) DO SELECT"
	for _, sql := range []string{on + " RETURNING t.body", on + " WHERE t.body::integer = 0 RETURNING 1", on + " FOR UPDATE RETURNING t.body",
		on + " FOR UPDATE WHERE t.body LIKE 'SECRET%' RETURNING 1"} {
		if got := w.try(t, "me", sql); got != rejected {
			t.Errorf("%s: %s", sql, got)
		}
	}
}

// guarded is everything that a client could take away and that others rely on: policies, privileges, memberships, settings
// and who owns what.
const guarded = `
SELECT 'policy ' || p.polrelid::regclass || ' ' || p.polname || ' ' || p.polcmd::text || p.polpermissive || ' ' ||
    (SELECT string_agg(r.rolname, ',' ORDER BY r.rolname) FROM pg_roles AS r WHERE r.oid = ANY (p.polroles)) FROM pg_policy AS p
UNION ALL SELECT 'table ' || c.oid::regclass || ' ' || c.relowner::regrole || ' ' || c.relacl::text FROM pg_class AS c WHERE c.relnamespace::regnamespace::text IN ('app', 'rls', 'public')
UNION ALL SELECT 'column ' || a.attrelid::regclass || '.' || a.attname || ' ' || a.attacl::text FROM pg_attribute AS a WHERE a.attacl IS NOT NULL
UNION ALL SELECT 'schema ' || n.nspname || ' ' || n.nspowner::regrole || ' ' || n.nspacl::text FROM pg_namespace AS n WHERE n.nspname IN ('app', 'rls', 'public')
UNION ALL SELECT 'function ' || f.oid::regprocedure || ' ' || f.proowner::regrole || ' ' || f.proacl::text FROM pg_proc AS f WHERE f.pronamespace::regnamespace::text IN ('app', 'rls')
UNION ALL SELECT 'database ' || coalesce(d.datacl::text, '') FROM pg_database AS d WHERE d.datname = current_database()
UNION ALL SELECT 'membership ' || m.roleid::regrole || ' ' || m.member::regrole FROM pg_auth_members AS m WHERE m.member::regrole::text = ANY ($1) OR m.roleid::regrole::text = ANY ($1)
UNION ALL SELECT 'setting ' || s.setrole::regrole || ' ' || s.setconfig::text FROM pg_db_role_setting AS s WHERE s.setrole <> 0 AND s.setrole::regrole::text = ANY ($1)
ORDER BY 1`

// Hazard 76: DROP OWNED BY and its kin, of every role that a client can be.
func TestHazardDropOwned(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docModel, docSchema)
	leaks := w.has(t, "CVE-2026-116311")
	person := w.personLogin(t, "me", "app")
	g := w.gateway(t)
	bi, as := w.bi(t, "me", "sub")
	logins := map[string][]string{ // and what a connection takes first
		person: {""}, bi: {"", "SET ROLE " + as["me"]}, g.login: {"", "enter"},
	}
	for _, role := range w.rows(t, w.root, "SELECT role FROM rls.plan_role WHERE client_role = $1", w.role("app")) {
		logins[g.login] = append(logins[g.login], "SET ROLE "+role)
	}
	// Made by hand: restrictive policies TO each of them, as the documentation advises, and privileges of their own.
	w.sql(t, `CREATE POLICY confined ON app.doc AS RESTRICTIVE TO {{app}} USING (id < 1000);
		CREATE POLICY confined_too ON app.doc AS RESTRICTIVE TO `+person+`, `+bi+`, `+as["me"]+`, `+g.login+`, rls_narrow USING (id < 1000);
		GRANT SELECT ON app.item TO `+person+`, `+as["me"]+`, `+g.client+`;
		GRANT SELECT (n) ON app.summary TO `+person+`, rls_narrow;
		GRANT CONNECT ON DATABASE `+w.db.Name()+` TO {{app}}, `+person+`, `+g.login)
	w.sql(t, `ALTER DEFAULT PRIVILEGES FOR ROLE {{owner}} IN SCHEMA app GRANT SELECT, INSERT ON TABLES TO {{app}};
		ALTER DEFAULT PRIVILEGES FOR ROLE {{owner}} GRANT EXECUTE ON FUNCTIONS TO {{app}}`)
	w.apply(t, docModel) // the gateway is new
	lost := func() (out []doctor.Finding) {
		report, err := doctor.Examine(t.Context(), w.admin(t), doctor.Options{})
		if err != nil {
			t.Fatal(explain(err))
		}
		return slices.DeleteFunc(report.Findings, func(f doctor.Finding) bool { return f.Code != doctor.CodeLostDefaults })
	}
	if got := lost(); len(got) > 0 {
		t.Errorf("before: %v", got)
	}
	mine := []string{w.role("app"), w.role("app_ro"), person, bi, g.login}
	mine = append(mine, w.rows(t, w.root, "SELECT role FROM rls.plan_role")...)
	for _, r := range as {
		mine = append(mine, r)
	}
	before := w.rows(t, w.root, guarded, mine)
	if len(before) < 100 {
		t.Fatalf("%d things", len(before))
	}
	taken := map[string]bool{}
	for login, takes := range logins {
		conn := w.db.Conn(t, login)
		roles := w.rows(t, w.root, `SELECT quote_ident(r.rolname) FROM pg_roles AS r WHERE pg_has_role($1, r.oid, 'MEMBER') AND NOT r.rolsuper`, login)
		if len(roles) < 3 {
			t.Fatalf("%s: %v", login, roles)
		}
		for _, role := range append(roles, "SESSION_USER", "CURRENT_USER") {
			taken[role] = true
			for _, take := range append(takes, "SET ROLE "+role) {
				for _, sql := range []string{
					"DROP OWNED BY " + role, "DROP OWNED BY " + role + " CASCADE", "REASSIGN OWNED BY " + role + " TO CURRENT_USER", "REASSIGN OWNED BY " + role + " TO " + login,
					"REVOKE ALL ON ALL TABLES IN SCHEMA app FROM " + role + " CASCADE", "REVOKE ALL ON SCHEMA rls, app FROM " + role + " CASCADE",
					"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA rls FROM " + role + " CASCADE", "REVOKE " + role + " FROM " + login + " CASCADE", "REVOKE rls_client FROM " + role,
					"ALTER DEFAULT PRIVILEGES FOR ROLE " + w.role("owner") + " GRANT ALL ON TABLES TO PUBLIC", "DROP ROLE " + role, "DROP POLICY confined ON app.doc",
					"ALTER POLICY confined ON app.doc USING (true)", "ALTER ROLE " + role + " NOINHERIT", "GRANT " + role + " TO " + w.role("app_ro"),
				} {
					must(t, conn, "BEGIN; RESET ROLE")
					switch {
					case take == "enter":
						must(t, conn, "SELECT rls.enter('"+g.tokenFor(t, "me")+"')")
					case take != "" && !strings.HasSuffix(take, "_USER"):
						w.outcome(t, conn, take) // a role that it cannot take leaves it what it is
					}
					w.outcome(t, conn, sql)
					must(t, conn, "COMMIT")
				}
			}
		}
	}
	for _, role := range []string{w.role("app"), "rls_client", "rls_any", "rls_narrow", "rls_wide", g.client, person, bi, as["me"], g.login} {
		if !taken[role] {
			t.Errorf("%s was not tried", role)
		}
	}
	after := w.rows(t, w.root, guarded, mine)
	var gone []string
	for _, line := range before {
		if !slices.Contains(after, line) {
			gone = append(gone, line)
		}
	}
	// What stays a client's to take away are the defaults of new tables: it can only lose by that, and doctor says how to mend it.
	got := lost()
	if len(got) != 2 {
		t.Errorf("lost default privileges: %v", got)
	}
	for _, f := range got {
		mend, _, _ := strings.Cut(strings.TrimPrefix(f.Hint, "Run "), ";")
		w.sql(t, mend)
	}
	if got := lost(); len(got) > 0 {
		t.Errorf("mended: %v", got)
	}
	if leaks {
		if !slices.ContainsFunc(gone, func(s string) bool { return strings.HasPrefix(s, "policy ") }) {
			t.Error("the list says that DROP OWNED BY drops policies on this server, and none is gone")
		}
		return
	}
	if len(gone) > 0 || len(after) != len(before) {
		t.Errorf("clients took away %d things, %d are left of %d:\n%s", len(gone), len(after), len(before), strings.Join(gone, "\n"))
	}
	if r := w.plan(t, docModel); !r.Plan.Empty() {
		t.Errorf("the plan: %v", r.Plan.Changes)
	}
}

// Hazard 85: a prepared statement kept the policies of a membership that was revoked.
func TestHazardStalePlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docModel, docSchema)
	leaks := w.has(t, "CVE-2026-14666")
	for _, mode := range []string{"force_generic_plan", "force_custom_plan"} {
		login := w.personLogin(t, "sub", "app")
		conn := w.db.Conn(t, login)
		must(t, conn, "SET plan_cache_mode = "+mode+"; PREPARE p AS SELECT count(*) FROM app.doc")
		if got := one(t, conn, "EXECUTE p"); got != "10" {
			t.Fatal(got)
		}
		w.sql(t, "REVOKE rls_any FROM "+login)
		want := "0"
		if leaks { // also with custom plans: what is kept is the query with its policies
			want = "10"
		}
		if got := one(t, conn, "EXECUTE p"); got != want {
			t.Errorf("%s: %s rows, want %s", mode, got, want)
		}
	}
}

// node is a node of a parse tree as PostgreSQL writes it: {NAME :field value ...}.
type node struct {
	name   string
	fields map[string]string // of plain values
	below  []*node
}

// tree reads a parse tree.
func tree(text string) *node {
	root := &node{fields: map[string]string{}}
	stack, field := []*node{root}, ""
	text = strings.NewReplacer("{", " { ", "}", " } ", "(", " ", ")", " ").Replace(text)
	words := strings.Fields(text)
	for i := 0; i < len(words); i++ {
		top := stack[len(stack)-1]
		switch word := words[i]; {
		case word == "{":
			i++
			n := &node{name: words[i], fields: map[string]string{}}
			top.below = append(top.below, n)
			stack = append(stack, n)
		case word == "}":
			stack = stack[:len(stack)-1]
		case strings.HasPrefix(word, ":"):
			field = word[1:]
		default:
			top.fields[field] += word
		}
	}
	return root
}

// overSubSelect calls found for each function that is given the result of a sub-select: its oid, or what it is instead.
func (n *node) overSubSelect(found func(function string)) {
	for _, b := range n.below {
		b.overSubSelect(found)
		for b.name == "RELABELTYPE" && len(b.below) > 0 { // another name of the same type
			b = b.below[0]
		}
		if b.name != "SUBLINK" {
			continue
		}
		switch n.name {
		case "OPEXPR", "SCALARARRAYOPEXPR", "DISTINCTEXPR", "NULLIFEXPR":
			found(n.fields["opfuncid"])
		case "FUNCEXPR":
			found(n.fields["funcid"])
		case "COERCEVIAIO", "ARRAYCOERCEEXPR", "ROWCOMPAREEXPR", "MINMAXEXPR", "SUBSCRIPTINGREF":
			found(n.name)
		}
	}
}

// Hazard 84: from 15.20 a function that is not leakproof is leaky over the result of a sub-select, too (CVE-2026-116327).
// In what is compiled no type but its own stands over a sub-select, and no function but those that look a column up in a
// set: they stand beside the condition that finds the index.
func TestHazardNothingOverSubSelects(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"bigint", "integer", "uuid", "text", "varchar(40)"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fmt.Sprintf(formModel, ""), formSchema(key))
			leaky := func(text string) (out []string) {
				tree(text).overSubSelect(func(f string) {
					if strings.Trim(f, "0123456789") != "" || one(t, w.root, "SELECT NOT p.proleakproof AND p.proname NOT IN ('substring', 'elem_contained_by_multirange', 'in_buckets') FROM pg_proc AS p WHERE p.oid = "+f) == "t" {
						out = append(out, f)
					}
				})
				return out
			}
			all := w.rows(t, w.root, `SELECT p.polname || '|' || coalesce(p.polqual::text, '') || coalesce(p.polwithcheck::text, '') FROM pg_policy AS p`)
			if len(all) < 40 {
				t.Fatalf("%d policies", len(all))
			}
			subSelects := 0
			for _, p := range all {
				name, text, _ := strings.Cut(p, "|")
				subSelects += strings.Count(text, "{SUBLINK")
				if out := leaky(text); len(out) > 0 {
					t.Errorf("policy %s: %v over a sub-select", name, out)
				}
			}
			if subSelects < 100 {
				t.Errorf("%d sub-selects: nothing is proved", subSelects)
			}
			for condition, want := range map[string]int{ // control
				"id > (SELECT 20) - 10": 1, "id = (SELECT '7'::text)::integer": 1, "id = ANY ((SELECT ARRAY['7'])::integer[])": 1,
				"id = (SELECT 7)": 0, "id = ANY ((SELECT ARRAY[7])::integer[])": 0, "id = ANY (ARRAY(SELECT 7))": 0,
			} {
				undone(t, w, func(tx pgx.Tx) {
					must(t, tx, "CREATE POLICY control ON note USING ("+condition+")")
					if out := leaky(one(t, tx, "SELECT polqual::text FROM pg_policy WHERE polname = 'control'")); len(out) != want {
						t.Errorf("%s: %v", condition, out)
					}
				})
			}
		})
	}
}

// A client's condition keeps its index beside a policy while nothing that is not leakproof stands over its sub-select.
func TestHazardIndexBesideSubSelect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docModel, docSchema+`
		INSERT INTO app.doc SELECT n, 'sub', 'body ' || n, 'code ' || n FROM generate_series(100, 20000) AS n;
		ALTER TABLE app.doc ADD at timestamptz, ADD who uuid, ADD big bigint;
		UPDATE app.doc SET at = '2026-01-01'::timestamptz + id * interval '1 minute', big = id, who = ('00000000-0000-4000-8000-' || lpad(id::text, 12, '0'))::uuid;
		CREATE INDEX ON app.doc (at); CREATE INDEX ON app.doc (who); CREATE INDEX ON app.doc (big);
		CREATE FUNCTION app.some() RETURNS bigint[] LANGUAGE sql STABLE RETURN ARRAY[7, 8]::bigint[]`)
	w.sql(t, "VACUUM ANALYZE app.doc")
	conn := w.person(t, "sub")
	must(t, conn, "SET enable_seqscan = off; SET max_parallel_workers_per_gather = 0")
	indexed := func(condition, column string) bool {
		for _, line := range w.rows(t, conn, "EXPLAIN (COSTS OFF) SELECT * FROM app.doc WHERE "+condition) {
			if cond, ok := strings.CutPrefix(strings.TrimSpace(line), "Index Cond: "); ok && strings.Contains(cond, "("+column+" ") {
				return true
			}
		}
		return false
	}
	for _, c := range [][2]string{
		{"big = (SELECT 7::bigint)", "big"}, {"big > (SELECT 20000::bigint - 10)", "big"}, {"big BETWEEN (SELECT 7) AND (SELECT 9)", "big"}, {"big = ANY (ARRAY(SELECT 7::bigint))", "big"},
		{"big = ANY ((SELECT app.some())::bigint[])", "big"}, {"big = (SELECT 7::bigint)::bigint", "big"}, {"code = (SELECT 'code 7'::text)", "code"}, {"who = (SELECT '00000000-0000-4000-8000-000000000007'::uuid)", "who"},
		{"at > (SELECT '2026-01-01'::timestamptz - interval '1 minute')", "at"}, {"big IN (SELECT unnest(app.some()))", "big"},
	} {
		if !indexed(c[0], c[1]) {
			t.Errorf("%s does not use its index", c[0])
		}
	}
	// A restrictive policy made by hand is asked before ours, which then has to be leakproof to keep its index.
	w.sql(t, "CREATE INDEX ON app.doc (owner)")
	g := w.gateway(t)
	plans := func() (out []string) {
		for _, role := range w.rows(t, w.root, "SELECT role FROM rls.plan_role WHERE form <> 'all' AND client_role = $1 ORDER BY form", w.role("app")) {
			w.as(t, "sub", func(tx pgx.Tx) {
				must(t, tx, "SET LOCAL ROLE "+role+"; SET LOCAL enable_seqscan = off; SET LOCAL max_parallel_workers_per_gather = 0")
				for _, line := range w.rows(t, tx, "EXPLAIN (COSTS OFF) SELECT count(body) FROM app.doc") {
					if strings.Contains(line, "Index Cond: ") {
						out = append(out, role+line)
					}
				}
			})
		}
		return out
	}
	before := plans()
	w.sql(t, "CREATE POLICY confined ON app.doc AS RESTRICTIVE TO {{app}}, "+g.login+" USING (length(body) < 1000)")
	if after := plans(); len(before) < 4 || !slices.Equal(before, after) {
		t.Errorf("index conditions beside a restrictive policy:\n%s\nwithout:\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
	}
	fixed := !w.has(t, "CVE-2026-116327")
	for _, c := range [][2]string{{"big > (SELECT 20000::bigint) - 10", "big"}, {"big = (SELECT '7'::text)::bigint", "big"}, {"big = ANY ((SELECT ARRAY['7'])::bigint[])", "big"}} {
		if indexed(c[0], c[1]) == fixed {
			t.Errorf("%s on a server that is fixed: %t: the index is used: %t", c[0], fixed, fixed)
		}
	}
}

// RL234 and doctor --plans name the application's views of that kind.
func TestViewsOverSubSelects(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, docSchema)
	bad := []string{"id > (SELECT 20) - 10", "id = (SELECT '7'::text)::integer", "body = 7 || (SELECT 'x')", "id = ANY ((SELECT ARRAY['7'])::integer[])", "code = lower((SELECT 'X'))"}
	good := []string{"id > (SELECT 20 - 10)", "id = (SELECT 7)", "id = ANY ((SELECT ARRAY[7])::integer[])", "body = (SELECT 'x'::varchar)::text", "id = 7"}
	var want []string
	for i, c := range append(slices.Clone(bad), good...) {
		name := fmt.Sprintf("app.looks_%d", i)
		w.sql(t, "CREATE VIEW "+name+" WITH (security_invoker = true, security_barrier = true) AS SELECT id FROM app.doc WHERE "+c)
		if i < len(bad) {
			want = append(want, name)
		}
	}
	named := func(message string) string { return strings.Fields(message)[1] }
	var got []string
	m := w.parse(t, docModel)
	diags, err := pipeline.Check(t.Context(), w.admin(t), m)
	if err != nil {
		t.Fatal(explain(err))
	}
	for _, d := range diags {
		if d.Code == "RL234" && strings.HasPrefix(d.Message, "view ") {
			got = append(got, named(d.Message))
		}
	}
	equal(t, got, want, "check")
	w.apply(t, docModel)
	report, err := doctor.Examine(t.Context(), w.admin(t), doctor.Options{Plans: &doctor.PlanOptions{}})
	if err != nil {
		t.Fatal(explain(err))
	}
	got = nil
	for _, f := range report.Findings {
		if f.Code == doctor.CodeSubSelect {
			got = append(got, named(f.Message))
		}
	}
	equal(t, got, want, "doctor --plans")
}
