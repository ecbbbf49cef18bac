package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/pgsession"
	"github.com/rlsctl/rlsctl/policies"
)

// world is one database with people and rows, for one kind of keys at one scale.
type world struct {
	*server
	database    string
	key         keyType
	users, rows int
	viewers     []viewer
	keys        keys
	admin       *pgx.Conn
	keySource   pgsession.KeySource // of the gateway; nil before ours is prepared
}

// newWorld makes a database, loads it and prepares the contenders. The caller closes it.
func newWorld(ctx context.Context, s *server, k keyType, users, rows int, list []contender) (w *world, err error) {
	if w, err = emptyWorld(ctx, s, "bench_"+k.name); err != nil {
		return nil, err
	}
	w.key, w.users, w.rows, w.viewers = k, users, rows, viewersOf(users)
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if err := w.load(ctx); err != nil {
		return w, fmt.Errorf("load %d users and %d rows: %w", users, rows, err)
	}
	if w.keys, err = readKeys(ctx, w.admin, k); err != nil {
		return w, fmt.Errorf("read the keys: %w", err)
	}
	for _, c := range list {
		if err := c.prepare(ctx, w); err != nil {
			return w, fmt.Errorf("prepare %s: %w", c.name(), err)
		}
	}
	// Statistics, and a visibility map, so that all contenders find the tables as they are after a quiet night.
	return w, w.exec(ctx, "VACUUM ANALYZE")
}

// emptyWorld makes a database and the database roles, which do not outlive it: the product registers roles by name.
func emptyWorld(ctx context.Context, s *server, database string) (*world, error) {
	w := &world{server: s, database: s.prefix + database}
	if err := s.makeRoles(ctx); err != nil {
		return nil, err
	}
	if _, err := s.admin.Exec(ctx, "CREATE DATABASE "+policies.Ident(w.database)); err != nil {
		return nil, errors.Join(fmt.Errorf("create a database: %w", err), s.dropRoles(ctx))
	}
	var err error
	if w.admin, err = w.connect(ctx, ""); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), cleanupLimit)
	defer cancel()
	if w.admin != nil {
		_ = w.admin.Close(ctx)
	}
	if _, err := w.server.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+policies.Ident(w.database)+" WITH (FORCE)"); err != nil {
		return fmt.Errorf("drop database %s: %w", w.database, err)
	}
	return w.dropRoles(ctx)
}

// exec runs statements as the administrator.
func (w *world) exec(ctx context.Context, sql string) error {
	_, err := w.admin.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol)
	return err
}

// connect connects to the world's database as a database role; "" is the administrator.
func (w *world) connect(ctx context.Context, role string) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, w.config(role, w.database))
	if err != nil {
		return nil, fmt.Errorf("connect as %q: %w", role, err)
	}
	return conn, registerKeys(ctx, conn)
}

// pool is a pool of size connections as a database role.
func (w *world) pool(ctx context.Context, role string, size int32) (*pgxpool.Pool, error) {
	c, err := pgxpool.ParseConfig("")
	if err != nil {
		return nil, err
	}
	c.ConnConfig, c.MinConns, c.MaxConns, c.AfterConnect = w.config(role, w.database), size, size, registerKeys
	return pgxpool.NewWithConfig(ctx, c)
}

// viewer is the viewer of that width.
func (w *world) viewer(name string) (viewer, error) { return viewerNamed(w.viewers, name) }
