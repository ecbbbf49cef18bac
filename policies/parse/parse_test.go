package parse_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
	"go.yaml.in/yaml/v3"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/parse"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// golden compares with a file, or writes it.
func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(read(t, path)), got); diff != "" {
		t.Errorf("(-%s +got)\n%s", path, diff)
	}
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	return found
}

func render(diags policies.Diagnostics) string {
	var b strings.Builder
	for _, d := range diags {
		b.WriteString(d.String() + "\n  hint: " + d.Hint + "\n")
	}
	return b.String()
}

func TestModel_invalid(t *testing.T) {
	t.Parallel()
	for _, path := range files(t, "testdata/invalid/*.yaml") {
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, diags := parse.Model(name+".yaml", read(t, path))
			if m == nil || !diags.HasErrors() {
				t.Fatalf("model %v without errors", m)
			}
			for _, d := range diags {
				if d.Pos.Line < 1 || d.Pos.Column < 1 || d.Hint == "" || d.Message == "" || !strings.HasPrefix(string(d.Code), "RL1") {
					t.Errorf("incomplete: %+v", d)
				}
			}
			golden(t, strings.TrimSuffix(path, ".yaml")+".txt", render(diags))
		})
	}
}

func TestModel_valid(t *testing.T) {
	t.Parallel()
	for _, path := range files(t, "testdata/valid/*.yaml") {
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, diags := parse.Model(name+".yaml", read(t, path))
			if len(diags) > 0 {
				t.Fatal(render(diags))
			}
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			e.SetIndent("", " ")
			if err := e.Encode(m); err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(path, ".yaml")+".json", b.String())
		})
	}
}

func TestModel_too_large(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]string{
		"bytes": strings.Repeat("#", parse.MaxBytes+1),
		"depth": "open: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000),
		"nodes": "open: [" + strings.Repeat("a,", parse.MaxNodes) + "]",
		"stack": strings.Repeat("[", 200000),
		"keys":  strings.Repeat("? ", 9000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, diags := parse.Model("f", []byte(data))
			if m == nil || len(diags) != 1 {
				t.Errorf("%d diagnostics: %s", len(diags), render(diags))
			}
		})
	}
}

// A section of the wrong type must not hide the sections behind it.
func TestModel_reports_all_at_once(t *testing.T) {
	t.Parallel()
	_, diags := parse.Model("f", read(t, "testdata/invalid/wrong_types.yaml"))
	if len(diags) != 6 {
		t.Errorf("%d diagnostics, want 6:\n%s", len(diags), render(diags))
	}
}

func TestSchema_is_on_disk(t *testing.T) {
	t.Parallel()
	golden(t, "../schema.json", string(parse.Schema()))
}

// validator returns what an editor would say of a model.
func validator(t *testing.T) func(data []byte) error {
	t.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal(parse.Schema(), &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return func(data []byte) error {
		var v any
		if err := yaml.Unmarshal(data, &v); err != nil {
			return err
		}
		doc, err := json.Marshal(v)
		if err != nil {
			return err
		}
		v = nil
		if err := json.Unmarshal(doc, &v); err != nil {
			return err
		}
		return resolved.Validate(v)
	}
}

func TestSchema_accepts_valid_models(t *testing.T) {
	t.Parallel()
	validate := validator(t)
	for _, path := range files(t, "testdata/valid/*.yaml") {
		// An editor sees a time without quotes as text; the YAML library of this test does not.
		data := strings.NewReplacer("from: 2026-01-01T00:00:00+01:00", `from: "2026-01-01T00:00:00+01:00"`,
			"from: 2026-01-01,", `from: "2026-01-01",`, "until: 2027-01-01", `until: "2027-01-01"`).Replace(string(read(t, path)))
		if err := validate([]byte(data)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestSchema_refuses(t *testing.T) {
	t.Parallel()
	validate := validator(t)
	for _, name := range []string{
		"unknown_key", "version_missing", "version_other", "version_text", "wrong_types", "wrong_scalars", "missing_keys",
		"unsupported_keys", "values", "schemas", "resource_names", "allow", "grantees",
	} {
		if validate(read(t, "testdata/invalid/"+name+".yaml")) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func FuzzModel(f *testing.F) {
	for _, pattern := range []string{"testdata/valid/*.yaml", "testdata/invalid/*.yaml"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range found {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	active("a IS NULL") // start the parser of SQL: the engine takes ten seconds for one input as a hang
	f.Fuzz(func(t *testing.T, data []byte) {
		m, diags := parse.Model("f", data)
		if m == nil {
			t.Fatal("no model")
		}
		for _, d := range diags {
			if d.Pos.Line < 1 || d.Pos.Column < 1 || d.Hint == "" {
				t.Fatalf("incomplete: %+v", d)
			}
		}
	})
}
