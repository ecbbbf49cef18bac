package check

import (
	"fmt"
	"slices"

	"github.com/rlsctl/rlsctl/policies"
)

// grants checks that seeds name what the model has.
func (k *checker) grants() {
	var services []string
	for _, s := range k.model.Services {
		services = append(services, s.Name.Value)
	}
	for _, g := range k.model.Grants {
		if g.To.Kind == policies.GranteeGroup && k.model.Groups.Kind == policies.GroupsNone {
			k.fail(g.To.Pos, CodeNoGroups, fmt.Sprintf("grantee %q is a group, but the model has no groups", "group:"+g.To.Name), "add \"groups\", or grant to a user")
		}
		k.allow(g.Allow, "the grant")
		if g.To.Kind != policies.GranteeService {
			continue
		}
		if !slices.Contains(services, g.To.Name) {
			k.fail(g.To.Pos, CodeUnknownService, fmt.Sprintf("service %q is not in the model", g.To.Name),
				suggest(g.To.Name, services, fmt.Sprintf("add %q to \"services\", or remove the grant", g.To.Name)))
			continue
		}
		k.sightless(g)
	}
}

// allow checks that resources and actions are those of the model.
func (k *checker) allow(list []policies.Allowance, what string) {
	var names []string
	for _, r := range k.model.Resources {
		names = append(names, r.Name.Value)
	}
	for _, a := range list {
		i := slices.Index(names, a.Resource.Value)
		if i < 0 {
			k.fail(a.Resource.Pos, CodeUnknownResource, fmt.Sprintf("resource %q is not in the model", a.Resource.Value),
				suggest(a.Resource.Value, names, fmt.Sprintf("add %q to \"resources\", or remove %s", a.Resource.Value, what)))
			continue
		}
		known := declared(k.model.Resources[i])
		for _, x := range a.Actions {
			if !slices.Contains(known, x.Value) {
				k.fail(x.Pos, CodeUnknownAction, fmt.Sprintf("action %q is not declared by resource %q", x.Value, a.Resource.Value),
					suggest(x.Value, known, fmt.Sprintf("add %q to \"actions\" of %q", x.Value, a.Resource.Value)))
			}
		}
	}
}

// declared returns the actions of a resource.
func declared(r policies.Resource) []string {
	known := slices.Clone(policies.StandardActions)
	for _, x := range r.Actions {
		known = append(known, x.Value)
	}
	return known
}

// sightless warns of grants to services that admit no row: a service sees nobody, and so no owner.
func (k *checker) sightless(g policies.Grant) {
	for _, a := range g.Allow {
		i := slices.IndexFunc(k.model.Resources, func(r policies.Resource) bool { return r.Name.Value == a.Resource.Value })
		if i < 0 {
			continue // reported
		}
		more := a.All || slices.ContainsFunc(a.Actions, func(x policies.Text) bool { return x.Value != policies.ActionCreate })
		if !more && k.model.Resources[i].OwnerCheck == policies.ScopeAny {
			continue // whoever holds it may create a row of anybody's
		}
		k.warn(a.Resource.Pos, CodeSightless, fmt.Sprintf("a grant on %q admits no row to service %q, which sees no owner", a.Resource.Value, g.To.Name),
			fmt.Sprintf("write \"allow: {%s: ...}\" under the service, and remove the grant", a.Resource.Value))
	}
}
