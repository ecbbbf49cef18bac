package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/internal/leave"
	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/migrations"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
)

func newUninstallCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "uninstall [--all]",
		Short: "Take away everything that apply made, or all of the toolkit",
		Long: `Takes away every policy, function, view, trigger and privilege that apply made, and puts back what was there before:
afterwards every row is open to whoever holds table privileges. Like every plan it is shown first, and its hazards,
DISABLES_RLS among them, have to be named with --allow. Logins that rlsctl gateway adopt has made gateways get back what
they had. The kernel and the other logins stay.

With --all the registered logins go too, the kernel with its grants and the record of its migrations, and the database
roles of the toolkit that no other database of the cluster uses: in one transaction, after which the catalog is what it was
before the toolkit came. Database roles that registering a login made are dropped, others stay. Connected as a database
superuser, privileges are written as they were to the letter; for another login they mean the same, and may be spelled out
where they were left out.` + exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl uninstall --allow DISABLES_RLS,WIDENS_ACCESS
  rlsctl uninstall --yes --allow DISABLES_RLS,WIDENS_ACCESS
  rlsctl uninstall --all --allow DISABLES_RLS,WIDENS_ACCESS,DELETES_DATA`,
		Args: exactArgs(),
	}
	o := a.changeFlags(cmd)
	all := cmd.Flags().Bool("all", false, "leave: logins, kernel and database roles go too")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			if *all {
				return a.leave(cmd.Context(), conn, o)
			}
			adopted, err := logins.AdoptedLogins(cmd.Context(), conn)
			var none *logins.Refusal
			if err != nil && !errors.As(err, &none) { // the kernel is not there: the plan says so
				return err
			}
			question := "Take all row-level security of the toolkit away?"
			release := "Give " + strings.Join(adopted, ", ") + " back what adoption took?"
			if len(adopted) > 0 {
				question += " " + release
			}
			done, err := a.change(cmd.Context(), conn, nil, o, question)
			if err != nil {
				return err
			}
			if !done && !o.yes && len(adopted) > 0 { // nothing was asked
				ok, err := a.confirm(cmd.Context(), release)
				if err != nil {
					return err
				}
				if !ok {
					return failf(exitRefused, "not confirmed; nothing was changed")
				}
			}
			for _, login := range adopted {
				if err := a.release(cmd.Context(), conn, login, o.format.value == "json"); err != nil {
					return fmt.Errorf("row-level security is gone, but %q is still a gateway: %w", login, err)
				}
			}
			if done {
				fmt.Fprintln(a.Err, "The kernel and the logins stay. Remove them with `rlsctl uninstall --all`.")
			}
			return nil
		})
	}
	return cmd
}

// left is the result of leaving as JSON.
type left struct {
	Applied bool              `json:"applied"`
	Hazards []policies.Hazard `json:"hazards"`
	Plan    leave.Plan        `json:"plan"`
	Stay    []string          `json:"stay"` // database roles of the toolkit that are still there
	Errors  []failure         `json:"errors,omitempty"`
}

// leave plans, shows the plan, asks, and takes the toolkit out. In JSON the result is printed at the end, whatever that is.
func (a *app) leave(ctx context.Context, conn *pgx.Conn, o *changeOptions) error {
	if o.lockTimeout <= 0 {
		return usagef("--lock-timeout must be at least 1ms")
	}
	done := a.progress("planning")
	p, err := leave.Look(ctx, conn)
	done()
	if err != nil {
		return noKernel(refused(err))
	}
	result := left{Plan: p, Hazards: p.Hazards(), Stay: []string{}}
	err = a.carryOutLeaving(ctx, conn, p, o, &result)
	if o.format.value == "json" {
		if err != nil {
			result.Errors = a.failures(err)
		}
		err = errors.Join(err, a.json(result))
	}
	return err
}

func (a *app) carryOutLeaving(ctx context.Context, conn *pgx.Conn, p leave.Plan, o *changeOptions, result *left) error {
	text := o.format.value == "text"
	if text {
		a.leavingText(a.Out, p)
	} else if !o.yes {
		a.leavingText(a.Err, p)
	}
	var missing hazards = slices.DeleteFunc(p.Hazards(), func(h policies.Hazard) bool {
		return h == policies.NarrowsAccess || slices.Contains(o.allow, h)
	})
	if len(missing) > 0 {
		return failf(exitRefused, "%w: %s; nothing was changed", apply.ErrHazard, &missing).
			hint("Read the plan, and add --allow %s if that is what you want.", &missing)
	}
	if !o.yes {
		ok, err := a.confirm(ctx, "Take all of the toolkit out of this database?")
		if err != nil {
			return err
		}
		if !ok {
			return failf(exitRefused, "not confirmed; nothing was changed")
		}
	}
	stop := a.progress("leaving")
	stay, err := leave.Run(ctx, conn, p, apply.Options{Allow: o.allow, LockTimeout: o.lockTimeout})
	stop()
	if err != nil {
		if r := refused(refusedByKernel(err)); r != err {
			return r
		}
		return refusal(ctx, err, 0, 0)
	}
	result.Applied, result.Stay = true, append(result.Stay, stay...)
	if text {
		fmt.Fprintln(a.Out, "done: this database is without the toolkit")
	}
	if len(stay) > 0 {
		a.note("database roles that another database of the cluster uses stay: %s", strings.Join(stay, ", "))
	}
	return nil
}

// leavingText shows what leaving does, for people.
func (a *app) leavingText(w io.Writer, p leave.Plan) {
	line := func(h policies.Hazard, format string, args ...any) {
		mark := ""
		if h != "" {
			mark = "  " + a.paint(w, hazardColour(h), string(h))
		}
		fmt.Fprintf(w, "  %s %s%s\n", a.paint(w, red, "-"), fmt.Sprintf(format, args...), mark)
	}
	heading := func(s string) { fmt.Fprintln(w, a.paint(w, bold, s)) }
	a.planText(w, steppedPlan{Plan: p.Policies})
	fmt.Fprintln(w)
	if len(p.Logins) > 0 {
		heading("logins")
		for _, l := range p.Logins {
			what := fmt.Sprintf("%s %s", l.Kind, policies.Ident(l.Name))
			if l.Adopted {
				what += ", which gets back what adoption took"
			} else if l.Drop {
				what += ", with its database role"
			} else {
				what += " (" + l.Because + ")"
			}
			if l.Drop && len(l.Roles) > 0 {
				what += " and " + strings.Join(l.Roles, ", ")
			}
			line(policies.NarrowsAccess, "%s", what)
		}
		fmt.Fprintln(w)
	}
	heading("kernel")
	for _, t := range p.Data {
		line(policies.DeletesData, "%s of %s", count(int(t.Rows), "row"), t.Name)
	}
	line("", "schema rls")
	line("", "table %s", migrations.QualifiedTable)
	for _, r := range p.Roles {
		if r.Drop {
			line("", "database role %s", r.Name)
		} else {
			fmt.Fprintf(w, "    database role %s stays: another database of the cluster uses it\n", r.Name)
		}
	}
	fmt.Fprintln(w)
}
