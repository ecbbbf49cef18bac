package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/internal/directory"
)

func newUserCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "user add|list|show|set|deactivate",
		Short: "Users, the first superuser among them",
		Long: `Administers the users of the applied model: the toolkit's own, or the rows of your table. People are named by their login.
A maintenance connection is needed: a member of a maintenance role of the model with the table's privileges, or a
database superuser. What decides by an expression of the model cannot be set; the error says which one.` + exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl user add anna@example.com --superuser
  rlsctl user set ben@example.com --seen-by supervisor=anna@example.com
  rlsctl user list`,
	}
	cmd.AddCommand(newUserAddCommand(a), newUserListCommand(a), newUserShowCommand(a), newUserSetCommand(a), newUserDeactivateCommand(a))
	return cmd
}

// userFlags are what add and set have in common.
type userFlags struct {
	subject, name            string
	active, superuser, staff bool
	seenBy                   []string
}

func (f *userFlags) define(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.subject, "subject", "", "the `SUBJECT` by which an identity provider names the user")
	cmd.Flags().StringVar(&f.name, "name", "", "a `NAME` for people; of the toolkit's own users alone")
	cmd.Flags().BoolVar(&f.active, "active", true, "the user is active; --active=false for not")
	cmd.Flags().BoolVar(&f.superuser, "superuser", false, "the user is a superuser; --superuser=false for not")
	cmd.Flags().BoolVar(&f.staff, "staff", false, "the user is staff; --staff=false for not")
	cmd.Flags().StringArrayVar(&f.seenBy, "seen-by", nil, "`KIND=LOGIN`: who sees the user directly, by edge kind of the model; repeat it")
}

// change is what the flags on the command line say.
func (f *userFlags) change(cmd *cobra.Command) (directory.Change, error) {
	var c directory.Change
	given := func(name string) bool { return cmd.Flags().Changed(name) }
	if given("subject") {
		c.Subject = &f.subject
	}
	if given("name") {
		c.Name = &f.name
	}
	if given("active") {
		c.Active = &f.active
	}
	if given("superuser") {
		c.Superuser = &f.superuser
	}
	if given("staff") {
		c.Staff = &f.staff
	}
	for _, s := range f.seenBy {
		kind, login, ok := strings.Cut(s, "=")
		if !ok || kind == "" {
			return c, usagef("--seen-by %q names no edge kind", s).hint("Write --seen-by KIND=LOGIN, as in --seen-by supervisor=anna.")
		}
		c.SeenBy = append(c.SeenBy, directory.SeenBy{Kind: kind, Login: login})
	}
	return c, nil
}

func newUserAddCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add LOGIN [flags]",
		Short: "Add a user",
		Long: `Adds a user of that login, active unless --active=false says otherwise. In a table of yours a key without default needs
--key; a column that needs a value and that the model says nothing of is an error that says what to INSERT.` + exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl user add anna@example.com --superuser
  rlsctl user add ben@example.com --subject 'auth0|7' --seen-by supervisor=anna@example.com`,
		Args:              exactArgs("LOGIN"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	var f userFlags
	f.define(cmd)
	key := cmd.Flags().String("key", "", "the `KEY` of the new row, where the table does not make one")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := f.change(cmd)
		if err != nil {
			return err
		}
		if args[0] == "" {
			return usagef("LOGIN is empty").hint("Write `%s`.", cmd.UseLine())
		}
		if cmd.Flags().Changed("key") {
			c.Key = key
		}
		return a.userChanged(cmd.Context(), format.value, "added", func(ctx context.Context, conn *pgx.Conn) (directory.User, []string, error) {
			return directory.AddUser(ctx, conn, args[0], c)
		})
	}
	return cmd
}

func newUserSetCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "set LOGIN [flags]",
		Short: "Change a user",
		Long: `Changes what the flags name and nothing else. --seen-by KIND= with an empty login means that nobody sees the user through
that kind; where the kind is a table of pairs --seen-by adds one. Saying again what is so already changes nothing.` + exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl user set ben@example.com --superuser=false
  rlsctl user set ben@example.com --seen-by supervisor=carla@example.com
  rlsctl user set ben@example.com --login benjamin@example.com`,
		Args:              exactArgs("LOGIN"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	var f userFlags
	f.define(cmd)
	login := cmd.Flags().String("login", "", "the new `LOGIN`")
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		c, err := f.change(cmd)
		if err != nil {
			return err
		}
		if cmd.Flags().Changed("login") {
			if *login == "" {
				return usagef("--login is empty").hint("Write --login LOGIN.")
			}
			c.Login = login
		}
		if c.Login == nil && c.Subject == nil && c.Name == nil && c.Active == nil && c.Superuser == nil && c.Staff == nil && len(c.SeenBy) == 0 {
			return usagef("nothing is to be set").hint("Name at least one flag; read `%s --help`.", cmd.CommandPath())
		}
		return a.userChanged(cmd.Context(), format.value, "set", func(ctx context.Context, conn *pgx.Conn) (directory.User, []string, error) {
			return directory.SetUser(ctx, conn, args[0], c)
		})
	}
	return cmd
}

func newUserDeactivateCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "deactivate LOGIN",
		Short: "Take everything from a user, and keep the row",
		Long: `Makes the user inactive: from the next statement on they see and do nothing. The row, its grants and what others see
through it stay; rlsctl user set LOGIN --active gives all of it back.` + exitCodes(exitUsage, exitRefused),
		Example:           "  rlsctl user deactivate ben@example.com",
		Args:              exactArgs("LOGIN"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		no := false
		return a.userChanged(cmd.Context(), format.value, "deactivated", func(ctx context.Context, conn *pgx.Conn) (directory.User, []string, error) {
			return directory.SetUser(ctx, conn, args[0], directory.Change{Active: &no})
		})
	}
	return cmd
}

// userChanged makes a change and tells what the user is now.
func (a *app) userChanged(ctx context.Context, format, done string, fn func(context.Context, *pgx.Conn) (directory.User, []string, error)) error {
	return a.withConn(ctx, func(conn *pgx.Conn) error {
		u, notes, err := fn(ctx, conn)
		if err != nil {
			return refused(err)
		}
		if format == "json" {
			err = a.json(u)
		} else {
			_, err = fmt.Fprintf(a.Out, "%s %s: %s\n", done, u.Login, standing(u))
		}
		for _, n := range notes {
			a.note("%s", n)
		}
		return err
	})
}

// standing says in words what a user is.
func standing(u directory.User) string {
	words := []string{"active"}
	if !u.Active {
		words[0] = "not active"
	}
	if u.Superuser {
		words = append(words, "superuser")
	}
	if u.Staff {
		words = append(words, "staff")
	}
	return strings.Join(words, ", ")
}

func newUserListCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the users",
		Long:    "Lists every user by login, with what decides about them." + exitCodes(exitUsage, exitRefused),
		Example: "  rlsctl user list -o json",
		Args:    exactArgs(),
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			list, err := directory.Users(cmd.Context(), conn)
			if err != nil {
				return refused(err)
			}
			if format.value == "json" {
				return a.json(list)
			}
			rows := [][]string{{"login", "key", "subject", "is"}}
			for _, u := range list {
				rows = append(rows, []string{u.Login, u.Key, text(u.Subject), standing(u)})
			}
			return a.listed(rows, "users")
		})
	}
	return cmd
}

func newUserShowCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show LOGIN",
		Short: "Show a user",
		Long: `Shows the user with who sees them directly, their groups, and the grants to them by name. What they see and may do is
what rlsctl visible and rlsctl can tell.` + exitCodes(exitUsage, exitRefused),
		Example:           "  rlsctl user show ben@example.com",
		Args:              exactArgs("LOGIN"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			u, err := directory.ShowUser(cmd.Context(), conn, args[0])
			if err != nil {
				return refused(err)
			}
			if format.value == "json" {
				return a.json(u)
			}
			rows := [][]string{{"login", u.Login}, {"key", u.Key}}
			if u.Subject != nil {
				rows = append(rows, []string{"subject", *u.Subject})
			}
			if u.Name != nil {
				rows = append(rows, []string{"name", *u.Name})
			}
			rows = append(rows, []string{"is", standing(u)})
			var kinds []string
			for k := range u.SeenBy {
				kinds = append(kinds, k)
			}
			slices.Sort(kinds)
			for _, k := range kinds {
				rows = append(rows, []string{"seen by, as " + k, u.SeenBy[k]})
			}
			if len(u.Groups) > 0 {
				rows = append(rows, []string{"groups", strings.Join(u.Groups, ", ")})
			}
			for _, g := range u.Grants {
				rows = append(rows, []string{"grant " + fmt.Sprint(g.ID), g.Action + " on " + g.Resource + window(g)})
			}
			a.columns(shownRows(rows))
			return nil
		})
	}
	return cmd
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// listed prints rows below their header, or that there are none.
func (a *app) listed(rows [][]string, what string) error {
	if len(rows) == 1 {
		_, err := fmt.Fprintf(a.Out, "no %s\n", what)
		return err
	}
	a.columns(shownRows(rows))
	return nil
}

// shownRows makes rows fit for a terminal.
func shownRows(rows [][]string) [][]string {
	for i := range rows {
		rows[i] = shown(rows[i])
	}
	return rows
}
