package main

import (
	"bytes"
	"context"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// waiter is an output that tells when its text is complete.
type waiter struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	until string
	once  sync.Once
	seen  chan struct{}
}

func (w *waiter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.buf.Write(p)
	if strings.Contains(w.buf.String(), w.until) {
		w.once.Do(func() { close(w.seen) })
	}
	return n, err
}

func (w *waiter) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// The commands that a kept demo names have to work.
func TestDemoKeep(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &waiter{until: "then SET ROLE mark:\n", seen: make(chan struct{})}
	var errs bytes.Buffer
	nowhere := func(string) string { return "" }
	done := make(chan int, 1)
	go func() {
		done <- Run(ctx, []string{"demo", "--keep"}, Streams{In: strings.NewReader(""), Out: out, Err: &errs, Getenv: nowhere})
	}()
	select {
	case <-out.seen:
	case code := <-done:
		t.Fatalf("demo ends with %d:\n%s%s", code, out, &errs)
	}
	text := out.String()
	url := regexp.MustCompile(`(?m)^  export DATABASE_URL='([^']+)'$`).FindStringSubmatch(text)
	if url == nil {
		t.Fatalf("no DATABASE_URL in:\n%s", text)
	}
	for _, c := range regexp.MustCompile(`(?m)^  rlsctl (.+?)(?:  +.*)?$`).FindAllStringSubmatch(text, -1) {
		var args []string
		for i, part := range strings.Split(c[1], "'") {
			if i%2 == 1 {
				args = append(args, part)
			} else {
				args = append(args, strings.Fields(part)...)
			}
		}
		var result, said bytes.Buffer
		code := Run(t.Context(), args, Streams{In: strings.NewReader(""), Out: &result, Err: &said, Getenv: func(name string) string {
			if name == "DATABASE_URL" {
				return url[1]
			}
			return ""
		}})
		want := 0
		if args[0] == "can" { // a group mate's note is read and not written
			want = 4
		}
		if code != want || result.Len() == 0 {
			t.Errorf("rlsctl %s: exit code %d\n%s%s", c[1], code, &result, &said)
		}
	}
	if n := strings.Count(text, "  rlsctl "); n != 5 {
		t.Errorf("%d commands are named in:\n%s", n, text)
	}
	if psql := regexp.MustCompile(`(?m)^  (\S*psql) '([^']+lena[^']+)'`).FindStringSubmatch(text); psql == nil {
		t.Errorf("no psql in:\n%s", text)
	} else if path, err := exec.LookPath(psql[1]); err == nil {
		got, err := exec.Command(path, "-XAtc", "SELECT count(*) FROM note", psql[2]).CombinedOutput()
		if err != nil || string(got) != "3\n" {
			t.Errorf("psql: %v %s", err, got)
		}
	}
	cancel()
	if code := <-done; code != 0 {
		t.Errorf("exit code %d after Ctrl-C: %s", code, &errs)
	}
}

func TestDemoWithoutServer(t *testing.T) {
	t.Parallel()
	var errs bytes.Buffer
	code := Run(t.Context(), []string{"demo", "--database-url", "postgres://nobody:hunter2@127.0.0.1:1/x"}, Streams{In: strings.NewReader(""), Out: io.Discard, Err: &errs})
	if code != 1 || strings.Contains(errs.String(), "hunter2") || !strings.HasPrefix(errs.String(), "error: ") {
		t.Errorf("exit code %d: %s", code, &errs)
	}
}
