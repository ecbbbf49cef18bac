package pgsessiontest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/pgsession"
	"github.com/rlsctl/rlsctl/pgsession/pgsessiontest"
)

// What a team has: a pool of a maintenance login, made in TestMain, and code that takes a session.
var (
	pool *pgxpool.Pool
	t    *testing.T // of the test function
)

type App struct{ Session *pgsession.Session }

func (a App) Publish(ctx context.Context, by pgsession.Principal, note int) error {
	return a.Session.Run(ctx, by, func(tx pgx.Tx) error {
		if err := pgsession.RequireObject(ctx, tx, "update", "note", note); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "UPDATE app.note SET status = 'published' WHERE id = $1", note)
		return err
	})
}

// One principal: the three outcomes of row-level security, each asserted.
func ExampleAs() {
	anna := pgsessiontest.As(t, pool, pgsession.User(1))
	anna.Sees([]any{10, 20}, "SELECT id FROM app.note")                         // these rows and no others
	anna.Writes(1, "UPDATE app.note SET title = $1 WHERE id = $2", "new", 10)   // one row
	anna.Filtered("UPDATE app.note SET title = $1 WHERE id = $2", "new", 30)    // no row, no error
	_ = anna.Rejected("INSERT INTO app.note (id, owner) VALUES ($1, $2)", 1, 2) // 42501
}

// The code under test, which begins and commits transactions of its own, beside rows that exist for this test alone.
func ExampleDB_Session() {
	db := pgsessiontest.New(t, pool)
	db.Seed("INSERT INTO app.note (id, owner, status) VALUES ($1, $2, 'draft')", 70, 1)
	app := App{Session: db.Session()}

	if err := app.Publish(t.Context(), pgsession.User(2), 70); !pgsession.IsDenied(err) {
		t.Error("ben publishes a note of anna's:", err)
	}
	if err := app.Publish(t.Context(), pgsession.User(1), 70); err != nil {
		t.Error(pgsession.Explain(err))
	}
	db.As(pgsession.User(1)).Sees([]any{"published"}, "SELECT status FROM app.note WHERE id = 70")
}

// Two principals in one transaction: what one writes the other sees, or not.
func ExampleDB_As() {
	db := pgsessiontest.New(t, pool)
	anna, ben := db.As(pgsession.User(1)), db.As(pgsession.User(2))
	ben.Writes(1, "INSERT INTO app.note (id, owner) VALUES (71, 2)")
	anna.Sees([]any{71}, "SELECT id FROM app.note WHERE id = 71") // she is ben's superior
	ben.Filtered("SELECT id FROM app.note WHERE owner = 1")
}

// Principals enter with signed tokens, as in production: pool is the gateway's.
func ExampleKeys() {
	keys := pgsession.EnvKeys("NOTES_TEST_KEYS") // or pgsession.FileKeys(path)
	anna := pgsessiontest.As(t, pool, pgsession.User(1), pgsessiontest.Keys(keys))
	anna.Sees([]any{10, 20}, "SELECT id FROM app.note")
}
