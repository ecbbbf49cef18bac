-- What logical replication brings fires no triggers of statements.
CREATE OR REPLACE TRIGGER state_replica_compiled
    AFTER INSERT OR UPDATE OR DELETE ON rls.compiled
    FOR EACH ROW EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls.compiled ENABLE REPLICA TRIGGER state_replica_compiled;
