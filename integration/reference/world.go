// Package reference decides access in memory, straight from docs/semantics.md: naive, slow and without SQL. It shares
// no code with the compiler, so that a mistake in one of them shows as a difference between the two.
//
// Where the page leaves a choice, the comment of a function begins with "Reading:" and says which one was taken.
package reference

// World is a model with the data that decisions are made from. Keys are the texts of the database's keys; "" is NULL.
type World struct {
	Kinds               []string   // edge kinds, in the order of the model
	Merged              [][]string // edge kinds that form one closure together
	GroupsOfDescendants bool
	Resources           []Resource
	Services            []Service

	Users   []User
	Edges   []Edge
	Groups  []Group
	Members []Member
	Grants  []Grant
}

// User is a row of the users table.
type User struct {
	Key               string
	Login             string
	Active, Superuser bool
}

// Edge is one row that says that Viewer sees Seen directly. Either may name nobody.
type Edge struct{ Kind, Viewer, Seen string }

// Group is a row of the groups table. Creator may be NULL or name nobody.
type Group struct {
	Key, Name, Creator         string
	SharesMembers, SharesMaker bool
}

// Window is a time in which something counts, in seconds from the moment of the decision. nil is no bound.
type Window struct{ From, Until *int }

// Open reports whether the window contains the moment: From is included, Until is not.
func (w Window) Open() bool {
	return (w.From == nil || *w.From <= 0) && (w.Until == nil || 0 < *w.Until)
}

// Member is a row of the membership table. Group and user may be NULL or name nothing.
type Member struct {
	Group, User string
	Window
}

// Grant is a stored grant. Grantee is everyone, authenticated, or user:KEY, group:KEY, service:NAME.
type Grant struct {
	Grantee, Action, Resource string
	Window
}

// Service is a service of the model, with the actions that it is allowed by resource.
type Service struct {
	Name  string
	Allow map[string][]string
}

// Scope is write_scope or owner_check.
type Scope string

// The scopes of a write or an owner check.
const (
	Visible   Scope = "visible"
	Hierarchy Scope = "hierarchy"
	Self      Scope = "self"
	Any       Scope = "any"
)

// Resource is a protected table with its rows.
type Resource struct {
	Name       string
	Owners     []Owner
	Actions    []string // beyond the four
	WriteScope Scope
	OwnerCheck Scope
	Hidden     bool
	Rows       []Row
}

// Owner is an owner column: of users, or of groups.
type Owner struct {
	Column string
	Group  bool
}

// Row is one object. Owners stand in the order of the resource's owner columns.
type Row struct {
	Label  string // names the row in reports and probes
	Key    string // as callers spell it
	Owners []string
}

// Resource returns the resource of that name, or nil.
func (w *World) Resource(name string) *Resource {
	for i := range w.Resources {
		if w.Resources[i].Name == name {
			return &w.Resources[i]
		}
	}
	return nil
}

func (w *World) user(key string) *User {
	for i := range w.Users {
		if key != "" && w.Users[i].Key == key {
			return &w.Users[i]
		}
	}
	return nil
}

func (w *World) group(key string) *Group {
	for i := range w.Groups {
		if key != "" && w.Groups[i].Key == key {
			return &w.Groups[i]
		}
	}
	return nil
}
