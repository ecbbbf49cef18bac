// Package acme is an example: a company, its people and their notes. The files are what a user of the toolkit writes.
package acme

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed schema.sql data.sql rls.yaml
var files embed.FS

// The database roles that the files name.
const (
	ClientRole      = "acme_app"
	MaintenanceRole = "acme_admin"
)

// Example is the text of the files.
type Example struct {
	Schema string // needs the kernel and both database roles
	Data   string
	Model  string // rls.yaml
}

// With returns the example with other names for its database roles, which need no quotes. Database roles are shared by
// the databases of a server, so that two installations on one need names of their own.
func With(client, maintenance string) Example {
	r := strings.NewReplacer(ClientRole, client, MaintenanceRole, maintenance)
	read := func(name string) string {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			panic(err) // they are embedded
		}
		return r.Replace(string(text))
	}
	return Example{Schema: read("schema.sql"), Data: read("data.sql"), Model: read("rls.yaml")}
}

// Note is one note of the example.
type Note struct {
	ID           int64
	Owner, Title string
}

// Notes are all of them.
var Notes = []Note{
	{1, "olga", "Budget of next year"}, {2, "mark", "Targets of sales"}, {3, "lena", "Call with Initech"},
	{4, "lena", "Stand at the fair"}, {5, "tom", "Leads of March"}, {6, "paul", "Handing over"}, {7, "rita", "Shift plan"},
	{8, "nina", "Lorries for the fair"}, {9, "hugo", "Salaries"}, {10, "ivan", "First day at ACME"}, {11, "audrey", "Findings"},
}

// Visible says by hand, without the compiler, whose notes each person sees.
var Visible = map[string][]string{
	"olga":   {"olga", "mark", "lena", "tom", "paul", "rita", "nina"},
	"mark":   {"mark", "lena", "tom", "paul"},
	"lena":   {"lena", "nina"},
	"tom":    {"tom", "ivan"},
	"paul":   {},
	"rita":   {"rita", "nina"},
	"nina":   {"nina", "lena", "ivan"},
	"hugo":   {"hugo", "tom", "nina"},
	"ivan":   {"ivan"},
	"audrey": {"olga", "mark", "lena", "tom", "paul", "rita", "nina", "hugo", "ivan", "audrey"},
}
