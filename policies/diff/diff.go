// Package diff compares the objects that a model wants with those that a database has, and says step by step how to
// get from the one to the other, with the hazard of each step. It is pure.
package diff

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// Codes of this package.
const (
	CodeForeignPolicy policies.Code = "RL401" // a permissive policy made by hand would widen what the model says
	CodeKeptPolicy    policies.Code = "RL402" // a policy made by hand stays beside ours
	CodeConflict      policies.Code = "RL403" // an object of that name exists and is not ours
	CodeGraphPolicy   policies.Code = "RL405" // a policy made by hand filters what the graph is read from, and runs as rls_owner
	CodeOldServer     policies.Code = "RL427" // the server has a known hole that lets clients past every policy
)

// Plan returns the changes that make actual what desired says. keep names, per table, hand-made policies that may stay.
// The plan is empty where nothing is to be done. Notes with severity Error make apply refuse.
func Plan(desired []policies.Object, actual *policies.Catalog, keep map[string][]string, options ...Option) policies.Plan {
	d := &differ{actual: actual, want: map[string]policies.Object{}, have: map[string]policies.Installed{}}
	for _, o := range desired {
		d.want[key(o.Kind, o.Name)] = o
		if o.Kind == policies.KindRowSecurity {
			d.protected = append(d.protected, o.Table)
		}
	}
	for _, i := range actual.Installed {
		d.have[key(i.Kind, i.Name)] = i
	}
	for _, o := range options {
		o(d)
	}
	d.foreignPolicies(desired, keep)
	old := desired != nil && d.oldServer() // leaving is never refused
	plan := policies.Plan{Notes: d.notes}
	if d.shapeChanged(desired) {
		plan.Changes = d.rebuild(desired)
	} else {
		plan.Changes = d.changes(desired)
	}
	plan.Changes = append(d.first, plan.Changes...)
	if old && len(plan.Changes) > 0 {
		plan.Hazards = []policies.Hazard{policies.OldServer}
	}
	plan.Locks = Locks(plan.Changes, actual)
	plan.StateHash = StateHash(actual, tables(desired, actual))
	return plan
}

type differ struct {
	actual    *policies.Catalog
	want      map[string]policies.Object
	have      map[string]policies.Installed
	protected []string // quoted schema.table that the model protects
	notes     policies.Diagnostics
	dropping  bool                // policies made by hand
	first     []policies.Change   // their drops
	restore   map[string][]string // SQL that puts them back, by the name of the row security of their table
}

func key(k policies.Kind, name string) string { return string(k) + " " + name }

// leaves are the kinds that nothing else depends on; they go before new objects come. Views and functions go last.
func leaf(k policies.Kind) bool { return k != policies.KindView && k != policies.KindFunction }

func (d *differ) changes(desired []policies.Object) []policies.Change {
	var first, last, out []policies.Change
	for _, i := range slices.Backward(d.actual.Installed) {
		if _, wanted := d.want[key(i.Kind, i.Name)]; wanted {
			continue
		}
		c := drop(i, d.gone(i)+d.gives(i))
		if leaf(i.Kind) {
			first = append(first, c)
		} else {
			last = append(last, c)
		}
	}
	out = append(out, first...)
	for _, o := range desired {
		if c, needed := d.remembering(d.change(o)); needed {
			out = append(out, c)
		}
	}
	return append(out, last...)
}

// gone says why an object is no longer wanted. A partition that was detached keeps its policies until somebody decides.
func (d *differ) gone(i policies.Installed) string {
	k := key(policies.KindRegistry, policies.Identity("resource", i.Resource))
	same := d.want[k].Hash() == d.have[k].Hash // of the same table
	if i.Resource != "" && i.Table != "" && same && !slices.Contains(d.protected, i.Table) {
		return "the table was detached from resource " + i.Resource
	}
	return "no longer in the model"
}

func (d *differ) change(o policies.Object) (policies.Change, bool) {
	i, installed := d.have[key(o.Kind, o.Name)]
	c := policies.Change{Op: policies.OpCreate, Object: o, SQL: o.Create, Undo: o.Drop}
	switch {
	case !installed:
	case o.Once:
		return c, false
	case i.Actual == "":
		c.Reason = "was dropped by hand"
	case i.Actual == i.Fingerprint && i.Hash == o.Hash():
		return c, false
	default:
		c.Op = policies.OpReplace
		c.Reason = "changed in the model"
		if i.Hash == o.Hash() {
			c.Reason = "was changed by hand"
		}
		c.SQL = o.Replace
		if o.Kind == policies.KindPolicy && (i.Shape != o.Shape || i.Actual != i.Fingerprint) {
			c.SQL = "" // ALTER POLICY changes neither the command nor whether there is a USING
		}
		if c.SQL == "" {
			c.SQL = strings.TrimSpace(o.Drop + "\n" + o.Create)
			if o.Kind == policies.KindRowSecurity || o.Kind == policies.KindPrivilege || o.Kind == policies.KindMembership {
				c.SQL = o.Create // idempotent, and dropping first would open a moment
			}
		}
	}
	// What was there before the toolkit is known only at the first time, or when the model reaches further than before.
	if installed && (o.Kind == policies.KindRowSecurity || o.Kind == policies.KindPrivilege) {
		c.Undo = i.Undo
		if o.Kind == policies.KindPrivilege && i.Hash != o.Hash() {
			c.Undo = union(i.Undo, o.Drop)
		}
	}
	c.Hazards = d.hazards(c)
	return c, true
}

// union returns the lines of a, and those of b that are not among them.
func union(a, b string) string {
	lines := strings.Split(a, "\n")
	for l := range strings.SplitSeq(b, "\n") {
		if !slices.Contains(lines, l) {
			lines = append(lines, l)
		}
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// gives says what a plan role leaves to its client role when it goes.
func (d *differ) gives(i policies.Installed) string {
	to, what := "", []string(nil)
	for _, o := range d.actual.PlanOwned {
		if i.Kind == policies.KindRole && i.Name == policies.Identity(o.Role) {
			to, what = policies.Ident(o.ClientRole), append(what, o.Title)
		}
	}
	if to == "" {
		return ""
	}
	return fmt.Sprintf("; %s becomes the property of %s", strings.Join(what, ", "), to)
}

// drop takes away what the toolkit made. What somebody has dropped by hand, perhaps with its table, is only forgotten.
func drop(i policies.Installed, reason string) policies.Change {
	if i.Actual == "" && i.Kind != policies.KindGrant {
		return policies.Change{Op: policies.OpDrop, Reason: "was dropped by hand", Object: policies.Object{
			Kind: i.Kind, Name: i.Name, Title: i.Title, Resource: i.Resource, AsOwner: i.AsOwner}}
	}
	c := policies.Change{Op: policies.OpDrop, Reason: reason, SQL: i.Undo, Object: policies.Object{
		Kind: i.Kind, Name: i.Name, Title: i.Title, Resource: i.Resource, Table: i.Table, Drop: i.Undo, AsOwner: i.AsOwner}}
	if i.Grants > 0 {
		c.Reason += fmt.Sprintf("; %d grants %s it that no model seeded go with it", i.Grants, onOrTo(i))
		c.Hazards = []policies.Hazard{policies.NarrowsAccess}
	}
	switch i.Kind {
	case policies.KindPolicy, policies.KindMembership, policies.KindGrant:
		c.Hazards = []policies.Hazard{policies.NarrowsAccess}
	case policies.KindRegistry:
		if ofService(i.Name) {
			c.Hazards = []policies.Hazard{policies.NarrowsAccess}
		}
	case policies.KindRowSecurity:
		if strings.Contains(i.Undo, "DISABLE") || strings.Contains(i.Undo, "NO FORCE") {
			c.Hazards = []policies.Hazard{policies.DisablesRLS}
		}
		if strings.Contains(i.Undo, "CREATE POLICY") {
			c.Hazards = append(c.Hazards, policies.WidensAccess)
		}
	case policies.KindTrigger:
		if !tellsOfGraph(i.Name) {
			c.Hazards = []policies.Hazard{policies.WidensAccess}
		}
	case policies.KindPrivilege:
		if strings.Contains(i.Undo, "GRANT") {
			c.Hazards = []policies.Hazard{policies.WidensAccess}
		}
	}
	return c
}

func onOrTo(i policies.Installed) string {
	if ofService(i.Name) {
		return "to"
	}
	return "on"
}

func (d *differ) hazards(c policies.Change) []policies.Hazard {
	replaced := c.Op == policies.OpReplace
	switch c.Object.Kind {
	case policies.KindPolicy:
		// On a table that is not filtered yet a policy widens nothing: what narrows is switching filtering on.
		if replaced || d.filtered(c.Object.Table) {
			return []policies.Hazard{policies.WidensAccess}
		}
	case policies.KindFunction, policies.KindView:
		if replaced {
			return []policies.Hazard{policies.ReplacesFunction}
		}
	case policies.KindRowSecurity:
		return []policies.Hazard{policies.NarrowsAccess}
	case policies.KindTrigger:
		if tellsOfGraph(c.Object.Name) {
			return nil
		}
		if replaced {
			return []policies.Hazard{policies.WidensAccess}
		}
		return []policies.Hazard{policies.NarrowsAccess}
	case policies.KindPrivilege:
		if strings.HasPrefix(c.Object.Name, `"narrowed".`) && (c.Object.Drop != "" || replaced) {
			return []policies.Hazard{policies.NarrowsAccess}
		}
	case policies.KindMembership:
		if len(d.actual.Installed) > 0 && c.Op == policies.OpCreate {
			return []policies.Hazard{policies.WidensAccess}
		}
	case policies.KindGrant:
		if _, known := d.have[key(policies.KindRegistry, policies.Identity("resource", c.Object.Resource))]; known {
			return []policies.Hazard{policies.WidensAccess}
		}
	case policies.KindRegistry:
		if ofService(c.Object.Name) && d.opensService(c, replaced) {
			return []policies.Hazard{policies.WidensAccess}
		}
		if strings.HasPrefix(c.Object.Name, `"role".`) && strings.HasPrefix(c.Object.Title, "maintenance") && len(d.actual.Installed) > 0 {
			return []policies.Hazard{policies.WidensAccess}
		}
	}
	return nil
}

// ofService reports whether a row of the registry is a service, or what one is allowed.
func ofService(name string) bool {
	return strings.HasPrefix(name, `"service".`) || strings.HasPrefix(name, `"allow".`)
}

// opensService reports whether somebody may claim a service who could not before, or a service may do more. A service by
// itself may do nothing, and a resource that is new has no rows that anybody could see before.
func (d *differ) opensService(c policies.Change, replaced bool) bool {
	_, known := d.have[key(policies.KindRegistry, policies.Identity("resource", c.Object.Resource))]
	return replaced || known
}

// tellsOfGraph reports whether a trigger only tells of changes of the hierarchy: it stops no write.
func tellsOfGraph(name string) bool { return strings.Contains(name, `."rls_graph_`) }

func (d *differ) filtered(table string) bool {
	for _, t := range d.actual.Tables {
		if policies.Ident(t.Schema)+"."+policies.Ident(t.Name) == table {
			return t.RowSecurity
		}
	}
	return false
}

// shapeChanged reports whether a view or function gets columns, arguments or a result of another type.
func (d *differ) shapeChanged(desired []policies.Object) bool {
	return slices.ContainsFunc(desired, func(o policies.Object) bool {
		i, ok := d.have[key(o.Kind, o.Name)]
		return ok && i.Actual != "" && i.Shape != o.Shape && (o.Kind == policies.KindView || o.Kind == policies.KindFunction)
	})
}

// rebuild takes down what depends on the types of keys and builds it again. Filtering stays on all the while.
func (d *differ) rebuild(desired []policies.Object) []policies.Change {
	structural := func(k policies.Kind) bool {
		return k == policies.KindPolicy || k == policies.KindTrigger || k == policies.KindView || k == policies.KindFunction
	}
	const reason = "the type of a key changed"
	var out []policies.Change
	for _, pass := range []bool{true, false} { // policies and triggers first, then what they call
		for _, i := range slices.Backward(d.actual.Installed) {
			if structural(i.Kind) && leaf(i.Kind) == pass {
				c := drop(i, reason)
				if _, wanted := d.want[key(i.Kind, i.Name)]; wanted {
					c.Hazards = nil // it comes again below, with its hazard
				}
				out = append(out, c)
			}
		}
	}
	for _, i := range slices.Backward(d.actual.Installed) {
		if _, wanted := d.want[key(i.Kind, i.Name)]; !wanted && !structural(i.Kind) {
			out = append(out, drop(i, d.gone(i)+d.gives(i)))
		}
	}
	for _, o := range desired {
		if structural(o.Kind) {
			c := policies.Change{Op: policies.OpCreate, Object: o, SQL: o.Create, Undo: o.Drop, Reason: reason}
			if _, had := d.have[key(o.Kind, o.Name)]; had && (o.Kind == policies.KindFunction || o.Kind == policies.KindView) {
				c.Hazards = []policies.Hazard{policies.ReplacesFunction}
			} else {
				c.Hazards = d.hazards(c)
			}
			out = append(out, c)
		} else if c, needed := d.remembering(d.change(o)); needed {
			out = append(out, c)
		}
	}
	return out
}

// oldServer notes every hole of the server that makes policies worthless, and reports whether there is one.
func (d *differ) oldServer() bool {
	old := false
	for _, l := range d.actual.ServerLeaks {
		if l.Total {
			old = true
			d.note(CodeOldServer, policies.Warning, fmt.Sprintf("PostgreSQL %s: %s (%s)", policies.Release(d.actual.ServerVersion), l.What, l.CVE),
				fmt.Sprintf("Upgrade the server to PostgreSQL %s.", policies.Release(l.Fixed)))
		}
	}
	return old
}

func (d *differ) note(code policies.Code, s policies.Severity, message, hint string) {
	d.notes = append(d.notes, policies.Diagnostic{Code: code, Severity: s, File: "database", Message: message, Hint: hint})
}

// tables returns the tables that the plan depends on, by schema.table.
func tables(desired []policies.Object, actual *policies.Catalog) map[string]bool {
	out := map[string]bool{}
	for _, o := range desired {
		if o.Table != "" {
			out[o.Table] = true
		}
	}
	for _, i := range actual.Installed {
		if i.Table != "" {
			out[i.Table] = true
		}
	}
	return out
}

// StateHash identifies all of the catalog that a plan depends on: the named tables, the gateways and what is installed.
func StateHash(c *policies.Catalog, tables map[string]bool) string {
	state := policies.Catalog{ServerVersion: c.ServerVersion, Kernel: c.Kernel, Gateways: c.Gateways, Installed: slices.Clone(c.Installed)}
	for _, t := range c.Tables {
		if tables[policies.Ident(t.Schema)+"."+policies.Ident(t.Name)] {
			state.Tables = append(state.Tables, t)
		}
	}
	for i := range state.Installed { // data, not state: somebody is always granting something
		state.Installed[i].Grants = 0
	}
	doc, err := json.Marshal(state)
	if err != nil {
		panic(err) // plain data
	}
	sum := sha256.Sum256(doc)
	return hex.EncodeToString(sum[:])
}
