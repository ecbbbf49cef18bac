package integration

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/directory"
)

// oddModel has what decides in every way: a column of the users, a table of pairs, groups that share, a superuser.
const oddModel = `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"]}
users: {table: public.person, key: id, login: login, superuser: root, sees: {supervisor: boss, deputy: {table: public.deputy, viewer: viewer, seen: seen}}}
groups: {table: public.team, key: id, name: name, share_members_visibility: open, members: {table: public.membership, group: team, user: person}}
resources:
  person: {table: public.person, owner: id}
  note: {table: public.note, owner: [owner, {group: team}]}
  pair: {table: public.pair, key: [a, b], owner: owner}
grants:
  - {to: authenticated, allow: {person: [read, update], note: "*", pair: "*"}}
`

// The table of members names a pair twice: it has no key.
const oddSchema = `
CREATE TABLE person (id bigint PRIMARY KEY, login text UNIQUE, boss bigint REFERENCES person, root boolean NOT NULL DEFAULT false);
CREATE TABLE deputy (viewer bigint REFERENCES person, seen bigint REFERENCES person);
CREATE TABLE team (id bigint PRIMARY KEY, name text UNIQUE, open boolean NOT NULL);
CREATE TABLE membership (team bigint REFERENCES team, person bigint REFERENCES person);
CREATE TABLE note (id bigint PRIMARY KEY, owner bigint REFERENCES person, team bigint REFERENCES team, body text);
CREATE TABLE pair (a bigint, b bigint, owner bigint REFERENCES person, PRIMARY KEY (a, b));
CREATE INDEX ON note (owner);
INSERT INTO person VALUES (1, 'ann', NULL, false), (2, 'bob', 1, false), (3, 'cid', NULL, false), (4, 'dan', NULL, false), (5, 'eve', NULL, false), (9, 'root', NULL, true);
INSERT INTO deputy VALUES (1, 3);
INSERT INTO team VALUES (1, 'open', true), (2, 'closed', false);
INSERT INTO membership VALUES (1, 1), (1, 1), (1, 4), (2, 1);
INSERT INTO note SELECT n, n, NULL, 'note' FROM generate_series(1, 5) AS n;
INSERT INTO note VALUES (6, NULL, 2, 'of a team'), (7, NULL, NULL, 'of nobody');
INSERT INTO pair SELECT n, n, n FROM generate_series(1, 5) AS n;
GRANT SELECT, INSERT, UPDATE, DELETE ON person, deputy, team, membership, note, pair TO {{app}}, {{migrator}};
`

// oddQuestions are decisions of every kind, and what they come to for ann.
var oddQuestions = []struct{ do, want string }{
	{"SELECT id FROM note ORDER BY id", "1 2 3 4 6"},
	{"SELECT a FROM pair ORDER BY a", "1 2 3 4"},
	{"SELECT id FROM person ORDER BY id", "1 2 3 4"},
	{"UPDATE note SET body = 'x' WHERE id IN (2, 5, 7)", "touched 1"},
	{"DELETE FROM pair", "touched 4"},
	{"INSERT INTO note VALUES (20, 3)", "touched 1"},
	{"INSERT INTO note VALUES (20, 5)", rejected},
	{"UPDATE note SET owner = 5 WHERE id = 2", rejected},
	{"UPDATE person SET boss = 3 WHERE id = 2", rejected},
	{"UPDATE person SET root = true WHERE id = 1", rejected},
	{"INSERT INTO deputy VALUES (1, 5)", rejected},
	{"INSERT INTO membership VALUES (1, 5)", rejected},
	{"SELECT rls.principal()", "1"},
	{"SELECT rls.groups()", "{1,2}"},
	{"SELECT rls.can('update', 'note')", "t"},
	{"SELECT rls.can_row('update', 'note', '4'), rls.can_row('update', 'note', '5')", "t|f"},
	{"SELECT rls.can_row('read', 'pair', '[\"1\",\"1\"]'), rls.can_row('read', 'pair', '[\"5\",\"5\"]')", "t|f"},
	{"SELECT rls.actions('note', '4')", "{read,update,delete}"},
	{"SELECT rls.allowed_resources('read')", "{note,pair,person}"},
}

// TestHazardRestrictedViews: a session that has the server refuse to read views, as pg_dump does, gets the same answers.
func TestHazardRestrictedViews(t *testing.T) {
	t.Parallel()
	w := newWorld(t, oddModel, oddSchema)
	if one(t, w.root, "SELECT count(*) FROM pg_settings WHERE name = 'restrict_nonsystem_relation_kind'") == "0" {
		t.Skip("NOT TRIED: this server restricts nothing")
	}
	g := w.gateway(t)
	login, roles := w.bi(t, "ann")
	ann := w.personLogin(t, "ann", "app")
	// ask opens a connection, because plans that a session has made before are not made again.
	ask := func(t *testing.T, channel, kinds string) (out []string) {
		t.Helper()
		var conn *pgx.Conn
		enter := "SELECT"
		switch channel {
		case "a person":
			conn = w.db.Conn(t, ann)
		case "a gateway":
			conn, enter = g.conn(t), "SELECT rls.enter('"+g.tokenFor(t, "ann")+"')"
		case "impersonating":
			conn, enter = w.db.Conn(t, login), "SET LOCAL ROLE "+roles["ann"]
		case "maintenance":
			conn, enter = w.admin(t), "SELECT rls.impersonate('ann')"
		}
		defer conn.Close(context.Background()) //nolint:errcheck // nothing is kept
		must(t, conn, "SET restrict_nonsystem_relation_kind = '"+kinds+"'")
		for _, q := range oddQuestions {
			tx := begin(t, conn)
			if _, err := tx.Exec(t.Context(), enter); err != nil {
				out = append(out, enter+": "+sqlstate(err))
			} else {
				out = append(out, w.outcome(t, tx, q.do))
			}
			_ = tx.Rollback(context.Background())
		}
		return out
	}
	var want []string
	for _, q := range oddQuestions {
		want = append(want, q.want)
	}
	for _, channel := range []string{"a person", "a gateway", "impersonating", "maintenance"} {
		for _, kinds := range []string{"", "view", "foreign-table", "view, foreign-table"} {
			if got := ask(t, channel, kinds); !slices.Equal(got, want) {
				t.Errorf("%s, %q:\n got  %q\n want %q", channel, kinds, got, want)
			}
		}
	}
	w.sql(t, readsViewsAgain)
	if got := ask(t, "a person", "view")[0]; got != "55000" {
		t.Errorf("without the setting of the functions: %s", got)
	}
}

// readsViewsAgain takes from functions that they may read views where the session may not.
const readsViewsAgain = `DO $$ DECLARE f regprocedure; BEGIN
	FOR f IN SELECT p.oid FROM pg_proc AS p WHERE p.pronamespace = 'rls'::regnamespace AND array_to_string(p.proconfig, ' ') ~ 'restrict_nonsystem' LOOP
		EXECUTE format('ALTER FUNCTION %s RESET restrict_nonsystem_relation_kind', f);
	END LOOP;
END $$`

// TestHazardParallel: what says that it may run in a parallel plan does so, in a worker and beside one.
func TestHazardParallel(t *testing.T) {
	t.Parallel()
	force := "SET LOCAL debug_parallel_query = on; "
	const scan = "SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL max_parallel_workers_per_gather = 2; "
	w := newWorld(t, oddModel, oddSchema)
	if w.db.Server().Version() < 160000 {
		force = "SET LOCAL force_parallel_mode = on; "
	}
	// Bytes that are no text, and keys that are none: what has to be caught.
	arguments := map[string]string{
		"action": "'read'", "resource": "'pair'", "key": `'["1'`, "keys": `ARRAY['["1', '[1]', '1']`, "parts": "2", "scope": "'visible'", "alone": "false",
		"viewer": "1", "hierarchy_only": "false", "kind": "'user'", "name": "'open'", "value": "'\\x'", "hex": "'ff'", "grantees": "ARRAY['everyone']",
		"service": "'jobs'", "client_role": "'app'", "form": "'narrow'", "context": "'x'", "id": "1", "buckets": `'\x'::bytea`, "claim": "'x'",
		"gateway": "'x'", "services": "ARRAY['x']", "secret": `'\x00'::bytea`, "pad": "54", "body": "'x'", "channel": "'token'", "part": "1", "registered": "ARRAY['x']", "words": "ARRAY['read']", "login": "'x'", "version": "150000", "tenant": "NULL", "client": "NULL",
	}
	asking := begin(t, w.admin(t))
	must(t, asking, "SELECT rls.impersonate('ann'); RESET ROLE; "+force+scan)
	ask := func(fn, sql string) {
		t.Helper()
		tx := begin(t, asking)
		defer tx.Rollback(context.Background()) //nolint:errcheck // nothing is kept
		_, _, err := collect(t.Context(), tx, sql)
		// Some arguments are refused; what PostgreSQL itself refuses is a mistake in a function, or here.
		if code := sqlstate(err); err != nil && !strings.HasPrefix(code, "RL") {
			t.Errorf("%s: %s: %s %v", fn, sql, code, err)
		}
	}
	n := 0
	for _, line := range w.rows(t, w.root, `SELECT p.oid::regprocedure, p.proname, p.proparallel, coalesce(array_to_string(p.proargnames[:p.pronargs], ','), ''),
			coalesce((SELECT string_agg(format_type(a.typ, NULL), ',' ORDER BY a.place) FROM unnest(p.proargtypes) WITH ORDINALITY AS a(typ, place)), ''), p.proretset
		FROM pg_proc AS p WHERE p.pronamespace = 'rls'::regnamespace AND p.proparallel IN ('s', 'r') AND p.prorettype <> 'trigger'::regtype
		  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('i', 'e')) ORDER BY 1`) {
		n++
		f := strings.Split(line, "|")
		var args []string
		types := strings.Split(f[4], ",")
		for i, a := range strings.Split(f[3], ",") {
			if a == "" {
				continue
			}
			x, ok := arguments[a]
			if !ok {
				t.Errorf("%s: no value for an argument %q", f[0], a)
				continue
			}
			if types[i] == "text" {
				x += " || left(t.body, 0)" // no constant, or the planner would call what is immutable
			}
			args = append(args, "("+x+")::"+types[i])
		}
		call := fmt.Sprintf("rls.%s(%s)", f[1], strings.Join(args, ", "))
		ask(f[0], "SELECT t.id, "+call+" FROM public.note AS t")
		if f[5] == "f" {
			ask(f[0], "SELECT count(*) FROM public.note AS t WHERE ("+call+") IS NOT NULL")
		}
	}
	if n < 40 {
		t.Errorf("%d functions: nothing is proved", n)
	}
	for _, q := range []struct{ sql, want string }{
		{"SELECT count(*) FROM note", "5"},
		{"SELECT count(*) FROM pair AS p WHERE rls.can_row('read', 'pair', '[\"' || p.a || '\",\"' || p.b || '\"]')", "4"},
		{"SELECT count(*) FROM note AS n, rls.can_many('read', 'pair', ARRAY['[\"1\",\"1\"]', 'x', n.id::text]) AS m WHERE m.allowed", "5"},
		{"SELECT DISTINCT rls.actions('pair', '[\"1\",\"1\"]') FROM note", "{read,update,delete}"},
	} {
		for _, channel := range []string{"a gateway", "a person"} {
			var tx pgx.Tx
			if channel == "a person" {
				tx = begin(t, w.person(t, "ann"))
				must(t, tx, force+scan)
			} else {
				g := w.gateway(t)
				tx, _ = entered(t, g.conn(t), g.tokenFor(t, "ann"))
				must(t, tx, force+scan)
			}
			if got := w.outcome(t, tx, q.sql); got != q.want {
				t.Errorf("%s, %s: %s, want %s", channel, q.sql, got, q.want)
			}
			if strings.HasSuffix(q.sql, "FROM note") && !strings.Contains(q.sql, "DISTINCT") {
				if plan := strings.Join(w.rows(t, tx, "EXPLAIN (COSTS OFF) "+q.sql), "\n"); !strings.Contains(plan, "Gather") {
					t.Errorf("%s, %s is not parallel:\n%s", channel, q.sql, plan)
				}
			}
		}
	}
	// What was wrong: these said that they may.
	if err := asking.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.sql(t, `DO $$ DECLARE f regprocedure; BEGIN
		FOR f IN SELECT p.oid FROM pg_proc AS p WHERE p.pronamespace = 'rls'::regnamespace AND p.proname IN ('hex_text', 'key_parts', 'can_many', 'can_row', 'objects_pair') LOOP
			EXECUTE format('ALTER FUNCTION %s PARALLEL RESTRICTED', f);
		END LOOP;
	END $$`)
	asking = begin(t, w.admin(t))
	must(t, asking, force+scan)
	if got := w.outcome(t, asking, "SELECT rls.hex_text('ff' || left(t.body, 0)) FROM public.note AS t"); got != "25000" {
		t.Errorf("what catches errors and may run beside workers: %s", got)
	}
	tx := begin(t, w.person(t, "ann"))
	must(t, tx, force+scan)
	if got := w.outcome(t, tx, "SELECT rls.can_row('read', 'pair', '[\"1\",\"1\"]') FROM note"); got != "25000" {
		t.Errorf("a function with a subtransaction that may run beside workers: %s", got)
	}
}

// TestHazardOddArguments: what clients can call takes whatever they give it.
func TestHazardOddArguments(t *testing.T) {
	t.Parallel()
	w := newWorld(t, oddModel, oddSchema)
	for _, c := range []struct{ do, want string }{
		{"SELECT rls.admitted_owners('read', 'note', 'everything', false)", "{}"},
		{"SELECT rls.admitted_owners('read', 'note', NULL, false)", "{}"},
		{"SELECT rls.admitted_ranges('read', 'note', '', false)", "{}"},
		{"SELECT rls.admitted_bits('read', 'note', 'VISIBLE', false)", ""},
		{"SELECT rls.admitted_owners('read', 'nothing', 'visible', false)", "{}"},
		{"SELECT rls.in_buckets('', 'x')", "NULL"},
		{"SELECT rls.in_buckets('', '')", "NULL"},
		{"SELECT rls.in_buckets('xxxx', '')", "NULL"},
		{"SELECT rls.in_buckets(NULL, 'x')", "NULL"},
		{"SELECT rls.groups()", "{1,2}"},
	} {
		if got := w.try(t, "ann", c.do); got != c.want {
			t.Errorf("%s: %s, want %s", c.do, got, c.want)
		}
		tx := begin(t, w.person(t, "ann"))
		if got := w.outcome(t, tx, c.do); got != c.want {
			t.Errorf("a person: %s: %s, want %s", c.do, got, c.want)
		}
	}
}

// TestHazardCitextNames: a login or the name of a group that is citext means the same in upper and lower case wherever it is given.
func TestHazardCitextNames(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{"citext", "text"} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			w := emptyWorld(t, "")
			w.sql(t, "CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; GRANT USAGE ON SCHEMA ext TO PUBLIC; GRANT CREATE ON SCHEMA public TO {{owner}}")
			held := map[string]string{"citext": "ext.citext", "text": "text"}[typ]
			conn := w.admin(t)
			must(t, conn, w.text("GRANT USAGE ON SCHEMA public TO {{app}}, {{migrator}}; SET ROLE {{owner}}; "+strings.NewReplacer("login text", "login "+held, "name text", "name "+held).Replace(oddSchema)))
			w.apply(t, strings.Replace(oddModel, "grants:", "grants:\n  - {to: user:ann, allow: {note: [read]}}\n  - {to: group:open, allow: {note: [read]}}", 1))
			want := map[string]string{"citext": "1", "text": "NULL"}[typ]
			for _, sql := range []string{"SELECT rls.find_user('login', 'ANN')", "SELECT rls.find_group('OPEN')", "SELECT rls.find_user('login', 'Ann')"} {
				if got := one(t, w.root, sql); got != want {
					t.Errorf("%s: %s, want %s", sql, got, want)
				}
			}
			if got := one(t, w.root, "SELECT rls.find_user('login', 'ann') || rls.find_group('open')"); got != "11" {
				t.Errorf("as it is spelt: %s", got)
			}
			acts := w.outcome(t, begin(t, w.admin(t)), "SELECT rls.impersonate('ANN')")
			_, err := directory.ShowUser(t.Context(), w.admin(t), "ANN")
			if err == nil {
				_, err = directory.Members(t.Context(), w.admin(t), "OPEN")
			}
			if typ == "citext" && (acts != "user:1" || err != nil) || typ == "text" && (acts != "RL006" || err == nil) {
				t.Errorf("impersonate: %s, the command line: %v", acts, err)
			}
		})
	}
}

// TestHazardSubscription: the first copy of a subscription brings what the login sees that it connects as. Doctor names those that
// see too little, and the others bring every row.
func TestHazardSubscription(t *testing.T) {
	t.Parallel()
	w := newWorld(t, oddModel, oddSchema)
	s := elsewhere(t, w)
	source := w.restore(t, s)
	must(t, source, "CREATE PUBLICATION notes FOR TABLE note, pair")
	must(t, connect(t, s, "postgres"), "CREATE DATABASE target")
	target := connect(t, s, "target")
	must(t, target, "CREATE TABLE note (id bigint PRIMARY KEY, owner bigint, team bigint, body text); CREATE TABLE pair (a bigint, b bigint, owner bigint, PRIMARY KEY (a, b))")
	for _, c := range []struct {
		login, options, want string
		named                bool
	}{
		{"plain", "", "0", true},
		{"bypasses", "BYPASSRLS", "7", false},
		{"maintains", "IN ROLE " + w.role("migrator"), "7", false},
		{"maintains_not", "NOINHERIT IN ROLE " + w.role("migrator"), "0", true},
	} {
		must(t, source, fmt.Sprintf("CREATE ROLE %s LOGIN REPLICATION %s; GRANT SELECT ON note, pair TO %[1]s", c.login, c.options))
		must(t, source, fmt.Sprintf("SELECT pg_create_logical_replication_slot('%s', 'pgoutput')", c.login))
		must(t, target, fmt.Sprintf("CREATE SUBSCRIPTION %[1]s CONNECTION '%[2]s' PUBLICATION notes WITH (create_slot = false, slot_name = '%[1]s')",
			c.login, strings.ReplaceAll(s.URL(c.login, "copy"), "'", "''")))
		until(t, func() bool {
			return one(t, target, "SELECT bool_and(srsubstate = 'r') FROM pg_subscription_rel") == "t"
		})
		if got := one(t, target, "SELECT count(*) FROM note"); got != c.want {
			t.Errorf("%s: the first copy brings %s rows, want %s", c.login, got, c.want)
		}
		// What changes afterwards comes whole.
		must(t, source, "UPDATE note SET body = body; INSERT INTO note VALUES (99, 5)")
		end := one(t, source, "SELECT pg_logical_emit_message(true, 'caught up', '')")
		until(t, func() bool {
			return one(t, source, "SELECT confirmed_flush_lsn >= $1::text::pg_lsn FROM pg_replication_slots WHERE slot_name = $2", end, c.login) == "t"
		})
		if got := one(t, target, "SELECT count(*) FROM note WHERE id = 99"); got != "1" {
			t.Errorf("%s: a new row of somebody's: %s", c.login, got)
		}
		must(t, target, fmt.Sprintf("ALTER SUBSCRIPTION %s DISABLE", c.login))
		must(t, target, fmt.Sprintf("ALTER SUBSCRIPTION %s SET (slot_name = NONE)", c.login))
		must(t, target, fmt.Sprintf("DROP SUBSCRIPTION %s", c.login))
		must(t, target, "TRUNCATE note, pair")
		must(t, source, "DELETE FROM note WHERE id = 99")
		list := found(t, source)
		if c.named != has(list, fmt.Sprintf(`RL667 "%s" may replicate and is filtered by row security: the first copy of a subscription brings none of the hidden rows of public.note, public.pair`, c.login)) {
			t.Errorf("%s: doctor finds %v", c.login, list)
		}
		if !has(list, "RL237 publication notes sends every row of public.note, public.pair") {
			t.Errorf("doctor finds %v", list)
		}
	}
	must(t, source, "DROP PUBLICATION notes")
	if list := found(t, source); has(list, "RL667") {
		t.Errorf("nothing is published: %v", list)
	}
}
