-- Raises unless this login maintains the database and a model is applied.
CREATE OR REPLACE FUNCTION rls.administer()
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY INVOKER
AS $$
BEGIN
    IF NOT rls.is_maintenance() THEN
        RAISE EXCEPTION 'login "%" may not administer', session_user
            USING ERRCODE = '42501', HINT = 'Connect with a member of a maintenance role.';
    END IF;
    IF NOT EXISTS (SELECT FROM rls.directory) THEN
        RAISE EXCEPTION 'no model is applied to this database' USING ERRCODE = 'RL005', HINT = 'Run rlsctl apply.';
    END IF;
END
$$;
REVOKE ALL ON FUNCTION rls.administer() FROM PUBLIC;
COMMENT ON FUNCTION rls.administer() IS 'Raises unless this login maintains the database. Called by definer functions alone.';
