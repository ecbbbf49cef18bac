-- Whether a key is among those of rls.buckets. Of what stands out of line this reads the one bucket alone, which takes some
-- microseconds for any number of keys. NULL without buckets or for an empty key. COST, because policies ask the first rows alone: for all rows of a table
-- the planner would expect enough work to compile it.
CREATE OR REPLACE FUNCTION rls.in_buckets(buckets bytea, key bytea)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
COST 1
AS $$
DECLARE
    entry text := encode(key, 'base64');
    width integer := 32 * length(entry);
BEGIN
    RETURN position(convert_to(entry, 'UTF8') IN substring(buckets
        FROM ((hashtextextended(entry COLLATE "C", 0) & 9223372036854775807) % nullif(octet_length(buckets) / nullif(width, 0), 0))::integer * width + 1
        FOR width)) > 0;
END
$$;
REVOKE ALL ON FUNCTION rls.in_buckets(bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.in_buckets(bytea, bytea) TO rls_client;
COMMENT ON FUNCTION rls.in_buckets(bytea, bytea) IS 'Whether a key is in one of some buckets.';
