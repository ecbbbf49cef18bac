package compile

import (
	"fmt"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// A predicate is an OR of branches. Each form of it is shaped for some principals: what PostgreSQL can use an index for, and how
// many rows it expects, differ. Entering picks the form by the database role that it takes; one that does not fit costs time, or
// is an error that entering once more mends, and shows nobody a row more.

// form is a shape of predicates, and the kernel's role that its policies are TO.
type form string

const (
	// anyForm serves everybody: the set in an array, and a range over the key for superusers and services.
	anyForm form = "any"
	// narrowForm is the set in an array alone: the index of the owner, also for index-only scans, which no OR has.
	narrowForm form = "narrow"
	// middleForm is cheap to ask of a row, so that the order of a query can be read along its index until enough rows are
	// found, and can use the index of the owner where there is no such order. An OR with a range that is always empty
	// makes the planner expect one row in two hundred; an array in a parameter counts as ten users.
	middleForm form = "middle"
	// wideForm is cheap to ask of a row, and half of the rows are expected to pass.
	wideForm form = "wide"
	// allForm asks once whether the principal passes owners, as superusers and services do, and no row anything. No branch for the
	// others: superusers would pay for the planning of its sub-select.
	allForm form = "all"

	// memberForm is cheap to ask of a row. No policies of its own; it is in the checks of some.
	memberForm form = "member"
)

var forms = []form{anyForm, narrowForm, middleForm, wideForm, allForm}

func (f form) role() string { return "rls_" + string(f) }

// alone reports whether the form has no branch for superusers and services: one that names no column would take the index from the
// others, and each branch asks the database who is there once more.
func (f form) alone() bool { return f != anyForm }

// arguments are those of the functions that ask the graph.
func arguments(r resource, action string, scope policies.Scope, alone bool) string {
	return fmt.Sprintf("%s, %s, %s, %t", policies.Literal(action), policies.Literal(r.name()), policies.Literal(string(scope)), alone)
}

// inArray is the test that an index can be used for.
func (g *compiler) inArray(o policies.Owner, column, args string) string {
	k, admitted := g.holder(o)
	return k.among(column, fmt.Sprintf("%s(%s)", admitted, args), setsOf(k).element)
}

// isMember is the test that costs the same for every size of the set. CASE, because its estimate is one half, where that of a
// multirange alone would be one in two hundred. Ranges that are stored out of line are joined with an empty value, which fetches
// them once; else each row would.
func (g *compiler) isMember(f form, o policies.Owner, column, typ, args string) string {
	k, admitted := g.holder(o)
	s := setsOf(k)
	ranges, own := "rls.admitted_ranges", o.By.Value == ""
	if !own { // of what only some resources ask there are neither bits nor buckets
		ranges = admitted + "_ranges"
	}
	within := fmt.Sprintf("%s <@ (SELECT %s(%s) + '{}')", k.element(column), ranges, args)
	switch {
	case own && s.bits:
		// A key before the first bit or beyond the last one is looked for in the ranges.
		position := column
		if typ != "integer" && typ != "smallint" {
			position = fmt.Sprintf("CASE WHEN %[1]s BETWEEN 0 AND %[2]d THEN %[1]s::integer ELSE 0 END", column, highestBit)
		}
		return fmt.Sprintf("CASE substring((SELECT rls.admitted_bits(%[3]s)) FROM %[2]s FOR 1)"+
			" WHEN B'1' THEN true WHEN B'0' THEN false ELSE %[4]s END", column, position, args, within)
	case own && f == wideForm && g.hasBuckets():
		// To fetch the ranges of many keys takes longer than to look for the row of a key, or for those of a page. So for as long as that
		// takes, which the memo knows, rows look into buckets, where each reads one. What is asked how makes no difference to the answer.
		return fmt.Sprintf("CASE WHEN coalesce(CASE WHEN clock_timestamp() < (SELECT clock_timestamp()"+
			" + make_interval(secs => nullif(split_part(current_setting('rls.memo', true), '|', 7), '')::double precision / 1000000))\n"+
			"            THEN rls.in_buckets((SELECT rls.admitted_buckets(%s)), %s) END, %s) THEN true ELSE false END",
			args, s.bytes(k.element(column)), within)
	}
	return fmt.Sprintf("CASE WHEN %s THEN true ELSE false END", within)
}

// owner is the branch of a row's owner in one form. alone, where superusers and services have no other branch.
func (g *compiler) owner(f form, alone bool, r resource, o policies.Owner, column, action string, scope policies.Scope) string {
	held := r.table.Column(o.Column.Value)
	typ, plain := held.Type, column
	if held.Domain != "" && typ == "uuid" { // the operators of ranges look at no domain
		plain += "::uuid"
	}
	args := arguments(r, action, scope, alone)
	switch {
	case scope == policies.ScopeSelf:
		return g.inArray(o, column, args)
	case f == wideForm || f == memberForm:
		return g.isMember(f, o, plain, typ, args)
	case f != middleForm:
		return g.inArray(o, column, args)
	}
	// In full: a BETWEEN that leads an AND is spelled in another way once a dump of it was restored. No constants, although each sub-select
	// is planned: for what lies beyond the histogram the planner looks into both ends of the index, which takes as long, and longer
	// where many dead rows are.
	never := fmt.Sprintf("%[1]s >= (SELECT NULL::%[2]s) AND %[1]s <= (SELECT NULL::%[2]s)", column, typ)
	if k, _ := g.holder(o); setsOf(k).bits && o.By.Value == "" {
		// The planner puts the cheaper test first, and an array is searched from its beginning: so its branch has to be the dearer one. By
		// what the index tests as well, or rows that it has found would be searched for in the array once more.
		low, high := bounds(typ)
		never += fmt.Sprintf(" AND %[1]s >= %[2]s AND %[1]s <= %[3]s", column, low, high)
	}
	return fmt.Sprintf("(%s\n            AND (%s OR %s))", g.isMember(f, o, plain, typ, args), never, g.inArray(o, column, args))
}

// owners returns the branches that admit a row through its owners, for an action within a scope.
func (g *compiler) owners(f form, alone bool, r resource, action string, scope policies.Scope, prefix string) []string {
	var out []string
	for _, o := range r.Owners {
		column := prefix + policies.Ident(o.Column.Value)
		if !o.Group {
			out = append(out, g.owner(f, alone, r, o, column, action, scope))
		} else if scope == policies.ScopeVisible {
			// A group is no member of a hierarchy, and nobody's self.
			out = append(out, g.groupOwner(r, column, action, alone))
		}
	}
	return out
}

func (g *compiler) groupOwner(r resource, column, action string, alone bool) string {
	return g.groupKey.among(column, fmt.Sprintf("rls.admitted_groups(%s, %s, %t)", policies.Literal(action), policies.Literal(r.name()), alone), g.groupKey.sql)
}

// passesOwners is the branch of superusers and services where no index is at stake. alone, where the others have no branch beside it.
func passesOwners(r resource, action string, alone bool) string {
	return fmt.Sprintf("(SELECT rls.passes_owners(%s, %s, %t))", policies.Literal(action), policies.Literal(r.name()), alone)
}

// passesOwnersByKey is that branch over existing rows. As a plain boolean it would take the index from the other
// branches, so it is a range over the first key column: everything for a superuser, nothing for the rest. With an upper
// end the planner expects one row in two hundred rather than one in three.
func passesOwnersByKey(r resource, action, prefix string) string {
	if len(r.keys) == 0 {
		return passesOwners(r, action, false)
	}
	low, high := bounds(r.keys[0].typ)
	key := prefix + policies.Ident(r.keys[0].name)
	c := r.table.Column(r.keys[0].name)
	if low == "" || !c.NotNull {
		return passesOwners(r, action, false)
	}
	ask := fmt.Sprintf("(SELECT CASE WHEN rls.passes_owners(%s, %s, false) THEN %s END)", policies.Literal(action), policies.Literal(r.name()), low)
	if high == "" {
		return fmt.Sprintf("%s >= %s", key, ask)
	}
	return fmt.Sprintf("%s BETWEEN %s AND %s", key, ask, high)
}

// admits is the predicate of an action over existing rows, in one form. For every action but create a grant of read is
// asked for as well, and no scope is wider than visible: so it implies the predicate of read, and a statement that reads
// no column reaches no row that its principal cannot see.
func (g *compiler) admits(f form, r resource, action, prefix string) []string {
	branches := g.owners(f, f.alone(), r, action, g.scope(r, action), prefix)
	switch {
	case len(branches) == 0: // nobody but superusers reaches a row, in any form
		return []string{passesOwners(r, action, false)}
	case f == anyForm:
		return append(branches, passesOwnersByKey(r, action, prefix))
	case f == allForm:
		return []string{passesOwners(r, action, true)}
	}
	return branches
}

// creates is the predicate of a new row, in one form: every owner that it names passes the owner check, and it names one.
func (g *compiler) creates(f form, r resource) []string {
	switch {
	case len(r.Owners) == 0:
		return []string{passesOwners(r, policies.ActionCreate, false)}
	case f == allForm && r.OwnerCheck != policies.ScopeAny: // where any owner may be named, services with a grant may name one
		return []string{passesOwners(r, policies.ActionCreate, true)}
	}
	super := passesOwners(r, policies.ActionCreate, false)
	if len(r.Owners) == 1 && r.OwnerCheck != policies.ScopeAny {
		return f.checks(g.owners(f.checked(), f.alone(), r, policies.ActionCreate, r.OwnerCheck, ""), super)
	}
	// Superusers have a branch in each form here: a row may be judged before anybody has asked who is there.
	var all, named []string
	for _, o := range r.Owners {
		column := policies.Ident(o.Column.Value)
		if !o.Group || r.OwnerCheck != policies.ScopeSelf {
			named = append(named, column+" IS NOT NULL")
		}
		switch {
		case r.OwnerCheck == policies.ScopeAny:
		case o.Group:
			all = append(all, fmt.Sprintf("(%s IS NULL OR %s)", column, g.groupOwner(r, column, policies.ActionCreate, false)))
		default:
			all = append(all, fmt.Sprintf("(%s IS NULL OR %s)", column, g.owner(f.checked(), false, r, o, column, policies.ActionCreate, r.OwnerCheck)))
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

// checked is the shape in which a check asks for the owners of a row. It has no index to use; but whoever reads by the array has
// it looked for there, where the answer is at hand.
func (f form) checked() form {
	switch f {
	case anyForm, middleForm:
		return memberForm
	}
	return f
}

// checks adds the branch of superusers and services where the form has one.
func (f form) checks(branches []string, super string) []string {
	if f.alone() && len(branches) > 0 {
		return branches
	}
	return append(branches, super)
}

// updates is the predicate of a row after an update, in one form. An owner may be changed to whoever the owner check
// admits but never out of sight, so the scope here is the wider of the two; where the check is narrower than that,
// hand-over has a trigger, because a policy cannot compare with the row before.
func (g *compiler) updates(f form, r resource) []string {
	if f == allForm {
		return []string{passesOwners(r, policies.ActionUpdate, true)}
	}
	return f.checks(g.owners(f.checked(), f.alone(), r, policies.ActionUpdate, g.afterUpdate(r), ""), passesOwners(r, policies.ActionUpdate, false))
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
