// Package inspect reads a live database: its tables, roles and what the toolkit put there. It is the only reader of
// pg_catalog.
package inspect

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/internal/ownership"
	"github.com/rlsctl/rlsctl/migrations"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/sql"
)

var (
	//go:embed tables.sql
	tablesSQL string
	//go:embed roles.sql
	rolesSQL string
	//go:embed schemas.sql
	schemasSQL string
	//go:embed installed.sql
	installedSQL string
	//go:embed dependents.sql
	dependentsSQL string
	//go:embed planowned.sql
	planOwnedSQL string
)

const gatewaysSQL = `
SELECT coalesce(json_agg(json_build_object('login', g.login, 'client_role', l.client_role) ORDER BY g.login), '[]'::json)
FROM rls.gateway AS g JOIN rls.login AS l ON l.name = g.login`

// Catalog reads the database that conn is connected to, in a transaction that leaves nothing behind.
// Without the kernel the catalog has Kernel 0 and nothing installed.
func Catalog(ctx context.Context, conn *pgx.Conn) (*policies.Catalog, error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	defer tx.Rollback(ctx) //nolint:errcheck // read only; the connection's error has been reported
	return InTx(ctx, tx)
}

// InTx is Catalog inside a transaction of the caller's, which must be writable. It leaves search_path as pg_catalog.
func InTx(ctx context.Context, tx pgx.Tx) (*policies.Catalog, error) {
	c := &policies.Catalog{}
	// The names in definitions must not depend on the login's search_path. The server thinks so badly of these queries that
	// it would spend seconds on compiling them.
	if _, err := tx.Exec(ctx, "SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true), pg_catalog.set_config('jit', 'off', true)"); err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	if _, err := tx.Exec(ctx, policies.PinSQL(policies.Pins(""))); err != nil { // nor how constants are written on its settings
		return nil, fmt.Errorf("inspect: %w", err)
	}
	var installed bool
	// Not to_regclass: it raises where the login has no USAGE on the schema.
	if err := tx.QueryRow(ctx, `SELECT current_setting('server_version_num')::integer, EXISTS (
		SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'rls' AND c.relname = 'compiled')`).
		Scan(&c.ServerVersion, &installed); err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	leaks, _ := tx.Query(ctx, sql.ServerLeaks(), c.ServerVersion) // its error is CollectRows's, too
	var err error
	if c.ServerLeaks, err = pgx.CollectRows(leaks, pgx.RowToStructByPos[policies.Leak]); err != nil {
		return nil, fmt.Errorf("inspect the server: %w", err)
	}
	if err := document(ctx, tx, tablesSQL, &c.Tables, nil); err != nil {
		return nil, fmt.Errorf("inspect tables: %w", err)
	}
	if err := document(ctx, tx, rolesSQL, &c.Roles); err != nil {
		return nil, fmt.Errorf("inspect roles: %w", err)
	}
	if err := document(ctx, tx, schemasSQL, &c.Schemas); err != nil {
		return nil, fmt.Errorf("inspect schemas: %w", err)
	}
	if c.Readers, err = readers(ctx, tx, c.Tables); err != nil {
		return nil, fmt.Errorf("inspect views, functions and the like: %w", err)
	}
	if !installed {
		return c, nil
	}
	if c.Kernel, err = kernel(ctx, tx); err != nil {
		return nil, fmt.Errorf("inspect the kernel: %w", err)
	}
	err = ownership.Do(ctx, tx, func() error {
		if err := document(ctx, tx, gatewaysSQL, &c.Gateways); err != nil {
			return fmt.Errorf("inspect gateways: %w", err)
		}
		if err := document(ctx, tx, installedSQL, &c.Installed); err != nil {
			return fmt.Errorf("inspect installed objects: %w", err)
		}
		if err := document(ctx, tx, planOwnedSQL, &c.PlanOwned); err != nil {
			return fmt.Errorf("inspect what plan roles own: %w", err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Tables reads tables by their identities, as rls.object_state spells them.
func Tables(ctx context.Context, tx pgx.Tx, identities []string) ([]policies.Table, error) {
	var out []policies.Table
	if err := document(ctx, tx, tablesSQL, &out, identities); err != nil {
		return nil, fmt.Errorf("inspect tables: %w", err)
	}
	return out, nil
}

// KernelUnknown is the version of a kernel whose version table this login may not read.
const KernelUnknown = 1

// NewestKernel is the version of the kernel that this program brings.
func NewestKernel() int64 { return migrations.Newest() }

// kernel returns the version of the last migration that was applied.
func kernel(ctx context.Context, tx pgx.Tx) (int64, error) {
	var readable bool
	if err := tx.QueryRow(ctx, `SELECT coalesce((SELECT has_table_privilege(c.oid, 'SELECT') FROM pg_class AS c
		JOIN pg_namespace AS n ON n.oid = c.relnamespace AND n.nspname = 'public' WHERE c.relname = 'rls_goose_version'), false)
		AND has_schema_privilege('public', 'USAGE')`).Scan(&readable); err != nil || !readable {
		return KernelUnknown, err
	}
	var version int64
	err := tx.QueryRow(ctx, "SELECT coalesce(max(v.version_id), 0) FROM "+migrations.QualifiedTable+" AS v WHERE v.is_applied").Scan(&version)
	return max(version, KernelUnknown), err
}

// document reads a query that returns one JSON document.
func document(ctx context.Context, tx pgx.Tx, query string, into any, args ...any) error {
	var doc []byte
	if err := tx.QueryRow(ctx, query, args...).Scan(&doc); err != nil {
		return err
	}
	return json.Unmarshal(doc, into)
}

// Expression asks the server whether an expression over the rows of a table is valid and boolean, without reading a
// row. It returns "" if so, else what is wrong.
func Expression(ctx context.Context, tx pgx.Tx, table policies.TableName, compiled string) (string, error) {
	nested, err := tx.Begin(ctx)
	if err != nil {
		return "", fmt.Errorf("probe an expression: %w", err)
	}
	defer nested.Rollback(ctx) //nolint:errcheck // a savepoint that is rolled back in any case
	// Parsed and no more: planning would run functions in index predicates, which belong to the table's owner.
	_, err = nested.Conn().Prepare(ctx, "", fmt.Sprintf("SELECT 1 FROM %s AS t WHERE (%s)", table, compiled))
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code[:2] == "42" || pg.Code[:2] == "22") { // 22: a literal that its type cannot hold
		return pg.Message, nil
	}
	return "", err
}

// Dependents returns what of c's installed objects depends on columns of the tables, directly or not, in the order of
// creation. Names are quoted: schema.table. The transaction is one after InTx.
func Dependents(ctx context.Context, tx pgx.Tx, c *policies.Catalog, tables []string) ([]policies.Installed, error) {
	rows, _ := tx.Query(ctx, dependentsSQL, tables)
	type object struct{ Kind, Name string }
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[object])
	if err != nil {
		return nil, fmt.Errorf("inspect dependents: %w", err)
	}
	found := map[object]bool{}
	for _, o := range list {
		found[o] = true
	}
	var out []policies.Installed
	for _, i := range c.Installed {
		if i.Actual != "" && found[object{string(i.Kind), i.Name}] {
			out = append(out, i)
		}
	}
	return out, nil
}
