package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"
)

// settings are those of the server that matter, the same for all who are compared.
var settings = []string{"shared_buffers", "work_mem", "jit", "effective_cache_size", "random_page_cost", "max_parallel_workers_per_gather",
	"fsync", "synchronous_commit", "full_page_writes"}

// run measures everything that o asks for.
func run(ctx context.Context, o options, log io.Writer) (r *results, err error) {
	began := time.Now()
	s, err := startServer(ctx, o.url, o.sharedBuffers, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if r, err = s.describe(ctx, o); err != nil {
		return nil, err
	}
	r.Date = began.UTC().Format("2006-01-02")
	list := o.contenders(timeLimit(o.effort.limit))
	if o.openFGA {
		f, err := startFGA(ctx, s, o.effort.limit, log)
		if err != nil {
			return nil, fmt.Errorf("%w\n  To run without OpenFGA: -openfga=false", err)
		}
		defer func() { err = errors.Join(err, f.stop()) }()
		list = append(list, &openFGA{service: f, limit: timeLimit(o.effort.limit), load: o.fgaLoad})
		r.OpenFGA = fgaVersion
	} else {
		r.OpenFGA = "NOT MEASURED: this run went without OpenFGA"
		fmt.Fprintln(log, r.OpenFGA)
	}
	for _, k := range o.keys {
		if err := oneKey(ctx, s, k, list, o, r, log); err != nil {
			return nil, err
		}
	}
	if o.wants("planning") {
		if err := planning(ctx, s, o, r); err != nil {
			return nil, fmt.Errorf("planning: %w", err)
		}
		fmt.Fprintln(log, "planning: done")
	}
	if o.wants("growth") {
		if err := growth(ctx, s, o, r, log); err != nil {
			return nil, fmt.Errorf("growth: %w", err)
		}
	}
	r.Took = time.Since(began).Round(time.Second).String()
	return r, nil
}

// oneKey measures what is measured for each kind of keys, in one database.
func oneKey(ctx context.Context, s *server, k keyType, list []contender, o options, r *results, log io.Writer) (err error) {
	began := time.Now()
	w, err := newWorld(ctx, s, k, o.users, o.rows, list)
	if err != nil {
		return fmt.Errorf("%s keys: %w", k.name, err)
	}
	defer func() { err = errors.Join(err, w.close()) }()
	fmt.Fprintf(log, "%s keys: %d users and %d rows loaded in %s\n", k.name, o.users, o.rows, time.Since(began).Round(time.Second/10))
	for _, part := range []struct {
		name string
		fn   func() error
	}{
		{"cells", func() error { return measure(ctx, w, list, w.viewers, o.effort, r, log) }},
		{"transaction", func() error { return transactions(ctx, w, o.effort, r) }},
		{"writes", func() error { return writes(ctx, w, o.effort, r) }},
		{"graph", func() error { return graphWrites(ctx, w, o.effort, r) }},
	} {
		if !o.wants(part.name) {
			continue
		}
		if err := part.fn(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// describe says what is measured on what.
func (s *server) describe(ctx context.Context, o options) (*results, error) {
	r := &results{Through: "TCP", Cores: runtime.NumCPU(), Settings: map[string]string{},
		Users: o.users, Rows: o.rows, Limit: o.effort.limit.String()}
	var version string
	if err := s.admin.QueryRow(ctx, "SHOW server_version").Scan(&version); err != nil {
		return nil, err
	}
	r.Server = "PostgreSQL " + version
	if s.dsn.Host != "" && s.dsn.Host[0] == '/' {
		r.Through = "unix socket"
	}
	for _, name := range settings {
		var value string
		if err := s.admin.QueryRow(ctx, "SELECT current_setting($1)", name).Scan(&value); err != nil {
			return nil, err
		}
		r.Settings[name] = value
	}
	return r, nil
}
