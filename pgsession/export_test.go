package pgsession

import "encoding/hex"

// Seal signs any text as if it were the body of a token.
func Seal(k Key, body string) string {
	return body + "|" + hex.EncodeToString(k.sign(nil, []byte(body)))
}

// What tests of this package look at.
var (
	FingerprintSQL = fingerprintSQL
	ThoroughSQL    = thoroughSQL
	RestSQL        = restSQL
)

// Look is the judgement of a statement by its text: 0 light, 1 deep, 2 close the connection.
func Look(sql string) int { return int(look(sql)) }
