package integration

import (
	"cmp"
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// memoModel has a user of each kind that a memo is written for: by a grant of their own, through a group, a superuser.
const memoModel = `
version: 1
database: {client_roles: ["{{app}}", "{{app_ro}}"], maintenance_roles: ["{{migrator}}"]}
users:
  table: person
  key: id
  subject: subject
  active: active
  superuser: "rank = 'root'"
  sees: {supervisor: boss, ward: {table: ward, viewer: viewer, seen: seen}}
groups:
  table: team
  key: id
  creator: creator
  share_members_visibility: share_members
  members: {table: team_member, group: team, user: member}
services: {jobs: {}, mailer: {}}
resources:
  note: {table: note, owner: owner}
  task: {table: task, owner: owner}
grants:
  - {to: "user:99", allow: {task: [read]}}
`

// No foreign key between members and groups: each may come first.
const memoSchema = `
CREATE TABLE rank (name text PRIMARY KEY);
CREATE TABLE dept (id integer PRIMARY KEY);
CREATE TABLE person (id bigint PRIMARY KEY, boss bigint, subject text UNIQUE, active boolean NOT NULL DEFAULT true, title text,
	rank text REFERENCES rank ON UPDATE CASCADE, dept integer REFERENCES dept ON DELETE CASCADE);
CREATE TABLE ward (viewer bigint, seen bigint);
CREATE TABLE team (id integer PRIMARY KEY, creator bigint, share_members boolean NOT NULL DEFAULT false);
CREATE TABLE team_member (team integer, member bigint);
CREATE TABLE note (id bigint PRIMARY KEY, owner bigint);
CREATE TABLE task (id bigint PRIMARY KEY, owner bigint);
GRANT SELECT, INSERT, UPDATE, DELETE ON person, ward, team, team_member, note, task TO {{app}};
CREATE FUNCTION retitle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF NEW.title = 'gone' THEN NEW.active := false; ELSIF NEW.title = 'moved' THEN NEW.boss := NULL; END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER retitle BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION retitle();
INSERT INTO rank VALUES ('root'), ('clerk');
INSERT INTO dept VALUES (1), (2);
`

// memoRows: 1 sees 2, 3 and below 3 4; 5 and 6 have their grant through a group; 10 sees 20; 90 is a superuser.
const memoPeople = `
INSERT INTO person (id, boss, rank, dept) VALUES (1, NULL, 'clerk', 1), (2, 1, NULL, 2), (3, 1, NULL, 2), (4, 3, NULL, 2), (5, NULL, NULL, 2), (6, NULL, NULL, 2),
	(10, NULL, NULL, 2), (20, 10, NULL, 2), (90, NULL, 'root', 2);
INSERT INTO person (id, active) VALUES (99, false);
INSERT INTO ward VALUES (5, 20);
INSERT INTO team VALUES (7, NULL, false), (8, NULL, true);
INSERT INTO team_member VALUES (7, 5), (7, 6), (8, 20), (9, 1), (9, 20);
`

const memoRows = memoPeople + `
INSERT INTO rls."grant" (grantee, action, resource) VALUES ('user:1', 'read', 'note'), ('user:10', 'read', 'note'), ('group:7', 'read', 'note');
INSERT INTO note SELECT id, id FROM generate_series(1, 20) AS g(id);
INSERT INTO task SELECT id, owner FROM note;
`

const memoNotes = "SELECT string_agg(id::text, ' ' ORDER BY id) FROM note"

const memoAll = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20"

// newMemoWorld is a world that counts what is asked, with one gateway.
func newMemoWorld(t testing.TB, model string) (*world, *gateway) {
	t.Helper()
	return newMemoWorldOver(t, model, memoSchema)
}

func newMemoWorldOver(t testing.TB, model, schema string) (*world, *gateway) {
	t.Helper()
	w := newWorld(t, model, schema+memoPeople)
	w.sql(t, "ALTER DATABASE "+w.db.Name()+" SET track_functions = 'pl'; CREATE TABLE saved AS SELECT * FROM rls.resource")
	g := w.gateway(t, "jobs")
	w.memoReset(t, g)
	return w, g
}

// memoKinds are the memo that says itself what questions are answered with, the one that leaves it to its row, and the one by
// which rows look into buckets.
var memoKinds = []string{"said", "in its row", "in buckets"}

// memoTextSchema has users whose keys are text, which the statements of the tests write as numbers.
var memoTextSchema = `
CREATE FUNCTION public.same(a text, b integer) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT a = b::text $$;
CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = integer, FUNCTION = public.same);
` + regexp.MustCompile(`\(id bigint PRIMARY KEY, owner bigint\)|bigint`).ReplaceAllStringFunc(memoSchema, func(s string) string {
	if s == "bigint" {
		return "text"
	}
	return "(id bigint PRIMARY KEY, owner text)"
})

// allInBuckets makes everybody whom entering writes down one who sees very many: in the form wide, with buckets that rows look into
// for a minute.
const allInBuckets = `
CREATE FUNCTION public.many() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$ BEGIN
	IF NEW.form <> 'all' THEN
		NEW.form := 'wide';
		NEW.buckets := rls.buckets(ARRAY(SELECT sha256(convert_to(k.key, getdatabaseencoding())) FROM unnest(NEW.ids_text) AS k(key)));
		NEW.brief := regexp_replace(NEW.brief, '^(([|][^|]*){3}[|][^|]*)([|].*)?$', '\1|60000000');
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER zz_many BEFORE INSERT OR UPDATE ON rls.visible_set FOR EACH ROW EXECUTE FUNCTION public.many();`

// newMemoWorldOf is one whose memos are of one kind.
func newMemoWorldOf(t testing.TB, kind string) (*world, *gateway) {
	t.Helper()
	if kind == "in buckets" {
		w, g := newMemoWorldOver(t, memoModel, memoTextSchema)
		w.sql(t, allInBuckets)
		return w, g
	}
	w, g := newMemoWorld(t, memoModel)
	if kind == "in its row" {
		w.sql(t, `CREATE FUNCTION public.long() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
				NEW.brief := regexp_replace(regexp_replace(NEW.brief, '^[|][^|]*', '|@'), '{[^|]*', '@');
				RETURN NEW;
			END $$;
			CREATE TRIGGER zz_long BEFORE INSERT OR UPDATE ON rls.visible_set FOR EACH ROW EXECUTE FUNCTION public.long()`)
	}
	return w, g
}

// kindOf is the kind of the transaction's memo, "" for none.
func kindOf(t testing.TB, tx pgx.Tx) string {
	t.Helper()
	switch memo := one(t, tx, memoOf); {
	case memo == "":
		return ""
	case strings.HasSuffix(memo, "|60000000"):
		return "in buckets"
	case strings.Contains(memo, "|@|"):
		return "in its row"
	}
	return "said"
}

// memoReset puts all back to the beginning. Whoever has entered before has to enter anew.
func (w *world) memoReset(t testing.TB, g *gateway) {
	t.Helper()
	w.sql(t, `TRUNCATE person, rank, dept, ward, team, team_member, note, task; DELETE FROM rls."grant" WHERE grantee <> 'user:99';
		INSERT INTO rank VALUES ('root'), ('clerk'); INSERT INTO dept VALUES (1), (2);
		INSERT INTO rls.resource SELECT * FROM saved AS s WHERE NOT EXISTS (SELECT FROM rls.resource AS r WHERE r.name = s.name);
		UPDATE rls.login SET kind = 'gateway', principal = NULL WHERE name = '`+g.login+`' AND kind <> 'gateway';`+memoRows)
}

// known waits until entering remembers all these users: on a server with other databases, nobody knows before that a
// change is old.
func (w *world) known(t testing.TB, keys ...string) {
	t.Helper()
	for _, k := range keys {
		until(t, func() bool {
			return one(t, w.root, "SELECT p.brief IS NOT NULL FROM rls.prepare('user', $1) AS p", k) == "t"
		})
	}
}

// counted runs a query and says whether it asked rls.admitted_* or the like, and got all answers by the memo.
func counted(t testing.TB, w *world, tx pgx.Tx, sql string) (out string, remembered bool) {
	t.Helper()
	const calls = `SELECT coalesce(sum(f.calls) FILTER (WHERE f.funcname ~ '^(admitted_(owners|bits|ranges|buckets)|passes_owners)$'), 0),
		coalesce(sum(f.calls) FILTER (WHERE f.funcname ~ '^ask_'), 0) FROM pg_stat_xact_user_functions AS f WHERE f.schemaname = 'rls'`
	var asked, live, askedNow, liveNow int
	if err := tx.QueryRow(t.Context(), calls).Scan(&asked, &live); err != nil {
		t.Fatal(explain(err))
	}
	out = w.outcome(t, tx, sql)
	if err := tx.QueryRow(t.Context(), calls).Scan(&askedNow, &liveNow); err != nil {
		t.Fatal(explain(err))
	}
	return out, askedNow > asked && liveNow == live
}

// forgetful runs a query with the memo thrown away.
func forgetful(t testing.TB, w *world, tx pgx.Tx, sql string) string {
	t.Helper()
	sp, err := tx.Begin(t.Context())
	if err != nil {
		t.Fatal(explain(err))
	}
	defer sp.Rollback(context.Background()) //nolint:errcheck // the memo is back
	must(t, sp, "SET LOCAL rls.memo = ''")
	out, remembered := counted(t, w, sp, sql)
	if remembered {
		t.Error("without a memo something is remembered")
	}
	return out
}

// agree fails unless a query returns the same with and without the memo, and this; and says whether the memo answered.
func agree(t testing.TB, w *world, tx pgx.Tx, sql, want, when string) bool {
	t.Helper()
	got, remembered := counted(t, w, tx, sql)
	live := forgetful(t, w, tx, sql)
	if got != live || got != want {
		t.Errorf("%s: %q with the memo (used: %t), %q without it, want %q", when, got, remembered, live, want)
	}
	return remembered
}

// memoOf is what a transaction holds.
const memoOf = "SELECT coalesce(current_setting('rls.memo', true), '')"

// TestMemoIsUsed: who is answered by what entering has found out, and who is not.
func TestMemoIsUsed(t *testing.T) {
	t.Parallel()
	w, g := newMemoWorld(t, memoModel)
	conn := g.conn(t)
	w.known(t, "1", "5", "10", "90")
	for key, want := range map[string]string{"1": "1 2 3 4", "5": "5 20", "10": "10 20", "90": memoAll} {
		tx, _ := entered(t, conn, g.token("user", key))
		if !agree(t, w, tx, memoNotes, want, "user "+key) {
			t.Errorf("user %s is not answered by the memo", key)
		}
		_ = tx.Rollback(t.Context())
	}
	t.Run("nothing else is asked", func(t *testing.T) {
		w, g := newMemoWorld(t, memoModel)
		w.known(t, "1", "90")
		w.sql(t, `DO $$ DECLARE f regprocedure; BEGIN
			FOR f IN SELECT p.oid FROM pg_proc AS p WHERE p.pronamespace = 'rls'::regnamespace AND p.proname ~ '^ask_' LOOP
				EXECUTE 'REVOKE ALL ON FUNCTION ' || f || ' FROM PUBLIC, rls_client, rls_owner';
			END LOOP;
		END $$`)
		conn := g.conn(t)
		for key, want := range map[string]string{"1": "1 2 3 4", "90": memoAll} {
			tx, _ := entered(t, conn, g.token("user", key))
			if got := w.outcome(t, tx, memoNotes); got != want {
				t.Errorf("user %s: %s", key, got)
			}
			must(t, tx, "SET LOCAL rls.memo = ''")
			if got := w.outcome(t, tx, memoNotes); got != rejected {
				t.Errorf("control: without a memo %s: %s", key, got)
			}
			_ = tx.Rollback(t.Context())
		}
	})
	t.Run("not in the transaction of a change", func(t *testing.T) {
		tx := begin(t, w.admin(t))
		must(t, tx, "UPDATE person SET active = NOT active WHERE id = 20")
		if got := one(t, tx, "SELECT p.brief IS NULL FROM rls.prepare('user', '1') AS p"); got != "t" {
			t.Error("a memo is issued")
		}
		// Nor for others meanwhile.
		if got := one(t, w.root, "SELECT p.brief IS NULL FROM rls.prepare('user', '1') AS p"); got != "t" {
			t.Error("a memo is issued to others")
		}
		_ = tx.Rollback(t.Context())
		w.known(t, "1")
	})
	t.Run("not for these", func(t *testing.T) {
		for who, token := range map[string]string{"anonymous": g.token("anonymous", ""), "a service": g.token("service", "jobs"),
			"inactive": g.token("user", "99"), "nobody": g.token("user", "12345"), "in a group that shares": g.token("user", "20"),
			"without any grant": g.token("user", "4")} {
			for range 2 { // the second transaction too
				tx, _ := entered(t, conn, token)
				if got := one(t, tx, memoOf); got != "" {
					t.Errorf("%s: %s", who, got)
				}
				must(t, tx, "COMMIT")
			}
		}
		// A memo of somebody else stays ineffective in a login of a person.
		person := begin(t, w.db.Conn(t, w.db.Role(t, "person", "LOGIN IN ROLE "+w.role("app")+", rls_any")))
		w.sql(t, "INSERT INTO rls.login (name, kind, principal, client_role) SELECT $1, 'person', '1', $2", person.Conn().Config().User, w.role("app"))
		if got, remembered := counted(t, w, person, memoNotes); got != "1 2 3 4" || remembered {
			t.Errorf("a person sees %s, remembered: %t", got, remembered)
		}
	})
	t.Run("each question", func(t *testing.T) {
		w.known(t, "1", "90")
		for _, key := range []string{"1", "90"} {
			tx, _ := entered(t, conn, g.token("user", key))
			for _, args := range []string{"'read', 'note'", "'update', 'note'", "'create', 'note'", "'read', 'task'", "'read', 'x'", "NULL, 'note'", "'read', NULL"} {
				var questions []string
				for _, alone := range []string{"true", "false", "NULL"} {
					questions = append(questions, "passes_owners("+args+", "+alone+")")
				}
				for _, scope := range []string{"'self'", "'hierarchy'", "'visible'", "'nonsense'", "NULL"} {
					for _, kind := range []string{"owners", "bits", "ranges"} {
						for _, alone := range []string{"true", "false", "NULL"} {
							questions = append(questions, "admitted_"+kind+"("+args+", "+scope+", "+alone+")")
						}
					}
				}
				for _, q := range questions {
					agree(t, w, tx, "SELECT rls."+q, forgetful(t, w, tx, "SELECT rls."+q), "user "+key+": "+q)
				}
			}
			_ = tx.Rollback(t.Context())
		}
	})
	for name, change := range map[string][2]string{
		"windows of members": {"group: team, user: member}", "group: team, user: member, from: since}"},
		"a moving clock":     {"active: active", `active: "active AND coalesce(hired, now()) <= now()"`},
	} {
		t.Run("not in a model with "+name, func(t *testing.T) {
			w := newWorld(t, strings.Replace(memoModel, change[0], change[1], 1),
				memoSchema+"ALTER TABLE team_member ADD since timestamptz; ALTER TABLE person ADD hired timestamptz;"+memoPeople)
			g := w.gateway(t)
			w.sql(t, memoRows[len(memoPeople):])
			conn := g.conn(t)
			for range 3 {
				tx, _ := entered(t, conn, g.token("user", "1"))
				if got := one(t, tx, memoOf); got != "" {
					t.Error(got)
				}
				if got := w.outcome(t, tx, memoNotes); got != "1 2 3 4" {
					t.Error(got)
				}
				must(t, tx, "COMMIT")
			}
		})
	}
}

// TestMemoChanges makes each kind of change at each moment, and with what tells of it taken out.
func TestMemoChanges(t *testing.T) {
	t.Parallel()
	for _, kind := range memoKinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			testMemoChanges(t, kind)
		})
	}
}

func testMemoChanges(t *testing.T, kind string) {
	w, g := newMemoWorldOf(t, kind)
	gate, admin := g.conn(t), w.admin(t)
	mark := one(t, w.root, "SELECT pg_get_functiondef('rls.raise_watermark(text)'::regprocedure)")
	rekey := func(t *testing.T) { // a new seal takes the key along
		t.Helper()
		w.sql(t, "DELETE FROM rls.gateway_key WHERE gateway = $1", g.login)
		g.addKey(t, g.keyID, g.key)
	}
	start := func(t *testing.T, c memoChange) (pgx.Tx, string) {
		t.Helper()
		w.memoReset(t, g)
		if c.name == "a new seal" || one(t, w.root, "SELECT count(*) FROM rls.gateway_key WHERE gateway = $1", g.login) == "0" {
			rekey(t)
		}
		if !c.positive {
			w.known(t, c.who)
		}
		tx, _ := entered(t, gate, g.token("user", c.who))
		before, remembered := counted(t, w, tx, memoNotes)
		if remembered == c.positive || before == c.want {
			t.Fatalf("before: %s, remembered: %t", before, remembered)
		}
		if got := kindOf(t, tx); got != kind && !c.positive && (kind != "in buckets" || c.who != "90") { // who needs no buckets
			t.Fatalf("the memo is %q", got)
		}
		return tx, before
	}
	for _, c := range memoChanges {
		t.Run(c.name, func(t *testing.T) {
			tx, _ := start(t, c)
			makeChange(t, c, g, admin)
			agree(t, w, tx, memoNotes, c.want, "between two statements")
			agree(t, w, tx, memoNotes, c.want, "once more")
			_ = tx.Rollback(t.Context())
			if c.elsewhere {
				return
			}
			again := cmp.Or(c.again, c.want)
			for _, when := range []string{"in the next transaction", "in the one after"} {
				tx, _ = entered(t, gate, g.token("user", c.who))
				agree(t, w, tx, memoNotes, again, when)
				must(t, tx, "COMMIT")
			}
		})
		// A memo says nothing of what is not allowed; a seal takes it along. One kind of memos proves the triggers.
		if c.positive || c.name == "a new seal" || kind != memoKinds[0] {
			continue
		}
		t.Run(c.name+"/control", func(t *testing.T) {
			tx, before := start(t, c)
			undo := mark
			if c.by != "" {
				table, trigger, _ := strings.Cut(c.by, " ")
				// The keys that others told of are the graph's.
				undo = ""
				for _, x := range strings.Fields(strings.Replace(trigger, "rls_state_update", "rls_state_update zz_rls_state_ahead", 1)) {
					w.sql(t, "ALTER TABLE "+table+" DISABLE TRIGGER "+x)
					undo += "ALTER TABLE " + table + " ENABLE ALWAYS TRIGGER " + x + ";"
				}
				if table == "person" || c.name == "the resource is gone" {
					undo += mark
				}
			}
			if strings.Contains(undo, "FUNCTION") {
				w.sql(t, "CREATE OR REPLACE FUNCTION rls.raise_watermark(changed text) RETURNS void LANGUAGE plpgsql AS 'BEGIN END'")
			}
			defer w.sql(t, undo)
			makeChange(t, c, g, admin)
			if got := w.outcome(t, tx, memoNotes); got != before {
				t.Errorf("nothing tells of the change, and yet the answer is %q after %q: nothing is proved", got, before)
			}
			_ = tx.Rollback(t.Context())
		})
	}
	t.Run("in the same transaction", func(t *testing.T) {
		for _, c := range memoChanges {
			if kind == "in its row" { // a row is asked by those in buckets too
				break
			}
			if c.elsewhere || strings.HasPrefix(c.change, "COPY") || strings.Contains(c.change, "replica") || strings.HasPrefix(c.change, "TRUNCATE") {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				tx, _ := start(t, c)
				ownChange(t, w, g, tx, c)
				agree(t, w, tx, memoNotes, c.want, "after an own change")
				_ = tx.Rollback(t.Context())
				tx, _ = entered(t, gate, g.token("user", c.who))
				before := w.outcome(t, tx, memoNotes)
				must(t, tx, "SAVEPOINT s")
				ownChange(t, w, g, tx, c)
				agree(t, w, tx, memoNotes, c.want, "after an own change in a savepoint")
				must(t, tx, "ROLLBACK TO SAVEPOINT s")
				agree(t, w, tx, memoNotes, before, "after it was undone")
				ownChange(t, w, g, tx, c)
				agree(t, w, tx, memoNotes, c.want, "after the same change once more")
				_ = tx.Rollback(t.Context())
			})
		}
	})
	t.Run("time", func(t *testing.T) {
		rekey(t)
		passed := func(tx pgx.Tx, at string) {
			until(t, func() bool { return one(t, tx, "SELECT clock_timestamp() > $1::timestamptz", at) == "t" })
		}
		for _, spoil := range []bool{false, true} {
			w.memoReset(t, g)
			at := one(t, w.root, "SELECT clock_timestamp() + interval '2 s'")
			w.sql(t, `UPDATE rls."grant" SET valid_until = $1::text::timestamptz WHERE grantee = 'user:1'`, at)
			w.known(t, "1")
			if spoil {
				w.sql(t, "UPDATE rls.visible_set SET until = 'infinity'")
			}
			tx, _ := entered(t, gate, g.token("user", "1"))
			if got, remembered := counted(t, w, tx, memoNotes); got != "1 2 3 4" || !remembered {
				t.Errorf("before its end: %s, remembered: %t", got, remembered)
			}
			passed(tx, at)
			if spoil {
				if got := w.outcome(t, tx, memoNotes); got != "1 2 3 4" {
					t.Errorf("control: %s", got)
				}
			} else {
				agree(t, w, tx, memoNotes, "NULL", "after its end")
			}
			_ = tx.Rollback(t.Context())
			if !spoil {
				tx, _ = entered(t, gate, g.token("user", "1"))
				agree(t, w, tx, memoNotes, "NULL", "after its end, in a new transaction")
				_ = tx.Rollback(t.Context())
			}
		}
		w.memoReset(t, g)
		at := one(t, w.root, "SELECT clock_timestamp() + interval '1 s'")
		w.sql(t, `INSERT INTO rls."grant" (grantee, action, resource, valid_from) VALUES ('user:1', 'read', 'task', $1::text::timestamptz)`, at)
		w.known(t, "1")
		tx, _ := entered(t, gate, g.token("user", "1"))
		tasks := strings.Replace(memoNotes, "note", "task", 1)
		passed(tx, at)
		agree(t, w, tx, tasks, "1 2 3 4", "after its beginning")
		agree(t, w, tx, memoNotes, "1 2 3 4", "what it says nothing of")
		_ = tx.Rollback(t.Context())
		w.known(t, "1")
		tx, _ = entered(t, gate, g.token("user", "1"))
		if !agree(t, w, tx, tasks, "1 2 3 4", "after its beginning, in a new transaction") {
			t.Error("the memo was not renewed")
		}
		_ = tx.Rollback(t.Context())
	})
}
