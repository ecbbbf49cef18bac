//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package pgserver

import "syscall"

// dieWithParent does nothing here: the watch ends the server.
func dieWithParent(attr *syscall.SysProcAttr) *syscall.SysProcAttr { return attr }

// memoryDir is "": only Linux has a directory in memory on every machine.
func memoryDir() string { return "" }
