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

-- privilege: USAGE on schema "Sch""ema; DROP" for rls_owner
GRANT USAGE ON SCHEMA "Sch""ema; DROP" TO rls_owner;
-- undo: REVOKE USAGE ON SCHEMA "Sch""ema; DROP" FROM rls_owner;

-- privilege: SELECT on "'; --", "Mixed Case", "select", "user" of "Sch""ema; DROP"."x""; DROP TABLE y; --" for rls_owner
GRANT SELECT ("'; --", "Mixed Case", "select", "user") ON "Sch""ema; DROP"."x""; DROP TABLE y; --" TO rls_owner;
-- undo: REVOKE ALL ON "Sch""ema; DROP"."x""; DROP TABLE y; --" FROM rls_owner;

-- view: view rls.user_row, as rls_owner
-- The users of the model in one shape. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.user_row WITH (security_invoker = true) AS
SELECT t."select" AS id,
       t."'; --"::text AS login,
       NULL::text AS subject,
       ((t."Mixed Case" AND (t."'; --" <> '$rls$'))) IS TRUE AS is_active,
       false AS is_superuser,
       false AS is_staff
FROM "Sch""ema; DROP"."x""; DROP TABLE y; --" AS t;
REVOKE ALL ON rls.user_row FROM PUBLIC;
COMMENT ON VIEW rls.user_row IS 'The users of the model in one shape.';
-- undo: DROP VIEW IF EXISTS rls.user_row;

-- view: view rls.edge, as rls_owner
-- Who sees whom directly, by edge kind. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.edge WITH (security_invoker = true) AS
SELECT 'table'::text AS kind, t."user" AS viewer, t."select" AS seen
FROM "Sch""ema; DROP"."x""; DROP TABLE y; --" AS t
WHERE t."user" IS NOT NULL;
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
        sees_table(id) AS (
            SELECT s.id FROM myself AS s
            UNION
            SELECT e.seen FROM sees_table AS v JOIN rls.edge AS e ON e.viewer = v.id AND e.kind = 'table'
        )
        SELECT s.id, 'self'::text FROM myself AS s
        UNION ALL
        SELECT s.id, 'table'::text FROM sees_table AS s WHERE s.id <> $1;
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

-- registry: resource group, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('group', 'public', 'user', E'$rls$''; DROP TABLE y; --\\', ARRAY['order"; --', '$rls$']::text[], ARRAY['create', 'read', 'update', 'delete', 'select', 'table']::text[], true, true, 'visible', 'visible', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'group';

-- function: function rls.objects_group(text, text[]), as rls_owner
-- Which of some objects of group admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_group(action text, keys text[])
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $rls2$
BEGIN
    RETURN ARRAY(
        SELECT k.key FROM unnest($2) AS k(key)
        CROSS JOIN LATERAL rls.key_parts(k.key, 2) AS p(parts)
        JOIN public."user" AS t ON t."order""; --" = rls.to_bigint(p.parts[1]) AND t."$rls$" = rls.to_text(p.parts[2])
        WHERE CASE $1
          WHEN 'read' THEN (
              t."Owner's" = ANY ((SELECT rls.admitted_owners('read', 'group', 'visible'))::bigint[])
              OR t."app\" = ANY ((SELECT rls.admitted_owners('read', 'group', 'visible'))::bigint[])
              OR t."order""; --" BETWEEN (SELECT CASE WHEN rls.superuser_on('group') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t."Owner's" = ANY ((SELECT rls.admitted_owners('update', 'group', 'visible'))::bigint[])
              OR t."app\" = ANY ((SELECT rls.admitted_owners('update', 'group', 'visible'))::bigint[])
              OR t."order""; --" BETWEEN (SELECT CASE WHEN rls.superuser_on('group') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t."Owner's" = ANY ((SELECT rls.admitted_owners('delete', 'group', 'visible'))::bigint[])
              OR t."app\" = ANY ((SELECT rls.admitted_owners('delete', 'group', 'visible'))::bigint[])
              OR t."order""; --" BETWEEN (SELECT CASE WHEN rls.superuser_on('group') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'select' THEN (
              t."Owner's" = ANY ((SELECT rls.admitted_owners('select', 'group', 'visible'))::bigint[])
              OR t."app\" = ANY ((SELECT rls.admitted_owners('select', 'group', 'visible'))::bigint[])
              OR t."order""; --" BETWEEN (SELECT CASE WHEN rls.superuser_on('group') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'table' THEN (
              t."Owner's" = ANY ((SELECT rls.admitted_owners('table', 'group', 'visible'))::bigint[])
              OR t."app\" = ANY ((SELECT rls.admitted_owners('table', 'group', 'visible'))::bigint[])
              OR t."order""; --" BETWEEN (SELECT CASE WHEN rls.superuser_on('group') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls2$;
REVOKE ALL ON FUNCTION rls.objects_group(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_group(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_group(text, text[]) IS 'Which of some objects of group admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_group(text, text[]);

-- function: function rls.hand_over_group(), as rls_owner
-- Refuses to hand a row of group to an owner whom the principal may not name.
-- STABLE, so that it judges by the graph from before the statement: a row of the graph must not admit itself.
-- Whoever is not filtered by row security passes, and so do maintenance roles and the table's owner.
CREATE OR REPLACE FUNCTION rls.hand_over_group()
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
        OR pg_has_role(current_user, 'migrator', 'USAGE') THEN
        RETURN NULL;
    END IF;
    IF ((NEW."Owner's" IS DISTINCT FROM OLD."Owner's" AND NEW."Owner's" IS NOT NULL AND NEW."Owner's" <> ALL (rls.admitted_owners('update', 'group', 'visible')))
        OR (NEW."app\" IS DISTINCT FROM OLD."app\" AND NEW."app\" IS NOT NULL AND NEW."app\" <> ALL (rls.admitted_owners('update', 'group', 'visible')))) AND NOT rls.superuser_on('group') THEN
        RAISE EXCEPTION 'a row of resource "%" would go to an owner out of reach', 'group'
            USING ERRCODE = '42501', HINT = 'Name an owner whom the owner check of the resource admits.';
    END IF;
    RETURN NULL;
END
$rls$;
REVOKE ALL ON FUNCTION rls.hand_over_group() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.hand_over_group() TO rls_client;
COMMENT ON FUNCTION rls.hand_over_group() IS 'Refuses to hand a row of group to an owner whom the principal may not name.';
-- undo: DROP FUNCTION IF EXISTS rls.hand_over_group();

-- trigger: trigger rls_hand_over on public."user"
CREATE TRIGGER rls_hand_over
    AFTER UPDATE ON public."user"
    FOR EACH ROW WHEN (NEW."Owner's" IS DISTINCT FROM OLD."Owner's" OR NEW."app\" IS DISTINCT FROM OLD."app\")
    EXECUTE FUNCTION rls.hand_over_group();
-- undo: DROP TRIGGER IF EXISTS rls_hand_over ON public."user";

-- policy: policy group_all_maintenance on public."user"
CREATE POLICY group_all_maintenance ON public."user" AS PERMISSIVE FOR ALL TO migrator
    USING (
        true
    )
    WITH CHECK (
        true
    );
-- undo: DROP POLICY IF EXISTS group_all_maintenance ON public."user";

-- policy: policy group_read on public."user"
CREATE POLICY group_read ON public."user" AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        "Owner's" = ANY ((SELECT rls.admitted_owners('read', 'group', 'visible'))::bigint[])
        OR "app\" = ANY ((SELECT rls.admitted_owners('read', 'group', 'visible'))::bigint[])
        OR "order""; --" BETWEEN (SELECT CASE WHEN rls.superuser_on('group') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS group_read ON public."user";

-- policy: policy group_create on public."user"
CREATE POLICY group_create ON public."user" AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        (("Owner's" IS NULL OR "Owner's" = ANY ((SELECT rls.admitted_owners('create', 'group', 'visible'))::bigint[])) AND ("app\" IS NULL OR "app\" = ANY ((SELECT rls.admitted_owners('create', 'group', 'visible'))::bigint[])) AND ("Owner's" IS NOT NULL OR "app\" IS NOT NULL))
        OR (SELECT rls.superuser_on('group'))
    );
-- undo: DROP POLICY IF EXISTS group_create ON public."user";

-- policy: policy group_update on public."user"
CREATE POLICY group_update ON public."user" AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        "Owner's" = ANY ((SELECT rls.admitted_owners('update', 'group', 'visible'))::bigint[])
        OR "app\" = ANY ((SELECT rls.admitted_owners('update', 'group', 'visible'))::bigint[])
        OR "order""; --" BETWEEN (SELECT CASE WHEN rls.superuser_on('group') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        "Owner's" = ANY ((SELECT rls.admitted_owners('update', 'group', 'visible'))::bigint[])
        OR "app\" = ANY ((SELECT rls.admitted_owners('update', 'group', 'visible'))::bigint[])
        OR "order""; --" BETWEEN (SELECT CASE WHEN rls.superuser_on('group') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS group_update ON public."user";

-- policy: policy group_delete on public."user"
CREATE POLICY group_delete ON public."user" AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        "Owner's" = ANY ((SELECT rls.admitted_owners('delete', 'group', 'visible'))::bigint[])
        OR "app\" = ANY ((SELECT rls.admitted_owners('delete', 'group', 'visible'))::bigint[])
        OR "order""; --" BETWEEN (SELECT CASE WHEN rls.superuser_on('group') THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS group_delete ON public."user";

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public."user" for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public."user" FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public."user"
ALTER TABLE public."user" ENABLE ROW LEVEL SECURITY;
ALTER TABLE public."user" FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public."user" NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public."user" DISABLE ROW LEVEL SECURITY;

-- grant: grant of select on group to user:o'brien\, as rls_owner
SELECT rls.seed_grant('user', E'o''brien\\', 'select', 'group', NULL, NULL, E'"user:o''brien\\"."select"."group"."".""');
-- undo: DELETE FROM rls."grant" WHERE seed = E'"user:o''brien\\"."select"."group"."".""';

