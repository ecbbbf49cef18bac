package integration

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// memoChange is a change of what decides about a user.
type memoChange struct {
	name, who, change, want string
	again                   string // in the next transaction, which mends 40001
	by                      string // "table trigger": what tells; '' where the control is a mark that is not raised
	elsewhere               bool   // only another session makes this change
	positive                bool   // a memo says nothing of what is not allowed, so nothing can be stale
}

var memoChanges = []memoChange{
	{name: "a grant is deleted", who: "1", change: `DELETE FROM rls."grant" WHERE grantee = 'user:1'`, want: "NULL", by: `rls."grant" state_grant`},
	{name: "a grant is given to somebody else", who: "1", change: `UPDATE rls."grant" SET grantee = 'user:2' WHERE grantee = 'user:1'`, want: "NULL", by: `rls."grant" state_grant`},
	{name: "a grant gets an end", who: "1", change: `UPDATE rls."grant" SET valid_until = '2001-01-01' WHERE grantee = 'user:1'`, want: "NULL", by: `rls."grant" state_grant`},
	{name: "a grant gets a beginning", who: "1", change: `UPDATE rls."grant" SET valid_from = '3001-01-01' WHERE grantee = 'user:1'`, want: "NULL", by: `rls."grant" state_grant`},
	{name: "a grant to everybody is added", who: "4", change: `INSERT INTO rls."grant" (grantee, action, resource) VALUES ('everyone', 'read', 'note')`, want: "4", positive: true},
	{name: "the grant of a group is deleted", who: "5", change: `DELETE FROM rls."grant" WHERE grantee = 'group:7'`, want: "NULL", by: `rls."grant" state_grant`},
	{name: "grants are truncated", who: "1", change: `TRUNCATE rls."grant"`, want: "NULL", by: `rls."grant" state_grant`},
	{name: "the resource is gone", who: "90", change: "DELETE FROM rls.resource WHERE name = 'note'", want: "NULL", by: "rls.resource state_resource"},
	{name: "the login becomes a person's", who: "1", change: "UPDATE rls.login SET kind = 'person', principal = '10' WHERE name = '{{gate}}'", want: "10 20", by: "rls.login state_login", elsewhere: true},
	{name: "deactivated", who: "1", change: "UPDATE person SET active = false WHERE id = 1", want: "NULL", by: "person rls_state_update"},
	{name: "a superuser is deactivated", who: "90", change: "UPDATE person SET active = false WHERE id = 90", want: "NULL", by: "person rls_state_update"},
	{name: "deleted", who: "1", change: "DELETE FROM person WHERE id = 1", want: "NULL", by: "person rls_state_rows"},
	{name: "users are truncated", who: "90", change: "TRUNCATE person", want: "NULL", by: "person rls_state_truncate"},
	{name: "becomes a superuser", who: "1", change: "UPDATE person SET rank = 'root' WHERE id = 1", want: "40001", again: memoAll, by: "person rls_state_update"},
	{name: "is no superuser any more", who: "90", change: "UPDATE person SET rank = NULL WHERE id = 90", want: "40001", again: "NULL", by: "person rls_state_update"},
	{name: "by a foreign key: no superuser any more", who: "90", change: "UPDATE rank SET name = 'former' WHERE name = 'root'", want: "40001", again: "NULL", by: "person rls_state_update"},
	{name: "by a foreign key: deleted", who: "1", change: "DELETE FROM dept WHERE id = 1", want: "NULL", by: "person rls_state_rows"},
	{name: "the key changes", who: "1", change: "UPDATE person SET id = 100 WHERE id = 1", want: "NULL", by: "person rls_state_update"},
	{name: "ON CONFLICT", who: "1", change: "INSERT INTO person (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET active = false", want: "NULL", by: "person rls_state_update"},
	{name: "MERGE that updates", who: "1", change: "MERGE INTO person AS p USING (VALUES (1)) AS n(id) ON p.id = n.id WHEN MATCHED THEN UPDATE SET active = false", want: "NULL", by: "person rls_state_update"},
	{name: "MERGE that deletes", who: "1", change: "MERGE INTO person AS p USING (VALUES (1)) AS n(id) ON p.id = n.id WHEN MATCHED THEN DELETE", want: "NULL", by: "person rls_state_rows"},
	{name: "a CTE", who: "1", change: "WITH a AS (UPDATE person SET active = false WHERE id = 1 RETURNING 1) SELECT count(*) FROM a", want: "NULL", by: "person rls_state_update"},
	{name: "a trigger of the application changes another column", who: "1", change: "UPDATE person SET title = 'gone' WHERE id = 1", want: "NULL", by: "person rls_state_update"},
	{name: "a trigger of the application moves somebody", who: "1", change: "UPDATE person SET title = 'moved' WHERE id = 3", want: "1 2"},
	{name: "as a replica: deactivated", who: "1", change: "SET LOCAL session_replication_role = replica; UPDATE person SET active = false WHERE id = 1; SET LOCAL session_replication_role = origin", want: "NULL", by: "person rls_state_update"},
	{name: "as a replica: a grant", who: "1", change: `SET LOCAL session_replication_role = replica; DELETE FROM rls."grant" WHERE grantee = 'user:1'; SET LOCAL session_replication_role = origin`, want: "NULL", by: `rls."grant" state_grant state_replica_grant`},
	{name: "as a replica: moved", who: "1", change: "SET LOCAL session_replication_role = replica; UPDATE person SET boss = 10 WHERE id = 3; SET LOCAL session_replication_role = origin", want: "1 2"},
	{name: "left a group", who: "5", change: "DELETE FROM team_member WHERE member = 5", want: "NULL", by: "team_member rls_state_rows"},
	{name: "changed groups", who: "5", change: "UPDATE team_member SET team = 8 WHERE member = 5", want: "NULL", by: "team_member rls_state_update"},
	{name: "joined a group that shares", who: "1", change: "INSERT INTO team_member VALUES (8, 1)", want: "1 2 3 4 20", by: "team_member rls_state_rows"},
	{name: "members are truncated", who: "5", change: "TRUNCATE team_member", want: "NULL", by: "team_member rls_state_truncate"},
	{name: "the group is deleted", who: "5", change: "DELETE FROM team WHERE id = 7", want: "NULL", by: "team rls_state_rows"},
	{name: "the key of the group changes", who: "5", change: "UPDATE team SET id = 70 WHERE id = 7", want: "NULL", by: "team rls_state_update"},
	{name: "groups are truncated", who: "5", change: "TRUNCATE team", want: "NULL", by: "team rls_state_truncate"},
	{name: "a group begins to share", who: "5", change: "UPDATE team SET share_members = true WHERE id = 7", want: "5 6 20", by: "team rls_state_update"},
	{name: "the group of members is made", who: "1", change: "INSERT INTO team VALUES (9, NULL, true)", want: "1 2 3 4 20", by: "team rls_state_rows"},
	{name: "somebody new below", who: "1", change: "INSERT INTO person (id, boss) VALUES (11, 4)", want: "1 2 3 4 11"},
	{name: "COPY brings somebody", who: "1", change: "COPY person (id, boss) FROM STDIN", want: "1 2 3 4 11"},
	{name: "somebody moves away", who: "1", change: "UPDATE person SET boss = 10 WHERE id = 3", want: "1 2"},
	{name: "somebody below is deleted", who: "1", change: "DELETE FROM person WHERE id = 2", want: "1 3 4"},
	{name: "a pair comes", who: "1", change: "INSERT INTO ward VALUES (1, 10)", want: "1 2 3 4 10"},
	{name: "pairs are truncated", who: "5", change: "TRUNCATE ward", want: "5"},
	{name: "a new seal", who: "1", change: "SELECT rls.reseal()", want: "RL003", elsewhere: true},
}

// makeChange makes a change in a transaction that commits.
func makeChange(t testing.TB, c memoChange, g *gateway, q *pgx.Conn) {
	t.Helper()
	sql := strings.ReplaceAll(c.change, "{{gate}}", g.login)
	if strings.HasPrefix(sql, "COPY") {
		if _, err := q.PgConn().CopyFrom(t.Context(), strings.NewReader("11\t4\n"), sql); err != nil {
			t.Fatal(explain(err))
		}
		return
	}
	tx, err := q.Begin(t.Context())
	if err != nil {
		t.Fatal(explain(err))
	}
	defer tx.Rollback(context.Background()) //nolint:errcheck // of one that is over
	must(t, tx, sql)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(explain(err))
	}
}

// ownChange makes a change in the transaction of whoever has entered it, as a definer function of the database superuser
// does whose guards are off.
func ownChange(t testing.TB, w *world, g *gateway, tx pgx.Tx, c memoChange) {
	t.Helper()
	if one(t, w.root, "SELECT to_regprocedure('public.own_change(text)') IS NULL") == "t" {
		w.sql(t, `CREATE FUNCTION public.own_change(change text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN EXECUTE change; END';
			DO $$ DECLARE t record; BEGIN
				FOR t IN SELECT tgname, tgrelid::regclass AS rel FROM pg_trigger WHERE tgname ~ 'guard' LOOP
					EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', t.rel, t.tgname);
				END LOOP;
			END $$`)
	}
	if _, err := tx.Exec(t.Context(), "SELECT public.own_change($1)", c.change); err != nil {
		t.Fatalf("%s: %v", c.change, explain(err))
	}
}
