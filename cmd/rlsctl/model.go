package main

import (
	"errors"
	"fmt"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// model reads a model file. Its mistakes are told, and end the command.
func (a *app) model(file string) (*policies.Model, error) {
	m, diags, err := a.parse(file)
	if err != nil {
		return nil, err
	}
	return m, a.judge(diags)
}

// parse reads a model file and leaves its mistakes to the caller.
func (a *app) parse(file string) (*policies.Model, policies.Diagnostics, error) {
	data, err := a.readFile(file)
	if err != nil {
		return nil, nil, err
	}
	if file == "-" {
		file = "stdin"
	}
	m, diags := pipeline.Parse(file, data)
	return m, diags, nil
}

// judge tells diagnostics, and ends the command where there are errors among them.
func (a *app) judge(diags policies.Diagnostics) error {
	a.diagnose(diags)
	if diags.HasErrors() {
		a.judged = diags
		return exit(exitModel)
	}
	return nil
}

// diagnose tells diagnostics on the standard error, one line each and its hint below.
func (a *app) diagnose(diags policies.Diagnostics) {
	for _, d := range diags {
		c := yellow
		switch d.Severity {
		case policies.Error:
			c = red
		case policies.Note:
			c = cyan
		}
		fmt.Fprintln(a.Err, a.paint(a.Err, c, printable(d.String())))
		if d.Hint != "" {
			fmt.Fprintf(a.Err, "  hint: %s\n", indented(d.Hint))
		}
	}
}

// noKernel tells how to install the kernel where it is missing, or another release's.
func noKernel(err error) error {
	if errors.Is(err, pipeline.ErrNoKernel) {
		return (&exitError{code: exitUnexpected, err: err}).hint("Run `rlsctl migrate up`.")
	}
	switch {
	case errors.Is(err, pipeline.ErrOldKernel):
		return (&exitError{code: exitRefused, err: err}).hint("Run `rlsctl migrate up`, then plan again.")
	case errors.Is(err, pipeline.ErrNewKernel):
		return (&exitError{code: exitRefused, err: err}).hint("Use the release of rlsctl that installed it, or a later one.")
	}
	return err
}
