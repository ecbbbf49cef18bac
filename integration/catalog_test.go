package integration

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/rlsctl/rlsctl/policies"
	"github.com/rlsctl/rlsctl/policies/pipeline"
)

const catalogSchema = `
CREATE SCHEMA app;
CREATE TABLE app.person (id integer PRIMARY KEY, boss integer, nick text, active boolean NOT NULL DEFAULT true);
CREATE TABLE app.team (id integer PRIMARY KEY, name text);
CREATE TABLE app.team_member (team integer, person integer);
CREATE TABLE app.note (id integer PRIMARY KEY, owner integer REFERENCES app.person, team integer, words text);
CREATE TABLE app."Note ""<&> ü	tab" (id integer, "own""er" integer REFERENCES app.person);
CREATE UNIQUE INDEX ON app.person (nick, id);
CREATE VIEW app.seen AS SELECT * FROM app.note;
CREATE TABLE app.part (id integer, owner integer) PARTITION BY LIST (id);
CREATE TABLE app.part_1 PARTITION OF app.part FOR VALUES IN (1);
CREATE POLICY hand ON app.note USING (words <> 'secret''s literal');
INSERT INTO app.person VALUES (1, NULL, 'row-data-of-anna');
GRANT SELECT, INSERT ON app.note TO {{app}};
GRANT SELECT ON app.note TO {{migrator}}, {{app_ro}};
`

const catalogModel = `
version: 1
database: {client_roles: ["{{app}}"], maintenance_roles: ["{{migrator}}"], schemas: {app: open}}
users: {table: app.person, key: id, sees: {supervisor: boss}}
groups: {table: app.team, key: id, name: name, members: {table: app.team_member, group: team, user: person}}
resources:
  note: {table: app.note, owner: owner, keep_policies: [hand]}
grants:
  - {to: authenticated, allow: {note: [read]}}
`

// The offline check finds what the online one finds, but for what only a server can say of an expression: RL290.
func TestOfflineCheckIsTheOnlineOne(t *testing.T) {
	t.Parallel()
	w := emptyWorld(t, catalogSchema)
	conn := w.admin(t)
	file := func() []byte {
		c, err := pipeline.Inspect(t.Context(), conn)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := pipeline.WriteCatalog(&b, c); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	doc := file()
	if !bytes.Equal(doc, file()) {
		t.Error("two runs over one database differ")
	}
	if bytes.Contains(doc, []byte("row-data-of-anna")) {
		t.Error("the file holds the row of a table")
	}
	c, err := pipeline.ReadCatalog(doc)
	if err != nil {
		t.Fatal(err)
	}
	if c.Table("app", "Note \"<&> ü\ttab") == nil {
		t.Error("a table with an odd name is lost")
	}

	codes := map[policies.Code]bool{}
	for i, change := range [][2]string{
		{"", ""}, {"owner: owner", "owner: ownr"}, {"app.note,", "app.nte,"}, {"app.note,", "app.seen,"}, {"app.note,", "app.part_1,"},
		{"table: app.person, key: id", "table: app.person, key: nick"}, {"table: app.person, key: id", "table: app.person, key: active"},
		{"supervisor: boss", "supervisor: nick"}, {"supervisor: boss", "supervisor: bos"}, {"keep_policies: [hand]", "keep_policies: [hnd]"},
		{", keep_policies: [hand]", ""}, {"app: open", "app: closed"}, {"app: open", "nowhere: closed"}, {`["{{app}}"]`, `["{{app}}", nobody_of_that_name]`},
		{`["{{migrator}}"]`, `[]`}, {`client_roles: ["{{app}}"]`, "client_roles: []"}, {`client_roles: ["{{app}}"]`, "client_roles: [rls_owner]"},
		{"owner: owner", "owner: words"}, {"owner: owner", "owner: team"}, {"owner: owner", "owner: {group: team}"}, {"owner: owner, ", ""},
		{"name: name", "name: nam"}, {"group: team,", "group: words,"}, {"user: person}", "user: prsn}"}, {"allow: {note", "allow: {nte"},
		{"note: [read]", "note: [fly]"}, {"app.note, owner: owner", `'app."Note ""<&> ü	tab"', owner: 'own"er'`},
		{"app.note, owner: owner", `'app."Note ""<&> ü	tab"', owner: owner`}, {"key: id, sees", "key: id, active: active, sees"},
		{"key: id, sees", "key: id, active: nick, sees"}, {"key: id, sees", "key: id, login: nick, sees"}, {"key: id, sees", "key: id, active: \"nick > 1\", sees"},
	} {
		if !strings.Contains(catalogModel, change[0]) {
			t.Fatalf("the model has no %q", change[0])
		}
		m, diags := pipeline.Parse("rls.yaml", []byte(w.text(strings.Replace(catalogModel, change[0], change[1], 1))))
		if diags.HasErrors() && m == nil {
			t.Fatalf("%d: %v", i, diags)
		}
		online, err := pipeline.Check(t.Context(), conn, m)
		if err != nil {
			t.Fatal(explain(err))
		}
		var want policies.Diagnostics
		for _, d := range online {
			codes[d.Code] = true
			if d.Code != pipeline.CodeExpression {
				want = append(want, d)
			} else if !pipeline.HasExpressions(m) {
				t.Error("the offline check does not say that it tries no expression")
			}
		}
		if got, want := fmt.Sprint(pipeline.CheckOffline(m, c)), fmt.Sprint(want); got != want {
			t.Errorf("%q for %q\noffline %s\nonline  %s", change[1], change[0], got, want)
		}
	}
	if len(codes) < 18 || !codes[pipeline.CodeExpression] {
		t.Errorf("the broken models met %d codes: too few to prove anything", len(codes))
	}

	t.Run("a file that is broken", func(t *testing.T) {
		t.Parallel()
		for _, n := range []int{1, 10, len(doc) / 2, len(doc) - 3} {
			if _, err := pipeline.ReadCatalog(doc[:n]); !errors.Is(err, pipeline.ErrCatalogCut) {
				t.Errorf("cut after %d bytes: %v", n, err)
			}
		}
		for text, want := range map[string]error{
			"": pipeline.ErrNoCatalog, "version: 1": pipeline.ErrNoCatalog, "[]": pipeline.ErrNoCatalog, `{"format": 1}`: pipeline.ErrNoCatalog,
			`{"format": 1, "server_version": 150000, "tabels": []}`: pipeline.ErrNoCatalog, `{"format": 2, "anything": {}}`: pipeline.ErrCatalogFormat,
			string(doc) + "{}": pipeline.ErrNoCatalog,
		} {
			if _, err := pipeline.ReadCatalog([]byte(text)); !errors.Is(err, want) {
				t.Errorf("%.40q: %v, want %v", text, err, want)
			}
		}
	})
}
