package pgsession

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
)

// scrutiny is how a connection is checked once the statements of a transaction have run on it.
type scrutiny uint8

const (
	light   scrutiny = iota // the fingerprint alone
	deep                    // the thorough check as well
	discard                 // no check can tell, so the connection is closed
)

// localSetting is a call of set_config that ends with the transaction, beyond doubt.
var localSetting = regexp.MustCompile(`(?i)set_config"?\s*\(\s*(?:'[^'\\]*'|\$\d+)(?:::\w+)?\s*,\s*(?:'[^'\\]*'|\$\d+)(?:::\w+)?\s*,\s*true\s*\)`)

// look judges a statement by its text. What it must not do is overlook: a word in a string or a comment counts too, and
// where comments could hide the start of a statement every word counts as one. What functions of the application do
// inside is not in the text.
func look(sql string) scrutiny {
	pieces := strings.Split(sql, ";")
	unclear := len(pieces) > 1 && (strings.Contains(sql, "/*") || strings.Contains(sql, "--"))
	worst, settings, block := light, 0, false
	for _, piece := range pieces {
		first := true
		if !unclear {
			piece = skipBlank(piece)
		}
		for word, rest := nextWord(piece); word != ""; word, rest = nextWord(rest) {
			var buf [64]byte
			low := lower(buf[:0], word)
			s := anywhere(low, rest)
			if first || unclear {
				s = max(s, leading(low, rest))
				block = block || string(low) == "do"
			}
			switch string(low) {
			case "set_config":
				settings++
			case "execute", "set", "reset", "load":
				if block { // each of its words can start a statement, and each statement can be made up
					s = discard
				}
			}
			first = false
			worst = max(worst, s)
		}
	}
	if settings > 0 && len(localSetting.FindAllStringIndex(sql, -1)) != settings {
		worst = discard
	}
	return worst
}

// leading judges a word that starts a statement, given what follows it.
func leading(word []byte, rest string) scrutiny {
	switch string(word) {
	case "set":
		switch next, _ := nextWord(rest); strings.ToLower(next) {
		case "local", "constraints", "transaction":
			return light
		}
		return discard // settings with a dot in their name are in no view
	case "reset", "discard", "load", "deallocate", "listen":
		return discard
	case "declare":
		if strings.Contains(strings.ToLower(rest), "hold") {
			return discard
		}
	case "do", "call", "prepare":
		return deep
	}
	return light
}

// anywhere judges a word wherever it stands.
func anywhere(word []byte, rest string) scrutiny {
	switch string(word) {
	case "temp", "temporary", "pg_temp", "prepare", "execute":
		return deep
	case "setseed", "ts_stat", "ts_rewrite": // the latter two run a text as a statement
		return discard
	case "u":
		if strings.HasPrefix(rest, "&") { // an identifier in other letters
			return discard
		}
	}
	switch {
	case bytes.Contains(word, []byte("advisory")):
		return deep
	case bytes.Contains(word, []byte("_to_xml")), bytes.HasPrefix(word, []byte("dblink")):
		return discard
	}
	return light
}

// nextWord returns the first word of s and what follows it; "" if there is none.
func nextWord(s string) (word, rest string) {
	for i := 0; i < len(s); i++ {
		if !wordByte(s[i]) {
			continue
		}
		start := i
		for i < len(s) && wordByte(s[i]) {
			i++
		}
		return s[start:i], s[i:]
	}
	return "", ""
}

// lower appends word in lower case to buf.
func lower(buf []byte, word string) []byte {
	for i := range len(word) {
		c := word[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf = append(buf, c)
	}
	return buf
}

func wordByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c >= 0x80
}

// skipBlank drops white space and comments from the start of a statement.
func skipBlank(s string) string {
	for {
		s = strings.TrimLeft(s, " \t\r\n\v\f(")
		switch {
		case strings.HasPrefix(s, "--"):
			_, after, found := strings.Cut(s, "\n")
			if !found {
				return ""
			}
			s = after
		case strings.HasPrefix(s, "/*"):
			s = skipComment(s)
		default:
			return s
		}
	}
}

// skipComment drops a comment, with those nested in it, from the start of s.
func skipComment(s string) string {
	depth := 0
	for i := 0; i+1 < len(s); i++ {
		switch s[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return s[i+1:]
			}
		}
	}
	return ""
}

// one reports whether sql is at most one statement, so that it can travel in a batch.
func one(sql string) bool {
	i := strings.IndexByte(sql, ';')
	return i < 0 || strings.Trim(sql[i:], "; \t\r\n\v\f") == ""
}

// bareWord reports whether sql can be the name of a prepared statement.
func bareWord(sql string) bool { return !strings.ContainsAny(sql, " \t\r\n") }

// travels reports whether a statement can be sent in a batch with these arguments: pgx takes only a QueryRewriter among
// its options there, and COPY and several statements at once need a protocol of their own.
func travels(sql string, args []any) bool {
	for len(args) > 0 {
		switch args[0].(type) {
		case pgx.QueryExecMode, pgx.QueryResultFormats, pgx.QueryResultFormatsByOID:
			return false
		case pgx.QueryRewriter:
			args = args[1:]
			continue
		}
		break
	}
	word, _ := nextWord(skipBlank(sql))
	return word != "" && one(sql) && !strings.EqualFold(word, "copy")
}

// rewritten reports whether an unknown rewriter will change the text of the statement.
func rewritten(args []any) bool {
	for _, a := range args {
		switch a.(type) {
		case pgx.NamedArgs, pgx.StrictNamedArgs:
		case pgx.QueryRewriter:
			return true
		case pgx.QueryExecMode, pgx.QueryResultFormats, pgx.QueryResultFormatsByOID:
		default:
			return false
		}
	}
	return false
}
