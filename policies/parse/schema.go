package parse

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Schema returns a JSON Schema (draft 2020-12) of the model file, for editors. It is made from the description that
// Model checks against. It knows less than Model does: no duplicates, no SQL, no references between sections.
func Schema() []byte {
	root := modelShape.schema("A model of rlsctl: what is protected, who sees whom, who may do what.")
	doc := append(object{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "rls.yaml"}}, root...)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(doc); err != nil {
		panic(fmt.Sprintf("encode the schema: %v", err)) // of constants
	}
	return b.Bytes()
}

// object is a JSON object whose keys keep their order.
type object []member

type member struct {
	key   string
	value any
}

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		k, err := encode(m.key)
		if err != nil {
			return nil, err
		}
		v, err := encode(m.value)
		if err != nil {
			return nil, err
		}
		b.Write(k)
		b.WriteByte(':')
		b.Write(v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

func (s *shape) schema(doc string) object {
	var forms []any
	if s.scalar != nil {
		forms = append(forms, s.scalar.schema())
	}
	if s.list != nil {
		l := object{{"type", "array"}, {"items", s.list.schema("")}}
		if !s.empty {
			l = append(l, member{"minItems", 1})
		}
		forms = append(forms, l)
	}
	if s.keys != nil || s.each != nil {
		forms = append(forms, s.mapSchema())
	}
	var o object
	if doc != "" {
		o = object{{"description", doc}}
	}
	if len(forms) == 1 {
		return append(o, forms[0].(object)...)
	}
	return append(o, member{"anyOf", forms})
}

func (s *shape) mapSchema() object {
	keys := s.keys
	if s.each != nil {
		keys = s.fixed
	}
	var properties object
	var required []string
	for _, k := range keys {
		if k.later != "" {
			continue
		}
		properties = append(properties, member{k.name, k.shape.schema(k.doc)})
		if k.required {
			required = append(required, k.name)
		}
	}
	o := object{{"type", "object"}}
	if properties != nil {
		o = append(o, member{"properties", properties})
	}
	if required != nil {
		o = append(o, member{"required", required})
	}
	if s.each == nil {
		return append(o, member{"additionalProperties", false})
	}
	if s.name.pattern != "" {
		o = append(o, member{"propertyNames", object{{"pattern", s.name.pattern}}})
	}
	if s.least > 0 {
		o = append(o, member{"minProperties", s.least})
	}
	return append(o, member{"additionalProperties", s.each.schema("")})
}

func (s *scalar) schema() object {
	switch {
	case s.integer:
		return object{{"const", 1}}
	case s == flag:
		return object{{"type", "boolean"}}
	case s.values != nil:
		return object{{"enum", s.values}}
	}
	o := object{{"type", "string"}}
	if s == sqlText {
		o = object{{"type", []string{"string", "boolean"}}}
	}
	if s.pattern != "" {
		o = append(o, member{"pattern", s.pattern})
	}
	return o
}
