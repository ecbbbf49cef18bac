package pgsession_test

import (
	"testing"

	"github.com/rlsctl/rlsctl/pgsession"
)

func TestLook(t *testing.T) {
	t.Parallel()
	const light, deep, discard = 0, 1, 2
	for sql, want := range map[string]int{
		"":         light,
		"SELECT 1": light,
		"UPDATE t SET a = 1; UPDATE t SET b = 2;":                           light,
		"SET LOCAL x = 1":                                                   light,
		"SET CONSTRAINTS ALL DEFERRED":                                      light,
		"SET TRANSACTION READ ONLY":                                         light,
		"SET x = 1":                                                         discard,
		"set session x = 1":                                                 discard,
		" \n\t(SET x = 1":                                                   discard,
		"-- SELECT\nSET x = 1":                                              discard,
		"/* /* */ SELECT */ SET x = 1":                                      discard,
		"SELECT 1;SET x = 1":                                                discard,
		"SELECT ';' ; SET x = 1":                                            discard,
		"SELECT '/*;'; SET x = 1; SELECT '*/'":                              discard,
		"SELECT '/*'; SET x = 1; SELECT '*/'":                               discard,
		"SELECT 1; /* ; */ SET x = 1":                                       discard,
		"SELECT 1; -- ;\nSET x = 1":                                         discard,
		"SELECT 1; /* a;b */ SET LOCAL x = 1":                               light,
		"SELECT set_config('a.b', $1, true)":                                light,
		"SELECT pg_catalog.set_config('a.b', $1::text, TRUE), 1":            light,
		"SELECT set_config('a.b', $1, $2)":                                  discard,
		"SELECT set_config('a.b', 'x', false)":                              discard,
		"SELECT set_config('a.b', 'true)', false)":                          discard,
		"SELECT set_config('a', 'b', true), set_config('a', 'b', false)":    discard,
		"SELECT set_config('a''', ', true)', false)":                        discard,
		"SELECT set_config(/* set_config('a','b',true) */ 'a', 'b', false)": discard,
		"SELECT SET_CONFIG ( 'a' , 'b' , true )":                            light,
		"SELECT \"set_config\"('a', 'b', false)":                            discard,
		"SELECT U&\"set\\005fconfig\"('a', 'b', false)":                     discard,
		"SELECT pg_try_advisory_lock(1)":                                    deep,
		"CREATE TEMPORARY TABLE t ()":                                       deep,
		"SELECT 1 INTO TEMP t":                                              deep,
		"CALL p()":                                                          deep,
		"DO $$ BEGIN NULL; END $$":                                          deep,
		"DO $$ BEGIN EXECUTE 'x'; END $$":                                   discard,
		"DO $$ BEGIN NULL; EXECUTE 'x'; END $$":                             discard,
		"DO $$ BEGIN SET x = 1; END $$":                                     discard,
		"SELECT 1; DO $$ BEGIN IF true THEN RESET x; END IF; END $$":        discard,
		"LOAD 'x'":                   discard,
		"DISCARD ALL":                discard,
		"DEALLOCATE ALL":             discard,
		"SELECT dblink_connect('x')": discard,
		"SELECT query_to_xml('x', true, true, '')":                              discard,
		"SELECT setseed(0.5)":                                                   discard,
		"INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = excluded.b": light,
	} {
		if got := pgsession.Look(sql); got != want {
			t.Errorf("%q: %d, want %d", sql, got, want)
		}
	}
}
