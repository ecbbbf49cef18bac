package compile

import (
	"fmt"

	"github.com/rlsctl/rlsctl/policies"
)

// sessionAttributes tells the verifier of tokens which attributes they may carry.
func (g *compiler) sessionAttributes() {
	for _, a := range g.model.SessionAttributes {
		name := policies.Literal(a.Name.Value)
		insert := fmt.Sprintf("INSERT INTO rls.session_attribute (name, type) VALUES (%s, %s)\n"+
			"ON CONFLICT (name) DO UPDATE SET type = EXCLUDED.type;", name, policies.Literal(a.Type.Value))
		g.add(policies.Object{
			Kind: policies.KindRegistry, Name: policies.Identity("attribute", a.Name.Value), Title: "session attribute " + a.Name.Value,
			Create: insert, Replace: insert, AsOwner: true,
			Drop: fmt.Sprintf("DELETE FROM rls.session_attribute WHERE name = %s;", name),
		})
	}
}
