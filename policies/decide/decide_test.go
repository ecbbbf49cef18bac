package decide_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rlsctl/rlsctl/policies/decide"
	"github.com/rlsctl/rlsctl/policies/parse"
)

var update = flag.Bool("update", false, "write want.txt; read it before you keep it")

// TestModel compares what models mean with the words that somebody has read: the models of the compiler's cases.
func TestModel(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../compile/testdata/*/rls.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, f := range files {
		name := filepath.Base(filepath.Dir(f))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			m, diags := parse.Model("rls.yaml", text)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			var b strings.Builder
			for _, d := range decide.Model(m) {
				b.WriteString(d.String() + "\n")
			}
			golden := filepath.Join("testdata", name+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if b.String() != string(want) {
				t.Errorf("%s differs from what the model means:\n%s", golden, b.String())
			}
		})
	}
}
