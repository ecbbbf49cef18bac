package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"

	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/policies"
)

func newLoginCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "login add|list|plan|structure|remove",
		Short: "People and BI tools with a database login of their own",
		Long: `A person's login is one user of the model: whoever connects with it is that user, for every statement of any client.
An impersonating login is for BI tools that connect once and SET ROLE: each database role that it is a member of is one
user. Applications behind a shared login are gateways: see rlsctl gateway.` + exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl login add bi_anna --user anna --password-stdin
  rlsctl login add metabase --impersonating --as bi_anna=anna --as mb_ben=ben
  rlsctl login plan bi_anna auto
  rlsctl login list`,
	}
	cmd.AddCommand(newLoginAddCommand(a), newLoginListCommand(a), newLoginPlanCommand(a), newLoginStructureCommand(a), newLoginRemoveCommand(a))
	return cmd
}

func newLoginAddCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "add NAME (--user LOGIN | --impersonating --as ROLE=LOGIN ...) [flags]",
		Short: "Register a database login as a user, or as one that becomes users by SET ROLE",
		Long: `Registers the database login NAME and creates it where it is missing, in one transaction.

With --user it is the user of that login for good. It becomes a member of one client role, and holds nothing else.
With --impersonating it is nobody until it sets one of the roles that --as lists; roles that do not exist are created, and
cannot log in. Whoever writes SQL on such a connection can be each of its users, so use --user where people write SQL.
Tools that read the schema on the connection itself find no table there; with --structure they find those of resources
that its client role may read, and no row of them. What is no resource stays unseen: give it SELECT by hand where
everybody on that connection may read every row.

` + aboutForms + `

A password is hashed here: the server and its log never see it. Without one the server's other ways to log in count.` +
			exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl login add bi_anna --user anna --client-role app_ro --password-file anna.txt
  rlsctl login add bi_olga --user olga --plan auto
  rlsctl login add metabase --impersonating --structure --as bi_anna=anna --as mb_ben=ben --password-stdin < password`,
		Args: exactArgs("NAME"),
	}
	user := cmd.Flags().String("user", "", "the `LOGIN` of the user that it is")
	impersonating := cmd.Flags().Bool("impersonating", false, "it becomes users by SET ROLE")
	structure := cmd.Flags().Bool("structure", false, "before SET ROLE it sees tables and columns of resources, and no row")
	as := cmd.Flags().StringArray("as", nil, "a database role and the login of the user whom it stands for, as `ROLE=LOGIN`; repeat it")
	client := cmd.Flags().String("client-role", "", "the client `ROLE` of the model that holds the table privileges; may be left out if there is one only")
	factor := cmd.Flags().Bool("second-factor", false, "whoever logs in has shown a second factor")
	plan := cmd.Flags().String("plan", "any", "the `FORM` of the policies that apply to a person: any, narrow, middle, wide, all or auto")
	password := passwordFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case *impersonating && *user != "":
			return usagef("--user and --impersonating exclude each other").hint("Use --as ROLE=LOGIN with --impersonating.")
		case !*impersonating && len(*as) > 0:
			return usagef("--as needs --impersonating").hint("Add --impersonating, or name one user with --user.")
		case !*impersonating && *structure:
			return usagef("--structure needs --impersonating").hint("Leave out --structure: a person's login sees the tables already.")
		case *impersonating && cmd.Flags().Changed("plan"):
			return usagef("--plan and --impersonating exclude each other").hint("Leave out --plan: its roles have policies that serve everybody.")
		case !*impersonating && *user == "":
			return usagef("nobody is named").hint("Add --user LOGIN, or --impersonating with --as ROLE=LOGIN.")
		}
		var roles []logins.As
		for _, pair := range *as {
			role, login, ok := strings.Cut(pair, "=")
			if !ok || role == "" || login == "" {
				return usagef("--as %q is not ROLE=LOGIN", pair).hint("Write --as ROLE=LOGIN.")
			}
			roles = append(roles, logins.As{Role: role, User: login})
		}
		secret, err := a.password(password)
		if err != nil {
			return err
		}
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			var added logins.Added
			if *impersonating {
				added, err = logins.AddImpersonating(cmd.Context(), conn, logins.Impersonating{
					Login: args[0], As: roles, ClientRole: *client, SecondFactor: *factor, Structure: *structure, Password: secret})
			} else {
				added, err = logins.AddPerson(cmd.Context(), conn, logins.Person{
					Login: args[0], User: *user, ClientRole: *client, SecondFactor: *factor, Plan: *plan, Password: secret})
			}
			if err != nil {
				return refused(err)
			}
			if *impersonating {
				fmt.Fprintf(a.Out, "%s becomes, by SET ROLE:\n", printable(args[0]))
				for _, r := range roles {
					fmt.Fprintf(a.Out, "  %s = %s\n", printable(r.Role), printable(r.User))
				}
				if *structure {
					a.printStructure(added)
				}
			} else {
				fmt.Fprintf(a.Out, "%s is %s, through client role %s\n", printable(args[0]), printable(*user), printable(added.ClientRole))
				if cmd.Flags().Changed("plan") {
					fmt.Fprintf(a.Out, "its policies have form %s\n", added.Plan)
				}
			}
			var made []string
			if added.Created {
				made = append(made, added.Login)
			}
			if made = append(made, added.Roles...); len(made) > 0 {
				a.note("created database role %s", strings.Join(made, ", "))
			}
			return nil
		})
	}
	return cmd
}

func newLoginListCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List persons and impersonating logins",
		Long:    "Lists the registered logins of persons and of tools that SET ROLE. Gateways are listed by rlsctl gateway list." + exitCodes(exitUsage, exitRefused),
		Example: "  rlsctl login list -o json",
		Args:    exactArgs(),
	}
	format := formatFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			list, err := logins.List(cmd.Context(), conn)
			if err != nil {
				return refused(err)
			}
			if format.value == "json" {
				return a.json(list)
			}
			if len(list) == 0 {
				fmt.Fprintln(a.Out, "no logins")
				return nil
			}
			rows := [][]string{{"login", "kind", "is", "client role", "plan", "second factor"}}
			for _, l := range list {
				is := l.User
				for i, r := range l.As {
					if i > 0 {
						is += ", "
					}
					is += r.User + " as " + r.Role
				}
				factor := "no"
				if l.SecondFactor {
					factor = "yes"
				}
				plan := l.Plan
				if plan == "" {
					plan = "-"
				}
				rows = append(rows, []string{l.Name, l.Kind, is, l.ClientRole, plan, factor})
			}
			a.columns(rows)
			return nil
		})
	}
	return cmd
}

// aboutForms is what there is to choose.
const aboutForms = `Each action has policies in several forms. All of them admit the same rows, and each is fast for some: any serves
everybody; narrow is for those who see few users, middle for those who see some, wide for those who see many. These three
raise 40001 for superusers. all is for superusers, and raises it for everybody else. auto picks what fits the user now, and
does not follow them.`

func newLoginPlanCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan NAME FORM",
		Short: "Choose the form of the policies that apply to a person's login",
		Long: `Makes the person's login NAME a member of rls_FORM, and of no other form. It counts from the next statement on.

` + aboutForms + exitCodes(exitUsage, exitRefused),
		Example: `  rlsctl login plan bi_anna narrow
  rlsctl login plan bi_anna auto`,
		Args: exactArgs("NAME", "FORM"),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			p, err := logins.Plan(cmd.Context(), conn, args[0], args[1])
			if err != nil {
				return refused(err)
			}
			was := strings.Join(p.Before, "+")
			switch was {
			case p.Plan:
				fmt.Fprintf(a.Out, "policies of %s have form %s already\n", args[0], p.Plan)
			case "":
				fmt.Fprintf(a.Out, "policies of %s have form %s now\n", args[0], p.Plan)
			default:
				fmt.Fprintf(a.Out, "policies of %s have form %s now, and had %s\n", args[0], p.Plan, was)
			}
			return nil
		})
	}
	return cmd
}

func newLoginStructureCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "structure NAME",
		Short: "Show an impersonating login which tables there are",
		Long: `Lets the impersonating login NAME see, before SET ROLE, the tables and columns of resources that its client role may read,
and no row of them: as rlsctl login add --structure does. Run it again when resources or table privileges have changed.` +
			exitCodes(exitUsage, exitRefused),
		Example: "  rlsctl login structure metabase",
		Args:    exactArgs("NAME"),
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
			added, err := logins.ShowStructure(cmd.Context(), conn, args[0])
			if err != nil {
				return refused(err)
			}
			a.printStructure(added)
			return nil
		})
	}
	return cmd
}

// printStructure says what a login sees before SET ROLE.
func (a *app) printStructure(added logins.Added) {
	fmt.Fprintf(a.Out, "before SET ROLE %s sees the structure of %s, and no row\n", printable(added.Login), count(len(added.Tables), "table"))
	for _, t := range added.Skipped {
		a.note("not of %s: it is not filtered, or a policy shows rows to everybody", t)
	}
}

func newLoginRemoveCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "remove NAME [--drop]",
		Short: "Take a login out of the map, and back what adding it gave",
		Long: `Takes the login out of the map, and takes back exactly what adding it gave. From the next statement on it is nobody.
With --drop its database role goes too, and roles that were created for it; that fails while one of them owns anything.` +
			exitCodes(exitUsage, exitRefused),
		Example: "  rlsctl login remove bi_anna --drop",
		Args:    exactArgs("NAME"),
	}
	drop := cmd.Flags().Bool("drop", false, "drop the database role too")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return a.removeLogin(cmd, args[0], *drop, logins.KindPerson, logins.KindImpersonating)
	}
	return cmd
}

func (a *app) removeLogin(cmd *cobra.Command, name string, drop bool, kinds ...string) error {
	return a.withConn(cmd.Context(), func(conn *pgx.Conn) error {
		r, err := logins.Remove(cmd.Context(), conn, name, drop, kinds...)
		if err != nil {
			return refused(err)
		}
		fmt.Fprintf(a.Out, "%s is no %s login any more\n", printable(name), r.Kind)
		if len(r.Dropped) > 0 {
			a.note("dropped database role %s", strings.Join(r.Dropped, ", "))
		}
		if r.Hidden {
			a.note("its statements stay hidden; a database superuser shows them by ALTER ROLE %s RESET track_activities", policies.Ident(name))
		}
		if !drop {
			a.note("its database role stays and can still log in; DROP ROLE %s; takes it away", policies.Ident(name))
		}
		return nil
	})
}

// refused gives what the login map refuses its exit code and hint.
func refused(err error) error {
	var r *logins.Refusal
	if errors.As(err, &r) {
		e := &exitError{code: exitRefused, err: err}
		if r.Hint != "" {
			return e.hint("%s", r.Hint)
		}
		return e
	}
	return err
}

// passwordSource is where the password of a new login comes from.
type passwordSource struct {
	file  string
	stdin bool
}

func passwordFlags(cmd *cobra.Command) *passwordSource {
	p := &passwordSource{}
	cmd.Flags().StringVar(&p.file, "password-file", "", "take the password from the first line of `FILE`")
	cmd.Flags().BoolVar(&p.stdin, "password-stdin", false, "take the password from the first line of the standard input")
	return p
}

// password reads and hashes the password; without one asked for it is the zero value.
func (a *app) password(p *passwordSource) (logins.Password, error) {
	var text []byte
	var err error
	switch {
	case p.stdin && p.file != "":
		return logins.Password{}, usagef("--password-file and --password-stdin exclude each other").hint("Leave one out.")
	case p.stdin:
		if terminal(a.In) {
			return logins.Password{}, usagef("the password would be seen on the terminal").hint("Use a pipe, or --password-file FILE.")
		}
		text, err = io.ReadAll(io.LimitReader(a.In, 4096))
	case p.file != "":
		text, err = a.readFile(p.file)
	default:
		return logins.Password{}, nil
	}
	if err != nil {
		return logins.Password{}, err
	}
	line, rest, _ := strings.Cut(string(text), "\n")
	if strings.TrimSpace(rest) != "" {
		return logins.Password{}, usagef("the password has more than one line").hint("Write it on one line.")
	}
	secret, err := logins.NewPassword(strings.TrimSuffix(line, "\r"))
	var r *logins.Refusal
	if errors.As(err, &r) {
		return secret, usagef("%w", err).hint("%s", r.Hint)
	}
	return secret, err
}

// columns prints rows with aligned columns; the first row is the head.
func (a *app) columns(rows [][]string) {
	var width []int
	for _, r := range rows {
		for i, cell := range shown(r) {
			if i == len(width) {
				width = append(width, 0)
			}
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	for n, r := range rows {
		var line strings.Builder
		for i, cell := range r {
			line.WriteString(cell)
			if i < len(r)-1 {
				line.WriteString(strings.Repeat(" ", width[i]-len([]rune(cell))+2))
			}
		}
		text := strings.TrimRight(line.String(), " ")
		if n == 0 {
			text = a.paint(a.Out, bold, text)
		}
		fmt.Fprintln(a.Out, text)
	}
}
