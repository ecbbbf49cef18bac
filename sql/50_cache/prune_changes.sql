-- Forgets changes that no stored set needs. Two steps, because somebody may be storing a set just now that was computed
-- before the change was seen: doomed first, and gone once every transaction of that time is over.
CREATE OR REPLACE FUNCTION rls.prune_changes()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM rls.graph_change AS c
    WHERE c.doomed <= pg_snapshot_xmin(pg_current_snapshot())
      AND NOT EXISTS (SELECT FROM rls.visible_set AS s WHERE (s.viewer = c.viewer OR c.viewer = '*') AND s.since <= c.xid);
    UPDATE rls.graph_change AS c SET doomed = pg_snapshot_xmax(pg_current_snapshot())
    WHERE c.doomed IS NULL
      AND NOT EXISTS (SELECT FROM rls.visible_set AS s WHERE (s.viewer = c.viewer OR c.viewer = '*') AND s.since <= c.xid);
END
$$;
REVOKE ALL ON FUNCTION rls.prune_changes() FROM PUBLIC;
COMMENT ON FUNCTION rls.prune_changes() IS 'Forgets changes that no stored set needs. Called by definer functions alone.';
