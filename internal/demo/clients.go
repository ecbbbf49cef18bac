package demo

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/pgsession"
	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/examples/acme"
)

// question is the SQL that everybody sends.
const question = "SELECT id FROM note ORDER BY id"

// answer is what somebody got: ids of notes, or a refusal.
type answer struct {
	ids     []int64
	refused string // code and message; "" where there is none
}

func (a answer) String() string {
	if a.refused != "" {
		return "refused"
	}
	return listed(a.ids)
}

func listed(ids []int64) string {
	if len(ids) == 0 {
		return "nothing"
	}
	s := make([]string, len(ids))
	for i, id := range ids {
		s[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(s, " ")
}

// expected is what the model says, worked out by hand.
func expected(login string) []int64 {
	var ids []int64
	for _, n := range acme.Notes {
		if slices.Contains(acme.Visible[login], n.Owner) {
			ids = append(ids, n.ID)
		}
	}
	return ids
}

// notes prints every note with its owner.
func (d *demo) notes() {
	fmt.Fprintf(d.Out, "\n%s\n\n", d.Paint("1", "All notes, and whose they are"))
	for i := 0; i < (len(acme.Notes)+1)/2; i++ {
		line := note(acme.Notes[i])
		if j := i + (len(acme.Notes)+1)/2; j < len(acme.Notes) {
			line = fmt.Sprintf("%-38s%s", line, note(acme.Notes[j]))
		}
		fmt.Fprintf(d.Out, "  %s\n", line)
	}
}

func note(n acme.Note) string { return fmt.Sprintf("%2d  %-7s %s", n.ID, n.Owner, n.Title) }

// clients lets everybody ask through every client, prints the answers, and reports whether all are as the model says.
func (d *demo) clients(ctx context.Context) (bool, error) {
	pool, err := d.pool(ctx)
	if err != nil {
		return false, err
	}
	defer pool.Close()
	session, err := pgsession.Open(ctx, pool, pgsession.FileKeys(d.keyFile()), pgsession.AllowOldServer())
	if err != nil {
		return false, err
	}
	bi, err := pgx.ConnectConfig(ctx, d.config(roleBI, d.database))
	if err != nil {
		return false, fmt.Errorf("connect the BI tool: %w", err)
	}
	defer bi.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is pending

	own, ownLogin := "psql", d.psql
	if d.program == "" {
		own, ownLogin = "own login", d.plain
	}
	table := [][]string{{"who asks", "Go session", own, "BI, SET ROLE"}}
	good := true
	var wrong []string
	for _, p := range people {
		who := p.login
		if who == "" {
			who = "-"
		}
		row := []string{fmt.Sprintf("%-5s %s", who, p.what)}
		for i, ask := range []func(context.Context, person) (answer, error){
			func(ctx context.Context, p person) (answer, error) { return throughSession(ctx, session, p) },
			ownLogin,
			func(ctx context.Context, p person) (answer, error) { return d.throughBI(ctx, bi, p) },
		} {
			a, err := ask(ctx, p)
			if err != nil {
				return false, fmt.Errorf("%s for %s: %w", table[0][i+1], who, err)
			}
			// Nobody sees nothing, whether that is said or shown; everybody else has to be answered.
			if !slices.Equal(a.ids, expected(p.login)) || (a.refused != "" && p.login != "") {
				good = false
				wrong = append(wrong, fmt.Sprintf("%s through %s: %s, and not %s %s", who, table[0][i+1], a, listed(expected(p.login)), a.refused))
			}
			row = append(row, a.String())
		}
		table = append(table, row)
	}
	fmt.Fprintf(d.Out, "\n%s  %s\n\n", d.Paint("1", "The same SQL for everybody:"), d.Paint("36", question))
	d.table(table)
	if d.program == "" {
		fmt.Fprintln(d.Out, "\n  There is no psql on this machine: a plain connection stands in for it.")
	}
	fmt.Fprintln(d.Out)
	if good {
		fmt.Fprintf(d.Out, "  %s all clients agree, and with the model\n", d.Paint("32", "ok:"))
	}
	for _, w := range wrong {
		fmt.Fprintf(d.Out, "  %s %s\n", d.Paint("31", "WRONG:"), w)
	}
	return good, nil
}

// pool is the application's: connections of the gateway.
func (d *demo) pool(ctx context.Context) (*pgxpool.Pool, error) {
	c, err := pgxpool.ParseConfig("")
	if err != nil {
		return nil, err
	}
	c.ConnConfig, c.MaxConns = d.config(roleGateway, d.database), 2
	pool, err := pgxpool.NewWithConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("connect the gateway: %w", err)
	}
	return pool, nil
}

// throughSession asks as the application does: with a token that names a subject.
func throughSession(ctx context.Context, s *pgsession.Session, p person) (answer, error) {
	var who pgsession.Principal
	if p.login != "" {
		who = pgsession.Subject("acme|" + p.login)
	}
	var ids []int64
	err := s.Run(ctx, who, func(tx pgx.Tx) (err error) {
		ids, err = query(ctx, tx)
		return err
	}, pgsession.ReadOnly())
	if errors.Is(err, pgsession.ErrNoPrincipal) {
		return answer{refused: err.Error()}, nil
	}
	return answered(ids, err)
}

// psql asks with the person's own login, in a real psql.
func (d *demo) psql(ctx context.Context, p person) (answer, error) {
	role := p.login
	if role == "" {
		role = roleStranger
	}
	cmd := exec.CommandContext(ctx, d.program, "-X", "-q", "-A", "-t", "-w", "-v", "VERBOSITY=verbose", "-d", d.address(role), "-c", question)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(pair string) bool { return strings.HasPrefix(pair, "PG") }),
		"PGPASSWORD="+d.password, "PGCLIENTENCODING=UTF8")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		if ctx.Err() != nil {
			return answer{}, ctx.Err()
		}
		return answer{}, fmt.Errorf("psql: %s", strings.TrimSpace(stderr.String()))
	}
	var ids []int64
	for f := range strings.FieldsSeq(string(out)) {
		id, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return answer{}, fmt.Errorf("psql answers %q", f)
		}
		ids = append(ids, id)
	}
	return answer{ids: ids}, nil
}

// plain asks with the person's own login, without psql.
func (d *demo) plain(ctx context.Context, p person) (answer, error) {
	role := p.login
	if role == "" {
		role = roleStranger
	}
	conn, err := pgx.ConnectConfig(ctx, d.config(role, d.database))
	if err != nil {
		return answer{}, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is pending
	return answered(query(ctx, conn))
}

// throughBI asks on the one connection of a BI tool, which sets the role of whoever looks.
func (d *demo) throughBI(ctx context.Context, conn *pgx.Conn, p person) (answer, error) {
	sql := "RESET ROLE"
	if p.login != "" {
		sql = "SET ROLE " + policies.Ident(d.role(p.login))
	}
	if _, err := conn.Exec(ctx, sql); err != nil {
		return answer{}, err
	}
	return answered(query(ctx, conn))
}

func query(ctx context.Context, q interface {
	Query(context.Context, string, ...any) (pgx.Rows, error)
}) ([]int64, error) {
	rows, err := q.Query(ctx, question)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int64])
}

// answered takes refusals of the server for answers.
func answered(ids []int64, err error) (answer, error) {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code == "42501" || strings.HasPrefix(pg.Code, "RL")) {
		return answer{refused: pg.Code + " " + pg.Message}, nil
	}
	return answer{ids: ids}, err
}

// table prints rows with aligned columns; the first row is the head.
func (d *demo) table(rows [][]string) {
	width := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			width[i] = max(width[i], len(cell))
		}
	}
	for n, r := range rows {
		line := ""
		for i, cell := range r {
			line += fmt.Sprintf("%-*s  ", width[i], cell)
		}
		line = strings.TrimRight(line, " ")
		if n == 0 {
			line = d.Paint("1", line)
		}
		fmt.Fprintf(d.Out, "  %s\n", line)
	}
}
