-- User tables as one JSON document in the shape of policies.Table: all of them, or those of $1.
WITH leaky(type) AS MATERIALIZED (
    SELECT o.opcintype
    FROM pg_catalog.pg_opclass AS o
    JOIN pg_catalog.pg_am AS m ON m.oid = o.opcmethod AND m.amname = 'btree'
    JOIN pg_catalog.pg_amop AS x ON x.amopfamily = o.opcfamily AND x.amoplefttype = o.opcintype AND x.amoprighttype = o.opcintype AND x.amopstrategy = 3
    JOIN pg_catalog.pg_operator AS e ON e.oid = x.amopopr
    JOIN pg_catalog.pg_proc AS p ON p.oid = e.oprcode AND NOT p.proleakproof
    WHERE o.opcdefault
)
SELECT coalesce(json_agg(x.doc ORDER BY x.nspname COLLATE "C", x.relname COLLATE "C"), '[]'::json)
FROM (
    SELECT n.nspname, c.relname, json_build_object(
        'schema', n.nspname,
        'name', c.relname,
        'kind', c.relkind,
        'owner', pg_get_userbyid(c.relowner),
        'parents', (
            SELECT json_agg(json_build_object('schema', pn.nspname, 'name', pc.relname) ORDER BY i.inhseqno)
            FROM pg_catalog.pg_inherits AS i
            JOIN pg_catalog.pg_class AS pc ON pc.oid = i.inhparent
            JOIN pg_catalog.pg_namespace AS pn ON pn.oid = pc.relnamespace
            WHERE i.inhrelid = c.oid),
        'partition', c.relispartition,
        'heirs', EXISTS (SELECT FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = c.oid),
        'row_security', c.relrowsecurity,
        'force_row_security', c.relforcerowsecurity,
        'columns', coalesce((
            SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(b.oid, NULL), 'not_null', a.attnotnull, 'generated', a.attgenerated <> '', 'virtual', a.attgenerated = 'v',
                'expression', (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_catalog.pg_attrdef AS d WHERE a.attgenerated <> '' AND d.adrelid = a.attrelid AND d.adnum = a.attnum),
                'domain', CASE WHEN b.oid <> a.atttypid THEN format_type(a.atttypid, NULL) ELSE '' END,
                'nondeterministic', EXISTS (SELECT FROM pg_catalog.pg_collation AS l WHERE l.oid = a.attcollation AND NOT l.collisdeterministic),
                'leaky', EXISTS (SELECT FROM leaky AS l WHERE l.type IN (b.oid, CASE t.typtype WHEN 'e' THEN 3500 WHEN 'r' THEN 3831 WHEN 'm' THEN 4537 END,
                    CASE t.typcategory WHEN 'A' THEN 2277 END)),
                'folded', EXISTS (
                    SELECT FROM pg_catalog.pg_index AS i
                    WHERE i.indrelid = a.attrelid AND i.indkey[0] = 0 AND i.indisvalid AND i.indpred IS NULL
                      AND translate(pg_get_indexdef(i.indexrelid, 1, true), '() ', '') = translate('lower(' || quote_ident(a.attname) || '::text COLLATE "default")', '() ', ''))) ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute AS a
            JOIN pg_catalog.pg_type AS t ON t.oid = a.atttypid
            CROSS JOIN LATERAL (SELECT CASE WHEN t.typtype <> 'd' THEN t.oid ELSE (
                WITH RECURSIVE below(oid, next) AS (
                    SELECT t.oid, t.typbasetype
                    UNION ALL
                    SELECT y.oid, y.typbasetype FROM below AS w JOIN pg_catalog.pg_type AS y ON y.oid = w.next
                )
                SELECT w.oid FROM below AS w WHERE w.next = 0) END) AS b(oid)
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]'::json),
        'primary_key', (
            SELECT json_agg(a.attname ORDER BY k.place)
            FROM pg_catalog.pg_index AS i
            CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(attnum, place)
            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
            WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts),
        'deferrable', EXISTS (
            SELECT FROM pg_catalog.pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary AND NOT i.indimmediate),
        'unique', (
            SELECT json_agg(u.cols ORDER BY u.cols::text COLLATE "C") FROM (
                SELECT i.indexrelid, json_agg(a.attname ORDER BY k.place) AS cols
                FROM pg_catalog.pg_index AS i
                CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(attnum, place)
                JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                WHERE i.indrelid = c.oid AND i.indisunique AND NOT i.indisprimary AND i.indpred IS NULL
                  AND i.indexprs IS NULL AND i.indisvalid AND i.indimmediate AND k.place <= i.indnkeyatts
                GROUP BY i.indexrelid) AS u),
        'foreign_keys', (
            SELECT json_agg(json_build_object(
                'name', f.conname,
                'columns', (SELECT json_agg(a.attname ORDER BY k.place) FROM unnest(f.conkey) WITH ORDINALITY AS k(attnum, place)
                            JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.conrelid AND a.attnum = k.attnum),
                'on_delete', CASE WHEN f.conparentid = 0 THEN CASE f.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END END,
                'on_update', CASE WHEN f.conparentid = 0 THEN CASE f.confupdtype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' END END,
                'ref_schema', rn.nspname,
                'ref_table', rc.relname,
                'ref_columns', (SELECT json_agg(a.attname ORDER BY k.place) FROM unnest(f.confkey) WITH ORDINALITY AS k(attnum, place)
                                JOIN pg_catalog.pg_attribute AS a ON a.attrelid = f.confrelid AND a.attnum = k.attnum)
                ) ORDER BY f.conname)
            FROM pg_catalog.pg_constraint AS f
            JOIN pg_catalog.pg_class AS rc ON rc.oid = f.confrelid
            JOIN pg_catalog.pg_namespace AS rn ON rn.oid = rc.relnamespace
            WHERE f.conrelid = c.oid AND f.contype = 'f'),
        'indexes', (
            SELECT json_agg(u.cols ORDER BY u.cols::text COLLATE "C") FROM (
                SELECT i.indexrelid, json_agg(a.attname ORDER BY k.place) AS cols
                FROM pg_catalog.pg_index AS i
                JOIN pg_catalog.pg_class AS ic ON ic.oid = i.indexrelid
                JOIN pg_catalog.pg_am AS am ON am.oid = ic.relam AND am.amname = 'btree'
                CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS k(attnum, place)
                JOIN pg_catalog.pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
                WHERE i.indrelid = c.oid AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indisvalid
                GROUP BY i.indexrelid) AS u),
        'policies', (
            SELECT json_agg(json_build_object(
                'name', p.polname,
                'permissive', p.polpermissive,
                'command', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                'roles', (SELECT json_agg(CASE r.id WHEN 0 THEN 'public' ELSE pg_get_userbyid(r.id) END ORDER BY CASE r.id WHEN 0 THEN '' ELSE pg_get_userbyid(r.id) END) FROM unnest(p.polroles) AS r(id)),
                'using', coalesce(pg_get_expr(p.polqual, p.polrelid), ''),
                'check', coalesce(pg_get_expr(p.polwithcheck, p.polrelid), ''),
                'comment', coalesce(obj_description(p.oid, 'pg_policy'), '')) ORDER BY p.polname)
            FROM pg_catalog.pg_policy AS p WHERE p.polrelid = c.oid),
        'privileges', (
            SELECT json_agg(json_build_object(
                'grantee', CASE x.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(x.grantee) END,
                'privilege', x.privilege_type,
                'grantable', x.is_grantable) ORDER BY CASE x.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(x.grantee) END, x.privilege_type, x.is_grantable)
            FROM aclexplode(c.relacl) AS x),
        'references', (
            SELECT json_agg(json_build_object(
                'grantee', CASE x.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(x.grantee) END,
                'column', a.attname,
                'privilege', x.privilege_type,
                'grantable', x.is_grantable) ORDER BY CASE x.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(x.grantee) END, a.attnum, x.is_grantable)
            FROM pg_catalog.pg_attribute AS a
            CROSS JOIN LATERAL aclexplode(a.attacl) AS x
            WHERE a.attrelid = c.oid AND NOT a.attisdropped AND x.privilege_type = 'REFERENCES')
    ) AS doc
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm')
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'rls_lock')
      AND n.nspname !~ '^pg_(toast|temp)'
      AND ($1::text[] IS NULL OR c.oid = ANY (SELECT i.name::regclass FROM unnest($1) AS i(name)))
) AS x
