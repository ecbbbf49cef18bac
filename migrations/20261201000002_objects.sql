-- Code generated from sql/ by `make generate`. DO NOT EDIT.

-- +goose Up
SET LOCAL search_path = pg_catalog, pg_temp;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'GRANT rls_owner TO CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd

SET LOCAL ROLE rls_owner;

-- sql/10_identity/hex_text.sql
-- +goose StatementBegin
-- A field of a token or context: hexadecimal UTF-8 without NUL. NULL where the bytes are no text.
CREATE OR REPLACE FUNCTION rls.hex_text(hex text)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
BEGIN
    IF hex ~ '^(?:[1-7][0-9a-f]|0[1-9a-f])*$' THEN
        -- ASCII is text in every encoding; only the rest is worth a subtransaction.
        RETURN convert_from(decode(hex, 'hex'), 'UTF8');
    END IF;
    BEGIN
        RETURN convert_from(decode(hex, 'hex'), 'UTF8');
    EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character OR invalid_parameter_value THEN
        RETURN NULL;
    END;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.hex_text(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.hex_text(text) IS 'Text from hexadecimal UTF-8; NULL where it is none.';

-- sql/10_identity/key_parts.sql
-- +goose StatementBegin
-- The parts of a composite key that is written as a JSON array of texts; NULL where it is none of that length.
-- UNSAFE, and so is all that calls it: while a parallel plan runs, PostgreSQL starts no subtransaction in the leader either.
CREATE OR REPLACE FUNCTION rls.key_parts(key text, parts integer)
RETURNS text[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF jsonb_typeof(key::jsonb) <> 'array' OR jsonb_array_length(key::jsonb) <> parts
        OR EXISTS (SELECT FROM jsonb_array_elements(key::jsonb) AS e(part) WHERE jsonb_typeof(e.part) <> 'string') THEN
        RETURN NULL;
    END IF;
    RETURN ARRAY(SELECT e.part FROM jsonb_array_elements_text(key::jsonb) WITH ORDINALITY AS e(part, place) ORDER BY e.place);
EXCEPTION WHEN data_exception OR untranslatable_character THEN
    RETURN NULL;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.key_parts(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.key_parts(text, integer) TO rls_client;
COMMENT ON FUNCTION rls.key_parts(text, integer) IS 'The parts of a composite key; NULL where the text is none.';

-- sql/30_decision/actions.sql
-- +goose StatementBegin
-- The actions that are admitted on one object, in the order of the model; empty for a hidden one.
CREATE OR REPLACE FUNCTION rls.actions(resource text, key text)
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        SELECT a.word
        FROM unnest(rls.object_actions(actions.resource)) WITH ORDINALITY AS a(word, place)
        WHERE rls.can_row(a.word, actions.resource, actions.key)
        ORDER BY a.place);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.actions(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.actions(text, text) TO rls_client;
COMMENT ON FUNCTION rls.actions(text, text) IS 'The actions that are admitted on one object.';

-- sql/30_decision/can_many.sql
-- +goose StatementBegin
-- For each key whether the action is admitted on that object, in the order given. A key that is NULL, malformed or of
-- a hidden object is false. The question goes to the table itself, as the caller: what a list shows is what is
-- admitted here, by construction.
CREATE OR REPLACE FUNCTION rls.can_many(action text, resource text, keys text[])
RETURNS TABLE (key text, allowed boolean)
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
ROWS 100
AS $$
DECLARE
    word text := rls.object_action(action, resource);
    admitted text[];
BEGIN
    EXECUTE format('SELECT rls.%I($1, $2)', 'objects_' || resource) INTO admitted USING word, keys;
    RETURN QUERY
        SELECT k.key, coalesce(k.key = ANY (admitted), false)
        FROM unnest(keys) WITH ORDINALITY AS k(key, place)
        ORDER BY k.place;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.can_many(text, text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.can_many(text, text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.can_many(text, text, text[]) IS 'For each key whether the action is admitted on that object.';

-- sql/30_decision/can_row.sql
-- +goose StatementBegin
-- Whether the action is admitted on one object. A key that is NULL, malformed or of a hidden object is false.
CREATE OR REPLACE FUNCTION rls.can_row(action text, resource text, key text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT m.allowed FROM rls.can_many(can_row.action, can_row.resource, ARRAY[can_row.key]) AS m);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.can_row(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.can_row(text, text, text) TO rls_client;
COMMENT ON FUNCTION rls.can_row(text, text, text) IS 'Whether the action is admitted on one object.';

-- sql/50_cache/in_buckets.sql
-- +goose StatementBegin
-- Whether a key is among those of rls.buckets. Of what stands out of line this reads the one bucket alone, which takes some
-- microseconds for any number of keys. NULL without buckets or for an empty key. COST, because policies ask the first rows alone: for all rows of a table
-- the planner would expect enough work to compile it.
CREATE OR REPLACE FUNCTION rls.in_buckets(buckets bytea, key bytea)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
COST 1
AS $$
DECLARE
    entry text := encode(key, 'base64');
    width integer := 32 * length(entry);
BEGIN
    RETURN position(convert_to(entry, 'UTF8') IN substring(buckets
        FROM ((hashtextextended(entry COLLATE "C", 0) & 9223372036854775807) % nullif(octet_length(buckets) / nullif(width, 0), 0))::integer * width + 1
        FOR width)) > 0;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.in_buckets(bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.in_buckets(bytea, bytea) TO rls_client;
COMMENT ON FUNCTION rls.in_buckets(bytea, bytea) IS 'Whether a key is in one of some buckets.';

RESET ROLE;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'REVOKE rls_owner FROM CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd

RESET search_path;

-- +goose Down
SET LOCAL search_path = pg_catalog, pg_temp;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'GRANT rls_owner TO CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd

SET LOCAL ROLE rls_owner;

-- sql/50_cache/in_buckets.sql
-- +goose StatementBegin
-- Whether a key is among those of rls.buckets. Of what stands out of line this reads the one bucket alone, which takes some
-- microseconds for any number of keys. NULL without buckets. COST, because policies ask the first rows alone: for all rows of a table
-- the planner would expect enough work to compile it.
CREATE OR REPLACE FUNCTION rls.in_buckets(buckets bytea, key bytea)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
COST 1
AS $$
DECLARE
    entry text := encode(key, 'base64');
    width integer := 32 * length(entry);
BEGIN
    RETURN position(convert_to(entry, 'UTF8') IN substring(buckets
        FROM ((hashtextextended(entry COLLATE "C", 0) & 9223372036854775807) % (octet_length(buckets) / width))::integer * width + 1
        FOR width)) > 0;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.in_buckets(bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.in_buckets(bytea, bytea) TO rls_client;
COMMENT ON FUNCTION rls.in_buckets(bytea, bytea) IS 'Whether a key is in one of some buckets.';

-- sql/30_decision/can_row.sql
-- +goose StatementBegin
-- Whether the action is admitted on one object. A key that is NULL, malformed or of a hidden object is false.
CREATE OR REPLACE FUNCTION rls.can_row(action text, resource text, key text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN (SELECT m.allowed FROM rls.can_many(can_row.action, can_row.resource, ARRAY[can_row.key]) AS m);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.can_row(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.can_row(text, text, text) TO rls_client;
COMMENT ON FUNCTION rls.can_row(text, text, text) IS 'Whether the action is admitted on one object.';

-- sql/30_decision/can_many.sql
-- +goose StatementBegin
-- For each key whether the action is admitted on that object, in the order given. A key that is NULL, malformed or of
-- a hidden object is false. The question goes to the table itself, as the caller: what a list shows is what is
-- admitted here, by construction.
CREATE OR REPLACE FUNCTION rls.can_many(action text, resource text, keys text[])
RETURNS TABLE (key text, allowed boolean)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
ROWS 100
AS $$
DECLARE
    word text := rls.object_action(action, resource);
    admitted text[];
BEGIN
    EXECUTE format('SELECT rls.%I($1, $2)', 'objects_' || resource) INTO admitted USING word, keys;
    RETURN QUERY
        SELECT k.key, coalesce(k.key = ANY (admitted), false)
        FROM unnest(keys) WITH ORDINALITY AS k(key, place)
        ORDER BY k.place;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.can_many(text, text, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.can_many(text, text, text[]) TO rls_client;
COMMENT ON FUNCTION rls.can_many(text, text, text[]) IS 'For each key whether the action is admitted on that object.';

-- sql/30_decision/actions.sql
-- +goose StatementBegin
-- The actions that are admitted on one object, in the order of the model; empty for a hidden one.
CREATE OR REPLACE FUNCTION rls.actions(resource text, key text)
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        SELECT a.word
        FROM unnest(rls.object_actions(actions.resource)) WITH ORDINALITY AS a(word, place)
        WHERE rls.can_row(a.word, actions.resource, actions.key)
        ORDER BY a.place);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.actions(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.actions(text, text) TO rls_client;
COMMENT ON FUNCTION rls.actions(text, text) IS 'The actions that are admitted on one object.';

-- sql/10_identity/key_parts.sql
-- +goose StatementBegin
-- The parts of a composite key that is written as a JSON array of texts; NULL where it is none of that length.
CREATE OR REPLACE FUNCTION rls.key_parts(key text, parts integer)
RETURNS text[]
LANGUAGE plpgsql
IMMUTABLE
PARALLEL RESTRICTED
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF jsonb_typeof(key::jsonb) <> 'array' OR jsonb_array_length(key::jsonb) <> parts
        OR EXISTS (SELECT FROM jsonb_array_elements(key::jsonb) AS e(part) WHERE jsonb_typeof(e.part) <> 'string') THEN
        RETURN NULL;
    END IF;
    RETURN ARRAY(SELECT e.part FROM jsonb_array_elements_text(key::jsonb) WITH ORDINALITY AS e(part, place) ORDER BY e.place);
EXCEPTION WHEN data_exception OR untranslatable_character THEN
    RETURN NULL;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.key_parts(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.key_parts(text, integer) TO rls_client;
COMMENT ON FUNCTION rls.key_parts(text, integer) IS 'The parts of a composite key; NULL where the text is none.';

-- sql/10_identity/hex_text.sql
-- +goose StatementBegin
-- A field of a token or context: hexadecimal UTF-8 without NUL. NULL where the bytes are no text.
CREATE OR REPLACE FUNCTION rls.hex_text(hex text)
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
BEGIN
    IF hex ~ '^(?:[1-7][0-9a-f]|0[1-9a-f])*$' THEN
        -- ASCII is text in every encoding; only the rest is worth a subtransaction.
        RETURN convert_from(decode(hex, 'hex'), 'UTF8');
    END IF;
    BEGIN
        RETURN convert_from(decode(hex, 'hex'), 'UTF8');
    EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character OR invalid_parameter_value THEN
        RETURN NULL;
    END;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.hex_text(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.hex_text(text) IS 'Text from hexadecimal UTF-8; NULL where it is none.';
RESET ROLE;

-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'REVOKE rls_owner FROM CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd

RESET search_path;
