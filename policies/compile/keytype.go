package compile

import (
	"fmt"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// keyType is how a key is typed in compiled objects.
type keyType struct {
	sql    string // the type in functions and views; varchar and citext keys are text there
	cast   string // suffix that turns a column of the table into it; "" where none is needed
	from   string // function that reads it from text
	citext string // the type citext as SQL, where it is one: its keys are lower case in compiled objects
}

func newKeyType(c policies.Column) (keyType, error) {
	cast := ""
	if c.Domain != "" {
		cast = "::" + c.Type
	}
	switch {
	case c.Type == "character varying":
		return keyType{sql: "text", cast: "::text", from: "rls.to_text"}, nil
	case isCitext(c.Type):
		return keyType{sql: "text", from: "rls.to_citext", citext: c.Type}, nil
	case c.Type == "smallint", c.Type == "integer", c.Type == "bigint", c.Type == "uuid", c.Type == "text":
		return keyType{sql: c.Type, cast: cast, from: "rls.to_" + c.Type}, nil
	}
	return keyType{}, fmt.Errorf("a key of type %s is not supported", c.Type)
}

// isCitext reports whether a type is that of the extension, in whichever schema it is.
func isCitext(typ string) bool { return typ == "citext" || strings.HasSuffix(typ, ".citext") }

// citextEquals is the operator of the extension, with the schema that it shares with its type: by its name alone another
// one is found, which tells upper from lower case.
func citextEquals(typ string) string {
	schema, _, ok := cutLast(typ, ".")
	if !ok {
		return "="
	}
	return "OPERATOR(" + schema + ".=)"
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// own turns a column of the key's own table into the key type. citext compares what lower makes of its texts.
func (k keyType) own(expr string) string {
	if k.citext != "" {
		return "lower(" + expr + `::text COLLATE "default")`
	}
	return expr + k.cast
}

// as casts a column to the key type where its own is another.
func (k keyType) as(expr string, c policies.Column) string {
	switch {
	case k.citext != "":
		return k.own(expr)
	case c.Type == k.sql && c.Domain == "":
		return expr
	case width[c.Type] > width[k.sql]:
		// A value out of range names nobody; a plain cast would fail every statement of everybody.
		low, high := bounds(k.sql)
		return fmt.Sprintf("CASE WHEN %s BETWEEN %s AND %s THEN %s::%s END", expr, low, high, expr, k.sql)
	}
	return expr + "::" + k.sql
}

// element casts a column to the type of the elements of sets.
func (k keyType) element(column string) string {
	switch element := setsOf(k).element; {
	case k.citext != "":
		return k.own(column)
	case element == "uuid":
		return column
	default:
		return column + "::" + element
	}
}

// among is the test that an index can be used for: whether a column is in the array that a call returns.
func (k keyType) among(column, call, element string) string {
	if k.citext != "" {
		return fmt.Sprintf("%s %s ANY ((SELECT %s)::text[]::%s[])", column, citextEquals(k.citext), call, k.citext)
	}
	return fmt.Sprintf("%s = ANY ((SELECT %s)::%s[])", column, call, element)
}

// notAmong is the same question of one row that is at hand, answered the other way round.
func (k keyType) notAmong(column, call string) string {
	return fmt.Sprintf("%s <> ALL (%s)", k.held(column), call)
}

// held is what a column holds, so that two that name the same user are the same.
func (k keyType) held(column string) string {
	if k.citext != "" {
		return k.own(column)
	}
	return column
}

// width orders the integer types.
var width = map[string]int{"smallint": 1, "integer": 2, "bigint": 3}

// bounds returns the lowest and highest value of a type as SQL; highest is "" where the type has none, and both are
// where there is no lowest either.
func bounds(columnType string) (low, high string) {
	switch columnType {
	case "smallint":
		return "(-32768)::smallint", "32767::smallint"
	case "integer":
		return "(-2147483648)::integer", "2147483647"
	case "bigint":
		return "(-9223372036854775808)::bigint", "9223372036854775807"
	case "uuid":
		return "'00000000-0000-0000-0000-000000000000'::uuid", "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid"
	case "date", "timestamp without time zone", "timestamp with time zone":
		return "'-infinity'::" + columnType, "'infinity'::" + columnType
	case "text", "character varying":
		return "''::text", ""
	}
	return "", ""
}
