package maintenance

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What a guardian and its maintenance tell each other, a line each.
const (
	Ready    = "ready"    // the guardian watches
	Child    = "child "   // and the process that the maintenance runs
	Done     = "done"     // the maintenance has put everything back itself
	Lost     = "lost"     // its connection is gone, so the guardian puts everything back
	Restored = "restored" // and has done so
)

const (
	watchEvery = 500 * time.Millisecond
	giveUp     = 15 * time.Minute // without an answer of the server
	firstPause = 100 * time.Millisecond
	maxPause   = 3 * time.Second
)

// Guardian is the process beside a maintenance that puts FORCE ROW LEVEL SECURITY back where the maintenance cannot.
type Guardian struct {
	Watched Backend // of the maintenance
	Connect func(context.Context) (*pgx.Conn, error)
	In      io.Reader // from the maintenance; it ends with it
	Out     io.Writer // to the maintenance
	Log     io.Writer // to whoever is left
}

// Watch returns nil once the maintenance is done, or once everything is back although it is not. The maintenance has died
// when In ends, and has lost its connection when the server has no such backend any more. Then what it runs is ended first: it would go
// on as an owner who sees no rows, and might hold locks.
func (g Guardian) Watch(ctx context.Context) error {
	conn, err := g.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // whichever it is by then
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(g.In); s.Scan(); {
			lines <- s.Text()
		}
	}()
	fmt.Fprintln(g.Out, Ready)

	var child *os.Process
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case line, alive := <-lines:
			switch {
			case line == Done:
				return nil
			case strings.HasPrefix(line, Child):
				if pid, err := strconv.Atoi(strings.TrimPrefix(line, Child)); err == nil {
					child, _ = os.FindProcess(pid)
				}
				continue
			case alive:
				continue
			}
			fmt.Fprintln(g.Log, "rlsctl: the maintenance has died")
			if child != nil && child.Signal(syscall.SIGTERM) == nil {
				fmt.Fprintln(g.Log, "rlsctl: its command was told to end")
			}
		case <-tick.C:
			var alive bool
			err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = $1 AND a.backend_start = $2)",
				g.Watched.PID, g.Watched.Start).Scan(&alive)
			if err != nil { // whether the maintenance has lost its connection as well is asked on the next one
				if again, err := g.connect(ctx); err == nil {
					_ = conn.Close(ctx)
					conn = again
				}
				continue
			}
			if alive {
				continue
			}
			fmt.Fprintln(g.Log, "rlsctl: the connection of the maintenance is lost")
			fmt.Fprintln(g.Out, Lost)
		}
		break
	}
	restored, err := Insist(ctx, conn, g.Connect)
	if len(restored) > 0 {
		fmt.Fprintf(g.Log, "rlsctl: FORCE ROW LEVEL SECURITY is back on %s\n", Names(restored))
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(g.Out, Restored)
	return nil
}

func (g Guardian) connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := g.Connect(ctx)
	if err != nil {
		return nil, err
	}
	if err := Steady(ctx, conn); err != nil {
		_ = conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

// Insist restores until everything is back: it waits for tables that are in use, and connects again where the connection
// is lost. It gives up where the server says that it never will, or does not answer for a quarter of an hour.
func Insist(ctx context.Context, conn *pgx.Conn, connect func(context.Context) (*pgx.Conn, error)) (restored []Table, err error) {
	answered, pause := time.Now(), firstPause
	for {
		if conn == nil || conn.IsClosed() {
			if conn, err = connect(ctx); err == nil {
				defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is pending
			}
		}
		if conn != nil && !conn.IsClosed() {
			var some []Table
			some, err = Restore(ctx, conn, DefaultLockTimeout)
			restored = append(restored, some...)
			if err == nil {
				return restored, nil
			}
		}
		var pg *pgconn.PgError
		switch {
		case errors.As(err, &pg) && hopeless(pg.Code), ctx.Err() != nil:
			return restored, err
		case errors.As(err, &pg):
			answered = time.Now()
		case time.Since(answered) > giveUp:
			return restored, err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return restored, err
		}
		pause = min(2*pause, maxPause)
	}
}

// hopeless is an answer that stays the same: rights, passwords, a database or a schema that is gone.
func hopeless(code string) bool {
	switch code[:2] {
	case "28", "3D", "3F":
		return true
	}
	return code == "42501" || code == "42P01"
}
