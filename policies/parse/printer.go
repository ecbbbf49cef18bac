package parse

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// maxNesting is how deep operators and functions of an expression may stand inside each other.
const maxNesting = 100

// printer writes a syntax tree as SQL. What it has no line for is refused, so the list of what an expression may
// hold is this file. Every result is a single operand: an atom, a call, or something in parentheses.
type printer struct {
	source  string
	prefix  int    // bytes before source in the text that was parsed
	zone    string // stands for the session's time zone, which any client can set
	columns map[string]bool
	bad     *fault // the first one
	depth   int
}

func (w *printer) refuse(location int32, construct, hint string) string {
	if w.bad == nil {
		offset := int(location) - w.prefix
		if offset < 0 || offset > len(w.source) {
			offset = 0
		}
		w.bad = refused(offset, construct, hint)
	}
	return ""
}

// expr writes one node. location is that of the node around it, for nodes that have none.
func (w *printer) expr(n *node, location int32) string {
	if w.bad != nil {
		return ""
	}
	if n == nil || n.kind == "" {
		return w.refuse(location, "an empty part", plainHint)
	}
	if w.depth++; w.depth > maxNesting {
		return w.refuse(location, "so deep a nesting", "put parts of it into columns")
	}
	defer func() { w.depth-- }()
	here := located{Location: location}
	_ = json.Unmarshal(n.fields, &here) // of any kind
	if why := refusedNodes[n.kind]; why[0] != "" {
		return w.refuse(here.Location, why[0], why[1])
	}
	write := printers[n.kind]
	if write == nil {
		return w.refuse(here.Location, fmt.Sprintf("%q", n.kind), plainHint)
	}
	s, known := write(w, n.fields)
	if !known && w.bad == nil {
		return w.refuse(here.Location, fmt.Sprintf("this form of %q", n.kind), plainHint)
	}
	return s
}

// refusedNodes are the kinds of nodes that deserve a word of their own.
var refusedNodes = map[string][2]string{
	"SubLink":       {"a sub-select", "use columns of the row alone"},
	"ParamRef":      {"a parameter", plainHint},
	"A_Indirection": {"a subscript or field", "put the value into a column of its own"},
	"CollateClause": {"a collation", "declare the collation of the column"},
	"RowExpr":       {"a row", "compare the columns one by one"},
	"NamedArgExpr":  {"a named argument", "write the arguments in their order"},
	"SetToDefault":  {"a default", plainHint},
}

// printers write the kinds of nodes that an expression may hold. They say whether they knew every field.
var printers map[string]func(w *printer, fields []byte) (string, bool)

// as makes a printer of a method: it reads the fields of the node for it.
func as[T any](write func(w *printer, v *T) string) func(w *printer, fields []byte) (string, bool) {
	return func(w *printer, fields []byte) (string, bool) {
		v := new(T)
		if !strictly(fields, v) {
			return "", false
		}
		return write(w, v), true
	}
}

func init() {
	printers = map[string]func(w *printer, fields []byte) (string, bool){
		"ColumnRef":        as((*printer).column),
		"A_Const":          as((*printer).constant),
		"TypeCast":         as((*printer).cast),
		"A_Expr":           as((*printer).operator),
		"BoolExpr":         as((*printer).boolean),
		"NullTest":         as((*printer).nullTest),
		"BooleanTest":      as((*printer).boolTest),
		"CaseExpr":         as((*printer).cases),
		"CoalesceExpr":     as((*printer).coalesce),
		"MinMaxExpr":       as((*printer).minMax),
		"A_ArrayExpr":      as((*printer).array),
		"FuncCall":         as((*printer).call),
		"SQLValueFunction": as((*printer).clock),
	}
}

func (w *printer) cast(c *typeCast) string {
	return "CAST(" + w.expr(c.Arg, c.Location) + " AS " + w.typeName(&c.Type, c.Location) + ")"
}

func (w *printer) nullTest(t *nullTest) string {
	test, known := map[string]string{"IS_NULL": " IS NULL)", "IS_NOT_NULL": " IS NOT NULL)"}[t.Test]
	if !known {
		return w.refuse(t.Location, fmt.Sprintf("%q", t.Test), plainHint)
	}
	return "(" + w.expr(t.Arg, t.Location) + test
}

func (w *printer) boolTest(t *boolTest) string {
	test, known := map[string]string{
		"IS_TRUE": "TRUE", "IS_NOT_TRUE": "NOT TRUE", "IS_FALSE": "FALSE", "IS_NOT_FALSE": "NOT FALSE",
		"IS_UNKNOWN": "UNKNOWN", "IS_NOT_UNKNOWN": "NOT UNKNOWN",
	}[t.Test]
	if !known {
		return w.refuse(t.Location, fmt.Sprintf("%q", t.Test), plainHint)
	}
	return "(" + w.expr(t.Arg, t.Location) + " IS " + test + ")"
}

func (w *printer) coalesce(c *arguments) string {
	return "COALESCE(" + w.list(c.Args, c.Location) + ")"
}

func (w *printer) minMax(m *minMax) string {
	name, known := map[string]string{"IS_GREATEST": "GREATEST(", "IS_LEAST": "LEAST("}[m.Op]
	if !known {
		return w.refuse(m.Location, fmt.Sprintf("%q", m.Op), plainHint)
	}
	return name + w.list(m.Args, m.Location) + ")"
}

func (w *printer) array(a *array) string { return "ARRAY[" + w.list(a.Elements, a.Location) + "]" }

func (w *printer) list(nodes []*node, location int32) string {
	parts := make([]string, len(nodes))
	for i, n := range nodes {
		parts[i] = w.expr(n, location)
	}
	return strings.Join(parts, ", ")
}

func (w *printer) column(c *columnRef) string {
	for _, f := range c.Fields {
		if f == nil || f.kind != "String" {
			return w.refuse(c.Location, "\"*\"", "name the column")
		}
	}
	parts := words(c.Fields)
	if len(parts) == 0 {
		return w.refuse(c.Location, "an empty part", plainHint)
	}
	if len(parts) != 1 {
		return w.refuse(c.Location, fmt.Sprintf("qualified column %q", clip(strings.Join(parts, "."))),
			fmt.Sprintf("write %q alone", clip(parts[len(parts)-1])))
	}
	if n := w.written(c.Location); n > policies.MaxIdent {
		return w.refuse(c.Location, fmt.Sprintf("column name %q of more than %d bytes", clip(parts[0]), policies.MaxIdent),
			"write the name as the database has it: it cuts longer ones")
	}
	w.columns[parts[0]] = true
	return "t." + policies.Ident(parts[0])
}

// written returns the bytes of the name that stands at a place of the source; the parser has cut it already.
func (w *printer) written(location int32) int {
	i := int(location) - w.prefix
	if i < 0 || i >= len(w.source) {
		return 0
	}
	s := w.source[i:]
	if s[0] == '"' || strings.HasPrefix(s, `U&"`) || strings.HasPrefix(s, `u&"`) {
		s = s[strings.IndexByte(s, '"')+1:]
		end := strings.IndexByte(strings.ReplaceAll(s, `""`, `__`), '"')
		if end < 0 {
			return 0
		}
		return len(strings.ReplaceAll(s[:end], `""`, `"`))
	}
	n := 0
	for n < len(s) && (s[n] == '_' || s[n] == '$' || s[n] >= 0x80 || s[n] >= '0' && s[n] <= '9' || s[n]|0x20 >= 'a' && s[n]|0x20 <= 'z') {
		n++
	}
	return n
}

var number = regexp.MustCompile(`^-?[0-9]*\.?[0-9]*([eE][+-]?[0-9]+)?$`)

func (w *printer) constant(c *constant) string {
	switch {
	case c.Int != nil:
		return signed(strconv.FormatInt(c.Int.Value, 10))
	case c.Float != nil:
		if !number.MatchString(c.Float.Value) {
			return w.refuse(c.Location, fmt.Sprintf("number %q", clip(c.Float.Value)), "write it in decimal digits")
		}
		return signed(c.Float.Value)
	case c.Bool != nil:
		return strconv.FormatBool(c.Bool.Value)
	case c.Text != nil:
		return policies.Literal(c.Text.Value)
	case c.Null:
		return "NULL"
	}
	return w.refuse(c.Location, "a bit string", plainHint)
}

func signed(n string) string {
	if strings.HasPrefix(n, "-") {
		return "(" + n + ")"
	}
	return n
}

// types are the built-in types that a cast may name, by every spelling that the parser leaves as it is.
var types = set(`bool int2 int4 int8 numeric float4 float8 text varchar bpchar date time timetz timestamp timestamptz
	interval uuid json jsonb inet cidr bytea`)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for s := range strings.FieldsSeq(words) {
		m[s] = true
	}
	return m
}

func (w *printer) typeName(t *typeName, location int32) string {
	parts := words(t.Names)
	name := ""
	switch {
	case len(parts) == 1:
		name = parts[0]
	case len(parts) == 2 && parts[0] == "pg_catalog":
		name = parts[1]
	}
	if !types[name] || t.Setof || t.PctType {
		return w.refuse(location, fmt.Sprintf("type %q", clip(strings.Join(parts, "."))), "cast to a built-in type such as text, date or int")
	}
	s := "pg_catalog." + policies.Ident(name)
	if len(t.Typmods) > 0 {
		if name == "interval" {
			return w.refuse(location, "an interval with fields or precision", "write the unit inside the quotes: interval '30 days'")
		}
		var mods []string
		for _, m := range t.Typmods {
			var v constant
			if m.kind != "A_Const" || !strictly(m.fields, &v) || v.Int == nil || v.Int.Value < 0 {
				return w.refuse(location, "that length of a type", plainHint)
			}
			mods = append(mods, strconv.FormatInt(v.Int.Value, 10))
		}
		s += "(" + strings.Join(mods, ", ") + ")"
	}
	for range t.ArrayBounds {
		s += "[]"
	}
	return s
}

var operators = set(`= <> < > <= >= + - * / % ^ & | # << >> || ~ ~* !~ !~* ^@ -> ->> #> #>> @> <@ ? ?| ?& && <<= >>=`)

func (w *printer) operator(e *operation) string {
	if len(e.Name) != 1 {
		return w.refuse(e.Location, "an operator with a schema", "write the operator alone")
	}
	op := e.Name[0].word()
	left := ""
	if e.Left != nil {
		left = w.expr(e.Left, e.Location)
	}
	infix := func(word string) string { return "(" + left + " " + word + " " + w.expr(e.Right, e.Location) + ")" }
	not := ""
	if strings.HasPrefix(op, "!") || op == "<>" {
		not = "NOT "
	}
	switch e.Kind {
	case "AEXPR_OP":
		if !operators[op] {
			return w.refuse(e.Location, fmt.Sprintf("operator %q", clip(op)), "use a comparison, arithmetic or text operator")
		}
		if e.Left == nil {
			return "(" + op + " " + w.expr(e.Right, e.Location) + ")"
		}
		return infix(op)
	case "AEXPR_OP_ANY", "AEXPR_OP_ALL":
		if !operators[op] && op != "~~" && op != "!~~" && op != "~~*" && op != "!~~*" {
			return w.refuse(e.Location, fmt.Sprintf("operator %q", clip(op)), "use a comparison, arithmetic or text operator")
		}
		word := op + " ANY ("
		if e.Kind == "AEXPR_OP_ALL" {
			word = op + " ALL ("
		}
		return "(" + left + " " + word + w.expr(e.Right, e.Location) + "))"
	case "AEXPR_DISTINCT":
		return infix("IS DISTINCT FROM")
	case "AEXPR_NOT_DISTINCT":
		return infix("IS NOT DISTINCT FROM")
	case "AEXPR_NULLIF":
		return "NULLIF(" + left + ", " + w.expr(e.Right, e.Location) + ")"
	case "AEXPR_LIKE":
		return infix(not + "LIKE")
	case "AEXPR_ILIKE":
		return infix(not + "ILIKE")
	case "AEXPR_SIMILAR":
		return infix(op) // the right side is similar_to_escape()
	case "AEXPR_IN":
		list := e.Right.items()
		if len(list) == 0 {
			return w.refuse(e.Location, "this IN", "write a list of values")
		}
		return "(" + left + " " + not + "IN (" + w.list(list, e.Location) + "))"
	case "AEXPR_BETWEEN", "AEXPR_NOT_BETWEEN", "AEXPR_BETWEEN_SYM", "AEXPR_NOT_BETWEEN_SYM":
		word := map[string]string{
			"AEXPR_BETWEEN": " BETWEEN ", "AEXPR_NOT_BETWEEN": " NOT BETWEEN ",
			"AEXPR_BETWEEN_SYM": " BETWEEN SYMMETRIC ", "AEXPR_NOT_BETWEEN_SYM": " NOT BETWEEN SYMMETRIC ",
		}[e.Kind]
		ends := e.Right.items()
		if len(ends) != 2 {
			return w.refuse(e.Location, "this BETWEEN", "write BETWEEN a AND b")
		}
		return "(" + left + word + w.expr(ends[0], e.Location) + " AND " + w.expr(ends[1], e.Location) + ")"
	}
	return w.refuse(e.Location, fmt.Sprintf("operator %q", clip(op)), plainHint)
}

func (w *printer) boolean(e *boolExpr) string {
	parts := make([]string, len(e.Args))
	for i, a := range e.Args {
		parts[i] = w.expr(a, e.Location)
	}
	switch {
	case e.Op == "NOT_EXPR" && len(parts) == 1:
		return "(NOT " + parts[0] + ")"
	case e.Op == "AND_EXPR" && len(parts) > 1:
		return "(" + strings.Join(parts, " AND ") + ")"
	case e.Op == "OR_EXPR" && len(parts) > 1:
		return "(" + strings.Join(parts, " OR ") + ")"
	}
	return w.refuse(e.Location, "this use of AND, OR or NOT", plainHint)
}

func (w *printer) cases(c *caseExpr) string {
	var b strings.Builder
	b.WriteString("CASE")
	if c.Arg != nil {
		b.WriteString(" " + w.expr(c.Arg, c.Location))
	}
	for _, a := range c.Args {
		var when caseWhen
		if a == nil || a.kind != "CaseWhen" || !strictly(a.fields, &when) {
			return w.refuse(c.Location, "this CASE", plainHint)
		}
		b.WriteString(" WHEN " + w.expr(when.Expr, when.Location) + " THEN " + w.expr(when.Result, when.Location))
	}
	if c.Else != nil {
		b.WriteString(" ELSE " + w.expr(c.Else, c.Location))
	}
	return b.String() + " END"
}

// functions are the plain functions of pg_catalog that an expression may call: no aggregate, no set, nothing
// volatile, nothing that reads a setting or another table, nothing that makes much out of little.
var functions = set(`abs age array_length array_lower array_ndims array_position array_remove array_to_string array_upper ascii
	bit_length btrim cardinality ceil ceiling char_length character_length chr clock_timestamp concat concat_ws date_bin date_part
	date_trunc div exp extract family floor host initcap isempty isfinite json_array_length json_extract_path
	json_extract_path_text json_typeof jsonb_array_length jsonb_extract_path jsonb_extract_path_text jsonb_typeof left
	length like_escape ln log lower lower_inc lower_inf ltrim make_date make_interval make_time make_timestamp
	make_timestamptz masklen md5 mod network now num_nonnulls num_nulls octet_length position power regexp_count
	regexp_like regexp_replace replace reverse right round rtrim sign similar_to_escape split_part sqrt starts_with
	statement_timestamp string_to_array strpos substr substring timezone to_char to_date to_number to_timestamp
	transaction_timestamp translate trunc upper upper_inc upper_inf`)

// kernelFunctions are the functions of schema rls that an expression may call, with their number of arguments.
var kernelFunctions = map[string]int{"local_time": 0}

func (w *printer) call(c *funcCall) string {
	parts := words(c.Name)
	if len(parts) == 0 {
		return w.refuse(c.Location, "an empty part", plainHint)
	}
	name, full := parts[len(parts)-1], strings.Join(parts, ".")
	switch {
	case c.Over != nil:
		return w.refuse(c.Location, "a window function", plainHint)
	case c.Filter != nil, c.Order != nil, c.WithinGroup, c.Star, c.Distinct:
		return w.refuse(c.Location, "an aggregate", "use columns of the row alone")
	case c.Variadic:
		return w.refuse(c.Location, "VARIADIC", plainHint)
	case len(parts) == 2 && parts[0] == "rls":
		want, known := kernelFunctions[name]
		if !known {
			return w.refuse(c.Location, fmt.Sprintf("function %q", clip(full)), "use rls.local_time(), or columns of the row")
		}
		if len(c.Args) != want {
			return w.refuse(c.Location, fmt.Sprintf("function %q with %d arguments", full, len(c.Args)), fmt.Sprintf("give it %d", want))
		}
		return "rls." + policies.Ident(name) + "()"
	case len(parts) == 2 && parts[0] != "pg_catalog", len(parts) > 2:
		return w.refuse(c.Location, fmt.Sprintf("function %q", clip(full)), "use a built-in function, or columns of the row")
	case !functions[name]:
		hint := "use another built-in function, or columns of the row"
		if near := policies.Suggest(name, sortedFunctions); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return w.refuse(c.Location, fmt.Sprintf("function %q", clip(name)), hint)
	case name == "age" && len(c.Args) < 2:
		return w.refuse(c.Location, "function \"age\" with one argument", "write age(now(), …): the other form depends on the session's time zone")
	case clocks[name]:
		return theClock
	case name == "timezone":
		w.zones(c)
	}
	return "pg_catalog." + policies.Ident(name) + "(" + w.list(c.Args, c.Location) + ")"
}

var sortedFunctions = func() []string {
	var s []string
	for f := range functions {
		s = append(s, f)
	}
	slices.Sort(s)
	return s
}()

// clocks are the functions that say what time it is. All mean theClock: now() stands still for as long as a transaction
// lasts, and statement_timestamp() for as long as a DO block or a message of several statements does.
var clocks = set("now transaction_timestamp statement_timestamp clock_timestamp")

const theClock = "pg_catalog.clock_timestamp()"

// zones refuses time zones whose meaning a session can change: an abbreviation means what timezone_abbreviations says, and
// a column may hold one.
func (w *printer) zones(c *funcCall) {
	var v constant
	if len(c.Args) == 2 {
		switch zone := c.Args[0]; zone.kind {
		case "A_Const":
			if strictly(zone.fields, &v) && v.Text != nil && !policies.Abbreviated(v.Text.Value) {
				return
			}
		case "TypeCast":
			var cast typeCast
			if strictly(zone.fields, &cast) && slices.Contains(words(cast.Type.Names), "interval") {
				return
			}
		}
	}
	w.refuse(c.Location, "a time zone that a session can redefine", "write 'UTC', a name such as 'Europe/Vienna', or an interval")
}

// clock writes CURRENT_DATE and its like. The session's time zone, which any client can set, is replaced by the
// model's: an account that ended yesterday must not come back to life by SET timezone.
func (w *printer) clock(f *valueFunction) string {
	local := "pg_catalog.timezone(" + policies.Literal(w.zone) + ", " + theClock + ")"
	switch f.Op {
	case "SVFOP_CURRENT_DATE":
		return "CAST(" + local + " AS pg_catalog.date)"
	case "SVFOP_LOCALTIME":
		return "CAST(" + local + " AS pg_catalog." + policies.Ident("time") + ")"
	case "SVFOP_LOCALTIMESTAMP":
		return local
	case "SVFOP_CURRENT_TIMESTAMP":
		return theClock
	}
	word := strings.ToLower(strings.TrimPrefix(f.Op, "SVFOP_"))
	return w.refuse(f.Location, fmt.Sprintf("%q", word), "use now(), current_date, or columns of the row")
}
