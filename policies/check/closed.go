package check

import (
	"fmt"
	"slices"

	"github.com/rlsctl/rlsctl/policies"
)

// closedSchemas reports tables of closed schemas that nobody has decided about.
func (k *checker) closedSchemas() {
	for _, s := range k.model.Database.Schemas {
		if slices.Contains(systemSchemas, s.Schema.Value) {
			continue // reported
		}
		found := false
		for i := range k.catalog.Tables {
			t := &k.catalog.Tables[i]
			if t.Schema != s.Schema.Value {
				continue
			}
			found = true
			if s.Closed && (t.Kind == "r" || t.Kind == "p") && !k.decided(t) {
				k.fail(s.Schema.Pos, CodeOpenTable, fmt.Sprintf("table %q of closed schema %q is neither a resource nor open", tableName(t), t.Schema),
					fmt.Sprintf("add a resource for it, or add %q to \"open\"", tableName(t)))
			}
		}
		if !found {
			var all []string
			for _, t := range k.catalog.Tables {
				all = append(all, t.Schema)
			}
			k.warn(s.Schema.Pos, CodeUnknownTable, fmt.Sprintf("schema %q does not exist or has no tables", s.Schema.Value),
				suggest(s.Schema.Value, all, "remove it from \"schemas\", or correct its name"))
		}
	}
}

// decided reports whether the model says something about a table, or about the table that it is a partition of.
func (k *checker) decided(t *policies.Table) bool {
	for range len(k.catalog.Tables) {
		n := tableName(t)
		for _, o := range k.model.Open {
			if same(o, n) {
				return true
			}
		}
		for _, r := range k.model.Resources {
			if same(r.Table, n) {
				return true
			}
		}
		parent := t.Parent
		if !t.Partition || parent == "" {
			return false
		}
		t = nil
		for i := range k.catalog.Tables {
			if c := &k.catalog.Tables[i]; c.Schema+"."+c.Name == parent {
				t = c
			}
		}
		if t == nil {
			return false
		}
	}
	return false
}
