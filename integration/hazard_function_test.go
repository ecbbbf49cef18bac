package integration

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Functions that clients may call, besides objects_RESOURCE and hand_over_RESOURCE. Everything else is internal.
var clientFunctions = []string{
	"enter", "open_token", "principal", "principal_kind", "groups", "client_ip", "attr", "can", "can_row", "can_many", "actions", "allowed_resources",
	"passes_owners", "admitted_owners", "admitted_bits", "admitted_ranges", "admitted_buckets", "admitted_groups", "visible_edges", "action_word", "object_action",
	"object_actions", "in_buckets", "key_parts", "to_smallint", "to_integer", "to_bigint", "to_uuid", "to_text", "to_citext",
}

// rangeConstructors come with the range types of the kernel. The server makes them itself, as it has made int8range:
// they belong to its bootstrap superuser, are code of the server, and put together what they are given. Nobody but that
// superuser could take them from PUBLIC.
var rangeConstructors = []string{
	"rls.text_multirange()", "rls.text_multirange(rls.text_range)", "rls.text_multirange(rls.text_range[])", "rls.text_range(text,text)", "rls.text_range(text,text,text)",
	"rls.uuid_multirange()", "rls.uuid_multirange(rls.uuid_range)", "rls.uuid_multirange(rls.uuid_range[])", "rls.uuid_range(uuid,uuid)", "rls.uuid_range(uuid,uuid,text)",
}

// forms of policies, each TO a role of the kernel of its name.
var forms = []string{"any", "narrow", "middle", "wide", "all"}

// badFunctions says what is wrong with the functions of schema rls, a line each.
func badFunctions(t *testing.T, w *world, q querier) []string {
	t.Helper()
	return w.rows(t, q, `
		SELECT p.proname || ' ' || x.problem
		FROM pg_proc AS p
		JOIN pg_roles AS o ON o.oid = p.proowner
		JOIN pg_language AS l ON l.oid = p.prolang
		CROSS JOIN LATERAL (SELECT p.oid::regprocedure::text = ANY ($2) AND l.lanname = 'internal' AND p.proowner = 10) AS c(constructor)
		CROSS JOIN LATERAL (
			SELECT 'is executable by PUBLIC' WHERE NOT c.constructor AND (p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) AS a WHERE a.grantee = 0))
			UNION ALL SELECT 'does not belong to rls_owner' WHERE NOT c.constructor AND o.rolname <> 'rls_owner'
			UNION ALL SELECT 'is LEAKPROOF' WHERE p.proleakproof
			UNION ALL SELECT 'is SECURITY DEFINER with search_path ' || coalesce(p.proconfig::text, 'of the caller')
				-- How its plans are kept changes no answer, and what it judges conditions under is no client's.
				WHERE p.prosecdef AND ARRAY(SELECT c FROM unnest(p.proconfig) AS c WHERE c !~ ('^(plan_cache_mode=force_generic_plan|TimeZone=.*|DateStyle=ISO, MDY'
					|| '|IntervalStyle=postgres|bytea_output=hex|extra_float_digits=1|lc_(monetary|numeric|time)=C|array_nulls=on|transform_null_equals=off|gin_fuzzy_search_limit=0|restrict_nonsystem_relation_kind=)$')) IS DISTINCT FROM ARRAY['search_path=pg_catalog, pg_temp']
			UNION ALL SELECT 'reads conditions under settings of the client' -- rls.list_grants reads names alone
				WHERE p.prosrc ~ '\mrls[.](user_row|group_row|membership)\M' AND p.proname <> 'list_grants' AND p.proconfig::text !~ 'TimeZone=.*DateStyle=.*IntervalStyle='
					-- A model whose conditions depend on no setting has them nowhere.
					AND EXISTS (SELECT FROM pg_proc AS o WHERE o.pronamespace = 'rls'::regnamespace AND o.proconfig::text ~ 'TimeZone=')
			UNION ALL SELECT 'is called by clients as themselves with a search_path of theirs'
				WHERE NOT c.constructor AND NOT p.prosecdef AND p.prosqlbody IS NULL AND p.proconfig IS NULL AND has_function_privilege('rls_client', p.oid, 'EXECUTE')
			UNION ALL SELECT 'is internal, but executable by rls_client'
				WHERE NOT c.constructor AND has_function_privilege('rls_client', p.oid, 'EXECUTE') AND p.proname <> ALL ($1) AND p.proname !~ '^(objects|hand_over)_'
			UNION ALL SELECT 'is executable by ' || f.role
				FROM (SELECT 'rls_' || f.name FROM unnest($3::text[]) AS f(name)) AS f(role) WHERE NOT c.constructor AND has_function_privilege(f.role, p.oid, 'EXECUTE')
			-- rls.cluster() and those of the secrets are STABLE, and IMMUTABLE on purpose: only so can it be a generated column, which a dump leaves out
			-- and a restore computes anew, so that no stored set outlives the cluster that its transaction numbers are of.
			UNION ALL SELECT 'is IMMUTABLE' WHERE NOT c.constructor AND p.provolatile = 'i'
				AND p.proname NOT IN ('hex_text', 'hmac_pad', 'key_parts', 'action_word', 'cluster', 'key_part', 'random_pad', 'this_database') AND p.proname !~ '^to_'
			UNION ALL SELECT 'has a second of its name' WHERE NOT c.constructor
				AND (SELECT count(*) FROM pg_proc AS s WHERE s.pronamespace = p.pronamespace AND s.proname = p.proname) > 1
		) AS x(problem)
		WHERE p.pronamespace = 'rls'::regnamespace ORDER BY 1`, clientFunctions, rangeConstructors, forms)
}

// Hazards 47 to 49 and 51: the catalog of every function.
func TestHazardFunctionCatalog(t *testing.T) {
	t.Parallel()
	w, dense := newWorld(t, writeModel(), writeSchema()), newWorld(t, smallModel, smallSchema) // keys of text, and of integers
	for _, w := range []*world{w, dense} {
		equal(t, badFunctions(t, w, w.root), nil, "functions of schema rls")
		for _, name := range clientFunctions {
			if name == "admitted_bits" && w != dense || (name == "admitted_groups" || name == "admitted_buckets") && w == dense {
				continue // for the keys and models that they serve
			}
			if n := one(t, w.root, "SELECT count(*) FROM pg_proc WHERE pronamespace = 'rls'::regnamespace AND proname = $1", name); n != "1" {
				t.Errorf("function rls.%s: %s of them; the list of this test is stale", name, n)
			}
		}
		equal(t, w.rows(t, w.root, "SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'rls'::regnamespace AND proowner = 10"), rangeConstructors, "functions of the bootstrap superuser")
	}
	for name, sql := range map[string]string{
		"executable by PUBLIC":    "GRANT EXECUTE ON FUNCTION rls.seen_by(text) TO PUBLIC",
		"internal":                "GRANT EXECUTE ON FUNCTION rls.seen_by(text) TO rls_client",
		"search_path":             "ALTER FUNCTION rls.can(text, text) SET search_path = public",
		"search_path of caller":   "ALTER FUNCTION rls.can(text, text) RESET search_path",
		"LEAKPROOF":               "ALTER FUNCTION rls.can(text, text) LEAKPROOF",
		"IMMUTABLE":               "ALTER FUNCTION rls.principal() IMMUTABLE",
		"does not belong":         "ALTER FUNCTION rls.can(text, text) OWNER TO CURRENT_USER",
		"a second of its name":    "CREATE FUNCTION rls.can(text) RETURNS boolean LANGUAGE sql RETURN true",
		"search_path of theirs":   "ALTER FUNCTION rls.can_row(text, text, text) RESET search_path",
		"with search_path of the": "CREATE FUNCTION rls.extra() RETURNS boolean LANGUAGE sql SECURITY DEFINER RETURN true",
		"another setting":         "ALTER FUNCTION rls.admitted_owners(text, text, text, boolean) SET row_security = off",
		"search_path of admitted": "ALTER FUNCTION rls.admitted_ranges(text, text, text, boolean) RESET search_path",
		"executable by a form":    "GRANT EXECUTE ON FUNCTION rls.can(text, text) TO rls_wide",
		"graph_viewer":            "GRANT EXECUTE ON FUNCTION " + w.function(t, "graph_viewer") + " TO rls_client",
		"prepare":                 "GRANT EXECUTE ON FUNCTION " + w.function(t, "prepare") + " TO rls_client",
		"identify":                "GRANT EXECUTE ON FUNCTION " + w.function(t, "identify") + " TO rls_client",
		"LEAKPROOF constructor":   "ALTER FUNCTION rls.text_range(text, text) LEAKPROOF",
		"owner of a constructor":  "ALTER FUNCTION rls.text_range(text, text) OWNER TO rls_client",
		"one of their names":      "CREATE FUNCTION rls.text_range(text) RETURNS boolean LANGUAGE sql RETURN true",
	} {
		t.Run("control/"+name, func(t *testing.T) {
			undone(t, w, func(tx pgx.Tx) {
				must(t, tx, sql)
				if len(badFunctions(t, w, tx)) == 0 {
					t.Errorf("%s passes: the check proves nothing", sql)
				}
			})
		})
	}
	t.Run("policies", func(t *testing.T) {
		for _, w := range []*world{w, dense} {
			equal(t, badPolicies(t, w, w.root), nil, "policies")
		}
		groups := newWorld(t, groupsModel, identitySchema+"CREATE TABLE app.plan (LIKE app.note INCLUDING ALL); GRANT ALL ON app.plan TO {{migrator}};")
		equal(t, badPolicies(t, groups, groups.root), nil, "policies where groups alone own, or nobody")
		for name, sql := range map[string]string{
			"restrictive":              "CREATE POLICY x ON app.one_self_self AS RESTRICTIVE FOR SELECT TO rls_any USING (true)",
			"TO PUBLIC":                "ALTER POLICY one_self_self_read ON app.one_self_self TO PUBLIC",
			"TO clients":               "ALTER POLICY one_self_self_read ON app.one_self_self TO rls_client",
			"TO a client role":         "ALTER POLICY one_self_self_read ON app.one_self_self TO {{app}}",
			"TO a plan role":           "ALTER POLICY one_self_self_read ON app.one_self_self TO rls_any_{{app}}",
			"TO another form":          "ALTER POLICY one_self_self_read ON app.one_self_self TO rls_narrow",
			"TO two forms":             "ALTER POLICY one_self_self_read ON app.one_self_self TO rls_any, rls_wide",
			"TO every form":            "ALTER POLICY one_self_self_read ON app.one_self_self TO rls_" + strings.Join(forms, ", rls_"),
			"a form dropped":           "DROP POLICY one_self_self_delete_wide ON app.one_self_self",
			"a form twice":             "CREATE POLICY x ON app.one_self_self FOR DELETE TO rls_middle USING (true)",
			"for every command":        "CREATE POLICY x ON app.one_self_self TO rls_middle USING (true)",
			"create TO one form":       "ALTER POLICY one_self_self_create_narrow ON app.one_self_self TO rls_narrow",
			"create TO another form":   "ALTER POLICY one_self_self_create ON app.one_self_self TO rls_narrow; ALTER POLICY one_self_self_create_narrow ON app.one_self_self TO rls_any, rls_middle, rls_wide",
			"a second for maintenance": "CREATE POLICY x ON app.one_self_self TO {{migrator}} USING (true)",
			"without FORCE":            "ALTER TABLE app.one_self_self NO FORCE ROW LEVEL SECURITY",
			"a call for each row":      "ALTER POLICY one_self_self_read_wide ON app.one_self_self USING (owner = ANY (rls.admitted_owners('read', 'one_self_self', 'visible', false)))",
			"one that reads the row":   "ALTER POLICY one_self_self_read_wide ON app.one_self_self USING ((SELECT rls.passes_owners('read', owner, false)))",
		} {
			t.Run("control/"+name, func(t *testing.T) {
				undone(t, w, func(tx pgx.Tx) {
					must(t, tx, w.text(sql))
					if len(badPolicies(t, w, tx)) == 0 {
						t.Errorf("%s passes: the check proves nothing", sql)
					}
				})
			})
		}
	})
	t.Run("members of rls_owner", func(t *testing.T) {
		equal(t, w.rows(t, w.root, "SELECT m.member::regrole FROM pg_auth_members AS m WHERE m.roleid = 'rls_owner'::regrole"), nil, "members")
		equal(t, w.rows(t, w.root, `SELECT rolname FROM pg_roles WHERE (rolname IN ('rls_owner', 'rls_client') OR rolname IN (SELECT 'rls_' || f.name FROM unnest($1::text[]) AS f(name)))
			AND (rolsuper OR rolbypassrls OR rolcanlogin OR rolcreaterole OR rolcreatedb OR rolreplication OR rolinherit)`, forms), nil, "roles of the kernel")
	})
	t.Run("plan roles", func(t *testing.T) {
		equal(t, badPlanRoles(t, w, w.root), nil, "plan roles")
		for name, sql := range map[string]string{
			"a table privilege":          "GRANT SELECT ON app.one_self_self TO rls_wide_{{app}}",
			"a column privilege":         "GRANT SELECT (id) ON app.one_self_self TO rls_wide_{{app}}",
			"a schema":                   "GRANT CREATE ON SCHEMA app TO rls_wide_{{app}}",
			"a function":                 "GRANT EXECUTE ON FUNCTION " + w.function(t, "prepare") + " TO rls_wide_{{app}}",
			"a second form":              "GRANT rls_any TO rls_wide_{{app}}",
			"another client role":        "GRANT {{app_ro}} TO rls_wide_{{app}}",
			"maintenance":                "GRANT {{migrator}} TO rls_wide_{{app}}",
			"without its client role":    "REVOKE {{app}} FROM rls_wide_{{app}}",
			"without its form":           "REVOKE rls_wide FROM rls_wide_{{app}}",
			"a login":                    "ALTER ROLE rls_wide_{{app}} LOGIN",
			"NOINHERIT":                  "ALTER ROLE rls_wide_{{app}} NOINHERIT",
			"BYPASSRLS":                  "ALTER ROLE rls_wide_{{app}} BYPASSRLS",
			"CREATEROLE":                 "ALTER ROLE rls_wide_{{app}} CREATEROLE",
			"missing":                    "DELETE FROM rls.plan_role WHERE form = 'wide'",
			"another role in its place":  "UPDATE rls.plan_role SET role = '{{migrator}}' WHERE form = 'wide'",
			"a form that holds a table":  "GRANT SELECT ON app.one_self_self TO rls_wide",
			"a form in a client role":    "GRANT {{app}} TO rls_wide",
			"a form that is a client":    "GRANT rls_client TO rls_wide",
			"a client role in a form":    "GRANT rls_any TO {{app}}",
			"clients that hold a form":   "GRANT rls_any TO rls_client",
			"maintenance that is a form": "GRANT rls_any TO {{migrator}}",
		} {
			t.Run("control/"+name, func(t *testing.T) {
				undone(t, w, func(tx pgx.Tx) {
					must(t, tx, w.text(sql))
					if len(badPlanRoles(t, w, tx)) == 0 {
						t.Errorf("%s passes: the check proves nothing", sql)
					}
				})
			})
		}
	})
	t.Run("views of the kernel", func(t *testing.T) {
		equal(t, w.rows(t, w.root, `SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'rls'::regnamespace AND c.relkind = 'v' AND NOT coalesce(c.reloptions, '{}') @> '{security_invoker=true}'`), nil, "views that run as their owner")
		for _, role := range append([]string{"rls_client", w.role("app"), w.role("app_ro"), w.role("migrator")}, w.rows(t, w.root, "SELECT role FROM rls.plan_role")...) {
			var want []string
			if role != w.role("app_ro") && role != w.role("migrator") {
				want = []string{"visible_users"}
			}
			equal(t, w.rows(t, w.root, `SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'rls'::regnamespace AND c.relkind IN ('v', 'r', 'S') AND has_table_privilege($1, c.oid, 'SELECT')`, role),
				want, "relations that %s reads", role)
			equal(t, w.rows(t, w.root, `SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'rls'::regnamespace AND c.relkind IN ('v', 'r')
				AND (has_table_privilege($1, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') OR has_any_column_privilege($1, c.oid, 'INSERT, UPDATE, REFERENCES'))`, role),
				nil, "relations that %s writes", role)
		}
	})
}

// groupsModel has a resource whose rows belong to groups alone, and one whose rows belong to nobody.
const groupsModel = `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"]}
users: {table: app.person, key: id, subject: sub_id, active: active, superuser: super, sees: {supervisor: boss}}
groups: {table: app.team, key: id, members: {table: app.team_member, group: team, user: person}}
resources:
  note: {table: app.note, owner: {group: team}, write_scope: hierarchy}
  plan: {table: app.plan, owner: {group: team}, owner_check: self}
  team: {table: app.team}
grants:
  - {to: authenticated, allow: {note: "*"}}
`

// badPolicies says what is wrong with the policies of a database, a line each.
func badPolicies(t *testing.T, w *world, q querier) []string {
	t.Helper()
	return w.rows(t, q, `
		WITH form AS (
			SELECT f.name, ('rls_' || f.name)::regrole::oid AS role FROM unnest($1::text[]) AS f(name)
		), maintenance AS (
			SELECT array_agg(quote_ident(d.name)::regrole::oid ORDER BY d.position) AS roles FROM rls.database_role AS d WHERE d.kind = 'maintenance'
		), protected AS (
			SELECT r.name, (quote_ident(r.table_schema) || '.' || quote_ident(r.table_name))::regclass AS oid, r.owned, r.owned_by_user, r.write_scope FROM rls.resource AS r
		), policy AS (
			SELECT p.*, p.polroles <@ ARRAY(SELECT f.role FROM form AS f) AS of_a_form,
			       ARRAY[(SELECT f.role FROM form AS f WHERE f.name = coalesce((SELECT o.name FROM form AS o WHERE right(p.polname, length(o.name) + 1) = '_' || o.name), 'any'))] AS named,
			       -- Where superusers alone reach a row, as those of no owner and writes to those of groups outside scope visible, all forms are one.
			       NOT (t.owned AND (t.owned_by_user OR p.polcmd IN ('r', 'a') OR t.write_scope = 'visible')) AS one_for_all
			FROM pg_policy AS p LEFT JOIN protected AS t ON t.oid = p.polrelid
		)
		SELECT p.polrelid::regclass || ' ' || p.polname || ' is restrictive' FROM policy AS p WHERE NOT p.polpermissive
		UNION ALL
		SELECT p.polrelid::regclass || ' ' || p.polname || ' is TO ' || p.polroles::regrole[]::text FROM policy AS p
		WHERE NOT p.of_a_form AND p.polroles <> ARRAY['rls_owner'::regrole::oid] AND p.polroles <> (SELECT m.roles FROM maintenance AS m)
		UNION ALL
		SELECT p.polrelid::regclass || ' ' || p.polname || ' is TO ' || p.polroles::regrole[]::text FROM policy AS p
		WHERE p.of_a_form AND CASE WHEN p.polcmd = 'a' THEN NOT p.polroles @> p.named -- and those that ask the same
		                      WHEN p.one_for_all THEN NOT p.polroles @> ARRAY(SELECT f.role FROM form AS f)
		                      ELSE p.polroles <> p.named END
		UNION ALL -- what is missing would admit nobody, or all
		SELECT p.polrelid::regclass || ' ' || p.polname || ' says nothing' FROM policy AS p
		WHERE CASE p.polcmd WHEN 'a' THEN p.polwithcheck IS NULL WHEN 'w' THEN p.polqual IS NULL OR p.polwithcheck IS NULL ELSE p.polqual IS NULL END
		UNION ALL -- exactly one for each table, action and form, and one for maintenance
		SELECT format('%s has %s policies for %s TO rls_%s', t.oid, count(p.oid), a.command, f.name)
		FROM protected AS t CROSS JOIN form AS f CROSS JOIN (VALUES ('r'), ('a'), ('w'), ('d')) AS a(command)
		LEFT JOIN policy AS p ON p.polrelid = t.oid AND p.polcmd IN (a.command::"char", '*') AND f.role = ANY (p.polroles)
		GROUP BY t.oid, a.command, f.name HAVING count(p.oid) <> 1
		UNION ALL
		SELECT format('%s has %s policies for maintenance', t.oid, count(p.oid))
		FROM protected AS t LEFT JOIN policy AS p ON p.polrelid = t.oid AND p.polroles && (SELECT m.roles FROM maintenance AS m)
		GROUP BY t.oid HAVING count(p.oid) <> 1
		UNION ALL
		SELECT t.oid || ' is without ENABLE or FORCE' FROM protected AS t JOIN pg_class AS c ON c.oid = t.oid WHERE NOT c.relrowsecurity OR NOT c.relforcerowsecurity
		UNION ALL -- every policy asks once for each scan: each call of ours stands in a sub-select that names no column, but for in_buckets, which
		          -- looks at nothing but what it is given
		SELECT p.polrelid::regclass || ' ' || p.polname || ' asks for each row' FROM policy AS p
		CROSS JOIN LATERAL (VALUES (pg_get_expr(p.polqual, p.polrelid)), (pg_get_expr(p.polwithcheck, p.polrelid))) AS e(sql)
		WHERE p.of_a_form
		  AND regexp_replace(replace(e.sql, 'rls.in_buckets(', ''), 'SELECT\s+(CASE\s+WHEN\s+)?\(?rls\.[a-z_]+\((''[a-z_]+''::text|true|false|, )+\)', '', 'g') ~ 'rls\.[a-z_]+\('
		ORDER BY 1`, forms)
}

// badPlanRoles says what is wrong with the roles of the forms, a line each: entering never adds a table privilege.
func badPlanRoles(t *testing.T, w *world, q querier) []string {
	t.Helper()
	return w.rows(t, q, `
		WITH plan AS (
			SELECT d.name AS client, f.name AS form, r.*
			FROM rls.database_role AS d CROSS JOIN unnest($1::text[]) AS f(name)
			LEFT JOIN rls.plan_role AS p ON p.client_role = d.name AND p.form = f.name
			LEFT JOIN pg_roles AS r ON r.rolname = p.role AND r.rolname = 'rls_' || f.name || '_' || d.name
			WHERE d.kind = 'client'
		)
		SELECT format('%s has no plan role %s', p.client, p.form) FROM plan AS p WHERE p.rolname IS NULL
		UNION ALL
		SELECT p.rolname || ' has attributes' FROM plan AS p
		WHERE p.rolcanlogin OR p.rolsuper OR p.rolbypassrls OR p.rolcreaterole OR p.rolcreatedb OR p.rolreplication OR NOT p.rolinherit
		UNION ALL
		SELECT p.rolname || ' is a member of ' || m.of::text FROM plan AS p
		CROSS JOIN LATERAL (SELECT array_agg(o.rolname::text ORDER BY o.rolname) AS of FROM pg_auth_members AS m JOIN pg_roles AS o ON o.oid = m.roleid WHERE m.member = p.oid) AS m
		WHERE p.oid IS NOT NULL AND m.of IS DISTINCT FROM ARRAY(SELECT x FROM unnest(ARRAY[p.client, 'rls_' || p.form]) AS x ORDER BY x)
		UNION ALL -- a form is a label of policies: it has nothing, is nothing, and only plan roles and whoever logs in hold it
		SELECT 'rls_' || f.name || ' is a member of ' || o.rolname FROM unnest($1::text[]) AS f(name)
		JOIN pg_auth_members AS m ON m.member = ('rls_' || f.name)::regrole JOIN pg_roles AS o ON o.oid = m.roleid
		UNION ALL
		SELECT o.rolname || ' is a member of rls_' || f.name FROM unnest($1::text[]) AS f(name)
		JOIN pg_auth_members AS m ON m.roleid = ('rls_' || f.name)::regrole JOIN pg_roles AS o ON o.oid = m.member
		WHERE o.rolname = 'rls_client' OR o.rolname IN (SELECT d.name FROM rls.database_role AS d)
		UNION ALL -- nothing is granted to them but USAGE of schema rls, which keeps other databases from dropping them
		SELECT r.rolname || ' holds ' || pg_describe_object(d.classid, d.objid, d.objsubid)
		FROM pg_roles AS r
		JOIN pg_shdepend AS d ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid AND d.deptype IN ('a', 'o')
			AND d.dbid = (SELECT b.oid FROM pg_database AS b WHERE b.datname = current_database())
		WHERE r.rolname IN (SELECT p.rolname FROM plan AS p UNION ALL SELECT 'rls_' || f.name FROM unnest($1::text[]) AS f(name))
		  AND NOT (d.deptype = 'a' AND d.classid = 'pg_namespace'::regclass AND d.objid = 'rls'::regnamespace)
		ORDER BY 1`, forms)
}

// function is the signature of the only function of schema rls of that name.
func (w *world) function(t testing.TB, name string) string {
	t.Helper()
	return one(t, w.root, "SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = 'rls'::regnamespace AND p.proname = $1", name)
}

// shadows writes a script that creates, in a schema of the attacker, a relation, type, function and operator under every
// name that the kernel and its functions could look up without a schema.
func shadows(t *testing.T, w *world, schema string) []string {
	t.Helper()
	out := w.rows(t, w.root, `
		SELECT format('CREATE VIEW %1$s.%2$I AS SELECT ''root''::text AS id, ''root''::text AS login, session_user::name AS name, ''person''::text AS kind, ''root''::text AS principal,
				''root''::text AS key, true AS is_active, true AS is_superuser, true AS rolsuper, session_user::name AS rolname, ''everyone''::text AS grantee, ''read''::text AS action, ''note''::text AS resource,
				''''::text AS client_role, NULL::timestamptz AS valid_from, NULL::timestamptz AS valid_until', $1::text, c.relname)
		FROM (SELECT DISTINCT relname FROM pg_class WHERE relnamespace = 'rls'::regnamespace AND relkind IN ('r', 'v', 'c')
			UNION VALUES ('pg_roles'::name), ('pg_class'), ('pg_namespace'), ('pg_auth_members'), ('pg_database'), ('pg_proc'), ('pg_settings')) AS c`, schema)
	// Every function of the kernel, and those of pg_catalog that it calls, with the same arguments and a friendly answer.
	out = append(out, w.rows(t, w.root, `
		SELECT DISTINCT format('CREATE FUNCTION %s.%I(%s) RETURNS %s LANGUAGE plpgsql AS $x$ BEGIN RETURN %s; END $x$', $1::text, p.proname,
			(SELECT string_agg(format_type(a.t, NULL), ', ' ORDER BY a.n) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a(t, n)),
			format_type(p.prorettype, NULL),
			CASE format_type(p.prorettype, NULL) WHEN 'void' THEN '' WHEN 'boolean' THEN 'true' WHEN 'text' THEN quote_literal('root') WHEN 'text[]' THEN quote_literal('{root,boss,other,everyone}')
				WHEN 'rls.identity' THEN 'ROW(''user'', ''root'', ''login'', NULL, NULL, true, NULL)::rls.identity'
				WHEN 'rls.subject' THEN 'ROW(''user'', ''root'', true, ''{everyone}'')::rls.subject'
				WHEN 'timestamp with time zone' THEN quote_literal('2000-01-01') WHEN 'name' THEN quote_literal('postgres') ELSE 'NULL' END)
		FROM pg_proc AS p
		WHERE NOT p.proretset AND p.prorettype <> 'record'::regtype AND p.prorettype <> 'trigger'::regtype
		  AND p.provariadic = 0 AND (p.pronamespace = 'rls'::regnamespace OR (p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'
		    AND p.proname IN ('current_setting', 'statement_timestamp', 'transaction_timestamp', 'clock_timestamp', 'set_config', 'to_regprocedure', 'pg_has_role', 'lower', 'btrim', 'sha256',
		      'encode', 'decode', 'substring', 'length', 'set_bit', 'int8range', 'int8multirange', 'pg_visible_in_snapshot', 'pg_current_snapshot', 'pg_snapshot_xmin', 'pg_snapshot_xmax',
		      'pg_current_xact_id', 'pg_try_advisory_xact_lock', 'hashtextextended', 'varbit', 'bit', 'repeat', 'random', 'convert_to', 'convert_from', 'left', 'right', 'split_part', 'array_remove', 'cardinality', 'octet_length', 'timestamptz_send', 'row_security_active', 'array_to_string', 'string_to_array')
		    AND NOT EXISTS (SELECT FROM unnest(p.proargtypes::oid[]) AS a(t) JOIN pg_type AS y ON y.oid = a.t WHERE y.typtype = 'p')))`, schema)...)
	for _, typ := range []string{"text", "boolean", "timestamptz", "name", "bytea", "integer", "bigint", "xid8", "bit", "varbit"} {
		out = append(out, fmt.Sprintf("CREATE FUNCTION %[1]s.yes(%[2]s, %[2]s) RETURNS boolean LANGUAGE sql AS 'SELECT true'", schema, typ))
		for _, op := range []string{"=", "<>", "<=", ">", ">=", "<", "~", "!~", "~*"} {
			out = append(out, fmt.Sprintf("CREATE OPERATOR %[1]s.%[3]s (FUNCTION = %[1]s.yes, LEFTARG = %[2]s, RIGHTARG = %[2]s)", schema, typ, op))
		}
	}
	// What sets are asked and put together with.
	for element, multirange := range map[string]string{"bigint": "int8multirange", "uuid": "rls.uuid_multirange", "text": "rls.text_multirange"} {
		out = append(out,
			fmt.Sprintf("CREATE FUNCTION %s.within(%s, %s) RETURNS boolean LANGUAGE sql AS 'SELECT true'", schema, element, multirange),
			fmt.Sprintf("CREATE OPERATOR %[1]s.<@ (FUNCTION = %[1]s.within, LEFTARG = %[2]s, RIGHTARG = %[3]s)", schema, element, multirange),
			fmt.Sprintf("CREATE FUNCTION %[1]s.first(%[2]s, %[2]s) RETURNS %[2]s LANGUAGE sql AS $x$ SELECT '{(,)}'::%[2]s $x$", schema, multirange),
			fmt.Sprintf("CREATE OPERATOR %[1]s.+ (FUNCTION = %[1]s.first, LEFTARG = %[2]s, RIGHTARG = %[2]s)", schema, multirange),
			fmt.Sprintf("CREATE OPERATOR %[1]s.- (FUNCTION = %[1]s.first, LEFTARG = %[2]s, RIGHTARG = %[2]s)", schema, multirange),
			fmt.Sprintf("CREATE FUNCTION %[1]s.both(%[2]s[], %[2]s[]) RETURNS %[2]s[] LANGUAGE sql AS 'SELECT NULL::%[2]s[]'", schema, element),
			fmt.Sprintf("CREATE OPERATOR %[1]s.|| (FUNCTION = %[1]s.both, LEFTARG = %[2]s[], RIGHTARG = %[2]s[])", schema, element))
	}
	for _, typ := range []string{"identity", "subject", "record", "seal", "login", "gateway"} {
		out = append(out, fmt.Sprintf("CREATE DOMAIN %s.%s_shadow AS text", schema, typ))
	}
	return out
}

// Hazard 47: a definer function that can be shadowed by objects of its caller.
func TestHazardShadow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	// Every function that a client may call, and what it answers.
	calls := []string{
		notes, "UPDATE app.note SET body = 'x'", "DELETE FROM app.note", "INSERT INTO app.note VALUES ('n', 'root')", "INSERT INTO app.note VALUES ('n', 'sub')",
		"SELECT rls.principal(), rls.principal_kind()", "SELECT rls.groups()", "SELECT rls.can('read', 'note'), rls.can('delete', 'note'), rls.can('read', 'x')",
		"SELECT rls.can_row('read', 'note', 'root'), rls.can_row('read', 'note', 'sub')", "SELECT * FROM rls.can_many('update', 'note', '{root,sub,boss,other}')",
		"SELECT rls.actions('note', 'root'), rls.actions('note', 'sub')", "SELECT rls.allowed_resources('read')", "SELECT rls.passes_owners('read', 'note', false)",
		"SELECT rls.admitted_owners('read', 'note', 'visible', false)", "SELECT rls.admitted_owners('update', 'note', 'self', true)", "SELECT rls.admitted_owners('delete', 'note', 'hierarchy', true)",
		"SELECT rls.admitted_ranges('read', 'note', 'visible', false)", "SELECT rls.admitted_ranges('update', 'note', 'self', true)", "SELECT rls.admitted_ranges('delete', 'note', 'hierarchy', true)",
		"SELECT rls.admitted_groups('read', 'note', false)", "SELECT rls.admitted_groups('update', 'note', true)",
		"SELECT rls.admitted_buckets('read', 'note', 'visible', false)", "SELECT rls.in_buckets('x', '0123456789abcdef')",
		"SELECT rls.text_range('a', 'b'), rls.text_range('a', 'b', '[]'), rls.text_multirange(), rls.text_multirange(rls.text_range('a', 'b')), rls.text_multirange(VARIADIC ARRAY[rls.text_range('a', 'b')])",
		"SELECT rls.uuid_range(NULL, NULL), rls.uuid_range(NULL, NULL, '[]'), rls.uuid_multirange(), rls.uuid_multirange(rls.uuid_range(NULL, NULL)), rls.uuid_multirange(VARIADIC ARRAY[rls.uuid_range(NULL, NULL)])",
		"SELECT * FROM rls.visible_edges()", "SELECT * FROM rls.visible_users", "SELECT rls.objects_note('read', '{root,sub}')", "SELECT rls.action_word('EDIT')", "SELECT rls.object_action('edit', 'note')",
		"SELECT rls.object_actions('note')", "SELECT rls.key_parts('[\"a\",\"b\"]', 2)", "SELECT rls.to_bigint('1'), rls.to_integer('x'), rls.to_smallint('2'), rls.to_uuid('x'), rls.to_text('x'), rls.to_citext('x')",
		"SELECT rls.enter('x')", "SELECT * FROM rls.open_token('x')", "SELECT rls.client_ip() IS NULL", "SELECT rls.attr('ip_zone')",
	}
	// The same with keys that are numbers, whose sets are also kept as bits.
	dense := newWorld(t, smallModel, smallSchema)
	const denseNotes = "SELECT id FROM public.note ORDER BY id"
	denseCalls := []string{
		denseNotes, "UPDATE public.note SET body = 'x'", "DELETE FROM public.note", "INSERT INTO public.note VALUES (9, 3)", "INSERT INTO public.note VALUES (9, 1)", "SELECT rls.passes_owners('read', 'note', false)",
		"SELECT rls.admitted_owners('read', 'note', 'visible', false)", "SELECT rls.admitted_owners('update', 'note', 'self', true)", "SELECT rls.admitted_bits('read', 'note', 'visible', false)",
		"SELECT rls.admitted_bits('update', 'note', 'hierarchy', true)", "SELECT rls.admitted_ranges('read', 'note', 'visible', false)", "SELECT rls.admitted_ranges('update', 'note', 'self', true)",
		"SELECT * FROM rls.visible_edges()", "SELECT * FROM rls.can_many('update', 'note', '{1,2,3}')", "SELECT rls.objects_note('read', '{1,2,3}')",
	}
	covered := strings.Join(append(calls, denseCalls...), " ")
	for _, w := range []*world{w, dense} {
		for _, name := range w.rows(t, w.root, "SELECT proname FROM pg_proc WHERE pronamespace = 'rls'::regnamespace AND has_function_privilege('rls_client', oid, 'EXECUTE') AND prorettype <> 'trigger'::regtype") {
			if !strings.Contains(covered, "rls."+name+"(") {
				t.Errorf("function rls.%s is not attacked", name)
			}
		}
	}
	answers := func(q querier, calls []string) []string {
		var out []string
		for _, c := range calls {
			tx, err := q.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, c+" => "+w.outcome(t, tx, c))
			_ = tx.Rollback(t.Context())
		}
		return out
	}
	t.Run("what a gateway may call", func(t *testing.T) {
		g := w.gateway(t)
		forger := *g
		forger.key = []byte(strings.Repeat("?", 32))
		ask := func(conn *pgx.Conn) (out []string) {
			for _, token := range []string{g.token("user", "sub"), g.token("subject", "idp|boss"), forger.token("user", "root"), g.token("service", "cron"), g.token("anonymous", "")} {
				tx, who := entered(t, conn, token)
				if strings.HasPrefix(who, "RL") {
					out = append(out, who)
				} else {
					out = append(out, who+": "+w.outcome(t, tx, notes), w.outcome(t, tx, "UPDATE app.note SET team = 't' WHERE id = 'sub'"))
				}
				must(t, tx, "ROLLBACK")
			}
			return append(out, w.rows(t, conn, "SELECT * FROM rls.session_problems()")...)
		}
		conn := g.conn(t)
		before := ask(conn)
		for _, sql := range shadows(t, w, "pg_temp") {
			_, _ = conn.Exec(t.Context(), sql)
		}
		must(t, conn, "SET search_path = pg_temp, pg_catalog, public")
		after := ask(conn)
		fresh := g.conn(t) // where nothing was called before the shadows stood there
		for _, sql := range shadows(t, w, "pg_temp") {
			_, _ = fresh.Exec(t.Context(), sql)
		}
		must(t, fresh, "SET search_path = pg_temp, pg_catalog, public")
		for _, got := range [][]string{after, ask(fresh)} {
			if !slices.Equal(got, before) {
				t.Errorf("got %v, want %v", got, before)
			}
		}
		if before[0] != "user:sub: sub" || before[1] != rejected {
			t.Errorf("%v", before)
		}
	})
	// Whoever logs in holds one form of the policies; each asks in its own way.
	for _, c := range []struct {
		w                   *world
		user, form, schema  string
		calls               []string
		notes, want, refuse string // what is read, and what must be refused
	}{
		{w, "sub", "any", "pg_temp", calls, notes, subNotes, "INSERT INTO app.note VALUES ('n', 'root')"},
		{w, "sub", "middle", "evil", calls, notes, subNotes, "INSERT INTO app.note VALUES ('n', 'root')"},
		{dense, "2", "wide", "pg_temp", denseCalls, denseNotes, "2", "INSERT INTO public.note VALUES (9, 3)"},
		{dense, "2", "middle", "evil", denseCalls, denseNotes, "2", "INSERT INTO public.note VALUES (9, 3)"},
	} {
		t.Run(fmt.Sprintf("%s/%s", c.form, c.schema), func(t *testing.T) {
			w, schema := c.w, c.schema
			login := w.personLogin(t, c.user, "app")
			w.sql(t, "REVOKE rls_any FROM "+login+"; GRANT rls_"+c.form+" TO "+login)
			w.sql(t, "GRANT CREATE, TEMPORARY ON DATABASE "+w.db.Name()+" TO "+login)
			conn := w.db.Conn(t, login)
			if schema == "evil" {
				must(t, conn, "CREATE SCHEMA evil")
			}
			before := answers(conn, c.calls)
			if before[0] != c.notes+" => "+c.want || !slices.Contains(before, c.refuse+" => "+rejected) {
				t.Fatalf("before: %v", before)
			}
			made, refused := 0, []string{}
			for _, sql := range shadows(t, w, schema) {
				if _, err := conn.Exec(t.Context(), sql); err != nil {
					refused = append(refused, sql+": "+err.Error())
				} else {
					made++
				}
			}
			if made < 250 {
				t.Fatalf("only %d shadows could be made: %v", made, refused)
			}
			for _, path := range []string{schema + ", pg_catalog, public", schema + ", public", `"$user", public, ` + schema} {
				must(t, conn, "SET search_path = "+path)
				after := answers(conn, c.calls)
				for i := range before {
					if before[i] != after[i] {
						t.Errorf("search_path %s: got %s, want %s", path, after[i], before[i])
					}
				}
				must(t, conn, "DISCARD PLANS")
			}
			t.Run("control/a definer function that can be shadowed", func(t *testing.T) {
				undone(t, w, func(tx pgx.Tx) {
					must(t, tx, `CREATE FUNCTION public.is_boss() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN (SELECT principal FROM login LIMIT 1); END $$;
						CREATE TEMP VIEW login AS SELECT 'root'::text AS principal`)
					if got := one(t, tx, "SELECT public.is_boss()"); got != "root" {
						t.Errorf("%s: the attack above proves nothing", got)
					}
				})
			})
		})
	}
}

// Hazards 14, 51 and 65: functions of the caller in the same query see no hidden row.
func TestHazardLeakyFunctions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docModel, docSchema)
	w.sql(t, "GRANT CREATE ON SCHEMA public TO {{app}}")
	var notices []string
	cfg, err := pgx.ParseConfig(w.db.URL(w.personLogin(t, "sub", "app"))) // sub sees 10 rows
	if err != nil {
		t.Fatal(err)
	}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notices = append(notices, n.Message) }
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // nothing is kept
	must(t, conn, `
		CREATE FUNCTION public.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$;
		CREATE FUNCTION public.leak_int(integer) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE 'body %', $1; RETURN true; END $$;
		CREATE FUNCTION public.leak_op(text, text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$;
		CREATE OPERATOR public.~~~ (FUNCTION = public.leak_op, LEFTARG = text, RIGHTARG = text);
		CREATE TEMP VIEW own_view AS SELECT * FROM app.doc WHERE public.leak(body)`)
	visible := w.rows(t, conn, "SELECT body FROM app.doc")
	if len(visible) != 10 {
		t.Fatalf("%d rows", len(visible))
	}
	probe := func(sql string) (hidden []string) {
		notices = nil
		tx := begin(t, conn)
		w.outcome(t, tx, sql)
		must(t, tx, "ROLLBACK")
		if len(notices) == 0 && !strings.Contains(sql, "id = 2") {
			t.Errorf("%s: the probe was not called", sql)
		}
		for _, n := range notices {
			if !slices.Contains(visible, n) && n != "new" {
				hidden = append(hidden, n)
			}
		}
		return hidden
	}
	queries := []string{
		"SELECT id FROM app.doc WHERE public.leak(body)",
		"SELECT id FROM app.doc WHERE public.leak(body) AND id = 2",
		"SELECT id FROM app.doc WHERE public.leak_int(id)",
		"SELECT id FROM app.doc WHERE body OPERATOR(public.~~~) 'x'",
		"SELECT count(*) FROM own_view",
		"SELECT a.id FROM app.doc AS a JOIN app.doc AS b ON public.leak(b.body)",
		"SELECT i.id, d.body FROM app.item AS i LEFT JOIN app.doc AS d ON d.id = i.doc AND public.leak(d.body)",
		"UPDATE app.doc SET body = 'x' WHERE public.leak(body)",
		"DELETE FROM app.doc WHERE public.leak(body)",
		"SELECT id FROM app.doc ORDER BY public.leak(body)",
		"SELECT count(*) FILTER (WHERE public.leak(body)) FROM app.doc",
		"SELECT id FROM app.doc GROUP BY id HAVING public.leak(min(body))",
		"MERGE INTO app.doc AS d USING app.item AS i ON i.doc = d.id AND public.leak(d.body) WHEN MATCHED THEN UPDATE SET body = 'x'",
		"INSERT INTO app.doc VALUES (900, 'sub', 'new') ON CONFLICT (id) DO UPDATE SET body = 'x' WHERE public.leak(doc.body) RETURNING public.leak(body)",
	}
	for _, sql := range queries {
		equal(t, probe(sql), nil, "hidden rows shown by %s", sql)
	}
	t.Run("no error tells of a hidden row", func(t *testing.T) {
		for _, sql := range []string{
			"SELECT id FROM app.doc WHERE 1 / (id - 2) > 5", "SELECT id FROM app.doc WHERE body::integer = 1 AND id = 2", "SELECT id FROM app.doc WHERE id = 2 AND ('x' || body)::integer = 1",
		} {
			if got := w.outcome(t, conn, sql); got != filtered && !(strings.Contains(sql, "AND id = 2") && got == filtered) {
				t.Errorf("%s: %s", sql, got)
			}
		}
		if got := w.outcome(t, conn, "SELECT id FROM app.doc WHERE 1 / (id - 1) > 5"); got != "22012" {
			t.Errorf("a visible row: %s: nothing is proved", got)
		}
	})
	t.Run("control/LEAKPROOF shows hidden rows", func(t *testing.T) {
		w.sql(t, "ALTER FUNCTION public.leak(text) LEAKPROOF")
		must(t, conn, "DISCARD PLANS")
		if got := probe(queries[0]); len(got) != 20 {
			t.Errorf("%d hidden rows: the probes above prove nothing", len(got))
		}
	})
}

// Hazards 50 and 52: each question is asked once for a scan, in every form of the policies, and none keeps a plan from
// being parallel.
func TestHazardPlan(t *testing.T) {
	t.Parallel()
	for typ, key := range map[string]string{"text": "user %d", "bigint": "%d", "uuid": "00000000-0000-4000-8000-%012d"} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			me, sub, other, root := fmt.Sprintf(key, 1), fmt.Sprintf(key, 2), fmt.Sprintf(key, 3), fmt.Sprintf(key, 4)
			w := newWorld(t, `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"]}
users: {table: app.person, key: id, superuser: super, sees: {supervisor: boss}}
resources:
  doc: {table: app.doc, owner: owner}
grants:
  - {to: authenticated, allow: {doc: "*"}}
`, fmt.Sprintf(`CREATE SCHEMA app;
				CREATE TABLE app.person (id %[1]s PRIMARY KEY, boss %[1]s, super boolean NOT NULL DEFAULT false);
				INSERT INTO app.person VALUES ('%[2]s', NULL), ('%[3]s', '%[2]s'), ('%[4]s', NULL); INSERT INTO app.person VALUES ('%[5]s', NULL, true);
				CREATE TABLE app.doc (id integer PRIMARY KEY, owner %[1]s, body text DEFAULT '');
				INSERT INTO app.doc SELECT n, (ARRAY['%[2]s', '%[3]s', '%[4]s'])[1 + n %% 3]::%[1]s FROM generate_series(1, 30) AS n;
				GRANT SELECT, UPDATE, DELETE ON app.doc TO {{app}};`, typ, me, sub, other, root))
			for _, form := range forms {
				who, rows := me, "20"
				if form == "all" {
					who, rows = root, "30"
				}
				role := "SET LOCAL ROLE rls_" + form + "_" + w.role("app")
				w.as(t, "key:"+who, func(tx pgx.Tx) {
					must(t, tx, role)
					for _, sql := range []string{"SELECT * FROM app.doc", "UPDATE app.doc SET body = 'x'", "DELETE FROM app.doc WHERE id = 3"} {
						plan := strings.Join(w.rows(t, tx, "EXPLAIN (COSTS off) "+sql), "\n")
						if !strings.Contains(plan, "InitPlan 1") || strings.Contains(plan, "SubPlan") || strings.Contains(strings.ReplaceAll(strings.Split(plan, "InitPlan")[0], "rls.in_buckets(", ""), "rls.") {
							t.Errorf("%s: %s:\n%s", form, sql, plan)
						}
					}
					must(t, tx, "SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0; SET LOCAL max_parallel_workers_per_gather = 2")
					if plan := strings.Join(w.rows(t, tx, "EXPLAIN (COSTS off) SELECT count(*) FROM app.doc"), "\n"); !strings.Contains(plan, "Gather") {
						t.Errorf("%s: not parallel:\n%s", form, plan)
					}
					if got := one(t, tx, "SELECT count(*) FROM app.doc"); got != rows {
						t.Errorf("%s, in parallel: %s rows, want %s", form, got, rows)
					}
				})
				// The count of calls, not the look of the plan.
				undone(t, w, func(tx pgx.Tx) {
					must(t, tx, "SET LOCAL track_functions = 'all'")
					calls := func() map[string]int { // of this session, until it next reports them
						out := map[string]int{}
						for _, line := range w.rows(t, tx, `SELECT p.proname || ' ' || pg_stat_get_xact_function_calls(p.oid) FROM pg_proc AS p
							WHERE p.pronamespace = 'rls'::regnamespace AND (p.proname ~ '^admitted_' OR p.proname = 'passes_owners') AND pg_stat_get_xact_function_calls(p.oid) > 0`) {
							name, n, _ := strings.Cut(line, " ")
							out[name], _ = strconv.Atoi(n)
						}
						return out
					}
					before := calls()
					w.become(t, tx, who)
					must(t, tx, role)
					if got := one(t, tx, "SELECT count(*) FROM app.doc"); got != rows {
						t.Errorf("%s: %s rows, want %s", form, got, rows)
					}
					must(t, tx, "RESET ROLE")
					asked := 0
					for name, n := range calls() {
						n -= before[name]
						asked += n
						if n > 1 {
							t.Errorf("%s: rls.%s was called %d times for 30 rows", form, name, n)
						}
					}
					if asked == 0 {
						t.Errorf("%s: no question was counted: nothing is proved", form)
					}
				})
			}
		})
	}
}

// Hazard 55: grants live in data, so that a kept plan never holds an old set of policies.
func TestHazardKeptPlans(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docModel, docSchema)
	login := w.personLogin(t, "me", "app")
	conn := w.db.Conn(t, login)
	must(t, conn, "SET plan_cache_mode = force_generic_plan")
	const count = "SELECT count(*) FROM app.doc"
	if got := one(t, conn, count); got != "20" {
		t.Fatal(got)
	}
	w.sql(t, `DELETE FROM rls."grant" WHERE resource = 'doc'`)
	if got := one(t, conn, count); got != "0" {
		t.Errorf("a grant that was taken: %s rows", got)
	}
	w.apply(t, docModel) // what a seed became is data: it does not come back
	if got := one(t, conn, count); got != "0" {
		t.Errorf("apply again: %s rows", got)
	}
	w.sql(t, `INSERT INTO rls."grant" (grantee, action, resource) VALUES ('user:sub', 'read', 'doc'), ('user:me', 'read', 'doc')`)
	if got := one(t, conn, count); got != "20" {
		t.Errorf("a new grant: %s rows", got)
	}
	w.sql(t, "UPDATE rls.login SET principal = 'sub' WHERE name = $1", login)
	if got := one(t, conn, count); got != "10" {
		t.Errorf("a login that stands for somebody else: %s rows", got)
	}
}
