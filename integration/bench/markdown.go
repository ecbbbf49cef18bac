package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const headline = "planned" // the mode of the short table and the chart

// publish writes the tables, the chart and the README's part. It is what makes them, not somebody's hand.
func (r *results) publish(dir, readme string) error {
	if err := os.WriteFile(filepath.Join(dir, "results.md"), []byte(r.markdown()), 0o644); err != nil {
		return err
	}
	if err := r.chart(filepath.Join(dir, "chart.svg")); err != nil {
		return fmt.Errorf("draw the chart: %w", err)
	}
	if readme == "" {
		return nil
	}
	return r.intoReadme(readme, dir)
}

const open, shut = "<!-- bench -->", "<!-- /bench -->"

// intoReadme replaces what is between the markers.
func (r *results) intoReadme(file, dir string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), open)
	_, after, ended := strings.Cut(rest, shut)
	if !ok || !ended {
		return fmt.Errorf("%s has no markers: write %s and %s on lines of their own where the table belongs", file, open, shut)
	}
	image := fmt.Sprintf("\n![ratio to the best filter by hand](%s/chart.svg)\n\n[All tables](%s/results.md), made by `make bench`.\n",
		filepath.ToSlash(dir), filepath.ToSlash(dir))
	return os.WriteFile(file, []byte(before+open+"\n"+r.compact()+image+shut+after), 0o644)
}

// compact is the short table: ours against the best filter by hand.
func (r *results) compact() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %d cores, %s: %s users, %s rows, every answer checked.\n", r.Server, r.Date, r.Cores, r.Through,
		thousands(r.Users), thousands(r.Rows))
	b.WriteString("**Ours / best filter by hand**, each planned anew; medians in ms.\n")
	var keys []string
	for _, k := range r.values(func(c cell) string { return c.Key }) {
		if k == "bigint" || k == "uuid" {
			keys = append(keys, k)
		}
	}
	qs := r.values(func(c cell) string { return c.Query })
	b.WriteString("\n| viewer sees |")
	for _, k := range keys {
		for _, q := range qs {
			fmt.Fprintf(&b, " %s, %s |", q, k)
		}
	}
	b.WriteString("\n|" + strings.Repeat(" --- |", 1+len(keys)*len(qs)) + "\n")
	for _, v := range r.values(func(c cell) string { return c.Viewer }) {
		fmt.Fprintf(&b, "| %s |", v)
		for _, k := range keys {
			for _, q := range qs {
				ours, hand := r.find(k, v, q, headline, product), r.find(k, v, q, headline, reference)
				switch {
				case ours == nil || hand == nil:
					b.WriteString(" |")
				case ours.Median == 0 || hand.Median == 0:
					fmt.Fprintf(&b, " %s |", cmp.Or(ours.Note, hand.Note))
				default:
					fmt.Fprintf(&b, " **%.2f** %s / %s |", ours.Ratio, short(ours.Median), short(hand.Median))
				}
			}
		}
		b.WriteString("\n")
	}
	b.WriteString("\nGeometric mean: " + r.means(headline) + ". Prepared: " + r.means("prepared") + ".\n")
	if low, high := r.unfiltered(leastPolicy); high > 0 {
		ours, most := r.unfiltered(product)
		fmt.Fprintf(&b, "\nWho knows before that a superuser asks needs no filter at all. Ours takes %.2f to %.2f times as long as that, and a policy\n"+
			"that says `%s` and nothing more %.2f to %.2f times: there begins what a policy costs that asks once in a statement.\n",
			ours, most, leastPolicy, low, high)
	}
	if strings.HasPrefix(r.OpenFGA, "NOT") {
		b.WriteString("\nOpenFGA: " + r.OpenFGA + ".\n")
	}
	return b.String()
}

func (r *results) means(mode string) string {
	var parts []string
	for _, k := range append(r.values(func(c cell) string { return c.Key }), "") {
		m := r.geometricMean(k, mode)
		if m.cells == 0 {
			continue
		}
		text := fmt.Sprintf("%s %.2f (%d of %d cells above %.2f", cmp.Or(k, "all"), m.value, m.above, m.cells, target)
		if m.limit > 0 {
			text += fmt.Sprintf(", %d over the limit, at which they count", m.limit)
		}
		parts = append(parts, text+")")
	}
	return strings.Join(parts, ", ")
}

// unfiltered returns the lowest and the highest ratio of a contender to no filter at all, in the row of the superuser; 0 where it
// was not measured.
func (r *results) unfiltered(contender string) (low, high float64) {
	for _, c := range r.Cells {
		none := r.find(c.Key, c.Viewer, c.Query, c.Mode, told)
		if c.Contender != contender || c.Viewer != superuser || c.Mode != headline || c.Median == 0 || none == nil || none.Median == 0 {
			continue
		}
		ratio := c.Median / none.Median
		if low == 0 || ratio < low {
			low = ratio
		}
		high = max(high, ratio)
	}
	return low, high
}

// short writes milliseconds with three digits at most.
func short(ms float64) string {
	switch {
	case ms >= 100:
		return fmt.Sprintf("%.0f", ms)
	case ms >= 10:
		return fmt.Sprintf("%.1f", ms)
	}
	return fmt.Sprintf("%.2f", ms)
}

// markdown is everything.
func (r *results) markdown() string {
	var b strings.Builder
	b.WriteString("# Measured\n\nMade by `make bench`; not edited by hand. `results.json` beside this page holds the same numbers.\n\n")
	fmt.Fprintf(&b, "- %s on %d cores, %s, %s; the run took %s.\n", r.Server, r.Cores, r.Through, r.Date, r.Took)
	fmt.Fprintf(&b, "- %s users in a tree of fan-out %d, %s rows; at most %s for an answer, %s for ours and by hand.\n",
		thousands(r.Users), fanOut, thousands(r.Rows), r.Limit, time.Duration(patience))
	var set []string
	for _, name := range slices.Sorted(maps.Keys(r.Settings)) {
		set = append(set, fmt.Sprintf("`%s = %s`", name, r.Settings[name]))
	}
	fmt.Fprintf(&b, "- Settings, the same for all contenders: %s. The cache is warm.\n", strings.Join(set, ", "))
	fmt.Fprintf(&b, "- OpenFGA: %s.\n", r.OpenFGA)
	b.WriteString("- Geometric mean of ours / by hand, planned: " + r.means("planned") + ".\n")
	b.WriteString("- Geometric mean of ours / by hand, prepared: " + r.means("prepared") + ".\n\n")
	b.WriteString("A cell is the median in milliseconds, × the fastest filter by hand in this cell, ± the interquartile range as a\n" +
		"share of the median, and how many samples. Contenders take turns, in a rotating order. A turn is as many\n" +
		"executions in a row as take 2 ms, behind one that is not counted; a sample is their mean. What takes very long is asked once.\n" +
		"The first cell of new sessions is measured twice and counts once: ours is up to twice as slow in it, whichever query it is.\n" +
		"An answer that differs from the reference is never timed.\n" +
		"`hand` says who asks and finds out from the tables whom they see. `ids given` was told by a look-up before, which is not\n" +
		"counted, and has no filter where that has found a superuser: no filter that asks can reach it everywhere, and it is as old as\n" +
		"that look-up.\n" +
		"`(SELECT true)` is a policy that says no more than that: what a sub-select costs that asks nothing. It serves superusers alone.\n" +
		"`planned`: the statement is planned anew each time, as from psql. `prepared`: as a Go application sends it.\n")
	contenders := r.values(func(c cell) string { return c.Contender })
	for _, k := range r.values(func(c cell) string { return c.Key }) {
		for _, m := range r.values(func(c cell) string { return c.Mode }) {
			fmt.Fprintf(&b, "\n## %s keys, %s\n\n| viewer | query | %s |\n|%s\n", k, m, strings.Join(contenders, " | "),
				strings.Repeat(" --- |", 2+len(contenders)))
			for _, v := range r.values(func(c cell) string { return c.Viewer }) {
				for _, q := range r.values(func(c cell) string { return c.Query }) {
					fmt.Fprintf(&b, "| %s | %s |", v, q)
					for _, c := range contenders {
						b.WriteString(" " + r.find(k, v, q, m, c).text() + " |")
					}
					b.WriteString("\n")
				}
			}
		}
	}
	r.lines(&b)
	return b.String()
}

// text is the cell of a table.
func (c *cell) text() string {
	if c == nil {
		return ""
	}
	if c.N == 0 {
		return c.Note
	}
	s := fmt.Sprintf("%s ×%.2f ±%.0f%% n=%d", short(c.Median), c.Ratio, 100*c.Spread, c.N)
	if c.Contender == reference {
		s = fmt.Sprintf("%s ±%.0f%% n=%d, %s", short(c.Median), 100*c.Spread, c.N, strings.ReplaceAll(c.Form, "|", "\\|"))
	}
	return s
}

// sections are the tables beside the cells.
var sections = []struct{ name, title, ours, plain string }{
	{"transaction", "One whole transaction: the Go session against plain pgx BEGIN, query, COMMIT without policies", "session", "plain pgx"},
	{"writes", "Writes to a protected table against the same table without policies", "protected", "plain"},
	{"graph", "Writes to users and groups against tables that the toolkit does not know", "with the toolkit", "without"},
	{"planning", "Planning of one query over protected tables", "protected", "plain"},
	{"growth", "Growth: the rows of eleven users, while everybody else becomes more", "ours", "a tenth of the size"},
}

func (r *results) lines(b *strings.Builder) {
	for _, s := range sections {
		var rows strings.Builder
		for _, l := range r.Lines {
			switch {
			case l.Section != s.name:
			case l.Note != "":
				fmt.Fprintf(&rows, "| %s | %s | | | | |\n", l.Name, l.Note)
			case l.Ratio == 0:
				fmt.Fprintf(&rows, "| %s | %s %s | | | %s | %d |\n", l.Name, short(l.Ours), l.Unit, l.spread(), l.N)
			default:
				fmt.Fprintf(&rows, "| %s | %s %s | %s %s | %.2f | %s | %d |\n", l.Name, short(l.Ours), l.Unit, short(l.Plain), l.Unit,
					l.Ratio, l.spread(), l.N)
			}
		}
		if rows.Len() > 0 {
			fmt.Fprintf(b, "\n## %s\n\n| what | %s | %s | ratio | spread | n |\n|%s\n%s", s.title, s.ours, s.plain,
				strings.Repeat(" --- |", 6), &rows)
		}
	}
}

// spread is empty for a rate, which has none.
func (l line) spread() string {
	if l.Unit != "ms" {
		return ""
	}
	return fmt.Sprintf("±%.0f%%", 100*l.Spread)
}
