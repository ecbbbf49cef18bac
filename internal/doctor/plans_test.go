package doctor_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/doctor"
	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// office is 200 people below one boss, and protected tables with hostile names. Key values and texts are such that they
// are recognized anywhere.
type office struct {
	*pgtest.Database
	conn          *pgx.Conn
	client, admin string
}

const (
	task   = `"Sch""ema; DROP"."Ta'sk"`
	secret = "731900" // begins every key, and is in every text
)

func newOffice(t *testing.T) *office {
	t.Helper()
	d := pgtest.Shared(t).Database(t)
	o := &office{Database: d, conn: d.Conn(t, ""), client: d.Role(t, "a'pp", "NOLOGIN"), admin: d.Role(t, "ad\"min", "NOLOGIN")}
	if _, err := kernel.Up(t.Context(), o.conn); err != nil {
		t.Fatal(err)
	}
	r := strings.NewReplacer("{client}", policies.Ident(o.client), "{admin}", policies.Ident(o.admin), "{task}", task)
	d.Exec(t, r.Replace(`
		CREATE TABLE public.person (id bigint PRIMARY KEY, login text NOT NULL UNIQUE, boss bigint, super boolean NOT NULL DEFAULT false);
		INSERT INTO public.person SELECT i, 'p''' || i, CASE WHEN i > 1 THEN (i - 2) / 10 + 1 END, i = 200
			FROM generate_series(1, 200) AS i;
		CREATE INDEX ON public.person (boss);
		CREATE SCHEMA "Sch""ema; DROP";
		CREATE TABLE {task} ("Id""" bigint, part integer, "Own""er" bigint, "At" timestamptz, note text, PRIMARY KEY ("Id""", part));
		INSERT INTO {task} SELECT 731900000 + i, 1, i % 200 + 1, timestamptz '2026-01-01' + i * interval '1 s', 'n731900' || i
			FROM generate_series(1, 20000) AS i;
		CREATE INDEX ON {task} ("At");
		CREATE TABLE public.loose (owner bigint, note text);
		INSERT INTO public.loose SELECT i % 200 + 1, 'n731900' FROM generate_series(1, 20000) AS i;
		CREATE INDEX ON public.loose (owner);
		CREATE TABLE public.nothing (id bigint PRIMARY KEY, owner bigint);
		CREATE INDEX ON public.nothing (owner);
		GRANT USAGE ON SCHEMA "Sch""ema; DROP" TO {client}, {admin};
		GRANT SELECT ON {task}, public.loose, public.nothing TO {client}, {admin};
		SELECT pg_stat_force_next_flush()`))
	o.analyze(t)
	m, diags := pipeline.Parse("rls.yaml", []byte(fmt.Sprintf(`version: 1
database: {client_roles: [%q], maintenance_roles: [%q]}
users: {table: public.person, key: id, login: login, superuser: super, sees: {supervisor: boss}}
resources:
  task: {table: '"Sch""ema; DROP"."Ta''sk"', owner: 'Own"er'}
  loose: {table: public.loose, owner: owner}
  nothing: {table: public.nothing, owner: owner}
grants:
  - {to: authenticated, allow: {task: [read], loose: [read], nothing: [read]}}
`, o.client, o.admin)))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	p, err := pipeline.Plan(t.Context(), o.conn, m)
	if err != nil || p.Diagnostics.HasErrors() {
		t.Fatal(err, p.Diagnostics)
	}
	if err := pipeline.Apply(t.Context(), o.conn, m, p.Plan, apply.Options{Allow: apply.Hazards(p.Plan)}); err != nil {
		t.Fatal(err)
	}
	return o
}

// analyze gathers statistics. What was changed before has been counted by then, so that it is not taken for a change
// since.
func (o *office) analyze(t *testing.T) {
	t.Helper()
	o.Exec(t, "SELECT pg_stat_force_next_flush()")
	o.Exec(t, "ANALYZE")
}

// after looks at the plans as they would be after some SQL, none of which is kept.
func (o *office) after(t *testing.T, sql string, opt doctor.PlanOptions) doctor.Report {
	t.Helper()
	tx, err := o.conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	r := strings.NewReplacer("{client}", policies.Ident(o.client), "{admin}", policies.Ident(o.admin), "{task}", task)
	if _, err := tx.Exec(t.Context(), r.Replace(sql), pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	report, err := doctor.InTx(t.Context(), tx, doctor.Options{Plans: &opt})
	if err != nil {
		t.Fatal(err)
	}
	// What it set is gone: the caller's transaction is as it was, and may write.
	var itself bool
	var set string
	if err := tx.QueryRow(t.Context(), `SELECT current_user = session_user, concat_ws(' ', current_setting('transaction_read_only'),
		current_setting('statement_timeout'), nullif(current_setting('rls.context', true), ''))`).Scan(&itself, &set); err != nil {
		t.Fatal(err)
	}
	if !itself || set != "off 0" {
		t.Errorf("the transaction is left behind as itself %t, %s", itself, set)
	}
	return report
}

func (o *office) found(list []doctor.Finding, code policies.Code) (out []doctor.Finding) {
	for _, f := range list {
		if f.Code == code {
			out = append(out, f)
		}
	}
	return out
}

func TestPlans(t *testing.T) {
	t.Parallel()
	o := newOffice(t)

	t.Run("without the option nothing is asked", func(t *testing.T) {
		r, err := doctor.Examine(t.Context(), o.conn, doctor.Options{})
		if err != nil || r.Plans != nil {
			t.Errorf("plans %+v, error %v", r.Plans, err)
		}
	})
	t.Run("an index is missing", func(t *testing.T) {
		order := `Run CREATE INDEX CONCURRENTLY ON ` + task + ` ("Own""er").`
		r := o.after(t, "SELECT", doctor.PlanOptions{})
		got := o.found(r.Findings, doctor.CodeWholeTable)
		i := slices.IndexFunc(got, func(f doctor.Finding) bool { return f.Hint == order })
		if i < 0 || !strings.Contains(got[i].Message, "20,000 rows of "+task+" for count") {
			t.Fatalf("no order %q in:%s", order, show(r.Findings))
		}
		if twice := o.found(r.Findings, doctor.CodeNoIndex); len(twice) > 0 {
			t.Errorf("the same order twice:%s", show(twice))
		}
		// A partial, an invalid and a hash index do not serve; a full one does.
		for _, sql := range []string{
			`CREATE INDEX ON {task} ("Own""er") WHERE part = 2`, `CREATE INDEX ON {task} ("At", "Own""er")`,
			`CREATE INDEX bad ON {task} ("Own""er"); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'bad'::regclass`,
		} {
			sql = strings.Replace(sql, "'bad'", `'"Sch""ema; DROP".bad'`, 1)
			if list := o.found(o.after(t, sql, doctor.PlanOptions{}).Findings, doctor.CodeWholeTable); len(list) != len(got) {
				t.Errorf("%s is taken for the index", sql)
			}
		}
		// The order as it stands, but for the full stop.
		fresh := newOffice(t)
		fresh.Exec(t, strings.TrimSuffix(strings.TrimPrefix(order, "Run "), "."))
		for _, f := range fresh.after(t, "SELECT", doctor.PlanOptions{}).Findings {
			if f.Code == doctor.CodeNoIndex || f.Code == doctor.CodeWholeTable && strings.Contains(f.Message, "Ta'sk") {
				t.Errorf("with the index:%s", show([]doctor.Finding{f}))
			}
		}
		// Changes are counted when they are committed.
		fresh.Exec(t, `INSERT INTO public.nothing SELECT i, 1 FROM generate_series(1, 2000) AS i; SELECT pg_stat_force_next_flush()`)
		if got := o.found(fresh.after(t, "SELECT", doctor.PlanOptions{}).Findings, doctor.CodeStatistics); len(got) != 1 ||
			!strings.Contains(got[0].Message, "public.nothing had 0 rows when it was analyzed, and 2,000 rows changed since") {
			t.Errorf("after many changes:%s", show(got))
		}
		fresh.analyze(t)
		if got := o.found(fresh.after(t, "SELECT", doctor.PlanOptions{}).Findings, doctor.CodeStatistics); len(got) > 0 {
			t.Errorf("after ANALYZE:%s", show(got))
		}
	})
	t.Run("a small table needs none", func(t *testing.T) {
		if got := o.found(o.after(t, "SELECT", doctor.PlanOptions{LargeTable: 1_000_000}).Findings, doctor.CodeWholeTable); len(got) > 0 {
			t.Errorf("found:%s", show(got))
		}
	})
	t.Run("principals", func(t *testing.T) {
		r := o.after(t, "SELECT", doctor.PlanOptions{As: []string{"p'3", "anonymous", "user:p'1"}})
		var got []string
		for _, p := range r.Plans.Principals {
			if p.Role == "" {
				t.Errorf("%s has no role", p.Login)
			}
			got = append(got, fmt.Sprintf("%s %s %d %t", p.Place, p.Login, p.Sees, p.Superuser))
		}
		want := []string{"leaf p'112 1 false", "middle p'12 11 false", "top p'1 200 false",
			"superuser p'200 1 true", "named p'3 11 false", "named anonymous 0 false"}
		for i := range want {
			// Which leaf, and which of the middle, is PostgreSQL's choice.
			w, place, _ := strings.Cut(want[i], " ")
			if i >= len(got) || !strings.HasPrefix(got[i], w) || i >= 2 && got[i] != w+" "+place {
				t.Fatalf("sampled %q, want the like of %q", got, want)
			}
		}
		if p := r.Plans.Principals; p[0].Sees != 1 || p[1].Sees <= 1 || p[1].Sees >= 200 || len(p) != len(want) {
			t.Errorf("sampled %q", got)
		}
	})
	t.Run("questions", func(t *testing.T) {
		r := o.after(t, "SELECT", doctor.PlanOptions{})
		kinds := map[string][]string{}
		for _, table := range r.Plans.Tables {
			if table.Baseline != o.admin {
				t.Errorf("%s is asked without a filter as %q", table.Table, table.Baseline)
			}
			for _, q := range table.Queries {
				if q.Principal == "p'1" {
					kinds[table.Resource] = append(kinds[table.Resource], q.Query)
				}
				if q.Filtered == nil || q.Unfiltered == nil || q.Ratio <= 0 || q.Does == "" || q.Filtered.Milliseconds != nil {
					t.Errorf("%s as %s: %+v", q.Query, q.Principal, q)
				}
			}
		}
		if !slices.Equal(kinds["task"], []string{"page", "newest", "count", "point"}) || !slices.Equal(kinds["loose"], []string{"count"}) ||
			!slices.Equal(kinds["nothing"], []string{"page", "count"}) {
			t.Errorf("asked %q", kinds)
		}
	})
	t.Run("no value of a row is told", func(t *testing.T) {
		r := o.after(t, "SELECT", doctor.PlanOptions{Analyze: true})
		text, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), secret) {
			t.Errorf("a value of a row is in %s", text)
		}
		for _, table := range r.Plans.Tables {
			for _, q := range table.Queries {
				if q.Filtered == nil || q.Filtered.Milliseconds == nil || q.Unfiltered.Milliseconds == nil {
					t.Errorf("%s of %s as %s has no time", q.Query, table.Table, q.Principal)
				}
			}
		}
	})
	t.Run("a table without a key", func(t *testing.T) {
		mentioned := func(sql string) bool {
			got := o.found(o.after(t, sql, doctor.PlanOptions{}).Findings, doctor.CodeWholeTable)
			return slices.ContainsFunc(got, func(f doctor.Finding) bool { return strings.HasPrefix(f.Hint, "Add a primary key to public.loose") })
		}
		if mentioned("SELECT") {
			t.Error("a form without a branch for superusers needs no key")
		}
		if !mentioned("SET LOCAL ROLE rls_owner; UPDATE rls.plan_role SET role = replace(role, 'rls_narrow_', 'rls_any_'); RESET ROLE") {
			t.Error("the form for everybody asks each row, and nothing says so")
		}
	})
	t.Run("slow for who sees most", func(t *testing.T) {
		const dear = `CREATE POLICY dear ON {task} AS RESTRICTIVE FOR SELECT TO rls_client
			USING ((SELECT count(*) FROM pg_class AS a, pg_class AS b) > 0)`
		got := o.found(o.after(t, dear, doctor.PlanOptions{}).Findings, doctor.CodeSlow)
		if len(got) != 1 || !strings.Contains(got[0].Hint, "rlsctl query --as '") {
			t.Errorf("found:%s", show(got))
		}
	})
	t.Run("a function for each row", func(t *testing.T) {
		const sql = `CREATE FUNCTION public.odd(n bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS 'BEGIN RETURN n % 2 = 1; END';
			CREATE POLICY odd ON {task} AS RESTRICTIVE FOR SELECT TO rls_client USING (public.odd("Own""er"))`
		got := o.found(o.after(t, sql, doctor.PlanOptions{}).Findings, doctor.CodePerRow)
		if len(got) != 1 || !strings.Contains(got[0].Message, task+" runs public.odd") {
			t.Errorf("found:%s", show(got))
		}
		if got := o.found(o.after(t, "SELECT", doctor.PlanOptions{}).Findings, doctor.CodePerRow); len(got) > 0 {
			t.Errorf("our own policies:%s", show(got))
		}
	})
	t.Run("a statement takes too long", func(t *testing.T) {
		const sql = `CREATE POLICY slow ON public.nothing AS RESTRICTIVE FOR SELECT TO rls_client USING (pg_sleep(60) IS NOT NULL);
			INSERT INTO public.nothing SELECT i, 1 FROM generate_series(1, 10) AS i`
		r := o.after(t, sql, doctor.PlanOptions{Analyze: true, Timeout: 300 * time.Millisecond})
		if got := o.found(r.Findings, doctor.CodeTimeout); len(got) != 1 ||
			!strings.Contains(got[0].Message, "of public.nothing did not end within 300ms") ||
			!strings.Contains(got[0].Message, "which it does without policies") {
			t.Errorf("found:%s", show(r.Findings))
		}
	})
	t.Run("nothing is written", func(t *testing.T) {
		const sql = `CREATE FUNCTION public.writes() RETURNS boolean LANGUAGE plpgsql AS
			'BEGIN INSERT INTO public.person VALUES (999, ''x''); RETURN true; END';
			ALTER FUNCTION public.writes() SECURITY DEFINER;
			INSERT INTO public.nothing VALUES (1, 1);
			CREATE POLICY w ON public.nothing AS RESTRICTIVE FOR SELECT TO rls_client USING ((SELECT public.writes()))`
		for _, table := range o.after(t, sql, doctor.PlanOptions{Analyze: true}).Plans.Tables {
			for _, q := range table.Queries {
				if table.Resource == "nothing" && (q.Filtered != nil || !strings.Contains(q.Does, "in a read-only transaction")) {
					t.Errorf("%s as %s: %s", q.Query, q.Principal, q.Does)
				}
			}
		}
	})
	t.Run("the maintenance role asks, and not the login", func(t *testing.T) {
		const sql = `INSERT INTO public.nothing VALUES (1, 1);
			CREATE POLICY m ON public.nothing AS RESTRICTIVE TO {admin} USING (id < 0 AND owner < 0 AND id > -7)`
		for _, table := range o.after(t, sql, doctor.PlanOptions{Analyze: true}).Plans.Tables {
			for _, q := range table.Queries {
				if table.Resource == "nothing" && q.Query == "page" && (q.Unfiltered == nil || q.Unfiltered.Rows != 0) {
					t.Errorf("%+v", q.Unfiltered)
				}
			}
		}
	})
	t.Run("counting stops", func(t *testing.T) {
		for _, p := range o.after(t, "SELECT", doctor.PlanOptions{CountLimit: 50}).Plans.Principals {
			if (p.Place == "top") != p.AtLeast || p.Place == "top" && p.Sees != 50 {
				t.Errorf("%+v", p)
			}
		}
	})
	t.Run("old statistics", func(t *testing.T) {
		const sql = `CREATE TABLE public.fresh (id bigint PRIMARY KEY, owner bigint); DROP TABLE public.nothing;
			ALTER TABLE public.fresh RENAME TO nothing;
			INSERT INTO public.nothing SELECT i, 1 FROM generate_series(1, 10000) AS i`
		for after, want := range map[string]int{"": 1, "; ANALYZE public.nothing": 0} {
			got := o.found(o.after(t, sql+after, doctor.PlanOptions{}).Findings, doctor.CodeStatistics)
			if len(got) != want || want > 0 && got[0].Hint != "Run ANALYZE public.nothing." {
				t.Errorf("%q: found:%s", after, show(got))
			}
		}
	})
	t.Run("a role that may not read", func(t *testing.T) {
		r := o.after(t, "REVOKE ALL ON {task} FROM {client}", doctor.PlanOptions{})
		got := o.found(r.Findings, doctor.CodeUnexplained)
		if len(got) == 0 || !strings.HasPrefix(got[0].Hint, "Run GRANT SELECT ON "+task+" TO ") {
			t.Errorf("found:%s", show(r.Findings))
		}
		r = o.after(t, `REVOKE ALL ON {task} FROM {client}; GRANT SELECT ("Id""", part) ON {task} TO {client}`, doctor.PlanOptions{})
		for _, table := range r.Plans.Tables {
			for _, q := range table.Queries {
				if table.Resource == "task" && q.Query == "page" &&
					(q.Filtered == nil || !strings.HasPrefix(q.SQL, `SELECT "Id""", part FROM`)) {
					t.Errorf("page over some columns: %+v", q)
				}
			}
		}
	})
	t.Run("no client role", func(t *testing.T) {
		r := o.after(t, "SET LOCAL ROLE rls_owner; DELETE FROM rls.database_role WHERE kind = 'client'; RESET ROLE", doctor.PlanOptions{})
		if got := o.found(r.Findings, doctor.CodeUnexplained); len(got) != 1 ||
			!strings.Contains(got[0].Hint, "database.client_roles") || len(r.Plans.Tables) > 0 {
			t.Errorf("found:%s", show(r.Findings))
		}
	})
	t.Run("nobody", func(t *testing.T) {
		r := o.after(t, "DELETE FROM public.person", doctor.PlanOptions{})
		if got := o.found(r.Findings, doctor.CodeUnexplained); len(got) != 1 || !strings.Contains(got[0].Hint, "--as") {
			t.Errorf("found:%s", show(r.Findings))
		}
	})
	t.Run("a circle of supervisors ends", func(t *testing.T) {
		if r := o.after(t, "UPDATE public.person SET boss = 200 WHERE id = 1", doctor.PlanOptions{}); len(r.Plans.Principals) < 2 {
			t.Errorf("sampled %+v", r.Plans.Principals)
		}
	})
	t.Run("somebody who does not exist", func(t *testing.T) {
		_, err := doctor.Examine(t.Context(), o.conn, doctor.Options{Plans: &doctor.PlanOptions{As: []string{"nobody"}}})
		var refused *doctor.ImpersonationError
		if !errors.As(err, &refused) || refused.Name != "nobody" {
			t.Errorf("error %v", err)
		}
	})
}

// The toolkit's own users, few rows: nothing is worth a word, and a maintenance login is enough.
func TestPlansOfAHealthyInstallation(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	login := p.Role(t, "dba", "LOGIN CREATEROLE")
	p.Exec(t, "GRANT "+policies.Ident(p.admin)+", "+policies.Ident("rls_any_"+p.client)+" TO "+policies.Ident(login))
	if p.Server().Version() >= 160000 {
		p.Exec(t, "GRANT rls_owner TO "+policies.Ident(login)+" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")
		t.Cleanup(func() { p.Exec(t, "REVOKE rls_owner FROM "+policies.Ident(login)) })
	}
	r, err := doctor.Examine(t.Context(), p.Conn(t, login), doctor.Options{Plans: &doctor.PlanOptions{Analyze: true}})
	if err != nil {
		t.Fatal(err)
	}
	list := slices.DeleteFunc(r.Findings, func(f doctor.Finding) bool { return slices.Contains(quiet, f.Code) })
	if len(list) > 0 || len(r.Plans.Tables) != 1 || len(r.Plans.Tables[0].Queries) == 0 {
		t.Errorf("plans %+v, findings:%s", r.Plans, show(list))
	}
	for _, q := range r.Plans.Tables[0].Queries {
		if q.Filtered == nil || q.Unfiltered == nil {
			t.Errorf("%+v", q)
		}
	}
}
