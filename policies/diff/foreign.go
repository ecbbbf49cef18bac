package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// Option changes what Plan does.
type Option func(*differ)

// DropPolicies makes Plan drop the permissive policies made by hand that would stop apply, and remember how to put each
// back where the table's protection is taken away.
func DropPolicies() Option { return func(d *differ) { d.dropping = true } }

// foreignPolicies reports policies made by hand on tables that the model protects.
func (d *differ) foreignPolicies(desired []policies.Object, keep map[string][]string) {
	protected := map[string]policies.Object{}
	for _, o := range desired {
		if o.Kind == policies.KindRowSecurity {
			protected[o.Name] = o
		}
	}
	for _, t := range d.actual.Tables {
		o, ok := protected[policies.Identity(t.Schema, t.Name)]
		var gone []string
		for _, p := range t.Policies {
			if ours, wanted := d.madeByUs(t, p); ok && !ours && d.foreignPolicy(o, p, wanted, slices.Contains(keep[o.Table], p.Name)) {
				gone = append(gone, p.Name)
			}
		}
		if _, graph := d.want[key(policies.KindPrivilege, policies.Identity("rls_owner", t.Schema, t.Name))]; graph {
			d.graphPolicies(t, gone)
		}
	}
}

// foreignPolicy says what becomes of a policy made by hand on the table of o. It reports whether the policy goes.
func (d *differ) foreignPolicy(o policies.Object, p policies.Policy, wanted, kept bool) bool {
	name, table := policies.Ident(p.Name), o.Table
	switch {
	case !wanted && !p.Permissive:
		d.note(CodeKeptPolicy, policies.Note, fmt.Sprintf("restrictive policy %s on %s stays and narrows what the model admits", name, table), "")
	case !wanted && kept:
		d.note(CodeKeptPolicy, policies.Note, fmt.Sprintf("policy %s on %s stays and widens what the model admits", name, table), "")
	case wanted: // also where policies are dropped: ours would stand in its place when it is to come back
		d.note(CodeConflict, policies.Error, fmt.Sprintf("policy %s on %s exists and was not made by the toolkit", name, table), "Rename or drop it.")
	case d.dropping:
		d.forget(o, p)
		return true
	default:
		d.note(CodeForeignPolicy, policies.Error, fmt.Sprintf("permissive policy %s on %s was made by hand and would widen what the model admits", name, table),
			fmt.Sprintf("Drop it, name %q under keep_policies of the resource, or add --drop-policies.", p.Name))
	}
	return false
}

// forget drops a policy made by hand. The row security of its table remembers how it was.
func (d *differ) forget(o policies.Object, p policies.Policy) {
	if d.restore == nil {
		d.restore = map[string][]string{}
	}
	d.restore[o.Name] = append(d.restore[o.Name], restored(o.Table, p))
	d.first = append(d.first, policies.Change{
		Op: policies.OpDrop, Reason: "was made by hand; it comes back when the table's protection goes",
		SQL: fmt.Sprintf("DROP POLICY %s ON %s;", policies.Ident(p.Name), o.Table), Hazards: []policies.Hazard{policies.NarrowsAccess},
		Object: policies.Object{
			Kind: policies.KindPolicy, Name: o.Name + "." + policies.QuoteIdent(p.Name), Resource: o.Resource, Table: o.Table, AsOwner: o.AsOwner,
			Title: fmt.Sprintf("policy %s on %s", policies.Ident(p.Name), o.Table),
		},
	})
}

// restored is SQL that makes a policy again, unless somebody has done so.
func restored(table string, p policies.Policy) string {
	roles := make([]string, len(p.Roles))
	for i, r := range p.Roles {
		roles[i] = policies.Ident(r)
		if r == "public" {
			roles[i] = "PUBLIC"
		}
	}
	s := fmt.Sprintf("CREATE POLICY %s ON %s AS PERMISSIVE FOR %s TO %s", policies.Ident(p.Name), table, p.Command, strings.Join(roles, ", "))
	if p.Using != "" {
		s += " USING (" + p.Using + ")"
	}
	if p.Check != "" {
		s += " WITH CHECK (" + p.Check + ")"
	}
	s += ";"
	if p.Comment != "" {
		s += fmt.Sprintf("\n        COMMENT ON POLICY %s ON %s IS %s;", policies.Ident(p.Name), table, policies.Literal(p.Comment))
	}
	quote := "$rls$"
	for i := 2; strings.Contains(s+table, quote); i++ { // an expression may hold anything
		quote = fmt.Sprintf("$rls%d$", i)
	}
	return fmt.Sprintf("DO %s\nBEGIN\n    IF NOT EXISTS (SELECT FROM pg_catalog.pg_policy AS p WHERE p.polrelid = pg_catalog.to_regclass(%s) AND p.polname = %s) THEN\n"+
		"        %s\n    END IF;\nEND\n%s;", quote, policies.Literal(table), policies.Literal(p.Name), s, quote)
}

// remembering adds to a change of a table's row security how the policies were that go with it; needed says whether there
// would be a change without them.
func (d *differ) remembering(c policies.Change, needed bool) (policies.Change, bool) {
	lines := d.restore[c.Object.Name]
	if c.Object.Kind != policies.KindRowSecurity || len(lines) == 0 {
		return c, needed
	}
	if !needed {
		i := d.have[key(c.Object.Kind, c.Object.Name)]
		c = policies.Change{Op: policies.OpReplace, Object: c.Object, SQL: c.Object.Create, Undo: i.Undo, Reason: "remembers the policies that are dropped"}
	}
	c.Undo = strings.TrimSpace(c.Undo + "\n" + strings.Join(lines, "\n"))
	return c, true
}

// madeByUs reports whether the manifest has a policy of that name on the table, and whether the model wants one.
func (d *differ) madeByUs(t policies.Table, p policies.Policy) (ours, wanted bool) {
	k := key(policies.KindPolicy, policies.Identity(t.Schema, t.Name, p.Name))
	_, ours = d.have[k]
	_, wanted = d.want[k]
	return ours, wanted
}

// graphPolicies reports policies made by hand on a table of the graph that rls_owner falls under: they would filter
// whom everybody sees, and what they call would run with the toolkit's rights.
func (d *differ) graphPolicies(t policies.Table, gone []string) {
	for _, p := range t.Policies {
		ours, wanted := d.madeByUs(t, p)
		if ours || wanted || slices.Contains(gone, p.Name) || !(slices.Contains(p.Roles, "public") || slices.Contains(p.Roles, "rls_owner")) ||
			(p.Command != "ALL" && p.Command != "SELECT") {
			continue
		}
		d.note(CodeGraphPolicy, policies.Error, fmt.Sprintf("policy %s on %s.%s was made by hand and would run as rls_owner when the graph is read",
			policies.Ident(p.Name), policies.Ident(t.Schema), policies.Ident(t.Name)), "Give it TO the database roles that it is meant for, rather than PUBLIC.")
	}
}
