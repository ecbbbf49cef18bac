package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// effort is how much time a run takes.
type effort struct {
	samples int           // of quick cells
	serious time.Duration // for ours, and for each way by hand, in one cell
	others  time.Duration // for every other contender in one cell
	least   int           // samples of ours and by hand, unless they are very slow
	limit   time.Duration // for one answer of every other contender
}

// sampleTime is how long a sample takes at least: a single quick query says more about the scheduler, and about what ran before
// it, than about itself.
const sampleTime = 2 * time.Millisecond

// entrant is one contender's way in one cell.
type entrant struct {
	by    contender
	way   way
	racer *racer
	note  string // why it is not timed
}

// measure asks every viewer's queries of w in both modes of every contender, and adds the cells to r. It fails at the
// first answer that is not what it has to be.
func measure(ctx context.Context, w *world, list []contender, viewers []viewer, e effort, r *results, log io.Writer) error {
	ref, err := newReferee(ctx, w)
	if err != nil {
		return err
	}
	defer ref.close()
	for _, v := range viewers {
		began := time.Now()
		if err := measureViewer(ctx, w, ref, list, v, e, r); err != nil {
			return fmt.Errorf("%s keys, viewer %s: %w", w.key.name, v.name, err)
		}
		fmt.Fprintf(log, "%s keys, viewer %s: %s\n", w.key.name, v.name, time.Since(began).Round(time.Second/10))
	}
	return nil
}

func measureViewer(ctx context.Context, w *world, ref *referee, list []contender, v viewer, e effort, r *results) error {
	id, err := ref.row(ctx, v)
	if err != nil {
		return err
	}
	sessions := make([]session, 0, len(list))
	defer func() {
		for _, s := range sessions {
			s.close()
		}
	}()
	for _, c := range list {
		s, err := c.open(ctx, w, v)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name(), err)
		}
		sessions = append(sessions, s)
	}
	for i, q := range queries {
		want, err := ref.answer(ctx, v, q, id)
		if err != nil {
			return fmt.Errorf("%s: answer for reference: %w", q.name, err)
		}
		var entrants []*entrant
		for i, c := range list {
			for _, way := range sessions[i].ways(q, id) {
				entrants = append(entrants, &entrant{by: c, way: way})
			}
		}
		if i == 0 { // what new sessions are slower at is in no cell
			if err := measureCell(ctx, entrants, q, modes[0], want, e); err != nil {
				return err
			}
		}
		for _, m := range modes {
			if err := measureCell(ctx, entrants, q, m, want, e); err != nil {
				return err
			}
			r.Cells = append(r.Cells, cellsOf(w, v, q, m, entrants)...)
		}
	}
	return nil
}

// errUnequal is a contender that answers something else. Nothing else about a run makes it fail.
var errUnequal = errors.New("UNEQUAL ANSWERS")

// measureCell holds every entrant's answer against the wanted one, and then lets them race.
func measureCell(ctx context.Context, entrants []*entrant, q query, m mode, want answer, e effort) error {
	var racers []*racer
	for _, x := range entrants {
		x.racer = nil
		if x.note != "" {
			continue
		}
		took, err := x.check(ctx, q, m, want, e)
		if err != nil {
			return err
		}
		if x.note != "" {
			continue
		}
		for range m.warm - 1 {
			if took > 10*time.Millisecond {
				break // the time is not the planning's
			}
			began := time.Now()
			if err := x.way.ask(ctx, m, nil); err != nil {
				return fmt.Errorf("%s by %s (%s): %w", q.name, x.by.name(), x.way.form, err)
			}
			took = time.Since(began)
		}
		x.racer = &racer{budget: e.others, least: min(3, e.least), runs: int(sampleTime / max(took, sampleTime/50)),
			once: timed(func(ctx context.Context) error { return x.way.ask(ctx, m, nil) })}
		switch x.by.name() {
		case reference:
			x.racer.budget, x.racer.least, x.racer.rival = e.serious, e.least, reference
		case product:
			x.racer.budget, x.racer.least = e.serious, e.least
		}
		if took > max(time.Second, 3*x.racer.budget) { // once is enough: a warm cache would not change it
			x.racer.samples, x.racer.done = []time.Duration{took}, true
		}
		racers = append(racers, x.racer)
	}
	if err := race(ctx, racers, e.samples); err != nil {
		return fmt.Errorf("%s, %s: %w", q.name, m.name, err)
	}
	for _, x := range entrants {
		if x.racer != nil && x.racer.slow {
			x.note, x.racer = e.over(x.by), nil
		}
	}
	return nil
}

// over is the note of a cell that was not answered in time: "> 1s".
func (e effort) over(by contender) string {
	if by.name() == reference || by.name() == product {
		return "> " + time.Duration(patience).String()
	}
	return "> " + e.limit.String()
}

// check asks once, and notes where the answer cannot be had.
func (x *entrant) check(ctx context.Context, q query, m mode, want answer, e effort) (time.Duration, error) {
	var got answer
	began := time.Now()
	err := x.way.ask(ctx, m, &got)
	took := time.Since(began)
	_, may := x.by.(mayDiffer)
	var given *givenUp
	switch {
	case errors.As(err, &given):
		x.note = given.why
	case tooSlow(err) && ctx.Err() == nil:
		x.note = e.over(x.by)
	case err != nil:
		return took, fmt.Errorf("%s by %s (%s): %w", q.name, x.by.name(), x.way.form, err)
	case q.same(want, got):
	case may:
		x.note = "answers differ: " + q.difference(want, got)
	default:
		return took, fmt.Errorf("%w: %s by %s (%s): %s", errUnequal, q.name, x.by.name(), x.way.form, q.difference(want, got))
	}
	return took, nil
}

// faster reports whether x stands for its contender rather than b does.
func (x *entrant) faster(b *entrant) bool {
	switch {
	case x.racer == nil || b.racer == nil:
		return x.racer != nil
	case x.racer.beaten != b.racer.beaten:
		return b.racer.beaten
	}
	return median(x.racer.samples) < median(b.racer.samples)
}

// cellsOf makes a cell of each contender's fastest way.
func cellsOf(w *world, v viewer, q query, m mode, entrants []*entrant) []cell {
	best := map[string]*entrant{}
	var order []string
	for _, x := range entrants {
		name := x.by.name()
		b := best[name]
		if b == nil {
			order = append(order, name)
		}
		if b == nil || x.faster(b) {
			best[name] = x
		}
	}
	var out []cell
	for _, name := range order {
		x := best[name]
		c := cell{Key: w.key.name, Viewer: v.name, Query: q.name, Mode: m.name, Contender: name, Form: x.way.form, Note: x.note}
		if x.racer != nil {
			c.Median, c.Spread, c.N = ms(median(x.racer.samples)), round(spread(x.racer.samples), 2), len(x.racer.samples)
			if ref := best[reference]; ref != nil && ref.racer != nil {
				c.Ratio = round(float64(median(x.racer.samples))/float64(median(ref.racer.samples)), 3)
			}
		}
		out = append(out, c)
	}
	return out
}
