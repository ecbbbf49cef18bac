-- membership: membership of app in rls_client
GRANT rls_client TO app;
-- undo: DO $$
-- undo: BEGIN
-- undo:     IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS o
-- undo:         JOIN pg_catalog.pg_database AS b ON b.oid = o.dbid AND b.datname <> current_database()
-- undo:         JOIN pg_catalog.pg_shdepend AS d ON d.dbid = o.dbid AND d.classid = o.classid AND d.objid = o.objid
-- undo:         WHERE o.classid = 'pg_catalog.pg_namespace'::regclass AND o.deptype = 'o' AND o.refobjid = to_regrole('rls_owner')
-- undo:           AND d.refobjid IN (to_regrole('app'), to_regrole('rls_any_app'))) THEN
-- undo:         REVOKE rls_client FROM app;
-- undo:     END IF;
-- undo: END
-- undo: $$;

-- registry: client role app, as rls_owner
INSERT INTO rls.database_role (name, kind, position) VALUES ('app', 'client', 1)
ON CONFLICT (name) DO UPDATE SET kind = EXCLUDED.kind, position = EXCLUDED.position;
-- undo: DELETE FROM rls.database_role WHERE name = 'app';

-- role: database role rls_any_app
DO $$
BEGIN
    IF to_regrole('rls_any_app') IS NULL THEN
        CREATE ROLE rls_any_app NOLOGIN;
    ELSIF (SELECT r.rolcanlogin OR r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
        FROM pg_catalog.pg_roles AS r WHERE r.oid = to_regrole('rls_any_app')) OR EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid
        WHERE m.member = to_regrole('rls_any_app') AND r.rolname NOT IN ('app', 'rls_any')) THEN
        RAISE EXCEPTION 'database role % exists, and is no plan role', 'rls_any_app'
            USING ERRCODE = 'RL412', HINT = 'Rename it, or take LOGIN, its other powers and its memberships from it.';
    END IF;
END
$$;
ALTER ROLE rls_any_app INHERIT;
GRANT app, rls_any TO rls_any_app;
-- undo: DO $$
-- undo: DECLARE
-- undo:     other text;
-- undo:     lent boolean := false;
-- undo: BEGIN
-- undo:     IF EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d WHERE d.refobjid = to_regrole('rls_any_app') AND d.deptype = 'o'
-- undo:         AND d.classid <> 'pg_catalog.pg_default_acl'::regclass AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database())) THEN
-- undo:         BEGIN
-- undo:             IF NOT pg_has_role(to_regrole('rls_any_app'), 'USAGE') THEN
-- undo:                 GRANT rls_any_app TO CURRENT_USER;
-- undo:                 lent := true;
-- undo:             END IF;
-- undo:             REASSIGN OWNED BY rls_any_app TO app;
-- undo:             IF lent THEN
-- undo:                 REVOKE rls_any_app FROM CURRENT_USER;
-- undo:             END IF;
-- undo:         EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation THEN
-- undo:             RAISE EXCEPTION 'plan role % owns objects that % cannot give away: %', 'rls_any_app', quote_ident(current_user), SQLERRM
-- undo:                 USING ERRCODE = 'RL660', HINT = 'As a database superuser, run REASSIGN OWNED BY rls_any_app TO another owner.';
-- undo:         END;
-- undo:     END IF;
-- undo:     SELECT pg_describe_object(d.classid, d.objid, d.objsubid) INTO other FROM pg_catalog.pg_shdepend AS d
-- undo:         WHERE d.refobjid = to_regrole('rls_any_app') AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database()) ORDER BY 1 LIMIT 1;
-- undo:     IF other IS NOT NULL THEN
-- undo:         RAISE EXCEPTION 'plan role % cannot go: % names it', 'rls_any_app', other
-- undo:             USING ERRCODE = 'RL660', HINT = 'Give it to app instead of rls_any_app: its privileges, default privileges or policy.';
-- undo:     END IF;
-- undo:     IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d
-- undo:         WHERE d.refobjid = to_regrole('rls_any_app')) THEN
-- undo:         DROP ROLE IF EXISTS rls_any_app;
-- undo:     END IF;
-- undo: END
-- undo: $$;

-- privilege: USAGE on schema rls for rls_any_app, as rls_owner
GRANT USAGE ON SCHEMA rls TO rls_any_app;
-- undo: REVOKE USAGE ON SCHEMA rls FROM rls_any_app;

-- registry: plan role rls_any_app of app, as rls_owner
INSERT INTO rls.plan_role (client_role, form, role) VALUES ('app', 'any', 'rls_any_app')
ON CONFLICT (client_role, form) DO UPDATE SET role = EXCLUDED.role;
-- undo: DELETE FROM rls.plan_role WHERE client_role = 'app' AND form = 'any';

-- role: database role rls_narrow_app
DO $$
BEGIN
    IF to_regrole('rls_narrow_app') IS NULL THEN
        CREATE ROLE rls_narrow_app NOLOGIN;
    ELSIF (SELECT r.rolcanlogin OR r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
        FROM pg_catalog.pg_roles AS r WHERE r.oid = to_regrole('rls_narrow_app')) OR EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid
        WHERE m.member = to_regrole('rls_narrow_app') AND r.rolname NOT IN ('app', 'rls_narrow')) THEN
        RAISE EXCEPTION 'database role % exists, and is no plan role', 'rls_narrow_app'
            USING ERRCODE = 'RL412', HINT = 'Rename it, or take LOGIN, its other powers and its memberships from it.';
    END IF;
END
$$;
ALTER ROLE rls_narrow_app INHERIT;
GRANT app, rls_narrow TO rls_narrow_app;
-- undo: DO $$
-- undo: DECLARE
-- undo:     other text;
-- undo:     lent boolean := false;
-- undo: BEGIN
-- undo:     IF EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d WHERE d.refobjid = to_regrole('rls_narrow_app') AND d.deptype = 'o'
-- undo:         AND d.classid <> 'pg_catalog.pg_default_acl'::regclass AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database())) THEN
-- undo:         BEGIN
-- undo:             IF NOT pg_has_role(to_regrole('rls_narrow_app'), 'USAGE') THEN
-- undo:                 GRANT rls_narrow_app TO CURRENT_USER;
-- undo:                 lent := true;
-- undo:             END IF;
-- undo:             REASSIGN OWNED BY rls_narrow_app TO app;
-- undo:             IF lent THEN
-- undo:                 REVOKE rls_narrow_app FROM CURRENT_USER;
-- undo:             END IF;
-- undo:         EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation THEN
-- undo:             RAISE EXCEPTION 'plan role % owns objects that % cannot give away: %', 'rls_narrow_app', quote_ident(current_user), SQLERRM
-- undo:                 USING ERRCODE = 'RL660', HINT = 'As a database superuser, run REASSIGN OWNED BY rls_narrow_app TO another owner.';
-- undo:         END;
-- undo:     END IF;
-- undo:     SELECT pg_describe_object(d.classid, d.objid, d.objsubid) INTO other FROM pg_catalog.pg_shdepend AS d
-- undo:         WHERE d.refobjid = to_regrole('rls_narrow_app') AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database()) ORDER BY 1 LIMIT 1;
-- undo:     IF other IS NOT NULL THEN
-- undo:         RAISE EXCEPTION 'plan role % cannot go: % names it', 'rls_narrow_app', other
-- undo:             USING ERRCODE = 'RL660', HINT = 'Give it to app instead of rls_narrow_app: its privileges, default privileges or policy.';
-- undo:     END IF;
-- undo:     IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d
-- undo:         WHERE d.refobjid = to_regrole('rls_narrow_app')) THEN
-- undo:         DROP ROLE IF EXISTS rls_narrow_app;
-- undo:     END IF;
-- undo: END
-- undo: $$;

-- privilege: USAGE on schema rls for rls_narrow_app, as rls_owner
GRANT USAGE ON SCHEMA rls TO rls_narrow_app;
-- undo: REVOKE USAGE ON SCHEMA rls FROM rls_narrow_app;

-- registry: plan role rls_narrow_app of app, as rls_owner
INSERT INTO rls.plan_role (client_role, form, role) VALUES ('app', 'narrow', 'rls_narrow_app')
ON CONFLICT (client_role, form) DO UPDATE SET role = EXCLUDED.role;
-- undo: DELETE FROM rls.plan_role WHERE client_role = 'app' AND form = 'narrow';

-- role: database role rls_middle_app
DO $$
BEGIN
    IF to_regrole('rls_middle_app') IS NULL THEN
        CREATE ROLE rls_middle_app NOLOGIN;
    ELSIF (SELECT r.rolcanlogin OR r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
        FROM pg_catalog.pg_roles AS r WHERE r.oid = to_regrole('rls_middle_app')) OR EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid
        WHERE m.member = to_regrole('rls_middle_app') AND r.rolname NOT IN ('app', 'rls_middle')) THEN
        RAISE EXCEPTION 'database role % exists, and is no plan role', 'rls_middle_app'
            USING ERRCODE = 'RL412', HINT = 'Rename it, or take LOGIN, its other powers and its memberships from it.';
    END IF;
END
$$;
ALTER ROLE rls_middle_app INHERIT;
GRANT app, rls_middle TO rls_middle_app;
-- undo: DO $$
-- undo: DECLARE
-- undo:     other text;
-- undo:     lent boolean := false;
-- undo: BEGIN
-- undo:     IF EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d WHERE d.refobjid = to_regrole('rls_middle_app') AND d.deptype = 'o'
-- undo:         AND d.classid <> 'pg_catalog.pg_default_acl'::regclass AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database())) THEN
-- undo:         BEGIN
-- undo:             IF NOT pg_has_role(to_regrole('rls_middle_app'), 'USAGE') THEN
-- undo:                 GRANT rls_middle_app TO CURRENT_USER;
-- undo:                 lent := true;
-- undo:             END IF;
-- undo:             REASSIGN OWNED BY rls_middle_app TO app;
-- undo:             IF lent THEN
-- undo:                 REVOKE rls_middle_app FROM CURRENT_USER;
-- undo:             END IF;
-- undo:         EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation THEN
-- undo:             RAISE EXCEPTION 'plan role % owns objects that % cannot give away: %', 'rls_middle_app', quote_ident(current_user), SQLERRM
-- undo:                 USING ERRCODE = 'RL660', HINT = 'As a database superuser, run REASSIGN OWNED BY rls_middle_app TO another owner.';
-- undo:         END;
-- undo:     END IF;
-- undo:     SELECT pg_describe_object(d.classid, d.objid, d.objsubid) INTO other FROM pg_catalog.pg_shdepend AS d
-- undo:         WHERE d.refobjid = to_regrole('rls_middle_app') AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database()) ORDER BY 1 LIMIT 1;
-- undo:     IF other IS NOT NULL THEN
-- undo:         RAISE EXCEPTION 'plan role % cannot go: % names it', 'rls_middle_app', other
-- undo:             USING ERRCODE = 'RL660', HINT = 'Give it to app instead of rls_middle_app: its privileges, default privileges or policy.';
-- undo:     END IF;
-- undo:     IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d
-- undo:         WHERE d.refobjid = to_regrole('rls_middle_app')) THEN
-- undo:         DROP ROLE IF EXISTS rls_middle_app;
-- undo:     END IF;
-- undo: END
-- undo: $$;

-- privilege: USAGE on schema rls for rls_middle_app, as rls_owner
GRANT USAGE ON SCHEMA rls TO rls_middle_app;
-- undo: REVOKE USAGE ON SCHEMA rls FROM rls_middle_app;

-- registry: plan role rls_middle_app of app, as rls_owner
INSERT INTO rls.plan_role (client_role, form, role) VALUES ('app', 'middle', 'rls_middle_app')
ON CONFLICT (client_role, form) DO UPDATE SET role = EXCLUDED.role;
-- undo: DELETE FROM rls.plan_role WHERE client_role = 'app' AND form = 'middle';

-- role: database role rls_wide_app
DO $$
BEGIN
    IF to_regrole('rls_wide_app') IS NULL THEN
        CREATE ROLE rls_wide_app NOLOGIN;
    ELSIF (SELECT r.rolcanlogin OR r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
        FROM pg_catalog.pg_roles AS r WHERE r.oid = to_regrole('rls_wide_app')) OR EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid
        WHERE m.member = to_regrole('rls_wide_app') AND r.rolname NOT IN ('app', 'rls_wide')) THEN
        RAISE EXCEPTION 'database role % exists, and is no plan role', 'rls_wide_app'
            USING ERRCODE = 'RL412', HINT = 'Rename it, or take LOGIN, its other powers and its memberships from it.';
    END IF;
END
$$;
ALTER ROLE rls_wide_app INHERIT;
GRANT app, rls_wide TO rls_wide_app;
-- undo: DO $$
-- undo: DECLARE
-- undo:     other text;
-- undo:     lent boolean := false;
-- undo: BEGIN
-- undo:     IF EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d WHERE d.refobjid = to_regrole('rls_wide_app') AND d.deptype = 'o'
-- undo:         AND d.classid <> 'pg_catalog.pg_default_acl'::regclass AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database())) THEN
-- undo:         BEGIN
-- undo:             IF NOT pg_has_role(to_regrole('rls_wide_app'), 'USAGE') THEN
-- undo:                 GRANT rls_wide_app TO CURRENT_USER;
-- undo:                 lent := true;
-- undo:             END IF;
-- undo:             REASSIGN OWNED BY rls_wide_app TO app;
-- undo:             IF lent THEN
-- undo:                 REVOKE rls_wide_app FROM CURRENT_USER;
-- undo:             END IF;
-- undo:         EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation THEN
-- undo:             RAISE EXCEPTION 'plan role % owns objects that % cannot give away: %', 'rls_wide_app', quote_ident(current_user), SQLERRM
-- undo:                 USING ERRCODE = 'RL660', HINT = 'As a database superuser, run REASSIGN OWNED BY rls_wide_app TO another owner.';
-- undo:         END;
-- undo:     END IF;
-- undo:     SELECT pg_describe_object(d.classid, d.objid, d.objsubid) INTO other FROM pg_catalog.pg_shdepend AS d
-- undo:         WHERE d.refobjid = to_regrole('rls_wide_app') AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database()) ORDER BY 1 LIMIT 1;
-- undo:     IF other IS NOT NULL THEN
-- undo:         RAISE EXCEPTION 'plan role % cannot go: % names it', 'rls_wide_app', other
-- undo:             USING ERRCODE = 'RL660', HINT = 'Give it to app instead of rls_wide_app: its privileges, default privileges or policy.';
-- undo:     END IF;
-- undo:     IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d
-- undo:         WHERE d.refobjid = to_regrole('rls_wide_app')) THEN
-- undo:         DROP ROLE IF EXISTS rls_wide_app;
-- undo:     END IF;
-- undo: END
-- undo: $$;

-- privilege: USAGE on schema rls for rls_wide_app, as rls_owner
GRANT USAGE ON SCHEMA rls TO rls_wide_app;
-- undo: REVOKE USAGE ON SCHEMA rls FROM rls_wide_app;

-- registry: plan role rls_wide_app of app, as rls_owner
INSERT INTO rls.plan_role (client_role, form, role) VALUES ('app', 'wide', 'rls_wide_app')
ON CONFLICT (client_role, form) DO UPDATE SET role = EXCLUDED.role;
-- undo: DELETE FROM rls.plan_role WHERE client_role = 'app' AND form = 'wide';

-- role: database role rls_all_app
DO $$
BEGIN
    IF to_regrole('rls_all_app') IS NULL THEN
        CREATE ROLE rls_all_app NOLOGIN;
    ELSIF (SELECT r.rolcanlogin OR r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
        FROM pg_catalog.pg_roles AS r WHERE r.oid = to_regrole('rls_all_app')) OR EXISTS (SELECT FROM pg_catalog.pg_auth_members AS m JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid
        WHERE m.member = to_regrole('rls_all_app') AND r.rolname NOT IN ('app', 'rls_all')) THEN
        RAISE EXCEPTION 'database role % exists, and is no plan role', 'rls_all_app'
            USING ERRCODE = 'RL412', HINT = 'Rename it, or take LOGIN, its other powers and its memberships from it.';
    END IF;
END
$$;
ALTER ROLE rls_all_app INHERIT;
GRANT app, rls_all TO rls_all_app;
-- undo: DO $$
-- undo: DECLARE
-- undo:     other text;
-- undo:     lent boolean := false;
-- undo: BEGIN
-- undo:     IF EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d WHERE d.refobjid = to_regrole('rls_all_app') AND d.deptype = 'o'
-- undo:         AND d.classid <> 'pg_catalog.pg_default_acl'::regclass AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database())) THEN
-- undo:         BEGIN
-- undo:             IF NOT pg_has_role(to_regrole('rls_all_app'), 'USAGE') THEN
-- undo:                 GRANT rls_all_app TO CURRENT_USER;
-- undo:                 lent := true;
-- undo:             END IF;
-- undo:             REASSIGN OWNED BY rls_all_app TO app;
-- undo:             IF lent THEN
-- undo:                 REVOKE rls_all_app FROM CURRENT_USER;
-- undo:             END IF;
-- undo:         EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation THEN
-- undo:             RAISE EXCEPTION 'plan role % owns objects that % cannot give away: %', 'rls_all_app', quote_ident(current_user), SQLERRM
-- undo:                 USING ERRCODE = 'RL660', HINT = 'As a database superuser, run REASSIGN OWNED BY rls_all_app TO another owner.';
-- undo:         END;
-- undo:     END IF;
-- undo:     SELECT pg_describe_object(d.classid, d.objid, d.objsubid) INTO other FROM pg_catalog.pg_shdepend AS d
-- undo:         WHERE d.refobjid = to_regrole('rls_all_app') AND d.dbid = (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database()) ORDER BY 1 LIMIT 1;
-- undo:     IF other IS NOT NULL THEN
-- undo:         RAISE EXCEPTION 'plan role % cannot go: % names it', 'rls_all_app', other
-- undo:             USING ERRCODE = 'RL660', HINT = 'Give it to app instead of rls_all_app: its privileges, default privileges or policy.';
-- undo:     END IF;
-- undo:     IF NOT EXISTS (SELECT FROM pg_catalog.pg_shdepend AS d
-- undo:         WHERE d.refobjid = to_regrole('rls_all_app')) THEN
-- undo:         DROP ROLE IF EXISTS rls_all_app;
-- undo:     END IF;
-- undo: END
-- undo: $$;

-- privilege: USAGE on schema rls for rls_all_app, as rls_owner
GRANT USAGE ON SCHEMA rls TO rls_all_app;
-- undo: REVOKE USAGE ON SCHEMA rls FROM rls_all_app;

-- registry: plan role rls_all_app of app, as rls_owner
INSERT INTO rls.plan_role (client_role, form, role) VALUES ('app', 'all', 'rls_all_app')
ON CONFLICT (client_role, form) DO UPDATE SET role = EXCLUDED.role;
-- undo: DELETE FROM rls.plan_role WHERE client_role = 'app' AND form = 'all';

-- privilege: USAGE on schema public for rls_owner
GRANT USAGE ON SCHEMA public TO rls_owner;
-- undo: REVOKE USAGE ON SCHEMA public FROM rls_owner;

-- privilege: SELECT on boss, code of public.person, and UPDATE on code to lock rows, for rls_owner
GRANT SELECT (boss, code), UPDATE (code) ON public.person TO rls_owner;
-- undo: DO $$
-- undo: DECLARE
-- undo:     name text;
-- undo: BEGIN
-- undo:     FOR name IN SELECT a.attname FROM pg_catalog.pg_attribute AS a
-- undo:         WHERE a.attrelid = to_regclass('public.person') AND NOT a.attisdropped
-- undo:           AND EXISTS (SELECT FROM aclexplode(a.attacl) AS x WHERE x.grantee = to_regrole('rls_owner')) LOOP
-- undo:         EXECUTE format('REVOKE ALL (%I) ON %s FROM rls_owner', name, 'public.person');
-- undo:     END LOOP;
-- undo: END
-- undo: $$;

-- privilege: SELECT on code, maker of public.club, and UPDATE on code to lock rows, for rls_owner
GRANT SELECT (code, maker), UPDATE (code) ON public.club TO rls_owner;
-- undo: DO $$
-- undo: DECLARE
-- undo:     name text;
-- undo: BEGIN
-- undo:     FOR name IN SELECT a.attname FROM pg_catalog.pg_attribute AS a
-- undo:         WHERE a.attrelid = to_regclass('public.club') AND NOT a.attisdropped
-- undo:           AND EXISTS (SELECT FROM aclexplode(a.attacl) AS x WHERE x.grantee = to_regrole('rls_owner')) LOOP
-- undo:         EXECUTE format('REVOKE ALL (%I) ON %s FROM rls_owner', name, 'public.club');
-- undo:     END LOOP;
-- undo: END
-- undo: $$;

-- privilege: SELECT on club, person of public.club_member for rls_owner
GRANT SELECT (club, person) ON public.club_member TO rls_owner;
-- undo: DO $$
-- undo: DECLARE
-- undo:     name text;
-- undo: BEGIN
-- undo:     FOR name IN SELECT a.attname FROM pg_catalog.pg_attribute AS a
-- undo:         WHERE a.attrelid = to_regclass('public.club_member') AND NOT a.attisdropped
-- undo:           AND EXISTS (SELECT FROM aclexplode(a.attacl) AS x WHERE x.grantee = to_regrole('rls_owner')) LOOP
-- undo:         EXECUTE format('REVOKE ALL (%I) ON %s FROM rls_owner', name, 'public.club_member');
-- undo:     END LOOP;
-- undo: END
-- undo: $$;

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
        GROUP BY g.id
        ORDER BY g.id);
END
$rls$;
REVOKE ALL ON FUNCTION rls.user_groups(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.user_groups(text) IS 'Keys of the groups that a user is a member of now.';
-- undo: DROP FUNCTION IF EXISTS rls.user_groups(text);

-- function: function rls.seen_by(text), as rls_owner
-- Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.
-- Nobody for a user who does not exist. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.seen_by(viewer text)
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
            SELECT e.seen FROM sees_boss AS w CROSS JOIN LATERAL (
                SELECT e.seen FROM rls.edge AS e WHERE e.viewer = w.id AND e.kind = 'boss' OFFSET 0) AS e
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
        WHERE g.shares_members AND u.id <> $1
        UNION ALL
        SELECT u.id, 'creator_of_group'::text FROM shared_groups AS g
        JOIN rls.user_row AS u ON u.id = g.creator
        WHERE u.id <> $1;
END
$rls$;
REVOKE ALL ON FUNCTION rls.seen_by(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.seen_by(text) IS 'Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.';
-- undo: DROP FUNCTION IF EXISTS rls.seen_by(text);

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
            FROM rls.seen_by(rls.to_text(who.key)) AS s
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

-- function: function rls.hierarchy(text), as rls_owner
-- Whom a user sees through the hierarchy: the union of separate closures, one per relation.
-- Nobody for a user who does not exist. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.hierarchy(viewer text)
RETURNS SETOF text
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
        sees_boss(id) AS (
            SELECT s.id FROM myself AS s
            UNION
            SELECT e.seen FROM sees_boss AS w CROSS JOIN LATERAL (
                SELECT e.seen FROM rls.edge AS e WHERE e.viewer = w.id AND e.kind = 'boss' OFFSET 0) AS e
        )
        SELECT s.id FROM myself AS s
        UNION
        SELECT s.id FROM sees_boss AS s;
END
$rls$;
REVOKE ALL ON FUNCTION rls.hierarchy(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.hierarchy(text) IS 'Whom a user sees through the hierarchy: the union of separate closures, one per relation.';
-- undo: DROP FUNCTION IF EXISTS rls.hierarchy(text);

-- function: function rls.shared_with(text), as rls_owner
-- Whom groups show to a user: their members or their creators, as each group shares. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.shared_with(viewer text)
RETURNS SETOF text
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
REVOKE ALL ON FUNCTION rls.shared_with(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.shared_with(text) IS 'Whom groups show to a user: their members or their creators, as each group shares.';
-- undo: DROP FUNCTION IF EXISTS rls.shared_with(text);

-- function: function rls.remember(text), as rls_owner
-- Writes down what decides about a user besides the hierarchy, where the row of their set is. Only where every transaction that
-- has raised a watermark is over, and so all that it has changed is seen here. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.remember(viewer text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $rls$
BEGIN
    -- One statement: the marks are read after its snapshot was taken. Whoever has raised them later is noticed by that, and
    -- whoever has raised them before is below the horizon, or nothing is written.
    WITH mark AS MATERIALIZED (
        SELECT w.last_value AS whole, d.last_value AS state, nextval('rls.set_version') AS version,
               clock_timestamp() AS moment, -- one for all: what ends meanwhile is valid now, and ends what is remembered
               greatest(w.last_value, g.last_value, d.last_value) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
               AND NOT EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid IN ('public.person'::regclass, 'public.club'::regclass, 'public.club_member'::regclass) OR i.inhparent IN ('public.person'::regclass, 'public.club'::regclass, 'public.club_member'::regclass))
               AND (SELECT count(*) FROM pg_trigger AS t WHERE t.tgrelid IN ('public.person'::regclass, 'public.club'::regclass, 'public.club_member'::regclass) AND t.tgenabled = 'A'
                    AND t.tgname IN ('rls_state_update', 'rls_state_rows', 'rls_state_truncate')) = 9 AS calm
        FROM rls.watermark AS w CROSS JOIN rls.graph_watermark AS g CROSS JOIN rls.state_watermark AS d
    ), principal AS MATERIALIZED (
        SELECT u.id, u.is_active, u.is_superuser, ARRAY['everyone', 'authenticated', 'user:' || u.id::text] || ARRAY(
                   SELECT 'group:' || g.id FROM rls.membership AS m JOIN rls.group_row AS g ON g.id = m.group_id WHERE m.user_id = u.id) AS grantees
        FROM rls.user_row AS u WHERE u.id = $1
    ), held AS MATERIALIZED (
        SELECT g.resource, g.action, g.valid_from, g.valid_until,
               (g.valid_from IS NULL OR g.valid_from <= n.moment)
               AND (g.valid_until IS NULL OR g.valid_until > n.moment) AS valid
        FROM mark AS n CROSS JOIN principal AS p JOIN rls."grant" AS g ON g.grantee = ANY (p.grantees)
    ), may AS MATERIALIZED (
        SELECT p.id, p.is_superuser, CASE
                 WHEN NOT p.is_active THEN '{}'
                 WHEN p.is_superuser THEN (SELECT coalesce(jsonb_object_agg(r.name, '[]'::jsonb), '{}') FROM rls.resource AS r)
                 -- What groups share is asked of the groups.
                 WHEN EXISTS (SELECT FROM rls.membership AS m WHERE m.user_id = p.id
            AND (SELECT g.shares_members OR g.shares_creator FROM rls.group_row AS g WHERE g.id = m.group_id)) THEN '{}'
                 ELSE (SELECT coalesce(jsonb_object_agg(a.resource, a.actions), '{}') FROM (
                     SELECT h.resource, jsonb_agg(DISTINCT h.action) AS actions FROM held AS h
                     -- Every action but create asks for a grant of read as well.
                     WHERE h.valid AND (h.action IN ('create', 'read') OR EXISTS (
                         SELECT FROM held AS r WHERE r.resource = h.resource AND r.action = 'read' AND r.valid))
                     GROUP BY h.resource) AS a)
                 END AS allowed
        FROM principal AS p
    )
    UPDATE rls.visible_set AS s SET
        version = n.version,
        decided = n.state,
        marked = CASE WHEN NOT EXISTS (
            SELECT FROM rls.graph_change AS c
            WHERE c.viewer IN (s.viewer, '*') AND (c.viewer = s.viewer OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
                AND (c.cluster <> s.computed_on
                OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid))) THEN n.whole END,
        -- Five minutes at most, for what nobody tells: somebody has dropped or disabled what tells.
        until = (SELECT least(min(t.at), n.moment + interval '5 minutes')
                 FROM held AS h CROSS JOIN LATERAL (VALUES (h.valid_from), (h.valid_until)) AS t(at)
                 WHERE t.at > n.moment),
        allowed = p.allowed,
        brief = CASE WHEN p.allowed <> '{}' AND strpos(s.viewer, '|') = 0 THEN concat_ws('|', '',
            (SELECT CASE WHEN a.named AND octet_length(a.words) <= 800 THEN a.words ELSE '@' END FROM (
                SELECT string_agg(',' || e.key || ':' || coalesce((
                           SELECT string_agg(left(w.action, 1), '') FROM jsonb_array_elements_text(e.value) AS w(action)
                           WHERE w.action IN ('create', 'read', 'update', 'delete')), ''), '') || ',' AS words,
                       bool_and(e.key ~ '^[a-z][a-z0-9_]*$') AS named -- as a model names them
                FROM jsonb_each(p.allowed) AS e) AS a),
            CASE WHEN p.is_superuser THEN '*'
                 WHEN s.form <> 'narrow' OR octet_length(s.ids_text::text) > 800 OR strpos(s.ids_text::text, '|') > 0 THEN '@'
                 ELSE s.ids_text::text END,
            n.version, s.viewer, CASE WHEN s.buckets IS NOT NULL THEN s.size / 40 END) END
    FROM may AS p CROSS JOIN mark AS n
    WHERE n.calm AND s.viewer = p.id::text AND s.model = CASE WHEN p.is_superuser THEN '*34dce11abcfaedc2f4642f822a11f6a7' ELSE '34dce11abcfaedc2f4642f822a11f6a7' END AND s.computed_on = s.restored_on;
    PERFORM rls.renew_memo_key(false);
END
$rls$;
REVOKE ALL ON FUNCTION rls.remember(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.remember(text) IS 'Writes down what decides about a user besides the hierarchy, where the row of their set is.';
-- undo: DROP FUNCTION IF EXISTS rls.remember(text);

-- function: function rls.prepare(text, text), as rls_owner
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
    known record;
    decided boolean;
    calm boolean;
    claimed text := value;
BEGIN
    IF kind <> 'user' THEN
        claimed := (SELECT u.id::text FROM rls.user_row AS u WHERE u.subject = $2);
    END IF;
    -- What was found out before counts while nothing has changed since.
    SELECT s.viewer, s.form, w.last_value, s.brief, s.until INTO known
    FROM rls.visible_set AS s JOIN rls.watermark AS w ON w.last_value = s.marked
    WHERE s.viewer = claimed AND s.model IN ('34dce11abcfaedc2f4642f822a11f6a7', '*34dce11abcfaedc2f4642f822a11f6a7') AND s.computed_on = s.restored_on AND s.until > clock_timestamp();
    IF FOUND THEN
        key := known.viewer;
        form := known.form;
        mark := known.last_value;
        brief := known.brief;
        until := known.until;
        RETURN;
    END IF;
    SELECT u.id::text, u.is_superuser, s.form, CASE WHEN s.viewer IS NOT NULL THEN (
        SELECT CASE WHEN bool_or(c.seen IS NULL OR c.cluster <> s.computed_on) THEN 1000000 ELSE count(*) END FROM rls.graph_change AS c
        WHERE c.viewer IN (s.viewer, '*') AND (c.viewer = s.viewer OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
          AND (c.cluster <> s.computed_on
          OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid))) END, s.brief, s.until, coalesce(s.decided = d.last_value AND s.until > clock_timestamp(), false),
           -- Every transaction that has raised a mark is over, so all that it has changed is seen here.
           w.last_value, greatest(w.last_value, g.last_value, d.last_value) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint
    INTO key, superuser, form, missing, brief, until, decided, mark, calm
    FROM rls.user_row AS u
    CROSS JOIN rls.watermark AS w CROSS JOIN rls.graph_watermark AS g CROSS JOIN rls.state_watermark AS d
    LEFT JOIN rls.visible_set AS s ON s.viewer = u.id::text AND s.model = CASE WHEN u.is_superuser THEN '*34dce11abcfaedc2f4642f822a11f6a7' ELSE '34dce11abcfaedc2f4642f822a11f6a7' END AND s.computed_on = s.restored_on
    WHERE u.id = rls.to_text(claimed);
    IF (decided AND calm AND missing = 0) IS NOT TRUE THEN
        brief := NULL;
    END IF;
    IF superuser IS NULL THEN
        form := CASE WHEN superuser THEN 'all' ELSE 'narrow' END;
        RETURN;
    END IF;
    -- A small set is renewed at once, a large one when it pays.
    renew := (missing IS NULL OR missing > CASE WHEN form IN ('narrow', 'all') THEN 0 ELSE 8 END);
    IF (renew OR calm AND (NOT decided OR random() < 0.1))
        AND current_setting('transaction_read_only') = 'off' AND current_setting('transaction_isolation') = 'read committed'
        AND rls.claim_set(key, renew) THEN
        IF renew THEN
            -- Locks the tables before the snapshot is taken: one from before they were rewritten would find them empty.
            PERFORM FROM rls.edge LIMIT 0;
            -- Not an update: its generated columns would stay as they were.
            DELETE FROM rls.visible_set AS v WHERE v.viewer = prepare.key;
            IF superuser THEN
                INSERT INTO rls.visible_set AS v (viewer, model, snapshot, since, xid, computed_on, size, form)
                VALUES (prepare.key, '*34dce11abcfaedc2f4642f822a11f6a7', pg_current_snapshot(), pg_snapshot_xmin(pg_current_snapshot()), pg_current_xact_id(), rls.cluster(), 0, 'all')
                RETURNING v.form INTO form;
            ELSE
            INSERT INTO rls.visible_set AS v (viewer, model, snapshot, since, xid, computed_on, size, form, ids_text, bits, ranges_text, buckets)
            WITH o AS MATERIALIZED (
                SELECT h.id::text AS id FROM rls.hierarchy(rls.to_text(prepare.key)) AS h(id)
            ), t AS (
                SELECT count(*) AS size, greatest(count(*), (SELECT c.reltuples FROM pg_class AS c WHERE c.oid = 'public.person'::regclass)) AS users FROM o
            )
            SELECT prepare.key, '34dce11abcfaedc2f4642f822a11f6a7', pg_current_snapshot(), pg_snapshot_xmin(pg_current_snapshot()), pg_current_xact_id(), rls.cluster(), t.size,
                   CASE WHEN t.size <= 200 THEN 'narrow' WHEN t.size > least(5000, t.users * 0.03) THEN 'wide' ELSE 'middle' END,
                   (SELECT coalesce(array_agg(o.id ORDER BY o.id), '{}') FROM o),
                   NULL::varbit,
                   (SELECT coalesce(range_agg(rls.text_range(o.id, o.id, '[]')), '{}') FROM o),
                   CASE WHEN t.size > greatest(2000, least(5000, t.users * 0.03)) THEN rls.buckets(ARRAY(SELECT sha256(convert_to(o.id, getdatabaseencoding())) FROM o)) END
            FROM t
            RETURNING v.form INTO form;
            END IF;
            DELETE FROM rls.graph_change AS d WHERE d.id IN (
                SELECT c.id FROM rls.graph_change AS c JOIN rls.visible_set AS s ON s.viewer = c.viewer
                WHERE c.viewer = prepare.key AND (c.viewer = '*' AND c.seen IS NULL AND c.visible) IS NOT TRUE AND (c.xid < s.since OR c.cluster <> s.computed_on)
                FOR UPDATE OF c SKIP LOCKED);
            IF EXISTS (SELECT FROM rls.graph_change AS c WHERE c.viewer = '*' AND c.seen IS NULL AND c.visible AND c.cluster <> rls.cluster()) THEN
                PERFORM rls.prune_changes();
            END IF;
        END IF;
        IF calm THEN
            PERFORM rls.remember(rls.to_text(key));
            SELECT s.viewer, s.form, w.last_value, s.brief, s.until INTO known
            FROM rls.visible_set AS s JOIN rls.watermark AS w ON w.last_value = s.marked
            WHERE s.viewer = key AND s.model IN ('34dce11abcfaedc2f4642f822a11f6a7', '*34dce11abcfaedc2f4642f822a11f6a7') AND s.computed_on = s.restored_on AND s.until > clock_timestamp();
            IF FOUND THEN
                key := known.viewer;
                form := known.form;
                mark := known.last_value;
                brief := known.brief;
                until := known.until;
                RETURN;
            END IF;
        END IF;
    END IF;
    IF superuser THEN
        form := 'all';
    ELSIF form IS NULL THEN -- nothing can be stored: each statement computes, and so may this
        SELECT CASE WHEN count(*) <= 200 THEN 'narrow' WHEN count(*) > 5000 THEN 'wide' ELSE 'middle' END INTO form
        FROM rls.hierarchy(rls.to_text(key));
    END IF;
END
$rls$;
REVOKE ALL ON FUNCTION rls.prepare(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.prepare(text, text) IS 'What entering does for a user: stores whom they see where that is not known, and returns the form of policies that fits.';
-- undo: DROP FUNCTION IF EXISTS rls.prepare(text, text);

-- function: function rls.visible_ids(text, boolean), as rls_owner
-- Whom a user sees, as an array. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.visible_ids(viewer text, hierarchy_only boolean)
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $rls$
DECLARE
    result text[];
    changed boolean;
    touched text[];
    gained text[];
BEGIN
    SELECT s.ids_text || '{}', EXISTS (
        SELECT FROM rls.graph_change AS c
        WHERE c.viewer IN ($1::text, '*') AND (c.viewer = $1::text OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
          AND (c.cluster <> s.computed_on
          OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid))
    ) INTO result, changed
    FROM rls.visible_set AS s
    WHERE s.viewer = $1::text AND s.model = '34dce11abcfaedc2f4642f822a11f6a7' AND s.computed_on = s.restored_on;
    IF changed THEN
        SELECT array_agg(c.seen::text), coalesce(array_agg(c.seen::text) FILTER (WHERE c.visible), '{}'), bool_or(c.seen IS NULL)
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
        result := result || ARRAY(SELECT x.id::text FROM rls.shared_with($1) AS x(id));
    END IF;
    RETURN result;
END
$rls$;
REVOKE ALL ON FUNCTION rls.visible_ids(text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.visible_ids(text, boolean) IS 'Whom a user sees, as an array.';
-- undo: DROP FUNCTION IF EXISTS rls.visible_ids(text, boolean);

-- function: function rls.visible_ranges(text, boolean), as rls_owner
-- Whom a user sees, as ranges of one key each. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.visible_ranges(viewer text, hierarchy_only boolean)
RETURNS rls.text_multirange
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $rls$
DECLARE
    result rls.text_multirange;
    changed boolean;
    touched text[];
    gained text[];
BEGIN
    SELECT s.ranges_text, EXISTS (
        SELECT FROM rls.graph_change AS c
        WHERE c.viewer IN ($1::text, '*') AND (c.viewer = $1::text OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
          AND (c.cluster <> s.computed_on
          OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid))
    ) INTO result, changed
    FROM rls.visible_set AS s
    WHERE s.viewer = $1::text AND s.model = '34dce11abcfaedc2f4642f822a11f6a7' AND s.computed_on = s.restored_on;
    IF changed THEN
        SELECT array_agg(c.seen::text), coalesce(array_agg(c.seen::text) FILTER (WHERE c.visible), '{}'), bool_or(c.seen IS NULL)
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
            result := result - coalesce((SELECT range_agg(rls.text_range(x.id, x.id, '[]')) FROM unnest(touched) AS x(id)), '{}')
                + coalesce((SELECT range_agg(rls.text_range(x.id, x.id, '[]')) FROM unnest(gained) AS x(id)), '{}');
        END IF;
    END IF;
    IF changed IS NOT false THEN
        result := coalesce((SELECT range_agg(rls.text_range(x.id, x.id, '[]')) FROM (SELECT h.id::text FROM rls.hierarchy($1) AS h(id)) AS x), '{}');
    END IF;
    IF NOT $2 AND EXISTS (SELECT FROM rls.membership AS m WHERE m.user_id = $1
            AND (SELECT g.shares_members OR g.shares_creator FROM rls.group_row AS g WHERE g.id = m.group_id)) THEN
        result := result + coalesce((SELECT range_agg(rls.text_range(x.id, x.id, '[]')) FROM (SELECT h.id::text FROM rls.shared_with($1) AS h(id)) AS x), '{}');
    END IF;
    RETURN result;
END
$rls$;
REVOKE ALL ON FUNCTION rls.visible_ranges(text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.visible_ranges(text, boolean) IS 'Whom a user sees, as ranges of one key each.';
-- undo: DROP FUNCTION IF EXISTS rls.visible_ranges(text, boolean);

-- function: function rls.ask_passes_owners(text, text, boolean), as rls_owner
-- Whether the principal passes owners and needs no grant for an action on a resource: an active superuser, and the resource
-- registered, or a service whom the model allows the action. With NULL for an action that no allowance gives. Raises for other
-- users where the policy has no branch for them (alone).
-- What rls.passes_owners asks where there is no memo. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.ask_passes_owners(action text, resource text, alone boolean)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $rls$
DECLARE
    who rls.identity := rls.identify();
    key text;
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
    key := rls.to_text(who.key);
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
REVOKE ALL ON FUNCTION rls.ask_passes_owners(text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.ask_passes_owners(text, text, boolean) IS 'Whether the principal passes owners and needs no grant for an action on a resource: an active superuser, and the resource registered, or a service whom the model allows the action.';
-- undo: DROP FUNCTION IF EXISTS rls.ask_passes_owners(text, text, boolean);

-- function: function rls.passes_owners(text, text, boolean), as rls_owner
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
AS $rls$
DECLARE
    memo text := current_setting('rls.memo', true);
    part text[] := string_to_array(memo, '|');
    context text := current_setting('rls.context', true);
BEGIN
    IF left(memo, 1) = '=' AND current_setting('transaction_isolation') <> 'serializable' THEN
        -- The watermark is part of the hash: entering has found that all is current, and it stands where it stood then.
        -- By the clock: one statement can run for longer than the transaction may.
        IF substr(memo, 2, 64) = encode(sha256(convert_to(substr(memo, 66), 'UTF8')
                || int8send(coalesce(pg_sequence_last_value('rls.watermark'), 0)) || convert_to(context, 'UTF8')
                || timestamptz_send(transaction_timestamp()) || convert_to(session_user, 'UTF8')
                || int8send(pg_sequence_last_value('rls.memo_key_1')) || int8send(pg_sequence_last_value('rls.memo_key_2'))), 'hex')
            AND clock_timestamp() < to_timestamp(part[2]::double precision)
            -- Whoever has the key from a dump has it for ten minutes: entering draws another one by then.
            AND pg_sequence_last_value('rls.memo_key_drawn') > extract(epoch FROM clock_timestamp()) - 600
            -- A cursor may be older than what entering has found: it asks what was true then.
            AND coalesce(pg_sequence_last_value('rls.watermark'), 0) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint THEN
            IF part[4] <> '*' THEN
                IF $3 IS NOT true THEN
                    RETURN false;
                END IF;
            ELSIF part[3] = '@' THEN
                PERFORM FROM rls.visible_set AS s WHERE s.viewer = part[6] AND s.version = part[5]::bigint AND s.allowed ? $2;
                IF FOUND THEN
                    RETURN true;
                END IF;
            ELSIF strpos(part[3], ',' || $2 || ':') > 0 AND strpos($2, ',') = 0 THEN
                RETURN true;
            END IF;
        END IF;
    END IF;
    RETURN rls.ask_passes_owners($1, $2, $3);
END
$rls$;
REVOKE ALL ON FUNCTION rls.passes_owners(text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.passes_owners(text, text, boolean) TO rls_client;
COMMENT ON FUNCTION rls.passes_owners(text, text, boolean) IS 'Whether the principal passes owners and needs no grant for an action on a resource: an active superuser, and the resource registered, or a service whom the model allows the action.';
-- undo: DROP FUNCTION IF EXISTS rls.passes_owners(text, text, boolean);

-- function: function rls.graph_viewer(text, text, boolean), as rls_owner
-- Key of the user whom the graph may admit to rows of a resource: active, no superuser, with a grant of the action, and for every
-- action but create one of read as well. NULL for everybody else; with alone an error for superusers. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.graph_viewer(action text, resource text, alone boolean)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $rls$
DECLARE
    who rls.identity := rls.identify();
    key text;
    grantees text[];
    viewer text;
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
    key := rls.to_text(who.key);
    grantees := ARRAY['everyone', 'authenticated', 'user:' || who.key];
    SELECT u.id, u.is_active, u.is_superuser, EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = $1 AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp()))
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
              AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp()));
    END IF;
    IF granted AND $1 NOT IN ('create', 'read') THEN
        granted := EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = 'read' AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp()));
    END IF;
    IF NOT granted THEN
        RETURN NULL;
    END IF;
    RETURN viewer;
END
$rls$;
REVOKE ALL ON FUNCTION rls.graph_viewer(text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.graph_viewer(text, text, boolean) IS 'Key of the user whom the graph may admit to rows of a resource: active, no superuser, with a grant of the action, and for every action but create one of read as well.';
-- undo: DROP FUNCTION IF EXISTS rls.graph_viewer(text, text, boolean);

-- function: function rls.ask_admitted_owners(text, text, text, boolean), as rls_owner
-- Users whose rows the principal may act on, as an array: who is visible within the scope, if a grant of the action is held.
-- Every action but create asks for a grant of read as well. Raises for superusers where the policy has no branch for them (alone).
-- What rls.admitted_owners asks where there is no memo. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.ask_admitted_owners(action text, resource text, scope text, alone boolean)
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $rls$
DECLARE
    who rls.identity := rls.identify();
    key text;
    grantees text[];
    viewer text;
    active boolean;
    superuser boolean;
    granted boolean;
    stored text[];
    more boolean;
BEGIN
    IF who.kind IS DISTINCT FROM 'user' THEN
        IF $4 AND who.kind = 'service' AND rls.service_may(who.key, $1, $2) THEN
            RAISE EXCEPTION 'a service is in a database role whose policies have no branch for services'
                USING ERRCODE = 'RL016', HINT = 'Stay in the database role that entering has taken.';
        END IF;
        RETURN '{}';
    END IF;
    key := rls.to_text(who.key);
    grantees := ARRAY['everyone', 'authenticated', 'user:' || who.key];
    SELECT u.id, u.is_active, u.is_superuser, EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = $1 AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp())),
        s.ids_text || '{}',
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
    LEFT JOIN rls.visible_set AS s ON s.viewer = u.id::text AND s.model = '34dce11abcfaedc2f4642f822a11f6a7' AND s.computed_on = s.restored_on AND $3 <> 'self'
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
              AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp()));
    END IF;
    IF granted AND $1 NOT IN ('create', 'read') THEN
        granted := EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = 'read' AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp()));
    END IF;
    IF NOT granted THEN
        RETURN '{}';
    END IF;
    CASE $3
    WHEN 'self' THEN
        RETURN ARRAY[viewer]::text[];
    WHEN 'hierarchy', 'visible' THEN
        IF more THEN
            RETURN rls.visible_ids(viewer, $3 = 'hierarchy');
        END IF;
        RETURN coalesce(stored, '{}');
    ELSE
        RETURN '{}'; -- no such scope
    END CASE;
END
$rls$;
REVOKE ALL ON FUNCTION rls.ask_admitted_owners(text, text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.ask_admitted_owners(text, text, text, boolean) IS 'Users whose rows the principal may act on, as an array: who is visible within the scope, if a grant of the action is held.';
-- undo: DROP FUNCTION IF EXISTS rls.ask_admitted_owners(text, text, text, boolean);

-- function: function rls.admitted_owners(text, text, text, boolean), as rls_owner
-- Users whose rows the principal may act on, as an array: who is visible within the scope, if a grant of the action is held.
-- Every action but create asks for a grant of read as well. Raises for superusers where the policy has no branch for them (alone).
CREATE OR REPLACE FUNCTION rls.admitted_owners(action text, resource text, scope text, alone boolean)
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $rls$
DECLARE
    memo text := current_setting('rls.memo', true);
    part text[] := string_to_array(memo, '|');
    context text := current_setting('rls.context', true);
    stored text[];
    viewer text;
BEGIN
    IF left(memo, 1) = '=' AND current_setting('transaction_isolation') <> 'serializable' THEN
        -- The watermark is part of the hash: entering has found that all is current, and it stands where it stood then.
        -- By the clock: one statement can run for longer than the transaction may.
        IF substr(memo, 2, 64) = encode(sha256(convert_to(substr(memo, 66), 'UTF8')
                || int8send(coalesce(pg_sequence_last_value('rls.watermark'), 0)) || convert_to(context, 'UTF8')
                || timestamptz_send(transaction_timestamp()) || convert_to(session_user, 'UTF8')
                || int8send(pg_sequence_last_value('rls.memo_key_1')) || int8send(pg_sequence_last_value('rls.memo_key_2'))), 'hex')
            AND clock_timestamp() < to_timestamp(part[2]::double precision)
            -- Whoever has the key from a dump has it for ten minutes: entering draws another one by then.
            AND pg_sequence_last_value('rls.memo_key_drawn') > extract(epoch FROM clock_timestamp()) - 600
            -- A cursor may be older than what entering has found: it asks what was true then.
            AND coalesce(pg_sequence_last_value('rls.watermark'), 0) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint THEN
            IF part[4] <> '*' AND $3 IN ('self', 'hierarchy', 'visible')
                AND (part[3] = '@' OR $1 IN ('create', 'read', 'update', 'delete') AND strpos(split_part(split_part(part[3], ',' || $2 || ':', 2), ',', 1), left($1, 1)) > 0 AND strpos($2, ',') = 0) THEN
                IF part[3] <> '@' AND $3 = 'self' THEN
                    viewer := rls.to_text(part[6]);
                    RETURN ARRAY[viewer]::text[];
                END IF;
                IF part[3] <> '@' AND part[4] <> '@' THEN
                    RETURN part[4]::text[];
                END IF;
                SELECT s.ids_text || '{}' INTO stored
                FROM rls.visible_set AS s WHERE s.viewer = part[6] AND s.version = part[5]::bigint AND (part[3] <> '@' OR s.allowed -> $2 ? $1);
                IF FOUND AND $3 = 'self' THEN
                    viewer := rls.to_text(part[6]);
                    RETURN ARRAY[viewer]::text[];
                ELSIF FOUND THEN
                    RETURN coalesce(stored, '{}');
                END IF;
            END IF;
        END IF;
    END IF;
    RETURN rls.ask_admitted_owners($1, $2, $3, $4);
END
$rls$;
REVOKE ALL ON FUNCTION rls.admitted_owners(text, text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.admitted_owners(text, text, text, boolean) TO rls_client;
COMMENT ON FUNCTION rls.admitted_owners(text, text, text, boolean) IS 'Users whose rows the principal may act on, as an array: who is visible within the scope, if a grant of the action is held.';
-- undo: DROP FUNCTION IF EXISTS rls.admitted_owners(text, text, text, boolean);

-- function: function rls.admitted_buckets(text, text, text, boolean), as rls_owner
-- Users whose rows the principal may act on, as rls.in_buckets reads them. NULL where nothing is known of them, or they are few:
-- then rls.admitted_ranges tells.
CREATE OR REPLACE FUNCTION rls.admitted_buckets(action text, resource text, scope text, alone boolean)
RETURNS bytea
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $rls$
DECLARE
    memo text := current_setting('rls.memo', true);
    part text[] := string_to_array(memo, '|');
    context text := current_setting('rls.context', true);
    stored bytea;
BEGIN
    IF left(memo, 1) = '=' AND current_setting('transaction_isolation') <> 'serializable' THEN
        -- The watermark is part of the hash: entering has found that all is current, and it stands where it stood then.
        -- By the clock: one statement can run for longer than the transaction may.
        IF substr(memo, 2, 64) = encode(sha256(convert_to(substr(memo, 66), 'UTF8')
                || int8send(coalesce(pg_sequence_last_value('rls.watermark'), 0)) || convert_to(context, 'UTF8')
                || timestamptz_send(transaction_timestamp()) || convert_to(session_user, 'UTF8')
                || int8send(pg_sequence_last_value('rls.memo_key_1')) || int8send(pg_sequence_last_value('rls.memo_key_2'))), 'hex')
            AND clock_timestamp() < to_timestamp(part[2]::double precision)
            -- Whoever has the key from a dump has it for ten minutes: entering draws another one by then.
            AND pg_sequence_last_value('rls.memo_key_drawn') > extract(epoch FROM clock_timestamp()) - 600
            -- A cursor may be older than what entering has found: it asks what was true then.
            AND coalesce(pg_sequence_last_value('rls.watermark'), 0) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint THEN
            IF $3 IN ('hierarchy', 'visible') AND (part[3] = '@' OR $1 IN ('create', 'read', 'update', 'delete') AND strpos(split_part(split_part(part[3], ',' || $2 || ':', 2), ',', 1), left($1, 1)) > 0 AND strpos($2, ',') = 0) THEN
                SELECT s.buckets INTO stored
                FROM rls.visible_set AS s WHERE s.viewer = part[6] AND s.version = part[5]::bigint AND (part[3] <> '@' OR s.allowed -> $2 ? $1);
            END IF;
        END IF;
    END IF;
    RETURN stored;
END
$rls$;
REVOKE ALL ON FUNCTION rls.admitted_buckets(text, text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.admitted_buckets(text, text, text, boolean) TO rls_client;
COMMENT ON FUNCTION rls.admitted_buckets(text, text, text, boolean) IS 'Users whose rows the principal may act on, as rls.in_buckets reads them.';
-- undo: DROP FUNCTION IF EXISTS rls.admitted_buckets(text, text, text, boolean);

-- function: function rls.ask_admitted_ranges(text, text, text, boolean), as rls_owner
-- Users whose rows the principal may act on, as ranges: who is visible within the scope, if a grant of the action is held.
-- Every action but create asks for a grant of read as well. Raises for superusers where the policy has no branch for them (alone).
-- What rls.admitted_ranges asks where there is no memo. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.ask_admitted_ranges(action text, resource text, scope text, alone boolean)
RETURNS rls.text_multirange
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $rls$
DECLARE
    who rls.identity := rls.identify();
    key text;
    grantees text[];
    viewer text;
    active boolean;
    superuser boolean;
    granted boolean;
    stored rls.text_multirange;
    more boolean;
BEGIN
    IF who.kind IS DISTINCT FROM 'user' THEN
        IF $4 AND who.kind = 'service' AND rls.service_may(who.key, $1, $2) THEN
            RAISE EXCEPTION 'a service is in a database role whose policies have no branch for services'
                USING ERRCODE = 'RL016', HINT = 'Stay in the database role that entering has taken.';
        END IF;
        RETURN '{}';
    END IF;
    key := rls.to_text(who.key);
    grantees := ARRAY['everyone', 'authenticated', 'user:' || who.key];
    SELECT u.id, u.is_active, u.is_superuser, EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = $1 AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp())),
        s.ranges_text,
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
    LEFT JOIN rls.visible_set AS s ON s.viewer = u.id::text AND s.model = '34dce11abcfaedc2f4642f822a11f6a7' AND s.computed_on = s.restored_on AND $3 <> 'self'
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
              AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp()));
    END IF;
    IF granted AND $1 NOT IN ('create', 'read') THEN
        granted := EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = 'read' AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp()));
    END IF;
    IF NOT granted THEN
        RETURN '{}';
    END IF;
    CASE $3
    WHEN 'self' THEN
        RETURN rls.text_multirange(rls.text_range(viewer, viewer, '[]'));
    WHEN 'hierarchy', 'visible' THEN
        IF more THEN
            RETURN rls.visible_ranges(viewer, $3 = 'hierarchy');
        END IF;
        RETURN coalesce(stored, '{}');
    ELSE
        RETURN '{}'; -- no such scope
    END CASE;
END
$rls$;
REVOKE ALL ON FUNCTION rls.ask_admitted_ranges(text, text, text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.ask_admitted_ranges(text, text, text, boolean) IS 'Users whose rows the principal may act on, as ranges: who is visible within the scope, if a grant of the action is held.';
-- undo: DROP FUNCTION IF EXISTS rls.ask_admitted_ranges(text, text, text, boolean);

-- function: function rls.admitted_ranges(text, text, text, boolean), as rls_owner
-- Users whose rows the principal may act on, as ranges: who is visible within the scope, if a grant of the action is held.
-- Every action but create asks for a grant of read as well. Raises for superusers where the policy has no branch for them (alone).
CREATE OR REPLACE FUNCTION rls.admitted_ranges(action text, resource text, scope text, alone boolean)
RETURNS rls.text_multirange
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $rls$
DECLARE
    memo text := current_setting('rls.memo', true);
    part text[] := string_to_array(memo, '|');
    context text := current_setting('rls.context', true);
    stored rls.text_multirange;
    viewer text;
BEGIN
    IF left(memo, 1) = '=' AND current_setting('transaction_isolation') <> 'serializable' THEN
        -- The watermark is part of the hash: entering has found that all is current, and it stands where it stood then.
        -- By the clock: one statement can run for longer than the transaction may.
        IF substr(memo, 2, 64) = encode(sha256(convert_to(substr(memo, 66), 'UTF8')
                || int8send(coalesce(pg_sequence_last_value('rls.watermark'), 0)) || convert_to(context, 'UTF8')
                || timestamptz_send(transaction_timestamp()) || convert_to(session_user, 'UTF8')
                || int8send(pg_sequence_last_value('rls.memo_key_1')) || int8send(pg_sequence_last_value('rls.memo_key_2'))), 'hex')
            AND clock_timestamp() < to_timestamp(part[2]::double precision)
            -- Whoever has the key from a dump has it for ten minutes: entering draws another one by then.
            AND pg_sequence_last_value('rls.memo_key_drawn') > extract(epoch FROM clock_timestamp()) - 600
            -- A cursor may be older than what entering has found: it asks what was true then.
            AND coalesce(pg_sequence_last_value('rls.watermark'), 0) < pg_snapshot_xmin(pg_current_snapshot())::text::bigint THEN
            IF part[4] <> '*' AND $3 IN ('self', 'hierarchy', 'visible')
                AND (part[3] = '@' OR $1 IN ('create', 'read', 'update', 'delete') AND strpos(split_part(split_part(part[3], ',' || $2 || ':', 2), ',', 1), left($1, 1)) > 0 AND strpos($2, ',') = 0) THEN
                IF part[3] <> '@' AND $3 = 'self' THEN
                    viewer := rls.to_text(part[6]);
                    RETURN rls.text_multirange(rls.text_range(viewer, viewer, '[]'));
                END IF;
                SELECT s.ranges_text INTO stored
                FROM rls.visible_set AS s WHERE s.viewer = part[6] AND s.version = part[5]::bigint AND (part[3] <> '@' OR s.allowed -> $2 ? $1);
                IF FOUND AND $3 = 'self' THEN
                    viewer := rls.to_text(part[6]);
                    RETURN rls.text_multirange(rls.text_range(viewer, viewer, '[]'));
                ELSIF FOUND THEN
                    RETURN coalesce(stored, '{}');
                END IF;
            END IF;
        END IF;
    END IF;
    RETURN rls.ask_admitted_ranges($1, $2, $3, $4);
END
$rls$;
REVOKE ALL ON FUNCTION rls.admitted_ranges(text, text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.admitted_ranges(text, text, text, boolean) TO rls_client;
COMMENT ON FUNCTION rls.admitted_ranges(text, text, text, boolean) IS 'Users whose rows the principal may act on, as ranges: who is visible within the scope, if a grant of the action is held.';
-- undo: DROP FUNCTION IF EXISTS rls.admitted_ranges(text, text, text, boolean);

-- function: function rls.admitted_groups(text, text, boolean), as rls_owner
-- Keys of the principal's groups whose rows the principal may act on, if a grant of the action is held.
-- Raises for superusers where the policy has no branch for them (alone).
CREATE OR REPLACE FUNCTION rls.admitted_groups(action text, resource text, alone boolean)
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $rls$
DECLARE
    viewer text := rls.graph_viewer($1, $2, $3);
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
-- undo: DROP FUNCTION IF EXISTS rls.admitted_groups(text, text, boolean);

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

-- registry: where users and groups are, as rls_owner
INSERT INTO rls.directory (mapping) VALUES ('{"timezone":"UTC","users":{"schema":"public","table":"person","key":"code","key_type":"text","active":{},"superuser":{},"staff":{},"edges":[{"kind":"boss","column":"boss"}]},"groups":{"schema":"public","table":"club","key":"code","key_type":"text","creator":"maker","share_members":{},"share_creator":{"sql":"true","compiled":"true"},"members_schema":"public","members_table":"club_member","member_group":"club","member_user":"person"}}')
ON CONFLICT (singleton) DO UPDATE SET mapping = EXCLUDED.mapping;
-- undo: DELETE FROM rls.directory;

-- function: function rls.objects_memo(text, text[]), as rls_owner
-- Which of some objects of memo admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_memo(action text, keys text[])
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $rls$
BEGIN
    RETURN ARRAY(
        SELECT k.key FROM unnest($2) AS k(key)
        JOIN public.memo AS t ON t.code = rls.to_text(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.author = ANY ((SELECT rls.admitted_owners('read', 'memo', 'visible', false))::text[])
              OR t.club = ANY ((SELECT rls.admitted_groups('read', 'memo', false))::text[])
              OR t.code >= (SELECT CASE WHEN rls.passes_owners('read', 'memo', false) THEN ''::text END))
          WHEN 'update' THEN (
              t.author = ANY ((SELECT rls.admitted_owners('update', 'memo', 'visible', false))::text[])
              OR t.club = ANY ((SELECT rls.admitted_groups('update', 'memo', false))::text[])
              OR t.code >= (SELECT CASE WHEN rls.passes_owners('update', 'memo', false) THEN ''::text END))
          WHEN 'delete' THEN (
              t.author = ANY ((SELECT rls.admitted_owners('delete', 'memo', 'visible', false))::text[])
              OR t.club = ANY ((SELECT rls.admitted_groups('delete', 'memo', false))::text[])
              OR t.code >= (SELECT CASE WHEN rls.passes_owners('delete', 'memo', false) THEN ''::text END))
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
        RETURN NEW;
    END IF;
    IF ((NEW.author IS DISTINCT FROM OLD.author AND NEW.author IS NOT NULL AND NEW.author <> ALL (rls.admitted_owners('update', 'memo', 'visible', false)))
        OR (NEW.club IS DISTINCT FROM OLD.club AND NEW.club IS NOT NULL AND NEW.club <> ALL (rls.admitted_groups('update', 'memo', false)))) AND NOT rls.passes_owners(NULL, 'memo', false) THEN
        RAISE EXCEPTION 'a row of resource "%" would go to an owner out of reach', 'memo'
            USING ERRCODE = '42501', HINT = 'Name an owner whom the owner check of the resource admits.';
    END IF;
    RETURN NEW;
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

-- function: function rls.record_change(text[], text[]), as rls_owner
-- Tells viewers what has become of users whom they may have seen or may see now; beyond some size, that they must look anew.
-- Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.record_change(viewers text[], seen text[])
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
                SELECT e.viewer FROM rls.edge AS e WHERE e.seen = w.id AND e.kind = 'boss' OFFSET 0) AS e
        ), reached AS (
            SELECT w.seen, w.id FROM up_1 AS w
        )
        SELECT v.id::text, s.id::text, EXISTS (SELECT FROM reached AS r WHERE r.seen = s.id AND r.id = v.id), l.cluster
        FROM unnest($1) AS v(id) CROSS JOIN unnest($2) AS s(id) CROSS JOIN rls.graph_lock AS l
        WHERE v.id <> s.id; -- everybody sees themself
    END IF;
END
$rls$;
REVOKE ALL ON FUNCTION rls.record_change(text[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION rls.record_change(text[], text[]) IS 'Tells viewers what has become of users whom they may have seen or may see now; beyond some size, that they must look anew.';
-- undo: DROP FUNCTION IF EXISTS rls.record_change(text[], text[]);

-- function: function rls.record_changes(rls.edge_change[]), as rls_owner
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
    viewers text[];
    touched text[];
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
    -- boss
    mine := ARRAY(SELECT c::rls.edge_change FROM unnest(changes) AS c WHERE c.kind = ANY (ARRAY['boss']::text[]));
    IF cardinality(mine) = 1 AND alone AND NOT EXISTS (SELECT FROM rls.edge AS e WHERE e.viewer = rls.to_text(mine[1].seen) AND e.kind = 'boss')
        AND EXISTS (SELECT FROM rls.user_row AS u WHERE u.id = rls.to_text(mine[1].seen)) THEN
        -- Somebody new with nobody below, as when people join: whoever is above sees them.
        INSERT INTO rls.graph_change (viewer, seen, visible, cluster)
        WITH RECURSIVE above(id) AS (
            SELECT rls.to_text(mine[1].viewer)
            UNION
            SELECT e.viewer FROM above AS w CROSS JOIN LATERAL (
                SELECT e.viewer FROM rls.edge AS e WHERE e.seen = w.id AND e.kind = 'boss' OFFSET 0) AS e
        )
        SELECT a.id::text, mine[1].seen, true, l.cluster FROM above AS a CROSS JOIN rls.graph_lock AS l WHERE a.id IS NOT NULL;
    ELSIF cardinality(mine) > 0 THEN
        WITH RECURSIVE above(id) AS (
            SELECT rls.to_text(c.viewer) FROM unnest(mine) AS c
            UNION
            SELECT e.viewer FROM above AS w CROSS JOIN LATERAL (SELECT e.viewer FROM rls.edge AS e WHERE e.seen = w.id AND e.kind = 'boss'
                    UNION ALL SELECT rls.to_text(c.viewer) FROM rls.edge_gone AS c WHERE c.seen = w.id::text AND c.kind = ANY (ARRAY['boss']::text[])) AS e
        )
        SELECT array_agg(DISTINCT a.id) INTO viewers FROM (SELECT a.id FROM above AS a WHERE a.id IS NOT NULL LIMIT 5001) AS a;
        WITH RECURSIVE below(id) AS (
            SELECT rls.to_text(c.seen) FROM unnest(mine) AS c
            UNION
            SELECT e.seen FROM below AS w CROSS JOIN LATERAL (SELECT e.seen FROM rls.edge AS e WHERE e.viewer = w.id AND e.kind = 'boss'
                    UNION ALL SELECT rls.to_text(c.seen) FROM rls.edge_gone AS c WHERE c.viewer = w.id::text AND c.kind = ANY (ARRAY['boss']::text[])) AS e
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
-- undo: DROP FUNCTION IF EXISTS rls.record_changes(rls.edge_change[]);

-- function: function rls.users_changed(), as rls_owner
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
        IF EXISTS (SELECT FROM new_rows AS n) THEN
            PERFORM rls.lock_graph();
        END IF;
        SELECT array_agg(ROW(e.kind, e.viewer, e.seen, false)::rls.edge_change) INTO changes FROM (
            (SELECT 'boss'::text AS kind, (t.boss::text)::text AS viewer, (t.code::text)::text AS seen FROM new_rows AS t WHERE t.boss IS NOT NULL)) AS e WHERE e.viewer IS NOT NULL AND e.seen IS NOT NULL;
    WHEN 'DELETE' THEN
        IF EXISTS (SELECT FROM old_rows AS n) THEN
            PERFORM rls.lock_graph();
        END IF;
        SELECT array_agg(ROW(e.kind, e.viewer, e.seen, true)::rls.edge_change) INTO changes FROM (
            (SELECT 'boss'::text AS kind, (t.boss::text)::text AS viewer, (t.code::text)::text AS seen FROM old_rows AS t WHERE t.boss IS NOT NULL)) AS e WHERE e.viewer IS NOT NULL AND e.seen IS NOT NULL;
    WHEN 'UPDATE' THEN
        SELECT array_agg(ROW(e.kind, e.viewer, e.seen, e.gone)::rls.edge_change) INTO changes FROM (
            (SELECT o.*, true AS gone FROM ((SELECT 'boss'::text AS kind, (t.boss::text)::text AS viewer, (t.code::text)::text AS seen FROM old_rows AS t WHERE t.boss IS NOT NULL) EXCEPT ALL (SELECT 'boss'::text AS kind, (t.boss::text)::text AS viewer, (t.code::text)::text AS seen FROM new_rows AS t WHERE t.boss IS NOT NULL)) AS o)
            UNION ALL (SELECT n.*, false FROM ((SELECT 'boss'::text AS kind, (t.boss::text)::text AS viewer, (t.code::text)::text AS seen FROM new_rows AS t WHERE t.boss IS NOT NULL) EXCEPT ALL (SELECT 'boss'::text AS kind, (t.boss::text)::text AS viewer, (t.code::text)::text AS seen FROM old_rows AS t WHERE t.boss IS NOT NULL)) AS n)) AS e WHERE e.viewer IS NOT NULL AND e.seen IS NOT NULL;
    END CASE;
    IF changes IS NOT NULL THEN
        PERFORM rls.record_changes(changes);
    END IF;
    RETURN NULL;
END
$rls$;
REVOKE ALL ON FUNCTION rls.users_changed() FROM PUBLIC;
COMMENT ON FUNCTION rls.users_changed() IS 'Reports the edges that a change of users adds and takes away.';
-- undo: DROP FUNCTION IF EXISTS rls.users_changed();

-- trigger: trigger rls_graph_insert on public.person
CREATE TRIGGER rls_graph_insert
    AFTER INSERT ON public.person
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION rls.users_changed();
ALTER TABLE public.person ENABLE ALWAYS TRIGGER rls_graph_insert;
SELECT rls.forget_sets();
-- undo: DROP TRIGGER IF EXISTS rls_graph_insert ON public.person;

-- trigger: trigger rls_graph_update on public.person
CREATE TRIGGER rls_graph_update
    AFTER UPDATE ON public.person
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION rls.users_changed();
ALTER TABLE public.person ENABLE ALWAYS TRIGGER rls_graph_update;
SELECT rls.forget_sets();
-- undo: DROP TRIGGER IF EXISTS rls_graph_update ON public.person;

-- trigger: trigger rls_graph_delete on public.person
CREATE TRIGGER rls_graph_delete
    AFTER DELETE ON public.person
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION rls.users_changed();
ALTER TABLE public.person ENABLE ALWAYS TRIGGER rls_graph_delete;
SELECT rls.forget_sets();
-- undo: DROP TRIGGER IF EXISTS rls_graph_delete ON public.person;

-- trigger: trigger rls_graph_truncate on public.person
CREATE TRIGGER rls_graph_truncate
    AFTER TRUNCATE ON public.person
    FOR EACH STATEMENT EXECUTE FUNCTION rls.graph_rewritten();
ALTER TABLE public.person ENABLE ALWAYS TRIGGER rls_graph_truncate;
SELECT rls.forget_sets();
-- undo: DROP TRIGGER IF EXISTS rls_graph_truncate ON public.person;

-- trigger: trigger rls_graph_replica on public.person
CREATE TRIGGER rls_graph_replica
    AFTER INSERT OR UPDATE OR DELETE ON public.person
    FOR EACH ROW EXECUTE FUNCTION rls.graph_rewritten();
ALTER TABLE public.person ENABLE REPLICA TRIGGER rls_graph_replica;
SELECT rls.forget_sets();
-- undo: DROP TRIGGER IF EXISTS rls_graph_replica ON public.person;

-- trigger: trigger zz_rls_state_ahead on public.person
CREATE TRIGGER zz_rls_state_ahead
    BEFORE UPDATE ON public.person
    FOR EACH ROW WHEN (NEW.code IS DISTINCT FROM OLD.code)
    EXECUTE FUNCTION rls.state_changed();
ALTER TABLE public.person ENABLE ALWAYS TRIGGER zz_rls_state_ahead;
SELECT rls.raise_watermark('state');
-- undo: DROP TRIGGER IF EXISTS zz_rls_state_ahead ON public.person;

-- trigger: trigger rls_state_update on public.person
CREATE TRIGGER rls_state_update
    AFTER UPDATE ON public.person
    FOR EACH ROW WHEN (NEW.code IS DISTINCT FROM OLD.code)
    EXECUTE FUNCTION rls.state_changed();
ALTER TABLE public.person ENABLE ALWAYS TRIGGER rls_state_update;
SELECT rls.raise_watermark('state');
-- undo: DROP TRIGGER IF EXISTS rls_state_update ON public.person;

-- trigger: trigger rls_state_rows on public.person
CREATE TRIGGER rls_state_rows
    BEFORE DELETE ON public.person
    FOR EACH STATEMENT
    EXECUTE FUNCTION rls.state_changed();
ALTER TABLE public.person ENABLE ALWAYS TRIGGER rls_state_rows;
SELECT rls.raise_watermark('state');
-- undo: DROP TRIGGER IF EXISTS rls_state_rows ON public.person;

-- trigger: trigger rls_state_truncate on public.person
CREATE TRIGGER rls_state_truncate
    BEFORE TRUNCATE ON public.person
    FOR EACH STATEMENT
    EXECUTE FUNCTION rls.state_changed();
ALTER TABLE public.person ENABLE ALWAYS TRIGGER rls_state_truncate;
SELECT rls.raise_watermark('state');
-- undo: DROP TRIGGER IF EXISTS rls_state_truncate ON public.person;

-- trigger: trigger rls_state_replica on public.person
CREATE TRIGGER rls_state_replica
    AFTER DELETE ON public.person
    FOR EACH ROW
    EXECUTE FUNCTION rls.state_changed();
ALTER TABLE public.person ENABLE REPLICA TRIGGER rls_state_replica;
SELECT rls.raise_watermark('state');
-- undo: DROP TRIGGER IF EXISTS rls_state_replica ON public.person;

-- trigger: trigger zz_rls_state_ahead on public.club
CREATE TRIGGER zz_rls_state_ahead
    BEFORE UPDATE ON public.club
    FOR EACH ROW WHEN (NEW.code IS DISTINCT FROM OLD.code)
    EXECUTE FUNCTION rls.state_changed();
ALTER TABLE public.club ENABLE ALWAYS TRIGGER zz_rls_state_ahead;
SELECT rls.raise_watermark('state');
-- undo: DROP TRIGGER IF EXISTS zz_rls_state_ahead ON public.club;

-- trigger: trigger rls_state_update on public.club
CREATE TRIGGER rls_state_update
    AFTER UPDATE ON public.club
    FOR EACH ROW WHEN (NEW.code IS DISTINCT FROM OLD.code)
    EXECUTE FUNCTION rls.state_changed();
ALTER TABLE public.club ENABLE ALWAYS TRIGGER rls_state_update;
SELECT rls.raise_watermark('state');
-- undo: DROP TRIGGER IF EXISTS rls_state_update ON public.club;

-- trigger: trigger rls_state_rows on public.club
CREATE TRIGGER rls_state_rows
    BEFORE INSERT OR DELETE ON public.club
    FOR EACH STATEMENT
    EXECUTE FUNCTION rls.state_changed();
ALTER TABLE public.club ENABLE ALWAYS TRIGGER rls_state_rows;
SELECT rls.raise_watermark('state');
-- undo: DROP TRIGGER IF EXISTS rls_state_rows ON public.club;

-- trigger: trigger rls_state_truncate on public.club
CREATE TRIGGER rls_state_truncate
    BEFORE TRUNCATE ON public.club
    FOR EACH STATEMENT
    EXECUTE FUNCTION rls.state_changed();
ALTER TABLE public.club ENABLE ALWAYS TRIGGER rls_state_truncate;
SELECT rls.raise_watermark('state');
-- undo: DROP TRIGGER IF EXISTS rls_state_truncate ON public.club;

-- trigger: trigger rls_state_replica on public.club
CREATE TRIGGER rls_state_replica
    AFTER INSERT OR DELETE ON public.club
    FOR EACH ROW
    EXECUTE FUNCTION rls.state_changed();
ALTER TABLE public.club ENABLE REPLICA TRIGGER rls_state_replica;
SELECT rls.raise_watermark('state');
-- undo: DROP TRIGGER IF EXISTS rls_state_replica ON public.club;

-- trigger: trigger zz_rls_state_ahead on public.club_member
CREATE TRIGGER zz_rls_state_ahead
    BEFORE UPDATE ON public.club_member
    FOR EACH ROW WHEN (NEW.club IS DISTINCT FROM OLD.club OR NEW.person IS DISTINCT FROM OLD.person)
    EXECUTE FUNCTION rls.state_changed();
ALTER TABLE public.club_member ENABLE ALWAYS TRIGGER zz_rls_state_ahead;
SELECT rls.raise_watermark('state');
-- undo: DROP TRIGGER IF EXISTS zz_rls_state_ahead ON public.club_member;

-- trigger: trigger rls_state_update on public.club_member
CREATE TRIGGER rls_state_update
    AFTER UPDATE ON public.club_member
    FOR EACH ROW WHEN (NEW.club IS DISTINCT FROM OLD.club OR NEW.person IS DISTINCT FROM OLD.person)
    EXECUTE FUNCTION rls.state_changed();
ALTER TABLE public.club_member ENABLE ALWAYS TRIGGER rls_state_update;
SELECT rls.raise_watermark('state');
-- undo: DROP TRIGGER IF EXISTS rls_state_update ON public.club_member;

-- trigger: trigger rls_state_rows on public.club_member
CREATE TRIGGER rls_state_rows
    BEFORE INSERT OR DELETE ON public.club_member
    FOR EACH STATEMENT
    EXECUTE FUNCTION rls.state_changed();
ALTER TABLE public.club_member ENABLE ALWAYS TRIGGER rls_state_rows;
SELECT rls.raise_watermark('state');
-- undo: DROP TRIGGER IF EXISTS rls_state_rows ON public.club_member;

-- trigger: trigger rls_state_truncate on public.club_member
CREATE TRIGGER rls_state_truncate
    BEFORE TRUNCATE ON public.club_member
    FOR EACH STATEMENT
    EXECUTE FUNCTION rls.state_changed();
ALTER TABLE public.club_member ENABLE ALWAYS TRIGGER rls_state_truncate;
SELECT rls.raise_watermark('state');
-- undo: DROP TRIGGER IF EXISTS rls_state_truncate ON public.club_member;

-- trigger: trigger rls_state_replica on public.club_member
CREATE TRIGGER rls_state_replica
    AFTER INSERT OR DELETE ON public.club_member
    FOR EACH ROW
    EXECUTE FUNCTION rls.state_changed();
ALTER TABLE public.club_member ENABLE REPLICA TRIGGER rls_state_replica;
SELECT rls.raise_watermark('state');
-- undo: DROP TRIGGER IF EXISTS rls_state_replica ON public.club_member;

-- function: function rls.user_exists(text), as rls_owner
-- Whether there is such a user at this very moment, in the middle of a statement too. Called by the guards alone.
CREATE OR REPLACE FUNCTION rls.user_exists(id text)
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
REVOKE ALL ON FUNCTION rls.user_exists(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.user_exists(text) IS 'Whether there is such a user at this very moment, in the middle of a statement too.';
-- undo: DROP FUNCTION IF EXISTS rls.user_exists(text);

-- function: function rls.group_exists(text), as rls_owner
-- Whether there is such a group at this very moment, in the middle of a statement too. Called by the guards alone.
CREATE OR REPLACE FUNCTION rls.group_exists(id text)
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
REVOKE ALL ON FUNCTION rls.group_exists(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.group_exists(text) IS 'Whether there is such a group at this very moment, in the middle of a statement too.';
-- undo: DROP FUNCTION IF EXISTS rls.group_exists(text);

-- function: function rls.there_users(record), as rls_owner
-- The row that a new one would conflict with at this very moment, which stays until this transaction ends.
-- Called by the guards alone.
CREATE OR REPLACE FUNCTION rls.there_users(given record)
RETURNS record
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $rls$
DECLARE
    there public.person;
BEGIN
    SELECT t.code, t.boss
    INTO there.code, there.boss
    FROM public.person AS t
    WHERE t.code = given.code
    LIMIT 1
    FOR KEY SHARE;
    RETURN CASE WHEN FOUND THEN there END;
END
$rls$;
REVOKE ALL ON FUNCTION rls.there_users(record) FROM PUBLIC;
COMMENT ON FUNCTION rls.there_users(record) IS 'The row that a new one would conflict with at this very moment, which stays until this transaction ends.';
-- undo: DROP FUNCTION IF EXISTS rls.there_users(record);

-- function: function rls.guard_users(), as rls_owner
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
    there public.person;
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
            WHEN NEW.code IS DISTINCT FROM OLD.code THEN 'code'
            WHEN NEW.boss IS DISTINCT FROM OLD.boss THEN 'boss'
        END;
    WHEN 'INSERT' THEN
        refused := CASE
            WHEN NEW.boss IS NOT NULL AND (who.kind <> 'user' OR NOT EXISTS (SELECT FROM rls.seen_by(rls.to_text(who.key)) AS s WHERE s.id = NEW.boss::text)) THEN 'boss'
            WHEN EXISTS (
                SELECT FROM rls.resource AS r CROSS JOIN LATERAL unnest(r.actions) AS a(action)
                JOIN rls."grant" AS g ON g.resource = r.name AND g.action = a.action AND g.grantee = 'user:' || (NEW.code::text)::text)
            OR EXISTS (SELECT FROM rls.login AS l WHERE l.principal = (NEW.code::text)::text)
            OR EXISTS (SELECT FROM rls.impersonation AS i WHERE i.principal = (NEW.code::text)::text)
            OR EXISTS (SELECT FROM rls.edge AS e WHERE e.viewer = NEW.code::text)
            OR EXISTS (SELECT FROM rls.membership AS m WHERE m.user_id = NEW.code::text) THEN 'code'
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
    IF TG_OP = 'INSERT' AND TG_WHEN = 'BEFORE' AND refused IS NOT NULL THEN
        there := rls.there_users(NEW); -- then nothing is inserted: it is ON CONFLICT or an error
        IF there IS DISTINCT FROM NULL THEN
            refused := CASE
                WHEN NEW.boss IS NOT NULL AND NEW.boss IS DISTINCT FROM there.boss THEN 'boss'
            END;
        END IF;
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
-- undo: DROP FUNCTION IF EXISTS rls.guard_users();

-- trigger: trigger ~rls_guard_update on public.person
CREATE TRIGGER "~rls_guard_update"
    BEFORE UPDATE ON public.person
    FOR EACH ROW WHEN ((NEW.code IS DISTINCT FROM OLD.code OR NEW.boss IS DISTINCT FROM OLD.boss)
        AND NOT (pg_has_role(current_user, 'rls_owner', 'USAGE')))
    EXECUTE FUNCTION rls.guard_users();
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_update" ON public.person;

-- trigger: trigger ~rls_guard_rows on public.person
CREATE TRIGGER "~rls_guard_rows"
    BEFORE INSERT OR DELETE ON public.person
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE')))
    EXECUTE FUNCTION rls.guard_users();
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_rows" ON public.person;

-- trigger: trigger ~rls_guard_cascade on public.person
CREATE TRIGGER "~rls_guard_cascade"
    BEFORE UPDATE OR DELETE ON public.person
    FOR EACH ROW WHEN (pg_trigger_depth() > 0)
    EXECUTE FUNCTION rls.guard_users('cascade');
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_cascade" ON public.person;

-- trigger: trigger rls_guard_update on public.person
CREATE TRIGGER rls_guard_update
    AFTER UPDATE ON public.person
    FOR EACH ROW WHEN ((NEW.code IS DISTINCT FROM OLD.code OR NEW.boss IS DISTINCT FROM OLD.boss)
        AND NOT (pg_has_role(current_user, 'rls_owner', 'USAGE')))
    EXECUTE FUNCTION rls.guard_users();
-- undo: DROP TRIGGER IF EXISTS rls_guard_update ON public.person;

-- trigger: trigger rls_guard_insert on public.person
CREATE TRIGGER rls_guard_insert
    AFTER INSERT ON public.person
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE')))
    EXECUTE FUNCTION rls.guard_users();
-- undo: DROP TRIGGER IF EXISTS rls_guard_insert ON public.person;

-- trigger: trigger rls_guard_truncate on public.person
CREATE TRIGGER rls_guard_truncate
    BEFORE TRUNCATE ON public.person
    FOR EACH STATEMENT WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE')))
    EXECUTE FUNCTION rls.guard_truncate();
-- undo: DROP TRIGGER IF EXISTS rls_guard_truncate ON public.person;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.person for clients
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
            WHERE c.oid = to_regclass('public.person') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = to_regclass('public.person') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type = 'REFERENCES') THEN
        REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.person FROM PUBLIC, app;
    END IF;
END
$$;
-- undo: 

-- function: function rls.there_groups(record), as rls_owner
-- The row that a new one would conflict with at this very moment, which stays until this transaction ends.
-- Called by the guards alone.
CREATE OR REPLACE FUNCTION rls.there_groups(given record)
RETURNS record
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $rls$
DECLARE
    there public.club;
BEGIN
    SELECT t.code, t.maker
    INTO there.code, there.maker
    FROM public.club AS t
    WHERE t.code = given.code
    LIMIT 1
    FOR KEY SHARE;
    RETURN CASE WHEN FOUND THEN there END;
END
$rls$;
REVOKE ALL ON FUNCTION rls.there_groups(record) FROM PUBLIC;
COMMENT ON FUNCTION rls.there_groups(record) IS 'The row that a new one would conflict with at this very moment, which stays until this transaction ends.';
-- undo: DROP FUNCTION IF EXISTS rls.there_groups(record);

-- function: function rls.guard_groups(), as rls_owner
-- Refuses changes of what public.club decides about access, to whoever is no superuser.
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
    there public.club;
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
            WHEN NEW.code IS DISTINCT FROM OLD.code THEN 'code'
            WHEN NEW.maker IS DISTINCT FROM OLD.maker THEN 'maker'
        END;
    WHEN 'INSERT' THEN
        refused := CASE
            WHEN NEW.maker IS NOT NULL AND (who.kind <> 'user' OR NOT EXISTS (SELECT FROM rls.seen_by(rls.to_text(who.key)) AS s WHERE s.id = NEW.maker)) THEN 'maker'
            WHEN EXISTS (
                SELECT FROM rls.resource AS r CROSS JOIN LATERAL unnest(r.actions) AS a(action)
                JOIN rls."grant" AS g ON g.resource = r.name AND g.action = a.action AND g.grantee = 'group:' || (NEW.code::text)::text)
            OR EXISTS (SELECT FROM rls.membership AS m WHERE m.group_id = NEW.code::text) THEN 'code'
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
    IF TG_OP = 'INSERT' AND TG_WHEN = 'BEFORE' AND refused IS NOT NULL THEN
        there := rls.there_groups(NEW); -- then nothing is inserted: it is ON CONFLICT or an error
        IF there IS DISTINCT FROM NULL THEN
            refused := CASE
                WHEN NEW.maker IS NOT NULL AND NEW.maker IS DISTINCT FROM there.maker THEN 'maker'
            END;
        END IF;
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
COMMENT ON FUNCTION rls.guard_groups() IS 'Refuses changes of what public.club decides about access, to whoever is no superuser.';
-- undo: DROP FUNCTION IF EXISTS rls.guard_groups();

-- trigger: trigger ~rls_guard_update on public.club
CREATE TRIGGER "~rls_guard_update"
    BEFORE UPDATE ON public.club
    FOR EACH ROW WHEN ((NEW.code IS DISTINCT FROM OLD.code OR NEW.maker IS DISTINCT FROM OLD.maker)
        AND NOT (pg_has_role(current_user, 'rls_owner', 'USAGE')))
    EXECUTE FUNCTION rls.guard_groups();
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_update" ON public.club;

-- trigger: trigger ~rls_guard_rows on public.club
CREATE TRIGGER "~rls_guard_rows"
    BEFORE INSERT OR DELETE ON public.club
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE')))
    EXECUTE FUNCTION rls.guard_groups();
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_rows" ON public.club;

-- trigger: trigger ~rls_guard_cascade on public.club
CREATE TRIGGER "~rls_guard_cascade"
    BEFORE UPDATE OR DELETE ON public.club
    FOR EACH ROW WHEN (pg_trigger_depth() > 0)
    EXECUTE FUNCTION rls.guard_groups('cascade');
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_cascade" ON public.club;

-- trigger: trigger rls_guard_update on public.club
CREATE TRIGGER rls_guard_update
    AFTER UPDATE ON public.club
    FOR EACH ROW WHEN ((NEW.code IS DISTINCT FROM OLD.code OR NEW.maker IS DISTINCT FROM OLD.maker)
        AND NOT (pg_has_role(current_user, 'rls_owner', 'USAGE')))
    EXECUTE FUNCTION rls.guard_groups();
-- undo: DROP TRIGGER IF EXISTS rls_guard_update ON public.club;

-- trigger: trigger rls_guard_insert on public.club
CREATE TRIGGER rls_guard_insert
    AFTER INSERT ON public.club
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE')))
    EXECUTE FUNCTION rls.guard_groups();
-- undo: DROP TRIGGER IF EXISTS rls_guard_insert ON public.club;

-- trigger: trigger rls_guard_truncate on public.club
CREATE TRIGGER rls_guard_truncate
    BEFORE TRUNCATE ON public.club
    FOR EACH STATEMENT WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE')))
    EXECUTE FUNCTION rls.guard_truncate();
-- undo: DROP TRIGGER IF EXISTS rls_guard_truncate ON public.club;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.club for clients
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
            WHERE c.oid = to_regclass('public.club') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = to_regclass('public.club') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type = 'REFERENCES') THEN
        REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.club FROM PUBLIC, app;
    END IF;
END
$$;
-- undo: 

-- function: function rls.guard_members(), as rls_owner
-- Refuses changes of what public.club_member decides about access, to whoever is no superuser.
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
            WHEN NEW.club IS DISTINCT FROM OLD.club THEN 'club'
            WHEN NEW.person IS DISTINCT FROM OLD.person THEN 'person'
        END;
    WHEN 'INSERT' THEN
        refused := CASE
            WHEN true THEN ''
        END;
    WHEN 'DELETE' THEN
        refused := CASE
            WHEN rls.group_exists(OLD.club::text) AND rls.user_exists(OLD.person) THEN ''
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
COMMENT ON FUNCTION rls.guard_members() IS 'Refuses changes of what public.club_member decides about access, to whoever is no superuser.';
-- undo: DROP FUNCTION IF EXISTS rls.guard_members();

-- trigger: trigger ~rls_guard_update on public.club_member
CREATE TRIGGER "~rls_guard_update"
    BEFORE UPDATE ON public.club_member
    FOR EACH ROW WHEN ((NEW.club IS DISTINCT FROM OLD.club OR NEW.person IS DISTINCT FROM OLD.person)
        AND NOT (pg_has_role(current_user, 'rls_owner', 'USAGE')))
    EXECUTE FUNCTION rls.guard_members();
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_update" ON public.club_member;

-- trigger: trigger ~rls_guard_rows on public.club_member
CREATE TRIGGER "~rls_guard_rows"
    BEFORE INSERT OR DELETE ON public.club_member
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE')))
    EXECUTE FUNCTION rls.guard_members();
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_rows" ON public.club_member;

-- trigger: trigger ~rls_guard_cascade on public.club_member
CREATE TRIGGER "~rls_guard_cascade"
    BEFORE UPDATE OR DELETE ON public.club_member
    FOR EACH ROW WHEN (pg_trigger_depth() > 0)
    EXECUTE FUNCTION rls.guard_members('cascade');
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_cascade" ON public.club_member;

-- trigger: trigger rls_guard_update on public.club_member
CREATE TRIGGER rls_guard_update
    AFTER UPDATE ON public.club_member
    FOR EACH ROW WHEN ((NEW.club IS DISTINCT FROM OLD.club OR NEW.person IS DISTINCT FROM OLD.person)
        AND NOT (pg_has_role(current_user, 'rls_owner', 'USAGE')))
    EXECUTE FUNCTION rls.guard_members();
-- undo: DROP TRIGGER IF EXISTS rls_guard_update ON public.club_member;

-- trigger: trigger rls_guard_insert on public.club_member
CREATE TRIGGER rls_guard_insert
    AFTER INSERT ON public.club_member
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE')))
    EXECUTE FUNCTION rls.guard_members();
-- undo: DROP TRIGGER IF EXISTS rls_guard_insert ON public.club_member;

-- trigger: trigger rls_guard_truncate on public.club_member
CREATE TRIGGER rls_guard_truncate
    BEFORE TRUNCATE ON public.club_member
    FOR EACH STATEMENT WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE')))
    EXECUTE FUNCTION rls.guard_truncate();
-- undo: DROP TRIGGER IF EXISTS rls_guard_truncate ON public.club_member;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.club_member for clients
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
            WHERE c.oid = to_regclass('public.club_member') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = to_regclass('public.club_member') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type = 'REFERENCES') THEN
        REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.club_member FROM PUBLIC, app;
    END IF;
END
$$;
-- undo: 

-- policy: policy memo_create on public.memo
CREATE POLICY memo_create ON public.memo AS PERMISSIVE FOR INSERT TO rls_any, rls_middle
    WITH CHECK (
        ((author IS NULL OR CASE WHEN author::text <@ (SELECT rls.admitted_ranges('create', 'memo', 'visible', false) + '{}') THEN true ELSE false END) AND (club IS NULL OR club = ANY ((SELECT rls.admitted_groups('create', 'memo', false))::text[])) AND (author IS NOT NULL OR club IS NOT NULL))
        OR (SELECT rls.passes_owners('create', 'memo', false))
    );
-- undo: DROP POLICY IF EXISTS memo_create ON public.memo;

-- policy: policy memo_create_narrow on public.memo
CREATE POLICY memo_create_narrow ON public.memo AS PERMISSIVE FOR INSERT TO rls_narrow
    WITH CHECK (
        ((author IS NULL OR author = ANY ((SELECT rls.admitted_owners('create', 'memo', 'visible', false))::text[])) AND (club IS NULL OR club = ANY ((SELECT rls.admitted_groups('create', 'memo', false))::text[])) AND (author IS NOT NULL OR club IS NOT NULL))
        OR (SELECT rls.passes_owners('create', 'memo', false))
    );
-- undo: DROP POLICY IF EXISTS memo_create_narrow ON public.memo;

-- policy: policy memo_create_wide on public.memo
CREATE POLICY memo_create_wide ON public.memo AS PERMISSIVE FOR INSERT TO rls_wide
    WITH CHECK (
        ((author IS NULL OR CASE WHEN coalesce(CASE WHEN clock_timestamp() < (SELECT clock_timestamp() + make_interval(secs => nullif(split_part(current_setting('rls.memo', true), '|', 7), '')::double precision / 1000000))
            THEN rls.in_buckets((SELECT rls.admitted_buckets('create', 'memo', 'visible', false)), sha256(convert_to(author::text, getdatabaseencoding()))) END, author::text <@ (SELECT rls.admitted_ranges('create', 'memo', 'visible', false) + '{}')) THEN true ELSE false END) AND (club IS NULL OR club = ANY ((SELECT rls.admitted_groups('create', 'memo', false))::text[])) AND (author IS NOT NULL OR club IS NOT NULL))
        OR (SELECT rls.passes_owners('create', 'memo', false))
    );
-- undo: DROP POLICY IF EXISTS memo_create_wide ON public.memo;

-- policy: policy memo_create_all on public.memo
CREATE POLICY memo_create_all ON public.memo AS PERMISSIVE FOR INSERT TO rls_all
    WITH CHECK (
        (SELECT rls.passes_owners('create', 'memo', true))
    );
-- undo: DROP POLICY IF EXISTS memo_create_all ON public.memo;

-- policy: policy memo_read on public.memo
CREATE POLICY memo_read ON public.memo AS PERMISSIVE FOR SELECT TO rls_any
    USING (
        author = ANY ((SELECT rls.admitted_owners('read', 'memo', 'visible', false))::text[])
        OR club = ANY ((SELECT rls.admitted_groups('read', 'memo', false))::text[])
        OR code >= (SELECT CASE WHEN rls.passes_owners('read', 'memo', false) THEN ''::text END)
    );
-- undo: DROP POLICY IF EXISTS memo_read ON public.memo;

-- policy: policy memo_read_narrow on public.memo
CREATE POLICY memo_read_narrow ON public.memo AS PERMISSIVE FOR SELECT TO rls_narrow
    USING (
        author = ANY ((SELECT rls.admitted_owners('read', 'memo', 'visible', true))::text[])
        OR club = ANY ((SELECT rls.admitted_groups('read', 'memo', true))::text[])
    );
-- undo: DROP POLICY IF EXISTS memo_read_narrow ON public.memo;

-- policy: policy memo_read_middle on public.memo
CREATE POLICY memo_read_middle ON public.memo AS PERMISSIVE FOR SELECT TO rls_middle
    USING (
        (CASE WHEN author::text <@ (SELECT rls.admitted_ranges('read', 'memo', 'visible', true) + '{}') THEN true ELSE false END
            AND (author >= (SELECT NULL::character varying) AND author <= (SELECT NULL::character varying) OR author = ANY ((SELECT rls.admitted_owners('read', 'memo', 'visible', true))::text[])))
        OR club = ANY ((SELECT rls.admitted_groups('read', 'memo', true))::text[])
    );
-- undo: DROP POLICY IF EXISTS memo_read_middle ON public.memo;

-- policy: policy memo_read_wide on public.memo
CREATE POLICY memo_read_wide ON public.memo AS PERMISSIVE FOR SELECT TO rls_wide
    USING (
        CASE WHEN coalesce(CASE WHEN clock_timestamp() < (SELECT clock_timestamp() + make_interval(secs => nullif(split_part(current_setting('rls.memo', true), '|', 7), '')::double precision / 1000000))
            THEN rls.in_buckets((SELECT rls.admitted_buckets('read', 'memo', 'visible', true)), sha256(convert_to(author::text, getdatabaseencoding()))) END, author::text <@ (SELECT rls.admitted_ranges('read', 'memo', 'visible', true) + '{}')) THEN true ELSE false END
        OR club = ANY ((SELECT rls.admitted_groups('read', 'memo', true))::text[])
    );
-- undo: DROP POLICY IF EXISTS memo_read_wide ON public.memo;

-- policy: policy memo_read_all on public.memo
CREATE POLICY memo_read_all ON public.memo AS PERMISSIVE FOR SELECT TO rls_all
    USING (
        (SELECT rls.passes_owners('read', 'memo', true))
    );
-- undo: DROP POLICY IF EXISTS memo_read_all ON public.memo;

-- policy: policy memo_update on public.memo
CREATE POLICY memo_update ON public.memo AS PERMISSIVE FOR UPDATE TO rls_any
    USING (
        author = ANY ((SELECT rls.admitted_owners('update', 'memo', 'visible', false))::text[])
        OR club = ANY ((SELECT rls.admitted_groups('update', 'memo', false))::text[])
        OR code >= (SELECT CASE WHEN rls.passes_owners('update', 'memo', false) THEN ''::text END)
    )
    WITH CHECK (
        CASE WHEN author::text <@ (SELECT rls.admitted_ranges('update', 'memo', 'visible', false) + '{}') THEN true ELSE false END
        OR club = ANY ((SELECT rls.admitted_groups('update', 'memo', false))::text[])
        OR (SELECT rls.passes_owners('update', 'memo', false))
    );
-- undo: DROP POLICY IF EXISTS memo_update ON public.memo;

-- policy: policy memo_update_narrow on public.memo
CREATE POLICY memo_update_narrow ON public.memo AS PERMISSIVE FOR UPDATE TO rls_narrow
    USING (
        author = ANY ((SELECT rls.admitted_owners('update', 'memo', 'visible', true))::text[])
        OR club = ANY ((SELECT rls.admitted_groups('update', 'memo', true))::text[])
    )
    WITH CHECK (
        author = ANY ((SELECT rls.admitted_owners('update', 'memo', 'visible', true))::text[])
        OR club = ANY ((SELECT rls.admitted_groups('update', 'memo', true))::text[])
    );
-- undo: DROP POLICY IF EXISTS memo_update_narrow ON public.memo;

-- policy: policy memo_update_middle on public.memo
CREATE POLICY memo_update_middle ON public.memo AS PERMISSIVE FOR UPDATE TO rls_middle
    USING (
        CASE WHEN coalesce(CASE WHEN clock_timestamp() < (SELECT clock_timestamp() + make_interval(secs => nullif(split_part(current_setting('rls.memo', true), '|', 7), '')::double precision / 1000000))
            THEN rls.in_buckets((SELECT rls.admitted_buckets('update', 'memo', 'visible', true)), sha256(convert_to(author::text, getdatabaseencoding()))) END, author::text <@ (SELECT rls.admitted_ranges('update', 'memo', 'visible', true) + '{}')) THEN true ELSE false END
        OR club = ANY ((SELECT rls.admitted_groups('update', 'memo', true))::text[])
    )
    WITH CHECK (
        CASE WHEN author::text <@ (SELECT rls.admitted_ranges('update', 'memo', 'visible', true) + '{}') THEN true ELSE false END
        OR club = ANY ((SELECT rls.admitted_groups('update', 'memo', true))::text[])
    );
-- undo: DROP POLICY IF EXISTS memo_update_middle ON public.memo;

-- policy: policy memo_update_wide on public.memo
CREATE POLICY memo_update_wide ON public.memo AS PERMISSIVE FOR UPDATE TO rls_wide
    USING (
        CASE WHEN coalesce(CASE WHEN clock_timestamp() < (SELECT clock_timestamp() + make_interval(secs => nullif(split_part(current_setting('rls.memo', true), '|', 7), '')::double precision / 1000000))
            THEN rls.in_buckets((SELECT rls.admitted_buckets('update', 'memo', 'visible', true)), sha256(convert_to(author::text, getdatabaseencoding()))) END, author::text <@ (SELECT rls.admitted_ranges('update', 'memo', 'visible', true) + '{}')) THEN true ELSE false END
        OR club = ANY ((SELECT rls.admitted_groups('update', 'memo', true))::text[])
    )
    WITH CHECK (
        CASE WHEN coalesce(CASE WHEN clock_timestamp() < (SELECT clock_timestamp() + make_interval(secs => nullif(split_part(current_setting('rls.memo', true), '|', 7), '')::double precision / 1000000))
            THEN rls.in_buckets((SELECT rls.admitted_buckets('update', 'memo', 'visible', true)), sha256(convert_to(author::text, getdatabaseencoding()))) END, author::text <@ (SELECT rls.admitted_ranges('update', 'memo', 'visible', true) + '{}')) THEN true ELSE false END
        OR club = ANY ((SELECT rls.admitted_groups('update', 'memo', true))::text[])
    );
-- undo: DROP POLICY IF EXISTS memo_update_wide ON public.memo;

-- policy: policy memo_update_all on public.memo
CREATE POLICY memo_update_all ON public.memo AS PERMISSIVE FOR UPDATE TO rls_all
    USING (
        (SELECT rls.passes_owners('update', 'memo', true))
    )
    WITH CHECK (
        (SELECT rls.passes_owners('update', 'memo', true))
    );
-- undo: DROP POLICY IF EXISTS memo_update_all ON public.memo;

-- policy: policy memo_delete on public.memo
CREATE POLICY memo_delete ON public.memo AS PERMISSIVE FOR DELETE TO rls_any
    USING (
        author = ANY ((SELECT rls.admitted_owners('delete', 'memo', 'visible', false))::text[])
        OR club = ANY ((SELECT rls.admitted_groups('delete', 'memo', false))::text[])
        OR code >= (SELECT CASE WHEN rls.passes_owners('delete', 'memo', false) THEN ''::text END)
    );
-- undo: DROP POLICY IF EXISTS memo_delete ON public.memo;

-- policy: policy memo_delete_narrow on public.memo
CREATE POLICY memo_delete_narrow ON public.memo AS PERMISSIVE FOR DELETE TO rls_narrow
    USING (
        author = ANY ((SELECT rls.admitted_owners('delete', 'memo', 'visible', true))::text[])
        OR club = ANY ((SELECT rls.admitted_groups('delete', 'memo', true))::text[])
    );
-- undo: DROP POLICY IF EXISTS memo_delete_narrow ON public.memo;

-- policy: policy memo_delete_middle on public.memo
CREATE POLICY memo_delete_middle ON public.memo AS PERMISSIVE FOR DELETE TO rls_middle
    USING (
        CASE WHEN coalesce(CASE WHEN clock_timestamp() < (SELECT clock_timestamp() + make_interval(secs => nullif(split_part(current_setting('rls.memo', true), '|', 7), '')::double precision / 1000000))
            THEN rls.in_buckets((SELECT rls.admitted_buckets('delete', 'memo', 'visible', true)), sha256(convert_to(author::text, getdatabaseencoding()))) END, author::text <@ (SELECT rls.admitted_ranges('delete', 'memo', 'visible', true) + '{}')) THEN true ELSE false END
        OR club = ANY ((SELECT rls.admitted_groups('delete', 'memo', true))::text[])
    );
-- undo: DROP POLICY IF EXISTS memo_delete_middle ON public.memo;

-- policy: policy memo_delete_wide on public.memo
CREATE POLICY memo_delete_wide ON public.memo AS PERMISSIVE FOR DELETE TO rls_wide
    USING (
        CASE WHEN coalesce(CASE WHEN clock_timestamp() < (SELECT clock_timestamp() + make_interval(secs => nullif(split_part(current_setting('rls.memo', true), '|', 7), '')::double precision / 1000000))
            THEN rls.in_buckets((SELECT rls.admitted_buckets('delete', 'memo', 'visible', true)), sha256(convert_to(author::text, getdatabaseencoding()))) END, author::text <@ (SELECT rls.admitted_ranges('delete', 'memo', 'visible', true) + '{}')) THEN true ELSE false END
        OR club = ANY ((SELECT rls.admitted_groups('delete', 'memo', true))::text[])
    );
-- undo: DROP POLICY IF EXISTS memo_delete_wide ON public.memo;

-- policy: policy memo_delete_all on public.memo
CREATE POLICY memo_delete_all ON public.memo AS PERMISSIVE FOR DELETE TO rls_all
    USING (
        (SELECT rls.passes_owners('delete', 'memo', true))
    );
-- undo: DROP POLICY IF EXISTS memo_delete_all ON public.memo;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.memo for clients
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
            WHERE c.oid = to_regclass('public.memo') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = to_regclass('public.memo') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type = 'REFERENCES') THEN
        REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.memo FROM PUBLIC, app;
    END IF;
END
$$;
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

