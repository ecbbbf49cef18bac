package pgserver

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed entrypoint.sh
var entrypoint []byte

// defaultMajor is the version of the container if the options ask for none.
const defaultMajor = 17

// suites are the Debian releases that carry a PostgreSQL major version.
var suites = map[int]string{15: "bookworm", 17: "trixie", 18: "forky"}

// Image returns the name of an image with PostgreSQL of this major version (0 = 17) that the engine has.
// The official image is taken if it is there, else one built earlier; else the official one is pulled; else one is
// built from Debian packages, on Debian only. Safe to call from several processes at once: one of them builds.
func Image(ctx context.Context, major int, log func(format string, args ...any)) (string, error) {
	if major == 0 {
		major = defaultMajor
	}
	o := Options{Log: log}
	official, built := fmt.Sprintf("postgres:%d", major), builtImage(major)
	for _, name := range []string{official, built} {
		if HasImage(ctx, name) {
			return name, nil
		}
	}
	unlock, err := lockFile(cachePath("image.lock"))
	if err != nil {
		return "", fmt.Errorf("image %s: %w", official, err)
	}
	defer unlock()
	for _, name := range []string{official, built} { // another process may have been faster
		if HasImage(ctx, name) {
			return name, nil
		}
	}
	o.logf("pulling %s", official)
	_, pullErr := docker(ctx, 10*time.Minute, "pull", "--quiet", official)
	if pullErr == nil {
		return official, nil
	}
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	o.logf("%s cannot be pulled, building %s from Debian packages", official, built)
	if err := buildImage(ctx, major); err != nil {
		return "", fmt.Errorf("image %s can be neither pulled nor built: %w; %w", official, pullErr, err)
	}
	return built, nil
}

// builtImage names the image that buildImage makes.
func builtImage(major int) string { return fmt.Sprintf("rlsctl-postgres:%d", major) }

// cachePath is a file in this user's cache directory, which it makes.
func cachePath(name string) string {
	dir, err := os.UserCacheDir()
	if err == nil {
		dir = filepath.Join(dir, "rlsctl")
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return filepath.Join(os.TempDir(), fmt.Sprintf("rlsctl-%d-%s", os.Getuid(), name))
	}
	return filepath.Join(dir, name)
}

// programs are the packages besides the server that the image and its scripts need.
var programs = []string{
	"base-files", "base-passwd", "bash", "coreutils", "dash", "findutils", "grep", "gzip", "hostname", "libc-bin", "mawk",
	"sed", "util-linux",
}

// unneeded are prefixes of packages in the closure that only installation, Debian's wrappers or the just-in-time
// compiler use. The last is half of the whole, and PostgreSQL works without it if its files are not there.
var unneeded = []string{
	"adduser_", "debconf_", "dpkg_", "gcc-", "init-system-helpers_", "libllvm", "libperl", "libz3", "locales_", "openssl_",
	"passwd_", "perl", "postgresql-client-common_", "postgresql-common", "ssl-cert_", "ucf_", "usrmerge_",
}

// buildImage makes an image from the Debian packages of postgresql-NN and all that they depend on.
// apt works on a state of its own here and checks the signatures of what it loads with Debian's keyring. Nothing is installed.
func buildImage(ctx context.Context, major int) error {
	suite, ok := suites[major]
	if !ok {
		return fmt.Errorf("no Debian release is known for PostgreSQL %d", major)
	}
	sources, err := debianSources(suite)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "rlsctl-image-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	debs, err := downloadClosure(ctx, dir, sources, suite, append([]string{"postgresql-" + strconv.Itoa(major)}, programs...))
	if err != nil {
		return err
	}
	root := filepath.Join(dir, "root")
	if err := unpack(ctx, root, debs); err != nil {
		return err
	}
	if err := furnish(root, major); err != nil {
		return err
	}
	return importImage(ctx, root, major)
}

// debianSources are apt's sources of a suite and, since the newest server is there first, of its security updates: at the
// mirrors of this machine's own release.
func debianSources(suite string) (string, error) {
	release, err := os.ReadFile("/etc/os-release")
	if err != nil || value(release, "ID") != "debian" {
		return "", errors.New("not a Debian machine")
	}
	for _, program := range []string{"apt-get", "dpkg-deb", "tar"} {
		if _, err := exec.LookPath(program); err != nil {
			return "", fmt.Errorf("no %s command", program)
		}
	}
	keyring := "/usr/share/keyrings/debian-archive-keyring.gpg"
	if _, err := os.Stat(keyring); err != nil {
		return "", errors.New("the package debian-archive-keyring is not installed")
	}
	files, _ := filepath.Glob("/etc/apt/sources.list.d/*")
	var list string
	for _, of := range []string{"", "-security"} {
		for _, file := range append([]string{"/etc/apt/sources.list"}, files...) {
			text, err := os.ReadFile(file)
			if err != nil {
				continue
			}
			if uri := mirrorIn(string(text), strings.HasSuffix(file, ".sources"), value(release, "VERSION_CODENAME")+of); uri != "" {
				list += fmt.Sprintf("deb [signed-by=%s] %s %s%s main\n", keyring, uri, suite, of)
				break
			}
		}
		if list == "" {
			return "", errors.New("apt's sources name no Debian mirror")
		}
	}
	return list, nil
}

// value reads NAME=value or NAME="value" from a file like /etc/os-release.
func value(file []byte, name string) string {
	for line := range strings.Lines(string(file)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), name+"="); ok {
			return strings.Trim(v, `"'`)
		}
	}
	return ""
}

// mirrorIn finds the URI of the suite, with the component main, in a source file of either of apt's formats.
func mirrorIn(text string, deb822 bool, suite string) string {
	if deb822 {
		for stanza := range strings.SplitSeq(strings.ReplaceAll(text, "\r", ""), "\n\n") {
			fields := map[string]string{}
			for line := range strings.Lines(stanza) {
				name, v, ok := strings.Cut(line, ":")
				if ok && !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, " ") {
					fields[strings.ToLower(name)] = strings.TrimSpace(v)
				}
			}
			uris := strings.Fields(fields["uris"])
			if len(uris) > 0 && fields["enabled"] != "no" && slices.Contains(strings.Fields(fields["types"]), "deb") &&
				slices.Contains(strings.Fields(fields["suites"]), suite) && slices.Contains(strings.Fields(fields["components"]), "main") {
				return uris[0]
			}
		}
		return ""
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if before, rest, ok := strings.Cut(line, "["); ok {
			_, after, _ := strings.Cut(rest, "]")
			line = before + after
		}
		f := strings.Fields(line)
		if len(f) >= 4 && f[0] == "deb" && f[2] == suite && slices.Contains(f[3:], "main") {
			return f[1]
		}
	}
	return ""
}

// downloadClosure loads the packages and everything they depend on, as if nothing were installed.
func downloadClosure(ctx context.Context, dir, sources, suite string, packages []string) ([]string, error) {
	for _, sub := range []string{"state/lists/partial", "cache/archives/partial", "parts"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	for name, text := range map[string]string{"status": "", "sources.list": sources, "preferences": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return nil, err
		}
	}
	options := []string{"-q"}
	for _, pair := range []string{
		"Dir::State=" + filepath.Join(dir, "state"),
		"Dir::State::status=" + filepath.Join(dir, "status"),
		"Dir::Cache=" + filepath.Join(dir, "cache"),
		"Dir::Etc::sourcelist=" + filepath.Join(dir, "sources.list"),
		"Dir::Etc::sourceparts=" + filepath.Join(dir, "parts"),
		"Dir::Etc::preferences=" + filepath.Join(dir, "preferences"),
		"Dir::Etc::preferencesparts=" + filepath.Join(dir, "parts"),
		"Dir::Log=" + dir,
		"APT::Install-Recommends=false",
		"APT::Sandbox::User=root", // the temporary directory is closed to apt's own account
		"Acquire::Languages=none",
		"Acquire::Retries=3",
		"Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
		"Acquire::AllowInsecureRepositories=false",
	} {
		options = append(options, "-o", pair)
	}
	apt := func(args ...string) error {
		cmd := exec.CommandContext(ctx, "apt-get", slices.Concat(options, args)...)
		cmd.Env = append(os.Environ(), "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("apt-get %s for Debian %s: %s", args[0], suite, lastLines(out))
		}
		return nil
	}
	if err := apt("update"); err != nil {
		return nil, err
	}
	if err := apt(append([]string{"install", "--yes", "--download-only"}, packages...)...); err != nil {
		return nil, err
	}
	return filepath.Glob(filepath.Join(dir, "cache/archives/*.deb"))
}

// unpack extracts the needed packages below root, without running anything of theirs.
func unpack(ctx context.Context, root string, debs []string) error {
	for _, name := range []string{"bin", "sbin", "lib", "lib64"} { // merged-/usr, which base-files has only in later releases
		if err := os.MkdirAll(filepath.Join(root, "usr", name), 0o755); err != nil {
			return err
		}
		if err := os.Symlink("usr/"+name, filepath.Join(root, name)); err != nil {
			return err
		}
	}
	for _, deb := range debs {
		if slices.ContainsFunc(unneeded, func(prefix string) bool { return strings.HasPrefix(filepath.Base(deb), prefix) }) {
			continue
		}
		var stderr bytes.Buffer
		read := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
		write := exec.CommandContext(ctx, "tar", "-x", "-C", root, "--keep-directory-symlink", "--no-same-owner",
			"--exclude=./usr/share/doc/*", "--exclude=./usr/share/man/*", "--exclude=./usr/share/locale/*",
			"--exclude=./usr/share/bash-completion", "--exclude=./usr/share/lintian", "--exclude=./usr/share/info",
			"--exclude=llvmjit*", "--exclude=./usr/lib/postgresql/*/lib/bitcode")
		read.Stderr, write.Stderr = &stderr, &stderr
		pipe, err := read.StdoutPipe()
		if err != nil {
			return err
		}
		write.Stdin = pipe
		if err := read.Start(); err != nil {
			return err
		}
		writeErr := write.Run()
		_ = pipe.Close() // ends the writer if the reader ended early
		readErr := read.Wait()
		if err := errors.Join(writeErr, readErr); err != nil {
			return fmt.Errorf("unpack %s: %w: %s", filepath.Base(deb), err, lastLines(stderr.Bytes()))
		}
	}
	return nil
}

// furnish adds what the packages' installation scripts and the official image would.
func furnish(root string, major int) error {
	bin := fmt.Sprintf("usr/lib/postgresql/%d/bin", major)
	if _, err := os.Stat(filepath.Join(root, bin, "postgres")); err != nil {
		return fmt.Errorf("the packages have no %s/postgres", bin)
	}
	for _, dir := range []string{"docker-entrypoint-initdb.d", "var/lib/postgresql", "var/run", "run/postgresql", "tmp", "usr/local/bin", "root", "etc"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			return err
		}
	}
	for name, text := range map[string]string{
		"etc/passwd": "root:x:0:0:root:/root:/bin/bash\n" +
			"postgres:x:999:999:PostgreSQL administrator:/var/lib/postgresql:/bin/bash\n" +
			"nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
		"etc/group":         "root:x:0:\ntty:x:5:\npostgres:x:999:\nnogroup:x:65534:\n",
		"etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
	} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(root, "usr/local/bin/docker-entrypoint.sh"), entrypoint, 0o755); err != nil {
		return err
	}
	for link, target := range map[string]string{"usr/bin/awk": "mawk", "usr/bin/sh": "dash", "var/run": "../run"} {
		path := filepath.Join(root, link)
		if err := os.RemoveAll(path); err != nil {
			return err
		}
		if err := os.Symlink(target, path); err != nil {
			return err
		}
	}
	for _, dir := range []string{"tmp", "run/postgresql"} {
		if err := os.Chmod(filepath.Join(root, dir), 0o777|fs.ModeSticky); err != nil {
			return err
		}
	}
	// As in the official image: a server in a container is reached from outside of it.
	sample := filepath.Join(root, fmt.Sprintf("usr/share/postgresql/%d/postgresql.conf.sample", major))
	text, err := os.ReadFile(sample)
	if err != nil {
		return err
	}
	changed := bytes.Replace(text, []byte("#listen_addresses = 'localhost'"), []byte("listen_addresses = '*'"), 1)
	if bytes.Equal(changed, text) {
		return errors.New("postgresql.conf.sample has no listen_addresses")
	}
	return os.WriteFile(sample, changed, 0o644)
}

// importImage hands the tree to the engine as one layer.
func importImage(ctx context.Context, root string, major int) error {
	data, volume := "/var/lib/postgresql/data", "/var/lib/postgresql/data"
	if major >= 18 { // as the official image since 18
		data, volume = fmt.Sprintf("/var/lib/postgresql/%d/docker", major), "/var/lib/postgresql"
	}
	path := fmt.Sprintf("/usr/lib/postgresql/%d/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", major)
	args := []string{"import"}
	for _, change := range []string{
		"ENV PATH=" + path,
		"ENV LANG=C.UTF-8",
		"ENV PG_MAJOR=" + strconv.Itoa(major),
		"ENV PGDATA=" + data,
		"VOLUME " + volume,
		"EXPOSE " + strconv.Itoa(containerPort),
		`ENTRYPOINT ["docker-entrypoint.sh"]`,
		`CMD ["postgres"]`,
	} {
		args = append(args, "--change", change)
	}
	var stderr bytes.Buffer
	tar := exec.CommandContext(ctx, "tar", "-c", "-C", root, "--owner=0", "--group=0", "--numeric-owner", ".")
	load := exec.CommandContext(ctx, "docker", append(args, "-", builtImage(major))...)
	tar.Stderr, load.Stderr = &stderr, &stderr
	pipe, err := tar.StdoutPipe()
	if err != nil {
		return err
	}
	load.Stdin = pipe
	if err := tar.Start(); err != nil {
		return err
	}
	loadErr := load.Run()
	_ = pipe.Close() // ends the writer if the reader ended early
	tarErr := tar.Wait()
	if err := errors.Join(loadErr, tarErr); err != nil {
		return fmt.Errorf("import %s: %w: %s", builtImage(major), err, lastLines(stderr.Bytes()))
	}
	return nil
}
