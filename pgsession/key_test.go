package pgsession_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/rlsctl/rlsctl/pgsession"
)

func TestKeyHides(t *testing.T) {
	t.Parallel()
	k := keyOf(t, "k1", 'S')
	type holder struct{ k pgsession.Key }
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb, k, &k, holder{k})
	}
	slog.New(slog.NewTextHandler(&out, nil)).Info("key", "key", k, "held", holder{k})
	slog.New(slog.NewJSONHandler(&out, nil)).Info("key", "key", k, "held", holder{k})
	if b, err := json.Marshal(k); err == nil {
		out.Write(b)
	}
	for _, form := range []string{"SSSS", "5353", "83 83", "0x53, 0x53"} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the secret shows as %q in\n%s", form, out.String())
		}
	}
}

func TestFileKeys(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	line := func(id string, b byte) string { return id + ":" + strings.Repeat(fmt.Sprintf("%02x", b), 32) + "\n" }
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := errors.Join(os.WriteFile(path, []byte(text), mode), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
	}
	source := pgsession.FileKeys(path)
	want := func(id string, wantErr error) {
		t.Helper()
		k, err := source.Key(t.Context())
		if k.ID() != id || !errors.Is(err, wantErr) {
			t.Errorf("got %q, %v, want %q, %v", k.ID(), err, id, wantErr)
		}
		if err != nil && strings.Contains(err.Error(), "4b4b") {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
	want("", os.ErrNotExist)
	write("# keys\n"+line("k1", 'K'), 0o600)
	want("k1", nil)
	write(line("k1", 'K')+"\n"+line("k2", 'L'), 0o600)
	want("k2", nil)
	want("k2", nil)
	for _, bad := range []string{"", "k1\n", "k1:4b4b\n", line("k 1", 'K'), "k1:" + strings.Repeat("4g", 32), line("k1", 'K') + "4b4b4b4b"} {
		write(bad, 0o600)
		want("", pgsession.ErrBadKey)
	}
	if runtime.GOOS != "windows" {
		for _, mode := range []os.FileMode{0o644, 0o604, 0o444, 0o620, 0o660, 0o602, 0o601, 0o610} {
			write(line("k3", 'K'), mode)
			want("", pgsession.ErrKeyFileMode)
			_ = os.Remove(path)
		}
		// As Kubernetes mounts a secret for a process that is not root: root:fsGroup.
		for _, mode := range []os.FileMode{0o440, 0o640, 0o400, 0o600} {
			write(line("k4", 'L'), mode)
			want("k4", nil)
			_ = os.Remove(path)
		}
	}
	write(line("k3", 'K'), 0o600)
	want("k3", nil)
	if err := os.Chtimes(path, time.Time{}, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	want("k3", nil)
}

func TestEnvKeys(t *testing.T) { // not parallel: it sets the environment
	t.Setenv("PGSESSION_TEST_KEYS", "k1:"+strings.Repeat("4b", 32))
	if k, err := pgsession.EnvKeys("PGSESSION_TEST_KEYS").Key(context.Background()); err != nil || k.ID() != "k1" {
		t.Error(k, err)
	}
	if _, err := pgsession.EnvKeys("PGSESSION_TEST_NONE").Key(context.Background()); !errors.Is(err, pgsession.ErrBadKey) {
		t.Error(err)
	}
}

type userID int64

func (userID) String() string { return "a user" }

type login string

func TestPrincipal(t *testing.T) {
	t.Parallel()
	id := [16]byte{0x12, 0x34, 15: 0xff}
	n := 7
	for _, c := range []struct {
		p    pgsession.Principal
		want string
	}{
		{pgsession.User(42), "user:42"}, {pgsession.User(int8(-1)), "user:-1"}, {pgsession.User(uint64(1 << 63)), "user:9223372036854775808"},
		{pgsession.User(userID(5)), "user:5"}, {pgsession.User(login("x")), "user:x"}, {pgsession.User(&n), "user:7"},
		{pgsession.User(id), "user:12340000-0000-0000-0000-0000000000ff"},
		{pgsession.User(pgtype.UUID{Bytes: id, Valid: true}), "user:12340000-0000-0000-0000-0000000000ff"},
		{pgsession.User(pgtype.Int8{Int64: 9, Valid: true}), "user:9"},
		{pgsession.User(big.NewInt(12)), "user:12"}, {pgsession.User(netip.MustParseAddr("::1")), "user:::1"},
		{pgsession.Subject("auth0|7"), "subject:auth0|7"}, {pgsession.Service("jobs"), "service:jobs"},
		{pgsession.Anonymous(), "anonymous"}, {pgsession.Principal{}, "nobody"},
		{pgsession.User(nil), "user:(invalid)"}, {pgsession.User((*int)(nil)), "user:(invalid)"}, {pgsession.User(""), "user:(invalid)"},
		{pgsession.User(1.5), "user:(invalid)"}, {pgsession.User(true), "user:(invalid)"}, {pgsession.User([]byte("x")), "user:(invalid)"},
		{pgsession.User("a\x00"), "user:(invalid)"}, {pgsession.User("\xff"), "user:(invalid)"},
		{pgsession.User(pgtype.UUID{}), "user:(invalid)"}, {pgsession.User(strings.Repeat("x", 513)), "user:(invalid)"},
	} {
		if got := c.p.String(); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
	ctx := pgsession.WithPrincipal(t.Context(), anna)
	if pgsession.FromContext(ctx) != anna || !pgsession.FromContext(t.Context()).IsZero() {
		t.Error("the context carries another principal")
	}
}
