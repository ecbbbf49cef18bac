// Package pipeline joins the verbs: it is what the command line, and whoever uses the toolkit as a library, calls.
//
//	model, diags := pipeline.Parse("rls.yaml", data)
//	result, err := pipeline.Plan(ctx, conn, model)
//	err = pipeline.Apply(ctx, conn, model, result.Plan, apply.Options{})
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/check"
	"github.com/rlsctl/rlsctl/policies/compile"
	"github.com/rlsctl/rlsctl/policies/diff"
	"github.com/rlsctl/rlsctl/policies/inspect"
	"github.com/rlsctl/rlsctl/policies/parse"
)

// ErrNoKernel is returned where the kernel is not installed in the database.
var ErrNoKernel = errors.New("the kernel is not installed in this database")

// ErrOldKernel is returned where the kernel in the database is of an older release than this program, and ErrNewKernel
// where it is of a newer one: what is compiled for one kernel may call what another does not have.
var (
	ErrOldKernel = errors.New("the kernel of this database is older than this program (RL425)")
	ErrNewKernel = errors.New("the kernel of this database is newer than this program (RL426)")
)

// fits compares the kernel of a database with the one that this program brings. What cannot be known is believed.
func fits(c *policies.Catalog) error {
	newest := inspect.NewestKernel()
	switch {
	case c.Kernel == 0:
		return ErrNoKernel
	case c.Kernel == inspect.KernelUnknown || c.Kernel == newest:
		return nil
	case c.Kernel < newest:
		return ErrOldKernel
	}
	return ErrNewKernel
}

// CodeExpression is an expression that the server does not take.
const CodeExpression policies.Code = "RL290"

// handMade are the codes of policies made by hand: they are among the notes of a plan.
var handMade = []policies.Code{check.CodePermissive, check.CodeRestrictive}

// Parse reads a model file. The model is nil only where the file cannot be read as one at all.
func Parse(file string, data []byte) (*policies.Model, policies.Diagnostics) {
	m, diags := parse.Model(file, data)
	return m, diags.Sort()
}

// Result is a model held against a database.
type Result struct {
	Diagnostics policies.Diagnostics // of check; with an error among them there is no plan
	Plan        policies.Plan
	Catalog     *policies.Catalog
	Objects     []policies.Object // what the model compiles to

	options []diff.Option
}

// Check holds m against the database that conn is connected to, and changes nothing.
func Check(ctx context.Context, conn *pgx.Conn, m *policies.Model) (policies.Diagnostics, error) {
	r, err := inspected(ctx, conn, m, nil, func(pgx.Tx, *Result) error { return nil })
	return r.Diagnostics, err
}

// CheckOffline reports what can be said about m without a connection: with a catalog that Inspect has returned names are
// looked up in it, with nil the model is judged by itself.
func CheckOffline(m *policies.Model, c *policies.Catalog) policies.Diagnostics {
	return check.Model(m, c).Sort()
}

// Inspect returns what CheckOffline needs to know of the database that conn is connected to, and changes nothing.
func Inspect(ctx context.Context, conn *pgx.Conn) (*policies.Catalog, error) {
	return inspect.Catalog(ctx, conn)
}

// Plan says what apply would do to the database that conn is connected to, and changes nothing. Policies made by hand are
// among the notes of the plan, not among the diagnostics: the database has drifted, the model is as good as before.
// It returns ErrNoKernel where the kernel is missing, ErrOldKernel and ErrNewKernel where it is another release's.
func Plan(ctx context.Context, conn *pgx.Conn, m *policies.Model, options ...diff.Option) (Result, error) {
	return inspected(ctx, conn, m, handMade, func(tx pgx.Tx, r *Result) error {
		if err := fits(r.Catalog); err != nil {
			return err
		}
		return plan(m, r, options...)
	})
}

// Uninstalled plans the removal of everything that apply put there. The kernel itself stays.
func Uninstalled(ctx context.Context, conn *pgx.Conn) (Result, error) {
	return inspected(ctx, conn, nil, nil, func(tx pgx.Tx, r *Result) error {
		if r.Catalog.Kernel == 0 {
			return ErrNoKernel
		}
		r.Plan = diff.Plan(nil, r.Catalog, nil)
		for i := range r.Plan.Changes {
			// There is no model that it could be missing from.
			r.Plan.Changes[i].Reason = strings.TrimPrefix(strings.TrimPrefix(r.Plan.Changes[i].Reason, "no longer in the model"), "; ")
		}
		return nil
	})
}

func plan(m *policies.Model, r *Result, options ...diff.Option) error {
	objects, err := compile.Model(m, r.Catalog)
	if err != nil {
		return err
	}
	keep := map[string][]string{}
	for _, res := range m.Resources {
		tables := []string{res.Table.String()}
		if t := r.Catalog.Table(res.Table.Schema, res.Table.Name); t != nil {
			for _, p := range r.Catalog.Parts(t) {
				tables = append(tables, policies.TableName{Schema: p.Schema, Name: p.Name}.String())
			}
		}
		for _, k := range res.KeepPolicies {
			for _, t := range tables {
				keep[t] = append(keep[t], k.Value)
			}
		}
	}
	r.Objects = objects
	r.options = options
	r.Plan = diff.Plan(objects, r.Catalog, keep, options...)
	r.Plan.Timezone = m.Database.Timezone.Value
	r.Plan.Effects = diff.Effects(r.Catalog, diff.Protects(r.Plan.Changes), values(m.Database.MaintenanceRoles), values(m.Database.ClientRoles))
	return nil
}

func values(list []policies.Text) []string {
	out := make([]string, len(list))
	for i, t := range list {
		out[i] = t.Value
	}
	return out
}

// inspected reads the catalog in a transaction that is rolled back, checks m against it but for the codes in without, and
// calls next if that went well.
func inspected(ctx context.Context, conn *pgx.Conn, m *policies.Model, without []policies.Code, next func(pgx.Tx, *Result) error) (Result, error) {
	var r Result
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		return r, fmt.Errorf("inspect: %w", err)
	}
	defer tx.Rollback(ctx) //nolint:errcheck // nothing is kept
	if err := r.read(ctx, tx, m, without); err != nil || r.Diagnostics.HasErrors() {
		return r, err
	}
	return r, next(tx, &r)
}

// read is inspected inside a transaction.
func (r *Result) read(ctx context.Context, tx pgx.Tx, m *policies.Model, without []policies.Code) (err error) {
	if r.Catalog, err = inspect.InTx(ctx, tx); err != nil || m == nil {
		return err
	}
	r.Diagnostics = slices.DeleteFunc(check.Model(m, r.Catalog), func(d policies.Diagnostic) bool {
		return slices.Contains(without, d.Code)
	})
	if !r.Diagnostics.HasErrors() {
		wrong, err := expressions(ctx, tx, m)
		if err != nil {
			return err
		}
		r.Diagnostics = append(r.Diagnostics, wrong...)
	}
	r.Diagnostics = r.Diagnostics.Sort()
	return nil
}

// expressions asks the server about each expression of the model: it alone knows the operators of the columns' types.
func expressions(ctx context.Context, tx pgx.Tx, m *policies.Model) (policies.Diagnostics, error) {
	var out policies.Diagnostics
	probe := func(t policies.TableName, kernel bool, list ...policies.Expression) error {
		for _, e := range list {
			if e.Compiled == "" || kernel || t.IsZero() { // left out, or a mistake that parse has reported
				continue
			}
			wrong, err := inspect.Expression(ctx, tx, t, e.Compiled)
			if err != nil {
				return err
			}
			if wrong != "" {
				out = append(out, policies.Diagnostic{Code: CodeExpression, Severity: policies.Error, File: m.File, Pos: e.Pos,
					Message: fmt.Sprintf("expression %q is not valid: %s", e.SQL, wrong), Hint: "Write one boolean SQL expression over the columns of the row."})
			}
		}
		return nil
	}
	if err := probe(m.Users.Table, m.Users.Kernel, m.Users.Active, m.Users.Superuser, m.Users.Staff); err != nil {
		return nil, err
	}
	if m.Groups.Kind != policies.GroupsNone {
		if err := probe(m.Groups.Table, m.Groups.Kind == policies.GroupsKernel, m.Groups.ShareMembersVisibility, m.Groups.ShareCreatorVisibility); err != nil {
			return nil, err
		}
	}
	return out, nil
}
