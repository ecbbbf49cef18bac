package parse

import (
	"regexp"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// Starting the parser costs more than a second and some hundred megabytes. Most conditions are so simple that there is
// nothing to parse: columns, whether they are null or true, and comparisons with a constant, joined by AND or by OR alone.
// What is written here is what the parser and printer make of the same text, byte for byte; all else is theirs.
var (
	joinedBy = map[string]*regexp.Regexp{" AND ": regexp.MustCompile(`(?i)\s+and\s+`), " OR ": regexp.MustCompile(`(?i)\s+or\s+`)}

	simpleNot     = regexp.MustCompile(`(?i)^not\s+([a-z_][a-z0-9_]*)$`)
	simpleIs      = regexp.MustCompile(`(?i)^([a-z_][a-z0-9_]*)\s+is\s+(not\s+)?(null|true|false|unknown)$`)
	simpleCompare = regexp.MustCompile(`^([A-Za-z_][A-Za-z0-9_]*)\s*(=|<>|<=|>=|<|>)\s*('[ !-&(-\[\]-~]*'|0|[1-9][0-9]{0,8})$`)
)

// simple compiles a condition without the parser, if it is simple enough.
func simple(sql string) (compiled string, columns []string, ok bool) {
	for word, split := range joinedBy {
		terms := split.Split(strings.TrimSpace(sql), -1)
		if len(terms) == 1 && word == " OR " {
			continue // seen with the other word
		}
		var parts []string
		columns = nil
		for _, t := range terms {
			part, column, known := term(t)
			if !known {
				break
			}
			parts, columns = append(parts, part), append(columns, column)
		}
		if len(parts) != len(terms) {
			continue
		}
		slices.Sort(columns)
		compiled = strings.Join(parts, word)
		if len(parts) > 1 {
			compiled = "(" + compiled + ")"
		}
		return compiled, slices.Compact(columns), true
	}
	return "", nil, false
}

func term(sql string) (compiled, column string, ok bool) {
	if name, ok := plainColumn(sql); ok {
		return "t." + name, name, true
	}
	if m := simpleNot.FindStringSubmatch(sql); m != nil {
		name, ok := plainColumn(m[1])
		return "(NOT t." + name + ")", name, ok
	}
	if m := simpleIs.FindStringSubmatch(sql); m != nil {
		name, ok := plainColumn(m[1])
		not := ""
		if m[2] != "" {
			not = "NOT "
		}
		return "(t." + name + " IS " + not + strings.ToUpper(m[3]) + ")", name, ok
	}
	if m := simpleCompare.FindStringSubmatch(sql); m != nil {
		name, ok := plainColumn(m[1])
		return "(t." + name + " " + m[2] + " " + m[3] + ")", name, ok
	}
	return "", "", false
}

// plainColumn is a name that needs no quotes, in the letters that the server gives it.
func plainColumn(sql string) (string, bool) {
	name := strings.ToLower(strings.TrimSpace(sql))
	return name, name != "" && len(name) <= policies.MaxIdent && policies.Ident(name) == name
}
