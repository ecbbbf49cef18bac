package integration

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestBuckets puts keys into buckets and looks for them there.
func TestBuckets(t *testing.T) {
	t.Parallel()
	conn := newWorld(t, memoModel, memoSchema+memoPeople).root
	r := rand.New(rand.NewPCG(number(t, "RLSCTL_TEST_SEED", defaultSeed), 5))
	random := func(size int) []byte {
		key := make([]byte, size)
		for i := range key {
			key[i] = byte(r.Uint32())
		}
		return key
	}
	for _, size := range []int{16, 32} { // a uuid, a sha256
		for name, draw := range map[string]func(i int) []byte{
			"at random": func(int) []byte { return random(size) },
			// Nearly all bytes are the same: what stands across two keys looks like a third.
			"in sequence": func(i int) []byte {
				key := make([]byte, size)
				key[size-1], key[size-2] = byte(i), byte(i>>8)
				return key
			},
			"in front": func(i int) []byte { key := make([]byte, size); key[0], key[1] = byte(i), byte(i>>8); return key },
		} {
			for _, n := range []int{1, 2, 11, 12, 500, 20000} {
				keys, others := make([][]byte, n), [][]byte{make([]byte, size)}
				for i := range keys {
					keys[i] = draw(2*i + 1)
					others = append(others, draw(2*i), append(bytes.Clone(keys[i][size/2:]), keys[0][:size/2]...), append(bytes.Clone(keys[i][1:]), keys[i][0]))
				}
				var stored []byte
				if err := conn.QueryRow(t.Context(), "SELECT rls.buckets($1)", keys).Scan(&stored); err != nil {
					t.Fatal(explain(err))
				}
				if len(stored) == 0 {
					t.Fatalf("%d keys of %d bytes %s: no buckets", n, size, name)
				}
				among := map[string]bool{}
				for _, k := range keys {
					among[string(k)] = true
				}
				asked := append(others, keys...)
				var said []bool
				if err := conn.QueryRow(t.Context(), "SELECT array_agg(rls.in_buckets($1, k.key) ORDER BY k.place) FROM unnest($2::bytea[]) WITH ORDINALITY AS k(key, place)",
					stored, asked).Scan(&said); err != nil {
					t.Fatal(explain(err))
				}
				for i, k := range asked {
					if said[i] != among[string(k)] {
						t.Fatalf("%d keys of %d bytes %s: %x is among them: %t", n, size, name, k, said[i])
					}
				}
				// No key whatsoever is found but where an entry begins.
				width := base64.StdEncoding.EncodedLen(size)
				for i := range len(stored) - width {
					if _, err := base64.StdEncoding.Strict().DecodeString(string(stored[i : i+width])); err == nil && i%width != 0 {
						t.Fatalf("a key stands across two entries: %s", stored[i:i+width])
					}
				}
			}
		}
	}
	t.Run("none", func(t *testing.T) {
		for sql, want := range map[string]string{
			"SELECT rls.buckets('{}')": "NULL", "SELECT rls.buckets(NULL)": "NULL", "SELECT rls.in_buckets(NULL, 'x')": "NULL",
			"SELECT rls.in_buckets(rls.buckets(ARRAY['0123456789abcdef'::bytea]), NULL)": "NULL",
		} {
			if got := one(t, conn, sql); got != want {
				t.Errorf("%s: %s", sql, got)
			}
		}
	})
}

// manyModel has somebody who sees more users than are kept without buckets.
const manyModel = `
version: 1
database: {client_roles: ["{{app}}", "{{app_ro}}"]}
users: {table: person, key: id, superuser: is_root, sees: {supervisor: boss}}
resources:
  note: {table: note, owner: owner}
grants:
  - {to: authenticated, allow: {note: [create, read, update]}}
`

// TestBucketsOfPolicies lets users who see very many look into buckets, for keys of each type that has them.
func TestBucketsOfPolicies(t *testing.T) {
	t.Parallel()
	for name, k := range map[string]struct{ person, owner, key string }{
		"uuid":    {"uuid", "uuid", "('00000000-0000-0000-0000-' || lpad(%s::text, 12, '0'))::uuid"},
		"text":    {"text", "text", "('kéy ' || %s)"},
		"varchar": {"varchar(20)", "text", "('k|' || %s)"},
		"citext":  {"citext", "citext", "('Key ' || %s)::citext"},
		"domain":  {"digits", "digits", "md5(%s::text)::uuid::digits"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			key := func(i string) string { return fmt.Sprintf(k.key, i) }
			// 1 sees 2 to 2500, 3000 sees nobody, 4000 is a superuser.
			w := newWorld(t, manyModel, `CREATE EXTENSION IF NOT EXISTS citext; CREATE DOMAIN digits AS uuid;`+
				strings.NewReplacer("PERSON", k.person, "OWNER", k.owner, "BOSS", key("1"), "OTHER", key("3000"), "ROOT", key("4000"), "@", key("i")).Replace(`
				CREATE TABLE person (id PERSON PRIMARY KEY, boss PERSON, is_root boolean NOT NULL DEFAULT false);
				CREATE INDEX ON person (boss);
				INSERT INTO person SELECT @, CASE WHEN i > 1 THEN BOSS END FROM generate_series(1, 2500) AS i;
				INSERT INTO person (id, is_root) VALUES (OTHER, false), (ROOT, true);
				CREATE TABLE note (id integer PRIMARY KEY, owner OWNER);
				INSERT INTO note SELECT i, @ FROM generate_series(1, 2500) AS i;
				INSERT INTO note VALUES (3000, OTHER), (3001, NULL), (4000, ROOT);
				GRANT SELECT, INSERT, UPDATE ON note TO {{app}};`))
			w.sql(t, "ALTER DATABASE "+w.db.Name()+" SET track_functions = 'pl'")
			g := w.gateway(t)
			conn := g.conn(t)
			boss := one(t, w.root, "SELECT "+key("1")+"::text")
			enter := func() pgx.Tx {
				t.Helper()
				tx, _ := entered(t, conn, g.token("user", boss))
				return tx
			}
			looked := func(tx pgx.Tx) string {
				t.Helper()
				return one(t, tx, "SELECT (coalesce(sum(f.calls), 0) > 0)::text FROM pg_stat_xact_user_functions AS f WHERE f.funcname = 'in_buckets'")
			}
			const all = "SELECT count(*) || ' ' || sum(id) FROM note"
			memo := name != "varchar" // a key with the sign that parts a memo
			if memo {
				w.known(t, boss)
			}
			if one(t, w.root, "SELECT p.form FROM rls.prepare('user', $1) AS p", boss) != "wide" || one(t, w.root, "SELECT (s.buckets IS NOT NULL)::text FROM rls.visible_set AS s") != "true" {
				t.Fatal("nobody sees very many")
			}
			tx := enter()
			if got := one(t, tx, memoOf); memo != strings.HasSuffix(got, "|62") {
				t.Errorf("the memo is %s", got)
			}
			if got := w.outcome(t, tx, all); got != "2500 3126250" {
				t.Errorf("1 sees %s", got)
			}
			if got := looked(tx); memo && got != "true" {
				t.Error("nobody has looked into a bucket")
			}
			for _, c := range []struct{ id, want string }{{"1", "1"}, {"2500", "2500"}, {"3000", "NULL"}, {"3001", "NULL"}, {"4000", "NULL"}} {
				if got := w.outcome(t, tx, "SELECT max(id) FROM note WHERE id = "+c.id); got != c.want {
					t.Errorf("note %s: %s", c.id, got)
				}
			}
			for sql, want := range map[string]string{
				"INSERT INTO note VALUES (5000, " + key("77") + ")":                  "touched 1",
				"INSERT INTO note VALUES (5000, " + key("3000") + ")":                rejected,
				"INSERT INTO note VALUES (5000, " + key("77777") + ")":               rejected,
				"INSERT INTO note VALUES (5000, NULL)":                               rejected,
				"UPDATE note SET owner = " + key("78") + " WHERE id = 77":            "touched 1",
				"UPDATE note SET owner = " + key("3000") + " WHERE id = 77":          rejected,
				"UPDATE note SET owner = " + key("78") + " WHERE id IN (3000, 3001)": filtered,
			} {
				must(t, tx, "SAVEPOINT s")
				if got := w.outcome(t, tx, sql); got != want {
					t.Errorf("%s: %s", sql, got)
				}
				must(t, tx, "ROLLBACK TO SAVEPOINT s")
			}
			// Longer than the moment, and what the client makes of the memo: the answer is the same.
			for _, sql := range []string{"SET LOCAL rls.memo = ''", "SELECT set_config('rls.memo', current_setting('rls.memo') || '9', true)",
				"SELECT set_config('rls.memo', '=|||||x|2000000000', true)", "SELECT set_config('rls.memo', '||||||2000000000', true)"} {
				must(t, tx, "SAVEPOINT s; "+sql)
				if got := w.outcome(t, tx, all); got != "2500 3126250" {
					t.Errorf("after %s: %s", sql, got)
				}
				must(t, tx, "ROLLBACK TO SAVEPOINT s")
			}
			// A superuser who is there by hand is told so, and nobody else's buckets are to be had.
			must(t, tx, "COMMIT")
			wide := one(t, w.root, "SELECT role FROM rls.plan_role WHERE form = 'wide' AND client_role = $1", w.role("app"))
			for who, want := range map[string]string{"4000": "40001", "3000": "1 3000"} {
				tx, _ := entered(t, conn, g.token("user", one(t, w.root, "SELECT "+key(who)+"::text")))
				must(t, tx, "SET LOCAL ROLE "+wide)
				if got := w.outcome(t, tx, all); got != want {
					t.Errorf("%s sees %s", who, got)
				}
				_ = tx.Rollback(t.Context())
			}
			if !memo {
				return
			}
			// Control: what the buckets say is what is seen; until something changes.
			w.sql(t, `CREATE FUNCTION public.other() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$ BEGIN
					NEW.buckets := rls.buckets(ARRAY[sha256('x')]);
					NEW.brief := regexp_replace(NEW.brief, '62$', '60000000');
					RETURN NEW;
				END $$;
				CREATE TRIGGER zz_other BEFORE UPDATE ON rls.visible_set FOR EACH ROW EXECUTE FUNCTION public.other();
				UPDATE rls.visible_set SET size = size`)
			tx = enter()
			if got := w.outcome(t, tx, "SELECT count(*) FROM note"); got != "0" {
				t.Errorf("with buckets of somebody else: %s; nothing is proved", got)
			}
			w.sql(t, "UPDATE person SET boss = NULL WHERE id = "+key("2"))
			if got := w.outcome(t, tx, all); got != "2499 3126248" {
				t.Errorf("after a change: %s", got)
			}
			must(t, tx, "COMMIT")
			tx = enter()
			if got := w.outcome(t, tx, all); got != "2499 3126248" {
				t.Errorf("in the next transaction: %s", got)
			}
			_ = tx.Rollback(t.Context())
		})
	}
}
