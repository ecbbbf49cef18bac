package integration

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/internal/pgserver"
	"github.com/rlsctl/rlsctl/internal/pgtest"
)

// cluster is a server of its own on this machine: database roles belong to a whole cluster, and the tests beside this one
// make and drop theirs.
func cluster(t testing.TB) *pgserver.Server {
	t.Helper()
	shared := pgtest.Shared(t)
	if kind := shared.Kind(); kind != pgserver.KindLocal {
		t.Skipf("SKIPPED: NOTHING IS PROVED HERE: a cluster of its own needs server programs here, and the tests run with a server of kind %q", kind)
	}
	s, err := pgserver.Start(t.Context(), pgserver.Options{Prefer: pgserver.KindLocal, Major: shared.Version() / 10000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// tool runs a program of the server's and returns its standard output.
func tool(t testing.TB, s *pgserver.Server, name string, args ...string) string {
	t.Helper()
	out, stderr, err := tryTool(t, s, name, args...)
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, stderr)
	}
	return out
}

func tryTool(t testing.TB, s *pgserver.Server, name string, args ...string) (out, stderr string, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(s.Psql()), name), args...)
	var o, e bytes.Buffer
	cmd.Stdout, cmd.Stderr = &o, &e
	err = cmd.Run()
	return o.String(), e.String(), err
}

// catalogSQL is every row of every catalog that says what is in a database, by names. Columns that only VACUUM and ANALYZE
// keep are left out, and so are numbers that mean nothing outside of one cluster.
var catalogSQL = []struct{ name, sql string }{
	{"namespace", "SELECT n.nspname, n.nspowner::regrole, n.nspacl FROM pg_namespace AS n WHERE n.nspname !~ '^pg_(toast_)?temp'"},
	{"class", `SELECT c.oid::regclass, c.relkind, c.relowner::regrole, c.relacl, c.reloptions, c.relrowsecurity, c.relforcerowsecurity, c.relhastriggers,
		c.relhasrules, c.relhassubclass, c.relispopulated, c.relreplident, c.relispartition, pg_get_expr(c.relpartbound, c.oid), c.relpersistence,
		c.reltablespace, c.relnatts, c.relchecks, c.reltype::regtype FROM pg_class AS c`},
	{"attribute", `SELECT a.attrelid::regclass, a.attnum, a.attname, a.atttypid::regtype, a.attnotnull, a.attisdropped, a.attstattarget, a.attstorage,
		a.attidentity, a.attgenerated, a.attacl, a.attoptions FROM pg_attribute AS a`},
	{"attrdef", "SELECT d.adrelid::regclass, d.adnum, pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef AS d"},
	{"policy", `SELECT p.polrelid::regclass, p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[], pg_get_expr(p.polqual, p.polrelid),
		pg_get_expr(p.polwithcheck, p.polrelid) FROM pg_policy AS p`},
	{"trigger", "SELECT t.tgrelid::regclass, t.tgname, t.tgenabled, t.tgisinternal, pg_get_triggerdef(t.oid) FROM pg_trigger AS t WHERE NOT t.tgisinternal"},
	{"internal triggers", "SELECT t.tgrelid::regclass, t.tgfoid::regproc, t.tgenabled, count(*) FROM pg_trigger AS t WHERE t.tgisinternal GROUP BY 1, 2, 3"},
	{"event trigger", "SELECT e.evtname, e.evtevent, e.evtenabled FROM pg_event_trigger AS e"},
	{"rewrite", "SELECT r.ev_class::regclass, r.rulename, pg_get_ruledef(r.oid) FROM pg_rewrite AS r"},
	{"proc", "SELECT p.oid::regprocedure, p.proowner::regrole, p.proacl, p.prosecdef, p.proconfig, md5(p.prosrc), p.provolatile, p.proparallel, p.proleakproof FROM pg_proc AS p"},
	{"type", "SELECT t.oid::regtype, t.typowner::regrole, t.typacl, t.typtype FROM pg_type AS t"},
	{"constraint", "SELECT c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid) FROM pg_constraint AS c"},
	{"index", "SELECT pg_get_indexdef(i.indexrelid), i.indisvalid FROM pg_index AS i"},
	{"sequence", "SELECT s.seqrelid::regclass, s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle FROM pg_sequence AS s"},
	{"default acl", "SELECT d.defaclrole::regrole, d.defaclnamespace::regnamespace, d.defaclobjtype, d.defaclacl FROM pg_default_acl AS d"},
	{"init privs", "SELECT i.classoid::regclass, pg_describe_object(i.classoid, i.objoid, i.objsubid), i.privtype, i.initprivs FROM pg_init_privs AS i"},
	{"description", "SELECT pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description FROM pg_description AS d"},
	{"shdescription", "SELECT pg_describe_object(d.classoid, d.objoid, 0), d.description FROM pg_shdescription AS d"},
	{"seclabel", "SELECT count(*) FROM pg_seclabel"},
	{"depend", "SELECT d.classid::regclass, d.refclassid::regclass, d.deptype, count(*) FROM pg_depend AS d GROUP BY 1, 2, 3"},
	{"shdepend", `SELECT d.dbid <> 0, d.classid::regclass, CASE WHEN d.dbid <> 0 THEN pg_describe_object(d.classid, d.objid, d.objsubid) END,
		CASE d.refclassid WHEN 'pg_authid'::regclass THEN d.refobjid::regrole::text END, d.deptype FROM pg_shdepend AS d
		WHERE d.dbid IN (0, (SELECT b.oid FROM pg_database AS b WHERE b.datname = current_database()))`},
	{"extension", "SELECT e.extname, e.extversion FROM pg_extension AS e"},
	{"publication", "SELECT p.pubname FROM pg_publication AS p"},
	{"roles", "SELECT a.* FROM (SELECT to_jsonb(a) - 'oid' AS a FROM pg_authid AS a) AS a"},
	{"members", "SELECT m.roleid::regrole, m.member::regrole, m.grantor::regrole, m.admin_option FROM pg_auth_members AS m"},
	{"settings", "SELECT d.datname, s.setrole::regrole, s.setconfig FROM pg_db_role_setting AS s LEFT JOIN pg_database AS d ON d.oid = s.setdatabase"},
	{"database", "SELECT d.datname, d.datdba::regrole, d.datacl, d.datallowconn, d.datconnlimit FROM pg_database AS d"},
	{"large objects", "SELECT count(*) FROM pg_largeobject_metadata"},
}

// sysrows is all of the catalogs as text, one row a line. VACUUM comes before, because flags such as relhastriggers are
// put right by nothing else.
func sysrows(t testing.TB, conn *pgx.Conn) string {
	t.Helper()
	must(t, conn, "VACUUM")
	var b strings.Builder
	for _, c := range catalogSQL {
		out, _, err := collect(t.Context(), conn, "SELECT y.line FROM (SELECT x::text AS line FROM ("+c.sql+") AS x) AS y ORDER BY y.line COLLATE \"C\"")
		if err != nil {
			t.Fatalf("%s: %v", c.name, explain(err))
		}
		for _, row := range out {
			fmt.Fprintf(&b, "%s: %s\n", c.name, row)
		}
	}
	return b.String()
}

var unstable = regexp.MustCompile(`(?m)^\\(un)?restrict .*\n|^-- (Started|Completed) on .*\n`)

// dumps is what the database and its roles look like to pg_dump and pg_dumpall.
func dumps(t testing.TB, s *pgserver.Server, database string) string {
	t.Helper()
	all := tool(t, s, "pg_dump", "--schema-only", "-d", s.URL("", database)) + tool(t, s, "pg_dumpall", "--roles-only", "-d", s.URL("", "postgres"))
	return unstable.ReplaceAllString(all, "")
}

// sameText fails with the lines that are in one text alone.
func sameText(t testing.TB, got, want, what string) {
	t.Helper()
	if got == want {
		return
	}
	count := map[string]int{}
	for l := range strings.SplitSeq(want, "\n") {
		count[l]--
	}
	for l := range strings.SplitSeq(got, "\n") {
		count[l]++
	}
	var diff []string
	for l, n := range count {
		if n != 0 {
			diff = append(diff, fmt.Sprintf("%+d %s", n, l))
		}
	}
	if len(diff) == 0 {
		diff = []string{"only the order differs"}
	}
	t.Errorf("%s: %d lines differ:\n%.6000s", what, len(diff), strings.Join(slices.SortedFunc(slices.Values(diff), func(a, b string) int { return strings.Compare(a[2:], b[2:]) }), "\n"))
}
