-- What is compiled may decide in another way from here on.
CREATE OR REPLACE TRIGGER state_compiled
    BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON rls.compiled
    FOR EACH STATEMENT EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls.compiled ENABLE ALWAYS TRIGGER state_compiled;
