package directory

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
)

// User is a user with what decides about them.
type User struct {
	Key       string            `json:"key"`
	Login     string            `json:"login"`
	Subject   *string           `json:"subject,omitempty"`
	Name      *string           `json:"name,omitempty"`
	Active    bool              `json:"active"`
	Superuser bool              `json:"superuser"`
	Staff     bool              `json:"staff"`
	SeenBy    map[string]string `json:"seen_by,omitempty"` // by edge kind: the login of who sees them, or several
	Groups    []string          `json:"groups,omitempty"`
	Grants    []Grant           `json:"grants,omitempty"` // to the user directly
}

// Change is what is to be written; nil leaves it as it is.
type Change struct {
	Key, Login, Subject, Name *string
	Active, Superuser, Staff  *bool
	SeenBy                    []SeenBy
}

// SeenBy says who sees a user directly, through an edge kind; an empty login for nobody.
type SeenBy struct{ Kind, Login string }

// flags returns the columns of the booleans that c names, or refuses where an expression decides.
func (s *session) flags(c Change) ([]value, error) {
	var out []value
	for _, f := range []struct {
		name, option string
		want         *bool
		flag         policies.DirectoryFlag
	}{
		{"active", "active", c.Active, s.at.Users.Active}, {"superuser", "superuser", c.Superuser, s.at.Users.Superuser}, {"staff", "staff", c.Staff, s.at.Users.Staff},
	} {
		switch {
		case f.want == nil:
		case f.flag.Column != "":
			out = append(out, boolean(f.flag.Column, *f.want))
		case f.flag.SQL != "":
			return nil, refuse(fmt.Sprintf("Write the columns that it reads with UPDATE %s.", s.users()),
				"the expression %q decides who is %s, not a column that could be set", f.flag.SQL, f.name)
		default:
			return nil, refuse(fmt.Sprintf("Add %q to \"users\" of the model: a boolean column of %s.", f.name, s.users()),
				"the model does not say who is %s", f.name)
		}
	}
	return out, nil
}

// write turns the plain columns of c into values.
func (s *session) write(c Change) ([]value, error) {
	out, err := s.flags(c)
	if err != nil {
		return nil, err
	}
	if c.Login != nil {
		out = append(out, set(s.loginColumn(), *c.Login))
	}
	if c.Subject != nil {
		if s.at.Users.Subject == "" {
			return nil, refuse("Add \"subject\" to \"users\" of the model.", "the model does not say which column holds the subject")
		}
		v := value{column: s.at.Users.Subject}
		if *c.Subject != "" {
			v.text = c.Subject
		}
		out = append(out, v)
	}
	if c.Name != nil {
		if !s.at.Users.Kernel {
			return nil, refuse(fmt.Sprintf("Write it with UPDATE %s.", s.users()), "the model says nothing of the names of users")
		}
		out = append(out, set("name", *c.Name))
	}
	return out, nil
}

// edges returns the columns of edges that c names, and those that are rows of tables of pairs.
func (s *session) edges(ctx context.Context, c Change) (columns []value, pairs []pair, err error) {
	for _, e := range c.SeenBy {
		edge, err := s.edge(e.Kind)
		if err != nil {
			return nil, nil, err
		}
		var viewer string
		if e.Login != "" {
			if viewer, err = s.user(ctx, e.Login); err != nil {
				return nil, nil, err
			}
		}
		switch {
		case edge.Column != "" && viewer == "":
			columns = append(columns, value{column: edge.Column})
		case edge.Column != "":
			columns = append(columns, set(edge.Column, viewer))
		case viewer == "":
			return nil, nil, refuse(fmt.Sprintf("Delete the rows of %s that are meant.", table(edge.Schema, edge.Table)), "edges of kind %q are rows of a table, and there may be several", e.Kind)
		default:
			pairs = append(pairs, pair{edge, viewer})
		}
	}
	return columns, pairs, nil
}

type pair struct {
	policies.DirectoryEdge
	viewer string
}

func (s *session) edge(kind string) (policies.DirectoryEdge, error) {
	var kinds []string
	for _, e := range s.at.Users.Edges {
		if e.Kind == kind {
			return e, nil
		}
		kinds = append(kinds, e.Kind)
	}
	hint := "The model has none."
	if len(kinds) > 0 {
		hint = "Use one of: " + strings.Join(kinds, ", ") + "."
	}
	return policies.DirectoryEdge{}, refuse(hint, "the model has no edge kind %q", kind)
}

// link writes the pairs of a user.
func (s *session) link(ctx context.Context, key string, pairs []pair) error {
	for _, p := range pairs {
		var there bool
		if err := s.tx.QueryRow(ctx, fmt.Sprintf("SELECT EXISTS (SELECT FROM %s AS t WHERE t.%s::text = $1 AND t.%s::text = $2)",
			table(p.Schema, p.Table), policies.Ident(p.Viewer), policies.Ident(p.Seen)), p.viewer, key).Scan(&there); err != nil {
			return err
		}
		if there {
			continue
		}
		if _, err := s.insert(ctx, p.Schema, p.Table, []value{set(p.Viewer, p.viewer), set(p.Seen, key)}, ""); err != nil {
			return err
		}
	}
	return nil
}

// AddUser makes a user of that login, active unless c says otherwise. It returns *Refusal where there is one already.
func AddUser(ctx context.Context, conn *pgx.Conn, login string, c Change) (u User, notes []string, err error) {
	err = inTx(ctx, conn, pgx.ReadWrite, func(s *session) error {
		found, err := s.lookup(ctx, s.users(), s.at.Users.Key, s.loginColumn(), login)
		if err != nil {
			return err
		}
		if found != "" {
			return refuse("Change it with rlsctl user set, or choose another login.", "user %q exists already", login)
		}
		yes, no := true, false
		for _, f := range []struct {
			want **bool
			flag policies.DirectoryFlag
			by   *bool
		}{{&c.Active, s.at.Users.Active, &yes}, {&c.Superuser, s.at.Users.Superuser, &no}, {&c.Staff, s.at.Users.Staff, &no}} {
			if *f.want == nil && f.flag.Column != "" {
				*f.want = f.by
			}
		}
		c.Login = &login
		values, err := s.write(c)
		if err != nil {
			return err
		}
		columns, pairs, err := s.edges(ctx, c)
		if err != nil {
			return err
		}
		values = append(values, columns...)
		if c.Key != nil && s.at.Users.Login != "" {
			values = append(values, set(s.at.Users.Key, *c.Key))
		}
		key, err := s.insert(ctx, s.at.Users.Schema, s.at.Users.Table, values, s.at.Users.Key)
		if err != nil {
			return err
		}
		if err := s.link(ctx, key, pairs); err != nil {
			return err
		}
		if u, err = s.show(ctx, key); err != nil {
			return err
		}
		if !u.Active && (c.Active == nil || *c.Active) {
			notes = append(notes, fmt.Sprintf("user %q is not active: %q decides", login, s.at.Users.Active.SQL))
		}
		return nil
	})
	return u, notes, err
}

// SetUser changes the user of that login.
func SetUser(ctx context.Context, conn *pgx.Conn, login string, c Change) (u User, notes []string, err error) {
	err = inTx(ctx, conn, pgx.ReadWrite, func(s *session) error {
		key, err := s.user(ctx, login)
		if err != nil {
			return err
		}
		before, err := s.superusers(ctx)
		if err != nil {
			return err
		}
		values, err := s.write(c)
		if err != nil {
			return err
		}
		columns, pairs, err := s.edges(ctx, c)
		if err != nil {
			return err
		}
		if err := s.update(ctx, s.at.Users.Schema, s.at.Users.Table, s.at.Users.Key, key, append(values, columns...)); err != nil {
			return err
		}
		if c.Login != nil && s.at.Users.Login == "" {
			key = *c.Login
		}
		if err := s.link(ctx, key, pairs); err != nil {
			return err
		}
		after, err := s.superusers(ctx)
		if err != nil {
			return err
		}
		if before && !after {
			notes = append(notes, "nobody is an active superuser any more")
		}
		u, err = s.show(ctx, key)
		return err
	})
	return u, notes, err
}

// superusers reports whether somebody is an active superuser.
func (s *session) superusers(ctx context.Context) (some bool, err error) {
	err = s.tx.QueryRow(ctx, fmt.Sprintf("SELECT EXISTS (SELECT FROM %s AS t WHERE %s AND %s)", s.users(), truth(s.at.Users.Active, "true"),
		truth(s.at.Users.Superuser, "false"))).Scan(&some)
	return some, err
}

func truth(f policies.DirectoryFlag, otherwise string) string {
	if f.Compiled == "" {
		return otherwise
	}
	return "(" + f.Compiled + ") IS TRUE"
}

// selectUsers reads users in one shape.
func (s *session) selectUsers(where string) string {
	u := s.at.Users
	subject, name := "NULL", "NULL"
	if u.Subject != "" {
		subject = "t." + policies.Ident(u.Subject) + "::text"
	}
	if u.Kernel {
		name = "nullif(t.name, '')"
	}
	return fmt.Sprintf("SELECT t.%s::text, coalesce(t.%s::text, ''), %s, %s, %s, %s, %s FROM %s AS t%s", policies.Ident(u.Key), policies.Ident(s.loginColumn()),
		subject, name, truth(u.Active, "true"), truth(u.Superuser, "false"), truth(u.Staff, "false"), s.users(), where)
}

func scanUser(row pgx.CollectableRow) (u User, err error) {
	err = row.Scan(&u.Key, &u.Login, &u.Subject, &u.Name, &u.Active, &u.Superuser, &u.Staff)
	return u, err
}

// Users returns every user by login.
func Users(ctx context.Context, conn *pgx.Conn) (list []User, err error) {
	err = inTx(ctx, conn, pgx.ReadOnly, func(s *session) error {
		rows, _ := s.tx.Query(ctx, s.selectUsers(fmt.Sprintf(" ORDER BY t.%s::text COLLATE \"C\", t.%s::text COLLATE \"C\"",
			policies.Ident(s.loginColumn()), policies.Ident(s.at.Users.Key))))
		list, err = pgx.CollectRows(rows, scanUser)
		return err
	})
	return list, err
}

// ShowUser returns everything that is known of the user of that login.
func ShowUser(ctx context.Context, conn *pgx.Conn, login string) (u User, err error) {
	err = inTx(ctx, conn, pgx.ReadOnly, func(s *session) error {
		key, err := s.user(ctx, login)
		if err != nil {
			return err
		}
		u, err = s.show(ctx, key)
		return err
	})
	return u, err
}

func (s *session) show(ctx context.Context, key string) (User, error) {
	rows, _ := s.tx.Query(ctx, s.selectUsers(fmt.Sprintf(" WHERE t.%s::text = $1", policies.Ident(s.at.Users.Key))), key)
	u, err := pgx.CollectExactlyOneRow(rows, scanUser)
	if err != nil {
		return u, fmt.Errorf("read user %q: %w", key, err)
	}
	u.SeenBy = map[string]string{}
	for _, e := range s.at.Users.Edges {
		query := fmt.Sprintf("SELECT v.%[1]s::text FROM %[2]s AS t JOIN %[2]s AS v ON v.%[3]s::text = t.%[4]s::text WHERE t.%[3]s::text = $1",
			policies.Ident(s.loginColumn()), s.users(), policies.Ident(s.at.Users.Key), policies.Ident(e.Column))
		if e.Column == "" {
			query = fmt.Sprintf("SELECT v.%s::text FROM %s AS t JOIN %s AS v ON v.%s::text = t.%s::text WHERE t.%s::text = $1 ORDER BY 1",
				policies.Ident(s.loginColumn()), table(e.Schema, e.Table), s.users(), policies.Ident(s.at.Users.Key), policies.Ident(e.Viewer), policies.Ident(e.Seen))
		}
		rows, _ := s.tx.Query(ctx, query, key)
		viewers, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return u, err
		}
		if len(viewers) > 0 {
			u.SeenBy[e.Kind] = strings.Join(viewers, ", ")
		}
	}
	if g := s.at.Groups; g != nil {
		rows, _ := s.tx.Query(ctx, fmt.Sprintf("SELECT DISTINCT coalesce(g.%s::text, g.%s::text) FROM %s AS m JOIN %s AS g ON g.%[2]s::text = m.%[5]s::text WHERE m.%[6]s::text = $1%[7]s ORDER BY 1",
			policies.Ident(nameColumn(g)), policies.Ident(g.Key), table(g.MembersSchema, g.MembersTable), table(g.Schema, g.Table),
			policies.Ident(g.MemberGroup), policies.Ident(g.MemberUser), now(g)), key)
		if u.Groups, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return u, err
		}
	}
	list, err := s.grants(ctx)
	for _, g := range list {
		if g.Kind == "user" && g.Key != nil && *g.Key == key {
			u.Grants = append(u.Grants, g)
		}
	}
	return u, err
}
