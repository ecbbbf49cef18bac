-- The canonical word of an action on one object; raises for a name that is no resource and for a word that it does
-- not declare.
CREATE OR REPLACE FUNCTION rls.object_action(action text, resource text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    word text := rls.declared_action(action, resource);
BEGIN
    IF word = 'create' THEN
        RAISE EXCEPTION 'action "create" has no object' USING ERRCODE = 'RL010', HINT = 'Ask rls.can(''create'', resource).';
    END IF;
    IF (SELECT cardinality(r.key_columns) = 0 FROM rls.resource AS r WHERE r.name = object_action.resource) THEN
        RAISE EXCEPTION 'resource "%" has no key', resource
            USING ERRCODE = 'RL012', HINT = 'Add a primary key to its table, or name a key in the model.';
    END IF;
    RETURN word;
END
$$;
REVOKE ALL ON FUNCTION rls.object_action(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.object_action(text, text) TO rls_client;
COMMENT ON FUNCTION rls.object_action(text, text) IS 'The canonical word of an action on one object.';
