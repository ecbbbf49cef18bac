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

-- privilege: administration for migrator, as rls_owner
GRANT EXECUTE ON FUNCTION rls.directory_mapping(), rls.resource_actions(text[], text), rls.list_grants(), rls.put_grant(text, text, text, text, timestamptz, timestamptz), rls.take_grant(text, text, text, text), rls.take_grant_by_id(bigint) TO migrator;
-- undo: REVOKE EXECUTE ON FUNCTION rls.directory_mapping(), rls.resource_actions(text[], text), rls.list_grants(), rls.put_grant(text, text, text, text, timestamptz, timestamptz), rls.take_grant(text, text, text, text), rls.take_grant_by_id(bigint) FROM migrator;

-- privilege: USAGE on schema "Sch""ema; DROP" for rls_owner
GRANT USAGE ON SCHEMA "Sch""ema; DROP" TO rls_owner;
-- undo: REVOKE USAGE ON SCHEMA "Sch""ema; DROP" FROM rls_owner;

-- privilege: SELECT on "'; --", "Mixed Case", "select", "user" of "Sch""ema; DROP"."x""; DROP TABLE y; --", and UPDATE on "select" to lock rows, for rls_owner
GRANT SELECT ("'; --", "Mixed Case", "select", "user"), UPDATE ("select") ON "Sch""ema; DROP"."x""; DROP TABLE y; --" TO rls_owner;
-- undo: DO $$
-- undo: DECLARE
-- undo:     name text;
-- undo: BEGIN
-- undo:     FOR name IN SELECT a.attname FROM pg_catalog.pg_attribute AS a
-- undo:         WHERE a.attrelid = to_regclass('"Sch""ema; DROP"."x""; DROP TABLE y; --"') AND NOT a.attisdropped
-- undo:           AND EXISTS (SELECT FROM aclexplode(a.attacl) AS x WHERE x.grantee = to_regrole('rls_owner')) LOOP
-- undo:         EXECUTE format('REVOKE ALL (%I) ON %s FROM rls_owner', name, '"Sch""ema; DROP"."x""; DROP TABLE y; --"');
-- undo:     END LOOP;
-- undo: END
-- undo: $$;

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
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, MDY'
SET IntervalStyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = '1'
SET lc_monetary = 'C'
SET lc_numeric = 'C'
SET lc_time = 'C'
SET array_nulls = 'on'
SET transform_null_equals = 'off'
SET gin_fuzzy_search_limit = '0'
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
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, MDY'
SET IntervalStyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = '1'
SET lc_monetary = 'C'
SET lc_numeric = 'C'
SET lc_time = 'C'
SET array_nulls = 'on'
SET transform_null_equals = 'off'
SET gin_fuzzy_search_limit = '0'
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

-- function: function rls.seen_by(bigint), as rls_owner
-- Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.
-- Nobody for a user who does not exist. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.seen_by(viewer bigint)
RETURNS TABLE (id bigint, through text)
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, MDY'
SET IntervalStyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = '1'
SET lc_monetary = 'C'
SET lc_numeric = 'C'
SET lc_time = 'C'
SET array_nulls = 'on'
SET transform_null_equals = 'off'
SET gin_fuzzy_search_limit = '0'
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
            SELECT e.seen FROM sees_table AS w CROSS JOIN LATERAL (
                SELECT e.seen FROM rls.edge AS e WHERE e.viewer = w.id AND e.kind = 'table' OFFSET 0) AS e
        )
        SELECT s.id, 'self'::text FROM myself AS s
        UNION ALL
        SELECT s.id, 'table'::text FROM sees_table AS s WHERE s.id <> $1;
END
$rls$;
REVOKE ALL ON FUNCTION rls.seen_by(bigint) FROM PUBLIC;
COMMENT ON FUNCTION rls.seen_by(bigint) IS 'Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.';
-- undo: DROP FUNCTION IF EXISTS rls.seen_by(bigint);

-- function: function rls.visible_edges(), as rls_owner
-- The principal's visible users and what reaches each, a row per user and relation.
CREATE OR REPLACE FUNCTION rls.visible_edges()
RETURNS TABLE (user_id bigint, login text, through text)
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, MDY'
SET IntervalStyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = '1'
SET lc_monetary = 'C'
SET lc_numeric = 'C'
SET lc_time = 'C'
SET array_nulls = 'on'
SET transform_null_equals = 'off'
SET gin_fuzzy_search_limit = '0'
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

-- function: function rls.hierarchy(bigint), as rls_owner
-- Whom a user sees through the hierarchy: the union of separate closures, one per relation.
-- Nobody for a user who does not exist. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.hierarchy(viewer bigint)
RETURNS SETOF bigint
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, MDY'
SET IntervalStyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = '1'
SET lc_monetary = 'C'
SET lc_numeric = 'C'
SET lc_time = 'C'
SET array_nulls = 'on'
SET transform_null_equals = 'off'
SET gin_fuzzy_search_limit = '0'
ROWS 1000
AS $rls$
BEGIN
    RETURN QUERY
        WITH RECURSIVE myself(id) AS (
            SELECT u.id FROM rls.user_row AS u WHERE u.id = $1
        ),
        sees_table(id) AS (
            SELECT s.id FROM myself AS s
            UNION
            SELECT e.seen FROM sees_table AS w CROSS JOIN LATERAL (
                SELECT e.seen FROM rls.edge AS e WHERE e.viewer = w.id AND e.kind = 'table' OFFSET 0) AS e
        )
        SELECT s.id FROM myself AS s
        UNION
        SELECT s.id FROM sees_table AS s;
END
$rls$;
REVOKE ALL ON FUNCTION rls.hierarchy(bigint) FROM PUBLIC;
COMMENT ON FUNCTION rls.hierarchy(bigint) IS 'Whom a user sees through the hierarchy: the union of separate closures, one per relation.';
-- undo: DROP FUNCTION IF EXISTS rls.hierarchy(bigint);

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
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, MDY'
SET IntervalStyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = '1'
SET lc_monetary = 'C'
SET lc_numeric = 'C'
SET lc_time = 'C'
SET array_nulls = 'on'
SET transform_null_equals = 'off'
SET gin_fuzzy_search_limit = '0'
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
    LEFT JOIN rls.visible_set AS s ON s.viewer = u.id::text AND s.model = 'ec5d785749d0b361c08ba80e57aa3444' AND s.computed_on = s.restored_on
    WHERE u.id = rls.to_bigint(claimed);
    IF superuser IS NULL OR superuser THEN
        form := CASE WHEN superuser THEN 'all' ELSE 'narrow' END;
        RETURN;
    END IF;
    -- A small set is renewed at once, a large one when it pays.
    renew := (missing IS NULL OR missing > CASE WHEN form IN ('narrow', 'all') THEN 0 ELSE 8 END);
    IF (renew)
        AND current_setting('transaction_read_only') = 'off' AND current_setting('transaction_isolation') = 'read committed'
        AND rls.claim_set(key, renew) THEN
        IF renew THEN
            -- Locks the tables before the snapshot is taken: one from before they were rewritten would find them empty.
            PERFORM FROM rls.edge LIMIT 0;
            -- Not an update: its generated columns would stay as they were.
            DELETE FROM rls.visible_set AS v WHERE v.viewer = prepare.key;
            INSERT INTO rls.visible_set AS v (viewer, model, snapshot, since, xid, computed_on, size, form, ids_int, bits, ranges_int)
            WITH o AS MATERIALIZED (
                SELECT h.id::bigint AS id FROM rls.hierarchy(rls.to_bigint(prepare.key)) AS h(id)
            ), t AS (
                SELECT count(*) AS size, min(o.id) AS low, max(o.id) AS high, greatest(count(*), (SELECT c.reltuples FROM pg_class AS c WHERE c.oid = '"Sch""ema; DROP"."x""; DROP TABLE y; --"'::regclass)) AS users FROM o
            )
            SELECT prepare.key, 'ec5d785749d0b361c08ba80e57aa3444', pg_current_snapshot(), pg_snapshot_xmin(pg_current_snapshot()), pg_current_xact_id(), rls.cluster(), t.size,
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
-- undo: DROP FUNCTION IF EXISTS rls.prepare(text, text);

-- function: function rls.visible_ids(bigint, boolean), as rls_owner
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
    WHERE s.viewer = $1::text AND s.model = 'ec5d785749d0b361c08ba80e57aa3444' AND s.computed_on = s.restored_on;
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
    RETURN result;
END
$rls$;
REVOKE ALL ON FUNCTION rls.visible_ids(bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.visible_ids(bigint, boolean) IS 'Whom a user sees, as an array.';
-- undo: DROP FUNCTION IF EXISTS rls.visible_ids(bigint, boolean);

-- function: function rls.visible_bits(bigint, boolean), as rls_owner
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
    WHERE s.viewer = $1::text AND s.model = 'ec5d785749d0b361c08ba80e57aa3444' AND s.computed_on = s.restored_on;
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
    RETURN result;
END
$rls$;
REVOKE ALL ON FUNCTION rls.visible_bits(bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.visible_bits(bigint, boolean) IS 'Whom a user sees, as bits: keys up to the last one that was stored.';
-- undo: DROP FUNCTION IF EXISTS rls.visible_bits(bigint, boolean);

-- function: function rls.visible_ranges(bigint, boolean), as rls_owner
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
    WHERE s.viewer = $1::text AND s.model = 'ec5d785749d0b361c08ba80e57aa3444' AND s.computed_on = s.restored_on;
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
    RETURN result;
END
$rls$;
REVOKE ALL ON FUNCTION rls.visible_ranges(bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.visible_ranges(bigint, boolean) IS 'Whom a user sees and rls.visible_bits has no bit for, as ranges; more do no harm.';
-- undo: DROP FUNCTION IF EXISTS rls.visible_ranges(bigint, boolean);

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
SET plan_cache_mode = force_generic_plan
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, MDY'
SET IntervalStyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = '1'
SET lc_monetary = 'C'
SET lc_numeric = 'C'
SET lc_time = 'C'
SET array_nulls = 'on'
SET transform_null_equals = 'off'
SET gin_fuzzy_search_limit = '0'
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
-- undo: DROP FUNCTION IF EXISTS rls.passes_owners(text, text, boolean);

-- function: function rls.graph_viewer(text, text, boolean), as rls_owner
-- Key of the user whom the graph may admit to rows of a resource: active, no superuser, with a grant of the action, and for every
-- action but create one of read as well. NULL for everybody else; with alone an error for superusers. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.graph_viewer(action text, resource text, alone boolean)
RETURNS bigint
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, MDY'
SET IntervalStyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = '1'
SET lc_monetary = 'C'
SET lc_numeric = 'C'
SET lc_time = 'C'
SET array_nulls = 'on'
SET transform_null_equals = 'off'
SET gin_fuzzy_search_limit = '0'
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

-- function: function rls.admitted_owners(text, text, text, boolean), as rls_owner
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
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, MDY'
SET IntervalStyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = '1'
SET lc_monetary = 'C'
SET lc_numeric = 'C'
SET lc_time = 'C'
SET array_nulls = 'on'
SET transform_null_equals = 'off'
SET gin_fuzzy_search_limit = '0'
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
              AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp())),
        s.ids_int || '{}',
        EXISTS (
            SELECT FROM rls.graph_change AS c
            WHERE c.viewer IN (s.viewer, '*') AND (c.viewer = s.viewer OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
                AND (c.cluster <> s.computed_on
                OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid)))
        OR s.viewer IS NULL
    INTO viewer, active, superuser, granted, stored, more
    FROM rls.user_row AS u
    LEFT JOIN rls.visible_set AS s ON s.viewer = u.id::text AND s.model = 'ec5d785749d0b361c08ba80e57aa3444' AND s.computed_on = s.restored_on AND $3 <> 'self'
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
        RETURN ARRAY[viewer]::bigint[];
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
REVOKE ALL ON FUNCTION rls.admitted_owners(text, text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.admitted_owners(text, text, text, boolean) TO rls_client;
COMMENT ON FUNCTION rls.admitted_owners(text, text, text, boolean) IS 'Users whose rows the principal may act on, as an array: who is visible within the scope, if a grant of the action is held.';
-- undo: DROP FUNCTION IF EXISTS rls.admitted_owners(text, text, text, boolean);

-- function: function rls.admitted_bits(text, text, text, boolean), as rls_owner
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
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, MDY'
SET IntervalStyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = '1'
SET lc_monetary = 'C'
SET lc_numeric = 'C'
SET lc_time = 'C'
SET array_nulls = 'on'
SET transform_null_equals = 'off'
SET gin_fuzzy_search_limit = '0'
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
              AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp())),
        s.bits || B'',
        EXISTS (
            SELECT FROM rls.graph_change AS c
            WHERE c.viewer IN (s.viewer, '*') AND (c.viewer = s.viewer OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
                AND (c.cluster <> s.computed_on
                OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid)))
        OR s.viewer IS NULL
    INTO viewer, active, superuser, granted, stored, more
    FROM rls.user_row AS u
    LEFT JOIN rls.visible_set AS s ON s.viewer = u.id::text AND s.model = 'ec5d785749d0b361c08ba80e57aa3444' AND s.computed_on = s.restored_on AND $3 <> 'self'
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
    IF granted AND $1 NOT IN ('create', 'read') THEN
        granted := EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = 'read' AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp()));
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
    ELSE
        RETURN B''; -- no such scope
    END CASE;
END
$rls$;
REVOKE ALL ON FUNCTION rls.admitted_bits(text, text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.admitted_bits(text, text, text, boolean) TO rls_client;
COMMENT ON FUNCTION rls.admitted_bits(text, text, text, boolean) IS 'Users whose rows the principal may act on, as bits: those of dense keys: who is visible within the scope, if a grant of the action is held.';
-- undo: DROP FUNCTION IF EXISTS rls.admitted_bits(text, text, text, boolean);

-- function: function rls.admitted_ranges(text, text, text, boolean), as rls_owner
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
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, MDY'
SET IntervalStyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = '1'
SET lc_monetary = 'C'
SET lc_numeric = 'C'
SET lc_time = 'C'
SET array_nulls = 'on'
SET transform_null_equals = 'off'
SET gin_fuzzy_search_limit = '0'
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
              AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp())),
        s.ranges_int,
        EXISTS (
            SELECT FROM rls.graph_change AS c
            WHERE c.viewer IN (s.viewer, '*') AND (c.viewer = s.viewer OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
                AND (c.cluster <> s.computed_on
                OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid)))
        OR s.viewer IS NULL
    INTO viewer, active, superuser, granted, stored, more
    FROM rls.user_row AS u
    LEFT JOIN rls.visible_set AS s ON s.viewer = u.id::text AND s.model = 'ec5d785749d0b361c08ba80e57aa3444' AND s.computed_on = s.restored_on AND $3 <> 'self'
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
        RETURN int8multirange(CASE viewer WHEN 9223372036854775807 THEN int8range(viewer, NULL) ELSE int8range(viewer, viewer, '[]') END);
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
REVOKE ALL ON FUNCTION rls.admitted_ranges(text, text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.admitted_ranges(text, text, text, boolean) TO rls_client;
COMMENT ON FUNCTION rls.admitted_ranges(text, text, text, boolean) IS 'Users whose rows the principal may act on, as ranges: who is visible within the scope, if a grant of the action is held.';
-- undo: DROP FUNCTION IF EXISTS rls.admitted_ranges(text, text, text, boolean);

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

-- registry: where users and groups are, as rls_owner
INSERT INTO rls.directory (mapping) VALUES (E'{"timezone":"UTC","users":{"schema":"Sch\\"ema; DROP","table":"x\\"; DROP TABLE y; --","key":"select","key_type":"bigint","login":"''; --","active":{"sql":"\\"Mixed Case\\" AND \\"''; --\\" \\u003c\\u003e ''$rls$''","compiled":"(t.\\"Mixed Case\\" AND (t.\\"''; --\\" \\u003c\\u003e ''$rls$''))"},"superuser":{},"staff":{},"edges":[{"kind":"table","column":"user"}]}}')
ON CONFLICT (singleton) DO UPDATE SET mapping = EXCLUDED.mapping;
-- undo: DELETE FROM rls.directory;

-- function: function rls.objects_group(text, text[]), as rls_owner
-- Which of some objects of group admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_group(action text, keys text[])
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
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
              t."Owner's" = ANY ((SELECT rls.admitted_owners('read', 'group', 'visible', false))::bigint[])
              OR t."app\" = ANY ((SELECT rls.admitted_owners('read', 'group', 'visible', false))::bigint[])
              OR t."order""; --" BETWEEN (SELECT CASE WHEN rls.passes_owners('read', 'group', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'update' THEN (
              t."Owner's" = ANY ((SELECT rls.admitted_owners('update', 'group', 'visible', false))::bigint[])
              OR t."app\" = ANY ((SELECT rls.admitted_owners('update', 'group', 'visible', false))::bigint[])
              OR t."order""; --" BETWEEN (SELECT CASE WHEN rls.passes_owners('update', 'group', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'delete' THEN (
              t."Owner's" = ANY ((SELECT rls.admitted_owners('delete', 'group', 'visible', false))::bigint[])
              OR t."app\" = ANY ((SELECT rls.admitted_owners('delete', 'group', 'visible', false))::bigint[])
              OR t."order""; --" BETWEEN (SELECT CASE WHEN rls.passes_owners('delete', 'group', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'select' THEN (
              t."Owner's" = ANY ((SELECT rls.admitted_owners('select', 'group', 'visible', false))::bigint[])
              OR t."app\" = ANY ((SELECT rls.admitted_owners('select', 'group', 'visible', false))::bigint[])
              OR t."order""; --" BETWEEN (SELECT CASE WHEN rls.passes_owners('select', 'group', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
          WHEN 'table' THEN (
              t."Owner's" = ANY ((SELECT rls.admitted_owners('table', 'group', 'visible', false))::bigint[])
              OR t."app\" = ANY ((SELECT rls.admitted_owners('table', 'group', 'visible', false))::bigint[])
              OR t."order""; --" BETWEEN (SELECT CASE WHEN rls.passes_owners('table', 'group', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807)
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
        RETURN NEW;
    END IF;
    IF ((NEW."Owner's" IS DISTINCT FROM OLD."Owner's" AND NEW."Owner's" IS NOT NULL AND NEW."Owner's" <> ALL (rls.admitted_owners('update', 'group', 'visible', false)))
        OR (NEW."app\" IS DISTINCT FROM OLD."app\" AND NEW."app\" IS NOT NULL AND NEW."app\" <> ALL (rls.admitted_owners('update', 'group', 'visible', false)))) AND NOT rls.passes_owners(NULL, 'group', false) THEN
        RAISE EXCEPTION 'a row of resource "%" would go to an owner out of reach', 'group'
            USING ERRCODE = '42501', HINT = 'Name an owner whom the owner check of the resource admits.';
    END IF;
    RETURN NEW;
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

-- function: function rls.record_change(bigint[], bigint[]), as rls_owner
-- Tells viewers what has become of users whom they may have seen or may see now; beyond some size, that they must look anew.
-- Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.record_change(viewers bigint[], seen bigint[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, MDY'
SET IntervalStyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = '1'
SET lc_monetary = 'C'
SET lc_numeric = 'C'
SET lc_time = 'C'
SET array_nulls = 'on'
SET transform_null_equals = 'off'
SET gin_fuzzy_search_limit = '0'
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
                SELECT e.viewer FROM rls.edge AS e WHERE e.seen = w.id AND e.kind = 'table' OFFSET 0) AS e
        ), reached AS (
            SELECT w.seen, w.id FROM up_1 AS w
        )
        SELECT v.id::text, s.id::text, EXISTS (SELECT FROM reached AS r WHERE r.seen = s.id AND r.id = v.id), l.cluster
        FROM unnest($1) AS v(id) CROSS JOIN unnest($2) AS s(id) CROSS JOIN rls.graph_lock AS l
        WHERE v.id <> s.id; -- everybody sees themself
    END IF;
END
$rls$;
REVOKE ALL ON FUNCTION rls.record_change(bigint[], bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION rls.record_change(bigint[], bigint[]) IS 'Tells viewers what has become of users whom they may have seen or may see now; beyond some size, that they must look anew.';
-- undo: DROP FUNCTION IF EXISTS rls.record_change(bigint[], bigint[]);

-- function: function rls.record_changes(rls.edge_change[]), as rls_owner
-- Works out for whom a change of edges matters, one relation after the other.
-- Called by trigger functions alone.
CREATE OR REPLACE FUNCTION rls.record_changes(changes rls.edge_change[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, MDY'
SET IntervalStyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = '1'
SET lc_monetary = 'C'
SET lc_numeric = 'C'
SET lc_time = 'C'
SET array_nulls = 'on'
SET transform_null_equals = 'off'
SET gin_fuzzy_search_limit = '0'
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
    -- table
    mine := ARRAY(SELECT c::rls.edge_change FROM unnest(changes) AS c WHERE c.kind = ANY (ARRAY['table']::text[]));
    IF cardinality(mine) = 1 AND alone AND NOT EXISTS (SELECT FROM rls.edge AS e WHERE e.viewer = rls.to_bigint(mine[1].seen) AND e.kind = 'table')
        AND EXISTS (SELECT FROM rls.user_row AS u WHERE u.id = rls.to_bigint(mine[1].seen)) THEN
        -- Somebody new with nobody below, as when people join: whoever is above sees them.
        INSERT INTO rls.graph_change (viewer, seen, visible, cluster)
        WITH RECURSIVE above(id) AS (
            SELECT rls.to_bigint(mine[1].viewer)
            UNION
            SELECT e.viewer FROM above AS w CROSS JOIN LATERAL (
                SELECT e.viewer FROM rls.edge AS e WHERE e.seen = w.id AND e.kind = 'table' OFFSET 0) AS e
        )
        SELECT a.id::text, mine[1].seen, true, l.cluster FROM above AS a CROSS JOIN rls.graph_lock AS l WHERE a.id IS NOT NULL;
    ELSIF cardinality(mine) > 0 THEN
        WITH RECURSIVE above(id) AS (
            SELECT rls.to_bigint(c.viewer) FROM unnest(mine) AS c
            UNION
            SELECT e.viewer FROM above AS w CROSS JOIN LATERAL (SELECT e.viewer FROM rls.edge AS e WHERE e.seen = w.id AND e.kind = 'table'
                    UNION ALL SELECT rls.to_bigint(c.viewer) FROM rls.edge_gone AS c WHERE c.seen = w.id::text AND c.kind = ANY (ARRAY['table']::text[])) AS e
        )
        SELECT array_agg(DISTINCT a.id) INTO viewers FROM (SELECT a.id FROM above AS a WHERE a.id IS NOT NULL LIMIT 5001) AS a;
        WITH RECURSIVE below(id) AS (
            SELECT rls.to_bigint(c.seen) FROM unnest(mine) AS c
            UNION
            SELECT e.seen FROM below AS w CROSS JOIN LATERAL (SELECT e.seen FROM rls.edge AS e WHERE e.viewer = w.id AND e.kind = 'table'
                    UNION ALL SELECT rls.to_bigint(c.seen) FROM rls.edge_gone AS c WHERE c.viewer = w.id::text AND c.kind = ANY (ARRAY['table']::text[])) AS e
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
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, MDY'
SET IntervalStyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = '1'
SET lc_monetary = 'C'
SET lc_numeric = 'C'
SET lc_time = 'C'
SET array_nulls = 'on'
SET transform_null_equals = 'off'
SET gin_fuzzy_search_limit = '0'
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
            (SELECT 'table'::text AS kind, (t."user")::text AS viewer, (t."select")::text AS seen FROM new_rows AS t WHERE t."user" IS NOT NULL)) AS e WHERE e.viewer IS NOT NULL AND e.seen IS NOT NULL;
    WHEN 'DELETE' THEN
        IF EXISTS (SELECT FROM old_rows AS n) THEN
            PERFORM rls.lock_graph();
        END IF;
        SELECT array_agg(ROW(e.kind, e.viewer, e.seen, true)::rls.edge_change) INTO changes FROM (
            (SELECT 'table'::text AS kind, (t."user")::text AS viewer, (t."select")::text AS seen FROM old_rows AS t WHERE t."user" IS NOT NULL)) AS e WHERE e.viewer IS NOT NULL AND e.seen IS NOT NULL;
    WHEN 'UPDATE' THEN
        SELECT array_agg(ROW(e.kind, e.viewer, e.seen, e.gone)::rls.edge_change) INTO changes FROM (
            (SELECT o.*, true AS gone FROM ((SELECT 'table'::text AS kind, (t."user")::text AS viewer, (t."select")::text AS seen FROM old_rows AS t WHERE t."user" IS NOT NULL) EXCEPT ALL (SELECT 'table'::text AS kind, (t."user")::text AS viewer, (t."select")::text AS seen FROM new_rows AS t WHERE t."user" IS NOT NULL)) AS o)
            UNION ALL (SELECT n.*, false FROM ((SELECT 'table'::text AS kind, (t."user")::text AS viewer, (t."select")::text AS seen FROM new_rows AS t WHERE t."user" IS NOT NULL) EXCEPT ALL (SELECT 'table'::text AS kind, (t."user")::text AS viewer, (t."select")::text AS seen FROM old_rows AS t WHERE t."user" IS NOT NULL)) AS n)) AS e WHERE e.viewer IS NOT NULL AND e.seen IS NOT NULL;
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

-- trigger: trigger rls_graph_insert on "Sch""ema; DROP"."x""; DROP TABLE y; --"
CREATE TRIGGER rls_graph_insert
    AFTER INSERT ON "Sch""ema; DROP"."x""; DROP TABLE y; --"
    REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION rls.users_changed();
ALTER TABLE "Sch""ema; DROP"."x""; DROP TABLE y; --" ENABLE ALWAYS TRIGGER rls_graph_insert;
SELECT rls.forget_sets();
-- undo: DROP TRIGGER IF EXISTS rls_graph_insert ON "Sch""ema; DROP"."x""; DROP TABLE y; --";

-- trigger: trigger rls_graph_update on "Sch""ema; DROP"."x""; DROP TABLE y; --"
CREATE TRIGGER rls_graph_update
    AFTER UPDATE ON "Sch""ema; DROP"."x""; DROP TABLE y; --"
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION rls.users_changed();
ALTER TABLE "Sch""ema; DROP"."x""; DROP TABLE y; --" ENABLE ALWAYS TRIGGER rls_graph_update;
SELECT rls.forget_sets();
-- undo: DROP TRIGGER IF EXISTS rls_graph_update ON "Sch""ema; DROP"."x""; DROP TABLE y; --";

-- trigger: trigger rls_graph_delete on "Sch""ema; DROP"."x""; DROP TABLE y; --"
CREATE TRIGGER rls_graph_delete
    AFTER DELETE ON "Sch""ema; DROP"."x""; DROP TABLE y; --"
    REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION rls.users_changed();
ALTER TABLE "Sch""ema; DROP"."x""; DROP TABLE y; --" ENABLE ALWAYS TRIGGER rls_graph_delete;
SELECT rls.forget_sets();
-- undo: DROP TRIGGER IF EXISTS rls_graph_delete ON "Sch""ema; DROP"."x""; DROP TABLE y; --";

-- trigger: trigger rls_graph_truncate on "Sch""ema; DROP"."x""; DROP TABLE y; --"
CREATE TRIGGER rls_graph_truncate
    AFTER TRUNCATE ON "Sch""ema; DROP"."x""; DROP TABLE y; --"
    FOR EACH STATEMENT EXECUTE FUNCTION rls.graph_rewritten();
ALTER TABLE "Sch""ema; DROP"."x""; DROP TABLE y; --" ENABLE ALWAYS TRIGGER rls_graph_truncate;
SELECT rls.forget_sets();
-- undo: DROP TRIGGER IF EXISTS rls_graph_truncate ON "Sch""ema; DROP"."x""; DROP TABLE y; --";

-- trigger: trigger rls_graph_replica on "Sch""ema; DROP"."x""; DROP TABLE y; --"
CREATE TRIGGER rls_graph_replica
    AFTER INSERT OR UPDATE OR DELETE ON "Sch""ema; DROP"."x""; DROP TABLE y; --"
    FOR EACH ROW EXECUTE FUNCTION rls.graph_rewritten();
ALTER TABLE "Sch""ema; DROP"."x""; DROP TABLE y; --" ENABLE REPLICA TRIGGER rls_graph_replica;
SELECT rls.forget_sets();
-- undo: DROP TRIGGER IF EXISTS rls_graph_replica ON "Sch""ema; DROP"."x""; DROP TABLE y; --";

-- function: function rls.user_exists(bigint), as rls_owner
-- Whether there is such a user at this very moment, in the middle of a statement too. Called by the guards alone.
CREATE OR REPLACE FUNCTION rls.user_exists(id bigint)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, MDY'
SET IntervalStyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = '1'
SET lc_monetary = 'C'
SET lc_numeric = 'C'
SET lc_time = 'C'
SET array_nulls = 'on'
SET transform_null_equals = 'off'
SET gin_fuzzy_search_limit = '0'
AS $rls$
BEGIN
    RETURN EXISTS (SELECT FROM rls.user_row AS x WHERE x.id = $1);
END
$rls$;
REVOKE ALL ON FUNCTION rls.user_exists(bigint) FROM PUBLIC;
COMMENT ON FUNCTION rls.user_exists(bigint) IS 'Whether there is such a user at this very moment, in the middle of a statement too.';
-- undo: DROP FUNCTION IF EXISTS rls.user_exists(bigint);

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
    there "Sch""ema; DROP"."x""; DROP TABLE y; --";
BEGIN
    SELECT t."select", t."'; --", t."user", t."Mixed Case"
    INTO there."select", there."'; --", there."user", there."Mixed Case"
    FROM "Sch""ema; DROP"."x""; DROP TABLE y; --" AS t
    WHERE t."'; --" = given."'; --"
       OR t."select" = given."select"
    LIMIT 1
    FOR KEY SHARE;
    RETURN CASE WHEN FOUND THEN there END;
END
$rls$;
REVOKE ALL ON FUNCTION rls.there_users(record) FROM PUBLIC;
COMMENT ON FUNCTION rls.there_users(record) IS 'The row that a new one would conflict with at this very moment, which stays until this transaction ends.';
-- undo: DROP FUNCTION IF EXISTS rls.there_users(record);

-- function: function rls.guard_users(), as rls_owner
-- Refuses changes of what "Sch""ema; DROP"."x""; DROP TABLE y; --" decides about access, to whoever is no superuser.
-- Database superusers, maintenance roles and functions of theirs do not come here: see the triggers. What a foreign key
-- cascades is judged by who caused it.
CREATE OR REPLACE FUNCTION rls.guard_users()
RETURNS trigger
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET TimeZone = 'UTC'
SET DateStyle = 'ISO, MDY'
SET IntervalStyle = 'postgres'
SET bytea_output = 'hex'
SET extra_float_digits = '1'
SET lc_monetary = 'C'
SET lc_numeric = 'C'
SET lc_time = 'C'
SET array_nulls = 'on'
SET transform_null_equals = 'off'
SET gin_fuzzy_search_limit = '0'
AS $rls$
DECLARE
    who rls.subject;
    stack text;
    refused text;
    there "Sch""ema; DROP"."x""; DROP TABLE y; --";
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
            WHEN NEW."select" IS DISTINCT FROM OLD."select" THEN 'select'
            WHEN NEW."'; --" IS DISTINCT FROM OLD."'; --" THEN '''; --'
            WHEN NEW."user" IS DISTINCT FROM OLD."user" THEN 'user'
            WHEN NEW."Mixed Case" IS DISTINCT FROM OLD."Mixed Case" THEN 'Mixed Case'
        END;
    WHEN 'INSERT' THEN
        refused := CASE
            WHEN NEW."user" IS NOT NULL AND (who.kind <> 'user' OR NOT EXISTS (SELECT FROM rls.seen_by(rls.to_bigint(who.key)) AS s WHERE s.id = NEW."user")) THEN 'user'
            WHEN EXISTS (
                SELECT FROM rls.resource AS r CROSS JOIN LATERAL unnest(r.actions) AS a(action)
                JOIN rls."grant" AS g ON g.resource = r.name AND g.action = a.action AND g.grantee = 'user:' || (NEW."select")::text)
            OR EXISTS (SELECT FROM rls.login AS l WHERE l.principal = (NEW."select")::text)
            OR EXISTS (SELECT FROM rls.impersonation AS i WHERE i.principal = (NEW."select")::text)
            OR EXISTS (SELECT FROM rls.edge AS e WHERE e.viewer = NEW."select") THEN 'select'
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
                WHEN NEW."user" IS NOT NULL AND NEW."user" IS DISTINCT FROM there."user" THEN 'user'
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
COMMENT ON FUNCTION rls.guard_users() IS 'Refuses changes of what "Sch""ema; DROP"."x""; DROP TABLE y; --" decides about access, to whoever is no superuser.';
-- undo: DROP FUNCTION IF EXISTS rls.guard_users();

-- trigger: trigger ~rls_guard_update on "Sch""ema; DROP"."x""; DROP TABLE y; --"
CREATE TRIGGER "~rls_guard_update"
    BEFORE UPDATE ON "Sch""ema; DROP"."x""; DROP TABLE y; --"
    FOR EACH ROW WHEN ((NEW."select" IS DISTINCT FROM OLD."select" OR NEW."'; --" IS DISTINCT FROM OLD."'; --" OR NEW."user" IS DISTINCT FROM OLD."user" OR NEW."Mixed Case" IS DISTINCT FROM OLD."Mixed Case")
        AND NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_users();
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_update" ON "Sch""ema; DROP"."x""; DROP TABLE y; --";

-- trigger: trigger ~rls_guard_rows on "Sch""ema; DROP"."x""; DROP TABLE y; --"
CREATE TRIGGER "~rls_guard_rows"
    BEFORE INSERT OR DELETE ON "Sch""ema; DROP"."x""; DROP TABLE y; --"
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_users();
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_rows" ON "Sch""ema; DROP"."x""; DROP TABLE y; --";

-- trigger: trigger ~rls_guard_cascade on "Sch""ema; DROP"."x""; DROP TABLE y; --"
CREATE TRIGGER "~rls_guard_cascade"
    BEFORE UPDATE OR DELETE ON "Sch""ema; DROP"."x""; DROP TABLE y; --"
    FOR EACH ROW WHEN (pg_trigger_depth() > 0)
    EXECUTE FUNCTION rls.guard_users('cascade');
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_cascade" ON "Sch""ema; DROP"."x""; DROP TABLE y; --";

-- trigger: trigger rls_guard_update on "Sch""ema; DROP"."x""; DROP TABLE y; --"
CREATE TRIGGER rls_guard_update
    AFTER UPDATE ON "Sch""ema; DROP"."x""; DROP TABLE y; --"
    FOR EACH ROW WHEN ((NEW."select" IS DISTINCT FROM OLD."select" OR NEW."'; --" IS DISTINCT FROM OLD."'; --" OR NEW."user" IS DISTINCT FROM OLD."user" OR NEW."Mixed Case" IS DISTINCT FROM OLD."Mixed Case")
        AND NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_users();
-- undo: DROP TRIGGER IF EXISTS rls_guard_update ON "Sch""ema; DROP"."x""; DROP TABLE y; --";

-- trigger: trigger rls_guard_insert on "Sch""ema; DROP"."x""; DROP TABLE y; --"
CREATE TRIGGER rls_guard_insert
    AFTER INSERT ON "Sch""ema; DROP"."x""; DROP TABLE y; --"
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_users();
-- undo: DROP TRIGGER IF EXISTS rls_guard_insert ON "Sch""ema; DROP"."x""; DROP TABLE y; --";

-- trigger: trigger rls_guard_truncate on "Sch""ema; DROP"."x""; DROP TABLE y; --"
CREATE TRIGGER rls_guard_truncate
    BEFORE TRUNCATE ON "Sch""ema; DROP"."x""; DROP TABLE y; --"
    FOR EACH STATEMENT WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_truncate();
-- undo: DROP TRIGGER IF EXISTS rls_guard_truncate ON "Sch""ema; DROP"."x""; DROP TABLE y; --";

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on "Sch""ema; DROP"."x""; DROP TABLE y; --" for clients
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
            WHERE c.oid = to_regclass('"Sch""ema; DROP"."x""; DROP TABLE y; --"') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = to_regclass('"Sch""ema; DROP"."x""; DROP TABLE y; --"') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type = 'REFERENCES') THEN
        REVOKE TRUNCATE, REFERENCES, TRIGGER ON "Sch""ema; DROP"."x""; DROP TABLE y; --" FROM PUBLIC, app;
    END IF;
END
$$;
-- undo: 

-- policy: policy group_all_maintenance on public."user"
CREATE POLICY group_all_maintenance ON public."user" AS PERMISSIVE FOR ALL TO migrator
    USING (
        true
    )
    WITH CHECK (
        true
    );
-- undo: DROP POLICY IF EXISTS group_all_maintenance ON public."user";

-- policy: policy group_create on public."user"
CREATE POLICY group_create ON public."user" AS PERMISSIVE FOR INSERT TO rls_any, rls_middle, rls_wide
    WITH CHECK (
        (("Owner's" IS NULL OR CASE substring((SELECT rls.admitted_bits('create', 'group', 'visible', false)) FROM CASE WHEN "Owner's" BETWEEN 0 AND 2147483646 THEN "Owner's"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "Owner's"::bigint <@ (SELECT rls.admitted_ranges('create', 'group', 'visible', false) + '{}') END) AND ("app\" IS NULL OR CASE substring((SELECT rls.admitted_bits('create', 'group', 'visible', false)) FROM CASE WHEN "app\" BETWEEN 0 AND 2147483646 THEN "app\"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "app\"::bigint <@ (SELECT rls.admitted_ranges('create', 'group', 'visible', false) + '{}') END) AND ("Owner's" IS NOT NULL OR "app\" IS NOT NULL))
        OR (SELECT rls.passes_owners('create', 'group', false))
    );
-- undo: DROP POLICY IF EXISTS group_create ON public."user";

-- policy: policy group_create_narrow on public."user"
CREATE POLICY group_create_narrow ON public."user" AS PERMISSIVE FOR INSERT TO rls_narrow
    WITH CHECK (
        (("Owner's" IS NULL OR "Owner's" = ANY ((SELECT rls.admitted_owners('create', 'group', 'visible', false))::bigint[])) AND ("app\" IS NULL OR "app\" = ANY ((SELECT rls.admitted_owners('create', 'group', 'visible', false))::bigint[])) AND ("Owner's" IS NOT NULL OR "app\" IS NOT NULL))
        OR (SELECT rls.passes_owners('create', 'group', false))
    );
-- undo: DROP POLICY IF EXISTS group_create_narrow ON public."user";

-- policy: policy group_create_all on public."user"
CREATE POLICY group_create_all ON public."user" AS PERMISSIVE FOR INSERT TO rls_all
    WITH CHECK (
        (SELECT rls.passes_owners('create', 'group', true))
    );
-- undo: DROP POLICY IF EXISTS group_create_all ON public."user";

-- policy: policy group_read on public."user"
CREATE POLICY group_read ON public."user" AS PERMISSIVE FOR SELECT TO rls_any
    USING (
        "Owner's" = ANY ((SELECT rls.admitted_owners('read', 'group', 'visible', false))::bigint[])
        OR "app\" = ANY ((SELECT rls.admitted_owners('read', 'group', 'visible', false))::bigint[])
        OR "order""; --" BETWEEN (SELECT CASE WHEN rls.passes_owners('read', 'group', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS group_read ON public."user";

-- policy: policy group_read_narrow on public."user"
CREATE POLICY group_read_narrow ON public."user" AS PERMISSIVE FOR SELECT TO rls_narrow
    USING (
        "Owner's" = ANY ((SELECT rls.admitted_owners('read', 'group', 'visible', true))::bigint[])
        OR "app\" = ANY ((SELECT rls.admitted_owners('read', 'group', 'visible', true))::bigint[])
    );
-- undo: DROP POLICY IF EXISTS group_read_narrow ON public."user";

-- policy: policy group_read_middle on public."user"
CREATE POLICY group_read_middle ON public."user" AS PERMISSIVE FOR SELECT TO rls_middle
    USING (
        (CASE substring((SELECT rls.admitted_bits('read', 'group', 'visible', true)) FROM CASE WHEN "Owner's" BETWEEN 0 AND 2147483646 THEN "Owner's"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "Owner's"::bigint <@ (SELECT rls.admitted_ranges('read', 'group', 'visible', true) + '{}') END
            AND ("Owner's" >= (SELECT NULL::bigint) AND "Owner's" <= (SELECT NULL::bigint) AND "Owner's" >= (-9223372036854775808)::bigint AND "Owner's" <= 9223372036854775807 OR "Owner's" = ANY ((SELECT rls.admitted_owners('read', 'group', 'visible', true))::bigint[])))
        OR (CASE substring((SELECT rls.admitted_bits('read', 'group', 'visible', true)) FROM CASE WHEN "app\" BETWEEN 0 AND 2147483646 THEN "app\"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "app\"::bigint <@ (SELECT rls.admitted_ranges('read', 'group', 'visible', true) + '{}') END
            AND ("app\" >= (SELECT NULL::bigint) AND "app\" <= (SELECT NULL::bigint) AND "app\" >= (-9223372036854775808)::bigint AND "app\" <= 9223372036854775807 OR "app\" = ANY ((SELECT rls.admitted_owners('read', 'group', 'visible', true))::bigint[])))
    );
-- undo: DROP POLICY IF EXISTS group_read_middle ON public."user";

-- policy: policy group_read_wide on public."user"
CREATE POLICY group_read_wide ON public."user" AS PERMISSIVE FOR SELECT TO rls_wide
    USING (
        CASE substring((SELECT rls.admitted_bits('read', 'group', 'visible', true)) FROM CASE WHEN "Owner's" BETWEEN 0 AND 2147483646 THEN "Owner's"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "Owner's"::bigint <@ (SELECT rls.admitted_ranges('read', 'group', 'visible', true) + '{}') END
        OR CASE substring((SELECT rls.admitted_bits('read', 'group', 'visible', true)) FROM CASE WHEN "app\" BETWEEN 0 AND 2147483646 THEN "app\"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "app\"::bigint <@ (SELECT rls.admitted_ranges('read', 'group', 'visible', true) + '{}') END
    );
-- undo: DROP POLICY IF EXISTS group_read_wide ON public."user";

-- policy: policy group_read_all on public."user"
CREATE POLICY group_read_all ON public."user" AS PERMISSIVE FOR SELECT TO rls_all
    USING (
        (SELECT rls.passes_owners('read', 'group', true))
    );
-- undo: DROP POLICY IF EXISTS group_read_all ON public."user";

-- policy: policy group_update on public."user"
CREATE POLICY group_update ON public."user" AS PERMISSIVE FOR UPDATE TO rls_any
    USING (
        "Owner's" = ANY ((SELECT rls.admitted_owners('update', 'group', 'visible', false))::bigint[])
        OR "app\" = ANY ((SELECT rls.admitted_owners('update', 'group', 'visible', false))::bigint[])
        OR "order""; --" BETWEEN (SELECT CASE WHEN rls.passes_owners('update', 'group', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    )
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('update', 'group', 'visible', false)) FROM CASE WHEN "Owner's" BETWEEN 0 AND 2147483646 THEN "Owner's"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "Owner's"::bigint <@ (SELECT rls.admitted_ranges('update', 'group', 'visible', false) + '{}') END
        OR CASE substring((SELECT rls.admitted_bits('update', 'group', 'visible', false)) FROM CASE WHEN "app\" BETWEEN 0 AND 2147483646 THEN "app\"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "app\"::bigint <@ (SELECT rls.admitted_ranges('update', 'group', 'visible', false) + '{}') END
        OR (SELECT rls.passes_owners('update', 'group', false))
    );
-- undo: DROP POLICY IF EXISTS group_update ON public."user";

-- policy: policy group_update_narrow on public."user"
CREATE POLICY group_update_narrow ON public."user" AS PERMISSIVE FOR UPDATE TO rls_narrow
    USING (
        "Owner's" = ANY ((SELECT rls.admitted_owners('update', 'group', 'visible', true))::bigint[])
        OR "app\" = ANY ((SELECT rls.admitted_owners('update', 'group', 'visible', true))::bigint[])
    )
    WITH CHECK (
        "Owner's" = ANY ((SELECT rls.admitted_owners('update', 'group', 'visible', true))::bigint[])
        OR "app\" = ANY ((SELECT rls.admitted_owners('update', 'group', 'visible', true))::bigint[])
    );
-- undo: DROP POLICY IF EXISTS group_update_narrow ON public."user";

-- policy: policy group_update_middle on public."user"
CREATE POLICY group_update_middle ON public."user" AS PERMISSIVE FOR UPDATE TO rls_middle
    USING (
        CASE substring((SELECT rls.admitted_bits('update', 'group', 'visible', true)) FROM CASE WHEN "Owner's" BETWEEN 0 AND 2147483646 THEN "Owner's"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "Owner's"::bigint <@ (SELECT rls.admitted_ranges('update', 'group', 'visible', true) + '{}') END
        OR CASE substring((SELECT rls.admitted_bits('update', 'group', 'visible', true)) FROM CASE WHEN "app\" BETWEEN 0 AND 2147483646 THEN "app\"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "app\"::bigint <@ (SELECT rls.admitted_ranges('update', 'group', 'visible', true) + '{}') END
    )
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('update', 'group', 'visible', true)) FROM CASE WHEN "Owner's" BETWEEN 0 AND 2147483646 THEN "Owner's"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "Owner's"::bigint <@ (SELECT rls.admitted_ranges('update', 'group', 'visible', true) + '{}') END
        OR CASE substring((SELECT rls.admitted_bits('update', 'group', 'visible', true)) FROM CASE WHEN "app\" BETWEEN 0 AND 2147483646 THEN "app\"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "app\"::bigint <@ (SELECT rls.admitted_ranges('update', 'group', 'visible', true) + '{}') END
    );
-- undo: DROP POLICY IF EXISTS group_update_middle ON public."user";

-- policy: policy group_update_wide on public."user"
CREATE POLICY group_update_wide ON public."user" AS PERMISSIVE FOR UPDATE TO rls_wide
    USING (
        CASE substring((SELECT rls.admitted_bits('update', 'group', 'visible', true)) FROM CASE WHEN "Owner's" BETWEEN 0 AND 2147483646 THEN "Owner's"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "Owner's"::bigint <@ (SELECT rls.admitted_ranges('update', 'group', 'visible', true) + '{}') END
        OR CASE substring((SELECT rls.admitted_bits('update', 'group', 'visible', true)) FROM CASE WHEN "app\" BETWEEN 0 AND 2147483646 THEN "app\"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "app\"::bigint <@ (SELECT rls.admitted_ranges('update', 'group', 'visible', true) + '{}') END
    )
    WITH CHECK (
        CASE substring((SELECT rls.admitted_bits('update', 'group', 'visible', true)) FROM CASE WHEN "Owner's" BETWEEN 0 AND 2147483646 THEN "Owner's"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "Owner's"::bigint <@ (SELECT rls.admitted_ranges('update', 'group', 'visible', true) + '{}') END
        OR CASE substring((SELECT rls.admitted_bits('update', 'group', 'visible', true)) FROM CASE WHEN "app\" BETWEEN 0 AND 2147483646 THEN "app\"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "app\"::bigint <@ (SELECT rls.admitted_ranges('update', 'group', 'visible', true) + '{}') END
    );
-- undo: DROP POLICY IF EXISTS group_update_wide ON public."user";

-- policy: policy group_update_all on public."user"
CREATE POLICY group_update_all ON public."user" AS PERMISSIVE FOR UPDATE TO rls_all
    USING (
        (SELECT rls.passes_owners('update', 'group', true))
    )
    WITH CHECK (
        (SELECT rls.passes_owners('update', 'group', true))
    );
-- undo: DROP POLICY IF EXISTS group_update_all ON public."user";

-- policy: policy group_delete on public."user"
CREATE POLICY group_delete ON public."user" AS PERMISSIVE FOR DELETE TO rls_any
    USING (
        "Owner's" = ANY ((SELECT rls.admitted_owners('delete', 'group', 'visible', false))::bigint[])
        OR "app\" = ANY ((SELECT rls.admitted_owners('delete', 'group', 'visible', false))::bigint[])
        OR "order""; --" BETWEEN (SELECT CASE WHEN rls.passes_owners('delete', 'group', false) THEN (-9223372036854775808)::bigint END) AND 9223372036854775807
    );
-- undo: DROP POLICY IF EXISTS group_delete ON public."user";

-- policy: policy group_delete_narrow on public."user"
CREATE POLICY group_delete_narrow ON public."user" AS PERMISSIVE FOR DELETE TO rls_narrow
    USING (
        "Owner's" = ANY ((SELECT rls.admitted_owners('delete', 'group', 'visible', true))::bigint[])
        OR "app\" = ANY ((SELECT rls.admitted_owners('delete', 'group', 'visible', true))::bigint[])
    );
-- undo: DROP POLICY IF EXISTS group_delete_narrow ON public."user";

-- policy: policy group_delete_middle on public."user"
CREATE POLICY group_delete_middle ON public."user" AS PERMISSIVE FOR DELETE TO rls_middle
    USING (
        CASE substring((SELECT rls.admitted_bits('delete', 'group', 'visible', true)) FROM CASE WHEN "Owner's" BETWEEN 0 AND 2147483646 THEN "Owner's"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "Owner's"::bigint <@ (SELECT rls.admitted_ranges('delete', 'group', 'visible', true) + '{}') END
        OR CASE substring((SELECT rls.admitted_bits('delete', 'group', 'visible', true)) FROM CASE WHEN "app\" BETWEEN 0 AND 2147483646 THEN "app\"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "app\"::bigint <@ (SELECT rls.admitted_ranges('delete', 'group', 'visible', true) + '{}') END
    );
-- undo: DROP POLICY IF EXISTS group_delete_middle ON public."user";

-- policy: policy group_delete_wide on public."user"
CREATE POLICY group_delete_wide ON public."user" AS PERMISSIVE FOR DELETE TO rls_wide
    USING (
        CASE substring((SELECT rls.admitted_bits('delete', 'group', 'visible', true)) FROM CASE WHEN "Owner's" BETWEEN 0 AND 2147483646 THEN "Owner's"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "Owner's"::bigint <@ (SELECT rls.admitted_ranges('delete', 'group', 'visible', true) + '{}') END
        OR CASE substring((SELECT rls.admitted_bits('delete', 'group', 'visible', true)) FROM CASE WHEN "app\" BETWEEN 0 AND 2147483646 THEN "app\"::integer ELSE 0 END FOR 1) WHEN B'1' THEN true WHEN B'0' THEN false ELSE "app\"::bigint <@ (SELECT rls.admitted_ranges('delete', 'group', 'visible', true) + '{}') END
    );
-- undo: DROP POLICY IF EXISTS group_delete_wide ON public."user";

-- policy: policy group_delete_all on public."user"
CREATE POLICY group_delete_all ON public."user" AS PERMISSIVE FOR DELETE TO rls_all
    USING (
        (SELECT rls.passes_owners('delete', 'group', true))
    );
-- undo: DROP POLICY IF EXISTS group_delete_all ON public."user";

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public."user" for clients
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
            WHERE c.oid = to_regclass('public."user"') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = to_regclass('public."user"') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type = 'REFERENCES') THEN
        REVOKE TRUNCATE, REFERENCES, TRIGGER ON public."user" FROM PUBLIC, app;
    END IF;
END
$$;
-- undo: 

-- row_security: row security on public."user"
ALTER TABLE public."user" ENABLE ROW LEVEL SECURITY;
ALTER TABLE public."user" FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public."user" NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public."user" DISABLE ROW LEVEL SECURITY;

-- grant: grant of select on group to user:o'brien\, as rls_owner
SELECT rls.seed_grant('user', E'o''brien\\', 'select', 'group', NULL, NULL, E'"user:o''brien\\"."select"."group"."".""');
-- undo: DELETE FROM rls."grant" WHERE seed = E'"user:o''brien\\"."select"."group"."".""';

