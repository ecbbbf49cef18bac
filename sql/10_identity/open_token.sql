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
REVOKE ALL ON FUNCTION rls.open_token(text) FROM PUBLIC;
-- Each gateway gets EXECUTE of its own; clients, so that entering twice is answered and not merely forbidden.
GRANT EXECUTE ON FUNCTION rls.open_token(text) TO rls_client;
COMMENT ON FUNCTION rls.open_token(text) IS 'Verifies a token for this gateway and seals it for this transaction.';
