package main

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/internal/directory"
	"github.com/rlsctl/rlsctl/policies"
)

func newGrantCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "grant ACTION[,ACTION...] RESOURCE TO [--from TIME] [--until TIME]",
		Short: "Grant an action on a resource",
		Long: `Grants actions on a resource; '*' stands for all that it declares. TO is user:LOGIN or the login alone, group:NAME,
service:NAME, authenticated or everyone. --from is included, --until is not. A time is 2026-01-31, 2026-01-31 18:00 or
2026-01-31T18:00:00+01:00; without an offset it is meant in the time zone of the model.

Granting again what is granted changes nothing. What the model had seeded is from then on granted by hand: apply does not
revoke it when the model gives it up. A maintenance connection is needed.` + exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl grant read note anna@example.com
  rlsctl grant read,update note group:sales --until 2030-01-01
  rlsctl grant '*' note user:anna@example.com`,
		Args:              exactArgs("ACTION", "RESOURCE", "TO"),
		ValidArgsFunction: a.completeGrant,
	}
	var w directory.Window
	windowFlags(cmd, &w)
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		to, err := directory.Grantee(args[2])
		if err != nil {
			return wrongWord(err)
		}
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			list, err := directory.GrantActions(cmd.Context(), conn, to, strings.Split(args[0], ","), args[1], w)
			if err != nil {
				return refused(err)
			}
			if format.value == "json" {
				return a.json(list)
			}
			for _, g := range list {
				fmt.Fprintf(a.Out, "%s: %s on %s to %s\n", map[string]string{
					"granted": "granted", "held": "granted already", "kept": "granted by hand as well as by the model",
				}[g.Result], g.Action, args[1], args[2])
			}
			if to.Kind == policies.GranteeService {
				a.note("a service sees nobody: a grant admits it to no row but new ones of resources with owner_check any; write \"allow\" in the model")
			}
			return nil
		})
	}
	return cmd
}

// wrongWord gives a refusal of a word of the command line its exit code.
func wrongWord(err error) error {
	if e, ok := refused(err).(*exitError); ok {
		e.code = exitUsage
		return e
	}
	return err
}

// completeGrant completes as rlsctl can does, a word later.
func (a *app) completeGrant(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	return a.completeCan(cmd, append([]string{""}, args...), word)
}

// window says in words when a grant counts, where that is not always.
func window(g directory.Grant) string {
	const layout = "2006-01-02 15:04:05Z"
	var out string
	if g.From != nil {
		out += " from " + g.From.UTC().Format(layout)
	}
	if g.Until != nil {
		out += " until " + g.Until.UTC().Format(layout)
	}
	if !g.Open {
		out += " (not now)"
	}
	return out
}
