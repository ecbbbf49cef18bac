-- Which objects depend on a column of the tables, however far, as the manifest names them: kind and name.
WITH RECURSIVE dependent (classid, objid) AS (
    SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d
    WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0
      AND d.refobjid IN (SELECT t.name::regclass::oid FROM unnest($1::text[]) AS t(name))
    UNION
    SELECT n.classid, n.objid FROM dependent AS x
    CROSS JOIN LATERAL (
        SELECT 'pg_catalog.pg_class'::regclass::oid, w.ev_class FROM pg_catalog.pg_rewrite AS w
        WHERE x.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = x.objid
        UNION ALL
        SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d
        WHERE d.refclassid = x.classid AND d.refobjid = x.objid
          AND (x.classid <> 'pg_catalog.pg_class'::regclass OR EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = x.objid AND c.relkind = 'v'))
    ) AS n(classid, objid)
), named (kind, parts) AS (
    SELECT 'policy', ARRAY[n.nspname, c.relname, p.polname]
    FROM dependent AS x
    JOIN pg_catalog.pg_policy AS p ON x.classid = 'pg_catalog.pg_policy'::regclass AND p.oid = x.objid
    JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    UNION ALL
    SELECT 'trigger', ARRAY[n.nspname, c.relname, g.tgname]
    FROM dependent AS x
    JOIN pg_catalog.pg_trigger AS g ON x.classid = 'pg_catalog.pg_trigger'::regclass AND g.oid = x.objid
    JOIN pg_catalog.pg_class AS c ON c.oid = g.tgrelid JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    UNION ALL
    SELECT 'view', ARRAY[n.nspname, c.relname]
    FROM dependent AS x
    JOIN pg_catalog.pg_class AS c ON x.classid = 'pg_catalog.pg_class'::regclass AND c.oid = x.objid AND c.relkind = 'v'
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    UNION ALL
    SELECT 'function', ARRAY[n.nspname, f.proname]
    FROM dependent AS x
    JOIN pg_catalog.pg_proc AS f ON x.classid = 'pg_catalog.pg_proc'::regclass AND f.oid = x.objid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = f.pronamespace
)
SELECT DISTINCT n.kind, '"' || (SELECT string_agg(replace(p.part, '"', '""'), '"."' ORDER BY p.place) FROM unnest(n.parts) WITH ORDINALITY AS p(part, place)) || '"'
FROM named AS n
