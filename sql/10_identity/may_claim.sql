-- Whether tokens of a gateway may claim a service: one that the model names, for the gateways that the model lists; where
-- it lists none, for those that are registered with the service.
CREATE OR REPLACE FUNCTION rls.may_claim(service text, gateway text, registered text[])
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
BEGIN
    RETURN coalesce((
        SELECT CASE WHEN s.gateways IS NULL THEN may_claim.service = ANY (may_claim.registered)
                    ELSE may_claim.gateway = ANY (s.gateways) END
        FROM rls.service AS s WHERE s.name = may_claim.service), false);
END
$$;
REVOKE ALL ON FUNCTION rls.may_claim(text, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION rls.may_claim(text, text, text[]) IS 'Whether tokens of a gateway may claim a service. Called by definer functions alone.';
