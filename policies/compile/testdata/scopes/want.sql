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

-- privilege: SELECT on boss, id of public.person for rls_owner
GRANT SELECT (boss, id) ON public.person TO rls_owner;
-- undo: REVOKE ALL ON public.person FROM rls_owner;

-- privilege: SELECT on id of public.team for rls_owner
GRANT SELECT (id) ON public.team TO rls_owner;
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
       NULL::bigint AS creator,
       false AS shares_members,
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

-- registry: resource visible_visible, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('visible_visible', 'public', 'visible_visible', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'visible', 'visible', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'visible_visible';

-- registry: resource visible_self, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('visible_self', 'public', 'visible_self', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'visible', 'self', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'visible_self';

-- registry: resource visible_any, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('visible_any', 'public', 'visible_any', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'visible', 'any', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'visible_any';

-- registry: resource hierarchy_visible, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('hierarchy_visible', 'public', 'hierarchy_visible', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'hierarchy', 'visible', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'hierarchy_visible';

-- registry: resource hierarchy_self, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('hierarchy_self', 'public', 'hierarchy_self', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'hierarchy', 'self', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'hierarchy_self';

-- registry: resource hierarchy_any, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('hierarchy_any', 'public', 'hierarchy_any', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'hierarchy', 'any', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'hierarchy_any';

-- registry: resource self_visible, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('self_visible', 'public', 'self_visible', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'self', 'visible', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'self_visible';

-- registry: resource self_self, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('self_self', 'public', 'self_self', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'self', 'self', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'self_self';

-- registry: resource self_any, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('self_any', 'public', 'self_any', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'self', 'any', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'self_any';

-- registry: resource three_visible, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('three_visible', 'public', 'three_visible', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'hierarchy', 'visible', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'three_visible';

-- registry: resource three_self, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('three_self', 'public', 'three_self', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'hierarchy', 'self', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'three_self';

-- registry: resource three_any, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('three_any', 'public', 'three_any', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'hierarchy', 'any', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'three_any';

-- registry: resource ownerless, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('ownerless', 'public', 'ownerless', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], false, false, 'visible', 'visible', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'ownerless';

-- function: function rls.objects_visible_visible(text, text[]), as rls_owner
-- Which of some objects of visible_visible admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_visible_visible(action text, keys text[])
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
        JOIN public.visible_visible AS t ON t.id = rls.to_bigint(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'visible_visible', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'visible_visible', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'visible_visible', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_visible_visible(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_visible_visible(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_visible_visible(text, text[]) IS 'Which of some objects of visible_visible admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_visible_visible(text, text[]);

-- function: function rls.objects_visible_self(text, text[]), as rls_owner
-- Which of some objects of visible_self admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_visible_self(action text, keys text[])
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
        JOIN public.visible_self AS t ON t.id = rls.to_bigint(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'visible_self', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'visible_self', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'visible_self', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_visible_self(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_visible_self(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_visible_self(text, text[]) IS 'Which of some objects of visible_self admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_visible_self(text, text[]);

-- function: function rls.hand_over_visible_self(), as rls_owner
-- Refuses to hand a row of visible_self to an owner whom the principal may not name.
-- STABLE, so that it judges by the graph from before the statement: a row of the graph must not admit itself.
-- Whoever is not filtered by row security passes, and so do maintenance roles and the table's owner.
CREATE OR REPLACE FUNCTION rls.hand_over_visible_self()
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
    IF ((NEW.owner IS DISTINCT FROM OLD.owner AND NEW.owner IS NOT NULL AND NEW.owner <> ALL (rls.admitted_owners('update', 'visible_self', 'self')))) AND NOT rls.superuser_on('visible_self') THEN
        RAISE EXCEPTION 'a row of resource "%" would go to an owner out of reach', 'visible_self'
            USING ERRCODE = '42501', HINT = 'Name an owner whom the owner check of the resource admits.';
    END IF;
    RETURN NULL;
END
$rls$;
REVOKE ALL ON FUNCTION rls.hand_over_visible_self() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.hand_over_visible_self() TO rls_client;
COMMENT ON FUNCTION rls.hand_over_visible_self() IS 'Refuses to hand a row of visible_self to an owner whom the principal may not name.';
-- undo: DROP FUNCTION IF EXISTS rls.hand_over_visible_self();

-- trigger: trigger rls_hand_over on public.visible_self
CREATE TRIGGER rls_hand_over
    AFTER UPDATE ON public.visible_self
    FOR EACH ROW WHEN (NEW.owner IS DISTINCT FROM OLD.owner)
    EXECUTE FUNCTION rls.hand_over_visible_self();
-- undo: DROP TRIGGER IF EXISTS rls_hand_over ON public.visible_self;

-- function: function rls.objects_visible_any(text, text[]), as rls_owner
-- Which of some objects of visible_any admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_visible_any(action text, keys text[])
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
        JOIN public.visible_any AS t ON t.id = rls.to_bigint(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'visible_any', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'visible_any', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'visible_any', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_visible_any(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_visible_any(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_visible_any(text, text[]) IS 'Which of some objects of visible_any admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_visible_any(text, text[]);

-- function: function rls.objects_hierarchy_visible(text, text[]), as rls_owner
-- Which of some objects of hierarchy_visible admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_hierarchy_visible(action text, keys text[])
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
        JOIN public.hierarchy_visible AS t ON t.id = rls.to_bigint(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'hierarchy_visible', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'hierarchy_visible', 'hierarchy'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'hierarchy_visible', 'hierarchy'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_hierarchy_visible(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_hierarchy_visible(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_hierarchy_visible(text, text[]) IS 'Which of some objects of hierarchy_visible admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_hierarchy_visible(text, text[]);

-- function: function rls.objects_hierarchy_self(text, text[]), as rls_owner
-- Which of some objects of hierarchy_self admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_hierarchy_self(action text, keys text[])
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
        JOIN public.hierarchy_self AS t ON t.id = rls.to_bigint(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'hierarchy_self', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'hierarchy_self', 'hierarchy'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'hierarchy_self', 'hierarchy'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_hierarchy_self(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_hierarchy_self(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_hierarchy_self(text, text[]) IS 'Which of some objects of hierarchy_self admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_hierarchy_self(text, text[]);

-- function: function rls.hand_over_hierarchy_self(), as rls_owner
-- Refuses to hand a row of hierarchy_self to an owner whom the principal may not name.
-- STABLE, so that it judges by the graph from before the statement: a row of the graph must not admit itself.
-- Whoever is not filtered by row security passes, and so do maintenance roles and the table's owner.
CREATE OR REPLACE FUNCTION rls.hand_over_hierarchy_self()
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
    IF ((NEW.owner IS DISTINCT FROM OLD.owner AND NEW.owner IS NOT NULL AND NEW.owner <> ALL (rls.admitted_owners('update', 'hierarchy_self', 'self')))) AND NOT rls.superuser_on('hierarchy_self') THEN
        RAISE EXCEPTION 'a row of resource "%" would go to an owner out of reach', 'hierarchy_self'
            USING ERRCODE = '42501', HINT = 'Name an owner whom the owner check of the resource admits.';
    END IF;
    RETURN NULL;
END
$rls$;
REVOKE ALL ON FUNCTION rls.hand_over_hierarchy_self() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.hand_over_hierarchy_self() TO rls_client;
COMMENT ON FUNCTION rls.hand_over_hierarchy_self() IS 'Refuses to hand a row of hierarchy_self to an owner whom the principal may not name.';
-- undo: DROP FUNCTION IF EXISTS rls.hand_over_hierarchy_self();

-- trigger: trigger rls_hand_over on public.hierarchy_self
CREATE TRIGGER rls_hand_over
    AFTER UPDATE ON public.hierarchy_self
    FOR EACH ROW WHEN (NEW.owner IS DISTINCT FROM OLD.owner)
    EXECUTE FUNCTION rls.hand_over_hierarchy_self();
-- undo: DROP TRIGGER IF EXISTS rls_hand_over ON public.hierarchy_self;

-- function: function rls.objects_hierarchy_any(text, text[]), as rls_owner
-- Which of some objects of hierarchy_any admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_hierarchy_any(action text, keys text[])
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
        JOIN public.hierarchy_any AS t ON t.id = rls.to_bigint(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'hierarchy_any', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'hierarchy_any', 'hierarchy'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'hierarchy_any', 'hierarchy'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_hierarchy_any(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_hierarchy_any(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_hierarchy_any(text, text[]) IS 'Which of some objects of hierarchy_any admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_hierarchy_any(text, text[]);

-- function: function rls.objects_self_visible(text, text[]), as rls_owner
-- Which of some objects of self_visible admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_self_visible(action text, keys text[])
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
        JOIN public.self_visible AS t ON t.id = rls.to_bigint(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'self_visible', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'self_visible', 'self'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'self_visible', 'self'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_self_visible(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_self_visible(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_self_visible(text, text[]) IS 'Which of some objects of self_visible admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_self_visible(text, text[]);

-- function: function rls.objects_self_self(text, text[]), as rls_owner
-- Which of some objects of self_self admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_self_self(action text, keys text[])
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
        JOIN public.self_self AS t ON t.id = rls.to_bigint(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'self_self', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'self_self', 'self'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'self_self', 'self'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_self_self(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_self_self(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_self_self(text, text[]) IS 'Which of some objects of self_self admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_self_self(text, text[]);

-- function: function rls.objects_self_any(text, text[]), as rls_owner
-- Which of some objects of self_any admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_self_any(action text, keys text[])
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
        JOIN public.self_any AS t ON t.id = rls.to_bigint(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'self_any', 'visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'self_any', 'self'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'self_any', 'self'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_self_any(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_self_any(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_self_any(text, text[]) IS 'Which of some objects of self_any admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_self_any(text, text[]);

-- function: function rls.objects_three_visible(text, text[]), as rls_owner
-- Which of some objects of three_visible admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_three_visible(action text, keys text[])
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
        JOIN public.three_visible AS t ON t.id = rls.to_bigint(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'three_visible', 'visible'))::bigint[])
              OR t.assignee = ANY ((SELECT rls.admitted_owners('read', 'three_visible', 'visible'))::bigint[])
              OR t.team = ANY ((SELECT rls.admitted_groups('read', 'three_visible'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'three_visible', 'hierarchy'))::bigint[])
              OR t.assignee = ANY ((SELECT rls.admitted_owners('update', 'three_visible', 'hierarchy'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'three_visible', 'hierarchy'))::bigint[])
              OR t.assignee = ANY ((SELECT rls.admitted_owners('delete', 'three_visible', 'hierarchy'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_three_visible(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_three_visible(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_three_visible(text, text[]) IS 'Which of some objects of three_visible admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_three_visible(text, text[]);

-- function: function rls.hand_over_three_visible(), as rls_owner
-- Refuses to hand a row of three_visible to an owner whom the principal may not name.
-- STABLE, so that it judges by the graph from before the statement: a row of the graph must not admit itself.
-- Whoever is not filtered by row security passes, and so do maintenance roles and the table's owner.
CREATE OR REPLACE FUNCTION rls.hand_over_three_visible()
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
    IF ((NEW.owner IS DISTINCT FROM OLD.owner AND NEW.owner IS NOT NULL AND NEW.owner <> ALL (rls.admitted_owners('update', 'three_visible', 'visible')))
        OR (NEW.assignee IS DISTINCT FROM OLD.assignee AND NEW.assignee IS NOT NULL AND NEW.assignee <> ALL (rls.admitted_owners('update', 'three_visible', 'visible')))
        OR (NEW.team IS DISTINCT FROM OLD.team AND NEW.team IS NOT NULL AND NEW.team <> ALL (rls.admitted_groups('update', 'three_visible')))) AND NOT rls.superuser_on('three_visible') THEN
        RAISE EXCEPTION 'a row of resource "%" would go to an owner out of reach', 'three_visible'
            USING ERRCODE = '42501', HINT = 'Name an owner whom the owner check of the resource admits.';
    END IF;
    RETURN NULL;
END
$rls$;
REVOKE ALL ON FUNCTION rls.hand_over_three_visible() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.hand_over_three_visible() TO rls_client;
COMMENT ON FUNCTION rls.hand_over_three_visible() IS 'Refuses to hand a row of three_visible to an owner whom the principal may not name.';
-- undo: DROP FUNCTION IF EXISTS rls.hand_over_three_visible();

-- trigger: trigger rls_hand_over on public.three_visible
CREATE TRIGGER rls_hand_over
    AFTER UPDATE ON public.three_visible
    FOR EACH ROW WHEN (NEW.owner IS DISTINCT FROM OLD.owner OR NEW.assignee IS DISTINCT FROM OLD.assignee OR NEW.team IS DISTINCT FROM OLD.team)
    EXECUTE FUNCTION rls.hand_over_three_visible();
-- undo: DROP TRIGGER IF EXISTS rls_hand_over ON public.three_visible;

-- function: function rls.objects_three_self(text, text[]), as rls_owner
-- Which of some objects of three_self admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_three_self(action text, keys text[])
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
        JOIN public.three_self AS t ON t.id = rls.to_bigint(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'three_self', 'visible'))::bigint[])
              OR t.assignee = ANY ((SELECT rls.admitted_owners('read', 'three_self', 'visible'))::bigint[])
              OR t.team = ANY ((SELECT rls.admitted_groups('read', 'three_self'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'three_self', 'hierarchy'))::bigint[])
              OR t.assignee = ANY ((SELECT rls.admitted_owners('update', 'three_self', 'hierarchy'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'three_self', 'hierarchy'))::bigint[])
              OR t.assignee = ANY ((SELECT rls.admitted_owners('delete', 'three_self', 'hierarchy'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_three_self(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_three_self(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_three_self(text, text[]) IS 'Which of some objects of three_self admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_three_self(text, text[]);

-- function: function rls.hand_over_three_self(), as rls_owner
-- Refuses to hand a row of three_self to an owner whom the principal may not name.
-- STABLE, so that it judges by the graph from before the statement: a row of the graph must not admit itself.
-- Whoever is not filtered by row security passes, and so do maintenance roles and the table's owner.
CREATE OR REPLACE FUNCTION rls.hand_over_three_self()
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
    IF ((NEW.owner IS DISTINCT FROM OLD.owner AND NEW.owner IS NOT NULL AND NEW.owner <> ALL (rls.admitted_owners('update', 'three_self', 'self')))
        OR (NEW.assignee IS DISTINCT FROM OLD.assignee AND NEW.assignee IS NOT NULL AND NEW.assignee <> ALL (rls.admitted_owners('update', 'three_self', 'self')))
        OR (NEW.team IS DISTINCT FROM OLD.team AND NEW.team IS NOT NULL AND NEW.team <> ALL (rls.admitted_groups('update', 'three_self')))) AND NOT rls.superuser_on('three_self') THEN
        RAISE EXCEPTION 'a row of resource "%" would go to an owner out of reach', 'three_self'
            USING ERRCODE = '42501', HINT = 'Name an owner whom the owner check of the resource admits.';
    END IF;
    RETURN NULL;
END
$rls$;
REVOKE ALL ON FUNCTION rls.hand_over_three_self() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.hand_over_three_self() TO rls_client;
COMMENT ON FUNCTION rls.hand_over_three_self() IS 'Refuses to hand a row of three_self to an owner whom the principal may not name.';
-- undo: DROP FUNCTION IF EXISTS rls.hand_over_three_self();

-- trigger: trigger rls_hand_over on public.three_self
CREATE TRIGGER rls_hand_over
    AFTER UPDATE ON public.three_self
    FOR EACH ROW WHEN (NEW.owner IS DISTINCT FROM OLD.owner OR NEW.assignee IS DISTINCT FROM OLD.assignee OR NEW.team IS DISTINCT FROM OLD.team)
    EXECUTE FUNCTION rls.hand_over_three_self();
-- undo: DROP TRIGGER IF EXISTS rls_hand_over ON public.three_self;

-- function: function rls.objects_three_any(text, text[]), as rls_owner
-- Which of some objects of three_any admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_three_any(action text, keys text[])
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
        JOIN public.three_any AS t ON t.id = rls.to_bigint(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'three_any', 'visible'))::bigint[])
              OR t.assignee = ANY ((SELECT rls.admitted_owners('read', 'three_any', 'visible'))::bigint[])
              OR t.team = ANY ((SELECT rls.admitted_groups('read', 'three_any'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'three_any', 'hierarchy'))::bigint[])
              OR t.assignee = ANY ((SELECT rls.admitted_owners('update', 'three_any', 'hierarchy'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'three_any', 'hierarchy'))::bigint[])
              OR t.assignee = ANY ((SELECT rls.admitted_owners('delete', 'three_any', 'hierarchy'))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_three_any(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_three_any(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_three_any(text, text[]) IS 'Which of some objects of three_any admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_three_any(text, text[]);

-- function: function rls.hand_over_three_any(), as rls_owner
-- Refuses to hand a row of three_any to an owner whom the principal may not name.
-- STABLE, so that it judges by the graph from before the statement: a row of the graph must not admit itself.
-- Whoever is not filtered by row security passes, and so do maintenance roles and the table's owner.
CREATE OR REPLACE FUNCTION rls.hand_over_three_any()
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
    IF ((NEW.owner IS DISTINCT FROM OLD.owner AND NEW.owner IS NOT NULL AND NEW.owner <> ALL (rls.admitted_owners('update', 'three_any', 'visible')))
        OR (NEW.assignee IS DISTINCT FROM OLD.assignee AND NEW.assignee IS NOT NULL AND NEW.assignee <> ALL (rls.admitted_owners('update', 'three_any', 'visible')))
        OR (NEW.team IS DISTINCT FROM OLD.team AND NEW.team IS NOT NULL AND NEW.team <> ALL (rls.admitted_groups('update', 'three_any')))) AND NOT rls.superuser_on('three_any') THEN
        RAISE EXCEPTION 'a row of resource "%" would go to an owner out of reach', 'three_any'
            USING ERRCODE = '42501', HINT = 'Name an owner whom the owner check of the resource admits.';
    END IF;
    RETURN NULL;
END
$rls$;
REVOKE ALL ON FUNCTION rls.hand_over_three_any() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.hand_over_three_any() TO rls_client;
COMMENT ON FUNCTION rls.hand_over_three_any() IS 'Refuses to hand a row of three_any to an owner whom the principal may not name.';
-- undo: DROP FUNCTION IF EXISTS rls.hand_over_three_any();

-- trigger: trigger rls_hand_over on public.three_any
CREATE TRIGGER rls_hand_over
    AFTER UPDATE ON public.three_any
    FOR EACH ROW WHEN (NEW.owner IS DISTINCT FROM OLD.owner OR NEW.assignee IS DISTINCT FROM OLD.assignee OR NEW.team IS DISTINCT FROM OLD.team)
    EXECUTE FUNCTION rls.hand_over_three_any();
-- undo: DROP TRIGGER IF EXISTS rls_hand_over ON public.three_any;

-- function: function rls.objects_ownerless(text, text[]), as rls_owner
-- Which of some objects of ownerless admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_ownerless(action text, keys text[])
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
        JOIN public.ownerless AS t ON t.id = rls.to_bigint(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('ownerless') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('ownerless') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.id BETWEEN (SELECT CASE WHEN rls.superuser_on('ownerless') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_ownerless(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_ownerless(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_ownerless(text, text[]) IS 'Which of some objects of ownerless admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_ownerless(text, text[]);

-- policy: policy visible_visible_read on public.visible_visible
CREATE POLICY visible_visible_read ON public.visible_visible AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'visible_visible', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS visible_visible_read ON public.visible_visible;

-- policy: policy visible_visible_create on public.visible_visible
CREATE POLICY visible_visible_create ON public.visible_visible AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('create', 'visible_visible', 'visible'))::bigint[])
        OR (SELECT rls.superuser_on('visible_visible'))
    );
-- undo: DROP POLICY IF EXISTS visible_visible_create ON public.visible_visible;

-- policy: policy visible_visible_update on public.visible_visible
CREATE POLICY visible_visible_update ON public.visible_visible AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'visible_visible', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'visible_visible', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS visible_visible_update ON public.visible_visible;

-- policy: policy visible_visible_delete on public.visible_visible
CREATE POLICY visible_visible_delete ON public.visible_visible AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'visible_visible', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS visible_visible_delete ON public.visible_visible;

-- policy: policy visible_self_read on public.visible_self
CREATE POLICY visible_self_read ON public.visible_self AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'visible_self', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS visible_self_read ON public.visible_self;

-- policy: policy visible_self_create on public.visible_self
CREATE POLICY visible_self_create ON public.visible_self AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('create', 'visible_self', 'self'))::bigint[])
        OR (SELECT rls.superuser_on('visible_self'))
    );
-- undo: DROP POLICY IF EXISTS visible_self_create ON public.visible_self;

-- policy: policy visible_self_update on public.visible_self
CREATE POLICY visible_self_update ON public.visible_self AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'visible_self', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'visible_self', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS visible_self_update ON public.visible_self;

-- policy: policy visible_self_delete on public.visible_self
CREATE POLICY visible_self_delete ON public.visible_self AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'visible_self', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS visible_self_delete ON public.visible_self;

-- policy: policy visible_any_read on public.visible_any
CREATE POLICY visible_any_read ON public.visible_any AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'visible_any', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS visible_any_read ON public.visible_any;

-- policy: policy visible_any_create on public.visible_any
CREATE POLICY visible_any_create ON public.visible_any AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        ((SELECT rls.can('create', 'visible_any')) AND owner IS NOT NULL)
        OR (SELECT rls.superuser_on('visible_any'))
    );
-- undo: DROP POLICY IF EXISTS visible_any_create ON public.visible_any;

-- policy: policy visible_any_update on public.visible_any
CREATE POLICY visible_any_update ON public.visible_any AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'visible_any', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'visible_any', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS visible_any_update ON public.visible_any;

-- policy: policy visible_any_delete on public.visible_any
CREATE POLICY visible_any_delete ON public.visible_any AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'visible_any', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('visible_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS visible_any_delete ON public.visible_any;

-- policy: policy hierarchy_visible_read on public.hierarchy_visible
CREATE POLICY hierarchy_visible_read ON public.hierarchy_visible AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'hierarchy_visible', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS hierarchy_visible_read ON public.hierarchy_visible;

-- policy: policy hierarchy_visible_create on public.hierarchy_visible
CREATE POLICY hierarchy_visible_create ON public.hierarchy_visible AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('create', 'hierarchy_visible', 'visible'))::bigint[])
        OR (SELECT rls.superuser_on('hierarchy_visible'))
    );
-- undo: DROP POLICY IF EXISTS hierarchy_visible_create ON public.hierarchy_visible;

-- policy: policy hierarchy_visible_update on public.hierarchy_visible
CREATE POLICY hierarchy_visible_update ON public.hierarchy_visible AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'hierarchy_visible', 'hierarchy'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'hierarchy_visible', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS hierarchy_visible_update ON public.hierarchy_visible;

-- policy: policy hierarchy_visible_delete on public.hierarchy_visible
CREATE POLICY hierarchy_visible_delete ON public.hierarchy_visible AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'hierarchy_visible', 'hierarchy'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS hierarchy_visible_delete ON public.hierarchy_visible;

-- policy: policy hierarchy_self_read on public.hierarchy_self
CREATE POLICY hierarchy_self_read ON public.hierarchy_self AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'hierarchy_self', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS hierarchy_self_read ON public.hierarchy_self;

-- policy: policy hierarchy_self_create on public.hierarchy_self
CREATE POLICY hierarchy_self_create ON public.hierarchy_self AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('create', 'hierarchy_self', 'self'))::bigint[])
        OR (SELECT rls.superuser_on('hierarchy_self'))
    );
-- undo: DROP POLICY IF EXISTS hierarchy_self_create ON public.hierarchy_self;

-- policy: policy hierarchy_self_update on public.hierarchy_self
CREATE POLICY hierarchy_self_update ON public.hierarchy_self AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'hierarchy_self', 'hierarchy'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'hierarchy_self', 'hierarchy'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS hierarchy_self_update ON public.hierarchy_self;

-- policy: policy hierarchy_self_delete on public.hierarchy_self
CREATE POLICY hierarchy_self_delete ON public.hierarchy_self AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'hierarchy_self', 'hierarchy'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS hierarchy_self_delete ON public.hierarchy_self;

-- policy: policy hierarchy_any_read on public.hierarchy_any
CREATE POLICY hierarchy_any_read ON public.hierarchy_any AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'hierarchy_any', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS hierarchy_any_read ON public.hierarchy_any;

-- policy: policy hierarchy_any_create on public.hierarchy_any
CREATE POLICY hierarchy_any_create ON public.hierarchy_any AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        ((SELECT rls.can('create', 'hierarchy_any')) AND owner IS NOT NULL)
        OR (SELECT rls.superuser_on('hierarchy_any'))
    );
-- undo: DROP POLICY IF EXISTS hierarchy_any_create ON public.hierarchy_any;

-- policy: policy hierarchy_any_update on public.hierarchy_any
CREATE POLICY hierarchy_any_update ON public.hierarchy_any AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'hierarchy_any', 'hierarchy'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'hierarchy_any', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS hierarchy_any_update ON public.hierarchy_any;

-- policy: policy hierarchy_any_delete on public.hierarchy_any
CREATE POLICY hierarchy_any_delete ON public.hierarchy_any AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'hierarchy_any', 'hierarchy'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('hierarchy_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS hierarchy_any_delete ON public.hierarchy_any;

-- policy: policy self_visible_read on public.self_visible
CREATE POLICY self_visible_read ON public.self_visible AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'self_visible', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS self_visible_read ON public.self_visible;

-- policy: policy self_visible_create on public.self_visible
CREATE POLICY self_visible_create ON public.self_visible AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('create', 'self_visible', 'visible'))::bigint[])
        OR (SELECT rls.superuser_on('self_visible'))
    );
-- undo: DROP POLICY IF EXISTS self_visible_create ON public.self_visible;

-- policy: policy self_visible_update on public.self_visible
CREATE POLICY self_visible_update ON public.self_visible AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'self_visible', 'self'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'self_visible', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS self_visible_update ON public.self_visible;

-- policy: policy self_visible_delete on public.self_visible
CREATE POLICY self_visible_delete ON public.self_visible AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'self_visible', 'self'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS self_visible_delete ON public.self_visible;

-- policy: policy self_self_read on public.self_self
CREATE POLICY self_self_read ON public.self_self AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'self_self', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS self_self_read ON public.self_self;

-- policy: policy self_self_create on public.self_self
CREATE POLICY self_self_create ON public.self_self AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('create', 'self_self', 'self'))::bigint[])
        OR (SELECT rls.superuser_on('self_self'))
    );
-- undo: DROP POLICY IF EXISTS self_self_create ON public.self_self;

-- policy: policy self_self_update on public.self_self
CREATE POLICY self_self_update ON public.self_self AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'self_self', 'self'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'self_self', 'self'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS self_self_update ON public.self_self;

-- policy: policy self_self_delete on public.self_self
CREATE POLICY self_self_delete ON public.self_self AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'self_self', 'self'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS self_self_delete ON public.self_self;

-- policy: policy self_any_read on public.self_any
CREATE POLICY self_any_read ON public.self_any AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'self_any', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS self_any_read ON public.self_any;

-- policy: policy self_any_create on public.self_any
CREATE POLICY self_any_create ON public.self_any AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        ((SELECT rls.can('create', 'self_any')) AND owner IS NOT NULL)
        OR (SELECT rls.superuser_on('self_any'))
    );
-- undo: DROP POLICY IF EXISTS self_any_create ON public.self_any;

-- policy: policy self_any_update on public.self_any
CREATE POLICY self_any_update ON public.self_any AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'self_any', 'self'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'self_any', 'visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS self_any_update ON public.self_any;

-- policy: policy self_any_delete on public.self_any
CREATE POLICY self_any_delete ON public.self_any AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'self_any', 'self'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('self_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS self_any_delete ON public.self_any;

-- policy: policy three_visible_read on public.three_visible
CREATE POLICY three_visible_read ON public.three_visible AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'three_visible', 'visible'))::bigint[])
        OR assignee = ANY ((SELECT rls.admitted_owners('read', 'three_visible', 'visible'))::bigint[])
        OR team = ANY ((SELECT rls.admitted_groups('read', 'three_visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS three_visible_read ON public.three_visible;

-- policy: policy three_visible_create on public.three_visible
CREATE POLICY three_visible_create ON public.three_visible AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        ((owner IS NULL OR owner = ANY ((SELECT rls.admitted_owners('create', 'three_visible', 'visible'))::bigint[])) AND (assignee IS NULL OR assignee = ANY ((SELECT rls.admitted_owners('create', 'three_visible', 'visible'))::bigint[])) AND (team IS NULL OR team = ANY ((SELECT rls.admitted_groups('create', 'three_visible'))::bigint[])) AND (owner IS NOT NULL OR assignee IS NOT NULL OR team IS NOT NULL))
        OR (SELECT rls.superuser_on('three_visible'))
    );
-- undo: DROP POLICY IF EXISTS three_visible_create ON public.three_visible;

-- policy: policy three_visible_update on public.three_visible
CREATE POLICY three_visible_update ON public.three_visible AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'three_visible', 'hierarchy'))::bigint[])
        OR assignee = ANY ((SELECT rls.admitted_owners('update', 'three_visible', 'hierarchy'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'three_visible', 'visible'))::bigint[])
        OR assignee = ANY ((SELECT rls.admitted_owners('update', 'three_visible', 'visible'))::bigint[])
        OR team = ANY ((SELECT rls.admitted_groups('update', 'three_visible'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS three_visible_update ON public.three_visible;

-- policy: policy three_visible_delete on public.three_visible
CREATE POLICY three_visible_delete ON public.three_visible AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'three_visible', 'hierarchy'))::bigint[])
        OR assignee = ANY ((SELECT rls.admitted_owners('delete', 'three_visible', 'hierarchy'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_visible') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS three_visible_delete ON public.three_visible;

-- policy: policy three_self_read on public.three_self
CREATE POLICY three_self_read ON public.three_self AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'three_self', 'visible'))::bigint[])
        OR assignee = ANY ((SELECT rls.admitted_owners('read', 'three_self', 'visible'))::bigint[])
        OR team = ANY ((SELECT rls.admitted_groups('read', 'three_self'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS three_self_read ON public.three_self;

-- policy: policy three_self_create on public.three_self
CREATE POLICY three_self_create ON public.three_self AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        ((owner IS NULL OR owner = ANY ((SELECT rls.admitted_owners('create', 'three_self', 'self'))::bigint[])) AND (assignee IS NULL OR assignee = ANY ((SELECT rls.admitted_owners('create', 'three_self', 'self'))::bigint[])) AND (team IS NULL OR team = ANY ((SELECT rls.admitted_groups('create', 'three_self'))::bigint[])) AND (owner IS NOT NULL OR assignee IS NOT NULL))
        OR (SELECT rls.superuser_on('three_self'))
    );
-- undo: DROP POLICY IF EXISTS three_self_create ON public.three_self;

-- policy: policy three_self_update on public.three_self
CREATE POLICY three_self_update ON public.three_self AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'three_self', 'hierarchy'))::bigint[])
        OR assignee = ANY ((SELECT rls.admitted_owners('update', 'three_self', 'hierarchy'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'three_self', 'hierarchy'))::bigint[])
        OR assignee = ANY ((SELECT rls.admitted_owners('update', 'three_self', 'hierarchy'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS three_self_update ON public.three_self;

-- policy: policy three_self_delete on public.three_self
CREATE POLICY three_self_delete ON public.three_self AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'three_self', 'hierarchy'))::bigint[])
        OR assignee = ANY ((SELECT rls.admitted_owners('delete', 'three_self', 'hierarchy'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_self') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS three_self_delete ON public.three_self;

-- policy: policy three_any_read on public.three_any
CREATE POLICY three_any_read ON public.three_any AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'three_any', 'visible'))::bigint[])
        OR assignee = ANY ((SELECT rls.admitted_owners('read', 'three_any', 'visible'))::bigint[])
        OR team = ANY ((SELECT rls.admitted_groups('read', 'three_any'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS three_any_read ON public.three_any;

-- policy: policy three_any_create on public.three_any
CREATE POLICY three_any_create ON public.three_any AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        ((SELECT rls.can('create', 'three_any')) AND (owner IS NOT NULL OR assignee IS NOT NULL OR team IS NOT NULL))
        OR (SELECT rls.superuser_on('three_any'))
    );
-- undo: DROP POLICY IF EXISTS three_any_create ON public.three_any;

-- policy: policy three_any_update on public.three_any
CREATE POLICY three_any_update ON public.three_any AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'three_any', 'hierarchy'))::bigint[])
        OR assignee = ANY ((SELECT rls.admitted_owners('update', 'three_any', 'hierarchy'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'three_any', 'visible'))::bigint[])
        OR assignee = ANY ((SELECT rls.admitted_owners('update', 'three_any', 'visible'))::bigint[])
        OR team = ANY ((SELECT rls.admitted_groups('update', 'three_any'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS three_any_update ON public.three_any;

-- policy: policy three_any_delete on public.three_any
CREATE POLICY three_any_delete ON public.three_any AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'three_any', 'hierarchy'))::bigint[])
        OR assignee = ANY ((SELECT rls.admitted_owners('delete', 'three_any', 'hierarchy'))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.superuser_on('three_any') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS three_any_delete ON public.three_any;

-- policy: policy ownerless_read on public.ownerless
CREATE POLICY ownerless_read ON public.ownerless AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        id BETWEEN (SELECT CASE WHEN rls.superuser_on('ownerless') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS ownerless_read ON public.ownerless;

-- policy: policy ownerless_create on public.ownerless
CREATE POLICY ownerless_create ON public.ownerless AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        (SELECT rls.superuser_on('ownerless'))
    );
-- undo: DROP POLICY IF EXISTS ownerless_create ON public.ownerless;

-- policy: policy ownerless_update on public.ownerless
CREATE POLICY ownerless_update ON public.ownerless AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        id BETWEEN (SELECT CASE WHEN rls.superuser_on('ownerless') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        id BETWEEN (SELECT CASE WHEN rls.superuser_on('ownerless') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS ownerless_update ON public.ownerless;

-- policy: policy ownerless_delete on public.ownerless
CREATE POLICY ownerless_delete ON public.ownerless AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        id BETWEEN (SELECT CASE WHEN rls.superuser_on('ownerless') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS ownerless_delete ON public.ownerless;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.visible_visible for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.visible_visible FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.visible_visible
ALTER TABLE public.visible_visible ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.visible_visible FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.visible_visible NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.visible_visible DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.visible_self for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.visible_self FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.visible_self
ALTER TABLE public.visible_self ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.visible_self FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.visible_self NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.visible_self DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.visible_any for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.visible_any FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.visible_any
ALTER TABLE public.visible_any ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.visible_any FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.visible_any NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.visible_any DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.hierarchy_visible for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.hierarchy_visible FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.hierarchy_visible
ALTER TABLE public.hierarchy_visible ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.hierarchy_visible FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.hierarchy_visible NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.hierarchy_visible DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.hierarchy_self for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.hierarchy_self FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.hierarchy_self
ALTER TABLE public.hierarchy_self ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.hierarchy_self FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.hierarchy_self NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.hierarchy_self DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.hierarchy_any for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.hierarchy_any FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.hierarchy_any
ALTER TABLE public.hierarchy_any ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.hierarchy_any FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.hierarchy_any NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.hierarchy_any DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.self_visible for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.self_visible FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.self_visible
ALTER TABLE public.self_visible ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.self_visible FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.self_visible NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.self_visible DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.self_self for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.self_self FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.self_self
ALTER TABLE public.self_self ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.self_self FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.self_self NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.self_self DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.self_any for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.self_any FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.self_any
ALTER TABLE public.self_any ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.self_any FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.self_any NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.self_any DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.three_visible for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.three_visible FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.three_visible
ALTER TABLE public.three_visible ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.three_visible FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.three_visible NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.three_visible DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.three_self for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.three_self FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.three_self
ALTER TABLE public.three_self ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.three_self FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.three_self NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.three_self DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.three_any for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.three_any FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.three_any
ALTER TABLE public.three_any ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.three_any FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.three_any NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.three_any DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.ownerless for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.ownerless FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.ownerless
ALTER TABLE public.ownerless ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.ownerless FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.ownerless NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.ownerless DISABLE ROW LEVEL SECURITY;

