package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/policies"
)

func newGatewayCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "gateway add|adopt|confirm|release|list|remove",
		Short: "Applications behind a shared login, which say who asks with a signed token",
		Long: `A gateway is the shared login of an application. It holds no privilege of its own: each transaction presents a token, and
takes the client role and the principal from it. Keys that sign tokens are rotated with rlsctl key.` + exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl gateway add web --users --anonymous --key-file /etc/notes/web.keys
  rlsctl gateway list`,
	}
	cmd.AddCommand(newGatewayAddCommand(a), newGatewayAdoptCommand(a), newGatewayConfirmCommand(a), newGatewayReleaseCommand(a), newGatewayListCommand(a), newGatewayRemoveCommand(a))
	return cmd
}

func newGatewayAddCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add NAME (--users | --anonymous | --service NAME ...) (--key-file PATH | --key-to COMMAND | --unsigned) [flags]",
		Short: "Register a database login as a gateway, and draw its first key",
		Long: `Registers the database login NAME as a gateway and creates it where it is missing, in one transaction. The first key is
written to a new file of mode 0600, or handed to a command on its standard input as one line KID:HEX; it is never shown. If
anything fails there is neither a gateway nor a key.

What tokens may claim has to be said: --users, --anonymous, --service. With --tenant only those tenants may be claimed.` +
			exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl gateway add web --users --anonymous --key-file /etc/notes/web.keys
  rlsctl gateway add worker --service jobs --key-to 'vault kv put secret/worker keys=-'`,
		Args: exactArgs("NAME"),
	}
	g := logins.Gateway{}
	fill, key := a.gatewayFlags(cmd, &g)
	password := passwordFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if err := fill(cmd.Context(), args[0]); err != nil {
			return err
		}
		if g.Password, err = a.password(password); err != nil {
			return err
		}
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			added, err := logins.AddGateway(cmd.Context(), conn, g)
			if err != nil {
				return refused(err)
			}
			fmt.Fprintf(a.Out, "%s is a gateway for %s, through client role %s\n", printable(g.Login), printable(claims(g.Users, g.Anonymous, g.Services)), printable(added.ClientRole))
			if added.Created {
				a.note("created database role %s", added.Login)
			}
			a.warnShown(added.Shown, g.Login)
			for _, s := range added.Unnamed {
				a.note("the model does not name service %s yet: its tokens are refused until it does", printable(s))
			}
			if added.Key != "" {
				a.note("key %s is in %s", added.Key, key.place())
			}
			if g.Unsigned {
				a.warnUnsigned(g.Login)
			}
			return nil
		})
	}
	return cmd
}

// warnShown says that connections of a gateway can read each other's statements.
func (a *app) warnShown(shown bool, name string) {
	if shown {
		a.note("each connection of %s can read the statements of the others, and tokens that a driver pastes into them: let a database superuser run ALTER ROLE %s SET track_activities = off", printable(name), policies.Ident(name))
	}
}

func newGatewayConfirmCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "confirm NAME",
		Short: "Write a gateway's limits and password down as they are now",
		Long: `Whoever can run SQL through a gateway can change its password and what its connections start with, by RESET ROLE and ALTER
ROLE. rlsctl doctor compares both with what was written down as the gateway was added, and pgsession refuses strange limits.
Run this after you have rotated the password or set a limit such as statement_timeout yourself. Run it as a database
superuser: nobody else can read of the password whether it has changed.

It also sets track_activities = off for the gateway, as adding one does, where the login that runs it may.` + exitCodes(exitUsage, exitRefused),
		Example: "  rlsctl gateway confirm web",
		Args:    exactArgs("NAME"),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			shown, err := logins.Confirm(cmd.Context(), conn, args[0])
			if err != nil {
				return refused(err)
			}
			fmt.Fprintf(a.Out, "the limits and the password of %s are confirmed\n", printable(args[0]))
			a.warnShown(shown, args[0])
			return nil
		})
	}
	return cmd
}

// warnUnsigned says loudly what an unsigned gateway is.
func (a *app) warnUnsigned(name string) {
	fmt.Fprintln(a.Err, a.paint(a.Err, red, fmt.Sprintf("WARNING: gateway %q is UNSIGNED. Whoever can connect as %s can claim to be anybody.", name, name)))
	fmt.Fprintf(a.Err, "  hint: Use it for development alone; rlsctl key rotate %s --key-file PATH makes it a signed one.\n", shellWord(name))
}

func claims(users, anonymous bool, services []string) string {
	var list []string
	if users {
		list = append(list, "users")
	}
	if anonymous {
		list = append(list, "anonymous")
	}
	for _, s := range services {
		list = append(list, "service "+s)
	}
	return strings.Join(list, ", ")
}

func newGatewayListCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the gateways, what they may claim, and their keys",
		Long:    "Lists the gateways with what their tokens may claim and the ids of their keys. Keys themselves are never shown." + exitCodes(exitUsage, exitRefused),
		Example: "  rlsctl gateway list -o json",
		Args:    exactArgs(),
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			list, err := logins.Gateways(cmd.Context(), conn)
			if err != nil {
				return refused(err)
			}
			if format.value == "json" {
				return a.json(list)
			}
			if len(list) == 0 {
				fmt.Fprintln(a.Out, "no gateways")
				return nil
			}
			rows := [][]string{{"gateway", "client role", "may claim", "tenants", "keys, newest last", "nobody gets", "at most"}}
			for _, g := range list {
				tenants, keys := "any", "none"
				if g.Tenants != nil {
					tenants = strings.Join(g.Tenants, ", ")
				}
				if len(g.Keys) > 0 {
					var ids []string
					for _, k := range g.Keys {
						ids = append(ids, k.ID)
					}
					keys = strings.Join(ids, ", ")
				}
				if !g.Signed {
					keys = "UNSIGNED"
				}
				rows = append(rows, []string{g.Name, g.ClientRole, claims(g.Users, g.Anonymous, g.Services), tenants, keys, g.OnNobody, g.MaxTransaction})
			}
			a.columns(rows)
			for _, g := range list {
				if !g.Signed {
					a.warnUnsigned(g.Name)
				}
			}
			return nil
		})
	}
	return cmd
}

func newGatewayRemoveCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "remove NAME [--drop]",
		Short: "Take a gateway out of the map, with its keys",
		Long: `Takes the gateway out of the map with its keys, and takes back exactly what adding it gave. Its tokens are worth nothing
from the next statement on. With --drop its database role goes too; that fails while it owns anything. The key file stays.` +
			exitCodes(exitUsage, exitRefused),
		Example: "  rlsctl gateway remove web --drop",
		Args:    exactArgs("NAME"),
	}
	drop := cmd.Flags().Bool("drop", false, "drop the database role too")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.removeLogin(cmd, args[0], *drop, logins.KindGateway)
	}
	return cmd
}

// keyPlace is where a new key goes.
type keyPlace struct{ file, command string }

func keyFlags(cmd *cobra.Command) *keyPlace {
	k := &keyPlace{}
	cmd.Flags().StringVar(&k.file, "key-file", "", "write the key to this `PATH`, mode 0600")
	cmd.Flags().StringVar(&k.command, "key-to", "", "hand the key to this `COMMAND` of the shell, on its standard input")
	return k
}

func (k *keyPlace) place() string {
	if k.file != "" {
		return k.file
	}
	return "the hands of the command"
}

// sink is the place for a new key, or nil where none is named.
func (a *app) sink(ctx context.Context, k *keyPlace, rotate bool) (logins.Sink, error) {
	switch {
	case k.file != "" && k.command != "":
		return nil, usagef("--key-file and --key-to exclude each other").hint("Leave one out.")
	case k.file != "":
		return logins.KeyFile{Path: a.path(k.file), Append: rotate}, nil
	case k.command != "":
		return logins.KeyCommand{Context: ctx, Command: k.command, Dir: a.Dir}, nil
	}
	return nil, nil
}
