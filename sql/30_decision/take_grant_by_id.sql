-- Revokes one grant by its number, from a maintenance connection: one window of several, or a grant to somebody who is
-- gone. False where there is none.
CREATE OR REPLACE FUNCTION rls.take_grant_by_id(id bigint)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.administer();
    DELETE FROM rls."grant" AS g WHERE g.id = take_grant_by_id.id;
    RETURN FOUND;
END
$$;
REVOKE ALL ON FUNCTION rls.take_grant_by_id(bigint) FROM PUBLIC;
COMMENT ON FUNCTION rls.take_grant_by_id(bigint) IS 'Revokes one grant by its number; maintenance roles only.';
