package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// results are everything that a run found out; results.json holds them, and all tables and charts are made from it.
type results struct {
	Date     string            `json:"date"`
	Took     string            `json:"took"`
	Server   string            `json:"server"`
	Through  string            `json:"through"` // unix socket or TCP
	Cores    int               `json:"cores"`
	Settings map[string]string `json:"settings"`
	Users    int               `json:"users"`
	Rows     int               `json:"rows"`
	Limit    string            `json:"limit"` // of contenders that do not scale
	OpenFGA  string            `json:"openfga"`
	Cells    []cell            `json:"cells"`
	Lines    []line            `json:"lines"`
}

// cell is one contender's time for one query of one viewer. Without a time there is a note.
type cell struct {
	Key       string  `json:"key"`
	Viewer    string  `json:"viewer"`
	Query     string  `json:"query"`
	Mode      string  `json:"mode"`
	Contender string  `json:"contender"`
	Form      string  `json:"form"`
	Median    float64 `json:"median_ms,omitempty"`
	Ratio     float64 `json:"ratio,omitempty"` // to the fastest filter by hand
	Spread    float64 `json:"spread,omitempty"`
	N         int     `json:"n,omitempty"`
	Note      string  `json:"note,omitempty"`
}

// line is a comparison beside the cells: ours against the same thing without the toolkit, or against a smaller size.
type line struct {
	Section string  `json:"section"`
	Name    string  `json:"name"`
	Ours    float64 `json:"ours,omitempty"`
	Plain   float64 `json:"plain,omitempty"`
	Unit    string  `json:"unit,omitempty"`
	Ratio   float64 `json:"ratio,omitempty"`
	Spread  float64 `json:"spread,omitempty"`
	N       int     `json:"n,omitempty"`
	Note    string  `json:"note,omitempty"`
}

func ms(d time.Duration) float64 { return round(float64(d)/float64(time.Millisecond), 4) }

// round keeps some significant digits.
func round(x float64, digits int) float64 {
	if x == 0 {
		return 0
	}
	scale := math.Pow(10, float64(digits)-math.Ceil(math.Log10(math.Abs(x))))
	return math.Round(x*scale) / scale
}

// mean is the geometric mean of ours against the reference over some cells.
type mean struct {
	value               float64
	cells, above, limit int // all; above the target of 1.10; over the limit, whose ratio is at least what it counts for
}

// target is the ratio that no cell should exceed.
const target = 1.10

// geometricMean is over all cells of a kind of keys ("" for all) and a mode. A cell over its limit counts as the limit.
func (r *results) geometricMean(key, mode string) (m mean) {
	sum := 0.0
	for _, c := range r.Cells {
		if c.Contender != product || c.Mode != mode || key != "" && c.Key != key {
			continue
		}
		hand := r.find(c.Key, c.Viewer, c.Query, c.Mode, reference)
		if hand == nil || hand.Median == 0 {
			continue
		}
		ratio := c.Ratio
		if limit, over := c.over(); over {
			ratio = limit / hand.Median
			m.limit++
		}
		sum += math.Log(ratio)
		m.cells++
		if ratio > target {
			m.above++
		}
	}
	if m.cells > 0 {
		m.value = math.Exp(sum / float64(m.cells))
	}
	return m
}

// over is the limit in milliseconds that the cell's contender reached, if it did.
func (c *cell) over() (float64, bool) {
	d, err := time.ParseDuration(strings.TrimPrefix(c.Note, "> "))
	return ms(d), err == nil
}

func (r *results) find(key, viewer, query, mode, contender string) *cell {
	for i := range r.Cells {
		c := &r.Cells[i]
		if c.Key == key && c.Viewer == viewer && c.Query == query && c.Mode == mode && c.Contender == contender {
			return c
		}
	}
	return nil
}

// values lists what a field of the cells holds, in the order of the run.
func (r *results) values(field func(cell) string) []string {
	var out []string
	seen := map[string]bool{}
	for _, c := range r.Cells {
		if v := field(c); !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

const resultsFile = "results.json"

func (r *results) save(dir string) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	// One cell a line, so that a diff of two runs can be read. Quotes inside of strings are escaped.
	text = []byte(strings.NewReplacer(`{"key":`, "\n{\"key\":", `{"section":`, "\n{\"section\":", `,"cells":`, ",\n\"cells\":").
		Replace(string(text)))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, resultsFile), append(text, '\n'), 0o644)
}

func loadResults(dir string) (*results, error) {
	text, err := os.ReadFile(filepath.Join(dir, resultsFile))
	if err != nil {
		return nil, err
	}
	r := &results{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", resultsFile, err)
	}
	return r, nil
}
