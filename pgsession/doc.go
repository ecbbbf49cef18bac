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
// PostgreSQL refuses COPY into a table with row-level security. CopyFrom takes the way round, by a temporary table of the
// transaction and one INSERT that the policies judge: at 100,000 rows it takes half as long again as COPY into a table
// without. It wants the database privilege TEMPORARY, and makes do without it.
//
// # What is left behind
//
// A principal ends with its transaction. What a statement does to the connection beyond it would reach the next
// principal, so it is dealt with in the flush that carries COMMIT or ROLLBACK. Settings, cursors WITH HOLD, LISTEN and
// the values of sequences are put back or forgotten, as DISCARD ALL would, whoever has left them. A connection that a
// statement has changed by its text is closed all the same: settings of the session, its role, temporary tables, cursors
// WITH HOLD, LISTEN, advisory locks, PREPARE. The role and temporary tables are looked for each time; a thorough check
// follows statements whose text can leave what that does not see. What functions of the application do inside is not in
// the text of a statement, so an advisory lock of theirs stays: let them take locks of the transaction, or open the
// session with CheckEverything. Statements that pgx prepares stay; they hold no rows.
//
// Where the pool has hooks (AfterConnect, PrepareConn, BeforeAcquire, AfterRelease) their settings have to stay, so nothing
// is put back but sequences: the settings that can change what a statement means are compared, with cursors and LISTEN,
// and a connection that is not as it was when a session first used it is closed. A custom setting made inside a function
// is not found there, nor by CheckEverything; let functions use set_config(…, true).
//
// # Behind a pooler
//
// Sessions work behind PgBouncer, in pool modes session and transaction. BEGIN to COMMIT and the check stay on one
// connection of the server, which the next client has as soon as the flush has ended. So there the server compares, and a
// connection that is not as it was ends in that very flush. A connection that is new to sessions is looked at first, in
// a flush of its own, once; one that others have changed by then ends with the first transaction on it. A COMMIT that fails
// cannot carry the check: then advisory locks and PREPARE of that transaction may stay. In pool mode transaction pgx's
// default exec mode needs a pooler that tracks prepared statements: PgBouncer 1.21 with max_prepared_statements. With an
// older one let pgx use QueryExecModeCacheDescribe. Settings are in docs/pooler.md.
//
// # What stays prepared
//
// Statements are kept for each connection, not for each principal: PostgreSQL drops a plan when the database role changes,
// and so the rows are right whoever used the statement before. Neither a session nor a connection keeps anything for a
// principal that has gone.
//
// # What is not logged
//
// Keys and tokens hide themselves from fmt, log/slog, encoding/json and pgx tracers, and are in no error. Transaction
// control that sessions send after fn, and all of it in simple protocol mode, is not shown to tracers.
package pgsession
