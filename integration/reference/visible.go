package reference

import (
	"maps"
	"slices"
	"strings"
)

// set is a set of keys.
type set map[string]bool

// closures returns, per relation, everybody whom it reaches from r, r included. A merge is one relation, named by its
// kinds joined with "+".
func (w *World) closures(r string) map[string]set {
	out := map[string]set{}
	merged := set{}
	relation := func(name string, kinds []string) { out[name] = w.closure(r, kinds) }
	for _, m := range w.Merged {
		relation(strings.Join(m, "+"), m)
		for _, k := range m {
			merged[k] = true
		}
	}
	for _, k := range w.Kinds {
		if !merged[k] {
			relation(k, []string{k})
		}
	}
	return out
}

// closure is the least set with r in it, and with y for every x in it that sees y directly through one of the kinds.
func (w *World) closure(r string, kinds []string) set {
	reached := set{r: true}
	for grown := true; grown; {
		grown = false
		for _, e := range w.Edges {
			if slices.Contains(kinds, e.Kind) && reached[e.Viewer] && !reached[e.Seen] && w.user(e.Seen) != nil && e.Viewer != "" {
				reached[e.Seen] = true
				grown = true
			}
		}
	}
	return reached
}

// memberOf reports whether a user is a member of a group now. A group that does not exist has no members.
func (w *World) memberOf(user, group string) bool {
	if w.group(group) == nil || user == "" {
		return false
	}
	return slices.ContainsFunc(w.Members, func(m Member) bool { return m.Group == group && m.User == user && m.Open() })
}

// groupsOf returns the groups that a user is a member of.
func (w *World) groupsOf(user string) []string {
	var out []string
	for _, g := range w.Groups {
		if w.memberOf(user, g.Key) {
			out = append(out, g.Key)
		}
	}
	return out
}

// hierarchy is the union of the closures.
func (w *World) hierarchy(r string) set {
	out := set{}
	if w.user(r) == nil {
		return out
	}
	out[r] = true
	for _, c := range w.closures(r) {
		maps.Copy(out, c)
	}
	return out
}

// Through returns whom r sees, and for each the relations that reach them, sorted.
// Reading: r sees itself through "self" alone; a group mate who is also a creator is reached by both.
func (w *World) Through(r string) map[string][]string {
	out := map[string][]string{}
	if w.user(r) == nil {
		return out
	}
	reach := func(u, through string) {
		if u != r && w.user(u) != nil && !slices.Contains(out[u], through) {
			out[u] = append(out[u], through)
		}
	}
	out[r] = []string{"self"}
	for name, c := range w.closures(r) {
		for u := range c {
			reach(u, name)
		}
	}
	from := set{r: true}
	if w.GroupsOfDescendants {
		from = w.hierarchy(r)
	}
	for _, g := range w.Groups {
		in := false
		for u := range from {
			in = in || w.memberOf(u, g.Key)
		}
		if !in {
			continue
		}
		if g.SharesMembers {
			for _, u := range w.Users {
				if w.memberOf(u.Key, g.Key) {
					reach(u.Key, "member")
				}
			}
		}
		if g.SharesMaker {
			reach(g.Creator, "creator_of_group")
		}
	}
	for u := range out {
		slices.Sort(out[u])
	}
	return out
}

func (w *World) visible(r string) set {
	out := set{}
	for u := range w.Through(r) {
		out[u] = true
	}
	return out
}
