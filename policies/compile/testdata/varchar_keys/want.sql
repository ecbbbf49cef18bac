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

-- privilege: SELECT on boss, code of public.person for rls_owner
GRANT SELECT (boss, code) ON public.person TO rls_owner;
-- undo: REVOKE ALL ON public.person FROM rls_owner;

-- privilege: SELECT on code, maker of public.club for rls_owner
GRANT SELECT (code, maker) ON public.club TO rls_owner;
-- undo: REVOKE ALL ON public.club FROM rls_owner;

-- privilege: SELECT on club, person of public.club_member for rls_owner
GRANT SELECT (club, person) ON public.club_member TO rls_owner;
-- undo: REVOKE ALL ON public.club_member FROM rls_owner;

-- view: view rls.user_row, as rls_owner
-- The users of the model in one shape. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.user_row WITH (security_invoker = true) AS
SELECT t.code::text AS id,
       t.code::text::text AS login,
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
SELECT 'boss'::text AS kind, t.boss::text AS viewer, t.code::text AS seen
FROM public.person AS t
WHERE t.boss IS NOT NULL;
REVOKE ALL ON rls.edge FROM PUBLIC;
COMMENT ON VIEW rls.edge IS 'Who sees whom directly, by edge kind.';
-- undo: DROP VIEW IF EXISTS rls.edge;

-- view: view rls.group_row, as rls_owner
-- The groups of the model in one shape. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.group_row WITH (security_invoker = true) AS
SELECT t.code::text AS id,
       NULL::text AS name,
       t.maker AS creator,
       false AS shares_members,
       (true) IS TRUE AS shares_creator
FROM public.club AS t;
REVOKE ALL ON rls.group_row FROM PUBLIC;
COMMENT ON VIEW rls.group_row IS 'The groups of the model in one shape.';
-- undo: DROP VIEW IF EXISTS rls.group_row;

-- view: view rls.membership, as rls_owner
-- Who is a member of which group now. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.membership WITH (security_invoker = true) AS
SELECT t.club::text AS group_id, t.person AS user_id
FROM public.club_member AS t
WHERE t.person IS NOT NULL;
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
        SELECT u.is_active, u.is_superuser FROM rls.user_row AS u WHERE u.id = rls.to_text($1);
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
        WHEN 'key' THEN (SELECT u.id::text FROM rls.user_row AS u WHERE u.id = rls.to_text($2))
        WHEN 'login' THEN (SELECT u.id::text FROM rls.user_row AS u WHERE u.id = rls.to_text($2))
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
    RETURN (SELECT g.id::text FROM rls.group_row AS g WHERE g.id = rls.to_text($1));
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
        WHERE m.user_id = rls.to_text($1)
        ORDER BY g.id);
END
$rls$;
REVOKE ALL ON FUNCTION rls.user_groups(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.user_groups(text) IS 'Keys of the groups that a user is a member of now.';
-- undo: DROP FUNCTION IF EXISTS rls.user_groups(text);

-- function: function rls.seen_by(text, boolean), as rls_owner
-- Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.
-- Nobody for a user who does not exist. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.seen_by(viewer text, hierarchy_only boolean)
RETURNS TABLE (id text, through text)
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
        sees_boss(id) AS (
            SELECT s.id FROM myself AS s
            UNION
            SELECT e.seen FROM sees_boss AS v JOIN rls.edge AS e ON e.viewer = v.id AND e.kind = 'boss'
        ),
        shared_groups(id, shares_members, creator) AS (
            SELECT g.id, g.shares_members, CASE WHEN g.shares_creator THEN g.creator END
            FROM rls.group_row AS g
            WHERE g.id IN (SELECT m.group_id FROM rls.membership AS m WHERE m.user_id IN (SELECT s.id FROM myself AS s))
        )
        SELECT s.id, 'self'::text FROM myself AS s
        UNION ALL
        SELECT s.id, 'boss'::text FROM sees_boss AS s WHERE s.id <> $1
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
REVOKE ALL ON FUNCTION rls.seen_by(text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.seen_by(text, boolean) IS 'Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.';
-- undo: DROP FUNCTION IF EXISTS rls.seen_by(text, boolean);

-- function: function rls.visible_edges(), as rls_owner
-- The principal's visible users and what reaches each, a row per user and relation.
CREATE OR REPLACE FUNCTION rls.visible_edges()
RETURNS TABLE (user_id text, login text, through text)
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
            FROM rls.seen_by(rls.to_text(who.key), false) AS s
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
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $rls$
DECLARE
    who rls.subject := rls.subject();
    me text;
BEGIN
    IF who.kind IS DISTINCT FROM 'user' OR who.superuser OR NOT rls.has_grant(who.grantees, $1, $2) THEN
        RETURN '{}';
    END IF;
    me := rls.to_text(who.key);
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
RETURNS text[]
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
    RETURN ARRAY(SELECT rls.to_text(g.key) FROM unnest(rls.user_groups(who.key)) AS g(key));
END
$rls$;
REVOKE ALL ON FUNCTION rls.admitted_groups(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.admitted_groups(text, text) TO rls_client;
COMMENT ON FUNCTION rls.admitted_groups(text, text) IS 'Keys of the principal''s groups whose rows the principal may act on, if a grant of the action is held.';
-- undo: DROP FUNCTION IF EXISTS rls.admitted_groups(text, text);

-- registry: resource memo, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('memo', 'public', 'memo', '', ARRAY['code']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'visible', 'visible', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'memo';

-- function: function rls.objects_memo(text, text[]), as rls_owner
-- Which of some objects of memo admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_memo(action text, keys text[])
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
        JOIN public.memo AS t ON t.code = rls.to_text(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.author = ANY ((SELECT rls.admitted_owners('read', 'memo', 'visible'))::text[])
              OR t.club = ANY ((SELECT rls.admitted_groups('read', 'memo'))::text[])
              OR t.code >= (SELECT CASE WHEN rls.superuser_on('memo') THEN ''::text END))
          WHEN 'update' THEN (
              t.author = ANY ((SELECT rls.admitted_owners('update', 'memo', 'visible'))::text[])
              OR t.club = ANY ((SELECT rls.admitted_groups('update', 'memo'))::text[])
              OR t.code >= (SELECT CASE WHEN rls.superuser_on('memo') THEN ''::text END))
          WHEN 'delete' THEN (
              t.author = ANY ((SELECT rls.admitted_owners('delete', 'memo', 'visible'))::text[])
              OR t.club = ANY ((SELECT rls.admitted_groups('delete', 'memo'))::text[])
              OR t.code >= (SELECT CASE WHEN rls.superuser_on('memo') THEN ''::text END))
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_memo(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_memo(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_memo(text, text[]) IS 'Which of some objects of memo admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_memo(text, text[]);

-- function: function rls.hand_over_memo(), as rls_owner
-- Refuses to hand a row of memo to an owner whom the principal may not name.
-- STABLE, so that it judges by the graph from before the statement: a row of the graph must not admit itself.
-- Whoever is not filtered by row security passes, and so do maintenance roles and the table's owner.
CREATE OR REPLACE FUNCTION rls.hand_over_memo()
RETURNS trigger
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $rls$
BEGIN
    IF NOT row_security_active(TG_RELID)
        OR (pg_has_role(current_user, (SELECT c.relowner FROM pg_class AS c WHERE c.oid = TG_RELID), 'USAGE')
            AND NOT pg_has_role(current_user, 'rls_client', 'USAGE')) THEN
        RETURN NULL;
    END IF;
    IF ((NEW.author IS DISTINCT FROM OLD.author AND NEW.author IS NOT NULL AND NEW.author <> ALL (rls.admitted_owners('update', 'memo', 'visible')))
        OR (NEW.club IS DISTINCT FROM OLD.club AND NEW.club IS NOT NULL AND NEW.club <> ALL (rls.admitted_groups('update', 'memo')))) AND NOT rls.superuser_on('memo') THEN
        RAISE EXCEPTION 'a row of resource "%" would go to an owner out of reach', 'memo'
            USING ERRCODE = '42501', HINT = 'Name an owner whom the owner check of the resource admits.';
    END IF;
    RETURN NULL;
END
$rls$;
REVOKE ALL ON FUNCTION rls.hand_over_memo() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.hand_over_memo() TO rls_client;
COMMENT ON FUNCTION rls.hand_over_memo() IS 'Refuses to hand a row of memo to an owner whom the principal may not name.';
-- undo: DROP FUNCTION IF EXISTS rls.hand_over_memo();

-- trigger: trigger rls_hand_over on public.memo
CREATE TRIGGER rls_hand_over
    AFTER UPDATE ON public.memo
    FOR EACH ROW WHEN (NEW.author IS DISTINCT FROM OLD.author OR NEW.club IS DISTINCT FROM OLD.club)
    EXECUTE FUNCTION rls.hand_over_memo();
-- undo: DROP TRIGGER IF EXISTS rls_hand_over ON public.memo;

-- policy: policy memo_read on public.memo
CREATE POLICY memo_read ON public.memo AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        author = ANY ((SELECT rls.admitted_owners('read', 'memo', 'visible'))::text[])
        OR club = ANY ((SELECT rls.admitted_groups('read', 'memo'))::text[])
        OR code >= (SELECT CASE WHEN rls.superuser_on('memo') THEN ''::text END)
    );
-- undo: DROP POLICY IF EXISTS memo_read ON public.memo;

-- policy: policy memo_create on public.memo
CREATE POLICY memo_create ON public.memo AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        ((author IS NULL OR author = ANY ((SELECT rls.admitted_owners('create', 'memo', 'visible'))::text[])) AND (club IS NULL OR club = ANY ((SELECT rls.admitted_groups('create', 'memo'))::text[])) AND (author IS NOT NULL OR club IS NOT NULL))
        OR (SELECT rls.superuser_on('memo'))
    );
-- undo: DROP POLICY IF EXISTS memo_create ON public.memo;

-- policy: policy memo_update on public.memo
CREATE POLICY memo_update ON public.memo AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        author = ANY ((SELECT rls.admitted_owners('update', 'memo', 'visible'))::text[])
        OR club = ANY ((SELECT rls.admitted_groups('update', 'memo'))::text[])
        OR code >= (SELECT CASE WHEN rls.superuser_on('memo') THEN ''::text END)
    )
    WITH CHECK (
        author = ANY ((SELECT rls.admitted_owners('update', 'memo', 'visible'))::text[])
        OR club = ANY ((SELECT rls.admitted_groups('update', 'memo'))::text[])
        OR code >= (SELECT CASE WHEN rls.superuser_on('memo') THEN ''::text END)
    );
-- undo: DROP POLICY IF EXISTS memo_update ON public.memo;

-- policy: policy memo_delete on public.memo
CREATE POLICY memo_delete ON public.memo AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        author = ANY ((SELECT rls.admitted_owners('delete', 'memo', 'visible'))::text[])
        OR club = ANY ((SELECT rls.admitted_groups('delete', 'memo'))::text[])
        OR code >= (SELECT CASE WHEN rls.superuser_on('memo') THEN ''::text END)
    );
-- undo: DROP POLICY IF EXISTS memo_delete ON public.memo;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.memo for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.memo FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.memo
ALTER TABLE public.memo ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.memo FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.memo NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.memo DISABLE ROW LEVEL SECURITY;

-- grant: grant of create on memo to authenticated, as rls_owner
SELECT rls.seed_grant('authenticated', '', 'create', 'memo', NULL, NULL, '"authenticated"."create"."memo"."".""');
-- undo: DELETE FROM rls."grant" WHERE seed = '"authenticated"."create"."memo"."".""';

-- grant: grant of read on memo to authenticated, as rls_owner
SELECT rls.seed_grant('authenticated', '', 'read', 'memo', NULL, NULL, '"authenticated"."read"."memo"."".""');
-- undo: DELETE FROM rls."grant" WHERE seed = '"authenticated"."read"."memo"."".""';

