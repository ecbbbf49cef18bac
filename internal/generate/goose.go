package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/sql"
)

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

const (
	become = "\nSET LOCAL ROLE rls_owner;\n"
	resign = "\nRESET ROLE;\n"
	mark   = "\n-- sql/"
	gone   = " is gone"
)

var object = regexp.MustCompile(`(?m)^CREATE OR REPLACE (FUNCTION|VIEW|TRIGGER) (\S+?)[\s(]`)
var signature = regexp.MustCompile(`(?m)^REVOKE ALL ON (FUNCTION .+) FROM PUBLIC;$`)
var triggerTable = regexp.MustCompile(`(?m) ON (\S+)$`)
var header = regexp.MustCompile(`(?ms)^CREATE OR REPLACE FUNCTION .+?^LANGUAGE `)

// section is how a migration carries one object, without its path.
func section(text string) string {
	create, rest, _ := strings.Cut(text, "\nREVOKE ")
	if rest != "" {
		create, rest = create+"\n", "REVOKE "+rest
	}
	return fmt.Sprintf("-- +goose StatementBegin\n%s-- +goose StatementEnd\n%s", create, rest)
}

// drop is the statement that takes the object of a section away.
func drop(path, text string) (string, error) {
	m := object.FindStringSubmatch(text)
	if m == nil {
		return "", fmt.Errorf("%s: no CREATE OR REPLACE FUNCTION, VIEW or TRIGGER", path)
	}
	out := "DROP " + m[1] + " " + m[2]
	switch m[1] {
	case "FUNCTION":
		s := signature.FindStringSubmatch(text)
		if s == nil {
			return "", fmt.Errorf("%s: no REVOKE ALL ON FUNCTION … FROM PUBLIC", path)
		}
		out = "DROP " + s[1]
	case "TRIGGER":
		t := triggerTable.FindStringSubmatch(text)
		if t == nil {
			return "", fmt.Errorf("%s: no table", path)
		}
		out += " ON " + t[1]
	}
	return out + ";\n", nil
}

// whole returns one migration that creates all files in their order, and drops them in the reverse one.
func whole(files []sql.File) (string, error) { return difference(map[string]string{}, files) }

// difference returns one migration that leads from the objects that are installed, by their paths, to files, and back
// again; "" where there is none. An object that changes keeps its identity, and so the privileges that were granted on it.
func difference(before map[string]string, files []sql.File) (string, error) {
	var up strings.Builder
	var down []string
	wanted := map[string]bool{}
	for _, f := range files {
		wanted[f.Path] = true
		now := section(f.Text)
		away, err := drop(f.Path, now)
		if err != nil {
			return "", err
		}
		was, had := before[f.Path]
		switch {
		case !had:
			down = append(down, away)
		case was == now:
			continue
		case header.FindString(was) != header.FindString(now):
			// Policies, and what models have compiled, may call it: it can neither be dropped nor called with other arguments.
			return "", fmt.Errorf("%s: the arguments or the result of a released function change: leave it, and write another one", f.Path)
		default:
			down = append(down, mark+f.Path+"\n"+was)
		}
		fmt.Fprintf(&up, "%s%s\n%s", mark, f.Path, now)
	}
	for _, path := range slices.Backward(slices.Sorted(maps.Keys(before))) {
		if wanted[path] {
			continue
		}
		away, err := drop(path, before[path])
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&up, "%s%s%s\n%s", mark, path, gone, away)
		down = append(down, mark+path+"\n"+before[path])
	}
	if up.Len() == 0 {
		return "", nil
	}
	slices.Reverse(down)
	grant, revoke := fmt.Sprintf(assume, "GRANT", "TO"), fmt.Sprintf(assume, "REVOKE", "FROM")
	return "-- Code generated from sql/ by `make generate`. DO NOT EDIT.\n\n-- +goose Up\nSET LOCAL search_path = pg_catalog, pg_temp;\n\n" + grant +
		become + up.String() + resign + "\n" + revoke + "\nRESET search_path;\n" +
		"\n-- +goose Down\nSET LOCAL search_path = pg_catalog, pg_temp;\n\n" + grant + become + strings.Join(down, "") +
		strings.TrimPrefix(resign, "\n") + "\n" + revoke + "\nRESET search_path;\n", nil
}

// installed reads a migration of this program into what is installed after it.
func installed(text string, into map[string]string) {
	up, _, _ := strings.Cut(text, "\n-- +goose Down\n")
	_, up, _ = strings.Cut(up, become)
	up, _, _ = strings.Cut(up, resign)
	for _, part := range strings.Split("\n"+strings.TrimPrefix(up, "\n")+"\n", mark)[1:] {
		path, body, _ := strings.Cut(part, "\n")
		if name, is := strings.CutSuffix(path, gone); is {
			delete(into, name)
			continue
		}
		into[path] = strings.TrimRight(body, "\n") + "\n"
	}
}
