-- Whether some row of the resource could be admitted for the action. False for a name that is no resource, also for
-- superusers; an action that the resource does not declare is an error.
CREATE OR REPLACE FUNCTION rls.can(action text, resource text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    word text := rls.action_word(action);
    target rls.resource;
    who rls.subject;
    scope text;
BEGIN
    SELECT r.* INTO target FROM rls.resource AS r WHERE r.name = can.resource;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF word IS NULL OR word <> ALL (target.actions) THEN
        RAISE EXCEPTION 'resource "%" has no action "%"', resource, action
            USING ERRCODE = 'RL010', HINT = 'Use one of: ' || array_to_string(target.actions, ', ') || '.';
    END IF;
    who := rls.subject();
    IF who.kind IS NULL THEN
        RETURN false;
    END IF;
    IF who.superuser OR (who.kind = 'service' AND rls.service_may(who.key, word, target.name)) THEN
        RETURN true;
    END IF;
    IF NOT target.owned OR NOT rls.has_grant(who.grantees, word, target.name) THEN
        RETURN false;
    END IF;
    scope := CASE word WHEN 'create' THEN target.owner_check WHEN 'update' THEN target.write_scope
             WHEN 'delete' THEN target.write_scope ELSE 'visible' END;
    -- Only users see owners; but a row whose owner nobody has to see may be created by whoever holds the grant.
    IF who.kind <> 'user' OR scope = 'any' THEN
        RETURN scope = 'any';
    END IF;
    -- Every user may own a row; where groups alone do, somebody in no group reaches none.
    RETURN target.owned_by_user OR (scope = 'visible' AND cardinality(rls.user_groups(who.key)) > 0);
END
$$;
REVOKE ALL ON FUNCTION rls.can(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.can(text, text) TO rls_client;
COMMENT ON FUNCTION rls.can(text, text) IS 'Whether some row of the resource could be admitted for the action.';
