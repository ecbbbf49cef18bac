package parse

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// MaxWord is the longest name of the model's own in bytes: resources, edge kinds and actions become parts of the
// names of policies and functions.
const MaxWord = 40

const wordPattern = `^[a-z][a-z0-9_]*$`

var (
	word = regexp.MustCompile(wordPattern)
	// A zone is looked up by the server; here it only has to look like one.
	zone = regexp.MustCompile(zonePattern)
	// reservedEdges are the ways of seeing that every model has.
	reservedEdges = []string{"self", "member", "creator_of_group"}
	// reservedResources cannot name one resource.
	reservedResources = []string{"all"}
	aliases           = map[string]string{
		"add": policies.ActionCreate, "get": policies.ActionRead, "edit": policies.ActionUpdate,
		"change": policies.ActionUpdate, "remove": policies.ActionDelete,
	}
)

const zonePattern = `^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,3}$`

func checkWord(kind string, reserved []string) func(string) *problem {
	return func(v string) *problem {
		switch {
		case len(v) > MaxWord:
			return &problem{CodeWord, fmt.Sprintf("%s %q has %d bytes, more than %d", kind, clip(v), len(v), MaxWord), "choose a shorter name"}
		case !word.MatchString(v):
			hint := "write lower-case letters, digits and underscores, beginning with a letter"
			if low := strings.ToLower(v); word.MatchString(low) && !slices.Contains(reserved, low) {
				hint = fmt.Sprintf("did you mean %q?", low)
			}
			return &problem{CodeWord, fmt.Sprintf("%s %q is not a plain word", kind, clip(v)), hint}
		case slices.Contains(reserved, v):
			return &problem{CodeWord, fmt.Sprintf("%s %q is reserved", kind, v), "choose another name"}
		}
		return nil
	}
}

// checkAttribute is checkWord for what tokens say: names that begin with rls_ are the token's own. Source: docs/token.md.
func checkAttribute(v string) *problem {
	if strings.HasPrefix(v, "rls_") {
		return &problem{CodeWord, fmt.Sprintf("session attribute %q is reserved, as all that begin with \"rls_\"", clip(v)), "choose another name"}
	}
	return checkWord("session attribute", nil)(v)
}

// action returns an action word in its one spelling.
func action(v string) string {
	v = strings.ToLower(strings.TrimSpace(v))
	if a, ok := aliases[v]; ok {
		return a
	}
	return v
}

func checkAction(v string) *problem {
	if strings.TrimSpace(v) == "*" {
		return &problem{CodeWord, "\"*\" stands for all actions and not for one", "write \"*\" in place of the list"}
	}
	return checkWord("action", nil)(action(v))
}

// checkIdentifier accepts every name that PostgreSQL can hold, hostile ones included: names are quoted where they go.
func checkIdentifier(v string) *problem {
	switch {
	case v == "":
		return &problem{CodeIdentifier, "a name is empty", "write the name as the database has it"}
	case len(v) > policies.MaxIdent:
		return &problem{
			CodeIdentifier, fmt.Sprintf("name %q has %d bytes, more than %d", clip(v), len(v), policies.MaxIdent),
			"write the name as the database has it: it cuts longer ones",
		}
	}
	return nil
}

func checkText(v string) *problem {
	if strings.TrimSpace(v) == "" {
		return &problem{CodeValue, "the text is empty", "write a text, or remove the key"}
	}
	return nil
}

func checkZone(v string) *problem {
	if policies.Abbreviated(v) && zone.MatchString(v) {
		return &problem{CodeAbbreviation, fmt.Sprintf("time zone %q could be an abbreviation, whose meaning a session can change", clip(v)), "write \"UTC\" or a name such as \"Europe/Vienna\""}
	}
	if len(v) > policies.MaxIdent || !zone.MatchString(v) {
		return &problem{CodeTimezone, fmt.Sprintf("%q is not the name of a time zone", clip(v)), "write a name such as \"UTC\" or \"Europe/Vienna\""}
	}
	return nil
}

func checkTable(v string) *problem {
	_, err := table(v)
	return err
}

// table reads "schema.table" or "table". Parts without quotes are folded to lower case, as PostgreSQL does.
func table(v string) (policies.TableName, *problem) {
	var parts []string
	rest := v
	for {
		part, after, bad := identifier(rest, v)
		if bad != nil {
			return policies.TableName{}, bad
		}
		if bad = checkIdentifier(part); bad != nil {
			return policies.TableName{}, bad
		}
		parts = append(parts, part)
		if after == "" {
			break
		}
		rest = after[1:] // identifier stops at a dot or the end
	}
	switch len(parts) {
	case 1:
		return policies.TableName{Schema: "public", Name: parts[0]}, nil
	case 2:
		return policies.TableName{Schema: parts[0], Name: parts[1]}, nil
	}
	return policies.TableName{}, &problem{
		CodeIdentifier, fmt.Sprintf("table name %s has %d parts", policies.Quoted(clip(v)), len(parts)), "write \"schema.table\"",
	}
}

// identifier reads one part of a table name up to a dot or the end.
func identifier(s, whole string) (name, rest string, bad *problem) {
	misspelt := &problem{
		CodeIdentifier, fmt.Sprintf("%s is not a table name", policies.Quoted(clip(whole))),
		`write schema.table, and put a part with other characters than letters, digits and underscores in double quotes: '"My Schema"."My Table"'`,
	}
	if strings.HasPrefix(s, `"`) {
		var b strings.Builder
		for i := 1; i < len(s); i++ {
			if s[i] != '"' {
				b.WriteByte(s[i])
				continue
			}
			if i+1 < len(s) && s[i+1] == '"' {
				b.WriteByte('"')
				i++
				continue
			}
			if i+1 < len(s) && s[i+1] != '.' {
				return "", "", misspelt
			}
			return b.String(), s[i+1:], nil
		}
		return "", "", misspelt // no closing quote
	}
	end := strings.IndexByte(s, '.')
	if end < 0 {
		end = len(s)
	}
	name, rest = s[:end], s[end:]
	for i, c := range []byte(name) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c >= 0x80:
		case (c >= '0' && c <= '9' || c == '$') && i > 0:
		default:
			return "", "", misspelt
		}
	}
	if name == "" || rest == "." {
		return "", "", misspelt
	}
	folded := []byte(name)
	for i, c := range folded {
		if c >= 'A' && c <= 'Z' {
			folded[i] = c + 'a' - 'A'
		}
	}
	return string(folded), rest, nil
}

// grantee reads "user:LOGIN", "group:NAME", "service:NAME", "authenticated" or "everyone".
func grantee(v string) (policies.Grantee, *problem) {
	kind, name, named := strings.Cut(v, ":")
	switch k := policies.GranteeKind(kind); {
	case !named && (k == policies.GranteeAuthenticated || k == policies.GranteeEveryone):
		return policies.Grantee{Kind: k}, nil
	case named && kind == "role":
		return policies.Grantee{}, &problem{
			CodeUnsupported, fmt.Sprintf("%q is not supported by this version", clip(v)), "grant to users, groups, \"authenticated\" or \"everyone\"",
		}
	case named && (k == policies.GranteeUser || k == policies.GranteeGroup || k == policies.GranteeService):
		if name == "" || strings.TrimSpace(name) != name {
			return policies.Grantee{}, &problem{
				CodeGrantee, fmt.Sprintf("grantee %q names nobody", clip(v)), fmt.Sprintf("write a name right behind %q", kind+":"),
			}
		}
		return policies.Grantee{Kind: k, Name: name}, nil
	}
	hint := "write user:LOGIN, group:NAME, service:NAME, authenticated or everyone"
	if near := policies.Suggest(kind, []string{"user", "group", "service", "authenticated", "everyone"}); near != "" {
		if named && (near == "user" || near == "group" || near == "service") {
			near += ":" + name
		}
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return policies.Grantee{}, &problem{CodeGrantee, fmt.Sprintf("grantee %q is not known", clip(v)), hint}
}

func checkGrantee(v string) *problem {
	_, bad := grantee(v)
	return bad
}
