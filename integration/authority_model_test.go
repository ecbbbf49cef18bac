package integration

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
)

// The tables belong to somebody whom the guards do not trust: neither do they trust that role's functions, nor what its
// foreign keys cascade, unless a maintenance role has caused it.
func TestAuthorityOwnerIsNotTrusted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, strings.Replace(authorityModel, `, "{{owner}}"]`, "]", 1), authoritySchema)
	refused(t, w, "person team member deputy", []attack{
		{"superuser", "me", "UPDATE person SET grade = 'president' WHERE id = 3"},
		{"join", "me", "INSERT INTO member (team, person) VALUES (1, 3)"},
		{"definer function", "me", "SELECT promote(3)"},
		{"definer trigger", "me", "INSERT INTO area VALUES (2)"},
		{"cascade: a grade is renamed", "me", "UPDATE grade SET name = 'emperor' WHERE name = 'president'"},
		{"cascade: an area takes its members along", "me", "DELETE FROM area WHERE id = 1"},
	})
	for _, who := range []string{"pres", "{{migrator}}", ""} {
		undone(t, w, func(tx pgx.Tx) {
			must(t, tx, w.text("GRANT ALL ON grade, area, person, member TO {{migrator}}"))
			switch who {
			case "pres":
				w.become(t, tx, who)
			case "{{migrator}}":
				must(t, tx, w.text("SET LOCAL ROLE "+who))
			}
			for _, do := range []string{"UPDATE grade SET name = 'emperor' WHERE name = 'clerk'", "DELETE FROM area WHERE id = 1"} {
				if got := w.outcome(t, tx, do); got != "touched 1" {
					t.Errorf("%s as %q: %s", do, who, got)
				}
			}
		})
	}
}

// ANALYZE, and autovacuum by itself, run the functions of a client's index as that client, in the session of whoever
// maintains the server.
func TestAuthorityUnderAnalyze(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authorityModel, authoritySchema)
	w.sql(t, `CREATE SCHEMA lair; GRANT ALL ON SCHEMA lair TO {{app}}; GRANT USAGE ON SCHEMA public TO {{app}};
		SET ROLE {{app}};
		CREATE TABLE lair.bait AS SELECT 1 AS n;
		CREATE FUNCTION lair.rise(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN n; END';
		CREATE INDEX ON lair.bait (lair.rise(n));
		RESET ROLE`)
	for name, do := range map[string]string{
		"by itself":    "UPDATE public.person SET grade = ''president'' WHERE id = 3",
		"by a cascade": "UPDATE public.grade SET name = ''emperor'' WHERE name = ''president''",
	} {
		undone(t, w, func(tx pgx.Tx) {
			must(t, tx, w.text(`SET LOCAL ROLE {{app}};
				CREATE OR REPLACE FUNCTION lair.rise(n integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS
					'BEGIN PERFORM lair.write(); RETURN n; END';
				CREATE FUNCTION lair.write() RETURNS void LANGUAGE plpgsql AS 'BEGIN `+do+`; END';
				RESET ROLE`))
			if got := w.outcome(t, tx, "ANALYZE lair.bait"); got != rejected {
				t.Errorf("%s: %s, want %s", name, got, rejected)
			}
		})
		undone(t, w, func(tx pgx.Tx) { // the superuser's own statements are not
			must(t, tx, strings.ReplaceAll(do, "''", "'"))
		})
	}
}

// Whatever the kind of login: only who is asked matters.
func TestAuthorityOfLogins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authorityModel, authoritySchema)
	const do = "UPDATE person SET staff = NOT staff WHERE id = 8"
	if got := w.outcome(t, w.person(t, "me"), do); got != rejected {
		t.Errorf("a person: %s", got)
	}
	if got := w.outcome(t, w.person(t, "pres"), do); got != "touched 1" {
		t.Errorf("a superuser: %s", got)
	}
	login, roles := w.bi(t, "me", "pres")
	for _, user := range []string{"me", "pres"} { // "never a superuser principal" by impersonation
		conn := w.db.Conn(t, login)
		must(t, conn, "SET ROLE "+roles[user])
		if got := w.outcome(t, conn, do); got != rejected {
			t.Errorf("impersonated %s: %s", user, got)
		}
	}
	stranger := w.db.Role(t, "stranger", "LOGIN")
	w.sql(t, "GRANT ALL ON person TO "+stranger)
	if got := w.outcome(t, w.db.Conn(t, stranger), do); got != rejected {
		t.Errorf("a login without a kind: %s", got)
	}
	w.sql(t, "UPDATE person SET ended_on = '2020-01-01' WHERE id = 1")
	if got := w.try(t, "pres", do); got != rejected {
		t.Errorf("a superuser who is not active: %s", got)
	}
}

// Where the tables are resources the rules of the resources hold: an edge that is an owner follows the owner check, and
// so does a membership whose user and group both are.
func TestAuthorityAndResources(t *testing.T) {
	t.Parallel()
	const resources = `
  person: {table: person, owner: boss}
  team: {table: team, owner: creator}
  member: {table: member, owner: [person, {group: team}]}
grants:
  - {to: authenticated, allow: {doc: [read], person: "*", team: "*", member: "*"}}
`
	head, _, _ := strings.Cut(authorityModel, "grants:")
	w := newWorld(t, head+resources[1:], authoritySchema+`DELETE FROM doc;
		INSERT INTO member VALUES (3, 3, NULL, '2020-01-01', '2021-01-01'), (3, 7, NULL, 'infinity', NULL);`)
	trials(t, w, []trial{
		{"an edge that is an owner", "me", "UPDATE person SET boss = 3 WHERE id = 5", "touched 1"},
		{"an edge that is an owner", "chief", "UPDATE person SET boss = 5 WHERE id = 4", "touched 1"},
		{"handed out of sight", "me", "UPDATE person SET boss = 4 WHERE id = 5", rejected},
		{"out of reach", "me", "UPDATE person SET boss = 3 WHERE id = 1", filtered},
		{"the rest of the row is guarded", "chief", "UPDATE person SET grade = 'president' WHERE id = 3", rejected},
		{"the rest of the row is guarded", "chief", "UPDATE person SET id = 30 WHERE id = 5", rejected},
		{"somebody new", "me", "INSERT INTO person (id, login, boss) VALUES (10, 'x', 3)", "touched 1"},
		{"a new superuser", "me", "INSERT INTO person (id, login, boss, grade) VALUES (10, 'x', 3, 'president')", rejected},
		{"delete says the resource", "me", "DELETE FROM person WHERE id = 5", "touched 1"},
		{"delete says the resource", "chief", "DELETE FROM person WHERE id = 1", filtered},
		{"a member in sight, of an own group", "me", "INSERT INTO member (team, person) VALUES (2, 5)", "touched 1"},
		{"a member out of sight", "me", "INSERT INTO member (team, person) VALUES (2, 2)", rejected},
		{"of a strange group", "me", "INSERT INTO member (team, person) VALUES (1, 3)", rejected},
		{"moved to a strange group", "me", "UPDATE member SET team = 1 WHERE person = 3 AND team = 2", rejected},
		{"a membership that has ended", "me", "UPDATE member SET till = NULL WHERE team = 3", rejected},
		{"a membership that has not begun", "trainee", "UPDATE member SET since = '2020-01-01' WHERE team = 3", rejected},
		{"the window as it is", "me", "UPDATE member SET team = team, person = person, since = since, till = till, note = 'x' WHERE team = 3", "touched 1"},
		{"leave", "me", "DELETE FROM member WHERE person = 3 AND team = 2", "touched 1"},
		{"the creator is an owner", "me", "UPDATE team SET creator = 5 WHERE id = 2", "touched 1"},
		{"the share is not", "me", "UPDATE team SET shared = true WHERE id = 2", rejected},
		{"a team and its members go", "me", "DELETE FROM team WHERE id = 2", "touched 1"},
	})
	t.Run("an owner check of any checks nobody", func(t *testing.T) {
		loose := strings.NewReplacer("owner: [person, {group: team}]}", "owner: [person, {group: team}], owner_check: any}",
			"owner: boss}", "owner: boss, owner_check: any}").Replace(resources)
		w := newWorld(t, head+loose[1:], authoritySchema)
		refused(t, w, "person member", []attack{
			{"join", "me", "INSERT INTO member (team, person) VALUES (1, 3)"},
			{"leave", "me", "DELETE FROM member WHERE person = 3"},
			{"a new one below the president", "me", "INSERT INTO person (id, login, boss) VALUES (10, 'x', 1)"},
			{"supervisor", "chief", "UPDATE person SET boss = 5 WHERE id = 4"},
		})
	})
	t.Run("a user takes the memberships along", func(t *testing.T) {
		w.sql(t, "INSERT INTO person (id, login, grade, boss) VALUES (20, 'leaf', 'clerk', 3); INSERT INTO member (team, person) VALUES (2, 20); INSERT INTO deputy VALUES (20, 4)")
		if got := w.try(t, "me", "DELETE FROM person WHERE id = 20"); got != "touched 1" {
			t.Errorf("a user with memberships: %s", got)
		}
	})
}

// Cascades that set an edge to NULL change somebody who stays.
func TestAuthorityCascadeToSubordinates(t *testing.T) {
	t.Parallel()
	head, _, _ := strings.Cut(authorityModel, "grants:")
	w := newWorld(t, head+`  person: {table: person, owner: id}
grants:
  - {to: authenticated, allow: {doc: [read], person: "*"}}
`, authoritySchema+"DELETE FROM doc;")
	refused(t, w, "person", []attack{{"delete a supervisor", "chief", "DELETE FROM person WHERE id = 3"}})
	if got := w.try(t, "chief", "DELETE FROM person WHERE id = 5"); got != "touched 1" {
		t.Errorf("somebody without subordinates: %s", got)
	}
	w.as(t, "chief", func(tx pgx.Tx) {
		_, err := tx.Exec(t.Context(), "DELETE FROM person WHERE id = 3")
		if !strings.Contains(explain(err), "Change the rows that refer to it first, as a superuser.") {
			t.Error(explain(err))
		}
	})
}

// Foreign keys cast what they compare where its type is not their operator's own.
func TestAuthorityCascadeOfCastKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authorityModel, `CREATE DOMAIN public."No." AS integer;`+strings.NewReplacer("grade (name text ", "grade (name varchar(20) ",
		"grade text REFERENCES", "grade varchar(20) REFERENCES", "area (id integer", `area (id public."No."`, "area integer REFERENCES", `area public."No." REFERENCES`).Replace(authoritySchema))
	refused(t, w, "person member", []attack{
		{"a grade is renamed", "me", "UPDATE grade SET name = 'emperor' WHERE name = 'president'"},
		{"a grade is dropped", "me", "DELETE FROM grade WHERE name = 'president'"},
		{"an area takes its members along", "me", "DELETE FROM area WHERE id = 1"},
	})
}

// Whoever could write a column that owners are named by would choose whose rows they own.
func TestAuthorityOfSecondKeys(t *testing.T) {
	t.Parallel()
	head, grants, _ := strings.Cut(authorityModel, "grants:")
	w := newWorld(t, head+"  letter: {table: letter, owner: {column: addressee, by: phone}}\ngrants:"+strings.Replace(grants, "doc: [read]", "doc: [read], letter: [read]", 1),
		authoritySchema+`ALTER TABLE person ADD UNIQUE (phone);
			CREATE TABLE letter (id integer PRIMARY KEY, addressee text);
			CREATE INDEX ON letter (addressee);
			INSERT INTO letter VALUES (1, 'of nobody');
			GRANT SELECT ON letter TO {{app}};`)
	refused(t, w, "person", []attack{{"somebody's rows", "me", "UPDATE person SET phone = 'of nobody' WHERE id = 3"}})
	if got := w.try(t, "pres", "UPDATE person SET phone = 'of nobody' WHERE id = 3"); got != "touched 1" {
		t.Errorf("a superuser may: %s", got)
	}
}

// A key that was somebody's is still named by what they left behind.
func TestAuthorityOfReusedKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authorityModel+"  - {to: user:free, allow: {doc: [update]}}\n  - {to: group:empty, allow: {doc: [update]}}\n",
		strings.NewReplacer("deputy integer REFERENCES public.person ON DELETE CASCADE,", "deputy integer,").Replace(authoritySchema))
	w.sql(t, "DELETE FROM person WHERE id IN (7, 8); DELETE FROM team WHERE id = 3")
	for do, want := range map[string]string{
		"INSERT INTO person (id, login) VALUES (8, 'x')": rejected, // a grant
		"INSERT INTO person (id, login) VALUES (7, 'x')": rejected, // a deputy
		"INSERT INTO person (id, login) VALUES (9, 'x')": "touched 1",
		"INSERT INTO team (id) VALUES (3)":               rejected,
		"INSERT INTO team (id) VALUES (4)":               "touched 1",
	} {
		if got := w.try(t, "me", do); got != want {
			t.Errorf("%s: %s, want %s", do, got, want)
		}
	}
}

// Expressions that depend on several columns or on the clock: what does not matter now may matter later.
func TestAuthorityExpressions(t *testing.T) {
	t.Parallel()
	model := strings.NewReplacer(`superuser: "grade = 'president'"`, `superuser: "grade = 'president' AND phone IS NOT NULL"`,
		`staff: staff`, `staff: "ended_on > current_date"`, `active: "ended_on IS NULL"`, `active: "true"`).Replace(authorityModel)
	w := newWorld(t, model, authoritySchema)
	refused(t, w, "person", []attack{
		{"half of the way", "me", "UPDATE person SET grade = 'president' WHERE id = 3"},
		{"the other half", "me", "UPDATE person SET phone = '1' WHERE id = 4"},
		{"tomorrow", "me", "UPDATE person SET ended_on = current_date WHERE id = 3"},
		{"new, and staff from tomorrow on", "me", "INSERT INTO person (id, login, ended_on) VALUES (10, 'x', current_date)"},
		{"new superuser", "me", "INSERT INTO person (id, login, grade, phone) VALUES (10, 'x', 'president', '1')"},
	})
	t.Run("computed", func(t *testing.T) {
		schema := strings.Replace(authoritySchema, "ended_on date,", "ended_on date, boss_of_all boolean GENERATED ALWAYS AS (grade = 'president') STORED,", 1)
		w := newWorld(t, strings.Replace(authorityModel, `superuser: "grade = 'president'"`, "superuser: boss_of_all", 1), schema)
		refused(t, w, "person", []attack{
			{"by its source", "me", "UPDATE person SET grade = 'president' WHERE id = 3"},
			{"by a cascade", "me", "DELETE FROM grade WHERE name = 'president'"},
			{"by a cascade that makes one", "me", "INSERT INTO grade VALUES ('x') ;; DELETE FROM person WHERE false ;; UPDATE grade SET name = 'emperor' WHERE name = 'president'"},
		})
	})
}

// Partitions and children are written without going through the table that the model names.
func TestAuthorityOfHeirs(t *testing.T) {
	t.Parallel()
	schema := strings.NewReplacer("note text, PRIMARY KEY (team, person));", `note text, PRIMARY KEY (team, person)) PARTITION BY LIST (team);
CREATE TABLE public.member_1 PARTITION OF public.member FOR VALUES IN (1);
CREATE TABLE public.member_2 PARTITION OF public.member DEFAULT;`,
		"CREATE INDEX ON public.deputy (person);", "CREATE INDEX ON public.deputy (person); CREATE TABLE public.deputy_old () INHERITS (public.deputy); GRANT ALL ON deputy_old, member_1, member_2 TO {{app}};",
		"INSERT INTO area VALUES (1);", "INSERT INTO area VALUES (1); INSERT INTO deputy_old VALUES (5, 8);").Replace(authoritySchema)
	w := newWorld(t, authorityModel, schema)
	if r := w.plan(t, authorityModel); !r.Plan.Empty() {
		t.Errorf("the plan after apply: %v", r.Plan.Changes)
	}
	list := []attack{
		{"join through the partition", "me", "INSERT INTO member_1 (team, person) VALUES (1, 3)"},
		{"join", "me", "INSERT INTO member (team, person) VALUES (1, 3)"},
		{"move within", "me", "UPDATE member_2 SET team = 3 WHERE person = 3"},
		{"move to another partition", "me", "UPDATE member SET team = 1 WHERE person = 3"},
		{"leave", "me", "DELETE FROM member_2 WHERE person = 3"},
		{"cascade", "me", "DELETE FROM area WHERE id = 1"},
		{"truncate the partition", "me", "TRUNCATE member_1"},
		{"truncate the child", "me", "TRUNCATE deputy_old"},
		{"deputy in the child", "me", "INSERT INTO deputy_old VALUES (3, 1)"},
		{"turn the child's deputy", "me", "UPDATE deputy SET deputy = 3 WHERE deputy = 5"},
		{"drop the child's deputy", "me", "DELETE FROM deputy_old"},
	}
	refused(t, w, "member deputy", list)
	t.Run("a partition of tomorrow", func(t *testing.T) {
		undone(t, w, func(tx pgx.Tx) {
			must(t, tx, w.text("CREATE TABLE member_4 PARTITION OF member FOR VALUES IN (4); GRANT ALL ON member_4 TO {{app}}; INSERT INTO team VALUES (4)"))
			w.become(t, tx, "me")
			if got := w.outcome(t, tx, "INSERT INTO member_4 (team, person) VALUES (4, 3)"); got != rejected {
				t.Error(got)
			}
		})
	})
}

func TestAuthorityOfTheKernelsUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"]}
resources: {doc: {table: doc, owner: owner}}
`, `CREATE TABLE doc (id integer PRIMARY KEY, owner uuid)`)
	w.sql(t, `INSERT INTO rls."user" (login, is_superuser) VALUES ('pres', true), ('me', false);
		INSERT INTO rls."group" (name) VALUES ('board');
		GRANT ALL ON rls."user", rls."group", rls.group_member TO {{app}}`)
	refused(t, w, `rls."user" rls."group" rls.group_member`, []attack{
		{"superuser", "me", `UPDATE rls."user" SET is_superuser = true`},
		{"join", "me", `INSERT INTO rls.group_member SELECT g.id, u.id FROM rls."group" AS g, rls."user" AS u`},
		{"share", "me", `UPDATE rls."group" SET share_members_visibility = true`},
	})
	if got := w.try(t, "pres", `UPDATE rls."user" SET is_staff = true`); got != "touched 2" {
		t.Error(got)
	}
	undone(t, w, func(tx pgx.Tx) { // what delegation functions run as
		must(t, tx, `SET LOCAL ROLE rls_owner; UPDATE rls."user" SET is_superuser = true`)
	})
}

// The duty handed back, and taken again.
func TestAuthorityOfTheApplication(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authorityModel, authoritySchema)
	const do = "UPDATE person SET grade = 'president' WHERE id = 3"
	handed := strings.Replace(authorityModel, "  table: person\n", "  table: person\n  authority: application\n", 1)
	guards := func(model string, want policies.Hazard) (n int) {
		for _, c := range w.plan(t, model).Plan.Changes {
			if c.Object.Kind == policies.KindTrigger && strings.Contains(c.Object.Title, "rls_guard_") {
				n++
				if !slices.Equal(c.Hazards, []policies.Hazard{want}) {
					t.Errorf("%s %s has hazards %v, want %s", c.Op, c.Object.Title, c.Hazards, want)
				}
			}
		}
		return n
	}
	away := guards(handed, policies.WidensAccess)
	w.apply(t, handed)
	if got := w.try(t, "me", do); got != "touched 1" {
		t.Errorf("the duty is the application's, and yet: %s", got)
	}
	if back := guards(authorityModel, policies.NarrowsAccess); away == 0 || back != away {
		t.Errorf("%d guards are taken away, %d come back", away, back)
	}
	w.apply(t, authorityModel)
	if got := w.try(t, "me", do); got != rejected {
		t.Errorf("guarded again: %s", got)
	}
}

// A guard that somebody takes away or switches off is found, and comes back.
func TestAuthorityDrift(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authorityModel, authoritySchema)
	for _, sql := range []string{
		"DROP TRIGGER rls_guard_update ON person", "ALTER TABLE person DISABLE TRIGGER rls_guard_update", "ALTER TABLE member DISABLE TRIGGER USER",
		"ALTER TABLE person ENABLE REPLICA TRIGGER rls_guard_update",
		"DROP TRIGGER rls_guard_insert ON member; CREATE TRIGGER rls_guard_insert AFTER INSERT ON member FOR EACH ROW WHEN (false) EXECUTE FUNCTION rls.guard_members()",
		"CREATE OR REPLACE FUNCTION rls.guard_subject() RETURNS rls.subject LANGUAGE sql AS $$ SELECT ROW(NULL, NULL, true, NULL)::rls.subject $$",
		"GRANT TRUNCATE ON member TO {{app}}",
	} {
		w.sql(t, sql)
		if !strings.Contains(sql, "guard_subject") { // a function of the kernel: migrations own it
			if w.plan(t, authorityModel).Plan.Empty() {
				t.Errorf("%s: the plan is empty", sql)
			}
		}
		w.apply(t, authorityModel)
		if r := w.plan(t, authorityModel); !r.Plan.Empty() {
			t.Errorf("%s: after apply: %v", sql, r.Plan.Changes)
		}
	}
}
