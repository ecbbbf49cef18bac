package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"
)

// commands makes every command of the program; one file each. A new command is one line here.
var commands = []func(*app) *cobra.Command{
	newMigrateCommand,
	newCheckCommand,
	newInspectCommand,
	newPlanCommand,
	newApplyCommand,
	newUninstallCommand,
	newMaintenanceCommand,
	newGuardCommand,
	newRolesCommand,
	newQueryCommand,
	newCanCommand,
	newVisibleCommand,
	newUserCommand,
	newGroupCommand,
	newGrantCommand,
	newRevokeCommand,
	newGrantsCommand,
	newLoginCommand,
	newGatewayCommand,
	newKeyCommand,
	newDoctorCommand,
	newDemoCommand,
}

// Run is the whole program: it runs the command that args name and returns its exit code. Nothing is read from or
// written to but s, the files that args name, and the database. It ends early when ctx does.
func Run(ctx context.Context, args []string, s Streams) int {
	a := &app{Streams: s.withDefaults()}
	a.result = &result{Writer: a.Out}
	a.Out = a.result
	root := newRootCommand(a)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	a.inJSON = wantsJSON(cmd)
	if err != nil && !a.running {
		// cobra refused the command line before any command began.
		var exit *exitError
		if !errors.As(err, &exit) {
			err = usagef("%w", err)
		}
	}
	return a.report(ctx, err)
}

func newRootCommand(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:     "rlsctl",
		Short:   "Row-level security of PostgreSQL from one model file",
		Version: version(),
		Long: `rlsctl compiles a model file, rls.yaml, into row-level security of PostgreSQL: it says what would change, changes it
in one transaction, and asks the database as any principal what it admits.

Results go to the standard output, remarks and errors to the standard error.` + exitCodes(exitUsage),
		Example: `  rlsctl migrate up
  rlsctl plan rls.yaml
  rlsctl apply rls.yaml
  rlsctl query --as anna 'SELECT * FROM note'`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		DisableAutoGenTag: true,
		Args:              cobra.ArbitraryArgs,
		RunE:              subcommand,
	}
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%w", err).hint("Read `%s --help`.", cmd.CommandPath())
	})
	root.PersistentFlags().StringVar(&a.databaseURL, "database-url", "",
		"the `URL` of the database; without it DATABASE_URL, then the PG* variables")
	for _, make := range commands {
		root.AddCommand(make(a))
	}
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	prepare(a, root)
	return root
}

// prepare finishes every command below cmd: it notes when one begins to run, and makes a group of commands refuse a
// word that is none of them.
func prepare(a *app, cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		prepare(a, c)
	}
	if cmd.HasSubCommands() && cmd.RunE == nil && cmd.Run == nil {
		cmd.Args, cmd.RunE = cobra.ArbitraryArgs, subcommand
	}
	cmd.DisableFlagsInUseLine = true
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			a.running, a.inJSON = true, wantsJSON(cmd)
			return run(cmd, args)
		}
	}
}

// subcommand runs where a command that only groups others is called itself.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		if cmd.HasParent() {
			cmd.SetOut(cmd.ErrOrStderr())
			_ = cmd.Help()
			return usagef("name a command of %q", cmd.CommandPath())
		}
		return cmd.Help()
	}
	err := usagef("unknown command %q", strings.TrimSpace(strings.TrimPrefix(cmd.CommandPath(), "rlsctl")+" "+args[0]))
	if cmd.SuggestionsMinimumDistance <= 0 {
		cmd.SuggestionsMinimumDistance = 2
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return err.hint("did you mean %q?", near[0])
	}
	return err.hint("Read `%s --help`.", cmd.CommandPath())
}

// exactArgs is cobra.ExactArgs with the names of what is missing.
func exactArgs(names ...string) cobra.PositionalArgs { return rangeArgs(len(names), names...) }

// rangeArgs takes at least min of the named arguments and no more than all of them.
func rangeArgs(min int, names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < min:
			return usagef("%s is missing on the command line", names[len(args)]).hint("Write `%s`.", cmd.UseLine())
		case len(args) > len(names):
			return usagef("unexpected argument %q", args[len(names)]).hint("Write `%s`.", cmd.UseLine())
		}
		return nil
	}
}

// exitCodes is the last part of a command's long help: what its exit codes mean. 0 and 1 are always there.
func exitCodes(codes ...int) string {
	var b strings.Builder
	b.WriteString("\n\nExit codes:\n  0  done\n  1  unexpected error")
	for _, c := range codes {
		fmt.Fprintf(&b, "\n  %d  %s", c, exitMeaning[c])
	}
	return b.String()
}

// exitLine adds an exit code with a meaning of the command's own.
func exitLine(code int, meaning string) string { return fmt.Sprintf("\n  %d  %s", code, meaning) }

// modelArg completes one model file.
func modelArg(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}

// formatFlag adds -o with the formats that the command knows; the first is the default.
func formatFlag(cmd *cobra.Command, formats ...string) *format {
	f := &format{value: formats[0], known: formats}
	cmd.Flags().VarP(f, "output", "o", "the `format` of the result: "+strings.Join(formats, ", "))
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	return f
}

// wantsJSON reports whether -o says json.
func wantsJSON(cmd *cobra.Command) bool {
	f := cmd.Flags().Lookup("output")
	return f != nil && f.Value.String() == "json"
}

// format is the value of -o.
type format struct {
	value string
	known []string
}

func (f *format) String() string { return f.value }
func (f *format) Type() string   { return "format" }
func (f *format) Set(s string) error {
	for _, k := range f.known {
		if s == k {
			f.value = s
			return nil
		}
	}
	return fmt.Errorf("must be one of: %s", strings.Join(f.known, ", "))
}

// version is that of the module, as the Go tool has built it in.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
