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

-- registry: maintenance role owner, as rls_owner
INSERT INTO rls.database_role (name, kind, position) VALUES ('owner', 'maintenance', 3)
ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind, position = EXCLUDED.position;
-- undo: DELETE FROM rls.database_role WHERE name = 'owner';

-- privilege: USAGE on schema rls for owner, as rls_owner
GRANT USAGE ON SCHEMA rls TO owner;
-- undo: REVOKE USAGE ON SCHEMA rls FROM owner;

-- privilege: EXECUTE on rls.impersonate for owner, as rls_owner
GRANT EXECUTE ON FUNCTION rls.impersonate(text, text), rls.open_impersonation(text, text) TO owner;
-- undo: REVOKE EXECUTE ON FUNCTION rls.impersonate(text, text), rls.open_impersonation(text, text) FROM owner;

-- registry: maintenance role migrator, as rls_owner
INSERT INTO rls.database_role (name, kind, position) VALUES ('migrator', 'maintenance', 4)
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

-- privilege: SELECT on boss, id of public.person for rls_owner
GRANT SELECT (boss, id) ON public.person TO rls_owner;
-- undo: REVOKE ALL ON public.person FROM rls_owner;

-- privilege: SELECT on id, maker of public.team for rls_owner
GRANT SELECT (id, maker) ON public.team TO rls_owner;
-- undo: REVOKE ALL ON public.team FROM rls_owner;

-- privilege: SELECT on person_id, team_id of public.member for rls_owner
GRANT SELECT (person_id, team_id) ON public.member TO rls_owner;
-- undo: REVOKE ALL ON public.member FROM rls_owner;

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
WHERE t.boss IS NOT NULL;
REVOKE ALL ON rls.edge FROM PUBLIC;
COMMENT ON VIEW rls.edge IS 'Who sees whom directly, by edge kind.';
-- undo: DROP VIEW IF EXISTS rls.edge;

-- view: view rls.group_row, as rls_owner
-- The groups of the model in one shape. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.group_row WITH (security_invoker = true) AS
SELECT t.id AS id,
       NULL::text AS name,
       t.maker AS creator,
       (true) IS TRUE AS shares_members,
       false AS shares_creator
FROM public.team AS t;
REVOKE ALL ON rls.group_row FROM PUBLIC;
COMMENT ON VIEW rls.group_row IS 'The groups of the model in one shape.';
-- undo: DROP VIEW IF EXISTS rls.group_row;

-- view: view rls.membership, as rls_owner
-- Who is a member of which group now. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.membership WITH (security_invoker = true) AS
SELECT t.team_id AS group_id, t.person_id AS user_id
FROM public.member AS t
WHERE t.person_id IS NOT NULL;
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
        WHEN 'login' THEN (SELECT u.id::text FROM rls.user_row AS u WHERE u.id = rls.to_bigint($2))
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
    RETURN (SELECT g.id::text FROM rls.group_row AS g WHERE g.id = rls.to_bigint($1));
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
        WHERE m.user_id = rls.to_bigint($1)
        ORDER BY g.id);
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
        shared_groups(id, shares_members, creator) AS (
            SELECT g.id, g.shares_members, CASE WHEN g.shares_creator THEN g.creator END
            FROM rls.group_row AS g
            WHERE g.id IN (SELECT m.group_id FROM rls.membership AS m WHERE m.user_id IN (SELECT s.id FROM myself AS s))
        )
        SELECT s.id, 'self'::text FROM myself AS s
        UNION ALL
        SELECT s.id, 'supervisor'::text FROM sees_supervisor AS s WHERE s.id <> $1
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

-- function: function rls.admitted_groups(text, text), as rls_owner
-- Keys of the principal's groups whose rows the principal may act on, if a grant of the action is held.
CREATE OR REPLACE FUNCTION rls.admitted_groups(action text, resource text)
RETURNS bigint[]
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
    RETURN ARRAY(SELECT rls.to_bigint(g.key) FROM unnest(rls.user_groups(who.key)) AS g(key));
END
$rls$;
REVOKE ALL ON FUNCTION rls.admitted_groups(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.admitted_groups(text, text) TO rls_client;
COMMENT ON FUNCTION rls.admitted_groups(text, text) IS 'Keys of the principal''s groups whose rows the principal may act on, if a grant of the action is held.';
-- undo: DROP FUNCTION IF EXISTS rls.admitted_groups(text, text);

-- registry: resource person, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('person', 'public', 'person', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'hierarchy', 'visible', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'person';

-- registry: resource team, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('team', 'public', 'team', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'self', 'self', true)
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
-- undo: DELETE FROM rls.resource WHERE name = 'team';

-- registry: resource member, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('member', 'public', 'member', '', ARRAY['team_id', 'person_id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'visible', 'visible', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'member';

-- function: function rls.objects_person(text, text[]), as rls_owner
-- Which of some objects of person admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_person(action text, keys text[])
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
        JOIN public.person AS t ON t.id = rls.to_bigint(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.id = ANY ((SELECT rls.admitted_owners('read', 'person', 'visible'))::bigint[])
              OR t.boss = ANY ((SELECT rls.admitted_owners('read', 'person', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('person') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.id = ANY ((SELECT rls.admitted_owners('update', 'person', 'hierarchy'))::bigint[])
              OR t.boss = ANY ((SELECT rls.admitted_owners('update', 'person', 'hierarchy'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('person') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.id = ANY ((SELECT rls.admitted_owners('delete', 'person', 'hierarchy'))::bigint[])
              OR t.boss = ANY ((SELECT rls.admitted_owners('delete', 'person', 'hierarchy'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('person') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_person(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_person(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_person(text, text[]) IS 'Which of some objects of person admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_person(text, text[]);

-- function: function rls.hand_over_person(), as rls_owner
-- Refuses to hand a row of person to an owner whom the principal may not name.
-- STABLE, so that it judges by the graph from before the statement: a row of the graph must not admit itself.
-- Whoever is not filtered by row security passes, and so do maintenance roles and the table's owner.
CREATE OR REPLACE FUNCTION rls.hand_over_person()
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
            AND NOT pg_has_role(current_user, 'rls_client', 'USAGE'))
        OR pg_has_role(current_user, 'owner', 'USAGE')
        OR pg_has_role(current_user, 'migrator', 'USAGE') THEN
        RETURN NULL;
    END IF;
    IF ((NEW.id IS DISTINCT FROM OLD.id AND NEW.id IS NOT NULL AND NEW.id <> ALL (rls.admitted_owners('update', 'person', 'visible')))
        OR (NEW.boss IS DISTINCT FROM OLD.boss AND NEW.boss IS NOT NULL AND NEW.boss <> ALL (rls.admitted_owners('update', 'person', 'visible')))) AND NOT rls.superuser_on('person') THEN
        RAISE EXCEPTION 'a row of resource "%" would go to an owner out of reach', 'person'
            USING ERRCODE = '42501', HINT = 'Name an owner whom the owner check of the resource admits.';
    END IF;
    RETURN NULL;
END
$rls$;
REVOKE ALL ON FUNCTION rls.hand_over_person() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.hand_over_person() TO rls_client;
COMMENT ON FUNCTION rls.hand_over_person() IS 'Refuses to hand a row of person to an owner whom the principal may not name.';
-- undo: DROP FUNCTION IF EXISTS rls.hand_over_person();

-- trigger: trigger rls_hand_over on public.person
CREATE TRIGGER rls_hand_over
    AFTER UPDATE ON public.person
    FOR EACH ROW WHEN (NEW.id IS DISTINCT FROM OLD.id OR NEW.boss IS DISTINCT FROM OLD.boss)
    EXECUTE FUNCTION rls.hand_over_person();
-- undo: DROP TRIGGER IF EXISTS rls_hand_over ON public.person;

-- function: function rls.objects_team(text, text[]), as rls_owner
-- Which of some objects of team admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_team(action text, keys text[])
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
        JOIN public.team AS t ON t.id = rls.to_bigint(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.maker = ANY ((SELECT rls.admitted_owners('read', 'team', 'visible'))::bigint[])
              OR t.id = ANY ((SELECT rls.admitted_groups('read', 'team'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('team') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.maker = ANY ((SELECT rls.admitted_owners('update', 'team', 'self'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('team') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.maker = ANY ((SELECT rls.admitted_owners('delete', 'team', 'self'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('team') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_team(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_team(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_team(text, text[]) IS 'Which of some objects of team admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_team(text, text[]);

-- function: function rls.hand_over_team(), as rls_owner
-- Refuses to hand a row of team to an owner whom the principal may not name.
-- STABLE, so that it judges by the graph from before the statement: a row of the graph must not admit itself.
-- Whoever is not filtered by row security passes, and so do maintenance roles and the table's owner.
CREATE OR REPLACE FUNCTION rls.hand_over_team()
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
            AND NOT pg_has_role(current_user, 'rls_client', 'USAGE'))
        OR pg_has_role(current_user, 'owner', 'USAGE')
        OR pg_has_role(current_user, 'migrator', 'USAGE') THEN
        RETURN NULL;
    END IF;
    IF ((NEW.maker IS DISTINCT FROM OLD.maker AND NEW.maker IS NOT NULL AND NEW.maker <> ALL (rls.admitted_owners('update', 'team', 'self')))
        OR (NEW.id IS DISTINCT FROM OLD.id AND NEW.id IS NOT NULL AND NEW.id <> ALL (rls.admitted_groups('update', 'team')))) AND NOT rls.superuser_on('team') THEN
        RAISE EXCEPTION 'a row of resource "%" would go to an owner out of reach', 'team'
            USING ERRCODE = '42501', HINT = 'Name an owner whom the owner check of the resource admits.';
    END IF;
    RETURN NULL;
END
$rls$;
REVOKE ALL ON FUNCTION rls.hand_over_team() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.hand_over_team() TO rls_client;
COMMENT ON FUNCTION rls.hand_over_team() IS 'Refuses to hand a row of team to an owner whom the principal may not name.';
-- undo: DROP FUNCTION IF EXISTS rls.hand_over_team();

-- trigger: trigger rls_hand_over on public.team
CREATE TRIGGER rls_hand_over
    AFTER UPDATE ON public.team
    FOR EACH ROW WHEN (NEW.maker IS DISTINCT FROM OLD.maker OR NEW.id IS DISTINCT FROM OLD.id)
    EXECUTE FUNCTION rls.hand_over_team();
-- undo: DROP TRIGGER IF EXISTS rls_hand_over ON public.team;

-- function: function rls.objects_member(text, text[]), as rls_owner
-- Which of some objects of member admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_member(action text, keys text[])
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
        CROSS JOIN LATERAL rls.key_parts(k.key, 2) AS p(parts)
        JOIN public.member AS t ON t.team_id = rls.to_bigint(p.parts[1]) AND t.person_id = rls.to_bigint(p.parts[2])
        WHERE CASE $1
          WHEN 'read' THEN (
              t.person_id = ANY ((SELECT rls.admitted_owners('read', 'member', 'visible'))::bigint[])
              OR t.team_id = ANY ((SELECT rls.admitted_groups('read', 'member'))::bigint[])
              OR t.team_id BETWEEN (SELECT CASE WHEN rls.superuser_on('member') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.person_id = ANY ((SELECT rls.admitted_owners('update', 'member', 'visible'))::bigint[])
              OR t.team_id = ANY ((SELECT rls.admitted_groups('update', 'member'))::bigint[])
              OR t.team_id BETWEEN (SELECT CASE WHEN rls.superuser_on('member') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.person_id = ANY ((SELECT rls.admitted_owners('delete', 'member', 'visible'))::bigint[])
              OR t.team_id = ANY ((SELECT rls.admitted_groups('delete', 'member'))::bigint[])
              OR t.team_id BETWEEN (SELECT CASE WHEN rls.superuser_on('member') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_member(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_member(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_member(text, text[]) IS 'Which of some objects of member admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_member(text, text[]);

-- function: function rls.hand_over_member(), as rls_owner
-- Refuses to hand a row of member to an owner whom the principal may not name.
-- STABLE, so that it judges by the graph from before the statement: a row of the graph must not admit itself.
-- Whoever is not filtered by row security passes, and so do maintenance roles and the table's owner.
CREATE OR REPLACE FUNCTION rls.hand_over_member()
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
            AND NOT pg_has_role(current_user, 'rls_client', 'USAGE'))
        OR pg_has_role(current_user, 'owner', 'USAGE')
        OR pg_has_role(current_user, 'migrator', 'USAGE') THEN
        RETURN NULL;
    END IF;
    IF ((NEW.person_id IS DISTINCT FROM OLD.person_id AND NEW.person_id IS NOT NULL AND NEW.person_id <> ALL (rls.admitted_owners('update', 'member', 'visible')))
        OR (NEW.team_id IS DISTINCT FROM OLD.team_id AND NEW.team_id IS NOT NULL AND NEW.team_id <> ALL (rls.admitted_groups('update', 'member')))) AND NOT rls.superuser_on('member') THEN
        RAISE EXCEPTION 'a row of resource "%" would go to an owner out of reach', 'member'
            USING ERRCODE = '42501', HINT = 'Name an owner whom the owner check of the resource admits.';
    END IF;
    RETURN NULL;
END
$rls$;
REVOKE ALL ON FUNCTION rls.hand_over_member() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.hand_over_member() TO rls_client;
COMMENT ON FUNCTION rls.hand_over_member() IS 'Refuses to hand a row of member to an owner whom the principal may not name.';
-- undo: DROP FUNCTION IF EXISTS rls.hand_over_member();

-- trigger: trigger rls_hand_over on public.member
CREATE TRIGGER rls_hand_over
    AFTER UPDATE ON public.member
    FOR EACH ROW WHEN (NEW.person_id IS DISTINCT FROM OLD.person_id OR NEW.team_id IS DISTINCT FROM OLD.team_id)
    EXECUTE FUNCTION rls.hand_over_member();
-- undo: DROP TRIGGER IF EXISTS rls_hand_over ON public.member;

-- policy: policy person_read_graph on public.person
CREATE POLICY person_read_graph ON public.person AS PERMISSIVE FOR SELECT TO rls_owner
    USING (
        true
    );
-- undo: DROP POLICY IF EXISTS person_read_graph ON public.person;

-- policy: policy team_read_graph on public.team
CREATE POLICY team_read_graph ON public.team AS PERMISSIVE FOR SELECT TO rls_owner
    USING (
        true
    );
-- undo: DROP POLICY IF EXISTS team_read_graph ON public.team;

-- policy: policy member_read_graph on public.member
CREATE POLICY member_read_graph ON public.member AS PERMISSIVE FOR SELECT TO rls_owner
    USING (
        true
    );
-- undo: DROP POLICY IF EXISTS member_read_graph ON public.member;

-- policy: policy person_all_maintenance on public.person
CREATE POLICY person_all_maintenance ON public.person AS PERMISSIVE FOR ALL TO owner, migrator
    USING (
        true
    )
    WITH CHECK (
        true
    );
-- undo: DROP POLICY IF EXISTS person_all_maintenance ON public.person;

-- policy: policy person_read on public.person
CREATE POLICY person_read ON public.person AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        id = ANY ((SELECT rls.admitted_owners('read', 'person', 'visible'))::bigint[])
        OR boss = ANY ((SELECT rls.admitted_owners('read', 'person', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('person') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS person_read ON public.person;

-- policy: policy person_create on public.person
CREATE POLICY person_create ON public.person AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        ((id IS NULL OR id = ANY ((SELECT rls.admitted_owners('create', 'person', 'visible'))::bigint[])) AND (boss IS NULL OR boss = ANY ((SELECT rls.admitted_owners('create', 'person', 'visible'))::bigint[])) AND (id IS NOT NULL OR boss IS NOT NULL))
        OR (SELECT rls.superuser_on('person'))
    );
-- undo: DROP POLICY IF EXISTS person_create ON public.person;

-- policy: policy person_update on public.person
CREATE POLICY person_update ON public.person AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        id = ANY ((SELECT rls.admitted_owners('update', 'person', 'hierarchy'))::bigint[])
        OR boss = ANY ((SELECT rls.admitted_owners('update', 'person', 'hierarchy'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('person') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        id = ANY ((SELECT rls.admitted_owners('update', 'person', 'visible'))::bigint[])
        OR boss = ANY ((SELECT rls.admitted_owners('update', 'person', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('person') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS person_update ON public.person;

-- policy: policy person_delete on public.person
CREATE POLICY person_delete ON public.person AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        id = ANY ((SELECT rls.admitted_owners('delete', 'person', 'hierarchy'))::bigint[])
        OR boss = ANY ((SELECT rls.admitted_owners('delete', 'person', 'hierarchy'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('person') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS person_delete ON public.person;

-- policy: policy team_all_maintenance on public.team
CREATE POLICY team_all_maintenance ON public.team AS PERMISSIVE FOR ALL TO owner, migrator
    USING (
        true
    )
    WITH CHECK (
        true
    );
-- undo: DROP POLICY IF EXISTS team_all_maintenance ON public.team;

-- policy: policy team_read on public.team
CREATE POLICY team_read ON public.team AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        maker = ANY ((SELECT rls.admitted_owners('read', 'team', 'visible'))::bigint[])
        OR id = ANY ((SELECT rls.admitted_groups('read', 'team'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('team') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS team_read ON public.team;

-- policy: policy team_create on public.team
CREATE POLICY team_create ON public.team AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        ((maker IS NULL OR maker = ANY ((SELECT rls.admitted_owners('create', 'team', 'self'))::bigint[])) AND (id IS NULL OR id = ANY ((SELECT rls.admitted_groups('create', 'team'))::bigint[])) AND maker IS NOT NULL)
        OR (SELECT rls.superuser_on('team'))
    );
-- undo: DROP POLICY IF EXISTS team_create ON public.team;

-- policy: policy team_update on public.team
CREATE POLICY team_update ON public.team AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        maker = ANY ((SELECT rls.admitted_owners('update', 'team', 'self'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('team') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        maker = ANY ((SELECT rls.admitted_owners('update', 'team', 'self'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('team') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS team_update ON public.team;

-- policy: policy team_delete on public.team
CREATE POLICY team_delete ON public.team AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        maker = ANY ((SELECT rls.admitted_owners('delete', 'team', 'self'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('team') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS team_delete ON public.team;

-- policy: policy member_all_maintenance on public.member
CREATE POLICY member_all_maintenance ON public.member AS PERMISSIVE FOR ALL TO owner, migrator
    USING (
        true
    )
    WITH CHECK (
        true
    );
-- undo: DROP POLICY IF EXISTS member_all_maintenance ON public.member;

-- policy: policy member_read on public.member
CREATE POLICY member_read ON public.member AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        person_id = ANY ((SELECT rls.admitted_owners('read', 'member', 'visible'))::bigint[])
        OR team_id = ANY ((SELECT rls.admitted_groups('read', 'member'))::bigint[])
        OR team_id BETWEEN (SELECT CASE WHEN rls.superuser_on('member') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS member_read ON public.member;

-- policy: policy member_create on public.member
CREATE POLICY member_create ON public.member AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        ((person_id IS NULL OR person_id = ANY ((SELECT rls.admitted_owners('create', 'member', 'visible'))::bigint[])) AND (team_id IS NULL OR team_id = ANY ((SELECT rls.admitted_groups('create', 'member'))::bigint[])) AND (person_id IS NOT NULL OR team_id IS NOT NULL))
        OR (SELECT rls.superuser_on('member'))
    );
-- undo: DROP POLICY IF EXISTS member_create ON public.member;

-- policy: policy member_update on public.member
CREATE POLICY member_update ON public.member AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        person_id = ANY ((SELECT rls.admitted_owners('update', 'member', 'visible'))::bigint[])
        OR team_id = ANY ((SELECT rls.admitted_groups('update', 'member'))::bigint[])
        OR team_id BETWEEN (SELECT CASE WHEN rls.superuser_on('member') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        person_id = ANY ((SELECT rls.admitted_owners('update', 'member', 'visible'))::bigint[])
        OR team_id = ANY ((SELECT rls.admitted_groups('update', 'member'))::bigint[])
        OR team_id BETWEEN (SELECT CASE WHEN rls.superuser_on('member') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS member_update ON public.member;

-- policy: policy member_delete on public.member
CREATE POLICY member_delete ON public.member AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        person_id = ANY ((SELECT rls.admitted_owners('delete', 'member', 'visible'))::bigint[])
        OR team_id = ANY ((SELECT rls.admitted_groups('delete', 'member'))::bigint[])
        OR team_id BETWEEN (SELECT CASE WHEN rls.superuser_on('member') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS member_delete ON public.member;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.person for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.person FROM PUBLIC, app, app_ro;
-- undo: GRANT REFERENCES ON public.person TO app_ro;
-- undo: GRANT TRIGGER ON public.person TO app_ro;
-- undo: GRANT TRUNCATE ON public.person TO app_ro;

-- row_security: row security on public.person
ALTER TABLE public.person ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.person FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.person NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.person DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.team for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.team FROM PUBLIC, app, app_ro;
-- undo: GRANT REFERENCES ON public.team TO app WITH GRANT OPTION;
-- undo: GRANT TRUNCATE ON public.team TO PUBLIC;

-- row_security: row security on public.team
ALTER TABLE public.team ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.team FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.team NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.team DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.member for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.member FROM PUBLIC, app, app_ro;
-- undo: 

-- row_security: row security on public.member
ALTER TABLE public.member ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.member FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.member NO FORCE ROW LEVEL SECURITY;

