package pgserver_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/pgserver"
)

// holderEnv makes this test binary a process that starts a server, says where it is, and waits to be killed.
const holderEnv = "RLSCTL_PGSERVER_HOLD"

func TestMain(m *testing.M) {
	if kind := os.Getenv(holderEnv); kind != "" {
		s, err := pgserver.Start(context.Background(), pgserver.Options{Prefer: kind, Major: holderMajor(kind)})
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
		fmt.Println(s.URL("", ""), s.SocketDir(), s.ContainerID())
		select {}
	}
	os.Exit(m.Run())
}

func holderMajor(kind string) int {
	if kind == pgserver.KindContainer {
		return 15
	}
	return 0
}

// start starts a server that ends with the test.
func start(t *testing.T, o pgserver.Options) *pgserver.Server {
	t.Helper()
	s, err := pgserver.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// ask returns one value from the server as text.
func ask(t *testing.T, url, sql string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var text string
	if err := conn.QueryRow(t.Context(), sql).Scan(&text); err != nil {
		t.Fatal(err)
	}
	return text
}

func TestLocal(t *testing.T) {
	t.Parallel()
	s := start(t, pgserver.Options{Prefer: pgserver.KindLocal, Settings: map[string]string{"work_mem": "7MB"}})
	dir := s.SocketDir()

	t.Run("describes_itself", func(t *testing.T) {
		if s.Version() < 150000 || s.Kind() != "local" || !strings.HasPrefix(s.Describe(), "PostgreSQL 1") {
			t.Errorf("%d, %s, %s", s.Version(), s.Kind(), s.Describe())
		}
	})
	t.Run("has_the_given_settings", func(t *testing.T) {
		if got := ask(t, s.URL("", ""), "SHOW work_mem"); got != "7MB" {
			t.Errorf("work_mem = %s", got)
		}
	})
	t.Run("trusts_every_role_over_tcp_and_socket", func(t *testing.T) {
		ask(t, s.URL("", ""), "WITH x AS (SELECT 1) SELECT 'x' FROM x")
		conn, err := pgx.Connect(t.Context(), s.URL("", ""))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(context.Background())
		if _, err := conn.Exec(t.Context(), "CREATE ROLE alice LOGIN"); err != nil {
			t.Fatal(err)
		}
		if got := ask(t, s.URL("alice", "postgres"), "SELECT current_user::text"); got != "alice" {
			t.Errorf("current_user = %s", got)
		}
		socket := fmt.Sprintf("host=%s port=%d user=alice dbname=postgres", dir, s.Port())
		if got := ask(t, socket, "SELECT current_user::text"); got != "alice" {
			t.Errorf("current_user = %s", got)
		}
	})
	t.Run("does_not_run_as_root", func(t *testing.T) {
		if uid := processUID(t, serverPID(t, dir)); uid == "0" {
			t.Error("postgres runs as root")
		}
	})
	t.Run("stop_leaves_nothing", func(t *testing.T) {
		pid := serverPID(t, dir)
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		if running(pid) {
			t.Errorf("process %s is still there", pid)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", dir, err)
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Errorf("second Stop: %v", err)
		}
	})
}

func TestLocal_two_at_once(t *testing.T) {
	t.Parallel()
	a := start(t, pgserver.Options{Prefer: pgserver.KindLocal})
	b := start(t, pgserver.Options{Prefer: pgserver.KindLocal})
	if a.Port() == b.Port() || a.SocketDir() == b.SocketDir() {
		t.Errorf("%d %s, %d %s", a.Port(), a.SocketDir(), b.Port(), b.SocketDir())
	}
}

func TestLocal_cancelled_start_leaves_nothing(t *testing.T) { // not parallel: it counts directories of its own TMPDIR
	if runtime.GOOS != "linux" {
		t.Skip("the directory's place is only known on Linux")
	}
	dir, err := os.MkdirTemp("/tmp", "pgserver-test-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", dir)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if s, err := pgserver.Start(ctx, pgserver.Options{Prefer: pgserver.KindLocal}); err == nil {
		_ = s.Stop(t.Context())
		t.Fatal("a server started in 100 ms")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

func TestKilled(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{pgserver.KindLocal, pgserver.KindContainer} {
		t.Run(kind+"_server_ends_with_its_process", func(t *testing.T) {
			t.Parallel()
			if kind == pgserver.KindContainer {
				needEngine(t)
				if _, err := pgserver.Image(t.Context(), 15, t.Logf); err != nil {
					t.Fatal(err)
				}
			}
			exe, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), exe)
			cmd.Env = append(os.Environ(), holderEnv+"="+kind)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, _ := bufio.NewReader(out).ReadString('\n')
			where := strings.Fields(line)
			if len(where) != 2 {
				t.Fatalf("the process says %q", line)
			}
			gone := func() bool {
				out, _ := exec.Command("docker", "ps", "-aq", "--no-trunc").Output()
				return !strings.Contains(string(out), where[1])
			}
			if kind == pgserver.KindLocal {
				pid := serverPID(t, where[1])
				gone = func() bool {
					_, err := os.Stat(where[1])
					return !running(pid) && errors.Is(err, os.ErrNotExist)
				}
			}
			if gone() {
				t.Fatal("there is no server")
			}
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			eventually(t, gone)
		})
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	base := start(t, pgserver.Options{Prefer: pgserver.KindLocal})
	t.Run("uses_the_server_and_leaves_it_running", func(t *testing.T) {
		t.Parallel()
		s, err := pgserver.Start(t.Context(), pgserver.Options{URL: base.URL("", "postgres")})
		if err != nil {
			t.Fatal(err)
		}
		if s.Kind() != "url" || s.Superuser() != "postgres" || s.Version() != base.Version() {
			t.Errorf("%s, %s, %d", s.Kind(), s.Superuser(), s.Version())
		}
		if err := s.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		ask(t, s.URL("", "template1"), "SELECT 'still there'")
	})
	t.Run("rejects_another_version", func(t *testing.T) {
		t.Parallel()
		if _, err := pgserver.Start(t.Context(), pgserver.Options{URL: base.URL("", ""), Major: 99}); err == nil {
			t.Error("no error")
		}
	})
	for name, dsn := range map[string]string{
		"no_server":    "postgres://alice:s3cret@127.0.0.1:1/app",
		"no_database":  base.URL("postgres:s3cret", "missing"),
		"no_host":      "host=nowhere.invalid user=alice password=s3cret",
		"broken":       "postgres://alice:s3cret@127.0.0.1:notaport/app",
		"broken_words": "user=alice password=s3cret port=x",
	} {
		t.Run("error_hides_the_dsn_"+name, func(t *testing.T) {
			t.Parallel()
			_, err := pgserver.Start(t.Context(), pgserver.Options{URL: dsn})
			if err == nil {
				t.Fatal("no error")
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				for _, secret := range []string{"s3cret", "alice", "postgres://"} {
					if strings.Contains(e.Error(), secret) {
						t.Errorf("the error has %q: %v", secret, e)
					}
				}
			}
		})
	}
}

func TestNoServer(t *testing.T) {
	t.Parallel()
	_, err := pgserver.Start(t.Context(), pgserver.Options{Prefer: pgserver.KindLocal, Major: 99})
	var missing *pgserver.NoServerError
	if !errors.Is(err, pgserver.ErrNoServer) || !errors.As(err, &missing) {
		t.Fatalf("err = %v", err)
	}
	if strings.Count(err.Error(), "\n") > 0 || missing.Command != "" && strings.Count(err.Error(), missing.Command) != 1 {
		t.Errorf("err = %v", err)
	}
}

func needEngine(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("slow: it may build an image")
	}
	if !pgserver.EngineAnswers(t.Context()) {
		t.Skip("no container engine answers here")
	}
}

// serverPID reads a server's process id from its data directory.
func serverPID(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, _, _ := strings.Cut(string(text), "\n")
	return pid
}

func processUID(t *testing.T, pid string) string {
	t.Helper()
	out, err := exec.Command("ps", "-o", "uid=", "-p", pid).Output()
	if err != nil {
		t.Skip("no ps command that knows -o uid")
	}
	return strings.TrimSpace(string(out))
}

func running(pid string) bool { return exec.Command("kill", "-0", pid).Run() == nil }

// eventually polls for what another process does.
func eventually(t *testing.T, done func() bool) {
	t.Helper()
	limit := time.NewTimer(20 * time.Second)
	defer limit.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-limit.C:
			t.Fatal("it did not happen in 20 s")
		case <-tick.C:
		}
	}
}
