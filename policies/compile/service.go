package compile

import (
	"fmt"
	"slices"

	"github.com/rlsctl/rlsctl/policies"
)

// services makes the services of the model known by name, and what each is allowed: an object per action, so that a plan
// says which one comes or goes. What was granted to a service by hand goes with it: nobody who takes the name later is
// meant by it.
func (g *compiler) services() {
	for _, s := range g.model.Services {
		name := policies.Literal(s.Name.Value)
		gateways := "NULL"
		if s.Gateways != nil {
			var logins []string
			for _, gw := range s.Gateways {
				logins = append(logins, gw.Value)
			}
			gateways = textArray(logins)
		}
		insert := fmt.Sprintf("INSERT INTO rls.service (name, gateways) VALUES (%s, %s)\n"+
			"ON CONFLICT (name) DO UPDATE SET gateways = EXCLUDED.gateways;", name, gateways)
		g.add(policies.Object{
			Kind: policies.KindRegistry, Name: policies.Identity("service", s.Name.Value), Title: "service " + s.Name.Value,
			Create: insert, Replace: insert, AsOwner: true,
			Drop: fmt.Sprintf("DELETE FROM rls.\"grant\" WHERE grantee = %s;\nDELETE FROM rls.service WHERE name = %s;",
				policies.Literal("service:"+s.Name.Value), name),
		})
		for _, a := range s.Allow {
			for _, action := range g.allowed(a) {
				insert := fmt.Sprintf("INSERT INTO rls.service_allow (service, resource, action) VALUES (%s, %s, %s)\nON CONFLICT DO NOTHING;",
					name, policies.Literal(a.Resource.Value), policies.Literal(action))
				g.add(policies.Object{
					Kind: policies.KindRegistry, Name: policies.Identity("allow", s.Name.Value, a.Resource.Value, action),
					Title:    fmt.Sprintf("%s on %s for service %s", action, a.Resource.Value, s.Name.Value),
					Resource: a.Resource.Value, Create: insert, Replace: insert, AsOwner: true,
					Drop: fmt.Sprintf("DELETE FROM rls.service_allow WHERE service = %s AND resource = %s AND action = %s;",
						name, policies.Literal(a.Resource.Value), policies.Literal(action)),
				})
			}
		}
	}
}

// updatedByService reports whether the model allows a service to update the rows of a resource: it sees no owner that it
// could hand one to, and a policy cannot compare a row with the one before.
func (g *compiler) updatedByService(r resource) bool {
	return len(r.Owners) > 0 && slices.ContainsFunc(g.model.Services, func(s policies.Service) bool {
		return slices.ContainsFunc(s.Allow, func(a policies.Allowance) bool {
			return a.Resource.Value == r.name() && slices.Contains(g.allowed(a), policies.ActionUpdate)
		})
	})
}
