-- Refuses a write that would make a user their own superior, through supervisors or through creators.
-- The lock keeps two transactions from closing a cycle together; a closure ends on cycles all the same.
CREATE OR REPLACE FUNCTION rls.refuse_cycle()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.lock_graph();
    IF EXISTS (
        WITH RECURSIVE up(id) AS (
            SELECT NEW.supervisor_id
            UNION
            SELECT u.supervisor_id FROM up JOIN rls."user" AS u ON u.id = up.id
        )
        SELECT FROM up WHERE up.id = NEW.id
    ) OR EXISTS (
        WITH RECURSIVE up(id) AS (
            SELECT NEW.created_by_id
            UNION
            SELECT u.created_by_id FROM up JOIN rls."user" AS u ON u.id = up.id
        )
        SELECT FROM up WHERE up.id = NEW.id
    ) THEN
        RAISE EXCEPTION 'user "%" would be their own superior', NEW.login
            USING ERRCODE = 'RL020', HINT = 'Choose a supervisor and creator who are not below this user.';
    END IF;
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION rls.refuse_cycle() FROM PUBLIC;
COMMENT ON FUNCTION rls.refuse_cycle() IS 'Refuses cycles of supervisors and of creators.';
