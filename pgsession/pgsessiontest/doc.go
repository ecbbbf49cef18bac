// Package pgsessiontest lets a test run as any principal, and leaves nothing behind: each test has one transaction, which
// is rolled back when it ends, however it ends. Tests run in parallel, each on a connection of its own.
//
//	func TestAnnaSeesHerNotes(t *testing.T) {
//		t.Parallel()
//		anna := pgsessiontest.As(t, pool, pgsession.User(1))
//		anna.Sees([]any{1, 2}, "SELECT id FROM app.note")
//		anna.Rejected("UPDATE app.note SET owner_id = 2 WHERE id = 1")
//	}
//
// A [DB] is that transaction for several principals and for the code under test:
//
//	db := pgsessiontest.New(t, pool)
//	db.Seed("INSERT INTO app.note (id, owner_id, title) VALUES (7, 1, 'draft')")
//	app := notes.New(db.Session()) // it takes a *pgsession.Session
//	err := app.Publish(ctx, pgsession.User(2), 7)
//
// # Who connects
//
// The pool is one of a maintenance login or of a database superuser, who acts for the principal by rls.impersonate: no
// key is needed, and Seed writes in the same transaction. The maintenance login has to be a member of the client role,
// or of the model's plan role rls_any_<client role>. With [Keys] the pool is a gateway's, and each principal enters with a
// token, as in production. The login needs TEMPORARY on the database, which PUBLIC has unless it was revoked.
//
// # What is not as in production
//
// Everything happens in one transaction. So now() stands still (clock_timestamp() and statement_timestamp() do not),
// NOTIFY is not delivered, the isolation level is that of the outer transaction, and a Run inside of a Run waits for
// the outer one and fails. Deferred constraints are checked where a transaction of the code under test commits. Under
// rls.impersonate a second factor counts as shown, a client address is not passed on, and a tenant or attributes are
// refused; code that sends RESET ROLE becomes the maintenance login. Sequences do not go back.
//
// # What nothing can leave behind
//
// The transaction cannot be committed, not even by a COMMIT in the text of a statement: the server refuses it. Whatever
// follows a transaction that was ended that way can only read, and the test fails.
package pgsessiontest
