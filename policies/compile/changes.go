package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// The stored sets stay right by what the tables of the hierarchy report: each statement that adds or takes away edges
// says for whom it matters. Statement triggers with transition tables, so that a bulk load costs one look.

// Limits of what is told in detail; beyond them sets are computed anew.
const (
	maxEdges    = 1000 // edges that one statement changes
	maxTouched  = 64   // users below them
	maxAffected = 5000 // viewers above them
)

// pairTable is a table of pairs with the edge kinds that read it.
type pairTable struct {
	table policies.TableName
	edges []policies.Edge
}

// changes compiles the triggers on the tables that the hierarchy is read from.
func (g *compiler) changes() {
	u := g.model.Users
	if len(u.Sees) == 0 || !g.keepsSets() {
		return
	}
	g.recordChanges()
	var columns []policies.Edge
	var pairs []pairTable
	for _, e := range u.Sees {
		if e.Table.IsZero() {
			columns = append(columns, e)
			continue
		}
		i := slices.IndexFunc(pairs, func(p pairTable) bool { return p.table.String() == e.Table.String() })
		if i < 0 {
			pairs = append(pairs, pairTable{table: e.Table})
			i = len(pairs) - 1
		}
		pairs[i].edges = append(pairs[i].edges, e)
	}
	g.usersChanged(columns, pairs)
	for i, p := range pairs {
		g.pairsChanged(i+1, p)
	}
}

// keepsSets reports whether sets can be stored: every table that the hierarchy is read from tells of each of its changes.
// Partitions and children of a table are written without its triggers.
func (g *compiler) keepsSets() bool {
	u := g.model.Users
	return g.tells(u.Table) && !slices.ContainsFunc(u.Sees, func(e policies.Edge) bool { return !e.Table.IsZero() && !g.tells(e.Table) })
}

// tells reports whether the triggers on a table see each change of its rows.
func (g *compiler) tells(n policies.TableName) bool {
	t := g.catalog.Table(n.Schema, n.Name)
	if t == nil { // the kernel's own, offline
		return n.Schema == "rls"
	}
	return t.Kind == "r" && len(t.Parents) == 0 && !t.Heirs
}

// union is the rows of all queries over the rows that a name stands for; each has %[1]s in its place.
func union(queries []string, rows string) string {
	return fmt.Sprintf(strings.Join(queries, "\n            UNION ALL "), rows)
}

// report is the body of a trigger function: which edges a statement has added and taken away. inserted, deleted and
// updated are what else each of the three does: statements before, and rows besides.
func report(edges []string, inserted, deleted, updated besides) string {
	both := func(rows string) string { return "(" + union(edges, rows) + ")" }
	return fmt.Sprintf(`    CASE TG_OP
    WHEN 'INSERT' THEN%s
        SELECT %s INTO changes FROM (
            %s%s) AS e WHERE e.viewer IS NOT NULL AND e.seen IS NOT NULL;
    WHEN 'DELETE' THEN%s
        SELECT %s INTO changes FROM (
            %s%s) AS e WHERE e.viewer IS NOT NULL AND e.seen IS NOT NULL;
    WHEN 'UPDATE' THEN%s
        SELECT array_agg(ROW(e.kind, e.viewer, e.seen, e.gone)::rls.edge_change) INTO changes FROM (
            (SELECT o.*, true AS gone FROM (%[10]s EXCEPT ALL %[11]s) AS o)
            UNION ALL (SELECT n.*, false FROM (%[11]s EXCEPT ALL %[10]s) AS n)%[12]s) AS e WHERE e.viewer IS NOT NULL AND e.seen IS NOT NULL;
    END CASE;`,
		inserted.before, edgeRow("false"), both("new_rows"), inserted.rows,
		deleted.before, edgeRow("true"), both("old_rows"), deleted.rows,
		updated.before, both("old_rows"), both("new_rows"), updated.rows)
}

type besides struct{ before, rows string }

func edgeRow(gone string) string {
	return fmt.Sprintf("array_agg(ROW(e.kind, e.viewer, e.seen, %s)::rls.edge_change)", gone)
}

// usersChanged reports the edges in columns of the users table, and those of pairs that name a user who comes or goes.
func (g *compiler) usersChanged(columns []policies.Edge, pairs []pairTable) {
	u := g.model.Users
	key := g.userKey.own(col(u.Key.Value))
	var parts []string
	for _, e := range columns {
		parts = append(parts, fmt.Sprintf("SELECT %s::text AS kind, (%s)::text AS viewer, (%s)::text AS seen FROM %%[1]s AS t WHERE %s IS NOT NULL",
			policies.Literal(e.Kind.Value), g.userKey.as(col(e.Column.Value), g.typeOf(u.Table, e.Column.Value, u.Kernel)), key, col(e.Column.Value)))
	}
	if len(parts) == 0 {
		parts = []string{"SELECT NULL::text AS kind, NULL::text AS viewer, NULL::text AS seen FROM %[1]s AS t WHERE false"}
	}
	var named []string
	for _, p := range pairs {
		for _, e := range p.edges {
			seen := g.userKey.as("p."+policies.Ident(e.Seen.Value), g.typeOf(e.Table, e.Seen.Value, false))
			named = append(named, fmt.Sprintf("SELECT %s::text AS kind, (%s)::text AS viewer, (%s)::text AS seen FROM %%[1]s AS t JOIN %s AS p ON %s = %s",
				policies.Literal(e.Kind.Value), g.userKey.as("p."+policies.Ident(e.Viewer.Value), g.typeOf(e.Table, e.Viewer.Value, false)), seen, e.Table, seen, key))
		}
	}
	lock := func(rows string) string {
		return fmt.Sprintf("\n        IF EXISTS (SELECT FROM %s AS n) THEN\n            PERFORM rls.lock_graph();\n        END IF;", rows)
	}
	inserted, deleted, updated := besides{before: lock("new_rows")}, besides{before: lock("old_rows")}, besides{}
	if len(named) > 0 {
		inserted.rows = "\n            UNION ALL " + union(named, "new_rows")
		deleted.rows = "\n            UNION ALL " + union(named, "old_rows")
		// A key that changes: its pairs name somebody else now.
		key := policies.Ident(u.Key.Value)
		only := func(rows, others string) string {
			return fmt.Sprintf("(SELECT t.* FROM %s AS t WHERE NOT EXISTS (SELECT FROM %s AS o WHERE o.%s = t.%s))", rows, others, key, key)
		}
		come, left := only("new_rows", "old_rows"), only("old_rows", "new_rows")
		updated.before = lock(come)
		updated.rows = fmt.Sprintf("\n            UNION ALL SELECT n.kind, n.viewer, n.seen, false FROM (%s) AS n\n            UNION ALL SELECT n.kind, n.viewer, n.seen, true FROM (%s) AS n",
			union(named, come), union(named, left))
	}
	g.changeTrigger("users_changed", "Reports the edges that a change of users adds and takes away.", u.Table, "rls_graph",
		report(parts, inserted, deleted, updated))
}

// pairsChanged reports the edges in a table of pairs. Whether the users exist is asked when the change is recorded: in a
// cascade the user may be gone already.
func (g *compiler) pairsChanged(n int, p pairTable) {
	var parts []string
	for _, e := range p.edges {
		parts = append(parts, fmt.Sprintf("SELECT %s::text AS kind, (%s)::text AS viewer, (%s)::text AS seen FROM %%[1]s AS t WHERE %s IS NOT NULL AND %s IS NOT NULL",
			policies.Literal(e.Kind.Value), g.userKey.as(col(e.Viewer.Value), g.typeOf(e.Table, e.Viewer.Value, false)),
			g.userKey.as(col(e.Seen.Value), g.typeOf(e.Table, e.Seen.Value, false)), col(e.Viewer.Value), col(e.Seen.Value)))
	}
	g.changeTrigger(fmt.Sprintf("pairs_changed_%d", n), "Reports the edges that a change of "+p.table.String()+" adds and takes away.", p.table, "rls_graph_pairs",
		report(parts, besides{}, besides{}, besides{}))
}

// changeTrigger compiles a trigger function and its triggers on one table.
func (g *compiler) changeTrigger(name, comment string, t policies.TableName, trigger, body string) {
	g.function(function{
		name: name, comment: comment, returns: "trigger", volatile: "VOLATILE", parallel: "UNSAFE", definer: true,
		body: fmt.Sprintf("DECLARE\n    changes rls.edge_change[];\nBEGIN\n%s\n    IF changes IS NOT NULL THEN\n        PERFORM rls.record_changes(changes);\n    END IF;\n    RETURN NULL;\nEND", body),
	}, "")
	for _, e := range []struct{ suffix, when, refer, call, enable string }{
		{"insert", "AFTER INSERT", "\n    REFERENCING NEW TABLE AS new_rows", name, "ALWAYS"},
		{"update", "AFTER UPDATE", "\n    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows", name, "ALWAYS"},
		{"delete", "AFTER DELETE", "\n    REFERENCING OLD TABLE AS old_rows", name, "ALWAYS"},
		{"truncate", "AFTER TRUNCATE", "", "graph_rewritten", "ALWAYS"},
		{"replica", "AFTER INSERT OR UPDATE OR DELETE", "", "graph_rewritten", "REPLICA"},
	} {
		full := trigger + "_" + e.suffix
		each := "STATEMENT"
		if e.enable == "REPLICA" {
			each = "ROW"
		}
		g.teller(t, teller{full, e.when, e.refer, each, e.call, e.enable, "rls.forget_sets()"})
	}
}

// teller is a trigger that tells of the changes of a table. lost is called when it is made: what happened before, without
// it, nobody has told.
type teller struct{ name, when, refer, each, call, enable, lost string }

func (g *compiler) teller(t policies.TableName, x teller) {
	table := t.String()
	g.add(policies.Object{
		Kind: policies.KindTrigger, Name: policies.Identity(t.Schema, t.Name, x.name), Table: table, AsOwner: t.Schema == "rls",
		Title: fmt.Sprintf("trigger %s on %s", x.name, table),
		Create: fmt.Sprintf("CREATE TRIGGER %s\n    %s ON %s%s\n    FOR EACH %s EXECUTE FUNCTION rls.%s();\nALTER TABLE %s ENABLE %s TRIGGER %s;\nSELECT %s;",
			x.name, x.when, table, x.refer, x.each, x.call, table, x.enable, x.name, x.lost),
		Drop: fmt.Sprintf("DROP TRIGGER IF EXISTS %s ON %s;", x.name, table),
	})
}

// distinct sorts names and drops what stands twice.
func distinct(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// recordChanges compiles what a change of edges means for whom. The paths that were there before are walked along the
// edges of now and those that this transaction took away: at most too many, and what a viewer sees afterwards is asked of
// the edges of now alone.
func (g *compiler) recordChanges() {
	k, from := g.userKey.sql, g.userKey.from
	var steps, reach []string
	for i, c := range g.closures() {
		kinds := "c.kind = ANY (" + textArray(c.kinds) + ")"
		both := func(have, want string) string {
			return fmt.Sprintf("(SELECT e.%[1]s FROM rls.edge AS e WHERE e.%[2]s = w.id AND %[3]s\n"+
				"                    UNION ALL SELECT %[4]s(c.%[1]s) FROM rls.edge_gone AS c WHERE c.%[2]s = w.id::text AND %[5]s)", want, have, c.match(), from, kinds)
		}
		steps = append(steps, fmt.Sprintf(`    -- %[1]s
    mine := ARRAY(SELECT c::rls.edge_change FROM unnest(changes) AS c WHERE %[2]s);
    IF cardinality(mine) = 1 AND alone AND NOT EXISTS (SELECT FROM rls.edge AS e WHERE e.viewer = %[3]s(mine[1].seen) AND %[9]s)
        AND EXISTS (SELECT FROM rls.user_row AS u WHERE u.id = %[3]s(mine[1].seen)) THEN
        -- Somebody new with nobody below, as when people join: whoever is above sees them.
        INSERT INTO rls.graph_change (viewer, seen, visible, cluster)
        WITH RECURSIVE above(id) AS (
            SELECT %[3]s(mine[1].viewer)
            UNION
            SELECT e.viewer FROM above AS w %[8]s
        )
        SELECT a.id::text, mine[1].seen, true, l.cluster FROM above AS a CROSS JOIN rls.graph_lock AS l WHERE a.id IS NOT NULL;
    ELSIF cardinality(mine) > 0 THEN
        WITH RECURSIVE above(id) AS (
            SELECT %[3]s(c.viewer) FROM unnest(mine) AS c
            UNION
            SELECT e.viewer FROM above AS w CROSS JOIN LATERAL %[4]s AS e
        )
        SELECT array_agg(DISTINCT a.id) INTO viewers FROM (SELECT a.id FROM above AS a WHERE a.id IS NOT NULL LIMIT %[5]d) AS a;
        WITH RECURSIVE below(id) AS (
            SELECT %[3]s(c.seen) FROM unnest(mine) AS c
            UNION
            SELECT e.seen FROM below AS w CROSS JOIN LATERAL %[6]s AS e
        )
        SELECT array_agg(b.id) INTO touched FROM (SELECT b.id FROM below AS b WHERE b.id IS NOT NULL LIMIT %[7]d) AS b;
        PERFORM rls.record_change(coalesce(viewers, '{}'), touched);
    END IF;`, c.label, kinds, from, both("seen", "viewer"), maxAffected+1, both("viewer", "seen"), maxTouched+1, c.next("viewer", "seen"), c.match()))
		reach = append(reach, fmt.Sprintf("up_%[1]d(seen, id) AS (\n            SELECT t.id, t.id FROM touched AS t\n            UNION\n"+
			"            SELECT w.seen, e.viewer FROM up_%[1]d AS w %[2]s\n        )", i+1, c.next("viewer", "seen")))
	}
	var found []string
	for i := range reach {
		found = append(found, fmt.Sprintf("SELECT w.seen, w.id FROM up_%d AS w", i+1))
	}
	g.function(function{
		name: "record_change",
		comment: "Tells viewers what has become of users whom they may have seen or may see now; beyond some size, that they must look anew.\n" +
			"Called by definer functions alone.",
		args: fmt.Sprintf("viewers %[1]s[], seen %[1]s[]", k), argTypes: fmt.Sprintf("%[1]s[], %[1]s[]", k), returns: "void", volatile: "VOLATILE", parallel: "UNSAFE",
		body: fmt.Sprintf(`BEGIN
    IF cardinality($1) > %[1]d THEN
        PERFORM rls.forget_sets();
    ELSIF cardinality($2) > %[2]d OR cardinality($1) * cardinality($2) > %[1]d THEN
        INSERT INTO rls.graph_change (viewer, cluster) SELECT v.id::text, l.cluster FROM unnest($1) AS v(id) CROSS JOIN rls.graph_lock AS l;
    ELSE
        INSERT INTO rls.graph_change (viewer, seen, visible, cluster)
        WITH RECURSIVE touched AS (
            SELECT u.id FROM rls.user_row AS u WHERE u.id = ANY ($2)
        ), %[3]s, reached AS (
            %[4]s
        )
        SELECT v.id::text, s.id::text, EXISTS (SELECT FROM reached AS r WHERE r.seen = s.id AND r.id = v.id), l.cluster
        FROM unnest($1) AS v(id) CROSS JOIN unnest($2) AS s(id) CROSS JOIN rls.graph_lock AS l
        WHERE v.id <> s.id; -- everybody sees themself
    END IF;
END`, maxAffected, maxTouched, strings.Join(reach, ", "), strings.Join(found, "\n            UNION ALL ")),
	}, "")
	g.function(function{
		name: "record_changes",
		comment: "Works out for whom a change of edges matters, one relation after the other.\n" +
			"Called by trigger functions alone.",
		args: "changes rls.edge_change[]", argTypes: "rls.edge_change[]", returns: "void", volatile: "VOLATILE", parallel: "UNSAFE",
		body: fmt.Sprintf(`DECLARE
    mine rls.edge_change[];
    alone boolean := NOT EXISTS (SELECT FROM unnest(changes) AS c WHERE c.gone);
    viewers %[1]s[];
    touched %[1]s[];
BEGIN
    PERFORM rls.lock_graph();
    PERFORM rls.raise_watermark('graph');
    IF alone THEN
        alone := NOT EXISTS (SELECT FROM rls.edge_gone);
    ELSE
        INSERT INTO rls.edge_gone (kind, viewer, seen) SELECT c.kind, c.viewer, c.seen FROM unnest(changes) AS c WHERE c.gone;
    END IF;
    IF cardinality(changes) > %[2]d THEN
        PERFORM rls.forget_sets();
        RETURN;
    END IF;
%[3]s
    IF random() < 0.02 THEN
        PERFORM rls.prune_changes();
    END IF;
END`, k, maxEdges, strings.Join(steps, "\n")),
	}, "")
}
