package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// kernelRoles are the toolkit's own database roles.
var kernelRoles = []string{"rls_owner", "rls_client", "rls_mask"}

// clientRoles checks that somebody can use what is protected.
func (k *checker) clientRoles() {
	if d := k.model.Database; len(d.ClientRoles) == 0 {
		k.fail(d.Pos, CodeNoClientRole, "the model names no client role", "add the database roles of your applications to \"client_roles\" of \"database\"")
	}
}

// reservedRoles refuses roles that mean something else already.
func (k *checker) reservedRoles() {
	d := k.model.Database
	for _, r := range slices.Concat(d.ClientRoles, d.MaintenanceRoles) {
		switch {
		case slices.Contains(kernelRoles, r.Value):
			k.fail(r.Pos, CodeMightyRole, fmt.Sprintf("database role %q is the toolkit's own", r.Value), "make a role of your own and name that")
		case r.Value == "public" || r.Value == "none" || strings.HasPrefix(r.Value, "pg_"):
			k.fail(r.Pos, CodeMightyRole, fmt.Sprintf("database role %q is reserved by postgresql", r.Value), "make a role of your own and name that")
		}
	}
}

// roles checks the database roles that the model names.
func (k *checker) roles() {
	d := k.model.Database
	for _, r := range d.ClientRoles {
		if role := k.role(r, true); role != nil {
			k.mighty(r, role)
			k.member(r.Pos, "client role", role.Name)
		}
	}
	for _, r := range d.MaintenanceRoles {
		k.role(r, false)
	}
	for _, g := range k.catalog.Gateways {
		for _, m := range d.MaintenanceRoles {
			if k.reaches(g.Login, m.Value) {
				k.fail(m.Pos, CodeMembership, fmt.Sprintf("gateway %q is or can become maintenance role %q", g.Login, m.Value),
					fmt.Sprintf("REVOKE %s FROM %s; or name another maintenance role", policies.Ident(m.Value), policies.Ident(g.Login)))
			}
		}
	}
}

// role looks a database role up that the model names, as a client role or a maintenance role.
func (k *checker) role(r policies.Text, client bool) *policies.Role {
	role := k.catalog.Role(r.Value)
	if role == nil && !slices.Contains(kernelRoles, r.Value) && r.Value != "public" && r.Value != "none" && !strings.HasPrefix(r.Value, "pg_") {
		hint := fmt.Sprintf("run rlsctl gateway adopt if that is to make it; else CREATE ROLE %s NOLOGIN;", policies.Ident(r.Value))
		var names []string
		for _, x := range k.catalog.Roles {
			// Those of the toolkit are nobody's to name. A client role is none that somebody logs in as, which may well be
			// the login of this connection, and none that is above row security.
			if !strings.HasPrefix(x.Name, "rls_") && !(client && (x.Login || x.Superuser || x.BypassRLS)) {
				names = append(names, x.Name)
			}
		}
		if near := policies.Suggest(r.Value, names); near != "" {
			hint += fmt.Sprintf(" or did you mean %q?", near)
		}
		k.fail(r.Pos, CodeUnknownRole, fmt.Sprintf("database role %q does not exist", r.Value), hint)
	}
	return role
}

// plainRole does not tell to take rights away: the role may be the administrator's own.
const plainRole = "make a role for your applications, CREATE ROLE app_rw NOLOGIN; and give it their table privileges"

// mighty refuses client roles that row-level security does not bind.
func (k *checker) mighty(r policies.Text, role *policies.Role) {
	const grants = 160000 // from here on CREATEROLE gives only roles that one administers
	switch {
	case role.Superuser:
		k.fail(r.Pos, CodeMightyRole, fmt.Sprintf("client role %q is a database superuser and sees every row", r.Value), plainRole)
	case role.BypassRLS:
		k.fail(r.Pos, CodeMightyRole, fmt.Sprintf("client role %q has bypassrls and sees every row", r.Value), plainRole)
	case role.CreateRole && k.catalog.ServerVersion < grants:
		k.fail(r.Pos, CodeMightyRole, fmt.Sprintf("client role %q has createrole and can become other roles", r.Value), plainRole)
	}
	for _, res := range k.model.Resources {
		t := k.catalog.Table(res.Table.Schema, res.Table.Name)
		if t == nil {
			continue
		}
		for _, p := range k.treeOf(t) {
			if p.Owner == r.Value {
				k.fail(r.Pos, CodeMightyRole, fmt.Sprintf("client role %q owns table %q and can lift its protection", r.Value, tableName(p)),
					fmt.Sprintf("ALTER TABLE %s OWNER TO a maintenance role;", tableName(p)))
			}
		}
	}
}

// member refuses roles that can become one which sees more.
func (k *checker) member(pos policies.Pos, what, name string) {
	reported := map[string]bool{name: true}
	refuse := func(other, why string) {
		if reported[other] || !k.reaches(name, other) {
			return
		}
		reported[other] = true
		k.fail(pos, CodeMembership, fmt.Sprintf("%s %q can become %q, %s", what, name, other, why),
			fmt.Sprintf("REVOKE %s FROM %s; or from the role between them", policies.Ident(other), policies.Ident(name)))
	}
	for _, m := range k.model.Database.MaintenanceRoles {
		refuse(m.Value, "a maintenance role")
	}
	refuse("rls_owner", "the owner of the toolkit")
	for _, r := range k.model.Resources {
		if t := k.catalog.Table(r.Table.Schema, r.Table.Name); t != nil {
			for _, p := range k.treeOf(t) {
				refuse(p.Owner, fmt.Sprintf("the owner of table %q", tableName(p)))
			}
		}
	}
	for _, r := range k.catalog.Roles {
		if r.Superuser || r.BypassRLS {
			refuse(r.Name, "which no row-level security binds")
		}
	}
}

// reaches reports whether a role is another one or a member of it, directly or not.
func (k *checker) reaches(from, to string) bool {
	seen := map[string]bool{}
	next := []string{from}
	for len(next) > 0 {
		name := next[0]
		next = next[1:]
		if name == to {
			return true
		}
		if seen[name] {
			continue
		}
		seen[name] = true
		if r := k.catalog.Role(name); r != nil {
			next = append(next, r.MemberOf...)
		}
	}
	return false
}
