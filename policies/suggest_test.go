package policies

import (
	"strings"
	"testing"
)

func TestSuggest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, want string
		among      []string
	}{
		{"ownr_id", "owner_id", []string{"id", "owner_id", "other_id"}},
		{"ID", "id", []string{"code", "id"}},
		{"ttile", "title", []string{"tile_size", "title"}},
		{"staff", "staff_id", []string{"team_id", "staff_id"}},
		{"größe", "grösse", []string{"grösse"}},
		{"id", "", []string{"id", "code", ""}},
		{"zzz", "", []string{"id", "owner_id"}},
		{"", "", []string{"a"}},
		{strings.Repeat("x", 1<<20), "", []string{strings.Repeat("x", 1<<20) + "y"}},
	} {
		if got := Suggest(c.name, c.among); got != c.want {
			t.Errorf("Suggest(%.20q, %.60q) = %q, want %q", c.name, c.among, got, c.want)
		}
	}
}
