package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies/pipeline"
)

const keyModel = `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}", "{{owner}}"]}
users: {table: app.person, key: id, superuser: super, sees: {supervisor: boss, delegate: {table: app.deputy, viewer: deputy, seen: person}}}
groups: {table: app.team, key: id, share_members_visibility: "true", members: {table: app.team_member, group: team, user: person}}
resources:
  note: {table: app.note, owner: [owner, {group: team}], owner_check: self}
  plain: {table: app.plain, owner: owner}
grants:
  - {to: authenticated, allow: {note: "*", plain: "*"}}
  - {to: group:KEY1, allow: {note: [read]}}
`

// TestStrangersKeys gives people, groups and rows keys of every type that strangers may have, written in another case wherever
// the type does not tell, and expects the same answers of each.
func TestStrangersKeys(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, typ string
		stored    string // key of n as it is stored, %d
		other     string // as something else spells it
	}{
		{"bigint", "bigint", "%d", "%d"},
		{"varchar", "varchar(20)", "Nr%d", "Nr%d"},
		{"citext", "ext.citext", "Nr%d", "nR%d"},
		{"domain_bigint", "app.number", "%d", "%d"},
		{"domain_varchar", "app.word", "Nr%d", "Nr%d"},
		{"domain_citext", "app.name", "Nr%d", "NR%d"},
		{"domain_uuid", `app."the; id"`, "00000000-0000-0000-0000-00000000000%d", "00000000-0000-0000-0000-00000000000%d"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stored := func(n int) string { return fmt.Sprintf("'"+c.stored+"'", n) }
			other := func(n int) string { return fmt.Sprintf("'"+c.other+"'", n) }
			fill := func(s string) string {
				for n := range 10 {
					s = strings.ReplaceAll(s, fmt.Sprintf("<%d>", n), stored(n))
					s = strings.ReplaceAll(s, fmt.Sprintf("[%d]", n), other(n))
				}
				return strings.ReplaceAll(s, "TYPE", c.typ)
			}
			w := emptyWorld(t, "")
			w.sql(t, "CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext; GRANT USAGE ON SCHEMA ext TO PUBLIC; GRANT CREATE ON DATABASE "+w.db.Name()+" TO {{owner}}; SET ROLE {{owner}};"+fill(`
				CREATE SCHEMA app;
				CREATE DOMAIN app.small AS bigint; CREATE DOMAIN app.number AS app.small CHECK (VALUE >= 0); CREATE DOMAIN app.word AS varchar(20);
				CREATE DOMAIN app.name AS ext.citext; CREATE DOMAIN app."the; id" AS uuid;
				CREATE TABLE app.person (id TYPE PRIMARY KEY, boss TYPE REFERENCES app.person, super boolean NOT NULL DEFAULT false);
				INSERT INTO app.person VALUES (<1>), (<2>), (<5>), (<6>), (<7>); INSERT INTO app.person VALUES (<3>, [2]), (<4>, [3]); INSERT INTO app.person VALUES (<9>, NULL, true);
				CREATE TABLE app.deputy (deputy TYPE REFERENCES app.person, person TYPE REFERENCES app.person); INSERT INTO app.deputy VALUES ([2], [6]);
				CREATE TABLE app.team (id TYPE PRIMARY KEY); INSERT INTO app.team VALUES (<1>), (<2>);
				CREATE TABLE app.team_member (team TYPE REFERENCES app.team, person TYPE REFERENCES app.person); INSERT INTO app.team_member VALUES ([1], [2]), ([1], [5]);
				CREATE TABLE app.note (id TYPE PRIMARY KEY, owner TYPE REFERENCES app.person, team TYPE REFERENCES app.team, n serial); CREATE INDEX ON app.note (owner);
				INSERT INTO app.note (id, owner) SELECT id, id FROM app.person ORDER BY right(id::text, 1); INSERT INTO app.note (id, team) VALUES (<8>, [1]), (<0>, [2]);
				CREATE TABLE app.plain (n integer, owner TYPE); INSERT INTO app.plain VALUES (2, [2]), (3, [3]), (3, [3]), (7, [7]);
				GRANT SELECT, INSERT, UPDATE, DELETE ON app.note, app.plain TO {{app}}; GRANT USAGE ON ALL SEQUENCES IN SCHEMA app TO {{app}};
				RESET ROLE; GRANT USAGE ON SCHEMA app TO {{app}}, {{migrator}}`))
			model := strings.ReplaceAll(keyModel, "KEY1", strings.Trim(other(1), "'"))
			w.apply(t, model)
			if again := w.plan(t, model).Plan; !again.Empty() {
				t.Errorf("the second plan is not empty: %v", again.Changes)
			}
			key := func(n int) string { return "key:" + strings.Trim(other(n), "'") }
			for _, x := range []struct {
				who      string
				do, want string
			}{
				{key(2), "SELECT string_agg(n::text, ' ' ORDER BY n) FROM app.note", "2 3 4 5 6 9"},
				{key(3), "SELECT string_agg(n::text, ' ' ORDER BY n) FROM app.note", "3 4"},
				{key(5), "SELECT string_agg(n::text, ' ' ORDER BY n) FROM app.note", "2 5 9"},
				{key(9), "SELECT count(*) FROM app.note", "10"},
				{key(2), "SELECT rls.principal()", strings.Trim(stored(2), "'")},
				{key(2), "SELECT count(*) FROM rls.visible_users", "5"},
				{key(2), "SELECT n FROM app.note WHERE id = [3]", "3"},
				{key(2), "SELECT string_agg(allowed::text, ' ') FROM rls.can_many('update', 'note', ARRAY[[3], [1], [6], [8], '', 'x'])", "true false true true false false"},
				{key(2), "UPDATE app.note SET n = n", "touched 6"},
				{key(2), "DELETE FROM app.note WHERE id IN ([3], [1])", "touched 1"},
				{key(2), "INSERT INTO app.plain VALUES (1, [3])", "touched 1"},
				{key(2), "INSERT INTO app.plain VALUES (1, [1])", rejected},
				{key(2), "UPDATE app.note SET owner = [2] WHERE id = [3]", "touched 1"},
				{key(2), "UPDATE app.note SET owner = [3] WHERE id = [3]", "touched 1"}, // the same one
				{key(2), "UPDATE app.note SET owner = [4] WHERE id = [3]", rejected},
				{key(2), "SELECT string_agg(n::text, ' ' ORDER BY n) FROM app.plain", "2 3 3"},
				{key(2), "SELECT rls.can_row('read', 'plain', [3])", "RL012"}, // a table without a key answers no question about one row
				{key(7), "SELECT string_agg(n::text, ' ') FROM app.note", "7"},
			} {
				do, want := fill(x.do), x.want
				if x.do == "SELECT rls.principal()" && c.stored != c.other {
					want = strings.ToLower(want) // one spelling stands for all
				}
				w.as(t, x.who, func(tx pgx.Tx) {
					must(t, tx, "SET LOCAL search_path = public, ext") // of citext's operators
					if got := w.outcome(t, tx, do); got != want {
						t.Errorf("%s as %s: %s, want %s", do, x.who, got, want)
					}
				})
			}
			// Sets that are stored follow the hierarchy, whoever spells it how.
			w.sql(t, fill("UPDATE app.person SET boss = [5] WHERE id::text = "+stored(3)))
			for who, want := range map[string]string{key(2): "2 5 6 9", key(5): "2 3 4 5 9"} {
				if got := w.try(t, who, "SELECT string_agg(n::text, ' ' ORDER BY n) FROM app.note"); got != want {
					t.Errorf("after a change of the hierarchy, %s: %s, want %s", who, got, want)
				}
			}
		})
	}
}

// TestCompositeKeys asks about objects whose key has two columns, and spells them as JSON arrays of texts.
func TestCompositeKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{owner}}"]}
users: {table: person, key: id}
resources: {line: {table: line, owner: owner}, word: {table: word, owner: owner, key: [b, a]}}
grants: [{to: authenticated, allow: {line: "*", word: "*"}}]
`, `CREATE TABLE public.person (id bigint PRIMARY KEY); INSERT INTO public.person VALUES (1), (2);
		CREATE TABLE public.line (order_id integer, product_id text, owner bigint, PRIMARY KEY (order_id, product_id));
		INSERT INTO public.line VALUES (10248, '11', 1), (10248, '12', 2), (1, 'a"]', 1), (1, '', 1);
		CREATE TABLE public.word (a date NOT NULL, b uuid NOT NULL, owner bigint, UNIQUE (a, b));
		INSERT INTO public.word VALUES ('2026-01-02', '00000000-0000-0000-0000-000000000001', 1);
		GRANT SELECT, INSERT, UPDATE, DELETE ON public.line, public.word TO {{app}};`)
	for key, want := range map[string]string{
		`["10248","11"]`: "t", `["10248", "11"]`: "t", ` [ "10248" , "11" ] `: "t", `["10248","12"]`: "f", `["10249","11"]`: "f", `["1","a\"]"]`: "t",
		`["1",""]`: "t", `["010248","11"]`: "t", `[10248,11]`: "f", `["10248"]`: "f", `["10248","11","x"]`: "f", `10248`: "f", `{"10248":"11"}`: "f", `["10248",null]`: "f",
		`["10248","11"`: "f", ``: "f", `["99999999999999999999","11"]`: "f", `[["10248"],"11"]`: "f",
	} {
		w.as(t, "key:1", func(tx pgx.Tx) {
			if got := w.outcome(t, tx, "SELECT rls.can_row('update', 'line', $1)", key); got != want {
				t.Errorf("%s: %s, want %s", key, got, want)
			}
		})
	}
	if got := w.try(t, "key:1", `SELECT rls.can_row('read', 'word', '["00000000-0000-0000-0000-000000000001","2026-01-02"]')`); got != "t" {
		t.Errorf("a key that the model names in another order: %s", got)
	}
	if got := w.try(t, "key:1", "SELECT count(*) FROM public.line"); got != "3" {
		t.Errorf("rows: %s", got)
	}
}

// TestLooseCollations asks a live database about a collation that takes two users for one.
func TestLooseCollations(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, `CREATE COLLATION public.loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
		CREATE TABLE public.person (id text PRIMARY KEY); INSERT INTO public.person VALUES ('anna'), ('ANNA');
		CREATE TABLE public.note (id bigint PRIMARY KEY, owner text COLLATE public.loose REFERENCES public.person, price numeric UNIQUE);
		INSERT INTO public.note VALUES (1, 'ANNA'); GRANT SELECT ON public.note TO {{app}};`)
	m := w.parse(t, `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{owner}}"]}
users: {table: person, key: id}
resources: {note: {table: note, owner: owner}}
grants: [{to: authenticated, allow: {note: [read]}}]
`)
	diags, err := pipeline.Check(t.Context(), w.admin(t), m)
	if err != nil {
		t.Fatal(explain(err))
	}
	codes := map[string]bool{}
	for _, d := range diags {
		codes[string(d.Code)+" "+string(d.Severity)] = true
	}
	if !codes["RL233 error"] || !codes["RL234 warning"] {
		t.Errorf("%v", diags)
	}
	w.sql(t, `ALTER TABLE public.note ALTER COLUMN owner TYPE text COLLATE "C"`)
	if diags, err = pipeline.Check(t.Context(), w.admin(t), m); err != nil || diags.HasErrors() {
		t.Errorf("%v %v", diags, err)
	}
}
