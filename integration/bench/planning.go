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
	compare := func(name string, tables []string) error {
		l, err := pair(ctx, o.effort, "planning", name, planTime(ours, tables), planTime(plain, prefixed("plain_", tables)))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.Lines = append(r.Lines, l)
		return nil
	}
	for _, c := range []struct {
		name   string
		tables []string
	}{
		{"1 table", planNames(1)},
		{"1 table with four owner columns", []string{"wide"}},
		{fmt.Sprint(o.tables/5, " tables"), planNames(o.tables / 5)},
		{fmt.Sprint(o.tables, " tables"), planNames(o.tables)},
	} {
		if err := compare(c.name, c.tables); err != nil {
			done()
			return err
		}
	}
	done() // a model is applied while nobody reads
	if err := w.partition(ctx, text); err != nil {
		return fmt.Errorf("partitioned table: %w", err)
	}
	if ours, plain, done, err = writers(ctx, w, v); err != nil {
		return err
	}
	defer done()
	return compare(fmt.Sprint("1 table with ", partitions, " partitions"), []string{"split"})
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

const partitions = 12

// partition makes a partitioned table and its twin, and protects it as well.
func (w *world) partition(ctx context.Context, text string) error {
	var sql strings.Builder
	for _, t := range [][2]string{{"split", "person"}, {"plain_split", "plain_person"}} {
		sql.WriteString(replace("CREATE TABLE app.{NAME} (id bigint PRIMARY KEY, owner bigint NOT NULL REFERENCES app.{PERSON}) PARTITION BY RANGE (id);\n",
			"NAME", t[0], "PERSON", t[1]))
		for i := range partitions {
			sql.WriteString(replace("CREATE TABLE app.{NAME}_{I} PARTITION OF app.{NAME} FOR VALUES FROM ({LOW}) TO ({HIGH});\n",
				"NAME", t[0], "I", fmt.Sprint(i+1), "LOW", fmt.Sprint(i*100), "HIGH", fmt.Sprint((i+1)*100)))
		}
		sql.WriteString(replace("INSERT INTO app.{NAME} (id, owner) SELECT p.place, p.key FROM app.place AS p WHERE p.place < {END}; CREATE INDEX ON app.{NAME} (owner);\n"+
			"GRANT SELECT ON app.{NAME} TO {CLIENT}, {READER}; ANALYZE app.{NAME};\n",
			"NAME", t[0], "END", fmt.Sprint(partitions*100), "CLIENT", w.role("client"), "READER", w.role("reader")))
	}
	if err := w.exec(ctx, sql.String()); err != nil {
		return err
	}
	text = strings.Replace(text, "resources:\n", "resources:\n  split: {table: app.split, owner: owner}\n", 1)
	return w.protect(ctx, strings.Replace(text, "allow: {", "allow: {split: [create, read, update, delete], ", 1))
}
