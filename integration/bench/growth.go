package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// rowsEach is how many rows a user has while users and rows grow, so that an answer keeps its size.
const rowsEach = 10

// growth asks for the rows of the same eleven users while everybody else becomes more, tenfold each time.
func growth(ctx context.Context, s *server, o options, r *results, log io.Writer) error {
	last := min(o.users, 100_000)
	if o.full {
		last = 1_000_000
	}
	before := map[string]cell{}
	for users := min(1000, last); users <= last; users *= 10 {
		began := time.Now()
		cells, err := grown(ctx, s, o, users)
		if err != nil {
			return fmt.Errorf("%d users: %w", users, err)
		}
		for _, c := range cells {
			if c.Contender != product {
				continue
			}
			name := fmt.Sprintf("%s, %s: %s users, %s rows", c.Query, c.Mode, thousands(users), thousands(users*rowsEach))
			l := line{Section: "growth", Name: name, Ours: c.Median, Unit: "ms", Spread: c.Spread, N: c.N}
			if b, ok := before[c.Query+c.Mode]; ok {
				l.Plain, l.Ratio = b.Median, round(c.Median/b.Median, 3)
			}
			before[c.Query+c.Mode] = c
			r.Lines = append(r.Lines, l)
		}
		fmt.Fprintf(log, "growth, %d users: %s\n", users, time.Since(began).Round(time.Second/10))
	}
	return nil
}

// grown measures the viewer who sees eleven at one size.
func grown(ctx context.Context, s *server, o options, users int) (cells []cell, err error) {
	list := []contender{ours{}}
	w, err := newWorld(ctx, s, keyTypes[0], users, users*rowsEach, list)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	v, err := w.viewer("11")
	if err != nil {
		return nil, err
	}
	var r results
	err = measure(ctx, w, list, []viewer{v}, o.effort, &r, io.Discard)
	return r.Cells, err
}
