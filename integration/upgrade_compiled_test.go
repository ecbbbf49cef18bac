package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/migrations"
)

// TestUpgradeCompiled upgrades databases that earlier releases have compiled, as testdata/upgrade holds them: each folder is
// named after the newest migration of the release, and holds a schema, a model, and what that release's plan -o sql printed.
func TestUpgradeCompiled(t *testing.T) {
	t.Parallel()
	folders, err := os.ReadDir("testdata/upgrade")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no earlier release: %v %v", folders, err)
	}
	for _, f := range folders {
		t.Run(f.Name(), func(t *testing.T) {
			t.Parallel()
			read := func(name string) string { return file(t, filepath.Join("testdata/upgrade", f.Name(), name)) }
			db, conn := empty(t)
			w := &world{t: t, db: db, root: db.Pool(t, ""), roles: map[string]string{}, gates: map[string]*gateway{}}
			for _, r := range []string{"app", "migrator"} {
				w.roles[r] = db.Role(t, r, "NOLOGIN")
			}
			files := kernelFiles(t, func(name string) bool { return name[:14] <= f.Name() }, nil)
			if err := gooseUp(t, conn.Config().ConnString(), migrations.QualifiedTable, files); err != nil {
				t.Fatal(explain(err))
			}
			w.sql(t, read("schema.sql"))
			w.sql(t, read("compiled.sql"))
			answers := func() (out []string) {
				for _, who := range []string{"one@x", "three@x", "four@x", "root@x"} {
					tx, err := w.root.Begin(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					out = append(out, who)
					// outcome ends a transaction of its own where a statement fails.
					for _, q := range []string{"SELECT rls.impersonate('" + who + "')", "SELECT id FROM note ORDER BY 1", "SELECT id FROM sale ORDER BY 1",
						"SELECT id FROM person ORDER BY 1", "UPDATE sale SET owner = owner RETURNING id", "SELECT rls.can_row('update', 'note', '3')"} {
						out = append(out, w.outcome(t, tx, q))
					}
					_ = tx.Rollback(t.Context())
				}
				return out
			}
			want := answers()
			if joined := strings.Join(want, " "); !strings.Contains(joined, "one@x user:1 1 2 3 1 2 3 1 2 3 2 1 3 t") {
				t.Fatalf("the earlier release answered %q: nothing is proved", joined)
			}

			if _, err := kernel.Up(t.Context(), conn); err != nil {
				t.Fatal(explain(err))
			}
			equal(t, answers(), want, "after migrate up, before apply")
			w.apply(t, read("rls.yaml"))
			equal(t, answers(), want, "after apply")
			if p := w.plan(t, read("rls.yaml")).Plan; !p.Empty() {
				t.Errorf("afterwards the plan has %v", planned(p))
			}
			// Nothing of the earlier release is left behind: the same model over a new kernel is the same catalog.
			w.uninstalled(t)
			if left := one(t, conn, "SELECT count(*) FROM pg_policies") + one(t, conn, "SELECT count(*) FROM pg_trigger AS t WHERE NOT t.tgisinternal AND t.tgrelid::regclass::text !~ '^rls[.]'"); left != "00" {
				t.Errorf("policies and triggers after uninstall: %s", left)
			}
		})
	}
}
