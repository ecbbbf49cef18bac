package main

import (
	"fmt"
	"sync"
	"time"
)

// patience is how long something may take before the program says what it is doing.
const patience = time.Second

// progress says on the standard error what is being done, once it takes longer than a second: a moving line on a
// terminal, one plain line elsewhere. Call the returned function when it is done; more calls do nothing.
func (a *app) progress(what string) (done func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		began := time.Now()
		select {
		case <-stop:
			return
		case <-time.After(patience):
		}
		if !terminal(a.Err) {
			fmt.Fprintf(a.Err, "%s …\n", what)
			<-stop
			return
		}
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			fmt.Fprintf(a.Err, "\r%c %s (%d s) ", []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")[i%10], what, int(time.Since(began).Seconds()))
			select {
			case <-stop:
				fmt.Fprint(a.Err, "\r\x1b[K")
				return
			case <-tick.C:
			}
		}
	}()
	return sync.OnceFunc(func() {
		close(stop)
		<-stopped
	})
}
