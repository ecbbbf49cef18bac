package integration

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

const administered = `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"]}
services: {bot: {allow: {note: "*"}}}
resources:
  note: {table: public.note, owner: owner}
  person: {table: 'rls."user"', owner: id}
grants:
  - {to: authenticated, allow: {note: [read], person: "*"}}
`

// doors are the functions that administer, and what they need.
var doors = []string{
	"SELECT rls.directory_mapping()",
	"SELECT * FROM rls.list_grants()",
	"SELECT rls.resource_actions('{*}', 'note')",
	"SELECT rls.put_grant('everyone', '', 'delete', 'note')",
	"SELECT rls.put_grant('user', 'low', 'delete', 'note', NULL, NULL)",
	"SELECT rls.take_grant('authenticated', '', 'read', 'note')",
	"SELECT rls.take_grant_by_id(1)",
}

// inside are the pieces that they are made of, which no door leads to.
var inside = []string{
	"SELECT rls.store_grant('everyone', 'delete', 'note', NULL, NULL, 'x')",
	"SELECT rls.grantee('user', 'low')",
	"SELECT rls.administer()",
	"SELECT rls.is_maintenance()",
	"SELECT rls.declared_action('read', 'note')",
	"SELECT rls.seed_grant('everyone', '', 'delete', 'note', NULL, NULL, 'x')",
	`INSERT INTO rls."grant" (grantee, action, resource) VALUES ('everyone', 'delete', 'note')`,
	`DELETE FROM rls."grant"`,
	"UPDATE rls.directory SET mapping = '{}'",
	"SELECT mapping FROM rls.directory",
	`INSERT INTO rls."group" (name) VALUES ('x')`,
	"DELETE FROM rls.group_member",
}

// "administration from a maintenance connection": the database refuses everybody else, whatever they connect with.
func TestAdministrationIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, administered, `CREATE TABLE public.note (id integer PRIMARY KEY, owner uuid);
		GRANT SELECT, INSERT, UPDATE, DELETE ON public.note TO {{app}};`)
	w.sql(t, `INSERT INTO rls."user" (login, is_superuser) VALUES ('root', true), ('low', false)`)
	grants := func() string {
		return one(t, w.root, `SELECT string_agg(concat_ws(' ', g.grantee, g.action, g.resource, g.seed IS NULL), ';' ORDER BY g.id) FROM rls."grant" AS g`)
	}
	before := grants()
	all := append(append([]string{}, doors...), inside...)
	refused := func(t *testing.T, who string, q querier) {
		t.Helper()
		for _, sql := range all {
			if got := w.outcome(t, q, sql); got != rejected {
				t.Errorf("%s: %s: %s", who, sql, got)
			}
		}
	}
	g := w.gateway(t, "bot")
	for _, token := range []string{g.token("user", w.key(t, "root")), g.token("user", w.key(t, "low")), g.token("service", "bot"), g.token("anonymous", "")} {
		tx, who := entered(t, g.conn(t), token)
		refused(t, who, tx)
	}
	refused(t, "a bare gateway", begin(t, g.conn(t)))
	refused(t, "a superuser's login", w.person(t, "root"))
	login, roles := w.bi(t, "low")
	bi := w.db.Conn(t, login)
	must(t, bi, "SET ROLE "+roles["low"])
	refused(t, "an impersonating login", bi)
	refused(t, "a client role", w.db.Conn(t, w.db.Role(t, "client", "LOGIN IN ROLE "+w.role("app"))))

	// The grant of EXECUTE is not all: a login that principals come through does not administer even as a member.
	for _, kind := range []string{"gateway", "person"} {
		name := w.personLogin(t, "low", "app")
		w.sql(t, "GRANT {{migrator}} TO "+name)
		if kind == "gateway" {
			w.sql(t, "UPDATE rls.login SET kind = 'gateway', principal = NULL WHERE name = $1", name)
		}
		conn := w.db.Conn(t, name)
		must(t, conn, "SET ROLE "+w.role("migrator"))
		for _, sql := range doors {
			if got := w.outcome(t, conn, sql); got != rejected {
				t.Errorf("a %s in a maintenance role: %s: %s", kind, sql, got)
			}
		}
	}
	t.Run("with psql", func(t *testing.T) {
		for _, login := range []string{g.login, w.personLogin(t, "root", "app")} {
			for _, sql := range doors {
				if _, stderr, err := w.db.Psql(t, login, sql); err == nil || !strings.Contains(stderr, "permission denied for function") {
					t.Errorf("%s: %v %s", sql, err, stderr)
				}
			}
		}
	})
	if after := grants(); after != before {
		t.Errorf("before %s\nafter  %s", before, after)
	}

	t.Run("a member of a maintenance role", func(t *testing.T) {
		conn := w.db.Conn(t, w.db.Role(t, "admin", "LOGIN IN ROLE "+w.role("migrator")))
		for _, c := range []struct{ sql, want string }{
			{"SELECT rls.put_grant('user', 'low', 'edit', 'note')", "granted"},
			{"SELECT rls.put_grant('user', 'low', 'update', 'note')", "held"},
			{"SELECT rls.put_grant('authenticated', NULL, 'read', 'note')", "kept"},
			{"SELECT rls.put_grant('authenticated', NULL, 'read', 'note')", "held"},
			{"SELECT rls.put_grant('user', 'nobody', 'read', 'note')", "RL404"},
			{"SELECT rls.put_grant('role', 'x', 'read', 'note')", "RL404"},
			{"SELECT rls.put_grant('everyone', NULL, 'fly', 'note')", "RL010"},
			{"SELECT rls.put_grant('everyone', NULL, 'read', 'nose')", "RL011"},
			{"SELECT rls.put_grant('everyone', NULL, 'read', 'note', '2026-01-02', '2026-01-02')", "RL017"},
			{"SELECT rls.put_grant('everyone', NULL, 'read', 'note', NULL, '2020-01-01')", "RL017"},
			{"SELECT rls.put_grant('everyone', NULL, 'read', 'note', '2019-01-01', clock_timestamp())", "RL017"},
			{"SELECT rls.resource_actions('{remove, add}', 'note')", "{create,delete}"},
			{"SELECT name, action, origin FROM rls.list_grants() WHERE kind = 'user'", "low|update|hand"},
			{"SELECT rls.take_grant('user', 'low', 'change', 'note')", "(1,0)"},
			{"SELECT rls.take_grant('user', 'low', 'change', 'note')", "(0,0)"},
			{"SELECT rls.take_grant('authenticated', NULL, 'delete', 'person')", "(1,1)"},
			{`INSERT INTO rls."user" (login) VALUES ('new') RETURNING login`, "new"},
			{`DELETE FROM rls."user" WHERE login = 'new'`, "touched 1"},
			{"SELECT rls.store_grant('everyone', 'delete', 'note', NULL, NULL, 'x')", rejected},
			{`DELETE FROM rls."grant"`, rejected},
		} {
			if got := w.outcome(t, conn, c.sql); got != c.want {
				t.Errorf("%s: %s, want %s", c.sql, got, c.want)
			}
		}
		by := one(t, w.root, `SELECT g.given_by = $1 FROM rls."grant" AS g WHERE g.grantee = 'authenticated' AND g.action = 'read' AND g.resource = 'note'`, conn.Config().User)
		if by != "t" {
			t.Error("who gave it is not remembered")
		}
		// What was given by hand stays when the model gives up what it had seeded.
		w.apply(t, strings.Replace(administered, "{note: [read], person:", "{person:", 1))
		if got := one(t, w.root, `SELECT count(*) FROM rls."grant" WHERE resource = 'note' AND grantee = 'authenticated'`); got != "1" {
			t.Errorf("%s grants are left", got)
		}
	})
	t.Run("negative control", func(t *testing.T) {
		tx, err := w.root.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(t.Context()) //nolint:errcheck // nothing is kept
		// With EXECUTE alone and no look at who it is, a client would administer.
		must(t, tx, w.text("GRANT EXECUTE ON FUNCTION rls.put_grant(text, text, text, text, timestamptz, timestamptz) TO {{app}}"))
		asClient := func() string {
			nested, err := tx.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer nested.Rollback(t.Context()) //nolint:errcheck // nothing is kept
			must(t, nested, "SET LOCAL SESSION AUTHORIZATION "+g.login)
			must(t, nested, w.text("SET LOCAL ROLE {{app}}"))
			return w.outcome(t, nested, "SELECT rls.put_grant('everyone', NULL, 'delete', 'note')")
		}
		if got := asClient(); got != rejected {
			t.Errorf("the second look: %s", got)
		}
		definition := one(t, tx, "SELECT pg_get_functiondef('rls.administer()'::regprocedure)")
		if _, err := tx.Exec(t.Context(), strings.Replace(definition, "NOT rls.is_maintenance()", "false", 1), pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatal(explain(err))
		}
		if got := asClient(); got != "granted" {
			t.Errorf("without it: %s", got)
		}
	})
}
