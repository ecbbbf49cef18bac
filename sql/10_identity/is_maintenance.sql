-- Whether this login maintains the database: a database superuser, or a member of a maintenance role of the model. A login
-- that principals come through is none, whatever it is a member of.
CREATE OR REPLACE FUNCTION rls.is_maintenance()
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY INVOKER
AS $$
BEGIN
    RETURN NOT EXISTS (SELECT FROM rls.login AS l WHERE l.name = session_user) AND (
        (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = session_user)
        OR EXISTS (
            SELECT FROM rls.database_role AS d
            JOIN pg_roles AS r ON r.rolname = d.name
            WHERE d.kind = 'maintenance' AND pg_has_role(session_user, r.oid, 'MEMBER')));
END
$$;
REVOKE ALL ON FUNCTION rls.is_maintenance() FROM PUBLIC;
COMMENT ON FUNCTION rls.is_maintenance() IS 'Whether this login maintains the database. Called by definer functions alone.';
