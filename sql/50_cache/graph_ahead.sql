-- Takes the lock of those who change the hierarchy before a statement locks its first row: who waits for the lock then
-- holds nothing that its holder could wait for.
CREATE OR REPLACE FUNCTION rls.graph_ahead()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.lock_graph();
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION rls.graph_ahead() FROM PUBLIC;
COMMENT ON FUNCTION rls.graph_ahead() IS 'Takes the lock of those who change the hierarchy before any row.';
