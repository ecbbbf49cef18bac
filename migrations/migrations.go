// Package migrations carries the kernel as goose files: plain goose over this folder with -table public.rls_goose_version
// installs everything.
package migrations

import (
	"embed"
	"io/fs"
	"strconv"
)

// Table is the version table of these migrations; no other will do. The files refuse where it is not in schema public.
const Table = "rls_goose_version"

// QualifiedTable is Table as whoever cannot trust the search_path names it.
const QualifiedTable = "public." + Table

// FS holds the goose files, named with versions of 14 digits.
//
//go:embed *.sql
var FS embed.FS

// Newest returns the version of the last migration.
func Newest() int64 {
	paths, err := fs.Glob(FS, "*.sql")
	if err != nil {
		panic(err) // the pattern is constant
	}
	var newest int64
	for _, p := range paths {
		version, err := strconv.ParseInt(p[:14], 10, 64)
		if err != nil {
			panic(err) // a test holds every name to it
		}
		newest = max(newest, version)
	}
	return newest
}
