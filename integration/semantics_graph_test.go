package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// peopleSchema: everybody owns one note of their own name, so the notes that come back are the visible users.
const peopleSchema = `
CREATE SCHEMA app;
CREATE TABLE app.person (id text PRIMARY KEY, boss text, maker text, active boolean NOT NULL DEFAULT true,
    super boolean NOT NULL DEFAULT false);
CREATE TABLE app.team (id text PRIMARY KEY, maker text, share_members boolean, share_creator boolean);
CREATE TABLE app.team_member (team text, person text, since timestamptz, until timestamptz);
CREATE TABLE app.deputy (viewer text, seen text);
CREATE TABLE app.note (id text PRIMARY KEY, owner text);
GRANT SELECT, INSERT, UPDATE, DELETE ON app.note TO {{app}};
`

const peopleModel = `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"]}
users:
  table: app.person
  key: id
  active: active
  superuser: super
  sees: {supervisor: boss, creator: maker%s}
groups:
  table: app.team
  key: id
  creator: maker
  share_members_visibility: share_members
  share_creator_visibility: share_creator
  members: {table: app.team_member, group: team, user: person, from: since, until: until}
%s
resources:
  note: {table: app.note, owner: owner}
grants:
  - {to: authenticated, allow: {note: "*"}}
`

// people writes INSERTs from lines "name", "name<boss", "name by maker", "name<boss by maker" or "name inactive",
// and a note for each person.
func people(lines ...string) string {
	var b strings.Builder
	for _, l := range lines {
		l, inactive := strings.CutSuffix(l, " inactive")
		l, maker, _ := strings.Cut(l, " by ")
		name, boss, _ := strings.Cut(l, "<")
		fmt.Fprintf(&b, "INSERT INTO app.person VALUES ('%s', nullif('%s', ''), nullif('%s', ''), %t);\n", name, boss, maker, !inactive)
		fmt.Fprintf(&b, "INSERT INTO app.note VALUES ('%s', '%s');\n", name, name)
	}
	return b.String()
}

// sight is one case: whom a user sees.
type sight struct {
	sentence string
	who      string
	sees     string
}

// seen compares the notes that come back, rls.visible_users and can_many with what a case says.
func seen(t *testing.T, w *world, cases []sight) {
	t.Helper()
	all := w.rows(t, w.root, "SELECT id FROM app.note")
	for _, c := range cases {
		t.Run(c.who+"/"+c.sentence, func(t *testing.T) {
			w.as(t, c.who, func(tx pgx.Tx) {
				want := strings.Fields(c.sees)
				equal(t, w.rows(t, tx, "SELECT id FROM app.note"), want, "notes of %s: %q", c.who, c.sentence)
				equal(t, w.rows(t, tx, "SELECT user_id FROM rls.visible_users"), want, "rls.visible_users of %s: %q", c.who, c.sentence)
				equal(t, w.rows(t, tx, "SELECT key FROM rls.can_many('read', 'note', $1) WHERE allowed", all), want, "can_many of %s: %q", c.who, c.sentence)
			})
		})
	}
}

func TestGraph(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fmt.Sprintf(peopleModel, "", ""), peopleSchema+
		// one chain of each kind
		people("ceo", "lead<ceo", "dev<lead", "intern<dev", "root", "made by root", "made2 by made")+
		// mixed paths
		people("m_boss", "m_sub<m_boss", "m_new by m_sub", "m_maker", "m_x by m_maker", "m_y<m_x",
			"u_boss", "u_sub<u_boss", "u_new<u_sub by u_sub",
			"z_top", "z_a<z_top", "z_b by z_a", "z_c<z_b by z_top")+
		// groups
		people("g_a", "g_b", "g_c<g_b", "g_maker", "g_far", "g_under<g_maker",
			"g_d", "g_e", "g_f", "g_boss", "g_sub<g_boss", "g_mate", "g_self", "g_other", "g_gone", "g_late")+`
		INSERT INTO app.team VALUES ('both', 'g_maker', true, true), ('far', NULL, true, false),
			('members', 'g_f', true, false), ('creator', 'g_f', false, true), ('silent', 'g_f', false, false),
			('subs', NULL, true, true), ('own', 'g_self', true, true), ('unset', 'g_f', NULL, NULL), ('window', NULL, true, false);
		INSERT INTO app.team_member VALUES ('both', 'g_a'), ('both', 'g_b'), ('far', 'g_b'), ('far', 'g_far'),
			('members', 'g_d'), ('members', 'g_e'), ('subs', 'g_sub'), ('subs', 'g_mate'), ('own', 'g_self'), ('own', 'g_other'),
			('both', 'nobody_of_that_name'), ('no_such_team', 'g_a'), ('no_such_team', 'g_far'), ('members', NULL);
		INSERT INTO app.team_member VALUES ('window', 'g_late', NULL, NULL), ('window', 'g_gone', '2020-01-01', '2021-01-01'),
			('window', 'g_far', '2999-01-01', NULL);`+
		people("p_solo", "p_silent", "p_mate", "p_unset", "p_unmate", "p_creator", "p_comate")+`
		INSERT INTO app.team_member VALUES ('silent', 'p_silent'), ('silent', 'p_mate'), ('unset', 'p_unset'), ('unset', 'p_unmate'),
			('creator', 'p_creator'), ('creator', 'p_comate');`+
		// inactive links
		people("i_boss", "i_mid<i_boss inactive", "i_low<i_mid", "i_maker", "i_made by i_maker inactive", "i_made2 by i_made",
			"i_member", "i_off inactive", "i_chief inactive")+`
		INSERT INTO app.team VALUES ('old', 'i_chief', true, true);
		INSERT INTO app.team_member VALUES ('old', 'i_member'), ('old', 'i_off');`+
		// cycles and self-loops
		people("y1<y2", "y2<y1", "y3<y3", "y4 by y6", "y5 by y4", "y6 by y5", "y7 by y7", "y8<y8", "y9<y8", "ya<yb", "yb by ya")+
		// names that nobody bears
		people("orphan<ghost", "bastard by ghost")+`
		INSERT INTO app.note VALUES ('of_ghost', 'ghost'), ('of_none', NULL);`)

	const (
		separate = `The union of **separate** closures, one per edge kind, not the closure of the union`
		mixed    = `a user *created by my subordinate* is not visible unless one relation alone reaches them`
		supers   = `S(r) = least set with r in S, and x in S, y.supervisor_id = x  =>  y in S`
		creators = `C(r) = least set with r in C, and x in C, y.created_by_id = x  =>  y in C`
		members  = `M(r) = { m : some g has r and m as members and g.share_members_visibility }`
		makers   = `B(r) = { g.created_by_id : r is a member of g and g.share_creator_visibility }`
		oneHop   = `Group shares start from r alone and go one hop.`
		stranger = `The creator of a group who is not a member gains nothing.`
		descend  = "Option `groups_of_descendants` (default off) starts from S(r)+C(r)."
		downward = `Downward only: nobody sees their supervisor or creator through the hierarchy.`
		others   = "`is_active` of *other* users is ignored: inactive users stay visible and the chain runs on through them."
		cycles   = `Cycles and self-loops end`
		nobody   = `A principal that does not exist sees nobody.`
	)
	seen(t, w, []sight{
		{supers, "ceo", "ceo lead dev intern"},
		{supers, "lead", "lead dev intern"},
		{creators, "root", "root made made2"},
		{creators, "made", "made made2"},
		{downward, "intern", "intern"},
		{downward, "made2", "made2"},

		{mixed, "m_boss", "m_boss m_sub"},
		{mixed, "m_sub", "m_sub m_new"},
		{mixed, "m_maker", "m_maker m_x"},
		{mixed, "u_boss", "u_boss u_sub u_new"},
		{separate, "z_top", "z_top z_a z_c"},

		{members, "g_d", "g_d g_e"},
		{members, "g_a", "g_a g_b g_maker"},
		{makers, "g_b", "g_b g_a g_maker g_c g_far"},
		{makers, "p_creator", "p_creator g_f"},
		{oneHop, "g_far", "g_far g_b"},
		{oneHop, "g_e", "g_e g_d"},
		{stranger, "g_maker", "g_maker g_under"},
		{stranger, "g_f", "g_f"},
		{members, "g_self", "g_self g_other"},
		{members, "g_other", "g_other g_self"},
		{members, "p_silent", "p_silent"},
		{members, "p_unset", "p_unset"},
		{members, "g_late", "g_late"},
		{members, "g_gone", "g_gone"},
		{descend, "g_boss", "g_boss g_sub"},
		{members, "g_sub", "g_sub g_mate"},

		{others, "i_boss", "i_boss i_mid i_low"},
		{others, "i_maker", "i_maker i_made i_made2"},
		{others, "i_member", "i_member i_off i_chief"},
		{`the principal is an active user, a service, or anonymous`, "i_mid", ""},

		{cycles, "y1", "y1 y2"},
		{cycles, "y2", "y1 y2"},
		{cycles, "y3", "y3"},
		{cycles, "y5", "y4 y5 y6"},
		{cycles, "y7", "y7"},
		{cycles, "y8", "y8 y9"},
		{cycles, "ya", "ya yb"},
		{cycles, "yb", "yb ya"},

		{nobody, "key:ghost", ""},
	})
	t.Run(nobody, func(t *testing.T) {
		for _, key := range []string{"ghost", "CEO", "ceo ", "' OR true --", "{ceo}", "ceo,lead", "*", "%", "NULL", "null"} {
			w.as(t, "key:"+key, func(tx pgx.Tx) {
				equal(t, w.rows(t, tx, "SELECT id FROM app.note"), nil, "notes of %q", key)
				equal(t, w.rows(t, tx, "SELECT user_id FROM rls.visible_users"), nil, "visible users of %q", key)
				equal(t, w.rows(t, tx, "SELECT rls.can('read', 'note')"), []string{"f"}, "can of %q", key)
			})
		}
	})
	t.Run("through says which relation reaches each", func(t *testing.T) {
		w.as(t, "g_b", func(tx pgx.Tx) {
			equal(t, w.rows(t, tx, "SELECT user_id, through FROM rls.visible_users"), []string{
				"g_b|{self}", "g_a|{member}", "g_c|{supervisor}", "g_far|{member}", "g_maker|{creator_of_group}"}, "through")
		})
		w.as(t, "u_sub", func(tx pgx.Tx) {
			equal(t, w.rows(t, tx, "SELECT user_id, through FROM rls.visible_users"), []string{
				"u_sub|{self}", "u_new|{creator,supervisor}"}, "through")
		})
	})
}

// The same people under models that add edge kinds, merge them, and switch groups_of_descendants on.
func TestGraphOptions(t *testing.T) {
	t.Parallel()
	data := people("a", "b<a", "c by b", "d", "e<d", "f", "g<e", "h by a", "k<h") +
		people("top", "sub<top", "mate", "mate_made by mate", "t_maker", "hired by top", "hired_mate") + `
		INSERT INTO app.deputy VALUES ('b', 'd'), ('d', 'f'), ('f', 'd'), ('g', 'g'), ('a', 'nobody_of_that_name'), ('nobody_of_that_name', 'a'), (NULL, 'a'), ('a', NULL);
		INSERT INTO app.team VALUES ('one', 't_maker', true, true), ('two', NULL, true, false);
		INSERT INTO app.team_member VALUES ('one', 'sub'), ('one', 'mate'), ('two', 'hired'), ('two', 'hired_mate');`

	t.Run("declared", func(t *testing.T) {
		t.Parallel()
		const s = `A model may declare more edge kinds, or merge some into one closure, by name.`
		w := newWorld(t, fmt.Sprintf(peopleModel, ", deputy: {table: app.deputy, viewer: viewer, seen: seen}", ""), peopleSchema+data)
		seen(t, w, []sight{
			{s, "b", "b c d f"}, // deputies are a closure of their own: e and g, below d, are not in it
			{s, "a", "a b h"},   // not what b's deputies see
			{s, "d", "d f e g"},
			{s, "f", "f d"},
			{s, "g", "g"},
		})
	})
	t.Run("merged", func(t *testing.T) {
		t.Parallel()
		const s = `A model may declare more edge kinds, or merge some into one closure, by name.`
		w := newWorld(t, fmt.Sprintf(peopleModel, ", deputy: {table: app.deputy, viewer: viewer, seen: seen}, merged: [supervisor, deputy]", ""), peopleSchema+data)
		seen(t, w, []sight{
			{s, "b", "b c d e f g"},
			{s, "a", "a b d e f g h"}, // c and k need the creator too, which is not merged
			{s, "f", "f d e g"},
			{s, "h", "h k"},
		})
		w.as(t, "b", func(tx pgx.Tx) {
			equal(t, w.rows(t, tx, "SELECT user_id, through FROM rls.visible_users WHERE user_id IN ('c', 'e')"),
				[]string{"c|{creator}", "e|{supervisor+deputy}"}, "through")
		})
	})
	t.Run("all merged", func(t *testing.T) {
		t.Parallel()
		const s = `A model may declare more edge kinds, or merge some into one closure, by name.`
		w := newWorld(t, fmt.Sprintf(peopleModel, ", merged: [[supervisor, creator]]", ""), peopleSchema+data)
		seen(t, w, []sight{{s, "a", "a b c h k"}, {s, "b", "b c"}})
	})
	t.Run("groups_of_descendants", func(t *testing.T) {
		t.Parallel()
		const s = "Option `groups_of_descendants` (default off) starts from S(r)+C(r)."
		w := newWorld(t, fmt.Sprintf(peopleModel, "", "  groups_of_descendants: true"), peopleSchema+data)
		seen(t, w, []sight{
			{s, "top", "top sub mate t_maker hired hired_mate"}, // one hop: not mate_made
			{s, "sub", "sub mate t_maker"},
			{s, "mate", "mate mate_made sub t_maker"},
			{s, "t_maker", "t_maker"},
		})
	})
	t.Run("no groups", func(t *testing.T) {
		t.Parallel()
		model := fmt.Sprintf(peopleModel, "", "")
		i, j := strings.Index(model, "groups:"), strings.Index(model, "resources:")
		w := newWorld(t, model[:i]+model[j:], peopleSchema+data)
		seen(t, w, []sight{{"groups left out: none while users are adopted", "sub", "sub"}, {"groups left out", "top", "top sub hired"}})
	})
}

// TestKernelUsers is the graph over the toolkit's own users and groups.
func TestKernelUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"]}
resources:
  note: {table: app.note, owner: [owner, {group: team}]}
`, `CREATE SCHEMA app;
		CREATE TABLE app.note (id text PRIMARY KEY, owner uuid, team uuid);
		GRANT SELECT, INSERT, UPDATE, DELETE ON app.note TO {{app}};`)
	w.sql(t, `
		INSERT INTO rls."user" (login) VALUES ('ceo'), ('mate'), ('chief'), ('far');
		INSERT INTO rls."user" (login, supervisor_id) SELECT 'lead', id FROM rls."user" WHERE login = 'ceo';
		INSERT INTO rls."user" (login, supervisor_id, is_active) SELECT 'dev', id, false FROM rls."user" WHERE login = 'lead';
		INSERT INTO rls."user" (login, supervisor_id) SELECT 'intern', id FROM rls."user" WHERE login = 'dev';
		INSERT INTO rls."user" (login, created_by_id) SELECT 'made', id FROM rls."user" WHERE login = 'lead';
		INSERT INTO rls."user" (login, is_superuser) VALUES ('root', true);
		INSERT INTO rls."group" (name, created_by_id, share_members_visibility, share_creator_visibility)
			SELECT 'desk', id, true, true FROM rls."user" WHERE login = 'chief';
		INSERT INTO rls."group" (name) VALUES ('silent');
		INSERT INTO rls.group_member SELECT g.id, u.id FROM rls."group" AS g, rls."user" AS u
			WHERE (g.name, u.login) IN (('desk', 'lead'), ('desk', 'mate'), ('silent', 'mate'), ('silent', 'far'));
		INSERT INTO rls."grant" (grantee, action, resource) SELECT 'authenticated', a, 'note' FROM unnest('{create,read,update,delete}'::text[]) AS a;
		INSERT INTO app.note (id, owner) SELECT login, id FROM rls."user";
		INSERT INTO app.note (id, team) SELECT 'of_' || name, id FROM rls."group";`)
	const s = "A model that names no tables of its own uses the kernel's"
	for who, want := range map[string]string{
		"ceo": "ceo lead dev intern", "lead": "lead dev intern made mate chief of_desk", "dev": "", "intern": "intern",
		"mate": "mate lead chief of_desk of_silent", "chief": "chief", "far": "far of_silent",
		"root": "ceo lead dev intern made mate chief far root of_desk of_silent",
	} {
		w.as(t, who, func(tx pgx.Tx) {
			equal(t, w.rows(t, tx, "SELECT id FROM app.note"), strings.Fields(want), "%s: notes of %s", s, who)
		})
	}
	t.Run("a subject names a user", func(t *testing.T) {
		w.sql(t, `UPDATE rls."user" SET subject = 'auth0|7' WHERE login = 'intern'`)
		g := w.shared(t, "app")
		tx := begin(t, g.conn(t))
		if got := one(t, tx, "SELECT rls.enter($1)", g.token("subject", "auth0|7")); got != "user:"+w.key(t, "intern") {
			t.Errorf("entered as %s", got)
		}
		equal(t, w.rows(t, tx, "SELECT id FROM app.note"), []string{"intern"}, "notes")
	})

	const refused = `they are refused on write where the toolkit owns the table, and linted where it does not`
	set := func(who, column, whom string) string {
		return fmt.Sprintf(`UPDATE rls."user" SET %s = (SELECT id FROM rls."user" WHERE login = '%s') WHERE login = '%s'`, column, whom, who)
	}
	for name, c := range map[string]struct{ sql, want string }{
		"self-loop of supervisors": {set("ceo", "supervisor_id", "ceo"), "23514"},
		"self-loop of creators":    {set("ceo", "created_by_id", "ceo"), "23514"},
		"short cycle":              {set("ceo", "supervisor_id", "lead"), "RL020"},
		"long cycle":               {set("ceo", "supervisor_id", "intern"), "RL020"},
		"cycle of creators":        {set("lead", "created_by_id", "made"), "RL020"},
		"a mixed path is no cycle": {set("lead", "supervisor_id", "made"), "touched 1"},
		"a cycle in one statement": {`UPDATE rls."user" AS u SET supervisor_id = (SELECT id FROM rls."user" AS o WHERE o.login = CASE u.login WHEN 'far' THEN 'mate' ELSE 'far' END) WHERE u.login IN ('far', 'mate')`, "RL020"},
	} {
		t.Run(refused+"/"+name, func(t *testing.T) {
			tx, err := w.root.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(t.Context()) //nolint:errcheck // nothing is kept
			if got := w.outcome(t, tx, c.sql); got != c.want {
				t.Errorf("%s: %s, want %s", c.sql, got, c.want)
			}
		})
	}
}
