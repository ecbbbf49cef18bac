-- Whether the action is admitted on one object. A key that is NULL, malformed or of a hidden object is false.
CREATE OR REPLACE FUNCTION rls.can_row(action text, resource text, key text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT m.allowed FROM rls.can_many(can_row.action, can_row.resource, ARRAY[can_row.key]) AS m);
END
$$;
REVOKE ALL ON FUNCTION rls.can_row(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.can_row(text, text, text) TO rls_client;
COMMENT ON FUNCTION rls.can_row(text, text, text) IS 'Whether the action is admitted on one object.';
