-- The canonical word of an action: trimmed, lower case, and one word for each meaning.
CREATE OR REPLACE FUNCTION rls.action_word(action text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN CASE lower(btrim(action, E' \t\r\n'))
    WHEN 'add' THEN 'create'
    WHEN 'get' THEN 'read'
    WHEN 'edit' THEN 'update'
    WHEN 'change' THEN 'update'
    WHEN 'remove' THEN 'delete'
    ELSE lower(btrim(action, E' \t\r\n'))
END;
REVOKE ALL ON FUNCTION rls.action_word(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.action_word(text) TO rls_client;
COMMENT ON FUNCTION rls.action_word(text) IS 'The canonical word of an action.';
