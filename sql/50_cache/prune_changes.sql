-- Forgets changes that no stored set needs. Not while somebody is storing a set: it may have been computed before a
-- change that is seen here. Nobody waits: neither for who stores a set, nor for who forgets changes too.
CREATE OR REPLACE FUNCTION rls.prune_changes()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed'
        OR NOT pg_try_advisory_xact_lock(hashtextextended('rls.visible_set', 0)) THEN
        RETURN;
    END IF;
    -- A new statement, and so a snapshot that sees every set of those who held the lock before.
    DELETE FROM rls.graph_change AS d WHERE d.id IN (
        SELECT c.id FROM rls.graph_change AS c
        WHERE NOT EXISTS (
            SELECT FROM rls.visible_set AS s
            WHERE (s.viewer = c.viewer OR c.viewer = '*' AND c.seen IS NULL AND c.visible) AND s.computed_on = s.restored_on AND s.form <> 'all'
              -- A set from before an upgrade of the server needs what came after it.
              AND CASE WHEN c.cluster = s.computed_on THEN s.since <= c.xid ELSE c.cluster = rls.cluster() END)
        FOR UPDATE SKIP LOCKED);
END
$$;
REVOKE ALL ON FUNCTION rls.prune_changes() FROM PUBLIC;
COMMENT ON FUNCTION rls.prune_changes() IS 'Forgets changes that no stored set needs. Called by definer functions alone.';
