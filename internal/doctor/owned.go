package doctor

import (
	"context"
	"fmt"

	"github.com/rlsctl/rlsctl/policies"
)

// CodePlanOwned is an object that an application created after entering.
const CodePlanOwned policies.Code = "RL660"

// planOwned finds what belongs to plan roles: one form's principals can alter it, others not even read it, and it outlives
// the model that made the role.
func (e *examination) planOwned(ctx context.Context) error {
	if len(e.catalog.PlanOwned) == 0 {
		return nil
	}
	to := "the owner of your tables"
	owners, err := rows[struct{ Name string }](ctx, e, "SELECT d.name FROM rls.database_role AS d WHERE d.kind = 'maintenance' ORDER BY d.position LIMIT 1")
	for _, o := range owners {
		to = policies.Ident(o.Name)
	}
	for _, o := range e.catalog.PlanOwned {
		e.find(CodePlanOwned, policies.Warning, fmt.Sprintf("Run %s OWNER TO %s, and grant %s what it needs of it.", o.Alter, to, policies.Ident(o.ClientRole)),
			"%s belongs to plan role %s: it was created after entering, and others cannot use it", o.Title, policies.Ident(o.Role))
	}
	return err
}
