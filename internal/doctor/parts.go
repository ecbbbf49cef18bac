package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// unprotectedPart reports a partition or child that came after the last apply. Through the table above it is filtered;
// by itself it is open to whoever holds privileges on it.
func (e *examination) unprotectedPart(resource string, t *policies.Table, open map[string][]string) bool {
	if slices.ContainsFunc(e.catalog.Installed, func(i policies.Installed) bool {
		return i.Kind == policies.KindRowSecurity && i.Name == policies.Identity(t.Schema, t.Name)
	}) {
		return false
	}
	name := tableName(t)
	who := open[name]
	switch {
	case t.Kind == "f" && len(who) > 0:
		e.find(CodeOpenPart, policies.Error, fmt.Sprintf("Run REVOKE ALL ON %s FROM %s.", name, strings.Join(who, ", ")),
			"foreign table %s holds rows of resource %q, cannot be filtered, and is open to %s", name, resource, strings.Join(who, ", "))
	case t.Kind == "f":
	case len(who) > 0:
		e.find(CodeOpenPart, policies.Error, "Run rlsctl apply rls.yaml.",
			"table %s holds rows of resource %q, has no policies yet, and is open to %s", name, resource, strings.Join(who, ", "))
	default:
		e.find(CodeOpenPart, policies.Warning, "Run rlsctl apply rls.yaml.",
			"table %s holds rows of resource %q and has no policies yet; no client may read it by itself", name, resource)
	}
	return true
}

// openParts returns which database roles that a client is or can become hold privileges on a partition or child, or on
// columns of it, by table.
func (e *examination) openParts(ctx context.Context, reached []string) (map[string][]string, error) {
	type holder struct{ Table, Who string }
	list, err := rows[holder](ctx, e, `
		SELECT DISTINCT format('%I.%I', p.table_schema, p.table_name), CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(g.rolname) END
		FROM rls.protected_table AS p
		JOIN pg_class AS c ON c.oid = p.oid
		CROSS JOIN LATERAL (
			SELECT r.grantee FROM aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS r
			UNION SELECT r.grantee FROM pg_attribute AS a CROSS JOIN LATERAL aclexplode(a.attacl) AS r WHERE a.attrelid = c.oid
		) AS x
		LEFT JOIN pg_roles AS g ON g.oid = x.grantee
		WHERE NOT p.is_root AND (x.grantee = 0 OR g.rolname = ANY ($1))
		ORDER BY 1, 2`, reached)
	out := map[string][]string{}
	for _, h := range list {
		out[h.Table] = append(out[h.Table], h.Who)
	}
	return out, err
}

// defaults finds default privileges that open each new partition or child to clients until the next apply.
func (e *examination) defaults(ctx context.Context, reached []string) error {
	type gift struct {
		Maker, Schema, Who, Table string
		Adopted                   bool // adoption made it: the application uses what its owner makes
	}
	list, err := rows[gift](ctx, e, `
		SELECT DISTINCT ON (1, 2, 3) quote_ident(m.rolname), coalesce(quote_ident(n.nspname), ''),
		       CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(g.rolname) END, format('%I.%I', p.table_schema, p.table_name),
		       EXISTS (SELECT FROM rls.adoption AS a WHERE a.client_role = g.rolname AND a.owner_role = m.rolname)
		FROM rls.protected_table AS p
		JOIN pg_class AS c ON c.oid = p.oid
		JOIN pg_default_acl AS d ON d.defaclobjtype = 'r' AND d.defaclnamespace IN (0, c.relnamespace)
		JOIN pg_roles AS m ON m.oid = d.defaclrole
		LEFT JOIN pg_namespace AS n ON n.oid = d.defaclnamespace
		CROSS JOIN LATERAL aclexplode(d.defaclacl) AS x
		LEFT JOIN pg_roles AS g ON g.oid = x.grantee
		WHERE (c.relkind = 'p' OR c.relhassubclass)
		  AND x.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE') AND (x.grantee = 0 OR g.rolname = ANY ($1))
		ORDER BY 1, 2, 3, 4`, reached)
	for _, g := range list {
		schema := ""
		if g.Schema != "" {
			schema = " IN SCHEMA " + g.Schema
		}
		if g.Adopted {
			e.find(CodeOpenDefaults, policies.Note,
				fmt.Sprintf("Leave them: adoption made them, so that the application can use what %s makes. Run rlsctl apply in the transaction after each new partition.", g.Maker),
				"a new partition or child of %s that %s makes is open to %s by itself until the next apply", g.Table, g.Maker, g.Who)
			continue
		}
		e.find(CodeOpenDefaults, policies.Warning,
			fmt.Sprintf("Run ALTER DEFAULT PRIVILEGES FOR ROLE %s%s REVOKE ALL ON TABLES FROM %s, or rlsctl apply in the transaction after each new partition.", g.Maker, schema, g.Who),
			"a new partition or child of %s that %s makes is open to %s by itself until the next apply", g.Table, g.Maker, g.Who)
	}
	return err
}

// lostDefaults finds default privileges that a client role had when the model was applied, and has no more.
func (e *examination) lostDefaults(ctx context.Context) error {
	type lost struct{ Maker, Schema, Type, Who, Privileges, Name string }
	list, err := rows[lost](ctx, e, `
		SELECT quote_ident(p.maker), CASE p.schema_name WHEN '' THEN '' ELSE ' IN SCHEMA ' || quote_ident(p.schema_name) END,
		       CASE p.object_type WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END,
		       quote_ident(p.grantee), string_agg(p.privilege, ', ' ORDER BY p.privilege), p.grantee
		FROM rls.default_privilege AS p
		WHERE to_regrole(quote_ident(p.maker)) IS NOT NULL AND (p.schema_name = '' OR to_regnamespace(quote_ident(p.schema_name)) IS NOT NULL)
		  AND NOT EXISTS (
			SELECT FROM pg_default_acl AS d CROSS JOIN LATERAL aclexplode(d.defaclacl) AS x
			WHERE d.defaclrole = to_regrole(quote_ident(p.maker)) AND d.defaclobjtype = p.object_type
			  AND d.defaclnamespace = coalesce(to_regnamespace(nullif(quote_ident(p.schema_name), '""')), 0::oid)
			  AND x.grantee = to_regrole(quote_ident(p.grantee)) AND x.privilege_type = p.privilege)
		GROUP BY p.maker, p.schema_name, p.object_type, p.grantee
		ORDER BY 1, 2, 3, 4`)
	for _, l := range list {
		e.find(CodeLostDefaults, policies.Warning,
			fmt.Sprintf("Run ALTER DEFAULT PRIVILEGES FOR ROLE %s%s GRANT %s ON %s TO %s; if it was meant, run DELETE FROM rls.default_privilege WHERE grantee = %s.",
				l.Maker, l.Schema, l.Privileges, l.Type, l.Who, policies.Literal(l.Name)),
			"client role %s has lost its default privileges on %s of %s%s: any member can take them away with DROP OWNED BY", l.Who, l.Type, l.Maker, l.Schema)
	}
	return err
}

// former finds tables that held rows of a resource when the model was applied, and do no more.
func (e *examination) former(ctx context.Context) error {
	type table struct{ Name string }
	list, err := rows[table](ctx, e, "SELECT format('%I.%I', p.table_schema, p.table_name) FROM rls.protected_table AS p")
	if err != nil {
		return err
	}
	for _, i := range e.catalog.Installed {
		if i.Kind != policies.KindRowSecurity || slices.Contains(list, table{i.Table}) || !slices.ContainsFunc(e.catalog.Tables, func(t policies.Table) bool {
			return tableName(&t) == i.Table
		}) {
			continue
		}
		e.find(CodeFormerPart, policies.Note, "Make it a resource of its own in rls.yaml, or let it go with rlsctl apply rls.yaml --allow DISABLES_RLS.",
			"table %s was detached from resource %q and keeps its policies", i.Table, i.Resource)
	}
	return nil
}

// dropped reports whether an object went with its table, which was a part of one that is still there: partitions come and
// go, and the next apply forgets it.
func (e *examination) dropped(i policies.Installed) bool {
	is := func(t policies.Table) bool { return tableName(&t) == i.Table }
	return i.Actual == "" && i.Table != "" && !slices.ContainsFunc(e.catalog.Tables, is) && slices.ContainsFunc(e.catalog.Installed, func(o policies.Installed) bool {
		return o.Kind == policies.KindRowSecurity && o.Resource == i.Resource && o.Actual != ""
	})
}
