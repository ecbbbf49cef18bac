// Package pgserver finds or starts a PostgreSQL server of a supported version.
//
// Sources, in this order: a given DSN; server binaries found on the machine, run as a private throw-away cluster;
// a container, where an engine answers; the Debian package, where its installation is allowed. A server started here
// is meant to be lost: it trusts every role, listens on the loopback address only and does not sync to disk. It
// stops with Stop, and also when the process that started it dies.
package pgserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// The sources of a server, as named in Options.Prefer and returned by Server.Kind.
const (
	KindURL       = "url"
	KindLocal     = "local"
	KindContainer = "container"
)

const (
	minMajor    = 15               // oldest supported major version: the first with security_invoker views
	superuser   = "postgres"       // name of the database superuser on servers started here
	bootTimeout = 60 * time.Second // from process start to the first answer; only ever reached by a broken server
)

// ErrNoServer is what errors.Is finds in the error of Start if no source could give a server.
var ErrNoServer = errors.New("no PostgreSQL server")

// NoServerError says why no source gave a server, and the one command that helps.
type NoServerError struct {
	Major   int      // wanted major version, 0 for any supported one
	Reasons []string // one clause per source tried
	Command string   // a shell command, or "" if none is known
}

// Error names the wanted version, the reason of every source and the command.
func (e *NoServerError) Error() string {
	version := "15 or newer"
	if e.Major != 0 {
		version = strconv.Itoa(e.Major)
	}
	msg := fmt.Sprintf("no PostgreSQL %s can be found or started (%s)", version, strings.Join(e.Reasons, "; "))
	if e.Command != "" {
		msg += ": run " + e.Command
	}
	return msg
}

// Hint is the command as an order.
func (e *NoServerError) Hint() string {
	if e.Command == "" {
		return "set DATABASE_URL"
	}
	return "run " + e.Command + ", or set DATABASE_URL"
}

// Is reports whether target is ErrNoServer.
func (e *NoServerError) Is(target error) bool { return target == ErrNoServer }

// Options choose and shape a server. The zero value means any supported server, without installing anything.
type Options struct {
	Prefer   string            // "", KindURL, KindLocal or KindContainer: restricts the choice to one source
	URL      string            // normally os.Getenv("DATABASE_URL"), passed by the caller
	Major    int               // 0 = any of 15 and newer; containers: 15, 17 or 18
	Settings map[string]string // extra server settings, for servers started here
	Install  bool              // the Debian package may be installed; only as root on Debian
	Log      func(format string, args ...any)

	// Run starts the container; nil means the docker command. Tests pass another way of starting containers.
	Run func(ctx context.Context, c Container) (Running, error)
}

func (o Options) logf(format string, args ...any) {
	if o.Log != nil {
		o.Log(format, args...)
	}
}

// accepts reports whether a server of this major version will do.
func (o Options) accepts(major int) bool {
	if o.Major != 0 {
		return major == o.Major
	}
	return major >= minMajor
}

// Server is a running PostgreSQL server. Its methods are safe for concurrent use.
type Server struct {
	kind      string
	where     string // for Describe: binaries, image, or where the DSN came from
	dsn       string // only KindURL
	user      string // database superuser, or the user of the DSN
	host      string
	port      int
	socketDir string
	psql      string
	container string // id, only KindContainer
	version   int
	release   string // as the server writes its version, "15.18"

	stop     func(ctx context.Context) error
	stopOnce sync.Once
	stopErr  error
}

// Start returns the first server that the sources give, in the order of the package comment.
// If o.URL is set and used, it does not fall back to another source when that server does not answer.
// The error is a *NoServerError if no source has a server at all. No error contains a DSN or a password.
func Start(ctx context.Context, o Options) (*Server, error) {
	switch o.Prefer {
	case "", KindURL, KindLocal, KindContainer:
	default:
		return nil, fmt.Errorf("start PostgreSQL: unknown source %q", o.Prefer)
	}
	if o.Major != 0 && o.Major < minMajor {
		return nil, fmt.Errorf("start PostgreSQL: version %d is older than %d", o.Major, minMajor)
	}
	wants := func(kind string) bool { return o.Prefer == "" || o.Prefer == kind }
	var reasons []string

	if wants(KindURL) {
		if o.URL != "" {
			return connectURL(ctx, o)
		}
		reasons = append(reasons, "DATABASE_URL is not set")
	}
	if wants(KindLocal) {
		bin, err := findBinaries(ctx, o)
		if err == nil {
			return startLocal(ctx, o, bin)
		}
		reasons = append(reasons, err.Error())
	}
	if wants(KindContainer) {
		s, err := startContainer(ctx, o)
		if err == nil {
			return s, nil
		}
		if ctx.Err() != nil || o.Prefer == KindContainer && !errors.Is(err, errNoEngine) {
			return nil, err
		}
		reasons = append(reasons, err.Error())
	}
	if wants(KindLocal) && o.Install && canInstall() {
		if err := installDebian(ctx, o); err != nil {
			return nil, err
		}
		bin, err := findBinaries(ctx, o)
		if err == nil {
			return startLocal(ctx, o, bin)
		}
		reasons = append(reasons, err.Error()+" after the installation")
	}
	return nil, &NoServerError{Major: o.Major, Reasons: reasons, Command: installCommand(o)}
}

// URL returns a DSN for a user and a database; "" means the database superuser and the database "postgres".
// Servers started here trust every user. With KindURL it is the given DSN with the database replaced if one is named,
// and the user too, who may carry a password after a colon: "alice:secret".
func (s *Server) URL(user, database string) string {
	if s.kind == KindURL {
		return replaceInURL(s.dsn, user, database)
	}
	if user == "" {
		user = s.user
	}
	if database == "" {
		database = "postgres"
	}
	name, password, ok := strings.Cut(user, ":")
	info := url.User(name)
	if ok {
		info = url.UserPassword(name, password)
	}
	u := url.URL{
		Scheme:   "postgres",
		User:     info,
		Host:     net.JoinHostPort(s.host, strconv.Itoa(s.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Superuser is the database superuser's name; with KindURL the DSN's user, who may be less than that.
func (s *Server) Superuser() string { return s.user }

// Kind is where the server comes from: KindURL, KindLocal or KindContainer.
func (s *Server) Kind() string { return s.kind }

// Version is the server's server_version_num, for example 150018.
func (s *Server) Version() int { return s.version }

// Describe says version and source in a form for people: "PostgreSQL 15.18, container rlsctl-postgres:15".
func (s *Server) Describe() string {
	return fmt.Sprintf("PostgreSQL %s, %s", s.release, s.where)
}

// Host is what psql wants as PGHOST when it connects over TCP.
func (s *Server) Host() string { return s.host }

// Port is what psql wants as PGPORT.
func (s *Server) Port() int { return s.port }

// SocketDir is the directory of the server's Unix socket, or "" if this machine has none.
func (s *Server) SocketDir() string { return s.socketDir }

// Psql is the path of a psql on this machine, or "". It prefers the one that belongs to the server.
func (s *Server) Psql() string { return s.psql }

// ContainerID is the id of the container that the server runs in, or "".
func (s *Server) ContainerID() string { return s.container }

// Stop stops the server and removes its data directory or container. It leaves a server alone that it did not start.
// It is idempotent: later calls return the first call's error.
func (s *Server) Stop(ctx context.Context) error {
	s.stopOnce.Do(func() {
		if s.stop == nil {
			return
		}
		if err := s.stop(ctx); err != nil {
			s.stopErr = fmt.Errorf("stop PostgreSQL: %w", err)
		}
	})
	return s.stopErr
}

// connectURL uses the server that o.URL names.
func connectURL(ctx context.Context, o Options) (*Server, error) {
	cfg, err := pgx.ParseConfig(o.URL)
	if err != nil {
		return nil, errors.New("use DATABASE_URL: not a valid connection string") // pgx's error quotes the DSN
	}
	s := &Server{
		kind:  KindURL,
		where: "DATABASE_URL",
		dsn:   o.URL,
		user:  cfg.User,
		host:  cfg.Host,
		port:  int(cfg.Port),
		psql:  findPsql(""),
	}
	if filepath.IsAbs(cfg.Host) {
		s.socketDir = cfg.Host
	}
	if err := s.askVersion(ctx); err != nil {
		return nil, fmt.Errorf("use DATABASE_URL: %w", withoutDSN(err))
	}
	if !o.accepts(s.version / 10000) {
		return nil, fmt.Errorf("use DATABASE_URL: the server is PostgreSQL %s, wanted is %s", s.release, wanted(o))
	}
	return s, nil
}

// replaceInURL replaces database and user of a DSN, in both forms that libpq knows.
func replaceInURL(dsn, user, database string) string {
	name, password, hasPassword := strings.Cut(user, ":")
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		u, err := url.Parse(dsn)
		if err != nil {
			return dsn
		}
		q := u.Query()
		if database != "" {
			u.Path, u.RawPath = "/"+database, ""
			q.Del("dbname")
			q.Del("database")
		}
		if name != "" && (hasPassword || u.User.Username() != name) {
			u.User = url.User(name)
			if hasPassword {
				u.User = url.UserPassword(name, password)
			}
			q.Del("user")
			q.Del("password")
		}
		u.RawQuery = q.Encode()
		return u.String()
	}
	quote := func(v string) string {
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(v) + "'"
	}
	if database != "" {
		dsn += " dbname=" + quote(database)
	}
	if name != "" {
		cfg, err := pgx.ParseConfig(dsn)
		if hasPassword || err != nil || cfg.User != name {
			dsn += " user=" + quote(name)
		}
		if hasPassword {
			dsn += " password=" + quote(password)
		}
	}
	return dsn
}

// askVersion fills version and release, with one connection.
func (s *Server) askVersion(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.URL("", ""))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var num string
	err = conn.QueryRow(ctx, "SELECT current_setting('server_version_num'), current_setting('server_version')",
		pgx.QueryExecModeSimpleProtocol).Scan(&num, &s.release)
	if err != nil {
		return err
	}
	s.release, _, _ = strings.Cut(s.release, " ")
	s.version, err = strconv.Atoi(num)
	return err
}

// await polls until the server answers or dead is closed. It changes s.host and s.port to the address that answered.
func (s *Server) await(ctx context.Context, addresses []address, dead <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, bootTimeout)
	defer cancel()
	pause := 5 * time.Millisecond
	for {
		var err error
		for _, a := range addresses {
			s.host, s.port = a.host, a.port
			try, cancelTry := context.WithTimeout(ctx, 3*time.Second)
			err = s.askVersion(try)
			cancelTry()
			if err == nil {
				return nil
			}
		}
		select {
		case <-dead:
			return errServerDied
		case <-ctx.Done():
			return fmt.Errorf("wait for the server: %w", withoutDSN(err))
		case <-time.After(pause):
		}
		pause = min(pause*3/2, 100*time.Millisecond)
	}
}

var errServerDied = errors.New("the server process ended")

type address struct {
	host string
	port int
}

// withoutDSN removes pgx's wrapping that quotes parts of the DSN and keeps the reason below it.
func withoutDSN(err error) error {
	var parse *pgconn.ParseConfigError
	if errors.As(err, &parse) {
		return errors.New("not a valid connection string")
	}
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) {
		return pgErr
	}
	var netErr *net.OpError
	if errors.As(err, &netErr) {
		return netErr.Err
	}
	var dnsErr *net.DNSError
	if errors.As(err, &dnsErr) {
		return errors.New("the host name does not resolve")
	}
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		if errors.Is(err, context.DeadlineExceeded) {
			return context.DeadlineExceeded
		}
		return errors.New("the server does not answer")
	}
	return err
}

// settings are those of every server started here, then o.Settings, as sorted "name=value" pairs.
func settings(o Options) []string {
	all := map[string]string{
		"fsync":                     "off", // the data is thrown away
		"synchronous_commit":        "off",
		"full_page_writes":          "off",
		"max_connections":           "200",
		"max_prepared_transactions": "10",
		"checkpoint_timeout":        "1h",
		"log_statement":             "none",
		"timezone":                  "UTC",
		"log_timezone":              "UTC",
	}
	for name, value := range o.Settings {
		all[name] = value
	}
	pairs := make([]string, 0, len(all))
	for name, value := range all {
		pairs = append(pairs, name+"="+value)
	}
	slices.Sort(pairs)
	return pairs
}

// wanted is the version that the options ask for, for messages.
func wanted(o Options) string {
	if o.Major != 0 {
		return "PostgreSQL " + strconv.Itoa(o.Major)
	}
	return "PostgreSQL 15 or newer"
}

// findPsql returns the psql in bin, else a real one on this machine, else whatever is on PATH, else "".
// Debian's psql on PATH is a wrapper in Perl that picks a cluster, so it is the last choice.
func findPsql(bin string) string {
	dirs := []string{}
	if bin != "" {
		dirs = append(dirs, bin)
	}
	dirs = append(dirs, debianBins()...)
	for _, dir := range dirs {
		path := filepath.Join(dir, exe("psql"))
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	path, err := exec.LookPath("psql")
	if err != nil {
		return ""
	}
	return path
}

func exe(name string) string {
	if runtime.GOOS == "windows" {
		return name + ".exe"
	}
	return name
}
