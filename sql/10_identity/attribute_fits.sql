-- Whether the model has a session attribute of this name, and the value is of its type.
CREATE OR REPLACE FUNCTION rls.attribute_fits(name text, value text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
BEGIN
    RETURN (SELECT CASE a.type
                WHEN 'text' THEN true
                WHEN 'bigint' THEN attribute_fits.value ~ '^-?[0-9]{1,18}$'
                WHEN 'boolean' THEN attribute_fits.value IN ('true', 'false')
                WHEN 'uuid' THEN attribute_fits.value ~ '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$' END
            FROM rls.session_attribute AS a WHERE a.name = attribute_fits.name);
END
$$;
REVOKE ALL ON FUNCTION rls.attribute_fits(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.attribute_fits(text, text) IS 'Whether the model has such a session attribute. Called by definer functions alone.';
