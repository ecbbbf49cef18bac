package reference

import "slices"

// Principal is whom a transaction acts for. Kind is user, service, anonymous or nobody.
type Principal struct{ Kind, Key string }

// Standard are the actions that every resource has.
var Standard = []string{"create", "read", "update", "delete"}

// AllActions returns the actions of a resource, the standard ones first.
func (r *Resource) AllActions() []string { return append(slices.Clone(Standard), r.Actions...) }

// admitted reports whether a principal may do anything at all: an active user, a service, or anonymous.
func (w *World) admitted(p Principal) bool {
	switch p.Kind {
	case "user":
		u := w.user(p.Key)
		return u != nil && u.Active
	case "service":
		return slices.ContainsFunc(w.Services, func(s Service) bool { return s.Name == p.Key })
	case "anonymous":
		return true
	}
	return false
}

// allowed reports whether a service is allowed an action on the rows of a resource, whoever owns them. Every action but
// create needs read as well.
func (w *World) allowed(p Principal, action, resource string) bool {
	return p.Kind == "service" && slices.ContainsFunc(w.Services, func(s Service) bool {
		a := s.Allow[resource]
		return s.Name == p.Key && slices.Contains(a, action) && (action == "create" || slices.Contains(a, "read"))
	})
}

func (w *World) superuser(p Principal) bool {
	return w.admitted(p) && p.Kind == "user" && w.user(p.Key).Superuser
}

// names reports whether a grantee of a grant stands for the principal.
func (w *World) names(grantee string, p Principal) bool {
	switch {
	case grantee == "everyone":
		return true
	case grantee == "authenticated":
		return p.Kind == "user"
	case p.Kind == "service":
		return grantee == "service:"+p.Key
	case p.Kind == "user":
		return grantee == "user:"+p.Key ||
			slices.ContainsFunc(w.groupsOf(p.Key), func(g string) bool { return grantee == "group:"+g })
	}
	return false
}

// granted reports whether a grant of exactly this action names the principal, in its window.
func (w *World) granted(p Principal, action, resource string) bool {
	return slices.ContainsFunc(w.Grants, func(g Grant) bool {
		return g.Action == action && g.Resource == resource && g.Open() && w.names(g.Grantee, p)
	})
}

// reaches reports whether an owner is within the scope of a user. Groups are in no hierarchy, and nobody's self.
func (w *World) reaches(user, owner string, group bool, scope Scope) bool {
	switch {
	case owner == "":
		return false
	case group:
		return scope == Visible && w.memberOf(user, owner)
	case scope == Self:
		return owner == user
	case scope == Hierarchy:
		return w.hierarchy(user)[owner]
	}
	return w.visible(user)[owner]
}

// owned reports whether one of the owners is within the scope.
func (w *World) owned(p Principal, r *Resource, owners []string, scope Scope) bool {
	if p.Kind != "user" {
		return false // no visible users, no memberships
	}
	for i, o := range r.Owners {
		if w.reaches(p.Key, owners[i], o.Group, scope) {
			return true
		}
	}
	return false
}

// Admits decides an action on an existing row. Every action needs read of the row as well.
func (w *World) Admits(p Principal, action string, r *Resource, row Row) bool {
	if !w.admitted(p) {
		return false
	}
	if w.superuser(p) || w.allowed(p, action, r.Name) {
		return true
	}
	scope := Visible
	if action == "update" || action == "delete" {
		scope = r.WriteScope
	}
	allowed := w.granted(p, action, r.Name) && w.owned(p, r, row.Owners, scope)
	if action != "read" {
		allowed = allowed && w.granted(p, "read", r.Name) && w.owned(p, r, row.Owners, Visible)
	}
	return allowed
}

// Creates decides a new row with these owners.
// Reading: every owner that the row names passes the owner check, and it names at least one; under "self" a group may
// stand beside the principal but is no owner that passes by itself. Under "any" whoever holds the grant may create a
// row that names an owner, whether user, service or anonymous. A service that is allowed to create may name anybody as
// owner, or nobody.
func (w *World) Creates(p Principal, r *Resource, owners []string) bool {
	if !w.admitted(p) {
		return false
	}
	if w.superuser(p) || w.allowed(p, "create", r.Name) {
		return true
	}
	if !w.granted(p, "create", r.Name) {
		return false
	}
	named := 0
	for i, o := range r.Owners {
		switch {
		case owners[i] == "":
		case r.OwnerCheck == Any:
			named++
		case p.Kind != "user":
			return false
		case o.Group:
			if !w.memberOf(p.Key, owners[i]) {
				return false
			}
			if r.OwnerCheck != Self {
				named++
			}
		default:
			if !w.reaches(p.Key, owners[i], false, r.OwnerCheck) {
				return false
			}
			named++
		}
	}
	return named > 0
}

// CreatesAndReads decides a new row that is returned as well: PostgreSQL asks for read of it.
func (w *World) CreatesAndReads(p Principal, r *Resource, owners []string) bool {
	return w.Creates(p, r, owners) && w.Admits(p, "read", r, Row{Owners: owners})
}

// Outcome of a write: Filtered touches no row, Done touches it, Rejected is an error.
type Outcome string

// The outcomes of a write.
const (
	Filtered Outcome = "filtered"
	Done     Outcome = "done"
	Rejected Outcome = "rejected"
)

// HandsOver decides an update of a row that changes its owners.
// Reading: each changed owner passes the owner check and is in sight, even under "any"; a group of theirs passes under
// every check; NULL passes by itself. The row stays within the write scope or the owner check, whichever is wider.
// A service that is allowed to update sees nobody, and so hands no row over.
func (w *World) HandsOver(p Principal, r *Resource, row Row, owners []string) Outcome {
	if !w.Admits(p, "update", r, row) {
		return Filtered
	}
	if w.superuser(p) {
		return Done
	}
	check := Visible // "any" is not wider here: out of sight is refused
	after := Visible
	if r.OwnerCheck == Self {
		check, after = Self, r.WriteScope
	}
	for i, o := range r.Owners {
		if owners[i] == row.Owners[i] || owners[i] == "" {
			continue
		}
		if p.Kind != "user" || o.Group && !w.memberOf(p.Key, owners[i]) || !o.Group && !w.reaches(p.Key, owners[i], false, check) {
			return Rejected
		}
	}
	if !w.owned(p, r, owners, after) && !w.allowed(p, "update", r.Name) {
		return Rejected
	}
	return Done
}

// Can decides the question without an object: whether some row could be admitted.
// A name that is no resource is answered no, to superusers too.
func (w *World) Can(p Principal, action, resource string) bool {
	r := w.Resource(resource)
	if r == nil || !w.admitted(p) {
		return false
	}
	if w.superuser(p) || w.allowed(p, action, resource) {
		return true
	}
	if !w.granted(p, action, resource) || len(r.Owners) == 0 {
		return false
	}
	if action == "create" && r.OwnerCheck == Any {
		return true
	}
	if p.Kind != "user" || action != "create" && !w.granted(p, "read", resource) {
		return false
	}
	// Some row: one that the principal itself owns, or one of a group of theirs.
	for _, o := range r.Owners {
		scope := Visible
		switch action {
		case "create":
			scope = r.OwnerCheck
		case "update", "delete":
			scope = r.WriteScope
		}
		if !o.Group || scope == Visible && len(w.groupsOf(p.Key)) > 0 {
			return true
		}
	}
	return false
}
