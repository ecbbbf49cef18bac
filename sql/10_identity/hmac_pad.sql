-- One of the two pads of HMAC-SHA-256 (RFC 2104) for a key of 32 bytes: 54 (0x36) is the inner, 92 (0x5c) the outer.
CREATE OR REPLACE FUNCTION rls.hmac_pad(key bytea, pad integer)
RETURNS bytea
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    block bytea := key || decode(repeat('00', 32), 'hex');
BEGIN
    IF length(key) IS DISTINCT FROM 32 THEN
        RAISE EXCEPTION 'a key has 32 bytes' USING ERRCODE = 'RL007', HINT = 'Draw 32 random bytes.';
    END IF;
    FOR i IN 0..63 LOOP
        block := set_byte(block, i, get_byte(block, i) # pad);
    END LOOP;
    RETURN block;
END
$$;
REVOKE ALL ON FUNCTION rls.hmac_pad(bytea, integer) FROM PUBLIC;
COMMENT ON FUNCTION rls.hmac_pad(bytea, integer) IS 'A pad of HMAC-SHA-256 for a key of 32 bytes.';
