-- A integer from its text; NULL where the text is none, because a malformed key is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.to_integer(value text)
RETURNS integer
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN CASE
    WHEN octet_length(value) < 10 THEN CASE WHEN value ~ '^-?[0-9]+$' THEN value::integer END
    WHEN value ~ '^-?[0-9]{1,10}$' THEN
        CASE WHEN value::numeric BETWEEN -2147483648 AND 2147483647 THEN value::integer END
END;
REVOKE ALL ON FUNCTION rls.to_integer(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.to_integer(text) TO rls_client;
COMMENT ON FUNCTION rls.to_integer(text) IS 'A integer from its text; NULL where it is none.';
