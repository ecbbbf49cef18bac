package logins_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// memberOf are the database roles that a login is a direct member of.
func (c *company) memberOf(t *testing.T, name string) string {
	t.Helper()
	return c.one(t, `SELECT coalesce(string_agg(r.rolname, ' ' ORDER BY r.rolname), '') FROM pg_auth_members AS m
		JOIN pg_roles AS r ON r.oid = m.roleid WHERE m.member = (SELECT u.oid FROM pg_roles AS u WHERE u.rolname = $1)`, name)
}

// The list of forms is the kernel's.
func TestForms(t *testing.T) {
	t.Parallel()
	if got := logins.FormRoles(); !slices.Equal(got, kernel.Roles[:len(got)]) || kernel.Roles[len(got)] != "rls_client" {
		t.Errorf("forms %v, roles of the kernel %v", got, kernel.Roles)
	}
}

func TestPersonPlan(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	name := c.name(t, "bi_mark")
	before := c.fingerprint(t, name, c.client)
	add := func(user, plan string) (logins.Added, error) {
		return logins.AddPerson(t.Context(), c.conn, logins.Person{Login: name, User: user, Plan: plan})
	}
	listed := func() string {
		list := must[[]logins.Login](t)(logins.List(t.Context(), c.conn))
		if len(list) != 1 {
			t.Fatalf("listed %+v", list)
		}
		return list[0].Plan
	}
	everything := c.one(t, "SELECT string_agg(id::text, ' ' ORDER BY id) FROM public.note")
	for _, tc := range []struct{ user, plan, form string }{
		{"mark", "", "any"}, {"mark", "any", "any"}, {"mark", "narrow", "narrow"}, {"mark", "middle", "middle"}, {"mark", "wide", "wide"},
		{"mark", "auto", "narrow"}, {"audrey", "any", "any"}, {"audrey", "all", "all"}, {"audrey", "auto", "all"},
	} {
		t.Run(tc.user+"/"+tc.plan, func(t *testing.T) {
			a := must[logins.Added](t)(add(tc.user, tc.plan))
			if a.Plan != tc.form || listed() != tc.form {
				t.Errorf("added with plan %q, listed with %q, want %q", a.Plan, listed(), tc.form)
			}
			if got := c.memberOf(t, name); got != c.client+" rls_"+tc.form {
				t.Errorf("a member of %s", got)
			}
			want := expected(tc.user)
			if tc.user == "audrey" { // a superuser
				want = everything
			}
			conn := c.Conn(t, name)
			if got := notes(t, conn); got != want {
				t.Errorf("%s sees %q, want %q", tc.user, got, want)
			}
			conn.Close(t.Context())
			must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, name, true, logins.KindPerson))
			if after := c.fingerprint(t, name, c.client); after != before {
				t.Errorf("remove leaves\n%s\nwas\n%s", after, before)
			}
		})
	}
	for _, tc := range []struct{ user, plan, message, hint string }{
		{"audrey", "narrow", `user "audrey" is a superuser`, "any, all or auto"}, {"audrey", "middle", "is a superuser", "any, all or auto"}, {"audrey", "wide", "raise 40001", "any, all or auto"},
		{"mark", "all", `user "mark" is no superuser`, "any, narrow, middle, wide or auto"},
		{"mark", "narow", `"narow" is no form of policies`, `did you mean "narrow"?`}, {"mark", "rls_owner", "is no form", "any, narrow, middle, wide, all, auto"},
	} {
		_, err := add(tc.user, tc.plan)
		wantRefusal(t, err, tc.message, tc.hint)
	}
	if after := c.fingerprint(t, name, c.client); after != before {
		t.Errorf("what was refused leaves\n%s\nwas\n%s", after, before)
	}
	// What they are kept from.
	for _, tc := range []struct{ user, form string }{{"audrey", "narrow"}, {"mark", "all"}} {
		must[logins.Added](t)(add(tc.user, "any"))
		c.Exec(t, "GRANT rls_"+tc.form+" TO "+name+"; REVOKE rls_any FROM "+name)
		conn := c.Conn(t, name)
		if got := notes(t, conn); !strings.Contains(got, "40001") {
			t.Errorf("%s in form %s: %q", tc.user, tc.form, got)
		}
		conn.Close(t.Context())
		must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, name, true, logins.KindPerson))
	}
}

// The plan that entering would pick now, by how many users the person sees.
func TestPersonPlanAuto(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.Exec(t, `INSERT INTO rls."user" (login, supervisor_id) SELECT 'x' || n, (SELECT id FROM rls."user" WHERE login = CASE WHEN n <= 250 THEN 'lena' WHEN n <= 3000 THEN 'tom' END)
			FROM generate_series(1, 10000) AS n;
		ANALYZE rls."user"`)
	for user, want := range map[string]string{"ivan": "narrow", "lena": "middle", "tom": "wide"} {
		name := c.name(t, "auto_"+user)
		if a := must[logins.Added](t)(logins.AddPerson(t.Context(), c.conn, logins.Person{Login: name, User: user, Plan: logins.PlanAuto})); a.Plan != want {
			t.Errorf("%s gets plan %q, want %q", user, a.Plan, want)
		}
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	name, bi, stands, gate := c.name(t, "bi_mark"), c.name(t, "bi"), c.name(t, "as_lena"), c.name(t, "web")
	before := c.fingerprint(t, name, bi, stands, c.client)
	must[logins.Added](t)(logins.AddPerson(t.Context(), c.conn, logins.Person{Login: name, User: "mark"}))
	was := "any"
	for _, tc := range []struct{ plan, form string }{{"narrow", "narrow"}, {"narrow", "narrow"}, {"wide", "wide"}, {"auto", "narrow"}, {"any", "any"}, {"middle", "middle"}} {
		p := must[logins.Planned](t)(logins.Plan(t.Context(), c.conn, name, tc.plan))
		if p.Plan != tc.form || p.User != "mark" || strings.Join(p.Before, " ") != was {
			t.Errorf("%s: %+v", tc.plan, p)
		}
		was = tc.form
		if got := c.memberOf(t, name); got != c.client+" rls_"+tc.form {
			t.Errorf("%s: a member of %s", tc.plan, got)
		}
		conn := c.Conn(t, name)
		if got := notes(t, conn); got != expected("mark") {
			t.Errorf("%s: mark sees %q", tc.plan, got)
		}
		conn.Close(t.Context())
	}
	// A role of a BI tool that is somebody's login keeps their form; one that was made for it serves everybody.
	must[logins.Added](t)(logins.AddImpersonating(t.Context(), c.conn, logins.Impersonating{Login: bi,
		As: []logins.As{{Role: name, User: "mark"}, {Role: stands, User: "lena"}}}))
	if a, b := c.memberOf(t, name), c.memberOf(t, stands); a != c.client+" rls_middle" || b != c.client+" rls_any" {
		t.Errorf("roles are members of %q and %q", a, b)
	}
	must[logins.Added](t)(logins.AddGateway(t.Context(), c.conn, logins.Gateway{Login: gate, Users: true, Key: logins.KeyFile{Path: filepath.Join(t.TempDir(), "k")}}))
	for _, tc := range []struct{ login, plan, message, hint string }{
		{name, "narow", "is no form of policies", `did you mean "narrow"?`},
		{name + "x", "any", "is not registered", "did you mean"},
		{bi, "any", "is an impersonating login", "a person"},
		{gate, "any", "is a gateway", "for each principal"},
	} {
		_, err := logins.Plan(t.Context(), c.conn, tc.login, tc.plan)
		wantRefusal(t, err, tc.message, tc.hint)
	}
	c.Exec(t, `UPDATE rls."user" SET is_superuser = true WHERE login = 'mark'`)
	for _, form := range []string{"narrow", "middle", "wide"} {
		_, err := logins.Plan(t.Context(), c.conn, name, form)
		wantRefusal(t, err, `user "mark" is a superuser`, "any, all or auto")
	}
	if p := must[logins.Planned](t)(logins.Plan(t.Context(), c.conn, name, logins.PlanAuto)); p.Plan != "all" {
		t.Errorf("a superuser gets %+v", p)
	}
	must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, gate, true, logins.KindGateway))
	must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, bi, true, logins.KindImpersonating))
	must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, name, true, logins.KindPerson))
	if after := c.fingerprint(t, name, bi, stands, c.client); after != before {
		t.Errorf("remove leaves\n%s\nwas\n%s", after, before)
	}
	c.planIsEmpty(t)
}

// A form that a database role has already stays what it was, or is in the way.
func TestPlanKeepsWhatWasThere(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	name := c.Role(t, "old", "LOGIN")
	c.Exec(t, "GRANT rls_wide TO "+name)
	before := c.fingerprint(t, name, c.client)
	_, err := logins.AddPerson(t.Context(), c.conn, logins.Person{Login: name, User: "tom"})
	wantRefusal(t, err, "is a member of rls_wide already", "REVOKE rls_wide FROM "+name)
	must[logins.Added](t)(logins.AddPerson(t.Context(), c.conn, logins.Person{Login: name, User: "tom", Plan: "wide"}))
	must[logins.Removed](t)(logins.Remove(t.Context(), c.conn, name, false, logins.KindPerson))
	if after := c.fingerprint(t, name, c.client); after != before {
		t.Errorf("remove takes what add did not give:\n%s\nwas\n%s", after, before)
	}
}

// A model of one form has no policy TO another.
func TestPlanOfOneForm(t *testing.T) {
	t.Parallel()
	c := newCompany(t)
	c.model = strings.Replace(c.model, "database:\n", "database:\n  plans: one\n", 1)
	m, diags := pipeline.Parse("rls.yaml", []byte(c.model))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	r, err := pipeline.Plan(t.Context(), c.conn, m)
	if err != nil {
		t.Fatal(err)
	}
	if err := pipeline.Apply(t.Context(), c.conn, m, r.Plan, apply.Options{Allow: apply.Hazards(r.Plan)}); err != nil {
		t.Fatal(err)
	}
	name := c.name(t, "bi_mark")
	_, err = logins.AddPerson(t.Context(), c.conn, logins.Person{Login: name, User: "mark", Plan: "narrow"})
	wantRefusal(t, err, "the model has one form of policies", "by_viewer")
	if a := must[logins.Added](t)(logins.AddPerson(t.Context(), c.conn, logins.Person{Login: name, User: "mark", Plan: logins.PlanAuto})); a.Plan != "any" {
		t.Errorf("added %+v", a)
	}
	if got := notes(t, c.Conn(t, name)); got != expected("mark") {
		t.Errorf("mark sees %q", got)
	}
	c.planIsEmpty(t)
}
