// Package pgtest gives tests a PostgreSQL server of their own, and databases in it that no other test shares.
//
// A test binary that calls Main in its TestMain starts at most one server, when the first test asks for it:
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
// RLSCTL_TEST_SERVER chooses it: container, local or url (DATABASE_URL). By default it is a throw-away cluster of the
// server binaries on the machine, which is faster, else a container. RLSCTL_TEST_PG is the major version.
// A test that finds no server fails; it is never skipped.
package pgtest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/internal/pgserver"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/sql"
)

// defaultMajor is the version of the container if RLSCTL_TEST_PG is not set: the oldest supported one.
const defaultMajor = 15

const (
	startLimit = 10 * time.Minute // the first start on a machine may load or build an image
	stepLimit  = time.Minute      // making or dropping one database
)

// shared is the one server of this test binary.
var shared struct {
	sync.Mutex
	started bool
	server  *Server
	err     error
}

// Main runs the tests, stops the shared server and returns the exit code. It also stops the server on an interrupt.
func Main(m *testing.M) int {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-signals; !ok {
			return
		}
		_ = stopShared()
		os.Exit(130)
	}()
	code := m.Run()
	signal.Stop(signals)
	close(signals)
	if err := stopShared(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		code = max(code, 1)
	}
	return code
}

func stopShared() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
	defer cancel()
	return shared.server.stop(ctx)
}

// Shared returns this test binary's server and starts it on first use. The test fails if there is none.
func Shared(t testing.TB) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if !shared.started {
		shared.started = true
		ctx, cancel := context.WithTimeout(context.Background(), startLimit)
		defer cancel()
		shared.server, shared.err = start(ctx)
		if shared.err == nil {
			fmt.Fprintln(os.Stderr, "pgtest:", shared.server.Describe())
			for _, l := range shared.server.leaks {
				fmt.Fprintf(os.Stderr, "pgtest: OLD SERVER, allowed by name: %s (%s)\n", l.What, l.CVE)
			}
		}
	}
	if shared.err != nil {
		t.Fatalf("pgtest: %v", shared.err)
	}
	return shared.server
}

// start starts the server that the environment asks for.
func start(ctx context.Context) (*Server, error) {
	o := pgserver.Options{
		Run: runTestcontainers,
		Log: func(format string, args ...any) {
			if strings.HasPrefix(format, "started") {
				return
			}
			fmt.Fprintf(os.Stderr, "pgtest: "+format+"\n", args...)
		},
	}
	if text := os.Getenv("RLSCTL_TEST_PG"); text != "" {
		major, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("RLSCTL_TEST_PG %q is not a major version", text)
		}
		o.Major = major
	}
	container := func() (*pgserver.Server, error) {
		o := o
		o.Prefer = pgserver.KindContainer
		if o.Major == 0 {
			o.Major = defaultMajor
		}
		return pgserver.Start(ctx, o)
	}
	var pg *pgserver.Server
	var err error
	switch source := os.Getenv("RLSCTL_TEST_SERVER"); source {
	case "":
		o.Prefer = pgserver.KindLocal
		if pg, err = pgserver.Start(ctx, o); errors.Is(err, pgserver.ErrNoServer) && pgserver.EngineAnswers(ctx) {
			pg, err = container()
		}
	case pgserver.KindContainer:
		pg, err = container()
	case pgserver.KindLocal:
		o.Prefer = pgserver.KindLocal
		pg, err = pgserver.Start(ctx, o)
	case pgserver.KindURL:
		o.Prefer, o.URL = pgserver.KindURL, os.Getenv("DATABASE_URL")
		pg, err = pgserver.Start(ctx, o)
	default:
		err = fmt.Errorf("RLSCTL_TEST_SERVER %q is not one of container, local, url", source)
	}
	if err != nil {
		return nil, err
	}
	s := &Server{pg: pg, templates: map[string]*template{}}
	cfg, err := pgxpool.ParseConfig(pg.URL("", "postgres"))
	if err == nil {
		cfg.MaxConns = 4
		cfg.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
		s.admin, err = pgxpool.NewWithConfig(ctx, cfg)
	}
	if err != nil {
		_ = pg.Stop(ctx)
		return nil, errors.New("connect to the server: not a valid connection string")
	}
	leaks, _ := s.admin.Query(ctx, sql.ServerLeaks(), s.Version()) // its error is CollectRows's, too
	s.leaks, err = pgx.CollectRows(leaks, pgx.RowToStructByPos[policies.Leak])
	s.leaks = slices.DeleteFunc(s.leaks, func(l policies.Leak) bool { return !l.Total })
	if err != nil {
		_ = pg.Stop(ctx)
		return nil, err
	}
	return s, nil
}

// Server is a PostgreSQL server for tests. Its methods are safe for concurrent use.
type Server struct {
	pg    *pgserver.Server
	admin *pgxpool.Pool // to the database "postgres"
	leaks []policies.Leak

	mu        sync.Mutex // held while a template is made: templates make cluster-wide database roles
	templates map[string]*template
}

// template is a database to copy, or why it could not be made.
type template struct {
	name string
	err  error
}

// Version is the server's server_version_num, for example 150018.
func (s *Server) Version() int { return s.pg.Version() }

// Old reports whether the server has a known hole that lets clients past every policy, so that it has to be allowed by name.
func (s *Server) Old() bool { return len(s.leaks) > 0 }

// Kind is where the server comes from: "container", "local" or "url".
func (s *Server) Kind() string { return s.pg.Kind() }

// Describe says version and source: "PostgreSQL 15.18 in a container".
func (s *Server) Describe() string {
	release, _, _ := strings.Cut(s.pg.Describe(), ",")
	switch s.Kind() {
	case pgserver.KindContainer:
		return release + " in a container"
	case pgserver.KindURL:
		return release + " of DATABASE_URL"
	default:
		return release + " on this machine"
	}
}

// stop drops what outlives the tests on a server that is not ours, and stops one that is.
func (s *Server) stop(ctx context.Context) error {
	if s.Kind() == pgserver.KindURL {
		for _, made := range s.templates {
			_, _ = s.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(made.name)+" WITH (FORCE)")
		}
	}
	s.admin.Close()
	return s.pg.Stop(ctx)
}

// Database makes an empty database, which is dropped when the test ends, together with its roles.
func (s *Server) Database(t testing.TB) *Database {
	t.Helper()
	return s.create(t, "template0")
}

// Clone makes a copy of the template database, which prepare fills once per server; url is the database superuser's.
// The first caller's prepare wins. If it fails, it is not tried again, and every test that wants the template fails.
// PostgreSQL copies neither the settings nor the privileges of the database itself, only what is in it.
func (s *Server) Clone(t testing.TB, name string, prepare func(ctx context.Context, url string) error) *Database {
	t.Helper()
	made := s.template(name, prepare)
	if made.err != nil {
		t.Fatalf("pgtest: template %q: %s", name, describe(made.err))
	}
	return s.create(t, made.name)
}

// template returns the template of a name and makes it on first use.
func (s *Server) template(name string, prepare func(ctx context.Context, url string) error) *template {
	s.mu.Lock()
	defer s.mu.Unlock()
	made, ok := s.templates[name]
	if !ok {
		made = &template{name: unique("template_" + name)}
		made.err = s.fill(made.name, prepare)
		s.templates[name] = made
	}
	return made
}

func (s *Server) fill(name string, prepare func(ctx context.Context, url string) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	lock, err := s.admin.Acquire(ctx)
	if err != nil {
		return err
	}
	defer lock.Release()
	// The lock is between processes too, for a server that several of them share.
	const key = 0x726c7363746c // "rlsctl"
	if _, err := lock.Exec(ctx, fmt.Sprintf("SELECT pg_advisory_lock(%d)", key)); err != nil {
		return err
	}
	defer func() {
		_, _ = lock.Exec(context.WithoutCancel(ctx), fmt.Sprintf("SELECT pg_advisory_unlock(%d)", key))
	}()
	if _, err := lock.Exec(ctx, "CREATE DATABASE "+quote(name)+" TEMPLATE template0"); err != nil {
		return err
	}
	if err := prepare(ctx, s.pg.URL("", name)); err != nil {
		return err
	}
	// A database is copied only while nobody is connected to it.
	for _, sql := range []string{
		"ALTER DATABASE " + quote(name) + " ALLOW_CONNECTIONS false",
		"SELECT pg_terminate_backend(pid, 10000) FROM pg_catalog.pg_stat_activity WHERE datname = '" + name + "'",
	} {
		if _, err := lock.Exec(ctx, sql); err != nil {
			return err
		}
	}
	return nil
}

// create makes a database from a template and registers its end.
func (s *Server) create(t testing.TB, from string) *Database {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
	defer cancel()
	d := &Database{server: s, name: unique(t.Name()), passwords: map[string]string{}}
	if _, err := s.admin.Exec(ctx, "CREATE DATABASE "+quote(d.name)+" TEMPLATE "+quote(from)); err != nil {
		t.Fatalf("pgtest: create database: %s", describe(err))
	}
	t.Cleanup(func() {
		if err := d.drop(); err != nil {
			t.Errorf("pgtest: drop database %q: %s", d.name, describe(err))
		}
	})
	return d
}

// unique makes a name that needs no quotes and fits in PostgreSQL's 63 bytes: the base, shortened, and eight hex digits.
func unique(base string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(base) {
		if r < 'a' || r > 'z' {
			if r < '0' || r > '9' || b.Len() == 0 {
				r = '_'
			}
		}
		b.WriteRune(r)
		if b.Len() == 54 {
			break
		}
	}
	return b.String() + "_" + random(4)
}

func random(bytes int) string {
	buf := make([]byte, bytes)
	_, _ = rand.Read(buf) // it never fails
	return hex.EncodeToString(buf)
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// describe is an error with what PostgreSQL says besides the message.
func describe(err error) string {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return err.Error()
	}
	text := pgErr.Message + " (SQLSTATE " + pgErr.Code + ")"
	for _, part := range []struct{ name, text string }{{"detail", pgErr.Detail}, {"hint", pgErr.Hint}, {"where", pgErr.Where}} {
		if part.text != "" {
			text += "\n  " + part.name + ": " + part.text
		}
	}
	return text
}
