package policies

import (
	"crypto/sha256"
	"encoding/hex"
)

// Kind of a compiled object. The order of the constants is no order of execution: see Object.Stage.
type Kind string

// The kinds of compiled objects.
const (
	KindPrivilege   Kind = "privilege"  // a table or schema privilege given or taken
	KindRole        Kind = "role"       // a database role
	KindMembership  Kind = "membership" // a database role made a member of one of ours
	KindView        Kind = "view"
	KindFunction    Kind = "function"
	KindRegistry    Kind = "registry" // a row of the kernel's registry
	KindPolicy      Kind = "policy"
	KindTrigger     Kind = "trigger"
	KindRowSecurity Kind = "row_security" // ENABLE and FORCE ROW LEVEL SECURITY
	KindGrant       Kind = "grant"        // a seeded grant
)

// Object is one thing that the model wants to exist in the database.
type Object struct {
	Kind     Kind   `json:"kind"`
	Name     string `json:"name"`               // identity inside its kind, as rls.object_state spells it: every part always quoted
	Title    string `json:"title"`              // for people: "policy note_read on public.note"
	Resource string `json:"resource,omitempty"` // the resource it belongs to; "" for the graph and the rest
	Table    string `json:"table,omitempty"`    // quoted schema.table that it locks, if any
	Create   string `json:"create"`             // makes it where it is absent
	Replace  string `json:"replace,omitempty"`  // turns an older one into this one; "" means Drop, then Create
	Drop     string `json:"drop"`               // takes it away again, leaving what was there before
	Shape    string `json:"shape,omitempty"`    // of a view or function: what others depend on; when it differs, all are built anew. Of a policy: what ALTER cannot change
	AsOwner  bool   `json:"as_owner,omitempty"` // runs as rls_owner rather than as the login that applies
	Once     bool   `json:"once,omitempty"`     // made once: what becomes of it afterwards is data
}

// Hash identifies the wanted definition.
func (o Object) Hash() string {
	sum := sha256.Sum256([]byte(o.Create))
	return hex.EncodeToString(sum[:16])
}

// Hazard is what a change may do to the people who use the database.
type Hazard string

// The hazards, by direction.
const (
	WidensAccess     Hazard = "WIDENS_ACCESS"
	NarrowsAccess    Hazard = "NARROWS_ACCESS"
	DisablesRLS      Hazard = "DISABLES_RLS"
	ReplacesFunction Hazard = "REPLACES_FUNCTION"
	DeletesData      Hazard = "DELETES_DATA" // of the toolkit's own tables: grants, users, logins; leaving alone does that
	OldServer        Hazard = "OLD_SERVER"   // the server has a known hole that lets clients past every policy
)

// Operation is what a change does to its object.
type Operation string

// The operations.
const (
	OpCreate  Operation = "create"
	OpReplace Operation = "replace"
	OpDrop    Operation = "drop"
)

// Change is one step of a plan.
type Change struct {
	Op      Operation `json:"op"`
	Object  Object    `json:"object"` // for a drop: as far as the manifest knows it
	Reason  string    `json:"reason,omitempty"`
	SQL     string    `json:"sql"`
	Undo    string    `json:"undo,omitempty"` // remembered for removal
	Hazards []Hazard  `json:"hazards,omitempty"`
}

// Lock is a lock that a plan takes before its first change and holds until its commit.
type Lock struct {
	Name    string `json:"name"`               // quoted schema.name
	Mode    string `json:"mode"`               // as LOCK TABLE spells it
	View    bool   `json:"view,omitempty"`     // a view, without the tables that it reads
	AsOwner bool   `json:"as_owner,omitempty"` // taken as rls_owner rather than as the login that applies
}

// The modes of locks.
const (
	LockAll    = "ACCESS EXCLUSIVE"    // keeps readers and writers waiting
	LockWrites = "SHARE ROW EXCLUSIVE" // keeps writers waiting
)

// Plan leads from what is to what the model wants. It is empty where both agree.
type Plan struct {
	StateHash string      `json:"state_hash"`         // of the catalog it was made from
	Timezone  string      `json:"timezone,omitempty"` // of constants in conditions
	Changes   []Change    `json:"changes"`            // in the order in which they run
	Locks     []Lock      `json:"locks,omitempty"`    // in the order in which they are taken
	Effects   []Effect    `json:"effects,omitempty"`  // of protecting tables that were not; they never make a plan differ from an empty one
	Hazards   []Hazard    `json:"hazards,omitempty"`  // of the plan as a whole, beside those of its changes
	Notes     Diagnostics `json:"notes,omitempty"`    // objects made by hand, and other things worth knowing; errors refuse the apply
}

// Step is a part of a plan that is safe alone: one transaction.
type Step struct {
	Title   string   `json:"title"`
	Reason  string   `json:"reason,omitempty"` // why it is larger than one table
	Changes []Change `json:"changes"`
	Locks   []Lock   `json:"locks,omitempty"`
}

// Empty reports whether there is nothing to do.
func (p Plan) Empty() bool { return len(p.Changes) == 0 }
