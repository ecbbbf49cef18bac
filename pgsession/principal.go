package pgsession

import (
	"context"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxPrincipal is how many bytes a key, subject or service name may have. Source: docs/token.md.
const maxPrincipal = 512

// The kinds of principals as a token spells them. Source: docs/token.md.
const (
	kindUser      = "user"
	kindSubject   = "subject"
	kindService   = "service"
	kindAnonymous = "anonymous"
)

// Principal is whom a transaction acts for: a user, a service or anonymous. The zero value is nobody, for whom nothing
// runs: every call returns ErrNoPrincipal. Principals can be compared with ==, and hold no secret.
type Principal struct {
	kind string
	text string
	bad  string // why the key that it was made of is none
}

// User is the user with this key. The key is an integer, a string, a [16]byte that is written as a uuid, a fmt.Stringer
// or a driver.Valuer of an integer or a string; named types of these count by their value. Anything else, nil and the
// empty string included, makes a Principal that every call refuses with ErrBadPrincipal.
func User(key any) Principal {
	text, err := keyText(key)
	if err != nil {
		return Principal{kind: kindUser, bad: err.Error()}
	}
	return named(kindUser, text)
}

// Subject is the user whom an identity provider's "sub" names. The database looks the user up as the transaction starts,
// so that signing in needs no read beforehand; an unknown subject is ErrNotReady.
func Subject(sub string) Principal { return named(kindSubject, sub) }

// Service is a service that the model names.
func Service(name string) Principal { return named(kindService, name) }

// Anonymous is a client who has not signed in: what is granted to everyone, and nothing else.
func Anonymous() Principal { return Principal{kind: kindAnonymous} }

func named(kind, text string) Principal {
	p := Principal{kind: kind, text: text}
	switch {
	case text == "":
		p.bad = "the key is empty"
	case len(text) > maxPrincipal:
		p.bad = fmt.Sprintf("the key has %d bytes, at most %d are allowed", len(text), maxPrincipal)
	case !plainText(text):
		p.bad = "the key is not valid UTF-8, or has a NUL"
	default:
		return p
	}
	p.text = ""
	return p
}

// IsZero reports whether p is nobody.
func (p Principal) IsZero() bool { return p == Principal{} }

// String is "user:42", "subject:auth0|7", "service:jobs", "anonymous" or "nobody".
func (p Principal) String() string {
	switch {
	case p.IsZero():
		return "nobody"
	case p.bad != "":
		return p.kind + ":(invalid)"
	case p.kind == kindAnonymous:
		return p.kind
	}
	return p.kind + ":" + p.text
}

// check is ErrNoPrincipal, ErrBadPrincipal or nil.
func (p Principal) check() error {
	if p.IsZero() {
		return ErrNoPrincipal
	}
	if p.bad != "" {
		return fmt.Errorf("%w: %s: %s", ErrBadPrincipal, p.kind, p.bad)
	}
	return nil
}

type principalKey struct{}

// WithPrincipal returns a context that carries p. Calls do not take it from there by themselves: a forgotten principal is
// to be an error and not somebody else's. Hand on FromContext(ctx).
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// FromContext returns the principal that ctx carries, or nobody.
func FromContext(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}

// plainText reports whether PostgreSQL can hold s as text.
func plainText(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }

// keyText writes a key as the text that the kernel knows it by.
func keyText(key any) (string, error) {
	v := reflect.ValueOf(key)
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return "", errors.New("the key is nil")
		}
		if _, ok := v.Interface().(fmt.Stringer); ok && v.Elem().Kind() == reflect.Struct {
			break // big.Int and its like have String on the pointer
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Invalid:
		return "", errors.New("the key is nil")
	case reflect.String:
		return v.String(), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10), nil
	}
	switch k := v.Interface().(type) {
	case [16]byte:
		return uuidText(k), nil
	case driver.Valuer:
		return valuerText(k)
	case fmt.Stringer:
		return k.String(), nil
	}
	if v.Kind() == reflect.Array && v.Len() == 16 && v.Type().Elem().Kind() == reflect.Uint8 {
		var id [16]byte
		reflect.Copy(reflect.ValueOf(&id).Elem(), v)
		return uuidText(id), nil
	}
	return "", fmt.Errorf("a %T cannot be a key", key)
}

func valuerText(k driver.Valuer) (string, error) {
	value, err := k.Value()
	if err != nil {
		return "", errors.New("the key has no value")
	}
	switch x := value.(type) {
	case nil:
		return "", errors.New("the key is nil")
	case string:
		return x, nil
	case int64:
		return strconv.FormatInt(x, 10), nil
	}
	if s, ok := k.(fmt.Stringer); ok {
		return s.String(), nil
	}
	return "", fmt.Errorf("a %T cannot be a key", k)
}

func uuidText(id [16]byte) string {
	h := hex.EncodeToString(id[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
