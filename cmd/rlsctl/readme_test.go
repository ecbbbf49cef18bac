package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rlsctl/rlsctl/internal/pgtest"
)

// block is a fenced block of a page.
var block = regexp.MustCompile("(?ms)^```(\\w+)\\n(.*?)^```$")

// TestReadme does what README.md says under "Ten minutes to a filtered psql", word for word: only the server, the name of the
// database and the way the program is installed are others. Its roles have fixed names, so it is not parallel.
func TestReadme(t *testing.T) {
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(page), "\n## Ten minutes to a filtered psql\n")
	part, _, _ = strings.Cut(part, "\n## ")

	// A database superuser, and a login as managed PostgreSQL has it.
	for _, who := range []string{"a database superuser", "an owner with CREATEROLE"} {
		t.Run(who, func(t *testing.T) {
			d := pgtest.Shared(t).Database(t)
			login := ""
			if who != "a database superuser" {
				login = d.Role(t, "owner", "LOGIN CREATEROLE")
				d.Exec(t, "ALTER DATABASE "+d.Name()+" OWNER TO "+login)
			}
			dir := t.TempDir()
			t.Cleanup(func() {
				d.Exec(t, "DROP OWNED BY app_rw, migrator; DROP ROLE app_rw, migrator")
			})
			program, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(program, filepath.Join(dir, "rlsctl")); err != nil {
				t.Fatal(err)
			}
			run := func(name string, args ...string) (stdout, stderr string) {
				t.Helper()
				var out, errs strings.Builder
				cmd := exec.Command(name, args...)
				cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Stdin = dir, &out, &errs, strings.NewReader("yes\n")
				cmd.Env = append(os.Environ(), "DATABASE_URL="+d.URL(login), "PATH="+dir+":"+os.Getenv("PATH"), asProgram+"=1", "PGOPTIONS=", "PSQLRC=/dev/null")
				if err := cmd.Run(); err != nil {
					t.Fatalf("%s: %v\n%s\n%s", strings.Join(args, " "), err, out.String(), errs.String())
				}
				return out.String(), errs.String()
			}
			// What some lines say that they print.
			prints := map[string]string{
				"rlsctl can ":    "allowed",
				"rlsctl query ":  "roadmap",
				"rlsctl login ":  "anna is anna@example.com",
				"psql 'postgres": "fix the build",
			}
			printed := 0
			for _, b := range block.FindAllStringSubmatch(part, -1) {
				switch language, text := b[1], b[2]; language {
				case "sql":
					script := filepath.Join(dir, "schema.sql")
					if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
					run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", d.URL(login), "-f", script)
				case "yaml":
					if err := os.WriteFile(filepath.Join(dir, "rls.yaml"), []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				case "sh":
					for line := range strings.Lines(text) {
						line = strings.TrimSpace(line)
						if strings.HasPrefix(line, "go install ") || strings.HasPrefix(line, "export DATABASE_URL=") {
							continue
						}
						// There is no terminal to answer yes on.
						for _, asks := range []string{"rlsctl apply ", "rlsctl uninstall "} {
							if strings.HasPrefix(line, asks) {
								line += " --yes"
							}
						}
						line = strings.Replace(line, "postgres://anna@localhost:5432/mydb", d.URL("anna"), 1)
						out, errs := run("sh", "-ec", line)
						t.Logf("$ %s\n%s%s", line, out, errs)
						for begin, want := range prints {
							if strings.HasPrefix(line, begin) {
								printed++
								if !strings.Contains(out, want) || strings.Contains(out, "budget") {
									t.Errorf("%s prints\n%s", line, out)
								}
							}
						}
					}
				}
			}
			if printed != len(prints) {
				t.Errorf("%d of %d lines were found that print something", printed, len(prints))
			}
		})
	}
}
