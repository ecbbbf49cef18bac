-- After a TRUNCATE of a table that the hierarchy is read from, and after changes that replication brings: those fire no
-- statement triggers, and so tell nothing in detail.
CREATE OR REPLACE FUNCTION rls.graph_rewritten()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.forget_sets();
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION rls.graph_rewritten() FROM PUBLIC;
COMMENT ON FUNCTION rls.graph_rewritten() IS 'Makes every stored set wrong.';
