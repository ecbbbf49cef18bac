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
	m.services = []reference.Service{
		{Name: "bot", Allow: map[string][]string{"doc": {"read", "update", "publish"}, "note": {"create", "read"}}},
		{Name: "robot", Allow: map[string][]string{"order_line": {"create", "read", "update", "delete"}, "doc": {"update", "delete"}}},
	}
	return m
}

// TestMutations breaks the applied model in one way at a time, and asks for a world in which the comparison with the
// reference notices. Without it a comparison that compares nothing would be green.
func TestMutations(t *testing.T) {
	t.Parallel()
	type mutation struct {
		name string
		// Either objects whose definition is changed by replacing text, once in each or everywhere, or plain SQL.
		object, from, to string
		everywhere       bool
		sql              string
		world            int // that notices
	}
	const (
		admitted = "rls.admitted_owners(text,text,text,boolean) rls.admitted_bits(text,text,text,boolean) rls.admitted_ranges(text,text,text,boolean)"
		decides  = admitted + " rls.graph_viewer(text,text,boolean)"
		seen     = "rls.seen_by(bigint)"
		sees     = "rls.hierarchy(bigint)"
		shared   = "rls.shared_with(bigint)"
	)
	mutations := []mutation{
		{name: "row_security_off", sql: "ALTER TABLE mutant.thing0 DISABLE ROW LEVEL SECURITY"},
		{name: "superuser_forgotten", sql: "ALTER POLICY doc_read ON mutant.thing0 USING (owner_id = ANY ((SELECT rls.admitted_owners('read', 'doc', 'visible', false))::bigint[]))", world: 5},
		{name: "superuser_forgotten_in_all", sql: "ALTER POLICY doc_read_all ON mutant.thing0 USING (owner_id = ANY ((SELECT rls.admitted_owners('read', 'doc', 'visible', false))::bigint[]))"},
		{name: "superusers_need_grants", object: "rls.passes_owners(text,text,boolean)", from: "coalesce(active AND superuser AND", to: "coalesce(false AND"},
		{name: "inactive_superusers_may", object: "rls.passes_owners(text,text,boolean)", from: "coalesce(active AND", to: "coalesce(", world: 16},
		{name: "owner_check_ignored_on_create", sql: "ALTER POLICY note_create ON mutant.thing1 WITH CHECK ((SELECT rls.can('create', 'note')))"},
		{name: "owner_check_ignored_on_hand_over", sql: "ALTER TABLE mutant.thing1 DISABLE TRIGGER rls_hand_over", world: 1},
		{name: "one_owner_of_two_out_of_sight", sql: "ALTER TABLE mutant.thing2 DISABLE TRIGGER rls_hand_over", world: 4},
		{name: "closures_merged", object: sees, from: "AND e.kind = 'creator'", to: "", world: 2},
		{name: "closures_merged_in_the_view", object: seen, from: "AND e.kind = 'creator'", to: ""},
		{name: "closure_of_one_step", object: sees, from: "FROM sees_supervisor AS w CROSS", to: "FROM myself AS w CROSS", world: 2},
		{name: "closure_of_one_step_in_the_view", object: seen, from: "FROM sees_supervisor AS w CROSS", to: "FROM myself AS w CROSS", world: 2},
		{name: "hierarchy_upwards", object: "rls.edge", from: "t.supervisor_id AS viewer,\n    t.id AS seen", to: "t.id AS viewer,\n    t.supervisor_id AS seen"},
		{name: "group_mates_forgotten", object: shared, from: "WHERE s.shares_members", to: "WHERE false"},
		{name: "group_mates_forgotten_in_the_view", object: seen, from: "WHERE g.shares_members AND", to: "WHERE false AND"},
		{name: "group_members_always_shared", object: shared, from: "WHERE s.shares_members", to: "WHERE true", world: 3},
		{name: "group_creator_always_shared", object: shared, from: "CASE WHEN g.shares_creator THEN g.creator END", to: "g.creator"},
		{name: "group_shares_ignored_in_the_view", object: seen, from: "WHERE g.shares_members AND", to: "WHERE", world: 1},
		{name: "group_creator_is_a_member", object: "rls.membership", from: "FROM mutant.team_members t\n", to: "FROM (SELECT team_id, user_id, since, upto FROM mutant.team_members UNION SELECT id, maker, NULL, NULL FROM mutant.teams) t\n"},
		{name: "groups_of_descendants", object: shared, from: "IN (SELECT $1)", to: "IN (SELECT h.id FROM rls.hierarchy($1) AS h(id))", world: 4},
		{name: "groups_of_descendants_in_the_view", object: seen, from: "IN (SELECT s.id FROM myself AS s)", to: "IN (SELECT s.id FROM myself AS s UNION SELECT s.id FROM sees_supervisor AS s)"},
		{name: "inactive_may", object: decides, from: "active IS NOT true OR", to: ""},
		{name: "inactive_may_ask", object: "rls.subject()", from: "OR NOT state.is_active", to: ""},
		{name: "inactive_others_hidden", object: sees, from: "WHERE e.viewer = w.id AND e.kind = 'supervisor'", to: "JOIN rls.user_row AS a ON a.id = e.seen AND a.is_active WHERE e.viewer = w.id AND e.kind = 'supervisor'", world: 2},
		{name: "inactive_others_hidden_in_the_view", object: seen, from: "WHERE e.viewer = w.id AND e.kind = 'supervisor'", to: "JOIN rls.user_row AS a ON a.id = e.seen AND a.is_active WHERE e.viewer = w.id AND e.kind = 'supervisor'", world: 2},
		{name: "window_ends_by_the_statement", object: decides, from: "g.valid_until > clock_timestamp()", to: "g.valid_until >= statement_timestamp()", everywhere: true, world: 1},
		{name: "window_ends_by_the_statement_where_asked", object: "rls.has_grant(text[],text,text)", from: "g.valid_until > clock_timestamp()", to: "g.valid_until >= statement_timestamp()", world: 1},
		{name: "window_begins_by_the_statement", object: decides, from: "g.valid_from <= clock_timestamp()", to: "g.valid_from < statement_timestamp()", everywhere: true, world: 1},
		{name: "window_begins_by_the_statement_where_asked", object: "rls.has_grant(text[],text,text)", from: "g.valid_from <= clock_timestamp()", to: "g.valid_from < statement_timestamp()", world: 1},
		{name: "membership_never_ends", object: "rls.membership", from: "upto > rls.clock()", to: "upto IS NOT NULL"},
		{name: "update_without_read", object: decides, from: "g.action = 'read'", to: "true", everywhere: true},
		{name: "update_without_read_where_asked", object: "rls.has_grant(text[],text,text)", from: "action IN ('create', 'read')", to: "true"},
		{name: "grant_of_another_resource", object: decides, from: "g.resource = $2", to: "true", everywhere: true},
		{name: "grant_of_another_resource_where_asked", object: "rls.has_grant(text[],text,text)", from: "g.resource = has_grant.resource", to: "true"},
		{name: "grant_of_another_action", object: decides, from: "g.action = $1", to: "true", everywhere: true},
		{name: "grant_to_somebody_else", object: decides, from: "g.grantee = ANY (grantees)", to: "g.grantee NOT LIKE 'group:%'", everywhere: true},
		{name: "grants_to_groups_forgotten", object: decides, from: "'group:' || ", to: "'no group:' || "},
		{name: "grants_not_asked_for", object: decides, from: "IF NOT granted THEN", to: "IF false THEN"},
		{name: "services_are_authenticated", object: "rls.subject()", from: "ARRAY['everyone', 'service:'", to: "ARRAY['everyone', 'authenticated', 'service:'", world: 3},
		{name: "services_are_not_allowed", object: "rls.passes_owners(text,text,boolean)", from: "IF who.kind = 'service' THEN", to: "IF false THEN"},
		{name: "services_are_not_allowed_where_asked", object: "rls.can(text,text)", from: "who.kind = 'service' AND", to: "false AND"},
		{name: "services_without_read", object: "rls.service_may(text,text,text)", from: "service_may.action IN ('create', 'read')", to: "true"},
		{name: "services_do_everything", object: "rls.service_may(text,text,text)", from: "a.action = service_may.action", to: "true"},
		{name: "services_on_every_resource", object: "rls.service_may(text,text,text)", from: "a.resource = service_may.resource", to: "true", everywhere: true},
		{name: "services_are_all_the_same", object: "rls.service_may(text,text,text)", from: "a.service = service_may.service", to: "true", everywhere: true},
		{name: "services_hand_over", sql: "ALTER TABLE mutant.thing0 DISABLE TRIGGER rls_hand_over"},
		{name: "services_hand_over_as_superusers", object: "rls.hand_over_doc()", from: "rls.passes_owners(NULL", to: "rls.passes_owners('update'"},
		{name: "services_see_somebody", object: "rls.service_may(text,text,text)", from: "BEGIN\n", to: "BEGIN\n    IF service IS NOT NULL AND action = 'read' THEN RETURN true; END IF;\n"},
		{name: "write_scope_ignored", object: admitted, from: "$3 = 'hierarchy'", to: "false", world: 1},
		{name: "shares_forgotten", object: admitted, from: "$3 = 'hierarchy'", to: "true"},
		{name: "self_is_anybody_visible", object: "rls.admitted_owners(text,text,text,boolean)", from: "RETURN ARRAY[viewer]::bigint[];", to: "RETURN rls.visible_ids(viewer, false);"},
		{name: "groups_of_others_own", object: "rls.admitted_groups(text,text,boolean)", from: "WHERE m.user_id = viewer", to: ""},
		{name: "groups_that_are_gone_own", object: "rls.admitted_groups(text,text,boolean)",
			from: "SELECT g.id FROM rls.membership AS m JOIN rls.group_row AS g ON g.id = m.group_id", to: "SELECT m.group_id FROM rls.membership AS m"},
		{name: "hidden_resources_listed", object: "rls.allowed_resources(text)", from: "NOT r.hidden", to: "true"},
		{name: "objects_answer_for_another_action", object: "rls.objects_doc(text,text[])", from: "WHEN 'delete' THEN (\n              t.owner_id = ANY ((SELECT rls.admitted_owners('delete'", to: "WHEN 'delete' THEN (\n              t.owner_id = ANY ((SELECT rls.admitted_owners('read'"},
	}
	// Each form of the policies is asked by somebody.
	for i, form := range forms {
		suffix, reads := "_"+form, "owner_id = ANY ((SELECT rls.admitted_owners('read', 'note', 'visible', false))::bigint[]) OR (SELECT rls.passes_owners('update', 'note', false))"
		switch form {
		case "any":
			suffix = ""
		case "all": // nobody is there whom owners let in
			reads = "(SELECT rls.passes_owners('read', 'note', true))"
		}
		mutations = append(mutations,
			mutation{name: "policy_reads_everything_" + form, sql: "ALTER POLICY doc_read" + suffix + " ON mutant.thing0 USING (true)", world: []int{0, 0, 0, 2, 5}[i]},
			mutation{name: "policy_updates_what_is_read_" + form, sql: "ALTER POLICY note_update" + suffix + " ON mutant.thing1 USING (" + reads + ")", world: []int{0, 1, 0, 2, 4}[i]},
			mutation{name: "policy_to_nobody_" + form, sql: "DROP POLICY doc_delete" + suffix + " ON mutant.thing0", world: []int{0, 1, 9, 2, 0}[i]})
		if form != "all" { // there whoever may update a row may leave it to anybody, or is kept from that by the trigger
			mutations = append(mutations,
				mutation{name: "hand_over_out_of_sight_" + form, sql: "ALTER POLICY doc_update" + suffix + " ON mutant.thing0 WITH CHECK (true)", world: []int{4, 6, 0, 20}[i]})
		}
	}
	b := newRandomBench(t)
	m := mutationModel()
	b.install(t, m)
	const seed = defaultSeed
	world := func(i uint64) *randomWorld {
		w := newRandomWorld(rand.New(rand.NewPCG(seed, i)), m)
		w.settled = i%2 == 0
		for _, x := range []string{"memo", "note"} { // one that a mutation gives to services
			g := reference.Grant{Grantee: "authenticated", Action: "create", Resource: x}
			if !slices.Contains(w.Grants, g) && i%2 == 1 {
				w.Grants = append(w.Grants, g)
			}
		}
		return w
	}
	const most = 40
	clean := map[uint64]bool{} // worlds that are known to agree before anything is broken
	for _, mutation := range mutations {
		t.Run(mutation.name, func(t *testing.T) { // one after the other: they share the database
			broken := mutation.sql
			if mutation.object != "" {
				broken = ""
				for object := range strings.FieldsSeq(mutation.object) {
					broken += b.changed(t, object, mutation.from, mutation.to, mutation.everywhere) + ";\n"
				}
			}
			for n := range most {
				// The one that is known to notice goes first: nothing but time depends on it.
				i := uint64((n + mutation.world) % most)
				if !clean[i] {
					asked, differences, err := world(i).compare(context.Background(), b.conn, b.gates, seed, "")
					if err != nil || len(differences) > 0 || asked == 0 {
						t.Fatalf("world %d differs before anything is broken: %v %v", i, differences, explain(err))
					}
					clean[i] = true
				}
				_, differences, err := world(i).compare(context.Background(), b.conn, b.gates, seed, broken)
				if err != nil {
					t.Fatalf("%v\n%s", explain(err), broken)
				}
				if len(differences) > 0 {
					t.Logf("world %d notices", i)
					return
				}
			}
			t.Errorf("%d worlds did not notice:\n%s", most, broken)
		})
	}
}

// changed is the definition of a function or view with one text replaced by another.
func (b *randomBench) changed(t testing.TB, object, from, to string, everywhere bool) string {
	t.Helper()
	query := "SELECT 'CREATE OR REPLACE VIEW ' || $1 || ' WITH (security_invoker = true) AS ' || rtrim(pg_get_viewdef($1::regclass), ';')"
	if strings.Contains(object, "(") {
		query = "SELECT pg_get_functiondef($1::regprocedure)"
	}
	definition := one(t, b.conn, query, object)
	if n := strings.Count(definition, from); n == 0 || (n > 1 && !everywhere) {
		t.Fatalf("%q is %d times in\n%s", from, n, definition)
	}
	return strings.ReplaceAll(definition, from, to)
}
