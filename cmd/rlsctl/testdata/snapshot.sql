-- Everything that a change of the schema could touch, one line each, in an order that does not depend on history.
BEGIN TRANSACTION READ ONLY;
SET LOCAL search_path = pg_catalog, pg_temp;

SELECT 'table', c.oid::regclass, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relowner::regrole, c.reloptions,
    ARRAY(SELECT concat_ws(' ', x.grantee::regrole, x.privilege_type, x.is_grantable)
          FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS x ORDER BY 1)
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
ORDER BY c.oid::regclass::text COLLATE "C";

SELECT 'column', a.attrelid::regclass, a.attname,
    ARRAY(SELECT concat_ws(' ', x.grantee::regrole, x.privilege_type) FROM aclexplode(a.attacl) AS x ORDER BY 1)
FROM pg_attribute AS a WHERE a.attacl IS NOT NULL ORDER BY a.attrelid::regclass::text COLLATE "C", a.attname;

SELECT 'policy', p.* FROM pg_policies AS p ORDER BY p.schemaname COLLATE "C", p.tablename COLLATE "C", p.policyname COLLATE "C";

SELECT 'trigger', t.tgrelid::regclass, t.tgenabled, pg_get_triggerdef(t.oid) FROM pg_trigger AS t WHERE NOT t.tgisinternal
ORDER BY pg_get_triggerdef(t.oid) COLLATE "C";

SELECT 'function', p.oid::regprocedure, p.proowner::regrole, md5(pg_get_functiondef(p.oid)),
    ARRAY(SELECT concat_ws(' ', x.grantee::regrole, x.privilege_type)
          FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS x ORDER BY 1)
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.prokind = 'f' ORDER BY p.oid::regprocedure::text COLLATE "C";

SELECT 'schema', n.nspname, n.nspowner::regrole,
    ARRAY(SELECT concat_ws(' ', x.grantee::regrole, x.privilege_type)
          FROM aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS x ORDER BY 1)
FROM pg_namespace AS n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY n.nspname COLLATE "C";

-- Membership in rls_client stays while another database of the server uses it, and what is "narrowed" is told by it.
-- USAGE of schemas is told above; here it names every role of the server, other tests' among them, and so do roles.
SELECT 'state', s.* FROM rls.object_state AS s
WHERE s.kind NOT IN ('membership', 'role') AND s.name NOT LIKE '"narrowed".%' AND s.fingerprint <> 'usage' ORDER BY s.kind, s.name COLLATE "C", s.fingerprint;
SELECT 'compiled', i.kind, i.name, i.hash, i.fingerprint, i.undo FROM rls.compiled AS i ORDER BY i.kind, i.name COLLATE "C";
SELECT 'grant', g.grantee, g.action, g.resource, g.valid_from, g.valid_until FROM rls."grant" AS g
ORDER BY g.resource, g.grantee, g.action, g.valid_from;
COMMIT;
