package logins

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
)

// Forms are those of policies, each TO a role of the kernel: rls_any and so on. Whoever logs in as a person takes no plan
// role, and so is a member of one of them.
var Forms = []string{"any", "narrow", "middle", "wide", "all"}

// PlanAuto stands for the form that entering would pick for the user now.
const PlanAuto = "auto"

// anyForm is the one that serves everybody.
const anyForm = "any"

// allForm is the one for superusers.
const allForm = "all"

// FormRole names the kernel's role of a form.
func FormRole(form string) string { return "rls_" + form }

// FormRoles names the kernel's roles of all forms.
func FormRoles() []string {
	var out []string
	for _, f := range Forms {
		out = append(out, FormRole(f))
	}
	return out
}

// Fails reports whether every statement of a user fails in a form: one serves everybody, one superusers, and the rest all others.
func Fails(form string, superuser bool) bool {
	return form != anyForm && (form == allForm) != superuser
}

// form returns the form that is asked for, for the user with that key. As rls_owner.
func (c *change) form(ctx context.Context, asked, user, key, client string, superuser bool) (string, error) {
	if asked == "" {
		asked = anyForm
	}
	if asked != PlanAuto && !slices.Contains(Forms, asked) {
		known := append(slices.Clone(Forms), PlanAuto)
		hint := "Name one of: " + strings.Join(known, ", ") + "."
		if near := policies.Suggest(asked, known); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return "", refuse(hint, "%q is no form of policies", asked)
	}
	// A model of one form has no plan roles, and no policy TO another form than that one.
	var several bool
	if err := c.tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM rls.plan_role AS p WHERE p.client_role = $1)", client).Scan(&several); err != nil {
		return "", err
	}
	switch {
	case asked == PlanAuto && !several:
		return anyForm, nil
	case asked == PlanAuto:
		var form string
		err := c.tx.QueryRow(ctx, "SELECT p.form FROM rls.prepare('user', $1) AS p", key).Scan(&form)
		return form, err
	case asked != anyForm && !several:
		return "", refuse("Leave out --plan, or apply a model with plans: by_viewer.", "the model has one form of policies, and %q is not it", asked)
	case superuser && Fails(asked, superuser):
		return "", refuse("Use any, all or auto.", "user %q is a superuser, for whom policies of form %q raise 40001", user, asked)
	case Fails(asked, superuser):
		return "", refuse("Use any, narrow, middle, wide or auto.", "user %q is no superuser, and policies of form %q raise 40001 for everybody else", user, asked)
	}
	return asked, nil
}

// formsOf returns the forms that a database role is a direct member of, in their order.
func (c *change) formsOf(ctx context.Context, name string) ([]string, error) {
	rows, _ := c.tx.Query(ctx, `SELECT f.name FROM unnest($2::text[]) WITH ORDINALITY AS f(name, place)
		WHERE EXISTS (
			SELECT FROM pg_auth_members AS m
			JOIN pg_roles AS r ON r.oid = m.roleid AND r.rolname = 'rls_' || f.name
			JOIN pg_roles AS u ON u.oid = m.member AND u.rolname = $1
			WHERE coalesce((to_jsonb(m) ->> 'set_option')::boolean OR (to_jsonb(m) ->> 'inherit_option')::boolean, true))
		ORDER BY f.place`, name, Forms)
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// filter makes a database role a member of a form, and reports what it gave. With two forms every statement would ask
// the policies of both.
func (c *change) filter(ctx context.Context, name, form string) ([]membership, error) {
	have, err := c.formsOf(ctx, name)
	if err != nil {
		return nil, err
	}
	for _, f := range have {
		if f != form {
			return nil, refuse(fmt.Sprintf("Run REVOKE %s FROM %s, or use --plan %s.", FormRole(f), policies.Ident(name), f),
				"database role %q is a member of %s already, and one form of policies is enough", name, FormRole(f))
		}
	}
	return c.join(ctx, name, FormRole(form), true)
}

// Planned says what a change of the plan did.
type Planned struct {
	Login, User string
	Plan        string   // form of the policies that apply now
	Before      []string // forms that applied before
}

// Plan changes the form of the policies that apply to a person's login. It returns *Refusal where that must not be.
func Plan(ctx context.Context, conn *pgx.Conn, name, plan string) (Planned, error) {
	p := Planned{Login: name}
	err := inTx(ctx, conn, func(c *change) error {
		var g given
		err := c.owner(ctx, func() error {
			var kind, key, client string
			var doc []byte
			err := c.tx.QueryRow(ctx, "SELECT l.kind, coalesce(l.principal, ''), l.client_role, l.given::text FROM rls.login AS l WHERE l.name = $1", name).
				Scan(&kind, &key, &client, &doc)
			switch {
			case errors.Is(err, pgx.ErrNoRows):
				return c.unknown(ctx, name, KindPerson)
			case err != nil:
				return err
			case kind == KindGateway:
				return refuse("Leave it: entering picks the form for each principal.", "%q is a gateway", name)
			case kind != KindPerson:
				return refuse("Name the login of a person.", "%q is %s, whose roles have policies of form %q", name, article(kind), anyForm)
			case !c.model:
				return refuse("Run rlsctl apply first.", "no model is applied to this database, so nobody can be looked up")
			}
			if err := json.Unmarshal(doc, &g); err != nil {
				return fmt.Errorf("read what login %q was given: %w", name, err)
			}
			var superuser bool
			err = c.tx.QueryRow(ctx, "SELECT coalesce(u.login, $1), u.is_superuser FROM rls.user_row AS u WHERE u.id::text = $1", key).Scan(&p.User, &superuser)
			if errors.Is(err, pgx.ErrNoRows) {
				return refuse(fmt.Sprintf("Run rlsctl login remove %s.", name), "login %q stands for user %q, who does not exist", name, key)
			}
			if err != nil {
				return err
			}
			p.Plan, err = c.form(ctx, plan, p.User, key, client, superuser)
			return err
		})
		if err != nil {
			return err
		}
		have, err := c.role(ctx, name)
		if err != nil {
			return err
		}
		if have == nil {
			return refuse(fmt.Sprintf("Run rlsctl login remove %s.", name), "the database role of login %q does not exist", name)
		}
		if p.Before, err = c.formsOf(ctx, name); err != nil {
			return err
		}
		for _, f := range p.Before {
			if f == p.Plan {
				continue
			}
			old := membership{name, FormRole(f)}
			if err := c.leave(ctx, old); err != nil {
				return err
			}
			g.Memberships = slices.DeleteFunc(g.Memberships, func(m membership) bool { return m == old })
		}
		joined, err := c.filter(ctx, name, p.Plan)
		if err != nil {
			return err
		}
		g.Memberships = append(g.Memberships, joined...)
		return c.owner(ctx, func() error { return c.note(ctx, "note the plan", name, g) })
	})
	return p, err
}
