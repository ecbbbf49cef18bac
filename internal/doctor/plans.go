package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/internal/ownership"
	"github.com/rlsctl/rlsctl/policies"
)

// Codes of what the plans show.
const (
	CodeSlow        policies.Code = "RL630" // a principal who sees most rows pays many times what the table costs without policies
	CodeWholeTable  policies.Code = "RL631" // a principal who sees few rows reads a large table as a whole
	CodeSorts       policies.Code = "RL632" // a page of some rows sorts many
	CodeStatistics  policies.Code = "RL633" // the planner knows a table as it was long ago, or not at all
	CodeEstimate    policies.Code = "RL634" // the planner expects a hundredth or a hundredfold of the rows that come
	CodePerRow      policies.Code = "RL635" // a policy runs a function or a sub-select for each row of a large table
	CodeTimeout     policies.Code = "RL636" // a statement did not end in time
	CodeUnexplained policies.Code = "RL637" // the plans of a table or principal cannot be had
	CodeSubSelect   policies.Code = "RL662" // a view compares a column with a function of a sub-select
)

// PlanOptions of one look at the plans. The zero value explains, and runs nothing.
type PlanOptions struct {
	As         []string      // logins beside the sampled principals; anonymous is one
	ClientRole string        // whose table privileges apply; the first of the model otherwise
	Analyze    bool          // run the statements, in read-only savepoints, and report their time
	Timeout    time.Duration // for each statement; 5 s otherwise
	LargeTable int64         // rows from which a table is worth an index; 10,000 otherwise
	CountLimit int64         // users that are counted below somebody before "at least" is said; 100,000 otherwise
}

// Plans is what the planner does for each protected table as each principal.
type Plans struct {
	Analyzed   bool         `json:"analyzed"`
	Principals []Sampled    `json:"principals"`
	Tables     []TablePlans `json:"tables"`
}

// TablePlans are the plans of one protected table.
type TablePlans struct {
	Resource string      `json:"resource"`
	Table    string      `json:"table"`
	Rows     int64       `json:"rows"`     // as the planner estimates them
	Baseline string      `json:"baseline"` // database role that asks without a filter
	Queries  []QueryPlan `json:"queries"`
}

// QueryPlan is one statement as one principal, beside the same without a filter.
type QueryPlan struct {
	Principal  string   `json:"principal"`
	Query      string   `json:"query"` // page, newest, count, point
	SQL        string   `json:"sql"`
	Filtered   *Measure `json:"filtered,omitempty"`
	Unfiltered *Measure `json:"unfiltered,omitempty"`
	Ratio      float64  `json:"ratio,omitempty"` // of times where both ran, else of costs; 0: unknown
	Does       string   `json:"does"`            // the filtered plan in words, or why there is none
}

// Measure is what one plan costs.
type Measure struct {
	StartupCost  float64  `json:"startup_cost"`
	Cost         float64  `json:"cost"` // the planner's unit: one page read in order
	Rows         float64  `json:"rows"` // that come, or are expected
	Milliseconds *float64 `json:"ms,omitempty"`
	TimedOut     bool     `json:"timed_out,omitempty"`
	Nodes        []string `json:"nodes"` // kinds of steps, from the last to the first
}

// ImpersonationError says that nobody can be acted for, or not this principal.
type ImpersonationError struct {
	Name string
	Err  error
}

func (e *ImpersonationError) Error() string { return fmt.Sprintf("act for %q: %v", e.Name, e.Err) }
func (e *ImpersonationError) Unwrap() error { return e.Err }

// timeTypes are those of columns by which rows are new.
var timeTypes = []string{"timestamp with time zone", "timestamp without time zone", "date"}

// question is one statement about a table.
type question struct {
	kind    string // page, newest, count, point
	sql     string
	shown   string // the same, fit to be run by hand
	ordered string // column that the rows are ordered by first
	args    [][]byte
}

// asked is a plan, or why there is none.
type asked struct {
	plan    *plan
	measure *Measure
	why     string
	denied  bool
}

// subject is a protected table while its plans are looked at.
type subject struct {
	*policies.Table
	resource  string
	oid       uint32
	rows      float64
	baseline  string
	key       []keyColumn
	value     [][]byte          // of the primary key of some row
	times     string            // an indexed column of time
	keyless   bool              // the registry knows no key
	stale     bool              // the planner's statistics are old
	first     map[string]string // of each index its first column
	unplanned map[string]bool
	cache     map[string]asked // unfiltered, by SQL
}

// keyColumn is a column of a primary key with the operator of its index: = itself may be anybody's.
type keyColumn struct{ Name, Equals string }

// owned calls fn as rls_owner.
func (e *examination) owned(ctx context.Context, fn func() error) error {
	return ownership.Do(ctx, e.tx, fn)
}

// inside calls fn in a savepoint that reads only, under a time limit, and forgets what it set.
func (e *examination) inside(ctx context.Context, limit time.Duration, fn func(pgx.Tx) error) error {
	tx, err := e.tx.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is kept; a lost connection shows at the next statement
	if _, err := tx.Exec(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d", max(limit.Milliseconds(), 1))); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "SET TRANSACTION READ ONLY"); err != nil {
		return err
	}
	return fn(tx)
}

// enter acts for a principal, and returns the database role that its statements run as: the plan role that
// rls.impersonate takes, which is the one of the form that fits.
func enter(ctx context.Context, tx pgx.Tx, principal, clientRole string) (role string, err error) {
	var client any
	if clientRole != "" {
		client = clientRole
	}
	if _, err := tx.Exec(ctx, "SELECT rls.impersonate($1, $2)", principal, client); err != nil {
		return "", err
	}
	err = tx.QueryRow(ctx, "SELECT current_user::text").Scan(&role)
	return role, err
}

// explain returns the plan of a statement that begins with EXPLAIN.
func explain(ctx context.Context, tx pgx.Tx, sql string, args ...[]byte) (plan, error) {
	r := tx.Conn().PgConn().ExecParams(ctx, sql, args, nil, nil, nil).Read()
	if r.Err != nil {
		return plan{}, r.Err
	}
	if len(r.Rows) == 0 || len(r.Rows[0]) == 0 {
		return plan{}, errors.New("the server explains nothing")
	}
	return parsePlan(r.Rows[0][0])
}

// ask explains a question, and runs it where that is wanted, inside a savepoint of its own.
func (e *examination) ask(ctx context.Context, tx pgx.Tx, q question) (a asked, err error) {
	o := e.opt.Plans
	run := func(options string) (p plan, err error) {
		nested, err := tx.Begin(ctx)
		if err != nil {
			return p, err
		}
		defer nested.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is kept
		return explain(ctx, nested, "EXPLAIN ("+options+") "+q.sql, q.args...)
	}
	p, err := run("FORMAT JSON, VERBOSE")
	var pg *pgconn.PgError
	if errors.As(err, &pg) && ctx.Err() == nil {
		return asked{why: pg.Message, denied: pg.Code == "42501"}, nil
	}
	if err != nil {
		return a, err
	}
	slow := false
	if o.Analyze {
		// Twice where that is cheap: the first run pays for what is not in memory yet.
		for range 2 {
			ran, err := run("ANALYZE, TIMING OFF, BUFFERS, FORMAT JSON, VERBOSE")
			if timedOut(err) && ctx.Err() == nil {
				slow = true
				break
			}
			if errors.As(err, &pg) && ctx.Err() == nil {
				return asked{why: pg.Message}, nil
			}
			if err != nil {
				return a, err
			}
			p = ran
			if t := p.milliseconds(); t == nil || *t > 100 {
				break
			}
		}
	}
	m := &Measure{StartupCost: p.Root.Startup, Cost: p.Root.Total, Rows: p.Root.rows(), Milliseconds: p.milliseconds(), TimedOut: slow}
	for _, n := range p.Root.flow() {
		m.Nodes = append(m.Nodes, n.Type)
	}
	return asked{plan: &p, measure: m}, nil
}

// plans looks at every protected table as every sampled principal. It must not run as rls_owner.
func (e *examination) plans(ctx context.Context) error {
	o := e.opt.Plans
	report := &Plans{Analyzed: o.Analyze, Principals: []Sampled{}, Tables: []TablePlans{}}
	e.seen = report
	ready, err := e.ready(ctx)
	if err != nil || !ready {
		return err
	}
	people, users, err := e.sample(ctx, o.As)
	if err != nil {
		return err
	}
	people, err = e.admitted(ctx, people)
	if err != nil {
		return err
	}
	if len(people) == 0 {
		e.find(CodeUnexplained, policies.Warning, "Add an active user with a login, or name a principal with --as.",
			"no principal was found whose plans could be looked at")
		return nil
	}
	report.Principals = people
	subjects, err := e.subjects(ctx)
	if err != nil {
		return err
	}
	if err := e.statistics(ctx, subjects); err != nil {
		return err
	}
	for _, s := range subjects {
		e.overSubSelects(s)
		if err := e.unfiltered(ctx, s); err != nil {
			return err
		}
		t := TablePlans{Resource: s.resource, Table: tableName(s.Table), Rows: int64(s.rows), Baseline: s.baseline, Queries: []QueryPlan{}}
		j := judgement{e: e, s: s, users: users}
		for _, who := range people {
			list, err := e.filtered(ctx, s, who, &j)
			if err != nil {
				return err
			}
			t.Queries = append(t.Queries, list...)
		}
		j.find()
		report.Tables = append(report.Tables, t)
	}
	return nil
}

// ready asks for what impersonation needs, and says what is missing.
func (e *examination) ready(ctx context.Context) (bool, error) {
	var clients []string
	var users bool
	// rls_owner reads the registry; afterwards the login is itself again.
	err := e.owned(ctx, func() (err error) {
		if err = e.tx.QueryRow(ctx, "SELECT to_regclass('rls.user_row') IS NOT NULL").Scan(&users); err != nil {
			return err
		}
		clients, err = e.clientRoles(ctx)
		return err
	})
	if err != nil {
		return false, err
	}
	if !users {
		return false, nil // no model is applied, which is a finding of its own
	}
	e.client = e.opt.Plans.ClientRole
	if e.client == "" && len(clients) > 0 {
		e.client = clients[0]
	}
	switch {
	case len(clients) == 0:
		e.find(CodeUnexplained, policies.Warning,
			"Name the database role of your applications under database.client_roles and run rlsctl apply rls.yaml.",
			"plans cannot be looked at: the model has no client role to act with")
		return false, nil
	case slices.Contains(clients, e.client) && e.catalog.Role(e.client) == nil:
		e.find(CodeUnexplained, policies.Warning,
			fmt.Sprintf("Run CREATE ROLE %s NOLOGIN, or take it out of database.client_roles and run rlsctl apply rls.yaml.",
				policies.Ident(e.client)),
			"plans cannot be looked at: the client role %q does not exist", e.client)
		return false, nil
	}
	return true, nil
}

// admitted drops whom nobody can act for, and asks the database whom the others see and as which role.
func (e *examination) admitted(ctx context.Context, people []Sampled) (out []Sampled, err error) {
	for _, p := range people {
		err := e.inside(ctx, sampleTimeout, func(tx pgx.Tx) error {
			if p.Role, err = enter(ctx, tx, p.name, e.opt.Plans.ClientRole); err != nil {
				return &ImpersonationError{Name: p.Login, Err: err}
			}
			if p.AtLeast || p.Login == "anonymous" && p.name == "anonymous" {
				return nil
			}
			var n int64
			if err := tx.QueryRow(ctx, "SELECT count(*) FROM rls.visible_users").Scan(&n); err != nil {
				p.AtLeast = p.Sees > 1
				return err
			}
			p.Sees = n
			return nil
		})
		var refused *ImpersonationError
		switch {
		case errors.As(err, &refused), err != nil && ctx.Err() != nil:
			return nil, err
		case err != nil && !timedOut(err):
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// questions are those that a role with SELECT on these columns can ask.
func (s *subject) questions(columns []string) (out []question) {
	from := " FROM " + tableName(s.Table)
	list := "*"
	if len(columns) < len(s.Columns) {
		var quoted []string
		for _, c := range columns {
			quoted = append(quoted, policies.Ident(c))
		}
		list = strings.Join(quoted, ", ")
	}
	may := func(c string) bool { return slices.Contains(columns, c) }
	var order, where, pattern []string
	var args [][]byte
	for i, k := range s.key {
		if !may(k.Name) {
			order = nil
			break
		}
		order = append(order, policies.Ident(k.Name)+" DESC")
		where = append(where, fmt.Sprintf("%s %s $%d", policies.Ident(k.Name), k.Equals, i+1))
		pattern = append(pattern, policies.Ident(k.Name)+" = …")
		if s.value != nil {
			args = append(args, s.value[i])
		}
	}
	add := func(q question) {
		if q.shown == "" {
			q.shown = q.sql
		}
		out = append(out, q)
	}
	if order != nil {
		add(question{kind: "page", ordered: s.key[0].Name,
			sql: "SELECT " + list + from + " ORDER BY " + strings.Join(order, ", ") + " LIMIT 50"})
	}
	if s.times != "" && may(s.times) {
		add(question{kind: "newest", ordered: s.times,
			sql: "SELECT " + list + from + " ORDER BY " + policies.Ident(s.times) + " DESC LIMIT 50"})
	}
	add(question{kind: "count", sql: "SELECT count(*)" + from})
	if order != nil && len(args) == len(s.key) {
		add(question{kind: "point", sql: "SELECT " + list + from + " WHERE " + strings.Join(where, " AND "),
			shown: "SELECT " + list + from + " WHERE " + strings.Join(pattern, " AND "), args: args})
	}
	return out
}

// filtered asks about one table as one principal.
func (e *examination) filtered(ctx context.Context, s *subject, who Sampled, j *judgement) (out []QueryPlan, err error) {
	act := func(fn func(pgx.Tx) error) error {
		return e.inside(ctx, e.opt.Plans.Timeout, func(tx pgx.Tx) error {
			if _, err := enter(ctx, tx, who.name, e.opt.Plans.ClientRole); err != nil {
				return &ImpersonationError{Name: who.Login, Err: err}
			}
			return fn(tx)
		})
	}
	var columns []string
	err = act(func(tx pgx.Tx) (err error) {
		r, _ := tx.Query(ctx, `SELECT a.attname::text FROM pg_attribute AS a
			WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
			  AND has_column_privilege(a.attrelid, a.attnum, 'SELECT') ORDER BY a.attnum`, s.oid)
		columns, err = pgx.CollectRows(r, pgx.RowTo[string])
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, q := range s.questions(columns) {
		// Without the filter first: then what is not in memory yet is no fault of the filter.
		base, known := s.cache[q.sql]
		if !known {
			err := e.asBaseline(ctx, s, func(tx pgx.Tx) (err error) {
				base, err = e.ask(ctx, tx, q)
				return err
			})
			var pg *pgconn.PgError
			if err != nil && (!errors.As(err, &pg) || ctx.Err() != nil) {
				return nil, err
			}
			s.cache[q.sql] = base
		}
		var a asked
		if err := act(func(tx pgx.Tx) (err error) {
			a, err = e.ask(ctx, tx, q)
			return err
		}); err != nil {
			return nil, err
		}
		if a.denied && !s.unplanned[who.Role] {
			s.unplanned[who.Role] = true
			e.find(CodeUnexplained, policies.Note,
				fmt.Sprintf("Run GRANT SELECT ON %s TO %s, or name another client role with --role.",
					tableName(s.Table), policies.Ident(e.client)),
				"the plans of %s cannot be looked at as %q: %s", tableName(s.Table), who.Role, a.why)
		}
		p := QueryPlan{Principal: who.Login, Query: q.kind, SQL: q.shown, Filtered: a.measure, Unfiltered: base.measure, Does: a.why}
		if a.plan != nil {
			p.Does = a.plan.does(s.Schema, s.Name)
			p.Ratio = ratio(a.measure, base.measure)
			j.look(who, q, a, base, p.Ratio)
		}
		out = append(out, p)
	}
	return out, nil
}

// ratio compares times where both statements ran to their end, else costs.
func ratio(filtered, unfiltered *Measure) float64 {
	switch {
	case filtered == nil || unfiltered == nil:
		return 0
	case filtered.Milliseconds != nil && unfiltered.Milliseconds != nil && *unfiltered.Milliseconds > 0:
		return *filtered.Milliseconds / *unfiltered.Milliseconds
	case filtered.TimedOut || unfiltered.TimedOut || unfiltered.Cost <= 0:
		return 0
	}
	return filtered.Cost / unfiltered.Cost
}
