package pgsession

import (
	"crypto/hmac"
	"crypto/sha256"
	"database/sql/driver"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of a token. Source: docs/token.md.
const (
	// DefaultTTL is how long a token lives unless TokenTTL says otherwise.
	DefaultTTL = 30 * time.Second
	// MaxTTL is the longest that the server accepts.
	MaxTTL = 60 * time.Second

	maxToken     = 8192
	tokenVersion = "rls1"
	tokenFields  = 10
)

// Claims is what a token says.
type Claims struct {
	Principal    Principal
	Expires      time.Time         // full seconds count
	Tenant       string            // the one tenant of the transaction; empty: all that the principal has
	ClientAddr   string            // address of the client, without a port; empty: unknown
	SecondFactor bool              // a second factor was shown
	Attributes   map[string]string // names are [a-z][a-z0-9_]* of at most 63 bytes, and do not begin with rls_
	Backend      uint32            // pid of the only backend that the token may be presented to; 0: any
}

// What attributes of the format's own begin with, and the one that there is.
const (
	reserved    = "rls_"
	backendName = "rls_backend"
)

// Mint signs claims with key. Whoever holds the result is the principal until it expires: send it as a bind parameter,
// and never log it. Sessions mint by themselves; this is for other drivers.
// Errors match ErrNoPrincipal, ErrBadPrincipal, ErrBadKey or ErrBadClaim. Source: docs/token.md.
func Mint(key Key, c Claims) (string, error) {
	if err := c.Principal.check(); err != nil {
		return "", err
	}
	if key.sign == nil {
		return "", fmt.Errorf("%w: it is empty", ErrBadKey)
	}
	if !plainText(c.Tenant) || !plainText(c.ClientAddr) {
		return "", fmt.Errorf("%w: the tenant or the client address is not valid UTF-8, or has a NUL", ErrBadClaim)
	}
	expires := c.Expires.Unix()
	if expires < 1 || expires > 999_999_999_999 {
		return "", fmt.Errorf("%w: the expiry has no place in a token", ErrBadClaim)
	}
	b := make([]byte, 0, 256)
	b = append(b, tokenVersion...)
	b = append(b, '|')
	b = append(b, key.id...)
	b = append(b, '|')
	b = strconv.AppendInt(b, expires, 10)
	b = append(b, '|')
	b = append(b, c.Principal.kind...)
	for _, text := range [...]string{c.Principal.text, c.Tenant, c.ClientAddr} {
		b = append(b, '|')
		b = appendHex(b, text)
	}
	if c.SecondFactor {
		b = append(b, "|1|"...)
	} else {
		b = append(b, "|0|"...)
	}
	b, err := appendAttributes(b, c)
	if err != nil {
		return "", err
	}
	var mac [sha256.Size]byte
	sum := key.sign(mac[:0], b)
	b = append(b, '|')
	b = hex.AppendEncode(b, sum)
	if len(b) > maxToken {
		return "", fmt.Errorf("%w: the token has %d bytes, at most %d are allowed", ErrBadClaim, len(b), maxToken)
	}
	return string(b), nil
}

// appendAttributes writes the attributes by name, that of the backend among them.
func appendAttributes(b []byte, c Claims) ([]byte, error) {
	if len(c.Attributes) == 0 && c.Backend == 0 {
		return b, nil
	}
	names := slices.Sorted(maps.Keys(c.Attributes))
	for _, name := range names {
		if !attributeName(name) || strings.HasPrefix(name, reserved) || !plainText(c.Attributes[name]) {
			return nil, fmt.Errorf("%w: attribute %q", ErrBadClaim, name)
		}
	}
	if c.Backend != 0 {
		at, _ := slices.BinarySearch(names, backendName)
		names = slices.Insert(names, at, backendName)
	}
	for i, name := range names {
		value := c.Attributes[name]
		if name == backendName {
			value = strconv.FormatUint(uint64(c.Backend), 10)
		}
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, name...)
		b = append(b, '=')
		b = appendHex(b, value)
	}
	return b, nil
}

// appendHex is hex.AppendEncode for a string.
func appendHex(b []byte, text string) []byte {
	const digits = "0123456789abcdef"
	for i := range len(text) {
		b = append(b, digits[text[i]>>4], digits[text[i]&15])
	}
	return b
}

// Verify is the server's judgement of a token at the time now, in Go: the same tokens pass, and the same error is found
// first. The key is the one that the token must name. Errors match ErrTokenRefused or ErrExpired and never quote the
// token. What a gateway may claim, which attributes the model has and which backend is asked, the database alone knows.
func Verify(token string, key Key, now time.Time) (Claims, error) {
	field := strings.Split(token, "|")
	if len(token) > maxToken || !wellFormed(field) {
		return Claims{}, fmt.Errorf("%w: it is malformed", ErrTokenRefused)
	}
	if key.sign == nil || field[1] != key.id {
		return Claims{}, fmt.Errorf("%w: it was signed with another key", ErrTokenRefused)
	}
	body := token[:len(token)-1-2*sha256.Size]
	claimed, _ := hex.DecodeString(field[9])
	if !hmac.Equal(claimed, key.sign(nil, []byte(body))) {
		return Claims{}, fmt.Errorf("%w: its signature is wrong", ErrTokenRefused)
	}
	seconds, _ := strconv.ParseInt(field[2], 10, 64)
	expires := time.Unix(seconds, 0)
	if !expires.After(now) {
		return Claims{}, ErrExpired
	}
	if expires.After(now.Add(MaxTTL)) {
		return Claims{}, fmt.Errorf("%w: it would live for more than %s", ErrTokenRefused, MaxTTL)
	}
	return readClaims(field, expires)
}

// readClaims decodes what wellFormed has passed.
func readClaims(field []string, expires time.Time) (Claims, error) {
	refused := fmt.Errorf("%w: a field is malformed", ErrTokenRefused)
	var text [3]string
	for i := range text {
		b, err := hex.DecodeString(field[4+i])
		if err != nil || !plainText(string(b)) {
			return Claims{}, refused
		}
		text[i] = string(b)
	}
	if len(text[0]) > maxPrincipal || (text[0] == "") != (field[3] == kindAnonymous) {
		return Claims{}, refused
	}
	c := Claims{
		Principal: Principal{kind: field[3], text: text[0]}, Expires: expires,
		Tenant: text[1], ClientAddr: text[2], SecondFactor: field[7] == "1",
	}
	if field[8] == "" {
		return c, nil
	}
	c.Attributes = map[string]string{}
	previous := ""
	for pair := range strings.SplitSeq(field[8], ",") {
		name, digits, ok := strings.Cut(pair, "=")
		b, err := hex.DecodeString(digits)
		if !ok || !attributeName(name) || !lowerHex(digits) || err != nil || !plainText(string(b)) || name <= previous {
			return Claims{}, refused
		}
		previous = name
		switch {
		case name == backendName:
			pid, err := strconv.ParseUint(string(b), 10, 32)
			if err != nil || pid == 0 || strconv.FormatUint(pid, 10) != string(b) {
				return Claims{}, refused
			}
			c.Backend = uint32(pid)
		case strings.HasPrefix(name, reserved):
			return Claims{}, refused
		default:
			c.Attributes[name] = string(b)
		}
	}
	return c, nil
}

// wellFormed checks what the server checks before it looks at the signature: its regular expression.
func wellFormed(field []string) bool {
	if len(field) != tokenFields || field[0] != tokenVersion || !keyID.MatchString(field[1]) {
		return false
	}
	if n := len(field[2]); n < 1 || n > 12 || field[2][0] == '0' || strings.Trim(field[2], "0123456789") != "" {
		return false
	}
	switch field[3] {
	case kindUser, kindSubject, kindService, kindAnonymous:
	default:
		return false
	}
	if !lowerHex(field[4]) || !lowerHex(field[5]) || !lowerHex(field[6]) || (field[7] != "0" && field[7] != "1") {
		return false
	}
	if strings.Trim(field[8], "abcdefghijklmnopqrstuvwxyz0123456789_=,") != "" { // their form is judged after the expiry
		return false
	}
	return len(field[9]) == 2*sha256.Size && lowerHex(field[9])
}

func lowerHex(s string) bool { return len(s)%2 == 0 && strings.Trim(s, "0123456789abcdef") == "" }

func attributeName(s string) bool {
	return s != "" && len(s) <= 63 && s[0] >= 'a' && s[0] <= 'z' &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// secret is a token on its way to the server: pgx encodes it, and every logger and tracer sees that it is one.
type secret struct{ reveal func() string }

func hide(token string) secret { return secret{reveal: func() string { return token }} }

// Value makes secret a driver.Valuer.
func (s secret) Value() (driver.Value, error) { return s.reveal(), nil }

// String hides the token.
func (s secret) String() string { return "(token)" }

// Format hides the token, whatever the verb.
func (s secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// LogValue hides the token.
func (s secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the token.
func (s secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
