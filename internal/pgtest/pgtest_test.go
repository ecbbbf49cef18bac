package pgtest_test

import (
	"context"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

func TestDatabase(t *testing.T) {
	t.Parallel()
	t.Run("does_not_share_tables", func(t *testing.T) {
		t.Parallel()
		s := pgtest.Shared(t)
		a, b := s.Database(t), s.Database(t)
		a.Exec(t, "CREATE TABLE note (id bigint); INSERT INTO note VALUES (1), (2)")
		var name *string
		err := b.Conn(t, "").QueryRow(t.Context(), "SELECT to_regclass('note')::text").Scan(&name)
		if err != nil || name != nil {
			t.Errorf("the second database has note: %v, %v", name, err)
		}
		var rows int
		if err := a.Pool(t, "").QueryRow(t.Context(), "SELECT count(*) FROM note").Scan(&rows); err != nil || rows != 2 {
			t.Errorf("rows = %d, %v", rows, err)
		}
	})
	t.Run("is_dropped_while_in_use", func(t *testing.T) {
		t.Parallel()
		s := pgtest.Shared(t)
		var name string
		var left *pgx.Conn
		t.Run("inner", func(t *testing.T) {
			d := s.Database(t)
			name = d.Name()
			conn, err := pgx.Connect(t.Context(), d.URL(""))
			if err != nil {
				t.Fatal(err)
			}
			left = conn
		})
		defer left.Close(context.Background())
		if n := count(t, s, "SELECT count(*) FROM pg_database WHERE datname = $1", name); n != 0 {
			t.Errorf("%s is still there", name)
		}
	})
	t.Run("exec_forgets_settings", func(t *testing.T) {
		t.Parallel()
		d := pgtest.Shared(t).Database(t)
		d.Exec(t, "CREATE SCHEMA app; SET search_path = app")
		d.Exec(t, "CREATE TABLE note (id bigint)")
		d.Exec(t, "INSERT INTO public.note VALUES ($1)", 1)
	})
}

func TestClone(t *testing.T) {
	t.Parallel()
	s := pgtest.Shared(t)
	var calls atomic.Int32
	prepare := func(ctx context.Context, url string) error {
		calls.Add(1)
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		// It is left open on purpose: a copy is made all the same.
		_, err = conn.Exec(ctx, "CREATE TABLE note (id bigint); INSERT INTO note VALUES (7)")
		return err
	}
	for _, name := range []string{"first", "second", "third"} {
		t.Run(name+"_has_its_own_rows", func(t *testing.T) {
			t.Parallel()
			conn := s.Clone(t, "note", prepare).Conn(t, "")
			var rows int
			err := conn.QueryRow(t.Context(), "WITH gone AS (DELETE FROM note RETURNING id) SELECT count(*) FROM gone").Scan(&rows)
			if err != nil || rows != 1 {
				t.Errorf("rows = %d, %v", rows, err)
			}
		})
	}
	t.Cleanup(func() {
		if n := calls.Load(); n > 1 { // 0 when the tests run again on the same server
			t.Errorf("prepare ran %d times", n)
		}
	})
}

func TestRole(t *testing.T) {
	t.Parallel()
	s := pgtest.Shared(t)
	var owner, member string
	t.Run("signs_in_and_owns", func(t *testing.T) {
		d := s.Database(t)
		owner = d.Role(t, "owner", "LOGIN")
		member = d.Role(t, "member", "LOGIN IN ROLE "+owner)
		d.Exec(t, "CREATE SCHEMA app AUTHORIZATION "+owner+"; GRANT CREATE ON DATABASE "+d.Name()+" TO "+member)
		var user string
		if err := d.Conn(t, member).QueryRow(t.Context(), "SELECT current_user").Scan(&user); err != nil || user != member {
			t.Errorf("current_user = %q, %v", user, err)
		}
		if owner == d.Role(t, "owner", "") {
			t.Error("two roles have one name")
		}
	})
	if n := count(t, s, "SELECT count(*) FROM pg_roles WHERE rolname IN ($1, $2)", owner, member); n != 0 {
		t.Errorf("%d roles are still there", n)
	}
}

func TestPsql(t *testing.T) {
	t.Parallel()
	d := pgtest.Shared(t).Database(t)
	reader := d.Role(t, "reader", "LOGIN")
	t.Run("runs_as_the_role", func(t *testing.T) {
		out, _, err := d.Psql(t, reader, "SELECT current_user, current_setting('rls.context');", "PGOPTIONS=-c rls.context=x")
		if err != nil || out != reader+"|x\n" {
			t.Errorf("stdout = %q, %v", out, err)
		}
	})
	t.Run("stops_at_the_first_error", func(t *testing.T) {
		out, stderr, err := d.Psql(t, "", "SELECT 1/0; SELECT 2;")
		if err == nil || out != "" || !strings.Contains(stderr, "division by zero") {
			t.Errorf("stdout = %q, stderr = %q, %v", out, stderr, err)
		}
	})
}

func TestServer(t *testing.T) {
	t.Parallel()
	s := pgtest.Shared(t)
	if s.Version() < 150000 || !strings.HasPrefix(s.Describe(), "PostgreSQL ") {
		t.Errorf("%d, %s", s.Version(), s.Describe())
	}
}

func count(t *testing.T, s *pgtest.Server, sql string, args ...any) int {
	t.Helper()
	var n int
	if err := s.Database(t).Conn(t, "").QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
