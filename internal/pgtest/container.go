package pgtest

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"

	"github.com/rlsctl/rlsctl/internal/pgserver"
)

const port = "5432/tcp"

// runTestcontainers starts a container with testcontainers. Its reaper is used only if its image is there already:
// the server's own watch removes the container too if this process dies.
func runTestcontainers(ctx context.Context, c pgserver.Container) (pgserver.Running, error) {
	const disabled = "TESTCONTAINERS_RYUK_DISABLED"
	if _, set := os.LookupEnv(disabled); !set && !pgserver.HasImage(ctx, testcontainers.ReaperDefaultImage) {
		if err := os.Setenv(disabled, "true"); err != nil {
			return pgserver.Running{}, err
		}
	}
	log.SetDefault(log.NewNoopLogger())
	started, err := testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{
		ContainerRequest: testcontainers.ContainerRequest{
			Image:        c.Image,
			Env:          c.Env,
			Cmd:          c.Cmd,
			Tmpfs:        c.Tmpfs,
			ExposedPorts: []string{port},
			HostConfigModifier: func(h *container.HostConfig) {
				if c.Local {
					h.PortBindings = network.PortMap{
						network.MustParsePort(port): {{HostIP: netip.MustParseAddr("127.0.0.1")}},
					}
				}
			},
		},
		Started: true,
		Logger:  log.NewNoopLogger(),
	})
	if err != nil {
		if started != nil {
			_ = started.Terminate(context.WithoutCancel(ctx))
		}
		return pgserver.Running{}, err
	}
	r := pgserver.Running{
		ID: started.GetContainerID(),
		Remove: func(ctx context.Context) error {
			return started.Terminate(ctx, testcontainers.StopTimeout(0))
		},
	}
	host, hostErr := started.Host(ctx)
	mapped, portErr := started.MappedPort(ctx, port)
	if hostErr == nil && portErr == nil {
		if c.Local && host == "localhost" {
			host = "127.0.0.1" // the port is published there only, not on ::1
		}
		r.Addresses = append(r.Addresses, net.JoinHostPort(host, mapped.Port()))
	}
	// Where published ports do not work, the engine's network often does.
	if ip, err := started.ContainerIP(ctx); err == nil && ip != "" {
		r.Addresses = append(r.Addresses, net.JoinHostPort(ip, "5432"))
	}
	if len(r.Addresses) == 0 {
		_ = r.Remove(context.WithoutCancel(ctx))
		return pgserver.Running{}, fmt.Errorf("find the container's address: %w", portErr)
	}
	return r, nil
}
