package integration

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestSetLife changes the graph step by step between looks at stored sets.
func TestSetLife(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphModel, graphSchema("bigint", "")) // its tests run one after the other
	for _, c := range []struct {
		sentence string
		schema   string // after the tables
		steps    []string
	}{
		{"a user deleted and made again under the same key", "",
			[]string{"DELETE FROM person WHERE id = 4", "INSERT INTO person (id, boss) VALUES (4, 2)"}},
		{"a user deleted and made again: a loop", "UPDATE person SET boss = id WHERE id = 20",
			[]string{"DELETE FROM person WHERE id = 20", "INSERT INTO person (id) VALUES (20)"}},
		{"a user deleted and made again: a cycle", "INSERT INTO ward VALUES (10, 20), (20, 10)",
			[]string{"DELETE FROM person WHERE id = 20", "DELETE FROM ward WHERE seen = 20", "INSERT INTO person (id) VALUES (20)"}},
		{"a new key and back", "INSERT INTO ward VALUES (10, 20), (20, 10)",
			[]string{"UPDATE person SET id = 30 WHERE id = 20", "UPDATE person SET id = 20 WHERE id = 30"}},
		{"a new key for a loop", "UPDATE person SET boss = id WHERE id = 20",
			[]string{"UPDATE person SET id = 30, boss = NULL WHERE id = 20", "UPDATE person SET id = 20 WHERE id = 30"}},
		{"a move and a new path to the old place in one statement: pairs first", "INSERT INTO person (id, boss) VALUES (5, 10), (6, 1)", []string{
			"WITH a AS (INSERT INTO deputy VALUES (1, 10) RETURNING seen) UPDATE person SET boss = 6 FROM a WHERE id = 5"}},
		{"a move and a new path to the old place in one statement: users first", "INSERT INTO person (id, boss) VALUES (5, 10), (6, 1)", []string{
			"WITH a AS (UPDATE person SET boss = 6 WHERE id = 5 RETURNING 10) INSERT INTO deputy SELECT 1, * FROM a"}},
		{"a move and a new path to the old place in one statement: neither reads the other",
			"INSERT INTO person (id, boss) VALUES (5, 10), (6, 1)", []string{
				"WITH a AS (UPDATE person SET boss = 6 WHERE id = 5), b AS (INSERT INTO deputy VALUES (1, 10)) SELECT"}},
		{"a move and a new path to the old place in one statement: the other order",
			"INSERT INTO person (id, boss) VALUES (5, 10), (6, 1)", []string{
				"WITH b AS (INSERT INTO deputy VALUES (1, 10)), a AS (UPDATE person SET boss = 6 WHERE id = 5) SELECT"}},
		{"a trigger of the application adds pairs", `INSERT INTO person (id, boss) VALUES (5, 10), (6, 1);
			CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.deputy VALUES (1, OLD.boss); RETURN NULL; END';
			CREATE TRIGGER keep AFTER UPDATE OF boss ON person FOR EACH ROW EXECUTE FUNCTION keep();`,
			[]string{"UPDATE person SET boss = 6 WHERE id = 5"}},
		{"a trigger of the application adds pairs before", `INSERT INTO person (id, boss) VALUES (5, 10), (6, 1);
			CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.deputy VALUES (1, OLD.boss); RETURN NEW; END';
			CREATE TRIGGER keep BEFORE UPDATE OF boss ON person FOR EACH ROW EXECUTE FUNCTION keep();`,
			[]string{"UPDATE person SET boss = 6 WHERE id = 5"}},
		{"a pair without a viewer, above both places of a move", "INSERT INTO deputy VALUES (NULL, 1)",
			[]string{"UPDATE person SET boss = 2 WHERE id = 4", "INSERT INTO person (id, boss) VALUES (5, 4)",
				"UPDATE person SET boss = NULL WHERE id = 2"}},
		{"a pair without a viewer, above an insert", "INSERT INTO deputy VALUES (NULL, 1)",
			[]string{"INSERT INTO person (id, boss) VALUES (5, 4)", "DELETE FROM person WHERE id = 5"}},
		{"pairs half empty", "INSERT INTO deputy VALUES (NULL, 1), (1, NULL), (NULL, NULL)",
			[]string{"UPDATE deputy SET viewer = 10 WHERE viewer IS NULL", "UPDATE deputy SET seen = 20 WHERE seen IS NULL",
				"UPDATE deputy SET viewer = NULL"}},
		{"session_replication_role = replica", "", []string{
			`SET session_replication_role = replica; UPDATE person SET boss = 10 WHERE id = 3; INSERT INTO ward VALUES (20, 4);
			DELETE FROM person WHERE id = 2; RESET session_replication_role`}},
	} {
		for _, fresh := range []bool{false, true} {
			name := c.sentence
			if fresh {
				name += " (renewed between)"
			}
			t.Run(name, func(t *testing.T) {
				w.reset(t, smallOrg+c.schema)
				all := []string{"1", "2", "3", "4", "5", "6", "10", "20", "30"}
				w.prepare(t, all...)
				w.right(t, w.root, "bigint", all, "at the start")
				for _, s := range c.steps {
					w.sql(t, s)
					w.right(t, w.root, "bigint", all, "after "+s)
					if fresh {
						w.prepare(t, all...)
						w.right(t, w.root, "bigint", all, "renewed after "+s)
					}
				}
			})
		}
	}
}

// TestSetFarKeys stores sets of keys that lie far apart, and at the ends of their type.
func TestSetFarKeys(t *testing.T) {
	t.Parallel()
	worlds := map[string]*world{} // their tests run one after the other
	for _, typ := range []string{"bigint", "integer", "smallint"} {
		worlds[typ] = newWorld(t, graphModel, graphSchema(typ, ""))
	}
	for _, c := range []struct{ typ, keys string }{
		{"bigint", "1 9000000000000000000"},
		{"bigint", "-9223372036854775808 5"},
		{"bigint", "9223372036854775806 9223372036854775807"},
		{"bigint", "1 1500000000"},
		{"bigint", "0 2147483645"},
		{"bigint", "3 2147483646 2147483647 2147483648"},
		{"bigint", "-5 -1 0 1 2 7"},
		{"bigint", "1 65600 65601 65602 65603"},
		{"integer", "-2147483648 0 2147483647"},
		{"smallint", "-32768 -1 0 1 32767"},
	} {
		t.Run(c.typ+" "+c.keys, func(t *testing.T) {
			w, keys, rows := worlds[c.typ], strings.Fields(c.keys), ""
			for i, k := range keys {
				rows += "INSERT INTO person (id, boss) VALUES (" + k + ", " + keys[max(i-1, 0)] + ");"
			}
			w.reset(t, rows)
			w.right(t, w.root, c.typ, keys, "without sets")
			w.prepare(t, keys...)
			w.right(t, w.root, c.typ, keys, "stored")
			w.sql(t, "UPDATE person SET boss = NULL WHERE id = "+keys[len(keys)-1])
			w.right(t, w.root, c.typ, keys, "changed")
			w.sql(t, "INSERT INTO ward SELECT id, "+keys[0]+" FROM person")
			w.right(t, w.root, c.typ, keys, "with pairs")
			if got := len(w.quick(t, c.typ, keys)); got != len(keys) {
				t.Errorf("of %d viewers %d are answered from what is stored", len(keys), got)
			}
		})
	}
}

// TestSetModelChanges changes the model, or what it put on the tables, between storing and reading.
// "Another graph, another stamp: what was stored under the old one is not read."
func TestSetModelChanges(t *testing.T) {
	t.Parallel()
	all := []string{"1", "2", "3", "4", "10", "20", "77", "78"}
	const twoParents = "CREATE TABLE aaa (x integer); CREATE TABLE kid () "
	noWard := strings.ReplaceAll(graphModel, "    ward: {table: ward, viewer: viewer, seen: seen}\n", "")
	apart := strings.ReplaceAll(graphModel, "    merged: [[deputy, supervisor]]\n", "")
	for _, c := range []struct {
		name, schema string
		do           func(t *testing.T, w *world)
	}{
		{"another graph", "INSERT INTO deputy VALUES (4, 10); INSERT INTO ward VALUES (20, 1);", func(t *testing.T, w *world) {
			before := one(t, w.root, "SELECT count(*) FROM unnest(rls.visible_ids(1, true))")
			w.apply(t, apart)
			w.prepare(t, all...)
			if got := one(t, w.root, "SELECT count(*) FROM unnest(rls.visible_ids(1, true))"); got == before {
				t.Errorf("1 sees %s as before", got)
			}
			w.apply(t, graphModel)
		}},
		{"a graph without a table of pairs, and back", "", func(t *testing.T, w *world) {
			w.apply(t, noWard)
			w.sql(t, "INSERT INTO ward VALUES (1, 20)")
			w.apply(t, graphModel)
		}},
		{"uninstalled, and installed again", "", func(t *testing.T, w *world) {
			w.uninstall(t, w.admin(t))
			w.sql(t, "UPDATE person SET boss = 10 WHERE id = 3")
			w.apply(t, graphModel)
		}},
		{"a trigger dropped by hand, and put back by apply", "", func(t *testing.T, w *world) {
			w.sql(t, "DROP TRIGGER rls_graph_update ON person")
			w.sql(t, "UPDATE person SET boss = 10 WHERE id = 3")
			w.apply(t, graphModel)
		}},
		{"a trigger disabled by hand, and put back by apply", "", func(t *testing.T, w *world) {
			w.sql(t, "ALTER TABLE person DISABLE TRIGGER rls_graph_update")
			w.sql(t, "UPDATE person SET boss = 10 WHERE id = 3")
			w.apply(t, graphModel)
		}},
		{"a table that is a child", "CREATE TABLE kin (id bigint); ALTER TABLE person INHERIT kin;", func(t *testing.T, w *world) {
			w.sql(t, "DELETE FROM kin WHERE id = 4")
		}},
		{"pairs with a child", "CREATE TABLE kid () INHERITS (ward);", func(t *testing.T, w *world) {
			w.sql(t, "INSERT INTO kid (viewer, seen) VALUES (20, 1)")
		}},
		{"pairs with a child of two parents", twoParents + "INHERITS (aaa, ward);", func(t *testing.T, w *world) {
			w.sql(t, "INSERT INTO kid (viewer, seen) VALUES (20, 1)")
		}},
		{"a child and later none", "CREATE TABLE kid () INHERITS (ward);", func(t *testing.T, w *world) {
			w.sql(t, "ALTER TABLE kid NO INHERIT ward")
			w.apply(t, graphModel)
			w.prepare(t, all...)
			w.sql(t, "ALTER TABLE kid INHERIT ward")
			w.apply(t, graphModel)
			w.sql(t, "INSERT INTO kid (viewer, seen) VALUES (20, 1)")
			w.sql(t, "ALTER TABLE kid NO INHERIT ward")
			w.apply(t, graphModel)
			w.sql(t, "DELETE FROM person WHERE id = 4")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, graphModel, graphSchema("bigint", "")+smallOrg+c.schema)
			w.prepare(t, all...)
			w.right(t, w.root, "bigint", all, "stored")
			c.do(t, w)
			w.right(t, w.root, "bigint", all, "afterwards")
			w.prepare(t, all...)
			w.right(t, w.root, "bigint", all, "renewed")
		})
	}
}

// TestSetStoresNothing enters where nothing may be written, or nobody is there.
// "Only reads in a transaction that may not write, and in one where a conflict would be an error."
func TestSetStoresNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphModel, graphSchema("bigint", "")) // its tests run one after the other
	all := []string{"1", "2", "3", "4", "10", "20"}
	for _, c := range []struct {
		name string
		o    pgx.TxOptions
		keys string
		want string
	}{
		{"in a read-only transaction", pgx.TxOptions{AccessMode: pgx.ReadOnly}, "1 2", "0"},
		{"under REPEATABLE READ", pgx.TxOptions{IsoLevel: pgx.RepeatableRead}, "1 2", "0"},
		{"under SERIALIZABLE", pgx.TxOptions{IsoLevel: pgx.Serializable}, "1 2", "0"},
		{"under SERIALIZABLE, read only", pgx.TxOptions{IsoLevel: pgx.Serializable, AccessMode: pgx.ReadOnly}, "1 2", "0"},
		{"for users who do not exist", pgx.TxOptions{}, "5 99 nobody '", "0"},
		{"control: for superusers", pgx.TxOptions{}, "30", "1"},
		{"control: for users", pgx.TxOptions{}, "1 2", "2"},
	} {
		for _, stale := range []bool{false, true} {
			if stale && c.want == "0" && c.o == (pgx.TxOptions{}) {
				continue // nobody has a set that could be stale
			}
			t.Run(c.name+map[bool]string{true: ", with sets that are out of date"}[stale], func(t *testing.T) {
				w.reset(t, smallOrg+"INSERT INTO person VALUES (30, 1, NULL, 'root');")
				if stale {
					w.prepare(t, "1", "2")
					w.sql(t, "TRUNCATE ward")
					w.sql(t, "UPDATE person SET boss = 10 WHERE id = 3")
				}
				before := one(t, w.root, "SELECT coalesce(string_agg(v.viewer || v.xid, ',' ORDER BY v.viewer), '') FROM rls.visible_set AS v")
				tx, err := w.admin(t).BeginTx(t.Context(), c.o)
				if err != nil {
					t.Fatal(err)
				}
				defer tx.Rollback(context.Background()) //nolint:errcheck // after a commit there is nothing to do
				for _, k := range strings.Fields(c.keys) {
					if _, err := tx.Exec(t.Context(), "SELECT * FROM rls.prepare('user', $1)", k); err != nil {
						t.Fatal(explain(err))
					}
				}
				w.right(t, tx, "bigint", all, "within")
				if got := one(t, tx, "SELECT coalesce(pg_current_xact_id_if_assigned()::text, 'none')"); (got == "none") != (c.want == "0") {
					t.Errorf("the transaction has number %s", got)
				}
				if err := tx.Commit(t.Context()); err != nil {
					t.Fatal(explain(err))
				}
				after := one(t, w.root, "SELECT coalesce(string_agg(v.viewer || v.xid, ',' ORDER BY v.viewer), '') FROM rls.visible_set AS v")
				if (after == before) != (c.want == "0") {
					t.Errorf("sets: %q before, %q afterwards", before, after)
				}
			})
		}
	}
}

// TestSetUpgraded gives the cluster another identifier over the same files, as pg_upgrade does: sets that are stored
// afterwards are read.
func TestSetUpgraded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphModel, graphSchema("bigint", "")+smallOrg)
	all := []string{"1", "2", "3", "4", "10", "20"}
	w.prepare(t, all...)
	w.sql(t, "CREATE OR REPLACE FUNCTION rls.cluster() RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 42")
	w.right(t, w.root, "bigint", all, "upgraded")
	w.sql(t, "INSERT INTO ward VALUES (20, 1), (2, 10)")
	w.sql(t, "TRUNCATE deputy")
	w.prepare(t, all...)
	w.right(t, w.root, "bigint", all, "renewed")
	if got := w.quick(t, "bigint", all); len(got) != len(all) {
		t.Errorf("from what is stored only %v are answered", got)
	}
}

// TestSetTriggersAlways reads the catalog: "ENABLE ALWAYS", so that session_replication_role does not matter.
func TestSetTriggersAlways(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphModel, graphSchema("bigint", "")+smallOrg)
	got := w.rows(t, w.root, "SELECT tgrelid::regclass, tgenabled, count(*) FROM pg_trigger WHERE tgname LIKE 'rls\\_graph%' GROUP BY 1, 2")
	for _, r := range got {
		if strings.Split(r, "|")[1] == "O" || strings.Split(r, "|")[1] == "D" {
			t.Errorf("triggers that do not fire where changes are replicated: %s", r)
		}
	}
	if len(got) != 6 { // A tells in detail; R is for apply workers, which fire no statement triggers
		t.Errorf("triggers on %v, want two kinds on each of three tables", got)
	}
}
