package apply

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// Script returns p as one script for psql that does what Plan does, in one transaction and with the manifest, except that
// nothing checks whether the database is still the one that p was made from. An empty plan is an empty script.
func Script(p policies.Plan) string {
	if p.Empty() {
		return ""
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	for _, e := range p.Effects {
		line("-- %s", oneLine(e.Diagnostic().String()))
	}
	pin := func(zone string) { // constants of conditions are read when a view is made, and shown in fingerprints
		for _, s := range policies.Pins(zone) {
			line("SET LOCAL %s = %s;", s.Name, policies.Literal(s.Value))
		}
	}
	line("\\set ON_ERROR_STOP on")
	line("BEGIN;")
	line("SET LOCAL lock_timeout = '5s';")
	line("SET LOCAL search_path = pg_catalog, pg_temp;")
	line("SET LOCAL standard_conforming_strings = on;")
	pin(p.Timezone)
	line("GRANT rls_owner TO CURRENT_USER;")
	line("SET LOCAL ROLE rls_owner;")
	line("%s;", LockSQL(LockTools))
	line("RESET ROLE;")
	if names := granted(p); len(names) > 0 {
		for i := range names {
			names[i] = policies.Literal(names[i])
		}
		line("SET LOCAL ROLE rls_owner;")
		line("SELECT rls.keep_acls(ARRAY[%s]);", strings.Join(names, ", "))
		line("RESET ROLE;")
	}
	owner := false
	become := func(wanted bool) {
		if wanted != owner {
			owner = wanted
			line("\n%s", map[bool]string{true: "SET LOCAL ROLE rls_owner;", false: "RESET ROLE;"}[owner])
		}
	}
	for _, l := range p.Locks {
		become(l.AsOwner)
		line("%s;", lockSQL(l))
	}
	if forgets(p) {
		become(true)
		line("%s;", lockGraphSQL)
	}
	for _, c := range p.Changes {
		become(c.Object.AsOwner)
		line("\n-- %s %s%s", c.Op, oneLine(c.Object.Title), remarks(c))
		if sql := strings.TrimSpace(c.SQL); sql != "" {
			line("%s", sql)
		}
	}
	line("\n-- What was done, for the next plan.")
	become(true)
	if forgets(p) {
		line("%s;", forgetSetsSQL)
	}
	for _, c := range p.Changes {
		o := c.Object
		if c.Op == policies.OpDrop {
			line(forgetSQL+";", policies.Literal(string(o.Kind)), policies.Literal(o.Name))
			continue
		}
		line(rememberSQL+";", policies.Literal(string(o.Kind)), policies.Literal(o.Name), policies.Literal(o.Resource),
			policies.Literal(o.Title), policies.Literal(o.Table), policies.Literal(o.Shape), policies.Literal(o.Hash()),
			policies.Literal(c.Undo), strconv.FormatBool(o.AsOwner))
	}
	pin("")
	for _, sql := range []string{fingerprintSQL, defaultsSQL, forgetDefaultsSQL} {
		line("%s;", sql)
	}
	line("RESET ROLE;")
	line("%s;", PutBackSQL)
	line("REVOKE rls_owner FROM CURRENT_USER;")
	line("COMMIT;")
	return b.String()
}

func remarks(c policies.Change) string {
	var out []string
	if c.Reason != "" {
		out = append(out, oneLine(c.Reason))
	}
	for _, h := range c.Hazards {
		out = append(out, string(h))
	}
	if len(out) == 0 {
		return ""
	}
	return ": " + strings.Join(out, ", ")
}

// oneLine keeps a name with a line break from ending its comment.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
