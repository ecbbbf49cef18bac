// Package pgsession says who asks: it runs each transaction of an application behind a shared PostgreSQL login, a
// gateway, for one principal, and row-level security does the rest.
//
//	s, err := pgsession.Open(ctx, pool, pgsession.FileKeys("/etc/notes/gateway.keys"))
//	err = s.Run(ctx, pgsession.User(42), func(tx pgx.Tx) error {
//		rows, err := tx.Query(ctx, "SELECT id, title FROM app.note")
//		...
//	})
//
// Run hands fn a pgx.Tx. BEGIN, a signed token and the first statement leave in one flush, so that saying who asks costs
// no round trip. Exec, Query and QueryRow of a Session put a whole transaction of one statement into one flush. A
// statement that a connection meets for the first time costs one flush more, as it does in pgx.
//
// # What travels together
//
// Exec, Query, QueryRow, SendBatch and Begin of the pgx.Tx start the transaction along with themselves. Conn, CopyFrom,
// Prepare and LargeObjects start it in a flush of its own; so do several statements in one text, COPY, and the leading
// arguments QueryExecMode, QueryResultFormats and QueryResultFormatsByOID, which a pgx batch does not take. All exec
// modes of pgx work. In simple protocol mode the token is sent by the extended protocol, in a flush of its own, because
// it must be a bind parameter: a literal would be readable in pg_stat_activity. An argument of the first statement that
// cannot be encoded costs the connection, as in any pgx batch.
//
// COPY into a table with row-level security is refused by PostgreSQL, and so by CopyFrom.
//
// # What is left behind
//
// A principal ends with its transaction. What a statement does to the connection beyond it would reach the next
// principal, so it is looked for in the flush that carries COMMIT or ROLLBACK, and a connection that is not as it was
// when a session first used it is closed: settings of the session, its role, temporary tables, cursors WITH HOLD,
// LISTEN, advisory locks, PREPARE. Sequences are forgotten. The cheap check always runs; a thorough one follows
// statements whose text can leave what the cheap one does not see, and where no check can tell, the connection is
// closed. What functions of the application do inside, with a custom setting or an advisory lock, is not in the text of
// a statement: let them use set_config(…, true) and transaction locks, or open the session with CheckEverything, which
// finds all but custom settings. Statements that pgx prepares stay; they hold no rows. Behind a pooler the backend of a
// connection that is closed is ended too.
//
// # What is not logged
//
// Keys and tokens hide themselves from fmt, log/slog, encoding/json and pgx tracers, and are in no error. Transaction
// control that sessions send after fn, and all of it in simple protocol mode, is not shown to tracers.
package pgsession
