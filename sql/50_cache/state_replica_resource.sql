-- What logical replication brings fires no triggers of statements.
CREATE OR REPLACE TRIGGER state_replica_resource
    AFTER INSERT OR UPDATE OR DELETE ON rls.resource
    FOR EACH ROW EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls.resource ENABLE REPLICA TRIGGER state_replica_resource;
