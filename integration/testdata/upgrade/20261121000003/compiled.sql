BEGIN;
SELECT pg_catalog.pg_advisory_xact_lock(8245091888800727137);
SET LOCAL lock_timeout = '5s';
SET LOCAL search_path = pg_catalog, pg_temp;
SET LOCAL standard_conforming_strings = on;
GRANT rls_owner TO CURRENT_USER;
SET LOCAL ROLE rls_owner;
SELECT rls.keep_acls(ARRAY['"rls_any_{{app}}"."rls"', '"rls_narrow_{{app}}"."rls"', '"rls_middle_{{app}}"."rls"', '"rls_wide_{{app}}"."rls"', '"rls_all_{{app}}"."rls"', '"{{migrator}}"."rls"', '"impersonate"."{{migrator}}"', '"administer"."{{migrator}}"', '"rls_owner"."public"', '"rls_owner"."public"."person"', '"rls_owner"."public"."team"', '"rls_owner"."public"."team_member"', '"narrowed"."public"."team"', '"narrowed"."public"."team_member"', '"narrowed"."public"."person"', '"narrowed"."public"."note"', '"narrowed"."public"."sale"', '"narrowed"."public"."sale_north"', '"narrowed"."public"."sale_south"']);
RESET ROLE;
LOCK TABLE ONLY public.note IN ACCESS EXCLUSIVE MODE;
LOCK TABLE ONLY public.person IN ACCESS EXCLUSIVE MODE;
LOCK TABLE ONLY public.sale IN ACCESS EXCLUSIVE MODE;
LOCK TABLE ONLY public.team IN SHARE ROW EXCLUSIVE MODE;
LOCK TABLE ONLY public.team_member IN SHARE ROW EXCLUSIVE MODE;
LOCK TABLE ONLY public.sale_north IN ACCESS EXCLUSIVE MODE;
LOCK TABLE ONLY public.sale_south IN ACCESS EXCLUSIVE MODE;

SET LOCAL ROLE rls_owner;
LOCK TABLE ONLY rls."grant" IN SHARE ROW EXCLUSIVE MODE;
SELECT rls.lock_graph();

RESET ROLE;

-- create membership of {{app}} in rls_client
GRANT rls_client TO {{app}};

SET LOCAL ROLE rls_owner;

-- create client role {{app}}
INSERT INTO rls.database_role (name, kind, position) VALUES ('{{app}}', 'client', 1)
ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind, position = EXCLUDED.position;

RESET ROLE;

-- create database role rls_any_{{app}}
DO $$
BEGIN
    IF to_regrole('rls_any_{{app}}') IS NULL THEN
        CREATE ROLE rls_any_{{app}} NOLOGIN;
    ELSIF (SELECT r.rolcanlogin OR r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
        FROM pg_catalog.pg_roles AS r WHERE r.oid = to_regrole('rls_any_{{app}}')) OR EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid
        WHERE m.member = to_regrole('rls_any_{{app}}') AND r.rolname NOT IN ('{{app}}', 'rls_any')) THEN
        RAISE EXCEPTION 'database role % exists, and is no plan role', 'rls_any_{{app}}'
            USING ERRCODE = 'RL412', HINT = 'Rename it, or take LOGIN, its other powers and its memberships from it.';
    END IF;
END
$$;
ALTER ROLE rls_any_{{app}} INHERIT;
GRANT {{app}}, rls_any TO rls_any_{{app}};

SET LOCAL ROLE rls_owner;

-- create USAGE on schema rls for rls_any_{{app}}
GRANT USAGE ON SCHEMA rls TO rls_any_{{app}};

-- create plan role rls_any_{{app}} of {{app}}
INSERT INTO rls.plan_role (client_role, form, role) VALUES ('{{app}}', 'any', 'rls_any_{{app}}')
ON CONFLICT (client_role, form) DO UPDATE SET role = EXCLUDED.role;

RESET ROLE;

-- create database role rls_narrow_{{app}}
DO $$
BEGIN
    IF to_regrole('rls_narrow_{{app}}') IS NULL THEN
        CREATE ROLE rls_narrow_{{app}} NOLOGIN;
    ELSIF (SELECT r.rolcanlogin OR r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
        FROM pg_catalog.pg_roles AS r WHERE r.oid = to_regrole('rls_narrow_{{app}}')) OR EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid
        WHERE m.member = to_regrole('rls_narrow_{{app}}') AND r.rolname NOT IN ('{{app}}', 'rls_narrow')) THEN
        RAISE EXCEPTION 'database role % exists, and is no plan role', 'rls_narrow_{{app}}'
            USING ERRCODE = 'RL412', HINT = 'Rename it, or take LOGIN, its other powers and its memberships from it.';
    END IF;
END
$$;
ALTER ROLE rls_narrow_{{app}} INHERIT;
GRANT {{app}}, rls_narrow TO rls_narrow_{{app}};

SET LOCAL ROLE rls_owner;

-- create USAGE on schema rls for rls_narrow_{{app}}
GRANT USAGE ON SCHEMA rls TO rls_narrow_{{app}};

-- create plan role rls_narrow_{{app}} of {{app}}
INSERT INTO rls.plan_role (client_role, form, role) VALUES ('{{app}}', 'narrow', 'rls_narrow_{{app}}')
ON CONFLICT (client_role, form) DO UPDATE SET role = EXCLUDED.role;

RESET ROLE;

-- create database role rls_middle_{{app}}
DO $$
BEGIN
    IF to_regrole('rls_middle_{{app}}') IS NULL THEN
        CREATE ROLE rls_middle_{{app}} NOLOGIN;
    ELSIF (SELECT r.rolcanlogin OR r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
        FROM pg_catalog.pg_roles AS r WHERE r.oid = to_regrole('rls_middle_{{app}}')) OR EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid
        WHERE m.member = to_regrole('rls_middle_{{app}}') AND r.rolname NOT IN ('{{app}}', 'rls_middle')) THEN
        RAISE EXCEPTION 'database role % exists, and is no plan role', 'rls_middle_{{app}}'
            USING ERRCODE = 'RL412', HINT = 'Rename it, or take LOGIN, its other powers and its memberships from it.';
    END IF;
END
$$;
ALTER ROLE rls_middle_{{app}} INHERIT;
GRANT {{app}}, rls_middle TO rls_middle_{{app}};

SET LOCAL ROLE rls_owner;

-- create USAGE on schema rls for rls_middle_{{app}}
GRANT USAGE ON SCHEMA rls TO rls_middle_{{app}};

-- create plan role rls_middle_{{app}} of {{app}}
INSERT INTO rls.plan_role (client_role, form, role) VALUES ('{{app}}', 'middle', 'rls_middle_{{app}}')
ON CONFLICT (client_role, form) DO UPDATE SET role = EXCLUDED.role;

RESET ROLE;

-- create database role rls_wide_{{app}}
DO $$
BEGIN
    IF to_regrole('rls_wide_{{app}}') IS NULL THEN
        CREATE ROLE rls_wide_{{app}} NOLOGIN;
    ELSIF (SELECT r.rolcanlogin OR r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
        FROM pg_catalog.pg_roles AS r WHERE r.oid = to_regrole('rls_wide_{{app}}')) OR EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid
        WHERE m.member = to_regrole('rls_wide_{{app}}') AND r.rolname NOT IN ('{{app}}', 'rls_wide')) THEN
        RAISE EXCEPTION 'database role % exists, and is no plan role', 'rls_wide_{{app}}'
            USING ERRCODE = 'RL412', HINT = 'Rename it, or take LOGIN, its other powers and its memberships from it.';
    END IF;
END
$$;
ALTER ROLE rls_wide_{{app}} INHERIT;
GRANT {{app}}, rls_wide TO rls_wide_{{app}};

SET LOCAL ROLE rls_owner;

-- create USAGE on schema rls for rls_wide_{{app}}
GRANT USAGE ON SCHEMA rls TO rls_wide_{{app}};

-- create plan role rls_wide_{{app}} of {{app}}
INSERT INTO rls.plan_role (client_role, form, role) VALUES ('{{app}}', 'wide', 'rls_wide_{{app}}')
ON CONFLICT (client_role, form) DO UPDATE SET role = EXCLUDED.role;

RESET ROLE;

-- create database role rls_all_{{app}}
DO $$
BEGIN
    IF to_regrole('rls_all_{{app}}') IS NULL THEN
        CREATE ROLE rls_all_{{app}} NOLOGIN;
    ELSIF (SELECT r.rolcanlogin OR r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
        FROM pg_catalog.pg_roles AS r WHERE r.oid = to_regrole('rls_all_{{app}}')) OR EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid
        WHERE m.member = to_regrole('rls_all_{{app}}') AND r.rolname NOT IN ('{{app}}', 'rls_all')) THEN
        RAISE EXCEPTION 'database role % exists, and is no plan role', 'rls_all_{{app}}'
            USING ERRCODE = 'RL412', HINT = 'Rename it, or take LOGIN, its other powers and its memberships from it.';
    END IF;
END
$$;
ALTER ROLE rls_all_{{app}} INHERIT;
GRANT {{app}}, rls_all TO rls_all_{{app}};

SET LOCAL ROLE rls_owner;

-- create USAGE on schema rls for rls_all_{{app}}
GRANT USAGE ON SCHEMA rls TO rls_all_{{app}};

-- create plan role rls_all_{{app}} of {{app}}
INSERT INTO rls.plan_role (client_role, form, role) VALUES ('{{app}}', 'all', 'rls_all_{{app}}')
ON CONFLICT (client_role, form) DO UPDATE SET role = EXCLUDED.role;

-- create maintenance role {{migrator}}
INSERT INTO rls.database_role (name, kind, position) VALUES ('{{migrator}}', 'maintenance', 2)
ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind, position = EXCLUDED.position;

-- create USAGE on schema rls for {{migrator}}
GRANT USAGE ON SCHEMA rls TO {{migrator}};

-- create EXECUTE on rls.impersonate for {{migrator}}
GRANT EXECUTE ON FUNCTION rls.impersonate(text, text), rls.open_impersonation(text, text) TO {{migrator}};

-- create administration for {{migrator}}
GRANT EXECUTE ON FUNCTION rls.directory_mapping(), rls.resource_actions(text[], text), rls.list_grants(), rls.put_grant(text, text, text, text, timestamptz, timestamptz), rls.take_grant(text, text, text, text), rls.take_grant_by_id(bigint) TO {{migrator}};

RESET ROLE;

-- create USAGE on schema public for rls_owner
GRANT USAGE ON SCHEMA public TO rls_owner;

-- create SELECT on active, boss, email, id, maker, root of public.person for rls_owner
GRANT SELECT (active, boss, email, id, maker, root) ON public.person TO rls_owner;

-- create SELECT on creator, id, name, shared of public.team for rls_owner
GRANT SELECT (creator, id, name, shared) ON public.team TO rls_owner;

-- create SELECT on begins, ends, person, team of public.team_member for rls_owner
GRANT SELECT (begins, ends, person, team) ON public.team_member TO rls_owner;

SET LOCAL ROLE rls_owner;

-- create view rls.user_row
-- The users of the model in one shape. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.user_row WITH (security_invoker = true) AS
SELECT t.id AS id,
       t.email::text AS login,
       NULL::text AS subject,
       (t.active) IS TRUE AS is_active,
       (t.root) IS TRUE AS is_superuser,
       false AS is_staff
FROM public.person AS t;
REVOKE ALL ON rls.user_row FROM PUBLIC;
COMMENT ON VIEW rls.user_row IS 'The users of the model in one shape.';

-- create view rls.edge
-- Who sees whom directly, by edge kind. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.edge WITH (security_invoker = true) AS
SELECT 'supervisor'::text AS kind, t.boss AS viewer, t.id AS seen
FROM public.person AS t
WHERE t.boss IS NOT NULL
UNION ALL
SELECT 'creator'::text AS kind, t.maker AS viewer, t.id AS seen
FROM public.person AS t
WHERE t.maker IS NOT NULL;
REVOKE ALL ON rls.edge FROM PUBLIC;
COMMENT ON VIEW rls.edge IS 'Who sees whom directly, by edge kind.';

-- create view rls.group_row
-- The groups of the model in one shape. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.group_row WITH (security_invoker = true) AS
SELECT t.id AS id,
       t.name::text AS name,
       t.creator AS creator,
       (t.shared) IS TRUE AS shares_members,
       false AS shares_creator
FROM public.team AS t;
REVOKE ALL ON rls.group_row FROM PUBLIC;
COMMENT ON VIEW rls.group_row IS 'The groups of the model in one shape.';

-- create view rls.membership
-- Who is a member of which group now. Read by functions of rls_owner alone.
CREATE OR REPLACE VIEW rls.membership WITH (security_invoker = true) AS
SELECT t.team AS group_id, t.person AS user_id
FROM public.team_member AS t
WHERE t.person IS NOT NULL
  AND (t.begins IS NULL OR t.begins <= statement_timestamp())
  AND (t.ends IS NULL OR t.ends > statement_timestamp());
REVOKE ALL ON rls.membership FROM PUBLIC;
COMMENT ON VIEW rls.membership IS 'Who is a member of which group now.';

-- create function rls.user_state(text)
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

-- create function rls.find_user(text, text)
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

-- create function rls.find_group(text)
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

-- create function rls.user_groups(text)
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

-- create function rls.seen_by(bigint)
-- Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.
-- Nobody for a user who does not exist. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.seen_by(viewer bigint)
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
            SELECT e.seen FROM sees_supervisor AS w CROSS JOIN LATERAL (
                SELECT e.seen FROM rls.edge AS e WHERE e.viewer = w.id AND e.kind = 'supervisor' OFFSET 0) AS e
        ),
        sees_creator(id) AS (
            SELECT s.id FROM myself AS s
            UNION
            SELECT e.seen FROM sees_creator AS w CROSS JOIN LATERAL (
                SELECT e.seen FROM rls.edge AS e WHERE e.viewer = w.id AND e.kind = 'creator' OFFSET 0) AS e
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
        SELECT s.id, 'creator'::text FROM sees_creator AS s WHERE s.id <> $1
        UNION ALL
        SELECT u.id, 'member'::text FROM shared_groups AS g
        JOIN rls.membership AS m ON m.group_id = g.id
        JOIN rls.user_row AS u ON u.id = m.user_id
        WHERE g.shares_members AND u.id <> $1
        UNION ALL
        SELECT u.id, 'creator_of_group'::text FROM shared_groups AS g
        JOIN rls.user_row AS u ON u.id = g.creator
        WHERE u.id <> $1;
END
$rls$;
REVOKE ALL ON FUNCTION rls.seen_by(bigint) FROM PUBLIC;
COMMENT ON FUNCTION rls.seen_by(bigint) IS 'Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.';

-- create function rls.visible_edges()
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
            FROM rls.seen_by(rls.to_bigint(who.key)) AS s
            JOIN rls.user_row AS u ON u.id = s.id;
    END IF;
END
$rls$;
REVOKE ALL ON FUNCTION rls.visible_edges() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.visible_edges() TO rls_client;
COMMENT ON FUNCTION rls.visible_edges() IS 'The principal''s visible users and what reaches each, a row per user and relation.';

-- create view rls.visible_users
-- The principal's visible users, with the relations that reach each.
CREATE OR REPLACE VIEW rls.visible_users WITH (security_invoker = true, security_barrier = true) AS
SELECT e.user_id, e.login, array_agg(e.through ORDER BY e.through) AS through
FROM rls.visible_edges() AS e
GROUP BY e.user_id, e.login;
REVOKE ALL ON rls.visible_users FROM PUBLIC;
GRANT SELECT ON rls.visible_users TO rls_client;
COMMENT ON VIEW rls.visible_users IS 'The principal''s visible users, with the relations that reach each.';

-- create function rls.hierarchy(bigint)
-- Whom a user sees through the hierarchy: the union of separate closures, one per relation.
-- Nobody for a user who does not exist. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.hierarchy(viewer bigint)
RETURNS SETOF bigint
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
ROWS 1000
AS $rls$
BEGIN
    RETURN QUERY
        WITH RECURSIVE myself(id) AS (
            SELECT u.id FROM rls.user_row AS u WHERE u.id = $1
        ),
        sees_supervisor(id) AS (
            SELECT s.id FROM myself AS s
            UNION
            SELECT e.seen FROM sees_supervisor AS w CROSS JOIN LATERAL (
                SELECT e.seen FROM rls.edge AS e WHERE e.viewer = w.id AND e.kind = 'supervisor' OFFSET 0) AS e
        ),
        sees_creator(id) AS (
            SELECT s.id FROM myself AS s
            UNION
            SELECT e.seen FROM sees_creator AS w CROSS JOIN LATERAL (
                SELECT e.seen FROM rls.edge AS e WHERE e.viewer = w.id AND e.kind = 'creator' OFFSET 0) AS e
        )
        SELECT s.id FROM myself AS s
        UNION
        SELECT s.id FROM sees_supervisor AS s
        UNION
        SELECT s.id FROM sees_creator AS s;
END
$rls$;
REVOKE ALL ON FUNCTION rls.hierarchy(bigint) FROM PUBLIC;
COMMENT ON FUNCTION rls.hierarchy(bigint) IS 'Whom a user sees through the hierarchy: the union of separate closures, one per relation.';

-- create function rls.shared_with(bigint)
-- Whom groups show to a user: their members or their creators, as each group shares. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.shared_with(viewer bigint)
RETURNS SETOF bigint
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
ROWS 100
AS $rls$
BEGIN
    RETURN QUERY
        WITH shared AS (
            SELECT DISTINCT g.id, g.shares_members, CASE WHEN g.shares_creator THEN g.creator END AS creator
            FROM rls.membership AS m
            JOIN rls.group_row AS g ON g.id = m.group_id AND (g.shares_members OR g.shares_creator)
            WHERE m.user_id IN (SELECT $1)
        )
        SELECT u.id FROM shared AS s
        JOIN rls.membership AS m ON m.group_id = s.id
        JOIN rls.user_row AS u ON u.id = m.user_id
        WHERE s.shares_members
        UNION
        SELECT u.id FROM shared AS s JOIN rls.user_row AS u ON u.id = s.creator;
END
$rls$;
REVOKE ALL ON FUNCTION rls.shared_with(bigint) FROM PUBLIC;
COMMENT ON FUNCTION rls.shared_with(bigint) IS 'Whom groups show to a user: their members or their creators, as each group shares.';

-- create function rls.prepare(text, text)
-- What entering does for a user: stores whom they see where that is not known, and returns the form of policies that fits.
-- Only reads in a transaction that may not write, and in one where a conflict would be an error. With what a memo says until
-- when, and where the watermark stands, if all that decides about the user is known. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.prepare(kind text, value text, OUT key text, OUT form text, OUT mark bigint, OUT brief text, OUT until timestamptz)
RETURNS record
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $rls$
DECLARE
    superuser boolean;
    missing bigint;
    renew boolean;
    claimed text := value;
BEGIN
    IF kind <> 'user' THEN
        claimed := (SELECT u.id::text FROM rls.user_row AS u WHERE u.subject = $2);
    END IF;
    SELECT u.id::text, u.is_superuser, s.form, CASE WHEN s.viewer IS NOT NULL THEN (
        SELECT CASE WHEN bool_or(c.seen IS NULL OR c.cluster <> s.computed_on) THEN 1000000 ELSE count(*) END FROM rls.graph_change AS c
        WHERE c.viewer IN (s.viewer, '*') AND (c.viewer = s.viewer OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
          AND (c.cluster <> s.computed_on
          OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid))) END
    INTO key, superuser, form, missing
    FROM rls.user_row AS u
    LEFT JOIN rls.visible_set AS s ON s.viewer = u.id::text AND s.model = '843fc16867ffd0cbbd86e5ef066d8ac4' AND s.computed_on = s.restored_on
    WHERE u.id = rls.to_bigint(claimed);
    IF superuser IS NULL OR superuser THEN
        form := CASE WHEN superuser THEN 'all' ELSE 'narrow' END;
        RETURN;
    END IF;
    -- A small set is renewed at once, a large one when it pays.
    renew := (missing IS NULL OR missing > CASE WHEN form IN ('narrow', 'all') THEN 0 ELSE 8 END);
    IF (renew)
        AND current_setting('transaction_read_only') = 'off' AND current_setting('transaction_isolation') = 'read committed'
        -- Whoever comes second computes for themself, and nobody stores while changes are forgotten: nobody waits.
        AND (NOT renew OR pg_try_advisory_xact_lock_shared(hashtextextended('rls.visible_set', 0)))
        AND pg_try_advisory_xact_lock(hashtextextended('rls.visible_set ' || key, 0)) THEN
        IF renew THEN
            -- Locks the tables before the snapshot is taken: one from before they were rewritten would find them empty.
            PERFORM FROM rls.edge LIMIT 0;
            -- Not an update: its generated columns would stay as they were.
            DELETE FROM rls.visible_set AS v WHERE v.viewer = prepare.key;
            INSERT INTO rls.visible_set AS v (viewer, model, snapshot, since, xid, computed_on, size, form, ids_int, bits, ranges_int)
            WITH o AS MATERIALIZED (
                SELECT h.id::bigint AS id FROM rls.hierarchy(rls.to_bigint(prepare.key)) AS h(id)
            ), t AS (
                SELECT count(*) AS size, min(o.id) AS low, max(o.id) AS high, greatest(count(*), (SELECT c.reltuples FROM pg_class AS c WHERE c.oid = 'public.person'::regclass)) AS users FROM o
            )
            SELECT prepare.key, '843fc16867ffd0cbbd86e5ef066d8ac4', pg_current_snapshot(), pg_snapshot_xmin(pg_current_snapshot()), pg_current_xact_id(), rls.cluster(), t.size,
                   CASE WHEN t.size <= 200 THEN 'narrow' WHEN t.size > least(5000, t.users * 0.03) THEN 'wide' ELSE 'middle' END,
                   (SELECT coalesce(array_agg(o.id ORDER BY o.id), '{}') FROM o),
                   CASE WHEN t.size = 0 OR t.low >= 1 AND t.high <= least(2147483646, 64 * t.size + 65536) THEN (
                   SELECT string_agg(repeat('0', (b.id - b.before - 1)::integer) || '1', '' ORDER BY b.id)::varbit
                   FROM (SELECT o.id, lag(o.id, 1, 0::bigint) OVER (ORDER BY o.id) AS before FROM o) AS b) END,
                   CASE WHEN t.size = 0 OR t.low >= 1 AND t.high <= least(2147483646, 64 * t.size + 65536) THEN '{}' ELSE (SELECT coalesce(range_agg(CASE o.id WHEN 9223372036854775807 THEN int8range(o.id, NULL) ELSE int8range(o.id, o.id, '[]') END), '{}') FROM o) END
            FROM t
            RETURNING v.form INTO form;
            DELETE FROM rls.graph_change AS d WHERE d.id IN (
                SELECT c.id FROM rls.graph_change AS c JOIN rls.visible_set AS s ON s.viewer = c.viewer
                WHERE c.viewer = prepare.key AND (c.viewer = '*' AND c.seen IS NULL AND c.visible) IS NOT TRUE AND (c.xid < s.since OR c.cluster <> s.computed_on)
                FOR UPDATE OF c SKIP LOCKED);
            IF EXISTS (SELECT FROM rls.graph_change AS c WHERE c.viewer = '*' AND c.seen IS NULL AND c.visible AND c.cluster <> rls.cluster()) THEN
                PERFORM rls.prune_changes();
            END IF;
        END IF;
    END IF;
    IF superuser THEN
        form := 'all';
    ELSIF form IS NULL THEN -- nothing can be stored: each statement computes, and so may this
        SELECT CASE WHEN count(*) <= 200 THEN 'narrow' WHEN count(*) > 5000 THEN 'wide' ELSE 'middle' END INTO form
        FROM rls.hierarchy(rls.to_bigint(key));
    END IF;
END
$rls$;
REVOKE ALL ON FUNCTION rls.prepare(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.prepare(text, text) IS 'What entering does for a user: stores whom they see where that is not known, and returns the form of policies that fits.';

-- create function rls.visible_ids(bigint, boolean)
-- Whom a user sees, as an array. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.visible_ids(viewer bigint, hierarchy_only boolean)
RETURNS bigint[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $rls$
DECLARE
    result bigint[];
    changed boolean;
    touched bigint[];
    gained bigint[];
BEGIN
    SELECT s.ids_int || '{}', EXISTS (
        SELECT FROM rls.graph_change AS c
        WHERE c.viewer IN ($1::text, '*') AND (c.viewer = $1::text OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
          AND (c.cluster <> s.computed_on
          OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid))
    ) INTO result, changed
    FROM rls.visible_set AS s
    WHERE s.viewer = $1::text AND s.model = '843fc16867ffd0cbbd86e5ef066d8ac4' AND s.computed_on = s.restored_on;
    IF changed THEN
        SELECT array_agg(c.seen::bigint), coalesce(array_agg(c.seen::bigint) FILTER (WHERE c.visible), '{}'), bool_or(c.seen IS NULL)
        INTO touched, gained, changed
        FROM rls.visible_set AS s
        CROSS JOIN LATERAL (
            SELECT DISTINCT ON (1) CASE c.cluster WHEN s.computed_on THEN c.seen END AS seen, c.visible FROM rls.graph_change AS c
            WHERE c.viewer IN ($1::text, '*') AND (c.viewer = $1::text OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
          AND (c.cluster <> s.computed_on
          OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid))
            ORDER BY 1, c.id DESC
        ) AS c
        WHERE s.viewer = $1::text;
        IF NOT changed THEN
            result := ARRAY(SELECT i.id FROM unnest(result) AS i(id) WHERE i.id <> ALL (touched)) || gained;
        END IF;
    END IF;
    IF changed IS NOT false THEN
        result := ARRAY(SELECT h.id FROM rls.hierarchy($1) AS h(id));
    END IF;
    IF NOT $2 AND EXISTS (SELECT FROM rls.membership AS m WHERE m.user_id = $1
            AND (SELECT g.shares_members OR g.shares_creator FROM rls.group_row AS g WHERE g.id = m.group_id)) THEN
        result := result || ARRAY(SELECT x.id::bigint FROM rls.shared_with($1) AS x(id));
    END IF;
    RETURN result;
END
$rls$;
REVOKE ALL ON FUNCTION rls.visible_ids(bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.visible_ids(bigint, boolean) IS 'Whom a user sees, as an array.';

-- create function rls.visible_bits(bigint, boolean)
-- Whom a user sees, as bits: keys up to the last one that was stored. All others are in rls.visible_ranges. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.visible_bits(viewer bigint, hierarchy_only boolean)
RETURNS varbit
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $rls$
DECLARE
    result varbit;
    changed boolean;
    touched bigint[];
    gained bigint[];
    one bigint;
BEGIN
    SELECT coalesce(s.bits, B'') || B'', EXISTS (
        SELECT FROM rls.graph_change AS c
        WHERE c.viewer IN ($1::text, '*') AND (c.viewer = $1::text OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
          AND (c.cluster <> s.computed_on
          OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid))
    ) INTO result, changed
    FROM rls.visible_set AS s
    WHERE s.viewer = $1::text AND s.model = '843fc16867ffd0cbbd86e5ef066d8ac4' AND s.computed_on = s.restored_on;
    IF changed THEN
        SELECT array_agg(c.seen::bigint), coalesce(array_agg(c.seen::bigint) FILTER (WHERE c.visible), '{}'), bool_or(c.seen IS NULL)
        INTO touched, gained, changed
        FROM rls.visible_set AS s
        CROSS JOIN LATERAL (
            SELECT DISTINCT ON (1) CASE c.cluster WHEN s.computed_on THEN c.seen END AS seen, c.visible FROM rls.graph_change AS c
            WHERE c.viewer IN ($1::text, '*') AND (c.viewer = $1::text OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
          AND (c.cluster <> s.computed_on
          OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid))
            ORDER BY 1, c.id DESC
        ) AS c
        WHERE s.viewer = $1::text;
        IF NOT changed THEN
            FOREACH one IN ARRAY touched LOOP
                IF one BETWEEN 1 AND length(result) THEN
                    result := set_bit(result, one::integer - 1, (one = ANY (gained))::integer);
                END IF;
            END LOOP;
        END IF;
    END IF;
    IF changed IS NOT false THEN
        result := B'';
    END IF;
    IF NOT $2 AND EXISTS (SELECT FROM rls.membership AS m WHERE m.user_id = $1
            AND (SELECT g.shares_members OR g.shares_creator FROM rls.group_row AS g WHERE g.id = m.group_id)) THEN
        FOR one IN SELECT x.id FROM rls.shared_with($1) AS x(id) LOOP
            IF one BETWEEN 1 AND length(result) THEN
                result := set_bit(result, one::integer - 1, 1);
            END IF;
        END LOOP;
    END IF;
    RETURN result;
END
$rls$;
REVOKE ALL ON FUNCTION rls.visible_bits(bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.visible_bits(bigint, boolean) IS 'Whom a user sees, as bits: keys up to the last one that was stored.';

-- create function rls.visible_ranges(bigint, boolean)
-- Whom a user sees and rls.visible_bits has no bit for, as ranges; more do no harm. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.visible_ranges(viewer bigint, hierarchy_only boolean)
RETURNS int8multirange
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $rls$
DECLARE
    result int8multirange;
    changed boolean;
    touched bigint[];
    gained bigint[];
BEGIN
    SELECT s.ranges_int, EXISTS (
        SELECT FROM rls.graph_change AS c
        WHERE c.viewer IN ($1::text, '*') AND (c.viewer = $1::text OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
          AND (c.cluster <> s.computed_on
          OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid))
    ) INTO result, changed
    FROM rls.visible_set AS s
    WHERE s.viewer = $1::text AND s.model = '843fc16867ffd0cbbd86e5ef066d8ac4' AND s.computed_on = s.restored_on;
    IF changed THEN
        SELECT array_agg(c.seen::bigint), coalesce(array_agg(c.seen::bigint) FILTER (WHERE c.visible), '{}'), bool_or(c.seen IS NULL)
        INTO touched, gained, changed
        FROM rls.visible_set AS s
        CROSS JOIN LATERAL (
            SELECT DISTINCT ON (1) CASE c.cluster WHEN s.computed_on THEN c.seen END AS seen, c.visible FROM rls.graph_change AS c
            WHERE c.viewer IN ($1::text, '*') AND (c.viewer = $1::text OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
          AND (c.cluster <> s.computed_on
          OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid))
            ORDER BY 1, c.id DESC
        ) AS c
        WHERE s.viewer = $1::text;
        IF NOT changed THEN
            result := result - coalesce((SELECT range_agg(CASE x.id WHEN 9223372036854775807 THEN int8range(x.id, NULL) ELSE int8range(x.id, x.id, '[]') END) FROM unnest(touched) AS x(id)), '{}')
                + coalesce((SELECT range_agg(CASE x.id WHEN 9223372036854775807 THEN int8range(x.id, NULL) ELSE int8range(x.id, x.id, '[]') END) FROM unnest(gained) AS x(id)), '{}');
        END IF;
    END IF;
    IF changed IS NOT false THEN
        result := coalesce((SELECT range_agg(CASE x.id WHEN 9223372036854775807 THEN int8range(x.id, NULL) ELSE int8range(x.id, x.id, '[]') END) FROM (SELECT h.id::bigint FROM rls.hierarchy($1) AS h(id)) AS x), '{}');
    END IF;
    IF NOT $2 AND EXISTS (SELECT FROM rls.membership AS m WHERE m.user_id = $1
            AND (SELECT g.shares_members OR g.shares_creator FROM rls.group_row AS g WHERE g.id = m.group_id)) THEN
        result := result + coalesce((SELECT range_agg(CASE x.id WHEN 9223372036854775807 THEN int8range(x.id, NULL) ELSE int8range(x.id, x.id, '[]') END) FROM (SELECT h.id::bigint FROM rls.shared_with($1) AS h(id)) AS x), '{}');
    END IF;
    RETURN result;
END
$rls$;
REVOKE ALL ON FUNCTION rls.visible_ranges(bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.visible_ranges(bigint, boolean) IS 'Whom a user sees and rls.visible_bits has no bit for, as ranges; more do no harm.';

-- create function rls.passes_owners(text, text, boolean)
-- Whether the principal passes owners and needs no grant for an action on a resource: an active superuser, and the resource
-- registered, or a service whom the model allows the action. With NULL for an action that no allowance gives. Raises for other
-- users where the policy has no branch for them (alone).
CREATE OR REPLACE FUNCTION rls.passes_owners(action text, resource text, alone boolean)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $rls$
DECLARE
    who rls.identity := rls.identify();
    key bigint;
    active boolean;
    superuser boolean;
    known boolean;
BEGIN
    IF who.kind = 'service' THEN
        RETURN rls.service_may(who.key, $1, $2);
    END IF;
    IF who.kind IS DISTINCT FROM 'user' THEN
        RETURN false;
    END IF;
    key := rls.to_bigint(who.key);
    SELECT u.is_active, u.is_superuser, EXISTS (SELECT FROM rls.resource AS r WHERE r.name = $2)
    INTO active, superuser, known
    FROM rls.user_row AS u WHERE u.id = key;
    IF $3 AND active AND superuser IS NOT true THEN
        RAISE EXCEPTION 'the principal is no superuser, and is in a database role whose policies are for superusers and services'
            USING ERRCODE = '40001', HINT = 'Run the transaction again, or enter once more: that takes the role that fits. A login of its own needs another plan.';
    END IF;
    RETURN coalesce(active AND superuser AND known AND who.channel IS DISTINCT FROM 'impersonating', false);
END
$rls$;
REVOKE ALL ON FUNCTION rls.passes_owners(text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.passes_owners(text, text, boolean) TO rls_client;
COMMENT ON FUNCTION rls.passes_owners(text, text, boolean) IS 'Whether the principal passes owners and needs no grant for an action on a resource: an active superuser, and the resource registered, or a service whom the model allows the action.';

-- create function rls.graph_viewer(text, text, boolean)
-- Key of the user whom the graph may admit to rows of a resource: active, no superuser, with a grant of the action, and for every
-- action but create one of read as well. NULL for everybody else; with alone an error for superusers. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.graph_viewer(action text, resource text, alone boolean)
RETURNS bigint
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $rls$
DECLARE
    who rls.identity := rls.identify();
    key bigint;
    grantees text[];
    viewer bigint;
    active boolean;
    superuser boolean;
    granted boolean;
BEGIN
    IF who.kind IS DISTINCT FROM 'user' THEN
        IF $3 AND who.kind = 'service' AND rls.service_may(who.key, $1, $2) THEN
            RAISE EXCEPTION 'a service is in a database role whose policies have no branch for services'
                USING ERRCODE = 'RL016', HINT = 'Stay in the database role that entering has taken.';
        END IF;
        RETURN NULL;
    END IF;
    key := rls.to_bigint(who.key);
    grantees := ARRAY['everyone', 'authenticated', 'user:' || who.key];
    SELECT u.id, u.is_active, u.is_superuser, EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = $1 AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= statement_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp()))
    INTO viewer, active, superuser, granted
    FROM rls.user_row AS u
    WHERE u.id = key;
    IF active IS NOT true OR (superuser AND who.channel = 'impersonating') THEN
        RETURN NULL;
    END IF;
    IF superuser THEN
        IF $3 THEN
            RAISE EXCEPTION 'the principal has become a superuser in this transaction'
                USING ERRCODE = '40001', HINT = 'Run the transaction again: it will see every row.';
        END IF;
        RETURN NULL;
    END IF;
    IF NOT granted OR $1 NOT IN ('create', 'read') THEN
        grantees := grantees || ARRAY(
            SELECT 'group:' || g.id FROM rls.membership AS m JOIN rls.group_row AS g ON g.id = m.group_id WHERE m.user_id = viewer);
        granted := EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = $1 AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= statement_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp()));
    END IF;
    IF granted AND $1 NOT IN ('create', 'read') THEN
        granted := EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = 'read' AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= statement_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp()));
    END IF;
    IF NOT granted THEN
        RETURN NULL;
    END IF;
    RETURN viewer;
END
$rls$;
REVOKE ALL ON FUNCTION rls.graph_viewer(text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.graph_viewer(text, text, boolean) IS 'Key of the user whom the graph may admit to rows of a resource: active, no superuser, with a grant of the action, and for every action but create one of read as well.';

-- create function rls.admitted_owners(text, text, text, boolean)
-- Users whose rows the principal may act on, as an array: who is visible within the scope, if a grant of the action is held.
-- Every action but create asks for a grant of read as well. Raises for superusers where the policy has no branch for them (alone).
CREATE OR REPLACE FUNCTION rls.admitted_owners(action text, resource text, scope text, alone boolean)
RETURNS bigint[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $rls$
DECLARE
    who rls.identity := rls.identify();
    key bigint;
    grantees text[];
    viewer bigint;
    active boolean;
    superuser boolean;
    granted boolean;
    stored bigint[];
    more boolean;
BEGIN
    IF who.kind IS DISTINCT FROM 'user' THEN
        IF $4 AND who.kind = 'service' AND rls.service_may(who.key, $1, $2) THEN
            RAISE EXCEPTION 'a service is in a database role whose policies have no branch for services'
                USING ERRCODE = 'RL016', HINT = 'Stay in the database role that entering has taken.';
        END IF;
        RETURN '{}';
    END IF;
    key := rls.to_bigint(who.key);
    grantees := ARRAY['everyone', 'authenticated', 'user:' || who.key];
    SELECT u.id, u.is_active, u.is_superuser, EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = $1 AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= statement_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp())),
        s.ids_int || '{}',
        EXISTS (
            SELECT FROM rls.graph_change AS c
            WHERE c.viewer IN (s.viewer, '*') AND (c.viewer = s.viewer OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
                AND (c.cluster <> s.computed_on
                OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid)))
        OR ($3 = 'visible' AND EXISTS (SELECT FROM rls.membership AS m WHERE m.user_id = u.id
            AND (SELECT g.shares_members OR g.shares_creator FROM rls.group_row AS g WHERE g.id = m.group_id)))
        OR s.viewer IS NULL
    INTO viewer, active, superuser, granted, stored, more
    FROM rls.user_row AS u
    LEFT JOIN rls.visible_set AS s ON s.viewer = u.id::text AND s.model = '843fc16867ffd0cbbd86e5ef066d8ac4' AND s.computed_on = s.restored_on AND $3 <> 'self'
    WHERE u.id = key;
    IF active IS NOT true OR (superuser AND who.channel = 'impersonating') THEN
        RETURN '{}';
    END IF;
    IF superuser THEN
        IF $4 THEN
            RAISE EXCEPTION 'the principal has become a superuser in this transaction'
                USING ERRCODE = '40001', HINT = 'Run the transaction again: it will see every row.';
        END IF;
        RETURN '{}';
    END IF;
    IF NOT granted OR $1 NOT IN ('create', 'read') THEN
        grantees := grantees || ARRAY(
            SELECT 'group:' || g.id FROM rls.membership AS m JOIN rls.group_row AS g ON g.id = m.group_id WHERE m.user_id = viewer);
        granted := EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = $1 AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= statement_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp()));
    END IF;
    IF granted AND $1 NOT IN ('create', 'read') THEN
        granted := EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = 'read' AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= statement_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp()));
    END IF;
    IF NOT granted THEN
        RETURN '{}';
    END IF;
    CASE $3
    WHEN 'self' THEN
        RETURN ARRAY[viewer]::bigint[];
    WHEN 'hierarchy', 'visible' THEN
        IF more THEN
            RETURN rls.visible_ids(viewer, $3 = 'hierarchy');
        END IF;
        RETURN coalesce(stored, '{}');
    END CASE;
END
$rls$;
REVOKE ALL ON FUNCTION rls.admitted_owners(text, text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.admitted_owners(text, text, text, boolean) TO rls_client;
COMMENT ON FUNCTION rls.admitted_owners(text, text, text, boolean) IS 'Users whose rows the principal may act on, as an array: who is visible within the scope, if a grant of the action is held.';

-- create function rls.admitted_bits(text, text, text, boolean)
-- Users whose rows the principal may act on, as bits: those of dense keys: who is visible within the scope, if a grant of the action is held.
-- Every action but create asks for a grant of read as well. Raises for superusers where the policy has no branch for them (alone).
CREATE OR REPLACE FUNCTION rls.admitted_bits(action text, resource text, scope text, alone boolean)
RETURNS varbit
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $rls$
DECLARE
    who rls.identity := rls.identify();
    key bigint;
    grantees text[];
    viewer bigint;
    active boolean;
    superuser boolean;
    granted boolean;
    stored varbit;
    more boolean;
BEGIN
    IF who.kind IS DISTINCT FROM 'user' THEN
        IF $4 AND who.kind = 'service' AND rls.service_may(who.key, $1, $2) THEN
            RAISE EXCEPTION 'a service is in a database role whose policies have no branch for services'
                USING ERRCODE = 'RL016', HINT = 'Stay in the database role that entering has taken.';
        END IF;
        RETURN B'';
    END IF;
    key := rls.to_bigint(who.key);
    grantees := ARRAY['everyone', 'authenticated', 'user:' || who.key];
    SELECT u.id, u.is_active, u.is_superuser, EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = $1 AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= statement_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp())),
        s.bits || B'',
        EXISTS (
            SELECT FROM rls.graph_change AS c
            WHERE c.viewer IN (s.viewer, '*') AND (c.viewer = s.viewer OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
                AND (c.cluster <> s.computed_on
                OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid)))
        OR ($3 = 'visible' AND EXISTS (SELECT FROM rls.membership AS m WHERE m.user_id = u.id
            AND (SELECT g.shares_members OR g.shares_creator FROM rls.group_row AS g WHERE g.id = m.group_id)))
        OR s.viewer IS NULL
    INTO viewer, active, superuser, granted, stored, more
    FROM rls.user_row AS u
    LEFT JOIN rls.visible_set AS s ON s.viewer = u.id::text AND s.model = '843fc16867ffd0cbbd86e5ef066d8ac4' AND s.computed_on = s.restored_on AND $3 <> 'self'
    WHERE u.id = key;
    IF active IS NOT true OR (superuser AND who.channel = 'impersonating') THEN
        RETURN B'';
    END IF;
    IF superuser THEN
        IF $4 THEN
            RAISE EXCEPTION 'the principal has become a superuser in this transaction'
                USING ERRCODE = '40001', HINT = 'Run the transaction again: it will see every row.';
        END IF;
        RETURN B'';
    END IF;
    IF NOT granted OR $1 NOT IN ('create', 'read') THEN
        grantees := grantees || ARRAY(
            SELECT 'group:' || g.id FROM rls.membership AS m JOIN rls.group_row AS g ON g.id = m.group_id WHERE m.user_id = viewer);
        granted := EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = $1 AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= statement_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp()));
    END IF;
    IF granted AND $1 NOT IN ('create', 'read') THEN
        granted := EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = 'read' AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= statement_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp()));
    END IF;
    IF NOT granted THEN
        RETURN B'';
    END IF;
    CASE $3
    WHEN 'self' THEN
        RETURN B'';
    WHEN 'hierarchy', 'visible' THEN
        IF more THEN
            RETURN rls.visible_bits(viewer, $3 = 'hierarchy');
        END IF;
        RETURN coalesce(stored, B'');
    END CASE;
END
$rls$;
REVOKE ALL ON FUNCTION rls.admitted_bits(text, text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.admitted_bits(text, text, text, boolean) TO rls_client;
COMMENT ON FUNCTION rls.admitted_bits(text, text, text, boolean) IS 'Users whose rows the principal may act on, as bits: those of dense keys: who is visible within the scope, if a grant of the action is held.';

-- create function rls.admitted_ranges(text, text, text, boolean)
-- Users whose rows the principal may act on, as ranges: who is visible within the scope, if a grant of the action is held.
-- Every action but create asks for a grant of read as well. Raises for superusers where the policy has no branch for them (alone).
CREATE OR REPLACE FUNCTION rls.admitted_ranges(action text, resource text, scope text, alone boolean)
RETURNS int8multirange
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_generic_plan
AS $rls$
DECLARE
    who rls.identity := rls.identify();
    key bigint;
    grantees text[];
    viewer bigint;
    active boolean;
    superuser boolean;
    granted boolean;
    stored int8multirange;
    more boolean;
BEGIN
    IF who.kind IS DISTINCT FROM 'user' THEN
        IF $4 AND who.kind = 'service' AND rls.service_may(who.key, $1, $2) THEN
            RAISE EXCEPTION 'a service is in a database role whose policies have no branch for services'
                USING ERRCODE = 'RL016', HINT = 'Stay in the database role that entering has taken.';
        END IF;
        RETURN '{}';
    END IF;
    key := rls.to_bigint(who.key);
    grantees := ARRAY['everyone', 'authenticated', 'user:' || who.key];
    SELECT u.id, u.is_active, u.is_superuser, EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = $1 AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= statement_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp())),
        s.ranges_int,
        EXISTS (
            SELECT FROM rls.graph_change AS c
            WHERE c.viewer IN (s.viewer, '*') AND (c.viewer = s.viewer OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
                AND (c.cluster <> s.computed_on
                OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid)))
        OR ($3 = 'visible' AND EXISTS (SELECT FROM rls.membership AS m WHERE m.user_id = u.id
            AND (SELECT g.shares_members OR g.shares_creator FROM rls.group_row AS g WHERE g.id = m.group_id)))
        OR s.viewer IS NULL
    INTO viewer, active, superuser, granted, stored, more
    FROM rls.user_row AS u
    LEFT JOIN rls.visible_set AS s ON s.viewer = u.id::text AND s.model = '843fc16867ffd0cbbd86e5ef066d8ac4' AND s.computed_on = s.restored_on AND $3 <> 'self'
    WHERE u.id = key;
    IF active IS NOT true OR (superuser AND who.channel = 'impersonating') THEN
        RETURN '{}';
    END IF;
    IF superuser THEN
        IF $4 THEN
            RAISE EXCEPTION 'the principal has become a superuser in this transaction'
                USING ERRCODE = '40001', HINT = 'Run the transaction again: it will see every row.';
        END IF;
        RETURN '{}';
    END IF;
    IF NOT granted OR $1 NOT IN ('create', 'read') THEN
        grantees := grantees || ARRAY(
            SELECT 'group:' || g.id FROM rls.membership AS m JOIN rls.group_row AS g ON g.id = m.group_id WHERE m.user_id = viewer);
        granted := EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = $1 AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= statement_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp()));
    END IF;
    IF granted AND $1 NOT IN ('create', 'read') THEN
        granted := EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = 'read' AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= statement_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp()));
    END IF;
    IF NOT granted THEN
        RETURN '{}';
    END IF;
    CASE $3
    WHEN 'self' THEN
        RETURN int8multirange(CASE viewer WHEN 9223372036854775807 THEN int8range(viewer, NULL) ELSE int8range(viewer, viewer, '[]') END);
    WHEN 'hierarchy', 'visible' THEN
        IF more THEN
            RETURN rls.visible_ranges(viewer, $3 = 'hierarchy');
        END IF;
        RETURN coalesce(stored, '{}');
    END CASE;
END
$rls$;
REVOKE ALL ON FUNCTION rls.admitted_ranges(text, text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.admitted_ranges(text, text, text, boolean) TO rls_client;
COMMENT ON FUNCTION rls.admitted_ranges(text, text, text, boolean) IS 'Users whose rows the principal may act on, as ranges: who is visible within the scope, if a grant of the action is held.';

-- create function rls.admitted_groups(text, text, boolean)
-- Keys of the principal's groups whose rows the principal may act on, if a grant of the action is held.
-- Raises for superusers where the policy has no branch for them (alone).
CREATE OR REPLACE FUNCTION rls.admitted_groups(action text, resource text, alone boolean)
RETURNS bigint[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $rls$
DECLARE
    viewer bigint := rls.graph_viewer($1, $2, $3);
BEGIN
    IF viewer IS NULL THEN
        RETURN '{}';
    END IF;
    RETURN ARRAY(SELECT g.id FROM rls.membership AS m JOIN rls.group_row AS g ON g.id = m.group_id WHERE m.user_id = viewer);
END
$rls$;
REVOKE ALL ON FUNCTION rls.admitted_groups(text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.admitted_groups(text, text, boolean) TO rls_client;
COMMENT ON FUNCTION rls.admitted_groups(text, text, boolean) IS 'Keys of the principal''s groups whose rows the principal may act on, if a grant of the action is held.';

-- create resource person
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('person', 'public', 'person', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'visible', 'visible', false)
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

-- create resource note
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('note', 'public', 'note', '', ARRAY['id']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'visible', 'visible', false)
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

-- create resource sale
INSERT INTO rls.resource (name, table_schema, table_name, title, key_columns, actions, owned, owned_by_user, write_scope, owner_check, hidden)
VALUES ('sale', 'public', 'sale', '', ARRAY['id', 'region']::text[], ARRAY['create', 'read', 'update', 'delete']::text[], true, true, 'visible', 'visible', false)
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

-- create where users and groups are
INSERT INTO rls.directory (mapping) VALUES ('{"timezone":"UTC","users":{"schema":"public","table":"person","key":"id","key_type":"bigint","login":"email","active":{"column":"active","sql":"active","compiled":"t.active"},"superuser":{"column":"root","sql":"root","compiled":"t.root"},"staff":{},"edges":[{"kind":"supervisor","column":"boss"},{"kind":"creator","column":"maker"}]},"groups":{"schema":"public","table":"team","key":"id","key_type":"bigint","name":"name","creator":"creator","share_members":{"column":"shared","sql":"shared","compiled":"t.shared"},"share_creator":{},"members_schema":"public","members_table":"team_member","member_group":"team","member_user":"person","member_from":"begins","member_until":"ends"}}')
ON CONFLICT (singleton) DO UPDATE SET mapping = EXCLUDED.mapping;

-- create function rls.objects_person(text, text[])
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
              t.id = ANY ((SELECT rls.admitted_owners('read', 'person', 'visible', false))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.passes_owners('read', 'person', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.id = ANY ((SELECT rls.admitted_owners('update', 'person', 'visible', false))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.passes_owners('update', 'person', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.id = ANY ((SELECT rls.admitted_owners('delete', 'person', 'visible', false))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.passes_owners('delete', 'person', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_person(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_person(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_person(text, text[]) IS 'Which of some objects of person admit an action, by the predicates of its policies.';

-- create function rls.objects_note(text, text[])
-- Which of some objects of note admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_note(action text, keys text[])
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
        JOIN public.note AS t ON t.id = rls.to_bigint(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'note', 'visible', false))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.passes_owners('read', 'note', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'note', 'visible', false))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.passes_owners('update', 'note', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'note', 'visible', false))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.passes_owners('delete', 'note', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_note(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_note(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_note(text, text[]) IS 'Which of some objects of note admit an action, by the predicates of its policies.';

-- create function rls.objects_sale(text, text[])
-- Which of some objects of sale admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_sale(action text, keys text[])
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
        JOIN public.sale AS t ON t.id = rls.to_bigint(p.parts[1]) AND t.region = rls.to_text(p.parts[2])
        WHERE CASE $1
          WHEN 'read' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('read', 'sale', 'visible', false))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.passes_owners('read', 'sale', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('update', 'sale', 'visible', false))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.passes_owners('update', 'sale', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t.owner = ANY ((SELECT rls.admitted_owners('delete', 'sale', 'visible', false))::bigint[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.passes_owners('delete', 'sale', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_sale(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_sale(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_sale(text, text[]) IS 'Which of some objects of sale admit an action, by the predicates of its policies.';

-- create function rls.record_change(bigint[], bigint[])
-- Tells viewers what has become of users whom they may have seen or may see now; beyond some size, that they must look anew.
-- Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.record_change(viewers bigint[], seen bigint[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $rls$
BEGIN
    IF cardinality($1) > 5000 THEN
        PERFORM rls.forget_sets();
    ELSIF cardinality($2) > 64 OR cardinality($1) * cardinality($2) > 5000 THEN
        INSERT INTO rls.graph_change (viewer, cluster) SELECT v.id::text, l.cluster FROM unnest($1) AS v(id) CROSS JOIN rls.graph_lock AS l;
    ELSE
        INSERT INTO rls.graph_change (viewer, seen, visible, cluster)
        WITH RECURSIVE touched AS (
            SELECT u.id FROM rls.user_row AS u WHERE u.id = ANY ($2)
        ), up_1(seen, id) AS (
            SELECT t.id, t.id FROM touched AS t
            UNION
            SELECT w.seen, e.viewer FROM up_1 AS w CROSS JOIN LATERAL (
                SELECT e.viewer FROM rls.edge AS e WHERE e.seen = w.id AND e.kind = 'supervisor' OFFSET 0) AS e
        ), up_2(seen, id) AS (
            SELECT t.id, t.id FROM touched AS t
            UNION
            SELECT w.seen, e.viewer FROM up_2 AS w CROSS JOIN LATERAL (
                SELECT e.viewer FROM rls.edge AS e WHERE e.seen = w.id AND e.kind = 'creator' OFFSET 0) AS e
        ), reached AS (
            SELECT w.seen, w.id FROM up_1 AS w
            UNION ALL SELECT w.seen, w.id FROM up_2 AS w
        )
        SELECT v.id::text, s.id::text, EXISTS (SELECT FROM reached AS r WHERE r.seen = s.id AND r.id = v.id), l.cluster
        FROM unnest($1) AS v(id) CROSS JOIN unnest($2) AS s(id) CROSS JOIN rls.graph_lock AS l
        WHERE v.id <> s.id; -- everybody sees themself
    END IF;
END
$rls$;
REVOKE ALL ON FUNCTION rls.record_change(bigint[], bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION rls.record_change(bigint[], bigint[]) IS 'Tells viewers what has become of users whom they may have seen or may see now; beyond some size, that they must look anew.';

-- create function rls.record_changes(rls.edge_change[])
-- Works out for whom a change of edges matters, one relation after the other.
-- Called by trigger functions alone.
CREATE OR REPLACE FUNCTION rls.record_changes(changes rls.edge_change[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $rls$
DECLARE
    mine rls.edge_change[];
    alone boolean := NOT EXISTS (SELECT FROM unnest(changes) AS c WHERE c.gone);
    viewers bigint[];
    touched bigint[];
BEGIN
    PERFORM rls.lock_graph();
    PERFORM rls.raise_watermark('graph');
    IF alone THEN
        alone := NOT EXISTS (SELECT FROM rls.edge_gone);
    ELSE
        INSERT INTO rls.edge_gone (kind, viewer, seen) SELECT c.kind, c.viewer, c.seen FROM unnest(changes) AS c WHERE c.gone;
    END IF;
    IF cardinality(changes) > 1000 THEN
        PERFORM rls.forget_sets();
        RETURN;
    END IF;
    -- supervisor
    mine := ARRAY(SELECT c::rls.edge_change FROM unnest(changes) AS c WHERE c.kind = ANY (ARRAY['supervisor']::text[]));
    IF cardinality(mine) = 1 AND alone AND NOT EXISTS (SELECT FROM rls.edge AS e WHERE e.viewer = rls.to_bigint(mine[1].seen) AND e.kind = 'supervisor')
        AND EXISTS (SELECT FROM rls.user_row AS u WHERE u.id = rls.to_bigint(mine[1].seen)) THEN
        -- Somebody new with nobody below, as when people join: whoever is above sees them.
        INSERT INTO rls.graph_change (viewer, seen, visible, cluster)
        WITH RECURSIVE above(id) AS (
            SELECT rls.to_bigint(mine[1].viewer)
            UNION
            SELECT e.viewer FROM above AS w CROSS JOIN LATERAL (
                SELECT e.viewer FROM rls.edge AS e WHERE e.seen = w.id AND e.kind = 'supervisor' OFFSET 0) AS e
        )
        SELECT a.id::text, mine[1].seen, true, l.cluster FROM above AS a CROSS JOIN rls.graph_lock AS l WHERE a.id IS NOT NULL;
    ELSIF cardinality(mine) > 0 THEN
        WITH RECURSIVE above(id) AS (
            SELECT rls.to_bigint(c.viewer) FROM unnest(mine) AS c
            UNION
            SELECT e.viewer FROM above AS w CROSS JOIN LATERAL (SELECT e.viewer FROM rls.edge AS e WHERE e.seen = w.id AND e.kind = 'supervisor'
                    UNION ALL SELECT rls.to_bigint(c.viewer) FROM rls.edge_gone AS c WHERE c.seen = w.id::text AND c.kind = ANY (ARRAY['supervisor']::text[])) AS e
        )
        SELECT array_agg(DISTINCT a.id) INTO viewers FROM (SELECT a.id FROM above AS a WHERE a.id IS NOT NULL LIMIT 5001) AS a;
        WITH RECURSIVE below(id) AS (
            SELECT rls.to_bigint(c.seen) FROM unnest(mine) AS c
            UNION
            SELECT e.seen FROM below AS w CROSS JOIN LATERAL (SELECT e.seen FROM rls.edge AS e WHERE e.viewer = w.id AND e.kind = 'supervisor'
                    UNION ALL SELECT rls.to_bigint(c.seen) FROM rls.edge_gone AS c WHERE c.viewer = w.id::text AND c.kind = ANY (ARRAY['supervisor']::text[])) AS e
        )
        SELECT array_agg(b.id) INTO touched FROM (SELECT b.id FROM below AS b WHERE b.id IS NOT NULL LIMIT 65) AS b;
        PERFORM rls.record_change(coalesce(viewers, '{}'), touched);
    END IF;
    -- creator
    mine := ARRAY(SELECT c::rls.edge_change FROM unnest(changes) AS c WHERE c.kind = ANY (ARRAY['creator']::text[]));
    IF cardinality(mine) = 1 AND alone AND NOT EXISTS (SELECT FROM rls.edge AS e WHERE e.viewer = rls.to_bigint(mine[1].seen) AND e.kind = 'creator')
        AND EXISTS (SELECT FROM rls.user_row AS u WHERE u.id = rls.to_bigint(mine[1].seen)) THEN
        -- Somebody new with nobody below, as when people join: whoever is above sees them.
        INSERT INTO rls.graph_change (viewer, seen, visible, cluster)
        WITH RECURSIVE above(id) AS (
            SELECT rls.to_bigint(mine[1].viewer)
            UNION
            SELECT e.viewer FROM above AS w CROSS JOIN LATERAL (
                SELECT e.viewer FROM rls.edge AS e WHERE e.seen = w.id AND e.kind = 'creator' OFFSET 0) AS e
        )
        SELECT a.id::text, mine[1].seen, true, l.cluster FROM above AS a CROSS JOIN rls.graph_lock AS l WHERE a.id IS NOT NULL;
    ELSIF cardinality(mine) > 0 THEN
        WITH RECURSIVE above(id) AS (
            SELECT rls.to_bigint(c.viewer) FROM unnest(mine) AS c
            UNION
            SELECT e.viewer FROM above AS w CROSS JOIN LATERAL (SELECT e.viewer FROM rls.edge AS e WHERE e.seen = w.id AND e.kind = 'creator'
                    UNION ALL SELECT rls.to_bigint(c.viewer) FROM rls.edge_gone AS c WHERE c.seen = w.id::text AND c.kind = ANY (ARRAY['creator']::text[])) AS e
        )
        SELECT array_agg(DISTINCT a.id) INTO viewers FROM (SELECT a.id FROM above AS a WHERE a.id IS NOT NULL LIMIT 5001) AS a;
        WITH RECURSIVE below(id) AS (
            SELECT rls.to_bigint(c.seen) FROM unnest(mine) AS c
            UNION
            SELECT e.seen FROM below AS w CROSS JOIN LATERAL (SELECT e.seen FROM rls.edge AS e WHERE e.viewer = w.id AND e.kind = 'creator'
                    UNION ALL SELECT rls.to_bigint(c.seen) FROM rls.edge_gone AS c WHERE c.viewer = w.id::text AND c.kind = ANY (ARRAY['creator']::text[])) AS e
        )
        SELECT array_agg(b.id) INTO touched FROM (SELECT b.id FROM below AS b WHERE b.id IS NOT NULL LIMIT 65) AS b;
        PERFORM rls.record_change(coalesce(viewers, '{}'), touched);
    END IF;
    IF random() < 0.02 THEN
        PERFORM rls.prune_changes();
    END IF;
END
$rls$;
REVOKE ALL ON FUNCTION rls.record_changes(rls.edge_change[]) FROM PUBLIC;
COMMENT ON FUNCTION rls.record_changes(rls.edge_change[]) IS 'Works out for whom a change of edges matters, one relation after the other.';

-- create function rls.users_changed()
-- Reports the edges that a change of users adds and takes away.
CREATE OR REPLACE FUNCTION rls.users_changed()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $rls$
DECLARE
    changes rls.edge_change[];
BEGIN
    CASE TG_OP
    WHEN 'INSERT' THEN
        PERFORM rls.lock_graph();
        SELECT array_agg(ROW(e.kind, e.viewer, e.seen, false)::rls.edge_change) INTO changes FROM (
            (SELECT 'supervisor'::text AS kind, (t.boss)::text AS viewer, (t.id)::text AS seen FROM new_rows AS t WHERE t.boss IS NOT NULL
            UNION ALL SELECT 'creator'::text AS kind, (t.maker)::text AS viewer, (t.id)::text AS seen FROM new_rows AS t WHERE t.maker IS NOT NULL)) AS e WHERE e.viewer IS NOT NULL AND e.seen IS NOT NULL;
    WHEN 'DELETE' THEN
        PERFORM rls.lock_graph();
        SELECT array_agg(ROW(e.kind, e.viewer, e.seen, true)::rls.edge_change) INTO changes FROM (
            (SELECT 'supervisor'::text AS kind, (t.boss)::text AS viewer, (t.id)::text AS seen FROM old_rows AS t WHERE t.boss IS NOT NULL
            UNION ALL SELECT 'creator'::text AS kind, (t.maker)::text AS viewer, (t.id)::text AS seen FROM old_rows AS t WHERE t.maker IS NOT NULL)) AS e WHERE e.viewer IS NOT NULL AND e.seen IS NOT NULL;
    WHEN 'UPDATE' THEN
        SELECT array_agg(ROW(e.kind, e.viewer, e.seen, e.gone)::rls.edge_change) INTO changes FROM (
            (SELECT o.*, true AS gone FROM ((SELECT 'supervisor'::text AS kind, (t.boss)::text AS viewer, (t.id)::text AS seen FROM old_rows AS t WHERE t.boss IS NOT NULL
            UNION ALL SELECT 'creator'::text AS kind, (t.maker)::text AS viewer, (t.id)::text AS seen FROM old_rows AS t WHERE t.maker IS NOT NULL) EXCEPT ALL (SELECT 'supervisor'::text AS kind, (t.boss)::text AS viewer, (t.id)::text AS seen FROM new_rows AS t WHERE t.boss IS NOT NULL
            UNION ALL SELECT 'creator'::text AS kind, (t.maker)::text AS viewer, (t.id)::text AS seen FROM new_rows AS t WHERE t.maker IS NOT NULL)) AS o)
            UNION ALL (SELECT n.*, false FROM ((SELECT 'supervisor'::text AS kind, (t.boss)::text AS viewer, (t.id)::text AS seen FROM new_rows AS t WHERE t.boss IS NOT NULL
            UNION ALL SELECT 'creator'::text AS kind, (t.maker)::text AS viewer, (t.id)::text AS seen FROM new_rows AS t WHERE t.maker IS NOT NULL) EXCEPT ALL (SELECT 'supervisor'::text AS kind, (t.boss)::text AS viewer, (t.id)::text AS seen FROM old_rows AS t WHERE t.boss IS NOT NULL
            UNION ALL SELECT 'creator'::text AS kind, (t.maker)::text AS viewer, (t.id)::text AS seen FROM old_rows AS t WHERE t.maker IS NOT NULL)) AS n)) AS e WHERE e.viewer IS NOT NULL AND e.seen IS NOT NULL;
    END CASE;
    IF changes IS NOT NULL THEN
        PERFORM rls.record_changes(changes);
    END IF;
    RETURN NULL;
END
$rls$;
REVOKE ALL ON FUNCTION rls.users_changed() FROM PUBLIC;
COMMENT ON FUNCTION rls.users_changed() IS 'Reports the edges that a change of users adds and takes away.';

RESET ROLE;

-- create trigger rls_graph_ahead on public.person
CREATE TRIGGER rls_graph_ahead
    BEFORE INSERT OR DELETE OR UPDATE OF boss, id, maker ON public.person
    FOR EACH STATEMENT EXECUTE FUNCTION rls.graph_ahead();
ALTER TABLE public.person ENABLE ALWAYS TRIGGER rls_graph_ahead;
SELECT rls.forget_sets();

-- create trigger rls_graph_insert on public.person
CREATE TRIGGER rls_graph_insert
    AFTER INSERT ON public.person
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION rls.users_changed();
ALTER TABLE public.person ENABLE ALWAYS TRIGGER rls_graph_insert;
SELECT rls.forget_sets();

-- create trigger rls_graph_update on public.person
CREATE TRIGGER rls_graph_update
    AFTER UPDATE ON public.person
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION rls.users_changed();
ALTER TABLE public.person ENABLE ALWAYS TRIGGER rls_graph_update;
SELECT rls.forget_sets();

-- create trigger rls_graph_delete on public.person
CREATE TRIGGER rls_graph_delete
    AFTER DELETE ON public.person
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION rls.users_changed();
ALTER TABLE public.person ENABLE ALWAYS TRIGGER rls_graph_delete;
SELECT rls.forget_sets();

-- create trigger rls_graph_truncate on public.person
CREATE TRIGGER rls_graph_truncate
    AFTER TRUNCATE ON public.person
    FOR EACH STATEMENT EXECUTE FUNCTION rls.graph_rewritten();
ALTER TABLE public.person ENABLE ALWAYS TRIGGER rls_graph_truncate;
SELECT rls.forget_sets();

-- create trigger rls_graph_replica on public.person
CREATE TRIGGER rls_graph_replica
    AFTER INSERT OR UPDATE OR DELETE ON public.person
    FOR EACH ROW EXECUTE FUNCTION rls.graph_rewritten();
ALTER TABLE public.person ENABLE REPLICA TRIGGER rls_graph_replica;
SELECT rls.forget_sets();

SET LOCAL ROLE rls_owner;

-- create function rls.user_exists(bigint)
-- Whether there is such a user at this very moment, in the middle of a statement too. Called by the guards alone.
CREATE OR REPLACE FUNCTION rls.user_exists(id bigint)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $rls$
BEGIN
    RETURN EXISTS (SELECT FROM rls.user_row AS x WHERE x.id = $1);
END
$rls$;
REVOKE ALL ON FUNCTION rls.user_exists(bigint) FROM PUBLIC;
COMMENT ON FUNCTION rls.user_exists(bigint) IS 'Whether there is such a user at this very moment, in the middle of a statement too.';

-- create function rls.group_exists(bigint)
-- Whether there is such a group at this very moment, in the middle of a statement too. Called by the guards alone.
CREATE OR REPLACE FUNCTION rls.group_exists(id bigint)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $rls$
BEGIN
    RETURN EXISTS (SELECT FROM rls.group_row AS x WHERE x.id = $1);
END
$rls$;
REVOKE ALL ON FUNCTION rls.group_exists(bigint) FROM PUBLIC;
COMMENT ON FUNCTION rls.group_exists(bigint) IS 'Whether there is such a group at this very moment, in the middle of a statement too.';

-- create function rls.guard_users()
-- Refuses changes of what public.person decides about access, to whoever is no superuser.
-- Database superusers, maintenance roles and functions of theirs do not come here: see the triggers. What a foreign key
-- cascades is judged by who caused it.
CREATE OR REPLACE FUNCTION rls.guard_users()
RETURNS trigger
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $rls$
DECLARE
    who rls.subject;
    stack text;
    refused text;
BEGIN
    IF TG_ARGV[0] = 'cascade' THEN
        GET DIAGNOSTICS stack = PG_CONTEXT;
        IF NOT rls.is_cascade(stack) THEN
            RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        END IF;
    END IF;
    who := rls.guard_subject();
    IF who.superuser THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    CASE TG_OP
    WHEN 'UPDATE' THEN
        refused := CASE
            WHEN NEW.id IS DISTINCT FROM OLD.id THEN 'id'
            WHEN NEW.email IS DISTINCT FROM OLD.email THEN 'email'
            WHEN NEW.boss IS DISTINCT FROM OLD.boss THEN 'boss'
            WHEN NEW.maker IS DISTINCT FROM OLD.maker THEN 'maker'
            WHEN (SELECT (t.root) IS TRUE FROM (SELECT NEW.*) AS t) IS DISTINCT FROM (SELECT (t.root) IS TRUE FROM (SELECT OLD.*) AS t) THEN 'root'
            WHEN (SELECT (t.active) IS TRUE FROM (SELECT NEW.*) AS t) IS DISTINCT FROM (SELECT (t.active) IS TRUE FROM (SELECT OLD.*) AS t) THEN 'active'
        END;
    WHEN 'INSERT' THEN
        refused := CASE
            WHEN NEW.boss IS NOT NULL AND (who.kind <> 'user' OR NOT EXISTS (SELECT FROM rls.seen_by(rls.to_bigint(who.key)) AS s WHERE s.id = NEW.boss)) THEN 'boss'
            WHEN NEW.maker IS NOT NULL AND (who.kind <> 'user' OR NOT EXISTS (SELECT FROM rls.seen_by(rls.to_bigint(who.key)) AS s WHERE s.id = NEW.maker)) THEN 'maker'
            WHEN (SELECT (t.root) IS TRUE FROM (SELECT NEW.*) AS t) THEN 'root'
            WHEN EXISTS (
                SELECT FROM rls.resource AS r CROSS JOIN LATERAL unnest(r.actions) AS a(action)
                JOIN rls."grant" AS g ON g.resource = r.name AND g.action = a.action AND g.grantee = 'user:' || (NEW.id)::text)
            OR EXISTS (SELECT FROM rls.login AS l WHERE l.principal = (NEW.id)::text)
            OR EXISTS (SELECT FROM rls.impersonation AS i WHERE i.principal = (NEW.id)::text)
            OR EXISTS (SELECT FROM rls.edge AS e WHERE e.viewer = NEW.id)
            OR EXISTS (SELECT FROM rls.membership AS m WHERE m.user_id = NEW.id) THEN 'id'
        END;
    ELSE
        NULL;
    END CASE;
    IF TG_OP = 'INSERT' AND who.kind IS NULL AND refused IS NULL THEN
        refused := '';
    END IF;
    IF refused IS NULL THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION '% decides about access and is % by superusers alone',
        CASE refused WHEN '' THEN 'a row' ELSE 'column ' || quote_ident(refused) END || format(' of %I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME),
        CASE TG_OP WHEN 'INSERT' THEN 'set' WHEN 'UPDATE' THEN 'changed' ELSE 'taken away' END
        USING ERRCODE = '42501', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = refused,
            HINT = CASE WHEN stack IS NULL THEN 'Act as a superuser, or connect as a maintenance role.'
                ELSE 'Change the rows that refer to it first, as a superuser.' END;
END
$rls$;
REVOKE ALL ON FUNCTION rls.guard_users() FROM PUBLIC;
COMMENT ON FUNCTION rls.guard_users() IS 'Refuses changes of what public.person decides about access, to whoever is no superuser.';

RESET ROLE;

-- create trigger rls_guard_update on public.person: NARROWS_ACCESS
CREATE TRIGGER rls_guard_update
    AFTER UPDATE ON public.person
    FOR EACH ROW WHEN ((NEW.id IS DISTINCT FROM OLD.id OR NEW.email IS DISTINCT FROM OLD.email OR NEW.boss IS DISTINCT FROM OLD.boss OR NEW.maker IS DISTINCT FROM OLD.maker OR NEW.root IS DISTINCT FROM OLD.root OR NEW.active IS DISTINCT FROM OLD.active)
        AND NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, '{{migrator}}', 'USAGE')))
    EXECUTE FUNCTION rls.guard_users();

-- create trigger rls_guard_insert on public.person: NARROWS_ACCESS
CREATE TRIGGER rls_guard_insert
    AFTER INSERT ON public.person
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, '{{migrator}}', 'USAGE')))
    EXECUTE FUNCTION rls.guard_users();

-- create trigger rls_guard_cascade on public.person: NARROWS_ACCESS
CREATE TRIGGER rls_guard_cascade
    BEFORE UPDATE ON public.person
    FOR EACH ROW WHEN (pg_trigger_depth() > 0 AND (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, '{{migrator}}', 'USAGE')))
    EXECUTE FUNCTION rls.guard_users('cascade');

-- create trigger rls_guard_truncate on public.person: NARROWS_ACCESS
CREATE TRIGGER rls_guard_truncate
    BEFORE TRUNCATE ON public.person
    FOR EACH STATEMENT WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, '{{migrator}}', 'USAGE')))
    EXECUTE FUNCTION rls.guard_truncate();

SET LOCAL ROLE rls_owner;

-- create function rls.guard_groups()
-- Refuses changes of what public.team decides about access, to whoever is no superuser.
-- Database superusers, maintenance roles and functions of theirs do not come here: see the triggers. What a foreign key
-- cascades is judged by who caused it.
CREATE OR REPLACE FUNCTION rls.guard_groups()
RETURNS trigger
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $rls$
DECLARE
    who rls.subject;
    stack text;
    refused text;
BEGIN
    IF TG_ARGV[0] = 'cascade' THEN
        GET DIAGNOSTICS stack = PG_CONTEXT;
        IF NOT rls.is_cascade(stack) THEN
            RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        END IF;
    END IF;
    who := rls.guard_subject();
    IF who.superuser THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    CASE TG_OP
    WHEN 'UPDATE' THEN
        refused := CASE
            WHEN NEW.id IS DISTINCT FROM OLD.id THEN 'id'
            WHEN NEW.name IS DISTINCT FROM OLD.name THEN 'name'
            WHEN NEW.creator IS DISTINCT FROM OLD.creator THEN 'creator'
            WHEN (SELECT (t.shared) IS TRUE FROM (SELECT NEW.*) AS t) IS DISTINCT FROM (SELECT (t.shared) IS TRUE FROM (SELECT OLD.*) AS t) THEN 'shared'
        END;
    WHEN 'INSERT' THEN
        refused := CASE
            WHEN NEW.creator IS NOT NULL AND (who.kind <> 'user' OR NOT EXISTS (SELECT FROM rls.seen_by(rls.to_bigint(who.key)) AS s WHERE s.id = NEW.creator)) THEN 'creator'
            WHEN EXISTS (
                SELECT FROM rls.resource AS r CROSS JOIN LATERAL unnest(r.actions) AS a(action)
                JOIN rls."grant" AS g ON g.resource = r.name AND g.action = a.action AND g.grantee = 'group:' || (NEW.id)::text)
            OR EXISTS (SELECT FROM rls.membership AS m WHERE m.group_id = NEW.id) THEN 'id'
        END;
    WHEN 'DELETE' THEN
        refused := CASE
            WHEN true THEN ''
        END;
    ELSE
        NULL;
    END CASE;
    IF TG_OP = 'INSERT' AND who.kind IS NULL AND refused IS NULL THEN
        refused := '';
    END IF;
    IF refused IS NULL THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION '% decides about access and is % by superusers alone',
        CASE refused WHEN '' THEN 'a row' ELSE 'column ' || quote_ident(refused) END || format(' of %I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME),
        CASE TG_OP WHEN 'INSERT' THEN 'set' WHEN 'UPDATE' THEN 'changed' ELSE 'taken away' END
        USING ERRCODE = '42501', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = refused,
            HINT = CASE WHEN stack IS NULL THEN 'Act as a superuser, or connect as a maintenance role.'
                ELSE 'Change the rows that refer to it first, as a superuser.' END;
END
$rls$;
REVOKE ALL ON FUNCTION rls.guard_groups() FROM PUBLIC;
COMMENT ON FUNCTION rls.guard_groups() IS 'Refuses changes of what public.team decides about access, to whoever is no superuser.';

RESET ROLE;

-- create trigger rls_guard_update on public.team: NARROWS_ACCESS
CREATE TRIGGER rls_guard_update
    AFTER UPDATE ON public.team
    FOR EACH ROW WHEN ((NEW.id IS DISTINCT FROM OLD.id OR NEW.name IS DISTINCT FROM OLD.name OR NEW.creator IS DISTINCT FROM OLD.creator OR NEW.shared IS DISTINCT FROM OLD.shared)
        AND NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, '{{migrator}}', 'USAGE')))
    EXECUTE FUNCTION rls.guard_groups();

-- create trigger rls_guard_insert on public.team: NARROWS_ACCESS
CREATE TRIGGER rls_guard_insert
    AFTER INSERT ON public.team
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, '{{migrator}}', 'USAGE')))
    EXECUTE FUNCTION rls.guard_groups();

-- create trigger rls_guard_delete on public.team: NARROWS_ACCESS
CREATE TRIGGER rls_guard_delete
    AFTER DELETE ON public.team
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, '{{migrator}}', 'USAGE')))
    EXECUTE FUNCTION rls.guard_groups();

-- create trigger rls_guard_cascade on public.team: NARROWS_ACCESS
CREATE TRIGGER rls_guard_cascade
    BEFORE UPDATE OR DELETE ON public.team
    FOR EACH ROW WHEN (pg_trigger_depth() > 0 AND (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, '{{migrator}}', 'USAGE')))
    EXECUTE FUNCTION rls.guard_groups('cascade');

-- create trigger rls_guard_truncate on public.team: NARROWS_ACCESS
CREATE TRIGGER rls_guard_truncate
    BEFORE TRUNCATE ON public.team
    FOR EACH STATEMENT WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, '{{migrator}}', 'USAGE')))
    EXECUTE FUNCTION rls.guard_truncate();

-- create no TRUNCATE, REFERENCES, TRIGGER on public.team for clients
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
            WHERE c.oid = to_regclass('public.team') AND x.grantee IN (0, to_regrole('{{app}}')) AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = to_regclass('public.team') AND x.grantee IN (0, to_regrole('{{app}}')) AND x.privilege_type = 'REFERENCES') THEN
        REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.team FROM PUBLIC, {{app}};
    END IF;
END
$$;

SET LOCAL ROLE rls_owner;

-- create function rls.guard_members()
-- Refuses changes of what public.team_member decides about access, to whoever is no superuser.
-- Database superusers, maintenance roles and functions of theirs do not come here: see the triggers. What a foreign key
-- cascades is judged by who caused it.
CREATE OR REPLACE FUNCTION rls.guard_members()
RETURNS trigger
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $rls$
DECLARE
    who rls.subject;
    stack text;
    refused text;
BEGIN
    IF TG_ARGV[0] = 'cascade' THEN
        GET DIAGNOSTICS stack = PG_CONTEXT;
        IF NOT rls.is_cascade(stack) THEN
            RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        END IF;
    END IF;
    who := rls.guard_subject();
    IF who.superuser THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    CASE TG_OP
    WHEN 'UPDATE' THEN
        refused := CASE
            WHEN NEW.team IS DISTINCT FROM OLD.team THEN 'team'
            WHEN NEW.person IS DISTINCT FROM OLD.person THEN 'person'
            WHEN NEW.begins IS DISTINCT FROM OLD.begins THEN 'begins'
            WHEN NEW.ends IS DISTINCT FROM OLD.ends THEN 'ends'
        END;
    WHEN 'INSERT' THEN
        refused := CASE
            WHEN true THEN ''
        END;
    WHEN 'DELETE' THEN
        refused := CASE
            WHEN rls.group_exists(OLD.team) AND rls.user_exists(OLD.person) THEN ''
        END;
    ELSE
        NULL;
    END CASE;
    IF TG_OP = 'INSERT' AND who.kind IS NULL AND refused IS NULL THEN
        refused := '';
    END IF;
    IF refused IS NULL THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION '% decides about access and is % by superusers alone',
        CASE refused WHEN '' THEN 'a row' ELSE 'column ' || quote_ident(refused) END || format(' of %I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME),
        CASE TG_OP WHEN 'INSERT' THEN 'set' WHEN 'UPDATE' THEN 'changed' ELSE 'taken away' END
        USING ERRCODE = '42501', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = refused,
            HINT = CASE WHEN stack IS NULL THEN 'Act as a superuser, or connect as a maintenance role.'
                ELSE 'Change the rows that refer to it first, as a superuser.' END;
END
$rls$;
REVOKE ALL ON FUNCTION rls.guard_members() FROM PUBLIC;
COMMENT ON FUNCTION rls.guard_members() IS 'Refuses changes of what public.team_member decides about access, to whoever is no superuser.';

RESET ROLE;

-- create trigger rls_guard_update on public.team_member: NARROWS_ACCESS
CREATE TRIGGER rls_guard_update
    AFTER UPDATE ON public.team_member
    FOR EACH ROW WHEN ((NEW.team IS DISTINCT FROM OLD.team OR NEW.person IS DISTINCT FROM OLD.person OR NEW.begins IS DISTINCT FROM OLD.begins OR NEW.ends IS DISTINCT FROM OLD.ends)
        AND NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, '{{migrator}}', 'USAGE')))
    EXECUTE FUNCTION rls.guard_members();

-- create trigger rls_guard_insert on public.team_member: NARROWS_ACCESS
CREATE TRIGGER rls_guard_insert
    AFTER INSERT ON public.team_member
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, '{{migrator}}', 'USAGE')))
    EXECUTE FUNCTION rls.guard_members();

-- create trigger rls_guard_delete on public.team_member: NARROWS_ACCESS
CREATE TRIGGER rls_guard_delete
    AFTER DELETE ON public.team_member
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, '{{migrator}}', 'USAGE')))
    EXECUTE FUNCTION rls.guard_members();

-- create trigger rls_guard_cascade on public.team_member: NARROWS_ACCESS
CREATE TRIGGER rls_guard_cascade
    BEFORE UPDATE OR DELETE ON public.team_member
    FOR EACH ROW WHEN (pg_trigger_depth() > 0 AND (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, '{{migrator}}', 'USAGE')))
    EXECUTE FUNCTION rls.guard_members('cascade');

-- create trigger rls_guard_truncate on public.team_member: NARROWS_ACCESS
CREATE TRIGGER rls_guard_truncate
    BEFORE TRUNCATE ON public.team_member
    FOR EACH STATEMENT WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, '{{migrator}}', 'USAGE')))
    EXECUTE FUNCTION rls.guard_truncate();

-- create no TRUNCATE, REFERENCES, TRIGGER on public.team_member for clients
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
            WHERE c.oid = to_regclass('public.team_member') AND x.grantee IN (0, to_regrole('{{app}}')) AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = to_regclass('public.team_member') AND x.grantee IN (0, to_regrole('{{app}}')) AND x.privilege_type = 'REFERENCES') THEN
        REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.team_member FROM PUBLIC, {{app}};
    END IF;
END
$$;

-- create policy person_read_graph on public.person
CREATE POLICY person_read_graph ON public.person AS PERMISSIVE FOR SELECT TO rls_owner
    USING (
        true
    );

-- create policy person_all_maintenance on public.person
CREATE POLICY person_all_maintenance ON public.person AS PERMISSIVE FOR ALL TO {{migrator}}
    USING (
        true
    )
    WITH CHECK (
        true
    );

-- create policy person_create on public.person
CREATE POLICY person_create ON public.person AS PERMISSIVE FOR INSERT TO rls_any
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('create', 'person', 'visible', false)) FROM CASE WHEN id BETWEEN 0 AND 2147483646 THEN id::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE id::bigint <@ (SELECT rls.admitted_ranges('create', 'person', 'visible', false) + '{}') END
        OR (SELECT rls.passes_owners('create', 'person', false))
    );

-- create policy person_create_narrow on public.person
CREATE POLICY person_create_narrow ON public.person AS PERMISSIVE FOR INSERT TO rls_narrow
    WITH CHECK (
        id = ANY ((SELECT rls.admitted_owners('create', 'person', 'visible', true))::bigint[])
    );

-- create policy person_create_middle on public.person
CREATE POLICY person_create_middle ON public.person AS PERMISSIVE FOR INSERT TO rls_middle, rls_wide
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('create', 'person', 'visible', true)) FROM CASE WHEN id BETWEEN 0 AND 2147483646 THEN id::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE id::bigint <@ (SELECT rls.admitted_ranges('create', 'person', 'visible', true) + '{}') END
    );

-- create policy person_create_all on public.person
CREATE POLICY person_create_all ON public.person AS PERMISSIVE FOR INSERT TO rls_all
    WITH CHECK (
        (SELECT rls.passes_owners('create', 'person', true))
    );

-- create policy person_read on public.person
CREATE POLICY person_read ON public.person AS PERMISSIVE FOR SELECT TO rls_any
    USING (
        id = ANY ((SELECT rls.admitted_owners('read', 'person', 'visible', false))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('read', 'person', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );

-- create policy person_read_narrow on public.person
CREATE POLICY person_read_narrow ON public.person AS PERMISSIVE FOR SELECT TO rls_narrow
    USING (
        id = ANY ((SELECT rls.admitted_owners('read', 'person', 'visible', true))::bigint[])
    );

-- create policy person_read_middle on public.person
CREATE POLICY person_read_middle ON public.person AS PERMISSIVE FOR SELECT TO rls_middle
    USING (
        (CASE substring((SELECT rls.admitted_bits('read', 'person', 'visible', true)) FROM CASE WHEN id BETWEEN 0 AND 2147483646 THEN id::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE id::bigint <@ (SELECT rls.admitted_ranges('read', 'person', 'visible', true) + '{}') END
            AND (id >= (SELECT NULL::bigint) AND id <= (SELECT NULL::bigint) AND id >= (-9223372036854775808)::bigint AND id <= 9223372036854775807 OR id = ANY ((SELECT rls.admitted_owners('read', 'person', 'visible', true))::bigint[])))
    );

-- create policy person_read_wide on public.person
CREATE POLICY person_read_wide ON public.person AS PERMISSIVE FOR SELECT TO rls_wide
    USING (
        CASE substring((SELECT rls.admitted_bits('read', 'person', 'visible', true)) FROM CASE WHEN id BETWEEN 0 AND 2147483646 THEN id::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE id::bigint <@ (SELECT rls.admitted_ranges('read', 'person', 'visible', true) + '{}') END
    );

-- create policy person_read_all on public.person
CREATE POLICY person_read_all ON public.person AS PERMISSIVE FOR SELECT TO rls_all
    USING (
        (SELECT rls.passes_owners('read', 'person', true))
    );

-- create policy person_update on public.person
CREATE POLICY person_update ON public.person AS PERMISSIVE FOR UPDATE TO rls_any
    USING (
        id = ANY ((SELECT rls.admitted_owners('update', 'person', 'visible', false))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('update', 'person', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('update', 'person', 'visible', false)) FROM CASE WHEN id BETWEEN 0 AND 2147483646 THEN id::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE id::bigint <@ (SELECT rls.admitted_ranges('update', 'person', 'visible', false) + '{}') END
        OR (SELECT rls.passes_owners('update', 'person', false))
    );

-- create policy person_update_narrow on public.person
CREATE POLICY person_update_narrow ON public.person AS PERMISSIVE FOR UPDATE TO rls_narrow
    USING (
        id = ANY ((SELECT rls.admitted_owners('update', 'person', 'visible', true))::bigint[])
    )
    WITH CHECK (
        id = ANY ((SELECT rls.admitted_owners('update', 'person', 'visible', true))::bigint[])
    );

-- create policy person_update_middle on public.person
CREATE POLICY person_update_middle ON public.person AS PERMISSIVE FOR UPDATE TO rls_middle
    USING (
        CASE substring((SELECT rls.admitted_bits('update', 'person', 'visible', true)) FROM CASE WHEN id BETWEEN 0 AND 2147483646 THEN id::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE id::bigint <@ (SELECT rls.admitted_ranges('update', 'person', 'visible', true) + '{}') END
    )
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('update', 'person', 'visible', true)) FROM CASE WHEN id BETWEEN 0 AND 2147483646 THEN id::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE id::bigint <@ (SELECT rls.admitted_ranges('update', 'person', 'visible', true) + '{}') END
    );

-- create policy person_update_wide on public.person
CREATE POLICY person_update_wide ON public.person AS PERMISSIVE FOR UPDATE TO rls_wide
    USING (
        CASE substring((SELECT rls.admitted_bits('update', 'person', 'visible', true)) FROM CASE WHEN id BETWEEN 0 AND 2147483646 THEN id::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE id::bigint <@ (SELECT rls.admitted_ranges('update', 'person', 'visible', true) + '{}') END
    )
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('update', 'person', 'visible', true)) FROM CASE WHEN id BETWEEN 0 AND 2147483646 THEN id::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE id::bigint <@ (SELECT rls.admitted_ranges('update', 'person', 'visible', true) + '{}') END
    );

-- create policy person_update_all on public.person
CREATE POLICY person_update_all ON public.person AS PERMISSIVE FOR UPDATE TO rls_all
    USING (
        (SELECT rls.passes_owners('update', 'person', true))
    )
    WITH CHECK (
        (SELECT rls.passes_owners('update', 'person', true))
    );

-- create policy person_delete on public.person
CREATE POLICY person_delete ON public.person AS PERMISSIVE FOR DELETE TO rls_any
    USING (
        id = ANY ((SELECT rls.admitted_owners('delete', 'person', 'visible', false))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('delete', 'person', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );

-- create policy person_delete_narrow on public.person
CREATE POLICY person_delete_narrow ON public.person AS PERMISSIVE FOR DELETE TO rls_narrow
    USING (
        id = ANY ((SELECT rls.admitted_owners('delete', 'person', 'visible', true))::bigint[])
    );

-- create policy person_delete_middle on public.person
CREATE POLICY person_delete_middle ON public.person AS PERMISSIVE FOR DELETE TO rls_middle
    USING (
        CASE substring((SELECT rls.admitted_bits('delete', 'person', 'visible', true)) FROM CASE WHEN id BETWEEN 0 AND 2147483646 THEN id::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE id::bigint <@ (SELECT rls.admitted_ranges('delete', 'person', 'visible', true) + '{}') END
    );

-- create policy person_delete_wide on public.person
CREATE POLICY person_delete_wide ON public.person AS PERMISSIVE FOR DELETE TO rls_wide
    USING (
        CASE substring((SELECT rls.admitted_bits('delete', 'person', 'visible', true)) FROM CASE WHEN id BETWEEN 0 AND 2147483646 THEN id::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE id::bigint <@ (SELECT rls.admitted_ranges('delete', 'person', 'visible', true) + '{}') END
    );

-- create policy person_delete_all on public.person
CREATE POLICY person_delete_all ON public.person AS PERMISSIVE FOR DELETE TO rls_all
    USING (
        (SELECT rls.passes_owners('delete', 'person', true))
    );

-- create policy note_all_maintenance on public.note
CREATE POLICY note_all_maintenance ON public.note AS PERMISSIVE FOR ALL TO {{migrator}}
    USING (
        true
    )
    WITH CHECK (
        true
    );

-- create policy note_create on public.note
CREATE POLICY note_create ON public.note AS PERMISSIVE FOR INSERT TO rls_any
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('create', 'note', 'visible', false)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('create', 'note', 'visible', false) + '{}') END
        OR (SELECT rls.passes_owners('create', 'note', false))
    );

-- create policy note_create_narrow on public.note
CREATE POLICY note_create_narrow ON public.note AS PERMISSIVE FOR INSERT TO rls_narrow
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('create', 'note', 'visible', true))::bigint[])
    );

-- create policy note_create_middle on public.note
CREATE POLICY note_create_middle ON public.note AS PERMISSIVE FOR INSERT TO rls_middle, rls_wide
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('create', 'note', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('create', 'note', 'visible', true) + '{}') END
    );

-- create policy note_create_all on public.note
CREATE POLICY note_create_all ON public.note AS PERMISSIVE FOR INSERT TO rls_all
    WITH CHECK (
        (SELECT rls.passes_owners('create', 'note', true))
    );

-- create policy note_read on public.note
CREATE POLICY note_read ON public.note AS PERMISSIVE FOR SELECT TO rls_any
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'note', 'visible', false))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('read', 'note', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );

-- create policy note_read_narrow on public.note
CREATE POLICY note_read_narrow ON public.note AS PERMISSIVE FOR SELECT TO rls_narrow
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'note', 'visible', true))::bigint[])
    );

-- create policy note_read_middle on public.note
CREATE POLICY note_read_middle ON public.note AS PERMISSIVE FOR SELECT TO rls_middle
    USING (
        (CASE substring((SELECT rls.admitted_bits('read', 'note', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('read', 'note', 'visible', true) + '{}') END
            AND (owner >= (SELECT NULL::bigint) AND owner <= (SELECT NULL::bigint) AND owner >= (-9223372036854775808)::bigint AND owner <= 9223372036854775807 OR owner = ANY ((SELECT rls.admitted_owners('read', 'note', 'visible', true))::bigint[])))
    );

-- create policy note_read_wide on public.note
CREATE POLICY note_read_wide ON public.note AS PERMISSIVE FOR SELECT TO rls_wide
    USING (
        CASE substring((SELECT rls.admitted_bits('read', 'note', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('read', 'note', 'visible', true) + '{}') END
    );

-- create policy note_read_all on public.note
CREATE POLICY note_read_all ON public.note AS PERMISSIVE FOR SELECT TO rls_all
    USING (
        (SELECT rls.passes_owners('read', 'note', true))
    );

-- create policy note_update on public.note
CREATE POLICY note_update ON public.note AS PERMISSIVE FOR UPDATE TO rls_any
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'note', 'visible', false))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('update', 'note', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('update', 'note', 'visible', false)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('update', 'note', 'visible', false) + '{}') END
        OR (SELECT rls.passes_owners('update', 'note', false))
    );

-- create policy note_update_narrow on public.note
CREATE POLICY note_update_narrow ON public.note AS PERMISSIVE FOR UPDATE TO rls_narrow
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'note', 'visible', true))::bigint[])
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'note', 'visible', true))::bigint[])
    );

-- create policy note_update_middle on public.note
CREATE POLICY note_update_middle ON public.note AS PERMISSIVE FOR UPDATE TO rls_middle
    USING (
        CASE substring((SELECT rls.admitted_bits('update', 'note', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('update', 'note', 'visible', true) + '{}') END
    )
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('update', 'note', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('update', 'note', 'visible', true) + '{}') END
    );

-- create policy note_update_wide on public.note
CREATE POLICY note_update_wide ON public.note AS PERMISSIVE FOR UPDATE TO rls_wide
    USING (
        CASE substring((SELECT rls.admitted_bits('update', 'note', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('update', 'note', 'visible', true) + '{}') END
    )
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('update', 'note', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('update', 'note', 'visible', true) + '{}') END
    );

-- create policy note_update_all on public.note
CREATE POLICY note_update_all ON public.note AS PERMISSIVE FOR UPDATE TO rls_all
    USING (
        (SELECT rls.passes_owners('update', 'note', true))
    )
    WITH CHECK (
        (SELECT rls.passes_owners('update', 'note', true))
    );

-- create policy note_delete on public.note
CREATE POLICY note_delete ON public.note AS PERMISSIVE FOR DELETE TO rls_any
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'note', 'visible', false))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('delete', 'note', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );

-- create policy note_delete_narrow on public.note
CREATE POLICY note_delete_narrow ON public.note AS PERMISSIVE FOR DELETE TO rls_narrow
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'note', 'visible', true))::bigint[])
    );

-- create policy note_delete_middle on public.note
CREATE POLICY note_delete_middle ON public.note AS PERMISSIVE FOR DELETE TO rls_middle
    USING (
        CASE substring((SELECT rls.admitted_bits('delete', 'note', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('delete', 'note', 'visible', true) + '{}') END
    );

-- create policy note_delete_wide on public.note
CREATE POLICY note_delete_wide ON public.note AS PERMISSIVE FOR DELETE TO rls_wide
    USING (
        CASE substring((SELECT rls.admitted_bits('delete', 'note', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('delete', 'note', 'visible', true) + '{}') END
    );

-- create policy note_delete_all on public.note
CREATE POLICY note_delete_all ON public.note AS PERMISSIVE FOR DELETE TO rls_all
    USING (
        (SELECT rls.passes_owners('delete', 'note', true))
    );

-- create policy sale_all_maintenance on public.sale
CREATE POLICY sale_all_maintenance ON public.sale AS PERMISSIVE FOR ALL TO {{migrator}}
    USING (
        true
    )
    WITH CHECK (
        true
    );

-- create policy sale_create on public.sale
CREATE POLICY sale_create ON public.sale AS PERMISSIVE FOR INSERT TO rls_any
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('create', 'sale', 'visible', false)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('create', 'sale', 'visible', false) + '{}') END
        OR (SELECT rls.passes_owners('create', 'sale', false))
    );

-- create policy sale_create_narrow on public.sale
CREATE POLICY sale_create_narrow ON public.sale AS PERMISSIVE FOR INSERT TO rls_narrow
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('create', 'sale', 'visible', true))::bigint[])
    );

-- create policy sale_create_middle on public.sale
CREATE POLICY sale_create_middle ON public.sale AS PERMISSIVE FOR INSERT TO rls_middle, rls_wide
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('create', 'sale', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('create', 'sale', 'visible', true) + '{}') END
    );

-- create policy sale_create_all on public.sale
CREATE POLICY sale_create_all ON public.sale AS PERMISSIVE FOR INSERT TO rls_all
    WITH CHECK (
        (SELECT rls.passes_owners('create', 'sale', true))
    );

-- create policy sale_read on public.sale
CREATE POLICY sale_read ON public.sale AS PERMISSIVE FOR SELECT TO rls_any
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'sale', 'visible', false))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('read', 'sale', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );

-- create policy sale_read_narrow on public.sale
CREATE POLICY sale_read_narrow ON public.sale AS PERMISSIVE FOR SELECT TO rls_narrow
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'sale', 'visible', true))::bigint[])
    );

-- create policy sale_read_middle on public.sale
CREATE POLICY sale_read_middle ON public.sale AS PERMISSIVE FOR SELECT TO rls_middle
    USING (
        (CASE substring((SELECT rls.admitted_bits('read', 'sale', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('read', 'sale', 'visible', true) + '{}') END
            AND (owner >= (SELECT NULL::bigint) AND owner <= (SELECT NULL::bigint) AND owner >= (-9223372036854775808)::bigint AND owner <= 9223372036854775807 OR owner = ANY ((SELECT rls.admitted_owners('read', 'sale', 'visible', true))::bigint[])))
    );

-- create policy sale_read_wide on public.sale
CREATE POLICY sale_read_wide ON public.sale AS PERMISSIVE FOR SELECT TO rls_wide
    USING (
        CASE substring((SELECT rls.admitted_bits('read', 'sale', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('read', 'sale', 'visible', true) + '{}') END
    );

-- create policy sale_read_all on public.sale
CREATE POLICY sale_read_all ON public.sale AS PERMISSIVE FOR SELECT TO rls_all
    USING (
        (SELECT rls.passes_owners('read', 'sale', true))
    );

-- create policy sale_update on public.sale
CREATE POLICY sale_update ON public.sale AS PERMISSIVE FOR UPDATE TO rls_any
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'sale', 'visible', false))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('update', 'sale', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('update', 'sale', 'visible', false)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('update', 'sale', 'visible', false) + '{}') END
        OR (SELECT rls.passes_owners('update', 'sale', false))
    );

-- create policy sale_update_narrow on public.sale
CREATE POLICY sale_update_narrow ON public.sale AS PERMISSIVE FOR UPDATE TO rls_narrow
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'sale', 'visible', true))::bigint[])
    )
    WITH CHECK (
        owner = ANY ((SELECT rls.admitted_owners('update', 'sale', 'visible', true))::bigint[])
    );

-- create policy sale_update_middle on public.sale
CREATE POLICY sale_update_middle ON public.sale AS PERMISSIVE FOR UPDATE TO rls_middle
    USING (
        CASE substring((SELECT rls.admitted_bits('update', 'sale', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('update', 'sale', 'visible', true) + '{}') END
    )
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('update', 'sale', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('update', 'sale', 'visible', true) + '{}') END
    );

-- create policy sale_update_wide on public.sale
CREATE POLICY sale_update_wide ON public.sale AS PERMISSIVE FOR UPDATE TO rls_wide
    USING (
        CASE substring((SELECT rls.admitted_bits('update', 'sale', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('update', 'sale', 'visible', true) + '{}') END
    )
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('update', 'sale', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('update', 'sale', 'visible', true) + '{}') END
    );

-- create policy sale_update_all on public.sale
CREATE POLICY sale_update_all ON public.sale AS PERMISSIVE FOR UPDATE TO rls_all
    USING (
        (SELECT rls.passes_owners('update', 'sale', true))
    )
    WITH CHECK (
        (SELECT rls.passes_owners('update', 'sale', true))
    );

-- create policy sale_delete on public.sale
CREATE POLICY sale_delete ON public.sale AS PERMISSIVE FOR DELETE TO rls_any
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'sale', 'visible', false))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('delete', 'sale', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );

-- create policy sale_delete_narrow on public.sale
CREATE POLICY sale_delete_narrow ON public.sale AS PERMISSIVE FOR DELETE TO rls_narrow
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'sale', 'visible', true))::bigint[])
    );

-- create policy sale_delete_middle on public.sale
CREATE POLICY sale_delete_middle ON public.sale AS PERMISSIVE FOR DELETE TO rls_middle
    USING (
        CASE substring((SELECT rls.admitted_bits('delete', 'sale', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('delete', 'sale', 'visible', true) + '{}') END
    );

-- create policy sale_delete_wide on public.sale
CREATE POLICY sale_delete_wide ON public.sale AS PERMISSIVE FOR DELETE TO rls_wide
    USING (
        CASE substring((SELECT rls.admitted_bits('delete', 'sale', 'visible', true)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('delete', 'sale', 'visible', true) + '{}') END
    );

-- create policy sale_delete_all on public.sale
CREATE POLICY sale_delete_all ON public.sale AS PERMISSIVE FOR DELETE TO rls_all
    USING (
        (SELECT rls.passes_owners('delete', 'sale', true))
    );

-- create policy sale_all_maintenance on public.sale_north
CREATE POLICY sale_all_maintenance ON public.sale_north AS PERMISSIVE FOR ALL TO {{migrator}}
    USING (
        true
    )
    WITH CHECK (
        true
    );

-- create policy sale_create on public.sale_north
CREATE POLICY sale_create ON public.sale_north AS PERMISSIVE FOR INSERT TO rls_any, rls_narrow, rls_middle, rls_wide, rls_all
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('create', 'sale', 'visible', false)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('create', 'sale', 'visible', false) + '{}') END
        OR (SELECT rls.passes_owners('create', 'sale', false))
    );

-- create policy sale_read on public.sale_north
CREATE POLICY sale_read ON public.sale_north AS PERMISSIVE FOR SELECT TO rls_any, rls_narrow, rls_middle, rls_wide, rls_all
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'sale', 'visible', false))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('read', 'sale', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );

-- create policy sale_update on public.sale_north
CREATE POLICY sale_update ON public.sale_north AS PERMISSIVE FOR UPDATE TO rls_any, rls_narrow, rls_middle, rls_wide, rls_all
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'sale', 'visible', false))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('update', 'sale', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('update', 'sale', 'visible', false)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('update', 'sale', 'visible', false) + '{}') END
        OR (SELECT rls.passes_owners('update', 'sale', false))
    );

-- create policy sale_delete on public.sale_north
CREATE POLICY sale_delete ON public.sale_north AS PERMISSIVE FOR DELETE TO rls_any, rls_narrow, rls_middle, rls_wide, rls_all
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'sale', 'visible', false))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('delete', 'sale', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );

-- create policy sale_all_maintenance on public.sale_south
CREATE POLICY sale_all_maintenance ON public.sale_south AS PERMISSIVE FOR ALL TO {{migrator}}
    USING (
        true
    )
    WITH CHECK (
        true
    );

-- create policy sale_create on public.sale_south
CREATE POLICY sale_create ON public.sale_south AS PERMISSIVE FOR INSERT TO rls_any, rls_narrow, rls_middle, rls_wide, rls_all
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('create', 'sale', 'visible', false)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('create', 'sale', 'visible', false) + '{}') END
        OR (SELECT rls.passes_owners('create', 'sale', false))
    );

-- create policy sale_read on public.sale_south
CREATE POLICY sale_read ON public.sale_south AS PERMISSIVE FOR SELECT TO rls_any, rls_narrow, rls_middle, rls_wide, rls_all
    USING (
        owner = ANY ((SELECT rls.admitted_owners('read', 'sale', 'visible', false))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('read', 'sale', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );

-- create policy sale_update on public.sale_south
CREATE POLICY sale_update ON public.sale_south AS PERMISSIVE FOR UPDATE TO rls_any, rls_narrow, rls_middle, rls_wide, rls_all
    USING (
        owner = ANY ((SELECT rls.admitted_owners('update', 'sale', 'visible', false))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('update', 'sale', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('update', 'sale', 'visible', false)) FROM CASE WHEN owner BETWEEN 0 AND 2147483646 THEN owner::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE owner::bigint <@ (SELECT rls.admitted_ranges('update', 'sale', 'visible', false) + '{}') END
        OR (SELECT rls.passes_owners('update', 'sale', false))
    );

-- create policy sale_delete on public.sale_south
CREATE POLICY sale_delete ON public.sale_south AS PERMISSIVE FOR DELETE TO rls_any, rls_narrow, rls_middle, rls_wide, rls_all
    USING (
        owner = ANY ((SELECT rls.admitted_owners('delete', 'sale', 'visible', false))::bigint[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('delete', 'sale', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );

-- create no TRUNCATE, REFERENCES, TRIGGER on public.person for clients
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
            WHERE c.oid = to_regclass('public.person') AND x.grantee IN (0, to_regrole('{{app}}')) AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = to_regclass('public.person') AND x.grantee IN (0, to_regrole('{{app}}')) AND x.privilege_type = 'REFERENCES') THEN
        REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.person FROM PUBLIC, {{app}};
    END IF;
END
$$;

-- create row security on public.person: NARROWS_ACCESS
ALTER TABLE public.person ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.person FORCE ROW LEVEL SECURITY;

-- create no TRUNCATE, REFERENCES, TRIGGER on public.note for clients
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
            WHERE c.oid = to_regclass('public.note') AND x.grantee IN (0, to_regrole('{{app}}')) AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = to_regclass('public.note') AND x.grantee IN (0, to_regrole('{{app}}')) AND x.privilege_type = 'REFERENCES') THEN
        REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.note FROM PUBLIC, {{app}};
    END IF;
END
$$;

-- create row security on public.note: NARROWS_ACCESS
ALTER TABLE public.note ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.note FORCE ROW LEVEL SECURITY;

-- create no TRUNCATE, REFERENCES, TRIGGER on public.sale for clients
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
            WHERE c.oid = to_regclass('public.sale') AND x.grantee IN (0, to_regrole('{{app}}')) AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = to_regclass('public.sale') AND x.grantee IN (0, to_regrole('{{app}}')) AND x.privilege_type = 'REFERENCES') THEN
        REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.sale FROM PUBLIC, {{app}};
    END IF;
END
$$;

-- create row security on public.sale: NARROWS_ACCESS
ALTER TABLE public.sale ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sale FORCE ROW LEVEL SECURITY;

-- create no TRUNCATE, REFERENCES, TRIGGER on public.sale_north for clients
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
            WHERE c.oid = to_regclass('public.sale_north') AND x.grantee IN (0, to_regrole('{{app}}')) AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = to_regclass('public.sale_north') AND x.grantee IN (0, to_regrole('{{app}}')) AND x.privilege_type = 'REFERENCES') THEN
        REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.sale_north FROM PUBLIC, {{app}};
    END IF;
END
$$;

-- create row security on public.sale_north: NARROWS_ACCESS
ALTER TABLE public.sale_north ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sale_north FORCE ROW LEVEL SECURITY;

-- create no TRUNCATE, REFERENCES, TRIGGER on public.sale_south for clients
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
            WHERE c.oid = to_regclass('public.sale_south') AND x.grantee IN (0, to_regrole('{{app}}')) AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = to_regclass('public.sale_south') AND x.grantee IN (0, to_regrole('{{app}}')) AND x.privilege_type = 'REFERENCES') THEN
        REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.sale_south FROM PUBLIC, {{app}};
    END IF;
END
$$;

-- create row security on public.sale_south: NARROWS_ACCESS
ALTER TABLE public.sale_south ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sale_south FORCE ROW LEVEL SECURITY;

SET LOCAL ROLE rls_owner;

-- create grant of create on note to authenticated
SELECT rls.seed_grant('authenticated', '', 'create', 'note', NULL, NULL, '"authenticated"."create"."note"."".""');

-- create grant of read on note to authenticated
SELECT rls.seed_grant('authenticated', '', 'read', 'note', NULL, NULL, '"authenticated"."read"."note"."".""');

-- create grant of update on note to authenticated
SELECT rls.seed_grant('authenticated', '', 'update', 'note', NULL, NULL, '"authenticated"."update"."note"."".""');

-- create grant of delete on note to authenticated
SELECT rls.seed_grant('authenticated', '', 'delete', 'note', NULL, NULL, '"authenticated"."delete"."note"."".""');

-- create grant of read on sale to authenticated
SELECT rls.seed_grant('authenticated', '', 'read', 'sale', NULL, NULL, '"authenticated"."read"."sale"."".""');

-- create grant of update on sale to authenticated
SELECT rls.seed_grant('authenticated', '', 'update', 'sale', NULL, NULL, '"authenticated"."update"."sale"."".""');

-- create grant of read on person to authenticated
SELECT rls.seed_grant('authenticated', '', 'read', 'person', NULL, NULL, '"authenticated"."read"."person"."".""');

-- create grant of update on person to authenticated
SELECT rls.seed_grant('authenticated', '', 'update', 'person', NULL, NULL, '"authenticated"."update"."person"."".""');

-- What was done, for the next plan.
SELECT rls.forget_sets();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('membership', '"rls_client"."{{app}}"', '', 'membership of {{app}} in rls_client', '', '', '786f2cd5b36178ee5874df2d9f1e7ab5', '', 'DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS o
        JOIN pg_catalog.pg_database AS b ON b.oid = o.dbid AND b.datname <> current_database()
        JOIN pg_catalog.pg_shdepend AS d ON d.dbid = o.dbid AND d.classid = o.classid AND d.objid = o.objid
        WHERE o.classid = ''pg_catalog.pg_namespace''::regclass AND o.deptype = ''o'' AND o.refobjid = to_regrole(''rls_owner'')
          AND d.refobjid IN (to_regrole(''{{app}}''), to_regrole(''rls_any_{{app}}''))) THEN
        REVOKE rls_client FROM {{app}};
    END IF;
END
$$;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('registry', '"role"."{{app}}"', '', 'client role {{app}}', '', '', '91a364508aaa64941c79ea24c72f14ac', '', 'DELETE FROM rls.database_role WHERE name = ''{{app}}'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('role', '"rls_any_{{app}}"', '', 'database role rls_any_{{app}}', '', '', '4f48478124f8eb0dc937f737791eb444', '', 'DO $$
DECLARE
    other text;
    lent boolean := false;
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d WHERE d.refobjid = to_regrole(''rls_any_{{app}}'') AND d.deptype = ''o''
        AND d.classid <> ''pg_catalog.pg_default_acl''::regclass AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database())) THEN
        BEGIN
            IF NOT pg_has_role(to_regrole(''rls_any_{{app}}''), ''USAGE'') THEN
                GRANT rls_any_{{app}} TO CURRENT_USER;
                lent := true;
            END IF;
            REASSIGN OWNED BY rls_any_{{app}} TO {{app}};
            IF lent THEN
                REVOKE rls_any_{{app}} FROM CURRENT_USER;
            END IF;
        EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation THEN
            RAISE EXCEPTION ''plan role % owns objects that % cannot give away: %'', ''rls_any_{{app}}'', quote_ident(current_user), SQLERRM
                USING ERRCODE = ''RL660'', HINT = ''As a database superuser, run REASSIGN OWNED BY rls_any_{{app}} TO another owner.'';
        END;
    END IF;
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid) INTO other FROM pg_catalog.pg_shdepend AS d
        WHERE d.refobjid = to_regrole(''rls_any_{{app}}'') AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database()) ORDER BY 1 LIMIT 1;
    IF other IS NOT NULL THEN
        RAISE EXCEPTION ''plan role % cannot go: % names it'', ''rls_any_{{app}}'', other
            USING ERRCODE = ''RL660'', HINT = ''Give it to {{app}} instead of rls_any_{{app}}: its privileges, default privileges or policy.'';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d
        WHERE d.refobjid = to_regrole(''rls_any_{{app}}'')) THEN
        DROP ROLE IF EXISTS rls_any_{{app}};
    END IF;
END
$$;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"rls_any_{{app}}"."rls"', '', 'USAGE on schema rls for rls_any_{{app}}', '', '', 'a9363eeb55c56dd21fef7e0dc0bb0cdd', '', 'REVOKE USAGE ON SCHEMA rls FROM rls_any_{{app}};', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('registry', '"plan"."{{app}}"."any"', '', 'plan role rls_any_{{app}} of {{app}}', '', '', '19754037bc0e1e6a402c40bfd28ce62b', '', 'DELETE FROM rls.plan_role WHERE client_role = ''{{app}}'' AND form = ''any'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('role', '"rls_narrow_{{app}}"', '', 'database role rls_narrow_{{app}}', '', '', '556c744e53010b30e3420bf7317551a9', '', 'DO $$
DECLARE
    other text;
    lent boolean := false;
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d WHERE d.refobjid = to_regrole(''rls_narrow_{{app}}'') AND d.deptype = ''o''
        AND d.classid <> ''pg_catalog.pg_default_acl''::regclass AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database())) THEN
        BEGIN
            IF NOT pg_has_role(to_regrole(''rls_narrow_{{app}}''), ''USAGE'') THEN
                GRANT rls_narrow_{{app}} TO CURRENT_USER;
                lent := true;
            END IF;
            REASSIGN OWNED BY rls_narrow_{{app}} TO {{app}};
            IF lent THEN
                REVOKE rls_narrow_{{app}} FROM CURRENT_USER;
            END IF;
        EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation THEN
            RAISE EXCEPTION ''plan role % owns objects that % cannot give away: %'', ''rls_narrow_{{app}}'', quote_ident(current_user), SQLERRM
                USING ERRCODE = ''RL660'', HINT = ''As a database superuser, run REASSIGN OWNED BY rls_narrow_{{app}} TO another owner.'';
        END;
    END IF;
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid) INTO other FROM pg_catalog.pg_shdepend AS d
        WHERE d.refobjid = to_regrole(''rls_narrow_{{app}}'') AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database()) ORDER BY 1 LIMIT 1;
    IF other IS NOT NULL THEN
        RAISE EXCEPTION ''plan role % cannot go: % names it'', ''rls_narrow_{{app}}'', other
            USING ERRCODE = ''RL660'', HINT = ''Give it to {{app}} instead of rls_narrow_{{app}}: its privileges, default privileges or policy.'';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d
        WHERE d.refobjid = to_regrole(''rls_narrow_{{app}}'')) THEN
        DROP ROLE IF EXISTS rls_narrow_{{app}};
    END IF;
END
$$;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"rls_narrow_{{app}}"."rls"', '', 'USAGE on schema rls for rls_narrow_{{app}}', '', '', 'a17b211620f46655d7ccbc8733bc6c2b', '', 'REVOKE USAGE ON SCHEMA rls FROM rls_narrow_{{app}};', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('registry', '"plan"."{{app}}"."narrow"', '', 'plan role rls_narrow_{{app}} of {{app}}', '', '', 'c3f6ebdff46062979e66a8773e7f7e8a', '', 'DELETE FROM rls.plan_role WHERE client_role = ''{{app}}'' AND form = ''narrow'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('role', '"rls_middle_{{app}}"', '', 'database role rls_middle_{{app}}', '', '', '9cb386737e7d5841631ef0d532b77721', '', 'DO $$
DECLARE
    other text;
    lent boolean := false;
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d WHERE d.refobjid = to_regrole(''rls_middle_{{app}}'') AND d.deptype = ''o''
        AND d.classid <> ''pg_catalog.pg_default_acl''::regclass AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database())) THEN
        BEGIN
            IF NOT pg_has_role(to_regrole(''rls_middle_{{app}}''), ''USAGE'') THEN
                GRANT rls_middle_{{app}} TO CURRENT_USER;
                lent := true;
            END IF;
            REASSIGN OWNED BY rls_middle_{{app}} TO {{app}};
            IF lent THEN
                REVOKE rls_middle_{{app}} FROM CURRENT_USER;
            END IF;
        EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation THEN
            RAISE EXCEPTION ''plan role % owns objects that % cannot give away: %'', ''rls_middle_{{app}}'', quote_ident(current_user), SQLERRM
                USING ERRCODE = ''RL660'', HINT = ''As a database superuser, run REASSIGN OWNED BY rls_middle_{{app}} TO another owner.'';
        END;
    END IF;
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid) INTO other FROM pg_catalog.pg_shdepend AS d
        WHERE d.refobjid = to_regrole(''rls_middle_{{app}}'') AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database()) ORDER BY 1 LIMIT 1;
    IF other IS NOT NULL THEN
        RAISE EXCEPTION ''plan role % cannot go: % names it'', ''rls_middle_{{app}}'', other
            USING ERRCODE = ''RL660'', HINT = ''Give it to {{app}} instead of rls_middle_{{app}}: its privileges, default privileges or policy.'';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d
        WHERE d.refobjid = to_regrole(''rls_middle_{{app}}'')) THEN
        DROP ROLE IF EXISTS rls_middle_{{app}};
    END IF;
END
$$;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"rls_middle_{{app}}"."rls"', '', 'USAGE on schema rls for rls_middle_{{app}}', '', '', '81001bd482235ad99d1450591f93fc93', '', 'REVOKE USAGE ON SCHEMA rls FROM rls_middle_{{app}};', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('registry', '"plan"."{{app}}"."middle"', '', 'plan role rls_middle_{{app}} of {{app}}', '', '', '5d5fd1e3152200dda57783476ecbc435', '', 'DELETE FROM rls.plan_role WHERE client_role = ''{{app}}'' AND form = ''middle'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('role', '"rls_wide_{{app}}"', '', 'database role rls_wide_{{app}}', '', '', '76775ab5e75a3b59e128253ac46f88d6', '', 'DO $$
DECLARE
    other text;
    lent boolean := false;
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d WHERE d.refobjid = to_regrole(''rls_wide_{{app}}'') AND d.deptype = ''o''
        AND d.classid <> ''pg_catalog.pg_default_acl''::regclass AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database())) THEN
        BEGIN
            IF NOT pg_has_role(to_regrole(''rls_wide_{{app}}''), ''USAGE'') THEN
                GRANT rls_wide_{{app}} TO CURRENT_USER;
                lent := true;
            END IF;
            REASSIGN OWNED BY rls_wide_{{app}} TO {{app}};
            IF lent THEN
                REVOKE rls_wide_{{app}} FROM CURRENT_USER;
            END IF;
        EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation THEN
            RAISE EXCEPTION ''plan role % owns objects that % cannot give away: %'', ''rls_wide_{{app}}'', quote_ident(current_user), SQLERRM
                USING ERRCODE = ''RL660'', HINT = ''As a database superuser, run REASSIGN OWNED BY rls_wide_{{app}} TO another owner.'';
        END;
    END IF;
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid) INTO other FROM pg_catalog.pg_shdepend AS d
        WHERE d.refobjid = to_regrole(''rls_wide_{{app}}'') AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database()) ORDER BY 1 LIMIT 1;
    IF other IS NOT NULL THEN
        RAISE EXCEPTION ''plan role % cannot go: % names it'', ''rls_wide_{{app}}'', other
            USING ERRCODE = ''RL660'', HINT = ''Give it to {{app}} instead of rls_wide_{{app}}: its privileges, default privileges or policy.'';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d
        WHERE d.refobjid = to_regrole(''rls_wide_{{app}}'')) THEN
        DROP ROLE IF EXISTS rls_wide_{{app}};
    END IF;
END
$$;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"rls_wide_{{app}}"."rls"', '', 'USAGE on schema rls for rls_wide_{{app}}', '', '', '66533481c847dfe6dc1bc142cac9acd9', '', 'REVOKE USAGE ON SCHEMA rls FROM rls_wide_{{app}};', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('registry', '"plan"."{{app}}"."wide"', '', 'plan role rls_wide_{{app}} of {{app}}', '', '', 'fa0f2006b19deee6b2608f32d1e889f0', '', 'DELETE FROM rls.plan_role WHERE client_role = ''{{app}}'' AND form = ''wide'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('role', '"rls_all_{{app}}"', '', 'database role rls_all_{{app}}', '', '', 'e4670a2bf842ac4a4f398542c922a430', '', 'DO $$
DECLARE
    other text;
    lent boolean := false;
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d WHERE d.refobjid = to_regrole(''rls_all_{{app}}'') AND d.deptype = ''o''
        AND d.classid <> ''pg_catalog.pg_default_acl''::regclass AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database())) THEN
        BEGIN
            IF NOT pg_has_role(to_regrole(''rls_all_{{app}}''), ''USAGE'') THEN
                GRANT rls_all_{{app}} TO CURRENT_USER;
                lent := true;
            END IF;
            REASSIGN OWNED BY rls_all_{{app}} TO {{app}};
            IF lent THEN
                REVOKE rls_all_{{app}} FROM CURRENT_USER;
            END IF;
        EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation THEN
            RAISE EXCEPTION ''plan role % owns objects that % cannot give away: %'', ''rls_all_{{app}}'', quote_ident(current_user), SQLERRM
                USING ERRCODE = ''RL660'', HINT = ''As a database superuser, run REASSIGN OWNED BY rls_all_{{app}} TO another owner.'';
        END;
    END IF;
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid) INTO other FROM pg_catalog.pg_shdepend AS d
        WHERE d.refobjid = to_regrole(''rls_all_{{app}}'') AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database()) ORDER BY 1 LIMIT 1;
    IF other IS NOT NULL THEN
        RAISE EXCEPTION ''plan role % cannot go: % names it'', ''rls_all_{{app}}'', other
            USING ERRCODE = ''RL660'', HINT = ''Give it to {{app}} instead of rls_all_{{app}}: its privileges, default privileges or policy.'';
    END IF;
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d
        WHERE d.refobjid = to_regrole(''rls_all_{{app}}'')) THEN
        DROP ROLE IF EXISTS rls_all_{{app}};
    END IF;
END
$$;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"rls_all_{{app}}"."rls"', '', 'USAGE on schema rls for rls_all_{{app}}', '', '', '982a07dbcff8c49d8a39918136c7e207', '', 'REVOKE USAGE ON SCHEMA rls FROM rls_all_{{app}};', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('registry', '"plan"."{{app}}"."all"', '', 'plan role rls_all_{{app}} of {{app}}', '', '', 'a8f45396c80030652f3c92d44558bd7d', '', 'DELETE FROM rls.plan_role WHERE client_role = ''{{app}}'' AND form = ''all'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('registry', '"role"."{{migrator}}"', '', 'maintenance role {{migrator}}', '', '', '98309111122f6ffef5b4103044b0303c', '', 'DELETE FROM rls.database_role WHERE name = ''{{migrator}}'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"{{migrator}}"."rls"', '', 'USAGE on schema rls for {{migrator}}', '', '', '04fa57025b822991d8cf596d479a0d19', '', 'REVOKE USAGE ON SCHEMA rls FROM {{migrator}};', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"impersonate"."{{migrator}}"', '', 'EXECUTE on rls.impersonate for {{migrator}}', '', '', 'e8f5b8a297bdb1c8dbb3a96ee7b6f302', '', 'REVOKE EXECUTE ON FUNCTION rls.impersonate(text, text), rls.open_impersonation(text, text) FROM {{migrator}};', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"administer"."{{migrator}}"', '', 'administration for {{migrator}}', '', '', '0ca9421f16f229026a699fa19e9987ed', '', 'REVOKE EXECUTE ON FUNCTION rls.directory_mapping(), rls.resource_actions(text[], text), rls.list_grants(), rls.put_grant(text, text, text, text, timestamptz, timestamptz), rls.take_grant(text, text, text, text), rls.take_grant_by_id(bigint) FROM {{migrator}};', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"rls_owner"."public"', '', 'USAGE on schema public for rls_owner', '', '', '9f68f36172e079fe1496756fabf3228c', '', 'REVOKE USAGE ON SCHEMA public FROM rls_owner;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"rls_owner"."public"."person"', '', 'SELECT on active, boss, email, id, maker, root of public.person for rls_owner', 'public.person', '', '03d14500c2de6ce087d018120e25ae42', '', 'DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT a.attname FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = to_regclass(''public.person'') AND NOT a.attisdropped
          AND EXISTS (SELECT FROM aclexplode(a.attacl) AS x WHERE x.grantee = to_regrole(''rls_owner'')) LOOP
        EXECUTE format(''REVOKE ALL (%I) ON %s FROM rls_owner'', name, ''public.person'');
    END LOOP;
END
$$;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"rls_owner"."public"."team"', '', 'SELECT on creator, id, name, shared of public.team for rls_owner', 'public.team', '', 'feefffe0bc0b42ceb4b574752e583bb5', '', 'DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT a.attname FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = to_regclass(''public.team'') AND NOT a.attisdropped
          AND EXISTS (SELECT FROM aclexplode(a.attacl) AS x WHERE x.grantee = to_regrole(''rls_owner'')) LOOP
        EXECUTE format(''REVOKE ALL (%I) ON %s FROM rls_owner'', name, ''public.team'');
    END LOOP;
END
$$;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"rls_owner"."public"."team_member"', '', 'SELECT on begins, ends, person, team of public.team_member for rls_owner', 'public.team_member', '', 'e525cce36e8c2ba6ddac2a48e9d34cbf', '', 'DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT a.attname FROM pg_catalog.pg_attribute AS a
        WHERE a.attrelid = to_regclass(''public.team_member'') AND NOT a.attisdropped
          AND EXISTS (SELECT FROM aclexplode(a.attacl) AS x WHERE x.grantee = to_regrole(''rls_owner'')) LOOP
        EXECUTE format(''REVOKE ALL (%I) ON %s FROM rls_owner'', name, ''public.team_member'');
    END LOOP;
END
$$;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('view', '"rls"."user_row"', '', 'view rls.user_row', '', 'bigint', 'f827549a67e959fc9c4775301d9995fa', '', 'DROP VIEW IF EXISTS rls.user_row;', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('view', '"rls"."edge"', '', 'view rls.edge', '', 'bigint', '63cfe772cd1ef56ad1d1a26720ffcae5', '', 'DROP VIEW IF EXISTS rls.edge;', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('view', '"rls"."group_row"', '', 'view rls.group_row', '', 'bigint bigint', '02886521c026a0f74fda42bd1ac24022', '', 'DROP VIEW IF EXISTS rls.group_row;', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('view', '"rls"."membership"', '', 'view rls.membership', '', 'bigint bigint', '6e4f2f3cd7fda67c72da4b2c73265639', '', 'DROP VIEW IF EXISTS rls.membership;', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."user_state"', '', 'function rls.user_state(text)', '', 'key text -> TABLE (is_active boolean, is_superuser boolean)', '9a9c22566ee94f9e0535de303951589e', '', 'DROP FUNCTION IF EXISTS rls.user_state(text);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."find_user"', '', 'function rls.find_user(text, text)', '', 'kind text, value text -> text', '1ca7bc95d5e4dbe45f23b1edcc0113fb', '', 'DROP FUNCTION IF EXISTS rls.find_user(text, text);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."find_group"', '', 'function rls.find_group(text)', '', 'name text -> text', 'b981da5a844cf2007c9994c2ba20c4d8', '', 'DROP FUNCTION IF EXISTS rls.find_group(text);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."user_groups"', '', 'function rls.user_groups(text)', '', 'key text -> text[]', '75531eb2b9dd55810b3eecc1c4c170d0', '', 'DROP FUNCTION IF EXISTS rls.user_groups(text);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."seen_by"', '', 'function rls.seen_by(bigint)', '', 'viewer bigint -> TABLE (id bigint, through text)', 'ecce9aca2aec6c4d530235a47cdb8909', '', 'DROP FUNCTION IF EXISTS rls.seen_by(bigint);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."visible_edges"', '', 'function rls.visible_edges()', '', ' -> TABLE (user_id bigint, login text, through text)', '821b18ca1e1b2e1ab394b9f877b269c7', '', 'DROP FUNCTION IF EXISTS rls.visible_edges();', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('view', '"rls"."visible_users"', '', 'view rls.visible_users', '', 'bigint', '61793a32dd21be90413bc85a5f4153aa', '', 'DROP VIEW IF EXISTS rls.visible_users;', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."hierarchy"', '', 'function rls.hierarchy(bigint)', '', 'viewer bigint -> SETOF bigint', '4574faf557ae8b67a88ec12e1ff60833', '', 'DROP FUNCTION IF EXISTS rls.hierarchy(bigint);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."shared_with"', '', 'function rls.shared_with(bigint)', '', 'viewer bigint -> SETOF bigint', '2097e00a87db3645f17c5f52c0fc907d', '', 'DROP FUNCTION IF EXISTS rls.shared_with(bigint);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."prepare"', '', 'function rls.prepare(text, text)', '', 'kind text, value text, OUT key text, OUT form text, OUT mark bigint, OUT brief text, OUT until timestamptz -> record', 'b33822f6c53a02ae6980776b8226061f', '', 'DROP FUNCTION IF EXISTS rls.prepare(text, text);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."visible_ids"', '', 'function rls.visible_ids(bigint, boolean)', '', 'viewer bigint, hierarchy_only boolean -> bigint[]', '31762b621d6580f969c3ec152fb19ae6', '', 'DROP FUNCTION IF EXISTS rls.visible_ids(bigint, boolean);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."visible_bits"', '', 'function rls.visible_bits(bigint, boolean)', '', 'viewer bigint, hierarchy_only boolean -> varbit', '1d271f4633721fdca7cbc4d5ce4f94b9', '', 'DROP FUNCTION IF EXISTS rls.visible_bits(bigint, boolean);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."visible_ranges"', '', 'function rls.visible_ranges(bigint, boolean)', '', 'viewer bigint, hierarchy_only boolean -> int8multirange', 'd963712cf575e23d9afa03c1eee9320a', '', 'DROP FUNCTION IF EXISTS rls.visible_ranges(bigint, boolean);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."passes_owners"', '', 'function rls.passes_owners(text, text, boolean)', '', 'action text, resource text, alone boolean -> boolean', '246bbdb1ad6b50eb30aaba7adfbc1c05', '', 'DROP FUNCTION IF EXISTS rls.passes_owners(text, text, boolean);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."graph_viewer"', '', 'function rls.graph_viewer(text, text, boolean)', '', 'action text, resource text, alone boolean -> bigint', '243f3779423d206945513bdc37ccea2b', '', 'DROP FUNCTION IF EXISTS rls.graph_viewer(text, text, boolean);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."admitted_owners"', '', 'function rls.admitted_owners(text, text, text, boolean)', '', 'action text, resource text, scope text, alone boolean -> bigint[]', '96f6c9a17d8ec2c2b81dff336b74078e', '', 'DROP FUNCTION IF EXISTS rls.admitted_owners(text, text, text, boolean);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."admitted_bits"', '', 'function rls.admitted_bits(text, text, text, boolean)', '', 'action text, resource text, scope text, alone boolean -> varbit', '7b4561c50f27be9d312fcce5cd7caf1e', '', 'DROP FUNCTION IF EXISTS rls.admitted_bits(text, text, text, boolean);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."admitted_ranges"', '', 'function rls.admitted_ranges(text, text, text, boolean)', '', 'action text, resource text, scope text, alone boolean -> int8multirange', 'f2a702af1bbd79c7d0fb0606dfc05e41', '', 'DROP FUNCTION IF EXISTS rls.admitted_ranges(text, text, text, boolean);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."admitted_groups"', '', 'function rls.admitted_groups(text, text, boolean)', '', 'action text, resource text, alone boolean -> bigint[]', '131c38ab43eef33a3d341faa475a7670', '', 'DROP FUNCTION IF EXISTS rls.admitted_groups(text, text, boolean);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('registry', '"resource"."person"', 'person', 'resource person', '', '', '955a4dca066bc68d264d3c7c91ba706a', '', 'DELETE FROM rls.resource WHERE name = ''person'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('registry', '"resource"."note"', 'note', 'resource note', '', '', 'e449a07e742710fbcf046fd31b9518cc', '', 'DELETE FROM rls.resource WHERE name = ''note'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('registry', '"resource"."sale"', 'sale', 'resource sale', '', '', '7bfb503915e9facdb03d40e9b4134387', '', 'DELETE FROM rls.resource WHERE name = ''sale'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('registry', '"directory"', '', 'where users and groups are', '', '', 'ee776a55ecc5afe738d619ca5a4e4a69', '', 'DELETE FROM rls.directory;', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."objects_person"', 'person', 'function rls.objects_person(text, text[])', '', 'action text, keys text[] -> text[]', 'da3e482ea8c63babb79eccaaadc673c4', '', 'DROP FUNCTION IF EXISTS rls.objects_person(text, text[]);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."objects_note"', 'note', 'function rls.objects_note(text, text[])', '', 'action text, keys text[] -> text[]', '1741e5144a61ec348aae8edd027333f3', '', 'DROP FUNCTION IF EXISTS rls.objects_note(text, text[]);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."objects_sale"', 'sale', 'function rls.objects_sale(text, text[])', '', 'action text, keys text[] -> text[]', 'd886984e6f152a2b4bc7d3a7997dd3e7', '', 'DROP FUNCTION IF EXISTS rls.objects_sale(text, text[]);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."record_change"', '', 'function rls.record_change(bigint[], bigint[])', '', 'viewers bigint[], seen bigint[] -> void', '2f4a35f07abb1231aab6da4171b7d19a', '', 'DROP FUNCTION IF EXISTS rls.record_change(bigint[], bigint[]);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."record_changes"', '', 'function rls.record_changes(rls.edge_change[])', '', 'changes rls.edge_change[] -> void', '30669c8d6ad292d7b91b5b78e9389f51', '', 'DROP FUNCTION IF EXISTS rls.record_changes(rls.edge_change[]);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."users_changed"', '', 'function rls.users_changed()', '', ' -> trigger', '72f6ec9e8d3daf68e5701c1ca741841d', '', 'DROP FUNCTION IF EXISTS rls.users_changed();', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."person"."rls_graph_ahead"', '', 'trigger rls_graph_ahead on public.person', 'public.person', '', 'c07bc4f1cb6fc067a6fe26e1d49e6915', '', 'DROP TRIGGER IF EXISTS rls_graph_ahead ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."person"."rls_graph_insert"', '', 'trigger rls_graph_insert on public.person', 'public.person', '', 'f649f0dac3cdb2f99ddae55ec039e826', '', 'DROP TRIGGER IF EXISTS rls_graph_insert ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."person"."rls_graph_update"', '', 'trigger rls_graph_update on public.person', 'public.person', '', '52a5d9194170600ff7c9a8af0ba539c1', '', 'DROP TRIGGER IF EXISTS rls_graph_update ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."person"."rls_graph_delete"', '', 'trigger rls_graph_delete on public.person', 'public.person', '', '389ad3e35fe20a3202cefa82290b63d3', '', 'DROP TRIGGER IF EXISTS rls_graph_delete ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."person"."rls_graph_truncate"', '', 'trigger rls_graph_truncate on public.person', 'public.person', '', 'fa7fbe92f915d98201f8548a37b7b0d2', '', 'DROP TRIGGER IF EXISTS rls_graph_truncate ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."person"."rls_graph_replica"', '', 'trigger rls_graph_replica on public.person', 'public.person', '', '455837fc948145225021802c6473b96d', '', 'DROP TRIGGER IF EXISTS rls_graph_replica ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."user_exists"', '', 'function rls.user_exists(bigint)', '', 'id bigint -> boolean', '8e411dbd2236f0de295dca0f1a164a2a', '', 'DROP FUNCTION IF EXISTS rls.user_exists(bigint);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."group_exists"', '', 'function rls.group_exists(bigint)', '', 'id bigint -> boolean', '6cbbd4bfd67ee40fc15fa7e44134ee21', '', 'DROP FUNCTION IF EXISTS rls.group_exists(bigint);', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."guard_users"', '', 'function rls.guard_users()', '', ' -> trigger', '04cc40d7090b4df15c0f75a1480230ca', '', 'DROP FUNCTION IF EXISTS rls.guard_users();', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."person"."rls_guard_update"', '', 'trigger rls_guard_update on public.person', 'public.person', '', 'e1c84d0e961e35e883be926fd4d55c76', '', 'DROP TRIGGER IF EXISTS rls_guard_update ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."person"."rls_guard_insert"', '', 'trigger rls_guard_insert on public.person', 'public.person', '', '3b6ba6187727b243bb1a641581e69bac', '', 'DROP TRIGGER IF EXISTS rls_guard_insert ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."person"."rls_guard_cascade"', '', 'trigger rls_guard_cascade on public.person', 'public.person', '', '91a97eaf4744d4a9293abcfcc80d4378', '', 'DROP TRIGGER IF EXISTS rls_guard_cascade ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."person"."rls_guard_truncate"', '', 'trigger rls_guard_truncate on public.person', 'public.person', '', 'e7265844e1c71c098f3010945ac05766', '', 'DROP TRIGGER IF EXISTS rls_guard_truncate ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."guard_groups"', '', 'function rls.guard_groups()', '', ' -> trigger', '4ab163434ae1eb70e562b9444da85eeb', '', 'DROP FUNCTION IF EXISTS rls.guard_groups();', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."team"."rls_guard_update"', '', 'trigger rls_guard_update on public.team', 'public.team', '', 'eb5559bf1523dd0b043e0864313b3452', '', 'DROP TRIGGER IF EXISTS rls_guard_update ON public.team;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."team"."rls_guard_insert"', '', 'trigger rls_guard_insert on public.team', 'public.team', '', 'd6fa310baa3af70432ff67db89b106db', '', 'DROP TRIGGER IF EXISTS rls_guard_insert ON public.team;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."team"."rls_guard_delete"', '', 'trigger rls_guard_delete on public.team', 'public.team', '', 'cb64a2e539fa93aa2e6d000cecd51deb', '', 'DROP TRIGGER IF EXISTS rls_guard_delete ON public.team;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."team"."rls_guard_cascade"', '', 'trigger rls_guard_cascade on public.team', 'public.team', '', 'ac19edb50c9f14cd36a11f1bb2e2bc91', '', 'DROP TRIGGER IF EXISTS rls_guard_cascade ON public.team;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."team"."rls_guard_truncate"', '', 'trigger rls_guard_truncate on public.team', 'public.team', '', '796819d367910e3a1a699333bee30328', '', 'DROP TRIGGER IF EXISTS rls_guard_truncate ON public.team;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"narrowed"."public"."team"', '', 'no TRUNCATE, REFERENCES, TRIGGER on public.team for clients', 'public.team', '', 'a9d8861d540965dab555e611cfdbc72b', '', '', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('function', '"rls"."guard_members"', '', 'function rls.guard_members()', '', ' -> trigger', '6639eae2b8e822e1229b7178800bfa92', '', 'DROP FUNCTION IF EXISTS rls.guard_members();', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."team_member"."rls_guard_update"', '', 'trigger rls_guard_update on public.team_member', 'public.team_member', '', '867859d79f4cc20c5636ce193cba79af', '', 'DROP TRIGGER IF EXISTS rls_guard_update ON public.team_member;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."team_member"."rls_guard_insert"', '', 'trigger rls_guard_insert on public.team_member', 'public.team_member', '', 'ad67e1c9fddb22c8d6796f6013e83f29', '', 'DROP TRIGGER IF EXISTS rls_guard_insert ON public.team_member;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."team_member"."rls_guard_delete"', '', 'trigger rls_guard_delete on public.team_member', 'public.team_member', '', '7bf07cf1d321f4b19e854251b629a510', '', 'DROP TRIGGER IF EXISTS rls_guard_delete ON public.team_member;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."team_member"."rls_guard_cascade"', '', 'trigger rls_guard_cascade on public.team_member', 'public.team_member', '', 'ec10240895fc8f96e3195a44072be8d7', '', 'DROP TRIGGER IF EXISTS rls_guard_cascade ON public.team_member;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('trigger', '"public"."team_member"."rls_guard_truncate"', '', 'trigger rls_guard_truncate on public.team_member', 'public.team_member', '', '58b8818c503ae6ad6f8e905ee08566b2', '', 'DROP TRIGGER IF EXISTS rls_guard_truncate ON public.team_member;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"narrowed"."public"."team_member"', '', 'no TRUNCATE, REFERENCES, TRIGGER on public.team_member for clients', 'public.team_member', '', 'dd40c4c0688e566b4f902dab0bbe279c', '', '', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_read_graph"', 'person', 'policy person_read_graph on public.person', 'public.person', 'SELECT USING', '356fd9e80dd49acb8344abf4e05f9ec1', '', 'DROP POLICY IF EXISTS person_read_graph ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_all_maintenance"', 'person', 'policy person_all_maintenance on public.person', 'public.person', 'ALL USING CHECK', '82c04c7ea8284beea2bfa1f32e4462d8', '', 'DROP POLICY IF EXISTS person_all_maintenance ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_create"', 'person', 'policy person_create on public.person', 'public.person', 'INSERT CHECK', '9a4bf5f7e174f039c6643cab543acf62', '', 'DROP POLICY IF EXISTS person_create ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_create_narrow"', 'person', 'policy person_create_narrow on public.person', 'public.person', 'INSERT CHECK', '9f777e77cb0ac1e4bb360edc07e20551', '', 'DROP POLICY IF EXISTS person_create_narrow ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_create_middle"', 'person', 'policy person_create_middle on public.person', 'public.person', 'INSERT CHECK', 'd0cd7e823770bc21ac73b8ac702795f5', '', 'DROP POLICY IF EXISTS person_create_middle ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_create_all"', 'person', 'policy person_create_all on public.person', 'public.person', 'INSERT CHECK', '0387466de5c6978c17f1e4939b69d8b9', '', 'DROP POLICY IF EXISTS person_create_all ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_read"', 'person', 'policy person_read on public.person', 'public.person', 'SELECT USING', 'b7b2618eb28b0c93720560914b20cf94', '', 'DROP POLICY IF EXISTS person_read ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_read_narrow"', 'person', 'policy person_read_narrow on public.person', 'public.person', 'SELECT USING', '2f6a2e00d18b918c8ebb28c5a9a7b8bc', '', 'DROP POLICY IF EXISTS person_read_narrow ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_read_middle"', 'person', 'policy person_read_middle on public.person', 'public.person', 'SELECT USING', '41cd6ff670dd4376abbc4de90bd205da', '', 'DROP POLICY IF EXISTS person_read_middle ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_read_wide"', 'person', 'policy person_read_wide on public.person', 'public.person', 'SELECT USING', 'dcef59836930b08b0e465275e4fd779f', '', 'DROP POLICY IF EXISTS person_read_wide ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_read_all"', 'person', 'policy person_read_all on public.person', 'public.person', 'SELECT USING', 'e9adc7bc99093f75b4cf5f440448e895', '', 'DROP POLICY IF EXISTS person_read_all ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_update"', 'person', 'policy person_update on public.person', 'public.person', 'UPDATE USING CHECK', 'a5c56bfcb4488e71e8f4e7c4671b10ec', '', 'DROP POLICY IF EXISTS person_update ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_update_narrow"', 'person', 'policy person_update_narrow on public.person', 'public.person', 'UPDATE USING CHECK', 'ef44264f6524a32292833ee0fe36ec69', '', 'DROP POLICY IF EXISTS person_update_narrow ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_update_middle"', 'person', 'policy person_update_middle on public.person', 'public.person', 'UPDATE USING CHECK', 'e04471e58f1f3e1357e2826a202bb237', '', 'DROP POLICY IF EXISTS person_update_middle ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_update_wide"', 'person', 'policy person_update_wide on public.person', 'public.person', 'UPDATE USING CHECK', 'f4df3c9f3d5830e142da8d129952eacd', '', 'DROP POLICY IF EXISTS person_update_wide ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_update_all"', 'person', 'policy person_update_all on public.person', 'public.person', 'UPDATE USING CHECK', 'e42850cf4ea0a0d9edb801e9b7cd7e0b', '', 'DROP POLICY IF EXISTS person_update_all ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_delete"', 'person', 'policy person_delete on public.person', 'public.person', 'DELETE USING', 'c10ec78dc37f261f6694b9c8c61791e6', '', 'DROP POLICY IF EXISTS person_delete ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_delete_narrow"', 'person', 'policy person_delete_narrow on public.person', 'public.person', 'DELETE USING', '52dc7f24405d9cf3249fe1aa06e40b5f', '', 'DROP POLICY IF EXISTS person_delete_narrow ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_delete_middle"', 'person', 'policy person_delete_middle on public.person', 'public.person', 'DELETE USING', '8e94b35d200df359155749751eeebc4c', '', 'DROP POLICY IF EXISTS person_delete_middle ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_delete_wide"', 'person', 'policy person_delete_wide on public.person', 'public.person', 'DELETE USING', '2609cea81cf9946fc86a22a541238c28', '', 'DROP POLICY IF EXISTS person_delete_wide ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."person"."person_delete_all"', 'person', 'policy person_delete_all on public.person', 'public.person', 'DELETE USING', '976d76c5242dfdebf77ae652d1d1992b', '', 'DROP POLICY IF EXISTS person_delete_all ON public.person;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_all_maintenance"', 'note', 'policy note_all_maintenance on public.note', 'public.note', 'ALL USING CHECK', '58ccf8d30dbdc96dccd1e9e4f7d1e17c', '', 'DROP POLICY IF EXISTS note_all_maintenance ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_create"', 'note', 'policy note_create on public.note', 'public.note', 'INSERT CHECK', '75be4f2a2534921e358fe038ccd04c8c', '', 'DROP POLICY IF EXISTS note_create ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_create_narrow"', 'note', 'policy note_create_narrow on public.note', 'public.note', 'INSERT CHECK', '9bf2edff9f0de7d70fdc835b356000e5', '', 'DROP POLICY IF EXISTS note_create_narrow ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_create_middle"', 'note', 'policy note_create_middle on public.note', 'public.note', 'INSERT CHECK', 'ee540fb77bd19e75ece7d4eb85570708', '', 'DROP POLICY IF EXISTS note_create_middle ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_create_all"', 'note', 'policy note_create_all on public.note', 'public.note', 'INSERT CHECK', '859fc40d26190deb22ea3629cf31e4d2', '', 'DROP POLICY IF EXISTS note_create_all ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_read"', 'note', 'policy note_read on public.note', 'public.note', 'SELECT USING', 'b3de2853941850f9ec56e6d8e1ebe992', '', 'DROP POLICY IF EXISTS note_read ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_read_narrow"', 'note', 'policy note_read_narrow on public.note', 'public.note', 'SELECT USING', '9c574d5137f57dff28c538b47af8eb74', '', 'DROP POLICY IF EXISTS note_read_narrow ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_read_middle"', 'note', 'policy note_read_middle on public.note', 'public.note', 'SELECT USING', '301566fa1a67aadc1eb94d51de86306b', '', 'DROP POLICY IF EXISTS note_read_middle ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_read_wide"', 'note', 'policy note_read_wide on public.note', 'public.note', 'SELECT USING', '753b0e17c2eba35be0590582533d8afe', '', 'DROP POLICY IF EXISTS note_read_wide ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_read_all"', 'note', 'policy note_read_all on public.note', 'public.note', 'SELECT USING', '9796cc9a678b3ead97e47539ba5bb0da', '', 'DROP POLICY IF EXISTS note_read_all ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_update"', 'note', 'policy note_update on public.note', 'public.note', 'UPDATE USING CHECK', '8e8d10732bfb7bff29254e8aceacf45a', '', 'DROP POLICY IF EXISTS note_update ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_update_narrow"', 'note', 'policy note_update_narrow on public.note', 'public.note', 'UPDATE USING CHECK', '0ec18855e6e3cf86b233186df490b171', '', 'DROP POLICY IF EXISTS note_update_narrow ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_update_middle"', 'note', 'policy note_update_middle on public.note', 'public.note', 'UPDATE USING CHECK', 'c535093f4be38cc5ee3358482da68241', '', 'DROP POLICY IF EXISTS note_update_middle ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_update_wide"', 'note', 'policy note_update_wide on public.note', 'public.note', 'UPDATE USING CHECK', 'e6da8cd5752a067b3bea1972d16a91b0', '', 'DROP POLICY IF EXISTS note_update_wide ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_update_all"', 'note', 'policy note_update_all on public.note', 'public.note', 'UPDATE USING CHECK', '795b3ace85475c853009c202a088b178', '', 'DROP POLICY IF EXISTS note_update_all ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_delete"', 'note', 'policy note_delete on public.note', 'public.note', 'DELETE USING', '01dd2902a95f961cec568b42918df647', '', 'DROP POLICY IF EXISTS note_delete ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_delete_narrow"', 'note', 'policy note_delete_narrow on public.note', 'public.note', 'DELETE USING', 'b4002107f59a0db2ada1fe4db29f5285', '', 'DROP POLICY IF EXISTS note_delete_narrow ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_delete_middle"', 'note', 'policy note_delete_middle on public.note', 'public.note', 'DELETE USING', '3e14ed3bbd56b724f46e2bc63df9aee5', '', 'DROP POLICY IF EXISTS note_delete_middle ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_delete_wide"', 'note', 'policy note_delete_wide on public.note', 'public.note', 'DELETE USING', '801a4b4a798d8dbaa39bad241d271798', '', 'DROP POLICY IF EXISTS note_delete_wide ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."note"."note_delete_all"', 'note', 'policy note_delete_all on public.note', 'public.note', 'DELETE USING', 'cbbaa8c91f78498c3b3ab0da041ab090', '', 'DROP POLICY IF EXISTS note_delete_all ON public.note;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_all_maintenance"', 'sale', 'policy sale_all_maintenance on public.sale', 'public.sale', 'ALL USING CHECK', 'afbb8dbbfa091a49340a7ac10631bc6f', '', 'DROP POLICY IF EXISTS sale_all_maintenance ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_create"', 'sale', 'policy sale_create on public.sale', 'public.sale', 'INSERT CHECK', '637b15b4e1936477ab6b7a6712ba2233', '', 'DROP POLICY IF EXISTS sale_create ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_create_narrow"', 'sale', 'policy sale_create_narrow on public.sale', 'public.sale', 'INSERT CHECK', '3973ba131e3781d5be219b881270aa08', '', 'DROP POLICY IF EXISTS sale_create_narrow ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_create_middle"', 'sale', 'policy sale_create_middle on public.sale', 'public.sale', 'INSERT CHECK', '41b77dfe860d4e75e0479ce8bfa82115', '', 'DROP POLICY IF EXISTS sale_create_middle ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_create_all"', 'sale', 'policy sale_create_all on public.sale', 'public.sale', 'INSERT CHECK', '41c3b201e2de115e9228649323e7f084', '', 'DROP POLICY IF EXISTS sale_create_all ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_read"', 'sale', 'policy sale_read on public.sale', 'public.sale', 'SELECT USING', '0e00eb9b9411f04329a0307f780f9772', '', 'DROP POLICY IF EXISTS sale_read ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_read_narrow"', 'sale', 'policy sale_read_narrow on public.sale', 'public.sale', 'SELECT USING', '8e42f2feb7b8c7e3514e45db4608bd66', '', 'DROP POLICY IF EXISTS sale_read_narrow ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_read_middle"', 'sale', 'policy sale_read_middle on public.sale', 'public.sale', 'SELECT USING', '648a7fb23fb0272daf8803803c602ebb', '', 'DROP POLICY IF EXISTS sale_read_middle ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_read_wide"', 'sale', 'policy sale_read_wide on public.sale', 'public.sale', 'SELECT USING', 'a50b9b00fa8d8ad0e43f548d9e3e8ed0', '', 'DROP POLICY IF EXISTS sale_read_wide ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_read_all"', 'sale', 'policy sale_read_all on public.sale', 'public.sale', 'SELECT USING', 'b92c93f97c9638704ca9750172f9d1f3', '', 'DROP POLICY IF EXISTS sale_read_all ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_update"', 'sale', 'policy sale_update on public.sale', 'public.sale', 'UPDATE USING CHECK', '4289bb7641da4839e1245c165df27d2c', '', 'DROP POLICY IF EXISTS sale_update ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_update_narrow"', 'sale', 'policy sale_update_narrow on public.sale', 'public.sale', 'UPDATE USING CHECK', '4810d9b90babad25e653968e7fd30596', '', 'DROP POLICY IF EXISTS sale_update_narrow ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_update_middle"', 'sale', 'policy sale_update_middle on public.sale', 'public.sale', 'UPDATE USING CHECK', 'b74aaab788d7914f25d005efe0be0f50', '', 'DROP POLICY IF EXISTS sale_update_middle ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_update_wide"', 'sale', 'policy sale_update_wide on public.sale', 'public.sale', 'UPDATE USING CHECK', 'e1a5d88bf7f03610179c8126bffc9a72', '', 'DROP POLICY IF EXISTS sale_update_wide ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_update_all"', 'sale', 'policy sale_update_all on public.sale', 'public.sale', 'UPDATE USING CHECK', '977d4cf9ff409ace9832930c8588ee5d', '', 'DROP POLICY IF EXISTS sale_update_all ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_delete"', 'sale', 'policy sale_delete on public.sale', 'public.sale', 'DELETE USING', '30499387c18ab661139ceff067bf82f9', '', 'DROP POLICY IF EXISTS sale_delete ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_delete_narrow"', 'sale', 'policy sale_delete_narrow on public.sale', 'public.sale', 'DELETE USING', 'a103836ed78c7b368a05feb3a070d943', '', 'DROP POLICY IF EXISTS sale_delete_narrow ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_delete_middle"', 'sale', 'policy sale_delete_middle on public.sale', 'public.sale', 'DELETE USING', '9d55a26c8743da29fa362a0f45b25931', '', 'DROP POLICY IF EXISTS sale_delete_middle ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_delete_wide"', 'sale', 'policy sale_delete_wide on public.sale', 'public.sale', 'DELETE USING', '5d467574a22c6de677e18020485913cf', '', 'DROP POLICY IF EXISTS sale_delete_wide ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale"."sale_delete_all"', 'sale', 'policy sale_delete_all on public.sale', 'public.sale', 'DELETE USING', 'f76b24666257ee8dffa9027b3d2d55a6', '', 'DROP POLICY IF EXISTS sale_delete_all ON public.sale;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale_north"."sale_all_maintenance"', 'sale', 'policy sale_all_maintenance on public.sale_north', 'public.sale_north', 'ALL USING CHECK', 'c18206da2f515d0a765526f60a6d2983', '', 'DROP POLICY IF EXISTS sale_all_maintenance ON public.sale_north;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale_north"."sale_create"', 'sale', 'policy sale_create on public.sale_north', 'public.sale_north', 'INSERT CHECK', 'dfe59d81037f53519488311b51ad362a', '', 'DROP POLICY IF EXISTS sale_create ON public.sale_north;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale_north"."sale_read"', 'sale', 'policy sale_read on public.sale_north', 'public.sale_north', 'SELECT USING', '29253bcfbf7bd5b61da550ccd8635e10', '', 'DROP POLICY IF EXISTS sale_read ON public.sale_north;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale_north"."sale_update"', 'sale', 'policy sale_update on public.sale_north', 'public.sale_north', 'UPDATE USING CHECK', '430769bf94cdc3106c484eb929b820fe', '', 'DROP POLICY IF EXISTS sale_update ON public.sale_north;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale_north"."sale_delete"', 'sale', 'policy sale_delete on public.sale_north', 'public.sale_north', 'DELETE USING', '8c633c23a555b4fa84ad91ad3836b8e3', '', 'DROP POLICY IF EXISTS sale_delete ON public.sale_north;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale_south"."sale_all_maintenance"', 'sale', 'policy sale_all_maintenance on public.sale_south', 'public.sale_south', 'ALL USING CHECK', '7bfb14991ac15346e2b2ed87e8d31c09', '', 'DROP POLICY IF EXISTS sale_all_maintenance ON public.sale_south;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale_south"."sale_create"', 'sale', 'policy sale_create on public.sale_south', 'public.sale_south', 'INSERT CHECK', 'd86f7fcadb552e56264257407e002de5', '', 'DROP POLICY IF EXISTS sale_create ON public.sale_south;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale_south"."sale_read"', 'sale', 'policy sale_read on public.sale_south', 'public.sale_south', 'SELECT USING', '09d5365d9e08c9dae2fa63b496ef8873', '', 'DROP POLICY IF EXISTS sale_read ON public.sale_south;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale_south"."sale_update"', 'sale', 'policy sale_update on public.sale_south', 'public.sale_south', 'UPDATE USING CHECK', '1cd7ed77c092a6ece58b064dce2a9871', '', 'DROP POLICY IF EXISTS sale_update ON public.sale_south;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('policy', '"public"."sale_south"."sale_delete"', 'sale', 'policy sale_delete on public.sale_south', 'public.sale_south', 'DELETE USING', 'd04900601ffddf81006f84c2837750fd', '', 'DROP POLICY IF EXISTS sale_delete ON public.sale_south;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"narrowed"."public"."person"', 'person', 'no TRUNCATE, REFERENCES, TRIGGER on public.person for clients', 'public.person', '', 'a52ebca6a990d6c420a95e9ae5aaf154', '', '', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('row_security', '"public"."person"', 'person', 'row security on public.person', 'public.person', '', '594bbf8989eb5e7960116dc63df36fea', '', 'ALTER TABLE public.person NO FORCE ROW LEVEL SECURITY;
ALTER TABLE public.person DISABLE ROW LEVEL SECURITY;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"narrowed"."public"."note"', 'note', 'no TRUNCATE, REFERENCES, TRIGGER on public.note for clients', 'public.note', '', '1caaf95b39652a2729dd0238d5574ca5', '', '', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('row_security', '"public"."note"', 'note', 'row security on public.note', 'public.note', '', '80596ac0817bcebb50b0e4c42a0a540a', '', 'ALTER TABLE public.note NO FORCE ROW LEVEL SECURITY;
ALTER TABLE public.note DISABLE ROW LEVEL SECURITY;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"narrowed"."public"."sale"', 'sale', 'no TRUNCATE, REFERENCES, TRIGGER on public.sale for clients', 'public.sale', '', '12b12e3f93339b0f55f74a028d47e7d4', '', '', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('row_security', '"public"."sale"', 'sale', 'row security on public.sale', 'public.sale', '', '8135b665b745c481de10b2a585329625', '', 'ALTER TABLE public.sale NO FORCE ROW LEVEL SECURITY;
ALTER TABLE public.sale DISABLE ROW LEVEL SECURITY;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"narrowed"."public"."sale_north"', 'sale', 'no TRUNCATE, REFERENCES, TRIGGER on public.sale_north for clients', 'public.sale_north', '', '38d39772e0ba1d6ee4c124e82576ddf7', '', '', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('row_security', '"public"."sale_north"', 'sale', 'row security on public.sale_north', 'public.sale_north', '', 'fb24db45f7dc14504d63caed9f588282', '', 'ALTER TABLE public.sale_north NO FORCE ROW LEVEL SECURITY;
ALTER TABLE public.sale_north DISABLE ROW LEVEL SECURITY;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('privilege', '"narrowed"."public"."sale_south"', 'sale', 'no TRUNCATE, REFERENCES, TRIGGER on public.sale_south for clients', 'public.sale_south', '', 'c1afa55440090ff5e13255856460b849', '', '', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('row_security', '"public"."sale_south"', 'sale', 'row security on public.sale_south', 'public.sale_south', '', 'd122166ec90dc87b1a1513f45719597a', '', 'ALTER TABLE public.sale_south NO FORCE ROW LEVEL SECURITY;
ALTER TABLE public.sale_south DISABLE ROW LEVEL SECURITY;', false)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('grant', '"authenticated"."create"."note"."".""', 'note', 'grant of create on note to authenticated', '', '', '86261c2b583b155d3b23ec352e7289b1', '', 'DELETE FROM rls."grant" WHERE seed = ''"authenticated"."create"."note"."".""'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('grant', '"authenticated"."read"."note"."".""', 'note', 'grant of read on note to authenticated', '', '', 'c872d5543f09ff7632a2af21064db55f', '', 'DELETE FROM rls."grant" WHERE seed = ''"authenticated"."read"."note"."".""'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('grant', '"authenticated"."update"."note"."".""', 'note', 'grant of update on note to authenticated', '', '', 'ff265b6199bdab950a512e2ba90502fc', '', 'DELETE FROM rls."grant" WHERE seed = ''"authenticated"."update"."note"."".""'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('grant', '"authenticated"."delete"."note"."".""', 'note', 'grant of delete on note to authenticated', '', '', '2a99aa7a511c5cc6ffa8ef0682c3c9f9', '', 'DELETE FROM rls."grant" WHERE seed = ''"authenticated"."delete"."note"."".""'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('grant', '"authenticated"."read"."sale"."".""', 'sale', 'grant of read on sale to authenticated', '', '', '88d8cbe698a493428a2656b510b549db', '', 'DELETE FROM rls."grant" WHERE seed = ''"authenticated"."read"."sale"."".""'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('grant', '"authenticated"."update"."sale"."".""', 'sale', 'grant of update on sale to authenticated', '', '', '2a82f8ff89e704fb4952bd20dba4e03b', '', 'DELETE FROM rls."grant" WHERE seed = ''"authenticated"."update"."sale"."".""'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('grant', '"authenticated"."read"."person"."".""', 'person', 'grant of read on person to authenticated', '', '', 'b00dede3169b8730076b9ddddbae63cf', '', 'DELETE FROM rls."grant" WHERE seed = ''"authenticated"."read"."person"."".""'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES ('grant', '"authenticated"."update"."person"."".""', 'person', 'grant of update on person to authenticated', '', '', '215d990fac07d2d449f318337e1d2213', '', 'DELETE FROM rls."grant" WHERE seed = ''"authenticated"."update"."person"."".""'';', true)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now();
UPDATE rls.compiled AS i SET fingerprint = s.fingerprint FROM rls.object_state AS s
WHERE s.kind = i.kind AND s.name = i.name AND i.fingerprint <> s.fingerprint;
RESET ROLE;
DO $$
BEGIN
    IF (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        IF NOT EXISTS (SELECT FROM rls.compiled) THEN
            PERFORM rls.put_back_acls();
        END IF;
    END IF;
END
$$;
REVOKE rls_owner FROM CURRENT_USER;
COMMIT;
