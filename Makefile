# Everything that a person or CI does goes through here.
#   make run     build everything and run a node on http://localhost:8080
#   make test    all tests: Go, web, real browsers, foreign WebRTC stacks
#   make check   formatting, lint, types, unit tests: two minutes at most

GO        ?= go
FUZZTIME  ?= 30s
SOAK      ?= 30m
LINT      := $(GO) run -modfile=tools/go.mod github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: all run build web verify-web types test check check-go check-web lint race fuzz e2e wire interop bench bench-peers bench-loss bench-keys bench-trunk bench-coordination sim netns soak fmt map clean

all: check

run: build ## build everything and run a node
	bin/stoa serve

build: web ## bin/stoa, one static binary with the app inside
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/stoa ./cmd/stoa

web: node_modules/.installed ## web/dist, the built app
	npm run --silent build

node_modules/.installed: package.json package-lock.json
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

verify-web: web ## whether a node serves the app that is built here: make verify-web NODE=https://stoa.example
	node web/test/verify.mjs "$(NODE)"

types: node_modules/.installed ## sdk/ts/src/api.d.ts, from the API itself
	@mkdir -p build
	$(GO) run ./cmd/stoa openapi > build/openapi.json
	npm run --silent api

test: build ## all of it
	-test/needs postgresql procps # without it some tests are skipped; with CI=true they fail
	$(GO) test -parallel 4 ./...
	npm test --silent
	$(MAKE) --no-print-directory interop e2e
	$(MAKE) --no-print-directory wire WIRE=-optional
	$(MAKE) --no-print-directory netns NETNS=-short

check: node_modules/.installed ## what must be true of every commit
	@$(MAKE) --no-print-directory -j2 check-go check-web # either waits a lot

check-go: lint
	-test/needs postgresql procps # without it some tests are skipped; with CI=true they fail
	$(GO) test -short -p 3 -parallel 4 ./... # many of them wait, for clocks

check-web: types
	git diff --exit-code --stat sdk/ts/src/api.d.ts # the types are those of the API
	npm run --silent check
	npm test --silent

lint:
	$(LINT) run
	$(GO) mod tidy -diff

race: ## the Go tests with the race detector
	-test/needs postgresql procps # without it some tests are skipped; with CI=true they fail
	$(GO) test -race ./...

fuzz: ## every parser, FUZZTIME each
	@$(GO) list -f '{{.ImportPath}}' ./... | while read -r p; do \
	  $(GO) test -list '^Fuzz' $$p | grep '^Fuzz' | while read -r f; do \
	    echo "$$p $$f"; \
	    $(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) $$p || exit 1; \
	  done || exit 1; \
	done

e2e: build ## three people in real browsers
	test/needs chromium espeak-ng sox
	$(GO) build -o bin/m2e ./test/meter/m2e
	$(GO) build -o bin/keys ./test/keys
	npm run --silent e2e

wire: build ## no names on the wire: a visit of three people, captured and searched
	test/needs chromium espeak-ng sox
	$(GO) build -o bin/wire ./test/wire
	bin/wire $(WIRE)

netns: build ## a network of real nodes in network namespaces, with Chromium (NETNS=-publish: into docs/benchmarks.md)
	test/needs chromium espeak-ng sox
	$(GO) build -o bin/netns ./test/netns
	bin/netns $(NETNS)

soak: build ## real nodes that fall and come back, and many people, for SOAK=30m
	$(GO) build -o bin/netns ./test/netns
	bin/netns soak -for $(SOAK)

sim: ## the network, simulated: 200 nodes in every scenario, 1,500 schedules of faults (about ten minutes)
	$(GO) test ./internal/sim -count=1 -timeout 40m -run 'Scenarios|Both|Everybody|Faults' -bars -v

bench-trunk: ## what a relay costs for each packet, in a process of its own
	$(GO) test ./internal/overlay/link -count=1 -run TestCost -costs 10s -v

bench-coordination: ## what it costs to know who owns 100,000 rooms, in a process of its own
	$(GO) run ./cmd/stoa bench coordination --rooms 100000

bench-loss: build ## how speech survives loss, in Chromium; rewrites its section in docs/benchmarks.md
	test/needs chromium espeak-ng sox
	$(GO) build -o bin/m2e ./test/meter/m2e
	$(GO) build -o bin/lossy ./test/lossy
	npm run --silent loss -w test/e2e

bench-keys: build ## what sealing costs, in Chromium; rewrites its section in docs/benchmarks.md
	test/needs chromium espeak-ng sox
	$(GO) build -o bin/m2e ./test/meter/m2e
	$(GO) build -o bin/lossy ./test/lossy
	$(GO) build -o bin/keys ./test/keys
	npm run --silent keys -w test/e2e

interop: build ## aiortc, a WebRTC stack that shares no code with ours
	test/needs python3-aiohttp python3-aiortc
	$(GO) test -count=1 -tags interop ./test/interop

bench: build ## docs/benchmarks.md: rooms (BENCH=--quick for a try)
	$(GO) build -o bin/bench ./test/bench
	bin/bench room $(BENCH)

bench-peers: build ## docs/benchmarks.md: beside Janus and Mumble (BENCH=--quick)
	test/needs janus mumble-server
	$(GO) build -o bin/peers ./test/peers
	$(GO) build -o bin/bench ./test/bench
	bin/bench peers $(BENCH)

fmt:
	$(LINT) fmt
	npm run --silent fmt

map: ## the layout, printed from the package comments
	@$(GO) list -f '{{.ImportPath}}	{{.Doc}}' ./... | sed 's#^github.com/stoa-audio/stoa/##'

clean:
	rm -rf bin build web/dist/assets web/dist/index.html node_modules
