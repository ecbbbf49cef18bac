// Package directory administers users, groups and grants over a maintenance connection: in the toolkit's own tables, and
// in those of the application, which the applied model describes. Every function works in one transaction; when it returns
// an error nothing is left half done. Tables are read and written with the privileges of the connected login, grants by
// functions that the database refuses to everybody else.
package directory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/rlsctl/rlsctl/internal/logins"
	"github.com/rlsctl/rlsctl/policies"
)

// Refusal is a reason not to do what was asked; nothing has been changed.
type Refusal = logins.Refusal

func refuse(hint, format string, args ...any) error {
	return &Refusal{Message: fmt.Sprintf(format, args...), Hint: hint}
}

// session is one transaction of an administrator.
type session struct {
	tx pgx.Tx
	at policies.Directory
}

// inTx calls fn in a transaction that is committed if fn returns nil, and kept from writing where it only reads.
func inTx(ctx context.Context, conn *pgx.Conn, mode pgx.TxAccessMode, fn func(*session) error) (err error) {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: mode})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			rollback, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			_ = tx.Rollback(rollback)
		}
	}()
	if _, err := tx.Exec(ctx, "SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL lock_timeout = '10s'"); err != nil {
		return err
	}
	s := &session{tx: tx}
	var doc []byte
	if err := tx.QueryRow(ctx, "SELECT rls.directory_mapping()").Scan(&doc); err != nil {
		return explained(err)
	}
	if err := json.Unmarshal(doc, &s.at); err != nil {
		return fmt.Errorf("read where users and groups are: %w", err)
	}
	if err := fn(s); err != nil {
		return explained(err)
	}
	if err := tx.Commit(ctx); err != nil {
		return explained(fmt.Errorf("commit: %w", err))
	}
	return nil
}

// explained makes refusals of what the database refuses, with a hint where it gives none.
func explained(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return err
	}
	switch {
	case pg.Code == "3F000" || pg.Code == "42883": // no schema rls, or no such function in it
		return &Refusal{Message: "the kernel is not installed in this database, or an older one", Hint: "Run rlsctl migrate up."}
	case pg.Code == "42501":
		hint := pg.Hint
		if hint == "" {
			hint = "Connect with a member of a maintenance role of the model that holds the table privileges, or as a database superuser."
		}
		return &Refusal{Message: pg.Message, Hint: hint}
	case strings.HasPrefix(pg.Code, "RL"):
		return &Refusal{Message: pg.Message, Hint: pg.Hint}
	case strings.HasPrefix(pg.Code, "22"), strings.HasPrefix(pg.Code, "23"), pg.Code == "P0001":
		message := pg.Message
		if pg.Detail != "" {
			message += ": " + strings.TrimSuffix(pg.Detail, ".")
		}
		hint := pg.Hint
		if hint == "" {
			hint = "Choose another value."
		}
		return &Refusal{Message: message, Hint: hint}
	}
	return err
}

func table(schema, name string) string { return policies.Ident(schema) + "." + policies.Ident(name) }

func (s *session) users() string { return table(s.at.Users.Schema, s.at.Users.Table) }

// loginColumn is the column that names people: the login, or the key.
func (s *session) loginColumn() string {
	if s.at.Users.Login == "" {
		return s.at.Users.Key
	}
	return s.at.Users.Login
}

// user returns the key of the user of that login.
func (s *session) user(ctx context.Context, login string) (string, error) {
	return s.find(ctx, "user", "login", s.users(), s.at.Users.Key, s.loginColumn(), login)
}

// groups returns the groups of the model, or refuses where it has none.
func (s *session) groups() (*policies.DirectoryGroups, error) {
	if s.at.Groups == nil {
		return nil, refuse("Add \"groups\" to the model and apply it.", "the model has no groups")
	}
	return s.at.Groups, nil
}

func nameColumn(g *policies.DirectoryGroups) string {
	if g.Name == "" {
		return g.Key
	}
	return g.Name
}

// group returns the key of the group of that name.
func (s *session) group(ctx context.Context, name string) (string, error) {
	g, err := s.groups()
	if err != nil {
		return "", err
	}
	return s.find(ctx, "group", "name", table(g.Schema, g.Table), g.Key, nameColumn(g), name)
}

// find looks a key up by a name, and suggests one that is near where there is none.
func (s *session) find(ctx context.Context, what, by, from, key, column, name string) (string, error) {
	found, err := s.lookup(ctx, from, key, column, name)
	if err != nil || found != "" {
		return found, err
	}
	const enough = 20000 // beyond that no suggestion is worth the reading
	rows, _ := s.tx.Query(ctx, fmt.Sprintf("SELECT t.%s::text FROM %s AS t WHERE t.%[1]s IS NOT NULL LIMIT %[3]d", policies.Ident(column), from, enough))
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	hint := fmt.Sprintf("Name one by its %s; rlsctl %s list shows them.", by, what)
	if near := policies.Suggest(name, all); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return "", refuse(hint, "no %s has the %s %q", what, by, name)
}

// lookup returns the key, or "" where there is none.
func (s *session) lookup(ctx context.Context, from, key, column, name string) (string, error) {
	// citext tells no case apart, and a text does.
	rows, _ := s.tx.Query(ctx, fmt.Sprintf("SELECT t.%s::text FROM %s AS t WHERE t.%[3]s::text = $1 OR pg_typeof(t.%[3]s)::text ~ '(^|[.])citext$' AND lower(t.%[3]s::text) = lower($1) LIMIT 2",
		policies.Ident(key), from, policies.Ident(column)), name)
	keys, err := pgx.CollectRows(rows, pgx.RowTo[string])
	switch {
	case err != nil || len(keys) == 0:
		return "", err
	case len(keys) > 1:
		return "", refuse(fmt.Sprintf("Make column %q of %s unique.", column, from), "%q names more than one row of %s", name, from)
	}
	return keys[0], nil
}

// value is a column with what goes into it. Texts are read as the type of the column.
type value struct {
	column string
	text   *string
}

func set(column, text string) value { return value{column, &text} }

func boolean(column string, b bool) value { return set(column, fmt.Sprint(b)) }

// insert writes a row and returns one column of it. Columns that need a value and that nothing is known of are refused,
// with the statement that whoever knows them can finish.
func (s *session) insert(ctx context.Context, schema, name string, values []value, returning string) (string, error) {
	var columns, places []string
	var args []any
	rows, _ := s.tx.Query(ctx, `SELECT a.attname::text, format_type(a.atttypid, NULL),
			a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND a.attgenerated = '' AND NOT (t.typtype = 'd' AND t.typdefault IS NOT NULL)
		FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = a.atttypid
		WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`, table(schema, name))
	type attribute struct {
		Name, Type string
		Needed     bool
	}
	attributes, err := pgx.CollectRows(rows, pgx.RowToStructByPos[attribute])
	if err != nil {
		return "", err
	}
	var missing []string
	for _, a := range attributes {
		i := slices.IndexFunc(values, func(v value) bool { return v.column == a.Name })
		switch {
		case i >= 0 && values[i].text != nil:
			args = append(args, *values[i].text)
			columns = append(columns, policies.Ident(a.Name))
			places = append(places, fmt.Sprintf("CAST($%d::text AS %s)", len(args), a.Type))
		case a.Needed:
			missing = append(missing, a.Name)
		}
	}
	if len(missing) > 0 {
		var known []string
		for i, a := range args {
			known = append(known, fmt.Sprintf("%s = %s", columns[i], policies.Literal(a.(string))))
		}
		quoted := make([]string, len(missing))
		for i, m := range missing {
			quoted[i] = policies.Ident(m)
		}
		return "", refuse(fmt.Sprintf("Write INSERT INTO %s yourself, with %s, and with %s.", table(schema, name), strings.Join(known, ", "), strings.Join(quoted, ", ")),
			"%s needs a value for %s, which the model says nothing of", table(schema, name), strings.Join(quoted, ", "))
	}
	statement := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table(schema, name), strings.Join(columns, ", "), strings.Join(places, ", "))
	if returning == "" {
		_, err := s.tx.Exec(ctx, statement, args...)
		return "", err
	}
	var out string
	err = s.tx.QueryRow(ctx, statement+" RETURNING "+policies.Ident(returning)+"::text", args...).Scan(&out)
	return out, err
}

// update writes columns of the one row with that key.
func (s *session) update(ctx context.Context, schema, name, keyColumn, key string, values []value) error {
	if len(values) == 0 {
		return nil
	}
	var sets []string
	args := []any{key}
	for _, v := range values {
		var typ string
		if err := s.tx.QueryRow(ctx, `SELECT format_type(a.atttypid, NULL) FROM pg_attribute AS a
			WHERE a.attrelid = to_regclass($1) AND a.attname = $2 AND NOT a.attisdropped`, table(schema, name), v.column).Scan(&typ); err != nil {
			return fmt.Errorf("look up column %q of %s: %w", v.column, table(schema, name), err)
		}
		args = append(args, v.text)
		sets = append(sets, fmt.Sprintf("%s = CAST($%d::text AS %s)", policies.Ident(v.column), len(args), typ))
	}
	tag, err := s.tx.Exec(ctx, fmt.Sprintf("UPDATE %s AS t SET %s WHERE t.%s::text = $1", table(schema, name), strings.Join(sets, ", "), policies.Ident(keyColumn)), args...)
	if err == nil && tag.RowsAffected() != 1 {
		return refuse("Connect with a member of a maintenance role of the model.", "the row of %s was not written", table(schema, name))
	}
	return err
}
