// Package demo shows the toolkit at work: an example company on a throw-away server, the same SQL through several
// clients, and an attacker who is refused.
package demo

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/internal/pgserver"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/examples/acme"
)

// ErrFailed is a demo in which a client saw something else than the model says, or an attacker was not refused.
var ErrFailed = errors.New("the demo failed: row-level security did not do what the model says")

// Options of a demo. The zero value of each but Out is fine.
type Options struct {
	URL      string // of a server to use; "": find or start one
	Keep     bool   // keep it running until the context ends
	Out, Err io.Writer
	Program  string                          // how the program is called, for what to try next
	Paint    func(style, text string) string // colours text; style is an SGR parameter: 1 bold, 31 red, 32 green, 36 cyan

	before func(context.Context, *demo, *pgx.Conn) error // of tests: called before the clients ask
}

// cleanupLimit is how long putting everything away may take after the demo, or after Ctrl-C.
const cleanupLimit = 30 * time.Second

// demo is one run.
type demo struct {
	Options
	server   *pgserver.Server
	dsn      *pgx.ConnConfig // of the server's administrator
	database string
	prefix   string // of database roles, where the server is not ours
	password string // of all logins that are made
	dir      string // for the key and password files
	program  string // psql; "" where there is none
	undo     []func(context.Context) error
}

// Run runs the demo and puts everything away that it made, also if ctx ends. It returns ErrFailed if the clients do not
// agree with the model.
func Run(ctx context.Context, o Options) (err error) {
	d := &demo{Options: o}
	if d.Err == nil {
		d.Err = io.Discard
	}
	if d.Program == "" {
		d.Program = "rlsctl"
	}
	if d.Paint == nil {
		d.Paint = func(_, text string) string { return text }
	}
	defer func() {
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupLimit)
		defer cancel()
		for i := len(d.undo) - 1; i >= 0; i-- {
			err = errors.Join(err, d.undo[i](clean))
		}
	}()
	if err := d.start(ctx); err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, d.config("", d.database))
	if err != nil {
		return fmt.Errorf("connect to the demo's database: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is pending
	if err := d.install(ctx, conn); err != nil {
		return err
	}
	if d.before != nil {
		if err := d.before(ctx, d, conn); err != nil {
			return err
		}
	}
	d.notes()
	agree, err := d.clients(ctx)
	if err != nil {
		return err
	}
	refused, err := d.attacks(ctx)
	if err != nil {
		return err
	}
	if !agree || !refused {
		return ErrFailed
	}
	if !o.Keep {
		d.next()
		return nil
	}
	return d.keep(ctx)
}

// start finds or starts the server and makes a database on it.
func (d *demo) start(ctx context.Context) (err error) {
	d.dir, err = os.MkdirTemp("", "rlsctl-demo-")
	if err != nil {
		return err
	}
	d.undo = append(d.undo, func(context.Context) error { return os.RemoveAll(d.dir) })
	d.server, err = pgserver.Start(ctx, pgserver.Options{URL: d.URL, Install: true, Log: func(format string, args ...any) {
		if !strings.HasPrefix(format, "started") {
			fmt.Fprintf(d.Err, format+"\n", args...)
		}
	}})
	if err != nil {
		return err
	}
	d.undo = append(d.undo, d.server.Stop)
	d.program = d.server.Psql()
	if d.dsn, err = pgx.ParseConfig(d.server.URL("", "")); err != nil {
		return errors.New("the database URL cannot be read")
	}
	d.database, d.password = "acme", random(12)
	if d.server.Kind() == pgserver.KindURL {
		d.database = "rlsctl_demo_" + random(4)
		d.prefix = "demo_" + random(3) + "_"
	}
	admin, err := pgx.ConnectConfig(ctx, d.dsn)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer admin.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is pending
	if d.server.Kind() == pgserver.KindURL {
		// A server of ours is thrown away as a whole.
		var kernelRoles int
		if err := admin.QueryRow(ctx, "SELECT count(*) FROM pg_roles WHERE rolname = ANY ($1)", kernel.Roles).Scan(&kernelRoles); err != nil {
			return err
		}
		d.undo = append(d.undo, func(ctx context.Context) error { return d.leave(ctx, kernelRoles == 0) })
	}
	fmt.Fprintf(d.Out, "%s: %s\n\n", d.Paint("1", "rlsctl demo"), d.server.Describe())
	if _, err := admin.Exec(ctx, "CREATE DATABASE "+policies.Ident(d.database)); err != nil {
		return fmt.Errorf("create a database: %w", err)
	}
	return nil
}

// leave drops the database and the roles on a server that is not ours.
func (d *demo) leave(ctx context.Context, kernelRoles bool) error {
	admin, err := pgx.ConnectConfig(ctx, d.dsn)
	if err != nil {
		return fmt.Errorf("remove database %s: %w", d.database, err)
	}
	defer admin.Close(ctx) //nolint:errcheck // nothing is pending
	rows, _ := admin.Query(ctx, "SELECT quote_ident(r.rolname) FROM pg_roles AS r WHERE r.rolname = ANY ($1)", d.roles())
	roles, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("remove the database roles %s*: %w", d.prefix, err)
	}
	drop := "DROP DATABASE IF EXISTS " + policies.Ident(d.database) + " WITH (FORCE)"
	_, err = admin.Exec(ctx, drop)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42501" && len(roles) > 0 {
		// Somebody is connected still: only a member of their role may end that, if no database superuser.
		if _, err = admin.Exec(ctx, "GRANT "+strings.Join(roles, ", ")+" TO CURRENT_USER"); err == nil {
			_, err = admin.Exec(ctx, drop)
		}
	}
	if err != nil {
		return fmt.Errorf("remove database %s: %w", d.database, err)
	}
	if len(roles) > 0 {
		if _, err := admin.Exec(ctx, "DROP ROLE "+strings.Join(roles, ", ")); err != nil {
			return fmt.Errorf("remove the database roles %s*: %w", d.prefix, err)
		}
	}
	if !kernelRoles {
		return nil
	}
	_, err = admin.Exec(ctx, "DROP ROLE IF EXISTS "+strings.Join(kernel.Roles, ", "))
	if errors.As(err, &pg) && pg.Code == "2BP01" { // another database uses them by now
		return nil
	}
	return err
}

// person is somebody who asks. The login of nobody is a client whom the map does not know.
type person struct {
	login string // of the user; "" for nobody
	what  string
}

var people = []person{
	{"olga", "the boss"}, {"mark", "runs sales"}, {"lena", "group mate of nina"}, {"paul", "has left, inactive"}, {"", "nobody"},
}

// Names of the database roles beside the people's.
const (
	roleGateway  = "web"
	roleBI       = "bi"
	roleStranger = "stranger"
)

// role is the name of a database role on this server.
func (d *demo) role(name string) string { return d.prefix + name }

// roles are the names of all database roles that the demo makes.
func (d *demo) roles() []string {
	out := []string{d.role(acme.ClientRole), d.role(acme.MaintenanceRole), d.role(roleGateway), d.role(roleBI), d.role(roleStranger)}
	out = append(out, kernel.PlanRoles(d.role(acme.ClientRole))...)
	for _, p := range people {
		if p.login != "" {
			out = append(out, d.role(p.login))
		}
	}
	return out
}

func (d *demo) keyFile() string { return filepath.Join(d.dir, "web.keys") }

// install makes the database what the demo needs: kernel, example, model and one login of each kind.
func (d *demo) install(ctx context.Context, conn *pgx.Conn) error {
	client, admin := d.role(acme.ClientRole), d.role(acme.MaintenanceRole)
	for _, r := range []string{client, admin} {
		if _, err := conn.Exec(ctx, "CREATE ROLE "+policies.Ident(r)+" NOLOGIN"); err != nil {
			return fmt.Errorf("create the database roles: %w", err)
		}
	}
	plan, err := Install(ctx, conn, acme.With(client, admin))
	if err != nil {
		return err
	}
	for _, n := range plan.Notes { // an old server will do for a demo
		fmt.Fprintf(d.Err, "%s\n  hint: %s\n", n, n.Hint)
	}
	secret, err := logins.NewPassword(d.password)
	if err != nil {
		return err
	}
	bi := logins.Impersonating{Login: d.role(roleBI), Password: secret}
	for _, p := range people {
		if p.login == "" {
			continue
		}
		if _, err := logins.AddPerson(ctx, conn, logins.Person{Login: d.role(p.login), User: p.login, Password: secret}); err != nil {
			return fmt.Errorf("add a login: %w", err)
		}
		bi.As = append(bi.As, logins.As{Role: d.role(p.login), User: p.login})
	}
	if _, err := logins.AddImpersonating(ctx, conn, bi); err != nil {
		return fmt.Errorf("add the login of the BI tool: %w", err)
	}
	if _, err := logins.AddGateway(ctx, conn, logins.Gateway{Login: d.role(roleGateway), Users: true, Password: secret,
		Key: logins.KeyFile{Path: d.keyFile()}}); err != nil {
		return fmt.Errorf("add the gateway: %w", err)
	}
	// A login that holds the client role and that nobody registered: it must see nothing.
	stranger := policies.Ident(d.role(roleStranger))
	if _, err := conn.Exec(ctx, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD %s; GRANT %s TO %s", stranger, secret.Literal(), policies.Ident(client), stranger),
		pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("create a login for nobody: %w", err)
	}
	for _, line := range [][2]string{
		{"kernel", "installed: schema rls"},
		{"example", fmt.Sprintf("ACME: %d people, 2 groups, %d notes", len(acme.Visible), len(acme.Notes))},
		{"model", fmt.Sprintf("rls.yaml, compiled to %d objects and applied in one transaction", len(plan.Changes))},
		{"logins", fmt.Sprintf("%d people, one BI tool, one gateway with a signing key", len(people)-1)},
	} {
		fmt.Fprintf(d.Out, "  %-9s%s\n", line[0], line[1])
	}
	return nil
}

// config is how to connect as a role ("" is the administrator) to a database.
func (d *demo) config(role, database string) *pgx.ConnConfig {
	c := d.dsn.Copy()
	c.Database = database
	if role != "" {
		c.User, c.Password = d.role(role), d.password
	}
	return c
}

func random(bytes int) string {
	b := make([]byte, bytes)
	rand.Read(b)
	return hex.EncodeToString(b)
}
