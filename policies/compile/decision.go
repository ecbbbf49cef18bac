package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// decision compiles the questions that policies ask of the graph. They answer for the principal alone, and are empty for
// superusers and services, who have a branch of their own. Where a policy has no room for that branch (alone), a superuser
// gets an error that a new transaction mends, and a service one: entering puts both where there is one. The same the other way
// round, where that branch is alone.
func (g *compiler) decision() {
	g.passesOwners()
	g.graphViewer()
	s := setsOf(g.userKey)
	g.admitted("owners", s.element+"[]", "'{}'", "ARRAY[viewer]::"+s.element+"[]", "ids", "as an array")
	if s.bits {
		g.admitted("bits", "varbit", "B''", "B''", "bits", "as bits: those of dense keys")
	}
	g.admittedBuckets()
	g.admitted("ranges", s.ranges, "'{}'", fmt.Sprintf("%s(%s)", s.ranges, s.one("viewer")), "ranges", "as ranges")
	if !g.hasGroups() {
		return
	}
	g.function(function{
		name: "admitted_groups",
		comment: "Keys of the principal's groups whose rows the principal may act on, if a grant of the action is held.\n" +
			"Raises for superusers where the policy has no branch for them (alone).",
		args: "action text, resource text, alone boolean", argTypes: "text, text, boolean", returns: g.groupKey.sql + "[]", definer: true, client: true,
		body: fmt.Sprintf(`DECLARE
    viewer %s := rls.graph_viewer($1, $2, $3);
BEGIN
    IF viewer IS NULL THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(SELECT g.id FROM rls.membership AS m JOIN rls.group_row AS g ON g.id = m.group_id WHERE m.user_id = viewer);
END`, g.userKey.sql),
	}, "")
}

// passesOwners compiles the question of the branch for those whom no owner has to let in.
func (g *compiler) passesOwners() {
	g.recalled(function{
		name: "passes_owners",
		comment: "Whether the principal passes owners and needs no grant for an action on a resource: an active superuser, and the resource\n" +
			"registered, or a service whom the model allows the action. With NULL for an action that no allowance gives. Raises for other\n" +
			"users where the policy has no branch for them (alone).",
		args: "action text, resource text, alone boolean", argTypes: "text, text, boolean", returns: "boolean", definer: true, client: true, generic: true,
		body: fmt.Sprintf(`DECLARE
    who rls.identity := rls.identify();
    key %s;
    active boolean;
    superuser boolean;
    known boolean;
BEGIN
    IF who.kind = 'service' THEN
        RETURN rls.service_may(who.key, $1, $2);
    END IF;
    IF who.kind IS DISTINCT FROM 'user' THEN
        RETURN false;
    END IF;
    key := %s(who.key);
    SELECT u.is_active, u.is_superuser, EXISTS (SELECT FROM rls.resource AS r WHERE r.name = $2)
    INTO active, superuser, known
    FROM rls.user_row AS u WHERE u.id = key;
    IF $3 AND active AND superuser IS NOT true THEN
        %s
    END IF;
    RETURN coalesce(active AND superuser AND known AND who.channel IS DISTINCT FROM 'impersonating', false);
END`, g.userKey.sql, g.userKey.from, ceaseOne),
	}, "", recall(fmt.Sprintf(`IF part[4] <> '*' THEN
    IF $3 IS NOT true THEN
        RETURN false;
    END IF;
ELSIF part[3] = '@' THEN
    PERFORM %s AND s.allowed ? $2;
    IF FOUND THEN
        RETURN true;
    END IF;
ELSIF strpos(part[3], ',' || $2 || ':') > 0 AND strpos($2, ',') = 0 THEN
    RETURN true;
END IF;`, inRow)))
}

// granted is true of a user u who holds, directly or through everybody's, a grant of an action now.
func granted(action, grantees string) string {
	return fmt.Sprintf(`EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = %s AND g.grantee = ANY (%s)
              AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp()))`, action, grantees)
}

// readsToo asks for a grant of read, where the action needs one.
const readsToo = "\n    IF granted AND $1 NOT IN ('create', 'read') THEN\n        granted := "

const becomeOne = `RAISE EXCEPTION 'the principal has become a superuser in this transaction'
                USING ERRCODE = '40001', HINT = 'Run the transaction again: it will see every row.';`

const ceaseOne = `RAISE EXCEPTION 'the principal is no superuser, and is in a database role whose policies are for superusers and services'
            USING ERRCODE = '40001', HINT = 'Run the transaction again, or enter once more: that takes the role that fits. A login of its own needs another plan.';`

const stayOne = `RAISE EXCEPTION 'a service is in a database role whose policies have no branch for services'
                USING ERRCODE = 'RL016', HINT = 'Stay in the database role that entering has taken.';`

// state is what decides about the principal, in one query: it is asked several times in a statement. set are more
// columns, of the stored set s.
func (g *compiler) state(into, set, join string) string {
	return fmt.Sprintf(`    IF who.kind IS DISTINCT FROM 'user' THEN
        IF $%%[2]d AND who.kind = 'service' AND rls.service_may(who.key, $1, $2) THEN
            %s
        END IF;
        RETURN %%[1]s;
    END IF;
    key := %%[3]s(who.key);
    grantees := ARRAY['everyone', 'authenticated', 'user:' || who.key];
    SELECT u.id, u.is_active, u.is_superuser, %s%s
    INTO viewer, active, superuser, granted%s
    FROM rls.user_row AS u%s
    WHERE u.id = key;
    IF active IS NOT true OR (superuser AND who.channel = 'impersonating') THEN
        RETURN %%[1]s;
    END IF;
    IF superuser THEN
        IF $%%[2]d THEN
            %s
        END IF;
        RETURN %%[1]s;
    END IF;%s%s%s;
    END IF;
    IF NOT granted THEN
        RETURN %%[1]s;
    END IF;`, stayOne, granted("$1", "grantees"), set, into, join, becomeOne, g.throughGroups(), readsToo, granted("'read'", "grantees"))
}

// throughGroups looks for a grant to a group of the user's, where there is none to the user.
func (g *compiler) throughGroups() string {
	if !g.hasGroups() {
		return ""
	}
	return fmt.Sprintf(`
    IF NOT granted OR $1 NOT IN ('create', 'read') THEN
        grantees := grantees || ARRAY(
            %sviewer);
        granted := %s;
    END IF;`, groupGrantees, granted("$1", "grantees"))
}

// groupGrantees selects the groups of a user as grants name them; the key of the user follows.
const groupGrantees = "SELECT 'group:' || g.id FROM rls.membership AS m JOIN rls.group_row AS g ON g.id = m.group_id WHERE m.user_id = "

const stateVariables = `
    who rls.identity := rls.identify();
    key %[1]s;
    grantees text[];
    viewer %[1]s;
    active boolean;
    superuser boolean;
    granted boolean;`

// graphViewer compiles who asks, and whether the graph can admit anything to them.
func (g *compiler) graphViewer() {
	g.function(function{
		name: "graph_viewer",
		comment: "Key of the user whom the graph may admit to rows of a resource: active, no superuser, with a grant of the action, and for every\n" +
			"action but create one of read as well. NULL for everybody else; with alone an error for superusers. Called by definer functions alone.",
		args: "action text, resource text, alone boolean", argTypes: "text, text, boolean", returns: g.userKey.sql,
		body: "DECLARE" + fmt.Sprintf(stateVariables, g.userKey.sql) + "\nBEGIN\n" + fmt.Sprintf(g.state("", "", ""), "NULL", 3, g.userKey.from) + "\n    RETURN viewer;\nEND",
	}, "")
}

// The arguments of the questions whom a policy may admit rows of: see arguments.
const askedArgs, askedTypes = "action text, resource text, scope text, alone boolean", "text, text, text, boolean"

// admitted compiles whom a policy may admit rows of, in one representation. The stored set is read in the same query as
// what decides about the principal; where it does not tell all, rls.visible_* looks further.
func (g *compiler) admitted(name, typ, none, self, set, as string) {
	column := set + "_" + setsOf(g.userKey).suffix
	flat := " || " + none
	switch set {
	case "bits":
		column = "bits"
	case "ranges":
		flat = "" // the policy fetches them: each variable that they pass through would be a copy
	}
	// NULL: nothing is stored.
	columns := fmt.Sprintf(`,
        s.%s%s,
        EXISTS (
            SELECT FROM rls.graph_change AS c
            WHERE %s)`, column, flat, uncovered("s.viewer", "              "))
	if g.hasShares() {
		columns += "\n        OR ($3 = 'visible'" + g.inSomeGroup("u.id") + ")"
	}
	columns += "\n        OR s.viewer IS NULL"
	join := fmt.Sprintf("\n    LEFT JOIN rls.visible_set AS s ON s.viewer = u.id::text AND s.model = %s AND s.computed_on = s.restored_on AND $3 <> 'self'",
		policies.Literal(g.stamp))
	asked := function{
		name: "admitted_" + name,
		comment: "Users whose rows the principal may act on, " + as + ": who is visible within the scope, if a grant of the action is held.\n" +
			"Every action but create asks for a grant of read as well. Raises for superusers where the policy has no branch for them (alone).",
		args: askedArgs, argTypes: askedTypes, returns: typ, definer: true, client: true, generic: true,
		body: "DECLARE" + fmt.Sprintf(stateVariables, g.userKey.sql) + fmt.Sprintf("\n    stored %s;\n    more boolean;\nBEGIN\n", typ) +
			fmt.Sprintf(g.state(", stored, more", columns, join), none, 4, g.userKey.from) + fmt.Sprintf(`
    CASE $3
    WHEN 'self' THEN
        RETURN %[1]s;
    WHEN 'hierarchy', 'visible' THEN
        IF more THEN
            RETURN rls.visible_%[2]s(viewer, $3 = 'hierarchy');
        END IF;
        RETURN coalesce(stored, %[3]s);
    ELSE
        RETURN %[3]s; -- no such scope
    END CASE;
END`, self, set, none),
	}
	said := ""
	if set == "ids" {
		said = "part[4]::" + typ
	}
	g.recalled(asked, fmt.Sprintf("\n    stored %s;\n    viewer %s;", typ, g.userKey.sql), g.recallSet("s."+column+flat, none, self, said))
}

// admittedBuckets compiles the question for buckets. The memo alone answers it.
func (g *compiler) admittedBuckets() {
	if !g.hasBuckets() {
		return
	}
	asked := function{
		name: "admitted_buckets",
		comment: "Users whose rows the principal may act on, as rls.in_buckets reads them. NULL where nothing is known of them, or they are few:\n" +
			"then rls.admitted_ranges tells.",
		args: askedArgs, argTypes: askedTypes, returns: "bytea", definer: true, client: true,
	}
	asked.body = recalling("\n    stored bytea;", recall(fmt.Sprintf(`IF $3 IN ('hierarchy', 'visible') AND %s THEN
    SELECT s.buckets INTO stored
    %s;
END IF;`, maySaid, inRowOfMay)), "stored")
	g.function(asked, "")
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
