-- Who changes what decides about access. A superuser where the statement comes from a database superuser or maintenance
-- role itself; NULL for nobody, whose statement is refused rather than an error of its own. Under ANALYZE and the like the
-- code is somebody else's, and whose session it is says nothing.
-- Called by the guards alone, which are definer functions: who runs them is told by settings that SET ROLE checks.
CREATE OR REPLACE FUNCTION rls.guard_subject()
RETURNS rls.subject
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
DECLARE
    acting text := coalesce(nullif(current_setting('role'), 'none'), session_user);
BEGIN
    IF EXISTS (
        SELECT FROM pg_catalog.pg_roles AS a
        WHERE a.rolname = acting AND (a.rolsuper OR EXISTS (
            SELECT FROM rls.database_role AS d JOIN pg_catalog.pg_roles AS m ON m.rolname = d.name
            WHERE d.kind = 'maintenance' AND pg_has_role(a.oid, m.oid, 'USAGE')))
    ) THEN
        IF rls.is_restricted() THEN
            RETURN NULL;
        END IF;
        RETURN ROW(NULL, NULL, true, NULL)::rls.subject;
    END IF;
    RETURN rls.subject();
EXCEPTION
    WHEN SQLSTATE 'RL001' THEN -- nobody on a gateway
        RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION rls.guard_subject() FROM PUBLIC;
COMMENT ON FUNCTION rls.guard_subject() IS 'Who changes what decides about access. Called by the guards alone.';
