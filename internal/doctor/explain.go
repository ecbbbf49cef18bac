package doctor

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// plan is what EXPLAIN (FORMAT JSON) says about one statement, as far as we judge it.
type plan struct {
	Root      node     `json:"Plan"`
	Planning  *float64 `json:"Planning Time"`  // ms
	Execution *float64 `json:"Execution Time"` // ms; only after ANALYZE
}

// node is one step of a plan. Numbers are per loop.
type node struct {
	Type        string   `json:"Node Type"`
	Parent      string   `json:"Parent Relationship"`
	Schema      string   `json:"Schema"`
	Relation    string   `json:"Relation Name"`
	Alias       string   `json:"Alias"`
	Index       string   `json:"Index Name"`
	Startup     float64  `json:"Startup Cost"`
	Total       float64  `json:"Total Cost"`
	PlanRows    float64  `json:"Plan Rows"`
	ActualRows  *float64 `json:"Actual Rows"` // with fractions since PostgreSQL 18
	Loops       float64  `json:"Actual Loops"`
	Removed     float64  `json:"Rows Removed by Filter"`
	Filter      string   `json:"Filter"`
	IndexCond   string   `json:"Index Cond"`
	RecheckCond string   `json:"Recheck Cond"`
	OneTime     string   `json:"One-Time Filter"`
	Plans       []node   `json:"Plans"`
}

// parsePlan reads what EXPLAIN (FORMAT JSON) returns: a list of one.
func parsePlan(text []byte) (plan, error) {
	var list []plan
	if err := json.Unmarshal(text, &list); err != nil {
		return plan{}, fmt.Errorf("read a plan: %w", err)
	}
	if len(list) != 1 || list[0].Root.Type == "" {
		return plan{}, fmt.Errorf("read a plan: %d plans where one was asked for", len(list))
	}
	return list[0], nil
}

// milliseconds is the whole time of the statement; nil where it did not run.
func (p plan) milliseconds() *float64 {
	if p.Execution == nil {
		return nil
	}
	t := *p.Execution
	if p.Planning != nil {
		t += *p.Planning
	}
	t = math.Round(t*1000) / 1000 // the server tells microseconds, and floats add digits of their own
	return &t
}

// rows is what the step returned in all, or what the planner expects where it did not run.
func (n node) rows() float64 {
	if n.ActualRows == nil {
		return n.PlanRows
	}
	return *n.ActualRows * max(n.Loops, 1)
}

// checked is how many rows the step looked at, one by one.
func (n node) checked() float64 { return n.rows() + n.Removed*max(n.Loops, 1) }

// flow are the steps that rows pass, from the last to the first: what is run once before them (InitPlan) or per row
// (SubPlan) has rows of its own.
func (n *node) flow() []*node {
	out := []*node{n}
	for i := range n.Plans {
		if c := &n.Plans[i]; c.Parent != "InitPlan" && c.Parent != "SubPlan" {
			out = append(out, c.flow()...)
		}
	}
	return out
}

// scan is the step that reads the table; nil where the plan reads none of it.
func (p *plan) scan(schema, table string) *node {
	for _, n := range p.Root.flow() {
		if n.Relation == table && n.Schema == schema {
			return n
		}
	}
	return nil
}

// has reports whether rows pass a step of one of these kinds.
func (p *plan) has(types ...string) *node {
	for _, n := range p.Root.flow() {
		if slices.Contains(types, n.Type) {
			return n
		}
	}
	return nil
}

// indexes are those that a scan asks.
func (n *node) indexes() (out []string) {
	for _, s := range n.flow() {
		if s.Index != "" && !slices.Contains(out, s.Index) {
			out = append(out, s.Index)
		}
	}
	return out
}

// looksUp reports whether the scan reads less than the whole table, by a condition that an index takes.
func (n *node) looksUp() bool {
	return n.Type == "Bitmap Heap Scan" || n.IndexCond != "" || n.Type == "Tid Scan" || n.Type == "Tid Range Scan"
}

// stopsEarly reports whether something above the scan may end it before its last row.
func (p *plan) stopsEarly() bool {
	return p.has("Limit") != nil && p.has("Sort", "Incremental Sort") == nil
}

// does says in words what the plan does with the table. It quotes names alone: conditions hold values.
func (p *plan) does(schema, table string) string {
	n := p.scan(schema, table)
	if n == nil {
		return "reads nothing"
	}
	var out []string
	switch list := strings.Join(n.indexes(), ", "); {
	case n.looksUp() && list != "":
		out = append(out, "looks up in "+list)
	case list != "":
		out = append(out, "walks along "+list)
	case n.looksUp():
		out = append(out, "looks up by address")
	default:
		out = append(out, "reads the whole table")
	}
	if n.Filter != "" {
		if n.ActualRows != nil {
			out = append(out, fmt.Sprintf("checks %s", many(n.checked(), "row")))
		} else {
			out = append(out, "checks each row")
		}
	}
	if len(perRow(n)) > 0 {
		out = append(out, "runs a function or sub-select per row")
	}
	if s := p.has("Sort", "Incremental Sort"); s != nil && len(s.Plans) > 0 {
		about := "about "
		if s.ActualRows != nil {
			about = ""
		}
		out = append(out, "sorts "+about+many(sortInput(s), "row"))
	}
	return strings.Join(out, ", ")
}

// sortInput is how many rows a sort takes.
func sortInput(s *node) float64 {
	for i := range s.Plans {
		if c := s.Plans[i]; c.Parent != "InitPlan" && c.Parent != "SubPlan" {
			return c.rows()
		}
	}
	return 0
}

// The words of a condition as EXPLAIN writes them. An InitPlan is $0 up to PostgreSQL 16 and (InitPlan 1).col1 since.
var (
	name        = `(?:"(?:[^"]|"")+"|[a-z_\x{80}-\x{10ffff}][\w$\x{80}-\x{10ffff}]*)`
	initPlan    = `(?:\$\d+|\(InitPlan \d+\)\.col\d+)`
	inSet       = regexp.MustCompile(`\(?(?:` + name + `\.)?(` + name + `)(\)::[\w ".]+)? = ANY \(`)
	equalsOnce  = regexp.MustCompile(`\(?(?:` + name + `\.)?(` + name + `)(\)::[\w ".]+)? = \(?` + initPlan)
	bareBranch  = regexp.MustCompile(`(?:^\(*| OR )` + initPlan + `(?:\)|$| OR )`)
	subPlan     = regexp.MustCompile(`(hashed |rescan )?SubPlan \d+`)
	functionUse = regexp.MustCompile(`(` + name + `\.` + name + `)\(`)
	quotedText  = regexp.MustCompile(`"(?:[^"]|"")*"|E?'(?:[^']|'')*'`)
)

// withoutValues empties the literals of a condition, so that nothing in them is taken for a part of it.
func withoutValues(condition string) string {
	return quotedText.ReplaceAllStringFunc(condition, func(s string) string {
		if s[0] == '"' { // a name, which may hold a quote of its own
			return s
		}
		return "''"
	})
}

// lookup is one column that a policy's condition asks for.
type lookup struct {
	column string
	cast   string // of the column, "" for none: an index over the plain column does not serve it
	equal  bool   // one value and not a set: then an index over (column, order) returns rows in order
}

// lookups are the columns that a condition compares with what was computed once for the statement.
func lookups(condition string) (out []lookup) {
	condition = withoutValues(condition)
	add := func(m []string, equal bool) {
		l := lookup{column: unquoted(m[1]), cast: strings.TrimPrefix(m[2], ")::"), equal: equal}
		if l.cast == "text" || l.cast == "character varying" {
			l.cast = "" // of the same bytes as varchar; takes nothing from an index
		}
		if !slices.ContainsFunc(out, func(o lookup) bool { return o.column == l.column }) {
			out = append(out, l)
		}
	}
	for _, m := range inSet.FindAllStringSubmatch(condition, -1) {
		add(m, false)
	}
	for _, m := range equalsOnce.FindAllStringSubmatch(condition, -1) {
		add(m, true)
	}
	return out
}

// conditions is everything that a scan asks of the table's rows.
func (n *node) conditions() string {
	var out []string
	for _, s := range n.flow() {
		out = append(out, s.Filter, s.IndexCond, s.RecheckCond)
	}
	return strings.Join(out, " ")
}

// perRow names what the filter of a scan runs for each row: functions that are no operators and take a column, and
// sub-selects that look at the row.
func perRow(n *node) (out []string) {
	filter := withoutValues(n.Filter)
	for _, m := range subPlan.FindAllStringSubmatch(filter, -1) {
		if m[1] == "" && !slices.Contains(out, "a sub-select") {
			out = append(out, "a sub-select")
		}
	}
	for _, m := range functionUse.FindAllStringSubmatchIndex(filter, -1) {
		called := filter[m[2]:m[3]]
		arguments := balanced(filter[m[1]:])
		// With a column in it. Without, it is evaluated for an index or is meant to stand there.
		if !regexp.MustCompile(`(?:^|[^\w."])`+alias(n)+`\.`).MatchString(arguments) || slices.Contains(out, called) {
			continue
		}
		out = append(out, called)
	}
	return out
}

// alias is the table's name within the plan's conditions.
func alias(n *node) string {
	plain, quoted := regexp.QuoteMeta(n.Alias), regexp.QuoteMeta(`"`+strings.ReplaceAll(n.Alias, `"`, `""`)+`"`)
	return `(?:` + plain + `|` + quoted + `)`
}

// balanced is the text up to the parenthesis that closes the one before it.
func balanced(s string) string {
	depth := 1
	for i, r := range s {
		switch r {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return s[:i]
			}
		}
	}
	return s
}

// many is "1 row", "12,345 rows".
func many(n float64, one string) string {
	digits := fmt.Sprintf("%.0f", n)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	if digits != "1" {
		one += "s"
	}
	return b.String() + " " + one
}
