// Package sql carries the replaceable half of the kernel: functions, views and triggers, one object per file.
// The other half, what must be remembered, is in package migrations, which also carries these objects as goose files.
package sql

import (
	"embed"
	"io/fs"
	"slices"
	"strings"
)

//go:embed *_*/*.sql
var files embed.FS

// File is one object: its path below this folder, and its text.
type File struct {
	Path string
	Text string
}

// ServerLeaks is the query of rls.server_leaks, for a server without the kernel: $1 is a server_version_num.
func ServerLeaks() string {
	b, err := files.ReadFile("10_identity/server_leaks.sql")
	if err != nil {
		panic(err) // embedded
	}
	_, body, _ := strings.Cut(string(b), "\nBEGIN ATOMIC\n")
	body, _, _ = strings.Cut(body, ";\nEND;\n")
	return body
}

// Files returns the objects in the order in which they are created. The lints of 90_lints are queries, not objects.
func Files() []File {
	var out []File
	paths, err := fs.Glob(files, "*/*.sql")
	if err != nil {
		panic(err) // the pattern is constant
	}
	slices.Sort(paths)
	for _, p := range paths {
		if strings.HasPrefix(p, "90_") {
			continue
		}
		b, err := files.ReadFile(p)
		if err != nil {
			panic(err) // embedded
		}
		out = append(out, File{Path: p, Text: string(b)})
	}
	return out
}
