-- What a login that is nobody may see of tables: a row per table of a resource, and per table that it was given ($3).
-- $1 is the login, $2 its client role. A table shows its structure and no rows while row security is on and no permissive
-- policy of reading applies to the login; the privilege of an open table would show every row.
WITH wanted AS (
    SELECT c.oid, c.relacl, c.relowner, n.nspname, format('%I.%I', n.nspname, c.relname) AS name, l.oid AS login,
           p.resource IS NOT NULL AND c.relrowsecurity AND NOT EXISTS (
               SELECT FROM pg_catalog.pg_policy AS o CROSS JOIN unnest(o.polroles) AS r(oid)
               WHERE o.polrelid = c.oid AND o.polpermissive AND o.polcmd IN ('r', '*')
                 AND (r.oid = 0 OR pg_has_role(l.oid, r.oid, 'USAGE'))) AS filtered,
           coalesce(p.is_root, false) AS is_root
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_roles AS l ON l.rolname = $1
    LEFT JOIN (SELECT t.oid, min(t.resource) AS resource, bool_or(t.is_root) AS is_root FROM rls.protected_table AS t GROUP BY t.oid) AS p ON p.oid = c.oid
    WHERE p.resource IS NOT NULL OR format('%I.%I', n.nspname, c.relname) = ANY ($3::text[])
), seen AS (
    SELECT w.*, m.wide, m.columns
    FROM wanted AS w
    CROSS JOIN LATERAL (
        SELECT bool_or(a.attnum = 0), array_agg(a.attnum ORDER BY a.attnum)
        FROM (SELECT 0::smallint AS attnum WHERE has_table_privilege($2, w.oid, 'SELECT')
              UNION ALL
              SELECT c.attnum FROM pg_catalog.pg_attribute AS c
              WHERE c.attrelid = w.oid AND c.attnum > 0 AND NOT c.attisdropped
                AND NOT has_table_privilege($2, w.oid, 'SELECT') AND has_column_privilege($2, w.oid, c.attnum, 'SELECT')) AS a
        WHERE w.filtered AND w.is_root) AS m(wide, columns)
), held AS (
    SELECT s.oid, x.attnum, x.privilege_type
    FROM seen AS s
    CROSS JOIN LATERAL (
        SELECT 0::smallint AS attnum, r.grantee, r.privilege_type FROM aclexplode(s.relacl) AS r
        UNION ALL
        SELECT a.attnum, r.grantee, r.privilege_type FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS r
        WHERE a.attrelid = s.oid AND NOT a.attisdropped) AS x
    WHERE x.grantee = s.login
)
SELECT s.name, s.nspname::text, s.is_root, s.filtered, s.columns IS NOT NULL AS shown,
       CASE WHEN s.wide OR s.columns IS NULL THEN '' ELSE (
           SELECT ' (' || string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) || ')'
           FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = s.oid AND a.attnum = ANY (s.columns)) END AS columns,
       EXISTS (SELECT FROM unnest(s.columns) AS c(attnum) WHERE NOT CASE c.attnum
           WHEN 0 THEN has_table_privilege(s.login, s.oid, 'SELECT') ELSE has_column_privilege(s.login, s.oid, c.attnum, 'SELECT') END) AS missing,
       EXISTS (SELECT FROM held AS h WHERE h.oid = s.oid) AS held,
       -- SELECT of a column is no more than SELECT of the table.
       ARRAY(SELECT DISTINCT h.privilege_type FROM held AS h
             WHERE h.oid = s.oid AND (h.privilege_type <> 'SELECT' OR s.columns IS NULL OR NOT (s.wide OR h.attnum = ANY (s.columns))) ORDER BY 1) AS more
FROM seen AS s
ORDER BY s.name COLLATE "C"
