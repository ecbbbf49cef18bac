-- The key that contexts are sealed with: drawn here, known to nobody.

-- +goose Up
SET LOCAL search_path = pg_catalog, pg_temp;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'GRANT rls_owner TO CURRENT_USER';
    END IF;
    SET LOCAL ROLE rls_owner;
    INSERT INTO rls.seal DEFAULT VALUES;
    RESET ROLE;
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'REVOKE rls_owner FROM CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd

RESET search_path;

-- +goose Down
SET LOCAL search_path = pg_catalog, pg_temp;

-- The last file goes down first, so it is the one that refuses.
-- +goose StatementBegin
DO $$
DECLARE
    dependent text;
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'GRANT rls_owner TO CURRENT_USER';
    END IF;
    SET LOCAL ROLE rls_owner;
    IF EXISTS (SELECT FROM rls.compiled) THEN
        RAISE EXCEPTION 'objects compiled from a model are still installed'
            USING ERRCODE = 'RL413', HINT = 'Run rlsctl uninstall first.';
    END IF;
    IF EXISTS (SELECT FROM rls.login) THEN
        RAISE EXCEPTION 'logins are still registered'
            USING ERRCODE = 'RL413', HINT = 'Run rlsctl login remove or rlsctl gateway remove for each first.';
    END IF;
    SELECT string_agg(format('%I on %s', c.conname, c.conrelid::regclass), ', ' ORDER BY c.conname) INTO dependent
    FROM pg_catalog.pg_constraint AS c
    JOIN pg_catalog.pg_class AS own ON own.oid = c.confrelid AND own.relnamespace = 'rls'::regnamespace
    JOIN pg_catalog.pg_class AS t ON t.oid = c.conrelid AND t.relnamespace <> 'rls'::regnamespace
    WHERE c.contype = 'f' AND c.conparentid = 0;
    IF dependent IS NOT NULL THEN
        RAISE EXCEPTION 'tables of yours refer to the kernel''s users or groups: %', dependent
            USING ERRCODE = 'RL413', HINT = 'Drop these constraints first, or keep the kernel.';
    END IF;
    -- The next key is drawn anew.
    DELETE FROM rls.seal;
    RESET ROLE;
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'REVOKE rls_owner FROM CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd

RESET search_path;
