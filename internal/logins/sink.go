package logins

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
)

// Sink is where a new key goes: KeyFile or KeyCommand.
type Sink interface {
	// stage puts the key aside; then exactly one of keep and discard is called.
	stage(k *key) (keep func() error, discard func(), err error)
}

// KeyFile keeps keys in a file: lines of KID:HEX, the newest last, mode 0600. It is replaced in one step, and never
// seen half written.
type KeyFile struct {
	Path   string
	Append bool // the file may exist, and keeps its keys: for a rotation
}

var keyLine = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}:[0-9a-fA-F]{64}$`)

func (f KeyFile) stage(k *key) (func() error, func(), error) {
	path := f.Path
	before, err := f.existing()
	if err != nil {
		return nil, nil, err
	}
	reserved := before == nil
	if reserved {
		// The name is taken before anything is written, so that nobody else's file is ever replaced.
		own, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, nil, keyFileError(f.Path, err)
		}
		_ = own.Close()
	} else if path, err = filepath.EvalSymlinks(path); err != nil {
		return nil, nil, keyFileError(f.Path, err)
	}
	temp, err := writeBeside(path, string(before)+k.line())
	if err != nil {
		if reserved {
			_ = os.Remove(path)
		}
		return nil, nil, keyFileError(f.Path, err)
	}
	discard := func() {
		_ = os.Remove(temp)
		if reserved {
			_ = os.Remove(path)
		}
	}
	keep := func() error {
		if err := os.Rename(temp, path); err != nil {
			discard()
			return keyFileError(f.Path, err)
		}
		if dir, err := os.Open(filepath.Dir(path)); err == nil {
			_ = dir.Sync() // a directory cannot be synced everywhere
			_ = dir.Close()
		}
		return nil
	}
	return keep, discard, nil
}

// existing returns what the file holds; nil where there is none.
func (f KeyFile) existing() ([]byte, error) {
	info, err := os.Stat(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(f.Path); err == nil {
			return nil, refuse("Remove it, or name another file.", "key file %q is a symbolic link to nowhere", f.Path)
		}
		return nil, nil
	}
	if err != nil {
		return nil, keyFileError(f.Path, err)
	}
	switch {
	case !info.Mode().IsRegular():
		return nil, refuse("Name a file.", "key file %q is no regular file", f.Path)
	case !f.Append:
		return nil, refuse("Name another file, or remove it.", "key file %q exists", f.Path)
	case runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0:
		return nil, refuse("Run chmod 600 on it.", "key file %q can be read by others", f.Path)
	}
	data, err := os.ReadFile(f.Path)
	if err != nil {
		return nil, keyFileError(f.Path, err)
	}
	for n, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") && !keyLine.MatchString(line) {
			return nil, refuse("Name a file that rlsctl wrote.", "line %d of key file %q is no key", n+1, f.Path)
		}
	}
	if len(data) > 0 && data[len(data)-1] != '\n' {
		data = append(data, '\n')
	}
	return append([]byte{}, data...), nil
}

// writeBeside writes a temporary file in the directory of path.
func writeBeside(path, text string) (name string, err error) {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = temp.WriteString(text)
	err = errors.Join(err, temp.Sync(), temp.Close())
	if err != nil {
		_ = os.Remove(temp.Name())
		return "", err
	}
	return temp.Name(), nil
}

func keyFileError(path string, err error) error {
	var failed *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &failed):
		err = failed.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return refuse("Name a file in a directory that you may write.", "write key file %q: %v", path, err)
}

// KeyCommand hands each new key to a command of the shell, as one line KID:HEX on its standard input. What the command
// prints is thrown away, because it could be the key. If it fails, so does what the key was for.
type KeyCommand struct {
	Context context.Context
	Command string
	Dir     string
}

func (s KeyCommand) stage(k *key) (func() error, func(), error) {
	ctx := s.Context
	if ctx == nil {
		ctx = context.Background()
	}
	cmd := exec.CommandContext(ctx, "sh", "-c", s.Command)
	cmd.Dir = s.Dir
	cmd.Stdin = strings.NewReader(k.line())
	if err := cmd.Run(); err != nil {
		var status *exec.ExitError
		if errors.As(err, &status) {
			err = fmt.Errorf("it ended with %s", status)
		}
		return nil, nil, refuse("Run it by hand with k-0:00 on its standard input; what it prints is not shown here.", "the command for the key failed: %v", err)
	}
	return func() error { return nil }, func() {}, nil
}
