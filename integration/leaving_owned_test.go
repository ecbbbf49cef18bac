package integration

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/internal/doctor"
	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/leave"
	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
)

const ownedModel = `
version: 1
database: {client_roles: ["Shop; Client"], maintenance_roles: [mover]}
users: {table: public.person, key: id}
resources: {note: {table: public.note, owner: owner_id}}
grants: [{to: authenticated, allow: {note: [read]}}]
`

// TestLeavingOwned lets an application create a table, a function and a schema after entering: they belong to a plan role.
func TestLeavingOwned(t *testing.T) {
	t.Parallel()
	s := cluster(t)
	conn := place(t, s, "place", `CREATE ROLE "Shop; Client" NOLOGIN; CREATE ROLE mover NOLOGIN;
		CREATE TABLE person (id bigint PRIMARY KEY); CREATE TABLE note (id bigint, owner_id bigint); CREATE INDEX ON note (owner_id);
		GRANT CREATE ON SCHEMA public TO "Shop; Client"; GRANT CREATE ON DATABASE place TO "Shop; Client"`)
	if _, err := kernel.Up(t.Context(), conn); err != nil {
		t.Fatal(explain(err))
	}
	applyTo(t, conn, ownedModel)
	if _, err := logins.AddGateway(t.Context(), conn, logins.Gateway{Login: "gate", Users: true, ClientRole: "Shop; Client",
		Key: logins.KeyFile{Path: filepath.Join(t.TempDir(), "a")}}); err != nil {
		t.Fatal(explain(err))
	}
	const role = `"rls_narrow_Shop; Client"`
	must(t, conn, `SET ROLE `+role+`; CREATE TABLE public."Made" (id bigint GENERATED ALWAYS AS IDENTITY, n serial); INSERT INTO public."Made" DEFAULT VALUES;
		GRANT SELECT ON public."Made" TO PUBLIC;
		CREATE FUNCTION public.made(a integer) RETURNS integer LANGUAGE sql RETURN a; CREATE SCHEMA made; CREATE TYPE made.kind AS (a integer); RESET ROLE`)
	r, err := doctor.Examine(t.Context(), conn, doctor.Options{})
	if err != nil {
		t.Fatal(explain(err))
	}
	var got []string
	for _, f := range r.Findings {
		if f.Code == doctor.CodeOwnPrivileges {
			t.Error("an owner holds what is its own:", f)
		}
		if f.Code == doctor.CodePlanOwned && f.Level == policies.Warning {
			got = append(got, f.Hint)
		}
	}
	tail := ` OWNER TO mover, and grant "Shop; Client" what it needs of it.`
	equal(t, got, []string{"Run ALTER TYPE made.kind" + tail, "Run ALTER FUNCTION public.made(integer)" + tail,
		"Run ALTER SCHEMA made" + tail, `Run ALTER TABLE public."Made"` + tail}, "hints")
	for _, f := range r.Findings { // an order can be followed
		if order, ok := strings.CutSuffix(f.Hint, tail); ok {
			must(t, conn, "BEGIN; "+strings.TrimPrefix(order, "Run ")+" OWNER TO mover; ROLLBACK")
		}
	}
	// A default privilege names the plan role too, and belongs to nobody else.
	must(t, conn, "ALTER DEFAULT PRIVILEGES FOR ROLE "+role+" GRANT SELECT ON TABLES TO mover")
	p, err := leave.Look(t.Context(), conn)
	if err != nil {
		t.Fatal(explain(err))
	}
	if !slices.ContainsFunc(p.Policies.Changes, func(c policies.Change) bool {
		return c.Object.Kind == policies.KindRole && strings.Contains(c.Reason, `table public."Made"`) && strings.Contains(c.Reason, `becomes the property of "Shop; Client"`)
	}) {
		t.Errorf("the plan does not say who gets the objects: %v", p.Policies.Changes)
	}
	_, err = leave.Run(t.Context(), conn, p, apply.Options{Allow: p.Hazards()})
	if pg := new(pgconn.PgError); !errors.As(err, &pg) || pg.Code != "RL660" || !strings.Contains(pg.Hint, "default privileges") {
		t.Fatalf("leaving with default privileges: %v", explain(err))
	}
	must(t, conn, "ALTER DEFAULT PRIVILEGES FOR ROLE "+role+" REVOKE SELECT ON TABLES FROM mover")
	i := slices.IndexFunc(p.Policies.Changes, func(c policies.Change) bool { return c.Object.Title == "database role "+role })
	// Not parallel: they share the connection.
	for who, want := range map[string]string{"maker CREATEROLE": "Shop; Client", "maker CREATEROLE NOINHERIT": "RL660", "maker": "RL660"} {
		t.Run("as "+who, func(t *testing.T) {
			must(t, conn, "BEGIN; REVOKE ALL ON SCHEMA rls FROM "+role+"; CREATE ROLE "+who+"; SET LOCAL ROLE maker")
			defer must(t, conn, "ROLLBACK")
			_, err := conn.Exec(t.Context(), p.Policies.Changes[i].SQL)
			var got string
			if pg := new(pgconn.PgError); errors.As(err, &pg) {
				if got = pg.Code; !strings.Contains(pg.Hint, "REASSIGN OWNED BY "+role) {
					t.Error(explain(err))
				}
			} else if err := conn.QueryRow(t.Context(), `SELECT tableowner FROM pg_tables WHERE tablename = 'Made'`).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("%s, want %s: %v", got, want, explain(err))
			}
		})
	}
	if stay := leaves(t, conn); len(stay) > 0 {
		t.Errorf("roles stay: %v", stay)
	}
	var owners string
	var roles, kept int
	if err := conn.QueryRow(t.Context(), `SELECT string_agg(DISTINCT o.owner::regrole::text, ' '), (SELECT count(*) FROM pg_roles WHERE rolname ~ '^rls_'), (SELECT count(*) FROM public."Made")
		FROM (SELECT relowner FROM pg_class WHERE relname ~ '^Made' UNION ALL SELECT proowner FROM pg_proc WHERE proname = 'made'
			UNION ALL SELECT nspowner FROM pg_namespace WHERE nspname = 'made' UNION ALL SELECT typowner FROM pg_type WHERE typname = 'kind') AS o(owner)`).Scan(&owners, &roles, &kept); err != nil {
		t.Fatal(err)
	}
	if owners != `"Shop; Client"` || roles != 0 || kept != 1 {
		t.Errorf("owners %s, %d roles of the toolkit, %d rows", owners, roles, kept)
	}
}
