package pgserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// binaries are the server programs of one installation.
type binaries struct {
	dir     string // holds initdb and postgres
	major   int
	version string // what postgres --version says
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// findBinaries returns the first installation with a wanted version: on PATH, Debian's, pg_config's, other packagers'.
func findBinaries(ctx context.Context, o Options) (binaries, error) {
	var seen []string
	for _, dir := range binaryDirs(ctx) {
		if slices.Contains(seen, dir) {
			continue
		}
		seen = append(seen, dir)
		if _, err := os.Stat(filepath.Join(dir, exe("initdb"))); err != nil {
			continue
		}
		out, err := exec.CommandContext(ctx, filepath.Join(dir, exe("postgres")), "--version").Output()
		if err != nil {
			continue
		}
		m := versionPattern.FindSubmatch(out)
		if m == nil {
			continue
		}
		major, _ := strconv.Atoi(string(m[1]))
		if o.accepts(major) {
			return binaries{dir: dir, major: major, version: string(bytes.TrimSpace(out))}, nil
		}
	}
	return binaries{}, errors.New("no server binaries of " + wanted(o))
}

func binaryDirs(ctx context.Context) []string {
	var dirs []string
	if path, err := exec.LookPath("postgres"); err == nil {
		if target, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(target))
		}
	}
	dirs = append(dirs, debianBins()...)
	if out, err := exec.CommandContext(ctx, "pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	for _, pattern := range []string{
		"/usr/pgsql-*/bin",                                   // PostgreSQL's own RPM packages
		"/usr/libexec/postgresql*",                           // Alpine
		"/opt/homebrew/opt/postgresql@*/bin",                 // Homebrew, ARM
		"/usr/local/opt/postgresql@*/bin",                    // Homebrew, Intel
		"/home/linuxbrew/.linuxbrew/opt/postgresql@*/bin",    // Homebrew, Linux
		"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
		"/usr/local/pgsql/bin",                               // built from source
	} {
		dirs = append(dirs, highestFirst(pattern)...)
	}
	return dirs
}

// debianBins are the directories of Debian's packages, highest major version first.
func debianBins() []string { return highestFirst("/usr/lib/postgresql/*/bin") }

var number = regexp.MustCompile(`\d+`)

// highestFirst lists the directories that match pattern by the last number in their path, descending.
func highestFirst(pattern string) []string {
	dirs, _ := filepath.Glob(pattern) // the only error is a malformed pattern
	last := func(dir string) int {
		all := number.FindAllString(dir, -1)
		if len(all) == 0 {
			return 0
		}
		n, _ := strconv.Atoi(all[len(all)-1])
		return n
	}
	slices.SortFunc(dirs, func(a, b string) int { return last(b) - last(a) })
	return dirs
}

// startLocal runs a new cluster of its own from bin.
func startLocal(ctx context.Context, o Options, bin binaries) (*Server, error) {
	started := time.Now()
	who, err := serverAccount()
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	base, err := shortTempDir(who)
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	watch, err := watchDirectory(base)
	if err != nil {
		_ = os.RemoveAll(base)
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	s := &Server{
		kind:      KindLocal,
		where:     "local " + bin.dir,
		user:      superuser,
		socketDir: base,
		psql:      findPsql(bin.dir),
	}
	clean := func() error {
		err := os.RemoveAll(base)
		watch.dismiss()
		return err
	}
	if err := initCluster(ctx, bin, base, who); err != nil {
		_ = clean()
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	const attempts = 5 // the port is free when it is picked, and may be taken when the server binds it
	for attempt := 1; ; attempt++ {
		p, err := startProcess(ctx, o, bin, base, who, s)
		if err == nil {
			s.stop = func(ctx context.Context) error { return errors.Join(p.stop(ctx), clean()) }
			break
		}
		if attempt == attempts || !errors.Is(err, errPortTaken) {
			_ = clean()
			return nil, fmt.Errorf("start PostgreSQL: %w", err)
		}
	}
	o.logf("started %s in %d ms", s.Describe(), time.Since(started).Milliseconds())
	return s, nil
}

// initCluster runs initdb. It tries the locale C where the machine has no C.UTF-8.
func initCluster(ctx context.Context, bin binaries, base string, who account) error {
	var out []byte
	for _, locale := range []string{"C.UTF-8", "C"} {
		cmd := exec.CommandContext(ctx, filepath.Join(bin.dir, exe("initdb")),
			"--no-sync", "--no-instructions", "--wal-segsize=1", "-A", "trust", "-E", "UTF8", "--locale="+locale,
			"-U", superuser, "-D", filepath.Join(base, "data"))
		cmd.Dir = base // the working directory may be closed to the server's account
		cmd.Env = serverEnv()
		cmd.SysProcAttr = who.attr()
		var err error
		out, err = cmd.CombinedOutput()
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("initdb: %w", ctx.Err())
		}
		if !bytes.Contains(out, []byte("invalid locale")) {
			break
		}
	}
	return fmt.Errorf("initdb: %s", lastLines(out))
}

var errPortTaken = errors.New("the port is in use")

// startProcess starts postgres on a port that was free a moment ago and waits for its first answer.
func startProcess(ctx context.Context, o Options, bin binaries, base string, who account, s *Server) (*process, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	args := []string{"-D", filepath.Join(base, "data")}
	for _, pair := range append(settings(o),
		"listen_addresses=127.0.0.1",
		"port="+strconv.Itoa(port),
		"unix_socket_directories="+base,
	) {
		args = append(args, "-c", pair)
	}
	logPath := filepath.Join(base, "log")
	logFile, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	defer func() { _ = logFile.Close() }()
	cmd := exec.Command(filepath.Join(bin.dir, exe("postgres")), args...)
	cmd.Dir = base
	cmd.Env = serverEnv()
	cmd.Stdout, cmd.Stderr = logFile, logFile
	p, err := launch(cmd, who)
	if err != nil {
		return nil, err
	}
	err = s.await(ctx, []address{{"127.0.0.1", port}}, p.done)
	if err == nil {
		select {
		case <-p.done: // another server answered on the port
			err = errServerDied
		default:
			return p, nil
		}
	}
	_ = p.stop(context.WithoutCancel(ctx))
	text, _ := os.ReadFile(logPath)
	if bytes.Contains(text, []byte("Address already in use")) || bytes.Contains(text, []byte("could not create any TCP/IP sockets")) {
		return nil, errPortTaken
	}
	if errors.Is(err, errServerDied) {
		return nil, fmt.Errorf("%w: %s", err, lastLines(text))
	}
	return nil, err
}

// serverEnv is the environment without the variables that would point the server's programs elsewhere.
func serverEnv() []string {
	env := slices.DeleteFunc(os.Environ(), func(pair string) bool {
		return strings.HasPrefix(pair, "PG") || strings.HasPrefix(pair, "LC_") || strings.HasPrefix(pair, "LANG") ||
			strings.HasPrefix(pair, "DATABASE_URL=")
	})
	return append(env, "LC_ALL=C", "TZ=UTC")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// shortTempDir makes a directory of mode 0700 for the account, whose path leaves room for a socket's name
// (107 bytes on Linux, 103 on macOS) and whose parents the account may enter. It is in memory where there is room.
func shortTempDir(who account) (string, error) {
	var firstErr error
	for _, parent := range []string{memoryDir(), os.TempDir(), "/tmp", "/var/tmp"} {
		if parent == "" || len(parent) > 60 || !who.mayEnter(parent) {
			continue
		}
		dir, err := os.MkdirTemp(parent, "rlsctl-pg-")
		if err == nil {
			err = who.own(dir)
			if err == nil {
				return dir, nil
			}
			_ = os.RemoveAll(dir)
		}
		if firstErr == nil {
			firstErr = err
		}
	}
	if firstErr == nil {
		firstErr = errors.New("no temporary directory that the server's account may enter")
	}
	return "", firstErr
}

// lastLines shortens a program's output to what fits in an error.
func lastLines(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) > 5 {
		lines = lines[len(lines)-5:]
	}
	return strings.Join(lines, "; ")
}
