package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// memoKey is what memos are sealed with, for whoever may read it.
const memoKey = "int8send(pg_sequence_last_value('rls.memo_key_1')) || int8send(pg_sequence_last_value('rls.memo_key_2'))"

// TestMemoSaid is about memos that say themselves what questions are answered with.
func TestMemoSaid(t *testing.T) {
	t.Parallel()
	w, g := newMemoWorld(t, memoModel)
	w.known(t, "1", "90")
	for name, sql := range map[string]string{
		"a new session": "", "a session that may only read": "SET default_transaction_read_only = on", "one without sequences": "DISCARD SEQUENCES",
		"one that was put back to its beginning": "RESET ALL",
	} {
		t.Run(name, func(t *testing.T) {
			conn := g.conn(t)
			for range 2 {
				must(t, conn, sql)
				for key, want := range map[string]string{"1": "1 2 3 4", "90": memoAll} {
					tx, _ := entered(t, conn, g.token("user", key))
					if got := kindOf(t, tx); got != "said" {
						t.Errorf("user %s has a memo %q", key, got)
					}
					if !agree(t, w, tx, memoNotes, want, "user "+key) {
						t.Errorf("user %s is not answered by the memo", key)
					}
					must(t, tx, "COMMIT")
				}
			}
		})
	}
	t.Run("the key is renewed", func(t *testing.T) {
		key := func() string { return one(t, w.root, "SELECT ("+memoKey+")::text") }
		enter := func(name string, used bool) pgx.Tx {
			t.Helper()
			tx, _ := entered(t, g.conn(t), g.token("user", "1"))
			if agree(t, w, tx, memoNotes, "1 2 3 4", name) != used {
				t.Errorf("%s: used: %t", name, !used)
			}
			return tx
		}
		before := key()
		tx := enter("before", true)
		w.sql(t, "SELECT rls.renew_memo_key(false)")
		if key() != before {
			t.Error("a young key is renewed")
		}
		w.sql(t, "SELECT rls.renew_memo_key(true)")
		if key() == before {
			t.Error("the key is what it was")
		}
		if agree(t, w, tx, memoNotes, "1 2 3 4", "under a new key") {
			t.Error("a memo under an old key is believed")
		}
		must(t, tx, "COMMIT")
		for _, drawn := range []string{"- 301", "+ 3600"} {
			before = key()
			w.sql(t, "SELECT setval('rls.memo_key_drawn', extract(epoch FROM clock_timestamp())::bigint "+drawn+"); UPDATE rls.visible_set SET until = now()")
			must(t, enter("drawn at "+drawn, true), "COMMIT") // who has to be looked at anew
			if key() == before {
				t.Errorf("the key of %s is what it was", drawn)
			}
		}
		tx = enter("before it is old", true)
		w.sql(t, "SELECT setval('rls.memo_key_drawn', extract(epoch FROM clock_timestamp())::bigint - 601)")
		if agree(t, w, tx, memoNotes, "1 2 3 4", "under an old key") {
			t.Error("an old key is good for ever: it may be from a dump")
		}
		must(t, tx, "COMMIT")
		w.sql(t, "SELECT rls.renew_memo_key(false)")
		before = key()
		w.sql(t, "UPDATE rls.visible_set SET until = now()")
		must(t, enter("again", true), "COMMIT")
		if key() != before {
			t.Error("a young key is renewed")
		}
	})
	t.Run("nobody reads or sets a key", func(t *testing.T) {
		tx, _ := entered(t, g.conn(t), g.token("user", "1"))
		for _, role := range []string{"", "RESET ROLE"} {
			for _, sql := range []string{"SELECT currval('rls.memo_key_1')", "SELECT lastval()", "SELECT setval('rls.memo_key_1', 1)", "SELECT nextval('rls.memo_key_2')",
				"SELECT last_value FROM rls.memo_key_1", "SELECT rls.renew_memo_key(true)", "SELECT pg_sequence_last_value('rls.memo_key_1')", "SELECT pg_sequence_last_value('rls.memo_key_drawn')",
				"SELECT last_value FROM pg_sequences WHERE sequencename = 'memo_key_1' AND last_value IS NOT NULL"} {
				got := w.outcome(t, tx, "/* "+role+" */ "+sql)
				if role != "" {
					must(t, tx, "SAVEPOINT s; "+role)
					got = w.outcome(t, tx, sql)
					must(t, tx, "ROLLBACK TO SAVEPOINT s")
				}
				if got != rejected && got != filtered && got != "55000" && got != "NULL" {
					t.Errorf("%s%s: %s", role, sql, got)
				}
			}
		}
		_ = tx.Rollback(t.Context())
	})
	t.Run("in a worker of a parallel query", func(t *testing.T) {
		w.sql(t, `CREATE FUNCTION public.notes() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
			BEGIN RETURN (SELECT string_agg(id::text, ' ' ORDER BY id) || ' ' || (pg_backend_pid() <> current_setting('my.pid')::integer)::text FROM note); END $$`)
		setting := "force_parallel_mode"
		if one(t, w.root, "SELECT current_setting('server_version_num')::integer >= 160000") == "t" {
			setting = "debug_parallel_query"
		}
		tx, _ := entered(t, g.conn(t), g.token("user", "1"))
		must(t, tx, "SELECT set_config('my.pid', pg_backend_pid()::text, true); SET LOCAL "+setting+" = on")
		if got := w.outcome(t, tx, "SELECT public.notes()"); got != "1 2 3 4 true" {
			t.Errorf("the worker sees %s", got)
		}
		_ = tx.Rollback(t.Context())
	})
	t.Run("each question, and names that are none", func(t *testing.T) {
		w.sql(t, `INSERT INTO rls."grant" (grantee, action, resource) VALUES ('user:1', 'create', 'note'), ('user:1', 'delete', 'note'), ('user:1', 'create', 'task')`)
		defer w.memoReset(t, g)
		w.known(t, "1", "90")
		for _, key := range []string{"1", "90"} {
			tx, _ := entered(t, g.conn(t), g.token("user", key))
			if got := kindOf(t, tx); got != "said" {
				t.Fatalf("the memo is %q", got)
			}
			for _, action := range []string{"'read'", "'create'", "'update'", "'delete'", "'remove'", "'r'", "''", "NULL"} {
				for _, resource := range []string{"'note'", "'task'", "'ote'", "'note:crd,task'", "'note:'", "',note'", "''", "'|'", "NULL"} {
					for _, q := range []string{"passes_owners(%s, %s, false)", "passes_owners(%s, %s, true)", "admitted_owners(%s, %s, 'visible', true)", "admitted_owners(%s, %s, 'self', false)"} {
						sql := fmt.Sprintf("SELECT rls."+q, action, resource)
						agree(t, w, tx, sql, forgetful(t, w, tx, sql), "user "+key+": "+sql)
					}
				}
			}
			for _, sql := range []string{"INSERT INTO note VALUES (100, 1)", "INSERT INTO note VALUES (100, 4)", "INSERT INTO note VALUES (100, 10)", "INSERT INTO note VALUES (100, NULL)",
				"INSERT INTO task VALUES (100, 3)", "UPDATE note SET owner = 2 WHERE id = 3", "UPDATE note SET owner = 20 WHERE id = 3", "DELETE FROM note WHERE id = 4", "DELETE FROM task"} {
				want := forgetful(t, w, tx, sql)
				must(t, tx, "SAVEPOINT s")
				if got, remembered := counted(t, w, tx, sql); got != want || got == "touched 1" && !remembered {
					t.Errorf("user %s: %s: %s with the memo (used: %t), %s without it", key, sql, got, remembered, want)
				}
				must(t, tx, "ROLLBACK TO SAVEPOINT s")
			}
			_ = tx.Rollback(t.Context())
		}
	})
	t.Run("max_transaction", func(t *testing.T) {
		h := w.gateway(t)
		w.sql(t, "UPDATE rls.gateway SET max_transaction = '1 microsecond' WHERE login = $1", h.login)
		w.known(t, "1", "90")
		for _, key := range []string{"1", "90"} {
			tx, _ := entered(t, h.conn(t), h.token("user", key))
			if kindOf(t, tx) == "" {
				t.Error("no memo: nothing is proved")
			}
			if got := w.outcome(t, tx, memoNotes); got != "RL002" {
				t.Errorf("user %s: %s, want RL002", key, got)
			}
			_ = tx.Rollback(t.Context())
		}
	})
	t.Run("where it is long", func(t *testing.T) {
		w.sql(t, "INSERT INTO person (id, boss) SELECT 1000000000000 + i, 10 FROM generate_series(1, 100) AS i")
		defer w.memoReset(t, g)
		w.known(t, "10")
		tx, _ := entered(t, g.conn(t), g.token("user", "10"))
		if got := kindOf(t, tx); got != "in its row" {
			t.Errorf("the memo is %q", got)
		}
		if !agree(t, w, tx, memoNotes, "10 20", "102 users") {
			t.Error("it is not answered by the memo")
		}
		_ = tx.Rollback(t.Context())
	})
}

// TestMemoSaidText: keys may have the sign in them that parts what a memo says.
func TestMemoSaidText(t *testing.T) {
	t.Parallel()
	w := newWorld(t, strings.ReplaceAll(memoModel, "99", "x"), strings.NewReplacer("bigint", "text", "id bigint", "id text").Replace(memoSchema)+
		`INSERT INTO person (id, active) VALUES ('x', false); INSERT INTO person (id, boss) VALUES ('a', NULL), ('b', 'a'), ('c', NULL), ('d|e', 'c'), ('|f', NULL), ('g,"{}'' h', 'a');
		INSERT INTO note SELECT id, id FROM person; INSERT INTO team_member VALUES (9, 'zz');`)
	w.sql(t, `INSERT INTO rls."grant" (grantee, action, resource) VALUES ('everyone', 'read', 'note')`)
	g := w.gateway(t)
	for _, c := range []struct{ key, kind, want string }{{"a", "said", `a b g,"{}' h`}, {"c", "in its row", "c d|e"}, {"|f", "", "|f"}, {`g,"{}' h`, "said", `g,"{}' h`}} {
		if c.kind != "" {
			w.known(t, c.key)
		}
		tx, _ := entered(t, g.conn(t), g.token("user", c.key))
		if got := kindOf(t, tx); got != c.kind {
			t.Errorf("user %s has a memo %q, want %q", c.key, got, c.kind)
		}
		for _, q := range []string{"string_agg(id, ' ' ORDER BY id)", "count(*)"} {
			sql := "SELECT " + q + " FROM note"
			agree(t, w, tx, sql, forgetful(t, w, tx, sql), c.key)
		}
		if got := w.outcome(t, tx, "SELECT string_agg(id, ' ' ORDER BY id) FROM note"); got != c.want {
			t.Errorf("user %s sees %s, want %s", c.key, got, c.want)
		}
		_ = tx.Rollback(t.Context())
	}
}

// TestMemoSaidForged is about a client that sets what it likes, and once knows the key.
func TestMemoSaidForged(t *testing.T) {
	t.Parallel()
	w, g := newMemoWorld(t, memoModel)
	h := w.gateway(t)
	w.known(t, "1", "5", "10", "90")
	const both = "SELECT current_setting('rls.context') || '@' || current_setting('rls.memo')"
	stolen := func(tx pgx.Tx) (context, memo string) {
		context, memo, _ = strings.Cut(one(t, tx, both), "@")
		if !strings.HasPrefix(memo, "=") {
			t.Fatalf("the memo is %q", memo)
		}
		return context, memo
	}
	a := g.conn(t)
	old, _ := entered(t, a, g.token("user", "90"))
	oldContext, oldMemo := stolen(old)
	must(t, old, "COMMIT")
	other, _ := entered(t, g.conn(t), g.token("user", "90"))
	otherContext, otherMemo := stolen(other)
	theirs, _ := entered(t, h.conn(t), h.token("user", "1"))
	_, theirMemo := stolen(theirs)
	tx, _ := entered(t, a, g.token("user", "10"))
	context, memo := stolen(tx)
	part := strings.Split(memo, "|") // hash, until, what is allowed, whom the viewer sees, the version of their row, the viewer
	if len(part) != 6 || part[3] != "{10,20}" || part[5] != "10" {
		t.Fatalf("the memo is %q", memo)
	}
	with := func(i int, value string) string {
		p := append([]string{}, part...)
		p[i] = value
		return strings.Join(p, "|")
	}
	try := func(name, context, memo, want string, used bool) {
		t.Helper()
		sp, err := tx.Begin(t.Context())
		if err != nil {
			t.Fatal(explain(err))
		}
		defer sp.Rollback(t.Context()) //nolint:errcheck // nothing is kept
		for k, v := range map[string]string{"rls.context": context, "rls.memo": memo} {
			if _, err := sp.Exec(t.Context(), "SELECT set_config($1, $2, true)", k, v); err != nil {
				t.Fatal(explain(err))
			}
		}
		got, remembered := counted(t, w, sp, memoNotes)
		if got != want || remembered != used {
			t.Errorf("%s: %s, remembered: %t; want %s", name, got, remembered, want)
		}
		if got := w.outcome(t, sp, "SELECT rls.passes_owners('read', 'note', false)"); got != "f" && got != "RL003" && got != "RL001" {
			t.Errorf("%s: passes owners: %s", name, got)
		}
	}
	try("its own", context, memo, "10 20", true)
	for name, bad := range map[string]string{
		"more users": with(3, "{10,20,1}"), "no users": with(3, "{}"), "a superuser": with(3, "*"), "another viewer": with(5, "90"), "in the row of another": strings.Join([]string{part[0], part[1], "@", "@", one(t, w.root, "SELECT version FROM rls.visible_set WHERE viewer = '1'"), "1"}, "|"), "in its own row": with(3, "@"), "another version": with(4, "1"), "later": with(1, "99999999999"),
		"more actions": with(2, ",note:crud,task:crud,"), "a bar more": memo + "|", "a bar before": "=" + "|" + memo[1:],
		"upper case": strings.ToUpper(memo), "cut off": memo[:len(memo)-1], "quotes": `'"\'; SELECT 1 --`, "percent": "%s%n", "multibyte": strings.Repeat("ß", 64) + "10", "no hash": "=", "bars": "=||||||", "a hash alone": memo[:65], "empty parts": memo[:65] + "|||||",
		"not a number": with(1, "soon"), "NaN": with(1, "NaN"), "1 MB": memo + strings.Repeat("x", 1<<20), "of its row": memo[1:65] + "10",
		"an earlier transaction's": oldMemo, "another session's": otherMemo, "another gateway's": theirMemo,
	} {
		try("a memo that is forged: "+name, context, bad, "10 20", false)
	}
	for name, pair := range map[string][2]string{"an earlier transaction": {oldContext, oldMemo}, "another session": {otherContext, otherMemo},
		// What is hashed reads the same as long as only its letters count.
		"a letter that moves from the context to the memo": {context[1:], memo + context[:1]}, "a letter that moves from the memo to the context": {memo[len(memo)-1:] + context, memo[:len(memo)-1]}} {
		try("memo and context of "+name, pair[0], pair[1], "RL003", false)
	}
	for name, changed := range map[string]string{"longer": context + "0", "key": strings.Replace(context, "3130", "3930", 1), "garbage": "x"} {
		try("an altered context: "+name, changed, memo, "RL003", false)
	}
	try("no context", "", memo, "RL001", false)
	// Control: whoever knew the key could.
	w.sql(t, "GRANT USAGE ON SEQUENCE rls.memo_key_1, rls.memo_key_2 TO {{app}}")
	sealed := one(t, tx, `SELECT '=' || encode(sha256(convert_to(m.said, 'UTF8') || int8send($2::bigint) || convert_to(current_setting('rls.context'), 'UTF8')
		|| timestamptz_send(transaction_timestamp()) || convert_to(session_user, 'UTF8') || `+memoKey+`), 'hex') || m.said FROM (VALUES ($1)) AS m(said)`,
		with(3, "{1,10}")[65:], one(t, w.root, "SELECT last_value FROM rls.watermark"))
	if _, err := tx.Exec(t.Context(), "SELECT set_config('rls.memo', $1, true)", sealed); err != nil {
		t.Fatal(explain(err))
	}
	if got := w.outcome(t, tx, memoNotes); got != "1 10" {
		t.Errorf("control: %s", got)
	}
	_ = tx.Rollback(t.Context())
}
