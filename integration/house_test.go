package integration

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	objects "github.com/rlsctl/rlsctl/sql"
)

const module = "github.com/rlsctl/rlsctl"

type goPackage struct {
	ImportPath    string
	Imports, Deps []string
}

// name is the path inside the module; "" for the packages of others.
func name(path string) string {
	if path == module {
		return "."
	}
	rest, ours := strings.CutPrefix(path, module+"/")
	if !ours {
		return ""
	}
	return rest
}

func goPackages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	return list
}

// laws are the table of imports: what a package may import of ours, directly, and what it must never reach at all.
// A package that is not named may import anything but commands.
var laws = []struct {
	packages []string
	may      []string
	never    []string // of anybody's, also by way of others
	neverOwn []string // of anybody's, by itself
}{
	{packages: []string{"policies"}, never: []string{"github.com/jackc/pgx/v5", "database/sql"}},
	{packages: []string{"policies/parse", "policies/check", "policies/decide", "policies/compile", "policies/diff"}, may: []string{"policies"},
		never: []string{"github.com/jackc/pgx/v5", "database/sql"}, neverOwn: []string{"os", "time"}},
	{packages: []string{"policies/inspect", "policies/apply", "policies/lint", "policies/prove"},
		may: []string{"policies", "sql", "migrations", "pgsession", "internal/ownership"}},
	{packages: []string{"policies/pipeline"}, may: []string{"policies", "policies/parse", "policies/check", "policies/decide", "policies/compile", "policies/inspect",
		"policies/diff", "policies/apply", "policies/lint", "policies/prove"}},
	{packages: []string{"pgsession"}},
	{packages: []string{"pgsession/pgsessiontest"}, may: []string{"pgsession"}},
	{packages: []string{"sql", "migrations"}, never: []string{"github.com/jackc/pgx/v5"}},
	{packages: []string{"integration/reference"}, never: []string{"github.com/jackc/pgx/v5"}},
	{packages: []string{"internal/ownership"}},
}

func TestImports(t *testing.T) {
	t.Parallel()
	packages := goPackages(t)
	reaches := func(p goPackage, forbidden string) bool {
		return slices.ContainsFunc(p.Deps, func(d string) bool { return d == forbidden || strings.HasPrefix(d, forbidden+"/") })
	}
	for _, p := range packages {
		for _, i := range p.Imports {
			if n := name(i); strings.HasPrefix(n, "cmd/") || strings.HasPrefix(n, "integration") || n == "internal/pgtest" {
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
		}
	}
	for _, law := range laws {
		for _, p := range packages {
			if !slices.Contains(law.packages, name(p.ImportPath)) {
				continue
			}
			for _, i := range p.Imports {
				if n := name(i); n != "" && !slices.Contains(law.may, n) {
					t.Errorf("%s imports %s, which its place does not allow", p.ImportPath, i)
				}
				if slices.Contains(law.neverOwn, i) {
					t.Errorf("%s imports %s", p.ImportPath, i)
				}
			}
			for _, forbidden := range law.never {
				if reaches(p, forbidden) {
					t.Errorf("%s reaches %s", p.ImportPath, forbidden)
				}
			}
		}
	}
	t.Run("pgsession_stands_alone", func(t *testing.T) {
		t.Parallel()
		i := slices.IndexFunc(packages, func(p goPackage) bool { return name(p.ImportPath) == "pgsession" })
		if i < 0 {
			t.Fatal("there is no pgsession")
		}
		for _, d := range packages[i].Deps {
			if name(d) != "" {
				t.Errorf("pgsession brings %s", d)
			}
		}
	})
}

func TestFilesAreShort(t *testing.T) {
	t.Parallel()
	const most = 500
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && d.Name() != ".." {
			return fs.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if n := bytes.Count(text, []byte("\n")); n > most {
			t.Errorf("%s has %d lines, more than %d", path, n, most)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestKernelFiles holds the files of sql/ against the house style.
func TestKernelFiles(t *testing.T) {
	t.Parallel()
	function := regexp.MustCompile(`(?m)^CREATE OR REPLACE FUNCTION rls\.([a-z_]+)\(`)
	object := regexp.MustCompile(`(?m)^CREATE OR REPLACE (FUNCTION|VIEW|TRIGGER) (?:rls\.)?([a-z_]+)`)
	returns := regexp.MustCompile(`(?m)^RETURNS (?:TABLE \([^()]*\)|.+)\nLANGUAGE (sql|plpgsql)\n(IMMUTABLE|STABLE|VOLATILE)\nPARALLEL (SAFE|RESTRICTED|UNSAFE)\nSECURITY (INVOKER|DEFINER)\n(SET search_path = pg_catalog, pg_temp\n)?((?:COST|ROWS) \d+\n)?(AS \$\$|BEGIN ATOMIC|RETURN )`)
	for _, f := range objects.Files() {
		t.Run(f.Path, func(t *testing.T) {
			t.Parallel()
			made := object.FindAllStringSubmatch(f.Text, -1)
			if len(made) != 1 || made[0][2]+".sql" != filepath.Base(f.Path) {
				t.Fatalf("makes %q, wants one object of the name of the file", made)
			}
			if !strings.HasPrefix(f.Text, "-- ") {
				t.Error("does not begin with a comment")
			}
			if strings.Contains(f.Text, "LEAKPROOF") {
				t.Error("LEAKPROOF")
			}
			if made[0][1] == "VIEW" && (!strings.Contains(f.Text, "security_invoker = true") || !strings.Contains(f.Text, "\nREVOKE ALL ON rls."+made[0][2]+" FROM PUBLIC;\n")) {
				t.Error("a view without security_invoker or REVOKE")
			}
			if made[0][1] != "FUNCTION" {
				return
			}
			header := returns.FindStringSubmatch(f.Text)
			if header == nil {
				t.Fatal("the header is not in the order of the house: RETURNS, LANGUAGE, volatility, PARALLEL, SECURITY, SET, COST or ROWS, body")
			}
			if header[4] == "DEFINER" && header[5] == "" {
				t.Error("SECURITY DEFINER without a pinned search_path")
			}
			// What clients call is pinned as well, unless the planner is to inline it.
			if strings.Contains(f.Text, "TO rls_client;") && header[1] == "plpgsql" && header[5] == "" {
				t.Error("clients call it without a pinned search_path")
			}
			n := function.FindStringSubmatch(f.Text)[1]
			order := []string{"CREATE OR REPLACE FUNCTION rls." + n, "\nREVOKE ALL ON FUNCTION rls." + n, " FROM PUBLIC;\n", "\nCOMMENT ON FUNCTION rls." + n}
			at := 0
			for _, part := range order {
				i := strings.Index(f.Text[at:], part)
				if i < 0 {
					t.Fatalf("%q is missing, or in the wrong place", strings.TrimSpace(part))
				}
				at += i
			}
			for line := range strings.SplitSeq(f.Text, "\n") {
				if strings.HasPrefix(line, "GRANT ") && strings.Contains(line, "PUBLIC") {
					t.Error(line)
				}
			}
		})
	}
}

// Whoever meets a code can look it up, also one that only the database raises; and the page explains none that is never used.
func TestHouse_codes_are_documented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/codes.md")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`['"](RL[0-9]{3})['"]`)
	used := map[string]bool{}
	for _, dir := range []string{"../sql", "../migrations", "../policies", "../internal", "../cmd", "../pgsession"} {
		err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || strings.HasSuffix(path, "_test.go") || !(strings.HasSuffix(path, ".go") || strings.HasSuffix(path, ".sql")) {
				return err
			}
			text, err := os.ReadFile(path)
			for _, c := range regexp.MustCompile(`RL[0-9]{3}`).FindAllString(string(text), -1) {
				used[c] = true
			}
			for _, m := range code.FindAllStringSubmatch(string(text), -1) {
				if !strings.Contains(string(page), "| "+m[1]+" |") {
					t.Errorf("%s uses %s, which docs/codes.md does not explain", path, m[1])
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^\| (RL[0-9]{3}) \|`).FindAllStringSubmatch(string(page), -1) {
		if !used[m[1]] {
			t.Errorf("docs/codes.md explains %s, which nothing uses", m[1])
		}
	}
}

// A database may have an encoding that cannot hold more.
func TestHouse_kernel_is_ASCII(t *testing.T) {
	t.Parallel()
	for _, f := range objects.Files() {
		if i := strings.IndexFunc(f.Text, func(r rune) bool { return r > 126 }); i >= 0 {
			t.Errorf("sql/%s has %q", f.Path, []rune(f.Text[i:])[0])
		}
	}
}
