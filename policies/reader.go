package policies

// ReaderKind says what a Reader is.
type ReaderKind string

// The kinds of readers.
const (
	ReaderView         ReaderKind = "view"
	ReaderMaterialized ReaderKind = "materialized view"
	ReaderFunction     ReaderKind = "function"
	ReaderTrigger      ReaderKind = "trigger"
	ReaderRule         ReaderKind = "rule"
	ReaderDefault      ReaderKind = "default"
	ReaderPublication  ReaderKind = "publication"
	ReaderLogin        ReaderKind = "login" // of an Effect alone
)

// Reader is something of the application's that reads or writes tables by itself, and so may do otherwise once they are
// protected. Tables, views and functions are named by Identity, functions with their argument types behind.
type Reader struct {
	Kind    ReaderKind `json:"kind"`
	Name    string     `json:"name"`            // as Reads of others name it
	Title   string     `json:"title"`           // for people and for statements, quoted: public.v, mine ON public.note
	Table   string     `json:"table,omitempty"` // of a trigger, rule or default
	Owner   string     `json:"owner"`
	AsOwner bool       `json:"as_owner,omitempty"` // reads with the rights of its owner, whoever asks
	Reads   []string   `json:"reads,omitempty"`    // as the server knows it
	May     []string   `json:"may,omitempty"`      // as its text looks like
	Users   []string   `json:"users,omitempty"`    // who else may select from it or call it; "" is PUBLIC
	SaysWho bool       `json:"says_who,omitempty"` // asks for current_user or session_user
	// OverSubSelect is a view that compares a column with a sub-select whose result a function that is not leakproof changes
	// first, as in n = (SELECT '7'::text)::integer: beside a policy that uses no index.
	OverSubSelect bool `json:"over_sub_select,omitempty"`
}

// Outcome is what becomes of what a reader reads.
type Outcome string

// The outcomes, worst first.
const (
	StillSeesAll Outcome = "everything" // as before: a way round the policies for whoever may use it
	SeesNothing  Outcome = "nothing"
	IsFiltered   Outcome = "filtered" // for each principal
	Otherwise    Outcome = "otherwise"
)

// Effect is a reader whose result changes, or should have, once tables are protected.
type Effect struct {
	Kind    ReaderKind `json:"kind"`
	Title   string     `json:"title"`
	Owner   string     `json:"owner"`
	Reads   string     `json:"reads"`  // "as owner" or "as invoker"
	Tables  []string   `json:"tables"` // protected, quoted schema.table
	Outcome Outcome    `json:"outcome"`
	May     bool       `json:"may,omitempty"` // it looks so from the text of a function
	Users   []string   `json:"users,omitempty"`
	Code    Code       `json:"code"`
	Message string     `json:"message"`
	Hint    string     `json:"hint,omitempty"` // an order
}

// Diagnostic is the effect as a remark about the database.
func (e Effect) Diagnostic() Diagnostic {
	s := Note
	if e.Outcome == StillSeesAll || e.Outcome == SeesNothing {
		s = Warning
	}
	return Diagnostic{Code: e.Code, Severity: s, File: "database", Message: e.Message, Hint: e.Hint}
}
