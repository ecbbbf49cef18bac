-- A field of a token or context: hexadecimal UTF-8 without NUL. NULL where the bytes are no text.
CREATE OR REPLACE FUNCTION rls.hex_text(hex text)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
BEGIN
    IF hex ~ '^(?:[1-7][0-9a-f]|0[1-9a-f])*$' THEN
        -- ASCII is text in every encoding; only the rest is worth a subtransaction.
        RETURN convert_from(decode(hex, 'hex'), 'UTF8');
    END IF;
    BEGIN
        RETURN convert_from(decode(hex, 'hex'), 'UTF8');
    EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character OR invalid_parameter_value THEN
        RETURN NULL;
    END;
END
$$;
REVOKE ALL ON FUNCTION rls.hex_text(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.hex_text(text) IS 'Text from hexadecimal UTF-8; NULL where it is none.';
