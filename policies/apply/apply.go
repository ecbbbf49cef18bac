// Package apply carries a plan out: one transaction under an advisory lock, everything or nothing.
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
	ErrLocked       = errors.New("another apply is running")
)

// ErrNotMade means that the server took a GRANT or REVOKE without carrying it out, because the login may not give or
// take that privilege, or because somebody else than the table's owner gave it. Nothing has been changed.
var ErrNotMade = errors.New("the server did not give or take a privilege")

// ErrUncertain means that the connection was lost while the server was committing: the changes may be there or not.
var ErrUncertain = errors.New("the connection was lost at the commit")

// Options of one apply. The zero value allows NARROWS_ACCESS alone and waits 5 s for each lock.
type Options struct {
	Allow       []policies.Hazard
	LockTimeout time.Duration
	// Recheck plans again inside the transaction, after the locks are held. The plan is carried out only if the state
	// hash of the new one is the same.
	Recheck func(ctx context.Context, tx pgx.Tx) (policies.Plan, error)
	// Progress is told each change before it runs; nil for none.
	Progress func(done, total int, c policies.Change)
}

// LockKey is the advisory lock that all applies of a database share: the first 8 bytes of "rlsctl\x00a".
const LockKey int64 = 0x726c7363746c0061

// DB is a connection, or a transaction on one, of which an apply is then a part.
type DB interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Plan carries p out on db. Errors of the server name the change at which they came. Not safe for concurrent use of
// the connection; safe against another apply on the same database.
func Plan(ctx context.Context, db DB, p policies.Plan, o Options) (err error) {
	if err := refuse(p, o.Allow); err != nil {
		return err
	}
	timeout := o.LockTimeout
	if timeout <= 0 {
		timeout = 5 * time.Second
	}
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
	var locked bool
	if err := tx.QueryRow(ctx, "SELECT pg_catalog.pg_try_advisory_xact_lock($1)", LockKey).Scan(&locked); err != nil {
		return fmt.Errorf("apply: take the advisory lock: %w", err)
	}
	if !locked {
		return ErrLocked
	}
	if _, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d", timeout.Milliseconds())); err != nil {
		return fmt.Errorf("apply: set lock_timeout: %w", err)
	}
	// Names in policies are resolved when they are made, and must not be found anywhere else.
	if _, err := tx.Exec(ctx, "SET LOCAL search_path = pg_catalog, pg_temp"); err != nil {
		return fmt.Errorf("apply: set search_path: %w", err)
	}
	if err := lockTables(ctx, tx, p); err != nil {
		return err
	}
	if o.Recheck != nil {
		now, err := o.Recheck(ctx, tx)
		if err != nil {
			return err
		}
		if now.StateHash != p.StateHash {
			return ErrStateChanged
		}
	}
	release, err := ownership.Borrow(ctx, tx)
	if err != nil {
		return fmt.Errorf("apply: %w", err)
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

func refuse(p policies.Plan, allow []policies.Hazard) error {
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
	var out []policies.Hazard
	for _, c := range p.Changes {
		out = append(out, c.Hazards...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lockTables takes the locks of the plan's statements in one fixed order, before any of them runs: two programs that
// lock the same tables in different orders would wait for each other. Whoever reads a partitioned table locks it before
// its partitions, and so does the plan.
func lockTables(ctx context.Context, tx pgx.Tx, p policies.Plan) error {
	for _, t := range p.Locks {
		if _, err := tx.Exec(ctx, "LOCK TABLE ONLY "+t+" IN ACCESS EXCLUSIVE MODE"); err != nil {
			var pg *pgconn.PgError
			if errors.As(err, &pg) && pg.Code == "42P01" { // dropped by hand: its objects went with it
				return fmt.Errorf("apply: table %s is gone: %w", t, err)
			}
			return fmt.Errorf("apply: lock %s: %w", t, err)
		}
	}
	return nil
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

// granted returns the names of the privileges that p gives or takes.
func granted(p policies.Plan) []string {
	var out []string
	for _, c := range p.Changes {
		if c.Object.Kind == policies.KindPrivilege && c.Op != policies.OpDrop {
			out = append(out, c.Object.Name)
		}
	}
	return out
}

// keepACLs remembers how the privileges were written that p is about to change.
func keepACLs(ctx context.Context, tx pgx.Tx, p policies.Plan) error {
	names := granted(p)
	if len(names) == 0 {
		return nil
	}
	if err := ownership.Become(ctx, tx); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	if _, err := tx.Exec(ctx, "SELECT rls.keep_acls($1)", names); err != nil {
		return fmt.Errorf("apply: remember the privileges of before: %w", err)
	}
	return ownership.Leave(ctx, tx)
}

// PutBackSQL ends what takes the last object away: privileges that are again what they were before the toolkit are written
// as they were. It does nothing while objects are left, and for a login that is no database superuser.
const PutBackSQL = `DO $$
BEGIN
    IF (SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user) THEN
        IF NOT EXISTS (SELECT FROM rls.compiled) THEN
            PERFORM rls.put_back_acls();
        END IF;
    END IF;
END
$$`

// The statements that keep the manifest, with places for parameters or literals.
const (
	forgetSQL   = "DELETE FROM rls.compiled WHERE kind = %s AND name = %s"
	rememberSQL = `INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
VALUES (%s, %s, %s, %s, %s, %s, %s, '', %s, %s)
ON CONFLICT (kind, name) DO UPDATE SET resource = EXCLUDED.resource, title = EXCLUDED.title, table_name = EXCLUDED.table_name,
    shape = EXCLUDED.shape, hash = EXCLUDED.hash, undo = EXCLUDED.undo, as_owner = EXCLUDED.as_owner, applied_at = now()`
	// Everything, not the plan's objects alone: a grant to one role shows in the fingerprint of another object.
	fingerprintSQL = `UPDATE rls.compiled AS i SET fingerprint = s.fingerprint FROM rls.object_state AS s
WHERE s.kind = i.kind AND s.name = i.name AND i.fingerprint <> s.fingerprint`
	missingSQL = `SELECT coalesce(string_agg(DISTINCT i.title, ', '), '') FROM rls.compiled AS i
WHERE i.kind <> 'grant' AND NOT EXISTS (SELECT FROM rls.object_state AS s WHERE s.kind = i.kind AND s.name = i.name)
   OR i.kind = 'privilege' AND EXISTS (
       SELECT FROM pg_catalog.pg_class AS c
       JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
       CROSS JOIN LATERAL aclexplode(c.relacl) AS x
       WHERE i.name = '"narrowed"."' || replace(n.nspname, '"', '""') || '"."' || replace(c.relname, '"', '""') || '"'
         AND x.privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
         AND (x.grantee = 0 OR EXISTS (
             SELECT FROM rls.database_role AS d JOIN pg_catalog.pg_roles AS r ON r.rolname = d.name
             WHERE d.kind = 'client' AND r.oid = x.grantee)))`
)

// remember brings the manifest up to date, with the fingerprints that the catalog gives now.
func remember(ctx context.Context, tx pgx.Tx, p policies.Plan) error {
	if err := ownership.Become(ctx, tx); err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	b := &pgx.Batch{}
	for _, c := range p.Changes {
		o := c.Object
		if c.Op == policies.OpDrop {
			b.Queue(fmt.Sprintf(forgetSQL, "$1", "$2"), string(o.Kind), o.Name)
			continue
		}
		b.Queue(fmt.Sprintf(rememberSQL, "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9"),
			string(o.Kind), o.Name, o.Resource, o.Title, o.Table, o.Shape, o.Hash(), c.Undo, o.AsOwner)
	}
	b.Queue(fingerprintSQL)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("apply: update the manifest: %w", err)
	}
	// GRANT of what the login may not give away is a mere WARNING, and REVOKE takes only what the table's owner gave.
	var missing string
	if err := tx.QueryRow(ctx, missingSQL).Scan(&missing); err != nil {
		return fmt.Errorf("apply: look for what was not made: %w", err)
	}
	if missing != "" {
		return fmt.Errorf("apply: %w: %s", ErrNotMade, missing)
	}
	return ownership.Leave(ctx, tx)
}
