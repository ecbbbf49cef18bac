package main

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// A name in the database may hold anything but a zero byte, and so may a row. Nothing of it must reach a terminal as a
// command: move its cursor, hide a line, change its colours, or turn the direction of the text.

// printable makes a text fit for one line of a terminal.
func printable(s string) string { return policies.Printable(s) }

// printableLines is printable for a text of several lines.
func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n")
}

// shown makes cells of a table printable, in their place.
func shown(cells []string) []string {
	for i := range cells {
		cells[i] = printable(cells[i])
	}
	return cells
}

// printableJSON escapes in a JSON document the controls that JSON itself leaves as they are. They stand in strings alone.
func printableJSON(doc []byte) []byte {
	control := func(r rune) bool { return r >= 0x7f && r <= 0x9f }
	if bytes.IndexFunc(doc, control) < 0 {
		return doc
	}
	var b bytes.Buffer
	for _, r := range string(doc) {
		if control(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.Bytes()
}
