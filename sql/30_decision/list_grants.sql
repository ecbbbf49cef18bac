-- Every grant with the name of its grantee, who gave it and when, for a maintenance connection. The name is NULL where
-- nobody has that key any more.
CREATE OR REPLACE FUNCTION rls.list_grants()
RETURNS TABLE (id bigint, kind text, key text, name text, action text, resource text, valid_from timestamptz, valid_until timestamptz,
    open boolean, origin text, given_by text, given_at timestamptz)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
ROWS 100
AS $$
BEGIN
    PERFORM rls.administer();
    -- What apply compiles: there are groups, or there are none.
    RETURN QUERY EXECUTE format($query$
        SELECT g.id, p.kind, nullif(p.key, ''),
               CASE p.kind WHEN 'user' THEN u.login WHEN 'group' THEN %s WHEN 'service' THEN s.name END,
               g.action, g.resource, g.valid_from, g.valid_until,
               (g.valid_from IS NULL OR g.valid_from <= clock_timestamp()) AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp()),
               CASE WHEN g.seed IS NULL THEN 'hand' ELSE 'model' END, g.given_by, g.given_at
        FROM rls."grant" AS g
        CROSS JOIN LATERAL (
            SELECT split_part(g.grantee, ':', 1) AS kind, substr(g.grantee, length(split_part(g.grantee, ':', 1)) + 2) AS key) AS p
        LEFT JOIN rls.user_row AS u ON p.kind = 'user' AND u.id::text = p.key
        LEFT JOIN rls.service AS s ON p.kind = 'service' AND s.name = p.key
        %s
        ORDER BY g.resource, g.grantee, g.action, g.valid_from, g.id$query$,
        CASE WHEN to_regclass('rls.group_row') IS NULL THEN 'NULL' ELSE 'coalesce(t.name, t.id::text)' END,
        CASE WHEN to_regclass('rls.group_row') IS NULL THEN '' ELSE 'LEFT JOIN rls.group_row AS t ON p.kind = ''group'' AND t.id::text = p.key' END);
END
$$;
REVOKE ALL ON FUNCTION rls.list_grants() FROM PUBLIC;
COMMENT ON FUNCTION rls.list_grants() IS 'Every grant, who gave it and when; maintenance roles only.';
