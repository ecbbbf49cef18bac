package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/policies"
)

// server names the known holes that the server still has.
func (e *examination) server() {
	for _, l := range e.catalog.ServerLeaks {
		code, level := CodeOutdated, policies.Warning
		if l.Total {
			code, level = CodeUnsafeServer, policies.Error
		}
		e.find(code, level, fmt.Sprintf("Upgrade the server to PostgreSQL %s.", policies.Release(l.Fixed)),
			"PostgreSQL %s: %s (%s)", policies.Release(e.catalog.ServerVersion), l.What, l.CVE)
	}
}

// ownerMembers finds whoever can be rls_owner now, and would see every row that the graph is read from.
func (e *examination) ownerMembers(ctx context.Context) error {
	// Since PostgreSQL 16 whoever makes a role holds a membership with ADMIN alone, which shows nothing.
	r, err := e.tx.Query(ctx, `SELECT DISTINCT u.rolname::text FROM pg_catalog.pg_auth_members AS m
		JOIN pg_catalog.pg_roles AS r ON r.oid = m.roleid AND r.rolname = 'rls_owner'
		JOIN pg_catalog.pg_roles AS u ON u.oid = m.member
		WHERE coalesce((pg_catalog.to_jsonb(m) ->> 'set_option')::boolean OR (pg_catalog.to_jsonb(m) ->> 'inherit_option')::boolean, true)
		ORDER BY 1`)
	if err != nil {
		return err
	}
	members, err := pgx.CollectRows(r, pgx.RowTo[string])
	for _, m := range members {
		e.find(CodeOwnerMember, policies.Error, fmt.Sprintf("Run REVOKE rls_owner FROM %s.", policies.Ident(m)),
			"%q is a member of rls_owner, and sees every row that the graph is read from", m)
	}
	return err
}

// kernelRoles looks at the attributes of rls_owner and the other roles of the kernel, and at what they are members of.
func (e *examination) kernelRoles() {
	for _, name := range kernel.Roles {
		r := e.catalog.Role(name)
		if r == nil {
			if e.catalog.Kernel != 0 {
				e.find(CodeKernelRole, policies.Error, "Run rlsctl migrate down and up again.", "database role %s is missing", name)
			}
			continue
		}
		var has []string
		for attribute, set := range map[string]bool{"LOGIN": r.Login, "SUPERUSER": r.Superuser, "BYPASSRLS": r.BypassRLS, "CREATEROLE": r.CreateRole} {
			if set {
				has = append(has, attribute)
			}
		}
		if len(has) > 0 {
			e.find(CodeKernelRole, policies.Error, fmt.Sprintf("Run ALTER ROLE %s NO%s.", name, strings.Join(sorted(has), " NO")),
				"database role %s has %s", name, strings.Join(sorted(has), ", "))
		}
		for _, of := range r.MemberOf {
			e.find(CodeKernelRole, policies.Error, fmt.Sprintf("Run REVOKE %s FROM %s.", policies.Ident(of), name),
				"database role %s is a member of %q", name, of)
		}
	}
}

// logging finds settings under which the server's log shows tokens. The log of statements is read by more people than
// the tables are.
func (e *examination) logging(ctx context.Context) error {
	var length, onError, statement, duration, sample, transactions string
	err := e.tx.QueryRow(ctx, `SELECT current_setting('log_parameter_max_length'), current_setting('log_parameter_max_length_on_error'),
		current_setting('log_statement'), current_setting('log_min_duration_statement'), current_setting('log_min_duration_sample'),
		current_setting('log_transaction_sample_rate')`).Scan(&length, &onError, &statement, &duration, &sample, &transactions)
	if err != nil {
		return err
	}
	why := ""
	switch {
	case length == "0":
	case statement == "all" || statement == "mod":
		why = "log_statement = " + statement
	case duration != "-1":
		why = "log_min_duration_statement = " + duration
	case sample != "-1":
		why = "log_min_duration_sample = " + sample
	case transactions != "0":
		why = "log_transaction_sample_rate = " + transactions
	}
	if why != "" {
		e.find(CodeParameterLog, policies.Warning, "Run ALTER SYSTEM SET log_parameter_max_length = 0 and SELECT pg_reload_conf().",
			"the server logs bind parameters, and so tokens and keys: %s, log_parameter_max_length = %s", why, length)
	}
	if onError != "0" {
		e.find(CodeParameterErrors, policies.Warning, "Run ALTER SYSTEM SET log_parameter_max_length_on_error = 0 and SELECT pg_reload_conf().",
			"errors quote bind parameters, and so tokens and keys: log_parameter_max_length_on_error = %s", onError)
	}
	return nil
}
