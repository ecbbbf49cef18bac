-- Every owner, privilege, default privilege, policy, membership, option and setting that has to do with the roles in $1.
WITH roles AS (SELECT r.oid, r.rolname FROM pg_roles AS r WHERE r.rolname = ANY ($1::text[])),
acls (what, acl) AS (
    SELECT 'relation ' || c.oid::regclass || ' of ' || c.relowner::regrole, coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END, c.relowner))
    FROM pg_class AS c WHERE c.relnamespace::regnamespace::text !~ '^(rls$|pg_temp|pg_toast)' AND c.relkind <> 'i'
    UNION ALL SELECT 'column ' || a.attrelid::regclass || '.' || a.attname, a.attacl FROM pg_attribute AS a WHERE a.attacl IS NOT NULL AND a.attacl <> '{}'
        AND (SELECT c.relnamespace::regnamespace::text FROM pg_class AS c WHERE c.oid = a.attrelid) <> 'rls'
    UNION ALL SELECT 'function ' || p.oid::regprocedure || ' of ' || p.proowner::regrole, coalesce(p.proacl, acldefault('f', p.proowner)) FROM pg_proc AS p WHERE p.pronamespace::regnamespace::text <> 'rls'
    UNION ALL SELECT 'type ' || t.oid::regtype || ' of ' || t.typowner::regrole, coalesce(t.typacl, acldefault('T', t.typowner)) FROM pg_type AS t WHERE t.typnamespace::regnamespace::text !~ '^(rls$|pg_temp|pg_toast)'
    UNION ALL SELECT 'schema ' || n.nspname || ' of ' || n.nspowner::regrole, coalesce(n.nspacl, acldefault('n', n.nspowner)) FROM pg_namespace AS n WHERE n.nspname !~ '^(rls$|pg_temp|pg_toast)'
    UNION ALL SELECT 'database of ' || d.datdba::regrole, coalesce(d.datacl, acldefault('d', d.datdba)) FROM pg_database AS d WHERE d.datname = current_database()
    UNION ALL SELECT 'large object ' || o.oid || ' of ' || o.lomowner::regrole, coalesce(o.lomacl, acldefault('L', o.lomowner)) FROM pg_largeobject_metadata AS o
    UNION ALL SELECT 'parameter ' || p.parname, p.paracl FROM pg_parameter_acl AS p
    UNION ALL SELECT 'default ' || d.defaclrole::regrole || ' in ' || d.defaclnamespace::regnamespace || ' ' || d.defaclobjtype::text, d.defaclacl FROM pg_default_acl AS d
)
SELECT a.what || ': ' || coalesce((SELECT string_agg(concat(CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::regrole::text END, '=', x.privilege_type, CASE WHEN x.is_grantable THEN '*' END, '/', x.grantor::regrole),
    ' ' ORDER BY x.grantee, x.privilege_type, x.grantor) FROM aclexplode(a.acl) AS x), '')
FROM acls AS a WHERE a.acl IS NOT NULL AND (a.what !~ '^(parameter|default)' OR EXISTS (SELECT FROM aclexplode(a.acl) AS x JOIN roles ON roles.oid IN (x.grantee, x.grantor)))
UNION ALL
SELECT 'owns ' || s.classid::regclass || ' ' || pg_describe_object(s.classid, s.objid, 0) || ': ' || r.rolname FROM pg_shdepend AS s JOIN roles AS r ON r.oid = s.refobjid AND s.deptype = 'o'
WHERE s.dbid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
UNION ALL SELECT 'member ' || u.rolname || ' of ' || r.rolname || ' ' || (to_jsonb(m) - 'oid' - 'roleid' - 'member' - 'grantor')::text || ' by ' || m.grantor::regrole
FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.roleid JOIN pg_roles AS u ON u.oid = m.member
WHERE u.rolname = ANY ($1::text[]) OR r.rolname = ANY ($1::text[])
UNION ALL SELECT 'role ' || (to_jsonb(r) - 'oid')::text FROM pg_roles AS r WHERE r.rolname = ANY ($1::text[])
UNION ALL SELECT 'setting ' || coalesce(d.setrole::regrole::text, '') || ' ' || d.setdatabase || ' ' || d.setconfig::text FROM pg_db_role_setting AS d JOIN roles ON roles.oid = d.setrole
UNION ALL SELECT 'policy ' || p.polname || ' on ' || p.polrelid::regclass || ': ' || ARRAY(SELECT r::regrole::text FROM unnest(p.polroles) AS r ORDER BY 1)::text FROM pg_policy AS p
UNION ALL SELECT 'extension ' || e.extname || ' of ' || e.extowner::regrole FROM pg_extension AS e
ORDER BY 1
