-- Keys in buckets of one size by their hashes, so that one bucket tells whether a key is among them, and nothing else need be
-- read: rls.in_buckets. In base64, because what is padded ends with =, which is nowhere else: no entry is found across two others.
-- So a key must not be a multiple of three bytes long, and all are of one length. NULL where a bucket would not hold its keys, which
-- happens to one in some hundred sets of a hundred thousand, and where there are too many for one value.
CREATE OR REPLACE FUNCTION rls.buckets(keys bytea[])
RETURNS bytea
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
DECLARE
    number bigint := cardinality(keys) / 12 + 1;
    width integer := 32 * length(encode(keys[1], 'base64'));
BEGIN
    IF number > 200000 THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT CASE WHEN max(length(b.entries)) <= width THEN convert_to(string_agg(rpad(b.entries, width, '-'), '' ORDER BY b.place), 'UTF8') END
        FROM (
            SELECT p.place, coalesce(string_agg(h.entry, ''), '') AS entries
            FROM generate_series(0, number - 1) AS p(place)
            LEFT JOIN (
                SELECT e.entry, (hashtextextended(e.entry COLLATE "C", 0) & 9223372036854775807) % number AS place
                FROM (SELECT encode(k.key, 'base64') AS entry FROM unnest(keys) AS k(key) OFFSET 0) AS e
            ) AS h ON h.place = p.place
            GROUP BY p.place
        ) AS b);
END
$$;
REVOKE ALL ON FUNCTION rls.buckets(bytea[]) FROM PUBLIC;
COMMENT ON FUNCTION rls.buckets(bytea[]) IS 'Keys in buckets by their hashes. Called by definer functions alone.';
