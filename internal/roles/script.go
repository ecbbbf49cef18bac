package roles

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/ownership"
	"github.com/rlsctl/rlsctl/policies"
)

//go:embed roles.sql
var rolesSQL string

// Role is a database role that a dump of this database names, or that the toolkit relies on here.
type Role struct {
	Name     string   `json:"role"`
	Kind     string   `json:"kind"` // kernel, plan, client, maintenance, gateway, person, impersonating, stands for a user, or other
	Login    bool     `json:"login"`
	Inherit  bool     `json:"inherit"`
	Powers   []string `json:"powers,omitempty"` // SUPERUSER and the like
	MemberOf []Member `json:"member_of,omitempty"`
}

// Member is one membership in another role of the list.
type Member struct {
	Role    string `json:"role"`
	Admin   bool   `json:"admin,omitempty"`
	Options string `json:"options,omitempty"` // of PostgreSQL 16 and later: "INHERIT TRUE, SET TRUE"
}

// List returns the roles by kind and name. It needs the kernel.
func List(ctx context.Context, conn *pgx.Conn) ([]Role, error) {
	tx, err := conn.Begin(ctx)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is kept
	if _, err := tx.Exec(ctx, "SET LOCAL search_path = pg_catalog, pg_temp"); err != nil {
		return nil, err
	}
	var out []Role
	err = ownership.Do(ctx, tx, func() error {
		var doc []byte
		if err := tx.QueryRow(ctx, rolesSQL).Scan(&doc); err != nil {
			return fmt.Errorf("list database roles: %w", err)
		}
		return json.Unmarshal(doc, &out)
	})
	return out, err
}

// Script returns the statements that make list in another cluster, for psql. It can run twice. Passwords are not in it, and
// neither are powers: a role that has them there is left as it is, except that no role of the kernel may.
func Script(list []Role) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("-- The database roles that a dump of this database names. Run it in the other cluster before the restore.")
	line("-- No passwords: give logins theirs afterwards.")
	line("\\set ON_ERROR_STOP on")
	line("BEGIN;")
	for _, r := range list {
		name, lit := policies.Ident(r.Name), policies.Literal(policies.Ident(r.Name))
		options := map[bool]string{true: "LOGIN", false: "NOLOGIN"}[r.Login] + map[bool]string{true: " INHERIT", false: " NOINHERIT"}[r.Inherit]
		line("\n-- %s", oneLine(r.Kind))
		if len(r.Powers) > 0 {
			line("-- it has %s here; give it that by hand, if that is what you want", strings.Join(r.Powers, ", "))
		}
		quote := "$$"
		for i := 1; strings.Contains(name+lit, quote); i++ { // a role may be called anything
			quote = fmt.Sprintf("$rls%d$", i)
		}
		line("DO %s\nBEGIN\n    IF to_regrole(%s) IS NULL THEN\n        CREATE ROLE %s %s;", quote, lit, name, options)
		if r.Kind == "kernel" || r.Kind == "plan" {
			line("    ELSIF (SELECT r.rolcanlogin OR r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication")
			line("        FROM pg_catalog.pg_roles AS r WHERE r.oid = to_regrole(%s)) THEN", lit)
			line("        RAISE EXCEPTION 'database role %% exists, and has powers', %s", lit)
			line("            USING ERRCODE = 'RL412', HINT = 'Rename it, or take LOGIN and its other powers from it.';")
		}
		line("    END IF;\nEND\n%s;", quote)
	}
	line("\n-- who is a member of what")
	for _, r := range list {
		for _, m := range r.MemberOf {
			with := m.Options
			if m.Admin {
				with = strings.TrimPrefix(with+", ADMIN TRUE", ", ")
				if m.Options == "" {
					with = "ADMIN OPTION"
				}
			}
			if with != "" {
				with = " WITH " + with
			}
			line("GRANT %s TO %s%s;", policies.Ident(m.Role), policies.Ident(r.Name), with)
		}
	}
	line("COMMIT;")
	return b.String()
}

// oneLine keeps a text with a line break from ending its comment.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
