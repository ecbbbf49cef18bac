package integration

import (
	_ "embed"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

//go:embed testdata/describe.sql
var describeSQL string

// describe is a text of everything in a database that somebody made, without rows: two databases with the same text
// are the same. With definitions the bodies of functions and views count as well.
func describe(t testing.TB, conn *pgx.Conn, definitions bool) string {
	t.Helper()
	must(t, conn, "SET search_path = pg_catalog, pg_temp")
	defer must(t, conn, "RESET search_path")
	return one(t, conn, describeSQL, definitions) + "\n"
}

// same fails with the lines in which two descriptions differ.
func same(t testing.TB, got, want, format string, args ...any) {
	t.Helper()
	if got == want {
		return
	}
	count := map[string]int{}
	for line := range strings.SplitSeq(want, "\n") {
		count[line]--
	}
	for line := range strings.SplitSeq(got, "\n") {
		count[line]++
	}
	var out []string
	for _, text := range []string{want, got} {
		for line := range strings.SplitSeq(text, "\n") {
			if n := count[line]; n != 0 {
				out = append(out, map[bool]string{true: "+ ", false: "- "}[n > 0]+line)
				count[line] = 0
			}
		}
	}
	t.Errorf("%s:\n%s", fmt.Sprintf(format, args...), strings.Join(out, "\n"))
}
