package integration

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

const clockModel = `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}", "{{owner}}"]}
users:
  table: app.person
  key: id
  %s
  sees: {supervisor: boss}
groups:
  table: app.team
  key: id
  members: {table: app.team_member, group: team, user: person%s}
resources:
  note: {table: app.note, owner: [owner, {group: team}]}
`

const clockSchema = `
CREATE SCHEMA app;
CREATE TABLE app.person (id text PRIMARY KEY, boss text, ends timestamptz, super_until timestamptz);
CREATE TABLE app.team (id text PRIMARY KEY);
CREATE TABLE app.team_member (team text, person text, until timestamptz);
CREATE TABLE app.note (id text PRIMARY KEY, owner text, team text, body text);
INSERT INTO app.team VALUES ('t');
INSERT INTO app.person (id) VALUES ('somebody');
INSERT INTO app.note VALUES ('of somebody', 'somebody', NULL, 'old'), ('of t', 'somebody', 't', 'old');
CREATE TABLE app.ended (who text, at timestamptz);
GRANT SELECT, INSERT, UPDATE, DELETE ON app.note TO {{app}};
GRANT SELECT ON app.ended TO {{app}};
`

// TestHazard_clock: what ends in the middle of a DO block, of a message of several statements or of a transaction has ended
// for the next statement in it: when that has looked and waits, the end is set to a moment later, which is waited for. A cursor goes on with what its first FETCH has found.
func TestHazard_clock(t *testing.T) {
	t.Parallel()
	timed := newWorld(t, fmt.Sprintf(clockModel, "active: \"ends IS NULL OR ends > now()\"\n  superuser: \"super_until > current_timestamp\"", ", until: until"), clockSchema)
	remembering := newWorld(t, fmt.Sprintf(clockModel, "", ""), clockSchema) // memos, which nothing that passes by itself allows
	for _, kind := range []struct {
		name, begins, ends string
		before             int // notes seen; their own is always one of them
		after              string
	}{
		{"grant", `INSERT INTO rls."grant" (grantee, action, resource, valid_until) VALUES ('user:WHO', 'read', 'note', 'infinity')`,
			`UPDATE rls."grant" SET valid_until = THEN WHERE grantee = 'user:WHO'`, 1, "0"},
		{"active", `UPDATE app.person SET ends = 'infinity' WHERE id = 'WHO'`, `UPDATE app.person SET ends = THEN WHERE id = 'WHO'`, 1, "0"},
		{"membership", `INSERT INTO app.team_member VALUES ('t', 'WHO', 'infinity')`, `UPDATE app.team_member SET until = THEN WHERE person = 'WHO'`, 2, "1"},
		{"superuser", `UPDATE app.person SET super_until = 'infinity' WHERE id = 'WHO'`, `UPDATE app.person SET super_until = THEN WHERE id = 'WHO'`, 3, "1"},
		// What a memo says ends with it: there is nothing to change without ending the memo, so this one takes its time.
		{"remembered grant", `INSERT INTO rls."grant" (grantee, action, resource, valid_until) VALUES ('user:WHO', 'read', 'note', clock_timestamp() + interval '5 s')`, "", 1, "0"},
	} {
		for _, channel := range []string{"person", "gateway"} {
			for _, way := range []string{"block", "message", "transaction", "cursor"} {
				remembered := kind.name == "remembered grant"
				if channel == "person" && remembered || channel == "gateway" && !remembered && (way == "block" || way == "cursor") {
					continue // persons have no memo, and without one both channels ask the same
				}
				t.Run(kind.name+" "+channel+" "+way, func(t *testing.T) {
					t.Parallel()
					w := timed
					if remembered {
						w = remembering
					}
					who := strings.ReplaceAll(kind.name+" "+channel+" "+way, " ", "_")
					w.sql(t, "INSERT INTO app.person (id) VALUES ('"+who+"'); INSERT INTO app.note VALUES ('of "+who+"', '"+who+"', NULL, 'old')")
					if !strings.HasSuffix(kind.name, "grant") {
						w.sql(t, `INSERT INTO rls."grant" (grantee, action, resource) VALUES ('user:`+who+`', 'read', 'note')`)
					}
					begin, conn := "BEGIN", (*pgx.Conn)(nil)
					if channel == "person" {
						conn = w.person(t, who)
					} else {
						g := w.gateway(t)
						conn = g.conn(t)
						begin = "BEGIN; SELECT rls.enter('" + g.token("user", who) + "')"
					}
					w.sql(t, strings.ReplaceAll(kind.begins, "WHO", who))
					ended := "EXISTS (SELECT FROM app.ended WHERE who = '" + who + "' AND clock_timestamp() > at)"
					if remembered {
						ended = fmt.Sprintf("clock_timestamp() > to_timestamp(%s)", one(t, w.root, `SELECT extract(epoch FROM valid_until)::text FROM rls."grant" WHERE grantee = $1`, "user:"+who))
					}
					wait := "WHILE NOT " + ended + " LOOP PERFORM pg_sleep(0.05); END LOOP;"
					waits := "DO $w$ BEGIN " + wait + " END $w$"
					go w.end(t, conn.PgConn().PID(), strings.ReplaceAll(kind.ends, "WHO", who), who)
					const count = "SELECT count(*) FROM app.note WHERE owner IN ('somebody', '%s') AND (id LIKE '%% somebody' OR id = 'of t' OR id = 'of %[1]s')"
					look := fmt.Sprintf(count, who)
					all := func(sql string) (out []string, code string) {
						results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
						for _, r := range results {
							for _, row := range r.Rows {
								out = append(out, string(row[0]))
							}
						}
						if err != nil {
							return out, sqlstate(err)
						}
						return out, ""
					}
					var got []string
					var code string
					switch way {
					case "block":
						got, code = all(begin + "; CREATE TEMP TABLE found (n bigint); DO $$ BEGIN INSERT INTO found " + look + "; " + wait + " INSERT INTO found " + look + "; END $$; SELECT n FROM found")
					case "message":
						got, code = all(begin + ";" + look + "; " + waits + ";" + look)
					case "transaction":
						for _, sql := range []string{begin, look, waits, look} {
							var more []string
							if more, code = all(sql); code != "" {
								break
							}
							got = append(got, more...)
						}
					case "cursor":
						read := strings.Replace(look, "count(*)", "id", 1)
						got, code = all(begin + "; DECLARE c CURSOR FOR " + read + " ORDER BY id || ''; FETCH 1 FROM c; " + waits + "; FETCH ALL FROM c; CLOSE c")
						if code != "" {
							t.Fatal(code)
						}
						rows := 0
						for _, id := range got {
							if strings.HasPrefix(id, "of ") {
								rows++
							}
						}
						if rows != kind.before {
							t.Errorf("a cursor reads %d rows of %d: %v", rows, kind.before, got)
						}
						return
					}
					if code == "40001" && kind.name == "superuser" && channel == "gateway" { // the form of superusers has no branch for others
						return
					}
					if code != "" {
						t.Fatalf("%v %s", got, code)
					}
					var counts []string
					for _, x := range got {
						if x == "0" || x == "1" || x == "2" || x == "3" {
							counts = append(counts, x)
						}
					}
					if want := []string{fmt.Sprint(kind.before), kind.after}; fmt.Sprint(counts) != fmt.Sprint(want) {
						t.Errorf("%v, want %v", counts, want)
					}
				})
			}
		}
	}
}

// end waits until a backend sleeps, and then ends what it relies on a moment later. Its errors show as a test that never ends,
// and so are left to the deadline of the test.
func (w *world) end(t *testing.T, pid uint32, sql, who string) {
	for {
		var sleeps bool
		err := w.root.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep')", int64(pid)).Scan(&sleeps)
		switch {
		case err != nil || sql == "":
			return
		case sleeps:
			const moment = "(clock_timestamp() + interval '50 ms')"
			_, _ = w.root.Exec(t.Context(), "WITH m AS MATERIALIZED (SELECT "+moment+" AS at), e AS ("+strings.ReplaceAll(sql, "THEN", "(SELECT at FROM m)")+
				") INSERT INTO app.ended SELECT '"+who+"', at FROM m")
			return
		}
	}
}

// TestHazard_wait asserts what remains: a statement that has waited for a row is judged by the sets and grants from before
// it waited, and by the row as it is now. The next statement, and whoever runs under REPEATABLE READ, is not.
func TestHazard_wait(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fmt.Sprintf(clockModel, "", ""), clockSchema)
	n := 0
	for _, change := range []struct{ name, sql, after string }{
		{"their supervisor", "UPDATE app.person SET boss = NULL WHERE id = 'sub#'", "new"},
		{"the grant", `DELETE FROM rls."grant" WHERE grantee = 'user:boss#'`, "new"},
		{"the owner", "UPDATE app.note SET owner = 'somebody' WHERE id = 'n#'", filtered}, // of the row itself
	} {
		for _, statement := range []string{
			"SELECT body FROM app.note WHERE id = 'n#' FOR UPDATE",
			"UPDATE app.note SET team = NULL WHERE id = 'n#' RETURNING body",
			"DELETE FROM app.note WHERE id = 'n#' RETURNING body",
		} {
			for _, isolation := range []string{"READ COMMITTED", "REPEATABLE READ"} {
				n++
				of := strings.NewReplacer("#", strconv.Itoa(n)) // each has people and a row of its own
				t.Run(change.name+" "+statement[:6]+" "+isolation, func(t *testing.T) {
					t.Parallel()
					w.sql(t, of.Replace(`INSERT INTO app.person (id, boss) VALUES ('boss#', NULL), ('sub#', 'boss#');
						INSERT INTO app.note VALUES ('n#', 'sub#', NULL, 'old');
						INSERT INTO rls."grant" (grantee, action, resource) SELECT 'user:boss#', a, 'note' FROM unnest('{read,update,delete}'::text[]) AS a`))
					boss, root := w.person(t, of.Replace("boss#")), w.admin(t)
					tx, err := root.Begin(t.Context())
					if err != nil {
						t.Fatal(err)
					}
					defer tx.Rollback(context.Background()) //nolint:errcheck // committed
					must(t, root, of.Replace("UPDATE app.note SET body = 'new' WHERE id = 'n#'"))
					must(t, root, of.Replace(change.sql))
					must(t, boss, "BEGIN ISOLATION LEVEL "+isolation)
					done := make(chan string)
					go func() { done <- w.outcome(t, boss, of.Replace(statement)) }()
					w.waits(t, boss.PgConn().PID())
					if err := tx.Commit(t.Context()); err != nil {
						t.Fatal(err)
					}
					want, next := change.after, filtered
					if isolation == "REPEATABLE READ" {
						want, next = "40001", ""
					}
					if got := <-done; got != want {
						t.Errorf("%s, want %s", got, want)
					}
					if next != "" {
						if got := w.outcome(t, boss, of.Replace("SELECT body FROM app.note WHERE id = 'n#'")); got != next {
							t.Errorf("the next statement: %s", got)
						}
					}
				})
			}
		}
	}
}
