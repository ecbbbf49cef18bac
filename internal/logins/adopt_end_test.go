package logins_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/doctor"
	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/pgsession"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

const messyModel = `
version: 1
database: {client_roles: ["{{app}}_client"], maintenance_roles: ["{{app}}_owner"]}
users: {table: sales.employees, key: id, login: login, sees: {supervisor: boss_id}}
resources:
  order: {table: sales.orders, owner: employee_id}
grants:
  - {to: authenticated, allow: {order: "*"}}
`

// apply brings the database to a model; an empty one is the removal.
func (w *messy) apply(t *testing.T, model string) {
	t.Helper()
	var m *policies.Model
	plan := func() (pipeline.Result, error) { return pipeline.Uninstalled(t.Context(), w.root) }
	if model != "" {
		var diags policies.Diagnostics
		if m, diags = pipeline.Parse("rls.yaml", []byte(w.text(model))); diags.HasErrors() {
			t.Fatal(diags)
		}
		plan = func() (pipeline.Result, error) { return pipeline.Plan(t.Context(), w.root, m) }
	}
	r := must[pipeline.Result](t)(plan())
	if r.Diagnostics.HasErrors() {
		t.Fatal(r.Diagnostics)
	}
	if err := pipeline.Apply(t.Context(), w.root, m, r.Plan, apply.Options{Allow: apply.Hazards(r.Plan)}); err != nil {
		t.Fatal(err)
	}
}

// complaints are what the doctor finds about logins, roles and objects; the server is the machine's affair.
func (w *messy) complaints(t *testing.T) (out []string) {
	t.Helper()
	r := must[doctor.Report](t)(doctor.Examine(t.Context(), w.root, doctor.Options{}))
	for _, f := range r.Findings {
		if f.Code != doctor.CodeOutdated && f.Code != doctor.CodeUnsafeServer && f.Code != doctor.CodeParameterErrors && f.Code != doctor.CodeParameterLog {
			out = append(out, fmt.Sprintf("%s %s", f.Code, f.Message))
		}
	}
	return out
}

// TestAdoptEndToEnd takes an application that owns its tables through everything: adopted, filtered, migrated, released.
func TestAdoptEndToEnd(t *testing.T) {
	t.Parallel()
	w := newMessy(t)
	queries := []string{
		"SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), 'none') FROM sales.orders",
		"SELECT value FROM prefs",
		"SELECT count(*)::text FROM sales.employees",
		"SELECT string_agg(id::text, ' ' ORDER BY id) FROM sales.priced",
		"SELECT sales.audited()::text",
		"SELECT rate::text FROM other.rates",
	}
	ask := func(tx pgx.Tx) (out []string) {
		for _, q := range queries {
			var s string
			if err := tx.QueryRow(t.Context(), q).Scan(&s); err != nil {
				t.Fatalf("%s: %v", q, err)
			}
			out = append(out, s)
		}
		return out
	}
	owner := func() []string {
		conn := w.Conn(t, w.roles["app"])
		defer conn.Close(t.Context()) //nolint:errcheck // nothing is pending
		tx := must[pgx.Tx](t)(conn.Begin(t.Context()))
		defer tx.Rollback(t.Context()) //nolint:errcheck // nothing is kept
		return ask(tx)
	}
	all := []string{"1 2 3 4", "green", "3", "1 2 3 4", "0", "2"}
	// The view is its reader's: else the model would not hold for it, and the doctor says so.
	w.sql(t, "ALTER VIEW sales.priced SET (security_invoker = true); DROP MATERIALIZED VIEW sales.numbers")
	same(t, "the owner", owner(), all)
	before := w.catalog(t)

	a, keys := w.adoption(t, "app")
	must[logins.Adopted](t)(logins.Adopt(t.Context(), w.root, a))
	w.apply(t, messyModel)
	// These two read a table directly, and are nobody.
	c := w.complaints(t)
	for _, who := range []string{"reader", "writer"} {
		n := len(c)
		if c = slices.DeleteFunc(c, func(f string) bool { return strings.HasPrefix(f, "RL236 login "+w.roles[who]+" ") }); len(c) != n-1 {
			t.Errorf("the doctor says nothing of the login %s", who)
		}
	}
	if len(c) > 0 {
		t.Errorf("the doctor finds:\n%s", strings.Join(c, "\n"))
	}
	// Of what adoption made itself it says what that is for.
	w.apply(t, strings.Replace(messyModel, "grants:", "  archive: {table: sales.archive, owner: id}\ngrants:", 1))
	told := must[doctor.Report](t)(doctor.Examine(t.Context(), w.root, doctor.Options{})).Findings
	if i := slices.IndexFunc(told, func(f doctor.Finding) bool {
		return f.Code == doctor.CodeOpenDefaults && strings.Contains(f.Message, w.roles["app"]+"_owner")
	}); i < 0 ||
		told[i].Level != policies.Note || !strings.HasPrefix(told[i].Hint, "Leave them") {
		t.Errorf("of default privileges that adoption made the doctor says: %v", told)
	}
	w.apply(t, messyModel)

	s, err := pgsession.Open(t.Context(), w.Pool(t, w.roles["app"]), pgsession.FileKeys(keys), pgsession.AllowOldServer())
	if err != nil {
		t.Fatal(pgsession.Explain(err))
	}
	for user, orders := range map[int]string{1: "1 2 3 4", 2: "2", 3: "3 4"} {
		err := s.Run(t.Context(), pgsession.User(user), func(tx pgx.Tx) error {
			same(t, fmt.Sprintf("user %d", user), ask(tx), []string{orders, "green", "3", orders, "0", "2"})
			tag, err := tx.Exec(t.Context(), "UPDATE sales.orders SET total = 0 WHERE id = 1")
			if want := int64(len(orders) / 7); err == nil && tag.RowsAffected() != want {
				t.Errorf("user %d updates %d rows, not %d", user, tag.RowsAffected(), want)
			}
			return err
		})
		if err != nil {
			t.Error(pgsession.Explain(err))
		}
	}
	// A migration by the new owner.
	w.sql(t, `SET ROLE {{app}}_owner;
		DO $$ DECLARE n integer; BEGIN UPDATE sales.orders SET total = total + 1; GET DIAGNOSTICS n = ROW_COUNT; ASSERT n = 4; END $$`)

	// What is undone by hand, the doctor finds.
	for sql, code := range map[string]string{
		"ALTER TABLE public.plain OWNER TO {{app}}": "RL649", "GRANT SELECT ON public.plain TO {{app}}": "RL649", "ALTER ROLE {{app}}_client LOGIN": "RL651",
	} {
		undo := map[string]string{"ALTER TABLE public.plain OWNER TO {{app}}": "ALTER TABLE public.plain OWNER TO {{app}}_owner",
			"GRANT SELECT ON public.plain TO {{app}}": "REVOKE SELECT ON public.plain FROM {{app}}", "ALTER ROLE {{app}}_client LOGIN": "ALTER ROLE {{app}}_client NOLOGIN"}[sql]
		w.sql(t, sql)
		if c := strings.Join(w.complaints(t), "\n"); !strings.Contains(c, code) {
			t.Errorf("after %s the doctor finds: %s", sql, c)
		}
		w.sql(t, undo)
	}
	w.apply(t, strings.Replace(messyModel, `maintenance_roles: ["{{app}}_owner"]`, `maintenance_roles: ["{{bystander}}"]`, 1))
	if c := strings.Join(w.complaints(t), "\n"); !strings.Contains(c, "RL650") {
		t.Errorf("without the owner in the model the doctor finds: %s", c)
	}
	w.apply(t, messyModel)

	// A setting of its own is what it was; another one is refused.
	w.sql(t, "ALTER ROLE {{app}} SET work_mem = '6MB'")
	if _, err := pgsession.Open(t.Context(), w.Pool(t, w.roles["app"]), pgsession.FileKeys(keys), pgsession.AllowOldServer()); err == nil || !strings.Contains(pgsession.Explain(err), "its own setting of work_mem") {
		t.Errorf("with another setting: %v", err)
	}
	w.sql(t, "ALTER ROLE {{app}} SET work_mem = '5MB'")
	// Its clients can limit it for good, and read what its other connections do.
	w.sql(t, "ALTER ROLE {{app}} SET statement_timeout = '1h'")
	if _, err := pgsession.Open(t.Context(), w.Pool(t, w.roles["app"]), pgsession.FileKeys(keys), pgsession.AllowOldServer()); err == nil || !strings.Contains(pgsession.Explain(err), "statement_timeout") {
		t.Errorf("with a limit that nobody has written down: %v", err)
	}
	w.sql(t, "ALTER ROLE {{app}} RESET statement_timeout")
	var shown string
	if err := w.Pool(t, w.roles["app"]).QueryRow(t.Context(), "SHOW track_activities").Scan(&shown); err != nil || shown != "off" {
		t.Errorf("track_activities of an adopted login: %s %v", shown, err)
	}

	_, err = logins.Release(t.Context(), w.root, w.roles["app"])
	wantRefusal(t, err, "names the roles of", "rlsctl uninstall")
	w.apply(t, "")
	must[logins.Released](t)(logins.Release(t.Context(), w.root, w.roles["app"]))
	same(t, "released", w.catalog(t), before)
	same(t, "the owner again", owner(), all)
}
