package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/internal/directory"
)

func newRevokeCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke (ACTION[,ACTION...] RESOURCE FROM | --id NUMBER)",
		Short: "Revoke what was granted",
		Long: `Revokes actions on a resource from user:LOGIN or the login alone, group:NAME, service:NAME, authenticated or everyone, in
every window, from the next statement on. --id revokes the one grant that rlsctl grants shows with that number. What a
user holds through a group or as one of everybody stays. Revoking what is not granted changes nothing; what the model had
seeded does not come back with the next apply. A maintenance connection is needed.` + exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl revoke update note anna@example.com
  rlsctl revoke '*' note group:sales
  rlsctl revoke --id 12`,
		ValidArgsFunction: a.completeGrant,
	}
	id := cmd.Flags().String("id", "", "the `NUMBER` of a grant")
	format := formatFlag(cmd, "text", "json")
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if *id != "" {
			return exactArgs()(cmd, args)
		}
		return exactArgs("ACTION", "RESOURCE", "FROM")(cmd, args)
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *id != "" {
			n, err := strconv.ParseInt(*id, 10, 64)
			if err != nil {
				return usagef("--id %q is no number", *id).hint("Take one from rlsctl grants.")
			}
			return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
				if err := directory.RevokeID(cmd.Context(), conn, n); err != nil {
					return refused(err)
				}
				if format.value == "json" {
					return a.json([]directory.Revoked{{Count: 1}})
				}
				_, err := fmt.Fprintf(a.Out, "revoked grant %d\n", n)
				return err
			})
		}
		from, err := directory.Grantee(args[2])
		if err != nil {
			return wrongWord(err)
		}
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			list, err := directory.RevokeActions(cmd.Context(), conn, from, strings.Split(args[0], ","), args[1])
			if err != nil {
				return refused(err)
			}
			if format.value == "json" {
				return a.json(list)
			}
			for _, r := range list {
				what := "revoked"
				if r.Count == 0 {
					what = "not granted"
				}
				fmt.Fprintf(a.Out, "%s: %s on %s from %s\n", what, r.Action, args[1], args[2])
				if r.Seeded > 0 {
					a.note("the model still names %s on %s; apply does not put it back", r.Action, args[1])
				}
			}
			return nil
		})
	}
	return cmd
}
