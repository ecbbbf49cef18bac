package apply

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/internal/ownership"
	"github.com/rlsctl/rlsctl/policies"
)

// lockedByApply and lockedGraph name what is no relation of the plan.
const (
	lockedByApply = "apply"
	lockedGraph   = `"rls"."graph_lock"`
)

const lockGraphSQL = "SELECT rls.lock_graph()"

// lockSQL is the statement that takes a lock. LOCK TABLE would lock the tables that a view reads, too: taking away an
// option that the view does not have needs the same lock and does nothing.
func lockSQL(l policies.Lock) string {
	if l.View {
		return fmt.Sprintf("ALTER VIEW %s RESET (check_option)", l.Name)
	}
	return fmt.Sprintf("LOCK TABLE ONLY %s IN %s MODE", l.Name, l.Mode)
}

// takeLocks takes all that clients could hold too, before the first change and in one fixed order.
//
// A client in the middle of a transaction may hold one table and want another, in whatever order. So that no client
// ever ends as the victim of a deadlock with us, we stop waiting before the server looks for deadlocks: from the first
// lock on, all waiting together takes less than deadlock_timeout, and a client that began to wait for us later than
// that looks for deadlocks later still. The first lock is waited for with empty hands, which harms nobody.
func takeLocks(ctx context.Context, tx pgx.Tx, p policies.Plan, first time.Duration) error {
	var milliseconds int
	if err := tx.QueryRow(ctx, "SELECT s.setting::integer FROM pg_catalog.pg_settings AS s WHERE s.name = 'deadlock_timeout'").Scan(&milliseconds); err != nil {
		return fmt.Errorf("apply: read deadlock_timeout: %w", err)
	}
	all := min(time.Duration(milliseconds)*time.Millisecond*3/4, first)
	var began time.Time
	take := func(what, sql string, asOwner bool) error {
		wait := first
		if !began.IsZero() {
			wait = max(all-time.Since(began), time.Millisecond)
		}
		if err := timeout(ctx, tx, wait); err != nil {
			return err
		}
		if asOwner {
			if err := ownership.Become(ctx, tx); err != nil {
				return fmt.Errorf("apply: %w", err)
			}
		}
		if _, err := tx.Exec(ctx, sql); err != nil {
			return &lockError{what: what, sql: sql, asOwner: asOwner, alone: began.IsZero(), err: err}
		}
		if began.IsZero() {
			began = time.Now()
		}
		if asOwner {
			return ownership.Leave(ctx, tx)
		}
		return nil
	}
	for _, l := range p.Locks {
		if err := take(l.Name, lockSQL(l), l.AsOwner); err != nil {
			return err
		}
	}
	if forgets(p) {
		if err := take(lockedGraph, lockGraphSQL, true); err != nil {
			return err
		}
	}
	// From here on nothing should have to wait, and what does must not wait long.
	return timeout(ctx, tx, max(all/4, time.Millisecond))
}

// forgets reports whether p makes stored sets wrong that nothing else would: a set is known by the graph that it was
// computed under, and one that somebody computes while p is being applied may bear the name of the old graph and the
// content of the new one. It must not be believed when the old graph comes back.
func forgets(p policies.Plan) bool {
	for _, c := range p.Changes {
		if c.Op != policies.OpDrop && (c.Object.Kind == policies.KindTrigger || c.Object.Kind == policies.KindView || c.Object.Name == `"rls"."hierarchy"`) {
			return true
		}
	}
	return false
}

func timeout(ctx context.Context, tx pgx.Tx, d time.Duration) error {
	if _, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d", max(d.Milliseconds(), 1))); err != nil {
		return fmt.Errorf("apply: set lock_timeout: %w", err)
	}
	return nil
}

// passing reports whether an error is gone when the same is tried again: a lock that was not to be had, or somebody who
// changed the same row of the catalog at the same time. Database roles are shared by all databases of a cluster, and
// their rows are no one's to lock.
func passing(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "55P03", "40P01", "40001":
		return true
	case "XX000":
		return strings.HasPrefix(pg.Message, "tuple concurrently ")
	case "23505":
		return pg.SchemaName == "pg_catalog"
	}
	return false
}

// queue waits for a lock with empty hands, and lets it go: where a long statement or autovacuum, which gives way only to
// who waits for longer than deadlock_timeout, held it. What comes of it is seen at the next attempt.
func queue(ctx context.Context, conn *pgx.Conn, err error, patience time.Duration) {
	var lock *lockError
	if !errors.As(err, &lock) || lock.alone || lock.sql == "" {
		return
	}
	_ = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if err := timeout(ctx, tx, patience); err != nil {
			return err
		}
		if lock.asOwner {
			if _, err := ownership.Borrow(ctx, tx); err != nil {
				return err
			}
			if err := ownership.Become(ctx, tx); err != nil {
				return err
			}
		}
		_, _ = tx.Exec(ctx, lock.sql)
		return errRollback
	})
}

var errRollback = errors.New("nothing is kept")

// pause waits longer from attempt to attempt, and never as long as somebody else who began at the same time.
func pause(ctx context.Context, attempt int, unit time.Duration) error {
	const most = 5 * time.Second
	d := min(unit<<min(attempt-1, 10), most)
	d = d/2 + rand.N(d)/2
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Session is a session that holds a lock, as far as the login that applies may know of it.
type Session struct {
	PID      int    // 0: a prepared transaction
	Role     string // "" where it is the server's own
	Database string
	Age      time.Duration // of its transaction; 0 where it is not to be seen
}

func (s Session) String() string {
	var b strings.Builder
	switch {
	case s.PID == 0:
		b.WriteString("a prepared transaction")
	default:
		fmt.Fprintf(&b, "pid %d", s.PID)
	}
	if s.Role != "" {
		fmt.Fprintf(&b, " of %s", policies.Ident(s.Role))
	}
	if s.Age > 0 {
		fmt.Fprintf(&b, " for %s", s.Age.Round(100*time.Millisecond))
	}
	return b.String()
}

// BlockedError says that a lock was not to be had, and who holds it. Nothing has been changed. For the lock of apply
// itself it is also ErrLocked.
type BlockedError struct {
	Lock     string // a table or view; "" for the lock that applies share
	Sessions []Session
	Err      error // of the server
}

func (e *BlockedError) Error() string {
	var b strings.Builder
	if e.Lock == "" {
		b.WriteString(ErrLocked.Error())
	} else {
		fmt.Fprintf(&b, "apply: lock %s: %v", e.Lock, e.Err)
	}
	for i, s := range e.Sessions {
		if i == 0 {
			b.WriteString("; held by ")
		} else {
			b.WriteString(", ")
		}
		if i == 5 {
			fmt.Fprintf(&b, "%d more", len(e.Sessions)-i)
			break
		}
		b.WriteString(s.String())
	}
	return b.String()
}

func (e *BlockedError) Unwrap() []error {
	if e.Lock == "" {
		return []error{ErrLocked, e.Err}
	}
	return []error{e.Err}
}

// lockError is an error at the taking of a lock.
type lockError struct {
	what    string
	sql     string // that takes it
	asOwner bool
	alone   bool // no other lock was held
	err     error
}

func (e *lockError) Error() string { return fmt.Sprintf("apply: lock %s: %v", e.what, e.err) }
func (e *lockError) Unwrap() error { return e.err }

// No text of a statement: it may hold anything.
const sessionsSQL = `
SELECT coalesce(l.pid, 0), coalesce(a.usename, ''), coalesce(a.datname, ''),
       coalesce(extract(epoch FROM clock_timestamp() - a.xact_start) * 1000, 0)::bigint
FROM pg_catalog.pg_locks AS l
LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.granted AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
  AND CASE WHEN $1 = '' THEN l.locktype = 'advisory' AND l.classid::bigint = $2::bigint >> 32 AND l.objid::bigint = $2::bigint & 4294967295 AND l.objsubid = 1
      ELSE l.locktype = 'relation' AND l.relation = (
          SELECT c.oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
          WHERE ARRAY[n.nspname, c.relname]::text[] = pg_catalog.parse_ident($1)) END
  AND (NOT $3 OR l.mode NOT IN ('AccessShareLock', 'RowShareLock'))
GROUP BY 1, 2, 3, 4
ORDER BY 4 DESC, 1`

// blocked finds out who holds the lock that was not to be had. The transaction is over, and they may be, too.
func blocked(ctx context.Context, db DB, err error) error {
	var lock *lockError
	if !errors.As(err, &lock) {
		return err
	}
	out := &BlockedError{Lock: lock.what, Err: lock.err}
	if lock.what == lockedByApply {
		out.Lock = ""
	}
	rows, _ := db.Query(ctx, sessionsSQL, out.Lock, LockKey, strings.HasSuffix(lock.sql, policies.LockWrites+" MODE"))
	sessions, bad := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Session, err error) {
		var age int64
		err = row.Scan(&s.PID, &s.Role, &s.Database, &age)
		s.Age = time.Duration(age) * time.Millisecond
		return s, err
	})
	if bad == nil { // else the error of the lock is what matters
		out.Sessions = sessions
	}
	return out
}
