package parse

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	// Its sibling with Go types is left alone: that one brings the parser along a second time, in C.
	pgparser "github.com/wasilibs/go-pgquery/parser"
	"go.yaml.in/yaml/v3"

	"github.com/rlsctl/rlsctl/policies"
)

// Limits of an SQL expression. The parser runs in a small stack of its own and does not survive its overflow: it can
// hang. With 600 signs in a row, or 72 nested WITHs of two parentheses each, it fell over (tried); no expression may
// come near.
const (
	MaxExpression = 2000 // bytes
	maxSigns      = 250  // words and signs, those inside of texts included
	maxBrackets   = 40   // opening ones, those inside of texts included
)

// measured refuses what would be too deep for the parser. It counts too much rather than too little.
func measured(sql string) *fault {
	signs, brackets, inWord := 0, 0, false
	for _, c := range []byte(sql) {
		letter := c == '_' || c == '$' || c >= 0x80 || c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z'
		space := c == ' ' || c >= '\t' && c <= '\r'
		if !space && (!letter || !inWord) {
			signs++
		}
		if c == '(' || c == '[' {
			brackets++
		}
		inWord = letter
	}
	for _, x := range []struct {
		n, most int
		what    string
	}{{len(sql), MaxExpression, "bytes"}, {signs, maxSigns, "words and signs"}, {brackets, maxBrackets, "parentheses"}} {
		if x.n > x.most {
			return &fault{problem{CodeConstruct, fmt.Sprintf("the expression has %d %s, more than %d", x.n, x.what, x.most), "put parts of it into columns of the table"}, 0}
		}
	}
	return nil
}

// expression reads the SQL expression under a key. The compiled text is a single operand: it can stand beside any
// operator without parentheses of its own.
func (p *parser) expression(n *yaml.Node, name string) policies.Expression {
	v := p.get(n, name)
	if v == nil {
		return policies.Expression{}
	}
	e := policies.Expression{SQL: v.Value, Pos: at(v)}
	compiled, columns, bad := compile(v.Value, p.zone)
	if bad != nil {
		p.report(p.offset(v, bad.offset), bad.code, bad.message, bad.hint)
		return policies.Expression{}
	}
	e.Compiled, e.Columns = compiled, columns
	_, _, e.Plain = simple(v.Value)
	e.Plain = e.Plain || compiled == "true" || compiled == "false"
	return e
}

// fault is a mistake in an expression, offset bytes from its beginning.
type fault struct {
	problem
	offset int
}

func refused(offset int, construct, hint string) *fault {
	return &fault{problem{CodeConstruct, construct + " is not allowed in an expression", hint}, offset}
}

const plainHint = "use columns of the row, constants, operators and plain functions"

// compile turns what was written into canonical SQL: nothing of the text itself is kept, only what its syntax tree
// says and this file can print.
func compile(sql, zone string) (compiled string, columns []string, bad *fault) {
	if bad := measured(sql); bad != nil {
		return "", nil, bad
	}
	switch bare := strings.ToLower(strings.TrimSpace(sql)); bare {
	case "true", "false":
		return bare, nil, nil
	}
	if compiled, columns, ok := simple(sql); ok {
		return compiled, columns, nil
	}
	return parsed(sql, zone)
}

// parsed is compile by way of the parser.
func parsed(sql, zone string) (compiled string, columns []string, bad *fault) {
	const prefix = "SELECT WHERE "
	tree, err := parseSQL(prefix + sql)
	if err != nil {
		f := &fault{problem{CodeExpression, "the expression cannot be read: " + clip(err.Error()), "write one SQL expression"}, 0}
		if pg := (*pgparser.Error)(nil); errors.As(err, &pg) && pg.Cursorpos > 0 {
			f.offset = runeOffset(prefix+sql, pg.Cursorpos-1) - len(prefix)
		}
		return "", nil, f
	}
	where, f := onlyWhere(tree, sql)
	if f != nil {
		return "", nil, f
	}
	if zone == "" {
		zone = "UTC"
	}
	w := printer{source: sql, prefix: len(prefix), zone: zone, columns: map[string]bool{}}
	if where.kind == "A_Const" {
		if c := (constant{}); !strictly(where.fields, &c) || c.Bool == nil {
			return "", nil, &fault{problem{CodeConstruct, "the expression is a constant, not a condition", "write a condition over the columns of the row"}, 0}
		}
	}
	compiled = w.expr(where, 0)
	if w.bad != nil {
		return "", nil, w.bad
	}
	for c := range w.columns {
		columns = append(columns, c)
	}
	slices.Sort(columns)
	return compiled, columns, nil
}

// onlyWhere returns the condition of a statement that is nothing but prefix and one expression.
func onlyWhere(tree *syntax, sql string) (*node, *fault) {
	if len(tree.Stmts) == 0 {
		return nil, &fault{problem{CodeExpression, "the expression is empty", "write an SQL expression"}, 0}
	}
	first := tree.Stmts[0]
	if len(tree.Stmts) > 1 || first.Len != 0 {
		i := max(strings.IndexByte(sql, ';'), 0)
		return nil, refused(i, "a second statement", "remove the semicolon and what follows it")
	}
	var s selectStmt
	known := strictly(first.Stmt.fields, &s)
	if !known || first.Stmt.kind != "SelectStmt" || s.Where == nil || s.LimitOption != "LIMIT_OPTION_DEFAULT" || s.Op != "SETOP_NONE" {
		return nil, refused(0, "a clause of a statement", plainHint)
	}
	return s.Where, nil
}

var (
	errBroken    = errors.New("an earlier expression broke the parser")
	parserBroken atomic.Bool
)

// parseSQL calls the parser. After a panic there it is unusable.
func parseSQL(sql string) (tree *syntax, err error) {
	if parserBroken.Load() {
		return nil, errBroken
	}
	defer func() {
		if r := recover(); r != nil {
			parserBroken.Store(true)
			tree, err = nil, errors.New("it is too deep")
		}
	}()
	text, err := pgparser.ParseToJSON(sql)
	if err != nil {
		return nil, err
	}
	tree = &syntax{}
	if !strictly([]byte(text), tree) {
		return nil, errors.New("its syntax tree is not understood")
	}
	return tree, nil
}

// runeOffset turns a count of characters into one of bytes.
func runeOffset(s string, runes int) int {
	i := 0
	for ; runes > 0 && i < len(s); runes-- {
		_, size := utf8.DecodeRuneInString(s[i:])
		i += size
	}
	return i
}
