-- Where the users and groups of the model are, for those who administer them.
CREATE OR REPLACE FUNCTION rls.directory_mapping()
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.administer();
    RETURN (SELECT d.mapping FROM rls.directory AS d);
END
$$;
REVOKE ALL ON FUNCTION rls.directory_mapping() FROM PUBLIC;
COMMENT ON FUNCTION rls.directory_mapping() IS 'Where the users and groups of the model are; maintenance roles only.';
