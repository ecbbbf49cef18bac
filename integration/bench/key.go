package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// keyType is a kind of users' key. Users are numbered by their place in the tree; expr makes a key of a place i.
type keyType struct {
	name, sql, expr string
}

var keyTypes = []keyType{
	{"bigint", "bigint", "i"},
	// The same dense range, but a team's keys are strewn over all of it: sets of ranges do not collapse.
	{"scattered", "bigint", "row_number() OVER (ORDER BY md5(i::text))"},
	{"sparse", "bigint", "('x' || left(md5(i::text), 15))::bit(60)::bigint"},
	{"uuid", "uuid", "md5(i::text)::uuid"},
}

func keyTypesNamed(names string) ([]keyType, error) {
	var out []keyType
	for name := range strings.SplitSeq(names, ",") {
		found := false
		for _, k := range keyTypes {
			if k.name == strings.TrimSpace(name) {
				out, found = append(out, k), true
			}
		}
		if !found {
			return nil, fmt.Errorf("key type %q is not one of bigint, scattered, sparse, uuid", name)
		}
	}
	return out, nil
}

// keys are the keys of all users by place, as pgx wants them: one of the two is filled.
type keys struct {
	numbers []int64
	uuids   []pgtype.UUID
}

func readKeys(ctx context.Context, conn *pgx.Conn, t keyType) (k keys, err error) {
	rows, _ := conn.Query(ctx, "SELECT key FROM app.place ORDER BY place")
	if t.sql == "uuid" {
		k.uuids, err = pgx.CollectRows(rows, pgx.RowTo[pgtype.UUID])
	} else {
		k.numbers, err = pgx.CollectRows(rows, pgx.RowTo[int64])
	}
	return k, err
}

// at is the key of the user at a place, counted from 1.
func (k keys) at(place int) any {
	if k.uuids != nil {
		return k.uuids[place-1]
	}
	return k.numbers[place-1]
}

func (k keys) text(place int) string {
	if k.uuids != nil {
		return k.uuids[place-1].String()
	}
	return fmt.Sprint(k.numbers[place-1])
}

// array is what pgx sends as an array of keys.
func (k keys) array(places []int) any {
	if k.uuids != nil {
		return pick(k.uuids, places)
	}
	return pick(k.numbers, places)
}

func pick[T any](all []T, places []int) []T {
	out := make([]T, len(places))
	for i, p := range places {
		out[i] = all[p-1]
	}
	return out
}

// parse makes an array of keys from their texts.
func (k keys) parse(texts []string) (any, error) {
	if k.uuids != nil {
		out := make([]pgtype.UUID, len(texts))
		for i, t := range texts {
			if err := out[i].Scan(t); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	out := make([]int64, len(texts))
	for i, t := range texts {
		if _, err := fmt.Sscan(t, &out[i]); err != nil {
			return nil, fmt.Errorf("key %q: %w", t, err)
		}
	}
	return out, nil
}

// registerKeys tells a connection how keys travel where statements are not described first.
func registerKeys(_ context.Context, conn *pgx.Conn) error {
	conn.TypeMap().RegisterDefaultPgType(pgtype.UUID{}, "uuid")
	conn.TypeMap().RegisterDefaultPgType([]pgtype.UUID{}, "_uuid")
	return nil
}
