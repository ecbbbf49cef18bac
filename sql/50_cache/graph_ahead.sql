-- Does nothing. Triggers of models that were applied before call it until the next apply; the lock is taken by
-- rls.record_changes, for changes that were made and admitted.
CREATE OR REPLACE FUNCTION rls.graph_ahead()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION rls.graph_ahead() FROM PUBLIC;
COMMENT ON FUNCTION rls.graph_ahead() IS 'Does nothing; for triggers of earlier versions.';
