-- The manifest beside what the catalog says now, in the order of creation.
SELECT coalesce(json_agg(json_build_object(
    'kind', i.kind,
    'name', i.name,
    'resource', i.resource,
    'title', i.title,
    'table', i.table_name,
    'shape', i.shape,
    'as_owner', i.as_owner,
    'hash', i.hash,
    'fingerprint', i.fingerprint,
    'actual', coalesce(s.fingerprint, ''),
    'undo', i.undo,
    'grants', CASE
        WHEN i.kind = 'registry' AND i.name LIKE '"resource".%' THEN (SELECT count(*) FROM rls."grant" AS g WHERE g.resource = i.resource AND g.seed IS NULL)
        WHEN i.kind = 'registry' AND i.name LIKE '"service".%' THEN (
            SELECT count(*) FROM rls."grant" AS g WHERE g.grantee = 'service:' || split_part(i.name, '"', 4) AND g.seed IS NULL)
        ELSE 0 END) ORDER BY i.position), '[]'::json)
FROM rls.compiled AS i
LEFT JOIN rls.object_state AS s ON s.kind = i.kind AND s.name = i.name
