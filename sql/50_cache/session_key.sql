-- The key of this session; draws it where there is none yet. NULL where that would be a write that is not allowed.
CREATE OR REPLACE FUNCTION rls.session_key()
RETURNS bytea
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
DECLARE
    drawn bytea;
BEGIN
    -- An exception, because nothing else tells whether the session has a key: DISCARD SEQUENCES takes it away.
    BEGIN
        RETURN int8send(currval('rls.session_key_1')) || int8send(currval('rls.session_key_2'));
    EXCEPTION WHEN object_not_in_prerequisite_state THEN
        IF current_setting('transaction_read_only') <> 'off' THEN -- as on a replica
            RETURN NULL;
        END IF;
    END;
    drawn := sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
    PERFORM setval('rls.session_key_1', ('x' || encode(substr(drawn, 1, 8), 'hex'))::bit(64)::bigint & 9223372036854775807),
            setval('rls.session_key_2', ('x' || encode(substr(drawn, 9, 8), 'hex'))::bit(64)::bigint & 9223372036854775807);
    RETURN int8send(currval('rls.session_key_1')) || int8send(currval('rls.session_key_2'));
END
$$;
REVOKE ALL ON FUNCTION rls.session_key() FROM PUBLIC;
COMMENT ON FUNCTION rls.session_key() IS 'The key of this session, that memos are sealed with. Called by definer functions alone.';
