package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// timed is a world in which all that ends has ended two days ago, and what begins has not: a session's time zone goes a
// week either way.
type timed struct {
	name, typ, key          string
	zone, active, superuser string
	id                      func(n int) string
}

var timedWorlds = []timed{
	{
		name: "date", typ: "date", key: "integer", zone: "UTC", id: func(n int) string { return fmt.Sprint(n) },
		active: "ended IS NULL OR ended > current_date", superuser: "super_until >= current_date",
	},
	{
		name: "timestamp", typ: "timestamp", key: "uuid", zone: "Europe/Vienna", id: func(n int) string { return fmt.Sprintf("00000000-0000-0000-0000-%012d", n) },
		active: "ended IS NULL OR ended > localtimestamp", superuser: "super_until > localtimestamp - interval '1 hour'",
	},
	{
		name: "timestamptz", typ: "timestamptz", key: "text", zone: "Pacific/Auckland", id: func(n int) string { return fmt.Sprintf("u%d", n) },
		active:    "ended IS NULL OR ended AT TIME ZONE 'UTC' > localtimestamp - interval '1 day'",
		superuser: "to_char(super_until, 'YYYY-MM-DD') > to_char(now(), 'YYYY-MM-DD') OR super_until::date > current_date OR super_until::text > now()::text",
	},
}

const (
	plain, gone, ex, left, early, mate, other = 1, 2, 3, 4, 5, 6, 7
	rowsSeen                                  = "SELECT coalesce(string_agg(n.id::text, ',' ORDER BY n.id), '') FROM app.note AS n"
)

func (d timed) world(t *testing.T) *world {
	t.Helper()
	schema := strings.NewReplacer("{KEY}", d.key, "{TIME}", d.typ).Replace(`CREATE SCHEMA app;
CREATE TABLE app.person (id {KEY} PRIMARY KEY, boss {KEY}, ended {TIME}, super_until {TIME});
CREATE TABLE app.team (id integer PRIMARY KEY, share boolean);
CREATE TABLE app.team_member (team integer, person {KEY}, since {TIME}, until {TIME});
CREATE TABLE app.note (id integer PRIMARY KEY, owner {KEY} REFERENCES app.person, team integer);
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app TO {{app}};
`)
	ago, ahead := "(now() - interval '2 days')::"+d.typ, "(now() + interval '2 days')::"+d.typ
	for n := plain; n <= other; n++ {
		ended, super := "NULL", "NULL"
		switch n {
		case gone:
			ended = ago
		case ex:
			super = ago
		}
		schema += fmt.Sprintf("INSERT INTO app.person VALUES ('%s', NULL, %s, %s);\nINSERT INTO app.note VALUES (%d, '%s', NULL);\n", d.id(n), ended, super, n, d.id(n))
	}
	schema += fmt.Sprintf("INSERT INTO app.note VALUES (8, '%s', 1);\nINSERT INTO app.team VALUES (1, true);\n", d.id(other))
	for n, window := range map[int]string{plain: ago + ", " + ahead, mate: "NULL, NULL", left: "NULL, " + ago, early: ahead + ", NULL"} {
		schema += fmt.Sprintf("INSERT INTO app.team_member VALUES (1, '%s', %s);\n", d.id(n), window)
	}
	return newWorld(t, fmt.Sprintf(`version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}", "{{owner}}"], timezone: %s}
users:
  table: app.person
  key: id
  active: "%s"
  superuser: "%s"
  sees: {supervisor: boss}
groups:
  table: app.team
  key: id
  share_members_visibility: share
  members: {table: app.team_member, group: team, user: person, from: since, until: until}
resources:
  note: {table: app.note, owner: [owner, {group: team}]}
grants:
  - {to: authenticated, allow: {note: "*"}}
`, d.zone, d.active, d.superuser), schema)
}

// hostileTimes are values that settings() does not have, and hostileChannels how and when they are set.
var (
	hostileTimes = [][2]string{
		{"TimeZone", "+167:00"}, {"TimeZone", "-167:00"}, {"TimeZone", "<UTC>+167"}, {"TimeZone", "<UTC>-167"}, {"TimeZone", "<+00>+167"}, {"TimeZone", "<Europe/Vienna>+167"},
		{"TimeZone", "<CET>+167"}, {"TimeZone", "<NZDT>-167"}, {"TimeZone", "<Pacific/Auckland>+167"}, {"timezone_abbreviations", "Australia"}, {"timezone_abbreviations", "India"},
		{"DateStyle", "German, DMY"}, {"DateStyle", "SQL, DMY"}, {"DateStyle", "Postgres, YMD"}, {"gin_fuzzy_search_limit", "1"}, {"lc_time", "C"}, {"lc_numeric", "C"},
		{"extra_float_digits", "-15"}, {"enable_seqscan", "off"}, {"default_text_search_config", "pg_catalog.german"}, {"xmloption", "document"},
	}
	hostileChannels = []string{"person", "gateway, before", "gateway, after", "impersonating", "person, within"}
)

// exceeding returns what is seen beyond what is seen under the settings of the server, and how often the same is seen.
func (d timed) exceeding(t *testing.T, w *world, list [][2]string, users []int) (more []string, same, asked int) {
	t.Helper()
	g := w.gateway(t)
	gate := g.conn(t)
	var names []string
	for _, n := range users {
		names = append(names, d.id(n))
	}
	login, roles := w.bi(t, names...)
	bi := w.db.Conn(t, login)
	run := func(conn *pgx.Conn, sql string) (out string, code string) {
		results, err := conn.PgConn().Exec(t.Context(), sql).ReadAll() // pgx itself refuses odd settings
		if err != nil {
			return "", sqlstate(err)
		}
		for _, r := range results {
			for _, row := range r.Rows {
				out = string(row[len(row)-1])
			}
		}
		return out, ""
	}
	for _, n := range users {
		person := w.person(t, d.id(n))
		usual := map[string]string{}
		for _, s := range append([][2]string{{}}, list...) {
			set := ""
			if s[0] != "" {
				set = fmt.Sprintf("SELECT set_config('%s', '%s', true);", s[0], s[1])
			}
			for _, channel := range hostileChannels {
				conn, sql := person, "BEGIN;"+set+rowsSeen
				switch channel {
				case "gateway, before":
					conn, sql = gate, "BEGIN;"+set+"SELECT rls.enter('"+g.token("user", d.id(n))+"');"+rowsSeen
				case "gateway, after":
					conn, sql = gate, "BEGIN; SELECT rls.enter('"+g.token("user", d.id(n))+"');"+set+rowsSeen
				case "impersonating":
					conn, sql = bi, "BEGIN; SET LOCAL ROLE "+roles[d.id(n)]+";"+set+rowsSeen
				case "person, within": // in the middle of the statement that looks
					within := s
					if s[0] == "" {
						within = [2]string{"test.nothing", ""}
					}
					sql = fmt.Sprintf("BEGIN; SELECT v.v FROM (SELECT set_config('%s', '%s', true) AS s OFFSET 0) AS s CROSS JOIN LATERAL (%s WHERE s.s IS NOT NULL) AS v(v)", within[0], within[1], rowsSeen)
				}
				out, code := run(conn, sql)
				run(conn, "ROLLBACK")
				if s[0] == "" {
					if code != "" {
						t.Fatalf("%s, %s: %s", d.id(n), channel, code)
					}
					usual[channel] = out
					continue
				}
				asked++
				if out == usual[channel] && code == "" {
					same++
				}
				for id := range strings.SplitSeq(out, ",") {
					if id != "" && !slices.Contains(strings.Split(usual[channel], ","), id) {
						more = append(more, fmt.Sprintf("%s, %s, %s = %s: %s rather than %s", d.id(n), channel, s[0], s[1], out, usual[channel]))
						break
					}
				}
			}
		}
		_ = person.Close(t.Context())
	}
	return more, same, asked
}

// TestHazard_settings: whatever a client sets, and whenever, nobody comes back who has left, and nobody comes early.
func TestHazard_settings(t *testing.T) {
	t.Parallel()
	for _, d := range timedWorlds {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			w := d.world(t)
			for n, want := range map[int]string{plain: "1,6,8", gone: "", ex: "3", left: "4", early: "5"} {
				if got := strings.Join(w.rows(t, w.person(t, d.id(n)), rowsSeen), ""); got != want {
					t.Errorf("%s sees %s, want %s", d.id(n), got, want)
				}
			}
			// All that can be set for one of them; what has to do with time for the others.
			more, same, asked := d.exceeding(t, w, slices.DeleteFunc(append(settings(t, w)[1:], hostileTimes...), func(s [2]string) bool {
				return s[0] == "role" || s[0] == "rls.context"
			}), []int{ex})
			others, alike, wanted := d.exceeding(t, w, hostileTimes, []int{plain, gone, left, early})
			for _, m := range append(more, others...) {
				t.Error(m)
			}
			if same < asked*3/4 || alike < wanted*3/4 {
				t.Errorf("the same is seen %d times of %d and %d of %d", same, asked, alike, wanted)
			}
			d.guarded(t, w)
			d.fromTheStart(t, w)

			// Without the settings of the functions they come back.
			w.sql(t, `DO $$ DECLARE f record; BEGIN
				FOR f IN SELECT p.oid::regprocedure AS name FROM pg_proc AS p WHERE p.pronamespace = 'rls'::regnamespace AND p.proconfig::text ~ 'TimeZone' LOOP
					EXECUTE format('ALTER FUNCTION %s RESET TimeZone', f.name);
				END LOOP;
			END $$`)
			more, _, _ = d.exceeding(t, w, hostileTimes[:6], []int{gone, ex, left, early})
			t.Logf("without: %d, such as %v", len(more), more[:min(3, len(more))])
			if len(more) == 0 {
				t.Error("the settings of the functions make no difference")
			}
		})
	}
}

// guarded: under no setting a user becomes a superuser, or a member, by a date.
func (d timed) guarded(t *testing.T, w *world) {
	t.Helper()
	conn := w.person(t, d.id(plain))
	for _, s := range append([][2]string{{"TimeZone", "UTC"}}, hostileTimes...) {
		for _, sql := range []string{
			fmt.Sprintf("INSERT INTO app.person VALUES ('%s', NULL, NULL, (now() - interval '2 days')::%s)", d.id(99), d.typ),
			fmt.Sprintf("UPDATE app.person SET super_until = (now() - interval '2 days')::%s WHERE id = '%s'", d.typ, d.id(plain)),
			fmt.Sprintf("UPDATE app.person SET ended = NULL WHERE id = '%s'", d.id(gone)),
			fmt.Sprintf("UPDATE app.team_member SET until = NULL WHERE person = '%s'", d.id(left)),
		} {
			_, err := conn.PgConn().Exec(t.Context(), "BEGIN;"+fmt.Sprintf("SELECT set_config('%s', '%s', true);", s[0], s[1])+sql).ReadAll()
			if code := sqlstate(err); code != "42501" {
				t.Errorf("%s = %s: %s: %s", s[0], s[1], sql, code)
			}
			_, _ = conn.PgConn().Exec(t.Context(), "ROLLBACK").ReadAll()
		}
	}
}

// fromTheStart: the same of settings that a connection begins with, and of those that a login gives itself.
func (d timed) fromTheStart(t *testing.T, w *world) {
	t.Helper()
	for _, n := range []int{gone, ex, left, early} {
		login := w.personLogin(t, d.id(n), "app")
		usual := w.rows(t, w.db.Conn(t, login), rowsSeen)
		for _, zone := range []string{"+167:00", "-167:00", "<UTC>+167", "<UTC>-167"} {
			cfg, err := pgx.ParseConfig(w.db.URL(login))
			if err != nil {
				t.Fatal(err)
			}
			cfg.RuntimeParams["options"] = "-c TimeZone=" + zone
			conn, err := pgx.ConnectConfig(t.Context(), cfg)
			if err != nil {
				t.Fatal(explain(err))
			}
			if got := w.rows(t, conn, rowsSeen); !slices.Equal(got, usual) {
				t.Errorf("%s, options %s: %v, want %v", d.id(n), zone, got, usual)
			}
			must(t, conn, "ALTER ROLE CURRENT_USER SET TimeZone = '"+zone+"'")
			_ = conn.Close(t.Context())
			again := w.db.Conn(t, login)
			if got := w.rows(t, again, rowsSeen); !slices.Equal(got, usual) {
				t.Errorf("%s, ALTER ROLE %s: %v, want %v", d.id(n), zone, got, usual)
			}
			_ = again.Close(t.Context())
		}
	}
}
