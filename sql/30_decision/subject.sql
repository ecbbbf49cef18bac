-- The principal with whom a grant must name to reach it; NULL for nobody, for a user who is not active or does not
-- exist, for a service that the model does not name any more, and for a superuser whom an impersonating login stands for.
-- Calls what apply compiles from the model: rls.user_state and rls.user_groups.
CREATE OR REPLACE FUNCTION rls.subject()
RETURNS rls.subject
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
DECLARE
    who rls.identity := rls.identify();
    state record;
BEGIN
    CASE who.kind
    WHEN 'user' THEN
        SELECT u.is_active, u.is_superuser INTO state FROM rls.user_state(who.key) AS u;
        IF NOT FOUND OR NOT state.is_active OR (state.is_superuser AND who.channel = 'impersonating') THEN
            RETURN NULL;
        END IF;
        RETURN ROW('user', who.key, state.is_superuser,
            ARRAY['everyone', 'authenticated', 'user:' || who.key]
            || ARRAY(SELECT 'group:' || g.id FROM unnest(rls.user_groups(who.key)) AS g(id)))::rls.subject;
    WHEN 'service' THEN
        IF NOT EXISTS (SELECT FROM rls.service AS s WHERE s.name = who.key) THEN
            RETURN NULL;
        END IF;
        RETURN ROW('service', who.key, false, ARRAY['everyone', 'service:' || who.key])::rls.subject;
    WHEN 'anonymous' THEN
        RETURN ROW('anonymous', '', false, ARRAY['everyone'])::rls.subject;
    ELSE
        RETURN NULL;
    END CASE;
END
$$;
REVOKE ALL ON FUNCTION rls.subject() FROM PUBLIC;
COMMENT ON FUNCTION rls.subject() IS 'The admitted principal and the grantees that stand for it. Called by definer functions alone.';
