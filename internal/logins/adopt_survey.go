package logins

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed adopt.sql
var surveySQL string

// survey is what a login has that is to be adopted, as adopt.sql tells it.
type survey struct {
	Version int `json:"version"`
	Me      struct {
		Name      string `json:"name"`
		Superuser bool   `json:"superuser"`
		CreateDB  bool   `json:"create_db"`
	} `json:"me"` // who runs this
	Database struct {
		Name  string `json:"name"`
		Owner string `json:"owner"`
	} `json:"database"`
	Login       *surveyRole            `json:"login"`
	Roles       map[string]*surveyRole `json:"roles"` // of the client role and the owner, those that exist
	Memberships []surveyMembership     `json:"memberships"`
	Members     []string               `json:"members"` // that can become the login
	Dangers     []struct {
		Via, Role, Problem string
	} `json:"dangers"` // of the memberships that stay
	Reached       []string        `json:"reached"`
	OwnerReaches  []string        `json:"owner_reaches"`
	ClientReaches []string        `json:"client_reaches"`
	Lost          []string        `json:"lost"` // roles whose privileges the login has, and that its client role will not be a member of
	Entries       []surveyEntry   `json:"entries"`
	Owned         []surveyOwned   `json:"owned"`
	Creates       map[string]bool `json:"creates"` // by schema: whether the owner, or the login where that is new, may create in it
	Schemas       []struct {
		Name, Owner    string
		Direct, Public bool
	} `json:"schemas"` // that the login may use
	Connects bool            `json:"connects"` // whether it may connect by itself or as PUBLIC
	Defaults []surveyDefault `json:"defaults"`
	Policies []struct {
		Name, Table, Owner string
		Roles              []string
	} `json:"policies"`
	Settings   []string `json:"settings"`
	SearchPath string   `json:"search_path"`
	OwnPath    *string  `json:"own_path"` // as set for the login in this database
	OwnSchema  bool     `json:"own_schema"`
	Elsewhere  []struct {
		Database string
		Owns     bool
	} `json:"elsewhere"`
	Sessions int      `json:"sessions"`
	Mappings []string `json:"mappings"`
	Definers []string `json:"definers"`
	Touched  []string `json:"touched"` // schemas and tables that are owned or have privileges that move, every part quoted
}

type surveyRole struct {
	CanLogin    bool `json:"can_login"`
	Inherit     bool `json:"inherit"`
	Superuser   bool `json:"superuser"`
	Bypass      bool `json:"bypass"`
	CreateRole  bool `json:"create_role"`
	CreateDB    bool `json:"create_db"`
	Replication bool `json:"replication"`
}

type surveyMembership struct {
	Of, Grantor         string
	Admin, Inherit, Set bool
	Leaves              bool
}

// surveyEntry is one privilege of one grantee on one object, or one column of it.
type surveyEntry struct {
	Kind, Identity, Part, Schema string
	System                       bool // PostgreSQL's own, or an extension's
	Owner, Grantor, Grantee      string
	Public                       bool
	Privilege                    string
	Grantable                    bool
}

// everybodys reports whether it is a privilege of PUBLIC that a bare login must not have.
func (e surveyEntry) everybodys() bool {
	return e.Public && !e.System && (e.Kind == "TABLE" || e.Kind == "SEQUENCE" || e.Kind == "SCHEMA" && e.Privilege == "CREATE")
}

type surveyOwned struct {
	Type, Identity, Schema string
	Linked                 bool // a sequence that goes with its table
	Here                   bool // not another database
}

// surveyDefault is what a role's objects of one type are born with. Base is what they would be born with otherwise.
type surveyDefault struct {
	Role, Schema, Type string
	Has, Base          []surveyBorn
}

type surveyBorn struct {
	Grantee   string
	Public    bool
	Privilege string
	Grantable bool
}

// look surveys a login.
func (c *change) look(ctx context.Context, login, client, owner string, leave []string) (*survey, error) {
	var doc []byte
	if err := c.tx.QueryRow(ctx, surveySQL, login, client, owner, append([]string{}, leave...)).Scan(&doc); err != nil {
		return nil, fmt.Errorf("look at what %q has: %w", login, err)
	}
	s := &survey{}
	if err := json.Unmarshal(doc, s); err != nil {
		return nil, fmt.Errorf("look at what %q has: %w", login, err)
	}
	return s, nil
}
