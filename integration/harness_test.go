// Package integration proves on real PostgreSQL what the pages of the project promise. Its tests go through the public
// doors alone: a model as text, policies/pipeline, and database logins. They share no code with the compiler.
package integration

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// world is one fresh database with the kernel, a schema and an applied model. Database roles belong to the cluster, so
// their names in model and schema are placeholders:
//
//	{{app}}       a client role that holds the table privileges of the schema
//	{{app_ro}}    a second client role, for reports
//	{{owner}}     owns the tables; no login is a member
//	{{migrator}}  a maintenance role
//
// The schema runs as {{owner}}, and afterwards both client roles get USAGE on its schemas; table privileges are the
// schema's own affair. A world may be used by parallel tests.
type world struct {
	t     testing.TB // of the test that made it
	db    *pgtest.Database
	root  *pgxpool.Pool     // of the database superuser
	roles map[string]string // placeholder -> database role
	model string            // as it was applied, placeholders filled in

	mu    sync.Mutex
	gates map[string]*gateway // of as, by name
}

// kernelTemplate is the name of the template database that holds the kernel alone.
const kernelTemplate = "rlsctl_kernel"

// emptyWorld is a database with the kernel and a schema, and no model.
func emptyWorld(t testing.TB, schema string) *world {
	t.Helper()
	w := &world{t: t, roles: map[string]string{}, gates: map[string]*gateway{}}
	w.db = pgtest.Shared(t).Clone(t, kernelTemplate, func(ctx context.Context, url string) error {
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		_, err = kernel.Up(ctx, conn)
		return errors.Join(err, conn.Close(ctx))
	})
	w.root = w.db.Pool(t, "")
	w.sql(t, "SELECT rls.reseal()") // a copy of a template is a copy
	for _, r := range []string{"app", "app_ro", "owner", "migrator"} {
		w.roles[r] = w.db.Role(t, r, "NOLOGIN")
	}
	if schema == "" {
		return w
	}
	conn := w.admin(t)
	must(t, conn, w.text("GRANT CREATE ON SCHEMA public TO {{owner}}; GRANT CREATE ON DATABASE "+w.db.Name()+" TO {{owner}}"))
	must(t, conn, w.text("SET ROLE {{owner}}"))
	must(t, conn, w.text(schema))
	must(t, conn, w.text(`RESET ALL; RESET ROLE; SELECT pg_catalog.set_config('search_path', 'public', false);
		DO $$ DECLARE s text; BEGIN
			FOR s IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$|rls$|rls_lock$)' LOOP
				EXECUTE format('GRANT USAGE ON SCHEMA %I TO {{app}}, {{app_ro}}, {{migrator}}', s);
			END LOOP;
		END $$`))
	return w
}

// newWorld is a database in which the model is applied over the schema. The schema may insert rows.
func newWorld(t testing.TB, model, schema string) *world {
	t.Helper()
	w := emptyWorld(t, schema)
	w.apply(t, model)
	return w
}

// text fills in the placeholders.
func (w *world) text(s string) string {
	for k, v := range w.roles {
		s = strings.ReplaceAll(s, "{{"+k+"}}", v)
	}
	return s
}

func (w *world) role(name string) string { return w.roles[name] }

// admin is a connection of the database superuser.
func (w *world) admin(t testing.TB) *pgx.Conn { t.Helper(); return w.db.Conn(t, "") }

// sql runs statements as the database superuser.
func (w *world) sql(t testing.TB, sql string, args ...any) {
	t.Helper()
	if len(args) == 0 {
		args = []any{pgx.QueryExecModeSimpleProtocol} // it takes several statements
	}
	if _, err := w.root.Exec(t.Context(), w.text(sql), args...); err != nil {
		t.Fatalf("%s: %v", sql, explain(err))
	}
}

// parse reads a model and fails on any mistake in it.
func (w *world) parse(t testing.TB, model string) *policies.Model {
	t.Helper()
	m, diags := pipeline.Parse("rls.yaml", []byte(w.text(model)))
	if diags.HasErrors() {
		t.Fatalf("parse: %v", diags)
	}
	return m
}

// plan says what apply would do.
func (w *world) plan(t testing.TB, model string) pipeline.Result {
	t.Helper()
	r, err := pipeline.Plan(t.Context(), w.admin(t), w.parse(t, model))
	if err != nil {
		t.Fatalf("plan: %v", explain(err))
	}
	if r.Diagnostics.HasErrors() {
		t.Fatalf("check: %v", r.Diagnostics)
	}
	return r
}

// apply plans and applies a model, whatever its hazards.
func (w *world) apply(t testing.TB, model string) {
	t.Helper()
	conn := w.admin(t)
	m := w.parse(t, model)
	r, err := pipeline.Plan(t.Context(), conn, m)
	if err != nil {
		t.Fatalf("plan: %v", explain(err))
	}
	if r.Diagnostics.HasErrors() {
		t.Fatalf("check: %v", r.Diagnostics)
	}
	if err := pipeline.Apply(t.Context(), conn, m, r.Plan, apply.Options{Allow: apply.Hazards(r.Plan), LockRetries: 30 /* as rlsctl apply: other tests change the same roles */}); err != nil {
		t.Fatalf("apply: %v\nnotes: %v", explain(err), r.Plan.Notes)
	}
	w.model = w.text(model)
}

// key is the key of the user of that login, as text.
func (w *world) key(t testing.TB, login string) string {
	t.Helper()
	k := one(t, w.root, "SELECT coalesce(rls.find_user('login', $1), '')", login)
	if k == "" {
		t.Fatalf("no user has the login %q", login)
	}
	return k
}

// person makes a database login of that user and connects with it.
func (w *world) person(t testing.TB, user string) *pgx.Conn {
	t.Helper()
	return w.db.Conn(t, w.personLogin(t, user, "app"))
}

// personLogin makes a database login of that user, a member of the client role, and returns its name.
func (w *world) personLogin(t testing.TB, user, client string) string {
	t.Helper()
	login := w.db.Role(t, "person", "LOGIN IN ROLE "+w.role(client)+", rls_any")
	w.sql(t, "INSERT INTO rls.login (name, kind, principal, client_role) VALUES ($1, 'person', $2, $3)", login, w.key(t, user), w.role(client))
	return login
}

// bi is an impersonating login with one database role for each user, by the user's login.
func (w *world) bi(t testing.TB, users ...string) (login string, roles map[string]string) {
	t.Helper()
	login = w.db.Role(t, "bi", "LOGIN NOINHERIT")
	w.sql(t, "INSERT INTO rls.login (name, kind, client_role) VALUES ($1, 'impersonating', $2)", login, w.role("app"))
	roles = map[string]string{}
	for _, u := range users {
		r := w.db.Role(t, "bi_"+u, "NOLOGIN IN ROLE "+w.role("app")+", rls_any")
		w.sql(t, "GRANT "+r+" TO "+login)
		w.sql(t, "INSERT INTO rls.impersonation (login, role, principal) VALUES ($1, $2, $3)", login, r, w.key(t, u))
		roles[u] = r
	}
	return login, roles
}

// gateway is a registered gateway login with one key.
type gateway struct {
	w      *world
	login  string
	client string // the plan role that takes no token
	keyID  string
	key    []byte
	pool   *pgxpool.Pool // of as
}

// gateway registers a gateway of the client role {{app}} that may claim every user, anonymous and the named services.
func (w *world) gateway(t testing.TB, services ...string) *gateway {
	t.Helper()
	return w.gatewayOf(t, "app", services...)
}

func (w *world) gatewayOf(t testing.TB, client string, services ...string) *gateway {
	t.Helper()
	g := &gateway{w: w, login: w.db.Role(t, "gate", "LOGIN NOINHERIT IN ROLE "+w.role(client)), client: "rls_any_" + w.role(client), keyID: "k1"}
	// Not random: a test that fails once fails again.
	seed := sha256.Sum256([]byte(g.login))
	g.key = seed[:]
	if services == nil {
		services = []string{}
	}
	w.sql(t, "INSERT INTO rls.login (name, kind, client_role) VALUES ($1, 'gateway', $2)", g.login, w.role(client))
	w.sql(t, "INSERT INTO rls.gateway (login, users, anonymous, services) VALUES ($1, true, true, $2)", g.login, services)
	g.addKey(t, g.keyID, g.key)
	w.sql(t, `DO $$ DECLARE s text; BEGIN
			FOR s IN SELECT DISTINCT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$|rls_lock$)' LOOP
				EXECUTE format('GRANT USAGE ON SCHEMA %I TO `+g.login+`', s);
			END LOOP;
		END $$;
		DO $$ DECLARE r text; BEGIN
			FOR r IN SELECT p.role FROM rls.plan_role AS p WHERE p.client_role = '`+w.role(client)+`' LOOP
				EXECUTE format('GRANT %I TO `+g.login+`', r);
			END LOOP;
		END $$;
		GRANT EXECUTE ON FUNCTION rls.enter(text), rls.open_token(text), rls.session_problems() TO `+g.login)
	return g
}

// addKey registers a key.
func (g *gateway) addKey(t testing.TB, id string, key []byte) {
	t.Helper()
	g.w.sql(t, "SELECT rls.add_key($1, $2, $3)", g.login, id, key)
}

// conn connects as the bare gateway.
func (g *gateway) conn(t testing.TB) *pgx.Conn { t.Helper(); return g.w.db.Conn(t, g.login) }

// claims of a token. The zero value of a field leaves it out; ttl 0 means 30 s.
type claims struct {
	kind, principal, tenant, client, attributes string
	factor                                      bool
	ttl                                         time.Duration
}

// token mints a token for a principal, for 30 s.
func (g *gateway) token(kind, principal string) string {
	return g.mint(claims{kind: kind, principal: principal})
}

// mint writes a token by docs/token.md.
func (g *gateway) mint(c claims) string {
	if c.ttl == 0 {
		c.ttl = 30 * time.Second
	}
	h := func(s string) string { return hex.EncodeToString([]byte(s)) }
	factor := "0"
	if c.factor {
		factor = "1"
	}
	expires := strconv.FormatInt(time.Now().Add(c.ttl).Unix(), 10)
	return sign(g.key, strings.Join([]string{"rls1", g.keyID, expires, c.kind, h(c.principal), h(c.tenant), h(c.client), factor, c.attributes}, "|"))
}

// sign appends the MAC to the body of a token.
func sign(key []byte, body string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(body))
	return body + "|" + hex.EncodeToString(mac.Sum(nil))
}

// tokenFor mints for "anonymous", "service:NAME", "key:KEY", or the login of a user.
func (g *gateway) tokenFor(t testing.TB, principal string) string {
	t.Helper()
	switch kind, name, _ := strings.Cut(principal, ":"); kind {
	case "anonymous":
		return g.token("anonymous", "")
	case "service":
		return g.token("service", name)
	case "key":
		return g.token("user", name)
	default:
		return g.token("user", g.w.key(t, principal))
	}
}

// shared is the gateway of as: one for each client role, with a pool of its own.
func (w *world) shared(t testing.TB, client string) *gateway {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if g := w.gates[client]; g != nil {
		return g
	}
	g := w.gatewayOf(t, client, "jobs", "mailer")
	g.pool = w.db.Pool(w.t, g.login) // it outlives the subtest that asks first
	w.gates[client] = g
	return g
}

// as calls fn in a transaction that acts for a principal (see tokenFor; "nobody" has not entered) by way of a gateway,
// and rolls it back.
func (w *world) as(t testing.TB, principal string, fn func(tx pgx.Tx)) {
	t.Helper()
	w.asClient(t, "app", principal, fn)
}

func (w *world) asClient(t testing.TB, client, principal string, fn func(tx pgx.Tx)) {
	t.Helper()
	g := w.shared(t, client)
	tx, err := g.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(explain(err))
	}
	defer tx.Rollback(context.Background()) //nolint:errcheck // nothing is kept
	if principal == "nobody" {
		_, err = tx.Exec(t.Context(), "SET LOCAL ROLE "+g.client)
	} else {
		_, err = tx.Exec(t.Context(), "SELECT rls.enter($1)", g.tokenFor(t, principal))
	}
	if err != nil {
		t.Fatalf("enter as %s: %v", principal, explain(err))
	}
	fn(tx)
}

// try runs a statement as a principal in a transaction of its own that is rolled back, and returns its outcome.
func (w *world) try(t testing.TB, principal, sql string, args ...any) (out string) {
	t.Helper()
	w.as(t, principal, func(tx pgx.Tx) { out = w.outcome(t, tx, sql, args...) })
	return out
}

// querier is a pgx.Conn, a pgx.Tx or a pool.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	Begin(ctx context.Context) (pgx.Tx, error)
}

// rows returns the rows of a query, their columns as text joined with "|"; NULL is "NULL".
func (w *world) rows(t testing.TB, q querier, sql string, args ...any) []string {
	t.Helper()
	out, _, err := collect(t.Context(), q, w.text(sql), args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, explain(err))
	}
	return out
}

func collect(ctx context.Context, q querier, sql string, args ...any) (out []string, tag pgconn.CommandTag, err error) {
	r, err := q.Query(ctx, sql, append([]any{pgx.QueryResultFormats{pgx.TextFormatCode}}, args...)...)
	if err != nil {
		return nil, pgconn.CommandTag{}, err
	}
	defer r.Close()
	for r.Next() {
		var cols []string
		for _, v := range r.RawValues() {
			if v == nil {
				cols = append(cols, "NULL")
			} else {
				cols = append(cols, string(v))
			}
		}
		out = append(out, strings.Join(cols, "|"))
	}
	r.Close()
	return out, r.CommandTag(), r.Err()
}

// The outcomes of a statement, besides the rows that it returned, joined by spaces.
const (
	filtered = "filtered" // no row, no error
	rejected = "rejected" // 42501
)

// outcome runs a statement in a savepoint, or on a bare connection in a transaction that is committed, and says what came of it: the rows that it returned, "touched N" where it
// returns none and wrote N, filtered, rejected, or the SQLSTATE of another error.
func (w *world) outcome(t testing.TB, q querier, sql string, args ...any) string {
	t.Helper()
	tx, err := q.Begin(t.Context())
	if err != nil {
		t.Fatal(explain(err))
	}
	rows, tag, err := collect(t.Context(), tx, w.text(sql), args...)
	switch code := sqlstate(err); {
	case code == "42501":
		_ = tx.Rollback(t.Context())
		return rejected
	case code != "":
		_ = tx.Rollback(t.Context())
		return code
	case err != nil:
		t.Fatalf("%s: %v", sql, err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		if code := sqlstate(err); code != "" {
			return code
		}
		t.Fatal(explain(err))
	}
	switch {
	case len(rows) > 0:
		return strings.Join(rows, " ")
	case tag.RowsAffected() > 0:
		return fmt.Sprintf("touched %d", tag.RowsAffected())
	}
	return filtered
}

// sqlstate is the SQLSTATE of an error of the server, else "".
func sqlstate(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// explain adds what PgError.Error leaves out.
func explain(err error) string {
	var pg *pgconn.PgError
	if err == nil || !errors.As(err, &pg) {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%v\n  detail: %s\n  hint: %s\n  where: %s", err, pg.Detail, pg.Hint, pg.Where)
}

// must runs statements without arguments.
func must(t testing.TB, q querier, sql string) {
	t.Helper()
	if _, err := q.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatalf("%.300s: %v", sql, explain(err))
	}
}

// one returns the single value of a query as text.
func one(t testing.TB, q querier, sql string, args ...any) string {
	t.Helper()
	out, _, err := collect(t.Context(), q, sql, args...)
	if err != nil {
		t.Fatalf("%s: %v", sql, explain(err))
	}
	if len(out) != 1 {
		t.Fatalf("%s: %d rows, want 1", sql, len(out))
	}
	return out[0]
}

// begin starts a transaction that is rolled back at the end of the test.
func begin(t testing.TB, conn querier) pgx.Tx {
	t.Helper()
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(explain(err))
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	return tx
}

// equal fails unless two lists hold the same, in any order.
func equal(t testing.TB, got, want []string, format string, args ...any) {
	t.Helper()
	g, x := slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(g, x) {
		t.Errorf("%s: got %v, want %v", fmt.Sprintf(format, args...), g, x)
	}
}

// trial is one case of a table: a principal, a statement and its outcome.
type trial struct {
	sentence string // of the contract, word for word
	who      string // see tokenFor
	do       string
	want     string // see outcome
}

// trials runs a table of cases against one world, each in a transaction of its own that is rolled back.
func trials(t *testing.T, w *world, cases []trial) {
	t.Helper()
	for i, c := range cases {
		// Not parallel: cases of one world lock the same rows.
		t.Run(fmt.Sprintf("%02d %s/%s", i, c.sentence, c.who), func(t *testing.T) {
			if got := w.try(t, c.who, c.do); got != c.want {
				t.Errorf("%s as %s\n  got  %s\n  want %s\n  says %q", c.do, c.who, got, c.want, c.sentence)
			}
		})
	}
}

// psql runs the real program with a login and returns the rows that it prints, columns joined with "|".
func (w *world) psql(t testing.TB, login, sql string) []string {
	t.Helper()
	out, stderr, err := w.db.Psql(t, login, w.text(sql))
	if err != nil {
		t.Fatalf("psql: %v: %s", err, stderr)
	}
	return strings.Fields(out)
}
