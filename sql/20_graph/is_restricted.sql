-- Whether the server runs somebody's code with their rights in a session that has not asked for it: the function of an
-- index expression under autovacuum, ANALYZE or REINDEX, or that of a materialized view. The session's login has caused
-- nothing then. PostgreSQL tells this by refusing certain commands alone; this one does nothing else.
CREATE OR REPLACE FUNCTION rls.is_restricted()
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
BEGIN
    DEALLOCATE rls_is_restricted;
    RETURN false;
EXCEPTION
    WHEN SQLSTATE '26000' THEN -- there is no such statement
        RETURN false;
    WHEN insufficient_privilege THEN
        RETURN true;
END
$$;
REVOKE ALL ON FUNCTION rls.is_restricted() FROM PUBLIC;
COMMENT ON FUNCTION rls.is_restricted() IS 'Whether the server runs code that the session has not asked for. Called by the guards alone.';
