package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rlsctl/rlsctl/policies"
)

// fgaVersion is built by the Go command from its module, and is no dependency of ours.
const fgaVersion = "v1.22.1"

// fgaService is a running OpenFGA.
type fgaService struct {
	server   *server
	database string
	process  *exec.Cmd
	exited   chan struct{}
	url      string
	client   http.Client
}

// startFGA builds the service once into the user's cache, gives it a database and starts it. What its users must raise is
// raised: the longest list and the time for it.
func startFGA(ctx context.Context, s *server, limit time.Duration, log io.Writer) (f *fgaService, err error) {
	program, err := buildFGA(ctx, log)
	if err != nil {
		return nil, err
	}
	f = &fgaService{server: s, database: s.prefix + "bench_openfga"}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.stop())
		}
	}()
	if _, err := s.admin.Exec(ctx, "CREATE DATABASE "+policies.Ident(f.database)); err != nil {
		return f, fmt.Errorf("create a database for OpenFGA: %w", err)
	}
	api, err := freeAddress()
	if err != nil {
		return f, err
	}
	grpc, err := freeAddress()
	if err != nil {
		return f, err
	}
	env := append(os.Environ(), "OPENFGA_DATASTORE_ENGINE=postgres", "OPENFGA_DATASTORE_URI="+s.pg.URL("", f.database),
		"OPENFGA_LOG_LEVEL=error")
	migrate := exec.CommandContext(ctx, program, "migrate")
	migrate.Env = env
	if out, err := migrate.CombinedOutput(); err != nil {
		return f, fmt.Errorf("migrate OpenFGA's database: %w: %s", err, bytes.ReplaceAll(out, []byte(s.password), nil))
	}
	deadline := (limit + time.Second).String()
	f.process = exec.Command(program, "run")
	f.process.Env = append(env, "OPENFGA_HTTP_ADDR="+api, "OPENFGA_GRPC_ADDR="+grpc, "OPENFGA_METRICS_ENABLED=false",
		"OPENFGA_PLAYGROUND_ENABLED=false", "OPENFGA_LIST_OBJECTS_DEADLINE="+deadline, "OPENFGA_LIST_OBJECTS_MAX_RESULTS=0",
		"OPENFGA_HTTP_UPSTREAM_TIMEOUT="+deadline, "OPENFGA_REQUEST_TIMEOUT="+deadline)
	if err := f.process.Start(); err != nil {
		f.process = nil
		return f, fmt.Errorf("start OpenFGA: %w", err)
	}
	f.exited = make(chan struct{})
	go func() {
		_ = f.process.Wait()
		close(f.exited)
	}()
	f.url = "http://" + api
	return f, f.await(ctx)
}

// buildFGA returns the program, which it makes where it is missing.
func buildFGA(ctx context.Context, log io.Writer) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("build OpenFGA: %w", err)
	}
	dir := filepath.Join(cache, "rlsctl", "openfga-"+fgaVersion)
	program := filepath.Join(dir, "openfga")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	fmt.Fprintf(log, "building OpenFGA %s, once\n", fgaVersion)
	build := exec.CommandContext(ctx, "go", "install", "github.com/openfga/openfga/cmd/openfga@"+fgaVersion)
	build.Env = append(os.Environ(), "GOBIN="+dir)
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build OpenFGA: %w: %.500s", err, out)
	}
	return program, nil
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close() //nolint:errcheck // nothing was sent
	return l.Addr().String(), nil
}

func (f *fgaService) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		var health struct{ Status string }
		err := f.do(ctx, http.MethodGet, "/healthz", nil, &health)
		if err == nil && health.Status == "SERVING" {
			return nil
		}
		select {
		case <-f.exited:
			return errors.New("start OpenFGA: it ended at once")
		case <-ctx.Done():
			return fmt.Errorf("start OpenFGA: no answer in 30 s: %w", err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (f *fgaService) stop() error {
	if f.process != nil {
		_ = f.process.Process.Kill()
		<-f.exited
	}
	ctx, cancel := context.WithTimeout(context.Background(), cleanupLimit)
	defer cancel()
	_, err := f.server.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+policies.Ident(f.database)+" WITH (FORCE)")
	return err
}

// analyze gathers statistics about the service's tables.
func (f *fgaService) analyze(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, f.server.config("", f.database))
	if err != nil {
		return fmt.Errorf("analyze OpenFGA's database: %w", err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // nothing is pending
	_, err = conn.Exec(ctx, "ANALYZE")
	return err
}

// do sends one request, and reads the answer into out.
func (f *fgaService) do(ctx context.Context, method, path string, in, out any) error {
	body, err := f.open(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer body.Close() //nolint:errcheck // it was read
	if err := json.NewDecoder(body).Decode(out); err != nil {
		return fmt.Errorf("OpenFGA %s: %w", path, err)
	}
	return nil
}

func (f *fgaService) open(ctx context.Context, method, path string, in any) (io.ReadCloser, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, f.url+path, body)
	if err != nil {
		return nil, err
	}
	resp, err := f.client.Do(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 == 2 {
		return resp.Body, nil
	}
	defer resp.Body.Close() //nolint:errcheck // it was read
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 300))
	if bytes.Contains(said, []byte("deadline")) || resp.StatusCode == http.StatusGatewayTimeout {
		return nil, context.DeadlineExceeded
	}
	return nil, fmt.Errorf("OpenFGA %s: %s: %s", path[strings.LastIndex(path, "/"):], resp.Status, said)
}

// fgaStore is one store with its model.
type fgaStore struct {
	*fgaService
	path, model string
}

func (f *fgaService) newStore(ctx context.Context, name, model string) (fgaStore, error) {
	var store struct{ ID string }
	if err := f.do(ctx, http.MethodPost, "/stores", map[string]string{"name": name}, &store); err != nil {
		return fgaStore{}, err
	}
	path := "/stores/" + store.ID
	var written struct {
		ID string `json:"authorization_model_id"`
	}
	err := f.do(ctx, http.MethodPost, path+"/authorization-models", json.RawMessage(model), &written)
	return fgaStore{f, path, written.ID}, err
}

type fgaTuple struct {
	User     string `json:"user"`
	Relation string `json:"relation"`
	Object   string `json:"object"`
}

func (s fgaStore) write(ctx context.Context, tuples []fgaTuple) error {
	return s.do(ctx, http.MethodPost, s.path+"/write", map[string]any{
		"authorization_model_id": s.model, "writes": map[string]any{"tuple_keys": tuples}}, &struct{}{})
}

func (s fgaStore) check(ctx context.Context, user, relation, object string) (bool, error) {
	var out struct{ Allowed bool }
	err := s.do(ctx, http.MethodPost, s.path+"/check", map[string]any{
		"authorization_model_id": s.model, "tuple_key": fgaTuple{user, relation, object}}, &out)
	return out.Allowed, err
}

// list lists objects as they are found: the answer in one piece has a limit, the stream has none but time.
func (s fgaStore) list(ctx context.Context, user, relation, kind string) ([]string, error) {
	body, err := s.open(ctx, http.MethodPost, s.path+"/streamed-list-objects", map[string]string{
		"authorization_model_id": s.model, "user": user, "relation": relation, "type": kind})
	if err != nil {
		return nil, err
	}
	defer body.Close() //nolint:errcheck // it was read
	var out []string
	for d := json.NewDecoder(bufio.NewReaderSize(body, 1<<16)); ; {
		var line struct {
			Result struct{ Object string }
			Error  *struct{ Message string }
		}
		switch err := d.Decode(&line); {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, err
		case line.Error != nil && strings.Contains(line.Error.Message, "deadline"):
			return nil, context.DeadlineExceeded
		case line.Error != nil:
			return nil, fmt.Errorf("OpenFGA streamed-list-objects: %s", line.Error.Message)
		}
		out = append(out, line.Result.Object)
	}
}
