-- A session attribute of this transaction, as its token says; NULL where it says nothing of it. Cast it to the type that the
-- model gives it: a token with another value is refused.
CREATE OR REPLACE FUNCTION rls.attr(name text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who rls.identity := rls.identify();
BEGIN
    IF NOT EXISTS (SELECT FROM rls.session_attribute AS a WHERE a.name = attr.name) THEN
        RAISE EXCEPTION 'the model has no session attribute "%"', name
            USING ERRCODE = 'RL008', HINT = 'Name it under session_attributes of the model.';
    END IF;
    RETURN (SELECT rls.hex_text(split_part(a.pair, '=', 2)) FROM string_to_table(who.attributes, ',') AS a(pair)
            WHERE split_part(a.pair, '=', 1) = attr.name);
END
$$;
REVOKE ALL ON FUNCTION rls.attr(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.attr(text) TO rls_client;
COMMENT ON FUNCTION rls.attr(text) IS 'A session attribute of this transaction, as its token says.';
