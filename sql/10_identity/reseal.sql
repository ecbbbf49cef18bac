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
END
$$;
REVOKE ALL ON FUNCTION rls.reseal() FROM PUBLIC;
COMMENT ON FUNCTION rls.reseal() IS 'Draws a new seal and forgets the keys of gateways. Called as rls_owner.';
