-- Schema, database roles and tables of the kernel. Functions and views follow in the next file, from sql/.
-- The kernel knows no application table and no key type: principals are text here.

-- +goose Up
-- What ordinary users have put into public must not be found in place of PostgreSQL's own.
SET LOCAL search_path = pg_catalog, pg_temp;

-- +goose StatementBegin
DO $$
DECLARE
    name text;
BEGIN
    -- Under somebody else's version table these files would mix with theirs, or be taken for applied.
    IF to_regclass('public.rls_goose_version') IS NULL THEN
        RAISE EXCEPTION 'these migrations need a version table of their own'
            USING ERRCODE = 'RL410', HINT = 'Run goose with -table public.rls_goose_version, or use rlsctl migrate up.';
    END IF;
    -- Whoever may create in a schema of the search_path must not have put it there: its rows would be believed.
    IF EXISTS (
        SELECT FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_roles AS r ON r.oid = c.relowner
        WHERE c.oid = to_regclass('public.rls_goose_version') AND (
            NOT (r.rolname = current_user OR r.rolsuper
                 OR c.relowner = (SELECT d.datdba FROM pg_catalog.pg_database AS d WHERE d.datname = current_database()))
            OR c.relkind <> 'r' OR c.relhasrules OR c.relrowsecurity
            OR EXISTS (SELECT FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = c.oid))
    ) THEN
        RAISE EXCEPTION 'table public.rls_goose_version is not the kernel''s version table'
            USING ERRCODE = 'RL414', HINT = 'Look at it, and drop it.';
    END IF;
    IF current_setting('server_version_num')::integer < 150000 THEN
        RAISE EXCEPTION 'PostgreSQL 15 or later is needed, this is %', current_setting('server_version')
            USING ERRCODE = 'RL411', HINT = 'Upgrade the server.';
    END IF;
    -- Database roles are shared by all databases of a cluster, so another database may have made them, or be at it.
    -- rls_client may call the functions; policies of one form each are TO rls_any, rls_narrow, rls_middle,
    -- rls_wide and rls_all.
    FOREACH name IN ARRAY ARRAY['rls_owner', 'rls_client', 'rls_any', 'rls_narrow', 'rls_middle', 'rls_wide', 'rls_all'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
        END;
        IF EXISTS (
            SELECT FROM pg_catalog.pg_roles AS r
            WHERE r.rolname = name AND (r.rolcanlogin OR r.rolsuper OR r.rolbypassrls)
        ) THEN
            RAISE EXCEPTION '% exists with LOGIN, SUPERUSER or BYPASSRLS', name
                USING ERRCODE = 'RL412', HINT = format('ALTER ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS;', name);
        END IF;
    END LOOP;
    -- Membership in rls_owner lasts for this transaction alone; a database superuser needs none.
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'GRANT rls_owner TO CURRENT_USER';
    END IF;
    EXECUTE 'CREATE SCHEMA rls AUTHORIZATION rls_owner';
END
$$;
-- +goose StatementEnd

SET LOCAL ROLE rls_owner;

COMMENT ON SCHEMA rls IS 'Row-level security compiled from a model. Everything in here belongs to rls_owner.';
-- Roles without a privilege in a database could be dropped by another one of the cluster.
GRANT USAGE ON SCHEMA rls TO rls_client, rls_any, rls_narrow, rls_middle, rls_wide, rls_all;

-- Who a transaction acts for.
CREATE TYPE rls.identity AS (
    kind text,            -- user, service, anonymous
    key text,             -- the user's key or the service's name
    channel text,         -- token, login, impersonating, maintenance
    tenant text,
    client_ip text,
    second_factor boolean,
    attributes text       -- name=hex, joined by commas
);
COMMENT ON TYPE rls.identity IS 'Who a transaction acts for, and how the database knows.';

-- The same, as far as a decision needs it: NULL for nobody and for whoever may do nothing.
CREATE TYPE rls.subject AS (
    kind text,
    key text,
    superuser boolean,
    grantees text[]       -- whom a grant can name to reach this principal
);
COMMENT ON TYPE rls.subject IS 'An admitted principal with the grantees that stand for it.';

CREATE TABLE rls."user" (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    login text NOT NULL UNIQUE CHECK (login <> ''),
    subject text UNIQUE CHECK (subject <> ''),
    name text NOT NULL DEFAULT '',
    is_active boolean NOT NULL DEFAULT true,
    is_superuser boolean NOT NULL DEFAULT false,
    is_staff boolean NOT NULL DEFAULT false,
    supervisor_id uuid REFERENCES rls."user" CHECK (supervisor_id <> id),
    created_by_id uuid REFERENCES rls."user" CHECK (created_by_id <> id),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX user_supervisor_id ON rls."user" (supervisor_id);
CREATE INDEX user_created_by_id ON rls."user" (created_by_id);
COMMENT ON TABLE rls."user" IS 'The toolkit''s own users, for models that name no table of theirs.';

CREATE TABLE rls."group" (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE CHECK (name <> ''),
    created_by_id uuid REFERENCES rls."user",
    share_members_visibility boolean NOT NULL DEFAULT false,
    share_creator_visibility boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX group_created_by_id ON rls."group" (created_by_id);
COMMENT ON TABLE rls."group" IS 'The toolkit''s own groups, for models that name no table of theirs.';

CREATE TABLE rls.group_member (
    group_id uuid NOT NULL REFERENCES rls."group" ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES rls."user" ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_member_user_id ON rls.group_member (user_id);
COMMENT ON TABLE rls.group_member IS 'Who is a member of which of the toolkit''s own groups.';

CREATE TABLE rls.resource (
    name text PRIMARY KEY,
    table_schema text NOT NULL,
    table_name text NOT NULL,
    title text NOT NULL DEFAULT '',
    key_columns text[] NOT NULL,
    actions text[] NOT NULL,
    owned boolean NOT NULL,
    owned_by_user boolean NOT NULL DEFAULT true, -- else by groups alone, if at all
    write_scope text NOT NULL CHECK (write_scope IN ('visible', 'hierarchy', 'self')),
    owner_check text NOT NULL CHECK (owner_check IN ('visible', 'self', 'any')),
    hidden boolean NOT NULL DEFAULT false,
    UNIQUE (table_schema, table_name) DEFERRABLE INITIALLY DEFERRED -- a model may swap the tables of two resources
);
COMMENT ON TABLE rls.resource IS 'The protected tables, as the applied model declares them.';

CREATE TABLE rls."grant" (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    grantee text NOT NULL CHECK (grantee IN ('authenticated', 'everyone') OR grantee ~ '^(user|group|role|service):.'),
    action text NOT NULL CHECK (action = lower(btrim(action)) AND action <> ''),
    resource text NOT NULL REFERENCES rls.resource ON DELETE CASCADE,
    valid_from timestamptz,
    valid_until timestamptz CHECK (valid_until > valid_from),
    given_by text NOT NULL DEFAULT session_user,
    given_at timestamptz NOT NULL DEFAULT now(),
    seed text,            -- identity of the line of the model that it came from
    UNIQUE NULLS NOT DISTINCT (resource, action, grantee, valid_from, valid_until)
);
CREATE INDEX grant_grantee ON rls."grant" (grantee);
COMMENT ON TABLE rls."grant" IS 'Who may do what on which resource; valid_from is included, valid_until is not.';

CREATE TABLE rls.service (
    name text PRIMARY KEY CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    gateways text[]       -- whose tokens may claim it; NULL: of those that are registered with it
);
COMMENT ON TABLE rls.service IS 'The services that the applied model names: principals without a user.';

CREATE TABLE rls.service_allow (
    service text NOT NULL REFERENCES rls.service ON DELETE CASCADE,
    resource text NOT NULL REFERENCES rls.resource ON DELETE CASCADE,
    action text NOT NULL,
    PRIMARY KEY (service, resource, action)
);
CREATE INDEX service_allow_resource ON rls.service_allow (resource);
COMMENT ON TABLE rls.service_allow IS 'What services may do to the rows of a resource, whoever owns them.';

CREATE TABLE rls.directory (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    mapping jsonb NOT NULL
);
COMMENT ON TABLE rls.directory IS 'Where the users and groups of the applied model are, for those who administer them.';

CREATE TABLE rls.database_role (
    name text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('client', 'maintenance')),
    position integer NOT NULL
);
COMMENT ON TABLE rls.database_role IS 'The client roles and maintenance roles of the applied model.';

CREATE TABLE rls.schema_rule (
    name text PRIMARY KEY,
    closed boolean NOT NULL,            -- every table is a resource, or open
    open text[] NOT NULL                -- tables left alone on purpose
);
COMMENT ON TABLE rls.schema_rule IS 'The schemas that the applied model has decided about.';

CREATE TABLE rls.plan_role (
    client_role text NOT NULL REFERENCES rls.database_role ON DELETE CASCADE,
    form text NOT NULL CHECK (form IN ('any', 'narrow', 'middle', 'wide', 'all')),
    role text NOT NULL,
    PRIMARY KEY (client_role, form)
);
COMMENT ON TABLE rls.plan_role IS 'The database role that a principal takes on entering, so that policies of the fitting form apply.';

CREATE TABLE rls.login (
    name text PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('gateway', 'person', 'impersonating')),
    principal text,       -- key of the user that a person's login stands for
    second_factor boolean NOT NULL DEFAULT false,
    client_role text NOT NULL,
    given jsonb NOT NULL DEFAULT '{}', -- memberships and the like that registering it gave, so that removing takes just those
    created_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((kind = 'person') = (principal IS NOT NULL))
);
COMMENT ON TABLE rls.login IS 'What each database login is: exactly one kind. A login that is not here is nobody.';

CREATE TABLE rls.impersonation (
    login text NOT NULL REFERENCES rls.login ON DELETE CASCADE,
    role text NOT NULL,
    principal text NOT NULL,
    PRIMARY KEY (login, role)
);
COMMENT ON TABLE rls.impersonation IS 'Which database role stands for which user on an impersonating login.';

CREATE TABLE rls.gateway (
    login text PRIMARY KEY REFERENCES rls.login ON DELETE CASCADE,
    signed boolean NOT NULL DEFAULT true,
    users boolean NOT NULL DEFAULT false,
    anonymous boolean NOT NULL DEFAULT false,
    services text[] NOT NULL DEFAULT '{}',
    tenants text[],       -- NULL: any
    on_nobody text NOT NULL DEFAULT 'error' CHECK (on_nobody IN ('error', 'empty')),
    max_transaction interval NOT NULL DEFAULT '15 minutes' CHECK (max_transaction > interval '0')
);
COMMENT ON TABLE rls.gateway IS 'Applications behind a shared login, and what their tokens may claim.';

CREATE TABLE rls.adoption (
    login text PRIMARY KEY REFERENCES rls.login ON DELETE CASCADE,
    client_role text NOT NULL,
    owner_role text,      -- of what the login owned; NULL: nothing
    made text[] NOT NULL, -- database roles that were created for it
    acts_as text[] NOT NULL, -- database roles in whose name the way back is
    settings text[] NOT NULL, -- that it started with, and may go on starting with
    position bigint GENERATED ALWAYS AS IDENTITY
);
COMMENT ON TABLE rls.adoption IS 'Logins that owned tables or held privileges before they became gateways.';

CREATE TABLE rls.adoption_step (
    login text NOT NULL REFERENCES rls.adoption ON DELETE CASCADE,
    step integer NOT NULL,
    place integer NOT NULL,
    run_as text NOT NULL, -- empty: whoever releases it
    undo text NOT NULL,
    PRIMARY KEY (login, step, place)
);
COMMENT ON TABLE rls.adoption_step IS 'How to put back what adoption changed: the last step first, its statements in their places.';

-- Secrets are generated columns, which a dump leaves out and a restore computes anew: so no dump holds a key, and a copy that
-- was restored somewhere believes no token and no context of the original. IMMUTABLE is a lie that makes them such columns.
CREATE FUNCTION rls.key_part(part integer)
RETURNS bytea
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN substr(decode(nullif(current_setting('rls.new_key', true), ''), 'hex'), part * 64 + 1, 64);
REVOKE ALL ON FUNCTION rls.key_part(integer) FROM PUBLIC;
COMMENT ON FUNCTION rls.key_part(integer) IS 'A pad of the key that rls.add_key is storing; NULL where it is not.';

-- gen_random_uuid draws from the operating system; each half holds 244 bits of it.
CREATE FUNCTION rls.random_pad()
RETURNS bytea
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN (SELECT string_agg(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), ''::bytea) FROM generate_series(1, 2));
REVOKE ALL ON FUNCTION rls.random_pad() FROM PUBLIC;
COMMENT ON FUNCTION rls.random_pad() IS 'A pad that is drawn here, and known to nobody.';

CREATE FUNCTION rls.this_database()
RETURNS oid
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database());
REVOKE ALL ON FUNCTION rls.this_database() FROM PUBLIC;
COMMENT ON FUNCTION rls.this_database() IS 'This database among those of its cluster.';

-- HMAC pads rather than keys: as secret as the key, and ready to use. Keys are added by rls.add_key. One without pads came
-- with a restored dump, and nothing that it signed is valid here.
CREATE TABLE rls.gateway_key (
    gateway text NOT NULL REFERENCES rls.gateway ON DELETE CASCADE,
    id text NOT NULL CHECK (id ~ '^[A-Za-z0-9_-]{1,32}$'),
    inner_pad bytea GENERATED ALWAYS AS (rls.key_part(0)) STORED CHECK (length(inner_pad) = 64),
    outer_pad bytea GENERATED ALWAYS AS (rls.key_part(1)) STORED CHECK (length(outer_pad) = 64),
    position bigint GENERATED ALWAYS AS IDENTITY,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (gateway, id)
);
COMMENT ON TABLE rls.gateway_key IS 'The keys that a gateway''s tokens are signed with; two are valid during a rotation.';

-- Two pads that have no key in common are as good as those of one: NMAC, of which HMAC is the case with a single key.
CREATE TABLE rls.seal (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    inner_pad bytea NOT NULL GENERATED ALWAYS AS (rls.random_pad()) STORED CHECK (length(inner_pad) = 64),
    outer_pad bytea NOT NULL GENERATED ALWAYS AS (rls.random_pad()) STORED CHECK (length(outer_pad) = 64),
    drawn_in oid NOT NULL GENERATED ALWAYS AS (rls.this_database()) STORED -- a copy made by CREATE DATABASE has the original's
);
COMMENT ON TABLE rls.seal IS 'The key that contexts are sealed with. It never leaves the database.';

-- Multiranges of keys that have none of their own. Collation "C": bytes decide, as they do for equality.
CREATE TYPE rls.uuid_range AS RANGE (subtype = uuid, multirange_type_name = rls.uuid_multirange);
CREATE TYPE rls.text_range AS RANGE (subtype = text, collation = "C", multirange_type_name = rls.text_multirange);

-- Never the same for a copy that was restored elsewhere: transaction numbers mean nothing there, or the rows are not all the
-- same. IMMUTABLE is a lie that makes it a generated column, which a dump leaves out and a restore computes anew.
CREATE FUNCTION rls.cluster()
RETURNS bigint
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
SECURITY INVOKER
RETURN (SELECT hashint8extended(c.system_identifier, rls.this_database()::bigint) FROM pg_control_system() AS c);
REVOKE ALL ON FUNCTION rls.cluster() FROM PUBLIC;
COMMENT ON FUNCTION rls.cluster() IS 'Identifies this database of this cluster.';

-- Whom a user sees through the hierarchy, as of a snapshot. Derived: it can be emptied at any time.
CREATE TABLE rls.visible_set (
    viewer text PRIMARY KEY,
    model text NOT NULL,                -- the graph that it was computed under
    snapshot pg_snapshot NOT NULL,
    since xid8 NOT NULL,                -- xmin of the snapshot: no change before it is missing here
    xid xid8 NOT NULL,                  -- of the transaction that wrote it
    computed_on bigint NOT NULL,        -- the cluster that the transaction numbers are of
    restored_on bigint NOT NULL GENERATED ALWAYS AS (rls.cluster()) STORED,
    size integer NOT NULL,
    form text NOT NULL CHECK (form IN ('narrow', 'middle', 'wide', 'all')),
    -- What else decides about the viewer, while the watermarks stand where they stood then: see rls.remember.
    version bigint,                     -- another one each time that something is written down
    decided bigint,                     -- rls.state_watermark
    marked bigint,                      -- rls.watermark: then the set was right, too
    until timestamptz NOT NULL DEFAULT 'infinity', -- when a grant begins or ends
    allowed jsonb NOT NULL DEFAULT '{}', -- actions by resource: none for whom more has to be asked
    brief text,                         -- what a memo says: all that questions are answered with, or where this row says it
    ids_int bigint[],
    ids_uuid uuid[],
    ids_text text[],
    bits varbit,                        -- of integer keys that lie dense: bit n, from 1, is key n
    ranges_int int8multirange,
    ranges_uuid rls.uuid_multirange,
    ranges_text rls.text_multirange,
    buckets bytea                       -- of uuid and text keys, where there are very many: see rls.buckets
);
-- Read whole at each statement, but for the buckets, of which each row reads one: what is compressed would be unpacked each time.
ALTER TABLE rls.visible_set
    ALTER ids_int SET STORAGE EXTERNAL, ALTER ids_uuid SET STORAGE EXTERNAL, ALTER ids_text SET STORAGE EXTERNAL,
    ALTER bits SET STORAGE EXTERNAL,
    ALTER ranges_int SET STORAGE EXTERNAL, ALTER ranges_uuid SET STORAGE EXTERNAL, ALTER ranges_text SET STORAGE EXTERNAL,
    ALTER buckets SET STORAGE EXTERNAL;
COMMENT ON TABLE rls.visible_set IS 'Whom a user sees through the hierarchy, as of a snapshot; changes since then are in rls.graph_change.';

-- Watermarks: the highest transaction that has changed the hierarchy, that has changed what else decides about a
-- principal, and that has changed either. Sequences, because theirs is the one value that a transaction shows to others
-- before it commits. Whoever changes something raises the marks before that. So as long as a mark stands where it stood
-- below every transaction then running, nothing has changed since.
CREATE SEQUENCE rls.graph_watermark AS bigint MINVALUE 0 START 0;
CREATE SEQUENCE rls.state_watermark AS bigint MINVALUE 0 START 0;
CREATE SEQUENCE rls.watermark AS bigint MINVALUE 0 START 0;
COMMENT ON SEQUENCE rls.graph_watermark IS 'The highest transaction that has changed the hierarchy.';
COMMENT ON SEQUENCE rls.state_watermark IS 'The highest transaction that has changed users, groups, members, grants, resources or logins.';
COMMENT ON SEQUENCE rls.watermark IS 'The higher of both: all that a question has to look at.';
CREATE SEQUENCE rls.set_version AS bigint;
COMMENT ON SEQUENCE rls.set_version IS 'Versions of rows of rls.visible_set.';
-- The key that memos are sealed with, and when it was drawn, in seconds since 1970. Sequences, because reading one takes no query,
-- by pg_sequence_last_value. Nobody else has a privilege on them. A dump holds the key, so it is drawn anew every five minutes.
CREATE SEQUENCE rls.memo_key_1 AS bigint MINVALUE 0 START 0;
CREATE SEQUENCE rls.memo_key_2 AS bigint MINVALUE 0 START 0;
CREATE SEQUENCE rls.memo_key_drawn AS bigint MINVALUE 0 START 0;
COMMENT ON SEQUENCE rls.memo_key_1 IS 'Half of the key that memos are sealed with.';
COMMENT ON SEQUENCE rls.memo_key_2 IS 'The other half of the key that memos are sealed with.';
COMMENT ON SEQUENCE rls.memo_key_drawn IS 'When the key that memos are sealed with was drawn.';
-- Locked for the moment of raising a mark. Nobody else has a privilege on it, as they would have on an advisory lock.
CREATE TABLE rls.watermark_turn ();
COMMENT ON TABLE rls.watermark_turn IS 'The lock of those who raise a watermark.';

-- What has changed for whom. A set is right where it knows every change for its viewer that a reader sees.
CREATE TABLE rls.graph_change (
    id bigint GENERATED ALWAYS AS IDENTITY,
    viewer text NOT NULL,               -- '*', where seen is NULL and visible is true: for everybody
    seen text,                          -- NULL: compute anew
    visible boolean,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    cluster bigint NOT NULL             -- that the transaction number is of
);
CREATE INDEX graph_change_viewer ON rls.graph_change (viewer, xid);
COMMENT ON TABLE rls.graph_change IS 'Changes of the hierarchy, for each viewer whom they affect.';

-- An edge that is new or gone.
CREATE TYPE rls.edge_change AS (
    kind text,
    viewer text,
    seen text,
    gone boolean
);
COMMENT ON TYPE rls.edge_change IS 'An edge of the people graph that is new or gone.';

-- What the running change has taken away so far: a cascade takes a path away edge by edge, and only together they tell
-- whose path it was. Nobody reads it afterwards.
CREATE UNLOGGED TABLE rls.edge_gone (
    kind text NOT NULL,
    viewer text NOT NULL,
    seen text NOT NULL
);
CREATE INDEX edge_gone_viewer ON rls.edge_gone (viewer);
CREATE INDEX edge_gone_seen ON rls.edge_gone (seen);
COMMENT ON TABLE rls.edge_gone IS 'Edges that the transaction which holds rls.graph_lock has taken away.';

-- Whoever changes the hierarchy updates this row first, and so waits for whoever does so at the same time: each must
-- see the paths that the other has made. Under REPEATABLE READ the update raises 40001 where that is too late.
CREATE TABLE rls.graph_lock (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    xid xid8,
    cluster bigint
) WITH (fillfactor = 10);
INSERT INTO rls.graph_lock DEFAULT VALUES;
COMMENT ON TABLE rls.graph_lock IS 'The lock of those who change the hierarchy.';

CREATE TABLE rls.compiled (
    kind text NOT NULL,
    name text NOT NULL,
    resource text NOT NULL DEFAULT '',
    title text NOT NULL,
    table_name text NOT NULL DEFAULT '',
    shape text NOT NULL,
    hash text NOT NULL,
    fingerprint text NOT NULL,
    undo text NOT NULL,
    as_owner boolean NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, name)
);
COMMENT ON TABLE rls.compiled IS 'The manifest: every object that apply made, and how to put back what was there before.';

-- What undo statements cannot say: that nothing was written there, and the order of what was.
CREATE TABLE rls.acl_before (
    object text PRIMARY KEY,            -- schema, table or column, every part quoted
    acl text                            -- as the catalog had it
);
COMMENT ON TABLE rls.acl_before IS 'The privileges of what the toolkit grants on, as they were before.';

CREATE TABLE rls.lifted (
    table_oid oid PRIMARY KEY,
    table_schema text NOT NULL,
    table_name text NOT NULL,
    login text NOT NULL DEFAULT session_user,
    since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE rls.lifted IS 'Protected tables that a maintenance has taken FORCE ROW LEVEL SECURITY off and not put it back yet.';

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

-- goose writes its version table in this transaction.
RESET search_path;

-- +goose Down
-- What ordinary users have put into public must not be found in place of PostgreSQL's own.
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
DROP TABLE rls.directory, rls.service_allow, rls.service;
DROP TABLE rls.lifted, rls.acl_before, rls.compiled, rls.watermark_turn, rls.graph_lock, rls.edge_gone, rls.graph_change, rls.visible_set, rls.seal, rls.gateway_key, rls.adoption_step, rls.adoption, rls.gateway,
    rls.impersonation, rls.login, rls.plan_role, rls.schema_rule, rls.database_role, rls."grant", rls.resource, rls.group_member, rls."group", rls."user";
DROP SEQUENCE rls.set_version, rls.watermark, rls.graph_watermark, rls.state_watermark, rls.memo_key_1, rls.memo_key_2, rls.memo_key_drawn;
DROP FUNCTION rls.cluster();
DROP FUNCTION rls.this_database();
DROP FUNCTION rls.random_pad();
DROP FUNCTION rls.key_part(integer);
DROP TYPE rls.edge_change;
DROP TYPE rls.uuid_range;
DROP TYPE rls.text_range;
DROP TYPE rls.subject;
DROP TYPE rls.identity;
DROP SCHEMA rls;
RESET ROLE;

-- +goose StatementBegin
DO $$
DECLARE
    name text;
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE 'REVOKE rls_owner FROM CURRENT_USER';
    END IF;
    FOREACH name IN ARRAY ARRAY['rls_any', 'rls_narrow', 'rls_middle', 'rls_wide', 'rls_all', 'rls_client', 'rls_owner'] LOOP
        -- Another database of the cluster may still use them, and a client role may still be a member.
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_catalog.pg_auth_members AS m
            JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid AND r.rolname = name
            JOIN pg_catalog.pg_roles AS u ON u.oid = m.member AND u.rolname <> current_user
        );
        BEGIN
            EXECUTE format('DROP ROLE IF EXISTS %I', name);
        EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
        END;
    END LOOP;
END
$$;
-- +goose StatementEnd

RESET search_path;
