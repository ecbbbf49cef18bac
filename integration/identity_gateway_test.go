package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// identityModel: boss sees sub, other sees nobody else, root is a superuser, off is inactive. Everybody owns one note.
const identityModel = `
version: 1
database: {client_roles: ["{{app}}", "{{app_ro}}"], maintenance_roles: ["{{migrator}}"]}
users: {table: app.person, key: id, subject: sub_id, active: active, superuser: super, sees: {supervisor: boss}}
groups: {table: app.team, key: id, members: {table: app.team_member, group: team, user: person}}
services: {mailer: {}}
session_attributes: {ip_zone: text, a: text, b: text, level: bigint, flag: boolean, device: uuid}
resources:
  note: {table: app.note, owner: [owner, {group: team}]}
grants:
  - {to: authenticated, allow: {note: "*"}}
`

const identitySchema = `
CREATE SCHEMA app;
CREATE TABLE app.person (id text PRIMARY KEY, boss text, sub_id text UNIQUE, active boolean NOT NULL DEFAULT true, super boolean NOT NULL DEFAULT false);
CREATE TABLE app.team (id text PRIMARY KEY);
CREATE TABLE app.team_member (team text, person text);
CREATE TABLE app.note (id text PRIMARY KEY, owner text, team text, body text DEFAULT '');
INSERT INTO app.person (id, boss, sub_id) VALUES ('boss', NULL, 'idp|boss'), ('sub', 'boss', 'idp|sub'), ('other', NULL, 'idp|other'), ('mailer', NULL, NULL);
INSERT INTO app.person VALUES ('off', NULL, 'idp|off', false, false), ('root', NULL, 'idp|root', true, true);
INSERT INTO app.team VALUES ('t');
INSERT INTO app.team_member VALUES ('t', 'boss');
INSERT INTO app.note SELECT id, id FROM app.person;
INSERT INTO app.note VALUES ('team', NULL, 't');
GRANT SELECT, INSERT, UPDATE, DELETE ON app.note TO {{app}};
GRANT SELECT ON app.note TO {{app_ro}};
`

const (
	notes      = "SELECT id FROM app.note ORDER BY id"
	bossNotes  = "boss sub team"
	subNotes   = "sub"
	otherNotes = "other"
	allNotes   = "boss mailer off other root sub team"
)

// entered starts a transaction on conn and presents a token; it returns the principal, or the SQLSTATE.
func entered(t testing.TB, conn *pgx.Conn, token string) (pgx.Tx, string) {
	t.Helper()
	tx := begin(t, conn)
	var who string
	if err := tx.QueryRow(t.Context(), "SELECT rls.enter($1)", token).Scan(&who); err != nil {
		code := sqlstate(err)
		if code == "" {
			t.Fatal(err)
		}
		return tx, code
	}
	return tx, who
}

func TestToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	g := w.gateway(t, "mailer")
	h := w.gateway(t)
	conn := g.conn(t)

	// present says what a token leads to: the outcome of reading as whom it names, or the SQLSTATE of its refusal.
	present := func(t *testing.T, conn *pgx.Conn, token string) string {
		t.Helper()
		tx, who := entered(t, conn, token)
		defer tx.Rollback(t.Context()) //nolint:errcheck // nothing is kept
		if strings.HasPrefix(who, "RL") || len(who) == 5 && who[0] >= '0' && who[0] <= '9' {
			return who
		}
		return who + ": " + w.outcome(t, tx, notes)
	}

	t.Run("accepted", func(t *testing.T) {
		for token, want := range map[string]string{
			g.token("user", "boss"):         "user:boss: " + bossNotes,
			g.token("user", "other"):        "user:other: " + otherNotes,
			g.token("user", "root"):         "user:root: " + allNotes,
			g.token("user", "off"):          "user:off: " + filtered,
			g.token("user", "no such user"): "user:no such user: " + filtered,
			g.token("subject", "idp|boss"):  "user:boss: " + bossNotes,
			g.token("subject", "idp|off"):   "user:off: " + filtered,
			g.token("anonymous", ""):        "anonymous: " + filtered,
			g.token("service", "mailer"):    "service:mailer: " + filtered, // not the user of that key
		} {
			if got := present(t, conn, token); got != want {
				t.Errorf("%s: got %s, want %s", token, got, want)
			}
		}
	})
	t.Run("a service is never the user whose key is spelt like its name", func(t *testing.T) {
		tx, _ := entered(t, conn, g.token("service", "mailer"))
		defer tx.Rollback(t.Context()) //nolint:errcheck // nothing is kept
		if got := w.outcome(t, tx, "SELECT rls.principal(), rls.principal_kind()"); got != "NULL|service" {
			t.Error(got)
		}
		if got := w.outcome(t, tx, "INSERT INTO app.note VALUES ('new', 'mailer')"); got != rejected {
			t.Error(got)
		}
	})

	good := g.mint(claims{kind: "user", principal: "boss", client: "192.0.2.1", attributes: "ip_zone=6575"})
	body := good[:strings.LastIndexByte(good, '|')]
	in := func(d time.Duration) string { return fmt.Sprint(time.Now().Add(d).Unix()) }
	resign := func(field int, value string) string {
		f := strings.Split(body, "|")
		f[field] = value
		return sign(g.key, strings.Join(f, "|"))
	}
	foreign := *h
	foreign.login = g.login
	for name, c := range map[string]struct{ token, want string }{
		"empty":                            {"", "RL003"},
		"garbage":                          {"let me in", "RL003"},
		"forged":                           {body + "|" + strings.Repeat("0", 64), "RL003"},
		"signed with a guessed key":        {sign(make([]byte, 32), body), "RL003"},
		"the key of another gateway":       {foreign.token("user", "boss"), "RL003"},
		"an unknown key id":                {resign(1, "k9"), "RL003"},
		"an empty key id":                  {resign(1, ""), "RL003"},
		"another version":                  {resign(0, "rls2"), "RL003"},
		"altered principal":                {strings.Replace(good, "|626f7373|", "|6f74686572|", 1), "RL003"},
		"altered kind":                     {strings.Replace(good, "|user|", "|subject|", 1), "RL003"},
		"altered address":                  {strings.Replace(good, "|3139322e302e322e31|", "||", 1), "RL003"},
		"altered factor":                   {strings.Replace(good, "|0|ip_zone", "|1|ip_zone", 1), "RL003"},
		"altered attribute":                {strings.Replace(good, "=6575|", "=7573|", 1), "RL003"},
		"altered expiry":                   {strings.Replace(good, strings.Split(good, "|")[2], in(50*time.Second), 1), "RL003"},
		"upper case in the signature":      {body + "|" + strings.ToUpper(good[len(body)+1:]), "RL003"},
		"a byte after the signature":       {good + "0", "RL003"},
		"a newline after the signature":    {good + "\n", "RL003"},
		"a byte less":                      {good[:len(good)-1], "RL003"},
		"expired":                          {resign(2, in(-time.Second)), "RL002"},
		"expired long ago":                 {resign(2, "1"), "RL002"},
		"expired, and of another gateway":  {sign(h.key, strings.Replace(body, strings.Split(body, "|")[2], "1", 1)), "RL003"},
		"too long-lived":                   {resign(2, in(70*time.Second)), "RL003"},
		"too long-lived by far":            {resign(2, "999999999999"), "RL003"},
		"expiry with a leading zero":       {resign(2, "0"+in(30*time.Second)), "RL003"},
		"expiry that is no number":         {resign(2, "1e10"), "RL003"},
		"expiry beyond 12 digits":          {resign(2, "9999999999999"), "RL003"},
		"an unknown kind":                  {resign(3, "role"), "RL003"},
		"nobody":                           {resign(3, ""), "RL003"},
		"a user without a key":             {resign(4, ""), "RL003"},
		"anonymous with a name":            {resign(3, "anonymous"), "RL003"},
		"a NUL in the principal":           {resign(4, "626f737300"), "RL003"},
		"bytes that are no UTF-8":          {resign(4, "ff"), "RL003"},
		"an overlong encoding":             {resign(4, "c0af"), "RL003"},
		"a surrogate":                      {resign(4, "eda080"), "RL003"},
		"upper case hexadecimal":           {resign(4, "626F7373"), "RL003"},
		"half a byte":                      {resign(4, "626"), "RL003"},
		"a key of 513 bytes":               {resign(4, strings.Repeat("61", 513)), "RL003"},
		"attributes out of order":          {resign(8, "b=00,a=00"), "RL003"},
		"an attribute twice":               {resign(8, "a=61,a=62"), "RL003"},
		"attribute without a value":        {resign(8, "a"), "RL003"},
		"attribute of a long name":         {resign(8, strings.Repeat("a", 64)+"=61"), "RL003"},
		"a service that is not listed":     {g.token("service", "cron"), "RL003"},
		"a service of another gateway":     {h.token("service", "mailer"), "RL003"},
		"a subject that nobody has":        {g.token("subject", "idp|nobody"), "RL005"},
		"a subject by the key of the user": {g.token("subject", "boss"), "RL005"},
		"more than 8192 bytes":             {resign(5, strings.Repeat("61", 4096)), "RL003"},
	} {
		t.Run("refused/"+name, func(t *testing.T) {
			if got := present(t, conn, c.token); got != c.want {
				t.Errorf("%.200q: got %s, want %s", c.token, got, c.want)
			}
		})
	}
	t.Run("refused/NULL", func(t *testing.T) {
		tx := begin(t, conn)
		defer tx.Rollback(t.Context()) //nolint:errcheck // nothing is kept
		if got := w.outcome(t, tx, "SELECT rls.enter(NULL)"); got != "RL003" {
			t.Error(got)
		}
	})
	t.Run("refused/each digit of the signature counts", func(t *testing.T) {
		tx := begin(t, conn)
		defer tx.Rollback(t.Context()) //nolint:errcheck // nothing is kept
		for i := range 64 {
			b := []byte(good)
			at := len(body) + 1 + i
			b[at] = "123456789abcdef0"[strings.IndexByte("0123456789abcdef", b[at])]
			if got := w.outcome(t, tx, "SELECT rls.enter('"+string(b)+"')"); got != "RL003" {
				t.Errorf("digit %d: %s", i, got)
			}
		}
		if got := w.outcome(t, tx, "SELECT rls.enter('"+good+"')"); got != "user:boss" {
			t.Errorf("the token itself: %s", got)
		}
	})
	t.Run("the verifier names the newest key, and no more", func(t *testing.T) {
		_, err := conn.Exec(t.Context(), "SELECT rls.enter($1)", resign(1, "old"))
		pg, ok := err.(*pgconn.PgError)
		if !ok || pg.Detail != "newest key: k1" {
			t.Errorf("%v", explain(err))
		}
	})
	t.Run("two keys are valid at once, by id", func(t *testing.T) {
		r := w.gateway(t)
		old := r.token("user", "boss")
		second := *r
		second.keyID, second.key = "k2", []byte(strings.Repeat("z", 32))
		r.addKey(t, second.keyID, second.key)
		c := r.conn(t)
		for _, token := range []string{old, second.token("user", "boss")} {
			if got := present(t, c, token); got != "user:boss: "+bossNotes {
				t.Error(got)
			}
		}
		swapped := *r
		swapped.key = second.key // the id of one, the bytes of the other
		if got := present(t, c, swapped.token("user", "boss")); got != "RL003" {
			t.Error(got)
		}
		w.sql(t, "DELETE FROM rls.gateway_key WHERE gateway = $1 AND id = 'k1'", r.login)
		if got := present(t, c, r.token("user", "boss")); got != "RL003" {
			t.Errorf("a key that was taken away: %s", got)
		}
	})
	t.Run("a list of what it may claim", func(t *testing.T) {
		for set, want := range map[string]string{
			"users = false":                       "RL003 RL003 anonymous: filtered RL003",
			"anonymous = false":                   "user:boss: " + bossNotes + " user:boss: " + bossNotes + " RL003 RL003",
			"services = '{}', users = true":       "user:boss: " + bossNotes + " user:boss: " + bossNotes + " anonymous: filtered RL003",
			"services = '{mailer}', users = true": "user:boss: " + bossNotes + " user:boss: " + bossNotes + " anonymous: filtered service:mailer: filtered",
		} {
			r := w.gateway(t)
			w.sql(t, "UPDATE rls.gateway SET "+set+" WHERE login = '"+r.login+"'")
			c := r.conn(t)
			got := strings.Join([]string{present(t, c, r.token("user", "boss")), present(t, c, r.token("subject", "idp|boss")),
				present(t, c, r.token("anonymous", "")), present(t, c, r.token("service", "mailer"))}, " ")
			if got != want {
				t.Errorf("%s: got %s, want %s", set, got, want)
			}
		}
		r := w.gateway(t)
		c := r.conn(t)
		for tenants, want := range map[string]string{"NULL": "user:boss: " + bossNotes, "'{acme,zeta}'": "user:boss: " + bossNotes, "'{zeta}'": "RL003", "'{}'": "RL003"} {
			w.sql(t, "UPDATE rls.gateway SET tenants = "+tenants+" WHERE login = '"+r.login+"'")
			if got := present(t, c, r.mint(claims{kind: "user", principal: "boss", tenant: "acme"})); got != want {
				t.Errorf("tenants %s: got %s, want %s", tenants, got, want)
			}
		}
	})
	t.Run("an unsigned gateway believes everything but its limits", func(t *testing.T) {
		r := w.gateway(t)
		w.sql(t, "UPDATE rls.gateway SET signed = false, anonymous = false WHERE login = $1", r.login)
		c := r.conn(t)
		r.key = []byte("not the key")
		if got := present(t, c, r.token("user", "boss")); got != "user:boss: "+bossNotes {
			t.Error(got)
		}
		if got := present(t, c, r.token("anonymous", "")); got != "RL003" {
			t.Error(got)
		}
		if got := present(t, c, r.mint(claims{kind: "user", principal: "boss", ttl: -time.Second})); got != "RL002" {
			t.Error(got)
		}
		if got := strings.Join(w.rows(t, c, "SELECT * FROM rls.session_problems()"), ""); !strings.HasPrefix(got, "unsigned gateway") {
			t.Errorf("session_problems: %q", got)
		}
	})
	t.Run("only a gateway presents tokens", func(t *testing.T) {
		token := g.token("user", "boss")
		person := w.person(t, "other")
		if got := present(t, person, token); got != "RL003" {
			t.Errorf("a person: %s", got)
		}
		login, roles := w.bi(t, "other")
		bi := w.db.Conn(t, login)
		must(t, bi, "SET ROLE "+roles["other"])
		if got := present(t, bi, token); got != "RL003" {
			t.Errorf("an impersonating login: %s", got)
		}
		if got := present(t, h.conn(t), token); got != "RL003" {
			t.Errorf("another gateway: %s", got)
		}
		stranger := w.db.Conn(t, w.db.Role(t, "stranger", "LOGIN"))
		if got := present(t, stranger, token); got != "42501" {
			t.Errorf("a login without a kind: %s", got)
		}
	})
	t.Run("a token is a bind parameter, so pg_stat_activity does not show it", func(t *testing.T) {
		c := g.conn(t)
		token := g.token("user", "boss")
		tx, _ := entered(t, c, token)
		defer tx.Rollback(t.Context()) //nolint:errcheck // nothing is kept
		got := w.rows(t, w.root, "SELECT query FROM pg_stat_activity WHERE usename = $1", g.login)
		if len(got) == 0 || strings.Contains(strings.Join(got, " "), token[:20]) {
			t.Errorf("%q", got)
		}
	})
}

// TestContext is about what a token is replaced by.
func TestContext(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	g := w.gateway(t, "mailer")
	const context = "SELECT current_setting('rls.context')"

	t.Run("a copied context does not work in another transaction", func(t *testing.T) {
		a, b := g.conn(t), g.conn(t)
		tx, _ := entered(t, a, g.token("user", "boss"))
		stolen := one(t, tx, context)
		use := func(name string, tx pgx.Tx, want string) {
			t.Helper()
			if _, err := tx.Exec(t.Context(), "SELECT set_config('rls.context', $1, true)", stolen); err != nil {
				t.Fatal(err)
			}
			if got := w.outcome(t, tx, notes); got != want {
				t.Errorf("%s: got %s, want %s", name, got, want)
			}
		}
		use("its own transaction", tx, bossNotes)
		other := begin(t, b)
		must(t, other, "SET LOCAL ROLE "+g.client)
		use("another connection at the same time", other, "RL003")
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		next := begin(t, a)
		must(t, next, "SET LOCAL ROLE "+g.client)
		use("the next transaction of the same connection", next, "RL003")

		h := w.gateway(t)
		foreign := begin(t, h.conn(t))
		must(t, foreign, "SET LOCAL ROLE "+h.client)
		use("another gateway", foreign, "RL003")
		use("a person: ignored", begin(t, w.person(t, "other")), otherNotes)
		login, roles := w.bi(t, "sub")
		bi := begin(t, w.db.Conn(t, login))
		must(t, bi, "SET LOCAL ROLE "+roles["sub"])
		use("an impersonating login: ignored", bi, subNotes)

		entered, _ := entered(t, g.conn(t), g.token("user", "other"))
		use("over a context of its own", entered, "RL003")
	})
	t.Run("a session-wide setting does not work", func(t *testing.T) {
		c := g.conn(t)
		tx, _ := entered(t, c, g.token("user", "boss"))
		must(t, tx, "SELECT set_config('rls.context', current_setting('rls.context'), false), set_config('role', current_setting('role'), false)")
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := one(t, c, context); !strings.HasPrefix(got, "user|") {
			t.Fatalf("the setting is %q: nothing is proved", got)
		}
		if got := w.outcome(t, c, notes); got != "RL003" {
			t.Errorf("in autocommit: %s", got)
		}
		tx = begin(t, c)
		if got := w.outcome(t, tx, notes); got != "RL003" {
			t.Errorf("in the next transaction: %s", got)
		}
		// And it does not lock the next principal out.
		must(t, tx, "RESET ROLE")
		if got := w.outcome(t, tx, "SELECT rls.enter('"+g.token("user", "other")+"')"); got != "user:other" {
			t.Errorf("entering: %s", got)
		}
		if got := w.outcome(t, tx, notes); got != otherNotes {
			t.Errorf("after entering: %s", got)
		}
	})
	t.Run("settings of the connection and of the login do not work", func(t *testing.T) {
		tx, _ := entered(t, g.conn(t), g.token("user", "boss"))
		stolen := one(t, tx, context)
		cfg, err := pgx.ParseConfig(w.db.URL(g.login))
		if err != nil {
			t.Fatal(err)
		}
		cfg.RuntimeParams["rls.context"] = stolen
		cfg.RuntimeParams["role"] = g.client
		c, err := pgx.ConnectConfig(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(t.Context()) //nolint:errcheck // read only
		if got := w.outcome(t, c, notes); got != "RL003" {
			t.Error(got)
		}
	})
	for name, alter := range map[string]string{
		"principal": "replace(c, encode('boss', 'hex'), encode('root', 'hex'))",
		"kind":      "replace(c, 'user|', 'service|')",
		"deadline":  "regexp_replace(c, '[0-9.]+(\\|[0-9a-f]{64})$', '99999999999\\1')",
		"mac":       "overlay(c placing repeat('0', 64) from length(c) - 63)",
		"cut":       "left(c, -1)",
		"longer":    "c || '0'",
		"empty mac": "left(c, -64)",
		"garbage":   "'x'",
		"a pipe":    "'|'",
		"only mac":  "right(c, 65)",
		"other key": "'user|726f6f74|token|||0||99999999999|' || encode(sha256('x'), 'hex')",
	} {
		t.Run("an altered context is refused/"+name, func(t *testing.T) {
			tx, _ := entered(t, g.conn(t), g.token("user", "boss"))
			before := one(t, tx, context)
			must(t, tx, "SELECT set_config('rls.context', "+alter+", true) FROM (SELECT current_setting('rls.context') AS c) AS x")
			if one(t, tx, context) == before {
				t.Fatal("nothing is altered")
			}
			if got := w.outcome(t, tx, notes); got != "RL003" {
				t.Errorf("got %s, want RL003", got)
			}
		})
	}
	t.Run("a second principal in one transaction is refused", func(t *testing.T) {
		c := g.conn(t)
		tx, _ := entered(t, c, g.token("user", "boss"))
		enter := func(token string) string { return w.outcome(t, tx, "SELECT rls.enter($1)", token) }
		if got := enter(g.token("user", "other")); got != "RL004" {
			t.Errorf("another user: %s", got)
		}
		if got := enter(g.token("anonymous", "")); got != "RL004" {
			t.Errorf("anonymous: %s", got)
		}
		if got := enter(g.mint(claims{kind: "user", principal: "boss", factor: true})); got != "RL004" {
			t.Errorf("the same with a second factor: %s", got)
		}
		if got := enter(g.token("subject", "idp|boss")); got != "user:boss" {
			t.Errorf("the same by another name: %s", got)
		}
		if got := w.outcome(t, tx, notes); got != bossNotes {
			t.Errorf("still: %s", got)
		}
	})
	t.Run("nobody", func(t *testing.T) {
		c := g.conn(t)
		for _, sql := range []string{notes, "SELECT count(*) FROM app.note", "UPDATE app.note SET body = 'x'", "DELETE FROM app.note", "INSERT INTO app.note VALUES ('n', 'boss')"} {
			if got := w.outcome(t, c, sql); got != rejected {
				t.Errorf("bare gateway: %s: %s, want 42501", sql, got)
			}
		}
		must(t, c, "SET ROLE "+g.client)
		for _, sql := range []string{notes, "SELECT count(*) FROM app.note", "UPDATE app.note SET body = 'x'", "DELETE FROM app.note", "INSERT INTO app.note VALUES ('n', 'boss')", "SELECT rls.principal()", "SELECT rls.can('read', 'note')", "SELECT rls.groups()"} {
			if got := w.outcome(t, c, sql); got != "RL001" {
				t.Errorf("role taken by hand: %s: %s, want RL001", sql, got)
			}
		}
		r := w.gateway(t)
		w.sql(t, "UPDATE rls.gateway SET on_nobody = 'empty' WHERE login = $1", r.login)
		c = r.conn(t)
		if got := w.outcome(t, c, notes); got != rejected {
			t.Errorf("on_nobody empty, bare gateway: %s", got)
		}
		must(t, c, "SET ROLE "+r.client)
		for sql, want := range map[string]string{
			notes: filtered, "UPDATE app.note SET body = 'x'": filtered, "DELETE FROM app.note": filtered,
			"INSERT INTO app.note VALUES ('n', 'boss')": rejected, "INSERT INTO app.note VALUES ('n', NULL)": rejected,
			"SELECT rls.principal()": "NULL", "SELECT rls.can('read', 'note')": "f", "SELECT rls.groups()": "{}",
		} {
			if got := w.outcome(t, c, sql); got != want {
				t.Errorf("on_nobody empty: %s: %s, want %s", sql, got, want)
			}
		}
		must(t, c, "SELECT set_config('rls.context', 'x', false)")
		if got := w.outcome(t, c, notes); got != "RL003" {
			t.Errorf("on_nobody empty, an invalid context: %s", got)
		}
	})
	t.Run("a pooled connection starts the next transaction as nobody", func(t *testing.T) {
		c := g.conn(t)
		ends := map[string]func(pgx.Tx){
			"commit":   func(tx pgx.Tx) { must(t, tx, "COMMIT") },
			"rollback": func(tx pgx.Tx) { must(t, tx, "ROLLBACK") },
			"error":    func(tx pgx.Tx) { _, _ = tx.Exec(t.Context(), "SELECT 1/0"); must(t, tx, "ROLLBACK") },
			"cancel": func(tx pgx.Tx) {
				_, _ = tx.Exec(t.Context(), "SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(60)")
				must(t, tx, "ROLLBACK")
			},
			"chain":          func(tx pgx.Tx) { must(t, tx, "COMMIT AND CHAIN") },
			"rollback chain": func(tx pgx.Tx) { must(t, tx, "ROLLBACK AND CHAIN") },
		}
		for name, end := range ends {
			tx, _ := entered(t, c, g.token("user", "boss"))
			if got := w.outcome(t, tx, notes); got != bossNotes {
				t.Fatalf("%s: %s", name, got)
			}
			end(tx)
			if c.PgConn().TxStatus() == 'I' {
				must(t, c, "BEGIN")
			}
			if got := one(t, c, "SELECT current_setting('rls.context', true), current_setting('role'), current_user"); got != "|none|"+g.login {
				t.Errorf("%s: %s", name, got)
			}
			must(t, c, "SET LOCAL ROLE "+g.client)
			if _, _, err := collect(t.Context(), c, notes); sqlstate(err) != "RL001" {
				t.Errorf("%s: %v, want RL001", name, err)
			}
			must(t, c, "ROLLBACK")
		}
	})
	t.Run("entering in autocommit ends with its statement", func(t *testing.T) {
		c := g.conn(t)
		if got := w.outcome(t, c, "SELECT 1"); got != "1" {
			t.Fatal(got)
		}
		if _, err := c.Exec(t.Context(), "SELECT rls.enter($1)", g.token("user", "boss")); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Exec(t.Context(), notes); sqlstate(err) != "42501" {
			t.Errorf("%v, want 42501: the role is gone too", err)
		}
	})
	t.Run("a savepoint that is rolled back takes the principal along", func(t *testing.T) {
		c := g.conn(t)
		tx := begin(t, c)
		must(t, tx, "SAVEPOINT a")
		if _, err := tx.Exec(t.Context(), "SELECT rls.enter($1)", g.token("user", "boss")); err != nil {
			t.Fatal(err)
		}
		must(t, tx, "ROLLBACK TO SAVEPOINT a")
		if got := w.outcome(t, tx, notes); got != rejected {
			t.Errorf("got %s, want 42501", got)
		}
	})
	t.Run("max_transaction ends a principal inside an open transaction", func(t *testing.T) {
		r := w.gateway(t)
		w.sql(t, "UPDATE rls.gateway SET max_transaction = '1 microsecond' WHERE login = $1", r.login)
		c := r.conn(t)
		// Judged by the clock, not by the start of the statement: one message, or one loop, must not outlive its principal.
		if _, err := c.PgConn().Exec(t.Context(), "BEGIN; SELECT rls.enter('"+r.token("user", "boss")+"'); "+notes).ReadAll(); sqlstate(err) != "RL002" {
			t.Errorf("in the message that enters: %v, want RL002", err)
		}
		must(t, c, "ROLLBACK")
		must(t, c, "BEGIN")
		must(t, c, "SELECT rls.enter('"+r.token("user", "boss")+"')")
		must(t, c, "SAVEPOINT s")
		for _, sql := range []string{notes, "SELECT count(*) FROM app.note", "UPDATE app.note SET body = 'x'", "DELETE FROM app.note", "INSERT INTO app.note VALUES ('n', 'boss')", "SELECT rls.principal()"} {
			if _, _, err := collect(t.Context(), c, sql); sqlstate(err) != "RL002" {
				t.Errorf("%s: %v, want RL002", sql, err)
			}
			must(t, c, "ROLLBACK TO SAVEPOINT s")
		}
		must(t, c, "ROLLBACK")
	})
	t.Run("RESET ROLE and SET ROLE by hand", func(t *testing.T) {
		tx, _ := entered(t, g.conn(t), g.token("user", "sub"))
		must(t, tx, "RESET ROLE")
		if got := w.outcome(t, tx, notes); got != rejected {
			t.Errorf("RESET ROLE: %s", got)
		}
		must(t, tx, "SET ROLE "+g.client)
		if got := w.outcome(t, tx, notes); got != subNotes {
			t.Errorf("SET ROLE back: %s", got)
		}
		// What it may be: itself, its client role in each form, and what these are made of. In a form the rows are those of
		// the principal; no policy is TO a client role, nor a table privilege the kernel's.
		may := map[string]string{g.login: rejected, w.role("app"): filtered, "rls_client": rejected}
		for _, form := range forms {
			may["rls_"+form], may["rls_"+form+"_"+w.role("app")] = rejected, subNotes
		}
		may["rls_all_"+w.role("app")] = "40001" // it is for superusers and services
		for _, role := range w.rows(t, w.root, "SELECT quote_ident(rolname) FROM pg_roles") {
			got := w.outcome(t, tx, "SET ROLE "+role)
			want, ok := may[role]
			delete(may, role)
			if ok != (got == filtered) {
				t.Errorf("SET ROLE %s: %s", role, got)
			}
			if got == filtered {
				if rows := w.outcome(t, tx, notes); rows != want {
					t.Errorf("as %s: %s, want %s", role, rows, want)
				}
			}
		}
		if len(may) > 0 {
			t.Errorf("no such roles: %v", may)
		}
		if got := w.outcome(t, tx, "SET SESSION AUTHORIZATION postgres"); got != rejected {
			t.Errorf("SET SESSION AUTHORIZATION: %s", got)
		}
	})
	t.Run("the keys and the seal are out of reach", func(t *testing.T) {
		roles := []string{"none", w.role("app"), "rls_client"}
		for _, form := range forms {
			roles = append(roles, "rls_"+form, "rls_"+form+"_"+w.role("app"))
		}
		gate, person := g.conn(t), w.person(t, "root")
		for _, role := range roles {
			for _, c := range []*pgx.Conn{gate, person} {
				tx := begin(t, c)
				if got := w.outcome(t, tx, "SET LOCAL ROLE "+role); got == rejected && c == person && strings.HasPrefix(role, "rls_") && role != "rls_any" && role != "rls_client" {
					must(t, tx, "ROLLBACK") // a person takes no plan role
					continue
				} else if got != filtered {
					t.Fatalf("SET ROLE %s: %s", role, got)
				}
				for _, sql := range []string{
					"SELECT * FROM rls.gateway_key", "SELECT * FROM rls.seal", "SELECT * FROM rls.login", "SELECT * FROM rls.gateway", "SELECT * FROM rls.impersonation",
					`SELECT * FROM rls."grant"`, "SELECT * FROM rls.user_row", "SELECT * FROM rls.edge", "SELECT * FROM rls.membership", "SELECT * FROM rls.compiled", "SELECT * FROM app.person",
					"SELECT rls.seal_context('user|726f6f74|token|||0||99999999999')", "SELECT rls.identify()", "SELECT rls.subject()", "SELECT rls.find_user('key', 'boss')",
					"SELECT * FROM rls.seen_by('boss')", "SELECT * FROM rls.user_state('boss')", "SELECT rls.user_groups('boss')", "SELECT rls.has_grant('{everyone}', 'read', 'note')",
					"SELECT * FROM rls.visible_set", "SELECT * FROM rls.graph_change", "SELECT * FROM rls.edge_gone", "SELECT * FROM rls.graph_lock", "SELECT * FROM rls.plan_role",
					"UPDATE rls.visible_set SET ids_text = '{boss,other}'", "DELETE FROM rls.visible_set", "DELETE FROM rls.graph_change", "INSERT INTO rls.graph_change (viewer, seen, visible) VALUES ('sub', 'boss', true)",
					"UPDATE rls.plan_role SET role = 'rls_owner'", "SELECT rls.plan_role('x', 'any')", "SELECT rls.prepare('user', 'boss')", "SELECT rls.graph_viewer('read', 'note', false)", "SELECT rls.hierarchy('boss')",
					"SELECT rls.visible_ids('boss', false)", "SELECT rls.visible_ranges('boss', false)", "SELECT rls.lock_graph()", "SELECT rls.prune_changes()", "SELECT rls.cluster()",
					"SELECT rls.record_changes('{}')", "SELECT rls.record_change('{sub}', '{boss}')",
					"SELECT rls.impersonate('root')", "SELECT * FROM rls.open_impersonation('root', NULL)", "SELECT rls.seed_grant('user', 'sub', 'read', 'note', NULL, NULL, '')",
					`INSERT INTO rls."grant" (grantee, action, resource) VALUES ('everyone', 'read', 'note')`, "UPDATE rls.login SET principal = 'root'", "UPDATE app.person SET super = true",
				} {
					if got := w.outcome(t, tx, sql); got != rejected {
						t.Errorf("as %s: %s: %s, want 42501", role, sql, got)
					}
				}
				must(t, tx, "ROLLBACK")
			}
		}
	})
	t.Run("residual/a client that holds two tokens may throw one away", func(t *testing.T) {
		c := g.conn(t)
		tx, _ := entered(t, c, g.token("user", "sub"))
		must(t, tx, "SELECT set_config('rls.context', '', true)")
		if got := w.outcome(t, tx, notes); got != "RL001" {
			t.Errorf("thrown away: %s", got)
		}
		if got := w.outcome(t, tx, "SELECT rls.enter($1)", g.token("user", "other")); got != "user:other" {
			t.Errorf("entering anew: %s", got)
		}
		if got := w.outcome(t, tx, notes); got != otherNotes { // never the rows of both
			t.Errorf("the second: %s", got)
		}
	})
}
