-- Changes of the kernel's tables and roles that go with the functions of the next file.

-- +goose Up
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
