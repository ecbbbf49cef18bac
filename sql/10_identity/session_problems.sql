-- Why this login must not serve as a gateway, a line each; no row where it may.
CREATE OR REPLACE FUNCTION rls.session_problems()
RETURNS SETOF text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
ROWS 1
AS $$
DECLARE
    gate rls.gateway;
BEGIN
    SELECT g.* INTO gate FROM rls.gateway AS g JOIN rls.login AS l ON l.name = g.login AND l.kind = 'gateway'
    WHERE g.login = session_user;
    IF NOT FOUND THEN
        RETURN NEXT format('login %I is not registered as a gateway', session_user);
    ELSIF NOT gate.signed THEN
        RETURN NEXT format('unsigned gateway: whoever connects as %I can claim to be anybody', session_user);
    ELSIF NOT EXISTS (SELECT FROM rls.gateway_key AS k WHERE k.gateway = gate.login AND k.inner_pad IS NOT NULL) THEN
        RETURN NEXT format('gateway %I has no key', session_user);
    END IF;
    IF EXISTS (SELECT FROM rls.seal AS s JOIN pg_database AS d ON d.datname = current_database() WHERE s.drawn_in <> d.oid) THEN
        RETURN NEXT 'this database is a copy, and believes the tokens of the original: run rlsctl key reseal';
    END IF;
    -- In what the login is, or can become by SET ROLE.
    RETURN QUERY
        SELECT format('login %I %s %I, which %s', session_user,
                      CASE WHEN r.rolname = session_user THEN 'is' ELSE 'is a member of' END, r.rolname, p.problem)
        FROM pg_roles AS r
        CROSS JOIN LATERAL (
            SELECT 'is a database superuser' AS problem WHERE r.rolsuper
            UNION ALL SELECT 'has BYPASSRLS' WHERE r.rolbypassrls
            UNION ALL SELECT 'owns the toolkit''s functions' WHERE r.rolname = 'rls_owner'
            UNION ALL SELECT 'is a maintenance role'
                WHERE EXISTS (SELECT FROM rls.database_role AS d WHERE d.kind = 'maintenance' AND d.name = r.rolname)
            -- With its table privileges the rows of a principal could be had that entered for this login's client role.
            UNION ALL SELECT 'is a plan role of client role ' || quote_ident(t.client_role)
                FROM rls.plan_role AS t
                WHERE t.role = r.rolname AND t.client_role <> (SELECT l.client_role FROM rls.login AS l WHERE l.name = session_user)
            UNION ALL SELECT 'owns the protected table ' || format('%I.%I', s.table_schema, s.table_name)
                FROM rls.protected_table AS s
                JOIN pg_class AS c ON c.oid = s.oid
                WHERE c.relowner = r.oid
        ) AS p
        WHERE CASE WHEN (SELECT m.rolsuper FROM pg_roles AS m WHERE m.rolname = session_user) THEN r.rolname = session_user
                   ELSE pg_has_role(session_user, r.oid, 'MEMBER') END
        ORDER BY 1;
    RETURN QUERY
        SELECT CASE x.kind
            WHEN 'setting' THEN format('login %I starts with its own setting of %s: ALTER ROLE %1$I RESET %2$s', session_user, x.name)
            WHEN 'role' THEN format('login %I is a member of %I, which its client role is not', session_user, x.name)
            ELSE format('login %I owns or holds privileges on %s of its own', session_user, x.name) END
        FROM rls.gateway_excess(session_user) AS x
        ORDER BY x.kind DESC, x.name;
    -- pgsession.AllowOldServer knows these lines by their first words.
    RETURN QUERY
        SELECT format('old server: %s (%s): upgrade PostgreSQL to %s.%s', s.what, s.cve, s.fixed / 10000, s.fixed % 10000)
        FROM rls.server_leaks(current_setting('server_version_num')::integer) AS s
        WHERE s.total;
END
$$;
REVOKE ALL ON FUNCTION rls.session_problems() FROM PUBLIC;
COMMENT ON FUNCTION rls.session_problems() IS 'Why this login must not serve as a gateway.';
