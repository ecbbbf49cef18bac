package main

import (
	"context"
	"fmt"
	"strconv"
)

// newest is when the newest row was made, and span how far back the oldest is, whatever the number of rows: so two days
// are the same share of the rows at every scale.
const (
	newest = "2026-01-01 00:00:00+00"
	recent = "2025-12-30 00:00:00+00"
	span   = 3_000_000 // seconds
)

// peopleSQL makes the users twice: app.person is what the model names, app.plain_person and the closure table are what
// everybody else uses. Groups of ten, of which one shows its members to each other.
const peopleSQL = `
CREATE SCHEMA app;
CREATE TABLE app.place (place bigint PRIMARY KEY, key {KEY} NOT NULL);
INSERT INTO app.place SELECT i, {EXPR} FROM generate_series(1::bigint, {USERS}) AS i;

CREATE TABLE app.plain_person (id {KEY} NOT NULL, supervisor_id {KEY}, name text NOT NULL, is_superuser boolean NOT NULL DEFAULT false);
INSERT INTO app.plain_person
SELECT p.key, s.key, 'person ' || p.place, p.place = {USERS}
FROM app.place AS p LEFT JOIN app.place AS s ON s.place = (p.place - 2) / 10 + 1 AND p.place BETWEEN 2 AND {USERS} - 1;
CREATE TABLE app.team (id bigint PRIMARY KEY, name text NOT NULL UNIQUE, shares boolean NOT NULL);
INSERT INTO app.team SELECT i, 'team ' || i, i = 1 FROM generate_series(1, 1 + {USERS} / 100) AS i;
CREATE TABLE app.plain_member (team_id bigint NOT NULL, person_id {KEY} NOT NULL);
INSERT INTO app.plain_member
SELECT 1 + ({USERS} - p.place) / 100, p.key FROM app.place AS p WHERE ({USERS} - p.place) % 100 BETWEEN 10 AND 19;

CREATE TABLE app.person (LIKE app.plain_person INCLUDING ALL);
INSERT INTO app.person SELECT * FROM app.plain_person;
CREATE TABLE app.member (LIKE app.plain_member INCLUDING ALL);
INSERT INTO app.member SELECT * FROM app.plain_member;
`

// peopleKeysSQL is for each of the two tables of people: person and member, or plain_person and plain_member.
const peopleKeysSQL = `
ALTER TABLE app.{PERSON} ADD PRIMARY KEY (id);
ALTER TABLE app.{PERSON} ADD FOREIGN KEY (supervisor_id) REFERENCES app.{PERSON};
CREATE INDEX ON app.{PERSON} (supervisor_id);
ALTER TABLE app.{MEMBER} ADD PRIMARY KEY (team_id, person_id);
ALTER TABLE app.{MEMBER} ADD FOREIGN KEY (person_id) REFERENCES app.{PERSON}, ADD FOREIGN KEY (team_id) REFERENCES app.team;
CREATE INDEX ON app.{MEMBER} (person_id);
`

const closureSQL = `
CREATE TABLE app.closure (ancestor {KEY} NOT NULL, descendant {KEY} NOT NULL);
WITH RECURSIVE c(ancestor, descendant) AS (
    SELECT p.id, p.id FROM app.plain_person AS p
    UNION ALL
    SELECT c.ancestor, p.id FROM c JOIN app.plain_person AS p ON p.supervisor_id = c.descendant)
INSERT INTO app.closure SELECT * FROM c;
ALTER TABLE app.closure ADD PRIMARY KEY (ancestor, descendant);
`

// notesSQL gives every user the same number of rows, strewn over time: each block of as many rows as there are users is a
// permutation of them.
const notesSQL = `
CREATE TABLE app.plain_note (
    id bigint NOT NULL,
    owner {KEY} NOT NULL,
    created_at timestamptz NOT NULL,
    status integer NOT NULL,
    title text NOT NULL,
    body text NOT NULL
);
INSERT INTO app.plain_note
SELECT i, p.key, timestamptz '{NEWEST}' - i * {SPACING} * interval '1 second', i % 7, 'title ' || i, repeat('x', 80)
FROM generate_series(1::bigint, {ROWS}) AS i
JOIN app.place AS p ON p.place = 1 + ((i - 1) % {USERS} * 48271 + (i - 1) / {USERS} * 7919) % {USERS}
ORDER BY i;
`

// noteKeysSQL is the same for the rows of every contender.
const noteKeysSQL = `
ALTER TABLE {NOTE} ADD PRIMARY KEY (id);
CREATE INDEX ON {NOTE} (owner);
CREATE INDEX ON {NOTE} (created_at DESC);
CREATE INDEX ON {NOTE} (owner, created_at DESC);
ALTER TABLE {NOTE} ADD FOREIGN KEY (owner) REFERENCES {PERSON};
`

func (w *world) load(ctx context.Context) error {
	if w.users%48271 == 0 {
		return fmt.Errorf("%d users cannot be spread evenly: take another number", w.users)
	}
	words := []string{"KEY", w.key.sql, "EXPR", w.key.expr, "USERS", strconv.Itoa(w.users), "ROWS", strconv.Itoa(w.rows),
		"NEWEST", newest, "SPACING", fmt.Sprintf("%.6f", float64(span)/float64(w.rows))}
	for _, sql := range []string{
		peopleSQL,
		replace(peopleKeysSQL, "PERSON", "person", "MEMBER", "member"),
		replace(peopleKeysSQL, "PERSON", "plain_person", "MEMBER", "plain_member"),
		closureSQL,
		notesSQL,
		"ANALYZE",
		replace(noteKeysSQL, "NOTE", "app.plain_note", "PERSON", "app.plain_person"),
		"GRANT USAGE ON SCHEMA app TO {READER}; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app TO {READER}",
	} {
		if err := w.exec(ctx, replace(replace(sql, "READER", w.role("reader")), words...)); err != nil {
			return err
		}
	}
	return nil
}

// copyNotes makes a table with the same rows in the same order, and the same indexes.
func (w *world) copyNotes(ctx context.Context, table string) error {
	person := "app.plain_person"
	if table == "app.note" {
		person = "app.person"
	}
	if err := w.exec(ctx, "CREATE TABLE "+table+" (LIKE app.plain_note); INSERT INTO "+table+" SELECT * FROM app.plain_note"); err != nil {
		return err
	}
	return w.exec(ctx, replace(noteKeysSQL, "NOTE", table, "PERSON", person))
}
