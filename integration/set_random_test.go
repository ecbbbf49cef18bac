package integration

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// setWorld is a small organisation of one key type, changed at random.
type setWorld struct {
	name, key, refer string
	primary          string // what follows the primary key
	keys             []string
	groups           bool // groups share too
}

func setKeys(n int, key func(i int) string) (out []string) {
	for i := range n {
		out = append(out, key(i))
	}
	return out
}

var setWorlds = []setWorld{
	{name: "dense bigint, foreign keys that cascade", key: "bigint", refer: "REFERENCES person ON DELETE CASCADE ON UPDATE CASCADE",
		keys: setKeys(40, func(i int) string { return fmt.Sprint(i + 1) })},
	{name: "bigint far apart, nothing that refers", key: "bigint", keys: setKeys(40, func(i int) string {
		return fmt.Sprint(int64(i-15) * int64(i-15) * int64(i-15) * 37)
	})},
	{name: "uuid, foreign keys that set null, groups", key: "uuid", groups: true,
		refer: "REFERENCES person ON DELETE SET NULL ON UPDATE CASCADE",
		keys:  setKeys(36, func(i int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012d", uint32(i)*2654435761, i) })},
	{name: "text, keys that swap", key: "text", primary: "DEFERRABLE",
		keys: setKeys(36, func(i int) string { return []string{"a", "B b", "ä", "*", "x'y", "%"}[i%6] + fmt.Sprint(i/6) })},
	{name: "integer, groups", key: "integer", groups: true, keys: setKeys(36, func(i int) string { return fmt.Sprint(i - 4) })},
}

func (s setWorld) make(t testing.TB) *world {
	t.Helper()
	model, schema := graphModel, graphSchema(s.key, s.refer)
	schema = strings.ReplaceAll(schema, "PRIMARY KEY, boss", "PRIMARY KEY "+s.primary+", boss")
	if s.groups {
		model = strings.Replace(model, "resources:", `groups: {table: team, key: id, creator: creator, share_members_visibility: share_members,
  share_creator_visibility: share_creator, members: {table: team_member, group: team, user: member}}
resources:`, 1)
		schema += strings.ReplaceAll(`CREATE TABLE team (id integer PRIMARY KEY, creator TYPE, share_members boolean, share_creator boolean);
			CREATE TABLE team_member (team integer, member TYPE);`, "TYPE", s.key)
	}
	w := newWorld(t, model, schema)
	for i, k := range s.keys[:len(s.keys)*3/4] { // the rest are free
		boss := "NULL"
		if i > 0 {
			boss = lit(s.keys[(i-1)/3])
		}
		w.sql(t, fmt.Sprintf("INSERT INTO person (id, boss) VALUES (%s, %s)", lit(k), boss))
		if s.groups && i%9 == 0 {
			w.sql(t, fmt.Sprintf(`INSERT INTO team VALUES (%[1]d, %[2]s, %[3]t, %[4]t);
				INSERT INTO team_member VALUES (%[1]d, %[2]s), (%[1]d, %[5]s)`,
				i, lit(k), i%2 == 0, i%4 != 0, lit(s.keys[i+1])))
		}
	}
	return w
}

func lit(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// operation draws a statement that changes the graph, or tries to.
func (s setWorld) operation(r *rand.Rand) string {
	k := func() string { return lit(pick(r, s.keys...)) + "::" + s.key }
	few := func() string {
		out := []string{k()}
		for range r.IntN(4) {
			out = append(out, k())
		}
		return strings.Join(out, ", ")
	}
	orNull := func() string { return pick(r, k(), k(), k(), "NULL::"+s.key) }
	column := func() string { return pick(r, "boss", "boss", "maker") }
	pairs := func() string { return pick(r, "deputy", "ward") }
	switch r.IntN(21) {
	case 0, 1:
		return fmt.Sprintf("INSERT INTO person (id, boss, maker) VALUES (%s, %s, %s)", k(), orNull(), orNull())
	case 2, 3, 4:
		return fmt.Sprintf("UPDATE person SET %s = %s WHERE id = %s", column(), orNull(), k())
	case 5:
		return fmt.Sprintf("UPDATE person SET boss = %s WHERE boss = %s", orNull(), k())
	case 6:
		return fmt.Sprintf("UPDATE person SET boss = maker, maker = boss WHERE id IN (%s)", few())
	case 7:
		return fmt.Sprintf("UPDATE person SET id = %s WHERE id = %s", k(), k())
	case 8:
		a, b := k(), k()
		return fmt.Sprintf("UPDATE person SET id = CASE id WHEN %[1]s THEN %[2]s ELSE %[1]s END, boss = %[3]s WHERE id IN (%[1]s, %[2]s)",
			a, b, orNull())
	case 9:
		return fmt.Sprintf("DELETE FROM person WHERE id IN (%s)", few())
	case 10, 11:
		return fmt.Sprintf("INSERT INTO %s VALUES (%s, %s), (%s, %s)", pairs(), k(), k(), orNull(), k())
	case 12:
		return fmt.Sprintf("DELETE FROM %s WHERE viewer IN (%s) OR seen = %s", pairs(), few(), k())
	case 13:
		return fmt.Sprintf("UPDATE %s SET %s = %s WHERE viewer IN (%s)", pairs(), pick(r, "viewer", "seen"), orNull(), few())
	case 14:
		if chance(r, 30) {
			return "TRUNCATE " + pairs()
		}
		return fmt.Sprintf("INSERT INTO deputy SELECT boss, id FROM person WHERE boss IN (%s)", few())
	case 15:
		return fmt.Sprintf(`INSERT INTO person (id, boss) VALUES (%s, %s), (%s, %s)
			ON CONFLICT (id) DO UPDATE SET boss = EXCLUDED.boss, maker = person.boss`,
			k(), orNull(), k(), orNull())
	case 16:
		parts := []string{
			fmt.Sprintf("INSERT INTO deputy VALUES (%s, %s) RETURNING 1", k(), k()),
			fmt.Sprintf("DELETE FROM ward WHERE viewer = %s RETURNING 1", k()),
			fmt.Sprintf("DELETE FROM person WHERE id = %s RETURNING 1", k()),
			fmt.Sprintf("UPDATE person SET boss = %s WHERE id = %s RETURNING 1", orNull(), k()),
			fmt.Sprintf("DELETE FROM deputy WHERE seen = %s RETURNING 1", k()),
			fmt.Sprintf("UPDATE person SET maker = %s WHERE id = %s RETURNING 1", orNull(), k()),
		}
		r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		end := pick(r, "SELECT", "SELECT count(*) FROM b", "SELECT count(*) FROM c, a")
		return fmt.Sprintf("WITH a AS (%s), b AS (%s), c AS (%s) %s", parts[0], parts[1], parts[2], end)
	case 17:
		return fmt.Sprintf(`MERGE INTO person AS p USING (VALUES (%s, %s), (%s, %s)) AS n(id, boss) ON p.id = n.id
			WHEN MATCHED AND p.boss IS NULL THEN DELETE WHEN MATCHED THEN UPDATE SET boss = n.boss
			WHEN NOT MATCHED THEN INSERT (id, boss) VALUES (n.id, n.boss)`, k(), orNull(), k(), orNull())
	case 18:
		return fmt.Sprintf("INSERT INTO ward SELECT a.id, b.id FROM person AS a, person AS b WHERE a.id <> %s ORDER BY 1, 2 LIMIT %d",
			k(), pick(r, 20, 20, 20, 20, 1100))
	case 19:
		return "COPY " + pairs() + " FROM STDIN"
	default:
		// More than are told one by one below somebody, or above.
		return fmt.Sprintf("UPDATE person SET boss = %s WHERE boss IS NULL OR maker IS NOT NULL", orNull())
	}
}

// perform runs one operation in a savepoint: many are refused by the constraints of the tables.
func (s setWorld) perform(t testing.TB, r *rand.Rand, tx pgx.Tx, op string) (done bool) {
	t.Helper()
	sp, err := tx.Begin(t.Context())
	if err != nil {
		t.Fatal(explain(err))
	}
	if strings.HasPrefix(op, "COPY") {
		copied := pick(r, s.keys...) + "\t" + pick(r, s.keys...) + "\n" + pick(r, s.keys...) + "\t" + pick(r, s.keys...) + "\n"
		_, err = sp.Conn().PgConn().CopyFrom(t.Context(), strings.NewReader(copied), op)
	} else {
		_, err = sp.Exec(t.Context(), op, pgx.QueryExecModeSimpleProtocol)
	}
	switch code := sqlstate(err); {
	case err == nil && !chance(r, 10):
		err = sp.Commit(t.Context())
	case err == nil || slices.Contains([]string{"23505", "23503", "21000", "42P10", "55000"}, code):
		_ = sp.Rollback(t.Context())
		return false
	}
	if err != nil {
		t.Fatalf("%s: %v", op, explain(err))
	}
	return true
}

// TestSetRandom holds stored sets against a computation of its own while the graph changes at random.
// "A set kept in a cache must never be stale."
func TestSetRandom(t *testing.T) {
	t.Parallel()
	rounds := int(number(t, "RLSCTL_TEST_ROUNDS", 12))
	seed := number(t, "RLSCTL_TEST_SEED", defaultSeed)
	for n, s := range setWorlds {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, uint64(n)))
			w := s.make(t)
			conn, reader := w.admin(t), w.admin(t)
			// Changes are forgotten now and then by chance: the same chance each time.
			must(t, conn, "SELECT setseed(0.25)")
			w.prepare(t, s.keys...)
			w.right(t, reader, s.key, s.keys, "at the start")
			var log []string
			note := func(format string, args ...any) { log = append(log, fmt.Sprintf(format, args...)) }
			check := func(q querier, where string) {
				t.Helper()
				if bad := w.wrong(t, q, s.key, s.keys); bad != "" {
					t.Fatalf("%s: %s\nagain with RLSCTL_TEST_SEED=%d, after\n%s", where, bad, seed, strings.Join(log, "\n"))
				}
			}
			quick, asked, operations := 0, 0, 0
			for round := range rounds {
				level := pick(r, pgx.ReadCommitted, pgx.ReadCommitted, pgx.ReadCommitted, pgx.RepeatableRead, pgx.Serializable)
				tx := isolated(t, conn, level)
				note("-- %d: BEGIN ISOLATION LEVEL %s;", round, level)
				var outer pgx.Tx
				for range 1 + r.IntN(5) {
					if chance(r, 15) {
						some := pick(r, s.keys...)
						if _, err := tx.Exec(t.Context(), "SELECT "+entering+" FROM (SELECT $1::text) AS k(k)", some); err != nil {
							t.Fatal(explain(err))
						}
						note("SELECT rls.prepare('user', %s);", lit(some))
					}
					if outer == nil && chance(r, 15) {
						var err error
						if outer, err = tx.Begin(t.Context()); err != nil {
							t.Fatal(err)
						}
						note("SAVEPOINT a;")
					}
					op := s.operation(r)
					if s.perform(t, r, tx, op) {
						operations++
						note("%s;", op)
					} else {
						note("-- refused or undone: %s;", op)
					}
					if outer != nil && chance(r, 40) {
						if err := outer.Rollback(t.Context()); err != nil {
							t.Fatal(err)
						}
						outer = nil
						note("ROLLBACK TO a;")
					}
					if chance(r, 40) {
						check(tx, "within the transaction")
					}
				}
				switch {
				case chance(r, 15):
					note("ROLLBACK;")
					if err := tx.Rollback(t.Context()); err != nil {
						t.Fatal(explain(err))
					}
				default:
					note("COMMIT;")
					if err := tx.Commit(t.Context()); err != nil {
						t.Fatal(explain(err))
					}
				}
				check(reader, "from another connection")
				if round%5 == 4 {
					quick += len(w.quick(t, s.key, s.keys))
					asked += len(s.keys)
				}
				if chance(r, 30) {
					must(t, reader, "SELECT rls.prune_changes()")
					note("SELECT rls.prune_changes();")
					check(reader, "after forgetting changes")
				}
				if chance(r, 40) {
					some := s.keys[r.IntN(len(s.keys)):]
					w.prepare(t, some...)
					note("-- renewed from %s on", some[0])
					check(reader, "after renewing")
				}
			}
			if quick*3 < asked {
				t.Errorf("of %d viewers only %d were answered from what is stored", asked, quick)
			}
			t.Logf("%d operations; %d of %d viewers answered from what is stored", operations, quick, asked)
		})
	}
}

// TestSetRandomControls takes one protection out at a time: each must be missed.
func TestSetRandomControls(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, spoil, change string }{
		{"the trigger on updates of users", "ALTER TABLE person DISABLE TRIGGER rls_graph_update", "UPDATE person SET boss = NULL WHERE id = 2"},
		{"the trigger on pairs", "ALTER TABLE ward DISABLE TRIGGER rls_graph_pairs_insert", "INSERT INTO ward VALUES (20, 1)"},
		{"the trigger on TRUNCATE", `INSERT INTO ward VALUES (20, 1); SELECT rls.prepare('user', '20');
			ALTER TABLE ward DISABLE TRIGGER rls_graph_pairs_truncate`, "TRUNCATE ward"},
		{"what the change took away so far", `CREATE OR REPLACE FUNCTION rls.lock_graph() RETURNS void LANGUAGE plpgsql AS
			'BEGIN UPDATE rls.graph_lock SET xid = pg_current_xact_id(); DELETE FROM rls.edge_gone; END'`,
			"WITH a AS (DELETE FROM deputy WHERE seen = 1) UPDATE person SET boss = NULL WHERE id = 2"},
		{"the snapshot of the set", "UPDATE rls.visible_set SET since = '9999999', snapshot = '9999999:9999999:'",
			"UPDATE person SET boss = NULL WHERE id = 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, graphModel, graphSchema("bigint", "")+smallOrg+"INSERT INTO deputy VALUES (10, 1)")
			all := []string{"1", "2", "3", "4", "10", "20"}
			if got := w.quick(t, "bigint", all); len(got) > 0 {
				t.Errorf("without sets %v are answered from what is stored", got)
			}
			w.prepare(t, all...)
			if got := w.quick(t, "bigint", all); len(got) != len(all) {
				t.Errorf("with sets only %v are answered from what is stored", got)
			}
			w.sql(t, c.spoil)
			w.right(t, w.root, "bigint", all, "before")
			w.sql(t, c.change)
			if w.wrong(t, w.root, "bigint", all) == "" {
				t.Errorf("without %s everything is right: nothing proves it", c.name)
			}
		})
	}
}
