package logins

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/compile"
)

// codeAdoption is raised where an adoption would not be exact.
const codeAdoption = "RL418"

// enroll plans the rows of the login map, and of what the steps before have changed.
func (c *change) enroll(ctx context.Context, p *adopter) error {
	var schemas, plans []string
	err := c.owner(ctx, func() (err error) {
		schemas, plans, err = c.planned(ctx, p.client)
		return err
	})
	if err != nil {
		return err
	}
	const title = "the login map"
	for _, role := range plans {
		o := compile.MayTake(role, p.login, p.s.Version)
		p.add(title, "", strings.TrimSuffix(o.Create, ";"), undo{"", fmt.Sprintf("REVOKE %s FROM %s", policies.Ident(role), policies.Ident(p.login))})
	}
	lit := policies.Literal
	list := func(names []string) string {
		quoted := make([]string, len(names))
		for i, n := range names {
			quoted[i] = lit(n)
		}
		return "ARRAY[" + strings.Join(quoted, ", ") + "]::text[]"
	}
	limits, _, err := c.state(ctx, p.login)
	if err != nil {
		return err
	}
	var mayHide bool
	if err := c.tx.QueryRow(ctx, `SELECT has_parameter_privilege('track_activities', 'SET') AND NOT EXISTS (
		SELECT FROM pg_db_role_setting AS d JOIN pg_roles AS r ON r.oid = d.setrole CROSS JOIN LATERAL unnest(d.setconfig) AS s(setting)
		WHERE r.rolname = $1 AND s.setting LIKE 'track_activities=%')`, p.login).Scan(&mayHide); err != nil {
		return fmt.Errorf("read the settings of %q: %w", p.login, err)
	}
	if mayHide {
		login := policies.Ident(p.login)
		p.add(title, "", fmt.Sprintf("ALTER ROLE %s SET track_activities = off", login), undo{"", fmt.Sprintf("ALTER ROLE %s RESET track_activities", login)})
	}
	registration, err := p.registration(p.client, given{Limits: limits})
	if err != nil {
		return err
	}
	owner := "NULL"
	if p.owner != "" {
		owner = lit(p.owner)
	}
	var acts []string
	for role := range p.needs {
		acts = append(acts, role)
	}
	slices.Sort(acts)
	p.add(title, "rls_owner", registration)
	p.add(title, "rls_owner", fmt.Sprintf(`INSERT INTO rls.adoption (login, client_role, owner_role, made, acts_as, settings)
SELECT %s, %s, %s, %s, %s, ARRAY(
    SELECT c.setting FROM pg_catalog.pg_db_role_setting AS d CROSS JOIN LATERAL unnest(d.setconfig) AS c(setting)
    WHERE d.setrole = to_regrole(%s) AND d.setdatabase IN (0, (SELECT b.oid FROM pg_catalog.pg_database AS b WHERE b.datname = current_database())))`,
		lit(p.login), lit(p.client), owner, list(p.made), list(acts), lit(policies.Ident(p.login))))
	n := 0
	var rows []string
	for _, s := range p.steps {
		// The last one is undone first.
		for i, u := range s.undo {
			rows = append(rows, fmt.Sprintf("(%s, %d, %d, %s, %s)", lit(p.login), n, i, lit(u.as), lit(u.sql)))
		}
		n++
	}
	if len(rows) > 0 {
		p.add(title, "rls_owner", "INSERT INTO rls.adoption_step (login, step, place, run_as, undo) VALUES\n"+strings.Join(rows, ",\n"))
	}
	var manifest []string
	for _, s := range schemas {
		if s != "rls" {
			manifest = append(manifest, manifestSQL(compile.SchemaUsage(s, p.login), ""))
		}
	}
	for _, role := range plans {
		o := compile.MayTake(role, p.login, p.s.Version)
		manifest = append(manifest, manifestSQL(o, o.Drop))
	}
	if len(manifest) > 0 {
		p.add(title, "rls_owner", apply.LockSQL(apply.LockTools)+";\n"+strings.Join(manifest, ";\n"))
	}
	return nil
}

// rightsOf lists, as a query, what a database role may do: kind, object, part of it, privilege. Schema rls is not the
// application's, and large objects have no function that tells before PostgreSQL 18.
func rightsOf(role string) string {
	// The owner of a table of PostgreSQL's own, or a member of a role that reads everything, is refused elsewhere.
	return strings.ReplaceAll(`SELECT 'TABLE' AS kind, c.oid::regclass::text AS object, '' AS part, x.privilege FROM pg_class AS c
    CROSS JOIN unnest(CASE WHEN current_setting('server_version_num')::integer >= 170000 THEN '{MAINTAIN}'::text[] ELSE '{}' END
        || '{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) AS x(privilege)
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relpersistence <> 't' AND c.relnamespace <> 'rls'::regnamespace AND has_table_privilege(@, c.oid, x.privilege)
UNION ALL SELECT 'SEQUENCE', c.oid::regclass::text, '', x.privilege FROM pg_class AS c CROSS JOIN unnest('{USAGE,SELECT,UPDATE}'::text[]) AS x(privilege)
    WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND c.relnamespace <> 'rls'::regnamespace AND has_sequence_privilege(@, c.oid, x.privilege)
UNION ALL SELECT 'COLUMN', c.oid::regclass::text, a.attname, x.privilege FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    CROSS JOIN unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) AS x(privilege)
    WHERE c.relpersistence <> 't' AND c.relnamespace <> 'rls'::regnamespace AND EXISTS (SELECT FROM pg_attribute AS o WHERE o.attrelid = c.oid AND o.attacl IS NOT NULL)
      AND has_column_privilege(@, c.oid, a.attnum, x.privilege) AND NOT has_table_privilege(@, c.oid, x.privilege)
UNION ALL SELECT 'ROUTINE', p.oid::regprocedure::text, '', 'EXECUTE' FROM pg_proc AS p
    WHERE p.pronamespace <> 'rls'::regnamespace AND has_function_privilege(@, p.oid, 'EXECUTE')
UNION ALL SELECT 'TYPE', t.oid::regtype::text, '', 'USAGE' FROM pg_type AS t WHERE t.typnamespace <> 'rls'::regnamespace AND has_type_privilege(@, t.oid, 'USAGE')
    AND t.typnamespace NOT IN (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname ~ '^pg_(temp|toast)')
UNION ALL SELECT 'SCHEMA', n.nspname, '', x.privilege FROM pg_namespace AS n CROSS JOIN unnest('{USAGE,CREATE}'::text[]) AS x(privilege)
    WHERE n.nspname !~ '^pg_(temp|toast)' AND n.nspname <> 'rls' AND has_schema_privilege(@, n.oid, x.privilege)
UNION ALL SELECT 'DATABASE', d.datname, '', x.privilege FROM pg_database AS d CROSS JOIN unnest('{CONNECT,TEMPORARY,CREATE}'::text[]) AS x(privilege)
    WHERE d.datname = current_database() AND has_database_privilege(@, d.oid, x.privilege)
UNION ALL SELECT 'LANGUAGE', l.lanname, '', 'USAGE' FROM pg_language AS l WHERE has_language_privilege(@, l.oid, 'USAGE')
UNION ALL SELECT 'FOREIGN DATA WRAPPER', w.fdwname, '', 'USAGE' FROM pg_foreign_data_wrapper AS w WHERE has_foreign_data_wrapper_privilege(@, w.oid, 'USAGE')
UNION ALL SELECT 'FOREIGN SERVER', s.srvname, '', 'USAGE' FROM pg_foreign_server AS s WHERE has_server_privilege(@, s.oid, 'USAGE')
UNION ALL SELECT 'TABLESPACE', s.spcname, '', 'CREATE' FROM pg_tablespace AS s WHERE has_tablespace_privilege(@, s.oid, 'CREATE')
UNION ALL SELECT 'PARAMETER', s.parname, '', x.privilege FROM pg_parameter_acl AS s CROSS JOIN unnest('{SET,ALTER SYSTEM}'::text[]) AS x(privilege)
    WHERE has_parameter_privilege(@, s.parname, x.privilege)`, "@", policies.Literal(role))
}

func rightsSQL(login string) string {
	return "CREATE TEMPORARY TABLE rls_adoption_rights ON COMMIT DROP AS\n" + rightsOf(login)
}

// sameRightsSQL raises RL418 where the client role may do more or less than the login could.
func sameRightsSQL(client string) string {
	return block(`DECLARE
    change text;
BEGIN
    CREATE TEMPORARY TABLE rls_adoption_rights_now ON COMMIT DROP AS
` + rightsOf(client) + `;
    SELECT string_agg(d.text, ', ') INTO change FROM (
        (SELECT 'loses ' || r.privilege || ' ON ' || r.kind || ' ' || r.object || ' ' || r.part AS text
         FROM (SELECT * FROM pg_temp.rls_adoption_rights EXCEPT SELECT * FROM pg_temp.rls_adoption_rights_now) AS r ORDER BY 1 LIMIT 3)
        UNION ALL
        (SELECT 'gains ' || r.privilege || ' ON ' || r.kind || ' ' || r.object || ' ' || r.part
         FROM (SELECT * FROM pg_temp.rls_adoption_rights_now EXCEPT SELECT * FROM pg_temp.rls_adoption_rights) AS r ORDER BY 1 LIMIT 3)) AS d;
    IF change IS NOT NULL THEN
        RAISE EXCEPTION 'adoption would change what the application may do: it %', change
            USING ERRCODE = 'RL418', HINT = 'Connect as a role that may grant these, or as a database superuser, or name a client role that does not exist yet.';
    END IF;
END`)
}

// bareSQL raises RL418 where a login owns or holds more in this database than a gateway has to.
func bareSQL(login string) string {
	return block(`DECLARE
    things text;
BEGIN
    SELECT string_agg(CASE d.deptype WHEN 'o' THEN 'owns ' WHEN 'r' THEN 'is named by ' ELSE 'holds privileges on ' END || d.what, ', ') INTO things
    FROM (SELECT s.deptype, pg_describe_object(s.classid, s.objid, s.objsubid) AS what FROM pg_shdepend AS s
          WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = to_regrole(` + policies.Literal(policies.Ident(login)) + `)
            AND s.dbid = (SELECT b.oid FROM pg_database AS b WHERE b.datname = current_database())
            AND NOT (s.deptype = 'a' AND s.classid = 'pg_namespace'::regclass)
            AND s.deptype IN ('o', 'a', 'r') AND s.classid NOT IN ('pg_default_acl'::regclass, 'pg_user_mapping'::regclass)
            AND coalesce((pg_identify_object(s.classid, s.objid, 0)).schema, '') !~ '^(rls|pg_temp_.*|pg_toast_temp_.*)$'
          ORDER BY s.deptype DESC, 2 LIMIT 3) AS d;
    IF things IS NOT NULL THEN
        RAISE EXCEPTION 'login % would still have something of its own: it %', ` + policies.Literal(policies.Ident(login)) + `, things
            USING ERRCODE = 'RL418', HINT = 'Connect as a database superuser, or as a role that may take these.';
    END IF;
END`)
}

// block is a DO statement; a database role may be called anything.
func block(body string) string {
	quote := "$$"
	for i := 1; strings.Contains(body, quote); i++ {
		quote = fmt.Sprintf("$rls%d$", i)
	}
	return "DO " + quote + "\n" + body + "\n" + quote
}
