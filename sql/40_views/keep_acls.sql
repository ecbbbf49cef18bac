-- Remembers the privileges of schemas, tables and columns before the first GRANT on them. Each name ends with the schema,
-- or schema and table, every part quoted: as the manifest names privileges. Called as rls_owner.
CREATE OR REPLACE FUNCTION rls.keep_acls(names text[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
BEGIN
    INSERT INTO rls.acl_before (object, acl)
    WITH named AS (
        SELECT n.oid AS schema, c.oid AS "table", n.nspacl, c.relacl,
               '"' || replace(n.nspname, '"', '""') || '"' || coalesce('."' || replace(c.relname, '"', '""') || '"', '') AS object
        FROM pg_catalog.pg_namespace AS n
        LEFT JOIN (SELECT NULL::oid AS oid, NULL::name AS relname, o.oid AS relnamespace, NULL::aclitem[] AS relacl FROM pg_catalog.pg_namespace AS o
                   UNION ALL
                   SELECT r.oid, r.relname, r.relnamespace, r.relacl FROM pg_catalog.pg_class AS r WHERE r.relkind IN ('r', 'p')) AS c ON c.relnamespace = n.oid
        WHERE n.nspname <> 'rls'
    ), wanted AS (
        SELECT w.* FROM named AS w
        WHERE EXISTS (SELECT FROM unnest(names) AS k(name) WHERE right(k.name, length(w.object) + 1) = '.' || w.object)
    )
    SELECT w.object, CASE WHEN w."table" IS NULL THEN w.nspacl ELSE w.relacl END::text FROM wanted AS w
    UNION ALL
    SELECT w.object || '."' || replace(a.attname, '"', '""') || '"', a.attacl::text
    FROM wanted AS w JOIN pg_catalog.pg_attribute AS a ON a.attrelid = w."table" AND NOT a.attisdropped AND a.attacl IS NOT NULL
    ON CONFLICT (object) DO NOTHING;
END
$$;
REVOKE ALL ON FUNCTION rls.keep_acls(text[]) FROM PUBLIC;
COMMENT ON FUNCTION rls.keep_acls(text[]) IS 'Remembers the privileges of schemas, tables and columns before the first GRANT on them.';
