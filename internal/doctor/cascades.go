package doctor

import (
	"context"
	"slices"

	"github.com/rlsctl/rlsctl/policies"
)

// CodeCascade is a foreign key that deletes or changes protected rows, whoever causes it.
const CodeCascade policies.Code = "RL648"

// cascades finds the foreign keys that reach rows of resources which do not refuse them. That the trigger which refuses is
// there, and fires, is found among what apply has made.
func (e *examination) cascades(context.Context) error {
	has := func(kind policies.Kind, identity string) bool {
		return slices.ContainsFunc(e.catalog.Installed, func(i policies.Installed) bool { return i.Kind == kind && i.Name == identity })
	}
	for i := range e.catalog.Tables {
		t := &e.catalog.Tables[i]
		if len(t.Parents) > 0 || !has(policies.KindRowSecurity, policies.Identity(t.Schema, t.Name)) || has(policies.KindTrigger, policies.Identity(t.Schema, t.Name, "~rls_cascade")) {
			continue
		}
		for _, f := range e.catalog.Cascades(t) {
			e.find(CodeCascade, policies.Note, `Write "cascades: refuse" into the resource in rls.yaml, or let the foreign key do NO ACTION, unless its rows may go with the others.`, "%s", f)
		}
	}
	return nil
}
