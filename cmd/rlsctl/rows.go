package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// column is a column of a result: its name, and how JSON writes its values.
type column struct {
	name  string
	value func(text []byte) json.RawMessage // nil: a string
	right bool                              // numbers stand on the right
}

func columnOf(f pgconn.FieldDescription, types *pgtype.Map) column {
	return column{name: f.Name, value: jsonValue(f.DataTypeOID, types), right: numeric(f.DataTypeOID)}
}

func numeric(oid uint32) bool {
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.Float4OID, pgtype.Float8OID, pgtype.NumericOID, pgtype.OIDOID:
		return true
	}
	return false
}

// jsonValue says how JSON writes a type whose text PostgreSQL wrote; nil for as a string.
func jsonValue(oid uint32, types *pgtype.Map) func([]byte) json.RawMessage {
	switch {
	case numeric(oid):
		// The digits stay as they are: a float64 would lose some. NaN and Infinity are no JSON.
		return func(text []byte) json.RawMessage {
			if !json.Valid(text) {
				return jsonString(text)
			}
			return json.RawMessage(text)
		}
	case oid == pgtype.BoolOID:
		return func(text []byte) json.RawMessage {
			if string(text) == "t" {
				return json.RawMessage("true")
			}
			return json.RawMessage("false")
		}
	case oid == pgtype.JSONOID || oid == pgtype.JSONBOID:
		return func(text []byte) json.RawMessage { return json.RawMessage(text) }
	}
	if t, ok := types.TypeForOID(oid); ok && oid != pgtype.BoxArrayOID { // whose elements a semicolon parts
		if array, ok := t.Codec.(*pgtype.ArrayCodec); ok && array.ElementType != nil {
			element := jsonValue(array.ElementType.OID, types)
			if element == nil {
				element = jsonString
			}
			return func(text []byte) json.RawMessage { return jsonArray(text, element) }
		}
	}
	return nil
}

func jsonString(text []byte) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(string(text)) // a string has a JSON form
	return printableJSON(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// jsonArray writes an array as a list. Source: PostgreSQL, "Array Input and Output Syntax".
func jsonArray(text []byte, element func([]byte) json.RawMessage) json.RawMessage {
	s := text
	if i := bytes.IndexByte(s, '='); len(s) > 0 && s[0] == '[' && i > 0 { // bounds, as in [0:1]={a,b}
		s = s[i+1:]
	}
	var out bytes.Buffer
	for len(s) > 0 {
		switch c := s[0]; c {
		case '{', '}', ',':
			out.WriteByte(map[byte]byte{'{': '[', '}': ']', ',': ','}[c])
			s = s[1:]
		case '"':
			var word []byte
			s = s[1:]
			for len(s) > 0 && s[0] != '"' {
				if s[0] == '\\' && len(s) > 1 {
					s = s[1:]
				}
				word, s = append(word, s[0]), s[1:]
			}
			if len(s) > 0 {
				s = s[1:]
			}
			out.Write(element(word))
		default:
			n := bytes.IndexAny(s, ",}")
			if n < 0 {
				n = len(s)
			}
			if word := s[:n]; strings.EqualFold(string(word), "NULL") {
				out.WriteString("null")
			} else {
				out.Write(element(word))
			}
			s = s[n:]
		}
	}
	if !json.Valid(out.Bytes()) { // of an extension, with another delimiter
		return jsonString(text)
	}
	return out.Bytes()
}

// printer writes rows as a table, as JSON or as csv. JSON and csv go out row by row; a table waits for its end.
type printer struct {
	w       io.Writer
	format  string
	null    string
	columns []column
	csv     *csv.Writer
	cells   [][]string
	rows    int
	begun   bool // the header is out
}

// newPrinter prints NULL as *null, or as the format does by itself.
func newPrinter(w io.Writer, format string, null *string) *printer {
	p := &printer{w: w, format: format}
	switch {
	case null != nil:
		p.null = *null
	case format == "table":
		p.null = "NULL"
	}
	return p
}

// header takes the columns. They are printed with the first row, so that a statement that fails prints nothing.
func (p *printer) header(columns []column) { p.columns = columns }

func (p *printer) begin() error {
	if p.begun {
		return nil
	}
	p.begun = true
	names := make([]string, len(p.columns))
	for i, c := range p.columns {
		names[i] = c.name
	}
	switch p.format {
	case "json":
		_, err := io.WriteString(p.w, "[")
		return err
	case "csv":
		p.csv = csv.NewWriter(p.w)
		return p.csv.Write(names)
	}
	p.cells = append(p.cells, shown(names))
	return nil
}

// row prints one row; a nil value is NULL. The values may be overwritten afterwards.
func (p *printer) row(values [][]byte) error {
	if err := p.begin(); err != nil {
		return err
	}
	p.rows++
	if p.format == "json" {
		return p.object(values)
	}
	words := make([]string, len(values))
	for i, v := range values {
		if v == nil {
			words[i] = p.null
		} else {
			words[i] = string(v)
		}
	}
	if p.format == "csv" {
		return p.csv.Write(words)
	}
	p.cells = append(p.cells, shown(words))
	return nil
}

// object writes a row as an object whose members stand in the order of the columns.
func (p *printer) object(values [][]byte) error {
	var b bytes.Buffer
	if p.rows > 1 {
		b.WriteByte(',')
	}
	b.WriteString("\n  {")
	for i, v := range values {
		if i > 0 {
			b.WriteString(", ")
		}
		b.Write(jsonString([]byte(p.columns[i].name)))
		b.WriteString(": ")
		switch write := p.columns[i].value; {
		case v == nil:
			b.WriteString("null")
		case write == nil:
			b.Write(jsonString(v))
		default:
			b.Write(write(v))
		}
	}
	b.WriteByte('}')
	_, err := p.w.Write(b.Bytes())
	return err
}

// end finishes a result with rows.
func (p *printer) end() error {
	if err := p.begin(); err != nil {
		return err
	}
	switch p.format {
	case "json":
		s := "]\n"
		if p.rows > 0 {
			s = "\n]\n"
		}
		_, err := io.WriteString(p.w, s)
		return err
	case "csv":
		p.csv.Flush()
		return p.csv.Error()
	}
	return p.table()
}

// tag finishes a statement that returns no rows.
func (p *printer) tag(tag string, rows int64) error {
	if p.format == "json" {
		command, _, _ := strings.Cut(tag, " ")
		_, err := fmt.Fprintf(p.w, "{\"command\": %s, \"rows\": %d}\n", jsonString([]byte(command)), rows)
		return err
	}
	_, err := fmt.Fprintln(p.w, tag)
	return err
}

func (p *printer) table() error {
	widths := make([]int, len(p.columns))
	for _, row := range p.cells {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for n, row := range p.cells {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString(" |")
			}
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if p.columns[i].right && n > 0 {
				cell = pad + cell
			} else {
				cell += pad
			}
			line.WriteString(" " + cell)
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
		if n == 0 {
			for i, w := range widths {
				if i > 0 {
					b.WriteByte('+')
				}
				b.WriteString(strings.Repeat("-", w+2))
			}
			b.WriteByte('\n')
		}
	}
	fmt.Fprintf(&b, "(%s)\n", count(p.rows, "row"))
	_, err := io.WriteString(p.w, b.String())
	return err
}
