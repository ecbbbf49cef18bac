// Package apply carries a plan out: one transaction under a lock, everything or nothing.
package apply

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
)

// Errors that callers branch on. Nothing has been changed when one of them comes back.
var (
	ErrStateChanged = errors.New("the database has changed since the plan was made")
	ErrHazard       = errors.New("the plan has a hazard that was not allowed")
	ErrRefused      = errors.New("the database has objects that the plan cannot stand beside")
	ErrLocked       = errors.New("another apply or maintenance is running")
)

// ErrNotMade means that the server took a GRANT or REVOKE without carrying it out, because the login may not give or
// take that privilege, or because somebody else than the table's owner gave it. Nothing has been changed.
var ErrNotMade = errors.New("the server did not give or take a privilege")

// ErrUncertain means that the connection was lost while the server was committing: the changes may be there or not.
var ErrUncertain = errors.New("the connection was lost at the commit")

// Options of one apply. The zero value allows NARROWS_ACCESS alone, and tries once to get its locks.
type Options struct {
	Allow []policies.Hazard
	// LockTimeout is how long one attempt waits for the first lock; 0 is 2 s. Once it holds one it waits for each of the
	// others for a tenth of a second, and for all of them less than the server's deadlock_timeout: see takeLocks.
	LockTimeout time.Duration
	// LockRetries is how often it tries again to get the locks, and how often the whole transaction where somebody else
	// changed the same row of the catalog.
	LockRetries int
	// Before looks at the database inside the transaction, before there are any locks; an error ends the apply.
	Before func(ctx context.Context, tx pgx.Tx) error
	// Locked looks again at what the locks of the plan hold fast.
	Locked func(ctx context.Context, tx pgx.Tx) error
	// Progress is told each change before it runs; nil for none.
	Progress func(done, total int, c policies.Change)
	// Waiting is told why an attempt failed, before the next one; nil for none.
	Waiting func(attempt int, err error)
}

// DB is a connection, or a transaction on one, of which an apply is then a part.
type DB interface {
	Begin(ctx context.Context) (pgx.Tx, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// Plan carries p out on db, in one transaction. Errors of the server name the change at which they came. As a part of a
// transaction it is tried once: that one may hold what others wait for. Not safe for concurrent use of the connection;
// safe against another apply on the same database.
func Plan(ctx context.Context, db DB, p policies.Plan, o Options) error {
	if err := Refused(p, o.Allow); err != nil {
		return err
	}
	if o.LockTimeout <= 0 {
		o.LockTimeout = 2 * time.Second
	}
	conn, alone := db.(*pgx.Conn)
	if !alone {
		o.LockRetries = 0
	}
	for attempt := 1; ; attempt++ {
		err := once(ctx, db, p, o)
		if err == nil || ctx.Err() != nil || !passing(err) {
			return err
		}
		told := blocked(ctx, db, err) // of takeLocks, who has tried again itself, it is so already
		if attempt > o.LockRetries || conn.IsClosed() || errors.As(err, new(*BlockedError)) {
			return told
		}
		if o.Waiting != nil {
			o.Waiting(attempt, told)
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// once is one attempt: a transaction that is committed or leaves nothing.
func once(ctx context.Context, db DB, p policies.Plan, o Options) (err error) {
	tx, err := db.Begin(ctx)
	if err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	defer func() {
		if err != nil {
			// The context may be over; the server rolls back by itself if the connection is.
			rollback, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_ = tx.Rollback(rollback)
		}
	}()
	var before string // of the transaction that this is a part of
	if err := tx.QueryRow(ctx, "SELECT pg_catalog.current_setting('lock_timeout')").Scan(&before); err != nil {
		return fmt.Errorf("apply: read lock_timeout: %w", err)
	}
	if err := timeout(ctx, tx, o.LockTimeout); err != nil {
		return err
	}
	release, err := ownership.Borrow(ctx, tx)
	if err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	if err := lockApply(ctx, tx); err != nil {
		return err
	}
	if err := release(); err != nil { // Before borrows, and gives back, for itself
		return fmt.Errorf("apply: %w", err)
	}
	// Names in policies are resolved when they are made, and must not be found anywhere else.
	if _, err := tx.Exec(ctx, "SET LOCAL search_path = pg_catalog, pg_temp"); err != nil {
		return fmt.Errorf("apply: set search_path: %w", err)
	}
	if o.Before != nil {
		if err := o.Before(ctx, tx); err != nil {
			return err
		}
	}
	// Constants of conditions are read when a view is made, as guards read them.
	if _, err := tx.Exec(ctx, policies.PinSQL(policies.Pins(p.Timezone))); err != nil {
		return fmt.Errorf("apply: set time zone %q: %w", p.Timezone, err)
	}
	if release, err = ownership.Borrow(ctx, tx); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	if err := takeLocks(ctx, tx, p, o); err != nil {
		return err
	}
	if o.Locked != nil {
		if err := o.Locked(ctx, tx); err != nil {
			return err
		}
	}
	if err := keepACLs(ctx, tx, p); err != nil {
		return err
	}
	if err := run(ctx, tx, p, o.Progress); err != nil {
		return err
	}
	if err := remember(ctx, tx, p); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, PutBackSQL); err != nil {
		return fmt.Errorf("apply: write privileges as they were: %w", err)
	}
	if err := release(); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	if err := tx.Commit(ctx); err != nil {
		if !tx.Conn().IsClosed() || pgconn.SafeToRetry(err) { // the server has answered, or was never asked
			return fmt.Errorf("apply: commit: %w", err)
		}
		return fmt.Errorf("apply: %w: %w", ErrUncertain, err)
	}
	return nil
}

// Refused says why a plan is not carried out at all: ErrRefused, or ErrHazard with the hazards that were not allowed.
func Refused(p policies.Plan, allow []policies.Hazard) error {
	if p.Notes.HasErrors() {
		return ErrRefused
	}
	var missing []string
	for _, h := range Hazards(p) {
		if h != policies.NarrowsAccess && !slices.Contains(allow, h) {
			missing = append(missing, string(h))
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("%w: %s", ErrHazard, strings.Join(missing, ","))
	}
	return nil
}

// Hazards returns the hazards of a plan, each once, sorted.
func Hazards(p policies.Plan) []policies.Hazard {
	out := slices.Clone(p.Hazards)
	for _, c := range p.Changes {
		out = append(out, c.Hazards...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func run(ctx context.Context, tx pgx.Tx, p policies.Plan, progress func(int, int, policies.Change)) error {
	owner := false
	for i, c := range p.Changes {
		if progress != nil {
			progress(i, len(p.Changes), c)
		}
		if c.Object.AsOwner != owner {
			step := ownership.Become
			if owner {
				step = ownership.Leave
			}
			if err := step(ctx, tx); err != nil {
				return fmt.Errorf("apply: %w", err)
			}
			owner = c.Object.AsOwner
		}
		if strings.TrimSpace(c.SQL) == "" {
			continue
		}
		if _, err := tx.Exec(ctx, c.SQL, pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("apply: %s %s: %w", c.Op, c.Object.Title, err)
		}
	}
	if owner {
		return ownership.Leave(ctx, tx)
	}
	return nil
}
