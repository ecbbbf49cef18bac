package doctor

import (
	"context"
	"fmt"

	"github.com/rlsctl/rlsctl/policies"
)

// Codes of findings about services.
const (
	CodeServiceRefused policies.Code = "RL652" // a gateway is registered with a service that its tokens cannot claim
	CodeServiceIdle    policies.Code = "RL653" // a service that no gateway may claim
)

// services holds what gateways are registered with against what the model says.
func (e *examination) services(ctx context.Context) error {
	refused, err := rows[struct {
		Gateway, Service string
		Known            bool
	}](ctx, e, `SELECT g.login, n.service, s.name IS NOT NULL
		FROM rls.gateway AS g CROSS JOIN LATERAL unnest(g.services) AS n(service) LEFT JOIN rls.service AS s ON s.name = n.service
		WHERE n.service IS NOT NULL AND NOT rls.may_claim(n.service, g.login, g.services) ORDER BY 1, 2`)
	if err != nil {
		return err
	}
	for _, r := range refused {
		if r.Known {
			e.find(CodeServiceRefused, policies.Warning, fmt.Sprintf("Add it to \"gateways\" of the service and apply, or add gateway %s anew without --service %s.", r.Gateway, r.Service),
				"the model does not list gateway %q under service %q, and refuses its tokens", r.Gateway, r.Service)
			continue
		}
		e.find(CodeServiceRefused, policies.Warning, fmt.Sprintf("Add %q to \"services\" of the model and apply.", r.Service),
			"gateway %q is registered with service %q, which the model does not name", r.Gateway, r.Service)
	}
	idle, err := rows[struct{ Name string }](ctx, e, `SELECT s.name FROM rls.service AS s
		WHERE NOT EXISTS (SELECT FROM rls.gateway AS g WHERE rls.may_claim(s.name, g.login, g.services)) ORDER BY 1`)
	for _, s := range idle {
		e.find(CodeServiceIdle, policies.Warning, fmt.Sprintf("Run rlsctl gateway add NAME --service %s, or list a gateway that is registered under \"gateways\".", s.Name),
			"no gateway may claim service %q", s.Name)
	}
	return err
}
