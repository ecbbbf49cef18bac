package integration

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/rlsctl/rlsctl/internal/doctor"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/diff"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

const byHandSchema = `
CREATE TABLE public.person (id integer PRIMARY KEY, boss integer REFERENCES public.person);
CREATE TABLE public.note (id integer PRIMARY KEY, owner integer REFERENCES public.person, body text);
INSERT INTO person VALUES (1, NULL), (2, NULL);
INSERT INTO note VALUES (1, 1, 'x'), (2, 2, 'y');
GRANT SELECT, INSERT, UPDATE, DELETE ON note TO {{app}}, {{migrator}};
`

const byHandModel = `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"]}
users: {table: person, key: id, sees: {boss: boss}}
resources:
  note: {table: note, owner: owner}
grants:
  - {to: authenticated, allow: {note: "*"}}
`

// policiesOf is all that PostgreSQL knows of the policies and the row security of the application's tables.
func policiesOf(t testing.TB, w *world) []string {
	t.Helper()
	return w.rows(t, w.admin(t), `
		SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, p.polname, p.polcmd, p.polpermissive,
			ARRAY(SELECT CASE r WHEN 0 THEN 'PUBLIC' ELSE r::regrole::text END FROM unnest(p.polroles) AS r ORDER BY 1),
			pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid), obj_description(p.oid, 'pg_policy')
		FROM pg_class AS c LEFT JOIN pg_policy AS p ON p.polrelid = c.oid
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'rls_goose_version' ORDER BY 1, 4`)
}

// planWith plans with options.
func (w *world) planWith(t testing.TB, model string, options ...diff.Option) (*policies.Model, policies.Plan) {
	t.Helper()
	m := w.parse(t, model)
	r, err := pipeline.Plan(t.Context(), w.admin(t), m, options...)
	if err != nil || r.Diagnostics.HasErrors() {
		t.Fatalf("plan: %v %v", explain(err), r.Diagnostics)
	}
	return m, r.Plan
}

// uninstalled takes everything away that apply put there.
func (w *world) uninstalled(t testing.TB) {
	t.Helper()
	conn := w.admin(t)
	r, err := pipeline.Uninstalled(t.Context(), conn)
	if err != nil {
		t.Fatal(explain(err))
	}
	if err := pipeline.Apply(t.Context(), conn, nil, r.Plan, apply.Options{Allow: apply.Hazards(r.Plan), LockRetries: 30}); err != nil {
		t.Fatal(explain(err))
	}
}

// Apply refuses beside a permissive policy until the model keeps it by name or a flag drops it, and removal puts it back.
func TestPoliciesByHand(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"TO PUBLIC":               "CREATE POLICY by_hand ON note USING (true)",
		"TO the maintenance role": "CREATE POLICY by_hand ON note FOR SELECT TO {{migrator}} USING (id > 0)",
		"TO rls_owner":            "CREATE POLICY by_hand ON note TO rls_owner USING (true)",
		"TO the client role":      "CREATE POLICY by_hand ON note FOR UPDATE TO {{app}} USING (owner = 1) WITH CHECK (body <> 'it''s')",
		"TO two roles":            "CREATE POLICY by_hand ON note FOR INSERT TO {{app_ro}}, {{app}} WITH CHECK (true); COMMENT ON POLICY by_hand ON note IS 'it''s ours $rls$'",
		"enabled, not forced":     "ALTER TABLE note ENABLE ROW LEVEL SECURITY; CREATE POLICY by_hand ON note FOR SELECT TO {{app_ro}} USING (id IN (SELECT p.id FROM person AS p))",
		"enabled and forced":      "ALTER TABLE note ENABLE ROW LEVEL SECURITY; ALTER TABLE note FORCE ROW LEVEL SECURITY; CREATE POLICY by_hand ON note FOR DELETE TO {{app}} USING (body LIKE '$rls$%')",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := emptyWorld(t, byHandSchema)
			w.sql(t, sql+"; CREATE POLICY narrow ON note AS RESTRICTIVE TO PUBLIC USING (id <> 7)")
			before := policiesOf(t, w)
			m, p := w.planWith(t, byHandModel)
			if !slices.ContainsFunc(p.Notes, func(d policies.Diagnostic) bool {
				return d.Code == diff.CodeForeignPolicy && d.Severity == policies.Error && strings.Contains(d.Message, "policy by_hand on public.note")
			}) || !slices.ContainsFunc(p.Notes, func(d policies.Diagnostic) bool {
				return d.Code == diff.CodeKeptPolicy && d.Severity == policies.Note && strings.Contains(d.Message, "restrictive policy narrow on public.note stays")
			}) {
				t.Errorf("notes %v", p.Notes)
			}
			if err := pipeline.Apply(t.Context(), w.admin(t), m, p, apply.Options{Allow: apply.Hazards(p), LockRetries: 30}); !errors.Is(err, apply.ErrRefused) {
				t.Fatalf("apply: %v", err)
			}
			equal(t, policiesOf(t, w), before, "after a refusal")

			// Kept by name.
			w.apply(t, strings.Replace(byHandModel, "owner: owner}", "owner: owner, keep_policies: [by_hand]}", 1))
			kept := policiesOf(t, w)
			for _, line := range before {
				name := strings.Split(line, "|")[3]
				if name != "NULL" && !slices.ContainsFunc(kept, func(k string) bool { return strings.Contains(k, "|"+name+"|") }) {
					t.Errorf("%s is gone: %v", name, kept)
				}
			}
			w.uninstalled(t)
			equal(t, policiesOf(t, w), before, "after keeping and removing")

			// Dropped by a step of the plan.
			m, p = w.planWith(t, byHandModel, diff.DropPolicies())
			i := slices.IndexFunc(p.Changes, func(c policies.Change) bool {
				return c.Op == policies.OpDrop && c.Object.Title == "policy by_hand on public.note" && slices.Contains(c.Hazards, policies.NarrowsAccess)
			})
			if i != 0 || p.Notes.HasErrors() {
				t.Fatalf("step %d drops it, notes %v", i, p.Notes)
			}
			if err := pipeline.Apply(t.Context(), w.admin(t), m, p, apply.Options{Allow: apply.Hazards(p), LockRetries: 30}); err != nil {
				t.Fatal(explain(err))
			}
			if list := policiesOf(t, w); slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, "|by_hand|") }) {
				t.Errorf("it is still there: %v", list)
			}
			if _, p := w.planWith(t, byHandModel); !p.Empty() || p.Notes.HasErrors() {
				t.Errorf("after apply: %v %v", p.Changes, p.Notes)
			}
			w.uninstalled(t)
			equal(t, policiesOf(t, w), before, "after dropping and removing")
		})
	}
}

// What comes after apply is drift; it is dropped and put back all the same, and survives the changes in between.
func TestPoliciesByHandLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t, byHandModel, byHandSchema)
	const sql = "CREATE POLICY late ON note FOR SELECT TO {{app}} USING (true)"
	m, p := w.planWith(t, strings.Replace(byHandModel, "owner: owner}", "owner: owner, write_scope: self}", 1))
	w.sql(t, sql)
	if err := pipeline.Apply(t.Context(), w.admin(t), m, p, apply.Options{Allow: apply.Hazards(p), LockRetries: 30}); !errors.Is(err, apply.ErrStateChanged) {
		t.Errorf("a policy between plan and apply: %v", err)
	}
	r, err := doctor.Examine(t.Context(), w.admin(t), doctor.Options{})
	if err != nil {
		t.Fatal(explain(err))
	}
	if !slices.ContainsFunc(r.Findings, func(f doctor.Finding) bool {
		return f.Code == doctor.CodeForeignPolicy && f.Level == policies.Error && strings.Contains(f.Message, "late on public.note")
	}) {
		t.Errorf("doctor: %v", r.Findings)
	}
	drop := func(model string) {
		m, p := w.planWith(t, model, diff.DropPolicies())
		if err := pipeline.Apply(t.Context(), w.admin(t), m, p, apply.Options{Allow: apply.Hazards(p), LockRetries: 30}); err != nil {
			t.Fatal(explain(err))
		}
	}
	drop(byHandModel)
	if got := w.try(t, "2", "SELECT id FROM note"); got != "2" {
		t.Errorf("after the drop 2 sees %s", got)
	}
	w.apply(t, strings.Replace(byHandModel, "owner: owner}", "owner: owner, write_scope: self}", 1))
	w.sql(t, "CREATE POLICY later ON note FOR SELECT TO {{app}} USING (id = 1)")
	drop(byHandModel)
	w.sql(t, "ALTER TABLE note NO FORCE ROW LEVEL SECURITY")
	w.apply(t, byHandModel)
	w.uninstalled(t)
	equal(t, policiesOf(t, w), w.rows(t, w.admin(t), `VALUES ('note|f|f|late|r|t|{'||$1||'}|true|NULL|NULL'), ('note|f|f|later|r|t|{'||$1||'}|(id = 1)|NULL|NULL'), ('person|f|f|NULL|NULL|NULL|{}|NULL|NULL|NULL')`,
		w.role("app")), "what is left")
}

// A policy of a name that the model wants is in the way; the graph's tables must not be filtered for rls_owner.
func TestPoliciesByHandInTheWay(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, byHandSchema)
	w.sql(t, "CREATE POLICY note_create ON note FOR SELECT USING (true)")
	for _, options := range [][]diff.Option{nil, {diff.DropPolicies()}} {
		if _, p := w.planWith(t, byHandModel, options...); !slices.ContainsFunc(p.Notes, func(d policies.Diagnostic) bool { return d.Code == diff.CodeConflict && d.Severity == policies.Error }) {
			t.Errorf("notes %v", p.Notes)
		}
	}
	w.sql(t, "DROP POLICY note_create ON note")

	for _, sql := range []string{"CREATE POLICY p ON person USING (true)", "CREATE POLICY p ON person AS RESTRICTIVE TO rls_owner USING (true)"} {
		w.sql(t, "ALTER TABLE person ENABLE ROW LEVEL SECURITY; "+sql)
		for _, options := range [][]diff.Option{nil, {diff.DropPolicies()}} { // the table is not ours to open or close
			if _, p := w.planWith(t, byHandModel, options...); !slices.ContainsFunc(p.Notes, func(d policies.Diagnostic) bool {
				return d.Code == diff.CodeGraphPolicy && d.Severity == policies.Error
			}) {
				t.Errorf("%s: notes %v", sql, p.Notes)
			}
		}
		w.sql(t, "DROP POLICY p ON person")
	}
}
