package diff

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// Locks returns the locks that changes need, in the order in which everybody takes them: tables by name, views by name,
// and the kernel's own. The order is that of clients, who lock a table before its parts, and before its policies read a view.
//
// Where something changes that the policies of all tables ask, all protected tables are locked: a statement that had
// asked one function before the commit and another after it would see neither what was nor what is.
func Locks(changes []policies.Change, actual *policies.Catalog) []policies.Lock {
	tables, views := map[string]policies.Lock{}, map[string]policies.Lock{}
	lock := func(name, mode string, asOwner bool) {
		if had, ok := tables[name]; !ok || had.Mode != policies.LockAll {
			tables[name] = policies.Lock{Name: name, Mode: mode, AsOwner: asOwner}
		}
	}
	var own []policies.Lock
	grants := false
	for _, c := range changes {
		o := c.Object
		switch {
		case o.Kind == policies.KindView && c.Op != policies.OpCreate && c.SQL != "":
			views[o.Name] = policies.Lock{Name: o.Name, Mode: policies.LockAll, View: true, AsOwner: o.AsOwner}
		case o.Kind == policies.KindGrant, o.Kind == policies.KindRegistry && c.Op == policies.OpDrop:
			grants = true
		case o.Table == "":
		case o.Kind == policies.KindPolicy, o.Kind == policies.KindRowSecurity, o.Kind == policies.KindTrigger && c.Op != policies.OpCreate:
			lock(o.Table, policies.LockAll, o.AsOwner)
		case o.Kind == policies.KindTrigger:
			lock(o.Table, policies.LockWrites, o.AsOwner)
		}
	}
	if slices.ContainsFunc(changes, asked) {
		for table, asOwner := range guarded(actual) {
			lock(table, policies.LockAll, asOwner)
		}
	}
	if grants { // whoever grants just now would keep us waiting while everybody waits for us
		own = append(own, policies.Lock{Name: `rls."grant"`, Mode: policies.LockWrites, AsOwner: true})
	}
	depth := depths(actual)
	var out []policies.Lock
	for _, set := range []map[string]policies.Lock{tables, views} {
		for _, name := range slices.SortedFunc(maps.Keys(set), func(a, b string) int {
			return cmp.Or(cmp.Compare(depth[a], depth[b]), strings.Compare(a, b))
		}) {
			out = append(out, set[name])
		}
	}
	return append(out, own...)
}

// depths numbers the tables that are a part of another one, in an order in which each comes after what it is a part of.
func depths(actual *policies.Catalog) map[string]int {
	out := map[string]int{}
	for i := range actual.Tables {
		t := &actual.Tables[i]
		if len(t.Parents) > 0 {
			continue
		}
		for n, p := range actual.Parts(t) {
			out[policies.TableName{Schema: p.Schema, Name: p.Name}.String()] = n + 1
		}
	}
	return out
}

// asked reports whether c changes in place what the policies of all tables ask. What is taken away nobody asks: policies
// depend on what they name, and a function that called it is changed in place itself.
func asked(c policies.Change) bool {
	k := c.Object.Kind
	return c.Object.Resource == "" && (k == policies.KindView || k == policies.KindFunction) && inPlace(c)
}

// inPlace reports whether a change is of something that somebody may use already: not that of a thing which was never there.
func inPlace(c policies.Change) bool {
	return c.Op == policies.OpReplace || c.Op == policies.OpCreate && c.Reason != ""
}

// guarded returns the tables with policies of ours, and whether they are rls_owner's.
func guarded(actual *policies.Catalog) map[string]bool {
	there := map[string]bool{}
	for _, t := range actual.Tables {
		there[policies.Ident(t.Schema)+"."+policies.Ident(t.Name)] = true
	}
	out := map[string]bool{}
	for _, i := range actual.Installed {
		if i.Kind == policies.KindPolicy && i.Resource != "" && i.Actual != "" && there[i.Table] {
			out[i.Table] = i.AsOwner
		}
	}
	return out
}
