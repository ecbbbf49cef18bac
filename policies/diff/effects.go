package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// Codes of what changes around protected tables.
const (
	CodeSeesNothing policies.Code = "RL236" // something reads protected rows as its owner, whom the policies admit to none
	CodeSeesAll     policies.Code = "RL237" // something shows protected rows as before, whoever asks
	CodeFiltered    policies.Code = "RL238" // something shows each principal their rows from now on
	CodeAsksRole    policies.Code = "RL647" // a default or trigger asks for the database role
)

// Protects returns the tables, by identity, that a plan switches row security on for.
func Protects(changes []policies.Change) []string {
	var out []string
	for _, c := range changes {
		if c.Object.Kind == policies.KindRowSecurity && c.Op != policies.OpDrop {
			out = append(out, c.Object.Name)
		}
	}
	return out
}

// Effects says what of c.Readers does otherwise, or should have, while the tables of these identities are protected:
// views, materialized views, definer functions, triggers, rules, defaults and publications; and which logins
// will see nothing. maintenance and clients are the database roles of the model. In the order of c.Readers, logins last.
func Effects(c *policies.Catalog, protected, maintenance, clients []string) []policies.Effect {
	w := &walker{c: c, maintenance: maintenance, clients: clients, protected: map[string]string{}, readers: map[string]policies.Reader{}}
	for _, t := range c.Tables {
		if id := policies.Identity(t.Schema, t.Name); slices.Contains(protected, id) {
			w.protected[id] = policies.Ident(t.Schema) + "." + policies.Ident(t.Name)
		}
	}
	for _, r := range c.Readers {
		switch r.Kind {
		case policies.ReaderView, policies.ReaderMaterialized, policies.ReaderFunction:
			w.readers[r.Name] = r
		}
	}
	var out []policies.Effect
	for _, r := range c.Readers {
		out = append(out, w.effects(r)...)
	}
	return append(out, w.strangers()...)
}

// strangers are logins that hold table privileges, themselves or through a role that they inherit from, and that no policy
// is for: nothing is rejected, and nothing comes.
func (w *walker) strangers() (out []policies.Effect) {
	for _, r := range w.c.Roles {
		if !r.Login || w.outcome(r.Name) != policies.SeesNothing {
			continue
		}
		is := map[string]bool{}
		var visit func(name string)
		visit = func(name string) {
			x := w.c.Role(name)
			if is[name] || x == nil {
				return
			}
			is[name] = true
			if x.Inherit {
				for _, g := range x.MemberOf {
					visit(g)
				}
			}
		}
		visit(r.Name)
		var tables []string
		for _, t := range w.c.Tables {
			held := func(p policies.Privilege) bool {
				return is[p.Grantee] && slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE"}, p.Privilege)
			}
			name := w.protected[policies.Identity(t.Schema, t.Name)]
			if name != "" && !is[t.Owner] && slices.ContainsFunc(t.Privileges, held) { // of owners the check speaks (RL217)
				tables = append(tables, name)
			}
		}
		if len(tables) == 0 {
			continue
		}
		slices.Sort(tables)
		role := policies.Ident(r.Name)
		out = append(out, policies.Effect{Kind: policies.ReaderLogin, Title: role, Owner: r.Name, Reads: "as invoker", Tables: tables,
			Outcome: policies.SeesNothing, Code: CodeSeesNothing,
			Message: fmt.Sprintf("login %s holds privileges on %s, and is of no client or maintenance role: it will see no row, without an error",
				role, strings.Join(tables, ", ")),
			Hint: fmt.Sprintf("Run rlsctl gateway adopt %s if it is an application, rlsctl login add %[1]s if it is a person or BI tool; or GRANT it a maintenance role if it has to see every row.", role)})
	}
	return out
}

type walker struct {
	c                    *policies.Catalog
	maintenance, clients []string
	protected            map[string]string // quoted names by identity
	readers              map[string]policies.Reader
}

// reach is a protected table that something reads, and the database role that it is read as; "" is whoever asks.
type reach struct {
	table, as string
	may       bool
}

// reaches follows everything that a reader reads, or calls.
func (w *walker) reaches(r policies.Reader, caller string) []reach {
	var out []reach
	seen := map[reach]bool{}
	var follow func(name, as string, may, view bool)
	read := func(r policies.Reader, as string, may, view bool) {
		switch {
		case r.AsOwner:
			as = r.Owner
		case r.Kind == policies.ReaderFunction && view:
			as = caller // functions in a view run as whoever asks, whatever the view does. Source: PostgreSQL, CREATE VIEW
		}
		view = r.Kind == policies.ReaderView || r.Kind == policies.ReaderMaterialized
		for _, name := range r.Reads {
			follow(name, as, may, view)
		}
		for _, name := range r.May {
			follow(name, as, true, view)
		}
	}
	follow = func(name, as string, may, view bool) {
		at := reach{name, as, may}
		if seen[at] {
			return
		}
		seen[at] = true
		if table, ok := w.protected[name]; ok {
			out = append(out, reach{table, as, may})
		}
		if next, ok := w.readers[name]; ok {
			read(next, as, may, view)
		}
	}
	read(r, caller, false, false)
	return out
}

// outcome is what a database role sees of a protected table.
func (w *walker) outcome(role string) policies.Outcome {
	if role == "" {
		return policies.IsFiltered
	}
	best := policies.SeesNothing
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		r := w.c.Role(name)
		if seen[name] || r == nil {
			return
		}
		seen[name] = true
		switch {
		case slices.Contains(w.maintenance, name), name == role && (r.Superuser || r.BypassRLS):
			best = policies.StillSeesAll
		case slices.Contains(w.clients, name) && best == policies.SeesNothing:
			best = policies.IsFiltered
		}
		if r.Inherit {
			for _, g := range r.MemberOf {
				visit(g)
			}
		}
	}
	visit(role)
	return best
}

// effects are those of one reader: at most one for each outcome.
func (w *walker) effects(r policies.Reader) []policies.Effect {
	switch r.Kind {
	case policies.ReaderFunction:
		if !r.AsOwner {
			return nil // what it shows is what its caller sees
		}
	}
	tables, as := map[policies.Outcome][]string{}, map[policies.Outcome]reach{}
	for _, x := range w.reaches(r, "") {
		o := w.outcome(x.as)
		if r.Kind == policies.ReaderPublication {
			o = policies.StillSeesAll
		}
		if had, ok := as[o]; !ok || had.may && !x.may {
			as[o] = x
		}
		tables[o] = append(tables[o], x.table)
	}
	var out []policies.Effect
	for _, o := range []policies.Outcome{policies.StillSeesAll, policies.SeesNothing, policies.IsFiltered} {
		if list := tables[o]; len(list) > 0 {
			slices.Sort(list)
			out = append(out, w.effect(r, as[o], slices.Compact(list), o))
		}
	}
	if table := w.protected[r.Table]; table != "" && w.saysWho(r) {
		out = append(out, w.effect(r, reach{}, []string{table}, policies.Otherwise))
	}
	return out
}

// saysWho reports whether a trigger or default, or a function that it calls, asks for the database role.
func (w *walker) saysWho(r policies.Reader) bool {
	seen := map[string]bool{}
	var asks func(r policies.Reader) bool
	asks = func(r policies.Reader) bool {
		if r.SaysWho {
			return true
		}
		return slices.ContainsFunc(append(slices.Clone(r.Reads), r.May...), func(name string) bool {
			next, ok := w.readers[name]
			if !ok || next.Kind != policies.ReaderFunction || seen[name] {
				return false
			}
			seen[name] = true
			return asks(next)
		})
	}
	return (r.Kind == policies.ReaderTrigger || r.Kind == policies.ReaderDefault) && asks(r)
}

func (w *walker) effect(r policies.Reader, x reach, tables []string, o policies.Outcome) policies.Effect {
	e := policies.Effect{Kind: r.Kind, Title: r.Title, Owner: r.Owner, Reads: "as invoker", Tables: tables, Outcome: o, May: x.may}
	if r.AsOwner {
		e.Reads = "as owner"
	}
	e.Users = r.Users
	reads := "reads"
	if x.may {
		reads = "may read (its text says so)"
	}
	who := "whoever asks"
	if x.as != "" {
		who = "database role " + policies.Ident(x.as)
		if x.as == r.Owner && r.AsOwner {
			who = "its owner " + policies.Ident(x.as)
		}
	}
	what := fmt.Sprintf("%s %s %s %s as %s", r.Kind, r.Title, reads, strings.Join(tables, ", "), who)
	switch o {
	case policies.StillSeesAll:
		e.Code, e.Message = CodeSeesAll, what+", which still sees every row: "+audience(r)
	case policies.SeesNothing:
		e.Code, e.Message = CodeSeesNothing, what+", which is no maintenance role: it will see no row"
	case policies.IsFiltered:
		e.Code, e.Message = CodeFiltered, what+": it will see what each principal may see"
	}
	e.Hint = hint(r, x, o)
	switch {
	case r.Kind == policies.ReaderMaterialized && o == policies.SeesNothing:
		e.Message += " at the next REFRESH"
	case r.Kind == policies.ReaderPublication:
		e.Message = fmt.Sprintf("publication %s sends every row of %s to its subscribers", r.Title, strings.Join(tables, ", "))
	case o == policies.Otherwise:
		e.Code = CodeAsksRole
		e.Message = fmt.Sprintf("%s %s asks for current_user or session_user, which is a database role that many principals share, and not who writes", r.Kind, r.Title)
	}
	return e
}

// audience says to whom something shows rows.
func audience(r policies.Reader) string {
	var names []string
	for _, u := range r.Users {
		if u == "" {
			u = "PUBLIC"
		} else {
			u = policies.Ident(u)
		}
		names = append(names, u)
	}
	switch {
	case r.Kind == policies.ReaderTrigger || r.Kind == policies.ReaderRule || r.Kind == policies.ReaderDefault:
		return "for every statement that sets it off"
	case len(names) == 0:
		return "nobody else may use it"
	}
	return "it passes them on to " + strings.Join(names, ", ")
}

// hint is what to do about an effect.
func hint(r policies.Reader, x reach, o policies.Outcome) string {
	mine := r.AsOwner && x.as == r.Owner
	switch {
	case r.Kind == policies.ReaderPublication:
		return fmt.Sprintf("Run ALTER PUBLICATION %s DROP TABLE for it, or give it a row filter, unless every subscriber may see all.", r.Title)
	case o == policies.Otherwise:
		return "Let it ask rls.principal() instead, or let the application write the value."
	case o == policies.IsFiltered:
		if r.Kind == policies.ReaderTrigger || r.Kind == policies.ReaderRule || r.Kind == policies.ReaderDefault {
			return "Make its function SECURITY DEFINER with a maintenance role as owner if it has to see every row."
		}
		return ""
	case r.Kind == policies.ReaderView && mine:
		return fmt.Sprintf("Run ALTER VIEW %s SET (security_invoker = true).", r.Title)
	case r.Kind == policies.ReaderMaterialized && o == policies.StillSeesAll:
		return fmt.Sprintf("Run REVOKE ALL ON %s FROM PUBLIC and the client roles, and give them a view with a condition over it.", r.Title)
	case r.Kind == policies.ReaderMaterialized:
		return fmt.Sprintf("Run ALTER MATERIALIZED VIEW %s OWNER TO a maintenance role, and give clients a view with a condition over it.", r.Title)
	case r.Kind == policies.ReaderFunction && mine && o == policies.StillSeesAll:
		return fmt.Sprintf("Run ALTER ROUTINE %s SECURITY INVOKER, or REVOKE EXECUTE ON ROUTINE %[1]s FROM PUBLIC and the client roles.", r.Title)
	case r.Kind == policies.ReaderFunction && mine:
		return fmt.Sprintf("Run ALTER ROUTINE %s SECURITY INVOKER, or ALTER ROUTINE %[1]s OWNER TO a maintenance role.", r.Title)
	case r.Kind == policies.ReaderRule:
		return "Replace the rule by a trigger."
	}
	return fmt.Sprintf("See to what it reads by way of %s first.", policies.Ident(x.as))
}
