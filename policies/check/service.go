package check

import (
	"fmt"
	"slices"

	"github.com/rlsctl/rlsctl/policies"
)

// services checks what services are allowed, and who may claim them.
func (k *checker) services() {
	for _, s := range k.model.Services {
		k.allow(s.Allow, "it from the service")
		for _, a := range s.Allow {
			k.blind(s, a)
		}
		if k.catalog == nil || k.catalog.Kernel == 0 {
			continue
		}
		for _, g := range s.Gateways {
			if !slices.ContainsFunc(k.catalog.Gateways, func(x policies.Gateway) bool { return x.Login == g.Value }) {
				k.report(policies.Note, g.Pos, CodeNoGateway, fmt.Sprintf("gateway %q of service %q is not registered yet", g.Value, s.Name.Value),
					fmt.Sprintf("run rlsctl gateway add %s after the model is applied", g.Value))
			}
		}
	}
}

// blind warns of actions on rows that a service cannot read: PostgreSQL finds no row to act on.
func (k *checker) blind(s policies.Service, a policies.Allowance) {
	if a.All || slices.ContainsFunc(a.Actions, func(x policies.Text) bool { return x.Value == policies.ActionRead }) {
		return
	}
	i := slices.IndexFunc(k.model.Resources, func(r policies.Resource) bool { return r.Name.Value == a.Resource.Value })
	if i < 0 {
		return // reported
	}
	for _, x := range a.Actions {
		if x.Value != policies.ActionCreate && slices.Contains(declared(k.model.Resources[i]), x.Value) {
			k.warn(x.Pos, CodeBlind, fmt.Sprintf("service %q is allowed to %s rows of %q that it cannot read", s.Name.Value, x.Value, a.Resource.Value),
				"add \"read\" to the list: without it no row is found")
		}
	}
}

// served reports whether a service is allowed something on a resource.
func (k *checker) served(r policies.Resource) bool {
	return slices.ContainsFunc(k.model.Services, func(s policies.Service) bool {
		return slices.ContainsFunc(s.Allow, func(a policies.Allowance) bool { return a.Resource.Value == r.Name.Value })
	})
}
