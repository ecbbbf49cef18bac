-- Also in a session that fires no other triggers.
CREATE OR REPLACE TRIGGER state_resource
    BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON rls.resource
    FOR EACH STATEMENT EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls.resource ENABLE ALWAYS TRIGGER state_resource;
