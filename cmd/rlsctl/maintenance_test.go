//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// upkeep is a protected database whose tables belong to a login of their own that is no maintenance role.
type upkeep struct {
	note
	owner, person string
}

func newUpkeep(t *testing.T) upkeep {
	t.Helper()
	n := newNote(t)
	u := upkeep{note: n, owner: n.Role(t, "owner", "LOGIN"), person: n.Role(t, "person", "LOGIN IN ROLE rls_any")}
	app := regexp.MustCompile(`client_roles: \[(\w+)\]`).FindStringSubmatch(string(must(os.ReadFile(filepath.Join(n.dir, "rls.yaml")))))[1]
	n.Exec(t, fmt.Sprintf(`INSERT INTO person VALUES (1), (2); INSERT INTO note VALUES (1, 1), (2, 2), (3, 2);
		ALTER TABLE note OWNER TO %[1]s; ALTER TABLE person OWNER TO %[1]s; GRANT CREATE, USAGE ON SCHEMA public TO %[1]s;
		GRANT SELECT, INSERT ON note TO %[2]s; GRANT %[2]s TO %[3]s`, u.owner, app, u.person))
	u.model(t, "grants:\n  - {to: authenticated, allow: {note: [read, create]}}\n")
	n.Exec(t, fmt.Sprintf("INSERT INTO rls.login (name, kind, principal, client_role) VALUES ('%s', 'person', '1', '%s')", u.person, app))
	return u
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// model adds to the model, and applies it.
func (u upkeep) model(t *testing.T, more string) {
	t.Helper()
	file := filepath.Join(u.dir, "rls.yaml")
	if err := os.WriteFile(file, append(must(os.ReadFile(file)), more...), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := u.run(t.Context(), strings.NewReader(""), "apply", "rls.yaml", "--yes", "--allow", "WIDENS_ACCESS,REPLACES_FUNCTION"); code != 0 {
		t.Fatalf("apply: %d\n%s", code, stderr)
	}
}

// count is how many notes a login sees.
func (u upkeep) count(t *testing.T, login string) (n int) {
	t.Helper()
	conn := must(pgx.Connect(t.Context(), u.URL(login)))
	defer conn.Close(t.Context()) //nolint:errcheck // nothing is pending
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM note").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (u upkeep) value(t *testing.T, sql string, args ...any) (text string) {
	t.Helper()
	conn := must(pgx.Connect(context.Background(), u.URL("")))
	defer conn.Close(context.Background()) //nolint:errcheck // nothing is pending
	if err := conn.QueryRow(context.Background(), sql, args...).Scan(&text); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return text
}

const forced = "SELECT concat(c.relrowsecurity, ' ', c.relforcerowsecurity) FROM pg_class AS c WHERE c.oid = 'note'::regclass"

// await asks until the answer is the one that is wanted.
func (u upkeep) await(t *testing.T, sql, want string, args ...any) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for got := ""; ; {
		if got = u.value(t, sql, args...); got == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %q, want %q", sql, got, want)
		}
	}
}

// process is a run of rlsctl as a process of its own.
type process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	child  int // the process of CMD
	stderr string
}

// hold is a CMD that says who it is, and lives until its input ends or it gets a signal.
var hold = []string{"sh", "-c", "echo $$; exec cat"}

// start starts a maintenance and returns once CMD runs.
func (u upkeep) start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0], append([]string{"maintenance"}, args...)...), stderr: filepath.Join(t.TempDir(), "stderr")}
	p.cmd.Env = append(os.Environ(), asProgram+"=1", "DATABASE_URL="+u.URL(""))
	p.cmd.Stderr = must(os.Create(p.stderr))
	p.in = must(p.cmd.StdinPipe())
	out := must(p.cmd.StdoutPipe())
	// A process that is started while this one handles the signal does not ignore it, as it would below nohup.
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill(); _ = p.in.Close() })
	line, _ := bufio.NewReader(out).ReadString('\n')
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("CMD does not start: %q\n%s", line, p.told())
	}
	p.child = child
	return p
}

func (p *process) told() string { return string(must(os.ReadFile(p.stderr))) }

// end waits for the process and returns its exit code; -1 where a signal ended it.
func (p *process) end() int {
	_ = p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode()
}

// guardian is the process id of the guardian.
func (p *process) guardian(t *testing.T) int {
	t.Helper()
	for line := range strings.Lines(string(must(exec.Command("ps", "-A", "-o", "pid=,ppid=,args=").Output()))) {
		f := strings.Fields(line)
		if len(f) > 2 && f[1] == strconv.Itoa(p.cmd.Process.Pid) && strings.Contains(line, guardCommand) {
			return must(strconv.Atoi(f[0]))
		}
	}
	t.Fatal("there is no guardian")
	return 0
}

// gone waits until a process has ended.
func gone(t *testing.T, pid int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); syscall.Kill(pid, 0) == nil; {
		if state, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && strings.Contains(string(state), ") Z") {
			return // it has, and nobody has asked how
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d lives on", pid)
		}
	}
}

// ofThisDatabase is for pg_locks, where relations of all databases stand: tables of another may have the same numbers.
const ofThisDatabase = " AND database = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())"

// backend is the server's process of the maintenance, or of its guardian.
const backend = `SELECT a.pid::text FROM pg_stat_activity AS a WHERE a.datname = current_database() AND a.application_name = 'rlsctl'
	AND EXISTS (SELECT FROM rls.maintenance AS m WHERE m.pid = a.pid) = $1`

func signalled(sig syscall.Signal) func(*testing.T, upkeep, *process) {
	return func(_ *testing.T, _ upkeep, p *process) { _ = p.cmd.Process.Signal(sig) }
}

func TestMaintenance(t *testing.T) {
	t.Parallel()
	t.Run("the owner passes and nobody else", func(t *testing.T) {
		u := newUpkeep(t)
		if got := u.count(t, u.owner); got != 0 {
			t.Errorf("before, the owner sees %d", got)
		}
		p := u.start(t, append([]string{"--"}, hold...)...)
		if got := u.count(t, u.owner); got != 3 {
			t.Errorf("the owner sees %d", got)
		}
		if got := u.count(t, u.person); got != 1 {
			t.Errorf("a client sees %d", got)
		}
		owner := must(pgx.Connect(t.Context(), u.URL(u.owner)))
		defer owner.Close(t.Context()) //nolint:errcheck // nothing is pending
		if n, err := owner.CopyFrom(t.Context(), pgx.Identifier{"note"}, []string{"id", "owner_id"}, pgx.CopyFromRows([][]any{{4, 2}, {5, nil}})); err != nil || n != 2 {
			t.Errorf("COPY by the owner: %d rows, %v", n, err)
		}
		person := must(pgx.Connect(t.Context(), u.URL(u.person)))
		defer person.Close(t.Context()) //nolint:errcheck // nothing is pending
		var pg *pgconn.PgError
		if _, err := person.Exec(t.Context(), "INSERT INTO note VALUES (6, 2)"); !errors.As(err, &pg) || pg.Code != "42501" {
			t.Errorf("a client inserts for another: %v", err)
		}
		if _, err := person.CopyFrom(t.Context(), pgx.Identifier{"note"}, []string{"id"}, pgx.CopyFromRows([][]any{{7}})); !errors.As(err, &pg) || pg.Code != "0A000" {
			t.Errorf("COPY by a client: %v", err)
		}
		if got := u.value(t, "SELECT count(*)::text FROM pg_locks WHERE relation = 'note'::regclass"+ofThisDatabase); got != "0" {
			t.Errorf("%s locks on the table", got)
		}
		for _, args := range [][]string{{"apply", "rls.yaml", "--yes"}, {"maintenance", "--restore"}, {"maintenance", "--", "true"}} {
			if code, _, stderr := u.run(t.Context(), strings.NewReader(""), args...); code != exitRefused || !strings.Contains(stderr, "running") {
				t.Errorf("%v meanwhile: %d\n%s", args, code, stderr)
			}
		}
		if _, _, stderr := u.run(t.Context(), strings.NewReader(""), "plan", "rls.yaml"); !strings.Contains(stderr, "a maintenance of") {
			t.Errorf("plan meanwhile: %s", stderr)
		}
		_ = p.in.Close()
		if code := p.end(); code != 0 {
			t.Errorf("exit code %d\n%s", code, p.told())
		}
		if got := u.value(t, forced) + " " + u.value(t, "SELECT count(*)::text FROM rls.lifted"); got != "t t 0" {
			t.Errorf("afterwards %s", got)
		}
		if got := u.count(t, u.owner); got != 0 {
			t.Errorf("afterwards, the owner sees %d", got)
		}
		for _, words := range []string{"is off on public.note", u.owner, "is back on public.note"} {
			if !strings.Contains(p.told(), words) {
				t.Errorf("stderr lacks %q:\n%s", words, p.told())
			}
		}
		if code, _, stderr := u.run(t.Context(), strings.NewReader(""), "plan", "rls.yaml", "--exit-code"); code != 0 {
			t.Errorf("the plan is not empty afterwards: %s", stderr)
		}
	})

	for name, c := range map[string]struct {
		strike func(*testing.T, upkeep, *process)
		code   int    // of rlsctl; -1: it was killed
		told   string // on the standard error, by whoever is left
	}{
		"CMD is killed":        {func(_ *testing.T, _ upkeep, p *process) { _ = syscall.Kill(p.child, syscall.SIGKILL) }, 137, "is back on"},
		"Ctrl-C":               {signalled(syscall.SIGINT), 143, "is back on"},
		"SIGTERM":              {signalled(syscall.SIGTERM), 143, "is back on"},
		"rlsctl is killed":     {signalled(syscall.SIGKILL), -1, "the maintenance has died"},
		"the terminal is gone": {signalled(syscall.SIGHUP), -1, "the maintenance has died"},
		"the whole group is hit": {func(_ *testing.T, _ upkeep, p *process) {
			_ = syscall.Kill(p.child, syscall.SIGKILL)
			_ = p.cmd.Process.Signal(syscall.SIGKILL)
		}, -1, "the maintenance has died"},
		"its connection is lost": {func(t *testing.T, u upkeep, _ *process) {
			u.Exec(t, "SELECT pg_terminate_backend("+u.value(t, backend, true)+", 5000)")
		}, exitUnexpected, "was told to end"},
		"the guardian is killed": {func(t *testing.T, u upkeep, p *process) {
			pid := p.guardian(t)
			_ = syscall.Kill(pid, syscall.SIGKILL)
			gone(t, pid)
			_ = p.in.Close()
		}, 0, "is back on"},
		"the guardian's connection is lost, then rlsctl is killed": {func(t *testing.T, u upkeep, p *process) {
			pid := u.value(t, backend, false)
			u.Exec(t, "SELECT pg_terminate_backend("+pid+", 5000)")
			u.await(t, "SELECT (count(*) = 1)::text FROM ("+backend+" AND a.pid <> $2::int) AS x", "true", false, must(strconv.Atoi(pid)))
			if got := u.value(t, forced); got != "t f" {
				t.Errorf("while CMD runs: %s", got)
			}
			_ = p.cmd.Process.Kill()
		}, -1, "the maintenance has died"},
		"rlsctl is killed while the table is in use": {func(t *testing.T, u upkeep, p *process) {
			other := u.Conn(t, "")
			execute(t, other, "BEGIN; LOCK TABLE note IN ACCESS SHARE MODE")
			_ = p.cmd.Process.Kill()
			u.await(t, "SELECT (count(*) > 0)::text FROM pg_locks WHERE relation = 'note'::regclass AND NOT granted"+ofThisDatabase, "true")
			execute(t, other, "COMMIT")
		}, -1, "is back on"},
		"CMD makes the table anew": {func(t *testing.T, u upkeep, p *process) {
			u.Exec(t, "DROP TABLE note; CREATE TABLE note (id int); ALTER TABLE note ENABLE ROW LEVEL SECURITY")
			_ = p.in.Close()
		}, 0, "is back on"},
	} {
		t.Run(name, func(t *testing.T) {
			u := newUpkeep(t)
			p := u.start(t, append([]string{"--table", "note", "--"}, hold...)...)
			if got := u.value(t, forced); got != "t f" {
				t.Fatalf("while CMD runs: %s", got)
			}
			c.strike(t, u, p)
			if code := p.end(); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			gone(t, p.child)
			u.await(t, forced, "t t")
			u.await(t, "SELECT count(*)::text FROM rls.lifted", "0")
			// Nobody is left, and what was done was told.
			u.await(t, "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rlsctl'", "0")
			if !strings.Contains(p.told(), c.told) {
				t.Errorf("stderr lacks %q:\n%s", c.told, p.told())
			}
		})
	}

	for name, back := range map[string][]string{
		"apply": {"apply", "rls.yaml", "--yes"}, "maintenance --restore": {"maintenance", "--restore"}, "maintenance": {"maintenance", "--", "true"},
	} {
		t.Run("both are killed, then "+name, func(t *testing.T) {
			u := newUpkeep(t)
			p := u.start(t, append([]string{"--"}, hold...)...)
			guardian := p.guardian(t)
			_ = syscall.Kill(guardian, syscall.SIGSTOP) // or it would be quicker
			_ = p.cmd.Process.Kill()
			_ = p.end()
			_ = syscall.Kill(guardian, syscall.SIGKILL)
			_ = p.in.Close()
			u.await(t, "SELECT count(*)::text FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'rlsctl'", "0")
			if got := u.value(t, forced); got != "t f" {
				t.Fatalf("FORCE is back by itself: %s", got)
			}
			if _, _, stderr := u.run(t.Context(), strings.NewReader(""), "plan", "rls.yaml"); !strings.Contains(stderr, "RL415") {
				t.Errorf("plan: %s", stderr)
			}
			if code, stdout, _ := u.run(t.Context(), strings.NewReader(""), "doctor"); code != exitNo || !strings.Contains(stdout, "RL643") {
				t.Errorf("doctor: %d\n%s", code, stdout)
			}
			code, _, stderr := u.run(t.Context(), strings.NewReader(""), back...)
			if code != 0 || !strings.Contains(stderr, "RL415") || !strings.Contains(stderr, "is back on public.note") {
				t.Errorf("exit code %d\n%s", code, stderr)
			}
			if got := u.value(t, forced) + " " + u.value(t, "SELECT count(*)::text FROM rls.lifted"); got != "t t 0" {
				t.Errorf("afterwards %s", got)
			}
		})
	}
}

func TestMaintenanceRefuses(t *testing.T) {
	t.Parallel()
	type run = func(args ...string) (code int, stderr string)
	with := func(t *testing.T) (upkeep, run) {
		u := newUpkeep(t)
		return u, func(args ...string) (int, string) {
			code, _, stderr := u.run(t.Context(), strings.NewReader(""), append([]string{"maintenance"}, args...)...)
			if got := u.value(t, "SELECT count(*)::text FROM rls.lifted"); got != "0" {
				t.Errorf("%v: %s tables are left lifted", args, got)
			}
			return code, stderr
		}
	}
	t.Run("command lines", func(t *testing.T) {
		_, run := with(t)
		for _, c := range []struct {
			args []string
			code int
			told string
		}{
			{[]string{}, exitUsage, "CMD is missing"},
			{[]string{"true"}, exitUsage, "Put -- before"},
			{[]string{"--restore", "--", "true"}, exitUsage, "runs no command"},
			{[]string{"--", "no-such-program"}, exitUsage, "no-such-program"},
			{[]string{"--table", "person", "--", "true"}, exitRefused, "public.note"},
			{[]string{"--table", "a.b.c.d", "--", "true"}, exitRefused, "is not the name of a table"},
			{[]string{"--table", `"`, "--", "true"}, exitRefused, "is not the name of a table"},
			{[]string{"--restore"}, 0, "nothing to put back"},
			{[]string{"--", "sh", "-c", "exit 3"}, 3, "is back on"},
			{[]string{"--", "sh", "-c", "kill -9 $$"}, 137, "is back on"},
			{[]string{"--table", "public.note", "--table", "NOTE", "--", "true"}, 0, "is back on public.note"},
		} {
			if code, stderr := run(c.args...); code != c.code || !strings.Contains(stderr, c.told) {
				t.Errorf("%v: exit code %d, want %d\n%s", c.args, code, c.code, stderr)
			}
		}
	})
	t.Run("a login that is somebody's", func(t *testing.T) {
		u, run := with(t)
		u.Exec(t, "INSERT INTO rls.login (name, kind, principal, client_role) SELECT session_user, 'person', '1', 'app'")
		if code, stderr := run("--", "true"); code != exitRefused || !strings.Contains(stderr, "RL416") {
			t.Errorf("exit code %d\n%s", code, stderr)
		}
	})
	t.Run("what the owner shows to clients", func(t *testing.T) {
		u, run := with(t)
		view := "CREATE VIEW board AS SELECT id FROM note; ALTER VIEW board OWNER TO " + u.owner + "; GRANT SELECT ON board TO " + u.person
		function := "CREATE FUNCTION board() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM note'; ALTER FUNCTION board() OWNER TO " + u.owner
		for name, sql := range map[string]string{"view public.board": view, "function public.board()": function} {
			u.Exec(t, sql)
			code, stderr := run("--", "true")
			if code != exitRefused || !strings.Contains(stderr, "RL417") || !strings.Contains(stderr, name) {
				t.Errorf("%s: exit code %d\n%s", name, code, stderr)
			}
			if code, stderr := run("--allow", "WIDENS_ACCESS", "--", "true"); code != 0 {
				t.Errorf("%s, allowed: exit code %d\n%s", name, code, stderr)
			}
			u.Exec(t, "DROP "+name)
		}
		u.Exec(t, view+"; ALTER VIEW board SET (security_invoker = true)")
		if code, stderr := run("--", "true"); code != 0 {
			t.Errorf("an invoker's view: exit code %d\n%s", code, stderr)
		}
		u.Exec(t, "ALTER VIEW board RESET (security_invoker)")
		// A maintenance role shows all rows in any case.
		u.Exec(t, "INSERT INTO rls.database_role (name, kind, position) VALUES ('"+u.owner+"', 'maintenance', 9)")
		if code, stderr := run("--", "true"); code != 0 {
			t.Errorf("of a maintenance role: exit code %d\n%s", code, stderr)
		}
	})
	t.Run("a table in use", func(t *testing.T) {
		u, run := with(t)
		u.Exec(t, "CREATE TABLE anote (id int PRIMARY KEY, owner_id int)")
		file := filepath.Join(u.dir, "rls.yaml")
		text := strings.Replace(string(must(os.ReadFile(file))), "resources:\n", "resources:\n  anote: {table: anote, owner: owner_id}\n", 1)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		u.model(t, "")
		other := u.Conn(t, "")
		execute(t, other, "BEGIN; LOCK TABLE note IN ACCESS SHARE MODE")
		code, stderr := run("--lock-timeout", "20ms", "--", "true")
		if code != exitRefused || !strings.Contains(stderr, "public.note") || !strings.Contains(stderr, "is back on public.anote") {
			t.Errorf("exit code %d\n%s", code, stderr)
		}
	})
}

func TestMaintenanceAlter(t *testing.T) { // parallel by newNote
	const wider = "ALTER TABLE note ALTER COLUMN owner_id TYPE bigint"
	const typed = "SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'note'::regclass AND attname = 'owner_id'"
	u := newUpkeep(t)
	for _, c := range []struct {
		args []string
		in   string
		code int
		told string
		typ  string
	}{
		{[]string{wider, "--yes"}, "", exitUsage, "Add --table", "integer"},
		{[]string{"--table", "note", "--yes"}, "", exitUsage, "STATEMENTS is missing", "integer"},
		{[]string{"--table", "note", wider}, "", exitUsage, "no terminal", "integer"},
		{[]string{"--table", "note", wider + "; SELECT 1/0", "--yes"}, "", exitRefused, "division by zero", "integer"},
		{[]string{"--table", "person", wider, "--yes"}, "", exitRefused, "Add --table for the table that is named", "integer"},
		{[]string{"--table", "note", "ALTER TABLE note DROP COLUMN owner_id", "--yes"}, "", exitModel, "owner_id", "integer"},
		{[]string{"--table", "note", wider, "--yes"}, "", 0, "", "bigint"},
		{[]string{"--table", "note", "-", "--yes", "-o", "json"}, "ALTER TABLE note ALTER COLUMN owner_id TYPE integer", 0, "", "integer"},
	} {
		code, _, stderr := u.run(t.Context(), strings.NewReader(c.in), append([]string{"maintenance", "alter", "rls.yaml"}, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.told) {
			t.Errorf("%v: exit code %d, want %d\n%s", c.args, code, c.code, stderr)
		}
		if got := u.value(t, typed); got != c.typ {
			t.Errorf("%v: the column is %s, want %s", c.args, got, c.typ)
		}
		if got := fmt.Sprint(u.value(t, forced), u.count(t, u.person), u.count(t, u.owner)); got != "t t1 0" {
			t.Errorf("%v: afterwards %s", c.args, got)
		}
	}
}
