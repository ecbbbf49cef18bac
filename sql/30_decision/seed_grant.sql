-- Puts a grant that the model seeds.
-- DEFINER although only rls_owner calls it: nothing that the look-up touches can then change the role.
CREATE OR REPLACE FUNCTION rls.seed_grant(
    kind text, name text, action text, resource text, valid_from timestamptz, valid_until timestamptz, seed text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO rls."grant" (grantee, action, resource, valid_from, valid_until, seed)
    VALUES (rls.grantee(kind, name), action, resource, valid_from, valid_until, seed)
    ON CONFLICT DO NOTHING;
END
$$;
REVOKE ALL ON FUNCTION rls.seed_grant(text, text, text, text, timestamptz, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.seed_grant(text, text, text, text, timestamptz, timestamptz, text) IS 'Puts a grant that the model seeds.';
