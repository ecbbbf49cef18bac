// Package policies holds the nouns of the toolkit: the model a user writes, the catalog of a live database,
// the objects that are compiled from the one for the other, and the plan that leads there.
//
// It has no behaviour beyond naming and quoting, and imports no driver. The verbs live in the sub-packages:
// parse, check, compile, inspect, diff and apply; pipeline joins them.
package policies
