-- A smallint from its text; NULL where the text is none, because a malformed key is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.to_smallint(value text)
RETURNS smallint
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN CASE WHEN value ~ '^-?[0-9]{1,5}$' THEN
    CASE WHEN value::numeric BETWEEN -32768 AND 32767 THEN value::smallint END
END;
REVOKE ALL ON FUNCTION rls.to_smallint(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.to_smallint(text) TO rls_client;
COMMENT ON FUNCTION rls.to_smallint(text) IS 'A smallint from its text; NULL where it is none.';
