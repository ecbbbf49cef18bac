package integration

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/leave"
	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/internal/pgserver"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// stranger is a schema with everything that somebody may have set up before the toolkit came: what is there after leaving
// must be what was there before.
const stranger = `
	CREATE ROLE boss_owner NOLOGIN;
	CREATE ROLE "App; Role" NOLOGIN;
	CREATE ROLE app_ro NOLOGIN;
	CREATE ROLE mover NOLOGIN BYPASSRLS;
	CREATE ROLE auditor NOLOGIN;
	CREATE ROLE other NOLOGIN NOINHERIT;
	CREATE ROLE old_login LOGIN IN ROLE "App; Role";
	CREATE ROLE old_gate LOGIN NOINHERIT CONNECTION LIMIT 7;
	GRANT "App; Role" TO other WITH ADMIN OPTION;
	ALTER ROLE old_login SET statement_timeout = '5s';
	ALTER ROLE old_gate IN DATABASE place SET lock_timeout = '1s';
	GRANT CONNECT, TEMPORARY ON DATABASE place TO "App; Role";
	CREATE SCHEMA people AUTHORIZATION boss_owner;                    -- nspacl stays NULL
	CREATE SCHEMA "Work Place" AUTHORIZATION boss_owner;
	GRANT USAGE ON SCHEMA "Work Place" TO auditor, "App; Role", app_ro, old_gate;
	ALTER DEFAULT PRIVILEGES FOR ROLE boss_owner IN SCHEMA "Work Place" GRANT SELECT ON TABLES TO auditor;
	ALTER DEFAULT PRIVILEGES FOR ROLE boss_owner GRANT USAGE ON SEQUENCES TO app_ro;
	CREATE SCHEMA late AUTHORIZATION boss_owner;
	GRANT USAGE ON SCHEMA late TO PUBLIC, old_gate;
	SET ROLE boss_owner;
	CREATE TABLE people.person (id bigint PRIMARY KEY, login text UNIQUE, boss bigint REFERENCES people.person); -- relacl NULL
	COMMENT ON TABLE people.person IS 'whoever works here';
	CREATE TABLE people.deputy (viewer bigint, seen bigint, PRIMARY KEY (viewer, seen));
	GRANT SELECT ON people.deputy TO auditor WITH GRANT OPTION;
	CREATE TABLE "Work Place".note (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner_id bigint, body text, secret text);
	GRANT TRUNCATE ON "Work Place".note TO "App; Role" WITH GRANT OPTION; -- an item of its own, in the middle
	GRANT SELECT, INSERT, UPDATE, DELETE, REFERENCES, TRIGGER ON "Work Place".note TO app_ro;
	GRANT TRUNCATE ON "Work Place".note TO PUBLIC;
	GRANT SELECT (id, body), UPDATE (body) ON "Work Place".note TO other;
	GRANT REFERENCES (id), SELECT (id) ON "Work Place".note TO "App; Role";
	GRANT REFERENCES (id) ON "Work Place".note TO PUBLIC;
	GRANT SELECT (id) ON "Work Place".note TO other WITH GRANT OPTION;
	CREATE TABLE "Work Place"."Ev""ent" (id uuid PRIMARY KEY, owner_id bigint, at date NOT NULL) WITH (fillfactor = 70);
	ALTER TABLE "Work Place"."Ev""ent" ENABLE ROW LEVEL SECURITY;
	CREATE POLICY mine ON "Work Place"."Ev""ent" FOR SELECT TO auditor USING (at > '2020-01-01');
	CREATE POLICY never ON "Work Place"."Ev""ent" AS RESTRICTIVE FOR DELETE TO app_ro USING (false);
	COMMENT ON POLICY mine ON "Work Place"."Ev""ent" IS 'by hand';
	GRANT ALL ON "Work Place"."Ev""ent" TO "App; Role";
	CREATE TABLE "Work Place".forced (id integer PRIMARY KEY, owner_id bigint);
	ALTER TABLE "Work Place".forced ENABLE ROW LEVEL SECURITY;
	ALTER TABLE "Work Place".forced FORCE ROW LEVEL SECURITY;
	CREATE TABLE late.half (id integer PRIMARY KEY, owner_id bigint);
	ALTER TABLE late.half FORCE ROW LEVEL SECURITY;
	CREATE TABLE "Work Place".part (id integer, owner_id bigint, PRIMARY KEY (id)) PARTITION BY RANGE (id);
	CREATE TABLE "Work Place".part_1 PARTITION OF "Work Place".part FOR VALUES FROM (0) TO (100);
	CREATE TABLE "Work Place".part_2 PARTITION OF "Work Place".part DEFAULT;
	GRANT SELECT ON "Work Place".part TO "App; Role";
	CREATE VIEW "Work Place".notes WITH (security_barrier) AS SELECT id, body FROM "Work Place".note;
	CREATE MATERIALIZED VIEW "Work Place".counts AS SELECT count(*) FROM "Work Place".note;
	GRANT SELECT ON "Work Place".notes TO "App; Role";
	CREATE FUNCTION "Work Place".touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
	CREATE TRIGGER rls_like BEFORE INSERT ON "Work Place".note FOR EACH ROW EXECUTE FUNCTION "Work Place".touch();
	ALTER TABLE "Work Place".note DISABLE TRIGGER rls_like;
	CREATE RULE quiet AS ON UPDATE TO late.half DO ALSO NOTHING;
	CREATE SEQUENCE "Work Place".numbers;
	GRANT USAGE ON SEQUENCE "Work Place".numbers TO "App; Role";
	CREATE TYPE "Work Place".mood AS ENUM ('good', 'bad');
	RESET ROLE;
	INSERT INTO people.person VALUES (1, 'ann', NULL), (2, 'ben', 1);
	INSERT INTO "Work Place".note (owner_id, body) VALUES (1, 'a'), (2, 'b');
	INSERT INTO "Work Place".part VALUES (1, 1), (200, 2);`

const strangerModel = `
version: 1
database: {client_roles: ["App; Role", app_ro], maintenance_roles: [mover]PLANS}
users:
  table: people.person
  key: id
  login: login
  sees: {supervisor: boss, deputy: {table: people.deputy, viewer: viewer, seen: seen}}
resources:
  note: {table: '"Work Place".note', owner: owner_id}
  event: {table: '"Work Place"."Ev""ent"', owner: owner_id, keep_policies: [mine]}
  forced: {table: '"Work Place".forced', owner: owner_id}
  half: {table: late.half, owner: owner_id}
  person: {table: people.person, owner: id}
grants:
  - {to: authenticated, allow: {note: [read, update], event: [read, delete], person: [read]}}
`

// applyTo is a model planned and carried out on a connection, whatever its hazards.
func applyTo(t testing.TB, conn *pgx.Conn, model string) {
	t.Helper()
	m, diags := pipeline.Parse("rls.yaml", []byte(model))
	if diags.HasErrors() {
		t.Fatalf("parse: %v", diags)
	}
	r, err := pipeline.Plan(t.Context(), conn, m)
	if err != nil {
		t.Fatalf("plan: %v", explain(err))
	}
	if r.Diagnostics.HasErrors() {
		t.Fatalf("check: %v", r.Diagnostics)
	}
	if err := pipeline.Apply(t.Context(), conn, m, r.Plan, apply.Options{Allow: apply.Hazards(r.Plan)}); err != nil {
		t.Fatalf("apply: %v\nnotes: %v", explain(err), r.Plan.Notes)
	}
}

// leaves takes the toolkit out, whatever the hazards, and returns the roles that stay.
func leaves(t testing.TB, conn *pgx.Conn) []string {
	t.Helper()
	p, err := leave.Look(t.Context(), conn)
	if err != nil {
		t.Fatal(explain(err))
	}
	stay, err := leave.Run(t.Context(), conn, p, apply.Options{Allow: p.Hazards()})
	if err != nil {
		t.Fatal(explain(err))
	}
	return stay
}

// place is a database of a cluster of its own.
func place(t testing.TB, s *pgserver.Server, name, schema string) *pgx.Conn {
	t.Helper()
	must(t, connect(t, s, "postgres"), "CREATE DATABASE "+name)
	conn := connect(t, s, name)
	must(t, conn, schema)
	must(t, conn, "RESET ALL; RESET ROLE")
	return conn
}

// TestLeaving compares every catalog, and what pg_dump and pg_dumpall write, before the toolkit and after leaving.
func TestLeaving(t *testing.T) {
	t.Parallel()
	added := func(t *testing.T, conn *pgx.Conn, client string) {
		t.Helper()
		dir := t.TempDir()
		for _, err := range []error{
			second(logins.AddPerson(t.Context(), conn, logins.Person{Login: "new_person", User: "ann", ClientRole: client})),
			second(logins.AddPerson(t.Context(), conn, logins.Person{Login: "old_login", User: "ben", ClientRole: client})),
			second(logins.AddGateway(t.Context(), conn, logins.Gateway{Login: "new_gate", Users: true, ClientRole: client, Key: logins.KeyFile{Path: filepath.Join(dir, "a")}})),
			second(logins.AddGateway(t.Context(), conn, logins.Gateway{Login: "old_gate", Users: true, ClientRole: client, Key: logins.KeyFile{Path: filepath.Join(dir, "b")}})),
			second(logins.AddImpersonating(t.Context(), conn, logins.Impersonating{Login: "bi", ClientRole: client,
				As: []logins.As{{Role: "new_person", User: "ann"}, {Role: "as_ben", User: "ben"}}})),
		} {
			if err != nil {
				t.Fatal(explain(err))
			}
		}
	}
	t.Run("northwind", func(t *testing.T) {
		t.Parallel()
		schema := northwind(t)
		s := cluster(t)
		conn := place(t, s, "place", "CREATE ROLE app NOLOGIN; CREATE ROLE migrator NOLOGIN;"+schema+
			"; SET search_path = public; GRANT SELECT, REFERENCES, TRUNCATE ON public.orders, public.employees TO app")
		model := strings.NewReplacer("{{app}}", "app", "{{migrator}}", "migrator").Replace(northwindModel)
		before, dumped := sysrows(t, conn), dumps(t, s, "place")
		for range 2 { // and once more: leaving leaves nothing that the next time would stumble over
			if _, err := kernel.Up(t.Context(), conn); err != nil {
				t.Fatal(explain(err))
			}
			applyTo(t, conn, model)
			if stay := leaves(t, conn); len(stay) > 0 {
				t.Errorf("roles stay: %v", stay)
			}
			sameText(t, sysrows(t, conn), before, "catalogs")
			sameText(t, dumps(t, s, "place"), dumped, "dumps")
		}
	})
	for _, plans := range []string{"by_viewer", "one"} {
		t.Run("a schema with everything/plans "+plans, func(t *testing.T) {
			t.Parallel()
			s := cluster(t)
			conn := place(t, s, "place", stranger)
			before, dumped := sysrows(t, conn), dumps(t, s, "place")
			if _, err := kernel.Up(t.Context(), conn); err != nil {
				t.Fatal(explain(err))
			}
			model := strings.Replace(strangerModel, "PLANS", ", plans: "+plans, 1)
			// In steps: what is put back is what was there before the first of them.
			applyTo(t, conn, strings.Replace(model, "  half: {table: late.half, owner: owner_id}\n", "", 1))
			added(t, conn, "App; Role")
			applyTo(t, conn, model) // with a schema that no gateway was registered for, and that one may use already
			applyTo(t, conn, strings.Replace(model, "key: id", "key: id\n  active: \"login IS NOT NULL\"", 1))
			must(t, conn, `INSERT INTO people.person VALUES (3, 'cat', 2); UPDATE people.person SET boss = 1 WHERE id = 3; DELETE FROM people.person WHERE id = 3`)
			if sysrows(t, conn) == before {
				t.Fatal("the toolkit changed nothing: nothing is proved")
			}
			if stay := leaves(t, conn); len(stay) > 0 {
				t.Errorf("roles stay: %v", stay)
			}
			sameText(t, sysrows(t, conn), before, "catalogs")
			sameText(t, dumps(t, s, "place"), dumped, "dumps")
		})
	}
}

func second[T any](_ T, err error) error { return err }
