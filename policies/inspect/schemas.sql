-- The schemas of this database as one JSON document in the shape of policies.Schema, without PostgreSQL's own and that of the toolkit's locks.
SELECT coalesce(json_agg(json_build_object(
    'name', n.nspname,
    'usage', (SELECT json_agg(DISTINCT CASE x.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(x.grantee) END)
              FROM aclexplode(n.nspacl) AS x WHERE x.privilege_type = 'USAGE')
    ) ORDER BY n.nspname COLLATE "C"), '[]'::json)
FROM pg_catalog.pg_namespace AS n
WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'rls_lock')
