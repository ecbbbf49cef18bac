package pgsession

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What a principal leaves behind on a connection. All queries name everything by its schema, operators included: the
// client may have set search_path, or made temporary objects of any name.

// fingerprint is what a connection is compared by where it cannot simply be put back.
const (
	fingerprint = likeness + tempSchema + presence
	// fingerprintByContent is the same text where nothing temporary is there.
	fingerprintByContent = likeness + tempContent + presence
)

// A staging table of CopyFrom is gone with its transaction, and leaves the temporary schema of the connection behind,
// empty. So once CopyFrom has used a connection, and behind a pooler always, what counts is whether anything is in it.
const (
	tempSchema  = `pg_catalog.pg_my_temp_schema()`
	tempContent = `CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_depend AS d` +
		` WHERE d.refclassid OPERATOR(pg_catalog.=) 2615::pg_catalog.oid` + // pg_namespace
		` AND d.refobjid OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema())` +
		` THEN pg_catalog.pg_my_temp_schema() ELSE 0::pg_catalog.oid END`
)

const likeness = `ROW(session_user, current_user,` +
	` pg_catalog.current_setting('role'), pg_catalog.current_setting('search_path'),` +
	` pg_catalog.current_setting('row_security'), pg_catalog.concat(pg_catalog.current_setting('rls.context', true)),` +
	` pg_catalog.current_setting('session_replication_role'), pg_catalog.current_setting('statement_timeout'),` +
	` pg_catalog.current_setting('lock_timeout'), pg_catalog.current_setting('idle_in_transaction_session_timeout'),` +
	` pg_catalog.current_setting('default_transaction_isolation'),` +
	` pg_catalog.current_setting('default_transaction_read_only'),` +
	` pg_catalog.current_setting('default_transaction_deferrable'), pg_catalog.current_setting('TimeZone'),` +
	` pg_catalog.current_setting('DateStyle'), pg_catalog.current_setting('IntervalStyle'),` +
	` pg_catalog.current_setting('bytea_output'), pg_catalog.current_setting('client_encoding'),` +
	` pg_catalog.current_setting('standard_conforming_strings'), `

const presence = `, ARRAY(SELECT pg_catalog.pg_listening_channels()),` +
	` ARRAY(SELECT c.name FROM pg_catalog.pg_cursor() AS c WHERE c.is_holdable))::pg_catalog.text`

// What the fingerprint leaves out, in half a millisecond: any setting of the session but those with a dot in their name,
// advisory locks, PREPARE, and more temporary tables where there were some from the start.
const (
	thorough       = `ROW((SELECT ` + settings + ofSession + `), ` + leftovers
	sharedThorough = `ROW((SELECT ` + settings + ofSession + ` AND s.name OPERATOR(pg_catalog.<>) ALL (` + poolers + `)), ` + leftovers

	settings  = `pg_catalog.string_agg(pg_catalog.concat_ws('=', s.name, s.setting), ',' ORDER BY s.name)`
	ofSession = ` FROM pg_catalog.pg_settings AS s WHERE s.source OPERATOR(pg_catalog.=) 'session'` +
		` AND s.name OPERATOR(pg_catalog.<>) ALL` +
		` ('{transaction_isolation,transaction_read_only,transaction_deferrable}'::pg_catalog.text[])`
	// A pooler sets what the server reports to clients, on the one server's connection and not on the other. Values that
	// matter are in the fingerprint.
	poolers = `'{application_name,client_encoding,DateStyle,default_transaction_read_only,IntervalStyle,search_path,` +
		`standard_conforming_strings,TimeZone}'::pg_catalog.text[]`
	leftovers = locks + `, ` + prepared + `, (SELECT pg_catalog.string_agg(c.oid::pg_catalog.text, ',' ORDER BY c.oid)` +
		` FROM pg_catalog.pg_class AS c` +
		` WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()))::pg_catalog.text`
	locks = `(SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks AS l WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory'` +
		` AND l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid())`
	prepared = `(SELECT pg_catalog.string_agg(p.name, ',' ORDER BY p.name)` +
		` FROM pg_catalog.pg_prepared_statements AS p WHERE p.from_sql)`
)

// Each is one row of two columns, of which the second is compared.
const (
	fingerprintSQL = whose + fingerprint
	whose          = `SELECT pg_catalog.pg_backend_pid()::pg_catalog.text, `
	thoroughSQL    = `SELECT '', ` + thorough
	// restSQL is all of the fingerprint that putting back does not cover.
	restSQL    = roleAnd + tempSchema + restAsText
	roleAnd    = `SELECT '', ROW(pg_catalog.current_setting('role'), `
	restAsText = `)::pg_catalog.text`
	// alteredSQL names in its first column what is not as on a new connection: settings, and in parentheses other things.
	alteredSQL = `SELECT pg_catalog.concat_ws(',', (SELECT pg_catalog.string_agg(s.name, ',')` + ofSession + `),` +
		` CASE WHEN pg_catalog.current_setting('role') OPERATOR(pg_catalog.<>) 'none' THEN '(role)' END,` +
		` CASE WHEN pg_catalog.current_setting('rls.context', true) OPERATOR(pg_catalog.<>) '' THEN '(context)' END,` +
		` CASE WHEN ` + tempContent + ` OPERATOR(pg_catalog.<>) 0::pg_catalog.oid THEN '(temporary)' END,` +
		` CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_listening_channels()) THEN '(listen)' END,` +
		` CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_cursor() AS c WHERE c.is_holdable) THEN '(cursor)' END,` +
		` CASE WHEN ` + locks + ` OPERATOR(pg_catalog.>) 0 THEN '(lock)' END,` +
		` CASE WHEN ` + prepared + ` IS NOT NULL THEN '(prepare)' END), ` + sharedThorough
)

// Behind a pooler the server's connection is the next client's as soon as a flush has ended. So the judgement is the
// server's, in the flush itself, and a connection that is not as it was ends right there.
const (
	endSQL        = `SELECT '', ` + endThis
	sharedSQL     = `SELECT '', CASE WHEN ` + asItWas + ` THEN '' ELSE ` + endThis + ` END`
	sharedDeepSQL = `SELECT '', CASE WHEN ` + asItWas + ` AND ` + sharedThorough + ` OPERATOR(pg_catalog.=) $2::pg_catalog.text` +
		` THEN '' ELSE ` + endThis + ` END`
	asItWas = fingerprintByContent + ` OPERATOR(pg_catalog.=) $1::pg_catalog.text`
	endThis = `pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid())::pg_catalog.text`
)

// chore is a statement of ours behind COMMIT or ROLLBACK.
type chore struct {
	sql     string
	name    string // of its prepared statement: ours and not pgx's, whose cache may drop it
	args    []any  // strings
	answers bool   // with one row of two columns
}

// lastval() and currval() are taken from the next principal. Source: PostgreSQL, "DISCARD".
var forget = chore{sql: "discard sequences", name: "rls_forget"}

// A database role that was left set might not be allowed to end the backend of its login.
var resetRole = chore{sql: "reset role", name: "rls_role"}

// What is put back costs less than what is looked at, and putting back finds the settings that no view shows.
// Source: PostgreSQL, "DISCARD": the parts of DISCARD ALL, which itself cannot follow another statement.
var (
	restoring = []chore{
		forget,
		{sql: "close all", name: "rls_close"},
		{sql: "unlisten *", name: "rls_unlisten"},
		{sql: "reset all", name: "rls_reset"},
		{sql: restSQL, name: "rls_rest", answers: true},
	}
	comparing       = []chore{forget, {sql: fingerprintSQL, name: "rls_fingerprint", answers: true}}
	restoringStaged = append(slices.Clip(restoring[:len(restoring)-1]),
		chore{sql: roleAnd + tempContent + restAsText, name: "rls_rest_staged", answers: true})
	comparingStaged = []chore{forget, {sql: whose + fingerprintByContent, name: "rls_fingerprint_staged", answers: true}}

	restoringDeep       = deeper(restoring)
	comparingDeep       = deeper(comparing)
	restoringStagedDeep = deeper(restoringStaged)
	comparingStagedDeep = deeper(comparingStaged)

	ending = []chore{resetRole, {sql: endSQL, name: "rls_end", answers: true}}
)

func deeper(list []chore) []chore {
	return append(slices.Clip(list), chore{sql: thoroughSQL, name: "rls_thorough", answers: true})
}

// custody is how a connection is kept as it was when sessions first used it.
type custody uint8

const (
	unseen   custody = iota // nothing is known of it yet
	restored                // what can be put back is put back
	compared                // the pool's hooks may have changed it, so nothing is put back and more is compared
	shared                  // it is a pooler's, and compared by the server
	soiled                  // it is a pooler's and not as a new one is: it ends with the transaction
)

// connState is what sessions know of a connection. It lives and dies with it.
type connState struct {
	mode     pgx.QueryExecMode
	staged   bool // CopyFrom has made a staging table here
	hooked   bool // something else than sessions may have settings of its own here
	custody  custody
	finger   string // what fingerprintSQL said first, and so on
	thorough string
	rest     string
	light    []chore             // of a shared connection
	deep     []chore             // of a shared connection
	prepared map[string]bool     // names of chores that the server knows
	names    map[string]scrutiny // of statements that a transaction has prepared
}

const connKey = "github.com/rlsctl/rlsctl/pgsession"

func stateOf(conn *pgx.Conn) *connState {
	data := conn.PgConn().CustomData()
	st, ok := data[connKey].(*connState)
	if !ok {
		config := conn.Config()
		st = &connState{mode: config.DefaultQueryExecMode, hooked: config.AfterConnect != nil, prepared: map[string]bool{}}
		data[connKey] = st
	}
	return st
}

// judge is how closely to look after this statement.
func (st *connState) judge(sql string, args []any) scrutiny {
	if s, ok := st.names[sql]; ok {
		return s
	}
	if bareWord(sql) || rewritten(args) {
		return max(deep, look(sql)) // its text is known to somebody else
	}
	return look(sql)
}

// chores are what follows COMMIT or ROLLBACK, and by which custody they were chosen.
func (st *connState) chores(s scrutiny) (custody, []chore) {
	c := st.custody
	if c == unseen && !st.hooked { // it is looked at in the same flush
		c = restored
	}
	return c, st.choresOf(c, s)
}

func (st *connState) choresOf(c custody, s scrutiny) []chore {
	switch {
	case c == soiled, c == shared && s == discard:
		return ending
	case s == discard:
		return nil // the connection is closed whatever they say
	case c == shared && s == deep:
		return st.deep
	case c == shared:
		return st.light
	}
	light, deeply := comparing, comparingDeep
	switch {
	case c == restored && st.staged:
		light, deeply = restoringStaged, restoringStagedDeep
	case c == restored:
		light, deeply = restoring, restoringDeep
	case st.staged:
		light, deeply = comparingStaged, comparingStagedDeep
	}
	if s == deep {
		return deeply
	}
	return light
}

// seen takes down what a connection looks like that nobody but its pool has used.
func (st *connState) seen(finger, altered, thorough, rest string) {
	st.finger, st.thorough, st.rest = finger, thorough, rest
	st.custody = restored
	if st.hooked || altered != "" {
		st.custody = compared
	}
}

// seenShared is seen for a connection of a pooler, whose server's connection others may have used. What the server
// reports to clients, the pooler sets for each of them.
func (st *connState) seenShared(conn *pgconn.PgConn, finger, altered, thorough string) {
	st.custody = shared
	for name := range strings.SplitSeq(altered, ",") {
		if name != "" && conn.ParameterStatus(name) == "" {
			st.custody = soiled
			return
		}
	}
	st.light = []chore{forget, resetRole, {sql: sharedSQL, name: "rls_shared", args: []any{finger}, answers: true}}
	st.deep = []chore{forget, resetRole, {sql: sharedDeepSQL, name: "rls_shared_deep", args: []any{finger, thorough}, answers: true}}
}

// closing is what a connection told as its transaction ended.
type closing struct {
	custody  custody // by which the chores were chosen
	tag      string  // of COMMIT
	err      error   // of COMMIT or ROLLBACK
	pid      string
	finger   string // of the first answer
	thorough string // of the second
	checked  bool   // all answers are known
}

// hear takes the next answer of the chores.
func (c *closing) hear(pid, text string, first bool) {
	if first {
		c.pid, c.finger = pid, text
		return
	}
	c.thorough = text
}

// clean reports whether the connection is as it was when sessions first used it.
func (c *closing) clean(st *connState, s scrutiny) bool {
	if !c.checked || s == discard || s == deep && c.custody != shared && c.thorough != st.thorough {
		return false
	}
	switch {
	case st.custody == unseen, st.custody == soiled:
		return false
	case c.custody == shared:
		return c.finger == ""
	case c.custody == restored:
		return c.finger == st.rest
	}
	return c.finger == st.finger
}

// end sends one flush: sql, which is COMMIT, ROLLBACK or empty, and the chores behind it.
func end(ctx context.Context, conn *pgx.Conn, sql string, s scrutiny) closing {
	c := endOnce(ctx, conn, sql, s)
	// A COMMIT that fails ends the transaction and skips what follows it.
	var pg *pgconn.PgError
	if !c.checked && errors.As(c.err, &pg) && !conn.IsClosed() && conn.PgConn().TxStatus() == 'I' {
		again := endOnce(ctx, conn, "", s)
		again.err, again.tag = c.err, c.tag
		return again
	}
	return c
}

func endOnce(ctx context.Context, conn *pgx.Conn, sql string, s scrutiny) (c closing) {
	st := stateOf(conn)
	var todo []chore
	c.custody, todo = st.chores(s)
	told := sql == "" // whether the transaction ended is known
	if sql == "" && len(todo) == 0 {
		return c
	}
	p := conn.PgConn().StartPipeline(ctx)
	defer func() {
		if err := p.Close(); err != nil {
			c.checked = false
			if !told && c.err == nil {
				c.err = err
			}
		}
	}()
	if sql != "" {
		p.SendQueryParams(sql, nil, nil, nil, nil)
	}
	for i := range todo {
		st.send(p, &todo[i])
	}
	if c.err = p.Sync(); c.err != nil {
		return c
	}
	if sql != "" {
		if c.tag, c.err = drain(p); c.err != nil {
			return c
		}
		told = true
	}
	first := true
	for i := range todo {
		pid, text, err := st.receive(p, &todo[i])
		if err != nil {
			return c
		}
		if todo[i].answers {
			c.hear(pid, text, first)
			first = false
		}
	}
	c.checked = true
	return c
}

// send queues a chore, and prepares it first where statements are kept.
func (st *connState) send(p *pgconn.Pipeline, do *chore) {
	var params [][]byte
	for _, a := range do.args {
		params = append(params, []byte(a.(string)))
	}
	if st.mode != pgx.QueryExecModeCacheStatement {
		p.SendQueryParams(do.sql, params, nil, nil, nil)
		return
	}
	if !st.prepared[do.name] {
		p.SendPrepare(do.name, do.sql, nil)
	}
	p.SendQueryPrepared(do.name, params, nil, nil)
}

// receive reads what send has queued.
func (st *connState) receive(p *pgconn.Pipeline, do *chore) (pid, text string, err error) {
	if st.mode == pgx.QueryExecModeCacheStatement && !st.prepared[do.name] {
		if _, err := p.GetResults(); err != nil {
			return "", "", err
		}
		st.prepared[do.name] = true
	}
	if do.answers {
		return answer(p)
	}
	_, err = drain(p)
	return "", "", err
}

func drain(p *pgconn.Pipeline) (string, error) {
	r, err := results(p)
	if err != nil {
		return "", err
	}
	tag, err := r.Close()
	return tag.String(), err
}

func answer(p *pgconn.Pipeline) (pid, text string, err error) {
	r, err := results(p)
	if err != nil {
		return "", "", err
	}
	for r.NextRow() {
		pid, text = string(r.Values()[0]), string(r.Values()[1])
	}
	_, err = r.Close()
	return pid, text, err
}

func results(p *pgconn.Pipeline) (*pgconn.ResultReader, error) {
	got, err := p.GetResults()
	if err != nil {
		return nil, err
	}
	r, ok := got.(*pgconn.ResultReader)
	if !ok {
		return nil, errors.New("the connection answered out of turn")
	}
	return r, nil
}

// destroyTimeout bounds the goodbye to a connection that is not to be used again.
const destroyTimeout = time.Second

// destroy closes a connection for good. Behind a pooler that alone would leave the server's connection to the next
// client, so its backend is ended as well.
func destroy(conn *pgx.Conn, c closing) {
	ctx, cancel := context.WithTimeout(context.Background(), destroyTimeout)
	defer cancel()
	if c.pid != "" && c.pid != ownPID(conn.PgConn()) && !conn.IsClosed() {
		_ = conn.PgConn().ExecParams(ctx, "SELECT pg_catalog.pg_terminate_backend($1::pg_catalog.int4)",
			[][]byte{[]byte(c.pid)}, nil, nil, nil).Read()
	}
	_ = conn.Close(ctx)
}
