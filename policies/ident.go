package policies

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxIdent is the longest identifier in bytes; PostgreSQL cuts longer ones with a mere NOTICE.
const MaxIdent = 63

// Ident quotes an identifier where PostgreSQL needs it and leaves it readable where it does not.
func Ident(name string) string {
	if plainIdent(name) {
		return name
	}
	return QuoteIdent(name)
}

// QuoteIdent quotes an identifier always.
func QuoteIdent(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Quoted quotes an SQL name in a message: one that has quotes already keeps them as they are.
func Quoted(name string) string {
	if strings.Contains(name, `"`) {
		return Printable(name)
	}
	return `"` + Printable(name) + `"`
}

// Printable makes a text fit for one line of a terminal: what is not printed is escaped.
func Printable(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// Literal quotes a string as an SQL literal that means the same under every setting of standard_conforming_strings.
func Literal(s string) string {
	q := "'" + strings.ReplaceAll(s, "'", "''") + "'"
	if strings.Contains(s, `\`) {
		return "E" + strings.ReplaceAll(q, `\`, `\\`)
	}
	return q
}

// Identity joins always-quoted parts with dots: how rls.object_state names things.
func Identity(parts ...string) string {
	q := make([]string, len(parts))
	for i, p := range parts {
		q[i] = QuoteIdent(p)
	}
	return strings.Join(q, ".")
}

func plainIdent(s string) bool {
	if s == "" || keywords[s] {
		return false
	}
	for i, r := range []byte(s) {
		switch {
		case r >= 'a' && r <= 'z', r == '_':
		case r >= '0' && r <= '9' && i > 0:
		default:
			return false
		}
	}
	return true
}
