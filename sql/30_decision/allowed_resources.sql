-- The resources of which some row could be admitted for the action, by name; hidden ones are not listed, nor those
-- that do not declare it.
CREATE OR REPLACE FUNCTION rls.allowed_resources(action text)
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        SELECT r.name FROM rls.resource AS r
        WHERE NOT r.hidden
          AND CASE WHEN rls.action_word(allowed_resources.action) = ANY (r.actions) THEN rls.can(allowed_resources.action, r.name) END
        ORDER BY r.name);
END
$$;
REVOKE ALL ON FUNCTION rls.allowed_resources(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.allowed_resources(text) TO rls_client;
COMMENT ON FUNCTION rls.allowed_resources(text) IS 'The resources of which some row could be admitted for the action.';
