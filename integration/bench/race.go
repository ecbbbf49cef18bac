package main

import (
	"context"
	"slices"
	"time"
)

// racer is one thing that is timed against others.
type racer struct {
	once    func(ctx context.Context) (time.Duration, error)
	runs    int           // of once that make a sample, which is their mean; 0 is one
	budget  time.Duration // no further sample once it is spent, but for the least; none at all after three times as much
	least   int
	rival   string // racers of one name compete: the hopeless are given up early
	samples []time.Duration
	spent   time.Duration
	done    bool
	slow    bool // met a limit on the way
	beaten  bool // was given up
}

// race takes up to most samples of each, one of each in turn. The order rotates, so that whatever else the machine does
// hits all alike.
func race(ctx context.Context, list []*racer, most int) error {
	for round := 0; ; round++ {
		ran := false
		for i := range list {
			r := list[(i+round)%len(list)]
			if r.done {
				continue
			}
			d, err := r.sample(ctx)
			if tooSlow(err) && ctx.Err() == nil {
				r.done, r.slow = true, true
				continue
			}
			if err != nil {
				return err
			}
			r.samples, r.spent, ran = append(r.samples, d/time.Duration(max(1, r.runs))), r.spent+d, true
			enough := len(r.samples) >= r.least || r.spent >= 3*r.budget
			r.done = len(r.samples) >= most || r.spent >= r.budget && enough
		}
		if !ran {
			return nil
		}
		if round == 2 {
			giveUp(list)
		}
	}
}

// sample returns what all runs of a sample take. Where there are several, one more comes before them: the first pays for the
// caches that whoever came before has left, and the more of the mean the fewer runs there are.
func (r *racer) sample(ctx context.Context) (all time.Duration, err error) {
	if r.runs > 1 {
		if _, err := r.once(ctx); err != nil {
			return 0, err
		}
	}
	for range max(1, r.runs) {
		d, err := r.once(ctx)
		if err != nil {
			return 0, err
		}
		all += d
	}
	return all, nil
}

// giveUp ends racers whose fastest sample takes twice as long as the fastest of a rival: few samples have a fair minimum
// long before they have a fair median.
func giveUp(list []*racer) {
	best := map[string]time.Duration{}
	for _, r := range list {
		if m := quantile(r.samples, 0); r.rival != "" && len(r.samples) > 0 && (best[r.rival] == 0 || m < best[r.rival]) {
			best[r.rival] = m
		}
	}
	for _, r := range list {
		if r.rival != "" && quantile(r.samples, 0) > 2*best[r.rival] {
			r.done, r.beaten = true, true
		}
	}
}

func median(samples []time.Duration) time.Duration { return quantile(samples, 0.5) }

// quantile interpolates between the samples next to it; 0 for none.
func quantile(samples []time.Duration, q float64) time.Duration {
	if len(samples) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(samples))
	at := q * float64(len(s)-1)
	low := int(at)
	if low+1 == len(s) {
		return s[low]
	}
	return s[low] + time.Duration((at-float64(low))*float64(s[low+1]-s[low]))
}

// spread is the interquartile range as a share of the median.
func spread(samples []time.Duration) float64 {
	m := median(samples)
	if m == 0 {
		return 0
	}
	return float64(quantile(samples, 0.75)-quantile(samples, 0.25)) / float64(m)
}

// timed makes a racer's function of one that is timed from beginning to end.
func timed(fn func(ctx context.Context) error) func(context.Context) (time.Duration, error) {
	return func(ctx context.Context) (time.Duration, error) {
		began := time.Now()
		err := fn(ctx)
		return time.Since(began), err
	}
}
