-- A fingerprint of everything in this database that apply could have made, by the names that the manifest uses:
-- every part always quoted. What was changed by hand has another fingerprint; what was dropped is not here.
CREATE OR REPLACE VIEW rls.object_state WITH (security_invoker = true) AS
SELECT 'view'::text AS kind,
       '"rls"."' || replace(c.relname, '"', '""') || '"' AS name,
       md5(concat_ws('|', pg_get_viewdef(c.oid), c.reloptions, c.relowner::regrole, coalesce(c.relacl, acldefault('r', c.relowner)))) AS fingerprint
FROM pg_catalog.pg_class AS c
WHERE c.relnamespace = 'rls'::regnamespace AND c.relkind = 'v'
UNION ALL
SELECT 'function',
       '"rls"."' || replace(p.proname, '"', '""') || '"',
       md5(concat_ws('|', pg_get_functiondef(p.oid), p.proowner::regrole, coalesce(p.proacl, acldefault('f', p.proowner))))
FROM pg_catalog.pg_proc AS p
WHERE p.pronamespace = 'rls'::regnamespace AND p.prokind = 'f'
  AND p.prolang <> (SELECT l.oid FROM pg_catalog.pg_language AS l WHERE l.lanname = 'internal') -- the constructors of range types
UNION ALL
SELECT 'policy',
       '"' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"."' || replace(p.polname, '"', '""') || '"',
       md5(concat_ws('|', p.polcmd, p.polpermissive,
           ARRAY(SELECT CASE r.id WHEN 0 THEN 'public' ELSE r.id::regrole::text END FROM unnest(p.polroles) AS r(id) ORDER BY 1),
           coalesce(pg_get_expr(p.polqual, p.polrelid), '-'), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '-')))
FROM pg_catalog.pg_policy AS p
JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
UNION ALL
SELECT 'trigger',
       '"' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"."' || replace(t.tgname, '"', '""') || '"',
       md5(concat_ws('|', pg_get_triggerdef(t.oid), t.tgenabled,
           -- A partition has the triggers of its root, and somebody may have switched one off there.
           (SELECT string_agg(p.relid::regclass::text, ',' ORDER BY p.relid::regclass::text)
            FROM pg_partition_tree(CASE c.relkind WHEN 'p' THEN c.oid END) AS p
            JOIN pg_catalog.pg_trigger AS o ON o.tgrelid = p.relid AND o.tgname = t.tgname AND o.tgenabled <> t.tgenabled)))
FROM pg_catalog.pg_trigger AS t
JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid AND f.pronamespace = 'rls'::regnamespace
JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal
UNION ALL
SELECT 'row_security',
       '"' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"',
       md5(concat_ws('|', c.relrowsecurity, c.relforcerowsecurity))
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND (c.relrowsecurity OR c.relforcerowsecurity)
UNION ALL
SELECT 'membership',
       '"' || replace(r.rolname, '"', '""') || '"."' || replace(u.rolname, '"', '""') || '"',
       'member'
FROM pg_catalog.pg_auth_members AS m
JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid AND left(r.rolname, 4) = 'rls_'
JOIN pg_catalog.pg_roles AS u ON u.oid = m.member
GROUP BY r.rolname, u.rolname
UNION ALL
-- Plan roles: what they may, and whose privileges they have.
SELECT 'role',
       '"' || replace(r.rolname, '"', '""') || '"',
       md5(concat_ws('|', r.rolcanlogin, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb, r.rolinherit,
           (SELECT string_agg(DISTINCT o.rolname, ',' ORDER BY o.rolname) FROM pg_catalog.pg_auth_members AS m
            JOIN pg_catalog.pg_roles AS o ON o.oid = m.roleid WHERE m.member = r.oid)))
FROM pg_catalog.pg_roles AS r
WHERE left(r.rolname, 4) = 'rls_'
UNION ALL
-- What rls_owner may read of the tables that the graph is read from.
SELECT 'privilege',
       '"rls_owner"."' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"',
       md5(string_agg(a.attname || '=' || x.privilege_type, ',' ORDER BY a.attnum, x.privilege_type))
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL aclexplode(a.attacl) AS x
WHERE x.grantee = to_regrole('rls_owner')
GROUP BY n.nspname, c.relname
UNION ALL
-- USAGE of schemas, by itself or through PUBLIC: who applies need not be able to grant what everybody has.
SELECT DISTINCT 'privilege',
       '"' || replace(r.rolname, '"', '""') || '"."' || replace(n.nspname, '"', '""') || '"',
       'usage'
FROM pg_catalog.pg_namespace AS n
CROSS JOIN LATERAL aclexplode(n.nspacl) AS x
JOIN pg_catalog.pg_roles AS r ON r.oid = x.grantee OR x.grantee = 0
WHERE x.privilege_type = 'USAGE' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
UNION ALL
-- Which roles may impersonate.
SELECT 'privilege',
       '"impersonate"."' || replace(r.rolname, '"', '""') || '"',
       md5(string_agg(p.proname, ',' ORDER BY p.proname))
FROM pg_catalog.pg_proc AS p
CROSS JOIN LATERAL aclexplode(p.proacl) AS x
JOIN pg_catalog.pg_roles AS r ON r.oid = x.grantee AND r.rolname <> 'rls_owner'
WHERE p.pronamespace = 'rls'::regnamespace AND p.proname IN ('impersonate', 'open_impersonation')
GROUP BY r.rolname
UNION ALL
-- Which roles may administer: by functions, and the kernel's own users and groups.
SELECT 'privilege',
       '"administer"."' || replace(h.role, '"', '""') || '"',
       md5(string_agg(h.what, ',' ORDER BY h.what))
FROM (
    SELECT r.rolname AS role, p.proname::text AS what
    FROM pg_catalog.pg_proc AS p
    CROSS JOIN LATERAL aclexplode(p.proacl) AS x
    JOIN pg_catalog.pg_roles AS r ON r.oid = x.grantee AND r.rolname <> 'rls_owner'
    WHERE p.pronamespace = 'rls'::regnamespace
      AND p.proname IN ('directory_mapping', 'resource_actions', 'list_grants', 'put_grant', 'take_grant', 'take_grant_by_id')
    UNION ALL
    SELECT r.rolname, c.relname || '=' || x.privilege_type
    FROM pg_catalog.pg_class AS c
    CROSS JOIN LATERAL aclexplode(c.relacl) AS x
    JOIN pg_catalog.pg_roles AS r ON r.oid = x.grantee AND r.rolname <> 'rls_owner'
    WHERE c.relnamespace = 'rls'::regnamespace AND c.relname IN ('user', 'group', 'group_member')
      AND x.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
) AS h(role, what)
GROUP BY h.role
UNION ALL
-- What clients hold on tables that row security does not filter: TRUNCATE and the like.
SELECT 'privilege',
       '"narrowed"."' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"',
       md5(coalesce((
           SELECT string_agg(g.name || '=' || x.privilege_type, ',' ORDER BY g.name, x.privilege_type, x.attnum)
           FROM (SELECT 0 AS attnum, r.grantee, r.privilege_type FROM aclexplode(c.relacl) AS r
                 UNION ALL
                 SELECT a.attnum, r.grantee, r.privilege_type FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS r
                 WHERE a.attrelid = c.oid AND NOT a.attisdropped) AS x
           CROSS JOIN LATERAL (SELECT CASE x.grantee WHEN 0 THEN 'public' ELSE x.grantee::regrole::text END) AS g(name)
           WHERE x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
             AND (x.grantee = 0 OR EXISTS (
                 SELECT FROM pg_catalog.pg_auth_members AS m
                 WHERE m.roleid = to_regrole('rls_client') AND m.member = x.grantee))), ''))
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
UNION ALL
SELECT 'registry', '"resource"."' || replace(r.name, '"', '""') || '"', md5(r::text)
FROM rls.resource AS r
UNION ALL
SELECT 'registry', '"role"."' || replace(d.name, '"', '""') || '"', md5(d::text)
FROM rls.database_role AS d
UNION ALL
SELECT 'registry', '"schema"."' || replace(s.name, '"', '""') || '"', md5(s::text)
FROM rls.schema_rule AS s
UNION ALL
SELECT 'registry', '"plan"."' || replace(p.client_role, '"', '""') || '"."' || p.form || '"', md5(p::text)
FROM rls.plan_role AS p
UNION ALL
SELECT 'registry', '"service"."' || s.name || '"', md5(s::text)
FROM rls.service AS s
UNION ALL
SELECT 'registry', '"allow"."' || a.service || '"."' || replace(a.resource, '"', '""') || '"."' || replace(a.action, '"', '""') || '"', md5(a::text)
FROM rls.service_allow AS a
UNION ALL
SELECT 'registry', '"attribute"."' || a.name || '"', md5(a::text)
FROM rls.session_attribute AS a
UNION ALL
SELECT 'registry', '"directory"', md5(d::text)
FROM rls.directory AS d;
REVOKE ALL ON rls.object_state FROM PUBLIC;
COMMENT ON VIEW rls.object_state IS 'A fingerprint of everything that apply could have made.';
