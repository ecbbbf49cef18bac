package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// decision compiles the two questions that policies ask of the graph. Both answer for the principal alone, and both
// are empty for superusers, who have a branch of their own.
func (g *compiler) decision() {
	k := g.userKey.sql
	g.function(function{
		name: "admitted_owners",
		comment: "Keys of the users whose rows the principal may act on: who is visible within the scope, if a grant of the action is held.\n" +
			"Every action but create asks for a grant of read as well.",
		args: "action text, resource text, scope text", argTypes: "text, text, text", returns: k + "[]", definer: true, client: true,
		body: fmt.Sprintf(`DECLARE
    who rls.subject := rls.subject();
    me %[1]s;
BEGIN
    IF who.kind IS DISTINCT FROM 'user' OR who.superuser OR NOT rls.has_grant(who.grantees, $1, $2) THEN
        RETURN '{}';
    END IF;
    me := %[2]s(who.key);
    CASE $3
    WHEN 'self' THEN
        RETURN ARRAY[me];
    WHEN 'hierarchy', 'visible' THEN
        RETURN ARRAY(SELECT DISTINCT s.id FROM rls.seen_by(me, $3 = 'hierarchy') AS s);
    END CASE;
END`, k, g.userKey.from),
	}, "")
	if !g.hasGroups() {
		return
	}
	g.function(function{
		name:    "admitted_groups",
		comment: "Keys of the principal's groups whose rows the principal may act on, if a grant of the action is held.",
		args:    "action text, resource text", argTypes: "text, text", returns: g.groupKey.sql + "[]", definer: true, client: true,
		body: fmt.Sprintf(`DECLARE
    who rls.subject := rls.subject();
BEGIN
    IF who.kind IS DISTINCT FROM 'user' OR who.superuser OR NOT rls.has_grant(who.grantees, $1, $2) THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(SELECT %s(g.key) FROM unnest(rls.user_groups(who.key)) AS g(key));
END`, g.groupKey.from),
	}, "")
}

// registry makes the resource known by name.
func (g *compiler) registry(r resource) {
	var keys []string
	for _, k := range r.keys {
		keys = append(keys, k.name)
	}
	columns := []string{"name", "table_schema", "table_name", "title", "key_columns", "actions", "owned", "owned_by_user", "write_scope", "owner_check", "hidden"}
	var set []string
	for _, c := range columns[1:] {
		set = append(set, c+" = EXCLUDED."+c)
	}
	byUser := slices.ContainsFunc(r.Owners, func(o policies.Owner) bool { return !o.Group })
	insert := fmt.Sprintf("INSERT INTO rls.resource (%s)\nVALUES (%s, %s, %s, %s, %s, %s, %t, %t, %s, %s, %t)\n"+
		"ON CONFLICT (name) DO UPDATE SET\n    %s;",
		strings.Join(columns, ", "), policies.Literal(r.name()), policies.Literal(r.table.Schema), policies.Literal(r.table.Name),
		policies.Literal(r.Title.Value), textArray(keys), textArray(r.actions()), len(r.Owners) > 0, byUser,
		policies.Literal(string(r.WriteScope)), policies.Literal(string(r.OwnerCheck)), r.Hidden.Value, strings.Join(set, ",\n    "))
	g.add(policies.Object{
		Kind: policies.KindRegistry, Name: policies.Identity("resource", r.name()), Title: "resource " + r.name(), Resource: r.name(),
		Create: insert, Replace: insert, AsOwner: true,
		Drop: fmt.Sprintf("DELETE FROM rls.resource WHERE name = %s;", policies.Literal(r.name())),
	})
}

func textArray(items []string) string {
	s := "ARRAY["
	for i, it := range items {
		if i > 0 {
			s += ", "
		}
		s += policies.Literal(it)
	}
	return s + "]::text[]"
}
