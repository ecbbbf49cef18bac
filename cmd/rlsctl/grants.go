package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/internal/directory"
)

func newGrantsCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "grants [--to TO] [--resource RESOURCE]",
		Short: "List the grants, who gave each and when",
		Long: `Lists every grant with its number, its window, and where it comes from: the model, or the database login that gave it by
hand. A grant to somebody who is gone shows the key; rlsctl revoke --id takes it away.` + exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl grants --to group:sales
  rlsctl grants --resource note -o json`,
		Args: exactArgs(),
	}
	to := cmd.Flags().String("to", "", "only to this `GRANTEE`, by name: what users hold through groups is not among it")
	resource := cmd.Flags().String("resource", "", "only on this `RESOURCE`")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		whom := directory.Grant{}
		if *to != "" {
			g, err := directory.Grantee(*to)
			if err != nil {
				return wrongWord(err)
			}
			whom.Kind = string(g.Kind)
			if g.Name != "" {
				whom.Key, whom.Name = &g.Name, &g.Name
			}
		}
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			list, err := directory.Grants(cmd.Context(), conn)
			if err != nil {
				return refused(err)
			}
			list = slices.DeleteFunc(list, func(g directory.Grant) bool {
				return *resource != "" && g.Resource != *resource || *to != "" && g.To() != whom.To()
			})
			if format.value == "json" {
				return a.json(append([]directory.Grant{}, list...))
			}
			rows := [][]string{{"id", "to", "action", "resource", "window", "from", "given by", "at"}}
			for _, g := range list {
				rows = append(rows, []string{fmt.Sprint(g.ID), g.To(), g.Action, g.Resource, strings.TrimSpace(window(g)), map[string]string{"hand": "hand", "model": "the model"}[g.Origin],
					g.GivenBy, g.GivenAt.UTC().Format("2006-01-02 15:04:05Z")})
			}
			return a.listed(rows, "grants")
		})
	}
	return cmd
}
