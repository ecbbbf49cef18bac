package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// A statement asks who is there, whether they are active, what they were granted, and whom they see: half a dozen tables,
// of which each costs more to open than to read. So entering writes beside the stored set what it has found out, and says
// it in a memo, under a hash that only it can make, or where it is long, which row does. A question believes that as long as
// the watermark stands where it stood; else it asks as if there were no memo. What is asked then is in decision.go.

// remembers reports whether what decides about a user can be told to have changed: by a table that tells of each change
// of its rows, and by nothing that changes by itself.
func (g *compiler) remembers() bool {
	if !g.keepsSets() {
		return false
	}
	depends := func(t policies.TableName, list ...policies.Expression) bool {
		return slices.ContainsFunc(list, func(e policies.Expression) bool {
			return !e.IsZero() && (!e.Plain || slices.ContainsFunc(e.Columns, func(c string) bool { return g.generated(t, c) }))
		})
	}
	u, s := g.model.Users, g.model.Groups
	if depends(u.Table, u.Active, u.Superuser) {
		return false
	}
	if !g.hasGroups() {
		return true
	}
	return g.tells(s.Table) && g.tells(s.Members.Table) && s.Members.From.IsZero() && s.Members.Until.IsZero() &&
		!depends(s.Table, s.ShareMembersVisibility, s.ShareCreatorVisibility) && !(s.GroupsOfDescendants.Value && g.hasShares())
}

// superuserModel is what stands in rls.visible_set instead of the stamp of the graph where the viewer is a superuser: no
// set, and never read as one.
func (g *compiler) superuserModel() string { return "*" + g.stamp }

// marks are the watermarks w of all, g of the hierarchy and d of what else decides; calm is true where every transaction
// that has raised one is over, and so all that it has changed is seen.
const (
	marks = "rls.watermark AS w CROSS JOIN rls.graph_watermark AS g CROSS JOIN rls.state_watermark AS d"
	calm  = "greatest(w.last_value, g.last_value, d.last_value) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
)

// A memo has parts: the hash, until when it counts, what is allowed, whom the viewer sees, the version of their row, the
// viewer, and for how long they look into buckets. What is long is @, and stands in the row; a superuser sees *.
const (
	inRow  = "FROM rls.visible_set AS s WHERE s.viewer = part[6] AND s.version = part[5]::bigint"
	isSaid = "strpos(split_part(split_part(part[3], ',' || $2 || ':', 2), ',', 1), left($1, 1)) > 0 AND strpos($2, ',') = 0"
	// The action is allowed as far as the memo says, and the row of whoever is allowed it.
	maySaid    = "(part[3] = '@' OR $1 IN ('create', 'read', 'update', 'delete') AND " + isSaid + ")"
	inRowOfMay = inRow + " AND (part[3] <> '@' OR s.allowed -> $2 ? $1)"
)

// recall is a question to the memo, if there is one that is believed: as rls.open_token writes it. answer are the statements that
// return what it says, or fall through to whoever asks as if there were no memo.
func recall(answer string) string {
	return fmt.Sprintf(`    IF left(memo, 1) = '=' AND current_setting('transaction_isolation') <> 'serializable' THEN
        -- The watermark is part of the hash: entering has found that all is current, and it stands where it stood then.
        -- By the clock: one statement can run for longer than the transaction may.
        IF substr(memo, 2, 64) = encode(sha256(convert_to(substr(memo, 66), 'UTF8')
                || int8send(coalesce(pg_sequence_last_value('rls.watermark'), 0)) || convert_to(context, 'UTF8')
                || timestamptz_send(transaction_timestamp()) || convert_to(session_user, 'UTF8')
                || int8send(pg_sequence_last_value('rls.memo_key_1')) || int8send(pg_sequence_last_value('rls.memo_key_2'))), 'hex')
            AND clock_timestamp() < to_timestamp(part[2]::double precision)
            -- Whoever has the key from a dump has it for ten minutes: entering draws another one by then.
            AND pg_sequence_last_value('rls.memo_key_drawn') > extract(epoch FROM clock_timestamp()) - 600
            -- A cursor may be older than what entering has found: it asks what was true then.
            AND coalesce(pg_sequence_last_value('rls.watermark'), 0) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint THEN
            %s
        END IF;
    END IF;
`, strings.ReplaceAll(answer, "\n", "\n            "))
}

// recallSet is what the memo says of whom a viewer sees, in the representation that column of the row has; where the memo says that
// itself, said is how. self is what stands for the viewer alone.
func (g *compiler) recallSet(column, none, self, said string) string {
	answer := fmt.Sprintf("RETURN coalesce(stored, %s);", none)
	mine := "RETURN " + self + ";"
	if strings.Contains(self, "viewer") {
		mine = fmt.Sprintf("viewer := %s(part[6]);\n    %s", g.userKey.from, mine)
	}
	at := fmt.Sprintf("IF part[3] <> '@' AND $3 = 'self' THEN\n        %s\n    END IF;\n    ", strings.ReplaceAll(mine, "\n", "\n    "))
	if said != "" {
		at += fmt.Sprintf("IF part[3] <> '@' AND part[4] <> '@' THEN\n        RETURN %s;\n    END IF;\n    ", said)
	}
	return recall(fmt.Sprintf(`IF part[4] <> '*' AND $3 IN ('self', 'hierarchy', 'visible')
    AND %s THEN
    %sSELECT %s INTO stored
    %s;
    IF FOUND AND $3 = 'self' THEN
        %s
    ELSIF FOUND THEN
        %s
    END IF;
END IF;`, maySaid, at, column, inRowOfMay, strings.ReplaceAll(mine, "\n", "\n    "), answer))
}

// recalled compiles a question that the memo may answer: in a function of its own, which is short because each variable
// and each setting of a function costs something at each call.
func (g *compiler) recalled(asked function, variables, recall string) {
	if !g.remembers() {
		g.function(asked, "")
		return
	}
	name := asked.name
	first, more, _ := strings.Cut(asked.comment, "\n")
	asked.name = "ask_" + name
	asked.comment = first + "\n" + more + "\nWhat rls." + name + " asks where there is no memo. Called by definer functions alone."
	quick := asked
	quick.name, quick.comment, quick.generic = name, first+"\n"+more, false
	asked.definer, asked.client, asked.generic = false, false, false
	g.function(asked, "")
	var places []string
	for i := range strings.Count(asked.args, ",") + 1 {
		places = append(places, fmt.Sprintf("$%d", i+1))
	}
	quick.body = recalling(variables, recall, fmt.Sprintf("rls.%s(%s)", asked.name, strings.Join(places, ", ")))
	g.function(quick, "")
}

// recalling is the body of a function that asks the memo first, and returns otherwise where that has no answer.
func recalling(variables, recall, otherwise string) string {
	return fmt.Sprintf("DECLARE\n    memo text := current_setting('rls.memo', true);\n    part text[] := string_to_array(memo, '|');\n    context text := current_setting('rls.context', true);%s\nBEGIN\n%s    RETURN %s;\nEND",
		variables, recall, otherwise)
}

// memory is what remembering adds to rls.prepare, in its places.
type memory struct {
	variables, first           string
	columns, into, from, model string // of the query of what is known
	asked, otherwise, worth    string
	superuser, end, write      string
}

func (g *compiler) memory(stamp string) memory {
	if !g.remembers() {
		return memory{model: stamp, otherwise: " OR superuser"}
	}
	all := policies.Literal(g.superuserModel())
	known := func(viewer, indent string) string {
		return strings.ReplaceAll(fmt.Sprintf(`
SELECT s.viewer, s.form, w.last_value, s.brief, s.until INTO known
FROM rls.visible_set AS s JOIN rls.watermark AS w ON w.last_value = s.marked
WHERE s.viewer = %s AND s.model IN (%s, %s) AND s.computed_on = s.restored_on AND s.until > clock_timestamp();
IF FOUND THEN
    key := known.viewer;
    form := known.form;
    mark := known.last_value;
    brief := known.brief;
    until := known.until;
    RETURN;
END IF;`, viewer, stamp, all), "\n", "\n"+indent)
	}
	return memory{
		variables: "\n    known record;\n    decided boolean;\n    calm boolean;",
		first:     "\n    -- What was found out before counts while nothing has changed since." + known("claimed", "    "),
		columns: `, s.brief, s.until, coalesce(s.decided = d.last_value AND s.until > clock_timestamp(), false),
           -- Every transaction that has raised a mark is over, so all that it has changed is seen here.
           w.last_value, ` + calm,
		into:  ", brief, until, decided, mark, calm",
		from:  "\n    CROSS JOIN " + marks,
		model: fmt.Sprintf("CASE WHEN u.is_superuser THEN %s ELSE %s END", all, stamp),
		asked: `
    IF (decided AND calm AND missing = 0) IS NOT TRUE THEN
        brief := NULL;
    END IF;`,
		worth: " OR calm AND (NOT decided OR random() < 0.1)",
		superuser: fmt.Sprintf(`
            IF superuser THEN
                INSERT INTO rls.visible_set AS v (viewer, model, snapshot, since, xid, computed_on, size, form)
                VALUES (prepare.key, %s, pg_current_snapshot(), pg_snapshot_xmin(pg_current_snapshot()), pg_current_xact_id(), rls.cluster(), 0, 'all')
                RETURNING v.form INTO form;
            ELSE`, all),
		end: "\n            END IF;",
		write: fmt.Sprintf(`
        IF calm THEN
            PERFORM rls.remember(%s(key));%s
        END IF;`, g.userKey.from, known("key", "            ")),
	}
}

// remember compiles what entering writes down of a user.
func (g *compiler) remember() {
	if !g.remembers() {
		return
	}
	groups, shares := "", ""
	if g.hasGroups() {
		groups = " || ARRAY(\n                   " + groupGrantees + "u.id)"
	}
	if g.hasShares() {
		shares = "\n                 -- What groups share is asked of the groups.\n                 WHEN " + strings.TrimPrefix(strings.TrimSpace(g.inSomeGroup("p.id")), "AND ") + " THEN '{}'"
	}
	g.function(function{
		name: "remember",
		comment: "Writes down what decides about a user besides the hierarchy, where the row of their set is. Only where every transaction that\n" +
			"has raised a watermark is over, and so all that it has changed is seen here. Called by definer functions alone.",
		args: "viewer " + g.userKey.sql, argTypes: g.userKey.sql, returns: "void", volatile: "VOLATILE", parallel: "UNSAFE",
		body: fmt.Sprintf(`BEGIN
    -- One statement: the marks are read after its snapshot was taken. Whoever has raised them later is noticed by that, and
    -- whoever has raised them before is below the horizon, or nothing is written.
    WITH mark AS MATERIALIZED (
        SELECT w.last_value AS whole, d.last_value AS state, nextval('rls.set_version') AS version,
               clock_timestamp() AS moment, -- one for all: what ends meanwhile is valid now, and ends what is remembered
               %[7]s
               AND %[6]s AS calm
        FROM %[8]s
    ), principal AS MATERIALIZED (
        SELECT u.id, u.is_active, u.is_superuser, ARRAY['everyone', 'authenticated', 'user:' || u.id::text]%[1]s AS grantees
        FROM rls.user_row AS u WHERE u.id = $1
    ), held AS MATERIALIZED (
        SELECT g.resource, g.action, g.valid_from, g.valid_until,
               (g.valid_from IS NULL OR g.valid_from <= n.moment)
               AND (g.valid_until IS NULL OR g.valid_until > n.moment) AS valid
        FROM mark AS n CROSS JOIN principal AS p JOIN rls."grant" AS g ON g.grantee = ANY (p.grantees)
    ), may AS MATERIALIZED (
        SELECT p.id, p.is_superuser, CASE
                 WHEN NOT p.is_active THEN '{}'
                 WHEN p.is_superuser THEN (SELECT coalesce(jsonb_object_agg(r.name, '[]'::jsonb), '{}') FROM rls.resource AS r)%[3]s
                 ELSE (SELECT coalesce(jsonb_object_agg(a.resource, a.actions), '{}') FROM (
                     SELECT h.resource, jsonb_agg(DISTINCT h.action) AS actions FROM held AS h
                     -- Every action but create asks for a grant of read as well.
                     WHERE h.valid AND (h.action IN ('create', 'read') OR EXISTS (
                         SELECT FROM held AS r WHERE r.resource = h.resource AND r.action = 'read' AND r.valid))
                     GROUP BY h.resource) AS a)
                 END AS allowed
        FROM principal AS p
    )
    UPDATE rls.visible_set AS s SET
        version = n.version,
        decided = n.state,
        marked = CASE WHEN NOT EXISTS (
            SELECT FROM rls.graph_change AS c
            WHERE %[2]s) THEN n.whole END,
        -- Five minutes at most, for what nobody tells: somebody has dropped or disabled what tells.
        until = (SELECT least(min(t.at), n.moment + interval '5 minutes')
                 FROM held AS h CROSS JOIN LATERAL (VALUES (h.valid_from), (h.valid_until)) AS t(at)
                 WHERE t.at > n.moment),
        allowed = p.allowed,
        brief = %[9]s
    FROM may AS p CROSS JOIN mark AS n
    WHERE n.calm AND s.viewer = p.id::text AND s.model = CASE WHEN p.is_superuser THEN %[4]s ELSE %[5]s END AND s.computed_on = s.restored_on;
    PERFORM rls.renew_memo_key(false);
END`, groups, uncovered("s.viewer", "              "), shares, policies.Literal(g.superuserModel()), policies.Literal(g.stamp), g.tellsStill(), calm, marks,
			g.brief()),
	}, "")
}

// brief is what a memo says of the viewer p: resources with the first letters of what policies ask for; whom the viewer sees, * for a
// superuser; the version of the row; the viewer; how many microseconds to look into buckets, where there are any. What is long is @.
// NULL where nothing is allowed, or a key has the sign that parts.
func (g *compiler) brief() string {
	return fmt.Sprintf(`CASE WHEN p.allowed <> '{}' AND strpos(s.viewer, '|') = 0 THEN concat_ws('|', '',
            (SELECT CASE WHEN a.named AND octet_length(a.words) <= %[1]d THEN a.words ELSE '@' END FROM (
                SELECT string_agg(',' || e.key || ':' || coalesce((
                           SELECT string_agg(left(w.action, 1), '') FROM jsonb_array_elements_text(e.value) AS w(action)
                           WHERE w.action IN ('create', 'read', 'update', 'delete')), ''), '') || ',' AS words,
                       bool_and(e.key ~ '^[a-z][a-z0-9_]*$') AS named -- as a model names them
                FROM jsonb_each(p.allowed) AS e) AS a),
            CASE WHEN p.is_superuser THEN '*'
                 WHEN s.form <> 'narrow' OR octet_length(s.ids_%[2]s::text) > %[1]d OR strpos(s.ids_%[2]s::text, '|') > 0 THEN '@'
                 ELSE s.ids_%[2]s::text END,
            n.version, s.viewer, CASE WHEN s.buckets IS NOT NULL THEN s.size / %[3]d END) END`, longest, setsOf(g.userKey).suffix, perMoment)
}

// longest is how long, in bytes, a part of a memo may be. What is longer is read from its row sooner than it is hashed.
const longest = 800

// told is a table whose changes make memos wrong, besides those of the hierarchy.
type told struct {
	table   policies.TableName
	inserts bool // new rows matter: of a user who is new nothing is remembered, but a group may be younger than its members
	columns []string
}

// decides lists the tables of users, groups and members. Those of grants, resources and logins are the kernel's.
func (g *compiler) decides() []*told {
	var tables []*told
	tell := func(t policies.TableName, inserts bool, columns ...string) {
		i := slices.IndexFunc(tables, func(x *told) bool { return x.table.String() == t.String() })
		if i < 0 {
			i, tables = len(tables), append(tables, &told{table: t})
		}
		tables[i].inserts = tables[i].inserts || inserts
		tables[i].columns = append(tables[i].columns, columns...)
	}
	u, s := g.model.Users, g.model.Groups
	tell(u.Table, false, slices.Concat([]string{u.Key.Value}, u.Active.Columns, u.Superuser.Columns)...)
	if g.hasGroups() {
		tell(s.Table, g.hasShares(), slices.Concat([]string{s.Key.Value}, s.ShareMembersVisibility.Columns, s.ShareCreatorVisibility.Columns)...)
		tell(s.Members.Table, true, s.Members.Group.Value, s.Members.User.Value)
	}
	return tables
}

// stateTriggers compiles what makes memos wrong.
func (g *compiler) stateTriggers() {
	if !g.remembers() {
		return
	}
	for _, t := range g.decides() {
		events := "DELETE"
		if t.inserts {
			events = "INSERT OR DELETE"
		}
		g.stateTrigger(t.table, events, t.columns)
	}
}

// tellsStill is true while each table that decides has its triggers, and has neither parents nor children: their changes
// are not told. What is done to a table later is no change of its rows, so remembering asks.
func (g *compiler) tellsStill() string {
	var tables []string
	for _, t := range g.decides() {
		tables = append(tables, policies.Literal(t.table.String())+"::regclass")
	}
	list := strings.Join(tables, ", ")
	return fmt.Sprintf(`NOT EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid IN (%[1]s) OR i.inhparent IN (%[1]s))
               AND (SELECT count(*) FROM pg_trigger AS t WHERE t.tgrelid IN (%[1]s) AND t.tgenabled = 'A'
                    AND t.tgname IN ('rls_state_update', 'rls_state_rows', 'rls_state_truncate')) = %[2]d`, list, 3*len(tables))
}

// stateTrigger compiles the triggers of one table. Rows that come or go are told once per statement, or by row where
// replication brings them; updates by row, because most change nothing that decides. Before the row, behind the other
// triggers there, and once more after it for columns that are computed.
func (g *compiler) stateTrigger(t policies.TableName, events string, columns []string) {
	var changed, early []string
	for _, c := range distinct(columns) {
		changed = append(changed, g.differs(t, c))
		if !g.generated(t, c) { // in a BEFORE trigger no column is computed yet
			early = append(early, g.differs(t, c))
		}
	}
	tell := func(name, when, each, enable string) {
		g.teller(t, teller{name, when, "", each + "\n   ", "state_changed", enable, "rls.raise_watermark('state')"})
	}
	if len(early) > 0 {
		tell("zz_rls_state_ahead", "BEFORE UPDATE", "ROW WHEN ("+strings.Join(early, " OR ")+")", "ALWAYS")
	}
	tell("rls_state_update", "AFTER UPDATE", "ROW WHEN ("+strings.Join(changed, " OR ")+")", "ALWAYS")
	tell("rls_state_rows", "BEFORE "+events, "STATEMENT", "ALWAYS")
	tell("rls_state_truncate", "BEFORE TRUNCATE", "STATEMENT", "ALWAYS")
	tell("rls_state_replica", "AFTER "+events, "ROW", "REPLICA")
}
