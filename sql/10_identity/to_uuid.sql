-- A uuid from its text; NULL where the text is none, because a malformed key is a key that does not exist.
-- No regular expression: bounded repeats cost more than the rest of a question about a uuid key.
CREATE OR REPLACE FUNCTION rls.to_uuid(value text)
RETURNS uuid
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN CASE WHEN value LIKE '________-____-____-____-____________'
    AND translate(value, '0123456789abcdefABCDEF', '') = '----' THEN value::uuid END;
REVOKE ALL ON FUNCTION rls.to_uuid(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.to_uuid(text) TO rls_client;
COMMENT ON FUNCTION rls.to_uuid(text) IS 'A uuid from its text; NULL where it is none.';
