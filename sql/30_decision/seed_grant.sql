-- Puts a grant that the model seeds. A grantee that does not exist yet is an error: a grant to a name that somebody
-- takes later would be a surprise.
-- DEFINER although only rls_owner calls it: nothing that the look-up touches can then change the role.
CREATE OR REPLACE FUNCTION rls.seed_grant(
    kind text, name text, action text, resource text, valid_from timestamptz, valid_until timestamptz, seed text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key text;
BEGIN
    IF kind IN ('user', 'group') THEN
        key := CASE kind WHEN 'user' THEN rls.find_user('login', name) ELSE rls.find_group(name) END;
        IF key IS NULL THEN
            RAISE EXCEPTION 'a grant of the model names % "%", who does not exist', kind, name
                USING ERRCODE = 'RL404', HINT = 'Create it first, or take the grant out of the model.';
        END IF;
        key := kind || ':' || key;
    ELSE
        key := kind;
    END IF;
    INSERT INTO rls."grant" (grantee, action, resource, valid_from, valid_until, seed)
    VALUES (key, action, resource, valid_from, valid_until, seed)
    ON CONFLICT DO NOTHING;
END
$$;
REVOKE ALL ON FUNCTION rls.seed_grant(text, text, text, text, timestamptz, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.seed_grant(text, text, text, text, timestamptz, timestamptz, text) IS 'Puts a grant that the model seeds.';
