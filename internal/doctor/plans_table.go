package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/policies"
)

// subjects are the protected tables with what the questions need to know of them.
func (e *examination) subjects(ctx context.Context) (out []*subject, err error) {
	type resource struct {
		Name, Schema, Table string
		Keyless             bool
	}
	var list []resource
	var maintenance []string
	err = e.owned(ctx, func() (err error) {
		list, err = rows[resource](ctx, e, `SELECT r.name, r.table_schema, r.table_name, cardinality(r.key_columns) = 0
			FROM rls.resource AS r ORDER BY 1`)
		if err != nil {
			return err
		}
		r, _ := e.tx.Query(ctx, "SELECT d.name FROM rls.database_role AS d WHERE d.kind = 'maintenance' ORDER BY d.position")
		maintenance, err = pgx.CollectRows(r, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		t := e.catalog.Table(r.Schema, r.Table)
		if t == nil {
			continue // a finding of its own
		}
		s := &subject{Table: t, resource: r.Name, keyless: r.Keyless,
			first: map[string]string{}, unplanned: map[string]bool{}, cache: map[string]asked{}}
		// Where there is a maintenance role it asks, rather than the login: less is lost if the table's owner is malicious,
		// whose functions in indexes the planner may run.
		err := e.tx.QueryRow(ctx, `SELECT c.oid, coalesce((
				SELECT m.rolname::text FROM unnest($3::text[]) WITH ORDINALITY AS d(name, place) JOIN pg_roles AS m ON m.rolname = d.name
				WHERE pg_has_role(m.oid, 'MEMBER') AND has_schema_privilege(m.oid, n.oid, 'USAGE')
				  AND has_table_privilege(m.oid, c.oid, 'SELECT')
				ORDER BY d.place LIMIT 1), current_user::text)
			FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
			WHERE n.nspname = $1 AND c.relname = $2`, t.Schema, t.Name, maintenance).Scan(&s.oid, &s.baseline)
		if err != nil {
			return nil, err
		}
		if s.key, err = rows[keyColumn](ctx, e, `
			SELECT a.attname::text, format('OPERATOR(%I.%s)', n.nspname, o.oprname)
			FROM pg_index AS i
			CROSS JOIN LATERAL unnest(i.indkey::smallint[], i.indclass::oid[]) WITH ORDINALITY AS k(attnum, opclass, place)
			JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
			JOIN pg_opclass AS c ON c.oid = k.opclass
			JOIN pg_amop AS m ON m.amopfamily = c.opcfamily AND m.amopstrategy = 3
			  AND m.amoplefttype = c.opcintype AND m.amoprighttype = c.opcintype
			JOIN pg_operator AS o ON o.oid = m.amopopr
			JOIN pg_namespace AS n ON n.oid = o.oprnamespace
			WHERE i.indrelid = $1 AND i.indisprimary ORDER BY k.place`, s.oid); err != nil {
			return nil, err
		}
		type index struct{ Name, First string }
		indexes, err := rows[index](ctx, e, `SELECT c.relname::text, a.attname::text FROM pg_index AS i
			JOIN pg_class AS c ON c.oid = i.indexrelid
			JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indrelid = $1`, s.oid)
		if err != nil {
			return nil, err
		}
		for _, i := range indexes {
			s.first[i.Name] = i.First
		}
		for _, i := range t.Indexes {
			if c := t.Column(i[0]); c != nil && slices.Contains(timeTypes, c.Type) &&
				!(len(t.PrimaryKey) > 0 && t.PrimaryKey[0] == c.Name) {
				s.times = c.Name
				break
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// unfiltered sets the role of the baseline and asks how large the table is, and for a key of some row.
func (e *examination) unfiltered(ctx context.Context, s *subject) error {
	err := e.asBaseline(ctx, s, func(tx pgx.Tx) error {
		p, err := explain(ctx, tx, "EXPLAIN (FORMAT JSON) SELECT FROM "+tableName(s.Table))
		if err != nil {
			return err
		}
		s.rows = p.Root.PlanRows
		if len(s.key) == 0 {
			return nil
		}
		var columns []string
		for _, k := range s.key {
			columns = append(columns, policies.Ident(k.Name)+"::text")
		}
		sql := fmt.Sprintf("SELECT %s FROM %s LIMIT 1", strings.Join(columns, ", "), tableName(s.Table))
		r := tx.Conn().PgConn().ExecParams(ctx, sql, nil, nil, nil, nil).Read()
		if r.Err == nil && len(r.Rows) > 0 {
			s.value = r.Rows[0]
		}
		return r.Err
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && ctx.Err() == nil {
		return nil // no baseline: what the principals do still shows
	}
	return err
}

func (e *examination) asBaseline(ctx context.Context, s *subject, fn func(pgx.Tx) error) error {
	return e.inside(ctx, e.opt.Plans.Timeout, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL ROLE "+policies.Ident(s.baseline)); err != nil {
			return err
		}
		return fn(tx)
	})
}
