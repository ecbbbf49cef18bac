package doctor_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/demo"
	"github.com/rlsctl/rlsctl/internal/doctor"
	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/diff"
	"github.com/rlsctl/rlsctl/policies/examples/acme"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// place is a healthy installation: the example with a person, an impersonating login and a gateway.
type place struct {
	*pgtest.Database
	conn                            *pgx.Conn
	client, admin, person, bi, gate string
	other                           string // a database role that has nothing to do with it
}

func newPlace(t *testing.T) *place {
	t.Helper()
	d := pgtest.Shared(t).Database(t)
	p := &place{Database: d, client: d.Role(t, "acme_app", "NOLOGIN"), admin: d.Role(t, "acme_admin", "NOLOGIN"),
		person: d.Role(t, "lena", "LOGIN"), bi: d.Role(t, "bi", "LOGIN NOINHERIT"), gate: d.Role(t, "web", "LOGIN NOINHERIT"),
		other: d.Role(t, "other", "LOGIN")}
	p.conn = d.Conn(t, "")
	if _, err := demo.Install(t.Context(), p.conn, acme.With(p.client, p.admin)); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if _, err := logins.AddPerson(ctx, p.conn, logins.Person{Login: p.person, User: "lena"}); err != nil {
		t.Fatal(err)
	}
	if _, err := logins.AddImpersonating(ctx, p.conn, logins.Impersonating{Login: p.bi, As: []logins.As{{Role: p.person, User: "lena"}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := logins.AddGateway(ctx, p.conn, logins.Gateway{Login: p.gate, Users: true, Key: logins.KeyFile{Path: filepath.Join(t.TempDir(), "k")}}); err != nil {
		t.Fatal(err)
	}
	return p
}

// after examines the database as it would be after some SQL, none of which is kept.
func (p *place) after(t *testing.T, sql string, o doctor.Options) []doctor.Finding {
	t.Helper()
	tx, err := p.conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(t.Context()))
	r := strings.NewReplacer("{client}", p.client, "{admin}", p.admin, "{person}", p.person, "{bi}", p.bi, "{gate}", p.gate, "{other}", p.other)
	if _, err := tx.Exec(t.Context(), r.Replace(sql), pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	report, err := doctor.InTx(t.Context(), tx, o)
	if err != nil {
		t.Fatal(err)
	}
	return report.Findings
}

func show(list []doctor.Finding) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "\n  %s %s: %s\n    %s", f.Level, f.Code, f.Message, f.Hint)
	}
	return b.String()
}

// quiet is what a test server may be found to be, which is none of the test's business.
var quiet = []policies.Code{doctor.CodeOutdated, doctor.CodeUnsafeServer, doctor.CodeParameterLog, doctor.CodeParameterErrors}

func TestExamine(t *testing.T) {
	t.Parallel()
	p := newPlace(t)

	healthy := slices.DeleteFunc(p.after(t, "SELECT 1", doctor.Options{}), func(f doctor.Finding) bool { return slices.Contains(quiet, f.Code) })
	if len(healthy) > 0 {
		t.Fatalf("a healthy installation has findings:%s", show(healthy))
	}

	as := func(sql string) string { return "SET LOCAL ROLE rls_owner; " + sql + "; RESET ROLE" }
	const key = "SELECT rls.add_key('{gate}', '%[1]s', repeat('x', 32)::bytea); UPDATE rls.gateway_key SET created_at = now() - interval '%[2]d days' WHERE id = '%[1]s'"
	cases := []struct {
		name, sql string
		code      policies.Code
		level     policies.Severity
		message   string // a part of it
		hint      string // a part of it
	}{
		{"policy changed by hand", "ALTER POLICY note_read ON public.note USING (true)", doctor.CodeDrift, policies.Error, "note_read on public.note was changed", "rlsctl apply"},
		{"policy dropped by hand", "DROP POLICY note_read ON public.note", doctor.CodeDrift, policies.Error, "note_read on public.note was dropped", "rlsctl apply"},
		{"function changed by hand", "ALTER FUNCTION rls.admitted_owners(text, text, text, boolean) COST 1", doctor.CodeDrift, policies.Error, "was changed", "rlsctl apply"},
		{"not enabled", "ALTER TABLE public.note DISABLE ROW LEVEL SECURITY", doctor.CodeNotForced, policies.Error, "without ENABLE ROW", "ENABLE ROW LEVEL"},
		{"not forced", "ALTER TABLE public.note NO FORCE ROW LEVEL SECURITY", doctor.CodeNotForced, policies.Error, "without FORCE ROW", "FORCE ROW LEVEL"},
		{"table gone", "DROP TABLE public.note", doctor.CodeNotForced, policies.Error, "does not exist", "rls.yaml"},
		{"foreign policy", "CREATE POLICY mine ON public.note FOR SELECT USING (true)", doctor.CodeForeignPolicy, policies.Error, "mine on public.note", "DROP POLICY mine"},
		{"member of rls_owner", "GRANT rls_owner TO {other}", doctor.CodeOwnerMember, policies.Error, `"{other}" is a member of rls_owner`, "REVOKE rls_owner FROM {other}"},
		{"rls_owner logs in", "ALTER ROLE rls_owner LOGIN", doctor.CodeKernelRole, policies.Error, "rls_owner has LOGIN", "NOLOGIN"},
		{"rls_client bypasses", "ALTER ROLE rls_client BYPASSRLS", doctor.CodeKernelRole, policies.Error, "rls_client has BYPASSRLS", "NOBYPASSRLS"},
		{"rls_client is a member", "GRANT {other} TO rls_client", doctor.CodeKernelRole, policies.Error, "rls_client is a member of", "REVOKE {other} FROM rls_client"},
		{"rls_client gone", "ALTER ROLE rls_client RENAME TO {other}_x", doctor.CodeKernelRole, policies.Error, "rls_client is missing", "rlsctl migrate down"},
		{"a form bypasses", "ALTER ROLE rls_wide BYPASSRLS", doctor.CodeKernelRole, policies.Error, "rls_wide has BYPASSRLS", "NOBYPASSRLS"},
		{"a form logs in", "ALTER ROLE rls_any LOGIN", doctor.CodeKernelRole, policies.Error, "rls_any has LOGIN", "NOLOGIN"},
		{"a form is a member", "GRANT {other} TO rls_narrow", doctor.CodeKernelRole, policies.Error, "rls_narrow is a member of", "REVOKE {other} FROM rls_narrow"},
		{"a form gone", "ALTER ROLE rls_middle RENAME TO {other}_x", doctor.CodeKernelRole, policies.Error, "rls_middle is missing", "rlsctl migrate down"},
		{"the form of superusers gone", "ALTER ROLE rls_all RENAME TO {other}_x", doctor.CodeKernelRole, policies.Error, "rls_all is missing", "rlsctl migrate down"},
		{"plan role logs in", "ALTER ROLE rls_wide_{client} LOGIN", doctor.CodeDrift, policies.Error, "database role rls_wide_{client} was changed", "rlsctl apply"},
		{"plan role is a member of more", "GRANT {other} TO rls_wide_{client}", doctor.CodeDrift, policies.Error, "database role rls_wide_{client} was changed", "rlsctl apply"},
		{"plan role gone", "DROP OWNED BY rls_wide_{client}; DROP ROLE rls_wide_{client}", doctor.CodeDrift, policies.Error, "database role rls_wide_{client} was dropped", "rlsctl apply"},
		{"plan role holds a table", "GRANT SELECT ON public.note TO rls_wide_{client}", doctor.CodeOwnPrivileges, policies.Error, `plan role "rls_wide_{client}" holds privileges on public.note`, "REVOKE ALL ON public.note FROM rls_wide_{client}"},
		{"plan role holds a column of another table", "CREATE TABLE public.x (a integer); GRANT UPDATE (a) ON public.x TO rls_any_{client}", doctor.CodeOwnPrivileges, policies.Error, "holds privileges on public.x", "REVOKE ALL ON public.x"},
		{"role gone", "ALTER ROLE {gate} RENAME TO {gate}_x", doctor.CodeLostLogin, policies.Error, "does not exist", "gateway remove {gate}"},
		{"cannot log in", "ALTER ROLE {person} NOLOGIN", doctor.CodeLostLogin, policies.Error, "cannot log in", "ALTER ROLE {person} LOGIN"},
		{"gateway without entry", as("DELETE FROM rls.gateway"), doctor.CodeKind, policies.Error, "entry says otherwise", "gateway remove"},
		{"impersonates nobody", as("DELETE FROM rls.impersonation"), doctor.CodeKind, policies.Error, "lists no role", "login remove {bi}"},
		{"impersonates more", "GRANT {other} TO {bi}", doctor.CodeKind, policies.Error, "which is not listed", "REVOKE {other} FROM {bi}"},
		{"impersonates less", "REVOKE {person} FROM {bi}", doctor.CodeKind, policies.Warning, "of which it is no member", "GRANT {person} TO {bi}"},
		{"impersonates a lost role", as("INSERT INTO rls.impersonation VALUES ('{bi}', 'nowhere', 'x')"), doctor.CodeKind, policies.Error, `lists "nowhere", which does not exist`, "login remove {bi}"},
		{"impersonating inherits", "ALTER ROLE {bi} INHERIT", doctor.CodeKind, policies.Warning, "is INHERIT", "NOINHERIT"},
		{"person does not inherit", "ALTER ROLE {person} NOINHERIT", doctor.CodeKind, policies.Warning, "NOINHERIT", "ALTER ROLE {person} INHERIT"},
		{"person without client role", "REVOKE {client} FROM {person}", doctor.CodeKind, policies.Warning, "no member of its client role", "GRANT {client} TO {person}"},
		{"lost client role", as("UPDATE rls.login SET client_role = 'lost' WHERE name = '{person}'"), doctor.CodeKind, policies.Error, "no client role of the model", "login remove {person}"},
		{"superuser", "ALTER ROLE {person} SUPERUSER", doctor.CodeDangerousLogin, policies.Error, "is a database superuser", "login remove {person}"},
		{"bypassrls", "ALTER ROLE {gate} BYPASSRLS", doctor.CodeDangerousLogin, policies.Error, "has BYPASSRLS", "gateway remove {gate}"},
		{"createrole", "ALTER ROLE {gate} CREATEROLE", doctor.CodeDangerousLogin, policies.Error, "has CREATEROLE", ""},
		{"replication", "ALTER ROLE {gate} REPLICATION", doctor.CodeDangerousLogin, policies.Error, "has REPLICATION", ""},
		{"table owner", "ALTER TABLE public.note OWNER TO {person}", doctor.CodeDangerousLogin, policies.Error, "owns the protected table public.note", ""},
		{"member of the table's owner", "ALTER TABLE public.note OWNER TO {other}; GRANT {other} TO {person}", doctor.CodeDangerousLogin, policies.Error, "is a member of {other}, which owns", ""},
		{"maintenance role", "GRANT {admin} TO {person}", doctor.CodeDangerousLogin, policies.Error, "is a maintenance role", ""},
		{"another principal", "GRANT {person} TO {gate}", doctor.CodeDangerousLogin, policies.Error, "another principal's login", ""},
		{"user gone", as(`UPDATE rls.login SET principal = '00000000-0000-0000-0000-000000000000' WHERE kind = 'person'`), doctor.CodePrincipal, policies.Warning, "who does not exist", "login remove {person}"},
		{"superuser impersonated", as(`UPDATE rls."user" SET is_superuser = true WHERE login = 'lena'`), doctor.CodePrincipal, policies.Warning, "stands for a superuser", "login remove {bi}"},
		{"gateway's own privilege", "GRANT SELECT (title) ON public.note TO {gate}", doctor.CodeOwnPrivileges, policies.Error, "holds privileges on public.note", "REVOKE ALL"},
		{"everybody's privilege", "GRANT SELECT ON public.note TO PUBLIC", doctor.CodeOwnPrivileges, policies.Error, "holds privileges on public.note", "REVOKE ALL"},
		{"gateway without client role", "REVOKE {client} FROM {gate}", doctor.CodeClientRole, policies.Error, "is a member of: none", "{client}"},
		{"gateway with two client roles", "GRANT {other} TO {gate}; " + as("INSERT INTO rls.database_role VALUES ('{other}', 'client', 9)"), doctor.CodeClientRole, policies.Error, "{other}", "no other client role"},
		{"gateway without a plan role", "REVOKE rls_middle_{client} FROM {gate}", doctor.CodeNoPlanRole, policies.Error, `cannot take the plan role "rls_middle_{client}"`, "GRANT rls_middle_{client} TO {gate}"},
		{"gateway with a plan role of another client role", "CREATE ROLE rls_any_{other} IN ROLE {other}, rls_any; GRANT rls_any_{other} TO {gate}; " +
			as("INSERT INTO rls.database_role VALUES ('{other}', 'client', 9); INSERT INTO rls.plan_role VALUES ('{other}', 'any', 'rls_any_{other}')"),
			doctor.CodeClientRole, policies.Error, `can take "rls_any_{other}", which is a plan role of another`, "REVOKE rls_any_{other} FROM {gate}"},
		{"person without a form", "REVOKE rls_any FROM {person}", doctor.CodeNoForm, policies.Warning, `login "{person}" has no form of policies`, "GRANT rls_any TO {person}"},
		{"stand-in without a form", "GRANT {client} TO {other}; GRANT {other} TO {bi}; " + as("INSERT INTO rls.impersonation SELECT '{bi}', '{other}', l.principal FROM rls.login AS l WHERE l.name = '{person}'"),
			doctor.CodeNoForm, policies.Warning, `role "{other}" of login "{bi}" has no form of policies`, "GRANT rls_any TO {other}"},
		{"stand-in in the form of superusers", "GRANT {client}, rls_all TO {other}; GRANT {other} TO {bi}; " + as("INSERT INTO rls.impersonation SELECT '{bi}', '{other}', l.principal FROM rls.login AS l WHERE l.name = '{person}'"),
			doctor.CodeFormAlone, policies.Warning, `role "{other}" of login "{bi}": policies of form "all" are for superusers`, "GRANT rls_any TO {other}"},
		{"superuser without a branch", "REVOKE rls_any FROM {person}; GRANT rls_middle TO {person}; " + as(`UPDATE rls."user" SET is_superuser = true WHERE login = 'lena'`),
			doctor.CodeFormAlone, policies.Warning, `login "{person}" is a superuser's: policies of form "middle" raise 40001`, "login plan {person} any"},
		{"somebody else without a branch", "REVOKE rls_any FROM {person}; GRANT rls_all TO {person}",
			doctor.CodeFormAlone, policies.Warning, `login "{person}" is no superuser's: policies of form "all" raise 40001`, "login plan {person} any"},
		{"gateway that can become more", "GRANT SELECT ON public.note TO {other}; GRANT {other} TO {gate}", doctor.CodeExcess, policies.Error, `gateway "{gate}" can become "{other}"`, "REVOKE {other} FROM {gate}"},
		{"gateway that monitors", "GRANT pg_monitor TO {gate}", doctor.CodeExcess, policies.Error, `can become "pg_monitor"`, "REVOKE pg_monitor FROM {gate}"},
		{"gateway that holds another table", "CREATE TABLE public.x (); GRANT SELECT ON public.x TO {gate}", doctor.CodeExcess, policies.Error, "privileges on table public.x", "REVOKE ALL"},
		{"gateway that owns a function", "CREATE FUNCTION public.f() RETURNS int RETURN 1; ALTER FUNCTION public.f() OWNER TO {gate}", doctor.CodeExcess, policies.Error, "function public.f()", "another owner"},
		{"gateway with a limit of a client's", "ALTER ROLE {gate} SET statement_timeout = 1", doctor.CodeLoginSetting, policies.Error, "a setting of statement_timeout", "RESET statement_timeout, or rlsctl gateway confirm {gate}"},
		{"gateway with a setting of a client's", "ALTER ROLE {gate} SET search_path = evil", doctor.CodeLoginSetting, policies.Error, "a setting of search_path", "RESET search_path"},
		{"gateway with another password", "ALTER ROLE {gate} PASSWORD 'mine'; " + as(`UPDATE rls.login SET given = given || '{"password": "x"}' WHERE name = '{gate}'`), doctor.CodeNewPassword, policies.Warning, "another password", "gateway confirm {gate}"},
		{"no key", as("DELETE FROM rls.gateway_key"), doctor.CodeNoKey, policies.Error, "has no key", "key rotate {gate}"},
		{"three keys", as(fmt.Sprintf(key, "a", 0) + "; " + fmt.Sprintf(key, "b", 0)), doctor.CodeManyKeys, policies.Warning, "3 valid keys", "key retire"},
		{"old key", as("UPDATE rls.gateway_key SET created_at = now() - interval '91 days'"), doctor.CodeOldKey, policies.Warning, "91 days old", "key rotate {gate}"},
		{"service not in the model", as("UPDATE rls.gateway SET services = '{cron}'"), doctor.CodeServiceRefused, policies.Warning, "registered with service \"cron\", which the model does not name", "Add \"cron\" to \"services\""},
		{"service of others", as("INSERT INTO rls.service VALUES ('jobs', '{elsewhere}'); UPDATE rls.gateway SET services = '{jobs}'"), doctor.CodeServiceRefused, policies.Warning, "does not list gateway", "--service jobs"},
		{"service of nobody", as("INSERT INTO rls.service VALUES ('jobs')"), doctor.CodeServiceIdle, policies.Warning, "no gateway may claim service \"jobs\"", "--service jobs"},
		{"unsigned", as("UPDATE rls.gateway SET signed = false"), doctor.CodeUnsigned, policies.Error, "UNSIGNED", "key rotate {gate}"},
		{"truncate", "GRANT TRUNCATE ON public.note TO {client}", doctor.CodeUnfiltered, policies.Error, "TRUNCATE on the protected table", "REVOKE TRUNCATE ON public.note FROM {client}"},
		{"references for everybody", "GRANT REFERENCES ON public.note TO PUBLIC", doctor.CodeUnfiltered, policies.Error, "PUBLIC holds REFERENCES", "FROM PUBLIC"},
		{"trigger", "GRANT TRIGGER ON public.note TO {client}", doctor.CodeUnfiltered, policies.Error, "TRIGGER", "REVOKE"},
		{"truncate through another role", "GRANT TRUNCATE ON public.note TO {other}; GRANT {other} TO {client}", doctor.CodeUnfiltered, policies.Error, `"{other}", which a client`, "REVOKE TRUNCATE ON public.note FROM {other}"},
		{"unmapped login", "GRANT {client} TO {other}", doctor.CodeUnmappedLogin, policies.Warning, `"{other}" is a member of client role`, "login add {other}"},
		{"no index on the owner", "DROP INDEX public.note_created_by_id", doctor.CodeNoIndex, policies.Warning, "owner column created_by_id of public.note", "CREATE INDEX CONCURRENTLY ON public.note (created_by_id)"},
		{"statements are logged", "SET LOCAL log_statement = 'all'; SET LOCAL log_parameter_max_length = -1", doctor.CodeParameterLog, policies.Warning, "log_statement = all", "log_parameter_max_length = 0"},
		{"slow statements are logged", "SET LOCAL log_min_duration_statement = 100; SET LOCAL log_statement = 'none'; SET LOCAL log_parameter_max_length = 50", doctor.CodeParameterLog, policies.Warning, "log_min_duration_statement", "log_parameter_max_length = 0"},
		{"errors quote parameters", "SET LOCAL log_parameter_max_length_on_error = 80", doctor.CodeParameterErrors, policies.Warning, "errors quote", "log_parameter_max_length_on_error = 0"},
		{"definer view", "CREATE VIEW public.all_notes AS SELECT * FROM public.note", doctor.CodeDefinerView, policies.Warning, "view public.all_notes reads", "security_invoker"},
		{"definer view over an invoker view", "CREATE VIEW public.v1 WITH (security_invoker = true) AS SELECT * FROM public.note; CREATE VIEW public.v2 AS SELECT * FROM public.v1; GRANT SELECT ON public.v2 TO {client}",
			doctor.CodeDefinerView, policies.Error, "view public.v2 reads protected rows", "public.v2"},
		{"definer function", "CREATE FUNCTION public.f() RETURNS bigint LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT count(*) FROM public.note; END",
			doctor.CodeDefinerFunction, policies.Error, "function public.f() reads public.note as its owner", "ALTER ROUTINE public.f() SECURITY INVOKER"},
		{"definer function by its text", "CREATE FUNCTION public.f() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN (SELECT count(*) FROM note); END'",
			doctor.CodeDefinerFunction, policies.Warning, "may read (its text says so) public.note", "SECURITY INVOKER"},
		{"publication", "CREATE PUBLICATION p FOR TABLE public.note", diff.CodeSeesAll, policies.Warning, "publication p sends every row of public.note", "DROP TABLE"},
		{"materialized view", "CREATE MATERIALIZED VIEW public.m AS SELECT * FROM public.note; GRANT SELECT ON public.m TO PUBLIC", doctor.CodeMaterialized, policies.Error, "public.m holds protected rows", "REVOKE ALL ON public.m"},
		{"guard switched off", as(`ALTER TABLE rls."user" DISABLE TRIGGER rls_guard_update`), doctor.CodeDrift, policies.Error, "trigger rls_guard_update on rls.\"user\" was changed", "rlsctl apply"},
		{"guard dropped", as("DROP TRIGGER rls_guard_insert ON rls.group_member"), doctor.CodeDrift, policies.Error, "trigger rls_guard_insert on rls.group_member was dropped", "rlsctl apply"},
		{"authority of the application", as("DELETE FROM rls.compiled WHERE kind = 'trigger'"), doctor.CodeApplication, policies.Warning, "whoever holds the table privileges", "authority: application"},
		{"a trigger after the guards", as(`CREATE FUNCTION pg_temp.x() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; CREATE TRIGGER "~~last" BEFORE UPDATE ON rls."user" FOR EACH ROW EXECUTE FUNCTION pg_temp.x()`),
			doctor.CodeAfterGuard, policies.Warning, `trigger "~~last" on rls."user" fires after the guard`, `ALTER TRIGGER "~~last"`},
		{"a login without triggers", "ALTER ROLE {person} SET session_replication_role = replica", doctor.CodeSilent, policies.Error, `database role "{person}" has session_replication_role = replica`, "ALTER ROLE {person} RESET"},
		{"a login may do without triggers", "GRANT SET ON PARAMETER session_replication_role TO {gate}", doctor.CodeSilent, policies.Error, `database role "{gate}" may set session_replication_role`, "REVOKE ALL ON PARAMETER session_replication_role FROM {gate}"},
		{"a table later in a closed schema", as("INSERT INTO rls.schema_rule VALUES ('public', true, '{}')") + "; CREATE TABLE public.later (id integer)", doctor.CodeUndecided, policies.Error,
			"table public.later of the closed schema public", "name public.later under open"},
		{"a copy", "CREATE TABLE public.copy AS SELECT * FROM public.note", doctor.CodeUndecided, policies.Warning, "table public.copy has the columns of the protected table public.note", "Drop public.copy"},
		{"a copy that clients read", "CREATE TABLE public.copy (LIKE public.note); GRANT SELECT ON public.copy TO {client}", doctor.CodeUndecided, policies.Error, "readable by {client}", "Drop public.copy"},
	}
	if p.Server().Version() < 160000 {
		cases = append(cases, struct {
			name, sql string
			code      policies.Code
			level     policies.Severity
			message   string
			hint      string
		}{"gateway inherits", "ALTER ROLE {gate} INHERIT", doctor.CodeInherits, policies.Error, "inherits the privileges", "NOINHERIT"})
	} else {
		cases = append(cases, struct {
			name, sql string
			code      policies.Code
			level     policies.Severity
			message   string
			hint      string
		}{"gateway inherits", "GRANT {client} TO {gate} WITH INHERIT TRUE", doctor.CodeInherits, policies.Error, "inherits the privileges", "INHERIT FALSE"})
	}
	r := strings.NewReplacer("{client}", p.client, "{admin}", p.admin, "{person}", p.person, "{bi}", p.bi, "{gate}", p.gate, "{other}", p.other)
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			list := p.after(t, tc.sql, doctor.Options{})
			message, hint := r.Replace(tc.message), r.Replace(tc.hint)
			if !slices.ContainsFunc(list, func(f doctor.Finding) bool {
				return f.Code == tc.code && f.Level == tc.level && strings.Contains(f.Message, message) && strings.Contains(f.Hint, hint)
			}) {
				t.Errorf("no %s %s with %q and %q in:%s", tc.level, tc.code, message, hint, show(list))
			}
			for _, f := range list {
				if f.Hint == "" || strings.HasSuffix(f.Message, ".") {
					t.Errorf("not in the house form: %+v", f)
				}
			}
		})
	}

	t.Run("a materialized view that nobody may read is none", func(t *testing.T) {
		list := p.after(t, "CREATE MATERIALIZED VIEW public.m AS SELECT * FROM public.note", doctor.Options{})
		if slices.ContainsFunc(list, func(f doctor.Finding) bool { return f.Code == doctor.CodeMaterialized }) {
			t.Errorf("found:%s", show(list))
		}
	})
	t.Run("a kept policy is a note", func(t *testing.T) {
		list := p.after(t, "CREATE POLICY mine ON public.note FOR SELECT USING (true)", doctor.Options{Keep: map[string][]string{"public.note": {"mine"}}})
		if !slices.ContainsFunc(list, func(f doctor.Finding) bool {
			return f.Code == doctor.CodeForeignPolicy && f.Level == policies.Note
		}) {
			t.Errorf("found:%s", show(list))
		}
	})
	t.Run("an invoker view is fine", func(t *testing.T) {
		list := p.after(t, "CREATE VIEW public.v WITH (security_invoker = on) AS SELECT * FROM public.note", doctor.Options{})
		if slices.ContainsFunc(list, func(f doctor.Finding) bool { return f.Code == doctor.CodeDefinerView }) {
			t.Errorf("found:%s", show(list))
		}
	})
	t.Run("each form is one", func(t *testing.T) {
		for _, form := range []string{"narrow", "middle", "wide"} {
			list := p.after(t, "REVOKE rls_any FROM "+p.person+"; GRANT rls_"+form+" TO "+p.person, doctor.Options{})
			if list = slices.DeleteFunc(list, func(f doctor.Finding) bool { return slices.Contains(quiet, f.Code) }); len(list) > 0 {
				t.Errorf("%s: found:%s", form, show(list))
			}
		}
	})
	t.Run("a superuser with a branch is fine", func(t *testing.T) {
		for _, form := range []string{"any", "all"} {
			list := p.after(t, "SET LOCAL ROLE rls_owner; DELETE FROM rls.impersonation; UPDATE rls.\"user\" SET is_superuser = true WHERE login = 'lena'; RESET ROLE; REVOKE rls_any FROM "+p.person+"; GRANT rls_"+form+" TO "+p.person, doctor.Options{})
			if slices.ContainsFunc(list, func(f doctor.Finding) bool { return f.Code == doctor.CodeFormAlone || f.Code == doctor.CodeNoForm }) {
				t.Errorf("%s: found:%s", form, show(list))
			}
		}
	})
	t.Run("a login through a plan role is unmapped too", func(t *testing.T) {
		list := p.after(t, "GRANT rls_any_"+p.client+" TO "+p.other, doctor.Options{})
		if !slices.ContainsFunc(list, func(f doctor.Finding) bool { return f.Code == doctor.CodeUnmappedLogin }) {
			t.Errorf("found:%s", show(list))
		}
	})
	t.Run("a maintenance login may reach client roles", func(t *testing.T) {
		list := p.after(t, "GRANT {client}, {admin} TO {other}", doctor.Options{})
		if slices.ContainsFunc(list, func(f doctor.Finding) bool { return f.Code == doctor.CodeUnmappedLogin }) {
			t.Errorf("found:%s", show(list))
		}
	})
}

// TestExamineActivity: a token in the text of a statement is found while it can be read.
func TestExamineActivity(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	shown := func() (found bool) {
		for _, f := range p.after(t, "SELECT 1", doctor.Options{}) {
			found = found || f.Code == doctor.CodeShownToken && strings.Contains(f.Message, p.gate) && strings.Contains(f.Hint, "track_activities = off")
		}
		return found
	}
	paste := func() {
		conn := p.Conn(t, p.gate)
		_, _ = conn.Exec(t.Context(), "SELECT rls.enter('rls1|k1|1|user|31|||0||00')", pgx.QueryExecModeSimpleProtocol) // refused, and shown
	}
	paste() // registering has hidden it
	if shown() {
		t.Error("found although it is hidden")
	}
	if _, err := p.conn.Exec(t.Context(), "ALTER ROLE "+p.gate+" RESET track_activities"); err != nil {
		t.Fatal(err)
	}
	bind := p.Conn(t, p.gate)
	_, _ = bind.Exec(t.Context(), "SELECT rls.enter($1)", "rls1|k1|1|user|31|||0||00")
	if shown() {
		t.Error("found although it was a bind parameter")
	}
	paste()
	if !shown() {
		t.Error("not found although it stands there")
	}
}

func TestExamineAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	conn := pgtest.Shared(t).Database(t).Conn(t, "")
	want := func(code policies.Code) {
		t.Helper()
		r, err := doctor.Examine(t.Context(), conn, doctor.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !r.HasErrors() || !slices.ContainsFunc(r.Findings, func(f doctor.Finding) bool { return f.Code == code }) {
			t.Errorf("no %s in:%s", code, show(r.Findings))
		}
	}
	want(doctor.CodeNoKernel)
	if _, err := kernel.Up(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	want(doctor.CodeNoModel)
}

// An application's own tables: here the edge and membership columns can lack an index.
func TestExamineAdoptedTables(t *testing.T) {
	t.Parallel()
	d := pgtest.Shared(t).Database(t)
	conn := d.Conn(t, "")
	client := d.Role(t, "app", "NOLOGIN")
	if _, err := kernel.Up(t.Context(), conn); err != nil {
		t.Fatal(err)
	}
	d.Exec(t, `CREATE SCHEMA hr; CREATE TABLE hr.person (id bigint PRIMARY KEY, "Boss" bigint);
		CREATE TABLE hr.deputy (stand_in bigint, who bigint); CREATE TABLE hr.team (id integer PRIMARY KEY);
		CREATE TABLE hr.team_member (team_id integer, user_id bigint);
		CREATE TABLE hr.task (id bigint PRIMARY KEY, owner_id bigint, team_id integer);`)
	m, diags := pipeline.Parse("rls.yaml", []byte(`version: 1
database: {client_roles: [`+client+`]}
users:
  table: hr.person
  key: id
  sees: {boss: Boss, deputy: {table: hr.deputy, viewer: stand_in, seen: who}}
groups:
  table: hr.team
  key: id
  members: {table: hr.team_member, group: team_id, user: user_id}
resources:
  task: {table: hr.task, owner: [owner_id, {group: team_id}]}
`))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	r, err := pipeline.Plan(t.Context(), conn, m)
	if err != nil || r.Diagnostics.HasErrors() {
		t.Fatal(err, r.Diagnostics)
	}
	if err := pipeline.Apply(t.Context(), conn, m, r.Plan, apply.Options{Allow: apply.Hazards(r.Plan)}); err != nil {
		t.Fatal(err)
	}
	missing := func() (out []string) {
		t.Helper()
		report, err := doctor.Examine(t.Context(), conn, doctor.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range report.Findings {
			if f.Code == doctor.CodeNoIndex {
				_, on, _ := strings.Cut(f.Hint, "ON ")
				out = append(out, strings.TrimSuffix(on, "."))
			}
		}
		return out
	}
	got := missing()
	want := []string{"hr.task (owner_id)", "hr.task (team_id)", `hr.person ("Boss")`, "hr.deputy (stand_in)", "hr.deputy (who)", "hr.team_member (team_id)", "hr.team_member (user_id)"}
	if !slices.Equal(got, want) {
		t.Errorf("without an index: %q, want %q", got, want)
	}
	for _, on := range want {
		d.Exec(t, "CREATE INDEX ON "+on)
	}
	if got := missing(); len(got) > 0 {
		t.Errorf("with all indexes: %q", got)
	}
}

// A model of one form has no plan roles: its client roles hold the form.
func TestExamineOneForm(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	m, diags := pipeline.Parse("rls.yaml", []byte(strings.Replace(acme.With(p.client, p.admin).Model, "database:\n", "database:\n  plans: one\n", 1)))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	r, err := pipeline.Plan(t.Context(), p.conn, m)
	if err != nil || r.Diagnostics.HasErrors() {
		t.Fatal(err, r.Diagnostics)
	}
	if err := pipeline.Apply(t.Context(), p.conn, m, r.Plan, apply.Options{Allow: apply.Hazards(r.Plan)}); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"SELECT 1", "REVOKE rls_any FROM {person}"} {
		list := p.after(t, sql, doctor.Options{})
		if list = slices.DeleteFunc(list, func(f doctor.Finding) bool { return slices.Contains(quiet, f.Code) }); len(list) > 0 {
			t.Errorf("%s: found:%s", sql, show(list))
		}
	}
}
