package pgsession

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Session runs transactions of a gateway, each for one principal. It is safe for concurrent use, and what it keeps does
// not grow with the number of principals.
type Session struct {
	c    *core
	opts []TxOption
}

type core struct {
	pool      *pgxpool.Pool
	join      JoinFunc // of Join: there is no pool then
	keys      KeySource
	ttl       time.Duration
	unsigned  bool
	oldServer bool
	thorough  bool
	hooked    bool        // the pool's hooks may have settings of their own
	shared    atomic.Bool // the pool's connections end at a pooler
	key       atomic.Pointer[Key]
	asking    chan struct{} // holds one while somebody asks keys
}

// Open returns a session over pool, whose login has to be a gateway. It asks the database first: a database superuser, a
// login with BYPASSRLS, an owner of protected tables, a member of such a role, a login that is not registered or a server
// with a known hole that lets clients past every policy is refused with all reasons at once, as *LoginError. Other errors: ErrNotInstalled, and those of the key source.
// The pool stays the caller's to close; give it to nobody else, since others' residue on its connections is not watched.
// A pool in simple protocol mode works, at the price of one more flush for each transaction: the token is always a bind
// parameter, which that protocol does not have.
func Open(ctx context.Context, pool *pgxpool.Pool, keys KeySource, opts ...Option) (*Session, error) {
	c := &core{pool: pool, keys: keys, ttl: DefaultTTL, asking: make(chan struct{}, 1)}
	config := pool.Config()
	//nolint:staticcheck // whoever still has BeforeAcquire may do anything in it
	c.hooked = config.AfterConnect != nil || config.PrepareConn != nil || config.BeforeAcquire != nil || config.AfterRelease != nil
	for _, opt := range opts {
		if err := opt(c); err != nil {
			return nil, fmt.Errorf("open session: %w", err)
		}
	}
	if keys == nil && c.unsigned {
		c.keys = KeyFunc(func(context.Context) (Key, error) { return NewKey("unsigned", make([]byte, keyBytes)) })
	}
	if c.keys == nil {
		return nil, fmt.Errorf("open session: %w: there is no key source", ErrBadKey)
	}
	if _, err := c.newestKey(ctx, ""); err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	problems, err := c.problems(ctx)
	if err != nil {
		return nil, err
	}
	problems = slices.DeleteFunc(problems, func(p string) bool {
		return c.unsigned && strings.HasPrefix(p, "unsigned gateway") || c.oldServer && strings.HasPrefix(p, "old server:")
	})
	if len(problems) > 0 {
		return nil, fmt.Errorf("open session: %w", &LoginError{Problems: problems})
	}
	return &Session{c: c}, nil
}

// problems asks the database what is wrong with this login.
func (c *core) problems(ctx context.Context) ([]string, error) {
	const question = "SELECT pg_catalog.pg_backend_pid()::pg_catalog.text, ARRAY(SELECT rls.session_problems())"
	var pid string
	var problems []string
	err := c.pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		err := conn.QueryRow(ctx, question, pgx.QueryExecModeExec).Scan(&pid, &problems)
		c.shared.Store(err == nil && pid != ownPID(conn.Conn().PgConn()))
		return err
	})
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42501" {
		return nil, &hintError{
			fmt.Errorf("open session: %w", &LoginError{Problems: []string{"it is not registered: " + pg.Message}}),
			"Run rlsctl gateway add.",
		}
	}
	if err != nil {
		return nil, enterError("open session", err)
	}
	return problems, nil
}

// With returns a session whose transactions have these options before their own. It shares everything else.
func (s *Session) With(opts ...TxOption) *Session {
	return &Session{c: s.c, opts: append(slices.Clip(s.opts), opts...)}
}

// newestKey returns a key other than the one with the id used, if there is one by now; else that one.
func (c *core) newestKey(ctx context.Context, used string) (Key, error) {
	select {
	case c.asking <- struct{}{}:
		defer func() { <-c.asking }()
	case <-ctx.Done():
		return Key{}, ctx.Err()
	}
	if k := c.key.Load(); k != nil && k.id != used {
		return *k, nil
	}
	k, err := c.keys.Key(ctx)
	if err != nil {
		return Key{}, err
	}
	if k.sign == nil {
		return Key{}, fmt.Errorf("%w: the key source gave none", ErrBadKey)
	}
	c.key.Store(&k)
	return k, nil
}

// mint signs a token for one transaction that starts now.
func (c *core) mint(k Key, claims Claims) (string, error) {
	claims.Expires = time.Now().Add(c.ttl)
	return Mint(k, claims)
}

// newer is the id of the key that the server says is newest as it refuses a token; "" if it says nothing of the kind.
func newer(err error) string {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "RL003" {
		return ""
	}
	id, ok := strings.CutPrefix(pg.Detail, "newest key: ")
	if !ok {
		return ""
	}
	return id
}
