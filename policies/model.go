package policies

import (
	"fmt"
	"slices"
)

// Pos is a place in a model file. Line and Column count from 1; the zero value means "nowhere in particular".
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Text is a scalar of the model file with the place where it stands.
type Text struct {
	Value string
	Pos   Pos
}

// IsZero reports whether the scalar was left out.
func (t Text) IsZero() bool { return t.Value == "" && t.Pos == Pos{} }

// Flag is a boolean of the model file with the place where it stands.
type Flag struct {
	Value bool
	Pos   Pos
}

// Model is one parsed model file. Names are as written; nothing in it has been looked up in a database yet.
type Model struct {
	File      string // as given on the command line, for diagnostics
	Database  Database
	Open      []TableName // tables left alone on purpose
	Users     Users
	Groups    Groups
	Services  []Service  // in file order
	Resources []Resource // in file order
	Grants    []Grant    // seeds, in file order

	SessionAttributes []SessionAttribute // in file order
}

// TableName is a table as written in the model: "schema.table", parts quoted where they must be.
// A name without a schema means schema public.
type TableName struct {
	Schema string
	Name   string
	Pos    Pos
}

// IsZero reports whether the table was left out.
func (t TableName) IsZero() bool { return t.Name == "" }

// String returns schema.table, quoted where PostgreSQL needs it.
func (t TableName) String() string { return Ident(t.Schema) + "." + Ident(t.Name) }

// Format prints what String returns; %q quotes it as Quoted does.
func (t TableName) Format(f fmt.State, verb rune) {
	if verb == 'q' {
		fmt.Fprint(f, Quoted(t.String()))
		return
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), t.String())
}

// Database names what the model needs from the server besides tables.
type Database struct {
	Pos              Pos
	ClientRoles      []Text
	MaintenanceRoles []Text
	Schemas          []SchemaRule
	Timezone         Text // IANA name; the zero value means UTC
	Plans            Plans
}

// Plans says how many forms of each policy there are.
type Plans string

// The choices of forms.
const (
	PlansByViewer Plans = "by_viewer" // one for each width of view, in database roles of their own: the default
	PlansOne      Plans = "one"       // one that serves all, for servers where roles cannot be made
)

// SchemaRule says whether every table of a schema must be a resource or named under open.
type SchemaRule struct {
	Schema Text
	Closed bool
}

// Users binds the users of the model to a table. With Kernel set the toolkit's own rls."user" is meant.
type Users struct {
	Pos       Pos
	Kernel    bool
	Table     TableName
	Key       Text
	Login     Text       // zero: the key
	Subject   Text       // zero: none
	Active    Expression // zero: true
	Superuser Expression // zero: false
	Staff     Expression // zero: false
	Sees      []Edge     // in file order
	Merged    []Merge
	Authority Text // AuthorityGuarded or AuthorityApplication; zero: guarded
}

// Who answers for the columns that decide who may do what.
const (
	AuthorityGuarded     = "guarded"     // the toolkit: whoever is no superuser cannot change them
	AuthorityApplication = "application" // the application: whoever holds the table privilege changes them
)

// Guarded reports whether the columns that decide are guarded.
func (u Users) Guarded() bool { return u.Authority.Value != AuthorityApplication }

// Expression is one SQL expression over the columns of a row.
// SQL is what was written; Compiled is its canonical text with every column qualified as "t.column", set by parse.
type Expression struct {
	SQL      string
	Compiled string
	Columns  []string // the columns it reads, sorted, unquoted
	Plain    bool     // the columns, whether they are null or true, and comparisons with constants: the row alone decides
	Pos      Pos
}

// IsZero reports whether the expression was left out.
func (e Expression) IsZero() bool { return e.SQL == "" }

// Edge is one way in which a user sees another: either a column of the seen user's row that names the viewer,
// or a table of pairs.
type Edge struct {
	Kind   Text
	Column Text      // of the users table: y.Column = x means that x sees y
	Table  TableName // or: a table with one row per pair
	Viewer Text
	Seen   Text
}

// Merge names edge kinds that form one closure together.
type Merge struct {
	Pos   Pos
	Kinds []Text
}

// GroupsKind says where groups come from.
type GroupsKind int

// Where groups come from.
const (
	GroupsNone   GroupsKind = iota // there are no groups: the default while users are adopted
	GroupsKernel                   // the toolkit's own rls."group": the default while users are the kernel's
	GroupsBound                    // tables of the application
)

// Groups binds the groups of the model to tables.
type Groups struct {
	Pos                    Pos
	Kind                   GroupsKind
	Table                  TableName
	Key                    Text
	Name                   Text
	Creator                Text
	ShareMembersVisibility Expression // zero: false
	ShareCreatorVisibility Expression // zero: false
	Members                Members
	GroupsOfDescendants    Flag
}

// Members binds group memberships: one row per group and user, optionally with a window.
type Members struct {
	Table TableName
	Group Text
	User  Text
	From  Text
	Until Text
}

// Service is a principal that no user row stands for.
type Service struct {
	Name     Text
	Gateways []Text      // whose tokens may claim it; nil: of those that are registered with it
	Allow    []Allowance // in file order
}

// SessionAttribute is something that a token may say besides the principal.
type SessionAttribute struct {
	Name Text
	Type Text // one of AttributeTypes
}

// AttributeTypes are the types that a session attribute can have.
var AttributeTypes = []string{"text", "bigint", "boolean", "uuid"}

// Scope says which owners a write reaches.
type Scope string

// The scopes, from wide to narrow, and one for owner checks alone.
const (
	ScopeVisible   Scope = "visible"   // every visible user, and the principal's groups
	ScopeHierarchy Scope = "hierarchy" // the closures alone: no group mates, no groups
	ScopeSelf      Scope = "self"      // the principal
	ScopeAny       Scope = "any"       // whoever is named; only as an owner check
)

// Resource is one protected table.
type Resource struct {
	Name         Text
	Table        TableName
	Title        Text
	Key          []Text // zero: the primary key
	Owners       []Owner
	Actions      []Text // beyond create, read, update and delete
	WriteScope   Scope  // visible, hierarchy or self
	OwnerCheck   Scope  // visible, self or any
	Hidden       Flag
	KeepPolicies []Text
	Cascades     Text // CascadesAllow or CascadesRefuse; zero: allow
}

// What foreign keys may do to rows of a resource.
const (
	CascadesAllow  = "allow"  // whatever they say
	CascadesRefuse = "refuse" // what whoever causes it may do by themself
)

// Owner is one column that says whose a row is: a user's key, or with Group set a group's. With By it is not the user's
// key that the column holds, but that other unique column of the users.
type Owner struct {
	Column Text
	Group  bool
	By     Text
}

// SecondKey returns the column of the users that the owner column of t holds where that is not their key: what the model
// says, else what the foreign key of the column refers to. "" stands for the key.
func (o Owner) SecondKey(u Users, t *Table) string {
	second := o.By.Value
	for _, f := range t.ForeignKeys {
		if !o.By.IsZero() {
			break
		}
		i := slices.Index(f.Columns, o.Column.Value)
		if i < 0 || i >= len(f.RefColumns) || f.RefSchema != u.Table.Schema || f.RefTable != u.Table.Name {
			continue
		}
		if f.RefColumns[i] == u.Key.Value {
			return ""
		}
		if len(f.Columns) == 1 {
			second = f.RefColumns[0]
		}
	}
	if o.Group || second == u.Key.Value {
		return ""
	}
	return second
}

// Grant is a seed: actions on resources for one grantee.
type Grant struct {
	Pos   Pos
	To    Grantee
	Allow []Allowance // in file order
	From  Text        // zero: since always; a bare date is midnight in the model's time zone
	Until Text        // zero: for ever
}

// Allowance is the actions of a grant, or of a service, on one resource; All stands for "*".
type Allowance struct {
	Resource Text
	Actions  []Text
	All      bool
}

// GranteeKind says what a grantee is.
type GranteeKind string

// The kinds of grantees.
const (
	GranteeUser          GranteeKind = "user"
	GranteeGroup         GranteeKind = "group"
	GranteeService       GranteeKind = "service"
	GranteeAuthenticated GranteeKind = "authenticated"
	GranteeEveryone      GranteeKind = "everyone"
)

// Grantee is whom a grant names. A user is named by its login, a group by its name; apply resolves both. A service is one
// of the model.
type Grantee struct {
	Kind GranteeKind
	Name string
	Pos  Pos
}

// The four actions that PostgreSQL knows; a resource may declare others.
const (
	ActionCreate = "create"
	ActionRead   = "read"
	ActionUpdate = "update"
	ActionDelete = "delete"
)

// StandardActions are the actions that every resource has, in the order in which they are shown.
var StandardActions = []string{ActionCreate, ActionRead, ActionUpdate, ActionDelete}
