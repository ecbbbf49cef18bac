package compile

import (
	"fmt"
	"regexp"

	"github.com/rlsctl/rlsctl/policies"
)

// grants compiles the seeds: one object per grantee, action and resource. They are made once; what becomes of them
// afterwards is data.
func (g *compiler) grants() {
	for _, s := range g.model.Grants {
		to := string(s.To.Kind)
		if s.To.Name != "" {
			to += ":" + s.To.Name
		}
		for _, a := range s.Allow {
			for _, action := range g.allowed(a) {
				name := policies.Identity(to, action, a.Resource.Value, s.From.Value, s.Until.Value)
				g.add(policies.Object{
					Kind: policies.KindGrant, Name: name, Title: fmt.Sprintf("grant of %s on %s to %s", action, a.Resource.Value, to),
					Resource: a.Resource.Value, Once: true, AsOwner: true,
					Create: fmt.Sprintf("SELECT rls.seed_grant(%s, %s, %s, %s, %s, %s, %s);",
						policies.Literal(string(s.To.Kind)), policies.Literal(s.To.Name), policies.Literal(action), policies.Literal(a.Resource.Value),
						g.instant(s.From), g.instant(s.Until), policies.Literal(name)),
					Drop: fmt.Sprintf("DELETE FROM rls.\"grant\" WHERE seed = %s;", policies.Literal(name)),
				})
			}
		}
	}
}

func (g *compiler) allowed(a policies.Allowance) []string {
	if a.All {
		for _, r := range g.resources {
			if r.name() == a.Resource.Value {
				return r.actions()
			}
		}
	}
	var out []string
	for _, t := range a.Actions {
		out = append(out, t.Value)
	}
	return out
}

var offset = regexp.MustCompile(`([Zz]|[+-]\d{2}(:?\d{2})?)$`)
var clock = regexp.MustCompile(`\d:\d`)

// instant is a point in time of the model as SQL. Without an offset it is meant in the time zone of the model, and a
// bare date is midnight there.
func (g *compiler) instant(t policies.Text) string {
	if t.Value == "" {
		return "NULL"
	}
	if clock.MatchString(t.Value) && offset.MatchString(t.Value) {
		return "timestamptz " + policies.Literal(t.Value)
	}
	zone := g.model.Database.Timezone.Value
	if zone == "" {
		zone = "UTC"
	}
	return fmt.Sprintf("timestamp %s AT TIME ZONE %s", policies.Literal(t.Value), policies.Literal(zone))
}
