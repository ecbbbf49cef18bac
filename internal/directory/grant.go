package directory

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/policies"
)

// Grant is a stored grant.
type Grant struct {
	ID       int64      `json:"id"`
	Kind     string     `json:"kind"`           // user, group, service, role, authenticated, everyone
	Key      *string    `json:"key,omitempty"`  // of the user or group
	Name     *string    `json:"name,omitempty"` // its login or name; nil: nobody has that key
	Action   string     `json:"action"`
	Resource string     `json:"resource"`
	From     *time.Time `json:"from,omitempty"`
	Until    *time.Time `json:"until,omitempty"`
	Open     bool       `json:"open"`   // it counts now
	Origin   string     `json:"origin"` // model, or hand
	GivenBy  string     `json:"given_by"`
	GivenAt  time.Time  `json:"given_at"`
}

// To is the grantee as people write it.
func (g Grant) To() string {
	switch {
	case g.Key == nil:
		return g.Kind
	case g.Name == nil:
		return fmt.Sprintf("%s with key %s (gone)", g.Kind, *g.Key)
	}
	return g.Kind + ":" + *g.Name
}

// Grantee reads "user:LOGIN", "group:NAME", "service:NAME", "authenticated" or "everyone"; a word alone is a user's login.
func Grantee(text string) (policies.Grantee, error) {
	kind, name, named := strings.Cut(text, ":")
	switch k := policies.GranteeKind(kind); {
	case !named && (k == policies.GranteeAuthenticated || k == policies.GranteeEveryone):
		return policies.Grantee{Kind: k}, nil
	case named && name != "" && (k == policies.GranteeUser || k == policies.GranteeGroup || k == policies.GranteeService):
		return policies.Grantee{Kind: k, Name: name}, nil
	case text == "" || named && (k == policies.GranteeUser || k == policies.GranteeGroup || k == policies.GranteeService || kind == "role"):
		return policies.Grantee{}, refuse("Write user:LOGIN, group:NAME, service:NAME, authenticated or everyone.", "%q names nobody", text)
	}
	return policies.Grantee{Kind: policies.GranteeUser, Name: text}, nil
}

// Given says what became of a grant: granted; held, because it was there; or kept, because the model had seeded it and it
// is now somebody's who gave it by hand, which apply does not revoke.
type Given struct {
	Action string `json:"action"`
	Result string `json:"result"`
}

// GrantActions grants actions on a resource; "*" stands for all that it declares.
func GrantActions(ctx context.Context, conn *pgx.Conn, to policies.Grantee, actions []string, resource string, w Window) (out []Given, err error) {
	err = inTx(ctx, conn, pgx.ReadWrite, func(s *session) error {
		words, err := s.actions(ctx, actions, resource)
		if err != nil {
			return err
		}
		from, until, err := s.window(ctx, w)
		if err != nil {
			return err
		}
		if err := s.named(ctx, to); err != nil {
			return err
		}
		for _, word := range words {
			g := Given{Action: word}
			if err := s.tx.QueryRow(ctx, "SELECT rls.put_grant($1, $2, $3, $4, $5::text::timestamptz, $6::text::timestamptz)",
				string(to.Kind), to.Name, word, resource, from, until).Scan(&g.Result); err != nil {
				return err
			}
			out = append(out, g)
		}
		return nil
	})
	return out, err
}

// Revoked says how many grants went, and how many of them the model had seeded.
type Revoked struct {
	Action string `json:"action"`
	Count  int64  `json:"revoked"`
	Seeded int64  `json:"seeded"`
}

// RevokeActions revokes actions on a resource, in every window.
func RevokeActions(ctx context.Context, conn *pgx.Conn, from policies.Grantee, actions []string, resource string) (out []Revoked, err error) {
	err = inTx(ctx, conn, pgx.ReadWrite, func(s *session) error {
		words, err := s.actions(ctx, actions, resource)
		if err != nil {
			return err
		}
		if err := s.named(ctx, from); err != nil {
			return err
		}
		for _, word := range words {
			r := Revoked{Action: word}
			if err := s.tx.QueryRow(ctx, "SELECT t.revoked, t.seeded FROM rls.take_grant($1, $2, $3, $4) AS t", string(from.Kind), from.Name, word, resource).
				Scan(&r.Count, &r.Seeded); err != nil {
				return err
			}
			out = append(out, r)
		}
		return nil
	})
	return out, err
}

// RevokeID revokes one grant by its number.
func RevokeID(ctx context.Context, conn *pgx.Conn, id int64) error {
	return inTx(ctx, conn, pgx.ReadWrite, func(s *session) error {
		var gone bool
		if err := s.tx.QueryRow(ctx, "SELECT rls.take_grant_by_id($1)", id).Scan(&gone); err != nil {
			return err
		}
		if !gone {
			return refuse("Look at rlsctl grants.", "there is no grant with the number %d", id)
		}
		return nil
	})
}

// Grants returns every grant by resource and grantee.
func Grants(ctx context.Context, conn *pgx.Conn) (list []Grant, err error) {
	err = inTx(ctx, conn, pgx.ReadOnly, func(s *session) error {
		list, err = s.grants(ctx)
		return err
	})
	return list, err
}

func (s *session) grants(ctx context.Context) ([]Grant, error) {
	rows, _ := s.tx.Query(ctx, `SELECT g.id, g.kind, g.key, g.name, g.action, g.resource, g.valid_from, g.valid_until, g.open, g.origin, g.given_by, g.given_at
		FROM rls.list_grants() AS g`)
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Grant])
}

// actions returns the canonical words, each once.
func (s *session) actions(ctx context.Context, list []string, resource string) ([]string, error) {
	var out []string
	err := s.tx.QueryRow(ctx, "SELECT rls.resource_actions($1, $2)", list, resource).Scan(&out)
	return out, err
}

// named looks a user or group up as other commands do, with a suggestion where there is none.
func (s *session) named(ctx context.Context, g policies.Grantee) (err error) {
	switch g.Kind {
	case policies.GranteeUser:
		_, err = s.user(ctx, g.Name)
	case policies.GranteeGroup:
		_, err = s.group(ctx, g.Name)
	}
	return err
}

var moment = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?([Zz]|[+-]\d{2}:\d{2})?)?$`)

// window reads when something counts; a bound that is not given is nil. A window that never opens is refused: it says
// nothing, and is a slip of the pen.
func (s *session) window(ctx context.Context, w Window) (from, until *string, err error) {
	for _, b := range []struct {
		text string
		into **string
	}{{w.From, &from}, {w.Until, &until}} {
		if b.text == "" {
			continue
		}
		at, err := s.moment(ctx, b.text)
		if err != nil {
			return nil, nil, err
		}
		*b.into = &at
	}
	var reversed, past bool
	if err := s.tx.QueryRow(ctx, `SELECT coalesce($2::text::timestamptz <= $1::text::timestamptz, false), coalesce($2::text::timestamptz <= clock_timestamp(), false)`,
		from, until).Scan(&reversed, &past); err != nil {
		return nil, nil, err
	}
	switch {
	case reversed:
		return nil, nil, refuse("Write a later --until, or an earlier --from.", "it would end before it begins: %q is not after %q", w.Until, w.From)
	case past:
		return nil, nil, refuse("Write an --until in the future; rlsctl revoke and rlsctl group leave end what there is.", "it would have ended already: %q is in the past", w.Until)
	}
	return from, until, nil
}

// moment reads a time as the model does: without an offset it is meant in the time zone of the model, and a bare date is
// midnight there.
func (s *session) moment(ctx context.Context, text string) (string, error) {
	m := moment.FindStringSubmatch(text)
	wrong := refuse("Write 2026-01-31, 2026-01-31 18:00, or 2026-01-31T18:00:00+01:00.", "%q is not a time", text)
	if m == nil {
		return "", wrong
	}
	query := "SELECT ($1::timestamp AT TIME ZONE $2)::text"
	args := []any{text, s.at.Timezone}
	if m[4] != "" {
		query, args = "SELECT $1::timestamptz::text", args[:1]
	}
	nested, err := s.tx.Begin(ctx)
	if err != nil {
		return "", err
	}
	defer nested.Rollback(ctx) //nolint:errcheck // a savepoint that has served
	var out string
	err = nested.QueryRow(ctx, strings.ReplaceAll(query, "$1::", "$1::text::"), args...).Scan(&out)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && strings.HasPrefix(pg.Code, "22") {
		return "", wrong
	}
	return out, err
}
