package check

import (
	"fmt"
	"slices"

	"github.com/rlsctl/rlsctl/policies"
)

// grants checks that seeds name what the model has.
func (k *checker) grants() {
	var names []string
	for _, r := range k.model.Resources {
		names = append(names, r.Name.Value)
	}
	for _, g := range k.model.Grants {
		if g.To.Kind == policies.GranteeGroup && k.model.Groups.Kind == policies.GroupsNone {
			k.fail(g.To.Pos, CodeNoGroups, fmt.Sprintf("grantee %q is a group, but the model has no groups", "group:"+g.To.Name), "add \"groups\", or grant to a user")
		}
		for _, a := range g.Allow {
			i := slices.Index(names, a.Resource.Value)
			if i < 0 {
				k.fail(a.Resource.Pos, CodeUnknownResource, fmt.Sprintf("resource %q is not in the model", a.Resource.Value),
					suggest(a.Resource.Value, names, fmt.Sprintf("add %q to \"resources\", or remove the grant", a.Resource.Value)))
				continue
			}
			known := slices.Clone(policies.StandardActions)
			for _, x := range k.model.Resources[i].Actions {
				known = append(known, x.Value)
			}
			for _, x := range a.Actions {
				if !slices.Contains(known, x.Value) {
					k.fail(x.Pos, CodeUnknownAction, fmt.Sprintf("action %q is not declared by resource %q", x.Value, a.Resource.Value),
						suggest(x.Value, known, fmt.Sprintf("add %q to \"actions\" of %q", x.Value, a.Resource.Value)))
				}
			}
		}
	}
}
