package logins

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
)

// Person is a database login that is one user of the model.
type Person struct {
	Login        string // database role; created where it is missing
	User         string // as the login column of the model names them
	ClientRole   string // "": the only one of the model
	SecondFactor bool   // whoever logs in has shown a second factor
	Plan         string // one of Forms, or PlanAuto; "": any
	Password     Password
}

// Added says what an add did.
type Added struct {
	Login      string
	ClientRole string
	Plan       string   // form of the policies that apply to a person's login
	Created    bool     // the database role of the login
	Roles      []string // other database roles that were created
	Key        string   // id of a gateway's first key
	Unnamed    []string // services of a gateway that the model does not name
	Shown      bool     // what a gateway is doing can be read by its other connections: hiding it was not allowed
	Tables     []string // whose structure an impersonating login sees
	Skipped    []string // tables of resources whose structure it does not see, because it would see rows
}

// AddPerson registers a person's login. It returns *Refusal where that must not be.
func AddPerson(ctx context.Context, conn *pgx.Conn, p Person) (Added, error) {
	a := Added{Login: p.Login}
	err := inTx(ctx, conn, func(c *change) (err error) {
		var key string
		err = c.owner(ctx, func() error {
			if err := c.free(ctx, p.Login); err != nil {
				return err
			}
			if a.ClientRole, err = c.clientRole(ctx, p.ClientRole); err != nil {
				return err
			}
			var superuser bool
			if key, superuser, err = c.user(ctx, p.User); err != nil {
				return err
			}
			if a.Plan, err = c.form(ctx, p.Plan, p.User, key, a.ClientRole, superuser); err != nil {
				return err
			}
			return c.fit(ctx, p.Login, a.ClientRole)
		})
		if err != nil {
			return err
		}
		if a.Created, err = c.ready(ctx, p.Login, true, p.Password.verifier); err != nil {
			return err
		}
		var g given
		if g.Memberships, err = c.join(ctx, p.Login, a.ClientRole, true); err != nil {
			return err
		}
		filtered, err := c.filter(ctx, p.Login, a.Plan)
		if err != nil {
			return err
		}
		g.Memberships = append(g.Memberships, filtered...)
		g.Created = a.Created
		return c.owner(ctx, func() error {
			if err := c.use(ctx, p.Login); err != nil {
				return err
			}
			return c.register(ctx, p.Login, KindPerson, &key, p.SecondFactor, a.ClientRole, g)
		})
	})
	return a, err
}

// fit refuses a database role that cannot become a login of the map; one that does not exist yet can. As rls_owner.
func (c *change) fit(ctx context.Context, name, client string) error {
	var role bool
	if err := c.tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM rls.database_role AS d WHERE d.name = $1)
		OR EXISTS (SELECT FROM rls.plan_role AS p WHERE p.role = $1)
		OR $1 IN ('rls_owner', 'rls_client') OR $1 = ANY ($2)`, name, FormRoles()).Scan(&role); err != nil {
		return err
	}
	if role {
		return refuse("Take another name.", "%q is a database role of the model, not a login", name)
	}
	if err := c.safe(ctx, name); err != nil {
		return err
	}
	if err := c.onlyClient(ctx, name, client); err != nil {
		return err
	}
	return c.unshared(ctx, name)
}

// Impersonating is a database login that becomes one of several users by SET ROLE.
type Impersonating struct {
	Login        string
	As           []As
	ClientRole   string // of the database roles that are created; "": the only one of the model
	SecondFactor bool
	Structure    bool // before SET ROLE it sees which tables and columns there are, and no row
	Password     Password
}

// As is a database role that stands for a user on an impersonating login.
type As struct {
	Role string `json:"role"`
	User string `json:"user"`
}

// AddImpersonating registers an impersonating login. It returns *Refusal where that must not be.
func AddImpersonating(ctx context.Context, conn *pgx.Conn, p Impersonating) (Added, error) {
	a := Added{Login: p.Login}
	if len(p.As) == 0 {
		return a, refuse("Add --as ROLE=LOGIN for each user.", "an impersonating login needs at least one role")
	}
	for i, as := range p.As {
		if as.Role == p.Login || slices.ContainsFunc(p.As[:i], func(o As) bool { return o.Role == as.Role }) {
			return a, refuse("Name each database role once, and not the login itself.", "database role %q is named twice", as.Role)
		}
	}
	err := inTx(ctx, conn, func(c *change) (err error) {
		var g given
		keys := make([]string, len(p.As))
		err = c.owner(ctx, func() error {
			if err := c.free(ctx, p.Login); err != nil {
				return err
			}
			if a.ClientRole, err = c.clientRole(ctx, p.ClientRole); err != nil {
				return err
			}
			if p.Structure {
				if err := c.bare(ctx, p.Login); err != nil {
					return err
				}
			}
			for i, as := range p.As {
				if keys[i], err = c.standIn(ctx, as); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		// The roles first: whether the login may be registered depends on what they are.
		for _, as := range p.As {
			have, err := c.role(ctx, as.Role)
			if err != nil {
				return err
			}
			if have == nil {
				if err := c.create(ctx, as.Role, "NOLOGIN INHERIT", ""); err != nil {
					return err
				}
				joined, err := c.join(ctx, as.Role, a.ClientRole, true)
				if err != nil {
					return err
				}
				g.Roles, g.Memberships = append(g.Roles, as.Role), append(g.Memberships, joined...)
			}
			forms, err := c.formsOf(ctx, as.Role)
			if err != nil {
				return err
			}
			if len(forms) > 0 { // as a person's login has it
				continue
			}
			filtered, err := c.filter(ctx, as.Role, anyForm)
			if err != nil {
				return err
			}
			g.Memberships = append(g.Memberships, filtered...)
		}
		a.Roles = g.Roles
		if a.Created, err = c.ready(ctx, p.Login, false, p.Password.verifier); err != nil {
			return err
		}
		for _, as := range p.As {
			joined, err := c.join(ctx, p.Login, as.Role, false)
			if err != nil {
				return err
			}
			g.Memberships = append(g.Memberships, joined...)
		}
		g.Created = a.Created
		if p.Structure {
			if a.Skipped, err = c.show(ctx, p.Login, a.ClientRole, &g); err != nil {
				return err
			}
			a.Tables = g.Tables
		}
		return c.owner(ctx, func() error {
			if err := c.use(ctx, p.Login); err != nil {
				return err
			}
			if err := c.register(ctx, p.Login, KindImpersonating, nil, p.SecondFactor, a.ClientRole, g); err != nil {
				return err
			}
			for i, as := range p.As {
				if err := c.use(ctx, as.Role); err != nil {
					return err
				}
				if err := c.exec(ctx, "register the role", "INSERT INTO rls.impersonation (login, role, principal) VALUES ($1, $2, $3)",
					p.Login, as.Role, keys[i]); err != nil {
					return err
				}
			}
			return c.impersonates(ctx, p)
		})
	})
	return a, err
}

// standIn refuses what cannot stand for a user on an impersonating login, and returns the user's key. As rls_owner.
func (c *change) standIn(ctx context.Context, as As) (string, error) {
	key, superuser, err := c.user(ctx, as.User)
	if err != nil {
		return "", err
	}
	if superuser {
		return "", refuse("Give them a login of their own with rlsctl login add NAME --user.",
			"user %q is a superuser, for whom no impersonating login may stand", as.User)
	}
	kind, err := c.kind(ctx, as.Role)
	if err != nil {
		return "", err
	}
	have, err := c.role(ctx, as.Role)
	if err != nil || have == nil {
		return key, err
	}
	if kind != KindPerson && (kind != "" || have.login) {
		return "", refuse("Name a person's login, or a database role that cannot log in.", "database role %q cannot stand for a user", as.Role)
	}
	var other bool
	err = c.tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM rls.login AS l WHERE l.name = $1 AND l.principal <> $2
		UNION ALL SELECT FROM rls.impersonation AS i WHERE i.role = $1 AND i.principal <> $2)`, as.Role, key).Scan(&other)
	if err != nil {
		return "", err
	}
	if other {
		return "", refuse("Take another database role.", "database role %q stands for another user than %q", as.Role, as.User)
	}
	if err := c.safe(ctx, as.Role); err != nil {
		return "", err
	}
	clients, err := c.clientRolesOf(ctx, as.Role)
	if err != nil {
		return "", err
	}
	if len(clients) != 1 {
		return "", refuse(fmt.Sprintf("Run GRANT for one client role to %s.", policies.Ident(as.Role)),
			"database role %q belongs to %d client roles, and exactly one is needed", as.Role, len(clients))
	}
	return key, nil
}

// impersonates checks what has become of the login: it can be what is listed, and nothing else. As rls_owner.
func (c *change) impersonates(ctx context.Context, p Impersonating) error {
	if err := c.safe(ctx, p.Login); err != nil {
		return err
	}
	if err := c.unshared(ctx, p.Login); err != nil {
		return err
	}
	listed := make([]string, len(p.As))
	for i, as := range p.As {
		listed[i] = as.Role
		// Whoever else can become one of the roles would be that user as well.
		if err := c.unshared(ctx, as.Role); err != nil {
			return err
		}
	}
	rows, _ := c.tx.Query(ctx, `SELECT r.rolname FROM pg_auth_members AS m JOIN pg_roles AS r ON r.oid = m.roleid
		WHERE m.member = (SELECT u.oid FROM pg_roles AS u WHERE u.rolname = $1) AND r.rolname <> ALL ($2) ORDER BY 1`, p.Login, listed)
	extra, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	if len(extra) > 0 {
		return refuse(fmt.Sprintf("Run REVOKE %s FROM %s, or list it with --as.", policies.Ident(extra[0]), policies.Ident(p.Login)),
			"login %q is a member of %q, which is not listed", p.Login, extra[0])
	}
	return nil
}
