package integration

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"io"
	"io/fs"
	"log"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/migrations"
	objects "github.com/rlsctl/rlsctl/sql"
)

var updateKernel = flag.Bool("update-kernel", false, "write testdata/kernel.golden; read it before you keep it")

const versionTable = migrations.Table

// gooseUp is plain goose as a library, over a folder and with a version table.
func gooseUp(t testing.TB, url, table string, files fs.FS) error {
	t.Helper()
	p := plainGoose(t, url, table, files)
	_, err := p.Up(context.Background())
	return err
}

func plainGoose(t testing.TB, url, table string, files fs.FS) *goose.Provider {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	store, err := database.NewStore(database.DialectPostgres, table)
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider("", db, files, goose.WithStore(store), goose.WithLogger(log.New(io.Discard, "", 0)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func up(t testing.TB, conn *pgx.Conn) {
	t.Helper()
	if _, err := kernel.Up(t.Context(), conn); err != nil {
		t.Fatal(explain(err))
	}
}

func empty(t testing.TB) (*pgtest.Database, *pgx.Conn) {
	t.Helper()
	d := pgtest.Shared(t).Database(t)
	return d, d.Conn(t, "")
}

// kernelFiles are the migrations, those of them that keep names, and others besides.
func kernelFiles(t testing.TB, keep func(name string) bool, more map[string]string) fstest.MapFS {
	t.Helper()
	out := fstest.MapFS{}
	paths, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		if keep(p) {
			b, err := fs.ReadFile(migrations.FS, p)
			if err != nil {
				t.Fatal(err)
			}
			out[p] = &fstest.MapFile{Data: b}
		}
	}
	for name, text := range more {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func every(string) bool { return true }

// withoutVersions leaves goose's own table out of a description.
func withoutVersions(description string) string {
	var out []string
	skip := false
	for line := range strings.SplitSeq(description, "\n") {
		if !strings.HasPrefix(line, "    ") {
			skip = strings.Contains(line, "goose_")
		}
		if !skip {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

func TestKernel(t *testing.T) {
	t.Parallel()

	t.Run("is_what_the_golden_file_says", func(t *testing.T) {
		t.Parallel()
		_, conn := empty(t)
		up(t, conn)
		got := withoutVersions(describe(t, conn, false))
		superuser := one(t, conn, "SELECT current_user")
		got = regexp.MustCompile(`(?m)^schema public .*\n`).ReplaceAllString(got, "")
		// What the server itself makes with a range type belongs to its bootstrap superuser, whatever that is called.
		bootstrap := one(t, conn, "SELECT quote_ident(rolname) FROM pg_roles WHERE oid = 10")
		for _, signature := range rangeConstructors {
			line := regexp.MustCompile(`(?m)^(function ` + regexp.QuoteMeta(signature) + ` returns \S+ internal immutable parallel safe invoker owner )` +
				regexp.QuoteMeta(bootstrap) + `( grants EXECUTE to PUBLIC)$`)
			if n := len(line.FindAllString(got, -1)); n != 1 {
				t.Errorf("%d constructors %s of the server", n, signature)
			}
			got = line.ReplaceAllString(got, "${1}the server${2}")
		}
		if strings.Contains(got, "owner "+superuser) {
			t.Errorf("something belongs to %s:\n%s", superuser, got)
		}
		if *updateKernel {
			if err := os.WriteFile("testdata/kernel.golden", []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		same(t, got, file(t, "testdata/kernel.golden"), "the kernel is not what testdata/kernel.golden says; read the difference, then run with -update-kernel")
	})

	t.Run("goes_up_down_and_up_again", func(t *testing.T) {
		t.Parallel()
		_, conn := empty(t)
		before := describe(t, conn, true)
		up(t, conn)
		first := describe(t, conn, true)
		seal := one(t, conn, "SELECT encode(inner_pad, 'hex') FROM rls.seal")
		if _, err := kernel.Down(t.Context(), conn); err != nil {
			t.Fatal(explain(err))
		}
		same(t, withoutVersions(describe(t, conn, true)), withoutVersions(before), "after down")
		up(t, conn)
		same(t, describe(t, conn, true), first, "up again")
		if one(t, conn, "SELECT encode(inner_pad, 'hex') FROM rls.seal") == seal {
			t.Error("the seal came back")
		}
	})

	t.Run("down_leaves_its_roles_to_other_databases", func(t *testing.T) {
		t.Parallel()
		_, stays := empty(t)
		up(t, stays)
		_, goes := empty(t)
		up(t, goes)
		if _, err := kernel.Down(t.Context(), goes); err != nil {
			t.Fatal(explain(err))
		}
		for _, role := range append([]string{"owner", "client"}, forms...) {
			if one(t, stays, "SELECT to_regrole('rls_"+role+"') IS NOT NULL") != "t" {
				t.Errorf("rls_%s is gone, and another database of the cluster has the kernel", role)
			}
		}
	})

	t.Run("twice_changes_nothing", func(t *testing.T) {
		t.Parallel()
		_, conn := empty(t)
		up(t, conn)
		before := describe(t, conn, true) + one(t, conn, "SELECT s::text FROM rls.seal AS s")
		steps, err := kernel.Up(t.Context(), conn)
		if err != nil || len(steps) != 0 {
			t.Errorf("%v %v", steps, err)
		}
		same(t, describe(t, conn, true)+one(t, conn, "SELECT s::text FROM rls.seal AS s"), before, "after the second time")
	})

	t.Run("plain_goose_installs_the_same", func(t *testing.T) {
		t.Parallel()
		_, ours := empty(t)
		up(t, ours)
		d, conn := empty(t)
		if err := gooseUp(t, d.URL(""), versionTable, migrations.FS); err != nil {
			t.Fatal(explain(err))
		}
		same(t, describe(t, conn, true), describe(t, ours, true), "plain goose")
		if _, err := plainGoose(t, d.URL(""), versionTable, migrations.FS).DownTo(t.Context(), 0); err != nil {
			t.Fatalf("down by plain goose: %v", explain(err))
		}
		if got := one(t, conn, "SELECT coalesce(to_regnamespace('rls')::text, 'gone')"); got != "gone" {
			t.Error("the schema stayed")
		}
	})

	t.Run("plain_goose_and_ours_know_of_each_other", func(t *testing.T) {
		t.Parallel()
		d, conn := empty(t)
		if err := gooseUp(t, d.URL(""), versionTable, migrations.FS); err != nil {
			t.Fatal(explain(err))
		}
		if steps, err := kernel.Up(t.Context(), conn); err != nil || len(steps) != 0 {
			t.Errorf("%v %v", steps, err)
		}
	})

	t.Run("plain_goose_keeps_the_files_before_one_that_fails", func(t *testing.T) {
		t.Parallel()
		_, whole := empty(t)
		up(t, whole)
		d, conn := empty(t)
		err := gooseUp(t, d.URL(""), versionTable, kernelFiles(t, every, map[string]string{
			"20991231000000_bad.sql": "-- +goose Up\nCREATE TABLE public.half (id int);\nSELECT 1 / 0;\n",
		}))
		if sqlstate(err) != "22012" {
			t.Fatalf("error %v", err)
		}
		same(t, describe(t, conn, true), describe(t, whole, true), "after the failure")
		if err := gooseUp(t, d.URL(""), versionTable, migrations.FS); err != nil {
			t.Errorf("afterwards: %v", explain(err))
		}
	})

	t.Run("refuses_under_gooses_own_table", func(t *testing.T) {
		t.Parallel()
		d, conn := empty(t)
		err := gooseUp(t, d.URL(""), goose.DefaultTablename, migrations.FS)
		if sqlstate(err) != "RL410" {
			t.Fatalf("error %v", err)
		}
		if got := one(t, conn, "SELECT coalesce(to_regnamespace('rls')::text, 'none')"); got != "none" {
			t.Error("something stayed")
		}
	})

	t.Run("stands_beside_the_applications_own_migrations", func(t *testing.T) {
		t.Parallel()
		d, conn := empty(t)
		own := fstest.MapFS{}
		for _, n := range []string{"1", "2", "3"} {
			own[n+"_own.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\nCREATE TABLE public.own" + n + " (id int);\n-- +goose Down\nDROP TABLE public.own" + n + ";\n")}
		}
		if err := gooseUp(t, d.URL(""), goose.DefaultTablename, own); err != nil {
			t.Fatal(err)
		}
		// Even here, where goose's table has rows, the wrong table is refused.
		if err := gooseUp(t, d.URL(""), goose.DefaultTablename, migrations.FS); sqlstate(err) != "RL410" {
			t.Errorf("error %v", err)
		}
		up(t, conn)
		if got := one(t, conn, "SELECT string_agg(version_id::text, ',' ORDER BY id) FROM goose_db_version WHERE version_id > 0"); got != "1,2,3" {
			t.Errorf("their versions are %s", got)
		}
		if _, err := plainGoose(t, d.URL(""), goose.DefaultTablename, own).DownTo(t.Context(), 0); err != nil {
			t.Errorf("their down: %v", err)
		}
		if steps, err := kernel.Status(t.Context(), conn); err != nil || slices.ContainsFunc(steps, func(s kernel.Step) bool { return !s.Applied }) {
			t.Errorf("%v %v", steps, err)
		}
	})

	t.Run("from_the_files_of_sql_is_the_same", func(t *testing.T) {
		t.Parallel()
		_, migrated := empty(t)
		up(t, migrated)
		d, conn := empty(t)
		if err := gooseUp(t, d.URL(""), versionTable, kernelFiles(t, func(n string) bool {
			return strings.HasSuffix(n, "_kernel.sql") || strings.HasSuffix(n, "_hardening.sql")
		}, nil)); err != nil {
			t.Fatal(explain(err))
		}
		for _, f := range objects.Files() {
			must(t, conn, "SET ROLE rls_owner")
			must(t, conn, f.Text)
		}
		must(t, conn, "RESET ROLE")
		same(t, withoutVersions(describe(t, conn, true)), withoutVersions(describe(t, migrated, true)), "built from sql/")
	})

	t.Run("installs_without_a_database_superuser", func(t *testing.T) {
		t.Parallel()
		server := pgtest.Shared(t)
		d, admin := empty(t)
		up(t, admin) // now the roles exist in this cluster, made by somebody else
		manager := d.Role(t, "manager", "LOGIN CREATEROLE CREATEDB")
		if server.Version() >= 160000 {
			must(t, admin, "GRANT rls_owner, rls_client, rls_"+strings.Join(forms, ", rls_")+" TO "+manager+" WITH ADMIN OPTION, INHERIT FALSE, SET FALSE")
		}
		other, otherAdmin := empty(t)
		must(t, otherAdmin, "ALTER DATABASE "+other.Name()+" OWNER TO "+manager)
		must(t, otherAdmin, "ALTER SCHEMA public OWNER TO "+manager)
		t.Cleanup(func() {
			other.Exec(t, "REASSIGN OWNED BY "+manager+" TO CURRENT_USER; DROP OWNED BY "+manager)
		})
		url := strings.Replace(d.URL(manager), d.Name(), other.Name(), 1)
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background()) //nolint:errcheck // the end of the test
		up(t, conn)
		same(t, withoutVersions(describe(t, otherAdmin, true)), strings.ReplaceAll(withoutVersions(describe(t, admin, true)), "schema public owner pg_database_owner", "schema public owner "+manager), "installed by %s", manager)
		if got := one(t, admin, "SELECT count(*) FROM pg_auth_members WHERE roleid = 'rls_owner'::regrole AND pg_has_role(member, 'rls_owner', 'USAGE') AND NOT (SELECT rolsuper FROM pg_roles WHERE oid = member)"); got != "0" {
			t.Errorf("%s members of rls_owner", got)
		}
		if _, err := conn.Exec(t.Context(), "SET ROLE rls_owner"); sqlstate(err) != "42501" {
			t.Errorf("the manager can become rls_owner: %v", err)
		}
		if _, err := kernel.Down(t.Context(), conn); err != nil {
			t.Errorf("down: %v", explain(err))
		}
	})

	t.Run("down_refuses_while_a_model_is_applied", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, smallModel, smallSchema)
		conn := w.admin(t)
		before := describe(t, conn, true)
		_, err := kernel.Down(t.Context(), conn)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "RL413" || !strings.Contains(pg.Hint, "uninstall") {
			t.Fatalf("error %v", explain(err))
		}
		same(t, describe(t, conn, true), before, "after a refused down")
	})

	t.Run("plain_goose_goes_down_and_up_one_file_at_a_time", func(t *testing.T) {
		t.Parallel()
		d, conn := empty(t)
		p := plainGoose(t, d.URL(""), versionTable, migrations.FS)
		if _, err := p.Up(t.Context()); err != nil {
			t.Fatal(explain(err))
		}
		before := describe(t, conn, true)
		for files := 1; files <= 3; files++ {
			for range files {
				if _, err := p.Down(t.Context()); err != nil {
					t.Fatal(explain(err))
				}
			}
			if _, err := p.Up(t.Context()); err != nil {
				t.Fatalf("up after %d down: %v", files, explain(err))
			}
			same(t, describe(t, conn, true), before, "after %d down and up", files)
		}
	})

	t.Run("down_refuses_while_logins_are_registered", func(t *testing.T) {
		t.Parallel()
		w := emptyWorld(t, "")
		w.gateway(t)
		if _, err := kernel.Down(t.Context(), w.admin(t)); sqlstate(err) != "RL413" {
			t.Fatalf("error %v", explain(err))
		}
	})
}

// A model of one table, for tests of what surrounds it.
const smallSchema = `
CREATE TABLE public.person (id bigint PRIMARY KEY, boss bigint);
CREATE TABLE public.note (id bigint PRIMARY KEY, owner_id bigint, body text);
INSERT INTO public.person VALUES (1, NULL), (2, 1), (3, NULL);
INSERT INTO public.note VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c');
GRANT SELECT, INSERT, UPDATE, DELETE ON public.note TO {{app}};`

const smallModel = `version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{owner}}", "{{migrator}}"]}
users: {table: person, key: id, sees: {supervisor: boss}}
resources:
  note: {table: note, owner: owner_id, write_scope: self}
grants:
  - {to: authenticated, allow: {note: "*"}}
`
