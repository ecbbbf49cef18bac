package doctor

import (
	"testing"

	"github.com/rlsctl/rlsctl/policies"
)

func TestServer(t *testing.T) {
	t.Parallel()
	for version, want := range map[int]policies.Code{
		150008: CodeUnsafeServer, 150009: CodeOutdated, 150017: CodeOutdated, 150018: "",
		160004: CodeUnsafeServer, 160005: CodeOutdated, 160014: "",
		170000: CodeUnsafeServer, 170001: CodeOutdated, 170010: "",
		180003: CodeOutdated, 180004: "", 190000: "",
	} {
		got := policies.Code("")
		for _, f := range server(version) {
			got = f.Code
			if (f.Level == policies.Error) != (f.Code == CodeUnsafeServer) {
				t.Errorf("%d is %s", version, f.Level)
			}
		}
		if got != want {
			t.Errorf("%d: %q, want %q", version, got, want)
		}
	}
}
