package demo

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/pgsession"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/examples/acme"
)

// victim is whom the attacker wants to be.
const victim = "olga"

// attack is one thing that a client with any SQL it likes can try.
type attack struct {
	what string
	try  func(ctx context.Context, tx pgx.Tx) error
}

// attacks prints what becomes of an attacker who writes SQL on the application's connection, and reports whether
// everything was refused.
func (d *demo) attacks(ctx context.Context) (bool, error) {
	key, err := pgsession.FileKeys(d.keyFile()).Key(ctx)
	if err != nil {
		return false, err
	}
	wrong, err := pgsession.NewKey(key.ID(), []byte(random(16)))
	if err != nil {
		return false, err
	}
	connect := func() (*pgx.Conn, error) { return pgx.ConnectConfig(ctx, d.config(roleGateway, d.database)) }
	conn, err := connect()
	if err != nil {
		return false, fmt.Errorf("connect the gateway: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is pending
	// Somebody else's transaction, whose context is copied while it lives.
	other, err := connect()
	if err != nil {
		return false, fmt.Errorf("connect the gateway: %w", err)
	}
	defer other.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is pending
	theirs, err := other.Begin(ctx)
	if err != nil {
		return false, err
	}
	if err := enter(ctx, theirs, key, victim, time.Minute/2); err != nil {
		return false, fmt.Errorf("enter as %s: %w", victim, err)
	}
	var copied, id string
	if err := theirs.QueryRow(ctx, "SELECT current_setting('rls.context'), rls.principal()").Scan(&copied, &id); err != nil {
		return false, err
	}
	client, them := policies.Ident("rls_any_"+d.role(acme.ClientRole)), policies.Ident(d.role(victim))
	forged := fmt.Sprintf("user|%s|token|||1||%d|%s", hex.EncodeToString([]byte(id)), time.Now().Add(time.Hour).Unix(), strings.Repeat("0", 64))

	run := func(sql ...string) func(context.Context, pgx.Tx) error {
		return func(ctx context.Context, tx pgx.Tx) error {
			for _, s := range append(sql, question) {
				if _, err := tx.Exec(ctx, s); err != nil {
					return err
				}
			}
			return nil
		}
	}
	token := func(k pgsession.Key, life time.Duration) func(context.Context, pgx.Tx) error {
		return func(ctx context.Context, tx pgx.Tx) error {
			if err := enter(ctx, tx, k, victim, life); err != nil {
				return err
			}
			return run()(ctx, tx)
		}
	}
	list := []attack{
		{"no token", run("SET LOCAL ROLE " + client)},
		{"SET rls.context by hand", run("SET LOCAL ROLE "+client, "SET LOCAL rls.context = "+policies.Literal(forged))},
		{"SET ROLE " + d.role(victim), run("SET LOCAL ROLE " + them)},
		{"a forged token", token(wrong, time.Minute/2)},
		{"an expired token", token(key, -time.Second)},
		{"a copied context", run("SET LOCAL ROLE "+client, "SET LOCAL rls.context = "+policies.Literal(copied))},
		{"lena's token, then " + victim + "'s", func(ctx context.Context, tx pgx.Tx) error {
			if err := enter(ctx, tx, key, "lena", time.Minute/2); err != nil {
				return fmt.Errorf("enter as lena: %s", err)
			}
			return token(key, time.Minute/2)(ctx, tx)
		}},
	}
	var rows [][2]string
	good := true
	for _, a := range list {
		said, refused, err := outcome(ctx, conn, a)
		if err != nil {
			return false, fmt.Errorf("%s: %w", a.what, err)
		}
		good = good && refused
		rows = append(rows, [2]string{a.what, said})
	}
	_ = theirs.Rollback(ctx)

	// On a login of their own, settings are ignored.
	still, err := d.asLena(ctx, forged)
	if err != nil {
		return false, err
	}
	good = good && slices.Equal(still, expected("lena"))
	rows = append(rows, [2]string{"lena's login, context set", "still sees " + listed(still)})

	fmt.Fprintf(d.Out, "\n%s\n\n", d.Paint("1", fmt.Sprintf("An attacker writes SQL on the application's connection, to be %s", victim)))
	width := 0
	for _, r := range rows {
		width = max(width, len(r[0]))
	}
	for _, r := range rows {
		fmt.Fprintf(d.Out, "  %-*s  %s\n", width, r[0], r[1])
	}
	verdict := d.Paint("32", "ok:") + " every attempt was refused"
	if !good {
		verdict = d.Paint("31", "WRONG:") + " not every attempt was refused"
	}
	fmt.Fprintf(d.Out, "\n  %s\n", verdict)
	return good, nil
}

// outcome runs one attack in a transaction of its own and says how the server refused it.
func outcome(ctx context.Context, conn *pgx.Conn, a attack) (said string, refused bool, err error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return "", false, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is kept
	err = a.try(ctx, tx)
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return "WENT THROUGH", false, nil
	case errors.As(err, &pg) && (pg.Code == "42501" || strings.HasPrefix(pg.Code, "RL")):
		return "refused: " + pg.Message + " (" + pg.Code + ")", true, nil
	}
	return "", false, err
}

// enter presents a token as any program could.
func enter(ctx context.Context, tx pgx.Tx, k pgsession.Key, login string, life time.Duration) error {
	token, err := pgsession.Mint(k, pgsession.Claims{Principal: pgsession.Subject("acme|" + login), Expires: time.Now().Add(life)})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "SELECT rls.enter($1)", token)
	return err
}

// asLena asks with lena's own login after setting the context by hand.
func (d *demo) asLena(ctx context.Context, forged string) ([]int64, error) {
	conn, err := pgx.ConnectConfig(ctx, d.config("lena", d.database))
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is pending
	if _, err := conn.Exec(ctx, "SELECT set_config('rls.context', $1, false)", forged); err != nil {
		return nil, err
	}
	return query(ctx, conn)
}
