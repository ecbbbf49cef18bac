package integration

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/doctor"
	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/internal/pgserver"
	"github.com/rlsctl/rlsctl/internal/roles"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// original is a database of a cluster of its own with a model, two persons and a gateway, and rows in every table.
type original struct {
	s     *pgserver.Server
	conn  *pgx.Conn
	model string
	bare  string // a script of the schema as it was before the toolkit
	gate  *gateway
}

func newOriginal(t testing.TB) *original {
	t.Helper()
	o := &original{s: cluster(t), model: strings.Replace(strangerModel, "PLANS", "", 1)}
	o.conn = place(t, o.s, "place", stranger)
	o.bare = filepath.Join(t.TempDir(), "bare.sql")
	tool(t, o.s, "pg_dump", "--schema-only", "-f", o.bare, "-d", o.s.URL("", "place"))
	if _, err := kernel.Up(t.Context(), o.conn); err != nil {
		t.Fatal(explain(err))
	}
	applyTo(t, o.conn, o.model)
	if err := second(logins.AddPerson(t.Context(), o.conn, logins.Person{Login: "new_person", User: "ann", ClientRole: "App; Role"})); err != nil {
		t.Fatal(explain(err))
	}
	file := filepath.Join(t.TempDir(), "keys")
	if err := second(logins.AddGateway(t.Context(), o.conn, logins.Gateway{Login: "new_gate", Users: true, ClientRole: "App; Role", Key: logins.KeyFile{Path: file}})); err != nil {
		t.Fatal(explain(err))
	}
	o.gate = keyOf(t, file)
	// Sets and changes are part of what is dumped.
	must(t, o.conn, "SELECT count(rls.prepare('user', k)) FROM (VALUES ('1'), ('2')) AS p(k)")
	must(t, o.conn, "INSERT INTO people.person VALUES (3, 'cat', 2); INSERT INTO \"Work Place\".note (owner_id, body) VALUES (3, 'c')")
	if got := enters(t, o.s, "place", o.gate, "1"); got != "3" {
		t.Fatalf("ann sees %s notes", got)
	}
	return o
}

// keyOf is a signer with the newest key of a key file.
func keyOf(t testing.TB, file string) *gateway {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(b))
	id, secret, _ := strings.Cut(lines[len(lines)-1], ":")
	g := &gateway{keyID: id}
	if g.key, err = hex.DecodeString(secret); err != nil {
		t.Fatal("the key file cannot be read")
	}
	return g
}

// enters is how many notes a user sees through the gateway new_gate, or the SQLSTATE.
func enters(t testing.TB, s *pgserver.Server, database string, g *gateway, user string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL("new_gate", database))
	if err != nil {
		t.Fatal(explain(err))
	}
	defer conn.Close(t.Context()) //nolint:errcheck // nothing is kept
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT rls.enter($1)", g.token("user", user)); err != nil {
		return sqlstate(err)
	}
	out, _, err := collect(t.Context(), tx, `SELECT count(id) FROM "Work Place".note`)
	if err != nil {
		return sqlstate(err)
	}
	return out[0]
}

// counts is how many rows each table has, but for those of schemas that are left out.
func counts(t testing.TB, conn *pgx.Conn, without ...string) string {
	t.Helper()
	tables, _, err := collect(t.Context(), conn, `SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema)' AND n.nspname <> ALL ($1) ORDER BY 1`, append([]string{}, without...))
	if err != nil {
		t.Fatal(explain(err))
	}
	var b strings.Builder
	for _, table := range tables {
		fmt.Fprintf(&b, "%s %s\n", table, one(t, conn, "SELECT count(*) FROM "+table))
	}
	return b.String()
}

// planOn is what apply would do.
func planOn(t testing.TB, conn *pgx.Conn, model string) policies.Plan {
	t.Helper()
	m, diags := pipeline.Parse("rls.yaml", []byte(model))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	r, err := pipeline.Plan(t.Context(), conn, m)
	if err != nil {
		t.Fatal(explain(err))
	}
	return r.Plan
}

func planned(p policies.Plan) []string {
	var out []string
	for _, c := range p.Changes {
		out = append(out, string(c.Op)+" "+c.Object.Title+" "+c.Reason)
	}
	return out
}

// found are the codes of what doctor finds.
func found(t testing.TB, conn *pgx.Conn) []string {
	t.Helper()
	r, err := doctor.Examine(t.Context(), conn, doctor.Options{Keep: map[string][]string{`"Work Place"."Ev""ent"`: {"mine"}}})
	if err != nil {
		t.Fatal(explain(err))
	}
	var out []string
	for _, f := range r.Findings {
		out = append(out, string(f.Code)+" "+f.Message)
	}
	return out
}

func has(list []string, part string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.Contains(s, part) })
}

// makeRoles runs what `rlsctl roles --sql` prints on another cluster, twice.
func (o *original) makeRoles(t testing.TB, s *pgserver.Server) {
	t.Helper()
	list, err := roles.List(t.Context(), o.conn)
	if err != nil {
		t.Fatal(explain(err))
	}
	file := filepath.Join(t.TempDir(), "roles.sql")
	if err := os.WriteFile(file, []byte(roles.Script(list)), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		tool(t, s, "psql", "-X", "-q", "-f", file, "-d", s.URL("", "postgres"))
	}
}

// TestRestore takes a dump to another cluster by each way that there is.
func TestRestore(t *testing.T) {
	t.Parallel()
	o := newOriginal(t)
	must(t, o.conn, "CREATE ROLE backup LOGIN BYPASSRLS IN ROLE pg_read_all_data; CREATE ROLE half LOGIN IN ROLE pg_read_all_data, app_ro, rls_any")
	dir := t.TempDir()
	dump := filepath.Join(dir, "dump")
	tool(t, o.s, "pg_dump", "-Fc", "-f", dump, "-d", o.s.URL("backup", "place"))
	// A materialized view that reads a protected table is refreshed as its owner, who is filtered: the restore would stop.
	list := filepath.Join(dir, "list")
	var kept []string
	for l := range strings.SplitSeq(tool(t, o.s, "pg_restore", "-l", dump), "\n") {
		if !strings.Contains(l, "MATERIALIZED VIEW DATA") {
			kept = append(kept, l)
		}
	}
	if err := os.WriteFile(list, []byte(strings.Join(kept, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	tool(t, o.s, "pg_restore", "-L", list, "-f", dump+".sql", dump)
	want, text := counts(t, o.conn), unstable.ReplaceAllString(tool(t, o.s, "pg_dump", "--schema-only", "-d", o.s.URL("", "place")), "")

	t.Run("the dump holds no secret", func(t *testing.T) {
		plain, err := os.ReadFile(dump + ".sql")
		if err != nil {
			t.Fatal(err)
		}
		for name, sql := range map[string]string{
			"seal, inner": "SELECT encode(inner_pad, 'hex') FROM rls.seal", "seal, outer": "SELECT encode(outer_pad, 'hex') FROM rls.seal",
			"key, inner": "SELECT encode(inner_pad, 'hex') FROM rls.gateway_key", "key, outer": "SELECT encode(outer_pad, 'hex') FROM rls.gateway_key",
		} {
			secret := one(t, o.conn, sql)
			if len(secret) != 128 || strings.Contains(strings.ToLower(string(plain)), secret) {
				t.Errorf("%s is in the dump", name)
			}
		}
		if !strings.Contains(string(plain), o.gate.keyID) {
			t.Error("the dump does not even hold the key's id: nothing is proved")
		}
	})
	t.Run("whoever is filtered cannot make one", func(t *testing.T) {
		if _, stderr, err := tryTool(t, o.s, "pg_dump", "-Fp", "-f", os.DevNull, "-d", o.s.URL("half", "place")); err == nil || !strings.Contains(stderr, "row-level security") {
			t.Errorf("%v: %s", err, stderr)
		}
		out := tool(t, o.s, "pg_dump", "--enable-row-security", "--data-only", "--inserts", "-t", "people.person", "-d", o.s.URL("half", "place"))
		if strings.Contains(out, "INSERT") {
			t.Errorf("a dump with row security on is complete: the warning is for nothing\n%s", out)
		}
		if !has(found(t, o.conn), `RL659 "half"`) || has(found(t, o.conn), `"backup"`) {
			t.Errorf("doctor finds %v", found(t, o.conn))
		}
	})

	t.Run("a person dumps what they see", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), o.s.URL("new_person", "place"))
		if err != nil {
			t.Fatal(explain(err))
		}
		defer conn.Close(t.Context()) //nolint:errcheck // nothing is kept
		must(t, o.conn, `INSERT INTO "Work Place"."Ev""ent" VALUES (gen_random_uuid(), 1, now()), (gen_random_uuid(), 2, now()), (gen_random_uuid(), NULL, now())`)
		defer must(t, o.conn, `DELETE FROM "Work Place"."Ev""ent"`)
		const table = `"Work Place"."Ev""ent"`
		sees, _, err := collect(t.Context(), conn, "SELECT id FROM "+table)
		if err != nil || len(sees) != 2 {
			t.Fatal(sees, explain(err))
		}
		out, stderr, err := tryTool(t, o.s, "pg_dump", "--enable-row-security", "--data-only", "--inserts", "-t", table, "-d", o.s.URL("new_person", "place"))
		if err != nil {
			t.Fatalf("%v: %s", err, stderr)
		}
		var ids []string
		for line := range strings.SplitSeq(out, "\n") {
			if values, ok := strings.CutPrefix(line, "INSERT INTO "+table+" VALUES ('"); ok {
				id, _, _ := strings.Cut(values, "'")
				ids = append(ids, id)
			}
		}
		equal(t, ids, sees, "a person's dump")
	})

	s := cluster(t)
	o.makeRoles(t, s)
	t.Run("a materialized view over a protected table", func(t *testing.T) {
		must(t, connect(t, s, "postgres"), "CREATE DATABASE stops")
		if _, stderr, err := tryTool(t, s, "pg_restore", "--exit-on-error", "-d", s.URL("", "stops"), dump); err == nil || !strings.Contains(stderr, "row-level security") {
			t.Errorf("the list is needed no more: %v %s", err, stderr)
		}
		must(t, connect(t, s, "postgres"), "DROP DATABASE stops")
	})
	for name, restore := range map[string]func(t *testing.T, into string){
		"plain": func(t *testing.T, into string) {
			tool(t, s, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", dump+".sql", "-d", into)
		},
		"at once": func(t *testing.T, into string) {
			tool(t, s, "pg_restore", "--exit-on-error", "--single-transaction", "-L", list, "-d", into, dump)
		},
		"parallel": func(t *testing.T, into string) {
			tool(t, s, "pg_restore", "--exit-on-error", "-j2", "-L", list, "-d", into, dump)
		},
		"sections": func(t *testing.T, into string) {
			for _, section := range []string{"pre-data", "data", "post-data"} {
				tool(t, s, "pg_restore", "--exit-on-error", "--section="+section, "-L", list, "-d", into, dump)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			database := "copy_" + strings.ReplaceAll(name, " ", "_")
			must(t, connect(t, s, "postgres"), "CREATE DATABASE "+database)
			restore(t, s.URL("", database))
			conn := connect(t, s, database)
			sameText(t, counts(t, conn), want, "rows")
			sameText(t, unstable.ReplaceAllString(tool(t, s, "pg_dump", "--schema-only", "-d", s.URL("", database)), ""), text, "schema")
			if p := planOn(t, conn, o.model); !p.Empty() {
				t.Errorf("the plan is not empty: %v", planned(p))
			}
			if one(t, conn, "SELECT inner_pad <> outer_pad AND drawn_in = (SELECT oid FROM pg_database WHERE datname = current_database()) FROM rls.seal") != "t" {
				t.Error("the seal was not drawn here")
			}
			if got := enters(t, s, database, o.gate, "1"); got != "RL003" {
				t.Errorf("a token of the original: %s, want RL003", got)
			}
			if f := found(t, conn); !has(f, `RL657 the keys of gateway "new_gate"`) {
				t.Errorf("doctor finds %v", f)
			}
			file := filepath.Join(t.TempDir(), "keys")
			if _, err := logins.RotateKey(t.Context(), conn, "new_gate", logins.KeyFile{Path: file, Append: true}); err != nil {
				t.Fatal(explain(err))
			}
			for user, sees := range map[string]string{"1": "3", "2": "2", "3": "1"} {
				if got := enters(t, s, database, keyOf(t, file), user); got != sees {
					t.Errorf("%s sees %s notes after the rotation, want %s", user, got, sees)
				}
			}
			if got := enters(t, s, database, o.gate, "1"); got != "RL003" {
				t.Errorf("a token of the original after the rotation: %s, want RL003", got)
			}
			if f := found(t, conn); has(f, "RL657") {
				t.Errorf("doctor finds %v", f)
			}
		})
	}
	t.Run("a login that is not there", func(t *testing.T) {
		conn := connect(t, s, "copy_plain")
		for _, d := range []string{"copy_plain", "copy_at_once", "copy_parallel", "copy_sections"} {
			must(t, connect(t, s, d), "DROP OWNED BY new_person")
		}
		must(t, conn, "DROP ROLE new_person")
		if f := found(t, conn); !has(f, `RL609`) || !has(f, "new_person") {
			t.Errorf("doctor finds %v", f)
		}
	})
	t.Run("rows alone, into a database with the model", func(t *testing.T) {
		for name, flags := range map[string][]string{"triggers": {}, "no_triggers": {"--disable-triggers"}} {
			database := "rows_" + name
			must(t, connect(t, s, "postgres"), "CREATE DATABASE "+database)
			tool(t, s, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", o.bare, "-d", s.URL("", database))
			conn := connect(t, s, database)
			if _, err := kernel.Up(t.Context(), conn); err != nil {
				t.Fatal(explain(err))
			}
			applyTo(t, conn, o.model)
			// Triggers that tell of the hierarchy run as rls_owner, whom row security filters; what is off is an error to it.
			if _, stderr, err := tryTool(t, s, "pg_restore", "--exit-on-error", "--data-only", "-t", "person", "-d", s.URL("", database), dump); err == nil || !strings.Contains(stderr, "row-level security") {
				t.Errorf("--enable-row-security is needed no more: %v", err)
			}
			tool(t, s, "pg_restore", slices.Concat([]string{"--exit-on-error", "--data-only", "--enable-row-security", "-L", list, "-n", "people", "-n", "Work Place", "-n", "late"}, flags, []string{"-d", s.URL("", database), dump})...)
			sameText(t, counts(t, conn, "rls", "public"), counts(t, o.conn, "rls", "public"), "rows")
			if p := planOn(t, conn, o.model); p.Empty() != (name == "triggers") {
				t.Errorf("%s: the plan has %v", name, planned(p))
			}
			applyTo(t, conn, o.model)
			if p := planOn(t, conn, o.model); !p.Empty() {
				t.Errorf("%s: the plan after apply has %v", name, planned(p))
			}
			if got := one(t, conn, "SELECT string_agg(v::text, ' ' ORDER BY v) FROM unnest(rls.visible_ids(1, true)) AS v"); got != "1 2 3" {
				t.Errorf("%s: ann sees %s", name, got)
			}
		}
	})
}

// TestTemplateCopy copies a database inside its cluster, where numbers and files are the same.
func TestTemplateCopy(t *testing.T) {
	t.Parallel()
	o := newOriginal(t)
	if f := found(t, o.conn); has(f, "RL658") {
		t.Fatalf("doctor takes the original for a copy: %v", f)
	}
	admin := connect(t, o.s, "postgres")
	_ = o.conn.Close(t.Context())
	must(t, admin, "CREATE DATABASE staging TEMPLATE place")
	conn := connect(t, o.s, "staging")
	if f := found(t, conn); !has(f, "RL658 ") {
		t.Errorf("doctor finds %v", f)
	}
	gate, err := pgx.Connect(t.Context(), o.s.URL("new_gate", "staging"))
	if err != nil {
		t.Fatal(err)
	}
	defer gate.Close(t.Context()) //nolint:errcheck // the end
	const problems = "SELECT coalesce(string_agg(p, '; '), '') FROM rls.session_problems() AS p"
	if got := one(t, gate, problems); !strings.Contains(got, "this database is a copy") {
		t.Errorf("the session is told %q", got)
	}
	left, err := logins.Reseal(t.Context(), conn)
	if err != nil || !slices.Equal(left, []string{"new_gate"}) {
		t.Fatalf("%v, %v", left, explain(err))
	}
	if got := one(t, gate, problems); strings.Contains(got, "copy") || !strings.Contains(got, "has no key") {
		t.Errorf("after the reseal the session is told %q", got)
	}
	if got := enters(t, o.s, "staging", o.gate, "1"); got != "RL003" {
		t.Errorf("a token of the original: %s, want RL003", got)
	}
	if got := enters(t, o.s, "place", o.gate, "1"); got != "3" {
		t.Errorf("the original itself: %s notes, want 3", got)
	}
	if f := found(t, conn); has(f, "RL658") {
		t.Errorf("doctor finds %v", f)
	}
}
