-- The database role in which a principal of a client role works: the one whose policies have the form that fits. A form
-- costs time or saves it, and never a row; without plan roles it is the client role itself.
CREATE OR REPLACE FUNCTION rls.plan_role(client_role text, form text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
BEGIN
    RETURN coalesce((SELECT p.role FROM rls.plan_role AS p
                     WHERE p.client_role = plan_role.client_role AND p.form = plan_role.form), client_role);
END
$$;
REVOKE ALL ON FUNCTION rls.plan_role(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.plan_role(text, text) IS 'The database role in which a principal works. Called by definer functions alone.';
