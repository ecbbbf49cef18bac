package parse_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/wasilibs/go-pgquery/parser"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/parse"
)

func active(sql string) (policies.Expression, policies.Diagnostics) {
	m, diags := parse.Model("f", []byte("version: 1\ndatabase: {timezone: Europe/Vienna}\nusers: {table: staff, key: id, active: "+strconv.Quote(sql)+"}\n"))
	return m.Users.Active, diags
}

const now = "pg_catalog.timezone('Europe/Vienna', pg_catalog.clock_timestamp())"

// What is plain can be remembered: only a change of the row changes its value.
func TestExpression_plain(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]bool{
		"true": true, " FALSE ": true, "is_hr": true, "NOT is_hr": true, "ended_on IS NULL": true, "title = 'a' AND is_hr": true, "level >= 3": true,
		"ended_on > current_date": false, "ended_on > now()": false, "now() > '2020-01-01'": false, "lower(title) = 'x'": false,
		"ended_on::timestamptz > '2020-01-01'": false, "rls.local_time() > '08:00'": false, "is_hr OR ended_on > now()": false,
	} {
		e, diags := active(sql)
		if len(diags) > 0 {
			t.Errorf("%s: %s", sql, render(diags))
		}
		if e.Plain != want {
			t.Errorf("%s: plain is %t", sql, e.Plain)
		}
	}
}

func TestExpression_compiled(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sql, want string
		columns   []string
	}{
		{"true", "true", nil},
		{" FALSE ", "false", nil},
		{"is_hr", "t.is_hr", []string{"is_hr"}},
		{"Is_HR", "t.is_hr", []string{"is_hr"}},
		{`"Is HR"`, `t."Is HR"`, []string{"Is HR"}},
		{`"a""b" = 1`, `(t."a""b" = 1)`, []string{`a"b`}},
		{`"user" IS NULL`, `(t."user" IS NULL)`, []string{"user"}},
		{"ended_on IS NULL", "(t.ended_on IS NULL)", []string{"ended_on"}},
		{"b AND NOT a OR c", "((t.b AND (NOT t.a)) OR t.c)", []string{"a", "b", "c"}},
		{"title = 'Presi''dent'", "(t.title = 'Presi''dent')", []string{"title"}},
		{`title = E'a\\b'`, `(t.title = E'a\\b')`, []string{"title"}},
		{`title = E'a\tb"c\\d\n\u2028\x7f'`, "(t.title = E'a\tb\"c\\\\d\n\u2028\x7f')", []string{"title"}},
		{"a = 9223372036854775808 AND b = 0 AND NOT (c = '')", "((t.a = 9223372036854775808) AND (t.b = 0) AND (NOT (t.c = '')))", []string{"a", "b", "c"}},
		{"title <> $$x'; DROP TABLE y; --$$", "(t.title <> 'x''; DROP TABLE y; --')", []string{"title"}},
		{"title = '; DROP TABLE y'", "(t.title = '; DROP TABLE y')", []string{"title"}},
		{"is_hr -- ; DROP TABLE y", "t.is_hr", []string{"is_hr"}},
		{"is_hr /* ) */", "t.is_hr", []string{"is_hr"}},
		{"a != 1", "(t.a <> 1)", []string{"a"}},
		{"a - -1 > 1.5e3", "((t.a - (-1)) > 1.5e3)", []string{"a"}},
		{"- a < 0", "((- t.a) < 0)", []string{"a"}},
		{"role IN ('x', 'y')", "(t.role IN ('x', 'y'))", []string{"role"}},
		{"role NOT IN (1)", "(t.role NOT IN (1))", []string{"role"}},
		{"a BETWEEN 1 AND b", "(t.a BETWEEN 1 AND t.b)", []string{"a", "b"}},
		{"a NOT BETWEEN SYMMETRIC 2 AND 1", "(t.a NOT BETWEEN SYMMETRIC 2 AND 1)", []string{"a"}},
		{"a LIKE 'x%'", "(t.a LIKE 'x%')", []string{"a"}},
		{"a NOT ILIKE 'x!%' ESCAPE '!'", "(t.a NOT ILIKE pg_catalog.like_escape('x!%', '!'))", []string{"a"}},
		{"a SIMILAR TO 'x'", "(t.a ~ pg_catalog.similar_to_escape('x'))", []string{"a"}},
		{"a ~* '^x'", "(t.a ~* '^x')", []string{"a"}},
		{"a IS DISTINCT FROM NULL", "(t.a IS DISTINCT FROM NULL)", []string{"a"}},
		{"(a > 1) IS NOT TRUE", "((t.a > 1) IS NOT TRUE)", []string{"a"}},
		{"a IS UNKNOWN", "(t.a IS UNKNOWN)", []string{"a"}},
		{"a = ANY (ARRAY['x', b])", "(t.a = ANY (ARRAY['x', t.b]))", []string{"a", "b"}},
		{"'x' = ALL (tags)", "('x' = ALL (t.tags))", []string{"tags"}},
		{"coalesce(a, b, false)", "COALESCE(t.a, t.b, false)", []string{"a", "b"}},
		{"nullif(a, '') IS NULL", "(NULLIF(t.a, '') IS NULL)", []string{"a"}},
		{"greatest(a, 1) > least(b, 2)", "(GREATEST(t.a, 1) > LEAST(t.b, 2))", []string{"a", "b"}},
		{"CASE a WHEN 1 THEN true ELSE b END", "CASE t.a WHEN 1 THEN true ELSE t.b END", []string{"a", "b"}},
		{"CASE WHEN a THEN b END", "CASE WHEN t.a THEN t.b END", []string{"a", "b"}},
		{"a::text = CAST(b AS varchar(10))", "(CAST(t.a AS pg_catalog.text) = CAST(t.b AS pg_catalog.\"varchar\"(10)))", []string{"a", "b"}},
		{"d > date '2020-01-01'", "(t.d > CAST('2020-01-01' AS pg_catalog.date))", []string{"d"}},
		{"d + interval '30 days' > now()", "((t.d + CAST('30 days' AS pg_catalog.\"interval\")) > pg_catalog.clock_timestamp())", []string{"d"}},
		{"tags && '{x}'::text[]", "(t.tags && CAST('{x}' AS pg_catalog.text[]))", []string{"tags"}},
		{"ended_on > current_date", "(t.ended_on > CAST(" + now + " AS pg_catalog.date))", []string{"ended_on"}},
		{"ended_on > localtimestamp", "(t.ended_on > " + now + ")", []string{"ended_on"}},
		{"ended_on > current_timestamp", "(t.ended_on > pg_catalog.clock_timestamp())", []string{"ended_on"}},
		{"rls.local_time() BETWEEN '08:00' AND '18:00'", "(rls.local_time() BETWEEN '08:00' AND '18:00')", nil},
		{"lower(Title) = 'x'", "(pg_catalog.lower(t.title) = 'x')", []string{"title"}},
		{"extract(year FROM d) > 2000", "(pg_catalog.\"extract\"('year', t.d) > 2000)", []string{"d"}},
		{"substring(a from 1 for 2) = 'x'", "(pg_catalog.\"substring\"(t.a, 1, 2) = 'x')", []string{"a"}},
		{"position('a' in b) > 0", "(pg_catalog.\"position\"(t.b, 'a') > 0)", []string{"b"}},
		{"trim(both 'x' from a) = ''", "(pg_catalog.btrim(t.a, 'x') = '')", []string{"a"}},
		{"d AT TIME ZONE 'UTC' > '2020-01-01'", "(pg_catalog.timezone('UTC', t.d) > '2020-01-01')", []string{"d"}},
		{"d AT TIME ZONE 'America/New_York' > '2020-01-01'", "(pg_catalog.timezone('America/New_York', t.d) > '2020-01-01')", []string{"d"}},
		{"d AT TIME ZONE interval '0' > '2020-01-01'", "(pg_catalog.timezone(CAST('0' AS pg_catalog.\"interval\"), t.d) > '2020-01-01')", []string{"d"}},
		{"statement_timestamp() < d AND transaction_timestamp() < d AND clock_timestamp() < d",
			"((pg_catalog.clock_timestamp() < t.d) AND (pg_catalog.clock_timestamp() < t.d) AND (pg_catalog.clock_timestamp() < t.d))", []string{"d"}},
		{"doc ->> 'k' = 'v' OR doc ? 'x'", "(((t.doc ->> 'k') = 'v') OR (t.doc ? 'x'))", []string{"doc"}},
		{"name = 'ä' AND größe > 1", "((t.name = 'ä') AND (t.\"größe\" > 1))", []string{"größe", "name"}},
	} {
		t.Run(c.sql, func(t *testing.T) {
			t.Parallel()
			e, diags := active(c.sql)
			if len(diags) > 0 {
				t.Fatal(render(diags))
			}
			want := policies.Expression{SQL: c.sql, Compiled: c.want, Columns: c.columns, Plain: e.Plain, Pos: e.Pos}
			if diff := cmp.Diff(want, e); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if _, err := parser.ParseToJSON("SELECT WHERE " + e.Compiled); err != nil {
				t.Errorf("%s cannot be read again: %v", e.Compiled, err)
			}
			// Written without the prefix it is canonical: compiling it again changes nothing.
			again, diags := active(strings.ReplaceAll(e.Compiled, "t.", ""))
			if !strings.Contains(c.sql, "current") && !strings.Contains(e.Compiled, "CAST(pg_catalog.timezone") && (len(diags) > 0 || again.Compiled != e.Compiled) {
				t.Errorf("again: %s %s", again.Compiled, render(diags))
			}
		})
	}
}

func TestExpression_refused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sql, want string }{
		// more than one expression
		{"true; DROP TABLE y", "a second statement"},
		{"a IS NULL;", "a second statement"},
		{"a;;", "a second statement"},
		{"true) OR (true", "syntax error at or near \")\""},
		{"(a", "syntax error"},
		{"a, b", "syntax error at or near \",\""},
		{"a AS b", "syntax error at or near \"AS\""},
		{"a ORDER BY b", "a clause of a statement"},
		{"a GROUP BY b", "a clause of a statement"},
		{"a LIMIT 1", "a clause of a statement"},
		{"a FOR UPDATE", "a clause of a statement"},
		{"a UNION SELECT 1", "a clause of a statement"},
		{"a WINDOW w AS ()", "a clause of a statement"},
		{"a /* open", "unterminated"},
		{"-- nothing", "syntax error"},
		{"a = 'open", "unterminated"},
		{"a = $$open", "unterminated"},
		{"a = $1", "a parameter"},
		{"$x$; DROP TABLE y; $x$", "not a condition"},
		// what reads other things
		{"EXISTS (SELECT 1)", "a sub-select"},
		{"a IN (SELECT b FROM c)", "a sub-select"},
		{"a = ANY (SELECT 1)", "a sub-select"},
		{"(SELECT true)", "a sub-select"},
		{"ARRAY(SELECT 1) = a", "a sub-select"},
		{"t.a", "qualified column \"t.a\""},
		{"s.t.a = 1", "qualified column \"s.t.a\""},
		{"t.*", "\"*\""},
		{"(t).a = 1", "a subscript or field"},
		{"a[1] = 1", "a subscript or field"},
		{"count(*) > 1", "an aggregate"},
		{"sum(a) > 1", "function \"sum\""},
		{"lower(a) FILTER (WHERE b) = ''", "an aggregate"},
		{"lower(DISTINCT a) = ''", "an aggregate"},
		{"row_number() OVER () = 1", "a window function"},
		{"lower(VARIADIC a) = ''", "VARIADIC"},
		{"lower(x => a) = ''", "a named argument"},
		{"generate_series(1, 2) = 1", "function \"generate_series\""},
		{"unnest(a)", "function \"unnest\""},
		{"pg_sleep(1) IS NULL", "function \"pg_sleep\""},
		{"random() > 0.5", "function \"random\""},
		{"d AT TIME ZONE 'EST' > '2020-01-01'", "a time zone that a session can redefine"},
		{"d AT TIME ZONE b > '2020-01-01'", "a time zone that a session can redefine"},
		{"timezone('+00', d) > '2020-01-01'", "a time zone that a session can redefine"},
		{"current_setting('x') = ''", "function \"current_setting\""},
		{"set_config('x', 'y', true) = ''", "function \"set_config\""},
		{"pg_catalog.set_config('x', 'y', true) = ''", "function \"set_config\""},
		{"public.lower(a) = ''", "function \"public.lower\""},
		{"dblink('x')", "function \"dblink\""},
		{"lo_import('x') = 1", "function \"lo_import\""},
		{"rls.principal() = a", "function \"rls.principal\""},
		{"rls.local_time(1) = a", "with 1 arguments"},
		{"age(a) > interval '1 day'", "with one argument"},
		{"current_user = a", "\"current_user\""},
		{"session_user = a", "\"session_user\""},
		{"user = a", "\"user\""},
		{"current_time > a", "\"current_time\""},
		{"localtime(0) > a", "\"localtime_n\""},
		{"xmlexists('x' PASSING a)", "function"},
		{"a = '1'::regclass", "type \"regclass\""},
		{"a::public.t = 1", "type \"public.t\""},
		{"a = interval '1' day", "an interval with fields or precision"},
		{"a OPERATOR(public.=) b", "an operator with a schema"},
		{"a OPERATOR(pg_catalog.=) b", "an operator with a schema"},
		{"a === b", "operator \"===\""},
		{"a COLLATE \"C\" = 'x'", "a collation"},
		{"(a, b) = (1, 2)", "a row"},
		{"ROW(a) IS NULL", "a row"},
		{"a = B'1'", "a bit string"},
		{"a = 0xFFFFFFFFFFFF", "number"},
		{"1", "not a condition"},
		{"'true'", "not a condition"},
		{"null", "not a condition"},
		{"SELECT 1", "syntax error"},
		{"DEFAULT", "a default"},
		{"CURRENT OF c", "syntax error"},
		{"GROUPING(a) = 1", "\"GroupingFunc\""},
		{"a IS JSON", "\"JsonIsPredicate\""},
		{"lowr(a) = ''", "function \"lowr\""},
	} {
		t.Run(c.sql, func(t *testing.T) {
			t.Parallel()
			e, diags := active(c.sql)
			if e.Compiled != "" || len(diags) != 1 || !strings.Contains(diags[0].Message, c.want) {
				t.Errorf("compiled %q, want one error with %q, got\n%s", e.Compiled, c.want, render(diags))
			}
		})
	}
}

// Hostile nesting must be refused before it reaches the parser's stack, which does not survive an overflow.
// A failure of this test may be that it hangs.
func TestExpression_nesting(t *testing.T) {
	t.Parallel()
	for _, u := range [][2]string{
		{"NOT ", ""},
		{"a||", ""},
		{"-a-", ""},
		{"- ", ""},
		{"~ ", ""},
		{"f(", ")"},
		{"a[", "]"},
		{"(", ")"},
		{"a+(", ")"},
		{"(SELECT ", ")"},
		{"EXISTS(SELECT FROM t WHERE ", ")"},
		{"(WITH x AS(SELECT ", ")SELECT)"},
		{"(VALUES(", "))"},
		{"ARRAY[", "]"},
		{"CASE WHEN a THEN ", " END"},
		{"CASE WHEN ", " THEN a END"},
		{"a AND(", ")"},
		{"a=", ""},
		{"a IS NULL=", ""},
		{"row(", ")"},
		{"", "::b"},
		{"", " ISNULL"},
		{"", " COLLATE b"},
		{"", " AT TIME ZONE b"},
		{"", " UNION SELECT"},
		{"f(b=>", ")"},
		{"f(a ORDER BY ", ")"},
		{"f()OVER(ORDER BY ", ")"},
	} {
		for _, n := range []int{10, 20, 40, 60, 80, 120, 180, 250, 500, 2000} {
			e, diags := active(strings.Repeat(u[0], n) + "a" + strings.Repeat(u[1], n))
			if (e.Compiled == "") != (len(diags) == 1) {
				t.Errorf("%q: compiled %.40q\n%s", u, e.Compiled, render(diags))
			}
			if len(diags) > 0 && (strings.Contains(diags[0].Message, "broke") || strings.Contains(diags[0].Message, "too deep")) {
				t.Fatalf("%q broke the parser", u)
			}
		}
	}
	if e, diags := active("a IS NULL"); e.Compiled != "(t.a IS NULL)" {
		t.Errorf("the parser is gone: %s", render(diags))
	}
}

func TestExpression_position(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line string
		col  int
	}{
		{`active: ended IS NULL AND t.b`, 29},
		{`active: 'ended IS NULL AND t.b'`, 30},
		{`active: "ended IS NULL AND t.b"`, 30},
		{`active: "größe > 1 AND t.b"`, 26},
		{`active: 'a = ''x'' AND t.b'`, 11}, // not as written: the place of the scalar
		{`active: größe >`, 18},
	} {
		_, diags := parse.Model("f", fmt.Appendf(nil, "version: 1\nusers:\n  table: x\n  key: y\n  %s\n", c.line))
		if len(diags) != 1 || diags[0].Pos != (policies.Pos{Line: 5, Column: c.col}) {
			t.Errorf("%s: want column %d, got\n%s", c.line, c.col, render(diags))
		}
	}
}

func FuzzExpression(f *testing.F) {
	for _, s := range []string{"a IS NULL", "true) OR (true", "lower(a) = 'x' -- y", "$$;$$ = a", "CASE WHEN a THEN b END", "a::text[] && ARRAY['x']"} {
		f.Add(s)
	}
	active("a IS NULL") // start the parser: the engine takes ten seconds for one input as a hang
	f.Fuzz(func(t *testing.T, sql string) {
		e, diags := active(sql)
		if (e.Compiled == "") != diags.HasErrors() {
			t.Fatalf("compiled %q with %s", e.Compiled, render(diags))
		}
		if e.Compiled == "" {
			return
		}
		tree, err := parser.ParseToJSON("SELECT (" + e.Compiled + ")")
		if err != nil || strings.Count(tree, `"ResTarget"`) != 1 || strings.Count(tree, `"SelectStmt"`) != 1 || strings.Contains(tree, `"fromClause"`) {
			t.Fatalf("%q compiled to %q: %v", sql, e.Compiled, err)
		}
	})
}
