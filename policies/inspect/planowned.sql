-- What belongs to plan roles in this database, but for what goes with something else and what a session keeps to itself.
SELECT coalesce(json_agg(json_build_object('role', p.role, 'client_role', p.client_role,
    'title', pg_describe_object(s.classid, s.objid, 0),
    'alter', format('ALTER %s %s', CASE i.type WHEN 'composite type' THEN 'TYPE' ELSE upper(i.type) END, i.identity))
    ORDER BY p.role COLLATE "C", pg_describe_object(s.classid, s.objid, 0) COLLATE "C"), '[]'::json)
FROM rls.plan_role AS p
JOIN pg_roles AS r ON r.rolname = p.role
JOIN pg_shdepend AS s ON s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid AND s.deptype = 'o'
    AND s.dbid = (SELECT b.oid FROM pg_database AS b WHERE b.datname = current_database())
CROSS JOIN LATERAL pg_identify_object(s.classid, s.objid, 0) AS i
WHERE s.classid <> 'pg_default_acl'::regclass
  AND coalesce(i.schema, '') !~ '^pg_temp_'
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = s.classid AND d.objid = s.objid AND d.refclassid = 'pg_class'::regclass
      AND d.deptype IN ('a', 'i'))
