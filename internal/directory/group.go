package directory

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
)

// Group is a group with what decides about it.
type Group struct {
	Key          string  `json:"key"`
	Name         string  `json:"name"`
	Creator      *string `json:"creator,omitempty"` // by login
	ShareMembers bool    `json:"share_members"`
	ShareCreator bool    `json:"share_creator"`
	Members      int     `json:"members"` // now
}

// NewGroup is a group to be made.
type NewGroup struct {
	Name                       string
	Key                        *string
	Creator                    string // login
	ShareMembers, ShareCreator *bool
}

// Window is a time in which something counts, as people write it: 2026-01-31, 2026-01-31 18:00 or with an offset.
type Window struct{ From, Until string }

// now restricts memberships m to those that count at this moment.
func now(g *policies.DirectoryGroups) string {
	var out string
	if g.MemberFrom != "" {
		c := policies.Ident(g.MemberFrom)
		out += fmt.Sprintf(" AND (m.%s IS NULL OR m.%s <= statement_timestamp())", c, c)
	}
	if g.MemberUntil != "" {
		c := policies.Ident(g.MemberUntil)
		out += fmt.Sprintf(" AND (m.%s IS NULL OR m.%s > statement_timestamp())", c, c)
	}
	return out
}

// Groups returns every group by name.
func Groups(ctx context.Context, conn *pgx.Conn) (list []Group, err error) {
	err = inTx(ctx, conn, pgx.ReadOnly, func(s *session) error {
		g, err := s.groups()
		if err != nil {
			return err
		}
		creator := "NULL"
		if g.Creator != "" {
			creator = fmt.Sprintf("(SELECT u.%s::text FROM %s AS u WHERE u.%s::text = t.%s::text)", policies.Ident(s.loginColumn()), s.users(),
				policies.Ident(s.at.Users.Key), policies.Ident(g.Creator))
		}
		rows, _ := s.tx.Query(ctx, fmt.Sprintf(`SELECT t.%s::text, coalesce(t.%s::text, ''), %s, %s, %s,
				(SELECT count(DISTINCT m.%s)::integer FROM %s AS m WHERE m.%s::text = t.%[1]s::text AND m.%[6]s IS NOT NULL%[9]s)
			FROM %[10]s AS t ORDER BY t.%[2]s::text COLLATE "C", t.%[1]s::text COLLATE "C"`,
			policies.Ident(g.Key), policies.Ident(nameColumn(g)), creator, truth(g.ShareMembers, "false"), truth(g.ShareCreator, "false"),
			policies.Ident(g.MemberUser), table(g.MembersSchema, g.MembersTable), policies.Ident(g.MemberGroup), now(g), table(g.Schema, g.Table)))
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (x Group, err error) {
			err = row.Scan(&x.Key, &x.Name, &x.Creator, &x.ShareMembers, &x.ShareCreator, &x.Members)
			return x, err
		})
		return err
	})
	return list, err
}

// AddGroup makes a group. It returns *Refusal where there is one of that name already.
func AddGroup(ctx context.Context, conn *pgx.Conn, n NewGroup) (key string, err error) {
	err = inTx(ctx, conn, pgx.ReadWrite, func(s *session) error {
		g, err := s.groups()
		if err != nil {
			return err
		}
		found, err := s.lookup(ctx, table(g.Schema, g.Table), g.Key, nameColumn(g), n.Name)
		if err != nil {
			return err
		}
		if found != "" {
			return refuse("Choose another name.", "group %q exists already", n.Name)
		}
		values := []value{set(nameColumn(g), n.Name)}
		if n.Key != nil && g.Name != "" {
			values = append(values, set(g.Key, *n.Key))
		}
		if n.Creator != "" {
			creator, err := s.user(ctx, n.Creator)
			if err != nil {
				return err
			}
			if g.Creator == "" {
				return refuse("Add \"creator\" to \"groups\" of the model.", "the model does not say who made a group")
			}
			values = append(values, set(g.Creator, creator))
		}
		for _, f := range []struct {
			want *bool
			flag policies.DirectoryFlag
			name string
		}{{n.ShareMembers, g.ShareMembers, "share_members_visibility"}, {n.ShareCreator, g.ShareCreator, "share_creator_visibility"}} {
			switch {
			case f.want == nil && f.flag.Column != "":
				values = append(values, boolean(f.flag.Column, false))
			case f.want == nil:
			case f.flag.Column == "":
				return refuse(fmt.Sprintf("Write the columns that it reads with UPDATE %s.", table(g.Schema, g.Table)),
					"%q of the model is no column that could be set", f.name)
			default:
				values = append(values, boolean(f.flag.Column, *f.want))
			}
		}
		key, err = s.insert(ctx, g.Schema, g.Table, values, g.Key)
		return err
	})
	return key, err
}

// Membership is a member of a group, with the window of the membership where the model has one.
type Membership struct {
	Key   string  `json:"key"`
	Login *string `json:"login"` // nil: nobody has that key
	From  *string `json:"from,omitempty"`
	Until *string `json:"until,omitempty"`
	Open  bool    `json:"open"` // it counts now
}

// Members returns the members of the group of that name, by login.
func Members(ctx context.Context, conn *pgx.Conn, name string) (list []Membership, err error) {
	err = inTx(ctx, conn, pgx.ReadOnly, func(s *session) error {
		key, err := s.group(ctx, name)
		if err != nil {
			return err
		}
		g := s.at.Groups
		at := func(column string) string {
			if column == "" {
				return "NULL"
			}
			return "m." + policies.Ident(column) + "::text"
		}
		rows, _ := s.tx.Query(ctx, fmt.Sprintf(`SELECT m.%s::text, u.%s::text, %s, %s, true%s
			FROM %s AS m LEFT JOIN %s AS u ON u.%s::text = m.%[1]s::text
			WHERE m.%[9]s::text = $1 AND m.%[1]s IS NOT NULL ORDER BY u.%[2]s::text COLLATE "C", m.%[1]s::text COLLATE "C"`,
			policies.Ident(g.MemberUser), policies.Ident(s.loginColumn()), at(g.MemberFrom), at(g.MemberUntil), now(g),
			table(g.MembersSchema, g.MembersTable), s.users(), policies.Ident(s.at.Users.Key), policies.Ident(g.MemberGroup)), key)
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (x Membership, err error) {
			err = row.Scan(&x.Key, &x.Login, &x.From, &x.Until, &x.Open)
			return x, err
		})
		return err
	})
	return list, err
}

// Join makes users members of a group, and returns the logins of those who were not yet.
func Join(ctx context.Context, conn *pgx.Conn, name string, logins []string, w Window) (joined []string, err error) {
	err = inTx(ctx, conn, pgx.ReadWrite, func(s *session) error {
		from, until, err := s.window(ctx, w)
		if err != nil {
			return err
		}
		return s.memberships(ctx, name, logins, func(g *policies.DirectoryGroups, group, user, login string) error {
			values := []value{set(g.MemberGroup, group), set(g.MemberUser, user)}
			for _, b := range []struct {
				at           *string
				column, name string
			}{{from, g.MemberFrom, "from"}, {until, g.MemberUntil, "until"}} {
				if b.at == nil {
					continue
				}
				if b.column == "" {
					return refuse(fmt.Sprintf("Leave out --%s, or add %q to \"members\" of the model.", b.name, b.name), "memberships have no window in the model")
				}
				values = append(values, set(b.column, *b.at))
			}
			where := fmt.Sprintf("m.%s::text = $1 AND m.%s::text = $2", policies.Ident(g.MemberGroup), policies.Ident(g.MemberUser))
			if w == (Window{}) {
				where += now(g)
			} else {
				where += " AND false" // another window is another membership
			}
			var there bool
			if err := s.tx.QueryRow(ctx, fmt.Sprintf("SELECT EXISTS (SELECT FROM %s AS m WHERE %s)", table(g.MembersSchema, g.MembersTable), where), group, user).Scan(&there); err != nil || there {
				return err
			}
			if _, err := s.insert(ctx, g.MembersSchema, g.MembersTable, values, ""); err != nil {
				return err
			}
			joined = append(joined, login)
			return nil
		})
	})
	return joined, err
}

// Leave ends every membership of users in a group, and returns the logins of those who were members.
func Leave(ctx context.Context, conn *pgx.Conn, name string, logins []string) (left []string, err error) {
	err = inTx(ctx, conn, pgx.ReadWrite, func(s *session) error {
		return s.memberships(ctx, name, logins, func(g *policies.DirectoryGroups, group, user, login string) error {
			tag, err := s.tx.Exec(ctx, fmt.Sprintf("DELETE FROM %s AS m WHERE m.%s::text = $1 AND m.%s::text = $2", table(g.MembersSchema, g.MembersTable),
				policies.Ident(g.MemberGroup), policies.Ident(g.MemberUser)), group, user)
			if err == nil && tag.RowsAffected() > 0 {
				left = append(left, login)
			}
			return err
		})
	})
	return left, err
}

// memberships calls fn for each user, with keys in place of names.
func (s *session) memberships(ctx context.Context, name string, logins []string, fn func(g *policies.DirectoryGroups, group, user, login string) error) error {
	group, err := s.group(ctx, name)
	if err != nil {
		return err
	}
	for _, login := range logins {
		user, err := s.user(ctx, login)
		if err != nil {
			return err
		}
		if err := fn(s.at.Groups, group, user, login); err != nil {
			return err
		}
	}
	return nil
}
