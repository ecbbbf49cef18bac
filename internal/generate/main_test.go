package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rlsctl/rlsctl/sql"
)

func TestGoose(t *testing.T) {
	t.Parallel()
	t.Run("carries_every_file_in_order_and_drops_them_in_reverse", func(t *testing.T) {
		t.Parallel()
		text, err := whole(sql.Files())
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		for _, f := range sql.Files() {
			i := strings.Index(text[at:], "-- sql/"+f.Path+"\n")
			if i < 0 {
				t.Fatalf("%s is missing or too early", f.Path)
			}
			at += i
		}
		up, down, ok := strings.Cut(text, "-- +goose Down\n")
		if !ok || strings.Count(down, "\nDROP ")+strings.Count(down, ";DROP ") != len(sql.Files()) || strings.Contains(up, "\nDROP ") {
			t.Errorf("%d files, and down is\n%s", len(sql.Files()), down)
		}
	})
	for name, text := range map[string]string{
		"no_object": "SELECT 1;\n",
		"no_revoke": "CREATE OR REPLACE FUNCTION rls.f()\nRETURNS text\nLANGUAGE sql\nRETURN NULL;\n",
		"no_table":  "CREATE OR REPLACE TRIGGER x\n    EXECUTE FUNCTION rls.f();\n",
	} {
		t.Run("refuses_a_file_with_"+name, func(t *testing.T) {
			t.Parallel()
			if _, err := whole([]sql.File{{Path: "x.sql", Text: text}}); err == nil || !strings.HasPrefix(err.Error(), "x.sql: no ") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestCheck runs the program in a copy of the module whose sql/ was changed.
func TestCheck(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, part := range []string{"go.mod", "go.sum", "sql", "migrations", "internal/generate/main.go", "internal/generate/goose.go"} {
		from := filepath.Join("../..", part)
		err := filepath.WalkDir(from, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			rel, _ := filepath.Rel("../..", p)
			b, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			to := filepath.Join(root, rel)
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return err
			}
			return os.WriteFile(to, b, 0o644)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	generate := func(args ...string) (string, error) {
		cmd := exec.CommandContext(t.Context(), "go", append([]string{"run", "./internal/generate"}, args...)...)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := generate("-check"); err != nil {
		t.Fatalf("an untouched copy: %v\n%s", err, out)
	}
	changed := filepath.Join(root, "sql/30_decision/can.sql")
	text, err := os.ReadFile(changed)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(changed, append(text, "-- changed\n"...), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := generate("-check"); err == nil || !strings.Contains(out, "run make generate") {
		t.Errorf("a changed file: %v\n%s", err, out)
	}
	if out, err := generate(); err != nil {
		t.Errorf("generate: %v\n%s", err, out)
	}
	if out, err := generate("-check"); err != nil {
		t.Errorf("after generate: %v\n%s", err, out)
	}
}
