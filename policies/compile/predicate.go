package compile

import (
	"fmt"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// A predicate is an OR of branches, each shaped so that it can use an index of its own: a set in an array, or a range
// over the key. One branch of another shape would take the index from all others.

// owners returns the branches that admit a row through its owners, for an action within a scope.
func (g *compiler) owners(r resource, action string, scope policies.Scope, prefix string) []string {
	var out []string
	for _, o := range r.Owners {
		column := prefix + policies.Ident(o.Column.Value)
		if !o.Group {
			out = append(out, fmt.Sprintf("%s = ANY ((SELECT rls.admitted_owners(%s, %s, %s))::%s[])",
				column, policies.Literal(action), policies.Literal(r.name()), policies.Literal(string(scope)), g.userKey.sql))
		} else if scope == policies.ScopeVisible {
			// A group is no member of a hierarchy, and nobody's self.
			out = append(out, g.groupOwner(r, column, action))
		}
	}
	return out
}

func (g *compiler) groupOwner(r resource, column, action string) string {
	return fmt.Sprintf("%s = ANY ((SELECT rls.admitted_groups(%s, %s))::%s[])",
		column, policies.Literal(action), policies.Literal(r.name()), g.groupKey.sql)
}

// superuser is the branch of superusers over existing rows. As a plain boolean it would take the index from the other
// branches, so it is a range over the first key column: everything for a superuser, nothing for the rest. With an upper
// end the planner expects one row in two hundred rather than one in three.
func superuser(r resource, prefix string) string {
	plain := fmt.Sprintf("(SELECT rls.superuser_on(%s))", policies.Literal(r.name()))
	if len(r.keys) == 0 {
		return plain
	}
	low, high := bounds(r.keys[0].typ)
	key := prefix + policies.Ident(r.keys[0].name)
	c := r.table.Column(r.keys[0].name)
	if low == "" || !c.NotNull {
		return plain
	}
	ask := fmt.Sprintf("(SELECT CASE WHEN rls.superuser_on(%s) THEN %s END)", policies.Literal(r.name()), low)
	if high == "" {
		return fmt.Sprintf("%s >= %s", key, ask)
	}
	return fmt.Sprintf("%s BETWEEN %s AND %s", key, ask, high)
}

// admits is the predicate of an action over existing rows. For every action but create a grant of read is asked for
// as well, and no scope is wider than visible: so it implies the predicate of read, and a statement that reads no
// column reaches no row that its principal cannot see.
func (g *compiler) admits(r resource, action, prefix string) []string {
	scope := policies.ScopeVisible
	if action == policies.ActionUpdate || action == policies.ActionDelete {
		scope = r.WriteScope
	}
	return append(g.owners(r, action, scope, prefix), superuser(r, prefix))
}

// creates is the predicate of a new row: every owner that it names passes the owner check, and it names one.
func (g *compiler) creates(r resource) []string {
	super := fmt.Sprintf("(SELECT rls.superuser_on(%s))", policies.Literal(r.name()))
	if len(r.Owners) == 0 {
		return []string{super}
	}
	if len(r.Owners) == 1 && r.OwnerCheck != policies.ScopeAny {
		return append(g.owners(r, policies.ActionCreate, r.OwnerCheck, ""), super)
	}
	var all, named []string
	for _, o := range r.Owners {
		column := policies.Ident(o.Column.Value)
		if !o.Group || r.OwnerCheck != policies.ScopeSelf {
			named = append(named, column+" IS NOT NULL")
		}
		switch {
		case r.OwnerCheck == policies.ScopeAny:
		case o.Group:
			all = append(all, fmt.Sprintf("(%s IS NULL OR %s)", column, g.groupOwner(r, column, policies.ActionCreate)))
		default:
			all = append(all, fmt.Sprintf("(%s IS NULL OR %s = ANY ((SELECT rls.admitted_owners('create', %s, %s))::%s[]))",
				column, column, policies.Literal(r.name()), policies.Literal(string(r.OwnerCheck)), g.userKey.sql))
		}
	}
	if r.OwnerCheck == policies.ScopeAny {
		all = append(all, fmt.Sprintf("(SELECT rls.can('create', %s))", policies.Literal(r.name())))
	}
	if len(named) == 0 { // only groups own it, and none of them is the principal
		return []string{super}
	}
	one := strings.Join(named, " OR ")
	if len(named) > 1 {
		one = "(" + one + ")"
	}
	all = append(all, one)
	return []string{"(" + strings.Join(all, " AND ") + ")", super}
}

// updates is the predicate of a row after an update. An owner may be changed to whoever the owner check admits but
// never out of sight, so the scope here is the wider of the two; where the check is narrower than that, hand-over has
// a trigger, because a policy cannot compare with the row before.
func (g *compiler) updates(r resource) []string {
	return append(g.owners(r, policies.ActionUpdate, g.afterUpdate(r), ""), superuser(r, ""))
}

func (g *compiler) afterUpdate(r resource) policies.Scope {
	if r.OwnerCheck == policies.ScopeSelf {
		return r.WriteScope
	}
	return policies.ScopeVisible
}

// handOverNeedsTrigger reports whether some hand-over would pass the policy and must not: a self check under a wider
// write scope, or one owner of several going out of sight while another stays.
func handOverNeedsTrigger(r resource) bool {
	return len(r.Owners) > 1 || (len(r.Owners) == 1 && r.OwnerCheck == policies.ScopeSelf && r.WriteScope != policies.ScopeSelf)
}

// or joins branches, one per line.
func orLines(branches []string, indent string) string {
	return strings.Join(branches, "\n"+indent+"OR ")
}
