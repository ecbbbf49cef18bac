package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/doctor"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// cascadeModel: ann sees bob, cid sees himself, and root is a superuser. Everybody holds every grant but eve, who only reads.
const cascadeModel = `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"]}
open: [public.project]
users: {table: public.person, key: id, login: login, superuser: root, sees: {supervisor: boss}}
services: {jobs: {allow: {task: [read, delete], step: [read]}}}
resources:
  task: {table: public.task, owner: owner, CASCADES}
  step: {table: public.step, owner: owner, CASCADES}
  part: {table: public.part, owner: owner, CASCADES}
  heir: {table: public.heir, owner: owner, CASCADES}
  loose: {table: public.loose, owner: owner, write_scope: self, CASCADES}
  deed: {table: public.deed, owner: owner, CASCADES}
  note: {table: public.note, owner: owner, cascades: allow}
grants:
  - {to: "user:ann", allow: {task: "*", step: "*", part: "*", heir: "*", loose: "*", deed: "*", note: "*"}}
  - {to: "user:cid", allow: {task: "*", step: "*", part: "*", heir: "*", loose: "*", deed: "*", note: "*"}}
  - {to: "user:eve", allow: {task: [read], step: [read], part: [read], heir: [read], loose: [read], deed: [read], note: [read]}}
`

// Projects: 1 holds ann's and bob's rows, 2 one of cid's as well, 3 nothing but steps of cid's below a task of ann's, 4 is for
// keys that change, 5 for owners, 6 for rows of nobody, and 7 for what may go.
const cascadeSchema = `
CREATE TABLE person (id WHO PRIMARY KEY, login text UNIQUE, boss WHO REFERENCES person, root boolean NOT NULL DEFAULT false);
CREATE TABLE project (id integer PRIMARY KEY, tenant integer NOT NULL DEFAULT 1, lead WHO, UNIQUE (id, lead), UNIQUE (tenant, id));
CREATE TABLE task (id integer PRIMARY KEY, owner WHO REFERENCES person, project integer REFERENCES project ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE step (id integer PRIMARY KEY, owner WHO REFERENCES person, task integer REFERENCES task ON DELETE CASCADE, under integer REFERENCES step ON DELETE CASCADE);
CREATE TABLE part (id integer, owner WHO, tenant integer, project integer, PRIMARY KEY (id, tenant),
    FOREIGN KEY (tenant, project) REFERENCES project (tenant, id) ON DELETE CASCADE ON UPDATE CASCADE) PARTITION BY LIST (tenant);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1);
CREATE TABLE part_2 PARTITION OF part FOR VALUES IN (2);
CREATE TABLE heir (id integer PRIMARY KEY, owner WHO, project integer);
CREATE TABLE heir_child (project integer REFERENCES project ON DELETE CASCADE) INHERITS (heir);
CREATE TABLE loose (id integer PRIMARY KEY, owner WHO, project integer DEFAULT 1 REFERENCES project ON DELETE SET NULL ON UPDATE SET DEFAULT);
CREATE TABLE deed (id integer PRIMARY KEY, owner WHO, project integer,
    FOREIGN KEY (project, owner) REFERENCES project (id, lead) ON UPDATE CASCADE ON DELETE SET NULL (owner));
CREATE TABLE note (id integer PRIMARY KEY, owner WHO, project integer REFERENCES project ON DELETE CASCADE);
INSERT INTO person (id, login, boss, root) VALUES (ROOT, 'root', NULL, true), (ANN, 'ann', NULL, false), (BOB, 'bob', ANN, false), (CID, 'cid', NULL, false), (EVE, 'eve', NULL, false);
INSERT INTO project (id, lead) SELECT n, BOB FROM generate_series(1, 9) AS n;
INSERT INTO task VALUES (1, ANN, 1), (2, BOB, 1), (3, BOB, 2), (4, CID, 2), (5, ANN, 3), (7, NULL, 6), (8, CID, 8);
INSERT INTO step VALUES (1, BOB, 1, NULL), (2, CID, 5, NULL), (3, ANN, NULL, NULL), (4, ANN, NULL, 3), (5, CID, NULL, 4), (6, CID, 8, NULL);
INSERT INTO part VALUES (1, BOB, 1, 1), (2, CID, 1, 4), (3, BOB, 1, 7);
INSERT INTO heir_child VALUES (1, BOB, 7), (2, CID, 9);
INSERT INTO loose VALUES (1, ANN, 1), (2, BOB, 5), (3, ANN, 7);
INSERT INTO deed VALUES (1, BOB, 5);
INSERT INTO note VALUES (1, CID, 7);
GRANT SELECT, INSERT, UPDATE, DELETE ON person, project, task, step, part, heir, heir_child, loose, deed, note TO {{app}}, {{migrator}};
`

// keyed fills in the keys of the users for one type of key.
func keyed(text, key string) string {
	var pairs []string
	for i, name := range []string{"ROOT", "ANN", "BOB", "CID", "EVE"} {
		literal := fmt.Sprint(i + 1)
		if key == "uuid" {
			literal = fmt.Sprintf("'00000000-0000-0000-0000-00000000000%d'", i+1)
		} else if key == "text" {
			literal = fmt.Sprintf("'p%d'", i+1)
		}
		pairs = append(pairs, name, literal)
	}
	return strings.NewReplacer(append(pairs, "WHO", key)...).Replace(text)
}

// cascadeTrials are what projects take along, by who deletes or changes them. gone is what PostgreSQL does by itself.
var cascadeTrials = []struct{ name, who, do, want, gone string }{
	{"rows that may be deleted", "ann", "DELETE FROM project WHERE id = 7", "touched 1", "touched 1"},
	{"a row of somebody out of sight", "ann", "DELETE FROM project WHERE id = 2", rejected, "touched 1"},
	{"the same, for its owner", "cid", "DELETE FROM project WHERE id = 2", rejected, "touched 1"},
	{"all are the principal's own", "cid", "DELETE FROM project WHERE id = 8", "touched 1", "touched 1"},
	{"read, and no grant of delete", "eve", "DELETE FROM project WHERE id = 1", rejected, "touched 1"},
	{"a superuser", "root", "DELETE FROM project WHERE id = 2", "touched 1", "touched 1"},
	{"anonymous", "anonymous", "DELETE FROM project WHERE id = 2", rejected, "touched 1"},
	{"nobody", "nobody", "DELETE FROM project WHERE id = 2", rejected, "touched 1"},
	{"a service that may delete them", "service:jobs", "DELETE FROM project WHERE id = 2", "touched 1", "touched 1"},
	{"a service that may only read what is below", "service:jobs", "DELETE FROM project WHERE id = 3", rejected, "touched 1"},
	{"a service that the model allows nothing", "service:jobs", "DELETE FROM project WHERE id = 9", rejected, "touched 1"},
	{"two levels below", "ann", "DELETE FROM project WHERE id = 3", rejected, "touched 1"},
	{"from a resource to another", "ann", "DELETE FROM task WHERE id = 5", rejected, "touched 1"},
	{"within one table, two levels below", "ann", "DELETE FROM step WHERE id = 3", rejected, "touched 1"},
	{"a row of nobody's", "ann", "DELETE FROM project WHERE id = 6", rejected, "touched 1"},
	{"a partition, a foreign key of two columns", "ann", "DELETE FROM project WHERE id = 4", rejected, "touched 1"},
	{"a key of two columns that changes", "ann", "UPDATE project SET tenant = 3 WHERE id = 4", rejected, "23514"},
	{"a row that goes to another partition", "ann", "UPDATE project SET tenant = 2 WHERE id = 4", rejected, "touched 1"},
	{"the same, of somebody in sight", "ann", "UPDATE project SET tenant = 2 WHERE id = 7", "touched 1", "touched 1"},
	{"a child", "ann", "DELETE FROM project WHERE id = 9", rejected, "touched 1"},
	{"a key that changes", "ann", "UPDATE project SET id = 12 WHERE id = 2", rejected, "touched 1"},
	{"a key that changes, where all may be updated", "cid", "UPDATE project SET id = 12 WHERE id = 8", "touched 1", "touched 1"},
	{"set null, in sight and out of the write scope", "ann", "DELETE FROM project WHERE id = 5", rejected, "touched 1"},
	{"set default, in sight and out of the write scope", "ann", "UPDATE project SET id = 15 WHERE id = 5", rejected, "touched 1"},
	{"an owner who is out of sight", "ann", "UPDATE project SET lead = CID WHERE id = 5", rejected, "touched 1"},
	{"an owner in sight", "ann", "UPDATE project SET lead = ANN WHERE id = 5", "touched 1", "touched 1"},
	{"RETURNING", "ann", "DELETE FROM project WHERE id = 2 RETURNING id", rejected, "2"},
	{"a common table expression", "ann", "WITH d AS (DELETE FROM project WHERE id = 2 RETURNING id) SELECT id FROM d", rejected, "2"},
	{"MERGE", "ann", "MERGE INTO project AS p USING (VALUES (2)) AS v(id) ON p.id = v.id WHEN MATCHED THEN DELETE", rejected, "touched 1"},
	{"ON CONFLICT", "ann", "INSERT INTO project VALUES (2) ON CONFLICT (id) DO UPDATE SET id = 22", rejected, "touched 1"},
	{"in a block that catches", "ann", "DO $$ BEGIN BEGIN DELETE FROM project WHERE id = 2; EXCEPTION WHEN insufficient_privilege THEN NULL; END; DELETE FROM project WHERE id = 3; END $$", rejected, filtered},
	{"a resource that allows it", "ann", "DELETE FROM project WHERE id = 7 RETURNING (SELECT count(*) FROM note)", "0", "0"},
}

func newCascadeWorld(t *testing.T, key, cascades string) *world {
	t.Helper()
	model := strings.ReplaceAll(cascadeModel, ", CASCADES", cascades)
	return newWorld(t, model, keyed(cascadeSchema, key))
}

// TestHazardCascades: a resource that refuses them loses no row to a foreign key that whoever causes it could not delete or
// change by name.
func TestHazardCascades(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"bigint", "uuid", "text"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			w := newCascadeWorld(t, key, ", cascades: refuse")
			for _, c := range cascadeTrials {
				if got := w.try(t, c.who, keyed(c.do, key)); got != c.want {
					t.Errorf("%s: %s as %s: %s, want %s", c.name, c.do, c.who, got, c.want)
				}
			}
			if got := one(t, w.root, "SELECT (SELECT count(*) FROM task) || ' ' || (SELECT count(*) FROM step)"); got != "7 6" {
				t.Errorf("tasks and steps left: %s", got)
			}
			dropTriggers(t, w.root, "^~rls_cascade$")
			for _, c := range cascadeTrials {
				if got := w.try(t, c.who, keyed(c.do, key)); got != c.gone {
					t.Errorf("without the triggers: %s: %s as %s: %s, want %s", c.name, c.do, c.who, got, c.gone)
				}
			}
		})
	}
}

// TestHazardCascadeChannels: who has caused it is asked of whoever is there, not of the table's owner as whom PostgreSQL does it.
func TestHazardCascadeChannels(t *testing.T) {
	t.Parallel()
	w := newCascadeWorld(t, "bigint", ", cascades: refuse")
	person, cid := w.person(t, "ann"), w.person(t, "cid")
	login, roles := w.bi(t, "ann", "root")
	bi := w.db.Conn(t, login)
	migrator, owner := w.admin(t), w.admin(t)
	must(t, migrator, w.text(`SET SESSION AUTHORIZATION {{migrator}}`))
	must(t, owner, w.text(`SET SESSION AUTHORIZATION {{owner}}`))
	held := "DELETE FROM project WHERE id = 2"
	for _, c := range []struct {
		name string
		conn *pgx.Conn
		set  string
		do   string
		want string
	}{
		{"a person", person, "", held, rejected},
		{"a person, a cursor's row", person, "DECLARE c CURSOR FOR SELECT FROM project WHERE id = 2 FOR UPDATE; MOVE c", "DELETE FROM project WHERE CURRENT OF c", rejected},
		{"a person, prepared", person, "PREPARE d AS DELETE FROM project WHERE id = $1", "EXECUTE d(2)", rejected},
		{"a person, through a trigger of their own", person, `CREATE TEMP TABLE own (id integer) ON COMMIT DROP;
			CREATE FUNCTION pg_temp.own() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.project WHERE id = NEW.id; RETURN NEW; END';
			CREATE TRIGGER own BEFORE INSERT ON own FOR EACH ROW EXECUTE FUNCTION pg_temp.own()`, "INSERT INTO own VALUES (2)", rejected},
		{"another person, their own rows", cid, "", "DELETE FROM project WHERE id = 8", "touched 1"},
		{"impersonating", bi, "SET LOCAL ROLE " + roles["ann"], held, rejected},
		{"impersonating a superuser, who is none there", bi, "SET LOCAL ROLE " + roles["root"], held, rejected},
		{"maintenance", migrator, "", held, "touched 1"},
		{"maintenance that acts for somebody", w.admin(t), "SELECT rls.impersonate('ann')", held, rejected},
		{"a database superuser", w.admin(t), "", held, "touched 1"},
		{"a database superuser as somebody else", w.admin(t), "SET LOCAL ROLE " + w.role("app"), held, rejected},
		{"the table's owner, who is nobody", owner, "", held, rejected},
	} {
		tx, err := c.conn.Begin(t.Context())
		if err != nil {
			t.Fatal(explain(err))
		}
		must(t, tx, c.set)
		if got := w.outcome(t, tx, c.do); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// What is refused does not tell whose row it was.
	_, err := person.Exec(t.Context(), held)
	if text := explain(err); !strings.Contains(text, `a foreign key would delete a row of resource "task" out of reach`) || strings.Contains(text, "owner") {
		t.Error(text)
	}
	// Statements of a trigger of the application's are not cascades: the policies hold them.
	w.sql(t, `CREATE FUNCTION relay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN DELETE FROM public.task WHERE id = 4; RETURN NULL; END';
		CREATE TRIGGER relay AFTER UPDATE ON project FOR EACH STATEMENT EXECUTE FUNCTION relay()`)
	if got := w.try(t, "ann", "UPDATE project SET lead = lead WHERE id = 9"); got != "touched 1" {
		t.Errorf("a definer function of a database superuser: %s", got)
	}
}

// TestHazardCascadesNamed: check and doctor name each foreign key until the model decides about it.
func TestHazardCascadesNamed(t *testing.T) {
	t.Parallel()
	w := newCascadeWorld(t, "bigint", "")
	named := func() (check, found []string) {
		for _, d := range w.plan(t, w.model).Diagnostics {
			if d.Code == "RL248" {
				check = append(check, d.Message)
			}
		}
		r, err := doctor.Examine(t.Context(), w.admin(t), doctor.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.Findings {
			if f.Code == "RL648" {
				found = append(found, f.Message)
			}
		}
		return check, found
	}
	hidden := func(table string) string { return " rows of public." + table + " that the policies hide from them" }
	want := []string{
		"foreign key deed_project_owner_fkey of public.deed has ON DELETE SET NULL ON UPDATE CASCADE: whoever deletes a row of public.project changes, and whoever changes column id, lead of public.project changes" + hidden("deed"),
		"foreign key heir_child_project_fkey of public.heir_child has ON DELETE CASCADE: whoever deletes a row of public.project deletes" + hidden("heir_child"),
		"foreign key loose_project_fkey of public.loose has ON DELETE SET NULL ON UPDATE SET DEFAULT: whoever deletes a row of public.project changes, and whoever changes column id of public.project changes" + hidden("loose"),
		"foreign key part_tenant_project_fkey of public.part has ON DELETE CASCADE ON UPDATE CASCADE: whoever deletes a row of public.project deletes, and whoever changes column tenant, id of public.project changes" + hidden("part"),
		"foreign key step_task_fkey of public.step has ON DELETE CASCADE: whoever deletes a row of public.task deletes" + hidden("step"),
		"foreign key step_under_fkey of public.step has ON DELETE CASCADE: whoever deletes a row of public.step deletes" + hidden("step"),
		"foreign key task_project_fkey of public.task has ON DELETE CASCADE ON UPDATE CASCADE: whoever deletes a row of public.project deletes, and whoever changes column id of public.project changes" + hidden("task"),
	}
	check, found := named()
	equal(t, check, want, "check")
	equal(t, found, append(slices.Clone(want), "foreign key note_project_fkey of public.note has ON DELETE CASCADE: whoever deletes a row of public.project deletes"+hidden("note")), "doctor")
	if got := w.try(t, "ann", "DELETE FROM project WHERE id = 2"); got != "touched 1" {
		t.Errorf("without a word in the model: %s", got)
	}

	w.apply(t, strings.ReplaceAll(w.model, "owner: owner}", "owner: owner, cascades: refuse}"))
	w.apply(t, strings.NewReplacer("deed, owner: owner, cascades: refuse}", "deed, owner: owner, cascades: allow}", "write_scope: self}", "write_scope: self, cascades: allow}").Replace(w.model))
	check, found = named()
	equal(t, check, nil, "check of a model that decides")
	equal(t, found, []string{want[0], want[2], "foreign key note_project_fkey of public.note has ON DELETE CASCADE: whoever deletes a row of public.project deletes" + hidden("note")}, "doctor of it")
	if got := w.try(t, "ann", "DELETE FROM project WHERE id = 2"); got != rejected {
		t.Errorf("a resource that has come to refuse: %s", got)
	}
	// A partition of tomorrow is covered, and a child by the next apply.
	w.sql(t, "CREATE TABLE part_3 PARTITION OF part FOR VALUES IN (3); UPDATE project SET tenant = 3 WHERE id = 4")
	if got := w.try(t, "ann", "DELETE FROM project WHERE id = 4"); got != rejected {
		t.Errorf("a new partition: %s", got)
	}
	r, err := pipeline.Plan(t.Context(), w.admin(t), w.parse(t, strings.ReplaceAll(w.model, "cascades: refuse", "cascades: allow")))
	if err != nil {
		t.Fatal(err)
	}
	drops := 0
	for _, c := range r.Plan.Changes {
		if c.Op == policies.OpDrop && strings.HasSuffix(c.Object.Name, `"~rls_cascade"`) {
			drops++
		}
	}
	if drops != 5 {
		t.Errorf("%d triggers dropped, want 5", drops)
	}
}
