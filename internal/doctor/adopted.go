package doctor

import (
	"context"
	"fmt"

	"github.com/rlsctl/rlsctl/policies"
)

// adopted asks whether logins that were made gateways are still as bare as adoption left them, and their roles what they
// are for.
func (e *examination) adopted(ctx context.Context) error {
	type thing struct{ Login, Owner, What, Kind string }
	things, err := rows[thing](ctx, e, `
		SELECT a.login, coalesce(a.owner_role, ''), pg_describe_object(s.classid, s.objid, s.objsubid), s.deptype::text
		FROM rls.adoption AS a JOIN pg_roles AS r ON r.rolname = a.login
		JOIN pg_shdepend AS s ON s.refclassid = 'pg_authid'::regclass AND s.refobjid = r.oid AND s.deptype IN ('o', 'a')
		    AND s.dbid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
		WHERE s.classid NOT IN ('pg_default_acl'::regclass, 'pg_user_mapping'::regclass)
		  AND NOT (s.classid = 'pg_namespace'::regclass AND s.deptype = 'a')
		  AND coalesce((pg_identify_object(s.classid, s.objid, 0)).schema, '') !~ '^(rls|pg_temp_.*|pg_toast_temp_.*)$'
		ORDER BY 1, 3`)
	if err != nil {
		return err
	}
	for _, t := range things {
		if t.Kind == "o" {
			hint := fmt.Sprintf("Run REASSIGN OWNED BY %s, to another owner.", policies.Ident(t.Login))
			if t.Owner != "" {
				hint = fmt.Sprintf("Run REASSIGN OWNED BY %s TO %s.", policies.Ident(t.Login), policies.Ident(t.Owner))
			}
			e.find(CodeAdoptedOwns, policies.Error, hint, "gateway %q, which was adopted, owns %s again", t.Login, t.What)
			continue
		}
		e.find(CodeAdoptedOwns, policies.Error, fmt.Sprintf("Take that from %s, and give it to its client role.", policies.Ident(t.Login)),
			"gateway %q, which was adopted, holds privileges on %s again, before it enters", t.Login, t.What)
	}
	type role struct {
		Login, Role          string
		Owner, Named, Logins bool
	}
	list, err := rows[role](ctx, e, `
		SELECT a.login, x.role, x.owner,
		       EXISTS (SELECT FROM rls.database_role AS d WHERE d.name = x.role AND d.kind = 'maintenance')
		           OR NOT EXISTS (SELECT FROM rls.database_role), r.rolcanlogin
		FROM rls.adoption AS a CROSS JOIN LATERAL (VALUES (a.client_role, false), (a.owner_role, true)) AS x(role, owner)
		JOIN pg_roles AS r ON r.rolname = x.role ORDER BY 1, 3`)
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.Owner && !r.Named {
			e.find(CodeAdoptedRole, policies.Warning, fmt.Sprintf("Add %s to maintenance_roles of rls.yaml, and run rlsctl apply rls.yaml.", policies.Ident(r.Role)),
				"%q owns what gateway %q owned, and is no maintenance role: migrations see no row of a protected table", r.Role, r.Login)
		}
		if !r.Owner && r.Logins {
			e.find(CodeAdoptedLogin, policies.Error, fmt.Sprintf("Run ALTER ROLE %s NOLOGIN.", policies.Ident(r.Role)),
				"client role %q of gateway %q can log in, and holds table privileges", r.Role, r.Login)
		}
	}
	return nil
}
