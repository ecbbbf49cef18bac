-- Code generated from sql/ by `make generate`. DO NOT EDIT.

-- +goose Up
SET LOCAL search_path = pg_catalog, pg_temp;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'GRANT rls_owner TO CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd

SET LOCAL ROLE rls_owner;

-- sql/10_identity/server_leaks.sql
-- +goose StatementBegin
-- The known holes through which a server of this version lets clients past row security, and the release that closes
-- each. This list is the only one: whoever learns of a hole adds a line, with the first fixed release of every major
-- version that had it. A hole is total where any client reads or removes what every policy protects: apply and
-- pgsession.Open refuse such a server. doctor warns of the others.
-- The argument is $1 because the program also runs the text between BEGIN ATOMIC and END, where there is no kernel yet.
-- Source: https://www.postgresql.org/support/security/
CREATE OR REPLACE FUNCTION rls.server_leaks(version integer)
RETURNS TABLE (cve text, total boolean, fixed integer, what text)
LANGUAGE sql
STABLE
PARALLEL SAFE
SECURITY INVOKER
ROWS 5
BEGIN ATOMIC
    SELECT h.cve, h.total, f.fixed, h.what
    FROM (VALUES
        ('CVE-2026-120154', true, ARRAY[150020, 160016, 170012, 180007], 'the WHERE of ON CONFLICT DO UPDATE reads hidden rows'),
        ('CVE-2026-116311', true, ARRAY[150020, 160016, 170012, 180007], 'DROP OWNED BY drops policies without owning the table'),
        ('CVE-2026-116327', false, ARRAY[150020, 160016, 170012, 180007], 'a leaky function over the result of a sub-select sees hidden rows'),
        ('CVE-2026-14666', false, ARRAY[150019, 160015, 170011, 180006], 'a prepared statement keeps its policies after a REVOKE of a membership'),
        ('CVE-2026-6473', false, ARRAY[150018, 160014, 170010, 180004], 'a client that can overflow a buffer runs code as the server'),
        ('CVE-2025-8713', false, ARRAY[150014, 160010, 170006], 'selectivity estimators show values of hidden rows'),
        ('CVE-2025-8714', false, ARRAY[150014, 160010, 170006], 'a dump that is restored runs code of whoever wrote it'),
        ('CVE-2024-10976', false, ARRAY[150009, 160005, 170001], 'a plan that is used again applies the policies of another role'),
        ('CVE-2024-10978', false, ARRAY[150009, 160005, 170001], 'SET ROLE and SET SESSION AUTHORIZATION go back to another role'),
        ('CVE-2024-4317', false, ARRAY[150007, 160003], 'pg_stats_ext shows values of hidden rows, until fix-CVE-2024-4317.sql has run'),
        ('CVE-2023-39418', false, ARRAY[150004], 'MERGE does not apply the policies of UPDATE and SELECT'),
        ('CVE-2023-2455', false, ARRAY[150003], 'a function that is inlined applies the policies of another role'),
        ('CVE-2023-2454', false, ARRAY[150003], 'CREATE SCHEMA runs code as the owner of a function')
    ) AS h (cve, total, fixed, what)
    CROSS JOIN LATERAL unnest(h.fixed) AS f (fixed)
    WHERE f.fixed / 10000 = $1 / 10000 AND $1 < f.fixed
    ORDER BY h.total DESC, f.fixed DESC, h.cve;
END;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.server_leaks(integer) FROM PUBLIC;
COMMENT ON FUNCTION rls.server_leaks(integer) IS 'Known holes in the row security of a server of this server_version_num.';

-- sql/10_identity/session_problems.sql
-- +goose StatementBegin
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
    -- Any login can set defaults for its own next connections, and so poison them from inside a session. What an adopted
    -- login started with before is the application's own.
    RETURN QUERY
        SELECT format('login %I starts with its own setting of %s: ALTER ROLE %1$I RESET %2$s', session_user, split_part(c.setting, '=', 1))
        FROM pg_db_role_setting AS d
        CROSS JOIN LATERAL unnest(d.setconfig) AS c(setting)
        WHERE d.setrole = (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = session_user)
          AND d.setdatabase IN (0, (SELECT b.oid FROM pg_database AS b WHERE b.datname = current_database()))
          -- A limit can only stop work; any other setting can change what a statement means.
          AND NOT EXISTS (SELECT FROM rls.adoption AS a WHERE a.login = session_user AND c.setting = ANY (a.settings))
          AND split_part(c.setting, '=', 1) NOT IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout')
        ORDER BY 1;
    -- pgsession.AllowOldServer knows these lines by their first words.
    RETURN QUERY
        SELECT format('old server: %s (%s): upgrade PostgreSQL to %s.%s', s.what, s.cve, s.fixed / 10000, s.fixed % 10000)
        FROM rls.server_leaks(current_setting('server_version_num')::integer) AS s
        WHERE s.total;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.session_problems() FROM PUBLIC;
COMMENT ON FUNCTION rls.session_problems() IS 'Why this login must not serve as a gateway.';

RESET ROLE;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'REVOKE rls_owner FROM CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd

RESET search_path;

-- +goose Down
SET LOCAL search_path = pg_catalog, pg_temp;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'GRANT rls_owner TO CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd

SET LOCAL ROLE rls_owner;

-- sql/10_identity/session_problems.sql
-- +goose StatementBegin
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
    -- Any login can set defaults for its own next connections, and so poison them from inside a session. What an adopted
    -- login started with before is the application's own.
    RETURN QUERY
        SELECT format('login %I starts with its own setting of %s: ALTER ROLE %1$I RESET %2$s', session_user, split_part(c.setting, '=', 1))
        FROM pg_db_role_setting AS d
        CROSS JOIN LATERAL unnest(d.setconfig) AS c(setting)
        WHERE d.setrole = (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = session_user)
          AND d.setdatabase IN (0, (SELECT b.oid FROM pg_database AS b WHERE b.datname = current_database()))
          -- A limit can only stop work; any other setting can change what a statement means.
          AND NOT EXISTS (SELECT FROM rls.adoption AS a WHERE a.login = session_user AND c.setting = ANY (a.settings))
          AND split_part(c.setting, '=', 1) NOT IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout')
        ORDER BY 1;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.session_problems() FROM PUBLIC;
COMMENT ON FUNCTION rls.session_problems() IS 'Why this login must not serve as a gateway.';
DROP FUNCTION rls.server_leaks(integer);
RESET ROLE;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'REVOKE rls_owner FROM CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd

RESET search_path;
