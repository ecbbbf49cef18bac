package integration

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/doctor"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// The boss sees me, and I see sub; nobody sees the stranger. event is partitioned over two levels, with a partition in
// another schema whose columns stand in another order; doc has children that PostgreSQL knows no partitions of.
const (
	partModel = `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}", "{{owner}}"]}
users: {table: app.person, key: id, superuser: super, sees: {supervisor: boss}}
resources:
  event: {table: app.event, owner: owner, owner_check: self}
  pair: {table: app.pair, owner: [author, assignee]}
  doc: {table: app.doc, owner: owner, owner_check: self}
grants:
  - {to: authenticated, allow: {event: "*", pair: "*", doc: "*"}}
`
	partSchema = `
CREATE SCHEMA app;
CREATE SCHEMA archive;
CREATE TABLE app.person (id bigint PRIMARY KEY, boss bigint REFERENCES app.person, super boolean NOT NULL DEFAULT false);
CREATE INDEX ON app.person (boss);
INSERT INTO app.person VALUES (1, NULL), (2, 1), (3, 2), (9, NULL);
INSERT INTO app.person VALUES (100, NULL, true);

CREATE TABLE app.event (id bigint NOT NULL, day date NOT NULL, region text NOT NULL, owner bigint REFERENCES app.person, body text,
	PRIMARY KEY (id, day, region)) PARTITION BY RANGE (day);
CREATE INDEX ON app.event (owner);
CREATE TABLE archive.event_old (body text, dropped int, owner bigint, region text NOT NULL, day date NOT NULL, id bigint NOT NULL);
ALTER TABLE archive.event_old DROP COLUMN dropped;
ALTER TABLE app.event ATTACH PARTITION archive.event_old FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
CREATE TABLE app.event_2026 PARTITION OF app.event FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (region);
CREATE TABLE app.event_2026_at PARTITION OF app.event_2026 FOR VALUES IN ('at');
CREATE TABLE app."event 2026; DROP" PARTITION OF app.event_2026 DEFAULT;
INSERT INTO app.event SELECT p.id * 10 + d.n, d.day, r.region, p.id
	FROM app.person AS p, (VALUES (1, date '2025-05-05'), (2, date '2026-05-05')) AS d(n, day), unnest(ARRAY['at', 'de']) AS r(region);
INSERT INTO app.event VALUES (1, '2025-05-05', 'at'), (2, '2026-05-05', 'at');

CREATE TABLE app.pair (id bigint NOT NULL, part int NOT NULL, author bigint REFERENCES app.person, assignee bigint REFERENCES app.person) PARTITION BY LIST (part);
CREATE INDEX ON app.pair (author);
CREATE INDEX ON app.pair (assignee);
CREATE TABLE app.pair_1 PARTITION OF app.pair FOR VALUES IN (1);
CREATE TABLE app.pair_2 PARTITION OF app.pair FOR VALUES IN (2);
INSERT INTO app.pair VALUES (1, 1, 2, 3);

CREATE TABLE app.doc (id bigint PRIMARY KEY, owner bigint REFERENCES app.person, body text);
CREATE TABLE app.memo (extra text, PRIMARY KEY (id)) INHERITS (app.doc);
CREATE TABLE archive.note (more text) INHERITS (app.memo);
CREATE INDEX ON app.doc (owner); CREATE INDEX ON app.memo (owner); CREATE INDEX ON archive.note (owner);
INSERT INTO app.doc SELECT id * 10, id FROM app.person;
INSERT INTO app.memo SELECT id * 10 + 1, id FROM app.person;
INSERT INTO archive.note SELECT id * 10 + 2, id FROM app.person;
DO $$ BEGIN -- from PostgreSQL 18 on children keep it
    IF current_setting('server_version_num')::integer < 180000 THEN
        ALTER TABLE archive.note ALTER id DROP NOT NULL;
        INSERT INTO archive.note VALUES (NULL, 3);
    END IF;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA app, archive TO {{app}};
`
)

// partTrees are the partitioned and inherited tables with all below them.
var partTrees = map[string][]string{
	"app.event": {"archive.event_old", "app.event_2026", "app.event_2026_at", `app."event 2026; DROP"`},
	"app.doc":   {"app.memo", "archive.note"},
	"app.pair":  {"app.pair_1", "app.pair_2"},
}

// newPartWorld has the gateway that the tests enter by in its manifest, so that the next plan is empty.
func newPartWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, partModel, partSchema)
	w.shared(t, "app")
	w.apply(t, partModel)
	return w
}

// partDifferences asks root and leaves the same, as several principals, and returns where the answers differ from each
// other or from what the owners of the rows say: all of it, or the first.
func (w *world) partDifferences(t *testing.T, first bool) (out []string) {
	t.Helper()
	var questions []func() string
	read := func(who, q string, want []string) {
		questions = append(questions, func() (wrong string) {
			w.as(t, who, func(tx pgx.Tx) {
				got := w.rows(t, tx, q)
				slices.Sort(got)
				if slices.Sort(want); !slices.Equal(got, want) {
					wrong = fmt.Sprintf("%s as %s: %v, want %v", q, who, got, want)
				}
			})
			return wrong
		})
	}
	write := func(sql, want string) { // by me, which sees itself and sub; owner_check is self
		questions = append(questions, func() string {
			if got := w.try(t, "key:2", sql); got != want {
				return fmt.Sprintf("%s: %s, want %s", sql, got, want)
			}
			return ""
		})
	}
	sees := map[string][]string{"key:1": {"1", "2", "3"}, "key:2": {"2", "3"}, "key:9": {"9"}, "key:100": {"1", "2", "3", "9", "100", "NULL"}, "anonymous": nil}
	for _, table := range []string{"app.event", "app.doc"} {
		for _, leaf := range append([]string{table}, partTrees[table]...) {
			below := fmt.Sprintf("WITH RECURSIVE x AS (SELECT '%s'::regclass AS oid UNION SELECT i.inhrelid FROM x JOIN pg_inherits AS i ON i.inhparent = x.oid) SELECT x.oid FROM x", leaf)
			rows := w.rows(t, w.root, "SELECT id, owner FROM "+leaf)
			own := w.rows(t, w.root, "SELECT id, owner FROM ONLY "+leaf)
			for who, owners := range sees {
				visible := func(rows []string) (out []string) {
					for _, r := range rows {
						if _, owner, _ := strings.Cut(r, "|"); slices.Contains(owners, owner) {
							out = append(out, r)
						}
					}
					return out
				}
				read(who, "SELECT id, owner FROM "+leaf, visible(rows))
				read(who, "SELECT id, owner FROM ONLY "+leaf, visible(own))
				read(who, fmt.Sprintf("SELECT id, owner FROM %s WHERE tableoid IN (%s)", table, below), visible(rows))
			}
			n := func(owner string) string {
				c := 0
				for _, r := range rows {
					if strings.HasSuffix(r, "|"+owner) {
						c++
					}
				}
				if c == 0 {
					return filtered
				}
				return fmt.Sprintf("touched %d", c)
			}
			for _, o := range []string{"2", "3"} {
				write(fmt.Sprintf("UPDATE %s SET body = 'x' WHERE owner = %s", leaf, o), n(o))
				write(fmt.Sprintf("DELETE FROM %s WHERE owner = %s", leaf, o), n(o))
			}
			write(fmt.Sprintf("UPDATE %s SET body = 'x' WHERE owner NOT IN (2, 3)", leaf), filtered)
			write(fmt.Sprintf("DELETE FROM %s WHERE owner NOT IN (2, 3)", leaf), filtered)
			write(fmt.Sprintf("UPDATE %s SET owner = 2 WHERE owner = 3", leaf), n("3"))
			write(fmt.Sprintf("UPDATE %s SET owner = 3 WHERE owner = 2", leaf), rejected)
			write(fmt.Sprintf("UPDATE %s SET owner = 9 WHERE owner = 2", leaf), rejected)
			write(fmt.Sprintf("TRUNCATE %s", leaf), rejected)
		}
	}
	for _, target := range []struct{ table, at string }{
		{"app.event", "'2025-07-07', 'at'"}, {"archive.event_old", "'2025-07-07', 'at'"},
		{"app.event_2026", "'2026-07-07', 'at'"}, {"app.event_2026_at", "'2026-07-07', 'at'"},
		{"app.event", "'2026-07-07', 'de'"}, {`app."event 2026; DROP"`, "'2026-07-07', 'de'"},
	} {
		for owner, want := range map[string]string{"2": "touched 1", "3": rejected, "9": rejected, "NULL": rejected} {
			write(fmt.Sprintf("INSERT INTO %s (id, day, region, owner) VALUES (7, %s, %s)", target.table, target.at, owner), want)
		}
	}
	for _, table := range append([]string{"app.doc"}, partTrees["app.doc"]...) {
		for owner, want := range map[string]string{"2": "touched 1", "3": rejected, "1": rejected} {
			write(fmt.Sprintf("INSERT INTO %s (id, owner) VALUES (7, %s)", table, owner), want)
		}
	}
	// Rows that move obey the same rules.
	for _, m := range []struct{ set, where string }{
		{"day = '2026-08-08'", "owner = 2 AND day < '2026-01-01' AND region = 'at'"},
		{"day = '2025-08-08'", "owner = 2 AND day >= '2026-01-01' AND region = 'at'"},
		{"region = 'fr'", "owner = 2 AND day >= '2026-01-01' AND region = 'at'"},
	} {
		write(fmt.Sprintf("UPDATE app.event SET %s WHERE %s", m.set, m.where), "touched 1")
		for _, to := range []string{"3", "9", "NULL"} {
			write(fmt.Sprintf("UPDATE app.event SET %s, owner = %s WHERE %s", m.set, to, m.where), rejected)
		}
	}
	write("UPDATE app.event_2026 SET region = 'fr', owner = 3 WHERE owner = 2 AND region = 'at'", rejected)
	write("UPDATE app.event SET day = '2026-08-08' WHERE owner = 9", filtered)
	// One of two owners stays in sight; the other must not go out of it, whether the row moves or stays.
	for _, to := range []string{"app.pair SET part = 1", "app.pair SET part = 2", "app.pair_1 SET part = 1"} {
		write(fmt.Sprintf("UPDATE %s, assignee = 2", to), "touched 1")
		write(fmt.Sprintf("UPDATE %s, assignee = NULL", to), "touched 1")
		write(fmt.Sprintf("UPDATE %s, assignee = 9", to), rejected)
		write(fmt.Sprintf("UPDATE %s, author = 9", to), rejected)
	}
	for _, ask := range questions {
		if wrong := ask(); wrong != "" {
			if out = append(out, wrong); first {
				break
			}
		}
	}
	return out
}

// examine is what doctor finds, "CODE level message" each, without what it says of the server and of the gateway of
// these tests, which may claim services whatever the model names.
func (w *world) examine(t *testing.T) (out []string) {
	t.Helper()
	r, err := doctor.Examine(t.Context(), w.admin(t), doctor.Options{})
	if err != nil {
		t.Fatal(explain(err))
	}
	for _, f := range r.Findings {
		if f.Code != doctor.CodeOutdated && f.Code != doctor.CodeUnsafeServer && f.Code != doctor.CodeServiceRefused {
			out = append(out, fmt.Sprintf("%s %s %s", f.Code, f.Level, f.Message))
		}
	}
	return out
}

// TestParts reads and writes the rows of partitioned and inherited tables through every table that shows them.
func TestParts(t *testing.T) {
	t.Parallel()
	w := newPartWorld(t)
	for _, d := range w.partDifferences(t, false) {
		t.Error(d)
	}
	for _, f := range w.examine(t) {
		t.Error("doctor:", f)
	}
	if p := w.plan(t, partModel).Plan; !p.Empty() {
		t.Errorf("the second plan is not empty: %v", p.Changes)
	}
	t.Run("objects", func(t *testing.T) {
		w.as(t, "key:2", func(tx pgx.Tx) {
			got := w.rows(t, tx, `SELECT key, allowed FROM rls.can_many('update', 'event', ARRAY['["21","2025-05-05","at"]', '["32","2026-05-05","de"]',
				'["11","2025-05-05","at"]', '["21","2025-05-05"]', '21', NULL, '["21","2025-05-05","at","x"]'])`)
			equal(t, got, []string{`["21","2025-05-05","at"]|t`, `["32","2026-05-05","de"]|t`, `["11","2025-05-05","at"]|f`,
				`["21","2025-05-05"]|f`, "21|f", "NULL|f", `["21","2025-05-05","at","x"]|f`}, "can_many of a partitioned table")
			equal(t, w.rows(t, tx, "SELECT key, allowed FROM rls.can_many('read', 'doc', ARRAY['20', '21', '22', '11', '92'])"),
				[]string{"20|t", "21|t", "22|t", "11|f", "92|f"}, "can_many of a parent")
		})
	})
	t.Run("login", func(t *testing.T) {
		conn := w.person(t, "2")
		for _, leaf := range partTrees["app.event"] {
			equal(t, w.rows(t, conn, "SELECT DISTINCT owner FROM "+leaf), []string{"2", "3"}, "%s", leaf)
		}
	})
	// The planner asks the policies of the named table, however many partitions there are, and once.
	t.Run("plan", func(t *testing.T) {
		for table, n := range map[string]int{"app.event": 0, "archive.event_old": 0} {
			w.as(t, "key:2", func(tx pgx.Tx) {
				for _, line := range w.rows(t, tx, "EXPLAIN SELECT * FROM "+table) {
					if strings.HasPrefix(strings.TrimSpace(line), "InitPlan") { // from PostgreSQL 17 on conditions name them too
						n++
					}
				}
			})
			if n == 0 || n > 2 {
				t.Errorf("%s: %d InitPlans", table, n)
			}
		}
	})
}

// TestPartsMutations takes the protection off one part at a time. Each has to show in what principals get, in the plan and
// at the doctor, and the next apply puts it back.
func TestPartsMutations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, spoil string }{
		{"leaf without read", `DROP POLICY event_read ON app."event 2026; DROP"`},
		{"leaf without update", "DROP POLICY event_update ON archive.event_old"},
		{"leaf without create", "DROP POLICY event_create ON app.event_2026_at"},
		{"leaf without row security", "ALTER TABLE archive.event_old DISABLE ROW LEVEL SECURITY"},
		{"branch without row security", "ALTER TABLE app.event_2026 DISABLE ROW LEVEL SECURITY"},
		{"child without row security", "ALTER TABLE archive.note DISABLE ROW LEVEL SECURITY"},
		{"child without delete", "DROP POLICY doc_delete ON app.memo"},
		{"child without its trigger", "DROP TRIGGER rls_hand_over ON archive.note"},
		{"leaf with its trigger switched off", `ALTER TABLE archive.event_old DISABLE TRIGGER rls_hand_over; ALTER TABLE archive.event_old DISABLE TRIGGER "~rls_hand_over"`},
		{"rows that move", `DROP TRIGGER "~rls_hand_over" ON app.event`},
		{"a pair that moves", `DROP TRIGGER "~rls_hand_over" ON app.pair`},
		{"leaf with a policy by hand", "CREATE POLICY mine ON app.event_2026_at USING (true)"},
		{"leaf with TRUNCATE", "GRANT TRUNCATE ON app.event_2026_at TO {{app}}"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newPartWorld(t)
			w.sql(t, c.spoil)
			if len(w.partDifferences(t, true)) == 0 {
				t.Errorf("%s: nobody has noticed", c.spoil)
			}
			found := w.examine(t)
			if !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, " error ") }) {
				t.Errorf("%s: the doctor found %v", c.spoil, found)
			}
			p := w.plan(t, partModel).Plan
			if p.Empty() && !p.Notes.HasErrors() {
				t.Fatalf("%s: the plan is empty", c.spoil)
			}
			w.sql(t, "DROP POLICY IF EXISTS mine ON app.event_2026_at")
			w.apply(t, partModel)
			for _, f := range w.examine(t) {
				t.Error("after apply:", f)
			}
		})
	}
}

// TestPartsComeAndGo makes, attaches, detaches and drops partitions and children under an applied model.
func TestPartsComeAndGo(t *testing.T) {
	t.Parallel()
	w := newPartWorld(t)
	hasFinding := func(t *testing.T, start string) bool {
		t.Helper()
		return slices.ContainsFunc(w.examine(t), func(f string) bool { return strings.HasPrefix(f, start) })
	}
	// Not parallel, none of these: each begins where the one before ended.
	t.Run("a new partition", func(t *testing.T) {
		w.sql(t, `CREATE TABLE app.event_2027 PARTITION OF app.event FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
			CREATE TABLE app.letter () INHERITS (app.doc); CREATE INDEX ON app.letter (owner);
			INSERT INTO app.event VALUES (1, '2027-01-01', 'at', 9), (2, '2027-01-01', 'at', 2);
			INSERT INTO app.letter VALUES (93, 9), (23, 2)`)
		// Through the whole it is filtered from the first moment, triggers included; by itself nobody may read it.
		for q, want := range map[string]string{
			"SELECT id FROM app.event WHERE day >= '2027-01-01'":                                 "2",
			"SELECT id FROM app.doc WHERE id IN (93, 23)":                                        "23",
			"UPDATE app.event SET owner = 3 WHERE day >= '2027-01-01'":                           rejected,
			"UPDATE app.event SET day = '2026-01-01', owner = 3 WHERE day > '2026-12-31'":        rejected,
			"UPDATE app.event SET day = '2027-07-07', owner = 3 WHERE id = 22 AND region = 'at'": rejected,
			"SELECT id FROM app.event_2027":                                                      rejected,
			"SELECT id FROM app.letter":                                                          rejected,
		} {
			if got := w.try(t, "key:2", q); got != want {
				t.Errorf("%s: %s, want %s", q, got, want)
			}
		}
		if !hasFinding(t, "RL640 warning table app.event_2027") || !hasFinding(t, "RL640 warning table app.letter") {
			t.Error(w.examine(t))
		}
		w.sql(t, "GRANT SELECT, INSERT, UPDATE, DELETE ON app.event_2027 TO {{app}}; GRANT SELECT (id) ON app.letter TO {{app}}")
		if !hasFinding(t, "RL640 error table app.event_2027") || !hasFinding(t, "RL640 error table app.letter") {
			t.Error(w.examine(t))
		}
		if got := w.try(t, "key:2", "SELECT id FROM app.event_2027"); got != "1 2" {
			t.Errorf("a new partition with privileges: %s; if it is closed by itself now, docs/model.md says otherwise", got)
		}
		p := w.plan(t, partModel).Plan
		if h := apply.Hazards(p); !slices.Equal(h, []policies.Hazard{policies.NarrowsAccess}) || p.Empty() {
			t.Errorf("hazards %v of %v", h, p.Changes)
		}
		w.apply(t, partModel)
		if got := w.try(t, "key:2", "SELECT id FROM app.event_2027"); got != "2" {
			t.Errorf("after apply: %s", got)
		}
		if got := w.try(t, "key:2", "SELECT id FROM app.letter"); got != "23" {
			t.Errorf("after apply: %s", got)
		}
		for _, f := range w.examine(t) {
			t.Error("doctor:", f)
		}
	})
	t.Run("default privileges", func(t *testing.T) {
		w.sql(t, "ALTER DEFAULT PRIVILEGES FOR ROLE {{owner}} IN SCHEMA app GRANT SELECT ON TABLES TO {{app}}")
		if !hasFinding(t, "RL641 warning") {
			t.Error(w.examine(t))
		}
		w.sql(t, "ALTER DEFAULT PRIVILEGES FOR ROLE {{owner}} IN SCHEMA app REVOKE ALL ON TABLES FROM {{app}}")
		for _, f := range w.examine(t) {
			t.Error("doctor:", f)
		}
	})
	t.Run("a table that is attached", func(t *testing.T) {
		w.sql(t, `CREATE TABLE archive.loose (LIKE app.event); INSERT INTO archive.loose VALUES (5, '2028-01-01', 'at', 9), (6, '2028-01-01', 'at', 3);
			GRANT SELECT ON archive.loose TO {{app}};
			ALTER TABLE app.event ATTACH PARTITION archive.loose FOR VALUES FROM ('2028-01-01') TO ('2029-01-01')`)
		if !hasFinding(t, "RL640 error table archive.loose") {
			t.Error(w.examine(t))
		}
		w.apply(t, partModel)
		if got := w.try(t, "key:2", "SELECT id FROM archive.loose"); got != "6" {
			t.Errorf("after apply: %s", got)
		}
	})
	t.Run("a partition that is detached", func(t *testing.T) {
		w.sql(t, "ALTER TABLE app.event DETACH PARTITION archive.loose; ALTER TABLE app.letter NO INHERIT app.doc")
		for table, want := range map[string]string{"archive.loose": "6", "app.letter": "23"} {
			if got := w.try(t, "key:2", "SELECT id FROM "+table); got != want {
				t.Errorf("%s: %s, want %s: what was detached is as protected as before", table, got, want)
			}
		}
		if !hasFinding(t, "RL642 note table archive.loose was detached") || !hasFinding(t, "RL642 note table app.letter") {
			t.Error(w.examine(t))
		}
		p := w.plan(t, partModel).Plan
		if !slices.Contains(apply.Hazards(p), policies.DisablesRLS) || !slices.ContainsFunc(p.Changes, func(c policies.Change) bool {
			return c.Object.Table == "archive.loose" && c.Reason == "the table was detached from resource event"
		}) {
			t.Errorf("plan %v", p.Changes)
		}
		conn := w.admin(t)
		if err := pipeline.Apply(t.Context(), conn, w.parse(t, partModel), p, apply.Options{Allow: []policies.Hazard{policies.WidensAccess}}); !errors.Is(err, apply.ErrHazard) {
			t.Errorf("apply lets go of a detached partition: %v", err)
		}
		// As resources of their own they stay protected all the while.
		w.apply(t, strings.Replace(partModel, "grants:", "  loose: {table: archive.loose, owner: owner}\n  letter: {table: app.letter, owner: owner}\ngrants:\n  - {to: authenticated, allow: {loose: [read], letter: [read]}}", 1))
		for table, want := range map[string]string{"archive.loose": "6", "app.letter": "23"} {
			if got := w.try(t, "key:2", "SELECT id FROM "+table); got != want {
				t.Errorf("%s: %s, want %s", table, got, want)
			}
		}
		w.apply(t, partModel)
		if got := w.try(t, "key:2", "SELECT id FROM archive.loose"); got != "5 6" {
			t.Errorf("after it was let go: %s", got)
		}
	})
	t.Run("a partition that is dropped", func(t *testing.T) {
		w.sql(t, "DROP TABLE app.event_2027, archive.loose, app.letter") // what was let go is a copy without policies
		for _, f := range w.examine(t) {
			t.Error("doctor:", f)
		}
		p := w.plan(t, partModel).Plan
		if p.Empty() || len(apply.Hazards(p)) > 0 {
			t.Errorf("hazards %v of %v", apply.Hazards(p), p.Changes)
		}
		w.apply(t, partModel)
	})
	t.Run("everything", func(t *testing.T) {
		conn := w.admin(t)
		r, err := pipeline.Uninstalled(t.Context(), conn)
		if err != nil {
			t.Fatal(explain(err))
		}
		if err := pipeline.Apply(t.Context(), conn, nil, r.Plan, apply.Options{Allow: apply.Hazards(r.Plan)}); err != nil {
			t.Fatal(explain(err))
		}
		for what, q := range map[string]string{
			"policies":     "SELECT count(*) FROM pg_policies WHERE schemaname IN ('app', 'archive')",
			"row security": "SELECT count(*) FROM pg_class WHERE relnamespace IN ('app'::regnamespace, 'archive'::regnamespace) AND (relrowsecurity OR relforcerowsecurity)",
			"triggers":     "SELECT count(*) FROM pg_trigger WHERE tgname ~ 'rls'",
		} {
			if n := one(t, w.root, q); n != "0" {
				t.Errorf("%s %s are left", n, what)
			}
		}
		for table, leaves := range partTrees {
			for _, leaf := range append(leaves, table) {
				if one(t, w.root, fmt.Sprintf("SELECT has_table_privilege('%s', '%s', 'TRUNCATE')", w.role("app"), leaf)) != "t" {
					t.Errorf("TRUNCATE on %s was not given back", leaf)
				}
			}
		}
	})
}
