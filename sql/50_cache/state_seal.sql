-- A memo stands for a context that was valid.
CREATE OR REPLACE TRIGGER state_seal
    BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON rls.seal
    FOR EACH STATEMENT EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls.seal ENABLE ALWAYS TRIGGER state_seal;
