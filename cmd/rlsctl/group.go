package main

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/internal/directory"
)

func newGroupCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "group add|list|members|join|leave",
		Short: "Groups, and who is in them",
		Long: `Administers the groups of the applied model: the toolkit's own, or the rows of your tables. Groups are named by their
name, people by their login. A maintenance connection is needed, as for rlsctl user.` + exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl group add sales --creator anna@example.com
  rlsctl group join sales ben@example.com carla@example.com
  rlsctl group members sales`,
	}
	cmd.AddCommand(newGroupAddCommand(a), newGroupListCommand(a), newGroupMembersCommand(a), newGroupJoinCommand(a), newGroupLeaveCommand(a))
	return cmd
}

func newGroupAddCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add NAME [flags]",
		Short: "Add a group",
		Long: `Adds a group. It has no member yet, not even its creator. In a table of yours a key without default needs --key; a column
that needs a value and that the model says nothing of is an error that says what to INSERT.` + exitCodes(exitUsage, exitRefused),
		Example:           "  rlsctl group add sales --share-members",
		Args:              exactArgs("NAME"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	var key string
	var members, creator bool
	n := directory.NewGroup{}
	cmd.Flags().StringVar(&key, "key", "", "the `KEY` of the new row, where the table does not make one")
	cmd.Flags().StringVar(&n.Creator, "creator", "", "the `LOGIN` of who made it")
	cmd.Flags().BoolVar(&members, "share-members", false, "members see each other")
	cmd.Flags().BoolVar(&creator, "share-creator", false, "members see who made it")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if n.Name = args[0]; n.Name == "" {
			return usagef("NAME is empty").hint("Write `%s`.", cmd.UseLine())
		}
		if cmd.Flags().Changed("key") {
			n.Key = &key
		}
		if cmd.Flags().Changed("share-members") {
			n.ShareMembers = &members
		}
		if cmd.Flags().Changed("share-creator") {
			n.ShareCreator = &creator
		}
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			made, err := directory.AddGroup(cmd.Context(), conn, n)
			if err != nil {
				return refused(err)
			}
			if format.value == "json" {
				return a.json(map[string]string{"key": made, "name": n.Name})
			}
			_, err = fmt.Fprintf(a.Out, "added group %s\n", n.Name)
			return err
		})
	}
	return cmd
}

func newGroupListCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the groups",
		Long:    "Lists every group by name, with who made it, what it shares and how many members it has now." + exitCodes(exitUsage, exitRefused),
		Example: "  rlsctl group list -o json",
		Args:    exactArgs(),
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			list, err := directory.Groups(cmd.Context(), conn)
			if err != nil {
				return refused(err)
			}
			if format.value == "json" {
				return a.json(list)
			}
			rows := [][]string{{"group", "key", "creator", "members see", "members"}}
			for _, g := range list {
				var sees []string
				if g.ShareMembers {
					sees = append(sees, "each other")
				}
				if g.ShareCreator {
					sees = append(sees, "the creator")
				}
				rows = append(rows, []string{g.Name, g.Key, text(g.Creator), strings.Join(sees, ", "), fmt.Sprint(g.Members)})
			}
			return a.listed(rows, "groups")
		})
	}
	return cmd
}

func newGroupMembersCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:               "members NAME",
		Short:             "List the members of a group",
		Long:              "Lists the members of a group by login, those whose time is over or to come among them." + exitCodes(exitUsage, exitRefused),
		Example:           "  rlsctl group members sales",
		Args:              exactArgs("NAME"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			list, err := directory.Members(cmd.Context(), conn, args[0])
			if err != nil {
				return refused(err)
			}
			if format.value == "json" {
				return a.json(list)
			}
			rows := [][]string{{"login", "key", "from", "until", "now"}}
			for _, m := range list {
				login, open := "(nobody)", "yes"
				if m.Login != nil {
					login = *m.Login
				}
				if !m.Open {
					open = "no"
				}
				rows = append(rows, []string{login, m.Key, text(m.From), text(m.Until), open})
			}
			return a.listed(rows, "members")
		})
	}
	return cmd
}

// someArgs takes a name and one or more others.
func someArgs(name, more string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < 2 {
			return usagef("%s is missing on the command line", []string{name, more}[len(args)]).hint("Write `%s`.", cmd.UseLine())
		}
		return nil
	}
}

func newGroupJoinCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "join NAME LOGIN... [--from TIME] [--until TIME]",
		Short: "Make users members of a group",
		Long: `Makes users members of a group, all of them or none. Who is a member already stays one. --from is included, --until is
not; both need a model whose memberships have a window. A time is 2026-01-31, 2026-01-31 18:00 or
2026-01-31T18:00:00+01:00; without an offset it is meant in the time zone of the model.` + exitCodes(exitUsage, exitRefused),
		Example:           "  rlsctl group join sales ben@example.com carla@example.com",
		Args:              someArgs("NAME", "LOGIN"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	var w directory.Window
	windowFlags(cmd, &w)
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			joined, err := directory.Join(cmd.Context(), conn, args[0], args[1:], w)
			return a.membershipChanged(format.value, "joined", args[0], len(args)-1, joined, err)
		})
	}
	return cmd
}

func newGroupLeaveCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:               "leave NAME LOGIN...",
		Short:             "Take users out of a group",
		Long:              "Takes users out of a group, all of them or none. Who is no member is none afterwards either." + exitCodes(exitUsage, exitRefused),
		Example:           "  rlsctl group leave sales ben@example.com",
		Args:              someArgs("NAME", "LOGIN"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			left, err := directory.Leave(cmd.Context(), conn, args[0], args[1:])
			return a.membershipChanged(format.value, "left", args[0], len(args)-1, left, err)
		})
	}
	return cmd
}

func (a *app) membershipChanged(format, verb, group string, asked int, changed []string, err error) error {
	if err != nil {
		return refused(err)
	}
	if format == "json" {
		return a.json(map[string]any{"group": group, verb: append([]string{}, changed...)})
	}
	for _, login := range changed {
		fmt.Fprintf(a.Out, "%s %s %s\n", login, verb, group)
	}
	if n := asked - len(changed); n > 0 {
		a.note("%s had nothing to change", count(n, "user"))
	}
	return nil
}

func windowFlags(cmd *cobra.Command, w *directory.Window) {
	cmd.Flags().StringVar(&w.From, "from", "", "since this `TIME`, included")
	cmd.Flags().StringVar(&w.Until, "until", "", "until this `TIME`, not included")
}
