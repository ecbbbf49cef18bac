package pgsession_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rlsctl/rlsctl/pgsession"
)

var vectorTime = time.Unix(1800000000, 0)

func vectorKey(t testing.TB) pgsession.Key {
	t.Helper()
	secret := make([]byte, 32)
	for i := range secret {
		secret[i] = byte(i)
	}
	k, err := pgsession.NewKey("k1", secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestVectors(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "docs", "token.md"))
	if err != nil {
		t.Fatal(err)
	}
	claims := []pgsession.Claims{
		{Principal: pgsession.User(42)},
		{Principal: pgsession.Subject("auth0|7"), ClientAddr: "192.0.2.1", SecondFactor: true},
		{Principal: pgsession.Anonymous()},
		{Principal: pgsession.User("änn"), Tenant: "acme", Attributes: map[string]string{"ip_zone": "eu"}},
		{Principal: pgsession.User(42), Attributes: map[string]string{"ip_zone": "eu", "zone": ""}, Backend: 4711},
	}
	vectors := regexp.MustCompile("`(rls1(?:\\\\\\||[^`])*[0-9a-f]{64})`").FindAllStringSubmatch(string(page), -1)
	if len(vectors) != len(claims) {
		t.Fatalf("docs/token.md has %d vectors, this test %d", len(vectors), len(claims))
	}
	for i, c := range claims {
		want := strings.ReplaceAll(vectors[i][1], `\|`, "|")
		c.Expires = vectorTime
		if got, err := pgsession.Mint(vectorKey(t), c); err != nil || got != want {
			t.Errorf("Mint(%v):\n%s, want\n%s: %v", c.Principal, got, want, err)
		}
		got, err := pgsession.Verify(want, vectorKey(t), vectorTime.Add(-time.Minute))
		if err != nil || got.Principal != c.Principal || got.Tenant != c.Tenant || got.ClientAddr != c.ClientAddr ||
			got.SecondFactor != c.SecondFactor || got.Backend != c.Backend || !maps.Equal(got.Attributes, c.Attributes) || !got.Expires.Equal(c.Expires) {
			t.Errorf("Verify(%s) = %+v, want %+v: %v", want, got, c, err)
		}
		for now, want := range map[time.Time]error{
			vectorTime: pgsession.ErrExpired, vectorTime.Add(-time.Nanosecond): nil,
			vectorTime.Add(-time.Minute - time.Nanosecond): pgsession.ErrTokenRefused,
		} {
			if _, err := pgsession.Verify(got2(t, c), vectorKey(t), now); !errors.Is(err, want) {
				t.Errorf("Verify at %s: %v, want %v", now, err, want)
			}
		}
	}
}

func got2(t testing.TB, c pgsession.Claims) string {
	t.Helper()
	token, err := pgsession.Mint(vectorKey(t), c)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestMintRefuses(t *testing.T) {
	t.Parallel()
	good := pgsession.Claims{Principal: anna, Expires: vectorTime}
	with := func(change func(*pgsession.Claims)) pgsession.Claims {
		c := good
		change(&c)
		return c
	}
	for name, c := range map[string]struct {
		claims pgsession.Claims
		want   error
	}{
		"nobody":              {with(func(c *pgsession.Claims) { c.Principal = pgsession.Principal{} }), pgsession.ErrNoPrincipal},
		"no key":              {with(func(c *pgsession.Claims) { c.Principal = pgsession.User(nil) }), pgsession.ErrBadPrincipal},
		"tenant with NUL":     {with(func(c *pgsession.Claims) { c.Tenant = "a\x00" }), pgsession.ErrBadClaim},
		"address not UTF-8":   {with(func(c *pgsession.Claims) { c.ClientAddr = "\xff" }), pgsession.ErrBadClaim},
		"name of attribute":   {with(func(c *pgsession.Claims) { c.Attributes = map[string]string{"A": ""} }), pgsession.ErrBadClaim},
		"long attribute name": {with(func(c *pgsession.Claims) { c.Attributes = map[string]string{strings.Repeat("a", 64): ""} }), pgsession.ErrBadClaim},
		"too long":            {with(func(c *pgsession.Claims) { c.Tenant = strings.Repeat("a", 4096) }), pgsession.ErrBadClaim},
		"no expiry":           {with(func(c *pgsession.Claims) { c.Expires = time.Time{} }), pgsession.ErrBadClaim},
	} {
		if _, err := pgsession.Mint(vectorKey(t), c.claims); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := pgsession.Mint(pgsession.Key{}, good); !errors.Is(err, pgsession.ErrBadKey) {
		t.Errorf("no key: %v", err)
	}
}

// FuzzVerify checks that nothing panics, and that whatever passes is the one way to write its claims.
func FuzzVerify(f *testing.F) {
	key := vectorKey(f)
	for _, c := range []pgsession.Claims{
		{Principal: anna}, {Principal: pgsession.Anonymous(), Tenant: "t"},
		{Principal: pgsession.Service("jobs"), Attributes: map[string]string{"a": "", "b": "x"}},
	} {
		c.Expires = vectorTime
		f.Add(got2(f, c))
	}
	f.Fuzz(func(t *testing.T, token string) {
		c, err := pgsession.Verify(token, key, vectorTime.Add(-time.Second))
		if err != nil {
			if !errors.Is(err, pgsession.ErrTokenRefused) && !errors.Is(err, pgsession.ErrExpired) {
				t.Errorf("unnamed error %v", err)
			}
			return
		}
		if again, err := pgsession.Mint(key, c); err != nil || again != token {
			t.Errorf("%q passes and is written %q: %v", token, again, err)
		}
	})
}

// TestVerifyAgrees lets Go and SQL judge the same tokens.
func TestVerifyAgrees(t *testing.T) {
	t.Parallel()
	db, login := gateway(t)
	db.Exec(t, `CREATE FUNCTION public.judge(token text) RETURNS text LANGUAGE plpgsql AS $$
		BEGIN PERFORM rls.open_token(token); RETURN 'ok';
		EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE; END $$`)
	key := keyOf(t, "k1", 'k')
	pool := newPool(t, db, login, 1, nil)
	tokens := disturbed(key)
	rows, err := pool.Query(t.Context(), "SELECT j FROM unnest($1::text[]) WITH ORDINALITY AS u(t, n), judge(t) AS j ORDER BY n", tokens)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	judged := map[string]int{}
	for i := 0; rows.Next(); i++ {
		var said string
		if err := rows.Scan(&said); err != nil {
			t.Fatal(err)
		}
		if said == "RL005" { // the token is good, the subject unknown
			said = "ok"
		}
		want := "ok"
		switch _, err := pgsession.Verify(tokens[i], key, time.Now()); {
		case errors.Is(err, pgsession.ErrExpired):
			want = "RL002"
		case err != nil:
			want = "RL003"
		}
		judged[said]++
		if said != want {
			t.Errorf("%q: SQL says %s, Go %s", tokens[i], said, want)
		}
	}
	if rows.Err() != nil || judged["ok"] == 0 || judged["RL002"] == 0 || judged["RL003"] == 0 {
		t.Errorf("one-sided: %v: %v", judged, rows.Err())
	}
	t.Log(judged)
}

// disturbed are tokens of every shape, many of them signed although they should not be.
func disturbed(key pgsession.Key) []string {
	pick := func(of ...string) string { return of[rand.N(len(of))] }
	var tokens []string
	for range 3000 {
		field := []string{
			pick("rls1", "rls1", "rls1", "rls1", "rls2", ""), pick("k1", "k1", "k1", "k1", "k1", "k2", "", "k 1", "é"),
			fmt.Sprint(time.Now().Unix() + int64([]int{-10, 0, 10, 30, 50, 100}[rand.N(6)])),
			pick("user", "user", "subject", "anonymous", "anonymous", "root", "User"),
			pick("61", "", "", "616e6e61", "6", "6A", "ff", "00", "c3a4", "eda080", strings.Repeat("61", 512), strings.Repeat("61", 513)),
			pick("", "", "", "61", "fe", "00", "g0"), pick("", "", "", "61", "c0af", "f5808080"),
			pick("0", "0", "1", "2", "", "01"),
			pick("", "", "", "a=", "a=61", "a=61,b=62", "b=61,a=62", "a=61,a=62", "a=00", "a=ff", "A=61", "a=6", "a", "=61", "a=61,", ",a=61",
				"_a=61", "a_1=61", strings.Repeat("a", 63)+"=", strings.Repeat("a", 64)+"=", "a=61,a1=61,a_=61", "a_=61,a1=61"),
		}
		if rand.N(20) == 0 {
			field[2] = pick("0", "", "01800000000", "9999999999999", "-1", "1e9", " 1", "999999999999")
		}
		token := pgsession.Seal(key, strings.Join(field, "|"))
		switch rand.N(20) {
		case 0:
			i := rand.N(len(token))
			token = token[:i] + pick("", "|", "a", "0", "\n", "é", ",") + token[i:]
		case 1:
			i := rand.N(len(token))
			token = token[:i] + token[i+1:]
		case 2:
			token += pick("\n", " ", "|", "00")
		case 3:
			token = strings.ToUpper(token)
		}
		tokens = append(tokens, strings.ToValidUTF8(token, ""))
	}
	return append(tokens, "", "|", strings.Repeat("|", 9), strings.Repeat("a", 8193),
		pgsession.Seal(key, "rls1|k1|"+fmt.Sprint(time.Now().Unix()+20)+"|user|61|"+strings.Repeat("61", 4010)+"||0|"),
		pgsession.Seal(key, "rls1|k1|"+fmt.Sprint(time.Now().Unix()+20)+"|user|61|"+strings.Repeat("61", 4046)+"||0|"))
}
