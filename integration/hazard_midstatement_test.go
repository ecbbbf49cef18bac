package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/pgtest"
)

// What runs in the middle of a statement: it says what its principal reads at that very moment, and an exception block
// makes it a result. It stands in RETURNING, in the SET of the next row, in a second row of VALUES, in a trigger.
const midStatement = `
CREATE FUNCTION pg_temp.boom() RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN RAISE EXCEPTION 'SEEN %', (SELECT string_agg(id::text, ',' ORDER BY id) FROM public.doc) USING ERRCODE = 'P0001'; END $$;
CREATE FUNCTION pg_temp.boom_if_more(n integer) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN IF (SELECT count(*) FROM public.doc) > n THEN PERFORM pg_temp.boom(); END IF; RETURN 'x'; END $$;
CREATE FUNCTION pg_temp.attack(do_it text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN EXECUTE do_it; RETURN 'done';
EXCEPTION WHEN SQLSTATE 'P0001' THEN RETURN SQLERRM; WHEN OTHERS THEN RETURN SQLSTATE; END $$;
CREATE TEMP TABLE spy (id integer);
CREATE FUNCTION pg_temp.spy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_temp.boom(); RETURN NEW; END $$;
CREATE TRIGGER spy BEFORE INSERT ON pg_temp.spy FOR EACH ROW EXECUTE FUNCTION pg_temp.spy();`

// seenAmid runs an attack in an exception block, as whoever q is, and returns what it said.
func seenAmid(t testing.TB, q querier, do string) string {
	t.Helper()
	return one(t, q, "SELECT pg_temp.attack($1)", do)
}

// unguardBefore takes away what fires before the row alone: what is left is the check of the final row.
func unguardBefore(t testing.TB, tx pgx.Tx) {
	t.Helper()
	dropTriggers(t, tx, "^~rls_(guard_(update|rows)|hand_over)")
}

// amid proves that each attack of a principal is refused before it says more than want, by a gateway, a login of that
// person and an impersonating login, and that with the checks after the row alone it says more.
func amid(t *testing.T, w *world, who string, list []attack) {
	t.Helper()
	login := w.personLogin(t, who, "app")
	person := w.db.Conn(t, login)
	bi, roles := w.bi(t, who)
	standIn := w.db.Conn(t, bi)
	must(t, person, midStatement)
	must(t, standIn, "SET ROLE "+roles[who])
	must(t, standIn, midStatement)
	for _, a := range list {
		t.Run(a.name, func(t *testing.T) { // not parallel: the control locks the tables
			w.as(t, who, func(tx pgx.Tx) {
				must(t, tx, midStatement)
				if got := seenAmid(t, tx, a.do); got != "42501" {
					t.Errorf("gateway: %s: %s", a.do, got)
				}
			})
			for name, conn := range map[string]*pgx.Conn{"person": person, "impersonating": standIn} {
				if got := seenAmid(t, conn, a.do); got != "42501" { // it is over, and nothing is left of it
					t.Errorf("%s: %s: %s", name, a.do, got)
				}
			}
			undone(t, w, func(tx pgx.Tx) {
				unguardBefore(t, tx)
				must(t, tx, "SET LOCAL SESSION AUTHORIZATION "+login) // whose form of policies serves superusers too
				must(t, tx, midStatement)
				if got := seenAmid(t, tx, a.do); !strings.HasPrefix(got, "SEEN ") {
					t.Errorf("control: with checks after the row alone %s: %s, and nothing is proved", a.do, got)
				}
			})
		})
	}
}

// midSchema has a group that shares, whose members own documents while me is no member; somebody in the closed group of me
// who owns one; and a subordinate of a key that is gone.
var midSchema = strings.NewReplacer("boss integer REFERENCES public.person ON UPDATE CASCADE ON DELETE SET NULL", "boss integer").Replace(authoritySchema) + `
INSERT INTO team VALUES (5, 'open', 1, true);
INSERT INTO member VALUES (5, 1), (5, 4);
INSERT INTO person (id, login, boss) VALUES (9, 'lost', 77);
INSERT INTO doc VALUES (7, 7), (9, 9);`

// "No statement sees what its own refused change would admit", for every table that decides.
func TestMidStatementOfEveryTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authorityModel, midSchema)
	amid(t, w, "me", []attack{
		{"superuser", "", "UPDATE person SET grade = 'president' WHERE id = 3 RETURNING pg_temp.boom()"},
		{"edge", "", "UPDATE person SET boss = 3 WHERE id = 1 RETURNING pg_temp.boom()"},
		{"edge in an array", "", "UPDATE person SET boss = 3 WHERE id = 2 RETURNING ARRAY[pg_temp.boom()]"},
		{"set of the next row", "", "UPDATE person SET boss = CASE WHEN id = 1 THEN 3 ELSE boss END, phone = CASE WHEN id <> 1 THEN pg_temp.boom_if_more(2) END"},
		{"where of the next row", "", "UPDATE person SET boss = 3 WHERE id IN (1, 8) AND pg_temp.boom_if_more(2) = 'x'"},
		{"cte", "", "WITH x AS (UPDATE person SET grade = 'president' WHERE id = 3 RETURNING id) SELECT pg_temp.boom() FROM x"},
		{"on conflict", "", "INSERT INTO person (id, login) VALUES (3, 'me') ON CONFLICT (id) DO UPDATE SET grade = 'president' RETURNING pg_temp.boom()"},
		{"on conflict of the login", "", "INSERT INTO person (id, login) VALUES (33, 'me') ON CONFLICT (login) DO UPDATE SET grade = 'president' RETURNING pg_temp.boom()"},
		{"merge", "", "MERGE INTO person AS p USING (VALUES (1), (8)) AS v(id) ON p.id = v.id WHEN MATCHED THEN UPDATE SET boss = 3, phone = pg_temp.boom_if_more(2)"},
		{"from a prepared statement", "", "DO $d$ BEGIN EXECUTE 'UPDATE public.person SET boss = 3 WHERE id = 1 RETURNING pg_temp.boom()'; END $d$"},
		{"through a view", "", "UPDATE card SET grade = 'president' WHERE id = 3 RETURNING pg_temp.boom()"},
		{"a key that is still named", "", "INSERT INTO person (id, login, boss) VALUES (77, 'x', 3) RETURNING pg_temp.boom()"},
		{"a key that is still named, second row", "", "INSERT INTO person (id, login, boss, phone) VALUES (77, 'x', 3, NULL), (78, 'y', 3, pg_temp.boom_if_more(2))"},
		{"a trigger of a temporary table", "", "WITH x AS (UPDATE person SET boss = 3 WHERE id = 1 RETURNING id) INSERT INTO pg_temp.spy SELECT id FROM x"},
		{"group", "", "UPDATE team SET shared = true WHERE id = 2 RETURNING pg_temp.boom()"},
		{"group over one that is there", "", "INSERT INTO team (id) VALUES (2) ON CONFLICT (id) DO UPDATE SET shared = true RETURNING pg_temp.boom()"},

		{"membership", "", "INSERT INTO member (team, person) VALUES (5, 3) RETURNING pg_temp.boom()"},
		{"membership, second row", "", "INSERT INTO member (team, person, note) VALUES (5, 3, 'a'), (5, 8, pg_temp.boom_if_more(2))"},
		{"membership from a select", "", "INSERT INTO member (team, person, note) SELECT 5, v, CASE WHEN v = 8 THEN pg_temp.boom_if_more(2) END FROM (VALUES (3), (8)) AS x(v)"},
		{"membership in a cte", "", "WITH x AS (INSERT INTO member (team, person) VALUES (5, 3) RETURNING 1) SELECT pg_temp.boom() FROM x"},
		{"moved membership", "", "UPDATE member SET team = 5 WHERE person = 3 RETURNING pg_temp.boom()"},
		{"membership over one that is there", "", "INSERT INTO member (team, person) VALUES (2, 3) ON CONFLICT (team, person) DO UPDATE SET team = 5 RETURNING pg_temp.boom()"},
		{"merged membership", "", "MERGE INTO member AS m USING (VALUES (3), (8)) AS v(id) ON m.team = 5 AND m.person = v.id WHEN NOT MATCHED THEN INSERT (team, person, note) VALUES (5, v.id, CASE WHEN v.id = 8 THEN pg_temp.boom_if_more(2) END)"},
		{"seat through a view", "", "INSERT INTO seat VALUES (5, 3) RETURNING pg_temp.boom()"},

		{"pair", "", "INSERT INTO deputy VALUES (3, 1) RETURNING pg_temp.boom()"},
		{"pair, second row", "", "INSERT INTO deputy VALUES (3, 1, 'a'), (8, 8, pg_temp.boom_if_more(2))"},
		{"turned pair", "", "UPDATE deputy SET deputy = 3 WHERE deputy = 4 RETURNING pg_temp.boom()"},
	})
}

// Where both columns of a membership are owners its policies decide, and the check of a hand-over.
func TestMidStatementOfResources(t *testing.T) {
	t.Parallel()
	head, _, _ := strings.Cut(authorityModel, "grants:")
	w := newWorld(t, head+`  person: {table: person, owner: id}
  team: {table: team, owner: creator}
  member: {table: member, owner: [person, {group: team}]}
grants:
  - {to: authenticated, allow: {doc: [read], person: "*", team: "*", member: "*"}}
`, midSchema)
	amid(t, w, "me", []attack{
		{"moved membership", "", "UPDATE member SET team = 5 WHERE person = 3 RETURNING pg_temp.boom()"},
		{"superuser", "", "UPDATE person SET grade = 'president' WHERE id = 3 RETURNING pg_temp.boom()"},
		{"group", "", "UPDATE team SET shared = true WHERE id = 2 RETURNING pg_temp.boom()"},
	})
}

// Partitions and children, by themselves and from above.
func TestMidStatementOfHeirs(t *testing.T) {
	t.Parallel()
	schema := strings.NewReplacer("note text, PRIMARY KEY (team, person));", `note text, PRIMARY KEY (team, person)) PARTITION BY LIST (team);
CREATE TABLE public.member_1 PARTITION OF public.member FOR VALUES IN (5);
CREATE TABLE public.member_2 PARTITION OF public.member DEFAULT;`,
		"CREATE INDEX ON public.deputy (person);", "CREATE INDEX ON public.deputy (person); CREATE TABLE public.deputy_old () INHERITS (public.deputy); GRANT ALL ON deputy_old, member_1, member_2 TO {{app}};").Replace(midSchema)
	w := newWorld(t, authorityModel, schema)
	amid(t, w, "me", []attack{
		{"partition", "", "INSERT INTO member_1 (team, person) VALUES (5, 3) RETURNING pg_temp.boom()"},
		{"root", "", "INSERT INTO member (team, person) VALUES (5, 3) RETURNING pg_temp.boom()"},
		{"from one partition to another", "", "UPDATE member SET team = 5 WHERE person = 3 RETURNING pg_temp.boom()"},
		{"child", "", "INSERT INTO deputy_old VALUES (3, 1) RETURNING pg_temp.boom()"},
	})
}

// The kernel's own tables, with uuid keys.
func TestMidStatementOfTheKernelsUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"]}
resources: {doc: {table: doc, owner: owner}}
grants:
  - {to: authenticated, allow: {doc: [read]}}
`, `CREATE TABLE doc (id integer PRIMARY KEY, owner uuid); GRANT SELECT ON doc TO {{app}}`)
	w.sql(t, `INSERT INTO rls."user" (login, is_superuser) VALUES ('pres', true), ('me', false);
		INSERT INTO rls."group" (name, share_members_visibility) VALUES ('board', true);
		INSERT INTO rls.group_member (group_id, user_id) SELECT g.id, u.id FROM rls."group" AS g, rls."user" AS u WHERE u.login = 'pres';
		INSERT INTO doc SELECT 1, u.id FROM rls."user" AS u WHERE u.login = 'pres';
		GRANT USAGE ON SCHEMA rls TO {{app}};
		GRANT ALL ON rls."user", rls."group", rls.group_member TO {{app}}`)
	amid(t, w, "me", []attack{
		{"superuser", "", `UPDATE rls."user" SET is_superuser = true WHERE login = 'me' RETURNING pg_temp.boom()`},
		{"supervisor", "", `UPDATE rls."user" SET supervisor_id = (SELECT id FROM rls."user" WHERE login = 'me') WHERE login = 'pres' RETURNING pg_temp.boom()`},
		{"membership", "", `INSERT INTO rls.group_member (group_id, user_id) SELECT g.id, u.id FROM rls."group" AS g, rls."user" AS u WHERE u.login = 'me' RETURNING pg_temp.boom()`},
	})
}

// The README's quickstart, word for word.
func TestMidStatementOfTheQuickstart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `
version: 1
database:
  client_roles: ["{{app}}"]
  maintenance_roles: ["{{migrator}}"]
users:
  table: staff
  key: id
  login: email
  sees: {supervisor: boss_id}
resources:
  task: {table: task, owner: owner_id}
grants:
  - {to: authenticated, allow: {task: [create, read, update]}}
`, `
CREATE TABLE staff (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, boss_id bigint REFERENCES staff);
CREATE TABLE task  (id bigint PRIMARY KEY, owner_id bigint NOT NULL REFERENCES staff, title text NOT NULL);
CREATE INDEX ON staff (boss_id);
CREATE INDEX ON task (owner_id);
INSERT INTO staff VALUES (1, 'boss@example.com', NULL), (2, 'anna@example.com', 1), (3, 'ben@example.com', 2);
INSERT INTO task VALUES (1, 1, 'budget'), (2, 2, 'roadmap'), (3, 3, 'fix the build');
GRANT SELECT, INSERT, UPDATE, DELETE ON staff, task TO {{app}};`)
	ben := w.person(t, "ben@example.com")
	must(t, ben, `CREATE FUNCTION pg_temp.boom() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '%', (SELECT json_agg(t) FROM task t); END $$`)
	_, err := ben.Exec(t.Context(), "UPDATE staff SET boss_id = 3 WHERE id = 1 RETURNING pg_temp.boom()")
	if sqlstate(err) != "42501" || strings.Contains(explain(err), "budget") {
		t.Error(explain(err))
	}
}

// An INSERT over a row that is there is an update of it: who changes nothing that decides is not refused.
func TestMidStatementUpserts(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authorityModel, midSchema)
	trials(t, w, []trial{
		{"a part of the row", "me", "INSERT INTO person (id, login, phone) VALUES (3, 'me', '1') ON CONFLICT (id) DO UPDATE SET phone = excluded.phone", "touched 1"},
		{"the whole row", "me", "INSERT INTO person SELECT * FROM person WHERE id = 3 ON CONFLICT (id) DO UPDATE SET boss = excluded.boss, grade = excluded.grade, phone = '1'", "touched 1"},
		{"the whole row of a superuser", "me", "INSERT INTO person SELECT * FROM person WHERE id = 1 ON CONFLICT (id) DO UPDATE SET phone = '1'", "touched 1"},
		{"by the login", "me", "INSERT INTO person (id, login, boss) VALUES (99, 'mate', 2) ON CONFLICT (login) DO UPDATE SET phone = '1'", "touched 1"},
		{"nobody", "nobody", "INSERT INTO person (id, login) VALUES (3, 'me') ON CONFLICT (id) DO UPDATE SET phone = '1'", "touched 1"},
		{"nothing is done", "me", "INSERT INTO member (team, person) VALUES (1, 1) ON CONFLICT DO NOTHING", filtered},
		{"a key that is there", "me", "INSERT INTO person (id, login) VALUES (3, 'x')", "23505"},
		{"a note on a seat", "me", "INSERT INTO member (team, person, note) VALUES (2, 3, 'x') ON CONFLICT (team, person) DO UPDATE SET note = excluded.note", "touched 1"},
		{"a motto", "me", "INSERT INTO team (id, motto) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET motto = excluded.motto", "touched 1"},
		{"another edge", "me", "INSERT INTO person (id, login, boss) VALUES (1, 'pres', 3) ON CONFLICT (id) DO UPDATE SET boss = excluded.boss", rejected},
		{"another edge, not taken", "me", "INSERT INTO person (id, login, boss) VALUES (3, 'me', 1) ON CONFLICT (id) DO UPDATE SET phone = '1'", rejected},
		{"a flag", "me", "INSERT INTO person (id, login, grade) VALUES (3, 'me', 'president') ON CONFLICT (id) DO UPDATE SET grade = excluded.grade", rejected},
		{"somebody new is no conflict", "me", "INSERT INTO person (id, login, grade) VALUES (99, 'x', 'president') ON CONFLICT (id) DO NOTHING", rejected},
		{"another seat", "me", "INSERT INTO member (team, person) VALUES (2, 3) ON CONFLICT (team, person) DO UPDATE SET team = 1", rejected},
		{"a superuser may", "pres", "INSERT INTO person (id, login) VALUES (3, 'me') ON CONFLICT (id) DO UPDATE SET grade = 'president'", "touched 1"},
	})
}

// An INSERT over a row that somebody is deleting waits for them, and is a new row then: also where row security hides it.
func TestMidStatementOverARowThatGoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, resource, row, insert string }{
		{"membership", "", "member WHERE team = 5 AND person = 3", "INSERT INTO member (team, person) VALUES (5, 3)"},
		{"membership, on conflict", "", "member WHERE team = 5 AND person = 3", "INSERT INTO member (team, person) VALUES (5, 3) ON CONFLICT DO NOTHING"},
		{"user", "  person: {table: person, owner: id}\n", "person WHERE id = 3", "INSERT INTO person (id, login) VALUES (3, 'me')"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			model := strings.Replace(authorityModel, "grants:\n", c.resource+"grants:\n", 1)
			if c.resource != "" {
				model = strings.Replace(model, "doc: [read]", `doc: [read], person: "*"`, 1)
			}
			w := newWorld(t, model, strings.NewReplacer(" REFERENCES public.person ON DELETE CASCADE", "", " REFERENCES public.person ON DELETE SET NULL", "",
				" REFERENCES public.person", "").Replace(midSchema)+"INSERT INTO member VALUES (5, 3);")
			me, root := w.person(t, "me"), w.admin(t)
			must(t, me, midStatement)
			must(t, root, "BEGIN; DELETE FROM "+c.row)
			done := make(chan string)
			go func() { done <- seenAmid(t, me, c.insert+" RETURNING pg_temp.boom()") }()
			w.waits(t, me.PgConn().PID())
			must(t, root, "COMMIT")
			if got := <-done; got != "42501" {
				t.Errorf("%s: %s", c.insert, got)
			}
		})
	}
}

// A key that is checked later refuses nothing now: what conflicts with it is a new row.
func TestMidStatementOfADeferrableKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authorityModel, strings.Replace(midSchema, "PRIMARY KEY (team, person))", "PRIMARY KEY (team, person) DEFERRABLE)", 1))
	trials(t, w, []trial{
		{"at once", "me", "INSERT INTO member (team, person) VALUES (2, 3)", rejected},
	})
}

// Whether an INSERT over a hidden row is refused must not tell what that row holds.
func TestMidStatementUpsertsTellNothing(t *testing.T) {
	t.Parallel()
	head, _, _ := strings.Cut(authorityModel, "grants:")
	w := newWorld(t, head+`  person: {table: person, owner: id}
grants:
  - {to: authenticated, allow: {doc: [read], person: "*"}}
`, midSchema)
	says := func(sql string) (out string) {
		w.as(t, "me", func(tx pgx.Tx) {
			_, err := tx.Exec(t.Context(), sql)
			out = strings.NewReplacer("president", "GRADE", "clerk", "GRADE").Replace(fmt.Sprint(err))
		})
		return out
	}
	const insert = "INSERT INTO person (id, login, grade, boss) VALUES (%d, 'x', '%s', %s) ON CONFLICT (id) DO NOTHING"
	for name, pair := range map[string][2]string{ // a hidden row, and what would match it or not
		"superuser": {fmt.Sprintf(insert, 1, "president", "NULL"), fmt.Sprintf(insert, 2, "president", "NULL")},
		"boss":      {fmt.Sprintf(insert, 4, "clerk", "2"), fmt.Sprintf(insert, 4, "clerk", "1")},
	} {
		if a, b := says(pair[0]), says(pair[1]); a != b {
			t.Errorf("%s: %s\n%s", name, a, b)
		}
	}
	if got := w.try(t, "me", "INSERT INTO person (id, login, phone) VALUES (3, 'me', '1') ON CONFLICT (id) DO UPDATE SET phone = excluded.phone"); got != "touched 1" {
		t.Errorf("an own row: %s", got)
	}
}

// Columns that are computed are not yet, before the row is written, and virtual ones never.
func TestMidStatementOfComputedColumns(t *testing.T) {
	t.Parallel()
	kinds := []string{"STORED"}
	if pgtest.Shared(t).Version() >= 180000 {
		kinds = append(kinds, "VIRTUAL")
	}
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			schema := strings.NewReplacer("ended_on date,", "ended_on date, rules boolean GENERATED ALWAYS AS (grade = 'president') "+kind+
				", here boolean GENERATED ALWAYS AS (ended_on IS NULL) "+kind+", helps boolean GENERATED ALWAYS AS (phone = 'staff') "+kind+",",
				"motto text);", "motto text, opens boolean GENERATED ALWAYS AS (motto = 'open') "+kind+");").Replace(midSchema)
			model := strings.NewReplacer(`superuser: "grade = 'president'"`, "superuser: rules", `active: "ended_on IS NULL"`, "active: here", "staff: staff", "staff: helps",
				"share_members_visibility: shared", "share_members_visibility: opens").Replace(authorityModel)
			w := newWorld(t, model, schema)
			refused(t, w, "person team", []attack{
				{"superuser", "me", "UPDATE person SET grade = 'president' WHERE id = 3"},
				{"active", "me", "UPDATE person SET ended_on = NULL WHERE id = 6"},
				{"staff", "me", "UPDATE person SET phone = 'staff' WHERE id = 3"},
				{"new superuser", "me", "INSERT INTO person (id, login, grade) VALUES (90, 'x', 'president')"},
				{"new staff", "me", "INSERT INTO person (id, login, phone) VALUES (90, 'x', 'staff')"},
				{"on conflict", "me", "INSERT INTO person (id, login) VALUES (3, 'me') ON CONFLICT (id) DO UPDATE SET grade = 'president'"},
				{"cascade", "me", "UPDATE grade SET name = 'emperor' WHERE name = 'president'"},
				{"share", "me", "UPDATE team SET motto = 'open' WHERE id = 2"},
			})
			amid(t, w, "me", []attack{
				{"superuser amid", "", "UPDATE person SET grade = 'president' WHERE id = 3 RETURNING pg_temp.boom()"},
				{"share amid", "", "UPDATE team SET motto = 'open' WHERE id = 2 RETURNING pg_temp.boom()"},
			})
			trials(t, w, []trial{
				{"other columns are free", "me", "UPDATE person SET phone = '1' WHERE id = 4", "touched 1"},
				{"the value does not change", "me", "UPDATE team SET motto = 'x' WHERE id = 1", "touched 1"},
				{"a plain new user", "me", "INSERT INTO person (id, login) VALUES (90, 'x')", "touched 1"},
				{"a superuser may", "pres", "UPDATE person SET grade = 'president' WHERE id = 3", "touched 1"},
			})
		})
	}
}

// What a foreign key deletes no policy of the users' resource has seen.
func TestCascadesThatReachAuthority(t *testing.T) {
	t.Parallel()
	head, _, _ := strings.Cut(authorityModel, "grants:")
	model := head + `  person: {table: person, owner: id}
  team: {table: team, owner: creator}
grants:
  - {to: authenticated, allow: {doc: [read], person: "*", team: "*"}}
`
	schema := strings.NewReplacer(" phone text,", " phone text, dept integer REFERENCES public.area ON DELETE CASCADE,", // hidden users in an open table's keeping
		"CREATE TABLE public.person", "CREATE TABLE public.area (id integer PRIMARY KEY); CREATE TABLE public.person", "CREATE TABLE public.area (id integer PRIMARY KEY);\nCREATE TABLE public.team", "CREATE TABLE public.team",
		"motto text);", "motto text, area integer REFERENCES public.area ON DELETE CASCADE);",
		"boss integer REFERENCES public.person ON UPDATE CASCADE ON DELETE SET NULL", "boss integer REFERENCES public.person ON DELETE CASCADE").Replace(authoritySchema) + `
DELETE FROM doc;
INSERT INTO area VALUES (2), (3), (4);
INSERT INTO member VALUES (2, 5);
UPDATE person SET dept = 2 WHERE id IN (1, 4);
UPDATE person SET dept = 3 WHERE id = 8;
UPDATE team SET area = 4 WHERE id = 1;`
	for name, model := range map[string]string{"owner is trusted": model, "owner is not": strings.Replace(model, `, "{{owner}}"]`, "]", 1)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, model, schema)
			refused(t, w, "person team member deputy", []attack{
				{"users, the last superuser among them", "me", "DELETE FROM area WHERE id = 2"},
				{"a hidden user", "me", "DELETE FROM area WHERE id = 3"},
				{"in a block", "me", "DO $$ BEGIN DELETE FROM public.area WHERE id = 3; END $$"},
				{"in a cte", "me", "WITH x AS (DELETE FROM area WHERE id = 3 RETURNING id) SELECT * FROM x"},
				{"a group", "me", "DELETE FROM area WHERE id = 4"},
				{"subordinates of somebody who may be deleted", "chief", "DELETE FROM person WHERE id = 3"},
				{"users", "anonymous", "DELETE FROM area WHERE id = 3"},
			})
			trials(t, w, []trial{
				{"nobody", "nobody", "DELETE FROM area WHERE id = 3", rejected},
				{"by name, and the memberships go along", "chief", "DELETE FROM person WHERE id = 5", "touched 1"},
				{"an own group takes its members along", "me", "DELETE FROM team WHERE id = 2", "touched 1"},
				{"nobody is there", "me", "INSERT INTO area VALUES (9)", "touched 1"},
				{"a superuser may", "pres", "DELETE FROM area WHERE id = 3", "touched 1"},
			})
			undone(t, w, func(tx pgx.Tx) {
				must(t, tx, w.text("GRANT ALL ON area TO {{migrator}}; SET LOCAL ROLE {{migrator}}; DELETE FROM area WHERE id = 2"))
			})
		})
	}
}
