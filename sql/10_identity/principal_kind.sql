-- What the principal is: user, service or anonymous; NULL for nobody.
CREATE OR REPLACE FUNCTION rls.principal_kind()
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
    RETURN who.kind;
END
$$;
REVOKE ALL ON FUNCTION rls.principal_kind() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.principal_kind() TO rls_client;
COMMENT ON FUNCTION rls.principal_kind() IS 'user, service or anonymous; NULL for nobody.';
