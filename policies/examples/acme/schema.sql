-- ACME writes notes. Each has one owner: who wrote it.
-- The people are the toolkit's own users and groups, so the kernel has to be installed first: rlsctl migrate up.
-- So have its two database roles: CREATE ROLE acme_app NOLOGIN; CREATE ROLE acme_admin NOLOGIN;

CREATE TABLE public.note (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_by_id uuid NOT NULL REFERENCES rls."user",
    title text NOT NULL,
    body text NOT NULL DEFAULT '',
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'published'))
);
-- The policies ask for the rows of some owners: without an index that reads the whole table.
CREATE INDEX note_created_by_id ON public.note (created_by_id);

-- The applications' table privileges belong to one database role. It cannot log in; logins are members.
GRANT USAGE ON SCHEMA public TO acme_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.note TO acme_app;
-- Migrations, imports and backups see every row.
GRANT USAGE ON SCHEMA public TO acme_admin;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.note TO acme_admin;
