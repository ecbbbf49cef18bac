package compile_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/compile"
	"github.com/rlsctl/rlsctl/policies/decide"
)

// TestDecisions holds the policies that serve everybody to what package decide says that the model means: which columns
// admit a row, and how far each reaches.
func TestDecisions(t *testing.T) {
	t.Parallel()
	dirs, err := filepath.Glob("testdata/*")
	if err != nil || len(dirs) == 0 {
		t.Fatal("no cases", err)
	}
	compared := 0
	for _, dir := range dirs {
		m, c := load(t, dir)
		objects, err := compile.Model(m, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range decide.Model(m) {
			var using string
			for _, o := range objects {
				if o.Kind == policies.KindPolicy && o.Resource == d.Resource && strings.HasSuffix(o.Name, `."`+d.Resource+"_"+d.Action+`"`) {
					_, using, _ = strings.Cut(o.Create, "USING")
					using, _, _ = strings.Cut(using, "WITH CHECK")
				}
			}
			if using == "" { // a policy of new rows, or a named action, which has none
				continue
			}
			compared++
			branches := 0
			for _, r := range d.Admit {
				want := ""
				switch r.Kind {
				case policies.ReasonOwner:
					want = "('" + d.Action + "', '" + d.Resource + "', '" + string(r.Scope) + "'"
				case policies.ReasonGroup:
					want = "rls.admitted_groups('" + d.Action + "', '" + d.Resource + "'"
				default:
					continue
				}
				branches++
				found := false
				for line := range strings.Lines(using) {
					found = found || strings.Contains(line, policies.Ident(r.Owner.Column.Value)) && strings.Contains(line, want)
				}
				if !found {
					t.Errorf("%s: %s: nothing of %q in\n%s", dir, d, want, using)
				}
			}
			if got := strings.Count(using, "rls.admitted_"); got != branches {
				t.Errorf("%s: %s: %d branches in\n%s", dir, d, got, using)
			}
		}
	}
	if compared < 60 {
		t.Errorf("only %d policies were compared", compared)
	}
}
