-- Presents a token for this transaction and takes the gateway's client role; returns the principal.
-- INVOKER, because a definer function cannot set the role. The settings end with the transaction.
CREATE OR REPLACE FUNCTION rls.enter(token text)
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
    -- Assignments, because each query costs this function as much as the rest of it.
    opened := rls.open_token(token);
    opened.context := set_config('rls.context', opened.context, true);
    opened.memo := set_config('rls.memo', opened.memo, true);
    opened.client_role := set_config('role', opened.client_role, true);
    RETURN opened.principal;
END
$$;
REVOKE ALL ON FUNCTION rls.enter(text) FROM PUBLIC;
-- Each gateway gets EXECUTE of its own; clients, so that entering twice is answered and not merely forbidden.
GRANT EXECUTE ON FUNCTION rls.enter(text) TO rls_client;
COMMENT ON FUNCTION rls.enter(text) IS 'Presents a token for this transaction; returns the principal.';
