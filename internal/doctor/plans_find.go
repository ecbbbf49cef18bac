package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rlsctl/rlsctl/policies"
)

// When something is worth a word.
const (
	slowRatio   = 10     // times what the table costs without policies …
	slowCost    = 100.0  // … and more than this, in the planner's unit
	slowMillis  = 10.0   // … or this
	narrowShare = 10     // who sees a tenth of the users or less should not read the whole table
	sortedRows  = 10_000 // rows sorted for one page
	wrongBy     = 100.0  // times that an estimate is off
)

// statistics finds tables whose numbers the planner cannot know: protected ones, and those that the graph is read from.
func (e *examination) statistics(ctx context.Context, subjects []*subject) error {
	type table struct {
		Oid              uint32
		Name             string
		Rows, Kilobytes  float64
		Changed          int64
		PartitionedTable bool
	}
	var oids []uint32
	for _, s := range subjects {
		oids = append(oids, s.oid)
	}
	list, err := rows[table](ctx, e, `
		SELECT c.oid, format('%I.%I', n.nspname, c.relname), c.reltuples::float8, pg_table_size(c.oid) / 1024.0::float8,
		       coalesce(s.n_mod_since_analyze, 0), c.relkind = 'p'
		FROM pg_class AS c
		JOIN pg_namespace AS n ON n.oid = c.relnamespace
		LEFT JOIN pg_stat_all_tables AS s ON s.relid = c.oid
		WHERE c.relkind IN ('r', 'p') AND (c.oid = ANY ($1) OR c.oid IN (
			SELECT d.refobjid FROM pg_depend AS d JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid
			JOIN pg_class AS v ON v.oid = w.ev_class JOIN pg_namespace AS vn ON vn.oid = v.relnamespace
			WHERE d.refclassid = 'pg_class'::regclass AND vn.nspname = 'rls'
			  AND v.relname IN ('user_row', 'edge', 'group_row', 'membership')))
		ORDER BY 2`, oids)
	if err != nil {
		return err
	}
	for _, t := range list {
		stale := ""
		switch {
		case t.PartitionedTable:
		case t.Rows < 0 && t.Kilobytes >= 128:
			stale = "was never analyzed"
		case t.Rows >= 0 && t.Changed >= 1000 && float64(t.Changed) > t.Rows/2:
			stale = fmt.Sprintf("had %s when it was analyzed, and %s changed since", many(t.Rows, "row"), many(float64(t.Changed), "row"))
		}
		for _, s := range subjects {
			if s.oid == t.Oid {
				s.rows, s.stale = max(t.Rows, 0), stale != ""
			}
		}
		if stale != "" {
			e.find(CodeStatistics, policies.Warning, fmt.Sprintf("Run ANALYZE %s.", t.Name),
				"the planner's statistics are old: %s %s", t.Name, stale)
		}
	}
	return nil
}

// overSubSelects finds views whose condition on a table cannot use an index, as check does (RL234).
func (e *examination) overSubSelects(s *subject) {
	for _, v := range e.catalog.Readers {
		if v.OverSubSelect && slices.Contains(v.Reads, policies.Identity(s.Schema, s.Name)) {
			e.find(CodeSubSelect, policies.Warning, "Move the cast or the arithmetic into the sub-select: n = (SELECT '7'::integer).",
				"view %s compares a column with a function of a sub-select, and uses no index of %s for that", v.Title, tableName(s.Table))
		}
	}
}

// judgement gathers what is wrong with one table over all principals and questions, so that it is said once.
type judgement struct {
	e     *examination
	s     *subject
	users float64

	whole, slow, sorts, late, wrong []hit
	functions                       []string
}

// hit is one plan that something is wrong with.
type hit struct {
	who     Sampled
	q       question
	scan    *node
	base    *Measure
	measure *Measure
	size    float64 // how bad; the worst one is named
}

// wide are those who see so much that no index could help them.
func (j *judgement) wide(who Sampled) bool {
	return who.Superuser || float64(who.Sees)*2 >= j.users || who.AtLeast && who.Place == "top"
}

func (j *judgement) narrow(who Sampled) bool {
	return !who.Superuser && !who.AtLeast && float64(who.Sees)*narrowShare <= j.users
}

func (j *judgement) large() bool { return j.s.rows >= float64(j.e.opt.Plans.LargeTable) }

// look judges one plan.
func (j *judgement) look(who Sampled, q question, a, base asked, ratio float64) {
	p := a.plan
	scan := p.scan(j.s.Schema, j.s.Name)
	h := hit{who: who, q: q, scan: scan, base: base.measure, measure: a.measure, size: ratio}
	if a.measure.TimedOut {
		j.late = append(j.late, h)
	}
	if ratio > slowRatio && j.wide(who) && (a.measure.Milliseconds == nil && a.measure.Cost >= slowCost ||
		a.measure.Milliseconds != nil && *a.measure.Milliseconds >= slowMillis) {
		j.slow = append(j.slow, h)
	}
	if scan == nil {
		return
	}
	unserved := scan.Filter != "" && !scan.looksUp() || j.s.skims(scan)
	if j.large() && j.narrow(who) && unserved {
		if !p.stopsEarly() || scan.ActualRows != nil && scan.checked() >= float64(j.e.opt.Plans.LargeTable) {
			j.whole = append(j.whole, h)
		}
	}
	if s := p.has("Sort", "Incremental Sort"); s != nil && q.ordered != "" && sortInput(s) >= sortedRows {
		h.size = sortInput(s)
		j.sorts = append(j.sorts, h)
	}
	if scan.ActualRows != nil && q.kind == "count" {
		expected, came := max(scan.PlanRows, 1), max(*scan.ActualRows, 1)
		if h.size = max(expected, came) / min(expected, came); h.size >= wrongBy && max(expected, came) >= 1000 {
			j.wrong = append(j.wrong, h)
		}
	}
	if j.large() {
		for _, f := range perRow(scan) {
			if !slices.Contains(j.functions, f) {
				j.functions = append(j.functions, f)
			}
		}
	}
}

func worst(list []hit) hit {
	return slices.MaxFunc(list, func(a, b hit) int {
		switch {
		case a.size < b.size:
			return -1
		case a.size > b.size:
			return 1
		}
		return 0
	})
}

// kinds are the questions of some plans, each once.
func kinds(list []hit) string {
	var out []string
	for _, h := range list {
		if !slices.Contains(out, h.q.kind) {
			out = append(out, h.q.kind)
		}
	}
	return strings.Join(out, ", ")
}

// find says what was gathered.
func (j *judgement) find() {
	e, table := j.e, tableName(j.s.Table)
	// An estimate from old numbers explains itself.
	read := func(h hit) string {
		if j.s.stale {
			return fmt.Sprintf("Run ANALYZE %s, then rlsctl doctor --plans again.", table)
		}
		return fmt.Sprintf("Run rlsctl query --as %s %s and look at the step that reads most.",
			shellQuote(h.who.Login), shellQuote("EXPLAIN (ANALYZE, BUFFERS) "+h.q.shown))
	}
	j.findWhole(table, read)
	if len(j.slow) > 0 {
		h := worst(j.slow)
		e.find(CodeSlow, policies.Warning, read(h), "%q sees most of %s, and %s costs %.0f times what it does without policies (%s to %s)",
			h.who.Login, table, h.q.kind, h.size, h.measure.short(), h.base.short())
	}
	if len(j.sorts) > 0 {
		h := worst(j.sorts)
		hint := read(h)
		// Only one value in front leaves the rows of an index in order. For a set, as in owner = ANY (…), PostgreSQL takes
		// no order from an index over (owner, order), measured on 15.
		if l := lookups(h.scan.conditions()); len(l) == 1 && l[0].equal && l[0].cast == "" && !j.s.leads(l[0].column, h.q.ordered) {
			hint = createIndex(j.s.Table, l[0].column, h.q.ordered)
		}
		e.find(CodeSorts, policies.Warning, hint, "%s of %s sorts %s for %q", h.q.kind, table, many(h.size, "row"), h.who.Login)
	}
	if len(j.wrong) > 0 {
		h := worst(j.wrong)
		e.find(CodeEstimate, policies.Note, read(h), "the planner expects %s of %s for %q, and %s",
			many(h.scan.PlanRows, "row"), table, h.who.Login, come(*h.scan.ActualRows))
	}
	if len(j.functions) > 0 {
		e.find(CodePerRow, policies.Warning,
			"Write the policy so that it compares a column with what is computed once: column = ANY ((SELECT …)::type[]).",
			"a policy of %s runs %s for each row", table, strings.Join(j.functions, ", "))
	}
	if len(j.late) > 0 {
		h := j.late[0]
		without := "which it does without policies"
		if h.base == nil || h.base.TimedOut {
			without = "nor does it without policies"
		}
		e.find(CodeTimeout, policies.Warning, "Run rlsctl doctor --plans without --analyze for the plan, or raise --timeout.",
			"%s of %s did not end within %s for %q, %s",
			kinds(j.late), table, e.opt.Plans.Timeout.Round(time.Millisecond), h.who.Login, without)
	}
}

// findWhole says why somebody who sees little reads everything.
func (j *judgement) findWhole(table string, read func(hit) string) {
	if len(j.whole) == 0 {
		return
	}
	e, h := j.e, j.whole[0]
	what := fmt.Sprintf("%q sees %d of about %s and reads all %s of %s for %s", h.who.Login, h.who.Sees,
		many(j.users, "user"), many(j.s.rows, "row"), table, kinds(j.whole))
	found := false
	for _, l := range lookups(h.scan.conditions()) {
		if j.s.Column(l.column) == nil || j.s.leads(l.column) {
			continue
		}
		if l.cast != "" {
			found = true
			e.find(CodeWholeTable, policies.Warning, fmt.Sprintf("Give %s of %s the type %s.", policies.Ident(l.column), table, l.cast),
				"%s: its policy casts %s, which keeps every index from it", what, policies.Ident(l.column))
			continue
		}
		found = true
		hint := createIndex(j.s.Table, l.column)
		// The same order once: here with what it costs to be without.
		e.out = slices.DeleteFunc(e.out, func(f Finding) bool { return f.Code == CodeNoIndex && f.Hint == hint })
		e.find(CodeWholeTable, policies.Warning, hint, "%s: no index leads with %s", what, policies.Ident(l.column))
	}
	switch {
	case found:
	case bareBranch.MatchString(withoutValues(h.scan.Filter)) && (j.s.keyless || len(j.s.PrimaryKey) == 0):
		e.find(CodeWholeTable, policies.Warning, fmt.Sprintf("Add a primary key to %s and run rlsctl apply rls.yaml.", table),
			"%s: without a primary key its policy has a branch that no index serves", what)
	default:
		e.find(CodeWholeTable, policies.Warning, read(h), "%s", what)
	}
}

// skims reports whether the scan goes through a whole index, for want of a condition on its first column. PostgreSQL
// calls that a condition of the index all the same.
func (s *subject) skims(scan *node) bool {
	return slices.ContainsFunc(scan.flow(), func(n *node) bool {
		first, known := s.first[n.Index]
		return known && n.IndexCond != "" && !strings.Contains(n.IndexCond, strings.ReplaceAll(first, `"`, `""`))
	})
}

// leads reports whether a valid, full btree index begins with these columns.
func (s *subject) leads(columns ...string) bool {
	return slices.ContainsFunc(s.Indexes, func(i []string) bool {
		return len(i) >= len(columns) && slices.Equal(i[:len(columns)], columns)
	})
}

// createIndex is the order to make one. CONCURRENTLY, because the table is in use.
func createIndex(t *policies.Table, columns ...string) string {
	var quoted []string
	for _, c := range columns {
		quoted = append(quoted, policies.Ident(c))
	}
	return fmt.Sprintf("Run CREATE INDEX CONCURRENTLY ON %s (%s).", tableName(t), strings.Join(quoted, ", "))
}

// short is a measure in few words.
func (m *Measure) short() string {
	switch {
	case m == nil:
		return "unknown"
	case m.Milliseconds != nil:
		return fmt.Sprintf("%.2f ms", *m.Milliseconds)
	}
	return fmt.Sprintf("cost %.0f", m.Cost)
}

func come(n float64) string {
	if n == 1 {
		return "1 comes"
	}
	return strings.TrimSuffix(many(n, "row"), " rows") + " come"
}

// shellQuote makes one word of s for a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
