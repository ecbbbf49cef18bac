-- The number of this transaction, for a context that is sealed in the message that began it: what follows COMMIT in that
-- message has the same transaction_timestamp(). Elsewhere none is drawn, because each number costs all others something.
CREATE OR REPLACE FUNCTION rls.transaction_number()
RETURNS text
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
BEGIN
    IF pg_is_in_recovery() THEN
        RAISE EXCEPTION 'a standby cannot tell this transaction from the next one of the same message'
            USING ERRCODE = 'RL009', HINT = 'Send BEGIN in a message of its own, before you enter.';
    END IF;
    RETURN pg_current_xact_id()::text;
END
$$;
REVOKE ALL ON FUNCTION rls.transaction_number() FROM PUBLIC;
COMMENT ON FUNCTION rls.transaction_number() IS 'The number of this transaction. Called by definer functions alone.';
