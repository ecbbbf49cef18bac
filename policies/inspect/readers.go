package inspect

import (
	"context"
	_ "embed"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
)

//go:embed readers.sql
var readersSQL string

// readers reads what reads or writes tables by itself. What a function's text names is found word by word: the parser of
// PostgreSQL that this module has cannot be trusted with a text of any length (see package parse), and the text itself,
// which may hold secrets, goes no further.
func readers(ctx context.Context, tx pgx.Tx, tables []policies.Table) ([]policies.Reader, error) {
	var list []struct {
		policies.Reader
		Source string `json:"source"`
		Path   string `json:"path"`
	}
	if err := document(ctx, tx, readersSQL, &list); err != nil {
		return nil, err
	}
	names := names{}
	for _, t := range tables {
		if t.Schema != "rls" {
			names.add(t.Schema, t.Name, policies.Identity(t.Schema, t.Name))
		}
	}
	for _, r := range list {
		if r.Kind == policies.ReaderFunction {
			parts := words(r.Name)
			names.add(parts[0].text, parts[2].text+"(", r.Name)
		}
	}
	out := make([]policies.Reader, 0, len(list))
	for _, r := range list {
		slices.Sort(r.Users)
		text := words(r.Source)
		r.SaysWho = slices.ContainsFunc(text, func(w word) bool {
			return !w.quoted && (w.text == "current_user" || w.text == "session_user" || w.text == "current_role" ||
				w.text == "user" && r.Kind == policies.ReaderDefault)
		})
		if r.Kind == policies.ReaderFunction && len(r.Reads) == 0 {
			r.May = slices.DeleteFunc(names.in(text, r.Path), func(n string) bool { return n == r.Name })
		}
		out = append(out, r.Reader)
	}
	return out, nil
}

// names are the tables and, with a parenthesis behind, the functions of a name, by schema.
type names map[string]map[string][]string

func (n names) add(schema, name, identity string) {
	if n[name] == nil {
		n[name] = map[string][]string{}
	}
	n[name][schema] = append(n[name][schema], identity)
}

// before are words that a table's name follows.
var before = []string{"from", "join", "into", "update", "only", "table", "using", "truncate", "copy", "lock"}

// after are words that end a list of tables.
var after = []string{"where", "group", "order", "limit", "having", "union", "set", "returning", "on", "loop", ";", ")", "select", "values"}

// in returns what a text seems to name, sorted, given the search_path of its function; "" is that of whoever calls it.
func (n names) in(text []word, path string) []string {
	var schemas []string
	for _, w := range words(path) {
		if w.text != "," {
			schemas = append(schemas, w.text)
		}
	}
	var out []string
	listing := false // within a list of tables
	for i, w := range text {
		at := func(j int) word {
			if j < 0 || j >= len(text) {
				return word{}
			}
			return text[j]
		}
		if !w.quoted && slices.Contains(before, w.text) {
			listing = w.text != "into"
		} else if !w.quoted && slices.Contains(after, w.text) {
			listing = false
		}
		if !w.ident || at(i-1).text == "." && !at(i-1).quoted || at(i+1).text == "%" {
			continue
		}
		name, schema, next := w, "", at(i+1)
		if next.text == "." && at(i+2).ident {
			schema, name, next = w.text, at(i+2), at(i+3)
		}
		called := next.text == "("
		key := name.text
		if called {
			key += "("
		}
		// INSERT INTO note (…) is no call.
		for _, key := range []string{key, name.text} {
			for s, identities := range n[key] {
				switch {
				case schema != "" && s == schema,
					schema == "" && called && key != name.text && (path == "" || slices.Contains(schemas, s)),
					schema == "" && key == name.text && (path == "" || slices.Contains(schemas, s)) &&
						(slices.Contains(before, at(i-1).text) && !variable(at(i-1).text, at(i-2).text) || listing && at(i-1).text == ","):
					out = append(out, identities...)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// variable reports whether what follows is the target of SELECT INTO, rather than of INSERT INTO or MERGE INTO.
func variable(last, before string) bool {
	return last == "into" && before != "insert" && before != "merge"
}

// word is one word or sign of an SQL text.
type word struct {
	text   string // folded as PostgreSQL does, unless it is quoted
	quoted bool
	ident  bool
}

// words splits an SQL text, without comments. What stands in literals is split as well, since it may be a statement.
func words(s string) []word {
	var out []word
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case c == '-' && strings.HasPrefix(s[i:], "--"):
			if end := strings.IndexByte(s[i:], '\n'); end >= 0 {
				i += end
			} else {
				i = len(s)
			}
		case c == '/' && strings.HasPrefix(s[i:], "/*"):
			i = commentEnd(s, i)
		case c == '\'':
			text, end := quoted(s, i, '\'')
			out, i = append(out, words(text)...), end
		case c == '"':
			text, end := quoted(s, i, '"')
			out, i = append(out, word{text: text, quoted: true, ident: true}), end
		case c == '$' && dollarTag(s[i:]) != "":
			tag := dollarTag(s[i:])
			body, _, _ := strings.Cut(s[i+len(tag):], tag)
			out, i = append(out, words(body)...), min(len(s), i+2*len(tag)+len(body))
		case letter(c):
			end := i + 1
			for end < len(s) && (letter(s[end]) || s[end] >= '0' && s[end] <= '9' || s[end] == '$') {
				end++
			}
			out, i = append(out, word{text: strings.ToLower(s[i:end]), ident: true}), end
		case c == ' ' || c >= '\t' && c <= '\r':
			i++
		default:
			out, i = append(out, word{text: string(c)}), i+1
		}
	}
	return out
}

func letter(c byte) bool { return c == '_' || c >= 0x80 || c|0x20 >= 'a' && c|0x20 <= 'z' }

// commentEnd is where a comment ends that starts at i; they nest.
func commentEnd(s string, i int) int {
	for depth := 0; i < len(s); i++ {
		switch {
		case strings.HasPrefix(s[i:], "/*"):
			depth, i = depth+1, i+1
		case strings.HasPrefix(s[i:], "*/"):
			if depth, i = depth-1, i+1; depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// quoted returns the text between quotes, of which one starts at i, and where it ends.
func quoted(s string, i int, q byte) (text string, end int) {
	escapes := q == '\'' && i > 0 && s[i-1]|0x20 == 'e'
	var b strings.Builder
	for i++; i < len(s); i++ {
		switch {
		case escapes && s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(' ')
		case s[i] != q:
			b.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == q:
			i++
			b.WriteByte(q)
		default:
			return b.String(), i + 1
		}
	}
	return b.String(), len(s)
}

// dollarTag returns the $tag$ that s starts with, or "".
func dollarTag(s string) string {
	end := strings.IndexByte(s[1:], '$')
	if end < 0 {
		return ""
	}
	for i := range end {
		if c := s[1+i]; !letter(c) && (i == 0 || c < '0' || c > '9') {
			return ""
		}
	}
	return s[:end+2]
}
