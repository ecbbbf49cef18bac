package integration

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies/apply"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

// liveBefore and liveAfter differ in all that a model can: the hierarchy, groups, owners, a resource's name, a table more.
var (
	liveBefore = stepModel{resources: []string{doc1, doc2, doc3}, grants: []string{withTeams}}.yaml()
	liveAfter  = stepModel{
		users:  "{table: person, key: id, superuser: admin, sees: {creator: creator, deputy: {table: deputy, viewer: a, seen: b}}}",
		groups: stepTeams,
		resources: []string{"doc1: {table: doc1, owner: [other_id, {group: team}]}", doc2,
			"paper: {table: doc3, owner: owner_id, owner_check: self}", "doc4: {table: doc4, owner: owner_id}"},
		grants: []string{`{to: authenticated, allow: {doc1: "*", doc2: "*", paper: [read, update], doc4: "*"}}`},
	}.yaml()
)

// traffic is clients who work while models come and go. Each statement must show what one of the models shows, and
// none may fail.
type traffic struct {
	w        *world
	want     []views // what each model shows, by "person N table"
	stop     context.CancelFunc
	all      sync.WaitGroup
	mu       sync.Mutex
	wrong    []string
	done     int // statements
	turns    chan struct{}
	applying *sync.Cond // on mu; tells of each lock that apply did not get, and of its end
	blocked  int
	applies  int // that have begun
	over     bool
}

func (c *traffic) fail(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.wrong) < 10 {
		c.wrong = append(c.wrong, fmt.Sprintf(format, args...))
	}
}

// client runs fn again and again until the traffic stops.
func (c *traffic) client(ctx context.Context, name string, fn func(r *rand.Rand) error) {
	r := rand.New(rand.NewPCG(7, uint64(len(name)*131+int(name[len(name)-1])))) //nolint:gosec // which table comes first is no secret
	c.all.Go(func() {
		for ctx.Err() == nil {
			if name != "long" { // Clients who never rest would leave no moment in which nobody holds one table and wants another.
				c.turns <- struct{}{}
			}
			err := fn(r)
			if name != "long" {
				<-c.turns
			}
			if err != nil {
				c.fail("%s: %s", name, explain(err))
				return
			}
		}
	})
}

// read asks for a table and judges the answer.
func (c *traffic) read(q querier, user, table, sql string) error {
	rows, _, err := collect(context.Background(), q, sql)
	if err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}
	got := strings.Join(rows, ",")
	if !slices.ContainsFunc(c.want, func(v views) bool { return v["person "+user+" of app "+table] == got }) {
		c.fail("person %s sees %q of %s, which no model shows: %s", user, got, table, sql)
	}
	c.mu.Lock()
	c.done++
	c.mu.Unlock()
	return nil
}

// shuffled is the tables in some order.
func shuffled(r *rand.Rand) []string {
	out := slices.Clone(stepTables[1:5])
	r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func TestApplyUnderTraffic(t *testing.T) {
	t.Parallel()
	// VOLATILE: what a STABLE function reads is as old as the statement that called it, see docs/apply.md.
	w := newWorld(t, liveBefore, stepSchema+`
		CREATE FUNCTION public.peek(n integer) RETURNS text LANGUAGE plpgsql VOLATILE AS $$ BEGIN
			RETURN CASE n WHEN 1 THEN (SELECT string_agg(d.id::text, ',' ORDER BY d.id) FROM public.doc1 AS d)
				WHEN 2 THEN (SELECT string_agg(d.id::text, ',' ORDER BY d.id) FROM public.doc2 AS d)
				WHEN 3 THEN (SELECT string_agg(d.id::text, ',' ORDER BY d.id) FROM public.doc3 AS d) END;
		END $$;`)
	eyes := w.observers(t)
	c := &traffic{w: w, turns: make(chan struct{}, 2)}
	c.applying = sync.NewCond(&c.mu)
	conn := w.admin(t)
	c.want = append(c.want, look(t, eyes))
	w.apply(t, liveAfter)
	c.want = append(c.want, look(t, eyes))

	ctx, stop := context.WithCancel(t.Context())
	c.stop = stop
	for _, user := range []string{"1", "8"} {
		login := w.personLogin(t, user, "app")
		pool := w.db.Pool(t, login) // whose connections prepare what they run
		c.client(ctx, "reader "+user, func(r *rand.Rand) error {
			return pgx.BeginFunc(context.Background(), pool, func(tx pgx.Tx) error {
				for _, table := range shuffled(r) {
					if err := c.read(tx, user, table, "SELECT id FROM public."+table+" ORDER BY 1"); err != nil {
						return err
					}
				}
				return nil
			})
		})
		c.client(ctx, "function "+user, func(r *rand.Rand) error {
			n := 1 + r.IntN(3)
			return c.read(pool, user, fmt.Sprintf("doc%d", n), fmt.Sprintf("SELECT coalesce(public.peek(%d), '')", n))
		})
		// Each writes rows of its own: clients among themselves have no deadlocks.
		c.client(ctx, "writer "+user, func(r *rand.Rand) error {
			return pgx.BeginFunc(context.Background(), pool, func(tx pgx.Tx) error {
				for _, table := range shuffled(r)[:3] {
					if _, err := tx.Exec(context.Background(), "UPDATE public."+table+" SET team = team WHERE id = "+user); err != nil {
						return fmt.Errorf("update %s: %w", table, err)
					}
				}
				return nil
			})
		})
		gate := w.gateway(t)
		gates := w.db.Pool(t, gate.login)
		c.client(ctx, "gateway "+user, func(r *rand.Rand) error {
			return pgx.BeginFunc(context.Background(), gates, func(tx pgx.Tx) error {
				if _, err := tx.Exec(context.Background(), "SELECT rls.enter($1)", gate.token("user", user)); err != nil {
					return err
				}
				for _, table := range shuffled(r)[:2] {
					if err := c.read(tx, user, table, "SELECT id FROM public."+table+" ORDER BY 1"); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	// Somebody whose transaction lasts until apply has met it.
	long := w.db.Pool(t, w.personLogin(t, "3", "app"))
	c.client(ctx, "long", func(r *rand.Rand) error {
		tx, err := long.Begin(context.Background())
		if err != nil {
			return err
		}
		defer tx.Rollback(context.Background()) //nolint:errcheck // it is over
		tables := shuffled(r)
		if err := c.read(tx, "3", tables[0], "SELECT id FROM public."+tables[0]+" ORDER BY 1"); err != nil {
			return err
		}
		c.mu.Lock()
		for before := c.blocked; c.blocked == before && !c.over; {
			c.applying.Wait()
		}
		met := c.applies
		c.mu.Unlock()
		err = c.read(tx, "3", tables[1], "SELECT id FROM public."+tables[1]+" ORDER BY 1")
		if err == nil {
			err = tx.Commit(context.Background())
		}
		c.mu.Lock() // once for each apply, or none would ever get its locks
		for c.applies == met && !c.over {
			c.applying.Wait()
		}
		c.mu.Unlock()
		return err
	})
	// Somebody who changes the hierarchy into what it was.
	people := w.admin(t)
	c.client(ctx, "hierarchy", func(r *rand.Rand) error {
		return pgx.BeginFunc(context.Background(), people, func(tx pgx.Tx) error {
			_, err := tx.Exec(context.Background(), "UPDATE public.person SET boss = boss, creator = creator WHERE id = 4")
			if err == nil {
				_, err = tx.Exec(context.Background(), "SELECT FROM public.doc"+fmt.Sprint(1+r.IntN(4)))
			}
			return err
		})
	})

	rounds := int(number(t, "RLSCTL_TEST_ROUNDS", 2))
	options := apply.Options{LockRetries: 1000, Waiting: func(int, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.blocked++
		c.applying.Broadcast()
	}}
	for round := range rounds {
		for i, model := range []string{liveBefore, liveAfter, liveBefore, liveAfter} {
			m := w.parse(t, model)
			r, err := pipeline.Plan(t.Context(), conn, m)
			if err != nil {
				t.Fatal(explain(err))
			}
			o := options
			o.Allow = apply.Hazards(r.Plan)
			c.mu.Lock()
			c.applies++
			c.applying.Broadcast()
			c.mu.Unlock()
			if i < 2 {
				err = pipeline.Apply(t.Context(), conn, m, r.Plan, o)
			} else {
				_, err = pipeline.ApplySteps(t.Context(), conn, m, r, o, nil)
			}
			if err != nil {
				t.Errorf("round %d, apply %d: %v", round, i, explain(err))
			}
		}
	}
	stop()
	c.mu.Lock()
	c.over = true
	c.applying.Broadcast()
	c.mu.Unlock()
	c.all.Wait()
	for _, s := range c.wrong {
		t.Error(s)
	}
	if c.done < 100 || c.blocked == 0 {
		t.Errorf("%d statements, %d times no lock: that proves nothing", c.done, c.blocked)
	}
	t.Logf("%d statements; apply was kept from a lock %d times", c.done, c.blocked)
	if p := w.plan(t, liveAfter).Plan; !p.Empty() {
		t.Errorf("at the end there is more to do: %v", p.Changes)
	}
	var deadlocks string
	if deadlocks = one(t, w.root, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"); deadlocks != "0" {
		t.Errorf("%s deadlocks", deadlocks)
	}
}

// TestApplyGivesUp names who stands in the way, and nothing of what they do.
func TestApplyGivesUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, liveBefore, stepSchema)
	conn := w.admin(t)
	m, p := w.planOn(t, conn, liveAfter)
	other := begin(t, w.admin(t))
	must(t, other, "SELECT 'a secret', * FROM public.doc3")
	before := w.state(t)
	waits := 0
	err := applyOn(t, conn, m, p, apply.Options{LockTimeout: 30 * time.Millisecond, LockRetries: 3, Waiting: func(n int, err error) { waits = n }})
	var blocked *apply.BlockedError
	if !errors.As(err, &blocked) || blocked.Lock != "public.doc3" || len(blocked.Sessions) != 1 || blocked.Sessions[0].PID != int(other.Conn().PgConn().PID()) || waits != 3 {
		t.Fatalf("after %d attempts: %v", waits+1, explain(err))
	}
	if s := err.Error(); strings.Contains(s, "secret") || !strings.Contains(s, fmt.Sprintf("held by pid %d of ", blocked.Sessions[0].PID)) {
		t.Error(s)
	}
	same(t, w.state(t), before, "after an apply that gave up")
	if got := one(t, w.root, "SELECT count(*) FROM pg_locks AS l JOIN pg_database AS d ON d.oid = l.database AND d.datname = current_database() WHERE l.pid = "+fmt.Sprint(conn.PgConn().PID())); got != "0" {
		t.Errorf("%s locks are left", got)
	}
	if err := other.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := applyOn(t, conn, m, p, apply.Options{}); err != nil {
		t.Error(explain(err))
	}
}
