package integration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// planOn plans a model on a connection of the caller's.
func (w *world) planOn(t testing.TB, conn *pgx.Conn, model string) (*policies.Model, policies.Plan) {
	t.Helper()
	m := w.parse(t, model)
	r, err := pipeline.Plan(t.Context(), conn, m)
	if err != nil || r.Diagnostics.HasErrors() {
		t.Fatalf("plan: %v %v", explain(err), r.Diagnostics)
	}
	return m, r.Plan
}

// applyOn applies a plan on a connection of the caller's, whatever its hazards.
func applyOn(t testing.TB, conn *pgx.Conn, m *policies.Model, p policies.Plan, o apply.Options) error {
	t.Helper()
	o.Allow = apply.Hazards(p)
	return pipeline.Apply(t.Context(), conn, m, p, o)
}

// uninstall takes everything away that apply put there.
func (w *world) uninstall(t testing.TB, conn *pgx.Conn) {
	t.Helper()
	r, err := pipeline.Uninstalled(t.Context(), conn)
	if err != nil {
		t.Fatal(explain(err))
	}
	if err := applyOn(t, conn, nil, r.Plan, apply.Options{}); err != nil {
		t.Fatal(explain(err))
	}
}

// state is the description of a world with what apply keeps as rows.
func (w *world) state(t testing.TB) string {
	t.Helper()
	conn := w.admin(t)
	defer conn.Close(context.Background()) //nolint:errcheck // the end of the question
	return describe(t, conn, true) + one(t, conn, `SELECT concat_ws(E'\n',
		(SELECT string_agg(r::text, E'\n' ORDER BY r.name) FROM rls.resource AS r),
		(SELECT string_agg(r::text, E'\n' ORDER BY r.name) FROM rls.database_role AS r),
		(SELECT string_agg(c.kind || ' ' || c.name || ' ' || c.hash || ' ' || c.fingerprint, E'\n' ORDER BY c.kind, c.name) FROM rls.compiled AS c),
		(SELECT string_agg(g.grantee || ' ' || g.action || ' ' || g.resource, E'\n' ORDER BY g.resource, g.action, g.grantee) FROM rls."grant" AS g))`) + "\n"
}

func TestApplyRefuses(t *testing.T) {
	t.Parallel()
	// Each case plans, spoils something, and expects that nothing was done.
	for _, c := range []struct {
		name  string
		spoil func(t *testing.T, w *world)
		o     apply.Options
		want  func(err error) bool
	}{
		{"where_the_table_has_changed", func(t *testing.T, w *world) { w.sql(t, "ALTER TABLE public.note ADD COLUMN more text") },
			apply.Options{}, func(err error) bool { return errors.Is(err, apply.ErrStateChanged) }},
		{"where_a_policy_was_made_meanwhile", func(t *testing.T, w *world) {
			w.sql(t, "CREATE POLICY by_hand ON public.note USING (true)")
		}, apply.Options{}, func(err error) bool { return errors.Is(err, apply.ErrStateChanged) }},
		{"while_another_apply_runs", func(t *testing.T, w *world) {
			must(t, begin(t, w.admin(t)), apply.LockSQL(apply.LockTools))
		}, apply.Options{LockTimeout: 50 * time.Millisecond, LockRetries: 2}, func(err error) bool { return errors.Is(err, apply.ErrLocked) }},
		{"while_the_table_is_in_use", func(t *testing.T, w *world) {
			must(t, begin(t, w.admin(t)), "SELECT * FROM public.note")
		}, apply.Options{LockTimeout: 50 * time.Millisecond, LockRetries: 2}, func(err error) bool { return sqlstate(err) == "55P03" }},
		{"where_the_table_is_gone", func(t *testing.T, w *world) { w.sql(t, "DROP TABLE public.note") },
			apply.Options{}, func(err error) bool { return errors.Is(err, apply.ErrStateChanged) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := emptyWorld(t, smallSchema)
			conn := w.admin(t)
			m, p := w.planOn(t, conn, smallModel)
			c.spoil(t, w)
			before := w.state(t)
			if err := applyOn(t, conn, m, p, c.o); !c.want(err) {
				t.Errorf("error %v", explain(err))
			}
			same(t, w.state(t), before, "after a refused apply")
		})
	}
	t.Run("a_hazard_that_was_not_allowed", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, smallModel, smallSchema)
		conn := w.admin(t)
		m, p := w.planOn(t, conn, strings.Replace(smallModel, "write_scope: self", "write_scope: visible", 1))
		before := w.state(t)
		err := pipeline.Apply(t.Context(), conn, m, p, apply.Options{})
		if !errors.Is(err, apply.ErrHazard) || !strings.Contains(err.Error(), "WIDENS_ACCESS") || strings.Contains(err.Error(), "NARROWS") {
			t.Errorf("error %v", err)
		}
		same(t, w.state(t), before, "after a refused apply")
	})
	t.Run("beside_a_permissive_policy_made_by_hand", func(t *testing.T) {
		t.Parallel()
		w := emptyWorld(t, smallSchema+"CREATE POLICY by_hand ON public.note USING (true);")
		conn := w.admin(t)
		m := w.parse(t, smallModel)
		r, err := pipeline.Plan(t.Context(), conn, m)
		if err != nil {
			t.Fatal(explain(err))
		}
		before := w.state(t)
		if !r.Diagnostics.HasErrors() { // check may have seen it before diff does
			if err := applyOn(t, conn, m, r.Plan, apply.Options{}); !errors.Is(err, apply.ErrRefused) {
				t.Errorf("error %v", err)
			}
		}
		same(t, w.state(t), before, "after a refused apply")
	})
	t.Run("a_seed_to_somebody_who_does_not_exist", func(t *testing.T) {
		t.Parallel()
		w := emptyWorld(t, smallSchema)
		conn := w.admin(t)
		m, p := w.planOn(t, conn, smallModel+"  - {to: \"user:99\", allow: {note: [read]}}\n")
		before := w.state(t)
		if err := applyOn(t, conn, m, p, apply.Options{}); sqlstate(err) != "RL404" {
			t.Errorf("error %v", explain(err))
		}
		same(t, w.state(t), before, "after a refused apply")
	})
}

func TestApplyIsAllOrNothing(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, smallSchema)
	conn := w.admin(t)
	_, first := w.planOn(t, conn, smallModel)
	before := w.state(t)
	killer := w.admin(t)
	for _, at := range []int{0, 1, len(first.Changes) / 2, len(first.Changes) - 1} {
		conn := w.admin(t)
		m, p := w.planOn(t, conn, smallModel)
		pid := conn.PgConn().PID()
		err := applyOn(t, conn, m, p, apply.Options{Progress: func(done, _ int, _ policies.Change) {
			if done == at {
				must(t, killer, fmt.Sprintf("SELECT pg_terminate_backend(%d, 5000)", pid))
			}
		}})
		if err == nil || errors.Is(err, apply.ErrUncertain) {
			t.Errorf("the connection was lost at change %d: error %v", at, err)
		}
		same(t, w.state(t), before, "after the connection was lost at change %d", at)
	}
	ctx, cancel := context.WithCancel(t.Context())
	m, p := w.planOn(t, conn, smallModel)
	err := pipeline.Apply(ctx, conn, m, p, apply.Options{Allow: apply.Hazards(p), Progress: func(done, _ int, _ policies.Change) {
		if done == 5 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	same(t, w.state(t), before, "after the context was over")
	w.apply(t, smallModel)
}

func TestApplyTwiceAtOnce(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, smallSchema)
	var all sync.WaitGroup
	errs := make([]error, 3)
	started := make(chan struct{})
	for i := range errs {
		conn := w.admin(t)
		m, p := w.planOn(t, conn, smallModel)
		all.Go(func() {
			<-started
			errs[i] = applyOn(t, conn, m, p, apply.Options{})
		})
	}
	close(started)
	all.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, apply.ErrLocked) && !errors.Is(err, apply.ErrStateChanged):
			t.Errorf("error %v", explain(err))
		}
	}
	if won != 1 {
		t.Errorf("%d applies won", won)
	}
}

// TestApplyHasNoOpenMoment reads all the time while models come and go.
func TestApplyHasNoOpenMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t, smallModel, smallSchema)
	narrow := strings.Replace(smallModel, ", sees: {supervisor: boss}", "", 1)
	wider := strings.Replace(smallModel, "write_scope: self", "write_scope: visible, actions: [print]", 1)
	reader := w.person(t, "1")
	var over atomic.Bool
	seen := map[string]int{}
	var failure error
	var all sync.WaitGroup
	all.Go(func() {
		for !over.Load() {
			rows, _, err := collect(context.Background(), reader, "SELECT id FROM public.note ORDER BY id")
			if err != nil {
				failure = err
				return
			}
			seen[strings.Join(rows, ",")]++
		}
	})
	for range 6 {
		for _, model := range []string{narrow, wider, smallModel} {
			w.apply(t, model)
		}
	}
	over.Store(true)
	all.Wait()
	if failure != nil {
		t.Errorf("a reader met %v", explain(failure))
	}
	if seen["1"] == 0 || seen["1,2"] == 0 || len(seen) != 2 {
		t.Errorf("seen, and how often: %v", seen)
	}
}

func TestUninstallLeavesWhatWasThere(t *testing.T) {
	t.Parallel()
	// What the application had before: filtering of its own, privileges that we take, a restrictive policy, a trigger.
	const schema = smallSchema + `
		CREATE TABLE public.memo (id uuid PRIMARY KEY, owner_id bigint, other_id bigint, body text);
		ALTER TABLE public.memo ENABLE ROW LEVEL SECURITY;
		CREATE POLICY office_hours ON public.memo AS RESTRICTIVE FOR DELETE USING (body <> 'keep');
		CREATE TABLE public.forced (id integer PRIMARY KEY, owner_id bigint);
		ALTER TABLE public.forced ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
		CREATE FUNCTION public.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
		CREATE TRIGGER stamp BEFORE UPDATE ON public.memo FOR EACH ROW EXECUTE FUNCTION public.stamp();
		GRANT ALL ON public.memo TO {{app}};
		GRANT TRUNCATE ON public.memo TO PUBLIC;
		GRANT REFERENCES, TRIGGER ON public.forced TO {{app_ro}} WITH GRANT OPTION;
		GRANT TRUNCATE ON public.note TO {{migrator}};`
	const more = smallModel + `` // the grants come last, so resources are put in by name below
	model := strings.Replace(strings.Replace(more, `client_roles: ["{{app}}"]`, `client_roles: ["{{app}}", "{{app_ro}}"]`, 1), "grants:\n", `  memo: {table: memo, owner: [owner_id, other_id], owner_check: self, actions: [print]}
  forced: {table: forced, owner: owner_id, hidden: true}
grants:
  - {to: everyone, allow: {memo: [read]}}
`, 1)
	w := emptyWorld(t, schema)
	conn := w.admin(t)
	w.sql(t, "CREATE FUNCTION rls.by_hand() RETURNS text LANGUAGE sql RETURN 'mine'; CREATE VIEW rls.by_hand AS SELECT 1 AS one")
	before := w.state(t)
	w.apply(t, model)
	applied := w.state(t)

	t.Run("all_of_it", func(t *testing.T) {
		w.uninstall(t, conn)
		same(t, w.state(t), before, "after uninstall")
		w.apply(t, model)
		same(t, w.state(t), applied, "applied again")
	})
	t.Run("one_resource", func(t *testing.T) {
		withoutMemo := strings.Replace(strings.Replace(model, "  memo: {table: memo, owner: [owner_id, other_id], owner_check: self, actions: [print]}\n", "", 1), "  - {to: everyone, allow: {memo: [read]}}\n", "", 1)
		w.apply(t, withoutMemo)
		same(t, only(w.state(t), "public.memo"), only(before, "public.memo"), "the table of the removed resource")
		same(t, only(w.state(t), "public.forced"), only(applied, "public.forced"), "another resource")
		w.apply(t, model)
		same(t, w.state(t), applied, "applied again")
	})
	t.Run("also_after_it_was_changed_by_hand_and_put_right", func(t *testing.T) {
		w.sql(t, `ALTER TABLE public.note NO FORCE ROW LEVEL SECURITY; ALTER TABLE public.note DISABLE ROW LEVEL SECURITY;
			ALTER TABLE public.forced NO FORCE ROW LEVEL SECURITY;
			GRANT TRUNCATE ON public.memo TO {{app}}, {{app_ro}};
			DROP POLICY memo_read ON public.memo; ALTER POLICY note_read ON public.note USING (true);
			ALTER TABLE public.memo DISABLE TRIGGER rls_hand_over;
			CREATE OR REPLACE FUNCTION rls.user_groups(key text) RETURNS text[] LANGUAGE sql STABLE RETURN ARRAY['1'];
			DROP VIEW rls.visible_users;
			REVOKE rls_client FROM {{app}};
			DELETE FROM rls.resource WHERE name = 'forced'`)
		drifted := w.plan(t, model).Plan
		var reasons []string
		for _, c := range drifted.Changes {
			reasons = append(reasons, c.Reason)
			if c.Reason != "was changed by hand" && c.Reason != "was dropped by hand" {
				t.Errorf("%s %s: %q", c.Op, c.Object.Title, c.Reason)
			}
		}
		if len(reasons) < 10 {
			t.Errorf("drift: %d changes", len(reasons))
		}
		w.apply(t, model)
		same(t, w.state(t), applied, "put right")
		w.uninstall(t, conn)
		same(t, w.state(t), before, "after uninstall")
	})
}

// only keeps the lines of one table.
func only(description, table string) string {
	var out []string
	keep := false
	for line := range strings.SplitSeq(description, "\n") {
		if !strings.HasPrefix(line, "    ") {
			keep = strings.HasPrefix(line, "table "+table+" ")
		}
		if keep {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

func TestApplyAfterATableIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, strings.Replace(smallModel, "grants:\n", "  other: {table: other, owner: [owner_id, boss]}\ngrants:\n", 1),
		smallSchema+"CREATE TABLE public.other (id bigint PRIMARY KEY, owner_id bigint, boss bigint);")
	w.sql(t, "DROP TABLE public.other")
	w.apply(t, smallModel)
	applied := w.state(t)
	w.uninstall(t, w.admin(t))
	w.apply(t, smallModel)
	same(t, w.state(t), applied, "applied again")
	w.sql(t, "DROP TABLE public.note, public.person CASCADE")
	w.uninstall(t, w.admin(t))
	if left := one(t, w.admin(t), "SELECT count(*) FROM rls.compiled"); left != "0" {
		t.Errorf("%s objects are left", left)
	}
}

func TestApplyTakesPrivileges(t *testing.T) {
	t.Parallel()
	both := strings.Replace(smallModel, `client_roles: ["{{app}}"]`, `client_roles: ["{{app}}", "{{app_ro}}"]`, 1)
	t.Run("and_gives_those_of_a_later_role_back", func(t *testing.T) {
		t.Parallel()
		w := emptyWorld(t, smallSchema+"GRANT TRUNCATE ON public.note TO {{app_ro}};")
		before := w.state(t)
		w.apply(t, smallModel)
		w.apply(t, both)
		if got := one(t, w.admin(t), "SELECT has_table_privilege($1, 'public.note', 'TRUNCATE')", w.role("app_ro")); got != "f" {
			t.Error("it may still truncate")
		}
		w.uninstall(t, w.admin(t))
		same(t, w.state(t), before, "after uninstall")
	})
	t.Run("and_refuses_where_somebody_else_gave_them", func(t *testing.T) {
		t.Parallel()
		w := emptyWorld(t, smallSchema+`GRANT TRUNCATE ON public.note TO {{migrator}} WITH GRANT OPTION;
			RESET ROLE; SET ROLE {{migrator}}; GRANT TRUNCATE ON public.note TO {{app}}; RESET ROLE;`)
		conn := w.admin(t)
		m, p := w.planOn(t, conn, smallModel)
		before := w.state(t)
		if err := applyOn(t, conn, m, p, apply.Options{}); !errors.Is(err, apply.ErrNotMade) || !strings.Contains(err.Error(), "TRUNCATE") {
			t.Errorf("error %v", explain(err))
		}
		same(t, w.state(t), before, "after a refused apply")
	})
}

func TestApplySeedsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, smallModel, smallSchema)
	w.sql(t, `DELETE FROM rls."grant" WHERE action = 'delete'; UPDATE rls."grant" SET valid_until = now() WHERE action = 'update'`)
	before := w.state(t)
	if p := w.plan(t, smallModel).Plan; !p.Empty() {
		t.Errorf("a revoked seed would come back: %v", p.Changes)
	}
	w.apply(t, strings.Replace(smallModel, "write_scope: self", "write_scope: hierarchy", 1))
	w.apply(t, smallModel)
	same(t, w.state(t), before, "after two applies")
}

func TestApplyChangesOfTheModel(t *testing.T) {
	t.Parallel()
	const schema = smallSchema + `
		CREATE TABLE public.staff (code uuid PRIMARY KEY, login text UNIQUE, boss uuid);
		CREATE TABLE public.team (id text PRIMARY KEY);
		CREATE TABLE public.team_member (team text, member uuid);
		INSERT INTO public.staff VALUES ('00000000-0000-0000-0000-00000000000a', 'anna', NULL), ('00000000-0000-0000-0000-00000000000b', 'ben', '00000000-0000-0000-0000-00000000000a');
		ALTER TABLE public.note ADD COLUMN staff_id uuid, ADD COLUMN team text;
		UPDATE public.note SET staff_id = '00000000-0000-0000-0000-00000000000b' WHERE id = 3;
		CREATE TABLE public.other (id bigint PRIMARY KEY, owner_id bigint);
		INSERT INTO public.other VALUES (30, 3);
		GRANT SELECT ON public.other TO {{app}};`
	const uuidModel = `version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{owner}}", "{{migrator}}"]}
users: {table: staff, key: code, login: login, sees: {supervisor: boss}}
groups: {table: team, key: id, members: {table: team_member, group: team, user: member}}
resources:
  note: {table: note, owner: [staff_id, {group: team}], write_scope: self}
grants:
  - {to: authenticated, allow: {note: "*"}}
`
	t.Run("another_type_of_key_builds_everything_anew", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, uuidModel, schema)
		fresh := w.state(t)
		w.uninstall(t, w.admin(t))
		w.apply(t, smallModel)
		w.apply(t, uuidModel)
		same(t, w.state(t), fresh, "by way of another type of key")
		if got := w.try(t, "anna", "SELECT id FROM public.note"); got != "3" {
			t.Errorf("anna sees %s", got)
		}
		w.apply(t, smallModel)
		if got := w.try(t, "1", "SELECT id FROM public.note ORDER BY id"); got != "1 2" {
			t.Errorf("person 1 sees %s", got)
		}
	})
	two := strings.Replace(smallModel, "grants:\n", "  other: {table: other, owner: owner_id}\ngrants:\n", 1)
	swapped := strings.NewReplacer("table: note", "table: other", "table: other", "table: note").Replace(two)
	t.Run("two_resources_swap_their_tables", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, swapped, schema)
		fresh := w.state(t)
		w.uninstall(t, w.admin(t))
		w.apply(t, two)
		w.apply(t, swapped)
		same(t, w.state(t), fresh, "after the swap")
	})
	t.Run("a_resource_gets_another_name", func(t *testing.T) {
		t.Parallel()
		renamed := strings.NewReplacer("  note: {table", "  memo: {table", "{note: ", "{memo: ").Replace(smallModel)
		w := newWorld(t, renamed, schema)
		fresh := w.state(t)
		w.uninstall(t, w.admin(t))
		w.apply(t, smallModel)
		w.apply(t, renamed)
		same(t, w.state(t), fresh, "renamed")
	})
	t.Run("the_toolkits_own_users_instead_of_adopted_ones", func(t *testing.T) {
		t.Parallel()
		const own = "version: 1\ndatabase: {client_roles: [\"{{app}}\"]}\nresources:\n  note: {table: note, owner: staff_id}\n"
		w := newWorld(t, own, schema)
		fresh := w.state(t)
		w.uninstall(t, w.admin(t))
		w.apply(t, smallModel)
		w.apply(t, own)
		same(t, w.state(t), fresh, "from adopted users")
	})
}

func TestApplyWithoutDatabaseSuperuser(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, smallSchema)
	admin := w.admin(t)
	before := w.state(t)
	manager := w.db.Role(t, "manager", "LOGIN CREATEROLE")
	must(t, admin, "GRANT "+w.role("owner")+" TO "+manager)
	if pgtest.Shared(t).Version() >= 160000 {
		// Plan roles are members of the client role too.
		must(t, admin, "GRANT rls_owner, rls_client, rls_"+strings.Join(forms, ", rls_")+", "+w.role("app")+" TO "+manager+" WITH ADMIN OPTION, INHERIT FALSE, SET FALSE")
	}
	conn := w.db.Conn(t, manager)
	model := strings.Replace(smallModel, "grants:\n", "grants:\n  - {to: \"user:1\", allow: {note: [read]}}\n", 1)
	m, p := w.planOn(t, conn, model)
	if err := applyOn(t, conn, m, p, apply.Options{}); err != nil {
		t.Fatal(explain(err))
	}
	if _, again := w.planOn(t, conn, model); !again.Empty() {
		t.Errorf("the second plan is not empty: %v", again.Changes)
	}
	reader := w.db.Role(t, "person", "LOGIN IN ROLE "+w.role("app")+", rls_any")
	w.sql(t, "INSERT INTO rls.login (name, kind, principal, client_role) VALUES ($1, 'person', '1', $2)", reader, w.role("app"))
	if got := w.rows(t, w.db.Conn(t, reader), "SELECT id FROM public.note ORDER BY id"); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("person 1 sees %s", got)
	}
	if got := one(t, admin, "SELECT count(*) FROM pg_auth_members AS m WHERE m.roleid = 'rls_owner'::regrole AND pg_has_role(m.member, 'rls_owner', 'USAGE') AND NOT (SELECT rolsuper FROM pg_roles WHERE oid = m.member)"); got != "0" {
		t.Errorf("%s members of rls_owner", got)
	}
	if _, err := conn.Exec(t.Context(), "SET ROLE rls_owner"); sqlstate(err) != "42501" {
		t.Errorf("the manager can become rls_owner: %v", err)
	}
	w.uninstall(t, conn)
	same(t, w.state(t), before, "after uninstall")

	// A schema that the login cannot open to a gateway: GRANT only warns.
	gate := w.gateway(t).login
	must(t, admin, "CREATE SCHEMA hidden; ALTER TABLE public.note SET SCHEMA hidden; GRANT USAGE ON SCHEMA hidden TO "+manager+", "+w.role("owner"))
	m, p = w.planOn(t, conn, strings.Replace(smallModel, "table: note", "table: hidden.note", 1))
	before = w.state(t)
	if err := applyOn(t, conn, m, p, apply.Options{}); !errors.Is(err, apply.ErrNotMade) || !strings.Contains(err.Error(), "USAGE on schema hidden for "+gate) {
		t.Errorf("error %v", explain(err))
	}
	same(t, w.state(t), before, "after a refused apply")
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	t.Run("come_before_filtering_and_go_after_it", func(t *testing.T) {
		t.Parallel()
		w := emptyWorld(t, smallSchema)
		place := func(p policies.Plan, k policies.Kind, last bool) int {
			at := -1
			for i, c := range p.Changes {
				if c.Object.Kind == k && (at < 0 || last) {
					at = i
				}
			}
			return at
		}
		p := w.plan(t, smallModel).Plan
		if on := place(p, policies.KindRowSecurity, false); on < place(p, policies.KindPolicy, true) || on < place(p, policies.KindTrigger, true) {
			t.Error("filtering is switched on before the last policy")
		}
		w.apply(t, smallModel)
		r, err := pipeline.Uninstalled(t.Context(), w.admin(t))
		if err != nil {
			t.Fatal(err)
		}
		if off := place(r.Plan, policies.KindRowSecurity, true); off > place(r.Plan, policies.KindPolicy, false) {
			t.Error("filtering is switched off after the first policy went")
		}
	})
	t.Run("do_not_grow_with_users_grants_owners_or_roles", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, smallModel, smallSchema+"ALTER TABLE public.note ADD COLUMN b bigint, ADD COLUMN c bigint, ADD COLUMN team bigint; CREATE TABLE public.team (id bigint PRIMARY KEY); CREATE TABLE public.member (team bigint, person bigint);")
		count := func() string {
			return one(t, w.admin(t), "SELECT count(*) FROM pg_policy WHERE polrelid = 'public.note'::regclass")
		}
		before := count()
		w.sql(t, `INSERT INTO public.person SELECT i, 1 FROM generate_series(100, 400) AS i;
			INSERT INTO rls."grant" (grantee, action, resource) SELECT 'user:' || i, 'read', 'note' FROM generate_series(100, 400) AS i`)
		w.apply(t, strings.NewReplacer("owner: owner_id", "owner: [owner_id, b, c, {group: team}], actions: [x, y, z]",
			`client_roles: ["{{app}}"]`, `client_roles: ["{{app}}", "{{app_ro}}"]`,
			"resources:\n", "groups: {table: team, key: id, members: {table: member, group: team, user: person}}\nresources:\n").Replace(smallModel))
		// One for maintenance, four for create (three where several owners), and one for each other action and form.
		each := 1 + 3*len(forms)
		if after := count(); before != strconv.Itoa(each+4) || after != strconv.Itoa(each+3) {
			t.Errorf("%s policies, then %s", before, after)
		}
	})
}

// Whoever enters has the powers of the plan role that it takes: a database role of that name that is something else is
// not taken for one.
func TestApplyTakesNoStrangersRole(t *testing.T) {
	t.Parallel()
	for name, sql := range map[string]string{
		"BYPASSRLS": "CREATE ROLE rls_narrow_{{app}} BYPASSRLS", "SUPERUSER": "CREATE ROLE rls_narrow_{{app}} SUPERUSER", "LOGIN": "CREATE ROLE rls_all_{{app}} LOGIN",
		"CREATEROLE": "CREATE ROLE rls_narrow_{{app}} CREATEROLE", "a member of maintenance": "CREATE ROLE rls_wide_{{app}} IN ROLE {{migrator}}",
		"a member of another form": "CREATE ROLE rls_wide_{{app}} IN ROLE rls_any",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := emptyWorld(t, smallSchema)
			before := w.state(t)
			w.sql(t, sql)
			conn := w.admin(t)
			m, p := w.planOn(t, conn, smallModel)
			if err := applyOn(t, conn, m, p, apply.Options{}); sqlstate(err) != "RL412" {
				t.Errorf("error %v, want RL412", err)
			}
			same(t, w.state(t), before, "after a refused apply")
		})
	}
	t.Run("another database's", func(t *testing.T) {
		t.Parallel()
		w := emptyWorld(t, smallSchema)
		w.sql(t, "CREATE ROLE rls_narrow_{{app}} IN ROLE {{app}}, rls_narrow; CREATE ROLE rls_wide_{{app}}")
		w.apply(t, smallModel)
		equal(t, badPlanRoles(t, w, w.root), nil, "plan roles")
	})
}

// Database roles are the cluster's: what is uninstalled here may serve another database.
func TestUninstallLeavesOtherDatabases(t *testing.T) {
	t.Parallel()
	goes, stays := emptyWorld(t, smallSchema), emptyWorld(t, "")
	stays.roles = goes.roles
	must(t, stays.admin(t), stays.text("GRANT CREATE ON SCHEMA public TO {{owner}}; GRANT CREATE ON DATABASE "+stays.db.Name()+" TO {{owner}}; SET ROLE {{owner}};"+smallSchema))
	goes.apply(t, smallModel)
	stays.apply(t, smallModel)
	g := goes.gateway(t)
	there := &gateway{w: stays, login: g.login, client: g.client, keyID: g.keyID, key: g.key}
	stays.sql(t, "INSERT INTO rls.login (name, kind, client_role) VALUES ($1, 'gateway', $2)", g.login, goes.role("app"))
	stays.sql(t, "INSERT INTO rls.gateway (login, users) VALUES ($1, true)", g.login)
	there.addKey(t, there.keyID, there.key)
	stays.sql(t, "GRANT USAGE ON SCHEMA rls TO "+g.login+"; GRANT EXECUTE ON FUNCTION rls.enter(text), rls.open_token(text), rls.session_problems() TO "+g.login)
	for _, w := range []*world{goes, stays} { // with the gateway's memberships in the manifest
		w.apply(t, smallModel)
	}
	see := func(when string) {
		undone(t, stays, func(tx pgx.Tx) {
			must(t, tx, "SET LOCAL SESSION AUTHORIZATION "+g.login)
			for _, who := range []string{"1", "99"} {
				if got := stays.outcome(t, tx, "SELECT rls.enter($1)", there.token("user", who)); got != "user:"+who && got != "RL004" {
					t.Errorf("%s: enter as %s: %s", when, who, got)
				}
			}
			if got := stays.outcome(t, tx, "SELECT id FROM note ORDER BY id"); got != "1 2" {
				t.Errorf("%s: user 1 sees %s", when, got)
			}
		})
	}
	see("before")
	goes.uninstall(t, goes.admin(t))
	see("after")
	equal(t, badPlanRoles(t, stays, stays.root), nil, "plan roles")
	stays.uninstall(t, stays.admin(t))
	equal(t, stays.rows(t, stays.root, "SELECT rolname FROM pg_roles WHERE rolname LIKE 'rls_%_{{app}}'"), nil, "plan roles after both are gone")
}

// A database role may be called anything.
func TestClientRoleOfAnyName(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, smallSchema)
	role := w.role("app") + `$$ "x" %I 'y' $rls1$`
	w.sql(t, "CREATE ROLE "+policies.Ident(role)+"; GRANT SELECT ON note TO "+policies.Ident(role))
	t.Cleanup(func() { w.db.Exec(t, "DROP OWNED BY "+policies.Ident(role)+"; DROP ROLE "+policies.Ident(role)) })
	before := w.state(t)
	model := strings.Replace(smallModel, `"{{app}}"`, "'"+strings.ReplaceAll(role, "'", "''")+"'", 1)
	w.apply(t, model)
	equal(t, badPlanRoles(t, w, w.root), nil, "plan roles")
	wide := one(t, w.root, "SELECT role FROM rls.plan_role WHERE form = 'wide'")
	w.sql(t, "GRANT {{owner}} TO "+policies.Ident(wide))
	w.apply(t, model)
	equal(t, badPlanRoles(t, w, w.root), nil, "plan roles")
	w.uninstall(t, w.admin(t))
	same(t, w.state(t), before, "after uninstall")
}
