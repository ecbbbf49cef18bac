-- Whether one of the grantees holds a grant of the action, by the clock. Every action but create needs
-- read as well: PostgreSQL would find no row to act on.
CREATE OR REPLACE FUNCTION rls.has_grant(grantees text[], action text, resource text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM rls."grant" AS g
        WHERE g.resource = has_grant.resource
          AND g.action = has_grant.action
          AND g.grantee = ANY (has_grant.grantees)
          AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
          AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp())
    ) AND (action IN ('create', 'read') OR rls.has_grant(grantees, 'read', resource));
END
$$;
REVOKE ALL ON FUNCTION rls.has_grant(text[], text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.has_grant(text[], text, text) IS 'Whether one of the grantees holds a grant now. Called by definer functions alone.';
