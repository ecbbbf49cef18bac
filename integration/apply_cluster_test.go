package integration

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// Database roles are shared by the databases of a cluster, and so are the rows of the catalog that describe them.
func TestApplyInTwoDatabasesAtOnce(t *testing.T) {
	t.Parallel()
	worlds := []*world{emptyWorld(t, smallSchema), emptyWorld(t, smallSchema)}
	worlds[1].roles["app"] = worlds[0].role("app")
	worlds[1].sql(t, "GRANT USAGE ON SCHEMA public TO {{app}}; GRANT SELECT ON public.note TO {{app}}")
	for range 3 {
		var all sync.WaitGroup
		errs := make([]error, len(worlds))
		for i, w := range worlds {
			conn := w.admin(t)
			m, p := w.planOn(t, conn, smallModel)
			all.Go(func() { errs[i] = applyOn(t, conn, m, p, apply.Options{LockRetries: 50}) })
		}
		all.Wait()
		for i, w := range worlds {
			if errs[i] != nil {
				t.Fatal(explain(errs[i]))
			}
			if p := w.plan(t, smallModel).Plan; !p.Empty() {
				t.Errorf("database %d: %v", i, p.Changes)
			}
			conn := w.admin(t)
			r, err := pipeline.Uninstalled(t.Context(), conn)
			if err != nil {
				t.Fatal(explain(err))
			}
			all.Go(func() { errs[i] = applyOn(t, conn, nil, r.Plan, apply.Options{LockRetries: 50}) })
		}
		all.Wait()
		for _, err := range errs {
			if err != nil {
				t.Fatal(explain(err))
			}
		}
	}
}

func TestKernelInManyDatabasesAtOnce(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	errs := make([]error, 6)
	for i := range errs {
		conn := pgtest.Shared(t).Database(t).Conn(t, "")
		all.Go(func() { _, errs[i] = kernel.Up(t.Context(), conn) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(explain(err))
		}
	}
}

// TestApplyAtScale plans a large schema. RLSCTL_TEST_TABLES=500 is the size that docs/performance.md speaks of.
func TestApplyAtScale(t *testing.T) {
	t.Parallel()
	tables := int(number(t, "RLSCTL_TEST_TABLES", 30))
	schema, model := smallSchema, "version: 1\ndatabase: {plans: one, client_roles: [\"{{app}}\"], maintenance_roles: [\"{{owner}}\", \"{{migrator}}\"]}\n"+
		"users: {table: person, key: id, sees: {supervisor: boss}}\nresources:\n"
	for i := range tables {
		schema += fmt.Sprintf("\nCREATE TABLE public.t%d (id bigint PRIMARY KEY, owner_id bigint, a text, b text, c text, d text, e text, f text, g text); CREATE INDEX ON public.t%[1]d (owner_id);", i)
		model += fmt.Sprintf("  t%d: {table: t%[1]d, owner: owner_id}\n", i)
	}
	w := newWorld(t, model, schema)
	// The planner thinks badly enough of queries on the catalog to compile them, which takes seconds.
	w.sql(t, "ALTER DATABASE "+w.db.Name()+" SET jit_above_cost = 0")
	conn := w.admin(t)
	m := w.parse(t, model)
	best := time.Hour
	for range 5 {
		began := time.Now()
		r, err := pipeline.Plan(t.Context(), conn, m)
		if err != nil || !r.Plan.Empty() {
			t.Fatal(explain(err), r.Plan.Changes)
		}
		best = min(best, time.Since(began))
	}
	t.Logf("plan of %d tables and %s policies: %s", tables, one(t, conn, "SELECT count(*) FROM pg_policy"), best.Round(time.Millisecond))
	if tables >= 500 && best > 2*time.Second {
		t.Errorf("plan takes %s", best)
	}
}
