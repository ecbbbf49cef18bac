-- A bigint from its text; NULL where the text is none, because a malformed key is a key that does not exist.
-- Short texts first: a bounded repeat and a numeric cost more than the rest of a question about an integer key.
CREATE OR REPLACE FUNCTION rls.to_bigint(value text)
RETURNS bigint
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN CASE
    WHEN octet_length(value) < 19 THEN CASE WHEN value ~ '^-?[0-9]+$' THEN value::bigint END
    WHEN value ~ '^-?[0-9]{1,19}$' THEN
        CASE WHEN value::numeric BETWEEN -9223372036854775808 AND 9223372036854775807 THEN value::bigint END
END;
REVOKE ALL ON FUNCTION rls.to_bigint(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.to_bigint(text) TO rls_client;
COMMENT ON FUNCTION rls.to_bigint(text) IS 'A bigint from its text; NULL where it is none.';
