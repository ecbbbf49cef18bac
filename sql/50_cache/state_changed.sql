-- Tells of a change of what decides about a principal besides the hierarchy. Before it, where that can be: code of the
-- application that runs within the same statement must not find what was remembered either.
CREATE OR REPLACE FUNCTION rls.state_changed()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.raise_watermark('state');
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
REVOKE ALL ON FUNCTION rls.state_changed() FROM PUBLIC;
COMMENT ON FUNCTION rls.state_changed() IS 'Makes everything wrong that is remembered of principals.';
