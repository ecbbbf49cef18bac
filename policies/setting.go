package policies

import "strings"

// Setting is a parameter of the server with its value.
type Setting struct{ Name, Value string }

// Pins returns the settings that the value of a condition can depend on and that any client can change, as they are
// wherever a condition is judged. zone is the time zone of the model; "" is UTC. A function that is called with a time
// zone of its own is safe from zones that a session defines, unlike AT TIME ZONE with a name: from PostgreSQL 18 on
// abbreviations of the session's zone come first there.
//
// Not timezone_abbreviations: setting it reads a file, which takes a third of a millisecond. What depends on it is refused.
func Pins(zone string) []Setting {
	if zone == "" {
		zone = "UTC"
	}
	return []Setting{
		{"TimeZone", zone}, {"DateStyle", "ISO, MDY"}, {"IntervalStyle", "postgres"}, {"bytea_output", "hex"}, {"extra_float_digits", "1"},
		{"lc_monetary", "C"}, {"lc_numeric", "C"}, {"lc_time", "C"}, {"array_nulls", "on"}, {"transform_null_equals", "off"},
		{"gin_fuzzy_search_limit", "0"}, // rows that an index leaves out
	}
}

// PinSQL sets s for the rest of a transaction.
func PinSQL(s []Setting) string {
	calls := make([]string, len(s))
	for i, x := range s {
		calls[i] = "pg_catalog.set_config(" + Literal(x.Name) + ", " + Literal(x.Value) + ", true)"
	}
	return "SELECT " + strings.Join(calls, ", ")
}

// Abbreviated reports whether a name of a time zone could be taken for an abbreviation, which counts before the name. What
// those mean is up to timezone_abbreviations, which any client can set; none has a slash, and UTC is the same in all.
func Abbreviated(zone string) bool { return zone != "UTC" && !strings.Contains(zone, "/") }
