-- Makes whoever changes the hierarchy wait for whoever is changing it, before the first look at it. Once for each
-- transaction: its second change finds its own number, and that of a restored dump counts for nothing here. Whoever may
-- change the hierarchy can leave a transaction open, so nobody waits for ever, and the error names the holder.
CREATE OR REPLACE FUNCTION rls.lock_graph()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
DECLARE
    before text := current_setting('lock_timeout');
    holder text;
BEGIN
    IF EXISTS (SELECT FROM rls.graph_lock AS l WHERE l.xid = pg_current_xact_id() AND l.cluster = rls.cluster()) THEN
        RETURN;
    END IF;
    BEGIN
        IF before::interval = interval '0' OR before::interval > interval '20 s' THEN
            PERFORM set_config('lock_timeout', '20s', true);
        END IF;
        LOCK TABLE rls_lock.graph IN SHARE UPDATE EXCLUSIVE MODE;
        PERFORM set_config('lock_timeout', before, true);
    EXCEPTION WHEN lock_not_available THEN
        SELECT string_agg(CASE WHEN k.pid IS NULL THEN format('prepared transaction %L of login %I', p.gid, p.owner)
                   ELSE format('pid %s of login %I, application %L', k.pid, a.usename, a.application_name) END, '; ')
        INTO holder
        FROM pg_locks AS k
        LEFT JOIN pg_stat_activity AS a ON a.pid = k.pid
        LEFT JOIN pg_locks AS x ON k.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid' AND x.virtualtransaction = k.virtualtransaction
        LEFT JOIN pg_prepared_xacts AS p ON p.transaction = x.transactionid
        WHERE k.relation = 'rls_lock.graph'::regclass AND k.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
          AND k.granted AND (a.pid IS NOT NULL OR p.gid IS NOT NULL);
        RAISE EXCEPTION 'another transaction is changing the hierarchy'
            USING ERRCODE = 'lock_not_available', DETAIL = 'It is ' || coalesce(holder, 'over by now') || '.',
                HINT = 'Run the statement again, or end that transaction.';
    END;
    -- Under REPEATABLE READ this raises 40001 where somebody has changed the hierarchy since the snapshot.
    UPDATE rls.graph_lock AS l SET xid = pg_current_xact_id(), cluster = rls.cluster();
    -- Edges that other transactions took away: they are over, and so nobody walks along them any more.
    DELETE FROM rls.edge_gone;
END
$$;
REVOKE ALL ON FUNCTION rls.lock_graph() FROM PUBLIC;
COMMENT ON FUNCTION rls.lock_graph() IS 'Makes those who change the hierarchy wait for each other. Called by definer functions alone.';
