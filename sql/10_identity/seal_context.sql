-- Seals a context over this transaction's start and session_user. Not over the backend: parallel workers have another
-- one, while now() and session_user are the leader's. Where one message can start two transactions, which then have the same
-- start, the body carries rls.transaction_number() as well.
CREATE OR REPLACE FUNCTION rls.seal_context(body text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
DECLARE
    sealed text;
BEGIN
    -- The seal is never in a variable: a client may have the plans of expressions shown, and there the values of variables can be.
    SELECT body || '|' || encode(sha256(s.outer_pad || sha256(s.inner_pad || convert_to(
        body || '|' || encode(timestamptz_send(transaction_timestamp()), 'hex') || '|' || session_user, 'UTF8'))), 'hex')
    INTO STRICT sealed FROM rls.seal AS s;
    RETURN sealed;
END
$$;
REVOKE ALL ON FUNCTION rls.seal_context(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.seal_context(text) IS 'A context sealed for this transaction of this login. Called by definer functions alone.';
