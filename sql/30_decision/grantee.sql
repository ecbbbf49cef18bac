-- A grantee as grants store it: a user by its login, a group by its name, a service of the model, authenticated or
-- everyone. Whoever does not exist is an error: a grant to a name that somebody takes later would be a surprise.
-- Calls what apply compiles from the model. DEFINER although only rls_owner calls it: nothing that the look-up touches can
-- then change the role.
CREATE OR REPLACE FUNCTION rls.grantee(kind text, name text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key text := CASE kind
        WHEN 'user' THEN rls.find_user('login', name)
        WHEN 'group' THEN rls.find_group(name)
        WHEN 'service' THEN (SELECT s.name FROM rls.service AS s WHERE s.name = grantee.name)
    END;
BEGIN
    IF kind IN ('authenticated', 'everyone') THEN
        RETURN kind;
    END IF;
    IF key IS NULL THEN
        RAISE EXCEPTION 'there is no % "%"', kind, name USING ERRCODE = 'RL404', HINT = 'Create it first, or name another one.';
    END IF;
    RETURN kind || ':' || key;
END
$$;
REVOKE ALL ON FUNCTION rls.grantee(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.grantee(text, text) IS 'A grantee as grants store it. Called by definer functions alone.';
