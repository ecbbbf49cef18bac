// Package ownership lends the running login the rights of rls_owner for one transaction.
//
// Whoever is a member of rls_owner sees every row of the tables that the graph is read from, so the membership is
// granted and revoked inside the transaction and nobody else ever sees it. A database superuser needs none.
package ownership

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// Do calls fn with the rights of rls_owner and takes them back afterwards. The transaction must be writable.
// If fn fails the transaction has to be rolled back, which takes them back as well.
func Do(ctx context.Context, tx pgx.Tx, fn func() error) error {
	release, err := Borrow(ctx, tx)
	if err != nil {
		return err
	}
	if err := As(ctx, tx, fn); err != nil {
		return err
	}
	return release()
}

// As is Do for a login that is a member of rls_owner, as after Borrow.
func As(ctx context.Context, tx pgx.Tx, fn func() error) error {
	if err := Become(ctx, tx); err != nil {
		return err
	}
	if err := fn(); err != nil {
		return err
	}
	return Leave(ctx, tx)
}

// Borrow makes the login a member of rls_owner until the returned function is called.
func Borrow(ctx context.Context, tx pgx.Tx) (release func() error, err error) {
	var superuser bool
	if err := tx.QueryRow(ctx, "SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user").Scan(&superuser); err != nil {
		return nil, fmt.Errorf("look up the login: %w", err)
	}
	if superuser {
		return func() error { return nil }, nil
	}
	if _, err := tx.Exec(ctx, "GRANT rls_owner TO CURRENT_USER"); err != nil {
		return nil, fmt.Errorf("borrow the rights of rls_owner: %w", err)
	}
	return func() error {
		if _, err := tx.Exec(ctx, "REVOKE rls_owner FROM CURRENT_USER"); err != nil {
			return fmt.Errorf("give back the rights of rls_owner: %w", err)
		}
		return nil
	}, nil
}

// Become runs what follows as rls_owner.
func Become(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "SET LOCAL ROLE rls_owner"); err != nil {
		return fmt.Errorf("become rls_owner: %w", err)
	}
	return nil
}

// Leave runs what follows as the login again.
func Leave(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, "RESET ROLE"); err != nil {
		return fmt.Errorf("leave rls_owner: %w", err)
	}
	return nil
}
