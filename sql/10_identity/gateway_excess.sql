-- What a gateway starts with, can become, or holds, beyond what makes it one: a setting of its own that nobody wrote down, a
-- database role besides its client role and what that is, an object that it owns or has a privilege on.
-- Any client can come back to the login by RESET ROLE, and set defaults for its next connections: so these say what was done there.
CREATE OR REPLACE FUNCTION rls.gateway_excess(login text, OUT kind text, OUT name text)
RETURNS SETOF record
LANGUAGE sql
STABLE
PARALLEL RESTRICTED
SECURITY INVOKER
ROWS 1
BEGIN ATOMIC
    WITH gate AS (
        SELECT r.oid, l.client_role, l.given FROM rls.login AS l JOIN pg_roles AS r ON r.rolname = l.name
        WHERE l.name = gateway_excess.login AND NOT r.rolsuper
    ), held AS (
        -- Of this database, and of what exists: default privileges give nothing yet.
        SELECT d.refobjid AS role, d.classid, d.objid, d.objsubid, d.deptype
        FROM pg_shdepend AS d
        WHERE d.refclassid = 'pg_authid'::regclass AND d.dbid = (SELECT b.oid FROM pg_database AS b WHERE b.datname = current_database())
          AND d.classid <> 'pg_default_acl'::regclass
    )
    SELECT 'setting'::text AS kind, split_part(c.setting, '=', 1) AS name
    FROM gate AS g
    JOIN pg_db_role_setting AS d ON d.setrole = g.oid AND d.setdatabase IN (0, (SELECT b.oid FROM pg_database AS b WHERE b.datname = current_database()))
    CROSS JOIN LATERAL unnest(d.setconfig) AS c(setting)
    WHERE c.setting <> 'track_activities=off'
      -- What an adopted login started with before is the application's own.
      AND NOT EXISTS (SELECT FROM rls.adoption AS a WHERE a.login = gateway_excess.login AND c.setting = ANY (a.settings))
      AND NOT coalesce(g.given -> 'limits' ? c.setting,
          -- Of before limits were written down. They can only stop work; any other setting can change what a statement means.
          split_part(c.setting, '=', 1) IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout'))
    UNION
    SELECT 'role'::text AS kind, r.rolname::text AS name
    FROM gate AS g
    JOIN pg_roles AS r ON r.oid <> g.oid AND pg_has_role(g.oid, r.oid, 'MEMBER')
    WHERE NOT EXISTS (
            SELECT FROM pg_roles AS o
            WHERE (o.rolname = g.client_role OR o.rolname IN (SELECT p.role FROM rls.plan_role AS p WHERE p.client_role = g.client_role))
              AND pg_has_role(o.oid, r.oid, 'MEMBER'))
      -- A role that holds nothing here only groups logins, for pg_hba.conf as an example.
      AND (starts_with(r.rolname, 'pg_') OR EXISTS (SELECT FROM held AS h WHERE h.role = r.oid))
    UNION
    SELECT 'object'::text AS kind, pg_describe_object(h.classid, h.objid, h.objsubid) AS name
    FROM gate AS g
    JOIN held AS h ON h.role = g.oid
    CROSS JOIN LATERAL pg_identify_object(h.classid, h.objid, h.objsubid) AS i
    -- USAGE on schemas and what entering calls make it a gateway. What is temporary, and large objects, any client can make by itself.
    WHERE NOT (h.classid = 'pg_namespace'::regclass AND h.deptype = 'a')
      AND NOT (h.classid = 'pg_proc'::regclass AND h.deptype = 'a' AND i.schema = 'rls')
      AND NOT (h.classid = 'pg_largeobject'::regclass AND h.deptype = 'o')
      AND NOT starts_with(coalesce(i.schema, ''), 'pg_temp')
    ORDER BY 1, 2;
END;
REVOKE ALL ON FUNCTION rls.gateway_excess(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.gateway_excess(text) IS 'What a gateway has beyond what makes it one. Called by definer functions and as rls_owner.';
