package logins

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/compile"
)

// Gateway is the shared login of an application that presents tokens.
type Gateway struct {
	Login          string
	ClientRole     string // "": the only one of the model
	Users          bool   // what its tokens may claim
	Anonymous      bool
	Services       []string
	Tenants        []string // none: any
	Unsigned       bool     // tokens are believed without a signature; for development alone
	EmptyForNobody bool     // a statement of nobody finds no rows instead of raising RL001
	MaxTransaction time.Duration
	Password       Password
	Key            Sink // where the first key goes; nil for an unsigned gateway
}

// gatewayFunctions is all that a gateway may call before it enters.
const gatewayFunctions = "FUNCTION rls.enter(text), rls.open_token(text), rls.session_problems()"

// AddGateway registers a gateway. It returns *Refusal where that must not be. The key is in its sink if and only if the
// gateway is registered.
func AddGateway(ctx context.Context, conn *pgx.Conn, g Gateway) (Added, error) {
	a := Added{Login: g.Login}
	if err := g.complete(); err != nil {
		return a, err
	}
	err := withKey(g.Key, func(k *key) error {
		return inTx(ctx, conn, func(c *change) (err error) {
			var schemas, plans []string
			err = c.owner(ctx, func() error {
				if err := c.free(ctx, g.Login); err != nil {
					return err
				}
				if a.ClientRole, err = c.clientRole(ctx, g.ClientRole); err != nil {
					return err
				}
				if err := c.fit(ctx, g.Login, a.ClientRole); err != nil {
					return err
				}
				if err := c.bare(ctx, g.Login); err != nil {
					return err
				}
				if a.Unnamed, err = c.services(ctx, g.Login, g.Services); err != nil {
					return err
				}
				if schemas, plans, err = c.planned(ctx, a.ClientRole); err != nil {
					return err
				}
				return c.keepSchemas(ctx, g.Login, schemas)
			})
			if err != nil {
				return err
			}
			if a.Created, err = c.ready(ctx, g.Login, false, g.Password.verifier); err != nil {
				return err
			}
			gave := given{Created: a.Created}
			if gave.Memberships, err = c.join(ctx, g.Login, a.ClientRole, false); err != nil {
				return err
			}
			for _, role := range plans {
				joined, err := c.join(ctx, g.Login, role, false)
				if err != nil {
					return err
				}
				gave.Memberships = append(gave.Memberships, joined...)
			}
			if gave.Schemas, err = c.useSchemas(ctx, g.Login, schemas); err != nil {
				return err
			}
			if gave.Hidden, a.Shown, err = c.hideActivity(ctx, g.Login); err != nil {
				return err
			}
			if gave.Limits, gave.Password, err = c.state(ctx, g.Login); err != nil {
				return err
			}
			if err := apply.Lock(ctx, c.tx, apply.LockTools); err != nil {
				return err
			}
			return c.owner(ctx, func() error {
				sql, err := g.registration(a.ClientRole, gave)
				if err != nil {
					return err
				}
				if err := c.exec(ctx, "register the gateway", sql, pgx.QueryExecModeSimpleProtocol); err != nil {
					return err
				}
				var wanted, undone []policies.Object
				for _, s := range schemas {
					if s == "rls" {
						continue
					}
					wanted = append(wanted, compile.SchemaUsage(s, g.Login))
					if slices.Contains(gave.Schemas, s) {
						undone = append(undone, wanted[len(wanted)-1])
					}
				}
				for _, role := range plans {
					wanted = append(wanted, compile.MayTake(role, g.Login, c.version))
					if slices.Contains(gave.Memberships, membership{g.Login, role}) {
						undone = append(undone, wanted[len(wanted)-1])
					}
				}
				if err := c.remember(ctx, wanted, undone); err != nil {
					return err
				}
				if k == nil {
					return nil
				}
				a.Key = k.id
				return c.addKey(ctx, g.Login, k)
			})
		})
	})
	return a, err
}

// complete refuses what is not all that a gateway needs, and fills in what may be left out.
func (g *Gateway) complete() error {
	if err := g.claimed(); err != nil {
		return err
	}
	switch {
	case g.Unsigned && g.Key != nil:
		return refuse("Leave out --key-file and --key-to, or --unsigned.", "an unsigned gateway has no key")
	case !g.Unsigned && g.Key == nil:
		return refuse("Add --key-file PATH or --key-to COMMAND.", "gateway %q has nowhere to keep its key", g.Login)
	}
	return nil
}

func (g *Gateway) claimed() error {
	if !g.Users && !g.Anonymous && len(g.Services) == 0 {
		return refuse("Add at least one of --users, --anonymous and --service NAME.", "gateway %q may claim nobody", g.Login)
	}
	if g.MaxTransaction <= 0 {
		g.MaxTransaction = 15 * time.Minute
	}
	return nil
}

// registration is what rls_owner does for a gateway, but for its key.
func (g *Gateway) registration(client string, gave given) (string, error) {
	doc, err := json.Marshal(gave)
	if err != nil {
		return "", err
	}
	login, lit := policies.Ident(g.Login), policies.Literal
	list := func(names []string) string {
		out := make([]string, len(names))
		for i, n := range names {
			out[i] = lit(n)
		}
		return "ARRAY[" + strings.Join(out, ", ") + "]::text[]"
	}
	onNobody, tenants := "error", "NULL"
	if g.EmptyForNobody {
		onNobody = "empty"
	}
	if len(g.Tenants) > 0 {
		tenants = list(g.Tenants)
	}
	return fmt.Sprintf(`GRANT USAGE ON SCHEMA rls TO %s;
GRANT EXECUTE ON %s TO %s;
INSERT INTO rls.login (name, kind, client_role, given) VALUES (%s, 'gateway', %s, %s::jsonb);
INSERT INTO rls.gateway (login, signed, users, anonymous, services, tenants, on_nobody, max_transaction)
VALUES (%s, %t, %t, %t, %s, %s, %s, interval '%d microseconds')`, login, gatewayFunctions, login, lit(g.Login), lit(client), lit(string(doc)),
		lit(g.Login), !g.Unsigned, g.Users, g.Anonymous, list(g.Services), tenants, lit(onNobody), g.MaxTransaction.Microseconds()), nil
}

// planned returns the schemas of the resources, and the plan roles of a client role. As rls_owner.
func (c *change) planned(ctx context.Context, client string) (schemas, plans []string, err error) {
	rows, _ := c.tx.Query(ctx, "SELECT DISTINCT r.table_schema::text FROM rls.protected_table AS r ORDER BY 1")
	if schemas, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return nil, nil, err
	}
	rows, _ = c.tx.Query(ctx, "SELECT p.role FROM rls.plan_role AS p WHERE p.client_role = $1 ORDER BY 1", client)
	plans, err = pgx.CollectRows(rows, pgx.RowTo[string])
	return schemas, plans, err
}

// services returns those of the named services that the model does not have, and refuses one that the model gives to other
// gateways alone: the model is the source. As rls_owner.
func (c *change) services(ctx context.Context, login string, names []string) ([]string, error) {
	rows, _ := c.tx.Query(ctx, `SELECT n.name, s.name IS NOT NULL, rls.may_claim(n.name, $1, $2)
		FROM unnest($2::text[]) AS n(name) LEFT JOIN rls.service AS s ON s.name = n.name`, login, names)
	type service struct {
		Name           string
		Known, Granted bool
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[service])
	var unnamed []string
	for _, s := range list {
		switch {
		case !s.Known:
			unnamed = append(unnamed, s.Name)
		case !s.Granted:
			return nil, refuse(fmt.Sprintf("Add %q to \"gateways\" of service %s in the model, and apply it.", login, s.Name),
				"the model gives service %q to other gateways", s.Name)
		}
	}
	return unnamed, err
}

// bare refuses a database role that holds table privileges of its own: a gateway reads only after it has entered.
func (c *change) bare(ctx context.Context, name string) error {
	rows, _ := c.tx.Query(ctx, `
		SELECT DISTINCT format('%I.%I', r.table_schema, r.table_name)
		FROM rls.protected_table AS r
		JOIN pg_class AS t ON t.oid = r.oid
		WHERE EXISTS (
			SELECT FROM (
				SELECT x.grantee FROM aclexplode(t.relacl) AS x
				UNION ALL
				SELECT x.grantee FROM pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x WHERE a.attrelid = t.oid
			) AS held
			JOIN pg_roles AS g ON g.oid = held.grantee AND g.rolname = $1)
		ORDER BY 1 LIMIT 1`, name)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(list) == 0 {
		return err
	}
	return refuse(fmt.Sprintf("Run REVOKE ALL ON %s FROM %s; the client role holds what is needed.", list[0], policies.Ident(name)),
		"database role %q holds privileges of its own on %s", name, list[0])
}

// keepSchemas remembers the privileges of schemas that a login is about to get USAGE of. As rls_owner.
func (c *change) keepSchemas(ctx context.Context, login string, schemas []string) error {
	var names []string
	for _, s := range schemas {
		names = append(names, compile.SchemaUsage(s, login).Name)
	}
	return c.exec(ctx, "remember the privileges of before", "SELECT rls.keep_acls($1)", names)
}

// takeSchemas takes back what useSchemas gave, and more that was to undo.
func (c *change) takeSchemas(ctx context.Context, login string, g given, more ...string) error {
	var undo []string
	for _, s := range g.Schemas {
		undo = append(undo, compile.SchemaUsage(s, login).Drop)
	}
	for _, u := range more {
		if u != "" && !slices.Contains(undo, u) {
			undo = append(undo, u)
		}
	}
	if len(undo) == 0 {
		return nil
	}
	return c.exec(ctx, "take the schemas back", strings.Join(undo, "\n"), pgx.QueryExecModeSimpleProtocol)
}

// useSchemas lets a gateway parse statements before it enters, and reports the schemas where that was new.
func (c *change) useSchemas(ctx context.Context, login string, schemas []string) ([]string, error) {
	var gave []string
	for _, s := range schemas {
		if s == "rls" {
			continue
		}
		var have, may bool
		const holds = `SELECT EXISTS (SELECT FROM pg_namespace AS n CROSS JOIN LATERAL aclexplode(n.nspacl) AS x
			JOIN pg_roles AS r ON r.oid = x.grantee WHERE n.nspname = $2 AND r.rolname = $1 AND x.privilege_type = 'USAGE'),
			has_schema_privilege($1, $2, 'USAGE')`
		if err := c.tx.QueryRow(ctx, holds, login, s).Scan(&have, &may); err != nil {
			return nil, err
		}
		if have {
			continue
		}
		// What PUBLIC has, this login need not be able to grant; and a GRANT without the right to it can be a mere warning.
		nested, err := c.tx.Begin(ctx)
		if err != nil {
			return nil, err
		}
		_, err = nested.Exec(ctx, compile.SchemaUsage(s, login).Create)
		var pg *pgconn.PgError
		switch {
		case err == nil:
			err = nested.Commit(ctx)
		case may && errors.As(err, &pg) && pg.Code == "42501":
			err = nested.Rollback(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("grant USAGE on schema %q: %w", s, err)
		}
		if err := c.tx.QueryRow(ctx, holds, login, s).Scan(&have, &may); err != nil {
			return nil, err
		}
		if !may {
			return nil, refuse("Connect with the schema's owner.", "USAGE on schema %q cannot be granted by this login", s)
		}
		if have {
			gave = append(gave, s)
		}
	}
	return gave, nil
}

// hideActivity keeps the statements of a gateway, and tokens that drivers paste into them, out of pg_stat_activity, where each of its
// connections could read those of the others. shown says that this login may not set that.
func (c *change) hideActivity(ctx context.Context, login string) (hidden, shown bool, err error) {
	var off bool
	const isOff = `SELECT EXISTS (SELECT FROM pg_db_role_setting AS d JOIN pg_roles AS r ON r.oid = d.setrole
		WHERE r.rolname = $1 AND d.setdatabase = 0 AND 'track_activities=off' = ANY (d.setconfig))`
	if err := c.tx.QueryRow(ctx, isOff, login).Scan(&off); err != nil || off {
		return false, false, err
	}
	may, err := c.track(ctx, login, "SET track_activities = off")
	return may && err == nil, !may && err == nil, err
}

// track changes whether the server shows what a login is doing, and reports whether this login may change that.
func (c *change) track(ctx context.Context, login, do string) (may bool, err error) {
	err = pgx.BeginFunc(ctx, c.tx, func(nested pgx.Tx) error {
		_, err := nested.Exec(ctx, fmt.Sprintf("ALTER ROLE %s %s", policies.Ident(login), do))
		return err
	})
	var pg *pgconn.PgError
	switch {
	case errors.As(err, &pg) && pg.Code == "42501":
		return false, nil
	case err != nil:
		return false, fmt.Errorf("hide or show the statements of %q: %w", login, err)
	}
	return true, nil
}

// state is what clients of a gateway could change about its login for good: the limits that it starts with, and a hash of
// its password's verifier, where this login may read that.
func (c *change) state(ctx context.Context, login string) (limits *[]string, password string, err error) {
	rows, _ := c.tx.Query(ctx, `SELECT s.setting FROM pg_db_role_setting AS d JOIN pg_roles AS r ON r.oid = d.setrole CROSS JOIN LATERAL unnest(d.setconfig) AS s(setting)
		WHERE r.rolname = $1 AND d.setdatabase IN (0, (SELECT b.oid FROM pg_database AS b WHERE b.datname = current_database()))
		  AND split_part(s.setting, '=', 1) IN ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout') ORDER BY 1`, login)
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, "", err
	}
	hashes, err := PasswordHashes(ctx, c.tx)
	return &list, hashes[login], err
}

// PasswordHashes are hashes of the verifiers of passwords, by database role; none where this login may not read them.
func PasswordHashes(ctx context.Context, tx pgx.Tx) (map[string]string, error) {
	var may bool
	if err := tx.QueryRow(ctx, "SELECT has_column_privilege('pg_authid', 'rolpassword', 'SELECT')").Scan(&may); err != nil || !may {
		return nil, err
	}
	out := map[string]string{}
	rows, _ := tx.Query(ctx, "SELECT a.rolname::text, encode(sha256(convert_to(a.rolpassword, 'UTF8')), 'hex') FROM pg_authid AS a WHERE a.rolpassword IS NOT NULL")
	var role, hash string
	_, err := pgx.ForEachRow(rows, []any{&role, &hash}, func() error {
		out[role] = hash
		return nil
	})
	return out, err
}

// Confirm writes down the limits and the password of a gateway as they are now, and hides its statements as adding it does.
func Confirm(ctx context.Context, conn *pgx.Conn, name string) (shown bool, err error) {
	err = inTx(ctx, conn, func(c *change) error {
		var g given
		if err := c.owner(ctx, func() (err error) {
			g, err = c.registered(ctx, &Removed{Login: name}, KindGateway)
			return err
		}); err != nil {
			return err
		}
		hidden, not, err := c.hideActivity(ctx, name)
		if err != nil {
			return err
		}
		shown, g.Hidden = not, g.Hidden || hidden
		if g.Limits, g.Password, err = c.state(ctx, name); err != nil {
			return err
		}
		return c.owner(ctx, func() error { return c.note(ctx, "write the state down", name, g) })
	})
	return shown, err
}

// remember tells the manifest what a plan would want for the gateway, so that the next plan is still empty. As rls_owner, with
// the lock of the manifest.
// What was there before is not taken back: undone are those that this call has made.
func (c *change) remember(ctx context.Context, wanted, undone []policies.Object) error {
	for _, o := range wanted {
		undo := ""
		if slices.Contains(undone, o) {
			undo = o.Drop
		}
		if err := c.exec(ctx, "update the manifest", manifestSQL(o, undo), pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
	}
	return nil
}

// manifestSQL tells the manifest of an object that is there.
func manifestSQL(o policies.Object, undo string) string {
	lit := policies.Literal
	return fmt.Sprintf(`INSERT INTO rls.compiled (kind, name, resource, title, table_name, shape, hash, fingerprint, undo, as_owner)
SELECT s.kind, s.name, '', %s, '', '', %s, s.fingerprint, %s, false FROM rls.object_state AS s WHERE s.kind = %s AND s.name = %s
ON CONFLICT (kind, name) DO UPDATE SET hash = EXCLUDED.hash, fingerprint = EXCLUDED.fingerprint`,
		lit(o.Title), lit(o.Hash()), lit(undo), lit(string(o.Kind)), lit(o.Name))
}

// ofLogin are the entries of the manifest that are about the login whose identity is $1.
const ofLogin = "(i.kind = 'privilege' AND starts_with(i.name, $1 || '.') OR i.kind = 'membership' AND right(i.name, length($1) + 1) = '.' || $1)"

// forget takes a gateway's schemas out of the manifest, whose undo would fail once the role is gone, and back from the
// role, where that exists.
func (c *change) forget(ctx context.Context, login string, exists bool, g given) error {
	type entry struct {
		Name, Undo string
	}
	var entries []entry
	if err := apply.Lock(ctx, c.tx, apply.LockTools); err != nil {
		return err
	}
	err := c.owner(ctx, func() (err error) {
		rows, _ := c.tx.Query(ctx, "DELETE FROM rls.compiled AS i WHERE "+ofLogin+" RETURNING i.name, i.undo", policies.Identity(login))
		entries, err = pgx.CollectRows(rows, pgx.RowToStructByPos[entry])
		if err != nil || !exists {
			return err
		}
		role := policies.Ident(login)
		return c.exec(ctx, "take the kernel back", fmt.Sprintf("REVOKE EXECUTE ON %s FROM %s; REVOKE USAGE ON SCHEMA rls FROM %s", gatewayFunctions, role, role),
			pgx.QueryExecModeSimpleProtocol)
	})
	if err != nil || !exists {
		return err
	}
	var more []string
	for _, e := range entries {
		more = append(more, e.Undo)
	}
	return c.takeSchemas(ctx, login, g, more...)
}
