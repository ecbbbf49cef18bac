-- What logical replication brings fires no triggers of statements.
CREATE OR REPLACE TRIGGER state_replica_grant
    AFTER INSERT OR UPDATE OR DELETE ON rls."grant"
    FOR EACH ROW EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls."grant" ENABLE REPLICA TRIGGER state_replica_grant;
