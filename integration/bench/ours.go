package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/pgsession"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// ours is the product itself: kernel, a model applied by the pipeline, a gateway, and a plain query in a transaction that
// was entered with a signed token.
type ours struct{}

func (ours) name() string { return product }

// model is what the product can express of the data.
const model = `version: 1
database: {client_roles: ["{CLIENT}"], maintenance_roles: ["{MAINTENANCE}"]}
users:
  table: app.person
  key: id
  superuser: is_superuser
  sees: {supervisor: supervisor_id}
groups:
  table: app.team
  key: id
  name: name
  share_members_visibility: shares
  members: {table: app.member, group: team_id, user: person_id}
resources:
  note: {table: app.note, owner: owner}
grants:
  - {to: authenticated, allow: {note: [create, read, update, delete]}}
`

func (ours) prepare(ctx context.Context, w *world) error {
	client := policies.Ident(w.role("client"))
	if err := w.copyNotes(ctx, "app.note"); err != nil {
		return err
	}
	if err := w.exec(ctx, replace(`GRANT USAGE ON SCHEMA app TO {CLIENT};
		GRANT SELECT, INSERT, UPDATE, DELETE ON app.note TO {CLIENT}`, "CLIENT", client)); err != nil {
		return err
	}
	if err := w.protect(ctx, model); err != nil {
		return err
	}
	return w.gateway(ctx)
}

func (ours) open(ctx context.Context, w *world, v viewer) (session, error) {
	conn, err := w.connect(ctx, w.role("gateway"))
	if err != nil {
		return nil, err
	}
	s := &oursSession{txSession{conn: conn, limit: patience, enter: func(ctx context.Context, tx pgx.Tx) error { return w.enter(ctx, tx, v) }}}
	return s, nil
}

type oursSession struct{ txSession }

func (s *oursSession) ways(q query, id int64) []way {
	sql, args := q.on("app.note"), q.args(id)
	return []way{{"policy", func(ctx context.Context, m mode, keep *answer) error { return s.run(ctx, m, keep, sql, args...) }}}
}

// protect installs the kernel and applies a model.
func (w *world) protect(ctx context.Context, text string) error {
	if _, err := kernel.Up(ctx, w.admin); err != nil {
		return fmt.Errorf("install the kernel: %w", err)
	}
	m, diags := pipeline.Parse("rls.yaml", []byte(replace(text, "CLIENT", w.role("client"), "MAINTENANCE", w.role("maintenance"))))
	if diags.HasErrors() {
		return &refusal{diags}
	}
	r, err := pipeline.Plan(ctx, w.admin, m)
	if err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	if r.Diagnostics.HasErrors() {
		return &refusal{r.Diagnostics}
	}
	return pipeline.Apply(ctx, w.admin, m, r.Plan, apply.Options{Allow: apply.Hazards(r.Plan)})
}

// refusal is a model that the product does not take.
type refusal struct{ diags policies.Diagnostics }

func (r *refusal) Error() string {
	var list []error
	for _, d := range r.diags {
		if d.Severity == policies.Error {
			list = append(list, errors.New(d.String()))
		}
	}
	return errors.Join(list...).Error()
}

// gateway registers the shared login of an application and keeps its key.
func (w *world) gateway(ctx context.Context) error {
	secret, err := logins.NewPassword(w.password)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(w.dir, "gateway-")
	if err != nil {
		return err
	}
	file := filepath.Join(dir, "keys")
	if _, err := logins.AddGateway(ctx, w.admin, logins.Gateway{Login: w.role("gateway"), Users: true, Password: secret,
		MaxTransaction: time.Hour, Key: logins.KeyFile{Path: file}}); err != nil {
		return fmt.Errorf("add the gateway: %w", err)
	}
	w.keySource = pgsession.FileKeys(file)
	return nil
}

// principal is a viewer as the product calls them.
func (w *world) principal(v viewer) pgsession.Principal { return pgsession.User(w.keys.text(v.place)) }

// enter presents a token for v, as any driver could.
func (w *world) enter(ctx context.Context, tx pgx.Tx, v viewer) error {
	key, err := w.keySource.Key(ctx)
	if err != nil {
		return err
	}
	token, err := pgsession.Mint(key, pgsession.Claims{Principal: w.principal(v), Expires: time.Now().Add(pgsession.DefaultTTL)})
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "SELECT rls.enter($1)", token)
	return err
}
