-- Makes whoever changes the hierarchy wait for whoever is changing it, before the first look at it. Once for each
-- transaction: its second change finds its own number, and that of a restored dump counts for nothing here.
CREATE OR REPLACE FUNCTION rls.lock_graph()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
BEGIN
    UPDATE rls.graph_lock AS l SET xid = pg_current_xact_id(), cluster = rls.cluster()
    WHERE l.xid IS DISTINCT FROM pg_current_xact_id() OR l.cluster IS DISTINCT FROM rls.cluster();
    IF FOUND THEN
        -- Edges that other transactions took away: they are over, and so nobody walks along them any more.
        DELETE FROM rls.edge_gone;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION rls.lock_graph() FROM PUBLIC;
COMMENT ON FUNCTION rls.lock_graph() IS 'Makes those who change the hierarchy wait for each other. Called by definer functions alone.';
