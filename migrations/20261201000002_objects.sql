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

-- sql/10_identity/attr.sql
-- +goose StatementBegin
-- A session attribute of this transaction, as its token says; NULL where it says nothing of it. Cast it to the type that the
-- model gives it: a token with another value is refused.
CREATE OR REPLACE FUNCTION rls.attr(name text)
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
    IF NOT EXISTS (SELECT FROM rls.session_attribute AS a WHERE a.name = attr.name) THEN
        RAISE EXCEPTION 'the model has no session attribute "%"', name
            USING ERRCODE = 'RL008', HINT = 'Name it under session_attributes of the model.';
    END IF;
    RETURN (SELECT rls.hex_text(split_part(a.pair, '=', 2)) FROM string_to_table(who.attributes, ',') AS a(pair)
            WHERE split_part(a.pair, '=', 1) = attr.name);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.attr(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rls.attr(text) TO rls_client;
COMMENT ON FUNCTION rls.attr(text) IS 'A session attribute of this transaction, as its token says.';

-- sql/10_identity/attribute_fits.sql
-- +goose StatementBegin
-- Whether the model has a session attribute of this name, and the value is of its type.
CREATE OR REPLACE FUNCTION rls.attribute_fits(name text, value text)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
BEGIN
    RETURN (SELECT CASE a.type
                WHEN 'text' THEN true
                WHEN 'bigint' THEN attribute_fits.value ~ '^-?[0-9]{1,18}$'
                WHEN 'boolean' THEN attribute_fits.value IN ('true', 'false')
                WHEN 'uuid' THEN attribute_fits.value ~ '^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$' END
            FROM rls.session_attribute AS a WHERE a.name = attribute_fits.name);
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.attribute_fits(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.attribute_fits(text, text) IS 'Whether the model has such a session attribute. Called by definer functions alone.';

-- sql/10_identity/gateway_excess.sql
-- +goose StatementBegin
-- What a gateway starts with, can become, or holds, beyond what makes it one: a setting of its own that nobody wrote down, a
-- database role besides its client role and what that is, an object that it owns or has a privilege on.
-- Any client can come back to the login by RESET ROLE, and set defaults for its next connections: so these say what was done there.
CREATE OR REPLACE FUNCTION rls.gateway_excess(login text, OUT kind text, OUT name text)
RETURNS SETOF record
LANGUAGE sql
STABLE
PARALLEL RESTRICTED
SECURITY INVOKER
ROWS 1
BEGIN ATOMIC
    WITH gate AS (
        SELECT r.oid, l.client_role, l.given FROM rls.login AS l JOIN pg_roles AS r ON r.rolname = l.name
        WHERE l.name = gateway_excess.login AND NOT r.rolsuper
    ), held AS (
        -- Of this database, and of what exists: default privileges give nothing yet.
        SELECT d.refobjid AS role, d.classid, d.objid, d.objsubid, d.deptype
        FROM pg_shdepend AS d
        WHERE d.refclassid = 'pg_authid'::regclass AND d.dbid = (SELECT b.oid FROM pg_database AS b WHERE b.datname = current_database())
          AND d.classid <> 'pg_default_acl'::regclass
    )
    SELECT 'setting'::text AS kind, split_part(c.setting, '=', 1) AS name
    FROM gate AS g
    JOIN pg_db_role_setting AS d ON d.setrole = g.oid AND d.setdatabase IN (0, (SELECT b.oid FROM pg_database AS b WHERE b.datname = current_database()))
    CROSS JOIN LATERAL unnest(d.setconfig) AS c(setting)
    WHERE c.setting <> 'track_activities=off'
      -- What an adopted login started with before is the application's own.
      AND NOT EXISTS (SELECT FROM rls.adoption AS a WHERE a.login = gateway_excess.login AND c.setting = ANY (a.settings))
      AND NOT coalesce(g.given -> 'limits' ? c.setting,
          -- Of before limits were written down. They can only stop work; any other setting can change what a statement means.
          split_part(c.setting, '=', 1) IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout'))
    UNION
    SELECT 'role'::text AS kind, r.rolname::text AS name
    FROM gate AS g
    JOIN pg_roles AS r ON r.oid <> g.oid AND pg_has_role(g.oid, r.oid, 'MEMBER')
    WHERE NOT EXISTS (
            SELECT FROM pg_roles AS o
            WHERE (o.rolname = g.client_role OR o.rolname IN (SELECT p.role FROM rls.plan_role AS p WHERE p.client_role = g.client_role))
              AND pg_has_role(o.oid, r.oid, 'MEMBER'))
      -- A role that holds nothing here only groups logins, for pg_hba.conf as an example.
      AND (starts_with(r.rolname, 'pg_') OR EXISTS (SELECT FROM held AS h WHERE h.role = r.oid))
    UNION
    SELECT 'object'::text AS kind, pg_describe_object(h.classid, h.objid, h.objsubid) AS name
    FROM gate AS g
    JOIN held AS h ON h.role = g.oid
    CROSS JOIN LATERAL pg_identify_object(h.classid, h.objid, h.objsubid) AS i
    -- USAGE on schemas and what entering calls make it a gateway. What is temporary, and large objects, any client can make by itself.
    WHERE NOT (h.classid = 'pg_namespace'::regclass AND h.deptype = 'a')
      AND NOT (h.classid = 'pg_proc'::regclass AND h.deptype = 'a' AND i.schema = 'rls')
      AND NOT (h.classid = 'pg_largeobject'::regclass AND h.deptype = 'o')
      AND NOT starts_with(coalesce(i.schema, ''), 'pg_temp')
    ORDER BY 1, 2;
END;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.gateway_excess(text) FROM PUBLIC;
COMMENT ON FUNCTION rls.gateway_excess(text) IS 'What a gateway has beyond what makes it one. Called by definer functions and as rls_owner.';

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
        -- kind|key|channel|tenant|client|factor|attributes|deadline|mac, texts in hexadecimal; before the mac the number of the
        -- transaction, where another one can have started at the same time
        IF sealed THEN
            field := string_to_array(body, '|');
            IF cardinality(field) NOT IN (8, 9) OR field[9] <> coalesce(pg_current_xact_id_if_assigned()::text, '') OR field[3] IS DISTINCT FROM (CASE kind WHEN 'gateway' THEN 'token' ELSE 'maintenance' END) THEN
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
    context := rls.seal_context(concat_ws('|', body, extract(epoch FROM transaction_timestamp() + interval '1 day'),
        CASE WHEN transaction_timestamp() = statement_timestamp() THEN rls.transaction_number() END));
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
    bound text := 'rls_backend=' || encode(convert_to(pg_backend_pid()::text, 'UTF8'), 'hex');
    strange text;
    others text;
    number text;
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
    -- For this backend alone, and nothing more: as sessions write it. It is no part of the context.
    IF field[9] = bound THEN
        field[9] := '';
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
            -- Names that begin with rls_ are the format's own, and all others the model's.
            SELECT min(p.name) FILTER (WHERE CASE WHEN starts_with(p.name, 'rls_') THEN p.pair <> bound
                       ELSE rls.attribute_fits(p.name, rls.hex_text(split_part(p.pair, '=', 2))) IS NOT TRUE END),
                   coalesce(string_agg(p.pair, ',' ORDER BY p.place) FILTER (WHERE NOT starts_with(p.name, 'rls_')), '')
            INTO strange, others
            FROM (SELECT a.pair, a.place, split_part(a.pair, '=', 1) AS name
                  FROM string_to_table(field[9], ',') WITH ORDINALITY AS a(pair, place)) AS p;
            IF strange IS NOT NULL THEN
                RAISE EXCEPTION 'the token is not valid' USING ERRCODE = 'RL003',
                    DETAIL = CASE strange WHEN 'rls_backend' THEN 'it is bound to another backend'
                        ELSE format('the model has no session attribute "%s" of that type', strange) END,
                    HINT = CASE strange WHEN 'rls_backend' THEN 'Mint a token for the connection that presents it.'
                        ELSE 'Name it under session_attributes of the model.' END;
            END IF;
            field[9] := others;
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
    -- Another transaction of the same message starts at the same time: rls.identify asks for this number then.
    IF transaction_timestamp() = statement_timestamp() THEN
        number := rls.transaction_number();
    END IF;
    body := concat_ws('|',
        CASE field[4] WHEN 'subject' THEN 'user' ELSE field[4] END,
        encode(convert_to(claim, 'UTF8'), 'hex'), 'token', field[6], field[7], field[8], field[9],
        extract(epoch FROM transaction_timestamp() + gate.max_transaction), number);
    -- Seals as rls.seal_context does. With what an earlier transaction has found out of a user, as long as nothing has changed
    -- since: what rls.prepare and rls.plan_role would say.
    SELECT body || '|' || encode(sha256(s.outer_pad || sha256(s.inner_pad || convert_to(
               body || '|' || encode(timestamptz_send(transaction_timestamp()), 'hex') || '|' || session_user, 'UTF8'))), 'hex'),
           coalesce(shape, v.form), coalesce(mark, w.last_value), r.role, coalesce(said, v.brief), coalesce(deadline, v.until)
    INTO STRICT context, shape, mark, client_role, said, deadline
    FROM rls.seal AS s
    LEFT JOIN (rls.visible_set AS v JOIN rls.watermark AS w ON w.last_value = v.marked)
        ON v.viewer = claim AND field[4] = 'user' AND v.computed_on = v.restored_on AND v.until > clock_timestamp()
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
    -- Not under SERIALIZABLE: PostgreSQL has to see what is read of users and grants, or it misses who changes it meanwhile. And not
    -- where another transaction can start at the same time: the hash would be right there, too.
    IF said IS NOT NULL AND current_setting('transaction_isolation') <> 'serializable' AND number IS NULL THEN
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

-- sql/10_identity/seal_context.sql
-- +goose StatementBegin
-- Seals a context over this transaction's start and session_user. Not over the backend: parallel workers have another
-- one, while now() and session_user are the leader's. Where one message can start two transactions, which then have the same
-- start, the body carries rls.transaction_number() as well.
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

-- sql/10_identity/server_leaks.sql
-- +goose StatementBegin
-- The known holes through which a server of this version lets clients past row security, and the release that closes
-- each. This list is the only one: whoever learns of a hole adds a line, with the first fixed release of every major
-- version that had it. A hole is total where any client reads or removes what every policy protects: apply and
-- pgsession.Open refuse such a server. doctor warns of the others.
-- The argument is $1 because the program also runs the text between BEGIN ATOMIC and END, where there is no kernel yet.
-- Source: https://www.postgresql.org/support/security/
CREATE OR REPLACE FUNCTION rls.server_leaks(version integer)
RETURNS TABLE (cve text, total boolean, fixed integer, what text)
LANGUAGE sql
STABLE
PARALLEL SAFE
SECURITY INVOKER
ROWS 5
BEGIN ATOMIC
    SELECT h.cve, h.total, f.fixed, h.what
    FROM (VALUES
        ('CVE-2026-120154', true, ARRAY[150020, 160016, 170012, 180007], 'the WHERE of ON CONFLICT DO UPDATE reads hidden rows'),
        ('CVE-2026-116311', true, ARRAY[150020, 160016, 170012, 180007], 'DROP OWNED BY drops policies without owning the table'),
        ('CVE-2026-116327', false, ARRAY[150020, 160016, 170012, 180007], 'a leaky function over the result of a sub-select sees hidden rows'),
        ('CVE-2026-14666', false, ARRAY[150019, 160015, 170011, 180006], 'a prepared statement keeps its policies after a REVOKE of a membership'),
        ('CVE-2026-6473', false, ARRAY[150018, 160014, 170010, 180004], 'a client that can overflow a buffer runs code as the server'),
        ('CVE-2025-8713', false, ARRAY[150014, 160010, 170006], 'selectivity estimators show values of hidden rows'),
        ('CVE-2025-8714', false, ARRAY[150014, 160010, 170006], 'a dump that is restored runs code of whoever wrote it'),
        ('CVE-2024-10976', false, ARRAY[150009, 160005, 170001], 'a plan that is used again applies the policies of another role'),
        ('CVE-2024-10978', false, ARRAY[150009, 160005, 170001], 'SET ROLE and SET SESSION AUTHORIZATION go back to another role'),
        ('CVE-2024-4317', false, ARRAY[150007, 160003], 'pg_stats_ext shows values of hidden rows, until fix-CVE-2024-4317.sql has run'),
        ('CVE-2023-39418', false, ARRAY[150004], 'MERGE does not apply the policies of UPDATE and SELECT'),
        ('CVE-2023-2455', false, ARRAY[150003], 'a function that is inlined applies the policies of another role'),
        ('CVE-2023-2454', false, ARRAY[150003], 'CREATE SCHEMA runs code as the owner of a function')
    ) AS h (cve, total, fixed, what)
    CROSS JOIN LATERAL unnest(h.fixed) AS f (fixed)
    WHERE f.fixed / 10000 = $1 / 10000 AND $1 < f.fixed
    ORDER BY h.total DESC, f.fixed DESC, h.cve;
END;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.server_leaks(integer) FROM PUBLIC;
COMMENT ON FUNCTION rls.server_leaks(integer) IS 'Known holes in the row security of a server of this server_version_num.';

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
    RETURN QUERY
        SELECT CASE x.kind
            WHEN 'setting' THEN format('login %I starts with its own setting of %s: ALTER ROLE %1$I RESET %2$s', session_user, x.name)
            WHEN 'role' THEN format('login %I is a member of %I, which its client role is not', session_user, x.name)
            ELSE format('login %I owns or holds privileges on %s of its own', session_user, x.name) END
        FROM rls.gateway_excess(session_user) AS x
        ORDER BY x.kind DESC, x.name;
    -- pgsession.AllowOldServer knows these lines by their first words.
    RETURN QUERY
        SELECT format('old server: %s (%s): upgrade PostgreSQL to %s.%s', s.what, s.cve, s.fixed / 10000, s.fixed % 10000)
        FROM rls.server_leaks(current_setting('server_version_num')::integer) AS s
        WHERE s.total;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.session_problems() FROM PUBLIC;
COMMENT ON FUNCTION rls.session_problems() IS 'Why this login must not serve as a gateway.';

-- sql/10_identity/transaction_number.sql
-- +goose StatementBegin
-- The number of this transaction, for a context that is sealed in the message that began it: what follows COMMIT in that
-- message has the same transaction_timestamp(). Elsewhere none is drawn, because each number costs all others something.
CREATE OR REPLACE FUNCTION rls.transaction_number()
RETURNS text
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
BEGIN
    IF pg_is_in_recovery() THEN
        RAISE EXCEPTION 'a standby cannot tell this transaction from the next one of the same message'
            USING ERRCODE = 'RL009', HINT = 'Send BEGIN in a message of its own, before you enter.';
    END IF;
    RETURN pg_current_xact_id()::text;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.transaction_number() FROM PUBLIC;
COMMENT ON FUNCTION rls.transaction_number() IS 'The number of this transaction. Called by definer functions alone.';

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
    PERFORM rls.lock_graph();
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

-- sql/30_decision/clock.sql
-- +goose StatementBegin
-- What time it is. now() stands still for as long as a transaction lasts, and statement_timestamp() for as long as a DO block
-- or a message of several statements does: what had ended in between went on. STABLE, which says to the planner that one
-- statement may ask once; where it asks more than once each answer is as true. Called by definer functions alone.
CREATE OR REPLACE FUNCTION rls.clock()
RETURNS timestamptz
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY INVOKER
AS $$
BEGIN
    RETURN clock_timestamp();
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.clock() FROM PUBLIC;
COMMENT ON FUNCTION rls.clock() IS 'What time it is. Called by definer functions alone.';

-- sql/30_decision/has_grant.sql
-- +goose StatementBegin
-- Whether one of the grantees holds a grant of the action, by the clock. Every action but create needs
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
          AND (g.valid_from IS NULL OR g.valid_from <= clock_timestamp())
          AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp())
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
               (g.valid_from IS NULL OR g.valid_from <= clock_timestamp()) AND (g.valid_until IS NULL OR g.valid_until > clock_timestamp()),
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
    IF valid_until <= clock_timestamp() THEN
        RAISE EXCEPTION 'the grant would have ended already' USING ERRCODE = 'RL017', HINT = 'Write an end in the future, or revoke the grant.';
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
SELECT 'registry', '"attribute"."' || a.name || '"', md5(a::text)
FROM rls.session_attribute AS a
UNION ALL
SELECT 'registry', '"directory"', md5(d::text)
FROM rls.directory AS d;
-- +goose StatementEnd
REVOKE ALL ON rls.object_state FROM PUBLIC;
COMMENT ON VIEW rls.object_state IS 'A fingerprint of everything that apply could have made.';

-- sql/50_cache/claim_set.sql
-- +goose StatementBegin
-- Whether this transaction may store the set of a viewer: nobody else is storing it, and where it is computed anew nobody
-- is forgetting changes. Nobody waits: whoever comes second computes for themself. The row is gone at once, but whoever
-- inserts the same key meets it until this transaction ends. After a millisecond they give up.
CREATE OR REPLACE FUNCTION rls.claim_set(viewer text, renew boolean)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
DECLARE
    before text := current_setting('lock_timeout');
BEGIN
    IF renew THEN
        LOCK TABLE rls_lock.renewal IN ROW EXCLUSIVE MODE NOWAIT;
    END IF;
    PERFORM set_config('lock_timeout', '1ms', true);
    INSERT INTO rls_lock.viewer (key) VALUES (viewer);
    PERFORM set_config('lock_timeout', before, true);
    DELETE FROM rls_lock.viewer AS v WHERE v.key = viewer;
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.claim_set(text, boolean) FROM PUBLIC;
COMMENT ON FUNCTION rls.claim_set(text, boolean) IS 'Whether this transaction may store a set. Called by definer functions alone.';

-- sql/50_cache/graph_ahead.sql
-- +goose StatementBegin
-- Does nothing. Triggers of models that were applied before call it until the next apply; the lock is taken by
-- rls.record_changes, for changes that were made and admitted.
CREATE OR REPLACE FUNCTION rls.graph_ahead()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN NULL;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.graph_ahead() FROM PUBLIC;
COMMENT ON FUNCTION rls.graph_ahead() IS 'Does nothing; for triggers of earlier versions.';

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

-- sql/50_cache/lock_graph.sql
-- +goose StatementBegin
-- Makes whoever changes the hierarchy wait for whoever is changing it, before the first look at it. Once for each
-- transaction: its second change finds its own number, and that of a restored dump counts for nothing here. Whoever may
-- change the hierarchy can leave a transaction open, so nobody waits for ever, and the error names the holder.
CREATE OR REPLACE FUNCTION rls.lock_graph()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY INVOKER
AS $$
DECLARE
    before text := current_setting('lock_timeout');
    holder text;
BEGIN
    IF EXISTS (SELECT FROM rls.graph_lock AS l WHERE l.xid = pg_current_xact_id() AND l.cluster = rls.cluster()) THEN
        RETURN;
    END IF;
    BEGIN
        IF before::interval = interval '0' OR before::interval > interval '20 s' THEN
            PERFORM set_config('lock_timeout', '20s', true);
        END IF;
        LOCK TABLE rls_lock.graph IN SHARE UPDATE EXCLUSIVE MODE;
        PERFORM set_config('lock_timeout', before, true);
    EXCEPTION WHEN lock_not_available THEN
        SELECT string_agg(CASE WHEN k.pid IS NULL THEN format('prepared transaction %L of login %I', p.gid, p.owner)
                   ELSE format('pid %s of login %I, application %L', k.pid, a.usename, a.application_name) END, '; ')
        INTO holder
        FROM pg_locks AS k
        LEFT JOIN pg_stat_activity AS a ON a.pid = k.pid
        LEFT JOIN pg_locks AS x ON k.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid' AND x.virtualtransaction = k.virtualtransaction
        LEFT JOIN pg_prepared_xacts AS p ON p.transaction = x.transactionid
        WHERE k.relation = 'rls_lock.graph'::regclass AND k.database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
          AND k.granted AND (a.pid IS NOT NULL OR p.gid IS NOT NULL);
        RAISE EXCEPTION 'another transaction is changing the hierarchy'
            USING ERRCODE = 'lock_not_available', DETAIL = 'It is ' || coalesce(holder, 'over by now') || '.',
                HINT = 'Run the statement again, or end that transaction.';
    END;
    -- Under REPEATABLE READ this raises 40001 where somebody has changed the hierarchy since the snapshot.
    UPDATE rls.graph_lock AS l SET xid = pg_current_xact_id(), cluster = rls.cluster();
    -- Edges that other transactions took away: they are over, and so nobody walks along them any more.
    DELETE FROM rls.edge_gone;
END
$$;
-- +goose StatementEnd
REVOKE ALL ON FUNCTION rls.lock_graph() FROM PUBLIC;
COMMENT ON FUNCTION rls.lock_graph() IS 'Makes those who change the hierarchy wait for each other. Called by definer functions alone.';

-- sql/50_cache/prune_changes.sql
-- +goose StatementBegin
-- Forgets changes that no stored set needs. Not while somebody is storing a set: it may have been computed before a
-- change that is seen here. Nobody waits: neither for who stores a set, nor for who forgets changes too. The lock is held
-- while looking alone, in a subtransaction whose end unlocks it: who begins to store a set later sees what was seen here.
CREATE OR REPLACE FUNCTION rls.prune_changes()
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    unneeded bigint[]; -- a variable stays when its block is rolled back
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN;
    END IF;
    BEGIN
        LOCK TABLE rls_lock.renewal IN SHARE MODE NOWAIT;
        -- A new statement, and so a snapshot that sees every set of those who held the lock before.
        unneeded := ARRAY(
            SELECT c.id FROM rls.graph_change AS c
            WHERE NOT EXISTS (
                SELECT FROM rls.visible_set AS s
                WHERE (s.viewer = c.viewer OR c.viewer = '*' AND c.seen IS NULL AND c.visible) AND s.computed_on = s.restored_on AND s.form <> 'all'
                  -- A set from before an upgrade of the server needs what came after it.
                  AND CASE WHEN c.cluster = s.computed_on THEN s.since <= c.xid ELSE c.cluster = rls.cluster() END));
        RAISE EXCEPTION 'unlock' USING ERRCODE = 'triggered_action_exception';
    EXCEPTION WHEN triggered_action_exception OR lock_not_available THEN
        NULL;
    END;
    DELETE FROM rls.graph_change AS d WHERE d.id IN (
        SELECT c.id FROM rls.graph_change AS c WHERE c.id = ANY (unneeded) FOR UPDATE SKIP LOCKED);
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
        LOCK TABLE rls_lock.watermark_turn IN SHARE UPDATE EXCLUSIVE MODE;
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
DROP FUNCTION rls.claim_set(text, boolean);

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
DROP FUNCTION rls.clock();

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
DROP FUNCTION rls.transaction_number();

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
DROP FUNCTION rls.server_leaks(integer);

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
DROP FUNCTION rls.gateway_excess(text);
DROP FUNCTION rls.attribute_fits(text, text);
DROP FUNCTION rls.attr(text);
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
