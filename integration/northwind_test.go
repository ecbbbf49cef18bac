package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
)

// northwind is a public sample database of a trading company: 9 employees in a tree, 830 orders.
// RLSCTL_NORTHWIND names the file; by default it lies beside the repository.
func northwind(t testing.TB) string {
	t.Helper()
	path := os.Getenv("RLSCTL_NORTHWIND")
	if path == "" {
		path = filepath.Join("..", "..", "shared", "realdata", "northwind.sql")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("NOTHING IS PROVED HERE: %s cannot be read; set RLSCTL_NORTHWIND to northwind.sql", path)
	}
	return string(b)
}

const northwindModel = `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"]}
users:
  table: public.employees
  key: employee_id
  sees: {supervisor: reports_to}
resources:
  order: {table: public.orders, owner: employee_id}
  employee: {table: public.employees, owner: employee_id}
grants:
  - {to: authenticated, allow: {order: [read], employee: [read]}}
`

// TestNorthwind loads a database that was made without this toolkit, protects two of its tables, and compares what
// every employee gets with what a walk over the raw tables in Go says.
func TestNorthwind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, northwindModel, northwind(t)+`
		GRANT SELECT ON public.orders, public.employees TO {{app}};`)

	// The expectation, from the raw tables and nothing else.
	type order struct{ id, employee string }
	var orders []order
	for _, r := range w.split(t, "SELECT order_id, employee_id FROM public.orders") {
		orders = append(orders, order{r[0], r[1]})
	}
	boss, employees := map[string]string{}, []string{}
	for _, r := range w.split(t, "SELECT employee_id, reports_to FROM public.employees") {
		employees = append(employees, r[0])
		boss[r[0]] = r[1]
	}
	if len(orders) != 830 || len(employees) != 9 {
		t.Fatalf("%d orders and %d employees, want 830 and 9", len(orders), len(employees))
	}
	below := func(root, e string) bool {
		for steps := 0; e != "NULL" && steps <= len(employees); steps++ {
			if e == root {
				return true
			}
			e = boss[e]
		}
		return false
	}

	total := 0
	for _, e := range employees {
		var wantOrders, wantEmployees []string
		for _, o := range orders {
			if below(e, o.employee) {
				wantOrders = append(wantOrders, o.id)
			}
		}
		for _, other := range employees {
			if below(e, other) {
				wantEmployees = append(wantEmployees, other)
			}
		}
		total += len(wantOrders)
		const askOrders, askEmployees = "SELECT order_id FROM public.orders", "SELECT employee_id FROM public.employees"

		t.Run("gateway/"+e, func(t *testing.T) {
			w.as(t, "key:"+e, func(tx pgx.Tx) {
				equal(t, w.rows(t, tx, askOrders), wantOrders, "orders of %s", e)
				equal(t, w.rows(t, tx, askEmployees), wantEmployees, "employees of %s", e)
			})
		})
		t.Run("login/"+e, func(t *testing.T) {
			conn := w.person(t, e)
			equal(t, w.rows(t, conn, askOrders), wantOrders, "orders of %s", e)
			equal(t, w.rows(t, conn, askEmployees), wantEmployees, "employees of %s", e)
		})
		t.Run("psql/"+e, func(t *testing.T) {
			login := w.personLogin(t, e, "app")
			equal(t, w.psql(t, login, askOrders), wantOrders, "orders of %s", e)
			equal(t, w.psql(t, login, askEmployees), wantEmployees, "employees of %s", e)
		})
		t.Run("session/"+e, func(t *testing.T) {
			n, err := strconv.Atoi(e)
			if err != nil {
				t.Fatal(err)
			}
			w.session(t, int16(n), func(tx pgx.Tx) {
				equal(t, w.rows(t, tx, askOrders), wantOrders, "orders of %s", e)
				equal(t, w.rows(t, tx, askEmployees), wantEmployees, "employees of %s", e)
			})
		})
		t.Run("can/"+e, func(t *testing.T) {
			w.as(t, "key:"+e, func(tx pgx.Tx) {
				var all []string
				for _, o := range orders {
					all = append(all, o.id)
				}
				equal(t, w.rows(t, tx, "SELECT key FROM rls.can_many('read', 'order', $1) WHERE allowed", all), wantOrders, "can_many of %s", e)
			})
		})
	}
	// Sanity of the expectation itself: the boss sees all, the leaves see less.
	if total <= len(orders) || !slices.Contains(employees, "2") {
		t.Errorf("%d visible orders in all: the expectation is too simple to prove anything", total)
	}
	t.Run("nobody", func(t *testing.T) {
		if got := w.try(t, "nobody", "SELECT order_id FROM public.orders"); got != "RL001" {
			t.Errorf("nobody: %s, want RL001", got)
		}
		if got := w.try(t, "anonymous", "SELECT order_id FROM public.orders"); got != filtered {
			t.Errorf("anonymous: %s, want filtered", got)
		}
		if got := w.try(t, "key:99", "SELECT order_id FROM public.orders"); got != filtered {
			t.Errorf("an employee who does not exist: %s, want filtered", got)
		}
	})
}

// split is the rows of a query of the database superuser, column by column.
func (w *world) split(t testing.TB, sql string) [][]string {
	t.Helper()
	rows, err := w.root.Query(t.Context(), sql, pgx.QueryResultFormats{pgx.TextFormatCode})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out [][]string
	for rows.Next() {
		var cols []string
		for _, v := range rows.RawValues() {
			if v == nil {
				cols = append(cols, "NULL")
			} else {
				cols = append(cols, string(v))
			}
		}
		out = append(out, cols)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", sql, err))
	}
	return out
}
