-- Who this transaction acts for, by the channel of its login; NULL for nobody.
-- plpgsql because it raises, and because its plans are kept: an SQL function with a SET clause is planned anew at each
-- call up to PostgreSQL 17.
CREATE OR REPLACE FUNCTION rls.identify()
RETURNS rls.identity
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    context text := nullif(current_setting('rls.context', true), '');
    body text;
    field text[];
    who rls.identity;
    known rls.login;
BEGIN
    SELECT l.* INTO known FROM rls.login AS l WHERE l.name = session_user;
    -- A seal counts for the kinds of logins that can get one: a person's login is the person, whatever it is told.
    IF context IS NOT NULL AND (known.kind IS NULL OR known.kind = 'gateway') THEN
        -- kind|key|channel|tenant|client|factor|attributes|deadline|mac, texts in hexadecimal
        body := left(context, -65);
        IF right(context, 65) ~ '^[|][0-9a-f]{64}$' AND rls.seal_context(body) = context THEN
            field := string_to_array(body, '|');
            IF cardinality(field) <> 8 OR field[3] IS DISTINCT FROM (CASE known.kind WHEN 'gateway' THEN 'token' ELSE 'maintenance' END) THEN
                RAISE EXCEPTION 'the context of this transaction is not valid' USING ERRCODE = 'RL003', HINT = 'Enter again.';
            END IF;
            -- By the clock: one statement can run for longer than the transaction may.
            IF clock_timestamp() >= to_timestamp(field[8]::double precision) THEN
                RAISE EXCEPTION 'the transaction has outlived its principal'
                    USING ERRCODE = 'RL002', HINT = 'Start a new transaction and enter again.';
            END IF;
            who.kind := field[1];
            who.key := convert_from(decode(field[2], 'hex'), 'UTF8');
            who.channel := field[3];
            who.tenant := nullif(convert_from(decode(field[4], 'hex'), 'UTF8'), '');
            who.client_ip := nullif(convert_from(decode(field[5], 'hex'), 'UTF8'), '');
            who.second_factor := field[6] = '1';
            who.attributes := field[7];
            RETURN who;
        END IF;
    END IF;

    CASE known.kind
    WHEN 'gateway' THEN
        IF context IS NOT NULL THEN
            RAISE EXCEPTION 'the context of this transaction is not valid'
                USING ERRCODE = 'RL003', HINT = 'Enter with rls.enter(token); do not set rls.context.';
        END IF;
        IF (SELECT g.on_nobody FROM rls.gateway AS g WHERE g.login = known.name) IS DISTINCT FROM 'empty' THEN
            RAISE EXCEPTION 'nobody has entered this transaction'
                USING ERRCODE = 'RL001', HINT = 'Call rls.enter(token) first, in the same transaction.';
        END IF;
    WHEN 'person' THEN
        -- Settings are ignored here: the login is the principal.
        who.kind := 'user';
        who.key := known.principal;
        who.channel := 'login';
        who.second_factor := known.second_factor;
    WHEN 'impersonating' THEN
        SELECT 'user', i.principal, 'impersonating', known.second_factor
        INTO who.kind, who.key, who.channel, who.second_factor
        FROM rls.impersonation AS i
        WHERE i.login = known.name
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
COMMENT ON FUNCTION rls.identify() IS 'Who this transaction acts for; NULL for nobody.';
