package doctor

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/policies"
)

// floor is, per major version, the first minor one that is good enough. Versions that are not here are newer than this
// list. Source: postgresql.org/support/security.
type floor struct{ unsafe, outdated int }

var floors = map[int]floor{
	15: {unsafe: 9, outdated: 18}, // CVE-2024-10976, CVE-2024-10978; the batch of May 2026
	16: {unsafe: 5, outdated: 14},
	17: {unsafe: 1, outdated: 10},
	18: {unsafe: 0, outdated: 4},
}

func (e *examination) server() { e.out = append(e.out, server(e.catalog.ServerVersion)...) }

// server judges a server_version_num.
func server(version int) []Finding {
	major, minor := version/10000, version%10000
	f, known := floors[major]
	if !known {
		return nil
	}
	switch {
	case minor < f.unsafe:
		return []Finding{{CodeUnsafeServer, policies.Error, fmt.Sprintf("Upgrade the server to %d.%d.", major, f.outdated),
			fmt.Sprintf("PostgreSQL %d.%d can apply the policies of the wrong role: CVE-2024-10976", major, minor)}}
	case minor < f.outdated:
		return []Finding{{CodeOutdated, policies.Warning, fmt.Sprintf("Upgrade the server to %d.%d.", major, f.outdated),
			fmt.Sprintf("PostgreSQL %d.%d lacks fixes of known holes", major, minor)}}
	}
	return nil
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
