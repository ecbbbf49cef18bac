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

-- privilege: SELECT on id of public.person for rls_owner
GRANT SELECT (id) ON public.person TO rls_owner;
-- undo: REVOKE ALL ON public.person FROM rls_owner;

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
SELECT NULL::text AS kind, NULL::smallint AS viewer, NULL::smallint AS seen
WHERE false;
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
        SELECT u.is_active, u.is_superuser FROM rls.user_row AS u WHERE u.id = rls.to_smallint($1);
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
        WHEN 'key' THEN (SELECT u.id::text FROM rls.user_row AS u WHERE u.id = rls.to_smallint($2))
        WHEN 'login' THEN (SELECT u.id::text FROM rls.user_row AS u WHERE u.id = rls.to_smallint($2))
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

-- function: function rls.seen_by(smallint, boolean), as rls_owner
-- Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.
-- Nobody for a user who does not exist. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.seen_by(viewer smallint, hierarchy_only boolean)
RETURNS TABLE (id smallint, through text)
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
        )
        SELECT s.id, 'self'::text FROM myself AS s;
END
$rls$;
REVOKE ALL ON FUNCTION rls.seen_by(smallint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.seen_by(smallint, boolean) IS 'Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.';
-- undo: DROP FUNCTION IF EXISTS rls.seen_by(smallint, boolean);

-- function: function rls.visible_edges(), as rls_owner
-- The principal's visible users and what reaches each, a row per user and relation.
CREATE OR REPLACE FUNCTION rls.visible_edges()
RETURNS TABLE (user_id smallint, login text, through text)
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
            FROM rls.seen_by(rls.to_smallint(who.key), false) AS s
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
RETURNS smallint[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $rls$
DECLARE
    who rls.subject := rls.subject();
    me smallint;
BEGIN
    IF who.kind IS DISTINCT FROM 'user' OR who.superuser OR NOT rls.has_grant(who.grantees, $1, $2) THEN
        RETURN '{}';
    END IF;
    me := rls.to_smallint(who.key);
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

-- registry: resource order_line, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('order_line', 'public', 'order_line', '', ARRAY['order_id', 'product_id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'visible', 'visible', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'order_line';

-- registry: resource log_line, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('log_line', 'public', 'log_line', '', ARRAY[]::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'visible', 'visible', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'log_line';

-- registry: resource rate, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('rate', 'public', 'rate', '', ARRAY['day']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'visible', 'visible', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'rate';

-- registry: resource price, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('price', 'public', 'price', '', ARRAY['amount']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'visible', 'visible', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'price';

-- registry: resource badge, as rls_owner
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('badge', 'public', 'badge', '', ARRAY['number']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'visible', 'visible', false)
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
-- undo: DELETE FROM rls.resource WHERE name = 'badge';

-- function: function rls.objects_order_line(text, text[]), as rls_owner
-- Which of some objects of order_line admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_order_line(action text, keys text[])
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
        JOIN public.order_line AS t ON t.order_id = rls.to_integer(p.parts[1]) AND t.product_id = rls.to_text(p.parts[2])
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'order_line', 'visible'))::smallint[])
              OR t.order_id BETWEEN (SELECT CASE WHEN rls.superuser_on('order_line') THEN (-2147483648)::integer END) AND 2147483647)
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'order_line', 'visible'))::smallint[])
              OR t.order_id BETWEEN (SELECT CASE WHEN rls.superuser_on('order_line') THEN (-2147483648)::integer END) AND 2147483647)
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'order_line', 'visible'))::smallint[])
              OR t.order_id BETWEEN (SELECT CASE WHEN rls.superuser_on('order_line') THEN (-2147483648)::integer END) AND 2147483647)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_order_line(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_order_line(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_order_line(text, text[]) IS 'Which of some objects of order_line admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_order_line(text, text[]);

-- function: function rls.objects_rate(text, text[]), as rls_owner
-- Which of some objects of rate admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_rate(action text, keys text[])
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
        JOIN public.rate AS t ON t.day::text = k.key
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'rate', 'visible'))::smallint[])
              OR t.day BETWEEN (SELECT CASE WHEN rls.superuser_on('rate') THEN '-infinity'::date END) AND 'infinity'::date)
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'rate', 'visible'))::smallint[])
              OR t.day BETWEEN (SELECT CASE WHEN rls.superuser_on('rate') THEN '-infinity'::date END) AND 'infinity'::date)
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'rate', 'visible'))::smallint[])
              OR t.day BETWEEN (SELECT CASE WHEN rls.superuser_on('rate') THEN '-infinity'::date END) AND 'infinity'::date)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_rate(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_rate(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_rate(text, text[]) IS 'Which of some objects of rate admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_rate(text, text[]);

-- function: function rls.objects_price(text, text[]), as rls_owner
-- Which of some objects of price admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_price(action text, keys text[])
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
        JOIN public.price AS t ON t.amount::text = k.key
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'price', 'visible'))::smallint[])
              OR (SELECT rls.superuser_on('price')))
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'price', 'visible'))::smallint[])
              OR (SELECT rls.superuser_on('price')))
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'price', 'visible'))::smallint[])
              OR (SELECT rls.superuser_on('price')))
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_price(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_price(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_price(text, text[]) IS 'Which of some objects of price admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_price(text, text[]);

-- function: function rls.objects_badge(text, text[]), as rls_owner
-- Which of some objects of badge admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_badge(action text, keys text[])
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
        JOIN public.badge AS t ON t.number = rls.to_text(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'badge', 'visible'))::smallint[])
              OR (SELECT rls.superuser_on('badge')))
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'badge', 'visible'))::smallint[])
              OR (SELECT rls.superuser_on('badge')))
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'badge', 'visible'))::smallint[])
              OR (SELECT rls.superuser_on('badge')))
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_badge(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_badge(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_badge(text, text[]) IS 'Which of some objects of badge admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_badge(text, text[]);

-- policy: policy order_line_read on public.order_line
CREATE POLICY order_line_read ON public.order_line AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'order_line', 'visible'))::smallint[])
        OR order_id BETWEEN (SELECT CASE WHEN rls.superuser_on('order_line') THEN (-2147483648)::integer END) AND 2147483647
    );
-- undo: DROP POLICY IF EXISTS order_line_read ON public.order_line;

-- policy: policy order_line_create on public.order_line
CREATE POLICY order_line_create ON public.order_line AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('create', 'order_line', 'visible'))::smallint[])
        OR (SELECT rls.superuser_on('order_line'))
    );
-- undo: DROP POLICY IF EXISTS order_line_create ON public.order_line;

-- policy: policy order_line_update on public.order_line
CREATE POLICY order_line_update ON public.order_line AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'order_line', 'visible'))::smallint[])
        OR order_id BETWEEN (SELECT CASE WHEN rls.superuser_on('order_line') THEN (-2147483648)::integer END) AND 2147483647
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'order_line', 'visible'))::smallint[])
        OR order_id BETWEEN (SELECT CASE WHEN rls.superuser_on('order_line') THEN (-2147483648)::integer END) AND 2147483647
    );
-- undo: DROP POLICY IF EXISTS order_line_update ON public.order_line;

-- policy: policy order_line_delete on public.order_line
CREATE POLICY order_line_delete ON public.order_line AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'order_line', 'visible'))::smallint[])
        OR order_id BETWEEN (SELECT CASE WHEN rls.superuser_on('order_line') THEN (-2147483648)::integer END) AND 2147483647
    );
-- undo: DROP POLICY IF EXISTS order_line_delete ON public.order_line;

-- policy: policy log_line_read on public.log_line
CREATE POLICY log_line_read ON public.log_line AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'log_line', 'visible'))::smallint[])
        OR (SELECT rls.superuser_on('log_line'))
    );
-- undo: DROP POLICY IF EXISTS log_line_read ON public.log_line;

-- policy: policy log_line_create on public.log_line
CREATE POLICY log_line_create ON public.log_line AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('create', 'log_line', 'visible'))::smallint[])
        OR (SELECT rls.superuser_on('log_line'))
    );
-- undo: DROP POLICY IF EXISTS log_line_create ON public.log_line;

-- policy: policy log_line_update on public.log_line
CREATE POLICY log_line_update ON public.log_line AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'log_line', 'visible'))::smallint[])
        OR (SELECT rls.superuser_on('log_line'))
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'log_line', 'visible'))::smallint[])
        OR (SELECT rls.superuser_on('log_line'))
    );
-- undo: DROP POLICY IF EXISTS log_line_update ON public.log_line;

-- policy: policy log_line_delete on public.log_line
CREATE POLICY log_line_delete ON public.log_line AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'log_line', 'visible'))::smallint[])
        OR (SELECT rls.superuser_on('log_line'))
    );
-- undo: DROP POLICY IF EXISTS log_line_delete ON public.log_line;

-- policy: policy rate_read on public.rate
CREATE POLICY rate_read ON public.rate AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'rate', 'visible'))::smallint[])
        OR day BETWEEN (SELECT CASE WHEN rls.superuser_on('rate') THEN '-infinity'::date END) AND 'infinity'::date
    );
-- undo: DROP POLICY IF EXISTS rate_read ON public.rate;

-- policy: policy rate_create on public.rate
CREATE POLICY rate_create ON public.rate AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('create', 'rate', 'visible'))::smallint[])
        OR (SELECT rls.superuser_on('rate'))
    );
-- undo: DROP POLICY IF EXISTS rate_create ON public.rate;

-- policy: policy rate_update on public.rate
CREATE POLICY rate_update ON public.rate AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'rate', 'visible'))::smallint[])
        OR day BETWEEN (SELECT CASE WHEN rls.superuser_on('rate') THEN '-infinity'::date END) AND 'infinity'::date
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'rate', 'visible'))::smallint[])
        OR day BETWEEN (SELECT CASE WHEN rls.superuser_on('rate') THEN '-infinity'::date END) AND 'infinity'::date
    );
-- undo: DROP POLICY IF EXISTS rate_update ON public.rate;

-- policy: policy rate_delete on public.rate
CREATE POLICY rate_delete ON public.rate AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'rate', 'visible'))::smallint[])
        OR day BETWEEN (SELECT CASE WHEN rls.superuser_on('rate') THEN '-infinity'::date END) AND 'infinity'::date
    );
-- undo: DROP POLICY IF EXISTS rate_delete ON public.rate;

-- policy: policy price_read on public.price
CREATE POLICY price_read ON public.price AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'price', 'visible'))::smallint[])
        OR (SELECT rls.superuser_on('price'))
    );
-- undo: DROP POLICY IF EXISTS price_read ON public.price;

-- policy: policy price_create on public.price
CREATE POLICY price_create ON public.price AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('create', 'price', 'visible'))::smallint[])
        OR (SELECT rls.superuser_on('price'))
    );
-- undo: DROP POLICY IF EXISTS price_create ON public.price;

-- policy: policy price_update on public.price
CREATE POLICY price_update ON public.price AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'price', 'visible'))::smallint[])
        OR (SELECT rls.superuser_on('price'))
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'price', 'visible'))::smallint[])
        OR (SELECT rls.superuser_on('price'))
    );
-- undo: DROP POLICY IF EXISTS price_update ON public.price;

-- policy: policy price_delete on public.price
CREATE POLICY price_delete ON public.price AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'price', 'visible'))::smallint[])
        OR (SELECT rls.superuser_on('price'))
    );
-- undo: DROP POLICY IF EXISTS price_delete ON public.price;

-- policy: policy badge_read on public.badge
CREATE POLICY badge_read ON public.badge AS PERMISSIVE FOR SELECT TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'badge', 'visible'))::smallint[])
        OR (SELECT rls.superuser_on('badge'))
    );
-- undo: DROP POLICY IF EXISTS badge_read ON public.badge;

-- policy: policy badge_create on public.badge
CREATE POLICY badge_create ON public.badge AS PERMISSIVE FOR INSERT TO rls_client
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('create', 'badge', 'visible'))::smallint[])
        OR (SELECT rls.superuser_on('badge'))
    );
-- undo: DROP POLICY IF EXISTS badge_create ON public.badge;

-- policy: policy badge_update on public.badge
CREATE POLICY badge_update ON public.badge AS PERMISSIVE FOR UPDATE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'badge', 'visible'))::smallint[])
        OR (SELECT rls.superuser_on('badge'))
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'badge', 'visible'))::smallint[])
        OR (SELECT rls.superuser_on('badge'))
    );
-- undo: DROP POLICY IF EXISTS badge_update ON public.badge;

-- policy: policy badge_delete on public.badge
CREATE POLICY badge_delete ON public.badge AS PERMISSIVE FOR DELETE TO rls_client
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'badge', 'visible'))::smallint[])
        OR (SELECT rls.superuser_on('badge'))
    );
-- undo: DROP POLICY IF EXISTS badge_delete ON public.badge;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.order_line for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.order_line FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.order_line
ALTER TABLE public.order_line ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.order_line FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.order_line NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.order_line DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.log_line for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.log_line FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.log_line
ALTER TABLE public.log_line ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.log_line FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.log_line NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.log_line DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.rate for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.rate FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.rate
ALTER TABLE public.rate ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.rate FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.rate NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.rate DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.price for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.price FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.price
ALTER TABLE public.price ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.price FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.price NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.price DISABLE ROW LEVEL SECURITY;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.badge for clients
REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.badge FROM PUBLIC, app;
-- undo: 

-- row_security: row security on public.badge
ALTER TABLE public.badge ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.badge FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.badge NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.badge DISABLE ROW LEVEL SECURITY;

