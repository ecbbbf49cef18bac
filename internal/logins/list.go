package logins

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Login is an entry of the login map.
type Login struct {
	Name         string    `json:"login"`
	Kind         string    `json:"kind"`
	User         string    `json:"user,omitempty"` // by its login; its key where it has none
	As           []As      `json:"as,omitempty"`
	ClientRole   string    `json:"client_role"`
	Plan         string    `json:"plan,omitempty"` // forms of the policies that apply to a person's login
	SecondFactor bool      `json:"second_factor"`
	Created      time.Time `json:"created_at"`
}

// GatewayState is a registered gateway.
type GatewayState struct {
	Name           string    `json:"gateway"`
	ClientRole     string    `json:"client_role"`
	Signed         bool      `json:"signed"`
	Users          bool      `json:"users"`
	Anonymous      bool      `json:"anonymous"`
	Services       []string  `json:"services"`
	Tenants        []string  `json:"tenants"` // null: any
	OnNobody       string    `json:"on_nobody"`
	MaxTransaction string    `json:"max_transaction"`
	Keys           []Key     `json:"keys"`
	Created        time.Time `json:"created_at"`
}

// List returns persons and impersonating logins by name.
func List(ctx context.Context, conn *pgx.Conn) ([]Login, error) {
	out := []Login{}
	err := inTx(ctx, conn, func(c *change) error {
		return c.owner(ctx, func() error {
			// Without a model there is nobody whom a key could be.
			user := "NULL::text"
			if c.model {
				user = "(SELECT u.login FROM rls.user_row AS u WHERE u.id::text = %)"
			}
			named := func(key string) string { return "coalesce(" + strings.ReplaceAll(user, "%", key) + ", " + key + ")" }
			return c.document(ctx, &out, `SELECT coalesce(json_agg(json_build_object(
				'login', l.name, 'kind', l.kind, 'user', coalesce(`+named("l.principal")+`, ''), 'client_role', l.client_role,
				'second_factor', l.second_factor, 'created_at', l.created_at,
				'plan', CASE l.kind WHEN 'person' THEN coalesce((
				        SELECT string_agg(f.name, '+' ORDER BY f.place) FROM unnest($1::text[]) WITH ORDINALITY AS f(name, place)
				        JOIN pg_roles AS r ON r.rolname = 'rls_' || f.name
				        JOIN pg_roles AS u ON u.rolname = l.name
				        WHERE pg_has_role(u.oid, r.oid, 'USAGE')), 'none') ELSE '' END,
				'as', (SELECT json_agg(json_build_object('role', i.role, 'user', `+named("i.principal")+`) ORDER BY i.role)
				       FROM rls.impersonation AS i WHERE i.login = l.name)) ORDER BY l.name COLLATE "C"), '[]'::json)
				FROM rls.login AS l WHERE l.kind <> 'gateway'`, Forms)
		})
	})
	return out, err
}

// Gateways returns the gateways by name.
func Gateways(ctx context.Context, conn *pgx.Conn) ([]GatewayState, error) {
	out := []GatewayState{}
	err := inTx(ctx, conn, func(c *change) error {
		return c.owner(ctx, func() error {
			return c.document(ctx, &out, `SELECT coalesce(json_agg(json_build_object(
				'gateway', g.login, 'client_role', l.client_role, 'signed', g.signed, 'users', g.users, 'anonymous', g.anonymous,
				'services', ARRAY(SELECT n.service FROM (SELECT unnest(g.services) UNION SELECT s.name FROM rls.service AS s WHERE g.login = ANY (s.gateways)) AS n(service)
				    WHERE NOT EXISTS (SELECT FROM rls.service AS s WHERE s.name = n.service AND g.login <> ALL (s.gateways)) ORDER BY 1), 'tenants', g.tenants, 'on_nobody', g.on_nobody, 'max_transaction', g.max_transaction::text,
				'created_at', l.created_at,
				'keys', (SELECT coalesce(json_agg(json_build_object('id', k.id, 'created_at', k.created_at,
				             'newest', k.position = (SELECT max(n.position) FROM rls.gateway_key AS n WHERE n.gateway = g.login)) ORDER BY k.position), '[]'::json)
				         FROM rls.gateway_key AS k WHERE k.gateway = g.login AND k.inner_pad IS NOT NULL)) ORDER BY g.login COLLATE "C"), '[]'::json)
				FROM rls.gateway AS g JOIN rls.login AS l ON l.name = g.login`)
		})
	})
	return out, err
}

// document reads a query that returns one JSON document.
func (c *change) document(ctx context.Context, into any, query string, args ...any) error {
	var doc []byte
	if err := c.tx.QueryRow(ctx, query, args...).Scan(&doc); err != nil {
		return err
	}
	return json.Unmarshal(doc, into)
}

// Leaver is a registered login as leaving sees it.
type Leaver struct {
	Name    string   `json:"login"`
	Kind    string   `json:"kind"`
	Drop    bool     `json:"drop"`            // registering it made its database role, and no other database relies on it
	Roles   []string `json:"roles,omitempty"` // made for it, which go with it
	Because string   `json:"because,omitempty"`
	Adopted bool     `json:"adopted,omitempty"` // it is released
}

// Leavers returns every registered login in an order in which they can be removed: those that list others first.
func Leavers(ctx context.Context, db DB) ([]Leaver, error) {
	out := []Leaver{}
	err := inTx(ctx, db, func(c *change) error {
		return c.owner(ctx, func() error {
			elsewhere := func(role string) string { return strings.ReplaceAll(elsewhereSQL, "%s", role) }
			return c.document(ctx, &out, `SELECT coalesce(json_agg(json_build_object(
				'login', l.name, 'kind', l.kind, 'adopted', a.login IS NOT NULL,
				'drop', coalesce((l.given ->> 'created')::boolean, false) AND r.oid IS NOT NULL AND NOT `+elsewhere("l.name")+`,
				'roles', (SELECT json_agg(m.role ORDER BY m.role) FROM jsonb_array_elements_text(l.given -> 'roles') AS m(role)),
				'because', CASE WHEN r.oid IS NULL THEN 'its database role is gone'
				    WHEN NOT coalesce((l.given ->> 'created')::boolean, false) THEN 'its database role was there before'
				    WHEN `+elsewhere("l.name")+` THEN 'another database relies on its database role' ELSE '' END)
				ORDER BY a.position DESC NULLS FIRST, l.kind = 'person', l.name COLLATE "C"), '[]'::json)
				FROM rls.login AS l LEFT JOIN pg_roles AS r ON r.rolname = l.name LEFT JOIN rls.adoption AS a ON a.login = l.name`)
		})
	})
	return out, err
}
