package logins

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/policies"
)

// mostKeys is how many keys of a gateway are valid at once.
const mostKeys = 2

// key is a new key. Nothing prints its secret.
type key struct {
	id     string
	secret [32]byte
}

func newKey() *key {
	k := &key{}
	var id [4]byte
	rand.Read(id[:])
	rand.Read(k.secret[:])
	k.id = "k-" + hex.EncodeToString(id[:])
	return k
}

// line is how a key file holds it.
func (k *key) line() string { return k.id + ":" + hex.EncodeToString(k.secret[:]) + "\n" }

// String names the key alone.
func (k *key) String() string { return "key " + k.id }

// Format hides the secret, whatever the verb.
func (k *key) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// withKey draws a key, puts it aside, calls fn with it, and keeps it if fn returns nil. Without a sink fn gets nil.
func withKey(s Sink, fn func(*key) error) error {
	if s == nil {
		return fn(nil)
	}
	k := newKey()
	keep, discard, err := s.stage(k)
	if err != nil {
		return err
	}
	if err := fn(k); err != nil {
		discard()
		return err
	}
	if err := keep(); err != nil {
		return &Refusal{
			Message: fmt.Sprintf("key %s is valid but could not be kept: %v", k.id, err),
			Hint:    "Run rlsctl key retire for it once another key is there, and rlsctl key rotate with a place that can be written.",
		}
	}
	return nil
}

// addKey stores a key. The key is a bind parameter, and is refused where the server would log it. As rls_owner.
func (c *change) addKey(ctx context.Context, gateway string, k *key) error {
	if err := c.unlogged(ctx); err != nil {
		return err
	}
	_, err := c.tx.Exec(ctx, "SELECT rls.add_key($1, $2, $3)", gateway, k.id, k.secret[:])
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		// The context of an error can quote parameters.
		return fmt.Errorf("store %s: %s (SQLSTATE %s)", k, pg.Message, pg.Code)
	}
	if err != nil {
		return fmt.Errorf("store %s: the connection failed", k)
	}
	return nil
}

// unlogged keeps bind parameters of this transaction out of the server's log, or refuses where it cannot.
func (c *change) unlogged(ctx context.Context) error {
	if _, err := c.tx.Exec(ctx, "SET LOCAL log_parameter_max_length_on_error = 0"); err != nil {
		return err
	}
	var logs bool
	err := c.tx.QueryRow(ctx, `SELECT current_setting('log_parameter_max_length') <> '0' AND (
		current_setting('log_statement') IN ('mod', 'all')
		OR current_setting('log_min_duration_statement') = '0'
		OR current_setting('log_min_duration_sample') = '0'
		OR current_setting('log_transaction_sample_rate')::double precision > 0)`).Scan(&logs)
	if err != nil || !logs {
		return err
	}
	// Only who is a database superuser, or was granted the setting, may do this: not rls_owner.
	if _, err := c.tx.Exec(ctx, "SAVEPOINT quiet; RESET ROLE; SET LOCAL log_parameter_max_length = 0; SET LOCAL ROLE rls_owner",
		pgx.QueryExecModeSimpleProtocol); err != nil {
		return refuse("Set log_parameter_max_length = 0 on the server, or connect as a database superuser.",
			"the server logs bind parameters, and would log the key")
	}
	return nil
}

// Key is a valid key of a gateway, without its secret.
type Key struct {
	ID      string    `json:"id"`
	Created time.Time `json:"created_at"`
	Newest  bool      `json:"newest"`
}

// Rotated says what a rotation did.
type Rotated struct {
	Key    string // id of the new key
	Signed bool   // the gateway was unsigned until now
}

// RotateKey gives a gateway a new key beside its old one, and an unsigned one its first, from which on it is signed. It
// refuses while two are valid. The key is in its sink if and only if it is valid.
func RotateKey(ctx context.Context, conn *pgx.Conn, gateway string, s Sink) (r Rotated, err error) {
	if s == nil {
		return r, refuse("Add --key-file PATH or --key-to COMMAND.", "gateway %q has nowhere to keep its key", gateway)
	}
	// Asked first, so that nothing is written for a rotation that is refused.
	check := func(c *change) error {
		keys, err := c.keys(ctx, gateway)
		if err != nil {
			return err
		}
		if len(keys) >= mostKeys {
			return refuse(fmt.Sprintf("Run rlsctl key retire %s %s once nobody signs with it.", gateway, keys[0].ID),
				"gateway %q has %d valid keys already", gateway, len(keys))
		}
		return nil
	}
	err = inTx(ctx, conn, func(c *change) error { return c.owner(ctx, func() error { return check(c) }) })
	if err != nil {
		return r, err
	}
	err = withKey(s, func(k *key) error {
		r.Key = k.id
		return inTx(ctx, conn, func(c *change) error {
			return c.owner(ctx, func() error {
				if err := check(c); err != nil {
					return err
				}
				tag, err := c.tx.Exec(ctx, "UPDATE rls.gateway AS g SET signed = true WHERE g.login = $1 AND NOT g.signed", gateway)
				if err != nil {
					return err
				}
				r.Signed = tag.RowsAffected() > 0
				return c.addKey(ctx, gateway, k)
			})
		})
	})
	return r, err
}

// RetireKey makes a key of a gateway invalid. The last one of a signed gateway can go too: then nobody can enter.
func RetireKey(ctx context.Context, conn *pgx.Conn, gateway, id string) (left int, err error) {
	err = inTx(ctx, conn, func(c *change) error {
		return c.owner(ctx, func() error {
			keys, err := c.keys(ctx, gateway)
			if err != nil {
				return err
			}
			tag, err := c.tx.Exec(ctx, "DELETE FROM rls.gateway_key AS k WHERE k.gateway = $1 AND k.id = $2", gateway, id)
			if err != nil {
				return err
			}
			if tag.RowsAffected() == 0 {
				var ids []string
				for _, k := range keys {
					ids = append(ids, k.ID)
				}
				hint := "It has none."
				if len(ids) > 0 {
					hint = "Name one of: " + strings.Join(ids, ", ") + "."
				}
				return refuse(hint, "gateway %q has no key %q", gateway, id)
			}
			left = len(keys) - 1
			return nil
		})
	})
	return left, err
}

// Keys returns the valid keys of a gateway, the newest last.
func Keys(ctx context.Context, conn *pgx.Conn, gateway string) (keys []Key, err error) {
	err = inTx(ctx, conn, func(c *change) error {
		return c.owner(ctx, func() (err error) {
			keys, err = c.keys(ctx, gateway)
			return err
		})
	})
	return keys, err
}

// keys returns the valid keys of a gateway that has to exist. As rls_owner.
func (c *change) keys(ctx context.Context, gateway string) ([]Key, error) {
	rows, _ := c.tx.Query(ctx, "SELECT g.login FROM rls.gateway AS g ORDER BY 1")
	known, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, err
	}
	if !slices.Contains(known, gateway) {
		hint := "See rlsctl gateway list."
		if near := policies.Suggest(gateway, known); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return nil, refuse(hint, "gateway %q is not registered", gateway)
	}
	rows, _ = c.tx.Query(ctx, `SELECT k.id, k.created_at, k.position = max(k.position) OVER () FROM rls.gateway_key AS k
		WHERE k.gateway = $1 AND k.inner_pad IS NOT NULL ORDER BY k.position`, gateway)
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Key])
}

// Reseal makes a copy of a database one of its own: contexts and tokens of the original are no longer believed. It returns
// the signed gateways, which need a new key each.
func Reseal(ctx context.Context, conn *pgx.Conn) (gateways []string, err error) {
	err = inTx(ctx, conn, func(c *change) error {
		return c.owner(ctx, func() error {
			if err := c.exec(ctx, "draw a new seal", "SELECT rls.reseal()"); err != nil {
				return err
			}
			rows, _ := c.tx.Query(ctx, "SELECT g.login FROM rls.gateway AS g WHERE g.signed ORDER BY 1")
			gateways, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	})
	return gateways, err
}
