package diff_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/diff"
)

const (
	create  = policies.OpCreate
	replace = policies.OpReplace
	drop    = policies.OpDrop
)

// wanted is what a small model compiles to, one object of each kind, in the order of creation.
func wanted() []policies.Object {
	return []policies.Object{
		{Kind: policies.KindMembership, Name: `"rls_client"."app"`, Title: "membership", Create: "GRANT rls_client TO app;", Drop: "REVOKE rls_client FROM app;"},
		{Kind: policies.KindRegistry, Name: `"role"."app"`, Title: "client role app", Create: "insert app", Replace: "insert app", Drop: "delete app", AsOwner: true},
		{Kind: policies.KindView, Name: `"rls"."edge"`, Title: "view rls.edge", Create: "create edge", Replace: "create edge", Drop: "drop edge", Shape: "bigint", AsOwner: true},
		{Kind: policies.KindFunction, Name: `"rls"."seen_by"`, Title: "function rls.seen_by", Create: "create seen_by", Replace: "create seen_by", Drop: "drop seen_by", Shape: "viewer bigint", AsOwner: true},
		{Kind: policies.KindRegistry, Name: `"resource"."note"`, Title: "resource note", Resource: "note", Create: "insert note", Replace: "insert note", Drop: "delete note", AsOwner: true},
		{Kind: policies.KindTrigger, Name: `"public"."note"."rls_hand_over"`, Title: "trigger", Resource: "note", Table: "public.note", Create: "create trigger", Drop: "drop trigger"},
		{Kind: policies.KindPolicy, Name: `"public"."note"."note_read"`, Title: "policy note_read", Resource: "note", Table: "public.note", Create: "create policy", Drop: "drop policy"},
		{Kind: policies.KindPrivilege, Name: `"narrowed"."public"."note"`, Title: "no TRUNCATE", Resource: "note", Table: "public.note", Create: "REVOKE TRUNCATE", Drop: "GRANT TRUNCATE"},
		{Kind: policies.KindRowSecurity, Name: `"public"."note"`, Title: "row security", Resource: "note", Table: "public.note", Create: "ENABLE, FORCE", Drop: "NO FORCE, DISABLE"},
		{Kind: policies.KindGrant, Name: `"everyone"."read"."note"`, Title: "grant", Resource: "note", Create: "seed", Drop: "unseed", Once: true, AsOwner: true},
	}
}

// empty is a database with the table of the model and nothing of ours.
func empty() *policies.Catalog {
	return &policies.Catalog{ServerVersion: 150018, Kernel: 1, Tables: []policies.Table{
		{Schema: "public", Name: "note", Kind: "r", Owner: "boss"}, {Schema: "public", Name: "other", Kind: "r", Owner: "boss"},
	}}
}

// applied is that database after the objects were applied.
func applied(objects []policies.Object) *policies.Catalog {
	c := empty()
	for _, o := range objects {
		i := policies.Installed{Kind: o.Kind, Name: o.Name, Resource: o.Resource, Title: o.Title, Table: o.Table, Shape: o.Shape,
			AsOwner: o.AsOwner, Hash: o.Hash(), Fingerprint: "f " + o.Name, Actual: "f " + o.Name, Undo: o.Drop}
		if o.Kind == policies.KindGrant {
			i.Fingerprint, i.Actual = "", ""
		}
		c.Installed = append(c.Installed, i)
		switch o.Kind {
		case policies.KindPolicy:
			parts := strings.Split(strings.ReplaceAll(o.Name, `"`, ""), ".")
			c.Table("public", parts[1]).Policies = append(c.Table("public", parts[1]).Policies, policies.Policy{Name: parts[2], Permissive: true})
		case policies.KindRowSecurity:
			t := c.Table("public", strings.Split(strings.ReplaceAll(o.Name, `"`, ""), ".")[1])
			t.RowSecurity, t.ForceRow = true, true
		}
	}
	return c
}

func find[T any](t *testing.T, list []T, is func(T) bool) *T {
	t.Helper()
	i := slices.IndexFunc(list, is)
	if i < 0 {
		t.Fatalf("not in %v", list)
	}
	return &list[i]
}

func ofKind(k policies.Kind) func(policies.Object) bool {
	return func(o policies.Object) bool { return o.Kind == k }
}

func installed(k policies.Kind) func(policies.Installed) bool {
	return func(i policies.Installed) bool { return i.Kind == k }
}

// steps spells a plan: operation and kind of each change.
func steps(p policies.Plan) string {
	var out []string
	for _, c := range p.Changes {
		out = append(out, string(c.Op)+" "+string(c.Object.Kind))
	}
	return strings.Join(out, ", ")
}

func hazards(c policies.Change) string {
	var out []string
	for _, h := range c.Hazards {
		out = append(out, string(h))
	}
	return strings.Join(out, ",")
}

func TestPlan(t *testing.T) {
	t.Parallel()
	t.Run("empty_where_both_agree", func(t *testing.T) {
		t.Parallel()
		if p := diff.Plan(wanted(), applied(wanted()), nil); !p.Empty() || len(p.Notes) > 0 {
			t.Errorf("%s %v", steps(p), p.Notes)
		}
	})
	t.Run("creates_in_the_order_of_the_compiler", func(t *testing.T) {
		t.Parallel()
		p := diff.Plan(wanted(), empty(), nil)
		for i, o := range wanted() {
			if c := p.Changes[i]; c.Op != create || c.Object.Name != o.Name || c.SQL != o.Create || c.Undo != o.Drop {
				t.Errorf("change %d is %+v", i, c)
			}
		}
	})
	t.Run("drops_what_is_gone_in_reverse_with_policies_before_functions", func(t *testing.T) {
		t.Parallel()
		p := diff.Plan(nil, applied(wanted()), nil)
		const want = "drop grant, drop row_security, drop privilege, drop policy, drop trigger, drop registry, drop registry, drop membership, drop function, drop view"
		if got := steps(p); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		for _, c := range p.Changes {
			if c.SQL != find(t, wanted(), func(o policies.Object) bool { return o.Name == c.Object.Name }).Drop || c.Reason != "no longer in the model" {
				t.Errorf("%+v", c)
			}
		}
	})
	t.Run("a_resource_says_how_many_grants_go_with_it_and_they_are_no_state", func(t *testing.T) {
		t.Parallel()
		c := applied(wanted())
		resource := func(i policies.Installed) bool { return strings.HasPrefix(i.Name, `"resource".`) }
		before := diff.StateHash(c, nil)
		find(t, c.Installed, resource).Grants = 3
		p := diff.Plan(nil, c, nil)
		change := find(t, p.Changes, func(c policies.Change) bool { return strings.HasPrefix(c.Object.Name, `"resource".`) })
		if !strings.Contains(change.Reason, "3 grants") || hazards(*change) != string(policies.NarrowsAccess) {
			t.Errorf("%q %v", change.Reason, change.Hazards)
		}
		if diff.StateHash(c, nil) != before {
			t.Error("the number of grants counts as state")
		}
	})
	t.Run("drops_leaves_before_it_creates_and_functions_after", func(t *testing.T) {
		t.Parallel()
		next := slices.DeleteFunc(wanted(), func(o policies.Object) bool {
			return o.Kind == policies.KindFunction || o.Kind == policies.KindPolicy
		})
		next = append(next, policies.Object{Kind: policies.KindPolicy, Name: `"public"."note"."note_new"`, Table: "public.note", Create: "create new", Drop: "drop new"})
		if got, want := steps(diff.Plan(next, applied(wanted()), nil)), "drop policy, create policy, drop function"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("a_policy_that_changed_is_dropped_and_created_in_one_change", func(t *testing.T) {
		t.Parallel()
		next := wanted()
		find(t, next, ofKind(policies.KindPolicy)).Create = "create another policy"
		p := diff.Plan(next, applied(wanted()), nil)
		if len(p.Changes) != 1 || p.Changes[0].Op != replace || p.Changes[0].SQL != "drop policy\ncreate another policy" || p.Changes[0].Reason != "changed in the model" {
			t.Errorf("%+v", p.Changes)
		}
	})
	t.Run("a_seed_is_made_once", func(t *testing.T) {
		t.Parallel()
		next := wanted()
		find(t, next, ofKind(policies.KindGrant)).Create = "seed otherwise"
		c := applied(wanted())
		if p := diff.Plan(next, c, nil); !p.Empty() {
			t.Errorf("%s", steps(p))
		}
		// Revoked by hand it stays revoked.
		find(t, c.Installed, installed(policies.KindGrant)).Actual = ""
		if p := diff.Plan(wanted(), c, nil); !p.Empty() {
			t.Errorf("%s", steps(p))
		}
	})
}

func TestHazards(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(want []policies.Object, have *policies.Catalog) ([]policies.Object, *policies.Catalog)
		kind   policies.Kind
		op     policies.Operation
		want   string
	}{
		{"the_first_policy_of_an_open_table_has_none", first, policies.KindPolicy, create, ""},
		{"switching_filtering_on_narrows", first, policies.KindRowSecurity, create, "NARROWS_ACCESS"},
		{"a_new_trigger_narrows", first, policies.KindTrigger, create, "NARROWS_ACCESS"},
		{"taking_truncate_narrows", first, policies.KindPrivilege, create, "NARROWS_ACCESS"},
		{"the_first_membership_has_none", first, policies.KindMembership, create, ""},
		{"the_first_grant_of_a_new_resource_has_none", first, policies.KindGrant, create, ""},
		{"a_policy_on_a_table_that_was_filtered_before_us_widens", filteredBefore, policies.KindPolicy, create, "WIDENS_ACCESS"},
		{"another_policy_on_a_filtered_table_widens", without(policies.KindPolicy), policies.KindPolicy, create, "WIDENS_ACCESS"},
		{"another_client_role_widens", without(policies.KindMembership), policies.KindMembership, create, "WIDENS_ACCESS"},
		{"another_grant_widens", without(policies.KindGrant), policies.KindGrant, create, "WIDENS_ACCESS"},
		{"a_changed_policy_widens", changed(policies.KindPolicy), policies.KindPolicy, replace, "WIDENS_ACCESS"},
		{"a_changed_trigger_widens", changed(policies.KindTrigger), policies.KindTrigger, replace, "WIDENS_ACCESS"},
		{"a_changed_function_replaces", changed(policies.KindFunction), policies.KindFunction, replace, "REPLACES_FUNCTION"},
		{"a_changed_view_replaces", changed(policies.KindView), policies.KindView, replace, "REPLACES_FUNCTION"},
		{"a_policy_less_narrows", gone(policies.KindPolicy), policies.KindPolicy, drop, "NARROWS_ACCESS"},
		{"a_membership_less_narrows", gone(policies.KindMembership), policies.KindMembership, drop, "NARROWS_ACCESS"},
		{"a_seed_less_narrows", gone(policies.KindGrant), policies.KindGrant, drop, "NARROWS_ACCESS"},
		{"a_trigger_less_widens", gone(policies.KindTrigger), policies.KindTrigger, drop, "WIDENS_ACCESS"},
		{"giving_truncate_back_widens", gone(policies.KindPrivilege), policies.KindPrivilege, drop, "WIDENS_ACCESS"},
		{"switching_filtering_off_disables", gone(policies.KindRowSecurity), policies.KindRowSecurity, drop, "DISABLES_RLS"},
		{"filtering_that_was_there_before_us_stays", filteredThenGone, policies.KindRowSecurity, drop, ""},
		{"a_policy_dropped_by_hand_widens_when_it_comes_back", droppedByHand(policies.KindPolicy), policies.KindPolicy, create, "WIDENS_ACCESS"},
		{"a_policy_changed_by_hand_widens_when_it_is_put_right", changedByHand(policies.KindPolicy), policies.KindPolicy, replace, "WIDENS_ACCESS"},
		{"filtering_switched_off_by_hand_narrows_when_it_comes_back", droppedByHand(policies.KindRowSecurity), policies.KindRowSecurity, create, "NARROWS_ACCESS"},
		{"truncate_given_by_hand_narrows_when_it_is_taken", changedByHand(policies.KindPrivilege), policies.KindPrivilege, replace, "NARROWS_ACCESS"},
		{"another_maintenance_role_widens", func(w []policies.Object, have *policies.Catalog) ([]policies.Object, *policies.Catalog) {
			return append(w, policies.Object{Kind: policies.KindRegistry, Name: `"role"."migrator"`, Title: "maintenance role migrator", Create: "x", Drop: "y"}), have
		}, policies.KindRegistry, create, "WIDENS_ACCESS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want, have := c.change(wanted(), applied(wanted()))
			p := diff.Plan(want, have, nil)
			got := find(t, p.Changes, func(x policies.Change) bool { return x.Object.Kind == c.kind && x.Op == c.op })
			if hazards(*got) != c.want {
				t.Errorf("%s %s: hazards %q, want %q", got.Op, got.Object.Title, hazards(*got), c.want)
			}
		})
	}
}

type situation = func([]policies.Object, *policies.Catalog) ([]policies.Object, *policies.Catalog)

func first(want []policies.Object, _ *policies.Catalog) ([]policies.Object, *policies.Catalog) {
	return want, empty()
}

func filteredBefore(want []policies.Object, _ *policies.Catalog) ([]policies.Object, *policies.Catalog) {
	c := empty()
	c.Table("public", "note").RowSecurity = true
	return want, c
}

func filteredThenGone(_ []policies.Object, have *policies.Catalog) ([]policies.Object, *policies.Catalog) {
	for i := range have.Installed {
		if have.Installed[i].Kind == policies.KindRowSecurity {
			have.Installed[i].Undo = ""
		}
	}
	return nil, have
}

// without is a database that lacks the objects of a kind: the model gains them.
func without(k policies.Kind) situation {
	return func(want []policies.Object, _ *policies.Catalog) ([]policies.Object, *policies.Catalog) {
		return want, applied(slices.DeleteFunc(wanted(), ofKind(k)))
	}
}

// gone is a model that has lost the objects of a kind.
func gone(k policies.Kind) situation {
	return func(want []policies.Object, have *policies.Catalog) ([]policies.Object, *policies.Catalog) {
		return slices.DeleteFunc(want, ofKind(k)), have
	}
}

func changed(k policies.Kind) situation {
	return func(want []policies.Object, have *policies.Catalog) ([]policies.Object, *policies.Catalog) {
		for i := range want {
			if want[i].Kind == k {
				want[i].Create += " otherwise"
			}
		}
		return want, have
	}
}

func changedByHand(k policies.Kind) situation {
	return func(want []policies.Object, have *policies.Catalog) ([]policies.Object, *policies.Catalog) {
		for i := range have.Installed {
			if have.Installed[i].Kind == k {
				have.Installed[i].Actual = "another fingerprint"
			}
		}
		return want, have
	}
}

func droppedByHand(k policies.Kind) situation {
	return func(want []policies.Object, have *policies.Catalog) ([]policies.Object, *policies.Catalog) {
		for i := range have.Installed {
			if have.Installed[i].Kind == k {
				have.Installed[i].Actual = ""
			}
		}
		return want, have
	}
}

func TestDrift(t *testing.T) {
	t.Parallel()
	for _, k := range []policies.Kind{policies.KindMembership, policies.KindRegistry, policies.KindView, policies.KindFunction, policies.KindTrigger, policies.KindPolicy, policies.KindPrivilege, policies.KindRowSecurity} {
		t.Run(string(k)+"_changed_by_hand_is_put_right", func(t *testing.T) {
			t.Parallel()
			want, have := changedByHand(k)(wanted(), applied(wanted()))
			for _, c := range diff.Plan(want, have, nil).Changes {
				if c.Object.Kind != k || c.Op != replace || c.Reason != "was changed by hand" {
					t.Errorf("%+v", c)
				}
			}
			if diff.Plan(want, have, nil).Empty() {
				t.Error("the plan is empty")
			}
		})
		t.Run(string(k)+"_dropped_by_hand_comes_back", func(t *testing.T) {
			t.Parallel()
			want, have := droppedByHand(k)(wanted(), applied(wanted()))
			for _, c := range diff.Plan(want, have, nil).Changes {
				if c.Object.Kind != k || c.Op != create || c.Reason != "was dropped by hand" {
					t.Errorf("%+v", c)
				}
			}
			if diff.Plan(want, have, nil).Empty() {
				t.Error("the plan is empty")
			}
		})
	}
	t.Run("row_security_and_privileges_are_put_right_without_an_open_moment", func(t *testing.T) {
		t.Parallel()
		for _, k := range []policies.Kind{policies.KindRowSecurity, policies.KindPrivilege, policies.KindMembership} {
			want, have := changedByHand(k)(wanted(), applied(wanted()))
			for _, c := range diff.Plan(want, have, nil).Changes {
				if c.SQL != c.Object.Create {
					t.Errorf("%s: %s", k, c.SQL)
				}
			}
		}
	})
	t.Run("undo_is_what_was_there_before_the_first_apply", func(t *testing.T) {
		t.Parallel()
		// Now that filtering is on, compile knows of nothing to put back; the manifest does.
		for _, k := range []policies.Kind{policies.KindRowSecurity, policies.KindPrivilege} {
			want, have := changedByHand(k)(wanted(), applied(wanted()))
			find(t, want, ofKind(k)).Drop = ""
			c := diff.Plan(want, have, nil).Changes[0]
			if c.Undo != find(t, wanted(), ofKind(k)).Drop {
				t.Errorf("%s: undo %q", k, c.Undo)
			}
		}
	})
	t.Run("undo_grows_where_the_model_takes_privileges_from_another_role", func(t *testing.T) {
		t.Parallel()
		want, have := changed(policies.KindPrivilege)(wanted(), applied(wanted()))
		find(t, want, ofKind(policies.KindPrivilege)).Drop = "GRANT TRUNCATE TO the new role"
		if c := diff.Plan(want, have, nil).Changes[0]; c.Undo != "GRANT TRUNCATE\nGRANT TRUNCATE TO the new role" {
			t.Errorf("undo %q", c.Undo)
		}
	})
	t.Run("what_was_dropped_by_hand_is_only_forgotten", func(t *testing.T) {
		t.Parallel()
		have := applied(wanted())
		for i := range have.Installed {
			have.Installed[i].Actual = ""
		}
		for _, c := range diff.Plan(nil, have, nil).Changes {
			if forgotten := c.SQL == "" && c.Object.Table == "" && len(c.Hazards) == 0; c.Op != drop || forgotten != (c.Object.Kind != policies.KindGrant) {
				t.Errorf("%+v", c)
			}
		}
	})
	t.Run("undo_of_other_kinds_follows_the_model", func(t *testing.T) {
		t.Parallel()
		want, have := changed(policies.KindPolicy)(wanted(), applied(wanted()))
		find(t, want, ofKind(policies.KindPolicy)).Drop = "drop it by its new name"
		if c := diff.Plan(want, have, nil).Changes[0]; c.Undo != "drop it by its new name" {
			t.Errorf("undo %q", c.Undo)
		}
	})
}

func TestRebuild(t *testing.T) {
	t.Parallel()
	want := wanted()
	find(t, want, ofKind(policies.KindView)).Shape = "uuid"
	p := diff.Plan(want, applied(wanted()), nil)
	t.Run("takes_policies_and_triggers_down_first_and_never_filtering", func(t *testing.T) {
		t.Parallel()
		const order = "drop policy, drop trigger, drop function, drop view, create view, create function, create trigger, create policy"
		if got := steps(p); got != order {
			t.Errorf("got  %s\nwant %s", got, order)
		}
	})
	t.Run("names_the_hazard_where_things_come_again", func(t *testing.T) {
		t.Parallel()
		for _, c := range p.Changes {
			want := ""
			if c.Op == create {
				want = map[policies.Kind]string{policies.KindView: "REPLACES_FUNCTION", policies.KindFunction: "REPLACES_FUNCTION",
					policies.KindPolicy: "WIDENS_ACCESS", policies.KindTrigger: "NARROWS_ACCESS"}[c.Object.Kind]
			}
			if hazards(c) != want || c.Reason != "the type of a key changed" {
				t.Errorf("%s %s: %q, %s", c.Op, c.Object.Kind, hazards(c), c.Reason)
			}
		}
	})
	t.Run("names_the_hazard_of_what_does_not_come_again", func(t *testing.T) {
		t.Parallel()
		less := slices.DeleteFunc(slices.Clone(want), ofKind(policies.KindTrigger))
		c := find(t, diff.Plan(less, applied(wanted()), nil).Changes, func(c policies.Change) bool { return c.Object.Kind == policies.KindTrigger })
		if c.Op != drop || hazards(*c) != "WIDENS_ACCESS" {
			t.Errorf("%+v", c)
		}
	})
	t.Run("is_not_for_a_view_that_was_dropped_by_hand", func(t *testing.T) {
		t.Parallel()
		_, have := droppedByHand(policies.KindView)(nil, applied(wanted()))
		if got := steps(diff.Plan(want, have, nil)); got != "create view" {
			t.Errorf("got %s", got)
		}
	})
}

func TestForeignPolicies(t *testing.T) {
	t.Parallel()
	t.Run("one_on_a_table_of_the_graph_would_run_as_the_toolkit", func(t *testing.T) {
		t.Parallel()
		read := policies.Object{Kind: policies.KindPrivilege, Name: policies.Identity("rls_owner", "hr", "staff"), Table: "hr.staff", Create: "grant", Drop: "revoke"}
		for roles, refused := range map[string]bool{"public": true, "rls_owner": true, "clerk": false} {
			c := empty()
			c.Tables = append(c.Tables, policies.Table{Schema: "hr", Name: "staff", RowSecurity: true,
				Policies: []policies.Policy{{Name: "own", Command: "SELECT", Roles: []string{roles}}}})
			p := diff.Plan(append(wanted(), read), c, nil)
			if p.Notes.HasErrors() != refused || refused && p.Notes[0].Code != diff.CodeGraphPolicy {
				t.Errorf("TO %s: %v", roles, p.Notes)
			}
		}
	})
	hand := func(permissive bool, name string) *policies.Catalog {
		c := applied(wanted())
		table := c.Table("public", "note")
		table.Policies = append(table.Policies, policies.Policy{Name: name, Permissive: permissive})
		c.Table("public", "other").Policies = []policies.Policy{{Name: "of_no_concern", Permissive: true}}
		return c
	}
	for _, c := range []struct {
		name     string
		want     []policies.Object
		have     *policies.Catalog
		keep     map[string][]string
		code     policies.Code
		severity policies.Severity
	}{
		{"permissive_refuses", wanted(), hand(true, `open"door`), nil, diff.CodeForeignPolicy, policies.Error},
		{"permissive_that_may_stay_is_noted", wanted(), hand(true, "kept"), map[string][]string{"public.note": {"kept"}}, diff.CodeKeptPolicy, policies.Note},
		{"permissive_that_may_stay_elsewhere_refuses", wanted(), hand(true, "kept"), map[string][]string{"public.other": {"kept"}}, diff.CodeForeignPolicy, policies.Error},
		{"restrictive_is_noted", wanted(), hand(false, "narrow"), nil, diff.CodeKeptPolicy, policies.Note},
		{"one_of_a_name_that_we_want_refuses", append(wanted(), policies.Object{Kind: policies.KindPolicy, Name: `"public"."note"."note_update"`, Table: "public.note", Create: "x"}),
			hand(true, "note_update"), map[string][]string{"public.note": {"note_update"}}, diff.CodeConflict, policies.Error},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			notes := diff.Plan(c.want, c.have, c.keep).Notes
			if len(notes) != 1 || notes[0].Code != c.code || notes[0].Severity != c.severity {
				t.Errorf("%v", notes)
			}
		})
	}
	t.Run("are_never_dropped", func(t *testing.T) {
		t.Parallel()
		for _, c := range diff.Plan(nil, hand(true, "by_hand"), nil).Changes {
			if strings.Contains(c.Object.Name, "by_hand") {
				t.Errorf("%+v", c)
			}
		}
	})
}

func TestStateHash(t *testing.T) {
	t.Parallel()
	hash := func(change func(c *policies.Catalog)) string {
		c := applied(wanted())
		change(c)
		return diff.Plan(wanted(), c, nil).StateHash
	}
	before := hash(func(*policies.Catalog) {})
	for name, change := range map[string]func(c *policies.Catalog){
		"a_policy_of_the_table":  func(c *policies.Catalog) { c.Table("public", "note").Policies[0].Using = "true" },
		"filtering_of_the_table": func(c *policies.Catalog) { c.Table("public", "note").ForceRow = false },
		"a_privilege_on_the_table": func(c *policies.Catalog) {
			c.Table("public", "note").Privileges = []policies.Privilege{{Privilege: "TRUNCATE"}}
		},
		"a_column_of_the_table":     func(c *policies.Catalog) { c.Table("public", "note").Columns = []policies.Column{{Name: "x"}} },
		"the_owner_of_the_table":    func(c *policies.Catalog) { c.Table("public", "note").Owner = "mallory" },
		"an_object_of_ours":         func(c *policies.Catalog) { c.Installed[0].Actual = "other" },
		"an_object_of_ours_less":    func(c *policies.Catalog) { c.Installed = c.Installed[1:] },
		"a_gateway_more":            func(c *policies.Catalog) { c.Gateways = []policies.Gateway{{Login: "web"}} },
		"the_version_of_the_server": func(c *policies.Catalog) { c.ServerVersion = 170000 },
		"the_version_of_the_kernel": func(c *policies.Catalog) { c.Kernel = 2 },
		"the_table_dropped":         func(c *policies.Catalog) { c.Tables = c.Tables[1:] },
	} {
		t.Run("changes_with_"+name, func(t *testing.T) {
			t.Parallel()
			if hash(change) == before {
				t.Error("the hash is the same")
			}
		})
	}
	t.Run("is_the_same_for_what_no_plan_depends_on", func(t *testing.T) {
		t.Parallel()
		if hash(func(c *policies.Catalog) {
			c.Table("public", "other").Owner = "somebody"
			c.Tables = append(c.Tables, policies.Table{Schema: "public", Name: "z"})
			c.Roles = append(c.Roles, policies.Role{Name: "new"})
		}) != before {
			t.Error("the hash differs")
		}
	})
}

// A server with a total hole is a hazard of every plan that does something, and of none that leaves.
func TestOldServer(t *testing.T) {
	t.Parallel()
	wanted := []policies.Object{{Kind: policies.KindRegistry, Name: "one", Title: "one", Create: "SELECT 1;"}}
	for name, c := range map[string]struct {
		leaks   []policies.Leak
		desired []policies.Object
		hazards int
		notes   int
	}{
		"fixed":     {nil, wanted, 0, 0},
		"not_total": {[]policies.Leak{{CVE: "CVE-1", Fixed: 150020}}, wanted, 0, 0},
		"total":     {[]policies.Leak{{CVE: "CVE-1", Fixed: 150020}, {CVE: "CVE-2", Total: true, Fixed: 150020}}, wanted, 1, 1},
		"nothing":   {[]policies.Leak{{CVE: "CVE-2", Total: true, Fixed: 150020}}, []policies.Object{}, 0, 1},
		"leaving":   {[]policies.Leak{{CVE: "CVE-2", Total: true, Fixed: 150020}}, nil, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := diff.Plan(c.desired, &policies.Catalog{ServerVersion: 150018, ServerLeaks: c.leaks}, nil)
			if len(p.Hazards) != c.hazards || len(p.Notes) != c.notes {
				t.Errorf("hazards %v, notes %v", p.Hazards, p.Notes)
			}
		})
	}
}
