package logins_test

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/kernel"
	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/pgsession"
)

// messy is a database with the kernel, and what an application that owns its tables has gathered: testdata/messy.sql.
type messy struct {
	*pgtest.Database
	root  *pgx.Conn // of the database superuser
	roles map[string]string
}

func newMessy(t *testing.T) *messy {
	t.Helper()
	d := pgtest.Shared(t).Clone(t, "kernel", func(ctx context.Context, url string) error {
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		defer conn.Close(ctx) //nolint:errcheck // nothing is pending
		_, err = kernel.Up(ctx, conn)
		return err
	})
	d.Exec(t, "SELECT rls.reseal()") // a copy of a template is a copy
	w := &messy{Database: d, root: d.Conn(t, ""), roles: map[string]string{"db": d.Name()}}
	for name, options := range map[string]string{"app": "LOGIN", "writer": "LOGIN", "reader": "LOGIN", "group": "NOLOGIN", "stranger": "NOLOGIN", "bystander": "NOLOGIN"} {
		w.roles[name] = d.Role(t, name, options)
	}
	// The roles of adoptions that a failing test leaves.
	t.Cleanup(func() {
		conn, err := pgx.Connect(context.Background(), w.URL(""))
		if err != nil {
			return
		}
		defer conn.Close(context.Background()) //nolint:errcheck // nothing is pending
		_, _ = conn.Exec(context.Background(), "ALTER DATABASE "+d.Name()+" OWNER TO CURRENT_USER")
		_, _ = conn.Exec(context.Background(), "REVOKE SET ON PARAMETER "+w.roles["app"]+".knob FROM "+w.roles["app"])
		for _, of := range []string{"app", "writer", "reader"} {
			for _, suffix := range []string{"_client", "_owner"} {
				role := w.roles[of] + suffix
				_, _ = conn.Exec(context.Background(), "DROP OWNED BY "+role+" CASCADE")
				_, _ = conn.Exec(context.Background(), "DROP ROLE IF EXISTS "+role)
			}
		}
	})
	w.sql(t, file(t, "messy.sql"))
	return w
}

func file(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (w *messy) text(s string) string {
	for k, v := range w.roles {
		s = strings.ReplaceAll(s, "{{"+k+"}}", v)
	}
	return s
}

// sql runs statements as the database superuser.
func (w *messy) sql(t *testing.T, text string) {
	t.Helper()
	w.Exec(t, w.text(text))
}

// names are all database roles of the test.
func (w *messy) names() []string {
	var out []string
	for k, v := range w.roles {
		if k != "db" {
			out = append(out, v, v+"_client", v+"_owner")
		}
	}
	slices.Sort(out)
	return out
}

// catalog is all that adopting and releasing may touch.
func (w *messy) catalog(t *testing.T) []string {
	t.Helper()
	rows, _ := w.root.Query(t.Context(), file(t, "catalog.sql"), w.names())
	return must[[]string](t)(pgx.CollectRows(rows, pgx.RowTo[string]))
}

type beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// rights is what the current user of a connection may do.
func rights(t *testing.T, conn beginner) []string {
	t.Helper()
	tx := must[pgx.Tx](t)(conn.Begin(t.Context()))
	defer tx.Rollback(t.Context()) //nolint:errcheck // nothing is kept
	// How names are printed depends on what can be seen.
	if _, err := tx.Exec(t.Context(), "SELECT set_config('search_path', 'pg_catalog', true)"); err != nil {
		t.Fatal(err)
	}
	rows, _ := tx.Query(t.Context(), file(t, "rights.sql"))
	return must[[]string](t)(pgx.CollectRows(rows, pgx.RowTo[string]))
}

// same compares lines, and tells those that differ.
func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	count := map[string]int{}
	for _, l := range want {
		count[l]++
	}
	for _, l := range got {
		count[l]--
	}
	for _, l := range slices.Sorted(maps.Keys(count)) {
		switch n := count[l]; {
		case n > 0:
			t.Errorf("%s: missing: %s", what, l)
		case n < 0:
			t.Errorf("%s: new: %s", what, l)
		}
	}
}

func (w *messy) adoption(t *testing.T, login string) (logins.Adoption, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys")
	return logins.Adoption{
		Gateway: logins.Gateway{Login: w.roles[login], Anonymous: true, Users: true, Key: logins.KeyFile{Path: path}},
		Public:  logins.PublicRevoke,
	}, path
}

// entered calls fn in a transaction of anonymous on a gateway.
func (w *messy) entered(t *testing.T, login, keys string, fn func(pgx.Tx) error) error {
	t.Helper()
	s, err := pgsession.Open(t.Context(), w.Pool(t, w.roles[login]), pgsession.FileKeys(keys), pgsession.AllowOldServer())
	if err != nil {
		t.Fatal(pgsession.Explain(err))
	}
	return s.Run(t.Context(), pgsession.Anonymous(), fn)
}

func (w *messy) enteredRights(t *testing.T, login, keys string) (out []string) {
	t.Helper()
	if err := w.entered(t, login, keys, func(tx pgx.Tx) error { out = rights(t, tx); return nil }); err != nil {
		t.Fatal(pgsession.Explain(err))
	}
	return out
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	w := newMessy(t)
	conn := w.Conn(t, w.roles["app"])
	may, was := rights(t, conn), w.catalog(t)
	if err := conn.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, keys := w.adoption(t, "app")
	must[logins.Adopted](t)(logins.Adopt(t.Context(), w.root, a))
	same(t, "entered", w.enteredRights(t, "app", keys), may)

	r := must[logins.Released](t)(logins.Release(t.Context(), w.root, w.roles["app"]))
	if r.Skipped > 0 || len(r.Dropped) != 2 {
		t.Errorf("released %+v", r)
	}
	same(t, "released", w.catalog(t), was)
	same(t, "again", rights(t, w.Conn(t, w.roles["app"])), may)
}
