package pgsession

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What a principal leaves behind on a connection. Both queries name everything by its schema, operators included: the
// client may have set search_path, or made temporary objects of any name.

// fingerprintSQL is cheap, 11 to 26 us of the server's time (see BenchmarkResidue), and runs after every transaction.
const fingerprintSQL = `SELECT pg_catalog.pg_backend_pid()::pg_catalog.text, ROW(session_user, current_user,` +
	` pg_catalog.current_setting('role'), pg_catalog.current_setting('search_path'),` +
	` pg_catalog.current_setting('row_security'), pg_catalog.concat(pg_catalog.current_setting('rls.context', true)),` +
	` pg_catalog.current_setting('session_replication_role'), pg_catalog.current_setting('statement_timeout'),` +
	` pg_catalog.current_setting('lock_timeout'), pg_catalog.current_setting('idle_in_transaction_session_timeout'),` +
	` pg_catalog.current_setting('default_transaction_isolation'),` +
	` pg_catalog.current_setting('default_transaction_read_only'),` +
	` pg_catalog.current_setting('default_transaction_deferrable'), pg_catalog.current_setting('TimeZone'),` +
	` pg_catalog.current_setting('DateStyle'), pg_catalog.current_setting('IntervalStyle'),` +
	` pg_catalog.current_setting('bytea_output'), pg_catalog.current_setting('client_encoding'),` +
	` pg_catalog.current_setting('standard_conforming_strings'), pg_catalog.pg_my_temp_schema(),` +
	` ARRAY(SELECT pg_catalog.pg_listening_channels()),` +
	` ARRAY(SELECT c.name FROM pg_catalog.pg_cursor() AS c WHERE c.is_holdable))::pg_catalog.text`

// thoroughSQL finds what the fingerprint leaves out, in half a millisecond: any setting of the session but those with a
// dot in their name, advisory locks, PREPARE, and more temporary tables where there were some from the start.
const thoroughSQL = `SELECT '', ROW(` +
	`(SELECT pg_catalog.string_agg(pg_catalog.concat_ws('=', s.name, s.setting), ',' ORDER BY s.name)` +
	` FROM pg_catalog.pg_settings AS s WHERE s.source OPERATOR(pg_catalog.=) 'session'` +
	` AND s.name OPERATOR(pg_catalog.<>) ALL` +
	` ('{transaction_isolation,transaction_read_only,transaction_deferrable}'::pg_catalog.text[])),` +
	` (SELECT pg_catalog.count(*) FROM pg_catalog.pg_locks AS l WHERE l.locktype OPERATOR(pg_catalog.=) 'advisory'` +
	` AND l.pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid()),` +
	` (SELECT pg_catalog.string_agg(p.name, ',' ORDER BY p.name)` +
	` FROM pg_catalog.pg_prepared_statements AS p WHERE p.from_sql),` +
	` (SELECT pg_catalog.string_agg(c.oid::pg_catalog.text, ',' ORDER BY c.oid) FROM pg_catalog.pg_class AS c` +
	` WHERE c.relnamespace OPERATOR(pg_catalog.=) pg_catalog.pg_my_temp_schema()))::pg_catalog.text`

// forgetSQL takes lastval() and currval() away from the next principal. Source: PostgreSQL, "DISCARD".
const forgetSQL = "discard sequences"

// fingerprintName is the prepared statement for fingerprintSQL. Ours and not pgx's, whose cache may drop it.
const fingerprintName = "rls_fingerprint"

// connState is what sessions know of a connection. It lives and dies with it.
type connState struct {
	mode     pgx.QueryExecMode
	known    bool // both below were taken
	finger   string
	thorough string
	prepared bool                // the server has fingerprintName
	names    map[string]scrutiny // of statements that a transaction has prepared
}

const connKey = "github.com/rlsctl/rlsctl/pgsession"

func stateOf(conn *pgx.Conn) *connState {
	data := conn.PgConn().CustomData()
	st, ok := data[connKey].(*connState)
	if !ok {
		st = &connState{mode: conn.Config().DefaultQueryExecMode}
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

// closing is what a connection told as its transaction ended.
type closing struct {
	tag      string // of COMMIT
	err      error  // of COMMIT or ROLLBACK
	pid      string
	finger   string
	thorough string
	checked  bool // finger is known, and thorough if it was asked for
}

// clean reports whether the connection is as it was when sessions first used it.
func (c *closing) clean(st *connState, s scrutiny) bool {
	return c.checked && st.known && s != discard && c.finger == st.finger && (s == light || c.thorough == st.thorough)
}

// end sends one flush: sql, which is COMMIT, ROLLBACK or empty, and the checks behind it.
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
	named := st.mode == pgx.QueryExecModeCacheStatement
	told := sql == "" // whether the transaction ended is known
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
	p.SendQueryParams(forgetSQL, nil, nil, nil, nil)
	prepare := named && !st.prepared
	if prepare {
		p.SendPrepare(fingerprintName, fingerprintSQL, nil)
	}
	if named {
		p.SendQueryPrepared(fingerprintName, nil, nil, nil)
	} else {
		p.SendQueryParams(fingerprintSQL, nil, nil, nil, nil)
	}
	if s == deep {
		p.SendQueryParams(thoroughSQL, nil, nil, nil, nil)
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
	var err error
	if _, err = drain(p); err != nil {
		return c
	}
	if prepare {
		if _, err = p.GetResults(); err != nil {
			return c
		}
		st.prepared = true
	}
	if c.pid, c.finger, err = answer(p); err != nil {
		return c
	}
	if s == deep {
		if _, c.thorough, err = answer(p); err != nil {
			return c
		}
	}
	c.checked = true
	return c
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
	if c.pid != "" && c.pid != strconv.FormatUint(uint64(conn.PgConn().PID()), 10) && !conn.IsClosed() {
		_ = conn.PgConn().ExecParams(ctx, "SELECT pg_catalog.pg_terminate_backend($1::pg_catalog.int4)",
			[][]byte{[]byte(c.pid)}, nil, nil, nil).Read()
	}
	_ = conn.Close(ctx)
}
