-- What time it is. now() stands still for as long as a transaction lasts, and statement_timestamp() for as long as a DO block
-- or a message of several statements does: what had ended in between went on. STABLE, which says to the planner that one
-- statement may ask once; where it asks more than once each answer is as true. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.clock()
RETURNS timestamptz
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
BEGIN
    RETURN clock_timestamp();
END
$$;
REVOKE ALL ON FUNCTION rls.clock() FROM PUBLIC;
COMMENT ON FUNCTION rls.clock() IS 'What time it is. Called by definer functions alone.';
