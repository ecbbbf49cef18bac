package pgsession

import (
	"fmt"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"
)

// Option changes a session as it opens.
type Option func(*core) error

// AllowUnsigned lets Open accept an unsigned gateway, which believes every token: whoever can connect can claim to be
// anybody. For development alone. The key source may then be nil.
func AllowUnsigned() Option {
	return func(c *core) error { c.unsigned = true; return nil }
}

// AllowOldServer lets Open accept a PostgreSQL with a known hole that lets clients past every policy. Upgrade instead.
func AllowOldServer() Option {
	return func(c *core) error { c.oldServer = true; return nil }
}

// TokenTTL sets how long a token lives, 1 s to MaxTTL in full seconds; DefaultTTL otherwise. It has to cover the way to
// the server and the difference of both clocks, not the transaction.
func TokenTTL(ttl time.Duration) Option {
	return func(c *core) error {
		if ttl < time.Second || ttl > MaxTTL || ttl%time.Second != 0 {
			return fmt.Errorf("token lifetime %s is not full seconds from 1s to %s", ttl, MaxTTL)
		}
		c.ttl = ttl
		return nil
	}
}

// CheckEverything makes every transaction end with the thorough check for residue, whatever its statements look like.
// For sessions whose users write SQL themselves. It costs most of a millisecond of the server's time each time.
func CheckEverything() Option {
	return func(c *core) error { c.thorough = true; return nil }
}

// TxOption changes one transaction. Those of Session.With come first; later ones win.
type TxOption func(*txOptions)

// defaultAttempts is how often RunRetry tries.
const defaultAttempts = 5

type txOptions struct {
	isolation pgx.TxIsoLevel
	readOnly  bool
	deferred  bool
	attempts  int
	claims    Claims
}

// ReadOnly makes PostgreSQL refuse writes, of everything but what the toolkit stores of the principal on entering.
func ReadOnly() TxOption { return func(o *txOptions) { o.readOnly = true } }

// Isolation sets the isolation level; a level that pgx does not name is an error of the first call.
func Isolation(level pgx.TxIsoLevel) TxOption { return func(o *txOptions) { o.isolation = level } }

// Deferrable makes a serializable read-only transaction wait for a snapshot that cannot fail.
// Source: PostgreSQL, "SET TRANSACTION".
func Deferrable() TxOption { return func(o *txOptions) { o.deferred = true } }

// Attempts is how often RunRetry tries in all, at least once; 5 otherwise.
func Attempts(n int) TxOption { return func(o *txOptions) { o.attempts = max(n, 1) } }

// WithTenant confines the transaction to one tenant.
func WithTenant(tenant string) TxOption { return func(o *txOptions) { o.claims.Tenant = tenant } }

// WithClientAddr tells the audit log the address of the client, without its port.
func WithClientAddr(addr string) TxOption { return func(o *txOptions) { o.claims.ClientAddr = addr } }

// WithSecondFactor says that the client has shown a second factor.
func WithSecondFactor() TxOption { return func(o *txOptions) { o.claims.SecondFactor = true } }

// WithAttribute says something about the session that rls.attr reads. The name is one of the model's session_attributes:
// any other is ErrTokenRefused, and one that no model could have ErrBadClaim.
func WithAttribute(name, value string) TxOption {
	return func(o *txOptions) {
		o.claims.Attributes = maps.Clone(o.claims.Attributes) // options are shared between transactions
		if o.claims.Attributes == nil {
			o.claims.Attributes = map[string]string{}
		}
		o.claims.Attributes[name] = value
	}
}

// entersFirst reports whether a read-only transaction becomes read only once the principal has entered: so entering can
// store whom they see, and the next one need not compute it. It stores nothing above READ COMMITTED.
func (o *txOptions) entersFirst() bool {
	return o.readOnly && !o.deferred && o.isolation != pgx.RepeatableRead && o.isolation != pgx.Serializable
}

// enterSQL is the statement that presents the token.
func (o *txOptions) enterSQL() string {
	if o.entersFirst() {
		return enterSQL + ", pg_catalog.set_config('transaction_read_only', 'on', true)"
	}
	return enterSQL
}

// beginSQL is the statement that starts the transaction.
func (o *txOptions) beginSQL() (string, error) {
	sql := "begin"
	switch o.isolation {
	case "":
	case pgx.Serializable, pgx.RepeatableRead, pgx.ReadCommitted, pgx.ReadUncommitted:
		sql += " isolation level " + string(o.isolation)
	default:
		return "", fmt.Errorf("isolation level %q is unknown", string(o.isolation))
	}
	if o.readOnly && !o.entersFirst() {
		sql += " read only"
	}
	if o.deferred {
		sql += " deferrable"
	}
	return sql, nil
}
