package diff

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// Codes of what binds several tables into one step.
const (
	CodeSharedChange policies.Code = "RL421" // what all tables ask changes in place
	CodeRebuilt      policies.Code = "RL422" // a key has another type
	CodeBoundTables  policies.Code = "RL423" // the policies of one table ask another
)

// Steps cuts a plan into transactions that are safe alone: whoever stops after any of them leaves tables that show what
// they showed before, and tables that show what they will show, and none that shows anything else. In order:
//
//   - what nothing uses yet: new functions and views, triggers that tell of the graph, new database roles;
//   - where something changes in place that all policies ask, that and every protected table that changes too, at once:
//     an old policy that asks a new function would show what neither model does;
//   - one step for each table that is left, first those that only lose something; several tables where one asks the other;
//   - what nothing uses any more.
//
// Notes say what binds tables together. The steps of an empty plan are none, and the changes of all steps are those of p.
func Steps(p policies.Plan, actual *policies.Catalog) ([]policies.Step, policies.Diagnostics) {
	if p.Empty() {
		return nil, nil
	}
	s := &stepper{plan: p, actual: actual, protected: guarded(actual), depth: depths(actual), group: map[string]string{}}
	if rebuilt(p) {
		s.note(CodeRebuilt, "a key has another type, so that all depends on all: one step for everything")
		return []policies.Step{s.step("everything", "a key has another type", p.Changes)}, s.notes
	}
	s.bind()
	var first, shared, last []policies.Change
	tables := map[string][]policies.Change{}
	why := s.shared()
	for _, c := range p.Changes {
		switch place := s.place(c, why != ""); place {
		case early:
			first = append(first, c)
		case together:
			shared = append(shared, c)
		case late:
			last = append(last, c)
		default:
			if g := s.root(place); why != "" && s.guards(g) {
				shared = append(shared, c)
			} else {
				tables[g] = append(tables[g], c)
			}
		}
	}
	var out []policies.Step
	add := func(title, reason string, changes []policies.Change) {
		if len(changes) > 0 {
			out = append(out, s.step(title, reason, changes))
		}
	}
	add("what nothing uses yet", "", first)
	if len(shared) > 0 {
		reason := why
		if names := s.tables(shared); len(names) > 0 {
			reason += ", and so in one step: " + strings.Join(names, ", ")
			s.note(CodeSharedChange, fmt.Sprintf("%s: one step for %s", why, strings.Join(names, ", ")))
		}
		add("what all tables ask", reason, shared)
	}
	var groups []policies.Step
	for root, changes := range tables {
		names, reason := s.tables(changes), ""
		if len(names) == 0 { // grants alone
			for _, table := range slices.Sorted(maps.Keys(s.protected)) {
				if s.depth[table] == 0 && s.root("t "+table) == root {
					names = append(names, table)
				}
			}
		}
		if len(names) == 0 {
			names = []string{changes[0].Object.Title}
		}
		if len(names) > 1 {
			reason = "the policies of one ask another"
			s.note(CodeBoundTables, fmt.Sprintf("the policies of one ask another: one step for %s", strings.Join(names, ", ")))
		}
		groups = append(groups, s.step(strings.Join(names, ", "), reason, changes))
	}
	slices.SortFunc(groups, func(a, b policies.Step) int {
		return cmp.Or(cmp.Compare(direction(a.Changes), direction(b.Changes)), strings.Compare(a.Title, b.Title))
	})
	out = append(out, groups...)
	add("what nothing uses any more", "", last)
	return out, s.notes.Sort()
}

// Places of changes that belong to no table.
const (
	early    = "\x00early"
	together = "\x00together"
	late     = "\x00late"
)

type stepper struct {
	plan      policies.Plan
	actual    *policies.Catalog
	protected map[string]bool
	depth     map[string]int
	group     map[string]string // a union-find of tables and resources
	notes     policies.Diagnostics
}

func (s *stepper) note(code policies.Code, message string) {
	s.notes = append(s.notes, policies.Diagnostic{Code: code, Severity: policies.Note, File: "database", Message: message})
}

func (s *stepper) step(title, reason string, changes []policies.Change) policies.Step {
	return policies.Step{Title: title, Reason: reason, Changes: changes, Locks: Locks(changes, s.actual)}
}

// tables returns the tables of changes, sorted, without partitions and other parts of tables.
func (s *stepper) tables(changes []policies.Change) []string {
	var out []string
	for _, c := range changes {
		if c.Object.Resource != "" && c.Object.Table != "" && s.depth[c.Object.Table] == 0 {
			out = append(out, c.Object.Table)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// direction orders steps: first those that only take away, then those that also give, then those that switch off.
func direction(changes []policies.Change) int {
	out := 0
	for _, c := range changes {
		switch {
		case slices.Contains(c.Hazards, policies.DisablesRLS):
			return 2
		case slices.Contains(c.Hazards, policies.WidensAccess):
			out = 1
		}
	}
	return out
}

// rebuilt reports whether the plan takes functions or views down to build them anew.
func rebuilt(p policies.Plan) bool {
	dropped := map[string]bool{}
	for _, c := range p.Changes {
		k := key(c.Object.Kind, c.Object.Name)
		if leaf(c.Object.Kind) {
			continue
		}
		if c.Op == policies.OpDrop {
			dropped[k] = true
		} else if dropped[k] {
			return true
		}
	}
	return false
}

// place says where a change goes: early, together, late, or the key of its resource.
func (s *stepper) place(c policies.Change, shared bool) string {
	o := c.Object
	fresh := c.Op == policies.OpCreate && !inPlace(c)
	if !leaf(o.Kind) {
		switch {
		case c.Op == policies.OpDrop:
			return late
		case fresh && (o.Kind == policies.KindFunction || !shared):
			return early
		}
	}
	if o.Resource != "" {
		return "r " + o.Resource
	}
	switch o.Kind {
	case policies.KindTrigger: // it calls what changes, if anything does
		if shared {
			return together
		}
		if c.Op == policies.OpDrop {
			return late
		}
		return early
	case policies.KindPolicy, policies.KindPrivilege, policies.KindRole: // what rls_owner may read; what a role may name
		switch {
		case c.Op == policies.OpDrop:
			return late
		case fresh:
			return early
		}
	}
	if !shared {
		return early
	}
	return together
}

// shared says what changes in place that all policies ask; "" where nothing does. A database role that becomes a client,
// or ceases to be one, counts: policies are TO it. Where nothing is protected yet nobody asks.
func (s *stepper) shared() string {
	if len(s.protected) == 0 {
		return ""
	}
	why := ""
	for _, c := range s.plan.Changes {
		o := c.Object
		if o.Resource != "" {
			continue
		}
		switch o.Kind {
		case policies.KindView, policies.KindFunction:
			if inPlace(c) {
				return o.Title + " changes, which all policies ask"
			}
		case policies.KindMembership, policies.KindRegistry:
			// A maintenance role gives no row by itself: policies name it. No policy asks what a schema is.
			if !strings.HasPrefix(o.Title, "maintenance role ") && !strings.HasPrefix(o.Name, `"schema".`) {
				why = cmp.Or(why, o.Title+" changes whom policies are for")
			}
		case policies.KindRole, policies.KindPrivilege, policies.KindPolicy:
			if inPlace(c) {
				why = cmp.Or(why, o.Title+" changes, on which all policies stand")
			}
		}
	}
	return why
}

// guards reports whether a group has a table that policies of ours filter now.
func (s *stepper) guards(root string) bool {
	for table := range s.protected {
		if s.root("t "+table) == root {
			return true
		}
	}
	return false
}

func (s *stepper) root(k string) string {
	for s.group[k] != "" {
		k = s.group[k]
	}
	return k
}

func (s *stepper) union(a, b string) {
	if a, b = s.root(a), s.root(b); a != b {
		s.group[a] = b
	}
}

// bind puts a resource together with its tables, of before and of now, and with what asks it: a policy or function that
// names a table or a function of another resource.
func (s *stepper) bind() {
	names := map[string]string{} // what a text may name -> key of the resource that it belongs to, if that changes
	for _, c := range s.plan.Changes {
		if o := c.Object; o.Resource != "" {
			r := "r " + o.Resource
			if o.Table != "" {
				s.union("t "+o.Table, r)
				names[o.Table] = r
			}
			if o.Kind == policies.KindFunction {
				names[strings.NewReplacer(`"`, "").Replace(o.Name)+"("] = r
			}
		}
	}
	for _, i := range s.actual.Installed {
		if i.Resource != "" && i.Table != "" && i.Kind == policies.KindPolicy {
			s.union("t "+i.Table, "r "+i.Resource)
		}
	}
	ask := func(key, text string) {
		for name, r := range names {
			if s.root(r) != s.root(key) && mentions(text, name) {
				s.union(r, key)
			}
		}
	}
	for _, c := range s.plan.Changes {
		if o := c.Object; o.Resource != "" && (o.Kind == policies.KindPolicy || o.Kind == policies.KindFunction) {
			ask("r "+o.Resource, o.Create)
		}
	}
	// What stands there now asks, too, and a table that does not change may ask two that do.
	for _, t := range s.actual.Tables {
		name := policies.Ident(t.Schema) + "." + policies.Ident(t.Name)
		if _, ours := s.protected[name]; !ours {
			continue
		}
		for _, p := range t.Policies {
			ask("t "+name, p.Using+" "+p.Check)
		}
	}
}

// mentions reports whether a text names something as a whole word.
func mentions(text, name string) bool {
	for from := 0; ; {
		i := strings.Index(text[from:], name)
		if i < 0 {
			return false
		}
		i += from
		end := i + len(name)
		if (i == 0 || !word(text[i-1])) && (strings.HasSuffix(name, "(") || end == len(text) || !word(text[end])) {
			return true
		}
		from = i + 1
	}
}

func word(b byte) bool {
	return b == '_' || b == '$' || b >= 0x80 || b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'z'
}
