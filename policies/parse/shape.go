package parse

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/rlsctl/rlsctl/policies"
)

// A shape says what may stand at one place of the file. It accepts a scalar, a list or a map, each where it is set;
// a map has either fixed keys or, with each, keys that the user chooses. From shapes the file is checked, bound to
// the model and described to editors.
type shape struct {
	what   string  // for messages: "a list of actions or \"*\""
	scalar *scalar // accepts a scalar
	list   *shape  // accepts a list with such entries
	empty  bool    // the list may be empty
	keys   []key   // accepts a map with these keys
	each   *shape  // accepts a map with keys of the user's choice and such values
	name   *scalar // what those keys look like
	fixed  []key   // and keys among them that mean something else
	least  int     // and how many there have to be
	form   bool    // a key of a later version makes the whole map another form: only that key is reported
}

// key is one fixed key of a map.
type key struct {
	name     string
	doc      string
	shape    *shape
	required bool
	later    string // not empty: belongs to a later version; what to do instead
}

// scalar is one kind of scalar.
type scalar struct {
	what   string
	tags   []string // YAML types that are accepted
	values []string // nil: any
	later  []string // values that belong to a later version
	check  func(v string) *problem
	named  bool // whatever stands there may be what something is called, if it is put in quotes
	// for the schema
	pattern string
	integer bool
}

// problem is what is wrong with a scalar by itself.
type problem struct {
	code          policies.Code
	message, hint string
}

// fits checks n and everything below it against s and reports every mistake. Nodes with mistakes are remembered as
// bad, so that binding leaves them out.
func (p *parser) fits(n *yaml.Node, s *shape, label string) {
	switch {
	case p.bad[n]:
	case n.Kind == yaml.ScalarNode && s.scalar != nil:
		p.fitsScalar(n, s.scalar, s.what, label)
	case n.Kind == yaml.SequenceNode && s.list != nil:
		if len(n.Content) == 0 && !s.empty {
			p.refuse(n, CodeType, label+" is an empty list", "add an entry, or remove "+label)
		}
		for _, entry := range n.Content {
			p.fits(entry, s.list, "an entry of "+strings.TrimPrefix(label, "an entry of "))
		}
	case n.Kind == yaml.MappingNode && (s.keys != nil || s.each != nil):
		p.fitsMap(n, s, label)
	default:
		hint := "write " + s.what
		if n.Kind == yaml.ScalarNode && n.Tag == "!!null" && s != modelShape {
			hint += ", or remove the key"
		}
		p.refuse(n, CodeType, fmt.Sprintf("%s must be %s, not %s", label, s.what, describe(n)), hint)
	}
}

func (p *parser) fitsMap(n *yaml.Node, s *shape, label string) {
	known := s.keys
	if s.each != nil {
		known = s.fixed
	}
	if s.form {
		for i := 0; i < len(n.Content); i += 2 {
			k := n.Content[i]
			if j := slices.IndexFunc(known, func(x key) bool { return x.later != "" && x.name == k.Value }); j >= 0 {
				p.bad[n] = true
				p.report(at(k), CodeUnsupported, fmt.Sprintf("%q is not supported by this version", k.Value), known[j].later)
				return
			}
		}
	}
	seen := map[string]*yaml.Node{}
	later := false // its mistake is the key of a later version, not what that key would stand in for
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind == yaml.ScalarNode && k.Tag == "!!merge" {
			p.bad[k] = true // reported with the other features
			continue
		}
		if k.Kind != yaml.ScalarNode || p.bad[k] {
			if !p.bad[k] {
				p.refuse(k, CodeType, fmt.Sprintf("a key of %s must be a word, not %s", label, describe(k)), "write one word before the colon")
			}
			continue
		}
		if first, twice := seen[k.Value]; twice {
			p.refuse(k, CodeDuplicateKey, fmt.Sprintf("key %q stands twice in %s", k.Value, label),
				fmt.Sprintf("remove one of the two; the first is in line %d", first.Line))
			continue
		}
		seen[k.Value] = k
		j := slices.IndexFunc(known, func(x key) bool { return x.name == k.Value })
		switch {
		case j >= 0 && known[j].later != "":
			later = true
			p.refuse(k, CodeUnsupported, fmt.Sprintf("%q is not supported by this version", k.Value), known[j].later)
		case j >= 0:
			p.fits(v, known[j].shape, strconv.Quote(k.Value))
		case s.each != nil:
			p.fitsScalar(k, s.name, s.name.what, "a key of "+label)
			p.fits(v, s.each, strconv.Quote(k.Value))
		default:
			p.refuse(k, CodeUnknownKey, fmt.Sprintf("unknown key %q in %s", k.Value, label), suggest(k.Value, names(known)))
		}
	}
	if s.each != nil && len(seen) < s.least {
		p.refuse(n, CodeType, label+" is empty", "add an entry, or remove "+label)
	}
	for _, k := range known {
		if k.required && seen[k.name] == nil && (!later || k.name == "version") {
			code := CodeMissing
			if k.name == "version" {
				code = CodeVersion
			}
			p.refuse(n, code, fmt.Sprintf("key %q is missing in %s", k.name, label), fmt.Sprintf("add %q: %s", k.name, k.shape.what))
		}
	}
}

func (p *parser) fitsScalar(n *yaml.Node, s *scalar, what, label string) {
	if !slices.Contains(s.tags, n.Tag) {
		code, hint := CodeType, "write "+what
		switch {
		case s.integer:
			code = CodeVersion
		case n.Tag == "!!null":
			hint += ", or remove the key"
		case s.named:
			hint = fmt.Sprintf("write %q in quotes if that is what it is called", n.Value)
		}
		p.refuse(n, code, fmt.Sprintf("%s must be %s, not %s", label, what, describe(n)), hint)
		return
	}
	if slices.Contains(s.later, n.Value) {
		p.refuse(n, CodeUnsupported, fmt.Sprintf("%q is not supported by this version", n.Value), "write "+choice(s.values))
		return
	}
	if s.values != nil && !slices.Contains(s.values, n.Value) {
		code := CodeValue
		if s.integer {
			code = CodeVersion
		}
		hint := "write " + what
		if near := policies.Suggest(n.Value, s.values); near != "" && !s.integer {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		p.refuse(n, code, fmt.Sprintf("%s cannot be %q", label, clip(n.Value)), hint)
		return
	}
	if s.check != nil {
		if bad := s.check(n.Value); bad != nil {
			p.refuse(n, bad.code, bad.message, bad.hint)
		}
	}
}

// get returns the value of a key, or nil where it is left out or refused.
func (p *parser) get(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		if k.Kind == yaml.ScalarNode && k.Value == name && !p.bad[k] {
			if p.bad[v] {
				return nil
			}
			return v
		}
	}
	return nil
}

// pairs calls f for each key and value of a map that were not refused.
func (p *parser) pairs(n *yaml.Node, f func(k, v *yaml.Node)) {
	if n == nil || n.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if k, v := n.Content[i], n.Content[i+1]; !p.bad[k] && !p.bad[v] {
			f(k, v)
		}
	}
}

// entries returns the entries of a list that were not refused; a single value is a list of one.
func (p *parser) entries(n *yaml.Node) []*yaml.Node {
	switch {
	case n == nil || p.bad[n]:
		return nil
	case n.Kind != yaml.SequenceNode:
		return []*yaml.Node{n}
	}
	return slices.DeleteFunc(slices.Clone(n.Content), func(e *yaml.Node) bool { return p.bad[e] })
}

func names(keys []key) []string {
	var s []string
	for _, k := range keys {
		if k.later == "" {
			s = append(s, k.name)
		}
	}
	return s
}

func suggest(name string, among []string) string {
	if near := policies.Suggest(name, among); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if len(among) == 0 {
		return "remove it"
	}
	return "remove it, or write one of " + strings.Join(among, ", ")
}

func choice(values []string) string {
	q := make([]string, len(values))
	for i, v := range values {
		q[i] = strconv.Quote(v)
	}
	if len(q) < 2 {
		return strings.Join(q, "")
	}
	return strings.Join(q[:len(q)-1], ", ") + " or " + q[len(q)-1]
}

// describe says in words what a node is.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a map"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	switch n.Tag {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "the number " + clip(n.Value)
	case "!!bool":
		return "the boolean " + clip(n.Value)
	case "!!timestamp":
		return "the time " + clip(n.Value)
	}
	return "the text " + strconv.Quote(clip(n.Value))
}

// clip shortens a hostile value for a message.
func clip(s string) string {
	const most = 80
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most]) + "…"
}
