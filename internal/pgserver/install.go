package pgserver

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
)

// canInstall reports whether installDebian may work here.
func canInstall() bool {
	if os.Geteuid() != 0 {
		return false
	}
	if _, err := os.Stat("/etc/debian_version"); err != nil {
		return false
	}
	_, err := exec.LookPath("apt-get")
	return err == nil
}

// debianPackage is the package with a wanted server; Debian's "postgresql" is the release's own version.
func debianPackage(o Options) string {
	if o.Major == 0 {
		return "postgresql"
	}
	return "postgresql-" + strconv.Itoa(o.Major)
}

// installDebian installs the server's package and keeps it from making and starting a cluster, which nobody asked for.
// Source: createcluster.conf of postgresql-common, create_main_cluster.
func installDebian(ctx context.Context, o Options) error {
	const conf = "/etc/postgresql-common/createcluster.d/rlsctl.conf"
	if err := os.MkdirAll(filepath.Dir(conf), 0o755); err != nil {
		return fmt.Errorf("install %s: %w", debianPackage(o), err)
	}
	if err := os.WriteFile(conf, []byte("create_main_cluster = false\n"), 0o644); err != nil {
		return fmt.Errorf("install %s: %w", debianPackage(o), err)
	}
	defer func() { _ = os.Remove(conf) }()
	o.logf("installing the package %s", debianPackage(o))
	for _, args := range [][]string{
		{"update"},
		{"install", "--yes", "--no-install-recommends", debianPackage(o)},
	} {
		cmd := exec.CommandContext(ctx, "apt-get", append([]string{"-q", "-o", "DPkg::Lock::Timeout=120"}, args...)...)
		cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			if ctx.Err() != nil {
				return fmt.Errorf("apt-get %s: %w", args[0], ctx.Err())
			}
			return fmt.Errorf("apt-get %s: %s", args[0], lastLines(out))
		}
	}
	return nil
}

// installCommand is the one shell command that gives this machine a server, or "" if none is known.
func installCommand(o Options) string {
	has := func(program string) bool {
		_, err := exec.LookPath(program)
		return err == nil
	}
	sudo := ""
	if os.Geteuid() != 0 && has("sudo") {
		sudo = "sudo "
	}
	if o.Prefer == KindContainer {
		major := o.Major
		if major == 0 {
			major = defaultMajor
		}
		return fmt.Sprintf("docker pull postgres:%d", major)
	}
	brew := "postgresql@18"
	if o.Major != 0 {
		brew = "postgresql@" + strconv.Itoa(o.Major)
	}
	switch {
	case runtime.GOOS == "darwin":
		return "brew install " + brew
	case has("apt-get"):
		return sudo + "apt-get install -y " + debianPackage(o)
	case has("dnf"):
		return sudo + "dnf install -y postgresql-server"
	case has("apk"):
		return sudo + "apk add postgresql"
	case has("pacman"):
		return sudo + "pacman -S --noconfirm postgresql"
	default:
		return ""
	}
}
