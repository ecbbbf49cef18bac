// Command bench measures the toolkit against the best filters by hand, against policies of other kinds and against
// OpenFGA, on one PostgreSQL in one run. Every answer is checked before it is timed; an unequal one fails the run, and no
// time does.
//
//	go run ./integration/bench                        # results to docs/bench and README.md
//	go run ./integration/bench -users 1000000 -rows 10000000 -full
//	go run ./integration/bench -render                # tables and chart anew from docs/bench/results.json
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := program(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", explain(err))
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	users, rows   int
	keys          []keyType
	url           string
	sharedBuffers string
	openFGA       bool
	fgaLoad       time.Duration
	full          bool
	tables        int // of the planning's model
	effort        effort
	only          string // parts to run; "" for all
	contenders    func(timeLimit) []contender
}

func program(ctx context.Context, args []string, out, log io.Writer) error {
	o := options{url: os.Getenv("DATABASE_URL"), tables: 50, contenders: contenders}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.IntVar(&o.users, "users", 100_000, "users in the tree")
	f.IntVar(&o.rows, "rows", 1_000_000, "rows in the table of notes")
	names := f.String("keys", "bigint,scattered,uuid", "kinds of users' keys, of bigint, scattered, sparse, uuid")
	f.StringVar(&o.sharedBuffers, "shared-buffers", "2GB", "of a server started here: all tables should fit")
	f.DurationVar(&o.effort.limit, "limit", time.Second, "for one answer of a contender that does not scale")
	f.BoolVar(&o.openFGA, "openfga", true, "compare with OpenFGA, which is built once from its module")
	f.DurationVar(&o.fgaLoad, "openfga-load", time.Minute, "for loading OpenFGA's tuples")
	f.BoolVar(&o.full, "full", false, "growth up to a million users and ten million rows")
	f.IntVar(&o.effort.samples, "samples", 30, "of each quick cell")
	f.DurationVar(&o.effort.serious, "serious", 200*time.Millisecond, "for the samples of ours and of each way by hand, in one cell")
	f.DurationVar(&o.effort.others, "others", 40*time.Millisecond, "for the samples of every other contender, in one cell")
	f.IntVar(&o.effort.least, "least", 5, "samples of ours and by hand, unless they are very slow")
	f.StringVar(&o.only, "only", "", "some of "+strings.Join(parts, ",")+"; the results are printed, and not kept")
	render := f.Bool("render", false, "only make tables and chart from the results of the last run")
	dir := f.String("out", "docs/bench", "directory of the results")
	readme := f.String("readme", "README.md", "file with the table between <!-- bench --> and <!-- /bench -->; empty for none")
	if err := f.Parse(args); err != nil {
		return err
	}
	var err error
	if o.keys, err = keyTypesNamed(*names); err != nil {
		return err
	}
	for part := range strings.SplitSeq(o.only, ",") {
		if o.only != "" && !slices.Contains(parts, part) {
			return fmt.Errorf("-only %q is not one of %s", part, strings.Join(parts, ", "))
		}
	}
	if *render {
		r, err := loadResults(*dir)
		if err != nil {
			return fmt.Errorf("read the last run: %w", err)
		}
		return r.publish(*dir, *readme)
	}
	r, err := run(ctx, o, log)
	if err != nil {
		return err
	}
	if o.only != "" {
		fmt.Fprint(out, r.markdown())
		return nil
	}
	fmt.Fprint(out, r.compact())
	fmt.Fprintf(out, "\nTook %s. All tables: %s/results.md\n", r.Took, *dir)
	if err := r.save(*dir); err != nil {
		return err
	}
	return r.publish(*dir, *readme)
}

// parts are what a run consists of.
var parts = []string{"cells", "transaction", "writes", "graph", "planning", "growth"}

// wants reports whether a part is to run.
func (o options) wants(part string) bool {
	return o.only == "" || strings.Contains(","+o.only+",", ","+part+",")
}
