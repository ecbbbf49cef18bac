-- The actions that can be asked about on an object of the resource: all that it declares but create.
CREATE OR REPLACE FUNCTION rls.object_actions(resource text)
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.object_action('read', object_actions.resource);
    RETURN (SELECT array_remove(r.actions, 'create') FROM rls.resource AS r WHERE r.name = object_actions.resource);
END
$$;
REVOKE ALL ON FUNCTION rls.object_actions(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.object_actions(text) TO rls_client;
COMMENT ON FUNCTION rls.object_actions(text) IS 'The actions that can be asked about on an object.';
