package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// openFGA answers as its users do: the service lists whom the viewer sees, and the application filters by that list. A
// single row is checked after it is read. The service keeps its tuples in a database of the same PostgreSQL.
type openFGA struct {
	service *fgaService
	limit   timeLimit // for one answer
	load    time.Duration
	store   fgaStore
	broken  error // why this world cannot be asked
}

func (*openFGA) name() string { return "OpenFGA" }

// mayDiffer because the service ends a list at its deadline without saying so.
func (*openFGA) mayDiffer() {}

// fgaModel: whoever supervises somebody sees them, and everybody below them. That everybody sees themselves, and that a
// superuser sees all, the application knows.
const fgaModel = `{"schema_version": "1.1", "type_definitions": [{"type": "user",
	"relations": {
		"supervisor": {"this": {}},
		"can_see": {"union": {"child": [
			{"computedUserset": {"relation": "supervisor"}},
			{"tupleToUserset": {"tupleset": {"relation": "supervisor"}, "computedUserset": {"relation": "can_see"}}}]}}},
	"metadata": {"relations": {"supervisor": {"directly_related_user_types": [{"type": "user"}]}}}}]}`

// Tuples in one request, which is the service's default limit, and requests at once.
const (
	fgaBatch   = 100
	fgaWriters = 4
	fgaAnalyze = 5000 // tuples, after which statistics are gathered
)

func (o *openFGA) prepare(ctx context.Context, w *world) (err error) {
	o.broken = nil
	if o.store, err = o.service.newStore(ctx, w.database, fgaModel); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.load)
	defer cancel()
	batches := make(chan []fgaTuple)
	errs := make(chan error, fgaWriters)
	var group sync.WaitGroup
	for range fgaWriters {
		group.Go(func() {
			for b := range batches {
				if err := o.store.write(ctx, b); err != nil {
					errs <- err
					cancel()
					return
				}
			}
		})
	}
	wrote := 0
	for from := 2; from < w.users && ctx.Err() == nil; from += fgaBatch {
		var b []fgaTuple
		for p := from; p < min(from+fgaBatch, w.users); p++ {
			b = append(b, fgaTuple{"user:" + w.keys.text((p-2)/fanOut+1), "supervisor", "user:" + w.keys.text(p)})
		}
		select {
		case batches <- b:
			wrote += len(b)
		case <-ctx.Done():
		}
		if wrote%fgaAnalyze == 0 { // autovacuum comes once a minute, and plans are bad until then
			if err := o.service.analyze(ctx); err != nil && !tooSlow(err) && ctx.Err() == nil {
				return err
			}
		}
	}
	close(batches)
	group.Wait()
	close(errs)
	for err := range errs {
		if !tooSlow(err) && !errors.Is(err, context.Canceled) {
			return err
		}
	}
	if ctx.Err() != nil {
		o.broken = fmt.Errorf("%d of %d tuples loaded in %s", wrote, w.users-2, o.load)
	}
	return nil
}

func (o *openFGA) open(ctx context.Context, w *world, v viewer) (session, error) {
	conn, err := w.connect(ctx, w.role("reader"))
	if err != nil {
		return nil, err
	}
	return &fgaSession{txSession: txSession{conn: conn, limit: o.limit}, o: o, store: o.store, w: w, v: v}, nil
}

type fgaSession struct {
	txSession
	o     *openFGA
	store fgaStore
	w     *world
	v     viewer
}

func (s *fgaSession) ways(q query, id int64) []way {
	form := "list, then = ANY($1)"
	if q.point {
		form = "read, then check"
	}
	return []way{{form, func(ctx context.Context, m mode, keep *answer) error {
		if s.o.broken != nil {
			return &givenUp{s.o.broken.Error()}
		}
		ctx, cancel := context.WithTimeout(ctx, time.Duration(s.o.limit))
		defer cancel()
		const table = "app.plain_note"
		switch {
		case s.v.all:
			return s.run(ctx, m, keep, q.on(table), q.args(id)...)
		case q.point:
			return s.point(ctx, m, keep, q, id)
		}
		ids, err := s.list(ctx)
		if err != nil {
			return err
		}
		return s.run(ctx, m, keep, q.on(table, "n.owner = ANY ("+q.next()+")"), q.args(id, ids)...)
	}}}
}

// list asks whom the viewer sees.
func (s *fgaSession) list(ctx context.Context) (any, error) {
	me := s.w.keys.text(s.v.place)
	objects, err := s.store.list(ctx, "user:"+me, "can_see", "user")
	if err != nil {
		return nil, err
	}
	texts := make([]string, 0, len(objects)+1)
	for _, object := range objects {
		texts = append(texts, strings.TrimPrefix(object, "user:"))
	}
	return s.w.keys.parse(append(texts, me))
}

// point reads the row and its owner, and checks the owner.
func (s *fgaSession) point(ctx context.Context, m mode, keep *answer, q query, id int64) error {
	me := s.w.keys.text(s.v.place)
	if err := s.begin(ctx); err != nil {
		return err
	}
	var owner string
	if err := s.tx.QueryRow(ctx, "SELECT n.owner::text FROM app.plain_note AS n WHERE n.id = $1", m.exec, id).Scan(&owner); err != nil {
		return err
	}
	if owner != me {
		allowed, err := s.store.check(ctx, "user:"+me, "can_see", "user:"+owner)
		if err != nil || !allowed {
			return err
		}
	}
	return s.run(ctx, m, keep, q.on("app.plain_note"), q.args(id)...)
}

// givenUp is an answer that a contender cannot give, for a reason that is no mistake.
type givenUp struct{ why string }

func (g *givenUp) Error() string { return g.why }
