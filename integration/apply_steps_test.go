package integration

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/doctor"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// Eight people in a line of bosses and another of creators, teams, and five tables of documents: each user owns a row of
// each table, and is named by one as the other.
const stepSchema = `
	CREATE TABLE public.person (id integer PRIMARY KEY, boss integer REFERENCES person, creator integer REFERENCES person, admin boolean NOT NULL DEFAULT false);
	INSERT INTO public.person SELECT i, CASE WHEN i > 1 THEN i / 2 END, CASE WHEN i < 8 THEN i + 1 END, i = 5 FROM generate_series(1, 8) AS i;
	CREATE TABLE public.deputy (a integer, b integer);
	INSERT INTO public.deputy VALUES (8, 2), (7, 3);
	CREATE TABLE public.team (id integer PRIMARY KEY, name text, open boolean);
	CREATE TABLE public.team_member (team integer, member integer);
	INSERT INTO public.team VALUES (1, 'one', true), (2, 'two', false);
	INSERT INTO public.team_member VALUES (1, 6), (1, 8), (2, 4), (2, 7);
	DO $$ BEGIN
		FOR n IN 1..5 LOOP
			EXECUTE format('CREATE TABLE public.doc%s (id integer PRIMARY KEY, owner_id integer, other_id integer, team integer)', n);
			EXECUTE format('INSERT INTO public.doc%s SELECT i, i, 9 - i, i %% 3 FROM generate_series(1, 8) AS i', n);
		END LOOP;
	END $$;
	GRANT SELECT, INSERT, UPDATE, DELETE ON public.person, public.doc1, public.doc2, public.doc3, public.doc4, public.doc5 TO {{app}}, {{app_ro}}, {{migrator}};`

// stepModel is a model over stepSchema; each part may be left out.
type stepModel struct {
	database, users, groups string
	resources, grants       []string
}

func (m stepModel) yaml() string {
	var b strings.Builder
	database, users := m.database, m.users
	if database == "" {
		database = `{client_roles: ["{{app}}"], maintenance_roles: ["{{owner}}", "{{migrator}}"]}`
	}
	if users == "" {
		users = "{table: person, key: id, superuser: admin, sees: {supervisor: boss}}"
	}
	fmt.Fprintf(&b, "version: 1\ndatabase: %s\nusers: %s\n", database, users)
	if m.groups != "" {
		fmt.Fprintf(&b, "groups: %s\n", m.groups)
	}
	b.WriteString("resources:\n")
	for _, r := range m.resources {
		fmt.Fprintf(&b, "  %s\n", r)
	}
	b.WriteString("grants:\n")
	for _, g := range m.grants {
		fmt.Fprintf(&b, "  - %s\n", g)
	}
	return b.String()
}

const (
	doc1, doc2, doc3 = "doc1: {table: doc1, owner: owner_id}", "doc2: {table: doc2, owner: owner_id}", "doc3: {table: doc3, owner: [owner_id, other_id]}"
	readAll123       = `{to: authenticated, allow: {doc1: "*", doc2: [read, update], doc3: "*"}}`
	stepTeams        = "{table: team, key: id, name: name, share_members_visibility: open, members: {table: team_member, group: team, user: member}}"
	withTeams        = `{to: authenticated, allow: {doc1: "*", doc2: "*", doc3: "*"}}`
)

var stepTables = []string{"person", "doc1", "doc2", "doc3", "doc4", "doc5"}

// observer is somebody who looks at all tables through a connection of their own.
type observer struct {
	name string
	conn *pgx.Conn
	role string // taken before each look
}

// observers are people with logins of their own, a login of each client role that stands for nobody, an impersonating
// login, and a maintenance role.
func (w *world) observers(t testing.TB) []observer {
	t.Helper()
	var out []observer
	for _, u := range []string{"1", "3", "5", "6", "8"} {
		for _, client := range []string{"app", "app_ro"} {
			login := w.db.Role(t, "person", "LOGIN IN ROLE "+w.role(client))
			// Without a model there is no membership in rls_client to inherit a form from.
			w.sql(t, "GRANT rls_any TO "+login)
			w.sql(t, "INSERT INTO rls.login (name, kind, principal, client_role) VALUES ($1, 'person', $2, $3)", login, u, w.role(client))
			out = append(out, observer{"person " + u + " of " + client, w.db.Conn(t, login), ""})
		}
	}
	out = append(out, observer{"nobody", w.db.Conn(t, w.db.Role(t, "nobody", "LOGIN IN ROLE "+w.role("app"))), ""})
	out = append(out, observer{"migrator", w.admin(t), w.role("migrator")})
	return out
}

// views is what everybody sees: observer and table to the rows.
type views map[string]string

func look(t testing.TB, all []observer) views {
	t.Helper()
	out := views{}
	for _, o := range all {
		for _, table := range stepTables {
			tx := begin(t, o.conn)
			if o.role != "" {
				must(t, tx, "SET LOCAL ROLE "+o.role)
			}
			rows, _, err := collect(t.Context(), tx, "SELECT id FROM public."+table+" ORDER BY 1")
			got := strings.Join(rows, ",")
			if err != nil {
				got = sqlstate(err)
			}
			out[o.name+" "+table] = got
			if err := tx.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	return out
}

// table of a key of a views.
func (views) table(key string) string { return "public." + key[strings.LastIndex(key, " ")+1:] }

// at says after which step of those that a plan has at first a table shows what the new model says: never, where it is
// in none of them.
func stepOf(steps []policies.Step, table string) int {
	shared := len(steps)
	for k, s := range steps {
		if slices.Contains(strings.Split(s.Title, ", "), table) {
			return k
		}
		if s.Title == "what all tables ask" || s.Title == "everything" {
			shared = k
		}
	}
	return shared
}

func TestApplyStepByStep(t *testing.T) {
	t.Parallel()
	small := stepModel{resources: []string{doc1, doc2, doc3}, grants: []string{readAll123}}
	changed := func(f func(m *stepModel)) stepModel {
		m := stepModel{small.database, small.users, small.groups, slices.Clone(small.resources), slices.Clone(small.grants)}
		f(&m)
		return m
	}
	for name, c := range map[string]struct {
		before, after *stepModel
		steps         []string // their titles
		together      string   // of the step of what all tables ask
	}{
		"the first model": {nil, &small, []string{"what nothing uses yet", "public.doc1", "public.doc2", "public.doc3"}, ""},
		"tables alone": {&small, new(changed(func(m *stepModel) {
			m.resources = []string{"doc1: {table: doc1, owner: other_id}", doc3, "doc4: {table: doc4, owner: owner_id}"}
			m.grants = []string{`{to: authenticated, allow: {doc1: [read], doc3: [read], doc4: "*"}}`}
		})), []string{"what nothing uses yet", "public.doc3", "public.doc4", "public.doc1", "public.doc2", "what nothing uses any more"}, ""},
		// The guards of the users' table say otherwise then, and they are of all tables.
		"the users' own table": {&small, new(changed(func(m *stepModel) {
			m.resources = append(m.resources, "person: {table: person, owner: id}")
			m.grants = append(m.grants, `{to: authenticated, allow: {person: [read]}}`)
		})), []string{"what nothing uses yet", "what all tables ask", "public.person"}, ""},
		"another hierarchy": {&small, new(changed(func(m *stepModel) {
			m.users = "{table: person, key: id, superuser: admin, sees: {creator: creator, deputy: {table: deputy, viewer: a, seen: b}}}"
			m.resources = []string{"doc1: {table: doc1, owner: other_id}", doc2, doc3, "doc4: {table: doc4, owner: owner_id}", "doc5: {table: doc5, owner: owner_id}"}
			m.grants = append(m.grants, `{to: authenticated, allow: {doc4: "*"}}`)
		})), []string{"what nothing uses yet", "what all tables ask", "public.doc4", "public.doc5"}, "public.doc1"},
		"other superusers": {&small, new(changed(func(m *stepModel) {
			m.users = "{table: person, key: id, sees: {supervisor: boss}}"
		})), []string{"what all tables ask"}, ""},
		"groups": {&small, new(changed(func(m *stepModel) {
			m.groups = stepTeams
			m.resources[1] = "doc2: {table: doc2, owner: [owner_id, {group: team}]}"
		})), []string{"what nothing uses yet", "what all tables ask"}, "public.doc2"},
		"no groups": {new(changed(func(m *stepModel) {
			m.groups = stepTeams
			m.resources[1] = "doc2: {table: doc2, owner: [owner_id, {group: team}]}"
			m.grants = []string{withTeams}
		})), &small, []string{"what all tables ask", "what nothing uses any more"}, "public.doc2"},
		"another name": {&small, new(changed(func(m *stepModel) {
			m.resources[0] = "paper: {table: doc1, owner: other_id}"
			m.grants = []string{`{to: authenticated, allow: {paper: "*", doc2: [read], doc3: "*"}}`}
		})), []string{"what nothing uses yet", "public.doc2", "public.doc1", "what nothing uses any more"}, ""},
		"names swapped": {&small, new(changed(func(m *stepModel) {
			m.resources[0], m.resources[1] = "doc2: {table: doc1, owner: owner_id}", "doc1: {table: doc2, owner: other_id}"
		})), []string{"public.doc1, public.doc2"}, ""},
		"another client role": {&small, new(changed(func(m *stepModel) {
			m.database = `{client_roles: ["{{app}}", "{{app_ro}}"], maintenance_roles: ["{{owner}}"]}`
			m.resources[0] = "doc1: {table: doc1, owner: other_id}"
		})), []string{"what nothing uses yet", "what all tables ask", "what nothing uses any more"}, "public.doc1, public.doc2, public.doc3"},
		"another maintenance role": {new(changed(func(m *stepModel) {
			m.database = `{client_roles: ["{{app}}"], maintenance_roles: ["{{owner}}"]}`
		})), &small, []string{"what nothing uses yet", "public.doc1", "public.doc2", "public.doc3"}, ""},
		"grants alone": {&small, new(changed(func(m *stepModel) {
			m.grants = []string{`{to: everyone, allow: {doc1: [read]}}`, `{to: "user:6", allow: {doc3: "*"}}`}
		})), []string{"public.doc2", "public.doc1", "public.doc3"}, ""},
		"another type of key": {&small, new(changed(func(m *stepModel) {
			m.users = "{table: person, key: big, superuser: admin}"
		})), []string{"everything"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := emptyWorld(t, stepSchema+"ALTER TABLE public.person ADD COLUMN big bigint UNIQUE; UPDATE public.person SET big = id; ALTER TABLE public.person ALTER COLUMN big SET NOT NULL;")
			if c.before != nil {
				w.apply(t, c.before.yaml())
			}
			w.oneStepAtATime(t, c.after.yaml(), c.steps, c.together)
		})
	}
}

// oneStepAtATime applies a model, stops after each step, plans again and goes on, and compares what everybody sees in
// between with what they saw at first and see at last.
func (w *world) oneStepAtATime(t *testing.T, model string, titles []string, together string) {
	t.Helper()
	all := w.observers(t)
	conn := w.admin(t)
	m := w.parse(t, model)
	seen := []views{look(t, all)}
	var first []policies.Step
	for k := 0; ; k++ {
		r, err := pipeline.Plan(t.Context(), conn, m)
		if err != nil || r.Diagnostics.HasErrors() {
			t.Fatalf("plan after %d steps: %v %v", k, explain(err), r.Diagnostics)
		}
		steps, notes := pipeline.Steps(r)
		var names []string
		for _, s := range steps {
			names = append(names, s.Title)
		}
		if k == 0 {
			first = steps
			if !slices.Equal(names, titles) {
				t.Errorf("steps %q, want %q", names, titles)
			}
			for _, s := range steps {
				if s.Title == "what all tables ask" && together != "" && (!strings.HasSuffix(s.Reason, "in one step: "+together) || !strings.Contains(fmt.Sprint(notes), together)) {
					t.Errorf("together: %s; notes %v", s.Reason, notes)
				}
			}
		}
		if len(steps) == 0 {
			break
		}
		if k >= len(first) {
			t.Fatalf("after %d steps there are more: %q", k, names)
		}
		ctx, stop := context.WithCancel(t.Context())
		done, err := pipeline.ApplySteps(ctx, conn, m, r, apply.Options{Allow: apply.Hazards(r.Plan)}, func(done int, _ []policies.Step) {
			if done == 1 {
				stop()
			}
		})
		if done != 1 || err != nil && !errors.Is(err, context.Canceled) {
			t.Fatalf("step %d: %d done, %v", k, done, explain(err))
		}
		stop()
		conn = w.admin(t) // the other one ended with its context
		report, err := doctor.Examine(t.Context(), conn, doctor.Options{})
		if err != nil {
			t.Fatal(explain(err))
		}
		for _, f := range report.Findings {
			if code := f.Code; code == "RL604" || code == "RL605" || code == "RL606" {
				t.Errorf("after step %d: %s %s", k, code, f.Message)
			}
		}
		seen = append(seen, look(t, all))
	}
	if p := w.plan(t, model).Plan; !p.Empty() {
		t.Errorf("at the end there is more to do: %v", p.Changes)
	}
	last := seen[len(seen)-1]
	moved := 0
	for _, who := range slices.Sorted(maps.Keys(last)) {
		at := stepOf(first, last.table(who))
		if seen[0][who] != last[who] {
			moved++
		}
		for k, s := range seen {
			want := seen[0][who]
			if k > at {
				want = last[who]
			}
			if s[who] != want {
				t.Errorf("%s after %d of %d steps: sees %q, want %q; at first %q, at last %q, with step %d", who, k, len(first), s[who], want, seen[0][who], last[who], at)
			}
		}
	}
	if moved == 0 {
		t.Error("nobody sees anything else than before")
	}
}
