package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// timeLimit is how long one statement may take.
type timeLimit time.Duration

// patience is the limit of ours and of filters by hand.
const patience = timeLimit(10 * time.Second)

func (l timeLimit) sql() string {
	return fmt.Sprintf("SET LOCAL statement_timeout = %d", time.Duration(l).Milliseconds())
}

// tooSlow reports whether an error says that a limit was reached.
func tooSlow(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "57014" || errors.Is(err, context.DeadlineExceeded)
}

// explain is an error with what PostgreSQL says besides the message.
func explain(err error) string {
	text := err.Error()
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		for _, part := range []string{pg.Detail, pg.Hint, pg.Where} {
			if part != "" {
				text += "\n  " + part
			}
		}
	}
	return text
}

// replace fills in the {WORD}s of a text: pairs of a word and what it stands for.
func replace(text string, pairs ...string) string {
	braced := make([]string, len(pairs))
	for i, p := range pairs {
		braced[i] = p
		if i%2 == 0 {
			braced[i] = "{" + p + "}"
		}
	}
	return strings.NewReplacer(braced...).Replace(text)
}
