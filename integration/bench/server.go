package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/pgserver"
	"github.com/rlsctl/rlsctl/policies"
)

// cleanupLimit is how long putting one thing away may take.
const cleanupLimit = time.Minute

// server is the one PostgreSQL of a run.
type server struct {
	pg       *pgserver.Server
	dsn      *pgx.ConnConfig // of the administrator
	admin    *pgx.Conn
	prefix   string // of databases and database roles, where the server is not ours
	password string // of all logins that are made
	dir      string // for key files
	kernel   bool   // the kernel's database roles were there before
}

// startServer uses the server of url, or starts one. Both get the same settings for everybody who is compared on it.
func startServer(ctx context.Context, url, sharedBuffers string, log io.Writer) (s *server, err error) {
	s = &server{password: random(12)}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	if s.dir, err = os.MkdirTemp("", "rlsctl-bench-"); err != nil {
		return s, err
	}
	s.pg, err = pgserver.Start(ctx, pgserver.Options{
		URL: url, Install: true, Settings: map[string]string{"shared_buffers": sharedBuffers},
		Log: func(format string, args ...any) { fmt.Fprintf(log, format+"\n", args...) },
	})
	if err != nil {
		return s, err
	}
	if s.dsn, err = pgx.ParseConfig(s.pg.URL("", "")); err != nil {
		return s, errors.New("the database URL cannot be read") // pgx quotes it
	}
	if s.pg.Kind() == pgserver.KindLocal && s.pg.SocketDir() != "" {
		s.dsn.Host, s.dsn.Fallbacks = s.pg.SocketDir(), nil
	}
	if s.pg.Kind() == pgserver.KindURL {
		s.prefix = "bench_" + random(3) + "_"
	}
	if s.admin, err = pgx.ConnectConfig(ctx, s.dsn); err != nil {
		return s, fmt.Errorf("connect: %w", err)
	}
	err = s.admin.QueryRow(ctx, "SELECT count(*) > 0 FROM pg_roles WHERE rolname = ANY ($1)", kernel.Roles).Scan(&s.kernel)
	return s, err
}

func (s *server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), cleanupLimit)
	defer cancel()
	var err error
	if s.admin != nil {
		if !s.kernel {
			_, err = s.admin.Exec(ctx, "DROP ROLE IF EXISTS "+strings.Join(kernel.Roles, ", "))
			var pg *pgconn.PgError
			if errors.As(err, &pg) && pg.Code == "2BP01" { // another database uses them by now
				err = nil
			}
		}
		_ = s.admin.Close(ctx)
	}
	if s.pg != nil {
		err = errors.Join(err, s.pg.Stop(ctx))
	}
	if s.dir != "" {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}

// roleNames are the database roles of a run. The gateway is made by the product.
var roleNames = []string{"client", "maintenance", "reader", "wrapped", "insub", "perrow", "least"}

// role is the name of a database role on this server.
func (s *server) role(name string) string { return s.prefix + "bench_" + name }

func (s *server) makeRoles(ctx context.Context) error {
	var sql strings.Builder
	for _, name := range roleNames {
		role := policies.Ident(s.role(name))
		if name == "reader" {
			fmt.Fprintf(&sql, "CREATE ROLE %s LOGIN PASSWORD %s;\n", role, policies.Literal(s.password))
			continue
		}
		fmt.Fprintf(&sql, "CREATE ROLE %s NOLOGIN;\n", role)
	}
	for _, name := range []string{"wrapped", "insub", "perrow", "least"} {
		fmt.Fprintf(&sql, "GRANT %s TO %s;\n", policies.Ident(s.role(name)), policies.Ident(s.role("reader")))
	}
	if _, err := s.admin.Exec(ctx, sql.String(), pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("create the database roles: %w", err)
	}
	return nil
}

func (s *server) dropRoles(ctx context.Context) error {
	list := make([]string, 0, len(roleNames)+1)
	for _, name := range append([]string{"gateway"}, roleNames...) {
		list = append(list, policies.Ident(s.role(name)))
	}
	if _, err := s.admin.Exec(ctx, "DROP ROLE IF EXISTS "+strings.Join(list, ", ")); err != nil {
		return fmt.Errorf("drop the database roles: %w", err)
	}
	return nil
}

// config is how to connect as a role ("" is the administrator) to a database.
func (s *server) config(role, database string) *pgx.ConnConfig {
	c := s.dsn.Copy()
	c.Database = database
	if role != "" {
		c.User, c.Password = role, s.password
	}
	return c
}

func random(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // it never fails
	return hex.EncodeToString(b)
}
