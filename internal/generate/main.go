// Command generate writes the goose file that carries the objects of sql/, so that plain goose over migrations/
// installs the whole kernel. Run it with `make generate`; with -check it
// writes nothing and fails where the two differ.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/sql"
)

const target = "migrations/20261121000002_objects.sql"

func main() {
	check := flag.Bool("check", false, "change nothing, fail where the file differs")
	flag.Parse()
	text, err := goose(sql.Files())
	switch {
	case err != nil:
	case *check:
		var have []byte
		if have, err = os.ReadFile(target); err == nil && string(have) != text {
			err = fmt.Errorf("%s differs from sql/: run make generate", target)
		}
	default:
		err = os.WriteFile(target, []byte(text), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

const assume = `-- +goose StatementBegin
DO $$
BEGIN
    IF NOT (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        EXECUTE '%s rls_owner %s CURRENT_USER';
    END IF;
END
$$;
-- +goose StatementEnd
`

var object = regexp.MustCompile(`(?m)^CREATE OR REPLACE (FUNCTION|VIEW|TRIGGER) (\S+?)[\s(]`)
var signature = regexp.MustCompile(`(?m)^REVOKE ALL ON (FUNCTION .+) FROM PUBLIC;$`)
var triggerTable = regexp.MustCompile(`(?m) ON (\S+)$`)

// goose returns one migration that creates all files in their order, and drops them in the reverse one.
func goose(files []sql.File) (string, error) {
	var up strings.Builder
	var down []string
	for _, f := range files {
		m := object.FindStringSubmatch(f.Text)
		if m == nil {
			return "", fmt.Errorf("%s: no CREATE OR REPLACE FUNCTION, VIEW or TRIGGER", f.Path)
		}
		drop := "DROP " + m[1] + " " + m[2]
		switch m[1] {
		case "FUNCTION":
			s := signature.FindStringSubmatch(f.Text)
			if s == nil {
				return "", fmt.Errorf("%s: no REVOKE ALL ON FUNCTION … FROM PUBLIC", f.Path)
			}
			drop = "DROP " + s[1]
		case "TRIGGER":
			t := triggerTable.FindStringSubmatch(f.Text)
			if t == nil {
				return "", fmt.Errorf("%s: no table", f.Path)
			}
			drop += " ON " + t[1]
		}
		down = append(down, drop+";\n")
		create, rest, _ := strings.Cut(f.Text, "\nREVOKE ")
		if rest != "" {
			create, rest = create+"\n", "REVOKE "+rest
		}
		fmt.Fprintf(&up, "\n-- sql/%s\n-- +goose StatementBegin\n%s-- +goose StatementEnd\n%s", f.Path, create, rest)
	}
	slices.Reverse(down)
	grant, revoke := fmt.Sprintf(assume, "GRANT", "TO"), fmt.Sprintf(assume, "REVOKE", "FROM")
	return "-- Code generated from sql/ by `make generate`. DO NOT EDIT.\n\n-- +goose Up\nSET LOCAL search_path = pg_catalog, pg_temp;\n\n" + grant +
		"\nSET LOCAL ROLE rls_owner;\n" + up.String() + "\nRESET ROLE;\n\n" + revoke + "\nRESET search_path;\n" +
		"\n-- +goose Down\nSET LOCAL search_path = pg_catalog, pg_temp;\n\n" + grant + "\nSET LOCAL ROLE rls_owner;\n" + strings.Join(down, "") + "RESET ROLE;\n\n" + revoke + "\nRESET search_path;\n", nil
}
