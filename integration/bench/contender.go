package main

import "context"

// contender is one way to give every viewer the rows that are theirs. To add one, write a file with such a type and name
// it in contenders.
type contender interface {
	name() string
	// prepare makes what the contender needs in w, whose people and plain tables are loaded.
	prepare(ctx context.Context, w *world) error
	// open returns a session that acts for v, for one goroutine.
	open(ctx context.Context, w *world, v viewer) (session, error)
}

// session answers queries for one viewer.
type session interface {
	// ways are how the contender answers q. Where there are several, the fastest counts.
	ways(q query, id int64) []way
	close()
}

// way is one statement, or whatever else it takes to answer a query.
type way struct {
	form string
	// ask answers, and appends the rows to keep where that is not nil.
	ask func(ctx context.Context, m mode, keep *answer) error
}

// Names that the tables refer to.
const (
	reference = "hand" // what ratios are of
	product   = "ours"
	told      = "ids given" // to whom somebody has said before what the others have to ask
	// leastPolicy asks nothing, and so lets everybody in. No policy that asks once in a statement can cost less.
	leastPolicy = "(SELECT true)"
)

// mayDiffer is a contender whose answers may be incomplete by its own limits. It is reported, and not timed.
type mayDiffer interface{ mayDiffer() }

// contenders are all of them, in the order of the tables. limit bounds those that do not scale.
func contenders(limit timeLimit) []contender {
	return []contender{
		hand{},
		ours{},
		&least{tutorial{title: leastPolicy, role: "least", using: leastPolicy, limit: limit}},
		given{},
		&tutorial{title: "wrapped array", role: "wrapped", using: "owner = ANY ((SELECT app.my_ids())::{KEY}[])", limit: limit},
		&tutorial{title: "IN (SELECT)", role: "insub", using: "owner IN (SELECT app.my_id_rows())", limit: limit},
		&tutorial{title: "function per row", role: "perrow", using: "(SELECT app.is_superuser()) OR app.can_see(owner)", limit: limit},
	}
}
