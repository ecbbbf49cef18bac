package check

import (
	"fmt"
	"slices"

	"github.com/rlsctl/rlsctl/policies"
)

// treeOf returns t with its partitions and children, however deep.
func (k *checker) treeOf(t *policies.Table) []*policies.Table {
	return append([]*policies.Table{t}, k.catalog.Parts(t)...)
}

// root returns the topmost table whose rows those of t are.
func (k *checker) root(t *policies.Table) *policies.Table {
	for range len(k.catalog.Tables) {
		if len(t.Parents) == 0 {
			return t
		}
		up := k.catalog.Table(t.Parents[0].Schema, t.Parents[0].Name)
		if up == nil {
			return t
		}
		t = up
	}
	return t
}

// parts checks the partitions and children of a resource, and refuses a resource that is one: nothing must stay open
// silently, through whichever table its rows are reached.
func (k *checker) parts(r policies.Resource, t *policies.Table) {
	if len(t.Parents) > 0 {
		what := "a child"
		if t.Partition {
			what = "a partition"
		}
		root := tableName(k.root(t))
		hint := fmt.Sprintf("protect %q in its place: every partition and child of a resource is protected with it", root)
		if i := slices.IndexFunc(k.model.Resources, func(o policies.Resource) bool { return same(o.Table, root) }); i >= 0 {
			hint = fmt.Sprintf("remove resource %q: its rows are protected as those of resource %q", r.Name.Value, k.model.Resources[i].Name.Value)
		}
		up := t.Parents[0]
		k.fail(r.Table.Pos, CodeInheritance, fmt.Sprintf("table %q is %s of %q and its rows can be reached through that", r.Table, what,
			policies.TableName{Schema: up.Schema, Name: up.Name}), hint)
		return
	}
	tree := k.treeOf(t)
	for _, p := range tree[1:] {
		name := tableName(p)
		for _, up := range p.Parents {
			parent := k.catalog.Table(up.Schema, up.Name)
			if parent != nil && !slices.Contains(tree, parent) {
				k.fail(r.Table.Pos, CodeInheritance, fmt.Sprintf("table %q, a child of resource %q, is a child of %q too and its rows can be reached through that",
					name, r.Name.Value, tableName(parent)), fmt.Sprintf("ALTER TABLE %s NO INHERIT %s; or leave the resource out", name, tableName(parent)))
			}
		}
		if i := slices.IndexFunc(k.model.Open, func(o policies.TableName) bool { return same(o, name) }); i >= 0 {
			k.fail(k.model.Open[i].Pos, CodeInheritance, fmt.Sprintf("table %q is open, and its rows are those of resource %q", name, r.Name.Value),
				"remove it from \"open\", or detach it")
		}
		if p.Kind == "f" {
			k.foreignPart(r, p)
			continue
		}
		k.tableOwner(r, p)
		if p.Partition {
			continue // it has the indexes of its root
		}
		for _, o := range r.Owners {
			if p.Column(o.Column.Value) != nil {
				k.indexed(p, o.Column)
			}
		}
	}
}

// foreignPart refuses a foreign table that clients can read by itself: it has no policies. Through its root it is filtered
// by the policies there.
func (k *checker) foreignPart(r policies.Resource, p *policies.Table) {
	name := tableName(p)
	for _, x := range p.Privileges {
		open := x.Grantee == ""
		for _, c := range k.model.Database.ClientRoles {
			open = open || k.reaches(c.Value, x.Grantee)
		}
		if open {
			who := "PUBLIC"
			if x.Grantee != "" {
				who = policies.Ident(x.Grantee)
			}
			k.fail(r.Table.Pos, CodeForeignPart, fmt.Sprintf("foreign table %q, a part of resource %q, cannot be filtered, and clients hold %s on it", name, r.Name.Value, x.Privilege),
				fmt.Sprintf("REVOKE ALL ON %s FROM %s; clients read it through %q", name, who, r.Table))
		}
	}
}
