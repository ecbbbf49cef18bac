package pipeline_test

import (
	"fmt"

	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// A model is read without a database; every mistake comes with its place and with what to do.
func ExampleParse() {
	_, diags := pipeline.Parse("rls.yaml", []byte(`version: 1
database: {client_roles: [app_rw]}
users: {table: hr.employees, key: employee_id, seees: {supervisor: reports_to}}
resources:
  note: {table: public.note, owner: created_by_id, write_scope: everywhere}
`))
	for _, d := range diags {
		fmt.Println(d)
		fmt.Println("  hint:", d.Hint)
	}
	// Output:
	// rls.yaml:3:48: unknown key "seees" in "users" (RL104)
	//   hint: did you mean "sees"?
	// rls.yaml:5:65: "write_scope" cannot be "everywhere" (RL111)
	//   hint: write "visible", "hierarchy" or "self"
}
