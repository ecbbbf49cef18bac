-- Whether the principal passes grants and owners on a resource: an active superuser, and the resource registered.
CREATE OR REPLACE FUNCTION rls.superuser_on(resource text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who rls.subject := rls.subject();
BEGIN
    RETURN coalesce(who.superuser, false)
        AND EXISTS (SELECT FROM rls.resource AS r WHERE r.name = superuser_on.resource);
END
$$;
REVOKE ALL ON FUNCTION rls.superuser_on(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.superuser_on(text) TO rls_client;
COMMENT ON FUNCTION rls.superuser_on(text) IS 'Whether the principal passes grants and owners on a resource.';
