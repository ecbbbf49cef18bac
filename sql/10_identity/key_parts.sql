-- The parts of a composite key that is written as a JSON array of texts; NULL where it is none of that length.
-- UNSAFE, and so is all that calls it: while a parallel plan runs, PostgreSQL starts no subtransaction in the leader either.
CREATE OR REPLACE FUNCTION rls.key_parts(key text, parts integer)
RETURNS text[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF jsonb_typeof(key::jsonb) <> 'array' OR jsonb_array_length(key::jsonb) <> parts
        OR EXISTS (SELECT FROM jsonb_array_elements(key::jsonb) AS e(part) WHERE jsonb_typeof(e.part) <> 'string') THEN
        RETURN NULL;
    END IF;
    RETURN ARRAY(SELECT e.part FROM jsonb_array_elements_text(key::jsonb) WITH ORDINALITY AS e(part, place) ORDER BY e.place);
EXCEPTION WHEN data_exception OR untranslatable_character THEN
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION rls.key_parts(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.key_parts(text, integer) TO rls_client;
COMMENT ON FUNCTION rls.key_parts(text, integer) IS 'The parts of a composite key; NULL where the text is none.';
