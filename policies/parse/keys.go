package parse

import "github.com/rlsctl/rlsctl/policies"

// This file is the one description of the model file. Checking, binding and the schema for editors all read it.

const quoted = "!!str"

var (
	versionNumber = &scalar{what: "1", tags: []string{"!!int"}, values: []string{"1"}, integer: true}
	flag          = &scalar{what: "true or false", tags: []string{"!!bool"}, values: []string{"true", "false"}}
	columnName    = &scalar{what: "a column name", tags: []string{quoted}, check: checkIdentifier, pattern: ".", named: true}
	databaseName  = &scalar{what: "a name", tags: []string{quoted}, check: checkIdentifier, pattern: ".", named: true}
	tableName     = &scalar{what: "a table name", tags: []string{quoted}, check: checkTable, pattern: ".", named: true}
	zoneName      = &scalar{what: "the name of a time zone", tags: []string{quoted}, check: checkZone, pattern: zonePattern}
	freeText      = &scalar{what: "a text", tags: []string{quoted}, check: checkText, pattern: `\S`, named: true}
	sqlText       = &scalar{what: "an SQL expression", tags: []string{quoted, "!!bool"}, check: checkText, pattern: `\S`}
	actionWord    = &scalar{what: "an action", tags: []string{quoted}, check: checkAction, pattern: `^\s*[A-Za-z][A-Za-z0-9_]*\s*$`}
	resourceWord  = &scalar{what: "the name of a resource", tags: []string{quoted}, check: checkWord("resource", reservedResources), pattern: wordPattern}
	anyResource   = &scalar{what: "the name of a resource", tags: []string{quoted}, check: checkWord("resource", nil), pattern: wordPattern}
	serviceWord   = &scalar{what: "the name of a service", tags: []string{quoted}, check: checkWord("service", nil), pattern: wordPattern}
	attributeWord = &scalar{what: "the name of a session attribute", tags: []string{quoted}, check: checkAttribute, pattern: wordPattern}
	edgeWord      = &scalar{what: "an edge kind", tags: []string{quoted}, check: checkWord("edge kind", reservedEdges), pattern: wordPattern}
	timeText      = &scalar{what: "a time", tags: []string{quoted, "!!timestamp"}, check: checkMoment, pattern: momentPattern}
	granteeText   = &scalar{what: "a grantee", tags: []string{quoted}, check: checkGrantee, pattern: `^(user:.+|group:.+|service:.+|authenticated|everyone)$`}
)

func oneOf(values ...string) *shape {
	return &shape{what: choice(values), scalar: &scalar{what: choice(values), tags: []string{quoted}, values: values}}
}

func just(s *scalar) *shape { return &shape{what: s.what, scalar: s} }

func listOf(what string, entry *shape) *shape { return &shape{what: what, list: entry} }

// anything is where a key of a later version stands: it is refused by name, whatever it holds.
var anything = &shape{what: "anything"}

var modelShape = &shape{what: "a map of sections", keys: []key{
	{name: "version", doc: "Version of this format.", shape: just(versionNumber), required: true},
	{name: "database", doc: "What the model needs from the server besides tables.", shape: databaseShape},
	{name: "open", doc: "Tables of closed schemas that are left alone on purpose.", shape: emptyable(listOf("a list of tables", just(tableName)))},
	{name: "users", doc: "The table of users. Left out: the toolkit's own.", shape: usersShape},
	{name: "groups", doc: "The table of groups; kernel: the toolkit's own; none: no groups.", shape: groupsShape},
	{name: "services", doc: "Principals that no user row stands for: sign-in, jobs, webhooks, dashboards.", shape: &shape{
		what: "a map from names to services", each: serviceShape, name: serviceWord,
	}},
	{name: "resources", doc: "The protected tables, by the name that grants and callers use.", shape: &shape{
		what: "a map from names to resources", each: resourceShape, name: resourceWord,
	}},
	{name: "grants", doc: "Grants that exist from the start. Later changes are data, not model.", shape: emptyable(listOf("a list of grants", grantShape))},
	{name: "session_attributes", doc: "What a token may say besides the principal: rls.attr reads it.", shape: &shape{
		what: "a map from names to types", name: attributeWord, each: oneOf(policies.AttributeTypes...),
	}},
	{name: "roles", shape: anything, later: "remove \"roles\"; grant to groups"},
	{name: "conditions", shape: anything, later: "remove \"conditions\""},
}}

func emptyable(s *shape) *shape {
	s.empty = true
	return s
}

var databaseShape = &shape{what: "a map", keys: []key{
	{name: "client_roles", doc: "Database roles that hold the applications' table privileges.", shape: emptyable(listOf("a list of database roles", just(databaseName)))},
	{name: "maintenance_roles", doc: "Database roles for migrations, imports and backups: they see and write every row.", shape: emptyable(listOf("a list of database roles", just(databaseName)))},
	{name: "schemas", doc: "closed: every table of the schema is a resource or named under open.", shape: &shape{
		what: "a map from schemas to \"closed\" or \"open\"", name: databaseName, each: oneOf("closed", "open"),
	}},
	{name: "timezone", doc: "Zone in which a bare date is midnight. Default UTC.", shape: just(zoneName)},
	{name: "plans", doc: "by_viewer: policies in a form for each width of view, TO database roles of their own. one: a single form. Default by_viewer.",
		shape: oneOf("by_viewer", "one")},
}}

var usersShape = &shape{what: "a map", keys: []key{
	{name: "table", doc: "The table with one row per user.", shape: just(tableName), required: true},
	{name: "key", doc: "The column that names a user: a single-column key.", shape: just(columnName), required: true},
	{name: "login", doc: "Unique column that names people on the command line. Default: the key.", shape: just(columnName)},
	{name: "subject", doc: "Unique column that a token's sub names.", shape: just(columnName)},
	{name: "active", doc: "SQL over the row. Default true.", shape: just(sqlText)},
	{name: "superuser", doc: "SQL over the row. Default false.", shape: just(sqlText)},
	{name: "staff", doc: "SQL over the row: opens the admin pages, gives no data. Default false.", shape: just(sqlText)},
	{name: "sees", doc: "The ways in which a user sees others: one closure each.", shape: &shape{
		what: "a map from edge kinds to columns or tables", name: edgeWord, each: edgeShape,
		fixed: []key{{name: "merged", doc: "Edge kinds that form one closure together.", shape: mergedShape}},
	}},
	{name: "tenant", shape: anything, later: "remove \"tenant\""},
	{name: "attributes", shape: anything, later: "remove \"attributes\""},
	{name: "authority", doc: "guarded: superusers alone change the columns that decide who may do what. application: whoever holds the table privilege does. Default guarded.",
		shape: oneOf(policies.AuthorityGuarded, policies.AuthorityApplication)},
}}

var edgeShape = &shape{what: "a column name or {table, viewer, seen}", scalar: columnName, keys: []key{
	{name: "table", doc: "A table with one row per pair.", shape: just(tableName), required: true},
	{name: "viewer", doc: "The column of the user who sees.", shape: just(columnName), required: true},
	{name: "seen", doc: "The column of the user who is seen.", shape: just(columnName), required: true},
}}

var mergedShape = listOf("a list of edge kinds, or a list of such lists", &shape{
	what: "an edge kind or a list of them", scalar: edgeWord, list: just(edgeWord),
})

var groupsShape = &shape{
	what:   "a map, \"kernel\" or \"none\"",
	scalar: &scalar{what: "a map, \"kernel\" or \"none\"", tags: []string{quoted}, values: []string{"kernel", "none"}},
	keys: []key{
		{name: "table", doc: "The table with one row per group.", shape: just(tableName), required: true},
		{name: "key", doc: "The column that names a group: a single-column key.", shape: just(columnName), required: true},
		{name: "name", doc: "Unique column that names groups for people. Default: the key.", shape: just(columnName)},
		{name: "creator", doc: "The column of the user who made the group.", shape: just(columnName)},
		{name: "share_members_visibility", doc: "SQL over the row: members see each other. Default false.", shape: just(sqlText)},
		{name: "share_creator_visibility", doc: "SQL over the row: members see the creator. Default false.", shape: just(sqlText)},
		{name: "members", doc: "The table with one row per group and user.", required: true, shape: &shape{
			what: "a map {table, group, user}", keys: []key{
				{name: "table", doc: "The table with one row per membership.", shape: just(tableName), required: true},
				{name: "group", doc: "The column of the group.", shape: just(columnName), required: true},
				{name: "user", doc: "The column of the user.", shape: just(columnName), required: true},
				{name: "from", doc: "The column since when the membership counts, included.", shape: just(columnName)},
				{name: "until", doc: "The column until when it counts, not included.", shape: just(columnName)},
			},
		}},
		{name: "groups_of_descendants", doc: "Shares of the groups of everybody in the own hierarchy count too. Default false.", shape: just(flag)},
	},
}

var ownerShape = &shape{
	what: "a column name, {column, by} or {group: column}", scalar: columnName, form: true, keys: []key{
		{name: "column", doc: "The column of the user whose row it is.", shape: just(columnName)},
		{name: "by", doc: "The unique column of the users that it holds. Default: what its foreign key refers to, else the key.", shape: just(columnName)},
		{name: "group", doc: "The column of a group that owns the row.", shape: just(columnName)},
		{name: "table", shape: anything, later: "name a column of the table itself"},
	},
}

var resourceShape = &shape{what: "a map", keys: []key{
	{name: "table", doc: "The protected table.", shape: just(tableName), required: true},
	{name: "title", doc: "What people read.", shape: just(freeText)},
	{name: "key", doc: "Key column or columns. Default: the primary key.", shape: oneOrMore("a column name or a list of them", columnName)},
	{name: "owner", doc: "The column of the user whose row it is, or several, or {column, by}, or {group: column}.", shape: &shape{
		what: "a column name or a list of columns, {column, by} and {group: column}", scalar: columnName, form: true, keys: ownerShape.keys, list: ownerShape,
	}},
	{name: "actions", doc: "Actions beyond create, read, update and delete.", shape: emptyable(listOf("a list of actions", just(actionWord)))},
	{name: "write_scope", doc: "Whose rows an update or delete reaches. Default visible.", shape: oneOf("visible", "hierarchy", "self")},
	{name: "owner_check", doc: "Who may be named as owner of a row. Default visible.", shape: oneOf("visible", "self", "any")},
	{name: "cascades", doc: "Whether a foreign key may delete or change rows that whoever causes it may not. Default allow.", shape: oneOf("allow", "refuse")},
	{name: "combine", doc: "How grants and denies combine.", shape: &shape{what: "\"deny_overrides\"", scalar: &scalar{
		what: "\"deny_overrides\"", tags: []string{quoted}, values: []string{"deny_overrides"}, later: []string{"first_match", "per_role"},
	}}},
	{name: "hidden", doc: "Not listed, not delegable. Default false.", shape: just(flag)},
	{name: "keep_policies", doc: "Permissive policies made by hand that may stay.", shape: emptyable(listOf("a list of policies", just(databaseName)))},
	{name: "tenant", shape: anything, later: "remove \"tenant\""},
	{name: "rules", shape: anything, later: "remove \"rules\"; admit rows through \"owner\" and \"grants\""},
	{name: "transitions", shape: anything, later: "remove \"transitions\""},
	{name: "shares", shape: anything, later: "remove \"shares\"; share rows through groups"},
	{name: "require_second_factor", shape: anything, later: "remove \"require_second_factor\""},
	{name: "audit", shape: anything, later: "remove \"audit\""},
	{name: "mask", shape: anything, later: "remove \"mask\"; keep columns from clients by column privileges"},
	{name: "inherit", shape: anything, later: "remove \"inherit\"; give the table an owner column of its own"},
}}

func oneOrMore(what string, s *scalar) *shape { return &shape{what: what, scalar: s, list: just(s)} }

var allowShape = &shape{
	what: "a map from resources to actions", name: anyResource, least: 1, each: &shape{
		what: "a list of actions or \"*\"", list: just(actionWord),
		scalar: &scalar{what: "a list of actions or \"*\"", tags: []string{quoted}, values: []string{"*"}},
	},
}

var serviceShape = &shape{what: "a map", keys: []key{
	{name: "gateways", doc: "The gateways whose tokens may claim it. Left out: those that are registered with it.",
		shape: listOf("a list of gateways", just(databaseName))},
	{name: "allow", doc: "Actions by resource, on the rows of every owner.", shape: allowShape},
	{name: "roles", shape: anything, later: "remove \"roles\"; write \"allow\""},
}}

var grantShape = &shape{what: "a map {to, allow}", keys: []key{
	{name: "to", doc: "user:LOGIN, group:NAME, service:NAME, authenticated or everyone.", shape: just(granteeText), required: true},
	{name: "allow", doc: "Actions by resource.", required: true, shape: allowShape},
	{name: "from", doc: "Since when it counts, included.", shape: just(timeText)},
	{name: "until", doc: "Until when it counts, not included.", shape: just(timeText)},
	{name: "members", shape: anything, later: "remove \"members\"; grant to groups"},
}}
