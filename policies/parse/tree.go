package parse

import (
	"bytes"
	"encoding/json"
	"errors"
)

// The syntax tree of PostgreSQL's parser, as far as an expression may hold it. It is read strictly: a field that is
// not here makes the node one that is not understood. Source: the JSON form of libpg_query, protobuf/pg_query.proto.

type syntax struct {
	Version int         `json:"version"`
	Stmts   []statement `json:"stmts"`
}

type statement struct {
	Stmt     node  `json:"stmt"`
	Location int32 `json:"stmt_location"`
	Len      int32 `json:"stmt_len"`
}

// selectStmt has the fields of a SELECT that is nothing but a condition.
type selectStmt struct {
	Where       *node  `json:"whereClause"`
	LimitOption string `json:"limitOption"`
	Op          string `json:"op"`
}

// node is one node of any kind: its kind, and the text of its fields until somebody asks for them.
type node struct {
	kind   string
	fields json.RawMessage
}

// UnmarshalJSON reads {"Kind": {fields}}.
func (n *node) UnmarshalJSON(data []byte) error {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	if len(m) > 1 {
		return errors.New("a node of two kinds")
	}
	for kind, fields := range m {
		n.kind, n.fields = kind, append(json.RawMessage(nil), fields...)
	}
	return nil
}

// strictly fills into with the fields of a node and reports whether it knows them all.
func strictly(data []byte, into any) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(into) == nil
}

// word returns the text of a String node, or "".
func (n *node) word() string {
	var s struct {
		Sval string `json:"sval"`
	}
	if n == nil || n.kind != "String" || !strictly(n.fields, &s) {
		return ""
	}
	return s.Sval
}

func words(nodes []*node) []string {
	s := make([]string, len(nodes))
	for i, n := range nodes {
		s[i] = n.word()
	}
	return s
}

// items returns the entries of a List node.
func (n *node) items() []*node {
	var l struct {
		Items []*node `json:"items"`
	}
	if n == nil || n.kind != "List" || !strictly(n.fields, &l) {
		return nil
	}
	return l.Items
}

type located struct {
	Location int32 `json:"location"`
}

type columnRef struct {
	located
	Fields []*node `json:"fields"`
}

type constant struct {
	located
	Int *struct {
		Value int64 `json:"ival"`
	} `json:"ival"`
	Float *struct {
		Value string `json:"fval"`
	} `json:"fval"`
	Bool *struct {
		Value bool `json:"boolval"`
	} `json:"boolval"`
	Text *struct {
		Value string `json:"sval"`
	} `json:"sval"`
	Bits *struct {
		Value string `json:"bsval"`
	} `json:"bsval"`
	Null bool `json:"isnull"`
}

type typeName struct {
	located
	Names       []*node `json:"names"`
	Setof       bool    `json:"setof"`
	PctType     bool    `json:"pct_type"`
	Typmods     []*node `json:"typmods"`
	Typemod     int32   `json:"typemod"`
	ArrayBounds []*node `json:"arrayBounds"`
}

type typeCast struct {
	located
	Arg  *node    `json:"arg"`
	Type typeName `json:"typeName"`
}

type operation struct {
	located
	Kind  string  `json:"kind"`
	Name  []*node `json:"name"`
	Left  *node   `json:"lexpr"`
	Right *node   `json:"rexpr"`
}

type boolExpr struct {
	located
	Op   string  `json:"boolop"`
	Args []*node `json:"args"`
}

type nullTest struct {
	located
	Arg  *node  `json:"arg"`
	Test string `json:"nulltesttype"`
}

type boolTest struct {
	located
	Arg  *node  `json:"arg"`
	Test string `json:"booltesttype"`
}

type caseExpr struct {
	located
	Arg  *node   `json:"arg"`
	Args []*node `json:"args"`
	Else *node   `json:"defresult"`
}

type caseWhen struct {
	located
	Expr   *node `json:"expr"`
	Result *node `json:"result"`
}

type arguments struct {
	located
	Args []*node `json:"args"`
}

type minMax struct {
	located
	Op   string  `json:"op"`
	Args []*node `json:"args"`
}

type array struct {
	located
	Elements []*node `json:"elements"`
}

type funcCall struct {
	located
	Name        []*node         `json:"funcname"`
	Args        []*node         `json:"args"`
	Format      string          `json:"funcformat"`
	Over        json.RawMessage `json:"over"`
	Filter      json.RawMessage `json:"agg_filter"`
	Order       json.RawMessage `json:"agg_order"`
	WithinGroup bool            `json:"agg_within_group"`
	Star        bool            `json:"agg_star"`
	Distinct    bool            `json:"agg_distinct"`
	Variadic    bool            `json:"func_variadic"`
}

type valueFunction struct {
	located
	Op      string `json:"op"`
	Typemod int32  `json:"typmod"`
}
