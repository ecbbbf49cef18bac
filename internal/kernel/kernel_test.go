package kernel

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/migrations"
	"github.com/rlsctl/rlsctl/policies/apply"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// files is the number of the migrations.
func files(t *testing.T) int {
	t.Helper()
	paths, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	return len(paths)
}

// with is the migrations with one file more.
func with(t *testing.T, name, text string) fs.FS {
	t.Helper()
	out := fstest.MapFS{}
	paths, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paths {
		b, err := fs.ReadFile(migrations.FS, p)
		if err != nil {
			t.Fatal(err)
		}
		out[p] = &fstest.MapFile{Data: b}
	}
	maps.Copy(out, fstest.MapFS{name: {Data: []byte(text)}})
	return out
}

func exists(t *testing.T, conn *pgx.Conn, what string) bool {
	t.Helper()
	var yes bool
	if err := conn.QueryRow(t.Context(), "SELECT "+what+" IS NOT NULL").Scan(&yes); err != nil {
		t.Fatal(err)
	}
	return yes
}

func TestUp(t *testing.T) {
	t.Parallel()
	t.Run("keeps_nothing_if_the_last_file_fails", func(t *testing.T) {
		t.Parallel()
		conn := pgtest.Shared(t).Database(t).Conn(t, "")
		const bad = "-- +goose Up\nCREATE TABLE public.half (id int);\nSELECT 1 / 0;\n-- +goose Down\nDROP TABLE public.half;\n"
		_, err := up(t.Context(), conn, with(t, "20991231000000_bad.sql", bad))
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "22012" || !strings.Contains(err.Error(), "20991231000000_bad.sql") {
			t.Errorf("error %v", err)
		}
		if exists(t, conn, "to_regnamespace('rls')") || exists(t, conn, "to_regclass('public.half')") || exists(t, conn, "to_regclass('public.rls_goose_version')") {
			t.Error("something stayed")
		}
		if steps, err := Up(t.Context(), conn); err != nil || len(steps) != files(t) {
			t.Errorf("afterwards: %v, %v", steps, err)
		}
	})
	t.Run("adds_later_files_to_an_installed_kernel", func(t *testing.T) {
		t.Parallel()
		conn := pgtest.Shared(t).Database(t).Conn(t, "")
		if _, err := Up(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
		steps, err := up(t.Context(), conn, with(t, "20991231000000_more.sql", "-- +goose Up\nCREATE TABLE public.more (id int);\n"))
		if err != nil || len(steps) != 1 || !steps[0].Applied || !exists(t, conn, "to_regclass('public.more')") {
			t.Errorf("%v, %v", steps, err)
		}
	})
	t.Run("twice_at_once_is_once", func(t *testing.T) {
		t.Parallel()
		d := pgtest.Shared(t).Database(t)
		var all sync.WaitGroup
		counts, errs := make([]int, 4), make([]error, 4)
		for i := range counts {
			conn := d.Conn(t, "")
			all.Go(func() {
				steps, err := Up(context.Background(), conn)
				counts[i], errs[i] = len(steps), err
			})
		}
		all.Wait()
		sum := 0
		for i := range counts {
			sum += counts[i]
			if errs[i] != nil {
				t.Error(errs[i])
			}
		}
		if sum != files(t) {
			t.Errorf("the files ran %v times", counts)
		}
	})
	t.Run("waits_for_no_client_and_names_who_migrates", func(t *testing.T) {
		t.Parallel()
		d := pgtest.Shared(t).Database(t)
		conn, other := d.Conn(t, ""), d.Conn(t, "")
		if _, err := Up(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
		client := d.Conn(t, d.Role(t, "client", "LOGIN"))
		for _, sql := range []string{"BEGIN", "SELECT pg_advisory_lock(x'726c7363746c006d'::bigint)", "PREPARE x AS UPDATE public.rls_goose_version SET is_applied = true"} {
			if _, err := client.Exec(t.Context(), sql); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Up(t.Context(), conn); err != nil {
			t.Errorf("while a client holds what it can: %v", err)
		}
		if _, err := other.Exec(t.Context(), "SET application_name = 'the other'; BEGIN; LOCK TABLE public.rls_goose_version IN SHARE UPDATE EXCLUSIVE MODE"); err != nil {
			t.Fatal(err)
		}
		_, err := Up(t.Context(), conn)
		var blocked *apply.BlockedError
		if !errors.As(err, &blocked) || !strings.Contains(err.Error(), `application "the other"`) {
			t.Errorf("while another migrates: %v", err)
		}
	})
	t.Run("says_what_it_needs_of_schema_public", func(t *testing.T) {
		t.Parallel()
		d := pgtest.Shared(t).Database(t)
		installer := d.Role(t, "installer", "LOGIN CREATEROLE")
		conn, root := d.Conn(t, installer), d.Conn(t, "")
		for _, c := range []struct{ sql, hint string }{
			{"REVOKE ALL ON SCHEMA public FROM PUBLIC", "GRANT CREATE ON SCHEMA public"},
			{"DROP SCHEMA public", "CREATE SCHEMA public"},
		} {
			if _, err := root.Exec(t.Context(), c.sql); err != nil {
				t.Fatal(err)
			}
			_, err := Up(t.Context(), conn)
			var pg *pgconn.PgError
			if !errors.As(err, &pg) || pg.Code != "RL430" || !strings.Contains(pg.Hint, c.hint) {
				t.Errorf("%s: %v", c.sql, err)
			}
		}
	})
	t.Run("is_over_when_the_context_is", func(t *testing.T) {
		t.Parallel()
		conn := pgtest.Shared(t).Database(t).Conn(t, "")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := Up(ctx, conn); !errors.Is(err, context.Canceled) {
			t.Errorf("error %v", err)
		}
	})
}

func TestStatus(t *testing.T) {
	t.Parallel()
	conn := pgtest.Shared(t).Database(t).Conn(t, "")
	for _, applied := range []bool{false, true} {
		steps, err := Status(t.Context(), conn)
		if err != nil || len(steps) != files(t) {
			t.Fatal(steps, err)
		}
		for _, s := range steps {
			if s.Applied != applied || s.Version == 0 || !strings.HasSuffix(s.Name, ".sql") {
				t.Errorf("%+v", s)
			}
		}
		if exists(t, conn, "to_regclass('public.rls_goose_version')") != applied {
			t.Error("asking changed the database")
		}
		if _, err := Up(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
	}
}
