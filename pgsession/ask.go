package pgsession

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Querier is what a question can be asked through: the pgx.Tx of Run.
type Querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

const (
	canSQL = "SELECT coalesce(rls.can($1, $2), false)"
	anySQL = "SELECT coalesce(pg_catalog.bool_or(rls.can(a.word, $1)), false)" +
		" FROM pg_catalog.unnest($2::pg_catalog.text[]) AS a(word)"
	allSQL = "SELECT coalesce(pg_catalog.bool_and(coalesce(rls.can(a.word, $1), false)), false)" +
		" FROM pg_catalog.unnest($2::pg_catalog.text[]) AS a(word)"
	allowedSQL = "SELECT rls.allowed_resources($1)"
	actionsSQL = "SELECT rls.actions($1, $2)"
	// The first key that fails, counted from 1, with m where it cannot be seen and f where it can; 0f where no row could
	// be admitted; NULL where none fails. CASE asks about objects only where some row could be admitted.
	objectsSQL = "SELECT CASE WHEN coalesce(rls.can($1, $2), false) THEN (" +
		"SELECT pg_catalog.concat(m.place, CASE WHEN m.seen THEN 'f' ELSE 'm' END)" +
		" FROM ROWS FROM (rls.can_many('read', $2, $3::pg_catalog.text[]), rls.can_many($1, $2, $3::pg_catalog.text[]))" +
		" WITH ORDINALITY AS m(key, seen, same, allowed, place)" +
		" WHERE NOT (coalesce(m.seen, false) AND coalesce(m.allowed, false))" +
		" ORDER BY m.place LIMIT 1) ELSE '0f' END"
)

var errNoAction = errors.New("no action is named")

// Can reports whether the action could be admitted on some row of the resource; false for a name that is no resource.
// An action that the resource does not declare is ErrUnknownAction.
func Can(ctx context.Context, q Querier, action, resource string) (bool, error) {
	var yes bool
	err := q.QueryRow(ctx, canSQL, action, resource).Scan(&yes)
	return yes && err == nil, err
}

// CanAny is Can for at least one of the actions, of which there must be one.
func CanAny(ctx context.Context, q Querier, resource string, actions ...string) (bool, error) {
	return canSome(ctx, q, anySQL, resource, actions)
}

// CanAll is Can for all of the actions, of which there must be one.
func CanAll(ctx context.Context, q Querier, resource string, actions ...string) (bool, error) {
	return canSome(ctx, q, allSQL, resource, actions)
}

func canSome(ctx context.Context, q Querier, sql, resource string, actions []string) (bool, error) {
	if len(actions) == 0 {
		return false, errNoAction
	}
	var yes bool
	err := q.QueryRow(ctx, sql, resource, actions).Scan(&yes)
	return yes && err == nil, err
}

// Require is nil where Can is true, and ErrForbidden where it is false.
func Require(ctx context.Context, q Querier, action, resource string) error {
	yes, err := Can(ctx, q, action, resource)
	return required(yes, err, action, resource)
}

// RequireAny is Require for CanAny.
func RequireAny(ctx context.Context, q Querier, resource string, actions ...string) error {
	yes, err := CanAny(ctx, q, resource, actions...)
	return required(yes, err, strings.Join(actions, " or "), resource)
}

// RequireAll is Require for CanAll.
func RequireAll(ctx context.Context, q Querier, resource string, actions ...string) error {
	yes, err := CanAll(ctx, q, resource, actions...)
	return required(yes, err, strings.Join(actions, " and "), resource)
}

func required(yes bool, err error, action, resource string) error {
	if err == nil && !yes {
		err = fmt.Errorf("%s %s: %w", action, resource, ErrForbidden)
	}
	return err
}

// RequireObject is nil where the action is admitted on the object. Where no row could be admitted it is ErrForbidden;
// else, where the object cannot be seen, does not exist or its key is malformed, ErrNotFound; else ErrForbidden. So
// whoever may not see an object cannot tell it from one that does not exist. Keys are written as User writes them.
func RequireObject(ctx context.Context, q Querier, action, resource string, key any) error {
	return RequireObjects(ctx, q, action, resource, key)
}

// RequireObjects is RequireObject for several objects. The error is an *ObjectError that names the first key that fails,
// or ErrForbidden alone where no row could be admitted.
func RequireObjects(ctx context.Context, q Querier, action, resource string, keys ...any) error {
	texts := make([]*string, len(keys))
	for i, key := range keys {
		text, err := keyText(key)
		if err != nil {
			return fmt.Errorf("%s %s: %w", action, resource, err)
		}
		if plainText(text) { // NULL is the key of nothing
			texts[i] = &text
		}
	}
	var failed *string
	if err := q.QueryRow(ctx, objectsSQL, action, resource, texts).Scan(&failed); err != nil {
		return err
	}
	if failed == nil {
		return nil
	}
	digits, seen := strings.CutSuffix(*failed, "f")
	place, err := strconv.Atoi(strings.TrimSuffix(digits, "m"))
	if err != nil || place > len(keys) {
		return fmt.Errorf("%s %s: unexpected answer %q", action, resource, *failed)
	}
	if place == 0 {
		return required(false, nil, action, resource)
	}
	text, _ := keyText(keys[place-1])
	e := &ObjectError{Action: action, Resource: resource, Key: text, Err: ErrNotFound}
	if seen {
		e.Err = ErrForbidden
	}
	return e
}

// AllowedResources lists by name the resources of which some row could be admitted for the action.
func AllowedResources(ctx context.Context, q Querier, action string) ([]string, error) {
	var names []string
	err := q.QueryRow(ctx, allowedSQL, action).Scan(&names)
	return names, err
}

// Actions lists the actions that are admitted on an object, in the order of the model; none for one that cannot be seen.
func Actions(ctx context.Context, q Querier, resource string, key any) ([]string, error) {
	text, err := keyText(key)
	if err != nil {
		return nil, fmt.Errorf("actions on %s: %w", resource, err)
	}
	if !plainText(text) {
		return nil, nil
	}
	var words []string
	err = q.QueryRow(ctx, actionsSQL, resource, text).Scan(&words)
	return words, err
}

// asked is a session that answers one question for p, in one flush.
type asked struct {
	s *Session
	p Principal
}

// QueryRow implements Querier.
func (a asked) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	return a.s.QueryRow(ctx, a.p, sql, append([]any{ReadOnly()}, args...)...)
}

// Can is the function Can for p, in one flush.
func (s *Session) Can(ctx context.Context, p Principal, action, resource string) (bool, error) {
	return Can(ctx, asked{s, p}, action, resource)
}

// CanAny is the function CanAny for p, in one flush.
func (s *Session) CanAny(ctx context.Context, p Principal, resource string, actions ...string) (bool, error) {
	return CanAny(ctx, asked{s, p}, resource, actions...)
}

// CanAll is the function CanAll for p, in one flush.
func (s *Session) CanAll(ctx context.Context, p Principal, resource string, actions ...string) (bool, error) {
	return CanAll(ctx, asked{s, p}, resource, actions...)
}

// Require is the function Require for p, in one flush.
func (s *Session) Require(ctx context.Context, p Principal, action, resource string) error {
	return Require(ctx, asked{s, p}, action, resource)
}

// RequireAny is the function RequireAny for p, in one flush.
func (s *Session) RequireAny(ctx context.Context, p Principal, resource string, actions ...string) error {
	return RequireAny(ctx, asked{s, p}, resource, actions...)
}

// RequireAll is the function RequireAll for p, in one flush.
func (s *Session) RequireAll(ctx context.Context, p Principal, resource string, actions ...string) error {
	return RequireAll(ctx, asked{s, p}, resource, actions...)
}

// RequireObject is the function RequireObject for p, in one flush.
func (s *Session) RequireObject(ctx context.Context, p Principal, action, resource string, key any) error {
	return RequireObject(ctx, asked{s, p}, action, resource, key)
}

// RequireObjects is the function RequireObjects for p, in one flush.
func (s *Session) RequireObjects(ctx context.Context, p Principal, action, resource string, keys ...any) error {
	return RequireObjects(ctx, asked{s, p}, action, resource, keys...)
}

// AllowedResources is the function AllowedResources for p, in one flush.
func (s *Session) AllowedResources(ctx context.Context, p Principal, action string) ([]string, error) {
	return AllowedResources(ctx, asked{s, p}, action)
}

// Actions is the function Actions for p, in one flush.
func (s *Session) Actions(ctx context.Context, p Principal, resource string, key any) ([]string, error) {
	return Actions(ctx, asked{s, p}, resource, key)
}
