package integration

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/leave"
	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/internal/roles"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// shop is the schema of each database of TestDatabases.
const shop = `
	CREATE TABLE person (id bigint PRIMARY KEY, login text UNIQUE, boss bigint REFERENCES person);
	CREATE INDEX ON person (boss);
	CREATE TABLE note (id bigint PRIMARY KEY, owner bigint);
	CREATE INDEX ON note (owner);
	INSERT INTO person VALUES (1, 'ann', NULL), (2, 'ben', 1);
	INSERT INTO note VALUES (1, 1), (2, 2);`

func shopModel(client, plans string) string {
	return `
version: 1
database: {client_roles: [` + client + `], plans: ` + plans + `}
users: {table: person, key: id, login: login, sees: {supervisor: boss}}
resources:
  note: {table: note, owner: owner}
grants:
  - {to: authenticated, allow: {note: [read]}}
`
}

// TestDatabases has several databases of one cluster share client roles, logins and the roles of the toolkit.
func TestDatabases(t *testing.T) {
	t.Parallel()
	s := cluster(t)
	admin := connect(t, s, "postgres")
	must(t, admin, "CREATE ROLE app NOLOGIN; CREATE ROLE other_app NOLOGIN; CREATE ROLE rls_any_stranger NOLOGIN; CREATE ROLE rls_wide_stranger LOGIN")
	rolesNow := func() []string {
		out, _, err := collect(t.Context(), admin, `SELECT r.rolname || ' ' || coalesce((SELECT string_agg(g.rolname, ',' ORDER BY g.rolname) FROM pg_auth_members AS m
			JOIN pg_roles AS g ON g.oid = m.roleid WHERE m.member = r.oid), '-') FROM pg_roles AS r WHERE r.rolname !~ '^pg_' ORDER BY 1`)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	before := rolesNow()
	type database struct {
		name, client, plans string
		conn                *pgx.Conn
		key                 *gateway
	}
	all := map[string]*database{}
	for _, d := range []*database{{name: "one", client: "app", plans: "by_viewer"}, {name: "two", client: "app", plans: "one"},
		{name: "three", client: "app", plans: "by_viewer"}, {name: "four", client: "other_app", plans: "by_viewer"}} {
		d.conn = place(t, s, d.name, shop+"GRANT SELECT ON note TO "+d.client+"; GRANT USAGE ON SCHEMA public TO "+d.client)
		if _, err := kernel.Up(t.Context(), d.conn); err != nil {
			t.Fatal(explain(err))
		}
		applyTo(t, d.conn, shopModel(d.client, d.plans))
		all[d.name] = d
		if d.name == "four" {
			continue
		}
		if err := second(logins.AddPerson(t.Context(), d.conn, logins.Person{Login: "ann", User: "ann"})); err != nil {
			t.Fatal(explain(err))
		}
		file := filepath.Join(t.TempDir(), d.name)
		if err := second(logins.AddGateway(t.Context(), d.conn, logins.Gateway{Login: "gate", Users: true, Key: logins.KeyFile{Path: file}})); err != nil {
			t.Fatal(explain(err))
		}
		d.key = keyOf(t, file)
		if p := planOn(t, d.conn, shopModel(d.client, d.plans)); !p.Empty() {
			t.Errorf("%s: the plan has %v", d.name, planned(p))
		}
	}
	works := func(when string, names ...string) {
		t.Helper()
		for _, name := range names {
			d := all[name]
			for user, want := range map[string]string{"1": "1 2", "2": "2"} {
				gate, err := pgx.Connect(t.Context(), s.URL("gate", name))
				if err != nil {
					t.Fatal(err)
				}
				tx := begin(t, gate)
				got := "entered"
				if _, err := tx.Exec(t.Context(), "SELECT rls.enter($1)", d.key.token("user", user)); err != nil {
					got = sqlstate(err)
				} else {
					got = one(t, tx, "SELECT string_agg(id::text, ' ' ORDER BY id) FROM public.note")
				}
				if got != want {
					t.Errorf("%s: in %s user %s sees %s, want %s", when, name, user, got, want)
				}
				_ = gate.Close(t.Context())
			}
			person, err := pgx.Connect(t.Context(), s.URL("ann", name))
			if err != nil {
				t.Fatal(err)
			}
			if got := one(t, person, "SELECT string_agg(id::text, ' ' ORDER BY id) FROM public.note"); got != "1 2" {
				t.Errorf("%s: in %s ann sees %s", when, name, got)
			}
			_ = person.Close(t.Context())
			if p := planOn(t, d.conn, shopModel(d.client, d.plans)); !p.Empty() {
				t.Errorf("%s: the plan of %s has %v", when, name, planned(p))
			}
		}
	}
	works("at first", "one", "two", "three")
	// A key of one database opens no other.
	all["one"].key, all["two"].key = all["two"].key, all["one"].key
	gate, err := pgx.Connect(t.Context(), s.URL("gate", "one"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gate.Exec(t.Context(), "SELECT rls.enter($1)", all["one"].key.token("user", "1")); sqlstate(err) != "RL003" {
		t.Errorf("a token of another database: %v", err)
	}
	_ = gate.Close(t.Context())
	all["one"].key, all["two"].key = all["two"].key, all["one"].key

	if stay := leaves(t, all["one"].conn); len(stay) != len(kernel.Roles) {
		t.Errorf("of the kernel's roles stay %v", stay)
	}
	works("after one has left", "two", "three")

	// Dropped rather than left: what it alone used is found, and nothing else.
	_ = all["four"].conn.Close(t.Context())
	must(t, admin, "DROP DATABASE four")
	unused, err := roles.Unused(t.Context(), admin)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"rls_all_other_app", "rls_any_other_app", "rls_middle_other_app", "rls_narrow_other_app", "rls_wide_other_app"}
	if !slices.Equal(unused, want) {
		t.Errorf("unused are %v, want %v", unused, want)
	}
	if err := roles.Prune(t.Context(), admin, []string{"app"}); err == nil {
		t.Error("a role was pruned that is none of ours")
	}
	if err := roles.Prune(t.Context(), admin, unused); err != nil {
		t.Fatal(explain(err))
	}
	works("after the pruning", "two", "three")

	_ = all["three"].conn.Close(t.Context())
	must(t, admin, "DROP DATABASE three")
	works("after three was dropped", "two")
	p, err := leave.Look(t.Context(), all["two"].conn)
	if err != nil {
		t.Fatal(explain(err))
	}
	for _, r := range p.Roles {
		if !r.Drop {
			t.Errorf("%s stays, and no other database uses it", r.Name)
		}
	}
	if stay := leaves(t, all["two"].conn); len(stay) > 0 {
		t.Errorf("after the last one has left stay %v", stay)
	}
	// The login that all three registered was made by the first of them, which could not drop it: docs/leaving.md says so.
	after := slices.DeleteFunc(rolesNow(), func(r string) bool { return strings.HasPrefix(r, "ann ") || strings.HasPrefix(r, "gate ") })
	if rest, err := roles.Unused(t.Context(), admin); err != nil || len(rest) > 0 {
		t.Errorf("unused are %v, %v", rest, err)
	}
	// other_app was a member of rls_client until that role went.
	if !slices.Equal(after, before) {
		t.Errorf("roles are\n%v\nand were\n%v", after, before)
	}

	// Strangers' roles of such names are neither taken over nor dropped.
	d := place(t, s, "five", shop)
	if _, err := kernel.Up(t.Context(), d); err != nil {
		t.Fatal(explain(err))
	}
	must(t, admin, "CREATE ROLE stranger NOLOGIN")
	m, _ := pipeline.Parse("rls.yaml", []byte(shopModel("stranger", "by_viewer")))
	r, err := pipeline.Plan(t.Context(), d, m)
	if err != nil {
		t.Fatal(explain(err))
	}
	if err := applyOn(t, d, m, r.Plan, apply.Options{}); sqlstate(err) != "RL412" {
		t.Errorf("a stranger's role was taken: %v", err)
	}
}
