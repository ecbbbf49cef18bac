-- The database roles of the cluster as one JSON document in the shape of policies.Role, without PostgreSQL's own.
SELECT coalesce(json_agg(json_build_object(
    'name', r.rolname,
    'superuser', r.rolsuper,
    'bypass_rls', r.rolbypassrls,
    'create_role', r.rolcreaterole,
    'inherit', r.rolinherit,
    'login', r.rolcanlogin,
    'member_of', (SELECT json_agg(DISTINCT g.rolname) FROM pg_catalog.pg_auth_members AS m
                  JOIN pg_catalog.pg_roles AS g ON g.oid = m.roleid WHERE m.member = r.oid)
    ) ORDER BY r.rolname COLLATE "C"), '[]'::json)
FROM pg_catalog.pg_roles AS r
WHERE r.rolname !~ '^pg_'
