-- Writes privileges as they were written before the toolkit: as nothing where they are the default ones, in the order in
-- which they were. Only where the same privileges are there; what anybody may do does not change. No GRANT or REVOKE can do
-- this, so it writes the catalog, as a database superuser alone may.
CREATE OR REPLACE FUNCTION rls.put_back_acls()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE pg_catalog.pg_namespace AS n SET nspacl = b.acl::aclitem[]
    FROM rls.acl_before AS b
    WHERE b.object = '"' || replace(n.nspname, '"', '""') || '"'
      AND n.nspacl::text IS DISTINCT FROM b.acl
      AND (SELECT array_agg(i ORDER BY i) FROM unnest(coalesce(n.nspacl, acldefault('n', n.nspowner))::text[]) AS i)
          = (SELECT array_agg(i ORDER BY i) FROM unnest(coalesce(b.acl::text[], acldefault('n', n.nspowner)::text[])) AS i);
    UPDATE pg_catalog.pg_class AS c SET relacl = b.acl::aclitem[]
    FROM rls.acl_before AS b, pg_catalog.pg_namespace AS n
    WHERE n.oid = c.relnamespace AND c.relkind IN ('r', 'p')
      AND b.object = '"' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"'
      AND c.relacl::text IS DISTINCT FROM b.acl
      AND (SELECT array_agg(i ORDER BY i) FROM unnest(coalesce(c.relacl, acldefault('r', c.relowner))::text[]) AS i)
          = (SELECT array_agg(i ORDER BY i) FROM unnest(coalesce(b.acl::text[], acldefault('r', c.relowner)::text[])) AS i);
    UPDATE pg_catalog.pg_attribute AS a SET attacl = b.acl::aclitem[]
    FROM rls.acl_before AS b, pg_catalog.pg_class AS c, pg_catalog.pg_namespace AS n
    WHERE c.oid = a.attrelid AND n.oid = c.relnamespace AND c.relkind IN ('r', 'p')
      AND b.object = '"' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"."' || replace(a.attname, '"', '""') || '"'
      AND a.attacl::text IS DISTINCT FROM b.acl
      AND (SELECT array_agg(i ORDER BY i) FROM unnest(a.attacl::text[]) AS i) = (SELECT array_agg(i ORDER BY i) FROM unnest(b.acl::text[]) AS i);
    -- Gateways hold USAGE of schemas until they are removed.
    DELETE FROM rls.acl_before WHERE NOT EXISTS (SELECT FROM rls.login);
END
$$;
REVOKE ALL ON FUNCTION rls.put_back_acls() FROM PUBLIC;
COMMENT ON FUNCTION rls.put_back_acls() IS 'Writes privileges as they were written before the toolkit; changes none.';
