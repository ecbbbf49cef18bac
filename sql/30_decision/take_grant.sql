-- Revokes an action on a resource, in every window, from a maintenance connection. Returns how many grants went, and how
-- many of them the model had seeded: what becomes of those is data, and apply does not put them back.
CREATE OR REPLACE FUNCTION rls.take_grant(kind text, name text, action text, resource text, OUT revoked bigint, OUT seeded bigint)
RETURNS record
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    whom text;
    word text;
BEGIN
    PERFORM rls.administer();
    whom := rls.grantee(take_grant.kind, take_grant.name);
    word := rls.declared_action(take_grant.action, take_grant.resource);
    WITH gone AS (
        DELETE FROM rls."grant" AS g WHERE g.grantee = whom AND g.action = word AND g.resource = take_grant.resource
        RETURNING g.seed
    )
    SELECT count(*), count(d.seed) INTO revoked, seeded FROM gone AS d;
END
$$;
REVOKE ALL ON FUNCTION rls.take_grant(text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.take_grant(text, text, text, text) IS 'Revokes an action on a resource; maintenance roles only.';
