-- Every table that holds rows of a resource: the one that the model names, its partitions and its children, however deep.
CREATE OR REPLACE VIEW rls.protected_table WITH (security_invoker = true) AS
WITH RECURSIVE tree (resource, oid, is_root) AS (
    SELECT r.name, c.oid, true
    FROM rls.resource AS r
    JOIN pg_catalog.pg_namespace AS n ON n.nspname = r.table_schema
    JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = r.table_name
    UNION
    SELECT t.resource, i.inhrelid, false
    FROM tree AS t
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = t.oid
)
SELECT t.resource, t.oid, t.is_root, n.nspname AS table_schema, c.relname AS table_name
FROM tree AS t
JOIN pg_catalog.pg_class AS c ON c.oid = t.oid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace;
REVOKE ALL ON rls.protected_table FROM PUBLIC;
COMMENT ON VIEW rls.protected_table IS 'Every table that holds rows of a resource.';
