-- What reads or writes tables by itself, as one JSON document in the shape of policies.Reader, with the text of functions
-- that the server itself does not look into.
WITH own AS MATERIALIZED (
    SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'rls') AND n.nspname !~ '^pg_(toast|temp)'
), extension AS MATERIALIZED (
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d WHERE d.deptype = 'e'
), relation AS MATERIALIZED (
    SELECT c.oid, c.relkind, c.relowner, c.relacl, c.reloptions, c.relname,
           format('%I.%I', n.nspname, c.relname) AS title,
           '"' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"' AS identity
    FROM pg_catalog.pg_class AS c JOIN own AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
      AND NOT EXISTS (SELECT FROM extension AS e WHERE e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid)
), routine AS MATERIALIZED (
    SELECT p.*, l.lanname, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS title,
           '"' || replace(n.nspname, '"', '""') || '"."' || replace(p.proname, '"', '""') || '"(' || pg_get_function_identity_arguments(p.oid) || ')' AS identity
    FROM pg_catalog.pg_proc AS p
    JOIN own AS n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang
    WHERE p.prokind <> 'a'
      AND NOT EXISTS (SELECT FROM extension AS e WHERE e.classid = 'pg_catalog.pg_proc'::regclass AND e.objid = p.oid)
), uses AS MATERIALIZED (
    -- classid and objid use what identity names: views and rules by their rewrite rule, functions by their parsed body
    SELECT DISTINCT d.classid, d.objid, coalesce(r.identity, f.identity) AS identity
    FROM pg_catalog.pg_depend AS d
    LEFT JOIN relation AS r ON d.refclassid = 'pg_catalog.pg_class'::regclass AND r.oid = d.refobjid
    LEFT JOIN routine AS f ON d.refclassid = 'pg_catalog.pg_proc'::regclass AND f.oid = d.refobjid
    WHERE d.deptype IN ('n', 'a')
      AND d.classid IN ('pg_catalog.pg_rewrite'::regclass, 'pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_attrdef'::regclass)
      AND coalesce(r.identity, f.identity) IS NOT NULL
), found AS (
    SELECT CASE r.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END AS kind, r.identity AS name, r.title, '' AS on_table, r.relowner AS owner,
           r.relkind = 'm' OR NOT EXISTS (SELECT FROM unnest(r.reloptions) AS o(text) WHERE o.text ~* '^security_invoker=(true|on|yes|1)$') AS as_owner,
           ARRAY(SELECT u.identity FROM uses AS u JOIN pg_catalog.pg_rewrite AS w ON w.oid = u.objid AND w.ev_class = r.oid AND w.rulename = '_RETURN'
                 WHERE u.classid = 'pg_catalog.pg_rewrite'::regclass AND u.identity <> r.identity) AS reads,
           ARRAY(SELECT CASE x.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(x.grantee) END FROM aclexplode(r.relacl) AS x
                 WHERE x.privilege_type = 'SELECT' AND x.grantee <> r.relowner) AS users,
           '' AS source, '' AS path
    FROM relation AS r WHERE r.relkind IN ('v', 'm')
    UNION ALL
    SELECT 'function', f.identity, f.title, '', f.proowner, f.prosecdef,
           ARRAY(SELECT u.identity FROM uses AS u WHERE u.classid = 'pg_catalog.pg_proc'::regclass AND u.objid = f.oid AND u.identity <> f.identity),
           ARRAY(SELECT CASE x.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(x.grantee) END FROM aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) AS x
                 WHERE x.privilege_type = 'EXECUTE' AND x.grantee <> f.proowner),
           CASE WHEN f.prosqlbody IS NULL AND f.lanname NOT IN ('c', 'internal') THEN f.prosrc ELSE coalesce(pg_get_function_sqlbody(f.oid), '') END,
           coalesce((SELECT substr(s.text, 13) FROM unnest(f.proconfig) AS s(text) WHERE s.text LIKE 'search_path=%'), '')
    FROM routine AS f
    UNION ALL
    SELECT 'trigger', r.identity || '.' || quote_ident(t.tgname), format('%I ON %s', t.tgname, r.title), r.identity, r.relowner, false,
           ARRAY(SELECT f.identity FROM routine AS f WHERE f.oid = t.tgfoid), ARRAY[]::text[], '', ''
    FROM pg_catalog.pg_trigger AS t JOIN relation AS r ON r.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgparentid = 0
    UNION ALL
    SELECT 'rule', r.identity || '.' || quote_ident(w.rulename), format('%I ON %s', w.rulename, r.title), r.identity, r.relowner, true,
           ARRAY(SELECT u.identity FROM uses AS u WHERE u.classid = 'pg_catalog.pg_rewrite'::regclass AND u.objid = w.oid AND u.identity <> r.identity),
           ARRAY[]::text[], '', ''
    FROM pg_catalog.pg_rewrite AS w JOIN relation AS r ON r.oid = w.ev_class WHERE w.rulename <> '_RETURN'
    UNION ALL
    SELECT 'default', r.identity || '.' || quote_ident(a.attname), format('%I OF %s', a.attname, r.title), r.identity, r.relowner, false,
           ARRAY(SELECT u.identity FROM uses AS u WHERE u.classid = 'pg_catalog.pg_attrdef'::regclass AND u.objid = d.oid AND u.identity <> r.identity),
           ARRAY[]::text[], pg_get_expr(d.adbin, d.adrelid), ''
    FROM pg_catalog.pg_attrdef AS d
    JOIN relation AS r ON r.oid = d.adrelid
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
    UNION ALL
    SELECT 'publication', quote_ident(b.pubname), quote_ident(b.pubname), '', b.pubowner, true,
           ARRAY(SELECT r.identity FROM pg_catalog.pg_publication_tables AS t JOIN relation AS r ON r.title = format('%I.%I', t.schemaname, t.tablename)
                 WHERE t.pubname = b.pubname), ARRAY[]::text[], '', ''
    FROM pg_catalog.pg_publication AS b
), compared AS MATERIALIZED (
    -- views that compare a column with a function of a sub-select, as their parse trees say: which function, or NULL for a cast
    SELECT r.identity, m.found[1]::oid AS function
    FROM relation AS r
    JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = r.oid AND w.rulename = '_RETURN'
    CROSS JOIN LATERAL regexp_matches(w.ev_action::text, ':args \(\{(?:RELABELTYPE :arg \{)?VAR [^{}]*\}(?: [^{}]*\})? '
        || '\{(?:(?:OPEXPR :opno \d+ :opfuncid|FUNCEXPR :funcid) (\d+) [^{}]*:args \((?:\{CONST [^{}]*\} )?|(?:COERCEVIAIO|ARRAYCOERCEEXPR) :arg )'
        || '\{SUBLINK :subLinkType 4', 'g') AS m(found)
    WHERE r.relkind = 'v'
)
SELECT coalesce(json_agg(json_build_object(
    'over_sub_select', EXISTS (SELECT FROM compared AS c LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = c.function
        WHERE f.kind = 'view' AND c.identity = f.name AND p.proleakproof IS NOT TRUE),
    'kind', f.kind, 'name', f.name, 'title', f.title, 'table', f.on_table, 'owner', pg_get_userbyid(f.owner), 'as_owner', f.as_owner,
    'reads', (SELECT json_agg(x.name ORDER BY x.name COLLATE "C") FROM unnest(f.reads) AS x(name)),
    'users', (SELECT json_agg(DISTINCT x.name) FROM unnest(f.users) AS x(name)),
    'source', f.source, 'path', f.path) ORDER BY f.kind COLLATE "C", f.name COLLATE "C"), '[]'::json)
FROM found AS f
