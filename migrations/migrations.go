// Package migrations carries the kernel as goose files: plain goose over this folder with -table public.rls_goose_version
// installs everything.
package migrations

import "embed"

// Table is the version table of these migrations; no other will do. The files refuse where it is not in schema public.
const Table = "rls_goose_version"

// QualifiedTable is Table as whoever cannot trust the search_path names it.
const QualifiedTable = "public." + Table

// FS holds the goose files, named with versions of 14 digits.
//
//go:embed *.sql
var FS embed.FS
