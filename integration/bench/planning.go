package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// planning compares the time that the server takes to plan a query over some protected tables with the time for the same
// tables without policies. The tables have few rows: what is measured is what policies add before anything runs.
func planning(ctx context.Context, s *server, o options, r *results) (err error) {
	w, err := emptyWorld(ctx, s, "bench_planning")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	w.key, w.users, w.rows = keyTypes[0], 1000, 1000
	w.viewers = viewersOf(w.users)
	if err := w.load(ctx); err != nil {
		return err
	}
	if w.keys, err = readKeys(ctx, w.admin, w.key); err != nil {
		return err
	}
	text, err := w.planningModel(ctx, o.tables)
	if err != nil {
		return err
	}
	if err := w.protect(ctx, text); err != nil {
		return err
	}
	if err := w.gateway(ctx); err != nil {
		return err
	}
	if err := w.exec(ctx, "VACUUM ANALYZE"); err != nil {
		return err
	}
	v, err := w.viewer("11")
	if err != nil {
		return err
	}
	ours, plain, done, err := writers(ctx, w, v)
	if err != nil {
		return err
	}
	defer done()
	for _, c := range []struct {
		name   string
		tables []string
	}{
		{"1 table", planNames(1)},
		{"1 table with four owner columns", []string{"wide"}},
		{fmt.Sprint(o.tables/5, " tables"), planNames(o.tables / 5)},
		{fmt.Sprint(o.tables, " tables"), planNames(o.tables)},
	} {
		l, err := pair(ctx, o.effort, "planning", c.name, planTime(ours, c.tables), planTime(plain, prefixed("plain_", c.tables)))
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		r.Lines = append(r.Lines, l)
	}
	r.Lines = append(r.Lines, w.partitioned(ctx, text))
	return nil
}

// planningModel makes the tables, each with a twin without policies, and returns the model that protects them.
func (w *world) planningModel(ctx context.Context, n int) (string, error) {
	head, grants, _ := strings.Cut(model, "  note: {table: app.note, owner: owner}\n")
	var tables, resources strings.Builder
	allow := make([]string, 0, n+1)
	for _, name := range append(planNames(n), "wide") {
		columns, owner := "owner bigint NOT NULL REFERENCES app.{PERSON}", "owner"
		if name == "wide" {
			columns += ", editor bigint REFERENCES app.{PERSON}, reviewer bigint REFERENCES app.{PERSON}, team bigint REFERENCES app.team"
			owner = "[owner, editor, reviewer, {group: team}]"
		}
		for _, t := range [][2]string{{"person", name}, {"plain_person", "plain_" + name}} {
			tables.WriteString(replace("CREATE TABLE app.{NAME} (id bigint PRIMARY KEY, "+columns+");\n", "PERSON", t[0], "NAME", t[1]) +
				replace("INSERT INTO app.{NAME} (id, owner) SELECT p.place, p.key FROM app.place AS p;\n"+
					"CREATE INDEX ON app.{NAME} (owner);\n", "NAME", t[1]))
		}
		fmt.Fprintf(&resources, "  %s: {table: app.%s, owner: %s}\n", name, name, owner)
		allow = append(allow, name+": [create, read, update, delete]")
	}
	tables.WriteString(replace("GRANT USAGE ON SCHEMA app TO {CLIENT}; GRANT SELECT ON ALL TABLES IN SCHEMA app TO {CLIENT}, {READER};\n",
		"CLIENT", w.role("client"), "READER", w.role("reader")))
	text := head + resources.String() + strings.Replace(grants, "note: [create, read, update, delete]", strings.Join(allow, ", "), 1)
	return text, w.exec(ctx, tables.String())
}

func planNames(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint("t", i+1)
	}
	return out
}

func prefixed(prefix string, names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = prefix + n
	}
	return out
}

// planTime asks the server how long it plans a query over all of the tables.
func planTime(tx pgx.Tx, tables []string) func(context.Context) (time.Duration, error) {
	parts := make([]string, len(tables))
	for i, t := range tables {
		parts[i] = "SELECT id FROM app." + t
	}
	sql := "EXPLAIN (SUMMARY, FORMAT JSON) SELECT count(*) FROM (" + strings.Join(parts, " UNION ALL ") + ") AS u"
	return func(ctx context.Context) (time.Duration, error) {
		var text []byte
		if err := tx.QueryRow(ctx, sql, pgx.QueryExecModeExec).Scan(&text); err != nil {
			return 0, err
		}
		var plans []struct {
			Took float64 `json:"Planning Time"` // milliseconds
		}
		if err := json.Unmarshal(text, &plans); err != nil || len(plans) != 1 {
			return 0, fmt.Errorf("EXPLAIN answers no planning time: %w", err)
		}
		return time.Duration(plans[0].Took * float64(time.Millisecond)), nil
	}
}

// partitioned says what the product makes of a partitioned table.
func (w *world) partitioned(ctx context.Context, text string) line {
	l := line{Section: "planning", Name: "partitioned table"}
	err := w.exec(ctx, `CREATE TABLE app.split (id bigint PRIMARY KEY, owner bigint NOT NULL REFERENCES app.person) PARTITION BY RANGE (id);
		CREATE TABLE app.split_1 PARTITION OF app.split FOR VALUES FROM (0) TO (1000)`)
	if err == nil {
		err = w.protect(ctx, strings.Replace(text, "resources:\n", "resources:\n  split: {table: app.split, owner: owner}\n", 1))
	}
	var no *refusal
	switch {
	case errors.As(err, &no):
		l.Note = "refused"
	case err != nil:
		l.Note = "not measured: " + err.Error()
	default:
		l.Note = "accepted, not measured yet"
	}
	return l
}
