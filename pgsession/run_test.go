package pgsession_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/pgsession"
)

// modes are pgx's ways to send a statement.
var modes = []pgx.QueryExecMode{
	pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
	pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
}

func mode(m pgx.QueryExecMode) func(*pgxpool.Config) {
	return func(c *pgxpool.Config) { c.ConnConfig.DefaultQueryExecMode = m }
}

func TestRun(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	for _, m := range modes {
		t.Run(m.String(), func(t *testing.T) {
			t.Parallel()
			s, pool := session(t, db, login, 1, mode(m))
			ctx := t.Context()
			for range 3 {
				for p, want := range map[pgsession.Principal]string{
					anna: "one two", bob: "three four", pgsession.Subject("sub-anna"): "one two", pgsession.Service("jobs"): "",
					pgsession.Anonymous(): "",
				} {
					if err := s.Run(ctx, p, func(tx pgx.Tx) error {
						for range 2 {
							if got, err := titles(ctx, tx); err != nil || got != want {
								t.Errorf("%s sees %q, want %q: %v", p, got, want, err)
							}
						}
						return nil
					}); err != nil {
						t.Errorf("%s: %v", p, pgsession.Explain(err))
					}
					if got, err := titles(ctx, queryFunc(func(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
						return s.Query(ctx, p, sql, args...)
					})); err != nil || got != want {
						t.Errorf("%s sees %q in one statement, want %q: %v", p, got, want, err)
					}
					if _, err := titles(ctx, pool); err == nil {
						t.Error("nobody sees notes")
					}
				}
			}
			if pool.Stat().NewConnsCount() != 1 {
				t.Errorf("%d connections were made, want 1", pool.Stat().NewConnsCount())
			}
		})
	}
}

type queryFunc func(context.Context, string, ...any) (pgx.Rows, error)

func (f queryFunc) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	return f(ctx, sql, args...)
}

func TestFirstStatement(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	one := "SELECT title FROM app.note WHERE id = 1"
	cases := map[string]func(context.Context, pgx.Tx) error{
		"named arguments": func(ctx context.Context, tx pgx.Tx) error {
			return tx.QueryRow(ctx, "SELECT title FROM app.note WHERE id = @id", pgx.NamedArgs{"id": 1}).Scan(new(string))
		},
		"exec mode": func(ctx context.Context, tx pgx.Tx) error {
			return tx.QueryRow(ctx, one[:len(one)-1]+"$1", pgx.QueryExecModeExec, 1).Scan(new(string))
		},
		"result formats": func(ctx context.Context, tx pgx.Tx) error {
			return tx.QueryRow(ctx, one[:len(one)-1]+"$1", pgx.QueryResultFormats{0}, 1).Scan(new(string))
		},
		"result formats by oid": func(ctx context.Context, tx pgx.Tx) error {
			return tx.QueryRow(ctx, one, pgx.QueryResultFormatsByOID{25: 0}).Scan(new(string))
		},
		"two statements": func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "SELECT 1; UPDATE app.note SET title = title WHERE id = 1")
			return err
		},
		"batch": func(ctx context.Context, tx pgx.Tx) error {
			b := &pgx.Batch{}
			var first, second string
			b.Queue(one).QueryRow(func(r pgx.Row) error { return r.Scan(&first) })
			b.Queue("SELECT title FROM app.note WHERE id = $1", 2)
			br := tx.SendBatch(ctx, b)
			if err := br.Close(); err != nil || first != "one" {
				return errors.Join(err, errors.New(first))
			}
			b = &pgx.Batch{}
			b.Queue("SELECT title FROM app.note WHERE id = $1", 2)
			br = tx.SendBatch(ctx, b)
			err := br.QueryRow().Scan(&second)
			return errors.Join(err, br.Close())
		},
		"savepoint": func(ctx context.Context, tx pgx.Tx) error {
			sp, err := tx.Begin(ctx)
			if err != nil {
				return err
			}
			if _, err := sp.Exec(ctx, "SELECT nothing"); err == nil {
				return errors.New("no error")
			}
			if err := sp.Rollback(ctx); err != nil {
				return err
			}
			if _, err := sp.Exec(ctx, "SELECT 1"); !errors.Is(err, pgx.ErrTxClosed) {
				return errors.New("savepoint is open")
			}
			return tx.QueryRow(ctx, one).Scan(new(string))
		},
		"conn": func(ctx context.Context, tx pgx.Tx) error {
			return tx.Conn().QueryRow(ctx, one).Scan(new(string))
		},
		"prepare": func(ctx context.Context, tx pgx.Tx) error {
			if _, err := tx.Prepare(ctx, "mine", one); err != nil {
				return err
			}
			return tx.QueryRow(ctx, "mine").Scan(new(string))
		},
		"copy": func(ctx context.Context, tx pgx.Tx) error {
			_, err := tx.CopyFrom(ctx, pgx.Identifier{"app", "counter"}, []string{"parent"}, pgx.CopyFromRows([][]any{{nil}}))
			return err
		},
		"large object": func(ctx context.Context, tx pgx.Tx) error {
			lo := tx.LargeObjects()
			id, err := lo.Create(ctx, 0)
			if err != nil {
				return err
			}
			return lo.Unlink(ctx, id)
		},
	}
	for _, m := range modes {
		for name, fn := range cases {
			t.Run(m.String()+"/"+name, func(t *testing.T) {
				t.Parallel()
				s, pool := session(t, db, login, 1, mode(m))
				for range 2 {
					if err := s.Run(t.Context(), anna, func(tx pgx.Tx) error { return fn(t.Context(), tx) }); err != nil {
						t.Fatal(pgsession.Explain(err))
					}
				}
				if n := pool.Stat().NewConnsCount(); n != 1 {
					t.Errorf("%d connections were made, want 1", n)
				}
			})
		}
	}
}
