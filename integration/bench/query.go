package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// query is what everybody asks. It may have one parameter: the id of a row that the viewer sees.
type query struct {
	name    string
	columns string
	where   string // "" for none; $1 is the id
	tail    string
	ordered bool // the order of the rows is part of the answer
	point   bool // takes the id
}

var queries = []query{
	{name: "page", columns: "n.*", tail: "ORDER BY n.created_at DESC LIMIT 50", ordered: true},
	{name: "count", columns: "count(*)"},
	{name: "point", columns: "n.*", where: "n.id = $1", point: true},
	{name: "recent", columns: "n.status, count(*)", where: "n.created_at > '" + recent + "'", tail: "GROUP BY 1"},
}

// on writes the query over a table, with further conditions.
func (q query) on(table string, conditions ...string) string {
	sql := "SELECT " + q.columns + " FROM " + table + " AS n"
	if q.where != "" {
		conditions = append([]string{q.where}, conditions...)
	}
	if len(conditions) > 0 {
		sql += " WHERE " + strings.Join(conditions, " AND ")
	}
	return strings.TrimSpace(sql + " " + q.tail)
}

// args are the query's own arguments followed by those of conditions, which number theirs with next.
func (q query) args(id int64, more ...any) []any {
	if q.point {
		return append([]any{id}, more...)
	}
	return more
}

// next is the parameter that a condition may use.
func (q query) next() string {
	if q.point {
		return "$2"
	}
	return "$1"
}

// mode is how a statement reaches the server.
type mode struct {
	name string
	exec pgx.QueryExecMode
	warm int // runs before the clock counts
}

var modes = []mode{
	// What psql and the first use in an application cost.
	{"planned", pgx.QueryExecModeExec, 2},
	// What a Go application gets by default. The server plans the first five executions anew and may keep a plan then.
	{"prepared", pgx.QueryExecModeCacheStatement, 6},
}

// answer is the rows of an answer as text.
type answer []string

func (q query) same(a, b answer) bool {
	if !q.ordered {
		a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	}
	return slices.Equal(a, b)
}

// difference says in one line how a differs from the wanted answer.
func (q query) difference(want, a answer) string {
	if len(want) != len(a) {
		return fmt.Sprintf("%d rows, and not %d", len(a), len(want))
	}
	for i := range want {
		if want[i] != a[i] {
			return fmt.Sprintf("row %d is %.60s, and not %.60s", i+1, a[i], want[i])
		}
	}
	return "no difference"
}

// drain reads all rows, and keeps them where keep is given.
func drain(rows pgx.Rows, keep *answer) error {
	defer rows.Close()
	for rows.Next() {
		if keep == nil {
			_ = rows.RawValues()
			continue
		}
		values, err := rows.Values()
		if err != nil {
			return err
		}
		for i, v := range values {
			if t, ok := v.(time.Time); ok {
				values[i] = t.UTC() // text and binary come with different zones
			}
		}
		*keep = append(*keep, fmt.Sprintln(values...))
	}
	return rows.Err()
}
