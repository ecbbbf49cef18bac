-- Raises the watermark of what has changed, 'graph' or 'state', and that of both to this transaction, where they do not stand
-- there or higher. One after the other, but nobody waits for the end of a transaction: the table is locked in a
-- subtransaction, whose end unlocks it. What a sequence was set to stays.
CREATE OR REPLACE FUNCTION rls.raise_watermark(changed text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine bigint := pg_current_xact_id()::text::bigint;
    own bigint;
    other bigint;
    whole bigint;
    horizon bigint;
BEGIN
    SELECT CASE changed WHEN 'graph' THEN g.last_value ELSE s.last_value END, CASE changed WHEN 'graph' THEN s.last_value ELSE g.last_value END,
           w.last_value
    INTO own, other, whole
    FROM rls.graph_watermark AS g CROSS JOIN rls.state_watermark AS s CROSS JOIN rls.watermark AS w;
    -- Triggers of rows come here once more for each row.
    IF own = mine AND whole = mine THEN
        RETURN;
    END IF;
    -- A mark above what a snapshot knows of may be somebody's who is younger, or a dump's: that is told under the lock alone.
    horizon := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    IF own >= mine AND own < horizon AND whole >= mine AND whole < horizon AND other < horizon THEN
        RETURN;
    END IF;
    BEGIN
        LOCK TABLE rls_lock.watermark_turn IN SHARE UPDATE EXCLUSIVE MODE;
        -- Looked at once more, because somebody else may have had the turn. Without a number nothing is set.
        PERFORM setval('rls.graph_watermark', rls.next_watermark(g.last_value, changed = 'graph')) FROM rls.graph_watermark AS g;
        PERFORM setval('rls.state_watermark', rls.next_watermark(s.last_value, changed = 'state')) FROM rls.state_watermark AS s;
        PERFORM setval('rls.watermark', rls.next_watermark(w.last_value, true)) FROM rls.watermark AS w;
        RAISE EXCEPTION 'unlock' USING ERRCODE = 'triggered_action_exception';
    EXCEPTION WHEN triggered_action_exception THEN
        NULL;
    END;
END
$$;
REVOKE ALL ON FUNCTION rls.raise_watermark(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.raise_watermark(text) IS 'Makes wrong what is remembered of principals. Called by definer functions and by apply.';
