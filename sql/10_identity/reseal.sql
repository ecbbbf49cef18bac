-- Makes a copy of a database a database of its own: it believes no context and no token of the original any more.
-- DELETE and INSERT, because an update leaves a generated column that reads no other as it is.
CREATE OR REPLACE FUNCTION rls.reseal()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM rls.gateway_key;
    DELETE FROM rls.seal;
    INSERT INTO rls.seal DEFAULT VALUES;
    -- With what was computed for the original. Rows of whoever is entering just now are wrong by the seal's trigger; nobody waits for them.
    DELETE FROM rls.visible_set AS v WHERE v.viewer IN (SELECT s.viewer FROM rls.visible_set AS s FOR UPDATE SKIP LOCKED);
    PERFORM rls.renew_memo_key(true);
END
$$;
REVOKE ALL ON FUNCTION rls.reseal() FROM PUBLIC;
COMMENT ON FUNCTION rls.reseal() IS 'Draws a new seal and forgets the keys of gateways. Called as rls_owner.';
