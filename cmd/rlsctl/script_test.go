package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/pgtest"
)

// TestMain runs the tests, or is the program itself: for tests that kill it, and for its guardian.
func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" || len(os.Args) > 1 && os.Args[1] == guardCommand {
		os.Exit(command())
	}
	os.Exit(pgtest.Main(m))
}

// asProgram is the variable that makes the test binary the program.
const asProgram = "RLSCTL_TEST_AS_PROGRAM"

// TestScripts runs the scripts below testdata/script, each with a database of its own. DATABASE_URL names it, and
// $APP, $REPORT and $MIGRATOR are database roles of that script alone: they belong to the whole server. Commands
// beside those of testscript:
//
//	rlsctl ARGS [<FILE]            the program, which must exit with 0
//	exits CODE ARGS [<FILE]        the program, which must exit with that code
//	sql FILE|STATEMENT             as the database superuser
//	expand FILE...                 puts the environment's values for ${NAME} into files
//	snapshot FILE                  writes down everything that a change of the schema could touch
//	catalog FILE FILE              two catalogs, which must be the same but for database roles
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			t := env.T().(testing.TB)
			d := newDatabase(t)
			env.Values[databaseKey{}] = d
			env.Setenv("DATABASE_URL", d.URL(""))
			for name, role := range map[string]string{"APP": "app", "REPORT": "report", "MIGRATOR": "migrator"} {
				env.Setenv(name, d.Role(t, role, "LOGIN"))
			}
			env.Setenv("MIGRATOR_URL", d.URL(env.Getenv("MIGRATOR")))
			env.Setenv("APP_URL", d.URL(env.Getenv("APP")))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"rlsctl":   func(ts *testscript.TestScript, neg bool, args []string) { program(ts, neg, 0, args) },
			"exits":    scriptExits,
			"sql":      scriptSQL,
			"expand":   scriptExpand,
			"snapshot": scriptSnapshot,
			"catalog":  scriptCatalog,
		},
	})
}

type databaseKey struct{}

// newDatabase makes a database with the kernel in it.
func newDatabase(t testing.TB) *pgtest.Database {
	d := pgtest.Shared(t).Clone(t, "kernel", func(ctx context.Context, url string) error {
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		defer conn.Close(ctx) //nolint:errcheck // nothing is pending
		_, err = kernel.Up(ctx, conn)
		return err
	})
	d.Exec(t, "SELECT rls.reseal()") // a copy of a template is a copy
	return d
}

func program(ts *testscript.TestScript, neg bool, want int, args []string) {
	if neg {
		ts.Fatalf("name the exit code: exits CODE %s", strings.Join(args, " "))
	}
	s := Streams{In: strings.NewReader(""), Out: ts.Stdout(), Err: ts.Stderr(), Getenv: ts.Getenv, Dir: ts.MkAbs(".")}
	if n := len(args); n > 0 && strings.HasPrefix(args[n-1], "<") {
		s.In = strings.NewReader(ts.ReadFile(args[n-1][1:]))
		args = args[:n-1]
	}
	if code := Run(context.Background(), onOldServer(ts.Value(databaseKey{}).(*pgtest.Database), args), s); code != want {
		ts.Fatalf("rlsctl %s: exit code %d, want %d", strings.Join(args, " "), code, want)
	}
}

// onOldServer adds to the command line of an apply what an old test server needs; pgtest has said that it is one.
func onOldServer(d *pgtest.Database, args []string) []string {
	if len(args) > 1 && args[0] == "apply" && d.Server().Old() {
		return slices.Concat(args[:2], []string{"--allow", "OLD_SERVER"}, args[2:])
	}
	return args
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	code, err := strconv.Atoi(args[0])
	ts.Check(err)
	program(ts, neg, code, args[1:])
}

func scriptSQL(ts *testscript.TestScript, neg bool, args []string) {
	d := ts.Value(databaseKey{}).(*pgtest.Database)
	sql := args[0]
	if strings.HasSuffix(sql, ".sql") {
		sql = ts.ReadFile(sql)
	}
	conn, err := pgx.Connect(context.Background(), d.URL(""))
	ts.Check(err)
	defer conn.Close(context.Background()) //nolint:errcheck // nothing is pending
	results, err := conn.PgConn().Exec(context.Background(), expanded(ts, sql)).ReadAll()
	if neg == (err == nil) {
		ts.Fatalf("sql: error %v", err)
	}
	for _, r := range results {
		for _, row := range r.Rows {
			fmt.Fprintln(ts.Stdout(), strings.TrimSpace(string(joined(row))))
		}
	}
}

func joined(row [][]byte) []byte {
	var out []byte
	for _, v := range row {
		out = append(append(out, v...), ' ')
	}
	return out
}

var variable = regexp.MustCompile(`\$\{([A-Z_]+)\}`)

func expanded(ts *testscript.TestScript, s string) string {
	return variable.ReplaceAllStringFunc(s, func(v string) string { return ts.Getenv(v[2 : len(v)-1]) })
}

func scriptExpand(ts *testscript.TestScript, _ bool, args []string) {
	for _, file := range args {
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(expanded(ts, ts.ReadFile(file))), 0o600))
	}
}

// scriptCatalog is true of two catalogs that are the same byte by byte, but for the database roles: those are of the whole
// server, where other tests make and drop theirs.
func scriptCatalog(ts *testscript.TestScript, neg bool, args []string) {
	var parts [2]map[string]json.RawMessage
	for i, file := range args {
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(file)), &parts[i]))
		delete(parts[i], "roles")
	}
	same := func(a, b json.RawMessage) bool { return string(a) == string(b) }
	if maps.EqualFunc(parts[0], parts[1], same) == neg {
		ts.Fatalf("catalogs: %v", args)
	}
}

func scriptSnapshot(ts *testscript.TestScript, _ bool, args []string) {
	d := ts.Value(databaseKey{}).(*pgtest.Database)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(snapshot(ts.Check, d)), 0o600))
}

// snapshot is everything that a change of the schema could touch, as text: what the catalogs say, and what pg_dump says
// where there is one that is new enough for the server.
func snapshot(check func(error), d *pgtest.Database) string {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, d.URL(""))
	check(err)
	defer conn.Close(ctx) //nolint:errcheck // nothing is pending
	query, err := os.ReadFile(filepath.Join(packageDir, "testdata", "snapshot.sql"))
	check(err)
	results, err := conn.PgConn().Exec(ctx, string(query)).ReadAll()
	check(err)
	var b strings.Builder
	for _, r := range results {
		for _, row := range r.Rows {
			b.Write(joined(row))
			b.WriteByte('\n')
		}
	}
	if version, err := exec.Command("pg_dump", "--version").Output(); err == nil {
		major, _, _ := strings.Cut(string(regexp.MustCompile(`\d+(\.\d+)*`).Find(version)), ".")
		if n, _ := strconv.Atoi(major); n >= d.Server().Version()/10000 {
			dump, err := exec.Command("pg_dump", "-s", "-d", d.URL("")).Output()
			check(err)
			for line := range strings.Lines(string(dump)) {
				// These lines hold a random word in each run.
				if !strings.HasPrefix(line, `\restrict`) && !strings.HasPrefix(line, `\unrestrict`) {
					b.WriteString(line)
				}
			}
		}
	}
	return b.String()
}

var packageDir = func() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	return dir
}()
