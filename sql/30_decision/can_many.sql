-- For each key whether the action is admitted on that object, in the order given. A key that is NULL, malformed or of
-- a hidden object is false. The question goes to the table itself, as the caller: what a list shows is what is
-- admitted here, by construction.
CREATE OR REPLACE FUNCTION rls.can_many(action text, resource text, keys text[])
RETURNS TABLE (key text, allowed boolean)
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
ROWS 100
AS $$
DECLARE
    word text := rls.object_action(action, resource);
    admitted text[];
BEGIN
    EXECUTE format('SELECT rls.%I($1, $2)', 'objects_' || resource) INTO admitted USING word, keys;
    RETURN QUERY
        SELECT k.key, coalesce(k.key = ANY (admitted), false)
        FROM unnest(keys) WITH ORDINALITY AS k(key, place)
        ORDER BY k.place;
END
$$;
REVOKE ALL ON FUNCTION rls.can_many(text, text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.can_many(text, text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.can_many(text, text, text[]) IS 'For each key whether the action is admitted on that object.';
