// Package parse turns the bytes of a model file into a model, keeping line and column of every node. It reports every
// mistake that can be seen without a database, all at once, and never panics on hostile bytes.
package parse

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/rlsctl/rlsctl/policies"
)

// Limits of a model file. They stand far above any real one.
const (
	MaxBytes = 1 << 20
	MaxDepth = 24    // of maps and lists inside each other
	MaxNodes = 50000 // maps, lists and scalars together
)

// Model reads a model. file is used for diagnostics alone. The diagnostics are sorted; where they hold errors the
// model is what could be understood, never nil, and must not be compiled.
func Model(file string, data []byte) (*policies.Model, policies.Diagnostics) {
	p := &parser{file: file, bad: map[*yaml.Node]bool{}, unclear: map[policies.Pos]bool{}}
	m := &policies.Model{File: file}
	if root := p.read(data); root != nil {
		p.fits(root, modelShape, "the model")
		p.bind(root, m)
	}
	return m, p.found.Sort()
}

// parser is the state of one call of Model.
type parser struct {
	file  string
	lines []string // of the source, for exact positions inside scalars
	zone  string   // database.timezone
	found policies.Diagnostics
	bad   map[*yaml.Node]bool // refused: reported already, not to be bound

	unclear map[policies.Pos]bool // grants that lost a part, which cannot be compared with others
}

func (p *parser) report(pos policies.Pos, code policies.Code, message, hint string) {
	p.found = append(p.found, policies.Diagnostic{
		Code: code, Severity: policies.Error, File: p.file, Pos: pos, Message: message, Hint: hint,
	})
}

// refuse reports a mistake at a node and leaves the node out of the model.
func (p *parser) refuse(n *yaml.Node, code policies.Code, message, hint string) {
	p.bad[n] = true
	p.report(at(n), code, message, hint)
}

func at(n *yaml.Node) policies.Pos { return policies.Pos{Line: n.Line, Column: n.Column} }

// read parses the YAML and refuses what could grow, hide or repeat things. It returns nil if nothing is left to read.
func (p *parser) read(data []byte) *yaml.Node {
	start := policies.Pos{Line: 1, Column: 1}
	if len(data) > MaxBytes {
		p.report(start, CodeFile, fmt.Sprintf("the file has %d bytes, more than the limit of %d", len(data), MaxBytes), "split the model")
		return nil
	}
	if !utf8.Valid(data) {
		bad := 0
		for bad < len(data) {
			r, size := utf8.DecodeRune(data[bad:])
			if r == utf8.RuneError && size <= 1 {
				break
			}
			bad += size
		}
		p.report(position(data, bad), CodeFile, "the file is not valid UTF-8", "save the file as UTF-8")
		return nil
	}
	p.lines = strings.Split(string(data), "\n")
	for i, r := range string(data) {
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' || r == 0x7f {
			p.report(position(data, i), CodeFile, fmt.Sprintf("the file has the control character %U", r), "remove the character")
			return nil
		}
	}

	decoder := yaml.NewDecoder(bytes.NewReader(data))
	document, err := decode(decoder)
	switch {
	case errors.Is(err, io.EOF):
		p.report(start, CodeFile, "the file is empty", "add \"version: 1\"")
		return nil
	case err != nil:
		p.syntax(err)
		return nil
	}
	if second, err := decode(decoder); err == nil {
		p.report(at(second), CodeFeature, "the file has a second document", "remove the \"---\" and what follows it")
	} else if !errors.Is(err, io.EOF) {
		p.syntax(err)
	}
	if document.Kind != yaml.DocumentNode || len(document.Content) != 1 {
		p.report(start, CodeFile, "the file is empty", "add \"version: 1\"")
		return nil
	}
	count := 0
	if !p.harmless(document.Content[0], 1, &count) {
		return nil
	}
	return document.Content[0]
}

// decode reads one document. A panic of the library is a mistake of the file, not of the program.
func decode(d *yaml.Decoder) (document *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			document, err = nil, errors.New("yaml: the file cannot be read")
		}
	}()
	document = &yaml.Node{}
	err = d.Decode(document)
	return document, err
}

// harmless reports the features of YAML that a model does not use. It returns false if the rest should not be read.
func (p *parser) harmless(n *yaml.Node, depth int, count *int) bool {
	*count++
	if depth > MaxDepth {
		p.report(at(n), CodeFile, fmt.Sprintf("more than %d maps and lists stand inside each other", MaxDepth), "make the model flatter")
		return false
	}
	if *count > MaxNodes {
		p.report(at(n), CodeFile, fmt.Sprintf("the file has more than %d entries", MaxNodes), "split the model")
		return false
	}
	if n.Kind == yaml.AliasNode {
		p.refuse(n, CodeFeature, fmt.Sprintf("alias %q is not allowed", "*"+clip(n.Value)), "write the value out")
		return true
	}
	if n.Anchor != "" {
		p.report(at(n), CodeFeature, fmt.Sprintf("anchor %q is not allowed", "&"+clip(n.Anchor)), "remove the anchor")
	}
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!merge":
		p.refuse(n, CodeFeature, "merge key \"<<\" is not allowed", "write the keys out")
	case n.Style&yaml.TaggedStyle != 0:
		p.refuse(n, CodeFeature, fmt.Sprintf("tag %q is not allowed", clip(n.Tag)), "remove the tag; put text in quotes")
	case n.Kind == yaml.ScalarNode && (strings.ContainsRune(n.Value, 0) || !utf8.ValidString(n.Value)):
		p.refuse(n, CodeFile, fmt.Sprintf("%q holds a character that PostgreSQL cannot store", clip(n.Value)), "remove the character")
	}
	for _, c := range n.Content {
		if !p.harmless(c, depth+1, count) {
			return false
		}
	}
	return true
}

var (
	syntaxLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(.*)$`)
	anchorName = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
	// The library counts the lines of these messages from 0, and those of all others from 1.
	fromZero = []string{
		"did not find expected <stream-start>", "did not find expected <document start>", "did not find expected node content",
		"did not find expected '-' indicator", "did not find expected key", "did not find expected ',' or ']'",
		"did not find expected ',' or '}'", "found undefined tag handle", "found duplicate %YAML directive",
		"found incompatible YAML document", "found duplicate %TAG directive",
	}
)

// syntax reports a mistake of the YAML. The library names the line alone; the column is where that line begins.
func (p *parser) syntax(err error) {
	line, message := 1, err.Error()
	if m := syntaxLine.FindStringSubmatch(message); m != nil {
		message = m[2]
		n, _ := strconv.Atoi(m[1])
		if slices.Contains(fromZero, message) {
			n++
		}
		line = min(max(n, 1), len(p.lines))
	}
	for line > 1 && strings.TrimSpace(p.lines[line-1]) == "" {
		line--
	}
	text := p.lines[line-1]
	column := utf8.RuneCountInString(text) - utf8.RuneCountInString(strings.TrimLeft(text, " \t")) + 1
	hint := "correct the YAML here or in the line above"
	if strings.HasPrefix(strings.TrimLeft(text, " "), "\t") {
		hint = "indent with spaces, not with tabs"
	}
	if m := anchorName.FindStringSubmatch(message); m != nil {
		for i, l := range p.lines {
			if j := strings.Index(l, "*"+m[1]); j >= 0 {
				p.report(policies.Pos{Line: i + 1, Column: utf8.RuneCountInString(l[:j]) + 1}, CodeFeature,
					fmt.Sprintf("alias %q is not allowed", "*"+clip(m[1])), "write the value out, or put it in quotes")
				return
			}
		}
	}
	p.report(policies.Pos{Line: line, Column: column}, CodeSyntax, "the yaml cannot be read: "+clip(message), hint)
}

func position(data []byte, offset int) policies.Pos {
	before := string(data[:offset])
	start := strings.LastIndexByte(before, '\n') + 1
	return policies.Pos{Line: strings.Count(before, "\n") + 1, Column: utf8.RuneCountInString(before[start:]) + 1}
}
