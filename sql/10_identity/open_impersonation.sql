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
REVOKE ALL ON FUNCTION rls.open_impersonation(text, text) FROM PUBLIC;
COMMENT ON FUNCTION rls.open_impersonation(text, text) IS 'Seals a context without a token, for maintenance roles.';
