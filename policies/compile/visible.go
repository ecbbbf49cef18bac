package compile

import (
	"fmt"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// sets says how the visible set of a key type is stored and asked. Integer keys share one set of columns: PostgreSQL
// compares a smallint with a bigint through the index of either.
type sets struct {
	element string // type of the elements of the array
	suffix  string // of the columns of rls.visible_set
	ranges  string // type of the multirange
	single  string // constructor of a range
	bits    bool   // dense keys are kept as bits too
}

func setsOf(k keyType) sets {
	switch k.sql {
	case "uuid":
		return sets{element: "uuid", suffix: "uuid", ranges: "rls.uuid_multirange", single: "rls.uuid_range"}
	case "text":
		return sets{element: "text", suffix: "text", ranges: "rls.text_multirange", single: "rls.text_range"}
	}
	return sets{element: "bigint", suffix: "int", ranges: "int8multirange", single: "int8range", bits: true}
}

// one is a range that holds one key. That of the highest integer ends nowhere: there is nothing to end before.
func (s sets) one(key string) string {
	if s.bits {
		return fmt.Sprintf("CASE %[1]s WHEN 9223372036854775807 THEN int8range(%[1]s, NULL) ELSE int8range(%[1]s, %[1]s, '[]') END", key)
	}
	return fmt.Sprintf("%[1]s(%[2]s, %[2]s, '[]')", s.single, key)
}

// hasBuckets reports whether sets are kept in buckets too: of keys that have no bits, for the form that looks into them, and where
// there are memos, which alone know of them.
func (g *compiler) hasBuckets() bool {
	return !setsOf(g.userKey).bits && g.model.Database.Plans != policies.PlansOne && g.remembers()
}

// bytes is what the buckets hold of a key: no multiple of three long, and as long as that of any other.
func (s sets) bytes(key string) string {
	if s.element == "uuid" {
		return fmt.Sprintf("uuid_send(%s)", key)
	}
	// As the database has it: not every text of every encoding has a translation.
	return fmt.Sprintf("sha256(convert_to(%s, getdatabaseencoding()))", key)
}

// highestBit is the last key that has a bit: bit n, counted from 1, is that of key n, and n is an integer.
const highestBit = 2147483646

// Where plans change: a viewer of at most narrowest users reads through the index of the owner; one of more than a
// share of all users, or of more than widest, reads in the order of the query and asks of each row.
const (
	narrowest = 200
	widest    = 5000
	share     = 0.03
)

// A set of more than many keys has buckets too, where each row is asked of it. They are looked into for as long as it takes to fetch
// the ranges: so many keys in a microsecond.
const (
	many      = 2000
	perMoment = 40
)

// visible compiles the set of users whom a user sees through the hierarchy: how it is computed, kept and read.
func (g *compiler) visible() {
	g.hierarchy()
	// Another graph, another stamp: what was stored under the old one is not read.
	var graph strings.Builder
	for _, o := range g.out {
		if o.Kind == policies.KindView || o.Name == policies.Identity("rls", "hierarchy") {
			graph.WriteString(o.Create)
		}
	}
	g.stamp = policies.Object{Create: graph.String()}.Hash()
	g.sharedWith()
	g.remember()
	g.prepare()
	if !g.keepsSets() {
		g.stamp = "" // no stored set bears it
	}
	g.readSet("ids")
	if setsOf(g.userKey).bits {
		g.readSet("bits")
	}
	g.readSet("ranges")
}

// hierarchy compiles the closures alone.
func (g *compiler) hierarchy() {
	ctes := []string{"myself(id) AS (\n            SELECT u.id FROM rls.user_row AS u WHERE u.id = $1\n        )"}
	rows := []string{"SELECT s.id FROM myself AS s"}
	for _, c := range g.closures() {
		ctes = append(ctes, c.cte())
		rows = append(rows, fmt.Sprintf("SELECT s.id FROM %s AS s", c.name))
	}
	g.function(function{
		name: "hierarchy",
		comment: "Whom a user sees through the hierarchy: the union of separate closures, one per relation.\n" +
			"Nobody for a user who does not exist. Called by definer functions alone.",
		args: "viewer " + g.userKey.sql, argTypes: g.userKey.sql, returns: "SETOF " + g.userKey.sql, rows: 1000,
		body: "BEGIN\n    RETURN QUERY\n        WITH RECURSIVE " + strings.Join(ctes, ",\n        ") + "\n        " +
			strings.Join(rows, "\n        UNION\n        ") + ";\nEND",
	}, "")
}

// sharedWith compiles whom groups show, which is asked of the groups at each statement.
func (g *compiler) sharedWith() {
	if !g.hasShares() {
		return
	}
	seeds := "SELECT $1"
	if g.model.Groups.GroupsOfDescendants.Value {
		seeds = "SELECT h.id FROM rls.hierarchy($1) AS h(id)"
	}
	g.function(function{
		name:    "shared_with",
		comment: "Whom groups show to a user: their members or their creators, as each group shares. Called by definer functions alone.",
		args:    "viewer " + g.userKey.sql, argTypes: g.userKey.sql, returns: "SETOF " + g.userKey.sql, rows: 100,
		body: fmt.Sprintf(`BEGIN
    RETURN QUERY
        WITH shared AS (
            SELECT DISTINCT g.id, g.shares_members, CASE WHEN g.shares_creator THEN g.creator END AS creator
            FROM rls.membership AS m
            JOIN rls.group_row AS g ON g.id = m.group_id AND (g.shares_members OR g.shares_creator)
            WHERE m.user_id IN (%s)
        )
        SELECT u.id FROM shared AS s
        JOIN rls.membership AS m ON m.group_id = s.id
        JOIN rls.user_row AS u ON u.id = m.user_id
        WHERE s.shares_members
        UNION
        SELECT u.id FROM shared AS s JOIN rls.user_row AS u ON u.id = s.creator;
END`, seeds),
	}, "")
}

// inSomeGroup is a condition that spares those the look at what groups share who are in no group that does. The group is
// asked in a sub-select: joined, the planner reads all groups for the few that it expects to share.
func (g *compiler) inSomeGroup(user string) string {
	if g.model.Groups.GroupsOfDescendants.Value {
		return "" // somebody below may be in one
	}
	return " AND EXISTS (SELECT FROM rls.membership AS m WHERE m.user_id = " + user + "\n" +
		"            AND (SELECT g.shares_members OR g.shares_creator FROM rls.group_row AS g WHERE g.id = m.group_id))"
}

// hasShares reports whether some group can show somebody.
func (g *compiler) hasShares() bool {
	never := func(e policies.Expression) bool { return e.IsZero() || e.Compiled == "false" }
	return g.hasGroups() && !(never(g.model.Groups.ShareMembersVisibility) && never(g.model.Groups.ShareCreatorVisibility))
}

// everybody is true of a change that is for all viewers. A user may have that key too, but no such row.
const everybody = "c.viewer = '*' AND c.seen IS NULL AND c.visible"

// uncovered is true of a change that a set does not know. A change of the transaction that wrote the set may be older
// or newer than it; applied once more it does no harm. Transaction numbers of another cluster say nothing: whoever meets
// a change of one computes.
func uncovered(viewer, indent string) string {
	return "c.viewer IN (" + viewer + ", '*') AND (c.viewer = " + viewer + " OR " + everybody + ")\n" +
		indent + "  AND (c.cluster <> s.computed_on\n" +
		indent + "  OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid))"
}

// prepare compiles what entering does for a user: it renews the set where that pays, and picks the form.
func (g *compiler) prepare() {
	s := setsOf(g.userKey)
	most := fmt.Sprintf("least(%d, t.users * %g)", widest, share) // whoever sees more has the form wide
	bits, ranges, extent := "NULL::varbit", fmt.Sprintf("(SELECT coalesce(range_agg(%s), '{}') FROM o)", s.one("o.id")), ""
	columns := []string{"model", "snapshot", "since", "xid", "computed_on", "size", "form", "ids_" + s.suffix, "bits", "ranges_" + s.suffix}
	if s.bits {
		// The keys that lie dense are kept as bits, which are no larger than the array of the same keys. Sub-selects, because
		// an aggregate is computed whatever CASE says.
		dense := fmt.Sprintf("t.size = 0 OR t.low >= 1 AND t.high <= least(%d, 64 * t.size + 65536)", highestBit)
		bits = fmt.Sprintf("CASE WHEN %s THEN (\n"+
			"                   SELECT string_agg(repeat('0', (b.id - b.before - 1)::integer) || '1', '' ORDER BY b.id)::varbit\n"+
			"                   FROM (SELECT o.id, lag(o.id, 1, 0::bigint) OVER (ORDER BY o.id) AS before FROM o) AS b) END", dense)
		ranges = fmt.Sprintf("CASE WHEN %s THEN '{}' ELSE %s END", dense, ranges)
		extent = ", min(o.id) AS low, max(o.id) AS high"
	} else if g.hasBuckets() {
		columns = append(columns, "buckets")
		ranges += fmt.Sprintf(",\n                   CASE WHEN t.size > greatest(%d, %s) THEN rls.buckets(ARRAY(SELECT %s FROM o)) END", many, most, s.bytes("o.id"))
	}
	stamp := policies.Literal(g.stamp)
	never := ""
	if !g.keepsSets() {
		never = "\n        -- Partitions and children of a table do not tell of their changes.\n        AND false"
	}
	m := g.memory(stamp)
	known := fmt.Sprintf(`u.id::text, u.is_superuser, s.form, CASE WHEN s.viewer IS NOT NULL THEN (
        SELECT CASE WHEN bool_or(c.seen IS NULL OR c.cluster <> s.computed_on) THEN 1000000 ELSE count(*) END FROM rls.graph_change AS c
        WHERE %s) END%s
    INTO key, superuser, form, missing%s
    FROM rls.user_row AS u%s
    LEFT JOIN rls.visible_set AS s ON s.viewer = u.id::text AND s.model = %s AND s.computed_on = s.restored_on`,
		uncovered("s.viewer", "        "), m.columns, m.into, m.from, m.model)
	g.function(function{
		name: "prepare",
		comment: "What entering does for a user: stores whom they see where that is not known, and returns the form of policies that fits.\n" +
			"Only reads in a transaction that may not write, and in one where a conflict would be an error. With what a memo says until\n" +
			"when, and where the watermark stands, if all that decides about the user is known. Called by definer functions alone.",
		args: "kind text, value text, OUT key text, OUT form text, OUT mark bigint, OUT brief text, OUT until timestamptz", argTypes: "text, text", returns: "record",
		volatile: "VOLATILE", parallel: "UNSAFE",
		body: fmt.Sprintf(`DECLARE
    superuser boolean;
    missing bigint;
    renew boolean;%[17]s
    claimed text := value;
BEGIN
    IF kind <> 'user' THEN
        claimed := (SELECT u.id::text FROM rls.user_row AS u WHERE u.subject = $2);
    END IF;%[18]s
    SELECT %[13]s
    WHERE u.id = %[1]s(claimed);%[14]s
    IF superuser IS NULL%[15]s THEN
        form := CASE WHEN superuser THEN 'all' ELSE 'narrow' END;
        RETURN;
    END IF;
    -- A small set is renewed at once, a large one when it pays.
    renew := (missing IS NULL OR missing > CASE WHEN form IN ('narrow', 'all') THEN 0 ELSE 8 END)%[12]s;
    IF (renew%[16]s)
        AND current_setting('transaction_read_only') = 'off' AND current_setting('transaction_isolation') = 'read committed'
        AND rls.claim_set(key, renew) THEN
        IF renew THEN
            -- Locks the tables before the snapshot is taken: one from before they were rewritten would find them empty.
            PERFORM FROM rls.edge LIMIT 0;
            -- Not an update: its generated columns would stay as they were.
            DELETE FROM rls.visible_set AS v WHERE v.viewer = prepare.key;%[19]s
            INSERT INTO rls.visible_set AS v (viewer, %[3]s)
            WITH o AS MATERIALIZED (
                SELECT h.id::%[11]s AS id FROM rls.hierarchy(%[1]s(prepare.key)) AS h(id)
            ), t AS (
                SELECT count(*) AS size%[10]s, greatest(count(*), (SELECT c.reltuples FROM pg_class AS c WHERE c.oid = %[9]s::regclass)) AS users FROM o
            )
            SELECT prepare.key, %[2]s, pg_current_snapshot(), pg_snapshot_xmin(pg_current_snapshot()), pg_current_xact_id(), rls.cluster(), t.size,
                   CASE WHEN t.size <= %[4]d THEN 'narrow' WHEN t.size > %[6]s THEN 'wide' ELSE 'middle' END,
                   (SELECT coalesce(array_agg(o.id ORDER BY o.id), '{}') FROM o),
                   %[7]s,
                   %[8]s
            FROM t
            RETURNING v.form INTO form;%[20]s
            DELETE FROM rls.graph_change AS d WHERE d.id IN (
                SELECT c.id FROM rls.graph_change AS c JOIN rls.visible_set AS s ON s.viewer = c.viewer
                WHERE c.viewer = prepare.key AND (%[22]s) IS NOT TRUE AND (c.xid < s.since OR c.cluster <> s.computed_on)
                FOR UPDATE OF c SKIP LOCKED);
            IF EXISTS (SELECT FROM rls.graph_change AS c WHERE %[22]s AND c.cluster <> rls.cluster()) THEN
                PERFORM rls.prune_changes();
            END IF;
        END IF;%[21]s
    END IF;
    IF superuser THEN
        form := 'all';
    ELSIF form IS NULL THEN -- nothing can be stored: each statement computes, and so may this
        SELECT CASE WHEN count(*) <= %[4]d THEN 'narrow' WHEN count(*) > %[5]d THEN 'wide' ELSE 'middle' END INTO form
        FROM rls.hierarchy(%[1]s(key));
    END IF;
END`, g.userKey.from, stamp, strings.Join(columns, ", "), narrowest, widest, most,
			bits, ranges, policies.Literal(g.model.Users.Table.String()), extent, s.element, never, known,
			m.asked, m.otherwise, m.worth, m.variables, m.first, m.superuser, m.end, m.write, everybody),
	}, "")
}

// readSet compiles a function that returns the visible set in one representation. It reads the stored set and what has
// changed since then; without a stored set it computes. What is stored out of line is read in one piece, joined with an
// empty value, or it would be fetched again for each row: ranges by who asks for them.
func (g *compiler) readSet(name string) {
	s := setsOf(g.userKey)
	one := fmt.Sprintf("range_agg(%s)", s.one("x.id"))
	f := function{args: "viewer " + g.userKey.sql + ", hierarchy_only boolean", argTypes: g.userKey.sql + ", boolean", name: "visible_" + name}
	var stored, declare, delta, live, shared string
	switch name {
	case "ids":
		f.comment, f.returns = "Whom a user sees, as an array.", s.element+"[]"
		stored = "s.ids_" + s.suffix + " || '{}'"
		delta = "result := ARRAY(SELECT i.id FROM unnest(result) AS i(id) WHERE i.id <> ALL (touched)) || gained;"
		live = "result := ARRAY(SELECT h.id FROM rls.hierarchy($1) AS h(id));"
		shared = fmt.Sprintf("result := result || ARRAY(SELECT x.id::%s FROM rls.shared_with($1) AS x(id));", s.element)
	case "bits":
		f.comment, f.returns = "Whom a user sees, as bits: keys up to the last one that was stored. All others are in rls.visible_ranges.", "varbit"
		stored, declare = "coalesce(s.bits, B'') || B''", "\n    one bigint;"
		delta = "FOREACH one IN ARRAY touched LOOP\n                IF one BETWEEN 1 AND length(result) THEN\n" +
			"                    result := set_bit(result, one::integer - 1, (one = ANY (gained))::integer);\n                END IF;\n            END LOOP;"
		live = "result := B'';"
		shared = "FOR one IN SELECT x.id FROM rls.shared_with($1) AS x(id) LOOP\n            IF one BETWEEN 1 AND length(result) THEN\n" +
			"                result := set_bit(result, one::integer - 1, 1);\n            END IF;\n        END LOOP;"
	case "ranges":
		f.comment, f.returns = "Whom a user sees, as ranges of one key each.", s.ranges
		stored = "s.ranges_" + s.suffix
		if s.bits {
			f.comment = "Whom a user sees and rls.visible_bits has no bit for, as ranges; more do no harm."
		}
		delta = fmt.Sprintf("result := result - coalesce((SELECT %[1]s FROM unnest(touched) AS x(id)), '{}')\n"+
			"                + coalesce((SELECT %[1]s FROM unnest(gained) AS x(id)), '{}');", one)
		live = fmt.Sprintf("result := coalesce((SELECT %s FROM (SELECT h.id::%s FROM rls.hierarchy($1) AS h(id)) AS x), '{}');", one, s.element)
		shared = fmt.Sprintf("result := result + coalesce((SELECT %s FROM (SELECT h.id::%s FROM rls.shared_with($1) AS h(id)) AS x), '{}');", one, s.element)
	}
	f.comment += " Called by definer functions alone."
	if g.hasShares() {
		shared = "\n    IF NOT $2" + g.inSomeGroup("$1") + " THEN\n        " + shared + "\n    END IF;"
	} else {
		shared = ""
	}
	f.body = fmt.Sprintf(`DECLARE
    result %[1]s;
    changed boolean;
    touched %[2]s[];
    gained %[2]s[];%[3]s
BEGIN
    SELECT %[4]s, EXISTS (
        SELECT FROM rls.graph_change AS c
        WHERE %[5]s
    ) INTO result, changed
    FROM rls.visible_set AS s
    WHERE s.viewer = $1::text AND s.model = %[6]s AND s.computed_on = s.restored_on;
    IF changed THEN
        SELECT array_agg(c.seen::%[2]s), coalesce(array_agg(c.seen::%[2]s) FILTER (WHERE c.visible), '{}'), bool_or(c.seen IS NULL)
        INTO touched, gained, changed
        FROM rls.visible_set AS s
        CROSS JOIN LATERAL (
            SELECT DISTINCT ON (1) CASE c.cluster WHEN s.computed_on THEN c.seen END AS seen, c.visible FROM rls.graph_change AS c
            WHERE %[5]s
            ORDER BY 1, c.id DESC
        ) AS c
        WHERE s.viewer = $1::text;
        IF NOT changed THEN
            %[7]s
        END IF;
    END IF;
    IF changed IS NOT false THEN
        %[8]s
    END IF;%[9]s
    RETURN result;
END`, f.returns, s.element, declare, stored, uncovered("$1::text", "        "), policies.Literal(g.stamp), delta, live, shared)
	g.function(f, "")
}
