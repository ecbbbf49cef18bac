-- Keeps the toolkit's own users free of cycles. After the row, so that no later trigger undoes what was checked.
CREATE OR REPLACE TRIGGER user_no_cycle
    AFTER INSERT OR UPDATE OF supervisor_id, created_by_id ON rls."user"
    FOR EACH ROW EXECUTE FUNCTION rls.refuse_cycle();
