package pgserver

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is a server process that was started here.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the process has ended and is reaped
}

// launch starts cmd under an account, in a process group of its own, so that an interrupt typed at the terminal
// reaches the caller only, who then stops the server.
// Source: prctl(2): the parent-death signal belongs to the thread that forked, so one thread stays with the process.
func launch(cmd *exec.Cmd, who account) (*process, error) {
	p := &process{cmd: cmd, done: make(chan struct{})}
	cmd.SysProcAttr = dieWithParent(ownGroup(who.attr()))
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_ = cmd.Wait() // how it ended is in its log
		close(p.done)
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	return p, nil
}

// stop ends the process at once and waits for its end: there is no data worth a checkpoint.
func (p *process) stop(ctx context.Context) error {
	select {
	case <-p.done:
		return nil
	default:
	}
	_ = signalQuit(p.cmd.Process) // it may have ended just now
	late := time.NewTimer(10 * time.Second)
	defer late.Stop()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
	case <-late.C:
	}
	_ = p.cmd.Process.Kill()
	<-p.done
	return nil
}

// watch is a small shell process that cleans up if this process dies without doing so, however it dies:
// the pipe that it reads from ends then.
type watch struct {
	pipe io.WriteCloser
	cmd  *exec.Cmd
}

// watchDirectory guards a server's directory: it ends the server whose process id is in it, and removes it.
func watchDirectory(dir string) (*watch, error) {
	return newWatch(`
		if read -r line; then exit 0; fi
		pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
		if [ -n "$pid" ]; then
			kill -QUIT "$pid" 2>/dev/null
			n=0
			while kill -0 "$pid" 2>/dev/null && [ $n -lt 100 ]; do sleep 0.1; n=$((n+1)); done
		fi
		rm -rf -- "$1"`, dir)
}

// watchContainer guards a container: it removes it.
func watchContainer(docker, id string) (*watch, error) {
	return newWatch(`
		if read -r line; then exit 0; fi
		"$1" rm -f -v "$2"`, docker, id)
}

func newWatch(script string, args ...string) (*watch, error) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		return nil, nil // a system without sh: Stop is all there is
	}
	cmd := exec.Command(sh, append([]string{"-c", script, "sh"}, args...)...)
	cmd.Dir = os.TempDir()
	cmd.SysProcAttr = ownGroup(&syscall.SysProcAttr{})
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the watch: %w", err)
	}
	return &watch{pipe: pipe, cmd: cmd}, nil
}

// dismiss ends the watch without any action.
func (w *watch) dismiss() {
	if w == nil {
		return
	}
	_, _ = io.WriteString(w.pipe, "stopped\n")
	_ = w.pipe.Close()
	_ = w.cmd.Wait()
}
