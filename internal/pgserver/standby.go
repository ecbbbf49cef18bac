package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// Standby starts a hot standby that follows s, a server that Start has started on this machine with wal_level replica or
// more and some max_wal_senders. It stops with Stop, and its own before that of s.
func (s *Server) Standby(ctx context.Context, o Options) (*Server, error) {
	if s.kind != KindLocal {
		return nil, fmt.Errorf("start a standby: the server is no local one but %s", s.kind)
	}
	started := time.Now()
	o.Major = s.version / 10000
	bin, err := findBinaries(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("start a standby: %w", err)
	}
	who, err := serverAccount()
	if err != nil {
		return nil, fmt.Errorf("start a standby: %w", err)
	}
	base, err := shortTempDir(who)
	if err != nil {
		return nil, fmt.Errorf("start a standby: %w", err)
	}
	watch, err := watchDirectory(base)
	if err != nil {
		_ = os.RemoveAll(base)
		return nil, fmt.Errorf("start a standby: %w", err)
	}
	clean := func() error {
		err := os.RemoveAll(base)
		watch.dismiss()
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(bin.dir, exe("pg_basebackup")),
		"--no-sync", "--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf", "-d", s.URL("", ""), "-D", filepath.Join(base, "data"))
	cmd.Dir = base // the working directory may be closed to the server's account
	cmd.Env = serverEnv()
	cmd.SysProcAttr = who.attr()
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("start a standby: %w: %s", err, lastLines(out)), clean())
	}
	standby := &Server{kind: KindLocal, where: "standby of " + s.where, user: s.user, socketDir: base, psql: s.psql}
	const attempts = 5 // as in startLocal
	for attempt := 1; ; attempt++ {
		p, err := startProcess(ctx, o, bin, base, who, standby)
		if err == nil {
			standby.stop = func(ctx context.Context) error { return errors.Join(p.stop(ctx), clean()) }
			break
		}
		if attempt == attempts || !errors.Is(err, errPortTaken) {
			return nil, errors.Join(fmt.Errorf("start a standby: %w", err), clean())
		}
	}
	o.logf("started %s in %d ms", standby.Describe(), time.Since(started).Milliseconds())
	return standby, nil
}
