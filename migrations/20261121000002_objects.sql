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

-- sql/10_identity/add_key.sql
-- +goose StatementBegin
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
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.add_key(text, text, bytea) FROM PUBLIC;
COMMENT ON FUNCTION rls.add_key(text, text, bytea) IS 'Stores a key of a gateway. Called as rls_owner.';

-- sql/10_identity/client_ip.sql
-- +goose StatementBegin
-- Address of the client as the token gives it, else the peer of the connection.
CREATE OR REPLACE FUNCTION rls.client_ip()
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who rls.identity := rls.identify();
BEGIN
    RETURN coalesce(who.client_ip, host(inet_client_addr()));
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.client_ip() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.client_ip() TO rls_client;
COMMENT ON FUNCTION rls.client_ip() IS 'Address of the client as the token gives it, else of the connection.';

-- sql/10_identity/enter.sql
-- +goose StatementBegin
-- Presents a token for this transaction and takes the gateway's client role; returns the principal.
-- INVOKER, because a definer function cannot set the role. The settings end with the transaction.
CREATE OR REPLACE FUNCTION rls.enter(token text)
RETURNS text
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    opened record;
BEGIN
    -- Assignments, because each query costs this function as much as the rest of it.
    opened := rls.open_token(token);
    opened.context := set_config('rls.context', opened.context, true);
    opened.memo := set_config('rls.memo', opened.memo, true);
    opened.client_role := set_config('role', opened.client_role, true);
    RETURN opened.principal;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.enter(text) FROM PUBLIC;
-- Each gateway gets EXECUTE of its own; clients, so that entering twice is answered and not merely forbidden.
GRANT EXECUTE ON FUNCTION rls.enter(text) TO rls_client;
COMMENT ON FUNCTION rls.enter(text) IS 'Presents a token for this transaction; returns the principal.';

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

-- sql/10_identity/hmac_pad.sql
-- +goose StatementBegin
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
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.hmac_pad(bytea, integer) FROM PUBLIC;
COMMENT ON FUNCTION rls.hmac_pad(bytea, integer) IS 'A pad of HMAC-SHA-256 for a key of 32 bytes.';

-- sql/10_identity/identify.sql
-- +goose StatementBegin
-- Who this transaction acts for, by the channel of its login; NULL for nobody.
-- plpgsql because it raises, and because its plans are kept: an SQL function with a SET clause is planned anew at each
-- call up to PostgreSQL 17. Called by definer functions alone, several times in a statement: so it reads once.
CREATE OR REPLACE FUNCTION rls.identify()
RETURNS rls.identity
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
DECLARE
    context text := nullif(current_setting('rls.context', true), '');
    body text;
    field text[];
    who rls.identity;
    kind text;
    person text;
    factor boolean;
    sealed boolean;
BEGIN
    -- All in one query: starting one costs more than what it reads. As rls.seal_context seals.
    body := left(context, -65);
    SELECT l.kind, l.principal, l.second_factor, context = body || '|' || encode(sha256(s.outer_pad || sha256(s.inner_pad || convert_to(
        body || '|' || encode(timestamptz_send(transaction_timestamp()), 'hex') || '|' || session_user, 'UTF8'))), 'hex')
    INTO kind, person, factor, sealed
    FROM rls.seal AS s LEFT JOIN rls.login AS l ON l.name = session_user;
    -- A seal counts for the kinds of logins that can get one: a person's login is the person, whatever it is told.
    IF context IS NOT NULL AND (kind IS NULL OR kind = 'gateway') THEN
        -- kind|key|channel|tenant|client|factor|attributes|deadline|mac, texts in hexadecimal
        IF sealed THEN
            field := string_to_array(body, '|');
            IF cardinality(field) <> 8 OR field[3] IS DISTINCT FROM (CASE kind WHEN 'gateway' THEN 'token' ELSE 'maintenance' END) THEN
                RAISE EXCEPTION 'the context of this transaction is not valid' USING ERRCODE = 'RL003', HINT = 'Enter again.';
            END IF;
            -- By the clock: one statement can run for longer than the transaction may.
            IF clock_timestamp() >= to_timestamp(field[8]::double precision) THEN
                RAISE EXCEPTION 'the transaction has outlived its principal'
                    USING ERRCODE = 'RL002', HINT = 'Start a new transaction and enter again.';
            END IF;
            RETURN ROW(field[1], convert_from(decode(field[2], 'hex'), 'UTF8'), field[3],
                CASE WHEN field[4] <> '' THEN convert_from(decode(field[4], 'hex'), 'UTF8') END,
                CASE WHEN field[5] <> '' THEN convert_from(decode(field[5], 'hex'), 'UTF8') END,
                field[6] = '1', field[7])::rls.identity;
        END IF;
    END IF;

    CASE kind
    WHEN 'gateway' THEN
        IF context IS NOT NULL THEN
            RAISE EXCEPTION 'the context of this transaction is not valid'
                USING ERRCODE = 'RL003', HINT = 'Enter with rls.enter(token); do not set rls.context.';
        END IF;
        IF (SELECT g.on_nobody FROM rls.gateway AS g WHERE g.login = session_user) IS DISTINCT FROM 'empty' THEN
            RAISE EXCEPTION 'nobody has entered this transaction'
                USING ERRCODE = 'RL001', HINT = 'Call rls.enter(token) first, in the same transaction.';
        END IF;
    WHEN 'person' THEN
        -- Settings are ignored here: the login is the principal.
        who.kind := 'user';
        who.key := person;
        who.channel := 'login';
        who.second_factor := factor;
    WHEN 'impersonating' THEN
        SELECT 'user', i.principal, 'impersonating', factor
        INTO who.kind, who.key, who.channel, who.second_factor
        FROM rls.impersonation AS i
        WHERE i.login = session_user
          AND i.role = current_setting('role');
    ELSE
        NULL;
    END CASE;
    IF who.kind IS NULL THEN
        RETURN NULL;
    END IF;
    RETURN who;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.identify() FROM PUBLIC;
COMMENT ON FUNCTION rls.identify() IS 'Who this transaction acts for; NULL for nobody. Called by definer functions alone.';

-- sql/10_identity/impersonate.sql
-- +goose StatementBegin
-- Acts for somebody for the rest of the transaction, without a token: for maintenance roles and database superusers.
-- Takes the named client role, by default the first of the model, so that policies apply.
CREATE OR REPLACE FUNCTION rls.impersonate(principal text, client_role text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    opened record;
BEGIN
    SELECT o.* INTO opened FROM rls.open_impersonation(impersonate.principal, impersonate.client_role) AS o;
    PERFORM set_config('rls.context', opened.context, true), set_config('role', opened.client_role, true);
    RETURN opened.principal;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.impersonate(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.impersonate(text, text) IS 'Acts for a principal without a token; maintenance roles only.';

-- sql/10_identity/is_maintenance.sql
-- +goose StatementBegin
-- Whether this login maintains the database: a database superuser, or a member of a maintenance role of the model. A login
-- that principals come through is none, whatever it is a member of.
CREATE OR REPLACE FUNCTION rls.is_maintenance()
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY INVOKER
AS $$
BEGIN
    RETURN NOT EXISTS (SELECT FROM rls.login AS l WHERE l.name = session_user) AND (
        (SELECT r.rolsuper FROM pg_roles AS r WHERE r.rolname = session_user)
        OR EXISTS (
            SELECT FROM rls.database_role AS d
            JOIN pg_roles AS r ON r.rolname = d.name
            WHERE d.kind = 'maintenance' AND pg_has_role(session_user, r.oid, 'MEMBER')));
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.is_maintenance() FROM PUBLIC;
COMMENT ON FUNCTION rls.is_maintenance() IS 'Whether this login maintains the database. Called by definer functions alone.';

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

-- sql/10_identity/may_claim.sql
-- +goose StatementBegin
-- Whether tokens of a gateway may claim a service: one that the model names, for the gateways that the model lists; where
-- it lists none, for those that are registered with the service.
CREATE OR REPLACE FUNCTION rls.may_claim(service text, gateway text, registered text[])
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
BEGIN
    RETURN coalesce((
        SELECT CASE WHEN s.gateways IS NULL THEN may_claim.service = ANY (may_claim.registered)
                    ELSE may_claim.gateway = ANY (s.gateways) END
        FROM rls.service AS s WHERE s.name = may_claim.service), false);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.may_claim(text, text, text[]) FROM PUBLIC;
COMMENT ON FUNCTION rls.may_claim(text, text, text[]) IS 'Whether tokens of a gateway may claim a service. Called by definer functions alone.';

-- sql/10_identity/open_impersonation.sql
-- +goose StatementBegin
-- Seals a context without a token, for maintenance roles and database superusers.
-- "name" is a user's login, or user:LOGIN, or service:NAME, or anonymous; key:KEY and subject:SUB name users as tokens do.
CREATE OR REPLACE FUNCTION rls.open_impersonation(name text, INOUT client_role text, OUT context text, OUT principal text)
RETURNS record
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key text;
    before text := nullif(current_setting('rls.context', true), '');
    body text;
    asked text;
BEGIN
    IF NOT rls.is_maintenance() THEN
        RAISE EXCEPTION 'login "%" may not impersonate', session_user
            USING ERRCODE = '42501', HINT = 'Connect with a member of a maintenance role.';
    END IF;
    IF to_regprocedure('rls.find_user(text,text)') IS NULL THEN
        RAISE EXCEPTION 'no model is applied to this database' USING ERRCODE = 'RL005', HINT = 'Run rlsctl apply.';
    END IF;
    SELECT d.name INTO client_role FROM rls.database_role AS d
    WHERE d.kind = 'client' AND d.name = coalesce(open_impersonation.client_role, d.name)
    ORDER BY d.position LIMIT 1;
    asked := client_role;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the model has no such client role' USING ERRCODE = 'RL006', HINT = 'Name one of database.client_roles.';
    END IF;
    IF name = 'anonymous' THEN
        principal := 'anonymous';
        key := '';
    ELSIF starts_with(name, 'key:') AND length(name) > 4 THEN
        -- As with a token, a key that nobody has may enter, and sees nobody.
        key := coalesce(rls.find_user('key', substr(name, 5)), substr(name, 5));
        principal := 'user:' || key;
    ELSIF starts_with(name, 'subject:') THEN
        key := rls.find_user('subject', substr(name, 9));
        IF key IS NULL THEN
            RAISE EXCEPTION 'no user has this subject' USING ERRCODE = 'RL005', HINT = 'Create the user first.';
        END IF;
        principal := 'user:' || key;
    ELSIF starts_with(name, 'service:') THEN
        principal := name;
        key := substr(name, 9);
        IF NOT EXISTS (SELECT FROM rls.service AS s WHERE s.name = key) THEN
            RAISE EXCEPTION 'the model has no service "%"', key
                USING ERRCODE = 'RL006', HINT = 'Name a service of the model, or write user:LOGIN for a user of that login.';
        END IF;
    ELSE
        name := regexp_replace(name, '^user:', '');
        key := rls.find_user('login', name);
        IF key IS NULL THEN
            RAISE EXCEPTION 'no user has the login "%"', name
                USING ERRCODE = 'RL006', HINT = 'Name a user by the login column of the model.';
        END IF;
        principal := 'user:' || key;
    END IF;
    body := concat_ws('|', split_part(principal, ':', 1), encode(convert_to(key, 'UTF8'), 'hex'), 'maintenance', '', '', '1', '');
    IF before IS NOT NULL AND rls.seal_context(left(before, -65)) = before
        AND array_to_string((string_to_array(before, '|'))[1:7], '|') <> body THEN
        RAISE EXCEPTION 'another principal has entered this transaction'
            USING ERRCODE = 'RL004', HINT = 'Use one transaction for each principal.';
    END IF;
    context := rls.seal_context(body || '|' || extract(epoch FROM transaction_timestamp() + interval '1 day')::text);
    -- A maintenance role may take the form that serves everybody; whoever can become any role gets the one that fits.
    client_role := rls.plan_role(asked, CASE split_part(principal, ':', 1) WHEN 'anonymous' THEN 'narrow' WHEN 'service' THEN 'all'
        ELSE (SELECT p.form FROM rls.prepare('user', key) AS p) END);
    IF NOT pg_has_role(session_user, client_role, 'MEMBER') THEN
        client_role := rls.plan_role(asked, 'any');
    END IF;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.open_impersonation(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.open_impersonation(text, text) IS 'Seals a context without a token, for maintenance roles.';

-- sql/10_identity/open_token.sql
-- +goose StatementBegin
-- Verifies a token for the gateway that session_user is, and returns what rls.enter needs: a sealed context, a memo of what
-- is known of the principal ('' for nothing), the database role to take, and the principal. The bytes of a token: docs/token.md.
CREATE OR REPLACE FUNCTION rls.open_token(token text, OUT context text, OUT memo text, OUT client_role text, OUT principal text)
RETURNS record
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    field text[] := string_to_array(token, '|');
    -- Lengths are compared one by one: bounds inside the expression cost ten times the rest of this function.
    -- No backslash in a literal here or in any other body: the caller's standard_conforming_strings says what it means.
    formed boolean := octet_length(token) <= 8192 AND cardinality(field) = 10
        AND token ~ '^rls1[|][A-Za-z0-9_-]+[|][1-9][0-9]*[|][a-z]+[|][0-9a-f]*[|][0-9a-f]*[|][0-9a-f]*[|][01][|][a-z0-9_=,]*[|][0-9a-f]+$' COLLATE "C"
        AND length(field[2]) <= 32 AND length(field[3]) <= 12 AND field[4] IN ('user', 'subject', 'service', 'anonymous')
        AND length(field[5]) % 2 = 0 AND length(field[6]) % 2 = 0 AND length(field[7]) % 2 = 0 AND length(field[10]) = 64;
    gate record;
    prepared record;
    claim text;
    tenant text := '';
    shape text;
    body text;
    before text := nullif(current_setting('rls.context', true), '');
    may boolean;
    mark bigint;
    said text;
    deadline timestamptz;
BEGIN
    memo := '';
    -- In one query: this runs in every transaction of an application. By its kind, not by the row of rls.gateway alone: a login that
    -- has become a person's presents no tokens any more.
    -- Hashed once more before the comparison, so that its time tells nothing about the right bytes. An unknown key has no
    -- pads, and so no hash is equal. No secret is ever in a variable: a client may have the plans of expressions shown, and
    -- there the values of variables can be.
    SELECT g.login, g.signed, g.users, g.anonymous, g.services, g.tenants, g.max_transaction, l.client_role,
           CASE WHEN formed THEN sha256(decode(field[10], 'hex')) = sha256(sha256(k.outer_pad
               || sha256(k.inner_pad || convert_to(left(token, -65), 'UTF8')))) END AS genuine
    INTO gate
    FROM rls.login AS l
    JOIN rls.gateway AS g ON g.login = l.name
    LEFT JOIN rls.gateway_key AS k ON k.gateway = g.login AND k.id = field[2]
    WHERE l.name = session_user AND l.kind = 'gateway';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'login "%" is no gateway', session_user
            USING ERRCODE = 'RL003', HINT = 'Register it with rlsctl gateway add.';
    END IF;
    IF formed IS NOT TRUE THEN
        RAISE EXCEPTION 'the token is not valid' USING ERRCODE = 'RL003', HINT = 'Mint it as docs/token.md says.';
    END IF;
    IF gate.signed AND gate.genuine IS NOT TRUE THEN
        RAISE EXCEPTION 'the token is not valid'
            USING ERRCODE = 'RL003', HINT = 'Sign it with a current key of this gateway.', DETAIL = 'newest key: ' || coalesce((
                SELECT k.id FROM rls.gateway_key AS k WHERE k.gateway = gate.login ORDER BY k.position DESC LIMIT 1), '');
    END IF;
    IF to_timestamp(field[3]::double precision) - clock_timestamp() NOT BETWEEN interval '1 microsecond' AND interval '60 seconds' THEN
        IF to_timestamp(field[3]::double precision) <= clock_timestamp() THEN
            RAISE EXCEPTION 'the token has expired' USING ERRCODE = 'RL002', HINT = 'Mint a token for each transaction.';
        END IF;
        RAISE EXCEPTION 'the token is not valid'
            USING ERRCODE = 'RL003', DETAIL = 'it would live for more than 60 s', HINT = 'Compare the clocks of both hosts.';
    END IF;
    claim := rls.hex_text(field[5]);
    IF claim IS NULL OR octet_length(claim) > 512 OR (claim = '') <> (field[4] = 'anonymous') THEN
        RAISE EXCEPTION 'the token is not valid' USING ERRCODE = 'RL003', HINT = 'Mint it as docs/token.md says.';
    END IF;
    -- Apart from a user without further claims, which is what most tokens name: each expression costs something in each transaction,
    -- and so does each function that one names, also where it is not called.
    IF field[4] <> 'user' OR field[6] <> '' OR field[7] <> '' OR field[9] <> '' OR gate.users IS NOT TRUE THEN
        tenant := rls.hex_text(field[6]);
        IF tenant IS NULL OR rls.hex_text(field[7]) IS NULL THEN
            RAISE EXCEPTION 'the token is not valid' USING ERRCODE = 'RL003', HINT = 'Mint it as docs/token.md says.';
        END IF;
        IF field[9] <> '' THEN
            IF field[9] !~ '^[a-z][a-z0-9_]*=(?:[0-9a-f][0-9a-f])*(?:,[a-z][a-z0-9_]*=(?:[0-9a-f][0-9a-f])*)*$' COLLATE "C"
                OR EXISTS (
                    SELECT FROM (
                        SELECT split_part(a.pair, '=', 1) AS name, lag(split_part(a.pair, '=', 1)) OVER (ORDER BY a.place) AS previous,
                               rls.hex_text(split_part(a.pair, '=', 2)) AS value
                        FROM string_to_table(field[9], ',') WITH ORDINALITY AS a(pair, place)
                    ) AS p
                    WHERE p.value IS NULL OR length(p.name) > 63 OR p.name COLLATE "C" <= p.previous COLLATE "C"
                ) THEN
                RAISE EXCEPTION 'the token is not valid' USING ERRCODE = 'RL003', HINT = 'Mint it as docs/token.md says.';
            END IF;
        END IF;
        -- What is unknown, as with a NULL in a list, is refused.
        IF field[4] = 'service' THEN
            may := rls.may_claim(claim, gate.login, gate.services);
        ELSE
            may := CASE field[4] WHEN 'anonymous' THEN gate.anonymous ELSE gate.users END;
        END IF;
        IF may IS NOT TRUE OR (tenant <> '' AND gate.tenants IS NOT NULL AND (tenant = ANY (gate.tenants)) IS NOT TRUE) THEN
            RAISE EXCEPTION 'the token is not valid'
                USING ERRCODE = 'RL003', DETAIL = 'this gateway may not claim that principal', HINT = 'See rlsctl gateway list.';
        END IF;
    END IF;
    IF field[4] = 'subject' THEN
        IF to_regprocedure('rls.prepare(text,text)') IS NULL THEN
            RAISE EXCEPTION 'no model is applied to this database' USING ERRCODE = 'RL005', HINT = 'Run rlsctl apply.';
        END IF;
        prepared := rls.prepare(field[4], claim);
        claim := prepared.key;
        shape := prepared.form;
        mark := prepared.mark;
        said := prepared.brief;
        deadline := prepared.until;
        IF claim IS NULL THEN
            RAISE EXCEPTION 'no user has this subject' USING ERRCODE = 'RL005', HINT = 'Create the user first.';
        END IF;
    END IF;
    body := concat_ws('|',
        CASE field[4] WHEN 'subject' THEN 'user' ELSE field[4] END,
        encode(convert_to(claim, 'UTF8'), 'hex'), 'token', field[6], field[7], field[8], field[9],
        extract(epoch FROM transaction_timestamp() + gate.max_transaction));
    -- Seals as rls.seal_context does. With what an earlier transaction has found out of a user, as long as nothing has changed
    -- since: what rls.prepare and rls.plan_role would say.
    SELECT body || '|' || encode(sha256(s.outer_pad || sha256(s.inner_pad || convert_to(
               body || '|' || encode(timestamptz_send(transaction_timestamp()), 'hex') || '|' || session_user, 'UTF8'))), 'hex'),
           coalesce(shape, v.form), coalesce(mark, w.last_value), r.role, coalesce(said, v.brief), coalesce(deadline, v.until)
    INTO STRICT context, shape, mark, client_role, said, deadline
    FROM rls.seal AS s
    LEFT JOIN (rls.visible_set AS v JOIN rls.watermark AS w ON w.last_value = v.marked)
        ON v.viewer = claim AND field[4] = 'user' AND v.computed_on = v.restored_on AND v.until > statement_timestamp()
    LEFT JOIN rls.plan_role AS r ON r.client_role = gate.client_role AND r.form = v.form;
    IF field[4] = 'user' AND shape IS NULL THEN
        IF to_regprocedure('rls.prepare(text,text)') IS NULL THEN
            RAISE EXCEPTION 'no model is applied to this database' USING ERRCODE = 'RL005', HINT = 'Run rlsctl apply.';
        END IF;
        -- An assignment: a query costs more than what it asks. A key that nobody has may enter, and sees nobody.
        prepared := rls.prepare(field[4], claim);
        shape := prepared.form;
        mark := prepared.mark;
        said := prepared.brief;
        deadline := prepared.until;
        IF prepared.key <> claim THEN -- the same key, as the database spells it
            claim := prepared.key;
            body := 'user|' || encode(convert_to(claim, 'UTF8'), 'hex') || substr(body, length('user|' || field[5]) + 1);
            context := rls.seal_context(body);
        END IF;
    ELSIF field[4] = 'service' THEN
        shape := 'all'; -- what it is allowed asks no owner
    END IF;
    -- Whatever stands there: the client can set it. One of ours is no longer than its token and some bytes.
    IF before IS NOT NULL THEN
        IF octet_length(before) < 16384 THEN
            IF rls.seal_context(left(before, -65)) = before
                AND (string_to_array(before, '|'))[1:7] <> (string_to_array(body, '|'))[1:7] THEN
                RAISE EXCEPTION 'another principal has entered this transaction'
                    USING ERRCODE = 'RL004', HINT = 'Use one transaction for each principal.';
            END IF;
        END IF;
    END IF;
    -- A memo is what questions are answered with, behind a hash of that, of where the watermark stands, of the context and of this
    -- transaction, under a key that only the database knows. What is of any length has no zero byte, and stands before what
    -- begins with one: nothing else hashes to the same. Where there is no key, nobody has written one yet, and no brief.
    -- Not under SERIALIZABLE: PostgreSQL has to see what is read of users and grants, or it misses who changes it meanwhile.
    IF said IS NOT NULL AND current_setting('transaction_isolation') <> 'serializable' THEN
        memo := '|' || extract(epoch FROM least(deadline, transaction_timestamp() + gate.max_transaction)) || said;
        memo := coalesce('=' || encode(sha256(convert_to(memo, 'UTF8') || int8send(mark) || convert_to(context, 'UTF8')
            || timestamptz_send(transaction_timestamp()) || convert_to(session_user, 'UTF8')
            || int8send(pg_sequence_last_value('rls.memo_key_1')) || int8send(pg_sequence_last_value('rls.memo_key_2'))), 'hex') || memo, '');
    END IF;
    IF client_role IS NULL THEN
        client_role := rls.plan_role(gate.client_role, coalesce(shape, 'narrow'));
    END IF;
    principal := CASE field[4] WHEN 'anonymous' THEN 'anonymous' WHEN 'service' THEN 'service:' || claim ELSE 'user:' || claim END;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.open_token(text) FROM PUBLIC;
-- Each gateway gets EXECUTE of its own; clients, so that entering twice is answered and not merely forbidden.
GRANT EXECUTE ON FUNCTION rls.open_token(text) TO rls_client;
COMMENT ON FUNCTION rls.open_token(text) IS 'Verifies a token for this gateway and seals it for this transaction.';

-- sql/10_identity/plan_role.sql
-- +goose StatementBegin
-- The database role in which a principal of a client role works: the one whose policies have the form that fits. A form
-- costs time or saves it, and never a row; without plan roles it is the client role itself.
CREATE OR REPLACE FUNCTION rls.plan_role(client_role text, form text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
BEGIN
    RETURN coalesce((SELECT p.role FROM rls.plan_role AS p
                     WHERE p.client_role = plan_role.client_role AND p.form = plan_role.form), client_role);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.plan_role(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.plan_role(text, text) IS 'The database role in which a principal works. Called by definer functions alone.';

-- sql/10_identity/principal.sql
-- +goose StatementBegin
-- The key of the user that this transaction acts for, as text; NULL for services, anonymous and nobody, so that no
-- service can be taken for a user whose key is spelt like its name.
CREATE OR REPLACE FUNCTION rls.principal()
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who rls.identity := rls.identify();
BEGIN
    RETURN CASE who.kind WHEN 'user' THEN who.key END;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.principal() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.principal() TO rls_client;
COMMENT ON FUNCTION rls.principal() IS 'Key of the user that this transaction acts for.';

-- sql/10_identity/principal_kind.sql
-- +goose StatementBegin
-- What the principal is: user, service or anonymous; NULL for nobody.
CREATE OR REPLACE FUNCTION rls.principal_kind()
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who rls.identity := rls.identify();
BEGIN
    RETURN who.kind;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.principal_kind() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.principal_kind() TO rls_client;
COMMENT ON FUNCTION rls.principal_kind() IS 'user, service or anonymous; NULL for nobody.';

-- sql/10_identity/reseal.sql
-- +goose StatementBegin
-- Makes a copy of a database a database of its own: it believes no context and no token of the original any more.
-- DELETE and INSERT, because an update leaves a generated column that reads no other as it is.
CREATE OR REPLACE FUNCTION rls.reseal()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM rls.gateway_key;
    DELETE FROM rls.seal;
    INSERT INTO rls.seal DEFAULT VALUES;
    -- With what was computed for the original. Rows of whoever is entering just now are wrong by the seal's trigger; nobody waits for them.
    DELETE FROM rls.visible_set AS v WHERE v.viewer IN (SELECT s.viewer FROM rls.visible_set AS s FOR UPDATE SKIP LOCKED);
    PERFORM rls.renew_memo_key(true);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.reseal() FROM PUBLIC;
COMMENT ON FUNCTION rls.reseal() IS 'Draws a new seal and forgets the keys of gateways. Called as rls_owner.';

-- sql/10_identity/seal_context.sql
-- +goose StatementBegin
-- Seals a context over this transaction's start and session_user. Not over the backend: parallel workers have another
-- one, while now() and session_user are the leader's.
CREATE OR REPLACE FUNCTION rls.seal_context(body text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
DECLARE
    sealed text;
BEGIN
    -- The seal is never in a variable: a client may have the plans of expressions shown, and there the values of variables can be.
    SELECT body || '|' || encode(sha256(s.outer_pad || sha256(s.inner_pad || convert_to(
        body || '|' || encode(timestamptz_send(transaction_timestamp()), 'hex') || '|' || session_user, 'UTF8'))), 'hex')
    INTO STRICT sealed FROM rls.seal AS s;
    RETURN sealed;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.seal_context(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.seal_context(text) IS 'A context sealed for this transaction of this login. Called by definer functions alone.';

-- sql/10_identity/session_problems.sql
-- +goose StatementBegin
-- Why this login must not serve as a gateway, a line each; no row where it may.
CREATE OR REPLACE FUNCTION rls.session_problems()
RETURNS SETOF text
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
ROWS 1
AS $$
DECLARE
    gate rls.gateway;
BEGIN
    SELECT g.* INTO gate FROM rls.gateway AS g JOIN rls.login AS l ON l.name = g.login AND l.kind = 'gateway'
    WHERE g.login = session_user;
    IF NOT FOUND THEN
        RETURN NEXT format('login %I is not registered as a gateway', session_user);
    ELSIF NOT gate.signed THEN
        RETURN NEXT format('unsigned gateway: whoever connects as %I can claim to be anybody', session_user);
    ELSIF NOT EXISTS (SELECT FROM rls.gateway_key AS k WHERE k.gateway = gate.login AND k.inner_pad IS NOT NULL) THEN
        RETURN NEXT format('gateway %I has no key', session_user);
    END IF;
    IF EXISTS (SELECT FROM rls.seal AS s JOIN pg_database AS d ON d.datname = current_database() WHERE s.drawn_in <> d.oid) THEN
        RETURN NEXT 'this database is a copy, and believes the tokens of the original: run rlsctl key reseal';
    END IF;
    -- In what the login is, or can become by SET ROLE.
    RETURN QUERY
        SELECT format('login %I %s %I, which %s', session_user,
                      CASE WHEN r.rolname = session_user THEN 'is' ELSE 'is a member of' END, r.rolname, p.problem)
        FROM pg_roles AS r
        CROSS JOIN LATERAL (
            SELECT 'is a database superuser' AS problem WHERE r.rolsuper
            UNION ALL SELECT 'has BYPASSRLS' WHERE r.rolbypassrls
            UNION ALL SELECT 'owns the toolkit''s functions' WHERE r.rolname = 'rls_owner'
            UNION ALL SELECT 'is a maintenance role'
                WHERE EXISTS (SELECT FROM rls.database_role AS d WHERE d.kind = 'maintenance' AND d.name = r.rolname)
            -- With its table privileges the rows of a principal could be had that entered for this login's client role.
            UNION ALL SELECT 'is a plan role of client role ' || quote_ident(t.client_role)
                FROM rls.plan_role AS t
                WHERE t.role = r.rolname AND t.client_role <> (SELECT l.client_role FROM rls.login AS l WHERE l.name = session_user)
            UNION ALL SELECT 'owns the protected table ' || format('%I.%I', s.table_schema, s.table_name)
                FROM rls.protected_table AS s
                JOIN pg_class AS c ON c.oid = s.oid
                WHERE c.relowner = r.oid
        ) AS p
        WHERE CASE WHEN (SELECT m.rolsuper FROM pg_roles AS m WHERE m.rolname = session_user) THEN r.rolname = session_user
                   ELSE pg_has_role(session_user, r.oid, 'MEMBER') END
        ORDER BY 1;
    -- Any login can set defaults for its own next connections, and so poison them from inside a session. What an adopted
    -- login started with before is the application's own.
    RETURN QUERY
        SELECT format('login %I starts with its own setting of %s: ALTER ROLE %1$I RESET %2$s', session_user, split_part(c.setting, '=', 1))
        FROM pg_db_role_setting AS d
        CROSS JOIN LATERAL unnest(d.setconfig) AS c(setting)
        WHERE d.setrole = (SELECT r.oid FROM pg_roles AS r WHERE r.rolname = session_user)
          AND d.setdatabase IN (0, (SELECT b.oid FROM pg_database AS b WHERE b.datname = current_database()))
          -- A limit can only stop work; any other setting can change what a statement means.
          AND NOT EXISTS (SELECT FROM rls.adoption AS a WHERE a.login = session_user AND c.setting = ANY (a.settings))
          AND split_part(c.setting, '=', 1) NOT IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout')
        ORDER BY 1;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.session_problems() FROM PUBLIC;
COMMENT ON FUNCTION rls.session_problems() IS 'Why this login must not serve as a gateway.';

-- sql/10_identity/to_bigint.sql
-- +goose StatementBegin
-- A bigint from its text; NULL where the text is none, because a malformed key is a key that does not exist.
-- Short texts first: a bounded repeat and a numeric cost more than the rest of a question about an integer key.
CREATE OR REPLACE FUNCTION rls.to_bigint(value text)
RETURNS bigint
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN CASE
    WHEN octet_length(value) < 19 THEN CASE WHEN value ~ '^-?[0-9]+$' THEN value::bigint END
    WHEN value ~ '^-?[0-9]{1,19}$' THEN
        CASE WHEN value::numeric BETWEEN -9223372036854775808 AND 9223372036854775807 THEN value::bigint END
END;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.to_bigint(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.to_bigint(text) TO rls_client;
COMMENT ON FUNCTION rls.to_bigint(text) IS 'A bigint from its text; NULL where it is none.';

-- sql/10_identity/to_citext.sql
-- +goose StatementBegin
-- A citext key from its text: citext compares what lower makes of its texts, and compiled objects hold that.
CREATE OR REPLACE FUNCTION rls.to_citext(value text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN lower(value COLLATE "default");
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.to_citext(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.to_citext(text) TO rls_client;
COMMENT ON FUNCTION rls.to_citext(text) IS 'A citext key from its text, in lower case.';

-- sql/10_identity/to_integer.sql
-- +goose StatementBegin
-- A integer from its text; NULL where the text is none, because a malformed key is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.to_integer(value text)
RETURNS integer
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN CASE
    WHEN octet_length(value) < 10 THEN CASE WHEN value ~ '^-?[0-9]+$' THEN value::integer END
    WHEN value ~ '^-?[0-9]{1,10}$' THEN
        CASE WHEN value::numeric BETWEEN -2147483648 AND 2147483647 THEN value::integer END
END;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.to_integer(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.to_integer(text) TO rls_client;
COMMENT ON FUNCTION rls.to_integer(text) IS 'A integer from its text; NULL where it is none.';

-- sql/10_identity/to_smallint.sql
-- +goose StatementBegin
-- A smallint from its text; NULL where the text is none, because a malformed key is a key that does not exist.
CREATE OR REPLACE FUNCTION rls.to_smallint(value text)
RETURNS smallint
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN CASE WHEN value ~ '^-?[0-9]{1,5}$' THEN
    CASE WHEN value::numeric BETWEEN -32768 AND 32767 THEN value::smallint END
END;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.to_smallint(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.to_smallint(text) TO rls_client;
COMMENT ON FUNCTION rls.to_smallint(text) IS 'A smallint from its text; NULL where it is none.';

-- sql/10_identity/to_text.sql
-- +goose StatementBegin
-- A text key from its text: the twin of to_bigint and the like, for keys that need no check.
CREATE OR REPLACE FUNCTION rls.to_text(value text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN value;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.to_text(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.to_text(text) TO rls_client;
COMMENT ON FUNCTION rls.to_text(text) IS 'A text key from its text.';

-- sql/10_identity/to_uuid.sql
-- +goose StatementBegin
-- A uuid from its text; NULL where the text is none, because a malformed key is a key that does not exist.
-- No regular expression: bounded repeats cost more than the rest of a question about a uuid key.
CREATE OR REPLACE FUNCTION rls.to_uuid(value text)
RETURNS uuid
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN CASE WHEN value LIKE '________-____-____-____-____________'
    AND translate(value, '0123456789abcdefABCDEF', '') = '----' THEN value::uuid END;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.to_uuid(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.to_uuid(text) TO rls_client;
COMMENT ON FUNCTION rls.to_uuid(text) IS 'A uuid from its text; NULL where it is none.';

-- sql/20_graph/guard_subject.sql
-- +goose StatementBegin
-- Who changes what decides about access. A superuser where the statement comes from a database superuser or maintenance
-- role itself; NULL for nobody, whose statement is refused rather than an error of its own. Under ANALYZE and the like the
-- code is somebody else's, and whose session it is says nothing.
-- Called by the guards alone, which are definer functions: who runs them is told by settings that SET ROLE checks.
CREATE OR REPLACE FUNCTION rls.guard_subject()
RETURNS rls.subject
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
DECLARE
    acting text := coalesce(nullif(current_setting('role'), 'none'), session_user);
BEGIN
    IF EXISTS (
        SELECT FROM pg_catalog.pg_roles AS a
        WHERE a.rolname = acting AND (a.rolsuper OR EXISTS (
            SELECT FROM rls.database_role AS d JOIN pg_catalog.pg_roles AS m ON m.rolname = d.name
            WHERE d.kind = 'maintenance' AND pg_has_role(a.oid, m.oid, 'USAGE')))
    ) THEN
        IF rls.is_restricted() THEN
            RETURN NULL;
        END IF;
        RETURN ROW(NULL, NULL, true, NULL)::rls.subject;
    END IF;
    RETURN rls.subject();
EXCEPTION
    WHEN SQLSTATE 'RL001' THEN -- nobody on a gateway
        RETURN NULL;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.guard_subject() FROM PUBLIC;
COMMENT ON FUNCTION rls.guard_subject() IS 'Who changes what decides about access. Called by the guards alone.';

-- sql/20_graph/guard_truncate.sql
-- +goose StatementBegin
-- Refuses to empty a table that decides about access.
CREATE OR REPLACE FUNCTION rls.guard_truncate()
RETURNS trigger
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF (rls.guard_subject()).superuser IS NOT TRUE THEN
        RAISE EXCEPTION 'table %.% decides about access and is emptied by superusers alone', quote_ident(TG_TABLE_SCHEMA), quote_ident(TG_TABLE_NAME)
            USING ERRCODE = '42501', HINT = 'Act as a superuser, or connect as a maintenance role.',
                SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.guard_truncate() FROM PUBLIC;
COMMENT ON FUNCTION rls.guard_truncate() IS 'Refuses to empty a table that decides about access.';

-- sql/20_graph/is_cascade.sql
-- +goose StatementBegin
-- Whether the statement around a trigger, by the PG_CONTEXT of the trigger function, is that of a foreign key which
-- cascades. It runs as the table's owner whoever has caused it, and nothing else in a trigger tells it from the
-- owner's own functions. Foreign keys quote every name and compare with a parameter on the left, cast where its
-- type is not the operator's own: varchar, domains.
CREATE OR REPLACE FUNCTION rls.is_cascade(context text)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
SECURITY INVOKER
BEGIN ATOMIC
    -- The first line is the trigger function itself. What leads up to the statement is in the server's language.
    SELECT substr($1, strpos($1, chr(10)) + 1)
        ~ '^.{0,40}(UPDATE|DELETE FROM) (ONLY )?"([^"]|"")*"[.]"([^"]|"")*" (SET .* )?WHERE [$][0-9]+(::([a-z0-9_]+|"([^"]|"")*")[.]([a-z0-9_]+|"([^"]|"")*"))? OPERATOR[(]';
END;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.is_cascade(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.is_cascade(text) IS 'Whether a foreign key that cascades fires a trigger. Called by the guards alone.';

-- sql/20_graph/is_restricted.sql
-- +goose StatementBegin
-- Whether the server runs somebody's code with their rights in a session that has not asked for it: the function of an
-- index expression under autovacuum, ANALYZE or REINDEX, or that of a materialized view. The session's login has caused
-- nothing then. PostgreSQL tells this by refusing certain commands alone; this one does nothing else.
CREATE OR REPLACE FUNCTION rls.is_restricted()
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
BEGIN
    DEALLOCATE rls_is_restricted;
    RETURN false;
EXCEPTION
    WHEN SQLSTATE '26000' THEN -- there is no such statement
        RETURN false;
    WHEN insufficient_privilege THEN
        RETURN true;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.is_restricted() FROM PUBLIC;
COMMENT ON FUNCTION rls.is_restricted() IS 'Whether the server runs code that the session has not asked for. Called by the guards alone.';

-- sql/20_graph/refuse_cycle.sql
-- +goose StatementBegin
-- Refuses a write that would make a user their own superior, through supervisors or through creators.
-- The lock keeps two transactions from closing a cycle together; a closure ends on cycles all the same.
CREATE OR REPLACE FUNCTION rls.refuse_cycle()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('rls.refuse_cycle', 0));
    IF EXISTS (
        WITH RECURSIVE up(id) AS (
            SELECT NEW.supervisor_id
            UNION
            SELECT u.supervisor_id FROM up JOIN rls."user" AS u ON u.id = up.id
        )
        SELECT FROM up WHERE up.id = NEW.id
    ) OR EXISTS (
        WITH RECURSIVE up(id) AS (
            SELECT NEW.created_by_id
            UNION
            SELECT u.created_by_id FROM up JOIN rls."user" AS u ON u.id = up.id
        )
        SELECT FROM up WHERE up.id = NEW.id
    ) THEN
        RAISE EXCEPTION 'user "%" would be their own superior', NEW.login
            USING ERRCODE = 'RL020', HINT = 'Choose a supervisor and creator who are not below this user.';
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.refuse_cycle() FROM PUBLIC;
COMMENT ON FUNCTION rls.refuse_cycle() IS 'Refuses cycles of supervisors and of creators.';

-- sql/20_graph/user_no_cycle.sql
-- +goose StatementBegin
-- Keeps the toolkit's own users free of cycles. After the row, so that no later trigger undoes what was checked.
CREATE OR REPLACE TRIGGER user_no_cycle
    AFTER INSERT OR UPDATE OF supervisor_id, created_by_id ON rls."user"
    FOR EACH ROW EXECUTE FUNCTION rls.refuse_cycle();
-- +goose StatementEnd

-- sql/30_decision/action_word.sql
-- +goose StatementBegin
-- The canonical word of an action: trimmed, lower case, and one word for each meaning.
CREATE OR REPLACE FUNCTION rls.action_word(action text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN CASE lower(btrim(action, E' \t\r\n'))
    WHEN 'add' THEN 'create'
    WHEN 'get' THEN 'read'
    WHEN 'edit' THEN 'update'
    WHEN 'change' THEN 'update'
    WHEN 'remove' THEN 'delete'
    ELSE lower(btrim(action, E' \t\r\n'))
END;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.action_word(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.action_word(text) TO rls_client;
COMMENT ON FUNCTION rls.action_word(text) IS 'The canonical word of an action.';

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

-- sql/30_decision/administer.sql
-- +goose StatementBegin
-- Raises unless this login maintains the database and a model is applied.
CREATE OR REPLACE FUNCTION rls.administer()
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY INVOKER
AS $$
BEGIN
    IF NOT rls.is_maintenance() THEN
        RAISE EXCEPTION 'login "%" may not administer', session_user
            USING ERRCODE = '42501', HINT = 'Connect with a member of a maintenance role.';
    END IF;
    IF NOT EXISTS (SELECT FROM rls.directory) THEN
        RAISE EXCEPTION 'no model is applied to this database' USING ERRCODE = 'RL005', HINT = 'Run rlsctl apply.';
    END IF;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.administer() FROM PUBLIC;
COMMENT ON FUNCTION rls.administer() IS 'Raises unless this login maintains the database. Called by definer functions alone.';

-- sql/30_decision/allowed_resources.sql
-- +goose StatementBegin
-- The resources of which some row could be admitted for the action, by name; hidden ones are not listed, nor those
-- that do not declare it.
CREATE OR REPLACE FUNCTION rls.allowed_resources(action text)
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN ARRAY(
        SELECT r.name FROM rls.resource AS r
        WHERE NOT r.hidden
          AND CASE WHEN rls.action_word(allowed_resources.action) = ANY (r.actions) THEN rls.can(allowed_resources.action, r.name) END
        ORDER BY r.name);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.allowed_resources(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.allowed_resources(text) TO rls_client;
COMMENT ON FUNCTION rls.allowed_resources(text) IS 'The resources of which some row could be admitted for the action.';

-- sql/30_decision/can.sql
-- +goose StatementBegin
-- Whether some row of the resource could be admitted for the action. False for a name that is no resource, also for
-- superusers; an action that the resource does not declare is an error.
CREATE OR REPLACE FUNCTION rls.can(action text, resource text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    word text := rls.action_word(action);
    target rls.resource;
    who rls.subject;
    scope text;
BEGIN
    SELECT r.* INTO target FROM rls.resource AS r WHERE r.name = can.resource;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF word IS NULL OR word <> ALL (target.actions) THEN
        RAISE EXCEPTION 'resource "%" has no action "%"', resource, action
            USING ERRCODE = 'RL010', HINT = 'Use one of: ' || array_to_string(target.actions, ', ') || '.';
    END IF;
    who := rls.subject();
    IF who.kind IS NULL THEN
        RETURN false;
    END IF;
    IF who.superuser OR (who.kind = 'service' AND rls.service_may(who.key, word, target.name)) THEN
        RETURN true;
    END IF;
    IF NOT target.owned OR NOT rls.has_grant(who.grantees, word, target.name) THEN
        RETURN false;
    END IF;
    scope := CASE word WHEN 'create' THEN target.owner_check WHEN 'update' THEN target.write_scope
             WHEN 'delete' THEN target.write_scope ELSE 'visible' END;
    -- Only users see owners; but a row whose owner nobody has to see may be created by whoever holds the grant.
    IF who.kind <> 'user' OR scope = 'any' THEN
        RETURN scope = 'any';
    END IF;
    -- Every user may own a row; where groups alone do, somebody in no group reaches none.
    RETURN target.owned_by_user OR (scope = 'visible' AND cardinality(rls.user_groups(who.key)) > 0);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.can(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.can(text, text) TO rls_client;
COMMENT ON FUNCTION rls.can(text, text) IS 'Whether some row of the resource could be admitted for the action.';

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

-- sql/30_decision/declared_action.sql
-- +goose StatementBegin
-- The canonical word of an action of a resource; raises for a name that is no resource and for a word that it does not
-- declare.
CREATE OR REPLACE FUNCTION rls.declared_action(action text, resource text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
DECLARE
    word text := rls.action_word(action);
    known text[] := (SELECT r.actions FROM rls.resource AS r WHERE r.name = declared_action.resource);
BEGIN
    IF known IS NULL THEN
        RAISE EXCEPTION 'there is no resource "%"', resource USING ERRCODE = 'RL011', HINT = 'Name a resource of the model.';
    END IF;
    IF word IS NULL OR word <> ALL (known) THEN
        RAISE EXCEPTION 'resource "%" has no action "%"', resource, action
            USING ERRCODE = 'RL010', HINT = 'Use one of: ' || array_to_string(known, ', ') || '.';
    END IF;
    RETURN word;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.declared_action(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.declared_action(text, text) IS 'The canonical word of an action of a resource. Called by definer functions alone.';

-- sql/30_decision/directory_mapping.sql
-- +goose StatementBegin
-- Where the users and groups of the model are, for those who administer them.
CREATE OR REPLACE FUNCTION rls.directory_mapping()
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.administer();
    RETURN (SELECT d.mapping FROM rls.directory AS d);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.directory_mapping() FROM PUBLIC;
COMMENT ON FUNCTION rls.directory_mapping() IS 'Where the users and groups of the model are; maintenance roles only.';

-- sql/30_decision/grantee.sql
-- +goose StatementBegin
-- A grantee as grants store it: a user by its login, a group by its name, a service of the model, authenticated or
-- everyone. Whoever does not exist is an error: a grant to a name that somebody takes later would be a surprise.
-- Calls what apply compiles from the model. DEFINER although only rls_owner calls it: nothing that the look-up touches can
-- then change the role.
CREATE OR REPLACE FUNCTION rls.grantee(kind text, name text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    key text := CASE kind
        WHEN 'user' THEN rls.find_user('login', name)
        WHEN 'group' THEN rls.find_group(name)
        WHEN 'service' THEN (SELECT s.name FROM rls.service AS s WHERE s.name = grantee.name)
    END;
BEGIN
    IF kind IN ('authenticated', 'everyone') THEN
        RETURN kind;
    END IF;
    IF key IS NULL THEN
        RAISE EXCEPTION 'there is no % "%"', kind, name USING ERRCODE = 'RL404', HINT = 'Create it first, or name another one.';
    END IF;
    RETURN kind || ':' || key;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.grantee(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.grantee(text, text) IS 'A grantee as grants store it. Called by definer functions alone.';

-- sql/30_decision/groups.sql
-- +goose StatementBegin
-- Keys of the groups that the principal is a member of, as text.
CREATE OR REPLACE FUNCTION rls.groups()
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    who rls.subject := rls.subject();
BEGIN
    RETURN CASE who.kind WHEN 'user' THEN rls.user_groups(who.key) ELSE '{}' END;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.groups() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.groups() TO rls_client;
COMMENT ON FUNCTION rls.groups() IS 'Keys of the groups that the principal is a member of.';

-- sql/30_decision/has_grant.sql
-- +goose StatementBegin
-- Whether one of the grantees holds a grant of the action, at the statement's clock. Every action but create needs
-- read as well: PostgreSQL would find no row to act on.
CREATE OR REPLACE FUNCTION rls.has_grant(grantees text[], action text, resource text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM rls."grant" AS g
        WHERE g.resource = has_grant.resource
          AND g.action = has_grant.action
          AND g.grantee = ANY (has_grant.grantees)
          AND (g.valid_from IS NULL OR g.valid_from <= statement_timestamp())
          AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp())
    ) AND (action IN ('create', 'read') OR rls.has_grant(grantees, 'read', resource));
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.has_grant(text[], text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.has_grant(text[], text, text) IS 'Whether one of the grantees holds a grant now. Called by definer functions alone.';

-- sql/30_decision/list_grants.sql
-- +goose StatementBegin
-- Every grant with the name of its grantee, who gave it and when, for a maintenance connection. The name is NULL where
-- nobody has that key any more.
CREATE OR REPLACE FUNCTION rls.list_grants()
RETURNS TABLE (id bigint, kind text, key text, name text, action text, resource text, valid_from timestamptz, valid_until timestamptz,
    open boolean, origin text, given_by text, given_at timestamptz)
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
ROWS 100
AS $$
BEGIN
    PERFORM rls.administer();
    -- What apply compiles: there are groups, or there are none.
    RETURN QUERY EXECUTE format($query$
        SELECT g.id, p.kind, nullif(p.key, ''),
               CASE p.kind WHEN 'user' THEN u.login WHEN 'group' THEN %s WHEN 'service' THEN s.name END,
               g.action, g.resource, g.valid_from, g.valid_until,
               (g.valid_from IS NULL OR g.valid_from <= statement_timestamp()) AND (g.valid_until IS NULL OR g.valid_until > statement_timestamp()),
               CASE WHEN g.seed IS NULL THEN 'hand' ELSE 'model' END, g.given_by, g.given_at
        FROM rls."grant" AS g
        CROSS JOIN LATERAL (
            SELECT split_part(g.grantee, ':', 1) AS kind, substr(g.grantee, length(split_part(g.grantee, ':', 1)) + 2) AS key) AS p
        LEFT JOIN rls.user_row AS u ON p.kind = 'user' AND u.id::text = p.key
        LEFT JOIN rls.service AS s ON p.kind = 'service' AND s.name = p.key
        %s
        ORDER BY g.resource, g.grantee, g.action, g.valid_from, g.id$query$,
        CASE WHEN to_regclass('rls.group_row') IS NULL THEN 'NULL' ELSE 'coalesce(t.name, t.id::text)' END,
        CASE WHEN to_regclass('rls.group_row') IS NULL THEN '' ELSE 'LEFT JOIN rls.group_row AS t ON p.kind = ''group'' AND t.id::text = p.key' END);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.list_grants() FROM PUBLIC;
COMMENT ON FUNCTION rls.list_grants() IS 'Every grant, who gave it and when; maintenance roles only.';

-- sql/30_decision/object_action.sql
-- +goose StatementBegin
-- The canonical word of an action on one object; raises for a name that is no resource and for a word that it does
-- not declare.
CREATE OR REPLACE FUNCTION rls.object_action(action text, resource text)
RETURNS text
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    word text := rls.declared_action(action, resource);
BEGIN
    IF word = 'create' THEN
        RAISE EXCEPTION 'action "create" has no object' USING ERRCODE = 'RL010', HINT = 'Ask rls.can(''create'', resource).';
    END IF;
    IF (SELECT cardinality(r.key_columns) = 0 FROM rls.resource AS r WHERE r.name = object_action.resource) THEN
        RAISE EXCEPTION 'resource "%" has no key', resource
            USING ERRCODE = 'RL012', HINT = 'Add a primary key to its table, or name a key in the model.';
    END IF;
    RETURN word;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.object_action(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.object_action(text, text) TO rls_client;
COMMENT ON FUNCTION rls.object_action(text, text) IS 'The canonical word of an action on one object.';

-- sql/30_decision/object_actions.sql
-- +goose StatementBegin
-- The actions that can be asked about on an object of the resource: all that it declares but create.
CREATE OR REPLACE FUNCTION rls.object_actions(resource text)
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.object_action('read', object_actions.resource);
    RETURN (SELECT array_remove(r.actions, 'create') FROM rls.resource AS r WHERE r.name = object_actions.resource);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.object_actions(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.object_actions(text) TO rls_client;
COMMENT ON FUNCTION rls.object_actions(text) IS 'The actions that can be asked about on an object.';

-- sql/30_decision/put_grant.sql
-- +goose StatementBegin
-- Grants an action on a resource to a user by its login, a group by its name, a service, authenticated or everyone, from a
-- maintenance connection. Returns what rls.store_grant does.
CREATE OR REPLACE FUNCTION rls.put_grant(
    kind text, name text, action text, resource text, valid_from timestamptz DEFAULT NULL, valid_until timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.administer();
    RETURN rls.store_grant(rls.grantee(put_grant.kind, put_grant.name), put_grant.action, put_grant.resource,
        put_grant.valid_from, put_grant.valid_until, session_user);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.put_grant(text, text, text, text, timestamptz, timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION rls.put_grant(text, text, text, text, timestamptz, timestamptz) IS 'Grants an action on a resource; maintenance roles only.';

-- sql/30_decision/resource_actions.sql
-- +goose StatementBegin
-- The canonical words of some actions of a resource, each once and in the order of the model; * stands for all of them. For
-- maintenance roles.
CREATE OR REPLACE FUNCTION rls.resource_actions(words text[], resource text)
RETURNS text[]
LANGUAGE plpgsql
STABLE
PARALLEL RESTRICTED
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known text[];
    asked text[] := '{}';
    word text;
BEGIN
    PERFORM rls.administer();
    PERFORM rls.declared_action('read', resource_actions.resource);
    known := (SELECT r.actions FROM rls.resource AS r WHERE r.name = resource_actions.resource);
    FOREACH word IN ARRAY words LOOP
        asked := asked || CASE WHEN btrim(word) = '*' THEN known ELSE ARRAY[rls.declared_action(word, resource_actions.resource)] END;
    END LOOP;
    RETURN ARRAY(SELECT k.word FROM unnest(known) WITH ORDINALITY AS k(word, place) WHERE k.word = ANY (asked) ORDER BY k.place);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.resource_actions(text[], text) FROM PUBLIC;
COMMENT ON FUNCTION rls.resource_actions(text[], text) IS 'The canonical words of some actions of a resource; maintenance roles only.';

-- sql/30_decision/seed_grant.sql
-- +goose StatementBegin
-- Puts a grant that the model seeds.
-- DEFINER although only rls_owner calls it: nothing that the look-up touches can then change the role.
CREATE OR REPLACE FUNCTION rls.seed_grant(
    kind text, name text, action text, resource text, valid_from timestamptz, valid_until timestamptz, seed text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO rls."grant" (grantee, action, resource, valid_from, valid_until, seed)
    VALUES (rls.grantee(kind, name), action, resource, valid_from, valid_until, seed)
    ON CONFLICT DO NOTHING;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.seed_grant(text, text, text, text, timestamptz, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.seed_grant(text, text, text, text, timestamptz, timestamptz, text) IS 'Puts a grant that the model seeds.';

-- sql/30_decision/service_may.sql
-- +goose StatementBegin
-- Whether the model allows a service an action on the rows of a resource, whoever owns them. Every action but create
-- needs read as well: PostgreSQL would find no row to act on. False for NULL, which stands for what no allowance gives.
CREATE OR REPLACE FUNCTION rls.service_may(service text, action text, resource text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM rls.service_allow AS a
        WHERE a.service = service_may.service AND a.resource = service_may.resource AND a.action = service_may.action
    ) AND (service_may.action IN ('create', 'read') OR EXISTS (
        SELECT FROM rls.service_allow AS a
        WHERE a.service = service_may.service AND a.resource = service_may.resource AND a.action = 'read'));
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.service_may(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.service_may(text, text, text) IS 'Whether the model allows a service an action. Called by definer functions alone.';

-- sql/30_decision/store_grant.sql
-- +goose StatementBegin
-- Stores a grant that somebody gives: "granted", or "held" where it is there already, or "kept" where the model had seeded
-- it: from now on it is this person's, and stays when the model gives it up. Whoever calls this has asked whether it may be.
CREATE OR REPLACE FUNCTION rls.store_grant(
    grantee text, action text, resource text, valid_from timestamptz, valid_until timestamptz, given_by text)
RETURNS text
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
DECLARE
    word text := rls.declared_action(action, resource);
BEGIN
    IF valid_until <= valid_from THEN
        RAISE EXCEPTION 'the grant would end before it begins' USING ERRCODE = 'RL017', HINT = 'Write a later end, or an earlier beginning.';
    END IF;
    INSERT INTO rls."grant" AS g (grantee, action, resource, valid_from, valid_until, given_by)
    VALUES (store_grant.grantee, word, store_grant.resource, store_grant.valid_from, store_grant.valid_until, store_grant.given_by)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        RETURN 'granted';
    END IF;
    UPDATE rls."grant" AS g SET seed = NULL, given_by = store_grant.given_by, given_at = now()
    WHERE g.grantee = store_grant.grantee AND g.action = word AND g.resource = store_grant.resource
      AND g.valid_from IS NOT DISTINCT FROM store_grant.valid_from AND g.valid_until IS NOT DISTINCT FROM store_grant.valid_until
      AND g.seed IS NOT NULL;
    RETURN CASE WHEN FOUND THEN 'kept' ELSE 'held' END;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.store_grant(text, text, text, timestamptz, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.store_grant(text, text, text, timestamptz, timestamptz, text) IS 'Stores a grant that somebody gives. Called by definer functions alone.';

-- sql/30_decision/subject.sql
-- +goose StatementBegin
-- The principal with whom a grant must name to reach it; NULL for nobody, for a user who is not active or does not
-- exist, for a service that the model does not name any more, and for a superuser whom an impersonating login stands for.
-- Calls what apply compiles from the model: rls.user_state and rls.user_groups.
CREATE OR REPLACE FUNCTION rls.subject()
RETURNS rls.subject
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
DECLARE
    who rls.identity := rls.identify();
    state record;
BEGIN
    CASE who.kind
    WHEN 'user' THEN
        SELECT u.is_active, u.is_superuser INTO state FROM rls.user_state(who.key) AS u;
        IF NOT FOUND OR NOT state.is_active OR (state.is_superuser AND who.channel = 'impersonating') THEN
            RETURN NULL;
        END IF;
        RETURN ROW('user', who.key, state.is_superuser,
            ARRAY['everyone', 'authenticated', 'user:' || who.key]
            || ARRAY(SELECT 'group:' || g.id FROM unnest(rls.user_groups(who.key)) AS g(id)))::rls.subject;
    WHEN 'service' THEN
        IF NOT EXISTS (SELECT FROM rls.service AS s WHERE s.name = who.key) THEN
            RETURN NULL;
        END IF;
        RETURN ROW('service', who.key, false, ARRAY['everyone', 'service:' || who.key])::rls.subject;
    WHEN 'anonymous' THEN
        RETURN ROW('anonymous', '', false, ARRAY['everyone'])::rls.subject;
    ELSE
        RETURN NULL;
    END CASE;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.subject() FROM PUBLIC;
COMMENT ON FUNCTION rls.subject() IS 'The admitted principal and the grantees that stand for it. Called by definer functions alone.';

-- sql/30_decision/take_grant.sql
-- +goose StatementBegin
-- Revokes an action on a resource, in every window, from a maintenance connection. Returns how many grants went, and how
-- many of them the model had seeded: what becomes of those is data, and apply does not put them back.
CREATE OR REPLACE FUNCTION rls.take_grant(kind text, name text, action text, resource text, OUT revoked bigint, OUT seeded bigint)
RETURNS record
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    whom text;
    word text;
BEGIN
    PERFORM rls.administer();
    whom := rls.grantee(take_grant.kind, take_grant.name);
    word := rls.declared_action(take_grant.action, take_grant.resource);
    WITH gone AS (
        DELETE FROM rls."grant" AS g WHERE g.grantee = whom AND g.action = word AND g.resource = take_grant.resource
        RETURNING g.seed
    )
    SELECT count(*), count(d.seed) INTO revoked, seeded FROM gone AS d;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.take_grant(text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.take_grant(text, text, text, text) IS 'Revokes an action on a resource; maintenance roles only.';

-- sql/30_decision/take_grant_by_id.sql
-- +goose StatementBegin
-- Revokes one grant by its number, from a maintenance connection: one window of several, or a grant to somebody who is
-- gone. False where there is none.
CREATE OR REPLACE FUNCTION rls.take_grant_by_id(id bigint)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.administer();
    DELETE FROM rls."grant" AS g WHERE g.id = take_grant_by_id.id;
    RETURN FOUND;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.take_grant_by_id(bigint) FROM PUBLIC;
COMMENT ON FUNCTION rls.take_grant_by_id(bigint) IS 'Revokes one grant by its number; maintenance roles only.';

-- sql/40_views/keep_acls.sql
-- +goose StatementBegin
-- Remembers the privileges of schemas, tables and columns before the first GRANT on them. Each name ends with the schema,
-- or schema and table, every part quoted: as the manifest names privileges. Called as rls_owner.
CREATE OR REPLACE FUNCTION rls.keep_acls(names text[])
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
BEGIN
    INSERT INTO rls.acl_before (object, acl)
    WITH named AS (
        SELECT n.oid AS schema, c.oid AS "table", n.nspacl, c.relacl,
               '"' || replace(n.nspname, '"', '""') || '"' || coalesce('."' || replace(c.relname, '"', '""') || '"', '') AS object
        FROM pg_catalog.pg_namespace AS n
        LEFT JOIN (SELECT NULL::oid AS oid, NULL::name AS relname, o.oid AS relnamespace, NULL::aclitem[] AS relacl FROM pg_catalog.pg_namespace AS o
                   UNION ALL
                   SELECT r.oid, r.relname, r.relnamespace, r.relacl FROM pg_catalog.pg_class AS r WHERE r.relkind IN ('r', 'p')) AS c ON c.relnamespace = n.oid
        WHERE n.nspname <> 'rls'
    ), wanted AS (
        SELECT w.* FROM named AS w
        WHERE EXISTS (SELECT FROM unnest(names) AS k(name) WHERE right(k.name, length(w.object) + 1) = '.' || w.object)
    )
    SELECT w.object, CASE WHEN w."table" IS NULL THEN w.nspacl ELSE w.relacl END::text FROM wanted AS w
    UNION ALL
    SELECT w.object || '."' || replace(a.attname, '"', '""') || '"', a.attacl::text
    FROM wanted AS w JOIN pg_catalog.pg_attribute AS a ON a.attrelid = w."table" AND NOT a.attisdropped AND a.attacl IS NOT NULL
    ON CONFLICT (object) DO NOTHING;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.keep_acls(text[]) FROM PUBLIC;
COMMENT ON FUNCTION rls.keep_acls(text[]) IS 'Remembers the privileges of schemas, tables and columns before the first GRANT on them.';

-- sql/40_views/object_state.sql
-- +goose StatementBegin
-- A fingerprint of everything in this database that apply could have made, by the names that the manifest uses:
-- every part always quoted. What was changed by hand has another fingerprint; what was dropped is not here.
CREATE OR REPLACE VIEW rls.object_state WITH (security_invoker = true) AS
SELECT 'view'::text AS kind,
       '"rls"."' || replace(c.relname, '"', '""') || '"' AS name,
       md5(concat_ws('|', pg_get_viewdef(c.oid), c.reloptions, c.relowner::regrole, coalesce(c.relacl, acldefault('r', c.relowner)))) AS fingerprint
FROM pg_catalog.pg_class AS c
WHERE c.relnamespace = 'rls'::regnamespace AND c.relkind = 'v'
UNION ALL
SELECT 'function',
       '"rls"."' || replace(p.proname, '"', '""') || '"',
       md5(concat_ws('|', pg_get_functiondef(p.oid), p.proowner::regrole, coalesce(p.proacl, acldefault('f', p.proowner))))
FROM pg_catalog.pg_proc AS p
WHERE p.pronamespace = 'rls'::regnamespace AND p.prokind = 'f'
  AND p.prolang <> (SELECT l.oid FROM pg_catalog.pg_language AS l WHERE l.lanname = 'internal') -- the constructors of range types
UNION ALL
SELECT 'policy',
       '"' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"."' || replace(p.polname, '"', '""') || '"',
       md5(concat_ws('|', p.polcmd, p.polpermissive,
           ARRAY(SELECT CASE r.id WHEN 0 THEN 'public' ELSE r.id::regrole::text END FROM unnest(p.polroles) AS r(id) ORDER BY 1),
           coalesce(pg_get_expr(p.polqual, p.polrelid), '-'), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '-')))
FROM pg_catalog.pg_policy AS p
JOIN pg_catalog.pg_class AS c ON c.oid = p.polrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
UNION ALL
SELECT 'trigger',
       '"' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"."' || replace(t.tgname, '"', '""') || '"',
       md5(concat_ws('|', pg_get_triggerdef(t.oid), t.tgenabled,
           -- A partition has the triggers of its root, and somebody may have switched one off there.
           (SELECT string_agg(p.relid::regclass::text, ',' ORDER BY p.relid::regclass::text)
            FROM pg_partition_tree(CASE c.relkind WHEN 'p' THEN c.oid END) AS p
            JOIN pg_catalog.pg_trigger AS o ON o.tgrelid = p.relid AND o.tgname = t.tgname AND o.tgenabled <> t.tgenabled)))
FROM pg_catalog.pg_trigger AS t
JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid AND f.pronamespace = 'rls'::regnamespace
JOIN pg_catalog.pg_class AS c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal
UNION ALL
SELECT 'row_security',
       '"' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"',
       md5(concat_ws('|', c.relrowsecurity, c.relforcerowsecurity))
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND (c.relrowsecurity OR c.relforcerowsecurity)
UNION ALL
SELECT 'membership',
       '"' || replace(r.rolname, '"', '""') || '"."' || replace(u.rolname, '"', '""') || '"',
       'member'
FROM pg_catalog.pg_auth_members AS m
JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid AND left(r.rolname, 4) = 'rls_'
JOIN pg_catalog.pg_roles AS u ON u.oid = m.member
GROUP BY r.rolname, u.rolname
UNION ALL
-- Plan roles: what they may, and whose privileges they have.
SELECT 'role',
       '"' || replace(r.rolname, '"', '""') || '"',
       md5(concat_ws('|', r.rolcanlogin, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolcreatedb, r.rolinherit,
           (SELECT string_agg(DISTINCT o.rolname, ',' ORDER BY o.rolname) FROM pg_catalog.pg_auth_members AS m
            JOIN pg_catalog.pg_roles AS o ON o.oid = m.roleid WHERE m.member = r.oid)))
FROM pg_catalog.pg_roles AS r
WHERE left(r.rolname, 4) = 'rls_'
UNION ALL
-- What rls_owner may read of the tables that the graph is read from.
SELECT 'privilege',
       '"rls_owner"."' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"',
       md5(string_agg(a.attname || '=' || x.privilege_type, ',' ORDER BY a.attnum, x.privilege_type))
FROM pg_catalog.pg_attribute AS a
JOIN pg_catalog.pg_class AS c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL aclexplode(a.attacl) AS x
WHERE x.grantee = to_regrole('rls_owner')
GROUP BY n.nspname, c.relname
UNION ALL
-- USAGE of schemas, by itself or through PUBLIC: who applies need not be able to grant what everybody has.
SELECT DISTINCT 'privilege',
       '"' || replace(r.rolname, '"', '""') || '"."' || replace(n.nspname, '"', '""') || '"',
       'usage'
FROM pg_catalog.pg_namespace AS n
CROSS JOIN LATERAL aclexplode(n.nspacl) AS x
JOIN pg_catalog.pg_roles AS r ON r.oid = x.grantee OR x.grantee = 0
WHERE x.privilege_type = 'USAGE' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
UNION ALL
-- Which roles may impersonate.
SELECT 'privilege',
       '"impersonate"."' || replace(r.rolname, '"', '""') || '"',
       md5(string_agg(p.proname, ',' ORDER BY p.proname))
FROM pg_catalog.pg_proc AS p
CROSS JOIN LATERAL aclexplode(p.proacl) AS x
JOIN pg_catalog.pg_roles AS r ON r.oid = x.grantee AND r.rolname <> 'rls_owner'
WHERE p.pronamespace = 'rls'::regnamespace AND p.proname IN ('impersonate', 'open_impersonation')
GROUP BY r.rolname
UNION ALL
-- Which roles may administer: by functions, and the kernel's own users and groups.
SELECT 'privilege',
       '"administer"."' || replace(h.role, '"', '""') || '"',
       md5(string_agg(h.what, ',' ORDER BY h.what))
FROM (
    SELECT r.rolname AS role, p.proname::text AS what
    FROM pg_catalog.pg_proc AS p
    CROSS JOIN LATERAL aclexplode(p.proacl) AS x
    JOIN pg_catalog.pg_roles AS r ON r.oid = x.grantee AND r.rolname <> 'rls_owner'
    WHERE p.pronamespace = 'rls'::regnamespace
      AND p.proname IN ('directory_mapping', 'resource_actions', 'list_grants', 'put_grant', 'take_grant', 'take_grant_by_id')
    UNION ALL
    SELECT r.rolname, c.relname || '=' || x.privilege_type
    FROM pg_catalog.pg_class AS c
    CROSS JOIN LATERAL aclexplode(c.relacl) AS x
    JOIN pg_catalog.pg_roles AS r ON r.oid = x.grantee AND r.rolname <> 'rls_owner'
    WHERE c.relnamespace = 'rls'::regnamespace AND c.relname IN ('user', 'group', 'group_member')
      AND x.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
) AS h(role, what)
GROUP BY h.role
UNION ALL
-- What clients hold on tables that row security does not filter: TRUNCATE and the like.
SELECT 'privilege',
       '"narrowed"."' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"',
       md5(coalesce((
           SELECT string_agg(g.name || '=' || x.privilege_type, ',' ORDER BY g.name, x.privilege_type, x.attnum)
           FROM (SELECT 0 AS attnum, r.grantee, r.privilege_type FROM aclexplode(c.relacl) AS r
                 UNION ALL
                 SELECT a.attnum, r.grantee, r.privilege_type FROM pg_catalog.pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS r
                 WHERE a.attrelid = c.oid AND NOT a.attisdropped) AS x
           CROSS JOIN LATERAL (SELECT CASE x.grantee WHEN 0 THEN 'public' ELSE x.grantee::regrole::text END) AS g(name)
           WHERE x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
             AND (x.grantee = 0 OR EXISTS (
                 SELECT FROM pg_catalog.pg_auth_members AS m
                 WHERE m.roleid = to_regrole('rls_client') AND m.member = x.grantee))), ''))
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
UNION ALL
SELECT 'registry', '"resource"."' || replace(r.name, '"', '""') || '"', md5(r::text)
FROM rls.resource AS r
UNION ALL
SELECT 'registry', '"role"."' || replace(d.name, '"', '""') || '"', md5(d::text)
FROM rls.database_role AS d
UNION ALL
SELECT 'registry', '"schema"."' || replace(s.name, '"', '""') || '"', md5(s::text)
FROM rls.schema_rule AS s
UNION ALL
SELECT 'registry', '"plan"."' || replace(p.client_role, '"', '""') || '"."' || p.form || '"', md5(p::text)
FROM rls.plan_role AS p
UNION ALL
SELECT 'registry', '"service"."' || s.name || '"', md5(s::text)
FROM rls.service AS s
UNION ALL
SELECT 'registry', '"allow"."' || a.service || '"."' || replace(a.resource, '"', '""') || '"."' || replace(a.action, '"', '""') || '"', md5(a::text)
FROM rls.service_allow AS a
UNION ALL
SELECT 'registry', '"directory"', md5(d::text)
FROM rls.directory AS d;
-- +goose StatementEnd
REVOKE ALL ON rls.object_state FROM PUBLIC;
COMMENT ON VIEW rls.object_state IS 'A fingerprint of everything that apply could have made.';

-- sql/40_views/protected_table.sql
-- +goose StatementBegin
-- Every table that holds rows of a resource: the one that the model names, its partitions and its children, however deep.
CREATE OR REPLACE VIEW rls.protected_table WITH (security_invoker = true) AS
WITH RECURSIVE tree (resource, oid, is_root) AS (
    SELECT r.name, c.oid, true
    FROM rls.resource AS r
    JOIN pg_catalog.pg_namespace AS n ON n.nspname = r.table_schema
    JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = r.table_name
    UNION
    SELECT t.resource, i.inhrelid, false
    FROM tree AS t
    JOIN pg_catalog.pg_inherits AS i ON i.inhparent = t.oid
)
SELECT t.resource, t.oid, t.is_root, n.nspname AS table_schema, c.relname AS table_name
FROM tree AS t
JOIN pg_catalog.pg_class AS c ON c.oid = t.oid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace;
-- +goose StatementEnd
REVOKE ALL ON rls.protected_table FROM PUBLIC;
COMMENT ON VIEW rls.protected_table IS 'Every table that holds rows of a resource.';

-- sql/40_views/put_back_acls.sql
-- +goose StatementBegin
-- Writes privileges as they were written before the toolkit: as nothing where they are the default ones, in the order in
-- which they were. Only where the same privileges are there; what anybody may do does not change. No GRANT or REVOKE can do
-- this, so it writes the catalog, as a database superuser alone may.
CREATE OR REPLACE FUNCTION rls.put_back_acls()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE pg_catalog.pg_namespace AS n SET nspacl = b.acl::aclitem[]
    FROM rls.acl_before AS b
    WHERE b.object = '"' || replace(n.nspname, '"', '""') || '"'
      AND n.nspacl::text IS DISTINCT FROM b.acl
      AND (SELECT array_agg(i ORDER BY i) FROM unnest(coalesce(n.nspacl, acldefault('n', n.nspowner))::text[]) AS i)
          = (SELECT array_agg(i ORDER BY i) FROM unnest(coalesce(b.acl::text[], acldefault('n', n.nspowner)::text[])) AS i);
    UPDATE pg_catalog.pg_class AS c SET relacl = b.acl::aclitem[]
    FROM rls.acl_before AS b, pg_catalog.pg_namespace AS n
    WHERE n.oid = c.relnamespace AND c.relkind IN ('r', 'p')
      AND b.object = '"' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"'
      AND c.relacl::text IS DISTINCT FROM b.acl
      AND (SELECT array_agg(i ORDER BY i) FROM unnest(coalesce(c.relacl, acldefault('r', c.relowner))::text[]) AS i)
          = (SELECT array_agg(i ORDER BY i) FROM unnest(coalesce(b.acl::text[], acldefault('r', c.relowner)::text[])) AS i);
    UPDATE pg_catalog.pg_attribute AS a SET attacl = b.acl::aclitem[]
    FROM rls.acl_before AS b, pg_catalog.pg_class AS c, pg_catalog.pg_namespace AS n
    WHERE c.oid = a.attrelid AND n.oid = c.relnamespace AND c.relkind IN ('r', 'p')
      AND b.object = '"' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"."' || replace(a.attname, '"', '""') || '"'
      AND a.attacl::text IS DISTINCT FROM b.acl
      AND (SELECT array_agg(i ORDER BY i) FROM unnest(a.attacl::text[]) AS i) = (SELECT array_agg(i ORDER BY i) FROM unnest(b.acl::text[]) AS i);
    -- Gateways hold USAGE of schemas until they are removed.
    DELETE FROM rls.acl_before WHERE NOT EXISTS (SELECT FROM rls.login);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.put_back_acls() FROM PUBLIC;
COMMENT ON FUNCTION rls.put_back_acls() IS 'Writes privileges as they were written before the toolkit; changes none.';

-- sql/50_cache/buckets.sql
-- +goose StatementBegin
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
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.buckets(bytea[]) FROM PUBLIC;
COMMENT ON FUNCTION rls.buckets(bytea[]) IS 'Keys in buckets by their hashes. Called by definer functions alone.';

-- sql/50_cache/forget_sets.sql
-- +goose StatementBegin
-- From here on every stored set is wrong, and everything that is remembered: also what somebody is computing just now.
CREATE OR REPLACE FUNCTION rls.forget_sets()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.lock_graph();
    PERFORM rls.raise_watermark('graph');
    PERFORM rls.raise_watermark('state');
    -- visible, because a user may have this key: theirs says of whom, or is not.
    INSERT INTO rls.graph_change (viewer, visible, cluster)
    SELECT '*', true, l.cluster FROM rls.graph_lock AS l
    WHERE NOT EXISTS (
        SELECT FROM rls.graph_change AS c
        WHERE c.viewer = '*' AND c.seen IS NULL AND c.visible AND c.xid = pg_current_xact_id() AND c.cluster = l.cluster);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.forget_sets() FROM PUBLIC;
COMMENT ON FUNCTION rls.forget_sets() IS 'Makes every stored set wrong. Called by definer functions and by apply.';

-- sql/50_cache/graph_ahead.sql
-- +goose StatementBegin
-- Takes the lock of those who change the hierarchy before a statement locks its first row: who waits for the lock then
-- holds nothing that its holder could wait for.
CREATE OR REPLACE FUNCTION rls.graph_ahead()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.lock_graph();
    RETURN NULL;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.graph_ahead() FROM PUBLIC;
COMMENT ON FUNCTION rls.graph_ahead() IS 'Takes the lock of those who change the hierarchy before any row.';

-- sql/50_cache/graph_rewritten.sql
-- +goose StatementBegin
-- After a TRUNCATE of a table that the hierarchy is read from, and after changes that replication brings: those fire no
-- statement triggers, and so tell nothing in detail.
CREATE OR REPLACE FUNCTION rls.graph_rewritten()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.forget_sets();
    RETURN NULL;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.graph_rewritten() FROM PUBLIC;
COMMENT ON FUNCTION rls.graph_rewritten() IS 'Makes every stored set wrong.';

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

-- sql/50_cache/lock_graph.sql
-- +goose StatementBegin
-- Makes whoever changes the hierarchy wait for whoever is changing it, before the first look at it. Once for each
-- transaction: its second change finds its own number, and that of a restored dump counts for nothing here.
CREATE OR REPLACE FUNCTION rls.lock_graph()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
BEGIN
    UPDATE rls.graph_lock AS l SET xid = pg_current_xact_id(), cluster = rls.cluster()
    WHERE l.xid IS DISTINCT FROM pg_current_xact_id() OR l.cluster IS DISTINCT FROM rls.cluster();
    IF FOUND THEN
        -- Edges that other transactions took away: they are over, and so nobody walks along them any more.
        DELETE FROM rls.edge_gone;
    END IF;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.lock_graph() FROM PUBLIC;
COMMENT ON FUNCTION rls.lock_graph() IS 'Makes those who change the hierarchy wait for each other. Called by definer functions alone.';

-- sql/50_cache/next_watermark.sql
-- +goose StatementBegin
-- Where this transaction has to put a watermark that stands at mark: at its own number, or NULL where it has not to move. raise
-- says that it is the mark of what this transaction changes, which must not stand below it.
-- A mark above every transaction there is came with a dump of another cluster. A snapshot does not tell: those who run and
-- are younger than the last that has ended stand above it too.
CREATE OR REPLACE FUNCTION rls.next_watermark(mark bigint, raise boolean)
RETURNS bigint
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
DECLARE
    mine bigint := pg_current_xact_id()::text::bigint;
BEGIN
    IF raise AND mark < mine THEN
        RETURN mine;
    END IF;
    IF mark > mine AND mark >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint THEN
        BEGIN
            PERFORM pg_xact_status(mark::text::xid8);
        EXCEPTION WHEN invalid_parameter_value THEN -- it lies in the future
            RETURN mine;
        END;
    END IF;
    RETURN NULL;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.next_watermark(bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.next_watermark(bigint, boolean) IS 'Where this transaction has to put a watermark. Called by definer functions alone.';

-- sql/50_cache/prune_changes.sql
-- +goose StatementBegin
-- Forgets changes that no stored set needs. Not while somebody is storing a set: it may have been computed before a
-- change that is seen here. Nobody waits: neither for who stores a set, nor for who forgets changes too.
CREATE OR REPLACE FUNCTION rls.prune_changes()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed'
        OR NOT pg_try_advisory_xact_lock(hashtextextended('rls.visible_set', 0)) THEN
        RETURN;
    END IF;
    -- A new statement, and so a snapshot that sees every set of those who held the lock before.
    DELETE FROM rls.graph_change AS d WHERE d.id IN (
        SELECT c.id FROM rls.graph_change AS c
        WHERE NOT EXISTS (
            SELECT FROM rls.visible_set AS s
            WHERE (s.viewer = c.viewer OR c.viewer = '*' AND c.seen IS NULL AND c.visible) AND s.computed_on = s.restored_on AND s.form <> 'all'
              -- A set from before an upgrade of the server needs what came after it.
              AND CASE WHEN c.cluster = s.computed_on THEN s.since <= c.xid ELSE c.cluster = rls.cluster() END)
        FOR UPDATE SKIP LOCKED);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.prune_changes() FROM PUBLIC;
COMMENT ON FUNCTION rls.prune_changes() IS 'Forgets changes that no stored set needs. Called by definer functions alone.';

-- sql/50_cache/raise_watermark.sql
-- +goose StatementBegin
-- Raises the watermark of what has changed, 'graph' or 'state', and that of both to this transaction, where they do not stand
-- there or higher. One after the other, but nobody waits for the end of a transaction: the table is locked in a
-- subtransaction, whose end unlocks it. What a sequence was set to stays.
CREATE OR REPLACE FUNCTION rls.raise_watermark(changed text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    mine bigint := pg_current_xact_id()::text::bigint;
    own bigint;
    other bigint;
    whole bigint;
    horizon bigint;
BEGIN
    SELECT CASE changed WHEN 'graph' THEN g.last_value ELSE s.last_value END, CASE changed WHEN 'graph' THEN s.last_value ELSE g.last_value END,
           w.last_value
    INTO own, other, whole
    FROM rls.graph_watermark AS g CROSS JOIN rls.state_watermark AS s CROSS JOIN rls.watermark AS w;
    -- Triggers of rows come here once more for each row.
    IF own = mine AND whole = mine THEN
        RETURN;
    END IF;
    -- A mark above what a snapshot knows of may be somebody's who is younger, or a dump's: that is told under the lock alone.
    horizon := pg_snapshot_xmax(pg_current_snapshot())::text::bigint;
    IF own >= mine AND own < horizon AND whole >= mine AND whole < horizon AND other < horizon THEN
        RETURN;
    END IF;
    BEGIN
        LOCK TABLE rls.watermark_turn IN EXCLUSIVE MODE;
        -- Looked at once more, because somebody else may have had the turn. Without a number nothing is set.
        PERFORM setval('rls.graph_watermark', rls.next_watermark(g.last_value, changed = 'graph')) FROM rls.graph_watermark AS g;
        PERFORM setval('rls.state_watermark', rls.next_watermark(s.last_value, changed = 'state')) FROM rls.state_watermark AS s;
        PERFORM setval('rls.watermark', rls.next_watermark(w.last_value, true)) FROM rls.watermark AS w;
        RAISE EXCEPTION 'unlock' USING ERRCODE = 'triggered_action_exception';
    EXCEPTION WHEN triggered_action_exception THEN
        NULL;
    END;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.raise_watermark(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.raise_watermark(text) IS 'Makes wrong what is remembered of principals. Called by definer functions and by apply.';

-- sql/50_cache/renew_memo_key.sql
-- +goose StatementBegin
-- Draws a new key for memos where the old one is older than five minutes, or at once: it must not be the one of a dump for
-- longer. What was sealed under the old one is asked anew.
CREATE OR REPLACE FUNCTION rls.renew_memo_key(at_once boolean)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
DECLARE
    moment bigint := extract(epoch FROM clock_timestamp())::bigint;
BEGIN
    IF NOT at_once AND pg_sequence_last_value('rls.memo_key_drawn') BETWEEN moment - 300 AND moment THEN
        RETURN;
    END IF;
    -- gen_random_uuid draws from the operating system. Never in a variable: a client may have the plan of this shown, and there the
    -- values of variables can be.
    PERFORM setval('rls.memo_key_1', ('x' || encode(substr(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 1, 8), 'hex'))::bit(64)::bigint
                & 9223372036854775807),
            setval('rls.memo_key_2', ('x' || encode(substr(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 1, 8), 'hex'))::bit(64)::bigint
                & 9223372036854775807),
            setval('rls.memo_key_drawn', moment);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.renew_memo_key(boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.renew_memo_key(boolean) IS 'Draws a new key for memos where it is time. Called by definer functions alone.';

-- sql/50_cache/state_changed.sql
-- +goose StatementBegin
-- Tells of a change of what decides about a principal besides the hierarchy. Before it, where that can be: code of the
-- application that runs within the same statement must not find what was remembered either.
CREATE OR REPLACE FUNCTION rls.state_changed()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM rls.raise_watermark('state');
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.state_changed() FROM PUBLIC;
COMMENT ON FUNCTION rls.state_changed() IS 'Makes everything wrong that is remembered of principals.';

-- sql/50_cache/state_compiled.sql
-- +goose StatementBegin
-- What is compiled may decide in another way from here on.
CREATE OR REPLACE TRIGGER state_compiled
    BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON rls.compiled
    FOR EACH STATEMENT EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls.compiled ENABLE ALWAYS TRIGGER state_compiled;
-- +goose StatementEnd

-- sql/50_cache/state_grant.sql
-- +goose StatementBegin
-- Also in a session that fires no other triggers.
CREATE OR REPLACE TRIGGER state_grant
    BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON rls."grant"
    FOR EACH STATEMENT EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls."grant" ENABLE ALWAYS TRIGGER state_grant;
-- +goose StatementEnd

-- sql/50_cache/state_login.sql
-- +goose StatementBegin
-- Also in a session that fires no other triggers.
CREATE OR REPLACE TRIGGER state_login
    BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON rls.login
    FOR EACH STATEMENT EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls.login ENABLE ALWAYS TRIGGER state_login;
-- +goose StatementEnd

-- sql/50_cache/state_replica_compiled.sql
-- +goose StatementBegin
-- What logical replication brings fires no triggers of statements.
CREATE OR REPLACE TRIGGER state_replica_compiled
    AFTER INSERT OR UPDATE OR DELETE ON rls.compiled
    FOR EACH ROW EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls.compiled ENABLE REPLICA TRIGGER state_replica_compiled;
-- +goose StatementEnd

-- sql/50_cache/state_replica_grant.sql
-- +goose StatementBegin
-- What logical replication brings fires no triggers of statements.
CREATE OR REPLACE TRIGGER state_replica_grant
    AFTER INSERT OR UPDATE OR DELETE ON rls."grant"
    FOR EACH ROW EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls."grant" ENABLE REPLICA TRIGGER state_replica_grant;
-- +goose StatementEnd

-- sql/50_cache/state_replica_login.sql
-- +goose StatementBegin
-- What logical replication brings fires no triggers of statements.
CREATE OR REPLACE TRIGGER state_replica_login
    AFTER INSERT OR UPDATE OR DELETE ON rls.login
    FOR EACH ROW EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls.login ENABLE REPLICA TRIGGER state_replica_login;
-- +goose StatementEnd

-- sql/50_cache/state_replica_resource.sql
-- +goose StatementBegin
-- What logical replication brings fires no triggers of statements.
CREATE OR REPLACE TRIGGER state_replica_resource
    AFTER INSERT OR UPDATE OR DELETE ON rls.resource
    FOR EACH ROW EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls.resource ENABLE REPLICA TRIGGER state_replica_resource;
-- +goose StatementEnd

-- sql/50_cache/state_resource.sql
-- +goose StatementBegin
-- Also in a session that fires no other triggers.
CREATE OR REPLACE TRIGGER state_resource
    BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON rls.resource
    FOR EACH STATEMENT EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls.resource ENABLE ALWAYS TRIGGER state_resource;
-- +goose StatementEnd

-- sql/50_cache/state_seal.sql
-- +goose StatementBegin
-- A memo stands for a context that was valid.
CREATE OR REPLACE TRIGGER state_seal
    BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON rls.seal
    FOR EACH STATEMENT EXECUTE FUNCTION rls.state_changed();
ALTER TABLE rls.seal ENABLE ALWAYS TRIGGER state_seal;
-- +goose StatementEnd

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
DROP TRIGGER state_seal ON rls.seal;
DROP TRIGGER state_resource ON rls.resource;
DROP TRIGGER state_replica_resource ON rls.resource;
DROP TRIGGER state_replica_login ON rls.login;
DROP TRIGGER state_replica_grant ON rls."grant";
DROP TRIGGER state_replica_compiled ON rls.compiled;
DROP TRIGGER state_login ON rls.login;
DROP TRIGGER state_grant ON rls."grant";
DROP TRIGGER state_compiled ON rls.compiled;
DROP FUNCTION rls.state_changed();
DROP FUNCTION rls.renew_memo_key(boolean);
DROP FUNCTION rls.raise_watermark(text);
DROP FUNCTION rls.prune_changes();
DROP FUNCTION rls.next_watermark(bigint, boolean);
DROP FUNCTION rls.lock_graph();
DROP FUNCTION rls.in_buckets(bytea, bytea);
DROP FUNCTION rls.graph_rewritten();
DROP FUNCTION rls.graph_ahead();
DROP FUNCTION rls.forget_sets();
DROP FUNCTION rls.buckets(bytea[]);
DROP FUNCTION rls.put_back_acls();
DROP VIEW rls.protected_table;
DROP VIEW rls.object_state;
DROP FUNCTION rls.keep_acls(text[]);
DROP FUNCTION rls.take_grant_by_id(bigint);
DROP FUNCTION rls.take_grant(text, text, text, text);
DROP FUNCTION rls.subject();
DROP FUNCTION rls.store_grant(text, text, text, timestamptz, timestamptz, text);
DROP FUNCTION rls.service_may(text, text, text);
DROP FUNCTION rls.seed_grant(text, text, text, text, timestamptz, timestamptz, text);
DROP FUNCTION rls.resource_actions(text[], text);
DROP FUNCTION rls.put_grant(text, text, text, text, timestamptz, timestamptz);
DROP FUNCTION rls.object_actions(text);
DROP FUNCTION rls.object_action(text, text);
DROP FUNCTION rls.list_grants();
DROP FUNCTION rls.has_grant(text[], text, text);
DROP FUNCTION rls.groups();
DROP FUNCTION rls.grantee(text, text);
DROP FUNCTION rls.directory_mapping();
DROP FUNCTION rls.declared_action(text, text);
DROP FUNCTION rls.can_row(text, text, text);
DROP FUNCTION rls.can_many(text, text, text[]);
DROP FUNCTION rls.can(text, text);
DROP FUNCTION rls.allowed_resources(text);
DROP FUNCTION rls.administer();
DROP FUNCTION rls.actions(text, text);
DROP FUNCTION rls.action_word(text);
DROP TRIGGER user_no_cycle ON rls."user";
DROP FUNCTION rls.refuse_cycle();
DROP FUNCTION rls.is_restricted();
DROP FUNCTION rls.is_cascade(text);
DROP FUNCTION rls.guard_truncate();
DROP FUNCTION rls.guard_subject();
DROP FUNCTION rls.to_uuid(text);
DROP FUNCTION rls.to_text(text);
DROP FUNCTION rls.to_smallint(text);
DROP FUNCTION rls.to_integer(text);
DROP FUNCTION rls.to_citext(text);
DROP FUNCTION rls.to_bigint(text);
DROP FUNCTION rls.session_problems();
DROP FUNCTION rls.seal_context(text);
DROP FUNCTION rls.reseal();
DROP FUNCTION rls.principal_kind();
DROP FUNCTION rls.principal();
DROP FUNCTION rls.plan_role(text, text);
DROP FUNCTION rls.open_token(text);
DROP FUNCTION rls.open_impersonation(text, text);
DROP FUNCTION rls.may_claim(text, text, text[]);
DROP FUNCTION rls.key_parts(text, integer);
DROP FUNCTION rls.is_maintenance();
DROP FUNCTION rls.impersonate(text, text);
DROP FUNCTION rls.identify();
DROP FUNCTION rls.hmac_pad(bytea, integer);
DROP FUNCTION rls.hex_text(text);
DROP FUNCTION rls.enter(text);
DROP FUNCTION rls.client_ip();
DROP FUNCTION rls.add_key(text, text, bytea);
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
