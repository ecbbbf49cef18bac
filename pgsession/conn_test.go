package pgsession_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/pgsession"
)

// TestConnOfNobody: where entering fails, Conn is no nil that panics, and Run says why.
func TestConnOfNobody(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	s, _ := session(t, db, login, 1, nil)
	for name, c := range map[string]struct {
		who  pgsession.Principal
		ends bool // the context, before Conn is called: there is no connection at all
		want error
	}{
		"the token is refused":       {pgsession.Service("none"), false, pgsession.ErrTokenRefused},
		"no connection is to be had": {anna, true, context.Canceled},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		err := s.Run(ctx, c.who, func(tx pgx.Tx) error {
			if c.ends {
				cancel()
			}
			conn := tx.Conn()
			if conn == nil || !conn.IsClosed() {
				t.Fatalf("%s: not a closed connection: %v", name, conn)
			}
			_, err := conn.Exec(t.Context(), "SELECT 1")
			b := &pgx.Batch{}
			b.Queue("SELECT 1")
			if err == nil || conn.QueryRow(t.Context(), "SELECT 1").Scan(new(int)) == nil || conn.SendBatch(t.Context(), b).Close() == nil {
				t.Errorf("%s: a statement reaches somebody", name)
			}
			return fmt.Errorf("mine: %w", err)
		})
		cancel()
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), "mine") {
			t.Errorf("%s: Run says %v, want %v", name, err, c.want)
		}
	}
	// The pool is whole again.
	if err := s.Run(t.Context(), anna, func(tx pgx.Tx) error {
		return tx.Conn().QueryRow(t.Context(), "SELECT rls.principal()").Scan(new(string))
	}); err != nil {
		t.Error(pgsession.Explain(err))
	}
}

// likePQ is an error as lib/pq has them; plain has the method SQLState alone.
type (
	likePQ map[byte]string
	plain  string
)

func (e likePQ) Error() string     { return "pq: " + e['M'] }
func (e likePQ) SQLState() string  { return e['C'] }
func (e likePQ) Get(k byte) string { return e[k] }
func (e plain) Error() string      { return "SQLSTATE " + string(e) }
func (e plain) SQLState() string   { return string(e) }

// TestErrorsOfOtherDrivers are told as pgx's are.
func TestErrorsOfOtherDrivers(t *testing.T) {
	t.Parallel()
	for _, denied := range []error{likePQ{'C': "42501"}, plain("42501"), fmt.Errorf("save: %w", plain("42501")), &pgconn.PgError{Code: "42501"}} {
		if !pgsession.IsDenied(denied) {
			t.Errorf("%#v is not denied", denied)
		}
	}
	for _, other := range []error{nil, plain("40001"), errors.New("42501"), likePQ{'C': "RL003"}} {
		if pgsession.IsDenied(other) {
			t.Errorf("%#v is denied", other)
		}
	}
	refused := likePQ{'C': "RL003", 'M': "the token is not valid", 'D': "it is bound to another backend", 'H': "Mint it.", 'W': "rls1|secret"}
	err := pgsession.EnterError(anna, fmt.Errorf("query: %w", refused))
	var e *pgsession.Error
	if !errors.Is(err, pgsession.ErrTokenRefused) || !errors.As(err, &e) || e.Code != "RL003" || e.Hint != "Mint it." ||
		pgsession.Explain(err) != "enter user:anna: the token is not valid (SQLSTATE RL003)\n  detail: it is bound to another backend\n  hint: Mint it." {
		t.Errorf("%#v\n%s", err, pgsession.Explain(err))
	}
	if err := pgsession.EnterError(anna, plain("RL002")); !errors.Is(err, pgsession.ErrExpired) {
		t.Error(err)
	}
	if err := pgsession.EnterError(anna, plain("42883")); !errors.Is(err, pgsession.ErrNotInstalled) {
		t.Error(err)
	}
}
