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
REVOKE ALL ON FUNCTION rls.identify() FROM PUBLIC;
COMMENT ON FUNCTION rls.identify() IS 'Who this transaction acts for; NULL for nobody. Called by definer functions alone.';
