package parse

import (
	"slices"
	"strings"
	"testing"
)

// What is compiled without the parser is what the parser makes of it, or is left to the parser.
func TestSimpleConditions(t *testing.T) {
	t.Parallel()
	columns := []string{"a", "ended_on", "Is_Admin", "_x9", "value", "name", "key", "type", "user", "order", "between", "coalesce", "current_user", "null", "true",
		"not", "values", "is", "isnull", "overlaps", "array", "date", "interval", "row", "text", "t", "a.b", "ä", "a$b", strings.Repeat("n", 63), strings.Repeat("n", 64), `"q"`, "1", "", "select"}
	shapes := []string{"%", " % ", "NOT %", "not\n%", "% IS NULL", "% is\tnot  null", "% IS TRUE", "% IS NOT FALSE", "% IS UNKNOWN", "% ISNULL", "NOT % IS NULL",
		"% = 'x'", "%='x'", "% <> 'it is AND so'", "% = 'a''b'", `% = 'a\b'`, "% = ''", "% = E'x'", "% = 'x'::text", "% >= 10", "% < 0", "% = 007", "% = -1", "% = 1.5",
		"% = 2147483648", "% != 'x'", "% = b", "% = true", "% = 'ü'", "% -- c", "% /* c */", "%; x", "(%)", "% = 'x' OR % IS NULL", "% AND % = 'y' AND NOT %", "% and b or %",
		"% BETWEEN 1 AND 2", "% IN (1, 2)", "% AND", "AND %", "% AND AND b", "% = 'x AND b = 'y'", "% LIKE 'x'", "NOT NOT %", "% = 'x' 'y'", "% = 'x'\n'y'", "% = '\n'"}
	fast := 0
	for _, c := range columns {
		for _, s := range shapes {
			sql := strings.ReplaceAll(s, "%", c)
			if sql == "true" || sql == " true " {
				continue // is read before
			}
			got, cols, ok := simple(sql)
			if !ok {
				continue
			}
			fast++
			want, wantCols, bad := parsed(sql, "UTC")
			if bad != nil || got != want || !slices.Equal(cols, wantCols) {
				t.Errorf("%q: %s %v, but the parser says %s %v %v", sql, got, cols, want, wantCols, bad)
			}
		}
	}
	if fast < 150 {
		t.Errorf("%d expressions were simple", fast)
	}
}
