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
		if !slices.ContainsFunc(k.catalog.Tables, func(t policies.Table) bool { return t.Schema == s.Schema.Value }) {
			var all []string
			for _, t := range k.catalog.Tables {
				all = append(all, t.Schema)
			}
			k.warn(s.Schema.Pos, CodeUnknownTable, fmt.Sprintf("schema %q does not exist or has no tables", s.Schema.Value),
				suggest(s.Schema.Value, all, "remove it from \"schemas\", or correct its name"))
			continue
		}
		if !s.Closed {
			continue
		}
		protected := func(n policies.Ref) bool {
			return slices.ContainsFunc(k.model.Resources, func(r policies.Resource) bool { return r.Table.Schema == n.Schema && r.Table.Name == n.Name })
		}
		open := func(n policies.Ref) bool {
			return slices.ContainsFunc(k.model.Open, func(o policies.TableName) bool { return o.Schema == n.Schema && o.Name == n.Name })
		}
		for _, t := range k.catalog.Undecided(s.Schema.Value, protected, open) {
			what, hint := "table", fmt.Sprintf("add a resource for it, or add %q to \"open\"", tableName(t))
			switch t.Kind { // no resource can be either
			case "m":
				what, hint = "materialized view", fmt.Sprintf("take its privileges from clients and add %q to \"open\", or drop it", tableName(t))
			case "f":
				what, hint = "foreign table", fmt.Sprintf("take its privileges from clients and add %q to \"open\", or drop it", tableName(t))
			}
			k.fail(s.Schema.Pos, CodeOpenTable, fmt.Sprintf("%s %q of closed schema %q is neither a resource nor open", what, tableName(t), t.Schema), hint)
		}
	}
}
