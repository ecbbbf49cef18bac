package doctor

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/rlsctl/rlsctl/policies"
)

// fixture is the plan of a statement as PostgreSQL 15 or 18 wrote it. The table is hr."Task", of 20,000 rows.
func fixture(t *testing.T, name string, version int) *plan {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("testdata/%s_%d.json", name, version))
	if err != nil {
		t.Fatal(err)
	}
	p, err := parsePlan(text)
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

// EXPLAIN writes InitPlans, sub-selects and rows differently since PostgreSQL 17 and 18; we read the same in both.
func TestPlanForms(t *testing.T) {
	t.Parallel()
	owner := []lookup{{column: "Owner"}}
	for _, tc := range []struct {
		name    string
		does    string
		lookups []lookup
		perRow  []string
		looksUp bool
		bare    bool
		early   bool
		ran     bool
	}{
		{name: "walk", does: "walks along Task_pkey, checks each row", lookups: owner, early: true},
		{name: "whole", does: "reads the whole table, checks 20,000 rows", lookups: owner, ran: true},
		{name: "bare", does: "reads the whole table, checks each row", lookups: owner, bare: true},
		{name: "sort", does: "reads the whole table, checks 20,000 rows, sorts 200 rows",
			lookups: []lookup{{column: "Owner", equal: true}}, ran: true},
		{name: "per_row", does: "reads the whole table, checks each row, runs a function or sub-select per row",
			perRow: []string{"a sub-select", "public.can_see"}},
		{name: "look_up", does: "looks up in task_owner, Task_pkey", lookups: owner, looksUp: true, ran: true},
	} {
		for _, version := range []int{15, 18} {
			t.Run(fmt.Sprintf("%s_%d", tc.name, version), func(t *testing.T) {
				t.Parallel()
				p := fixture(t, tc.name, version)
				scan := p.scan("hr", "Task")
				if scan == nil {
					t.Fatal("the scan of the table is not found")
				}
				if got := p.does("hr", "Task"); got != tc.does {
					t.Errorf("does %q, want %q", got, tc.does)
				}
				if got := lookups(scan.conditions()); !slices.Equal(got, tc.lookups) {
					t.Errorf("looks up %+v, want %+v", got, tc.lookups)
				}
				if got := perRow(scan); !slices.Equal(got, tc.perRow) {
					t.Errorf("per row %q, want %q", got, tc.perRow)
				}
				if scan.looksUp() != tc.looksUp || bareBranch.MatchString(scan.Filter) != tc.bare || p.stopsEarly() != tc.early {
					t.Errorf("looks up %t, bare branch %t, stops early %t", scan.looksUp(), bareBranch.MatchString(scan.Filter), p.stopsEarly())
				}
				if (p.milliseconds() != nil) != tc.ran || p.Root.Total <= 0 {
					t.Errorf("ran %v, cost %v", p.milliseconds(), p.Root.Total)
				}
				if p.scan("public", "Task") != nil || p.does("public", "Task") != "reads nothing" {
					t.Error("a table of another schema is taken for this one")
				}
			})
		}
	}
}

func TestSkims(t *testing.T) {
	t.Parallel()
	s := &subject{first: map[string]string{"i": `O"w`, "at": "at"}}
	for _, tc := range []struct {
		n    node
		want bool
	}{
		{node{Index: "i", IndexCond: `(t."O""w" = ANY ($0))`}, false},
		{node{Index: "at", IndexCond: `(t."O""w" = ANY ($0))`}, true},
		{node{Index: "at"}, false}, // walks along it
		{node{Index: "expression", IndexCond: "(x = 1)"}, false},
		{node{Type: "Bitmap Heap Scan", Plans: []node{{Index: "at", IndexCond: "(id > 5)"}}}, true},
	} {
		if got := s.skims(&tc.n); got != tc.want {
			t.Errorf("%+v: %t", tc.n, got)
		}
	}
}

func TestParsePlanRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "[]", "{}", `[{"Plan": {}}]`, "Seq Scan on x"} {
		if _, err := parsePlan([]byte(text)); err == nil {
			t.Errorf("%q is taken for a plan", text)
		}
	}
}

func TestLookups(t *testing.T) {
	t.Parallel()
	for condition, want := range map[string][]lookup{
		`((t.owner_id = ANY ($0)) OR (t.team_id = ANY ($1)) OR ((t.id >= $2) AND (t.id <= 9)))`: {{column: "owner_id"}, {column: "team_id"}},
		`((t.code)::text = ANY ((InitPlan 1).col1))`:                                            {{column: "code"}},
		`((t.owner_id)::numeric = ANY ($0))`:                                                    {{column: "owner_id", cast: "numeric"}},
		`("T x"."O""w = ANY (" = ANY ((InitPlan 1).col1))`:                                      {{column: `O"w = ANY (`}},
		`(größe = ANY (rls.ids()))`:                                                             {{column: "größe"}},
		`(t.owner_id = (InitPlan 1).col1)`:                                                      {{column: "owner_id", equal: true}},
		`((t.note = 'a.x = ANY (b)'::text) AND (t.id = 5))`:                                     nil,
		`(("Ta'sk"."Own'er" = ANY ($0)) OR $1)`:                                                 {{column: "Own'er"}},
		``:                                                                                      nil,
	} {
		if got := lookups(condition); !slices.Equal(got, want) {
			t.Errorf("%s: %+v, want %+v", condition, got, want)
		}
	}
}

func TestPerRow(t *testing.T) {
	t.Parallel()
	for filter, want := range map[string][]string{
		`(t.owner_id = ANY (rls.ids('read'::text)))`:                   nil, // of no row
		`((t.note = 'app.f(t.x)'::text) AND app.f(1, (t.a + 2)))`:      {"app.f"},
		`((hashed SubPlan 1) OR (t.a = (hashed SubPlan 2).col1))`:      nil,
		`((SubPlan 1) OR "A b"."f("(lower(t.note)) OR app.f(other.a))`: {"a sub-select", `"A b"."f("`},
	} {
		if got := perRow(&node{Alias: "t", Filter: filter}); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", filter, got, want)
		}
	}
}

// judged looks at one plan of a table with 50,000 rows and 100 users.
func judged(t *testing.T, text string, who Sampled, q question, base *Measure, o PlanOptions, indexes ...[]string) []Finding {
	t.Helper()
	p, err := parsePlan([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	o.LargeTable = 10_000
	e := &examination{opt: Options{Plans: &o}}
	table := &policies.Table{Schema: "hr", Name: "Task", PrimaryKey: []string{"id"}, Indexes: indexes,
		Columns: []policies.Column{{Name: "id"}, {Name: "Owner"}, {Name: "at"}}}
	j := judgement{e: e, s: &subject{Table: table, rows: 50_000, first: map[string]string{"by_at": "at"}}, users: 100}
	m := &Measure{Cost: p.Root.Total, Milliseconds: p.milliseconds()}
	j.look(who, q, asked{plan: &p, measure: m}, asked{measure: base}, ratio(m, base))
	j.find()
	return e.out
}

func TestJudgement(t *testing.T) {
	t.Parallel()
	const scan = `"Schema": "hr", "Relation Name": "Task", "Alias": "Task"`
	sorting := func(condition string) string {
		return `[{"Plan": {"Node Type": "Limit", "Total Cost": 9, "Plans": [{"Node Type": "Sort", "Plans": [
			{"Node Type": "Index Scan", "Index Name": "i", ` + scan + `, "Index Cond": "` + condition + `", 
			 "Plan Rows": 100, "Actual Rows": 12000.0, "Actual Loops": 1}]}]}}]`
	}
	walk := `[{"Plan": {"Node Type": "Limit", "Total Cost": 9, "Plans": [{"Node Type": "Index Scan", "Index Name": "p", ` + scan + `,
		"Filter": "(Task.x = ANY ($0))", "Actual Rows": 3, "Actual Loops": 1, "Rows Removed by Filter": 49997}]}}]`
	counted := `[{"Plan": {"Node Type": "Aggregate", "Total Cost": 9, "Plans": [{"Node Type": "Index Scan", ` + scan + `,
		"Index Cond": "(a = ANY ($0))", "Plan Rows": 10, "Actual Rows": 20000, "Actual Loops": 1}]},
		"Planning Time": 1, "Execution Time": 50}]`
	cast := `[{"Plan": {"Node Type": "Seq Scan", "Total Cost": 9, ` + scan + `, "Filter": "((\"Task\".\"Owner\")::numeric = ANY ($0))"}}]`
	skim := `[{"Plan": {"Node Type": "Index Only Scan", "Index Name": "by_at", "Total Cost": 9, ` + scan + `,
		"Index Cond": "(\"Task\".\"Owner\" = ANY ($0))"}}]`
	leaf, top := Sampled{Login: "o'brien", Sees: 1}, Sampled{Login: "olga", Sees: 90}
	page, all := question{kind: "page", ordered: "at", shown: "SELECT 1"}, question{kind: "count", shown: "SELECT 2"}
	for _, tc := range []struct {
		name, plan string
		who        Sampled
		q          question
		base       *Measure
		indexes    [][]string
		code       policies.Code // "": nothing is found
		text, hint string
	}{
		{name: "one owner: an index in order", plan: sorting(`(\"Task\".\"Owner\" = $0)`), who: top, q: page,
			indexes: [][]string{{"Owner"}},
			code:    CodeSorts, text: `page of hr."Task" sorts 12,000 rows for "olga"`,
			hint: `Run CREATE INDEX CONCURRENTLY ON hr."Task" ("Owner", at).`},
		{name: "one owner: the index is there", plan: sorting(`(\"Task\".\"Owner\" = $0)`), who: top, q: page,
			indexes: [][]string{{"Owner", "at"}},
			code:    CodeSorts, hint: "Run rlsctl query --as 'olga' 'EXPLAIN (ANALYZE, BUFFERS) SELECT 1'"},
		{name: "a set of owners: no index gives that order", plan: sorting(`(\"Task\".\"Owner\" = ANY ($0))`), who: top, q: page,
			code: CodeSorts, hint: "Run rlsctl query --as"},
		{name: "a walk that finds nothing", plan: walk, who: leaf, q: page, code: CodeWholeTable,
			text: `"o'brien" sees 1 of about 100 users and reads all 50,000 rows of hr."Task" for page`,
			hint: `--as 'o'\''brien'`},
		{name: "who sees most may walk", plan: walk, who: top, q: page},
		{name: "an estimate", plan: counted, who: top, q: all, code: CodeEstimate,
			text: `expects 10 rows of hr."Task" for "olga", and 20,000 come`},
		{name: "slow", plan: counted, who: top, q: all, base: &Measure{Milliseconds: new(2.0)}, code: CodeSlow,
			text: `count costs 26 times what it does without policies (51.00 ms to 2.00 ms)`},
		{name: "an index that is read as a whole", plan: skim, who: leaf, q: all, indexes: [][]string{{"at", "Owner"}}, code: CodeWholeTable,
			hint: `Run CREATE INDEX CONCURRENTLY ON hr."Task" ("Owner").`},
		{name: "a cast", plan: cast, who: leaf, q: all, code: CodeWholeTable,
			text: "casts \"Owner\"", hint: `Give "Owner" of hr."Task" the type numeric.`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			list := judged(t, tc.plan, tc.who, tc.q, tc.base, PlanOptions{}, tc.indexes...)
			if tc.code == "" {
				if len(list) > 0 {
					t.Errorf("found %+v", list)
				}
				return
			}
			if !slices.ContainsFunc(list, func(f Finding) bool {
				return f.Code == tc.code && strings.Contains(f.Message, tc.text) && strings.Contains(f.Hint, tc.hint) && f.Hint != ""
			}) {
				t.Errorf("no %s with %q and %q in %+v", tc.code, tc.text, tc.hint, list)
			}
		})
	}
	t.Run("slow for a few is their own affair", func(t *testing.T) {
		t.Parallel()
		for _, f := range judged(t, counted, Sampled{Login: "anna", Sees: 20}, all, &Measure{Milliseconds: new(2.0)}, PlanOptions{}) {
			if f.Code == CodeSlow {
				t.Errorf("found %+v", f)
			}
		}
	})
}
