// Command generate writes the goose file that carries the objects of sql/, so that plain goose over migrations/
// installs the whole kernel. Run it with `make generate`; with -check it writes nothing and fails where the two differ.
//
// A database that has run a migration never runs it again. So -release freezes the migrations as they are, by their hashes
// in migrations/released.txt, and from then on what changes in sql/ goes into a new file: just what differs from what the
// frozen ones install.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rlsctl/rlsctl/sql"
)

const (
	folder   = "migrations"
	released = folder + "/released.txt"
	first    = folder + "/20261121000002_objects.sql"
	suffix   = "_objects.sql"
)

func main() {
	check := flag.Bool("check", false, "change nothing, fail where a file differs")
	release := flag.Bool("release", false, "freeze the migrations as they are")
	flag.Parse()
	err := generate(*check || *release)
	if err == nil && *release {
		err = freeze()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

// generate writes the file that is not frozen yet, or with check says that it differs.
func generate(check bool) error {
	frozen, err := readFrozen()
	if err != nil {
		return err
	}
	target, before, err := target(frozen)
	if err != nil {
		return err
	}
	var text string
	if before == nil {
		text, err = whole(sql.Files())
	} else {
		text, err = difference(before, sql.Files())
	}
	if err != nil {
		return err
	}
	have, err := os.ReadFile(target)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	switch {
	case string(have) == text:
		return nil
	case check:
		return fmt.Errorf("%s differs from sql/: run make generate", target)
	case text == "":
		return os.Remove(target)
	}
	return os.WriteFile(target, []byte(text), 0o644)
}

// readFrozen returns the names of the files that were released, and fails where one has changed since.
func readFrozen() ([]string, error) {
	list, err := os.ReadFile(released)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []string
	for line := range strings.Lines(string(list)) {
		hash, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			return nil, fmt.Errorf("%s: %q is not a hash and a name", released, line)
		}
		b, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return nil, err
		}
		if sum(b) != hash {
			return nil, fmt.Errorf("%s/%s was released, and databases that have run it will not run it again: put it back, and make a new file", folder, name)
		}
		out = append(out, name)
	}
	return out, nil
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// freeze writes the hashes of all migrations.
func freeze() error {
	names, err := migrations()
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s  %s\n", sum(text), name)
	}
	return os.WriteFile(released, []byte(b.String()), 0o644)
}

func migrations() ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.sql"))
	if err != nil {
		return nil, err
	}
	for i := range paths {
		paths[i] = filepath.Base(paths[i])
	}
	slices.Sort(paths)
	return paths, nil
}

// target returns the file to write, and what the frozen ones before it install, by the path of each object; nil where
// none is frozen.
func target(frozen []string) (path string, before map[string]string, err error) {
	names, err := migrations()
	if err != nil {
		return "", nil, err
	}
	var open []string
	var last int64
	for _, name := range names {
		version, err := strconv.ParseInt(name[:min(14, len(name))], 10, 64)
		if err != nil {
			return "", nil, fmt.Errorf("%s/%s has no version of 14 digits", folder, name)
		}
		last = max(last, version)
		switch {
		case !strings.HasSuffix(name, suffix):
		case !slices.Contains(frozen, name):
			open = append(open, name)
		default:
			b, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil {
				return "", nil, err
			}
			if before == nil {
				before = map[string]string{}
			}
			installed(string(b), before)
		}
	}
	switch {
	case len(open) > 1:
		return "", nil, fmt.Errorf("two files carry objects and are not released: %s", strings.Join(open, ", "))
	case len(open) == 1:
		return filepath.Join(folder, open[0]), before, nil
	case before == nil:
		return first, nil, nil
	}
	return fmt.Sprintf("%s/%014d%s", folder, last+1, suffix), before, nil
}
