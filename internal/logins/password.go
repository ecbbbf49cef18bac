package logins

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// Password of a login, hashed before it leaves this program: the server, its log and its statistics see the verifier
// alone. The zero value is no password.
type Password struct{ verifier string }

// IsZero reports whether there is no password.
func (p Password) IsZero() bool { return p.verifier == "" }

// String never shows anything.
func (p Password) String() string { return "(password)" }

// GoString never shows anything.
func (p Password) GoString() string { return p.String() }

// The parameters of PostgreSQL's own verifiers. Source: PostgreSQL, scram-common.h.
const (
	scramIterations = 4096
	scramSalt       = 16
)

// NewPassword hashes a password for SCRAM-SHA-256. It takes printable ASCII alone, because drivers disagree about how
// anything else is normalized. Source: RFC 5802, section 3; PostgreSQL, pg_authid.
func NewPassword(text string) (Password, error) {
	if text == "" {
		return Password{}, refuse("Write at least one character.", "the password is empty")
	}
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' }) {
		return Password{}, refuse("Use printable ASCII; drivers disagree about the rest.", "the password has a character that is not printable ASCII")
	}
	salt := make([]byte, scramSalt)
	rand.Read(salt)
	return hashed(text, salt)
}

func hashed(text string, salt []byte) (Password, error) {
	salted, err := pbkdf2.Key(sha256.New, text, salt, scramIterations, sha256.Size)
	if err != nil {
		return Password{}, fmt.Errorf("hash the password: %w", err)
	}
	mac := func(message string) []byte {
		h := hmac.New(sha256.New, salted)
		h.Write([]byte(message))
		return h.Sum(nil)
	}
	stored := sha256.Sum256(mac("Client Key"))
	b64 := base64.StdEncoding.EncodeToString
	return Password{fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", scramIterations, b64(salt), b64(stored[:]), b64(mac("Server Key")))}, nil
}

// passwordClause is the end of CREATE ROLE or ALTER ROLE.
func passwordClause(verifier string) string {
	if verifier == "" {
		return ""
	}
	return " PASSWORD " + policies.Literal(verifier)
}

// Literal is the verifier as an SQL literal, for CREATE ROLE … PASSWORD.
func (p Password) Literal() string { return policies.Literal(p.verifier) }
