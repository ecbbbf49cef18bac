package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/doctor"
	"github.com/rlsctl/rlsctl/internal/pgserver"
	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/policies/examples/acme"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// output is what a demo prints. It calls then once its text is there.
type output struct {
	mu   sync.Mutex
	buf  bytes.Buffer
	when string
	then func()
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.buf.Write(p)
	if o.then != nil && strings.Contains(o.buf.String(), o.when) {
		o.then()
		o.then = nil
	}
	return n, err
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

const table = `  who asks                  Go session       psql             BI, SET ROLE
  olga  the boss            1 2 3 4 5 6 7 8  1 2 3 4 5 6 7 8  1 2 3 4 5 6 7 8
  mark  runs sales          2 3 4 5 6        2 3 4 5 6        2 3 4 5 6
  lena  group mate of nina  3 4 8            3 4 8            3 4 8
  paul  has left, inactive  nothing          nothing          nothing
  -     nobody              refused          nothing          refused

  ok: all clients agree, and with the model
`

const attacks = `  no token                   refused: nobody has entered this transaction (RL001)
  SET rls.context by hand    refused: the context of this transaction is not valid (RL003)
  SET ROLE olga              refused: permission denied to set role "olga" (42501)
  a forged token             refused: the token is not valid (RL003)
  an expired token           refused: the token has expired (RL002)
  a copied context           refused: the context of this transaction is not valid (RL003)
  lena's token, then olga's  refused: another principal has entered this transaction (RL004)
  lena's login, context set  still sees 3 4 8

  ok: every attempt was refused
`

// answers is the table for a machine with or without psql.
func answers(text string) string {
	if strings.Contains(text, "There is no psql on this machine") {
		head, _, _ := strings.Cut(table, "\n\n")
		return strings.Replace(head, "psql             ", "own login        ", 1)
	}
	return table
}

func gone(t *testing.T, path string) {
	t.Helper()
	if path == "" {
		t.Error("nothing was seen of it")
	} else if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Errorf("%s stays: %v", path, err)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	out := &output{}
	var dir, url, socket string
	var findings []doctor.Finding
	err := Run(t.Context(), Options{Out: out, before: func(ctx context.Context, d *demo, conn *pgx.Conn) error {
		dir, url, socket = d.dir, d.server.URL("", ""), d.server.SocketDir()
		r, err := doctor.Examine(ctx, conn, doctor.Options{})
		findings = r.Findings
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if !strings.Contains(text, answers(text)) {
		t.Errorf("the table is not right:\n%s", text)
	}
	if !strings.Contains(text, attacks) {
		t.Errorf("the attacks are not right:\n%s", text)
	}
	for _, n := range acme.Notes {
		if !strings.Contains(text, note(n)) {
			t.Errorf("note %d is missing", n.ID)
		}
	}
	if strings.Contains(text, "\x1b") {
		t.Error("colours without a terminal")
	}
	for line := range strings.Lines(text) {
		if len(strings.TrimSuffix(line, "\n")) > 100 {
			t.Errorf("a long line: %s", line)
		}
	}
	// The login for nobody is there on purpose; a server's age is not the demo's business.
	for _, f := range findings {
		if f.Code != doctor.CodeUnmappedLogin && f.Code != doctor.CodeOutdated && f.Code != doctor.CodeUnsafeServer && f.Code != doctor.CodeParameterLog {
			t.Errorf("the demo is not a healthy installation: %s %s", f.Code, f.Message)
		}
	}
	gone(t, dir)
	if socket != "" {
		gone(t, socket)
	}
	if conn, err := pgx.Connect(t.Context(), url); err == nil {
		_ = conn.Close(t.Context())
		t.Error("the server still runs")
	}
}

// elsewhere is a server of somebody else, and everything on it that a demo could leave behind.
type elsewhere struct {
	*pgserver.Server
	conn *pgx.Conn
}

func newElsewhere(t *testing.T) *elsewhere {
	t.Helper()
	s, err := pgserver.Start(t.Context(), pgserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Stop(context.Background()) })
	conn, err := pgx.Connect(t.Context(), s.URL("", ""))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return &elsewhere{s, conn}
}

func (e *elsewhere) snapshot(t *testing.T) string {
	t.Helper()
	var s string
	err := e.conn.QueryRow(t.Context(), `SELECT concat_ws(E'\n', (SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles),
		(SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database), (SELECT count(*) FROM pg_auth_members))`).Scan(&s)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (e *elsewhere) unchanged(t *testing.T, before string) {
	t.Helper()
	if after := e.snapshot(t); after != before {
		t.Errorf("something stays:\n%s\nbefore:\n%s", after, before)
	}
}

func TestRunOnAServerOfTheUsers(t *testing.T) {
	t.Parallel()
	e := newElsewhere(t)
	before := e.snapshot(t)
	if _, err := e.conn.Exec(t.Context(), "CREATE ROLE demo_admin LOGIN CREATEDB CREATEROLE PASSWORD 'p'"); err != nil {
		t.Fatal(err)
	}
	with := e.snapshot(t)
	for _, user := range []string{"", "demo_admin:p"} { // and a login that is no database superuser
		var dir string
		out := &output{}
		err := Run(t.Context(), Options{URL: e.URL(user, ""), Out: out, before: func(ctx context.Context, d *demo, conn *pgx.Conn) error {
			dir = d.dir
			// Somebody who is connected until the end does not keep the database.
			idle, err := pgx.ConnectConfig(ctx, d.config("lena", d.database))
			if err != nil {
				return err
			}
			t.Cleanup(func() { _ = idle.Close(context.Background()) })
			r, err := doctor.Examine(ctx, conn, doctor.Options{})
			if r.HasErrors() {
				t.Errorf("as %q doctor finds %+v", user, r.Findings)
			}
			return err
		}})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), answers(out.String())) || strings.Count(out.String(), "refused: ") != 7 {
			t.Errorf("as %q:\n%s", user, out)
		}
		e.unchanged(t, with)
		gone(t, dir)
	}
	if _, err := e.conn.Exec(t.Context(), "DROP ROLE demo_admin"); err != nil {
		t.Fatal(err)
	}
	e.unchanged(t, before)
}

func TestRunIsCancelled(t *testing.T) {
	t.Parallel()
	e := newElsewhere(t)
	before := e.snapshot(t)
	for _, url := range []string{e.URL("", ""), ""} {
		for _, when := range []string{"rlsctl demo", "logins", "The same SQL", "An attacker", "until Ctrl-C"} {
			t.Run(fmt.Sprintf("%t/%s", url != "", when), func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var dir, socket string
				out := &output{when: when, then: cancel}
				err := Run(ctx, Options{URL: url, Out: out, Keep: true, before: func(_ context.Context, d *demo, _ *pgx.Conn) error {
					dir, socket = d.dir, d.server.SocketDir()
					return nil
				}})
				if when == "An attacker" || when == "until Ctrl-C" { // nothing is asked of the server after that
					if err != nil {
						t.Error(err)
					}
				} else if !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
				e.unchanged(t, before)
				if when != "rlsctl demo" {
					gone(t, dir)
				}
				if url == "" && socket != "" {
					gone(t, socket)
				}
			})
		}
	}
}

func TestRunFails(t *testing.T) {
	t.Parallel()
	e := newElsewhere(t)
	before := e.snapshot(t)
	exec := func(sql string) func(context.Context, *demo, *pgx.Conn) error {
		return func(ctx context.Context, d *demo, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, strings.ReplaceAll(sql, "{web}", d.role("web")), pgx.QueryExecModeSimpleProtocol)
			return err
		}
	}
	for name, c := range map[string]struct{ sql, says string }{
		"a policy that admits all":  {"ALTER POLICY note_read ON public.note USING (true); ALTER POLICY note_read_narrow ON public.note USING (true)", "WRONG: lena through Go session: 1 2 3 4 5 6 7 8 9 10 11, and not 3 4 8"},
		"a policy that admits none": {"ALTER POLICY note_read ON public.note USING (false); ALTER POLICY note_read_narrow ON public.note USING (false); ALTER POLICY note_read_all ON public.note USING (false)", "WRONG: olga through Go session: nothing, and not 1 2"},
		"no row security":           {"ALTER TABLE public.note DISABLE ROW LEVEL SECURITY", "WRONG: - through "},
		"a gateway for nobody":      {"UPDATE rls.gateway SET on_nobody = 'empty'", "no token                   WENT THROUGH"},
		"no signature":              {"UPDATE rls.gateway SET signed = false", "unsigned gateway"},
	} {
		t.Run(name, func(t *testing.T) {
			out := &output{}
			err := Run(t.Context(), Options{URL: e.URL("", ""), Out: out, before: exec(c.sql)})
			if err == nil {
				t.Errorf("the demo succeeds:\n%s", out)
			}
			switch name {
			case "no signature": // the session refuses to open
				if !strings.Contains(fmt.Sprint(err), c.says) {
					t.Errorf("got %v", err)
				}
			default:
				if !errors.Is(err, ErrFailed) || !strings.Contains(out.String(), c.says) {
					t.Errorf("got %v and not %q:\n%s", err, c.says, out)
				}
			}
			e.unchanged(t, before)
		})
	}
}

func TestRunWithoutPsql(t *testing.T) {
	t.Parallel()
	out := &output{}
	err := Run(t.Context(), Options{Out: out, before: func(_ context.Context, d *demo, _ *pgx.Conn) error {
		d.program = ""
		return nil
	}})
	if err != nil || !strings.Contains(out.String(), "There is no psql on this machine") || !strings.Contains(out.String(), "own login") {
		t.Errorf("got %v:\n%s", err, out)
	}
}

func TestNoAddressHoldsAPassword(t *testing.T) {
	t.Parallel()
	e := newElsewhere(t)
	if _, err := e.conn.Exec(t.Context(), "CREATE ROLE demo_root LOGIN SUPERUSER PASSWORD 'hunter2'"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, errs := &output{when: "until Ctrl-C", then: nil}, &output{}
	out.when, out.then = "then SET ROLE", cancel
	var password string
	err := Run(ctx, Options{URL: e.URL("demo_root:hunter2", ""), Out: out, Err: errs, Keep: true, before: func(_ context.Context, d *demo, _ *pgx.Conn) error {
		password = d.password
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if text := out.String() + errs.String(); strings.Contains(text, "hunter2") || strings.Contains(text, password) {
		t.Errorf("a password is shown:\n%s", text)
	}
}
