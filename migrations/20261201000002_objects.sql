-- Code generated from sql/ by `make generate`. DO NOT EDIT.

-- +goose Up
SET LOCAL search_path = pg_catalog, pg_temp;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'GRANT rls_owner TO CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd

SET LOCAL ROLE rls_owner;

-- sql/20_graph/refuse_cycle.sql
-- +goose StatementBegin
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
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.refuse_cycle() FROM PUBLIC;
COMMENT ON FUNCTION rls.refuse_cycle() IS 'Refuses cycles of supervisors and of creators.';

-- sql/50_cache/claim_set.sql
-- +goose StatementBegin
-- Whether this transaction may store the set of a viewer: nobody else is storing it, and where it is computed anew nobody
-- is forgetting changes. Nobody waits: whoever comes second computes for themself. The row is gone at once, but whoever
-- inserts the same key meets it until this transaction ends. After a millisecond they give up.
CREATE OR REPLACE FUNCTION rls.claim_set(viewer text, renew boolean)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
DECLARE
    before text := current_setting('lock_timeout');
BEGIN
    IF renew THEN
        LOCK TABLE rls_lock.renewal IN ROW EXCLUSIVE MODE NOWAIT;
    END IF;
    PERFORM set_config('lock_timeout', '1ms', true);
    INSERT INTO rls_lock.viewer (key) VALUES (viewer);
    PERFORM set_config('lock_timeout', before, true);
    DELETE FROM rls_lock.viewer AS v WHERE v.key = viewer;
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.claim_set(text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.claim_set(text, boolean) IS 'Whether this transaction may store a set. Called by definer functions alone.';

-- sql/50_cache/graph_ahead.sql
-- +goose StatementBegin
-- Does nothing. Triggers of models that were applied before call it until the next apply; the lock is taken by
-- rls.record_changes, for changes that were made and admitted.
CREATE OR REPLACE FUNCTION rls.graph_ahead()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN NULL;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.graph_ahead() FROM PUBLIC;
COMMENT ON FUNCTION rls.graph_ahead() IS 'Does nothing; for triggers of earlier versions.';

-- sql/50_cache/lock_graph.sql
-- +goose StatementBegin
-- Makes whoever changes the hierarchy wait for whoever is changing it, before the first look at it. Once for each
-- transaction: its second change finds its own number, and that of a restored dump counts for nothing here. Whoever may
-- change the hierarchy can leave a transaction open, so nobody waits for ever, and the error names the holder.
CREATE OR REPLACE FUNCTION rls.lock_graph()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
DECLARE
    before text := current_setting('lock_timeout');
    holder text;
BEGIN
    IF EXISTS (SELECT FROM rls.graph_lock AS l WHERE l.xid = pg_current_xact_id() AND l.cluster = rls.cluster()) THEN
        RETURN;
    END IF;
    BEGIN
        IF before::interval = interval '0' OR before::interval > interval '10 s' THEN
            PERFORM set_config('lock_timeout', '10s', true);
        END IF;
        LOCK TABLE rls_lock.graph IN SHARE UPDATE EXCLUSIVE MODE;
        PERFORM set_config('lock_timeout', before, true);
    EXCEPTION WHEN lock_not_available THEN
        SELECT string_agg(format('pid %s of login %I, application %L', a.pid, a.usename, a.application_name), '; ') INTO holder
        FROM pg_locks AS k JOIN pg_stat_activity AS a ON a.pid = k.pid
        WHERE k.relation = 'rls_lock.graph'::regclass AND k.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
          AND k.granted;
        RAISE EXCEPTION 'another transaction is changing the hierarchy'
            USING ERRCODE = 'lock_not_available', DETAIL = 'It is ' || coalesce(holder, 'over by now') || '.',
                HINT = 'Run the statement again, or end that transaction.';
    END;
    -- Under REPEATABLE READ this raises 40001 where somebody has changed the hierarchy since the snapshot.
    UPDATE rls.graph_lock AS l SET xid = pg_current_xact_id(), cluster = rls.cluster();
    -- Edges that other transactions took away: they are over, and so nobody walks along them any more.
    DELETE FROM rls.edge_gone;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.lock_graph() FROM PUBLIC;
COMMENT ON FUNCTION rls.lock_graph() IS 'Makes those who change the hierarchy wait for each other. Called by definer functions alone.';

-- sql/50_cache/prune_changes.sql
-- +goose StatementBegin
-- Forgets changes that no stored set needs. Not while somebody is storing a set: it may have been computed before a
-- change that is seen here. Nobody waits: neither for who stores a set, nor for who forgets changes too. The lock is held
-- while looking alone, in a subtransaction whose end unlocks it: who begins to store a set later sees what was seen here.
CREATE OR REPLACE FUNCTION rls.prune_changes()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    unneeded bigint[]; -- a variable stays when its block is rolled back
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN;
    END IF;
    BEGIN
        LOCK TABLE rls_lock.renewal IN SHARE MODE NOWAIT;
        -- A new statement, and so a snapshot that sees every set of those who held the lock before.
        unneeded := ARRAY(
            SELECT c.id FROM rls.graph_change AS c
            WHERE NOT EXISTS (
                SELECT FROM rls.visible_set AS s
                WHERE (s.viewer = c.viewer OR c.viewer = '*' AND c.seen IS NULL AND c.visible) AND s.computed_on = s.restored_on AND s.form <> 'all'
                  -- A set from before an upgrade of the server needs what came after it.
                  AND CASE WHEN c.cluster = s.computed_on THEN s.since <= c.xid ELSE c.cluster = rls.cluster() END));
        RAISE EXCEPTION 'unlock' USING ERRCODE = 'triggered_action_exception';
    EXCEPTION WHEN triggered_action_exception OR lock_not_available THEN
        NULL;
    END;
    DELETE FROM rls.graph_change AS d WHERE d.id IN (
        SELECT c.id FROM rls.graph_change AS c WHERE c.id = ANY (unneeded) FOR UPDATE SKIP LOCKED);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.prune_changes() FROM PUBLIC;
COMMENT ON FUNCTION rls.prune_changes() IS 'Forgets changes that no stored set needs. Called by definer functions alone.';

-- sql/50_cache/raise_watermark.sql
-- +goose StatementBegin
-- Raises the watermark of what has changed, 'graph' or 'state', and that of both to this transaction, where they do not stand
-- there or higher. One after the other, but nobody waits for the end of a transaction: the table is locked in a
-- subtransaction, whose end unlocks it. What a sequence was set to stays.
CREATE OR REPLACE FUNCTION rls.raise_watermark(changed text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine bigint := pg_current_xact_id()::text::bigint;
    own bigint;
    other bigint;
    whole bigint;
    horizon bigint;
BEGIN
    SELECT CASE changed WHEN 'graph' THEN g.last_value ELSE s.last_value END, CASE changed WHEN 'graph' THEN s.last_value ELSE g.last_value END,
           w.last_value
    INTO own, other, whole
    FROM rls.graph_watermark AS g CROSS JOIN rls.state_watermark AS s CROSS JOIN rls.watermark AS w;
    -- Triggers of rows come here once more for each row.
    IF own = mine AND whole = mine THEN
        RETURN;
    END IF;
    -- A mark above what a snapshot knows of may be somebody's who is younger, or a dump's: that is told under the lock alone.
    horizon := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    IF own >= mine AND own < horizon AND whole >= mine AND whole < horizon AND other < horizon THEN
        RETURN;
    END IF;
    BEGIN
        LOCK TABLE rls_lock.watermark_turn IN SHARE UPDATE EXCLUSIVE MODE;
        -- Looked at once more, because somebody else may have had the turn. Without a number nothing is set.
        PERFORM setval('rls.graph_watermark', rls.next_watermark(g.last_value, changed = 'graph')) FROM rls.graph_watermark AS g;
        PERFORM setval('rls.state_watermark', rls.next_watermark(s.last_value, changed = 'state')) FROM rls.state_watermark AS s;
        PERFORM setval('rls.watermark', rls.next_watermark(w.last_value, true)) FROM rls.watermark AS w;
        RAISE EXCEPTION 'unlock' USING ERRCODE = 'triggered_action_exception';
    EXCEPTION WHEN triggered_action_exception THEN
        NULL;
    END;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.raise_watermark(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.raise_watermark(text) IS 'Makes wrong what is remembered of principals. Called by definer functions and by apply.';

RESET ROLE;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'REVOKE rls_owner FROM CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd

RESET search_path;

-- +goose Down
SET LOCAL search_path = pg_catalog, pg_temp;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'GRANT rls_owner TO CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd

SET LOCAL ROLE rls_owner;

-- sql/50_cache/raise_watermark.sql
-- +goose StatementBegin
-- Raises the watermark of what has changed, 'graph' or 'state', and that of both to this transaction, where they do not stand
-- there or higher. One after the other, but nobody waits for the end of a transaction: the table is locked in a
-- subtransaction, whose end unlocks it. What a sequence was set to stays.
CREATE OR REPLACE FUNCTION rls.raise_watermark(changed text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine bigint := pg_current_xact_id()::text::bigint;
    own bigint;
    other bigint;
    whole bigint;
    horizon bigint;
BEGIN
    SELECT CASE changed WHEN 'graph' THEN g.last_value ELSE s.last_value END, CASE changed WHEN 'graph' THEN s.last_value ELSE g.last_value END,
           w.last_value
    INTO own, other, whole
    FROM rls.graph_watermark AS g CROSS JOIN rls.state_watermark AS s CROSS JOIN rls.watermark AS w;
    -- Triggers of rows come here once more for each row.
    IF own = mine AND whole = mine THEN
        RETURN;
    END IF;
    -- A mark above what a snapshot knows of may be somebody's who is younger, or a dump's: that is told under the lock alone.
    horizon := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    IF own >= mine AND own < horizon AND whole >= mine AND whole < horizon AND other < horizon THEN
        RETURN;
    END IF;
    BEGIN
        LOCK TABLE rls.watermark_turn IN EXCLUSIVE MODE;
        -- Looked at once more, because somebody else may have had the turn. Without a number nothing is set.
        PERFORM setval('rls.graph_watermark', rls.next_watermark(g.last_value, changed = 'graph')) FROM rls.graph_watermark AS g;
        PERFORM setval('rls.state_watermark', rls.next_watermark(s.last_value, changed = 'state')) FROM rls.state_watermark AS s;
        PERFORM setval('rls.watermark', rls.next_watermark(w.last_value, true)) FROM rls.watermark AS w;
        RAISE EXCEPTION 'unlock' USING ERRCODE = 'triggered_action_exception';
    EXCEPTION WHEN triggered_action_exception THEN
        NULL;
    END;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.raise_watermark(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.raise_watermark(text) IS 'Makes wrong what is remembered of principals. Called by definer functions and by apply.';

-- sql/50_cache/prune_changes.sql
-- +goose StatementBegin
-- Forgets changes that no stored set needs. Not while somebody is storing a set: it may have been computed before a
-- change that is seen here. Nobody waits: neither for who stores a set, nor for who forgets changes too.
CREATE OR REPLACE FUNCTION rls.prune_changes()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed'
        OR NOT pg_try_advisory_xact_lock(hashtextextended('rls.visible_set', 0)) THEN
        RETURN;
    END IF;
    -- A new statement, and so a snapshot that sees every set of those who held the lock before.
    DELETE FROM rls.graph_change AS d WHERE d.id IN (
        SELECT c.id FROM rls.graph_change AS c
        WHERE NOT EXISTS (
            SELECT FROM rls.visible_set AS s
            WHERE (s.viewer = c.viewer OR c.viewer = '*' AND c.seen IS NULL AND c.visible) AND s.computed_on = s.restored_on AND s.form <> 'all'
              -- A set from before an upgrade of the server needs what came after it.
              AND CASE WHEN c.cluster = s.computed_on THEN s.since <= c.xid ELSE c.cluster = rls.cluster() END)
        FOR UPDATE SKIP LOCKED);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.prune_changes() FROM PUBLIC;
COMMENT ON FUNCTION rls.prune_changes() IS 'Forgets changes that no stored set needs. Called by definer functions alone.';

-- sql/50_cache/lock_graph.sql
-- +goose StatementBegin
-- Makes whoever changes the hierarchy wait for whoever is changing it, before the first look at it. Once for each
-- transaction: its second change finds its own number, and that of a restored dump counts for nothing here.
CREATE OR REPLACE FUNCTION rls.lock_graph()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
BEGIN
    UPDATE rls.graph_lock AS l SET xid = pg_current_xact_id(), cluster = rls.cluster()
    WHERE l.xid IS DISTINCT FROM pg_current_xact_id() OR l.cluster IS DISTINCT FROM rls.cluster();
    IF FOUND THEN
        -- Edges that other transactions took away: they are over, and so nobody walks along them any more.
        DELETE FROM rls.edge_gone;
    END IF;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.lock_graph() FROM PUBLIC;
COMMENT ON FUNCTION rls.lock_graph() IS 'Makes those who change the hierarchy wait for each other. Called by definer functions alone.';

-- sql/50_cache/graph_ahead.sql
-- +goose StatementBegin
-- Takes the lock of those who change the hierarchy before a statement locks its first row: who waits for the lock then
-- holds nothing that its holder could wait for.
CREATE OR REPLACE FUNCTION rls.graph_ahead()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.lock_graph();
    RETURN NULL;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.graph_ahead() FROM PUBLIC;
COMMENT ON FUNCTION rls.graph_ahead() IS 'Takes the lock of those who change the hierarchy before any row.';
DROP FUNCTION rls.claim_set(text, boolean);

-- sql/20_graph/refuse_cycle.sql
-- +goose StatementBegin
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
    PERFORM pg_advisory_xact_lock(hashtextextended('rls.refuse_cycle', 0));
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
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.refuse_cycle() FROM PUBLIC;
COMMENT ON FUNCTION rls.refuse_cycle() IS 'Refuses cycles of supervisors and of creators.';
RESET ROLE;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'REVOKE rls_owner FROM CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd

RESET search_path;
