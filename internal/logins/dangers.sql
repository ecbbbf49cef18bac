-- What a database role is, or can become by its memberships, that no login of a principal may be: a row per reason.
WITH RECURSIVE reach (login, role) AS (
    SELECT r.oid, r.oid FROM pg_catalog.pg_roles AS r WHERE r.rolname = ANY ($1::text[])
    UNION
    -- Since PostgreSQL 16 a membership can be empty; one with ADMIN alone can be made a full one by its holder.
    SELECT x.login, m.roleid FROM reach AS x
    JOIN pg_catalog.pg_auth_members AS m ON m.member = x.role
    WHERE m.admin_option
       OR coalesce((to_jsonb(m) ->> 'set_option')::boolean OR (to_jsonb(m) ->> 'inherit_option')::boolean, true)
)
SELECT l.rolname::text, r.rolname::text, p.problem
FROM reach AS x
JOIN pg_catalog.pg_roles AS l ON l.oid = x.login
JOIN pg_catalog.pg_roles AS r ON r.oid = x.role
CROSS JOIN LATERAL (
    SELECT 1 AS place, 'is a database superuser' AS problem WHERE r.rolsuper
    UNION ALL SELECT 2, 'has BYPASSRLS' WHERE r.rolbypassrls
    UNION ALL SELECT 3, 'has CREATEROLE' WHERE r.rolcreaterole
    UNION ALL SELECT 4, 'has REPLICATION' WHERE r.rolreplication
    UNION ALL SELECT 5, 'reaches the files or programs of the server'
        WHERE r.rolname IN ('pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program')
    UNION ALL SELECT 5, 'reads or writes every table, the keys of gateways among them'
        WHERE r.rolname IN ('pg_read_all_data', 'pg_write_all_data')
    UNION ALL SELECT 6, 'owns the toolkit''s functions' WHERE r.rolname = 'rls_owner'
    UNION ALL SELECT 7, 'is a maintenance role'
        WHERE EXISTS (SELECT FROM rls.database_role AS d WHERE d.kind = 'maintenance' AND d.name = r.rolname)
    UNION ALL SELECT 8, 'owns the protected table ' || format('%I.%I', s.table_schema, s.table_name)
        FROM rls.protected_table AS s
        JOIN pg_catalog.pg_class AS c ON c.oid = s.oid
        WHERE c.relowner = r.oid AND r.rolname <> 'rls_owner'
    UNION ALL SELECT 9, 'is another principal''s login'
        WHERE x.role <> x.login
          AND EXISTS (SELECT FROM rls.login AS k WHERE k.name = r.rolname
                      UNION ALL SELECT FROM rls.impersonation AS i WHERE i.role = r.rolname)
          AND NOT EXISTS (SELECT FROM rls.impersonation AS i WHERE i.login = l.rolname AND i.role = r.rolname)
) AS p
ORDER BY l.rolname COLLATE "C", x.role <> x.login, r.rolname COLLATE "C", p.place, p.problem
