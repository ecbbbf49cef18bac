-- A citext key from its text: citext compares what lower makes of its texts, and compiled objects hold that.
CREATE OR REPLACE FUNCTION rls.to_citext(value text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN lower(value COLLATE "default");
REVOKE ALL ON FUNCTION rls.to_citext(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.to_citext(text) TO rls_client;
COMMENT ON FUNCTION rls.to_citext(text) IS 'A citext key from its text, in lower case.';
