package integration

import (
	"encoding/binary"
	"encoding/hex"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// byteList is how a plan that is shown writes a constant.
var byteList = regexp.MustCompile(`\[([-0-9\s]+)\]`)

// TestHazardShownPlans: a client may have the server show the plan of each expression, those of definer functions too, and there the
// values of variables stand as constants. So no secret is in a variable.
func TestHazardShownPlans(t *testing.T) {
	t.Parallel()
	w, g := newMemoWorld(t, memoModel)
	w.known(t, "1", "10")
	var heard []string
	config := g.conn(t).Config().Copy()
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { heard = append(heard, n.Detail) }
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(explain(err))
	}
	defer conn.Close(t.Context()) //nolint:errcheck // the test is over
	must(t, conn, `SET client_min_messages = log; SET debug_print_plan = on; SET debug_print_parse = on; SET debug_print_rewritten = on; SET debug_pretty_print = off;
		SET plan_cache_mode = force_custom_plan`)
	// shown are the secrets that what was heard holds.
	shown := func(t *testing.T) (out []string) {
		t.Helper()
		secrets := map[string]string{}
		for name, sql := range map[string]string{"the seal, inner": "SELECT encode(inner_pad, 'hex') FROM rls.seal", "the seal, outer": "SELECT encode(outer_pad, 'hex') FROM rls.seal",
			"a key, inner": "SELECT encode(inner_pad, 'hex') FROM rls.gateway_key WHERE gateway = '" + g.login + "'",
			"a key, outer": "SELECT encode(outer_pad, 'hex') FROM rls.gateway_key WHERE gateway = '" + g.login + "'"} {
			secrets[name] = one(t, w.root, sql)[:32]
		}
		for _, name := range []string{"rls.memo_key_1", "rls.memo_key_2"} {
			n, err := strconv.ParseUint(one(t, w.root, "SELECT last_value FROM "+name), 10, 64)
			if err != nil || n == 0 {
				t.Fatal(n, err)
			}
			secrets[name] = hex.EncodeToString(binary.NativeEndian.AppendUint64(nil, n)) // as the server's memory has it
		}
		constants := 0
		for _, h := range heard {
			for _, m := range byteList.FindAllStringSubmatch(h, -1) {
				constants++
				var b []byte
				for f := range strings.FieldsSeq(m[1]) {
					x, _ := strconv.Atoi(f)
					b = append(b, byte(x))
				}
				for name, s := range secrets {
					if strings.Contains(hex.EncodeToString(b), s) {
						out = append(out, name)
					}
				}
			}
		}
		if constants < 100 {
			t.Errorf("%d constants in %d messages: nothing is proved", constants, len(heard))
		}
		heard = nil
		return out
	}
	work := func(t *testing.T, sql ...string) {
		t.Helper()
		for _, key := range []string{"10", "1", "5", "90"} {
			// Entering looks at the user anew, and draws a key.
			w.sql(t, "SELECT setval('rls.memo_key_drawn', 1); UPDATE rls.visible_set SET until = now()")
			tx, _ := entered(t, conn, g.token("user", key))
			must(t, tx, "SELECT rls.enter('"+g.token("user", key)+"')")
			w.outcome(t, tx, memoNotes)
			for _, s := range append(sql, "UPDATE note SET owner = owner", "INSERT INTO note VALUES (400, 1)", "SELECT rls.can('read', 'note')", "SELECT rls.identity()") {
				w.outcome(t, tx, s)
			}
			must(t, tx, "COMMIT")
			before := one(t, w.root, "SELECT last_value FROM rls.memo_key_drawn")
			if before == "1" && key != "5" {
				t.Errorf("user %s: entering draws no key: nothing is proved", key)
			}
		}
	}
	work(t)
	if got := shown(t); len(got) > 0 {
		t.Errorf("plans show %v", got)
	}
	// What fails once is planned with its values from then on.
	tx, _ := entered(t, conn, g.token("user", "10"))
	for _, context := range []string{"x", strings.Repeat("y", 80), strings.Repeat("z", 20000)} {
		must(t, tx, "SAVEPOINT s; SET LOCAL rls.context = '"+context+"'")
		w.outcome(t, tx, "SELECT rls.enter('"+g.token("user", "10")+"')")
		w.outcome(t, tx, memoNotes)
		must(t, tx, "ROLLBACK TO SAVEPOINT s")
	}
	must(t, tx, "ROLLBACK")
	if got := shown(t); len(got) > 0 {
		t.Errorf("plans show %v", got)
	}
	t.Run("control", func(t *testing.T) {
		def := one(t, w.root, "SELECT pg_get_functiondef('rls.renew_memo_key(boolean)'::regprocedure)")
		w.sql(t, strings.Replace(strings.Replace(def, "BEGIN", "    drawn bigint := ('x' || left(md5(gen_random_uuid()::text), 16))::bit(64)::bigint & 9223372036854775807;\nBEGIN", 1),
			"END\n$function$", "    PERFORM setval('rls.memo_key_1', drawn);\nEND\n$function$", 1))
		work(t)
		if got := shown(t); len(got) == 0 {
			t.Error("a key in a variable is not shown: nothing is proved")
		}
		w.sql(t, def)
	})
}
