-- A field of a token or context: hexadecimal UTF-8 without NUL. NULL where the bytes are no text.
CREATE OR REPLACE FUNCTION rls.hex_text(hex text)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN convert_from(decode(hex, 'hex'), 'UTF8');
EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character OR invalid_parameter_value THEN
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION rls.hex_text(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.hex_text(text) IS 'Text from hexadecimal UTF-8; NULL where it is none.';
