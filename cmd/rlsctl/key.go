package main

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/internal/logins"
)

func newKeyCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key rotate|retire|list|reseal",
		Short: "The keys that a gateway's tokens are signed with",
		Long: `Two keys of a gateway are valid at once, so that they change without a pause: rotate, wait until every process of the
application signs with the new key, retire the old one. Keys are written once, and never shown.` + exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl key rotate web --key-file /etc/notes/web.keys
  rlsctl key list web
  rlsctl key retire web k-1a2b3c4d`,
	}
	cmd.AddCommand(newKeyRotateCommand(a), newKeyRetireCommand(a), newKeyListCommand(a), newKeyResealCommand(a))
	return cmd
}

func newKeyRotateCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "rotate GATEWAY (--key-file PATH | --key-to COMMAND)",
		Short: "Give a gateway a new key beside its old one",
		Long: `Draws a new key. It is appended to the file, which need not exist, or handed to a command on its standard input as one
line KID:HEX. If anything fails the key is neither valid nor kept. It refuses while two keys are valid.` + exitCodes(exitUsage, exitRefused),
		Example: "  rlsctl key rotate web --key-file /etc/notes/web.keys",
		Args:    exactArgs("GATEWAY"),
	}
	key := keyFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		sink, err := a.sink(cmd.Context(), key, true)
		if err != nil {
			return err
		}
		if sink == nil {
			return usagef("there is no place for the key").hint("Add --key-file PATH or --key-to COMMAND.")
		}
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			r, err := logins.RotateKey(cmd.Context(), conn, args[0], sink)
			if err != nil {
				return refused(err)
			}
			fmt.Fprintf(a.Out, "%s\n", r.Key)
			a.note("key %s is in %s", r.Key, key.place())
			if r.Signed {
				a.note("gateway %s was unsigned, and is a signed one from now on", args[0])
			}
			return nil
		})
	}
	return cmd
}

func newKeyRetireCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "retire GATEWAY KEYID",
		Short:   "Make a key invalid",
		Long:    "Makes a key invalid at once: tokens that it signed are refused from the next transaction on." + exitCodes(exitUsage, exitRefused),
		Example: "  rlsctl key retire web k-1a2b3c4d",
		Args:    exactArgs("GATEWAY", "KEYID"),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			left, err := logins.RetireKey(cmd.Context(), conn, args[0], args[1])
			if err != nil {
				return refused(err)
			}
			fmt.Fprintf(a.Out, "key %s of %s is retired\n", args[1], args[0])
			if left == 0 {
				a.note("gateway %s has no key left: nobody can enter through it", args[0])
			}
			return nil
		})
	}
	return cmd
}

func newKeyListCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list GATEWAY",
		Short:   "List the ids and dates of the valid keys",
		Long:    "Lists ids and dates of the valid keys of a gateway, the newest last. Keys themselves are never shown." + exitCodes(exitUsage, exitRefused),
		Example: "  rlsctl key list web -o json",
		Args:    exactArgs("GATEWAY"),
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			list, err := logins.Keys(cmd.Context(), conn, args[0])
			if err != nil {
				return refused(err)
			}
			if format.value == "json" {
				if list == nil {
					list = []logins.Key{}
				}
				return a.json(list)
			}
			if len(list) == 0 {
				fmt.Fprintln(a.Out, "no keys")
				return nil
			}
			rows := [][]string{{"key", "since"}}
			for _, k := range list {
				rows = append(rows, []string{k.ID, k.Created.UTC().Format(time.RFC3339)})
			}
			a.columns(rows)
			return nil
		})
	}
	return cmd
}

func newKeyResealCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reseal",
		Short: "Make a copy of a database one of its own",
		Long: `Draws the seal of this database anew and forgets the keys of all gateways: from the next statement on it believes no token
of the database that it was copied from. A dump holds neither seal nor keys, so that this is for other copies: made by
CREATE DATABASE … TEMPLATE, by pg_basebackup or from a snapshot. Then give each gateway a key with rlsctl key rotate.` + exitCodes(exitUsage, exitRefused),
		Example: "  rlsctl key reseal --database-url postgres://postgres@localhost/staging",
		Args:    exactArgs(),
	}
	yes := cmd.Flags().Bool("yes", false, "do not ask")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			if !*yes {
				ok, err := a.confirm(cmd.Context(), "Forget the keys of all gateways of this database?")
				if err != nil {
					return err
				}
				if !ok {
					return failf(exitRefused, "not confirmed; nothing was changed")
				}
			}
			gateways, err := logins.Reseal(cmd.Context(), conn)
			if err != nil {
				return refused(err)
			}
			fmt.Fprintln(a.Out, "the seal is a new one, and no gateway has a key")
			for _, g := range gateways {
				a.note("next: rlsctl key rotate %s --key-file PATH", shellWord(g))
			}
			return nil
		})
	}
	return cmd
}
