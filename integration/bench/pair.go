package main

import (
	"context"
	"time"
)

// pair races ours against the same thing without the toolkit and makes a line of it.
func pair(ctx context.Context, e effort, section, name string, ours, plain func(context.Context) (time.Duration, error)) (line, error) {
	a, b := &racer{once: ours}, &racer{once: plain}
	for _, r := range []*racer{a, b} {
		for range 6 { // whatever is planned anew at first
			if d, err := r.once(ctx); err != nil {
				return line{}, err
			} else if d > 10*time.Millisecond {
				break
			}
		}
		r.budget, r.least = 4*e.serious, e.least
	}
	if err := race(ctx, []*racer{a, b}, 5*e.samples); err != nil {
		return line{}, err
	}
	return compare(section, name, a.samples, b.samples), nil
}

func compare(section, name string, ours, plain []time.Duration) line {
	return line{Section: section, Name: name, Ours: ms(median(ours)), Plain: ms(median(plain)), Unit: "ms",
		Ratio: round(float64(median(ours))/float64(median(plain)), 3), Spread: round(max(spread(ours), spread(plain)), 2),
		N: min(len(ours), len(plain))}
}
