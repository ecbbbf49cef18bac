// Package migrations carries the kernel as goose files: plain goose over this folder with -table rls_goose_version
// installs everything.
package migrations

import "embed"

// Table is the version table of these migrations; no other will do.
const Table = "rls_goose_version"

// FS holds the goose files, named with versions of 14 digits.
//
//go:embed *.sql
var FS embed.FS
