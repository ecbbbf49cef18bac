package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/internal/maintenance"
	"github.com/rlsctl/rlsctl/policies"
)

const (
	guardCommand = "maintenance-guard"
	graceOfChild = 10 * time.Second // from SIGTERM to SIGKILL
	guardStarts  = 30 * time.Second
)

func newMaintenanceCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "maintenance [--table TABLE]... -- CMD [ARGS]",
		Short: "Run a command while the tables' owner passes row security",
		Long: `Takes FORCE ROW LEVEL SECURITY off the protected tables, runs CMD, and puts it back, whatever becomes of CMD, of rlsctl
or of its connection. Meanwhile the owner of a table sees and writes all of its rows, COPY FROM and pg_dump included;
everybody else stays filtered. CMD connects by itself, as the owner: rlsctl changes nothing of its environment.

No lock is held while CMD runs. Every other apply or maintenance is refused as long as this one lives.
A second process watches over the first one. Where both die, as with the machine, doctor, plan and every later apply or
maintenance say so, and the latter two put it back.

Views and SECURITY DEFINER functions of the owner show all rows too while FORCE is off. Where clients may use some, the
command is refused unless the owner is a maintenance role anyway, or --allow WIDENS_ACCESS is given.

Without CMD, --restore puts back what an earlier maintenance has left.` + exitCodes(exitUsage, exitRefused) +
			exitLine(128, "and a signal: CMD ended by it") + "\nAny other exit code is that of CMD.",
		Example: `  rlsctl maintenance -- pg_restore --data-only --dbname shop dump.pgc
  rlsctl maintenance --table sales.orders -- psql -c "\copy sales.orders FROM 'orders.csv' CSV"
  rlsctl maintenance --restore`,
	}
	cmd.AddCommand(newAlterCommand(a))
	tables := cmd.Flags().StringArray("table", nil, "lift it from this protected `TABLE` alone; may be repeated")
	restore := cmd.Flags().Bool("restore", false, "put back what an earlier maintenance has left, and run nothing")
	lockTimeout := cmd.Flags().Duration("lock-timeout", maintenance.DefaultLockTimeout, "how long to wait for the lock of each table")
	var allow hazards
	cmd.Flags().Var(&allow, "allow", "`hazards` that lifting may have: WIDENS_ACCESS")
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		switch {
		case *restore && len(args) > 0:
			return usagef("--restore runs no command").hint("Leave %q out.", args[0])
		case !*restore && len(args) == 0:
			return usagef("CMD is missing on the command line").hint("Write `%s`.", cmd.UseLine())
		case len(args) > 0 && cmd.ArgsLenAtDash() != 0:
			return usagef("unexpected argument %q", args[0]).hint("Put -- before the command.")
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx := cmd.Context()
		if *lockTimeout < time.Millisecond {
			return usagef("--lock-timeout must be at least 1ms")
		}
		if *restore {
			return a.withConn(ctx, func(conn *pgx.Conn) error {
				any, err := a.putBack(ctx, conn)
				if err == nil && !any {
					a.note("nothing to put back")
				}
				return err
			})
		}
		path, err := exec.LookPath(args[0])
		if err != nil {
			return usagef("%w", err).hint("Name a program that can be run.")
		}
		m := &lifting{app: a, names: *tables, allow: allow, lockTimeout: *lockTimeout, path: path, args: args}
		return a.withConn(ctx, func(conn *pgx.Conn) error { return m.run(ctx, conn) })
	}
	return cmd
}

// newGuardCommand is the second process of a maintenance.
func newGuardCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: guardCommand, Hidden: true, Args: exactArgs("PID", "START"), Short: "Watch over a maintenance; started by it",
		RunE: func(cmd *cobra.Command, args []string) error {
			ignoreSignals()
			pid, pidErr := strconv.Atoi(args[0])
			start, startErr := time.Parse(time.RFC3339Nano, args[1])
			if err := errors.Join(pidErr, startErr); err != nil {
				return usagef("%w", err)
			}
			g := maintenance.Guardian{Watched: maintenance.Backend{PID: pid, Start: start}, Connect: a.connect, In: a.In, Out: a.Out, Log: a.Err}
			return maintained(g.Watch(context.WithoutCancel(cmd.Context())))
		},
	}
}

// lifting is one run of the command.
type lifting struct {
	*app
	names       []string
	allow       hazards
	lockTimeout time.Duration
	path        string
	args        []string
	guard       *guard
}

func (m *lifting) run(ctx context.Context, conn *pgx.Conn) (err error) {
	backend, err := maintenance.Begin(ctx, conn)
	if err != nil {
		return maintained(err)
	}
	defer maintenance.End(context.WithoutCancel(ctx), conn) // after the guardian is gone
	left, err := maintenance.Pending(ctx, conn)             // Begin says that nobody is at it any more
	if err != nil {
		return maintained(err)
	}
	if err := m.putBackLeft(ctx, conn, left); err != nil {
		return err
	}
	tables, err := maintenance.Protected(ctx, conn, m.names)
	if err != nil {
		return maintained(err)
	}
	if len(tables) == 0 {
		return failf(exitRefused, "no table is protected; nothing was changed").hint("Run rlsctl apply first, or run the command by itself.")
	}
	if !slices.Contains(m.allow, policies.WidensAccess) {
		if err := maintenance.Exposed(ctx, conn, tables); err != nil {
			return maintained(err)
		}
	}
	if m.guard, err = m.startGuard(ctx, backend); err != nil {
		return err
	}
	defer func() { m.guard.dismiss() }()
	code, err := m.lifted(ctx, conn, tables)
	if err != nil {
		return err
	}
	if code != 0 {
		return exit(code)
	}
	return nil
}

// lifted lifts, runs and restores.
func (m *lifting) lifted(ctx context.Context, conn *pgx.Conn, tables []maintenance.Table) (code int, err error) {
	defer func() {
		// Also after a panic. Neither Ctrl-C nor the end of CMD may keep it from that.
		always := context.WithoutCancel(ctx)
		restored, backErr := maintenance.Insist(always, conn, m.connect)
		if len(restored) > 0 {
			m.note("FORCE ROW LEVEL SECURITY is back on %s", maintenance.Names(restored))
		}
		if backErr != nil {
			err = errors.Join(failf(exitUnexpected, "FORCE ROW LEVEL SECURITY is not back: %w", backErr).
				hint("Run `rlsctl maintenance --restore`."), err)
		}
	}()
	for _, t := range tables {
		if !t.Forced {
			m.note("%s is without FORCE ROW LEVEL SECURITY already, by hand: run rlsctl plan", t)
			continue
		}
		if err := maintenance.Lift(ctx, conn, t, m.lockTimeout); err != nil {
			if ctx.Err() != nil {
				return 0, failf(exitRefused, "interrupted; nothing was run")
			}
			return 0, maintained(err)
		}
	}
	var owners []string
	for _, t := range tables {
		owners = append(owners, fmt.Sprintf("%q", t.Owner))
	}
	slices.Sort(owners)
	m.note("FORCE ROW LEVEL SECURITY is off on %s: now the owner, %s, passes the policies, and nobody else",
		maintenance.Names(tables), strings.Join(slices.Compact(owners), ", "))
	return m.child(ctx)
}

// child runs CMD until it ends, ctx does or the guardian says that the connection is lost.
func (m *lifting) child(ctx context.Context) (int, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	cmd := exec.CommandContext(ctx, m.path, m.args[1:]...)
	cmd.Args[0] = m.args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Dir = m.In, m.Out, m.Err, m.Dir
	cmd.Cancel = func() error { return terminate(cmd.Process) }
	cmd.WaitDelay = graceOfChild
	if err := cmd.Start(); err != nil {
		return 0, usagef("%w", err).hint("Name a program that can be run.")
	}
	m.guard.tell(fmt.Sprint(maintenance.Child, cmd.Process.Pid))
	go func() {
		if m.guard.lost() {
			stop(errLostConnection)
		}
	}()
	err := cmd.Wait()
	if cause := context.Cause(ctx); errors.Is(cause, errLostConnection) {
		return 0, failf(exitUnexpected, "%w; %s was told to end", cause, m.args[0]).hint("Look what it has done, and run it again.")
	}
	state := cmd.ProcessState
	switch status, ok := state.Sys().(syscall.WaitStatus); {
	case ok && status.Signaled():
		return 128 + int(status.Signal()), nil
	case state.ExitCode() > 0:
		return state.ExitCode(), nil
	case err != nil && ctx.Err() == nil:
		return 0, fmt.Errorf("run %s: %w", m.args[0], err)
	}
	return 0, nil
}

var errLostConnection = errors.New("the connection to the database was lost, and FORCE ROW LEVEL SECURITY is being put back")

// guard is the second process, as the first one sees it.
type guard struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines chan string
}

func (m *lifting) startGuard(ctx context.Context, watched maintenance.Backend) (*guard, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("start the guardian: %w", err)
	}
	cmd := exec.Command(self, guardCommand, strconv.Itoa(watched.PID), watched.Start.Format(time.RFC3339Nano))
	cmd.Dir, cmd.Env = m.Dir, os.Environ()
	if dsn := m.database(); dsn != "" {
		cmd.Env = append(cmd.Env, "DATABASE_URL="+dsn) // not an argument, which everybody on the machine can read
	}
	if f, ok := m.Err.(*os.File); ok {
		cmd.Stderr = f
	}
	detach(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the guardian: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the guardian: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the guardian: %w", err)
	}
	g := &guard{cmd, in, make(chan string, 4)}
	go func() {
		defer close(g.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			g.lines <- s.Text()
		}
	}()
	select {
	case line := <-g.lines:
		if line == maintenance.Ready {
			return g, nil
		}
	case <-time.After(guardStarts):
	case <-ctx.Done():
	}
	_ = cmd.Process.Kill()
	g.dismiss()
	return nil, failf(exitRefused, "the guardian process does not start; nothing was changed").hint("Check that a second connection to the database can be made.")
}

func (g *guard) tell(line string) { _, _ = io.WriteString(g.in, line+"\n") }

// lost waits until the guardian says that the connection is lost, or nothing any more.
func (g *guard) lost() bool {
	for line := range g.lines {
		if line == maintenance.Lost {
			return true
		}
	}
	return false
}

// dismiss ends the guardian, once everything is back. One that is still at work is left alone.
func (g *guard) dismiss() {
	g.tell(maintenance.Done)
	_ = g.in.Close()
	for range g.lines {
	}
	_ = g.cmd.Wait()
}

// putBack restores what an earlier maintenance has left, and refuses while that one still runs.
func (a *app) putBack(ctx context.Context, conn *pgx.Conn) (any bool, err error) {
	left, err := maintenance.Pending(ctx, conn)
	if err != nil {
		return false, maintained(err)
	}
	if len(left) > 0 && left[0].Alive {
		return false, failf(exitRefused, "a maintenance of %q is running; nothing was changed", left[0].Login).hint("Wait until it is done.")
	}
	return len(left) > 0, a.putBackLeft(ctx, conn, left)
}

func (a *app) putBackLeft(ctx context.Context, conn *pgx.Conn, left []maintenance.Lifted) error {
	if len(left) == 0 {
		return nil
	}
	a.unrestored(left)
	restored, err := maintenance.Insist(ctx, conn, a.connect)
	if err != nil {
		return maintained(err)
	}
	a.note("FORCE ROW LEVEL SECURITY is back on %s", maintenance.Names(restored))
	return nil
}

// unrestored tells what a maintenance has left behind.
func (a *app) unrestored(left []maintenance.Lifted) {
	var tables []maintenance.Table
	for _, l := range left {
		tables = append(tables, l.Table)
	}
	a.note("the maintenance of %q from %s has ended and left %s without FORCE ROW LEVEL SECURITY (%s)",
		left[0].Login, left[0].Since.UTC().Format(time.RFC3339), maintenance.Names(tables), maintenance.CodeUnrestored)
}

// maintained gives the errors of a maintenance their exit codes.
func maintained(err error) error {
	var refused *maintenance.Refusal
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &refused):
		return failf(exitRefused, "%w; nothing was changed", err).hint("%s", refused.Hint)
	case errors.As(err, &pg) && (pg.Code == "3F000" || pg.Code == "42P01" && strings.Contains(pg.Message, "rls.")):
		return failf(exitUnexpected, "%w", err).hint("Run rlsctl migrate up.")
	case errors.As(err, &pg) && pg.Code == "55P03":
		return failf(exitRefused, "%w; nothing was run", err).hint("Wait until other sessions leave the table, or give a longer --lock-timeout.")
	case lacksRights(err):
		return failf(exitRefused, "%w; nothing was run", err).hint("Connect as a database superuser, or as the owner of the tables with CREATEROLE.")
	}
	return err
}

// lacksRights reports whether the server refused for lack of privileges.
func lacksRights(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "42501"
}

// tellUnrestored tells what a maintenance has left behind, or that one runs.
func (a *app) tellUnrestored(ctx context.Context, conn *pgx.Conn) error {
	left, err := maintenance.Pending(ctx, conn)
	switch {
	case err != nil:
		return maintained(err)
	case len(left) == 0:
	case left[0].Alive:
		a.note("a maintenance of %q runs since %s, and puts FORCE ROW LEVEL SECURITY back itself", left[0].Login, left[0].Since.UTC().Format(time.RFC3339))
	default:
		a.unrestored(left)
		a.note("put it back with rlsctl maintenance --restore, or rlsctl apply")
	}
	return nil
}
