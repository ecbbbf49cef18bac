-- Stores the pads of a key of 32 bytes, beside the gateway's other one. Pads that came with a restored dump, without their
-- bytes, go. The pads are generated columns, which take no value: they read this setting, which no client of a key sees.
CREATE OR REPLACE FUNCTION rls.add_key(gateway text, id text, key bytea)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM rls.gateway_key AS k WHERE k.gateway = add_key.gateway AND (k.inner_pad IS NULL OR k.outer_pad IS NULL);
    PERFORM set_config('rls.new_key', encode(rls.hmac_pad(key, 54) || rls.hmac_pad(key, 92), 'hex'), true);
    INSERT INTO rls.gateway_key (gateway, id) VALUES (add_key.gateway, add_key.id);
    PERFORM set_config('rls.new_key', '', true);
END
$$;
REVOKE ALL ON FUNCTION rls.add_key(text, text, bytea) FROM PUBLIC;
COMMENT ON FUNCTION rls.add_key(text, text, bytea) IS 'Stores a key of a gateway. Called as rls_owner.';
