package pgtest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/internal/pgserver"
)

// Database is a database of one test. Its methods are safe for concurrent use.
type Database struct {
	server *Server
	name   string

	mu        sync.Mutex
	conn      *pgx.Conn // the database superuser's, for Exec
	roles     []string
	passwords map[string]string // of roles, where the server may ask for one
}

// Name is the database's name. It needs no quotes.
func (d *Database) Name() string { return d.name }

// Server is the server that the database is on.
func (d *Database) Server() *Server { return d.server }

// URL is a DSN of this database for a database role; "" is the database superuser.
func (d *Database) URL(user string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if password, ok := d.passwords[user]; ok {
		user += ":" + password
	}
	return d.server.pg.URL(user, d.name)
}

// Conn connects as a database role; "" is the database superuser. The connection is closed when the test ends.
func (d *Database) Conn(t testing.TB, user string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), d.URL(user))
	if err != nil {
		t.Fatalf("pgtest: connect as %q: %s", user, describe(err))
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// Pool makes a pool of connections as a database role. It is closed when the test ends, which fails the test if a
// connection was not given back.
func (d *Database) Pool(t testing.TB, user string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), d.URL(user))
	if err != nil {
		t.Fatalf("pgtest: connect as %q: %s", user, describe(err))
	}
	t.Cleanup(func() {
		closed := make(chan struct{})
		go func() {
			pool.Close()
			close(closed)
		}()
		select {
		case <-closed:
		case <-time.After(10 * time.Second):
			t.Errorf("pgtest: %d connections of the pool were not given back", pool.Stat().AcquiredConns())
		}
	})
	return pool
}

// Exec runs SQL as the database superuser; without args it may be many statements, in one transaction.
// What it sets in its session is forgotten afterwards.
func (d *Database) Exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if d.conn == nil {
		conn, err := pgx.Connect(ctx, d.server.pg.URL("", d.name))
		if err != nil {
			t.Fatalf("pgtest: connect: %s", describe(err))
		}
		d.conn = conn
	}
	var err error
	if len(args) == 0 {
		_, err = d.conn.PgConn().Exec(ctx, sql).ReadAll()
	} else {
		// This mode leaves no prepared statement behind that DISCARD would take away from pgx.
		_, err = d.conn.Exec(ctx, sql, append([]any{pgx.QueryExecModeDescribeExec}, args...)...)
	}
	if _, discardErr := d.conn.PgConn().Exec(ctx, "DISCARD ALL").ReadAll(); discardErr != nil {
		_ = d.conn.Close(ctx) // it is in a transaction still, or broken
		d.conn = nil
	}
	if err != nil {
		t.Fatalf("pgtest: exec: %s", describe(err))
	}
}

// Role makes a database role named base_<unique>, because database roles belong to the whole server, and returns its
// name. options are those of CREATE ROLE, such as "LOGIN". It is dropped after the database is.
func (d *Database) Role(t testing.TB, base, options string) string {
	t.Helper()
	name := unique(base)
	sql := "CREATE ROLE " + quote(name) + " " + options
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.server.Kind() == pgserver.KindURL && !strings.Contains(strings.ToUpper(options), "PASSWORD") {
		d.passwords[name] = random(16)
		sql += " PASSWORD '" + d.passwords[name] + "'"
	}
	ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
	defer cancel()
	if _, err := d.server.admin.Exec(ctx, sql); err != nil {
		t.Fatalf("pgtest: create role: %s", describe(err))
	}
	d.roles = append(d.roles, name)
	return name
}

// Psql runs psql on this database as a database role, with the SQL as its input. It stops at the first error and
// prints rows only, without alignment. env are additional variables, such as "PGOPTIONS=-c role=reader".
func (d *Database) Psql(t testing.TB, user, sql string, env ...string) (stdout, stderr string, err error) {
	t.Helper()
	flags := []string{"-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"}
	cmd := exec.CommandContext(t.Context(), "psql")
	switch path, id := d.server.pg.Psql(), d.server.pg.ContainerID(); {
	case path != "":
		cmd = exec.CommandContext(t.Context(), path, append(flags, "-d", d.URL(user))...)
		clean := slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "PG") })
		cmd.Env = append(clean, env...)
	case id != "":
		if user == "" {
			user = d.server.pg.Superuser()
		}
		args := []string{"exec", "-i"}
		for _, pair := range env {
			args = append(args, "-e", pair)
		}
		args = append(args, id, "psql")
		args = append(args, flags...)
		cmd = exec.CommandContext(t.Context(), "docker", append(args, "-h", "127.0.0.1", "-U", user, "-d", d.name)...)
	default:
		t.Fatal("pgtest: no psql on this machine: run apt-get install -y postgresql-client")
	}
	var outBuf, errBuf bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(sql), &outBuf, &errBuf
	err = cmd.Run()
	return outBuf.String(), errBuf.String(), err
}

// drop drops the database, whoever is still connected, and then the roles, which nothing depends on any more.
func (d *Database) drop() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
	defer cancel()
	if d.conn != nil {
		_ = d.conn.Close(ctx)
		d.conn = nil
	}
	if _, err := d.server.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(d.name)+" WITH (FORCE)"); err != nil {
		return err
	}
	if len(d.roles) == 0 {
		return nil
	}
	var names []string
	for _, name := range d.roles {
		names = append(names, quote(name))
		for _, form := range []string{"any", "narrow", "middle", "wide", "all"} { // a role may have become a client role of a model
			names = append(names, quote("rls_"+form+"_"+name))
		}
	}
	_, err := d.server.admin.Exec(ctx, "DROP ROLE IF EXISTS "+strings.Join(names, ", "))
	return err
}
