-- Everything that the current user may do, a line each: asked by the functions that PostgreSQL has for it.
SELECT 'relation ' || c.oid::regclass || ' ' || p FROM pg_class AS c,
    unnest(string_to_array('SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER' || CASE WHEN current_setting('server_version_num')::int >= 170000 THEN ',MAINTAIN' ELSE '' END, ',')) AS p
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relnamespace::regnamespace::text <> 'rls' AND c.relpersistence <> 't' AND has_table_privilege(c.oid, p)
UNION ALL
SELECT 'sequence ' || c.oid::regclass || ' ' || p FROM pg_class AS c, unnest('{USAGE,SELECT,UPDATE}'::text[]) AS p
WHERE c.relkind = 'S' AND c.relnamespace::regnamespace::text <> 'rls' AND has_sequence_privilege(c.oid, p)
UNION ALL
SELECT 'column ' || c.oid::regclass || '.' || a.attname || ' ' || p FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped,
    unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) AS p
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relnamespace::regnamespace::text NOT IN ('rls', 'pg_catalog', 'information_schema') AND has_column_privilege(c.oid, a.attnum, p)
UNION ALL
SELECT 'function ' || f.oid::regprocedure FROM pg_proc AS f WHERE f.pronamespace::regnamespace::text <> 'rls' AND has_function_privilege(f.oid, 'EXECUTE')
UNION ALL
SELECT 'type ' || t.oid::regtype FROM pg_type AS t WHERE t.typnamespace::regnamespace::text !~ '^(rls|pg_toast|pg_temp)' AND has_type_privilege(t.oid, 'USAGE')
UNION ALL
SELECT 'schema ' || n.nspname || ' ' || p FROM pg_namespace AS n, unnest('{USAGE,CREATE}'::text[]) AS p
WHERE n.nspname !~ '^(rls|pg_toast|pg_temp)' AND has_schema_privilege(n.oid, p)
UNION ALL
SELECT 'database ' || p FROM unnest('{CONNECT,CREATE,TEMPORARY}'::text[]) AS p WHERE has_database_privilege(current_database(), p)
UNION ALL
SELECT 'language ' || l.lanname FROM pg_language AS l WHERE has_language_privilege(l.oid, 'USAGE')
UNION ALL
SELECT 'parameter ' || a.parname FROM pg_parameter_acl AS a WHERE has_parameter_privilege(a.parname, 'SET')
UNION ALL -- the owner may do what it likes with a large object, and so may whoever has been granted it
SELECT 'large object ' || o.oid || ' ' || p FROM pg_largeobject_metadata AS o, unnest('{SELECT,UPDATE}'::text[]) AS p
WHERE EXISTS (SELECT FROM aclexplode(coalesce(o.lomacl, acldefault('L', o.lomowner))) AS x
    WHERE x.privilege_type = p AND CASE x.grantee WHEN 0 THEN true ELSE pg_has_role(x.grantee, 'USAGE') END)
ORDER BY 1
