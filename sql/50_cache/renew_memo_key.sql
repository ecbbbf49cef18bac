-- Draws a new key for memos where the old one is older than five minutes, or at once: it must not be the one of a dump for
-- longer. What was sealed under the old one is asked anew.
CREATE OR REPLACE FUNCTION rls.renew_memo_key(at_once boolean)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
DECLARE
    moment bigint := extract(epoch FROM clock_timestamp())::bigint;
BEGIN
    IF NOT at_once AND pg_sequence_last_value('rls.memo_key_drawn') BETWEEN moment - 300 AND moment THEN
        RETURN;
    END IF;
    -- gen_random_uuid draws from the operating system. Never in a variable: a client may have the plan of this shown, and there the
    -- values of variables can be.
    PERFORM setval('rls.memo_key_1', ('x' || encode(substr(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 1, 8), 'hex'))::bit(64)::bigint
                & 9223372036854775807),
            setval('rls.memo_key_2', ('x' || encode(substr(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 1, 8), 'hex'))::bit(64)::bigint
                & 9223372036854775807),
            setval('rls.memo_key_drawn', moment);
END
$$;
REVOKE ALL ON FUNCTION rls.renew_memo_key(boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.renew_memo_key(boolean) IS 'Draws a new key for memos where it is time. Called by definer functions alone.';
