package integration

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rlsctl/rlsctl/policies"
)

const effectsModel = `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"]}
users: {table: app.person, key: id, sees: {supervisor: boss}}
resources:
  note: {table: app.note, owner: owner}
  odd: {table: 'app."Odd ""name"', owner: owner}
`

// What stands round two tables before they are protected. What runs as root belongs to the database superuser.
const effectsSchema = `
CREATE SCHEMA app;
CREATE TABLE app.person (id integer PRIMARY KEY, boss integer);
CREATE TABLE app.note (id integer PRIMARY KEY, owner integer REFERENCES app.person, title text, by_role text DEFAULT current_user);
CREATE TABLE app."Odd ""name" (id integer PRIMARY KEY, owner integer REFERENCES app.person,
    note integer CONSTRAINT odd_note REFERENCES app.note ON DELETE CASCADE);
CREATE TABLE app.other (id integer PRIMARY KEY, note integer REFERENCES app.note ON DELETE CASCADE, who text DEFAULT session_user);
INSERT INTO app.person VALUES (1, NULL), (2, NULL);
INSERT INTO app.note VALUES (1, 1), (2, 2);
GRANT SELECT ON ALL TABLES IN SCHEMA app TO {{app}};

CREATE VIEW app.mine AS SELECT * FROM app.note;
CREATE VIEW app.invoker WITH (security_invoker = true) AS SELECT * FROM app.note;
CREATE VIEW app.over_invoker AS SELECT id FROM app.invoker;
CREATE VIEW app.over_over WITH (security_invoker = true) AS SELECT id FROM app.over_invoker;
CREATE VIEW app."Odd view" AS SELECT id FROM app."Odd ""name";
CREATE VIEW app.free AS SELECT id FROM app.other;
CREATE MATERIALIZED VIEW app.held AS SELECT id FROM app.mine;

CREATE FUNCTION app.counted() RETURNS bigint LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT count(*) FROM app.note; END;
CREATE FUNCTION app.counted_text() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM app.note';
CREATE FUNCTION app.counted_path() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = app, pg_temp AS $$
BEGIN RETURN (SELECT count(*) FROM person, note); END $$;
CREATE FUNCTION app.elsewhere() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN RETURN (SELECT count(*) FROM note); END $$;
CREATE FUNCTION app.dynamic() RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $f$ BEGIN EXECUTE 'DELETE FROM app."Odd ""name"'; END $f$;
CREATE FUNCTION app.calls() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN app.plain(1); END $$;
CREATE FUNCTION app.plain(integer) RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM app.note; END;
CREATE FUNCTION app.innocent() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
/* FROM app.note /* FROM app.note */ */ -- FROM app.note
DECLARE note text; BEGIN SELECT o.note INTO note FROM app.other AS o; RETURN note; END $$;
CREATE VIEW app.by_function AS SELECT app.plain(1) AS n;

CREATE FUNCTION app.stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.by_role := session_user; RETURN NEW; END $$;
CREATE TRIGGER stamp BEFORE INSERT ON app.note FOR EACH ROW EXECUTE FUNCTION app.stamp();
CREATE FUNCTION app.looks() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM count(*) FROM app.note; RETURN NEW; END $$;
CREATE TRIGGER looks AFTER UPDATE ON app.other FOR EACH ROW EXECUTE FUNCTION app.looks();
CREATE RULE copied AS ON DELETE TO app.other DO ALSO DELETE FROM app.note WHERE note.id = OLD.note;
CREATE FUNCTION app.next_id() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT max(id) + 1 FROM app.note; END;
ALTER TABLE app.note ALTER COLUMN id SET DEFAULT app.next_id();
`

const effectsRoot = `
CREATE VIEW app.hole AS SELECT * FROM app.note;
GRANT SELECT ON app.hole TO {{app}};
CREATE VIEW app.migrators AS SELECT * FROM app.note;
GRANT CREATE ON SCHEMA app TO {{migrator}};
GRANT SELECT ON app.note TO {{migrator}};
ALTER VIEW app.migrators OWNER TO {{migrator}};
CREATE VIEW app.clients AS SELECT * FROM app.note;
GRANT CREATE ON SCHEMA app TO {{app}};
ALTER VIEW app.clients OWNER TO {{app}};
CREATE FUNCTION app.hole_function() RETURNS SETOF app.note LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT * FROM app.note; END;
CREATE FUNCTION app.root_looks() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN PERFORM count(*) FROM app.note; RETURN NEW; END $$;
CREATE TRIGGER root_looks AFTER UPDATE ON app.other FOR EACH ROW EXECUTE FUNCTION app.root_looks();
CREATE PUBLICATION sends FOR TABLE app.note, app.other;
CREATE PUBLICATION sends_other FOR TABLE app.other;
`

// The tables are named in each line; what is marked ? is known from the text of a function alone.
var effectsWant = []string{
	`default by_role OF app.note: otherwise app.note`,
	`default id OF app.note: filtered app.note`,
	`function app.calls(): nothing? app.note`,
	`function app.counted(): nothing app.note`,
	`function app.counted_path(): nothing? app.note`,
	`function app.counted_text(): nothing? app.note`,
	`function app.dynamic(): nothing? app."Odd ""name"`,
	`function app.hole_function(): everything app.note`,
	`function app.root_looks(): everything? app.note`,
	`materialized view app.held: nothing app.note`,
	`publication sends: everything app.note`,
	`rule copied ON app.other: nothing app.note`,
	`trigger looks ON app.other: filtered? app.note`,
	`trigger root_looks ON app.other: everything? app.note`,
	`trigger stamp ON app.note: otherwise app.note`,
	`view app."Odd view": nothing app."Odd ""name"`,
	`view app.by_function: filtered app.note`,
	`view app.clients: filtered app.note`,
	`view app.hole: everything app.note`,
	`view app.invoker: filtered app.note`,
	`view app.migrators: everything app.note`,
	`view app.mine: nothing app.note`,
	`view app.over_invoker: nothing app.note`,
	`view app.over_over: nothing app.note`,
}

func TestPlanEffects(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, effectsSchema)
	w.sql(t, effectsRoot)
	w.sql(t, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app TO {{migrator}}")
	first := w.plan(t, effectsModel).Plan
	var got []string
	for _, e := range first.Effects {
		may := ""
		if e.May {
			may = "?"
		}
		got = append(got, fmt.Sprintf("%s %s: %s%s %s", e.Kind, e.Title, e.Outcome, may, strings.Join(e.Tables, ",")))
		if e.Code == "" || e.Message == "" || strings.HasSuffix(e.Message, ".") || e.Owner == "" ||
			(e.Hint == "" && e.Outcome != policies.IsFiltered) || e.Hint != "" && !strings.HasSuffix(e.Hint, ".") {
			t.Errorf("not in the house form: %+v", e)
		}
	}
	slices.Sort(got)
	want := slices.Clone(effectsWant)
	slices.Sort(want)
	equal(t, got, want, "effects")

	// What is said comes true: as the client role, through each view and function.
	before := map[string]string{}
	ask := map[string]string{
		"mine": "SELECT count(*) FROM app.mine", "over_over": "SELECT count(*) FROM app.over_over", "counted": "SELECT app.counted()",
		"counted_text": "SELECT app.counted_text()", "counted_path": "SELECT app.counted_path()", "hole": "SELECT count(*) FROM app.hole",
		"hole_function": "SELECT count(*) FROM app.hole_function()", "migrators": "SELECT count(*) FROM app.migrators",
	}
	w.sql(t, "GRANT SELECT ON ALL TABLES IN SCHEMA app TO {{app}}")
	anonymous := func(sql string) string {
		tx := begin(t, w.admin(t))
		must(t, tx, w.text("SET LOCAL ROLE {{app}}"))
		got := w.outcome(t, tx, sql)
		must(t, tx, "ROLLBACK")
		return got
	}
	for name, sql := range ask {
		before[name] = anonymous(sql)
	}
	w.apply(t, effectsModel)
	tx := begin(t, w.admin(t))
	must(t, tx, "SELECT rls.impersonate('anonymous')")
	for name, sql := range ask {
		after := w.outcome(t, tx, sql)
		i := slices.IndexFunc(first.Effects, func(e policies.Effect) bool {
			return strings.TrimSuffix(strings.TrimPrefix(e.Title, "app."), "()") == name
		})
		switch first.Effects[i].Outcome {
		case policies.StillSeesAll:
			if after != before[name] {
				t.Errorf("%s was said to show everything, and went from %s to %s", name, before[name], after)
			}
		case policies.SeesNothing:
			if after != "0" || before[name] == "0" {
				t.Errorf("%s was said to see nothing, and went from %s to %s", name, before[name], after)
			}
		}
	}

	again := w.plan(t, effectsModel).Plan
	if len(again.Effects) > 0 || !again.Empty() || again.Notes.HasErrors() {
		t.Errorf("once applied there are still effects: %+v", again.Effects)
	}
	if doc, err := json.Marshal(first); err != nil || !strings.Contains(string(doc), `"outcome":"everything"`) {
		t.Errorf("%s %v", doc, err)
	}
}

// On a schema that nobody made for this test the plan says no more than what is there.
func TestNorthwindEffects(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, northwind(t))
	if e := w.plan(t, northwindModel).Plan.Effects; len(e) > 0 {
		t.Errorf("Northwind has tables alone: %+v", e)
	}
	w.sql(t, `CREATE VIEW public.order_totals AS SELECT o.employee_id, sum(d.quantity) AS quantity
			FROM public.orders AS o JOIN public.order_details AS d USING (order_id) GROUP BY o.employee_id;
		CREATE VIEW public.stock AS SELECT p.product_name, p.units_in_stock FROM public.products AS p;
		CREATE FUNCTION public.orders_of(who smallint) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
			DECLARE n bigint; BEGIN SELECT count(*) INTO n FROM orders WHERE employee_id = who; RETURN n; END $$;
		GRANT SELECT ON public.order_totals TO {{app}}`)
	r := w.db.Role(t, "reporting", "LOGIN")
	w.sql(t, "GRANT SELECT ON public.orders TO "+r)
	var got []string
	for _, e := range w.plan(t, northwindModel).Plan.Effects {
		got = append(got, fmt.Sprintf("%s %s %s %v", e.Code, e.Title, strings.Join(e.Tables, ","), e.May))
	}
	equal(t, got, []string{"RL237 public.orders_of(who smallint) public.orders true", "RL237 public.order_totals public.orders false", "RL236 " + r + " public.orders false"}, "effects")
	// Once applied, the doctor says it of logins, and not of those that are registered.
	w.sql(t, "DROP FUNCTION public.orders_of; DROP VIEW public.order_totals; GRANT SELECT ON public.customers TO "+r)
	w.apply(t, northwindModel)
	var found []string
	for _, f := range w.examine(t) {
		if strings.HasPrefix(f, "RL236") {
			found = append(found, f)
		}
	}
	equal(t, found, []string{"RL236 warning login " + r + " holds privileges on public.orders, and is of no client or maintenance role: it sees no row, without an error"}, "doctor")
}
