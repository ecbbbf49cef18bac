-- Forgets changes that no stored set needs. Not while somebody is storing a set: it may have been computed before a
-- change that is seen here. Nobody waits: neither for who stores a set, nor for who forgets changes too. The lock is held
-- while looking alone, in a subtransaction whose end unlocks it: who begins to store a set later sees what was seen here.
CREATE OR REPLACE FUNCTION rls.prune_changes()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    unneeded bigint[]; -- a variable stays when its block is rolled back
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN;
    END IF;
    BEGIN
        LOCK TABLE rls_lock.renewal IN SHARE MODE NOWAIT;
        -- A new statement, and so a snapshot that sees every set of those who held the lock before.
        unneeded := ARRAY(
            SELECT c.id FROM rls.graph_change AS c
            WHERE NOT EXISTS (
                SELECT FROM rls.visible_set AS s
                WHERE (s.viewer = c.viewer OR c.viewer = '*' AND c.seen IS NULL AND c.visible) AND s.computed_on = s.restored_on AND s.form <> 'all'
                  -- A set from before an upgrade of the server needs what came after it.
                  AND CASE WHEN c.cluster = s.computed_on THEN s.since <= c.xid ELSE c.cluster = rls.cluster() END));
        RAISE EXCEPTION 'unlock' USING ERRCODE = 'triggered_action_exception';
    EXCEPTION WHEN triggered_action_exception OR lock_not_available THEN
        NULL;
    END;
    DELETE FROM rls.graph_change AS d WHERE d.id IN (
        SELECT c.id FROM rls.graph_change AS c WHERE c.id = ANY (unneeded) FOR UPDATE SKIP LOCKED);
END
$$;
REVOKE ALL ON FUNCTION rls.prune_changes() FROM PUBLIC;
COMMENT ON FUNCTION rls.prune_changes() IS 'Forgets changes that no stored set needs. Called by definer functions alone.';
