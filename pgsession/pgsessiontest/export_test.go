package pgsessiontest

import "time"

// Busy is how long a second transaction of the session waits.
func Busy(wait time.Duration) Option { return func(o *options) { o.busy = wait } }
