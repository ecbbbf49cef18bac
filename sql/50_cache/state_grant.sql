-- Also in a session that fires no other triggers.
CREATE OR REPLACE TRIGGER state_grant
    BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON rls."grant"
    FOR EACH STATEMENT EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls."grant" ENABLE ALWAYS TRIGGER state_grant;
