package policies

import "testing"

// The version table of the kernel's migrations asks nobody for a decision; a table of that name elsewhere does.
func TestUndecidedLeavesOutTheVersionTable(t *testing.T) {
	t.Parallel()
	none := func(Ref) bool { return false }
	c := Catalog{Tables: []Table{{Schema: "public", Name: "rls_goose_version", Kind: "r"}, {Schema: "public", Name: "note", Kind: "r"},
		{Schema: "app", Name: "rls_goose_version", Kind: "r"}}}
	for schema, want := range map[string]string{"public": "note", "app": "rls_goose_version"} {
		if got := c.Undecided(schema, none, none); len(got) != 1 || got[0].Name != want {
			t.Errorf("schema %s: %d tables, want %s alone", schema, len(got), want)
		}
	}
}
