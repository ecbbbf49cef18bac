package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"golang.org/x/term"

	"github.com/rlsctl/rlsctl/policies"
)

// Streams is what the program talks to. A nil Getenv is the environment of the process; an empty Dir is its directory.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
	Getenv   func(string) string
	Dir      string // where relative file names start
}

func (s Streams) withDefaults() Streams {
	if s.Getenv == nil {
		s.Getenv = os.Getenv
	}
	return s
}

// app is what the commands share.
type app struct {
	Streams
	databaseURL string // of --database-url
	running     bool   // a command has begun: its errors are no longer about the command line
	result      *result
	inJSON      bool                 // the command was asked for its result as JSON
	judged      policies.Diagnostics // of a model that a command stopped at
}

// result is the standard output, and whether something is on it.
type result struct {
	io.Writer
	begun bool
}

func (r *result) Write(p []byte) (int, error) {
	r.begun = true
	return r.Writer.Write(p)
}

func (r *result) IsTerminal() bool { return terminal(r.Writer) }

// path resolves a file name of the command line.
func (a *app) path(name string) string {
	if a.Dir == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(a.Dir, name)
}

// readFile reads a file of the command line; - is the standard input.
func (a *app) readFile(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(a.In)
	}
	data, err := os.ReadFile(a.path(name))
	var failed *os.PathError
	if errors.As(err, &failed) {
		return nil, usagef("read %q: %w", name, failed.Err).hint("Name a file that can be read.")
	}
	return data, err
}

// database returns the connection string, or "" where the PG* variables decide.
func (a *app) database() string {
	if a.databaseURL != "" {
		return a.databaseURL
	}
	return a.Getenv("DATABASE_URL")
}

// configured reports whether any database is named at all.
func (a *app) configured() bool {
	if a.database() != "" {
		return true
	}
	for _, name := range []string{"PGHOST", "PGDATABASE", "PGSERVICE"} {
		if a.Getenv(name) != "" {
			return true
		}
	}
	return false
}

// errDatabaseURL is all that is said about a connection string that cannot be read: it may hold a password anywhere.
func errDatabaseURL() error {
	return usagef("the database URL cannot be read").
		hint("Write postgres://user@host:port/database, special characters percent-encoded, with the password in PGPASSWORD or a password file.")
}

// config reads the connection string. Its errors hold nothing of it.
func (a *app) config() (*pgx.ConnConfig, error) {
	dsn := a.database()
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		// A password with a raw /, ? or # would be taken for a port, a database or an option, and be shown as such.
		u, err := url.Parse(dsn)
		if err != nil || u.Fragment != "" || strings.ContainsRune(u.RawQuery, '@') || strings.ContainsRune(u.EscapedPath(), '@') {
			return nil, errDatabaseURL()
		}
	} else if dsn != "" && !strings.Contains(dsn, "=") {
		return nil, errDatabaseURL()
	}
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, errDatabaseURL()
	}
	for name, value := range map[string]string{"application_name": "rlsctl", "client_encoding": "UTF8"} {
		if _, ok := config.RuntimeParams[name]; !ok {
			config.RuntimeParams[name] = value
		}
	}
	// Ctrl-C tells the server, which rolls back at once instead of when it next looks at the connection.
	config.BuildContextWatcherHandler = func(pg *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: pg, DeadlineDelay: 3 * time.Second}
	}
	return config, nil
}

// connect opens a connection. Its errors name host, database and login, never the connection string or the password.
func (a *app) connect(ctx context.Context) (*pgx.Conn, error) {
	config, err := a.config()
	if err != nil {
		return nil, err
	}
	defer a.progress("connecting to the database")()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err == nil {
		// What ordinary users have put into public must not be found in place of PostgreSQL's own. By a statement, because
		// poolers refuse it as a startup parameter.
		if _, err = conn.Exec(ctx, "SET search_path = pg_catalog, pg_temp"); err == nil {
			return conn, nil
		}
		_ = conn.Close(context.WithoutCancel(ctx))
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	hint := "Check --database-url or DATABASE_URL, and that the server runs."
	if a.database() == "" {
		hint = "Set DATABASE_URL, or name the database with --database-url."
	}
	err = fmt.Errorf("connect to database %q on %s, port %d, as %q: %w", config.Database, config.Host, config.Port, config.User, reason(err))
	return nil, (&exitError{code: exitUnexpected, err: err}).hint("%s", hint)
}

// reason is the last cause of a failed connection, without what pgx says about the connection string.
func reason(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg
	}
	for {
		switch e := err.(type) {
		case interface{ Unwrap() []error }:
			list := e.Unwrap()
			if len(list) == 0 {
				return err
			}
			err = list[len(list)-1]
		case interface{ Unwrap() error }:
			next := e.Unwrap()
			if next == nil {
				return err
			}
			err = next
		default:
			return err
		}
	}
}

// withConn calls fn with a connection that is closed afterwards.
func (a *app) withConn(ctx context.Context, fn func(*pgx.Conn) error) error {
	conn, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is pending
	return fn(conn)
}

// json prints v as the result.
func (a *app) json(v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := a.Out.Write(printableJSON(b.Bytes()))
	return err
}

// confirm asks a question that only "yes" or "y" answers. Without a terminal it is a wrong command line, because
// nobody can answer.
func (a *app) confirm(ctx context.Context, question string) (bool, error) {
	if !terminal(a.In) {
		return false, usagef("there is no terminal to ask on").hint("Add --yes to go on without asking.")
	}
	fmt.Fprintf(a.Err, "%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(a.In).ReadString('\n')
		answer <- line
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(a.Err)
		return false, ctx.Err()
	case line := <-answer:
		switch strings.ToLower(strings.TrimSpace(line)) {
		case "y", "yes":
			return true, nil
		}
		return false, nil
	}
}

// terminal reports whether a stream is one.
func terminal(stream any) bool {
	if t, ok := stream.(interface{ IsTerminal() bool }); ok { // of tests
		return t.IsTerminal()
	}
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

type colour string

const (
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
	cyan   colour = "36"
	bold   colour = "1"
)

// paint colours text where w is a terminal and NO_COLOR is not set. Source: https://no-color.org.
func (a *app) paint(w io.Writer, c colour, text string) string {
	if a.Getenv("NO_COLOR") != "" || a.Getenv("TERM") == "dumb" || !terminal(w) {
		return text
	}
	return "\x1b[" + string(c) + "m" + text + "\x1b[0m"
}
