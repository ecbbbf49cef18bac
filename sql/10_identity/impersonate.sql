-- Acts for somebody for the rest of the transaction, without a token: for maintenance roles and database superusers.
-- Takes the named client role, by default the first of the model, so that policies apply.
CREATE OR REPLACE FUNCTION rls.impersonate(principal text, client_role text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    opened record;
BEGIN
    SELECT o.* INTO opened FROM rls.open_impersonation(impersonate.principal, impersonate.client_role) AS o;
    PERFORM set_config('rls.context', opened.context, true), set_config('role', opened.client_role, true);
    RETURN opened.principal;
END
$$;
REVOKE ALL ON FUNCTION rls.impersonate(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.impersonate(text, text) IS 'Acts for a principal without a token; maintenance roles only.';
