-- From here on every stored set is wrong, and everything that is remembered: also what somebody is computing just now.
CREATE OR REPLACE FUNCTION rls.forget_sets()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.lock_graph();
    PERFORM rls.raise_watermark('graph');
    PERFORM rls.raise_watermark('state');
    -- visible, because a user may have this key: theirs says of whom, or is not.
    INSERT INTO rls.graph_change (viewer, visible, cluster)
    SELECT '*', true, l.cluster FROM rls.graph_lock AS l
    WHERE NOT EXISTS (
        SELECT FROM rls.graph_change AS c
        WHERE c.viewer = '*' AND c.seen IS NULL AND c.visible AND c.xid = pg_current_xact_id() AND c.cluster = l.cluster);
END
$$;
REVOKE ALL ON FUNCTION rls.forget_sets() FROM PUBLIC;
COMMENT ON FUNCTION rls.forget_sets() IS 'Makes every stored set wrong. Called by definer functions and by apply.';
