package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/spf13/cobra"
)

// screen is a terminal that is written to.
type screen struct{ bytes.Buffer }

func (*screen) IsTerminal() bool { return true }

func noEnv(string) string { return "" }

func TestHelp(t *testing.T) {
	t.Parallel()
	var every func(*cobra.Command)
	every = func(c *cobra.Command) {
		if c.Name() != "help" && c.Name() != "completion" && !c.Hidden {
			t.Run(c.CommandPath(), func(t *testing.T) {
				if c.Example == "" {
					t.Error("the help has no example")
				}
				if !strings.Contains(c.Long, "\nExit codes:\n  0  done\n") {
					t.Error("the help does not name the exit codes")
				}
				if c.Short == "" || strings.HasSuffix(c.Short, ".") {
					t.Errorf("short help %q", c.Short)
				}
			})
			for _, sub := range c.Commands() {
				every(sub)
			}
		}
	}
	every(newRootCommand(&app{Streams: Streams{Getenv: noEnv}}))
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		args   string
		code   int
		stdout string
		stderr string
	}{
		{"", 0, "Available Commands:", ""},
		{"--help", 0, "Exit codes:", ""},
		{"help apply", 0, "rlsctl apply rls.yaml", ""},
		{"completion bash", 0, "bash completion", ""},
		{"nosuch", 2, "", `error: unknown command "nosuch"`},
		{"aply", 2, "", `hint: did you mean "apply"?`},
		{"migrate", 2, "", `error: name a command of "rlsctl migrate"`},
		{"apply --nosuch", 2, "", "error: unknown flag: --nosuch\n  hint: Read `rlsctl apply --help`."},
		{"apply", 2, "", "error: rls.yaml is missing on the command line\n  hint: Write `rlsctl apply rls.yaml`."},
		{"__complete check x --output=", 0, "text\njson\n", ""},
		{"__complete plan -o ", 0, "sql\n", ""},
		{"__complete apply ", 0, "yaml\n", ""},
		{"__complete apply --allow WIDENS_ACCESS,", 0, "WIDENS_ACCESS,DISABLES_RLS\n", ""},
		{"__complete can anna ", 0, ":4\n", ""},
	} {
		t.Run(tt.args, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			args := strings.Split(tt.args, " ")
			if tt.args == "" {
				args = []string{}
			}
			code := Run(t.Context(), args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: noEnv})
			if code != tt.code || !strings.Contains(out.String(), tt.stdout) || !strings.Contains(errs.String(), tt.stderr) {
				t.Errorf("exit code %d, want %d\nstdout %s\nstderr %s", code, tt.code, out.String(), errs.String())
			}
			if tt.stdout == "" && out.Len() > 0 {
				t.Errorf("stdout %s", out.String())
			}
		})
	}
}

// TestErrorsInJSON has every command that knows -o json fail, with every number of arguments: on the command line, at a file
// that is not there, or at a database that is not there.
func TestErrorsInJSON(t *testing.T) {
	t.Parallel()
	var every func(*cobra.Command)
	tried := 0
	every = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			every(sub)
		}
		if f := c.Flags().Lookup("output"); f == nil || !strings.Contains(f.Usage, "json") {
			return
		}
		tried++
		for n := range 4 {
			args := append(strings.Split(c.CommandPath(), " ")[1:], "-o", "json", "--database-url", "postgres://me:geheim@127.0.0.1:1/db")
			args = append(args, []string{"a", "b", "user:c", "d"}[:n]...)
			var out, errs bytes.Buffer
			code := Run(t.Context(), args, Streams{In: strings.NewReader(""), Out: &out, Err: &errs, Getenv: noEnv, Dir: t.TempDir()})
			var list []struct{ Code, Severity, Message, Hint, Detail string }
			if err := json.Unmarshal(out.Bytes(), &list); err != nil || code == 0 || len(list) != 1 {
				t.Errorf("%s: exit code %d, %v\nstdout %s\nstderr %s", strings.Join(args, " "), code, err, out.String(), errs.String())
				continue
			}
			if list[0].Severity != "error" || list[0].Message == "" || !strings.Contains(errs.String(), list[0].Message) ||
				list[0].Hint != "" && !strings.Contains(errs.String(), "hint: "+list[0].Hint) || strings.Contains(out.String(), "geheim") {
				t.Errorf("%s: %+v\nstderr %s", strings.Join(args, " "), list[0], errs.String())
			}
		}
	}
	every(newRootCommand(&app{Streams: Streams{Getenv: noEnv}}))
	if tried < 20 {
		t.Errorf("only %d commands were found", tried)
	}
}

func TestMasked(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"postgres://anna:secret@host/db", "postgres://anna:sec@ret@host/db", "see postgresql://:secret@host, and more",
		"host=x password=secret", "PASSWORD='sec ret' host=x", `sslpassword='a\'secret'`, "postgres://host/db?password=secret&x=y",
	} {
		if out := masked(s); strings.Contains(out, "ret") || !strings.Contains(out, "xxxxx") {
			t.Errorf("masked(%q) = %q", s, out)
		}
	}
	for _, s := range []string{`unknown command "x"`, "user:anna@example.com", "https://host/path", "the password is wrong"} {
		if out := masked(s); out != s {
			t.Errorf("masked(%q) = %q", s, out)
		}
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var plain bytes.Buffer
		a := &app{Streams: Streams{Err: &plain, Getenv: noEnv}}
		done := a.progress("waiting")
		time.Sleep(patience - time.Millisecond)
		done()
		done()
		if plain.Len() > 0 {
			t.Errorf("told before its time: %q", plain.String())
		}
		done = a.progress("waiting")
		time.Sleep(3 * patience)
		done()
		if plain.String() != "waiting …\n" {
			t.Errorf("told %q", plain.String())
		}
		var term screen
		a.Err = &term
		done = a.progress("waiting")
		time.Sleep(3 * patience)
		done()
		if s := term.String(); !strings.Contains(s, "waiting (2 s)") || !strings.HasSuffix(s, "\r\x1b[K") {
			t.Errorf("told %q", s)
		}
	})
}

func TestPaint(t *testing.T) {
	t.Parallel()
	env := map[string]string{}
	a := &app{Streams: Streams{Getenv: func(name string) string { return env[name] }}}
	if got := a.paint(&screen{}, red, "x"); got != "\x1b[31mx\x1b[0m" {
		t.Errorf("on a terminal %q", got)
	}
	if got := a.paint(&bytes.Buffer{}, red, "x"); got != "x" {
		t.Errorf("elsewhere %q", got)
	}
	env["NO_COLOR"] = "1"
	if got := a.paint(&screen{}, red, "x"); got != "x" {
		t.Errorf("with NO_COLOR %q", got)
	}
}

func TestJSONValue(t *testing.T) {
	t.Parallel()
	types := pgtype.NewMap()
	for _, tt := range []struct {
		oid  uint32
		text string
		want string
	}{
		{pgtype.NumericOID, "12345678901234567890.10", "12345678901234567890.10"},
		{pgtype.NumericOID, "NaN", `"NaN"`},
		{pgtype.Float8OID, "1e+300", "1e+300"},
		{pgtype.Float8OID, "-Infinity", `"-Infinity"`},
		{pgtype.BoolOID, "t", "true"},
		{pgtype.JSONBOID, `{"a": 1.50}`, `{"a": 1.50}`},
		{pgtype.TextArrayOID, `{a,"b,\"c\\",NULL,"NULL",""}`, `["a","b,\"c\\",null,"NULL",""]`},
		{pgtype.Int4ArrayOID, `{{1,2},{3,NULL}}`, `[[1,2],[3,null]]`},
		{pgtype.Int4ArrayOID, `[0:1]={1,2}`, `[1,2]`},
		{pgtype.TextArrayOID, `{}`, `[]`},
		{pgtype.BoolArrayOID, `{t,f}`, `[true,false]`},
	} {
		got := jsonValue(tt.oid, types)([]byte(tt.text))
		if string(got) != tt.want || !json.Valid(got) {
			t.Errorf("%s of type %d is %s, want %s", tt.text, tt.oid, got, tt.want)
		}
	}
	for _, oid := range []uint32{pgtype.TextOID, pgtype.DateOID, pgtype.BoxArrayOID} {
		if jsonValue(oid, types) != nil {
			t.Errorf("type %d is no string", oid)
		}
	}
}
