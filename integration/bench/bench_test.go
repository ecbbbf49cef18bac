package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rlsctl/rlsctl/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// small is a run that takes seconds. Its times mean nothing, its answers do.
func small(t *testing.T, list func(timeLimit) []contender) options {
	t.Helper()
	keys, err := keyTypesNamed("uuid")
	if err != nil {
		t.Fatal(err)
	}
	return options{users: 150, rows: 1500, tables: 5, keys: keys, url: pgtest.Shared(t).Database(t).URL(""), contenders: list,
		effort: effort{samples: 2, serious: time.Millisecond, others: time.Millisecond, least: 1, limit: 5 * time.Second}}
}

func TestRun(t *testing.T) {
	r, err := run(t.Context(), small(t, contenders), io.Discard)
	if err != nil {
		t.Fatal(explain(err))
	}
	viewers := []string{"1", "11", "all but one", "superuser"}
	if got := r.values(func(c cell) string { return c.Viewer }); !slices.Equal(got, viewers) {
		t.Errorf("viewers are %q, and not %q", got, viewers)
	}
	serve := len(viewers)*(len(contenders(0))-1) + 1 // one serves superusers alone
	if want := serve * len(queries) * len(modes); len(r.Cells) != want {
		t.Errorf("%d cells, and not %d", len(r.Cells), want)
	}
	for _, c := range r.Cells {
		if (c.Contender == product || c.Contender == reference) && (c.N == 0 || c.Ratio == 0) {
			t.Errorf("no time: %+v", c)
		}
	}
	for _, s := range sections {
		if !slices.ContainsFunc(r.Lines, func(l line) bool { return l.Section == s.name && l.N > 0 }) {
			t.Errorf("nothing was measured for section %q", s.name)
		}
	}
	publishes(t, r)
}

// publishes checks that whatever is made from the results can be made again from what was saved.
func publishes(t *testing.T, r *results) {
	t.Helper()
	dir := t.TempDir()
	readme := filepath.Join(dir, "README.md")
	if err := os.WriteFile(readme, []byte("before\n"+open+"\nold\n"+shut+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.save(dir); err != nil {
		t.Fatal(err)
	}
	if err := r.publish(dir, readme); err != nil {
		t.Fatal(err)
	}
	first := contents(t, dir)
	if !strings.HasPrefix(first["README.md"], "before\n"+open+"\n") || !strings.HasSuffix(first["README.md"], shut+"\nafter\n") ||
		strings.Contains(first["README.md"], "old") || !strings.Contains(first["README.md"], "| superuser |") {
		t.Errorf("README.md is\n%s", first["README.md"])
	}
	if err := program(t.Context(), []string{"-render", "-out", dir, "-readme", readme}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	for name, text := range contents(t, dir) {
		if text != first[name] {
			t.Errorf("%s is another after -render", name)
		}
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, name := range []string{"README.md", "results.json", "results.md", "chart.svg"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		out[name] = string(text)
	}
	return out
}

// TestRun_wrong_policy_is_caught: a policy that shows one user too few, or all of them, fails the run.
func TestRun_wrong_policy_is_caught(t *testing.T) {
	for name, using := range map[string]string{
		"narrow": "owner = app.me()",
		"wide":   "true",
	} {
		t.Run(name, func(t *testing.T) {
			o := small(t, func(limit timeLimit) []contender {
				return []contender{hand{}, &tutorial{title: name, role: "wrapped", using: using, limit: limit}}
			})
			o.only = "cells"
			_, err := run(t.Context(), o, io.Discard)
			if !errors.Is(err, errUnequal) || !strings.Contains(explain(err), "by "+name) {
				t.Errorf("got %v, wanted %v of contender %s", err, errUnequal, name)
			}
		})
	}
}

func TestQuery_same(t *testing.T) {
	t.Parallel()
	ab, ba := answer{"a", "b"}, answer{"b", "a"}
	if (query{ordered: true}).same(ab, ba) || !(query{}).same(ab, ba) || (query{}).same(ab, answer{"a"}) {
		t.Error("rows are compared in order where the query orders them, and only there")
	}
}

func TestViewersOf(t *testing.T) {
	t.Parallel()
	var got []string
	for _, v := range viewersOf(100_000) {
		got = append(got, v.name)
	}
	if want := []string{"1", "11", "111", "1,111", "11,111", "all but one", "superuser"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRace_takes_turns(t *testing.T) {
	t.Parallel()
	var order []string
	named := func(name string, took time.Duration) *racer {
		return &racer{rival: "r", least: 3, budget: time.Hour, once: func(context.Context) (time.Duration, error) {
			order = append(order, name)
			return took, nil
		}}
	}
	a, b, c := named("a", 10), named("b", 11), named("c", 100)
	if err := race(t.Context(), []*racer{a, b, c}, 5); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order[:9], ""); got != "abcbcacab" {
		t.Errorf("three rounds go %s, and not abc bca cab", got)
	}
	if len(c.samples) != 3 || len(a.samples) != 5 || len(b.samples) != 5 {
		t.Errorf("%d, %d and %d samples: the hopeless is given up after three", len(a.samples), len(b.samples), len(c.samples))
	}
}

func TestQuantile(t *testing.T) {
	t.Parallel()
	s := []time.Duration{4, 1, 3, 2, 5}
	if median(s) != 3 || quantile(s, 0.25) != 2 || quantile(s, 0.75) != 4 || median(nil) != 0 || spread(s) < 0.66 || spread(s) > 0.67 {
		t.Errorf("median %d, quartiles %d and %d, spread %f", median(s), quantile(s, 0.25), quantile(s, 0.75), spread(s))
	}
}

func TestGeometricMean_counts_what_is_over_the_limit(t *testing.T) {
	t.Parallel()
	at := func(query, contender string, ms, ratio float64, note string) cell {
		return cell{Query: query, Mode: headline, Contender: contender, Median: ms, Ratio: ratio, Note: note}
	}
	r := &results{Cells: []cell{
		at("page", reference, 1, 1, ""), at("page", product, 1, 1, ""),
		at("count", reference, 10, 1, ""), at("count", product, 0, 0, "> 1s"),
	}}
	if m := r.geometricMean("", headline); m.value < 9.99 || m.value > 10.01 || m.cells != 2 || m.above != 1 || m.limit != 1 {
		t.Errorf("got %+v, want a mean of 10 over two cells, one of them over the limit", m)
	}
}
