GO      ?= go
BIN     := bin/rlsctl
PACKAGES := ./...
# Says which tests were skipped and why, which plain go test keeps to itself.
GOTESTSUM := gotest.tools/gotestsum@v1.13.0

.DEFAULT_GOAL := help
.PHONY: help build demo quick test test-versions test-long bench bench-full lint generate verify clean

help: ## show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: ## build bin/rlsctl
	$(GO) build -o $(BIN) ./cmd/rlsctl

demo: build ## show the product working on a throw-away server
	@./$(BIN) demo

quick: verify ## what needs no server: seconds
	$(GO) vet $(PACKAGES)
	$(GO) test ./policies/... ./sql ./migrations ./internal/generate ./integration/reference

test: verify ## all tests, on a throw-away server of the machine, else in containers
	$(GO) vet $(PACKAGES)
	@$(GO) test -count=1 -v -run '^TestServer$$' ./internal/pgtest 2>&1 | grep '^pgtest:' || echo 'pgtest: no server can be had'
	$(GO) run $(GOTESTSUM) --format pkgname-and-test-fails -- -timeout 45m $(PACKAGES)

test-versions: ## the proofs on PostgreSQL 17 and 18, in containers
	RLSCTL_TEST_SERVER=container RLSCTL_TEST_PG=17 $(GO) test -count=1 -timeout 30m ./integration/... ./pgsession ./cmd/rlsctl ./internal/...
	RLSCTL_TEST_SERVER=container RLSCTL_TEST_PG=18 $(GO) test -count=1 -timeout 30m ./integration/... ./pgsession ./cmd/rlsctl ./internal/...

test-long: ## many more random models and a longer fuzz run
	RLSCTL_TEST_MODELS=5000 $(GO) test -timeout 60m ./integration/...
	$(GO) test -run '^$$' -fuzz FuzzModel -fuzztime 5m ./policies/parse

bench: ## measure ours, filters by hand, other policies and OpenFGA; writes docs/bench and README.md. BENCH=-openfga=false: flags
	$(GO) run ./integration/bench $(BENCH)

bench-full: ## the same with a million users and ten million rows, to docs/bench/full: takes long, and much memory
	$(GO) run ./integration/bench -users 1000000 -rows 10000000 -full -limit 10s -openfga-load 10m -shared-buffers 8GB -out docs/bench/full -readme '' $(BENCH)

lint: ## golangci-lint, where it is installed
	golangci-lint run

generate: ## write what is generated: migrations/ from sql/
	$(GO) generate $(PACKAGES)
	$(GO) run ./internal/generate

verify: ## fail where generated files differ from their sources, or code is not formatted
	@$(GO) run ./internal/generate -check
	@test -z "$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go'))" || { gofmt -l .; echo 'run gofmt -w .'; exit 1; }

clean: ## remove what was built
	rm -rf bin
