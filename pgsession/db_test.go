package pgsession_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/internal/pgtest"
	"github.com/rlsctl/rlsctl/pgsession"
)

var (
	anna = pgsession.User("anna")
	bob  = pgsession.User("bob")
)

// keyOf makes a key whose bytes all are b.
func keyOf(t testing.TB, id string, b byte) pgsession.Key {
	t.Helper()
	k, err := pgsession.NewKey(id, []byte(strings.Repeat(string(rune(b)), 32)))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func keys(k pgsession.Key) pgsession.KeySource {
	return pgsession.KeyFunc(func(context.Context) (pgsession.Key, error) { return k, nil })
}

// addKey registers the key whose bytes all are b.
func addKey(t testing.TB, db *pgtest.Database, gateway, id string, b byte) {
	t.Helper()
	db.Exec(t, `SELECT rls.add_key('`+gateway+`', '`+id+`', '\x`+hex.EncodeToString(bytes.Repeat([]byte{b}, 32))+`')`)
}

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// gateway makes a database with the kernel, the application and a signed gateway whose key is k1 of bytes 'k'.
func gateway(t testing.TB) (db *pgtest.Database, login string) {
	t.Helper()
	db = pgtest.Shared(t).Clone(t, "pgsession", install)
	db.Exec(t, "SELECT rls.reseal()") // a copy of a template is a copy
	login = db.Role(t, "gate", "LOGIN NOINHERIT")
	db.Exec(t, `
		INSERT INTO rls.login (name, kind, client_role) VALUES ('`+login+`', 'gateway', 'rls_client');
		INSERT INTO rls.gateway (login, users, anonymous, services) VALUES ('`+login+`', true, true, '{jobs}');
		INSERT INTO rls.service (name) VALUES ('jobs');
		GRANT rls_client TO `+login+`;
		GRANT USAGE ON SCHEMA rls, app TO `+login+`;
		GRANT EXECUTE ON FUNCTION rls.enter(text), rls.open_token(text), rls.session_problems() TO `+login)
	addKey(t, db, login, "k1", 'k')
	return db, login
}

// install runs the migrations and makes the application.
func install(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	files, err := filepath.Glob(filepath.Join("..", "migrations", "*.sql"))
	if err != nil || len(files) == 0 {
		return errors.Join(err, errors.New("there are no migrations"))
	}
	script := "CREATE TABLE rls_goose_version (id integer);"
	for _, file := range append(files, filepath.Join("testdata", "app.sql")) {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		up, _, _ := strings.Cut(string(text), "-- +goose Down")
		script += "BEGIN;" + up + ";COMMIT;"
	}
	_, err = conn.Exec(ctx, script)
	return err
}

// session opens a session over a pool of size connections that tune has had a look at.
func session(t testing.TB, db *pgtest.Database, login string, size int32, tune func(*pgxpool.Config), opts ...pgsession.Option) (*pgsession.Session, *pgxpool.Pool) {
	t.Helper()
	pool := newPool(t, db, login, size, tune)
	s, err := pgsession.Open(t.Context(), pool, keys(keyOf(t, "k1", 'k')), append(opts, pgsession.AllowOldServer())...)
	if err != nil {
		t.Fatal(pgsession.Explain(err))
	}
	return s, pool
}

func newPool(t testing.TB, db *pgtest.Database, login string, size int32, tune func(*pgxpool.Config)) *pgxpool.Pool {
	t.Helper()
	config, err := pgxpool.ParseConfig(db.URL(login))
	if err != nil {
		t.Fatal(err)
	}
	config.MaxConns = size
	if tune != nil {
		tune(config)
	}
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func titles(ctx context.Context, q interface {
	Query(context.Context, string, ...any) (pgx.Rows, error)
}) (string, error) {
	rows, _ := q.Query(ctx, "SELECT title FROM app.note ORDER BY id")
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return strings.Join(list, " "), err
}

func TestDependencies(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal("go list:", err)
	}
	for p := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(p, "github.com/rlsctl/") && p != "github.com/rlsctl/rlsctl/pgsession" {
			t.Errorf("pgsession depends on %s", p)
		}
	}
}
