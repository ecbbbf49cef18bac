-- The canonical word of an action of a resource; raises for a name that is no resource and for a word that it does not
-- declare.
CREATE OR REPLACE FUNCTION rls.declared_action(action text, resource text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
DECLARE
    word text := rls.action_word(action);
    known text[] := (SELECT r.actions FROM rls.resource AS r WHERE r.name = declared_action.resource);
BEGIN
    IF known IS NULL THEN
        RAISE EXCEPTION 'there is no resource "%"', resource USING ERRCODE = 'RL011', HINT = 'Name a resource of the model.';
    END IF;
    IF word IS NULL OR word <> ALL (known) THEN
        RAISE EXCEPTION 'resource "%" has no action "%"', resource, action
            USING ERRCODE = 'RL010', HINT = 'Use one of: ' || array_to_string(known, ', ') || '.';
    END IF;
    RETURN word;
END
$$;
REVOKE ALL ON FUNCTION rls.declared_action(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.declared_action(text, text) IS 'The canonical word of an action of a resource. Called by definer functions alone.';
