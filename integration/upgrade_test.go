package integration

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/migrations"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// nextRelease is a copy of the repository's migrations that was released, and after which functions of the kernel were
// changed, added and taken away. It returns the folder, and what generate says of a change that a release must not make.
func nextRelease(t *testing.T) (folder, refusal string) {
	t.Helper()
	root := t.TempDir()
	for _, part := range []string{"go.mod", "go.sum", "sql", "migrations", "internal/generate"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, part)), 0o755); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), "cp", "-R", filepath.Join("..", part), filepath.Join(root, part)).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	generate := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "go", append([]string{"run", "./internal/generate"}, args...)...)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	run := func(args ...string) {
		t.Helper()
		if out, err := generate(args...); err != nil {
			t.Fatalf("generate %v: %s", args, out)
		}
	}
	edit := func(path, old, now string) {
		t.Helper()
		b, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(b), old) {
			t.Fatalf("%s has no %q", path, old)
		}
		if err := os.WriteFile(filepath.Join(root, path), []byte(strings.Replace(string(b), old, now, 1)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run("-release")
	run("-check")
	// What was released stays as it is.
	before, err := os.ReadFile(filepath.Join(root, "migrations/20261121000001_kernel.sql"))
	if err != nil {
		t.Fatal(err)
	}
	edit("migrations/20261121000001_kernel.sql", "RESET search_path;", "RESET search_path; ")
	if out, err := generate("-check"); err == nil || !strings.Contains(out, "was released") {
		t.Errorf("a released file was changed: %v: %s", err, out)
	}
	if err := os.WriteFile(filepath.Join(root, "migrations/20261121000001_kernel.sql"), before, 0o644); err != nil {
		t.Fatal(err)
	}
	// A function of policies must keep its arguments.
	edit("sql/10_identity/principal.sql", "rls.principal()\nRETURNS text", "rls.principal(x text)\nRETURNS text")
	refusal, err = generate()
	if err == nil {
		t.Error("other arguments of a released function were taken")
	}
	edit("sql/10_identity/principal.sql", "rls.principal(x text)\nRETURNS text", "rls.principal()\nRETURNS text")
	edit("sql/10_identity/identify.sql", "BEGIN\n", "BEGIN\n    -- the next release\n")
	edit("sql/10_identity/session_problems.sql", "BEGIN\n", "BEGIN\n    -- the next release\n")
	edit("sql/30_decision/can_many.sql", "COMMENT ON", "COMMENT ON") // unchanged
	if err := os.Remove(filepath.Join(root, "sql/20_graph/user_no_cycle.sql")); err != nil {
		t.Fatal(err)
	}
	added := "-- Says that this is the next release.\nCREATE OR REPLACE FUNCTION rls.next_release()\nRETURNS text\nLANGUAGE sql\nSTABLE\nPARALLEL SAFE\n" +
		"SECURITY INVOKER\nRETURN 'yes'::text;\nREVOKE ALL ON FUNCTION rls.next_release() FROM PUBLIC;\nGRANT EXECUTE ON FUNCTION rls.next_release() TO rls_client;\n" +
		"COMMENT ON FUNCTION rls.next_release() IS 'Says that this is the next release.';\n"
	if err := os.WriteFile(filepath.Join(root, "sql/10_identity/next_release.sql"), []byte(added), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := generate("-check"); err == nil || !strings.Contains(out, "run make generate") {
		t.Errorf("a change without its file: %v: %s", err, out)
	}
	run()
	run("-check")
	return filepath.Join(root, "migrations"), refusal
}

// TestUpgrade installs the next release over a database with a model, compiled objects and sessions.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	folder, refusal := nextRelease(t)
	if !strings.Contains(refusal, "the arguments or the result of a released function change") {
		t.Errorf("generate says %q", refusal)
	}
	next := os.DirFS(folder)
	var all []string
	for _, e := range mustReadDir(t, folder) {
		if strings.HasSuffix(e.Name(), ".sql") {
			all = append(all, e.Name())
		}
	}
	last := len(all) - 1
	if !strings.HasSuffix(all[last], "_objects.sql") || strings.HasPrefix(all[last], strconv.FormatInt(migrations.Newest(), 10)) {
		t.Fatalf("the next release has %v", all)
	}
	text := file(t, filepath.Join(folder, all[last]))
	if n := strings.Count(text, "\n-- sql/"); strings.Contains(text, "open_token") || n > 8 {
		t.Errorf("the new file carries more than what changed: %d objects", n)
	}

	_, fresh := empty(t)
	if err := gooseUp(t, fresh.Config().ConnString(), migrations.QualifiedTable, next); err != nil {
		t.Fatal(explain(err))
	}
	_, bare := empty(t)
	up(t, bare)
	released := describe(t, bare, true)
	upgraded := plainGoose(t, bare.Config().ConnString(), migrations.QualifiedTable, next)
	if list, err := upgraded.Status(t.Context()); err != nil || len(list) != last+1 || list[last].State != "pending" || list[last-1].State != "applied" {
		t.Errorf("status before: %v %v", list, err)
	}
	if _, err := upgraded.Up(t.Context()); err != nil {
		t.Fatal(explain(err))
	}
	same(t, withoutVersions(describe(t, bare, true)), withoutVersions(describe(t, fresh, true)), "an upgraded kernel is another one than a fresh one")
	if one(t, bare, "SELECT rls.next_release()") != "yes" {
		t.Error("what was added is not there")
	}
	if _, err := upgraded.Down(t.Context()); err != nil {
		t.Fatal(explain(err))
	}
	same(t, withoutVersions(describe(t, bare, true)), withoutVersions(released), "one step down is not the release before")

	t.Run("under a model and its sessions", func(t *testing.T) {
		w := newWorld(t, graphModel, graphSchema("bigint", "")+smallOrg+"INSERT INTO note SELECT id, id FROM person;")
		g := w.shared(t, "app")
		w.apply(t, graphModel) // with the gateway
		want := w.rowsAs(t, "key:1")
		if len(want) < 2 {
			t.Fatal("1 sees too little: nothing is proved")
		}
		ctx, stop := context.WithCancel(t.Context())
		var sessions sync.WaitGroup
		var seen, failed int
		token := func() string { return g.token("user", "1") }
		sessions.Go(func() {
			for ctx.Err() == nil {
				tx, err := g.pool.Begin(context.Background())
				if err != nil {
					failed++
					continue
				}
				_, err = tx.Exec(context.Background(), "SELECT rls.enter($1)", token())
				if err == nil {
					var got []string
					if got, _, err = collect(context.Background(), tx, "SELECT id FROM note"); err == nil {
						seen++
						if len(got) != len(want) {
							t.Errorf("in between 1 sees %v, want %v", got, want)
						}
					}
				}
				if err != nil {
					failed++
				}
				_ = tx.Rollback(context.Background())
			}
		})
		must(t, w.admin(t), "CREATE VIEW public.mine AS SELECT rls.principal()") // something of theirs that calls the kernel
		provider := plainGoose(t, w.db.URL(""), migrations.QualifiedTable, next)
		for range 3 {
			if _, err := provider.Up(t.Context()); err != nil {
				t.Error(explain(err))
			}
			if _, err := provider.Down(t.Context()); err != nil {
				t.Error(explain(err))
			}
		}
		if _, err := provider.Up(t.Context()); err != nil {
			t.Error(explain(err))
		}
		stop()
		sessions.Wait()
		if seen == 0 {
			t.Errorf("no session got through, and %d failed: nothing is proved", failed)
		}
		equal(t, w.rowsAs(t, "key:1"), want, "afterwards")
		// This program is the older one now, and must not compile against a kernel that it does not know.
		if _, err := pipeline.Plan(t.Context(), w.admin(t), w.parse(t, graphModel)); !errors.Is(err, pipeline.ErrNewKernel) {
			t.Errorf("plan of the older program: %v", err)
		}
		if _, err := provider.Down(t.Context()); err != nil {
			t.Fatal(explain(err))
		}
		if p := w.plan(t, graphModel).Plan; !p.Empty() {
			t.Errorf("after the way back the plan has %v", planned(p))
		}
	})
	t.Run("migrate up comes before apply", func(t *testing.T) {
		w := newWorld(t, graphModel, graphSchema("bigint", "")+smallOrg)
		w.sql(t, "DELETE FROM public.rls_goose_version WHERE version_id = (SELECT max(version_id) FROM public.rls_goose_version)")
		_, err := pipeline.Plan(t.Context(), w.admin(t), w.parse(t, graphModel))
		if !errors.Is(err, pipeline.ErrOldKernel) {
			t.Errorf("plan over an older kernel: %v", err)
		}
		steps, err := kernel.Status(t.Context(), w.admin(t))
		if err != nil || steps[len(steps)-1].Applied || !steps[0].Applied {
			t.Errorf("status: %v %v", steps, err)
		}
	})
	// What an older release compiled differs from what this one compiles, and nobody has touched it.
	t.Run("plan says what has to be applied again", func(t *testing.T) {
		w := newWorld(t, graphModel, graphSchema("bigint", "")+smallOrg+"INSERT INTO note SELECT id, id FROM person;")
		w.shared(t, "app")
		w.apply(t, graphModel)
		want := w.rowsAs(t, "key:1")
		w.sql(t, `SET ROLE rls_owner; UPDATE rls.compiled SET hash = 'of an older release' WHERE kind = 'function' AND name = '"rls"."admitted_owners"'`)
		equal(t, w.rowsAs(t, "key:1"), want, "before apply")
		p := w.plan(t, graphModel).Plan
		if len(p.Changes) != 1 || p.Changes[0].Op != policies.OpReplace || p.Changes[0].Reason != "changed in the model" || len(p.Changes[0].Hazards) != 1 {
			t.Errorf("the plan has %v", planned(p))
		}
		w.apply(t, graphModel)
		if p := w.plan(t, graphModel).Plan; !p.Empty() {
			t.Errorf("afterwards the plan has %v", planned(p))
		}
		equal(t, w.rowsAs(t, "key:1"), want, "after apply")
	})
}

// rowsAs are the notes that a principal sees.
func (w *world) rowsAs(t testing.TB, who string) []string {
	t.Helper()
	return strings.Fields(w.try(t, who, "SELECT id FROM note"))
}

func mustReadDir(t testing.TB, path string) []os.DirEntry {
	t.Helper()
	list, err := os.ReadDir(path)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
