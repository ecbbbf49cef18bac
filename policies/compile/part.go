package compile

import (
	"slices"

	"github.com/rlsctl/rlsctl/policies"
)

// Whoever names a partition or child itself meets its own policies alone, and whoever names the table above meets that
// one's alone. So each has the same predicates, and filtering on. Few read a partition by itself: one form of each policy
// serves, because every backend reads all policies of each table that it touches.

// part is r with one of its parts in the place of its table.
func (r resource) part(t *policies.Table) resource {
	r.table, r.parts = t, nil
	return r
}

// addParts finds the parts of r. A foreign table cannot be filtered; check has seen to it that no client reads it.
func (r *resource) addParts(c *policies.Catalog) {
	tree := []*policies.Table{r.table}
	for _, p := range c.Parts(r.table) {
		if p.Kind == "r" || p.Kind == "p" {
			tree = append(tree, p)
		}
	}
	if len(tree) == 1 {
		return
	}
	// A child may hold NULL where its parent does not, and the parent's policies meet its rows.
	nullable := map[string]bool{}
	for _, t := range tree {
		for _, col := range t.Columns {
			nullable[col.Name] = nullable[col.Name] || !col.NotNull
		}
	}
	for i, t := range tree {
		cp := *t
		cp.Columns = slices.Clone(t.Columns)
		for j := range cp.Columns {
			cp.Columns[j].NotNull = !nullable[cp.Columns[j].Name]
		}
		tree[i] = &cp
	}
	r.table, r.parts = tree[0], tree[1:]
}

// moves reports whether an update can take a row of r from one partition to another: no AFTER UPDATE trigger sees that.
func (r resource) moves() bool { return r.table.Kind == "p" }
