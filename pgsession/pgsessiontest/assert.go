package pgsessiontest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/pgsession"
)

// Each assertion runs its statement in a savepoint of its own, so that the transaction goes on whatever comes, and marks
// the test as failed where the outcome is another one. None of them ends the test.

// Sees asserts that the statement returns exactly these rows, in any order, each as text: one element for a row of one
// column, else a slice of them. nil is NULL. What it writes is kept until the end of the test.
func (x *Tx) Sees(want []any, sql string, args ...any) bool {
	x.db.t.Helper()
	expected := make([]string, len(want))
	for i, w := range want {
		expected[i] = rowText(w)
	}
	got, _, err := x.outcome(sql, args)
	if err != nil {
		return x.failed("cannot see anything", sql, args, problem(err))
	}
	missing, extra := difference(expected, got), difference(got, expected)
	if len(missing)+len(extra) == 0 {
		return true
	}
	var lines []string
	if len(extra) > 0 {
		lines = append(lines, "sees, and must not: "+strings.Join(extra, ", "))
	}
	if len(missing) > 0 {
		lines = append(lines, "does not see: "+strings.Join(missing, ", "))
		lines = append(lines, x.why(sql, args, len(got) == 0)...)
	}
	return x.failed("sees other rows", sql, args, lines...)
}

// Writes asserts that the statement changes, or returns, n rows. What it writes is kept until the end of the test.
func (x *Tx) Writes(n int64, sql string, args ...any) bool {
	x.db.t.Helper()
	_, tag, err := x.outcome(sql, args)
	if err != nil {
		return x.failed("may not", sql, args, problem(err))
	}
	if got := tag.RowsAffected(); got != n {
		lines := []string{fmt.Sprintf("rows: %d, want %d", got, n)}
		if got < n {
			lines = append(lines, x.why(sql, args, got == 0)...)
		}
		return x.failed("reaches another number of rows", sql, args, lines...)
	}
	return true
}

// Filtered asserts that the statement succeeds and meets no row, as if there were none. With a maintenance pool it also
// asserts that there are some: the maintenance login tries the same, and that is rolled back.
func (x *Tx) Filtered(sql string, args ...any) bool {
	x.db.t.Helper()
	got, tag, err := x.outcome(sql, args)
	switch {
	case err != nil:
		return x.failed("is rejected where rows should be filtered", sql, args, problem(err))
	case tag.RowsAffected() > 0:
		return x.failed("is not filtered", sql, args, append([]string{fmt.Sprintf("rows: %d", tag.RowsAffected())}, got...)...)
	}
	if n, known := x.there(sql, args); known && n == 0 {
		return x.failed("proves nothing", sql, args, "the maintenance login finds no row either: seed what must stay hidden")
	}
	return true
}

// Rejected asserts that the database refuses the statement with SQLSTATE 42501, and returns the error. One that comes from
// table privileges rather than from a policy is logged: the test might be right for a wrong reason.
func (x *Tx) Rejected(sql string, args ...any) error {
	x.db.t.Helper()
	got, tag, err := x.outcome(sql, args)
	var pg *pgconn.PgError
	switch {
	case err == nil:
		x.failed("is not rejected", sql, args, append([]string{fmt.Sprintf("rows: %d", tag.RowsAffected())}, got...)...)
		return nil
	case !errors.As(err, &pg) || pg.Code != "42501":
		x.failed("fails, but is not rejected", sql, args, problem(err))
	case strings.HasPrefix(pg.Message, "permission denied"):
		x.db.t.Logf("%s: rejected by a privilege, not by a policy: %s", x.Principal(), pg.Message)
	}
	return err
}

// outcome runs a statement in a savepoint, which is kept where it succeeds.
func (x *Tx) outcome(sql string, args []any) (list []string, tag pgconn.CommandTag, err error) {
	ctx := x.db.t.Context()
	point, err := x.Begin(ctx)
	if err != nil {
		return nil, tag, err
	}
	if list, tag, err = texts(ctx, point, sql, args); err != nil {
		_ = point.Rollback(ctx) // there is an error to return
		return nil, tag, err
	}
	return list, tag, point.Commit(ctx)
}

// texts runs a statement and returns its rows as text.
func texts(ctx context.Context, q pgx.Tx, sql string, args []any) (list []string, tag pgconn.CommandTag, err error) {
	rows, err := q.Query(ctx, sql, append([]any{pgx.QueryResultFormats{pgx.TextFormatCode}}, args...)...)
	if err != nil {
		return nil, tag, err
	}
	defer rows.Close()
	for rows.Next() {
		columns := make([]string, len(rows.RawValues()))
		for i, v := range rows.RawValues() {
			columns[i] = "NULL"
			if v != nil {
				columns[i] = string(v)
			}
		}
		list = append(list, strings.Join(columns, " | "))
	}
	rows.Close()
	return list, rows.CommandTag(), rows.Err()
}

// there is how many rows the maintenance login meets, where there is one and the statement is not about the principal.
func (x *Tx) there(sql string, args []any) (n int64, known bool) {
	if x.db.o.keys != nil {
		return 0, false
	}
	ctx := x.db.t.Context()
	point, err := x.Begin(ctx)
	if err != nil {
		return 0, false
	}
	err = x.db.asMaintenance(ctx, func(ctx context.Context) error {
		_, tag, err := texts(ctx, x.db.root, sql, args)
		n = tag.RowsAffected()
		return err
	})
	return n, point.Rollback(ctx) == nil && err == nil
}

// why says what often is the reason for rows that cannot be seen.
func (x *Tx) why(sql string, args []any, nothing bool) []string {
	if !nothing {
		return nil
	}
	if n, known := x.there(sql, args); known && n == 0 {
		return []string{"the maintenance login finds no row either: is it seeded?"}
	}
	if !strings.HasPrefix(x.Principal().String(), "user:") && !strings.HasPrefix(x.Principal().String(), "subject:") {
		return nil
	}
	if seen, _, err := x.outcome("SELECT v.user_id FROM rls.visible_users AS v LIMIT 1", nil); err == nil && len(seen) == 0 {
		return []string{"sees nobody, not even themselves: there is no such user"}
	}
	return nil
}

// failed marks the test as failed, and says who did what.
func (x *Tx) failed(what, sql string, args []any, lines ...string) bool {
	x.db.t.Helper()
	text := fmt.Sprintf("%s %s: %s", x.Principal(), what, strings.Join(strings.Fields(sql), " "))
	if len(args) > 0 {
		text += fmt.Sprintf(" %v", args)
	}
	for _, l := range lines {
		text += "\n    " + l
	}
	x.db.t.Error(text)
	return false
}

// problem is an error with detail and hint, further in.
func problem(err error) string { return strings.ReplaceAll(pgsession.Explain(err), "\n", "\n    ") }

// rowText writes an expected row as PostgreSQL writes it.
func rowText(v any) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case bool:
		return fmt.Sprint(v)[:1]
	case []any:
		columns := make([]string, len(v))
		for i, c := range v {
			columns[i] = rowText(c)
		}
		return strings.Join(columns, " | ")
	}
	return fmt.Sprint(v)
}

// difference is what a has more often than b, sorted.
func difference(a, b []string) []string {
	count := map[string]int{}
	for _, s := range b {
		count[s]++
	}
	var out []string
	for _, s := range a {
		if count[s]--; count[s] < 0 {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}
