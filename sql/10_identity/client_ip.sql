-- Address of the client as the token gives it, else the peer of the connection.
CREATE OR REPLACE FUNCTION rls.client_ip()
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who rls.identity := rls.identify();
BEGIN
    RETURN coalesce(who.client_ip, host(inet_client_addr()));
END
$$;
REVOKE ALL ON FUNCTION rls.client_ip() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.client_ip() TO rls_client;
COMMENT ON FUNCTION rls.client_ip() IS 'Address of the client as the token gives it, else of the connection.';
