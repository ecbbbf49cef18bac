package integration

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// doorModel reads columns by key, owner, edge and condition.
const doorModel = `version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{owner}}"]}
users: {table: app.person, key: id, active: "state = 1", superuser: "level > 8", sees: {supervisor: boss}}
groups: {table: app.team, key: id, creator: maker, share_members_visibility: "open = 1", members: {table: app.team_member, group: team, user: person}}
resources:
  note: {table: app.note, owner: [owner, editor, {group: team}]}
  person: {table: app.person, owner: id}
grants:
  - {to: authenticated, allow: {note: "*", person: [read]}}
`

const doorSchema = `
CREATE SCHEMA app;
CREATE TABLE app.person (id integer PRIMARY KEY, boss integer REFERENCES app.person, state integer NOT NULL DEFAULT 1, level smallint NOT NULL DEFAULT 0);
CREATE TABLE app.team (id integer PRIMARY KEY, maker integer, open integer DEFAULT 1);
CREATE TABLE app.team_member (team integer, person integer);
CREATE TABLE app.note (id integer PRIMARY KEY, owner integer REFERENCES app.person, editor integer, team integer, body text);
CREATE INDEX ON app.note (owner);
INSERT INTO app.person VALUES (1, NULL, 1, 0), (2, 1, 1, 0), (3, 2, 1, 0), (4, NULL, 1, 0), (5, NULL, 0, 0), (6, NULL, 1, 9);
INSERT INTO app.team VALUES (1, 4);
INSERT INTO app.team_member VALUES (1, 3), (1, 4);
INSERT INTO app.note SELECT n, n, NULL, CASE n WHEN 6 THEN 1 END, 'n' || n FROM generate_series(1, 6) AS n;
GRANT SELECT, INSERT, UPDATE, DELETE ON app.note, app.person TO {{app}};
`

// seen is what each user sees and may write, in one line.
func (w *world) seen(t testing.TB) string {
	t.Helper()
	var out []string
	for i := 1; i <= 6; i++ {
		who := fmt.Sprintf("key:%d", i)
		out = append(out, fmt.Sprintf("%d: %s / %s / %s / %s", i, w.try(t, who, "SELECT id::text FROM app.note ORDER BY 1"),
			w.try(t, who, "SELECT count(*) FROM app.person"), w.try(t, who, "UPDATE app.note SET body = 'x'"),
			w.try(t, who, "INSERT INTO app.note (id, owner) VALUES (99, 2)")))
	}
	return strings.Join(out, "\n")
}

func (w *world) alter(t testing.TB, model, tables, statements string, allow ...policies.Hazard) (policies.Plan, error) {
	t.Helper()
	var names []policies.TableName
	for name := range strings.FieldsSeq(tables) {
		schema, table, _ := strings.Cut(name, ".")
		names = append(names, policies.TableName{Schema: schema, Name: table})
	}
	conn := w.admin(t)
	defer conn.Close(context.Background()) //nolint:errcheck // nothing is pending
	r, err := pipeline.Alter(t.Context(), conn, w.parse(t, model), names, w.text(statements), apply.Options{Allow: allow, LockTimeout: 20 * time.Second})
	if r.Diagnostics.HasErrors() {
		return r.Plan, fmt.Errorf("%v", r.Diagnostics)
	}
	return r.Plan, err
}

func alterType(table, column, to string) string {
	return fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s TYPE %s;", table, column, to)
}

// TestAlterColumnType: PostgreSQL refuses by itself, the door opens, and nobody sees or may do anything else afterwards.
func TestAlterColumnType(t *testing.T) {
	t.Parallel()
	every := []policies.Hazard{policies.ReplacesFunction, policies.WidensAccess}
	keys := alterType("app.person", "id", "bigint") + alterType("app.person", "boss", "bigint") + alterType("app.note", "owner", "bigint") +
		alterType("app.team_member", "person", "bigint") + alterType("app.team", "maker", "bigint")
	for name, c := range map[string]struct {
		tables, statements string
		blocked            string // by itself
		replaces           bool   // functions
		model              func(string) string
	}{
		"owner column":           {"app.note", alterType("app.note", "owner", "bigint"), "0A000", false, nil},
		"owner column, narrower": {"app.note", alterType("app.note", "editor", "smallint"), "0A000", false, nil},
		"group that owns":        {"app.note", alterType("app.note", "team", "bigint"), "0A000", false, nil},
		"key of a resource":      {"app.note", alterType("app.note", "id", "text USING id::text"), "", false, nil},
		"edge column":            {"app.person", alterType("app.person", "boss", "bigint"), "0A000", false, nil},
		"key of users":           {"app.person app.note app.team_member app.team", keys, "0A000", false, nil},
		"condition column":       {"app.person", alterType("app.person", "level", "bigint"), "0A000", false, nil},
		"condition column with another condition": {"app.person", "ALTER TABLE app.person ALTER COLUMN state DROP DEFAULT, ALTER COLUMN state TYPE text USING CASE state WHEN 1 THEN 'on' ELSE 'off' END, ALTER COLUMN state SET DEFAULT 'on'",
			"0A000", true, func(m string) string { return strings.Replace(m, "state = 1", "state = 'on'", 1) }},
		"condition of groups": {"app.team", alterType("app.team", "open", "numeric"), "0A000", false, nil},
		"column that is gone": {"app.note", "ALTER TABLE app.note DROP COLUMN editor", "2BP01", true,
			func(m string) string { return strings.Replace(m, "[owner, editor,", "[owner,", 1) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, doorModel, doorSchema)
			w.shared(t, "app")
			w.apply(t, doorModel) // a gateway's memberships are a change of their own
			before := w.seen(t)
			if got := w.asLogin(t, "", "", "SELECT 1", strings.Split(c.statements, ";")[0]); c.blocked != "" && got != c.blocked {
				t.Errorf("by itself: %s, want %s", got, c.blocked)
			}
			model := doorModel
			if c.model != nil {
				model = c.model(model)
			}
			if c.replaces {
				state := w.state(t)
				if _, err := w.alter(t, model, c.tables, c.statements); !errors.Is(err, apply.ErrHazard) {
					t.Errorf("without --allow: %v", explain(err))
				}
				same(t, w.state(t), state, "after it was refused")
			}
			p, err := w.alter(t, model, c.tables, c.statements, map[bool][]policies.Hazard{true: every}[c.replaces]...)
			if err != nil {
				t.Fatalf("%v\n%v", explain(err), apply.Hazards(p))
			}
			if after := w.seen(t); after != before {
				t.Errorf("before\n%s\nafter\n%s", before, after)
			}
			if p := w.plan(t, model).Plan; !p.Empty() {
				t.Errorf("the plan is not empty: %v", p.Changes)
			}
		})
	}
}

// TestAlterIsNeverOpen reads all the time while a column gets one type after the other.
func TestAlterIsNeverOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, doorModel, doorSchema)
	reader := w.person(t, "2")
	var over atomic.Bool
	seen := map[string]int{}
	var failure error
	var all sync.WaitGroup
	all.Go(func() {
		for !over.Load() {
			rows, _, err := collect(context.Background(), reader, "SELECT id FROM app.note ORDER BY id")
			if err != nil {
				failure = err
				return
			}
			seen[strings.Join(rows, ",")]++
		}
	})
	for range 4 {
		for _, typ := range []string{"bigint", "integer"} {
			if _, err := w.alter(t, doorModel, "app.note", alterType("app.note", "owner", typ)); err != nil {
				t.Errorf("%s: %v", typ, explain(err))
			}
		}
	}
	over.Store(true)
	all.Wait()
	if failure != nil {
		t.Errorf("a reader met %v", explain(failure))
	}
	if len(seen) != 1 || seen["2,3"] == 0 {
		t.Errorf("seen, and how often: %v", seen)
	}
}

// TestAlterIsAllOrNothing: whatever goes wrong behind the door, all is as it was.
func TestAlterIsAllOrNothing(t *testing.T) {
	t.Parallel()
	const good = "ALTER TABLE app.note ALTER COLUMN owner TYPE bigint;"
	for name, c := range map[string]struct {
		tables, statements, code string
		model                    string
	}{
		"a mistake in the statement":  {"app.note", good + "SELECT 1/0", "22012", doorModel},
		"a statement that commits":    {"app.note", good + "COMMIT", "0A000", doorModel},
		"a statement that rolls back": {"app.note", good + "ROLLBACK", "0A000", doorModel},
		"a table that is not named":   {"app.note", good + alterType("app.person", "boss", "bigint"), "0A000", doorModel},
		"a table that does not exist": {"app.none", good, "42P01", doorModel},
		"a view of the application":   {"app.note", "CREATE VIEW app.mine AS SELECT owner FROM app.note;" + good, "0A000", doorModel},
		"a model that no longer fits": {"app.note", "ALTER TABLE app.note DROP COLUMN editor", "", doorModel},
		"an owner of another type":    {"app.note", "ALTER TABLE app.note DROP CONSTRAINT note_owner_fkey; ALTER TABLE app.note ALTER COLUMN owner TYPE date USING NULL", "", doorModel},
		"row security switched off":   {"app.note", good + "ALTER TABLE app.note DISABLE ROW LEVEL SECURITY", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, doorModel, doorSchema)
			before := w.state(t)
			if c.model == "" { // it is switched on again
				if _, err := w.alter(t, doorModel, c.tables, c.statements); err != nil {
					t.Fatal(explain(err))
				}
				if got := one(t, w.admin(t), "SELECT concat(relrowsecurity, relforcerowsecurity) FROM pg_class WHERE oid = 'app.note'::regclass"); got != "tt" {
					t.Errorf("row security is %s", got)
				}
				return
			}
			_, err := w.alter(t, c.model, c.tables, c.statements)
			if err == nil || sqlstate(err) != c.code {
				t.Errorf("error %v, want %q", explain(err), c.code)
			}
			same(t, w.state(t), before, "after it failed")
		})
	}
	t.Run("while an apply runs", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, doorModel, doorSchema)
		must(t, begin(t, w.admin(t)), apply.LockSQL(apply.LockTools))
		if _, err := w.alter(t, doorModel, "app.note", good); !errors.Is(err, apply.ErrLocked) {
			t.Error(explain(err))
		}
	})
}
