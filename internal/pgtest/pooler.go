package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"testing"

	"github.com/rlsctl/rlsctl/internal/pgserver"
)

// Pooler is a PgBouncer in front of one database.
type Pooler struct {
	d  *Database
	pg *pgserver.Pooler
}

// Pooler starts PgBouncer in front of the database with these settings, for these database roles, who have to exist. It
// ends with the test. Where the machine has none the test is skipped.
func (d *Database) Pooler(t testing.TB, settings map[string]string, users ...string) *Pooler {
	t.Helper()
	o := pgserver.PoolerOptions{Database: d.name, Users: map[string]string{}, Settings: settings}
	d.mu.Lock()
	for _, user := range users {
		o.Users[user] = d.passwords[user]
	}
	d.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
	defer cancel()
	pg, err := d.server.pg.StartPooler(ctx, o)
	if errors.Is(err, pgserver.ErrNoPooler) {
		t.Skipf("NOT PROVED: %v", err)
	}
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stepLimit)
		defer cancel()
		if err := pg.Stop(ctx); err != nil {
			t.Errorf("pgtest: stop pgbouncer: %v", err)
		}
	})
	return &Pooler{d: d, pg: pg}
}

// URL is a DSN through the pooler for a database role.
func (p *Pooler) URL(user string) string {
	u := url.URL{
		Scheme: "postgres", User: url.User(user), Path: "/" + p.d.name, RawQuery: "sslmode=disable",
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(p.pg.Port())),
	}
	return u.String()
}

// Prepares reports whether the pooler tracks prepared statements in transaction mode.
func (p *Pooler) Prepares() bool { return p.pg.Prepares() }

// String names the version, for logs.
func (p *Pooler) String() string {
	v := p.pg.Version()
	return fmt.Sprintf("PgBouncer %d.%d.%d", v/10000, v/100%100, v%100)
}
