-- What logical replication brings fires no triggers of statements.
CREATE OR REPLACE TRIGGER state_replica_login
    AFTER INSERT OR UPDATE OR DELETE ON rls.login
    FOR EACH ROW EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls.login ENABLE REPLICA TRIGGER state_replica_login;
