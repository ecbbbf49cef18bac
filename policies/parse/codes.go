package parse

import "github.com/rlsctl/rlsctl/policies"

// The codes of this step. A code is for life: it is never given another meaning, and never used again once retired.
const (
	// CodeFile is a file that is not read at all: too large, too deep, not UTF-8, empty, or with a character that no
	// name or text may hold.
	CodeFile policies.Code = "RL100"
	// CodeSyntax is a mistake in the YAML itself.
	CodeSyntax policies.Code = "RL101"
	// CodeFeature is YAML that the model does not use: anchors, aliases, merge keys, tags, a second document.
	CodeFeature policies.Code = "RL102"
	// CodeDuplicateKey is a key that stands twice in one map.
	CodeDuplicateKey policies.Code = "RL103"
	// CodeUnknownKey is a key that the model does not know.
	CodeUnknownKey policies.Code = "RL104"
	// CodeVersion is a missing or unknown version of the model's format.
	CodeVersion policies.Code = "RL105"
	// CodeType is a list where a map is wanted, a number where a name is wanted, and the like.
	CodeType policies.Code = "RL106"
	// CodeMissing is a key that has to be there and is not.
	CodeMissing policies.Code = "RL107"
	// CodeUnsupported is a part of the model's contract that this version does not enforce yet.
	CodeUnsupported policies.Code = "RL108"
	// CodeWord is a name of the model (resource, edge kind, action) that is misspelt, too long or reserved.
	CodeWord policies.Code = "RL109"
	// CodeIdentifier is a name of something in the database that PostgreSQL could not hold or that cannot be read.
	CodeIdentifier policies.Code = "RL110"
	// CodeValue is a value outside the list of those allowed.
	CodeValue policies.Code = "RL111"
	// CodeDuplicate is an entry that says again what another entry says.
	CodeDuplicate policies.Code = "RL112"
	// CodeStandardAction is create, read, update or delete declared as an action of a resource's own.
	CodeStandardAction policies.Code = "RL113"
	// CodeGrantee is a grantee that cannot be read.
	CodeGrantee policies.Code = "RL114"
	// CodeTime is a time that cannot be read, or a window that ends before it begins.
	CodeTime policies.Code = "RL115"
	// CodeExpression is an SQL expression with a mistake in its syntax.
	CodeExpression policies.Code = "RL116"
	// CodeConstruct is valid SQL that an expression of the model may not use.
	CodeConstruct policies.Code = "RL117"
	// CodeTimezone is a name that no time zone could have.
	CodeTimezone policies.Code = "RL118"
	// CodeEdge is a merge that names an edge kind which "sees" does not have, or that merges nothing.
	CodeEdge policies.Code = "RL119"
	// CodeTwoRoles is a database role that is both a client role and a maintenance role.
	CodeTwoRoles policies.Code = "RL120"
	// CodeOneTable is a table that two resources claim, or that is a resource and open.
	CodeOneTable policies.Code = "RL121"
	// CodeAbbreviation is a time zone whose name could be an abbreviation: a session can change what those mean.
	CodeAbbreviation policies.Code = "RL122"
)
