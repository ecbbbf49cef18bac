// Package check judges a model against a database, or by itself where there is none: does everything that it names
// exist, can it mean what it is said to mean, and does anything stay open that nobody has asked to be open. It
// reports all mistakes at once.
package check

import (
	"fmt"
	"slices"

	"github.com/rlsctl/rlsctl/policies"
)

// Model reports every mistake of m, sorted. Without a catalog (nil) it reports what needs no database.
// The model is one that was parsed without errors; of another one it reports what it can.
func Model(m *policies.Model, c *policies.Catalog) policies.Diagnostics {
	k := &checker{model: m, catalog: c}
	k.clientRoles()
	k.reservedTables()
	k.reservedRoles()
	k.groupsFit()
	k.services()
	k.grants()
	k.withoutOwner()
	k.authority()
	if c != nil {
		k.ours = installedPolicies(c)
		k.server()
		k.open()
		k.users()
		k.groups()
		k.resources()
		k.roles()
		k.closedSchemas()
	}
	return k.found.Sort()
}

// checker is the state of one call of Model.
type checker struct {
	model   *policies.Model
	catalog *policies.Catalog
	ours    map[string]bool // identities of the policies that the toolkit made
	found   policies.Diagnostics
}

func (k *checker) report(s policies.Severity, pos policies.Pos, code policies.Code, message, hint string) {
	k.found = append(k.found, policies.Diagnostic{Code: code, Severity: s, File: k.model.File, Pos: pos, Message: message, Hint: hint})
}

func (k *checker) fail(pos policies.Pos, code policies.Code, message, hint string) {
	k.report(policies.Error, pos, code, message, hint)
}

func (k *checker) warn(pos policies.Pos, code policies.Code, message, hint string) {
	k.report(policies.Warning, pos, code, message, hint)
}

// suggest is the hint for a name that does not exist.
func suggest(name string, candidates []string, otherwise string) string {
	if near := policies.Suggest(name, candidates); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return otherwise
}

func same(a, b policies.TableName) bool { return a.Schema == b.Schema && a.Name == b.Name }

// minServer is the oldest server whose views can run as their invoker.
const minServer = 150000

func (k *checker) server() {
	if v := k.catalog.ServerVersion; v < minServer {
		k.fail(policies.Pos{}, CodeServer, fmt.Sprintf("the server is postgresql %d, older than 15", v/10000), "upgrade the server to PostgreSQL 15 or later")
	}
}

// leads reports whether an index of t begins with the column.
func leads(t *policies.Table, column string) bool {
	first := func(columns []string) bool { return len(columns) > 0 && columns[0] == column }
	return first(t.PrimaryKey) || slices.ContainsFunc(t.Unique, first) || slices.ContainsFunc(t.Indexes, first)
}

// indexed warns where the decision looks up a column that no index leads with.
func (k *checker) indexed(t *policies.Table, c policies.Text) {
	if t == nil || t.Column(c.Value) == nil || leads(t, c.Value) {
		return
	}
	name := policies.TableName{Schema: t.Schema, Name: t.Name}
	k.warn(c.Pos, CodeNoIndex, fmt.Sprintf("no index of %s begins with column %q", name, c.Value),
		fmt.Sprintf("CREATE INDEX ON %s (%s);", name, policies.Ident(c.Value)))
}

// unique reports whether the column alone tells the rows of t apart.
func unique(t *policies.Table, columns ...string) bool {
	is := func(key []string) bool {
		return len(key) == len(columns) && !slices.ContainsFunc(columns, func(c string) bool { return !slices.Contains(key, c) })
	}
	return is(t.PrimaryKey) || slices.ContainsFunc(t.Unique, is)
}

// notNull reports whether the column is never null.
func notNull(t *policies.Table, column string) bool {
	c := t.Column(column)
	return c != nil && (c.NotNull || slices.Contains(t.PrimaryKey, column))
}
