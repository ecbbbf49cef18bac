package logins

import (
	"context"
	_ "embed"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
)

//go:embed structure.sql
var structureSQL string

// Shown is what an impersonating login holds of a table by itself, before SET ROLE.
type Shown struct {
	Table    string // as SQL writes it
	Schema   string
	Resource bool     // the model names it: it is no partition, no child, and no resource of before
	Filtered bool     // whoever is nobody sees no row of it
	Wanted   bool     // --structure shows it
	Columns  string   // " (a, b)" where the client role reads these alone
	Missing  bool     // of what is wanted
	Held     bool     // some privilege, given to the login itself
	More     []string // privileges beyond what is wanted, given to the login itself
}

// Structure lists the tables of resources, and those in given, as an impersonating login of a client role sees them before
// SET ROLE. It must run as rls_owner.
func Structure(ctx context.Context, tx pgx.Tx, login, client string, given []string) ([]Shown, error) {
	rows, _ := tx.Query(ctx, structureSQL, login, client, given)
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Shown])
	if err != nil {
		return nil, fmt.Errorf("look up what login %q sees of tables: %w", login, err)
	}
	return list, nil
}

// structure is Structure on the change's transaction.
func (c *change) structure(ctx context.Context, login, client string, given []string) (list []Shown, err error) {
	err = c.owner(ctx, func() error {
		list, err = Structure(ctx, c.tx, login, client, given)
		return err
	})
	return list, err
}

// show gives a login SELECT of the tables whose structure it is to see, takes it from those that are no such tables any
// more, and notes both in g. It reports the tables that are left out because the login would see rows of them.
func (c *change) show(ctx context.Context, login, client string, g *given) (skipped []string, err error) {
	list, err := c.structure(ctx, login, client, g.Tables)
	if err != nil {
		return nil, err
	}
	role := policies.Ident(login)
	var schemas []string
	g.Structure = true
	for _, t := range list {
		if slices.Contains(g.Tables, t.Table) && (!t.Wanted || slices.Contains(t.More, "SELECT")) {
			if err := c.hide(ctx, login, t.Table); err != nil {
				return nil, err
			}
			g.Tables = slices.DeleteFunc(g.Tables, func(s string) bool { return s == t.Table })
			t.Missing = t.Wanted
		}
		if t.Missing {
			if err := c.exec(ctx, "show the structure of "+t.Table, fmt.Sprintf("GRANT SELECT%s ON TABLE %s TO %s", t.Columns, t.Table, role)); err != nil {
				return nil, err
			}
			if !slices.Contains(g.Tables, t.Table) {
				g.Tables = append(g.Tables, t.Table)
			}
		}
		if t.Wanted {
			schemas = append(schemas, t.Schema)
		} else if t.Resource && !t.Filtered {
			skipped = append(skipped, t.Table)
		}
	}
	slices.Sort(schemas)
	schemas = slices.Compact(schemas)
	if err := c.owner(ctx, func() error { return c.keepSchemas(ctx, login, schemas) }); err != nil {
		return nil, err
	}
	gave, err := c.useSchemas(ctx, login, schemas)
	if err != nil {
		return nil, err
	}
	for _, s := range gave {
		if !slices.Contains(g.Schemas, s) {
			g.Schemas = append(g.Schemas, s)
		}
	}
	// A GRANT without the right to it can be a mere warning.
	if list, err = c.structure(ctx, login, client, g.Tables); err != nil {
		return nil, err
	}
	for _, t := range list {
		if t.Missing {
			return nil, refuse("Connect with the owner of the table.", "SELECT on %s cannot be granted by this login", t.Table)
		}
	}
	return skipped, nil
}

// hide takes back what show gave of a table, where that is still there. A privilege of columns is taken as such: REVOKE on
// the table would write down its owner's default privileges.
func (c *change) hide(ctx context.Context, login, table string) error {
	rows, _ := c.tx.Query(ctx, `SELECT x.columns FROM pg_class AS c
		JOIN pg_roles AS l ON l.rolname = $2
		CROSS JOIN LATERAL (
			SELECT '' FROM aclexplode(c.relacl) AS r WHERE r.grantee = l.oid AND r.privilege_type = 'SELECT'
			UNION ALL SELECT format('(%I)', a.attname) FROM pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS r
			WHERE a.attrelid = c.oid AND NOT a.attisdropped AND r.grantee = l.oid AND r.privilege_type = 'SELECT') AS x(columns)
		WHERE c.oid = to_regclass($1)`, table, login)
	held, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, columns := range held {
		if err := c.exec(ctx, "hide the structure of "+table, fmt.Sprintf("REVOKE SELECT %s ON TABLE %s FROM %s", columns, table, policies.Ident(login))); err != nil {
			return err
		}
	}
	return nil
}

// hideAll takes back all that show gave.
func (c *change) hideAll(ctx context.Context, login string, g given) error {
	for _, t := range g.Tables {
		if err := c.hide(ctx, login, t); err != nil {
			return err
		}
	}
	return c.takeSchemas(ctx, login, g)
}

// ShowStructure shows an impersonating login the structure of the tables that the model has now. It returns *Refusal where
// that must not be.
func ShowStructure(ctx context.Context, db DB, login string) (Added, error) {
	a := Added{Login: login}
	err := inTx(ctx, db, func(c *change) error {
		r := Removed{Login: login}
		var g given
		err := c.owner(ctx, func() (err error) {
			kind, err := c.kind(ctx, login)
			if err != nil {
				return err
			}
			if kind != "" && kind != KindImpersonating {
				return refuse("Name an impersonating login.", "%q is %s", login, article(kind))
			}
			if g, err = c.registered(ctx, &r, KindImpersonating); err != nil {
				return err
			}
			if !g.Structure {
				if err := c.bare(ctx, login); err != nil {
					return err
				}
			}
			return c.tx.QueryRow(ctx, "SELECT l.client_role FROM rls.login AS l WHERE l.name = $1", login).Scan(&a.ClientRole)
		})
		if err != nil {
			return err
		}
		if a.Skipped, err = c.show(ctx, login, a.ClientRole, &g); err != nil {
			return err
		}
		a.Tables = g.Tables
		return c.owner(ctx, func() error { return c.note(ctx, "register the structure", login, g) })
	})
	return a, err
}
