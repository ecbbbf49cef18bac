package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/policies"
)

// The exit codes of the program.
const (
	exitDone       = 0
	exitUnexpected = 1
	exitUsage      = 2
	exitModel      = 3
	exitNo         = 4 // a proof or lint failed, an action is denied, doctor finds problems
	exitNotEmpty   = 5
	exitRefused    = 6
)

var exitMeaning = map[int]string{
	exitUsage:    "wrong command line",
	exitModel:    "the model is invalid",
	exitNo:       "a proof or lint failed, or the action is denied",
	exitNotEmpty: "the plan is not empty (with --exit-code)",
	exitRefused:  "refused; nothing was changed",
}

// exitError is an error that chooses the exit code. With a nil err nothing is printed: the command has said it all.
type exitError struct {
	code int
	err  error
	tip  string // what to do about it, an order
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// hint adds what to do about it.
func (e *exitError) hint(format string, args ...any) *exitError {
	e.tip = fmt.Sprintf(format, args...)
	return e
}

// exit ends the program with a code, and prints nothing.
func exit(code int) error { return &exitError{code: code} }

// failf is an error that ends the program with a code.
func failf(code int, format string, args ...any) *exitError {
	return &exitError{code: code, err: fmt.Errorf(format, args...)}
}

// usagef is a wrong command line.
func usagef(format string, args ...any) *exitError { return failf(exitUsage, format, args...) }

// failure is an error as JSON. It has the shape of what check says about a model.
type failure struct {
	policies.Diagnostic
	Detail string `json:"detail,omitempty"`
}

// codeIn is the code or SQLSTATE that a message ends with, or names before it says what that means.
var codeIn = regexp.MustCompile(`\((?:SQLSTATE )?([0-9A-Z]{5})\)`)

// failures is err as JSON, after what is wrong with the model.
func (a *app) failures(err error) []failure {
	var list []failure
	for _, d := range a.judged {
		list = append(list, failure{Diagnostic: d})
	}
	var exit *exitError
	if errors.As(err, &exit) && exit.err == nil {
		return list
	}
	message, detail, hint := explained(err)
	f := failure{policies.Diagnostic{Severity: policies.Error, Message: masked(message), Hint: masked(hint)}, masked(detail)}
	if exit != nil && exit.tip != "" {
		f.Hint = masked(exit.tip)
	}
	if found := codeIn.FindStringSubmatch(message); found != nil {
		f.Code = policies.Code(found[1])
	}
	return append(list, f)
}

// report prints err, if it is one that has to be told, and returns the exit code. With -o json the error is the result
// as well, where there is no other.
func (a *app) report(ctx context.Context, err error) int {
	if err == nil {
		return exitDone
	}
	if a.inJSON && !a.result.begun {
		if list := a.failures(err); len(list) > 0 {
			_ = a.json(list) // the standard error says it too
		}
	}
	code, tip := exitUnexpected, ""
	var exit *exitError
	if errors.As(err, &exit) {
		code, tip = exit.code, exit.tip
		if exit.err == nil {
			return code
		}
	}
	if ctx.Err() != nil && code == exitUnexpected {
		a.printError("interrupted", "", tip)
		return code
	}
	message, detail, hint := explained(err)
	if tip == "" {
		tip = hint
	}
	a.printError(message, detail, tip)
	return code
}

// explained splits an error into message, detail and hint. pgx leaves detail and hint out of the text of an error.
func explained(err error) (message, detail, hint string) {
	message = err.Error()
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		message = strings.Replace(message, pg.Error(), fmt.Sprintf("%s (SQLSTATE %s)", pg.Message, pg.Code), 1)
		detail, hint = pg.Detail, pg.Hint
	}
	return message, detail, hint
}

var (
	passwordInURL  = regexp.MustCompile(`([a-z]+://[^\s:/@]*):[^\s"'` + "`" + `]*@`)
	passwordInPair = regexp.MustCompile(`(?i)\b((?:ssl)?password)=('(?:[^'\\]|\\.)*'|[^\s&"` + "`" + `]*)`)
)

// masked hides passwords of connection strings, wherever an argument was quoted back.
func masked(s string) string {
	return passwordInPair.ReplaceAllString(passwordInURL.ReplaceAllString(s, "$1:xxxxx@"), "$1=xxxxx")
}

func (a *app) printError(message, detail, hint string) {
	message, detail, hint = masked(message), masked(detail), masked(hint)
	fmt.Fprintf(a.Err, "%s %s\n", a.paint(a.Err, red, "error:"), indented(message))
	if detail != "" {
		fmt.Fprintf(a.Err, "  detail: %s\n", indented(detail))
	}
	if hint != "" {
		fmt.Fprintf(a.Err, "  hint: %s\n", indented(hint))
	}
}

// note tells something worth knowing, on the standard error.
func (a *app) note(format string, args ...any) {
	fmt.Fprintf(a.Err, "%s %s\n", a.paint(a.Err, cyan, "note:"), indented(fmt.Sprintf(format, args...)))
}

func indented(s string) string {
	return strings.ReplaceAll(printableLines(strings.TrimSpace(s)), "\n", "\n    ")
}
