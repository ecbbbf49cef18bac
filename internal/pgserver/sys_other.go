//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package pgserver

import (
	"os"
	"syscall"
)

// account is whom a server runs as: here always the account of this process.
type account struct{}

func serverAccount() (account, error) { return account{}, nil }

func (account) attr() *syscall.SysProcAttr { return &syscall.SysProcAttr{} }

func (account) own(string) error { return nil }

func (account) mayEnter(dir string) bool {
	_, err := os.Stat(dir)
	return err == nil
}

func ownGroup(attr *syscall.SysProcAttr) *syscall.SysProcAttr { return attr }

func dieWithParent(attr *syscall.SysProcAttr) *syscall.SysProcAttr { return attr }

func signalQuit(p *os.Process) error { return p.Kill() }

func lockFile(string) (unlock func(), err error) { return func() {}, nil }

func memoryDir() string { return "" }
