package check

import "github.com/rlsctl/rlsctl/policies"

// authority warns where the duty to guard what decides about access is handed back.
func (k *checker) authority() {
	if u := k.model.Users; !u.Guarded() {
		k.report(policies.Warning, u.Authority.Pos, CodeApplication,
			"\"authority: application\" lets whoever holds the table privileges change who is superuser, who sees whom and who is a member",
			"remove \"authority\", or take INSERT, UPDATE and DELETE on these tables from client roles")
	}
}
