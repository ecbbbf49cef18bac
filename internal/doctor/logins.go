package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/policies"
)

func sorted(list []string) []string { slices.Sort(list); return list }

// removeOrder is what to do about a login that is not to be repaired.
func removeOrder(kind, name string) string {
	command := "login"
	if kind == logins.KindGateway {
		command = "gateway"
	}
	return fmt.Sprintf("Run rlsctl %s remove %s.", command, name)
}

// logins looks at every entry of the login map.
func (e *examination) logins(ctx context.Context) error {
	type entry struct {
		Name, Kind, Client string
		Principal          *string
		Exists, Login      bool
		Inherit            bool
		IsGateway          bool
		Roles, Held        []string // of an impersonating login: listed, and held
		Missing            []string // listed, and no role of that name
		Structure          bool     // of an impersonating login: it sees tables before SET ROLE
		Tables             []string // given for that
	}
	list, err := rows[entry](ctx, e, `
		SELECT l.name, l.kind, l.client_role, l.principal, r.oid IS NOT NULL, coalesce(r.rolcanlogin, false), coalesce(r.rolinherit, false),
		       EXISTS (SELECT FROM rls.gateway AS g WHERE g.login = l.name),
		       ARRAY(SELECT i.role FROM rls.impersonation AS i WHERE i.login = l.name ORDER BY 1),
		       ARRAY(SELECT DISTINCT h.rolname::text FROM pg_auth_members AS m JOIN pg_roles AS h ON h.oid = m.roleid
		             WHERE m.member = r.oid AND coalesce((to_jsonb(m) ->> 'set_option')::boolean OR (to_jsonb(m) ->> 'inherit_option')::boolean, true) ORDER BY 1),
		       ARRAY(SELECT i.role FROM rls.impersonation AS i WHERE i.login = l.name AND NOT EXISTS (
		             SELECT FROM pg_roles AS x WHERE x.rolname = i.role) ORDER BY 1),
		       coalesce((l.given ->> 'structure')::boolean, false),
		       ARRAY(SELECT t.name FROM jsonb_array_elements_text(l.given -> 'tables') AS t(name))
		FROM rls.login AS l LEFT JOIN pg_roles AS r ON r.rolname = l.name
		ORDER BY l.name COLLATE "C"`)
	if err != nil {
		return err
	}
	clients, err := e.clientRoles(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, l := range list {
		remove := removeOrder(l.Kind, l.Name)
		switch {
		case !l.Exists:
			e.find(CodeLostLogin, policies.Error, remove, "the database role of login %q does not exist", l.Name)
			continue
		case !l.Login:
			e.find(CodeLostLogin, policies.Error, fmt.Sprintf("Run ALTER ROLE %s LOGIN, or rlsctl remove it.", policies.Ident(l.Name)), "login %q cannot log in", l.Name)
		}
		names = append(names, l.Name)
		e.kind(l.Name, l.Kind, remove, l.IsGateway, l.Inherit, l.Roles, l.Held, l.Missing)
		if len(clients) > 0 && !slices.Contains(clients, l.Client) {
			e.find(CodeKind, policies.Error, remove+" Then add it with a client role of the model.", "login %q uses %q, which is no client role of the model", l.Name, l.Client)
		}
		if l.Kind == logins.KindImpersonating {
			if err := e.structure(ctx, l.Name, l.Client, l.Structure, l.Tables); err != nil {
				return err
			}
		}
		if l.Kind == logins.KindPerson && !slices.Contains(l.Held, l.Client) {
			e.find(CodeKind, policies.Warning, fmt.Sprintf("Run GRANT %s TO %s.", policies.Ident(l.Client), policies.Ident(l.Name)),
				"login %q is no member of its client role %q, and can read nothing", l.Name, l.Client)
		}
	}
	// What an impersonating login can become has to be harmless too; Dangers follows the memberships.
	dangers, err := logins.Dangers(ctx, e.tx, names)
	if err != nil {
		return err
	}
	for _, l := range list {
		if d := dangers[l.Name]; len(d) > 0 {
			e.find(CodeDangerousLogin, policies.Error, "Take that from it, or run "+strings.TrimPrefix(removeOrder(l.Kind, l.Name), "Run "),
				"login %q %s", l.Name, strings.Join(d, "; "))
		}
	}
	return e.principals(ctx)
}

// kind asks whether a login is what the map says.
func (e *examination) kind(name, kind, remove string, isGateway, inherit bool, listed, held, missing []string) {
	if (kind == logins.KindGateway) != isGateway {
		e.find(CodeKind, policies.Error, remove+" Then add it again.", "login %q is registered as %s, and its gateway entry says otherwise", name, kind)
	}
	switch kind {
	case logins.KindPerson:
		if !inherit {
			e.find(CodeKind, policies.Warning, fmt.Sprintf("Run ALTER ROLE %s INHERIT.", policies.Ident(name)), "login %q is a person's and NOINHERIT: it can read nothing", name)
		}
	case logins.KindImpersonating:
		if len(listed) == 0 {
			e.find(CodeKind, policies.Error, remove, "impersonating login %q lists no role", name)
		}
		for _, r := range held {
			if !slices.Contains(listed, r) {
				e.find(CodeKind, policies.Error, fmt.Sprintf("Run REVOKE %s FROM %s.", policies.Ident(r), policies.Ident(name)), "impersonating login %q is a member of %q, which is not listed", name, r)
			}
		}
		for _, r := range listed {
			switch {
			case slices.Contains(missing, r):
				e.find(CodeKind, policies.Error, remove+" Then add it again.", "impersonating login %q lists %q, which does not exist", name, r)
			case !slices.Contains(held, r):
				e.find(CodeKind, policies.Warning, fmt.Sprintf("Run GRANT %s TO %s.", policies.Ident(r), policies.Ident(name)), "impersonating login %q lists %q, of which it is no member", name, r)
			}
		}
		if inherit {
			e.find(CodeKind, policies.Warning, fmt.Sprintf("Run ALTER ROLE %s NOINHERIT.", policies.Ident(name)), "impersonating login %q is INHERIT: it reads as nobody before SET ROLE", name)
		}
	}
}

// structure asks whether an impersonating login holds more of tables by itself than --structure gives, or less.
func (e *examination) structure(ctx context.Context, name, client string, shows bool, given []string) error {
	list, err := logins.Structure(ctx, e.tx, name, client, given)
	if err != nil {
		return err
	}
	again := fmt.Sprintf("Run rlsctl login structure %s.", name)
	for _, t := range list {
		if shows && t.Missing {
			e.find(CodeKind, policies.Warning, again, "impersonating login %q does not see the structure of %s before SET ROLE", name, t.Table)
		}
		if len(t.More) == 0 {
			continue
		}
		held, why := strings.Join(t.More, ", "), "which is more than seeing its structure"
		if !t.Filtered {
			why = "and sees rows of it as nobody"
		}
		order := fmt.Sprintf("Run REVOKE %s ON %s FROM %s.", held, t.Table, policies.Ident(name))
		if held == "SELECT" && slices.Contains(given, t.Table) {
			order = again
		}
		e.find(CodeKind, policies.Error, order, "impersonating login %q holds %s on %s before SET ROLE, %s", name, held, t.Table, why)
	}
	return nil
}

// principals asks whether the users behind logins exist and may be what they are.
func (e *examination) principals(ctx context.Context) error {
	var applied bool
	if err := e.tx.QueryRow(ctx, "SELECT to_regprocedure('rls.user_state(text)') IS NOT NULL").Scan(&applied); err != nil || !applied {
		return err
	}
	type stand struct {
		Login, Kind, Role, Principal string
		Exists, Superuser            bool
	}
	list, err := rows[stand](ctx, e, `
		SELECT x.login, x.kind, x.role, x.principal, u.is_superuser IS NOT NULL, coalesce(u.is_superuser, false)
		FROM (SELECT l.name, l.kind, '', l.principal FROM rls.login AS l WHERE l.kind = 'person'
		      UNION ALL SELECT i.login, 'impersonating', i.role, i.principal FROM rls.impersonation AS i) AS x(login, kind, role, principal)
		LEFT JOIN LATERAL rls.user_state(x.principal) AS u ON true
		ORDER BY 1, 3`)
	if err != nil {
		return err
	}
	for _, s := range list {
		what := fmt.Sprintf("login %q", s.Login)
		if s.Role != "" {
			what = fmt.Sprintf("role %q of login %q", s.Role, s.Login)
		}
		switch {
		case !s.Exists:
			e.find(CodePrincipal, policies.Warning, removeOrder(s.Kind, s.Login), "%s stands for user %q, who does not exist", what, s.Principal)
		case s.Superuser && s.Kind == logins.KindImpersonating:
			e.find(CodePrincipal, policies.Warning, removeOrder(s.Kind, s.Login)+" Then add it without that user.", "%s stands for a superuser, which is refused at each statement", what)
		}
	}
	return nil
}

// gateways looks at what gateways hold, and at their keys.
func (e *examination) gateways(ctx context.Context) error {
	type gateway struct {
		Name, Client string
		Signed       bool
		Inherits     bool
		Clients      []string // client roles that it is a member of
		Foreign      []string // plan roles of other client roles that it is a member of
		Missing      []string // plan roles of its client role that it cannot take
		Tables       []string // protected tables that it holds privileges on
		Keys, Lost   int
		KeySince     *time.Time // of the newest
		Now          time.Time
		Password     string
	}
	list, err := rows[gateway](ctx, e, `
		SELECT l.name, l.client_role, g.signed,
		       CASE WHEN current_setting('server_version_num')::integer < 160000 THEN r.rolinherit
		            ELSE EXISTS (SELECT FROM pg_auth_members AS m WHERE m.member = r.oid AND (to_jsonb(m) ->> 'inherit_option')::boolean) END,
		       ARRAY(SELECT DISTINCT c.rolname::text FROM pg_auth_members AS m JOIN pg_roles AS c ON c.oid = m.roleid
		             JOIN rls.database_role AS d ON d.name = c.rolname AND d.kind = 'client'
		             WHERE m.member = r.oid AND coalesce((to_jsonb(m) ->> 'set_option')::boolean OR (to_jsonb(m) ->> 'inherit_option')::boolean, true) ORDER BY 1),
		       ARRAY(SELECT DISTINCT p.role FROM pg_auth_members AS m JOIN pg_roles AS c ON c.oid = m.roleid
		             JOIN rls.plan_role AS p ON p.role = c.rolname AND p.client_role <> l.client_role
		             WHERE m.member = r.oid AND coalesce((to_jsonb(m) ->> 'set_option')::boolean OR (to_jsonb(m) ->> 'inherit_option')::boolean, true) ORDER BY 1),
		       ARRAY(SELECT p.role FROM rls.plan_role AS p JOIN pg_roles AS c ON c.rolname = p.role
		             WHERE p.client_role = l.client_role AND NOT EXISTS (SELECT FROM pg_auth_members AS m
		                 WHERE m.roleid = c.oid AND m.member = r.oid AND coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)) ORDER BY 1),
		       ARRAY(SELECT DISTINCT format('%I.%I', s.table_schema, s.table_name)
		             FROM rls.protected_table AS s
		             JOIN pg_class AS t ON t.oid = s.oid
		             WHERE EXISTS (SELECT FROM aclexplode(t.relacl) AS x WHERE x.grantee IN (r.oid, 0))
		                OR EXISTS (SELECT FROM pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x
		                           WHERE a.attrelid = t.oid AND x.grantee IN (r.oid, 0)) ORDER BY 1),
		       (SELECT count(*)::integer FROM rls.gateway_key AS k WHERE k.gateway = g.login AND k.inner_pad IS NOT NULL),
		       (SELECT count(*)::integer FROM rls.gateway_key AS k WHERE k.gateway = g.login AND k.inner_pad IS NULL),
		       (SELECT k.created_at FROM rls.gateway_key AS k WHERE k.gateway = g.login AND k.inner_pad IS NOT NULL ORDER BY k.position DESC LIMIT 1),
		       now(), coalesce(l.given ->> 'password', '')
		FROM rls.gateway AS g
		JOIN rls.login AS l ON l.name = g.login
		JOIN pg_roles AS r ON r.rolname = l.name
		ORDER BY l.name COLLATE "C"`)
	if err != nil {
		return err
	}
	for _, g := range list {
		role := policies.Ident(g.Name)
		if !g.Signed {
			e.find(CodeUnsigned, policies.Error, fmt.Sprintf("Run rlsctl key rotate %s --key-file PATH, which makes it a signed one.", g.Name),
				"gateway %q is UNSIGNED: whoever can connect as it can claim to be ANYBODY", g.Name)
		}
		if g.Inherits {
			order := fmt.Sprintf("Run ALTER ROLE %s NOINHERIT.", role)
			if e.catalog.ServerVersion >= 160000 {
				order = fmt.Sprintf("Run GRANT %s TO %s WITH INHERIT FALSE.", policies.Ident(g.Client), role)
			}
			e.find(CodeInherits, policies.Error, order, "gateway %q inherits the privileges of its roles before it enters", g.Name)
		}
		for _, t := range g.Tables {
			e.find(CodeOwnPrivileges, policies.Error, fmt.Sprintf("Run REVOKE ALL ON %s FROM %s, PUBLIC.", t, role),
				"gateway %q holds privileges on %s of its own or as PUBLIC, before it enters", g.Name, t)
		}
		if len(e.catalog.Installed) > 0 && !slices.Equal(g.Clients, []string{g.Client}) { // without a model nothing is a client role yet
			e.find(CodeClientRole, policies.Error, fmt.Sprintf("Make %s a member of %s and of no other client role.", role, policies.Ident(g.Client)),
				"gateway %q has client role %q, and is a member of: %s", g.Name, g.Client, or(strings.Join(g.Clients, ", "), "none"))
		}
		for _, p := range g.Foreign {
			e.find(CodeClientRole, policies.Error, fmt.Sprintf("Run REVOKE %s FROM %s.", policies.Ident(p), role),
				"gateway %q has client role %q, and can take %q, which is a plan role of another", g.Name, g.Client, p)
		}
		for _, p := range g.Missing {
			order := fmt.Sprintf("Run GRANT %s TO %s.", policies.Ident(p), role)
			if e.catalog.ServerVersion >= 160000 {
				order = fmt.Sprintf("Run GRANT %s TO %s WITH INHERIT FALSE, SET TRUE.", policies.Ident(p), role)
			}
			e.find(CodeNoPlanRole, policies.Error, order, "gateway %q cannot take the plan role %q: whom it fits cannot enter", g.Name, p)
		}
		if err := e.excess(ctx, g.Name, slices.Concat(g.Clients, g.Foreign), g.Tables); err != nil {
			return err
		}
		if now := e.passwords[g.Name]; now != "" && g.Password != "" && now != g.Password {
			e.find(CodeNewPassword, policies.Warning, fmt.Sprintf("Run rlsctl gateway confirm %s if you have set it, else set another one: whoever runs SQL through it can set one.", g.Name),
				"gateway %q has another password than when it was registered", g.Name)
		}
		if slices.Contains(e.shown, g.Name) {
			e.find(CodeShownToken, policies.Warning, fmt.Sprintf("Send tokens as bind parameters, and run ALTER ROLE %s SET track_activities = off.", role),
				"tokens of gateway %q stand in pg_stat_activity, where its other connections can read and present them", g.Name)
		}
		if !g.Signed {
			continue
		}
		switch {
		case g.Keys == 0 && g.Lost > 0:
			e.find(CodeLostKey, policies.Error, fmt.Sprintf("Run rlsctl key rotate %s --key-file PATH, and give the application the new key.", g.Name),
				"the keys of gateway %q stayed behind when this database was restored from a dump: nobody can enter through it", g.Name)
		case g.Keys == 0:
			e.find(CodeNoKey, policies.Error, fmt.Sprintf("Run rlsctl key rotate %s --key-file PATH.", g.Name), "gateway %q has no key: nobody can enter through it", g.Name)
		case g.Keys > 2:
			e.find(CodeManyKeys, policies.Warning, fmt.Sprintf("Run rlsctl key list %s, and rlsctl key retire for the old ones.", g.Name), "gateway %q has %d valid keys, and two are enough for a rotation", g.Name, g.Keys)
		}
		if g.KeySince != nil && g.Now.Sub(*g.KeySince) > e.opt.KeyAge {
			e.find(CodeOldKey, policies.Warning, fmt.Sprintf("Run rlsctl key rotate %s --key-file PATH.", g.Name),
				"the newest key of gateway %q is %d days old", g.Name, int(g.Now.Sub(*g.KeySince).Hours()/24))
		}
	}
	return nil
}

// excess finds what a gateway starts with, can become or holds beyond what makes it one, but for what has been found already.
func (e *examination) excess(ctx context.Context, name string, roles, tables []string) error {
	type thing struct{ Kind, Name string }
	list, err := rows[thing](ctx, e, "SELECT x.kind, x.name FROM rls.gateway_excess($1) AS x", name)
	role := policies.Ident(name)
	for _, x := range list {
		switch {
		case x.Kind == "setting":
			e.find(CodeLoginSetting, policies.Error, fmt.Sprintf("Run ALTER ROLE %s RESET %s, or rlsctl gateway confirm %s if it is a limit of yours.", role, x.Name, name),
				"gateway %q starts with a setting of %s that nobody has written down: whoever runs SQL through it can set one", name, x.Name)
		case x.Kind == "role" && !slices.Contains(roles, x.Name):
			e.find(CodeExcess, policies.Error, fmt.Sprintf("Run REVOKE %s FROM %s.", policies.Ident(x.Name), role),
				"gateway %q can become %q, which its client role is not", name, x.Name)
		case x.Kind == "object" && !slices.ContainsFunc(tables, func(t string) bool { return strings.HasSuffix(x.Name, " "+t) }):
			e.find(CodeExcess, policies.Error, fmt.Sprintf("Run REVOKE ALL on it FROM %s, or give it to another owner; what clients need, their client role holds.", role),
				"gateway %q owns or holds privileges on %s of its own", name, x.Name)
		}
	}
	return err
}

// visible reads what the connected login may see of gateways and rls_owner may not: their passwords' hashes, and whose
// statements show a token.
func (e *examination) visible(ctx context.Context) (err error) {
	if e.passwords, err = logins.PasswordHashes(ctx, e.tx); err != nil {
		return err
	}
	r, _ := e.tx.Query(ctx, "SELECT DISTINCT a.usename::text FROM pg_stat_activity AS a WHERE a.query ~ '[''\"]rls1[|]' AND a.usename IS NOT NULL")
	e.shown, err = pgx.CollectRows(r, pgx.RowTo[string])
	return err
}

// forms asks whether some form of policies applies to whoever takes no plan role: to persons' logins, and to roles that
// stand for users. No policy is TO the client role.
func (e *examination) forms(ctx context.Context) error {
	clients, err := e.clientRoles(ctx)
	if err != nil || len(clients) == 0 {
		return err
	}
	type holder struct {
		Name, Login, Principal string // Login: the one that a role is listed for
		Forms                  []string
	}
	list, err := rows[holder](ctx, e, `
		SELECT r.rolname::text, coalesce(min(x.login) FILTER (WHERE x.login = r.rolname), min(x.login)), min(x.principal),
		       ARRAY(SELECT f.name FROM unnest($1::text[]) WITH ORDINALITY AS f(name, place) JOIN pg_roles AS o ON o.rolname = 'rls_' || f.name
		             WHERE NOT r.rolsuper AND pg_has_role(r.oid, o.oid, 'MEMBER') ORDER BY f.place)
		FROM (SELECT l.name, l.name, l.principal FROM rls.login AS l WHERE l.kind = 'person'
		      UNION ALL SELECT i.role, i.login, i.principal FROM rls.impersonation AS i) AS x(name, login, principal)
		JOIN pg_roles AS r ON r.rolname = x.name
		GROUP BY r.oid, r.rolname, r.rolsuper
		ORDER BY r.rolname COLLATE "C"`, logins.Forms)
	if err != nil {
		return err
	}
	applied, superusers, err := e.superusers(ctx)
	if err != nil {
		return err
	}
	for _, h := range list {
		what := fmt.Sprintf("login %q", h.Name)
		if h.Login != h.Name {
			what = fmt.Sprintf("role %q of login %q", h.Name, h.Login)
		}
		if len(h.Forms) == 0 {
			e.find(CodeNoForm, policies.Warning, fmt.Sprintf("Run GRANT rls_any TO %s.", policies.Ident(h.Name)), "%s has no form of policies, and sees nothing", what)
		}
		root, whose := h.Login == h.Name && slices.Contains(superusers, h.Principal), "no superuser's"
		if root {
			whose = "a superuser's"
		}
		switch i := slices.IndexFunc(h.Forms, func(f string) bool { return logins.Fails(f, root) }); {
		case i < 0:
		case h.Login != h.Name:
			e.find(CodeFormAlone, policies.Warning, fmt.Sprintf("Run REVOKE %s FROM %[2]s, and GRANT rls_any TO %[2]s.", logins.FormRole(h.Forms[i]), policies.Ident(h.Name)),
				"%s: policies of form %q are for superusers, and nobody is one who is impersonated", what, h.Forms[i])
		case applied:
			e.find(CodeFormAlone, policies.Warning, fmt.Sprintf("Run rlsctl login plan %s any.", h.Name),
				"%s is %s: policies of form %q raise 40001 at each of its statements", what, whose, h.Forms[i])
		}
	}
	return nil
}

// superusers are the keys of principals with logins of their own who are superusers of the application.
// Where no model is applied nobody can tell.
func (e *examination) superusers(ctx context.Context) (applied bool, keys []string, err error) {
	if err := e.tx.QueryRow(ctx, "SELECT to_regprocedure('rls.user_state(text)') IS NOT NULL").Scan(&applied); err != nil || !applied {
		return false, nil, err
	}
	r, _ := e.tx.Query(ctx, `SELECT DISTINCT l.principal FROM rls.login AS l
		CROSS JOIN LATERAL rls.user_state(l.principal) AS u WHERE l.kind = 'person' AND u.is_superuser`)
	keys, err = pgx.CollectRows(r, pgx.RowTo[string])
	return true, keys, err
}

// planRoles asks whether entering adds a table privilege: what a plan role has beyond its client role.
func (e *examination) planRoles(ctx context.Context) error {
	type held struct{ Role, Client, Table string }
	list, err := rows[held](ctx, e, `
		SELECT DISTINCT p.role, p.client_role, format('%I.%I', n.nspname, t.relname)
		FROM rls.plan_role AS p
		JOIN pg_roles AS r ON r.rolname = p.role
		JOIN pg_class AS t ON t.relkind IN ('r', 'p', 'v', 'm', 'f')
		JOIN pg_namespace AS n ON n.oid = t.relnamespace
		WHERE t.relowner <> r.oid AND (EXISTS (SELECT FROM aclexplode(t.relacl) AS x WHERE x.grantee = r.oid)
		   OR EXISTS (SELECT FROM pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS x WHERE a.attrelid = t.oid AND x.grantee = r.oid))
		ORDER BY 1, 3`)
	for _, h := range list {
		e.find(CodeOwnPrivileges, policies.Error, fmt.Sprintf("Run REVOKE ALL ON %s FROM %s, and grant what is needed to %s.", h.Table, policies.Ident(h.Role), policies.Ident(h.Client)),
			"plan role %q holds privileges on %s of its own, and so whom it fits may do more than others", h.Role, h.Table)
	}
	return err
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// unmapped finds logins that reach a client role and are in no map: they are nobody, which is rarely what was meant.
func (e *examination) unmapped(ctx context.Context) error {
	type login struct{ Name, Client string }
	list, err := rows[login](ctx, e, `
		WITH RECURSIVE reach (login, role) AS (
			SELECT r.oid, r.oid FROM pg_roles AS r
			WHERE r.rolcanlogin AND NOT r.rolsuper AND NOT EXISTS (SELECT FROM rls.login AS l WHERE l.name = r.rolname)
			UNION
			SELECT x.login, m.roleid FROM reach AS x JOIN pg_auth_members AS m ON m.member = x.role
			WHERE coalesce((to_jsonb(m) ->> 'set_option')::boolean OR (to_jsonb(m) ->> 'inherit_option')::boolean, true)
		)
		SELECT l.rolname::text, min(d.name) FILTER (WHERE d.kind = 'client')
		FROM reach AS x
		JOIN pg_roles AS l ON l.oid = x.login
		JOIN pg_roles AS r ON r.oid = x.role
		JOIN rls.database_role AS d ON d.name = r.rolname
		GROUP BY 1
		HAVING bool_or(d.kind = 'client') AND NOT bool_or(d.kind = 'maintenance')
		ORDER BY 1`)
	for _, l := range list {
		e.find(CodeUnmappedLogin, policies.Warning, fmt.Sprintf("Run rlsctl login add %s --user LOGIN, or REVOKE %s FROM %s.", l.Name, policies.Ident(l.Client), policies.Ident(l.Name)),
			"login %q is a member of client role %q and in no map: it is nobody", l.Name, l.Client)
	}
	return err
}
