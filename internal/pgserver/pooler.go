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
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNoPooler is a machine without PgBouncer.
var ErrNoPooler = errors.New("no pgbouncer on this machine: run apt-get install -y pgbouncer")

// PoolerOptions say how PgBouncer is to run.
type PoolerOptions struct {
	Database string            // the one database
	Users    map[string]string // who may connect, with their passwords or ""
	// Settings are of [pgbouncer]: "pool_mode", "default_pool_size" and so on. "max_prepared_statements" is left out for a
	// version that does not know it, and refuses to start.
	Settings map[string]string
}

// Pooler is a running PgBouncer in front of a Server.
type Pooler struct {
	port    int
	version int
	stop    func(context.Context) error
}

// Port is where it listens on 127.0.0.1.
func (p *Pooler) Port() int { return p.port }

// Version is 11800 for 1.18.0.
func (p *Pooler) Version() int { return p.version }

// Stop ends it and all connections through it.
func (p *Pooler) Stop(ctx context.Context) error { return p.stop(ctx) }

// Prepares reports whether it tracks prepared statements in transaction mode, as max_prepared_statements asks.
func (p *Pooler) Prepares() bool { return p.version >= preparingVersion }

// preparingVersion is PgBouncer 1.21.0.
const preparingVersion = 12100

var poolerVersion = regexp.MustCompile(`PgBouncer (\d+)\.(\d+)\.(\d+)`)

// findPooler returns the program and its version.
func findPooler(ctx context.Context) (string, int, error) {
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		path = "/usr/sbin/pgbouncer" // not on everybody's PATH
	}
	out, err := exec.CommandContext(ctx, path, "--version").Output()
	if err != nil {
		return "", 0, ErrNoPooler
	}
	m := poolerVersion.FindSubmatch(out)
	if m == nil {
		return "", 0, errors.New("pgbouncer --version does not say its version")
	}
	version := 0
	for _, part := range m[1:] {
		n, _ := strconv.Atoi(string(part))
		version = 100*version + n
	}
	return path, version, nil
}

// StartPooler runs PgBouncer in front of s, not as root, and waits until it answers. The error is ErrNoPooler if the
// machine has none.
func (s *Server) StartPooler(ctx context.Context, o PoolerOptions) (*Pooler, error) {
	path, version, err := findPooler(ctx)
	if err != nil {
		return nil, err
	}
	who, err := serverAccount()
	if err != nil {
		return nil, fmt.Errorf("start pgbouncer: %w", err)
	}
	dir, err := shortTempDir(who)
	if err != nil {
		return nil, fmt.Errorf("start pgbouncer: %w", err)
	}
	watch, err := newWatch(`if read -r line; then exit 0; fi; rm -rf -- "$1"`, dir)
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("start pgbouncer: %w", err)
	}
	clean := func() error {
		err := os.RemoveAll(dir)
		watch.dismiss()
		return err
	}
	const attempts = 5 // the port is free when it is picked, and may be taken when pgbouncer binds it
	for attempt := 1; ; attempt++ {
		port, err := freePort()
		if err == nil {
			err = s.writePoolerFiles(dir, port, version, o, who)
		}
		var p *process
		if err == nil {
			p, err = s.launchPooler(ctx, path, dir, port, o, who)
		}
		if err == nil {
			return &Pooler{port: port, version: version, stop: func(ctx context.Context) error {
				return errors.Join(p.stop(ctx), clean())
			}}, nil
		}
		if attempt == attempts || !errors.Is(err, errPortTaken) {
			_ = clean()
			return nil, fmt.Errorf("start pgbouncer: %w", err)
		}
	}
}

func (s *Server) writePoolerFiles(dir string, port, version int, o PoolerOptions, who account) error {
	quote := func(text, mark string) string { return mark + strings.ReplaceAll(text, mark, mark+mark) + mark }
	host := s.host
	if s.socketDir != "" && s.kind == KindURL {
		host = s.socketDir
	}
	var users, ini strings.Builder
	for name, password := range o.Users {
		fmt.Fprintf(&users, "%s %s\n", quote(name, `"`), quote(password, `"`))
	}
	fmt.Fprintf(&ini, "[databases]\n%s = host=%s port=%d dbname=%s\n\n[pgbouncer]\n",
		o.Database, quote(host, "'"), s.port, quote(o.Database, "'"))
	names := make([]string, 0, len(o.Settings))
	for name := range o.Settings {
		if name != "max_prepared_statements" || version >= preparingVersion {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(&ini, "%s = %s\n", name, o.Settings[name])
	}
	fmt.Fprintf(&ini, "listen_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\nauth_type = trust\nauth_file = %s\n",
		port, filepath.Join(dir, "users"))
	for name, text := range map[string]string{"users": users.String(), "ini": ini.String()} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return err
		}
		if err := who.own(file); err != nil {
			return err
		}
	}
	return nil
}

// launchPooler starts the process and waits for its first answer.
func (s *Server) launchPooler(ctx context.Context, path, dir string, port int, o PoolerOptions, who account) (*process, error) {
	logPath := filepath.Join(dir, "log")
	logFile, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	defer func() { _ = logFile.Close() }()
	cmd := exec.Command(path, filepath.Join(dir, "ini"))
	cmd.Dir, cmd.Env = dir, serverEnv()
	cmd.Stdout, cmd.Stderr = logFile, logFile
	p, err := launch(cmd, who)
	if err != nil {
		return nil, err
	}
	if err = s.awaitPooler(ctx, port, o, p.done); err == nil {
		return p, nil
	}
	_ = p.stop(context.WithoutCancel(ctx))
	text, _ := os.ReadFile(logPath)
	if bytes.Contains(text, []byte("Address already in use")) {
		return nil, errPortTaken
	}
	return nil, fmt.Errorf("%w: %s", err, lastLines(text))
}

// awaitPooler connects as one of the users until that works.
func (s *Server) awaitPooler(ctx context.Context, port int, o PoolerOptions, dead <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, bootTimeout)
	defer cancel()
	config, err := pgx.ParseConfig("sslmode=disable")
	if err != nil {
		return errors.New("not a valid connection string")
	}
	config.Host, config.Port, config.Database = "127.0.0.1", uint16(port), o.Database
	for name := range o.Users {
		config.User = name
	}
	for {
		conn, err := pgx.ConnectConfig(ctx, config)
		if err == nil {
			return conn.Close(ctx)
		}
		var opErr *net.OpError
		if !errors.As(err, &opErr) { // it listens, and refuses
			return withoutDSN(err)
		}
		select {
		case <-dead:
			return errServerDied
		case <-ctx.Done():
			return withoutDSN(err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
