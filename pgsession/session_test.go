package pgsession_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/pgsession"
)

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	bare := pgtest.Shared(t).Database(t)
	stranger := db.Role(t, "stranger", "LOGIN")
	unsigned := db.Role(t, "unsigned", "LOGIN NOINHERIT")
	db.Exec(t, `INSERT INTO rls.login (name, kind, client_role) VALUES ('`+unsigned+`', 'gateway', 'rls_client');
		INSERT INTO rls.gateway (login, users, signed) VALUES ('`+unsigned+`', true, false);
		GRANT rls_client TO `+unsigned+`; GRANT USAGE ON SCHEMA rls, app TO `+unsigned+`;
		GRANT EXECUTE ON FUNCTION rls.enter(text), rls.open_token(text), rls.session_problems() TO `+unsigned)
	good := keys(keyOf(t, "k1", 'k'))
	for name, c := range map[string]struct {
		db   *pgtest.Database
		user string
		keys pgsession.KeySource
		opts []pgsession.Option
		want error
		says string
	}{
		"database superuser":   {db, "", good, nil, pgsession.ErrUnsafeLogin, "is a database superuser"},
		"not registered":       {db, stranger, good, nil, pgsession.ErrUnsafeLogin, "rlsctl gateway add"},
		"no kernel":            {bare, "", good, nil, pgsession.ErrNotInstalled, "rlsctl migrate up"},
		"unsigned":             {db, unsigned, good, nil, pgsession.ErrUnsafeLogin, "unsigned gateway"},
		"unsigned, asked for":  {db, unsigned, nil, []pgsession.Option{pgsession.AllowUnsigned()}, nil, ""},
		"no key source":        {db, login, nil, nil, pgsession.ErrBadKey, ""},
		"broken key source":    {db, login, pgsession.FileKeys("/nowhere"), nil, nil, "/nowhere"},
		"empty key":            {db, login, keys(pgsession.Key{}), nil, pgsession.ErrBadKey, ""},
		"token lives too long": {db, login, good, []pgsession.Option{pgsession.TokenTTL(61 * time.Second)}, nil, "lifetime"},
		"good":                 {db, login, good, []pgsession.Option{pgsession.TokenTTL(60 * time.Second), pgsession.CheckEverything()}, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := pgsession.Open(t.Context(), newPool(t, c.db, c.user, 1, nil), c.keys, append(c.opts, pgsession.AllowOldServer())...)
			if c.want != nil && !errors.Is(err, c.want) || !strings.Contains(pgsession.Explain(err), c.says) {
				t.Errorf("got %s, want %v and %q", pgsession.Explain(err), c.want, c.says)
			}
			if (err == nil) != (c.want == nil && c.says == "") {
				t.Errorf("got %v", err)
			}
			if err == nil {
				if _, err := s.Exec(t.Context(), anna, "SELECT 1"); err != nil {
					t.Error(pgsession.Explain(err))
				}
			}
		})
	}
}

func TestKeyRotation(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	for _, m := range modes {
		t.Run(m.String(), func(t *testing.T) {
			var asked atomic.Int64
			id, secret := "k1", byte('k')
			db.Exec(t, "DELETE FROM rls.gateway_key WHERE gateway = '"+login+"'")
			addKey(t, db, login, "k1", 'k')
			source := pgsession.KeyFunc(func(context.Context) (pgsession.Key, error) {
				asked.Add(1)
				return keyOf(t, id, secret), nil
			})
			pool := newPool(t, db, login, 4, mode(m))
			s, err := pgsession.Open(t.Context(), pool, source, pgsession.AllowOldServer())
			if err != nil {
				t.Fatal(err)
			}
			sum := 0
			add := func(tx pgx.Tx) error {
				b := &pgx.Batch{}
				b.Queue("UPDATE app.note SET title = title WHERE id = $1", 1)
				b.Queue("SELECT $1::int", 2).QueryRow(func(r pgx.Row) error {
					var n int
					defer func() { sum += n }()
					return r.Scan(&n)
				})
				return tx.SendBatch(t.Context(), b).Close()
			}
			if err := s.Run(t.Context(), anna, add); err != nil || asked.Load() != 1 {
				t.Fatal(err, asked.Load())
			}
			db.Exec(t, "DELETE FROM rls.gateway_key WHERE gateway = '"+login+"'")
			addKey(t, db, login, "k2", 'l')
			if err := s.Run(t.Context(), anna, add); !errors.Is(err, pgsession.ErrTokenRefused) {
				t.Errorf("an old key passes: %v", err)
			}
			if asked.Load() != 2 {
				t.Errorf("asked %d times, want 2", asked.Load())
			}
			id, secret = "k2", 'l'
			if err := s.Run(t.Context(), anna, add); err != nil || sum != 4 {
				t.Errorf("with the new key: %v, %d", err, sum)
			}
			db.Exec(t, "DELETE FROM rls.gateway_key WHERE gateway = '"+login+"'")
			addKey(t, db, login, "k3", 'm')
			id, secret = "k3", 'm'
			before := asked.Load()
			var all sync.WaitGroup
			for range 16 {
				all.Go(func() {
					if _, err := s.Exec(t.Context(), bob, "SELECT 1"); err != nil {
						t.Error(pgsession.Explain(err))
					}
				})
			}
			all.Wait()
			if asked.Load() != before+1 {
				t.Errorf("asked %d times for one new key", asked.Load()-before)
			}
		})
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	s, pool := session(t, db, login, 2, nil)
	ctx := t.Context()
	run := func(fn func(pgx.Tx) error, opts ...pgsession.TxOption) error { return s.Run(ctx, anna, fn, opts...) }
	exec := func(sql string) func(pgx.Tx) error {
		return func(tx pgx.Tx) error { _, err := tx.Exec(ctx, sql); return err }
	}
	for name, c := range map[string]struct {
		err  error
		want error
	}{
		"zero principal": {s.Run(ctx, pgsession.Principal{}, exec("SELECT 1")), pgsession.ErrNoPrincipal},
		"bad principal":  {s.Run(ctx, pgsession.User(1.5), exec("SELECT 1")), pgsession.ErrBadPrincipal},
		"swallowed": {s.Run(ctx, pgsession.Service("none"), func(tx pgx.Tx) error {
			_, _ = tx.Exec(ctx, "SELECT 1")
			return nil
		}), pgsession.ErrTokenRefused},
		"another principal": {run(func(tx pgx.Tx) error {
			token, err := pgsession.Mint(keyOf(t, "k1", 'k'), pgsession.Claims{Principal: bob, Expires: time.Now().Add(time.Minute / 2)})
			if err != nil {
				return err
			}
			_, err = tx.Exec(ctx, "RESET ROLE; SELECT rls.enter('"+token+"')")
			return err
		}), pgsession.ErrAnotherPrincipal},
		"forged context": {run(func(tx pgx.Tx) error {
			if _, err := titles(ctx, tx); err != nil {
				return err
			}
			_, _ = tx.Exec(ctx, "SELECT set_config('rls.context', 'user|616e6e61', true)")
			_, err := titles(ctx, tx)
			return err
		}), pgsession.ErrTokenRefused},
		"unknown action":  {s.Require(ctx, anna, "fly", "note"), pgsession.ErrUnknownAction},
		"bad isolation":   {run(exec("SELECT 1"), pgsession.Isolation("total")), errAny},
		"read only":       {run(exec("UPDATE app.note SET title = title"), pgsession.ReadOnly()), errAny},
		"committed by fn": {run(func(tx pgx.Tx) error { return tx.Commit(ctx) }), pgx.ErrTxClosed},
		"rolled back":     {run(func(tx pgx.Tx) error { _, _ = tx.Exec(ctx, "SELECT 1"); return tx.Rollback(ctx) }), pgx.ErrTxClosed},
		"batch begins one": {run(func(tx pgx.Tx) error {
			b := &pgx.Batch{}
			b.BeginTx(pgx.TxOptions{})
			return tx.SendBatch(ctx, b).Close()
		}), errAny},
	} {
		if c.want == errAny && c.err == nil || c.want != errAny && !errors.Is(c.err, c.want) {
			t.Errorf("%s: %v, want %v", name, c.err, c.want)
		}
	}
	if err := run(exec("SELECT 1"), pgsession.Isolation(pgx.Serializable), pgsession.ReadOnly(), pgsession.Deferrable(),
		pgsession.WithTenant("acme"), pgsession.WithClientAddr("192.0.2.1"), pgsession.WithSecondFactor(),
		pgsession.WithAttribute("zone", "eu")); err != nil {
		t.Error(pgsession.Explain(err))
	}
	// A server that writes parameters into the context of its errors must not make us repeat them.
	db.Exec(t, "ALTER DATABASE "+pgx.Identifier{db.Name()}.Sanitize()+" SET log_parameter_max_length_on_error = -1")
	loud, _ := session(t, db, login, 1, nil)
	refused := loud.Run(ctx, pgsession.Service("none"), exec("SELECT 1"))
	var pg *pgconn.PgError
	if !errors.As(refused, &pg) || strings.Contains(fmt.Sprintf("%+v %#v %s", refused, *pg, pgsession.Explain(refused)), "|service|") {
		t.Errorf("the error shows the token: %#v", pg)
	}
	_, err := pool.Exec(ctx, "SELECT rls.enter('x')")
	if got := pgsession.Explain(err); !strings.Contains(got, "RL003") || !strings.Contains(got, "hint: ") {
		t.Errorf("Explain: %q", got)
	}
	denied := s.Run(ctx, anna, exec("UPDATE app.note SET owner = 'bob' WHERE id = 1"))
	if !pgsession.IsDenied(denied) || pgsession.IsDenied(errAny) || pgsession.IsDenied(nil) {
		t.Errorf("IsDenied(%v)", denied)
	}
}

var errAny = errors.New("any")

func TestOptionsReachTheServer(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	s, _ := session(t, db, login, 1, nil)
	var addr, isolation, readOnly string
	err := s.With(pgsession.WithClientAddr("192.0.2.9")).QueryRow(t.Context(), anna,
		"SELECT rls.client_ip(), current_setting('transaction_isolation'), current_setting('transaction_read_only')",
		pgsession.ReadOnly(), pgsession.Isolation(pgx.RepeatableRead)).Scan(&addr, &isolation, &readOnly)
	if err != nil || addr != "192.0.2.9" || isolation != "repeatable read" || readOnly != "on" {
		t.Error(addr, isolation, readOnly, err)
	}
}

func TestRunRetry(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	s, _ := session(t, db, login, 1, nil)
	for code, want := range map[string]int{"40001": 3, "40P01": 3, "23505": 1} {
		tries := 0
		err := s.RunRetry(t.Context(), anna, func(tx pgx.Tx) error {
			tries++
			_, _ = tx.Exec(t.Context(), "SELECT 1")
			return &pgconn.PgError{Code: code}
		}, pgsession.Attempts(3))
		if tries != want || err == nil {
			t.Errorf("%s: %d attempts, want %d: %v", code, tries, want, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	tries := 0
	if err := s.RunRetry(ctx, anna, func(pgx.Tx) error { tries++; cancel(); return &pgconn.PgError{Code: "40001"} }); err == nil || tries != 1 {
		t.Error(err, tries)
	}
	ran := 0
	if err := s.RunRetry(t.Context(), anna, func(tx pgx.Tx) error {
		if ran++; ran < 3 {
			return &pgconn.PgError{Code: "40001"}
		}
		return query(tx)
	}); err != nil || ran != 3 {
		t.Error(err, ran)
	}
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	for _, m := range modes {
		t.Run(m.String(), func(t *testing.T) {
			t.Parallel()
			s, _ := session(t, db, login, 2, mode(m))
			ctx := t.Context()
			can := func(p pgsession.Principal, action, resource string, want bool) {
				t.Helper()
				if got, err := s.Can(ctx, p, action, resource); err != nil || got != want {
					t.Errorf("%s %s %s: %t, want %t: %v", p, action, resource, got, want, err)
				}
			}
			can(anna, "read", "note", true)
			can(anna, " Edit", "note", true)
			can(bob, "update", "note", false)
			can(anna, "read", "nothing", false)
			can(pgsession.Anonymous(), "read", "note", false)
			for name, c := range map[string]struct{ err, want error }{
				"any":                  {s.RequireAny(ctx, bob, "note", "update", "read"), nil},
				"any, none":            {s.RequireAny(ctx, bob, "note", "update", "delete"), pgsession.ErrForbidden},
				"all":                  {s.RequireAll(ctx, anna, "note", "update", "read"), nil},
				"all, one not":         {s.RequireAll(ctx, bob, "note", "update", "read"), pgsession.ErrForbidden},
				"require":              {s.Require(ctx, anna, "read", "note"), nil},
				"not":                  {s.Require(ctx, bob, "update", "note"), pgsession.ErrForbidden},
				"object":               {s.RequireObject(ctx, anna, "update", "note", 1), nil},
				"hidden object":        {s.RequireObject(ctx, anna, "update", "note", 3), pgsession.ErrNotFound},
				"no object":            {s.RequireObject(ctx, anna, "read", "note", 99), pgsession.ErrNotFound},
				"malformed key":        {s.RequireObject(ctx, anna, "read", "note", "x'--"), pgsession.ErrNotFound},
				"key with NUL":         {s.RequireObject(ctx, anna, "read", "note", "\x00"), pgsession.ErrNotFound},
				"key too large":        {s.RequireObject(ctx, anna, "read", "note", "99999999999999999999"), pgsession.ErrNotFound},
				"seen, not admitted":   {s.RequireObject(ctx, anna, "update", "note", 2), pgsession.ErrForbidden},
				"no row, hidden":       {s.RequireObject(ctx, bob, "update", "note", 1), pgsession.ErrForbidden},
				"no row, absent":       {s.RequireObject(ctx, bob, "update", "note", 99), pgsession.ErrForbidden},
				"no such resource":     {s.RequireObject(ctx, anna, "update", "nothing", 1), pgsession.ErrForbidden},
				"objects":              {s.RequireObjects(ctx, anna, "read", "note", 2, 1, 2), nil},
				"no objects":           {s.RequireObjects(ctx, anna, "read", "note"), nil},
				"no objects, no right": {s.RequireObjects(ctx, bob, "update", "note"), pgsession.ErrForbidden},
			} {
				if !errors.Is(c.err, c.want) || (c.err == nil) != (c.want == nil) {
					t.Errorf("%s: %v, want %v", name, c.err, c.want)
				}
				if errors.Is(c.err, pgsession.ErrForbidden) && errors.Is(c.err, pgsession.ErrNotFound) {
					t.Errorf("%s: %v is both", name, c.err)
				}
			}
			var first *pgsession.ObjectError
			if err := s.RequireObjects(ctx, anna, "update", "note", 1, 3, 2); !errors.As(err, &first) || first.Key != "3" || first.Err != pgsession.ErrNotFound {
				t.Errorf("first that fails: %v", err)
			}
			if _, err := s.CanAll(ctx, anna, "note"); err == nil {
				t.Error("no action is all actions")
			}
			if err := s.Run(ctx, anna, func(tx pgx.Tx) error {
				if err := pgsession.RequireObject(ctx, tx, "read", "note", 3); !errors.Is(err, pgsession.ErrNotFound) {
					t.Error(err)
				}
				names, err := pgsession.AllowedResources(ctx, tx, "update")
				if err != nil || len(names) != 1 || names[0] != "note" {
					t.Error(names, err)
				}
				words, err := pgsession.Actions(ctx, tx, "note", 2)
				if err != nil || strings.Join(words, " ") != "read" {
					t.Error(words, err)
				}
				return query(tx)
			}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	s, _ := session(t, db, login, 3, func(c *pgxpool.Config) { c.MinConns = 1 })
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			p, want := anna, "one two"
			if i%2 == 0 {
				p, want = bob, "three four"
			}
			for range 30 {
				if err := s.Run(t.Context(), p, func(tx pgx.Tx) error {
					got, err := titles(t.Context(), tx)
					if got != want {
						t.Errorf("%s sees %q", p, got)
					}
					return err
				}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
