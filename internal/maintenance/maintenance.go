// Package maintenance lifts FORCE ROW LEVEL SECURITY from protected tables for a while and puts it back, whatever happens
// meanwhile. While it is off only the owner of a table passes its policies; everybody else is filtered as before.
package maintenance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/internal/ownership"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
)

// Codes of this package.
const (
	CodeUnrestored policies.Code = "RL415" // a maintenance ended without putting FORCE ROW LEVEL SECURITY back
	CodeClient     policies.Code = "RL416" // the login is that of an application, a person or a BI tool
	CodeExposed    policies.Code = "RL417" // views or functions would show a client what the owner sees
)

// Refusal is a reason not to begin; nothing has been changed.
type Refusal struct {
	Code    policies.Code // may be empty
	Message string        // one clause that quotes the culprit
	Hint    string        // an order
}

// Error is the message with its code.
func (r *Refusal) Error() string {
	if r.Code == "" {
		return r.Message
	}
	return fmt.Sprintf("%s (%s)", r.Message, r.Code)
}

func refuse(code policies.Code, hint, format string, args ...any) error {
	return &Refusal{code, fmt.Sprintf(format, args...), hint}
}

// DefaultLockTimeout bounds the wait for the lock of one table, since whoever comes later waits behind it.
const DefaultLockTimeout = 2 * time.Second

// Table is a protected table.
type Table struct {
	OID          uint32
	Schema, Name string
	Owner        string
	Forced       bool
}

func (t Table) String() string { return policies.Ident(t.Schema) + "." + policies.Ident(t.Name) }

// Names are the names of tables, separated by commas.
func Names(tables []Table) string {
	var out []string
	for _, t := range tables {
		out = append(out, t.String())
	}
	return strings.Join(out, ", ")
}

// Backend is the server's process of a connection. Its number comes again, but not with the same start.
type Backend struct {
	PID   int
	Start time.Time
}

// Begin makes conn the connection of a maintenance, which lasts until End or until the connection ends. It refuses a login
// that is somebody's, a connection through a pooler, and the company of another apply or maintenance.
func Begin(ctx context.Context, conn *pgx.Conn) (b Backend, err error) {
	if err := Steady(ctx, conn); err != nil {
		return b, err
	}
	var kind string
	err = inTx(ctx, conn, DefaultLockTimeout, func(tx pgx.Tx) error {
		return ownership.Do(ctx, tx, func() error {
			return tx.QueryRow(ctx, "SELECT coalesce((SELECT l.kind FROM rls.login AS l WHERE l.name = session_user), '')").Scan(&kind)
		})
	})
	if err != nil {
		return b, err
	}
	if kind != "" {
		return b, refuse(CodeClient, "Connect as the owner of the tables, or as a database superuser.", "login %q is registered as %s", conn.Config().User, kind)
	}
	// No lock tells that a maintenance is alive, but its backend in pg_stat_activity.
	err = inTx(ctx, conn, DefaultLockTimeout, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, "SELECT a.pid, a.backend_start FROM pg_stat_activity AS a WHERE a.pid = pg_backend_pid()").Scan(&b.PID, &b.Start); err != nil {
			return err
		}
		release, err := ownership.Borrow(ctx, tx)
		if err != nil {
			return err
		}
		if err := apply.Lock(ctx, tx, apply.LockTools); err != nil {
			return err
		}
		other, err := apply.MaintenanceOf(ctx, tx)
		if err != nil {
			return err
		}
		if other.Alive {
			return refuse("", "Wait until it is done, and run the command again.", "another maintenance is running: %s", other.Session)
		}
		if err := ownership.As(ctx, tx, func() error {
			_, err := tx.Exec(ctx, `INSERT INTO rls.maintenance (pid, backend_start) VALUES ($1, $2)
				ON CONFLICT (singleton) DO UPDATE SET login = session_user, pid = $1, backend_start = $2, since = now()`, b.PID, b.Start)
			return err
		}); err != nil {
			return err
		}
		return release()
	})
	if errors.Is(err, apply.ErrLocked) {
		return b, refuse("", "Wait until it is done, and run the command again.", "%s", err)
	}
	return b, err
}

// End tells that the maintenance of Begin is over. It needs not, where conn is closed.
func End(ctx context.Context, conn *pgx.Conn) {
	_ = inTx(ctx, conn, DefaultLockTimeout, func(tx pgx.Tx) error {
		return ownership.Do(ctx, tx, func() error {
			_, err := tx.Exec(ctx, "DELETE FROM rls.maintenance AS m WHERE m.pid = pg_backend_pid()")
			return err
		})
	})
}

// Steady makes conn one that says when the other end is gone, and refuses one whose backend would be a pooler's.
func Steady(ctx context.Context, conn *pgx.Conn) error {
	var pid uint32
	if err := conn.QueryRow(ctx, "SELECT pg_catalog.pg_backend_pid()").Scan(&pid); err != nil {
		return err
	}
	if pid != conn.PgConn().PID() {
		return refuse("", "Name the server itself, not its pooler.", "the connection goes through a pooler, which does not keep its backend")
	}
	_, err := conn.Exec(ctx, `SET idle_session_timeout = 0; SET idle_in_transaction_session_timeout = 0; SET statement_timeout = 0;
		SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3`, pgx.QueryExecModeSimpleProtocol)
	return err
}

// Protected returns the protected tables of those names, or all; sorted. The kernel's own are not among them: nothing is
// migrated there.
func Protected(ctx context.Context, conn *pgx.Conn, names []string) (tables []Table, err error) {
	err = inTx(ctx, conn, DefaultLockTimeout, func(tx pgx.Tx) error {
		return ownership.Do(ctx, tx, func() error {
			rows, _ := tx.Query(ctx, `
				SELECT c.oid, n.nspname::text, c.relname::text, pg_get_userbyid(c.relowner)::text, c.relforcerowsecurity
				FROM rls.compiled AS i
				JOIN pg_namespace AS n ON n.nspname <> 'rls'
				JOIN pg_class AS c ON c.relnamespace = n.oid
				WHERE i.kind = 'row_security'
				  AND i.name = '"' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"'
				ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"`)
			var all []Table
			if all, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Table]); err != nil || len(names) == 0 {
				tables = all
				return err
			}
			wanted, err := parseNames(ctx, tx, names)
			if err != nil {
				return err
			}
			for _, w := range wanted {
				i := slices.IndexFunc(all, func(t Table) bool { return t.Schema == w.Schema && t.Name == w.Name })
				if i < 0 {
					hint := "Name one of: " + Names(all) + "."
					if len(all) == 0 {
						hint = "Run rlsctl apply first."
					}
					return refuse("", hint, "%s is no protected table", w)
				}
				tables = append(tables, all[i])
			}
			return nil
		})
	})
	slices.SortFunc(tables, func(a, b Table) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(tables), err
}

// TableNames reads names of tables as they are written on a command line: without a schema they are in public.
func TableNames(ctx context.Context, conn *pgx.Conn, names []string) (out []policies.TableName, err error) {
	err = inTx(ctx, conn, DefaultLockTimeout, func(tx pgx.Tx) error {
		out, err = parseNames(ctx, tx, names)
		return err
	})
	return out, err
}

func parseNames(ctx context.Context, tx pgx.Tx, names []string) (out []policies.TableName, err error) {
	for _, name := range names {
		var parts []string
		err := pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error { return tx.QueryRow(ctx, "SELECT parse_ident($1)", name).Scan(&parts) })
		if len(parts) == 1 {
			parts = []string{"public", parts[0]}
		}
		if err != nil || len(parts) != 2 {
			return nil, refuse("", `Write it as schema.table, and put a part that needs quotes in double quotes: '"My Schema"."My Table"'.`, "%s is not the name of a table", policies.Quoted(name))
		}
		out = append(out, policies.TableName{Schema: parts[0], Name: parts[1]})
	}
	return out, nil
}

// Lift takes FORCE ROW LEVEL SECURITY off one table, and remembers that in the same transaction.
func Lift(ctx context.Context, conn *pgx.Conn, t Table, lockTimeout time.Duration) error {
	err := inTx(ctx, conn, lockTimeout, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "ALTER TABLE "+t.String()+" NO FORCE ROW LEVEL SECURITY"); err != nil {
			return err
		}
		return ownership.Do(ctx, tx, func() error {
			_, err := tx.Exec(ctx, `INSERT INTO rls.lifted (table_oid, table_schema, table_name) VALUES ($1, $2, $3)
				ON CONFLICT (table_oid) DO UPDATE SET login = session_user, since = now()`, t.OID, t.Schema, t.Name)
			return err
		})
	})
	if err != nil {
		return fmt.Errorf("lift row security of %s: %w", t, err)
	}
	return nil
}

// Lifted is a table whose FORCE ROW LEVEL SECURITY a maintenance has taken off and not put back yet.
type Lifted struct {
	Table
	Login string
	Since time.Time
	Alive bool // the maintenance still runs
}

const liftedSQL = `
SELECT coalesce(c.oid, l.table_oid), coalesce(n.nspname::text, l.table_schema), coalesce(c.relname::text, l.table_name),
       coalesce(pg_get_userbyid(c.relowner)::text, ''), coalesce(c.relforcerowsecurity, true), l.login, l.since
FROM rls.lifted AS l
-- By its name where it was dropped and made again, as a restore does.
LEFT JOIN pg_class AS c ON c.oid = coalesce(
    (SELECT o.oid FROM pg_class AS o WHERE o.oid = l.table_oid),
    (SELECT o.oid FROM pg_class AS o JOIN pg_namespace AS s ON s.oid = o.relnamespace WHERE s.nspname = l.table_schema AND o.relname = l.table_name))
LEFT JOIN pg_namespace AS n ON n.oid = c.relnamespace
ORDER BY 2, 3`

// Pending returns the tables that are to be put back. It is empty where the kernel is not installed, or older.
func Pending(ctx context.Context, conn *pgx.Conn) (list []Lifted, err error) {
	err = inTx(ctx, conn, DefaultLockTimeout, func(tx pgx.Tx) error {
		list, err = PendingInTx(ctx, tx)
		return err
	})
	return slices.DeleteFunc(list, func(l Lifted) bool { return l.Forced }), err
}

// PendingInTx is Pending in a transaction of the caller's, with the tables that have been put back by hand.
func PendingInTx(ctx context.Context, tx pgx.Tx) (list []Lifted, err error) {
	var known bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
		WHERE n.nspname = 'rls' AND c.relname = 'maintenance')`).Scan(&known); err != nil || !known {
		return nil, err
	}
	release, err := ownership.Borrow(ctx, tx)
	if err != nil {
		return nil, err
	}
	m, err := apply.MaintenanceOf(ctx, tx)
	if err != nil {
		return nil, err
	}
	if err := ownership.As(ctx, tx, func() error {
		rows, _ := tx.Query(ctx, liftedSQL)
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (l Lifted, err error) {
			l.Alive = m.Alive
			return l, row.Scan(&l.OID, &l.Schema, &l.Name, &l.Owner, &l.Forced, &l.Login, &l.Since)
		})
		return err
	}); err != nil {
		return nil, err
	}
	return list, release()
}

// Restore puts FORCE ROW LEVEL SECURITY back on every table that a maintenance took it off, each in a transaction of its
// own. A table that is busy for longer than lockTimeout is left for the next attempt: its error is among those returned.
// A table that is no longer protected, or gone, is forgotten.
func Restore(ctx context.Context, conn *pgx.Conn, lockTimeout time.Duration) (restored []Table, err error) {
	var list []Lifted
	if err := inTx(ctx, conn, lockTimeout, func(tx pgx.Tx) error {
		list, err = PendingInTx(ctx, tx)
		return err
	}); err != nil {
		return nil, err
	}
	var failed []error
	for _, l := range list {
		done := false
		err := inTx(ctx, conn, lockTimeout, func(tx pgx.Tx) error {
			var wanted bool
			if err := ownership.Do(ctx, tx, func() error {
				return tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM rls.compiled AS i WHERE i.kind = 'row_security' AND i.name = $1)",
					policies.Identity(l.Schema, l.Name)).Scan(&wanted)
			}); err != nil {
				return err
			}
			if wanted && !l.Forced {
				if _, err := tx.Exec(ctx, "ALTER TABLE IF EXISTS "+l.String()+" FORCE ROW LEVEL SECURITY"); err != nil {
					return err
				}
				done = true
			}
			return ownership.Do(ctx, tx, func() error {
				_, err := tx.Exec(ctx, "DELETE FROM rls.lifted WHERE table_oid = $1 OR table_schema = $2 AND table_name = $3", l.OID, l.Schema, l.Name)
				return err
			})
		})
		switch {
		case err != nil:
			failed = append(failed, fmt.Errorf("restore row security of %s: %w", l, err))
		case done:
			restored = append(restored, l.Table)
		}
	}
	return restored, errors.Join(failed...)
}

// Busy reports whether err says that a table was in use, and that another attempt may find it free.
func Busy(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (pg.Code == "55P03" || pg.Code == "40P01" || pg.Code == "57014")
}

// inTx calls fn in a transaction that is committed if fn returns nil.
func inTx(ctx context.Context, conn *pgx.Conn, lockTimeout time.Duration, fn func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL lock_timeout = %d", max(lockTimeout.Milliseconds(), 1)),
			pgx.QueryExecModeSimpleProtocol)
		if err != nil {
			return err
		}
		return fn(tx)
	})
}
