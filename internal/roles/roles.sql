-- Every database role that this database names, in the shape of roles.Role: owners, whoever holds a privilege, and what the
-- toolkit relies on. Without PostgreSQL's own.
WITH used (name, rank, kind) AS (
    SELECT k.name, 1, 'kernel' FROM unnest(ARRAY['rls_owner', 'rls_client', 'rls_any', 'rls_narrow', 'rls_middle', 'rls_wide', 'rls_all']) AS k(name)
    UNION ALL SELECT p.role, 3, 'plan' FROM rls.plan_role AS p
    UNION ALL SELECT d.name, 2, d.kind FROM rls.database_role AS d
    UNION ALL SELECT l.name, 4, l.kind FROM rls.login AS l
    UNION ALL SELECT i.role, 5, 'stands for a user' FROM rls.impersonation AS i
    UNION ALL SELECT r.rolname, 6, 'other' FROM pg_catalog.pg_shdepend AS s JOIN pg_catalog.pg_roles AS r ON r.oid = s.refobjid
    WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass
      AND (s.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database())
           OR s.classid = 'pg_catalog.pg_database'::regclass AND s.objid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database()))
), listed AS (
    SELECT DISTINCT ON (u.name) u.name, u.rank, u.kind, r.*
    FROM used AS u JOIN pg_catalog.pg_roles AS r ON r.rolname = u.name
    WHERE r.rolname !~ '^pg_'
    ORDER BY u.name, u.rank
)
SELECT coalesce(json_agg(json_build_object(
    'role', l.name,
    'kind', l.kind,
    'login', l.rolcanlogin,
    'inherit', l.rolinherit,
    'powers', (SELECT json_agg(p.name) FROM (VALUES ('SUPERUSER', l.rolsuper), ('BYPASSRLS', l.rolbypassrls), ('CREATEROLE', l.rolcreaterole),
        ('CREATEDB', l.rolcreatedb), ('REPLICATION', l.rolreplication)) AS p(name, has) WHERE p.has),
    'member_of', (
        SELECT json_agg(json_build_object('role', m.name, 'admin', m.admin, 'options', m.options) ORDER BY m.name)
        FROM (
            SELECT o.name, bool_or(a.admin_option) AS admin,
                   coalesce('INHERIT ' || upper(bool_or((to_jsonb(a) ->> 'inherit_option')::boolean)::text)
                       || ', SET ' || upper(bool_or((to_jsonb(a) ->> 'set_option')::boolean)::text), '') AS options
            FROM pg_catalog.pg_auth_members AS a JOIN listed AS o ON o.oid = a.roleid
            WHERE a.member = l.oid
              -- Whoever makes a role gets one that shows nothing.
              AND coalesce((to_jsonb(a) ->> 'set_option')::boolean OR (to_jsonb(a) ->> 'inherit_option')::boolean, true)
            GROUP BY o.name) AS m)
    ) ORDER BY l.rank, l.oid), '[]'::json) -- in the order in which they were made: pg_dump writes them in that order
FROM listed AS l
