-- Seals a context over this transaction's start and session_user. Not over the backend: parallel workers have another
-- one, while now() and session_user are the leader's.
CREATE OR REPLACE FUNCTION rls.seal_context(body text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
DECLARE
    secret rls.seal;
BEGIN
    SELECT s.* INTO STRICT secret FROM rls.seal AS s;
    RETURN body || '|' || encode(sha256(secret.outer_pad || sha256(secret.inner_pad || convert_to(
        body || '|' || encode(timestamptz_send(transaction_timestamp()), 'hex') || '|' || session_user, 'UTF8'))), 'hex');
END
$$;
REVOKE ALL ON FUNCTION rls.seal_context(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.seal_context(text) IS 'A context sealed for this transaction of this login. Called by definer functions alone.';
