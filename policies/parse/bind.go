package parse

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/rlsctl/rlsctl/policies"
)

// bind fills the model from what fits its shape.
func (p *parser) bind(root *yaml.Node, m *policies.Model) {
	m.Database = p.database(p.get(root, "database"))
	p.zone = m.Database.Timezone.Value
	for _, n := range p.entries(p.get(root, "open")) {
		t := p.table(n)
		if slices.ContainsFunc(m.Open, func(o policies.TableName) bool { return same(o, t) }) {
			p.refuse(n, CodeDuplicate, fmt.Sprintf("table %q stands twice under \"open\"", t), "remove one of the two")
			continue
		}
		m.Open = append(m.Open, t)
	}
	m.Users = p.users(root)
	m.Groups = p.groups(root, m.Users.Kernel)
	p.pairs(p.get(root, "resources"), func(k, v *yaml.Node) { m.Resources = append(m.Resources, p.resource(k, v)) })
	p.oneTable(m)
	p.pairs(p.get(root, "services"), func(k, v *yaml.Node) { m.Services = append(m.Services, p.service(k, v)) })
	p.pairs(p.get(root, "session_attributes"), func(k, v *yaml.Node) {
		m.SessionAttributes = append(m.SessionAttributes, policies.SessionAttribute{Name: text(k), Type: text(v)})
	})
	for _, n := range p.entries(p.get(root, "grants")) {
		m.Grants = append(m.Grants, p.grant(n))
	}
	p.oneGrant(m)
}

// oneGrant reports seeds that say again what another one says.
func (p *parser) oneGrant(m *policies.Model) {
	type seed struct {
		kind                                policies.GranteeKind
		name, resource, action, from, until string
	}
	seen := map[seed]int{}
	for _, g := range m.Grants {
		if p.unclear[g.Pos] {
			continue
		}
		for _, a := range g.Allow {
			actions := a.Actions
			if a.All {
				actions = []policies.Text{{Value: "*", Pos: a.Resource.Pos}}
			}
			for _, x := range actions {
				s := seed{g.To.Kind, g.To.Name, a.Resource.Value, x.Value, g.From.Value, g.Until.Value}
				if line := seen[s]; line > 0 {
					p.report(x.Pos, CodeDuplicate, fmt.Sprintf("action %q on resource %q is granted again", clip(x.Value), clip(a.Resource.Value)),
						fmt.Sprintf("remove one of the two; the first is in line %d", line))
					continue
				}
				seen[s] = x.Pos.Line
			}
		}
	}
}

// oneTable reports tables that the model claims twice.
func (p *parser) oneTable(m *policies.Model) {
	for i, r := range m.Resources {
		if r.Table.IsZero() {
			continue
		}
		for _, earlier := range m.Resources[:i] {
			if same(earlier.Table, r.Table) {
				p.report(r.Table.Pos, CodeOneTable, fmt.Sprintf("table %q is already resource %q", r.Table, earlier.Name.Value),
					"remove one of the two resources")
				break
			}
		}
		for _, o := range m.Open {
			if same(o, r.Table) {
				p.report(o.Pos, CodeOneTable, fmt.Sprintf("table %q is resource %q and cannot be open", o, r.Name.Value),
					"remove it from \"open\", or remove the resource")
			}
		}
	}
}

func same(a, b policies.TableName) bool { return a.Schema == b.Schema && a.Name == b.Name }

func text(n *yaml.Node) policies.Text {
	if n == nil {
		return policies.Text{}
	}
	return policies.Text{Value: n.Value, Pos: at(n)}
}

func (p *parser) text(n *yaml.Node, name string) policies.Text { return text(p.get(n, name)) }

func (p *parser) flag(n *yaml.Node, name string) policies.Flag {
	v := p.get(n, name)
	if v == nil {
		return policies.Flag{}
	}
	return policies.Flag{Value: v.Value == "true", Pos: at(v)}
}

func (p *parser) table(n *yaml.Node) policies.TableName {
	if n == nil {
		return policies.TableName{}
	}
	t, _ := table(n.Value) // it fitted
	t.Pos = at(n)
	return t
}

// distinct returns the entries of a list of names and reports those that stand there twice.
func (p *parser) distinct(n *yaml.Node, what string, spell func(string) string) []policies.Text {
	var list []policies.Text
	for _, e := range p.entries(n) {
		t := policies.Text{Value: spell(e.Value), Pos: at(e)}
		if slices.ContainsFunc(list, func(o policies.Text) bool { return o.Value == t.Value }) {
			p.refuse(e, CodeDuplicate, fmt.Sprintf("%s %q is named twice", what, clip(t.Value)), "remove one of the two")
			continue
		}
		list = append(list, t)
	}
	return list
}

func literal(s string) string { return s }

func (p *parser) database(n *yaml.Node) policies.Database {
	if n == nil {
		return policies.Database{Plans: policies.PlansByViewer}
	}
	d := policies.Database{
		Pos:              at(n),
		ClientRoles:      p.distinct(p.get(n, "client_roles"), "client role", literal),
		MaintenanceRoles: p.distinct(p.get(n, "maintenance_roles"), "maintenance role", literal),
		Timezone:         p.text(n, "timezone"),
		Plans:            policies.PlansByViewer,
	}
	if t := p.text(n, "plans"); !t.IsZero() {
		d.Plans = policies.Plans(t.Value)
	}
	p.pairs(p.get(n, "schemas"), func(k, v *yaml.Node) {
		d.Schemas = append(d.Schemas, policies.SchemaRule{Schema: text(k), Closed: v.Value == "closed"})
	})
	for _, r := range d.MaintenanceRoles {
		if slices.ContainsFunc(d.ClientRoles, func(c policies.Text) bool { return c.Value == r.Value }) {
			p.report(r.Pos, CodeTwoRoles, fmt.Sprintf("database role %q is both a client role and a maintenance role", clip(r.Value)),
				"make two roles: a maintenance role sees and writes every row")
		}
	}
	return d
}

// column is an expression that the toolkit's own tables need: one plain column.
func column(name string) policies.Expression {
	return policies.Expression{SQL: name, Compiled: "t." + policies.Ident(name), Columns: []string{name}, Plain: true}
}

// kernelUsers are the toolkit's own users, written as if a model had bound them.
func kernelUsers() policies.Users {
	named := func(s string) policies.Text { return policies.Text{Value: s} }
	return policies.Users{
		Kernel: true, Table: policies.TableName{Schema: "rls", Name: "user"}, Key: named("id"), Login: named("login"), Subject: named("subject"),
		Active: column("is_active"), Superuser: column("is_superuser"), Staff: column("is_staff"),
		Sees: []policies.Edge{
			{Kind: named("supervisor"), Column: named("supervisor_id")},
			{Kind: named("creator"), Column: named("created_by_id")},
		},
	}
}

func kernelGroups() policies.Groups {
	named := func(s string) policies.Text { return policies.Text{Value: s} }
	return policies.Groups{
		Kind: policies.GroupsKernel, Table: policies.TableName{Schema: "rls", Name: "group"}, Key: named("id"), Name: named("name"),
		Creator: named("created_by_id"), ShareMembersVisibility: column("share_members_visibility"),
		ShareCreatorVisibility: column("share_creator_visibility"),
		Members:                policies.Members{Table: policies.TableName{Schema: "rls", Name: "group_member"}, Group: named("group_id"), User: named("user_id")},
	}
}

func has(root *yaml.Node, name string) bool {
	if root.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		if root.Content[i].Value == name {
			return true
		}
	}
	return false
}

func (p *parser) users(root *yaml.Node) policies.Users {
	if !has(root, "users") {
		return kernelUsers()
	}
	n := p.get(root, "users")
	if n == nil {
		return policies.Users{}
	}
	u := policies.Users{
		Pos: at(n), Table: p.table(p.get(n, "table")), Key: p.text(n, "key"), Login: p.text(n, "login"), Subject: p.text(n, "subject"),
		Active: p.expression(n, "active"), Superuser: p.expression(n, "superuser"), Staff: p.expression(n, "staff"),
		Authority: p.text(n, "authority"),
	}
	sees := p.get(n, "sees")
	p.pairs(sees, func(k, v *yaml.Node) {
		if k.Value == "merged" {
			return
		}
		e := policies.Edge{Kind: text(k)}
		if v.Kind == yaml.ScalarNode {
			e.Column = text(v)
		} else {
			e.Table, e.Viewer, e.Seen = p.table(p.get(v, "table")), p.text(v, "viewer"), p.text(v, "seen")
		}
		for _, o := range u.Sees {
			if same(o.Table, e.Table) && o.Column.Value == e.Column.Value && o.Viewer.Value == e.Viewer.Value && o.Seen.Value == e.Seen.Value {
				p.report(at(v), CodeDuplicate, fmt.Sprintf("edge kind %q is the same as %q", e.Kind.Value, o.Kind.Value), "remove one of the two")
				break
			}
		}
		u.Sees = append(u.Sees, e)
	})
	u.Merged = p.merged(p.get(sees, "merged"), sees)
	return u
}

// merged reads one list of edge kinds, or a list of such lists.
func (p *parser) merged(n, all *yaml.Node) []policies.Merge {
	entries := p.entries(n)
	if len(entries) == 0 {
		return nil
	}
	var lists []*yaml.Node
	for _, e := range entries {
		if e.Kind != entries[0].Kind {
			p.refuse(e, CodeType, "\"merged\" mixes edge kinds and lists of them", "write one list of edge kinds, or a list of lists alone")
			return nil
		}
	}
	if entries[0].Kind == yaml.ScalarNode {
		lists = []*yaml.Node{n}
	} else {
		lists = entries
	}
	// every key counts, the refused ones too: each mistake is reported once
	var known []string
	for i := 0; all != nil && i+1 < len(all.Content); i += 2 {
		if k := all.Content[i]; k.Kind == yaml.ScalarNode && k.Value != "merged" {
			known = append(known, k.Value)
		}
	}
	var merged []policies.Merge
	used := map[string]bool{}
	for _, l := range lists {
		m := policies.Merge{Pos: at(l)}
		for _, e := range p.entries(l) {
			switch {
			case !slices.Contains(known, e.Value):
				p.refuse(e, CodeEdge, fmt.Sprintf("edge kind %q is not under \"sees\"", e.Value), suggestEdge(e.Value, known))
			case used[e.Value]:
				p.refuse(e, CodeDuplicate, fmt.Sprintf("edge kind %q is merged twice", e.Value), "name it once")
			default:
				used[e.Value] = true
				m.Kinds = append(m.Kinds, text(e))
			}
		}
		if len(l.Content) < 2 {
			p.report(at(l), CodeEdge, "a merge of fewer than two edge kinds merges nothing", "name two edge kinds, or remove the list")
			continue
		}
		merged = append(merged, m)
	}
	return merged
}

func suggestEdge(name string, known []string) string {
	if near := policies.Suggest(name, known); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return fmt.Sprintf("add %q to \"sees\", or remove it here", name)
}

func (p *parser) groups(root *yaml.Node, kernel bool) policies.Groups {
	if !has(root, "groups") {
		if kernel {
			return kernelGroups()
		}
		return policies.Groups{}
	}
	n := p.get(root, "groups")
	switch {
	case n == nil || n.Value == "none":
		g := policies.Groups{}
		if n != nil {
			g.Pos = at(n)
		}
		return g
	case n.Value == "kernel":
		g := kernelGroups()
		g.Pos = at(n)
		return g
	}
	g := policies.Groups{
		Pos: at(n), Kind: policies.GroupsBound, Table: p.table(p.get(n, "table")), Key: p.text(n, "key"), Name: p.text(n, "name"),
		Creator:                p.text(n, "creator"),
		ShareMembersVisibility: p.expression(n, "share_members_visibility"),
		ShareCreatorVisibility: p.expression(n, "share_creator_visibility"),
		GroupsOfDescendants:    p.flag(n, "groups_of_descendants"),
	}
	if e := g.ShareCreatorVisibility; !has(n, "creator") && !e.IsZero() && e.Compiled != "false" {
		p.report(e.Pos, CodeMissing, "\"share_creator_visibility\" needs a creator", "add \"creator\": the column of the user who made the group")
	}
	if m := p.get(n, "members"); m != nil {
		g.Members = policies.Members{
			Table: p.table(p.get(m, "table")), Group: p.text(m, "group"), User: p.text(m, "user"),
			From: p.text(m, "from"), Until: p.text(m, "until"),
		}
	}
	return g
}

func (p *parser) resource(k, n *yaml.Node) policies.Resource {
	r := policies.Resource{
		Name: text(k), Table: p.table(p.get(n, "table")), Title: p.text(n, "title"),
		Key:        p.distinct(p.get(n, "key"), "key column", literal),
		WriteScope: policies.ScopeVisible, OwnerCheck: policies.ScopeVisible,
		Hidden:       p.flag(n, "hidden"),
		KeepPolicies: p.distinct(p.get(n, "keep_policies"), "policy", literal),
		Cascades:     p.text(n, "cascades"),
	}
	if s := p.get(n, "write_scope"); s != nil {
		r.WriteScope = policies.Scope(s.Value)
	}
	if s := p.get(n, "owner_check"); s != nil {
		r.OwnerCheck = policies.Scope(s.Value)
	}
	for _, e := range p.entries(p.get(n, "owner")) {
		o := policies.Owner{Column: text(e)}
		if e.Kind == yaml.MappingNode {
			o = p.owner(e)
		}
		if o.Column.IsZero() {
			continue // reported
		}
		if slices.ContainsFunc(r.Owners, func(x policies.Owner) bool { return x.Column.Value == o.Column.Value }) {
			p.refuse(e, CodeDuplicate, fmt.Sprintf("owner column %q is named twice", clip(o.Column.Value)), "remove one of the two")
			continue
		}
		r.Owners = append(r.Owners, o)
	}
	for _, a := range p.distinct(p.get(n, "actions"), "action", action) {
		if slices.Contains(policies.StandardActions, a.Value) {
			p.report(a.Pos, CodeStandardAction, fmt.Sprintf("action %q is one that every resource has", a.Value), "remove it from \"actions\"")
			continue
		}
		r.Actions = append(r.Actions, a)
	}
	return r
}

// owner reads {group: column} or {column, by}.
func (p *parser) owner(n *yaml.Node) policies.Owner {
	switch {
	case has(n, "group") && (has(n, "column") || has(n, "by")):
		p.refuse(n, CodeType, "an owner is a group or a user, not both", "write two entries: {group: column} and {column, by}")
		return policies.Owner{}
	case has(n, "group"):
		return policies.Owner{Column: p.text(n, "group"), Group: true}
	case !has(n, "column"):
		p.refuse(n, CodeMissing, "key \"column\" is missing in an owner", "add \"column\", or \"group\" for the column of a group")
		return policies.Owner{}
	}
	return policies.Owner{Column: p.text(n, "column"), By: p.text(n, "by")}
}

// allow reads actions by resource.
func (p *parser) allow(n *yaml.Node) []policies.Allowance {
	var list []policies.Allowance
	p.pairs(n, func(k, v *yaml.Node) {
		a := policies.Allowance{Resource: text(k)}
		if v.Kind == yaml.ScalarNode {
			a.All = true
		} else {
			a.Actions = p.distinct(v, "action", action)
		}
		list = append(list, a)
	})
	return list
}

func (p *parser) service(k, n *yaml.Node) policies.Service {
	return policies.Service{Name: text(k), Gateways: p.distinct(p.get(n, "gateways"), "gateway", literal), Allow: p.allow(p.get(n, "allow"))}
}

func (p *parser) grant(n *yaml.Node) policies.Grant {
	g := policies.Grant{Pos: at(n)}
	if to := p.get(n, "to"); to != nil {
		g.To, _ = grantee(to.Value) // it fitted
		g.To.Pos = at(to)
	}
	g.Allow = p.allow(p.get(n, "allow"))
	g.From, g.Until = p.text(n, "from"), p.text(n, "until")
	if g.To.Kind == "" || has(n, "from") && g.From.IsZero() || has(n, "until") && g.Until.IsZero() {
		p.unclear[g.Pos] = true
	}
	if !g.From.IsZero() && !g.Until.IsZero() {
		from, _ := when(g.From.Value) // both fitted
		until, _ := when(g.Until.Value)
		if from.zoned == until.zoned && !from.before(until) {
			p.report(g.Until.Pos, CodeTime, fmt.Sprintf("the grant ends at %q and begins only at %q", g.Until.Value, g.From.Value),
				"write a later \"until\", or an earlier \"from\"")
		}
	}
	return g
}

// offset returns the place of byte i of the value of a scalar, where the source shows the value as it is; else the
// place of the scalar.
func (p *parser) offset(n *yaml.Node, i int) policies.Pos {
	pos := at(n)
	if n.Line < 1 || n.Line > len(p.lines) || i < 0 || i > len(n.Value) {
		return pos
	}
	line := []rune(p.lines[n.Line-1])
	skip := 0
	switch {
	case n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		return pos
	case n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0:
		skip = 1
	}
	start := n.Column - 1 + skip
	if start < 0 || start > len(line) || !strings.HasPrefix(string(line[start:]), n.Value) {
		return pos
	}
	pos.Column += skip + len([]rune(n.Value[:i]))
	return pos
}
