package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Functions that clients may call, besides objects_RESOURCE and hand_over_RESOURCE. Everything else is internal.
var clientFunctions = []string{
	"enter", "open_token", "principal", "principal_kind", "groups", "client_ip", "can", "can_row", "can_many", "actions", "allowed_resources",
	"superuser_on", "admitted_owners", "admitted_groups", "visible_edges", "action_word", "object_action", "object_actions", "key_parts",
	"to_smallint", "to_integer", "to_bigint", "to_uuid", "to_text",
}

// badFunctions says what is wrong with the functions of schema rls, a line each.
func badFunctions(t *testing.T, w *world, q querier) []string {
	t.Helper()
	return w.rows(t, q, `
		SELECT p.proname || ' ' || x.problem
		FROM pg_proc AS p
		JOIN pg_roles AS o ON o.oid = p.proowner
		CROSS JOIN LATERAL (
			SELECT 'is executable by PUBLIC' WHERE p.proacl IS NULL OR EXISTS (SELECT FROM aclexplode(p.proacl) AS a WHERE a.grantee = 0)
			UNION ALL SELECT 'does not belong to rls_owner' WHERE o.rolname <> 'rls_owner'
			UNION ALL SELECT 'is LEAKPROOF' WHERE p.proleakproof
			UNION ALL SELECT 'is SECURITY DEFINER with search_path ' || coalesce(p.proconfig::text, 'of the caller')
				WHERE p.prosecdef AND p.proconfig IS DISTINCT FROM ARRAY['search_path=pg_catalog, pg_temp']
			UNION ALL SELECT 'is called by clients as themselves with a search_path of theirs'
				WHERE NOT p.prosecdef AND p.prosqlbody IS NULL AND p.proconfig IS NULL AND has_function_privilege('rls_client', p.oid, 'EXECUTE')
			UNION ALL SELECT 'is internal, but executable by rls_client'
				WHERE has_function_privilege('rls_client', p.oid, 'EXECUTE') AND p.proname <> ALL ($1) AND p.proname !~ '^(objects|hand_over)_'
			UNION ALL SELECT 'is IMMUTABLE' WHERE p.provolatile = 'i' AND p.proname NOT IN ('hex_text', 'hmac_pad', 'key_parts', 'action_word') AND p.proname !~ '^to_'
			UNION ALL SELECT 'has a second of its name' WHERE (SELECT count(*) FROM pg_proc AS s WHERE s.pronamespace = p.pronamespace AND s.proname = p.proname) > 1
		) AS x(problem)
		WHERE p.pronamespace = 'rls'::regnamespace ORDER BY 1`, clientFunctions)
}

// Hazards 47 to 49 and 51: the catalog of every function.
func TestHazardFunctionCatalog(t *testing.T) {
	t.Parallel()
	w := newWorld(t, writeModel(), writeSchema())
	equal(t, badFunctions(t, w, w.root), nil, "functions of schema rls")
	for _, name := range clientFunctions {
		if n := one(t, w.root, "SELECT count(*) FROM pg_proc WHERE pronamespace = 'rls'::regnamespace AND proname = $1", name); n != "1" {
			t.Errorf("function rls.%s: %s of them; the list of this test is stale", name, n)
		}
	}
	for name, sql := range map[string]string{
		"executable by PUBLIC":    "GRANT EXECUTE ON FUNCTION rls.seen_by(text, boolean) TO PUBLIC",
		"internal":                "GRANT EXECUTE ON FUNCTION rls.seen_by(text, boolean) TO rls_client",
		"search_path":             "ALTER FUNCTION rls.can(text, text) SET search_path = public",
		"search_path of caller":   "ALTER FUNCTION rls.can(text, text) RESET search_path",
		"LEAKPROOF":               "ALTER FUNCTION rls.can(text, text) LEAKPROOF",
		"IMMUTABLE":               "ALTER FUNCTION rls.principal() IMMUTABLE",
		"does not belong":         "ALTER FUNCTION rls.can(text, text) OWNER TO CURRENT_USER",
		"a second of its name":    "CREATE FUNCTION rls.can(text) RETURNS boolean LANGUAGE sql RETURN true",
		"search_path of theirs":   "ALTER FUNCTION rls.can_row(text, text, text) RESET search_path",
		"with search_path of the": "CREATE FUNCTION rls.extra() RETURNS boolean LANGUAGE sql SECURITY DEFINER RETURN true",
	} {
		t.Run("control/"+name, func(t *testing.T) {
			undone(t, w, func(tx pgx.Tx) {
				must(t, tx, sql)
				if len(badFunctions(t, w, tx)) == 0 {
					t.Errorf("%s passes: the check proves nothing", sql)
				}
			})
		})
	}
	t.Run("policies", func(t *testing.T) {
		equal(t, w.rows(t, w.root, `SELECT c.relname || ' ' || p.polname FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid
			WHERE NOT p.polpermissive OR 0 = ANY (p.polroles) OR NOT (p.polroles <@ ARRAY['rls_client'::regrole, 'rls_owner'::regrole, '{{migrator}}'::regrole]::oid[])`), nil,
			"policies that are restrictive, or TO somebody else")
		equal(t, w.rows(t, w.root, `SELECT DISTINCT count(*) OVER (PARTITION BY p.polrelid, p.polcmd) FROM pg_policy AS p WHERE p.polroles = ARRAY['rls_client'::regrole::oid]`),
			[]string{"1"}, "permissive policies for one table and action")
		equal(t, w.rows(t, w.root, `SELECT DISTINCT count(*) FROM pg_policy AS p GROUP BY p.polrelid`), []string{"5"}, "policies of a table")
		equal(t, w.rows(t, w.root, `SELECT c.relname FROM pg_class AS c JOIN rls.resource AS r ON c.oid = (quote_ident(r.table_schema) || '.' || quote_ident(r.table_name))::regclass
			WHERE NOT c.relrowsecurity OR NOT c.relforcerowsecurity`), nil, "protected tables without ENABLE or FORCE")
		// Every policy asks once for each scan: each call of ours stands in a sub-select.
		equal(t, w.rows(t, w.root, `SELECT p.polname FROM pg_policy AS p CROSS JOIN LATERAL (VALUES (pg_get_expr(p.polqual, p.polrelid)), (pg_get_expr(p.polwithcheck, p.polrelid))) AS e(sql)
			WHERE p.polroles = ARRAY['rls_client'::regrole::oid]
			  AND regexp_replace(e.sql, 'SELECT\s+(CASE\s+WHEN\s+)?rls\.', '', 'g') ~ 'rls\.[a-z_]+\('`), nil, "policies with a call outside a sub-select")
	})
	t.Run("members of rls_owner", func(t *testing.T) {
		equal(t, w.rows(t, w.root, "SELECT m.member::regrole FROM pg_auth_members AS m WHERE m.roleid = 'rls_owner'::regrole"), nil, "members")
		equal(t, w.rows(t, w.root, "SELECT rolname FROM pg_roles WHERE rolname IN ('rls_owner', 'rls_client') AND (rolsuper OR rolbypassrls OR rolcanlogin OR rolcreaterole)"), nil, "rls_owner, rls_client")
	})
	t.Run("views of the kernel", func(t *testing.T) {
		equal(t, w.rows(t, w.root, `SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'rls'::regnamespace AND c.relkind = 'v' AND NOT coalesce(c.reloptions, '{}') @> '{security_invoker=true}'`), nil, "views that run as their owner")
		equal(t, w.rows(t, w.root, `SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'rls'::regnamespace AND c.relkind IN ('v', 'r', 'S') AND has_table_privilege('rls_client', c.oid, 'SELECT')`),
			[]string{"visible_users"}, "relations that clients read")
	})
}

// shadows writes a script that creates, in a schema of the attacker, a relation, type, function and operator under every
// name that the kernel and its functions could look up without a schema.
func shadows(t *testing.T, w *world, schema string) []string {
	t.Helper()
	out := w.rows(t, w.root, `
		SELECT format('CREATE VIEW %1$s.%2$I AS SELECT ''root''::text AS id, ''root''::text AS login, session_user::name AS name, ''person''::text AS kind, ''root''::text AS principal,
				''root''::text AS key, true AS is_active, true AS is_superuser, true AS rolsuper, session_user::name AS rolname, ''everyone''::text AS grantee, ''read''::text AS action, ''note''::text AS resource,
				''''::text AS client_role, NULL::timestamptz AS valid_from, NULL::timestamptz AS valid_until', $1::text, c.relname)
		FROM (SELECT DISTINCT relname FROM pg_class WHERE relnamespace = 'rls'::regnamespace AND relkind IN ('r', 'v', 'c')
			UNION VALUES ('pg_roles'::name), ('pg_class'), ('pg_namespace'), ('pg_auth_members'), ('pg_database'), ('pg_proc'), ('pg_settings')) AS c`, schema)
	// Every function of the kernel, and those of pg_catalog that it calls, with the same arguments and a friendly answer.
	out = append(out, w.rows(t, w.root, `
		SELECT DISTINCT format('CREATE FUNCTION %s.%I(%s) RETURNS %s LANGUAGE plpgsql AS $x$ BEGIN RETURN %s; END $x$', $1::text, p.proname,
			(SELECT string_agg(format_type(a.t, NULL), ', ' ORDER BY a.n) FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a(t, n)),
			format_type(p.prorettype, NULL),
			CASE format_type(p.prorettype, NULL) WHEN 'boolean' THEN 'true' WHEN 'text' THEN quote_literal('root') WHEN 'text[]' THEN quote_literal('{root,boss,other,everyone}')
				WHEN 'rls.identity' THEN 'ROW(''user'', ''root'', ''login'', NULL, NULL, true, NULL)::rls.identity'
				WHEN 'rls.subject' THEN 'ROW(''user'', ''root'', true, ''{everyone}'')::rls.subject'
				WHEN 'timestamp with time zone' THEN quote_literal('2000-01-01') WHEN 'name' THEN quote_literal('postgres') ELSE 'NULL' END)
		FROM pg_proc AS p
		WHERE NOT p.proretset AND p.prorettype <> 'record'::regtype AND p.prorettype <> 'trigger'::regtype
		  AND p.provariadic = 0 AND (p.pronamespace = 'rls'::regnamespace OR (p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f'
		    AND p.proname IN ('current_setting', 'statement_timestamp', 'transaction_timestamp', 'clock_timestamp', 'set_config', 'to_regprocedure', 'pg_has_role', 'lower', 'btrim', 'sha256',
		      'encode', 'decode', 'convert_to', 'convert_from', 'left', 'right', 'split_part', 'array_remove', 'cardinality', 'octet_length', 'timestamptz_send', 'row_security_active', 'array_to_string', 'string_to_array')
		    AND NOT EXISTS (SELECT FROM unnest(p.proargtypes::oid[]) AS a(t) JOIN pg_type AS y ON y.oid = a.t WHERE y.typtype = 'p')))`, schema)...)
	for _, typ := range []string{"text", "boolean", "timestamptz", "name", "bytea", "integer", "bigint"} {
		out = append(out, fmt.Sprintf("CREATE FUNCTION %[1]s.yes(%[2]s, %[2]s) RETURNS boolean LANGUAGE sql AS 'SELECT true'", schema, typ))
		for _, op := range []string{"=", "<>", "<=", ">", ">=", "<", "~", "!~", "~*"} {
			out = append(out, fmt.Sprintf("CREATE OPERATOR %[1]s.%[3]s (FUNCTION = %[1]s.yes, LEFTARG = %[2]s, RIGHTARG = %[2]s)", schema, typ, op))
		}
	}
	for _, typ := range []string{"identity", "subject", "record", "seal", "login", "gateway"} {
		out = append(out, fmt.Sprintf("CREATE DOMAIN %s.%s_shadow AS text", schema, typ))
	}
	return out
}

// Hazard 47: a definer function that can be shadowed by objects of its caller.
func TestHazardShadow(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	// Every function that a client may call, and what it answers.
	calls := []string{
		notes, "UPDATE app.note SET body = 'x'", "DELETE FROM app.note", "INSERT INTO app.note VALUES ('n', 'root')", "INSERT INTO app.note VALUES ('n', 'sub')",
		"SELECT rls.principal(), rls.principal_kind()", "SELECT rls.groups()", "SELECT rls.can('read', 'note'), rls.can('delete', 'note'), rls.can('read', 'x')",
		"SELECT rls.can_row('read', 'note', 'root'), rls.can_row('read', 'note', 'sub')", "SELECT * FROM rls.can_many('update', 'note', '{root,sub,boss,other}')",
		"SELECT rls.actions('note', 'root'), rls.actions('note', 'sub')", "SELECT rls.allowed_resources('read')", "SELECT rls.superuser_on('note')",
		"SELECT rls.admitted_owners('read', 'note', 'visible')", "SELECT rls.admitted_owners('update', 'note', 'self')", "SELECT rls.admitted_groups('read', 'note')",
		"SELECT * FROM rls.visible_edges()", "SELECT * FROM rls.visible_users", "SELECT rls.objects_note('read', '{root,sub}')", "SELECT rls.action_word('EDIT')", "SELECT rls.object_action('edit', 'note')",
		"SELECT rls.object_actions('note')", "SELECT rls.key_parts('[\"a\",\"b\"]', 2)", "SELECT rls.to_bigint('1'), rls.to_integer('x'), rls.to_smallint('2'), rls.to_uuid('x'), rls.to_text('x')",
		"SELECT rls.enter('x')", "SELECT * FROM rls.open_token('x')", "SELECT rls.client_ip() IS NULL",
	}
	covered := strings.Join(calls, " ")
	for _, name := range w.rows(t, w.root, "SELECT proname FROM pg_proc WHERE pronamespace = 'rls'::regnamespace AND has_function_privilege('rls_client', oid, 'EXECUTE') AND prorettype <> 'trigger'::regtype") {
		if !strings.Contains(covered, "rls."+name+"(") {
			t.Errorf("function rls.%s is not attacked", name)
		}
	}
	answers := func(q querier) []string {
		var out []string
		for _, c := range calls {
			tx, err := q.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, c+" => "+w.outcome(t, tx, c))
			_ = tx.Rollback(t.Context())
		}
		return out
	}
	t.Run("what a gateway may call", func(t *testing.T) {
		g := w.gateway(t)
		forger := *g
		forger.key = []byte(strings.Repeat("?", 32))
		ask := func(conn *pgx.Conn) (out []string) {
			for _, token := range []string{g.token("user", "sub"), g.token("subject", "idp|boss"), forger.token("user", "root"), g.token("service", "cron"), g.token("anonymous", "")} {
				tx, who := entered(t, conn, token)
				if strings.HasPrefix(who, "RL") {
					out = append(out, who)
				} else {
					out = append(out, who+": "+w.outcome(t, tx, notes), w.outcome(t, tx, "UPDATE app.note SET team = 't' WHERE id = 'sub'"))
				}
				must(t, tx, "ROLLBACK")
			}
			return append(out, w.rows(t, conn, "SELECT * FROM rls.session_problems()")...)
		}
		conn := g.conn(t)
		before := ask(conn)
		for _, sql := range shadows(t, w, "pg_temp") {
			_, _ = conn.Exec(t.Context(), sql)
		}
		must(t, conn, "SET search_path = pg_temp, pg_catalog, public")
		after := ask(conn)
		fresh := g.conn(t) // where nothing was called before the shadows stood there
		for _, sql := range shadows(t, w, "pg_temp") {
			_, _ = fresh.Exec(t.Context(), sql)
		}
		must(t, fresh, "SET search_path = pg_temp, pg_catalog, public")
		for _, got := range [][]string{after, ask(fresh)} {
			if !slices.Equal(got, before) {
				t.Errorf("got %v, want %v", got, before)
			}
		}
		if before[0] != "user:sub: sub" || before[1] != rejected {
			t.Errorf("%v", before)
		}
	})
	for _, schema := range []string{"pg_temp", "evil"} {
		t.Run(schema, func(t *testing.T) {
			login := w.personLogin(t, "sub", "app")
			w.sql(t, "GRANT CREATE, TEMPORARY ON DATABASE "+w.db.Name()+" TO "+login)
			conn := w.db.Conn(t, login)
			if schema == "evil" {
				must(t, conn, "CREATE SCHEMA evil")
			}
			before := answers(conn)
			made, refused := 0, []string{}
			for _, sql := range shadows(t, w, schema) {
				if _, err := conn.Exec(t.Context(), sql); err != nil {
					refused = append(refused, sql+": "+err.Error())
				} else {
					made++
				}
			}
			if made < 150 {
				t.Fatalf("only %d shadows could be made: %v", made, refused)
			}
			for _, path := range []string{schema + ", pg_catalog, public", schema + ", public", `"$user", public, ` + schema} {
				must(t, conn, "SET search_path = "+path)
				after := answers(conn)
				for i := range before {
					if before[i] != after[i] {
						t.Errorf("search_path %s: got %s, want %s", path, after[i], before[i])
					}
				}
				must(t, conn, "DISCARD PLANS")
			}
			t.Run("control/a definer function that can be shadowed", func(t *testing.T) {
				undone(t, w, func(tx pgx.Tx) {
					must(t, tx, `CREATE FUNCTION public.is_boss() RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN (SELECT principal FROM login LIMIT 1); END $$;
						CREATE TEMP VIEW login AS SELECT 'root'::text AS principal`)
					if got := one(t, tx, "SELECT public.is_boss()"); got != "root" {
						t.Errorf("%s: the attack above proves nothing", got)
					}
				})
			})
		})
	}
}

// Hazards 14, 51 and 65: functions of the caller in the same query see no hidden row.
func TestHazardLeakyFunctions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docModel, docSchema)
	w.sql(t, "GRANT CREATE ON SCHEMA public TO {{app}}")
	var notices []string
	cfg, err := pgx.ParseConfig(w.db.URL(w.personLogin(t, "sub", "app"))) // sub sees 10 rows
	if err != nil {
		t.Fatal(err)
	}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notices = append(notices, n.Message) }
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // nothing is kept
	must(t, conn, `
		CREATE FUNCTION public.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$;
		CREATE FUNCTION public.leak_int(integer) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE 'body %', $1; RETURN true; END $$;
		CREATE FUNCTION public.leak_op(text, text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$;
		CREATE OPERATOR public.~~~ (FUNCTION = public.leak_op, LEFTARG = text, RIGHTARG = text);
		CREATE TEMP VIEW own_view AS SELECT * FROM app.doc WHERE public.leak(body)`)
	visible := w.rows(t, conn, "SELECT body FROM app.doc")
	if len(visible) != 10 {
		t.Fatalf("%d rows", len(visible))
	}
	probe := func(sql string) (hidden []string) {
		notices = nil
		tx := begin(t, conn)
		w.outcome(t, tx, sql)
		must(t, tx, "ROLLBACK")
		if len(notices) == 0 && !strings.Contains(sql, "id = 2") {
			t.Errorf("%s: the probe was not called", sql)
		}
		for _, n := range notices {
			if !slices.Contains(visible, n) && n != "new" {
				hidden = append(hidden, n)
			}
		}
		return hidden
	}
	queries := []string{
		"SELECT id FROM app.doc WHERE public.leak(body)",
		"SELECT id FROM app.doc WHERE public.leak(body) AND id = 2",
		"SELECT id FROM app.doc WHERE public.leak_int(id)",
		"SELECT id FROM app.doc WHERE body OPERATOR(public.~~~) 'x'",
		"SELECT count(*) FROM own_view",
		"SELECT a.id FROM app.doc AS a JOIN app.doc AS b ON public.leak(b.body)",
		"SELECT i.id, d.body FROM app.item AS i LEFT JOIN app.doc AS d ON d.id = i.doc AND public.leak(d.body)",
		"UPDATE app.doc SET body = 'x' WHERE public.leak(body)",
		"DELETE FROM app.doc WHERE public.leak(body)",
		"SELECT id FROM app.doc ORDER BY public.leak(body)",
		"SELECT count(*) FILTER (WHERE public.leak(body)) FROM app.doc",
		"SELECT id FROM app.doc GROUP BY id HAVING public.leak(min(body))",
		"MERGE INTO app.doc AS d USING app.item AS i ON i.doc = d.id AND public.leak(d.body) WHEN MATCHED THEN UPDATE SET body = 'x'",
		"INSERT INTO app.doc VALUES (900, 'sub', 'new') ON CONFLICT (id) DO UPDATE SET body = 'x' WHERE public.leak(doc.body) RETURNING public.leak(body)",
	}
	for _, sql := range queries {
		equal(t, probe(sql), nil, "hidden rows shown by %s", sql)
	}
	t.Run("no error tells of a hidden row", func(t *testing.T) {
		for _, sql := range []string{
			"SELECT id FROM app.doc WHERE 1 / (id - 2) > 5", "SELECT id FROM app.doc WHERE body::integer = 1 AND id = 2", "SELECT id FROM app.doc WHERE id = 2 AND ('x' || body)::integer = 1",
		} {
			if got := w.outcome(t, conn, sql); got != filtered && !(strings.Contains(sql, "AND id = 2") && got == filtered) {
				t.Errorf("%s: %s", sql, got)
			}
		}
		if got := w.outcome(t, conn, "SELECT id FROM app.doc WHERE 1 / (id - 1) > 5"); got != "22012" {
			t.Errorf("a visible row: %s: nothing is proved", got)
		}
	})
	t.Run("control/LEAKPROOF shows hidden rows", func(t *testing.T) {
		w.sql(t, "ALTER FUNCTION public.leak(text) LEAKPROOF")
		must(t, conn, "DISCARD PLANS")
		if got := probe(queries[0]); len(got) != 20 {
			t.Errorf("%d hidden rows: the probes above prove nothing", len(got))
		}
	})
}

// Hazards 50 and 52: each question is asked once for a scan, and none keeps a plan from being parallel.
func TestHazardPlan(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docModel, docSchema)
	w.as(t, "me", func(tx pgx.Tx) {
		for _, sql := range []string{"SELECT * FROM app.doc", "UPDATE app.doc SET body = 'x'", "DELETE FROM app.doc WHERE id = 3"} {
			plan := strings.Join(w.rows(t, tx, "EXPLAIN (COSTS off) "+sql), "\n")
			if !strings.Contains(plan, "InitPlan 1") || strings.Contains(plan, "SubPlan") || strings.Contains(strings.Split(plan, "InitPlan")[0], "rls.") {
				t.Errorf("%s:\n%s", sql, plan)
			}
		}
	})
	// The count of calls, not the look of the plan.
	undone(t, w, func(tx pgx.Tx) {
		must(t, tx, "SET LOCAL track_functions = 'all'")
		w.become(t, tx, "me")
		must(t, tx, "SELECT count(*) FROM app.doc")
		must(t, tx, "RESET ROLE")
		if got := one(t, tx, "SELECT pg_stat_get_xact_function_calls('rls.admitted_owners(text,text,text)'::regprocedure)"); got != "1" {
			t.Errorf("rls.admitted_owners was called %s times for 30 rows", got)
		}
	})
}

// Hazard 55: grants live in data, so that a kept plan never holds an old set of policies.
func TestHazardKeptPlans(t *testing.T) {
	t.Parallel()
	w := newWorld(t, docModel, docSchema)
	login := w.personLogin(t, "me", "app")
	conn := w.db.Conn(t, login)
	must(t, conn, "SET plan_cache_mode = force_generic_plan")
	const count = "SELECT count(*) FROM app.doc"
	if got := one(t, conn, count); got != "20" {
		t.Fatal(got)
	}
	w.sql(t, `DELETE FROM rls."grant" WHERE resource = 'doc'`)
	if got := one(t, conn, count); got != "0" {
		t.Errorf("a grant that was taken: %s rows", got)
	}
	w.apply(t, docModel) // what a seed became is data: it does not come back
	if got := one(t, conn, count); got != "0" {
		t.Errorf("apply again: %s rows", got)
	}
	w.sql(t, `INSERT INTO rls."grant" (grantee, action, resource) VALUES ('user:sub', 'read', 'doc'), ('user:me', 'read', 'doc')`)
	if got := one(t, conn, count); got != "20" {
		t.Errorf("a new grant: %s rows", got)
	}
	w.sql(t, "UPDATE rls.login SET principal = 'sub' WHERE name = $1", login)
	if got := one(t, conn, count); got != "10" {
		t.Errorf("a login that stands for somebody else: %s rows", got)
	}
}
