package compile

import (
	"fmt"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// refuseCascades compiles the trigger of a resource with "cascades: refuse". PostgreSQL runs what a foreign key cascades as
// the table's owner and without policies, so the trigger asks what they would have asked: whether whoever has caused it may
// delete or change that row. Before the row, because an AFTER trigger of a cascade runs when the cascade is over, and nothing
// tells it from others then.
func (g *compiler) refuseCascades(r resource) {
	if r.Cascades.Value != policies.CascadesRefuse {
		return
	}
	name := "cascade_" + r.name()
	// The conditions stand in parentheses: IF would end at the first THEN in them.
	over := func(action, row string, scope policies.Scope) string {
		return orLines(append(g.owners(memberForm, false, r, action, scope, row), passesOwners(r, action, false)), "            ")
	}
	changed := fmt.Sprintf("(%s)\n            AND (%s)", over(policies.ActionUpdate, "OLD.", r.WriteScope), over(policies.ActionUpdate, "NEW.", g.afterUpdate(r)))
	if len(r.Owners) > 0 {
		changed += fmt.Sprintf("\n            AND (rls.passes_owners(NULL, %s, false) OR (%s) IS NOT TRUE)",
			policies.Literal(r.name()), strings.Join(g.outOfReach(r), "\n            OR "))
	}
	g.function(function{
		name: name,
		comment: fmt.Sprintf("Refuses that a foreign key deletes or changes rows of %s that whoever causes it may not delete or update.\n"+
			"Statements on the table itself are the policies' affair: nothing but a cascade is judged here.", r.name()),
		returns: "trigger", parallel: "UNSAFE", definer: true,
		body: fmt.Sprintf(`DECLARE
    who rls.subject;
    stack text;
BEGIN
    GET DIAGNOSTICS stack = PG_CONTEXT;
    IF NOT rls.is_cascade(stack) THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    who := rls.guard_subject();
    IF who.superuser THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF who.kind IS NOT NULL THEN
        IF TG_OP = 'DELETE' THEN
            IF (%s) THEN
                RETURN OLD;
            END IF;
        ELSIF (%s) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'a foreign key would %% a row of resource "%%" out of reach', lower(TG_OP), %s
        USING ERRCODE = '42501', HINT = 'Have the rows that refer to it deleted or changed first, by somebody who may.',
            SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
END`, over(policies.ActionDelete, "OLD.", r.WriteScope), changed, policies.Literal(r.name())),
	}, r.name())
	g.cascadeTrigger(r, name)
	for _, p := range r.parts {
		if !p.Partition { // partitions have the triggers of their root, those of tomorrow too
			g.cascadeTrigger(r.part(p), name)
		}
	}
}

// cascadeTrigger compiles one trigger. It sorts last, as far as names can: it has to see the row that comes of the others.
func (g *compiler) cascadeTrigger(r resource, function string) {
	const name = "~rls_cascade"
	table := tableSQL(r.table.Schema, r.table.Name)
	g.add(policies.Object{
		Kind: policies.KindTrigger, Name: policies.Identity(r.table.Schema, r.table.Name, name),
		Title: fmt.Sprintf("trigger %s on %s", name, table), Resource: r.name(), Table: table, AsOwner: r.table.Schema == "rls",
		Create: fmt.Sprintf("CREATE TRIGGER %s\n    BEFORE UPDATE OR DELETE ON %s\n    FOR EACH ROW WHEN (pg_trigger_depth() > 0)\n    EXECUTE FUNCTION rls.%s();",
			policies.Ident(name), table, policies.Ident(function)),
		Drop: fmt.Sprintf("DROP TRIGGER IF EXISTS %s ON %s;", policies.Ident(name), table),
	})
}
