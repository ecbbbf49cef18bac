-- After a TRUNCATE of a table that the hierarchy is read from, every stored set is wrong.
CREATE OR REPLACE FUNCTION rls.graph_truncated()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.lock_graph();
    INSERT INTO rls.graph_change (viewer) VALUES ('*');
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION rls.graph_truncated() FROM PUBLIC;
COMMENT ON FUNCTION rls.graph_truncated() IS 'Makes every stored set wrong.';
