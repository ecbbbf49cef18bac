package compile

import (
	"fmt"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// graph compiles the people graph: views that give the model's tables one shape, and the functions over them.
// CTEs of edge kinds carry the prefix sees_ and no others do, so that no edge kind collides with a name of ours.
func (g *compiler) graph() {
	g.userRow()
	g.edge()
	g.groupViews()
	g.findFunctions()
	g.seenBy()
}

// col is a qualified column of the row that a view reads.
func col(name string) string { return "t." + policies.Ident(name) }

func boolean(e policies.Expression, otherwise string) string {
	if e.IsZero() {
		return otherwise
	}
	return "(" + judged(e) + ") IS TRUE"
}

// judged is a condition as views and guards hold it. rls.clock is STABLE where clock_timestamp is not: views with a
// volatile column are not joined by an index.
func judged(e policies.Expression) string {
	return strings.ReplaceAll(e.Compiled, "pg_catalog.clock_timestamp()", "rls.clock()")
}

func (g *compiler) userRow() {
	u := g.model.Users
	key := g.userKey.own(col(u.Key.Value))
	login, subject := key, "NULL"
	if !u.Login.IsZero() {
		login = col(u.Login.Value)
	}
	if !u.Subject.IsZero() {
		subject = col(u.Subject.Value)
	}
	g.view("user_row", "The users of the model in one shape. Read by functions of rls_owner alone.", "security_invoker = true", g.userKey.sql,
		fmt.Sprintf("SELECT %s AS id,\n       %s::text AS login,\n       %s::text AS subject,\n       %s AS is_active,\n       %s AS is_superuser,\n       %s AS is_staff\nFROM %s AS t",
			key, login, subject, boolean(u.Active, "true"), boolean(u.Superuser, "false"), boolean(u.Staff, "false"), u.Table), false)
}

// edge is the union of all edge kinds: who sees whom directly.
func (g *compiler) edge() {
	u := g.model.Users
	var parts []string
	for _, e := range u.Sees {
		kind := policies.Literal(e.Kind.Value) + "::text"
		if e.Table.IsZero() {
			parts = append(parts, fmt.Sprintf("SELECT %s AS kind, %s AS viewer, %s AS seen\nFROM %s AS t\nWHERE %s IS NOT NULL",
				kind, g.userKey.as(col(e.Column.Value), g.typeOf(u.Table, e.Column.Value, u.Kernel)),
				g.userKey.own(col(u.Key.Value)), u.Table, col(e.Column.Value)))
			continue
		}
		// The join keeps pairs that name nobody out of the graph.
		parts = append(parts, fmt.Sprintf("SELECT %s AS kind, %s AS viewer, u.id AS seen\nFROM %s AS t\nJOIN rls.user_row AS u ON u.id = %s\nWHERE %s IS NOT NULL",
			kind, g.userKey.as(col(e.Viewer.Value), g.typeOf(e.Table, e.Viewer.Value, false)), e.Table, g.userKey.held(col(e.Seen.Value)), col(e.Viewer.Value)))
	}
	if len(parts) == 0 {
		parts = append(parts, fmt.Sprintf("SELECT NULL::text AS kind, NULL::%s AS viewer, NULL::%s AS seen\nWHERE false", g.userKey.sql, g.userKey.sql))
	}
	g.view("edge", "Who sees whom directly, by edge kind. Read by functions of rls_owner alone.", "security_invoker = true", g.userKey.sql,
		strings.Join(parts, "\nUNION ALL\n"), false)
}

func (g *compiler) typeOf(t policies.TableName, name string, kernel bool) policies.Column {
	c, err := g.column(t, name, kernel)
	if err != nil {
		return policies.Column{} // check has seen the column; a cast is harmless
	}
	return c
}

func (g *compiler) groupViews() {
	if !g.hasGroups() {
		return
	}
	s := g.model.Groups
	kernel := s.Kind == policies.GroupsKernel
	name, creator := "NULL::text", "NULL::"+g.userKey.sql
	if !s.Name.IsZero() {
		name = col(s.Name.Value) + "::text"
	}
	if !s.Creator.IsZero() {
		creator = g.userKey.as(col(s.Creator.Value), g.typeOf(s.Table, s.Creator.Value, kernel))
	}
	g.view("group_row", "The groups of the model in one shape. Read by functions of rls_owner alone.", "security_invoker = true", g.groupKey.sql+" "+g.userKey.sql,
		fmt.Sprintf("SELECT %s AS id,\n       %s AS name,\n       %s AS creator,\n       %s AS shares_members,\n       %s AS shares_creator\nFROM %s AS t",
			g.groupKey.own(col(s.Key.Value)), name, creator,
			boolean(s.ShareMembersVisibility, "false"), boolean(s.ShareCreatorVisibility, "false"), s.Table), false)
	m := s.Members
	var window string
	if !m.From.IsZero() {
		window += fmt.Sprintf("\n  AND (%s IS NULL OR %s <= rls.clock())", col(m.From.Value), col(m.From.Value))
	}
	if !m.Until.IsZero() {
		window += fmt.Sprintf("\n  AND (%s IS NULL OR %s > rls.clock())", col(m.Until.Value), col(m.Until.Value))
	}
	g.view("membership", "Who is a member of which group now. Read by functions of rls_owner alone.", "security_invoker = true", g.groupKey.sql+" "+g.userKey.sql,
		fmt.Sprintf("SELECT %s AS group_id, %s AS user_id\nFROM %s AS t\nWHERE %s IS NOT NULL%s",
			g.groupKey.as(col(m.Group.Value), g.typeOf(m.Table, m.Group.Value, kernel)),
			g.userKey.as(col(m.User.Value), g.typeOf(m.Table, m.User.Value, kernel)), m.Table, col(m.User.Value), window), false)
}

func (g *compiler) findFunctions() {
	g.function(function{
		name:    "user_state",
		comment: "What decides about a user: no row where there is none. Called by definer functions alone.",
		args:    "key text", argTypes: "text", returns: "TABLE (is_active boolean, is_superuser boolean)", rows: 1,
		body: fmt.Sprintf("BEGIN\n    RETURN QUERY\n        SELECT u.is_active, u.is_superuser FROM rls.user_row AS u WHERE u.id = %s($1);\nEND", g.userKey.from),
	}, "")
	u, s := g.model.Users, g.model.Groups
	login := g.isText("u.login", "$2", u.Table, u.Login, u.Kernel)
	if u.Login.IsZero() {
		login = fmt.Sprintf("u.id = %s($2)", g.userKey.from)
	}
	g.function(function{
		name:    "find_user",
		comment: "Key of the user with that key, login or subject; NULL where there is none. Called by definer functions alone.",
		args:    "kind text, value text", argTypes: "text, text", returns: "text", definer: true,
		body: fmt.Sprintf("BEGIN\n    RETURN CASE $1\n        WHEN 'key' THEN (SELECT u.id::text FROM rls.user_row AS u WHERE u.id = %s($2))\n"+
			"        WHEN 'login' THEN (SELECT u.id::text FROM rls.user_row AS u WHERE %s)\n"+
			"        WHEN 'subject' THEN (SELECT u.id::text FROM rls.user_row AS u WHERE u.subject = $2)\n    END;\nEND", g.userKey.from, login),
	}, "")
	find, groups := "BEGIN\n    RETURN NULL;\nEND", "BEGIN\n    RETURN '{}';\nEND"
	if g.hasGroups() {
		find = fmt.Sprintf("BEGIN\n    RETURN (SELECT g.id::text FROM rls.group_row AS g WHERE %s);\nEND",
			g.isText("g.name", "$1", s.Table, s.Name, s.Kind == policies.GroupsKernel))
		if s.Name.IsZero() {
			find = fmt.Sprintf("BEGIN\n    RETURN (SELECT g.id::text FROM rls.group_row AS g WHERE g.id = %s($1));\nEND", g.groupKey.from)
		}
		groups = fmt.Sprintf("BEGIN\n    RETURN ARRAY(\n        SELECT g.id::text FROM rls.membership AS m\n        JOIN rls.group_row AS g ON g.id = m.group_id\n        WHERE m.user_id = %s($1)\n        GROUP BY g.id\n        ORDER BY g.id);\nEND", g.userKey.from)
	}
	g.function(function{
		name:    "find_group",
		comment: "Key of the group of that name; NULL where there is none. Called by definer functions alone.",
		args:    "name text", argTypes: "text", returns: "text", definer: true, body: find,
	}, "")
	g.function(function{
		name:    "user_groups",
		comment: "Keys of the groups that a user is a member of now. Called by definer functions alone.",
		args:    "key text", argTypes: "text", returns: "text[]", body: groups,
	}, "")
}

// isText compares what a view has of a column with a text, as the type of the column does.
func (g *compiler) isText(expr, text string, t policies.TableName, column policies.Text, kernel bool) string {
	if isCitext(g.typeOf(t, column.Value, kernel).Type) {
		return fmt.Sprintf("rls.to_citext(%s) = rls.to_citext(%s)", expr, text)
	}
	return expr + " = " + text
}

// closure is one transitive relation: a single edge kind, or several that the model merges.
type closure struct {
	name  string   // of the CTE
	label string   // what rls.visible_users calls it
	kinds []string // edge kinds in it
}

// match is the condition on the kind of an edge e that makes it one of the closure.
func (c closure) match() string {
	if len(c.kinds) == 1 {
		return "e.kind = " + policies.Literal(c.kinds[0])
	}
	quoted := make([]string, len(c.kinds))
	for i, k := range c.kinds {
		quoted[i] = policies.Literal(k)
	}
	return "e.kind IN (" + strings.Join(quoted, ", ") + ")"
}

// next is the edges e that go on from the row w of a recursion: LATERAL and OFFSET, so that each step looks its few edges
// up. As a plain join the planner, who expects thousands, reads all edges at each step.
func (c closure) next(want, have string) string {
	return fmt.Sprintf("CROSS JOIN LATERAL (\n                SELECT e.%s FROM rls.edge AS e WHERE e.%s = w.id AND %s OFFSET 0) AS e", want, have, c.match())
}

// cte is the closure from the one row of myself on.
func (c closure) cte() string {
	return fmt.Sprintf("%[1]s(id) AS (\n            SELECT s.id FROM myself AS s\n            UNION\n"+
		"            SELECT e.seen FROM %[1]s AS w %[2]s\n        )", c.name, c.next("seen", "viewer"))
}

// closures returns the relations in the order of the model, merged ones in the place of their first kind.
func (g *compiler) closures() []closure {
	merged := map[string]int{}
	for i, m := range g.model.Users.Merged {
		for _, k := range m.Kinds {
			merged[k.Value] = i + 1
		}
	}
	var out []closure
	done := map[int]bool{}
	for _, e := range g.model.Users.Sees {
		i := merged[e.Kind.Value]
		if i == 0 {
			out = append(out, closure{"sees_" + e.Kind.Value, e.Kind.Value, []string{e.Kind.Value}})
			continue
		}
		if done[i] {
			continue
		}
		done[i] = true
		c := closure{name: fmt.Sprintf("merged_%d", i)}
		for _, k := range g.model.Users.Merged[i-1].Kinds {
			c.kinds = append(c.kinds, k.Value)
		}
		c.label = strings.Join(c.kinds, "+")
		out = append(out, c)
	}
	return out
}

// seenBy compiles the visible set: the union of one closure per relation and of what groups share.
func (g *compiler) seenBy() {
	ctes := []string{"myself(id) AS (\n            SELECT u.id FROM rls.user_row AS u WHERE u.id = $1\n        )"}
	rows := []string{"SELECT s.id, 'self'::text FROM myself AS s"}
	seeds := []string{"SELECT s.id FROM myself AS s"}
	for _, c := range g.closures() {
		ctes = append(ctes, c.cte())
		rows = append(rows, fmt.Sprintf("SELECT s.id, %s::text FROM %s AS s WHERE s.id <> $1", policies.Literal(c.label), c.name))
		seeds = append(seeds, fmt.Sprintf("SELECT s.id FROM %s AS s", c.name))
	}
	if g.hasGroups() {
		if !g.model.Groups.GroupsOfDescendants.Value {
			seeds = seeds[:1]
		}
		ctes = append(ctes, fmt.Sprintf("shared_groups(id, shares_members, creator) AS (\n            SELECT g.id, g.shares_members, CASE WHEN g.shares_creator THEN g.creator END\n            FROM rls.group_row AS g\n            WHERE g.id IN (SELECT m.group_id FROM rls.membership AS m WHERE m.user_id IN (%s))\n        )", strings.Join(seeds, " UNION ")))
		rows = append(rows,
			"SELECT u.id, 'member'::text FROM shared_groups AS g\n        JOIN rls.membership AS m ON m.group_id = g.id\n        JOIN rls.user_row AS u ON u.id = m.user_id\n        WHERE g.shares_members AND u.id <> $1",
			"SELECT u.id, 'creator_of_group'::text FROM shared_groups AS g\n        JOIN rls.user_row AS u ON u.id = g.creator\n        WHERE u.id <> $1")
	}
	k := g.userKey.sql
	g.function(function{
		name: "seen_by",
		comment: "Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.\n" +
			"Nobody for a user who does not exist. Called by definer functions alone.",
		args: "viewer " + k, argTypes: k,
		returns: "TABLE (id " + k + ", through text)", rows: 1000,
		body: "#variable_conflict use_column\nBEGIN\n    RETURN QUERY\n        WITH RECURSIVE " + strings.Join(ctes, ",\n        ") + "\n        " + strings.Join(rows, "\n        UNION ALL\n        ") + ";\nEND",
	}, "")
	g.function(function{
		name:    "visible_edges",
		comment: "The principal's visible users and what reaches each, a row per user and relation.",
		args:    "", argTypes: "", returns: "TABLE (user_id " + k + ", login text, through text)", definer: true, rows: 1000, client: true,
		body: fmt.Sprintf("DECLARE\n    who rls.subject := rls.subject();\nBEGIN\n    IF who.kind = 'user' THEN\n        RETURN QUERY\n            SELECT DISTINCT s.id, u.login, s.through\n            FROM rls.seen_by(%s(who.key)) AS s\n            JOIN rls.user_row AS u ON u.id = s.id;\n    END IF;\nEND", g.userKey.from),
	}, "")
	g.view("visible_users", "The principal's visible users, with the relations that reach each.", "security_invoker = true, security_barrier = true", k,
		"SELECT e.user_id, e.login, array_agg(e.through ORDER BY e.through) AS through\nFROM rls.visible_edges() AS e\nGROUP BY e.user_id, e.login", true)
}
