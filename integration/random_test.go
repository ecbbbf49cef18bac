package integration

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

const (
	defaultWorlds  = 150 // RLSCTL_TEST_MODELS
	worldsPerModel = 5
	defaultSeed    = 20261121 // RLSCTL_TEST_SEED
)

func number(t testing.TB, variable string, otherwise uint64) uint64 {
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s is no number: %q", variable, text)
	}
	return n
}

// TestRandomModels holds random models with random data against the reference. Each database gets one model after the
// other, so that every change from one to the next is planned and applied as well.
func TestRandomModels(t *testing.T) {
	t.Parallel()
	seed := number(t, "RLSCTL_TEST_SEED", defaultSeed)
	worlds := int(number(t, "RLSCTL_TEST_MODELS", defaultWorlds))
	models := (worlds + worldsPerModel - 1) / worldsPerModel
	const databases = 2
	for d := range databases {
		t.Run(fmt.Sprintf("database_%d", d), func(t *testing.T) {
			t.Parallel()
			bench := newRandomBench(t)
			asked := 0
			for n := d; n < models; n += databases {
				m := newRandomModel(rand.New(rand.NewPCG(seed, uint64(n))), n)
				bench.install(t, m)
				for i := range min(worldsPerModel, worlds-n*worldsPerModel) {
					key := uint64(n)<<16 | uint64(i) | 1<<48
					w := newRandomWorld(rand.New(rand.NewPCG(seed, key)), m)
					w.settled = i%2 == 1
					asked += bench.check(t, w, seed, fmt.Sprintf("model %d, world %d", n, i))
				}
				if t.Failed() {
					t.Fatalf("again with RLSCTL_TEST_SEED=%d RLSCTL_TEST_MODELS=%d", seed, worlds)
				}
			}
			t.Logf("%d questions", asked)
		})
	}
}

// randomBench is a database for one random model after the other.
type randomBench struct {
	*world
	conn  *pgx.Conn
	gates gates
	now   *randomModel
}

func newRandomBench(t testing.TB) *randomBench {
	t.Helper()
	w := emptyWorld(t, "")
	b := &randomBench{world: w, conn: w.admin(t)}
	b.gates = gates{app: w.role("app"), migrator: w.role("migrator"),
		gate: w.db.Role(t, "gate", "LOGIN NOINHERIT IN ROLE "+w.role("app")), quiet: w.db.Role(t, "quiet", "LOGIN NOINHERIT IN ROLE "+w.role("app"))}
	w.roles["gate"] = b.gates.gate
	must(t, b.conn, probeSQL)
	for login, onNobody := range map[string]string{b.gates.gate: "error", b.gates.quiet: "empty"} {
		must(t, b.conn, fmt.Sprintf(`INSERT INTO rls.login (name, kind, client_role) VALUES ('%[1]s', 'gateway', '%[2]s');
			INSERT INTO rls.gateway (login, signed, users, anonymous, services, on_nobody) VALUES ('%[1]s', false, true, true, '{bot}', '%[3]s');
			GRANT USAGE ON SCHEMA rls TO %[1]s; GRANT EXECUTE ON FUNCTION rls.enter(text), rls.open_token(text) TO %[1]s`, login, w.role("app"), onNobody))
	}
	return b
}

// install applies a model over tables of its own and drops those of the model before.
func (b *randomBench) install(t testing.TB, m *randomModel) {
	t.Helper()
	must(t, b.conn, b.text(m.ddl()))
	b.apply(t, m.yaml())
	if again := b.plan(t, m.yaml()).Plan; !again.Empty() {
		t.Fatalf("%s\nthe second plan is not empty: %v", b.text(m.yaml()), again.Changes)
	}
	if b.now != nil {
		must(t, b.conn, "DROP SCHEMA "+b.now.schema+" CASCADE")
	}
	b.now = m
}

// check compares one world, and reports the smallest part of it that still differs.
func (b *randomBench) check(t testing.TB, w *randomWorld, seed uint64, name string) int {
	t.Helper()
	ctx := context.Background()
	asked, differences, err := w.compare(ctx, b.conn, b.gates, seed, "")
	if err != nil {
		t.Fatalf("%s: %v\n%s\n%s", name, explain(err), b.text(w.model.yaml()), w.sql())
	}
	if len(differences) == 0 {
		return asked
	}
	small, differences := w.shrink(ctx, b, seed, differences)
	shown := differences
	if len(shown) > 8 {
		shown = shown[:8]
	}
	t.Errorf("%s: %d differences\n%s\n\n%s\n%s\n%s", name, len(differences), strings.Join(shown, "\n"), b.text(small.model.yaml()), b.text(small.model.ddl()), small.sql())
	return asked
}

// shrink leaves out one thing after the other as long as a difference remains.
func (w *randomWorld) shrink(ctx context.Context, b *randomBench, seed uint64, differences []string) (*randomWorld, []string) {
	best, tries := w, 0
	attempt := func(smaller *randomWorld) bool {
		if tries++; tries > 250 {
			return false
		}
		_, left, err := smaller.compare(ctx, b.conn, b.gates, seed, "")
		if err != nil || len(left) == 0 {
			return false
		}
		best, differences = smaller, left
		return true
	}
	without := func(length func() int, remove func(c *randomWorld, i int)) {
		for i := length() - 1; i >= 0; i-- {
			c := best.clone()
			remove(c, i)
			attempt(c)
		}
	}
	without(func() int { return len(best.Grants) }, func(c *randomWorld, i int) { c.Grants = cut(c.Grants, i) })
	without(func() int { return len(best.Edges) }, func(c *randomWorld, i int) { c.Edges = cut(c.Edges, i) })
	for x := range best.Resources {
		if best.model.resources[x].graph == "" {
			without(func() int { return len(best.Resources[x].Rows) }, func(c *randomWorld, i int) { c.Resources[x].Rows = cut(c.Resources[x].Rows, i) })
		}
	}
	return best, differences
}

func cut[T any](list []T, i int) []T {
	return append(append([]T{}, list[:i]...), list[i+1:]...)
}

func (w *randomWorld) clone() *randomWorld {
	c, inner := *w, *w.World
	inner.Resources = append(inner.Resources[:0:0], inner.Resources...)
	c.World = &inner
	return &c
}
