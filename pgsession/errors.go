package pgsession

import (
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What callers branch on, with errors.Is.
var (
	// ErrNoPrincipal is a call for nobody: the zero Principal.
	ErrNoPrincipal = errors.New("no principal is given")
	// ErrBadPrincipal is a principal made of something that is no key.
	ErrBadPrincipal = errors.New("not a principal")
	// ErrBadKey is a key, or a source of keys, that cannot be read.
	ErrBadKey = errors.New("not a key")
	// ErrKeyFileMode is a key file that others than its owner and group may read, or others than its owner may change.
	ErrKeyFileMode = errors.New("others may read the key file")
	// ErrBadClaim is a tenant, client address or attribute that a token cannot hold.
	ErrBadClaim = errors.New("not a claim")
	// ErrUnsafeLogin is a database login that must not serve as a gateway; *LoginError lists why.
	ErrUnsafeLogin = errors.New("the database login must not serve as a gateway")
	// ErrNotInstalled is a database without the kernel.
	ErrNotInstalled = errors.New("the kernel is not installed in this database")

	// ErrNotEntered is RL001: a protected table was asked for nobody.
	ErrNotEntered = errors.New("nobody has entered the transaction")
	// ErrExpired is RL002: the token came too late, or the transaction outlived its principal.
	ErrExpired = errors.New("the token has expired")
	// ErrTokenRefused is RL003: the token or the context is not valid, or the gateway may not claim the principal.
	ErrTokenRefused = errors.New("the token is refused")
	// ErrAnotherPrincipal is RL004: somebody else has entered this transaction already.
	ErrAnotherPrincipal = errors.New("another principal has entered the transaction")
	// ErrNotReady is RL005: no model is applied, or no user has the subject.
	ErrNotReady = errors.New("the database does not know the principal")
	// ErrUnknownAction is RL010: the resource does not declare the action.
	ErrUnknownAction = errors.New("the resource does not declare the action")
	// ErrUnknownResource is RL011: the model declares no such resource.
	ErrUnknownResource = errors.New("the model does not declare the resource")

	// ErrForbidden is the answer 403: the action is admitted on no row, or not on an object that can be seen.
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound is the answer 404: there is no such object, or it cannot be seen.
	ErrNotFound = errors.New("not found")

	// ErrEnded is a transaction that a statement of fn ended, such as COMMIT or ROLLBACK sent as text.
	ErrEnded = fmt.Errorf("a statement has ended the transaction: %w", pgx.ErrTxClosed)
)

var byCode = map[string]error{
	"RL001": ErrNotEntered, "RL002": ErrExpired, "RL003": ErrTokenRefused, "RL004": ErrAnotherPrincipal,
	"RL005": ErrNotReady, "RL010": ErrUnknownAction, "RL011": ErrUnknownResource,
}

// Error is an error of the kernel (class RL), or one that entering a transaction met. It matches the sentinel of its
// code, and errors.As finds the *pgconn.PgError in it.
type Error struct {
	Op     string // what was tried: "enter user:42"; may be empty
	Code   string // SQLSTATE
	Detail string
	Hint   string
	is     error
	err    *pgconn.PgError
}

// Error is one clause with the SQLSTATE. Explain adds detail and hint.
func (e *Error) Error() string {
	if e.Op == "" {
		return fmt.Sprintf("%s (SQLSTATE %s)", e.err.Message, e.Code)
	}
	return fmt.Sprintf("%s: %s (SQLSTATE %s)", e.Op, e.err.Message, e.Code)
}

// Unwrap gives the sentinel and the *pgconn.PgError.
func (e *Error) Unwrap() []error {
	if e.is == nil {
		return []error{e.err}
	}
	return []error{e.is, e.err}
}

// LoginError lists every reason for which a database login must not serve as a gateway. It matches ErrUnsafeLogin.
type LoginError struct{ Problems []string }

// Error lists the problems in one line.
func (e *LoginError) Error() string {
	return ErrUnsafeLogin.Error() + ": " + strings.Join(e.Problems, "; ")
}

// Unwrap is ErrUnsafeLogin.
func (e *LoginError) Unwrap() error { return ErrUnsafeLogin }

// ObjectError says on which object a requirement failed: with ErrNotFound or ErrForbidden.
type ObjectError struct {
	Action, Resource, Key string
	Err                   error
}

// Error names the object.
func (e *ObjectError) Error() string {
	return fmt.Sprintf("%s %s %q: %v", e.Action, e.Resource, e.Key, e.Err)
}

// Unwrap is ErrNotFound or ErrForbidden.
func (e *ObjectError) Unwrap() error { return e.Err }

// IsDenied reports whether err says that the principal may not: PostgreSQL's 42501, from any driver whose errors have the
// method SQLState, or ErrForbidden.
func IsDenied(err error) bool {
	pg := serverError(err)
	return errors.Is(err, ErrForbidden) || pg != nil && pg.Code == "42501"
}

// serverError is the server's error in err, or nil. One of another driver is told by its method SQLState; that of lib/pq has
// Get besides, for the fields of the protocol.
func serverError(err error) *pgconn.PgError {
	var pg *pgconn.PgError
	var other interface {
		error
		SQLState() string
	}
	switch {
	case errors.As(err, &pg):
		return pg
	case !errors.As(err, &other):
		return nil
	}
	pg = &pgconn.PgError{Code: other.SQLState(), Message: other.Error()}
	if fields, ok := other.(interface{ Get(byte) string }); ok {
		pg.Message, pg.Detail, pg.Hint = fields.Get('M'), fields.Get('D'), fields.Get('H')
	}
	return pg
}

// Explain writes err with what PgError.Error leaves out: detail and hint, a line each. It never shows the context of a
// server error, which can quote parameters.
func Explain(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	var hinted interface{ hint() string }
	pg := serverError(err)
	switch {
	case errors.As(err, &hinted):
		text += "\n  hint: " + hinted.hint()
	case pg != nil:
		if pg.Detail != "" {
			text += "\n  detail: " + pg.Detail
		}
		if pg.Hint != "" {
			text += "\n  hint: " + pg.Hint
		}
	}
	return text
}

// hintError is an error of ours with an order for the reader.
type hintError struct {
	error
	order string
}

func (e *hintError) hint() string  { return e.order }
func (e *hintError) Unwrap() error { return e.error }

// known gives errors of class RL their sentinel and leaves all others as they are.
func known(err error) error {
	pg := serverError(err)
	if pg == nil || byCode[pg.Code] == nil {
		return err
	}
	var already *Error
	if errors.As(err, &already) {
		return err
	}
	return wrap("", pg)
}

func wrap(op string, pg *pgconn.PgError) error {
	clean := *pg
	// The context of an error can quote the parameters of the statement: log_parameter_max_length_on_error.
	clean.Where, clean.InternalQuery = "", ""
	return &Error{Op: op, Code: pg.Code, Detail: pg.Detail, Hint: pg.Hint, is: byCode[pg.Code], err: &clean}
}

// enterError words what BEGIN or rls.enter met.
func enterError(op string, err error) error {
	pg := serverError(err)
	if pg == nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if pg.Code == "42883" || pg.Code == "3F000" { // undefined function, undefined schema
		return &hintError{fmt.Errorf("%s: %w", op, ErrNotInstalled), "Run rlsctl migrate up."}
	}
	if pg.Code == "26000" || pg.Code == "42P05" { // a statement is not there, or already there, on another server's connection
		return &hintError{wrap(op, pg), "Set max_prepared_statements of PgBouncer 1.21 or newer, or pgx's" +
			" default_query_exec_mode to cache_describe: see docs/pooler.md."}
	}
	return wrap(op, pg)
}

// unbatched takes off what pgx puts round an error because a statement travelled in a batch, which is our doing.
func unbatched(err error) error {
	var pre pgx.ErrPreprocessingBatch
	if errors.As(err, &pre) {
		return pre.Unwrap()
	}
	return err
}
