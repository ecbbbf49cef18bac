package policies

// Directory says where the users and groups of an applied model are, for those who administer them.
type Directory struct {
	Timezone string           `json:"timezone"` // in which a bare date is midnight
	Users    DirectoryUsers   `json:"users"`
	Groups   *DirectoryGroups `json:"groups,omitempty"` // nil: the model has none
}

// DirectoryUsers is the table of users. Names are not quoted.
type DirectoryUsers struct {
	Schema    string          `json:"schema"`
	Table     string          `json:"table"`
	Kernel    bool            `json:"kernel,omitempty"` // the toolkit's own, whose column name holds a name for people
	Key       string          `json:"key"`
	KeyType   string          `json:"key_type"`
	Login     string          `json:"login,omitempty"` // "": the key
	Subject   string          `json:"subject,omitempty"`
	Active    DirectoryFlag   `json:"active"`
	Superuser DirectoryFlag   `json:"superuser"`
	Staff     DirectoryFlag   `json:"staff"`
	Edges     []DirectoryEdge `json:"edges,omitempty"`
}

// DirectoryFlag is a boolean of a row: a column that can be set, or an expression over others. The zero value is one that
// the model leaves out.
type DirectoryFlag struct {
	Column   string `json:"column,omitempty"`   // "": an expression, or nothing
	SQL      string `json:"sql,omitempty"`      // as the model has it
	Compiled string `json:"compiled,omitempty"` // over the row t
}

// DirectoryEdge is a kind of edges: a column of the users table that names the viewer, or a table of pairs.
type DirectoryEdge struct {
	Kind   string `json:"kind"`
	Column string `json:"column,omitempty"`
	Schema string `json:"schema,omitempty"`
	Table  string `json:"table,omitempty"`
	Viewer string `json:"viewer,omitempty"`
	Seen   string `json:"seen,omitempty"`
}

// DirectoryGroups is the table of groups and the one of memberships.
type DirectoryGroups struct {
	Schema        string        `json:"schema"`
	Table         string        `json:"table"`
	Key           string        `json:"key"`
	KeyType       string        `json:"key_type"`
	Name          string        `json:"name,omitempty"` // "": the key
	Creator       string        `json:"creator,omitempty"`
	ShareMembers  DirectoryFlag `json:"share_members"`
	ShareCreator  DirectoryFlag `json:"share_creator"`
	MembersSchema string        `json:"members_schema"`
	MembersTable  string        `json:"members_table"`
	MemberGroup   string        `json:"member_group"`
	MemberUser    string        `json:"member_user"`
	MemberFrom    string        `json:"member_from,omitempty"`
	MemberUntil   string        `json:"member_until,omitempty"`
}
