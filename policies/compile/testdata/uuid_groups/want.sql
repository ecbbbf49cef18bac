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

-- registry: maintenance role migrator, as rls_owner
INSERT INTO rls.database_role (name, kind, position) VALUES ('migrator', 'maintenance', 2)
ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind, position = EXCLUDED.position;
-- undo: DELETE FROM rls.database_role WHERE name = 'migrator';

-- privilege: USAGE on schema rls for migrator, as rls_owner
GRANT USAGE ON SCHEMA rls TO migrator;
-- undo: REVOKE USAGE ON SCHEMA rls FROM migrator;

-- privilege: EXECUTE on rls.impersonate for migrator, as rls_owner
GRANT EXECUTE ON FUNCTION rls.impersonate(text, text), rls.open_impersonation(text, text) TO migrator;
-- undo: REVOKE EXECUTE ON FUNCTION rls.impersonate(text, text), rls.open_impersonation(text, text) FROM migrator;

-- privilege: USAGE on schema public for rls_owner
GRANT USAGE ON SCHEMA public TO rls_owner;
-- undo: REVOKE USAGE ON SCHEMA public FROM rls_owner;

-- privilege: SELECT on id, login of public.account for rls_owner
GRANT SELECT (id, login) ON public.account TO rls_owner;
-- undo: REVOKE ALL ON public.account FROM rls_owner;

-- privilege: SELECT on id, made_by, name, open_maker, open_members of public.team for rls_owner
GRANT SELECT (id, made_by, name, open_maker, open_members) ON public.team TO rls_owner;
-- undo: REVOKE ALL ON public.team FROM rls_owner;

-- privilege: SELECT on account_id, since, team_id, upto of public.team_member for rls_owner
GRANT SELECT (account_id, since, team_id, upto) ON public.team_member TO rls_owner;
-- undo: REVOKE ALL ON public.team_member FROM rls_owner;

-- view: view rls.user_row, as rls_owner
-- The users of the model in one shape. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.user_row WITH (security_invoker = true) AS
SELECT t.id AS id,
       t.login::text AS login,
       NULL::text AS subject,
       true AS is_active,
       false AS is_superuser,
       false AS is_staff
FROM public.account AS t;
REVOKE ALL ON rls.user_row FROM PUBLIC;
COMMENT ON VIEW rls.user_row IS 'The users of the model in one shape.';
-- undo: DROP VIEW IF EXISTS rls.user_row;

-- view: view rls.edge, as rls_owner
-- Who sees whom directly, by edge kind. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.edge WITH (security_invoker = true) AS
SELECT NULL::text AS kind, NULL::uuid AS viewer, NULL::uuid AS seen
WHERE false;
REVOKE ALL ON rls.edge FROM PUBLIC;
COMMENT ON VIEW rls.edge IS 'Who sees whom directly, by edge kind.';
-- undo: DROP VIEW IF EXISTS rls.edge;

-- view: view rls.group_row, as rls_owner
-- The groups of the model in one shape. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.group_row WITH (security_invoker = true) AS
SELECT t.id AS id,
       t.name::text AS name,
       t.made_by AS creator,
       (t.open_members) IS TRUE AS shares_members,
       ((t.open_maker AND t.open_members)) IS TRUE AS shares_creator
FROM public.team AS t;
REVOKE ALL ON rls.group_row FROM PUBLIC;
COMMENT ON VIEW rls.group_row IS 'The groups of the model in one shape.';
-- undo: DROP VIEW IF EXISTS rls.group_row;

-- view: view rls.membership, as rls_owner
-- Who is a member of which group now. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.membership WITH (security_invoker = true) AS
SELECT t.team_id AS group_id, t.account_id AS user_id
FROM public.team_member AS t
WHERE t.account_id IS NOT NULL
  AND (t.since IS NULL OR t.since <= statement_timestamp())
  AND (t.upto IS NULL OR t.upto > statement_timestamp());
REVOKE ALL ON rls.membership FROM PUBLIC;
COMMENT ON VIEW rls.membership IS 'Who is a member of which group now.';
-- undo: DROP VIEW IF EXISTS rls.membership;

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
        SELECT u.is_active, u.is_superuser FROM rls.user_row AS u WHERE u.id = rls.to_uuid($1);
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
        WHEN 'key' THEN (SELECT u.id::text FROM rls.user_row AS u WHERE u.id = rls.to_uuid($2))
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
    RETURN (SELECT g.id::text FROM rls.group_row AS g WHERE g.name = $1);
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
    RETURN ARRAY(
        SELECT g.id::text FROM rls.membership AS m
        JOIN rls.group_row AS g ON g.id = m.group_id
        WHERE m.user_id = rls.to_uuid($1)
        ORDER BY g.id);
END
$rls$;
REVOKE ALL ON FUNCTION rls.user_groups(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.user_groups(text) IS 'Keys of the groups that a user is a member of now.';
-- undo: DROP FUNCTION IF EXISTS rls.user_groups(text);

-- function: function rls.seen_by(uuid, boolean), as rls_owner
-- Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.
-- Nobody for a user who does not exist. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.seen_by(viewer uuid, hierarchy_only boolean)
RETURNS TABLE (id uuid, through text)
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
        shared_groups(id, shares_members, creator) AS (
            SELECT g.id, g.shares_members, CASE WHEN g.shares_creator THEN g.creator END
            FROM rls.group_row AS g
            WHERE g.id IN (SELECT m.group_id FROM rls.membership AS m WHERE m.user_id IN (SELECT s.id FROM myself AS s))
        )
        SELECT s.id, 'self'::text FROM myself AS s
        UNION ALL
        SELECT u.id, 'member'::text FROM shared_groups AS g
        JOIN rls.membership AS m ON m.group_id = g.id
        JOIN rls.user_row AS u ON u.id = m.user_id
        WHERE g.shares_members AND NOT $2 AND u.id <> $1
        UNION ALL
        SELECT u.id, 'creator_of_group'::text FROM shared_groups AS g
        JOIN rls.user_row AS u ON u.id = g.creator
        WHERE NOT $2 AND u.id <> $1;
END
$rls$;
REVOKE ALL ON FUNCTION rls.seen_by(uuid, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.seen_by(uuid, boolean) IS 'Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.';
-- undo: DROP FUNCTION IF EXISTS rls.seen_by(uuid, boolean);

-- function: function rls.visible_edges(), as rls_owner
-- The principal's visible users and what reaches each, a row per user and relation.
CREATE OR REPLACE FUNCTION rls.visible_edges()
RETURNS TABLE (user_id uuid, login text, through text)
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
            FROM rls.seen_by(rls.to_uuid(who.key), false) AS s
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
RETURNS uuid[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $rls$
DECLARE
    who rls.subject := rls.subject();
    me uuid;
BEGIN
    IF who.kind IS DISTINCT FROM 'user' OR who.superuser OR NOT rls.has_grant(who.grantees, $1, $2) THEN
        RETURN '{}';
    END IF;
    me := rls.to_uuid(who.key);
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

-- function: function rls.admitted_groups(text, text), as rls_owner
-- Keys of the principal's groups whose rows the principal may act on, if a grant of the action is held.
CREATE OR REPLACE FUNCTION rls.admitted_groups(action text, resource text)
RETURNS uuid[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $rls$
DECLARE
    who rls.subject := rls.subject();
BEGIN
    IF who.kind IS DISTINCT FROM 'user' OR who.superuser OR NOT rls.has_grant(who.grantees, $1, $2) THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(SELECT rls.to_uuid(g.key) FROM unnest(rls.user_groups(who.key)) AS g(key));
END
$rls$;
REVOKE ALL ON FUNCTION rls.admitted_groups(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.admitted_groups(text, text) TO rls_client;
COMMENT ON FUNCTION rls.admitted_groups(text, text) IS 'Keys of the principal''s groups whose rows the principal may act on, if a grant of the action is held.';
-- undo: DROP FUNCTION IF EXISTS rls.admitted_groups(text, text);

-- registry: resource ticket, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('ticket', 'public', 'ticket', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, false, 'visible', 'visible', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'ticket';

-- function: function rls.objects_ticket(text, text[]), as rls_owner
-- Which of some objects of ticket admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_ticket(action text, keys text[])
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
        JOIN public.ticket AS t ON t.id = rls.to_uuid(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.team_id = ANY ((SELECT rls.admitted_groups('read', 'ticket'))::uuid[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('ticket') THEN '00000000-0000-0000-0000-000000000000'::uuid END) AND 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
          WHEN 'update' THEN (
              t.team_id = ANY ((SELECT rls.admitted_groups('update', 'ticket'))::uuid[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('ticket') THEN '00000000-0000-0000-0000-000000000000'::uuid END) AND 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
          WHEN 'delete' THEN (
              t.team_id = ANY ((SELECT rls.admitted_groups('delete', 'ticket'))::uuid[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('ticket') THEN '00000000-0000-0000-0000-000000000000'::uuid END) AND 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_ticket(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_ticket(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_ticket(text, text[]) IS 'Which of some objects of ticket admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_ticket(text, text[]);

-- policy: policy ticket_all_maintenance on public.ticket
CREATE POLICY ticket_all_maintenance ON public.ticket AS PERMISSIVE FOR ALL TO migrator
    USING (
        true
    )
    WITH CHECK (
        true
    );
-- undo: DROP POLICY IF EXISTS ticket_all_maintenance ON public.ticket;

-- policy: policy ticket_read on public.ticket
CREATE POLICY ticket_read ON public.ticket AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        team_id = ANY ((SELECT rls.admitted_groups('read', 'ticket'))::uuid[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('ticket') THEN '00000000-0000-0000-0000-000000000000'::uuid END) AND 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
    );
-- undo: DROP POLICY IF EXISTS ticket_read ON public.ticket;

-- policy: policy ticket_create on public.ticket
CREATE POLICY ticket_create ON public.ticket AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        team_id = ANY ((SELECT rls.admitted_groups('create', 'ticket'))::uuid[])
        OR (SELECT rls.superuser_on('ticket'))
    );
-- undo: DROP POLICY IF EXISTS ticket_create ON public.ticket;

-- policy: policy ticket_update on public.ticket
CREATE POLICY ticket_update ON public.ticket AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        team_id = ANY ((SELECT rls.admitted_groups('update', 'ticket'))::uuid[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('ticket') THEN '00000000-0000-0000-0000-000000000000'::uuid END) AND 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
    )
    WITH CHECK (
        team_id = ANY ((SELECT rls.admitted_groups('update', 'ticket'))::uuid[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('ticket') THEN '00000000-0000-0000-0000-000000000000'::uuid END) AND 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
    );
-- undo: DROP POLICY IF EXISTS ticket_update ON public.ticket;

-- policy: policy ticket_delete on public.ticket
CREATE POLICY ticket_delete ON public.ticket AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        team_id = ANY ((SELECT rls.admitted_groups('delete', 'ticket'))::uuid[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('ticket') THEN '00000000-0000-0000-0000-000000000000'::uuid END) AND 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
    );
-- undo: DROP POLICY IF EXISTS ticket_delete ON public.ticket;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.ticket for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.ticket FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.ticket
ALTER TABLE public.ticket ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.ticket FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.ticket NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.ticket DISABLE ROW LEVEL SECURITY;

