package integration

import (
	"slices"
	"strings"
	"testing"

	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// TestQuotedNames holds models against tables whose names need quotes: messages spell them as SQL does, once, and what
// would move a cursor is escaped.
func TestQuotedNames(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, `CREATE SCHEMA "Sales Data"; CREATE TABLE "Sales Data".person (id integer PRIMARY KEY);
		CREATE TABLE "Sales Data"."Deal" (id integer, boss integer)`)
	conn := w.admin(t)
	for table, want := range map[string][]string{
		`'"Sales Data"."Deals"'`:         {`table "Sales Data"."Deals" does not exist`, `did you mean "Sales Data"."Deal"?`},
		`'"Sales Data"."Deal"'`:          {`table "Sales Data"."Deal" of resource "deal" has no primary key`},
		`"\"Sales Data\".\"\u001b[2K\""`: {`table "Sales Data"."\u001b[2K" does not exist`},
		`sales.deals`:                    {`table "sales.deals" does not exist: schema "sales" has no tables`},
		`'"Sales Data"."Deal".x'`:        {`"Sales Data"."Deal".x`},
	} {
		m, diags := pipeline.Parse("rls.yaml", []byte(w.text(`
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{owner}}"]}
users: {table: '"Sales Data".person', key: id}
resources: {deal: {table: `+table+`, owner: owner}}
`)))
		if !diags.HasErrors() {
			found, err := pipeline.Check(t.Context(), conn, m)
			if err != nil {
				t.Fatal(explain(err))
			}
			diags = append(diags, found...)
		}
		var said []string
		for _, d := range diags {
			said = append(said, d.Message+" "+d.Hint)
		}
		text := strings.Join(said, "\n")
		if slices.ContainsFunc(want, func(s string) bool { return !strings.Contains(text, s) }) || strings.Contains(text, `\"`) || strings.Contains(text, "\x1b") {
			t.Errorf("%s:\n%s", table, text)
		}
	}
}
