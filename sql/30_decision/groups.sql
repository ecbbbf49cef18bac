-- Keys of the groups that the principal is a member of, as text.
CREATE OR REPLACE FUNCTION rls.groups()
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who rls.subject := rls.subject();
BEGIN
    RETURN CASE who.kind WHEN 'user' THEN rls.user_groups(who.key) ELSE '{}' END;
END
$$;
REVOKE ALL ON FUNCTION rls.groups() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.groups() TO rls_client;
COMMENT ON FUNCTION rls.groups() IS 'Keys of the groups that the principal is a member of.';
