package demo

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/rlsctl/rlsctl/internal/pgserver"
)

var sslOption = regexp.MustCompile(`\b(ssl[a-z]+)=([^&\s']+)`)

// address is how to connect to the demo's database as a role, without any password; "" is the administrator.
func (d *demo) address(role string) string {
	c := d.config(role, d.database)
	u := url.URL{Scheme: "postgres", User: url.User(c.User), Path: "/" + c.Database}
	q := url.Values{}
	if filepath.IsAbs(c.Host) {
		q.Set("host", c.Host)
		q.Set("port", strconv.Itoa(int(c.Port)))
	} else {
		u.Host = net.JoinHostPort(c.Host, strconv.Itoa(int(c.Port)))
	}
	if d.server.Kind() != pgserver.KindURL {
		q.Set("sslmode", "disable")
	}
	for _, m := range sslOption.FindAllStringSubmatch(d.URL, -1) {
		q.Set(m[1], m[2])
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// next says what to try after a demo that is gone.
func (d *demo) next() {
	rows := [][2]string{
		{d.Program + " demo --keep", "the same, left running, for your own SQL as any of them"},
		{d.Program + " --help", "install it in a database of yours: migrate, plan, apply, login, gateway"},
	}
	const model = "policies/examples/acme/rls.yaml"
	if _, err := os.Stat(model); err == nil {
		rows = append(rows, [2]string{"cat " + model, "the model that said all this"})
	}
	d.suggest("Try next", rows)
}

// suggest prints commands with what they show; after a long command that stands above it.
func (d *demo) suggest(title string, rows [][2]string) {
	fmt.Fprintf(d.Out, "\n%s\n\n", d.Paint("1", title))
	const long = 56
	width := 0
	for _, r := range rows {
		if len(r[0]) <= long {
			width = max(width, len(r[0]))
		}
	}
	for _, r := range rows {
		if len(r[0]) > long {
			if r[1] != "" {
				fmt.Fprintf(d.Out, "  # %s:\n", r[1])
			}
			fmt.Fprintf(d.Out, "  %s\n", d.Paint("36", r[0]))
			continue
		}
		fmt.Fprintln(d.Out, strings.TrimRight("  "+d.Paint("36", r[0])+strings.Repeat(" ", width-len(r[0]))+"  "+r[1], " "))
	}
}

// keep says how to connect, and waits for the end of ctx.
func (d *demo) keep(ctx context.Context) error {
	psql := "psql"
	if p := d.program; p != "" {
		psql = p
	}
	var rows [][2]string
	if d.server.Kind() == pgserver.KindURL {
		if err := d.passwords(); err != nil {
			return err
		}
		rows = append(rows, [2]string{"export PGPASSFILE=" + d.passwordFile(), ""})
	}
	rows = append(rows,
		[2]string{"export DATABASE_URL='" + d.address("") + "'", ""},
		[2]string{d.Program + " query --as mark 'SELECT * FROM note'", "as anybody"},
		[2]string{d.Program + " visible mark", "whom mark sees, and why"},
		[2]string{d.Program + " can lena update note 8", "may she?"},
		[2]string{d.Program + " doctor", "is it safe?"},
		[2]string{d.Program + " gateway list", "the key is in " + d.keyFile()},
		[2]string{psql + " '" + d.address("lena") + "'", "lena's own login"},
		[2]string{psql + " '" + d.address(roleBI) + "'", "then SET ROLE " + d.role("mark")},
	)
	d.suggest("It runs until Ctrl-C. In another terminal", rows)
	<-ctx.Done()
	fmt.Fprintln(d.Err, "\nremoving everything …")
	return nil
}

func (d *demo) passwordFile() string { return filepath.Join(d.dir, "pgpass") }

// passwords writes a password file, so that none has to be shown.
func (d *demo) passwords() error {
	escape := strings.NewReplacer(`\`, `\\`, ":", `\:`).Replace
	text := fmt.Sprintf("*:*:%s:%s:%s\n", escape(d.database), escape(d.dsn.User), escape(d.dsn.Password))
	for _, r := range d.roles() {
		text += fmt.Sprintf("*:*:%s:%s:%s\n", escape(d.database), escape(r), d.password)
	}
	return os.WriteFile(d.passwordFile(), []byte(text), 0o600)
}
