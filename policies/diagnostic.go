package policies

import (
	"cmp"
	"fmt"
	"slices"
)

// Code is RLnnn: at once diagnostic id, lint id and SQLSTATE. A code is for life.
type Code string

// Severity of a diagnostic. Only errors stop a model.
type Severity string

// The severities, worst first.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Diagnostic is one mistake or remark, where it stands, and what to do about it.
type Diagnostic struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	File     string   `json:"file"`
	Pos      Pos      `json:"pos"`
	Message  string   `json:"message"`        // lower case, one clause, quotes the culprit
	Hint     string   `json:"hint,omitempty"` // an order
}

// String is the house form: file:line:col: message (RLnnn), without the hint.
func (d Diagnostic) String() string {
	s := d.File
	if d.Pos.Line > 0 {
		s += fmt.Sprintf(":%d:%d", d.Pos.Line, d.Pos.Column)
	}
	if d.Severity != Error {
		return fmt.Sprintf("%s: %s: %s (%s)", s, d.Severity, d.Message, d.Code)
	}
	return fmt.Sprintf("%s: %s (%s)", s, d.Message, d.Code)
}

// Diagnostics is a list that can be an error. The zero value is no mistake.
type Diagnostics []Diagnostic

// HasErrors reports whether any of them stops the model.
func (ds Diagnostics) HasErrors() bool {
	return slices.ContainsFunc(ds, func(d Diagnostic) bool { return d.Severity == Error })
}

// Sort orders by file, position and code, and drops exact repetitions.
func (ds Diagnostics) Sort() Diagnostics {
	slices.SortStableFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(ds)
}
