package integration

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/inspect"
)

var updateCatalogs = flag.Bool("update-catalogs", false, "write catalog.json of the cases of policies/compile from a live database")

// TestCompiledCases applies the golden cases of policies/compile, so that every statement in them is one that
// PostgreSQL takes, and holds their catalogs against a live one.
func TestCompiledCases(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("../policies/compile/testdata/*")
	if err != nil || len(dirs) == 0 {
		t.Fatal("no cases", err)
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			t.Parallel()
			schema, model := file(t, filepath.Join(dir, "schema.sql")), file(t, filepath.Join(dir, "rls.yaml"))
			w := emptyWorld(t, schema)
			before, err := inspect.Catalog(t.Context(), w.admin(t))
			if err != nil {
				t.Fatal(err)
			}
			got, golden := w.spellCatalog(t, before), filepath.Join(dir, "catalog.json")
			if *updateCatalogs {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want := file(t, golden); got != want {
				t.Errorf("%s is not what is inspected; run with -update-catalogs:\n%s", golden, got)
			}
			if strings.Contains(model, "o'brien") {
				w.sql(t, `INSERT INTO "Sch""ema; DROP"."x""; DROP TABLE y; --" VALUES (1, NULL, 'o''brien\', true)`)
			}
			w.apply(t, model)
			if again := w.plan(t, model).Plan; !again.Empty() {
				t.Errorf("the second plan is not empty: %v", again.Changes)
			}
			// As a dump and a restore do: what is spelled by the server is read by it again.
			w.sql(t, `SET search_path = pg_catalog; DO $$ DECLARE p record; BEGIN
				FOR p IN SELECT polname, polrelid, pg_get_expr(polqual, polrelid) AS filter, pg_get_expr(polwithcheck, polrelid) AS checked FROM pg_policy LOOP
					EXECUTE format('ALTER POLICY %I ON %s', p.polname, p.polrelid::regclass) || coalesce(' USING (' || p.filter || ')', '')
						|| coalesce(' WITH CHECK (' || p.checked || ')', '');
				END LOOP;
			END $$`)
			for _, c := range w.plan(t, model).Plan.Changes {
				t.Errorf("read again by the server: %s %s (%s)", c.Op, c.Object.Title, c.Reason)
			}
		})
	}
}

func file(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// spellCatalog is what a compiler needs of a catalog, with placeholders for the names of database roles.
func (w *world) spellCatalog(t testing.TB, c *policies.Catalog) string {
	t.Helper()
	small := policies.Catalog{ServerVersion: 150000, Kernel: 1}
	small.Tables = slices.DeleteFunc(slices.Clone(c.Tables), func(t policies.Table) bool { return t.Schema == "rls" || t.Name == "rls_goose_version" })
	for i := range small.Tables {
		// MAINTAIN came with PostgreSQL 17.
		small.Tables[i].Privileges = slices.DeleteFunc(small.Tables[i].Privileges, func(p policies.Privilege) bool { return p.Privilege == "MAINTAIN" })
		slices.SortFunc(small.Tables[i].Privileges, func(a, b policies.Privilege) int {
			return strings.Compare(w.placeholder(a.Grantee)+a.Privilege, w.placeholder(b.Grantee)+b.Privilege)
		})
	}
	small.Roles = []policies.Role{}
	doc, err := json.MarshalIndent(small, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return w.placeholder(string(doc)) + "\n"
}

// placeholder is the reverse of text.
func (w *world) placeholder(s string) string {
	for k, v := range w.roles {
		s = strings.ReplaceAll(s, v, "{{"+k+"}}")
	}
	return s
}
