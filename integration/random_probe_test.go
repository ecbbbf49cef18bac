package integration

import (
	"context"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/integration/reference"
)

// probeSQL makes the functions that ask and report without ending the transaction. They run as their caller, so the
// policies of the caller apply; probe.after alone runs as the database superuser, to see what a write really did.
const probeSQL = `
CREATE SCHEMA probe;
GRANT USAGE ON SCHEMA probe TO PUBLIC;
CREATE FUNCTION probe.ask(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE query INTO answer;
    RETURN coalesce(answer, '');
EXCEPTION WHEN OTHERS THEN
    RETURN CASE SQLSTATE WHEN '42501' THEN 'rejected' ELSE SQLSTATE || CASE WHEN SQLSTATE LIKE 'RL%' THEN '' ELSE ' ' || SQLERRM END END;
END
$$;
CREATE FUNCTION probe.after(query text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE query INTO answer;
    RETURN coalesce(answer, '');
END
$$;
-- The number of rows that a write touched, and what is to be seen afterwards. The write itself is undone.
CREATE FUNCTION probe.write(statement text, seen text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    touched bigint;
BEGIN
    EXECUTE statement;
    GET DIAGNOSTICS touched = ROW_COUNT;
    RAISE EXCEPTION USING ERRCODE = 'PR001', MESSAGE = touched || coalesce(' ' || probe.after(seen), '');
EXCEPTION
    WHEN SQLSTATE 'PR001' THEN RETURN SQLERRM;
    WHEN OTHERS THEN
        RETURN CASE SQLSTATE WHEN '42501' THEN 'rejected' ELSE SQLSTATE || CASE WHEN SQLSTATE LIKE 'RL%' THEN '' ELSE ' ' || SQLERRM END END;
END
$$;`

// question is one that the database is asked, and the reference's answer.
type question struct {
	who  string // the principal
	sql  string
	want string
}

// entry is a principal with the statements by which a superuser's session comes to act for it.
type entry struct {
	reference.Principal
	name  string
	enter string
	// what nobody meets: an error, or nothing
	code string
}

// gates are the database roles that the principals come through.
type gates struct{ app, migrator, gate, quiet string }

// unsignedToken is one of an unsigned gateway: what the signature is for has tests of its own.
func unsignedToken(kind, principal string) string {
	return strings.Join([]string{"rls1", "k", fmt.Sprint(time.Now().Unix() + 55), kind, hex.EncodeToString([]byte(principal)), "", "", "0", "", strings.Repeat("0", 64)}, "|")
}

// entries are all principals of a world: every user, one who does not exist, keys that are none, services, anonymous,
// and three who are nobody.
func (w *randomWorld) entries(g gates) []entry {
	enter := func(kind, key string) string {
		return fmt.Sprintf("SET LOCAL SESSION AUTHORIZATION %s; SELECT rls.enter('%s');", g.gate, unsignedToken(kind, key))
	}
	var out []entry
	for i, u := range w.Users {
		spelt := u.Key
		if i == 0 { // another spelling of the same key is the same user
			switch w.model.userType {
			case "uuid":
				spelt = strings.ToUpper(spelt)
			case "bigint", "integer", "smallint":
				spelt = "00" + spelt
			}
		}
		e := entry{Principal: reference.Principal{Kind: "user", Key: u.Key}, name: "user " + u.Key, enter: enter("user", spelt)}
		// In the form that entering picks, and in every other one: each is exactly right for everybody. Three have no
		// branch for superusers, and one has none for other users: they say so.
		form := []string{"", "any", "narrow", "middle", "wide", "all"}[i%6]
		if form == "any" || u.Superuser && form == "all" || !u.Superuser && form != "" && (form != "all" || !u.Active) {
			e.name += " as " + form
			e.enter += fmt.Sprintf(" SET LOCAL ROLE rls_%s_%s;", form, g.app)
		}
		out = append(out, e)
	}
	out = append(out, entry{Principal: reference.Principal{Kind: "user", Key: w.ghost}, name: "unknown user " + w.ghost, enter: enter("user", w.ghost)})
	for _, odd := range []string{"99999999999999999999", "no key", w.Users[0].Key + " "} {
		out = append(out, entry{Principal: reference.Principal{Kind: "user", Key: odd}, name: "user that is no key " + odd, enter: enter("user", odd)})
	}
	for i, s := range w.Services {
		e := entry{Principal: reference.Principal{Kind: "service", Key: s.Name}, name: "service " + s.Name, enter: enter("service", s.Name)}
		if form := []string{"", "any"}[(i+len(w.Users))%2]; form != "" { // the three others have no branch for services, and say so
			e.name += " as " + form
			e.enter += fmt.Sprintf(" SET LOCAL ROLE rls_%s_%s;", form, g.app)
		}
		out = append(out, e)
	}
	return append(out,
		entry{Principal: reference.Principal{Kind: "anonymous"}, name: "anonymous", enter: enter("anonymous", "")},
		entry{Principal: reference.Principal{Kind: "nobody"}, name: "nobody on a gateway", code: "RL001",
			enter: fmt.Sprintf("SET LOCAL SESSION AUTHORIZATION %s; SET LOCAL ROLE rls_any_%s;", g.gate, g.app)},
		entry{Principal: reference.Principal{Kind: "nobody"}, name: "nobody on a quiet gateway",
			enter: fmt.Sprintf("SET LOCAL SESSION AUTHORIZATION %s; SET LOCAL ROLE rls_any_%s;", g.quiet, g.app)},
		entry{Principal: reference.Principal{Kind: "nobody"}, name: "nobody on a client role", enter: fmt.Sprintf("SET LOCAL ROLE %s;", g.app)},
		entry{Principal: reference.Principal{Kind: "nobody"}, name: "nobody on a plan role", enter: fmt.Sprintf("SET LOCAL ROLE rls_any_%s;", g.app)},
		entry{name: "maintenance", enter: fmt.Sprintf("SET LOCAL ROLE %s;", g.migrator)},
	)
}

// probes are the questions for one principal. r chooses among writes where there are too many to try them all.
func (w *randomWorld) probes(r *rand.Rand, e entry) []question {
	p := &prober{randomWorld: w, r: r, entry: e}
	if e.name == "maintenance" {
		for i := range w.Resources {
			p.readAll(i)
		}
		return p.out
	}
	p.general()
	for i, x := range w.Resources {
		if e.code == "" || len(x.Rows) > 0 { // whether an empty table makes it look at the principal is the planner's choice
			p.resource(i)
		}
	}
	return p.out
}

type prober struct {
	*randomWorld
	entry
	r   *rand.Rand
	out []question
}

func (p *prober) add(want, sql string) {
	if p.code != "" && want != "" && !strings.HasPrefix(want, "RL") {
		want = p.code
	}
	p.out = append(p.out, question{who: p.name, sql: sql, want: want})
}

func quoted(q string) string { return "$q$" + q + "$q$" }

func (p *prober) ask(want, query string) { p.add(want, "SELECT probe.ask("+quoted(query)+")") }

func (p *prober) write(want, statement, seen string) {
	p.add(want, "SELECT probe.write("+quoted(statement)+", "+quoted(seen)+")")
}

// general asks what has to do with no single resource.
func (p *prober) general() {
	var want []string
	if p.Kind == "user" && p.active() {
		for id, through := range p.Through(p.Key) {
			want = append(want, id+"="+strings.Join(through, ","))
		}
	}
	slices.Sort(want)
	p.table(strings.Join(want, ";"), `SELECT string_agg(user_id::text || '=' || array_to_string(through, ','), ';' ORDER BY (user_id::text || '=' || array_to_string(through, ',')) COLLATE "C") FROM rls.visible_users`)
	for _, action := range []string{"create", "Read ", "edit", "remove", "publish", "fly"} {
		word := map[string]string{"Read ": "read", "edit": "update", "remove": "delete"}[action]
		if word == "" {
			word = action
		}
		var names []string
		for i := range p.Resources {
			x := &p.Resources[i]
			if !x.Hidden && slices.Contains(x.AllActions(), word) && p.Can(p.Principal, word, x.Name) {
				names = append(names, x.Name)
			}
		}
		slices.Sort(names)
		listed := slices.ContainsFunc(p.Resources, func(x reference.Resource) bool { return !x.Hidden && slices.Contains(x.AllActions(), word) })
		p.tableIf(listed, strings.Join(names, ","), fmt.Sprintf("SELECT array_to_string(rls.allowed_resources('%s'), ',')", action))
	}
	p.ask("false", "SELECT rls.can('read', 'no_such_resource')")
	if p.code != "" {
		p.out[len(p.out)-1].want = "false" // who asks does not matter
	}
	p.ask("RL011", "SELECT rls.can_row('read', 'no_such_resource', '1')")
}

func (p *prober) active() bool {
	return slices.ContainsFunc(p.Users, func(u reference.User) bool { return u.Key == p.Key && u.Active })
}

// table asks what nobody is refused even where the answer would be empty.
func (p *prober) table(want, query string) { p.tableIf(true, want, query) }

func (p *prober) tableIf(met bool, want, query string) {
	if p.code != "" && met {
		want = p.code
	}
	p.out = append(p.out, question{who: p.name, sql: "SELECT probe.ask(" + quoted(query) + ")", want: want})
}

func (p *prober) tableOf(i int) string { return p.model.schema + "." + p.model.resources[i].table }

func (p *prober) readAll(i int) {
	var want []string
	for _, row := range p.Resources[i].Rows {
		want = append(want, row.Label)
	}
	slices.Sort(want)
	p.ask(strings.Join(want, " "), labels(p.tableOf(i), ""))
}

func labels(table, where string) string {
	return fmt.Sprintf(`SELECT string_agg(label, ' ' ORDER BY label COLLATE "C") FROM %s %s`, table, where)
}

// resource asks everything about one resource.
func (p *prober) resource(i int) {
	x, table := &p.Resources[i], p.tableOf(i)
	admitted := func(action string) (out []string) {
		for _, row := range x.Rows {
			if p.Admits(p.Principal, action, x, row) {
				out = append(out, row.Label)
			}
		}
		slices.Sort(out)
		return out
	}
	hasRows := len(x.Rows) > 0
	p.tableIf(hasRows, strings.Join(admitted("read"), " "), labels(table, ""))
	p.tableIf(hasRows, strings.Join(admitted("update"), " "), fmt.Sprintf(`SELECT string_agg(label, ' ' ORDER BY label COLLATE "C") FROM (SELECT label FROM %s FOR UPDATE) AS locked`, table))
	p.questions(x)

	touched := func(action string) string {
		if p.code != "" && hasRows {
			return p.code
		}
		rows := admitted(action)
		if action == "delete" {
			rows = slices.DeleteFunc(rowLabels(x), func(l string) bool { return slices.Contains(rows, l) })
			return strings.TrimSpace(fmt.Sprint(len(x.Rows)-len(rows), " ", strings.Join(rows, " "))) // who is left
		}
		return fmt.Sprint(len(rows), " ", strings.Join(rows, " "))
	}
	write := func(want, sql, seen string) {
		p.out = append(p.out, question{who: p.name, want: strings.TrimSpace(want), sql: "SELECT btrim(probe.write(" + quoted(sql) + ", " + quoted(seen) + "))"})
	}
	write(touched("update"), "UPDATE "+table+" SET note = 'touched'", labels(table, "WHERE note = 'touched'"))
	write(touched("update"), "UPDATE "+table+" SET note = 'touched' WHERE label <> ''", labels(table, "WHERE note = 'touched'"))
	write(touched("update"), "UPDATE "+table+" SET note = 'touched' RETURNING label", labels(table, "WHERE note = 'touched'"))
	write(touched("delete"), "DELETE FROM "+table, labels(table, ""))
	write(touched("delete"), "DELETE FROM "+table+" WHERE label <> ''", labels(table, ""))
	if p.model.resources[i].graph == "" {
		p.creates(i, x, table)
		p.handsOver(x, table)
		p.handsAllOver(x, table)
	}
}

func rowLabels(x *reference.Resource) (out []string) {
	for _, row := range x.Rows {
		out = append(out, row.Label)
	}
	slices.Sort(out)
	return out
}

// questions asks rls.can, can_many, can_row and actions.
func (p *prober) questions(x *reference.Resource) {
	spelling := map[string]string{"create": " ADD", "read": "get", "update": "Change", "delete": "remove"}
	keyless := len(x.Rows) > 0 && x.Rows[0].Key == "" && len(x.Rows) > 1 && x.Rows[1].Key == ""
	for _, a := range x.AllActions() {
		want := fmt.Sprint(p.Can(p.Principal, a, x.Name))
		p.ask(want, fmt.Sprintf("SELECT rls.can('%s', '%s')", a, x.Name))
		if s := spelling[a]; s != "" {
			p.ask(want, fmt.Sprintf("SELECT rls.can('%s', '%s')", s, x.Name))
		}
	}
	p.ask("RL010", fmt.Sprintf("SELECT rls.can('fly', '%s')", x.Name))
	if keyless {
		p.ask("RL012", fmt.Sprintf("SELECT rls.can_row('read', '%s', '1')", x.Name))
		return
	}
	if len(x.Rows) == 0 {
		return
	}
	keys, rows := []string{"NULL", "'no such key'", "'[]'", "'{'", "'99999999999999999999999'", "'[\"1\"]'"}, make([]*reference.Row, 6)
	for i := range x.Rows {
		keys = append(keys, "'"+strings.ReplaceAll(x.Rows[i].Key, "'", "''")+"'")
		rows = append(rows, &x.Rows[i])
	}
	for _, a := range x.AllActions()[1:] {
		var want []string
		for _, row := range rows {
			want = append(want, fmt.Sprint(row != nil && p.Admits(p.Principal, a, x, *row)))
		}
		p.ask(strings.Join(want, " "), fmt.Sprintf("SELECT string_agg(m.allowed::text, ' ') FROM rls.can_many('%s', '%s', ARRAY[%s]::text[]) AS m", a, x.Name, strings.Join(keys, ", ")))
	}
	i := 6 + p.r.IntN(len(x.Rows))
	var want []string
	for _, a := range x.AllActions()[1:] {
		if p.Admits(p.Principal, a, x, *rows[i]) {
			want = append(want, a)
		}
	}
	p.table(strings.Join(want, " "), fmt.Sprintf("SELECT array_to_string(rls.actions('%s', %s), ' ')", x.Name, keys[i]))
	p.table(fmt.Sprint(slices.Contains(want, "update")), fmt.Sprintf("SELECT rls.can_row('Edit', '%s', %s)", x.Name, keys[i]))
}

// candidates are the values that an owner column may be given: every user or group, nobody, and NULL.
func (w *randomWorld) candidates(o reference.Owner) []string {
	out := []string{"", w.ghost}
	if o.Group {
		out = []string{"", w.ghostGroup}
		for _, g := range w.Groups {
			out = append(out, g.Key)
		}
		return out
	}
	for _, u := range w.Users {
		out = append(out, u.Key)
	}
	return out
}

// some returns at most n of the items, in their order.
func some[T any](r *rand.Rand, items []T, n int) []T {
	if len(items) <= n {
		return items
	}
	chosen := r.Perm(len(items))[:n]
	slices.Sort(chosen)
	var out []T
	for _, i := range chosen {
		out = append(out, items[i])
	}
	return out
}

func (w *randomWorld) combinations(owners []reference.Owner) [][]string {
	out := [][]string{nil}
	for _, o := range owners {
		var next [][]string
		for _, head := range out {
			for _, c := range w.candidates(o) {
				next = append(next, append(slices.Clone(head), c))
			}
		}
		out = next
	}
	return out
}

func (p *prober) creates(i int, x *reference.Resource, table string) {
	spec := p.model.resources[i]
	combinations := p.combinations(x.Owners)
	limit := 9
	if p.Kind != "user" || !p.Can(p.Principal, "create", x.Name) {
		limit = 3
	}
	for _, owners := range some(p.r, combinations, limit) {
		insert := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", table, strings.Join(spec.columns(), ", "), strings.Join(spec.values(9, "new", owners), ", "))
		for _, returning := range []bool{false, true} {
			ok, sql := p.Creates(p.Principal, x, owners), insert
			if returning {
				ok, sql = p.CreatesAndReads(p.Principal, x, owners), insert+" RETURNING label"
			}
			p.write(pair(ok, "1 new", "rejected"), sql, labels(table, "WHERE label = 'new'"))
		}
	}
}

func (p *prober) handsOver(x *reference.Resource, table string) {
	type change struct {
		row    reference.Row
		owners []string
	}
	var changes, futile []change
	for _, row := range x.Rows {
		updatable := p.Admits(p.Principal, "update", x, row)
		for i, o := range x.Owners {
			for _, c := range p.candidates(o) {
				owners := slices.Clone(row.Owners)
				owners[i] = c
				if updatable {
					changes = append(changes, change{row, owners})
				} else {
					futile = append(futile, change{row, owners})
				}
			}
		}
		if updatable && len(x.Owners) > 1 { // several columns at once
			for range 4 {
				var owners []string
				for _, o := range x.Owners {
					owners = append(owners, pick(p.r, p.candidates(o)...))
				}
				changes = append(changes, change{row, owners})
			}
		}
	}
	for _, c := range append(some(p.r, changes, 14), some(p.r, futile, 2)...) {
		var set, where []string
		for i, o := range x.Owners {
			set = append(set, o.Column+" = "+sqlText(c.owners[i]))
			where = append(where, o.Column+" IS NOT DISTINCT FROM "+sqlText(c.owners[i]))
		}
		want := map[reference.Outcome]string{reference.Done: "1 " + c.row.Label, reference.Rejected: "rejected"}[p.HandsOver(p.Principal, x, c.row, c.owners)]
		if want == "" { // filtered: what is there is what was there
			want = "0"
			if slices.Equal(c.owners, c.row.Owners) {
				want = "0 " + c.row.Label
			}
		}
		if p.code != "" {
			want = p.code
		}
		p.out = append(p.out, question{who: p.name, want: want, sql: "SELECT btrim(probe.write(" +
			quoted(fmt.Sprintf("UPDATE %s SET %s WHERE label = '%s'", table, strings.Join(set, ", "), c.row.Label)) + ", " +
			quoted(labels(table, fmt.Sprintf("WHERE label = '%s' AND %s", c.row.Label, strings.Join(where, " AND ")))) + "))"})
	}
}

// handsAllOver changes an owner of every row by a statement that reads no column: PostgreSQL asks no SELECT policy then.
func (p *prober) handsAllOver(x *reference.Resource, table string) {
	for i, o := range x.Owners {
		for _, c := range some(p.r, p.candidates(o), 3) {
			touched := 0
			want := ""
			for _, row := range x.Rows {
				owners := slices.Clone(row.Owners)
				owners[i] = c
				switch p.HandsOver(p.Principal, x, row, owners) {
				case reference.Rejected:
					want = "rejected"
				case reference.Done:
					touched++
				}
			}
			if want == "" {
				want = fmt.Sprint(touched)
			}
			if p.code != "" {
				want = p.code
			}
			p.out = append(p.out, question{who: p.name, want: want, sql: "SELECT btrim(probe.write(" +
				quoted(fmt.Sprintf("UPDATE %s SET %s = %s", table, o.Column, sqlText(c))) + ", $q$SELECT ''$q$))"})
		}
	}
}

// compare fills the database with the world, asks every principal everything, takes the data back, and returns where
// database and reference differ. All of it is one message to the server, so that the statement's clock stands still and
// windows can end at this very moment. broken is SQL that spoils the applied model first.
func (w *randomWorld) compare(ctx context.Context, conn *pgx.Conn, g gates, seed uint64, broken string) (asked int, differences []string, err error) {
	r := rand.New(rand.NewPCG(seed, 2))
	var b strings.Builder
	b.WriteString("BEGIN;\nSET LOCAL timezone = 'UTC';\n")
	b.WriteString(w.sql())
	if w.settled {
		b.WriteString("DELETE FROM rls.graph_change;\n")
	}
	if broken != "" {
		b.WriteString(broken + ";\n")
	}
	var probes []question
	for _, e := range w.entries(g) {
		b.WriteString("SAVEPOINT principal;\n" + e.enter + "\n")
		for _, p := range w.probes(r, e) {
			b.WriteString(p.sql + " AS answer;\n")
			probes = append(probes, p)
		}
		b.WriteString("ROLLBACK TO SAVEPOINT principal;\n")
	}
	b.WriteString("ROLLBACK;")
	results, err := conn.PgConn().Exec(ctx, b.String()).ReadAll()
	if err != nil {
		_, _ = conn.Exec(ctx, "ROLLBACK", pgx.QueryExecModeSimpleProtocol)
		return 0, nil, err
	}
	i := 0
	for _, res := range results {
		if len(res.FieldDescriptions) != 1 || res.FieldDescriptions[0].Name != "answer" {
			continue
		}
		p := probes[i]
		i++
		if got := string(res.Rows[0][0]); got != p.want {
			differences = append(differences, fmt.Sprintf("%s: %s\n    database:  %s\n    reference: %s", p.who, p.sql, got, p.want))
		}
	}
	if i != len(probes) {
		return i, nil, fmt.Errorf("%d answers to %d questions", i, len(probes))
	}
	return i, differences, nil
}
