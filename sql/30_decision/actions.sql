-- The actions that are admitted on one object, in the order of the model; empty for a hidden one.
CREATE OR REPLACE FUNCTION rls.actions(resource text, key text)
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        SELECT a.word
        FROM unnest(rls.object_actions(actions.resource)) WITH ORDINALITY AS a(word, place)
        WHERE rls.can_row(a.word, actions.resource, actions.key)
        ORDER BY a.place);
END
$$;
REVOKE ALL ON FUNCTION rls.actions(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.actions(text, text) TO rls_client;
COMMENT ON FUNCTION rls.actions(text, text) IS 'The actions that are admitted on one object.';
