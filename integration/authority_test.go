package integration

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Every table that decides about access, and none of them a resource: the guards stand alone. The owner of the tables is
// a maintenance role, so that what foreign keys cascade runs as somebody whom the guards trust.
const authoritySchema = `
CREATE TABLE public.grade (name text PRIMARY KEY);
CREATE TABLE public.person (
    id integer PRIMARY KEY, login text NOT NULL UNIQUE, sub text UNIQUE, phone text,
    grade text REFERENCES public.grade ON UPDATE CASCADE ON DELETE SET DEFAULT DEFAULT 'clerk',
    ended_on date, staff boolean NOT NULL DEFAULT false,
    boss integer REFERENCES public.person ON UPDATE CASCADE ON DELETE SET NULL
);
CREATE INDEX ON public.person (boss);
CREATE TABLE public.area (id integer PRIMARY KEY);
CREATE TABLE public.team (id integer PRIMARY KEY, name text UNIQUE, creator integer REFERENCES public.person ON DELETE SET NULL,
    shared boolean NOT NULL DEFAULT false, motto text);
CREATE TABLE public.member (team integer REFERENCES public.team ON DELETE CASCADE, person integer REFERENCES public.person ON DELETE CASCADE,
    area integer REFERENCES public.area ON DELETE CASCADE, since timestamptz, till timestamptz, note text, PRIMARY KEY (team, person));
CREATE INDEX ON public.member (person);
CREATE TABLE public.deputy (deputy integer REFERENCES public.person ON DELETE CASCADE, person integer REFERENCES public.person ON DELETE CASCADE, note text);
CREATE INDEX ON public.deputy (deputy);
CREATE INDEX ON public.deputy (person);
CREATE TABLE public.doc (id integer PRIMARY KEY, owner integer NOT NULL REFERENCES public.person);
CREATE INDEX ON public.doc (owner);
INSERT INTO grade VALUES ('president'), ('clerk'), ('chief');
INSERT INTO person (id, login, sub, grade, boss) VALUES
    (1, 'pres', 's1', 'president', NULL), (2, 'chief', 's2', 'chief', 1), (3, 'me', 's3', 'clerk', 2), (4, 'mate', 's4', 'clerk', 2), (5, 'below', 's5', 'clerk', 3);
INSERT INTO person (id, login, grade, ended_on) VALUES (6, 'gone', 'clerk', '2020-01-01'), (7, 'trainee', 'clerk', NULL), (8, 'free', 'clerk', NULL);
INSERT INTO area VALUES (1);
INSERT INTO team VALUES (1, 'board', 1, true), (2, 'desk', 3, false), (3, 'empty', NULL, false);
INSERT INTO member VALUES (1, 1, 1), (1, 4, 1), (2, 3, NULL), (2, 7, NULL);
INSERT INTO deputy VALUES (4, 2), (7, 6);
INSERT INTO doc SELECT id, id FROM person WHERE id < 6;
CREATE VIEW public.card AS SELECT id, phone, grade, boss FROM person;
CREATE VIEW public.seat WITH (security_invoker = true) AS SELECT team, person FROM member;
CREATE FUNCTION public.promote(who integer) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    BEGIN ATOMIC UPDATE public.person SET grade = 'president' WHERE id = who; END;
CREATE FUNCTION public.promote_as_caller(who integer) RETURNS void LANGUAGE sql BEGIN ATOMIC UPDATE public.person SET grade = 'president' WHERE id = who; END;
CREATE FUNCTION public.dismiss(who integer) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    BEGIN ATOMIC DELETE FROM public.doc WHERE owner = who; DELETE FROM public.person WHERE id = who; END;
CREATE FUNCTION public.by_phone() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.grade := 'president'; RETURN NEW; END $$;
CREATE TRIGGER zzz_last BEFORE UPDATE ON public.person FOR EACH ROW WHEN (NEW.phone = 'magic') EXECUTE FUNCTION public.by_phone();
CREATE FUNCTION public.later() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE public.person SET grade = 'president' WHERE id = NEW.id; RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER later AFTER UPDATE ON public.person DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.phone = 'later' AND OLD.phone IS NULL) EXECUTE FUNCTION public.later();
CREATE FUNCTION public.by_form() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    BEGIN UPDATE public.person SET boss = 1 WHERE id = 4; RETURN NULL; END $$;
CREATE TRIGGER by_form AFTER INSERT ON public.area FOR EACH ROW EXECUTE FUNCTION public.by_form();
GRANT ALL ON grade, person, area, team, member, deputy, doc, card, seat TO {{app}};
`

const authorityModel = `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}", "{{owner}}"]}
users:
  table: person
  key: id
  login: login
  subject: sub
  active: "ended_on IS NULL"
  superuser: "grade = 'president'"
  staff: staff
  sees:
    boss: boss
    deputy: {table: deputy, viewer: deputy, seen: person}
groups:
  table: team
  key: id
  name: name
  creator: creator
  share_members_visibility: shared
  members: {table: member, group: team, user: person, from: since, until: till}
resources:
  doc: {table: doc, owner: owner}
grants:
  - {to: authenticated, allow: {doc: [read]}}
`

// unguard takes the guards away in a transaction.
func unguard(t testing.TB, tx pgx.Tx) {
	t.Helper()
	dropTriggers(t, tx, "^~?rls_guard_")
}

// dropTriggers takes away the triggers of all tables whose names a regular expression matches.
func dropTriggers(t testing.TB, q querier, names string) {
	t.Helper()
	must(t, q, `DO $$ DECLARE r record; BEGIN
		FOR r IN SELECT t.tgname, t.tgrelid::regclass AS name FROM pg_trigger AS t WHERE t.tgname ~ '`+names+`' AND t.tgparentid = 0 LOOP
			EXECUTE format('DROP TRIGGER %I ON %s', r.tgname, r.name);
		END LOOP;
	END $$`)
}

// attack is a statement that would change what decides about access; several are separated by ";;".
type attack struct{ name, who, do string }

// run runs an attack and returns the outcome of its last statement.
func (a attack) run(t *testing.T, w *world, tx pgx.Tx) string {
	t.Helper()
	list := strings.Split(a.do, ";;")
	for _, s := range list[:len(list)-1] {
		must(t, tx, s)
	}
	return w.outcome(t, tx, list[len(list)-1])
}

// refused proves that an attack is rejected, and that without the guards it would change what decides.
func refused(t *testing.T, w *world, tables string, list []attack) {
	t.Helper()
	state := func(tx pgx.Tx) string {
		must(t, tx, "RESET ROLE")
		var parts []string
		for name := range strings.FieldsSeq(tables) {
			parts = append(parts, one(t, tx, "SELECT coalesce(string_agg(x::text, ' ' ORDER BY x::text), '') FROM "+name+" AS x"))
		}
		return strings.Join(parts, "; ")
	}
	for _, a := range list {
		t.Run(a.name+"/"+a.who, func(t *testing.T) { // not parallel: the control locks the tables
			w.as(t, a.who, func(tx pgx.Tx) {
				if got := a.run(t, w, tx); got != rejected {
					t.Errorf("%s: %s, want %s", a.do, got, rejected)
				}
			})
			undone(t, w, func(tx pgx.Tx) {
				before := state(tx)
				unguard(t, tx)
				must(t, tx, "GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO "+w.role("app"))
				w.become(t, tx, a.who)
				if got := a.run(t, w, tx); state(tx) == before {
					t.Errorf("control: without the guards %s: %s, nothing has changed and nothing is proved", a.do, got)
				}
			})
		})
	}
}

func TestAuthorityIsGuarded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, authorityModel, authoritySchema)
	list := []attack{
		{"superuser", "me", "UPDATE person SET grade = 'president' WHERE id = 3"},
		{"a superuser's rank", "me", "UPDATE person SET grade = 'clerk' WHERE id = 1"},
		{"staff", "me", "UPDATE person SET staff = true WHERE id = 3"},
		{"active", "me", "UPDATE person SET ended_on = NULL WHERE id = 6"},
		{"somebody's end", "me", "UPDATE person SET ended_on = '2020-01-01' WHERE id = 1"},
		{"supervisor to oneself", "me", "UPDATE person SET boss = 3 WHERE id = 1"},
		{"supervisor away", "me", "UPDATE person SET boss = NULL WHERE id = 3"},
		{"blind update", "me", "UPDATE person SET boss = 3"},
		{"key", "me", "UPDATE person SET id = 30 WHERE id = 8"},
		{"login", "me", "UPDATE person SET login = 'pres2' WHERE id = 3"},
		{"subject", "me", "UPDATE person SET sub = 's7' WHERE id = 7"},
		{"new superuser", "me", "INSERT INTO person (id, login, grade) VALUES (10, 'x', 'president')"},
		{"new staff", "me", "INSERT INTO person (id, login, staff) VALUES (10, 'x', true)"},
		{"new below an unseen", "me", "INSERT INTO person (id, login, boss) VALUES (10, 'x', 1)"},
		{"delete a user", "me", "DELETE FROM person WHERE id = 7"},
		{"on conflict", "me", "INSERT INTO person (id, login) VALUES (3, 'me') ON CONFLICT (id) DO UPDATE SET grade = 'president'"},
		{"merge", "me", "MERGE INTO person AS p USING (VALUES (3)) AS v(id) ON p.id = v.id WHEN MATCHED THEN UPDATE SET grade = 'president'"},
		{"cte", "me", "WITH x AS (UPDATE person SET grade = 'president' WHERE id = 3 RETURNING id) SELECT * FROM x"},
		{"view of the owner", "me", "UPDATE card SET grade = 'president' WHERE id = 3"},
		{"view of the caller", "me", "INSERT INTO seat VALUES (1, 3)"},
		{"function of the caller", "me", "SELECT promote_as_caller(3)"},
		{"block", "me", "DO $$ BEGIN UPDATE public.person SET grade = 'president' WHERE id = 3; EXCEPTION WHEN division_by_zero THEN NULL; END $$"},
		{"later BEFORE trigger", "me", "UPDATE person SET phone = 'magic' WHERE id = 3"},
		{"deferred trigger", "me", "UPDATE person SET phone = 'later' WHERE id = 3 ;; SET CONSTRAINTS ALL IMMEDIATE"},
		{"role dropped on the way", "me", "UPDATE person SET grade = 'president' WHERE id = 3 AND set_config('role', 'none', true) IS NOT NULL"},

		{"join", "me", "INSERT INTO member (team, person) VALUES (1, 3)"},
		{"make somebody join", "me", "INSERT INTO member (team, person) VALUES (2, 1)"},
		{"move", "me", "UPDATE member SET team = 1 WHERE person = 3"},
		{"hand a seat over", "me", "UPDATE member SET person = 3 WHERE team = 1 AND person = 4"},
		{"prolong", "me", "UPDATE member SET till = 'infinity' WHERE person = 3"},
		{"begin earlier", "me", "UPDATE member SET since = '-infinity' WHERE person = 3"},
		{"throw out", "me", "DELETE FROM member WHERE person = 1"},
		{"leave", "me", "DELETE FROM member WHERE person = 3"},
		{"conflicting seat", "me", "INSERT INTO member (team, person) VALUES (2, 3) ON CONFLICT (team, person) DO UPDATE SET team = 1"},
		{"merge a seat", "me", "MERGE INTO member AS m USING (VALUES (9)) AS v(id) ON m.team = v.id WHEN NOT MATCHED THEN INSERT (team, person) VALUES (1, 3)"},
		{"deputy", "me", "INSERT INTO deputy VALUES (3, 1)"},
		{"turn a deputy", "me", "UPDATE deputy SET deputy = 3"},
		{"drop a deputy", "me", "DELETE FROM deputy WHERE deputy = 4"},
		{"creator", "me", "UPDATE team SET creator = 1 WHERE id = 2"},
		{"share", "me", "UPDATE team SET shared = true WHERE id = 2"},
		{"key of a team", "me", "UPDATE team SET id = 9 WHERE id = 3"},
		{"name of a team", "me", "UPDATE team SET name = 'bored' WHERE id = 1"},
		{"a team of somebody unseen", "me", "INSERT INTO team VALUES (9, 'new', 1)"},
		{"drop a team", "me", "DELETE FROM team WHERE id = 3"},

		{"cascade: a grade is renamed", "me", "UPDATE grade SET name = 'emperor' WHERE name = 'president'"},
		{"cascade: a grade is dropped", "me", "DELETE FROM grade WHERE name = 'president'"},
		{"cascade: an area takes its members along", "me", "DELETE FROM area WHERE id = 1"},
		{"cascade: in a block", "me", "DO $$ BEGIN DELETE FROM public.area WHERE id = 1; END $$"},

		{"truncate", "me", "TRUNCATE member"},
		{"truncate from afar", "me", "TRUNCATE area CASCADE"},

		{"superuser", "anonymous", "UPDATE person SET grade = 'president' WHERE id = 3"},
		{"join", "anonymous", "INSERT INTO member (team, person) VALUES (1, 3)"},
	}
	refused(t, w, "person team member deputy", list)
	t.Run("nobody", func(t *testing.T) {
		for _, do := range []string{"UPDATE person SET grade = 'president' WHERE id = 3", "INSERT INTO member (team, person) VALUES (1, 3)",
			"INSERT INTO person (id, login) VALUES (10, 'x')", "DELETE FROM member", "INSERT INTO team VALUES (9, 'x')"} {
			if got := w.try(t, "nobody", do); got != rejected {
				t.Errorf("%s: %s", do, got)
			}
		}
	})
	t.Run("none of the toolkit's business", func(t *testing.T) {
		trials(t, w, []trial{
			{"other columns are free", "me", "UPDATE person SET phone = '1' WHERE id = 4", "touched 1"},
			{"other columns are free", "nobody", "UPDATE person SET phone = '1' WHERE id = 4", "touched 1"},
			{"the value does not change", "me", "UPDATE person SET grade = 'chief' WHERE id = 3", "touched 1"},
			{"the value does not change", "me", "UPDATE person SET ended_on = '2021-01-01' WHERE id = 6", "touched 1"},
			{"nothing changes", "me", "UPDATE person SET grade = grade, boss = boss, login = login, id = id", "touched 8"},
			{"a note on a seat", "me", "UPDATE member SET note = 'x'", "touched 4"},
			{"a motto", "me", "UPDATE team SET motto = 'x'", "touched 3"},
			{"a plain new user", "me", "INSERT INTO person (id, login) VALUES (10, 'x')", "touched 1"},
			{"a plain new user", "anonymous", "INSERT INTO person (id, login) VALUES (10, 'x')", "touched 1"},
			{"below oneself", "me", "INSERT INTO person (id, login, boss) VALUES (10, 'x', 3)", "touched 1"},
			{"below somebody in sight", "me", "INSERT INTO person (id, login, boss) VALUES (10, 'x', 5)", "touched 1"},
			{"a team of one's own", "me", "INSERT INTO team VALUES (9, 'x', 3)", "touched 1"},
			{"a superuser may", "pres", "UPDATE person SET grade = 'president' WHERE id = 3", "touched 1"},
			{"a superuser may", "pres", "INSERT INTO member (team, person) VALUES (1, 3)", "touched 1"},
			{"a superuser may", "pres", "DELETE FROM area WHERE id = 1", "touched 1"},
			{"a superuser may", "pres", "UPDATE person SET grade = 'clerk' WHERE id = 1", "touched 1"},
			{"a superuser may", "pres", "UPDATE person SET id = 30 WHERE id = 7", "23503"}, // only PostgreSQL minds
			{"trusted functions", "me", "SELECT promote(3)", "NULL"},
			{"trusted trigger", "me", "INSERT INTO area VALUES (2)", "touched 1"},
		})
	})
	t.Run("maintenance", func(t *testing.T) {
		for _, role := range []string{"", "{{migrator}}", "{{owner}}"} {
			undone(t, w, func(tx pgx.Tx) {
				must(t, tx, w.text("GRANT ALL ON ALL TABLES IN SCHEMA public TO {{migrator}}"))
				if role != "" {
					must(t, tx, w.text("SET LOCAL ROLE "+role))
				}
				must(t, tx, "UPDATE person SET grade = 'president' WHERE id = 3; INSERT INTO member (team, person) VALUES (1, 3); DELETE FROM area; TRUNCATE member")
			})
		}
	})
	t.Run("the message", func(t *testing.T) {
		w.as(t, "me", func(tx pgx.Tx) {
			_, err := tx.Exec(t.Context(), "UPDATE person SET boss = 3 WHERE id = 1")
			for _, s := range []string{"column boss of public.person decides about access and is changed by superusers alone", "Act as a superuser, or connect as a maintenance role."} {
				if !strings.Contains(explain(err), s) {
					t.Errorf("no %q in %s", s, explain(err))
				}
			}
		})
	})
}
