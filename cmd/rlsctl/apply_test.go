package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/policies/apply"
)

// note is a database with one table to protect, and a model that does.
type note struct {
	*pgtest.Database
	dir string
}

func newNote(t *testing.T) note {
	t.Parallel()
	n := note{newDatabase(t), t.TempDir()}
	app, migrator := n.Role(t, "app", "LOGIN"), n.Role(t, "migrator", "LOGIN")
	n.Exec(t, `CREATE TABLE person (id int PRIMARY KEY);
		CREATE TABLE note (id int PRIMARY KEY, owner_id int REFERENCES person);
		CREATE INDEX ON note (owner_id)`)
	model := fmt.Sprintf("version: 1\ndatabase: {client_roles: [%s], maintenance_roles: [%s]}\nusers: {table: person, key: id}\n"+
		"resources:\n  note: {table: note, owner: owner_id}\n", app, migrator)
	if err := os.WriteFile(filepath.Join(n.dir, "rls.yaml"), []byte(model), 0o600); err != nil {
		t.Fatal(err)
	}
	return n
}

// run runs the program against the database and returns the exit code and what it wrote.
func (n note) run(ctx context.Context, in io.Reader, args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	env := func(name string) string { return map[string]string{"DATABASE_URL": n.URL("")}[name] }
	code = Run(ctx, onOldServer(n.Database, args), Streams{In: in, Out: &out, Err: &errs, Getenv: env, Dir: n.dir})
	return code, out.String(), errs.String()
}

func (n note) snapshot(t *testing.T) string {
	t.Helper()
	return snapshot(func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}, n.Database)
}

// refused checks that a run ended with 6 and said so, and that the database is what it was.
func (n note) refused(t *testing.T, before string, code int, stderr string, words ...string) {
	t.Helper()
	if code != exitRefused {
		t.Errorf("exit code %d, want %d\n%s", code, exitRefused, stderr)
	}
	for _, w := range append(words, "nothing was changed") {
		if !strings.Contains(stderr, w) {
			t.Errorf("stderr lacks %q:\n%s", w, stderr)
		}
	}
	if after := n.snapshot(t); after != before {
		t.Errorf("the database has changed from\n%s\nto\n%s", before, after)
	}
}

// keyboard is a terminal on which somebody types text; first is called before.
type keyboard struct {
	io.Reader
	first func()
}

func typed(text string, first func()) *keyboard { return &keyboard{strings.NewReader(text), first} }

func (*keyboard) IsTerminal() bool { return true }

func (k *keyboard) Read(p []byte) (int, error) {
	if k.first != nil {
		k.first()
		k.first = nil
	}
	return k.Reader.Read(p)
}

func TestApply(t *testing.T) {
	t.Parallel()
	nobody := strings.NewReader("")

	t.Run("asks on a terminal", func(t *testing.T) {
		n := newNote(t)
		before := n.snapshot(t)
		for _, answer := range []string{"n\n", "\n", "yess\n", ""} {
			code, _, stderr := n.run(t.Context(), typed(answer, nil), "apply", "rls.yaml")
			n.refused(t, before, code, stderr, "Apply this plan? [y/N]", "not confirmed")
		}
		if code, stdout, stderr := n.run(t.Context(), typed("y\n", nil), "apply", "rls.yaml"); code != 0 || !strings.Contains(stdout, "done: ") {
			t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
		}
	})

	t.Run("refuses a plan of another state", func(t *testing.T) {
		n := newNote(t)
		var before string
		code, _, stderr := n.run(t.Context(), typed("yes\n", func() {
			n.Exec(t, "ALTER TABLE note ADD COLUMN body text")
			before = n.snapshot(t)
		}), "apply", "rls.yaml")
		n.refused(t, before, code, stderr, "the database has changed since the plan was made", "hint: Run the command again")
	})

	t.Run("refuses beside another apply", func(t *testing.T) {
		n := newNote(t)
		before := n.snapshot(t)
		other := n.Conn(t, "")
		execute(t, other, "BEGIN; "+apply.LockSQL(apply.LockTools))
		code, _, stderr := n.run(t.Context(), nobody, "apply", "rls.yaml", "--yes", "--lock-timeout", "20ms", "--lock-retries", "1")
		n.refused(t, before, code, stderr, "another apply or maintenance is running; held by pid ", "hint: Wait until the other apply is done")
	})

	t.Run("gives up a lock that it does not get", func(t *testing.T) {
		n := newNote(t)
		before := n.snapshot(t)
		other := n.Conn(t, "")
		execute(t, other, "BEGIN; LOCK TABLE note IN ACCESS SHARE MODE")
		code, _, stderr := n.run(t.Context(), nobody, "apply", "rls.yaml", "--yes", "--lock-timeout", "20ms", "--lock-retries", "1")
		n.refused(t, before, code, stderr, "RL419", "lock public.note", "SQLSTATE 55P03", "hint: ")
	})

	t.Run("leaves nothing when its connection is killed", func(t *testing.T) {
		n := newNote(t)
		before := n.snapshot(t)
		other := n.Conn(t, "")
		execute(t, other, "BEGIN; LOCK TABLE note IN ACCESS SHARE MODE")
		end := make(chan func(), 1)
		go func() {
			code, _, stderr := n.run(t.Context(), nobody, "apply", "rls.yaml", "--yes", "--lock-timeout", "5m")
			end <- func() { n.refused(t, before, code, stderr, "SQLSTATE 57P01") }
		}()
		execute(t, other, fmt.Sprintf("SELECT pg_terminate_backend(%d)", blocked(t, n)))
		(<-end)()
	})

	t.Run("leaves nothing when it is interrupted", func(t *testing.T) {
		n := newNote(t)
		before := n.snapshot(t)
		other := n.Conn(t, "")
		execute(t, other, "BEGIN; LOCK TABLE note IN ACCESS SHARE MODE")
		ctx, interrupt := context.WithCancel(t.Context())
		end := make(chan func(), 1)
		go func() {
			code, _, stderr := n.run(ctx, nobody, "apply", "rls.yaml", "--yes", "--lock-timeout", "5m")
			end <- func() { n.refused(t, before, code, stderr, "interrupted") }
		}()
		pid := blocked(t, n)
		interrupt()
		(<-end)()
		var there bool
		if err := other.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND wait_event_type = 'Lock')", pid).Scan(&there); err != nil || there {
			t.Errorf("the server still waits for the lock: %v, %v", there, err)
		}
		execute(t, other, "COMMIT")
		if code, _, stderr := n.run(t.Context(), nobody, "apply", "rls.yaml", "--yes"); code != 0 {
			t.Errorf("exit code %d\n%s", code, stderr)
		}
	})

	t.Run("takes back what the commit refuses", func(t *testing.T) {
		n := newNote(t)
		n.Exec(t, atCommit("RAISE EXCEPTION 'too late'"))
		before := n.snapshot(t)
		code, _, stderr := n.run(t.Context(), nobody, "apply", "rls.yaml", "--yes")
		n.refused(t, before, code, stderr, "commit: too late (SQLSTATE P0001)")
	})

	t.Run("does not know what a lost commit did", func(t *testing.T) {
		n := newNote(t)
		n.Exec(t, atCommit("PERFORM pg_terminate_backend(pg_backend_pid())"))
		code, _, stderr := n.run(t.Context(), nobody, "apply", "rls.yaml", "--yes")
		if code != exitUnexpected || strings.Contains(stderr, "nothing was changed") || !strings.Contains(stderr, "hint: Run `rlsctl plan`") {
			t.Errorf("exit code %d\n%s", code, stderr)
		}
	})
}

// atCommit makes every apply do something when it commits.
func atCommit(body string) string {
	return fmt.Sprintf(`CREATE FUNCTION public.at_commit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN %s; RETURN NULL; END $$;
		CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON rls.compiled DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION public.at_commit()`, body)
}

func execute(t *testing.T, conn *pgx.Conn, sql string) {
	t.Helper()
	if _, err := conn.Exec(t.Context(), sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
}

// blocked waits until an apply waits for a lock, and returns its backend.
func blocked(t *testing.T, n note) (pid int) {
	t.Helper()
	conn := n.Conn(t, "")
	for {
		err := conn.QueryRow(t.Context(), `SELECT coalesce(max(a.pid), 0) FROM pg_stat_activity AS a
			WHERE a.datname = current_database() AND a.application_name = 'rlsctl' AND a.wait_event_type = 'Lock'`).Scan(&pid)
		if err != nil {
			t.Fatal(err)
		}
		if pid != 0 {
			return pid
		}
	}
}
