package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// The same rows are owned by key and by another unique column of the users: whatever is asked about the one has to be
// answered alike about the other. Person n has the mail n@x and the number 1000 + n; person 8 has neither.
func secondModel(plans string) string {
	var b strings.Builder
	b.WriteString(`
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}", "{{owner}}"], plans: ` + plans + `}
users: {table: app.person, key: id, superuser: super, sees: {supervisor: boss, creator: maker}}
groups: {table: app.team, key: id, share_members_visibility: "true", members: {table: app.team_member, group: team, user: person}}
resources:
`)
	var grants []string
	for _, ws := range scopes {
		for _, oc := range checks {
			for kind, owner := range map[string]string{
				"key": "owner", "mail": "owner", "number": "{column: owner, by: number}", "tag": "{column: owner, by: tag}", "citext": "{column: owner, by: alias}",
			} {
				name := fmt.Sprintf("%s_%s_%s", kind, ws, oc)
				fmt.Fprintf(&b, "  %[1]s: {table: app.%[2]s, owner: %[3]s, write_scope: %[4]s, owner_check: %[5]s}\n", name, name, owner, ws, oc)
				grants = append(grants, name+": \"*\"")
			}
		}
	}
	for kind, owner := range map[string]string{"key": "[author, second]", "mail": "[author, {column: second, by: mail}]"} {
		fmt.Fprintf(&b, "  pair_%[1]s: {table: app.pair_%[1]s, owner: %[2]s}\n", kind, owner)
		grants = append(grants, "pair_"+kind+": \"*\"")
	}
	b.WriteString("grants:\n  - {to: authenticated, allow: {" + strings.Join(grants, ", ") + "}}\n")
	return b.String()
}

func secondSchema() string {
	var b strings.Builder
	b.WriteString(`
CREATE SCHEMA app;
CREATE TABLE app.person (id bigint PRIMARY KEY, boss bigint, maker bigint, super boolean NOT NULL DEFAULT false,
	mail varchar UNIQUE, number integer UNIQUE, tag uuid UNIQUE, alias public.citext UNIQUE);
CREATE TABLE app.team (id bigint PRIMARY KEY);
CREATE TABLE app.team_member (team bigint REFERENCES app.team, person bigint REFERENCES app.person);
INSERT INTO app.person (id, boss, maker, super) VALUES (1, NULL, NULL, false), (2, 1, NULL, false), (3, 2, NULL, false), (4, NULL, 2, false),
	(5, NULL, NULL, false), (6, NULL, NULL, false), (8, 2, NULL, false), (9, NULL, NULL, true);
UPDATE app.person SET mail = id || '@x', number = 1000 + id, tag = ('00000000-0000-0000-0000-00000000000' || id)::uuid, alias = 'Nr' || id WHERE id <> 8;
INSERT INTO app.team VALUES (1);
INSERT INTO app.team_member VALUES (1, 2), (1, 5);
`)
	for _, ws := range scopes {
		for _, oc := range checks {
			for _, k := range []struct{ kind, typ, references, from string }{
				{"key", "bigint", "REFERENCES app.person", "nullif(id, 8)"}, {"mail", "text", "REFERENCES app.person (mail) ON UPDATE CASCADE", "mail"},
				{"number", "bigint", "", "number"}, {"tag", "uuid", "", "tag"}, {"citext", "public.citext", "", "upper(alias::text)"},
			} {
				fmt.Fprintf(&b, `CREATE TABLE app.%[1]s_%[2]s_%[3]s (id bigint PRIMARY KEY, owner %[4]s %[5]s, body text);
					CREATE INDEX ON app.%[1]s_%[2]s_%[3]s (owner);
					INSERT INTO app.%[1]s_%[2]s_%[3]s SELECT id, %[6]s FROM app.person;
					INSERT INTO app.%[1]s_%[2]s_%[3]s VALUES (100);
					`, k.kind, ws, oc, k.typ, k.references, k.from)
			}
		}
	}
	b.WriteString(`
CREATE TABLE app.pair_key (id bigint PRIMARY KEY, author bigint, second bigint);
CREATE TABLE app.pair_mail (id bigint PRIMARY KEY, author bigint, second text);
INSERT INTO app.pair_key SELECT row_number() OVER (), a, s FROM unnest(ARRAY[NULL, 2, 3, 6]) AS a, unnest(ARRAY[NULL, 2, 3, 6]) AS s;
INSERT INTO app.pair_mail SELECT id, author, second || '@x' FROM app.pair_key;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app TO {{app}};
`)
	return b.String()
}

// spelt is what an owner column of each kind holds for a person.
func spelt(kind string, person int) string {
	if person == 0 {
		return "NULL"
	}
	switch kind {
	case "mail":
		return fmt.Sprintf("'%d@x'", person)
	case "number":
		return fmt.Sprint(1000 + person)
	case "tag":
		return fmt.Sprintf("'00000000-0000-0000-0000-00000000000%d'", person)
	case "citext":
		return fmt.Sprintf("'nR%d'", person)
	}
	return fmt.Sprint(person)
}

func secondWorld(t *testing.T, plans string) *world {
	t.Helper()
	w := emptyWorld(t, "")
	w.sql(t, "CREATE EXTENSION citext; GRANT CREATE ON DATABASE "+w.db.Name()+" TO {{owner}}; SET ROLE {{owner}}; "+secondSchema()+
		"RESET ROLE; GRANT USAGE ON SCHEMA app TO {{app}}, {{migrator}}")
	w.apply(t, secondModel(plans))
	return w
}

// secondDifferences asks about rows that are owned by key, and then about the same rows owned by each other column, and
// returns what is answered otherwise: all of it, or the first. In the form of policies that entering takes, or in another.
func (w *world) secondDifferences(t *testing.T, form string, first bool) (out []string) {
	t.Helper()
	for _, who := range []string{"key:2", "key:1", "key:8", "key:9"} {
		w.as(t, who, func(tx pgx.Tx) {
			if form != "" {
				must(t, tx, "SET LOCAL ROLE rls_"+form+"_"+w.role("app"))
			}
			for _, ws := range scopes {
				for _, oc := range checks {
					if first && len(out) > 0 {
						return
					}
					ask := func(kind string) (answers []string) {
						table := fmt.Sprintf("%s_%s_%s", kind, ws, oc)
						do := func(format string, args ...any) {
							must(t, tx, "SAVEPOINT probe")
							answers = append(answers, fmt.Sprintf(format, args...)+": "+w.outcome(t, tx, strings.ReplaceAll(fmt.Sprintf(format, args...), "TABLE", "app."+table)))
							must(t, tx, "ROLLBACK TO SAVEPOINT probe")
						}
						do("SELECT id FROM TABLE ORDER BY id")
						do("SELECT id FROM TABLE ORDER BY id LIMIT 2")
						do("SELECT string_agg(m.key, ',') FROM rls.can_many('update', '%s', ARRAY['1','2','3','4','5','6','8','9','100']) AS m WHERE m.allowed", table)
						do("UPDATE TABLE SET body = 'x'")
						do("DELETE FROM TABLE")
						for _, to := range []int{0, 2, 3, 6} {
							do("INSERT INTO TABLE VALUES (200, %s)", spelt(kind, to))
							do("UPDATE TABLE SET owner = %s WHERE id = 3", spelt(kind, to))
							do("UPDATE TABLE SET owner = %s WHERE id = 2", spelt(kind, to))
						}
						return answers
					}
					want := ask("key")
					kinds := []string{"mail", "number", "tag", "citext"}
					if oc != "self" {
						kinds = kinds[:1] // the rest differs in types alone
					}
					for _, kind := range kinds {
						for i, got := range ask(kind) {
							if after(want[i]) != after(got) {
								out = append(out, fmt.Sprintf("%s, %s, as %s:\n  by key %s\n  by %s %s", ws, oc, who, want[i], kind, got))
							}
						}
					}
				}
			}
			for _, sql := range []string{"SELECT id FROM app.pair_%s ORDER BY id", "UPDATE app.pair_%s SET author = author", "DELETE FROM app.pair_%s",
				"UPDATE app.pair_%s SET second = 2 WHERE id = 7", "UPDATE app.pair_%s SET second = 6 WHERE id = 7", "UPDATE app.pair_%s SET second = NULL WHERE id = 7",
				"UPDATE app.pair_%s SET author = 6 WHERE id = 7", "INSERT INTO app.pair_%s VALUES (50, 2, 6)", "INSERT INTO app.pair_%s VALUES (50, 2, 3)",
				"INSERT INTO app.pair_%s VALUES (50, NULL, 2)", "INSERT INTO app.pair_%s VALUES (50, NULL, NULL)"} {
				ask := func(kind string) string {
					s := fmt.Sprintf(sql, kind)
					if kind == "mail" {
						for _, n := range []string{"2", "3", "6"} {
							s = strings.Replace(s, "second = "+n, "second = '"+n+"@x'", 1)
							if strings.HasSuffix(s, ", "+n+")") {
								s = strings.TrimSuffix(s, n+")") + "'" + n + "@x')"
							}
						}
					}
					must(t, tx, "SAVEPOINT probe")
					defer must(t, tx, "ROLLBACK TO SAVEPOINT probe")
					return w.outcome(t, tx, s)
				}
				if a, b := ask("key"), ask("mail"); a != b {
					out = append(out, fmt.Sprintf("%s as %s: by key %s, by mail %s", sql, who, a, b))
				}
			}
		})
	}
	return out
}

// after is the outcome in "statement: outcome".
func after(answer string) string { return answer[strings.LastIndex(answer, ": "):] }

// TestSecondKeys compares rows that are owned by key with the same rows owned by another unique column of the users, in
// every form of policies, for every write scope and owner check.
func TestSecondKeys(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{{"by_viewer", ""}, {"by_viewer", "middle"}, {"by_viewer", "wide"}, {"one", ""}} {
		plans, form := c[0], c[1]
		t.Run(plans+" "+form, func(t *testing.T) {
			t.Parallel()
			w := secondWorld(t, plans)
			for _, d := range w.secondDifferences(t, form, false) {
				t.Error(d)
			}
			if !w.plan(t, secondModel(plans)).Plan.Empty() && len(w.gates) == 0 {
				t.Error("the second plan is not empty")
			}
		})
	}
}

// TestSecondKeysMutations spoils the translation of keys.
func TestSecondKeysMutations(t *testing.T) {
	t.Parallel()
	w := secondWorld(t, "by_viewer")
	for name, spoil := range map[string]struct{ form, from, to string }{
		"admitted_by_2":        {"", "= ANY", "<> ALL"}, // mail
		"admitted_by_2_ranges": {"wide", "= ANY", "<> ALL"},
		"admitted_by_3":        {"", "AND t.number IS NOT NULL", "OR true"},
		"admitted_by_4":        {"", "$1, $2, $3, $4", "$1, $2, 'visible', $4"}, // tag
	} {
		// Not parallel: each spoils the same world.
		t.Run(name, func(t *testing.T) {
			def := one(t, w.root, "SELECT pg_get_functiondef(p.oid) FROM pg_proc AS p WHERE p.pronamespace = 'rls'::regnamespace AND p.proname = $1", name)
			bad := strings.Replace(def, spoil.from, spoil.to, 1)
			if bad == def {
				t.Fatalf("nothing is spoilt in %s", def)
			}
			w.sql(t, bad)
			if len(w.secondDifferences(t, spoil.form, true)) == 0 {
				t.Error("nobody has noticed")
			}
			w.sql(t, def)
		})
	}
}

// TestSecondKeyChanges changes the column that rows are owned by.
func TestSecondKeyChanges(t *testing.T) {
	t.Parallel()
	w := secondWorld(t, "by_viewer")
	w.as(t, "key:2", func(tx pgx.Tx) {
		ask := func(kind string) string {
			return w.outcome(t, tx, fmt.Sprintf("SELECT string_agg(id::text, ' ' ORDER BY id) FROM app.%s_visible_visible", kind))
		}
		expect := func(kind, want string) {
			t.Helper()
			if got := ask(kind); got != want {
				t.Errorf("%s: %s, want %s", kind, got, want)
			}
		}
		expect("mail", "2 3 4 5")
		expect("number", "2 3 4 5")
		w.sql(t, "UPDATE app.person SET mail = 'new@x', number = 7000 WHERE id = 3") // rows follow the foreign key, and nothing else does
		expect("mail", "2 3 4 5")
		expect("number", "2 4 5")
		w.sql(t, "UPDATE app.person SET number = NULL WHERE id = 4")
		expect("number", "2 5")
		w.sql(t, "UPDATE app.person SET number = 1004 WHERE id = 8") // the orphan has an owner again
		expect("number", "2 4 5")
	})
}
