package pgsession

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"log/slog"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
)

// keyBytes is the length of a secret. Source: docs/token.md.
const keyBytes = 32

var keyID = regexp.MustCompile(`\A[A-Za-z0-9_-]{1,32}\z`)

// Key signs the tokens of one gateway. It never shows its secret: fmt, slog and encoding/json print its id alone. The
// zero value is no key.
type Key struct {
	id string
	// sign appends the MAC of body to to. It holds the secret, so that printing a struct around it shows an address at most.
	sign func(to, body []byte) []byte
}

// NewKey returns a key of this id, 1 to 32 of A-Z a-z 0-9 _ -, with this secret of 32 bytes, which is copied.
// Errors match ErrBadKey and never quote the secret.
func NewKey(id string, secret []byte) (Key, error) {
	if !keyID.MatchString(id) {
		return Key{}, fmt.Errorf("%w: its id is not 1 to 32 of A-Z a-z 0-9 _ -", ErrBadKey)
	}
	if len(secret) != keyBytes {
		return Key{}, fmt.Errorf("%w: its secret has %d bytes, not %d", ErrBadKey, len(secret), keyBytes)
	}
	own := bytes.Clone(secret)
	// A state that is used again need not hash the pads of the key again.
	states := sync.Pool{New: func() any { return hmac.New(sha256.New, own) }}
	return Key{id: id, sign: func(to, body []byte) []byte {
		mac := states.Get().(hash.Hash)
		defer states.Put(mac)
		mac.Reset()
		mac.Write(body)
		return mac.Sum(to)
	}}, nil
}

// ID is the id that tokens name the key by.
func (k Key) ID() string { return k.id }

// String names the key without its secret.
func (k Key) String() string { return "key " + k.id }

// Format prints what String returns, whatever the verb.
func (k Key) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// LogValue is what slog writes.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText is what encoding/json writes.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// KeySource gives the newest key of a gateway. A session asks once when it opens, and again when the server says that
// there is a newer key than the one that a token was signed with. Implementations must be safe for concurrent use.
type KeySource interface {
	Key(ctx context.Context) (Key, error)
}

// KeyFunc makes a function a KeySource.
type KeyFunc func(ctx context.Context) (Key, error)

// Key calls f.
func (f KeyFunc) Key(ctx context.Context) (Key, error) { return f(ctx) }

// EnvKeys takes the key from an environment variable that holds what a key file holds. It is read at every call.
func EnvKeys(name string) KeySource {
	return KeyFunc(func(context.Context) (Key, error) {
		text, ok := os.LookupEnv(name)
		if !ok {
			return Key{}, fmt.Errorf("read keys from environment variable %q: %w: it is not set", name, ErrBadKey)
		}
		k, err := newestKey(strings.NewReader(text))
		if err != nil {
			return Key{}, fmt.Errorf("read keys from environment variable %q: %w", name, err)
		}
		return k, nil
	})
}

// FileKeys takes the key from a file as rlsctl writes it: lines of KID:HEX with 64 hexadecimal digits, the newest last;
// empty lines and those that start with # are skipped. The file is read again only when its time, size or identity has
// changed. On Unix a file that others may read, or that its group may change, is refused with ErrKeyFileMode. Its group may
// read it, as that of a secret that Kubernetes mounts with fsGroup and defaultMode 0440.
func FileKeys(path string) KeySource { return &fileKeys{path: path} }

type fileKeys struct {
	path string
	mu   sync.Mutex
	seen os.FileInfo
	key  Key
}

// Key returns the last key of the file.
func (f *fileKeys) Key(context.Context) (Key, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	if err != nil {
		return Key{}, fmt.Errorf("read keys: %w", err)
	}
	if f.seen != nil && sameFile(info, f.seen) {
		return f.key, nil
	}
	file, err := os.Open(f.path)
	if err != nil {
		return Key{}, fmt.Errorf("read keys: %w", err)
	}
	defer func() { _ = file.Close() }()
	if info, err = file.Stat(); err != nil { // of what is read, which may be newer
		return Key{}, fmt.Errorf("read keys: %w", err)
	}
	if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode&0o037 != 0 {
		return Key{}, fmt.Errorf("read keys from %q: %w: its mode is %04o; chmod 600 it, or 440 for a group of its own", f.path, ErrKeyFileMode, mode)
	}
	k, err := newestKey(file)
	if err != nil {
		return Key{}, fmt.Errorf("read keys from %q: %w", f.path, err)
	}
	f.seen, f.key = info, k
	return k, nil
}

func sameFile(a, b os.FileInfo) bool {
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && a.Mode() == b.Mode()
}

// newestKey returns the last key of r. Every line is checked, and none is ever quoted.
func newestKey(r io.Reader) (Key, error) {
	var last Key
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, digits, ok := strings.Cut(line, ":")
		secret, err := hex.DecodeString(digits)
		if !ok || err != nil {
			return Key{}, fmt.Errorf("%w: line %d is not KID:HEX", ErrBadKey, n)
		}
		if last, err = NewKey(id, secret); err != nil {
			return Key{}, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if lines.Err() != nil {
		return Key{}, errors.Join(ErrBadKey, lines.Err())
	}
	if last.sign == nil {
		return Key{}, fmt.Errorf("%w: there is none", ErrBadKey)
	}
	return last, nil
}
