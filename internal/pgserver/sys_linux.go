package pgserver

import (
	"os"
	"syscall"
)

// dieWithParent makes a server end with the thread that started it; the watch removes what it leaves.
func dieWithParent(attr *syscall.SysProcAttr) *syscall.SysProcAttr {
	attr.Pdeathsig = syscall.SIGQUIT
	return attr
}

// memoryDir is a directory in memory with room for a cluster, or "". Making a database there takes a tenth of the time.
// A TMPDIR that is set wins over it.
func memoryDir() string {
	const (
		dir   = "/dev/shm"
		tmpfs = 0x01021994 // TMPFS_MAGIC, statfs(2)
		room  = 4 << 30    // bytes; in containers it often has 64 MB only
	)
	var st syscall.Statfs_t
	if os.Getenv("TMPDIR") != "" || syscall.Statfs(dir, &st) != nil {
		return ""
	}
	if st.Type != tmpfs || st.Bavail*uint64(st.Bsize) < room {
		return ""
	}
	return dir
}
