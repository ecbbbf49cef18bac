package pgserver

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMirrorIn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		deb822     bool
		want       string
	}{
		{"one_line", "# deb http://old.test/debian bookworm main\ndeb http://a.test/debian bookworm main contrib\n", false, "http://a.test/debian"},
		{"one_line_with_options", "deb [arch=amd64 signed-by=/k.gpg] http://a.test/debian bookworm main\n", false, "http://a.test/debian"},
		{"one_line_of_another_suite", "deb http://a.test/debian-security bookworm-security main\n", false, ""},
		{"one_line_source_only", "deb-src http://a.test/debian bookworm main\n", false, ""},
		{"deb822", "Types: deb\n# why\nURIs: http://a.test/debian\nSuites: bookworm bookworm-updates\nComponents: main\n", true, "http://a.test/debian"},
		{"deb822_second_stanza", "Types: deb\nURIs: http://b.test/x\nSuites: nodistro\nComponents: main\n\n" +
			"Types: deb deb-src\nURIs: http://a.test/debian\nSuites: bookworm\nComponents: main\n", true, "http://a.test/debian"},
		{"deb822_disabled", "Enabled: no\nTypes: deb\nURIs: http://a.test/debian\nSuites: bookworm\nComponents: main\n", true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := mirrorIn(c.text, c.deb822, "bookworm"); got != c.want {
				t.Errorf("mirror = %q, want %q", got, c.want)
			}
		})
	}
}

func TestReplaceInURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, dsn, user, database, want string }{
		{"nothing", "postgres://a:p@h:1/x?sslmode=require", "", "", "postgres://a:p@h:1/x?sslmode=require"},
		{"database", "postgres://a:p@h:1/x?sslmode=require", "", "y", "postgres://a:p@h:1/y?sslmode=require"},
		{"same_user_keeps_the_password", "postgres://a:p@h/x", "a", "y", "postgres://a:p@h/y"},
		{"another_user_does_not", "postgres://a:p@h/x", "b", "", "postgres://b@h/x"},
		{"user_with_password", "postgres://a:p@h/x", "b:q", "", "postgres://b:q@h/x"},
		{"database_in_the_query", "postgresql://h/?dbname=x&user=a", "b", "y", "postgresql://b@h/y"},
		{"words", "host=h dbname=x", "", "it's", `host=h dbname=x dbname='it\'s'`},
		{"words_with_user", "host=h user=a password=p", "b:q", "", "host=h user=a password=p user='b' password='q'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := replaceInURL(c.dsn, c.user, c.database); got != c.want {
				t.Errorf("DSN = %q, want %q", got, c.want)
			}
		})
	}
}

// TestImage proves the contract of the official image that docker-compose.yml and testcontainers rely on.
func TestImage(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("slow: it may build an image")
	}
	if !EngineAnswers(t.Context()) {
		t.Skip("no container engine answers here")
	}
	image, err := Image(t.Context(), 15, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	run := func(t *testing.T, args ...string) string {
		t.Helper()
		out, err := docker(t.Context(), time.Minute, args...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}

	t.Run("honours_environment_and_initdb_d", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		for name, text := range map[string]string{
			"10_table.sql": "CREATE TABLE note (id bigint);",
			"20_row.sh":    `psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -c 'INSERT INTO note VALUES (42)'`,
		} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		id := run(t, "create", "-e", "POSTGRES_USER=owner", "-e", "POSTGRES_PASSWORD=it's", "-e", "POSTGRES_DB=App",
			"-e", "POSTGRES_INITDB_ARGS=--no-sync --data-checksums", image, "-c", "fsync=off")
		t.Cleanup(func() { _, _ = docker(context.Background(), time.Minute, "rm", "-f", "-v", id) })
		run(t, "cp", dir+"/.", id+":/docker-entrypoint-initdb.d/")
		run(t, "start", id)
		psql := func(password string) (string, error) {
			// The container's own address is neither loopback nor socket, so that its password is asked for.
			return docker(t.Context(), time.Minute, "exec", "-e", "PGPASSWORD="+password, id, "sh", "-c",
				`psql -X -At -h "$(hostname)" -U owner -d App -c "SELECT id, current_setting('data_checksums') FROM note"`)
		}
		var out string
		for limit := time.Now().Add(30 * time.Second); ; {
			if out, err = psql("it's"); err == nil || time.Now().After(limit) {
				break
			}
			<-time.After(100 * time.Millisecond) // each try is a process in the container that is still setting up
		}
		if err != nil || out != "42|on" {
			t.Fatalf("out = %q, %v", out, err)
		}
		if _, err := psql("wrong"); err == nil || !strings.Contains(err.Error(), "password") {
			t.Errorf("a wrong password: %v", err)
		}
		if uid := run(t, "exec", id, "stat", "-c", "%U", "/proc/1"); uid != "postgres" {
			t.Errorf("the server runs as %s", uid)
		}
	})
	t.Run("wants_a_password_or_trust", func(t *testing.T) {
		t.Parallel()
		_, err := docker(t.Context(), time.Minute, "run", "--rm", image)
		if err == nil || !strings.Contains(err.Error(), "POSTGRES_PASSWORD") {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("runs_other_programs", func(t *testing.T) {
		t.Parallel()
		if out := run(t, "run", "--rm", image, "psql", "--version"); !strings.HasPrefix(out, "psql (PostgreSQL) 15") {
			t.Errorf("out = %q", out)
		}
	})
}
