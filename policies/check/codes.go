package check

import "github.com/rlsctl/rlsctl/policies"

// The codes of this step. A code is for life: it is never given another meaning, and never used again once retired.
// RL290 and above belong to the pipeline.
const (
	// CodeServer is a server older than PostgreSQL 15.
	CodeServer policies.Code = "RL200"
	// CodeUnknownTable is a table or schema that the database does not have.
	CodeUnknownTable policies.Code = "RL201"
	// CodeNotTable is a view, materialized view or foreign table where a table is wanted.
	CodeNotTable policies.Code = "RL202"
	// CodeUnknownColumn is a column that its table does not have.
	CodeUnknownColumn policies.Code = "RL203"
	// CodeKeyType is a key of users or groups of a type that is not supported.
	CodeKeyType policies.Code = "RL204"
	// CodeKey is a key of users or groups that is not a key: not unique, or nullable.
	CodeKey policies.Code = "RL205"
	// CodeTypeMismatch is a column that cannot hold the key it stands for.
	CodeTypeMismatch policies.Code = "RL206"
	// CodeNotUnique is a column that has to name one user or group and may name several.
	CodeNotUnique policies.Code = "RL207"
	// CodeOwner is an owner column that refers to something else than a user or group.
	CodeOwner policies.Code = "RL208"
	// CodeOwnerUnbound is an owner column without a foreign key (warning).
	CodeOwnerUnbound policies.Code = "RL209"
	// CodeNoOwner is a resource without owner (warning).
	CodeNoOwner policies.Code = "RL210"
	// CodeNoKey is a resource without a primary key and without "key" (warning).
	CodeNoKey policies.Code = "RL211"
	// CodeLooseKey is a key of a resource that is not unique, or nullable (warning).
	CodeLooseKey policies.Code = "RL212"
	// CodeNoClientRole is a model without client roles.
	CodeNoClientRole policies.Code = "RL213"
	// CodeUnknownRole is a database role that does not exist.
	CodeUnknownRole policies.Code = "RL214"
	// CodeMightyRole is a database role that row-level security would not bind, or that is not to be used in this place.
	CodeMightyRole policies.Code = "RL215"
	// CodeMembership is a client role or gateway that can become a role which sees more.
	CodeMembership policies.Code = "RL216"
	// CodeTableOwner is a protected table whose owner is not a maintenance role (warning).
	CodeTableOwner policies.Code = "RL217"
	// CodeReserved is a table or schema of the toolkit or of PostgreSQL itself.
	CodeReserved policies.Code = "RL218"
	// CodeInheritance is a resource that is a partition or child, or whose rows a table beside it shares.
	CodeInheritance policies.Code = "RL219"
	// CodeOpenTable is a table of a closed schema that is neither a resource nor open.
	CodeOpenTable policies.Code = "RL220"
	// CodePermissive is a permissive policy made by hand that "keep_policies" does not name.
	CodePermissive policies.Code = "RL221"
	// CodeUnknownPolicy is a name under "keep_policies" that no policy of the table has.
	CodeUnknownPolicy policies.Code = "RL222"
	// CodeRestrictive is a restrictive policy made by hand (note).
	CodeRestrictive policies.Code = "RL223"
	// CodeUnknownResource is a grant on a resource that the model does not have.
	CodeUnknownResource policies.Code = "RL224"
	// CodeUnknownAction is a grant of an action that the resource does not declare.
	CodeUnknownAction policies.Code = "RL225"
	// CodeNoGroups is a group in a model without groups.
	CodeNoGroups policies.Code = "RL226"
	// CodeKernelGroups is the toolkit's own groups beside users that are not its own.
	CodeKernelGroups policies.Code = "RL227"
	// CodeNoIndex is a column that the decision looks up and that no index leads with (warning).
	CodeNoIndex policies.Code = "RL228"
	// CodeNotBoolean is a column of another type than boolean where a condition is wanted.
	CodeNotBoolean policies.Code = "RL229"
	// CodeNotTime is a window column that is neither a date nor a timestamp.
	CodeNotTime policies.Code = "RL230"
	// CodeForeignPart is a foreign table among the partitions of a resource that clients can read by itself.
	CodeForeignPart policies.Code = "RL231"
	// CodeSecondKey is a column that "by" names and that does not tell users apart.
	CodeSecondKey policies.Code = "RL232"
	// CodeLooseCollation is a column whose collation takes different texts for equal, where a text stands for a principal.
	CodeLooseCollation policies.Code = "RL233"
	// CodeLeakyOperator is a column whose index is of no use beside a policy (warning).
	CodeLeakyOperator policies.Code = "RL234"
	// CodeGraphParts is a table of users or groups with children, across which no key is unique.
	CodeGraphParts policies.Code = "RL235"
	// CodeUnknownService is a grant to a service that the model does not have.
	CodeUnknownService policies.Code = "RL239"
	// CodeNoGateway is a gateway of a service that is not registered (note).
	CodeNoGateway policies.Code = "RL240"
	// CodeSightless is a grant to a service that admits no row, because a service sees no owner (warning).
	CodeSightless policies.Code = "RL241"
	// CodeBlind is an action that a service is allowed on rows that it cannot read (warning).
	CodeBlind policies.Code = "RL242"
	// CodeApplication is "authority: application": nobody but the application keeps users from raising themselves (warning).
	CodeApplication policies.Code = "RL245"
	// CodeReadOnce is a constant such as 'today' beside a time: it is read once, when the model is applied.
	CodeReadOnce policies.Code = "RL250"
	// CodeTextTime is a condition that reads a text as a time with a zone: a session can change what the zones in it mean.
	CodeTextTime policies.Code = "RL251"
	// CodeCascade is a foreign key that deletes or changes rows that whoever causes it cannot see (warning).
	CodeCascade policies.Code = "RL248"
	// CodeVirtual is a virtual generated column that the model names as a key, edge or owner.
	CodeVirtual policies.Code = "RL246"
	// CodeComputedOwner is an owner that is a generated column of a table that decides about access.
	CodeComputedOwner policies.Code = "RL247"
)
