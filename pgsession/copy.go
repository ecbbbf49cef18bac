package pgsession

import (
	"context"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// stagingSQL asks what CopyFrom needs to know: whether row security filters the caller on the table, whether it may make
// temporary tables, and for each column, in order: its name, as which type it is staged, and to which type it is cast
// afterwards. A column that the table does not have is staged as NULL. All names are qualified: the client may have set
// search_path.
//
// A domain is staged as what it is over, since its checks belong to the one statement that inserts. Enums, string types of
// extensions and arrays of either are staged as text: pgx knows them by their oid alone, and only if they are registered.
const stagingSQL = `
SELECT pg_catalog.row_security_active(t.oid),
       pg_catalog.has_database_privilege(pg_catalog.current_database(), 'TEMPORARY'),
       w.name, s.staged, CASE WHEN s.cast_back THEN pg_catalog.format_type(a.atttypid, a.atttypmod) END
FROM (SELECT $1::pg_catalog.text::pg_catalog.regclass::pg_catalog.oid) AS t(oid)
CROSS JOIN ROWS FROM (pg_catalog.unnest($2::pg_catalog.text[])) WITH ORDINALITY AS w(name, place)
LEFT JOIN pg_catalog.pg_attribute AS a ON a.attrelid OPERATOR(pg_catalog.=) t.oid AND a.attnum OPERATOR(pg_catalog.>) 0
    AND NOT a.attisdropped AND a.attname OPERATOR(pg_catalog.=) w.name::pg_catalog.name
LEFT JOIN LATERAL (
    WITH RECURSIVE whole (oid, typmod, kind, elem, category) AS (
        SELECT y.oid, a.atttypmod, y.typtype, y.typelem, y.typcategory
        FROM pg_catalog.pg_type AS y WHERE y.oid OPERATOR(pg_catalog.=) a.atttypid
        UNION ALL
        SELECT y.oid, d.typtypmod, y.typtype, y.typelem, y.typcategory
        FROM whole AS x
        JOIN pg_catalog.pg_type AS d ON d.oid OPERATOR(pg_catalog.=) x.oid
        JOIN pg_catalog.pg_type AS y ON y.oid OPERATOR(pg_catalog.=) d.typbasetype
        WHERE x.kind OPERATOR(pg_catalog.=) 'd'
    ), part (oid, typmod, kind, category, list, over) AS (
        SELECT y.oid, -1, y.typtype, y.typcategory, y.typarray, false
        FROM whole AS x JOIN pg_catalog.pg_type AS y ON y.oid OPERATOR(pg_catalog.=) x.elem
        WHERE x.kind OPERATOR(pg_catalog.<>) 'd' AND x.category OPERATOR(pg_catalog.=) 'A'
        UNION ALL
        SELECT y.oid, d.typtypmod, y.typtype, y.typcategory, y.typarray, true
        FROM part AS x
        JOIN pg_catalog.pg_type AS d ON d.oid OPERATOR(pg_catalog.=) x.oid
        JOIN pg_catalog.pg_type AS y ON y.oid OPERATOR(pg_catalog.=) d.typbasetype
        WHERE x.kind OPERATOR(pg_catalog.=) 'd'
    )
    SELECT CASE WHEN p.word THEN 'text[]' WHEN p.over THEN pg_catalog.format_type(p.list, p.typmod)
                WHEN x.word THEN 'text' ELSE pg_catalog.format_type(x.oid, x.typmod) END,
           x.word OR coalesce(p.word OR p.over, false)
    FROM (SELECT *, kind OPERATOR(pg_catalog.=) 'e' OR category OPERATOR(pg_catalog.=) 'S' AND oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
          FROM whole WHERE kind OPERATOR(pg_catalog.<>) 'd') AS x(oid, typmod, kind, elem, category, word)
    LEFT JOIN (SELECT *, kind OPERATOR(pg_catalog.=) 'e' OR category OPERATOR(pg_catalog.=) 'S' AND oid OPERATOR(pg_catalog.>=) 16384::pg_catalog.oid
          FROM part WHERE kind OPERATOR(pg_catalog.<>) 'd') AS p(oid, typmod, kind, category, list, over, word) ON true
) AS s(staged, cast_back) ON a.attname IS NOT NULL
ORDER BY w.place`

// copyLimit bounds the rows of one INSERT where no staging table can be made; 65535 parameters are PostgreSQL's limit.
const (
	copyLimit  = 500
	paramLimit = 65535
)

// staged is a column on its way through a staging table.
type staged struct {
	name string
	typ  string // in the staging table
	cast string // to the column's own, if it is not assigned as it is
}

// CopyFrom implements pgx.Tx, and keeps to the policies: PostgreSQL refuses COPY into a table whose row security filters
// the caller, so the rows go by COPY into a temporary table of this transaction, and from there by one INSERT into the
// table. It returns how many that inserted. One row that a policy does not admit rejects them all (42501).
//
// As with COPY, columns that are not named get their defaults, an identity column takes the value that it is given, rows
// come in the order of src, and triggers fire; unlike with COPY, rules apply. A caller without the database privilege
// TEMPORARY gets several statements of up to 500 rows instead, which take longer and fire the triggers of a statement
// several times. A table that is not filtered takes COPY itself.
//
// Enums, citext, domains and arrays of them need not be registered with pgx: give strings, or slices of strings.
func (t *tx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (int64, error) {
	active, temporary, list, err := t.staging(ctx, table, columns)
	if err != nil {
		return 0, err
	}
	var n int64
	switch {
	case !active:
		n, err = t.conn.CopyFrom(ctx, table, columns, src)
	case temporary:
		n, err = t.copyStaged(ctx, table, list, src)
	default:
		n, err = t.copyRows(ctx, table, columns, src)
	}
	return n, known(err)
}

// staging answers stagingSQL. Where it cannot say all, as of a column that does not exist, the table counts as one that
// is not filtered: then COPY itself says what is wrong.
func (t *tx) staging(ctx context.Context, table pgx.Identifier, columns []string) (active, temporary bool, list []staged, err error) {
	rows, err := t.Query(ctx, stagingSQL, table.Sanitize(), columns)
	if err != nil {
		return false, false, nil, err
	}
	defer rows.Close()
	complete := true
	for rows.Next() {
		var c staged
		var typ, cast *string
		if err := rows.Scan(&active, &temporary, &c.name, &typ, &cast); err != nil {
			return false, false, nil, err
		}
		if typ == nil {
			complete = false
			continue
		}
		c.typ = *typ
		if cast != nil {
			c.cast = *cast
		}
		list = append(list, c)
	}
	rows.Close()
	return active && complete && len(list) > 0, temporary, list, rows.Err()
}

func (t *tx) copyStaged(ctx context.Context, table pgx.Identifier, list []staged, src pgx.CopyFromSource) (int64, error) {
	var made, into, from, names []string
	for _, c := range list {
		name := pgx.Identifier{c.name}.Sanitize()
		names = append(names, c.name)
		made = append(made, name+" "+c.typ)
		into = append(into, name)
		if c.cast != "" {
			name += "::" + c.cast
		}
		from = append(from, name)
	}
	columns := strings.Join(made, ", ")
	// One name for each shape: pgx keeps the description of a table by its name.
	hash := fnv.New64a()
	_, _ = hash.Write([]byte(columns))
	staging := pgx.Identifier{"pg_temp", fmt.Sprintf("rls_copy_%016x", hash.Sum64())}

	t.st.staged = true
	create := "CREATE TABLE " + staging.Sanitize() + " (" + columns + ") ON COMMIT DROP"
	if _, err := t.conn.Exec(ctx, create, pgx.QueryExecModeExec); err != nil {
		return 0, err
	}
	if _, err := t.conn.CopyFrom(ctx, staging, names, src); err != nil {
		return 0, err
	}
	insert := "INSERT INTO " + table.Sanitize() + " (" + strings.Join(into, ", ") + ") OVERRIDING SYSTEM VALUE SELECT " +
		strings.Join(from, ", ") + " FROM " + staging.Sanitize()
	tag, err := t.conn.Exec(ctx, insert, pgx.QueryExecModeExec)
	if err != nil {
		return 0, err
	}
	if _, err := t.conn.Exec(ctx, "DROP TABLE "+staging.Sanitize(), pgx.QueryExecModeExec); err != nil {
		return 0, err
	}
	return tag.RowsAffected(), nil
}

// copyRows is copyStaged without a staging table: nothing of it stays if the source fails in the middle.
func (t *tx) copyRows(ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource) (total int64, err error) {
	point, err := t.Begin(ctx)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			total = 0
			_ = point.Rollback(ctx) // there is an error to return
		}
	}()
	into := make([]string, len(columns))
	for i, c := range columns {
		into[i] = pgx.Identifier{c}.Sanitize()
	}
	insert := "INSERT INTO " + table.Sanitize() + " (" + strings.Join(into, ", ") + ") OVERRIDING SYSTEM VALUE VALUES "
	limit := min(copyLimit, paramLimit/len(columns))
	mode := t.st.mode
	if mode == pgx.QueryExecModeExec || mode == pgx.QueryExecModeSimpleProtocol {
		mode = pgx.QueryExecModeDescribeExec // as pgx does for COPY: the columns say how values are sent
	}
	var args []any
	flush := func() error {
		if len(args) == 0 {
			return nil
		}
		tag, err := t.conn.Exec(ctx, insert+places(len(args)/len(columns), len(columns)), append([]any{mode}, args...)...)
		args = args[:0]
		total += tag.RowsAffected()
		return err
	}
	for src.Next() {
		values, err := src.Values()
		if err != nil {
			return 0, err
		}
		if len(values) != len(columns) {
			return 0, fmt.Errorf("expected %d values, got %d values", len(columns), len(values))
		}
		if args = append(args, values...); len(args) == limit*len(columns) {
			if err := flush(); err != nil {
				return 0, err
			}
		}
	}
	if err := src.Err(); err != nil {
		return 0, err
	}
	if err := flush(); err != nil {
		return 0, err
	}
	return total, point.Commit(ctx)
}

// places is ($1,$2),($3,$4) for two rows of two columns.
func places(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%columns == 0:
			b.WriteString("),(")
		default:
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	b.WriteByte(')')
	return b.String()
}

// CopyFrom copies the rows of src into a table in a transaction of its own that acts for p, as CopyFrom of the pgx.Tx of
// Run does. Errors are those of Run and of the source; if there is one, no row is left.
func (s *Session) CopyFrom(ctx context.Context, p Principal, table pgx.Identifier, columns []string, src pgx.CopyFromSource, opts ...TxOption) (n int64, err error) {
	err = s.Run(ctx, p, func(tx pgx.Tx) error {
		var err error
		n, err = tx.CopyFrom(ctx, table, columns, src)
		return err
	}, opts...)
	if err != nil {
		return 0, err
	}
	return n, nil
}
