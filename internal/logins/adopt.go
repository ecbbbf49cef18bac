package logins

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// Adoption turns a login that owns tables, or holds privileges, into a gateway. A client role gets the privileges, a role
// that nobody logs in as gets what the login owned, and the login keeps neither.
type Adoption struct {
	Gateway              // ClientRole "": the login's name and _client, made anew
	Owner       string   // of what the login owned; "": the login's name and _owner, made anew, if anything is owned
	Leave       []string // roles that the login is a member of and its client role must not be: it gets their privileges
	Public      string   // what to do with privileges of PUBLIC on tables: PublicRevoke, PublicKeep, or "" to refuse
	Elsewhere   bool     // go on although the login has something in other databases
	withoutKeys bool     // the script has none
}

// What to do with privileges that everybody has on tables, sequences, and to create in schemas.
const (
	PublicRevoke = "revoke"
	PublicKeep   = "keep"
)

// Adopted says what an adoption does, or has done.
type Adopted struct {
	Login, ClientRole string
	Owner             string   // "" where nothing was owned
	Made              []string // database roles that were created
	Notes             []string // what to know about it
	Steps             int
	Key               string // id of the first key
	Script            string // of AdoptScript
}

// ModelLines are what rls.yaml has to say about the roles.
func (a Adopted) ModelLines() string {
	out := "database:\n  client_roles: [" + a.ClientRole + "]\n"
	if a.Owner != "" {
		out += "  maintenance_roles: [" + a.Owner + "]\n"
	}
	return out
}

// Adopt makes a login a gateway in one transaction. It returns *Refusal where that must not be; then nothing has changed.
// What it changes is recorded, and Release puts it back.
func Adopt(ctx context.Context, db DB, a Adoption) (Adopted, error) {
	if err := a.keyed(); err != nil {
		return Adopted{}, err
	}
	var done Adopted
	err := withKey(a.Key, func(k *key) error {
		return inTx(ctx, db, func(c *change) error {
			p, err := c.adoption(ctx, a)
			if err != nil {
				return err
			}
			done = p.adopted()
			if err := c.run(ctx, p.steps); err != nil {
				return err
			}
			return c.owner(ctx, func() error {
				// As gateway add would ask, now that it is one.
				if err := c.fit(ctx, a.Login, p.client); err != nil {
					return err
				}
				if k == nil {
					return nil
				}
				done.Key = k.id
				return c.addKey(ctx, a.Login, k)
			})
		})
	})
	return done, err
}

// AdoptScript returns what Adopt would do as one script for psql, to be run by the same login, and changes nothing.
// The script makes no key: rlsctl key rotate does.
func AdoptScript(ctx context.Context, db DB, a Adoption) (Adopted, error) {
	a.withoutKeys = true
	if err := a.keyed(); err != nil {
		return Adopted{}, err
	}
	var done Adopted
	err := inTx(ctx, db, func(c *change) error {
		p, err := c.adoption(ctx, a)
		if err != nil {
			return err
		}
		done = p.adopted()
		done.Script = script(p.s.Me.Name, p.s.Me.Superuser, p.steps)
		return nil
	})
	return done, err
}

// keyed refuses what gateway add would refuse about claims and keys.
func (a *Adoption) keyed() error {
	if a.withoutKeys {
		return a.claimed()
	}
	return a.complete()
}

// adopter plans one adoption.
type adopter struct {
	Adoption
	s             *survey
	login, client string
	owner         string // "" where none is needed
	made          []string
	needs         map[string]bool // roles that have to be acted as
	steps         []step
	notes         []string
}

// adoption plans an adoption, and refuses what must not be.
func (c *change) adoption(ctx context.Context, a Adoption) (*adopter, error) {
	p := &adopter{Adoption: a, login: a.Login, client: a.ClientRole, owner: a.Owner, needs: map[string]bool{}}
	if p.client == "" {
		p.client = p.login + "_client"
	}
	if p.owner == "" {
		p.owner = p.login + "_owner"
	}
	for _, name := range []string{p.client, p.owner} {
		if len(name) > policies.MaxIdent {
			return nil, refuse("Name the roles with --client-role and --owner.", "%q is too long for the name of a database role", name)
		}
	}
	if p.client == p.login || p.owner == p.login || p.client == p.owner {
		return nil, refuse("Name three roles.", "login, client role and owner have to be different database roles")
	}
	leave := a.Leave
	if a.Owner != "" {
		leave = append(slices.Clone(leave), a.Owner) // nobody may log in and become it
	}
	var err error
	if p.s, err = c.look(ctx, p.login, p.client, p.owner, leave); err != nil {
		return nil, err
	}
	if err := c.adoptable(ctx, p); err != nil {
		return nil, err
	}
	if !p.ownerNeeded() {
		p.owner = ""
	}
	if err := c.build(ctx, p); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *adopter) adopted() Adopted {
	return Adopted{Login: p.login, ClientRole: p.client, Owner: p.owner, Made: p.made, Notes: p.notes, Steps: len(p.steps)}
}

// ownerNeeded reports whether the login has anything that only an owner may have.
func (p *adopter) ownerNeeded() bool {
	return slices.ContainsFunc(p.s.Owned, func(o surveyOwned) bool { return o.Here }) ||
		slices.ContainsFunc(p.s.Defaults, func(d surveyDefault) bool { return d.Role == p.login }) ||
		slices.ContainsFunc(p.s.Entries, func(e surveyEntry) bool {
			return e.Grantee == p.login && e.Owner != p.login && e.Grantable || e.Grantor == p.login && e.Owner != p.login
		})
}

// adoptable refuses what cannot become a gateway, before anything is done.
func (c *change) adoptable(ctx context.Context, p *adopter) error {
	s, name := p.s, policies.Ident(p.login)
	if s.Login == nil {
		return refuse("Name a database login, or make a gateway with rlsctl gateway add.", "database role %q does not exist", p.login)
	}
	switch l := s.Login; {
	case !l.CanLogin:
		return refuse("Name the role that the application logs in as.", "database role %q cannot log in", p.login)
	case p.login == s.Me.Name:
		return refuse("Connect with a maintenance login.", "%q is the login that this command runs as", p.login)
	case l.Superuser:
		return refuse("Give the application a login of its own: what a database superuser may do says nothing about what it needs.", "%q is a database superuser", p.login)
	case l.Bypass:
		return refuse(fmt.Sprintf("Run ALTER ROLE %s NOBYPASSRLS first.", name), "%q has BYPASSRLS", p.login)
	case l.CreateRole:
		return refuse(fmt.Sprintf("Run ALTER ROLE %s NOCREATEROLE first.", name), "%q has CREATEROLE, and could give itself other roles", p.login)
	case l.Replication:
		return refuse(fmt.Sprintf("Run ALTER ROLE %s NOREPLICATION first.", name), "%q has REPLICATION, and reads every row that is written", p.login)
	}
	err := c.owner(ctx, func() error {
		if err := c.free(ctx, p.login); err != nil {
			return err
		}
		for _, role := range []string{p.client, p.owner} {
			kind, err := c.kind(ctx, role)
			if err != nil {
				return err
			}
			if kind != "" {
				return refuse("Take another role.", "%q is %s", role, article(kind))
			}
		}
		dangers, err := Dangers(ctx, c.tx, slices.Concat(s.Reached, slices.Collect(maps.Keys(s.Roles))))
		if err != nil {
			return err
		}
		for _, role := range s.Reached {
			if d := dangers[role]; len(d) > 0 {
				return p.wayRound(role, strings.Join(d, "; it "))
			}
		}
		if d := dangers[p.client]; s.Roles[p.client] != nil && len(d) > 0 {
			return refuse("Name another role with --client-role.", "%q cannot be the client role: it %s", p.client, strings.Join(d, "; it "))
		}
		return c.onlyClient(ctx, p.login, p.client)
	})
	if err != nil {
		return err
	}
	if len(s.Dangers) > 0 {
		d := s.Dangers[0]
		what := d.Problem
		if d.Role != d.Via {
			what = "is a member of " + policies.Ident(d.Role) + ", which " + what
		}
		return p.wayRound(d.Via, what)
	}
	for _, m := range s.Memberships {
		if m.Admin && !m.Leaves {
			return refuse(fmt.Sprintf("Run REVOKE ADMIN OPTION FOR %s FROM %s.", policies.Ident(m.Of), name), "%q may give membership in %q to others", p.login, m.Of)
		}
	}
	for _, role := range p.Leave {
		if !slices.ContainsFunc(s.Memberships, func(m surveyMembership) bool { return m.Of == role }) {
			return refuse("Leave out --leave for it.", "%q is no member of %q", p.login, role)
		}
	}
	if len(s.Members) > 0 {
		return refuse(fmt.Sprintf("Run REVOKE %s FROM %s, and give it what it needs by another role.", name, policies.Ident(s.Members[0])),
			"%q is a member of %q, and would lose what it has through it", s.Members[0], p.login)
	}
	if err := p.fitting(); err != nil {
		return err
	}
	return p.movable()
}

func (p *adopter) wayRound(role, why string) error {
	return refuse(fmt.Sprintf("Add --leave %s: the login leaves it, and its client role gets the privileges that it had through it. Or run REVOKE %s FROM %s.",
		role, policies.Ident(role), policies.Ident(p.login)),
		"%q is a member of %q, which would be a way round: it %s", p.login, role, why)
}

// fitting refuses a client role or an owner that exists and is not what it has to be.
func (p *adopter) fitting() error {
	for flag, name := range map[string]string{"--client-role": p.client, "--owner": p.owner} {
		have := p.s.Roles[name]
		named := flag == "--client-role" && p.ClientRole != "" || flag == "--owner" && p.Owner != ""
		switch {
		case have == nil:
		case !named && (flag == "--client-role" || p.ownerNeeded()):
			return refuse(fmt.Sprintf("Add %s %s if that is meant, or name another one.", flag, name), "database role %q exists already", name)
		case have.CanLogin && flag == "--client-role":
			return refuse(fmt.Sprintf("Run ALTER ROLE %s NOLOGIN, or name another role with %s.", policies.Ident(name), flag), "%q can log in", name)
		}
	}
	return nil
}

// movable refuses what cannot be moved from here.
func (p *adopter) movable() error {
	s := p.s
	if len(s.Elsewhere) > 0 && !p.Elsewhere {
		var list []string
		for _, e := range s.Elsewhere {
			list = append(list, e.Database)
		}
		return refuse("Look at them, and add --other-databases. There it keeps what it owns and holds itself, but not what it has through other roles; adopt it there too.",
			"%q owns or holds something in other databases, which cannot be changed from here: %s", p.login, strings.Join(list, ", "))
	}
	for _, o := range s.Owned {
		if o.Type == "EVENT TRIGGER" {
			return refuse("Give it to a database superuser.", "%q owns event trigger %s, which runs in everybody's name", p.login, o.Identity)
		}
		if o.Type == "EXTENSION" && slices.ContainsFunc(s.Owned, func(o surveyOwned) bool { return !o.Here }) {
			return refuse("Run ALTER DATABASE for the others first, with an owner of their own.",
				"%q owns extension %s, which can only be reassigned together with the other databases that it owns", p.login, o.Identity)
		}
	}
	for _, set := range s.Settings {
		setting, _, _ := strings.Cut(set, "=")
		if setting == "role" || setting == "session_authorization" || strings.HasPrefix(setting, "rls.") {
			return refuse(fmt.Sprintf("Run ALTER ROLE %s RESET %s.", policies.Ident(p.login), setting), "%q starts with its own setting of %s, which says who it is", p.login, setting)
		}
	}
	var public []string
	for _, e := range s.Entries {
		if e.everybodys() {
			public = append(public, e.Kind+" "+e.Identity)
		}
	}
	if public = slices.Compact(public); len(public) > 0 && p.Public == "" {
		return refuse("Add --public revoke: the client role keeps them, and everybody else loses them. Or --public keep, if no protected table is among them.",
			"PUBLIC holds privileges, which the login would have before it enters: %s", some(public))
	}
	return nil
}

// some is the beginning of a list, and how long it is.
func some(list []string) string {
	const most = 3
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}
