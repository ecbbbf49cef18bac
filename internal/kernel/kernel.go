// Package kernel installs, reports and removes the kernel with goose.
package kernel

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"

	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"github.com/rlsctl/rlsctl/migrations"
)

// Roles are the database roles that the kernel makes, in an order in which they can be dropped. They are shared by the
// databases of a cluster.
var Roles = []string{"rls_any", "rls_narrow", "rls_middle", "rls_wide", "rls_all", "rls_client", "rls_owner"}

// PlanRoles are the database roles that a model makes for a client role.
func PlanRoles(client string) []string {
	var out []string
	for _, r := range Roles[:5] {
		out = append(out, r+"_"+client)
	}
	return out
}

// Step is one migration and whether it is applied.
type Step struct {
	Version int64
	Name    string
	Applied bool
}

// Up runs all pending migrations in one transaction and returns them. Nothing is kept if one of them fails; running it
// again does nothing. Programs that do it at once wait for each other.
func Up(ctx context.Context, conn *pgx.Conn) ([]Step, error) {
	return up(ctx, conn, migrations.FS)
}

func up(ctx context.Context, conn *pgx.Conn, files fs.FS) ([]Step, error) {
	return run(ctx, conn, files, func(p *goose.Provider) ([]*goose.MigrationResult, error) { return p.Up(ctx) })
}

// DB is a connection, or a transaction on one, of which the work is then a part.
type DB interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Down removes the kernel in one transaction. It refuses while compiled objects or logins are installed.
func Down(ctx context.Context, db DB) ([]Step, error) {
	return run(ctx, db, migrations.FS, func(p *goose.Provider) ([]*goose.MigrationResult, error) { return p.DownTo(ctx, 0) })
}

// Status returns every migration, and changes nothing.
func Status(ctx context.Context, conn *pgx.Conn) ([]Step, error) {
	var out []Step
	err := inTx(ctx, conn, false, func(db *sql.DB) error {
		p, err := provider(db, migrations.FS)
		if err != nil {
			return err
		}
		list, err := p.Status(ctx)
		if err != nil {
			return err
		}
		for _, s := range list {
			out = append(out, Step{s.Source.Version, s.Source.Path, s.State == goose.StateApplied})
		}
		return nil
	})
	return out, err
}

func provider(db *sql.DB, files fs.FS) (*goose.Provider, error) {
	store, err := database.NewStore(database.DialectPostgres, migrations.QualifiedTable)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider("", db, files, goose.WithStore(store), goose.WithLogger(log.New(io.Discard, "", 0)))
}

func run(ctx context.Context, on DB, files fs.FS, fn func(*goose.Provider) ([]*goose.MigrationResult, error)) ([]Step, error) {
	var out []Step
	err := inTx(ctx, on, true, func(db *sql.DB) error {
		p, err := provider(db, files)
		if err != nil {
			return err
		}
		results, err := fn(p)
		var partial *goose.PartialError
		if errors.As(err, &partial) {
			return fmt.Errorf("migration %s: %w", partial.Failed.Source.Path, unwrapServer(partial.Err))
		}
		if err != nil {
			return unwrapServer(err)
		}
		for _, r := range results {
			out = append(out, Step{r.Source.Version, r.Source.Path, r.Direction == "up"})
		}
		return nil
	})
	return out, err
}
