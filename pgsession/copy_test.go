package pgsession_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/pgsession"
)

// parcels is a protected table of many types, in which everybody inserts what is theirs.
const parcels = `
CREATE EXTENSION citext;
CREATE SCHEMA "Odd ""one""";
CREATE TYPE "Odd ""one"""."Mood ""s""" AS ENUM ('glad', 'sad');
CREATE DOMAIN "Odd ""one""".age AS integer CHECK (value > 0);
CREATE DOMAIN "Odd ""one""".older AS "Odd ""one""".age CHECK (value > 10);
CREATE DOMAIN "Odd ""one""".short AS varchar(5);
CREATE DOMAIN "Odd ""one""".pair AS integer[] CHECK (cardinality(value) = 2);
CREATE TABLE "Odd ""one"""."par cel" (
    id bigint GENERATED ALWAYS AS IDENTITY,
    owner text NOT NULL,
    "say ""hi""" citext,
    mood "Odd ""one"""."Mood ""s""",
    moods "Odd ""one"""."Mood ""s"""[],
    tags text[],
    labels citext[],
    price numeric(10,2),
    years "Odd ""one""".older,
    ages "Odd ""one""".age[],
    code "Odd ""one""".short,
    codes "Odd ""one""".short[],
    pair "Odd ""one""".pair,
    doc jsonb,
    at timestamptz NOT NULL DEFAULT '2030-01-02 00:00Z',
    n integer DEFAULT 7,
    twice integer GENERATED ALWAYS AS (n * 2) STORED,
    name varchar(10),
    raw bytea,
    span int4range,
    kind "char",
    key uuid
);
ALTER TABLE "Odd ""one"""."par cel" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY parcel_read ON "Odd ""one"""."par cel" FOR SELECT TO rls_client USING (owner = (SELECT rls.principal()));
CREATE POLICY parcel_create ON "Odd ""one"""."par cel" FOR INSERT TO rls_client WITH CHECK (owner = (SELECT rls.principal()));
GRANT USAGE ON SCHEMA "Odd ""one""" TO rls_client, PUBLIC;
GRANT SELECT, INSERT ON "Odd ""one"""."par cel" TO rls_client;
CREATE TABLE app.letter (id bigint PRIMARY KEY, owner text);
ALTER TABLE app.letter ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY letter_create ON app.letter FOR INSERT TO rls_client WITH CHECK (owner = (SELECT rls.principal()));
GRANT INSERT ON app.letter TO rls_client;`

var parcel = pgx.Identifier{`Odd "one"`, "par cel"}

// copying is a gateway beside parcels, with or without the database privilege TEMPORARY.
func copying(t *testing.T, temporary bool) (db *pgtest.Database, login string) {
	t.Helper()
	db, login = gateway(t)
	db.Exec(t, parcels)
	if !temporary {
		db.Exec(t, "REVOKE TEMPORARY ON DATABASE "+db.Name()+" FROM PUBLIC")
	}
	return db, login
}

func rowsOf(values ...[]any) pgx.CopyFromSource { return pgx.CopyFromRows(values) }

// kept is a column of all rows of parcels, whoever owns them, in the order of id.
func kept(t *testing.T, db *pgtest.Database, expression string) string {
	t.Helper()
	var out string
	sql := "SELECT coalesce(string_agg(coalesce((" + expression + ")::text, 'NULL'), ' ' ORDER BY id), '') FROM " + parcel.Sanitize()
	if err := db.Conn(t, "").QueryRow(t.Context(), sql).Scan(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestCopyFrom(t *testing.T) {
	t.Parallel()
	for _, temporary := range []bool{true, false} {
		db, login := copying(t, temporary)
		for _, m := range []pgx.QueryExecMode{pgx.QueryExecModeCacheStatement, pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol} {
			// Not parallel: they count the rows of one table.
			t.Run(fmt.Sprintf("temporary %t/%s", temporary, m), func(t *testing.T) {
				db.Exec(t, "TRUNCATE app.letter, "+parcel.Sanitize()+" RESTART IDENTITY")
				copyFrom(t, db, login, m)
			})
		}
	}
}

func copyFrom(t *testing.T, db *pgtest.Database, login string, m pgx.QueryExecMode) {
	s, pool := session(t, db, login, 1, mode(m))
	ctx := t.Context()
	columns := []string{`say "hi"`, "owner", "mood", "moods", "tags", "labels", "price", "years", "ages", "code", "codes", "pair", "doc",
		"at", "name", "raw", "span", "kind", "key"}
	day := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)
	span := pgtype.Range[int32]{Lower: 1, Upper: 5, LowerType: pgtype.Inclusive, UpperType: pgtype.Exclusive, Valid: true}
	full := []any{"Hi", "anna", "sad", []string{"glad", "sad"}, []string{`a,"b`, "c"}, []string{"L"}, "1.235", 11, []int32{1, 2}, "abcde", []string{"abcde"},
		[]int32{3, 4}, map[string]int{"a": 1}, day, "ten chars.", []byte{0, 255}, span, "k", "00000000-0000-4000-8000-000000000001"}
	empty := make([]any, len(columns))
	empty[1], empty[13] = "anna", day
	n, err := s.CopyFrom(ctx, anna, parcel, columns, rowsOf(full, empty, full))
	if err != nil || n != 3 {
		t.Fatalf("%d rows: %s", n, pgsession.Explain(err))
	}
	const all = `concat_ws('|', "say ""hi""", owner, mood, moods, tags, labels, price, years, ages, code, codes, pair, doc, at AT TIME ZONE 'UTC', n, twice, name, raw, span, kind, key)`
	want := `Hi|anna|sad|{glad,sad}|{"a,\"b",c}|{L}|1.24|11|{1,2}|abcde|{abcde}|{3,4}|{"a": 1}|2026-05-04 00:00:00|7|14|ten chars.|\x00ff|[1,5)|k|00000000-0000-4000-8000-000000000001`
	if got := kept(t, db, all); got != want+" anna|2026-05-04 00:00:00|7|14 "+want {
		t.Errorf("kept %s", got)
	}
	if got := kept(t, db, `id || ':' || ("say ""hi""" = 'hI')`); got != "1:true NULL 3:true" {
		t.Errorf("ids and citext: %s", got)
	}

	// What is wrong with one row leaves none, and says so with PostgreSQL's own SQLSTATE.
	before := kept(t, db, "id")
	for _, c := range []struct {
		name, code string
		columns    []string
		row        []any
	}{
		{"another's", "42501", []string{"owner"}, []any{"bob"}},
		{"nobody's", "42501", []string{"owner"}, []any{nil}},
		{"domain", "23514", []string{"owner", "years"}, []any{"anna", 5}},
		{"array of domain", "23514", []string{"owner", "ages"}, []any{"anna", []int32{1, 0}}},
		{"domain over array", "23514", []string{"owner", "pair"}, []any{"anna", []int32{1}}},
		{"domain too long", "22001", []string{"owner", "code"}, []any{"anna", "abcdef"}},
		{"array of domain too long", "22001", []string{"owner", "codes"}, []any{"anna", []string{"abcdef"}}},
		{"too long", "22001", []string{"owner", "name"}, []any{"anna", "eleven char"}},
		{"enum", "22P02", []string{"owner", "mood"}, []any{"anna", "angry"}},
		{"generated", "428C9", []string{"owner", "twice"}, []any{"anna", 1}},
		{"no column", "42703", []string{"owner", "none"}, []any{"anna", 1}},
	} {
		good := make([]any, len(c.columns))
		good[0] = "anna"
		n, err := s.CopyFrom(ctx, anna, parcel, c.columns, rowsOf(good, c.row, good))
		var pg *pgconn.PgError
		if n != 0 || !errors.As(err, &pg) || pg.Code != c.code || pgsession.IsDenied(err) != (c.code == "42501") {
			t.Errorf("%s: %d rows, error %v", c.name, n, err)
		}
	}
	for name, src := range map[string]pgx.CopyFromSource{
		"source": pgx.CopyFromSlice(1000, func(i int) ([]any, error) {
			if i == 900 {
				return nil, errors.New("no more")
			}
			return []any{"anna"}, nil
		}),
		"width": rowsOf([]any{"anna"}, []any{"anna", 1}),
	} {
		if n, err := s.CopyFrom(ctx, anna, parcel, []string{"owner"}, src); err == nil || n != 0 {
			t.Errorf("%s: %d rows, error %v", name, n, err)
		}
	}
	if got := kept(t, db, "id"); got != before {
		t.Errorf("%s is left, want %s", got, before)
	}

	// In a transaction with more in it: several copies, a savepoint, an identity that is given, rows in their order.
	err = s.Run(ctx, bob, func(tx pgx.Tx) error {
		many := pgx.CopyFromSlice(1203, func(i int) ([]any, error) { return []any{"bob", i}, nil })
		if n, err := tx.CopyFrom(ctx, parcel, []string{"owner", "n"}, many); err != nil || n != 1203 {
			return fmt.Errorf("%d rows: %w", n, err)
		}
		point, err := tx.Begin(ctx)
		if err != nil {
			return err
		}
		if _, err := point.CopyFrom(ctx, parcel, []string{"owner"}, rowsOf([]any{"anna"})); !pgsession.IsDenied(err) {
			t.Errorf("within a savepoint: %v", err)
		}
		if err := point.Rollback(ctx); err != nil {
			return err
		}
		if n, err := tx.CopyFrom(ctx, parcel, []string{"owner", "n"}, rowsOf()); err != nil || n != 0 {
			return fmt.Errorf("no rows: %d: %w", n, err)
		}
		_, err = tx.CopyFrom(ctx, parcel, []string{"id", "owner", "n"}, rowsOf([]any{1000000, "bob", 1203}))
		return err
	})
	if err != nil {
		t.Fatal(pgsession.Explain(err))
	}
	var order string
	for i := range 1204 {
		order += fmt.Sprintf(" %d", i)
	}
	if got := kept(t, db, "CASE WHEN owner = 'bob' THEN n END"); strings.ReplaceAll(got, "NULL", "") != "  "+order {
		t.Errorf("order: %.200s", got)
	}
	if got := kept(t, db, "CASE WHEN n = 1203 THEN id END"); !strings.HasSuffix(got, " 1000000") {
		t.Errorf("the id that was given: %.200s", got)
	}
	// A table that may only be written, and one that is not filtered.
	if n, err := s.CopyFrom(ctx, anna, pgx.Identifier{"app", "letter"}, []string{"id", "owner"}, rowsOf([]any{1, "anna"})); err != nil || n != 1 {
		t.Errorf("write only: %d rows, error %v", n, err)
	}
	if n, err := s.CopyFrom(ctx, anna, pgx.Identifier{"app", "counter"}, []string{"parent"}, rowsOf([]any{nil}, []any{nil})); err != nil || n != 2 {
		t.Errorf("not filtered: %d rows, error %v", n, err)
	}
	for name, call := range map[string]error{
		"no table":  second(s.CopyFrom(ctx, anna, pgx.Identifier{"app", "none"}, []string{"a"}, rowsOf([]any{1}))),
		"no column": second(s.CopyFrom(ctx, anna, parcel, nil, rowsOf([]any{1}))),
		"read only": second(s.CopyFrom(ctx, anna, parcel, []string{"owner"}, rowsOf([]any{"anna"}), pgsession.ReadOnly())),
	} {
		if call == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if got := pool.Stat().NewConnsCount(); got != 1 {
		t.Errorf("%d connections were made, want 1", got)
	}
	fresh(t, s, pool, bob, "three four")
}

func second(_ int64, err error) error { return err }

// A staging table does not cost the connection; what somebody leaves there afterwards does, as on any other.
func TestCopyFromResidue(t *testing.T) {
	t.Parallel()
	db, login := copying(t, true)
	db.Exec(t, `CREATE FUNCTION app.sneak() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
			EXECUTE 'CREATE TE' || 'MP TABLE note (id int)'; END $$;
		CREATE FUNCTION app.sneak_type() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
			EXECUTE 'CREATE TYPE pg_te' || 'mp.note AS (id int)'; END $$;
		CREATE FUNCTION app.sneak_function() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
			EXECUTE 'CREATE FUNCTION pg_te' || 'mp.f() RETURNS int LANGUAGE sql AS ''SELECT 1'''; END $$`)
	leave := map[string]string{"sneak": "SELECT app.sneak()", "sneak type": "SELECT app.sneak_type()", "sneak function": "SELECT app.sneak_function()"}
	for _, l := range leavings {
		if l.closes && len(l.sql) == 1 && l.name != "temporary table on commit drop" {
			leave[l.name] = l.sql[0]
		}
	}
	hook := func(c *pgxpool.Config) {
		c.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, "SET application_name = 'hooked'")
			return err
		}
	}
	for kind, tune := range map[string]func(*pgxpool.Config){"restored": nil, "compared": hook} {
		for name, sql := range leave {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				s, pool := session(t, db, login, 1, tune)
				ctx := t.Context()
				for range 3 {
					if _, err := s.CopyFrom(ctx, anna, parcel, []string{"owner"}, rowsOf([]any{"anna"})); err != nil {
						t.Fatal(pgsession.Explain(err))
					}
					if _, err := s.CopyFrom(ctx, anna, parcel, []string{"owner"}, rowsOf([]any{"bob"})); !pgsession.IsDenied(err) {
						t.Fatal(err)
					}
				}
				if got := pool.Stat().NewConnsCount(); got != 1 {
					t.Fatalf("%d connections were made, want 1", got)
				}
				if _, err := s.Exec(ctx, anna, sql); err != nil {
					t.Fatal(pgsession.Explain(err))
				}
				fresh(t, s, pool, bob, "three four")
				if got := pool.Stat().NewConnsCount(); got != 2 {
					t.Errorf("%d connections were made, want 2", got)
				}
			})
		}
	}
}
