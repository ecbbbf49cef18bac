package integration

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/pgsession"
)

// errBack makes a session roll back.
var errBack = errors.New("roll back")

// session calls fn in a transaction of the Go session for a user, and rolls it back.
func (w *world) session(t testing.TB, key any, fn func(tx pgx.Tx)) {
	t.Helper()
	g := w.shared(t, "app")
	s, err := pgsession.Open(t.Context(), g.pool, g.source())
	if err != nil {
		t.Fatal(pgsession.Explain(err))
	}
	var who pgsession.Principal
	switch k := key.(type) {
	case int16:
		who = pgsession.User(k)
	case string:
		who = pgsession.User(k)
	default:
		t.Fatalf("key of type %T", key)
	}
	err = s.Run(t.Context(), who, func(tx pgx.Tx) error {
		fn(tx)
		return errBack
	})
	if !errors.Is(err, errBack) {
		t.Fatal(pgsession.Explain(err))
	}
}

// source gives the gateway's key to a Go session.
func (g *gateway) source() pgsession.KeySource {
	return pgsession.KeyFunc(func(context.Context) (pgsession.Key, error) { return pgsession.NewKey(g.keyID, g.key) })
}
