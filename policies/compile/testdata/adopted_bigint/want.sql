-- membership: membership of app in rls_client
GRANT rls_client TO app;
-- undo: DO $$
-- undo: BEGIN
-- undo:     IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d JOIN pg_catalog.pg_database AS b ON b.oid = d.dbid
-- undo:         WHERE d.refobjid = to_regrole('rls_client') AND b.datname <> current_database()) THEN
-- undo:         REVOKE rls_client FROM app;
-- undo:     END IF;
-- undo: END
-- undo: $$;

-- registry: client role app, as rls_owner
INSERT INTO rls.database_role (name, kind, position) VALUES ('app', 'client', 1)
ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind, position = EXCLUDED.position;
-- undo: DELETE FROM rls.database_role WHERE name = 'app';

-- membership: membership of app_ro in rls_client
GRANT rls_client TO app_ro;
-- undo: DO $$
-- undo: BEGIN
-- undo:     IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d JOIN pg_catalog.pg_database AS b ON b.oid = d.dbid
-- undo:         WHERE d.refobjid = to_regrole('rls_client') AND b.datname <> current_database()) THEN
-- undo:         REVOKE rls_client FROM app_ro;
-- undo:     END IF;
-- undo: END
-- undo: $$;

-- registry: client role app_ro, as rls_owner
INSERT INTO rls.database_role (name, kind, position) VALUES ('app_ro', 'client', 2)
ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind, position = EXCLUDED.position;
-- undo: DELETE FROM rls.database_role WHERE name = 'app_ro';

-- registry: maintenance role migrator, as rls_owner
INSERT INTO rls.database_role (name, kind, position) VALUES ('migrator', 'maintenance', 3)
ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind, position = EXCLUDED.position;
-- undo: DELETE FROM rls.database_role WHERE name = 'migrator';

-- privilege: USAGE on schema rls for migrator, as rls_owner
GRANT USAGE ON SCHEMA rls TO migrator;
-- undo: REVOKE USAGE ON SCHEMA rls FROM migrator;

-- privilege: EXECUTE on rls.impersonate for migrator, as rls_owner
GRANT EXECUTE ON FUNCTION rls.impersonate(text, text), rls.open_impersonation(text, text) TO migrator;
-- undo: REVOKE EXECUTE ON FUNCTION rls.impersonate(text, text), rls.open_impersonation(text, text) FROM migrator;

-- privilege: USAGE on schema hr for rls_owner
GRANT USAGE ON SCHEMA hr TO rls_owner;
-- undo: REVOKE USAGE ON SCHEMA hr FROM rls_owner;

-- privilege: SELECT on created_by, email, employee_id, ended_on, is_hr, reports_to, sso_sub, title of hr.employees for rls_owner
GRANT SELECT (created_by, email, employee_id, ended_on, is_hr, reports_to, sso_sub, title) ON hr.employees TO rls_owner;
-- undo: REVOKE ALL ON hr.employees FROM rls_owner;

-- view: view rls.user_row, as rls_owner
-- The users of the model in one shape. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.user_row WITH (security_invoker = true) AS
SELECT t.employee_id AS id,
       t.email::text AS login,
       t.sso_sub::text AS subject,
       ((t.ended_on IS NULL)) IS TRUE AS is_active,
       ((t.title = 'President')) IS TRUE AS is_superuser,
       (t.is_hr) IS TRUE AS is_staff
FROM hr.employees AS t;
REVOKE ALL ON rls.user_row FROM PUBLIC;
COMMENT ON VIEW rls.user_row IS 'The users of the model in one shape.';
-- undo: DROP VIEW IF EXISTS rls.user_row;

-- view: view rls.edge, as rls_owner
-- Who sees whom directly, by edge kind. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.edge WITH (security_invoker = true) AS
SELECT 'supervisor'::text AS kind, t.reports_to AS viewer, t.employee_id AS seen
FROM hr.employees AS t
WHERE t.reports_to IS NOT NULL
UNION ALL
SELECT 'creator'::text AS kind, t.created_by AS viewer, t.employee_id AS seen
FROM hr.employees AS t
WHERE t.created_by IS NOT NULL;
REVOKE ALL ON rls.edge FROM PUBLIC;
COMMENT ON VIEW rls.edge IS 'Who sees whom directly, by edge kind.';
-- undo: DROP VIEW IF EXISTS rls.edge;

-- function: function rls.user_state(text), as rls_owner
-- What decides about a user: no row where there is none. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.user_state(key text)
RETURNS TABLE (is_active boolean, is_superuser boolean)
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
ROWS 1
AS $rls$
BEGIN
    RETURN QUERY
        SELECT u.is_active, u.is_superuser FROM rls.user_row AS u WHERE u.id = rls.to_bigint($1);
END
$rls$;
REVOKE ALL ON FUNCTION rls.user_state(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.user_state(text) IS 'What decides about a user: no row where there is none.';
-- undo: DROP FUNCTION IF EXISTS rls.user_state(text);

-- function: function rls.find_user(text, text), as rls_owner
-- Key of the user with that key, login or subject; NULL where there is none. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.find_user(kind text, value text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $rls$
BEGIN
    RETURN CASE $1
        WHEN 'key' THEN (SELECT u.id::text FROM rls.user_row AS u WHERE u.id = rls.to_bigint($2))
        WHEN 'login' THEN (SELECT u.id::text FROM rls.user_row AS u WHERE u.login = $2)
        WHEN 'subject' THEN (SELECT u.id::text FROM rls.user_row AS u WHERE u.subject = $2)
    END;
END
$rls$;
REVOKE ALL ON FUNCTION rls.find_user(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.find_user(text, text) IS 'Key of the user with that key, login or subject; NULL where there is none.';
-- undo: DROP FUNCTION IF EXISTS rls.find_user(text, text);

-- function: function rls.find_group(text), as rls_owner
-- Key of the group of that name; NULL where there is none. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.find_group(name text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $rls$
BEGIN
    RETURN NULL;
END
$rls$;
REVOKE ALL ON FUNCTION rls.find_group(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.find_group(text) IS 'Key of the group of that name; NULL where there is none.';
-- undo: DROP FUNCTION IF EXISTS rls.find_group(text);

-- function: function rls.user_groups(text), as rls_owner
-- Keys of the groups that a user is a member of now. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.user_groups(key text)
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $rls$
BEGIN
    RETURN '{}';
END
$rls$;
REVOKE ALL ON FUNCTION rls.user_groups(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.user_groups(text) IS 'Keys of the groups that a user is a member of now.';
-- undo: DROP FUNCTION IF EXISTS rls.user_groups(text);

-- function: function rls.seen_by(bigint, boolean), as rls_owner
-- Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.
-- Nobody for a user who does not exist. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.seen_by(viewer bigint, hierarchy_only boolean)
RETURNS TABLE (id bigint, through text)
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
ROWS 1000
AS $rls$
#variable_conflict use_column
BEGIN
    RETURN QUERY
        WITH RECURSIVE myself(id) AS (
            SELECT u.id FROM rls.user_row AS u WHERE u.id = $1
        ),
        sees_supervisor(id) AS (
            SELECT s.id FROM myself AS s
            UNION
            SELECT e.seen FROM sees_supervisor AS v JOIN rls.edge AS e ON e.viewer = v.id AND e.kind = 'supervisor'
        ),
        sees_creator(id) AS (
            SELECT s.id FROM myself AS s
            UNION
            SELECT e.seen FROM sees_creator AS v JOIN rls.edge AS e ON e.viewer = v.id AND e.kind = 'creator'
        )
        SELECT s.id, 'self'::text FROM myself AS s
        UNION ALL
        SELECT s.id, 'supervisor'::text FROM sees_supervisor AS s WHERE s.id <> $1
        UNION ALL
        SELECT s.id, 'creator'::text FROM sees_creator AS s WHERE s.id <> $1;
END
$rls$;
REVOKE ALL ON FUNCTION rls.seen_by(bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.seen_by(bigint, boolean) IS 'Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.';
-- undo: DROP FUNCTION IF EXISTS rls.seen_by(bigint, boolean);

-- function: function rls.visible_edges(), as rls_owner
-- The principal's visible users and what reaches each, a row per user and relation.
CREATE OR REPLACE FUNCTION rls.visible_edges()
RETURNS TABLE (user_id bigint, login text, through text)
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
ROWS 1000
AS $rls$
DECLARE
    who rls.subject := rls.subject();
BEGIN
    IF who.kind = 'user' THEN
        RETURN QUERY
            SELECT DISTINCT s.id, u.login, s.through
            FROM rls.seen_by(rls.to_bigint(who.key), false) AS s
            JOIN rls.user_row AS u ON u.id = s.id;
    END IF;
END
$rls$;
REVOKE ALL ON FUNCTION rls.visible_edges() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.visible_edges() TO rls_client;
COMMENT ON FUNCTION rls.visible_edges() IS 'The principal''s visible users and what reaches each, a row per user and relation.';
-- undo: DROP FUNCTION IF EXISTS rls.visible_edges();

-- view: view rls.visible_users, as rls_owner
-- The principal's visible users, with the relations that reach each.
CREATE OR REPLACE VIEW rls.visible_users WITH (security_invoker = true, security_barrier = true) AS
SELECT e.user_id, e.login, array_agg(e.through ORDER BY e.through) AS through
FROM rls.visible_edges() AS e
GROUP BY e.user_id, e.login;
REVOKE ALL ON rls.visible_users FROM PUBLIC;
GRANT SELECT ON rls.visible_users TO rls_client;
COMMENT ON VIEW rls.visible_users IS 'The principal''s visible users, with the relations that reach each.';
-- undo: DROP VIEW IF EXISTS rls.visible_users;

-- function: function rls.admitted_owners(text, text, text), as rls_owner
-- Keys of the users whose rows the principal may act on: who is visible within the scope, if a grant of the action is held.
-- Every action but create asks for a grant of read as well.
CREATE OR REPLACE FUNCTION rls.admitted_owners(action text, resource text, scope text)
RETURNS bigint[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $rls$
DECLARE
    who rls.subject := rls.subject();
    me bigint;
BEGIN
    IF who.kind IS DISTINCT FROM 'user' OR who.superuser OR NOT rls.has_grant(who.grantees, $1, $2) THEN
        RETURN '{}';
    END IF;
    me := rls.to_bigint(who.key);
    CASE $3
    WHEN 'self' THEN
        RETURN ARRAY[me];
    WHEN 'hierarchy', 'visible' THEN
        RETURN ARRAY(SELECT DISTINCT s.id FROM rls.seen_by(me, $3 = 'hierarchy') AS s);
    END CASE;
END
$rls$;
REVOKE ALL ON FUNCTION rls.admitted_owners(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.admitted_owners(text, text, text) TO rls_client;
COMMENT ON FUNCTION rls.admitted_owners(text, text, text) IS 'Keys of the users whose rows the principal may act on: who is visible within the scope, if a grant of the action is held.';
-- undo: DROP FUNCTION IF EXISTS rls.admitted_owners(text, text, text);

-- registry: resource leave_request, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('leave_request', 'hr', 'leave_request', 'Leave requests: who''s away', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete', 'approve']::text[], true, true, 'visible', 'visible', false)
ON CONFLICT (name) DO UPDATE SET
    table_schema = EXCLUDED.table_schema,
    table_name = EXCLUDED.table_name,
    title = EXCLUDED.title,
    key_columns = EXCLUDED.key_columns,
    actions = EXCLUDED.actions,
    owned = EXCLUDED.owned,
    owned_by_user = EXCLUDED.owned_by_user,
    write_scope = EXCLUDED.write_scope,
    owner_check = EXCLUDED.owner_check,
    hidden = EXCLUDED.hidden;
-- undo: DELETE FROM rls.resource WHERE name = 'leave_request';

-- function: function rls.objects_leave_request(text, text[]), as rls_owner
-- Which of some objects of leave_request admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_leave_request(action text, keys text[])
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $rls$
BEGIN
    RETURN ARRAY(
        SELECT k.key FROM unnest($2) AS k(key)
        JOIN hr.leave_request AS t ON t.id = rls.to_bigint(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.employee_id = ANY ((SELECT rls.admitted_owners('read', 'leave_request', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('leave_request') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.employee_id = ANY ((SELECT rls.admitted_owners('update', 'leave_request', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('leave_request') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.employee_id = ANY ((SELECT rls.admitted_owners('delete', 'leave_request', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('leave_request') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'approve' THEN (
              t.employee_id = ANY ((SELECT rls.admitted_owners('approve', 'leave_request', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('leave_request') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_leave_request(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_leave_request(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_leave_request(text, text[]) IS 'Which of some objects of leave_request admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_leave_request(text, text[]);

-- policy: policy leave_request_all_maintenance on hr.leave_request
CREATE POLICY leave_request_all_maintenance ON hr.leave_request AS PERMISSIVE FOR ALL TO migrator
    USING (
        true
    )
    WITH CHECK (
        true
    );
-- undo: DROP POLICY IF EXISTS leave_request_all_maintenance ON hr.leave_request;

-- policy: policy leave_request_read on hr.leave_request
CREATE POLICY leave_request_read ON hr.leave_request AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        employee_id = ANY ((SELECT rls.admitted_owners('read', 'leave_request', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('leave_request') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS leave_request_read ON hr.leave_request;

-- policy: policy leave_request_create on hr.leave_request
CREATE POLICY leave_request_create ON hr.leave_request AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        employee_id = ANY ((SELECT rls.admitted_owners('create', 'leave_request', 'visible'))::bigint[])
        OR (SELECT rls.superuser_on('leave_request'))
    );
-- undo: DROP POLICY IF EXISTS leave_request_create ON hr.leave_request;

-- policy: policy leave_request_update on hr.leave_request
CREATE POLICY leave_request_update ON hr.leave_request AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        employee_id = ANY ((SELECT rls.admitted_owners('update', 'leave_request', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('leave_request') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        employee_id = ANY ((SELECT rls.admitted_owners('update', 'leave_request', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('leave_request') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS leave_request_update ON hr.leave_request;

-- policy: policy leave_request_delete on hr.leave_request
CREATE POLICY leave_request_delete ON hr.leave_request AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        employee_id = ANY ((SELECT rls.admitted_owners('delete', 'leave_request', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('leave_request') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS leave_request_delete ON hr.leave_request;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on hr.leave_request for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON hr.leave_request FROM PUBLIC, app, app_ro;
-- undo: 

-- row_security: row security on hr.leave_request
ALTER TABLE hr.leave_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE hr.leave_request FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE hr.leave_request NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE hr.leave_request DISABLE ROW LEVEL SECURITY;

-- grant: grant of read on leave_request to authenticated, as rls_owner
SELECT rls.seed_grant('authenticated', '', 'read', 'leave_request', NULL, NULL, '"authenticated"."read"."leave_request"."".""');
-- undo: DELETE FROM rls."grant" WHERE seed = '"authenticated"."read"."leave_request"."".""';

-- grant: grant of create on leave_request to everyone, as rls_owner
SELECT rls.seed_grant('everyone', '', 'create', 'leave_request', timestamp '2026-01-01' AT TIME ZONE 'Europe/Vienna', timestamptz '2026-02-01T12:00:00+01:00', '"everyone"."create"."leave_request"."2026-01-01"."2026-02-01T12:00:00+01:00"');
-- undo: DELETE FROM rls."grant" WHERE seed = '"everyone"."create"."leave_request"."2026-01-01"."2026-02-01T12:00:00+01:00"';

-- grant: grant of read on leave_request to everyone, as rls_owner
SELECT rls.seed_grant('everyone', '', 'read', 'leave_request', timestamp '2026-01-01' AT TIME ZONE 'Europe/Vienna', timestamptz '2026-02-01T12:00:00+01:00', '"everyone"."read"."leave_request"."2026-01-01"."2026-02-01T12:00:00+01:00"');
-- undo: DELETE FROM rls."grant" WHERE seed = '"everyone"."read"."leave_request"."2026-01-01"."2026-02-01T12:00:00+01:00"';

-- grant: grant of update on leave_request to everyone, as rls_owner
SELECT rls.seed_grant('everyone', '', 'update', 'leave_request', timestamp '2026-01-01' AT TIME ZONE 'Europe/Vienna', timestamptz '2026-02-01T12:00:00+01:00', '"everyone"."update"."leave_request"."2026-01-01"."2026-02-01T12:00:00+01:00"');
-- undo: DELETE FROM rls."grant" WHERE seed = '"everyone"."update"."leave_request"."2026-01-01"."2026-02-01T12:00:00+01:00"';

-- grant: grant of delete on leave_request to everyone, as rls_owner
SELECT rls.seed_grant('everyone', '', 'delete', 'leave_request', timestamp '2026-01-01' AT TIME ZONE 'Europe/Vienna', timestamptz '2026-02-01T12:00:00+01:00', '"everyone"."delete"."leave_request"."2026-01-01"."2026-02-01T12:00:00+01:00"');
-- undo: DELETE FROM rls."grant" WHERE seed = '"everyone"."delete"."leave_request"."2026-01-01"."2026-02-01T12:00:00+01:00"';

-- grant: grant of approve on leave_request to everyone, as rls_owner
SELECT rls.seed_grant('everyone', '', 'approve', 'leave_request', timestamp '2026-01-01' AT TIME ZONE 'Europe/Vienna', timestamptz '2026-02-01T12:00:00+01:00', '"everyone"."approve"."leave_request"."2026-01-01"."2026-02-01T12:00:00+01:00"');
-- undo: DELETE FROM rls."grant" WHERE seed = '"everyone"."approve"."leave_request"."2026-01-01"."2026-02-01T12:00:00+01:00"';

