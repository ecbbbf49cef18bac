-- A uuid from its text; NULL where the text is none, because a malformed key is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.to_uuid(value text)
RETURNS uuid
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN CASE WHEN value ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' THEN value::uuid END;
REVOKE ALL ON FUNCTION rls.to_uuid(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.to_uuid(text) TO rls_client;
COMMENT ON FUNCTION rls.to_uuid(text) IS 'A uuid from its text; NULL where it is none.';
