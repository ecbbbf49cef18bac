-- Grants an action on a resource to a user by its login, a group by its name, a service, authenticated or everyone, from a
-- maintenance connection. Returns what rls.store_grant does.
CREATE OR REPLACE FUNCTION rls.put_grant(
    kind text, name text, action text, resource text, valid_from timestamptz DEFAULT NULL, valid_until timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.administer();
    RETURN rls.store_grant(rls.grantee(put_grant.kind, put_grant.name), put_grant.action, put_grant.resource,
        put_grant.valid_from, put_grant.valid_until, session_user);
END
$$;
REVOKE ALL ON FUNCTION rls.put_grant(text, text, text, text, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rls.put_grant(text, text, text, text, timestamptz, timestamptz) IS 'Grants an action on a resource; maintenance roles only.';
