package integration

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// graphModel has four edge kinds in three closures: columns, tables of pairs, and one of each merged.
const graphModel = `
version: 1
database: {client_roles: ["{{app}}", "{{app_ro}}"]}
users:
  table: person
  key: id
  superuser: "rank = 'root'"
  sees:
    supervisor: boss
    creator: maker
    deputy: {table: deputy, viewer: viewer, seen: seen}
    ward: {table: ward, viewer: viewer, seen: seen}
    merged: [[deputy, supervisor]]
resources:
  note: {table: note, owner: owner}
grants:
  - {to: authenticated, allow: {note: "*"}}
`

// graphSchema is the tables of graphModel for a key type; refer is what follows each column that names a person.
func graphSchema(key, refer string) string {
	return strings.NewReplacer("TYPE", key, "REFER", refer).Replace(`
		CREATE TABLE person (id TYPE PRIMARY KEY, boss TYPE REFER, maker TYPE REFER, rank text NOT NULL DEFAULT '');
		CREATE INDEX ON person (boss);
		CREATE INDEX ON person (maker);
		CREATE TABLE deputy (viewer TYPE REFER, seen TYPE REFER);
		CREATE TABLE ward (viewer TYPE REFER, seen TYPE REFER);
		CREATE TABLE note (id integer PRIMARY KEY, owner TYPE);
		GRANT SELECT, INSERT, UPDATE, DELETE ON person, deputy, ward, note TO {{app}};`)
}

// smallOrg is a chain 1, 2, 3, 4 with 10 and 20 beside it, who see nobody.
const smallOrg = `
	INSERT INTO person (id, boss) VALUES (1, NULL), (2, 1), (3, 2), (4, 3), (10, NULL), (20, NULL);`

// prepare stores the sets of users in a transaction of its own.
func (w *world) prepare(t testing.TB, keys ...string) {
	t.Helper()
	if _, err := w.root.Exec(t.Context(), "SELECT "+entering+" FROM unnest($1::text[]) AS k", keys); err != nil {
		t.Fatal(explain(err))
	}
}

// reset puts a world of graphModel back to its beginning, with nothing stored: making one takes longer than a test of it.
func (w *world) reset(t testing.TB, rows string) {
	t.Helper()
	w.sql(t, `TRUNCATE person, deputy, ward, note; DROP FUNCTION IF EXISTS keep() CASCADE;
		DELETE FROM rls.visible_set; DELETE FROM rls.graph_change; DELETE FROM rls.edge_gone;`+rows)
}

// entering is SQL that does for a user k what entering does.
const entering = "(SELECT p.form FROM rls.prepare('user', k) AS p)"

var (
	admitted = regexp.MustCompile(`rls\.admitted_(\w+)\([^()]*\)`)
	buckets  = regexp.MustCompile(`rls\.admitted_buckets\([^()]*\)`)
)

// setColumns is SQL for whom the viewer v.id sees in v.scope, as arrays of text: read as an array, and asked of each key in $2
// in the words of the policy of the widest form, so that its reading of bits and ranges is put to the proof too. Buckets are for whoever
// has a memo.
func (w *world) setColumns(t testing.TB, key string) (ids, asked string) {
	t.Helper()
	call := "rls.visible_$1(v.id::" + key + ", v.scope)"
	qual := one(t, w.root, "SELECT qual FROM pg_policies WHERE tablename = 'note' AND cmd = 'SELECT' AND roles = '{rls_wide}'")
	if !admitted.MatchString(qual) {
		t.Fatalf("the policy of the widest form asks otherwise: %s", qual)
	}
	ids = "ARRAY(SELECT x.id::text FROM unnest(" + strings.ReplaceAll(call, "$1", "ids") + ") AS x(id))"
	asked = "ARRAY(SELECT k.owner::text FROM (SELECT u.k::" + key + " AS owner FROM unnest($2::text[]) AS u(k)) AS k WHERE " +
		admitted.ReplaceAllString(buckets.ReplaceAllString(qual, "NULL::bytea"), call) + ")"
	return ids, asked
}

// org is what the tables say of the graph, one statement's worth.
type org struct {
	users  map[string]bool
	closed [][][2]string // per closure, its edges: viewer, seen
	shares map[string][]string
}

// sees is the visible set, computed from the rules of the graph: the union of one closure per relation, from an existing
// user, over edges to existing users.
func (o *org) sees(viewer string, hierarchy bool) []string {
	if !o.users[viewer] {
		return nil
	}
	all := map[string]bool{viewer: true}
	for _, edges := range o.closed {
		below := map[string][]string{}
		for _, e := range edges {
			below[e[0]] = append(below[e[0]], e[1])
		}
		reached, queue := map[string]bool{viewer: true}, []string{viewer}
		for len(queue) > 0 {
			for _, next := range below[queue[0]] {
				if o.users[next] && !reached[next] {
					reached[next] = true
					queue = append(queue, next)
				}
			}
			queue = queue[1:]
		}
		maps.Copy(all, reached)
	}
	if !hierarchy {
		for _, s := range o.shares[viewer] {
			if o.users[s] {
				all[s] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// wrong compares whom each viewer sees with what the tables say, in one statement, and describes the first difference.
// Both representations are compared, in both scopes.
func (w *world) wrong(t testing.TB, q querier, key string, viewers []string) string {
	t.Helper()
	// Keys of nobody too: whoever reads too many sees them.
	candidates := append(w.rows(t, q, "SELECT id::text FROM person"), viewers...)
	ids, asked := w.setColumns(t, key)
	shares := "SELECT ''::text, ''::text WHERE false"
	if strings.Contains(w.model, "groups: {") {
		shares = `SELECT m.member::text, o.member::text FROM team_member AS m JOIN team AS g ON g.id = m.team AND g.share_members
				JOIN team_member AS o ON o.team = m.team
			UNION ALL SELECT m.member::text, g.creator::text FROM team_member AS m JOIN team AS g ON g.id = m.team AND g.share_creator
				WHERE g.creator IS NOT NULL`
	}
	rows, err := q.Query(t.Context(), `
		SELECT 'user', id::text, NULL::text, NULL::text[], NULL::text[] FROM person
		UNION ALL SELECT 'boss', boss::text, id::text, NULL, NULL FROM person WHERE boss IS NOT NULL
		UNION ALL SELECT 'maker', maker::text, id::text, NULL, NULL FROM person WHERE maker IS NOT NULL
		UNION ALL SELECT 'boss', viewer::text, seen::text, NULL, NULL FROM deputy WHERE viewer IS NOT NULL AND seen IS NOT NULL
		UNION ALL SELECT 'ward', viewer::text, seen::text, NULL, NULL FROM ward WHERE viewer IS NOT NULL AND seen IS NOT NULL
		UNION ALL SELECT 'share', a, b, NULL, NULL FROM (`+shares+`) AS s(a, b)
		UNION ALL SELECT 'set', v.id, v.scope::text, `+ids+`, `+asked+`
		FROM (SELECT i.id, s.scope FROM unnest($1::text[]) AS i(id), (VALUES (true), (false)) AS s(scope)) AS v`, viewers, candidates)
	if err != nil {
		t.Fatal(explain(err))
	}
	defer rows.Close()
	o := org{users: map[string]bool{}, closed: make([][][2]string, 3), shares: map[string][]string{}}
	type answer struct {
		viewer, scope string
		ids, asked    []string
	}
	var answers []answer
	for rows.Next() {
		var kind string
		var a, b *string
		var ids, asked []string
		if err := rows.Scan(&kind, &a, &b, &ids, &asked); err != nil {
			t.Fatal(explain(err))
		}
		switch kind {
		case "user":
			o.users[*a] = true
		case "boss":
			o.closed[0] = append(o.closed[0], [2]string{*a, *b})
		case "maker":
			o.closed[1] = append(o.closed[1], [2]string{*a, *b})
		case "ward":
			o.closed[2] = append(o.closed[2], [2]string{*a, *b})
		case "share":
			o.shares[*a] = append(o.shares[*a], *b)
		case "set":
			answers = append(answers, answer{*a, *b, ids, asked})
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(explain(err))
	}
	for _, a := range answers {
		if !o.users[a.viewer] {
			continue // the functions that policies call ask for the user first
		}
		want := o.sees(a.viewer, a.scope == "true")
		for name, got := range map[string][]string{"array": a.ids, "policy": a.asked} {
			slices.Sort(got)
			if got = slices.Compact(got); !slices.Equal(got, want) {
				return fmt.Sprintf("%s for viewer %s (hierarchy only: %s): too many %v, missing %v",
					name, a.viewer, a.scope, without(got, want), without(want, got))
			}
		}
	}
	return ""
}

// without returns the elements of a that b lacks.
func without(a, b []string) (out []string) {
	for _, x := range a {
		if !slices.Contains(b, x) {
			out = append(out, x)
		}
	}
	return out
}

// right fails unless every viewer sees whom the tables say.
func (w *world) right(t testing.TB, q querier, key string, viewers []string, when string) {
	t.Helper()
	if bad := w.wrong(t, q, key, viewers); bad != "" {
		t.Errorf("%s: %s", when, bad)
	}
}

// quick returns which of the viewers are answered from what is stored, with hierarchy made to fail.
func (w *world) quick(t testing.TB, key string, viewers []string) (out []string) {
	t.Helper()
	conn := w.admin(t)
	defer conn.Close(context.Background()) //nolint:errcheck // the end of the question
	tx := begin(t, conn)
	noCompute(t, tx, key)
	for _, v := range viewers {
		sp, err := tx.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sp.Exec(t.Context(), "SELECT rls.visible_ids($1::text::"+key+", true)", v); err == nil {
			out = append(out, v)
		} else if sqlstate(err) != "RLX01" {
			t.Fatal(explain(err))
		}
		_ = sp.Rollback(t.Context())
	}
	_ = tx.Rollback(t.Context())
	return out
}

// noCompute makes every computation of a visible set an error.
func noCompute(t testing.TB, q querier, key string) {
	t.Helper()
	must(t, q, `CREATE OR REPLACE FUNCTION rls.hierarchy(viewer `+key+`) RETURNS SETOF `+key+` LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
		AS $$ BEGIN RAISE EXCEPTION 'computed' USING ERRCODE = 'RLX01'; END $$`)
}

// stored is the number of sets that are kept.
func (w *world) stored(t testing.TB) string {
	t.Helper()
	return one(t, w.root, "SELECT count(*) FROM rls.visible_set")
}

// isolated begins a transaction of that level, rolled back at the end of the test.
func isolated(t testing.TB, conn *pgx.Conn, level pgx.TxIsoLevel) pgx.Tx {
	t.Helper()
	tx, err := conn.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: level})
	if err != nil {
		t.Fatal(explain(err))
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	return tx
}
