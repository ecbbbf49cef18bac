-- The key of the user that this transaction acts for, as text; NULL for services, anonymous and nobody, so that no
-- service can be taken for a user whose key is spelt like its name.
CREATE OR REPLACE FUNCTION rls.principal()
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who rls.identity := rls.identify();
BEGIN
    RETURN CASE who.kind WHEN 'user' THEN who.key END;
END
$$;
REVOKE ALL ON FUNCTION rls.principal() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.principal() TO rls_client;
COMMENT ON FUNCTION rls.principal() IS 'Key of the user that this transaction acts for.';
