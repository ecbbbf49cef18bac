package policies

import (
	"fmt"
	"slices"
	"strings"
)

// Decision says who may perform one action on the rows of one resource. It is what a model means, before it is SQL:
// compile renders it, and whoever explains or checks the model reads the same value.
//
// A principal also needs a grant of every action in Needs; superusers and services named in Admit do not.
type Decision struct {
	Resource string
	Action   string
	Needs    []string // the action, and read for every action but create
	Admit    []Reason // any one of them admits the row: the new row for create, else the existing one
	After    []Reason // what every owner that an update changes has to meet; superusers pass
}

// ReasonKind says what a reason asks for.
type ReasonKind string

// The kinds of reasons.
const (
	ReasonOwner     ReasonKind = "owner"     // a user who owns the row is within Scope
	ReasonGroup     ReasonKind = "group"     // a group that owns the row is one of the principal's
	ReasonAnyOwner  ReasonKind = "any_owner" // the row names an owner, whoever it is
	ReasonService   ReasonKind = "service"   // the principal is the service Service
	ReasonSuperuser ReasonKind = "superuser" // the principal is a superuser
)

// Shape says what a reason is once it is SQL, and so whether an index can serve it.
type Shape string

// The shapes of reasons.
const (
	ShapeSet  Shape = "set"  // a column is compared with a set that is computed once in a statement
	ShapeFlag Shape = "flag" // true or false for all rows of a statement
	ShapeRow  Shape = "row"  // the row alone decides
)

// Reason is one condition under which a row is admitted.
type Reason struct {
	Kind    ReasonKind
	Owner   Owner  // of ReasonOwner and ReasonGroup
	Scope   Scope  // of ReasonOwner: visible, hierarchy or self
	All     bool   // the row may name several owners, and every one that it names has to meet its reason
	Service string // of ReasonService
}

// Shape returns what the reason is once it is SQL.
func (r Reason) Shape() Shape {
	switch r.Kind {
	case ReasonOwner, ReasonGroup:
		return ShapeSet
	case ReasonAnyOwner:
		return ShapeRow
	}
	return ShapeFlag
}

// String says the reason in words, such as "owner created_by_id in sight".
func (r Reason) String() string {
	switch r.Kind {
	case ReasonOwner:
		return "owner " + Ident(r.Owner.Column.Value) + " " + map[Scope]string{
			ScopeVisible: "in sight", ScopeHierarchy: "in sight through the hierarchy", ScopeSelf: "is the principal",
		}[r.Scope]
	case ReasonGroup:
		return "owner " + Ident(r.Owner.Column.Value) + " is a group of the principal"
	case ReasonAnyOwner:
		return "any owner is named"
	case ReasonService:
		return "service " + r.Service
	}
	return string(r.Kind)
}

// String says the decision in words, such as "note read: owner created_by_id in sight, or superuser".
func (d Decision) String() string {
	var every, any []string
	for _, r := range d.Admit {
		if r.All {
			every = append(every, r.String())
		} else {
			any = append(any, r.String())
		}
	}
	if len(every) > 0 {
		any = append([]string{"every owner that is named: " + strings.Join(every, " and ")}, any...)
	}
	out := fmt.Sprintf("%s %s: %s", d.Resource, d.Action, strings.Join(any, ", or "))
	if len(d.After) > 0 {
		var after []string
		for _, r := range d.After {
			after = append(after, r.String())
		}
		out += "; a new owner: " + strings.Join(after, ", ")
	}
	return out
}

// Columns returns the columns of the owners that admit a row, sorted: those that an index serves.
func (d Decision) Columns() []string {
	var out []string
	for _, r := range d.Admit {
		if r.Shape() == ShapeSet {
			out = append(out, r.Owner.Column.Value)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
