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

-- privilege: USAGE on schema public for rls_owner
GRANT USAGE ON SCHEMA public TO rls_owner;
-- undo: REVOKE USAGE ON SCHEMA public FROM rls_owner;

-- privilege: SELECT on boss, id, maker, mentor of public.person for rls_owner
GRANT SELECT (boss, id, maker, mentor) ON public.person TO rls_owner;
-- undo: REVOKE ALL ON public.person FROM rls_owner;

-- privilege: SELECT on deputy_id, employee_id of public.deputy for rls_owner
GRANT SELECT (deputy_id, employee_id) ON public.deputy TO rls_owner;
-- undo: REVOKE ALL ON public.deputy FROM rls_owner;

-- privilege: SELECT on doctor, patient of public.ward for rls_owner
GRANT SELECT (doctor, patient) ON public.ward TO rls_owner;
-- undo: REVOKE ALL ON public.ward FROM rls_owner;

-- view: view rls.user_row, as rls_owner
-- The users of the model in one shape. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.user_row WITH (security_invoker = true) AS
SELECT t.id AS id,
       t.id::text AS login,
       NULL::text AS subject,
       true AS is_active,
       false AS is_superuser,
       false AS is_staff
FROM public.person AS t;
REVOKE ALL ON rls.user_row FROM PUBLIC;
COMMENT ON VIEW rls.user_row IS 'The users of the model in one shape.';
-- undo: DROP VIEW IF EXISTS rls.user_row;

-- view: view rls.edge, as rls_owner
-- Who sees whom directly, by edge kind. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.edge WITH (security_invoker = true) AS
SELECT 'supervisor'::text AS kind, t.boss AS viewer, t.id AS seen
FROM public.person AS t
WHERE t.boss IS NOT NULL
UNION ALL
SELECT 'creator'::text AS kind, t.maker AS viewer, t.id AS seen
FROM public.person AS t
WHERE t.maker IS NOT NULL
UNION ALL
SELECT 'mentor'::text AS kind, t.mentor AS viewer, t.id AS seen
FROM public.person AS t
WHERE t.mentor IS NOT NULL
UNION ALL
SELECT 'deputy'::text AS kind, t.deputy_id AS viewer, u.id AS seen
FROM public.deputy AS t
JOIN rls.user_row AS u ON u.id = t.employee_id
UNION ALL
SELECT 'groups'::text AS kind, t.doctor::integer AS viewer, u.id AS seen
FROM public.ward AS t
JOIN rls.user_row AS u ON u.id = t.patient;
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
        SELECT u.is_active, u.is_superuser FROM rls.user_row AS u WHERE u.id = rls.to_integer($1);
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
        WHEN 'key' THEN (SELECT u.id::text FROM rls.user_row AS u WHERE u.id = rls.to_integer($2))
        WHEN 'login' THEN (SELECT u.id::text FROM rls.user_row AS u WHERE u.id = rls.to_integer($2))
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

-- function: function rls.seen_by(integer, boolean), as rls_owner
-- Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.
-- Nobody for a user who does not exist. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.seen_by(viewer integer, hierarchy_only boolean)
RETURNS TABLE (id integer, through text)
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
        merged_1(id) AS (
            SELECT s.id FROM myself AS s
            UNION
            SELECT e.seen FROM merged_1 AS v JOIN rls.edge AS e ON e.viewer = v.id AND e.kind IN ('deputy', 'supervisor')
        ),
        sees_creator(id) AS (
            SELECT s.id FROM myself AS s
            UNION
            SELECT e.seen FROM sees_creator AS v JOIN rls.edge AS e ON e.viewer = v.id AND e.kind = 'creator'
        ),
        merged_2(id) AS (
            SELECT s.id FROM myself AS s
            UNION
            SELECT e.seen FROM merged_2 AS v JOIN rls.edge AS e ON e.viewer = v.id AND e.kind IN ('groups', 'mentor')
        )
        SELECT s.id, 'self'::text FROM myself AS s
        UNION ALL
        SELECT s.id, 'deputy+supervisor'::text FROM merged_1 AS s WHERE s.id <> $1
        UNION ALL
        SELECT s.id, 'creator'::text FROM sees_creator AS s WHERE s.id <> $1
        UNION ALL
        SELECT s.id, 'groups+mentor'::text FROM merged_2 AS s WHERE s.id <> $1;
END
$rls$;
REVOKE ALL ON FUNCTION rls.seen_by(integer, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.seen_by(integer, boolean) IS 'Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.';
-- undo: DROP FUNCTION IF EXISTS rls.seen_by(integer, boolean);

-- function: function rls.visible_edges(), as rls_owner
-- The principal's visible users and what reaches each, a row per user and relation.
CREATE OR REPLACE FUNCTION rls.visible_edges()
RETURNS TABLE (user_id integer, login text, through text)
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
            FROM rls.seen_by(rls.to_integer(who.key), false) AS s
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
RETURNS integer[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $rls$
DECLARE
    who rls.subject := rls.subject();
    me integer;
BEGIN
    IF who.kind IS DISTINCT FROM 'user' OR who.superuser OR NOT rls.has_grant(who.grantees, $1, $2) THEN
        RETURN '{}';
    END IF;
    me := rls.to_integer(who.key);
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

-- registry: resource chart, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('chart', 'public', 'chart', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'visible', 'visible', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'chart';

-- function: function rls.objects_chart(text, text[]), as rls_owner
-- Which of some objects of chart admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_chart(action text, keys text[])
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
        JOIN public.chart AS t ON t.id = rls.to_integer(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.patient = ANY ((SELECT rls.admitted_owners('read', 'chart', 'visible'))::integer[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('chart') THEN (-2147483648)::integer END) AND 2147483647)
          WHEN 'update' THEN (
              t.patient = ANY ((SELECT rls.admitted_owners('update', 'chart', 'visible'))::integer[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('chart') THEN (-2147483648)::integer END) AND 2147483647)
          WHEN 'delete' THEN (
              t.patient = ANY ((SELECT rls.admitted_owners('delete', 'chart', 'visible'))::integer[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('chart') THEN (-2147483648)::integer END) AND 2147483647)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_chart(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_chart(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_chart(text, text[]) IS 'Which of some objects of chart admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_chart(text, text[]);

-- policy: policy chart_read on public.chart
CREATE POLICY chart_read ON public.chart AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        patient = ANY ((SELECT rls.admitted_owners('read', 'chart', 'visible'))::integer[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('chart') THEN (-2147483648)::integer END) AND 2147483647
    );
-- undo: DROP POLICY IF EXISTS chart_read ON public.chart;

-- policy: policy chart_create on public.chart
CREATE POLICY chart_create ON public.chart AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        patient = ANY ((SELECT rls.admitted_owners('create', 'chart', 'visible'))::integer[])
        OR (SELECT rls.superuser_on('chart'))
    );
-- undo: DROP POLICY IF EXISTS chart_create ON public.chart;

-- policy: policy chart_update on public.chart
CREATE POLICY chart_update ON public.chart AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        patient = ANY ((SELECT rls.admitted_owners('update', 'chart', 'visible'))::integer[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('chart') THEN (-2147483648)::integer END) AND 2147483647
    )
    WITH CHECK (
        patient = ANY ((SELECT rls.admitted_owners('update', 'chart', 'visible'))::integer[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('chart') THEN (-2147483648)::integer END) AND 2147483647
    );
-- undo: DROP POLICY IF EXISTS chart_update ON public.chart;

-- policy: policy chart_delete on public.chart
CREATE POLICY chart_delete ON public.chart AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        patient = ANY ((SELECT rls.admitted_owners('delete', 'chart', 'visible'))::integer[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('chart') THEN (-2147483648)::integer END) AND 2147483647
    );
-- undo: DROP POLICY IF EXISTS chart_delete ON public.chart;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.chart for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.chart FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.chart
ALTER TABLE public.chart ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.chart FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.chart NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.chart DISABLE ROW LEVEL SECURITY;

