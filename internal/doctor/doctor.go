// Package doctor looks for what makes an installation unsafe: an outdated server, drift, logins with powers that no
// principal's login may have, keys, and privileges that row security does not filter. It changes nothing.
package doctor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/ownership"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/inspect"
)

// Codes of the findings. A code is for life.
const (
	CodeNoKernel        policies.Code = "RL600" // the kernel is not installed
	CodeOutdated        policies.Code = "RL601" // the server lacks the fix of a known hole
	CodeUnsafeServer    policies.Code = "RL602" // the server has a known hole that lets clients past every policy
	CodeNoModel         policies.Code = "RL603" // no model is applied
	CodeDrift           policies.Code = "RL604" // an object is not as apply left it
	CodeNotForced       policies.Code = "RL605" // a protected table is gone, or not filtered for everybody
	CodeForeignPolicy   policies.Code = "RL606" // a permissive policy made by hand widens what the model says
	CodeOwnerMember     policies.Code = "RL607" // somebody is a member of rls_owner
	CodeKernelRole      policies.Code = "RL608" // a database role of the kernel has powers
	CodeLostLogin       policies.Code = "RL609" // the database role of a login is gone, or cannot log in
	CodeKind            policies.Code = "RL610" // a login is not what its kind says
	CodeDangerousLogin  policies.Code = "RL611" // a login has powers that no principal's login may have
	CodePrincipal       policies.Code = "RL612" // the user behind a login is gone, or a superuser
	CodeInherits        policies.Code = "RL613" // a gateway has its client role's privileges before it enters
	CodeOwnPrivileges   policies.Code = "RL614" // a gateway or a plan role holds table privileges of its own
	CodeClientRole      policies.Code = "RL615" // a gateway does not belong to exactly its client role
	CodeNoKey           policies.Code = "RL616" // a signed gateway has no key
	CodeManyKeys        policies.Code = "RL617" // a gateway has more than two valid keys
	CodeOldKey          policies.Code = "RL618" // a gateway's newest key is old
	CodeUnsigned        policies.Code = "RL619" // a gateway believes tokens without a signature
	CodeUnfiltered      policies.Code = "RL620" // clients hold privileges that row security does not filter
	CodeUnmappedLogin   policies.Code = "RL621" // a login reaches a client role and is nobody
	CodeNoIndex         policies.Code = "RL622" // a column that every question reads has no index
	CodeParameterLog    policies.Code = "RL623" // the server logs bind parameters, tokens among them
	CodeParameterErrors policies.Code = "RL624" // errors quote bind parameters
	CodeDefinerView     policies.Code = "RL625" // a view reads protected rows as its owner
	CodeMaterialized    policies.Code = "RL626" // a materialized view holds protected rows
	CodeNoForm          policies.Code = "RL627" // a person's login, or a role that stands for a user, has no form of policies
	CodeNoPlanRole      policies.Code = "RL628" // a gateway may not take a plan role that entering picks
	CodeDefinerFunction policies.Code = "RL646" // a definer function reads protected rows as its owner
	CodeFormAlone       policies.Code = "RL629" // a person's login has a form of policies that has no branch for them
	CodeOpenPart        policies.Code = "RL640" // a partition or child of a protected table has no policies
	CodeOpenDefaults    policies.Code = "RL641" // default privileges open new partitions of a protected table to clients
	CodeLostDefaults    policies.Code = "RL661" // a client role has lost default privileges
	CodeFormerPart      policies.Code = "RL642" // a table was detached from a protected one and keeps its policies
	CodeAdoptedOwns     policies.Code = "RL649" // a login that was adopted owns or holds something again
	CodeAdoptedRole     policies.Code = "RL650" // the owner that adoption made is no maintenance role
	CodeAdoptedLogin    policies.Code = "RL651" // the client role of an adopted login can log in
	CodeApplication     policies.Code = "RL654" // nobody but the application guards what decides about access
	CodeSilent          policies.Code = "RL655" // triggers of the toolkit do not fire
	CodeUndecided       policies.Code = "RL656" // a table that nobody has decided about
	CodeShownToken      policies.Code = "RL675" // tokens of a gateway stand in pg_stat_activity
	CodeExcess          policies.Code = "RL676" // a gateway can become or holds more than its client role
	CodeLoginSetting    policies.Code = "RL677" // a gateway starts with a setting that nobody has written down
	CodeNewPassword     policies.Code = "RL678" // a gateway has another password than when it was registered
	CodeAfterGuard      policies.Code = "RL665" // a BEFORE trigger sorts after a guard of the toolkit
)

// Finding is one thing that is wrong, and what to do about it.
type Finding struct {
	Code    policies.Code     `json:"code"`
	Level   policies.Severity `json:"level"`
	Message string            `json:"message"` // one clause that quotes the culprit
	Hint    string            `json:"hint"`    // an order
}

// Report is what was found, errors first.
type Report struct {
	Server   string    `json:"server"`
	Findings []Finding `json:"findings"`
	Plans    *Plans    `json:"plans,omitempty"` // where they were asked for
}

// HasErrors reports whether the installation must not be relied on.
func (r Report) HasErrors() bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Level == policies.Error })
}

// Options of one examination. The zero value knows nothing but the database.
type Options struct {
	// Keep names, per table as "schema.table", hand-made policies that may stay: keep_policies of the model.
	Keep map[string][]string
	// KeyAge is how old a gateway's newest key may be; 90 days otherwise.
	KeyAge time.Duration
	// Plans asks for the plans of protected tables; nil does not.
	Plans *PlanOptions
}

// examination is one run: one transaction that is rolled back.
type examination struct {
	tx      pgx.Tx
	opt     Options
	catalog *policies.Catalog
	out     []Finding
	seen    *Plans
	client  string // client role that plans are looked at with

	passwords map[string]string // hashes, by role; none where they may not be read
	shown     []string          // logins whose statements show a token
}

func (e *examination) find(code policies.Code, level policies.Severity, hint, format string, args ...any) {
	e.out = append(e.out, Finding{Code: code, Level: level, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// Examine looks at the database that conn is connected to, as a maintenance login or database superuser.
func Examine(ctx context.Context, conn *pgx.Conn, o Options) (Report, error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		return Report{}, fmt.Errorf("doctor: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is kept
	return InTx(ctx, tx, o)
}

// InTx is Examine inside a transaction of the caller's, which must be writable, and rolled back afterwards.
func InTx(ctx context.Context, tx pgx.Tx, o Options) (Report, error) {
	if o.KeyAge <= 0 {
		o.KeyAge = 90 * 24 * time.Hour
	}
	if o.Plans != nil {
		p := *o.Plans
		if p.Timeout <= 0 {
			p.Timeout = 5 * time.Second
		}
		if p.LargeTable <= 0 {
			p.LargeTable = 10_000
		}
		if p.CountLimit <= 0 {
			p.CountLimit = 100_000
		}
		o.Plans = &p
	}
	var r Report
	e := &examination{tx: tx, opt: o}
	if err := e.run(ctx); err != nil {
		return r, fmt.Errorf("doctor: %w", err)
	}
	if err := tx.QueryRow(ctx, "SELECT current_setting('server_version')").Scan(&r.Server); err != nil {
		return r, fmt.Errorf("doctor: %w", err)
	}
	rank := map[policies.Severity]int{policies.Error: 0, policies.Warning: 1, policies.Note: 2}
	slices.SortStableFunc(e.out, func(a, b Finding) int { return rank[a.Level] - rank[b.Level] })
	r.Findings, r.Plans = append([]Finding{}, e.out...), e.seen
	return r, nil
}

func (e *examination) run(ctx context.Context) (err error) {
	// Before the membership in rls_owner is borrowed: afterwards there is always one member.
	if err := e.ownerMembers(ctx); err != nil {
		return err
	}
	if e.catalog, err = inspect.InTx(ctx, e.tx); err != nil {
		return err
	}
	e.server()
	if err := e.logging(ctx); err != nil {
		return err
	}
	if err := e.visible(ctx); err != nil {
		return err
	}
	e.kernelRoles()
	if e.catalog.Kernel == 0 {
		e.find(CodeNoKernel, policies.Error, "Run rlsctl migrate up.", "the kernel is not installed in this database")
		return nil
	}
	if err := e.lockHolders(ctx); err != nil {
		return err
	}
	if err := e.lifted(ctx); err != nil {
		return err
	}
	err = ownership.Do(ctx, e.tx, func() error {
		if err := e.copies(ctx); err != nil {
			return err
		}
		for _, check := range []func(context.Context) error{e.model, e.tables, e.guards, e.schemas, e.logins, e.forms, e.gateways, e.services, e.adopted, e.planRoles, e.planOwned, e.lostDefaults, e.unmapped, e.indexes, e.readers, e.cascades, e.upkeep} {
			if err := check(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || e.opt.Plans == nil {
		return err
	}
	return e.plans(ctx)
}

// rows reads a query into a slice of structs, by position.
func rows[T any](ctx context.Context, e *examination, sql string, args ...any) ([]T, error) {
	r, _ := e.tx.Query(ctx, sql, args...)
	return pgx.CollectRows(r, pgx.RowToStructByPos[T])
}
