package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rlsctl/rlsctl/policies"
)

// guard compiles the trigger function of a table and its triggers.
func (g *compiler) guard(t guarded) {
	if len(t.update) == 0 {
		return
	}
	one := func(branches []string, indent string) string {
		return fmt.Sprintf("refused := CASE\n%[1]s    %[2]s\n%[1]sEND;", indent, strings.Join(branches, "\n"+indent+"    "))
	}
	choose := func(op string, branches []string) string {
		if len(branches) == 0 {
			return ""
		}
		return fmt.Sprintf("\n    WHEN '%s' THEN\n        %s", op, one(branches, "        "))
	}
	directive, computed := g.computed(t)
	name := tableSQL(t.table.Schema, t.table.Name)
	var declared, over string
	if find := g.there(t); find != "" {
		declared = "\n    there " + name + ";"
		over = fmt.Sprintf("\n    IF TG_OP = 'INSERT' AND TG_WHEN = 'BEFORE' AND refused IS NOT NULL THEN\n"+
			"        there := %s; -- then nothing is inserted: it is ON CONFLICT or an error\n"+
			"        IF there IS DISTINCT FROM NULL THEN\n            %s\n        END IF;\n    END IF;",
			find, one(t.over, "            "))
	}
	g.function(function{
		name: t.name,
		comment: fmt.Sprintf("Refuses changes of what %s decides about access, to whoever is no superuser.\n"+
			"Database superusers, maintenance roles and functions of theirs do not come here: see the triggers. What a foreign key\n"+
			"cascades is judged by who caused it.", name),
		returns: "trigger", parallel: "UNSAFE", definer: true,
		body: fmt.Sprintf(`%sDECLARE
    who rls.subject;
    stack text;
    refused text;%s
BEGIN
    IF TG_ARGV[0] = 'cascade' THEN
        GET DIAGNOSTICS stack = PG_CONTEXT;
        IF NOT rls.is_cascade(stack) THEN
            RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
        END IF;
    END IF;
    who := rls.guard_subject();
    IF who.superuser THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;%s
    CASE TG_OP%s%s%s
    ELSE
        NULL;
    END CASE;
    IF TG_OP = 'INSERT' AND who.kind IS NULL AND refused IS NULL THEN
        refused := '';
    END IF;%s
    IF refused IS NULL THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    RAISE EXCEPTION '%% decides about access and is %% by superusers alone',
        CASE refused WHEN '' THEN 'a row' ELSE 'column ' || quote_ident(refused) END || format(' of %%I.%%I', TG_TABLE_SCHEMA, TG_TABLE_NAME),
        CASE TG_OP WHEN 'INSERT' THEN 'set' WHEN 'UPDATE' THEN 'changed' ELSE 'taken away' END
        USING ERRCODE = '42501', SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = refused,
            HINT = CASE WHEN stack IS NULL THEN 'Act as a superuser, or connect as a maintenance role.'
                ELSE 'Change the rows that refer to it first, as a superuser.' END;
END`, directive, declared, computed, choose("UPDATE", t.update), choose("INSERT", t.insert), choose("DELETE", slices.Concat(t.remove, t.reach)), over),
	}, "")
	g.guardTriggers(t)
}

// computed gives NEW and OLD the columns that are computed: before the row none is, and virtual ones never are. What a
// trigger writes into them PostgreSQL throws away.
func (g *compiler) computed(t guarded) (directive, text string) {
	for _, name := range t.read {
		if !g.generated(t.table, name) {
			continue
		}
		c := g.catalog.Table(t.table.Schema, t.table.Name).Column(name)
		when := "TG_OP <> 'DELETE'"
		if !c.Virtual {
			when += " AND TG_WHEN = 'BEFORE'"
		}
		set := func(row, when string) {
			text += fmt.Sprintf("\n    IF %[2]s THEN\n        %[1]s.%[3]s := (SELECT %[4]s FROM (SELECT %[1]s.*) AS t);\n    END IF;", row, when, policies.Ident(name), c.Expression)
		}
		set("NEW", when)
		if c.Virtual {
			set("OLD", "TG_OP <> 'INSERT'")
		}
		directive = "#variable_conflict use_column\n" // its expression names columns alone
	}
	return directive, text
}

// there compiles the look at the row that an INSERT conflicts with, and returns its call; "" where there is none to take.
// Only the row of this very moment says that nothing is inserted, and only as long as nobody can delete it.
func (g *compiler) there(t guarded) string {
	table := g.catalog.Table(t.table.Schema, t.table.Name)
	if len(t.over) == 0 || table == nil {
		return ""
	}
	var keys []string
	for _, key := range g.conflicts(table) {
		var all []string
		for _, name := range key {
			all = append(all, fmt.Sprintf("%s %s given.%s", col(name), equals(*table.Column(name)), policies.Ident(name)))
		}
		keys = append(keys, strings.Join(all, " AND "))
	}
	if len(keys) == 0 {
		return ""
	}
	slices.Sort(keys)
	var list, into []string
	for _, c := range t.read {
		list, into = append(list, col(c)), append(into, "there."+policies.Ident(c))
	}
	name := strings.Replace(t.name, "guard_", "there_", 1)
	// Locked, because whoever is deleting it would let the new one in, to be seen by RETURNING before the guard after the row.
	g.function(function{
		name:    name,
		comment: "The row that a new one would conflict with at this very moment, which stays until this transaction ends.\nCalled by the guards alone.",
		args:    "given record", argTypes: "record", returns: "record", volatile: "VOLATILE", parallel: "UNSAFE",
		body: fmt.Sprintf("DECLARE\n    there %[1]s;\nBEGIN\n    SELECT %[2]s\n    INTO %[3]s\n    FROM %[1]s AS t\n    WHERE %[4]s\n    LIMIT 1\n    FOR KEY SHARE;\n"+
			"    RETURN CASE WHEN FOUND THEN there END;\nEND",
			tableSQL(table.Schema, table.Name), strings.Join(list, ", "), strings.Join(into, ", "), strings.Join(keys, "\n       OR ")),
	}, "")
	return fmt.Sprintf("rls.%s(NEW)", name)
}

// conflicts are the keys of a table that an INSERT can conflict with at once, as far as rls_owner can read and compare them.
func (g *compiler) conflicts(table *policies.Table) (keys [][]string) {
	if slices.ContainsFunc(g.catalog.Parts(table), func(p *policies.Table) bool { return !p.Partition }) {
		return nil // children have no keys in common
	}
	var readable []string
	for _, gt := range g.graphTables() {
		if gt.schema == table.Schema && gt.name == table.Name {
			readable = gt.columns
		}
	}
	all := table.Unique
	if !table.Deferrable {
		all = append([][]string{table.PrimaryKey}, all...)
	}
	for _, key := range all {
		if len(key) > 0 && !slices.ContainsFunc(key, func(name string) bool {
			return table.Schema != "rls" && !slices.Contains(readable, name) || equals(*table.Column(name)) == ""
		}) {
			keys = append(keys, key)
		}
	}
	return keys
}

// locks reports whether rls_owner locks rows of a table of the graph, for which it needs UPDATE on a column, and a policy
// where row security filters it.
func (g *compiler) locks(table *policies.Table) bool {
	return g.model.Users.Guarded() && len(g.conflicts(table)) > 0
}

// guardTriggers compiles the triggers of a guard, on the table and on its heirs: those of a partitioned table are cloned
// to its partitions, but for those of statements.
func (g *compiler) guardTriggers(t guarded) {
	top := g.catalog.Table(t.table.Schema, t.table.Name)
	if top == nil { // the kernel's own, offline
		top = &policies.Table{Schema: t.table.Schema, Name: t.table.Name, Kind: "r"}
	}
	var changed []string
	for _, c := range t.read {
		changed = append(changed, g.differs(t.table, c))
	}
	// Definer functions of those whom the guards do not hold are trusted; what a foreign key of theirs cascades is not.
	trusted := g.trusted()
	final := "(" + strings.Join(changed, " OR ") + ")\n        AND NOT (" + trusted + ")"
	before := final
	if slices.ContainsFunc(t.read, func(c string) bool { return g.generated(t.table, c) }) {
		before = "NOT (" + trusted + ")" // a WHEN before the row may not name them
	}
	parts := g.catalog.Parts(top)
	slices.SortFunc(parts, func(a, b *policies.Table) int {
		return strings.Compare(tableSQL(a.Schema, a.Name), tableSQL(b.Schema, b.Name))
	})
	for _, table := range append([]*policies.Table{top}, parts...) {
		if table.Kind != "r" && table.Kind != "p" { // a foreign partition: its rows are elsewhere, and so are its guards
			continue
		}
		cloned := table != top && table.Partition
		trigger := func(name, when, condition, call string) { g.guardTrigger(table, name, when, condition, call) }
		if !cloned {
			rows := "INSERT"
			if len(t.remove) > 0 {
				rows += " OR DELETE"
			}
			trigger("~rls_guard_update", "BEFORE UPDATE", before, t.name+"()")
			trigger("~rls_guard_rows", "BEFORE "+rows, "NOT ("+trusted+")", t.name+"()")
			trigger("~rls_guard_cascade", "BEFORE UPDATE OR DELETE", "pg_trigger_depth() > 0", t.name+"('cascade')")
			trigger("rls_guard_update", "AFTER UPDATE", final, t.name+"()")
			trigger("rls_guard_insert", "AFTER INSERT", "NOT ("+trusted+")", t.name+"()")
		}
		trigger("rls_guard_truncate", "BEFORE TRUNCATE", "NOT ("+trusted+")", "guard_truncate()")
		if table.Schema != "rls" && g.resourceOf(t.table) == nil {
			g.narrow(table, "")
		}
	}
}

// trusted is true of a database role whom no guard holds, as a condition of triggers: it is judged as whoever runs the
// statement, which a definer function of the toolkit could not tell.
func (g *compiler) trusted() string {
	roles := []string{"'rls_owner'"} // database superusers too
	for _, m := range g.model.Database.MaintenanceRoles {
		roles = append(roles, policies.Literal(m.Value))
	}
	for i, r := range roles {
		roles[i] = "pg_has_role(current_user, " + r + ", 'USAGE')"
	}
	return strings.Join(roles, " OR ")
}

func (g *compiler) guardTrigger(t *policies.Table, name, when, condition, call string) {
	table := tableSQL(t.Schema, t.Name)
	each := "ROW"
	if strings.HasSuffix(when, "TRUNCATE") {
		each = "STATEMENT"
	}
	g.add(policies.Object{
		Kind: policies.KindTrigger, Name: policies.Identity(t.Schema, t.Name, name), Table: table, AsOwner: t.Schema == "rls",
		Title:  fmt.Sprintf("trigger %s on %s", name, table),
		Create: fmt.Sprintf("CREATE TRIGGER %s\n    %s ON %s\n    FOR EACH %s WHEN (%s)\n    EXECUTE FUNCTION rls.%s;", policies.Ident(name), when, table, each, condition, call),
		Drop:   fmt.Sprintf("DROP TRIGGER IF EXISTS %s ON %s;", policies.Ident(name), table),
	})
}
