package logins_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/demo"
	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/pgsession"
	"github.com/rlsctl/rlsctl/policies/examples/acme"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// company is a database with the example applied.
type company struct {
	*pgtest.Database
	conn          *pgx.Conn
	client, admin string
	model         string
}

func newCompany(t *testing.T) *company {
	t.Helper()
	d := pgtest.Shared(t).Database(t)
	c := &company{Database: d, client: d.Role(t, "acme_app", "NOLOGIN"), admin: d.Role(t, "acme_admin", "NOLOGIN")}
	c.conn = d.Conn(t, "")
	e := acme.With(c.client, c.admin)
	c.model = e.Model
	if _, err := demo.Install(t.Context(), c.conn, e); err != nil {
		t.Fatal(err)
	}
	return c
}

// name is a name for a database role that the code under test makes.
func (c *company) name(t *testing.T, base string) string {
	t.Helper()
	name := fmt.Sprintf("%s_%08x", base, rand.Uint32())
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), c.URL(""))
		if err != nil {
			return
		}
		defer conn.Close(context.Background())
		_, _ = conn.Exec(context.Background(), fmt.Sprintf(`DO $$ BEGIN IF to_regrole('%s') IS NOT NULL THEN
			EXECUTE 'DROP OWNED BY %s'; EXECUTE 'DROP ROLE %s'; END IF; END $$`, name, name, name))
	})
	return name
}

func (c *company) one(t *testing.T, sql string, args ...any) string {
	t.Helper()
	var s string
	if err := c.conn.QueryRow(t.Context(), "SELECT ("+sql+")::text", args...).Scan(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

// fingerprint is all that adding and removing may touch: memberships, role options, privileges, the map, the manifest.
func (c *company) fingerprint(t *testing.T, roles ...string) string {
	t.Helper()
	return c.one(t, `SELECT concat_ws(E'\n',
		(SELECT string_agg(u.rolname || ' in ' || r.rolname, ',' ORDER BY u.rolname, r.rolname) FROM pg_auth_members m
		  JOIN pg_roles r ON r.oid = m.roleid JOIN pg_roles u ON u.oid = m.member WHERE u.rolname = ANY ($1::text[]) OR r.rolname = ANY ($1::text[])),
		(SELECT string_agg(n.nspacl::text, ',' ORDER BY n.nspname) FROM pg_namespace n WHERE n.nspname IN ('rls', 'public')),
		(SELECT string_agg(p.proacl::text, ',' ORDER BY p.oid) FROM pg_proc p WHERE p.pronamespace = 'rls'::regnamespace),
		(SELECT string_agg(i.kind || i.name || i.fingerprint, ',' ORDER BY i.kind, i.name) FROM rls.compiled i),
		(SELECT string_agg(l.name, ',' ORDER BY l.name) FROM rls.login l))`, roles)
}

func (c *company) planIsEmpty(t *testing.T) {
	t.Helper()
	m, diags := pipeline.Parse("rls.yaml", []byte(c.model))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	r, err := pipeline.Plan(t.Context(), c.conn, m)
	if err != nil {
		t.Fatal(err)
	}
	for _, ch := range r.Plan.Changes {
		t.Errorf("the plan has: %s %s (%s)", ch.Op, ch.Object.Title, ch.Reason)
	}
}

func notes(t *testing.T, conn *pgx.Conn) string {
	t.Helper()
	var s string
	if err := conn.QueryRow(t.Context(), "SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), 'none') FROM public.note").Scan(&s); err != nil {
		return err.Error()
	}
	return s
}

// expected are the ids of the notes that a person sees.
func expected(person string) string {
	var ids []string
	for _, n := range acme.Notes {
		for _, o := range acme.Visible[person] {
			if n.Owner == o {
				ids = append(ids, fmt.Sprint(n.ID))
			}
		}
	}
	if ids == nil {
		return "none"
	}
	return strings.Join(ids, " ")
}

func wantRefusal(t *testing.T, err error, message, hint string) {
	t.Helper()
	var r *logins.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("got %v, want a refusal with %q", err, message)
	}
	if !strings.Contains(r.Message, message) {
		t.Errorf("refused with %q, want %q", r.Message, message)
	}
	if !strings.Contains(r.Hint, hint) {
		t.Errorf("the hint is %q, want %q", r.Hint, hint)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestPerson(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	name := c.name(t, "bi_mark")
	before := c.fingerprint(t, name, c.client)
	secret, err := logins.NewPassword("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	a := must[logins.Added](t)(logins.AddPerson(t.Context(), c.conn, logins.Person{Login: name, User: "mark", Password: secret}))
	if !a.Created || a.ClientRole != c.client {
		t.Errorf("added %+v", a)
	}
	person, err := pgx.Connect(t.Context(), strings.Replace(c.URL(""), "postgres@", name+":correct%20horse@", 1))
	if err != nil {
		t.Fatal(err)
	}
	defer person.Close(t.Context())
	if got := notes(t, person); got != expected("mark") {
		t.Errorf("mark sees %q, want %q", got, expected("mark"))
	}
	if got := c.one(t, "SELECT string_agg(rolsuper::text || rolinherit || rolcreaterole || rolcreatedb || rolcanlogin || rolbypassrls, '') FROM pg_roles WHERE rolname = $1", name); got != "falsetruefalsefalsetruefalse" {
		t.Errorf("attributes %s", got)
	}
	if got := c.one(t, "SELECT rolpassword FROM pg_authid WHERE rolname = $1", name); !strings.HasPrefix(got, "SCRAM-SHA-256$4096:") {
		t.Errorf("password is kept as %.20q", got)
	}
	_, err = logins.AddPerson(t.Context(), c.conn, logins.Person{Login: name, User: "lena"})
	wantRefusal(t, err, "registered already, as a person", "login remove "+name)
	list := must[[]logins.Login](t)(logins.List(t.Context(), c.conn))
	if len(list) != 1 || list[0].User != "mark" || list[0].Kind != "person" {
		t.Errorf("listed %+v", list)
	}
	must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, name, false, logins.KindPerson, logins.KindImpersonating))
	if after := c.fingerprint(t, name, c.client); after != before {
		t.Errorf("remove leaves\n%s\nwas\n%s", after, before)
	}
	c.planIsEmpty(t)
}

func TestPersonIsRefused(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	add := func(p logins.Person) error {
		_, err := logins.AddPerson(t.Context(), c.conn, p)
		return err
	}
	role := func(options string) string { return c.Role(t, "bad", options) }
	in := func(of string) string {
		r := role("LOGIN")
		c.Exec(t, "GRANT "+of+" TO "+r)
		return r
	}
	other := c.Role(t, "other_client", "NOLOGIN")
	c.Exec(t, "INSERT INTO rls.database_role VALUES ('"+other+"', 'client', 9)")
	friend := role("LOGIN")
	must[logins.Added](t)(logins.AddPerson(t.Context(), c.conn, logins.Person{Login: friend, User: "lena", ClientRole: c.client}))
	owner := role("LOGIN")
	t.Cleanup(func() { c.Exec(t, "ALTER TABLE public.note OWNER TO CURRENT_USER") })
	c.Exec(t, "ALTER TABLE public.note OWNER TO "+owner)
	victim := role("LOGIN")
	c.Exec(t, "GRANT "+victim+" TO "+friend)
	cases := []struct{ name, login, user, client, message, hint string }{
		{"unknown user", c.name(t, "x"), "lenna", c.client, `no user has the login "lenna"`, `did you mean "lena"?`},
		{"unknown client role", c.name(t, "x"), "lena", c.client + "x", "is no client role", "did you mean"},
		{"which client role", c.name(t, "x"), "lena", "", "several client roles", "--client-role"},
		{"database superuser", role("LOGIN SUPERUSER"), "lena", c.client, "is a database superuser", ""},
		{"bypassrls", role("LOGIN BYPASSRLS"), "lena", c.client, "has BYPASSRLS", ""},
		{"createrole", role("LOGIN CREATEROLE"), "lena", c.client, "has CREATEROLE", ""},
		{"replication", role("LOGIN REPLICATION"), "lena", c.client, "has REPLICATION", ""},
		{"table owner", owner, "lena", c.client, "owns the protected table public.note", ""},
		{"member of the owner", in(owner), "lena", c.client, "which owns the protected table public.note", ""},
		{"maintenance", in(c.admin), "lena", c.client, "is a maintenance role", ""},
		{"rls_owner", in("rls_owner"), "lena", c.client, "owns the toolkit's functions", ""},
		{"server programs", in("pg_execute_server_program"), "lena", c.client, "reaches the files or programs", ""},
		{"another principal", in(friend), "lena", c.client, "is another principal's login", ""},
		{"held by another principal", victim, "lena", c.client, "would be that principal as well", "REVOKE " + victim},
		{"another client role", in(other), "lena", c.client, "belongs to client role", "REVOKE " + other},
		{"no login", role("NOLOGIN"), "lena", c.client, "cannot log in", "LOGIN"},
		{"no inherit", role("LOGIN NOINHERIT"), "lena", c.client, "is not INHERIT", "INHERIT"},
		{"a role of the model", c.client, "lena", c.client, "is a database role of the model", ""},
		{"no name", "", "lena", c.client, "cannot be the name", ""},
		{"long name", strings.Repeat("x", 64), "lena", c.client, "cannot be the name", ""},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			before := c.fingerprint(t, tc.login, c.client)
			wantRefusal(t, add(logins.Person{Login: tc.login, User: tc.user, ClientRole: tc.client}), tc.message, tc.hint)
			if after := c.fingerprint(t, tc.login, c.client); after != before {
				t.Errorf("something stays:\n%s", after)
			}
		})
	}
}

func TestPersonKeepsWhatWasThere(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	name := c.Role(t, "old", "LOGIN")
	c.Exec(t, "GRANT "+c.client+" TO "+name)
	before := c.fingerprint(t, name, c.client)
	must[logins.Added](t)(logins.AddPerson(t.Context(), c.conn, logins.Person{Login: name, User: "tom"}))
	must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, name, false, logins.KindPerson))
	if after := c.fingerprint(t, name, c.client); after != before {
		t.Errorf("remove takes what add did not give:\n%s\nwas\n%s", after, before)
	}
	must[logins.Added](t)(logins.AddPerson(t.Context(), c.conn, logins.Person{Login: name, User: "tom"}))
	c.Exec(t, "CREATE TABLE public.mine (); ALTER TABLE public.mine OWNER TO "+name)
	_, err := logins.Remove(t.Context(), c.conn, name, true, logins.KindPerson)
	wantRefusal(t, err, "still owns or holds things: owner of table", "--drop")
	if got := c.one(t, "SELECT count(*) FROM rls.login"); got != "1" {
		t.Error("the login went from the map although the role stays")
	}
	c.Exec(t, "DROP TABLE public.mine")
}

func TestImpersonating(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	bi, bi2, person, lena, tom := c.name(t, "bi"), c.name(t, "bi2"), c.name(t, "p_mark"), c.name(t, "as_lena"), c.name(t, "as_tom")
	before := c.fingerprint(t, bi, bi2, person, lena, tom, c.client)
	must[logins.Added](t)(logins.AddPerson(t.Context(), c.conn, logins.Person{Login: person, User: "mark"}))
	a := must[logins.Added](t)(logins.AddImpersonating(t.Context(), c.conn, logins.Impersonating{Login: bi,
		As: []logins.As{{Role: person, User: "mark"}, {Role: lena, User: "lena"}}}))
	if !a.Created || len(a.Roles) != 1 || a.Roles[0] != lena {
		t.Errorf("added %+v", a)
	}
	conn := c.Conn(t, bi)
	if got := notes(t, conn); !strings.Contains(got, "permission denied") {
		t.Errorf("before SET ROLE: %q", got)
	}
	for role, who := range map[string]string{person: "mark", lena: "lena"} {
		if _, err := conn.Exec(t.Context(), "SET ROLE "+role); err != nil {
			t.Fatal(err)
		}
		if got := notes(t, conn); got != expected(who) {
			t.Errorf("as %s: %q, want %q", who, got, expected(who))
		}
	}
	if _, err := conn.Exec(t.Context(), "SET ROLE "+c.client); err != nil {
		t.Fatal(err)
	}
	if got := notes(t, conn); got != "none" {
		t.Errorf("as the client role, who is nobody: %q", got)
	}
	_, err := logins.Remove(t.Context(), c.conn, person, false, logins.KindPerson)
	wantRefusal(t, err, "lists", "login remove "+bi)
	// A second login shares a role: what was made for it stays until the last one goes.
	must[logins.Added](t)(logins.AddImpersonating(t.Context(), c.conn, logins.Impersonating{Login: bi2,
		As: []logins.As{{Role: lena, User: "lena"}, {Role: tom, User: "tom"}}}))
	must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, bi, true, logins.KindImpersonating))
	conn2 := c.Conn(t, bi2)
	if _, err := conn2.Exec(t.Context(), "SET ROLE "+lena); err != nil {
		t.Fatal(err)
	}
	if got := notes(t, conn2); got != expected("lena") {
		t.Errorf("lena of the second login: %q", got)
	}
	conn2.Close(t.Context())
	r := must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, bi2, true, logins.KindImpersonating))
	if strings.Join(r.Dropped, " ") != strings.Join([]string{bi2, tom, lena}, " ") {
		t.Errorf("dropped %v", r.Dropped)
	}
	must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, person, true, logins.KindPerson))
	if after := c.fingerprint(t, bi, bi2, person, lena, tom, c.client); after != before {
		t.Errorf("remove leaves\n%s\nwas\n%s", after, before)
	}
}

func TestImpersonatingIsRefused(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	person := c.name(t, "p_mark")
	must[logins.Added](t)(logins.AddPerson(t.Context(), c.conn, logins.Person{Login: person, User: "mark"}))
	extra := c.Role(t, "extra", "LOGIN NOINHERIT")
	c.Exec(t, "GRANT "+person+" TO "+extra)
	wide := c.Role(t, "wide", "NOLOGIN")
	c.Exec(t, "GRANT "+c.client+", "+c.admin+" TO "+wide)
	none := c.Role(t, "none", "NOLOGIN")
	stranger := c.Role(t, "stranger", "LOGIN")
	as := func(pairs ...string) (out []logins.As) {
		for i := 0; i < len(pairs); i += 2 {
			out = append(out, logins.As{Role: pairs[i], User: pairs[i+1]})
		}
		return out
	}
	x := c.name(t, "x")
	cases := []struct {
		name, login   string
		as            []logins.As
		message, hint string
	}{
		{"superuser principal", x, as(c.name(t, "r"), "audrey"), `user "audrey" is a superuser`, "login of their own"},
		{"nobody", x, nil, "needs at least one role", "--as"},
		{"twice", x, as(person, "mark", person, "mark"), "named twice", ""},
		{"itself", x, as(x, "mark"), "named twice", ""},
		{"another user", x, as(person, "lena"), "stands for another user", ""},
		{"a login that is nobody", x, as(stranger, "lena"), "cannot stand for a user", ""},
		{"a maintenance role", x, as(wide, "lena"), "is a maintenance role", ""},
		{"no client role", x, as(none, "lena"), "belongs to 0 client roles", "GRANT"},
		{"more than listed", extra, as(c.name(t, "r"), "lena"), "another principal's login", ""},
		{"inherits", c.Role(t, "inh", "LOGIN"), as(person, "mark"), "is not NOINHERIT", "NOINHERIT"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			before := c.fingerprint(t, tc.login, person, c.client)
			_, err := logins.AddImpersonating(t.Context(), c.conn, logins.Impersonating{Login: tc.login, As: tc.as})
			wantRefusal(t, err, tc.message, tc.hint)
			if after := c.fingerprint(t, tc.login, person, c.client); after != before {
				t.Errorf("something stays:\n%s", after)
			}
		})
	}
}

func TestGateway(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	name := c.name(t, "web")
	before := c.fingerprint(t, name, c.client)
	file := filepath.Join(t.TempDir(), "web.keys")
	a := must[logins.Added](t)(logins.AddGateway(t.Context(), c.conn, logins.Gateway{Login: name, Users: true, Key: logins.KeyFile{Path: file}}))
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("key file: %v %v", info.Mode(), err)
	}
	c.planIsEmpty(t)
	pool := c.Pool(t, name)
	s, err := pgsession.Open(t.Context(), pool, pgsession.FileKeys(file), pgsession.AllowOldServer())
	if err != nil {
		t.Fatal(pgsession.Explain(err))
	}
	mark := c.one(t, `SELECT id FROM rls."user" WHERE login = 'mark'`)
	see := func() string {
		var got string
		err := s.Run(t.Context(), pgsession.User(mark), func(tx pgx.Tx) error {
			return tx.QueryRow(t.Context(), "SELECT string_agg(id::text, ' ' ORDER BY id) FROM public.note").Scan(&got)
		})
		if err != nil {
			return pgsession.Explain(err)
		}
		return got
	}
	if got := see(); got != expected("mark") {
		t.Errorf("mark sees %q", got)
	}
	if got := c.one(t, `SELECT string_agg(DISTINCT r.rolname, ',') FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
		JOIN pg_roles u ON u.oid = m.member WHERE u.rolname = $1`, name); got != strings.Join([]string{c.client, "rls_all_" + c.client, "rls_any_" + c.client, "rls_middle_" + c.client, "rls_narrow_" + c.client, "rls_wide_" + c.client}, ",") {
		t.Errorf("the gateway is a member of %s", got)
	}
	if got := notes(t, c.Conn(t, name)); !strings.Contains(got, "permission denied") {
		t.Errorf("before entering: %q", got)
	}

	// Two keys during a rotation, no third.
	r := must[logins.Rotated](t)(logins.RotateKey(t.Context(), c.conn, name, logins.KeyFile{Path: file, Append: true}))
	text, _ := os.ReadFile(file)
	if lines := strings.Split(string(text), "\n"); len(lines) != 3 || !strings.HasPrefix(lines[0], a.Key+":") || !strings.HasPrefix(lines[1], r.Key+":") {
		t.Error("the key file does not hold both keys, newest last")
	}
	_, err = logins.RotateKey(t.Context(), c.conn, name, logins.KeyFile{Path: file, Append: true})
	wantRefusal(t, err, "has 2 valid keys already", "key retire "+name+" "+a.Key)
	if again, _ := os.ReadFile(file); string(again) != string(text) {
		t.Error("a refused rotation changes the key file")
	}
	if left := must[int](t)(logins.RetireKey(t.Context(), c.conn, name, a.Key)); left != 1 {
		t.Errorf("%d keys are left", left)
	}
	if got := see(); got != expected("mark") {
		t.Errorf("after the rotation mark sees %q", got)
	}
	_, err = logins.RetireKey(t.Context(), c.conn, name, a.Key)
	wantRefusal(t, err, "has no key", r.Key)
	keys := must[[]logins.Key](t)(logins.Keys(t.Context(), c.conn, name))
	if len(keys) != 1 || keys[0].ID != r.Key || !keys[0].Newest {
		t.Errorf("keys %+v", keys)
	}
	_, err = logins.Keys(t.Context(), c.conn, name+"x")
	wantRefusal(t, err, "is not registered", "did you mean")

	_, err = logins.Remove(t.Context(), c.conn, name, false, logins.KindPerson, logins.KindImpersonating)
	wantRefusal(t, err, "is a gateway", "gateway remove")
	pool.Close()
	must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, name, true, logins.KindGateway))
	if after := c.fingerprint(t, name, c.client); after != before {
		t.Errorf("remove leaves\n%s\nwas\n%s", after, before)
	}
	c.planIsEmpty(t)
}

func TestRemoveOfALostRole(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	person, gate := c.name(t, "p"), c.name(t, "web")
	must[logins.Added](t)(logins.AddPerson(t.Context(), c.conn, logins.Person{Login: person, User: "tom"}))
	must[logins.Added](t)(logins.AddGateway(t.Context(), c.conn, logins.Gateway{Login: gate, Users: true, Key: logins.KeyFile{Path: filepath.Join(t.TempDir(), "k")}}))
	c.Exec(t, "DROP OWNED BY "+gate+", "+person+"; DROP ROLE "+gate+", "+person)
	must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, person, true, logins.KindPerson))
	must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, gate, true, logins.KindGateway))
	c.planIsEmpty(t)
}

func TestGatewayIsRefused(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken")
	if err := os.WriteFile(taken, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	privileged := c.Role(t, "priv", "LOGIN NOINHERIT")
	c.Exec(t, "GRANT SELECT (title) ON public.note TO "+privileged)
	t.Cleanup(func() { c.Exec(t, "REVOKE SELECT (title) ON public.note FROM "+privileged) })
	member := c.Role(t, "memb", "LOGIN NOINHERIT")
	c.Exec(t, "GRANT "+c.admin+" TO "+member)
	fresh := func() logins.Sink { return logins.KeyFile{Path: filepath.Join(dir, "never")} }
	x := c.name(t, "x")
	cases := []struct {
		name    string
		g       logins.Gateway
		message string
		hint    string
	}{
		{"no claims", logins.Gateway{Login: x, Key: fresh()}, "may claim nobody", "--users, --anonymous and --service"},
		{"no key", logins.Gateway{Login: x, Users: true}, "nowhere to keep its key", "--key-file"},
		{"key and unsigned", logins.Gateway{Login: x, Users: true, Unsigned: true, Key: fresh()}, "has no key", "--unsigned"},
		{"file exists", logins.Gateway{Login: x, Users: true, Key: logins.KeyFile{Path: taken}}, "exists", "another file"},
		{"no directory", logins.Gateway{Login: x, Users: true, Key: logins.KeyFile{Path: filepath.Join(dir, "no", "file")}}, "no such file", "directory"},
		{"terminal", logins.Gateway{Login: x, Users: true, Key: logins.KeyFile{Path: "/dev/null"}}, "no regular file", "file"},
		{"command fails", logins.Gateway{Login: x, Users: true, Key: logins.KeyCommand{Command: "cat; exit 3"}}, "exit status 3", "by hand"},
		{"superuser", logins.Gateway{Login: c.Role(t, "su", "LOGIN NOINHERIT SUPERUSER"), Users: true, Key: fresh()}, "database superuser", ""},
		{"inherits", logins.Gateway{Login: c.Role(t, "inh", "LOGIN"), Users: true, Key: fresh()}, "is not NOINHERIT", "NOINHERIT"},
		{"privileges", logins.Gateway{Login: privileged, Users: true, Key: fresh()}, "privileges of its own on public.note", "REVOKE ALL"},
		{"maintenance", logins.Gateway{Login: member, Users: true, Key: fresh()}, "is a maintenance role", ""},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			before := c.fingerprint(t, tc.g.Login, c.client)
			_, err := logins.AddGateway(t.Context(), c.conn, tc.g)
			wantRefusal(t, err, tc.message, tc.hint)
			if after := c.fingerprint(t, tc.g.Login, c.client); after != before {
				t.Errorf("something stays:\n%s", after)
			}
			if list, _ := filepath.Glob(filepath.Join(dir, "*")); len(list) != 1 {
				t.Errorf("files stay: %v", list)
			}
			if list, _ := filepath.Glob(filepath.Join(dir, ".*")); len(list) != 0 {
				t.Errorf("files stay: %v", list)
			}
		})
	}
}

func TestGatewayUnsigned(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	name := c.name(t, "dev")
	must[logins.Added](t)(logins.AddGateway(t.Context(), c.conn, logins.Gateway{Login: name, Anonymous: true, Unsigned: true,
		Services: []string{"jobs"}, Tenants: []string{"acme"}, EmptyForNobody: true}))
	list := must[[]logins.GatewayState](t)(logins.Gateways(t.Context(), c.conn))
	g := list[0]
	if len(list) != 1 || g.Signed || g.Users || !g.Anonymous || g.OnNobody != "empty" || g.MaxTransaction != "00:15:00" ||
		g.Services[0] != "jobs" || g.Tenants[0] != "acme" || len(g.Keys) != 0 {
		t.Errorf("listed %+v", list)
	}
	r := must[logins.Rotated](t)(logins.RotateKey(t.Context(), c.conn, name, logins.KeyCommand{Command: "cat > /dev/null"}))
	if !r.Signed {
		t.Error("a first key does not make the gateway a signed one")
	}
	must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, name, true, logins.KindGateway))
}

func TestKeyIsNotLogged(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	// A maintenance login that is no database superuser cannot silence the log of parameters.
	admin := c.Role(t, "maint", "LOGIN CREATEROLE")
	for _, role := range kernel.PlanRoles(c.client) {
		c.Exec(t, "GRANT "+role+" TO "+admin+" WITH ADMIN OPTION")
	}
	c.Exec(t, "GRANT "+c.client+" TO "+admin+" WITH ADMIN OPTION; GRANT rls_owner TO "+admin+" WITH ADMIN OPTION; ALTER ROLE "+admin+" SET log_statement = 'all'")
	t.Cleanup(func() { c.Exec(t, "REVOKE rls_owner FROM "+admin+" CASCADE") })
	dir := t.TempDir()
	_, err := logins.AddGateway(t.Context(), c.Conn(t, admin), logins.Gateway{Login: c.name(t, "web"), Users: true, Key: logins.KeyFile{Path: filepath.Join(dir, "k")}})
	wantRefusal(t, err, "would log the key", "log_parameter_max_length")
	if list, _ := os.ReadDir(dir); len(list) != 0 {
		t.Errorf("files stay: %v", list)
	}
}

func TestKeyFileOfOthersIsRefused(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	name := c.name(t, "web")
	dir := t.TempDir()
	file := filepath.Join(dir, "k")
	must[logins.Added](t)(logins.AddGateway(t.Context(), c.conn, logins.Gateway{Login: name, Users: true, Key: logins.KeyFile{Path: file}}))
	rotate := func() error {
		_, err := logins.RotateKey(t.Context(), c.conn, name, logins.KeyFile{Path: file, Append: true})
		return err
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, rotate(), "can be read by others", "chmod 600")
	_ = os.Chmod(file, 0o600)
	if err := os.WriteFile(file, []byte("hello world\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, rotate(), "line 1 of key file", "rlsctl wrote")
	if got := c.one(t, "SELECT count(*) FROM rls.gateway_key WHERE gateway = $1", name); got != "1" {
		t.Errorf("%s keys are valid", got)
	}
}

func TestWithoutModel(t *testing.T) {
	t.Parallel()
	conn := pgtest.Shared(t).Database(t).Conn(t, "")
	_, err := logins.AddPerson(t.Context(), conn, logins.Person{Login: "x", User: "lena"})
	wantRefusal(t, err, "kernel is not installed", "migrate up")
	if _, err := kernel.Up(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	_, err = logins.AddPerson(t.Context(), conn, logins.Person{Login: "x", User: "lena"})
	wantRefusal(t, err, "no model is applied", "rlsctl apply")
}

func TestPassword(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "pässword", "tab\tbed", "\x00"} {
		if _, err := logins.NewPassword(bad); err == nil {
			t.Errorf("%q is accepted", bad)
		}
	}
	p, err := logins.NewPassword("secret")
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%v %+v %#v", p, logins.Person{Password: p}, p); strings.Contains(got, "SCRAM") {
		t.Errorf("a password prints itself: %s", got)
	}
}

// Memberships are the cluster's: what one database takes back may serve another.
func TestGatewayOfTwoDatabases(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	d := pgtest.Shared(t).Database(t)
	conn := d.Conn(t, "")
	if _, err := demo.Install(t.Context(), conn, acme.With(c.client, c.admin)); err != nil {
		t.Fatal(err)
	}
	name := c.name(t, "web")
	key := func() logins.Sink { return logins.KeyFile{Path: filepath.Join(t.TempDir(), "k")} }
	must[logins.Added](t)(logins.AddGateway(t.Context(), c.conn, logins.Gateway{Login: name, Users: true, Key: key()}))
	had := c.memberOf(t, name)
	must[logins.Added](t)(logins.AddGateway(t.Context(), conn, logins.Gateway{Login: name, Users: true, Key: key()}))
	must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, name, false, logins.KindGateway))
	if got := c.memberOf(t, name); got != had {
		t.Errorf("a member of %q, was of %q", got, had)
	}
	c.planIsEmpty(t)
	must[logins.Removed](t)(logins.Remove(t.Context(), conn, name, true, logins.KindGateway))
	d.Exec(t, "DROP OWNED BY "+strings.Join([]string{c.client, c.admin, "rls_any_" + c.client, "rls_narrow_" + c.client, "rls_middle_" + c.client, "rls_wide_" + c.client, "rls_all_" + c.client}, ", "))
}
