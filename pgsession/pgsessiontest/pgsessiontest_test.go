package pgsessiontest_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/pgsession"
	"github.com/rlsctl/rlsctl/pgsession/pgsessiontest"
)

// notes is an application as a user of the toolkit writes it.
type notes struct{ s *pgsession.Session }

func (n notes) list(ctx context.Context, p pgsession.Principal) (got string, err error) {
	err = n.s.Run(ctx, p, func(tx pgx.Tx) error {
		got, err = ids(ctx, tx)
		return err
	}, pgsession.ReadOnly())
	return got, err
}

func (n notes) add(ctx context.Context, p pgsession.Principal, id, owner int) error {
	_, err := n.s.Exec(ctx, p, "INSERT INTO app.note (id, owner) VALUES ($1, $2)", id, owner)
	return err
}

func TestPrincipals(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	t.Cleanup(func() { p.untouched(t) })
	keys := pgsessiontest.Keys(p.keys)
	for _, c := range []struct {
		name string
		pool *pgxpool.Pool
		opts []pgsessiontest.Option
	}{{"superuser", p.superuser, nil}, {"maintenance", p.maintenance, nil}, {"gateway", p.gateway, []pgsessiontest.Option{keys}}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for who, want := range map[pgsession.Principal][]any{
				anna: {10, 20}, ben: {20}, carl: {30}, pgsession.Subject("idp|anna"): {10, 20}, pgsession.Anonymous(): {}, pgsession.User(99): {},
			} {
				pgsessiontest.As(t, c.pool, who, c.opts...).Sees(want, readIDs)
			}
			db := pgsessiontest.New(t, c.pool, c.opts...)
			a, b := db.As(anna), db.As(ben)
			for range 2 { // in turns
				a.Sees([]any{10, 20}, readIDs)
				b.Sees([]any{20}, readIDs)
			}
			b.Writes(1, "INSERT INTO app.note (id, owner, title) VALUES (40, 2, 'new') RETURNING id")
			a.Sees([]any{[]any{40, "new", nil, true}}, "SELECT id, title, parent, owner = 2 FROM app.note WHERE id = $1", 40)
			b.Filtered("UPDATE app.note SET title = 'mine' WHERE id = 30")
			if err := b.Rejected("UPDATE app.note SET owner = 1 WHERE id = 40"); !pgsession.IsDenied(err) {
				t.Error(err)
			}
			b.Sees([]any{"new"}, "SELECT title FROM app.note WHERE id = 40")

			app := notes{db.Session()}
			if got, err := app.list(t.Context(), anna); err != nil || got != "10 20 40" {
				t.Errorf("anna lists %q, %v", got, err)
			}
			if err := app.add(t.Context(), carl, 50, annaKey); !pgsession.IsDenied(err) {
				t.Errorf("carl writes for anna: %v", err)
			}
			if err := app.add(t.Context(), carl, 50, carlKey); err != nil {
				t.Errorf("after a rejected transaction and a read-only one: %v", err)
			}
			if got, err := app.list(t.Context(), carl); err != nil || got != "30 50" {
				t.Errorf("carl lists %q, %v", got, err)
			}
		})
	}
	t.Run("claims", func(t *testing.T) {
		t.Parallel()
		tenant := pgsession.WithTenant("7")
		said, failed := inside(t, func(m *mock) { pgsessiontest.New(m, p.superuser).As(anna, tenant) })
		if !failed || !strings.Contains(said, "pgsessiontest.Keys") {
			t.Errorf("a tenant that cannot be claimed: %s", said)
		}
		err := pgsessiontest.New(t, p.superuser).Session().Run(t.Context(), anna, func(pgx.Tx) error { return nil }, tenant)
		if !errors.Is(err, pgsessiontest.ErrNeedsToken) {
			t.Errorf("in a session: %v", err)
		}
		pgsessiontest.New(t, p.gateway, keys).As(anna, tenant)
	})
	t.Run("seeds", func(t *testing.T) {
		t.Parallel()
		db := pgsessiontest.New(t, p.maintenance)
		db.Seed("INSERT INTO app.person VALUES (4, 'dora', 1); INSERT INTO app.note (id, owner) VALUES (60, 4)")
		db.As(anna).Sees([]any{10, 20, 60}, readIDs)
		dora := db.As(pgsession.User(4))
		dora.Sees([]any{60}, readIDs)
		db.Seed("UPDATE app.note SET owner = $1 WHERE id = 60", carlKey)
		dora.Filtered(readIDs)
		said, failed := inside(t, func(m *mock) { pgsessiontest.New(m, p.gateway, keys).Seed("SELECT 1") })
		if !failed || !strings.Contains(said, "maintenance pool") {
			t.Errorf("a seed by a gateway: %s", said)
		}
	})
	t.Run("committed seeds", func(t *testing.T) {
		// Not parallel: the others look at all notes of carl.
		p := newPlace(t)
		_, failed := inside(t, func(m *mock) {
			pgsessiontest.Seed(m, p.maintenance, "INSERT INTO app.note (id, owner) VALUES (70, 3)", "DELETE FROM app.note WHERE id = 70")
			pgsessiontest.As(m, p.gateway, carl, pgsessiontest.Keys(p.keys)).Sees([]any{30, 70}, readIDs)
		})
		if failed {
			t.Error("failed")
		}
		p.untouched(t)
	})
}

// A test that fails must say what was seen, by whom, and what may be the reason.
func TestFailures(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	t.Cleanup(func() { p.untouched(t) })
	as := func(who pgsession.Principal, fn func(x *pgsessiontest.Tx)) func(m *mock) {
		return func(m *mock) { fn(pgsessiontest.As(m, p.maintenance, who)) }
	}
	for name, c := range map[string]struct {
		run  func(m *mock)
		want []string
	}{
		"sees too much": {as(anna, func(x *pgsessiontest.Tx) { x.Sees([]any{10}, readIDs) }),
			[]string{"user:1 sees other rows: SELECT id FROM app.note ORDER BY id", "sees, and must not: 20"}},
		"sees too little": {as(ben, func(x *pgsessiontest.Tx) { x.Sees([]any{10, 20, 20}, readIDs) }), []string{"does not see: 10, 20"}},
		"is unknown":      {as(pgsession.User(99), func(x *pgsessiontest.Tx) { x.Sees([]any{10}, readIDs) }), []string{"there is no such user"}},
		"is not seeded": {as(anna, func(x *pgsessiontest.Tx) { x.Sees([]any{80}, "SELECT id FROM app.note WHERE id = 80") }),
			[]string{"the maintenance login finds no row either"}},
		"proves nothing": {as(anna, func(x *pgsessiontest.Tx) { x.Filtered("SELECT id FROM app.note WHERE id = 80") }),
			[]string{"proves nothing", "seed what must stay hidden"}},
		"is not filtered": {as(anna, func(x *pgsessiontest.Tx) { x.Filtered(readIDs) }), []string{"is not filtered", "rows: 2", "10"}},
		"is rejected, not filtered": {as(anna, func(x *pgsessiontest.Tx) { x.Filtered("SELECT * FROM app.closed") }),
			[]string{"rejected where rows should be filtered", "permission denied", "42501"}},
		"is not rejected": {as(anna, func(x *pgsessiontest.Tx) { _ = x.Rejected("DELETE FROM app.note WHERE id = $1", 30) }),
			[]string{"is not rejected: DELETE FROM app.note WHERE id = $1 [30]", "rows: 0"}},
		"fails otherwise": {as(anna, func(x *pgsessiontest.Tx) { _ = x.Rejected("SELECT 1 / 0") }), []string{"fails, but is not rejected", "22012"}},
		"writes less":     {as(anna, func(x *pgsessiontest.Tx) { x.Writes(1, "DELETE FROM app.note WHERE id = 20") }), []string{"rows: 0, want 1"}},
		"may not write": {as(anna, func(x *pgsessiontest.Tx) { x.Writes(1, "INSERT INTO app.note (id, owner) VALUES (90, 2)") }),
			[]string{"may not", "row-level security", "42501"}},
		"seeds badly":    {func(m *mock) { pgsessiontest.New(m, p.maintenance).Seed("INSERT INTO app.nowhere VALUES (1)") }, []string{"seed: ", "app.nowhere"}},
		"is nobody":      {func(m *mock) { pgsessiontest.As(m, p.maintenance, pgsession.Principal{}) }, []string{"act for nobody: no principal is given"}},
		"may not become": {func(m *mock) { pgsessiontest.As(m, p.gateway, anna) }, []string{"enter user:1", "42501"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, failed := inside(t, c.run)
			if !failed {
				t.Error("the test passes")
			}
			for _, w := range c.want {
				if !strings.Contains(said, w) {
					t.Errorf("it does not say %q:\n%s", w, said)
				}
			}
		})
	}
	t.Run("a privilege is no policy", func(t *testing.T) {
		t.Parallel()
		said, failed := inside(t, as(anna, func(x *pgsessiontest.Tx) { _ = x.Rejected("SELECT * FROM app.closed") }))
		if failed || !strings.Contains(said, "log: user:1: rejected by a privilege, not by a policy") {
			t.Error(said)
		}
	})
	t.Run("assertions go on after a failed one", func(t *testing.T) {
		t.Parallel()
		said, _ := inside(t, as(anna, func(x *pgsessiontest.Tx) {
			x.Sees(nil, "SELECT 1 / 0")
			x.Sees([]any{10, 20}, readIDs)
		}))
		if strings.Count(said, "user:1") != 1 {
			t.Error(said)
		}
	})
}
