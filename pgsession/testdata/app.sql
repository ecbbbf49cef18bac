-- An application of one table, with the functions that apply would compile for it written by hand.
CREATE SCHEMA app;
CREATE TABLE app.note (id bigint PRIMARY KEY, owner text NOT NULL, title text NOT NULL DEFAULT '');
INSERT INTO app.note VALUES (1, 'anna', 'one'), (2, 'anna', 'two'), (3, 'bob', 'three'), (4, 'bob', 'four');
CREATE TABLE app.counter (id bigserial PRIMARY KEY, parent bigint,
    CONSTRAINT counter_parent FOREIGN KEY (parent) REFERENCES app.counter DEFERRABLE INITIALLY DEFERRED);
ALTER TABLE app.note ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.note FORCE ROW LEVEL SECURITY;
-- Everybody reads what is theirs; anna changes what is hers.
CREATE POLICY note_read_owner ON app.note AS PERMISSIVE FOR SELECT TO rls_client
    USING (owner = (SELECT rls.principal()));
CREATE POLICY note_update_owner ON app.note AS PERMISSIVE FOR UPDATE TO rls_client
    USING (owner = (SELECT rls.principal()) AND id <> 2)
    WITH CHECK (owner = (SELECT rls.principal()));
GRANT USAGE ON SCHEMA app TO rls_client;
GRANT SELECT, INSERT, UPDATE ON app.note, app.counter TO rls_client;
GRANT USAGE ON SEQUENCE app.counter_id_seq TO rls_client;

CREATE FUNCTION rls.find_user(kind text, name text) RETURNS text LANGUAGE sql STABLE
    RETURN CASE WHEN kind = 'key' THEN name WHEN name = 'sub-anna' THEN 'anna' END;
CREATE FUNCTION rls.user_state(key text) RETURNS TABLE (is_active boolean, is_superuser boolean) LANGUAGE sql STABLE
    AS $$ SELECT true, false $$;
CREATE FUNCTION rls.user_groups(key text) RETURNS text[] LANGUAGE sql STABLE RETURN '{}'::text[];
CREATE FUNCTION rls.objects_note(word text, keys text[]) RETURNS text[] LANGUAGE sql STABLE
    RETURN ARRAY(SELECT n.id::text FROM app.note AS n WHERE n.id::text = ANY (keys) AND (word = 'read' OR n.id <> 2));
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA rls TO rls_client, rls_owner;
INSERT INTO rls.resource (name, table_schema, table_name, key_columns, actions, owned, write_scope, owner_check)
VALUES ('note', 'app', 'note', '{id}', '{create,read,update,delete}', true, 'visible', 'visible');
INSERT INTO rls."grant" (grantee, action, resource)
VALUES ('user:anna', 'read', 'note'), ('user:anna', 'update', 'note'), ('user:bob', 'read', 'note');
CREATE FUNCTION rls.prepare(kind text, value text, OUT key text, OUT form text, OUT mark bigint, OUT brief text, OUT until timestamptz) LANGUAGE sql STABLE
    AS $$ SELECT CASE WHEN kind = 'user' THEN value WHEN value = 'sub-anna' THEN 'anna' END, 'narrow', NULL::bigint, NULL::text, NULL::timestamptz $$;
INSERT INTO rls.session_attribute (name, type) SELECT n, 'text' FROM unnest(ARRAY['zone', 'a', 'b', 'a1', 'a_', 'a_1', repeat('a', 63)]) AS n;
