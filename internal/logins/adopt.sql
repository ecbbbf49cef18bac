-- What a database login has, as one JSON document: $1 the login, $2 its client role to be, $3 the owner to be, $4 the
-- roles that it is to leave. The last two may not exist yet.
WITH RECURSIVE me AS (
    SELECT r.* FROM pg_roles AS r WHERE r.rolname = $1
), db AS (
    SELECT d.oid, d.datname, d.datdba, d.datacl FROM pg_database AS d WHERE d.datname = current_database()
), direct AS (
    SELECT m.roleid, m.grantor, m.admin_option,
           coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, (SELECT me.rolinherit FROM me)) AS inherits,
           coalesce((to_jsonb(m) ->> 'set_option')::boolean, true) AS sets,
           EXISTS (SELECT FROM pg_roles AS r WHERE r.oid = m.roleid AND r.rolname = ANY ($4::text[])) AS leaves
    FROM pg_auth_members AS m JOIN me ON m.member = me.oid
), lost AS ( -- whose privileges the login has, and will not have through what its client role is a member of
    SELECT r.oid FROM pg_roles AS r JOIN me ON NOT me.rolsuper AND pg_has_role(me.oid, r.oid, 'USAGE')
    WHERE NOT EXISTS (SELECT FROM direct AS d WHERE NOT d.leaves AND d.inherits AND pg_has_role(d.roleid, r.oid, 'USAGE'))
), reach (via, role) AS (
    SELECT d.roleid, d.roleid FROM direct AS d WHERE NOT d.leaves
    UNION
    SELECT x.via, m.roleid FROM reach AS x JOIN pg_auth_members AS m ON m.member = x.role
    WHERE m.admin_option OR coalesce((to_jsonb(m) ->> 'set_option')::boolean OR (to_jsonb(m) ->> 'inherit_option')::boolean, true)
), objects (kind, class, oid, sub, identity, part, schema, owner, acl, bare) AS (
    SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, 'pg_class'::regclass, c.oid, 0, format('%I.%I', n.nspname, c.relname), '', n.nspname,
           c.relowner, coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, c.relowner)), c.relacl IS NULL
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
    UNION ALL
    SELECT 'TABLE', 'pg_class'::regclass, c.oid, a.attnum, format('%I.%I', n.nspname, c.relname), a.attname, n.nspname, c.relowner, a.attacl, false
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND c.relpersistence <> 't'
    UNION ALL
    SELECT 'ROUTINE', 'pg_proc'::regclass, p.oid, 0, CASE n.nspname WHEN 'pg_catalog' THEN 'pg_catalog.' ELSE '' END || p.oid::regprocedure, '', n.nspname, p.proowner,
           coalesce(p.proacl, acldefault('f', p.proowner)), p.proacl IS NULL
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace WHERE n.nspname !~ '^pg_temp_'
    UNION ALL
    SELECT 'TYPE', 'pg_type'::regclass, t.oid, 0, format('%I.%I', n.nspname, t.typname), '', n.nspname, t.typowner,
           coalesce(t.typacl, acldefault('T', t.typowner)), t.typacl IS NULL
    FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
    WHERE t.typtype <> 'm' AND n.nspname !~ '^pg_temp_'
      AND NOT EXISTS (SELECT FROM pg_type AS e WHERE e.typarray = t.oid)
      AND (t.typrelid = 0 OR (SELECT c.relkind FROM pg_class AS c WHERE c.oid = t.typrelid) = 'c')
    UNION ALL
    SELECT 'SCHEMA', 'pg_namespace'::regclass, n.oid, 0, quote_ident(n.nspname), '', n.nspname, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner)), n.nspacl IS NULL
    FROM pg_namespace AS n WHERE n.nspname !~ '^pg_(temp|toast)'
    UNION ALL
    SELECT 'DATABASE', 'pg_database'::regclass, d.oid, 0, quote_ident(d.datname), '', '', d.datdba, coalesce(d.datacl, acldefault('d', d.datdba)), d.datacl IS NULL FROM db AS d
    UNION ALL
    SELECT 'LANGUAGE', 'pg_language'::regclass, l.oid, 0, quote_ident(l.lanname), '', '', l.lanowner, coalesce(l.lanacl, acldefault('l', l.lanowner)), l.lanacl IS NULL
    FROM pg_language AS l
    UNION ALL
    SELECT 'FOREIGN DATA WRAPPER', 'pg_foreign_data_wrapper'::regclass, w.oid, 0, quote_ident(w.fdwname), '', '', w.fdwowner,
           coalesce(w.fdwacl, acldefault('F', w.fdwowner)), w.fdwacl IS NULL
    FROM pg_foreign_data_wrapper AS w
    UNION ALL
    SELECT 'FOREIGN SERVER', 'pg_foreign_server'::regclass, s.oid, 0, quote_ident(s.srvname), '', '', s.srvowner, coalesce(s.srvacl, acldefault('S', s.srvowner)), s.srvacl IS NULL
    FROM pg_foreign_server AS s
    UNION ALL
    SELECT 'LARGE OBJECT', 'pg_largeobject'::regclass, o.oid, 0, o.oid::text, '', '', o.lomowner, coalesce(o.lomacl, acldefault('L', o.lomowner)), o.lomacl IS NULL
    FROM pg_largeobject_metadata AS o
    UNION ALL
    SELECT 'TABLESPACE', 'pg_tablespace'::regclass, t.oid, 0, quote_ident(t.spcname), '', '', t.spcowner, coalesce(t.spcacl, acldefault('t', t.spcowner)), t.spcacl IS NULL
    FROM pg_tablespace AS t
    UNION ALL
    SELECT 'PARAMETER', 'pg_parameter_acl'::regclass, p.oid, 0, quote_ident(p.parname), '', '', 10::oid, p.paracl, false FROM pg_parameter_acl AS p
), entries AS (
    SELECT o.kind, o.identity, o.part, o.schema, o.owner, x.grantor, x.grantee, x.privilege_type, x.is_grantable,
           coalesce(o.schema ~ '^pg_|^information_schema$', false)
               OR EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e') AS system
    FROM objects AS o CROSS JOIN LATERAL aclexplode(o.acl) AS x CROSS JOIN me
    WHERE o.schema <> 'rls'
      AND (x.grantee IN (SELECT l.oid FROM lost AS l)
           OR x.grantor = me.oid AND (x.grantee <> 0 OR o.owner <> me.oid)
           OR x.grantee IN (SELECT r.oid FROM pg_roles AS r WHERE r.rolname IN ($2, $3))
           OR x.grantee = 0 AND (o.kind IN ('TABLE', 'SEQUENCE') OR o.kind = 'SCHEMA' AND x.privilege_type = 'CREATE'))
), owned AS (
    SELECT upper(i.type) AS type, i.identity, (parse_ident(i.schema))[1] AS schema, d.classid, d.objid,
           EXISTS (SELECT FROM pg_depend AS p WHERE p.classid = 'pg_class'::regclass AND p.objid = d.objid AND d.classid = p.classid
                   AND p.refclassid = p.classid AND p.refobjsubid > 0 AND p.deptype IN ('a', 'i')
                   AND (SELECT c.relkind FROM pg_class AS c WHERE c.oid = p.objid) = 'S') AS linked
    FROM pg_shdepend AS d JOIN me ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = me.oid AND d.deptype = 'o'
    CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) AS i
    WHERE (d.dbid = (SELECT db.oid FROM db) OR d.dbid = 0)
      AND d.classid NOT IN ('pg_default_acl'::regclass, 'pg_user_mapping'::regclass)
      AND coalesce(i.schema, '') !~ '^pg_(temp|toast_temp)'
)
SELECT json_build_object(
    'version', current_setting('server_version_num')::integer,
    'me', (SELECT json_build_object('name', r.rolname, 'superuser', r.rolsuper, 'create_db', r.rolcreatedb) FROM pg_roles AS r WHERE r.rolname = current_user),
    'database', (SELECT json_build_object('name', db.datname, 'owner', db.datdba::regrole::text) FROM db),
    'login', (SELECT json_build_object('can_login', me.rolcanlogin, 'inherit', me.rolinherit, 'superuser', me.rolsuper, 'bypass', me.rolbypassrls,
        'create_role', me.rolcreaterole, 'create_db', me.rolcreatedb, 'replication', me.rolreplication) FROM me),
    'roles', (SELECT coalesce(json_object_agg(r.rolname, json_build_object('can_login', r.rolcanlogin, 'inherit', r.rolinherit, 'superuser', r.rolsuper,
        'bypass', r.rolbypassrls, 'create_role', r.rolcreaterole, 'create_db', r.rolcreatedb, 'replication', r.rolreplication)), '{}')
        FROM pg_roles AS r WHERE r.rolname IN ($2, $3)),
    'memberships', (SELECT coalesce(json_agg(json_build_object('of', r.rolname, 'grantor', coalesce(g.rolname, ''), 'admin', d.admin_option, 'inherit', d.inherits,
        'set', d.sets, 'leaves', d.leaves) ORDER BY r.rolname, g.rolname), '[]')
        FROM direct AS d JOIN pg_roles AS r ON r.oid = d.roleid LEFT JOIN pg_roles AS g ON g.oid = d.grantor),
    'members', (SELECT coalesce(json_agg(DISTINCT u.rolname), '[]') FROM pg_auth_members AS m JOIN me ON m.roleid = me.oid JOIN pg_roles AS u ON u.oid = m.member
        WHERE NOT u.rolsuper AND u.rolname <> current_user
          AND coalesce((to_jsonb(m) ->> 'set_option')::boolean OR (to_jsonb(m) ->> 'inherit_option')::boolean, true)),
    'dangers', (SELECT coalesce(json_agg(DISTINCT jsonb_build_object('via', v.rolname, 'role', r.rolname, 'problem', p.problem)), '[]')
        FROM reach AS x JOIN pg_roles AS v ON v.oid = x.via JOIN pg_roles AS r ON r.oid = x.role
        CROSS JOIN LATERAL (
            SELECT 'owns the database' AS problem WHERE r.oid = (SELECT db.datdba FROM db)
            UNION ALL (SELECT 'owns ' || format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
                WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p', 'm', 'f') AND c.relpersistence <> 't' ORDER BY c.oid LIMIT 1)
            UNION ALL (SELECT 'owns schema ' || quote_ident(n.nspname) FROM pg_namespace AS n
                WHERE n.nspowner = r.oid AND n.nspname !~ '^pg_(temp|toast_temp)' ORDER BY n.oid LIMIT 1)
            UNION ALL SELECT 'is to be the owner' WHERE r.rolname = $3
        ) AS p),
    'reached', (SELECT coalesce(json_agg(DISTINCT r.rolname), '[]') FROM reach AS x JOIN pg_roles AS r ON r.oid = x.via),
    'owner_reaches', (SELECT coalesce(json_agg(r.rolname), '[]') FROM direct AS d JOIN pg_roles AS r ON r.oid = d.roleid
        WHERE EXISTS (SELECT FROM pg_roles AS o WHERE o.rolname = $3 AND (pg_has_role(o.oid, r.oid, 'USAGE') OR pg_has_role(r.oid, o.oid, 'MEMBER')))),
    'client_reaches', (SELECT coalesce(json_agg(r.rolname), '[]') FROM direct AS d JOIN pg_roles AS r ON r.oid = d.roleid
        JOIN pg_auth_members AS m ON m.roleid = r.oid JOIN pg_roles AS o ON o.oid = m.member AND o.rolname = $2),
    'lost', (SELECT coalesce(json_agg(r.rolname), '[]') FROM lost AS l JOIN pg_roles AS r ON r.oid = l.oid),
    'entries', (SELECT coalesce(json_agg(json_build_object('kind', e.kind, 'identity', e.identity, 'part', e.part, 'schema', e.schema, 'system', e.system,
        'owner', pg_get_userbyid(e.owner), 'grantor', pg_get_userbyid(e.grantor),
        'grantee', CASE e.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(e.grantee) END, 'public', e.grantee = 0,
        'privilege', e.privilege_type, 'grantable', e.is_grantable)
        ORDER BY array_position(ARRAY['DATABASE', 'SCHEMA', 'TABLE', 'SEQUENCE', 'ROUTINE', 'TYPE'], e.kind), e.kind, e.identity COLLATE "C", e.part COLLATE "C",
                 array_position(ARRAY['CONNECT', 'USAGE', 'SELECT', 'INSERT', 'UPDATE', 'DELETE'], e.privilege_type), e.privilege_type), '[]') FROM entries AS e),
    'owned', (SELECT coalesce(json_agg(json_build_object('type', o.type, 'identity', o.identity, 'schema', coalesce(o.schema, ''), 'linked', o.linked,
        'here', o.classid <> 'pg_database'::regclass OR o.objid = (SELECT db.oid FROM db))
        ORDER BY array_position(ARRAY['DATABASE', 'SCHEMA', 'TABLE', 'SEQUENCE'], o.type), o.type, o.identity COLLATE "C"), '[]') FROM owned AS o),
    'creates', (SELECT coalesce(json_object_agg(n.nspname, has_schema_privilege(o.oid, n.oid, 'CREATE')), '{}') FROM pg_namespace AS n
        CROSS JOIN (SELECT coalesce((SELECT r.oid FROM pg_roles AS r WHERE r.rolname = $3), (SELECT me.oid FROM me)) AS oid) AS o
        WHERE n.nspname !~ '^pg_(temp|toast)'),
    'schemas', (SELECT coalesce(json_agg(json_build_object('name', n.nspname, 'owner', pg_get_userbyid(n.nspowner),
        'direct', EXISTS (SELECT FROM aclexplode(n.nspacl) AS x WHERE x.grantee = me.oid AND x.privilege_type = 'USAGE'),
        'public', EXISTS (SELECT FROM aclexplode(n.nspacl) AS x WHERE x.grantee = 0 AND x.privilege_type = 'USAGE')) ORDER BY n.nspname COLLATE "C"), '[]')
        FROM pg_namespace AS n CROSS JOIN me
        WHERE n.nspname !~ '^pg_|^information_schema$' AND n.nspname <> 'rls' AND has_schema_privilege(me.oid, n.oid, 'USAGE')),
    'connects', (SELECT EXISTS (SELECT FROM aclexplode(coalesce(db.datacl, acldefault('d', db.datdba))) AS x
        WHERE x.privilege_type = 'CONNECT' AND x.grantee IN (0, (SELECT me.oid FROM me WHERE me.oid <> db.datdba))) FROM db),
    'defaults', (SELECT coalesce(json_agg(json_build_object('role', pg_get_userbyid(a.defaclrole), 'schema', coalesce(n.nspname, ''), 'type', a.defaclobjtype,
        'has', (SELECT coalesce(json_agg(json_build_object('grantee', CASE x.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(x.grantee) END, 'public', x.grantee = 0,
            'privilege', x.privilege_type, 'grantable', x.is_grantable) ORDER BY x.grantee, x.privilege_type), '[]') FROM aclexplode(a.defaclacl) AS x),
        'base', CASE WHEN n.oid IS NULL THEN (SELECT coalesce(json_agg(json_build_object('grantee', CASE x.grantee WHEN 0 THEN '' ELSE pg_get_userbyid(x.grantee) END,
            'public', x.grantee = 0, 'privilege', x.privilege_type, 'grantable', x.is_grantable) ORDER BY x.grantee, x.privilege_type), '[]')
            FROM aclexplode(acldefault(CASE a.defaclobjtype WHEN 'S' THEN 's' ELSE a.defaclobjtype END, a.defaclrole)) AS x) ELSE '[]'::json END)
        ORDER BY a.defaclrole, n.nspname, a.defaclobjtype), '[]')
        FROM pg_default_acl AS a LEFT JOIN pg_namespace AS n ON n.oid = a.defaclnamespace CROSS JOIN me
        WHERE a.defaclrole = me.oid OR a.defaclrole = (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = $3)
           OR EXISTS (SELECT FROM aclexplode(a.defaclacl) AS x WHERE x.grantee = me.oid)),
    'policies', (SELECT coalesce(json_agg(json_build_object('name', p.polname, 'table', format('%I.%I', n.nspname, c.relname), 'owner', pg_get_userbyid(c.relowner),
        'roles', (SELECT json_agg(CASE r.id WHEN 0 THEN 'public' ELSE pg_get_userbyid(r.id) END) FROM unnest(p.polroles) AS r(id)))
        ORDER BY n.nspname, c.relname, p.polname), '[]')
        FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN me ON me.oid = ANY (p.polroles)),
    'settings', (SELECT coalesce(json_agg(c.setting ORDER BY d.setdatabase, c.setting), '[]') FROM pg_db_role_setting AS d JOIN me ON d.setrole = me.oid
        CROSS JOIN LATERAL unnest(d.setconfig) AS c(setting) WHERE d.setdatabase IN (0, (SELECT db.oid FROM db))),
    -- The strongest first: of the login here, of the login, of the database; else what PostgreSQL starts with.
    'search_path', (SELECT coalesce((SELECT substr(c.setting, 13) FROM pg_db_role_setting AS d CROSS JOIN LATERAL unnest(d.setconfig) AS c(setting)
        WHERE starts_with(c.setting, 'search_path=') AND d.setdatabase IN (0, (SELECT db.oid FROM db)) AND d.setrole IN (0, (SELECT me.oid FROM me))
        ORDER BY d.setrole <> 0 DESC, d.setdatabase <> 0 DESC LIMIT 1),
        (SELECT s.boot_val FROM pg_settings AS s WHERE s.name = 'search_path'))),
    'own_path', (SELECT substr(c.setting, 13) FROM pg_db_role_setting AS d CROSS JOIN LATERAL unnest(d.setconfig) AS c(setting)
        WHERE starts_with(c.setting, 'search_path=') AND d.setdatabase = (SELECT db.oid FROM db) AND d.setrole = (SELECT me.oid FROM me)),
    'touched', (SELECT coalesce(json_agg(t.name ORDER BY t.name), '[]') FROM (
        SELECT '"' || replace(n.nspname, '"', '""') || '"' AS name FROM pg_namespace AS n WHERE n.nspname !~ '^pg_' AND n.nspname <> 'rls'
        UNION ALL
        SELECT '"' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"'
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace CROSS JOIN me
        WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'rls'
          AND (c.relowner = me.oid OR EXISTS (SELECT FROM entries AS e WHERE e.kind = 'TABLE' AND e.identity = format('%I.%I', n.nspname, c.relname)))) AS t),
    'own_schema', EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspname = $1),
    'elsewhere', (SELECT coalesce(json_agg(json_build_object('database', x.datname, 'owns', x.owns) ORDER BY x.datname), '[]') FROM (
        SELECT b.datname, bool_or(d.deptype = 'o') AS owns FROM pg_shdepend AS d JOIN me ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = me.oid
        JOIN pg_database AS b ON b.oid = CASE WHEN d.classid = 'pg_database'::regclass THEN d.objid ELSE d.dbid END AND b.oid <> (SELECT db.oid FROM db)
        GROUP BY b.datname) AS x),
    'sessions', (SELECT count(*)::integer FROM pg_stat_activity AS s WHERE s.usename = $1),
    'mappings', (SELECT coalesce(json_agg(m.srvname ORDER BY m.srvname), '[]') FROM pg_user_mappings AS m WHERE m.usename = $1),
    'definers', (SELECT coalesce(json_agg(f.name ORDER BY f.name), '[]') FROM (SELECT p.oid::regprocedure::text AS name FROM pg_proc AS p
        JOIN pg_namespace AS n ON n.oid = p.pronamespace AND n.nspname !~ '^pg_|^information_schema$|^rls$'
        WHERE p.prosecdef AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS x WHERE x.grantee = 0)
          AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')) AS f)
)
