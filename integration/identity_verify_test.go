package integration

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rlsctl/rlsctl/pgsession"
)

// TestVerifiersAgree: "the verifiers in Go and SQL agree on every input". Thousands of mutated tokens, most of them
// signed again so that every check behind the signature is reached.
func TestVerifiersAgree(t *testing.T) {
	t.Parallel()
	w := newWorld(t, identityModel, identitySchema)
	g := w.gateway(t, "mailer")
	key, err := pgsession.NewKey(g.keyID, g.key)
	if err != nil {
		t.Fatal(err)
	}
	conn := g.conn(t)
	must(t, conn, `CREATE FUNCTION pg_temp.judge(tokens text[]) RETURNS text[] LANGUAGE plpgsql AS $$
		DECLARE one text; o record; out text[] := '{}'; BEGIN
			FOREACH one IN ARRAY tokens LOOP
				BEGIN
					SELECT * INTO o FROM rls.open_token(one);
					out := out || array_to_string((string_to_array(o.context, '|'))[1:7], '|');
				EXCEPTION WHEN OTHERS THEN out := out || SQLSTATE::text;
				END;
			END LOOP;
			RETURN out;
		END $$`)

	rnd := rand.New(rand.NewPCG(20261121, 7)) //nolint:gosec // the same tokens at every run
	const rounds, batch = 16, 400
	counts := map[string]int{}
	for range rounds {
		now := time.Now()
		var tokens []string
		for len(tokens) < batch {
			token := mutate(rnd, base(rnd, g, now, conn.PgConn().PID()), g)
			if utf8.ValidString(token) && !strings.ContainsRune(token, 0) && !boundary(token, now) {
				tokens = append(tokens, token)
			}
		}
		var verdicts []string
		if err := conn.QueryRow(t.Context(), "SELECT pg_temp.judge($1)", tokens).Scan(&verdicts); err != nil {
			t.Fatal(explain(err))
		}
		for i, token := range tokens {
			want := judge(token, key, now, conn.PgConn().PID())
			if verdicts[i] != want {
				t.Errorf("%.300q\n  SQL %s\n  Go  %s", token, verdicts[i], want)
			}
			counts[want[:min(5, len(want))]]++
		}
	}
	t.Logf("verdicts: %v", counts)
	for _, v := range []string{"RL002", "RL003", "RL005", "user|", "anony", "servi"} {
		if counts[v] < 20 {
			t.Errorf("%d verdicts %s of %d: the tokens are too much alike", counts[v], v, rounds*batch)
		}
	}

	t.Run("bytes that are no text do not reach the verifier, and Go refuses them", func(t *testing.T) {
		for _, token := range []string{"rls1|k1\xff|", "rls1\x00", string([]byte{0xc0, 0xaf})} {
			if _, err := conn.Exec(t.Context(), "SELECT rls.open_token($1)", token); sqlstate(err) != "22021" {
				t.Errorf("SQL: %q: %v", token, err)
			}
			if _, err := pgsession.Verify(token, key, time.Now()); !errors.Is(err, pgsession.ErrTokenRefused) {
				t.Errorf("Go: %q: %v", token, err)
			}
		}
	})
}

// judge is the verdict of Go in the words of SQL, and what the database alone knows: services, attributes, which backend it is,
// and who has a subject.
func judge(token string, key pgsession.Key, now time.Time, pid uint32) string {
	c, err := pgsession.Verify(token, key, now)
	switch {
	case errors.Is(err, pgsession.ErrExpired):
		return "RL002"
	case err != nil:
		return "RL003"
	}
	for name, value := range c.Attributes {
		if !declared(name, value) {
			return "RL003"
		}
	}
	if c.Backend != 0 && c.Backend != pid {
		return "RL003"
	}
	f := strings.Split(token, "|")
	principal, _ := hex.DecodeString(f[4])
	switch f[3] {
	case "service":
		if string(principal) != "mailer" {
			return "RL003"
		}
	case "subject":
		who, ok := strings.CutPrefix(string(principal), "idp|")
		if !ok || !strings.Contains("boss sub other off root", who) || who == "" || strings.ContainsAny(who, " ") {
			return "RL005"
		}
		f[3], f[4] = "user", hex.EncodeToString([]byte(who))
	}
	// The claims that Go read, written again: what it read wrongly would differ here.
	h := func(s string) string { return hex.EncodeToString([]byte(s)) }
	factor := "0"
	if c.SecondFactor {
		factor = "1"
	}
	var attributes []string
	for pair := range strings.SplitSeq(f[8], ",") {
		if name, _, ok := strings.Cut(pair, "="); ok && name != "rls_backend" {
			attributes = append(attributes, name+"="+h(c.Attributes[name]))
		}
	}
	return strings.Join([]string{f[3], f[4], "token", h(c.Tenant), h(c.ClientAddr), factor, strings.Join(attributes, ",")}, "|")
}

// declared says that identityModel has such an attribute.
func declared(name, value string) bool {
	form, ok := map[string]string{
		"ip_zone": "(?s).*", "a": "(?s).*", "b": "(?s).*", "level": "-?[0-9]{1,18}", "flag": "true|false",
		"device": "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
	}[name]
	return ok && regexp.MustCompile(`\A(?:`+form+`)\z`).MatchString(value)
}

// boundary says that the two clocks could disagree about a token.
func boundary(token string, now time.Time) bool {
	f := strings.Split(token, "|")
	if len(f) < 3 {
		return false
	}
	n, err := strconv.ParseInt(f[2], 10, 64)
	if err != nil {
		return false
	}
	d := n - now.Unix()
	return (d > -15 && d < 15) || (d > 55 && d < 75)
}

var pieces = []string{"boss", "sub", "idp|boss", "idp|sub", "idp|", "mailer", "ünïcode", "a\x00b", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xef\xbf\xbf", "\U0010ffff", "",
	" ", "|", "'", "\\", "\n", strings.Repeat("x", 511), strings.Repeat("x", 512), strings.Repeat("x", 513), "é" + strings.Repeat("x", 510), "é" + strings.Repeat("x", 511)}

// base is a token that would pass, or nearly so.
func base(rnd *rand.Rand, g *gateway, now time.Time, pid uint32) string {
	pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
	h := func(s string) string { return hex.EncodeToString([]byte(s)) }
	kind := pick("user", "user", "subject", "service", "anonymous")
	who := pick("boss", "sub", "root", "nobody at all", pieces[rnd.IntN(len(pieces))])
	switch kind {
	case "subject":
		who = pick("idp|boss", "idp|off", "idp|nobody", pieces[rnd.IntN(len(pieces))])
	case "service":
		who = pick("mailer", "mailer", "cron")
	case "anonymous":
		who = pick("", "", "", "x")
	}
	in := []int64{30, 30, 30, 45, 20, -60, 100, 3600, -100000}[rnd.IntN(9)]
	tenant, client, attributes := "", "", ""
	if rnd.IntN(3) == 0 {
		tenant = h(pieces[rnd.IntN(len(pieces))])
	}
	if rnd.IntN(3) == 0 {
		client = h(pick("192.0.2.1", "2001:db8::1", pieces[rnd.IntN(len(pieces))]))
	}
	if rnd.IntN(3) == 0 {
		attributes = pick("a=61", "a=,b=62", "ip_zone=6575", "a=61,a=62", "b=61,a=62", "a1=61,a_=62", "a_=61,a1=62", "a=61,ab=62,b=63", "A=61", "a=6", "a", "=61", "a=61,", ",a=61", "a==61", "a=ff",
			strings.Repeat("a", 63)+"=61", strings.Repeat("a", 64)+"=61", "flag="+h("true"), "flag="+h("TRUE"), "level="+h("-12"), "level="+h("1e3"), "level="+h("12\n"), "level=",
			"device="+h("123e4567-e89b-12d3-a456-426614174000"), "device="+h("123e4567e89b12d3a456426614174000"),
			"rls_backend="+h(fmt.Sprint(pid)), "ip_zone=6575,rls_backend="+h(fmt.Sprint(pid)), "rls_backend="+h(fmt.Sprint(pid))+",zone=61",
			"rls_backend="+h(fmt.Sprint(pid+1)), "rls_backend="+h("0"+fmt.Sprint(pid)), "rls_backend=", "rls_other=61", "rls_=", "a="+h(pieces[rnd.IntN(len(pieces))]), "_a=61", "1a=61", "a-b=61")
	}
	return sign(g.key, strings.Join([]string{"rls1", g.keyID, fmt.Sprint(now.Unix() + in), kind, h(who), tenant, client, pick("0", "0", "1"), attributes}, "|"))
}

// mutate changes a token in up to three ways, and signs most of them again.
func mutate(rnd *rand.Rand, token string, g *gateway) string {
	const alphabet = "0123456789abcdefABCDEF|=,_- krlsuerjntoymv\n\t+.é\\'\"xX"
	letters := []rune(alphabet)
	f := strings.Split(token, "|")
	body := strings.Join(f[:len(f)-1], "|")
	for range rnd.IntN(3) {
		switch rnd.IntN(9) {
		case 0: // replace a byte
			if i := rnd.IntN(len(body)); body[i] < utf8.RuneSelf {
				body = body[:i] + string(letters[rnd.IntN(len(letters))]) + body[i+1:]
			}
		case 1: // insert one
			if i := rnd.IntN(len(body)); body[i] < utf8.RuneSelf {
				body = body[:i] + string(letters[rnd.IntN(len(letters))]) + body[i:]
			}
		case 2: // delete one
			if i := rnd.IntN(len(body)); body[i] < utf8.RuneSelf && len(body) > 1 {
				body = body[:i] + body[i+1:]
			}
		case 3: // swap two fields
			p := strings.Split(body, "|")
			i, j := rnd.IntN(len(p)), rnd.IntN(len(p))
			p[i], p[j] = p[j], p[i]
			body = strings.Join(p, "|")
		case 4: // repeat a field
			p := strings.Split(body, "|")
			i := rnd.IntN(len(p))
			body = strings.Join(append(p[:i:i], append([]string{p[i]}, p[i:]...)...), "|")
		case 5: // empty a field
			p := strings.Split(body, "|")
			p[rnd.IntN(len(p))] = ""
			body = strings.Join(p, "|")
		case 6: // another text in a field of texts
			p := strings.Split(body, "|")
			if len(p) == 9 {
				p[4+rnd.IntN(3)] = hex.EncodeToString([]byte(pieces[rnd.IntN(len(pieces))]))
			}
			body = strings.Join(p, "|")
		case 7: // another number
			p := strings.Split(body, "|")
			if len(p) == 9 {
				p[2] = []string{"0", "1", "01", "-1", "+1800000000", "1e9", "999999999999", "1000000000000", "9223372036854775808", " 1800000000", "1800000000.0", "0x6b49d200", "١٢٣"}[rnd.IntN(13)]
			}
			body = strings.Join(p, "|")
		case 8: // very long
			p := strings.Split(body, "|")
			if len(p) == 9 {
				room := 8192 - 65 - len(body) + len(p[5]) + rnd.IntN(5) - 2
				p[5] = strings.Repeat("61", max(0, room/2))
			}
			body = strings.Join(p, "|")
		}
	}
	switch rnd.IntN(10) {
	case 0:
		return body + "|" + f[len(f)-1]
	case 1:
		signed := sign(g.key, body)
		i := rnd.IntN(len(signed))
		if signed[i] >= utf8.RuneSelf {
			return signed
		}
		return signed[:i] + string(letters[rnd.IntN(len(letters))]) + signed[i+1:]
	case 2:
		return strings.ToUpper(sign(g.key, body))
	}
	return sign(g.key, body)
}

// TestVectors: the tokens of docs/token.md, minted by the harness and by the Go session, and verified.
func TestVectors(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "docs", "token.md"))
	if err != nil {
		t.Fatal(err)
	}
	key := make([]byte, 32)
	for i := range key {
		key[i] = byte(i)
	}
	k, err := pgsession.NewKey("k1", key)
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("`(rls1\\\\\\|k1\\\\\\|[^`]+)`").FindAllStringSubmatch(string(page), -1)
	if len(found) < 4 {
		t.Fatalf("%d vectors in the page", len(found))
	}
	for _, m := range found {
		token := strings.ReplaceAll(m[1], `\|`, "|")
		body := token[:strings.LastIndexByte(token, '|')]
		if got := sign(key, body); got != token {
			t.Errorf("signed %s, the page has %s", got, token)
		}
		at := time.Unix(1800000000-30, 0)
		c, err := pgsession.Verify(token, k, at)
		if err != nil {
			t.Errorf("%s: %v", token, err)
			continue
		}
		if again, err := pgsession.Mint(k, c); err != nil || again != token {
			t.Errorf("minted %s (%v), the page has %s", again, err, token)
		}
	}
}
