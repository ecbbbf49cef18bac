package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

const formModel = `
version: 1
database: {client_roles: ["{{app}}", "{{app_ro}}"]%s}
users:
  table: person
  key: id
  login: name
  superuser: is_root
  sees: {supervisor: boss}
groups:
  table: team
  key: id
  name: name
  share_members_visibility: "true"
  members: {table: team_member, group: team, user: member}
services: {jobs: {}}
resources:
  note: {table: note, owner: owner}
  plan: {table: plan, owner: owner, write_scope: hierarchy}
  diary: {table: diary, owner: owner, write_scope: self, owner_check: self}
  paper: {table: paper, owner: [owner, other, {group: team}]}
grants:
  - {to: everyone, allow: {note: "*", plan: "*", diary: "*", paper: "*"}}
`

// formPeople is who there is: leaf below middle below boss, mate in a team with leaf, root a superuser; lonely beside them.
var formPeople = []struct {
	name, key                string
	visible, hierarchy, self string // keys, as the rules of the graph give them
	teams                    string
}{
	{"leaf", "1", "1 4", "1", "1", "7"},
	{"middle", "2", "1 2", "1 2", "2", ""},
	{"boss", "3", "1 2 3", "1 2 3", "3", "8"},
	{"mate", "4", "1 4", "4", "4", "7"},
	{"lonely", "5", "5", "5", "5", ""},
}

func formSchema(key string) string {
	k := func(n string) string {
		if key == "uuid" {
			return "'00000000-0000-4000-8000-00000000000" + n + "'"
		}
		return n
	}
	schema := strings.ReplaceAll(`
		CREATE TABLE person (id TYPE PRIMARY KEY, name text UNIQUE, boss TYPE, is_root boolean NOT NULL DEFAULT false);
		CREATE TABLE team (id integer PRIMARY KEY, name text UNIQUE);
		CREATE TABLE team_member (team integer, member TYPE);
		CREATE TABLE note (id integer PRIMARY KEY, owner TYPE, body text);
		CREATE TABLE plan (LIKE note INCLUDING ALL);
		CREATE TABLE diary (LIKE note INCLUDING ALL);
		CREATE TABLE paper (id integer PRIMARY KEY, owner TYPE, other TYPE, team integer, body text);
		GRANT SELECT, INSERT, UPDATE, DELETE ON note, plan, diary, paper TO {{app}};
		GRANT SELECT ON note, plan, diary, paper TO {{app_ro}};
		INSERT INTO team VALUES (7, 'seven'), (8, 'eight');`, "TYPE", key)
	for _, p := range [][3]string{
		{"3", "boss", ""}, {"2", "middle", "3"}, {"1", "leaf", "2"}, {"4", "mate", ""}, {"5", "lonely", ""}, {"6", "root", ""},
	} {
		boss := "NULL"
		if p[2] != "" {
			boss = k(p[2])
		}
		schema += fmt.Sprintf("INSERT INTO person VALUES (%s, '%s', %s, %t);", k(p[0]), p[1], boss, p[1] == "root")
	}
	schema += fmt.Sprintf("INSERT INTO team_member VALUES (7, %s), (7, %s), (8, %s);", k("1"), k("4"), k("3"))
	for _, table := range []string{"note", "plan", "diary"} {
		for _, owner := range []string{"1", "2", "3", "4", "5", "6", "9"} { // 9 is nobody
			schema += fmt.Sprintf("INSERT INTO %s VALUES (%s, %s);", table, owner, k(owner))
		}
		schema += fmt.Sprintf("INSERT INTO %s VALUES (10, NULL);", table)
	}
	for i, r := range papers {
		value := func(s string) string {
			if s == "" {
				return "NULL"
			}
			return k(s)
		}
		schema += fmt.Sprintf("INSERT INTO paper VALUES (%d, %s, %s, nullif('%s', '')::integer);", i, value(r[0]), value(r[1]), r[2])
	}
	return schema
}

// papers have an owner, another and a team.
var papers = [][3]string{
	{"1", "3", ""}, {"3", "1", "8"}, {"5", "2", ""}, {"", "", "7"}, {"", "", "8"}, {"9", "4", "7"}, {"", "", ""}, {"6", "9", ""},
	{"5", "", "7"},
}

func TestSetForms(t *testing.T) {
	t.Parallel()
	// "Each form of it is exactly right for every principal."
	for _, key := range []string{"bigint", "uuid", "text"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, fmt.Sprintf(formModel, ""), formSchema(key))
			forms := w.rows(t, w.root, "SELECT form || '|' || role FROM rls.plan_role WHERE client_role = $1 ORDER BY form", w.role("app"))
			if len(forms) < 4 {
				t.Fatalf("plan roles: %v", forms)
			}
			nobody := "key:77"
			if key == "uuid" {
				nobody = "key:00000000-0000-4000-8000-000000000077"
			}
			for _, who := range []string{"leaf", "middle", "boss", "mate", "lonely", "root", "service:jobs", "anonymous", nobody} {
				for _, f := range append([]string{"entered|"}, forms...) {
					form, role, _ := strings.Cut(f, "|")
					w.as(t, who, func(tx pgx.Tx) {
						if role != "" {
							must(t, tx, "SET LOCAL ROLE "+role)
						}
						w.formRows(t, tx, key, who, form)
					})
				}
			}
		})
	}
}

// formRows compares what a principal reaches in a form with the rules.
func (w *world) formRows(t *testing.T, tx pgx.Tx, key, who, form string) {
	t.Helper()
	root := who == "root"
	var visible, hierarchy, self, teams []string
	for _, p := range formPeople {
		if p.name == who {
			visible, hierarchy, self, teams = strings.Fields(p.visible), strings.Fields(p.hierarchy), strings.Fields(p.self), strings.Fields(p.teams)
		}
	}
	check := func(sql, want string) {
		t.Helper()
		got := w.outcome(t, tx, sql)
		// An error rather than wrong rows; a new transaction mends it.
		if root && !slices.Contains([]string{"any", "all", "entered"}, form) || form == "all" && len(self) > 0 && !root {
			want = "40001"
		}
		fields := strings.Fields(got)
		if got != filtered && got != rejected && !strings.HasPrefix(got, "touched") {
			slices.Sort(fields)
			got = strings.Join(fields, " ")
		}
		if got != want {
			t.Errorf("%s in the form %s: %s\n  got  %s\n  want %s", who, form, sql, got, want)
		}
	}
	rows := func(ids []string) string {
		if len(ids) == 0 {
			return filtered
		}
		slices.Sort(ids)
		return strings.Join(ids, " ")
	}
	for _, c := range []struct {
		table         string
		write, create []string
	}{{"note", visible, visible}, {"plan", hierarchy, visible}, {"diary", self, self}} {
		all := []string{"1", "2", "3", "4", "5", "6", "9", "10"}
		read, write := slices.Clone(visible), slices.Clone(c.write)
		if root {
			read, write = slices.Clone(all), slices.Clone(all)
		}
		check("SELECT id FROM "+c.table, rows(read))
		check("SELECT id FROM "+c.table+" ORDER BY id LIMIT 100", rows(slices.Clone(read)))
		check("UPDATE "+c.table+" SET body = 'x' RETURNING id", rows(slices.Clone(write)))
		blind := filtered
		if len(write) > 0 {
			blind = fmt.Sprintf("touched %d", len(write))
		}
		check("UPDATE "+c.table+" SET body = body", blind)
		check("DELETE FROM "+c.table+" RETURNING id", rows(slices.Clone(write)))
		for i, owner := range all {
			value := "'" + owner + "'"
			if key == "uuid" {
				value = "'00000000-0000-4000-8000-00000000000" + owner + "'"
			}
			if owner == "10" {
				value = "NULL"
			}
			want := rejected
			if root || slices.Contains(c.create, owner) {
				want = "touched 1"
			}
			check(fmt.Sprintf("INSERT INTO %s VALUES (%d, %s)", c.table, 1000+i, value), want)
		}
	}
	var reached []string
	for i, p := range papers {
		if root || p[0] != "" && slices.Contains(visible, p[0]) || p[1] != "" && slices.Contains(visible, p[1]) ||
			p[2] != "" && slices.Contains(teams, p[2]) {
			reached = append(reached, fmt.Sprint(i))
		}
	}
	check("SELECT id FROM paper", rows(slices.Clone(reached)))
	check("UPDATE paper SET body = 'x' RETURNING id", rows(slices.Clone(reached)))
	check("DELETE FROM paper RETURNING id", rows(slices.Clone(reached)))
}

// TestSetReadOnlyClient enters by way of a client role that may only read, and tries to write in every form.
// "Entering never adds a table privilege."
func TestSetReadOnlyClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fmt.Sprintf(formModel, ""), formSchema("bigint"))
	w.shared(t, "app") // the other client's roles are not for this one
	for _, who := range []string{"leaf", "boss", "root", "anonymous", "service:jobs"} {
		for _, role := range append([]string{""}, w.rows(t, w.root, "SELECT role FROM rls.plan_role ORDER BY role")...) {
			w.asClient(t, "app_ro", who, func(tx pgx.Tx) {
				if role != "" {
					_, err := tx.Exec(t.Context(), "SET LOCAL ROLE "+role)
					mine := strings.HasSuffix(role, w.role("app_ro"))
					if mine != (err == nil) {
						t.Errorf("%s takes %s: %v", who, role, err)
					}
					if err != nil {
						return
					}
				}
				for _, sql := range []string{
					"INSERT INTO note VALUES (500, 1)", "UPDATE note SET body = 'x'", "DELETE FROM note", "UPDATE note SET body = 'x' WHERE id = 1",
				} {
					if got := w.outcome(t, tx, sql); got != rejected {
						t.Errorf("%s as %q: %s: %s", who, role, sql, got)
					}
				}
				if got := w.outcome(t, tx, "TRUNCATE note"); got != rejected {
					t.Errorf("%s as %q truncates: %s", who, role, got)
				}
			})
		}
	}
	// "A member of that client role alone, and of the kernel's role that the policies of the form are TO."
	for _, r := range w.rows(t, w.root, "SELECT role || '|' || client_role || '|' || form FROM rls.plan_role") {
		p := strings.Split(r, "|")
		equal(t, w.rows(t, w.root, `SELECT g.rolname FROM pg_auth_members AS a JOIN pg_roles AS g ON g.oid = a.roleid
			WHERE a.member = $1::regrole`, p[0]), []string{p[1], "rls_" + p[2]}, "memberships of %s", p[0])
		equal(t, w.rows(t, w.root, `
			SELECT concat_ws(' ', d.classid::regclass, d.objid, d.deptype) FROM pg_shdepend AS d
			WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = $1::regrole AND d.deptype <> 'o'
			  AND NOT (d.classid = 'pg_namespace'::regclass AND d.objid = 'rls'::regnamespace AND d.deptype = 'a')`, p[0]),
			nil, "privileges of %s", p[0])
		if got := one(t, w.root, `
			SELECT has_schema_privilege($1, 'rls', 'CREATE')::text || rolcanlogin || rolsuper || rolbypassrls || rolcreaterole || rolcreatedb
			FROM pg_roles WHERE rolname = $1`, p[0]); got != strings.Repeat("false", 6) {
			t.Errorf("%s may: %s", p[0], got)
		}
	}
}

// TestSetPlansOne applies the model with "plans: one": "one: a single form".
func TestSetPlansOne(t *testing.T) {
	t.Parallel()
	for _, before := range []bool{false, true} {
		t.Run(fmt.Sprintf("after by_viewer %t", before), func(t *testing.T) {
			t.Parallel()
			w := emptyWorld(t, formSchema("bigint"))
			if before {
				w.apply(t, fmt.Sprintf(formModel, ""))
			}
			w.apply(t, fmt.Sprintf(formModel, ", plans: one"))
			if got := one(t, w.root, "SELECT count(*) FROM rls.plan_role"); got != "0" {
				t.Errorf("%s plan roles", got)
			}
			if got := w.rows(t, w.root, "SELECT rolname FROM pg_roles WHERE rolname LIKE 'rls\\_%\\_' || $1", w.role("app")); len(got) > 0 {
				t.Errorf("plan roles exist: %v", got)
			}
			for _, who := range []string{"leaf", "middle", "boss", "mate", "lonely", "root", "service:jobs", "anonymous"} {
				w.as(t, who, func(tx pgx.Tx) {
					if got := one(t, tx, "SELECT current_user"); got != w.role("app") {
						t.Errorf("%s works as %s", who, got)
					}
					w.formRows(t, tx, "bigint", who, "entered")
				})
			}
			w.apply(t, fmt.Sprintf(formModel, ""))
			w.apply(t, fmt.Sprintf(formModel, ", plans: one"))
		})
	}
}
