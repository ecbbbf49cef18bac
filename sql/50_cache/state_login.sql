-- Also in a session that fires no other triggers.
CREATE OR REPLACE TRIGGER state_login
    BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON rls.login
    FOR EACH STATEMENT EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls.login ENABLE ALWAYS TRIGGER state_login;
