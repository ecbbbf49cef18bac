-- A text key from its text: the twin of to_bigint and the like, for keys that need no check.
CREATE OR REPLACE FUNCTION rls.to_text(value text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN value;
REVOKE ALL ON FUNCTION rls.to_text(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.to_text(text) TO rls_client;
COMMENT ON FUNCTION rls.to_text(text) IS 'A text key from its text.';
