-- Stores a grant that somebody gives: "granted", or "held" where it is there already, or "kept" where the model had seeded
-- it: from now on it is this person's, and stays when the model gives it up. Whoever calls this has asked whether it may be.
CREATE OR REPLACE FUNCTION rls.store_grant(
    grantee text, action text, resource text, valid_from timestamptz, valid_until timestamptz, given_by text)
RETURNS text
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
DECLARE
    word text := rls.declared_action(action, resource);
BEGIN
    IF valid_until <= valid_from THEN
        RAISE EXCEPTION 'the grant would end before it begins' USING ERRCODE = 'RL017', HINT = 'Write a later end, or an earlier beginning.';
    END IF;
    IF valid_until <= clock_timestamp() THEN
        RAISE EXCEPTION 'the grant would have ended already' USING ERRCODE = 'RL017', HINT = 'Write an end in the future, or revoke the grant.';
    END IF;
    INSERT INTO rls."grant" AS g (grantee, action, resource, valid_from, valid_until, given_by)
    VALUES (store_grant.grantee, word, store_grant.resource, store_grant.valid_from, store_grant.valid_until, store_grant.given_by)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        RETURN 'granted';
    END IF;
    UPDATE rls."grant" AS g SET seed = NULL, given_by = store_grant.given_by, given_at = now()
    WHERE g.grantee = store_grant.grantee AND g.action = word AND g.resource = store_grant.resource
      AND g.valid_from IS NOT DISTINCT FROM store_grant.valid_from AND g.valid_until IS NOT DISTINCT FROM store_grant.valid_until
      AND g.seed IS NOT NULL;
    RETURN CASE WHEN FOUND THEN 'kept' ELSE 'held' END;
END
$$;
REVOKE ALL ON FUNCTION rls.store_grant(text, text, text, timestamptz, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.store_grant(text, text, text, timestamptz, timestamptz, text) IS 'Stores a grant that somebody gives. Called by definer functions alone.';
