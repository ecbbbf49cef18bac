package compile

import (
	"fmt"
	"slices"

	"github.com/rlsctl/rlsctl/policies"
)

// schemaRules registers which schemas are closed and which tables are open, so that tables which appear later are found
// without the model.
func (g *compiler) schemaRules() {
	rules, open := map[string]bool{}, map[string][]string{}
	for _, s := range g.model.Database.Schemas {
		rules[s.Schema.Value] = s.Closed
	}
	for _, t := range g.model.Open {
		rules[t.Schema] = rules[t.Schema] // a schema may be named here alone
		open[t.Schema] = append(open[t.Schema], t.Name)
	}
	var names []string
	for name := range rules {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		slices.Sort(open[name])
		insert := fmt.Sprintf("INSERT INTO rls.schema_rule (name, closed, open) VALUES (%s, %t, %s)\n"+
			"ON CONFLICT (name) DO UPDATE SET closed = EXCLUDED.closed, open = EXCLUDED.open;", policies.Literal(name), rules[name], textArray(open[name]))
		what := "open"
		if rules[name] {
			what = "closed"
		}
		g.add(policies.Object{
			Kind: policies.KindRegistry, Name: policies.Identity("schema", name), Title: what + " schema " + policies.Ident(name),
			Create: insert, Replace: insert, AsOwner: true,
			Drop: fmt.Sprintf("DELETE FROM rls.schema_rule WHERE name = %s;", policies.Literal(name)),
		})
	}
}
