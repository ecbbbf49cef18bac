// Package decide says what a model means: for each resource and action, the reasons that admit a row. It is pure; the
// words of its results are in testdata, for whoever wants to read what a model admits without reading SQL.
package decide

import (
	"slices"

	"github.com/rlsctl/rlsctl/policies"
)

// Model returns the decisions of m, by resource in file order, and for each the standard actions before its own.
func Model(m *policies.Model) []policies.Decision {
	var out []policies.Decision
	for _, r := range m.Resources {
		actions := slices.Clone(policies.StandardActions)
		for _, a := range r.Actions {
			actions = append(actions, a.Value)
		}
		for _, a := range actions {
			out = append(out, decide(m, r, a))
		}
	}
	return out
}

func decide(m *policies.Model, r policies.Resource, action string) policies.Decision {
	d := policies.Decision{Resource: r.Name.Value, Action: action, Needs: []string{action}}
	switch action {
	case policies.ActionCreate:
		d.Admit = creates(r)
	case policies.ActionRead:
		d.Admit = owners(r, policies.ScopeVisible)
	case policies.ActionUpdate, policies.ActionDelete:
		d.Admit = owners(r, r.WriteScope)
	default:
		d.Admit = owners(r, policies.ScopeVisible)
	}
	if action == policies.ActionUpdate {
		d.After = owners(r, newOwner(r))
	}
	if action != policies.ActionCreate && action != policies.ActionRead {
		d.Needs = append(d.Needs, policies.ActionRead)
	}
	for _, s := range m.Services {
		if serves(m, s, d) {
			d.Admit = append(d.Admit, policies.Reason{Kind: policies.ReasonService, Service: s.Name.Value})
		}
	}
	d.Admit = append(d.Admit, policies.Reason{Kind: policies.ReasonSuperuser})
	return d
}

// owners are the reasons that owners of a row give within a scope. A group is in no hierarchy, and nobody's self.
func owners(r policies.Resource, scope policies.Scope) []policies.Reason {
	var out []policies.Reason
	for _, o := range r.Owners {
		switch {
		case !o.Group:
			out = append(out, policies.Reason{Kind: policies.ReasonOwner, Owner: o, Scope: scope})
		case scope == policies.ScopeVisible:
			out = append(out, policies.Reason{Kind: policies.ReasonGroup, Owner: o})
		}
	}
	return out
}

// creates are the reasons that admit a new row: every owner that it names meets the owner check, and it names one.
func creates(r policies.Resource) []policies.Reason {
	if len(r.Owners) == 0 {
		return nil
	}
	if r.OwnerCheck == policies.ScopeAny {
		return []policies.Reason{{Kind: policies.ReasonAnyOwner}}
	}
	out := owners(r, r.OwnerCheck)
	for i := range out {
		out[i].All = len(r.Owners) > 1
	}
	return out
}

// newOwner is the scope of an owner that an update puts there: never wider than sight, because a row that is handed out
// of sight is refused.
func newOwner(r policies.Resource) policies.Scope {
	if r.OwnerCheck == policies.ScopeSelf {
		return policies.ScopeSelf
	}
	return policies.ScopeVisible
}

// serves reports whether the model allows a service everything that the decision needs, whoever owns the row.
func serves(m *policies.Model, s policies.Service, d policies.Decision) bool {
	allowed := map[string]bool{}
	for _, a := range s.Allow {
		if a.Resource.Value != d.Resource {
			continue
		}
		for _, need := range d.Needs {
			if a.All || slices.ContainsFunc(a.Actions, func(t policies.Text) bool { return t.Value == need }) {
				allowed[need] = true
			}
		}
	}
	return len(allowed) == len(d.Needs)
}
