package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// grantModel has one resource for each way of granting, all with the same rows: one of each person, one of nobody.
const grantModel = `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"], timezone: Pacific/Auckland}
users:
  table: app.person
  key: id
  active: active
  superuser: super
  staff: staff
  sees: {supervisor: boss, creator: maker}
groups:
  table: app.team
  key: id
  name: title
  creator: maker
  share_members_visibility: "true"
  members: {table: app.team_member, group: team, user: person}
services: {jobs: {}, mailer: {}}
resources:
  by_user: {table: app.by_user, owner: owner, actions: [publish]}
  by_group: {table: app.by_group, owner: owner}
  by_authenticated: {table: app.by_authenticated, owner: owner}
  by_everyone: {table: app.by_everyone, owner: owner}
  by_nobody: {table: app.by_nobody, owner: owner}
  past: {table: app.past, owner: owner}
  present: {table: app.present, owner: owner}
  future: {table: app.future, owner: owner}
  clocked: {table: app.clocked, owner: owner}
  unread: {table: app.unread, owner: owner, actions: [publish]}
  unowned: {table: app.unowned}
  free: {table: app.free, owner: owner, owner_check: any}
  secret: {table: app.secret, owner: owner, hidden: true}
grants:
  - {to: "user:sub", allow: {by_user: [Read, edit, " Publish "]}}
  - {to: "user:off", allow: {by_user: "*"}}
  - {to: "group:The Desk", allow: {by_group: [read]}}
  - {to: authenticated, allow: {by_authenticated: [read], secret: [read], unread: [update, delete, create, publish]}}
  - {to: everyone, allow: {by_everyone: [read, create], free: [read, create], unowned: [read, create]}}
  - {to: authenticated, allow: {past: [read]}, until: 2020-01-01}
  - {to: authenticated, allow: {present: [read]}, from: 2020-01-01, until: 2999-01-01}
  - {to: authenticated, allow: {future: [read]}, from: "2999-01-01T00:00:00Z"}
`

func grantSchema() string {
	var b strings.Builder
	b.WriteString(`
CREATE SCHEMA app;
CREATE TABLE app.person (id text PRIMARY KEY, boss text, maker text, active boolean DEFAULT true, super boolean DEFAULT false, staff boolean DEFAULT false);
CREATE TABLE app.team (id text PRIMARY KEY, title text UNIQUE, maker text);
CREATE TABLE app.team_member (team text, person text);
INSERT INTO app.person (id, boss) VALUES ('boss', NULL), ('sub', 'boss'), ('mate', NULL), ('chief', NULL), ('low', 'sub');
INSERT INTO app.person (id, boss, active, super, staff) VALUES ('off', 'boss', false, false, false), ('root', NULL, true, true, false),
    ('root_off', NULL, false, true, false), ('root_null', NULL, NULL, true, false), ('staffer', NULL, true, false, true);
INSERT INTO app.team VALUES ('t', 'The Desk', 'chief');
INSERT INTO app.team_member VALUES ('t', 'sub'), ('t', 'mate');
`)
	for _, table := range []string{"by_user", "by_group", "by_authenticated", "by_everyone", "by_nobody", "past", "present", "future", "clocked", "unread", "unowned", "free", "secret"} {
		fmt.Fprintf(&b, "CREATE TABLE app.%s (id text PRIMARY KEY, owner text, body text DEFAULT '');\n", table)
		fmt.Fprintf(&b, "INSERT INTO app.%s (id, owner) SELECT id, id FROM app.person UNION ALL VALUES ('none', NULL), ('ghostly', 'ghost');\n", table)
		fmt.Fprintf(&b, "GRANT SELECT, INSERT, UPDATE, DELETE ON app.%s TO {{app}};\n", table)
	}
	return b.String()
}

func TestGrants(t *testing.T) {
	t.Parallel()
	w := newWorld(t, grantModel, grantSchema())
	w.sql(t, `INSERT INTO rls."grant" (grantee, action, resource) VALUES ('service:jobs', 'read', 'by_nobody'), ('service:jobs', 'create', 'free'), ('service:mailer', 'read', 'free')`)
	const everything = "boss chief ghostly low mate none off root root_null root_off staffer sub"
	ids := func(table string) string { return "SELECT id FROM app." + table + " ORDER BY id" }
	insert := func(table, owner string) string {
		return fmt.Sprintf("INSERT INTO app.%s VALUES ('new', %s)", table, owner)
	}
	const (
		grantees  = "a grant of the action to any of its grantees (the user, their groups as *members*, their roles, inherited ones included, `authenticated`, `everyone`), in its window"
		owners    = "one of the row's owners is in visible(principal)"
		apart     = `Grants never flow along the graph: sight and permission are two things.`
		active    = `the principal is an active user, a service, or anonymous`
		null      = `NULL owner: the graph never admits it.`
		pass      = "Superusers pass grants, owners and denies; not `active`, registration, or foreign tenants."
		staff     = "`is_staff` opens the admin pages and gives no data."
		anonymous = "Anonymous: entered as such. Rules and grants to `everyone` apply, nothing else."
		service   = `No visible users; holds roles, grants, rules`
		nobody    = `On a gateway a statement of nobody on a protected table raises RL001`
		needsRead = "Seen from PostgreSQL every action but `create` also needs `read` of the row."
		window    = "`from` is included, `until` is not"
	)
	trials(t, w, []trial{
		{grantees, "sub", ids("by_user"), "low mate sub"},
		{apart, "boss", ids("by_user"), filtered},
		{apart, "low", ids("by_user"), filtered},
		{apart, "mate", ids("by_user"), filtered},
		{grantees, "sub", ids("by_group"), "low mate sub"},
		{grantees, "mate", ids("by_group"), "mate sub"},
		{"The creator of a group who is not a member gains nothing.", "chief", ids("by_group"), filtered},
		{apart, "boss", ids("by_group"), filtered},
		{grantees, "boss", ids("by_authenticated"), "boss low off sub"},
		{owners, "chief", ids("by_authenticated"), "chief"},
		{grantees, "low", ids("by_everyone"), "low"},
		{owners, "boss", ids("by_nobody"), filtered},

		{null, "boss", "SELECT id FROM app.by_authenticated WHERE owner IS NULL", filtered},
		{null, "boss", "UPDATE app.by_authenticated SET body = 'x' WHERE owner IS NULL", filtered},
		{null, "boss", insert("by_everyone", "NULL"), rejected},
		{null, "boss", insert("free", "NULL"), rejected},
		{pass, "root", "SELECT id FROM app.by_nobody WHERE owner IS NULL", "none"},
		{pass, "root", insert("by_nobody", "NULL"), "touched 1"},

		{active, "off", ids("by_user"), filtered},
		{active, "off", ids("by_everyone"), filtered},
		{active, "off", insert("by_user", "'off'"), rejected},
		{active, "off", insert("free", "'off'"), rejected},
		{active, "off", "UPDATE app.by_user SET body = 'x'", filtered},
		{active, "off", "DELETE FROM app.by_user", filtered},
		{pass, "root", ids("by_nobody"), everything},
		{pass, "root", ids("unowned"), everything},
		{pass, "root", "UPDATE app.by_nobody SET body = 'x'", "touched 12"},
		{pass, "root", "UPDATE app.by_nobody SET owner = 'ghost' WHERE id = 'sub' RETURNING owner", "ghost"},
		{pass, "root", "DELETE FROM app.by_nobody", "touched 12"},
		{pass, "root", insert("by_nobody", "'ghost'") + " RETURNING id", "new"},
		{pass, "root_off", ids("by_everyone"), filtered},
		{pass, "root_off", "DELETE FROM app.by_everyone", filtered},
		{pass, "root_off", insert("by_everyone", "'root_off'"), rejected},
		{pass, "root_null", ids("by_everyone"), filtered},
		{staff, "staffer", ids("by_authenticated"), "staffer"},
		{staff, "staffer", ids("by_nobody"), filtered},

		{anonymous, "anonymous", ids("by_everyone"), filtered},
		{anonymous, "anonymous", ids("by_authenticated"), filtered},
		{anonymous, "anonymous", insert("by_everyone", "'sub'"), rejected},
		{anonymous, "anonymous", insert("by_authenticated", "'sub'"), rejected},
		{anonymous, "anonymous", "UPDATE app.by_everyone SET body = 'x'", filtered},
		{anonymous, "anonymous", insert("free", "'sub'"), "touched 1"},
		{anonymous, "anonymous", insert("free", "'sub'") + " RETURNING id", rejected},
		{service, "service:jobs", ids("by_nobody"), filtered},
		{service, "service:jobs", ids("by_everyone"), filtered},
		{service, "service:jobs", insert("free", "'sub'"), "touched 1"},
		{service, "service:jobs", insert("by_everyone", "'sub'"), rejected},
		{service, "service:mailer", ids("by_nobody"), filtered},
		{"a table without owners admits superusers alone", "boss", ids("unowned"), filtered},
		{"a table without owners admits superusers alone", "boss", insert("unowned", "'boss'"), rejected},
		{"a table without owners admits superusers alone", "root", insert("unowned", "NULL"), "touched 1"},

		{nobody, "nobody", ids("by_everyone"), "RL001"},
		{nobody, "nobody", "SELECT count(*) FROM app.by_everyone", "RL001"},
		{nobody, "nobody", "UPDATE app.by_everyone SET body = 'x'", "RL001"},
		{nobody, "nobody", "DELETE FROM app.by_everyone", "RL001"},
		{nobody, "nobody", insert("free", "'sub'"), "RL001"},
		{nobody, "nobody", "SELECT rls.can('read', 'by_everyone')", "RL001"},
		{nobody, "nobody", "SELECT rls.can_row('read', 'by_everyone', 'sub')", "RL001"},
		{nobody, "nobody", "SELECT * FROM rls.visible_users", "RL001"},

		{needsRead, "boss", ids("unread"), filtered},
		{needsRead, "boss", "UPDATE app.unread SET body = 'x' WHERE id = 'boss'", filtered},
		{needsRead, "boss", "UPDATE app.unread SET body = 'x'", filtered}, // reads no column
		{needsRead, "boss", "DELETE FROM app.unread WHERE id = 'boss'", filtered},
		{needsRead, "boss", "DELETE FROM app.unread", filtered},
		{needsRead, "boss", insert("unread", "'boss'"), "touched 1"},
		{needsRead, "boss", insert("unread", "'boss'") + " RETURNING id", rejected},
		{needsRead, "boss", "SELECT rls.can('update', 'unread'), rls.can('delete', 'unread'), rls.can('publish', 'unread'), rls.can('create', 'unread')", "f|f|f|t"},
		{needsRead, "boss", "SELECT rls.can_row('update', 'unread', 'boss'), rls.can_row('publish', 'unread', 'boss')", "f|f"},

		{window, "boss", ids("past"), filtered},
		{window, "boss", ids("present"), "boss low off sub"},
		{window, "boss", ids("future"), filtered},
		{window, "boss", "SELECT rls.can('read', 'past'), rls.can('read', 'present'), rls.can('read', 'future')", "f|t|f"},
		{window, "root", ids("past"), everything},
	})

	t.Run("a bare date is midnight in `database.timezone`", func(t *testing.T) {
		got := w.rows(t, w.root, `SELECT resource, valid_from AT TIME ZONE 'UTC', valid_until AT TIME ZONE 'UTC' FROM rls."grant" WHERE resource IN ('present', 'future', 'past')`)
		equal(t, got, []string{
			"present|2019-12-31 11:00:00|2998-12-31 11:00:00", "past|NULL|2019-12-31 11:00:00", "future|2999-01-01 00:00:00|NULL",
		}, "windows")
	})
	t.Run("words of the model are trimmed and in lower case", func(t *testing.T) {
		equal(t, w.rows(t, w.root, `SELECT action FROM rls."grant" WHERE resource = 'by_user' AND grantee = 'user:sub'`),
			[]string{"read", "update", "publish"}, "actions")
	})

	// The clock of the statement, not of the transaction: no window of a grant outlives its end in a long transaction.
	clocked := func(t *testing.T, fn func(tx pgx.Tx, window func(from, until any), read func() string)) {
		w.as(t, "chief", func(tx pgx.Tx) {
			one(t, tx, "SELECT now()")
			fn(tx, func(from, until any) {
				w.sql(t, `DELETE FROM rls."grant" WHERE resource = $1`, "clocked")
				w.sql(t, `INSERT INTO rls."grant" (grantee, action, resource, valid_from, valid_until) VALUES ('user:chief', 'read', 'clocked', $1, $2)`, from, until)
			}, func() string { return w.outcome(t, tx, ids("clocked")) })
		})
	}
	serverNow := func(t *testing.T) time.Time {
		var at time.Time
		if err := w.root.QueryRow(t.Context(), "SELECT clock_timestamp()").Scan(&at); err != nil {
			t.Fatal(err)
		}
		return at
	}
	t.Run("judged at the *statement's* clock, so that they end inside long transactions", func(t *testing.T) {
		clocked(t, func(tx pgx.Tx, window func(from, until any), read func() string) {
			window(nil, nil)
			if got := read(); got != "chief" {
				t.Fatalf("without a window: %s", got)
			}
			window(nil, serverNow(t)) // after the transaction began, before the next statement
			if got := read(); got != filtered {
				t.Errorf("ended: %s", got)
			}
			window(nil, serverNow(t).Add(time.Hour))
			if got := read(); got != "chief" {
				t.Errorf("not ended: %s", got)
			}
			window(serverNow(t), nil) // began after the transaction did
			if got := read(); got != "chief" {
				t.Errorf("begun: %s", got)
			}
			window(serverNow(t).Add(time.Hour), nil)
			if got := read(); got != filtered {
				t.Errorf("not begun: %s", got)
			}
		})
	})
	t.Run(window, func(t *testing.T) {
		// Exactly at the statement's clock: in one message of the simple protocol all statements share it.
		exact := func(column string) string {
			conn := w.admin(t)
			tx := begin(t, conn)
			results, err := conn.PgConn().Exec(t.Context(), w.text(`
				DELETE FROM rls."grant" WHERE resource = 'clocked';
				INSERT INTO rls."grant" (grantee, action, resource, `+column+`) VALUES ('user:chief', 'read', 'clocked', statement_timestamp());
				SELECT rls.impersonate('chief', '`+w.role("app")+`');
				SELECT count(*) FROM app.clocked;`)).ReadAll()
			if err != nil {
				t.Fatal(explain(err))
			}
			_ = tx.Rollback(t.Context())
			return string(results[3].Rows[0][0])
		}
		if got := exact("valid_from"); got != "1" {
			t.Errorf("at from: %s rows, want 1", got)
		}
		if got := exact("valid_until"); got != "0" {
			t.Errorf("at until: %s rows, want 0", got)
		}
	})
	t.Run("and the resource is registered", func(t *testing.T) {
		tx, err := w.root.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback(t.Context()) //nolint:errcheck // nothing is kept
		must(t, tx, `DELETE FROM rls.resource WHERE name = 'by_everyone'`)
		must(t, tx, w.text("SELECT rls.impersonate('root', '{{app}}')"))
		equal(t, w.rows(t, tx, ids("by_everyone")), nil, "a superuser on a resource that is not registered")
		if got := w.outcome(t, tx, insert("by_everyone", "'root'")); got != rejected {
			t.Errorf("insert: %s", got)
		}
		if got := len(w.rows(t, tx, ids("free"))); got != 12 {
			t.Errorf("another resource: %d rows", got)
		}
	})
}

func TestDecisions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, grantModel, grantSchema()+`
		CREATE TABLE app.pair (a integer, b text, owner text, PRIMARY KEY (a, b));
		INSERT INTO app.pair VALUES (1, 'x', 'sub'), (1, 'y', 'boss'), (2, 'a"b,]', 'sub');
		GRANT SELECT ON app.pair TO {{app}};`)
	w.apply(t, strings.Replace(grantModel, "resources:\n", "resources:\n  pair: {table: app.pair, owner: owner}\n", 1)+
		"  - {to: authenticated, allow: {pair: [read], by_nobody: [create], clocked: [read, delete]}}\n")
	const (
		words   = "Action words are case-insensitive and trimmed; `add`=create, `get`=read, `edit`/`change`=update, `remove`=delete."
		other   = `Any other word that the resource does not declare is an error, not a denial.`
		unknown = "Unregistered names are errors, except that the library's table-level question answers denied, even to superusers."
		some    = "`can(action, resource)` without an object is true iff some row could be admitted"
		nullKey = "(a NULL key is false)"
		same    = "Callers who ask first: no row could be admitted = forbidden (403); object not visible or key malformed = not found (404)."
	)
	var cases []trial
	for word, canonical := range map[string]string{
		"read": "t", " READ ": "t", "get": "t", "Get\t": "t", "\nread\r\n": "t", "edit": "t", "CHANGE": "t", "update": "t", "publish": "t", "PubLish ": "t",
		"add": "f", "create": "f", "remove": "f", "Delete": "f",
	} {
		cases = append(cases, trial{words, "sub", "SELECT rls.can('" + word + "', 'by_user')", canonical})
		if word != "add" && word != "create" {
			cases = append(cases, trial{words, "sub", "SELECT rls.can_row('" + word + "', 'by_user', 'sub')", canonical})
		}
	}
	for _, word := range []string{"'view'", "'reads'", "''", "'re ad'", "'*'", "NULL", "'readé'", "'publish;'", "'truncate'"} {
		for _, who := range []string{"sub", "root", "anonymous", "off"} {
			cases = append(cases,
				trial{other, who, "SELECT rls.can(" + word + ", 'by_user')", "RL010"},
				trial{other, who, "SELECT rls.can_row(" + word + ", 'by_user', 'sub')", "RL010"})
		}
	}
	cases = append(cases, []trial{
		{other, "sub", "SELECT rls.can('publish', 'by_group')", "RL010"},
		{unknown, "sub", "SELECT rls.can('read', 'no_such')", "f"},
		{unknown, "root", "SELECT rls.can('read', 'no_such')", "f"},
		{unknown, "root", "SELECT rls.can('read', NULL)", "f"},
		{unknown, "root", "SELECT rls.can('no such word', 'no_such')", "f"},
		{unknown, "root", "SELECT rls.can_row('read', 'no_such', 'x')", "RL011"},
		{unknown, "root", "SELECT * FROM rls.can_many('read', 'no_such', '{x}')", "RL011"},
		{unknown, "root", "SELECT rls.actions('no_such', 'x')", "RL011"},
		{unknown, "root", "SELECT rls.actions(NULL, 'x')", "RL011"},

		{some, "sub", "SELECT rls.can('read', 'by_user'), rls.can('delete', 'by_user')", "t|f"},
		{some, "root", "SELECT rls.can('delete', 'by_nobody')", "t"},
		{some, "off", "SELECT rls.can('read', 'by_user')", "f"},
		{some, "root_off", "SELECT rls.can('read', 'by_user')", "f"},
		{some, "anonymous", "SELECT rls.can('read', 'by_everyone'), rls.can('create', 'by_everyone')", "f|f"},
		{some, "anonymous", "SELECT rls.can('create', 'free')", "t"},
		{some, "boss", "SELECT rls.can('create', 'by_nobody'), rls.can('read', 'by_nobody')", "t|f"},
		{some, "boss", "SELECT rls.can('read', 'unowned'), rls.can('create', 'unowned')", "f|f"},
		{some, "root", "SELECT rls.can('read', 'unowned'), rls.can('create', 'unowned')", "t|t"},

		{nullKey, "root", "SELECT rls.can_row('read', 'by_user', NULL)", "f"},
		{same, "sub", "SELECT rls.can_row('read', 'by_user', 'sub'), rls.can_row('read', 'by_user', 'boss'), rls.can_row('read', 'by_user', 'no such')", "t|f|f"},
		{same, "sub", "SELECT * FROM rls.can_many('edit', 'by_user', ARRAY['low', NULL, 'boss', '', 'sub', 'sub'])", "low|t NULL|f boss|f |f sub|t sub|t"},
		{same, "sub", "SELECT * FROM rls.can_many('read', 'by_user', '{}')", filtered},
		{same, "sub", "SELECT * FROM rls.can_many('read', 'by_user', NULL)", filtered},
		{same, "sub", "SELECT rls.can_row('create', 'by_user', 'sub')", "RL010"},
		{"rls.actions", "sub", "SELECT rls.actions('by_user', 'low')", "{read,update,publish}"},
		{"rls.actions", "sub", "SELECT rls.actions('by_user', 'boss')", "{}"},
		{"rls.actions", "sub", "SELECT rls.actions('by_user', NULL)", "{}"},
		{"rls.actions", "root", "SELECT rls.actions('by_user', 'boss')", "{read,update,delete,publish}"},
		{"rls.actions", "root", "SELECT rls.actions('by_user', 'no such')", "{}"},
		{"hidden: not listed", "boss", "SELECT rls.allowed_resources('read')", "{by_authenticated,by_everyone,clocked,free,pair,present}"},
		{"hidden: not listed", "root", "SELECT rls.allowed_resources('publish')", "{by_user,unread}"},
		{"hidden: not listed, but decided as any other", "boss", "SELECT rls.can('read', 'secret')", "t"},
		{"hidden: not listed", "off", "SELECT rls.allowed_resources('read')", "{}"},
		{"hidden: not listed", "anonymous", "SELECT rls.allowed_resources(' ADD ')", "{free}"},
		{"hidden: not listed", "boss", "SELECT rls.allowed_resources('no such')", "{}"},

		{"a composite key as text is a JSON array of texts", "sub", `SELECT key, allowed FROM rls.can_many('read', 'pair', ARRAY['["1","x"]', '["1","y"]', '["2","a\"b,]"]', '[ "1" , "x" ]'])`,
			`["1","x"]|t ["1","y"]|f ["2","a\"b,]"]|t [ "1" , "x" ]|t`},
		{same, "sub", `SELECT bool_or(allowed) FROM rls.can_many('read', 'pair', ARRAY['["1"]', '["1","x","z"]', '[1,"x"]', '{"a":1}', '1', 'x', '', 'null', '["x","1"]', '["1",null]', '[', '["99999999999999999999","x"]', '["1\u0000","x"]'])`, "f"},
	}...)
	trials(t, w, cases)

	// What a list shows is what is admitted here, for every principal, resource and action.
	t.Run("the functions and the tables agree", func(t *testing.T) {
		for _, who := range []string{"boss", "sub", "mate", "chief", "off", "root", "root_off", "staffer", "low", "anonymous", "service:jobs", "key:ghost"} {
			for _, table := range []string{"by_user", "by_group", "by_authenticated", "by_everyone", "by_nobody", "past", "present", "clocked", "unread", "unowned", "free", "secret"} {
				for action, sql := range map[string]string{
					"read": "SELECT id FROM app.%s", "update": "UPDATE app.%s SET body = 'y' RETURNING id", "delete": "DELETE FROM app.%s RETURNING id",
				} {
					w.as(t, who, func(tx pgx.Tx) {
						allowed := w.rows(t, tx, "SELECT key FROM rls.can_many($1, $2, (SELECT array_agg(id) FROM unnest($3::text[]) AS id)) WHERE allowed", action, table,
							strings.Fields("boss chief ghostly low mate none off root root_null root_off staffer sub"))
						can := one(t, tx, "SELECT rls.can($1, $2)", action, table)
						got := w.rows(t, tx, fmt.Sprintf(sql, table))
						equal(t, allowed, got, "%s %s %s", who, action, table)
						if (len(got) > 0) && can != "t" {
							t.Errorf("%s %s %s: %d rows, but can says %s", who, action, table, len(got), can)
						}
						if len(got) == 0 && can != "f" {
							t.Errorf("%s %s %s: no row of theirs, but can says %s", who, action, table, can)
						}
					})
				}
			}
		}
	})
}
