package integration

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/rlsctl/rlsctl/integration/reference"
)

// mutationModel has what the mutations below break.
func mutationModel() *randomModel {
	m := &randomModel{schema: "mutant", groups: "bound", userType: "bigint", groupType: "bigint", windows: true, active: "is_active", superuser: "is_root",
		kinds: []randomKind{{name: "supervisor"}, {name: "creator"}}}
	user, team := reference.Owner{Column: "owner_id"}, reference.Owner{Column: "team", Group: true}
	m.resources = []randomResource{
		{table: "thing0", key: "bigint", Resource: reference.Resource{Name: "doc", Owners: []reference.Owner{user},
			WriteScope: reference.Visible, OwnerCheck: reference.Visible, Actions: []string{"publish"}}},
		{table: "thing1", key: "bigint", Resource: reference.Resource{Name: "note", Owners: []reference.Owner{user},
			WriteScope: reference.Hierarchy, OwnerCheck: reference.Self, Hidden: true}},
		{table: "thing2", key: "bigint", Resource: reference.Resource{Name: "order_line", Owners: []reference.Owner{user, team},
			WriteScope: reference.Self, OwnerCheck: reference.Visible}},
		{table: "thing3", key: "bigint", Resource: reference.Resource{Name: "memo", Owners: []reference.Owner{user},
			WriteScope: reference.Self, OwnerCheck: reference.Any}},
	}
	return m
}

// TestMutations breaks the applied model in one way at a time, and asks for a world in which the comparison with the
// reference notices. Without it a comparison that compares nothing would be green.
func TestMutations(t *testing.T) {
	t.Parallel()
	mutations := []struct {
		name string
		// Either an object whose definition is changed by replacing text, or plain SQL.
		object, from, to string
		sql              string
	}{
		{name: "policy_reads_everything", sql: "ALTER POLICY doc_read ON mutant.thing0 USING (true)"},
		{name: "policy_updates_what_is_read", sql: "ALTER POLICY note_update ON mutant.thing1 USING (owner_id = ANY ((SELECT rls.admitted_owners('read', 'note', 'visible'))::bigint[]) OR (SELECT rls.superuser_on('note')))"},
		{name: "policy_to_nobody", sql: "DROP POLICY doc_delete ON mutant.thing0"},
		{name: "superuser_forgotten", sql: "ALTER POLICY doc_read ON mutant.thing0 USING (owner_id = ANY ((SELECT rls.admitted_owners('read', 'doc', 'visible'))::bigint[]))"},
		{name: "row_security_off", sql: "ALTER TABLE mutant.thing0 DISABLE ROW LEVEL SECURITY"},
		{name: "owner_check_ignored_on_create", sql: "ALTER POLICY note_create ON mutant.thing1 WITH CHECK ((SELECT rls.can('create', 'note')))"},
		{name: "owner_check_ignored_on_hand_over", sql: "ALTER TABLE mutant.thing1 DISABLE TRIGGER rls_hand_over"},
		{name: "one_owner_of_two_out_of_sight", sql: "ALTER TABLE mutant.thing2 DISABLE TRIGGER rls_hand_over"},
		{name: "hand_over_out_of_sight", sql: "ALTER POLICY doc_update ON mutant.thing0 WITH CHECK (true)"},
		{name: "closures_merged", object: "rls.seen_by(bigint,boolean)", from: "AND e.kind = 'creator'", to: ""},
		{name: "closure_of_one_step", object: "rls.seen_by(bigint,boolean)", from: "FROM sees_supervisor AS v JOIN", to: "FROM (SELECT $1 AS id FROM sees_supervisor) AS v JOIN"},
		{name: "hierarchy_upwards", object: "rls.edge", from: "t.supervisor_id AS viewer,\n    t.id AS seen", to: "t.id AS viewer,\n    t.supervisor_id AS seen"},
		{name: "group_mates_forgotten", object: "rls.seen_by(bigint,boolean)", from: "WHERE g.shares_members AND", to: "WHERE false AND"},
		{name: "group_shares_ignored", object: "rls.seen_by(bigint,boolean)", from: "WHERE g.shares_members AND", to: "WHERE"},
		{name: "group_creator_is_a_member", object: "rls.membership", from: "FROM mutant.team_members t\n", to: "FROM (SELECT team_id, user_id, since, upto FROM mutant.team_members UNION SELECT id, maker, NULL, NULL FROM mutant.teams) t\n"},
		{name: "groups_of_descendants", object: "rls.seen_by(bigint,boolean)", from: "IN (SELECT s.id FROM myself AS s)", to: "IN (SELECT s.id FROM myself AS s UNION SELECT s.id FROM sees_supervisor AS s)"},
		{name: "inactive_may", object: "rls.subject()", from: "OR NOT state.is_active", to: ""},
		{name: "inactive_others_hidden", object: "rls.seen_by(bigint,boolean)", from: "SELECT e.seen FROM sees_supervisor AS v JOIN rls.edge AS e ON", to: "SELECT e.seen FROM sees_supervisor AS v JOIN rls.edge AS e JOIN rls.user_row AS a ON a.id = e.seen AND a.is_active ON"},
		{name: "window_includes_its_end", object: "rls.has_grant(text[],text,text)", from: "g.valid_until > statement_timestamp()", to: "g.valid_until >= statement_timestamp()"},
		{name: "window_excludes_its_start", object: "rls.has_grant(text[],text,text)", from: "g.valid_from <= statement_timestamp()", to: "g.valid_from < statement_timestamp()"},
		{name: "membership_never_ends", object: "rls.membership", from: "upto > statement_timestamp()", to: "upto IS NOT NULL"},
		{name: "update_without_read", object: "rls.has_grant(text[],text,text)", from: "action IN ('create', 'read')", to: "true"},
		{name: "grant_of_another_resource", object: "rls.has_grant(text[],text,text)", from: "g.resource = has_grant.resource", to: "true"},
		{name: "services_are_authenticated", object: "rls.subject()", from: "ARRAY['everyone', 'service:'", to: "ARRAY['everyone', 'authenticated', 'service:'"},
		{name: "write_scope_ignored", object: "rls.admitted_owners(text,text,text)", from: "$3 = 'hierarchy'", to: "false"},
		{name: "self_is_anybody_visible", object: "rls.admitted_owners(text,text,text)", from: "RETURN ARRAY[me];", to: "RETURN ARRAY(SELECT s.id FROM rls.seen_by(me, false) AS s);"},
		{name: "groups_of_others_own", object: "rls.admitted_groups(text,text)", from: "FROM unnest(rls.user_groups(who.key)) AS g(key)", to: "FROM (SELECT id::text FROM rls.group_row) AS g(key)"},
		{name: "hidden_resources_listed", object: "rls.allowed_resources(text)", from: "NOT r.hidden", to: "true"},
		{name: "objects_answer_for_another_action", object: "rls.objects_doc(text,text[])", from: "WHEN 'delete' THEN (\n              t.owner_id = ANY ((SELECT rls.admitted_owners('delete'", to: "WHEN 'delete' THEN (\n              t.owner_id = ANY ((SELECT rls.admitted_owners('read'"},
	}
	b := newRandomBench(t)
	m := mutationModel()
	b.install(t, m)
	const seed = defaultSeed
	world := func(i uint64) *randomWorld {
		w := newRandomWorld(rand.New(rand.NewPCG(seed, i)), m)
		for _, x := range []string{"memo", "note"} { // one that a mutation gives to services
			g := reference.Grant{Grantee: "authenticated", Action: "create", Resource: x}
			if !slices.Contains(w.Grants, g) && i%2 == 1 {
				w.Grants = append(w.Grants, g)
			}
		}
		return w
	}
	const most = 40
	var clean int // so many worlds are known to agree before anything is broken
	for _, mutation := range mutations {
		t.Run(mutation.name, func(t *testing.T) { // one after the other: they share the database
			broken := mutation.sql
			if mutation.object != "" {
				broken = b.changed(t, mutation.object, mutation.from, mutation.to)
			}
			for i := range most {
				if i == clean {
					asked, differences, err := world(uint64(i)).compare(context.Background(), b.conn, b.gates, seed, "")
					if err != nil || len(differences) > 0 || asked == 0 {
						t.Fatalf("world %d differs before anything is broken: %v %v", i, differences, explain(err))
					}
					clean++
				}
				_, differences, err := world(uint64(i)).compare(context.Background(), b.conn, b.gates, seed, broken)
				if err != nil {
					t.Fatalf("%v\n%s", explain(err), broken)
				}
				if len(differences) > 0 {
					return
				}
			}
			t.Errorf("%d worlds did not notice:\n%s", most, broken)
		})
	}
}

// changed is the definition of a function or view with one text replaced by another.
func (b *randomBench) changed(t testing.TB, object, from, to string) string {
	t.Helper()
	query := "SELECT 'CREATE OR REPLACE VIEW ' || $1 || ' WITH (security_invoker = true) AS ' || pg_get_viewdef($1::regclass)"
	if strings.Contains(object, "(") {
		query = "SELECT pg_get_functiondef($1::regprocedure)"
	}
	definition := one(t, b.conn, query, object)
	if strings.Count(definition, from) != 1 {
		t.Fatalf("%q is not once in\n%s", from, definition)
	}
	return strings.Replace(definition, from, to, 1)
}
