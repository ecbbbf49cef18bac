package pgserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Container says what to run: an image that behaves like the official PostgreSQL image.
type Container struct {
	Image string
	Env   map[string]string
	Cmd   []string          // arguments of the image's entrypoint
	Tmpfs map[string]string // path -> mount options
	Local bool              // the engine is on this machine: publish the port on 127.0.0.1 only
}

// Running is a started container.
type Running struct {
	ID        string
	Addresses []string // "host:port" that may lead to the server, the likelier first
	Remove    func(ctx context.Context) error
}

const (
	containerPort = 5432
	dataPath      = "/pgdata" // outside of every image's volume, so that no volume is made for it
)

var errNoEngine = errors.New("no container engine answers")

// EngineAnswers reports whether a container engine can be reached with the docker command.
func EngineAnswers(ctx context.Context) bool {
	_, err := docker(ctx, 10*time.Second, "version", "--format", "{{.Server.Version}}")
	return err == nil
}

// HasImage reports whether the engine has an image of this name.
func HasImage(ctx context.Context, name string) bool {
	_, err := docker(ctx, 30*time.Second, "image", "inspect", "--format", "{{.Id}}", name)
	return err == nil
}

// docker runs one docker command and returns its trimmed stdout. The error has the last line of its stderr.
func docker(ctx context.Context, limit time.Duration, args ...string) (string, error) {
	path, err := exec.LookPath("docker")
	if err != nil {
		return "", errors.New("no docker command")
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return "", fmt.Errorf("docker %s: %w", args[0], ctx.Err())
		}
		if text := bytes.TrimSpace(stderr.Bytes()); len(text) > 0 {
			return "", fmt.Errorf("docker %s: %s", args[0], lastLines(text))
		}
		return "", fmt.Errorf("docker %s: %w", args[0], err)
	}
	return strings.TrimSpace(stdout.String()), nil
}

// startContainer runs a server in a container. Its error is errNoEngine if there is no engine.
func startContainer(ctx context.Context, o Options) (*Server, error) {
	started := time.Now()
	if !EngineAnswers(ctx) {
		return nil, errNoEngine
	}
	image, err := Image(ctx, o.Major, o.Log)
	if err != nil {
		return nil, err
	}
	run := o.Run
	if run == nil {
		run = runDocker
	}
	c := Container{
		Image: image,
		Env: map[string]string{
			"POSTGRES_HOST_AUTH_METHOD": "trust",
			"POSTGRES_INITDB_ARGS":      "--no-sync --wal-segsize=1 -E UTF8 --locale=C.UTF-8",
			"PGDATA":                    dataPath,
			"TZ":                        "UTC",
		},
		Cmd:   []string{"postgres"},
		Tmpfs: map[string]string{dataPath: "rw"},
		Local: engineHost() == "",
	}
	for _, pair := range settings(o) {
		c.Cmd = append(c.Cmd, "-c", pair)
	}
	running, err := run(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("start a container of %s: %w", image, err)
	}
	var guard *watch
	if path, err := exec.LookPath("docker"); err == nil {
		guard, _ = watchContainer(path, running.ID) // without it, Stop is all there is
	}
	s := &Server{
		kind:      KindContainer,
		where:     "container " + image,
		user:      superuser,
		container: running.ID,
		psql:      findPsql(""),
		stop: func(ctx context.Context) error {
			err := running.Remove(ctx)
			if err == nil {
				guard.dismiss()
			}
			return err
		},
	}
	var addresses []address
	for _, a := range running.Addresses {
		host, port, err := net.SplitHostPort(a)
		if err != nil {
			continue
		}
		n, _ := strconv.Atoi(port)
		addresses = append(addresses, address{host, n})
	}
	dead, cancel := containerDeath(ctx, running.ID)
	err = s.await(ctx, addresses, dead)
	cancel()
	if err != nil {
		logs, _ := dockerLogs(context.WithoutCancel(ctx), running.ID)
		_ = s.Stop(context.WithoutCancel(ctx))
		return nil, fmt.Errorf("start a container of %s: %w: %s", image, err, lastLines(logs))
	}
	o.logf("started %s in %d ms", s.Describe(), time.Since(started).Milliseconds())
	return s, nil
}

// containerDeath returns a channel that is closed when the container stops.
func containerDeath(ctx context.Context, id string) (<-chan struct{}, func()) {
	ctx, cancel := context.WithCancel(ctx)
	dead := make(chan struct{})
	go func() {
		if _, err := docker(ctx, bootTimeout, "wait", id); err == nil {
			close(dead)
		}
	}()
	return dead, cancel
}

func dockerLogs(ctx context.Context, id string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return exec.CommandContext(ctx, "docker", "logs", "--tail", "5", id).CombinedOutput()
}

// runDocker starts a container with the docker command.
func runDocker(ctx context.Context, c Container) (Running, error) {
	publish := strconv.Itoa(containerPort)
	if c.Local {
		publish = "127.0.0.1::" + publish
	}
	args := []string{"run", "--detach", "--pull", "never", "--label", "rlsctl=pgserver", "--publish", publish}
	for name, value := range c.Env {
		args = append(args, "--env", name+"="+value)
	}
	for path, options := range c.Tmpfs {
		args = append(args, "--tmpfs", path+":"+options)
	}
	id, err := docker(ctx, time.Minute, slices.Concat(args, []string{c.Image}, c.Cmd)...)
	if err != nil {
		return Running{}, err
	}
	r := Running{ID: id, Remove: func(ctx context.Context) error {
		_, err := docker(ctx, time.Minute, "rm", "--force", "--volumes", id)
		return err
	}}
	out, err := docker(ctx, time.Minute, "inspect", "--format",
		`{{range index .NetworkSettings.Ports "5432/tcp"}}{{.HostPort}} {{end}}/{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}`, id)
	if err != nil {
		return Running{}, errors.Join(err, r.Remove(context.WithoutCancel(ctx)))
	}
	ports, ips, _ := strings.Cut(out, "/")
	host := "127.0.0.1"
	if h := engineHost(); h != "" {
		host = h
	}
	for _, port := range strings.Fields(ports) {
		if a := net.JoinHostPort(host, port); !slices.Contains(r.Addresses, a) {
			r.Addresses = append(r.Addresses, a)
		}
	}
	for _, ip := range strings.Fields(ips) { // where published ports do not work, the engine's network often does
		r.Addresses = append(r.Addresses, net.JoinHostPort(ip, strconv.Itoa(containerPort)))
	}
	return r, nil
}

// engineHost is the host name of an engine elsewhere, or "" for one on this machine.
func engineHost() string {
	u, err := url.Parse(os.Getenv("DOCKER_HOST"))
	if err != nil || u.Scheme != "tcp" && u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	switch host := u.Hostname(); host {
	case "localhost", "127.0.0.1", "::1":
		return ""
	default:
		return host
	}
}
