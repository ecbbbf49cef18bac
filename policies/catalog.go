package policies

import (
	"fmt"
	"slices"
	"strings"
)

// Catalog is what the checks and the compiler need to know of a database. It is plain data: it can be written to
// a file and read again without a connection.
type Catalog struct {
	ServerVersion int         `json:"server_version"` // server_version_num
	Kernel        int64       `json:"kernel"`         // version of the installed kernel; 0: none
	Tables        []Table     `json:"tables"`         // user tables of every schema, sorted by schema and name
	Roles         []Role      `json:"roles"`          // sorted by name
	Schemas       []Schema    `json:"schemas,omitempty"`
	Readers       []Reader    `json:"readers,omitempty"` // sorted by kind and name
	Gateways      []Gateway   `json:"gateways,omitempty"`
	Installed     []Installed `json:"installed,omitempty"`  // what the toolkit put there, in the order of creation
	PlanOwned     []PlanOwned `json:"plan_owned,omitempty"` // sorted by role and title
	ServerLeaks   []Leak      `json:"server_leaks,omitempty"`
}

// Leak is a known hole of the server through which clients get past row security.
type Leak struct {
	CVE   string `json:"cve"`
	Total bool   `json:"total"` // a client reads or removes what every policy protects
	Fixed int    `json:"fixed"` // server_version_num of the first release of this major version without it
	What  string `json:"what"`
}

// Release spells a server_version_num as people do.
func Release(version int) string { return fmt.Sprintf("%d.%d", version/10000, version%10000) }

// PlanOwned is an object that belongs to a plan role: somebody created it after entering.
type PlanOwned struct {
	Role       string `json:"role"`
	ClientRole string `json:"client_role"`
	Title      string `json:"title"` // as PostgreSQL describes it
	Alter      string `json:"alter"` // the beginning of a statement that would change its owner
}

// Table returns the table of that name, or nil.
func (c *Catalog) Table(schema, name string) *Table {
	for i := range c.Tables {
		if c.Tables[i].Schema == schema && c.Tables[i].Name == name {
			return &c.Tables[i]
		}
	}
	return nil
}

// Parts returns the partitions and inheritance children of t, however deep, each after what it is a part of.
func (c *Catalog) Parts(t *Table) []*Table {
	tree := []*Table{t}
	for i := 0; i < len(tree); i++ {
		if !tree[i].Heirs {
			continue
		}
		parent := Ref{tree[i].Schema, tree[i].Name}
		for j := range c.Tables {
			if p := &c.Tables[j]; slices.Contains(p.Parents, parent) && !slices.Contains(tree, p) {
				tree = append(tree, p)
			}
		}
	}
	return tree[1:]
}

// Schema returns the schema of that name, or nil.
func (c *Catalog) Schema(name string) *Schema {
	for i := range c.Schemas {
		if c.Schemas[i].Name == name {
			return &c.Schemas[i]
		}
	}
	return nil
}

// Undecided returns the tables of a schema that hold rows and of which nobody has said that they, or what their rows belong
// to, are protected or open: all parts of a protected table are, and the partitions of an open one. Views hold no rows.
// Materialized views and foreign tables do, and no policy filters them.
func (c *Catalog) Undecided(schema string, protected, open func(Ref) bool) []*Table {
	var out []*Table
	for i := range c.Tables {
		// What goose remembers of the kernel's migrations is the toolkit's own.
		own := schema == "public" && c.Tables[i].Name == "rls_goose_version"
		if t := &c.Tables[i]; t.Schema == schema && t.Kind != "v" && !own && !c.decided(t, protected, open) {
			out = append(out, t)
		}
	}
	return out
}

func (c *Catalog) decided(t *Table, protected, open func(Ref) bool) bool {
	partitions := true // all the way
	for range c.Tables {
		n := Ref{Schema: t.Schema, Name: t.Name}
		if protected(n) || partitions && open(n) {
			return true
		}
		if len(t.Parents) == 0 {
			return false
		}
		partitions = partitions && t.Partition
		if t = c.Table(t.Parents[0].Schema, t.Parents[0].Name); t == nil {
			return false
		}
	}
	return false
}

// Role returns the database role of that name, or nil.
func (c *Catalog) Role(name string) *Role {
	for i := range c.Roles {
		if c.Roles[i].Name == name {
			return &c.Roles[i]
		}
	}
	return nil
}

// Table is one table, partitioned table, foreign table, view or materialized view.
type Table struct {
	Schema      string       `json:"schema"`
	Name        string       `json:"name"`
	Kind        string       `json:"kind"` // pg_class.relkind: r, p, f, v, m
	Owner       string       `json:"owner"`
	Parents     []Ref        `json:"parents,omitempty"` // the partitioned table, or the tables that it inherits from
	Partition   bool         `json:"partition,omitempty"`
	Heirs       bool         `json:"heirs,omitempty"` // partitions or inheritance children
	RowSecurity bool         `json:"row_security"`
	ForceRow    bool         `json:"force_row_security"`
	Columns     []Column     `json:"columns"`
	PrimaryKey  []string     `json:"primary_key,omitempty"`
	Deferrable  bool         `json:"deferrable,omitempty"` // of the primary key
	Unique      [][]string   `json:"unique,omitempty"`     // unique constraints that are not deferrable and full unique indexes over columns, without the primary key
	ForeignKeys []ForeignKey `json:"foreign_keys,omitempty"`
	Indexes     [][]string   `json:"indexes,omitempty"` // leading columns of valid, full btree indexes
	Policies    []Policy     `json:"policies,omitempty"`
	Privileges  []Privilege  `json:"privileges,omitempty"`
	References  []Privilege  `json:"references,omitempty"` // on single columns: taking REFERENCES of the table takes these too
}

// Column returns the column of that name, or nil.
func (t *Table) Column(name string) *Column {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return &t.Columns[i]
		}
	}
	return nil
}

// Ref names a table of the catalog.
type Ref struct {
	Schema string `json:"schema"`
	Name   string `json:"name"`
}

// Column is one live column.
type Column struct {
	Name      string `json:"name"`
	Type      string `json:"type"`             // format_type without modifier: "character varying", "bigint", "public.citext"; of a domain the type below it
	Domain    string `json:"domain,omitempty"` // the domain, spelt like a type
	NotNull   bool   `json:"not_null,omitempty"`
	Loose     bool   `json:"nondeterministic,omitempty"` // its collation takes different texts for equal
	Leaky     bool   `json:"leaky,omitempty"`            // its type compares by functions that are not leakproof
	Folded    bool   `json:"folded,omitempty"`           // an index begins with lower(column::text COLLATE "default")
	Generated bool   `json:"generated,omitempty"`        // computed from other columns
	Virtual   bool   `json:"virtual,omitempty"`          // and not stored
	// Expression is what a generated column is computed by, over the columns of the row; "" of others.
	Expression string `json:"expression,omitempty"`
}

// ForeignKey is one foreign key; Columns[i] refers to RefColumns[i].
type ForeignKey struct {
	Name       string   `json:"name"`
	Columns    []string `json:"columns"`
	RefSchema  string   `json:"ref_schema"`
	RefTable   string   `json:"ref_table"`
	RefColumns []string `json:"ref_columns"`
	OnDelete   string   `json:"on_delete,omitempty"` // CASCADE, SET NULL or SET DEFAULT; of a partition's copy nothing
	OnUpdate   string   `json:"on_update,omitempty"`
}

// Cascade is a foreign key of a table by which changes of other rows delete or change its own.
type Cascade struct {
	ForeignKey
	Table *Table
}

// Cascades returns the foreign keys of a table, its partitions and children that reach their rows.
func (c *Catalog) Cascades(t *Table) (out []Cascade) {
	for _, p := range append([]*Table{t}, c.Parts(t)...) {
		for _, f := range p.ForeignKeys {
			if f.OnDelete != "" || f.OnUpdate != "" {
				out = append(out, Cascade{f, p})
			}
		}
	}
	return out
}

// String says what the foreign key does, and to whose rows.
func (f Cascade) String() string {
	table, parent := TableName{Schema: f.Table.Schema, Name: f.Table.Name}, TableName{Schema: f.RefSchema, Name: f.RefTable}
	var has, does []string
	if f.OnDelete != "" {
		verb := "changes"
		if f.OnDelete == "CASCADE" {
			verb = "deletes"
		}
		has = append(has, "ON DELETE "+f.OnDelete)
		does = append(does, fmt.Sprintf("whoever deletes a row of %s %s", parent, verb))
	}
	if f.OnUpdate != "" {
		has = append(has, "ON UPDATE "+f.OnUpdate)
		does = append(does, fmt.Sprintf("whoever changes column %s of %s changes", strings.Join(f.RefColumns, ", "), parent))
	}
	return fmt.Sprintf("foreign key %s of %s has %s: %s rows of %s that the policies hide from them",
		Ident(f.Name), table, strings.Join(has, " "), strings.Join(does, ", and "), table)
}

// Policy is one row of pg_policy.
type Policy struct {
	Name       string   `json:"name"`
	Permissive bool     `json:"permissive"`
	Command    string   `json:"command"` // ALL, SELECT, INSERT, UPDATE, DELETE
	Roles      []string `json:"roles"`   // "public" for PUBLIC
	Using      string   `json:"using,omitempty"`
	Check      string   `json:"check,omitempty"`
	Comment    string   `json:"comment,omitempty"`
}

// Schema is one schema with who may use it.
type Schema struct {
	Name  string   `json:"name"`
	Usage []string `json:"usage,omitempty"` // who was granted USAGE; "" is PUBLIC
}

// Privilege is one table privilege of one grantee; Grantee "" is PUBLIC.
type Privilege struct {
	Grantee   string `json:"grantee"`
	Column    string `json:"column,omitempty"` // of a privilege on one column
	Privilege string `json:"privilege"`
	Grantable bool   `json:"grantable,omitempty"`
}

// Role is one database role.
type Role struct {
	Name       string   `json:"name"`
	Superuser  bool     `json:"superuser,omitempty"`
	BypassRLS  bool     `json:"bypass_rls,omitempty"`
	CreateRole bool     `json:"create_role,omitempty"`
	Inherit    bool     `json:"inherit"`
	Login      bool     `json:"login,omitempty"`
	MemberOf   []string `json:"member_of,omitempty"` // directly
}

// Gateway is one registered gateway login, as far as compiling needs it.
type Gateway struct {
	Login      string `json:"login"`
	ClientRole string `json:"client_role"`
}

// Installed is one object that the toolkit made, as its manifest remembers it.
type Installed struct {
	Kind        Kind   `json:"kind"`
	Name        string `json:"name"` // identity, see Object.Name
	Resource    string `json:"resource,omitempty"`
	Title       string `json:"title"`
	Table       string `json:"table,omitempty"`
	Shape       string `json:"shape,omitempty"`
	AsOwner     bool   `json:"as_owner,omitempty"`
	Hash        string `json:"hash"`             // Object.Hash when it was applied
	Fingerprint string `json:"fingerprint"`      // of the catalog right after it was applied; "" where the kind has none
	Actual      string `json:"actual"`           // of the catalog now; "" when it is gone
	Grants      int    `json:"grants,omitempty"` // of a resource or service: how many that no model seeded would go with it
	Undo        string `json:"undo"`             // SQL that puts back what was there before
}
