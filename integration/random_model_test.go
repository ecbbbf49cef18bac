package integration

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/integration/reference"
)

// randomModel is a model with the tables that it is applied over, in a schema of its own.
type randomModel struct {
	schema      string
	kernelUsers bool
	groups      string // none, bound or kernel
	userType    string
	groupType   string
	kinds       []randomKind
	merged      [][]string
	windows     bool // memberships have from and until
	descendants bool
	active      string // expression, "" for none
	superuser   string
	resources   []randomResource
	services    []reference.Service
}

// randomKind is an edge kind: a column of the users table, or a table of pairs.
type randomKind struct {
	name  string
	pairs bool
}

// randomResource is a resource over a table of its own, or over a table of the graph itself.
type randomResource struct {
	reference.Resource // without rows
	table              string
	key                string // type of the key, "composite" or "none"
	graph              string // "", people or members
}

var (
	userTypes     = []string{"bigint", "uuid", "text", "smallint", "integer", "character varying"}
	resourceTypes = []string{"bigint", "text", "uuid", "composite", "none", "date", "numeric", "smallint", "timestamp with time zone"}
)

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func chance(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }

// newRandomModel draws model n. Key types rotate, so that a short run meets all of them.
func newRandomModel(r *rand.Rand, n int) *randomModel {
	m := &randomModel{schema: fmt.Sprintf("w%d", n), userType: userTypes[n%len(userTypes)], groupType: userTypes[(n/2)%len(userTypes)]}
	m.kernelUsers = n%7 == 3
	m.groups = pick(r, "bound", "bound", "bound", "kernel", "none")
	if m.kernelUsers {
		m.userType = "uuid"
		m.groups = pick(r, "kernel", "kernel", "bound", "none")
		m.kinds = []randomKind{{name: "supervisor"}, {name: "creator"}}
	} else {
		if m.groups == "kernel" { // the toolkit's own groups hold the toolkit's own users
			m.groups = "bound"
		}
		m.kinds = []randomKind{{name: "supervisor"}, {name: "creator"}, {name: "mentor"}}[:r.IntN(4)]
		if chance(r, 40) {
			m.kinds = append(m.kinds, randomKind{name: "groups", pairs: true})
		}
		if chance(r, 20) {
			m.kinds = append(m.kinds, randomKind{name: "merged_1", pairs: true})
		}
		if len(m.kinds) > 1 && chance(r, 40) {
			order := r.Perm(len(m.kinds))
			one := []string{m.kinds[order[0]].name, m.kinds[order[1]].name}
			m.merged = append(m.merged, one)
			if len(m.kinds) > 3 && chance(r, 50) {
				m.merged = append(m.merged, []string{m.kinds[order[2]].name, m.kinds[order[3]].name})
			}
		}
		m.active = pick(r, "", "is_active", "is_active", "left_on IS NULL")
		m.superuser = pick(r, "", "rank = 'root'", "rank = 'root'", "is_root")
	}
	if m.groups == "kernel" {
		m.groupType = "uuid"
	}
	m.windows = m.groups == "bound" && chance(r, 40)
	m.descendants = m.groups == "bound" && chance(r, 35)
	for i := range 1 + r.IntN(3) {
		m.resources = append(m.resources, m.newResource(r, n, i))
	}
	if !m.kernelUsers && chance(r, 35) {
		m.resources = append(m.resources, randomResource{table: "people", key: m.userType, graph: "people", Resource: reference.Resource{
			Name: "person", Owners: []reference.Owner{{Column: "id"}}, OwnerCheck: reference.Visible,
			WriteScope: pick(r, reference.Visible, reference.Hierarchy, reference.Self),
		}})
	}
	if m.groups == "bound" && chance(r, 35) {
		m.resources = append(m.resources, randomResource{table: "team_members", key: "none", graph: "members", Resource: reference.Resource{
			Name: "membership", Owners: []reference.Owner{{Column: "user_id"}, {Column: "team_id", Group: true}}, OwnerCheck: reference.Visible,
			WriteScope: pick(r, reference.Visible, reference.Hierarchy, reference.Self),
		}})
	}
	m.services = randomServices(rand.New(rand.NewPCG(uint64(n), 'S')), m.resources)
	return m
}

// randomServices draws what two services are allowed.
func randomServices(r *rand.Rand, resources []randomResource) []reference.Service {
	out := []reference.Service{{Name: "bot", Allow: map[string][]string{}}, {Name: "robot", Allow: map[string][]string{}}}
	for _, s := range out {
		for _, x := range resources {
			var allow []string
			for _, a := range x.AllActions() {
				if chance(r, 30) || a == "read" && chance(r, 50) {
					allow = append(allow, a)
				}
			}
			if len(allow) > 0 && chance(r, 75) {
				s.Allow[x.Name] = allow
			}
		}
	}
	return out
}

func (m *randomModel) newResource(r *rand.Rand, n, i int) randomResource {
	x := randomResource{table: fmt.Sprintf("thing%d", i), key: resourceTypes[(n+i)%len(resourceTypes)]}
	x.Name = []string{"doc", "note", "order_line"}[i]
	x.WriteScope = pick(r, reference.Visible, reference.Hierarchy, reference.Self)
	x.OwnerCheck = pick(r, reference.Visible, reference.Visible, reference.Self, reference.Any)
	x.Hidden = chance(r, 15)
	x.Actions = [][]string{nil, {"publish"}, {"publish", "print"}}[r.IntN(3)]
	user, other := reference.Owner{Column: "owner_id"}, reference.Owner{Column: "assignee"}
	group := reference.Owner{Column: "team", Group: true}
	shapes := [][]reference.Owner{{user}, {user}, {user, other}}
	if m.groups != "none" {
		shapes = append(shapes, []reference.Owner{user, group}, []reference.Owner{user, group}, []reference.Owner{group}, []reference.Owner{group, user, other})
	}
	if chance(r, 95) {
		x.Owners = pick(r, shapes...)
	}
	return x
}

// yaml is the model as its user would write it.
func (m *randomModel) yaml() string {
	var b strings.Builder
	b.WriteString("version: 1\ndatabase: {client_roles: [\"{{app}}\"], maintenance_roles: [\"{{migrator}}\"]}\n")
	if !m.kernelUsers {
		fmt.Fprintf(&b, "users:\n  table: %s.people\n  key: id\n  login: login\n", m.schema)
		for _, e := range [][2]string{{"active", m.active}, {"superuser", m.superuser}} {
			if e[1] != "" {
				fmt.Fprintf(&b, "  %s: %q\n", e[0], e[1])
			}
		}
		if len(m.kinds) > 0 {
			b.WriteString("  sees:\n")
		}
		for _, k := range m.kinds {
			if k.pairs {
				fmt.Fprintf(&b, "    %s: {table: %s.%s, viewer: viewer, seen: seen}\n", k.name, m.schema, k.name)
			} else {
				fmt.Fprintf(&b, "    %s: %s_id\n", k.name, k.name)
			}
		}
		if len(m.merged) > 0 {
			var lists []string
			for _, l := range m.merged {
				lists = append(lists, "["+strings.Join(l, ", ")+"]")
			}
			fmt.Fprintf(&b, "    merged: [%s]\n", strings.Join(lists, ", "))
		}
	}
	if m.groups != "bound" {
		fmt.Fprintf(&b, "groups: %s\n", m.groups)
	} else {
		window := ""
		if m.windows {
			window = ", from: since, until: upto"
		}
		fmt.Fprintf(&b, `groups:
  table: %[1]s.teams
  key: id
  name: name
  creator: maker
  share_members_visibility: share_members
  share_creator_visibility: "share_maker = 'yes'"
  members: {table: %[1]s.team_members, group: team_id, user: user_id%[2]s}
  groups_of_descendants: %[3]t
`, m.schema, window, m.descendants)
	}
	b.WriteString("services:\n")
	for i, s := range m.services {
		// Who may claim it: whoever is registered with it, or whom the model names.
		fmt.Fprintf(&b, "  %s: {%s", s.Name, []string{"", "gateways: [\"{{gate}}\"], "}[i])
		var allow []string
		for _, x := range m.resources {
			if a := s.Allow[x.Name]; len(a) == len(x.AllActions()) {
				allow = append(allow, x.Name+": \"*\"")
			} else if len(a) > 0 {
				allow = append(allow, x.Name+": ["+strings.Join(a, ", ")+"]")
			}
		}
		if len(allow) > 0 {
			fmt.Fprintf(&b, "allow: {%s}", strings.Join(allow, ", "))
		}
		b.WriteString("}\n")
	}
	b.WriteString("resources:\n")
	for _, x := range m.resources {
		fmt.Fprintf(&b, "  %s:\n    table: %s.%s\n    write_scope: %s\n    owner_check: %s\n    hidden: %t\n", x.Name, m.schema, x.table, x.WriteScope, x.OwnerCheck, x.Hidden)
		if len(x.Owners) > 0 {
			var list []string
			for _, o := range x.Owners {
				if o.Group {
					list = append(list, "{group: "+o.Column+"}")
				} else {
					list = append(list, o.Column)
				}
			}
			fmt.Fprintf(&b, "    owner: [%s]\n", strings.Join(list, ", "))
		}
		if len(x.Actions) > 0 {
			fmt.Fprintf(&b, "    actions: [%s]\n", strings.Join(x.Actions, ", "))
		}
	}
	return b.String()
}

// ddl makes the tables of the model. No foreign keys: owners and edges may name nobody.
func (m *randomModel) ddl() string {
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE SCHEMA %s;\nGRANT USAGE ON SCHEMA %[1]s TO {{app}}, {{migrator}};\n", m.schema)
	if !m.kernelUsers {
		fmt.Fprintf(&b, "CREATE TABLE %s.people (id %s PRIMARY KEY, login text UNIQUE, is_active boolean, left_on date, rank text, is_root boolean, note text, label text GENERATED ALWAYS AS (login) STORED", m.schema, m.userType)
		for _, k := range m.kinds {
			if !k.pairs {
				fmt.Fprintf(&b, ", %s_id %s", k.name, m.userType)
			}
		}
		b.WriteString(");\n")
	}
	for _, k := range m.kinds {
		if k.pairs {
			fmt.Fprintf(&b, "CREATE TABLE %s.%s (viewer %s, seen %[3]s);\n", m.schema, k.name, m.userType)
		}
	}
	if m.groups == "bound" {
		fmt.Fprintf(&b, "CREATE TABLE %s.teams (id %s PRIMARY KEY, name text UNIQUE, maker %s, share_members boolean, share_maker text);\n", m.schema, m.groupType, m.userType)
		fmt.Fprintf(&b, "CREATE TABLE %s.team_members (team_id %s, user_id %s, since timestamptz, upto timestamptz, label text, note text);\n", m.schema, m.groupType, m.userType)
	}
	for _, x := range m.resources {
		if x.graph == "" {
			var cols []string
			switch x.key {
			case "none":
			case "composite":
				cols = append(cols, "k1 integer", "k2 text", "PRIMARY KEY (k1, k2)")
			default:
				cols = append(cols, "k "+x.key+" PRIMARY KEY")
			}
			for _, o := range x.Owners {
				if o.Group {
					cols = append(cols, o.Column+" "+m.groupType)
				} else {
					cols = append(cols, o.Column+" "+m.userType)
				}
			}
			fmt.Fprintf(&b, "CREATE TABLE %s.%s (%s);\n", m.schema, x.table, strings.Join(append(cols, "label text", "note text"), ", "))
		}
		fmt.Fprintf(&b, "GRANT SELECT, INSERT, UPDATE, DELETE ON %s.%s TO {{app}}, {{migrator}};\n", m.schema, x.table)
	}
	return b.String()
}

// keyValues are keys of a type as the database spells them, hostile ones among the texts; the last names nobody.
func keyValues(typ string, n int) []string {
	texts := []string{"bot", "anna", "O'Brien", `back\slash`, "a,b", `{"x"}`, "NULL", "Änn ₂", "x|y", " spaced ", "anonymous", "zoe"}
	var out []string
	for i := range n + 1 {
		switch typ {
		case "uuid":
			out = append(out, fmt.Sprintf("%08x-0000-4000-8000-00000000000%x", 0xa0+i, i))
		case "text", "character varying":
			out = append(out, texts[i%len(texts)])
		default:
			out = append(out, fmt.Sprint([]int{1, 2, -7, 0, 30000, 5, 6, 77, 8, 9, 10}[i%11]))
		}
	}
	if len(slices.Compact(slices.Sorted(slices.Values(out)))) != n+1 {
		panic("keys repeat")
	}
	return out
}

// rowKey is the key of row i of a resource as callers spell it, and the values of its columns.
func rowKey(typ string, i int) (text string, values []string) {
	switch typ {
	case "none":
		return "", nil
	case "composite":
		part := []string{"a", `q"x`, "", "ä, b", `\`}[i%5]
		return fmt.Sprintf(`["%d", "%s"]`, i/2-1, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(part)), []string{fmt.Sprint(i/2 - 1), part}
	case "text":
		text = []string{"", "plain", "o'x", "UPPER", "ü", "[1]", "10", "9", "a b", "zz", "é"}[i]
	case "uuid":
		text = fmt.Sprintf("%08x-0000-0000-0000-000000000000", i*0x11111111)
	case "date":
		text = []string{"-infinity", "infinity", "2024-02-29", "0044-03-15 BC", "1999-12-31", "2000-01-01", "2001-01-01", "2002-01-01", "2003-01-01", "2004-01-01", "2005-01-01"}[i]
	case "numeric":
		text = []string{"0.5", "-3", "NaN", "12345678901234567890123", "1.50", "2", "3", "4", "5", "6", "7"}[i]
	case "timestamp with time zone":
		text = []string{"-infinity", "infinity", "2024-02-29 00:00:00+00", "2023-01-01 00:00:00+00", "2022-01-01 00:00:00+00", "2021-01-01 00:00:00+00", "2020-01-01 00:00:00+00", "2019-01-01 00:00:00+00", "2018-01-01 00:00:00+00", "2017-01-01 00:00:00+00", "2016-01-01 00:00:00+00"}[i]
	case "smallint":
		text = fmt.Sprint([]int{-32768, 32767, 0, 1, 2, 3, 4, 5, 6, 7, 8}[i])
	case "bigint":
		text = []string{"-9223372036854775808", "9223372036854775807", "0", "1", "2", "3", "4", "5", "6", "7", "8"}[i]
	default:
		panic(typ)
	}
	return text, []string{text}
}
