-- Refuses to empty a table that decides about access.
CREATE OR REPLACE FUNCTION rls.guard_truncate()
RETURNS trigger
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF (rls.guard_subject()).superuser IS NOT TRUE THEN
        RAISE EXCEPTION 'table %.% decides about access and is emptied by superusers alone', quote_ident(TG_TABLE_SCHEMA), quote_ident(TG_TABLE_NAME)
            USING ERRCODE = '42501', HINT = 'Act as a superuser, or connect as a maintenance role.',
                SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION rls.guard_truncate() FROM PUBLIC;
COMMENT ON FUNCTION rls.guard_truncate() IS 'Refuses to empty a table that decides about access.';
