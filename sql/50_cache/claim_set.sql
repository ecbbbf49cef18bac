-- Whether this transaction may store the set of a viewer: nobody else is storing it, and where it is computed anew nobody
-- is forgetting changes. Nobody waits: whoever comes second computes for themself. The row is gone at once, but whoever
-- inserts the same key meets it until this transaction ends. After a millisecond they give up.
CREATE OR REPLACE FUNCTION rls.claim_set(viewer text, renew boolean)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
DECLARE
    before text := current_setting('lock_timeout');
BEGIN
    IF renew THEN
        LOCK TABLE rls_lock.renewal IN ROW EXCLUSIVE MODE NOWAIT;
    END IF;
    PERFORM set_config('lock_timeout', '1ms', true);
    INSERT INTO rls_lock.viewer (key) VALUES (viewer);
    PERFORM set_config('lock_timeout', before, true);
    DELETE FROM rls_lock.viewer AS v WHERE v.key = viewer;
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END
$$;
REVOKE ALL ON FUNCTION rls.claim_set(text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.claim_set(text, boolean) IS 'Whether this transaction may store a set. Called by definer functions alone.';
