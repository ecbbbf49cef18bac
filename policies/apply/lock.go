package apply

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/internal/ownership"
	"github.com/rlsctl/rlsctl/policies"
)

// Lock objects of the kernel. No client can name one, so none can hold a lock on it.
const (
	LockTools   = `"rls_lock"."tools"`  // of applies, of the start of a maintenance, and of who else writes the manifest
	LockLogins  = `"rls_lock"."logins"` // of those who change the login map
	lockedGraph = `"rls_lock"."graph"`  // of those who change the hierarchy
)

const lockGraphSQL = "SELECT rls.lock_graph()"

// LockSQL is the statement that takes a lock object, as rls_owner.
func LockSQL(object string) string {
	return "LOCK TABLE " + object + " IN SHARE UPDATE EXCLUSIVE MODE"
}

// lockObject takes a lock object. The login must be a member of rls_owner.
func lockObject(ctx context.Context, tx pgx.Tx, object string) error {
	return ownership.As(ctx, tx, func() error { return lockTable(ctx, tx, object) })
}

func lockTable(ctx context.Context, tx pgx.Tx, table string) error {
	if _, err := tx.Exec(ctx, LockSQL(table)); err != nil {
		return &lockError{lock: wanted{what: table, writes: true}, err: err}
	}
	return nil
}

// Lock takes a lock object for a change that is no plan. The login must be a member of rls_owner. A *BlockedError names
// the holder, and the transaction can go on.
func Lock(ctx context.Context, tx pgx.Tx, object string) error {
	return named(ctx, tx, func(nested pgx.Tx) error { return lockObject(ctx, nested, object) })
}

// LockTable is Lock for a table of the login's own.
func LockTable(ctx context.Context, tx pgx.Tx, table string) error {
	return named(ctx, tx, func(nested pgx.Tx) error { return lockTable(ctx, nested, table) })
}

// named calls take in a savepoint, and says who holds a lock that it does not get.
func named(ctx context.Context, tx pgx.Tx, take func(pgx.Tx) error) error {
	if err := pgx.BeginFunc(ctx, tx, take); err != nil {
		return blocked(ctx, tx, err)
	}
	return nil
}

// lockApply takes the lock of apply, and refuses where a maintenance runs.
func lockApply(ctx context.Context, tx pgx.Tx) error {
	if err := lockObject(ctx, tx, LockTools); err != nil {
		return err
	}
	m, err := MaintenanceOf(ctx, tx)
	if err != nil || !m.Alive {
		return err
	}
	return &lockError{lock: wanted{what: LockTools}, sessions: []Session{m.Session},
		err: &pgconn.PgError{Severity: "ERROR", Code: "55P03", Message: "a maintenance is running"}}
}

// Maintenance is the maintenance that has begun last and not ended by itself.
type Maintenance struct {
	Session
	Start time.Time // of its backend
	Alive bool
}

// MaintenanceOf returns the maintenance of the database, or a zero one. The login must be a member of rls_owner.
func MaintenanceOf(ctx context.Context, tx pgx.Tx) (m Maintenance, err error) {
	var none bool
	err = ownership.As(ctx, tx, func() error {
		err := tx.QueryRow(ctx, "SELECT m.pid, m.login, m.backend_start FROM rls.maintenance AS m").Scan(&m.PID, &m.Role, &m.Start)
		if none = errors.Is(err, pgx.ErrNoRows); none {
			return nil
		}
		return err
	})
	if err != nil {
		return m, fmt.Errorf("look for a maintenance: %w", err)
	}
	if none {
		return m, nil
	}
	// As the login, who may see when its own sessions began; rls_owner may not.
	err = tx.QueryRow(ctx, `SELECT coalesce(a.application_name, '') FROM pg_catalog.pg_stat_activity AS a
		WHERE a.pid = $1 AND a.usename = $2 AND coalesce(a.backend_start = $3, true)`, m.PID, m.Role, m.Start).Scan(&m.Application)
	if errors.Is(err, pgx.ErrNoRows) {
		return m, nil
	}
	m.Alive = err == nil
	return m, err
}

// lockSQL is the statement that takes a lock. LOCK TABLE would lock the tables that a view reads, too: taking away an
// option that the view does not have needs the same lock and does nothing.
func lockSQL(l policies.Lock) string {
	if l.View {
		return fmt.Sprintf("ALTER VIEW %s RESET (check_option)", l.Name)
	}
	return fmt.Sprintf("LOCK TABLE ONLY %s IN %s MODE", l.Name, l.Mode)
}

// waitHolding is how long one lock is waited for while others are held. Where clients hold what we want and want what we
// hold no patience helps, and everybody waits for us meanwhile.
const waitHolding = 100 * time.Millisecond

// wanted is one lock of a plan.
type wanted struct {
	what    string
	sql     string // that takes it
	asOwner bool
	writes  bool // it keeps writers waiting alone
}

func locksOf(p policies.Plan) []wanted {
	var out []wanted
	for _, l := range p.Locks {
		out = append(out, wanted{l.Name, lockSQL(l), l.AsOwner, l.Mode == policies.LockWrites})
	}
	if forgets(p) {
		out = append(out, wanted{lockedGraph, lockGraphSQL, true, true})
	}
	return out
}

// takeLocks takes all that clients could hold too, before the first change, or after so many retries nothing.
//
// A client in the middle of a transaction may hold one table and want another, in whatever order. So that no client
// ever ends as the victim of a deadlock with us, we stop waiting before the server looks for deadlocks: from the first
// lock on, all waiting together takes less than deadlock_timeout, and a client that began to wait for us later than
// that looks for deadlocks later still. The first lock is waited for with empty hands, which harms nobody; after a
// failure it is the one that was not to be had.
func takeLocks(ctx context.Context, tx pgx.Tx, p policies.Plan, o Options) error {
	var milliseconds int
	if err := tx.QueryRow(ctx, "SELECT s.setting::integer FROM pg_catalog.pg_settings AS s WHERE s.name = 'deadlock_timeout'").Scan(&milliseconds); err != nil {
		return fmt.Errorf("apply: read deadlock_timeout: %w", err)
	}
	all := min(time.Duration(milliseconds)*time.Millisecond*3/4, o.LockTimeout)
	locks := locksOf(p)
	for attempt := 1; ; attempt++ {
		failed, err := takeOnce(ctx, tx, locks, o.LockTimeout, all)
		if err == nil {
			// From here on nothing should have to wait, and what does must not wait long.
			return timeout(ctx, tx, max(min(waitHolding, all), time.Millisecond))
		}
		if failed < 0 || ctx.Err() != nil || !passing(err) {
			return err
		}
		err = blocked(ctx, tx, err)
		if attempt > o.LockRetries {
			return err
		}
		if o.Waiting != nil {
			o.Waiting(attempt, err)
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
		// To the front, the others in their order.
		front := locks[failed]
		locks = slices.Insert(slices.Delete(locks, failed, failed+1), 0, front)
	}
}

// takeOnce takes all locks or, after an error, none. It returns the place of the lock that was not to be had.
func takeOnce(ctx context.Context, tx pgx.Tx, locks []wanted, first, all time.Duration) (failed int, err error) {
	nested, err := tx.Begin(ctx)
	if err != nil {
		return -1, fmt.Errorf("apply: %w", err)
	}
	var began time.Time
	owner := false
	for i, l := range locks {
		wait := first
		if i > 0 {
			wait = max(min(waitHolding, all-time.Since(began)), time.Millisecond)
		}
		var sql string
		if l.asOwner != owner {
			owner = l.asOwner
			sql = map[bool]string{true: "SET LOCAL ROLE rls_owner; ", false: "RESET ROLE; "}[owner]
		}
		sql += fmt.Sprintf("SET LOCAL lock_timeout = %d; %s", max(wait.Milliseconds(), 1), l.sql)
		if _, err := nested.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			if bad := nested.Rollback(ctx); bad != nil {
				return -1, fmt.Errorf("apply: lock %s: %w", l.what, err)
			}
			return i, &lockError{lock: l, err: err}
		}
		if i == 0 {
			began = time.Now()
		}
	}
	if owner {
		if err := ownership.Leave(ctx, nested); err != nil {
			return -1, fmt.Errorf("apply: %w", err)
		}
	}
	return -1, nested.Commit(ctx)
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

// pause waits longer from attempt to attempt, and never as long as somebody else who began at the same time.
func pause(ctx context.Context, attempt int) error {
	d := min(10*time.Millisecond<<min(attempt, 10), time.Second)
	d = d/2 + rand.N(d)/2 //nolint:gosec // no secret
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
	PID         int    // 0: a prepared transaction
	Role        string // "" where it is the server's own
	Database    string
	Application string
	Age         time.Duration // of its transaction; 0 where it is not to be seen
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
	if s.Application != "" {
		fmt.Fprintf(&b, ", application %q,", s.Application)
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
		fmt.Fprintf(&b, "lock %s: %v", e.Lock, e.Err)
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
	lock     wanted
	err      error
	sessions []Session // that hold it, where they are known
}

func (e *lockError) Error() string { return fmt.Sprintf("lock %s: %v", e.lock.what, e.err) }
func (e *lockError) Unwrap() error { return e.err }

// No text of a statement: it may hold anything.
const sessionsSQL = `
SELECT coalesce(l.pid, 0), coalesce(a.usename, ''), coalesce(a.datname, ''), coalesce(a.application_name, ''),
       coalesce(extract(epoch FROM clock_timestamp() - a.xact_start) * 1000, 0)::bigint
FROM pg_catalog.pg_locks AS l
LEFT JOIN pg_catalog.pg_stat_activity AS a ON a.pid = l.pid
WHERE l.granted AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
  AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
  AND l.locktype = 'relation' AND l.relation = (
      SELECT c.oid FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE ARRAY[n.nspname, c.relname]::text[] = pg_catalog.parse_ident($1))
  AND (NOT $2 OR l.mode NOT IN ('AccessShareLock', 'RowShareLock'))
GROUP BY 1, 2, 3, 4, 5
ORDER BY 5 DESC, 1`

// blocked finds out who holds the lock that was not to be had. The transaction is over, and they may be, too.
func blocked(ctx context.Context, db DB, err error) error {
	var lock *lockError
	if !errors.As(err, &lock) {
		return err
	}
	out := &BlockedError{Lock: lock.lock.what, Sessions: lock.sessions, Err: lock.err}
	if out.Lock == LockTools {
		out.Lock = ""
	}
	if out.Sessions != nil {
		return out
	}
	rows, _ := db.Query(ctx, sessionsSQL, lock.lock.what, lock.lock.writes)
	sessions, bad := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s Session, err error) {
		var age int64
		err = row.Scan(&s.PID, &s.Role, &s.Database, &s.Application, &age)
		s.Age = time.Duration(age) * time.Millisecond
		return s, err
	})
	if bad == nil { // else the error of the lock is what matters
		out.Sessions = sessions
	}
	return out
}
