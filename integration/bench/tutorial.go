package main

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
)

// tutorial is a policy as tutorials recommend it: over a maintained closure table, with a plain setting for who asks. All
// of them are on one table, each for a database role of its own.
type tutorial struct {
	title, role, using string
	limit              timeLimit
}

// tutorialFunctions are SECURITY DEFINER because clients may not read the tables of people. A superuser's ids are
// everybody's: a branch of its own, (SELECT is_superuser()) OR …, would cost everybody the index.
const tutorialFunctions = `
CREATE FUNCTION app.me() RETURNS {KEY} LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('app.user_id', true), '')::{KEY} $$;
CREATE FUNCTION app.is_superuser() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT p.is_superuser FROM app.plain_person AS p WHERE p.id = app.me() $$;
CREATE FUNCTION app.my_id_rows() RETURNS SETOF {KEY} LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    SELECT c.descendant FROM app.closure AS c WHERE c.ancestor = app.me()
    UNION ALL SELECT p.id FROM app.plain_person AS p WHERE (SELECT app.is_superuser())
$$;
CREATE FUNCTION app.my_ids() RETURNS {KEY}[] LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$ SELECT ARRAY(SELECT app.my_id_rows()) $$;
CREATE FUNCTION app.can_see(who {KEY}) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE up(id, supervisor_id) AS (
        SELECT p.id, p.supervisor_id FROM app.plain_person AS p WHERE p.id = $1
        UNION SELECT p.id, p.supervisor_id FROM up JOIN app.plain_person AS p ON p.id = up.supervisor_id)
    SELECT EXISTS (SELECT FROM up WHERE up.id = app.me())
$$;
ALTER TABLE app.policy_note ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.policy_note FORCE ROW LEVEL SECURITY;`

func (t *tutorial) name() string { return t.title }

func (t *tutorial) prepare(ctx context.Context, w *world) error {
	var there bool
	if err := w.admin.QueryRow(ctx, "SELECT to_regclass('app.policy_note') IS NOT NULL").Scan(&there); err != nil {
		return err
	}
	if !there {
		if err := w.copyNotes(ctx, "app.policy_note"); err != nil {
			return err
		}
		if err := w.exec(ctx, replace(tutorialFunctions, "KEY", w.key.sql)); err != nil {
			return err
		}
	}
	role := policies.Ident(w.role(t.role))
	return w.exec(ctx, "CREATE POLICY "+t.role+" ON app.policy_note FOR SELECT TO "+role+
		" USING ("+replace(t.using, "KEY", w.key.sql)+");\n"+
		"GRANT USAGE ON SCHEMA app TO "+role+"; GRANT SELECT ON app.policy_note TO "+role)
}

func (t *tutorial) open(ctx context.Context, w *world, v viewer) (session, error) {
	conn, err := w.connect(ctx, w.role("reader"))
	if err != nil {
		return nil, err
	}
	set := "SET LOCAL ROLE " + policies.Ident(w.role(t.role)) + "; SET LOCAL app.user_id = " + policies.Literal(w.keys.text(v.place))
	return &tutorialSession{txSession{conn: conn, limit: t.limit, enter: func(ctx context.Context, tx pgx.Tx) error {
		_, err := tx.Exec(ctx, set, pgx.QueryExecModeSimpleProtocol)
		return err
	}}}, nil
}

type tutorialSession struct{ txSession }

func (s *tutorialSession) ways(q query, id int64) []way {
	sql, args := q.on("app.policy_note"), q.args(id)
	return []way{{"policy", func(ctx context.Context, m mode, keep *answer) error { return s.run(ctx, m, keep, sql, args...) }}}
}

// least is the policy that costs least of all that have a sub-select. Its answer is right for superusers alone: it shows how much of
// what a policy costs them is PostgreSQL's.
type least struct{ tutorial }

func (l *least) open(ctx context.Context, w *world, v viewer) (session, error) {
	s, err := l.tutorial.open(ctx, w, v)
	if err != nil {
		return nil, err
	}
	return &leastSession{s.(*tutorialSession), v.all}, nil
}

type leastSession struct {
	*tutorialSession
	all bool
}

func (s *leastSession) ways(q query, id int64) []way {
	if !s.all {
		return nil
	}
	return s.tutorialSession.ways(q, id)
}
