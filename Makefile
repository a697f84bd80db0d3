# The only entry point: what people type, CI calls. `make help` lists it.

GO        ?= go
RELEASE   ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LINT       = github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.12.2
PROTOC_GEN = google.golang.org/protobuf/cmd/protoc-gen-go
ARCHES    ?= amd64 arm64
NAME      ?= localhost/mlf:dev
DATA      ?= ./data
TERMINALS ?= 1000
RATE      ?= 20

.DEFAULT_GOAL := help
.PHONY: help build static image install-systemd engine page page-check kiosk kiosk-check kiosk-proof screens bench-screens year run test corpus test-readers test-open test-traces test-kafka kafka cluster simulate sim chaos guards drill overload attack fuzz bench bench-query bench-heartbeats connections lint lint-api fmt generate clean

help: ## List the targets.
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## Build bin/mlf, without cgo; it needs the C library (glibc), for the embedded ClickHouse.
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=auto -ldflags '-X mlf/command.release=$(RELEASE)' -o bin/mlf .

static: ## Build bin/mlf-static, which needs nothing beside itself: all but the embedded ClickHouse (OUT=file).
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=auto -tags noengine -ldflags '-s -w -X mlf/command.release=$(RELEASE)' -o $(or $(OUT),bin/mlf-static) .

image: ## Make bin/mlf-image.tar, the OCI image for ARCHES (amd64 arm64), the same each time, with licences and bills of materials (NAME=…).
	@set -e; for arch in $(ARCHES); do GOARCH=$$arch $(MAKE) --no-print-directory static OUT=bin/mlf-static-$$arch; done
	$(GO) run ./deploy/image/make --name $(NAME) --release $(RELEASE) --out bin/mlf-image.tar $(ARCHES:%=bin/mlf-static-%)

install-systemd: ## Install bin/mlf-static and the units of deploy/systemd (DESTDIR=…); /etc/mlf/mlf.env stays as it is.
	install -D bin/mlf-static $(DESTDIR)/usr/bin/mlf
	install -D -m 644 -t $(DESTDIR)/usr/lib/systemd/system deploy/systemd/*.service
	install -D -m 644 -t $(DESTDIR)/usr/lib/systemd/system/mlf-.service.d deploy/systemd/mlf-.service.d/*.conf
	install -D -m 644 -t $(DESTDIR)/usr/share/doc/mlf deploy/systemd/README.md LICENSE NOTICE
	install -d -m 700 $(DESTDIR)/etc/mlf/credentials
	[ -e $(DESTDIR)/etc/mlf/mlf.env ] || install -D -m 644 deploy/systemd/mlf.env $(DESTDIR)/etc/mlf/mlf.env

engine: ## Fetch the ClickHouse engine (libchdb, 178 MB, from npm) into the user's cache.
	$(GO) run ./aggregate/store/embedded/fetch

page: ## Build what browsers get, query/dashboard/built and ingest/rating/script/built, from the web folders beside them (npm).
	cd query/dashboard/web && npm ci --no-audit --no-fund && npm run --silent build
	cd ingest/rating/script/web && npm ci --no-audit --no-fund && npm run --silent build

page-check: ## Check what browsers get: types, tests, and that what is built is what the sources make (npm).
	cd query/dashboard/web && npm ci --no-audit --no-fund && npm run --silent types && npm run --silent check && npm test --silent && npm run --silent build -- --check
	cd ingest/rating/script/web && npm ci --no-audit --no-fund && npm run --silent check && npm run --silent build -- --check

kiosk: ## Build the page on which citizens vote, ingest/kiosk/built, from ingest/kiosk/web (npm).
	cd ingest/kiosk/web && npm ci --no-audit --no-fund && npm run --silent build

kiosk-check: ## Check that page: types, tests, and that what is built is what the sources make (npm).
	cd ingest/kiosk/web && npm ci --no-audit --no-fund && npm run --silent check && npm test --silent && npm run --silent build -- --check

kiosk-proof: engine ## What happens to devices, to a kiosk in Chromium before a service that runs (KILLS=100; PICTURES=folder; ONLY=regexp of situations).
	$(if $(PICTURES),mkdir -p $(PICTURES) && )MLF_TEST_KIOSK=1 MLF_TEST_KILLS=$(or $(KILLS),20) MLF_SCREENSHOTS=$(abspath $(PICTURES)) MLF_REQUIRE_ENGINE=1 $(GO) test -count=1 -timeout 60m -v $(if $(ONLY),-run 'TestKioskOf|TestKiosk/.*/($(ONLY))') ./proof/kiosk

screens: engine ## Walk through the pages in Chromium, on a country that voted for a year (SIZE=million; PICTURES=folder).
	$(if $(PICTURES),mkdir -p $(PICTURES) && )MLF_TEST_SCREENS=$(or $(SIZE),small) MLF_SCREENSHOTS=$(abspath $(PICTURES)) MLF_REQUIRE_ENGINE=1 $(GO) test -count=1 -timeout 60m -v ./proof/screens

bench-screens: ## Measure from click to figures, and frames, in a Chromium before a running service (AT=http://127.0.0.1:8081, as make year has it).
	MLF_TEST_SCREENS_AT=$(or $(AT),http://127.0.0.1:8081) $(GO) test ./proof/screens -run '^$$' -bench Screens -benchtime $(or $(RUNS),10)x

year: engine build ## Start everything with a year of a million votes, and keep it running; prints the page's address (DATA=folder).
	@DATA=$(DATA)-year ./proof/screens/year.sh

run: engine build ## Start everything and play terminals in real time; prints the page's address.
	@RATE=$(RATE) TERMINALS=$(TERMINALS) DATA=$(DATA) ./proof/country/run.sh

test: engine ## Run every test that needs no Kafka.
	MLF_REQUIRE_ENGINE=1 $(GO) test -race -timeout 40m ./...

corpus: ## Send every payload that is known of sites, networks, exchanges and their files through a real mlf ingest, sound and damaged.
	$(GO) test -count=1 -v ./proof/corpus

kafka: ## Fetch Apache Kafka through Maven and run a broker on 127.0.0.1:19092 (BROKERS=3 for three).
	$(GO) run ./proof/kafka/run --brokers $(or $(BROKERS),1)

test-readers: engine ## Let pandas, DuckDB and others read the files we write, and run the notebooks (needs Python 3.11 or newer).
	@[ bin/python/ready -nt query/format/testdata/requirements.txt ] || { python3 -m venv --clear bin/python && bin/python/bin/pip install -q -r query/format/testdata/requirements.txt && touch bin/python/ready; }
	MLF_PYTHON=$(CURDIR)/bin/python/bin/python MLF_REQUIRE_ENGINE=1 $(GO) test -count=1 ./query ./query/format ./query/opendata ./proof/pipeline -run 'Others|Notebooks|KeepsBulletins'
	@command -v Rscript >/dev/null || echo "THERE IS NO R HERE: docs/notebooks/*.R and the line of R in docs/client.md WERE NOT RUN (install r-base-core)" >&2

test-open: engine ## Let validators of DCAT-AP_IT and CSVW check the open data (Python 3.13 or newer, by PYTHON or where pyenv has it).
	@python=$$(for p in $(PYTHON) python3 python3.13 $(wildcard $(HOME)/.pyenv/versions/3.1[3-9]*/bin/python3); do "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 13))' 2>/dev/null && echo "$$p" && break; done); \
	[ -n "$$python" ] || { echo "THE OPEN DATA WERE NOT VALIDATED: there is no Python 3.13 or newer; name one by PYTHON=" >&2; exit 0; }; \
	[ bin/validators/ready -nt query/opendata/testdata/requirements.txt ] || { "$$python" -m venv --clear bin/validators && bin/validators/bin/pip install -q -r query/opendata/testdata/requirements.txt && touch bin/validators/ready; } && \
	MLF_VALIDATORS=$(CURDIR)/bin/validators/bin MLF_REQUIRE_ENGINE=1 $(GO) test -count=1 -v ./query/opendata -run 'TestOthersValidate|TestOthersReadOne'

test-traces: engine ## Follow a vote into the real collector of OpenTelemetry (built in a minute or two the first time).
	MLF_TEST_COLLECTOR=1 MLF_REQUIRE_ENGINE=1 $(GO) test -count=1 -timeout 15m -v ./proof/pipeline -run TheRealCollector

test-kafka: engine build ## Run the broker's suite and the whole pipeline against real Kafka.
	$(GO) run ./proof/kafka/run --fetch-only
	MLF_TEST_KAFKA=1 MLF_REQUIRE_ENGINE=1 $(GO) test -count=1 -timeout 15m ./ingest/broker/... ./proof/kafka/... ./proof/rights -run Kafka
	MLF_TEST_KAFKA=1 MLF_REQUIRE_ENGINE=1 $(GO) test -count=1 -timeout 15m ./proof/pipeline -run Kafka

simulate: engine build ## Play 2,000 terminals for 7 days against mlf up and compare every cell (over a million votes; KAFKA=1: against single stages and real Kafka).
	$(if $(KAFKA),$(GO) run ./proof/kafka/run --fetch-only)
	$(if $(KAFKA),MLF_TEST_KAFKA=1 MLF_TEST_COUNTRY=2000x7 MLF_REQUIRE_ENGINE=1 $(GO) test -count=1 -timeout 40m -v ./proof/pipeline -run TestKafkaSources,./proof/country/simulate.sh)

sim: ## Play SEEDS schedules of crashes, late writes and lost answers on the real decision code (SEED=n: one, with its trace).
	$(GO) test ./proof/sim -count=1 -timeout 40m -v $(if $(SEED),-run TestSeeds -seed $(SEED),-run 'TestSeeds|TestASeed|TestWhatOne' -seeds $(or $(SEEDS),10000))

chaos: engine build ## Kill, freeze and cut everything for 2 minutes while a country votes; every cell must be exact (DURATION=1h, SEED=n).
	$(GO) run ./proof/kafka/run --fetch-only
	$(GO) build -o bin/chaos ./proof/chaos/run
	bin/chaos --binary bin/mlf --duration $(or $(DURATION),2m) --seed $(or $(SEED),1) --report bin/chaos.json

guards: engine ## Damage, cut, rewrite and exchange logs and stores under running stages (KAFKA=1: on real Kafka, too).
	MLF_TEST_GUARDS=1 MLF_TEST_KAFKA=$(KAFKA) MLF_REQUIRE_ENGINE=1 $(GO) test -count=1 -timeout 30m -parallel 8 -v ./proof/guards

cluster: engine static ## Run a real Kubernetes node with Prometheus in namespaces of its own, and try deploy/ on it (Linux, root; builds for 20 minutes the first time; FAULTS=all: the whole table of faults and their alerts).
	$(GO) run ./proof/kafka/run --fetch-only
	$(GO) build -o bin/cluster ./proof/cluster/run
	bin/cluster --program bin/mlf-static --faults "$(or $(FAULTS),short)" --report bin/cluster.json

attack: ## Ask all that the public may for DAYS (10000) simulated days, and solve for fewer votes than the threshold.
	MLF_TEST_ATTACK_DAYS=$(or $(DAYS),10000) $(GO) test ./query/disclosure -count=1 -timeout 2h -v -run 'TestAnAttacker|TestTheAttacker'

fuzz: ## Fuzz every decoder of outside bytes, FUZZTIME (30s) each.
	@set -e; grep -rno --include='*_test.go' '^func Fuzz[A-Za-z0-9]*' . | sed 's|/[^/]*_test.go:[0-9]*:func | |' | sort | \
	while read package target; do echo "$$package $$target"; \
	$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(or $(FUZZTIME),30s) -fuzzminimizetime 2s $$package || exit 1; done

drill: engine ## Put one fault at a time into a copy of the decision code; a named test must catch each.
	$(GO) run ./proof/drill/run --json bin/drill.json

overload: engine build ## Freeze Kafka under twice the peak, and open 10,000 slow connections (KAFKA=1: three real brokers).
	$(if $(KAFKA),$(GO) run ./proof/kafka/run --fetch-only)
	MLF_TEST_OVERLOAD=1 MLF_TEST_KAFKA=$(KAFKA) MLF_REQUIRE_ENGINE=1 $(GO) test -count=1 -timeout 20m -v ./proof/overload

bench: engine build ## Measure what a vote costs, against what one would write without mlf (about 35 minutes and 5 GB of disk, on a quiet machine).
	$(GO) build -o bin/kafka ./proof/kafka/run
	bin/kafka --port 0 bin/mlf --log-level warn bench ingest --workloads one,hundred,protobuf,zstd,latency,connections,tls-new,tls-resumed,tls-kept --connections $(or $(CONNECTIONS),15000) --json bin/bench-ingest.json
	bin/mlf --log-level warn bench aggregate --json bin/bench-aggregate.json
	$(MAKE) bench-query

bench-heartbeats: build ## Measure what votes wait, alone and beside 10,000 heartbeats a minute, in turns (RUNS=5; some minutes).
	bin/mlf --log-level warn bench ingest --workloads heartbeats --runs $(or $(RUNS),5) --time 20s

bench-query: engine build ## Measure what answers cost on a country of 100 M cells, against SQL on its rollup and on raw votes (COUNTRY=folder keeps it).
	bin/mlf --log-level warn bench query --rows 40000000 --scale 1 $(if $(COUNTRY),--data $(COUNTRY)) --json bin/bench-query.json

connections: engine build ## Hold 50,000 connections with three processes at once, where one may not hold as many.
	$(GO) build -o bin/kafka ./proof/kafka/run
	bin/kafka --port 0 sh -c 'seq 3 | xargs -P 3 -I {} bin/mlf --log-level warn bench ingest --workloads connections --subjects mlf --connections 16700 --runs 2 --time 10s --json bin/bench-connections-{}.json'

lint: ## Check style and the usual mistakes.
	GOLANGCI_LINT_CACHE=$(CURDIR)/bin/lint $(GO) run $(LINT) run ./...
	$(GO) vet -tags noengine ./...
	$(GO) mod tidy -diff

lint-api: ## Hold the OpenAPI document to the rules of public administrations (needs Node).
	schema/lint/lint.sh

fmt: ## Format.
	$(GO) run $(LINT) fmt ./...

generate: ## Write again what is generated: dashboards, copies of rules, and code of schema/vote.proto (needs protoc).
	$(GO) test ./deploy/grafana ./proof/deployed -run 'TestFilesAreThose|TestRulesAreThose' -update
	GOBIN=$(CURDIR)/bin $(GO) install $(PROTOC_GEN)
	PATH="$(CURDIR)/bin:$$PATH" protoc --go_out=. --go_opt=module=mlf schema/vote.proto

clean: ## Remove what was built; the caches and the data stay.
	rm -rf bin
