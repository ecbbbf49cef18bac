package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// secondKey is a unique column of the users, other than their key, that owner columns hold. What the graph admits is
// translated at each statement, so that a change of the column counts at the next one.
type secondKey struct {
	column string
	typ    keyType
}

// secondKeys says of each owner by which column of the users it is, where that is not their key.
func (g *compiler) secondKeys(r *resource) error {
	r.Owners = slices.Clone(r.Owners)
	for i := range r.Owners {
		o := &r.Owners[i]
		by := o.SecondKey(g.model.Users, r.table)
		o.By.Value = by
		if by == "" || slices.ContainsFunc(g.second, func(s secondKey) bool { return s.column == by }) {
			continue
		}
		c := policies.Column{Name: by, Type: "text"} // the kernel's
		if !g.model.Users.Kernel {
			var err error
			if c, err = g.column(g.model.Users.Table, by, false); err != nil {
				return err
			}
		}
		k, err := newKeyType(c)
		if err != nil {
			return err
		}
		g.second = append(g.second, secondKey{by, k})
	}
	slices.SortFunc(g.second, func(a, b secondKey) int { return strings.Compare(a.column, b.column) })
	return nil
}

// holder returns the type of what an owner column holds, and the function that answers which of them are admitted.
func (g *compiler) holder(o policies.Owner) (k keyType, admitted string) {
	i := slices.IndexFunc(g.second, func(s secondKey) bool { return s.column == o.By.Value })
	if o.By.Value == "" || i < 0 {
		return g.userKey, "rls.admitted_owners"
	}
	return g.second[i].typ, fmt.Sprintf("rls.admitted_by_%d", i+1)
}

// secondKeyFunctions compiles the translation of the users that the graph admits into their second keys.
func (g *compiler) secondKeyFunctions() {
	u := g.model.Users
	for i, k := range g.second {
		s := setsOf(k.typ)
		value := k.typ.element(col(k.column))
		from := fmt.Sprintf("FROM %s AS t\n        WHERE %s = ANY ((SELECT rls.admitted_owners($1, $2, $3, $4))::%s[]) AND %s IS NOT NULL",
			u.Table, g.userKey.own(col(u.Key.Value)), setsOf(g.userKey).element, col(k.column))
		for _, f := range []struct{ suffix, returns, as, body string }{
			{"", s.element + "[]", "as an array", fmt.Sprintf("RETURN ARRAY(\n        SELECT %s %s);", value, from)},
			{"_ranges", s.ranges, "as ranges of one value each", fmt.Sprintf("RETURN coalesce((\n        SELECT range_agg(%s) %s), '{}');", s.one(value), from)},
		} {
			g.function(function{
				name: fmt.Sprintf("admitted_by_%d%s", i+1, f.suffix),
				comment: fmt.Sprintf("Whose rows the principal may act on, %s of column %s of the users: what rls.admitted_owners says, translated.\n"+
					"For rows whose owner column holds that and not the key.", f.as, policies.Ident(k.column)),
				args: askedArgs, argTypes: askedTypes, returns: f.returns,
				definer: true, client: true, generic: true,
				body: "BEGIN\n    " + f.body + "\nEND",
			}, "")
		}
	}
}
