-- Whether the model allows a service an action on the rows of a resource, whoever owns them. Every action but create
-- needs read as well: PostgreSQL would find no row to act on. False for NULL, which stands for what no allowance gives.
CREATE OR REPLACE FUNCTION rls.service_may(service text, action text, resource text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM rls.service_allow AS a
        WHERE a.service = service_may.service AND a.resource = service_may.resource AND a.action = service_may.action
    ) AND (service_may.action IN ('create', 'read') OR EXISTS (
        SELECT FROM rls.service_allow AS a
        WHERE a.service = service_may.service AND a.resource = service_may.resource AND a.action = 'read'));
END
$$;
REVOKE ALL ON FUNCTION rls.service_may(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.service_may(text, text, text) IS 'Whether the model allows a service an action. Called by definer functions alone.';
