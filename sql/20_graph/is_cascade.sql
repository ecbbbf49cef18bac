-- Whether the statement around a trigger, by the PG_CONTEXT of the trigger function, is that of a foreign key which
-- cascades. It runs as the table's owner whoever has caused it, and nothing else in a trigger tells it from the
-- owner's own functions. Foreign keys quote every name and compare with a parameter on the left, cast where its
-- type is not the operator's own: varchar, domains.
CREATE OR REPLACE FUNCTION rls.is_cascade(context text)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
SECURITY INVOKER
BEGIN ATOMIC
    -- The first line is the trigger function itself. What leads up to the statement is in the server's language.
    SELECT substr($1, strpos($1, chr(10)) + 1)
        ~ '^.{0,40}(UPDATE|DELETE FROM) (ONLY )?"([^"]|"")*"[.]"([^"]|"")*" (SET .* )?WHERE [$][0-9]+(::([a-z0-9_]+|"([^"]|"")*")[.]([a-z0-9_]+|"([^"]|"")*"))? OPERATOR[(]';
END;
REVOKE ALL ON FUNCTION rls.is_cascade(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.is_cascade(text) IS 'Whether a foreign key that cascades fires a trigger. Called by the guards alone.';
