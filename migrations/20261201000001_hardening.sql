-- Changes of the kernel's tables and roles that go with the functions of the next file.

-- +goose Up
SET LOCAL search_path = pg_catalog, pg_temp;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'GRANT rls_owner TO CURRENT_USER';
    END IF;
    EXECUTE 'CREATE SCHEMA rls_lock AUTHORIZATION rls_owner';
END
$$;
-- +goose StatementEnd

SET LOCAL ROLE rls_owner;

CREATE TABLE rls.default_privilege (
    maker text,       -- whose new objects
    schema_name text, -- '' stands for every schema
    object_type "char",
    grantee text,
    privilege text,
    PRIMARY KEY (maker, schema_name, object_type, grantee, privilege)
);
COMMENT ON TABLE rls.default_privilege IS 'Default privileges that client roles had at an apply: DROP OWNED BY takes them away.';

CREATE TABLE rls.session_attribute (
    name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]*$' AND name !~ '^rls_'),
    type text NOT NULL CHECK (type IN ('text', 'bigint', 'boolean', 'uuid'))
);
COMMENT ON TABLE rls.session_attribute IS 'What a token may say besides the principal, as the applied model declares it.';

-- What is locked lies where no client has USAGE. A table that a client can name is locked in ROW EXCLUSIVE mode by
-- PREPARE x AS UPDATE …, without any privilege, and an advisory lock is anybody's.
COMMENT ON SCHEMA rls_lock IS 'Lock objects of the toolkit. Nobody but rls_owner may use them.';
CREATE TABLE rls_lock.tools ();
COMMENT ON TABLE rls_lock.tools IS 'The lock of apply, of the start of a maintenance, and of who else writes the manifest.';
CREATE TABLE rls_lock.logins ();
COMMENT ON TABLE rls_lock.logins IS 'The lock of those who change the login map.';
CREATE TABLE rls_lock.graph ();
COMMENT ON TABLE rls_lock.graph IS 'The lock of those who change the hierarchy.';
CREATE TABLE rls_lock.renewal ();
COMMENT ON TABLE rls_lock.renewal IS 'ROW EXCLUSIVE by those who store a set; SHARE, for a moment, by those who forget changes.';
CREATE UNLOGGED TABLE rls_lock.viewer (key text PRIMARY KEY);
COMMENT ON TABLE rls_lock.viewer IS 'Viewers whose set is being stored; always empty to others.';
ALTER TABLE rls.watermark_turn SET SCHEMA rls_lock;

-- The maintenance that runs, as long as its backend lives.
CREATE TABLE rls.maintenance (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    login text NOT NULL DEFAULT session_user,
    pid integer NOT NULL,
    backend_start timestamptz NOT NULL, -- of pg_stat_activity: the number of a process comes again
    since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE rls.maintenance IS 'The maintenance that runs, while pg_stat_activity shows its backend.';

RESET ROLE;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'REVOKE rls_owner FROM CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd

RESET search_path;

-- +goose Down
SET LOCAL search_path = pg_catalog, pg_temp;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'GRANT rls_owner TO CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd

SET LOCAL ROLE rls_owner;

DROP TABLE rls.maintenance;
ALTER TABLE rls_lock.watermark_turn SET SCHEMA rls;
DROP TABLE rls_lock.viewer, rls_lock.renewal, rls_lock.graph, rls_lock.logins, rls_lock.tools;
DROP SCHEMA rls_lock;
DROP TABLE rls.default_privilege;
DROP TABLE rls.session_attribute;

RESET ROLE;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'REVOKE rls_owner FROM CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd

RESET search_path;
