package pgsession_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/rlsctl/rlsctl/pgsession"
)

func ExampleMint() {
	key, err := pgsession.NewKey("k1", []byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		log.Fatal(err)
	}
	token, err := pgsession.Mint(key, pgsession.Claims{Principal: pgsession.User(42), Expires: time.Unix(1800000000, 0)})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(token[:strings.LastIndex(token, "|")])
	claims, err := pgsession.Verify(token, key, time.Unix(1799999970, 0))
	fmt.Println(claims.Principal, err)
	_, err = pgsession.Verify(token, key, time.Unix(1800000000, 0))
	fmt.Println(errors.Is(err, pgsession.ErrExpired))
	fmt.Println(key)
	// Output:
	// rls1|k1|1800000000|user|3432|||0|
	// user:42 <nil>
	// true
	// key k1
}

func ExampleSession_Run() {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, "postgres://notes@localhost/notes")
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()
	s, err := pgsession.Open(ctx, pool, pgsession.FileKeys("/etc/notes/gateway.keys"))
	if err != nil {
		log.Fatal(pgsession.Explain(err))
	}
	err = s.Run(ctx, pgsession.User(42), func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE app.note SET title = $1 WHERE id = $2", "new", 7)
		return err
	}, pgsession.WithClientAddr("192.0.2.1"))
	if pgsession.IsDenied(err) {
		fmt.Println("403")
	}
}

func ExampleSession_RequireObject() {
	var s *pgsession.Session // from Open
	ctx := context.Background()
	switch err := s.RequireObject(ctx, pgsession.FromContext(ctx), "update", "note", 7); {
	case errors.Is(err, pgsession.ErrNotFound):
		fmt.Println("404")
	case pgsession.IsDenied(err):
		fmt.Println("403")
	case err != nil:
		fmt.Println("500")
	}
}

func ExampleSession_Query() {
	var s *pgsession.Session // from Open
	ctx := context.Background()
	rows, _ := s.Query(ctx, pgsession.Anonymous(), "SELECT title FROM app.note WHERE id > $1", pgsession.ReadOnly(), 10)
	titles, err := pgx.CollectRows(rows, pgx.RowTo[string])
	fmt.Println(titles, err)
}
