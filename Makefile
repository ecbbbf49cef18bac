GO      ?= go
BIN     := bin/rlsctl
PACKAGES := ./...

.DEFAULT_GOAL := help
.PHONY: help build demo test test-long lint generate verify clean

help: ## show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

build: ## build bin/rlsctl
	$(GO) build -o $(BIN) ./cmd/rlsctl

demo: build ## show the product working on a throw-away server
	@./$(BIN) demo

test: verify ## all tests, in containers where an engine answers, else on a local server
	$(GO) vet $(PACKAGES)
	$(GO) test -timeout 14m $(PACKAGES)

test-long: ## many more random models and a longer fuzz run
	RLSCTL_TEST_MODELS=5000 $(GO) test -timeout 60m ./integration/...
	$(GO) test -run '^$$' -fuzz FuzzModel -fuzztime 5m ./policies/parse

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
