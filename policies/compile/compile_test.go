package compile_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/compile"
	"github.com/rlsctl/rlsctl/policies/parse"
)

var update = flag.Bool("update", false, "write want.sql; read it before you keep it")

// roles are what the placeholders of the cases stand for here. The same cases are applied to a server by the tests in
// integration/, which also write catalog.json.
var roles = strings.NewReplacer("{{app}}", "app", "{{app_ro}}", "app_ro", "{{owner}}", "owner", "{{migrator}}", "migrator")

func load(t *testing.T, dir string) (*policies.Model, *policies.Catalog) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "rls.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	m, diags := parse.Model("rls.yaml", []byte(roles.Replace(string(text))))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	doc, err := os.ReadFile(filepath.Join(dir, "catalog.json"))
	if err != nil {
		t.Fatal(err)
	}
	c := &policies.Catalog{}
	if err := json.Unmarshal([]byte(roles.Replace(string(doc))), c); err != nil {
		t.Fatal(err)
	}
	return m, c
}

// script spells objects as one readable SQL file, with what takes each away again.
func script(objects []policies.Object) string {
	var b strings.Builder
	for _, o := range objects {
		as := ""
		if o.AsOwner {
			as = ", as rls_owner"
		}
		fmt.Fprintf(&b, "-- %s: %s%s\n%s\n", o.Kind, o.Title, as, o.Create)
		for line := range strings.SplitSeq(o.Drop, "\n") {
			fmt.Fprintf(&b, "-- undo: %s\n", line)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestModel(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("testdata/*")
	if err != nil || len(dirs) == 0 {
		t.Fatal("no cases", err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			m, c := load(t, dir)
			objects, err := compile.Model(m, c)
			if err != nil {
				t.Fatal(err)
			}
			got, golden := script(objects), filepath.Join(dir, "want.sql")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s differs from what is compiled: %s", golden, firstDifference(got, string(want)))
			}
			again, c := load(t, dir)
			shuffle(c)
			objects, err = compile.Model(again, c)
			if err != nil {
				t.Fatal(err)
			}
			if shuffled := script(objects); shuffled != got {
				t.Errorf("another order of the catalog gives another text: %s", firstDifference(shuffled, got))
			}
			unique(t, objects)
		})
	}
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("line %d is\n  %s\nwant\n  %s", i+1, a[i], slices.Concat(b, []string{"(end)"})[min(i, len(b))])
		}
	}
	return fmt.Sprintf("line %d is missing", len(a)+1)
}

// shuffle changes every order in the catalog that means nothing.
func shuffle(c *policies.Catalog) {
	r := rand.New(rand.NewPCG(1, 2))
	mix(r, c.Tables)
	mix(r, c.Roles)
	for i := range c.Tables {
		t := &c.Tables[i]
		mix(r, t.Columns)
		mix(r, t.ForeignKeys)
		mix(r, t.Indexes)
		mix(r, t.Unique)
		mix(r, t.Policies)
		mix(r, t.Privileges)
	}
}

func mix[T any](r *rand.Rand, list []T) {
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}

// unique checks what diff and the manifest rely on: one object of a kind and name, and names that PostgreSQL holds.
func unique(t *testing.T, objects []policies.Object) {
	t.Helper()
	seen := map[string]bool{}
	for _, o := range objects {
		k := string(o.Kind) + o.Name
		if seen[k] {
			t.Errorf("%s %s twice", o.Kind, o.Name)
		}
		seen[k] = true
	}
}

func TestGrantTimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, from, want string }{
		{"", "2026-01-01", "timestamp '2026-01-01' AT TIME ZONE 'UTC'"},
		{"Europe/Vienna", "2026-01-01", "timestamp '2026-01-01' AT TIME ZONE 'Europe/Vienna'"},
		{"Europe/Vienna", "2026-01-01 18:30", "timestamp '2026-01-01 18:30' AT TIME ZONE 'Europe/Vienna'"},
		{"Europe/Vienna", "2026-01-01T18:30:00Z", "timestamptz '2026-01-01T18:30:00Z'"},
		{"Europe/Vienna", "2026-01-01T18:30:00z", "timestamptz '2026-01-01T18:30:00z'"},
		{"Europe/Vienna", "2026-01-01T18:30:00-05:00", "timestamptz '2026-01-01T18:30:00-05:00'"},
	} {
		m, catalog := load(t, "testdata/keys")
		m.Database.Timezone.Value = c.zone
		m.Grants = []policies.Grant{{To: policies.Grantee{Kind: policies.GranteeEveryone}, From: policies.Text{Value: c.from},
			Allow: []policies.Allowance{{Resource: policies.Text{Value: "rate"}, Actions: []policies.Text{{Value: "read"}}}}}}
		objects, err := compile.Model(m, catalog)
		if err != nil {
			t.Fatal(err)
		}
		if seed := objects[len(objects)-1].Create; !strings.Contains(seed, ", "+c.want+", NULL, ") {
			t.Errorf("%s in %q: %s", c.from, c.zone, seed)
		}
	}
}

func TestModelRefuses(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(m *policies.Model, c *policies.Catalog){
		`"public.rate" of resource "rate"`: func(m *policies.Model, c *policies.Catalog) {
			c.Tables = slices.DeleteFunc(c.Tables, func(t policies.Table) bool { return t.Name == "rate" })
		},
		`key of type money`:      func(_ *policies.Model, c *policies.Catalog) { c.Table("public", "person").Columns[0].Type = "money" },
		`column "id" of table`:   func(_ *policies.Model, c *policies.Catalog) { c.Table("public", "person").Columns[0].Name = "other" },
		`table public.person is`: func(_ *policies.Model, c *policies.Catalog) { c.Table("public", "person").Name = "other" },
		`column "nr" of resource`: func(m *policies.Model, _ *policies.Catalog) {
			m.Resources[0].Key = []policies.Text{{Value: "nr"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, c := load(t, "testdata/keys")
			spoil(m, c)
			_, err := compile.Model(m, c)
			if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "public.rate of", `"public.rate" of`), name) {
				t.Errorf("error %v", err)
			}
		})
	}
}
