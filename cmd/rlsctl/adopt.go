package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/internal/logins"
)

func newGatewayAdoptCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "adopt LOGIN (--users | --anonymous | --service NAME ...) [--yes (--key-file PATH | --key-to COMMAND | --unsigned)] [flags]",
		Short: "Make a gateway of a login that owns tables or holds privileges",
		Long: `Splits the login of an application into three. A client role, which nobody logs in as, gets its privileges; an owner, which
nobody logs in as either, gets its tables and whatever else it owns; the login keeps neither, and becomes a gateway. What
the application may do after entering is exactly what it could do before: this is compared in the same transaction, and
anything that came or went undoes it all. Ownership and grant options go to the owner alone.

Prints what it would do as SQL for psql; with --yes does it, in one transaction. Then name the roles in rls.yaml, and apply
it. rlsctl gateway release, or rlsctl uninstall, puts everything back.` + exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl gateway adopt web --users --anonymous > adopt.sql
  rlsctl gateway adopt web --users --anonymous --yes --key-file /etc/notes/web.keys
  rlsctl gateway adopt web --users --owner migrator --public revoke --yes --key-file web.keys`,
		Args: exactArgs("LOGIN"),
	}
	g := &logins.Adoption{}
	fill, key := a.gatewayFlags(cmd, &g.Gateway)
	cmd.Flags().StringVar(&g.Owner, "owner", "", "the `ROLE` that gets what the login owns; made as LOGIN_owner if left out")
	cmd.Flags().StringArrayVar(&g.Leave, "leave", nil, "a `ROLE` that the login leaves; its client role gets the privileges that it had through it; repeat it")
	public := &format{known: []string{logins.PublicRevoke, logins.PublicKeep}}
	cmd.Flags().Var(public, "public", "what becomes of table privileges that everybody has: a `WORD` of revoke or keep")
	cmd.Flags().BoolVar(&g.Elsewhere, "other-databases", false, "go on although the login has something in other databases")
	yes := cmd.Flags().Bool("yes", false, "do it, rather than print it")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		g.Public = public.value
		if err := fill(cmd.Context(), args[0]); err != nil {
			return err
		}
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			if !*yes {
				p, err := logins.AdoptScript(cmd.Context(), conn, *g)
				if err != nil {
					return refused(err)
				}
				if _, err := io.WriteString(a.Out, p.Script); err != nil {
					return err
				}
				a.adopted(p, g)
				a.note("nothing was changed; run this with psql, or add --yes and a place for the key")
				if !g.Unsigned {
					a.note("after psql: rlsctl key rotate %s --key-file PATH makes the first key", shellWord(g.Login))
				}
				return nil
			}
			stop := a.progress("adopting " + g.Login)
			done, err := logins.Adopt(cmd.Context(), conn, *g)
			stop()
			if err != nil {
				return refused(err)
			}
			fmt.Fprintf(a.Out, "%s is a gateway, through client role %s\n", done.Login, done.ClientRole)
			if done.Owner != "" {
				fmt.Fprintf(a.Out, "what it owned is %s's\n", done.Owner)
			}
			a.adopted(done, g)
			if done.Key != "" {
				a.note("key %s is in %s", done.Key, key.place())
			}
			if g.Unsigned {
				a.warnUnsigned(g.Login)
			}
			return nil
		})
	}
	return cmd
}

// adopted tells what goes with an adoption.
func (a *app) adopted(p logins.Adopted, g *logins.Adoption) {
	for _, n := range p.Notes {
		a.note("%s", n)
	}
	a.note("rls.yaml has to name the roles, beside those that it names already; then rlsctl apply\n%s", strings.TrimSuffix(p.ModelLines(), "\n"))
}

// gatewayFlags are what gateway add and gateway adopt share: what tokens may claim, and where the key goes. The function
// that it returns fills in the rest of g.
func (a *app) gatewayFlags(cmd *cobra.Command, g *logins.Gateway) (fill func(ctx context.Context, login string) error, key *keyPlace) {
	cmd.Flags().StringVar(&g.ClientRole, "client-role", "", "the client `ROLE` that it takes")
	cmd.Flags().BoolVar(&g.Users, "users", false, "tokens may claim users")
	cmd.Flags().BoolVar(&g.Anonymous, "anonymous", false, "tokens may claim anonymous")
	cmd.Flags().StringArrayVar(&g.Services, "service", nil, "tokens may claim this `SERVICE`; repeat it")
	cmd.Flags().StringArrayVar(&g.Tenants, "tenant", nil, "tokens may claim this `TENANT` and no others; repeat it")
	cmd.Flags().BoolVar(&g.Unsigned, "unsigned", false, "believe tokens without a signature: for development alone")
	cmd.Flags().DurationVar(&g.MaxTransaction, "max-transaction", 15*time.Minute, "how `LONG` an entered transaction keeps its principal")
	onNobody := &format{value: "error", known: []string{"error", "empty"}}
	cmd.Flags().Var(onNobody, "on-nobody", "what a statement of nobody gets: an `ANSWER` of error or empty")
	key = keyFlags(cmd)
	return func(ctx context.Context, login string) (err error) {
		g.Login, g.EmptyForNobody = login, onNobody.value == "empty"
		if g.MaxTransaction <= 0 {
			return usagef("--max-transaction must be longer than nothing").hint("Write a time such as 15m.")
		}
		g.Key, err = a.sink(ctx, key, false)
		return err
	}, key
}

func newGatewayReleaseCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "release LOGIN [--yes]",
		Short: "Give an adopted login back what it had",
		Long: `Undoes rlsctl gateway adopt: owners, privileges, memberships and options of the login become what they were, roles that
adoption made are dropped, and the login is no gateway any more. What the owner has got since then becomes the login's.

Prints what it would do as SQL for psql; with --yes does it, in one transaction. Refused while the applied model names the
roles: rlsctl uninstall takes it away, and releases every adopted login.` + exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl gateway release web
  rlsctl gateway release web --yes`,
		Args: exactArgs("LOGIN"),
	}
	yes := cmd.Flags().Bool("yes", false, "do it, rather than print it")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			if *yes {
				return a.release(cmd.Context(), conn, args[0], false)
			}
			r, err := logins.ReleaseScript(cmd.Context(), conn, args[0])
			if err != nil {
				return refused(err)
			}
			_, err = io.WriteString(a.Out, r.Script)
			a.note("nothing was changed; run this with psql, or add --yes")
			return err
		})
	}
	return cmd
}

// release releases an adopted login. Quiet, nothing of it goes to the standard output.
func (a *app) release(ctx context.Context, conn *pgx.Conn, login string, quiet bool) error {
	stop := a.progress("releasing " + login)
	r, err := logins.Release(ctx, conn, login)
	stop()
	if err != nil {
		return refused(err)
	}
	if !quiet {
		fmt.Fprintf(a.Out, "%s is no gateway any more, and has what it had\n", login)
	}
	for _, role := range r.Dropped {
		a.note("dropped database role %s", role)
	}
	if r.Skipped > 0 {
		a.note("%s of what adoption changed is gone since then", count(r.Skipped, "part"))
	}
	return nil
}
