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

// decided reports whether the model says something about a table, or about one that its rows belong to: all parts of a
// resource are protected with it, and the partitions of an open table are open.
func (k *checker) decided(t *policies.Table) bool {
	parts := true // partitions all the way
	for range len(k.catalog.Tables) {
		n := tableName(t)
		if parts && slices.ContainsFunc(k.model.Open, func(o policies.TableName) bool { return same(o, n) }) ||
			slices.ContainsFunc(k.model.Resources, func(r policies.Resource) bool { return same(r.Table, n) }) {
			return true
		}
		if len(t.Parents) == 0 {
			return false
		}
		parts = parts && t.Partition
		if t = k.catalog.Table(t.Parents[0].Schema, t.Parents[0].Name); t == nil {
			return false
		}
	}
	return false
}
