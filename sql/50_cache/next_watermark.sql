-- Where this transaction has to put a watermark that stands at mark: at its own number, or NULL where it has not to move. raise
-- says that it is the mark of what this transaction changes, which must not stand below it.
-- A mark above every transaction there is came with a dump of another cluster. A snapshot does not tell: those who run and
-- are younger than the last that has ended stand above it too.
CREATE OR REPLACE FUNCTION rls.next_watermark(mark bigint, raise boolean)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
DECLARE
    mine bigint := pg_current_xact_id()::text::bigint;
BEGIN
    IF raise AND mark < mine THEN
        RETURN mine;
    END IF;
    IF mark > mine AND mark >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint THEN
        BEGIN
            PERFORM pg_xact_status(mark::text::xid8);
        EXCEPTION WHEN invalid_parameter_value THEN -- it lies in the future
            RETURN mine;
        END;
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION rls.next_watermark(bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.next_watermark(bigint, boolean) IS 'Where this transaction has to put a watermark. Called by definer functions alone.';
