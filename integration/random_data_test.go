package integration

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/rlsctl/rlsctl/integration/reference"
)

// randomWorld is a model with data: what the reference decides about, and what the database is filled with.
type randomWorld struct {
	*reference.World
	model *randomModel
	// Keys of the model's types that name nobody and no group.
	ghost, ghostGroup string
	// The data is there before anybody enters: sets are stored whole. Otherwise it comes in the same transaction, and
	// whoever reads a set puts together what has changed since.
	settled bool
}

// newRandomWorld draws data for a model.
func newRandomWorld(r *rand.Rand, m *randomModel) *randomWorld {
	w := &randomWorld{World: &reference.World{Merged: m.merged, GroupsOfDescendants: m.descendants, Services: m.services}, model: m}
	for _, k := range m.kinds {
		w.Kinds = append(w.Kinds, k.name)
	}
	w.people(r)
	if m.groups != "none" {
		w.teams(r)
	}
	for _, x := range m.resources {
		res := x.Resource
		switch x.graph {
		case "":
			for i := range 4 + r.IntN(5) {
				key, _ := rowKey(x.key, i)
				row := reference.Row{Label: fmt.Sprintf("%s%d", x.Name, i), Key: key}
				for _, o := range x.Owners {
					row.Owners = append(row.Owners, w.owner(r, o))
				}
				res.Rows = append(res.Rows, row)
			}
		case "people":
			for _, u := range w.Users {
				res.Rows = append(res.Rows, reference.Row{Label: u.Login, Key: u.Key, Owners: []string{u.Key}})
			}
		case "members":
			for i, m := range w.Members {
				res.Rows = append(res.Rows, reference.Row{Label: fmt.Sprintf("m%d", i), Owners: []string{m.User, m.Group}})
			}
		}
		w.Resources = append(w.Resources, res)
	}
	w.grants(r)
	return w
}

func (w *randomWorld) people(r *rand.Rand) {
	m := w.model
	n := 3 + r.IntN(6)
	keys := keyValues(m.userType, n)
	w.ghost = keys[n]
	for i, k := range keys[:n] {
		u := reference.User{Key: k, Login: fmt.Sprintf("p%d", i), Active: !chance(r, 25), Superuser: chance(r, 15)}
		u.Active = u.Active || (m.active == "" && !m.kernelUsers)
		u.Superuser = u.Superuser && (m.superuser != "" || m.kernelUsers)
		w.Users = append(w.Users, u)
	}
	for _, k := range m.kinds {
		switch {
		case k.pairs:
			for range r.IntN(n + 2) {
				w.Edges = append(w.Edges, reference.Edge{Kind: k.name, Viewer: w.somebody(r), Seen: w.somebody(r)})
			}
		case m.kernelUsers: // cycles are refused there, and dangling ones too
			for i := 1; i < n; i++ {
				if chance(r, 70) {
					w.Edges = append(w.Edges, reference.Edge{Kind: k.name, Viewer: keys[r.IntN(i)], Seen: keys[i]})
				}
			}
		default:
			for _, seen := range keys[:n] {
				if viewer := w.somebody(r); viewer != "" && chance(r, 75) {
					w.Edges = append(w.Edges, reference.Edge{Kind: k.name, Viewer: viewer, Seen: seen})
				}
			}
		}
	}
}

// somebody is mostly a user, else NULL or a key that names nobody.
func (w *randomWorld) somebody(r *rand.Rand) string {
	switch x := r.IntN(100); {
	case x < 8:
		return ""
	case x < 16:
		return w.ghost
	}
	return w.Users[r.IntN(len(w.Users))].Key
}

func (w *randomWorld) someGroup(r *rand.Rand) string {
	switch x := r.IntN(100); {
	case x < 8:
		return ""
	case x < 16 || len(w.Groups) == 0:
		return w.ghostGroup
	}
	return w.Groups[r.IntN(len(w.Groups))].Key
}

func (w *randomWorld) owner(r *rand.Rand, o reference.Owner) string {
	if o.Group {
		return w.someGroup(r)
	}
	return w.somebody(r)
}

func (w *randomWorld) teams(r *rand.Rand) {
	bound := w.model.groups == "bound"
	n := 1 + r.IntN(4)
	keys := keyValues(w.model.groupType, n)
	w.ghostGroup = keys[n]
	for i, k := range keys[:n] {
		g := reference.Group{Key: k, Name: fmt.Sprintf("g%d", i), SharesMembers: chance(r, 55), SharesMaker: chance(r, 55), Creator: w.somebody(r)}
		if !bound && g.Creator == w.ghost {
			g.Creator = ""
		}
		w.Groups = append(w.Groups, g)
		for _, u := range w.Users {
			if chance(r, 40) {
				w.Members = append(w.Members, reference.Member{Group: k, User: u.Key, Window: w.window(r, w.model.windows)})
			}
		}
	}
	if bound { // twice, nobody, nothing
		for range 2 {
			w.Members = append(w.Members, reference.Member{Group: w.someGroup(r), User: w.somebody(r), Window: w.window(r, w.model.windows)})
		}
	}
}

// window draws a window that is past, open, to come, or touches the moment with one of its ends.
func (w *randomWorld) window(r *rand.Rand, may bool) (x reference.Window) {
	if !may || chance(r, 55) {
		return x
	}
	at := func(s int) *int { return &s }
	switch r.IntN(9) {
	case 0:
		x.From = at(-3600)
	case 1:
		x.From = at(3600)
	case 2, 3:
		x.From = at(0)
	case 4:
		x.Until = at(-3600)
	case 5:
		x.Until = at(3600)
	case 6, 7:
		x.Until = at(0)
	case 8:
		x.From, x.Until = at(-60), at(60)
	}
	return x
}

func (w *randomWorld) grants(r *rand.Rand) {
	seen := map[string]bool{}
	add := func(g reference.Grant) {
		k := fmt.Sprint(g.Resource, g.Action, g.Grantee, sqlOffset(g.From), sqlOffset(g.Until))
		if !seen[k] {
			seen[k] = true
			w.Grants = append(w.Grants, g)
		}
	}
	for _, x := range w.Resources {
		actions := append(x.AllActions(), "read", "read", "update", "create")
		for range 4 + r.IntN(7) {
			grantee := pick(r, "authenticated", "authenticated", "everyone", "service:bot", "user:"+w.ghost)
			if chance(r, 60) {
				grantee = "user:" + w.Users[r.IntN(len(w.Users))].Key
				if len(w.Groups) > 0 && chance(r, 45) {
					grantee = "group:" + pick(r, w.Groups...).Key
				} else if w.ghostGroup != "" && chance(r, 5) {
					grantee = "group:" + w.ghostGroup
				}
			}
			g := reference.Grant{Grantee: grantee, Action: pick(r, actions...), Resource: x.Name, Window: w.window(r, true)}
			add(g)
			if g.Action != "read" && chance(r, 40) { // without read it admits nothing
				g.Action = "read"
				add(g)
			}
		}
	}
}

func sqlText(s string) string {
	if s == "" {
		return "NULL"
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// sqlOffset is a moment relative to the time of one message to the server. Those that are judged in it come later.
func sqlOffset(seconds *int) string {
	if seconds == nil {
		return "NULL"
	}
	return fmt.Sprintf("statement_timestamp() + interval '%d seconds'", *seconds)
}

// sql fills the tables of the model and the kernel's.
func (w *randomWorld) sql() string {
	var b strings.Builder
	m := w.model
	insert := func(table string, columns []string, rows [][]string) {
		if len(rows) == 0 {
			return
		}
		fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES", table, strings.Join(columns, ", "))
		for i, row := range rows {
			if i > 0 {
				b.WriteString(",")
			}
			fmt.Fprintf(&b, "\n    (%s)", strings.Join(row, ", "))
		}
		b.WriteString(";\n")
	}
	viewer := func(kind, seen string) string {
		for _, e := range w.Edges {
			if e.Kind == kind && e.Seen == seen {
				return sqlText(e.Viewer)
			}
		}
		return "NULL"
	}
	var rows [][]string
	columns := []string{"id", "login", "is_active", "left_on", "rank", "is_root"}
	if m.kernelUsers {
		columns = []string{"id", "login", "is_active", "is_superuser", "supervisor_id", "created_by_id"}
	}
	for _, k := range m.kinds {
		if !k.pairs && !m.kernelUsers {
			columns = append(columns, k.name+"_id")
		}
	}
	for i, u := range w.Users {
		row := []string{sqlText(u.Key), sqlText(u.Login)}
		if m.kernelUsers {
			rows = append(rows, append(row, fmt.Sprint(u.Active), fmt.Sprint(u.Superuser), viewer("supervisor", u.Key), viewer("creator", u.Key)))
			continue
		}
		no := []string{"false", "NULL"}[i%2] // NULL is not true
		row = append(row, pair(u.Active, "true", no), pair(u.Active, "NULL", "'2020-01-01'"), pair(u.Superuser, "'root'", sqlText([]string{"", "boss"}[i%2])), pair(u.Superuser, "true", no))
		for _, k := range m.kinds {
			if !k.pairs {
				row = append(row, viewer(k.name, u.Key))
			}
		}
		rows = append(rows, row)
	}
	if m.kernelUsers {
		insert(`rls."user"`, columns, rows)
	} else {
		insert(m.schema+".people", columns, rows)
	}
	for _, k := range m.kinds {
		if !k.pairs {
			continue
		}
		rows = nil
		for _, e := range w.Edges {
			if e.Kind == k.name {
				rows = append(rows, []string{sqlText(e.Viewer), sqlText(e.Seen)})
			}
		}
		insert(m.schema+"."+k.name, []string{"viewer", "seen"}, rows)
	}
	var groups, members [][]string
	for i, g := range w.Groups {
		maker := pair(g.SharesMaker, "'yes'", []string{"'no'", "NULL"}[i%2])
		if m.groups == "kernel" {
			maker = fmt.Sprint(g.SharesMaker)
		}
		groups = append(groups, []string{sqlText(g.Key), sqlText(g.Name), sqlText(g.Creator), fmt.Sprint(g.SharesMembers), maker})
	}
	for i, x := range w.Members {
		members = append(members, []string{sqlText(x.Group), sqlText(x.User), sqlOffset(x.From), sqlOffset(x.Until), fmt.Sprintf("'m%d'", i)})
	}
	if m.groups == "kernel" {
		insert(`rls."group"`, []string{"id", "name", "created_by_id", "share_members_visibility", "share_creator_visibility"}, groups)
		for i := range members {
			members[i] = members[i][:2]
		}
		insert("rls.group_member", []string{"group_id", "user_id"}, members)
	} else {
		insert(m.schema+".teams", []string{"id", "name", "maker", "share_members", "share_maker"}, groups)
		insert(m.schema+".team_members", []string{"team_id", "user_id", "since", "upto", "label"}, members)
	}
	for i, x := range m.resources {
		if x.graph != "" {
			continue
		}
		rows = nil
		for _, row := range w.Resources[i].Rows {
			n, err := strconv.Atoi(strings.TrimPrefix(row.Label, x.Name))
			if err != nil {
				panic(err)
			}
			rows = append(rows, x.values(n, row.Label, row.Owners))
		}
		insert(m.schema+"."+x.table, x.columns(), rows)
	}
	rows = nil
	for _, g := range w.Grants {
		rows = append(rows, []string{sqlText(g.Grantee), sqlText(g.Action), sqlText(g.Resource), sqlOffset(g.From), sqlOffset(g.Until)})
	}
	insert(`rls."grant"`, []string{"grantee", "action", "resource", "valid_from", "valid_until"}, rows)
	return b.String()
}

func pair(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

func (x randomResource) columns() []string {
	var out []string
	switch x.key {
	case "none":
	case "composite":
		out = append(out, "k1", "k2")
	default:
		out = append(out, "k")
	}
	for _, o := range x.Owners {
		out = append(out, o.Column)
	}
	return append(out, "label")
}

// values are the values of row i in the order of columns.
func (x randomResource) values(i int, label string, owners []string) []string {
	var out []string
	_, key := rowKey(x.key, i)
	for _, v := range key {
		out = append(out, "'"+strings.ReplaceAll(v, "'", "''")+"'") // an empty text is a key, not NULL
	}
	for _, o := range owners {
		out = append(out, sqlText(o))
	}
	return append(out, sqlText(label))
}
