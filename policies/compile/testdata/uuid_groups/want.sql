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

-- privilege: USAGE on schema public for rls_owner
GRANT USAGE ON SCHEMA public TO rls_owner;
-- undo: REVOKE USAGE ON SCHEMA public FROM rls_owner;

-- privilege: SELECT on id, login of public.account, and UPDATE on id to lock rows, for rls_owner
GRANT SELECT (id, login), UPDATE (id) ON public.account TO rls_owner;
-- undo: DO $$
-- undo: DECLARE
-- undo:     name text;
-- undo: BEGIN
-- undo:     FOR name IN SELECT a.attname FROM pg_catalog.pg_attribute AS a
-- undo:         WHERE a.attrelid = to_regclass('public.account') AND NOT a.attisdropped
-- undo:           AND EXISTS (SELECT FROM aclexplode(a.attacl) AS x WHERE x.grantee = to_regrole('rls_owner')) LOOP
-- undo:         EXECUTE format('REVOKE ALL (%I) ON %s FROM rls_owner', name, 'public.account');
-- undo:     END LOOP;
-- undo: END
-- undo: $$;

-- privilege: SELECT on id, made_by, name, open_maker, open_members of public.team, and UPDATE on id to lock rows, for rls_owner
GRANT SELECT (id, made_by, name, open_maker, open_members), UPDATE (id) ON public.team TO rls_owner;
-- undo: DO $$
-- undo: DECLARE
-- undo:     name text;
-- undo: BEGIN
-- undo:     FOR name IN SELECT a.attname FROM pg_catalog.pg_attribute AS a
-- undo:         WHERE a.attrelid = to_regclass('public.team') AND NOT a.attisdropped
-- undo:           AND EXISTS (SELECT FROM aclexplode(a.attacl) AS x WHERE x.grantee = to_regrole('rls_owner')) LOOP
-- undo:         EXECUTE format('REVOKE ALL (%I) ON %s FROM rls_owner', name, 'public.team');
-- undo:     END LOOP;
-- undo: END
-- undo: $$;

-- privilege: SELECT on account_id, since, team_id, upto of public.team_member, and UPDATE on team_id to lock rows, for rls_owner
GRANT SELECT (account_id, since, team_id, upto), UPDATE (team_id) ON public.team_member TO rls_owner;
-- undo: DO $$
-- undo: DECLARE
-- undo:     name text;
-- undo: BEGIN
-- undo:     FOR name IN SELECT a.attname FROM pg_catalog.pg_attribute AS a
-- undo:         WHERE a.attrelid = to_regclass('public.team_member') AND NOT a.attisdropped
-- undo:           AND EXISTS (SELECT FROM aclexplode(a.attacl) AS x WHERE x.grantee = to_regrole('rls_owner')) LOOP
-- undo:         EXECUTE format('REVOKE ALL (%I) ON %s FROM rls_owner', name, 'public.team_member');
-- undo:     END LOOP;
-- undo: END
-- undo: $$;

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
  AND (t.since IS NULL OR t.since <= rls.clock())
  AND (t.upto IS NULL OR t.upto > rls.clock());
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
    RETURN ARRAY(
        SELECT g.id::text FROM rls.membership AS m
        JOIN rls.group_row AS g ON g.id = m.group_id
        WHERE m.user_id = rls.to_uuid($1)
        GROUP BY g.id
        ORDER BY g.id);
END
$rls$;
REVOKE ALL ON FUNCTION rls.user_groups(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.user_groups(text) IS 'Keys of the groups that a user is a member of now.';
-- undo: DROP FUNCTION IF EXISTS rls.user_groups(text);

-- function: function rls.seen_by(uuid), as rls_owner
-- Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.
-- Nobody for a user who does not exist. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.seen_by(viewer uuid)
RETURNS TABLE (id uuid, through text)
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
        WHERE g.shares_members AND u.id <> $1
        UNION ALL
        SELECT u.id, 'creator_of_group'::text FROM shared_groups AS g
        JOIN rls.user_row AS u ON u.id = g.creator
        WHERE u.id <> $1;
END
$rls$;
REVOKE ALL ON FUNCTION rls.seen_by(uuid) FROM PUBLIC;
COMMENT ON FUNCTION rls.seen_by(uuid) IS 'Whom a user sees, and through what: the union of separate closures, one per relation, and of what groups share.';
-- undo: DROP FUNCTION IF EXISTS rls.seen_by(uuid);

-- function: function rls.visible_edges(), as rls_owner
-- The principal's visible users and what reaches each, a row per user and relation.
CREATE OR REPLACE FUNCTION rls.visible_edges()
RETURNS TABLE (user_id uuid, login text, through text)
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
            FROM rls.seen_by(rls.to_uuid(who.key)) AS s
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

-- function: function rls.hierarchy(uuid), as rls_owner
-- Whom a user sees through the hierarchy: the union of separate closures, one per relation.
-- Nobody for a user who does not exist. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.hierarchy(viewer uuid)
RETURNS SETOF uuid
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
        )
        SELECT s.id FROM myself AS s;
END
$rls$;
REVOKE ALL ON FUNCTION rls.hierarchy(uuid) FROM PUBLIC;
COMMENT ON FUNCTION rls.hierarchy(uuid) IS 'Whom a user sees through the hierarchy: the union of separate closures, one per relation.';
-- undo: DROP FUNCTION IF EXISTS rls.hierarchy(uuid);

-- function: function rls.shared_with(uuid), as rls_owner
-- Whom groups show to a user: their members or their creators, as each group shares. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.shared_with(viewer uuid)
RETURNS SETOF uuid
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
ROWS 100
AS $rls$
BEGIN
    RETURN QUERY
        WITH shared AS (
            SELECT DISTINCT g.id, g.shares_members, CASE WHEN g.shares_creator THEN g.creator END AS creator
            FROM rls.membership AS m
            JOIN rls.group_row AS g ON g.id = m.group_id AND (g.shares_members OR g.shares_creator)
            WHERE m.user_id IN (SELECT h.id FROM rls.hierarchy($1) AS h(id))
        )
        SELECT u.id FROM shared AS s
        JOIN rls.membership AS m ON m.group_id = s.id
        JOIN rls.user_row AS u ON u.id = m.user_id
        WHERE s.shares_members
        UNION
        SELECT u.id FROM shared AS s JOIN rls.user_row AS u ON u.id = s.creator;
END
$rls$;
REVOKE ALL ON FUNCTION rls.shared_with(uuid) FROM PUBLIC;
COMMENT ON FUNCTION rls.shared_with(uuid) IS 'Whom groups show to a user: their members or their creators, as each group shares.';
-- undo: DROP FUNCTION IF EXISTS rls.shared_with(uuid);

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
    LEFT JOIN rls.visible_set AS s ON s.viewer = u.id::text AND s.model = 'a855f4405bbae4c095f2ce973c9b5837' AND s.computed_on = s.restored_on
    WHERE u.id = rls.to_uuid(claimed);
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
            INSERT INTO rls.visible_set AS v (viewer, model, snapshot, since, xid, computed_on, size, form, ids_uuid, bits, ranges_uuid)
            WITH o AS MATERIALIZED (
                SELECT h.id::uuid AS id FROM rls.hierarchy(rls.to_uuid(prepare.key)) AS h(id)
            ), t AS (
                SELECT count(*) AS size, greatest(count(*), (SELECT c.reltuples FROM pg_class AS c WHERE c.oid = 'public.account'::regclass)) AS users FROM o
            )
            SELECT prepare.key, 'a855f4405bbae4c095f2ce973c9b5837', pg_current_snapshot(), pg_snapshot_xmin(pg_current_snapshot()), pg_current_xact_id(), rls.cluster(), t.size,
                   CASE WHEN t.size <= 200 THEN 'narrow' WHEN t.size > least(5000, t.users * 0.03) THEN 'wide' ELSE 'middle' END,
                   (SELECT coalesce(array_agg(o.id ORDER BY o.id), '{}') FROM o),
                   NULL::varbit,
                   (SELECT coalesce(range_agg(rls.uuid_range(o.id, o.id, '[]')), '{}') FROM o)
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
        FROM rls.hierarchy(rls.to_uuid(key));
    END IF;
END
$rls$;
REVOKE ALL ON FUNCTION rls.prepare(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.prepare(text, text) IS 'What entering does for a user: stores whom they see where that is not known, and returns the form of policies that fits.';
-- undo: DROP FUNCTION IF EXISTS rls.prepare(text, text);

-- function: function rls.visible_ids(uuid, boolean), as rls_owner
-- Whom a user sees, as an array. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.visible_ids(viewer uuid, hierarchy_only boolean)
RETURNS uuid[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $rls$
DECLARE
    result uuid[];
    changed boolean;
    touched uuid[];
    gained uuid[];
BEGIN
    SELECT s.ids_uuid || '{}', EXISTS (
        SELECT FROM rls.graph_change AS c
        WHERE c.viewer IN ($1::text, '*') AND (c.viewer = $1::text OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
          AND (c.cluster <> s.computed_on
          OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid))
    ) INTO result, changed
    FROM rls.visible_set AS s
    WHERE s.viewer = $1::text AND s.model = 'a855f4405bbae4c095f2ce973c9b5837' AND s.computed_on = s.restored_on;
    IF changed THEN
        SELECT array_agg(c.seen::uuid), coalesce(array_agg(c.seen::uuid) FILTER (WHERE c.visible), '{}'), bool_or(c.seen IS NULL)
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
    IF NOT $2 THEN
        result := result || ARRAY(SELECT x.id::uuid FROM rls.shared_with($1) AS x(id));
    END IF;
    RETURN result;
END
$rls$;
REVOKE ALL ON FUNCTION rls.visible_ids(uuid, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.visible_ids(uuid, boolean) IS 'Whom a user sees, as an array.';
-- undo: DROP FUNCTION IF EXISTS rls.visible_ids(uuid, boolean);

-- function: function rls.visible_ranges(uuid, boolean), as rls_owner
-- Whom a user sees, as ranges of one key each. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.visible_ranges(viewer uuid, hierarchy_only boolean)
RETURNS rls.uuid_multirange
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $rls$
DECLARE
    result rls.uuid_multirange;
    changed boolean;
    touched uuid[];
    gained uuid[];
BEGIN
    SELECT s.ranges_uuid, EXISTS (
        SELECT FROM rls.graph_change AS c
        WHERE c.viewer IN ($1::text, '*') AND (c.viewer = $1::text OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
          AND (c.cluster <> s.computed_on
          OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid))
    ) INTO result, changed
    FROM rls.visible_set AS s
    WHERE s.viewer = $1::text AND s.model = 'a855f4405bbae4c095f2ce973c9b5837' AND s.computed_on = s.restored_on;
    IF changed THEN
        SELECT array_agg(c.seen::uuid), coalesce(array_agg(c.seen::uuid) FILTER (WHERE c.visible), '{}'), bool_or(c.seen IS NULL)
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
            result := result - coalesce((SELECT range_agg(rls.uuid_range(x.id, x.id, '[]')) FROM unnest(touched) AS x(id)), '{}')
                + coalesce((SELECT range_agg(rls.uuid_range(x.id, x.id, '[]')) FROM unnest(gained) AS x(id)), '{}');
        END IF;
    END IF;
    IF changed IS NOT false THEN
        result := coalesce((SELECT range_agg(rls.uuid_range(x.id, x.id, '[]')) FROM (SELECT h.id::uuid FROM rls.hierarchy($1) AS h(id)) AS x), '{}');
    END IF;
    IF NOT $2 THEN
        result := result + coalesce((SELECT range_agg(rls.uuid_range(x.id, x.id, '[]')) FROM (SELECT h.id::uuid FROM rls.shared_with($1) AS h(id)) AS x), '{}');
    END IF;
    RETURN result;
END
$rls$;
REVOKE ALL ON FUNCTION rls.visible_ranges(uuid, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.visible_ranges(uuid, boolean) IS 'Whom a user sees, as ranges of one key each.';
-- undo: DROP FUNCTION IF EXISTS rls.visible_ranges(uuid, boolean);

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
    key uuid;
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
    key := rls.to_uuid(who.key);
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
RETURNS uuid
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
    key uuid;
    grantees text[];
    viewer uuid;
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
    key := rls.to_uuid(who.key);
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

-- function: function rls.admitted_owners(text, text, text, boolean), as rls_owner
-- Users whose rows the principal may act on, as an array: who is visible within the scope, if a grant of the action is held.
-- Every action but create asks for a grant of read as well. Raises for superusers where the policy has no branch for them (alone).
CREATE OR REPLACE FUNCTION rls.admitted_owners(action text, resource text, scope text, alone boolean)
RETURNS uuid[]
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
    key uuid;
    grantees text[];
    viewer uuid;
    active boolean;
    superuser boolean;
    granted boolean;
    stored uuid[];
    more boolean;
BEGIN
    IF who.kind IS DISTINCT FROM 'user' THEN
        IF $4 AND who.kind = 'service' AND rls.service_may(who.key, $1, $2) THEN
            RAISE EXCEPTION 'a service is in a database role whose policies have no branch for services'
                USING ERRCODE = 'RL016', HINT = 'Stay in the database role that entering has taken.';
        END IF;
        RETURN '{}';
    END IF;
    key := rls.to_uuid(who.key);
    grantees := ARRAY['everyone', 'authenticated', 'user:' || who.key];
    SELECT u.id, u.is_active, u.is_superuser, EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = $1 AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp())),
        s.ids_uuid || '{}',
        EXISTS (
            SELECT FROM rls.graph_change AS c
            WHERE c.viewer IN (s.viewer, '*') AND (c.viewer = s.viewer OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
                AND (c.cluster <> s.computed_on
                OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid)))
        OR ($3 = 'visible')
        OR s.viewer IS NULL
    INTO viewer, active, superuser, granted, stored, more
    FROM rls.user_row AS u
    LEFT JOIN rls.visible_set AS s ON s.viewer = u.id::text AND s.model = 'a855f4405bbae4c095f2ce973c9b5837' AND s.computed_on = s.restored_on AND $3 <> 'self'
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
        RETURN ARRAY[viewer]::uuid[];
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

-- function: function rls.admitted_ranges(text, text, text, boolean), as rls_owner
-- Users whose rows the principal may act on, as ranges: who is visible within the scope, if a grant of the action is held.
-- Every action but create asks for a grant of read as well. Raises for superusers where the policy has no branch for them (alone).
CREATE OR REPLACE FUNCTION rls.admitted_ranges(action text, resource text, scope text, alone boolean)
RETURNS rls.uuid_multirange
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
    key uuid;
    grantees text[];
    viewer uuid;
    active boolean;
    superuser boolean;
    granted boolean;
    stored rls.uuid_multirange;
    more boolean;
BEGIN
    IF who.kind IS DISTINCT FROM 'user' THEN
        IF $4 AND who.kind = 'service' AND rls.service_may(who.key, $1, $2) THEN
            RAISE EXCEPTION 'a service is in a database role whose policies have no branch for services'
                USING ERRCODE = 'RL016', HINT = 'Stay in the database role that entering has taken.';
        END IF;
        RETURN '{}';
    END IF;
    key := rls.to_uuid(who.key);
    grantees := ARRAY['everyone', 'authenticated', 'user:' || who.key];
    SELECT u.id, u.is_active, u.is_superuser, EXISTS (
            SELECT FROM rls."grant" AS g
            WHERE g.resource = $2 AND g.action = $1 AND g.grantee = ANY (grantees)
              AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
              AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp())),
        s.ranges_uuid,
        EXISTS (
            SELECT FROM rls.graph_change AS c
            WHERE c.viewer IN (s.viewer, '*') AND (c.viewer = s.viewer OR c.viewer = '*' AND c.seen IS NULL AND c.visible)
                AND (c.cluster <> s.computed_on
                OR c.xid >= s.since AND (NOT pg_visible_in_snapshot(c.xid, s.snapshot) OR c.xid = s.xid)))
        OR ($3 = 'visible')
        OR s.viewer IS NULL
    INTO viewer, active, superuser, granted, stored, more
    FROM rls.user_row AS u
    LEFT JOIN rls.visible_set AS s ON s.viewer = u.id::text AND s.model = 'a855f4405bbae4c095f2ce973c9b5837' AND s.computed_on = s.restored_on AND $3 <> 'self'
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
        RETURN rls.uuid_multirange(rls.uuid_range(viewer, viewer, '[]'));
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

-- function: function rls.admitted_groups(text, text, boolean), as rls_owner
-- Keys of the principal's groups whose rows the principal may act on, if a grant of the action is held.
-- Raises for superusers where the policy has no branch for them (alone).
CREATE OR REPLACE FUNCTION rls.admitted_groups(action text, resource text, alone boolean)
RETURNS uuid[]
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
DECLARE
    viewer uuid := rls.graph_viewer($1, $2, $3);
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

-- registry: where users and groups are, as rls_owner
INSERT INTO rls.directory (mapping) VALUES ('{"timezone":"UTC","users":{"schema":"public","table":"account","key":"id","key_type":"uuid","login":"login","active":{},"superuser":{},"staff":{}},"groups":{"schema":"public","table":"team","key":"id","key_type":"uuid","name":"name","creator":"made_by","share_members":{"column":"open_members","sql":"open_members","compiled":"t.open_members"},"share_creator":{"sql":"open_maker AND open_members","compiled":"(t.open_maker AND t.open_members)"},"members_schema":"public","members_table":"team_member","member_group":"team_id","member_user":"account_id","member_from":"since","member_until":"upto"}}')
ON CONFLICT (singleton) DO UPDATE SET mapping = EXCLUDED.mapping;
-- undo: DELETE FROM rls.directory;

-- function: function rls.objects_ticket(text, text[]), as rls_owner
-- Which of some objects of ticket admit an action, by the predicates of its policies.
-- A key that is malformed is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.objects_ticket(action text, keys text[])
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
        JOIN public.ticket AS t ON t.id = rls.to_uuid(k.key)
        WHERE CASE $1
          WHEN 'read' THEN (
              t.team_id = ANY ((SELECT rls.admitted_groups('read', 'ticket', false))::uuid[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.passes_owners('read', 'ticket', false) THEN '00000000-0000-0000-0000-000000000000'::uuid END) AND 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
          WHEN 'update' THEN (
              t.team_id = ANY ((SELECT rls.admitted_groups('update', 'ticket', false))::uuid[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.passes_owners('update', 'ticket', false) THEN '00000000-0000-0000-0000-000000000000'::uuid END) AND 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
          WHEN 'delete' THEN (
              t.team_id = ANY ((SELECT rls.admitted_groups('delete', 'ticket', false))::uuid[])
              OR t.id BETWEEN (SELECT CASE WHEN rls.passes_owners('delete', 'ticket', false) THEN '00000000-0000-0000-0000-000000000000'::uuid END) AND 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid)
        END);
END
$rls$;
REVOKE ALL ON FUNCTION rls.objects_ticket(text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.objects_ticket(text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.objects_ticket(text, text[]) IS 'Which of some objects of ticket admit an action, by the predicates of its policies.';
-- undo: DROP FUNCTION IF EXISTS rls.objects_ticket(text, text[]);

-- function: function rls.user_exists(uuid), as rls_owner
-- Whether there is such a user at this very moment, in the middle of a statement too. Called by the guards alone.
CREATE OR REPLACE FUNCTION rls.user_exists(id uuid)
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
REVOKE ALL ON FUNCTION rls.user_exists(uuid) FROM PUBLIC;
COMMENT ON FUNCTION rls.user_exists(uuid) IS 'Whether there is such a user at this very moment, in the middle of a statement too.';
-- undo: DROP FUNCTION IF EXISTS rls.user_exists(uuid);

-- function: function rls.group_exists(uuid), as rls_owner
-- Whether there is such a group at this very moment, in the middle of a statement too. Called by the guards alone.
CREATE OR REPLACE FUNCTION rls.group_exists(id uuid)
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
    RETURN EXISTS (SELECT FROM rls.group_row AS x WHERE x.id = $1);
END
$rls$;
REVOKE ALL ON FUNCTION rls.group_exists(uuid) FROM PUBLIC;
COMMENT ON FUNCTION rls.group_exists(uuid) IS 'Whether there is such a group at this very moment, in the middle of a statement too.';
-- undo: DROP FUNCTION IF EXISTS rls.group_exists(uuid);

-- function: function rls.guard_users(), as rls_owner
-- Refuses changes of what public.account decides about access, to whoever is no superuser.
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
            WHEN NEW.login IS DISTINCT FROM OLD.login THEN 'login'
        END;
    WHEN 'INSERT' THEN
        refused := CASE
            WHEN EXISTS (
                SELECT FROM rls.resource AS r CROSS JOIN LATERAL unnest(r.actions) AS a(action)
                JOIN rls."grant" AS g ON g.resource = r.name AND g.action = a.action AND g.grantee = 'user:' || (NEW.id)::text)
            OR EXISTS (SELECT FROM rls.login AS l WHERE l.principal = (NEW.id)::text)
            OR EXISTS (SELECT FROM rls.impersonation AS i WHERE i.principal = (NEW.id)::text)
            OR EXISTS (SELECT FROM rls.edge AS e WHERE e.viewer = NEW.id)
            OR EXISTS (SELECT FROM rls.membership AS m WHERE m.user_id = NEW.id) THEN 'id'
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
REVOKE ALL ON FUNCTION rls.guard_users() FROM PUBLIC;
COMMENT ON FUNCTION rls.guard_users() IS 'Refuses changes of what public.account decides about access, to whoever is no superuser.';
-- undo: DROP FUNCTION IF EXISTS rls.guard_users();

-- trigger: trigger ~rls_guard_update on public.account
CREATE TRIGGER "~rls_guard_update"
    BEFORE UPDATE ON public.account
    FOR EACH ROW WHEN ((NEW.id IS DISTINCT FROM OLD.id OR NEW.login IS DISTINCT FROM OLD.login)
        AND NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_users();
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_update" ON public.account;

-- trigger: trigger ~rls_guard_rows on public.account
CREATE TRIGGER "~rls_guard_rows"
    BEFORE INSERT OR DELETE ON public.account
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_users();
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_rows" ON public.account;

-- trigger: trigger ~rls_guard_cascade on public.account
CREATE TRIGGER "~rls_guard_cascade"
    BEFORE UPDATE OR DELETE ON public.account
    FOR EACH ROW WHEN (pg_trigger_depth() > 0)
    EXECUTE FUNCTION rls.guard_users('cascade');
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_cascade" ON public.account;

-- trigger: trigger rls_guard_update on public.account
CREATE TRIGGER rls_guard_update
    AFTER UPDATE ON public.account
    FOR EACH ROW WHEN ((NEW.id IS DISTINCT FROM OLD.id OR NEW.login IS DISTINCT FROM OLD.login)
        AND NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_users();
-- undo: DROP TRIGGER IF EXISTS rls_guard_update ON public.account;

-- trigger: trigger rls_guard_insert on public.account
CREATE TRIGGER rls_guard_insert
    AFTER INSERT ON public.account
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_users();
-- undo: DROP TRIGGER IF EXISTS rls_guard_insert ON public.account;

-- trigger: trigger rls_guard_truncate on public.account
CREATE TRIGGER rls_guard_truncate
    BEFORE TRUNCATE ON public.account
    FOR EACH STATEMENT WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_truncate();
-- undo: DROP TRIGGER IF EXISTS rls_guard_truncate ON public.account;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.account for clients
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
            WHERE c.oid = to_regclass('public.account') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = to_regclass('public.account') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type = 'REFERENCES') THEN
        REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.account FROM PUBLIC, app;
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
    there public.team;
BEGIN
    SELECT t.id, t.name, t.made_by, t.open_members, t.open_maker
    INTO there.id, there.name, there.made_by, there.open_members, there.open_maker
    FROM public.team AS t
    WHERE t.id = given.id
       OR t.name = given.name
    LIMIT 1
    FOR KEY SHARE;
    RETURN CASE WHEN FOUND THEN there END;
END
$rls$;
REVOKE ALL ON FUNCTION rls.there_groups(record) FROM PUBLIC;
COMMENT ON FUNCTION rls.there_groups(record) IS 'The row that a new one would conflict with at this very moment, which stays until this transaction ends.';
-- undo: DROP FUNCTION IF EXISTS rls.there_groups(record);

-- function: function rls.guard_groups(), as rls_owner
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
    there public.team;
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
            WHEN NEW.made_by IS DISTINCT FROM OLD.made_by THEN 'made_by'
            WHEN (SELECT (t.open_members) IS TRUE FROM (SELECT NEW.*) AS t) IS DISTINCT FROM (SELECT (t.open_members) IS TRUE FROM (SELECT OLD.*) AS t) THEN 'open_members'
            WHEN NEW.open_maker IS DISTINCT FROM OLD.open_maker THEN 'open_maker'
        END;
    WHEN 'INSERT' THEN
        refused := CASE
            WHEN NEW.made_by IS NOT NULL AND (who.kind <> 'user' OR NOT EXISTS (SELECT FROM rls.seen_by(rls.to_uuid(who.key)) AS s WHERE s.id = NEW.made_by)) THEN 'made_by'
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
    IF TG_OP = 'INSERT' AND TG_WHEN = 'BEFORE' AND refused IS NOT NULL THEN
        there := rls.there_groups(NEW); -- then nothing is inserted: it is ON CONFLICT or an error
        IF there IS DISTINCT FROM NULL THEN
            refused := CASE
                WHEN NEW.made_by IS NOT NULL AND NEW.made_by IS DISTINCT FROM there.made_by THEN 'made_by'
                WHEN (SELECT (t.open_members) IS TRUE FROM (SELECT NEW.*) AS t) AND NOT (SELECT (t.open_members) IS TRUE FROM (SELECT there.*) AS t) THEN 'open_members'
                WHEN (SELECT ((t.open_maker AND t.open_members)) IS TRUE FROM (SELECT NEW.*) AS t) AND NOT (SELECT ((t.open_maker AND t.open_members)) IS TRUE FROM (SELECT there.*) AS t) THEN 'open_maker'
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
COMMENT ON FUNCTION rls.guard_groups() IS 'Refuses changes of what public.team decides about access, to whoever is no superuser.';
-- undo: DROP FUNCTION IF EXISTS rls.guard_groups();

-- trigger: trigger ~rls_guard_update on public.team
CREATE TRIGGER "~rls_guard_update"
    BEFORE UPDATE ON public.team
    FOR EACH ROW WHEN ((NEW.id IS DISTINCT FROM OLD.id OR NEW.name IS DISTINCT FROM OLD.name OR NEW.made_by IS DISTINCT FROM OLD.made_by OR NEW.open_members IS DISTINCT FROM OLD.open_members OR NEW.open_maker IS DISTINCT FROM OLD.open_maker)
        AND NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_groups();
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_update" ON public.team;

-- trigger: trigger ~rls_guard_rows on public.team
CREATE TRIGGER "~rls_guard_rows"
    BEFORE INSERT OR DELETE ON public.team
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_groups();
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_rows" ON public.team;

-- trigger: trigger ~rls_guard_cascade on public.team
CREATE TRIGGER "~rls_guard_cascade"
    BEFORE UPDATE OR DELETE ON public.team
    FOR EACH ROW WHEN (pg_trigger_depth() > 0)
    EXECUTE FUNCTION rls.guard_groups('cascade');
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_cascade" ON public.team;

-- trigger: trigger rls_guard_update on public.team
CREATE TRIGGER rls_guard_update
    AFTER UPDATE ON public.team
    FOR EACH ROW WHEN ((NEW.id IS DISTINCT FROM OLD.id OR NEW.name IS DISTINCT FROM OLD.name OR NEW.made_by IS DISTINCT FROM OLD.made_by OR NEW.open_members IS DISTINCT FROM OLD.open_members OR NEW.open_maker IS DISTINCT FROM OLD.open_maker)
        AND NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_groups();
-- undo: DROP TRIGGER IF EXISTS rls_guard_update ON public.team;

-- trigger: trigger rls_guard_insert on public.team
CREATE TRIGGER rls_guard_insert
    AFTER INSERT ON public.team
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_groups();
-- undo: DROP TRIGGER IF EXISTS rls_guard_insert ON public.team;

-- trigger: trigger rls_guard_truncate on public.team
CREATE TRIGGER rls_guard_truncate
    BEFORE TRUNCATE ON public.team
    FOR EACH STATEMENT WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_truncate();
-- undo: DROP TRIGGER IF EXISTS rls_guard_truncate ON public.team;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.team for clients
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
            WHERE c.oid = to_regclass('public.team') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = to_regclass('public.team') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type = 'REFERENCES') THEN
        REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.team FROM PUBLIC, app;
    END IF;
END
$$;
-- undo: 

-- function: function rls.there_members(record), as rls_owner
-- The row that a new one would conflict with at this very moment, which stays until this transaction ends.
-- Called by the guards alone.
CREATE OR REPLACE FUNCTION rls.there_members(given record)
RETURNS record
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $rls$
DECLARE
    there public.team_member;
BEGIN
    SELECT t.team_id, t.account_id, t.since, t.upto
    INTO there.team_id, there.account_id, there.since, there.upto
    FROM public.team_member AS t
    WHERE t.team_id = given.team_id AND t.account_id = given.account_id
    LIMIT 1
    FOR KEY SHARE;
    RETURN CASE WHEN FOUND THEN there END;
END
$rls$;
REVOKE ALL ON FUNCTION rls.there_members(record) FROM PUBLIC;
COMMENT ON FUNCTION rls.there_members(record) IS 'The row that a new one would conflict with at this very moment, which stays until this transaction ends.';
-- undo: DROP FUNCTION IF EXISTS rls.there_members(record);

-- function: function rls.guard_members(), as rls_owner
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
    there public.team_member;
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
            WHEN NEW.team_id IS DISTINCT FROM OLD.team_id THEN 'team_id'
            WHEN NEW.account_id IS DISTINCT FROM OLD.account_id THEN 'account_id'
            WHEN NEW.since IS DISTINCT FROM OLD.since THEN 'since'
            WHEN NEW.upto IS DISTINCT FROM OLD.upto THEN 'upto'
        END;
    WHEN 'INSERT' THEN
        refused := CASE
            WHEN true THEN ''
        END;
    WHEN 'DELETE' THEN
        refused := CASE
            WHEN rls.group_exists(OLD.team_id) AND rls.user_exists(OLD.account_id) THEN ''
        END;
    ELSE
        NULL;
    END CASE;
    IF TG_OP = 'INSERT' AND who.kind IS NULL AND refused IS NULL THEN
        refused := '';
    END IF;
    IF TG_OP = 'INSERT' AND TG_WHEN = 'BEFORE' AND refused IS NOT NULL THEN
        there := rls.there_members(NEW); -- then nothing is inserted: it is ON CONFLICT or an error
        IF there IS DISTINCT FROM NULL THEN
            refused := CASE
                WHEN NEW.team_id IS DISTINCT FROM there.team_id THEN 'team_id'
                WHEN NEW.account_id IS DISTINCT FROM there.account_id THEN 'account_id'
                WHEN NEW.since IS DISTINCT FROM there.since THEN 'since'
                WHEN NEW.upto IS DISTINCT FROM there.upto THEN 'upto'
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
REVOKE ALL ON FUNCTION rls.guard_members() FROM PUBLIC;
COMMENT ON FUNCTION rls.guard_members() IS 'Refuses changes of what public.team_member decides about access, to whoever is no superuser.';
-- undo: DROP FUNCTION IF EXISTS rls.guard_members();

-- trigger: trigger ~rls_guard_update on public.team_member
CREATE TRIGGER "~rls_guard_update"
    BEFORE UPDATE ON public.team_member
    FOR EACH ROW WHEN ((NEW.team_id IS DISTINCT FROM OLD.team_id OR NEW.account_id IS DISTINCT FROM OLD.account_id OR NEW.since IS DISTINCT FROM OLD.since OR NEW.upto IS DISTINCT FROM OLD.upto)
        AND NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_members();
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_update" ON public.team_member;

-- trigger: trigger ~rls_guard_rows on public.team_member
CREATE TRIGGER "~rls_guard_rows"
    BEFORE INSERT OR DELETE ON public.team_member
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_members();
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_rows" ON public.team_member;

-- trigger: trigger ~rls_guard_cascade on public.team_member
CREATE TRIGGER "~rls_guard_cascade"
    BEFORE UPDATE OR DELETE ON public.team_member
    FOR EACH ROW WHEN (pg_trigger_depth() > 0)
    EXECUTE FUNCTION rls.guard_members('cascade');
-- undo: DROP TRIGGER IF EXISTS "~rls_guard_cascade" ON public.team_member;

-- trigger: trigger rls_guard_update on public.team_member
CREATE TRIGGER rls_guard_update
    AFTER UPDATE ON public.team_member
    FOR EACH ROW WHEN ((NEW.team_id IS DISTINCT FROM OLD.team_id OR NEW.account_id IS DISTINCT FROM OLD.account_id OR NEW.since IS DISTINCT FROM OLD.since OR NEW.upto IS DISTINCT FROM OLD.upto)
        AND NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_members();
-- undo: DROP TRIGGER IF EXISTS rls_guard_update ON public.team_member;

-- trigger: trigger rls_guard_insert on public.team_member
CREATE TRIGGER rls_guard_insert
    AFTER INSERT ON public.team_member
    FOR EACH ROW WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_members();
-- undo: DROP TRIGGER IF EXISTS rls_guard_insert ON public.team_member;

-- trigger: trigger rls_guard_truncate on public.team_member
CREATE TRIGGER rls_guard_truncate
    BEFORE TRUNCATE ON public.team_member
    FOR EACH STATEMENT WHEN (NOT (pg_has_role(current_user, 'rls_owner', 'USAGE') OR pg_has_role(current_user, 'migrator', 'USAGE')))
    EXECUTE FUNCTION rls.guard_truncate();
-- undo: DROP TRIGGER IF EXISTS rls_guard_truncate ON public.team_member;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.team_member for clients
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
            WHERE c.oid = to_regclass('public.team_member') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = to_regclass('public.team_member') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type = 'REFERENCES') THEN
        REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.team_member FROM PUBLIC, app;
    END IF;
END
$$;
-- undo: 

-- policy: policy ticket_all_maintenance on public.ticket
CREATE POLICY ticket_all_maintenance ON public.ticket AS PERMISSIVE FOR ALL TO migrator
    USING (
        true
    )
    WITH CHECK (
        true
    );
-- undo: DROP POLICY IF EXISTS ticket_all_maintenance ON public.ticket;

-- policy: policy ticket_create on public.ticket
CREATE POLICY ticket_create ON public.ticket AS PERMISSIVE FOR INSERT TO rls_any
    WITH CHECK (
        team_id = ANY ((SELECT rls.admitted_groups('create', 'ticket', false))::uuid[])
        OR (SELECT rls.passes_owners('create', 'ticket', false))
    );
-- undo: DROP POLICY IF EXISTS ticket_create ON public.ticket;

-- policy: policy ticket_create_narrow on public.ticket
CREATE POLICY ticket_create_narrow ON public.ticket AS PERMISSIVE FOR INSERT TO rls_narrow, rls_middle, rls_wide
    WITH CHECK (
        team_id = ANY ((SELECT rls.admitted_groups('create', 'ticket', true))::uuid[])
    );
-- undo: DROP POLICY IF EXISTS ticket_create_narrow ON public.ticket;

-- policy: policy ticket_create_all on public.ticket
CREATE POLICY ticket_create_all ON public.ticket AS PERMISSIVE FOR INSERT TO rls_all
    WITH CHECK (
        (SELECT rls.passes_owners('create', 'ticket', true))
    );
-- undo: DROP POLICY IF EXISTS ticket_create_all ON public.ticket;

-- policy: policy ticket_read on public.ticket
CREATE POLICY ticket_read ON public.ticket AS PERMISSIVE FOR SELECT TO rls_any
    USING (
        team_id = ANY ((SELECT rls.admitted_groups('read', 'ticket', false))::uuid[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('read', 'ticket', false) THEN '00000000-0000-0000-0000-000000000000'::uuid END) AND 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
    );
-- undo: DROP POLICY IF EXISTS ticket_read ON public.ticket;

-- policy: policy ticket_read_narrow on public.ticket
CREATE POLICY ticket_read_narrow ON public.ticket AS PERMISSIVE FOR SELECT TO rls_narrow
    USING (
        team_id = ANY ((SELECT rls.admitted_groups('read', 'ticket', true))::uuid[])
    );
-- undo: DROP POLICY IF EXISTS ticket_read_narrow ON public.ticket;

-- policy: policy ticket_read_middle on public.ticket
CREATE POLICY ticket_read_middle ON public.ticket AS PERMISSIVE FOR SELECT TO rls_middle
    USING (
        team_id = ANY ((SELECT rls.admitted_groups('read', 'ticket', true))::uuid[])
    );
-- undo: DROP POLICY IF EXISTS ticket_read_middle ON public.ticket;

-- policy: policy ticket_read_wide on public.ticket
CREATE POLICY ticket_read_wide ON public.ticket AS PERMISSIVE FOR SELECT TO rls_wide
    USING (
        team_id = ANY ((SELECT rls.admitted_groups('read', 'ticket', true))::uuid[])
    );
-- undo: DROP POLICY IF EXISTS ticket_read_wide ON public.ticket;

-- policy: policy ticket_read_all on public.ticket
CREATE POLICY ticket_read_all ON public.ticket AS PERMISSIVE FOR SELECT TO rls_all
    USING (
        (SELECT rls.passes_owners('read', 'ticket', true))
    );
-- undo: DROP POLICY IF EXISTS ticket_read_all ON public.ticket;

-- policy: policy ticket_update on public.ticket
CREATE POLICY ticket_update ON public.ticket AS PERMISSIVE FOR UPDATE TO rls_any
    USING (
        team_id = ANY ((SELECT rls.admitted_groups('update', 'ticket', false))::uuid[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('update', 'ticket', false) THEN '00000000-0000-0000-0000-000000000000'::uuid END) AND 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
    )
    WITH CHECK (
        team_id = ANY ((SELECT rls.admitted_groups('update', 'ticket', false))::uuid[])
        OR (SELECT rls.passes_owners('update', 'ticket', false))
    );
-- undo: DROP POLICY IF EXISTS ticket_update ON public.ticket;

-- policy: policy ticket_update_narrow on public.ticket
CREATE POLICY ticket_update_narrow ON public.ticket AS PERMISSIVE FOR UPDATE TO rls_narrow
    USING (
        team_id = ANY ((SELECT rls.admitted_groups('update', 'ticket', true))::uuid[])
    )
    WITH CHECK (
        team_id = ANY ((SELECT rls.admitted_groups('update', 'ticket', true))::uuid[])
    );
-- undo: DROP POLICY IF EXISTS ticket_update_narrow ON public.ticket;

-- policy: policy ticket_update_middle on public.ticket
CREATE POLICY ticket_update_middle ON public.ticket AS PERMISSIVE FOR UPDATE TO rls_middle
    USING (
        team_id = ANY ((SELECT rls.admitted_groups('update', 'ticket', true))::uuid[])
    )
    WITH CHECK (
        team_id = ANY ((SELECT rls.admitted_groups('update', 'ticket', true))::uuid[])
    );
-- undo: DROP POLICY IF EXISTS ticket_update_middle ON public.ticket;

-- policy: policy ticket_update_wide on public.ticket
CREATE POLICY ticket_update_wide ON public.ticket AS PERMISSIVE FOR UPDATE TO rls_wide
    USING (
        team_id = ANY ((SELECT rls.admitted_groups('update', 'ticket', true))::uuid[])
    )
    WITH CHECK (
        team_id = ANY ((SELECT rls.admitted_groups('update', 'ticket', true))::uuid[])
    );
-- undo: DROP POLICY IF EXISTS ticket_update_wide ON public.ticket;

-- policy: policy ticket_update_all on public.ticket
CREATE POLICY ticket_update_all ON public.ticket AS PERMISSIVE FOR UPDATE TO rls_all
    USING (
        (SELECT rls.passes_owners('update', 'ticket', true))
    )
    WITH CHECK (
        (SELECT rls.passes_owners('update', 'ticket', true))
    );
-- undo: DROP POLICY IF EXISTS ticket_update_all ON public.ticket;

-- policy: policy ticket_delete on public.ticket
CREATE POLICY ticket_delete ON public.ticket AS PERMISSIVE FOR DELETE TO rls_any
    USING (
        team_id = ANY ((SELECT rls.admitted_groups('delete', 'ticket', false))::uuid[])
        OR id BETWEEN (SELECT CASE WHEN rls.passes_owners('delete', 'ticket', false) THEN '00000000-0000-0000-0000-000000000000'::uuid END) AND 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
    );
-- undo: DROP POLICY IF EXISTS ticket_delete ON public.ticket;

-- policy: policy ticket_delete_narrow on public.ticket
CREATE POLICY ticket_delete_narrow ON public.ticket AS PERMISSIVE FOR DELETE TO rls_narrow
    USING (
        team_id = ANY ((SELECT rls.admitted_groups('delete', 'ticket', true))::uuid[])
    );
-- undo: DROP POLICY IF EXISTS ticket_delete_narrow ON public.ticket;

-- policy: policy ticket_delete_middle on public.ticket
CREATE POLICY ticket_delete_middle ON public.ticket AS PERMISSIVE FOR DELETE TO rls_middle
    USING (
        team_id = ANY ((SELECT rls.admitted_groups('delete', 'ticket', true))::uuid[])
    );
-- undo: DROP POLICY IF EXISTS ticket_delete_middle ON public.ticket;

-- policy: policy ticket_delete_wide on public.ticket
CREATE POLICY ticket_delete_wide ON public.ticket AS PERMISSIVE FOR DELETE TO rls_wide
    USING (
        team_id = ANY ((SELECT rls.admitted_groups('delete', 'ticket', true))::uuid[])
    );
-- undo: DROP POLICY IF EXISTS ticket_delete_wide ON public.ticket;

-- policy: policy ticket_delete_all on public.ticket
CREATE POLICY ticket_delete_all ON public.ticket AS PERMISSIVE FOR DELETE TO rls_all
    USING (
        (SELECT rls.passes_owners('delete', 'ticket', true))
    );
-- undo: DROP POLICY IF EXISTS ticket_delete_all ON public.ticket;

-- privilege: no TRUNCATE, REFERENCES, TRIGGER on public.ticket for clients
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_class AS c CROSS JOIN LATERAL aclexplode(c.relacl) AS x
            WHERE c.oid = to_regclass('public.ticket') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
        OR EXISTS (SELECT FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = to_regclass('public.ticket') AND x.grantee IN (0, to_regrole('app')) AND x.privilege_type = 'REFERENCES') THEN
        REVOKE TRUNCATE, REFERENCES, TRIGGER ON public.ticket FROM PUBLIC, app;
    END IF;
END
$$;
-- undo: 

-- row_security: row security on public.ticket
ALTER TABLE public.ticket ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.ticket FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.ticket NO FORCE ROW LEVEL SECURITY;
-- undo: ALTER TABLE public.ticket DISABLE ROW LEVEL SECURITY;

