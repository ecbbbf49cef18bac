//go:build !unix

package main

import (
	"os"
	"os/exec"
	"os/signal"
)

func detach(*exec.Cmd) {}

func terminate(p *os.Process) error { return p.Kill() }

func ignoreSignals() { signal.Ignore(os.Interrupt) }
