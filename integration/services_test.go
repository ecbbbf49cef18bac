package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

const serviceModel = `
version: 1
database: {client_roles: ["{{app}}", "{{app_ro}}"], maintenance_roles: ["{{migrator}}"]}
users: {table: app.person, key: id, login: email, subject: sso_sub, superuser: super, sees: {supervisor: boss}}
groups: {table: app.team, key: id, members: {table: app.team_member, group: team, user: person}}
services:
  auth: {allow: {person: [read]}}
  jobs: {allow: {note: [read, update, publish], outbox: "*", log: [create]}}
  mailer: {allow: {note: [update, delete], free: [create, read]}}
  idle: {}
resources:
  person: {table: app.person, owner: id}
  note: {table: app.note, owner: [owner, {group: team}], actions: [publish]}
  memo: {table: app.memo, owner: owner}
  outbox: {table: app.outbox, actions: [send]}
  log: {table: app.log, key: [day, n], owner: owner}
  free: {table: app.free, owner: owner, owner_check: any}
grants:
  - {to: authenticated, allow: {note: "*", memo: "*", person: [read], log: [read]}}
  - {to: everyone, allow: {free: [create]}}
  - {to: service:idle, allow: {note: "*", memo: "*", free: [create]}}
`

const serviceSchema = `
CREATE SCHEMA app;
CREATE TABLE app.person (id text PRIMARY KEY, email text UNIQUE, sso_sub text UNIQUE, boss text, super boolean NOT NULL DEFAULT false);
CREATE TABLE app.team (id text PRIMARY KEY);
CREATE TABLE app.team_member (team text, person text);
CREATE TABLE app.note (id integer PRIMARY KEY, owner text, team text, body text DEFAULT '');
CREATE TABLE app.memo (id integer PRIMARY KEY, owner text, body text DEFAULT '');
CREATE TABLE app.outbox (id integer PRIMARY KEY, body text DEFAULT '');
CREATE TABLE app.log (day date NOT NULL DEFAULT '2026-01-01', n integer, owner text, PRIMARY KEY (day, n));
CREATE TABLE app.free (id integer PRIMARY KEY, owner text);
CREATE INDEX ON app.note (owner);
INSERT INTO app.person VALUES ('anna', 'anna@example.com', 'idp|1', NULL, false), ('ben', 'ben@example.com', 'idp|2', 'anna', false),
    ('auth', 'auth@example.com', 'idp|3', NULL, false), ('root', 'root@example.com', 'idp|4', NULL, true);
INSERT INTO app.team VALUES ('t');
INSERT INTO app.team_member VALUES ('t', 'anna');
INSERT INTO app.note VALUES (1, 'anna', NULL), (2, 'ben', NULL), (3, NULL, 't'), (4, NULL, NULL), (5, 'ghost', NULL);
INSERT INTO app.memo VALUES (1, 'anna'), (2, NULL);
INSERT INTO app.outbox VALUES (1), (2);
INSERT INTO app.log (n, owner) VALUES (1, 'anna');
INSERT INTO app.free VALUES (1, 'anna');
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app TO {{app}};
GRANT SELECT ON ALL TABLES IN SCHEMA app TO {{app_ro}};
`

// serviceWorld has a gateway for each service of the model, by the name of the service.
func serviceWorld(t *testing.T) (*world, *gateway) {
	t.Helper()
	w := newWorld(t, serviceModel, serviceSchema)
	g := w.gateway(t, "auth", "jobs", "mailer", "idle")
	g.pool = w.db.Pool(t, g.login)
	w.gates["app"] = g
	return w, g
}

func TestServices(t *testing.T) {
	t.Parallel()
	w, _ := serviceWorld(t)
	const (
		named   = `Service: named by the model, no user row stands for it.`
		sight   = `No visible users; holds roles, grants, rules`
		rule    = `an allow rule whose grantee and condition match (no grant needed)`
		reads   = "Seen from PostgreSQL every action but `create` also needs `read` of the row."
		signIn  = `Sign-in, jobs, webhooks and dashboards are services, not fake users.`
		handing = `Handing a row to an owner out of sight is refused`
		some    = "`can(action, resource)` without an object is true iff some row could be admitted"
		graph   = `a grant of the action to any of its grantees`
		apart   = `Unregistered names are errors`
	)
	all := "1 2 3 4 5"
	notes := "SELECT id FROM app.note ORDER BY id"
	trials(t, w, []trial{
		{named, "service:auth", "SELECT rls.principal(), rls.principal_kind(), rls.groups()", "NULL|service|{}"},
		{named, "service:auth", "SELECT * FROM rls.visible_users", filtered},
		{sight, "service:jobs", "SELECT * FROM rls.visible_users", filtered},

		{signIn, "service:auth", "SELECT id FROM app.person WHERE sso_sub = 'idp|2'", "ben"},
		{signIn, "service:auth", "SELECT id FROM app.person WHERE email = 'root@example.com'", "root"},
		{signIn, "service:auth", "SELECT count(*) FROM app.person", "4"},
		{signIn, "service:auth", "UPDATE app.person SET super = true WHERE id = 'ben'", filtered},
		{signIn, "service:auth", "UPDATE app.person SET super = true", filtered},
		{signIn, "service:auth", "DELETE FROM app.person", filtered},
		{signIn, "service:auth", "INSERT INTO app.person VALUES ('x')", rejected},
		{signIn, "service:auth", "SELECT id FROM app.person FOR UPDATE", filtered},
		{signIn, "service:auth", notes, filtered},
		{signIn, "service:auth", "SELECT id FROM app.memo", filtered},
		{signIn, "service:auth", "SELECT id FROM app.outbox", filtered},
		{signIn, "service:auth", "SELECT n FROM app.log", filtered},
		{signIn, "service:auth", "SELECT id FROM app.team", "t"}, // no resource

		{rule, "service:jobs", notes, all},
		{rule, "service:jobs", "UPDATE app.note SET body = 'x' WHERE id <> 2", "touched 4"},
		{rule, "service:jobs", "UPDATE app.note SET body = 'x'", "touched 5"},
		{rule, "service:jobs", "UPDATE app.note SET body = 'x' WHERE id = 4 RETURNING id", "4"},
		{rule, "service:jobs", "SELECT id FROM app.note WHERE id < 3 ORDER BY id FOR UPDATE SKIP LOCKED", "1 2"},
		{rule, "service:jobs", "DELETE FROM app.note", filtered},
		{rule, "service:jobs", "INSERT INTO app.note VALUES (9, 'anna')", rejected},
		{rule, "service:jobs", "SELECT id FROM app.memo", filtered},
		{rule, "service:jobs", "SELECT id FROM app.outbox ORDER BY id", "1 2"}, // nobody owns it
		{rule, "service:jobs", "INSERT INTO app.outbox VALUES (3) RETURNING id", "3"},
		{rule, "service:jobs", "INSERT INTO app.outbox VALUES (2, 'y') ON CONFLICT (id) DO UPDATE SET body = EXCLUDED.body RETURNING body", "y"},
		{rule, "service:jobs", "DELETE FROM app.outbox WHERE id = 1", "touched 1"},
		{rule, "service:jobs", "INSERT INTO app.log (n, owner) VALUES (2, 'ben')", "touched 1"}, // whoever it names as owner
		{rule, "service:jobs", "INSERT INTO app.log (n) VALUES (3)", "touched 1"},
		{reads, "service:jobs", "INSERT INTO app.log (n) VALUES (3) RETURNING n", rejected},
		{reads, "service:jobs", "SELECT n FROM app.log", filtered},

		{reads, "service:mailer", notes, filtered},
		{reads, "service:mailer", "UPDATE app.note SET body = 'x'", filtered},
		{reads, "service:mailer", "UPDATE app.note SET body = 'x' WHERE id = 1", filtered},
		{reads, "service:mailer", "DELETE FROM app.note", filtered},
		{reads, "service:mailer", "SELECT rls.can('update', 'note'), rls.can('delete', 'note'), rls.can_row('update', 'note', '1')", "f|f|f"},
		{rule, "service:mailer", "INSERT INTO app.free VALUES (2) RETURNING id", "2"},

		{handing, "service:jobs", "UPDATE app.note SET owner = 'anna' WHERE id = 2", rejected},
		{handing, "service:jobs", "UPDATE app.note SET owner = 'anna' WHERE id = 4", rejected},
		{handing, "service:jobs", "UPDATE app.note SET team = 't' WHERE id = 1", rejected},
		{handing, "service:jobs", "UPDATE app.note SET owner = 'anna'", rejected},
		{handing, "service:jobs", "UPDATE app.note SET owner = owner, team = team, body = 'x'", "touched 5"},

		{graph, "service:idle", notes, filtered}, // a grant alone: it sees no owner
		{graph, "service:idle", "UPDATE app.note SET body = 'x'", filtered},
		{graph, "service:idle", "DELETE FROM app.memo", filtered},
		{graph, "service:idle", "INSERT INTO app.note VALUES (9, 'anna')", rejected},
		{graph, "service:idle", "SELECT rls.can('read', 'note'), rls.can('create', 'note'), rls.can('create', 'free')", "f|f|t"},
		{graph, "service:idle", "INSERT INTO app.free VALUES (2, 'ben')", "touched 1"}, // owner_check any asks for none
		{graph, "service:idle", "INSERT INTO app.free VALUES (2, NULL)", rejected},
		{graph, "service:auth", "INSERT INTO app.free VALUES (2, 'ben')", "touched 1"}, // everyone
		{graph, "service:auth", "INSERT INTO app.memo VALUES (9, 'auth')", rejected},   // authenticated is for users

		{some, "service:jobs", "SELECT rls.can('read', 'note'), rls.can('edit', 'note'), rls.can('publish', 'note'), rls.can('delete', 'note'), rls.can('create', 'note')", "t|t|t|f|f"},
		{some, "service:jobs", "SELECT rls.can('send', 'outbox'), rls.can('create', 'log'), rls.can('read', 'log'), rls.can('read', 'memo')", "t|t|f|f"},
		{some, "service:jobs", "SELECT rls.can_row('update', 'note', '4'), rls.can_row('delete', 'note', '4'), rls.can_row('update', 'note', '77')", "t|f|f"},
		{some, "service:jobs", "SELECT * FROM rls.can_many('publish', 'note', ARRAY['1', NULL, '4', 'x'])", "1|t NULL|f 4|t x|f"},
		{some, "service:jobs", "SELECT rls.actions('note', '5'), rls.actions('outbox', '1'), rls.actions('memo', '1')", "{read,update,publish}|{read,update,delete,send}|{}"},
		{some, "service:jobs", `SELECT rls.can_row('read', 'log', '["2026-01-01","1"]')`, "f"},
		{some, "service:jobs", "SELECT rls.allowed_resources('read'), rls.allowed_resources('create'), rls.allowed_resources('delete')", "{note,outbox}|{free,log,outbox}|{outbox}"},
		{some, "service:auth", "SELECT rls.allowed_resources('read')", "{person}"},
		{apart, "service:jobs", "SELECT rls.can_row('read', 'no_such', '1')", "RL011"},
		{apart, "service:jobs", "SELECT rls.can('read', 'no_such')", "f"},
		{apart, "service:jobs", "SELECT rls.can('fly', 'note')", "RL010"},

		// The user whose key is the name of a service is a user.
		{named, "key:auth", "SELECT id FROM app.person", "auth"},
		{named, "key:service:auth", "SELECT id FROM app.person", filtered},
		{named, "key:jobs", notes, filtered},
	})
	t.Run("the functions and the tables agree", func(t *testing.T) {
		for _, who := range []string{"auth", "jobs", "mailer", "idle"} {
			for _, table := range []string{"note", "memo", "outbox", "free"} {
				for action, sql := range map[string]string{
					"read": "SELECT id FROM app.%s", "update": "UPDATE app.%[1]s SET id = id RETURNING id", "delete": "DELETE FROM app.%s RETURNING id",
				} {
					w.as(t, "service:"+who, func(tx pgx.Tx) {
						asked := w.rows(t, tx, "SELECT key FROM rls.can_many($1, $2, ARRAY['1', '2', '3', '4', '5']) WHERE allowed", action, table)
						can := one(t, tx, "SELECT rls.can($1, $2)", action, table)
						got := w.rows(t, tx, fmt.Sprintf(sql, table))
						equal(t, asked, got, "%s %s %s", who, action, table)
						if (len(got) > 0) != (can == "t") {
							t.Errorf("%s %s %s: %d rows, but can says %s", who, action, table, len(got), can)
						}
					})
				}
			}
		}
	})
}

// "Each form is exactly right for every principal."
func TestServicesInEachForm(t *testing.T) {
	t.Parallel()
	w, g := serviceWorld(t)
	w.as(t, "service:jobs", func(tx pgx.Tx) {
		if got, want := one(t, tx, "SELECT current_user"), "rls_all_"+w.role("app"); got != want {
			t.Errorf("entering takes %s, want %s", got, want)
		}
	})
	for _, f := range forms {
		t.Run(f, func(t *testing.T) {
			in := func(who, sql string) (out string) {
				w.as(t, who, func(tx pgx.Tx) {
					must(t, tx, "SET LOCAL ROLE rls_"+f+"_"+w.role("app"))
					out = w.outcome(t, tx, sql)
				})
				return out
			}
			alone := f != "any" && f != "all"
			either := func(with, without string) string {
				if alone {
					return without
				}
				return with
			}
			for _, c := range []struct{ who, sql, want string }{
				{"service:jobs", "SELECT id FROM app.note ORDER BY id", either("1 2 3 4 5", "RL016")},
				{"service:jobs", "SELECT count(*) FROM app.note WHERE owner = 'ben'", either("1", "RL016")},
				{"service:jobs", "UPDATE app.note SET body = 'x'", either("touched 5", "RL016")},
				{"service:jobs", "UPDATE app.note SET owner = 'anna'", either(rejected, "RL016")},
				{"service:jobs", "DELETE FROM app.note", filtered},
				{"service:jobs", "SELECT id FROM app.memo", filtered},
				{"service:jobs", "SELECT id FROM app.outbox ORDER BY id", "1 2"}, // without owners all forms share a policy
				{"service:jobs", "INSERT INTO app.log (n) VALUES (3)", either("touched 1", "RL016")},
				{"service:jobs", "INSERT INTO app.note VALUES (9, 'anna')", rejected},
				{"service:mailer", "SELECT id FROM app.note", filtered},
				{"service:mailer", "UPDATE app.note SET body = 'x'", filtered},
				{"service:idle", "SELECT id FROM app.note", filtered},
				{"service:auth", "SELECT count(*) FROM app.person", either("4", "RL016")},
				{"service:auth", "SELECT id FROM app.note", filtered},
				{"service:jobs", "SELECT rls.can_row('update', 'note', '4')", either("t", "RL016")},
				{"service:jobs", "SELECT rls.can('update', 'note')", "t"},
			} {
				if got := in(c.who, c.sql); got != c.want {
					t.Errorf("%s: %s: got %s, want %s", c.who, c.sql, got, c.want)
				}
			}
		})
	}
	t.Run("one form for all", func(t *testing.T) {
		w := newWorld(t, strings.Replace(serviceModel, "maintenance_roles", "plans: one, maintenance_roles", 1), serviceSchema)
		if got := w.rows(t, w.root, "SELECT role FROM rls.plan_role"); len(got) > 0 {
			t.Fatal(got)
		}
		g := w.gateway(t, "jobs", "auth")
		for token, want := range map[string]string{
			g.token("service", "jobs"):  "1 2 3 4 5",
			g.token("service", "auth"):  filtered,
			g.token("user", "ben"):      "2",
			g.token("anonymous", ""):    filtered,
			g.token("subject", "idp|4"): "1 2 3 4 5",
		} {
			tx, who := entered(t, g.conn(t), token)
			if got := w.outcome(t, tx, "SELECT id FROM app.note ORDER BY id"); got != want {
				t.Errorf("%s: %s, want %s", who, got, want)
			}
		}
	})
	// A plan that was made for one principal serves the next: nothing in it is about who asked first.
	t.Run("prepared statements over principals that take turns", func(t *testing.T) {
		conn := g.conn(t)
		must(t, conn, "SET plan_cache_mode = force_generic_plan")
		const read, update = "SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), '-') FROM app.note", "UPDATE app.note SET body = body"
		for round := range 7 {
			for _, c := range []struct{ token, read, updated string }{
				{g.token("service", "jobs"), "1 2 3 4 5", "5"}, {g.token("user", "ben"), "2", "1"}, {g.token("service", "mailer"), "-", "0"},
				{g.token("user", "root"), "1 2 3 4 5", "5"}, {g.token("service", "jobs"), "1 2 3 4 5", "5"}, {g.token("anonymous", ""), "-", "0"},
				{g.token("user", "anna"), "1 2 3", "3"}, {g.token("service", "idle"), "-", "0"},
			} {
				tx, who := entered(t, conn, c.token)
				if round%2 == 1 { // in one role for everybody, so that the role does not part the plans
					must(t, tx, "SET LOCAL ROLE rls_any_"+w.role("app"))
				}
				if got := one(t, tx, read); got != c.read {
					t.Errorf("round %d, %s: %s, want %s", round, who, got, c.read)
				}
				tag, err := tx.Exec(t.Context(), update)
				if err != nil || fmt.Sprint(tag.RowsAffected()) != c.updated {
					t.Errorf("round %d, %s: %v %v, want %s", round, who, tag, err, c.updated)
				}
				_ = tx.Rollback(t.Context())
			}
		}
	})
}

// TestServicesAreFast: what a service is allowed asks no row anything.
func TestServicesAreFast(t *testing.T) {
	t.Parallel()
	w, _ := serviceWorld(t)
	w.sql(t, "INSERT INTO app.note SELECT n, 'anna' FROM generate_series(10, 5000) AS n; ANALYZE app.note")
	w.as(t, "service:jobs", func(tx pgx.Tx) {
		plan := strings.Join(w.rows(t, tx, "EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off) SELECT count(*) FROM app.note"), "\n")
		if strings.Contains(plan, "admitted") || strings.Contains(plan, "SubPlan") || strings.Count(plan, "InitPlan") != 1 {
			t.Errorf("the graph was asked:\n%s", plan)
		}
		plan = strings.Join(w.rows(t, tx, "EXPLAIN (COSTS off) SELECT * FROM app.note WHERE owner = 'ben'"), "\n")
		if !strings.Contains(plan, "note_owner_idx") {
			t.Errorf("no index:\n%s", plan)
		}
		plan = strings.Join(w.rows(t, tx, "EXPLAIN (COSTS off) SELECT * FROM app.note WHERE id = 7"), "\n")
		if !strings.Contains(plan, "note_pkey") {
			t.Errorf("no index:\n%s", plan)
		}
	})
}

func TestServiceClaims(t *testing.T) {
	t.Parallel()
	w := newWorld(t, serviceModel, serviceSchema)
	web, worker, bare := w.gateway(t, "auth", "cron"), w.gateway(t, "jobs"), w.gateway(t)
	enters := func(g *gateway, service string) string {
		_, who := entered(t, g.conn(t), g.token("service", service))
		return who
	}
	check := func(t *testing.T, want string) {
		t.Helper()
		var got []string
		for _, service := range []string{"auth", "jobs", "cron"} {
			for name, g := range map[string]*gateway{"web": web, "worker": worker, "bare": bare} {
				if who := enters(g, service); who == "service:"+service {
					got = append(got, name+":"+service)
				} else if who != "RL003" {
					t.Errorf("%s claims %s: %s", name, service, who)
				}
			}
		}
		equal(t, got, strings.Fields(want), "who may claim what")
	}
	// "has keys of its own and a list of what it may claim: users, named services, anonymous, tenants"
	check(t, "web:auth worker:jobs") // cron is registered, and not in the model
	listed := func(auth string) string {
		return strings.Replace(serviceModel, "auth: {", "auth: {gateways: ["+auth+"], ", 1)
	}
	w.apply(t, listed(bare.login)) // the model is the source
	check(t, "bare:auth worker:jobs")
	if p := w.plan(t, listed(bare.login)).Plan; !p.Empty() {
		t.Errorf("the second plan is not empty: %v", p.Changes)
	}
	p := w.plan(t, listed(bare.login+", "+worker.login)).Plan
	if len(p.Changes) != 1 || fmt.Sprint(p.Changes[0].Hazards) != "[WIDENS_ACCESS]" {
		t.Errorf("one more gateway: %+v", p.Changes)
	}
	w.apply(t, listed(bare.login+", "+worker.login))
	check(t, "bare:auth worker:auth worker:jobs")
	w.apply(t, listed("nobody_yet"))
	check(t, "worker:jobs")

	t.Run("a service that the model names no more", func(t *testing.T) {
		w.apply(t, serviceModel)
		w.sql(t, `INSERT INTO rls."grant" (grantee, action, resource) VALUES ('service:jobs', 'create', 'free')`)
		tx, who := entered(t, worker.conn(t), worker.token("service", "jobs"))
		if got := w.outcome(t, tx, "SELECT count(*) FROM app.note"); who != "service:jobs" || got != "5" {
			t.Fatalf("%s: %s", who, got)
		}
		without := strings.Replace(serviceModel, `  jobs: {allow: {note: [read, update, publish], outbox: "*", log: [create]}}`+"\n", "", 1)
		plan := w.plan(t, without).Plan
		var reasons []string
		for _, c := range plan.Changes {
			if fmt.Sprint(c.Hazards) != "[NARROWS_ACCESS]" {
				t.Errorf("%s %s: %v", c.Op, c.Object.Title, c.Hazards)
			}
			if strings.HasPrefix(c.Object.Name, `"service".`) {
				reasons = append(reasons, c.Reason)
			}
		}
		equal(t, reasons, []string{"no longer in the model; 1 grants to it that no model seeded go with it"}, "reason")
		// The tables that apply locks are free: the statement is over, the transaction goes on.
		w.sql(t, `DELETE FROM rls.service_allow WHERE service = 'jobs'; DELETE FROM rls.service WHERE name = 'jobs'`)
		for _, sql := range []string{"SELECT id FROM app.note", "SELECT id FROM app.outbox", "UPDATE app.note SET body = 'x'", "DELETE FROM app.outbox"} {
			if got := w.outcome(t, tx, sql); got != filtered {
				t.Errorf("%s: %s", sql, got)
			}
		}
		if got := w.outcome(t, tx, "INSERT INTO app.free VALUES (2, 'ben')"); got != rejected { // everyone may, and it is nobody
			t.Error(got)
		}
		if got := w.outcome(t, tx, "SELECT rls.can('create', 'free'), rls.can('read', 'note'), rls.allowed_resources('read')"); got != "f|f|{}" {
			t.Error(got)
		}
		_ = tx.Rollback(t.Context())
		w.apply(t, serviceModel)
		w.apply(t, without)
		check(t, "web:auth")
		equal(t, w.rows(t, w.root, `SELECT grantee FROM rls."grant" WHERE grantee = 'service:jobs'`), nil, "grants of a service that is gone")
	})
}

// "revocation works at the next statement"
func TestServiceRevocation(t *testing.T) {
	t.Parallel()
	w, g := serviceWorld(t)
	tx, _ := entered(t, g.conn(t), g.token("service", "jobs"))
	count := func() string { return w.outcome(t, tx, "SELECT count(*) FROM app.outbox") }
	if got := count(); got != "2" {
		t.Fatal(got)
	}
	// No policy changes with it, and so apply waits for nobody.
	w.apply(t, strings.Replace(serviceModel, `outbox: "*"`, "outbox: [create, update]", 1))
	if got := count(); got != "0" {
		t.Errorf("after read was taken away: %s", got)
	}
	if got := w.outcome(t, tx, "UPDATE app.outbox SET body = 'x'"); got != filtered {
		t.Errorf("update without read: %s", got)
	}
	if got := w.outcome(t, tx, "INSERT INTO app.outbox VALUES (3)"); got != "touched 1" {
		t.Errorf("what is left: %s", got)
	}
	w.apply(t, serviceModel)
	if got := count(); got != "3" {
		t.Errorf("after it was given back: %s", got)
	}
	// Taken by hand it is drift, which apply mends.
	w.sql(t, "DELETE FROM rls.service_allow WHERE resource = 'outbox' AND action = 'read'")
	if got := count(); got != "0" {
		t.Errorf("taken by hand: %s", got)
	}
	p := w.plan(t, serviceModel).Plan
	if len(p.Changes) != 1 || p.Changes[0].Reason != "was dropped by hand" {
		t.Errorf("drift: %+v", p.Changes)
	}
	w.sql(t, "INSERT INTO rls.service_allow VALUES ('jobs', 'memo', 'read')")
	if got := w.outcome(t, tx, "SELECT count(*) FROM app.memo"); got != "2" {
		t.Errorf("given by hand: %s", got)
	}
}

func TestServicePrincipals(t *testing.T) {
	t.Parallel()
	w, g := serviceWorld(t)
	t.Run("persons' logins can never be services", func(t *testing.T) {
		login := w.db.Role(t, "person", "LOGIN IN ROLE "+w.role("app")+", rls_any")
		for _, principal := range []string{"service:auth", "auth", "service:jobs"} {
			w.sql(t, "DELETE FROM rls.login WHERE name = $1", login)
			w.sql(t, "INSERT INTO rls.login (name, kind, principal, client_role) VALUES ($1, 'person', $2, $3)", login, principal, w.role("app"))
			conn := w.db.Conn(t, login)
			if got := w.outcome(t, conn, "SELECT count(*) FROM app.note"); got != "0" {
				t.Errorf("%s: %s", principal, got)
			}
			if got := w.outcome(t, conn, "SELECT rls.principal_kind()"); got != "user" {
				t.Errorf("%s: %s", principal, got)
			}
			for _, sql := range []string{"SELECT rls.impersonate('service:jobs')", "INSERT INTO rls.service VALUES ('x')", "INSERT INTO rls.service_allow VALUES ('auth', 'note', 'read')",
				"UPDATE rls.service SET gateways = NULL", "SELECT * FROM rls.service", "SELECT rls.service_may('jobs', 'read', 'note')", "SELECT rls.may_claim('jobs', 'x', '{jobs}')",
				"SELECT rls.grantee('service', 'jobs')"} {
				if got := w.outcome(t, conn, sql); got != rejected {
					t.Errorf("%s: %s: %s", principal, sql, got)
				}
			}
		}
	})
	t.Run("an impersonating login is no service", func(t *testing.T) {
		login := w.db.Role(t, "bi", "LOGIN NOINHERIT")
		role := w.db.Role(t, "bi_role", "NOLOGIN IN ROLE "+w.role("app")+", rls_any")
		w.sql(t, "GRANT "+role+" TO "+login)
		w.sql(t, "INSERT INTO rls.login (name, kind, client_role) VALUES ($1, 'impersonating', $2)", login, w.role("app"))
		w.sql(t, "INSERT INTO rls.impersonation (login, role, principal) VALUES ($1, $2, 'service:jobs')", login, role)
		conn := w.db.Conn(t, login)
		must(t, conn, "SET ROLE "+role)
		if got := w.outcome(t, conn, "SELECT count(*) FROM app.note"); got != "0" {
			t.Error(got)
		}
	})
	t.Run("a service that has entered stays one", func(t *testing.T) {
		tx, _ := entered(t, g.conn(t), g.token("service", "auth"))
		for sql, want := range map[string]string{
			"SELECT rls.impersonate('service:jobs')":                                            rejected,
			"INSERT INTO rls.service_allow VALUES ('auth', 'note', 'read')":                     rejected,
			"UPDATE rls.gateway SET services = '{jobs}'":                                        rejected,
			"SELECT rls.service_may('jobs', 'read', 'note')":                                    rejected,
			"SELECT rls.enter('" + g.token("service", "jobs") + "')":                            "RL004",
			"SELECT rls.enter('" + g.token("user", "root") + "')":                               "RL004",
			"SELECT rls.passes_owners('read', 'person', true)":                                  "t", // about itself alone
			"SELECT rls.passes_owners('read', 'note', true), rls.passes_owners(NULL, '', NULL)": "f|f",
		} {
			if got := w.outcome(t, tx, sql); got != want {
				t.Errorf("%s: %s, want %s", sql, got, want)
			}
		}
	})
	t.Run("maintenance acts for a service", func(t *testing.T) {
		as := func(name, sql string) string {
			tx := begin(t, w.admin(t))
			if got := w.outcome(t, tx, "SELECT rls.impersonate('"+name+"', '{{app}}')"); got != name {
				return got
			}
			return w.outcome(t, tx, sql)
		}
		for name, want := range map[string]string{"service:jobs": "5", "service:auth": "0", "service:cron": "RL006", "service:": "RL006", "service:Jobs": "RL006", "anonymous": "0"} {
			if got := as(name, "SELECT count(*) FROM app.note"); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
		// A maintenance login that is no database superuser takes the form for everybody.
		login := w.db.Role(t, "admin", "LOGIN IN ROLE "+w.role("migrator")+", "+w.role("app")+", rls_any_"+w.role("app"))
		tx := begin(t, w.db.Conn(t, login))
		if got := w.outcome(t, tx, "SELECT rls.impersonate('service:jobs', '{{app}}')"); got != "service:jobs" {
			t.Fatal(got)
		}
		if got := w.outcome(t, tx, "SELECT count(*), current_user FROM app.note"); got != "5|rls_any_"+w.role("app") {
			t.Error(got)
		}
	})
	t.Run("a client role that may only read", func(t *testing.T) {
		ro := w.gatewayOf(t, "app_ro", "jobs")
		tx, _ := entered(t, ro.conn(t), ro.token("service", "jobs"))
		if got := w.outcome(t, tx, "SELECT count(*) FROM app.note"); got != "5" {
			t.Error(got)
		}
		for _, sql := range []string{"UPDATE app.note SET body = 'x'", "INSERT INTO app.outbox VALUES (7)", "DELETE FROM app.outbox"} {
			if got := w.outcome(t, tx, sql); got != rejected {
				t.Errorf("%s: %s", sql, got)
			}
		}
	})
}
